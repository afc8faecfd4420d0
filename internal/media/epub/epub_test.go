package epub_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/epub"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// made is an EPUB 3 publication from LibreOffice.
func made(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.fodt")
	const text = `<?xml version="1.0" encoding="UTF-8"?><office:document office:version="1.2" xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text><text:p>Words 文字</text:p></office:text></office:body></office:document>`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "epub", "--outdir", dir, path)
	b, err := os.ReadFile(filepath.Join(dir, "a.epub"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// part is one entry of a publication that a test builds.
type part struct{ name, text string }

const (
	mimeType  = "application/epub+zip"
	container = `<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`
	dc        = ` xmlns:dc="http://purl.org/dc/elements/1.1/"`
	opfSpace  = "http://www.idpf.org/2007/opf"
	title     = `<dc:title>书 &amp; book</dc:title>`
)

// opf returns an EPUB 2 package document.
func opf(metadata string) string {
	return "<?xml version=\"1.0\"?>\r\n<package xmlns=\"" + opfSpace + `" version="2.0" unique-identifier="id"><metadata` + dc + ` xmlns:opf="` + opfSpace + `">` +
		title + metadata + `</metadata><manifest/><spine/></package>`
}

// pack builds a publication, mimetype first and stored.
func pack(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	raw := &zip.FileHeader{Name: "mimetype", CRC32: crc32.ChecksumIEEE([]byte(mimeType)), CompressedSize64: uint64(len(mimeType)), UncompressedSize64: uint64(len(mimeType))}
	f, err := w.CreateRaw(raw) // without the data descriptor that the writer would add
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, mimeType); err != nil {
		t.Fatal(err)
	}
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

func book(t testing.TB, opf string) []byte {
	return pack(t, part{"META-INF/container.xml", container}, part{"OEBPS/content.opf", opf}, part{"OEBPS/a.xhtml", "<html/>"})
}

func read(t testing.TB, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for i, f := range r.File {
		if i == 0 && (f.Name != "mimetype" || f.Method != zip.Store) {
			t.Errorf("first entry %s, method %d", f.Name, f.Method)
		}
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

func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.HasPrefix(after[30:], []byte("mimetypeapplication/epub+zip")) {
		t.Errorf("beginning %q", after[:64])
	}
	old, now := read(t, before), read(t, after)
	if len(old) != len(now) {
		t.Errorf("%d entries became %d", len(old), len(now))
	}
	for name, text := range old {
		if !strings.HasSuffix(name, ".opf") && now[name] != text {
			t.Errorf("entry %s changed", name)
		}
	}
}

func put(id string) media.Put { return media.Put{Place: media.PlaceMeta, Value: mediatest.Value(id)} }

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]func(*testing.T) []byte{
		"EPUB 3 by LibreOffice": made,
		"EPUB 2":                func(t *testing.T) []byte { return book(t, opf("")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mediatest.Case{Container: epub.Container{}, Format: media.EPUB, Sample: sample(t), Same: same}
			mediatest.Run(t, c)
			out := mediatest.Apply(t, epub.Container{}, media.EPUB, c.Sample, put("a1"))
			readBack(t, out)
		})
	}
}

// readBack reads the label with parsers that are not ours.
func readBack(t *testing.T, b []byte) {
	t.Helper()
	path := mediatest.File(t, "a.epub", b)
	if got := mediatest.Output(t, "python3", "-c", `
import sys, zipfile
import xml.etree.ElementTree as tree
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
assert z.infolist()[0].filename == "mimetype" and z.infolist()[0].compress_type == 0
n = [n for n in z.namelist() if n.endswith(".opf")][0]
ns = "{http://www.idpf.org/2007/opf}"
found = [m.get("content") for m in tree.fromstring(z.read(n)).find(ns + "metadata").iter(ns + "meta") if m.get("name") == "AIGC"]
assert len(found) == 1
print(found[0], end="")
`, path); !bytes.Equal(got, put("a1").Value) {
		t.Errorf("python reads %s", got)
	}
	mediatest.Output(t, "unzip", "-tqq", path)
	if got := mediatest.Output(t, "file", "-b", "--mime-type", path); strings.TrimSpace(string(got)) != "application/epub+zip" {
		t.Errorf("file reads %s", got)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	const json = `{"Label":"1","ContentProducer":"x"}`
	escaped := strings.ReplaceAll(json, `"`, "&quot;")
	cover := `<meta name="cover" content="img"/>`
	for _, c := range []struct {
		name, opf string
		values    int
		place     media.Place
		code      colophon.Code
		kept      string
	}{
		{"nothing", opf(cover), 0, "", "", cover},
		{"ours", opf(cover + `<meta name="AIGC" content="` + escaped + `"/>`), 1, media.PlaceMeta, "", cover},
		{"single quotes", opf(`<meta content='` + json + `' name='AIGC'/>` + cover), 1, media.PlaceMeta, "", cover},
		{"lower case", opf(`<meta name="aigc" content="` + escaped + `"/>` + cover), 1, media.PlaceMeta, media.CodeIDSpelling, cover},
		{"EPUB 3 form", opf(cover + `<meta property="tc260:AIGC">` + escaped + `</meta>`), 1, media.PlaceMeta, media.CodeIDSpelling, cover},
		{"EPUB 3 form, bare", opf(`<meta property="AIGC"><![CDATA[` + json + `]]></meta>` + cover), 1, media.PlaceMeta, "", cover},
		{"two", opf(`<meta name="AIGC" content="` + escaped + `"/><meta property="AIGC">` + escaped + `</meta>`), 2, "", "", title},
		{"prefixed", strings.NewReplacer("<package xmlns=", "<o:package xmlns:o=", "</package", "</o:package", "<metadata", "<o:metadata", "</metadata", "</o:metadata", "<manifest/><spine/>", "").Replace(opf("")), 0, "", "", title},
		{"self-closing", `<package xmlns="` + opfSpace + `"><metadata/></package>`, 0, "", "", "<metadata>"},
		{"description", opf(`<dc:description>tale ` + escaped + ` end</dc:description>`), 1, media.PlaceDescription, media.CodeOtherPlace, "<dc:description>tale end</dc:description>"},
		{"other description", opf(`<dc:description>about AIGC</dc:description>`), 0, "", "", "about AIGC"},
		{"comment", opf(`<!-- <meta name="AIGC" content="x"/> -->`), 0, "", "", `<!-- <meta name="AIGC" content="x"/> -->`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := book(t, c.opf)
			survey, err := epub.Container{}.Scan(bytes.NewReader(file), media.EPUB)
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
			}
			out := mediatest.Apply(t, epub.Container{}, media.EPUB, file, put("a1"))
			mediatest.One(t, epub.Container{}, media.EPUB, out, media.PlaceMeta, put("a1").Value)
			if again := mediatest.Apply(t, epub.Container{}, media.EPUB, out, put("a1")); !bytes.Equal(again, out) {
				t.Error("the same label again changed the file")
			}
			same(t, file, out)
			readBack(t, out)
			now := read(t, out)["OEBPS/content.opf"]
			if !strings.Contains(now, c.kept) {
				t.Errorf("%s is gone\n%s", c.kept, now)
			}
			if err := xml.Unmarshal([]byte(now), new(struct{})); err != nil {
				t.Errorf("%v\n%s", err, now)
			}
		})
	}
}

func TestRenditions(t *testing.T) {
	t.Parallel()
	two := strings.Replace(container, "</rootfiles>", `<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/><rootfile full-path="c.pdf" media-type="application/pdf"/></rootfiles>`, 1)
	file := pack(t, part{"META-INF/container.xml", two}, part{"OEBPS/content.opf", opf("")}, part{"b.opf", opf(`<meta name="AIGC" content="{}"/>`)})
	out := mediatest.Apply(t, epub.Container{}, media.EPUB, file, put("a1"))
	mediatest.One(t, epub.Container{}, media.EPUB, out, media.PlaceMeta, put("a1").Value)
	if now := read(t, out); now["b.opf"] != opf("") {
		t.Errorf("second package document\n%s", now["b.opf"])
	}
}

func TestProtected(t *testing.T) {
	t.Parallel()
	encryption := part{"META-INF/encryption.xml", `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"/>`}
	file := pack(t, part{"META-INF/container.xml", container}, part{"OEBPS/content.opf", opf("")}, encryption,
		part{"META-INF/signatures.xml", "<signatures/>"}, part{"META-INF/content_credential.c2pa", "x"})
	survey, err := epub.Container{}.Scan(bytes.NewReader(file), media.EPUB)
	if err != nil || len(survey.Signatures) != 2 || survey.Signatures[0].Kind != media.SignatureC2PA || survey.Signatures[1].Kind != epub.Signature {
		t.Fatalf("%v, %v", survey.Signatures, err)
	}
	same(t, file, mediatest.Apply(t, epub.Container{}, media.EPUB, file, put("a1")))
}

func TestSniff(t *testing.T) {
	t.Parallel()
	var late bytes.Buffer
	w := zip.NewWriter(&late)
	for _, p := range []part{{"META-INF/container.xml", container}, {"mimetype", "application/epub+zip\n"}} {
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
	if got := mediatest.Sniff(epub.Container{}, late.Bytes()); got != media.EPUB {
		t.Errorf("mimetype compressed and not first: %q", got)
	}
	for _, b := range [][]byte{nil, []byte("PK\x03\x04"), []byte("<html>"), bytes.ReplaceAll(book(t, opf("")), []byte("application/epub+zip"), []byte("application/vnd.zip+"))} {
		if got := mediatest.Sniff(epub.Container{}, b); got != media.Unknown {
			t.Errorf("%q", got)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	index := part{"META-INF/container.xml", container}
	for name, file := range map[string][]byte{
		"empty":               {},
		"no container":        pack(t),
		"container cut":       pack(t, part{"META-INF/container.xml", container[:80]}),
		"no rootfile":         pack(t, part{"META-INF/container.xml", "<container/>"}),
		"no package document": pack(t, index),
		"package cut":         book(t, opf("")[:100]),
		"no metadata":         book(t, "<package/>"),
		"other root":          book(t, "<html><metadata/></html>"),
		"UTF-16":              book(t, "\xfe\xff\x00<"),
		"same name twice":     pack(t, index, part{"OEBPS/content.opf", opf("")}, part{"oebps/CONTENT.OPF", "x"}),
		"damaged description": book(t, opf(`<dc:description>words {"ContentProducer": </dc:description>`)),
		"many labels":         book(t, opf(strings.Repeat(`<meta name="AIGC" content="{}"/>`, 100))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := epub.Container{}.Edit(bytes.NewReader(file), media.EPUB, put("a1"))
			var e *colophon.Error
			if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" {
				t.Errorf("%v", err)
			}
		})
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(book(f, opf("")))
	f.Add(book(f, opf(`<meta name="AIGC" content="{}"/>`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, epub.Container{}, media.PlaceMeta, b)
	})
}

// FuzzPackage changes the package document inside an archive that is always sound.
func FuzzPackage(f *testing.F) {
	f.Add(opf(`<meta name="AIGC" content="{}"/><meta property="x:aigc">{}</meta>`))
	f.Add(opf(`<dc:description>{"ContentProducer":1}</dc:description>`))
	f.Add(`<o:package><o:metadata/></o:package>`)
	f.Fuzz(func(t *testing.T, text string) {
		mediatest.Survive(t, epub.Container{}, media.PlaceMeta, book(t, text))
	})
}
