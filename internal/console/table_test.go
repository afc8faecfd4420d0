package console_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// mayVisit says, apart from the table of pages, who gets past the door of each page: roles of the staff, or stranger, holder
// or anybody.
func mayVisit(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/roles.txt")
	if err != nil {
		t.Fatal(err)
	}
	who := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 || who[words[0]+" "+words[1]] != nil {
			t.Fatalf("testdata/roles.txt: %s", line)
		}
		who[words[0]+" "+words[1]] = words[2:]
	}
	return who
}

func address(r console.Row, id staff.ID) string {
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(r.Path, string(id))
}

// TestStrangers asks for every page without a session.
func TestStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.officer().Account.ID
	who := mayVisit(t)
	for _, row := range console.Rows() {
		name := row.Method + " " + row.Path
		listed := who[name]
		if !row.Shut && !slices.Equal(listed, []string{row.Who}) || row.Shut && (len(listed) == 0 || !slices.Contains(staff.Roles(), staff.Role(listed[0]))) {
			t.Errorf("%s: say in testdata/roles.txt who may visit it", name)
		}
		delete(who, name)
		for _, session := range []string{"", "x", strings.Repeat("A", 43)} {
			if row.Who == "anybody" && row.Form {
				t.Errorf("%s: a form belongs to somebody", name)
			}
			b := w.browser()
			if session != "" {
				b.with(staff.Opened{Token: session})
			}
			r := b.do(row.Method, address(row, id), url.Values{"csrf": {"x"}})
			switch {
			case row.Held && r.StatusCode == http.StatusNotFound: // here, there are no links
			case row.Shut && row.Script && r.StatusCode == http.StatusUnauthorized && strings.Contains(r.body, `"to":"/sign-in`):
			case row.Shut && !row.Script && r.StatusCode == http.StatusSeeOther && strings.HasPrefix(r.Header.Get("Location"), "/sign-in"):
			case row.Held:
				t.Errorf("%s: %d", name, r.StatusCode)
			case !row.Shut && row.Shown && !row.Form && r.StatusCode == http.StatusOK:
			case row.Who == "anybody" && (r.StatusCode == http.StatusInternalServerError || r.StatusCode == http.StatusOK): // here, there is no API to ask
			case !row.Shut && (row.Form || !row.Shown) && r.StatusCode == http.StatusForbidden:
			default:
				t.Errorf("%s with session %q: %d %v\n%s", name, session, r.StatusCode, r.Header, r.body)
			}
		}
	}
	for name := range who {
		t.Errorf("testdata/roles.txt: %s is no page", name)
	}
}

// TestForgedForms sends every form without its token and with tokens of others.
func TestForgedForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	other := w.person(o, "night.reviewer", staff.Officer)
	strange, err := w.roster.CSRF(other.Token)
	w.fine(err)
	unbound, err := w.roster.CSRF("")
	w.fine(err)
	before, who := w.store.Commits, mayVisit(t)
	for _, row := range console.Rows() {
		if !row.Form || row.Held || row.Shut && !slices.Contains(who[row.Method+" "+row.Path], string(staff.Officer)) {
			continue
		}
		for _, token := range []string{"", "x", strange, unbound} {
			b := w.browser().with(o)
			if !row.Shut {
				b.get("/sign-in")
			}
			r := b.do(row.Method, address(row, other.Account.ID), url.Values{"csrf": {token}, "login": {"a"}, "role": {"officer"}})
			if r.StatusCode != http.StatusForbidden || !strings.Contains(r.body, "This form is out of date") {
				t.Errorf("%s with token %q: %d\n%s", row.Path, token, r.StatusCode, r.body)
			}
			// In the address, a token is none.
			good, err := w.roster.CSRF(o.Token)
			w.fine(err)
			if r := b.do(row.Method, address(row, other.Account.ID)+"?csrf="+good, url.Values{}); r.StatusCode != http.StatusForbidden {
				t.Errorf("%s with the token in the address: %d", row.Path, r.StatusCode)
			}
		}
	}
	if w.store.Commits != before {
		t.Errorf("%d changes were made", w.store.Commits-before)
	}
}

// TestRoles asks for every page in every role, with a form that is ours.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := mayVisit(t)
	o := w.officer()
	target := w.person(o, "target", staff.Reviewer)
	for _, role := range staff.Roles() {
		name := "tester." + string(role)
		w.person(o, name, role)
		for _, row := range console.Rows() {
			if !row.Shut {
				continue
			}
			s, err := w.roster.SignIn(w.ctx, name, password, w.attempt())
			w.fine(err)
			csrf, err := w.roster.CSRF(s.Token)
			w.fine(err)
			before := len(w.store.Proofs)
			r := w.browser().with(s).do(row.Method, address(row, target.Account.ID), url.Values{"csrf": {csrf}})
			refused := r.StatusCode == http.StatusForbidden && r.heading() == "Not allowed"
			if may := slices.Contains(who[row.Method+" "+row.Path], string(role)); may == refused {
				t.Errorf("%s as %s: %d %s, may %v", row.Path, role, r.StatusCode, r.heading(), may)
			}
			if refused && len(w.store.Proofs) != before {
				t.Errorf("%s as %s was refused and did something", row.Path, role)
			}
			// The menu leads only where they may go.
			for _, m := range regexp.MustCompile(`<li><a href="([^"]+)"`).FindAllStringSubmatch(r.body, -1) {
				if may := who["GET "+m[1]]; !slices.Contains(may, string(role)) && !slices.Equal(may, []string{"anybody"}) {
					t.Errorf("the menu of %s has %s", role, m[1])
				}
			}
		}
	}
}

// TestLinksFromElsewhere asks for bytes whose reading is recorded, as a link of another site does.
func TestLinksFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	for from, want := range map[string]int{"": http.StatusInternalServerError, "same-origin": http.StatusInternalServerError, "cross-site": http.StatusSeeOther, "same-site": http.StatusSeeOther, "none": http.StatusSeeOther} {
		r := httptest.NewRequest(http.MethodGet, "/review/x/content", nil)
		r.AddCookie(&http.Cookie{Name: w.roster.SessionCookie(false).Name, Value: o.Token})
		r.Header.Set("Sec-Fetch-Site", from)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code != want || want == http.StatusSeeOther && rec.Header().Get("Location") != "/review/x" { // here, there is no API to ask
			t.Errorf("from %q: %d %v", from, rec.Code, rec.Header())
		}
	}
}

// TestHeaders looks at what protects every page, and that no page has anything inline.
func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *staff.Config, c *console.Config) { c.Secure = true })
	o := w.officer()
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:>| [^>]*>[^<])|javascript:`)
	ask := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: "__Host-colophon", Value: o.Token})
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec
	}
	paths := []string{"/nowhere", "/static/nothing.css"}
	for _, row := range console.Rows() {
		paths = append(paths, address(row, o.Account.ID))
	}
	static := map[string]bool{}
	for _, path := range paths {
		r := ask(path)
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
			"Cache-Control": "no-store", "Strict-Transport-Security": "max-age=63072000",
		} {
			if r.Header().Get(name) != want && (name != "Cache-Control" || !strings.HasPrefix(path, "/check/")) { // the picture of an address, and what works offline
				t.Errorf("%s: %s: %s", path, name, r.Header().Get(name))
			}
		}
		policy := r.Header().Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %s: %s", path, part, policy)
			}
		}
		if strings.Contains(strings.Replace(policy, "'wasm-unsafe-eval'", "", 1), "unsafe") || strings.Contains(policy, "wasm") && path != "/check/offline.js" || !strings.Contains(r.Header().Get("Permissions-Policy"), "publickey-credentials-get=(self)") {
			t.Errorf("%s: policies %s, %s", path, policy, r.Header().Get("Permissions-Policy"))
		}
		for _, c := range r.Result().Cookies() {
			if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s: cookie %v", path, c)
			}
		}
		if m := inline.FindString(r.Body.String()); m != "" {
			t.Errorf("%s has %s", path, m)
		}
		for _, m := range regexp.MustCompile(`(?:href|src)="(/static/[^"?]+)"`).FindAllStringSubmatch(r.Body.String(), -1) {
			static[m[1]] = true
		}
	}
	for path := range static {
		r := ask(path)
		if r.Code != http.StatusOK || !strings.Contains(r.Header().Get("Cache-Control"), "immutable") || r.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, r.Code, r.Header())
		}
	}
	if len(static) < 6 { // styles, the seal and scripts
		t.Errorf("static files %v", static)
	}
}

// TestFaults breaks the store: the pages tell the number of the request and nothing else, the log tells the rest.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	csrf, err := w.roster.CSRF(o.Token)
	w.fine(err)
	w.store.Fail(errors.New("disk of host db7 is full"))
	for _, row := range console.Rows() {
		if !row.Shut {
			continue
		}
		b := w.browser().with(o)
		r := b.do(row.Method, address(row, o.Account.ID), url.Values{"csrf": {csrf}})
		if r.StatusCode != http.StatusInternalServerError || strings.Contains(r.body, "db7") || !row.Script && !strings.Contains(r.body, "request-0042") {
			t.Errorf("%s: %d\n%s", row.Path, r.StatusCode, r.body)
		}
	}
	if !strings.Contains(w.log.String(), "db7") {
		t.Errorf("the log says %s", w.log)
	}
	if strings.Contains(w.log.String(), o.Token) || strings.Contains(w.log.String(), csrf) {
		t.Error("the log has a token")
	}
}
