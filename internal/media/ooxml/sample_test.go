package ooxml_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// The three documents are written as flat OpenDocument and turned into OOXML by LibreOffice.
const (
	flatHead = `<?xml version="1.0" encoding="UTF-8"?><office:document office:version="1.2"` +
		` xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"` +
		` xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"` +
		` xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"` +
		` xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" office:mimetype="application/vnd.oasis.opendocument.`
	flatMeta = `"><office:meta><dc:title>Spring report</dc:title><meta:user-defined meta:name="Project" meta:value-type="string">Kept 保留</meta:user-defined></office:meta><office:body>`
	flatEnd  = `</office:body></office:document>`
	flatText = flatHead + `text` + flatMeta + `<office:text><text:p>Words 文字</text:p></office:text>` + flatEnd
	flatCalc = flatHead + `spreadsheet">` + `<office:body><office:spreadsheet><table:table table:name="S"><table:table-row><table:table-cell><text:p>Cell 单元</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>` + flatEnd
	flatShow = flatHead + `presentation">` + `<office:body><office:presentation><draw:page draw:name="p"><draw:frame svg:width="10cm" svg:height="3cm" svg:x="1cm" svg:y="1cm"><draw:text-box><text:p>Slide 幻灯</text:p></draw:text-box></draw:frame></draw:page></office:presentation>` + flatEnd
)

// office runs LibreOffice on files in a folder, with a profile of its own.
func office(t testing.TB, dir, filter string, files ...string) {
	t.Helper()
	args := []string{"-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--headless", "--convert-to", filter, "--outdir", dir}
	mediatest.Output(t, "soffice", append(args, files...)...)
}

// flat converts one flat OpenDocument file, once for all tests that want the result.
func flat(name, target, content string) func(testing.TB) []byte {
	var once sync.Once
	var made []byte
	return func(t testing.TB) []byte {
		t.Helper()
		once.Do(func() {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			office(t, dir, target, path)
			b, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + "." + target)
			if err != nil {
				t.Fatal(err)
			}
			made = b
		})
		if made == nil {
			t.Fatalf("LibreOffice made no %s", target)
		}
		return made
	}
}

// files are the samples, each made at its first use.
type files struct{ docx, xlsx, pptx func(testing.TB) []byte }

var samples = files{
	docx: flat("a.fodt", "docx", flatText),
	xlsx: flat("a.fods", "xlsx", flatCalc),
	pptx: flat("a.fodp", "pptx", flatShow),
}

// content unpacks a ZIP file with the standard library.
func content(t testing.TB, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		parts[f.Name] = string(text)
	}
	return parts
}

// part is one entry of a package that a test builds.
type part struct{ name, text string }

// pack builds a ZIP file in the order given.
func pack(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		f, err := w.Create(p.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	relsSpace  = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	typesSpace = `xmlns="http://schemas.openxmlformats.org/package/2006/content-types"`
	office2006 = "http://schemas.openxmlformats.org/officeDocument/2006/"
	mainType   = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
)

func minimal(extraRels, extraTypes string, more ...part) []part {
	return append([]part{
		{"[Content_Types].xml", `<Types ` + typesSpace + `><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="` + mainType + `"/>` + extraTypes + `</Types>`},
		{"_rels/.rels", `<Relationships ` + relsSpace + `><Relationship Id="rId1" Type="` + office2006 + `relationships/officeDocument" Target="word/document.xml"/>` + extraRels + `</Relationships>`},
		{"word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>x</w:t></w:r></w:p></w:body></w:document>`},
	}, more...)
}

const (
	customRel  = `<Relationship Id="rId7" Type="` + office2006 + `relationships/custom-properties" Target="docProps/custom.xml"/>`
	customOver = `<Override PartName="/docProps/custom.xml" ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/>`
	customHead = `<Properties xmlns="` + office2006 + `custom-properties" xmlns:vt="` + office2006 + `docPropsVTypes">`
	fmtid      = `fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"`
)

func withCustom(t testing.TB, properties string) []byte {
	return pack(t, minimal(customRel, customOver, part{"docProps/custom.xml", customHead + properties + `</Properties>`})...)
}

// same fails the test unless all parts but the three that a label changes are equal.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	old, now := content(t, before), content(t, after)
	for name, text := range old {
		switch name {
		case "docProps/custom.xml", "_rels/.rels", "[Content_Types].xml":
		default:
			if now[name] != text {
				t.Errorf("part %s changed", name)
			}
		}
	}
	for name := range now {
		if _, ok := old[name]; !ok && name != "docProps/custom.xml" {
			t.Errorf("part %s is new", name)
		}
	}
}

func put(id string) media.Put {
	return media.Put{Place: media.PlaceProperty, Value: mediatest.Value(id)}
}
