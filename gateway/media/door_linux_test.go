package media_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// swap is a face-swap service, comfy one with a queue, raw one that answers with a file.
func doors() []media.Door {
	return []media.Door{
		{Name: "swap", Model: "painter", Path: "/swap", Prompts: []string{"/prompt"}, Plain: []string{"/mode", "/job"},
			References: []media.Reference{{At: "/faces/*", As: media.Base64}, {At: "/target", As: media.Data}},
			Results:    []media.Result{{At: "/out/image"}, {At: "/out/more/*/href", As: media.Address}, {At: "/caption", As: media.Words}}},
		{Name: "comfy", Model: "painter", Path: "/prompt", Prompts: []string{"/prompt/*/inputs/text"}, References: []media.Reference{{At: "/prompt/*/inputs/image"}},
			Results: []media.Result{{At: "/*/outputs/*/images/*", As: media.File, Path: "/view?filename={filename}&type={type}"}},
			Poll:    &media.Poll{ID: "/prompt_id", Path: "/history/{id}", Done: "/{id}/outputs", Failed: "/{id}/status/status_str=error", Every: time.Second, Most: time.Minute}},
		{Name: "raw", Model: "painter", Path: "/draw", Prompts: []string{"/text"}},
	}
}

func withDoors(c *media.Config) { c.Doors = doors() }

// TestDoorToFaces swaps faces: every face takes a consent, every text and every medium is judged, and what comes back leaves
// marked in the places where it stood.
func TestDoorToFaces(t *testing.T) {
	b := open(t, withDoors)
	b.gate.likeness = []string{"face"}
	one, two, out, more := picture(t, 1), picture(t, 2), picture(t, 3), picture(t, 4)
	b.fetched.files = map[string][]byte{"https://pictures.test/b.png": two}
	b.results.files = map[string][]byte{"http://10.0.0.9/more.png": more}
	b.model.says("POST /swap", fmt.Appendf(nil, `{"job":"j-1","out":{"image":%q,"more":[{"href":"http://10.0.0.9/more.png"}]},"caption":"two friends","steps":20}`, b64(out)))
	var to sink
	b.must(b.studio.Door(t.Context(), "swap", call("", fmt.Sprintf(`{"prompt":"swap","mode":"fast-1","faces":[%q,"https://pictures.test/b.png"],"target":null,"hint":"kindly","steps":20}`, b64(one))), &to))
	v := to.json(t)
	image, err := base64.StdEncoding.DecodeString(v["out"].(map[string]any)["image"].(string))
	b.must(err)
	number := b.labelled(image).ProduceID
	href := v["out"].(map[string]any)["more"].([]any)[0].(map[string]any)["href"].(string)
	about := v["colophon"].(map[string]any)["data"].([]any)
	if !strings.HasPrefix(href, "https://colophon.test/v1/content/") || len(about) != 3 || about[0].(map[string]any)["content_number"] != number || v["steps"] != 20.0 || v["job"] != "j-1" {
		t.Error(v)
	}
	if caption := v["caption"].(string); caption == "two friends" || !strings.Contains(caption, "two friends") {
		t.Errorf("the text has no notice: %q", caption)
	}
	if a := b.gate.asked[0]; a.Media != 2 || a.Endpoint != media.Generic {
		t.Errorf("%d reference media", a.Media)
	}
	if got := b.court.seen(screen.Input); !slices.Equal(got, []string{"swap", "kindly", digest(one), digest(two)}) {
		t.Error(got)
	}
	if sent := b.model.bodies[0]; !strings.Contains(sent, b64(two)) || strings.Contains(sent, "pictures.test") || !strings.Contains(sent, `"steps":20`) {
		t.Error("what went on is not what was judged")
	}
}

// TestDoorRefuses sends what no door lets through: the generator is not asked.
func TestDoorRefuses(t *testing.T) {
	blob := b64(picture(t, 1))
	for name, it := range map[string]struct {
		body string
		code colophon.Code
	}{
		"words":                     {`{"prompt":"` + bad + `"}`, gateway.CodeInput},
		"words elsewhere":           {`{"prompt":"x","options":{"deep":["` + bad + `"]}}`, gateway.CodeInput},
		"words in a name":           {`{"prompt":"x","say ` + bad + `":1}`, gateway.CodeInput},
		"escaped words":             {`{"prompt":"\u0066orbidden-words"}`, gateway.CodeInput},
		"no prompt":                 {`{"mode":"fast"}`, media.CodeField},
		"a prompt that is none":     {`{"prompt":7}`, media.CodeField},
		"twice":                     {`{"prompt":"x","prompt":"` + bad + `"}`, media.CodeField},
		"no JSON":                   {`{"prompt":"x"`, media.CodeField},
		"two":                       {`{"prompt":"x"}{}`, media.CodeField},
		"picture elsewhere":         {`{"prompt":"x","other":"` + blob + `"}`, media.CodeReference},
		"address elsewhere":         {`{"prompt":"x","other":"https://pictures.test/a.png"}`, media.CodeReference},
		"address of any kind":       {`{"prompt":"x","other":"//pictures.test/a.png"}`, media.CodeReference},
		"data elsewhere":            {`{"prompt":"x","other":" DATA:image/png,x"}`, media.CodeReference},
		"a face that is no file":    {`{"prompt":"x","faces":["../../etc/passwd"]}`, media.CodeField},
		"a face that is an object":  {`{"prompt":"x","faces":[{"file":"x"}]}`, media.CodeField},
		"a face in the own network": {`{"prompt":"x","faces":["http://169.254.169.254/latest"]}`, "gateway-fetch-private"},
		"a path for a face":         {`{"prompt":"x","faces":["/etc/passwd0"]}`, media.CodeField},
		"words for an identifier":   {`{"prompt":"x","mode":"` + bad + ` and more"}`, gateway.CodeInput},
		"address for an identifier": {`{"prompt":"x","mode":"https://pictures.test/a.png"}`, media.CodeReference},
		"picture for an identifier": {`{"prompt":"x","mode":"` + blob + `"}`, media.CodeReference},
		"too many":                  {`{"prompt":"x","faces":["` + strings.Repeat(blob+`","`, 16) + blob + `"]}`, gateway.CodeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, withDoors)
			b.model.says("POST /swap", []byte(`{"out":{"image":"`+blob+`"}}`))
			b.want(b.studio.Door(t.Context(), "swap", call("", it.body), &sink{}), it.code)
			if len(b.model.asked) != 0 {
				t.Error("the generator was asked")
			}
		})
	}
	b := open(t, withDoors)
	b.want(b.studio.Door(t.Context(), "other", call("", `{}`), &sink{}), media.CodeDoor)
	b.models["painter"] = gateway.Model{Name: "painter", Companion: &companion.Policy{}} // whose duties nothing here fulfils
	b.want(b.studio.Door(t.Context(), "swap", call("", `{"prompt":"x"}`), &sink{}), gateway.CodeEndpoint)
	b.want(b.studio.Serve(t.Context(), call(shape.ImagesGenerations, `{"model":"painter","prompt":"x"}`), &sink{}), gateway.CodeEndpoint)
}

// TestDoorKeepsBack has a generator answer what must not leave.
func TestDoorKeepsBack(t *testing.T) {
	blob := b64(picture(t, 1))
	for name, it := range map[string]struct {
		body string
		code colophon.Code
	}{
		"words":             {`{"out":{"image":"` + blob + `"},"log":"` + bad + `"}`, gateway.CodeOutput},
		"another picture":   {`{"out":{"image":"` + blob + `"},"preview":"` + blob + `"}`, gateway.CodeAnswer},
		"another address":   {`{"out":{"image":"` + blob + `"},"preview":"http://10.0.0.9/x.png"}`, gateway.CodeAnswer},
		"nothing":           {`{"out":{}}`, gateway.CodeAnswer},
		"twice":             {`{"out":{"image":"` + blob + `"},"out":{}}`, gateway.CodeAnswer},
		"a place inside":    {`{"out":{"more":[{"href":"http://127.0.0.1/x.png"}]}}`, "gateway-fetch-private"},
		"no file":           {`{"out":{"image":"AAAA"}}`, gateway.CodeAnswer},
		"refused by itself": {`{"out":{"image":"` + b64(picture(t, 2)) + `"}}`, media.CodeRefused},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, withDoors)
			b.refuse[digest(picture(t, 2))] = policy.Refuse
			b.model.says("POST /swap", []byte(it.body))
			var to sink
			b.want(b.studio.Door(t.Context(), "swap", call("", `{"prompt":"x"}`), &to), it.code)
			if to.status != 0 || to.body.Len() > 0 {
				t.Error(to.status)
			}
		})
	}
}

// TestDoorWithRefused leaves a gap where one of several results was refused.
func TestDoorWithRefused(t *testing.T) {
	b := open(t, withDoors)
	good, ill := picture(t, 1), picture(t, 2)
	b.refuse[digest(ill)] = policy.Refuse
	b.results.files = map[string][]byte{"http://10.0.0.9/ill.png": ill}
	b.model.says("POST /swap", []byte(`{"out":{"image":"`+b64(good)+`","more":[{"href":"http://10.0.0.9/ill.png"}]}}`))
	var to sink
	b.must(b.studio.Door(t.Context(), "swap", call("", `{"prompt":"x"}`), &to))
	v := to.json(t)
	if href, there := v["out"].(map[string]any)["more"].([]any)[0].(map[string]any)["href"]; href != nil || !there {
		t.Error(href)
	}
	refused := v["colophon"].(map[string]any)["refused"].([]any)
	if len(refused) != 1 || refused[0].(map[string]any)["index"] != 1.0 || v["AIGC"] == nil {
		t.Error(v["colophon"])
	}
}

// TestDoorWithQueue asks a generator with a queue until it is done, and gets the files from it.
func TestDoorWithQueue(t *testing.T) {
	b := open(t, withDoors)
	b.model.says("POST /prompt", []byte(`{"prompt_id":"p-1"}`))
	done := answer{body: []byte(`{"p-1":{"prompt":["` + bad + `"],"outputs":{"9":{"images":[{"filename":"a b.png","type":"output"}]}}}}`)}
	b.model.answers["GET /history/p-1"] = answer{body: []byte(`{}`), then: &answer{body: []byte(`{"p-1":{"outputs":{}}}`), then: &done}}
	b.model.says("GET /view?filename=a+b.png&type=output", picture(t, 1))
	var to sink
	b.must(b.studio.Door(t.Context(), "comfy", call("", `{"prompt":{"6":{"class_type":"CLIPTextEncode","inputs":{"text":"a cat","seed":123456789012345678}}}}`), &to))
	v := to.json(t)
	if fields := b.labelled(b.decode(v["data"], 0)); v["AIGC"].(map[string]any)["ProduceID"] != fields.ProduceID || strings.Contains(to.body.String(), bad) {
		t.Error(v)
	}
	if !strings.Contains(b.model.bodies[0], "123456789012345678") {
		t.Error("a number changed", b.model.bodies[0])
	}
	for _, r := range b.model.asked[1:] {
		if r.Target != "target-1" {
			t.Error("another place was asked", r.Path)
		}
	}
	b.model.says("GET /history/p-1", []byte(`{"p-1":{"status":{"status_str":"error"}}}`))
	b.want(b.studio.Door(t.Context(), "comfy", call("", `{"prompt":{"6":{"inputs":{"text":"a cat"}}}}`), &sink{}), media.CodeDoorFailed)
	b.model.says("GET /history/p-1", []byte(`{}`))
	b.want(b.studio.Door(t.Context(), "comfy", call("", `{"prompt":{"6":{"inputs":{"text":"a cat"}}}}`), &sink{}), upstream.CodeTimeout)
	b.model.says("POST /prompt", []byte(`{"prompt_id":"../secret"}`))
	b.want(b.studio.Door(t.Context(), "comfy", call("", `{"prompt":{"6":{"inputs":{"text":"a cat"}}}}`), &sink{}), gateway.CodeAnswer)
}

// TestDoorToFile has a generator answer with a file, and with what is none.
func TestDoorToFile(t *testing.T) {
	b := open(t, withDoors)
	b.model.says("POST /draw", picture(t, 1))
	var to sink
	b.must(b.studio.Door(t.Context(), "raw", call("", `{"text":"a cat"}`), &to))
	if fields := b.labelled(to.body.Bytes()); to.header["Content-Type"] != "image/png" || !strings.Contains(to.header["AIGC"], fields.ProduceID) {
		t.Error(to.header)
	}
	b.model.says("POST /draw", []byte{0, 1, 2})
	b.want(b.studio.Door(t.Context(), "raw", call("", `{"text":"a cat"}`), &sink{}), gateway.CodeAnswer)
}

// TestDoorConfig describes doors wrongly.
func TestDoorConfig(t *testing.T) {
	for field, change := range map[string]func(*media.Door){
		"name":       func(d *media.Door) { d.Name = "a door" },
		"model":      func(d *media.Door) { d.Model = "" },
		"path":       func(d *media.Door) { d.Path = "http://x" },
		"prompts":    func(d *media.Door) { d.Prompts = []string{"prompt"} },
		"references": func(d *media.Door) { d.References = []media.Reference{{At: "/x", As: media.File}} },
		"results":    func(d *media.Door) { d.Results = []media.Result{{At: "/x", As: media.File}} },
		"poll":       func(d *media.Door) { d.Poll = &media.Poll{ID: "/id", Path: "/x", Done: "/y"} },
	} {
		d := doors()[0]
		change(&d)
		b := bench{T: t}
		_, err := media.New(media.Config{Doors: []media.Door{d}})
		if e := b.want(err, media.CodeDoorConfig); e.Args["field"] != field {
			t.Error(e.Args, field)
		}
	}
	two := doors()[:1]
	_, err := media.New(media.Config{Doors: append(two, two[0])})
	(&bench{T: t}).want(err, media.CodeDoorConfig)
}
