package phash_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/phash"
)

const some = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

func readAll(r io.Reader) (rows []phash.Row, err error) {
	for row, err := range phash.ReadList(r) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func TestReadList(t *testing.T) {
	t.Parallel()
	h, err := phash.Parse(some)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(strings.NewReader("\ufeffhash,quality,category,source,level\r\n" + some + ",100,A1,\"a, b\",block\r\n\r\n" + strings.ToUpper(some) + ",,,,\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []phash.Row{{Line: 2, Hash: h, Quality: 100, Category: "A1", Level: "block", Source: "a, b"}, {Line: 4, Hash: h, Quality: -1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, err := range phash.ReadList(strings.NewReader("hash\n" + some + "\n" + some)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

func TestReadListRefuses(t *testing.T) {
	t.Parallel()
	good := "hash,quality\n" + some + ",50\n"
	for name, c := range map[string]struct {
		text, line string
		code       colophon.Code
	}{
		"nothing":           {"", "1", phash.CodeListHeader},
		"no header":         {some + ",50\n", "1", phash.CodeListHeader},
		"an unknown column": {"hash,catgory\n", "1", phash.CodeListHeader},
		"a column twice":    {"hash,hash\n", "1", phash.CodeListHeader},
		"no hashes":         {"quality\n", "1", phash.CodeListHeader},
		"a short record":    {good + some + "\n", "3", phash.CodeListRecord},
		"a long record":     {good + some + ",1,2\n", "3", phash.CodeListRecord},
		"an open quote":     {good + some + ",\"1\n", "3", phash.CodeListRecord},
		"no text":           {good + some + ",\xff\n", "3", phash.CodeListRecord},
		"a short hash":      {good + some[1:] + ",1\n", "3", phash.CodeListHash},
		"a letter":          {good + "g" + some[1:] + ",1\n", "3", phash.CodeListHash},
		"zeros":             {good + strings.Repeat("0", 64) + ",1\n", "3", phash.CodeListHash},
		"a quality of 101":  {good + some + ",101\n", "3", phash.CodeListQuality},
		"a quality of -1":   {good + some + ",-1\n", "3", phash.CodeListQuality},
		"an endless line":   {good + strings.Repeat(" ", 1<<17), "3", phash.CodeListLong},
	} {
		_, err := readAll(strings.NewReader(c.text))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Args["line"] != c.line || e.Kind != colophon.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := readAll(io.MultiReader(strings.NewReader(good), iotest.ErrReader(io.ErrClosedPipe)))
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != phash.CodeListRead || e.Kind != colophon.Internal || !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func FuzzReadList(f *testing.F) {
	f.Add("hash,quality,category,level,source\n" + some + ",7,a,b,\"c\"\n")
	f.Add("\ufeffsource,hash\r\n\"\"\"\"," + some + "\r\n\r\n")
	f.Add("hash\n\"" + some)
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Count(text, "\n") + 1
		for row, err := range phash.ReadList(strings.NewReader(text)) {
			var e *colophon.Error
			switch {
			case errors.As(err, &e):
				if e.Args["line"] == "" || row != (phash.Row{}) {
					t.Errorf("%v with %v", err, row)
				}
			case row.Line < 2 || row.Line > lines || row.Quality < -1 || row.Quality > 100 || row.Hash == phash.Hash{}:
				t.Errorf("%+v", row)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(some)
	f.Add(strings.ToUpper(some))
	f.Add(some[:63] + "x")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := phash.Parse(text)
		var e *colophon.Error
		switch {
		case err == nil && h.String() != strings.ToLower(text):
			t.Errorf("%q became %s", text, h)
		case err != nil && (!errors.As(err, &e) || e.Code != phash.CodeHash):
			t.Error(err)
		case err != nil && len(text) == 64 && strings.Trim(text, "0123456789abcdefABCDEF") == "":
			t.Errorf("%q is refused", text)
		}
	})
}
