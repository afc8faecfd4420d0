package filing_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/register/filing"
)

func kept(n int, kind string) filing.Keyed {
	return filing.Keyed{File: filing.File{SHA256: digest(n), Size: 10, Type: kind, Blob: "blob-" + digest(n)[:4]}, Key: []byte("key-" + digest(n)[:4])}
}

// TestFiles adds files to a draft, shows one in the report, takes one away, and finds what an amendment keeps.
func TestFiles(t *testing.T) {
	w := open(t)
	d := w.written("draw")
	was := d
	d, err := w.keeper.Attach(t.Context(), author, d.ID, filing.Attachment{Keyed: kept(5, "image/png"), Kind: "screenshot", Name: "公示页", Place: "report.marking", Caption: "结果标识"})
	w.no(err)
	if n := len(d.Kit.Report.Marking.Shots); n != len(was.Kit.Report.Marking.Shots)+1 || d.Kit.Report.Marking.Shots[n-1].SHA256 != digest(5) || d.Version != was.Version+1 || d.SHA256 == was.SHA256 || len(d.Files) != 1 {
		t.Fatalf("%+v", d)
	}
	if slices.Equal(was.Kit.Report.Marking.Shots, d.Kit.Report.Marking.Shots) {
		t.Error("the draft before was changed in place")
	}
	d, err = w.keeper.Attach(t.Context(), author, d.ID, filing.Attachment{Keyed: kept(6, "application/pdf"), Kind: "licence", Name: "营业执照副本"})
	w.no(err)
	if d.Kit.Subject.Licence != digest(6) || len(d.Files) != 2 {
		t.Errorf("%+v", d)
	}
	for name, a := range map[string]filing.Attachment{
		"twice":          {Keyed: kept(6, "application/pdf"), Kind: "licence", Name: "a"},
		"no such kind":   {Keyed: kept(7, "application/pdf"), Kind: "song", Name: "a"},
		"another's name": {Keyed: kept(7, "application/pdf"), Kind: "other", Name: "营业执照副本"},
		"no name":        {Keyed: kept(7, "application/pdf"), Kind: "other"},
		"no place":       {Keyed: kept(7, "image/png"), Kind: "other", Name: "a", Place: "report.title", Caption: "a"},
		"no picture":     {Keyed: kept(7, "application/pdf"), Kind: "other", Name: "a", Place: "report.flow", Caption: "a"},
	} {
		_, err := w.keeper.Attach(t.Context(), author, d.ID, a)
		if storetest.WantCode(t, err, filing.CodeInvalid); t.Failed() {
			t.Fatal(name)
		}
	}
	file, err := w.keeper.File(t.Context(), d.ID, digest(5))
	if err != nil || string(file.Key) != "key-"+digest(5)[:4] || file.Blob == "" {
		t.Errorf("%+v, %v", file, err)
	}
	if got, ok, err := w.keeper.People(t.Context(), reviewer, d.ID); err != nil || !ok || got != people() {
		t.Errorf("people: %+v, %v", got, err)
	}
	// Whoever writes the kit over without an annex loses its file; people stay.
	kit := d.Kit
	kit.Annexes = slices.DeleteFunc(slices.Clone(kit.Annexes), func(a filing.Annex) bool { return a.SHA256 == digest(6) })
	kit.Subject.Licence = clean().Subject.Licence
	_, err = w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: kit, Version: d.Version - 1})
	storetest.WantCode(t, err, filing.CodeStale)
	d, err = w.keeper.Write(t.Context(), author, d.ID, filing.Writing{Kit: kit, Version: d.Version})
	w.no(err)
	_, err = w.keeper.File(t.Context(), d.ID, digest(6))
	storetest.WantCode(t, err, filing.CodeFile)
	for blob, want := range map[string]bool{"blob-" + digest(5)[:4]: true, "blob-" + digest(6)[:4]: false, "": false} {
		if got, err := w.keeper.Needs(t.Context(), blob); err != nil || got != want {
			t.Errorf("needs %q: %v, %v", blob, got, err)
		}
	}
	w.no(errOf(w.keeper.Propose(t.Context(), author, d.ID)))
	w.no(errOf(w.keeper.Approve(t.Context(), reviewer, d.ID)))
	s := w.submission()
	receipt := kept(8, "application/pdf")
	s.Proof = receipt.SHA256
	w.no(errOf(w.keeper.Submit(t.Context(), reviewer, d.ID, s, receipt)))
	if file, err = w.keeper.File(t.Context(), d.ID, digest(8)); err != nil || string(file.Key) != "key-"+digest(8)[:4] {
		t.Errorf("receipt: %+v, %v", file, err)
	}
	_, err = w.keeper.Attach(t.Context(), author, d.ID, filing.Attachment{Keyed: kept(4, "image/png"), Kind: "other", Name: "a"})
	storetest.WantCode(t, err, filing.CodeStep)
	if _, ok, err := w.keeper.Published(t.Context(), "draw"); err != nil || ok {
		t.Errorf("published before it was filed: %v", err)
	}
	w.no(errOf(w.keeper.Decide(t.Context(), reviewer, d.ID, filing.Decision{Filed: true, Number: "110108000000001260015", At: w.clock.Now()})))
	for r, err := range w.store.Records(t.Context(), false) {
		w.no(err)
		if shows := slices.Contains(r.Clauses, colophon.ClauseAR26); shows != (r.Type == filing.RecordDecided) {
			t.Errorf("%s: %v", r.Type, r.Clauses)
		}
	}
	next, err := w.keeper.Amend(t.Context(), author, d.ID)
	if err != nil || len(next.Files) != 1 {
		t.Fatalf("%+v, %v", next.Files, err)
	}
	if _, err := w.keeper.File(t.Context(), next.ID, digest(5)); err != nil {
		t.Error(err)
	}
	if p, ok, err := w.keeper.Published(t.Context(), "draw"); err != nil || !ok || p.ID != d.ID {
		t.Errorf("%v, %v", ok, err)
	}
	next, err = w.keeper.Detach(t.Context(), author, next.ID, digest(5))
	if err != nil || len(next.Files) != 0 || slices.ContainsFunc(next.Kit.Report.Marking.Shots, func(s filing.Shot) bool { return s.SHA256 == digest(5) }) {
		t.Errorf("%+v, %v", next, err)
	}
	_, err = w.keeper.Detach(t.Context(), author, next.ID, digest(5))
	storetest.WantCode(t, err, filing.CodeFile)
}

// TestFields: each place of a picture is a field of the form, each field has a name of its own, and clauses are cited.
func TestFields(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, f := range filing.Fields() {
		if have[f.Path] || f.Kind == "" || filing.Name(f.Path) == "" || strings.ContainsAny(filing.Name(f.Path), "[]_.") {
			t.Errorf("%+v", f)
		}
		have[f.Path] = true
	}
	for _, place := range filing.Places() {
		if !have[place] {
			t.Errorf("no field %s", place)
		}
	}
	for path, want := range map[string]string{"report.services.0.icp": "report-services-icp", "responsibility.systems.self_assessment": "responsibility-systems-self-assessment", "report.flow.shots.12.sha256": "report-flow", "people.head.phone": "people-head", "": ""} {
		if got := filing.Name(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	if p := filing.Periods(); p[0].Clause != colophon.ClauseAR24 || p[3].Clause != colophon.ClauseAR25 {
		t.Errorf("%+v", p)
	}
}
