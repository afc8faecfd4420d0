package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/app/sample"
	model "github.com/colophon-project/colophon/internal/sample"
)

// watch is a classifier that minds what the seed tells it to, and a program that is told what happens.
type watch struct {
	*httptest.Server
	score atomic.Value      // of violence, in the next pictures and texts
	fed   map[string][]byte // the recall feed of another provider, by the names of its parts
}

func newWatch() *watch {
	g := &watch{fed: otherFeed()}
	g.score.Store(0.0)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/recall/") {
			w.Write(g.fed[path.Base(r.URL.Path)])
			return
		}
		if _, err := io.ReadAll(r.Body); err != nil || r.URL.Path != "/v1/moderations" {
			if strings.HasPrefix(r.URL.Path, "/broken") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return
		}
		score, _ := g.score.Load().(float64)
		categories, scores := map[string]bool{}, map[string]float64{}
		for _, c := range strings.Fields("harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/intent self-harm/instructions sexual sexual/minors violence violence/graphic") {
			categories[c], scores[c] = false, 0
		}
		categories["violence"], scores["violence"] = score > 0.5, score
		json.NewEncoder(w).Encode(object{"id": "modr-1", "model": "guard-1", "results": []any{object{"flagged": score > 0.5, "categories": categories, "category_scores": scores}}})
	}))
	return g
}

func (g *watch) host() string { return strings.TrimPrefix(g.URL, "http://") }

// seed brings every page to life.
func (h *hands) seed(g *watch) {
	h.Helper()
	h.attest("rv-1")
	h.seedRegister()
	h.seedPictures(".jpg .png .webp .md")
	h.seedPeople()
	h.seedReview(g)
	h.stop()
	h.set.Judge = "off" // nothing here can listen to sounds, and what nobody listened to would not pass
	h.launch()
	h.seedPictures(".mp3 .wav .mp4 .svg .pdf .docx .txt")
	h.seedContent()
	h.seedOrders()
	h.seedIntake(g)
	h.seedCases()
	h.seedRumours(g)
	h.seedPacks()
	h.seedCopies()
	h.seedGoverned()
	h.seedGovernedRegister()
}

// client speaks for a session, or with the key where it is empty.
func (h *hands) client(session string) *api.Client {
	h.Helper()
	key := session
	if key == "" {
		key = h.key
	}
	c, err := api.New(api.Config{URL: "http://" + h.address, Key: key, Language: "en", Tries: 1})
	h.must(err)
	return c
}

// fine returns a value, or ends the test.
func fine[T any](v T, err error) func(*hands) T {
	return func(h *hands) T {
		h.Helper()
		h.must(err)
		return v
	}
}

// seedRegister registers services and functions: some live, one that lacks something, one suspended.
func (h *hands) seedRegister() {
	h.Helper()
	h.goLive() // the service studio, with a face swap
	ctx, one := h.Context(), h.client(h.first)
	pair := func(zh, en string) api.TextPair { return api.TextPair{ZH: zh, EN: en} }
	fine(one.AddService(ctx, "assistant", api.ServiceText{Names: pair("小助手", "Assistant"), Role: "provider", Opinion: true,
		Forms: []api.ServiceForm{{Kind: "app", At: "https://assistant.example/app", ICP: "京ICP备00000000号"}, {Kind: "api", At: "https://api.assistant.example"}}}))(h)
	done, until := time.Now().Add(-48*time.Hour).UTC(), time.Now().AddDate(1, 0, 0).UTC()
	function := func(id, service, zh, en, kind, class string) {
		h.Helper()
		fine(one.AddFunction(ctx, id, api.FunctionText{Service: service, Names: pair(zh, en), Purpose: pair(zh, en), Kind: kind, Class: class,
			Models:   []api.FunctionModel{{Name: model.Text, Version: "1", Own: true}},
			Notice:   api.FunctionNotice{Policy: "required", Method: pair("内容旁的文字与文件元数据", "words beside the content, and metadata in the file")},
			Filing:   api.FunctionFiling{State: "filed", Number: "网信算备110108000000101230017号", Link: "https://beian.example/1", At: &done},
			Security: api.FunctionSecurity{Done: &done, Until: &until, Report: "SA-2026-7", Digest: strings.Repeat("0", 64)}}))(h)
	}
	function("chat-1", "assistant", "对话", "Chat", "dialogue", "dialogue")
	function("paint-1", "assistant", "绘画", "Painting", "image-generation", "other")
	function("voice-1", "studio", "配音", "Voice-over", "text-to-speech", "voice")
	for _, id := range []string{"chat-1", "paint-1"} {
		fine(one.GoLive(ctx, id))(h)
	}
}

// seedPictures has samples of some formats marked.
func (h *hands) seedPictures(formats string) {
	h.Helper()
	files, err := sample.Files()
	h.must(err)
	for _, f := range files {
		if slices.Contains(strings.Fields(formats), path.Ext(f.Name)) {
			h.ask("POST", "/v1/artefacts?function=other&name="+f.Name, f.Bytes, 201, "Colophon-Account", "holder-4711%40example.cn")
		}
	}
}

// seedContent has the models make content of every kind.
func (h *hands) seedContent() {
	h.Helper()
	to := []string{"Content-Type", "application/json", "Colophon-Account", "holder-4711%40example.cn"}
	for i := range 3 {
		h.prompt(model.Text, fmt.Sprintf("What is the weather on day %d?", i), 200)
	}
	for at, body := range map[string]string{
		"/v1/images/generations": `{"model":"` + model.Image + `","prompt":"a lake at dawn","n":2,"size":"512x512","response_format":"b64_json"}`,
		"/v1/audio/speech":       `{"model":"` + model.Sound + `","input":"good morning, everybody","voice":"alloy","response_format":"wav"}`,
		"/v1/videos":             `{"model":"` + model.Video + `","prompt":"clouds","seconds":"4","size":"320x240"}`,
	} {
		h.ask("POST", at, []byte(body), 200, to...)
	}
	// A picture that ends too early is taken, and its job fails.
	h.ask("POST", "/v1/artefacts?function=other", jpegSample(h.T)[:400], 202, "Prefer", "respond-async", "Colophon-Account", "holder-4711%40example.cn")
}

// seedPeople has accounts verified and imported, consents asked for, given and disputed, and measures taken.
func (h *hands) seedPeople() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	for i := range 2 {
		file := "account,level,method,provider,transaction,verified,number,name\n"
		for j := range 4 {
			file += fmt.Sprintf("user-%d%d,two-factor,resident-id,own,t-%d%d,2026-11-01,11010519491231002X,某某甲\n", i, j, i, j)
		}
		v := fine(one.ProposeImport(ctx, strings.NewReader(file)))(h)
		if i == 0 {
			fine(two.ApproveImport(ctx, v.ID))(h)
		}
	}
	h.consented()
	for i, name := range []string{"某某丙", "某某丁"} {
		asked := fine(one.RequestConsent(ctx, api.ConsentRequest{Account: holder, Person: "adult", Language: "zh", RequesterName: "Studio", Why: "海报", SubjectName: name, Contact: depictedPhone,
			Terms: api.ConsentTerms{Modality: []string{"face", "voice"}, Purpose: "film", Functions: []string{"portrait-swap"}, Until: time.Now().AddDate(1, 0, 0).UTC()}}))(h)
		if _, _, err := one.MintLink(ctx, api.LinkOrder{Purpose: "consent", Consent: asked.ID}); err != nil {
			h.Fatal(err)
		}
		if i == 1 {
			h.as(h.first, "POST", "/v1/consents/"+asked.ID+":claim", object{}, 200, nil)
			h.as(h.first, "POST", "/v1/consents/"+asked.ID+":dispute", object{"note": "not me"}, 200, nil)
		}
	}
	for i, step := range []string{"warn", "mute-publishing", "close"} {
		m := fine(one.TakeMeasure(ctx, api.MeasureOrder{Account: fmt.Sprintf("user-0%d", i), Step: step, Fact: "measure-fact-terms", Terms: "convention 4", Note: "seen twice"}))(h)
		if i == 1 {
			fine(one.EndMeasure(ctx, m.ID, "lift", "measure-why-mistake", "it was another account"))(h)
		}
	}
}

// seedReview has things held, some of them decided, features and policies proposed, and a duty to report open.
func (h *hands) seedReview(g *watch) {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	const illegal, fraud = "枪支弹药出售，支持验货", "来我们平台，註 册 送*彩 金"
	for _, text := range []string{"hello", fraud, illegal, "Is the weather fine?", fraud + "！"} {
		fine(one.Screen(ctx, api.Query{Account: holder, Surface: "input", Service: "assistant", Function: "chat-1", Parts: []api.Part{{Name: "messages.0.content", Text: text}}}))(h)
	}
	g.score.Store(0.7)
	for i := range 4 {
		fine(one.Screen(ctx, api.Query{Account: fmt.Sprintf("user-0%d", i), Surface: "output", Service: "assistant", Function: "chat-1", Parts: []api.Part{{Name: "messages.0.content", Text: fmt.Sprintf("A scene of a fight, number %d.", i)}}}))(h)
	}
	h.ask("POST", "/v1/artefacts?function=other", jpegSample(h.T), 202, "Colophon-Account", "holder-4711%40example.cn")
	g.score.Store(0.0)
	for _, decision := range []string{"refuse", "release", ""} {
		var next struct{ Item *api.HeldItem }
		h.as(h.second, "POST", "/v1/held:next", object{}, 200, &next)
		h.ask("GET", "/v1/held/"+next.Item.ID+"/content", nil, 200, "Authorization", "Bearer "+h.second)
		if decision != "" {
			h.as(h.second, "POST", "/v1/held/"+next.Item.ID+":decide", object{"decision": decision, "reason": next.Item.Findings[0].Category}, 200, nil)
		}
	}
	entry := func(id, value, category string) api.FeatureEntry {
		return api.FeatureEntry{ID: id, Kind: "keyword", Value: value, Category: category, Level: "review", Language: "zh", Standard: "entry standard 1", Reason: "seen in reports"}
	}
	fine(one.Propose(ctx, "reports of the week", []api.FeatureEntry{entry("own-1", "内部渠道返利", "fraud"), entry("own-2", "代开证明", "fraud")}))(h)
	fine(one.Propose(ctx, "a list", []api.FeatureEntry{entry("own-3", "稳赚不赔群", "fraud")}))(h)
	var policy struct{ Table object }
	h.as(h.first, "GET", "/v1/policy", nil, 200, &policy)
	policy.Table["version"] = "own-1"
	delete(policy.Table, "made")
	delete(policy.Table, "by")
	h.as(h.first, "POST", "/v1/policies", object{"table": policy.Table, "reason": "a table of our own"}, 201, nil)
	h.as(h.first, "POST", "/v1/samples", object{"samples": []any{object{"text": "今天天气很好", "origin": "made up", "until": time.Now().AddDate(0, 6, 0).UTC()}}}, 201, nil)
}

// seedOrders gives orders: one that binds, one whose end is proposed, one that is over, and a drill.
func (h *hands) seedOrders() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	give := func(scope, target string) string {
		h.Helper()
		return fine(one.IssueOrder(ctx, api.OrderDraft{Scope: scope, Target: target, Action: "stop", Basis: "own", Reference: "2026-11", Reason: "It showed what it must not."}))(h).ID
	}
	give("template", "poster-7")
	fine(one.ReleaseOrder(ctx, give("model", "old-model"), "The model was replaced."))(h)
	over := give("template", "poster-8")
	fine(one.ReleaseOrder(ctx, over, "It was mended."))(h)
	fine(two.ConfirmOrder(ctx, over, "Seen."))(h)
	fine(one.DrillOrder(ctx, "user-03", time.Now().Add(time.Hour).UTC(), "the drill of the month"))(h)
}

// seedIntake has uploads of a platform taken in, an app's materials checked, and programs told.
func (h *hands) seedIntake(g *watch) {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	fine(one.AddWebhook(ctx, g.URL+"/hook", "*"))(h)
	fine(one.AddWebhook(ctx, g.URL+"/broken", "intake.taken"))(h)
	files, err := sample.Files()
	h.must(err)
	for i, f := range files {
		if !slices.Contains(strings.Fields(".jpg .png .pdf .mp3 .txt"), path.Ext(f.Name)) {
			continue
		}
		in := api.Uploaded{Name: f.Name, Account: "uploader-1", Asked: true, Declaration: []string{"generated", "not-generated", "silent"}[i%3]}
		fine(one.TakeIn(ctx, in, bytes.NewReader(f.Bytes)))(h)
	}
}
