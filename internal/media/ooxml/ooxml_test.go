package ooxml_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/ooxml"
)

// retyped returns a document whose main part has another content type.
func retyped(t *testing.T, b []byte, from, to string) []byte {
	t.Helper()
	var parts []part
	for name, text := range content(t, b) {
		if name == "[Content_Types].xml" {
			text = strings.ReplaceAll(text, from, to)
		}
		parts = append(parts, part{name, text})
	}
	return pack(t, parts...)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	docx := func(t *testing.T) []byte { return samples.docx(t) }
	xlsx := func(t *testing.T) []byte { return samples.xlsx(t) }
	pptx := func(t *testing.T) []byte { return samples.pptx(t) }
	as := func(of func(*testing.T) []byte, from, to string) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return retyped(t, of(t), from, to) }
	}
	for _, c := range []struct {
		name   string
		format media.Format
		sample func(*testing.T) []byte
	}{
		{"docx", media.DOCX, docx},
		{"xlsx", media.XLSX, xlsx},
		{"pptx", media.PPTX, pptx},
		{"dotx", media.DOTX, as(docx, "document.main+xml", "template.main+xml")},
		{"xltx", media.XLTX, as(xlsx, "sheet.main+xml", "template.main+xml")},
		{"potx", media.POTX, as(pptx, "presentation.main+xml", "template.main+xml")},
		{"docm", media.DOCX, as(docx, mainType, "application/vnd.ms-word.document.macroEnabled.main+xml")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: ooxml.Container{}, Format: c.format, Sample: c.sample(t), Same: same})
		})
	}
}

// TestReaders shows that other programs read the label, and the document as before.
func TestReaders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	write := func(name string, b []byte) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	for _, c := range []struct {
		name   string
		format media.Format
		sample []byte
	}{
		{"a.docx", media.DOCX, samples.docx(t)},
		{"b.xlsx", media.XLSX, samples.xlsx(t)},
		{"c.pptx", media.PPTX, samples.pptx(t)},
	} {
		labelled := mediatest.Apply(t, ooxml.Container{}, c.format, c.sample, put("a1"))
		before, after := mediatest.Exiftool(t, c.name, c.sample), mediatest.Exiftool(t, c.name, labelled)
		if after["XML:AIGC"] != string(put("a1").Value) {
			t.Errorf("%s: exiftool reads %q", c.name, after["XML:AIGC"])
		}
		for tag, value := range before {
			if strings.HasPrefix(tag, "XML:") && after[tag] != value {
				t.Errorf("%s: %s was %q and is %q", c.name, tag, value, after[tag])
			}
		}
		path := mediatest.File(t, c.name, labelled)
		if out := mediatest.Output(t, "python3", "-c", "import sys,zipfile;print(zipfile.ZipFile(sys.argv[1]).testzip())", path); string(bytes.TrimSpace(out)) != "None" {
			t.Errorf("%s: python finds %s damaged", c.name, out)
		}
		mediatest.Output(t, "unzip", "-tqq", path)
		valid(t, labelled)
		write("old-"+c.name, c.sample)
		write("new-"+c.name, labelled)
	}
	office(t, dir, "pdf", paths...)
	for i := 0; i < len(paths); i += 2 {
		old, now := pdfText(t, paths[i]), pdfText(t, paths[i+1])
		if old != now || len(strings.TrimSpace(now)) == 0 {
			t.Errorf("%s: LibreOffice shows %q, then %q", filepath.Base(paths[i+1]), old, now)
		}
	}
}

func pdfText(t *testing.T, path string) string {
	t.Helper()
	return string(mediatest.Output(t, "pdftotext", strings.TrimSuffix(path, filepath.Ext(path))+".pdf", "-"))
}

// valid checks the package rules that a label touches: content types and relationships agree with the parts, and
// property identifiers differ.
func valid(t *testing.T, b []byte) {
	t.Helper()
	parts := content(t, b)
	var types struct {
		Override []struct {
			PartName    string `xml:",attr"`
			ContentType string `xml:",attr"`
		}
	}
	var rels struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:",attr"`
			Target string `xml:",attr"`
		}
	}
	var props struct {
		Property []struct {
			PID  string `xml:"pid,attr"`
			Name string `xml:"name,attr"`
		} `xml:"property"`
	}
	for name, to := range map[string]any{"[Content_Types].xml": &types, "_rels/.rels": &rels, "docProps/custom.xml": &props} {
		if err := xml.Unmarshal([]byte(parts[name]), to); err != nil {
			t.Errorf("%s: %v\n%s", name, err, parts[name])
		}
	}
	overrides, linked := 0, 0
	for _, o := range types.Override {
		if _, ok := parts[strings.TrimPrefix(o.PartName, "/")]; !ok {
			t.Errorf("content type of %s, which is no part", o.PartName)
		}
		if strings.HasSuffix(o.ContentType, "custom-properties+xml") {
			overrides++
		}
	}
	ids := map[string]bool{}
	for _, r := range rels.Relationship {
		if ids[r.ID] {
			t.Errorf("relationship %s is there twice", r.ID)
		}
		ids[r.ID] = true
		if strings.Contains(strings.ToLower(r.Type), "custom") {
			linked++
			if _, ok := parts[strings.TrimPrefix(r.Target, "/")]; !ok {
				t.Errorf("relationship to %s, which is no part", r.Target)
			}
		}
	}
	if overrides != 1 || linked != 1 {
		t.Errorf("%d content types and %d relationships of custom properties", overrides, linked)
	}
	pids, labels := map[string]bool{}, 0
	for _, p := range props.Property {
		if pids[p.PID] || p.PID == "0" || p.PID == "1" {
			t.Errorf("property identifier %q", p.PID)
		}
		pids[p.PID] = true
		if p.Name == "AIGC" {
			labels++
		}
	}
	if labels != 1 {
		t.Errorf("%d properties are named AIGC", labels)
	}
}

// TestMerge labels documents that have properties, and labels, in all kinds of places.
func TestMerge(t *testing.T) {
	t.Parallel()
	const json = `{"Label":"1","ContentProducer":"x","ProduceID":"y"}`
	escaped := strings.ReplaceAll(json, `"`, "&quot;")
	other := `<property ` + fmtid + ` pid="5" name="Project"><vt:lpwstr>保留 &amp; kept</vt:lpwstr></property>`
	label := func(name string) string {
		return `<property ` + fmtid + ` pid="2" name="` + name + `"><vt:lpwstr>` + escaped + `</vt:lpwstr></property>`
	}
	item := func(name, text string) []part { return minimal("", "", part{name, text}) }
	core := `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title><dc:description>%</dc:description></cp:coreProperties>`
	coreRel := `<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>`
	withCore := func(text string) []byte {
		return pack(t, minimal(coreRel, "", part{"docProps/core.xml", strings.Replace(core, "%", text, 1)})...)
	}
	for _, c := range []struct {
		name   string
		file   []byte
		values []string
		place  media.Place
		codes  []colophon.Code
		kept   string // text that must stay in the parts
	}{
		{"nothing", pack(t, minimal("", "")...), nil, "", nil, ""},
		{"other property", withCustom(t, other), nil, "", nil, other},
		{"label", withCustom(t, other+label("AIGC")), []string{json}, media.PlaceProperty, nil, other},
		{"lower case", withCustom(t, label("aigc")+other), []string{json}, media.PlaceProperty, []colophon.Code{media.CodeIDSpelling}, other},
		{"two labels", withCustom(t, label("aigc")+other+label("AIGC")), []string{json, json}, media.PlaceProperty, nil, other},
		{"self-closing root", pack(t, minimal(customRel, customOver, part{"docProps/custom.xml", strings.Replace(customHead, ">", "/>", 1)})...), nil, "", nil, ""},
		{"other type", withCustom(t, strings.ReplaceAll(label("AIGC"), "lpwstr", "bstr")+other), []string{json}, media.PlaceProperty, nil, other},
		{"no relationship", pack(t, minimal("", "", part{"docProps/custom.xml", customHead + other + label("AIGC") + `</Properties>`})...), []string{json}, media.PlaceProperty, nil, other},
		{"absolute target", pack(t, minimal(strings.Replace(customRel, `"docProps`, `"/docProps`, 1), customOver, part{"docProps/custom.xml", customHead + other + `</Properties>`})...), nil, "", nil, other},
		{"relationship to nothing", pack(t, minimal(customRel, "")...), nil, "", nil, ""},
		{"backslash in name", pack(t, minimal(customRel, customOver, part{`docProps\custom.xml`, customHead + label("AIGC") + `</Properties>`})...), []string{json}, media.PlaceProperty, nil, ""},
		{"prefixed root", pack(t, minimal(customRel, customOver, part{"docProps/custom.xml", `<p:Properties xmlns:p="` + office2006 + `custom-properties"><p:property ` + fmtid + ` pid="3" name="A"><x:i4 xmlns:x="` + office2006 + `docPropsVTypes">7</x:i4></p:property></p:Properties>`})...), nil, "", nil, ">7</x:i4>"},
		{"UTF-8 mark", pack(t, minimal(customRel, customOver, part{"docProps/custom.xml", "\ufeff" + customHead + other + `</Properties>`})...), nil, "", nil, other},
		{"custom XML text", pack(t, item("customXml/aigcMetadata1.xml", `<a:AIGCMetadata xmlns:a="urn:a"><a:AIGC>`+json+`</a:AIGC></a:AIGCMetadata>`)...), []string{json}, media.PlaceCustomXML, []colophon.Code{media.CodeOtherPlace}, "a:AIGCMetadata"},
		{"custom XML in CDATA", pack(t, item("customXml/item1.xml", `<r><b>bib</b><aigc><![CDATA[`+json+`]]></aigc></r>`)...), []string{json}, media.PlaceCustomXML, []colophon.Code{media.CodeOtherPlace}, "<b>bib</b>"},
		{"custom XML elements", pack(t, item("customXml/aigcMetadata.xml", `<AIGC xmlns="urn:b"><Label>1</Label><ContentProducer>x</ContentProducer><ProduceID>y</ProduceID></AIGC>`)...), []string{json}, media.PlaceCustomXML, []colophon.Code{media.CodeOtherPlace}, ""},
		{"custom XML, other names", pack(t, item("customXml/aigcMetadata1.xml", `<root><x>y</x><info>before `+escaped+` after</info></root>`)...), []string{"before " + json + " after"}, media.PlaceCustomXML, []colophon.Code{media.CodeOtherPlace}, "<x>y</x><info>before after</info>"},
		{"custom XML, fields below another name", pack(t, item("customXml/aigcMetadata.xml", `<aigcMetadata><Label>1</Label><ContentProducer>x</ContentProducer><ProduceID>y</ProduceID></aigcMetadata>`)...), []string{json}, media.PlaceCustomXML, []colophon.Code{media.CodeOtherPlace}, "<aigcMetadata></aigcMetadata>"},
		{"custom XML, fields among others", pack(t, item("customXml/aigcMetadata.xml", `<m><ContentProducer>x</ContentProducer><o>1</o></m>`)...), nil, "", nil, "<o>1</o>"},
		{"custom XML of another name", pack(t, item("customXml/item1.xml", `<root>`+escaped+`</root>`)...), nil, "", nil, escaped},
		{"description", withCore("before " + escaped + " after"), []string{"before " + json + " after"}, media.PlaceDescription, []colophon.Code{media.CodeOtherPlace}, "before after"},
		{"description with key", withCore("AIGC: " + escaped), []string{"AIGC: " + json}, media.PlaceDescription, []colophon.Code{media.CodeOtherPlace}, "<dc:title>T</dc:title>"},
		{"word AIGC alone", withCore("about AIGC {x}"), nil, "", nil, "about AIGC {x}"},
		{"property and custom XML", pack(t, minimal(customRel, customOver, part{"docProps/custom.xml", customHead + label("AIGC") + `</Properties>`}, part{"customXml/item1.xml", `<AIGC>` + json + `</AIGC>`})...), []string{json, json}, media.PlaceProperty, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := ooxml.Container{}.Scan(bytes.NewReader(c.file), media.DOCX)
			if err != nil {
				t.Fatal(err)
			}
			if len(survey.Labels) != len(c.values) {
				t.Fatalf("labels %v", survey.Labels)
			}
			for i, value := range c.values {
				if string(survey.Labels[i].Value) != value {
					t.Errorf("value %s", survey.Labels[i].Value)
				}
			}
			if len(c.values) == 1 {
				if survey.Labels[0].Place != c.place || len(survey.Labels[0].Findings) != len(c.codes) {
					t.Errorf("label %v", survey.Labels[0])
				}
				for i, code := range c.codes {
					if survey.Labels[0].Findings[i].Code != code {
						t.Errorf("finding %v", survey.Labels[0].Findings[i])
					}
				}
			}
			out := mediatest.Apply(t, ooxml.Container{}, media.DOCX, c.file, put("a1"))
			mediatest.One(t, ooxml.Container{}, media.DOCX, out, media.PlaceProperty, put("a1").Value)
			if again := mediatest.Apply(t, ooxml.Container{}, media.DOCX, out, put("a1")); !bytes.Equal(again, out) {
				t.Error("the same label again changed the file")
			}
			if !strings.Contains(c.name, "backslash") {
				valid(t, out)
			}
			all := ""
			for _, text := range content(t, out) {
				all += text
			}
			if !strings.Contains(all, c.kept) {
				t.Errorf("%s is gone", c.kept)
			}
		})
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	parts := minimal("", "")
	parts[1].text = strings.ReplaceAll(parts[1].text, office2006, "http://purl.oclc.org/ooxml/officeDocument/")
	out := mediatest.Apply(t, ooxml.Container{}, media.DOCX, pack(t, parts...), put("a1"))
	now := content(t, out)
	if !strings.Contains(now["_rels/.rels"], "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties") ||
		!strings.Contains(now["docProps/custom.xml"], "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes") {
		t.Errorf("%s\n%s", now["_rels/.rels"], now["docProps/custom.xml"])
	}
	valid(t, out)
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	file := pack(t, minimal("", "", part{"_xmlsignatures/origin.sigs", ""}, part{"META-INF/content_credential.c2pa", "x"})...)
	survey, err := ooxml.Container{}.Scan(bytes.NewReader(file), media.DOCX)
	if err != nil || len(survey.Signatures) != 2 || survey.Signatures[0].Kind != media.SignatureOOXML || survey.Signatures[1].Kind != media.SignatureC2PA {
		t.Fatalf("%v, %v", survey.Signatures, err)
	}
	for _, s := range survey.Signatures {
		if !bytes.HasPrefix(file[s.Offset:], []byte("PK\x03\x04")) {
			t.Errorf("offset %d", s.Offset)
		}
	}
	rel := `<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin" Target="sig/o.sigs"/>`
	survey, err = ooxml.Container{}.Scan(bytes.NewReader(pack(t, minimal(rel, "")...)), media.DOCX)
	if err != nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureOOXML {
		t.Fatalf("%v, %v", survey.Signatures, err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	broken := func(i int, text string) []byte {
		parts := minimal(customRel, customOver, part{"docProps/custom.xml", customHead + `</Properties>`})
		parts[i].text = text
		return pack(t, parts...)
	}
	for name, file := range map[string][]byte{
		"empty":               {},
		"no relationships":    pack(t, minimal("", "")[0]),
		"relationships cut":   broken(1, "<Relationships><Relationship"),
		"other root":          broken(1, "<Types/>"),
		"types cut":           broken(0, "<Types><Override/>"),
		"two parts, one name": pack(t, append(minimal("", ""), part{"WORD/document.xml", "<x/>"})...),
		"properties cut":      broken(3, customHead),
		"properties crossed":  broken(3, customHead+"<a></b></Properties>"),
		"properties UTF-16":   broken(3, "\xff\xfe<\x00"),
		"properties deep":     broken(3, strings.Repeat("<a>", 5000)+strings.Repeat("</a>", 5000)),
		"entity":              broken(3, `<!DOCTYPE x [<!ENTITY a "b">`+customHead+"&a;</Properties>"),
		"no room":             broken(3, customHead+`<property pid="2147483647" name="x"/></Properties>`),
		"hidden label":        pack(t, minimal("", "", part{"customXml/item1.xml", "<AIGC>{"})...),
		"damaged description": pack(t, minimal("", "", part{"docProps/core.xml", `<c><d>words {"ContentProducer": </d></c>`})...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ooxml.Container{}.Edit(bytes.NewReader(file), media.DOCX, put("a1"))
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]media.Format{
		"application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml": media.PPTX,
		"application/vnd.ms-excel.sheet.macroEnabled.main+xml":                            media.XLSX,
		"application/vnd.ms-powerpoint.template.macroEnabled.main+xml":                    media.POTX,
		"application/vnd.ms-excel.template.macroEnabled.main+xml":                         media.XLTX,
		"application/vnd.ms-word.template.macroEnabledTemplate.main+xml":                  media.DOTX,
		"application/vnd.ms-visio.drawing.main+xml":                                       media.Unknown,
	} {
		parts := minimal("", "")
		parts[0].text = strings.ReplaceAll(parts[0].text, mainType, contentType)
		if got := mediatest.Sniff(ooxml.Container{}, pack(t, parts...)); got != want {
			t.Errorf("%s: %q", contentType, got)
		}
	}
	for _, b := range [][]byte{nil, []byte("PK\x03\x04"), []byte("text"), pack(t, part{"a.txt", "x"}), pack(t, part{"[Content_Types].xml", "x"})} {
		if got := mediatest.Sniff(ooxml.Container{}, b); got != media.Unknown {
			t.Errorf("%q", got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	label := `<property ` + fmtid + ` pid="2" name="aigc"><vt:lpwstr>{}</vt:lpwstr></property>`
	f.Add(pack(f, minimal("", "")...))
	f.Add(withCustom(f, label))
	f.Add(pack(f, minimal("", "", part{"customXml/item1.xml", "<AIGC>{}</AIGC>"})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, ooxml.Container{}, media.PlaceProperty, b)
	})
}

// FuzzParts changes the text of parts inside an archive that is always sound, which bytes of a ZIP file seldom are.
func FuzzParts(f *testing.F) {
	f.Add(customHead+`<property `+fmtid+` pid="2" name="aigc"><vt:lpwstr>{}</vt:lpwstr></property></Properties>`, "<c><d>AIGC: {\"ContentProducer\":1}</d></c>", "<AIGC>{}</AIGC>")
	f.Add(customHead+`</Properties>`, "<c/>", `<r xmlns:a="b"><a:aigc><Label>1</Label></a:aigc></r>`)
	f.Add(`<p:Properties xmlns:p=""/>`, "<c><![CDATA[]]></c>", "\ufeff<r/>")
	f.Fuzz(func(t *testing.T, custom, core, item string) {
		parts := minimal(customRel, customOver, part{"docProps/custom.xml", custom}, part{"docProps/core.xml", core}, part{"customXml/item1.xml", item})
		mediatest.Survive(t, ooxml.Container{}, media.PlaceProperty, pack(t, parts...))
	})
}

func BenchmarkEdit(b *testing.B) {
	file := withCustom(b, `<property `+fmtid+` pid="2" name="Project"><vt:lpwstr>x</vt:lpwstr></property>`)
	for b.Loop() {
		if _, err := (ooxml.Container{}).Edit(bytes.NewReader(file), media.DOCX, put("a1")); err != nil {
			b.Fatal(err)
		}
	}
}
