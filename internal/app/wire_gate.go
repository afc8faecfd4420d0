package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/stamp"
)

// admitItem implements production.Config.Admit: whether an item may be published now, by the one decision there is. Tokens are
// spent for the content number once everything else allows it; the work is bound to the control orders.
func (s *Server) admitItem(ctx context.Context, a production.Asked) (context.Context, func(), error) {
	q := admission.Question{Account: a.Subject, Act: admission.Publish, Function: a.Use.Function, Class: string(a.Function), Model: a.Use.Model, Template: a.Use.Template,
		Content: string(a.Number), Purpose: a.Use.Purpose, Scene: a.Use.Scene, Channel: a.Use.Channel, Depicted: a.Use.Depicted}
	use := consent.Use{Function: q.Function, Purpose: q.Purpose, Scene: q.Scene, Channel: q.Channel, Account: q.Account}
	target, likeness, err := s.target(ctx, a.Subject, a.Number, a.Function, a.Use)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range likeness {
		use.Modality = append(use.Modality, consent.Modality(m))
	}
	if q.Grants, err = s.consents.Spent(ctx, q.Content, use); err != nil {
		return nil, nil, err
	}
	if !a.Again {
		q.Tokens = s.unspent(ctx, a.Use.Consents, use, q.Grants)
	}
	work, release, err := s.watch.Bind(ctx, target)
	by := entries.By{Role: a.By}
	switch {
	case err != nil: // the gate says so too, with whatever else refuses
		if refused := s.gate.Publish(ctx, by, q); refused != nil {
			err = refused
		}
		return nil, nil, err
	default:
		err = s.gate.Publish(ctx, by, q)
	}
	if err == nil {
		_, err = s.consents.SpendAll(ctx, by, q.Tokens, use, q.Content)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return work, release, nil
}

// target is what control orders may be about, of an item that is published or handed out, and what of people's likeness its
// function edits. The register says of which service the function is, and what may be behind it where nobody says so.
func (s *Server) target(ctx context.Context, account evidence.Subject, number artefact.Number, class stamp.Function, u production.Use) (incident.Target, []string, error) {
	t := incident.Target{Act: incident.Publish, Function: u.Function, Model: u.Model, Template: u.Template, Account: account, Content: string(number), Biometric: class == stamp.Person || class == stamp.Voice}
	if u.Function == "" {
		return t, nil, nil
	}
	f, err := s.functions.Function(ctx, u.Function)
	if isMissing(err) { // which the gate refuses
		return t, nil, nil
	}
	t.Service, t.Biometric = f.Service, t.Biometric || len(f.Likeness) > 0
	if !slices.ContainsFunc(f.Models, func(m register.Model) bool { return m.Name == u.Model }) {
		for _, m := range f.Models {
			t.Models = append(t.Models, m.Name)
		}
	}
	return t, f.Likeness, err
}

// unspent are the tokens that were not spent for the content number yet: of an order that is sent again all may be, or some
// where the server died between two.
func (s *Server) unspent(ctx context.Context, tokens []string, use consent.Use, spent []consent.Grant) []string {
	if len(spent) == 0 {
		return tokens
	}
	return slices.DeleteFunc(slices.Clone(tokens), func(token string) bool {
		g, _ := s.consents.Check(ctx, token, use) // it says which token it is, even where that is good for nothing more
		return g.Token != "" && slices.ContainsFunc(spent, func(s consent.Grant) bool { return s.Token == g.Token })
	})
}

// deliverItem implements production.Config.Deliver: nothing is handed out that a control order holds back, and the time of
// what is handed out is kept.
func (s *Server) deliverItem(ctx context.Context, a artefact.Artefact) error {
	var m production.Marks
	if err := json.Unmarshal(a.Marks, &m); err != nil {
		return err
	}
	var use production.Use
	if m.Policy.Use != nil {
		use = *m.Policy.Use
	}
	t, _, err := s.target(ctx, a.Account, a.Number, stamp.Function(a.Function), use)
	if err != nil {
		return err
	}
	return s.watch.Output(t)
}

func isMissing(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Missing
}
