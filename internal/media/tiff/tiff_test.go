package tiff_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/tiff"
)

var container = tiff.Container{}

// picture makes a small TIFF.
func picture(t testing.TB) []byte {
	t.Helper()
	return mediatest.FFmpeg(t, "a.tiff", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=1", "-frames:v", "1", "-bitexact")
}

// tool runs a program that reads one file and writes another.
func tool(t testing.TB, b []byte, name string, args ...string) []byte {
	t.Helper()
	in := mediatest.File(t, "in.tif", b)
	out := filepath.Join(filepath.Dir(in), "out.tif")
	for i := range args {
		args[i] = strings.NewReplacer("IN", in, "OUT", out).Replace(args[i])
	}
	mediatest.Output(t, name, args...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// coded returns the strips and tiles of every IFD with where they stand, read independently of the package.
func coded(t testing.TB, b []byte) []byte {
	t.Helper()
	r := reader{t: t, b: b, order: binary.LittleEndian, big: b[2] == 43 || b[3] == 43}
	if b[0] == 'M' {
		r.order = binary.BigEndian
	}
	if r.big {
		r.chain(r.number(b[8:], 8))
	} else {
		r.chain(r.number(b[4:], 4))
	}
	return r.out
}

type reader struct {
	t     testing.TB
	b     []byte
	order binary.ByteOrder
	big   bool
	out   []byte
}

func (r *reader) number(b []byte, width int) int {
	switch width {
	case 2:
		return int(r.order.Uint16(b))
	case 4:
		return int(r.order.Uint32(b))
	}
	return int(r.order.Uint64(b))
}

func (r *reader) chain(pos int) {
	head, size, word := 2, 12, 4
	if r.big {
		head, size, word = 8, 20, 8
	}
	for pos != 0 && pos < len(r.b) {
		count := r.number(r.b[pos:], head)
		values := map[int][]int{}
		for i := range count {
			e := r.b[pos+head+i*size:]
			n, width := r.number(e[4:], word), map[int]int{3: 2, 4: 4, 13: 4, 16: 8, 18: 8}[r.number(e[2:], 2)]
			data := e[4+word:]
			if n*width > word {
				data = r.b[r.number(data, word):]
			}
			for k := range n * width / max(1, width) {
				values[r.number(e, 2)] = append(values[r.number(e, 2)], r.number(data[k*width:], width))
			}
		}
		for _, tags := range [][2]int{{273, 279}, {324, 325}} {
			for i, off := range values[tags[0]] {
				r.out = binary.BigEndian.AppendUint64(r.out, uint64(off))
				r.out = append(r.out, r.b[off:off+values[tags[1]][i]]...)
			}
		}
		for _, sub := range values[330] {
			r.chain(sub)
		}
		pos = r.number(r.b[pos+head+count*size:], word)
	}
}

// same demands that all strips and tiles stand where they stood, unchanged.
func same(t *testing.T, before, after []byte) {
	t.Helper()
	want := coded(t, before)
	if len(want) < 100 || !bytes.Equal(want, coded(t, after)) {
		t.Errorf("strips differ, of %d bytes", len(want))
	}
}

// rich makes a picture with EXIF, XMP, ICC profile and IPTC.
func rich(t testing.TB) []byte {
	t.Helper()
	profiled := tool(t, picture(t), "vips", "tiffsave", "IN", "OUT", "--profile", "srgb", "--compression", "deflate")
	return tool(t, profiled, "exiftool", "-q", "-o", "OUT", "-Make=Maker", "-ImageDescription=A test card", "-DateTimeOriginal=2025:01:02 03:04:05",
		"-UserComment=mine", "-GPSLatitude=1", "-GPSLatitudeRef=N", "-XMP-dc:Title=A title", "-XMP-dc:Subject=one", "-IPTC:Keywords=three", "IN")
}

// samples are files as the usual writers make them.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	plain := picture(t)
	pages := tool(t, plain, "convert", "IN", "IN", "IN", "-compress", "LZW", "OUT")
	return map[string][]byte{
		"ffmpeg":     plain,
		"pages":      pages,
		"big endian": tool(t, pages, "tiffcp", "-B", "IN", "OUT"),
		"bigtiff":    tool(t, pages, "tiffcp", "-8", "-L", "IN", "OUT"),
		"bigtiff BE": tool(t, pages, "tiffcp", "-8", "-B", "IN", "OUT"),
		"pyramid":    tool(t, plain, "vips", "tiffsave", "IN", "OUT", "--tile", "--pyramid", "--subifd", "--tile-width", "16", "--tile-height", "16"),
		"rich":       rich(t),
		"odd length": append(bytes.Clone(plain), 'x'),
		"dng":        tool(t, plain, "exiftool", "-q", "-o", "OUT", "-DNGVersion=1 4 0 0", "IN"),
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, b := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.TIFF, Sample: b, Same: same})
			if name != "rich" {
				untouched(t, b)
			}
			foreign(t, name, b)
		})
	}
}

// untouched demands that a first label changes nothing in the old file but the pointer to IFD0.
func untouched(t *testing.T, b []byte) {
	t.Helper()
	after := put(t, b, "stay")
	from, to := 4, 8
	if b[2] == 43 || b[3] == 43 {
		from, to = 8, 16
	}
	if !bytes.Equal(after[:from], b[:from]) || !bytes.Equal(after[to:len(b)], b[to:]) {
		t.Error("old bytes changed")
	}
	// A relabelled file does not grow again and again.
	again := put(t, put(t, put(t, after, strings.Repeat("long", 100)), "s"), strings.Repeat("long", 100))
	if limit := len(after) + 1000; len(again) > limit {
		t.Errorf("%d bytes after relabelling, want %d at most", len(again), limit)
	}
}

func put(t *testing.T, b []byte, id string) []byte {
	t.Helper()
	return mediatest.Apply(t, container, media.TIFF, b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value(id), DigitalSourceType: mediatest.SourceType})
}

// TestKeepsMetadata compares all that exiftool reads before and after.
func TestKeepsMetadata(t *testing.T) {
	t.Parallel()
	before := rich(t)
	want := mediatest.Exiftool(t, "a.tif", before)
	after := put(t, put(t, before, "first"), strings.Repeat("grown", 900))
	got := mediatest.Exiftool(t, "a.tif", after)
	for _, tag := range []string{"XMP-dc:Title", "ExifIFD:DateTimeOriginal", "ExifIFD:UserComment", "ICC_Profile:ProfileDescription", "IPTC:Keywords", "GPS:GPSLatitude"} {
		if want[tag] == "" {
			t.Errorf("the sample has no %s", tag)
		}
	}
	for tag, value := range want {
		if got[tag] != value && !strings.HasPrefix(tag, "System:") && tag != "SourceFile" {
			t.Errorf("%s was %.80q and is %.80q", tag, value, got[tag])
		}
	}
	if got["ExifTool:Warning"] != "" {
		t.Errorf("exiftool warns: %s", got["ExifTool:Warning"])
	}
}

// foreign reads our label and the pictures with programs that are not ours.
func foreign(t *testing.T, name string, b []byte) {
	t.Helper()
	value := mediatest.Value("foreign")
	before, after := mediatest.File(t, "a.tif", b), mediatest.File(t, "a.tif", put(t, b, "foreign"))
	if got := mediatest.Output(t, "exiftool", "-b", "-XMP-TC260:Aigc", after); !bytes.Equal(got, value) {
		t.Errorf("exiftool reads %.200q", got)
	}
	if got := mediatest.Output(t, "tiffinfo", after); !bytes.Contains(got, []byte(`ContentProducer`)) {
		t.Errorf("tiffinfo reads %.400s", got)
	}
	identify := func(path string) string {
		return string(mediatest.Output(t, "identify", "-format", "%m %w %h %# ", path))
	}
	if name == "dng" { // which ImageMagick hands to another program
		identify = func(path string) string { return string(mediatest.Output(t, "vips", "avg", path)) }
	}
	if want, got := identify(before), identify(after); got != want {
		t.Errorf("pixels: %s, were %s", got, want)
	}
	if name == "rich" {
		if got := mediatest.Output(t, "exiv2", "-PXkv", "pr", after); !bytes.Contains(got, []byte("Xmp.TC260.AIGC")) || !bytes.Contains(got, value) {
			t.Errorf("exiv2 reads %s", got)
		}
	}
}

// TestForeignWriters reads and replaces labels that other programs wrote.
func TestForeignWriters(t *testing.T) {
	t.Parallel()
	plain := picture(t)
	value := mediatest.Value("theirs")
	wrapped := string(media.Wrap(value))
	config := mediatest.File(t, "config", []byte(`%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => {TC260 => {SubDirectory => {TagTable => 'Image::ExifTool::UserDefined::TC260'}}});
%Image::ExifTool::UserDefined::TC260 = (GROUPS => {0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Image'}, NAMESPACE => {'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/'}, WRITABLE => 'string', AIGC => {});
1;`))
	pages := tool(t, plain, "convert", "IN", "IN", "OUT")
	second := mediatest.File(t, "desc.txt", []byte(wrapped))
	for name, c := range map[string]struct {
		b     []byte
		place media.Place
		value string
	}{
		"xmp of type BYTE": {tool(t, plain, "exiftool", "-config", config, "-q", "-o", "OUT", "-XMP-TC260:AIGC="+string(value), "IN"), media.PlaceXMP, string(value)},
		"UserComment":      {tool(t, plain, "exiftool", "-q", "-o", "OUT", "-UserComment="+wrapped, "IN"), media.PlaceEXIF, wrapped},
		"ImageDescription": {tool(t, plain, "exiftool", "-q", "-o", "OUT", "-ImageDescription="+wrapped, "IN"), media.PlaceDescription, wrapped},
		"on page 2":        {inPlace(t, pages, "tiffset", "-d", "1", "-sf", "270", second, "FILE"), media.PlaceDescription, wrapped},
	} {
		survey, err := container.Scan(bytes.NewReader(c.b), media.TIFF)
		if err != nil || len(survey.Labels) != 1 || survey.Labels[0].Place != c.place || string(survey.Labels[0].Value) != c.value {
			t.Errorf("%s: %v, %v", name, err, survey.Labels)
			continue
		}
		after := put(t, c.b, "ours")
		mediatest.One(t, container, media.TIFF, after, media.PlaceXMP, mediatest.Value("ours"))
		same(t, c.b, after)
		if bytes.Contains(after, []byte("theirs")) {
			t.Errorf("%s: the old value is still in the file", name)
		}
	}
}

func packet(value string) string {
	return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>` +
		value + `</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta>`
}

// inPlace runs a program that changes a file.
func inPlace(t testing.TB, b []byte, name string, args ...string) []byte {
	t.Helper()
	path := mediatest.File(t, "in.tif", b)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "FILE", path)
	}
	mediatest.Output(t, name, args...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"media/MultiPage.tif", "media/test.tiff"} {
		if b, ok := mediatest.Sample(t, name); ok {
			mediatest.Run(t, mediatest.Case{Container: container, Format: media.TIFF, Sample: b, Same: same})
		}
	}
	if b, ok := mediatest.Sample(t, "hostile/tiff_poc.tiff"); ok {
		_, err := container.Scan(bytes.NewReader(b), media.TIFF)
		if e := refusal(err); e == nil || e.Code != media.CodeMalformed {
			t.Errorf("hostile sample: %v", err)
		}
		mediatest.Survive(t, container, media.PlaceXMP, b)
	}
}

func refusal(err error) *colophon.Error {
	var e *colophon.Error
	errors.As(err, &e)
	return e
}
