package probe_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// book keeps observations and incidents in memory.
type book struct {
	catalogue *duty.Catalogue
	due       []duty.Probe
	list      []duty.Observation // the newest first
	artefacts [][]byte
	opened    []report.Draft
	broken    bool
	ended     int // keys
}

func (b *book) Catalogue() *duty.Catalogue                { return b.catalogue }
func (b *book) Due(context.Context) ([]duty.Probe, error) { return b.due, nil }
func (b *book) end(context.Context) error                 { b.ended++; return nil }
func (b *book) key(context.Context) (string, func(context.Context) error, error) {
	return "k", b.end, nil
}

func (b *book) Observe(_ context.Context, by ledger.By, o duty.Observation, artefact []byte) (duty.Observation, error) {
	if b.broken || by.Role != "system" {
		return o, errors.New("the store is gone")
	}
	o.ID = "o-" + strconv.Itoa(len(b.list))
	b.list = append([]duty.Observation{o}, b.list...)
	b.artefacts = append(b.artefacts, artefact)
	return o, nil
}

func (b *book) Observations(_ context.Context, name, after string, _ int) ([]duty.Observation, string, error) {
	at := 0
	if after != "" {
		at, _ = strconv.Atoi(after)
	}
	if at >= len(b.list) {
		return nil, "", nil
	}
	return b.list[at : at+1], strconv.Itoa(at + 1), nil // a page has one
}

func (b *book) Open(_ context.Context, _ ledger.By, d report.Draft) (report.Incident, error) {
	if !slices.ContainsFunc(b.opened, func(o report.Draft) bool { return o.Origin == d.Origin }) {
		b.opened = append(b.opened, d)
	}
	return report.Incident{}, nil
}

func runner(t *testing.T, door http.HandlerFunc) (*book, *probe.Runner, *probe.Config) {
	t.Helper()
	china, err := duty.China()
	if err != nil {
		t.Fatal(err)
	}
	b := &book{}
	if b.catalogue, err = duty.NewCatalogue(china); err != nil {
		t.Fatal(err)
	}
	c := &probe.Config{Door: door, Key: b.key, Duties: b, Incidents: b, Now: time.Now, Rand: rand.Reader, Functions: func(context.Context) ([]probe.Function, error) { return nil, nil },
		Words: func(context.Context) ([]probe.Word, error) { return []probe.Word{{"f-1", "违禁词语"}}, nil }}
	return b, probe.New(*c), c
}

const unverified = "publish-unverified"

// says is a door that answers one thing.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer k" || r.Header.Get("User-Agent") != probe.Client || !probe.Own(r.Context()) {
			status, body = 500, ""
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func reasons(list ...string) string {
	var all []string
	for i := 0; i < len(list); i += 2 {
		all = append(all, `{"name":"x","verdict":"`+list[i]+`","refuses":true,"why":{"code":"`+list[i+1]+`"}}`)
	}
	return `{"status":403,"code":"` + list[1] + `","reasons":[` + strings.Join(all, ",") + `]}`
}

// TestVerdicts: a probe passes by the refusal that it looks for alone, and what does not tell is never a pass.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   duty.Outcome
		code   colophon.Code
	}{
		"refused":                  {403, reasons("failed", "admission-unverified"), duty.Passed, probe.CodeRefused},
		"refused for that too":     {403, reasons("failed", "admission-order", "failed", "admission-unverified"), duty.Passed, probe.CodeRefused},
		"not refused":              {201, `{"number":"n-1"}`, duty.Failed, probe.CodeLet},
		"refused for other things": {403, reasons("failed", "admission-order"), duty.Failed, probe.CodeSilent},
		"the gate could not tell":  {403, reasons("failed", "admission-order", "could-not-tell", "admission-identity-unknown"), duty.Untold, probe.CodeOtherwise},
		"the key may not":          {403, `{"code":"staff-forbidden"}`, duty.Untold, probe.CodeOtherwise},
		"busy":                     {429, `{"code":"edge-rate"}`, duty.Untold, probe.CodeOtherwise},
		"broken":                   {500, "", duty.Untold, probe.CodeOtherwise},
		"no JSON":                  {403, "<html>", duty.Untold, probe.CodeOtherwise},
		"nothing at all":           {0, "", duty.Untold, probe.CodeOtherwise},
	} {
		b, r, _ := runner(t, says(max(c.status, 200), c.body))
		if c.status == 0 {
			b, r, _ = runner(t, func(http.ResponseWriter, *http.Request) {})
		}
		if err := r.Run(t.Context(), []string{unverified}, "somebody"); err != nil {
			t.Fatal(err)
		}
		o := b.list[0]
		if o.Outcome != c.want || o.Code != c.code || o.Asked != "somebody" || b.ended != 1 {
			t.Errorf("%s: %s %s: %s", name, o.Outcome, o.Code, o.Actual)
		}
		if got := len(b.opened) == 1; got != (c.want == duty.Failed) {
			t.Errorf("%s: %d incidents", name, len(b.opened))
		}
		var rep probe.Report
		if err := json.Unmarshal(b.artefacts[0], &rep); err != nil || rep.Verdict != string(c.want) || len(rep.Steps) != 1 || len(rep.Steps[0].Sent) != 64 {
			t.Errorf("%s: %v %s", name, err, b.artefacts[0])
		}
	}
}

// TestFewer: what was not tried, or not looked at, is no pass and no failure.
func TestFewer(t *testing.T) {
	t.Parallel()
	refused := reasons("failed", "admission-consent-few")
	for n, want := range map[int]duty.Outcome{20: duty.Passed, 21: duty.Untold} {
		b, _, c := runner(t, says(403, refused))
		c.Functions = func(context.Context) ([]probe.Function, error) {
			return slices.Repeat([]probe.Function{{ID: "f", Class: "voice", Likeness: []string{"voice"}}}, n), nil
		}
		if err := probe.New(*c).Run(t.Context(), []string{"clone-without-consent"}, ""); err != nil || b.list[0].Outcome != want {
			t.Errorf("%d functions: %s %s %v", n, b.list[0].Outcome, b.list[0].Code, err)
		}
	}
	for body, want := range map[string]colophon.Code{`{"state":"confirmed"}`: probe.CodeFound, `{"state":"none","complete":true}`: probe.CodeMissed, `{"state":"none"}`: probe.CodePremise, `{"state":"odd","complete":true}`: probe.CodeOtherwise} {
		b, _, c := runner(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/v1/intake/i-1")
			says(200, body)(w, r)
		})
		c.Press, c.Label = &stamp.Press{}, label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: "001191110000000000000E10000"}}
		if err := probe.New(*c).Run(t.Context(), []string{"strip-and-upload"}, ""); err != nil || b.list[0].Code != want {
			t.Errorf("%s: %s %s %v: %s", body, b.list[0].Outcome, b.list[0].Code, err, b.list[0].Actual)
		}
	}
}

// TestIncidents: one from the first failure until the probe passes again, whatever could not tell meanwhile.
func TestIncidents(t *testing.T) {
	t.Parallel()
	status, body := 0, ""
	b, r, _ := runner(t, func(w http.ResponseWriter, q *http.Request) { says(status, body)(w, q) })
	var origins []string
	for _, step := range []string{"fails", "untold", "fails", "passes", "untold", "fails", "fails"} {
		switch step {
		case "fails":
			status, body = 201, "{}"
		case "passes":
			status, body = 403, reasons("failed", "admission-unverified")
		default:
			status, body = 503, "{}"
		}
		if err := r.Run(t.Context(), []string{unverified}, ""); err != nil {
			t.Fatal(err)
		}
		origins = append(origins, strconv.Itoa(len(b.opened)))
	}
	if got := strings.Join(origins, ""); got != "1111122" || b.opened[0].Origin != "probe-publish-unverified-o-0" || b.opened[1].Origin != "probe-publish-unverified-o-5" || b.opened[0].About[0] != (report.Ref{Kind: "probe", ID: unverified}) || b.opened[1].About[1] != (report.Ref{Kind: "observation", ID: "o-5"}) {
		t.Errorf("%s %+v", got, b.opened)
	}
}

// TestNames: every negative probe of the pack is run here, and nothing else.
func TestNames(t *testing.T) {
	t.Parallel()
	b, r, _ := runner(t, says(403, reasons("failed", "admission-unverified")))
	for _, p := range b.catalogue.Probes() {
		if probe.Runs(p.Name) != (p.Kind == duty.Negative) {
			t.Errorf("%s is %s", p.Name, p.Kind)
		}
	}
	for name, code := range map[string]colophon.Code{"nothing": probe.CodeUnknown, "source-units": probe.CodeNotHere} {
		var e *colophon.Error
		if err := r.Run(t.Context(), []string{unverified, name}, ""); !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.list)+b.ended > 0 {
		t.Error("something ran beside what is no probe")
	}
	for _, p := range b.catalogue.Probes() {
		if p.Name == unverified || p.Kind == duty.Query {
			b.due = append(b.due, p)
		}
	}
	if err := r.Due(t.Context()); err != nil || len(b.list) != 1 || b.list[0].Probe != unverified {
		t.Errorf("%v %+v", err, b.list)
	}
}

// TestUnkept: what can't be kept is an error, and the key ends all the same.
func TestUnkept(t *testing.T) {
	t.Parallel()
	b, r, _ := runner(t, says(201, "{}"))
	b.broken = true
	if err := r.Run(t.Context(), []string{unverified}, ""); err == nil || b.ended != 1 || len(b.opened) != 0 {
		t.Errorf("%v, %d keys ended", err, b.ended)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	b.broken = false
	if err := r.Run(stopped, []string{unverified}, ""); !errors.Is(err, context.Canceled) || len(b.list) != 0 || b.ended != 2 {
		t.Errorf("%v %+v", err, b.list)
	}
}

// TestStream: the word counts as said only where the client has it whole, and as stopped only where it came and was found.
func TestStream(t *testing.T) {
	t.Parallel()
	script := probe.NewScript()
	model := httptest.NewServer(script)
	t.Cleanup(model.Close)
	const name = "stream-cut-word"
	event := func(text, finish string) string {
		raw, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]any{"content": text}, "finish_reason": finish}}})
		return "data: " + string(raw) + "\n\n"
	}
	for what, c := range map[string]struct {
		asks bool // the model
		pass bool // on what it said
		say  string
		want duty.Outcome
		code colophon.Code
	}{
		"all of it":              {true, true, "", duty.Failed, probe.CodeSpoken},
		"stopped":                {true, false, event("This is a probe. 违禁", "content_filter"), duty.Passed, probe.CodeCut},
		"stopped by an error":    {true, false, `data: {"error":{"code":"content_filter"}}` + "\n\n", duty.Passed, probe.CodeCut},
		"in pieces of the door":  {true, false, event("违", "") + event("禁词", "") + event("语", "content_filter"), duty.Failed, probe.CodeSpoken},
		"nothing":                {true, false, "data: [DONE]\n\n", duty.Untold, probe.CodeOtherwise},
		"stopped before it came": {false, false, event("", "content_filter"), duty.Untold, probe.CodeOtherwise},
	} {
		b, _, config := runner(t, func(w http.ResponseWriter, r *http.Request) {
			if c.asks {
				resp, err := http.Post(model.URL+"/v1/chat/completions", "application/json", r.Body)
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				said, err := io.ReadAll(resp.Body)
				if err != nil || strings.Contains(string(said), "违禁词语") {
					t.Errorf("%v: the word came whole: %s", err, said)
				}
				if c.pass {
					w.Write(said)
				}
			}
			io.WriteString(w, c.say)
		})
		config.Script = script
		if err := probe.New(*config).Run(t.Context(), []string{name}, ""); err != nil {
			t.Fatal(err)
		}
		if o := b.list[0]; o.Outcome != c.want || o.Code != c.code || strings.Contains(string(b.artefacts[0]), "违禁") {
			t.Errorf("%s: %s %s %v %s", what, o.Outcome, o.Code, o.Args, b.artefacts[0])
		}
	}
	resp, err := http.Post(model.URL+"/v1/chat/completions", "application/json", strings.NewReader(`{"messages":[{"role":"user","content":"Probe "}],"stream":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("the model speaks to others: %s", resp.Status)
	}
}
