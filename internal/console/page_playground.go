package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
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
		of("page-label-", "check", "category", "level", "part", "feature", "milliseconds", "outcome", "content-number", "model", "producer"), of("page-run-", "ran", "not-run", "error", "bypassed"))
	return slices.Concat([]page{
		{method: get, path: "/playground", action: staff.GatewayUse, title: "page-playground", menu: true, group: groupServices, words: words, upload: maxTried, do: showPlayground},
		{method: post, path: "/playground", action: staff.GatewayUse, back: "/playground", upload: maxTried, do: tryOut},
	}, start("/playground/prepare", "/playground", playgroundAccountDeed()))
}

// trialSteps are what content goes through, in this order.
func trialSteps() []string {
	return []string{"admission", "input", "model", "output", "marks", "read-back"}
}

type playgroundPage struct {
	Models    []string
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
	data := playgroundPage{Mend: v.prepares()}
	for _, m := range models {
		data.Models = append(data.Models, m.ID)
	}
	functions, _, err := api.Functions(ctx, client.Listing{Limit: 100, Filter: map[string][]string{"state": {"live"}}})
	if err != nil {
		return err
	}
	data.Functions = functions
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
	Picture         bool
	Steps           []trialStep
	Number, Answer  string
}

// trialStep is one of the things that content goes through.
type trialStep struct {
	Name       string
	State      cell
	Took       string // milliseconds; empty where it did not run
	Problem    string
	Conditions []lookedAt
	Judgement  cell // that was recorded
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
	t := &trying{visit: v, api: v.api(), trial: trial{Model: v.sent("model"), Function: v.sent("function"), At: v.Now(), Picture: v.sent("kind") == "picture"}, prompt: strings.TrimSpace(v.sent("prompt"))}
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
		return "", func(v *visit) error { return v.show("trial", t.trial) }, nil
	})
}

func milliseconds(microseconds int64) string {
	return strconv.FormatFloat(float64(microseconds)/1000, 'f', 1, 64)
}

// trying is a trial that goes on.
type trying struct {
	*visit
	trial
	api    *client.Client
	prompt string
	file   []byte
	name   string
	made   []byte // what came out, in a file
}

// run does step after step, until one does not pass.
func (t *trying) run(ctx context.Context, tell func(done, of int64)) {
	steps := []func(context.Context, *trialStep) error{t.admit, t.judgeInput, t.ask, t.judgeOutput, t.marks, t.readBack}
	over := false
	for i, do := range steps {
		tell(int64(i), int64(len(steps)))
		s := trialStep{Name: trialSteps()[i], State: trialState("not-run")}
		if !over {
			began := t.Now()
			err := do(ctx, &s)
			s.Took = milliseconds(t.Now().Sub(began).Microseconds())
			if err != nil {
				s.Problem = t.explain(statusIn(err), err)
				s.State = trialState("could-not-tell")
				if status := statusIn(err); status < http.StatusInternalServerError {
					s.State = trialState("failed")
				}
			}
			over = s.State.Text != "passed" && s.State.Text != "not-run"
			if s.Name == "output" && t.made != nil && s.State.Text == "could-not-tell" {
				over = false // the gateway has handed it out, and what follows looks at that
			}
		}
		t.Steps = append(t.Steps, s)
	}
}

// admit says whether the account may do it, and why. The gateway decides that once more, and records it.
func (t *trying) admit(ctx context.Context, s *trialStep) error {
	class := "other"
	if t.file == nil && !t.Picture {
		class = "dialogue"
	}
	e, err := t.api.ExplainAdmission(ctx, client.Admission{Account: playgroundAccount, Act: "publish", Function: t.Function, Class: class})
	if err != nil {
		return err
	}
	s.Conditions = t.decided(e.Decision).Conditions
	s.State = trialState(e.Decision.Verdict)
	if !e.Decision.Allow && e.Decision.Verdict == "passed" {
		s.State = trialState("failed")
	}
	return nil
}

func (t *trying) judgeInput(ctx context.Context, s *trialStep) error {
	if t.prompt == "" {
		return nil // a file comes from a function already
	}
	return t.judge(ctx, s, "input", t.prompt)
}

func (t *trying) judgeOutput(ctx context.Context, s *trialStep) error {
	if t.Answer != "" {
		return t.judge(ctx, s, "output", t.Answer)
	}
	file := t.file
	if file == nil {
		file = t.made
	}
	j, err := t.api.ScreenFile(ctx, client.Query{Account: playgroundAccount, Surface: "output", Function: t.Function}, t.name, bytes.NewReader(file))
	if err != nil {
		return err
	}
	t.judged(s, j)
	return nil
}

func (t *trying) judge(ctx context.Context, s *trialStep, surface, text string) error {
	j, err := t.api.Screen(ctx, client.Query{Account: playgroundAccount, Surface: surface, Function: t.Function, Parts: []client.Part{{Name: "messages.0.content", Text: text}}})
	if err != nil {
		return err
	}
	t.judged(s, j)
	return nil
}

// judged shows a judgement: what was seen, and how long each check took.
func (t *trying) judged(s *trialStep, j client.Judgement) {
	switch {
	case j.Verdict == "could-not-tell":
		s.State = trialState("could-not-tell")
	case j.Action == "refuse":
		s.State = trialState("failed")
	case j.Action == "review":
		s.State = trialState("held")
	default:
		s.State = trialState("passed")
	}
	s.Judgement = ident(j.ID).to("/judgements/" + escaped(j.ID))
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
}

// ask has the model answer, or the file marked as what a function made.
func (t *trying) ask(ctx context.Context, s *trialStep) error {
	switch {
	case t.file != nil:
		s.State = trialState("not-run")
		return nil
	case t.Picture:
		made, err := t.api.Draw(ctx, client.ModelPrompt{Model: t.Model, Text: t.prompt, Account: playgroundAccount, Function: t.Function}, "512x512")
		if err != nil {
			return err
		}
		if len(made) == 0 {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeNothingMade}
		}
		t.Number, t.made, t.name = made[0].Number, made[0].Data, "picture.png"
	default:
		var answer strings.Builder
		a, err := t.api.Ask(ctx, client.ModelPrompt{Model: t.Model, Text: t.prompt, Account: playgroundAccount, Function: t.Function}, func(piece string) error {
			answer.WriteString(piece)
			return nil
		})
		if err != nil {
			return err
		}
		t.Number, t.Answer, s.Code = a.Number, answer.String(), answer.String()
	}
	s.State = trialState("passed")
	s.Facts = []fact{{"content-number", ident(t.Number).to("/content/" + escaped(t.Number))}, {"model", ident(t.Model)}}
	return nil
}

// marks has what was made put into a file with notice and label, where it is not in one already.
func (t *trying) marks(ctx context.Context, s *trialStep) error {
	var file *client.Content
	var err error
	switch {
	case t.made != nil:
	case t.Answer != "":
		t.name = "answer.md"
		file, err = t.api.Export(ctx, client.Export{Number: t.Number, Format: "md", Text: t.Answer, Account: playgroundAccount})
	default:
		file, err = t.api.Label(ctx, client.Order{Function: "other", Account: playgroundAccount, Use: t.Function, Name: t.name}, bytes.NewReader(t.file))
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
