package library_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// key returns a signer and its verifier.
func key(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := evidence.NewNoteSigner(name, secret, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := evidence.NewNoteVerifier(name, public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

func sample() []library.Feature {
	return []library.Feature{
		feature("a-1", library.Keyword, "代开发票", aliases("代开专票", `with "quotes", and commas`)),
		feature("b.2", library.Pattern, `<\d{3}> & "x"`, level(keyword.Note), between(day(2026, 1, 2), day(2027, 3, 4))),
		feature("c_3", library.Person, "某 某", category("impersonation"), func(f *library.Feature) { f.Anywhere, f.Language, f.Source = true, "zh-CN", "a list" }),
	}
}

// TestFiles writes features in both forms and reads them back.
func TestFiles(t *testing.T) {
	t.Parallel()
	want := sample()
	var csv, json bytes.Buffer
	if err := errors.Join(library.WriteCSV(&csv, want), library.WriteJSON(&json, library.Version{}, want, nil)); err != nil {
		t.Fatal(err)
	}
	got, err := library.ReadCSV(strings.NewReader("\ufeff"+csv.String()), library.Defaults{})
	if d := gocmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	file, err := library.ReadJSON(&json, library.Defaults{})
	if d := gocmp.Diff(library.File{Features: want}, file); d != "" || err != nil {
		t.Error(err, d)
	}
}

// TestLexicon reads a plain lexicon, with what it does not say.
func TestLexicon(t *testing.T) {
	t.Parallel()
	d := library.Defaults{Language: "zh", Source: "there", Standard: "s", Reason: "r"}
	got, err := library.ReadCSV(strings.NewReader("Keyword, category ,level\n 代开发票 ,fraud,block\n\n刷单返利,fraud,review\n"), d)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for i, want := range []library.Feature{feature(got[0].ID, library.Keyword, "代开发票"), feature(got[1].ID, library.Keyword, "刷单返利", level(keyword.Review))} {
		want.Source = "there"
		if diff := gocmp.Diff(want, got[i]); diff != "" || !strings.HasPrefix(got[i].ID, "keyword-") || len(got[i].ID) != len("keyword-")+16 {
			t.Error(diff)
		}
	}
	again, err := library.ReadCSV(strings.NewReader("value,category,level\n刷单返利,fraud,note\n"), d)
	if err != nil || again[0].ID != got[1].ID {
		t.Error("the same entry gets another identifier", again, err)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	d := library.Defaults{Standard: "s", Reason: "r"}
	const head = "id,kind,value,category,level,language,anywhere,aliases,source,standard,reason,from,until\n"
	const ok = "a,keyword,代开发票,fraud,block,zh,,,,,,,\n"
	for text, want := range map[string]struct {
		code        colophon.Code
		line, field string
	}{
		"":                                    {library.CodeHeader, "", ""},
		"value,category\n":                    {library.CodeHeader, "", ""},
		"value,category,level,colour\n":       {library.CodeHeader, "", ""},
		"value,category,level,keyword\n":      {library.CodeHeader, "", ""},
		head + ok + "b,keyword\n":             {library.CodeLine, "3", ""},
		head + ok + "b,keyw\"ord,x,,,,,,,,,,": {library.CodeLine, "3", ""},
		head + ok + strings.Replace(ok, "block", "loud", 1):                                            {library.CodeField, "3", "level"},
		head + strings.Replace(ok, "zh,,", "zh,maybe,", 1):                                             {library.CodeField, "2", "anywhere"},
		head + "\n" + strings.Replace(ok, ",,,\n", ",,2026-02-30,\n", 1):                               {library.CodeField, "3", "from"},
		head + strings.Replace(ok, ",,,\n", ",,,soon\n", 1):                                            {library.CodeField, "2", "until"},
		head + strings.Replace(ok, ",,,\n", ",,2026-02-02,2026-02-01\n", 1):                            {library.CodeField, "2", "until"},
		head + "\"a\",keyword,\"代开\n发票\",fraud,block,zh,,,,,,,\n":                                      {library.CodeField, "2", "value"},
		head + ok + "b,keyword,代开发票,fraud,block,zh,,,,,,,\n":                                           {library.CodeDuplicate, "3", ""},
		head + ok + "a,keyword,别的词,fraud,block,zh,,,,,,,\n":                                            {library.CodeDuplicate, "3", ""},
		head + "a,keyword,代开发票,nothing,block,zh,,,,,,,\n":                                              {library.CodeCategory, "2", ""},
		head + ok + "b,pattern,x*,fraud,block,,,,,,,,\n":                                               {library.CodeUnbounded, "3", ""},
		head + "\n\n" + ok + "b,rule,甲,fraud,block,,,,,,,,\n":                                          {library.CodeRule, "5", ""},
		head + ok + "\nb,person,。,,block,,,甲乙,,,,,\n":                                                  {keyword.CodeKeywordEmpty, "4", ""},
		head + "a,picture,12,sexual,block,,,,,,,,\n":                                                   {library.CodeHash, "2", ""},
		head + "a,keyword,词语,fraud,block,zh,," + strings.Repeat("x|", library.MaxAliases) + "x,,,,,\n": {library.CodeField, "2", "aliases"},
	} {
		_, err := library.ReadCSV(strings.NewReader(text), d)
		checkError(t, text, err, want.code, want.line, want.field)
	}
	const first = `{"format":"colophon-feature-library/1"}` + "\n"
	const good = `{"id":"a","kind":"keyword","value":"代开发票","category":"fraud","level":"block"}` + "\n"
	for text, want := range map[string]struct {
		code        colophon.Code
		line, field string
	}{
		"":                                {library.CodeLine, "1", ""},
		good:                              {library.CodeLine, "1", ""},
		`{"format":"colophon-dump/1"}`:    {library.CodeLine, "1", ""},
		first + good + `{"id":"b"`:        {library.CodeLine, "3", ""},
		first + good + `{"colour":"b"}`:   {library.CodeLine, "3", ""},
		first + good[:len(good)-1] + "{}": {library.CodeLine, "2", ""},
		first + good[:len(good)-1] + "}":  {library.CodeLine, "2", ""},
		first + "\n" + strings.Replace(good, "block", "", 1): {library.CodeField, "3", "level"},
		first + good + good:                           {library.CodeDuplicate, "3", ""},
		first + strings.Repeat(" ", 600<<10):          {library.CodeLine, "2", ""},
		first + strings.Replace(good, "代", "\xff", 1): {library.CodeLine, "2", ""},
	} {
		_, err := library.ReadJSON(strings.NewReader(text), d)
		checkError(t, text, err, want.code, want.line, want.field)
	}
}

func checkError(t *testing.T, text string, err error, code colophon.Code, line, field string) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Args["line"] != line || e.Args["field"] != field || e.Kind != colophon.Invalid {
		t.Errorf("%.200q: %v, want %s in line %s", text, err, code, line)
	}
}

// signed writes a file that a key signed.
func signed(t testing.TB, s note.Signer) string {
	t.Helper()
	v := compile(t, library.Options{}, sample()...).Version()
	v.Number = 7
	var b bytes.Buffer
	if err := library.WriteJSON(&b, v, sample(), s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSigned verifies signed files and refuses what was changed.
func TestSigned(t *testing.T) {
	t.Parallel()
	signer, verifier := key(t, "library.example/1")
	_, other := key(t, "library.example/1")
	good := signed(t, signer)
	for name, c := range map[string]struct {
		text    string
		trusted []note.Verifier
		verdict colophon.Verdict
		code    colophon.Code
	}{
		"good":                         {good, []note.Verifier{other, verifier}, colophon.Passed, ""},
		"nobody trusted":               {good, nil, colophon.Unknown, ""},
		"another's":                    {good, []note.Verifier{other}, 0, library.CodeSignature},
		"content changed":              {strings.Replace(good, "某 某", "某 甲", 1), []note.Verifier{verifier}, 0, library.CodeDigest},
		"the same, and nobody trusted": {strings.Replace(good, "某 某", "某 甲", 1), nil, 0, library.CodeDigest},
		"level changed":                {strings.Replace(good, `"level":"note"`, `"level":"block"`, 1), []note.Verifier{verifier}, 0, library.CodeDigest},
		"line taken out":               {good[:strings.LastIndex(good[:len(good)-1], "\n")+1], []note.Verifier{verifier}, 0, library.CodeDigest},
		"number changed":               {strings.Replace(good, `/1\n7\n3`, `/1\n8\n3`, 1), []note.Verifier{verifier}, 0, library.CodeSignature},
		"note broken":                  {strings.Replace(good, `/1\n7\n3`, `/1\n07\n3`, 1), nil, 0, library.CodeSignature},
		"note taken off":               {`{"format":"colophon-feature-library/1"}` + good[strings.Index(good, "\n"):], []note.Verifier{verifier}, 0, library.CodeUnsigned},
		"white space":                  {strings.ReplaceAll(good, `","kind"`, `" , "kind"`), []note.Verifier{verifier}, colophon.Passed, ""},
	} {
		f, err := library.ReadJSON(strings.NewReader(c.text), library.Defaults{Source: "no matter"}, c.trusted...)
		var e *colophon.Error
		if c.code != "" {
			if !errors.As(err, &e) || e.Code != c.code || len(f.Features) != 0 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if d := gocmp.Diff(sample(), f.Features); err != nil || f.Verdict != c.verdict || f.Version.Number != 7 || f.Version.Count != 3 || (f.Signer != "") != (c.verdict == colophon.Passed) || d != "" {
			t.Errorf("%s: %+v, %v %s", name, f, err, d)
		}
	}
	if err := library.WriteJSON(&bytes.Buffer{}, library.Version{Number: 1}, sample(), signer); err == nil {
		t.Error("features were signed that are not the version's")
	}
}

// TestNoteIsNoOther holds a note about features against the reader of checkpoints, and the other way round.
func TestNoteIsNoOther(t *testing.T) {
	t.Parallel()
	signer, verifier := key(t, "colophon-feature-library/1")
	good := signed(t, signer)
	text := good[strings.Index(good, `"note":"`)+8 : strings.Index(good, `"}`)]
	if _, err := evidence.ParseCheckpoint([]byte(strings.ReplaceAll(text, `\n`, "\n")), verifier); err == nil {
		t.Error("a note about features is a checkpoint")
	}
	c, err := evidence.SignCheckpoint(signer, 7, [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = library.ReadJSON(strings.NewReader(fmt.Sprintf("{\"format\":\"colophon-feature-library/1\",\"note\":%q}\n", c.Note)), library.Defaults{}, verifier)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != library.CodeSignature {
		t.Error(err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("id,kind,value,category,level,language,anywhere,aliases,source,standard,reason\na,keyword,代开发票,fraud,block,zh,yes,x|y,s,s,r\n")
	f.Add("keyword,category,level\n\"a\nb\",fraud,note\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := library.ReadCSV(strings.NewReader(text), library.Defaults{Standard: "s", Reason: "r"})
		if err != nil {
			mustBeTold(t, err)
			return
		}
		var b bytes.Buffer
		if err := library.WriteCSV(&b, list); err != nil {
			t.Fatal(err)
		}
		again, err := library.ReadCSV(&b, library.Defaults{})
		if d := gocmp.Diff(list, again); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	signer, verifier := key(f, "k")
	f.Add(signed(f, signer), true)
	f.Add(signed(f, signer), false)
	f.Add("{\"format\":\"colophon-feature-library/1\"}\n{\"id\":\"a\",\"kind\":\"digest\",\"value\":\"\",\"category\":\"fraud\",\"level\":\"block\"}\n", false)
	f.Fuzz(func(t *testing.T, text string, trust bool) {
		var trusted []note.Verifier
		if trust {
			trusted = append(trusted, verifier)
		}
		file, err := library.ReadJSON(strings.NewReader(text), library.Defaults{Standard: "s", Reason: "r"}, trusted...)
		if err != nil {
			mustBeTold(t, err)
			return
		}
		if trust && file.Verdict != colophon.Passed {
			t.Error("an unsigned file was taken")
		}
		var b bytes.Buffer
		if err := library.WriteJSON(&b, library.Version{}, file.Features, nil); err != nil {
			t.Fatal(err)
		}
		again, err := library.ReadJSON(&b, library.Defaults{})
		if d := gocmp.Diff(file.Features, again.Features); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}

func mustBeTold(t *testing.T, err error) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind == colophon.Internal {
		t.Error(err)
	}
}

// TestLongestFeature exports the longest feature that may be, and reads it again.
func TestLongestFeature(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(`"`, library.MaxValue)
	f := library.Feature{ID: "unit", Kind: library.SourceUnit, Value: long, Category: "news", Source: long, Standard: long, Reason: long}
	for range library.MaxAliases {
		f.Aliases = append(f.Aliases, long)
	}
	var b bytes.Buffer
	if err := library.WriteJSON(&b, library.Version{}, []library.Feature{f}, nil); err != nil {
		t.Fatal(err)
	}
	if file, err := library.ReadJSON(&b, library.Defaults{}); err != nil || len(file.Features) != 1 {
		t.Errorf("%d features, %v", len(file.Features), err)
	}
}
