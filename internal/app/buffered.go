package app

import (
	"errors"
	"fmt"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
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

// opened is a file that is worked on, with the label file beside it.
type opened struct {
	src     *durable.Source
	side    *durable.Source // nil where there is none
	data    label.Source    // src, in memory where it is small
	release func()
}

// open opens a file and its sidecar. close MUST be called on what it returns without an error.
func (b *buffers) open(path string) (*opened, error) {
	src, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	o := &opened{src: src, release: func() {}}
	o.side, err = durable.Open(path + label.SidecarSuffix)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == durable.CodeFileMissing {
		err = nil
	}
	if err == nil {
		var release func()
		if o.data, release, err = b.load(src); err == nil {
			o.release = release
			return o, nil
		}
	}
	o.close()
	return nil, durable.Fault(path, err)
}

func (o *opened) close() {
	o.release()
	o.src.Close()
	if o.side != nil {
		o.side.Close()
	}
}
