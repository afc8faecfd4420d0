package app

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/httpapi"
	container "github.com/colophon-project/colophon/internal/media"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// labelOf reads the label of what left, which is ours.
func (d *deployment) labelOf(data []byte) label.Fields {
	d.Helper()
	report, err := label.Read(container.Memory(data), label.Options{})
	d.must(err)
	if len(report.Marks) != 1 || report.Marks[0].Fields.ContentProducer != trial {
		d.Fatalf("%d labels in what left", len(report.Marks))
	}
	return report.Marks[0].Fields
}

// records lists the types of the records about an item.
func (d *deployment) recordsOf(number string) string {
	d.Helper()
	held, err := d.server.store.RecordsAbout(d.Context(), number, 0, 50)
	d.must(err)
	var list []string
	for _, h := range held {
		list = append(list, string(h.Type))
	}
	return strings.Join(list, " ")
}

// TestMediaOfModels has the sample model paint, speak and film through the door: what leaves is marked and recorded, and an
// address of ours opens without a key, for a while.
func TestMediaOfModels(t *testing.T) {
	t.Parallel()
	d := deploy(t, map[string]string{"sample-model": "on", "starter-library": "on"})
	d.join()
	const kind, plain = "Content-Type", "application/json"
	type picture struct {
		B64    string `json:"b64_json"`
		URL    string `json:"url"`
		Number string `json:"content_number"`
		AIGC   struct{ ProduceID string }
	}
	var got struct{ Data []picture }
	d.json(&got, "POST", "/v1/images/generations", []byte(`{"model":"`+model.Image+`","prompt":"a lake at dawn","n":2,"size":"256x256","response_format":"b64_json"}`), 200, kind, plain)
	if len(got.Data) != 2 {
		t.Fatalf("%d pictures", len(got.Data))
	}
	for _, p := range got.Data {
		data, err := base64.StdEncoding.DecodeString(p.B64)
		d.must(err)
		if fields := d.labelOf(data); fields.ProduceID != p.Number || p.AIGC.ProduceID != p.Number {
			t.Error(fields, p.Number)
		}
		if types := d.recordsOf(p.Number); !strings.Contains(types, "artefact.received artefact.marked artefact.delivered") {
			t.Error(types)
		}
	}
	d.json(&got, "POST", "/v1/images/generations", []byte(`{"model":"`+model.Image+`","prompt":"a hill","response_format":"url","size":"256x256"}`), 200, kind, plain)
	at := strings.TrimPrefix(got.Data[0].URL, d.set.PublicURL)
	if !strings.HasPrefix(at, "/v1/content/") {
		t.Fatal(got.Data[0].URL)
	}
	_, data := d.ask("GET", at, nil, 200, "Authorization", "")
	if d.labelOf(data).ProduceID != got.Data[0].Number || !strings.HasSuffix(d.recordsOf(got.Data[0].Number), "artefact.delivered") {
		t.Error("the delivery is not recorded", d.recordsOf(got.Data[0].Number))
	}
	d.ask("GET", at[:len(at)-1]+"_", nil, 404, "Authorization", "")

	header, sound := d.ask("POST", "/v1/audio/speech", []byte(`{"model":"`+model.Sound+`","input":"good morning, everybody","voice":"alloy","response_format":"wav"}`), 200, kind, plain)
	if number := d.labelOf(sound).ProduceID; header.Get(media.HeaderContent) != number || !strings.Contains(header.Get("AIGC"), number) {
		t.Error(header)
	}
	_, said := d.ask("POST", "/v1/audio/speech", []byte(`{"model":"`+model.Sound+`","input":"good morning","voice":"alloy","response_format":"pcm"}`), http.StatusUnsupportedMediaType, kind, plain)
	if !strings.Contains(string(said), string(media.CodePCM)) {
		t.Error(string(said))
	}

	var film struct{ ID, Status string }
	d.json(&film, "POST", "/v1/videos", []byte(`{"model":"`+model.Video+`","prompt":"clouds","seconds":"4","size":"320x240"}`), 200, kind, plain)
	d.until("/v1/videos/"+film.ID, func(_ int, body []byte) bool {
		d.must(json.Unmarshal(body, &film))
		if film.Status == "failed" {
			t.Fatal(string(body))
		}
		return film.Status == "completed"
	})
	header, data = d.ask("GET", "/v1/videos/"+film.ID+"/content", nil, 200)
	if d.labelOf(data).ProduceID != film.ID || header.Get("Content-Type") != "video/mp4" {
		t.Error(header)
	}
	if types := d.recordsOf(film.ID); !strings.Contains(types, "gateway.video-asked gateway.video-begun artefact.received gateway.video-received") {
		t.Error(types)
	}
	d.stop()
	d.nothing(person, "a lake at dawn", "clouds\"")
}

// TestDoorSettings reads doors from a file.
func TestDoorSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "colophon.yaml")
	text := `gateway:
  models: [{name: comfy, class: other, targets: [{url: "http://10.0.0.8:8188", dialect: plain}]}]
  doors:
    - {name: comfy, model: comfy, path: /prompt, prompts: ["/prompt/*/inputs/text"], references: [{at: "/prompt/*/inputs/image", as: data}], results: [{at: "/*/outputs/*/images/*", as: file, path: "/view?filename={filename}"}],
       poll: {id: /prompt_id, path: "/history/{id}", done: "/{id}/outputs", every: 500ms}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, v, err := Config{}.Serve(map[string]string{"data": t.TempDir()}, path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	d := v.Gateway.Doors[0]
	if d.References[0].As != media.Data || d.Results[0].As != media.File || d.Poll.Every != 500*time.Millisecond || d.Prompts[0] != "/prompt/*/inputs/text" {
		t.Errorf("%+v", d)
	}
	if _, err := media.New(media.Config{Doors: v.Gateway.Doors}); err != nil {
		t.Error(err)
	}
}

// TestFaceThroughTheGateway asks a model that edits faces for pictures: without the consent of each person depicted it is not
// asked, and what it takes is said; with one the consent is spent (Deep Synthesis Provisions Art. 14 ¶2).
func TestFaceThroughTheGateway(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"provider-name": "Studio", "starter-library": "on"})
	h.attest("rv-1")
	h.goLive()
	asked := 0
	inner := model.New(model.Config{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; inner.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	h.stop()
	h.set.Classifiers = []classify.Endpoint{{Name: "guard", Kind: classify.Moderations, URL: mild(t) + "/v1", Model: "guard-1", CacheTime: -1}}
	h.set.Gateway.Models = []GatewayModel{{Name: "swap", Function: "portrait-swap", Class: stamp.Person, Targets: []GatewayTarget{{URL: srv.URL + "/v1", Model: model.Image}}}}
	h.start()
	var shown struct{ ID string }
	h.as("", "POST", "/v1/prompt-showings", object{"account": holder, "function": "portrait-swap", "language": "zh"}, 201, &shown)
	h.as("", "POST", "/v1/prompt-showings/"+shown.ID+":acknowledge", object{"account": holder, "depicted": "others"}, 200, nil)

	edit := func(want int, faces int, headers ...string) string {
		t.Helper()
		image := `{"image_url":"data:image/jpeg;base64,` + base64.StdEncoding.EncodeToString(jpegSample(t)) + `"}`
		body := `{"model":"swap","prompt":"swap them","size":"256x256","images":[` + strings.TrimSuffix(strings.Repeat(image+",", faces), ",") + `]}`
		_, answer := h.ask("POST", "/v1/images/edits", []byte(body), want, append([]string{"Content-Type", "application/json", "Colophon-Account", "holder-4711%40example.cn", "Colophon-Purpose", "advert"}, headers...)...)
		return string(answer)
	}
	if said := edit(451, 2); !strings.Contains(said, "admission-consent-few") || !strings.Contains(said, `"need":"2"`) {
		t.Error(said)
	}
	if asked != 0 {
		t.Error("the model was asked before the person was")
	}
	token := h.consented()
	answer := edit(200, 1, "Colophon-Consent", token)
	var got struct {
		Data []struct {
			B64    string `json:"b64_json"`
			URL    string `json:"url"`
			Number string `json:"content_number"`
		}
	}
	h.must(json.Unmarshal([]byte(answer), &got))
	if len(got.Data) != 1 || asked != 1 {
		t.Fatal(answer[:min(len(answer), 300)], asked)
	}
	if said := edit(451, 1, "Colophon-Consent", token); !strings.Contains(said, "consent") || asked != 1 { // it is spent
		t.Error(said, asked)
	}
	var found httpapi.ConsentFinding
	h.as("", "POST", "/v1/consents:look-up", object{"number": got.Data[0].Number}, 200, &found)
	if found.Basis != consent.OtherConsent {
		t.Errorf("the consent is not found by the content number: %+v %s", found, h.recordsOf(got.Data[0].Number))
	}
	h.stop()
	h.nothing(holder, token, "swap them")
}

// mild is a classifier that minds nothing, in words and pictures.
func mild(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		no, zero := map[string]bool{}, map[string]float64{}
		for _, c := range strings.Fields("harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/intent self-harm/instructions sexual sexual/minors violence violence/graphic") {
			no[c], zero[c] = false, 0
		}
		json.NewEncoder(w).Encode(object{"model": "mild-1", "results": []any{object{"flagged": false, "categories": no, "category_scores": zero}}})
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// consented has a person agree to be depicted once, and returns the token.
func (h *hands) consented() string {
	h.Helper()
	var asked httpapi.Consent
	h.as("", "POST", "/v1/consents", object{"account": holder, "person": "adult", "language": "zh", "requester_name": "Studio", "why": "海报", "subject_name": depictedName, "contact": depictedPhone,
		"terms": object{"modality": []string{"face"}, "purpose": "advert", "functions": []string{"portrait-swap"}, "until": time.Now().AddDate(1, 0, 0).UTC()}}, 201, &asked)
	ctx, of := h.Context(), ledger.By{Role: consent.RoleSubject}
	n, _, err := h.server.consents.Shown(ctx, of, asked.ID, "zh")
	h.must(err)
	challenge, err := h.server.consents.Challenge(ctx, of, asked.ID)
	h.must(err)
	_, err = h.server.consents.Record(ctx, of, asked.ID, consent.Take{Nonce: challenge.Nonce, Body: strings.NewReader("a recording")})
	h.must(err)
	_, _, err = h.server.consents.Give(ctx, of, asked.ID, consent.Answer{Notice: n.SHA256})
	h.must(err)
	var minted struct{ Text string }
	h.as("", "POST", "/v1/consents/"+asked.ID+"/tokens", object{"scope": object{"function": "portrait-swap"}, "uses": 1}, 201, &minted)
	return minted.Text
}
