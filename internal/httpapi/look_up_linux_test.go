package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/httpapi"
)

// TestPublicLookUp asks, without any key, whether content was made here.
func TestPublicLookUp(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	before := text("what everybody may ask about")
	made := w.produce(before)
	content := w.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil).as(w.key).send().Body.Bytes()
	digest := func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	other := strings.Repeat("1", 64)
	yes, no := true, false
	for _, c := range []struct {
		about string
		asked map[string]any
		known bool
		same  *bool
	}{
		{"its number", map[string]any{"number": made.Number}, true, nil},
		{"the file", map[string]any{"sha256": digest(content)}, true, &yes},
		{"the file before it was marked", map[string]any{"sha256": digest(before)}, true, &no},
		{"number and file", map[string]any{"number": made.Number, "sha256": digest(content)}, true, &yes},
		{"its number in another file", map[string]any{"number": made.Number, "sha256": other}, true, &no},
		{"the file under another number", map[string]any{"number": "none", "sha256": digest(content)}, true, &yes},
		{"another number", map[string]any{"number": "none"}, false, nil},
		{"another file", map[string]any{"sha256": other}, false, nil},
	} {
		var got httpapi.LookUp
		out := w.ask("POST", "/v1/public/look-up", c.asked).want(200, &got)
		if got.Known != c.known || (got.Same == nil) != (c.same == nil) || got.Same != nil && *got.Same != *c.same {
			t.Errorf("%s: %s", c.about, out.Body)
		}
		if got.Known && (got.Number != made.Number || got.Made == nil || got.State != "made") || !got.Known && got.Number != "" {
			t.Errorf("%s: %s", c.about, out.Body)
		}
	}
	for _, asked := range []map[string]any{{}, {"sha256": "no digest"}, {"account": person}} {
		if out := w.ask("POST", "/v1/public/look-up", asked).send(); out.Code != 422 {
			t.Errorf("%v: %d %s", asked, out.Code, out.Body)
		}
	}
}
