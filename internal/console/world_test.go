package console_test

import (
	"context"
	"crypto/rand"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/staff/stafftest"
)

func TestStore(t *testing.T) {
	stafftest.Run(t, func(*testing.T) staff.Store { return stafftest.NewMemory() })
}

const (
	login    = "duty.officer"
	password = "correct horse battery"
	better   = "another horse, another battery"
)

// say is the catalogue.
func say(lang locale.Language) (console.Printer, error) { return locale.For(lang) }

// logs is what was logged.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// world is a server with the pages, on a store in memory.
type world struct {
	*testing.T
	ctx     context.Context
	mu      sync.Mutex
	time    time.Time
	store   *stafftest.Memory
	roster  *staff.Roster
	log     *logs
	origin  string
	handler http.Handler
}

func newWorld(t *testing.T, change ...func(*staff.Config, *console.Config)) *world {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	w := &world{T: t, ctx: t.Context(), time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), store: stafftest.NewMemory(), log: &logs{}}
	w.origin = strings.Replace("http://"+server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	rate := staff.Rate{Burst: 10000, Every: time.Millisecond}
	people := staff.Config{
		Store: w.store, Now: w.now, Random: rand.Reader, NewID: uuid.NewV7, Secret: []byte(strings.Repeat("k", 32)),
		Passwords: staff.Hashing{Memory: 64, Passes: 1, Threads: 1}, Throttle: staff.Throttle{Account: rate, Source: rate},
		Passkeys: staff.PasskeySite{Domain: "localhost", Name: "Colophon", Origins: []string{w.origin}},
	}
	pages := console.Config{
		Say: say, Now: w.now, Log: slog.New(slog.NewTextHandler(w.log, nil)), Origin: w.origin, Passkeys: true,
		Client:    func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		RequestID: func(*http.Request) string { return "request-0042" },
	}
	for _, c := range change {
		c(&people, &pages)
	}
	var err error
	if w.roster, err = staff.New(people); err != nil {
		t.Fatal(err)
	}
	pages.Roster = w.roster
	if w.handler, err = console.New(pages); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = w.handler
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func (w *world) fine(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) attempt() staff.Attempt {
	return staff.Attempt{Source: netip.MustParseAddr("192.0.2.2")}
}

// officer makes the first officer.
func (w *world) officer() staff.Opened {
	w.Helper()
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	o, err := w.roster.SetUp(w.ctx, token, login, password, w.attempt())
	w.fine(err)
	return o
}

// person makes an account that accepted its invitation.
func (w *world) person(by staff.Opened, name string, roles ...staff.Role) staff.Opened {
	w.Helper()
	_, token, err := w.roster.Create(w.ctx, by.Account.Actor(), name, roles)
	w.fine(err)
	o, err := w.roster.Accept(w.ctx, token, password, w.attempt())
	w.fine(err)
	return o
}

// browser is somebody at a browser, without scripts.
type browser struct {
	*world
	http *http.Client
}

func (w *world) browser() *browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	w.fine(err)
	return &browser{w, &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// with gives the browser a session.
func (b *browser) with(o staff.Opened) *browser {
	b.Helper()
	u, err := url.Parse(b.origin)
	b.fine(err)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: b.roster.SessionCookie(false).Name, Value: o.Token, Path: "/"}})
	return b
}

// reply is what came back.
type reply struct {
	*http.Response
	body string
}

func (r reply) heading() string {
	_, rest, _ := strings.Cut(r.body, "<h1>")
	text, _, _ := strings.Cut(rest, "</h1>")
	return html.UnescapeString(text)
}

func (b *browser) do(method, path string, form url.Values) reply {
	b.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.ctx, method, b.origin+path, body)
	b.fine(err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.http.Do(req)
	b.fine(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.fine(err)
	return reply{res, string(text)}
}

func (b *browser) get(path string) reply { b.Helper(); return b.do(http.MethodGet, path, nil) }

func hiddenCSRF() *regexp.Regexp { return regexp.MustCompile(`name="csrf" value="([^"]+)"`) }

// send loads a page and sends a form with the token that stands on it; fields alternate names and values.
func (b *browser) send(page, action string, fields ...string) reply {
	b.Helper()
	shown := b.get(page)
	m := hiddenCSRF().FindStringSubmatch(shown.body)
	if m == nil {
		b.Fatalf("%s: %d, no form", page, shown.StatusCode)
	}
	form := url.Values{"csrf": {m[1]}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, action, form)
}

// want checks a status, and where a redirection goes or what a page has.
func (b *browser) want(r reply, status int, parts ...string) {
	b.Helper()
	if r.StatusCode != status {
		b.Fatalf("%s %s: status %d, want %d\n%s", r.Request.Method, r.Request.URL, r.StatusCode, status, r.body)
	}
	for _, part := range parts {
		if status == http.StatusSeeOther && r.Header.Get("Location") != part {
			b.Errorf("%s leads to %s, want %s", r.Request.URL, r.Header.Get("Location"), part)
		}
		if status != http.StatusSeeOther && !strings.Contains(html.UnescapeString(r.body), part) {
			b.Errorf("%s %s lacks %q:\n%s", r.Request.Method, r.Request.URL, part, r.body)
		}
	}
}

func (b *browser) lacks(r reply, parts ...string) {
	b.Helper()
	for _, part := range parts {
		if strings.Contains(html.UnescapeString(r.body), part) {
			b.Errorf("%s %s has %q", r.Request.Method, r.Request.URL, part)
		}
	}
}
