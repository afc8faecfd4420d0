package upstream_test

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/upstream"
)

// clock is a clock that waiting sets forward.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	waits []time.Duration
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.forward(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, d)
	return ctx.Err()
}

type keyring map[string]string

func (k keyring) Key(_ context.Context, name string) (string, error) {
	if text, ok := k[name]; ok {
		return text, nil
	}
	return "", &colophon.Error{Kind: colophon.Missing, Code: upstream.CodeKeyUnknown, Args: colophon.Args{"key": name}}
}

// pool makes a pool whose model m has the targets.
func pool(t testing.TB, c upstream.Config, targets ...upstream.Target) (*upstream.Pool, *clock) {
	t.Helper()
	clock := newClock()
	c.Models, c.Now, c.Wait = map[string][]upstream.Target{"m": targets}, clock.Now, clock.wait
	if c.Keys == nil {
		c.Keys = keyring{"good": "sk-good"}
	}
	p, err := upstream.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, clock
}

// serve is a server that counts its calls.
func serve(t testing.TB, h http.HandlerFunc) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1); h(w, r) }))
	t.Cleanup(s.Close)
	return s.URL, calls
}

// raw is a server that is no HTTP server: it does with each connection what it is told, and then closes it.
func raw(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); do(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return "http://" + l.Addr().String()
}

// after answers a request by bytes.
func after(text string) func(net.Conn) {
	return func(c net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		_, _ = io.WriteString(c, text)
	}
}

// hang answers by bytes and then says nothing more, until the other side goes.
func hang(text string) func(net.Conn) {
	return func(c net.Conn) {
		after(text)(c)
		_, _ = io.Copy(io.Discard, c)
	}
}

func dead(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func ask(stream bool) upstream.Request {
	return upstream.Request{Model: "m", Method: http.MethodPost, Path: "/chat/completions", Type: "application/json", Stream: stream, Body: func(t upstream.Target) ([]byte, error) {
		return []byte(`{"model":"` + t.Model + `"}`), nil
	}}
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// read reads an answer to its end.
func read(t *testing.T, p *upstream.Pool, r upstream.Request) (string, *upstream.Response, error) {
	t.Helper()
	resp, err := p.Do(t.Context(), r)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), resp, err
}

func fine(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") }

// TestSent is what a target is sent, in its dialect: its own name of the model, and its key where keys belong.
func TestSent(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- strings.Join([]string{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.Header.Get("Anthropic-Version"), r.Header.Get("Xi-Api-Key"),
			r.Header.Get("Accept-Encoding"), r.Header.Get("Content-Type"), r.Header.Get("X-Own"), string(body)}, "|")
		fine(w, r)
	})
	for _, c := range []struct {
		target upstream.Target
		want   string
	}{
		{upstream.Target{URL: url + "/v1/", Model: "theirs", Key: "good"}, `POST|/v1/chat/completions|Bearer sk-good||||identity|application/json|1|{"model":"theirs"}`},
		{upstream.Target{URL: url + "/v1", Dialect: upstream.Anthropic, Key: "good"}, `POST|/v1/chat/completions||sk-good|2023-06-01||identity|application/json|1|{"model":"m"}`},
		{upstream.Target{URL: url, Dialect: upstream.Plain, Key: "good", KeyHeader: "xi-api-key"}, `POST|/chat/completions||||sk-good|identity|application/json|1|{"model":"m"}`},
		{upstream.Target{URL: url}, `POST|/chat/completions|||||identity|application/json|1|{"model":"m"}`},
	} {
		p, _ := pool(t, upstream.Config{}, c.target)
		r := ask(false)
		r.Header = map[string]string{"Authorization": "Bearer of the client", "X-Api-Key": "of the client", "X-Own": "1"}
		text, resp, err := read(t, p, r)
		if err != nil || text != "fine" || resp.Tries != 1 || resp.Status != 200 {
			t.Fatal(text, resp, err)
		}
		if diff := cmp.Diff(c.want, <-got); diff != "" {
			t.Error(diff)
		}
	}
}

// fault is one way in which a target fails before the first byte.
type fault struct {
	name   string
	url    func(*testing.T) string
	code   colophon.Code
	alone  int  // how often a target that is alone is asked
	stream bool // the call is one
}

func answers(status int, header ...string) func(*testing.T) string {
	return func(t *testing.T) string {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			io.WriteString(w, `{"error":{"message":"the secret prompt","code":"rate_limit_exceeded"}}`)
		})
		return url
	}
}

func conns(do func(net.Conn)) func(*testing.T) string {
	return func(t *testing.T) string { return raw(t, do) }
}

func faults() []fault {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	return []fault{
		{"dead", dead, upstream.CodeUnavailable, 3, false},
		{"closes at once", conns(func(net.Conn) {}), upstream.CodeBroken, 3, false},
		{"hangs before headers", conns(hang("")), upstream.CodeTimeout, 1, true},
		{"hangs in headers", conns(hang("HTTP/1.1 200 OK\r\nContent-")), upstream.CodeTimeout, 1, true},
		{"hangs after headers", conns(hang(head + "Content-Length: 10\r\n\r\n")), upstream.CodeTimeout, 1, true},
		{"hangs after headers, in one piece", conns(hang(head + "Content-Length: 10\r\n\r\n")), upstream.CodeTimeout, 1, false},
		{"breaks in headers", conns(after("HTTP/1.1 200 OK\r\nContent-")), upstream.CodeBroken, 3, false},
		{"breaks before the first byte", conns(after(head + "Content-Length: 10\r\n\r\n")), upstream.CodeBroken, 3, false},
		{"breaks before the first piece", conns(after(head + "Transfer-Encoding: chunked\r\n\r\n")), upstream.CodeBroken, 3, true},
		{"says nothing", conns(after(head + "Connection: close\r\n\r\n")), upstream.CodeBroken, 3, true},
		{"speaks no HTTP", conns(after("220 mail.example ESMTP\r\n")), upstream.CodeBroken, 3, false},
		{"huge headers", conns(after("HTTP/1.1 200 OK\r\nX-Huge: " + strings.Repeat("a", 1<<20) + "\r\n\r\n")), upstream.CodeBroken, 3, false},
		{"speaks no TLS", func(t *testing.T) string { return strings.Replace(raw(t, after("")), "http", "https", 1) }, upstream.CodeBroken, 3, false},
		{"500", answers(500), upstream.CodeFailed, 3, false},
		{"503", answers(503, "Retry-After", "2"), upstream.CodeFailed, 3, false},
		{"529", answers(529), upstream.CodeFailed, 3, true},
		{"429", answers(429, "Retry-After", "1"), upstream.CodeLimited, 3, false},
		{"redirect", answers(302, "Location", "https://example.com/"), upstream.CodeRedirect, 1, false},
		{"redirect of a POST", answers(307, "Location", "/v2"), upstream.CodeRedirect, 1, true},
		{"key refused", answers(401), upstream.CodeKeyRefused, 1, false},
		{"compressed", answers(200, "Content-Encoding", "gzip"), upstream.CodeEncoding, 1, false},
	}
}

// TestFaults has each fault alone, and with a good target beside it that must answer instead.
func TestFaults(t *testing.T) {
	t.Parallel()
	good, _ := serve(t, fine)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			bad := upstream.Target{Name: "bad", URL: f.url(t), Weight: 100, Timeout: 200 * time.Millisecond, FirstByte: 100 * time.Millisecond}
			var tries atomic.Int64
			p, _ := pool(t, upstream.Config{Observe: func(a upstream.Attempt) {
				tries.Add(1)
				if a.Code != f.code || a.Target != "bad" || a.Model != "m" {
					t.Errorf("observed %+v", a)
				}
			}}, bad)
			_, _, err := read(t, p, ask(f.stream))
			var failure *upstream.Failure
			if code(err) != f.code || !errors.As(err, &failure) || failure.Tries != f.alone || tries.Load() != int64(f.alone) {
				t.Fatalf("%v after %d tries, want %s after %d", err, tries.Load(), f.code, f.alone)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the error says too much: %v", err)
			}
			p, _ = pool(t, upstream.Config{}, bad, upstream.Target{Name: "good", URL: good})
			text, resp, err := read(t, p, ask(f.stream))
			if err != nil || text != "fine" || resp.Tries != 2 || resp.Target.Name != "good" {
				t.Fatal(text, resp, err)
			}
		})
	}
}

// TestTLS has a target show a certificate for another name.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	for _, c := range []struct {
		url   string
		roots *x509.CertPool
		code  colophon.Code
	}{{"https://example.com", roots, ""}, {"https://wrong.test", roots, upstream.CodeTLS}, {"https://example.com", x509.NewCertPool(), upstream.CodeTLS}} {
		p, _ := pool(t, upstream.Config{Roots: c.roots, Dial: dial}, upstream.Target{URL: c.url})
		if _, _, err := read(t, p, ask(false)); code(err) != c.code {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}

// TestDelivered has answers end in all ways after their first byte: what came is handed out, and nothing is asked again.
func TestDelivered(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	for _, c := range []struct {
		name string
		do   func(net.Conn)
		text string
		code colophon.Code
	}{
		{"breaks", after(head + "Content-Length: 10\r\n\r\nabc"), "abc", upstream.CodeBroken},
		{"breaks in a piece", after(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nd"), "abcd", upstream.CodeBroken},
		{"is no chunk", after(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"), "abc", upstream.CodeBroken},
		{"hangs", hang(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "abc", upstream.CodeTimeout},
		{"is endless", func(c net.Conn) {
			after(head + "Transfer-Encoding: chunked\r\n\r\n")(c)
			for {
				if _, err := io.WriteString(c, "5\r\nabcde\r\n"); err != nil {
					return
				}
			}
		}, strings.Repeat("abcde", 200), upstream.CodeTooLarge},
		{"is just short enough", after(head + "Content-Length: 1000\r\n\r\n" + strings.Repeat("abcde", 200)), strings.Repeat("abcde", 200), ""},
		{"is longer than it said", after(head + "Content-Length: 3\r\n\r\nabcdef"), "abc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int64
			url := raw(t, func(conn net.Conn) { conns.Add(1); c.do(conn) })
			done := make(chan upstream.Attempt, 8)
			p, _ := pool(t, upstream.Config{MaxBody: 1000, Observe: func(a upstream.Attempt) { done <- a }}, upstream.Target{URL: url, Idle: 100 * time.Millisecond})
			text, _, err := read(t, p, ask(true))
			if text != c.text || code(err) != c.code || (err == nil) != (c.code == "") {
				t.Errorf("%.40q %v, want %.40q %s", text, err, c.text, c.code)
			}
			if a := <-done; a.Code != c.code || conns.Load() != 1 || len(done) != 0 {
				t.Errorf("%+v, %d connections", a, conns.Load())
			}
		})
	}
}

// TestEmpty has answers without a body, which are whole where they say so.
func TestEmpty(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204} {
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url})
		if text, resp, err := read(t, p, ask(false)); text != "" || err != nil || resp.Status != status {
			t.Error(status, text, resp, err)
		}
	}
}

// TestDeclared has an answer say that it is longer than it may be.
func TestDeclared(t *testing.T) {
	t.Parallel()
	url := raw(t, hang("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc"))
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url})
	r := ask(false)
	r.Most = 1 << 20
	if _, _, err := read(t, p, r); code(err) != upstream.CodeTooLarge {
		t.Error(err)
	}
}

// TestWhole ends an answer that never pauses and never ends.
func TestWhole(t *testing.T) {
	t.Parallel()
	url := raw(t, func(c net.Conn) {
		after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")(c)
		for {
			if _, err := io.WriteString(c, "1\r\na\r\n"); err != nil {
				return
			}
		}
	})
	clock := newClock()
	p, err := upstream.NewPool(upstream.Config{Models: map[string][]upstream.Target{"m": {{URL: url, Timeout: 200 * time.Millisecond}}}, Now: clock.Now, MaxBody: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	resp, err := p.Do(t.Context(), ask(true))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); code(err) != upstream.CodeTimeout {
		t.Error(err)
	}
	if h := p.Health(); h[0].Failures != 0 || h[0].Running != 0 {
		t.Errorf("%+v", h)
	}
}

// TestRetryAfter has a target say when it wants to be asked again.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := newClock().at.Add(4 * time.Second).Format(http.TimeFormat)
	for text, c := range map[string]struct {
		pause time.Duration // that was waited; 0 for an error
		after time.Duration
	}{"3": {3 * time.Second, 0}, date: {4 * time.Second, 0}, "": {time.Second, 0}, "soon": {time.Second, 0}, "60": {0, time.Minute}, "99999999": {0, time.Hour}} {
		var n atomic.Int64
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) > 1 {
				fine(w, r)
				return
			}
			w.Header().Set("Retry-After", text)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		p, clock := pool(t, upstream.Config{}, upstream.Target{URL: url})
		got, _, err := read(t, p, ask(false))
		if c.pause > 0 {
			if err != nil || got != "fine" || len(clock.waits) != 1 || clock.waits[0] != c.pause {
				t.Errorf("%q: %v after %v", text, err, clock.waits)
			}
			continue
		}
		var f *upstream.Failure
		if !errors.As(err, &f) || f.Err.Code != upstream.CodeLimited || f.After != c.after || f.Status != 429 || len(clock.waits) != 0 {
			t.Errorf("%q: %+v after %v", text, err, clock.waits)
		}
		_, _, err = read(t, p, ask(false)) // it is let alone
		if !errors.As(err, &f) || f.Err.Code != upstream.CodeUnavailable || f.After <= 0 || n.Load() != 1 {
			t.Errorf("%q: %+v, %d calls", text, f, n.Load())
		}
		clock.forward(10 * time.Minute)
		if _, _, err := read(t, p, ask(false)); err != nil || n.Load() != 2 || p.Health()[0].State != upstream.Up {
			t.Errorf("%q: %v, %d calls, %+v", text, err, n.Load(), p.Health())
		}
	}
}

// TestLimitedMeanwhile has a call answered that a target took before it asked to be left alone: it is left alone still.
func TestLimitedMeanwhile(t *testing.T) {
	t.Parallel()
	entered, release := make(chan bool), make(chan bool)
	var n atomic.Int64
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			entered <- true
			<-release
			fine(w, r)
			return
		}
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	p, clock := pool(t, upstream.Config{}, upstream.Target{URL: url})
	first := make(chan error)
	go func() { _, _, err := read(t, p, ask(false)); first <- err }()
	<-entered
	if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeLimited {
		t.Error(err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if h := p.Health()[0]; h.State != upstream.Down || !h.Until.Equal(clock.Now().Add(time.Minute)) {
		t.Errorf("%+v", h)
	}
}

// TestWeights sends 10,000 calls at once to targets of three weights.
func TestWeights(t *testing.T) {
	t.Parallel()
	weights := []int{70, 20, 10}
	var counts []*atomic.Int64
	var targets []upstream.Target
	for _, w := range weights {
		url, calls := serve(t, fine)
		counts = append(counts, calls)
		targets = append(targets, upstream.Target{URL: url, Weight: w})
	}
	p, _ := pool(t, upstream.Config{}, targets...)
	var all sync.WaitGroup
	const calls, callers = 10000, 16
	for range callers {
		all.Go(func() {
			for range calls / callers {
				if text, _, err := read(t, p, ask(false)); err != nil || text != "fine" {
					t.Error(text, err)
					return
				}
			}
		})
	}
	all.Wait()
	for i, w := range weights {
		if share := float64(counts[i].Load()) / calls; share < float64(w)/100-0.01 || share > float64(w)/100+0.01 {
			t.Errorf("weight %d has a share of %v", w, share)
		}
	}
}

// TestRecovers lets a target fail and come back: it is left alone, then one call tries it, and after that all may.
func TestRecovers(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	entered, release := make(chan bool, 8), make(chan bool)
	url, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(502)
			return
		}
		entered <- true
		<-release
		fine(w, r)
	})
	p, clock := pool(t, upstream.Config{Tries: 1}, upstream.Target{URL: url})
	for range 3 {
		if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeFailed {
			t.Fatal(err)
		}
	}
	h := p.Health()[0]
	if h.State != upstream.Down || h.Failures != 3 || h.Code != upstream.CodeFailed || !h.Until.Equal(clock.Now().Add(time.Second)) {
		t.Fatalf("%+v", h)
	}
	var f *upstream.Failure
	if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeUnavailable || !errors.As(err, &f) || f.After != time.Second || calls.Load() != 3 {
		t.Fatal(err, calls.Load())
	}
	clock.forward(time.Second)
	if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeFailed || calls.Load() != 4 {
		t.Fatal(err)
	}
	if h := p.Health()[0]; h.State != upstream.Down || !h.Until.Equal(clock.Now().Add(2*time.Second)) {
		t.Fatalf("%+v", h) // longer now
	}
	down.Store(false)
	clock.forward(2 * time.Second)
	first := make(chan error)
	go func() { _, _, err := read(t, p, ask(false)); first <- err }()
	<-entered
	if h := p.Health()[0]; h.State != upstream.Trying || h.Running != 1 {
		t.Fatalf("%+v", h)
	}
	if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeUnavailable {
		t.Fatal("a second call went along with the trial: ", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if h := p.Health()[0]; h.State != upstream.Up || h.Failures != 0 || h.Running != 0 {
		t.Fatalf("%+v", h)
	}
}

// TestFailsAtAQuestion asks the only target again and again what it fails at: others are served all the time. Beside
// another target one that fails like that is left alone, but no question alone has that done.
func TestFailsAtAQuestion(t *testing.T) {
	t.Parallel()
	var bad atomic.Bool
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if bad.Load() {
			w.WriteHeader(500)
			return
		}
		fine(w, r)
	})
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url})
	for range 6 {
		bad.Store(true)
		if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeFailed {
			t.Fatal(err)
		}
		bad.Store(false)
		if _, _, err := read(t, p, ask(false)); err != nil {
			t.Fatal(err)
		}
	}
	if h := p.Health()[0]; h.State != upstream.Up {
		t.Errorf("%+v", h)
	}
}

// TestCheck finds out by asking that a target is down, and that it is back.
func TestCheck(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	url, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/models" {
			t.Error(r.Method, r.URL)
		}
		w.WriteHeader(int(status.Load()))
	})
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url + "/v1"})
	for _, c := range []struct {
		status int
		state  upstream.State
	}{{200, upstream.Up}, {502, upstream.Up}, {502, upstream.Up}, {502, upstream.Down}, {404, upstream.Up}, {401, upstream.Up}} {
		status.Store(int64(c.status))
		if h := p.Check(t.Context()); h[0].State != c.state || h[0].Running != 0 {
			t.Errorf("%d: %+v", c.status, h[0])
		}
	}
	if calls.Load() != 6 {
		t.Error(calls.Load(), "calls")
	}
}

// TestBudget has a model fail always: it is not asked twice as much.
func TestBudget(t *testing.T) {
	t.Parallel()
	url, calls := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	p, clock := pool(t, upstream.Config{}, upstream.Target{URL: url, Name: "a"}, upstream.Target{URL: url, Name: "b"})
	const n = 200
	for range n {
		clock.forward(2 * time.Minute) // nothing rests
		if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeFailed {
			t.Fatal(err)
		}
	}
	if got := calls.Load(); got < n || got > n+20+n/5 {
		t.Errorf("%d calls were sent %d times", n, got)
	}
}

// TestOnce has calls that must not be made twice fail before and after they reached a target.
func TestOnce(t *testing.T) {
	t.Parallel()
	good, _ := serve(t, fine)
	for _, c := range []struct {
		url   string
		tries int
		code  colophon.Code
	}{{dead(t), 2, ""}, {answers(500)(t), 1, upstream.CodeFailed}, {raw(t, after("")), 1, upstream.CodeBroken}, {answers(429)(t), 2, ""}, {answers(302)(t), 2, ""}} {
		p, _ := pool(t, upstream.Config{}, upstream.Target{URL: c.url, Weight: 100}, upstream.Target{URL: good})
		r := ask(false)
		r.Once = true
		if _, resp, err := read(t, p, r); code(err) != c.code || err == nil && resp.Tries != c.tries {
			t.Error(resp, err)
		}
	}
}

// TestRefused has targets turn a call down: it is not sent again, and what they say is not passed on but for known words.
func TestRefused(t *testing.T) {
	t.Parallel()
	for body, word := range map[string]string{
		`{"error":{"code":"context_length_exceeded","message":"the secret prompt"}}`: "context_length_exceeded",
		`{"type":"error","error":{"type":"invalid_request_error"}}`:                  "invalid_request_error",
		`{"error":{"code":400,"type":"the secret prompt"}}`:                          "",
		`the secret prompt`: "", `{"error":"x"}`: "", "": "",
	} {
		for _, status := range []int{400, 404, 422, 501} {
			url, calls := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, body) })
			p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url, Name: "a"}, upstream.Target{URL: url, Name: "b"})
			_, _, err := read(t, p, ask(false))
			var f *upstream.Failure
			if !errors.As(err, &f) || f.Err.Code != upstream.CodeRefused || f.Word != word || f.Status != status || calls.Load() != 1 || f.Err.Args["status"] != strconv.Itoa(status) {
				t.Errorf("%d %s: %+v", status, body, err)
			}
			if strings.Contains(fmt.Sprintf("%+v", f), "secret") || p.Health()[0].Failures != 0 {
				t.Errorf("%+v %+v", f, p.Health())
			}
		}
	}
}

// TestCancelled has the caller go away, before and after the first byte. The target is told, and not blamed.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"} {
		entered, gone := make(chan bool, 1), make(chan bool, 1)
		url := raw(t, func(c net.Conn) {
			after(text)(c)
			entered <- true
			_, _ = io.Copy(io.Discard, c)
			gone <- true
		})
		p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url})
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the client went away")
		failed := make(chan error)
		go func() {
			resp, err := p.Do(ctx, ask(true))
			if err == nil {
				_, err = io.ReadAll(resp.Body)
				resp.Body.Close()
			}
			failed <- err
		}()
		<-entered
		cancel(reason)
		if err := <-failed; !errors.Is(err, reason) {
			t.Errorf("%q: %v", text, err)
		}
		<-gone
		if h := p.Health()[0]; h.Failures != 0 || h.Running != 0 {
			t.Errorf("%+v", h)
		}
	}
}

// TestClosed closes an answer in its middle: the target's connection ends.
func TestClosed(t *testing.T) {
	t.Parallel()
	gone := make(chan bool)
	url := raw(t, func(c net.Conn) { hang("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")(c); gone <- true })
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: url})
	resp, err := p.Do(t.Context(), ask(true))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	<-gone
	if h := p.Health()[0]; h.Failures != 0 || h.Running != 0 {
		t.Errorf("%+v", h)
	}
}

// TestReuse sends calls one after the other over one connection.
func TestReuse(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(fine))
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: s.URL})
	for range 50 {
		if _, _, err := read(t, p, ask(false)); err != nil {
			t.Fatal(err)
		}
	}
	if conns.Load() != 1 {
		t.Error(conns.Load(), "connections")
	}
}

// TestNamed asks one target alone.
func TestNamed(t *testing.T) {
	t.Parallel()
	good, calls := serve(t, fine)
	p, _ := pool(t, upstream.Config{}, upstream.Target{Name: "a", URL: good}, upstream.Target{Name: "b", URL: dead(t), Weight: 100})
	r := ask(false)
	for range 10 {
		r.Target = "a"
		if _, resp, err := read(t, p, r); err != nil || resp.Target.Name != "a" {
			t.Fatal(err)
		}
	}
	r.Target = "b"
	if _, _, err := read(t, p, r); code(err) != upstream.CodeUnavailable || calls.Load() != 10 {
		t.Error(err, calls.Load())
	}
	r.Target = "c"
	if _, _, err := read(t, p, r); code(err) != upstream.CodeTarget {
		t.Error(err)
	}
	r = ask(false)
	r.Model = "unknown"
	if _, _, err := read(t, p, r); code(err) != upstream.CodeModel {
		t.Error(err)
	}
}

// TestNoKey has a target whose key nobody set.
func TestNoKey(t *testing.T) {
	t.Parallel()
	good, _ := serve(t, fine)
	p, _ := pool(t, upstream.Config{}, upstream.Target{URL: good, Key: "lost", Weight: 100}, upstream.Target{URL: good, Name: "b", Key: "good"})
	if _, resp, err := read(t, p, ask(false)); err != nil || resp.Target.Name != "b" {
		t.Error(err)
	}
	p, _ = pool(t, upstream.Config{}, upstream.Target{URL: good, Key: "lost"})
	if _, _, err := read(t, p, ask(false)); code(err) != upstream.CodeKeyMissing {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for field, targets := range map[string][]upstream.Target{
		"targets": {},
		"url":     {{URL: "ftp://host"}},
		"dialect": {{URL: "http://host", Dialect: "latin"}},
		"weight":  {{URL: "http://host", Weight: -1}},
		"timeout": {{URL: "http://host", Idle: -1}},
		"key":     {{URL: "http://host", Key: "good"}},
		"name":    {{URL: "http://host", Name: "a"}, {URL: "http://host", Name: "a"}},
	} {
		_, err := upstream.NewPool(upstream.Config{Models: map[string][]upstream.Target{"m": targets}, Now: time.Now})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != upstream.CodeConfig || e.Args["field"] != field || e.Args["model"] != "m" {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, url := range []string{"", "host", "http://", "http://user:secret@host", "http://host?key=secret", "http://host#x", "http://host?", "file:///etc/passwd", "http://[::1", "https:host"} {
		if _, err := upstream.NewPool(upstream.Config{Models: map[string][]upstream.Target{"m": {{URL: url}}}, Now: time.Now}); code(err) != upstream.CodeConfig || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	p, err := upstream.NewPool(upstream.Config{Models: map[string][]upstream.Target{"b": {{URL: "http://host"}, {URL: "http://host"}}, "a": {{URL: "http://host"}}}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, h := range p.Health() {
		names = append(names, h.Model+" "+h.Target+" "+string(h.State))
	}
	if diff := cmp.Diff([]string{"a host up", "b host up", "b host-2 up"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, p.List()); diff != "" {
		t.Error(diff)
	}
}

// TestLeaks has every fault a few times, and looks which goroutines are left. It runs while no other test does.
func TestLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("all", func(t *testing.T) {
		for _, f := range faults() {
			p, clock := pool(t, upstream.Config{}, upstream.Target{URL: f.url(t), Timeout: 50 * time.Millisecond, FirstByte: 20 * time.Millisecond})
			for range 3 {
				clock.forward(time.Hour)
				_, _, _ = read(t, p, ask(f.stream))
			}
			p.Close()
		}
	})
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
