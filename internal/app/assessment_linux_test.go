package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/faces"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// TestAssessedByTheRegister has an assessment follow a function of the register: it covers what the register says, and no
// more once that says something else.
func TestAssessedByTheRegister(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	d.join()
	ctx, s := t.Context(), d.server
	officer, engineer := entries.By{Role: "officer", ID: "officer"}, entries.By{Role: "engineer", ID: "engineer"}
	words := register.Names{ZH: "换脸", EN: "Face swap"}
	_, err := s.functions.AddService(ctx, officer, "studio", register.Service{Names: words, Role: "provider", Forms: []register.Form{{Kind: "api", At: "https://aigc.example"}}})
	d.must(err)
	f := register.Function{Service: "studio", Names: words, Purpose: words, Kind: "face-swap", Models: []register.Model{{Name: "swap", Version: "3", Own: true}},
		Notice: register.Notice{Policy: "required", Method: words}, Filing: register.Filing{State: register.FilingNeedless, Reason: "It forms no opinion."}}
	e, err := s.functions.Add(ctx, officer, "swap", f)
	d.must(err)
	state := func(want string) {
		t.Helper()
		var a struct{ State, Assessment string }
		d.json(&a, "GET", "/v1/assessments/state?function=swap", nil, 200)
		if a.State != want {
			t.Errorf("%+v, want %s", a, want)
		}
		for _, c := range d.conditions("swap") {
			verdict := map[bool]colophon.Verdict{true: colophon.Passed, false: colophon.Failed}[want == "current"]
			if c.Name == register.OnAssessment && c.Verdict != verdict {
				t.Errorf("the register says %s for %s", c.Verdict, c.Code)
			}
		}
	}
	state("missing")
	raw, err := assessment.Template("en")
	d.must(err)
	var form assessment.Form
	d.must(json.Unmarshal(bytes.ReplaceAll(raw, []byte("…"), nil), &form))
	form.Function, form.Modalities, form.Annexes, form.Review = "swap", e.Value.Likeness, []assessment.Annex{}, "2027-11-22"
	_, err = s.ahead.assessments.Propose(ctx, engineer, form)
	if !isCode(err, assessment.CodeModel) {
		t.Errorf("a form of another model: %v", err)
	}
	form.Models = []assessment.Model{{Name: "swap", Version: "3"}}
	a, err := s.ahead.assessments.Propose(ctx, engineer, form)
	d.must(err)
	_, err = s.ahead.assessments.Approve(ctx, officer, a.ID)
	d.must(err)
	state("current")
	f.Models[0].Version = "4"
	_, err = s.functions.Change(ctx, officer, "swap", f)
	d.must(err)
	state("stale")
	d.must(s.sweepAssessments(ctx))
	if a, err = s.ahead.assessments.Assessment(ctx, a.ID); err != nil || a.State != string(assessment.Lapsed) {
		t.Errorf("%s, %v", a.State, err)
	}
	for held, err := range s.store.Records(ctx, false) {
		d.must(err)
		if held.Type == assessment.RecordApproved && held.Class != "assessment" {
			t.Errorf("kept as %s", held.Class)
		}
	}
	d.must(s.countFaces(ctx))
	var n struct {
		Faces int
		Level faces.Level
	}
	d.json(&n, "GET", "/v1/faces", nil, 200)
	if n.Faces != 0 || n.Level != faces.Below {
		t.Errorf("%+v", n)
	}
}

func (d *deployment) conditions(function string) []register.Condition {
	d.Helper()
	f, err := d.server.functions.Function(d.Context(), function)
	d.must(err)
	return f.Conditions
}

// TestOwnTexts has the server use files of the provider, and refuse to start with one that can't be used.
func TestOwnTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	words := `"title":"t","paragraphs":["p"],"acknowledge":"a"}`
	prompt := write("prompt.json", `{"version":"own-2","languages":[{"language":"zh",`+words+`,{"language":"en",`+words+`]}`)
	holidays := write("holidays.json", `{"years":[{"year":2027,"source":"test","off":["2027-01-01"],"work":[]}]}`)
	d := deploy(t, map[string]string{"prompt-text": prompt, "holidays": holidays})
	d.join()
	var text struct{ Version string }
	d.json(&text, "GET", "/v1/prompt", nil, 200)
	if text.Version != "own-2" {
		t.Errorf("%+v", text)
	}
	for setting, path := range map[string]string{"prompt-text": write("bad.json", `{}`), "holidays": filepath.Join(dir, "none.json")} {
		c, v := settings(t, map[string]string{setting: path})
		if s, err := OpenServer(t.Context(), c, v, &bytes.Buffer{}); err == nil {
			t.Errorf("%s: the server starts", setting)
			s.Close() //nolint:errcheck // the test failed
		}
	}
}
