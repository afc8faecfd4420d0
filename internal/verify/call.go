package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
)

// maxAnswer is the most bytes that an answer has.
const maxAnswer = 64 << 10

// far is what is at the other end of the line.
type far struct {
	name    string
	address string
	timeout time.Duration
	http    *http.Client
}

// fault makes an error about a source. The cause never quotes what was sent or received.
func (f far) fault(code colophon.Code, cause error) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Args: colophon.Args{"source": f.name}, Clauses: []colophon.Clause{colophon.ClauseDS9}, Err: cause}
}

// post sends a question, once, and returns the answer to it. The request goes through sign before it leaves.
func (f far) post(ctx context.Context, kind string, body []byte, sign func(*http.Request)) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, f.fault(CodeUnreachable, errors.New("making the request"))
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "application/json")
	sign(r)
	resp, err := f.http.Do(r)
	if err != nil {
		return nil, nil, f.broken(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		e := f.fault(CodeStatus, nil).(*colophon.Error)
		e.Args["status"] = strconv.Itoa(resp.StatusCode)
		return nil, nil, e
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, f.broken(ctx, err)
	}
	if len(answer) > maxAnswer {
		return nil, nil, f.fault(CodeAnswer, fmt.Errorf("more than %d bytes", maxAnswer))
	}
	return answer, resp.Header, nil
}

// broken tells of a connection that failed. It keeps of the cause what the other side can't have written.
func (f far) broken(ctx context.Context, err error) error {
	var system *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return f.fault(CodeTimeout, nil)
	case errors.As(err, &system):
		return f.fault(CodeUnreachable, system)
	case errors.As(err, &certificate):
		return f.fault(CodeUnreachable, certificate)
	}
	return f.fault(CodeUnreachable, errors.New("no answer in HTTP, or cut off"))
}

// decode reads one JSON value and nothing after it. Its errors say where and never what.
func decode(text []byte, strict bool, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("no JSON of the form, at byte %d", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something after the JSON at byte %d", d.InputOffset())
	}
	return nil
}

// told makes an answer of what a source said about a claim. A source that repeats what it was asked about, where it should
// give an identifier or a code, must not have it kept.
func told(c identity.Claim, a identity.Answer) identity.Answer {
	for _, field := range []*string{&a.Transaction, &a.CodeRaw, &a.Consent} {
		for _, v := range []string{c.Number, c.Phone, c.Card, c.Name} {
			if v != "" && strings.Contains(strings.ToUpper(*field), strings.ToUpper(v)) {
				*field = ""
			}
		}
	}
	return a
}
