package app

import (
	"fmt"
	"sync"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// maxBuffered is the largest file that is read into memory at once, in bytes. A scan, an edit and its application each
// go over the file; one read serves them all.
const maxBuffered = 4 << 20

// buffers lends the memory that small files are read into.
type buffers struct{ pool sync.Pool }

// load reads a small file into memory; a large one is returned as it is. release MUST be called when the result is no
// longer used.
func (b *buffers) load(src label.Source) (loaded label.Source, release func(), err error) {
	size := src.Size()
	if size > maxBuffered {
		return src, func() {}, nil
	}
	buf, ok := b.pool.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	if int64(cap(*buf)) < size {
		*buf = make([]byte, size+size/4)
	}
	data := (*buf)[:size]
	release = func() { b.pool.Put(buf) }
	if n, err := src.ReadAt(data, 0); int64(n) < size && err != nil {
		release()
		return nil, nil, fmt.Errorf("reading %d bytes: %w", size, err)
	}
	return media.Memory(data), release, nil
}
