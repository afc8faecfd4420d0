package svg_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/svg"
)

const (
	space    = ` xmlns="http://www.w3.org/2000/svg"`
	rdfNS    = ` xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"`
	tcNS     = ` xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"`
	drawing  = `<rect x="1" y="1" width="30" height="20" fill="#c33"/><circle cx="40" cy="30" r="15" fill="teal"/>`
	plain    = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<svg" + space + ` width="64" height="48">` + drawing + "</svg>\n"
	json     = `{"Label":"1","ContentProducer":"x"}`
	escaped  = `{&quot;Label&quot;:&quot;1&quot;,&quot;ContentProducer&quot;:&quot;x&quot;}`
	inkscape = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg
   xmlns:dc="http://purl.org/dc/elements/1.1/"
   xmlns:cc="http://creativecommons.org/ns#"
   xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
   xmlns="http://www.w3.org/2000/svg"
   width="64" height="48">
  <title>题 &amp; title</title>
  <metadata
     id="metadata5">
    <rdf:RDF>
      <cc:Work
         rdf:about="">
        <dc:format>image/svg+xml</dc:format>
        <dc:type
           rdf:resource="http://purl.org/dc/dcmitype/StillImage" />
      </cc:Work>
    </rdf:RDF>
  </metadata>
  <rect x="1" y="1" width="30" height="20" fill="#c33"/>
</svg>
`
	illustrator = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
	<!ENTITY ns_svg "http://www.w3.org/2000/svg">
	<!ENTITY ns_sfw "http://ns.adobe.com/SaveForWeb/1.0/">
]>
<svg xmlns="&ns_svg;" width="64" height="48"><metadata><sfw xmlns="&ns_sfw;"><slices></slices></sfw></metadata>` + drawing + `</svg>`
)

// rendered returns the pixels that librsvg draws.
func rendered(t *testing.T, b []byte) []byte {
	t.Helper()
	return mediatest.Output(t, "rsvg-convert", "--width", "64", mediatest.File(t, "a.svg", b))
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.Equal(rendered(t, before), rendered(t, after)) {
		t.Error("the image changed")
	}
	mediatest.Output(t, "xmllint", "--noout", "--nonet", mediatest.File(t, "a.svg", after))
}

func put(id string) media.Put {
	return media.Put{Place: media.PlaceXMP, Value: mediatest.Value(id), DigitalSourceType: mediatest.SourceType}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]string{
		"plain":                 plain,
		"Inkscape":              inkscape,
		"Illustrator, entities": illustrator,
		"byte order mark":       "\ufeff" + plain,
		"prefixed root":         `<s:svg xmlns:s="http://www.w3.org/2000/svg" width="64" height="48"><s:rect width="9" height="9"/></s:svg>`,
		"self-closing root":     `<svg` + space + ` width="64" height="48"/>`,
		"empty metadata":        strings.Replace(plain, "<rect", "<metadata/><rect", 1),
		"title and description": strings.Replace(plain, "<rect", "<title>t</title> <desc>d</desc><g/><rect", 1),
		"GB 18030":              "<?xml version=\"1.0\" encoding=\"GB18030\"?><svg" + space + ` width="64" height="48"><title>` + "\xce\xc4\xd7\xd6" + `</title></svg>`,
		"carriage returns":      strings.ReplaceAll(inkscape, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: svg.Container{}, Format: media.SVG, Sample: []byte(sample), Same: same})
			if name == "prefixed root" {
				return // exiftool does not take it for SVG
			}
			out := mediatest.Apply(t, svg.Container{}, media.SVG, []byte(sample), put("a1"))
			tags := mediatest.Exiftool(t, "a.svg", out)
			if tags["XMP-TC260:Aigc"] != string(put("a1").Value) || tags["XMP-iptcExt:DigitalSourceType"] != mediatest.SourceType {
				t.Errorf("exiftool reads %v", tags)
			}
		})
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	b, ok := mediatest.Sample(t, "media/sample1.svg")
	if !ok {
		return
	}
	mediatest.Run(t, mediatest.Case{Container: svg.Container{}, Format: media.SVG, Sample: b})
	out := mediatest.Apply(t, svg.Container{}, media.SVG, b, put("a1"))
	same(t, b, out)
	if !bytes.Contains(out, []byte("<stEvt:softwareAgent>Adobe Bridge 2025</stEvt:softwareAgent>")) {
		t.Error("the XMP history is gone")
	}
}

func TestMergeKeeps(t *testing.T) {
	t.Parallel()
	before := mediatest.Exiftool(t, "a.svg", []byte(inkscape))
	out := mediatest.Apply(t, svg.Container{}, media.SVG, []byte(inkscape), put("a1"))
	after := mediatest.Exiftool(t, "a.svg", out)
	for tag, value := range before {
		if (strings.HasPrefix(tag, "XMP") || strings.HasPrefix(tag, "SVG")) && after[tag] != value {
			t.Errorf("%s was %q and is %q", tag, value, after[tag])
		}
	}
	head, tail, ok := bytes.Cut(out, []byte(" <rdf:Description"))
	_, tail, ok2 := bytes.Cut(tail, []byte("</rdf:Description>\n"))
	if !ok || !ok2 || string(head)+string(tail) != inkscape {
		t.Errorf("more than the label changed\n%s", out)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	label := `<rdf:Description rdf:about=""` + tcNS + `><TC260:AIGC>` + escaped + `</TC260:AIGC></rdf:Description>`
	rdf := `<rdf:RDF` + rdfNS + `>` + label + `</rdf:RDF>`
	in := func(s string) string { return strings.Replace(plain, "<rect", s+"<rect", 1) }
	for _, c := range []struct {
		name, file string
		values     int
		place      media.Place
		code       colophon.Code
	}{
		{"RDF", in("<metadata>" + rdf + "</metadata>"), 1, media.PlaceXMP, ""},
		{"XMP packet", in("<metadata><?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>" + rdf + "</x:xmpmeta><?xpacket end='w'?></metadata>"), 1, media.PlaceXMP, ""},
		{"namespaces on the root", strings.Replace(in("<metadata>"+strings.ReplaceAll(rdf, rdfNS, "")+"</metadata>"), "<svg", "<svg"+rdfNS, 1), 1, media.PlaceXMP, ""},
		{"attribute", in("<metadata><rdf:RDF" + rdfNS + "><rdf:Description TC260:AIGC='" + json + "'" + tcNS + "/></rdf:RDF></metadata>"), 1, media.PlaceXMP, media.CodeAttributeForm},
		{"nested metadata", in("<g><metadata>" + rdf + "</metadata></g>"), 1, media.PlaceXMP, ""},
		{"behind the drawing", strings.Replace(plain, "</svg>", "<metadata>"+rdf+"</metadata></svg>", 1), 1, media.PlaceXMP, ""},
		{"two metadata", in("<metadata/><metadata>" + rdf + "</metadata>"), 1, media.PlaceXMP, ""},
		{"two RDF", in("<metadata>" + rdf + "</metadata><g><metadata>" + rdf + "</metadata></g>"), 2, "", ""},
		{"free text", in("<metadata>AIGC: " + escaped + "</metadata>"), 1, media.PlaceDescription, media.CodeOtherPlace},
		{"description", in("<desc>drawn <![CDATA[" + json + "]]></desc>"), 1, media.PlaceDescription, media.CodeOtherPlace},
		{"comment", in("<!-- AIGC: " + json + " -->"), 1, media.PlaceComment, media.CodeOtherPlace},
		{"comment before the root", strings.Replace(plain, "<svg", "<!-- "+json+" --><svg", 1), 1, media.PlaceComment, media.CodeOtherPlace},
		{"words alone", in("<desc>AIGC {x}</desc><!-- AIGC -->"), 0, "", ""},
		{"CDATA is no markup", in("<style><![CDATA[<metadata>" + rdf + "</metadata>]]></style>"), 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := svg.Container{}.Scan(strings.NewReader(c.file), media.SVG)
			if err != nil || len(survey.Labels) != c.values {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			if c.values == 1 {
				l := survey.Labels[0]
				if l.Place != c.place || !bytes.Contains(l.Value, []byte(json)) || (len(l.Findings) > 0) != (c.code != "") {
					t.Errorf("label %v", l)
				}
				if len(l.Findings) > 0 && l.Findings[0].Code != c.code {
					t.Errorf("finding %v", l.Findings)
				}
				if c.file[l.Offset] != '<' && c.file[l.Offset] != ' ' {
					t.Errorf("offset %d: %q", l.Offset, c.file[l.Offset:min(len(c.file), int(l.Offset)+20)])
				}
			}
			out := mediatest.Apply(t, svg.Container{}, media.SVG, []byte(c.file), put("a1"))
			mediatest.One(t, svg.Container{}, media.SVG, out, media.PlaceXMP, put("a1").Value)
			if again := mediatest.Apply(t, svg.Container{}, media.SVG, out, put("a1")); !bytes.Equal(again, out) {
				t.Errorf("the same label again changed the file\n%s\n%s", out, again)
			}
			if err := xml.Unmarshal(out, new(struct{})); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			same(t, []byte(c.file), out)
		})
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	file := strings.Replace(plain, "<rect", `<metadata><c2pa:manifest xmlns:c2pa="http://c2pa.org/manifest">AAAA</c2pa:manifest></metadata><rect`, 1)
	survey, err := svg.Container{}.Scan(strings.NewReader(file), media.SVG)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA ||
		!strings.HasPrefix(file[survey.Signatures[0].Offset:], "<c2pa:manifest") {
		t.Fatalf("%v, %v", survey.Signatures, err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	laughs := `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>`
	in := func(s string) string { return "<svg" + space + ">" + s + "</svg>" }
	for name, file := range map[string]string{
		"empty":                  "",
		"no root":                "<!-- x -->",
		"other root":             "<html/>",
		"cut":                    plain[:120],
		"crossed":                in("<g><a></g></a>"),
		"two roots":              plain + plain,
		"deep":                   in(strings.Repeat("<g>", 5000) + strings.Repeat("</g>", 5000)),
		"UTF-16":                 "\xff\xfe<\x00s\x00",
		"entity in RDF":          laughs + in("<metadata><rdf:RDF"+rdfNS+"><rdf:Description>&c;</rdf:Description></rdf:RDF></metadata>"),
		"namespace is an entity": `<!DOCTYPE svg [<!ENTITY r "http://www.w3.org/1999/02/22-rdf-syntax-ns#">]>` + in("<metadata><RDF xmlns='&r;'/></metadata>"),
		"label among elements":   in("<metadata><a>" + json + "</a></metadata>"),
		"damaged label":          in(`<desc>words {"ContentProducer":</desc>`),
		"many labels":            in(strings.Repeat("<desc>"+json+"</desc>", 100)),
		"many namespaces":        in(strings.Repeat("<g"+strings.Repeat(" xmlns:a='b'", 100)+">", 10)),
		"tag not closed":         "<svg" + space,
		"attribute not closed":   `<svg a="`,
		"DOCTYPE not closed":     `<!DOCTYPE svg [<!ENTITY a "b">` + in(""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := svg.Container{}.Edit(strings.NewReader(file), media.SVG, put("a1"))
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" {
				t.Errorf("%v", err)
			}
		})
	}
	// Entities that the label has nothing to do with stay, unexpanded.
	file := laughs + in("<text>&c;</text>")
	out := mediatest.Apply(t, svg.Container{}, media.SVG, []byte(file), put("a1"))
	if !bytes.HasPrefix(out, []byte(laughs)) || !bytes.HasSuffix(out, []byte("<text>&c;</text></svg>")) {
		t.Errorf("%s", out)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	long := "<!--" + strings.Repeat("x", 10000) + "-->"
	for text, want := range map[string]media.Format{
		plain: media.SVG, illustrator: media.SVG, "\ufeff  " + plain: media.SVG, long + plain: media.SVG,
		"<svg " + strings.Repeat("a='b' ", 20000) + "/>": media.SVG,
		"": "", "<": "", "text": "", "<html><svg/></html>": "", "<!DOCTYPE html><svg/>x": "", "\x1f\x8b\x08": "", "x<svg/>": "",
		long: "", "\xff\xfe<\x00s\x00v\x00g\x00": "",
	} {
		if got := mediatest.Sniff(svg.Container{}, []byte(text)); got != want {
			t.Errorf("%.40q: %q", text, got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	for _, seed := range []string{plain, inkscape, illustrator, `<svg/>`, `<svg><metadata><a:RDF xmlns:a="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata></svg>`, `<svg><desc>{"ContentProducer":1}</desc><!--{"ContentProducer":1}--></svg>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, svg.Container{}, media.PlaceXMP, b) })
}

func BenchmarkEdit(b *testing.B) {
	file := []byte(strings.Replace(plain, drawing, strings.Repeat(drawing, 2000), 1))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		src := bytes.NewReader(file)
		if _, err := (svg.Container{}).Edit(src, media.SVG, put("a1")); err != nil {
			b.Fatal(err)
		}
	}
}
