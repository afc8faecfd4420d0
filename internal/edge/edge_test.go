package edge_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/edge"
)

// lines is a writer that keeps what it got.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func problem(w http.ResponseWriter, _ *http.Request, err *colophon.Error, status int) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, string(err.Code))
}

// config returns a configuration that every test may change.
func config(h http.HandlerFunc) edge.Config {
	return edge.Config{
		Handler: h, Problem: problem, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0",
		Route: func(*http.Request) edge.Route { return edge.Route{MaxBody: 1 << 20} },
	}
}

// run starts a server and returns it with the function that asks it to end and waits until it has.
func run(t *testing.T, c edge.Config) (*edge.Server, func()) {
	t.Helper()
	s, err := edge.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if s.Addr() == nil {
		t.Fatal(<-ended)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

func address(s *edge.Server) string { return "http://" + s.Addr().String() }

// client returns a client that shares no connection with other tests.
func client(t *testing.T, c *tls.Config) *http.Client {
	tr := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// do sends a request and returns the answer with its text.
func do(t *testing.T, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func request(t *testing.T, method, url string, body io.Reader, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func ok(http.ResponseWriter, *http.Request) {}

func codeOf(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// certificate writes a new pair for 127.0.0.1 and returns it.
func certificate(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"colophon.example"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func trusting(certs ...*x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func withTLS(t *testing.T, c edge.Config) (edge.Config, *x509.Certificate) {
	dir := t.TempDir()
	cert := certificate(t, dir, 1)
	c.CertFile, c.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	return c, cert
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	secure, _ := withTLS(t, config(ok))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "broken.pem"), []byte("no PEM"))
	for name, test := range map[string]struct {
		change func(*edge.Config)
		want   colophon.Code
	}{
		"HTTP on all addresses":    {func(c *edge.Config) { c.Listen = ":0" }, edge.CodePlainNetwork},
		"HTTP on an address":       {func(c *edge.Config) { c.Listen = "192.0.2.1:80" }, edge.CodePlainNetwork},
		"HTTP on IPv6":             {func(c *edge.Config) { c.Listen = "[::]:80" }, edge.CodePlainNetwork},
		"TLS without public URL":   {func(c *edge.Config) { *c = secure; c.Listen = ":0" }, edge.CodePublicURL},
		"certificate without key":  {func(c *edge.Config) { c.CertFile = "cert.pem" }, edge.CodeSettingInvalid},
		"missing certificate":      {func(c *edge.Config) { c.CertFile, c.KeyFile = dir+"/none", dir+"/none" }, edge.CodeCertificate},
		"broken certificate":       {func(c *edge.Config) { c.CertFile, c.KeyFile = dir+"/broken.pem", dir+"/broken.pem" }, edge.CodeCertificate},
		"no port":                  {func(c *edge.Config) { c.Listen = "127.0.0.1" }, edge.CodeSettingInvalid},
		"no path":                  {func(c *edge.Config) { c.Listen = "unix:" }, edge.CodeSettingInvalid},
		"public URL with a path":   {func(c *edge.Config) { c.PublicURL = "https://a.example/x" }, edge.CodeSettingInvalid},
		"public URL with a name":   {func(c *edge.Config) { c.PublicURL = "https://me@a.example" }, edge.CodeSettingInvalid},
		"public URL without https": {func(c *edge.Config) { c.PublicURL = "a.example" }, edge.CodeSettingInvalid},
		"a name with a path":       {func(c *edge.Config) { c.Hosts = []string{"a.example/x"} }, edge.CodeSettingInvalid},
		"a negative limit":         {func(c *edge.Config) { c.Limits.MinRate = -1 }, edge.CodeSettingInvalid},
		"a rate without burst":     {func(c *edge.Config) { c.Limits.ByKey = edge.Rate{PerSecond: 1} }, edge.CodeSettingInvalid},
		"a class without places":   {func(c *edge.Config) { c.Limits.Classes = map[string]edge.Class{"x": {Running: -1}} }, edge.CodeSettingInvalid},
		"no handler":               {func(c *edge.Config) { c.Handler = nil }, edge.CodeSettingInvalid},
	} {
		c := config(ok)
		test.change(&c)
		if _, err := edge.New(c); codeOf(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0", "localhost:0", "unix:/run/x"} {
		c := config(ok)
		c.Listen = listen
		if _, err := edge.New(c); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	first, _ := run(t, config(ok))
	c := config(ok)
	c.Listen = first.Addr().String()
	s, err := edge.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); codeOf(err) != edge.CodeListen || s.Addr() != nil || s.Ready() {
		t.Errorf("Run = %v, Addr = %v", err, s.Addr())
	}
}

func TestUnixSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	got := make(chan edge.Client, 2)
	c := config(func(_ http.ResponseWriter, r *http.Request) { got <- edge.ClientOf(r.Context()) })
	c.Listen = "unix:" + path
	c.PublicURL = "https://colophon.example"
	s, _ := run(t, c)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("socket: %v %v", info.Mode(), err)
	}
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	defer tr.CloseIdleConnections()
	hc := &http.Client{Transport: tr}
	if resp, _ := do(t, hc, request(t, "GET", "http://colophon.example/", nil, "X-Forwarded-For", "203.0.113.9:4711", "X-Forwarded-Proto", "https")); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if want := (edge.Client{Address: netip.MustParseAddrPort("203.0.113.9:4711"), Scheme: "https", Host: "colophon.example"}); <-got != want {
		t.Error("the proxy on the socket was not believed")
	}
	again := c
	second, err := edge.New(again)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); codeOf(err) != edge.CodeListen {
		t.Errorf("a living server's socket was taken: %v", err)
	}
	if !s.Ready() {
		t.Error("not ready")
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	c := config(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, edge.Origin(r.Context())) })
	c.PublicURL = "https://Colophon.Example:8443"
	c.Hosts = []string{"inner:8080"}
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	s, _ := run(t, c)
	hc := client(t, nil)
	for host, want := range map[string]int{
		"colophon.example": 200, "COLOPHON.example.": 200, "colophon.example:9": 200, "inner": 200, "localhost:1": 200,
		"127.0.0.1": 200, "[::1]:80": 200, s.Addr().String(): 200,
		"evil.example": 421, "colophon.example.evil.example": 421, "192.0.2.7": 421, "0.0.0.0": 421, "notlocalhost": 421, "127.0.0.1.nip.example": 421,
	} {
		r := request(t, "GET", address(s), nil)
		r.Host = host
		resp, text := do(t, hc, r)
		if resp.StatusCode != want {
			t.Errorf("Host %s: %d, want %d", host, resp.StatusCode, want)
		}
		if want == 200 && text != "https://colophon.example:8443" || want == 421 && text != string(edge.CodeHostUnknown) {
			t.Errorf("Host %s: %s", host, text)
		}
	}
	// A name that a trusted proxy tells must hold as well, and does not make up for a wrong one.
	for _, pair := range [][2]string{{"localhost", "evil.example"}, {"evil.example", "colophon.example"}} {
		r := request(t, "GET", address(s), nil, "X-Forwarded-Host", pair[1])
		r.Host = pair[0]
		if resp, _ := do(t, hc, r); resp.StatusCode != 421 {
			t.Errorf("%v: %d", pair, resp.StatusCode)
		}
	}
	status, _ := raw(t, s, "GET / HTTP/1.0\r\n\r\n")
	if !strings.Contains(status, "421") {
		t.Errorf("no Host: %s", status)
	}
}

func TestOriginWithoutPublicURL(t *testing.T) {
	t.Parallel()
	s, _ := run(t, config(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, edge.Origin(r.Context())) }))
	if _, text := do(t, client(t, nil), request(t, "GET", address(s), nil, "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https")); text != address(s) {
		t.Errorf("origin %s", text)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	h := func(_ http.ResponseWriter, r *http.Request) { seen <- edge.RequestID(r.Context()) }
	for _, trusted := range []bool{false, true} {
		c := config(h)
		if trusted {
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		}
		s, _ := run(t, c)
		for id, good := range map[string]bool{
			"0123456789abcdef": true, "A-b_c.d8": true, "short": false, "": false, "with space in it": false, strings.Repeat("x", 65): false, "umlaut-ümlaut": false, `quo"te-quote`: false,
		} {
			resp, _ := do(t, client(t, nil), request(t, "GET", address(s), nil, "X-Request-Id", id))
			inside, outside := <-seen, resp.Header.Get("X-Request-Id")
			if inside != outside || len(inside) < 8 {
				t.Errorf("%q: %q inside, %q outside", id, inside, outside)
			}
			if kept := inside == id; kept != (good && trusted) {
				t.Errorf("trusted %v: %q became %q", trusted, id, inside)
			}
		}
	}
}

func TestEncodedBodies(t *testing.T) {
	t.Parallel()
	s, _ := run(t, config(ok))
	hc := client(t, nil)
	for coding, want := range map[string]int{"identity": 200, "gzip": 415, "br": 415, "identity, gzip": 415, "deflate": 415, "zstd": 415, "x": 415} {
		resp, text := do(t, hc, request(t, "POST", address(s), strings.NewReader("x"), "Content-Encoding", coding))
		if resp.StatusCode != want {
			t.Errorf("%s: %d %s", coding, resp.StatusCode, text)
		}
		if want == 415 && resp.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: not told what is taken", coding)
		}
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	log := &lines{}
	c := config(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/before":
			w.Header().Set("Content-Length", "99")
			panic("Some Name " + r.URL.RawQuery)
		case "/runtime":
			var empty []int
			_ = empty[len(r.URL.Path)]
		case "/after":
			_, _ = io.WriteString(w, "half")
			panic(errors.New("late"))
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	})
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	s, _ := run(t, c)
	hc := client(t, nil)
	for _, path := range []string{"/before?marker", "/runtime"} {
		resp, text := do(t, hc, request(t, "GET", address(s)+path, nil))
		if resp.StatusCode != 500 || text != string(edge.CodeHandlerPanic) || resp.Header.Get("X-Request-Id") == "" || !resp.Close {
			t.Errorf("%s: %d %q close %v", path, resp.StatusCode, text, resp.Close)
		}
	}
	for _, path := range []string{"/after", "/abort"} {
		if resp, err := hc.Do(request(t, "GET", address(s)+path, nil)); err == nil {
			if _, err := io.ReadAll(resp.Body); err == nil {
				t.Errorf("%s ended as if whole", path)
			}
			resp.Body.Close()
		}
	}
	if text := log.String(); strings.Count(text, "a handler panicked") != 3 || !strings.Contains(text, "edge_test.go") || !strings.Contains(text, "index out of range") {
		t.Errorf("log: %s", text)
	} else if strings.Contains(text, "Marker") || strings.Contains(text, "marker") || strings.Contains(text, "127.0.0.1") {
		t.Errorf("the log tells what it must not: %s", text)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	c := config(ok)
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c.Limits.ByAddress = edge.Rate{PerSecond: 0.001, Burst: 3}
	c.Limits.ByKey = edge.Rate{PerSecond: 0.001, Burst: 2}
	c.Key = func(r *http.Request) string { return r.Header.Get("Authorization") }
	s, _ := run(t, c)
	hc := client(t, nil)
	count := func(n int, headers ...string) (passed int) {
		for range n {
			resp, text := do(t, hc, request(t, "GET", address(s), nil, headers...))
			switch wait, _ := strconv.Atoi(resp.Header.Get("Retry-After")); {
			case resp.StatusCode == 200:
				passed++
			case resp.StatusCode != 429 || wait < 900 || wait > 1000 || text != string(edge.CodeTooMany):
				t.Errorf("%d, Retry-After %d, %s", resp.StatusCode, wait, text)
			}
		}
		return passed
	}
	for _, test := range []struct {
		want    int
		headers []string
	}{
		{3, []string{"X-Forwarded-For", "192.0.2.1"}},
		{0, []string{"X-Forwarded-For", "192.0.2.1"}},
		{0, []string{"X-Forwarded-For", "198.51.100.1, 192.0.2.1"}}, // what the client wrote changes nothing
		{3, []string{"X-Forwarded-For", "192.0.2.2"}},
		{3, []string{"X-Forwarded-For", "2001:db8::1"}},
		{0, []string{"X-Forwarded-For", "2001:db8::2"}}, // the same /64
		{3, []string{"X-Forwarded-For", "2001:db8:0:1::1"}},
		{2, []string{"X-Forwarded-For", "192.0.2.3", "Authorization", "k1"}},
		{0, []string{"X-Forwarded-For", "192.0.2.4", "Authorization", "k1"}}, // a key is one client wherever it comes from
		{2, []string{"X-Forwarded-For", "192.0.2.5", "Authorization", "k2"}},
	} {
		if got := count(4, test.headers...); got != test.want {
			t.Errorf("%v: %d of 4 passed, want %d", test.headers, got, test.want)
		}
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}, 10), make(chan struct{})
	c := config(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/heavy" {
			entered <- struct{}{}
			<-release
		}
	})
	c.Route = func(r *http.Request) edge.Route { return edge.Route{Class: strings.Trim(r.URL.Path, "/")} }
	c.Limits.Classes = map[string]edge.Class{"heavy": {Running: 2, Waiting: 1, Wait: time.Minute}}
	s, _ := run(t, c)
	hc := client(t, nil)
	status := make(chan int, 3)
	send := func() {
		resp, err := hc.Do(request(t, "GET", address(s)+"/heavy", nil))
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}
	for range 2 {
		go send()
		<-entered
	}
	// Three more: one waits, and two are told to come back, whichever they are.
	busy := 0
	for range 3 {
		go send()
	}
	for range 2 {
		if <-status == 503 {
			busy++
		}
	}
	if busy != 2 {
		t.Errorf("%d refused, want 2", busy)
	}
	resp, text := do(t, hc, request(t, "GET", address(s)+"/heavy", nil))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "60" || text != string(edge.CodeBusy) {
		t.Errorf("%d %s %s", resp.StatusCode, resp.Header.Get("Retry-After"), text)
	}
	if resp, _ := do(t, hc, request(t, "GET", address(s)+"/other", nil)); resp.StatusCode != 200 {
		t.Errorf("another class: %d", resp.StatusCode)
	}
	close(release)
	for range 3 {
		if got := <-status; got != 200 {
			t.Errorf("a request with a place: %d", got)
		}
	}
	if resp, _ := do(t, hc, request(t, "GET", address(s)+"/heavy", nil)); resp.StatusCode != 200 {
		t.Errorf("afterwards: %d", resp.StatusCode)
	}
}

func TestRouteTime(t *testing.T) {
	t.Parallel()
	c := config(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		w.WriteHeader(http.StatusGatewayTimeout)
	})
	c.Route = func(*http.Request) edge.Route { return edge.Route{Time: time.Millisecond} }
	s, _ := run(t, c)
	if resp, _ := do(t, client(t, nil), request(t, "GET", address(s), nil)); resp.StatusCode != http.StatusGatewayTimeout {
		t.Error(resp.Status)
	}
}

func TestWrapSeesRefusals(t *testing.T) {
	t.Parallel()
	ids := make(chan string, 1)
	c := config(ok)
	c.Wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			ids <- edge.RequestID(r.Context())
		})
	}
	s, _ := run(t, c)
	r := request(t, "GET", address(s), nil)
	r.Host = "evil.example"
	if resp, _ := do(t, client(t, nil), r); resp.StatusCode != 421 || resp.Header.Get("X-Request-Id") != <-ids {
		t.Error(resp.Status)
	}
}
