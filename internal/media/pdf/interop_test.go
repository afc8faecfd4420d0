package pdf_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// office has LibreOffice print a text.
func office(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "text.html")
	if err := os.WriteFile(in, []byte("<html><head><meta charset=utf-8><title>标题</title></head><body><h1>人工智能</h1><p>text</p></body></html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir, in)
	b, err := os.ReadFile(filepath.Join(dir, "text.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// drawing has librsvg draw a page.
func drawing(t *testing.T) []byte {
	t.Helper()
	svg := mediatest.File(t, "x.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="30" height="20" fill="teal"/></svg>`))
	return mediatest.Output(t, "rsvg-convert", "-f", "pdf", svg)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	plain := simple("<< /Title (a \\) b) /Producer <feff6807> /Author (x) >>")
	for name, sample := range map[string]func(t *testing.T) []byte{
		"built":             func(*testing.T) []byte { return plain },
		"no Info":           func(*testing.T) []byte { return build(page(""), "/Root 1 0 R") },
		"librsvg":           drawing,
		"LibreOffice":       office,
		"object streams":    func(t *testing.T) []byte { return qpdf(t, plain, "--object-streams=generate") },
		"linearized":        func(t *testing.T) []byte { return qpdf(t, plain, "--linearize") },
		"linearized, dense": func(t *testing.T) []byte { return qpdf(t, drawing(t), "--linearize", "--object-streams=generate") },
		"streams unpacked":  func(*testing.T) []byte { return streamed("") },
		"no newline at end": func(*testing.T) []byte { return bytes.TrimSpace(plain) },
		"bytes in front":    func(*testing.T) []byte { return append([]byte("0123456789\n"), plain...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := sample(t)
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.PDF, Sample: b, Same: same})
			// The one has no page; the other is no PDF file to exiftool.
			if name != "streams unpacked" && name != "bytes in front" {
				readers(t, b)
			}
		})
	}
}

// readers has programs that are not ours examine a file before and after.
func readers(t *testing.T, before []byte) {
	t.Helper()
	label := []byte(strings.Replace(string(mediatest.Value("read")), `"ReservedCode1":""`, `"ReservedCode1":"{\"a\":(\\\\)}"`, 1))
	after := mediatest.Apply(t, container, media.PDF, before, media.Put{Place: media.PlaceInfoDict, Value: label})
	mediatest.One(t, container, media.PDF, after, media.PlaceInfoDict, label)
	if was, is := checked(t, before), checked(t, after); was == "" && is != "" {
		t.Errorf("qpdf --check: %s", is)
	}
	if drawn(t, before) != drawn(t, after) {
		t.Error("the pages are drawn otherwise")
	}
	info := func(b []byte) string {
		return string(mediatest.Output(t, "pdfinfo", "-custom", mediatest.File(t, "x.pdf", b)))
	}
	if !strings.Contains(info(after), string(label)) {
		t.Errorf("pdfinfo reads\n%s", info(after))
	}
	old, tags := mediatest.Exiftool(t, "x.pdf", before), mediatest.Exiftool(t, "x.pdf", after)
	if tags["PDF:AIGC"] != string(label) {
		t.Errorf("exiftool reads %q", tags["PDF:AIGC"])
	}
	for _, tags := range []map[string]string{old, tags} {
		delete(tags, "PDF:AIGC")
		delete(tags, "PDF:Linearized") // an update ends it
		for key := range tags {
			if strings.HasPrefix(key, "System:") || key == "SourceFile" {
				delete(tags, key)
			}
		}
	}
	if diff := cmp.Diff(old, tags); diff != "" {
		t.Errorf("exiftool: %s", diff)
	}
}

// TestHybrid reads an object that the table of a hybrid file hides.
func TestHybrid(t *testing.T) {
	t.Parallel()
	b := hybrid()
	mediatest.Run(t, mediatest.Case{Container: container, Format: media.PDF, Sample: b, Same: same})
	after := mediatest.Apply(t, container, media.PDF, b, media.Put{Place: media.PlaceInfoDict, Value: []byte(value)})
	if got := mediatest.Exiftool(t, "x.pdf", after); got["PDF:AIGC"] != value || got["PDF:Title"] != "hidden" {
		t.Errorf("exiftool reads %v", got)
	}
	if is := checked(t, after); is != "" {
		t.Errorf("qpdf --check: %s", is)
	}
}

// TestWritten reads what exiftool wrote: its own XMP and Info in an update.
func TestWritten(t *testing.T) {
	t.Parallel()
	config := mediatest.File(t, "config", []byte(`%Image::ExifTool::UserDefined = (
  'Image::ExifTool::PDF::Info' => { AIGC => { Writable => 'string' } },
  'Image::ExifTool::XMP::Main' => { TC260 => { SubDirectory => { TagTable => 'Image::ExifTool::UserDefined::TC260' } } },
);
%Image::ExifTool::UserDefined::TC260 = (
  GROUPS => { 0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Image' },
  NAMESPACE => { 'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/' }, WRITABLE => 'string', AIGC => { },
);
1;
`))
	for tag, place := range map[string]media.Place{"PDF:AIGC": media.PlaceInfoDict, "XMP-TC260:AIGC": media.PlaceXMP} {
		path := mediatest.File(t, "x.pdf", simple("<< /Title (t) >>"))
		mediatest.Output(t, "exiftool", "-config", config, "-q", "-overwrite_original", "-"+tag+"="+value, "-XMP-dc:Rights=kept", path)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		code := media.CodeOtherPlace
		if place == media.PlaceInfoDict {
			code = ""
		}
		check(t, b, place, code)
		after := mediatest.Apply(t, container, media.PDF, b, media.Put{Place: media.PlaceInfoDict, Value: mediatest.Value("n")})
		tags := mediatest.Exiftool(t, "x.pdf", after)
		if tags["XMP-dc:Rights"] == "" || tags["XMP-TC260:Aigc"] != "" || tags["PDF:Title"] != "t" || tags["PDF:AIGC"] != string(mediatest.Value("n")) {
			t.Errorf("after the edit exiftool reads %v", tags)
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"media/basic.pdf", "media/express.pdf"} {
		if b, ok := mediatest.Sample(t, name); ok {
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.PDF, Sample: b, Same: same})
			readers(t, b)
		}
	}
	if b, ok := mediatest.Sample(t, "c2pa/basic-signed.pdf"); ok {
		survey, err := container.Scan(bytes.NewReader(b), media.PDF)
		if err == nil || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignaturePDF {
			t.Errorf("signed and encrypted: %+v, %v", survey, err)
		}
		mediatest.Survive(t, container, media.PlaceInfoDict, b)
	}
}
