package media_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

func TestSplices(t *testing.T) {
	t.Parallel()
	src := media.Memory("0123456789")
	e, err := media.Splices(src, media.Splice{Offset: 0, Insert: []byte("<")}, media.Splice{Offset: 4, Delete: 2, Insert: []byte("--")}, media.Splice{Offset: 10, Insert: []byte(">")})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := e.Apply(&out, src); err != nil || out.String() != "<0123--6789>" || e.Size() != int64(out.Len()) {
		t.Errorf("%q, size %d, %v", out.String(), e.Size(), err)
	}
	for _, wrong := range [][]media.Splice{
		{{Offset: 4, Delete: 2}, {Offset: 5}}, {{Offset: 11}}, {{Offset: 9, Delete: 2}}, {{Offset: 3, Delete: -1}},
	} {
		if _, err := media.Splices(src, wrong...); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestEditHoldsStreamsToTheirSize(t *testing.T) {
	t.Parallel()
	e := new(media.Edit)
	e.Stream(3, func(w io.Writer) error { _, err := io.WriteString(w, "four"); return err })
	if err := e.Apply(io.Discard, media.Memory(nil)); err == nil {
		t.Error("a stream that writes too much is taken")
	}
}

// TestApplyPassesErrorsOn uses a destination that fails, and a source that is shorter than it says.
func TestApplyPassesErrorsOn(t *testing.T) {
	t.Parallel()
	src := bytes.NewReader(make([]byte, 1<<20))
	e := new(media.Edit)
	e.Keep(0, 1<<20)
	if err := e.Apply(iotest.TruncateWriter(failing{}, 0), src); err != nil {
		t.Errorf("a truncating writer reports nothing, so no error is expected: %v", err)
	}
	if err := e.Apply(failing{}, src); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
	e.Keep(5<<20, 1)
	if code(e.Apply(io.Discard, src)) != media.CodeTruncated {
		t.Error("a range behind the end is taken")
	}
	if code(e.Apply(io.Discard, media.Memory(make([]byte, 1<<20)))) != media.CodeTruncated {
		t.Error("a range behind the end of memory is taken")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestBytesBounds(t *testing.T) {
	t.Parallel()
	src := media.Memory("0123456789")
	for _, c := range []struct {
		off, n int64
		want   colophon.Code
	}{{0, 10, ""}, {10, 0, ""}, {0, 11, media.CodeTruncated}, {-1, 1, media.CodeTruncated}, {3, -1, media.CodeTruncated}, {math.MaxInt64, math.MaxInt64, media.CodeTruncated}, {11, 0, media.CodeTruncated}} {
		if _, err := media.Bytes(src, "thing", c.off, c.n); code(err) != c.want {
			t.Errorf("Bytes(%d, %d): %v", c.off, c.n, err)
		}
	}
	if _, err := media.Bytes(huge{}, "thing", 0, media.MaxStructure+1); code(err) != media.CodeTooLarge {
		t.Errorf("a huge structure: %v", err)
	}
}

type huge struct{}

func (huge) Size() int64                       { return 1 << 40 }
func (huge) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

func TestMemory(t *testing.T) {
	t.Parallel()
	content := []byte("some content to be read in pieces")
	m := media.Memory(content)
	if err := iotest.TestReader(io.NewSectionReader(m, 0, m.Size()), content); err != nil {
		t.Error(err)
	}
	if _, err := m.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is taken")
	}
}

func TestCandidate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"Label":"1","ContentProducer":"a"}`:             true,
		`AIGC{"Label":"1"}`:                               true,
		`{"AIGC":{"ServiceProvider":"x"}}`:                true,
		`made with AIGC`:                                  false,
		`AIGC {nothing of a label}`:                       false,
		`{"Label":"price tag"}`:                           false,
		`ContentProducer is a field of the label, friend`: false,
	} {
		if media.Candidate([]byte(text)) != want {
			t.Errorf("Candidate(%s) = %v", text, !want)
		}
	}
}

func TestFactsCoverEveryFormat(t *testing.T) {
	t.Parallel()
	for _, f := range media.Formats() {
		facts, ok := media.Facts(f)
		if !ok || facts.MIME == "" || len(facts.Extensions) == 0 || facts.Modality == "" {
			t.Errorf("%s: %+v", f, facts)
		}
	}
}
