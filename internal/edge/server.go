package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
)

// lastWait is how long requests have to end after their contexts did.
const lastWait = 5 * time.Second

// After quietLooks looks without a running request, each lookEvery after the one before, nobody is waited for any more.
const (
	lookEvery  = 100 * time.Millisecond
	quietLooks = 60
)

// Server serves one address. It is used for one Run.
type Server struct {
	config    Config
	http      *http.Server
	origin    string // of the public address; "" without one
	hosts     map[string]bool
	pair      *pair // nil without TLS
	addresses *buckets[netip.Prefix]
	keys      *buckets[[32]byte]
	classes   map[string]*class

	network, address string // what to listen on
	listening        chan struct{}
	addr             net.Addr // set before listening is closed
	ready, draining  atomic.Bool
	running          atomic.Int64 // requests
}

// place decides what to listen on, and refuses HTTP without TLS where others could read it.
func (s *Server) place() error {
	c := &s.config
	path, unix := strings.CutPrefix(c.Listen, "unix:")
	if (c.CertFile == "") != (c.KeyFile == "") {
		return setting("tls-cert, tls-key", nil)
	}
	if c.CertFile != "" {
		s.pair = &pair{certFile: c.CertFile, keyFile: c.KeyFile}
		if _, err := s.pair.load(); err != nil {
			return err
		}
	}
	if unix {
		s.network, s.address = "unix", path
		if path == "" {
			return setting("listen", nil)
		}
		return nil
	}
	addr, err := net.ResolveTCPAddr("tcp", c.Listen)
	if err != nil {
		return setting("listen", err)
	}
	s.network, s.address = "tcp", addr.String()
	switch args := (colophon.Args{"listen": c.Listen}); {
	case addr.IP.IsLoopback():
		return nil
	case s.pair == nil:
		return &colophon.Error{Kind: colophon.Refused, Code: CodePlainNetwork, Args: args}
	case s.origin == "":
		return &colophon.Error{Kind: colophon.Invalid, Code: CodePublicURL, Args: args}
	}
	return nil
}

func (s *Server) newHTTP() *http.Server {
	l := s.config.Limits
	server := &http.Server{
		Handler:                      s.counted(s.identified(s.config.Wrap(http.HandlerFunc(s.recovered)))),
		ReadHeaderTimeout:            l.HeaderTime,
		IdleTimeout:                  l.IdleTime,
		MaxHeaderBytes:               l.HeaderBytes,
		ErrorLog:                     log.New(told{s.config.Log}, "", 0),
		DisableGeneralOptionsHandler: true,
		Protocols:                    new(http.Protocols),
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: 100, SendPingTimeout: l.IdleTime, WriteByteTimeout: l.Stall},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(s.pair != nil)
	if s.pair != nil {
		server.TLSConfig = &tls.Config{GetCertificate: s.pair.get}
	}
	return server
}

// counted counts the requests that run.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Add(-1)
		next.ServeHTTP(w, r)
	})
}

// whenIdle ends the grace time when no request has run for a while: net/http waits for some HTTP/2 connections that have
// none as if they had.
func (s *Server) whenIdle(grace context.Context, end context.CancelFunc) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for quiet := 0; quiet < quietLooks; {
		select {
		case <-grace.Done():
			return
		case <-look.C:
		}
		quiet++
		if s.running.Load() > 0 {
			quiet = 0
		}
	}
	end()
}

// listen opens the socket. A Unix socket that a dead server left behind is taken over.
func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if s.network == "unix" {
		if err := sweep(ctx, s.address); err != nil {
			return nil, err
		}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, s.network, s.address)
	if err == nil && s.network == "unix" {
		// Until here only the owner may connect, if the umask is any good.
		err = os.Chmod(s.address, 0o660)
	}
	return ln, err
}

// sweep removes a socket that nobody answers at.
func sweep(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil // Listen says what is wrong, if anything
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		return errors.Join(errors.New("another server answers there"), conn.Close())
	}
	return os.Remove(path)
}

// Addr waits until Run listens and returns the address; nil when Run could not.
func (s *Server) Addr() net.Addr {
	<-s.listening
	return s.addr
}

// Ready reports whether new requests are welcome: from listening until Run's context ends.
func (s *Server) Ready() bool { return s.ready.Load() }

// Reload looks at the certificate files at once. A pair that can't be used is an error, and the former one stays.
func (s *Server) Reload() error {
	if s.pair == nil {
		return nil
	}
	_, err := s.pair.load()
	return err
}

// Run listens and serves until the context ends. Then [Server.Ready] says no; after the pause the listener closes;
// running requests have the grace time to end before their contexts do. It returns nil after an end that was asked for.
// It may be called once.
func (s *Server) Run(ctx context.Context) error {
	ln, err := s.listen(ctx)
	if err == nil {
		s.addr = ln.Addr()
		s.ready.Store(true)
	}
	close(s.listening)
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeListen, Args: colophon.Args{"listen": s.config.Listen}, Err: err}
	}
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	defer watching.Wait()
	defer stop()
	s.http.BaseContext = func(net.Listener) context.Context { return base }
	if s.pair != nil {
		watching.Go(func() { s.pair.watch(base, s.config.CertPoll, s.config.Log) })
	}
	served := make(chan error, 1)
	go func() { served <- s.serve(ln) }()
	select {
	case err := <-served:
		s.ready.Store(false)
		return errors.Join(fmt.Errorf("serving: %w", err), s.http.Close())
	case <-ctx.Done():
	}
	s.drain(base, stop)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

func (s *Server) serve(ln net.Listener) error {
	ln = &counted{Listener: ln, limits: s.config.Limits, trusted: s.trusts, peers: map[netip.Prefix]int{}}
	if s.pair != nil {
		return s.http.ServeTLS(ln, "", "")
	}
	return s.http.Serve(ln)
}

// drain ends the server as Run says.
func (s *Server) drain(base context.Context, stop context.CancelFunc) {
	s.ready.Store(false)
	s.draining.Store(true)
	<-time.After(s.config.Pause)
	grace, cancel := context.WithTimeout(base, s.config.Grace)
	defer cancel()
	go s.whenIdle(grace, cancel)
	if s.http.Shutdown(grace) == nil {
		return
	}
	if s.running.Load() == 0 { // connections without a request are left
		_ = s.http.Close() // nobody is cut off
		return
	}
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(base), lastWait)
	defer cancel()
	if err := s.http.Shutdown(last); err != nil {
		s.config.Log.Warn("requests were cut off at the end", slog.Any("error", errors.Join(err, s.http.Close())))
	}
}

// told hands on what net/http has to say without what comes from the client: its messages name addresses, after one of
// these words.
type told struct{ log *slog.Logger }

// Write logs one message.
func (t told) Write(p []byte) (int, error) {
	text := strings.TrimSpace(string(p))
	for _, word := range []string{" from ", " serving ", " client ", "\n"} {
		text, _, _ = strings.Cut(text, word)
	}
	level := slog.LevelWarn
	if strings.Contains(text, "TLS handshake error") {
		level = slog.LevelDebug // anybody can cause it
	}
	t.log.Log(context.Background(), level, text)
	return len(p), nil
}
