package upstream

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

// body is the body of an answer: bounded in bytes and in time, and known to the target's figures. It is read by one
// goroutine; any may close it.
type body struct {
	*attempt
	inner io.ReadCloser
	head  []byte // what was read before it was handed out
	ended error  // that comes after head
	left  int64  // bytes that may still come
	most  int64
	whole *time.Timer
	once  sync.Once
}

// begin waits for the first byte. An answer without a body is whole at once where it says that it has none.
func (b *body) begin(empty bool) error {
	head := make([]byte, headSize)
	n := 0
	var err error
	for n == 0 && err == nil {
		n, err = b.inner.Read(head)
	}
	if !b.timer.Stop() && n > 0 {
		n, err = 0, errFirst // it came too late, and the rest would not come
	}
	if n == 0 && !(err == io.EOF && empty) {
		return &netError{err}
	}
	if err == nil || err == io.EOF {
		b.ended = err
	} else {
		b.ended = &netError{err}
	}
	now := b.pool.config.Now()
	b.head, b.first = head[:n], now.Sub(b.began)
	b.m.began(b.t, now)
	b.timer = time.AfterFunc(b.to.Idle, func() { b.cancel(errIdle) })
	b.timer.Stop()
	b.whole = time.AfterFunc(max(b.to.Timeout-b.first, 0), func() { b.cancel(errWhole) })
	return nil
}

// Read reads. Only while somebody reads the target can be too slow.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n := 0
	var err error
	switch {
	case len(b.head) > 0:
		n = copy(p, b.head)
		if b.head = b.head[n:]; len(b.head) == 0 {
			b.head = nil
		}
	case b.ended != nil:
		err = b.ended
	default:
		b.timer.Reset(b.to.Idle)
		n, err = b.inner.Read(p[:min(int64(len(p)), b.left+1)])
		b.timer.Stop()
	}
	if b.left -= int64(n); b.left < 0 {
		n, err = n-1, tooLarge(b.most)
	}
	if err != nil {
		err = b.over(err)
		b.ended = err
	}
	return n, err
}

// over takes in how the body ended, and returns what the reader is told.
func (b *body) over(err error) error {
	var known *colophon.Error
	switch {
	case err == io.EOF:
		b.finish(good, "")
		return err
	case errors.As(err, &known): // too large, or told before
		b.finish(bad, known.Code)
		return err
	case b.outer.Err() != nil:
		b.finish(unknown, "")
		return context.Cause(b.outer)
	}
	told := &colophon.Error{Kind: colophon.Conflict, Code: CodeBroken, Err: kind(err)}
	switch context.Cause(b.ctx) {
	case errIdle:
		told.Code = CodeTimeout
	case errWhole:
		told.Code = CodeTimeout
		b.finish(unknown, told.Code) // it was still at it
		return told
	}
	b.finish(bad, told.Code)
	return told
}

func (b *body) finish(v verdict, code colophon.Code) {
	b.once.Do(func() {
		b.whole.Stop()
		b.timer.Stop()
		b.end(v, code, 0)
		b.cancel(nil)
	})
}

// Close ends the call. One whose body was read to its end leaves a connection for the next.
func (b *body) Close() error {
	v := good
	if b.outer.Err() != nil {
		v = unknown
	}
	b.finish(v, "")
	return b.inner.Close()
}
