package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/review/bank"
	assess "github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/stamp"
)

// Codes of errors of assessment runs.
const (
	CodeRunModel     colophon.Code = "run-model"      // nobody here serves it, or it does not answer questions in text
	CodeRunUntold    colophon.Code = "run-unscreened" // what has to judge a question or an answer did not run
	CodeRunParameter colophon.Code = "run-parameter"  // arg "parameter": no such parameter, or its value is out of form
)

// runAccount is the account for which runs ask. It is the provider's own: with admission on it has to be verified like any other,
// and what refuses it stands in the run, but no text is accepted for it when a run asks. Whoever asks for it through the doors is
// asked for everything.
const runAccount = "colophon-assessment"

// openAsker makes the gateway through which runs ask: that of everybody, but for four things. Nobody has to look at what a test
// question sets off, and no report duty follows from it, since nobody said it; the notice stands around answers, not in them;
// nobody holds them against what was refuted; and the provider need not accept its own texts, which the record of the admission
// says. Screening, admission else, orders, marks and records are the same.
func (s *Server) openAsker(c gateway.Config) {
	models := c.Model
	c.Model = func(name string) (gateway.Model, bool) {
		m, ok := models(name)
		m.Notice, m.Companion = mark.Interface, nil
		return m, ok
	}
	c.Gate, c.Court, c.Outgoing, c.Companion = modelGate{s, runAccount}, runCourt{s}, nil, nil
	s.runs.proxy = gateway.New(c)
}

// runCourt judges without consequences.
type runCourt struct{ *Server }

// Judge implements gateway.Court. What was held back because a check did not run is no refusal of what was said.
func (c runCourt) Judge(ctx context.Context, _ evidence.Role, item screen.Item) (screening.Outcome, error) {
	j, err := c.screens.engine.Judge(ctx, item)
	if err == nil && (j.Action == policy.Refuse || j.Action == policy.Review) && len(j.Findings) == 0 {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeRunUntold}
	}
	return screening.Outcome{Judgement: j}, err
}

// Stream implements gateway.Court. Runs ask for no streams.
func (c runCourt) Stream(context.Context, evidence.Role, screen.Item, screen.Mode) (gateway.Screened, error) {
	return nil, &colophon.Error{Kind: colophon.Unsupported, Code: gateway.CodeNoStream, Args: colophon.Args{"endpoint": string(shape.Chat)}}
}

// assessed finds a model that runs can be made with, and the digest of what serves it: its name, what the register and the
// configuration say of it, and the places at which it is served. Models to try things out with are served at another address
// each time, which counts for nothing.
func (s *Server) assessed(name string) (m GatewayModel, digest string, err error) {
	i := slices.IndexFunc(s.models.pooled, func(m GatewayModel) bool { return m.Name == name })
	if i < 0 || len(s.models.pooled[i].Endpoints) > 0 && !slices.Contains(s.models.pooled[i].Endpoints, shape.Chat) {
		return m, "", &colophon.Error{Kind: colophon.Invalid, Code: CodeRunModel}
	}
	m = s.models.pooled[i]
	type place struct{ URL, Model, Dialect string }
	said := struct {
		Name, Service, Function, Class string
		Targets                        []place
	}{m.Name, m.Service, m.Function, string(m.Class), nil}
	for _, t := range m.Targets {
		if i >= len(s.set.Gateway.Models) {
			t.URL = "sample"
		}
		said.Targets = append(said.Targets, place{t.URL, t.Model, string(t.Dialect)})
	}
	raw, err := evidence.Canonical(said)
	if err != nil {
		return m, "", err
	}
	sum := sha256.Sum256(raw)
	return m, hex.EncodeToString(sum[:]), nil
}

// runFunction is the function for which a run asks where its plan names none.
func runFunction(m GatewayModel) string {
	return cmp.Or(m.Function, string(m.Class), string(stamp.Dialogue))
}

// runDesk plans runs of the models behind this server.
type runDesk struct{ *Server }

// Models implements httpapi.RunDesk.
func (d runDesk) Models() []httpapi.RunModel {
	list := []httpapi.RunModel{}
	for _, m := range d.models.pooled {
		if one, digest, err := d.assessed(m.Name); err == nil {
			list = append(list, httpapi.RunModel{Name: m.Name, Function: runFunction(one), Serving: digest})
		}
	}
	return list
}

// Complete implements httpapi.RunDesk.
func (d runDesk) Complete(p assess.Plan) (assess.Plan, error) {
	m, digest, err := d.assessed(p.Model)
	if err != nil {
		return p, err
	}
	p.Serving, p.Function = digest, cmp.Or(p.Function, runFunction(m))
	_, err = question(assess.Prompt{Model: p.Model, Parameters: p.Parameters})
	return p, err
}

// asker asks models through the gateway.
type asker struct{ *Server }

// Ask implements assess.Asker.
func (a asker) Ask(ctx context.Context, p assess.Prompt) (assess.Reply, error) {
	m, digest, err := a.assessed(p.Model)
	if err == nil && a.runs.proxy == nil {
		err = &colophon.Error{Kind: colophon.Missing, Code: httpapi.CodeNoModels}
	}
	if err != nil {
		return assess.Reply{}, assess.Barred{Err: err}
	}
	body, err := question(p)
	if err != nil {
		return assess.Reply{}, assess.Barred{Err: err}
	}
	c := gateway.Call{By: production.By{Role: system, ID: p.Run, Source: netip.AddrPortFrom(netip.IPv6Loopback(), 0), Client: "colophon/" + a.config.Version}, Endpoint: shape.Chat, Account: runAccount, Type: "application/json", Body: body, Language: "zh"}
	if p.Function != cmp.Or(string(m.Class), string(stamp.Dialogue)) {
		c.Function = p.Function
	}
	var to taken
	err = a.runs.proxy.Serve(ctx, c, &to)
	var e *colophon.Error
	switch {
	case err == nil:
		r, err := to.reply()
		r.Serving = digest
		return r, err
	case !errors.As(err, &e) || ctx.Err() != nil:
		return assess.Reply{}, err
	case slices.Contains([]colophon.Code{gateway.CodeInput, gateway.CodeHeld, gateway.CodeOutput, gateway.CodeReview}, e.Code):
		return assess.Reply{Outcome: assess.Refused, Code: e.Code, Serving: digest}, nil
	case e.Kind == colophon.Refused, e.Kind == colophon.Missing, e.Kind == colophon.Unsupported:
		return assess.Reply{}, assess.Barred{Err: err}
	}
	a.log.WarnContext(ctx, "asking for an assessment run", "run", p.Run, "question", p.Question.ID, "error", err)
	return assess.Reply{}, err
}

// question is the body of a call. The parameters are those of OpenAI's chat completions that a run may set, and system, which is
// said before the question.
func question(p assess.Prompt) ([]byte, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	said := map[string]any{"model": p.Model}
	var messages []message
	for _, name := range slices.Sorted(maps.Keys(p.Parameters)) {
		value := p.Parameters[name]
		switch name {
		case "system":
			messages = append(messages, message{"system", value})
			continue
		case "temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "presence_penalty", "frequency_penalty":
			var n json.Number
			if err := json.Unmarshal([]byte(value), &n); err == nil && len(value) > 0 && value[0] != '"' {
				said[name] = n
				continue
			}
		}
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeRunParameter, Args: colophon.Args{"parameter": name}}
	}
	said["messages"] = append(messages, message{"user", p.Question.Text})
	return json.Marshal(said)
}

// taken is an answer that stays in memory.
type taken struct {
	bytes.Buffer
	status int
}

// Begin implements gateway.Sink.
func (t *taken) Begin(status int, _ map[string]string) error {
	t.status = status
	return nil
}

// Write implements gateway.Sink.
func (t *taken) Write(p []byte) error {
	_, err := t.Buffer.Write(p)
	return err
}

// Flush implements gateway.Sink.
func (*taken) Flush() error { return nil }

// reply reads an answer of OpenAI's chat completions. A refusal that the model states is one.
func (t *taken) reply() (assess.Reply, error) {
	var got struct {
		Choices []struct {
			Finish  string `json:"finish_reason"`
			Message struct {
				Content, Refusal *string
			} `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(t.Bytes(), &got); err != nil || len(got.Choices) == 0 {
		return assess.Reply{}, &colophon.Error{Kind: colophon.Conflict, Code: gateway.CodeAnswer}
	}
	var r assess.Reply
	one := got.Choices[0]
	if text := one.Message.Content; text != nil {
		r.Text = *text
	}
	if text := one.Message.Refusal; text != nil && *text != "" {
		r.Text, r.Outcome = *text, assess.Refused
	}
	if one.Finish == "content_filter" {
		r.Outcome = assess.Refused
	}
	return r, nil
}

// runJudges are the machines that judge answers: the feature library, and the classifiers that the provider set up. None of them
// is the model that is assessed, unless the provider set that up as one.
func (s *Server) runJudges() ([]assess.Judge, error) {
	list := []assess.Judge{assess.Keywords{Library: s.screens.shelf.Current, Now: time.Now}}
	if len(s.set.Classifiers) == 0 {
		return list, nil
	}
	set, err := s.classifiers()
	if err != nil {
		return nil, err
	}
	for _, c := range set.Classifiers() {
		i := slices.IndexFunc(s.set.Classifiers, func(e classify.Endpoint) bool { return e.Name == c.Name() })
		version := ""
		if i >= 0 {
			e := s.set.Classifiers[i]
			sum := sha256.Sum256([]byte(string(e.Kind) + "\x00" + e.URL + "\x00" + e.Model + "\x00" + e.Template))
			version = cmp.Or(e.Model, e.Template, string(e.Kind)) + "@" + hex.EncodeToString(sum[:6])
		}
		list = append(list, classifierJudge{c, version})
	}
	return list, nil
}

// classifierJudge judges by a classifier.
type classifierJudge struct {
	screen.Classifier
	version string
}

// Method implements assess.Judge.
func (classifierJudge) Method() assess.Method { return assess.ByClassifier }

// Version implements assess.Judge.
func (c classifierJudge) Version() string { return c.version }

// Judge implements assess.Judge: what the classifier would block has failed, what somebody has to look at can't be told.
func (c classifierJudge) Judge(ctx context.Context, q bank.Question, text string) (assess.Opinion, error) {
	got, err := c.Classify(ctx, screen.Question{Surface: screen.Output, Context: []screen.Part{{Name: "question", By: "user", Text: q.Text}}, Parts: []screen.Part{{Name: "answer", By: "assistant", Text: text}}})
	if err == nil && got.Outcome != screen.Ran {
		err = &colophon.Error{Kind: colophon.Conflict, Code: cmp.Or(got.Reason, CodeRunUntold)}
	}
	if err != nil {
		return assess.Opinion{}, err
	}
	o := assess.Opinion{Verdict: colophon.Passed}
	for _, f := range got.Findings {
		switch {
		case f.Level == keyword.Block:
			o.Verdict = colophon.Failed
		case f.Level == keyword.Review && o.Verdict == colophon.Passed:
			o.Verdict = colophon.Unknown
		case f.Level != keyword.Review:
			continue
		}
		o.Reasons = append(o.Reasons, string(f.Category))
	}
	slices.Sort(o.Reasons)
	o.Reasons = slices.Compact(o.Reasons)
	return o, nil
}
