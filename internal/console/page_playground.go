package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/staff"
)

// playgroundAccount is the account for which things are tried out. It is the provider's own, so it needs what every account
// needs, and nothing that is tried is anybody else's.
const playgroundAccount = "colophon-playground"

// maxTried is the largest file that is tried out, in bytes.
const maxTried = 32 << 20

// The code of the organisation in a provider code.
const usccFrom, usccTo = 4, 22

func playgroundPages() []page {
	words := slices.Concat([]string{"page-work-playground"}, screenWords(), of("page-trial-", trialSteps()...), of("page-trial-about-", trialSteps()...), of("page-trial-state-", "passed", "held", "failed", "could-not-tell", "not-run"),
		of("page-trial-why-", "file", "asked", "unjudged", "unread"), of("page-playground-", trialKinds()...), of("page-function-state-", functionStates()...),
		of("page-label-", "check", "category", "level", "how", "runes", "score", "distance", "part", "feature", "milliseconds", "outcome", "content-number", "model", "producer", "format", "bytes"), of("page-run-", "ran", "not-run", "error", "bypassed"))
	return slices.Concat([]page{
		{method: get, path: "/playground", action: staff.GatewayUse, title: "page-playground", menu: true, group: groupServices, words: words, upload: maxTried, do: showPlayground},
		{method: post, path: "/playground", action: staff.GatewayUse, back: "/playground", upload: maxTried, do: tryOut},
	}, start("/playground/prepare", "/playground", playgroundAccountDeed()))
}

// trialSteps are what content goes through, in this order.
func trialSteps() []string {
	return []string{"admission", "input", "model", "output", "marks", "read-back"}
}

// trialKinds are what a model may be asked to make.
func trialKinds() []string { return []string{"text", "picture", "sound", "film"} }

type playgroundPage struct {
	Models    []string
	Kinds     []string
	Functions []client.Function
	Ready     bool // the account may use functions
	Untold    bool // that could not be told
	Lacks     []lookedAt
	Mend      string // where the account is made ready; empty for who may not
}

// showPlayground asks what is to be tried out.
func showPlayground(v *visit) error {
	ctx, api := v.r.Context(), v.api()
	models, err := api.Models(ctx)
	if err != nil {
		return err
	}
	data := playgroundPage{Mend: v.prepares(), Kinds: trialKinds()}
	for _, m := range models {
		data.Models = append(data.Models, m.ID)
	}
	functions, _, err := api.Functions(ctx, client.Listing{Limit: walkSize})
	if err != nil {
		return err
	}
	data.Functions = slices.DeleteFunc(functions, func(f client.Function) bool { return f.State == "retired" })
	e, err := api.ExplainAdmission(ctx, client.Admission{Account: playgroundAccount, Act: "publish", Class: "other"})
	if err != nil {
		return err
	}
	data.Ready, data.Untold = e.Decision.Allow, e.Decision.Verdict == "could-not-tell"
	for _, c := range v.decided(e.Decision).Conditions {
		if c.Refuses {
			data.Lacks = append(data.Lacks, c)
		}
	}
	return v.show("playground", data)
}

// prepares is where the account is made ready; empty for who may not.
func (v *visit) prepares() string {
	if !v.actor().May(staff.AccountVerify) || !v.actor().May(staff.AgreementAccept) {
		return ""
	}
	q := url.Values{"organisation": {v.ProviderName}}
	if len(v.ProviderCode) >= usccTo {
		q.Set("uscc", v.ProviderCode[usccFrom:usccTo])
	}
	return "/playground/prepare?" + q.Encode()
}

// playgroundAccountDeed makes the account that things are tried with one of the provider's own organisation.
func playgroundAccountDeed() deed[none] {
	return deed[none]{
		name: "playground-prepare", action: staff.AccountVerify, record: "identity.decided",
		fields: []field[none]{
			{name: "organisation", kind: "text", required: true},
			{name: "uscc", kind: "text", required: true, hint: true, most: usccTo - usccFrom},
		},
		do: func(v *visit, _ none) (string, error) {
			ctx, api := v.r.Context(), v.api()
			at := v.Now().UTC()
			if _, err := api.AttestAccount(ctx, client.Attestation{Account: playgroundAccount, Level: "organisation", Method: "uscc", Provider: "own", Transaction: "playground-" + at.Format("20060102150405"), At: at,
				Claim: &client.Claim{Kind: "uscc", Number: strings.TrimSpace(v.sent("uscc")), Name: strings.TrimSpace(v.sent("organisation"))}}); err != nil {
				return "", err
			}
			return "", v.acceptAll(ctx, api)
		},
	}
}

// acceptAll accepts the texts in force for the account.
func (v *visit) acceptAll(ctx context.Context, api *client.Client) error {
	texts, err := api.CurrentAgreements(ctx)
	for _, t := range texts {
		if err == nil && t.Audience == "users" {
			_, _, err = api.AcceptAgreement(ctx, playgroundAccount, t.ID, string(v.lang), map[bool]string{true: t.Digests.ZH, false: t.Digests.EN}[v.lang == "zh"])
		}
	}
	return err
}

// trial is what became of something that was tried out.
type trial struct {
	Model, Function string
	At              time.Time
	Kind            string // one of trialKinds
	Steps           []trialStep
	Number, Answer  string
}

// trialStep is one of the things that content goes through.
type trialStep struct {
	Name       string
	State      cell
	Took       string // milliseconds; empty where it did not run
	Why        string // its sentence is page-trial-why-WHY; empty where the state says all
	Problem    string
	Conditions []lookedAt
	decision   client.Decision // of which the conditions are
	Judgement  cell            // that was recorded
	Unseen     cell            // categories that nobody could look for
	Findings   *tableView
	Runs       *tableView
	Facts      []fact
	Parts      []part
	Code       string
}

func trialState(value string) cell {
	return state("page-trial-state-", value, map[string]tone{"passed": good, "held": wait, "failed": bad, "could-not-tell": wait})
}

// tryOut sends a prompt or a file through all that content goes through, and measures each step.
func tryOut(v *visit) error {
	t := &trying{visit: v, api: v.api(), trial: trial{Model: v.sent("model"), Function: v.sent("function"), At: v.Now(), Kind: v.sent("kind")}, prompt: strings.TrimSpace(v.sent("prompt")),
		purpose: v.sent("purpose"), consents: strings.Fields(v.sent("consent-tokens"))}
	if file, header, err := v.r.FormFile("file"); err == nil {
		defer file.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(file); err != nil {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
		}
		t.file, t.name = b.Bytes(), header.Filename
	}
	if t.prompt == "" && t.file == nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeNothingTried}
	}
	return v.try(t)
}

// try begins a trial.
func (v *visit) try(t *trying) error {
	return v.beginShown("playground", func(ctx context.Context, tell func(done, of int64)) (string, func(*visit) error, error) {
		t.run(ctx, tell)
		shown := t.trial // without the files, which nobody asks for any more
		return "", func(v *visit) error { return v.show("trial", v.tongued(shown)) }, nil
	})
}

// tongued is a trial with its conditions in the language in which it is looked at now.
func (v *visit) tongued(t trial) trial {
	t.Steps = slices.Clone(t.Steps)
	for i, s := range t.Steps {
		t.Steps[i].Conditions = v.decided(s.decision).Conditions
	}
	return t
}

func milliseconds(microseconds int64) string {
	return strconv.FormatFloat(float64(microseconds)/1000, 'f', 1, 64)
}

func between(from, to time.Time) string { return milliseconds(max(0, to.Sub(from).Microseconds())) }

// trying is a trial that goes on.
type trying struct {
	*visit
	trial
	api      *client.Client
	prompt   string
	purpose  string
	consents []string // tokens
	class    string   // of the function; empty until it is admitted
	file     []byte
	name     string
	item     *client.Artefact // what left, as it is kept
	judged   *client.Judged   // the server's own judgement of it; nil where nobody judged it, or where the visitor may not know
	made     []byte           // the bytes of what left
	refusal  string           // what the gateway said where it kept a result back
}

// run does step after step, until one does not pass. What left goes on, whatever is known of its screening.
func (t *trying) run(ctx context.Context, tell func(done, of int64)) {
	steps := []func(context.Context, *trialStep) error{t.admit, t.judgeInput, t.ask, t.judgeOutput, t.marks, t.readBack}
	over := false
	for i, do := range steps {
		tell(int64(i), int64(len(steps)))
		s := trialStep{Name: trialSteps()[i], State: trialState("not-run")}
		if !over {
			began := t.Now()
			err := do(ctx, &s)
			if s.Took == "" && (err != nil || s.State.Text != "not-run") {
				s.Took = between(began, t.Now())
			}
			if err != nil {
				t.broke(ctx, &s, err)
			}
			left := t.item != nil && (t.item.State == "marked" || t.item.State == "delivered")
			over = s.State.Text == "failed" || !left && s.State.Text != "passed" && s.State.Text != "not-run"
		}
		t.Steps = append(t.Steps, s)
	}
}

// broke says why a step broke off. What was refused only because nobody could look is not said to have been found.
func (t *trying) broke(ctx context.Context, s *trialStep, err error) {
	s.Problem, s.State = t.explain(statusIn(err), err), trialState("could-not-tell")
	e, _ := told(err)
	if e == nil || e.Status >= http.StatusInternalServerError {
		return
	}
	s.State = trialState("failed")
	if id := e.Args["judgement"]; id != "" && t.actor().May(staff.ScreenRead) {
		if j, err := t.api.PastJudgement(ctx, id); err == nil {
			t.past(s, j)
		}
	}
}

// admit says whether the account may do it, and why. The gateway decides that once more, and records it.
func (t *trying) admit(ctx context.Context, s *trialStep) error {
	t.class = "other"
	if t.file == nil && t.Kind == "text" {
		t.class = "dialogue"
	}
	asked := []string{"publish"}
	if t.Function != "" {
		f, err := t.api.Function(ctx, t.Function)
		if err != nil {
			return err
		}
		t.class, asked = f.Function.Class, []string{"use", "publish"}
	}
	for _, act := range asked {
		e, err := t.api.ExplainAdmission(ctx, client.Admission{Account: playgroundAccount, Act: act, Function: t.Function, Class: t.class, Model: t.Model, Purpose: t.purpose, Consents: t.consents})
		if err != nil {
			return err
		}
		s.decision, s.State = e.Decision, trialState(e.Decision.Verdict)
		if !e.Decision.Allow {
			if e.Decision.Verdict == "passed" {
				s.State = trialState("failed")
			}
			break
		}
	}
	return nil
}

func (t *trying) judgeInput(ctx context.Context, s *trialStep) error {
	if t.file != nil {
		s.Why = "file"
		return nil
	}
	return t.judge(ctx, s, "input", t.prompt)
}

// judgeOutput has an answer judged. Of a file it tells what the server itself judged before it let the file go, if it did.
func (t *trying) judgeOutput(ctx context.Context, s *trialStep) error {
	if t.item == nil && t.judged != nil {
		t.past(s, *t.judged)
		s.Problem = t.refusal
		return nil
	}
	if t.Answer != "" {
		return t.judge(ctx, s, "output", t.Answer)
	}
	if t.file != nil {
		began := t.Now()
		a, err := t.api.Produce(ctx, client.Order{Function: t.class, Account: playgroundAccount, Use: t.Function, Purpose: t.purpose, Consents: t.consents, Name: t.name}, bytes.NewReader(t.file))
		if err != nil {
			return err
		}
		if err := t.left(ctx, a.Number, began); err != nil {
			return err
		}
	}
	switch {
	case t.item.State == "held":
		s.State = trialState("held")
	case !t.actor().May(staff.ScreenRead):
		s.State, s.Why = trialState("could-not-tell"), "unread"
	case t.judged == nil:
		s.Why = "unjudged"
	}
	if t.judged != nil {
		t.past(s, *t.judged)
		s.Took = between(t.judged.At, t.item.Created)
	}
	return nil
}

// left looks at what is kept of what left: how it was judged, and when it was marked.
func (t *trying) left(ctx context.Context, number string, began time.Time) error {
	a, err := t.api.Artefact(ctx, number)
	if err != nil {
		return err
	}
	t.Number, t.item = number, &a
	if !t.actor().May(staff.ScreenRead) {
		return nil
	}
	list, _, err := t.api.Judgements(ctx, client.Listing{Filter: url.Values{"about": {number}}, Limit: listSize})
	for _, j := range list {
		if j.Surface == "output" && !j.At.Before(began.Truncate(time.Millisecond)) {
			t.judged = &j
		}
	}
	return err
}

func (t *trying) judge(ctx context.Context, s *trialStep, surface, said string) error {
	j, err := t.api.Screen(ctx, client.Query{Account: playgroundAccount, Surface: surface, Class: "organisation", Function: t.Function, Parts: []client.Part{{Name: "messages.0.content", Text: said}}})
	if err != nil {
		return err
	}
	s.State = judgedState(j.Verdict, j.Action)
	s.Judgement, s.Unseen = ident(j.ID).to("/judgements/"+escaped(j.ID)), chips("page-category-", j.Unknown)
	s.Findings = tableOf("page-trial-findings", []column[client.ScreenFinding]{
		{name: "category", cell: func(f client.ScreenFinding) cell { return category(f.Category) }},
		{name: "level", cell: func(f client.ScreenFinding) cell { return findingLevel(f.Level) }},
		{name: "check", cell: func(f client.ScreenFinding) cell { return checkName(f.Check) }},
		{name: "feature", cell: func(f client.ScreenFinding) cell { return ident(f.Feature) }},
		{name: "part", side: true, cell: func(f client.ScreenFinding) cell { return ident(f.Part) }},
	}, j.Findings)
	s.Runs = tableOf("page-trial-runs", []column[client.ScreenRun]{
		{name: "check", cell: func(r client.ScreenRun) cell { return checkName(r.Check) }},
		{name: "outcome", cell: func(r client.ScreenRun) cell {
			return state("page-run-", r.Outcome, map[string]tone{"ran": good, "error": bad, "not-run": wait})
		}},
		{name: "milliseconds", cell: func(r client.ScreenRun) cell { return text(milliseconds(r.Microseconds)) }},
		{name: "model", side: true, cell: func(r client.ScreenRun) cell { return ident(cmp.Or(r.Model, r.Version)) }},
	}, j.Runs)
	return nil
}

// judgedState is what a judgement says of a step. What nobody could look at was not found to be bad, though it may be refused.
func judgedState(verdict, action string) cell {
	switch {
	case verdict == "could-not-tell":
		return trialState("could-not-tell")
	case action == "refuse":
		return trialState("failed")
	case action == "review":
		return trialState("held")
	}
	return trialState("passed")
}

// past shows a judgement that was made before, as far as it is kept.
func (t *trying) past(s *trialStep, j client.Judged) {
	var unseen []string
	seen := slices.DeleteFunc(slices.Clone(j.Facts), func(f client.PolicyFact) bool { return f.Level == "unknown" })
	for _, f := range j.Facts {
		if f.Level == "unknown" && !slices.Contains(unseen, f.Category) {
			unseen = append(unseen, f.Category)
		}
	}
	s.State, s.Unseen = judgedState(j.Verdict, j.Action), chips("page-category-", unseen)
	s.Judgement, s.Findings = ident(j.ID).to("/judgements/"+escaped(j.ID)), tableOf("page-trial-findings", factColumns(), seen)
}

// ask has the model answer.
func (t *trying) ask(ctx context.Context, s *trialStep) error {
	if t.file != nil {
		s.Why = "file"
		return nil
	}
	began := t.Now()
	if err := t.request(ctx); err != nil {
		if t.kept(ctx, began, err); t.judged == nil {
			return err
		}
		t.refusal = t.explain(statusIn(err), err)
		s.State, s.Took = trialState("passed"), between(began, t.judged.At)
		return nil
	}
	s.State, s.Code = trialState("passed"), t.Answer
	s.Facts = []fact{{"content-number", ident(t.Number).to("/content/" + escaped(t.Number))}, {"model", ident(t.Model)}}
	if t.made == nil {
		return nil
	}
	if err := t.left(ctx, t.Number, began); err != nil {
		return err
	}
	s.Took = between(began, t.item.Created)
	if t.judged != nil {
		s.Took = between(began, t.judged.At)
	}
	return nil
}

// kept looks whether the result of a model was kept back by its screening, so that it is not said of the model. Where the error
// does not name the judgement or the result, it is the last such judgement of the account.
func (t *trying) kept(ctx context.Context, began time.Time, why error) {
	e, _ := told(why)
	if e == nil || !slices.Contains(keptBack(), e.Code) || !t.actor().May(staff.ScreenRead) {
		return
	}
	if id := e.Args["judgement"]; id != "" {
		if j, err := t.api.PastJudgement(ctx, id); err == nil {
			t.judged = &j
		}
		return
	}
	filter := url.Values{"about": {e.Args["number"]}}
	if e.Args["number"] == "" {
		if !t.actor().May(staff.AccountRead) {
			return
		}
		subject, err := t.api.FindAccount(ctx, playgroundAccount)
		if err != nil {
			return
		}
		filter = url.Values{"subject": {subject}, "from": {began.UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)}}
	}
	list, _, err := t.api.Judgements(ctx, client.Listing{Filter: filter, Limit: listSize})
	for _, j := range list {
		if err == nil && j.Surface == "output" && (j.Action == "refuse" || j.Action == "review") {
			t.judged = &j
			return
		}
	}
}

// keptBack are the codes of errors that screening kept the result of a model back.
func keptBack() []colophon.Code {
	return []colophon.Code{gateway.CodeOutput, gateway.CodeReview, screen.CodeStreamRefused, screen.CodeStreamReview, media.CodeRefused, media.CodeHeld, production.CodeRefused}
}

// request asks the model for what is wanted, and keeps what comes.
func (t *trying) request(ctx context.Context) error {
	ask := client.ModelPrompt{Model: t.Model, Text: t.prompt, Account: playgroundAccount, Function: t.Function, Purpose: t.purpose, Consents: t.consents}
	var drawn client.Drawn
	var err error
	switch t.Kind {
	case "picture":
		var list []client.Drawn
		if list, err = t.api.Draw(ctx, ask, "512x512"); err == nil && len(list) > 0 {
			drawn = list[0]
		}
		t.name = "picture.png"
	case "sound":
		drawn, err = t.api.Speak(ctx, ask, "alloy", "wav")
		t.name = "sound.wav"
	case "film":
		drawn, err = t.api.Film(ctx, ask, 4, "320x240", 200*time.Millisecond)
		if e, _ := told(err); e != nil && errors.Is(err, client.ErrFilm) { // which says why by a code alone
			e.Title = t.speakers[t.lang].Error(&colophon.Error{Kind: colophon.Refused, Code: e.Code, Args: e.Args})
		}
		t.name = "film.mp4"
	default:
		var answer strings.Builder
		var a client.ModelAnswer
		a, err = t.api.Ask(ctx, ask, func(piece string) error {
			answer.WriteString(piece)
			return nil
		})
		t.Answer, drawn.Number = answer.String(), a.Number
	}
	if err == nil && t.Answer == "" && len(drawn.Data) == 0 {
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeNothingMade}
	}
	t.Number, t.made = drawn.Number, drawn.Data
	return err
}

// marks fetches what was marked. An answer is put into a file with notice and label first; all else left the server as one.
func (t *trying) marks(ctx context.Context, s *trialStep) error {
	var file *client.Content
	var err error
	switch {
	case t.Answer != "":
		t.name = "answer.md"
		file, err = t.api.Export(ctx, client.Export{Number: t.Number, Format: "md", Text: t.Answer, Account: playgroundAccount})
	case t.file != nil && (t.item.State == "marked" || t.item.State == "delivered"):
		file, err = t.api.Content(ctx, t.Number)
	}
	if err != nil {
		return err
	}
	if file != nil {
		defer file.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(file); err != nil {
			return err
		}
		t.made, t.Number = b.Bytes(), file.Number
	}
	s.State = trialState("passed")
	s.Facts = []fact{{"content-number", ident(t.Number).to("/content/" + escaped(t.Number))}}
	if t.item == nil {
		return nil
	}
	s.Took, s.Why = between(t.item.Created, t.item.Changed), "asked"
	s.Facts = append(s.Facts, fact{"format", format(t.item.Format)}, fact{"bytes", count(t.item.Stored)})
	if t.item.State != "marked" && t.item.State != "delivered" {
		s.State, s.Why = trialState("failed"), ""
		if t.item.Reason != nil {
			s.Problem = capital(t.item.Reason.Sentence)
		}
	}
	return nil
}

// readBack reads the file as anybody would, and says whether the marks are those of the provider.
func (t *trying) readBack(ctx context.Context, s *trialStep) error {
	found, err := t.api.Verify(ctx, t.name, bytes.NewReader(t.made))
	if err != nil {
		return err
	}
	s.State, s.Parts = trialState(found.Verdict), rereadParts(found)
	if len(found.Labels) > 0 {
		fields, err := json.MarshalIndent(found.Labels[0].Fields, "", "  ")
		if err != nil {
			return err
		}
		s.Code = string(fields)
	}
	return nil
}
