package httpapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/stamp"
)

func lookUpRoutes() []route {
	return []route{
		{post, "/v1/public/look-up", "public-look-up", "", "register", small, 200, do((*server).publicLookUp), "Whether content was made here, and whether it was refuted, for everybody: by its content number, the digest of a file, or hashes of a picture", 0},
	}
}

type lookUpInput struct {
	Body struct {
		SHA256 string          `json:"sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the file, in hexadecimal."`
		Number artefact.Number `json:"number,omitempty" maxLength:"256" doc:"Content number, as it stands in the file's label."`
		Hashes []phash.Hash    `json:"hashes,omitempty" maxItems:"16" nullable:"false" doc:"PDQ hashes of the picture, or of pictures of the video. By these alone it is told what was refuted that looks like it."`
	}
}

// Public states of content.
const (
	publicMade    = "made"    // it was marked here, and nothing else is to be said
	publicStopped = "stopped" // an order binds, not about its account, that stops its being handed out
	publicErased  = "erased"  // the provider keeps nothing of it but its number
)

// LookUp is what everybody may know of content that was made here.
type LookUp struct {
	Known    bool            `json:"known" doc:"Content with this number or digest was made here. False says nothing about who made it, or how."`
	Same     *bool           `json:"same,omitempty" doc:"The digest is the one of the file that was handed out; false for another file with the same number. Absent where no digest was given or nothing is known."`
	Number   artefact.Number `json:"number,omitempty" doc:"Content number."`
	Made     *time.Time      `json:"made,omitempty" doc:"When it was made."`
	Service  *TextPair       `json:"service,omitempty" doc:"Service that made it."`
	Function *TextPair       `json:"function,omitempty" doc:"Function that made it."`
	Refuted  []Refuted       `json:"refuted,omitempty" nullable:"false" doc:"What this provider refuted about it, whoever made it, the surest first. What is not certain is about content that it is like. Absent where nothing is known, which does not say that it is true."`
	State    string          `json:"state,omitempty" enum:"made,stopped,erased" doc:"Made: nothing else is to be said. Stopped: an order about it, or about what made it, stops its being handed out; orders about accounts are not told. Erased: nothing is kept of it but its number."`
}

type lookUpOutput struct{ Body LookUp }

// publicLookUp tells what everybody may know. Content that never left, because it is held or failed, is not known.
func (s *server) publicLookUp(ctx context.Context, in *lookUpInput) (*lookUpOutput, error) {
	out := &lookUpOutput{}
	var digest artefact.Digest
	if in.Body.SHA256 != "" {
		raw, err := hex.DecodeString(in.Body.SHA256)
		if err != nil {
			return nil, invalid("body.sha256", "expected hexadecimal digits")
		}
		digest = artefact.Digest(raw)
	}
	prints := feed.Prints{Likeness: slices.DeleteFunc(in.Body.Hashes, func(h phash.Hash) bool { return h == (phash.Hash{}) })}
	if in.Body.Number != "" {
		prints.Numbers = []string{string(in.Body.Number)}
	}
	if in.Body.SHA256 != "" {
		prints.Digests = []feed.Digest{{Alg: "sha256", Value: in.Body.SHA256}}
	}
	err := s.publicMade(ctx, &out.Body, in.Body.Number, digest, &prints)
	if err == nil {
		out.Body.Refuted, err = s.refuted(ctx, prints)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// publicMade tells whether content was made here, and adds by what else it may have been refuted.
func (s *server) publicMade(ctx context.Context, v *LookUp, number artefact.Number, digest artefact.Digest, prints *feed.Prints) error {
	if number == "" && digest == (artefact.Digest{}) && len(prints.Likeness) > 0 {
		return nil
	}
	a, err := s.lookUp(ctx, number, digest)
	var e *colophon.Error
	switch {
	case errors.As(err, &e) && e.Kind == colophon.Missing:
		return nil
	case err != nil:
		return err
	}
	switch a.State {
	case artefact.Marked, artefact.Delivered:
		v.State = publicMade
	case artefact.Erased:
		v.State = publicErased
	default:
		return nil
	}
	made := a.Created.UTC().Truncate(time.Second)
	v.Known, v.Number, v.Made = true, a.Number, &made
	if digest != (artefact.Digest{}) && a.State != artefact.Erased {
		same := digest == a.After
		v.Same = &same
	}
	own := printsOf(a)
	prints.Numbers, prints.Digests = append(prints.Numbers, own.Numbers...), append(prints.Digests, own.Digests...)
	target, err := s.publicMaker(ctx, v, a)
	if err != nil {
		return err
	}
	if len(s.Watch.Board().Blocks(target, s.Standing.Now())) > 0 {
		v.State = publicStopped
	}
	return nil
}

// lookUp finds content by its number, and else by the digest of a file.
func (s *server) lookUp(ctx context.Context, n artefact.Number, digest artefact.Digest) (artefact.Artefact, error) {
	if n != "" {
		a, err := s.Artefacts.Artefact(ctx, n)
		var e *colophon.Error
		if err == nil || digest == (artefact.Digest{}) || !errors.As(err, &e) || e.Kind != colophon.Missing {
			return a, err
		}
	}
	if digest == (artefact.Digest{}) {
		return artefact.Artefact{}, invalid("body", "expected a content number or a digest")
	}
	list, _, err := s.Artefacts.Find(ctx, artefact.Query{Digest: digest}, "", 1)
	if err == nil && len(list) == 0 {
		err = refuse(colophon.Missing, artefact.CodeMissing)
	}
	if err != nil {
		return artefact.Artefact{}, err
	}
	return list[0], nil
}

// publicMaker names function and service, where the register has them, and says what control orders may be about: not the
// account, since items that stop together would tell that one account made them.
func (s *server) publicMaker(ctx context.Context, v *LookUp, a artefact.Artefact) (incident.Target, error) {
	t := incident.Target{Act: incident.Publish, Model: a.Model, Content: string(a.Number),
		Biometric: a.Function == string(stamp.Person) || a.Function == string(stamp.Voice)}
	var marks production.Marks
	if len(a.Marks) > 0 {
		if err := json.Unmarshal(a.Marks, &marks); err != nil {
			return t, err
		}
	}
	use := marks.Policy.Use
	if use == nil || use.Function == "" {
		return t, nil
	}
	t.Function, t.Model, t.Template = use.Function, use.Model, use.Template
	f, err := s.Register.Function(ctx, use.Function)
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Missing {
		return t, nil
	}
	if err != nil {
		return t, err
	}
	service, err := s.Register.Service(ctx, f.Service)
	if err != nil {
		return t, err
	}
	t.Service, t.Biometric = f.Service, t.Biometric || len(f.Likeness) > 0
	if use.Model == "" {
		for _, m := range f.Models {
			t.Models = append(t.Models, m.Name)
		}
	}
	v.Function, v.Service = &TextPair{f.Names.ZH, f.Names.EN}, &TextPair{service.Value.Names.ZH, service.Value.Names.EN}
	return t, nil
}
