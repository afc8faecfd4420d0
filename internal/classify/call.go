package classify

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
)

// pause is how long a second try waits where the endpoint does not say.
const pause = 100 * time.Millisecond

// caller sends questions to one endpoint. Every question is only looked at there and changes nothing, so that it may be sent
// twice.
type caller struct {
	name    string
	address string
	key     Secret
	http    *http.Client
	timeout time.Duration
	most    int64 // bytes of an answer
	gate    gate
	breaker *breaker
	wait    func(context.Context, time.Duration) error
}

// body is what is sent.
type body struct {
	kind string // of content
	text []byte
}

// asJSON makes a body of a value that can always be written.
func asJSON(v any) body {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body{"application/json", text}
}

// fault makes an error about the endpoint. cause never quotes what was sent or received.
func (c *caller) fault(code colophon.Code, cause error) error {
	return &colophon.Error{Code: code, Args: colophon.Args{"endpoint": c.name}, Clauses: []colophon.Clause{colophon.ClauseDS10}, Err: cause}
}

// unreadable is what a model said, or was kept from saying, that is no verdict. It may be the content that made it say so, and nobody must be able to
// have an endpoint left alone by what they write, so it does not count against the endpoint.
type unreadable struct{ error }

// ask posts a question below the endpoint's address and has the answer read. An error of read means that the answer is not
// one, which counts against the endpoint as much as silence, unless it is unreadable. What fails when the time of the caller
// is over, and not that of the call, does not count: a long text must not have an endpoint left alone, nor a long queue.
func (c *caller) ask(ctx context.Context, path string, b body, read func([]byte) error) error {
	queue, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if !c.gate.enter(queue) {
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
		return c.fault(CodeBusy, nil)
	}
	defer c.gate.leave()
	probe, ok := c.breaker.enter()
	if !ok {
		return c.fault(CodeResting, nil)
	}
	call, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	o, err := c.twice(call, path, b, read)
	if o == failing && ctx.Err() != nil {
		o = neutral
	}
	c.breaker.leave(probe, o)
	return err
}

// twice asks, and once more where that may help and there is time.
func (c *caller) twice(ctx context.Context, path string, b body, read func([]byte) error) (outcome, error) {
	for second := false; ; second = true {
		answer, after, err := c.once(ctx, path, b)
		if err == nil {
			err := read(answer)
			var said unreadable
			switch {
			case err == nil:
				return healthy, nil
			case errors.As(err, &said):
				return neutral, c.fault(CodeAnswer, said.error)
			}
			return failing, c.fault(CodeAnswer, err)
		}
		deadline, _ := ctx.Deadline()
		if after < 0 || second || time.Until(deadline) <= after || c.wait(ctx, after) != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return neutral, ctx.Err()
			}
			return weigh(err), err
		}
	}
}

// weigh says what an error tells of the endpoint. A status that blames the question tells nothing.
func weigh(err error) outcome {
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == CodeStatus {
		switch e.Args["status"] {
		case "400", "413", "415", "422":
			return neutral
		}
	}
	return failing
}

// once sends a question and reads the answer. after is the time to wait before a second try, or negative where that is of no
// use.
func (c *caller) once(ctx context.Context, path string, b body) (answer []byte, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+path, bytes.NewReader(b.text))
	if err != nil {
		return nil, -1, c.fault(CodeUnreachable, errors.New("making the request"))
	}
	r.Header.Set("Content-Type", b.kind)
	r.Header.Set("Accept", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+string(c.key))
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, pause, c.broken(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		e := c.fault(CodeStatus, nil).(*colophon.Error)
		e.Args["status"] = strconv.Itoa(resp.StatusCode)
		return nil, retryAfter(resp), e
	}
	answer, err = io.ReadAll(io.LimitReader(resp.Body, c.most+1))
	if err != nil {
		return nil, pause, c.broken(ctx, err)
	}
	if int64(len(answer)) > c.most {
		return nil, -1, c.fault(CodeAnswer, fmt.Errorf("more than %d bytes", c.most))
	}
	return answer, -1, nil
}

// broken tells of a connection that failed. It keeps of the cause what the endpoint can't have written.
func (c *caller) broken(ctx context.Context, err error) error {
	var system *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return c.fault(CodeTimeout, nil)
	case errors.As(err, &system):
		return c.fault(CodeUnreachable, system)
	case errors.As(err, &certificate):
		return c.fault(CodeUnreachable, certificate)
	}
	return c.fault(CodeUnreachable, errors.New("no answer in HTTP, or cut off"))
}

// retryAfter reads how long an endpoint that has no time now asks to wait. Dates are not read: the clocks may differ.
func retryAfter(resp *http.Response) time.Duration {
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable:
	default:
		return -1
	}
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if text == "" {
		return pause
	}
	seconds, err := strconv.ParseUint(text, 10, 20)
	if err != nil {
		return -1
	}
	return max(pause, time.Duration(seconds)*time.Second)
}

// decode reads one JSON value and nothing after it. Its errors say where and never what, since models repeat what they read.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(v); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) {
			return fmt.Errorf("JSON with another type at byte %d", field.Offset)
		}
		return fmt.Errorf("no JSON, or cut short, at byte %d", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something after the JSON at byte %d", d.InputOffset())
	}
	return nil
}
