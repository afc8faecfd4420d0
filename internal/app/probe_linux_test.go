package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/review/bank"
	assess "github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// breaker switches one control off while a server runs.
type breaker struct {
	off    atomic.Pointer[string]
	server atomic.Pointer[Server]
}

func (b *breaker) is(control string) bool { off := b.off.Load(); return off != nil && *off == control }

// without runs something while a control is off.
func (b *breaker) without(control string, do func()) {
	b.off.Store(&control)
	defer b.off.Store(nil)
	do()
}

// weakened is the assembly in which the controls can be switched off.
func (b *breaker) weakened() weakened {
	return weakened{
		admit: func(next admitter) admitter {
			return func(ctx context.Context, a production.Asked) (context.Context, func(), error) {
				switch {
				case b.is("identity"), b.is("orders"): // as if it were somebody who may
					subject, err := b.server.Load().accounts.Subject(ctx, probe.Verified)
					if err != nil {
						return nil, nil, err
					}
					a.Subject = subject
				case b.is("consent"): // as if nobody were in it
					a.Use.Depicted, a.Use.Consents, a.Use.Function = 0, nil, ""
				}
				return next(ctx, a)
			}
		},
		line:      func(l httpapi.Line) httpapi.Line { return noticeless{l, b} },
		detectors: func(list []intake.Detector) []intake.Detector { return blind(b, list) },
		stream: func(next streamer) streamer {
			return func(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
				if b.is("stream") {
					return deaf{}, nil
				}
				return next(ctx, role, item, mode)
			}
		},
		judge: func(next judger) judger {
			return func(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error) {
				if b.is("people") && probe.Own(ctx) {
					return screening.Outcome{Judgement: screen.Judgement{Verdict: colophon.Passed, Action: policy.Allow}}, nil
				}
				return next(ctx, role, item)
			}
		},
		door: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if b.is("guardian") && r.URL.Path == "/v1/consents" { // as if everybody were of age
					raw, err := io.ReadAll(r.Body)
					if err != nil {
						http.Error(w, err.Error(), http.StatusBadRequest)
						return
					}
					raw = bytes.Replace(raw, []byte(`"minor"`), []byte(`"adult"`), 1)
					r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
				}
				next.ServeHTTP(w, r)
			})
		},
		verify: func(next verifier) verifier {
			return func(bundle []byte, key string) (colophon.Verdict, error) {
				if b.is("verify") {
					return colophon.Passed, nil
				}
				return next(bundle, key)
			}
		},
	}
}

// noticeless is a line that hands out what bears the label alone.
type noticeless struct {
	httpapi.Line
	*breaker
}

func (n noticeless) Open(ctx context.Context, by production.By, number artefact.Number, how artefact.Channel) (*production.Content, error) {
	c, err := n.Line.Open(ctx, by, number, how)
	if err != nil || !n.is("notice") {
		return c, err
	}
	defer c.File.Close()
	var picture, marked bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 512, 384))); err != nil {
		return nil, err
	}
	s, src := n.server.Load(), media.Memory(picture.Bytes())
	press := stamp.Press{Unmarked: true}
	plan, err := press.Prepare(ctx, src, stamp.Request{Choice: stamp.None, Label: label.Request{Options: label.Options{Name: "probe.png"}, Key: s.keys.Seal, Rand: rand.Reader,
		Fields: label.Fields{Label: label.Belongs, ContentProducer: trial, ProduceID: string(number)}}})
	if err == nil {
		err = plan.Edit.Apply(&marked, src)
	}
	c.File = inMemory{bytes.NewReader(marked.Bytes())}
	return c, err
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// unseeing is a detector that sees nothing while it is switched off.
type unseeing struct {
	intake.Detector
	*breaker
}

func (u unseeing) Detect(ctx context.Context, s intake.Sample) (intake.Sighting, error) {
	if u.is("intake") {
		return intake.Sighting{Code: intake.ReasonNoticeShown}, nil
	}
	return u.Detector.Detect(ctx, s)
}

func blind(b *breaker, list []intake.Detector) (out []intake.Detector) {
	for _, d := range list {
		out = append(out, unseeing{d, b})
	}
	return out
}

// deaf lets everything out that a model says.
type deaf struct{}

func (deaf) Append(text string) (string, error) { return text, nil }
func (deaf) Held() int                          { return 0 }
func (deaf) Close(context.Context) (string, screening.Outcome, error) {
	return "", screening.Outcome{Judgement: screen.Judgement{Verdict: colophon.Passed}}, nil
}

// saw is what a probe saw last.
func (h *hands) saw(name string) duty.Observation {
	h.Helper()
	list, _, err := h.server.duties.Observations(h.Context(), name, "", 1)
	h.must(err)
	if len(list) == 0 {
		h.Fatalf("%s saw nothing", name)
	}
	return list[0]
}

// probing runs a probe and wants it to come to something.
func (h *hands) probing(name string, want duty.Outcome, code colophon.Code) duty.Observation {
	h.Helper()
	h.must(h.server.probes.Run(h.Context(), []string{name}, ""))
	o := h.saw(name)
	if o.Outcome != want || o.Code != code || o.Void != "" {
		h.Errorf("%s: %s %s %v %s: %s", name, o.Outcome, o.Code, o.Args, o.Void, o.Actual)
	}
	return o
}

// incidentsOf are the incidents of a probe.
func (h *hands) incidentsOf(name string) int {
	h.Helper()
	list, _, err := h.server.incidents.Incidents(h.Context(), report.Query{About: report.Ref{Kind: "probe", ID: name}, Limit: 100})
	h.must(err)
	for _, v := range list {
		if v.State != report.Open || !slices.Equal(v.Kinds, []report.Kind{report.Control}) || !strings.HasPrefix(v.Origin, "probe-"+name+"-") {
			h.Errorf("%+v", v)
		}
	}
	return len(list)
}

// TestProbes has a server try what must not work. Every probe passes while the controls are on, and each is shown failing when
// its control is switched off; a failure opens one incident until the probe passes again. What a verified account is needed for
// can't be told before there is one. Nothing follows from a probe for anybody, and its key is gone after it.
func TestProbes(t *testing.T) {
	t.Parallel()
	b := &breaker{}
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, map[string]string{"admission": "on", "starter-library": "on", "platform": trialPlatform})
	d.set.Gateway.Models = []GatewayModel{{Name: "sage", Targets: []GatewayTarget{{URL: newOracle(t).URL + "/v1", Model: "own"}}}}
	d.set.weak = b.weakened()
	d.start()
	b.server.Store(d.server)
	h := &hands{deployment: d}
	actor := h.join()
	h.first = h.signIn("officer")
	for _, name := range []string{"export-without-notice", "stream-cut-word"} {
		if o := h.probing(name, duty.Untold, probe.CodeAccount); o.Args["account"] != probe.Verified {
			t.Errorf("%v", o.Args)
		}
	}
	h.protects("probed protected name")
	h.as("", "POST", "/v1/accounts:attest", object{"account": probe.Verified, "level": "organisation", "method": "uscc", "provider": "own-registration", "transaction": "rv-probe", "at": time.Now().UTC(),
		"claim": object{"kind": "uscc", "number": "91330100799655058B", "name": "示例服务提供者"}}, 201, nil)

	var run struct {
		Job    string
		Probes []string
	}
	h.as(h.first, "POST", "/v1/probes:run", object{}, 202, &run)
	h.until("/v1/jobs/"+run.Job, func(_ int, body []byte) bool { return bytes.Contains(body, []byte(`"state":"done"`)) })
	controls := map[string]struct {
		control        string
		passes, failed colophon.Code
	}{
		"publish-unverified":     {"identity", probe.CodeRefused, probe.CodeLet},
		"clone-without-consent":  {"consent", probe.CodeRefused, probe.CodeSilent},
		"expired-consent":        {"consent", probe.CodeRefused, probe.CodeSilent},
		"minor-without-guardian": {"guardian", probe.CodeRefused, probe.CodeLet},
		"protected-person":       {"people", probe.CodeRefused, probe.CodeLet},
		"export-without-notice":  {"notice", probe.CodeMarked, probe.CodeUnmarked},
		"strip-and-upload":       {"intake", probe.CodeFound, probe.CodeMissed},
		"order-ignored":          {"orders", probe.CodeRefused, probe.CodeLet},
		"stream-cut-word":        {"stream", probe.CodeCut, probe.CodeSpoken},
		"evidence-altered":       {"verify", probe.CodeNoticed, probe.CodeUnnoticed},
	}
	if len(run.Probes) != len(controls) {
		t.Errorf("%v", run.Probes)
	}
	for name, c := range controls {
		o := h.saw(name)
		if o.Outcome != duty.Passed || o.Asked == "" || o.Void != "" || h.incidentsOf(name) != 0 {
			t.Errorf("%s: %s %s %v: %s", name, o.Outcome, o.Code, o.Args, o.Actual)
		}
		h.reported(o)
		b.without(c.control, func() { h.probing(name, duty.Failed, c.failed) })
		if n := h.incidentsOf(name); n != 1 {
			t.Errorf("%s: %d incidents", name, n)
		}
	}
	name := "strip-and-upload"
	b.without("intake", func() { h.probing(name, duty.Failed, probe.CodeMissed) })
	if n := h.incidentsOf(name); n != 1 {
		t.Errorf("it failed again, and there are %d incidents", n)
	}
	h.probing(name, duty.Passed, probe.CodeFound)
	b.without("intake", func() { h.probing(name, duty.Failed, probe.CodeMissed) })
	if n := h.incidentsOf(name); n != 2 {
		t.Errorf("it failed after it had passed, and there are %d incidents", n)
	}
	h.leaves(b)
	h.assesses()
	h.withoutConsequence(actor)
	h.refusedProbes()
	h.stop()
	h.checked()
}

// protects puts the name of somebody who is protected into the library.
func (h *hands) protects(name string) {
	h.Helper()
	ctx, curator := h.Context(), h.server.screens.curator
	one, two := library.Actor{ID: "somebody", Role: "engineer"}, library.Actor{ID: "somebody-else", Role: "officer"}
	b, err := curator.Propose(ctx, one, "test", []library.Feature{{Kind: library.Person, Value: name, Category: "rights-other", Level: keyword.Block, Language: "en", Standard: "test", Reason: "test"}})
	h.must(err)
	sel := library.Selection{Batch: b.ID}
	_, err = curator.Review(ctx, two, sel)
	h.must(err)
	_, err = curator.Replay(ctx, two, sel, "no samples")
	h.must(err)
	_, err = curator.Activate(ctx, two, sel)
	h.must(err)
	h.must(h.server.screens.shelf.Refresh(ctx))
}

// leaves wants that what probes planted shows nothing of what people do, and that what was let through without a control does.
func (h *hands) leaves(b *breaker) {
	h.Helper()
	h.queries(duty.Untold, "judged", "label-read-back", "notice-measured", "deliveries-logged", "identity-held", "texts-accepted", "consent-covered", "network-log", "declaration-asked", "uploads-told")
	h.attest("rv-reader")
	h.publish(201, "function=other")
	h.queries(duty.Passed, "label-read-back", "deliveries-logged", "identity-held", "network-log")
	b.without("identity", func() {
		h.ask("POST", "/v1/artefacts?function=other", jpegSample(h.T), 201, "Colophon-Account", "nobody-verified-this")
	})
	h.queries(duty.Failed, "identity-held")
}

// assesses has the last run of each model that serves looked at: what it came to, what it asked, what it was of, and how old it is.
func (h *hands) assesses() {
	h.Helper()
	asked := func(what string, want duty.Outcome) (o httpapi.Observation) {
		h.as(h.first, "POST", "/v1/probes/output-assessed:run", nil, 201, &o)
		if o.Outcome != want {
			h.Errorf("%s: %s %s %v", what, o.Outcome, o.Code, o.Args)
		}
		if a, err := (probed{h.server}).Ask(h.Context(), "standard-evaluation"); err != nil || a.Verdict != string(want) {
			h.Errorf("%s: a security assessment is told %+v %v", what, a, err)
		}
		return o
	}
	asked("no run", duty.Failed)
	now := time.Now().UTC().Truncate(time.Millisecond)
	kept := ledgers.Of[assess.Run](h.server.store, assess.Ledger)
	for _, c := range []struct {
		what    string
		ended   time.Time
		serving string // empty for what serves
		kinds   []bank.Kind
		held    []colophon.Verdict
		want    duty.Outcome
	}{
		{"a run of two years ago", now.AddDate(-2, 0, 0), "", nil, []colophon.Verdict{colophon.Passed}, duty.Failed},
		{"a run of one kind", now.Add(-9 * time.Hour), "", []bank.Kind{bank.Generation}, []colophon.Verdict{colophon.Passed}, duty.Untold},
		{"a yardstick missed", now.Add(-8 * time.Hour), "", nil, []colophon.Verdict{colophon.Passed, colophon.Unknown, colophon.Failed}, duty.Failed},
		{"a yardstick not judged", now.Add(-7 * time.Hour), "", nil, []colophon.Verdict{colophon.Passed, colophon.Unknown}, duty.Untold},
		{"another version", now.Add(-6 * time.Hour), "before", nil, []colophon.Verdict{colophon.Passed}, duty.Failed},
		{"all met", now.Add(-5 * time.Hour), "", nil, []colophon.Verdict{colophon.Passed, colophon.Passed}, duty.Passed},
	} {
		for _, m := range h.server.models.pooled {
			_, serving, err := h.server.assessed(m.Name)
			h.must(err)
			id, err := h.server.recorder.NewID()
			h.must(err)
			plan := assess.Plan{Name: c.what, Model: m.Name, Serving: cmp.Or(c.serving, serving), Kinds: c.kinds}
			res := assess.Result{Run: id, Plan: plan}
			for _, v := range c.held {
				res.Held = append(res.Held, assess.HeldRow{Verdict: sample.Verdict(v)})
			}
			rec, err := h.server.recorder.New(assess.RecordFinished, evidence.System, system, []colophon.Clause{colophon.ClauseDS20}, map[string]any{"run": id})
			h.must(err)
			h.must(kept.Add(h.Context(), rec, ledger.Entry[assess.Run]{ID: id, Version: 1, Subject: evidence.System, State: string(assess.Done), Made: c.ended, Changed: c.ended, Value: assess.Run{Plan: plan, Ended: c.ended, Result: &res}}))
		}
		if o := asked(c.what, c.want); c.want == duty.Passed && (o.To == nil || !o.To.Before(now.AddDate(1, 0, 1)) || len(o.Samples) != len(h.server.models.pooled)) {
			h.Errorf("%+v", o)
		}
	}
}

// reported reads what shows an observation: steps without any content.
func (h *hands) reported(o duty.Observation) {
	h.Helper()
	raw, err := h.server.duties.Artefact(h.Context(), o)
	h.must(err)
	var r probe.Report
	h.must(json.Unmarshal(raw, &r))
	if r.Schema != probe.Schema || r.Probe != o.Probe || r.Verdict != string(o.Outcome) || r.Code != o.Code || len(r.Steps) == 0 {
		h.Errorf("%s", raw)
	}
	words, err := h.server.refusedWords(h.Context())
	h.must(err)
	for _, w := range words {
		if bytes.Contains(raw, []byte(w.Text)) {
			h.Errorf("the report has a word of the library: %s", raw)
		}
	}
}

// withoutConsequence wants that nobody has to report or review what a probe planted, that the keys of probes are gone, and that
// the log of the network says who it was.
func (h *hands) withoutConsequence(actor staff.Actor) {
	h.Helper()
	var got struct {
		Duties []any `json:"duties"`
		Held   []any `json:"held"`
	}
	h.as(h.first, "GET", "/v1/report-duties", nil, 200, &got)
	h.as(h.first, "GET", "/v1/held", nil, 200, &got)
	if len(got.Duties)+len(got.Held) > 0 {
		h.Errorf("%+v", got)
	}
	keys, err := h.server.roster.Keys(h.Context(), actor, "", 500)
	h.must(err)
	seen := 0
	for _, k := range keys {
		if k.Name != staff.ProbeKeyName {
			continue
		}
		if seen++; k.Revoked.IsZero() {
			h.Errorf("a key of a probe lives on: %+v", k)
		}
	}
	if seen < 10 {
		h.Errorf("%d runs had a key", seen)
	}
	if list := h.recordsOf("system"); strings.Contains(list, "admission.probed") {
		h.Error(list)
	}
}

// refusedProbes asks for what is no probe, or is not run this way, and as somebody who may not.
func (h *hands) refusedProbes() {
	h.Helper()
	for name, code := range map[string]string{"nothing": "probe-unknown", "policy-emergency": "probe-not-runnable"} {
		body, err := json.Marshal(object{"probes": []string{name}})
		h.must(err)
		if status, said := h.raw("POST", "/v1/probes:run", body, "Content-Type", "application/json", "Authorization", "Bearer "+h.first); status != http.StatusUnprocessableEntity || !strings.Contains(said, code) {
			h.Errorf("%d %s", status, said)
		}
	}
}
