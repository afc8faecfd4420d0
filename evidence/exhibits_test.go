package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

func sampleExhibits(t testing.TB) (text string, exhibits []evidence.Exhibit) {
	t.Helper()
	s, _ := signer(t, "log.example/one")
	leaves, _, paths, _ := tree(t, 5, s)
	for i := range leaves {
		exhibits = append(exhibits, evidence.Exhibit{Index: uint64(i), Leaf: leaves[i], Hashes: paths[i]})
	}
	var b strings.Builder
	if err := evidence.WriteExhibits(&b, exhibits); err != nil {
		t.Fatal(err)
	}
	return b.String(), exhibits
}

func TestExhibits(t *testing.T) {
	t.Parallel()
	text, want := sampleExhibits(t)
	got, err := evidence.ReadExhibits(strings.NewReader(text))
	if !cmp.Equal(must(t, got, err), want) || strings.Count(text, "\n") != 5 {
		t.Errorf("%v, want %v", got, want)
	}
	first := strings.SplitAfter(text, "\n")[0]
	for name, c := range map[string]struct{ text, line string }{
		"cut":            {text[:len(text)-3], "5"},
		"an empty line":  {first + "\n" + first, "2"},
		"another field":  {strings.Replace(text, `"index"`, `"indexes"`, 1), "1"},
		"a broken hash":  {strings.Replace(text, `=`, ``, 1), "1"},
		"a field twice":  {strings.Replace(text, `{`, `{"index":1,`, 1), "1"},
		"a long line":    {first + strings.Repeat(" ", 1<<20), "2"},
		"too many lines": {strings.Repeat(first, evidence.MaxSample+1), "10001"},
	} {
		_, err := evidence.ReadExhibits(strings.NewReader(c.text))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != evidence.CodeExhibitsInvalid || e.Args["line"] != c.line {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := evidence.ReadExhibits(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func FuzzReadExhibits(f *testing.F) {
	text, _ := sampleExhibits(f)
	f.Add([]byte(text))
	f.Add([]byte(`{"hashes":[],"index":0,"leaf":"\u0000"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		exhibits, err := evidence.ReadExhibits(bytes.NewReader(raw))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := evidence.WriteExhibits(&out, exhibits); err != nil {
			t.Fatal(err)
		}
		again, err := evidence.ReadExhibits(&out)
		if err != nil || !cmp.Equal(again, exhibits) {
			t.Errorf("%v, %v", again, err)
		}
	})
}
