package heif_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/heif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// made runs a program that makes a file named name, whose path stands for OUT in the arguments.
func made(t testing.TB, name, program string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "OUT", path)
	}
	mediatest.Output(t, program, args...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawing(t testing.TB) string {
	return mediatest.File(t, "p.png", mediatest.FFmpeg(t, "p.png", "-f", "lavfi", "-i", "testsrc=s=96x64", "-frames:v", "1"))
}

func samples(t testing.TB) map[string][]byte {
	p := drawing(t)
	return map[string][]byte{
		"heif-enc.heic": made(t, "a.heic", "heif-enc", "-q", "50", p, "-o", "OUT"),
		"heif-enc.avif": made(t, "a.avif", "heif-enc", "-A", "-q", "50", p, "-o", "OUT"),
		"vips.avif":     made(t, "v.avif", "vips", "copy", p, "OUT[compression=av1]"),
		"ffmpeg.avif":   mediatest.FFmpeg(t, "f.avif", "-i", p, "-c:v", "libaom-av1", "-still-picture", "1", "-cpu-used", "8"),
		"sequence.avif": mediatest.FFmpeg(t, "s.avif", "-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=3", "-c:v", "libaom-av1", "-cpu-used", "8"),
	}
}

// pixels decodes a picture, with libheif where it is no sequence.
func pixels(t testing.TB, name string, b []byte) string {
	t.Helper()
	if strings.HasPrefix(name, "sequence") {
		return string(mediatest.Output(t, "ffmpeg", "-v", "error", "-i", mediatest.File(t, name, b), "-map", "0", "-f", "framemd5", "-"))
	}
	decoded, err := png.Decode(bytes.NewReader(made(t, "pixels.png", "heif-convert", mediatest.File(t, name, b), "OUT")))
	if err != nil {
		t.Fatal(err)
	}
	flat := image.NewNRGBA64(decoded.Bounds())
	draw.Draw(flat, flat.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return fmt.Sprintf("%v %x", flat.Rect, sha256.Sum256(flat.Pix))
}

// TestConformance runs the suite, and checks that other tools read the label and, as before, all other tags.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, sample := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := media.HEIC
			if strings.HasSuffix(name, ".avif") {
				want = media.AVIF
			}
			conforms(t, name, want, sample)
		})
	}
}

func conforms(t *testing.T, name string, format media.Format, sample []byte) {
	t.Helper()
	decoded := pixels(t, name, sample)
	first := true
	mediatest.Run(t, mediatest.Case{
		Container: heif.Container{}, Format: format, Sample: sample,
		Same: func(t *testing.T, _, after []byte) {
			if pixels(t, name, after) != decoded {
				t.Error("decoded pixels differ")
			}
			if first {
				first = false
				readable(t, name, sample, after)
			}
		},
	})
}

// readable checks what other tools say about the first edit of the suite.
func readable(t *testing.T, name string, before, after []byte) {
	t.Helper()
	if strings.HasPrefix(name, "sequence") { // exiftool takes it for a movie and leaves its items alone
		return
	}
	tags := mediatest.Exiftool(t, name, after)
	if got := tags["XMP-TC260:Aigc"]; got != string(mediatest.Value("a1")) {
		t.Errorf("exiftool: %q", got)
	}
	if got := tags["XMP-iptcExt:DigitalSourceType"]; got != mediatest.SourceType {
		t.Errorf("exiftool DigitalSourceType: %q", got)
	}
	if got := tags["ExifTool:Warning"]; got != "" {
		t.Errorf("exiftool: %s", got)
	}
	for tag, want := range mediatest.Exiftool(t, name, before) {
		group, field, _ := strings.Cut(tag, ":")
		switch {
		case group == "System" || group == "File" || group == "SourceFile":
		case strings.HasSuffix(field, "Offset") || strings.HasPrefix(field, "Unknown_") || field == "ItemInfoEntry" || field == "XMPToolkit":
		case field == "MediaData": // exiftool takes the first mdat box for the only one
		case tags[tag] != want:
			t.Errorf("%s = %.80q, was %.80q", tag, tags[tag], want)
		}
	}
	info := string(mediatest.Output(t, "heif-info", mediatest.File(t, name, after)))
	if !strings.Contains(info, "XMP: ") || strings.Contains(info, "XMP: no") {
		t.Errorf("heif-info: %s", info)
	}
}

const config = `%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => {
TC260 => { SubDirectory => { TagTable => 'Image::ExifTool::UserDefined::TC260' } } });
%Image::ExifTool::UserDefined::TC260 = (GROUPS => { 0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Image' },
NAMESPACE => { 'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/' }, WRITABLE => 'string', AIGC => {});
1;
`

// TestExiftoolWrites reads labels that exiftool wrote, and puts the next one in the same packet beside other metadata.
func TestExiftoolWrites(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("exiftool"))
	for name, sample := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.Output(t, "exiftool", "-config", mediatest.File(t, "config", []byte(config)), "-XMP-TC260:AIGC="+value,
				"-XMP-dc:Title=T", "-XMP-dc:Subject=S", "-o", "-", mediatest.File(t, name, sample))
			format := mediatest.Sniff(heif.Container{}, b)
			mediatest.One(t, heif.Container{}, format, b, media.PlaceXMP, []byte(value))
			for _, id := range []string{"s", strings.Repeat("long", 500)} {
				after := mediatest.Apply(t, heif.Container{}, format, b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value(id)})
				mediatest.One(t, heif.Container{}, format, after, media.PlaceXMP, mediatest.Value(id))
				if pixels(t, name, after) != pixels(t, name, sample) {
					t.Error("decoded pixels differ")
				}
				if bytes.Contains(after, []byte("&quot;exiftool")) || bytes.Contains(after, []byte(`"exiftool"`)) {
					t.Error("the old label is still in the file")
				}
				if strings.HasPrefix(name, "sequence") {
					continue
				}
				tags := mediatest.Exiftool(t, name, after)
				if tags["XMP-TC260:Aigc"] != string(mediatest.Value(id)) || tags["XMP-dc:Title"] != "T" || tags["XMP-dc:Subject"] != `["S"]` {
					t.Errorf("exiftool: %q %q %q", tags["XMP-TC260:Aigc"], tags["XMP-dc:Title"], tags["XMP-dc:Subject"])
				}
			}
		})
	}
}

// TestEXIF moves a label from the EXIF item, and keeps the rest of it.
func TestEXIF(t *testing.T) {
	t.Parallel()
	value := string(media.Wrap(mediatest.Value("exif")))
	path := mediatest.File(t, "a.heic", samples(t)["heif-enc.heic"])
	b := mediatest.Output(t, "exiftool", "-EXIF:UserComment="+value, "-EXIF:Artist=Me", "-XMP-dc:Title=T", "-o", "-", path)
	survey, err := heif.Container{}.Scan(bytes.NewReader(b), media.HEIC)
	if err != nil || len(survey.Labels) != 1 || survey.Labels[0].Place != media.PlaceEXIF || string(survey.Labels[0].Value) != value {
		t.Fatalf("%v, %v", survey, err)
	}
	after := label(t, b)
	mediatest.One(t, heif.Container{}, media.HEIC, after, media.PlaceXMP, mediatest.Value("new"))
	tags := mediatest.Exiftool(t, "a.heic", after)
	if tags["IFD0:Artist"] != "Me" || tags["XMP-dc:Title"] != "T" || strings.TrimSpace(tags["ExifIFD:UserComment"]) != "" {
		t.Errorf("exiftool: %q %q %q", tags["IFD0:Artist"], tags["XMP-dc:Title"], tags["ExifIFD:UserComment"])
	}
	if pixels(t, "a.heic", after) != pixels(t, "a.heic", b) {
		t.Error("decoded pixels differ")
	}
}

// TestCompressedByLibheif reads a packet that libheif compressed.
func TestCompressedByLibheif(t *testing.T) {
	t.Parallel()
	jpeg := mediatest.File(t, "a.jpg", mediatest.FFmpeg(t, "a.jpg", "-i", drawing(t), "-frames:v", "1"))
	labelled := mediatest.Output(t, "exiftool", "-config", mediatest.File(t, "config", []byte(config)),
		"-XMP-TC260:AIGC="+string(mediatest.Value("old")), "-XMP-dc:Title=T", "-o", "-", jpeg)
	b := made(t, "a.heic", "heif-enc", "--enable-metadata-compression", "-q", "50", mediatest.File(t, "b.jpg", labelled), "-o", "OUT")
	survey, err := heif.Container{}.Scan(bytes.NewReader(b), media.HEIC)
	if err != nil || len(survey.Labels) != 1 || len(survey.Labels[0].Findings) != 1 || survey.Labels[0].Findings[0].Code != media.CodeCompressed {
		t.Fatalf("%v, %v", survey, err)
	}
	after := label(t, b)
	mediatest.One(t, heif.Container{}, media.HEIC, after, media.PlaceXMP, mediatest.Value("new"))
	if tags := mediatest.Exiftool(t, "a.heic", after); tags["XMP-dc:Title"] != "T" || tags["XMP-TC260:Aigc"] != string(mediatest.Value("new")) {
		t.Errorf("exiftool: %q %q", tags["XMP-dc:Title"], tags["XMP-TC260:Aigc"])
	}
	if pixels(t, "a.heic", after) != pixels(t, "a.heic", b) {
		t.Error("decoded pixels differ")
	}
}

// TestShared runs on the shared samples.
func TestShared(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sample1.heic", "sample1.heif"} {
		if b, ok := mediatest.Sample(t, "media/"+name); ok {
			after := label(t, b)
			mediatest.One(t, heif.Container{}, media.HEIC, after, media.PlaceXMP, mediatest.Value("new"))
			// The decoder needs seconds for the picture; its data as it stands in the file does as well.
			if got, want := data(t, after, primary(t, name)), data(t, b, primary(t, name)); got != want {
				t.Errorf("%s: the primary image's data differ", name)
			}
			tags := mediatest.Exiftool(t, name, after)
			if tags["XMP-TC260:Aigc"] != string(mediatest.Value("new")) {
				t.Errorf("%s: exiftool: %q", name, tags["XMP-TC260:Aigc"])
			}
			for tag, want := range mediatest.Exiftool(t, name, b) {
				if strings.HasPrefix(tag, "XMP-") && tag != "XMP-x:XMPToolkit" && tags[tag] != want {
					t.Errorf("%s: %s = %.80q, was %.80q", name, tag, tags[tag], want)
				}
			}
		}
	}
}

func primary(_ testing.TB, name string) uint32 {
	return map[string]uint32{"sample1.heic": 1, "sample1.heif": 1002}[name]
}
