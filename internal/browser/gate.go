package browser

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/colophon-project/colophon/gateway/fetch"
)

// gate is the only way out of the browser: a proxy that lets through what the client behind it reaches, up to a number of bytes.
type gate struct {
	client   *fetch.Client
	most     int64
	listener net.Listener
	server   *http.Server
	bytes    atomic.Int64

	mu      sync.Mutex
	refused map[string]error // by host
	first   error
	conns   map[net.Conn]bool
}

var errFull = errors.New("the page loads too much")

func openGate(client *fetch.Client, most int64) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{client: client, most: most, listener: l, refused: map[string]error{}, conns: map[net.Conn]bool{}}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go g.server.Serve(l)
	return g, nil
}

func (g *gate) address() string { return g.listener.Addr().String() }

// begin forgets what was counted for the page before.
func (g *gate) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bytes.Store(0)
	clear(g.refused)
	g.first = nil
}

func (g *gate) full() bool { return g.bytes.Load() > g.most }

// why is what the first refusal since begin was for.
func (g *gate) why() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.first
}

// hosts lists what was refused since begin.
func (g *gate) hosts() map[string]error {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make(map[string]error, len(g.refused))
	for host, err := range g.refused {
		list[host] = err
	}
	return list
}

// stopped is why the page itself was not let through: what the browser shows then is our own answer.
func (g *gate) stopped(address string, resp *network.Response) error {
	if resp != nil {
		address = resp.URL
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused[place(u.Scheme, u.Host)]
}

// place is a host with its port, which may be left out where it is the usual one.
func place(scheme, host string) string {
	u := url.URL{Host: host}
	if u.Port() != "" {
		return host
	}
	return host + map[string]string{"http": ":80", "https": ":443"}[scheme]
}

func (g *gate) note(host string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = err
	}
	if len(g.refused) < 100 {
		g.refused[host] = err
	}
}

func (g *gate) close() {
	g.server.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.Close()
	}
}

// ServeHTTP lets a request of the browser through.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.full() {
		http.Error(w, "", http.StatusInsufficientStorage)
		return
	}
	if r.Method == http.MethodConnect {
		g.tunnel(w, r)
		return
	}
	if r.URL.Scheme != "http" {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.Header.Del("Proxy-Connection")
	if out.ContentLength == 0 {
		out.Body = nil
	}
	whole := r.URL.String()
	way := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 256 << 10,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return g.dial(ctx, place("http", r.URL.Host), whole)
		}}
	resp, err := way.RoundTrip(out)
	if err != nil {
		http.Error(w, "", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(flushed{w, http.NewResponseController(w)}, resp.Body)
}

// flushed hands each piece on at once.
type flushed struct {
	io.Writer
	c *http.ResponseController
}

// Write writes.
func (f flushed) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.c.Flush()
	}
	return n, err
}

// tunnel joins the browser with a host, as for https.
func (g *gate) tunnel(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port == "443" {
		scheme = "https"
	}
	there, err := g.dial(r.Context(), r.Host, scheme+"://"+r.Host+"/")
	if err != nil {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	defer g.forget(there)
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	go func() {
		io.Copy(there, buffered)
		there.Close()
	}()
	io.Copy(here, there)
}

func (g *gate) forget(c net.Conn) {
	c.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

// dial connects to a host, and counts what comes from it.
func (g *gate) dial(ctx context.Context, host, address string) (net.Conn, error) {
	c, err := g.client.Dial(ctx, address)
	if err != nil {
		g.note(host, err)
		return nil, err
	}
	m := &metered{Conn: c, gate: g}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[m] = true
	return m, nil
}

// metered is a connection whose bytes count.
type metered struct {
	net.Conn
	gate *gate
}

// Read reads, until the page has had its share.
func (m *metered) Read(p []byte) (int, error) {
	if m.gate.full() {
		return 0, errFull
	}
	n, err := m.Conn.Read(p)
	m.gate.bytes.Add(int64(n))
	return n, err
}

// Close closes, and is not held on to any more.
func (m *metered) Close() error {
	m.gate.mu.Lock()
	delete(m.gate.conns, m)
	m.gate.mu.Unlock()
	return m.Conn.Close()
}

// look finds a program by its name in the usual folders, or by its path.
func look(name string) string {
	list := []string{name}
	if !filepath.IsAbs(name) {
		list = nil
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			if filepath.IsAbs(dir) {
				list = append(list, filepath.Join(dir, name))
			}
		}
	}
	for _, path := range list {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}
