package httpapi_test

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

// passing is a system that passes everything that security assessments ask.
type passing struct{}

func (passing) Ask(context.Context, string) (security.Answer, error) {
	return security.Answer{Verdict: "passed", Count: 1, Sample: []string{"s-1"}}, nil
}
func (passing) Watch(context.Context, security.Baseline) ([]security.Signal, error) { return nil, nil }
func (passing) Now(context.Context) (security.Baseline, error)                      { return security.Baseline{}, nil }

// reviewPapers writes reviews as the server does.
type reviewPapers struct{ *document.Writer }

func (p reviewPapers) Mechanism(e mechanism.Entry, a mechanism.Answer, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.MechanismReport(p.Writer, e, a, language), f)
}
func (p reviewPapers) Ethics(e ethics.Entry, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.EthicsReport(p.Writer, e, language), f)
}
func (p reviewPapers) Security(e security.Entry, triggers []security.TriggerEntry, language string, f media.Format) ([]byte, error) {
	return p.Report(govern.SecurityReport(p.Writer, e, triggers, language), f)
}

// openOversight adds reviews to the world. The algorithm face-swap serves under one digest.
func (w *world) openOversight(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	w.config.Mechanisms = mechanism.New(ledgers.Of[mechanism.Review](w.store, mechanism.Ledger), rec, func(context.Context, string) (string, bool, error) { return "digest-1", true, nil })
	w.config.Ethics = ethics.New(ledgers.Of[ethics.Review](w.store, ethics.LedgerReviews), ledgers.Of[ethics.Member](w.store, ethics.LedgerMembers), rec, keys)
	calendar, err := workday.Known()
	w.must(err)
	w.config.Security = security.New(security.Config{Assessments: ledgers.Of[security.Assessment](w.store, security.LedgerAssessments), Triggers: ledgers.Of[security.Trigger](w.store, security.LedgerTriggers), Recorder: rec, Source: passing{}, Calendar: calendar})
	chinese, err := locale.For(locale.Chinese)
	w.must(err)
	english, err := locale.For(locale.English)
	w.must(err)
	w.config.ReviewPapers = reviewPapers{document.New(chinese.Say, english.Say)}
}

func (w *world) reviewDay(months int) string {
	return w.clock.Now().AddDate(0, months, 0).Format(time.DateOnly)
}

func (w *world) examination() map[string]any {
	var checks []map[string]any
	for _, p := range mechanism.Points() {
		checks = append(checks, map[string]any{"point": p, "finding": "passed", "note": "looked at <b>"})
	}
	return map[string]any{"algorithm": "face-swap", "checks": checks, "conclusion": "fit-with-conditions", "conditions": []any{map[string]any{"text": "mend", "due": w.reviewDay(2)}}, "next": w.reviewDay(6)}
}

// mechanismReview is a review that somebody wrote; approved, where that is asked.
func (w *world) mechanismReview(approve bool) string {
	w.Helper()
	x := mechanism.Examination{Algorithm: "face-swap", Conclusion: mechanism.Conditional, Conditions: []mechanism.ReviewCondition{{Text: "mend", Due: w.reviewDay(2)}}, Next: w.reviewDay(6)}
	for _, p := range mechanism.Points() {
		x.Checks = append(x.Checks, mechanism.Examined{Point: p, Finding: mechanism.Passed, Note: "n"})
	}
	e, err := w.config.Mechanisms.Propose(w.Context(), ledger.By{Role: "engineer", ID: "somebody"}, x)
	w.must(err)
	if approve {
		_, err = w.config.Mechanisms.Approve(w.Context(), ledger.By{Role: "officer", ID: "somebody-else"}, e.ID)
		w.must(err)
	}
	return e.ID
}

func ethicsApplication() map[string]any {
	return map[string]any{"about": "face-swap", "title": "swap", "pledge": true, "overview": map[string]any{"aim": "a", "meaning": "m", "need": "n"}, "plan": map[string]any{"plan": "p", "emergency": "e", "publishing": "none"},
		"bodies": map[string]any{"papers": "p", "experience": "e", "funding": "own", "interests": "none"}, "consent": map[string]any{"form": "f", "sources": "s"},
		"risks": []any{map[string]any{"risk": "r", "who": "all", "severity": "high", "control": "c", "residual": "low"}}}
}

// committee seats five members without accounts, who stand for what a meeting needs, and returns them.
func (w *world) committee() []string {
	w.Helper()
	var ids []string
	for i, c := range []ethics.Category{ethics.Technology, ethics.Ethicist, ethics.Law, ethics.Public, ethics.Public} {
		m, err := w.config.Ethics.Seat(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, ethics.Member{Category: c, Outside: true}, "member "+strconv.Itoa(i))
		w.must(err)
		ids = append(ids, m.ID)
	}
	return ids
}

// ethicsIn is a review in a state, and the members at its meeting. Whoever is named applied for what is incomplete, and keeps
// the minutes of what is not; empty for somebody.
func (w *world) ethicsIn(s ethics.State, who string) (string, []string) {
	w.Helper()
	ctx, k, by, officer := w.Context(), w.config.Ethics, ledger.By{Role: "engineer", ID: "somebody"}, ledger.By{Role: "officer", ID: cmp.Or(who, "somebody-else")}
	if s == ethics.Incomplete && who != "" {
		by, officer = officer, by
	}
	a := ethics.Application{About: "face-swap", Title: "swap", Pledge: true, Overview: ethics.Overview{Aim: "a", Meaning: "m", Need: "n"}, Plan: ethics.Plan{Plan: "p", Emergency: "e", Publishing: "none"},
		Bodies: ethics.Bodies{Papers: "p", Experience: "e", Funding: "own", Interests: "none"}, Consent: ethics.ConsentPart{Form: "f", Sources: "s"}, Risks: []ethics.EthicsRisk{{Risk: "r", Who: "all", Severity: "high", Control: "c", Residual: "low"}}}
	e, err := k.Apply(ctx, by, a)
	w.must(err)
	switch s {
	case ethics.Submitted:
		return e.ID, nil
	case ethics.Incomplete:
		_, err = k.Return(ctx, officer, e.ID, "a paper")
		w.must(err)
		return e.ID, nil
	}
	_, err = k.Accept(ctx, officer, e.ID)
	w.must(err)
	members := w.committee()
	_, err = k.Meet(ctx, officer, e.ID, members)
	w.must(err)
	if s == ethics.Accepted {
		return e.ID, members
	}
	var grounds []ethics.GroundAnswer
	for _, g := range ethics.Grounds() {
		grounds = append(grounds, ethics.GroundAnswer{Ground: g, Why: "w"})
	}
	_, err = k.Answer(ctx, officer, e.ID, grounds)
	w.must(err)
	for _, m := range members {
		_, err = k.Vote(ctx, officer, e.ID, m, map[ethics.State]ethics.Vote{ethics.Approved: ethics.Approve, ethics.Modify: ethics.ToModify, "voted": ethics.Approve}[s])
		w.must(err)
	}
	if s != "voted" {
		_, err = k.Decide(ctx, officer, e.ID, ethics.Ruling{Reasons: "r", Next: w.reviewDay(6)})
		w.must(err)
	}
	return e.ID, members
}

// securityIn is an assessment in a state.
func (w *world) securityIn(s security.State) string {
	w.Helper()
	ctx, k, by := w.Context(), w.config.Security, ledger.By{Role: "engineer", ID: "somebody"}
	e, err := k.Begin(ctx, by, security.Basics{Title: "t", Functions: "f", Hardware: "h", Licences: "l"})
	w.must(err)
	if s != security.Draft {
		_, err = k.Propose(ctx, by, e.ID)
		w.must(err)
	}
	if s == security.Approved {
		_, err = k.Approve(ctx, ledger.By{Role: "officer", ID: "somebody-else"}, e.ID)
		w.must(err)
	}
	return e.ID
}

// oversightExample makes the request of [world.example] for reviews.
func (w *world) oversightExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	if !strings.HasPrefix(row.Path, "/v1/mechanism-") && !strings.HasPrefix(row.Path, "/v1/ethics-") && !strings.HasPrefix(row.Path, "/v1/security-") {
		return call{}, false
	}
	if c, ok := w.ethicsExample(row, role, may); ok {
		return c, true
	}
	id, path := strangeID, row.Path
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	note := map[string]any{"note": "test"}
	var body any
	switch row.ID {
	case "mechanism-state":
		path += "?algorithm=face-swap"
	case "mechanism-review", "mechanism-document", "approve-mechanism-review", "reject-mechanism-review":
		made(func() string { return w.mechanismReview(false) })
		if row.ID == "reject-mechanism-review" {
			body = note
		}
	case "propose-mechanism-review":
		body = w.examination()
	case "meet-mechanism-condition":
		body = map[string]any{"condition": 0, "note": "test"}
		made(func() string { return w.mechanismReview(true) })
	case "end-mechanism-review":
		body = note
		made(func() string { return w.mechanismReview(true) })
	case "note-security-trigger":
		w.made++
		body = map[string]any{"ref": "notice-" + strconv.Itoa(w.made), "at": w.clock.Now()}
	case "security-trigger", "dismiss-security-trigger":
		made(func() string {
			w.made++
			e, err := w.config.Security.Note(w.Context(), ledger.By{Role: "engineer", ID: "somebody"}, "notice-"+strconv.Itoa(w.made), w.clock.Now())
			w.must(err)
			return e.ID
		})
		if row.ID == "dismiss-security-trigger" {
			body = note
		}
	case "security-assessment", "security-document", "ask-security-assessment", "propose-security-assessment":
		made(func() string { return w.securityIn(security.Draft) })
	case "begin-security-assessment":
		body = map[string]any{"title": "t", "functions": "f", "hardware": "h", "licences": "l"}
	case "state-security-assessment":
		body = map[string]any{"head": "corpus", "text": "nothing is trained"}
		made(func() string { return w.securityIn(security.Draft) })
	case "withdraw-security-assessment":
		body = note
		made(func() string { return w.securityIn(security.Draft) })
	case "approve-security-assessment":
		made(func() string { return w.securityIn(security.Proposed) })
	case "reject-security-assessment":
		body = note
		made(func() string { return w.securityIn(security.Proposed) })
	case "file-security-assessment":
		body = map[string]any{"reference": "r", "at": w.clock.Now(), "proof": strings.Repeat("ab", 32)}
		made(func() string { return w.securityIn(security.Approved) })
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", url.PathEscape(id), 1), body), true
}

// ethicsExample makes the request of [world.example] for ethics reviews.
func (w *world) ethicsExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	step, ok := strings.CutPrefix(row.Path, "/v1/ethics-")
	if !ok {
		return call{}, false
	}
	id, member := strangeID, strangeID
	in := func(s ethics.State) {
		if may {
			var members []string
			if id, members = w.ethicsIn(s, string(w.people[role].Account.ID)); len(members) > 0 {
				member = members[0]
			}
		}
	}
	var body any
	_, step, _ = strings.Cut(step, ":")
	note := map[string]any{"note": "test"}
	switch step {
	case "":
		switch row.ID {
		case "seat-ethics-member":
			body = map[string]any{"category": "law", "outside": true, "name": "somebody"}
		case "read-ethics-member":
			if may {
				id = w.committee()[0]
			}
		case "apply-ethics-review":
			body = ethicsApplication()
		case "ethics-review", "ethics-document":
			in(ethics.Accepted)
		}
	case "unseat":
		if body = note; may {
			id = w.committee()[0]
		}
	case "amend":
		body = ethicsApplication()
		in(ethics.Incomplete)
	case "accept", "resume":
		in(map[string]ethics.State{"accept": ethics.Submitted, "resume": ethics.Accepted}[step])
	case "return":
		body = note
		in(ethics.Submitted)
	case "end":
		body = note
		in(ethics.Accepted)
	case "pause":
		body = map[string]any{"reason": "supplement", "note": "test"}
		in(ethics.Accepted)
	case "extend":
		body = map[string]any{"until": w.reviewDay(3), "note": "test"}
		in(ethics.Accepted)
	case "answer":
		var grounds []any
		for _, g := range ethics.Grounds() {
			grounds = append(grounds, map[string]any{"ground": g, "applies": true, "why": "w"})
		}
		body = map[string]any{"grounds": grounds}
		in(ethics.Accepted)
	case "expert":
		body = map[string]any{"agree": true, "reference": "r", "proof": strings.Repeat("ab", 32), "at": w.clock.Now()}
		in(ethics.Accepted)
	case "meet":
		in(ethics.Accepted)
		body = map[string]any{"members": []string{member}}
	case "recuse":
		in(ethics.Accepted)
		body = map[string]any{"member": member, "reason": "money", "note": "test"}
	case "vote":
		in(ethics.Accepted)
		body = map[string]any{"member": member, "vote": "approve"}
	case "decide":
		in("voted")
		body = map[string]any{"reasons": "r", "next": w.reviewDay(6)}
	case "confirm":
		body = note
		in(ethics.Modify)
	case "follow":
		body = map[string]any{"finding": "continue", "note": "test", "next": w.reviewDay(6)}
		in(ethics.Approved)
	case "register":
		body = map[string]any{"number": "platform-7"}
		in(ethics.Approved)
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", url.PathEscape(id), 1), body), true
}

// TestOversight reads reviews as people do: sentences for codes, sealed names for the officer alone, documents in each format.
func TestOversight(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, engineer, auditor := w.people[staff.Officer], w.people[staff.Engineer], w.people[staff.Auditor]
	var m httpapi.MechanismReview
	w.ask("POST", "/v1/mechanism-reviews", w.examination()).by(officer).want(201, &m)
	w.ask("POST", "/v1/mechanism-reviews/"+m.ID+":approve", nil).by(officer).wantCode(403, mechanism.CodeOwn)
	w.ask("POST", "/v1/mechanism-reviews", w.examination()).by(engineer).want(201, &m)
	w.ask("POST", "/v1/mechanism-reviews/"+m.ID+":approve", nil).by(officer).want(200, &m)
	if m.Coverage != "current" || m.Form.Digest != "digest-1" || m.Until == nil {
		t.Errorf("%+v", m)
	}
	var state struct{ State, Review string }
	if w.ask("GET", "/v1/mechanism-reviews/state?algorithm=face-swap", nil).by(auditor).want(200, &state); state.State != "current" || state.Review != m.ID {
		t.Errorf("%+v", state)
	}
	id, _ := w.ethicsIn(ethics.Accepted, "")
	var e httpapi.EthicsReview
	if w.ask("GET", "/v1/ethics-reviews/"+id, nil).by(auditor).want(200, &e); e.Quorum != nil || !e.Running || e.Due == nil || len(e.Seats) != 5 {
		t.Errorf("%+v", e)
	}
	if out := w.ask("GET", "/v1/ethics-members", nil).by(officer).want(200, nil); strings.Contains(out.Body.String(), "member 0") {
		t.Error("names of members are shown unasked")
	}
	var member httpapi.EthicsMember
	at := "/v1/ethics-members/" + e.Seats[0].Member + "/name"
	if w.ask("GET", at, nil).by(officer).want(200, &member); member.Name != "member 0" || member.ID != e.Seats[0].Member {
		t.Errorf("%+v", member)
	}
	if out := w.ask("GET", at, nil).by(auditor).send(); out.Code != 403 {
		t.Errorf("an auditor asks for a name: %d", out.Code)
	}
	w.ask("POST", "/v1/ethics-reviews/"+id+":meet", map[string]any{"members": []string{e.Seats[0].Member, e.Seats[1].Member, e.Seats[2].Member, e.Seats[3].Member}}).by(officer).want(200, &e)
	if e.Quorum == nil || e.Quorum.Code != ethics.CodeQuorum || e.Quorum.Sentence == "" {
		t.Errorf("%+v", e.Quorum)
	}
	assessment := w.securityIn(security.Draft)
	for _, path := range []string{"/v1/mechanism-reviews/" + m.ID, "/v1/ethics-reviews/" + id, "/v1/security-assessments/" + assessment} {
		for format, begins := range map[string]string{"html": "<!", "docx": "PK", "pdf": "%PDF"} {
			for _, language := range []string{"zh", "en"} {
				out := w.ask("GET", path+"/document?format="+format+"&language="+language, nil).by(auditor).want(200, nil)
				if body := out.Body.String(); !strings.HasPrefix(body, begins) || format == "html" && (strings.Contains(body, "review-") && strings.Contains(body, ">review-") || strings.Contains(body, "<b>")) {
					t.Errorf("%s as %s in %s: %.200s", path, format, language, body)
				}
			}
		}
	}
}
