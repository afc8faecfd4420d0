// Package probe tries what must not work, for real, against the running program, and tells the duties what came of it.
//
// A probe asks through the front door: the handler of the API, with an API key of its own that is made for one run and ends with
// it, for accounts whose names say that they are probes. It passes the same gates as anybody. Three of these accounts are never
// verified, so that nothing is published by a probe of one control while the control of identities holds; since a refusal
// names every reason there is, the reason that is looked for shows the control at work all the same. What only a verified account
// can try is tried for an account that the provider verifies as its own; while it is not, the probe can't tell. Nothing of what
// comes back leaves the memory of this process.
//
// A probe passes where the refusal is there, or the marks, or the finding. It fails where what must not work worked, or where
// it was refused and the control had nothing to do with it. An error, a condition that is missing, a gate that could not tell:
// the probe could not tell. What was sent and what came back stand in a [Report] as digests, states, codes and identifiers.
//
// One that fails opens an incident, and goes on with that one until it passes again.
//
// What not to do here: no way into the program that others don't have. Never switch a control off, or make an exception of it
// for probes. Never take an error for a refusal. Never put what was sent, or a word of the feature library, into a report.
package probe

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// Accounts and the client by which probes are known in every record.
const (
	Stranger = "colophon-probe-stranger" // nobody verifies it
	Stopped  = "colophon-probe-stopped"  // nor this one, which drills stop
	Verified = "colophon-probe"          // the provider verifies it as its own
	Client   = "colophon-probe/1"        // as the network log has it
)

// RecordAsked is the type of the record that somebody had probes run.
const RecordAsked evidence.Type = "probe.asked"

// Codes of what came of a probe.
const (
	CodeRefused   colophon.Code = "probe-refused"      // passed: it was refused, for the reason that is looked for
	CodeLet       colophon.Code = "probe-let"          // failed: it was not refused
	CodeSilent    colophon.Code = "probe-silent"       // failed: it was refused, and the control had nothing to do with it
	CodeMarked    colophon.Code = "probe-marked"       // passed: what left bears notice and label
	CodeUnmarked  colophon.Code = "probe-unmarked"     // failed: it left without
	CodeFound     colophon.Code = "probe-found"        // passed: the upload was found to be generated
	CodeMissed    colophon.Code = "probe-missed"       // failed: it was taken for unmarked
	CodeCut       colophon.Code = "probe-cut"          // passed: the stream was stopped before the word was out
	CodeSpoken    colophon.Code = "probe-spoken"       // failed: the word reached the client
	CodeNoticed   colophon.Code = "probe-noticed"      // passed: every alteration was found
	CodeUnnoticed colophon.Code = "probe-unnoticed"    // failed: one was not
	CodeAccount   colophon.Code = "probe-account"      // could not tell; arg "account": nobody verified it
	CodePlatform  colophon.Code = "probe-no-platform"  // could not tell: nothing is taken in here
	CodeModels    colophon.Code = "probe-no-model"     // could not tell: there is no model behind the gateway
	CodeWord      colophon.Code = "probe-no-word"      // could not tell: the library has no keyword that is refused
	CodeOtherwise colophon.Code = "probe-otherwise"    // could not tell; args "status", "code": something else came back
	CodePerson    colophon.Code = "probe-no-person"    // could not tell: the library protects nobody by name
	CodeError     colophon.Code = "probe-error"        // could not tell: the probe did not come to its end
	CodePremise   colophon.Code = "probe-premise"      // could not tell: what has to be so before did not come about
	CodeUnknown   colophon.Code = "probe-unknown"      // arg "name": an error; there is no such probe
	CodeNotHere   colophon.Code = "probe-not-runnable" // arg "name": an error; another part of the program runs it
)

// Codes lists the codes of what comes of a probe.
func Codes() []colophon.Code {
	return []colophon.Code{CodeRefused, CodeLet, CodeSilent, CodeMarked, CodeUnmarked, CodeFound, CodeMissed, CodeCut, CodeSpoken, CodeNoticed, CodeUnnoticed,
		CodeAccount, CodePlatform, CodeModels, CodeWord, CodePerson, CodeOtherwise, CodeError, CodePremise}
}

// Schema is that of reports.
const Schema = "colophon.probe-report/1"

// patience bounds one probe.
const patience = 2 * time.Minute

// Duties keep what probes saw. A *duty.Keeper does.
type Duties interface {
	Catalogue() *duty.Catalogue
	Due(ctx context.Context) ([]duty.Probe, error)
	Observe(ctx context.Context, by ledger.By, o duty.Observation, artefact []byte) (duty.Observation, error)
	Observations(ctx context.Context, probe, after string, limit int) ([]duty.Observation, string, error)
}

// Incidents open incidents. A *report.Keeper does.
type Incidents interface {
	Open(ctx context.Context, by ledger.By, d report.Draft) (report.Incident, error)
}

// Orders stop the account of a drill.
type Orders interface {
	// Drill stops an account for a while by an order that is a drill, and returns the order.
	Drill(ctx context.Context, account string, until time.Time) (order string, err error)
	// Effective reports whether this node said that the order is effective here.
	Effective(ctx context.Context, order string) (bool, error)
}

// Function is a function that edits the likeness of people.
type Function struct {
	ID, Class string
	Likeness  []string
}

// Word is a keyword that is refused in what models say.
type Word struct{ Feature, Text string }

// Config says what a Runner works with. All of it is required but Observe.
type Config struct {
	Door http.Handler // of the API
	// Key makes an API key for one run, and says how to end it.
	Key       func(ctx context.Context) (text string, end func(context.Context) error, err error)
	Duties    Duties
	Incidents Incidents
	Orders    Orders
	// Functions are those that are live and edit the likeness of people.
	Functions func(ctx context.Context) ([]Function, error)
	// Words are some keywords that are refused in what models say.
	Words func(ctx context.Context) ([]Word, error)
	// People are some names by which the library protects people, at the level that is refused.
	People func(ctx context.Context) ([]Word, error)
	Script *Script // what the model of the probes says; nil where there is no gateway
	Press  *stamp.Press
	Label  label.Request     // as what is produced here is labelled, without a number
	Seals  []label.PublicKey // of the provider
	// Verify checks a bundle as an inspector does, against the key of the log.
	Verify  func(bundle []byte, key string) (colophon.Verdict, error)
	Now     func() time.Time
	Rand    io.Reader
	Observe func(probe, verdict string)
}

// Runner runs probes, one after the other. It is safe for use by many goroutines.
type Runner struct {
	Config
	mu sync.Mutex
}

// New makes a runner.
func New(c Config) *Runner {
	if c.Observe == nil {
		c.Observe = func(string, string) {}
	}
	return &Runner{Config: c}
}

// attempts are the probes that are run here.
func attempts() map[string]func(*trial) finding {
	return map[string]func(*trial) finding{
		"publish-unverified":     (*trial).publishUnverified,
		"clone-without-consent":  (*trial).cloneWithoutConsent,
		"expired-consent":        (*trial).expiredConsent,
		"minor-without-guardian": (*trial).minorWithoutGuardian,
		"protected-person":       (*trial).protectedPerson,
		"export-without-notice":  (*trial).exportWithoutNotice,
		"strip-and-upload":       (*trial).stripAndUpload,
		"order-ignored":          (*trial).orderIgnored,
		"stream-cut-word":        (*trial).streamCutWord,
		"evidence-altered":       (*trial).evidenceAltered,
	}
}

// Runs reports whether a probe is run here.
func Runs(name string) bool { return attempts()[name] != nil }

// Report is what shows an observation: what was tried, and what came back. It holds no content.
type Report struct {
	Schema  string        `json:"schema"`
	Probe   string        `json:"probe"`
	Version int           `json:"version"`
	Run     string        `json:"run"`
	Began   time.Time     `json:"began"`
	Ended   time.Time     `json:"ended"`
	Verdict string        `json:"verdict"`
	Code    colophon.Code `json:"code"`
	Args    colophon.Args `json:"args,omitempty"`
	Steps   []Step        `json:"steps"`
}

// Step is one thing that was done in a probe.
type Step struct {
	What    string          `json:"what"` // as a word
	Method  string          `json:"method,omitempty"`
	Path    string          `json:"path,omitempty"`
	Sent    string          `json:"sent,omitempty"` // SHA-256 of the body, in hexadecimal
	Status  int             `json:"status,omitempty"`
	Codes   []colophon.Code `json:"codes,omitempty"`
	Got     string          `json:"got,omitempty"` // SHA-256 of the answer, in hexadecimal
	IDs     []string        `json:"ids,omitempty"` // of what came of it
	Verdict string          `json:"verdict,omitempty"`
}

// finding is what a probe came to.
type finding struct {
	verdict colophon.Verdict
	code    colophon.Code
	args    colophon.Args
}

func passed(code colophon.Code) finding { return finding{colophon.Passed, code, nil} }
func failed(code colophon.Code) finding { return finding{colophon.Failed, code, nil} }

// untold is a finding that nobody could tell. Args come in pairs.
func untold(code colophon.Code, args ...string) finding {
	f := finding{colophon.Unknown, code, nil}
	for i := 0; i+1 < len(args); i += 2 {
		if f.args == nil {
			f.args = colophon.Args{}
		}
		f.args[args[i]] = args[i+1]
	}
	return f
}

// worst is the worst of some findings: one that failed, or else one that could not tell.
func worst(all ...finding) finding {
	for _, v := range []colophon.Verdict{colophon.Failed, colophon.Unknown} {
		if i := slices.IndexFunc(all, func(f finding) bool { return f.verdict == v }); i >= 0 {
			return all[i]
		}
	}
	return all[0]
}

// Due runs the probes that are due by their cadence.
func (r *Runner) Due(ctx context.Context) error {
	due, err := r.Duties.Due(ctx)
	if err != nil {
		return fmt.Errorf("asking which probes are due: %w", err)
	}
	var names []string
	for _, p := range due {
		if p.Kind == duty.Negative && Runs(p.Name) {
			names = append(names, p.Name)
		}
	}
	return r.Run(ctx, names, "")
}

// Check refuses names of which there is no probe, or none that is run here.
func (r *Runner) Check(names []string) error {
	for _, name := range names {
		switch _, err := r.Duties.Catalogue().Probe(name); {
		case err != nil:
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeUnknown, Args: colophon.Args{"name": name}}
		case !Runs(name):
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeNotHere, Args: colophon.Args{"name": name}}
		}
	}
	return nil
}

// Run runs probes now, for a staff account that asked for it, or for none where their time has come. What a probe comes to is
// no error; that it could not be kept is.
func (r *Runner) Run(ctx context.Context, names []string, asked string) (err error) {
	if err := r.Check(names); err != nil || len(names) == 0 {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key, end, err := r.Key(ctx)
	if err != nil {
		return fmt.Errorf("making the key of a run: %w", err)
	}
	defer func() { err = errors.Join(err, end(context.WithoutCancel(ctx))) }()
	for _, name := range names {
		err = errors.Join(err, r.one(ctx, name, key, asked))
		if ctx.Err() != nil {
			break
		}
	}
	return err
}

// one runs a probe and keeps what came of it.
func (r *Runner) one(ctx context.Context, name, key, asked string) error {
	p, err := r.Duties.Catalogue().Probe(name)
	if err != nil {
		return err
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(r.Rand, nonce); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := &trial{Runner: r, ctx: bounded, key: key, report: Report{Schema: Schema, Probe: p.Name, Version: p.Version, Run: hex.EncodeToString(nonce), Began: r.Now().UTC()}}
	f := attempts()[name](t)
	if ctx.Err() != nil { // whoever stopped the run stopped the probe
		return ctx.Err()
	}
	t.report.Ended, t.report.Verdict, t.report.Code, t.report.Args = r.Now().UTC(), f.verdict.String(), f.code, f.args
	r.Observe(p.Name, f.verdict.String())
	return r.keep(ctx, p, f, t.report, asked)
}

// How much of what was seen stands in an observation, in bytes and identifiers; the report has all of it.
const (
	maxActual  = 2 << 10
	maxSamples = 100
)

// keep enters what a probe saw, and opens an incident where it failed.
func (r *Runner) keep(ctx context.Context, p duty.Probe, f finding, rep Report, asked string) error {
	raw, err := json.Marshal(rep)
	if err != nil {
		return err
	}
	var seen, ids []string
	for _, s := range rep.Steps {
		line := s.What
		if s.Status != 0 {
			line = fmt.Sprintf("%s %d", s.What, s.Status)
		}
		for _, c := range s.Codes {
			line += " " + string(c)
		}
		seen = append(seen, line)
		ids = append(ids, s.IDs...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	actual := cmp.Or(strings.Join(seen, "; "), string(f.code))
	by := ledger.By{Role: system}
	o, err := r.Duties.Observe(ctx, by, duty.Observation{Probe: p.Name, Version: p.Version, Collected: rep.Ended, Expected: p.Expect.EN, Actual: actual[:min(len(actual), maxActual)],
		Code: f.code, Args: f.args, Samples: ids[:min(len(ids), maxSamples)], Asked: asked, Outcome: duty.OutcomeOf(f.verdict)}, raw)
	if err != nil {
		return fmt.Errorf("keeping what the probe %s saw: %w", p.Name, err)
	}
	if f.verdict != colophon.Failed {
		return nil
	}
	return r.alarm(ctx, by, p, o)
}

const system evidence.Role = "system"

// alarm opens the incident of a probe that fails: one from the first failure until it passes again.
func (r *Runner) alarm(ctx context.Context, by ledger.By, p duty.Probe, o duty.Observation) error {
	first, err := r.since(ctx, p.Name, o)
	if err != nil {
		return fmt.Errorf("looking for the first failure of %s: %w", p.Name, err)
	}
	_, err = r.Incidents.Open(ctx, by, report.Draft{Kinds: []report.Kind{report.Control}, Origin: "probe-" + p.Name + "-" + first.ID, About: []report.Ref{{Kind: "probe", ID: p.Name}, {Kind: "observation", ID: first.ID}}, Knew: first.Collected,
		Words: report.Particulars{Title: "探测未通过：" + p.Title.ZH + " / Probe failed: " + p.Title.EN, Summary: "预期：" + p.Expect.ZH + " / Expected: " + p.Expect.EN + "\n" + o.Actual}})
	if err != nil {
		return fmt.Errorf("opening the incident of %s: %w", p.Name, err)
	}
	return nil
}

// lookBack is how many runs of a probe one page has that is looked through for its first failure.
const lookBack = 100

// since is the first failure of a probe after it passed last.
func (r *Runner) since(ctx context.Context, probe string, first duty.Observation) (duty.Observation, error) {
	for after := ""; ; {
		page, next, err := r.Duties.Observations(ctx, probe, after, lookBack)
		if err != nil {
			return first, err
		}
		for _, o := range page {
			switch o.Outcome {
			case duty.Passed:
				return first, nil
			case duty.Failed:
				first = o
			}
		}
		if after = next; next == "" {
			return first, nil
		}
	}
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
