package plate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// cjpeg codes a picture with libjpeg.
func cjpeg(t testing.TB, img *image.NRGBA, args ...string) []byte {
	t.Helper()
	var ppm bytes.Buffer
	fmt.Fprintf(&ppm, "P6\n%d %d\n255\n", img.Rect.Dx(), img.Rect.Dy())
	for i := 0; i < len(img.Pix); i += 4 {
		ppm.Write(img.Pix[i : i+3])
	}
	out := mediatest.File(t, "out.jpg", nil)
	mediatest.Output(t, "cjpeg", append(args, "-outfile", out, mediatest.File(t, "in.ppm", ppm.Bytes()))...)
	return read(t, out)
}

// segment puts a segment behind SOI.
func segment(b []byte, marker byte, body string) []byte {
	s := binary.BigEndian.AppendUint16([]byte{0xFF, 0xD8, 0xFF, marker}, uint16(len(body)+2))
	return append(append(s, body...), b[2:]...)
}

func TestKindsOfJPEG(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"444": {"-sample", "1x1"}, "422": {"-sample", "2x1"}, "420": {"-sample", "2x2"}, "440": {"-sample", "1x2"}, "grey": {"-grayscale"},
		"progressive": {"-progressive"}, "grey-progressive": {"-grayscale", "-progressive"}, "restart": {"-restart", "1"},
		"restart-progressive": {"-restart", "7B", "-progressive"}, "optimised": {"-optimize"}, "rgb": {"-rgb"}, "q30": {"-quality", "30"}, "q98": {"-quality", "98"},
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := cjpeg(t, scene(320, 240), append([]string{"-quality", "80"}, args...)...)
			out, r := put(t, media.JPEG, in, notice.Options{})
			if r.Method != "coefficients" {
				t.Errorf("method %s", r.Method)
			}
			if name == "restart-progressive" { // image/jpeg does not know it
				a, b := both(t, "jpg", in, out)
				proven(t, a, b, r, notice.Options{}, 90)
				return
			}
			a, err := jpeg.Decode(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			b, err := jpeg.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			proven(t, []image.Image{a}, []image.Image{b}, r, notice.Options{}, 90)
		})
	}
	for name, args := range map[string][]string{"cmyk": {"-colorspace", "CMYK"}, "cmyk-progressive": {"-colorspace", "CMYK", "-interlace", "JPEG"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := fixture(t, scene(320, 240), "JPEG", append(args, "-quality", "85")...)
			out, r := put(t, media.JPEG, in, notice.Options{})
			if r.Method != "coefficients" {
				t.Errorf("method %s", r.Method)
			}
			a, b := both(t, "jpg", in, out)
			proven(t, a, b, r, notice.Options{}, 60)
		})
	}
}

// A picture whose coding can't be changed in part is decoded and encoded, and keeps what else is in the file.
func TestJPEGAnew(t *testing.T) {
	t.Parallel()
	for name, grey := range map[string]bool{"colour": false, "grey": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, scans := []string{"-quality", "70"}, "0,1,2:0-0,0,0;0:1-40,0,0;1:1-10,0,0;2:1-10,0,0;"
			if grey {
				args, scans = append(args, "-grayscale"), "0:0-0,0,0;0:1-40,0,0;"
			}
			in := cjpeg(t, scene(320, 240), append(args, "-progressive", "-scans", mediatest.File(t, "scans", []byte(scans)))...)
			xmp := "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
			exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00"
			in = segment(segment(segment(segment(in, 0xFE, "a comment"), 0xE2, "ICC_PROFILE\x00\x01\x01profile"), 0xE1, xmp), 0xE1, exif)
			in = append(in, "behind the picture"...)
			out, r := put(t, media.JPEG, in, notice.Options{})
			reason := func(f colophon.Finding) bool {
				return f.Code == notice.CodeEncodedAnew && f.Args["reason"] == "scans of all coefficients"
			}
			if r.Method != "re-encoded" || !slices.ContainsFunc(r.Findings, reason) {
				t.Errorf("report %+v", r)
			}
			for _, kept := range []string{"a comment", "ICC_PROFILE\x00\x01\x01profile", xmp, exif, "JFIF\x00", "behind the picture"} {
				if strings.Count(string(out), kept) != 1 {
					t.Errorf("%q stands %d times in the file", kept, strings.Count(string(out), kept))
				}
			}
			a, b := both(t, "jpg", in, out)
			proven(t, a, b, r, notice.Options{}, 80)
			_, err := jpeg.Decode(bytes.NewReader(out))
			if err != nil {
				t.Error(err)
			}
			// The strength of the file's own tables: what was 70 stays within 5 of it.
			quality := strings.TrimSpace(string(mediatest.Output(t, "identify", "-format", "%Q", mediatest.File(t, "q.jpg", out))))
			if quality < "65" || quality > "75" {
				t.Errorf("quality %s", quality)
			}
		})
	}
}

// What nobody here can decode is refused, with the reason.
func TestJPEGRefused(t *testing.T) {
	t.Parallel()
	plain := cjpeg(t, scene(160, 120))
	frame := bytes.Index(plain, []byte{0xFF, 0xC0})
	changed := func(at int, v ...byte) []byte {
		b := bytes.Clone(plain)
		copy(b[at:], v)
		return b
	}
	damaged := bytes.Clone(plain)
	scan := bytes.Index(plain, []byte{0xFF, 0xDA}) + 14
	middle := (scan + len(plain)) / 2
	for i := 0; i < 40; i += 2 { // ones, which are no code
		damaged[middle+i], damaged[middle+i+1] = 0xFF, 0
	}
	for name, c := range map[string]struct {
		b    []byte
		code colophon.Code
	}{
		"arithmetic": {cjpeg(t, scene(160, 120), "-arithmetic"), media.CodeUnsupported},
		"12 bits":    {changed(frame+4, 12), media.CodeUnsupported},
		"truncated":  {plain[:middle], media.CodeTruncated},
		"damaged":    {damaged, media.CodeMalformed},
		"30000":      {changed(frame+5, 0x75, 0x30, 0x75, 0x30), media.CodeTooLarge},
		"8000":       {changed(frame+5, 0x1F, 0x40, 0x1F, 0x40), media.CodeTruncated},
		"8×8":        {cjpeg(t, scene(8, 8)), notice.CodeTooSmall},
		"empty":      {nil, media.CodeTruncated},
	} {
		_, _, err := plate.Put(media.Memory(c.b), media.JPEG, notice.Options{})
		if code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// Ordinary pictures carry no notice, and get one that is found again.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"images/01.png", "images/03.png", "images/04.png", "images/05.png", "images/07.png", "images/08.png", "images/13.png", "images/15.png",
		"images/19.png", "images/20.png", "images/23.png", "labelled/doubao.png", "media/IMG_0003.jpg", "media/earth_apollo17.jpg",
		"media/no_manifest.jpg", "media/sample1.gif", "media/sample1.png", "media/sample1.svg", "media/sample1.webp", "media/test.tiff", "media/test_xmp.webp", "c2pa/C.jpg"} {
		b, ok := mediatest.Sample(t, name)
		if !ok {
			continue
		}
		format := map[string]media.Format{"png": media.PNG, "jpg": media.JPEG, "tiff": media.TIFF, "gif": media.GIF, "svg": media.SVG, "webp": media.WebP}[name[strings.LastIndexByte(name, '.')+1:]]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if plate.Has(media.Memory(b), format, notice.Options{}) {
				t.Error("a notice was seen where there is none")
			}
			out, r := put(t, format, b, notice.Options{})
			look(t, strings.ReplaceAll(name, "/", "-"), out)
			t.Logf("%s %s: %q, ink %.4f, contrast %.1f, %d bytes, then %d", r.Place, r.Method, r.Words, r.Ink, r.Contrast, len(b), len(out))
		})
	}
}
