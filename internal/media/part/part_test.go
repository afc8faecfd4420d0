package part_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
)

// A view reads what the edit of the same splices writes.
func TestView(t *testing.T) {
	t.Parallel()
	src := bytes.NewReader([]byte("0123456789abcdef"))
	splices := []media.Splice{{Offset: 0, Insert: []byte("<")}, {Offset: 3, Delete: 4}, {Offset: 7, Insert: []byte("--")}, {Offset: 12, Delete: 4, Insert: []byte(">")}}
	edit, err := media.Splices(src, splices...)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := edit.Apply(&want, src); err != nil {
		t.Fatal(err)
	}
	view := part.NewView(src, splices)
	if view.Size() != edit.Size() {
		t.Errorf("size %d, want %d", view.Size(), edit.Size())
	}
	if err := iotest.TestReader(io.NewSectionReader(view, 0, view.Size()), want.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	content := []byte("0123456789abcdef")
	win, err := part.NewWindow(bytes.NewReader(content), 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	for off := range len(content) + 2 {
		for n := range len(content) + 2 {
			fits := off+n <= len(content)
			b, err := win.Bytes("piece", int64(off), n)
			if (err == nil) != fits || fits && !bytes.Equal(b, content[off:off+n]) {
				t.Errorf("Bytes(%d, %d) = %q, %v", off, n, b, err)
			}
			b, err = win.Copy("piece", int64(off), int64(n))
			if (err == nil) != fits || fits && !bytes.Equal(b, content[off:off+n]) {
				t.Errorf("Copy(%d, %d) = %q, %v", off, n, b, err)
			}
		}
	}
}
