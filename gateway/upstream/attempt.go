package upstream

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	// headSize is how much of a body is read before it is handed out.
	headSize = 512
	// maxSaid is how much of an error's body is read.
	maxSaid  = 64 << 10
	saidTime = 2 * time.Second
	// maxAfter is the longest wait that a target's Retry-After is believed.
	maxAfter = time.Hour
)

// Reasons for which a call is ended.
var (
	errFirst = errors.New("no byte came")
	errIdle  = errors.New("no byte came any more")
	errWhole = errors.New("the call took too long")
)

// call is one try of a request.
type call struct {
	m   *model
	t   *target
	to  Target
	r   Request
	try int
	// again says that the same target had its try before.
	again bool
}

// attempt sends a call to a target, and waits for the first byte of the body. The target's figures get to know how it went:
// now, or when the body is closed.
func (p *Pool) attempt(ctx context.Context, c call) (*Response, error) {
	a := &attempt{pool: p, call: c, began: p.config.Now(), outer: ctx}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	patience := c.to.Timeout
	if c.r.Stream {
		patience = min(c.to.FirstByte, patience)
	}
	a.timer = time.AfterFunc(patience, func() { a.cancel(errFirst) })
	resp, err := a.send()
	if err == nil {
		return resp, nil
	}
	a.timer.Stop()
	defer a.cancel(nil)
	f := a.failure(err)
	if f == nil {
		a.end(unknown, "", 0)
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	a.end(f.verdict(), f.Err.Code, f.After)
	return nil, f
}

// attempt is a call under way.
type attempt struct {
	pool *Pool
	call
	outer, ctx context.Context // of the caller, and of this try
	cancel     context.CancelCauseFunc
	timer      *time.Timer // ends the wait for the next byte
	began      time.Time
	first      time.Duration
	status     int
	reached    atomic.Bool // a connection was there
}

// send returns a Response, or what kept it from coming: a *Failure, an error of the network, or one of ours.
func (a *attempt) send() (*Response, error) {
	req, err := a.request()
	if err != nil {
		return nil, err
	}
	resp, err := a.pool.transport.RoundTrip(req)
	if err != nil {
		return nil, &netError{err}
	}
	a.status = resp.StatusCode
	if err := a.judge(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	most := cmp.Or(a.r.Most, a.pool.config.MaxBody)
	if resp.ContentLength > most {
		resp.Body.Close()
		return nil, &Failure{Status: a.status, Err: tooLarge(most)}
	}
	b := &body{attempt: a, inner: resp.Body, left: most, most: most}
	if err := b.begin(resp.ContentLength == 0 || resp.StatusCode == http.StatusNoContent); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: b, Target: a.to, Tries: a.try}, nil
}

// request makes the request for the target.
func (a *attempt) request() (*http.Request, error) {
	var content []byte
	if a.r.Body != nil {
		var err error
		if content, err = a.r.Body(a.to); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(a.r.Path, "/") {
		return nil, errors.New("upstream: the path of a call begins with a slash")
	}
	ctx := a.ctx
	if a.r.Once {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.reached.Store(true) }})
	}
	var reader io.Reader
	if content != nil {
		reader = bytes.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, a.r.Method, a.to.URL+a.r.Path, reader)
	if err != nil {
		return nil, errors.New("upstream: the path of a call is out of form")
	}
	for name, value := range a.r.Header {
		req.Header.Set(name, value)
	}
	if a.r.Type != "" {
		req.Header.Set("Content-Type", a.r.Type)
	}
	req.Header.Set("Accept", cmp.Or(a.r.Accept, "*/*"))
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "colophon")
	return req, a.authorize(req.Header)
}

// authorize puts the target's key into the header, and nobody else's.
func (a *attempt) authorize(h http.Header) error {
	h.Del("Authorization")
	h.Del("X-Api-Key")
	if a.to.Dialect == Anthropic && h.Get("Anthropic-Version") == "" {
		h.Set("Anthropic-Version", "2023-06-01")
	}
	if a.to.Key == "" {
		return nil
	}
	text, err := a.pool.config.Keys.Key(a.ctx, a.to.Key)
	if err != nil {
		return err
	}
	switch {
	case a.to.KeyHeader != "":
		h.Set(a.to.KeyHeader, text)
	case a.to.Dialect == Anthropic:
		h.Set("X-Api-Key", text)
	default:
		h.Set("Authorization", "Bearer "+text)
	}
	return nil
}

// judge returns why an answer is none that is handed out.
func (a *attempt) judge(resp *http.Response) error {
	f := &Failure{Status: resp.StatusCode}
	args := colophon.Args{"status": strconv.Itoa(resp.StatusCode)}
	status := resp.StatusCode
	switch {
	case status >= 200 && status < 300:
		if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
			f.Err, f.again, f.elsewhere = &colophon.Error{Kind: colophon.Conflict, Code: CodeEncoding}, true, true
			return f
		}
		return nil
	case status >= 300 && status < 400:
		f.Err, f.again, f.elsewhere = &colophon.Error{Kind: colophon.Conflict, Code: CodeRedirect}, true, true
	case status == http.StatusTooManyRequests:
		f.Err, f.again, f.After = &colophon.Error{Kind: colophon.Conflict, Code: CodeLimited}, true, after(resp.Header, a.began)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.Err, f.again, f.elsewhere = &colophon.Error{Kind: colophon.Conflict, Code: CodeKeyRefused}, true, true
	case status >= 500 && status != http.StatusNotImplemented:
		f.Err, f.again, f.After = &colophon.Error{Kind: colophon.Conflict, Code: CodeFailed, Args: args}, true, after(resp.Header, a.began)
	default:
		f.Err = &colophon.Error{Kind: colophon.Invalid, Code: CodeRefused, Args: args}
	}
	// It reached the target, which may have begun, unless it says that it did not.
	f.again = f.again && !(a.r.Once && status >= 500)
	a.timer.Reset(saidTime)
	f.Word = word(resp.Body)
	return f
}

// words are what targets call their errors, as far as it is passed on.
var words = []string{"context_length_exceeded", "content_filter", "content_policy_violation", "moderation_blocked", "insufficient_quota", "invalid_image", "model_not_found", "rate_limit_exceeded",
	"authentication_error", "billing_error", "invalid_request_error", "not_found_error", "overloaded_error", "permission_error", "rate_limit_error", "request_too_large", "timeout_error"}

// word reads what a target calls an error. Nothing else of the text is kept: it may repeat what a person wrote.
func word(body io.Reader) string {
	text, err := io.ReadAll(io.LimitReader(body, maxSaid))
	if err != nil {
		return ""
	}
	var said struct {
		Error struct {
			Code any    `json:"code"` // a word, or a number
			Type string `json:"type"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil {
		return ""
	}
	for _, w := range []any{said.Error.Code, said.Error.Type} {
		if w, ok := w.(string); ok && slices.Contains(words, w) {
			return w
		}
	}
	return ""
}

// after reads Retry-After: seconds, or a time.
func after(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxAfter)
	}
	return 0
}

// netError is an error of the transport.
type netError struct{ err error }

func (e *netError) Error() string { return e.err.Error() }

// failure makes the failure of an error, or nil where the target is not to blame.
func (a *attempt) failure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	if isCode(err, CodeKeyUnknown) {
		return &Failure{Err: &colophon.Error{Kind: colophon.Conflict, Code: CodeKeyMissing, Args: colophon.Args{"key": a.to.Key}}, again: true, elsewhere: true}
	}
	if a.outer.Err() != nil {
		return nil
	}
	var e *netError
	if !errors.As(err, &e) {
		return nil
	}
	f = &Failure{Status: a.status, Err: &colophon.Error{Kind: colophon.Conflict, Code: CodeBroken, Err: kind(e.err)}, again: true}
	var op *net.OpError
	switch {
	case context.Cause(a.ctx) != nil: // one of ours
		f.Err.Code, f.elsewhere = CodeTimeout, true
	case untrusted(e.err):
		f.Err.Code, f.elsewhere = CodeTLS, true
	case errors.As(e.err, &op) && op.Op == "dial":
		f.Err.Code = CodeUnavailable
	}
	f.again = !(a.r.Once && a.reached.Load())
	return f
}

func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert)
}

// kind is what a log may say of an error of the network: where it happened, no address and nothing that a target said.
func kind(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%s: %T", op.Op, op.Err)
	}
	return fmt.Errorf("%T", err)
}

func tooLarge(most int64) *colophon.Error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(most, 10)}}
}

// verdict is what a failure says of the target.
func (f *Failure) verdict() verdict {
	switch f.Err.Code {
	case CodeRefused, CodeTooLarge:
		return good
	case CodeLimited:
		return limited
	}
	return bad
}

// end tells the target's figures, and whoever wants to know, how a try ended.
func (a *attempt) end(v verdict, code colophon.Code, after time.Duration) {
	now := a.pool.config.Now()
	if v == bad && a.status == http.StatusInternalServerError && (a.again || len(a.m.targets) == 1) {
		// It answers, and what it was asked may be what it fails at: nobody must be able to take the only target from others.
		v = unknown
	}
	a.m.end(a.t, v, code, now, after)
	took := now.Sub(a.began)
	a.pool.config.Observe(Attempt{Model: a.m.name, Target: a.to.Name, Status: a.status, Code: code, Try: a.try, First: cmp.Or(a.first, took), Took: took})
}
