package xmp_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	rdfNS   = ` xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"`
	tcNS    = ` xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"`
	dcNS    = ` xmlns:dc="http://purl.org/dc/elements/1.1/"`
	iptcNS  = ` xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"`
	start   = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
	end     = `<?xpacket end="w"?>`
	escaped = `{&quot;Label&quot;:&quot;1&quot;}`
	value   = `{"Label":"1"}`
)

// wrap puts RDF content into a whole packet.
func wrap(content string) string {
	return start + "\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF" + rdfNS + ">\n" + content + "\n</rdf:RDF>\n</x:xmpmeta>\n" + end
}

func props(id string) xmp.Properties { return xmp.Properties{Label: mediatest.Value(id)} }

// wellFormed fails the test unless a strict parser takes the packet and sees at most one root element.
func wellFormed(t *testing.T, packet []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimRight(packet, "\x00")))
	depth, roots := 0, 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, packet)
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if roots > 1 {
		t.Fatalf("%d root elements\n%s", roots, packet)
	}
}

// merged merges, and checks what holds for every merge.
func merged(t *testing.T, packet string, p xmp.Properties) []byte {
	t.Helper()
	out, err := xmp.Merge([]byte(packet), p)
	if err != nil {
		t.Fatalf("Merge: %v\n%s", err, packet)
	}
	found := xmp.Read(out, 0)
	if len(found) != 1 || !bytes.Equal(found[0].Value, p.Label) {
		t.Fatalf("labels after Merge: %v\n%s", found, out)
	}
	again, err := xmp.Merge(out, p)
	if err != nil || !bytes.Equal(again, out) {
		t.Fatalf("merging again changed the packet (%v)\n%s\n%s", err, out, again)
	}
	wellFormed(t, out)
	return out
}

func TestReadForms(t *testing.T) {
	t.Parallel()
	element := `<rdf:Description rdf:about=""` + tcNS + `><TC260:AIGC>` + escaped + `</TC260:AIGC></rdf:Description>`
	cases := []struct {
		name, packet string
		codes        []colophon.Code
	}{
		{"element", wrap(element), nil},
		{"byte order mark", "\ufeff" + wrap(element), nil},
		{"trailing NUL", wrap(element) + "\x00\x00", nil},
		{"bare RDF", `<rdf:RDF` + rdfNS + `>` + element + `</rdf:RDF>`, nil},
		{"raw quotes", wrap(strings.Replace(element, escaped, value, 1)), nil},
		{"CDATA", wrap(strings.Replace(element, escaped, "<![CDATA["+value+"]]>", 1)), nil},
		{"character references", wrap(strings.Replace(element, escaped, "&#123;&#x22;Label&#34;:&quot;1&quot;}", 1)), nil},
		{"white space", wrap(strings.Replace(element, escaped, "\n  "+escaped+"\n ", 1)), nil},
		{
			"xml declaration and double question mark",
			`<?xml version="1.0" encoding="UTF-8"?>` + strings.ReplaceAll(wrap(element), `"?>`, `"??>`),
			[]colophon.Code{media.CodeXMPWrapper},
		},
		{
			"attribute", wrap(`<rdf:Description rdf:about="" TC260:AIGC="` + escaped + `"` + tcNS + `/>`),
			[]colophon.Code{media.CodeAttributeForm},
		},
		{
			"attribute in single quotes", wrap(`<rdf:Description` + tcNS + ` TC260:AIGC = '` + value + `'/>`),
			[]colophon.Code{media.CodeAttributeForm},
		},
		{"foreign prefix", wrap(strings.ReplaceAll(element, "TC260:", "C260:")), []colophon.Code{media.CodeForeignURI}},
		{
			"ns1", wrap(strings.ReplaceAll(strings.ReplaceAll(element, "TC260:", "ns1:"), "xmlns:TC260", "xmlns:ns1")),
			[]colophon.Code{media.CodeForeignPrefix},
		},
		{
			"default namespace", wrap(`<rdf:Description><AIGC xmlns="` + xmp.Namespace + `">` + escaped + `</AIGC></rdf:Description>`),
			[]colophon.Code{media.CodeForeignPrefix},
		},
		{
			"no trailing slash", wrap(strings.Replace(element, "/1.0/", "/1.0", 1)),
			[]colophon.Code{media.CodeForeignURI},
		},
		{
			"usual prefix, other URI", wrap(strings.Replace(element, xmp.Namespace, "http://example.com/", 1)),
			[]colophon.Code{media.CodeForeignURI},
		},
		{
			"undeclared prefix", wrap(strings.Replace(element, tcNS, "", 1)),
			[]colophon.Code{media.CodeForeignURI},
		},
		{
			"not XML", wrap(element + "<unclosed>"),
			[]colophon.Code{media.CodeXMPMalformed},
		},
		{
			"cut short", wrap(element)[:strings.Index(wrap(element), "</rdf:Desc")],
			[]colophon.Code{media.CodeXMPMalformed},
		},
		{
			"not XML, attribute", wrap(`<rdf:Description TC260:AIGC="` + escaped + `"` + tcNS + `>`),
			[]colophon.Code{media.CodeXMPMalformed},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := xmp.Read([]byte(c.packet), 1000)
			if len(found) != 1 || string(found[0].Value) != value || found[0].Place != media.PlaceXMP {
				t.Fatalf("found %v", found)
			}
			if off := found[0].Offset - 1000; off < 0 || off >= int64(len(c.packet)) {
				t.Errorf("offset %d", found[0].Offset)
			}
			if xmp.Clean([]byte(c.packet)) {
				t.Error("Clean")
			}
			var codes []colophon.Code
			for _, f := range found[0].Findings {
				codes = append(codes, f.Code)
			}
			if len(codes) != len(c.codes) || len(codes) > 0 && codes[0] != c.codes[0] {
				t.Errorf("findings %v, want %v", codes, c.codes)
			}
		})
	}
}

func TestReadNothing(t *testing.T) {
	t.Parallel()
	for _, packet := range []string{
		"", "\x00\x00", "plain text", start + end,
		wrap(`<rdf:Description dc:AIGC="x"` + dcNS + `/>`),
		wrap(`<rdf:Description` + dcNS + `><dc:title>AIGC {"Label":"1"}</dc:title></rdf:Description>`),
		wrap(`<rdf:Description` + dcNS + ` dc:title=" TC260:AIGC='{}' "/>`),
	} {
		if found := xmp.Read([]byte(packet), 0); len(found) != 0 || !xmp.Clean([]byte(packet)) {
			t.Errorf("%s: found %v", packet, found)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	p := props("a1")
	p.DigitalSourceType = mediatest.SourceType
	for _, packet := range [][]byte{xmp.New(p), xmp.NewRDF(p)} {
		wellFormed(t, packet)
		found := xmp.Read(packet, 0)
		if len(found) != 1 || !bytes.Equal(found[0].Value, p.Label) || len(found[0].Findings) != 0 {
			t.Fatalf("found %v", found)
		}
		if again := merged(t, string(packet), p); !bytes.Equal(again, packet) {
			t.Errorf("merging the same properties changed the packet\n%s\n%s", packet, again)
		}
		if bytes.Count(packet, []byte(mediatest.SourceType)) != 1 {
			t.Errorf("source type\n%s", packet)
		}
	}
}

func TestMergeKeeps(t *testing.T) {
	t.Parallel()
	element := `<TC260:AIGC>` + escaped + `</TC260:AIGC>`
	title := `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">标题 &amp; "x"</rdf:li></rdf:Alt></dc:title>`
	cases := map[string]string{
		"no label":                wrap(`<rdf:Description rdf:about=""` + dcNS + `>` + title + `</rdf:Description>`),
		"label in place":          wrap(`<rdf:Description rdf:about=""` + dcNS + tcNS + `>` + element + title + `</rdf:Description>`),
		"two labels":              wrap(`<rdf:Description` + dcNS + tcNS + `>` + element + title + element + `</rdf:Description>`),
		"attribute":               wrap(`<rdf:Description` + dcNS + tcNS + ` dc:source="s" TC260:AIGC="{}" dc:format="f">` + title + `</rdf:Description>`),
		"attribute inside value":  wrap(`<rdf:Description` + dcNS + tcNS + ` dc:source=" TC260:AIGC='x' " TC260:AIGC="{}">` + title + `</rdf:Description>`),
		"attribute and element":   wrap(`<rdf:Description` + dcNS + tcNS + ` TC260:AIGC="{}">` + element + title + `</rdf:Description>`),
		"attribute inside label":  wrap(`<rdf:Description` + dcNS + tcNS + `><TC260:AIGC><rdf:Description TC260:AIGC="{}"/></TC260:AIGC>` + title + `</rdf:Description>`),
		"RDF inside label":        wrap(`<rdf:Description` + dcNS + tcNS + `><TC260:AIGC><rdf:RDF/></TC260:AIGC>` + title + `</rdf:Description>`),
		"RDF inside RDF":          wrap(`<rdf:RDF><rdf:Description/></rdf:RDF><rdf:Description` + dcNS + `>` + title + `</rdf:Description>`),
		"label in a structure":    wrap(`<rdf:Description` + dcNS + tcNS + `><dc:x rdf:parseType="Resource">` + element + `</dc:x>` + title + `</rdf:Description>`),
		"label declares itself":   wrap(`<rdf:Description` + dcNS + `><TC260:AIGC` + tcNS + `>{}</TC260:AIGC>` + title + `</rdf:Description>`),
		"empty label":             wrap(`<rdf:Description` + dcNS + tcNS + `><TC260:AIGC/>` + title + `</rdf:Description>`),
		"two descriptions":        wrap(`<rdf:Description` + dcNS + `>` + title + `</rdf:Description><rdf:Description` + tcNS + `>` + element + `</rdf:Description>`),
		"foreign prefix":          wrap(`<rdf:Description` + dcNS + `>` + title + `</rdf:Description><rdf:Description xmlns:ns1="` + xmp.Namespace + `"><ns1:AIGC>{}</ns1:AIGC></rdf:Description>`),
		"RDF is default":          `<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"` + rdfNS + `><Description` + dcNS + `>` + title + `</Description></RDF>`,
		"comment and instruction": wrap(`<!-- TC260:AIGC --><?other x?><rdf:Description` + dcNS + `>` + title + `</rdf:Description>`),
		"carriage returns":        strings.ReplaceAll(wrap(`<rdf:Description`+dcNS+`>`+title+`</rdf:Description>`), "\n", "\r\n"),
		"trailing NUL":            wrap(`<rdf:Description`+dcNS+`>`+title+`</rdf:Description>`) + "\x00",
	}
	for name, packet := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{"a1", strings.Repeat("long", 100), "s"} {
				out := merged(t, packet, props(id))
				if !bytes.Contains(out, []byte(title)) {
					t.Errorf("the title is gone\n%s", out)
				}
				if strings.Contains(name, "attribute inside value") && !bytes.Contains(out, []byte(`dc:source=" TC260:AIGC='x' "`)) {
					t.Errorf("the value of another attribute changed\n%s", out)
				}
			}
			dropped, err := xmp.Drop([]byte(packet))
			if err != nil || !xmp.Clean(dropped) || !bytes.Contains(dropped, []byte(title)) {
				t.Errorf("Drop: %v\n%s", err, dropped)
			}
			wellFormed(t, dropped)
		})
	}
}

func TestMergeWithoutRDF(t *testing.T) {
	t.Parallel()
	for name, packet := range map[string]string{
		"nothing":            "",
		"empty packet":       start + "\n" + end,
		"NUL":                start + end + "\x00\x00",
		"empty xmpmeta":      start + `<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>` + end,
		"self-closing root":  start + `<x:xmpmeta xmlns:x="adobe:ns:meta/"/>` + end,
		"self-closing RDF":   start + `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF` + rdfNS + `/></x:xmpmeta>` + end,
		"self-closing, bare": `<rdf:RDF` + rdfNS + ` />`,
		"default, closing":   `<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>`,
		"label is the root":  `<TC260:AIGC` + tcNS + `>{}</TC260:AIGC>`,
		"byte order mark":    "\ufeff" + start + end,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := merged(t, packet, props("a1"))
			if strings.Contains(packet, end) && !bytes.HasSuffix(bytes.TrimRight(out, "\x00"), []byte(end)) {
				t.Errorf("text behind the packet's end\n%s", out)
			}
		})
	}
}

func TestMergeAbout(t *testing.T) {
	t.Parallel()
	for _, about := range []string{`rdf:about="uuid:1&amp;2"`, `about="uuid:1&amp;2"`} {
		out := merged(t, wrap(`<rdf:Description `+about+dcNS+` dc:format="f"/>`), props("a1"))
		if !bytes.Contains(out, []byte(about)) || !bytes.Contains(out, []byte(`rdf:about="uuid:1&amp;2"`+tcNS)) {
			t.Errorf("about\n%s", out)
		}
	}
}

func TestMergePadding(t *testing.T) {
	t.Parallel()
	packet := strings.Replace(wrap(`<rdf:Description rdf:about=""/>`), end, strings.Repeat(" ", 2000)+"\n"+end, 1)
	if out := merged(t, packet, props("a1")); len(out) != len(packet) {
		t.Errorf("%d bytes became %d", len(packet), len(out))
	}
	out := merged(t, packet, props(strings.Repeat("x", 3000)))
	if len(out) <= len(packet) || bytes.Contains(out, []byte("  <?xpacket end")) {
		t.Errorf("the padding was not used up\n%s", out)
	}
}

func TestMergeSourceType(t *testing.T) {
	t.Parallel()
	const other = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
	p := props("a1")
	p.DigitalSourceType = mediatest.SourceType
	for name, c := range map[string]struct {
		packet       string
		ours, theirs int
	}{
		"none":                {wrap(`<rdf:Description/>`), 1, 0},
		"attribute":           {wrap(`<rdf:Description` + iptcNS + ` Iptc4xmpExt:DigitalSourceType="` + other + `"/>`), 0, 1},
		"element":             {wrap(`<rdf:Description` + iptcNS + `><Iptc4xmpExt:DigitalSourceType>` + other + `</Iptc4xmpExt:DigitalSourceType></rdf:Description>`), 0, 1},
		"resource":            {wrap(`<rdf:Description` + iptcNS + `><Iptc4xmpExt:DigitalSourceType rdf:resource="` + other + `"/></rdf:Description>`), 0, 1},
		"label without":       {wrap(`<rdf:Description` + tcNS + `><TC260:AIGC>{}</TC260:AIGC></rdf:Description>`), 1, 0},
		"other prefix":        {wrap(`<rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" i:DigitalSourceType="` + other + `"/>`), 0, 1},
		"other namespace":     {wrap(`<rdf:Description` + dcNS + ` dc:DigitalSourceType="` + other + `"/>`), 1, 1},
		"label declares IPTC": {wrap(`<rdf:Description` + tcNS + iptcNS + `><TC260:AIGC>{}</TC260:AIGC></rdf:Description>`), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := merged(t, c.packet, p)
			if ours, theirs := bytes.Count(out, []byte(mediatest.SourceType)), bytes.Count(out, []byte(other)); ours != c.ours || theirs != c.theirs {
				t.Errorf("%d and %d source types, want %d and %d\n%s", ours, theirs, c.ours, c.theirs, out)
			}
			without := merged(t, c.packet, props("a1"))
			if bytes.Contains(without, []byte(mediatest.SourceType)) {
				t.Errorf("a source type that was not asked for\n%s", without)
			}
		})
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	laughs := `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>`
	label := `<TC260:AIGC` + tcNS + `>{}</TC260:AIGC>`
	for name, packet := range map[string]string{
		"billion laughs":      laughs + wrap(`<rdf:Description>&b;</rdf:Description>`),
		"external entity":     `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + wrap(`&a;`),
		"undefined entity":    wrap(`<rdf:Description>&nbsp;</rdf:Description>`),
		"deep":                wrap(strings.Repeat("<a>", 10000) + strings.Repeat("</a>", 10000)),
		"many labels":         wrap(strings.Repeat(label, 20)),
		"many attributes":     wrap(strings.Repeat(`<rdf:Description`+tcNS+` TC260:AIGC="{}"/>`, 20)),
		"attribute twice":     wrap(`<rdf:Description` + tcNS + ` TC260:AIGC="{}" TC260:AIGC="{}"/>`),
		"end without start":   wrap(`</a>`),
		"start without end":   wrap(`<a>`),
		"crossed":             wrap(`<a><b></a></b>`),
		"cut":                 wrap("")[:100],
		"invalid UTF-8":       wrap("<a>\xff\xfe</a>"),
		"UTF-16":              "\xfe\xff\x00<\x00?\x00x",
		"unquoted attribute":  wrap(`<rdf:Description a=b/>`),
		"instruction is open": wrap(`<?x`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, err := xmp.Merge([]byte(packet), props("a1")); !explained(err) {
				t.Errorf("Merge: %v\n%s", err, out)
			}
			if out, err := xmp.Drop([]byte(packet)); !explained(err) {
				t.Errorf("Drop: %v\n%s", err, out)
			}
			xmp.Read([]byte(packet), 0)
		})
	}
}

func explained(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind != colophon.Internal && e.Args["offset"] != "" && e.Args["what"] != ""
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(""))
	f.Add(xmp.New(xmp.Properties{Label: []byte("{}"), DigitalSourceType: mediatest.SourceType}))
	f.Add([]byte(wrap(`<rdf:Description rdf:about="u"` + tcNS + dcNS + ` TC260:AIGC='{}' dc:format="f"/>`)))
	f.Add([]byte(`<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>`))
	f.Add([]byte(`<?xml version="1.0"?>` + start + `<x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="r"??>`))
	f.Add([]byte(wrap(`<a:AIGC><rdf:RDF><b AIGC=""/></rdf:RDF></a:AIGC><![CDATA[]]>`)))
	f.Fuzz(func(t *testing.T, packet []byte) {
		xmp.Read(packet, 0)
		if dropped, err := xmp.Drop(packet); err != nil {
			if !explained(err) {
				t.Fatal(err)
			}
		} else if !xmp.Clean(dropped) {
			t.Fatalf("a label is left\n%s", dropped)
		}
		p := props("f1")
		p.DigitalSourceType = mediatest.SourceType
		out, err := xmp.Merge(packet, p)
		if err != nil {
			if !explained(err) {
				t.Fatal(err)
			}
			return
		}
		if found := xmp.Read(out, 0); len(found) != 1 || !bytes.Equal(found[0].Value, p.Label) {
			t.Fatalf("found %v\n%s", found, out)
		}
		if again, err := xmp.Merge(out, p); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("merging again: %v\n%q\n%q", err, out, again)
		}
	})
}
