// Package edge is what stands between the socket and the handlers: it listens, tells who asks and by which name, refuses
// what is too much, too slow or in a wrong shape, and ends without losing a request that runs.
//
// A request passes, in this order: its number and its client's address are found; [Config.Wrap] (metrics and traces)
// goes around the rest; a panic below becomes an answer; Host, coding, rates, size and the class's places are checked;
// [Config.Handler] answers. What the handler reads from the client and writes to it must move at [Limits.MinRate].
//
// An address that a header tells is believed only of a trusted proxy, and only one kind of header is looked at, the one
// that the configuration names: a proxy that writes X-Forwarded-For may hand on a Forwarded that the client made up.
// X-Forwarded-Port is not read, for it tells the port that was called and not the client's; a proxy can write the port
// beside the address in either header. A peer on a Unix socket counts as a trusted proxy: the file's mode decides who may
// connect.
//
// A chunked request, and one in HTTP/1.0, is the last on its connection: of Transfer-Encoding and Content-Length side by
// side net/http takes the first, and in HTTP/1.0 the second. A proxy in front may have taken the other, so whatever
// follows is not read as a request.
//
// What not to do here: no authentication, no cookies, no routes, no words for people ([Config.Problem] has them). Never
// log an address, a header, a path or what a panic said. Don't put other limits on the same deadlines: a handler that
// sets a read or write deadline of its own has it overwritten.
package edge

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Codes of errors that keep the server from starting.
const (
	CodeSettingInvalid colophon.Code = "edge-setting-invalid"    // arg "setting"
	CodePlainNetwork   colophon.Code = "edge-plain-network"      // arg "listen": HTTP without TLS beyond this machine
	CodePublicURL      colophon.Code = "edge-public-url-missing" // arg "listen"
	CodeListen         colophon.Code = "edge-listen-failed"      // arg "listen"
	CodeCertificate    colophon.Code = "edge-certificate-unusable"
)

// Codes of refused requests.
const (
	CodeHostUnknown  colophon.Code = "request-host-unknown"
	CodeEncoded      colophon.Code = "request-encoded"
	CodeTooLarge     colophon.Code = "request-too-large" // arg "limit", in bytes
	CodeTooSlow      colophon.Code = "request-too-slow"
	CodeTooMany      colophon.Code = "request-rate"
	CodeBusy         colophon.Code = "server-busy"
	CodeHandlerPanic colophon.Code = "internal-error"
)

// Config is what a Server is made of.
type Config struct {
	Handler http.Handler
	// Wrap goes around everything that answers, also the refusals made here. Request number and client are in the
	// context by then. nil for none.
	Wrap func(http.Handler) http.Handler
	// Route tells what the route of a request asks for.
	Route func(*http.Request) Route
	// Problem writes an error as problem+json. Status and headers that belong to the refusal are decided here.
	Problem func(http.ResponseWriter, *http.Request, *colophon.Error, int)
	// Key returns the API key that a request shows, not yet checked, or "". It is counted and not kept. nil for none.
	Key func(*http.Request) string
	Log *slog.Logger

	// Listen is HOST:PORT, or unix:PATH. Without a certificate it must be a loopback address or a Unix socket.
	Listen            string
	CertFile, KeyFile string
	CertPoll          time.Duration // how often the two files are looked at; 0 for 10 s
	// PublicURL is the address that people and programs use, https://HOST or http://HOST without a path. Absolute links
	// start with it. It may be empty on loopback and Unix sockets.
	PublicURL string
	Hosts     []string // further names that requests may call this server by
	// TrustedProxies are the addresses whose word on the client is taken.
	TrustedProxies []netip.Prefix
	Forwarded      bool // the proxies write Forwarded (RFC 7239), not X-Forwarded-For, -Proto and -Host

	Pause  time.Duration // between saying "not ready" and closing the listener
	Grace  time.Duration // for running requests, afterwards; 0 for 30 s
	Limits Limits
}

// Route is what the route of a request asks for.
type Route struct {
	Class   string        // see [Limits.Classes]; one that is not there counts as ""
	MaxBody int64         // bytes; 0 for no body at all
	Time    time.Duration // after which the request's context ends; 0 for never
}

// Limits bounds what one client, and all of them, may take. A zero stands for the default.
type Limits struct {
	HeaderBytes int           // 32 KiB
	HeaderTime  time.Duration // from the first byte of a connection or request to the end of its header; 10 s
	IdleTime    time.Duration // between two requests; 2 min
	// Stall is for how long nothing may move while the server waits for the client to send or take bytes, and MinRate
	// how many bytes must move in a second on average. Time in which the handler does something else does not count.
	Stall   time.Duration // 10 s
	MinRate int           // 1024 bytes
	// Connections is how many may be open at once, PeerConnections how many of one address that is no trusted proxy.
	Connections     int // 8192
	PeerConnections int // 512
	// ByAddress and ByKey bound the requests of one client address (of IPv6, a /64) and of one API key.
	ByAddress, ByKey Rate
	// Classes bounds the requests that run at the same time, by class. The class "" is for all that name no other.
	Classes map[string]Class
}

// Rate is a token bucket. The default is 300 a second with a burst of 600.
type Rate struct {
	PerSecond float64 // negative for no limit
	Burst     int
}

// Class is a share of the server that requests of one weight have to themselves.
type Class struct {
	Running int           // at the same time; 256
	Waiting int           // for a place; 256. One more is refused at once
	Wait    time.Duration // at most, for a place; 2 s
}

func or[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

func (l *Limits) fill() {
	or(&l.HeaderBytes, 32<<10)
	or(&l.HeaderTime, 10*time.Second)
	or(&l.IdleTime, 2*time.Minute)
	or(&l.Stall, 10*time.Second)
	or(&l.MinRate, 1024)
	or(&l.Connections, 8192)
	or(&l.PeerConnections, 512)
	or(&l.ByAddress, Rate{300, 600})
	or(&l.ByKey, Rate{300, 600})
}

// valid reports whether no limit makes every request fail.
func (l *Limits) valid() bool {
	ok := min(l.HeaderBytes, l.MinRate, l.Connections, l.PeerConnections) > 0 && min(l.HeaderTime, l.IdleTime, l.Stall) > 0
	for _, r := range []Rate{l.ByAddress, l.ByKey} {
		ok = ok && (r.PerSecond < 0 || r.PerSecond > 1e-6 && r.PerSecond < 1e9 && r.Burst > 0)
	}
	return ok
}

func setting(name string, cause error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingInvalid, Args: colophon.Args{"setting": name}, Err: cause}
}

// New makes a server and checks its configuration. It reads the certificate and does not listen yet.
func New(c Config) (*Server, error) {
	if c.Handler == nil || c.Route == nil || c.Problem == nil || c.Log == nil {
		return nil, setting("handler, route, problem, log", nil)
	}
	if c.Wrap == nil {
		c.Wrap = func(h http.Handler) http.Handler { return h }
	}
	if c.Key == nil {
		c.Key = func(*http.Request) string { return "" }
	}
	or(&c.CertPoll, 10*time.Second)
	or(&c.Grace, 30*time.Second)
	c.Limits.fill()
	if !c.Limits.valid() || min(c.Pause, c.Grace, c.CertPoll) < 0 {
		return nil, setting("limits", nil)
	}
	s := &Server{
		config: c, listening: make(chan struct{}), hosts: map[string]bool{"localhost": true}, classes: map[string]*class{},
		addresses: newBuckets[netip.Prefix](c.Limits.ByAddress), keys: newBuckets[[32]byte](c.Limits.ByKey),
	}
	s.classes[""] = newClass(Class{})
	for name, limits := range c.Limits.Classes {
		if s.classes[name] = newClass(limits); s.classes[name] == nil {
			return nil, setting("classes", nil)
		}
	}
	if err := s.names(); err != nil {
		return nil, err
	}
	if err := s.place(); err != nil {
		return nil, err
	}
	s.http = s.newHTTP()
	return s, nil
}

// names takes the public address and the further names.
func (s *Server) names() error {
	if s.config.PublicURL != "" {
		u, err := url.Parse(s.config.PublicURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			return setting("public-url", nil)
		}
		s.origin = u.Scheme + "://" + strings.ToLower(u.Host)
		s.hosts[hostname(u.Host)] = true
	}
	for _, name := range s.config.Hosts {
		if hostname(name) == "" {
			return setting("hosts", nil)
		}
		s.hosts[hostname(name)] = true
	}
	return nil
}
