package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/register/dataset"
)

func listed(t *testing.T, text string) dataset.Listed {
	t.Helper()
	m := dataset.NewManifest("corpus")
	if err := dataset.Read(strings.NewReader(text), m.Add); err != nil {
		t.Fatal(err)
	}
	return m.Listed()
}

// TestManifest: order and shape make no difference to the digest, and everything else does.
func TestManifest(t *testing.T) {
	t.Parallel()
	const whole = `{"id":"1","text":"one","source":"web"}` + "\n" + `{"id":"2","text":"two","source":"books","consent":"c-1"}` + "\n"
	l := listed(t, whole)
	if l.Items != 2 || l.On("c-1") != 1 || l.On("c-2") != 0 || len(l.Sources) != 2 || l.Sources[0] != (dataset.Count{Name: "books", Items: 1}) {
		t.Fatalf("%+v", l)
	}
	const one, two = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
	for _, same := range []string{
		"\ufeffid,text,source,consent\n2,two,books,c-1\n1,one,web,\n",
		"id,sha256,source,consent\n1," + one + ",web,\n2," + two + ",books,c-1\n",
		`{"id":"2","sha256":"` + two + `","source":"books","consent":"c-1","at":"b/2.txt"}` + "\n\n" + `{"id":"1","text":"one","source":"web"}`,
	} {
		if got := listed(t, same); got.Digest != l.Digest {
			t.Errorf("%q has another digest", same)
		}
	}
	for _, other := range []string{
		strings.Replace(whole, `"one"`, `"One"`, 1), strings.Replace(whole, "web", "news", 1), strings.Replace(whole, `"1"`, `"3"`, 1), strings.Replace(whole, "c-1", "c-2", 1), strings.SplitAfter(whole, "\n")[0],
	} {
		if got := listed(t, other); got.Digest == l.Digest {
			t.Errorf("%q has the same digest", other)
		}
	}
	if a, b := dataset.Unit("corpus", "1"), dataset.Unit("other", "1"); a == b || strings.Contains(a, "-") || len(a) != 32 {
		t.Error(a, b)
	}
}

func TestBadManifest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		code     colophon.Code
		row, why string
	}{
		"":                                     {dataset.CodeEmpty, "", ""},
		"\ufeff":                               {dataset.CodeEmpty, "", ""},
		"id,text\n":                            {dataset.CodeEmpty, "", ""},
		`{"id":"1"}`:                           {dataset.CodeRow, "1", "sha256"},
		`{"id":"1","text":"a","name":"b"}`:     {dataset.CodeRow, "1", "json"},
		`{"id":"1","text":"a"}{"id":"2"}`:      {dataset.CodeRow, "1", "json"},
		`{"id":"","text":"a"}`:                 {dataset.CodeRow, "1", "id"},
		`{"id":"1","text":"a","sha256":"00"}`:  {dataset.CodeRow, "1", "sha256"},
		`{"id":"1","text":"a","consent":"C!"}`: {dataset.CodeRow, "1", "consent"},
		`{"id":"1","text":"a","sha256":"` + strings.Repeat("0", 64) + `"}`:   {dataset.CodeRow, "1", "sha256"},
		`{"id":"1","text":"a"}` + "\n" + `{"id":"1","text":"b"}`:             {dataset.CodeTwice, "2", ""},
		`{"id":"1","text":"` + strings.Repeat("a", dataset.MaxText+1) + `"}`: {dataset.CodeRow, "1", "text"},
		`{"id":"1","text":"` + strings.Repeat("a", 8*dataset.MaxText) + `"}`: {dataset.CodeRow, "1", "text"},
		"text\na\n":             {dataset.CodeColumns, "", ""},
		"id,id\na,b\n":          {dataset.CodeColumns, "", ""},
		"id,name\na,b\n":        {dataset.CodeColumns, "", ""},
		"id,text\na\n":          {dataset.CodeRow, "2", "csv"},
		"id,text\n1,a\n1,b\n":   {dataset.CodeTwice, "3", ""},
		"id,text\n\"1,a\n1,b\n": {dataset.CodeRow, "2", "csv"},
	} {
		m := dataset.NewManifest("corpus")
		err := dataset.Read(strings.NewReader(text), m.Add)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != want.code || want.row != "" && e.Args["row"] != want.row || want.why != "" && e.Args["field"] != want.why {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

// FuzzRead: whatever comes, reading ends, and what is taken has a digest that its own rows give again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"id":"1","text":"one"}`, "id,text\n1,one\n", "\ufeffid,sha256\n", "{", "\xef", `{"id":"1","text":"a"}` + "\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var items []dataset.Item
		m := dataset.NewManifest("corpus")
		if dataset.Read(strings.NewReader(string(raw)), func(row int, it dataset.Item) error { items = append(items, it); return m.Add(row, it) }) != nil {
			return
		}
		again := dataset.NewManifest("corpus")
		for i := len(items) - 1; i >= 0; i-- {
			if err := again.Add(i, items[i]); err != nil {
				t.Fatal(err)
			}
		}
		if len(items) == 0 || again.Listed().Digest != m.Listed().Digest {
			t.Fatal("another digest")
		}
	})
}
