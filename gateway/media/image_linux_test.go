package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// decode reads the base64 of a member of the n-th result.
func (b *bench) decode(data any, n int) []byte {
	b.Helper()
	text, _ := data.([]any)[n].(map[string]any)["b64_json"].(string)
	out, err := base64.StdEncoding.DecodeString(text)
	b.must(err)
	return out
}

// TestPicturesLeaveMarked asks for two pictures: each is an item of its own that bears its own label, and nothing else of the
// model's answer leaves (Labelling Measures Art. 4 and 5).
func TestPicturesLeaveMarked(t *testing.T) {
	b := open(t, nil)
	first, second := picture(t, 1), picture(t, 2)
	b.model.says("POST /images/generations", fmt.Appendf(nil, `{"created":1,"data":[{"b64_json":%q,"revised_prompt":"a cat, painted"},{"b64_json":%q}],
		"usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12},"size":"1024x1024","secret":"internal detail","quality":"a whole sentence"}`, b64(first), b64(second)))
	var to sink
	b.must(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"a cat","n":2,"size":"1024x1024"}`), &to))
	v := to.json(t)
	var numbers []string
	for i, raw := range [][]byte{first, second} {
		data := b.decode(v["data"], i)
		if bytes.Equal(data, raw) {
			t.Fatal("a picture left as it came")
		}
		fields := b.labelled(data)
		item := v["data"].([]any)[i].(map[string]any)
		if item["content_number"] != fields.ProduceID || item["AIGC"].(map[string]any)["ProduceID"] != fields.ProduceID {
			t.Errorf("%v does not name %s", item["content_number"], fields.ProduceID)
		}
		numbers = append(numbers, fields.ProduceID)
		if got := b.types(fields.ProduceID); got != "artefact.received artefact.marked artefact.delivered" {
			t.Error(got)
		}
	}
	if to.header[media.HeaderContent] != strings.Join(numbers, ",") || numbers[0] == numbers[1] {
		t.Error(to.header)
	}
	if v["usage"].(map[string]any)["total_tokens"] != 12.0 || v["size"] != "1024x1024" || v["quality"] != nil || strings.Contains(to.body.String(), "internal") {
		t.Error("what else the answer says", v["usage"], v["size"], v["quality"])
	}
	if got := b.court.seen(screen.Input); !slices.Contains(got, "a cat") {
		t.Error(got)
	}
	if got := b.court.seen(screen.Output); !slices.Equal(got, []string{"a cat, painted"}) {
		t.Error(got)
	}
	if !strings.Contains(b.model.bodies[0], `"theirs"`) || b.gate.done != 1 || len(b.usage) != 1 || b.usage[0].Output != 7 || b.usage[0].Account == "" {
		t.Errorf("%s %d %+v", b.model.bodies[0], b.gate.done, b.usage)
	}
}

// TestWhatIsRefusedDoesNotLeave refuses and holds some of several results: their bytes do not leave, and the answer says which.
func TestWhatIsRefusedDoesNotLeave(t *testing.T) {
	b := open(t, nil)
	pictures := [][]byte{picture(t, 1), picture(t, 2), picture(t, 3)}
	b.refuse[digest(pictures[0])], b.refuse[digest(pictures[2])] = policy.Refuse, policy.Review
	b.model.says("POST /images/generations", fmt.Appendf(nil, `{"data":[{"b64_json":%q},{"b64_json":%q},{"b64_json":%q}]}`, b64(pictures[0]), b64(pictures[1]), b64(pictures[2])))
	var to sink
	b.must(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"three cats","n":3}`), &to))
	v := to.json(t)
	if n := len(v["data"].([]any)); n != 1 {
		t.Fatalf("%d results leave", n)
	}
	b.labelled(b.decode(v["data"], 0))
	kept := v["refused"].([]any)
	refused, held := kept[0].(map[string]any), kept[1].(map[string]any)
	if refused["index"] != 0.0 || refused["code"] != "content_filter" || refused["reason"] != "production-refused" || refused["content_number"] != nil {
		t.Error(refused)
	}
	if held["index"] != 2.0 || held["held"] != "held-1" || held["content_number"] == nil {
		t.Error(held)
	}
	for _, i := range []int{0, 2} {
		if strings.Contains(to.body.String(), b64(pictures[i])[:200]) {
			t.Error("bytes of a result left that does not leave")
		}
	}
}

// TestNothingLeaves refuses all results, or the only one.
func TestNothingLeaves(t *testing.T) {
	for name, it := range map[string]struct {
		actions []policy.Action
		code    colophon.Code
		results string
	}{
		"one refused": {[]policy.Action{policy.Refuse}, media.CodeRefused, "0 production-refused"},
		"one held":    {[]policy.Action{policy.Review}, media.CodeHeld, ""},
		"both":        {[]policy.Action{policy.Refuse, policy.Review}, media.CodeRefused, "0 production-refused, 1 gateway-media-held held-1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, nil)
			var data []string
			for i, a := range it.actions {
				p := picture(t, i)
				b.refuse[digest(p)] = a
				data = append(data, fmt.Sprintf(`{"b64_json":%q}`, b64(p)))
			}
			b.model.says("POST /images/generations", []byte(`{"data":[`+strings.Join(data, ",")+`]}`))
			var to sink
			e := b.want(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"cats"}`), &to), it.code)
			if e.Args["results"] != it.results || e.Kind != colophon.Refused || to.status != 0 {
				t.Error(e.Args, e.Kind, to.status)
			}
			if it.code == media.CodeHeld {
				a, err := b.register.Artefact(t.Context(), artefact.Number(e.Args["number"]))
				if err != nil || a.State != artefact.Held || e.Args["held"] != "held-1" {
					t.Error(a.State, err, e.Args)
				}
			}
			if b.usage[0].Blocked != 1 || b.gate.done != 1 {
				t.Error(b.usage, b.gate.done)
			}
		})
	}
}

// TestNothingGoesUpBeforeItIsJudged refuses calls: the model is never asked.
func TestNothingGoesUpBeforeItIsJudged(t *testing.T) {
	denied := &colophon.Error{Kind: colophon.Refused, Code: "denied", Clauses: []colophon.Clause{colophon.ClauseDS14}}
	for name, it := range map[string]struct {
		body string
		set  func(*bench, *gateway.Call)
		code colophon.Code
	}{
		"words":                     {`{"model":"painter","prompt":"` + bad + `"}`, nil, gateway.CodeInput},
		"held words":                {`{"model":"painter","prompt":"` + odd + `"}`, nil, gateway.CodeHeld},
		"unknown field":             {`{"model":"painter","prompt":"a cat","extra":{"hint":"` + bad + `"}}`, nil, gateway.CodeInput},
		"media in an unknown field": {`{"model":"painter","prompt":"a cat","pose":"https://pictures.test/a.png"}`, nil, media.CodeReference},
		"not admitted":              {`{"model":"painter","prompt":"a cat"}`, func(b *bench, _ *gateway.Call) { b.gate.err = denied }, "denied"},
		"no account":                {`{"model":"painter","prompt":"a cat"}`, func(_ *bench, c *gateway.Call) { c.Account = "" }, gateway.CodeAccount},
		"the program's own account": {`{"model":"painter","prompt":"a cat","user":"colophon-probe"}`, func(_ *bench, c *gateway.Call) {
			c.Account, c.For = "", func(account string) error {
				return &colophon.Error{Kind: colophon.Refused, Code: colophon.Code("for-" + account)}
			}
		}, "for-colophon-probe"},
		"no model": {`{"model":"other","prompt":"a cat"}`, nil, gateway.CodeModel},
		"stream":   {`{"model":"painter","prompt":"a cat","stream":true,"partial_images":2}`, nil, gateway.CodeNoStream},
		"for text": {`{"model":"writer","prompt":"a cat"}`, nil, gateway.CodeEndpoint},
		"court fails": {`{"model":"painter","prompt":"a cat"}`, func(b *bench, _ *gateway.Call) {
			b.court.fail = &colophon.Error{Code: "screen-journal"}
		}, "screen-journal"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, nil)
			b.models["writer"] = gateway.Model{Name: "writer", Endpoints: []shape.Endpoint{shape.Chat}}
			b.model.says("POST /images/generations", []byte(`{"data":[{"b64_json":"`+b64(picture(t, 1))+`"}]}`))
			c := call(shape.ImagesGenerations, it.body)
			if it.set != nil {
				it.set(b, &c)
			}
			var to sink
			b.want(b.studio.Serve(t.Context(), c, &to), it.code)
			if len(b.model.asked) != 0 || to.status != 0 {
				t.Error(b.model.asked, to.status)
			}
		})
	}
}

// TestResultsByAddress has the model hand out an address of its own: it is fetched, and what the caller gets is ours.
func TestResultsByAddress(t *testing.T) {
	for format, inline := range map[string]bool{"url": false, "": false, "b64_json": true} {
		t.Run("as "+format, func(t *testing.T) {
			b := open(t, nil)
			raw := picture(t, 4)
			b.results.files = map[string][]byte{"http://10.0.0.7:8188/result.png": raw}
			b.model.says("POST /images/generations", []byte(`{"data":[{"url":"http://10.0.0.7:8188/result.png"}]}`))
			var to sink
			b.must(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"a cat","response_format":"`+format+`"}`), &to))
			v := to.json(t)
			if strings.Contains(to.body.String(), "10.0.0.7") || len(b.fetched.asked) != 0 {
				t.Fatal("the model's address left", b.fetched.asked)
			}
			item := v["data"].([]any)[0].(map[string]any)
			address, _ := item["url"].(string)
			if inline {
				if address != "" {
					t.Error(address)
				}
				b.labelled(b.decode(v["data"], 0))
				return
			}
			number := item["content_number"].(string)
			token, ok := strings.CutPrefix(address, "https://colophon.test/v1/content/")
			if got := b.types(number); !ok || got != "artefact.received artefact.marked" {
				t.Fatal(address, got)
			}
			for range 2 {
				c, err := b.hosted.Open(t.Context(), by, token)
				b.must(err)
				var out bytes.Buffer
				_, err = out.ReadFrom(c)
				b.must(err)
				b.must(c.Close())
				b.labelled(out.Bytes())
			}
			if got := b.types(number); got != "artefact.received artefact.marked artefact.delivered artefact.delivered" {
				t.Error(got)
			}
		})
	}
}

// TestAnswerOutOfForm has the model answer what is no answer: nothing of it leaves.
func TestAnswerOutOfForm(t *testing.T) {
	for name, body := range map[string]string{"no JSON": "<html>", "nothing": `{"data":[]}`, "no picture": `{"data":[{"b64_json":"!"}]}`, "a place inside": `{"data":[{"url":"http://127.0.0.1/x"}]}`,
		"words": `{"data":[{"b64_json":"` + b64(picture(t, 1)) + `","revised_prompt":"` + bad + `"}]}`, "too many": `{"data":[` + strings.Repeat(`{"b64_json":"AA=="},`, 16) + `{"b64_json":"AA=="}]}`} {
		t.Run(name, func(t *testing.T) {
			b := open(t, nil)
			b.model.says("POST /images/generations", []byte(body))
			var to sink
			if err := b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"a cat"}`), &to); err == nil || to.status != 0 || to.body.Len() > 0 {
				t.Error(err, to.status)
			}
			if list, _, err := b.register.Find(t.Context(), artefact.Query{}, "", 9); err != nil || len(list) != 0 {
				t.Error(list, err)
			}
		})
	}
}

// form writes a form of texts and files.
func form(t *testing.T, texts [][2]string, files [][2]string) (kind string, body []byte) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, f := range files {
		p, err := w.CreateFormFile(f[0], "private name.png")
		if err != nil {
			t.Fatal(err)
		}
		p.Write([]byte(f[1]))
	}
	for _, f := range texts {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), out.Bytes()
}

// TestEdits sends pictures to be edited: each is judged, as is each text, the mask shows nobody, and the consents that are needed
// are counted by the others.
func TestEdits(t *testing.T) {
	b := open(t, nil)
	b.gate.likeness = []string{"face"}
	first, second, mask := picture(t, 1), picture(t, 2), picture(t, 3)
	b.model.says("POST /images/edits", []byte(`{"data":[{"b64_json":"`+b64(picture(t, 4))+`"}]}`))
	c := call(shape.ImagesEdits, "")
	c.Consents = []string{"a-token", "another"}
	c.Type, c.Body = form(t, [][2]string{{"model", "painter"}, {"prompt", "swap them"}, {"response_format", "b64_json"}, {"note", "be kind"}},
		[][2]string{{"image[]", string(first)}, {"image[]", string(second)}, {"mask", string(mask)}})
	var to sink
	b.must(b.studio.Serve(t.Context(), c, &to))
	number := b.labelled(b.decode(to.json(t)["data"], 0)).ProduceID
	if a := b.gate.asked[0]; a.Media != 2 || string(a.Number) != number || a.Account != person || len(a.Consents) != 2 {
		t.Errorf("%d reference media, number %s", a.Media, a.Number)
	}
	seen := b.court.seen(screen.Input)
	for _, want := range []string{"swap them", "be kind", digest(first), digest(second), digest(mask)} {
		if !slices.Contains(seen, want) {
			t.Errorf("%s was not judged", want)
		}
	}
	_, params, err := mime.ParseMediaType(b.model.types[0])
	b.must(err)
	sent, err := multipart.NewReader(strings.NewReader(b.model.bodies[0]), params["boundary"]).ReadForm(1 << 20)
	b.must(err)
	if sent.Value["model"][0] != "theirs" || sent.Value["prompt"][0] != "swap them" || len(sent.File["image[]"]) != 2 || len(sent.File["mask"]) != 1 {
		t.Error(sent.Value, sent.File)
	}
	f, err := sent.File["image[]"][1].Open()
	b.must(err)
	var out bytes.Buffer
	_, err = out.ReadFrom(f)
	b.must(err)
	if !bytes.Equal(out.Bytes(), second) {
		t.Error("the second picture is another")
	}
}

// TestSeveralFaces asks for several pictures of people: the consents for all are spent before the model is asked, or it is not.
func TestSeveralFaces(t *testing.T) {
	few := &colophon.Error{Kind: colophon.Refused, Code: "admission-consent-few", Clauses: []colophon.Clause{colophon.ClauseDS14}}
	left := 3
	var b *bench
	b = open(t, func(c *media.Config) {
		c.Reserve = func(ctx context.Context, a production.Asked) error {
			if left--; left < 0 {
				return few
			}
			return b.reserve(ctx, a)
		}
	})
	b.gate.likeness = []string{"face"}
	b.model.says("POST /images/generations", fmt.Appendf(nil, `{"data":[{"b64_json":%q},{"b64_json":%q}]}`, b64(picture(t, 1)), b64(picture(t, 2))))
	var to sink
	b.must(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"me","n":2}`), &to))
	for i, r := range b.reserved {
		if number := b.labelled(b.decode(to.json(t)["data"], i)).ProduceID; number != string(r.Number) || r.Use.Depicted != 1 {
			t.Error(number, r)
		}
	}
	b.want(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"me","n":2}`), &sink{}), few.Code)
	if len(b.model.asked) != 1 || len(b.reserved) != 3 {
		t.Error(len(b.model.asked), len(b.reserved))
	}
}

// TestReferencesAreFetched names a reference by its address: what is judged and what the model gets are the same bytes. An
// address that must not be asked is refused before the model is.
func TestReferencesAreFetched(t *testing.T) {
	b := open(t, nil)
	raw := picture(t, 5)
	b.fetched.files = map[string][]byte{"https://pictures.test/a.png": raw}
	b.model.says("POST /images/edits", []byte(`{"data":[{"b64_json":"`+b64(picture(t, 6))+`"}]}`))
	var to sink
	b.must(b.studio.Serve(t.Context(), call(shape.ImagesEdits, `{"model":"painter","prompt":"a hat","images":[{"image_url":"https://pictures.test/a.png"}]}`), &to))
	if !slices.Contains(b.court.seen(screen.Input), digest(raw)) || !strings.Contains(b.model.bodies[0], b64(raw)) || strings.Contains(b.model.bodies[0], "pictures.test") {
		t.Error("the reference that was judged is not the one that went on")
	}
	err := b.studio.Serve(t.Context(), call(shape.ImagesEdits, `{"model":"painter","prompt":"a hat","images":[{"image_url":"http://127.0.0.1/a.png"}]}`), &sink{})
	b.want(err, "gateway-fetch-private")
	if len(b.model.asked) != 1 {
		t.Error("the model was asked")
	}
}

// TestOrderStopsTheWork has an order come while the model is at work: nothing leaves.
func TestOrderStopsTheWork(t *testing.T) {
	b := open(t, nil)
	stopped := &colophon.Error{Kind: colophon.Refused, Code: "stopped", Clauses: []colophon.Clause{colophon.ClauseDS21}}
	b.results.files = map[string][]byte{"http://10.0.0.7/x.png": picture(t, 1)}
	b.model.says("POST /images/generations", []byte(`{"data":[{"url":"http://10.0.0.7/x.png"}]}`))
	var to sink
	b.model.before = func(ctx context.Context) { b.gate.stop(stopped); <-ctx.Done() }
	b.want(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"a cat"}`), &to), "stopped")
	if to.status != 0 || b.gate.done != 1 {
		t.Error(to.status, b.gate.done)
	}
}

// TestUpstreamFails has the model fail: the caller gets our error, and the call is counted.
func TestUpstreamFails(t *testing.T) {
	b := open(t, nil)
	b.model.answers["POST /images/generations"] = answer{err: &upstream.Failure{Status: 500, Err: &colophon.Error{Kind: colophon.Unsupported, Code: upstream.CodeFailed}}}
	b.want(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"a cat"}`), &sink{}), upstream.CodeFailed)
	if len(b.usage) != 1 || b.gate.done != 1 {
		t.Error(b.usage, b.gate.done)
	}
}

// TestMaker makes an item of a picture that stands inside a conversation.
func TestMaker(t *testing.T) {
	b := open(t, nil)
	m := media.Maker{Line: b.line, Hosted: b.hosted}
	made, err := m.Make(t.Context(), by, b.order(), bytes.NewReader(picture(t, 1)))
	b.must(err)
	if fields := b.labelled(made.Data); fields.ProduceID != string(made.Number) || made.Format != "png" || made.URL == "" {
		t.Errorf("%+v %s", made.Number, made.URL)
	}
	b.refuse[digest(picture(t, 2))] = policy.Review
	_, err = m.Make(t.Context(), by, b.order(), bytes.NewReader(picture(t, 2)))
	b.want(err, media.CodeHeld)
}
