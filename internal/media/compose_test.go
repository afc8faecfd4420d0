package media_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/colophon-project/colophon/internal/media"
)

// random builds an edit of random pieces of a source, with streamed pieces and those of another source among them.
func random(r *rand.Rand, src media.Source) *media.Edit {
	e := new(media.Edit)
	other := media.Memory("another file that is read from as well")
	for range 1 + r.IntN(12) {
		switch off := r.Int64N(src.Size()); r.IntN(4) {
		case 0:
			e.Put(bytes.Repeat([]byte{byte('a' + r.IntN(26))}, 1+r.IntN(9)))
		case 1:
			text := bytes.Repeat([]byte("streamed "), r.IntN(5))
			e.Stream(int64(len(text)), func(w io.Writer) error {
				_, err := io.Copy(w, iotest.OneByteReader(bytes.NewReader(text)))
				return err
			})
		case 2:
			e.Copy(other, r.Int64N(other.Size()-4), 1+r.Int64N(4))
		default:
			e.Keep(off, 1+r.Int64N(src.Size()-off))
		}
	}
	return e
}

func applied(t *testing.T, e *media.Edit, src media.Source) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Apply(&out, src); err != nil || int64(out.Len()) != e.Size() {
		t.Fatalf("%v, %d bytes of %d", err, out.Len(), e.Size())
	}
	return out.Bytes()
}

func TestViewIsTheFileThatTheEditMakes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	src := media.Memory("0123456789 and a few more bytes of an old file")
	for range 2000 {
		first := random(r, src)
		between := applied(t, first, src)
		if len(between) == 0 {
			continue
		}
		view, err := media.NewView(first, src)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(io.NewSectionReader(view, 0, view.Size()), between); err != nil {
			t.Fatal(err)
		}
		second := random(r, view)
		want := applied(t, second, media.Memory(between))
		both, err := view.Compose(second)
		if err != nil {
			t.Fatal(err)
		}
		if got := applied(t, both, nil); !bytes.Equal(got, want) {
			t.Fatalf("%q instead of %q", got, want)
		}
	}
}

// TestViewOfLongStreams reads a piece that is too long to be held, and composes an edit that keeps a part of it.
func TestViewOfLongStreams(t *testing.T) {
	t.Parallel()
	const n = 65 << 20
	e := new(media.Edit)
	e.Put([]byte("<"))
	e.Stream(n, func(w io.Writer) error {
		chunk := make([]byte, 1<<20)
		for i := range n >> 20 {
			for k := range chunk {
				chunk[k] = byte(i)
			}
			if _, err := w.Write(chunk); err != nil {
				return err
			}
		}
		return nil
	})
	view, err := media.NewView(e, media.Memory(nil))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if _, err := view.ReadAt(b, 1+(40<<20)-2); err != nil || !bytes.Equal(b, []byte{39, 39, 40, 40}) {
		t.Errorf("% x, %v", b, err)
	}
	if _, err := view.ReadAt(b, n-1); err != io.EOF && err != nil || b[0] != 64 {
		t.Errorf("% x, %v", b, err)
	}
	keep := new(media.Edit)
	keep.Keep(1+(8<<20)-1, 3)
	both, err := view.Compose(keep)
	if err != nil {
		t.Fatal(err)
	}
	if got := applied(t, both, nil); !bytes.Equal(got, []byte{7, 8, 8}) {
		t.Errorf("% x", got)
	}
}

func TestViewPassesErrorsOn(t *testing.T) {
	t.Parallel()
	short := new(media.Edit)
	short.Stream(9, func(w io.Writer) error { _, err := io.WriteString(w, "short"); return err })
	if _, err := media.NewView(short, media.Memory(nil)); err == nil {
		t.Error("a stream that writes too little is taken")
	}
	broken := new(media.Edit)
	broken.Stream(9, func(io.Writer) error { return io.ErrClosedPipe })
	if _, err := media.NewView(broken, media.Memory(nil)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
	cut := new(media.Edit)
	cut.Keep(0, 20)
	view, err := media.NewView(cut, media.Memory("ten bytes."))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := view.ReadAt(make([]byte, 15), 0); n != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d, %v", n, err)
	}
	behind := new(media.Edit)
	behind.Keep(18, 4)
	if _, err := view.Compose(behind); err == nil {
		t.Error("an edit that keeps what is not there is taken")
	}
}
