package cli_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/cli"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

var update = flag.Bool("update", false, "rewrite golden files")

const (
	matrixFile = "../../docs/format/label.md"
	noticeFile = "../../docs/format/notice.md"
)

// run runs the program in-process and returns its standard output.
func run(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), args, cli.World{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Version: "test"})
	if code != want {
		t.Fatalf("colophon %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
	}
	return out.String()
}

// exitOf runs the program in-process, whatever its exit code.
func exitOf(stdout *string, args ...string) int {
	var out, errs bytes.Buffer
	code := cli.Main(context.Background(), args, cli.World{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Version: "test"})
	*stdout = out.String()
	return code
}

func itoa(n int) string { return strconv.Itoa(n) }

// TestMatrix labels each sample, has other programs read it, and holds docs/format/label.md to the result.
func TestMatrix(t *testing.T) {
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var table strings.Builder
	table.WriteString("| sample | format | place | exiftool | ffprobe | mediainfo | others | same |\n|---|---|---|---|---|---|---|---|\n")
	for _, f := range files {
		in := filepath.Join(dir, f.Name)
		if err := os.WriteFile(in, f.Bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		id := "matrix-" + strings.TrimPrefix(filepath.Ext(f.Name), ".")
		reply := run(t, 0, "--json", "label", "--notice", "none", "--producer", "001191110102MACQD9K64010000", "--id", id, "--out", filepath.Join(dir, "out"), in)
		out := filepath.Join(dir, "out", f.Name)
		if run(t, 0, "verify", out); strings.Contains(reply, `"error"`) {
			t.Fatal(reply)
		}
		fmt.Fprintf(&table, "| %s | %s | `%s` | %s | %s | %s | %s | %s |\n", f.Name, jsonString(reply, "format"), jsonString(reply, "place"),
			mark(exiftool(t, out), id), mark(ffprobe(t, out), id), mark(mediainfo(t, out), id), others(t, f.Name, out, id), same(t, f.Name, in, out))
	}
	golden(t, matrixFile, "matrix", table.String())
}

// TestWrittenByOthers has exiftool and ffmpeg write labels, and reads them.
func TestWrittenByOthers(t *testing.T) {
	dir := t.TempDir()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	config := mediatest.File(t, "config", []byte(exiftoolConfig))
	ffmpeg := map[string][]string{
		"sample.mp4": {"-movflags", "use_metadata_tags"}, "sample.mov": {"-movflags", "use_metadata_tags"}, "sample.m4a": {"-movflags", "use_metadata_tags"},
		"sample.mkv": nil, "sample.webm": nil, "sample.flv": nil, "sample.mp3": nil, "sample.flac": nil, "sample.ogg": nil, "sample.opus": nil,
	}
	exif := map[string]bool{"sample.jpg": true, "sample.png": true, "sample.gif": true, "sample.tiff": true, "sample.avif": true, "sample.heic": true, "sample.pdf": true, "sample.mp4": true, "sample.mov": true}
	var table strings.Builder
	table.WriteString("| sample | written by | found at |\n|---|---|---|\n")
	for _, f := range files {
		in := filepath.Join(dir, f.Name)
		if err := os.WriteFile(in, f.Bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		value := string(mediatest.Value("others"))
		if exif[f.Name] {
			out := filepath.Join(dir, "exiftool-"+f.Name)
			mediatest.Output(t, "exiftool", "-config", config, "-q", "-XMP-TC260:AIGC="+value, "-o", out, in)
			writtenRow(t, &table, f.Name, "exiftool, XMP", out)
		}
		if flags, ok := ffmpeg[f.Name]; ok {
			out := filepath.Join(dir, "ffmpeg-"+f.Name)
			args := append([]string{"-v", "error", "-nostdin", "-i", in, "-c", "copy", "-metadata", "AIGC=" + value}, flags...)
			mediatest.Output(t, "ffmpeg", append(args, out)...)
			writtenRow(t, &table, f.Name, "ffmpeg", out)
		}
	}
	golden(t, matrixFile, "written", table.String())
}

const exiftoolConfig = `
%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => { TC260 => { SubDirectory => { TagTable => 'Image::ExifTool::UserDefined::TC260' } } });
%Image::ExifTool::UserDefined::TC260 = (GROUPS => { 0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Other' }, NAMESPACE => { 'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/' }, WRITABLE => 'string', AIGC => { });
1;
`

func writtenRow(t *testing.T, table *strings.Builder, name, by, path string) {
	t.Helper()
	reply := run(t, 0, "--json", "read", path)
	if !strings.Contains(reply, `"ProduceID":"others"`) {
		t.Errorf("%s labelled by %s is not read: %s", name, by, reply)
	}
	fmt.Fprintf(table, "| %s | %s | `%s` |\n", name, by, jsonString(reply, "place"))
}

func mark(output, id string) string {
	if strings.Contains(output, id) && strings.Contains(output, "001191110102MACQD9K64010000") {
		return "✓"
	}
	return "–"
}

func exiftool(t *testing.T, path string) string {
	t.Helper()
	return lenient(t, "exiftool", "-a", "-u", "-b", path)
}

// ffprobe, mediainfo and the like are asked for every file; one that does not know the format says nothing.
func ffprobe(t *testing.T, path string) string {
	t.Helper()
	return lenient(t, "ffprobe", "-v", "quiet", "-show_entries", "format_tags:stream_tags", "-of", "json", path)
}

func mediainfo(t *testing.T, path string) string {
	t.Helper()
	return string(mediatest.Output(t, "mediainfo", "--Full", path))
}

// others asks the readers that know one format.
func others(t *testing.T, name, path, id string) string {
	t.Helper()
	readers := map[string][][]string{
		"sample.jpg":  {{"exiv2", "-PXt", path}},
		"sample.png":  {{"exiv2", "-PXt", path}},
		"sample.webp": {{"exiv2", "-PXt", path}},
		"sample.tiff": {{"exiv2", "-PXt", path}},
		"sample.mkv":  {{"mkvextract", path, "tags", "-"}},
		"sample.webm": {{"mkvextract", path, "tags", "-"}},
		"sample.flac": {{"metaflac", "--list", "--block-type=VORBIS_COMMENT", path}},
		"sample.ogg":  {{"ogginfo", path}},
		"sample.opus": {{"opusinfo", path}},
		"sample.pdf":  {{"pdfinfo", "-custom", path}, {"qpdf", "--show-object=6", path}},
		"sample.docx": {{"unzip", "-p", path, "docProps/custom.xml"}},
		"sample.xlsx": {{"unzip", "-p", path, "docProps/custom.xml"}},
		"sample.pptx": {{"unzip", "-p", path, "docProps/custom.xml"}},
		"sample.epub": {{"unzip", "-p", path, "book.opf"}},
		"sample.svg":  {{"xmllint", "--format", path}},
	}
	var marks []string
	for _, r := range readers[name] {
		marks = append(marks, r[0]+" "+mark(lenient(t, r[0], r[1:]...), id))
	}
	if len(marks) == 0 {
		return ""
	}
	return strings.Join(marks, ", ")
}

func same(t *testing.T, name, before, after string) string {
	t.Helper()
	hash := func(path string) string {
		return lenient(t, "ffmpeg", "-v", "quiet", "-nostdin", "-i", path, "-map", "0", "-f", "framemd5", "-")
	}
	check := func(by, a, b string) string {
		if a == "" {
			return ""
		}
		if a != b {
			t.Errorf("%s: %s shows a difference", name, by)
		}
		return by
	}
	switch filepath.Ext(name) {
	case ".heic":
		return check("heif-convert", heif(t, before), heif(t, after))
	case ".pdf":
		return check("pdftoppm", lenient(t, "pdftoppm", "-r", "40", before), lenient(t, "pdftoppm", "-r", "40", after))
	case ".svg":
		return check("rsvg-convert", lenient(t, "rsvg-convert", before), lenient(t, "rsvg-convert", after))
	case ".docx", ".dotx", ".xlsx", ".xltx", ".pptx", ".potx", ".epub", ".html", ".md", ".glb", ".txt", ".amr":
		return ""
	}
	return check("ffmpeg", hash(before), hash(after))
}

func heif(t *testing.T, path string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.png")
	mediatest.Output(t, "heif-convert", path, out)
	return lenient(t, "ffmpeg", "-v", "quiet", "-i", out, "-f", "framemd5", "-")
}

// golden holds the part of the document between the named marks to text.
func golden(t *testing.T, file, name, text string) {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	open, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	before, rest, ok := strings.Cut(string(doc), open)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks for %s", file, name)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+open+text+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != text {
		t.Errorf("%s differs from what the programs show; `make matrix` rewrites it\nwant:\n%s", file, text)
	}
}

// jsonString picks the first string member of a name out of one line of JSON.
func jsonString(line, name string) string {
	_, rest, ok := strings.Cut(line, `"`+name+`":"`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// lenient runs a program that may fail on a format which it does not know; what it printed counts.
func lenient(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(mediatest.Tool(t, name), args...)
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Logf("%s: %v", name, err)
	}
	return out.String()
}
