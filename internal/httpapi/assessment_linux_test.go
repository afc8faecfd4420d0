package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/faces"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/staff"
)

// swapper is a register with one function, and a number of faces.
type swapper struct {
	facts string
	faces int
}

func (s *swapper) About(_ context.Context, function string) (assessment.About, error) {
	if function != "face-swap" {
		return assessment.About{}, &colophon.Error{Kind: colophon.Missing, Code: "function-missing"}
	}
	return assessment.About{Facts: s.facts, Models: []assessment.Model{{Name: "swap", Version: "3"}}, Likeness: []string{"face"}}, nil
}

func (s *swapper) Faces(context.Context) (int, error) { return s.faces, nil }

func (w *world) openAssessments(rec *evidence.Recorder) {
	w.Helper()
	text, err := prompt.Shipped()
	w.must(err)
	w.config.Prompt, err = prompt.New(ledgers.Of[prompt.Showing](w.store, "prompt"), rec, text)
	w.must(err)
	w.swapper = &swapper{facts: "facts-1"}
	w.config.Assessments = assessment.New(ledgers.Of[assessment.Assessment](w.store, "assessment"), rec, w.swapper)
	calendar, err := workday.Known()
	w.must(err)
	w.config.Faces = faces.New(ledgers.Of[faces.Duty](w.store, "faces"), rec, w.swapper, calendar)
	chinese, err := locale.For(locale.Chinese)
	w.must(err)
	english, err := locale.For(locale.English)
	w.must(err)
	w.config.AssessmentPage = document.New(chinese.Say, english.Say).Assessment
}

// assessmentForm is an assessment that can be entered, as a request has it.
func assessmentForm() map[string]any {
	return map[string]any{"function": "face-swap", "modalities": []string{"face"}, "purpose": "entertainment <b>", "method": "m", "basis": "b", "necessity": "n", "scope": "s",
		"data": []any{map[string]any{"kind": "faces", "source": "the person", "sensitive": true, "minors": false}}, "models": []any{map[string]any{"name": "swap", "version": "3", "digest": ""}},
		"recipients": []any{}, "storage": "here", "retention": "a month",
		"risks":    []any{map[string]any{"risk": "imitation", "effect": "loss", "likelihood": "low", "severity": "high", "measures": []string{"notice"}, "residual": "low"}},
		"residual": "low", "conclusion": "acceptable", "conditions": "", "annexes": []any{}, "review": "2027-11-22"}
}

// entered is an assessment that somebody wrote; approved, where that is asked.
func (w *world) entered(by ledger.By, approve bool) string {
	w.Helper()
	raw, err := json.Marshal(assessmentForm())
	w.must(err)
	f, err := assessment.ParseForm(raw)
	w.must(err)
	e, err := w.config.Assessments.Propose(w.Context(), by, f)
	w.must(err)
	if approve {
		_, err = w.config.Assessments.Approve(w.Context(), ledger.By{Role: "officer", ID: "somebody-else"}, e.ID)
		w.must(err)
	}
	return e.ID
}

// filingDuty is an open duty to file; a first one that was filed is there where a change is to begin.
func (w *world) filingDuty(filed bool) string {
	w.Helper()
	w.swapper.faces = 0
	w.must(w.config.Faces.Check(w.Context()))
	w.swapper.faces = faces.Limit
	w.must(w.config.Faces.Check(w.Context()))
	list, _, err := w.config.Faces.Duties(w.Context(), faces.Query{States: []faces.State{faces.Open}})
	w.must(err)
	for _, e := range list {
		if filed {
			_, err := w.config.Faces.File(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, e.ID, faces.Filing{Reference: "r", At: w.clock.Now(), Proof: strings.Repeat("ab", 32)})
			w.must(err)
			continue
		}
		return e.ID
	}
	return ""
}

// assessmentExample makes the request of [world.example] for what comes before faces and voices are processed.
func (w *world) assessmentExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	id, path := strangeID, row.Path
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	author := ledger.By{Role: "engineer", ID: "somebody"}
	var body any
	switch row.ID {
	case "prompt", "prompt-showings", "assessments", "faces", "filing-duties":
	case "show-prompt":
		body = map[string]any{"account": person, "function": "face-swap", "language": "zh"}
	case "acknowledge-prompt":
		body = map[string]any{"account": person, "depicted": "others"}
		made(func() string {
			subject, err := w.config.People.Account(w.Context(), person)
			w.must(err)
			e, err := w.config.Prompt.Show(w.Context(), author, subject, "face-swap", "zh")
			w.must(err)
			return e.ID
		})
	case "assessment-state":
		path += "?function=face-swap"
	case "assessment", "assessment-document", "approve-assessment":
		made(func() string { return w.entered(author, false) })
	case "propose-assessment":
		body = assessmentForm()
	case "withdraw-assessment":
		body = map[string]any{"note": "test"}
		made(func() string {
			return w.entered(ledger.By{Role: evidence.Role(role), ID: string(w.people[role].Account.ID)}, false)
		})
	case "reject-assessment":
		body = map[string]any{"reason": "test", "note": "test"}
		made(func() string { return w.entered(author, false) })
	case "end-assessment":
		body = map[string]any{"note": "test"}
		made(func() string { return w.entered(author, true) })
	case "begin-filing":
		body = map[string]any{"kind": "change", "since": w.clock.Now()}
		if may {
			w.filingDuty(true)
			w.closeChanges()
		}
	case "file-faces":
		body = map[string]any{"reference": "r", "at": w.clock.Now(), "proof": strings.Repeat("ab", 32)}
		made(w.anotherDuty)
	case "dismiss-filing":
		body = map[string]any{"reason": "test", "note": "test"}
		made(w.anotherDuty)
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", url.PathEscape(id), 1), body), true
}

// closeChanges dismisses what is open, so that another duty of the kind can be opened.
func (w *world) closeChanges() {
	w.Helper()
	list, _, err := w.config.Faces.Duties(w.Context(), faces.Query{States: []faces.State{faces.Open}})
	w.must(err)
	for _, e := range list {
		_, err := w.config.Faces.Dismiss(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, e.ID, "test", "test")
		w.must(err)
	}
}

// anotherDuty is an open duty, whatever was filed before.
func (w *world) anotherDuty() string {
	w.Helper()
	w.closeChanges()
	if id := w.filingDuty(false); id != "" {
		return id
	}
	e, err := w.config.Faces.Begin(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, faces.Change, w.clock.Now())
	w.must(err)
	return e.ID
}

// TestPrompt shows the text to a user, and has it acknowledged.
func TestPrompt(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var text struct {
		Version   string
		Languages []httpapi.PromptWords
	}
	w.ask("GET", "/v1/prompt", nil).as(w.key).want(200, &text)
	if len(text.Languages) != 2 || len(text.Languages[0].Digest) != 64 || !strings.Contains(strings.Join(text.Languages[0].Paragraphs, ""), "单独同意") {
		t.Errorf("%+v", text)
	}
	var shown, again httpapi.PromptShowing
	body := map[string]any{"account": person, "function": "face-swap", "language": "zh"}
	w.ask("POST", "/v1/prompt-showings", body).as(w.key).with("Idempotency-Key", "one").want(201, &shown)
	if out := w.ask("POST", "/v1/prompt-showings", body).as(w.key).with("Idempotency-Key", "one").want(201, &again); again != shown || out.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("%+v, again %+v", shown, again)
	}
	at := "/v1/prompt-showings/" + shown.ID + ":acknowledge"
	w.ask("POST", at, map[string]any{"account": "somebody else", "depicted": "self"}).as(w.key).wantCode(404, prompt.CodeMissing)
	w.ask("POST", at, map[string]any{"account": person, "depicted": "nobody"}).as(w.key).wantCode(422, httpapi.CodeFields)
	narrow, _ := w.newKey([]staff.Action{staff.ConsentAsk, staff.ConsentRead}, []string{"voice-clone"}, time.Hour)
	if out := w.ask("POST", at, map[string]any{"account": person, "depicted": "self"}).as(narrow).send(); out.Code != 403 {
		t.Errorf("a key for another function: %d", out.Code)
	}
	w.ask("POST", at, map[string]any{"account": person, "depicted": "self"}).as(w.key).want(200, &shown)
	if shown.State != "acknowledged" || shown.Depicted != "self" || shown.Acknowledged == nil || shown.Digest != text.Languages[0].Digest {
		t.Errorf("%+v", shown)
	}
	var list struct{ Showings []httpapi.PromptShowing }
	w.ask("GET", "/v1/prompt-showings?function=face-swap&state=acknowledged&subject="+string(shown.Subject), nil).as(w.key).want(200, &list)
	if len(list.Showings) != 1 || list.Showings[0].ID != shown.ID {
		t.Errorf("%+v", list)
	}
	if out := w.ask("GET", "/v1/prompt-showings", nil).as(narrow).send(); out.Code != 403 {
		t.Errorf("a key for one function lists all: %d", out.Code)
	}
}

// TestAssessment has one person write and another approve, and the function change after that.
func TestAssessment(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer := w.people[staff.Officer], w.people[staff.Engineer]
	state := func(want string, reason colophon.Code) {
		t.Helper()
		var a struct {
			State  string
			Reason colophon.Code
		}
		w.ask("GET", "/v1/assessments/state?function=face-swap", nil).as(w.key).want(200, &a)
		if a.State != want || a.Reason != reason {
			t.Errorf("%+v, want %s for %s", a, want, reason)
		}
	}
	state("missing", assessment.ReasonNone)
	w.ask("GET", "/v1/assessments/state?function=unknown", nil).as(w.key).wantCode(404, "function-missing")
	f := assessmentForm()
	f["purpose"] = "…"
	w.ask("POST", "/v1/assessments", f).by(engineer).wantCode(422, assessment.CodeUnfilled)
	delete(f, "purpose")
	w.ask("POST", "/v1/assessments", f).by(engineer).wantCode(422, httpapi.CodeFields)
	f = assessmentForm()
	f["models"] = []any{map[string]any{"name": "swap", "version": "2", "digest": ""}}
	w.ask("POST", "/v1/assessments", f).by(engineer).wantCode(403, assessment.CodeModel)
	var a httpapi.Assessment
	w.ask("POST", "/v1/assessments", assessmentForm()).by(officer).want(201, &a)
	at := "/v1/assessments/" + a.ID
	w.ask("POST", at+":approve", nil).by(officer).wantCode(403, assessment.CodeOwn)
	w.ask("POST", at+":withdraw", map[string]any{"note": "a mistake"}).by(engineer).wantCode(403, assessment.CodeAuthor)
	w.ask("POST", at+":withdraw", map[string]any{"note": "a mistake"}).by(officer).want(200, &a)
	if a.State != "rejected" || a.Reason != assessment.ReasonWithdrawn {
		t.Errorf("%+v", a)
	}
	w.ask("POST", "/v1/assessments", assessmentForm()).by(engineer).want(201, &a)
	at = "/v1/assessments/" + a.ID
	w.ask("POST", at+":approve", nil).by(officer).want(200, &a)
	if a.State != "approved" || a.Author != string(engineer.Account.ID) || a.Decider != string(officer.Account.ID) || a.Form.Purpose != "entertainment <b>" {
		t.Errorf("%+v", a)
	}
	state("current", "")
	out := w.ask("GET", at+"/document", nil).as(w.key).want(200, nil)
	if page := out.Body.String(); !strings.Contains(page, "entertainment &lt;b&gt;") || strings.Contains(page, "<b>") || !strings.HasPrefix(out.Header().Get("Content-Type"), "text/html") || !strings.Contains(page, a.Digest) || strings.Contains(page, "assess-") {
		t.Errorf("%v %.300s", out.Header(), page)
	}
	w.swapper.facts = "facts-2"
	state("stale", assessment.ReasonFacts)
	w.must(w.config.Assessments.Sweep(t.Context()))
	var list struct{ Assessments []httpapi.Assessment }
	w.ask("GET", "/v1/assessments?state=lapsed&function=face-swap", nil).as(w.key).want(200, &list)
	if len(list.Assessments) != 1 || list.Assessments[0].ID != a.ID {
		t.Errorf("%+v", list)
	}
}

// TestFiling reaches the number of the law, and files.
func TestFiling(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	id := w.filingDuty(false)
	var f struct {
		Faces, Open, Overdue int
		Level                string
	}
	w.ask("GET", "/v1/faces", nil).as(w.key).want(200, &f)
	if f.Faces != 100_000 || f.Level != "over" || f.Open != 1 || f.Overdue != 0 {
		t.Errorf("%+v", f)
	}
	var list struct{ Duties []httpapi.FilingDuty }
	w.ask("GET", "/v1/filing-duties?state=open&kind=first", nil).as(w.key).want(200, &list)
	if len(list.Duties) != 1 || list.Duties[0].ID != id || len(list.Duties[0].Unsure) != 1 || list.Duties[0].Due.Before(w.clock.Now().AddDate(0, 0, 39)) {
		t.Errorf("%+v", list)
	}
	filing := map[string]any{"reference": "2026-1", "at": w.clock.Now(), "proof": strings.Repeat("0f", 32)}
	var d httpapi.FilingDuty
	w.ask("POST", "/v1/filing-duties/"+id+":file", filing).by(officer).want(200, &d)
	if d.State != "filed" || d.Reference != "2026-1" || d.By != string(officer.Account.ID) {
		t.Errorf("%+v", d)
	}
	w.ask("POST", "/v1/filing-duties/"+id+":dismiss", map[string]any{"reason": "test", "note": "test"}).by(officer).wantCode(409, faces.CodeStep)
	w.ask("POST", "/v1/filing-duties", map[string]any{"kind": "cancel", "since": w.clock.Now()}).by(officer).want(201, &d)
	if d.Kind != "cancel" || d.State != "open" {
		t.Errorf("%+v", d)
	}
}

// signed is a transport for somebody who is signed in.
type signed struct {
	w *world
	o staff.Opened
}

// RoundTrip implements http.RoundTripper.
func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	return http.DefaultTransport.RoundTrip(call{r, s.w}.by(s.o).Request)
}

// TestClientAssesses goes the whole way with the Go client.
func TestClientAssesses(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	server := httptest.NewServer(w.api)
	defer server.Close()
	ctx := t.Context()
	of := func(c client.Config) *client.Client {
		c.URL = server.URL
		made, err := client.New(c)
		w.must(err)
		return made
	}
	backend := of(client.Config{Key: w.key})
	engineer, officer := of(client.Config{HTTP: &http.Client{Transport: signed{w, w.people[staff.Engineer]}}}), of(client.Config{HTTP: &http.Client{Transport: signed{w, w.people[staff.Officer]}}})
	raw, err := json.Marshal(assessmentForm())
	w.must(err)
	_, err = backend.ProposeAssessment(ctx, raw)
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Status != 403 {
		t.Errorf("a key writes: %v", err)
	}
	a, err := engineer.ProposeAssessment(ctx, raw)
	w.must(err)
	a, err = officer.ApproveAssessment(ctx, a.ID)
	w.must(err)
	shown, err := backend.Assessment(ctx, a.ID)
	w.must(err)
	form, err := assessment.ParseForm(shown.Form)
	w.must(err)
	if digest, err := form.Digest(); err != nil || shown.State != "approved" || digest != a.Digest {
		t.Errorf("%+v, %v", shown, err)
	}
	list, _, err := backend.Assessments(ctx, client.Listing{Filter: url.Values{"state": {"approved"}}})
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if state, err := backend.AssessmentState(ctx, "face-swap"); err != nil || state.State != "current" || state.Assessment != a.ID || state.Until == nil {
		t.Errorf("%+v, %v", state, err)
	}
	if page, err := backend.AssessmentDocument(ctx, a.ID); err != nil || !strings.Contains(string(page), a.Digest) {
		t.Errorf("%v", err)
	}
	text, err := backend.Prompt(ctx)
	w.must(err)
	seen, err := backend.ShowPrompt(ctx, person, "face-swap", text.Languages[0].Language)
	w.must(err)
	seen, err = backend.AcknowledgePrompt(ctx, seen.ID, person, "others")
	if err != nil || seen.State != "acknowledged" {
		t.Errorf("%+v, %v", seen, err)
	}
	if all, _, err := backend.PromptShowings(ctx, client.Listing{}); err != nil || len(all) != 1 || all[0].ID != seen.ID {
		t.Errorf("%v, %v", all, err)
	}
	w.filingDuty(false)
	n, err := backend.Faces(ctx)
	duties, _, err2 := backend.FilingDuties(ctx, client.Listing{Filter: url.Values{"state": {"open"}}})
	if err != nil || err2 != nil || n.Faces != n.Limit || len(duties) != 1 || duties[0].Kind != "first" {
		t.Errorf("%+v %v, %v, %v", n, duties, err, err2)
	}
}
