package edge

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"time"

	"github.com/colophon-project/colophon"
)

// pace is how fast bytes must move while the server waits for the client.
type pace struct {
	stall time.Duration
	rate  int
}

// worth is the time that n bytes may take.
func (p pace) worth(n int) time.Duration {
	return time.Duration(float64(n) / float64(p.rate) * float64(time.Second))
}

// body is a request's body with its limits. It keeps a credit of time: waiting for the client spends it, bytes earn it
// back, and it is never more than the stall time. So a client may pause for that long, and must keep the rate on
// average.
type body struct {
	io.ReadCloser
	limit, left int64 // bytes, in all and still to come
	pace        pace
	credit      time.Duration
	deadline    func(time.Time) error

	ended  bool            // the client has sent all of it
	cut    *colophon.Error // why it was cut off
	status int
}

// Read reads what the client sends. A body that is too large or too slow ends with an error of the project's kind.
func (b *body) Read(p []byte) (int, error) {
	if b.cut != nil {
		return 0, b.cut
	}
	// One byte more than may come is asked for, to see whether it comes.
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1]
	}
	start := time.Now()
	if err := b.deadline(start.Add(b.credit)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	// The deadline must not outlast the read: HTTP/2 ends the stream by it, and HTTP/1 watches for the client leaving.
	if clear := b.deadline(time.Time{}); clear != nil && err == nil {
		err = clear
	}
	b.credit = min(b.pace.stall, b.credit-time.Since(start)+b.pace.worth(n))
	b.ended = errors.Is(err, io.EOF)
	switch {
	case int64(n) > b.left:
		n = int(b.left)
		b.cut, b.status = tooLarge(b.limit), http.StatusRequestEntityTooLarge
		err = b.cut
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.cut, b.status = &colophon.Error{Kind: colophon.Refused, Code: CodeTooSlow, Err: err}, http.StatusRequestTimeout
		err = b.cut
	}
	b.left -= int64(n)
	return n, err
}

// answer is where a handler writes. When the body was cut off and the handler answers with an error, the client gets the
// refusal instead, whatever the handler made of the error.
type answer struct {
	http.ResponseWriter
	control  *http.ResponseController
	before   http.Header // as it was before the handler
	pace     pace
	problem  func(*colophon.Error, int)
	body     *body // nil without one
	wrote    bool  // the header has gone
	replaced bool  // what the handler writes goes nowhere
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader sends the header.
func (a *answer) WriteHeader(status int) {
	if a.replaced {
		return
	}
	if a.body != nil && a.body.cut != nil && !a.wrote && status >= 400 {
		a.replace(a.body.cut, a.body.status)
		return
	}
	a.wrote = a.wrote || status >= 200
	a.ResponseWriter.WriteHeader(status)
}

// replace answers in the handler's stead and ends the connection.
func (a *answer) replace(err *colophon.Error, status int) {
	a.wrote, a.replaced = true, true
	header := a.Header()
	clear(header)
	maps.Copy(header, a.before)
	header.Set("Connection", "close")
	a.problem(err, status)
}

// Write sends a part of the answer at the client's pace, if that is fast enough.
func (a *answer) Write(p []byte) (int, error) {
	if !a.wrote {
		a.WriteHeader(http.StatusOK)
	}
	if a.replaced {
		return len(p), nil
	}
	n := 0
	err := a.timed(len(p), func() (err error) {
		n, err = a.ResponseWriter.Write(p)
		return err
	})
	return n, err
}

// Flush sends what was written so far; [answer.FlushError] says how that went.
func (a *answer) Flush() { _ = a.FlushError() }

// FlushError sends what was written so far.
func (a *answer) FlushError() error {
	if !a.wrote {
		a.WriteHeader(http.StatusOK)
	}
	if a.replaced {
		return nil
	}
	return a.timed(0, a.control.Flush)
}

// timed sends n bytes within their time. The deadline is taken back, for in HTTP/2 it would end an answer that pauses.
func (a *answer) timed(n int, send func() error) error {
	if err := a.control.SetWriteDeadline(time.Now().Add(a.pace.stall + a.pace.worth(n))); err != nil {
		return err
	}
	return errors.Join(send(), a.control.SetWriteDeadline(time.Time{}))
}

// end bounds what net/http does after the handler: it sends what is left of the answer and reads what is left of the
// body. It takes the deadlines away before the next request. The errors say that the client is gone.
func (a *answer) end() {
	if !a.wrote && a.body != nil && a.body.cut != nil {
		a.replace(a.body.cut, a.body.status)
	}
	now := time.Now()
	if a.body != nil && !a.body.ended {
		_ = a.control.SetReadDeadline(now.Add(a.pace.stall))
	}
	_ = a.control.SetWriteDeadline(now.Add(2 * a.pace.stall)) // it may read first
}
