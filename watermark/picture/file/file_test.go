package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/picture"
	"github.com/colophon-project/colophon/watermark/picture/file"
)

var payload = []byte("payload8")

// photograph is a file of the samples as ffmpeg makes it in another form; nil where the samples are not there.
func photograph(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	b, ok := mediatest.Sample(t, filepath.Join("images", "15.png"))
	if !ok {
		return nil // where they have to be, Sample ends the test
	}
	return mediatest.FFmpeg(t, name, append([]string{"-i", mediatest.File(t, "photograph.png", b)}, args...)...)
}

func marker(t testing.TB) *picture.Marker {
	t.Helper()
	m, err := picture.New(watermark.Key{1}, len(payload))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// marked returns a file with the mark.
func marked(t testing.TB, src []byte, f media.Format) ([]byte, *watermark.Marked) {
	t.Helper()
	k, err := file.Mark(t.Context(), marker(t), media.Memory(src), f, payload, picture.Options{Random: [8]uint16{3, 12345, 54321}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := k.Edit.Apply(&out, k.Source); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), k
}

func found(t testing.TB, b []byte, f media.Format, search bool) watermark.Found {
	t.Helper()
	found, err := file.Detect(t.Context(), marker(t), media.Memory(b), f, search)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMark marks a photograph in every form, and finds the mark in what ffmpeg makes of it: its own decoder, another size, and JPEG.
func TestMark(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    media.Format
		name string
		args []string
	}{
		{media.JPEG, "x.jpg", []string{"-q:v", "2"}},
		{media.JPEG, "x.jpg", []string{"-q:v", "7", "-pix_fmt", "yuvj420p"}},
		{media.JPEG, "x.jpg", []string{"-q:v", "3", "-vf", "scale=2000:-2"}},
		{media.JPEG, "x.jpg", []string{"-pix_fmt", "gray", "-q:v", "3"}},
		{media.PNG, "x.png", nil},
		{media.PNG, "x.png", []string{"-pix_fmt", "rgb48be", "-vf", "scale=400:-1"}},
		{media.PNG, "x.png", []string{"-pix_fmt", "pal8", "-vf", "scale=400:-1"}},
		{media.TIFF, "x.tif", nil},
		{media.TIFF, "x.tif", []string{"-compression_algo", "lzw", "-pix_fmt", "rgb48le", "-vf", "scale=400:-1"}},
		{media.WebP, "x.webp", []string{"-quality", "80", "-vf", "scale=500:-1"}},
	} {
		t.Run(c.name+fmt.Sprint(c.args), func(t *testing.T) {
			t.Parallel()
			src := photograph(t, c.name, c.args...)
			if src == nil {
				return
			}
			if found := found(t, src, c.f, false); found.Payload != nil {
				t.Errorf("before it is marked: %+v", found)
			}
			b, k := marked(t, src, c.f)
			if got := found(t, b, c.f, false); !bytes.Equal(got.Payload, payload) || k.Strength < picture.Weakest-1.5 || k.Strength > picture.Usual+1.5 {
				t.Errorf("at %.2f dB: %+v", k.Strength, got)
			}
			path := mediatest.File(t, c.name, b)
			again := mediatest.FFmpeg(t, "y.jpg", "-i", path, "-vf", "scale=600:-2", "-q:v", "5", "-pix_fmt", "yuvj420p")
			if got := found(t, again, media.JPEG, false); !bytes.Equal(got.Payload, payload) {
				t.Errorf("as a smaller JPEG of another encoder: %+v", got)
			}
			t.Logf("%.2f dB, %d bytes of %d", k.Strength, len(b), len(src))
		})
	}
}

// TestKeeps looks for what must not change: alpha, wholly clear pixels, samples of 16 bits, chunks and segments beside the picture.
func TestKeeps(t *testing.T) {
	t.Parallel()
	b := photograph(t, "x.png")
	if b == nil {
		return
	}
	opaque, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	was := image.NewNRGBA64(opaque.Bounds())
	draw.Draw(was, was.Rect, opaque, image.Point{}, draw.Src)
	for y := range 200 {
		for x := range 300 { // a corner that is clear, and one that is half clear
			c := was.NRGBA64At(x, y)
			c.A = uint16(x / 100 * 0x4321)
			was.SetNRGBA64(x, y, c)
		}
	}
	var src bytes.Buffer
	if err := png.Encode(&src, was); err != nil {
		t.Fatal(err)
	}
	text := []byte("\x00\x00\x00\x09tEXtTitle\x00abc\x00\x00\x00\x00")
	at := 8 + 25
	whole := append(append(bytes.Clone(src.Bytes()[:at]), text...), src.Bytes()[at:]...)
	whole = append(whole, "behind the end"...)
	out, _ := marked(t, whole, media.PNG)
	if !bytes.Equal(out[:at+len(text)], whole[:at+len(text)]) || !bytes.HasSuffix(out, []byte("behind the end")) {
		t.Error("what stands around the picture changed")
	}
	out = append(bytes.Clone(out[:at]), out[at+len(text):]...) // whose checksum is wrong
	m, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	now, ok := m.(*image.NRGBA64)
	if !ok {
		t.Fatalf("it is %T", m)
	}
	changed := 0
	for i := 0; i < len(was.Pix); i += 8 {
		old, fresh := was.NRGBA64At(i/8%was.Rect.Dx(), i/8/was.Rect.Dx()), now.NRGBA64At(i/8%was.Rect.Dx(), i/8/was.Rect.Dx())
		if old.A != fresh.A || old.A == 0 && old != fresh {
			t.Fatalf("pixel %d was %v and is %v", i/8, old, fresh)
		}
		if old != fresh {
			changed++
		}
		d := func(a, b uint16) int { return int(a) - int(b) }
		clipped := func(c color.NRGBA64) bool { return min(c.R, c.G, c.B) == 0 || max(c.R, c.G, c.B) == 0xFFFF }
		if !clipped(fresh) && (d(fresh.R, old.R) != d(fresh.G, old.G) || d(fresh.R, old.R) != d(fresh.B, old.B)) {
			t.Fatalf("pixel %d was %v and is %v", i/8, old, fresh)
		}
	}
	if changed < len(was.Pix)/8/2 {
		t.Errorf("%d pixels changed", changed)
	}
}

// TestJPEG compares what stands around the picture, and its colours.
func TestJPEG(t *testing.T) {
	t.Parallel()
	b := photograph(t, "x.ppm")
	if b == nil {
		return
	}
	for _, kind := range [][]string{{"-progressive"}, {"-restart", "1", "-optimize"}} {
		src := mediatest.Output(t, "cjpeg", append(append([]string{"-quality", "88"}, kind...), mediatest.File(t, "x.ppm", b))...)
		out, _ := marked(t, src, media.JPEG)
		tables := bytes.Index(src, []byte{0xFF, 0xC4})
		if !bytes.Equal(src[:tables], out[:tables]) {
			t.Errorf("%v: the head changed", kind)
		}
		was, now := decoded(t, src), decoded(t, out)
		if !bytes.Equal(was.Cb, now.Cb) || !bytes.Equal(was.Cr, now.Cr) || bytes.Equal(was.Y, now.Y) {
			t.Errorf("%v: chroma changed, or luma did not", kind)
		}
	}
}

func decoded(t *testing.T, b []byte) *image.YCbCr {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.YCbCr)
}

// TestRefuses names what gets no mark, with the reason.
func TestRefuses(t *testing.T) {
	t.Parallel()
	var flat, still, cut bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{color.White, color.Black})
	if err := errors.Join(png.Encode(&flat, m), gif.Encode(&still, m, nil), jpeg.Encode(&cut, m, nil)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f    media.Format
		b    []byte
		code colophon.Code
	}{
		"flat": {media.PNG, flat.Bytes(), picture.CodeNotMarkable}, "gif": {media.GIF, still.Bytes(), file.CodeFormat},
		"svg": {media.SVG, []byte("<svg/>"), file.CodeFormat}, "cut": {media.JPEG, cut.Bytes()[:700], media.CodeTruncated},
		"cut png": {media.PNG, flat.Bytes()[:60], media.CodeTruncated}, "no tiff": {media.TIFF, flat.Bytes(), media.CodeMalformed},
		"no webp": {media.WebP, flat.Bytes(), media.CodeMalformed},
	} {
		var e *colophon.Error
		if _, err := file.Mark(t.Context(), marker(t), media.Memory(c.b), c.f, payload, picture.Options{}); !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDetect(f *testing.F) {
	formats := []media.Format{media.JPEG, media.PNG, media.TIFF, media.WebP}
	m := image.NewNRGBA(image.Rect(0, 0, 40, 33))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i)
	}
	var b, p bytes.Buffer
	if err := errors.Join(jpeg.Encode(&b, m, nil), png.Encode(&p, m)); err != nil {
		f.Fatal(err)
	}
	f.Add(0, b.Bytes())
	f.Add(1, p.Bytes())
	f.Add(2, mediatest.FFmpeg(f, "x.tif", "-i", mediatest.File(f, "x.png", p.Bytes())))
	f.Add(2, mediatest.FFmpeg(f, "x.tif", "-i", mediatest.File(f, "x.png", p.Bytes()), "-compression_algo", "deflate", "-pix_fmt", "gray16le"))
	f.Add(3, mediatest.FFmpeg(f, "x.webp", "-i", mediatest.File(f, "x.png", p.Bytes())))
	key := marker(f)
	f.Fuzz(func(t *testing.T, kind int, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		var e *colophon.Error
		_, err := file.Mark(t.Context(), key, media.Memory(b), formats[uint(kind)%4], payload, picture.Options{})
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no colophon.Error", err)
		}
	})
}
