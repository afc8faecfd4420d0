package fetch_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/media"
)

// public is an address of the open internet that no test reaches.
var public = netip.MustParseAddr("93.184.215.14")

// names resolves names as it is told, and counts. The last answer is given again and again.
type names struct {
	mu      sync.Mutex
	answers [][]netip.Addr
	asked   []string
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, host)
	if len(n.answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	answer := n.answers[0]
	if len(n.answers) > 1 {
		n.answers = n.answers[1:]
	}
	return answer, nil
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

// world is a client whose connections all end at one server, wherever they were to go.
type world struct {
	*fetch.Client
	names  *names
	mu     sync.Mutex
	dialed []string
}

func (w *world) dials() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.dialed...)
}

func open(t *testing.T, c fetch.Config, server string, answers ...[]netip.Addr) *world {
	t.Helper()
	w := &world{names: &names{answers: answers}}
	c.Resolver = w.names
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		w.dialed = append(w.dialed, address)
		w.mu.Unlock()
		if server == "" {
			return nil, errors.New("nothing may be dialed")
		}
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}
	var err error
	if w.Client, err = fetch.New(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// raw is a server that writes what it is told, whatever it is asked, and then waits for the other side to go.
func raw(t *testing.T, write func(net.Conn)) string {
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
			all.Go(func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					write(c)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestFetch(t *testing.T) {
	t.Parallel()
	want := picture(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "files.example" || r.RequestURI != "/a/b.png?X-Signature=abc" || r.Header.Get("Accept-Encoding") != "identity" || r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("%s %s %v", r.Host, r.RequestURI, r.Header)
		}
		w.Header().Set("Content-Type", "text/html") // which counts for nothing
		w.Header().Set("Set-Cookie", "a=b")
		w.Write(want)
	})
	w := open(t, fetch.Config{}, server, []netip.Addr{public})
	f, err := w.Fetch(t.Context(), "http://files.example/a/b.png?X-Signature=abc#part", 0, media.ModalityImage, media.ModalityVideo)
	if err != nil || !bytes.Equal(f.Data, want) || f.Format != media.PNG || f.Type != "image/png" {
		t.Fatal(f.Format, f.Type, err)
	}
	if _, err := w.Fetch(t.Context(), "http://files.example/a/b.png?X-Signature=abc", 0, media.ModalityAudio); code(err) != fetch.CodeType {
		t.Error(err)
	}
}

// TestForms are addresses that nobody is asked about, not even a resolver.
func TestForms(t *testing.T) {
	t.Parallel()
	w := open(t, fetch.Config{}, "", []netip.Addr{public})
	for address, want := range map[string]colophon.Code{
		"":                                                      fetch.CodeAddress,
		"files.example/a":                                       fetch.CodeAddress,
		"//files.example/a":                                     fetch.CodeAddress,
		"http:files.example":                                    fetch.CodeAddress,
		"http:///etc/passwd":                                    fetch.CodeAddress,
		"http://":                                               fetch.CodeAddress,
		"file:///etc/passwd":                                    fetch.CodeAddress,
		"file://localhost/etc/passwd":                           fetch.CodeAddress,
		"gopher://files.example/1":                              fetch.CodeAddress,
		"ftp://files.example/a":                                 fetch.CodeAddress,
		"data:image/png;base64,AAAA":                            fetch.CodeAddress,
		"dict://127.0.0.1:11211/stat":                           fetch.CodeAddress,
		"jar:http://files.example!/a":                           fetch.CodeAddress,
		"javascript:alert(1)":                                   fetch.CodeAddress,
		"unix:/var/run/docker.sock":                             fetch.CodeAddress,
		"ldap://files.example":                                  fetch.CodeAddress,
		"http://user@files.example/":                            fetch.CodeAddress,
		"http://user:pass@files.example/":                       fetch.CodeAddress,
		"http://@files.example/":                                fetch.CodeAddress,
		"http://files.example@127.0.0.1/":                       fetch.CodeAddress,
		"http://files.example\\@127.0.0.1/":                     fetch.CodeAddress,
		"http://files.example/a b":                              fetch.CodeAddress,
		"http://files.example/\r\nHost: x":                      fetch.CodeAddress,
		"http://files.example/\x00":                             fetch.CodeAddress,
		"\thttp://files.example/":                               fetch.CodeAddress,
		"http://２130706433/":                                    fetch.CodeAddress,
		"http://①②⑦.⓪.⓪.①/":                                     fetch.CodeAddress,
		"http://bücher.example/":                                fetch.CodeAddress,
		"http://files%2eexample/":                               fetch.CodeAddress,
		"http://127%2e0.0.1/":                                   fetch.CodeAddress,
		"http://[fe80::1%25eth0]/":                              fetch.CodeAddress,
		"http://[::1/":                                          fetch.CodeAddress,
		"http://files..example/":                                fetch.CodeAddress,
		"http://files.example:/":                                fetch.CodeAddress,
		"http://files.example:0/":                               fetch.CodeAddress,
		"http://files.example:65536/":                           fetch.CodeAddress,
		"http://files.example:80a/":                             fetch.CodeAddress,
		"http://files.example:22/":                              fetch.CodePort,
		"http://files.example:6379/":                            fetch.CodePort,
		"https://files.example:8443/":                           fetch.CodePort,
		"http://2130706433/":                                    fetch.CodeAddress, // decimal
		"http://017700000001/":                                  fetch.CodeAddress, // octal
		"http://0x7f000001/":                                    fetch.CodeAddress, // hexadecimal
		"http://0x7f.0.0.1/":                                    fetch.CodeAddress,
		"http://0177.0.0.1/":                                    fetch.CodeAddress,
		"http://127.0.0.01/":                                    fetch.CodeAddress,
		"http://127.1/":                                         fetch.CodeAddress,
		"http://127.0.1/":                                       fetch.CodeAddress,
		"http://256.256.256.256/":                               fetch.CodeAddress,
		"http://1.2.3.4.5/":                                     fetch.CodeAddress,
		"http://a.0x7f/":                                        fetch.CodeAddress,
		"http://" + strings.Repeat("a", 64) + ".example/":       fetch.CodeAddress,
		"http://" + strings.Repeat("a.", 127) + "example/":      fetch.CodeAddress,
		"http://files.example/" + strings.Repeat("a", 9000):     fetch.CodeAddress,
		"http://files.example:" + strings.Repeat("0", 30) + "8": fetch.CodePort,
	} {
		_, err := w.Fetch(t.Context(), address, 0)
		if code(err) != want {
			t.Errorf("%q: %v, want %s", address, err, want)
		}
		if err != nil && len(address) > 20 && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q stands in the error: %v", address, err)
		}
	}
	if len(w.names.asked) != 0 || len(w.dials()) != 0 {
		t.Error(w.names.asked, w.dials())
	}
}

// private are addresses that are not the open internet.
var private = []string{"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "168.63.129.16", "169.254.169.254", "169.254.0.23", "172.16.0.1", "172.31.255.255",
	"192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1",
	"2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1"}

// TestPrivate has names lead to addresses of other networks, alone and beside a good one, and has the addresses themselves.
func TestPrivate(t *testing.T) {
	t.Parallel()
	for _, text := range private {
		bad := netip.MustParseAddr(text)
		for _, list := range [][]netip.Addr{{bad}, {public, bad}, {bad, public}} {
			w := open(t, fetch.Config{}, "", list)
			if _, err := w.Fetch(t.Context(), "https://files.example/a", 0); code(err) != fetch.CodePrivate || len(w.dials()) != 0 {
				t.Errorf("%v: %v, dialed %v", list, err, w.dials())
			}
		}
		w := open(t, fetch.Config{}, "", []netip.Addr{public})
		address := "http://" + netip.AddrPortFrom(bad, 80).String() + "/"
		if _, err := w.Fetch(t.Context(), address, 0); code(err) != fetch.CodePrivate || len(w.names.asked)+len(w.dials()) != 0 {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "168.63.129.17", "223.255.255.255", "2606:4700::1111", "2400:3200::1", "::ffff:8.8.8.8"} {
		w := open(t, fetch.Config{}, "", addrs(text))
		if _, err := w.Fetch(t.Context(), "http://files.example/", 0); code(err) != fetch.CodeUnreached || len(w.dials()) != 1 {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
}

// TestLocalhost has the system's own resolver told names of this machine.
func TestLocalhost(t *testing.T) {
	t.Parallel()
	c, err := fetch.New(fetch.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialed")
		return nil, io.EOF
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"http://localhost/", "http://LOCALHOST./", "https://localhost:443/x"} {
		if _, err := c.Fetch(t.Context(), address, 0); code(err) != fetch.CodePrivate {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestRebinding has a resolver answer differently the second time: it is asked once, and the connection goes to the first
// answer. After a redirect it is asked anew, and checked anew.
func TestRebinding(t *testing.T) {
	t.Parallel()
	want := picture(t)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		w.Write(want)
	})
	w := open(t, fetch.Config{}, server, addrs("93.184.215.14"), addrs("127.0.0.1"))
	if _, err := w.Fetch(t.Context(), "http://files.example/", 0); err != nil {
		t.Fatal(err)
	}
	if d := w.dials(); len(d) != 1 || d[0] != "93.184.215.14:80" || len(w.names.asked) != 1 {
		t.Error(d, w.names.asked)
	}
	w = open(t, fetch.Config{}, server, addrs("93.184.215.14"), addrs("127.0.0.1"))
	if _, err := w.Fetch(t.Context(), "http://files.example/again", 0); code(err) != fetch.CodePrivate {
		t.Error(err)
	}
	if d := w.dials(); len(d) != 1 {
		t.Error(d)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	want := picture(t)
	var to atomic.Value
	var calls atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if r.URL.Path == "/end" {
			w.Write(want)
			return
		}
		w.Header().Set("Location", to.Load().(string))
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	for location, c := range map[string]struct {
		code  colophon.Code
		calls int64
	}{
		"/end":                           {"", 2},
		"http://files.example/end":       {"", 2},
		"http://FILES.example:80/end":    {"", 2},
		"/loop":                          {fetch.CodeRedirect, 4},
		"http://other.example/end":       {fetch.CodeRedirect, 1},
		"//other.example/end":            {fetch.CodeRedirect, 1},
		"http://127.0.0.1/end":           {fetch.CodeRedirect, 1},
		"http://169.254.169.254/latest":  {fetch.CodeRedirect, 1},
		"http://2130706433/":             {fetch.CodeAddress, 1},
		"http://files.example:22/end":    {fetch.CodePort, 1},
		"file:///etc/passwd":             {fetch.CodeAddress, 1},
		"gopher://files.example/":        {fetch.CodeAddress, 1},
		"http://files.example@127.0.0.1": {fetch.CodeAddress, 1},
		"http://a:b@files.example/end":   {fetch.CodeAddress, 1},
		"http://files.example.evil.test": {fetch.CodeRedirect, 1},
		"":                               {fetch.CodeStatus, 1},
		"http://[::1":                    {fetch.CodeAddress, 1},
	} {
		to.Store(location)
		calls.Store(0)
		w := open(t, fetch.Config{}, server, []netip.Addr{public})
		_, err := w.Fetch(t.Context(), "http://files.example/a", 0)
		if code(err) != c.code || (err == nil) != (c.code == "") || calls.Load() != c.calls {
			t.Errorf("%q: %v after %d calls, want %q after %d", location, err, calls.Load(), c.code, c.calls)
		}
	}
}

// TestTLS has certificates of other names, and a redirect out of TLS.
func TestTLS(t *testing.T) {
	t.Parallel()
	want := picture(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/out" {
			http.Redirect(w, r, "http://example.com/", http.StatusFound)
			return
		}
		w.Write(want)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	for address, want := range map[string]colophon.Code{"https://example.com/": "", "https://wrong.test/": fetch.CodeTLS, "https://example.com/out": fetch.CodeRedirect} {
		w := open(t, fetch.Config{Roots: roots}, s.Listener.Addr().String(), []netip.Addr{public})
		if _, err := w.Fetch(t.Context(), address, 0); code(err) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestAllow names internal stores: these hosts, these ports, and nothing beside them.
func TestAllow(t *testing.T) {
	t.Parallel()
	want := picture(t)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(want) })
	for address, want := range map[string]colophon.Code{
		"http://minio.internal:9000/a":  "",
		"http://MINIO.internal.:9000/a": "",
		"http://minio.internal:9001/a":  fetch.CodePort,
		"http://minio.internal/a":       fetch.CodePrivate,
		"http://store.internal/a":       "",
		"http://store.internal:8080/a":  fetch.CodePrivate,
		"http://10.1.2.3:9000/a":        "",
		"http://10.1.2.4:9000/a":        fetch.CodePort,
		"http://[fd00::1]/a":            "",
		"http://x.minio.internal:9000/": fetch.CodePort,
		"http://files.example:8080/a":   fetch.CodePrivate,
	} {
		w := open(t, fetch.Config{Allow: []string{"minio.internal:9000", "Store.internal", "10.1.2.3:9000", "fd00::1"}, Ports: []uint16{8080}}, server, addrs("10.0.0.9"))
		if _, err := w.Fetch(t.Context(), address, 0); code(err) != want {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	for _, allow := range []string{"", "http://host", "a b", "host:0", "host:99999", "0x7f.1"} {
		if _, err := fetch.New(fetch.Config{Allow: []string{allow}}); err == nil {
			t.Errorf("%q is allowed", allow)
		}
	}
}

// TestAnswers has a host that was reached answer in ways that must cost nothing but an error.
func TestAnswers(t *testing.T) {
	t.Parallel()
	good := string(picture(t))
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		for range 16 {
			_, _ = z.Write(make([]byte, 1<<20))
		}
		_ = z.Close()
		return b.String()
	}()
	text := func(s string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, s) }
	}
	hang := func(s string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, s); _, _ = io.Copy(io.Discard, c) }
	}
	drip := func(head, drop string) func(net.Conn) { // slow loris: each byte comes in time, and there is no end
		return func(c net.Conn) {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			_, err := io.WriteString(c, head)
			for err == nil {
				<-tick.C
				_, err = io.WriteString(c, drop)
			}
		}
	}
	endless := func(c net.Conn) {
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		for err == nil {
			_, err = c.Write(make([]byte, 4096))
		}
	}
	for name, c := range map[string]struct {
		do   func(net.Conn)
		code colophon.Code
	}{
		"good":                          {text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + good), ""},
		"identity":                      {text("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nConnection: close\r\n\r\n" + good), ""},
		"longer than it says":           {text(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%sand more", len(good), good)), ""},
		"shorter than it says":          {text("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + good), fetch.CodeUnreached},
		"two lengths":                   {text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + good), fetch.CodeUnreached},
		"negative length":               {text("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + good), fetch.CodeUnreached},
		"says that it is huge":          {text("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + good), fetch.CodeTooLarge},
		"endless":                       {endless, fetch.CodeTooLarge},
		"endless chunks":                {drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1000\r\n"+strings.Repeat("a", 4096)+"\r\n"), fetch.CodeTooLarge},
		"compression bomb":              {text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + bomb), fetch.CodeEncoding},
		"compression bomb as it is":     {text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bomb), fetch.CodeType},
		"compressed transfer":           {text("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + bomb), fetch.CodeUnreached},
		"huge headers":                  {text("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 1<<20) + "\r\n\r\n"), fetch.CodeUnreached},
		"no HTTP":                       {text("220 mail.example ESMTP\r\n"), fetch.CodeUnreached},
		"nothing":                       {text(""), fetch.CodeUnreached},
		"hangs":                         {hang(""), fetch.CodeTimeout},
		"hangs in headers":              {hang("HTTP/1.1 200 OK\r\nX: "), fetch.CodeTimeout},
		"hangs in the body":             {hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), fetch.CodeTimeout},
		"slow loris in headers":         {drip("HTTP/1.1 200 OK\r\n", "a: b\r\n"), fetch.CodeTimeout},
		"slow loris in the body":        {drip("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "a"), fetch.CodeTimeout},
		"404":                           {text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), fetch.CodeStatus},
		"206":                           {text("HTTP/1.1 206 Partial Content\r\nConnection: close\r\n\r\n" + good), fetch.CodeStatus},
		"304":                           {text("HTTP/1.1 304 Not Modified\r\n\r\n"), fetch.CodeStatus},
		"401":                           {text("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"), fetch.CodeStatus},
		"empty":                         {text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), fetch.CodeType},
		"a page under a picture's type": {text("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n<!DOCTYPE html><html><body>the console</body></html>"), fetch.CodeType},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, fetch.Config{Timeout: time.Second, Idle: 200 * time.Millisecond}, raw(t, c.do), []netip.Addr{public})
			f, err := w.Fetch(t.Context(), "http://files.example/the-secret-path", 64<<10, media.ModalityImage)
			if code(err) != c.code || (err == nil) != (c.code == "") || err == nil && string(f.Data) != good {
				t.Errorf("%v, want %q", err, c.code)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "files") || strings.Contains(err.Error(), "mail")) {
				t.Errorf("the error says too much: %v", err)
			}
		})
	}
}

// TestCaller has the caller's own time be over, which is no fault of the host.
func TestCaller(t *testing.T) {
	t.Parallel()
	entered := make(chan bool, 1)
	w := open(t, fetch.Config{}, raw(t, func(c net.Conn) { entered <- true; _, _ = io.Copy(io.Discard, c) }), []netip.Addr{public})
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("the client went away")
	failed := make(chan error)
	go func() { _, err := w.Fetch(ctx, "http://files.example/", 0); failed <- err }()
	<-entered
	cancel(reason)
	if err := <-failed; !errors.Is(err, reason) {
		t.Error(err)
	}
}

// TestUnknown has a name that nobody knows, and a host whose first address is dead.
func TestUnknown(t *testing.T) {
	t.Parallel()
	w := open(t, fetch.Config{}, "")
	if _, err := w.Fetch(t.Context(), "http://files.example/", 0); code(err) != fetch.CodeUnknown || strings.Contains(err.Error(), "files.example") {
		t.Error(err)
	}
	want, n := picture(t), 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(want) })
	c, err := fetch.New(fetch.Config{Resolver: &names{answers: [][]netip.Addr{addrs("8.8.8.8", "8.8.4.4")}}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if n++; address == "8.8.8.8:443" || address == "8.8.8.8:80" {
			return nil, errors.New("refused")
		}
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), "http://files.example/", 0); err != nil || n != 2 {
		t.Error(err, n)
	}
}

// TestLeaks looks which goroutines are left when fetches failed in many ways. It runs while no other test does.
func TestLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("all", func(t *testing.T) {
		for _, head := range []string{"", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "HTTP/1.1 302 Found\r\nLocation: http://other.example\r\nContent-Length: 10\r\n\r\n"} {
			server := raw(t, func(c net.Conn) { _, _ = io.WriteString(c, head); _, _ = io.Copy(io.Discard, c) })
			for range 3 {
				if _, err := open(t, fetch.Config{Timeout: 50 * time.Millisecond}, server, []netip.Addr{public}).Fetch(t.Context(), "http://files.example/", 0); err == nil {
					t.Error(head)
				}
			}
		}
	})
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// FuzzFetch has addresses of any form: none of them leads to a network that is not open, and none panics.
func FuzzFetch(f *testing.F) {
	for _, seed := range []string{"http://files.example/a", "https://[::ffff:127.0.0.1]:443/", "http://0x7f.1/", "http://user@host/", "http://a.b.c:80/?x#y", "//x", "http://[fe80::1%25a]/", "http://127.0.0.1:80\\@x/", "http://ⓔxample/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		var dialed []string
		c, err := fetch.New(fetch.Config{Resolver: &names{answers: [][]netip.Addr{{public}}}, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialed = append(dialed, address)
			return nil, io.EOF
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Fetch(t.Context(), address, 0); err == nil {
			t.Errorf("%q was fetched", address)
		}
		for _, d := range dialed {
			at, err := netip.ParseAddrPort(d)
			if err != nil || at.Port() != 80 && at.Port() != 443 || at.Addr().IsLoopback() || at.Addr().IsPrivate() || at.Addr().IsLinkLocalUnicast() || at.Addr().IsMulticast() || at.Addr().IsUnspecified() {
				t.Errorf("%q led to %s", address, d)
			}
		}
	})
}
