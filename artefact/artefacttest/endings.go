package artefacttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
)

// held keeps an item from its work until a person lets it pass.
func (s *suite) held() {
	entry := item("n")
	entry.State, entry.Work = artefact.Held, &artefact.Work{Order: []byte(`{}`)}
	_, err := s.reg.New(s.ctx, role, entry)
	s.no(err)
	if a := s.get("n"); a.State != artefact.Held || a.Work == nil || a.Work.Job != "" || a.Work.Cleared != "" {
		s.Errorf("%+v %+v", a, a.Work)
	}
	_, err = s.reg.Clear(s.ctx, role, "n", "")
	s.code(err, artefact.CodeStep)
	_, err = s.reg.Clear(s.ctx, role, "n", "judgement-1")
	s.no(err)
	if a := s.get("n"); a.State != artefact.Received || a.Work == nil || a.Work.Cleared != "judgement-1" || string(a.Work.Order) != `{}` {
		s.Errorf("%+v %+v", a, a.Work)
	}
	_, err = s.reg.Clear(s.ctx, role, "n", "judgement-1")
	s.code(err, artefact.CodeStep)
	var types []evidence.Type
	for _, r := range s.Records() {
		types = append(types, r.Type)
		if !slices.Contains(r.Clauses, colophon.ClauseDS10) {
			s.Errorf("%s does not cite ds-10", r.Type)
		}
	}
	s.same("records", types, []evidence.Type{artefact.RecordHeld, artefact.RecordCleared})
}

func (s *suite) erase() {
	with := item("n")
	with.Original = &artefact.Original{Blob: "sealed", Until: start().Add(time.Hour)}
	with.Work = &artefact.Work{Order: []byte(`{"words":"of their own"}`)}
	_, err := s.reg.New(s.ctx, role, with)
	s.no(err)
	_, err = s.reg.Marked(s.ctx, role, "n", marking())
	s.no(err)
	for _, to := range []string{"acc-1", "key-1"} {
		_, err = s.reg.Delivered(s.ctx, role, "n", to, artefact.API)
		s.no(err)
	}
	s.no(s.reg.Erase(s.ctx, role, "n"))
	a := s.get("n")
	if a.Account != "" || a.Before != (artefact.Digest{}) || a.After != (artefact.Digest{}) || a.Marks != nil || a.Likeness != nil || a.Blob != "" || a.Original != nil || a.Work != nil {
		s.Errorf("left of an erased item: %+v", a)
	}
	list, _, err := s.reg.Deliveries(s.ctx, artefact.DeliveryQuery{Number: "n"}, "", 9)
	s.no(err)
	var to []string
	for _, d := range list {
		to = append(to, d.To)
	}
	slices.Sort(to)
	s.same("recipients", to, []string{"", "key-1"})
	blobs, err := s.reg.Doomed(s.ctx, 9)
	s.no(err)
	s.same("doomed", blobs, []string{"sealed", "sha256/ab"})
	s.no(s.reg.Gone(s.ctx, role, blobs))
	if blobs, err = s.reg.Doomed(s.ctx, 9); err != nil || len(blobs) > 0 {
		s.Error(blobs, err)
	}
	_, err = s.reg.New(s.ctx, role, item("n"))
	s.code(err, artefact.CodeExists)
}

func (s *suite) originals() {
	s.Set(start())
	for i := range 3 {
		a := item(artefact.Number(fmt.Sprint("n", i)))
		a.Original = &artefact.Original{Blob: fmt.Sprint("sealed", i), Until: start().Add(time.Duration(i) * time.Hour)}
		_, err := s.reg.New(s.ctx, role, a)
		s.no(err)
	}
	s.Set(start().Add(time.Hour))
	for _, want := range []int{1, 1, 0} {
		if n, err := s.reg.EndOriginals(s.ctx, role, 1); n != want || err != nil {
			s.Errorf("%d ended, want %d, %v", n, want, err)
		}
	}
	blobs, err := s.reg.Doomed(s.ctx, 9)
	s.no(err)
	s.same("doomed", blobs, []string{"sealed0", "sealed1"})
	if s.get("n1").Original != nil || s.get("n2").Original == nil {
		s.Error("the wrong originals ended")
	}
}

// race has many deliveries of one item at once. Each that is acknowledged is there, once.
