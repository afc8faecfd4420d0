package upstream_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/gateway/upstream"
)

// FuzzRefusal reads what a target says when it turns a call down: nothing comes of it but a known word and a bounded wait.
func FuzzRefusal(f *testing.F) {
	for _, seed := range [][2]string{{`{"error":{"code":"content_filter"}}`, "3"}, {`{"error":{"type":"overloaded_error","code":7}}`, "Sun, 22 Nov 2026 08:00:04 GMT"}, {`{"error":[]}`, "-1"}, {"", "99999999999999999999"}, {strings.Repeat("[", 1000), "1e3"}} {
		f.Add(seed[0], seed[1])
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body, wait string) {
		if w := upstream.Word(strings.NewReader(body)); w != "" && !slices.Contains(upstream.Words, w) {
			t.Errorf("%q came of %q", w, body)
		}
		if d := upstream.After(http.Header{"Retry-After": {wait}}, now); d < 0 || d > time.Hour {
			t.Errorf("%v came of %q", d, wait)
		}
	})
}
