// Package client speaks to a Colophon server: it has content marked, waits for jobs, fetches marked bytes, verifies files,
// and gets proofs, bundles and checkpoints.
//
// A call that may be repeated is repeated, later each time, when the server is busy or does not answer. Calls that make
// something carry an idempotency key, so that a repetition makes nothing twice; content that can't be read again (no
// [io.Seeker]) is sent once.
//
// Bytes that come in are held against the digest that the server names; reading them to the end fails where they differ.
//
// What not to do here: never put an account or a key into an error. Never follow a redirect: the key would go along. Never
// send a key without TLS to another machine.
package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	// maxAnswer is the longest JSON answer, in bytes.
	maxAnswer = 16 << 20
	longest   = 30 * time.Second
)

// Config is what a Client needs.
type Config struct {
	URL string // of the server: https://HOST, or http:// on this machine
	Key string // API key; empty for what is public
	// Language is what the sentences of errors are asked for in: en or zh.
	Language string
	HTTP     *http.Client // nil for one of its own; its redirects are not followed
	Tries    int          // how often a call is sent at most; 0 for 5
	// Sleep waits between tries; nil for the clock.
	Sleep func(context.Context, time.Duration) error
	// Random draws idempotency keys; nil for crypto/rand.
	Random io.Reader
}

// Client speaks to one server. It is safe for use by many goroutines.
type Client struct {
	config Config
	base   *url.URL
	http   http.Client
}

// New makes a client.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "" {
		return nil, errors.New("client: the URL must be https://HOST")
	}
	if base.Scheme == "http" && !local(base.Hostname()) {
		return nil, errors.New("client: without TLS the key could be read on its way")
	}
	if c.Tries <= 0 {
		c.Tries = 5
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	cl := &Client{config: c, base: base}
	if c.HTTP != nil {
		cl.http = *c.HTTP
	}
	cl.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return cl, nil
}

func local(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Error is what the server says of a call that failed.
type Error struct {
	Status     int               `json:"status"`
	Code       colophon.Code     `json:"code"`
	Title      string            `json:"title"` // for people
	Args       colophon.Args     `json:"args"`
	Clauses    []colophon.Clause `json:"clauses"`
	Fields     []ErrorField      `json:"fields"` // parameters, fields or lines of a file that break a rule
	RequestID  string            `json:"request_id"`
	RetryAfter time.Duration     `json:"-"` // 0 when the server names none
}

// ErrorField is one thing that breaks a rule.
type ErrorField struct {
	Field string `json:"field"` // query.limit, body.count, line.3
	Rule  string `json:"rule"`
}

// Error says the title, and what the server's log finds the request by.
func (e *Error) Error() string {
	said := fmt.Sprintf("colophon: %s (%s, %d", e.Title, e.Code, e.Status)
	if e.RequestID != "" {
		said += ", request " + e.RequestID
	}
	return said + ")"
}

// passing reports whether the same call may succeed later.
func (e *Error) passing() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout ||
		e.Code == "idempotency-in-progress"
}

// request is a call that may be sent several times.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader
	start, size  int64 // of the body, where it can be read again
	again        bool
}

// do sends a call until it is answered, and returns an answer of success whose body the caller closes.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	r.again = r.method == http.MethodGet || r.header.Get("Idempotency-Key") != ""
	if r.body != nil {
		seeker, ok := r.body.(io.Seeker)
		if ok {
			if err := r.measure(seeker); err != nil {
				return nil, err
			}
		}
		r.again = r.again && ok
	}
	for try := 1; ; try++ {
		lent := &lent{r: r.body}
		resp, err := c.send(ctx, r, lent)
		lent.back()
		if err == nil {
			return resp, nil
		}
		wait := min(time.Second<<min(try-1, 10), longest)
		var told *Error
		if errors.As(err, &told) {
			if !told.passing() {
				return nil, err
			}
			wait = max(wait, told.RetryAfter)
		} else if certificate := new(tls.CertificateVerificationError); errors.As(err, &certificate) {
			return nil, err
		}
		if !r.again || try == c.config.Tries || ctx.Err() != nil {
			return nil, err
		}
		if err := c.config.Sleep(ctx, wait); err != nil {
			return nil, err
		}
		if seeker, ok := r.body.(io.Seeker); ok {
			if _, err := seeker.Seek(r.start, io.SeekStart); err != nil {
				return nil, err
			}
		}
	}
}

// lent is the caller's body in the hands of one attempt. The transport may read on when it has an answer already; once the
// body was taken back it gets nothing more.
type lent struct {
	mu sync.Mutex
	r  io.Reader
}

// Read reads while the body is lent.
func (l *lent) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.r == nil {
		return 0, io.ErrClosedPipe
	}
	return l.r.Read(p)
}

func (l *lent) back() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r = nil
}

// measure finds out where a body begins and how long it is.
func (r *request) measure(body io.Seeker) error {
	var err error
	if r.start, err = body.Seek(0, io.SeekCurrent); err != nil {
		return err
	}
	end, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	r.size = end - r.start
	_, err = body.Seek(r.start, io.SeekStart)
	return err
}

func (c *Client) send(ctx context.Context, r request, body *lent) (*http.Response, error) {
	target := *c.base
	target.Path, target.RawPath = "", ""
	address := target.String() + strings.TrimSuffix(c.base.EscapedPath(), "/") + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, nil)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Body, req.ContentLength = io.NopCloser(body), r.size // what the caller opened the caller closes
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if c.config.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.config.Key)
	}
	if c.config.Language != "" {
		req.Header.Set("Accept-Language", c.config.Language)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, told(resp)
}

// withoutURL leaves the address out of an error of net/http: its query may name a file of the caller's.
func withoutURL(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	var timeout net.Error
	if errors.As(e.Err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("colophon: the server did not answer in time: %w", e.Err)
	}
	return fmt.Errorf("colophon: reaching the server: %w", e.Err)
}

// told reads the problem that an answer is.
func told(resp *http.Response) error {
	e := &Error{}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil || json.Unmarshal(text, e) != nil || e.Code == "" {
		if e = dialect(text, resp.StatusCode); e == nil {
			e = &Error{Title: http.StatusText(resp.StatusCode)}
		}
	}
	e.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, time.Hour)
	}
	return e
}

// get reads a JSON answer.
func (c *Client) get(ctx context.Context, r request, into any) error {
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(text) > maxAnswer {
		return errors.New("colophon: the answer is too long")
	}
	return json.Unmarshal(text, into)
}

// body returns an answer as its bytes; the caller closes it.
func (c *Client) body(ctx context.Context, path string, q url.Values) (io.ReadCloser, error) {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: path, query: q})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// key draws an idempotency key.
func (c *Client) key() (string, error) {
	b := make([]byte, 16)
	_, err := io.ReadFull(c.config.Random, b)
	return hex.EncodeToString(b), err
}

// Session is what a person of the staff signed in with. Its token goes where an API key would: Config.Key.
type Session struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
	Roles []string  `json:"roles"`
}

// SignIn opens a session for a person of the staff, who can do what API keys can't, such as give control orders.
func (c *Client) SignIn(ctx context.Context, login, password string) (s Session, err error) {
	return s, c.post(ctx, "/v1/sessions", http.Header{}, map[string]string{"login": login, "password": password}, &s)
}

// SignOut ends the session that the client works with.
func (c *Client) SignOut(ctx context.Context) error {
	resp, err := c.do(ctx, request{method: http.MethodDelete, path: "/v1/sessions"})
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}
