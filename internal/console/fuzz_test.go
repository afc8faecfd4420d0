package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// FuzzRequest sends what no browser would: it is answered, is no fault of ours, and sends nobody to another site.
func FuzzRequest(f *testing.F) {
	f.Add("/sign-in", "next=//evil.example&lang=zh", "zh-CN", "en", "x", "login=a&password=b")
	f.Add("//evil.example/..//", "lang=en", "\x00", "", "", "%")
	f.Add("/\\evil.example", "lang=zh", "*;q=9", "zh", strings.Repeat("A", 43), "csrf="+strings.Repeat("A", 86))
	f.Add("/staff/01940000-0000-7000-8000-000000000000", "after=x", "", "", "", "")
	f.Add("/oidc", "code=%00&state=\xff", "", "", "", "response={}")
	var w *world
	f.Fuzz(func(t *testing.T, path, query, accept, language, session, body string) {
		if w == nil {
			w = newWorld(t, withProvider(provider{"https://id.example"}), func(c *staff.Config, _ *console.Config) { c.Throttle = staff.Throttle{} })
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL = &url.URL{Path: path, RawQuery: query}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Accept-Language", accept)
			r.Header.Set("Cookie", "colophon-language="+language+"; colophon="+session+"; colophon-form="+session+"; colophon-form-step="+session)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code >= http.StatusInternalServerError {
				t.Errorf("%s %q: %d %s", method, path, rec.Code, w.log)
			}
			if to := rec.Header().Get("Location"); to != "" && (to[0] != '/' || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
				t.Errorf("%s %q leads to %q", method, path, to)
			}
		}
	})
}
