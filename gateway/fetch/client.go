package fetch

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

const (
	maxHeader = 64 << 10
	dialTime  = 5 * time.Second // for one address of a host
	// firstBytes is the room that a body gets before it shows how long it is.
	firstBytes = 32 << 10
)

// place is a host with a port.
type place struct {
	host string
	port uint16
}

// Client fetches files. It is safe for use by many goroutines, and keeps no connection.
type Client struct {
	config  Config
	allowed map[place]bool
	ports   map[uint16]bool
}

// New makes a Client.
func New(c Config) (*Client, error) {
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{Timeout: dialTime}).DialContext
	}
	c.Most = cmp.Or(c.Most, 64<<20)
	c.Timeout, c.Idle, c.Redirects = cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.Idle, 10*time.Second), cmp.Or(c.Redirects, 3)
	cl := &Client{config: c, allowed: map[place]bool{}, ports: map[uint16]bool{80: true, 443: true}}
	for _, p := range c.Ports {
		cl.ports[p] = true
	}
	for _, text := range c.Allow {
		host, ports := strings.ToLower(text), []uint16{80, 443}
		if h, p, err := net.SplitHostPort(host); err == nil {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil || n == 0 {
				return nil, malformed("port")
			}
			host, ports = h, []uint16{uint16(n)}
		}
		host = strings.Trim(host, "[]")
		if !hostname(host) {
			return nil, malformed("host")
		}
		for _, p := range ports {
			cl.allowed[place{host, p}] = true
		}
	}
	return cl, nil
}

// Fetch gets the file at an address, of at most so many bytes; 0 for the most of the configuration. Where kinds are given
// its content must be of one of them.
func (c *Client) Fetch(ctx context.Context, address string, most int64, kinds ...media.Modality) (File, error) {
	data, err := c.Bytes(ctx, address, most)
	if err != nil {
		return File{}, err
	}
	return file(data, kinds)
}

// Bytes gets what is at an address, of at most so many bytes, whatever it is; 0 for the most of the configuration.
func (c *Client) Bytes(ctx context.Context, address string, most int64) ([]byte, error) {
	if most <= 0 || most > c.config.Most {
		most = c.config.Most
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errSlow)
	defer cancel()
	t, err := c.read(address)
	if err != nil {
		return nil, err
	}
	for hop := 0; ; hop++ {
		data, next, err := c.once(ctx, t, most)
		if err != nil {
			return nil, err
		}
		if next == "" {
			return data, nil
		}
		if t, err = c.follow(t, next, hop); err != nil {
			return nil, err
		}
	}
}

// follow reads where a redirect leads. It stays on its host and never leaves TLS.
func (c *Client) follow(from target, location string, hop int) (target, error) {
	if hop == c.config.Redirects {
		return target{}, refused(colophon.Refused, CodeRedirect)
	}
	u, err := from.url.Parse(location)
	if err != nil {
		return target{}, malformed("syntax")
	}
	t, err := c.read(u.String())
	if err != nil {
		return target{}, err
	}
	if t.host != from.host || from.url.Scheme == "https" && t.url.Scheme != "https" {
		return target{}, refused(colophon.Refused, CodeRedirect)
	}
	return t, nil
}

// resolve finds the addresses of a host, once. One that is not open spoils all: who can put it beside a good one can have it
// chosen.
func (c *Client) resolve(ctx context.Context, t target) ([]netip.Addr, error) {
	list := []netip.Addr{}
	if addr, err := netip.ParseAddr(t.host); err == nil {
		list = append(list, addr)
	} else if list, err = c.config.Resolver.LookupNetIP(ctx, "ip", t.host); err != nil || len(list) == 0 {
		return nil, c.fault(ctx, &colophon.Error{Kind: colophon.Invalid, Code: CodeUnknown, Err: hidden(err)})
	}
	for _, addr := range list {
		if !t.allowed && !open(addr) {
			return nil, refused(colophon.Refused, CodePrivate)
		}
	}
	return list, nil
}

// once asks a host once, and returns the file or where it is said to be.
func (c *Client) once(ctx context.Context, t target, most int64) (data []byte, next string, err error) {
	addrs, err := c.resolve(ctx, t)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url.String(), nil)
	if err != nil {
		return nil, "", malformed("syntax")
	}
	req.Header = http.Header{"User-Agent": {"colophon"}, "Accept": {"*/*"}, "Accept-Encoding": {"identity"}}
	resp, err := c.transport(t, addrs).RoundTrip(req)
	if err != nil {
		return nil, "", c.fault(ctx, broken(err))
	}
	defer resp.Body.Close()
	if next := resp.Header.Get("Location"); next != "" && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, next, nil
	}
	if resp.StatusCode != http.StatusOK {
		return nil, "", refused(colophon.Invalid, CodeStatus, "status", strconv.Itoa(resp.StatusCode))
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, "", refused(colophon.Invalid, CodeEncoding)
	}
	if resp.ContentLength > most {
		return nil, "", tooLarge(most)
	}
	idle := time.AfterFunc(c.config.Idle, func() { cancel(errSlow) })
	defer idle.Stop()
	var buffer bytes.Buffer
	buffer.Grow(int(min(max(resp.ContentLength, 0), firstBytes)) + bytes.MinRead)
	n, err := buffer.ReadFrom(io.LimitReader(lively{resp.Body, idle, c.config.Idle}, most+1))
	switch {
	case err != nil:
		return nil, "", c.fault(ctx, broken(err))
	case n > most:
		return nil, "", tooLarge(most)
	}
	return buffer.Bytes(), "", nil
}

// lively is a body whose every piece puts off the end of patience.
type lively struct {
	r    io.Reader
	idle *time.Timer
	most time.Duration
}

// Read reads.
func (l lively) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.idle.Reset(l.most)
	}
	return n, err
}

var errSlow = errors.New("the time is over")

func tooLarge(most int64) error {
	return refused(colophon.Invalid, CodeTooLarge, "limit", strconv.FormatInt(most, 10))
}

// fault is why a fetch ended: its time was over, its caller went, or what is given.
func (c *Client) fault(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == errSlow:
		return refused(colophon.Invalid, CodeTimeout)
	case cause != nil:
		return cause
	}
	return err
}

// broken is the error of a connection that was not made or did not last.
func broken(err error) error {
	code := CodeUnreached
	if untrusted(err) {
		code = CodeTLS
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Err: hidden(err)}
}

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert)
}

// hidden is what a log may say of an error of the network: its kind, no name and no address.
func hidden(err error) error {
	var dns *net.DNSError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &dns):
		return fmt.Errorf("resolving: not found %v, timeout %v", dns.IsNotFound, dns.IsTimeout)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Errorf("%T", err)
}

// file says what was fetched. The other side's word for it counts for nothing.
func file(data []byte, kinds []media.Modality) (File, error) {
	_, format, err := all.Detect(media.Memory(data), "")
	if err != nil {
		return File{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeType, Err: err}
	}
	facts, ok := media.Facts(format)
	if !ok {
		return File{}, refused(colophon.Invalid, CodeType)
	}
	if len(kinds) == 0 {
		return File{data, format, facts.MIME}, nil
	}
	for _, kind := range kinds {
		if facts.Modality == kind {
			return File{data, format, facts.MIME}, nil
		}
	}
	return File{}, refused(colophon.Invalid, CodeType)
}
