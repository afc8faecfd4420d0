package media_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway/media"
)

// FuzzJSON holds what goes on to a generator against what was judged: every text that anybody reads in what is written was
// listed, and what is written means what was sent.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,"x",null,true,{"b":"\u4f60\ud83d\ude00"}],"c":{}}`, `"x"`, `[]`, `1e400`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, "\"\xff\"", `{"a":1}{}`, strings.Repeat("[", 70) + strings.Repeat("]", 70),
		`{"a\u0000b c":"</script>"}`, ``, `nul`, `{"a":1,}`, `[1 2]`, `{"prompt":"x"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := media.Rewritten(body)
		if err != nil {
			return
		}
		before, after := read(t, body), read(t, out)
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", body, out)
		}
		listed, err := media.Texts(out)
		if err != nil {
			t.Fatal(err)
		}
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case string:
				if !slices.Contains(listed, v) {
					t.Fatalf("%q is not listed", v)
				}
			case []any:
				for _, e := range v {
					walk(e)
				}
			case map[string]any:
				for _, e := range v {
					walk(e)
				}
			}
		}
		walk(after)
	})
}

func read(t *testing.T, body []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestLeads tells texts from what leads to media.
func TestLeads(t *testing.T) {
	long := strings.Repeat("kind words ", 30)
	folded := regexp.MustCompile(".{76}").ReplaceAllString(b64(picture(t, 3)), "$0\r\n")
	for text, want := range map[string]bool{"": false, "a cat": false, "see https://pictures.test/a.png": false, "https://pictures.test/a.png": true, "S3://bucket/key": true, "data:,x": true,
		"checkpoint.safetensors": false, "folder/checkpoint.safetensors": false, long: false, strings.Repeat("word", 60): false, b64(picture(t, 1)): true, "\t" + b64(picture(t, 2)) + "\n": true,
		folded: true, "image/png;base64," + b64(picture(t, 1)): true, "https://pictures.test/a b.png": true, "note: a://b": false} {
		if media.Leads(text) != want {
			t.Errorf("%.40q: %v", text, !want)
		}
	}
}
