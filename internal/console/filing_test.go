package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// TestFilingVersion has somebody else change a draft while a form of it is open: what the form sends is of the version that it
// was made from, so that the API can tell.
func TestFilingVersion(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	version, written := 3, []int{}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.URL.Path, ":write") {
			var in struct{ Version int }
			_ = json.NewDecoder(r.Body).Decode(&in)
			written = append(written, in.Version)
		}
		fmt.Fprintf(w, `{"id":"one","state":"draft","version":%d,"kit":{"algorithm":{},"annexes":[]}}`, version)
	})
	w := newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = api })
	b := w.browser().with(w.officer())
	for i, form := range []string{"algorithm", "people", "dates", "products"} {
		page := "/filings/one/" + form
		b.want(b.get(page), http.StatusOK, fmt.Sprintf(`<input type="hidden" name="kit-version" value="%d">`, 3+i))
		mu.Lock()
		version++
		mu.Unlock()
		b.send(page, page, "kit-version", fmt.Sprint(3+i), "kit-began", "2026-11-02")
	}
	if !slices.Equal(written, []int{3, 4, 5, 6}) {
		t.Errorf("versions %v", written)
	}
}
