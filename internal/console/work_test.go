package console_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// TestWork begins work that does not end: one person may have a few going, which take nothing from others, and nobody sees
// that of another. The page of what goes on may be asked for again and again, and leads to the result in the end.
func TestWork(t *testing.T) {
	t.Parallel()
	goOn, arrived := make(chan struct{}), make(chan struct{}, 8)
	var fails atomic.Bool
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if fails := fails.Load(); r.Method == post {
				arrived <- struct{}{}
				if <-goOn; fails {
					http.Error(w, `{"code":"store-unavailable","title":"the database is down","status":503}`, http.StatusServiceUnavailable)
					return
				}
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{}"))
		})
	})
	o := w.officer()
	one, two := w.browser().with(o), w.browser().with(w.person(o, "second", staff.Officer))
	begin := func(b *browser) reply { t.Helper(); return b.send("/evidence/check", "/evidence/check") }
	var at string
	for range 4 {
		r := begin(one)
		one.want(r, http.StatusSeeOther)
		at = r.Header.Get("Location")
	}
	one.want(begin(one), http.StatusConflict, "Too much")
	two.want(begin(two), http.StatusSeeOther)
	two.want(two.get(at), http.StatusNotFound)
	for range 2 {
		one.want(one.get(at), http.StatusOK, at+"/events")
	}
	for range 5 {
		<-arrived
	}
	fails.Store(true)
	r := begin(two)
	broken := r.Header.Get("Location")
	close(goOn)
	if r := one.get(at + "/events"); !strings.Contains(r.body, "/evidence/checks/") {
		t.Errorf("the events say %s", r.body)
	}
	two.get(broken + "/events")
	two.want(two.get(broken), http.StatusOK, "There is a problem")
	r = one.get(at)
	one.want(r, http.StatusSeeOther)
	one.want(one.get(r.Header.Get("Location")), http.StatusOK)
	two.want(two.get(r.Header.Get("Location")), http.StatusNotFound)
}

const post = http.MethodPost
