package markup_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// tokens renders a document's tokens, one letter for the kind and the text.
func tokens(s *markup.Scanner, text string) (string, error) {
	var list []string
	for {
		t, err := s.Next()
		if err != nil {
			return strings.Join(list, "|"), err
		}
		if t.Kind == markup.EOF {
			return strings.Join(list, "|"), nil
		}
		list = append(list, string("-tse!?dc"[t.Kind])+text[t.From:t.To])
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, xml, html string }{
		{"", "", ""},
		{"a<b>c</b>d", "ta|s<b>|tc|e</b>|td", "ta|s<b>|tc|e</b>|td"},
		{"\ufeff<b/>", "s<b/>", "s<b/>"},
		{"<b c='>' d=\"'\"/>", "s<b c='>' d=\"'\"/>", "s<b c='>' d=\"'\"/>"},
		{"<!-- <b> -->x", "!<!-- <b> -->|tx", "!<!-- <b> -->|tx"},
		{"<!-->x-->", "!<!-->x-->", "!<!-->|tx-->"},
		{"<!--a--!>x", "error", "!<!--a--!>|tx"},
		{"<!--a--->x", "!<!--a--->|tx", "!<!--a--->|tx"},
		{"<![CDATA[<b>]]>", "c<![CDATA[<b>]]>", "c<![CDATA[<b>]]>"},
		{"<?x a>b?>", "?<?x a>b?>", "?<?x a>|tb?>"},
		{"<!DOCTYPE a [<!ENTITY b '>]'> <!-- ] -->]><a>", "d<!DOCTYPE a [<!ENTITY b '>]'> <!-- ] -->]>|s<a>", "d<!DOCTYPE a [<!ENTITY b '>|t]'> |!<!-- ] -->|t]>|s<a>"},
		{"<!x>", "error", "!<!x>"},
		{"a < b", "error", "ta |t< b"},
		{"</ x>", "error", "!</ x>"},
		{"<a b>", "error", "s<a b>"},
		{"<a b=c>", "error", "s<a b=c>"},
		{"<a b='<'>", "error", "s<a b='<'>"},
		{"<a b='1'c='2'>", "error", "s<a b='1'c='2'>"},
		{"<a / b =c =d>", "error", "s<a / b =c =d>"},
		{"<a b='", "error", "t<a b='"},
		{"</a b>", "error", "e</a b>"},
		{"<script>if (a<b) '</scripted>'</SCRIPT >x", "error", "s<script>|tif (a<b) '</scripted>'|e</SCRIPT >|tx"},
		{"<title><b></title><b>", "s<title>|s<b>|e</title>|s<b>", "s<title>|t<b>|e</title>|s<b>"},
		{"<?xml?><script/><b>", "?<?xml?>|s<script/>|s<b>", "?<?xml?>|s<script/>|s<b>"},
		{"<script/><b>", "s<script/>|s<b>", "s<script/>|t<b>"},
	} {
		got, err := tokens(markup.XML([]byte(c.text), "test"), c.text)
		if err != nil {
			var e *colophon.Error
			if !errors.As(err, &e) || e.Args["what"] != "test" {
				t.Errorf("%s: %v", c.text, err)
			}
			got = "error"
		}
		if got != c.xml {
			t.Errorf("XML  %s: %s", c.text, got)
		}
		if got, err := tokens(markup.HTML([]byte(c.text)), c.text); err != nil || got != c.html {
			t.Errorf("HTML %s: %s, %v", c.text, got, err)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	tag := []byte(`<a B="1" b='&quot;&#65;&#x42;&amp;lt;&nbsp;&bad;&#0;&' c=x&lt;y d>`)
	for _, c := range []struct {
		s          *markup.Scanner
		name, want string
	}{
		{markup.HTML(tag), "b", "1"},
		{markup.HTML(tag), "c", "x<y"},
		{markup.HTML(tag), "D", ""},
	} {
		token, err := c.s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := c.s.Value(token, c.name); !ok || got != c.want {
			t.Errorf("%s: %q, %v", c.name, got, ok)
		}
		if _, ok := c.s.Value(token, "none"); ok {
			t.Error("an attribute that is not there")
		}
	}
	s := markup.XML([]byte(`<a B="1" b='&quot;&#65;&#x42;&amp;lt;&nbsp;&bad;&#0;&'/>`), "test")
	token, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Value(token, "b"); got != `"AB&lt;&nbsp;&bad;&#0;&` {
		t.Errorf("%q", got)
	}
	if got := s.Unescape([]byte(markup.Escape(`<"a" & 'b'>`))); got != `<"a" & 'b'>` {
		t.Errorf("%q", got)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	const text = `<a xmlns="u" xmlns:p="v"><p:b xmlns="" xmlns:q="&e;"><c/><q:d/></p:b><e xmlns:p="w"><p:f/></e></a>`
	w := markup.Walk([]byte(text), "test")
	var got []string
	for {
		token, err := w.Next()
		if err != nil {
			t.Fatal(err)
		}
		if token.Kind == markup.EOF {
			break
		}
		if token.Kind == markup.Start {
			got = append(got, fmt.Sprintf("%d%s{%s}", len(w.Stack), w.Top().Local, w.Top().Space))
		}
		if w.Top().Local == "d" && w.Scope() != ` xmlns="" xmlns:p="v"` {
			t.Errorf("scope %s", w.Scope())
		}
		if w.Top().Local == "f" {
			if _, ok := w.PrefixOf("v"); ok {
				t.Error("a prefix that is hidden")
			}
			if prefix, ok := w.PrefixOf("w"); !ok || prefix != "p" || !w.Top().Is("f", "x", "w") || w.Top().Is("f", "x") || !w.Top().Is("f") {
				t.Errorf("prefix %q, %v", prefix, ok)
			}
		}
	}
	if want := "1a{u} 2b{v} 3c{} 3d{&e;} 2e{u} 3f{w}"; strings.Join(got, " ") != want {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"", "text", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a><b></a></b>", strings.Repeat("<a>", 2000), "<a" + strings.Repeat(" xmlns:b='c'", 300) + "/>"} {
		w := markup.Walk([]byte(bad), "test")
		var err error
		for token := (markup.Token{Kind: markup.Text}); err == nil && token.Kind != markup.EOF; {
			token, err = w.Next()
		}
		var e *colophon.Error
		if !errors.As(err, &e) || e.Args["offset"] == "" {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	out, err := markup.Apply([]byte("abcdef"), "test", []markup.Splice{{From: 4, To: 5, Text: "X"}, {From: 0, To: 0, Text: "Y"}, {From: 4, To: 4, Text: "Z"}})
	if err != nil || string(out) != "YabcdZXf" {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := markup.Apply([]byte("abcdef"), "test", []markup.Splice{{From: 0, To: 3}, {From: 2, To: 4}}); err == nil {
		t.Error("splices that overlap: no error")
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()
	const label = `{"Label":"1","ContentProducer":"x"}`
	for _, c := range []struct {
		text, want string
		ok         bool
	}{
		{"words", "words", true},
		{label, "", true},
		{"before " + label + " after", "before after", true},
		{"AIGC: " + label, "", true},
		{"a {b} {\"c\":1} AIGC=" + label + "\n" + label, "a {b} {\"c\":1}", true},
		{`{"AIGC":` + label + `} end`, " end", true},
		{`{"ContentProducer":`, "", true},
		{`words {"ContentProducer":`, `words {"ContentProducer":`, false},
		{strings.Repeat("{", 1000) + label, "", true},
		{"x" + strings.Repeat("{", 1000) + label, "x" + strings.Repeat("{", 1000) + label, false},
		{strings.Repeat(" ", 2<<20) + label, strings.Repeat(" ", 2<<20) + label, false},
	} {
		if got, ok := markup.Strip(c.text); got != c.want || ok != c.ok {
			t.Errorf("%.60s: %.60q, %v", c.text, got, ok)
		}
	}
}

func TestWide(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "<a>": false, "\xff\xfe<\x00": true, "\xfe\xff\x00<": true, "<\x00a\x00": true, "\ufeff<a>": false} {
		if got := markup.Wide([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzScanner checks that tokens follow each other without gap or overlap, and that attributes lie inside their tags.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("<?xml?><!DOCTYPE a [<!-- -->]><a b='c' d=\"e\"><f/><![CDATA[]]></a>"))
	f.Add([]byte("<script></script><a b=c / d><!--x--!>< </ x><!x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range []*markup.Scanner{markup.XML(b, "test"), markup.HTML(b), markup.Walk(b, "test").Scanner} {
			at := s.Offset()
			for {
				token, err := s.Next()
				if err != nil || token.Kind == markup.EOF {
					break
				}
				if token.From != at || token.To <= at || token.To > len(b) {
					t.Fatalf("token %+v at %d", token, at)
				}
				at = token.To
				for _, a := range s.Attributes(token) {
					if a.From < token.From || a.To > token.To || a.ValueFrom > a.ValueTo || !bytes.Equal(b[a.ValueFrom:a.ValueTo], a.Raw) {
						t.Fatalf("attribute %+v of %+v", a, token)
					}
				}
			}
		}
		w := markup.Walk(b, "test")
		for token, err := w.Next(); err == nil && token.Kind != markup.EOF; token, err = w.Next() {
			_ = w.Scope()
		}
	})
}
