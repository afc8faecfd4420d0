package edge_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/colophon-project/colophon/internal/edge"
)

// dial opens a connection that can't hang a test.
func dial(t *testing.T, s *edge.Server) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw sends a text and returns the first line of the answer, and everything until the server closes the connection.
func raw(t *testing.T, s *edge.Server, text string) (status, all string) {
	t.Helper()
	conn := dial(t, s)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil && !strings.Contains(err.Error(), "reset") {
		t.Fatalf("%q: %v", text, err)
	}
	status, _, _ = strings.Cut(string(got), "\r\n")
	return status, string(got)
}

func quick(c *edge.Config) {
	c.Limits.HeaderTime, c.Limits.IdleTime, c.Limits.Stall = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
}

// drip writes a byte now and then until the server has had enough, and returns what the server said.
func drip(t *testing.T, conn net.Conn, every time.Duration) string {
	t.Helper()
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if _, err := conn.Write([]byte("a")); err != nil {
					return
				}
			}
		}
	}()
	got, err := io.ReadAll(conn)
	close(done)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server bore it: %v", err)
	}
	return string(got)
}

func TestSlowHeaders(t *testing.T) {
	t.Parallel()
	called := atomic.Bool{}
	c := config(func(http.ResponseWriter, *http.Request) { called.Store(true) })
	quick(&c)
	s, _ := run(t, c)
	for _, start := range []string{"", "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ", "P"} {
		began := time.Now()
		conn := dial(t, s)
		if _, err := io.WriteString(conn, start); err != nil {
			t.Fatal(err)
		}
		drip(t, conn, 5*time.Millisecond)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%q was borne for %s", start, took)
		}
	}
	if called.Load() {
		t.Error("a request without an end of its header reached the handler")
	}
}

// TestIdleConnection: raw returns only when the server has closed the connection.
func TestIdleConnection(t *testing.T) {
	t.Parallel()
	c := config(ok)
	quick(&c)
	s, _ := run(t, c)
	if _, all := raw(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.HasPrefix(all, "HTTP/1.1 200") || strings.Contains(all, "Connection: close") {
		t.Error(all)
	}
}

func TestSlowBodies(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 1)
	c := config(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		errs <- err
		if r.URL.Path != "/silent" {
			w.WriteHeader(http.StatusInternalServerError) // what a handler that does not know better makes of it
			_, _ = io.WriteString(w, "oops")
		}
	})
	quick(&c)
	s, _ := run(t, c)
	for _, head := range []string{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", "POST /silent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"} {
		for _, every := range []time.Duration{5 * time.Millisecond, time.Hour} {
			conn := dial(t, s)
			if _, err := io.WriteString(conn, head); err != nil {
				t.Fatal(err)
			}
			answer := drip(t, conn, every)
			if err := <-errs; codeOf(err) != edge.CodeTooSlow {
				t.Errorf("the handler read %v", err)
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || !strings.HasSuffix(answer, string(edge.CodeTooSlow)) || !strings.Contains(answer, "Connection: close") {
				t.Errorf("answer: %s", answer)
			}
		}
	}
}

// TestSlowBodyHTTP2 sends a part and then nothing, on one stream of a connection whose other streams go on.
func TestSlowBodyHTTP2(t *testing.T) {
	t.Parallel()
	c, cert := withTLS(t, config(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	c.Limits.Stall = 100 * time.Millisecond
	s, _ := run(t, c)
	hc, url := client(t, trusting(cert)), "https://"+s.Addr().String()
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() { _, _ = writer.Write([]byte("a part")) }()
	resp, text := do(t, hc, request(t, "POST", url, reader))
	if resp.ProtoMajor != 2 || resp.StatusCode != 408 || text != string(edge.CodeTooSlow) {
		t.Errorf("%s %d %s", resp.Proto, resp.StatusCode, text)
	}
}

// TestSlowBodyNobodyReads holds the connection of a refused request, and of one whose handler is not interested.
func TestSlowBodyNobodyReads(t *testing.T) {
	t.Parallel()
	c := config(ok)
	quick(&c)
	s, _ := run(t, c)
	for host, want := range map[string]string{"localhost": "200", "evil.example": "421"} {
		conn := dial(t, s)
		if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 1000\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if answer := drip(t, conn, 5*time.Millisecond); !strings.HasPrefix(answer, "HTTP/1.1 "+want) {
			t.Errorf("%s: %s", host, answer)
		}
	}
}

// TestRefusedAtOnce: a refusal does not wait for a body that nobody will read.
func TestRefusedAtOnce(t *testing.T) {
	t.Parallel()
	c := config(ok)
	c.Limits.Stall = time.Hour
	s, _ := run(t, c)
	conn := dial(t, s)
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 421 || !resp.Close {
		t.Errorf("%d, close %v", resp.StatusCode, resp.Close)
	}
	conn.Close()
}

// TestSlowReader takes nothing of a large answer.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 1)
	c := config(func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<20)
		for range 1000 {
			if _, err := w.Write(block); err != nil {
				errs <- err
				return
			}
		}
		errs <- nil
	})
	quick(&c)
	c.Limits.MinRate = 1 << 30
	s, _ := run(t, c)
	conn := dial(t, s)
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-errs; err == nil {
		t.Error("the server waited for a client that does not read")
	}
}

// TestPauses: neither a handler that is slow nor a stream that pauses is cut off, in both versions of HTTP.
func TestPauses(t *testing.T) {
	t.Parallel()
	c := config(func(w http.ResponseWriter, r *http.Request) {
		half := make([]byte, 5)
		if _, err := io.ReadFull(r.Body, half); err != nil {
			t.Error(err)
		}
		<-time.After(800 * time.Millisecond)
		rest, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(half)
		w.(http.Flusher).Flush()
		<-time.After(800 * time.Millisecond)
		if r.Context().Err() != nil {
			t.Error("the context ended")
		}
		_, _ = w.Write(rest)
	})
	c.Limits.Stall = 500 * time.Millisecond
	plain, _ := run(t, c)
	c, cert := withTLS(t, c)
	secure, _ := run(t, c)
	for url, hc := range map[string]*http.Client{address(plain): client(t, nil), "https://" + secure.Addr().String(): client(t, trusting(cert))} {
		if _, text := do(t, hc, request(t, "POST", url, strings.NewReader("0123456789"))); text != "0123456789" {
			t.Errorf("%s: %q", url, text)
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size  int
		every time.Duration
		want  bool
	}{
		"just fast enough":         {1024, time.Second, true},
		"a pause within the stall": {1024 * 9, 9 * time.Second, true},
		"half the rate":            {512, time.Second, false},
		"a byte a second":          {1, time.Second, false},
		"a pause beyond the stall": {1 << 20, 11 * time.Second, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			body := edge.Body(near, 1<<30, 10*time.Second, 1024, near.SetReadDeadline)
			var writing sync.WaitGroup
			defer writing.Wait()
			writing.Go(func() {
				defer far.Close()
				for range 60 {
					<-time.After(test.every)
					if _, err := far.Write(make([]byte, test.size)); err != nil {
						return
					}
				}
			})
			began := time.Now()
			n, err := io.Copy(io.Discard, body)
			near.Close()
			if (err == nil) != test.want || !test.want && codeOf(err) != edge.CodeTooSlow {
				t.Errorf("%s: %v after %d bytes and %s", name, err, n, time.Since(began))
			}
			if !test.want && time.Since(began) > 30*time.Second {
				t.Errorf("%s: borne for %s", name, time.Since(began))
			}
		})
	}
}

func TestBodySizes(t *testing.T) {
	t.Parallel()
	const limit = 1000
	got := make(chan string, 1)
	c := config(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		got <- fmt.Sprint(len(b), " ", codeOf(err))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	c.Route = func(r *http.Request) edge.Route {
		if r.URL.Path == "/none" {
			return edge.Route{}
		}
		return edge.Route{MaxBody: limit}
	}
	s, _ := run(t, c)
	secureConfig, cert := withTLS(t, c)
	secure, _ := run(t, secureConfig)
	for url, hc := range map[string]*http.Client{address(s): client(t, nil), "https://" + secure.Addr().String(): client(t, trusting(cert))} {
		for _, test := range []struct {
			size, status int
			chunked      bool
			path, want   string
		}{
			{limit, 200, false, "/", "1000 "},
			{limit, 200, true, "/", "1000 "},
			{limit + 1, 413, false, "/", ""},
			{limit + 1, 413, true, "/", "1000 request-too-large"},
			{limit * 1000, 413, true, "/", "1000 request-too-large"},
			{0, 200, false, "/none", "0 "},
			{1, 413, false, "/none", ""},
			{1, 413, true, "/none", "0 request-too-large"},
		} {
			var body io.Reader = bytes.NewReader(make([]byte, test.size))
			if test.chunked {
				body = struct{ io.Reader }{body}
			}
			r := request(t, "POST", url+test.path, body)
			resp, err := hc.Do(r)
			if err != nil {
				t.Fatalf("%s %+v: %v", url, test, err)
			}
			resp.Body.Close()
			if resp.StatusCode != test.status {
				t.Errorf("%s %+v: %d", url, test, resp.StatusCode)
			}
			if test.want != "" {
				if g := <-got; g != test.want {
					t.Errorf("%s %+v: the handler read %s", url, test, g)
				}
			}
		}
	}
	// A length that lies: fewer bytes are an error, more are no second request.
	head := "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
	conn := dial(t, s)
	if _, err := io.WriteString(conn, head+"10\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Fatal(err)
	}
	if g := <-got; g != "3 " {
		t.Errorf("cut short: %s", g)
	}
	if _, all := raw(t, s, head+"3\r\n\r\nabcdefgh\r\n\r\n"); !strings.HasPrefix(all, "HTTP/1.1 200") || !strings.Contains(all, "HTTP/1.1 400") || strings.Count(all, "HTTP/1.1") != 2 {
		t.Errorf("too much: %s", all)
	}
	<-got
}

func TestLargeHeaders(t *testing.T) {
	t.Parallel()
	c := config(ok)
	c.Limits.HeaderBytes = 4 << 10
	s, _ := run(t, c)
	if status, _ := raw(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("a", 16<<10)+"\r\n\r\n"); !strings.Contains(status, "431") {
		t.Errorf("large header: %s", status)
	}
}

// TestSmuggling sends what a proxy in front may read in another way. None of it may give a second request.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var paths []string
	c := config(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, r.URL.Path)
	})
	s, _ := run(t, c)
	const inner = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, test := range map[string]struct{ text, want string }{
		"both lengths":             {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner, "200"},
		"two lengths":              {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 45\r\n\r\n" + inner, "400"},
		"length list":              {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 45\r\n\r\n" + inner, "400"},
		"signed length":            {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n" + inner, "400"},
		"hexadecimal length":       {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x0\r\n\r\n" + inner, "400"},
		"space before the colon":   {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length : 45\r\n\r\n" + inner, "400"},
		"two codings":              {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner, "501"},
		"unknown coding":           {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner, "501"},
		"coding with a tab":        {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n" + inner, "400"},
		"bare CR":                  {"POST / HTTP/1.1\r\nHost: localhost\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n" + inner, "400"},
		"NUL":                      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n" + inner, "400"},
		"two hosts":                {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n" + inner, "400"},
		"no host":                  {"GET / HTTP/1.1\r\n\r\n" + inner, "400"},
		"HTTP/1.0 with a coding":   {"POST / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner, "200"},
		"chunk with a bad size":    {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + inner, "200"},
		"chunk with a huge size":   {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + inner, "200"},
		"chunk ended by a bare LF": {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n" + inner, "200"},
		"HTTP/2 without TLS":       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + inner, "421"},
	} {
		status, all := raw(t, s, test.text)
		if fields := strings.Fields(status); len(fields) < 2 || fields[1] != test.want {
			t.Errorf("%s: %s, want %s", name, status, test.want)
		}
		if n := strings.Count(all, "HTTP/1."); n != 1 {
			t.Errorf("%s: %d answers: %s", name, n, all)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, p := range paths {
		if strings.Contains(p, "smuggled") {
			t.Error("a smuggled request reached the handler")
		}
	}
}

func TestManyConnections(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*edge.Limits){
		"in all":         func(l *edge.Limits) { l.Connections = 20 },
		"of one address": func(l *edge.Limits) { l.PeerConnections = 20 },
	} {
		c := config(ok)
		limit(&c.Limits)
		s, _ := run(t, c)
		ask := func(conn net.Conn) bool {
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				return false
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == 200
		}
		var open []net.Conn
		for i := range 30 {
			conn := dial(t, s)
			if served := ask(conn); served != (i < 20) {
				t.Fatalf("%s: connection %d: served %v", name, i, served)
			} else if served {
				open = append(open, conn)
			}
		}
		for _, conn := range open {
			if !ask(conn) {
				t.Errorf("%s: a connection within the limit was lost", name)
			}
			conn.Close()
		}
		// Their places come free, as soon as the server has seen them close.
		for !ask(dial(t, s)) {
		}
	}
}

func TestHTTP2AndTLS(t *testing.T) {
	t.Parallel()
	c, cert := withTLS(t, config(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+edge.ClientOf(r.Context()).Scheme)
	}))
	log := &lines{}
	c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, _ := run(t, c)
	url := "https://" + s.Addr().String()
	if resp, text := do(t, client(t, trusting(cert)), request(t, "GET", url, nil)); resp.ProtoMajor != 2 || text != "HTTP/2.0 https" {
		t.Errorf("%s: %s", resp.Proto, text)
	}
	old := trusting(cert)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 //nolint:gosec // what must not work
	if resp, err := client(t, old).Do(request(t, "GET", url, nil)); err == nil {
		resp.Body.Close()
		t.Error("TLS 1.1 is accepted")
	}
	for !strings.Contains(log.String(), "TLS handshake error") {
	}
	if strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the log tells an address: %s", log)
	}
	status, _ := raw(t, s, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if !strings.Contains(status, "400") {
		t.Errorf("HTTP on the TLS port: %s", status)
	}
}

func TestCertificateReload(t *testing.T) {
	t.Parallel()
	log := &lines{}
	c, _ := withTLS(t, config(ok))
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	c.CertPoll = time.Hour
	dir := strings.TrimSuffix(c.CertFile, "cert.pem")
	s, _ := run(t, c)
	serial := func(s *edge.Server) int64 {
		conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // only the number is read
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	certificate(t, dir, 2)
	if err := s.Reload(); err != nil || serial(s) != 2 {
		t.Errorf("after the change: serial %d, %v", serial(s), err)
	}
	write(t, c.KeyFile, []byte("half a ke"))
	if err := s.Reload(); codeOf(err) != edge.CodeCertificate || serial(s) != 2 {
		t.Errorf("with a broken key: serial %d, %v", serial(s), err)
	}
	if err := s.Reload(); err != nil {
		t.Errorf("the same fault is told twice: %v", err)
	}
	// The same by itself.
	certificate(t, dir, 4)
	c.CertPoll = time.Millisecond
	polled, _ := run(t, c)
	write(t, c.CertFile, []byte("broken"))
	for !strings.Contains(log.String(), "the former one stays") {
		if got := serial(polled); got != 4 {
			t.Fatalf("serial %d", got)
		}
	}
	certificate(t, dir, 5)
	for serial(polled) != 5 {
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	const n = 50
	for _, secure := range []bool{false, true} {
		t.Run("TLS "+strconv.FormatBool(secure), func(t *testing.T) {
			t.Parallel()
			started, release := make(chan struct{}, n), make(chan struct{})
			c := config(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				started <- struct{}{}
				<-release
				if r.Context().Err() != nil {
					t.Error("the context ended in the grace time")
				}
				_, _ = w.Write(body)
			})
			c.Pause = 50 * time.Millisecond
			hc, scheme := client(t, nil), "http://"
			if secure {
				made, cert := withTLS(t, c)
				c, hc, scheme = made, client(t, trusting(cert)), "https://"
			}
			s, stop := run(t, c)
			if !s.Ready() {
				t.Error("not ready")
			}
			answers := make(chan string, n)
			for i := range n {
				go func() {
					resp, err := hc.Do(request(t, "POST", scheme+s.Addr().String(), strings.NewReader(strconv.Itoa(i))))
					if err != nil {
						answers <- err.Error()
						return
					}
					defer resp.Body.Close()
					text, err := io.ReadAll(resp.Body)
					if err != nil {
						text = []byte(err.Error())
					}
					answers <- string(text)
				}()
			}
			for range n {
				<-started
			}
			ended := make(chan struct{})
			go func() { stop(); close(ended) }()
			for s.Ready() { // turns first
			}
			// In the pause new connections are still served; then nobody listens.
			for refused := false; !refused; {
				conn, err := net.Dial("tcp", s.Addr().String())
				if refused = err != nil; !refused {
					conn.Close()
				}
			}
			select {
			case <-ended:
				t.Error("Run returned before its requests")
			default:
			}
			close(release)
			got := map[string]bool{}
			for range n {
				got[<-answers] = true
			}
			for i := range n {
				if !got[strconv.Itoa(i)] {
					t.Errorf("request %d lost its answer: %v", i, got)
				}
			}
			<-ended
		})
	}
}

// TestDrainLeavesConnections: in the pause, answers ask their clients to connect elsewhere.
func TestDrainLeavesConnections(t *testing.T) {
	t.Parallel()
	c := config(ok)
	c.Pause = time.Second
	s, stop := run(t, c)
	hc := client(t, nil)
	if resp, _ := do(t, hc, request(t, "GET", address(s), nil)); resp.Close {
		t.Error("closed before the end")
	}
	go stop()
	for s.Ready() {
	}
	if resp, _ := do(t, hc, request(t, "GET", address(s), nil)); resp.StatusCode != 200 || !resp.Close {
		t.Errorf("in the pause: %d, close %v", resp.StatusCode, resp.Close)
	}
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	started, ended := make(chan struct{}), make(chan error, 1)
	c := config(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		ended <- r.Context().Err()
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	c.Grace = 10 * time.Millisecond
	s, stop := run(t, c)
	status := make(chan int, 1)
	go func() {
		resp, err := client(t, nil).Do(request(t, "GET", address(s), nil))
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-started
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := <-status; got != 503 {
		t.Errorf("the request that was told to end: %d", got)
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		take := edge.Buckets(edge.Rate{PerSecond: 10, Burst: 5})
		passed := func(client string, n int) (count int) {
			for range n {
				if take(client) == 0 {
					count++
				}
			}
			return count
		}
		if got := passed("a", 20); got != 5 {
			t.Errorf("burst: %d", got)
		}
		if wait := take("a"); wait != 100*time.Millisecond {
			t.Errorf("wait %s", wait)
		}
		<-time.After(300 * time.Millisecond)
		if got := passed("a", 20); got != 3 {
			t.Errorf("after 300 ms: %d", got)
		}
		<-time.After(time.Hour)
		if got := passed("a", 20); got != 5 {
			t.Errorf("after an hour: %d", got)
		}
		// Others push a client out only when twice as many came in the meantime, and never refuse it.
		for i := range edge.BucketsKept {
			take(strconv.Itoa(i))
		}
		if got := passed("a", 1); got != 0 {
			t.Error("forgotten too early")
		}
		for i := range 2 * edge.BucketsKept {
			take("b" + strconv.Itoa(i))
		}
		if got := passed("a", 20); got != 5 {
			t.Errorf("after many others: %d", got)
		}
	})
	if take := edge.Buckets(edge.Rate{PerSecond: -1}); take("a") != 0 {
		t.Error("no limit limits")
	}
}
