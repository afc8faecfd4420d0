package pdf_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/pdf"
)

var (
	container = pdf.Container{}
	value     = string(mediatest.Value("wild"))
	escaped   = "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(value) + ")"
)

// build returns a PDF with a cross-reference table. Object n stands at objects[n]; trailer is added to Size.
func build(objects map[int]string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	return finish(&b, objects, trailer)
}

// finish appends objects with a table, and what ends the file.
func finish(b *bytes.Buffer, objects map[int]string, trailer string) []byte {
	numbers := slices.Sorted(maps.Keys(objects))
	var table bytes.Buffer
	for _, n := range numbers {
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, b.Len())
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	start := b.Len()
	fmt.Fprintf(b, "xref\n0 1\n0000000000 65535 f \n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n", table.Bytes(), numbers[len(numbers)-1]+1, trailer, start)
	return b.Bytes()
}

// page is a document of one page, with more entries of the catalog.
func page(catalog string) map[int]string {
	content := "0.2 0.4 0.8 rg 20 20 60 60 re f BT /F1 12 Tf 10 5 Td (Page) Tj ET"
	return map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R " + catalog + " >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		4: fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
}

func with(objects map[int]string, n int, text string) map[int]string {
	objects[n] = text
	return objects
}

func stream(entries, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", entries, len(content), content)
}

func deflate(text string) string {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.String()
}

func simple(info string) []byte {
	return build(with(page(""), 6, info), "/Root 1 0 R /Info 6 0 R /ID [<00ff> <00ff>]")
}

// qpdf rewrites a file with options.
func qpdf(t *testing.T, b []byte, args ...string) []byte {
	t.Helper()
	in, out := mediatest.File(t, "in.pdf", b), filepath.Join(t.TempDir(), "out.pdf")
	mediatest.Output(t, "qpdf", append(append([]string{"--static-id"}, args...), in, out)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same checks that the old file is the beginning of the new one, and that both draw the same.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.HasPrefix(after, before) {
		t.Error("the old bytes are not all there")
	}
}

func drawn(t *testing.T, b []byte) string {
	t.Helper()
	return string(mediatest.Output(t, "pdftoppm", "-r", "40", "-l", "2", mediatest.File(t, "x.pdf", b)))
}

// checked runs qpdf --check, which tells of damaged structure. old says what it tells of the file before.
func checked(t *testing.T, b []byte) string {
	t.Helper()
	path := mediatest.File(t, "x.pdf", b)
	out, err := exec.Command(mediatest.Tool(t, "qpdf"), "--check", path).CombinedOutput()
	if err != nil {
		return strings.ReplaceAll(string(out), path, "FILE")
	}
	return ""
}

// check reads the label of a file with one label, then replaces it and looks at what is left.
func check(t *testing.T, file []byte, place media.Place, code colophon.Code) {
	t.Helper()
	survey, err := container.Scan(bytes.NewReader(file), media.PDF)
	if err != nil {
		t.Fatal(err)
	}
	if len(survey.Labels) != 1 || survey.Labels[0].Place != place || string(survey.Labels[0].Value) != value {
		t.Fatalf("labels: %+v", survey.Labels)
	}
	found := survey.Labels[0]
	has := code == "" && len(found.Findings) == 0
	for _, f := range found.Findings {
		has = has || f.Code == code
	}
	if !has {
		t.Errorf("findings %v, want %q", found.Findings, code)
	}
	put := media.Put{Place: media.PlaceInfoDict, Value: mediatest.Value("new")}
	after := mediatest.Apply(t, container, media.PDF, file, put)
	mediatest.One(t, container, media.PDF, after, media.PlaceInfoDict, put.Value)
	same(t, file, after)
	if again := mediatest.Apply(t, container, media.PDF, after, put); !bytes.Equal(again, after) {
		t.Error("putting the same label again changed the file")
	}
	put.Value = mediatest.Value("third")
	third := mediatest.Apply(t, container, media.PDF, after, put)
	mediatest.One(t, container, media.PDF, third, media.PlaceInfoDict, put.Value)
	same(t, file, third)
	if bytes.Count(third, []byte("startxref")) != bytes.Count(after, []byte("startxref")) {
		t.Error("an update of ours was followed by another instead of replaced")
	}
	mediatest.Survive(t, container, media.PlaceInfoDict, file)
}

var packet = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
	`<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="application/pdf">` +
	`<TC260:AIGC>` + strings.ReplaceAll(value, `"`, "&quot;") + `</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`

func TestWild(t *testing.T) {
	t.Parallel()
	wide := "<FE FF"
	for _, c := range value {
		wide += fmt.Sprintf(" 00%02x", c)
	}
	wide += ">"
	broken := strings.ReplaceAll(escaped, ",", ",\\\n")
	octal := strings.ReplaceAll(escaped, ":", `\072`)
	xmp := func(entries, content string) []byte {
		return build(with(with(page("/Metadata 7 0 R"), 6, "<< /Title (t) >>"), 7, stream("/Type /Metadata /Subtype /XML "+entries, content)), "/Root 1 0 R /Info 6 0 R")
	}
	for _, c := range []struct {
		name    string
		file    []byte
		place   media.Place
		finding colophon.Code
	}{
		{"plain", simple("<< /Title (t) /AIGC " + escaped + " /Author (a) >>"), media.PlaceInfoDict, ""},
		{"hexadecimal", simple(fmt.Sprintf("<</AIGC<%x>/Author(a)>>", value)), media.PlaceInfoDict, ""},
		{"UTF-16", simple("<< /AIGC " + wide + ">>"), media.PlaceInfoDict, ""},
		{"UTF-8 mark", simple("<< /AIGC (\xEF\xBB\xBF" + escaped[1:] + ">>"), media.PlaceInfoDict, ""},
		{"escaped name", simple("<< /A#49GC " + escaped + " % comment >> (\n>>"), media.PlaceInfoDict, ""},
		{"lower case", simple("<< /aigc " + escaped + ">>"), media.PlaceInfoDict, media.CodeIDSpelling},
		{"broken lines", simple("<< /AIGC " + broken + ">>"), media.PlaceInfoDict, ""},
		{"octal", simple("<< /AIGC " + octal + ">>"), media.PlaceInfoDict, ""},
		{"indirect", build(with(with(page(""), 6, "<< /AIGC 7 0 R /Title (t) >>"), 7, escaped), "/Root 1 0 R /Info 6 0 R"), media.PlaceInfoDict, ""},
		{"direct", build(page(""), "/Root 1 0 R /Info << /AIGC "+escaped+" >>"), media.PlaceInfoDict, ""},
		{"keywords", simple("<< /Keywords " + escaped + " /Title (t) >>"), media.PlaceDescription, media.CodeOtherPlace},
		{"XMP", xmp("", packet), media.PlaceXMP, media.CodeOtherPlace},
		{"XMP compressed", xmp("/Filter [/FlateDecode]", deflate(packet)), media.PlaceXMP, media.CodeCompressed},
		{"object stream", qpdf(t, simple("<< /Title (t) /AIGC "+escaped+" >>"), "--object-streams=generate"), media.PlaceInfoDict, media.CodeCompressed},
		{"bytes before the header", append([]byte("junk\n"), simple("<< /AIGC "+escaped+">>")...), media.PlaceInfoDict, ""},
		{"bytes behind the end", append(simple("<< /AIGC "+escaped+">>"), "\njunk"...), media.PlaceInfoDict, ""},
		{"update", finish(bytes.NewBuffer(simple("<< /AIGC (old) /Title (t) >>")), map[int]string{6: "<< /AIGC " + escaped + ">>"},
			"/Root 1 0 R /Info 6 0 R /Prev "+startxref(simple("<< /AIGC (old) /Title (t) >>"))), media.PlaceInfoDict, ""},
		{"loop of Prev", build(with(page(""), 6, "<< /AIGC "+escaped+">>"), "/Root 1 0 R /Info 6 0 R /Prev "+
			startxref(build(with(page(""), 6, "<< /AIGC "+escaped+">>"), ""))), media.PlaceInfoDict, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := mediatest.Sniff(container, c.file); got != media.PDF {
				t.Fatalf("Sniff = %q", got)
			}
			check(t, c.file, c.place, c.finding)
		})
	}
}

func startxref(b []byte) string {
	lines := strings.Split(string(b), "\n")
	return lines[len(lines)-3]
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	sig := "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange [0 10 20 30] /Contents <00> >>"
	field := "<< /FT /Sig /T (s) /V 7 0 R >>"
	manifest := "<< /Type /Filespec /AFRelationship /C2PA_Manifest /F (content_credential.c2pa) /UF (content_credential.c2pa) /EF << /F 7 0 R >> >>"
	for _, c := range []struct {
		name string
		file []byte
		want media.SignatureKind
	}{
		{"signed", build(with(with(page("/AcroForm << /SigFlags 3 /Fields [6 0 R] >>"), 6, field), 7, sig), "/Root 1 0 R"), media.SignaturePDF},
		{"empty field", build(with(page("/AcroForm << /SigFlags 1 /Fields [6 0 R] >>"), 6, "<< /FT /Sig /T (s) >>"), "/Root 1 0 R"), ""},
		{"C2PA associated", build(with(with(page("/AF [6 0 R]"), 6, manifest), 7, stream("", "jumb")), "/Root 1 0 R"), media.SignatureC2PA},
		{"C2PA embedded", build(with(with(page("/Names << /EmbeddedFiles << /Kids [8 0 R] >> >>"), 6, strings.Replace(manifest, "/C2PA_Manifest", "/Data", 1)),
			8, "<< /Names [(content_credential.c2pa) 6 0 R] >>"), "/Root 1 0 R"), media.SignatureC2PA},
		{"other attachment", build(with(page("/AF 7 0 R"), 7, "[<< /AFRelationship /Data /F (a.txt) >>]"), "/Root 1 0 R"), ""},
	} {
		survey, err := container.Scan(bytes.NewReader(c.file), media.PDF)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := len(survey.Signatures); c.want == "" && n != 0 || c.want != "" && (n != 1 || survey.Signatures[0].Kind != c.want) {
			t.Errorf("%s: %+v", c.name, survey.Signatures)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := simple("<< /AIGC " + escaped + " >>")
	start := startxref(good)
	but := func(old, replacement string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in the file", old)
		}
		return bytes.Replace(good, []byte(old), []byte(replacement), 1)
	}
	metadata := func(entries, content string) []byte {
		return build(with(page("/Metadata 7 0 R"), 7, stream(entries, content)), "/Root 1 0 R")
	}
	for _, c := range []struct {
		name  string
		file  []byte
		code  colophon.Code
		found int // labels that a scan still reports
	}{
		{"encrypted", qpdf(t, good, "--encrypt", "", "owner", "256", "--"), media.CodeUnsupported, 0},
		{"no startxref", but("startxref", "startxxxx"), media.CodeMalformed, 1},
		{"startxref beyond", but("startxref\n"+start, "startxref\n99999999"), media.CodeTruncated, 1},
		{"startxref elsewhere", but("startxref\n"+start, "startxref\n12"), media.CodeMalformed, 1},
		{"cut", good[:len(good)-60], media.CodeMalformed, 1},
		{"another object", but("6 0 obj", "9 0 obj"), media.CodeMalformed, 0},
		{"entry", but("0000000015 00000 n", "000000001500000  n"), media.CodeMalformed, 0},
		{"table too long", but("6 1\n", "6 99\n"), media.CodeTruncated, 1},
		{"no root", but("/Root", "/Roof"), media.CodeMalformed, 0},
		{"root leads nowhere", but("/Root 1 0 R", "/Root 9 0 R"), media.CodeMalformed, 0},
		{"info is no dictionary", simple("[1 2]"), media.CodeMalformed, 0},
		{"open string", simple("<< /Title (t >>"), media.CodeTruncated, 0},
		{"deep", simple("<< /Title " + strings.Repeat("[", 500) + strings.Repeat("]", 500) + " >>"), media.CodeMalformed, 0},
		{"words", simple("<< /Subject (Made with " + escaped[1:] + " >>"), media.CodeUnsupported, 1},
		{"bomb", metadata("/Filter /FlateDecode", deflate(strings.Repeat("\x00", 20<<20))), media.CodeTooLarge, 0},
		{"not zlib", metadata("/Filter /FlateDecode", "x"), media.CodeMalformed, 0},
		{"stream that needs itself", streamed("1 0 R"), media.CodeMalformed, 0},
		{"other filter", metadata("/Filter /LZWDecode", "x"), media.CodeUnsupported, 0},
		{"stream too long", build(with(page("/Metadata 7 0 R"), 7, "<< /Length 99999 >>\nstream\nx\nendstream"), "/Root 1 0 R"), media.CodeTruncated, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := container.Scan(bytes.NewReader(c.file), media.PDF)
			if err == nil && c.name != "words" {
				t.Error("Scan passed")
			}
			if len(survey.Labels) != c.found {
				t.Errorf("%d labels, want %d: %+v", len(survey.Labels), c.found, survey.Labels)
			}
			_, err = container.Edit(bytes.NewReader(c.file), media.PDF, media.Put{Place: media.PlaceInfoDict, Value: mediatest.Value("x")})
			e, ok := err.(*colophon.Error)
			if !ok || e.Code != c.code {
				t.Fatalf("error %v, want %s", err, c.code)
			}
			mediatest.Survive(t, container, media.PlaceInfoDict, c.file)
		})
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"prose": []byte("The header is %PDF-1.7, the end is another matter.\n"), "empty": nil, "no version": []byte("%PDF-x.y   "),
	} {
		if got := mediatest.Sniff(container, b); got != media.Unknown {
			t.Errorf("%s is taken for %q", name, got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(simple("<< /Title (t) /AIGC " + escaped + " >>"))
	f.Add(build(with(page("/Metadata 7 0 R"), 7, stream("", packet)), "/Root 1 0 R"))
	f.Add(finish(bytes.NewBuffer(simple("<< /aigc <7b7d> >>")), map[int]string{6: "<< /A#49GC 7 0 R >>", 7: "({})"}, "/Root 1 0 R /Info 6 0 R /Prev "+startxref(simple("<< /aigc <7b7d> >>"))))
	f.Add(streamed(""))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, container, media.PlaceInfoDict, b) })
}

// streamed returns a file with an object stream and a cross-reference stream, neither of them compressed. length, when
// it isn't empty, is what the object stream says its length is.
func streamed(length string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	catalog, info := "<< /Type /Catalog >> ", "<< /Title (t) /Pages 7 >>"
	index := fmt.Sprintf("1 0 2 %d ", len(catalog))
	at := b.Len()
	objects := stream(fmt.Sprintf("/Type /ObjStm /N 2 /First %d", len(index)), index+catalog+info)
	if length != "" {
		objects = strings.Replace(objects, fmt.Sprintf("/Length %d", len(index+catalog+info)), "/Length "+length, 1)
	}
	fmt.Fprintf(&b, "3 0 obj\n%s\nendobj\n", objects)
	start := b.Len()
	rows := string([]byte{0, 0, 0, 255, 2, 0, 3, 0, 2, 0, 3, 1, 1, 0, byte(at), 0, 1, byte(start >> 8), byte(start), 0})
	fmt.Fprintf(&b, "4 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF", stream("/Type /XRef /Size 5 /W [1 2 1] /Root 1 0 R /Info 2 0 R", rows), start)
	return b.Bytes()
}

// hybrid returns a file whose table hides the Info dictionary, which stands in an object stream.
func hybrid() []byte {
	objects := page("")
	info := "<< /Title (hidden) >>"
	objects[7] = stream("/Type /ObjStm /N 1 /First 4", "6 0 "+info)
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	for n := 1; n <= 7; n++ {
		if n == 6 {
			continue
		}
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, objects[n])
	}
	hidden := b.Len()
	rows := string([]byte{2, 0, 7, 0})
	fmt.Fprintf(&b, "8 0 obj\n%s\nendobj\n", stream("/Type /XRef /Size 9 /W [1 2 1] /Index [6 1]", rows))
	start := b.Len()
	b.WriteString("xref\n0 9\n0000000006 65535 f \n")
	for n := 1; n < 9; n++ {
		if n == 6 {
			b.WriteString("0000000000 00000 f \n")
			continue
		}
		fmt.Fprintf(&b, "%010d 00000 n \n", bytes.Index(b.Bytes(), fmt.Appendf(nil, "\n%d 0 obj", n))+1)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size 9 /Root 1 0 R /Info 6 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n", hidden, start)
	return b.Bytes()
}
