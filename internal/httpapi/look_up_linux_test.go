package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/staff"
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
	// An order about the account is nobody else's business; one about the content is told.
	officer := w.people[staff.Officer]
	for _, o := range []struct{ scope, field, target, state string }{{"account", "account", person, "made"}, {"content", "target", string(made.Number), "stopped"}} {
		w.ask("POST", "/v1/orders", map[string]any{"scope": o.scope, o.field: o.target, "action": "stop", "basis": "own", "reason": "notice"}).by(officer).want(201, nil)
		w.clock.Set(w.clock.Now().Add(time.Second))
		w.must(w.config.Watch.Read(w.Context()))
		var got httpapi.LookUp
		if w.ask("POST", "/v1/public/look-up", map[string]any{"number": made.Number}).want(200, &got); got.State != o.state {
			t.Errorf("an order about the %s makes it %s", o.scope, got.State)
		}
	}
	for _, asked := range []map[string]any{{}, {"sha256": "no digest"}, {"account": person}} {
		if out := w.ask("POST", "/v1/public/look-up", asked).send(); out.Code != 422 {
			t.Errorf("%v: %d %s", asked, out.Code, out.Body)
		}
	}
}
