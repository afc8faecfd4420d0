package glb_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/glb"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

var (
	container = glb.Container{}
	value     = string(mediatest.Value("wild"))
)

// triangle is the rest of a scene with one triangle, behind its asset.
const triangle = `"scene":0,"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0,"extras":{"note":"kept"}}],
 "meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],
 "accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3","max":[1.0,1.00,0],"min":[0,0,-0.0e0]}],
 "bufferViews":[{"buffer":0,"byteLength":36}],"buffers":[{"byteLength":36}]}`

func chunk(kind string, b []byte, pad byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, pad)
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	return append(append(out, kind...), b...)
}

func file(text string, more ...[]byte) []byte {
	floats := []float32{0, 0, 0, 1, 0, 0, 0, 1, 0}
	var bin bytes.Buffer
	if err := binary.Write(&bin, binary.LittleEndian, floats); err != nil {
		panic(err)
	}
	body := append(chunk("JSON", []byte(text), ' '), chunk("BIN\x00", bin.Bytes(), 0)...)
	body = append(body, bytes.Join(more, nil)...)
	out := binary.LittleEndian.AppendUint32([]byte("glTF\x02\x00\x00\x00"), uint32(len(body)+12))
	return append(out, body...)
}

// parts checks the frame of a file and returns its JSON and what follows.
func parts(t *testing.T, b []byte) (text, rest []byte) {
	t.Helper()
	total, n := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	if int(total) != len(b) || total%4 != 0 || n%4 != 0 || string(b[16:20]) != "JSON" {
		t.Fatalf("header: total %d of %d, JSON %d, %q", total, len(b), n, b[16:20])
	}
	return b[20 : 20+n], b[20+n:]
}

// same checks that nothing but the label differs.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	old, oldRest := parts(t, before)
	now, nowRest := parts(t, after)
	if !bytes.Equal(oldRest, nowRest) {
		t.Error("the chunks behind the JSON changed")
	}
	var want, got map[string]any
	if err := json.Unmarshal(old, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(now, &got); err != nil {
		t.Fatal(err)
	}
	for _, doc := range []map[string]any{want, got} {
		asset := doc["asset"].(map[string]any)
		if extras, ok := asset["extras"].(map[string]any); ok {
			if delete(extras, "AIGC"); len(extras) == 0 {
				delete(asset, "extras")
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the scene changed: %s", diff)
	}
	if !bytes.Contains(now, []byte("1.00,0],\"min\":[0,0,-0.0e0]}],\n")) {
		t.Error("the spelling of numbers or the spacing changed")
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":          `{"asset":{"version":"2.0"},` + triangle,
		"empty extras":   "{ \"asset\" : {\n \"extras\" : { } , \"version\" : \"2.0\" } ,\n" + triangle,
		"other extras":   `{"asset":{"version":"2.0","extras":{"author":"\u4e2d{\"","AIGCx":[1,{}]}},` + triangle,
		"asset at end":   `{"extensionsUsed":["KHR_xmp_json_ld"],"extensions":{"KHR_xmp_json_ld":{"packets":[{"dc:format":"model"}]}},"asset":{"version":"2.0","copyright":"AIGC"},` + triangle,
		"nested extras":  `{"asset":{"version":"2.0","extras":{"in":{"extras":{}}}},` + triangle,
		"escaped quotes": `{"asset":{"version":"2.0","generator":"a \"b\" \\"},` + triangle,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sample := file(text, chunk("XTRA", []byte("abcd"), 0))
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.GLB, Sample: sample, Same: same})
			out := mediatest.Apply(t, container, media.GLB, sample, media.Put{Place: media.PlaceExtras, Value: []byte(value)})
			text, _ := parts(t, out)
			var doc struct {
				Asset struct {
					Extras struct{ AIGC map[string]string }
				}
			}
			if err := json.Unmarshal(text, &doc); err != nil || doc.Asset.Extras.AIGC["ProduceID"] != "wild" || len(doc.Asset.Extras.AIGC) != 7 {
				t.Errorf("label as read by another parser: %v, %v", doc, err)
			}
		})
	}
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestWild(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		place      media.Place
		finding    colophon.Code
		n          int
	}{
		{"object", `{"asset":{"extras":{"a":1,"AIGC":` + value + `,"b":[2]},"version":"2.0"},` + triangle, media.PlaceExtras, "", 1},
		{"string", `{"asset":{"extras":{"AIGC":` + quoted(value) + `},"version":"2.0"},` + triangle, media.PlaceExtras, glb.CodeStringValue, 1},
		{"lower case", `{"asset":{"extras":{"aigc":` + value + `},"version":"2.0"},` + triangle, media.PlaceExtras, media.CodeIDSpelling, 1},
		{"escaped name", `{"asset":{"extras":{"\u0041IGC":` + value + `},"version":"2.0"},` + triangle, media.PlaceExtras, "", 1},
		{"three", `{"asset":{"extras":{"aigc":` + value + `,"AIGC":` + value + ` , "Aigc":` + value + `},"version":"2.0"},` + triangle, media.PlaceExtras, media.CodeIDSpelling, 3},
		{"root", `{"asset":{"version":"2.0"},"AIGC":` + value + `,` + triangle, media.PlaceExtras, media.CodeIDSpelling, 1},
		{"root extras", `{"asset":{"version":"2.0"},"extras":{"AIGC":` + value + `},` + triangle, media.PlaceExtras, media.CodeIDSpelling, 1},
		{"extras array", `{"asset":{"extras":[{"AIGC":` + value + `}],"version":"2.0"},` + triangle, media.PlaceExtras, media.CodeIDSpelling, 1},
		{"XMP", `{"asset":{"version":"2.0","extensions":{"KHR_xmp_json_ld":{"packet":0}}},"extensions":{"KHR_xmp_json_ld":{"packets":[{"@context":{"TC260":"http://www.tc260.org.cn/ns/AIGC/1.0/"},"dc:title":"t","TC260:AIGC":` + quoted(value) + `}]}},` + triangle, media.PlaceXMP, media.CodeOtherPlace, 1},
		{"XMP prefix", `{"asset":{"version":"2.0"},"extensions":{"KHR_xmp_json_ld":{"packets":[{"ns1:AIGC":` + value + `}]}},` + triangle, media.PlaceXMP, media.CodeForeignPrefix, 1},
		{"copyright", `{"asset":{"version":"2.0","copyright":` + quoted(value) + `},` + triangle, media.PlaceDescription, media.CodeOtherPlace, 1},
		{"list of words", `{"asset":{"version":"2.0","extras":{"words":["a",` + quoted(value) + `,"b"]}},` + triangle, media.PlaceDescription, media.CodeOtherPlace, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := file(c.text)
			survey, err := container.Scan(bytes.NewReader(b), media.GLB)
			if err != nil || len(survey.Labels) != c.n {
				t.Fatalf("%+v, %v", survey, err)
			}
			found := survey.Labels[0]
			if found.Place != c.place || string(found.Value) != value {
				t.Fatalf("found %s %q", found.Place, found.Value)
			}
			has := c.finding == "" && len(found.Findings) == 0
			for _, f := range found.Findings {
				has = has || f.Code == c.finding
			}
			if !has {
				t.Errorf("findings %v, want %s", found.Findings, c.finding)
			}
			put := media.Put{Place: media.PlaceExtras, Value: mediatest.Value("new")}
			if strings.HasPrefix(c.name, "extras array") {
				if _, err := container.Edit(bytes.NewReader(b), media.GLB, put); err == nil {
					t.Error("extras that are no object were edited")
				}
				return
			}
			after := mediatest.Apply(t, container, media.GLB, b, put)
			mediatest.One(t, container, media.GLB, after, media.PlaceExtras, put.Value)
			if text, _ := parts(t, after); bytes.Contains(text, []byte("wild")) || !json.Valid(text) {
				t.Errorf("JSON after the edit: %s", text)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	good := file(`{"asset":{"version":"2.0"},` + triangle)
	set := func(at int, n uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], n)
		return b
	}
	for _, c := range []struct {
		name string
		file []byte
		code colophon.Code
	}{
		{"header", good[:18], media.CodeTruncated},
		{"cut", good[:200], media.CodeTruncated},
		{"JSON length", set(12, 1<<31), media.CodeTruncated},
		{"second chunk", set(12, binary.LittleEndian.Uint32(good[12:])-4), media.CodeTruncated},
		{"first chunk", set(16, 0x004E4942), media.CodeMalformed},
		{"no object", file(`[]`), media.CodeMalformed},
		{"no asset", file(`{"scene":0}`), media.CodeMalformed},
		{"two assets", file(`{"asset":{},"asset":{}}`), media.CodeMalformed},
		{"two extras", file(`{"asset":{"extras":{},"extras":{}}}`), media.CodeMalformed},
		{"extras no object", file(`{"asset":{"extras":7}}`), media.CodeUnsupported},
		{"text behind", file(`{"asset":{}} x`), media.CodeMalformed},
		{"open string", file(`{"asset":{"version":"2.0`), media.CodeMalformed},
		{"comma", file(`{"asset":{"version":"2.0" "x":1}}`), media.CodeMalformed},
		{"deep", file(`{"asset":` + strings.Repeat("[", 5000)), media.CodeTooDeep},
		{"many", file(`{"asset":{},"extras":[` + strings.Repeat(`{"AIGC":1},`, 99) + `0]}`), media.CodeTooMany},
		{"words", file(`{"asset":{"copyright":` + quoted("made so: "+value+" by us") + `}}`), media.CodeUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := container.Edit(bytes.NewReader(c.file), media.GLB, media.Put{Place: media.PlaceExtras, Value: []byte(value)})
			e, ok := err.(*colophon.Error)
			if !ok || e.Code != c.code {
				t.Fatalf("error %v, want %s", err, c.code)
			}
			mediatest.Survive(t, container, media.PlaceExtras, c.file)
		})
	}
	v1 := bytes.Clone(good)
	v1[4] = 1
	if got := mediatest.Sniff(container, v1); got != media.Unknown {
		t.Errorf("version 1 is taken for %q", got)
	}
}

func TestTrailing(t *testing.T) {
	t.Parallel()
	b := append(file(`{"asset":{"version":"2.0"}}`), "tail"...)
	survey, err := container.Scan(bytes.NewReader(b), media.GLB)
	if err != nil || len(survey.Findings) != 1 || survey.Findings[0].Code != media.CodeTrailingData {
		t.Fatalf("%+v, %v", survey, err)
	}
	after := mediatest.Apply(t, container, media.GLB, b, media.Put{Place: media.PlaceExtras, Value: []byte(value)})
	if !bytes.HasSuffix(after, []byte("tail")) {
		t.Error("the bytes behind the file's end are lost")
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(file(`{"asset":{"version":"2.0"},` + triangle))
	f.Add(file(`{"asset":{"extras":{"aigc":` + value + `,"AIGC":` + quoted(value) + `,"x":["{AIGC \"Label\""]}}}`))
	f.Add(file(`{"asset":{},"extensions":{"KHR_xmp_json_ld":{"packets":[{"ns1:AIGC":` + value + `}]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, container, media.PlaceExtras, b) })
}
