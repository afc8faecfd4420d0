package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
)

// guard is a classifier as others run it: POST /v1/moderations. What it says is set by the test.
type guard struct {
	*httptest.Server
	score atomic.Value // of violence
	asked atomic.Int64
}

func newGuard(t *testing.T) *guard {
	g := &guard{}
	g.score.Store(0.0)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.asked.Add(1)
		if body, err := io.ReadAll(r.Body); err != nil || r.URL.Path != "/v1/moderations" || !strings.Contains(string(body), "data:image/") {
			http.Error(w, "not what this serves", http.StatusBadRequest)
			return
		}
		score, _ := g.score.Load().(float64)
		if score < 0 {
			http.Error(w, "it is broken", http.StatusInternalServerError)
			return
		}
		categories, scores := map[string]bool{}, map[string]float64{}
		for _, c := range strings.Fields("harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/intent self-harm/instructions sexual sexual/minors violence violence/graphic") {
			categories[c], scores[c] = false, 0
		}
		categories["violence"], scores["violence"] = score > 0.5, score
		json.NewEncoder(w).Encode(map[string]any{"id": "modr-1", "model": "guard-1", "results": []any{map[string]any{"flagged": score > 0.5, "categories": categories, "category_scores": scores}}})
	}))
	t.Cleanup(g.Close)
	return g
}

// TestWhatIsProducedIsJudged covers Deep Synthesis Provisions Art. 10 from the door on: with a classifier in the settings a
// picture is judged before it is marked. It passes, waits for a person, or is refused; what the classifier could not tell
// does not pass.
func TestWhatIsProducedIsJudged(t *testing.T) {
	t.Parallel()
	g := newGuard(t)
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, map[string]string{"screen-artefacts": "on"})
	d.set.Classifiers = []classify.Endpoint{{Name: "guard", Kind: classify.Moderations, URL: g.URL + "/v1", Model: "guard-1", CacheTime: -1}}
	d.start()
	officer := d.join()
	const path = "/v1/artefacts?function=person"
	var a httpapi.Artefact

	d.json(&a, "POST", path, jpegSample(t), http.StatusCreated)
	if a.State != artefact.Marked || g.asked.Load() == 0 {
		t.Fatalf("%+v after %d questions", a, g.asked.Load())
	}
	proven := d.until("/v1/artefacts/"+string(a.Number)+"/proof", func(status int, _ []byte) bool { return status == http.StatusOK })
	if !strings.Contains(string(proven), "screen.judged") {
		t.Errorf("the judgement is not among the records about the item: %s", proven)
	}

	g.score.Store(0.7)
	d.json(&a, "POST", path, jpegSample(t), http.StatusAccepted)
	if a.State != artefact.Held {
		t.Fatalf("%+v", a)
	}
	d.ask("GET", "/v1/artefacts/"+string(a.Number)+"/content", nil, http.StatusConflict)
	by := moderation.By{ID: string(officer.Account), Role: "officer", Senior: true, Reporter: true}
	decide := func(n artefact.Number, what moderation.Decision) {
		t.Helper()
		items, _, err := d.server.screens.docket.Items(d.Context(), moderation.Query{About: string(n)})
		d.must(err)
		if len(items) != 1 {
			t.Fatalf("%d items wait", len(items))
		}
		it, err := d.server.screens.docket.Take(d.Context(), by, items[0].ID)
		d.must(err)
		content, err := d.server.screens.docket.Read(d.Context(), by, it.ID)
		d.must(err)
		f, format, err := d.server.Look(d.Context(), it, content)
		d.must(err)
		if seen, err := io.ReadAll(f); err != nil || string(seen) != string(jpegSample(t)) || format != "jpeg" {
			t.Errorf("a reviewer sees %d bytes of %s, %v", len(seen), format, err)
		}
		f.Close()
		_, err = d.server.screens.docket.Decide(d.Context(), by, moderation.Ruling{Item: it.ID, Decision: what, Reason: "violence"})
		d.must(err)
	}
	becomes := func(n artefact.Number, state artefact.State) {
		t.Helper()
		d.until("/v1/artefacts/"+string(n), func(_ int, body []byte) bool {
			d.must(json.Unmarshal(body, &a))
			return a.State == state
		})
	}
	decide(a.Number, moderation.Release)
	becomes(a.Number, artefact.Marked)

	d.json(&a, "POST", path, jpegSample(t), http.StatusAccepted)
	decide(a.Number, moderation.Refuse)
	becomes(a.Number, artefact.Failed)
	if a.Reason == nil || a.Reason.Code != production.CodeRefused {
		t.Errorf("%+v", a.Reason)
	}
	var duties struct{ Duties []httpapi.ReportDuty }
	d.json(&duties, "GET", "/v1/report-duties?state=open", nil, http.StatusOK)
	if len(duties.Duties) != 1 || duties.Duties[0].Categories[0] != "violence" {
		t.Errorf("%+v", duties)
	}

	g.score.Store(-1.0) // the classifier is broken
	before := len(d.list())
	d.ask("POST", path, jpegSample(t), http.StatusForbidden)
	if after := len(d.list()); after != before {
		t.Errorf("%d items became %d", before, after)
	}
	d.stop()
	if log := d.output.String(); strings.Contains(log, person) || !strings.Contains(log, `"msg":"check"`) || !strings.Contains(log, "classify-status") {
		t.Errorf("the log names the account, or does not say why the check failed: %s", log)
	}
}

// TestDecidedBeforeItIsHeld has a person decide about an item while its bytes are still being sealed.
func TestDecidedBeforeItIsHeld(t *testing.T) {
	t.Parallel()
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, nil)
	d.start()
	docket := d.server.screens.docket
	it, err := docket.Enter(t.Context(), system, moderation.Entry{Subject: evidence.System, Surface: "output", Function: "person", About: "late-1",
		Why: moderation.Why{Judgement: "judgement-1", Action: "review", Library: "1", Policy: "1"}, Content: moderation.Content{Format: httpapi.HeldArtefact}})
	d.must(err)
	by := moderation.By{ID: "staff-1", Role: "officer"}
	_, err = docket.Take(t.Context(), by, it.ID)
	d.must(err)
	_, err = docket.Read(t.Context(), by, it.ID)
	d.must(err)
	it, err = docket.Decide(t.Context(), by, moderation.Ruling{Item: it.ID, Decision: moderation.Release, Reason: "harmless"})
	d.must(err)
	if err := d.server.decided(t.Context(), it); err == nil {
		t.Error("a release was acted on before there was anything to release")
	}
	_, err = d.server.register.New(t.Context(), system, artefact.Artefact{Number: "late-1", State: artefact.Held, Function: "person", Account: "acc-1", Format: media.JPEG, Size: 1,
		Before: artefact.Digest{1}, Work: &artefact.Work{Order: []byte("{}")}})
	d.must(err)
	d.must(d.server.decided(t.Context(), it))
	if a, err := d.server.register.Artefact(t.Context(), "late-1"); err != nil || a.Work == nil || a.Work.Cleared != "judgement-1" {
		t.Errorf("%+v %v", a, err)
	}
	it.Created = it.Created.Add(-settling)
	it.About = "never"
	d.must(d.server.decided(t.Context(), it))
}

// TestPlanOutlastsTheBytes refuses a plan by which a person may decide after the bytes are gone.
func TestPlanOutlastsTheBytes(t *testing.T) {
	t.Parallel()
	for judge, want := range map[string]colophon.Code{"on": moderation.CodePlan, "off": ""} {
		c, v := settings(t, map[string]string{"screen-artefacts": judge})
		v.Plan = filepath.Join(t.TempDir(), "plan.json")
		plan := `{"queues":[{"name":"general","deadline":"1h","deadlines":{"fraud":"168h"}}],"lease":"15m","keep":"720h","report":{"deadline":"24h"}}`
		if err := os.WriteFile(v.Plan, []byte(plan), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenServer(t.Context(), c, v, io.Discard)
		if want == "" && err == nil {
			err = s.Close()
		}
		var e *colophon.Error
		if want != "" && (!errors.As(err, &e) || e.Code != want) || want == "" && err != nil {
			t.Errorf("judging %s: %v", judge, err)
		}
	}
}

// list lists the artefacts.
func (d *deployment) list() []httpapi.Artefact {
	d.Helper()
	var page struct{ Artefacts []httpapi.Artefact }
	d.json(&page, "GET", "/v1/artefacts", nil, http.StatusOK)
	return page.Artefacts
}

// TestClassifierSettings reads the setting as the operating guides show it, and wrong ones.
func TestClassifierSettings(t *testing.T) {
	t.Parallel()
	for _, guide := range []string{"../../docs/operate.md", "../../docs/operate.zh-CN.md"} {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(`(?m)^ {4}(classifiers: .*)$`).FindSubmatch(text)
		if line == nil {
			t.Fatalf("%s shows no setting", guide)
		}
		for _, test := range []struct{ setting, wrong string }{
			{string(line[1]), ""},
			{strings.Replace(string(line[1]), "qwen3guard", "unknown", 1), "template"},
			{strings.Replace(string(line[1]), "kind: chat", "kind: telepathy", 1), "kind"},
			{strings.Replace(string(line[1]), "http://127.0.0.1:8000", "http://guard.example", 1), "url"},
		} {
			file := filepath.Join(t.TempDir(), "settings.yaml")
			if err := os.WriteFile(file, []byte("producer: "+trial+"\ndata: "+t.TempDir()+"\nstarter-library: off\n"+test.setting+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c, v, err := Config{}.Serve(map[string]string{"log-name": "colophon.test/log"}, file, func(string) string { return "" })
			if err != nil {
				t.Fatal(err)
			}
			if v.Judge != "on" || len(v.Classifiers) != 1 || v.Classifiers[0].Name != "guard" {
				t.Errorf("%s: %+v", guide, v)
			}
			s, err := OpenServer(t.Context(), c, v, new(bytes.Buffer))
			if err == nil {
				err = s.Close()
			}
			var e *colophon.Error
			if test.wrong == "" && err != nil || test.wrong != "" && (!errors.As(err, &e) || e.Code != classify.CodeSetting || !strings.HasSuffix(e.Args["setting"], test.wrong)) {
				t.Errorf("%s: %s: %v", guide, test.setting, err)
			}
		}
	}
}
