package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/wire"
	"github.com/colophon-project/colophon/staff"
)

// screened is the largest body of a request for a judgement, in bytes.
const screened = 16 << 20

// Screener judges what somebody asks of a function, or what it made, and takes the consequences.
type Screener interface {
	// Judge judges an item for an account of the provider; an empty account is nobody's.
	Judge(ctx context.Context, by production.By, account string, item screen.Item) (screening.Outcome, error)
	// JudgeFile judges a file of any size as the one part of an item.
	JudgeFile(ctx context.Context, by production.By, account string, item screen.Item, name string, body io.Reader) (screening.Outcome, error)
}

// ScreenFinding is one thing that a check saw.
type ScreenFinding struct {
	Check     string  `json:"check" doc:"Which check saw it: keyword, rule, pattern, digest, picture, person, source-unit, or classifier: and its name." example:"keyword"`
	Feature   string  `json:"feature,omitempty" doc:"Feature of the library; of a classifier its own name for what it saw." example:"zh-fraud-0001"`
	Category  string  `json:"category" doc:"Category of the taxonomy." example:"fraud"`
	Level     string  `json:"level" enum:"allow,note,review,block" doc:"How much it weighs."`
	How       string  `json:"how,omitempty" doc:"Of a keyword: plain, sound, loose, or spread over messages." example:"plain"`
	Part      string  `json:"part" doc:"In which part." example:"messages.0"`
	Start     int64   `json:"start" doc:"Where it begins, in bytes of the part."`
	End       int64   `json:"end" doc:"Where it ends; equal to start where it has no place."`
	RuneStart int64   `json:"rune_start" doc:"Where it begins, in characters (Unicode code points). Negative where it began in an earlier message."`
	RuneEnd   int64   `json:"rune_end" doc:"Where it ends, in characters."`
	Score     float64 `json:"score,omitempty" doc:"From a classifier, 0 to 1."`
	Distance  int     `json:"distance,omitempty" doc:"From a picture of the library, in bits of 256."`
}

// ScreenRun is what became of one check.
type ScreenRun struct {
	Check        string    `json:"check" doc:"Check."`
	Part         string    `json:"part,omitempty" doc:"Part; absent for all that the check reads."`
	Outcome      string    `json:"outcome" enum:"ran,not-run,error,bypassed" doc:"Whether it was made."`
	Version      string    `json:"version,omitempty" doc:"Version of the library or of the template."`
	Model        string    `json:"model,omitempty" doc:"Model that answered."`
	Reason       *Sentence `json:"reason,omitempty" doc:"Why it was not made."`
	Microseconds int64     `json:"microseconds" doc:"How long it took."`
	Cached       bool      `json:"cached,omitempty" doc:"The answer is that of an earlier question with the same content."`
}

// ScreenJudgement is what was found and decided.
type ScreenJudgement struct {
	ID       string            `json:"id" doc:"Identifier of the judgement and of its record."`
	At       time.Time         `json:"at" doc:"When."`
	Action   string            `json:"action" enum:"allow,label,limit,review,refuse" doc:"What the policy decided. With review the content waits for a person and must not pass before."`
	Verdict  string            `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed only where every check that had to run did, and nothing was limited, held or refused."`
	Findings []ScreenFinding   `json:"findings" nullable:"false" doc:"What the checks saw."`
	Runs     []ScreenRun       `json:"runs" nullable:"false" doc:"What became of each check."`
	Rows     []string          `json:"rows" nullable:"false" doc:"Rows of the policy that decided, each once."`
	Unknown  []string          `json:"unknown,omitempty" nullable:"false" doc:"Categories that nothing could be told of."`
	Open     []string          `json:"open,omitempty" nullable:"false" doc:"Of them, those that the policy let pass."`
	Help     []string          `json:"help,omitempty" nullable:"false" doc:"Names of what the person is to be told in addition."`
	Library  string            `json:"library" doc:"Version of the feature library."`
	Policy   string            `json:"policy" doc:"Version of the policy."`
	Clauses  []colophon.Clause `json:"clauses" nullable:"false" doc:"Clauses that it rests on."`
	Held     string            `json:"held,omitempty" doc:"Identifier of the held item, where it waits for a person."`
	Duty     string            `json:"report_duty,omitempty" doc:"Identifier of the report duty, where illegal content was found."`
}

func viewJudgement(say *locale.Printer, o screening.Outcome) ScreenJudgement {
	v := ScreenJudgement{ID: o.ID, At: o.At, Action: o.Action.String(), Verdict: o.Verdict.String(), Findings: []ScreenFinding{}, Runs: []ScreenRun{}, Rows: []string{},
		Open: o.Decision.Open, Help: o.Decision.Help, Library: o.Library, Policy: o.Policy, Clauses: append([]colophon.Clause{}, o.Clauses...), Held: o.Held, Duty: o.Duty}
	for _, f := range o.Findings {
		v.Findings = append(v.Findings, ScreenFinding{f.Check, f.Feature, string(f.Category), f.Level.String(), f.How, f.Part, f.Start, f.End, f.RuneStart, f.RuneEnd, f.Score, f.Distance})
	}
	for _, r := range o.Runs {
		v.Runs = append(v.Runs, ScreenRun{r.Check, r.Part, string(r.Outcome), r.Version, r.Model, sentence(say, r.Reason, nil), r.Took.Microseconds(), r.Cached})
	}
	seen := map[string]bool{"": true}
	for _, row := range o.Decision.Rows {
		if !seen[row] {
			seen[row] = true
			v.Rows = append(v.Rows, row)
		}
	}
	unknown := map[string]bool{}
	for _, f := range o.Facts {
		if f.Level == policy.LevelUnknown && !unknown[f.Category] {
			unknown[f.Category] = true
			v.Unknown = append(v.Unknown, f.Category)
		}
	}
	return v
}

// ScreenPart is a piece of what is to be judged.
type ScreenPart struct {
	Name string `json:"name" minLength:"1" maxLength:"128" pattern:"^\\P{Cc}*$" patternDescription:"no control characters" doc:"Where it stands, once in a request." example:"messages.0"`
	By   string `json:"by,omitempty" maxLength:"64" doc:"Who speaks. Parts of one speaker are read on from each other." example:"user"`
	Text string `json:"text,omitempty" doc:"Text; or else data."`
	Data []byte `json:"data,omitempty" doc:"A file in base64."`
}

func (p ScreenPart) part() screen.Part {
	part := screen.Part{Name: p.Name, By: p.By, Text: p.Text}
	if len(p.Data) > 0 {
		part.Media = &screen.Media{Source: media.Memory(p.Data)}
	}
	return part
}

type screenInput struct {
	Account accountName `header:"Colophon-Account" maxLength:"768" doc:"Your own identifier of the account, percent-encoded; it becomes a pseudonym at once."`
	Body    struct {
		Surface      screen.Surface `json:"surface" enum:"input,output,upload" doc:"From where the content comes: what somebody asks of a function, what it made, or a file that somebody brings."`
		Class        string         `json:"class,omitempty" maxLength:"64" pattern:"^[0-9A-Za-z._:/-]*$" patternDescription:"letters, digits and -._:/" doc:"Class of the account, as the policy knows it." example:"verified"`
		Service      string         `json:"service,omitempty" maxLength:"64" doc:"Service."`
		Function     string         `json:"function,omitempty" maxLength:"64" pattern:"^([0-9a-z][0-9a-z._-]*)?$" patternDescription:"lower-case letters, digits and ._-" doc:"Function." example:"dialogue"`
		Conversation string         `json:"conversation,omitempty" maxLength:"128" doc:"Your own opaque name of the conversation: what is spread over its messages is found."`
		Parts        []ScreenPart   `json:"parts" nullable:"false" minItems:"1" maxItems:"1024" doc:"What is judged; at most 64 of them files."`
		Context      []ScreenPart   `json:"context,omitempty" nullable:"false" maxItems:"1024" doc:"What was said before: shown to classifiers, not judged again."`
	}
}

type screenOutput struct{ Body ScreenJudgement }

func (s *server) screen(ctx context.Context, in *screenInput) (*screenOutput, error) {
	item := screen.Item{Surface: in.Body.Surface, Class: in.Body.Class, Service: in.Body.Service, Function: in.Body.Function, Conversation: in.Body.Conversation}
	for _, p := range in.Body.Parts {
		item.Parts = append(item.Parts, p.part())
	}
	for _, p := range in.Body.Context {
		item.Context = append(item.Context, p.part())
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	who := askerOf(ctx)
	if err := who.mayOf(staff.ScreenUse, item.Service, item.Function); err != nil {
		return nil, err
	}
	if account == "" && item.Conversation != "" { // nobody's conversations are those of whoever asks, not of all together
		item.Conversation = who.by.ID + "/" + item.Conversation
	}
	out, err := s.Screener.Judge(ctx, who.by, account, item)
	return &screenOutput{viewJudgement(printer(who.language), out)}, err
}

type screenFileInput struct {
	Upload
	Account  accountName    `header:"Colophon-Account" maxLength:"768" doc:"Your own identifier of the account, percent-encoded; it becomes a pseudonym at once."`
	Surface  screen.Surface `query:"surface" enum:"input,output,upload" default:"upload" doc:"From where the file comes."`
	Class    string         `query:"class" maxLength:"64" pattern:"^[0-9A-Za-z._:/-]*$" patternDescription:"letters, digits and -._:/" doc:"Class of the account, as the policy knows it."`
	Service  string         `query:"service" maxLength:"64" doc:"Service."`
	Function string         `query:"function" maxLength:"64" pattern:"^([0-9a-z][0-9a-z._-]*)?$" patternDescription:"lower-case letters, digits and ._-" doc:"Function."`
}

// screenFile judges one file of any size.
func (s *server) screenFile(ctx context.Context, in *screenFileInput) (*screenOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	who := askerOf(ctx)
	if err := who.mayOf(staff.ScreenUse, in.Service, in.Function); err != nil {
		return nil, err
	}
	item := screen.Item{Surface: in.Surface, Class: in.Class, Service: in.Service, Function: in.Function}
	out, err := s.Screener.JudgeFile(ctx, who.by, account, item, in.Name, body)
	return &screenOutput{viewJudgement(printer(who.language), out)}, err
}

// Foreign is the input of operations that speak the shape of somebody else, who may add fields to it.
type Foreign struct {
	Account accountName `header:"Colophon-Account" maxLength:"768" doc:"Your own identifier of the account, percent-encoded; it becomes a pseudonym at once."`

	body []byte
}

// Resolve takes the body; huma calls it.
func (in *Foreign) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return []error{err}
	}
	in.body = text
	return nil
}

// text is the body. Broken characters are no text: what is judged would not be what was sent.
func (in *Foreign) text() ([]byte, error) {
	if !utf8.Valid(in.body) {
		return nil, refuse(colophon.Invalid, CodeBody)
	}
	return in.body, nil
}

type moderationsInput struct {
	Foreign
	Surface screen.Surface `header:"Colophon-Surface" enum:"input,output,upload" default:"input" doc:"From where the content comes."`
}

// moderations answers as OpenAI's POST /v1/moderations does. Each input is judged by itself.
func (s *server) moderations(ctx context.Context, in *moderationsInput) (*stream, error) {
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	req, err := wire.ParseModeration(text)
	if err != nil {
		return nil, err
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	var results []wire.ModerationResult
	for _, input := range req.Inputs {
		out, err := s.Screener.Judge(ctx, askerOf(ctx).by, account, screen.Item{Surface: in.Surface, Parts: input.Parts})
		if err != nil {
			return nil, err
		}
		results = append(results, input.Result(out.Judgement))
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, req.Answer("colophon", results))
	}), nil
}

type guardrailInput struct{ Foreign }

// guardrail answers as LiteLLM's generic guardrail API does.
func (s *server) guardrail(ctx context.Context, in *guardrailInput) (*stream, error) {
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	req, err := wire.ParseGuardrail(text)
	if err != nil {
		return nil, err
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	who := askerOf(ctx)
	item := screen.Item{Surface: req.Surface(), Parts: req.Parts()}
	answer := wire.GuardrailAnswer{Action: wire.GuardrailNone} // there is nothing in it to judge
	if len(item.Parts) > 0 {
		out, err := s.Screener.Judge(ctx, who.by, account, item)
		if err != nil {
			return nil, err
		}
		answer = req.Answer(out.Judgement, printer(who.language).Code(CodeNotPassed, colophon.Args{"judgement": out.ID}))
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, answer) }), nil
}

// CodeNotPassed tells whoever asked a guardrail that content does not pass. Arg "judgement".
const CodeNotPassed colophon.Code = "screen-not-passed"
