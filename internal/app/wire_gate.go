package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/netip"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// admitItem implements production.Config.Admit: whether an item may be published now, by the one decision there is. Tokens are
// spent for the content number once everything else allows it; the work is bound to the control orders.
func (s *Server) admitItem(ctx context.Context, a production.Asked) (context.Context, func(), error) {
	q := admission.Question{Account: a.Subject, Act: admission.Publish, Function: a.Use.Function, Class: string(a.Function), Model: a.Use.Model, Template: a.Use.Template,
		Content: string(a.Number), Purpose: a.Use.Purpose, Scene: a.Use.Scene, Channel: a.Use.Channel}
	biometric := a.Function == stamp.Person || a.Function == stamp.Voice
	use := consent.Use{Function: q.Function, Purpose: q.Purpose, Scene: q.Scene, Channel: q.Channel, Account: q.Account}
	if q.Function != "" {
		f, err := s.functions.Function(ctx, q.Function)
		if err != nil && !isMissing(err) {
			return nil, nil, err
		}
		q.Service = f.Service
		for _, m := range f.Likeness {
			use.Modality = append(use.Modality, consent.Modality(m))
		}
		biometric = biometric || len(f.Likeness) > 0
	}
	var err error
	if q.Grants, err = s.consents.Spent(ctx, q.Content); err != nil {
		return nil, nil, err
	}
	fresh := len(q.Grants) == 0 && !a.Again
	if fresh { // the same order, sent again, has its tokens spent already
		q.Tokens = a.Use.Consents
	}
	work, release, err := s.watch.Bind(ctx, incident.Target{Act: q.Act, Service: q.Service, Function: q.Function, Model: q.Model, Template: q.Template, Account: q.Account,
		Content: q.Content, Biometric: biometric})
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
	if err == nil && fresh {
		for _, token := range q.Tokens {
			if _, err = s.consents.Spend(ctx, by, token, use, q.Content); err != nil {
				break
			}
		}
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return work, release, nil
}

// deliverItem implements production.Config.Deliver: nothing is handed out that a control order holds back, and the time of
// what is handed out is kept.
func (s *Server) deliverItem(_ context.Context, a artefact.Artefact) error {
	var m production.Marks
	if err := json.Unmarshal(a.Marks, &m); err != nil {
		return err
	}
	t := incident.Target{Act: incident.Publish, Account: a.Account, Content: string(a.Number), Biometric: a.Function == string(stamp.Person) || a.Function == string(stamp.Voice)}
	if u := m.Policy.Use; u != nil {
		t.Function, t.Model, t.Template = u.Function, u.Model, u.Template
	}
	return s.watch.Output(t)
}

func isMissing(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Missing
}

// recordProbed is the type of the record of the negative probe.
const recordProbed evidence.Type = "admission.probed"

// prober is the account that nobody ever verifies.
const prober = "colophon/negative-probe"

// probe tries to publish as an account that nobody verified, by the way that everything goes, and records whether it was
// refused (Deep Synthesis Provisions Art. 9). Where it was not, the item that came of it is there for whoever looks into it.
func (s *Server) probe(ctx context.Context) error {
	var picture bytes.Buffer
	canvas := image.NewNRGBA(image.Rect(0, 0, 512, 384))
	for i := range canvas.Pix {
		canvas.Pix[i] = byte(i)
	}
	canvas.Set(0, 0, color.NRGBA{R: uint8(time.Now().UnixNano()), A: 255})
	if err := png.Encode(&picture, canvas); err != nil {
		return err
	}
	a, err := s.line.Produce(ctx, production.By{Role: system, Source: netip.AddrPortFrom(netip.IPv6Loopback(), 0), Client: prober}, production.Order{Function: stamp.Other, Account: prober}, &picture)
	verdict, code := colophon.Unknown, colophon.Code("")
	var e *colophon.Error
	var denied *admission.Denied
	switch {
	case err == nil:
		verdict = colophon.Failed
		s.log.ErrorContext(ctx, "an account that nobody verified could publish", "number", string(a.Number))
	case errors.As(err, &denied) && refusedFor(denied, admission.CodeUnverified):
		verdict = colophon.Passed
	case errors.As(err, &e):
		code = e.Code
	}
	s.telemetry.Probed("unverified-publish", verdict.String())
	rec, fault := s.recorder.New(recordProbed, evidence.System, system, []colophon.Clause{colophon.ClauseDS9}, map[string]any{"probe": "unverified-publish", "verdict": verdict, "code": code, "number": a.Number})
	if fault == nil {
		fault = records{s.store}.Note(ctx, rec)
	}
	return fault
}

func refusedFor(d *admission.Denied, code colophon.Code) bool {
	for _, c := range d.Decision.Refusals() {
		if c.Code == code {
			return true
		}
	}
	return false
}
