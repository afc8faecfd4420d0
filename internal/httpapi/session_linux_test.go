package httpapi_test

import (
	"errors"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/staff"
)

// credentials are those of another person of the staff, from another place, each time: attempts at one are counted.
func (w *world) credentials() map[string]any {
	w.made++
	w.source = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(w.made)}), 1)
	return map[string]any{"login": staff.Roles()[w.made%len(staff.Roles())], "password": password}
}

// TestProgramSession signs a program in for the officer, has it do what no key may, and signs it out.
func TestProgramSession(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var in struct {
		Token string
		Until time.Time
		Roles []staff.Role
	}
	body := map[string]any{"login": "Officer", "password": password}
	out := w.ask("POST", "/v1/sessions", body).with("Idempotency-Key", "k-1").want(201, &in)
	if in.Token == "" || !in.Until.After(w.clock.Now()) || !slices.Equal(in.Roles, []staff.Role{staff.Officer}) || out.Header().Get("Cache-Control") != "no-store" || out.Header().Get("Set-Cookie") != "" {
		t.Fatalf("%v %s", out.Header(), out.Body)
	}
	first := in.Token
	w.ask("POST", "/v1/sessions", body).with("Idempotency-Key", "k-1").want(201, &in)
	if in.Token == first {
		t.Error("the answer was kept, with the token")
	}
	hold := map[string]any{"subject": "s-1"}
	w.ask("POST", "/v1/holds", hold).as(w.key).wantCode(403, staff.CodeKeyScope)
	w.ask("POST", "/v1/holds", hold).as(first).want(201, nil)
	w.ask("GET", "/v1/network-log?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", nil).as(first).wantCode(403, staff.CodeForbidden) // the auditor's
	w.ask("DELETE", "/v1/sessions", nil).wantCode(401, httpapi.CodeUnauthenticated)
	w.ask("DELETE", "/v1/sessions", nil).as(w.key).wantCode(403, staff.CodeKeyScope)
	w.ask("DELETE", "/v1/sessions", nil).as(first).want(204, nil)
	w.ask("POST", "/v1/holds", hold).as(first).wantCode(401, httpapi.CodeUnauthenticated)
	w.ask("DELETE", "/v1/sessions", nil).as(first).wantCode(401, httpapi.CodeUnauthenticated)
	w.ask("POST", "/v1/holds", hold).as(in.Token).want(201, nil) // the other one goes on
	w.clock.Set(w.clock.Now().Add(31 * time.Minute))
	w.ask("POST", "/v1/holds", hold).as(in.Token).wantCode(401, httpapi.CodeUnauthenticated)
	if log := w.logged.String(); strings.Contains(log, first) || strings.Contains(log, password) {
		t.Errorf("the log has a token or a password: %s", log)
	}
}

// TestProgramGuesses signs in with what is wrong: always with the same words, and not for long.
func TestProgramGuesses(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.source = netip.MustParseAddrPort("198.51.100.1:1")
	const wrong = "wrong horse battery staple"
	try := func(login, password string) string {
		return w.ask("POST", "/v1/sessions", map[string]any{"login": login, "password": password}).send().Body.String()
	}
	refused := try("officer", wrong)
	for _, out := range []string{try("nobody", wrong), try("nobody", password), try("officer", " "), try("\u202eofficer", password)} {
		if out != refused || !strings.Contains(out, string(staff.CodeSignInRefused)) || strings.Contains(out, "horse") {
			t.Errorf("%s, and %s", refused, out)
		}
	}
	for range 8 {
		w.ask("POST", "/v1/sessions", map[string]any{"login": "officer", "password": wrong}).wantCode(403, staff.CodeSignInRefused)
	}
	w.ask("POST", "/v1/sessions", map[string]any{"login": "officer", "password": password}).wantCode(429, staff.CodeThrottled)
	w.ask("POST", "/v1/sessions", map[string]any{"login": "officer", "password": strings.Repeat(wrong, 50)}).wantCode(422, httpapi.CodeFields)
	if log := w.logged.String(); strings.Contains(log, "horse") {
		t.Errorf("the log has a password: %s", log)
	}
}

// TestClientSession signs in and out by the client.
func TestClientSession(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	web := httptest.NewServer(w.api)
	t.Cleanup(web.Close)
	connect := func(key string) *client.Client {
		c, err := client.New(client.Config{URL: web.URL, Key: key})
		w.must(err)
		return c
	}
	_, err := connect("").SignIn(t.Context(), "officer", "wrong horse battery staple")
	var e *client.Error
	if !errors.As(err, &e) || e.Code != staff.CodeSignInRefused || strings.Contains(err.Error(), "horse") {
		t.Errorf("error %v", err)
	}
	s, err := connect("").SignIn(t.Context(), "officer", password)
	w.must(err)
	w.must(connect(s.Token).SignOut(t.Context()))
	if err := connect(s.Token).SignOut(t.Context()); !errors.As(err, &e) || e.Code != httpapi.CodeUnauthenticated {
		t.Errorf("error %v", err)
	}
	if err := connect(w.key).SignOut(t.Context()); !errors.As(err, &e) || e.Code != staff.CodeKeyScope {
		t.Errorf("error %v", err)
	}
}
