package console_test

import (
	"net/http"
	"net/url"
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

// TestTrialKept tries a film that a person has to look at, and one that screening refuses: that is said of their screening, not
// of the model, and nothing waits for them.
func TestTrialKept(t *testing.T) {
	t.Parallel()
	film, action := `{"id":"n1","status":"in_progress","held":"h1"}`, "review"
	var asked atomic.Pointer[url.URL]
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			text := `{"verdict":"passed","action":"allow","decision":{"allow":true,"verdict":"passed"}}`
			switch {
			case strings.HasPrefix(r.URL.Path, "/v1/videos"):
				text = film
			case r.URL.Path == "/v1/judgements":
				asked.Store(r.URL)
				text = `{"judgements":[{"id":"j1","surface":"output","verdict":"failed","action":"` + action + `"}]}`
			}
			_, _ = w.Write([]byte(text))
		})
	})
	b := w.browser().with(w.officer())
	try := func() reply {
		r := b.send("/account", "/playground", "kind", "film", "model", "m", "prompt", "a lake")
		b.want(r, http.StatusSeeOther)
		at := r.Header.Get("Location")
		b.get(at + "/events") // until its end
		return b.get(at)
	}
	r := try()
	b.want(r, http.StatusOK, "A person has to look at what the model made", "content number n1", "/judgements/j1")
	if at := asked.Load(); at == nil || at.Query().Get("about") != "n1" {
		t.Errorf("asked %v", at)
	}
	if strings.Count(r.body, `"state good"`) != 3 || !strings.Contains(r.body, "A person would have to decide") {
		t.Errorf("%s", r.body)
	}
	film, action = `{"id":"n1","status":"failed","error":{"code":"content_filter","message":"production-refused"}}`, "refuse"
	r = try()
	b.want(r, http.StatusOK, "/judgements/j1")
	b.lacks(r, "roduction-refused")
	film = `{"id":"n1","status":"failed","error":{"code":"video_generation_failed","message":"gateway-video-failed"}}`
	r = try()
	b.lacks(r, "/judgements/j1", "ateway-video-failed")
}
