package credential

import "io"

const (
	teeBuffers = 4
	teeSize    = 256 << 10
)

// tee writes to a file and to a hash at the same time: the hash works on a copy of its own while the next bytes are read
// and written.
type tee struct {
	w    io.Writer
	free chan []byte
	full chan []byte
	done chan struct{}
}

// newTee starts the hash. The tee has to be closed.
func newTee(w, hash io.Writer) *tee {
	t := &tee{w: w, free: make(chan []byte, teeBuffers), full: make(chan []byte, teeBuffers), done: make(chan struct{})}
	for range teeBuffers {
		t.free <- make([]byte, 0, teeSize)
	}
	go func() {
		defer close(t.done)
		for b := range t.full {
			_, _ = hash.Write(b) // a hash takes everything
			t.free <- b[:0]
		}
	}()
	return t
}

// Write hands bytes to both.
func (t *tee) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		buf := <-t.free
		n := min(len(rest), teeSize)
		t.full <- append(buf, rest[:n]...)
		rest = rest[n:]
	}
	return t.w.Write(b)
}

// close waits until everything is hashed.
func (t *tee) close() {
	close(t.full)
	<-t.done
}
