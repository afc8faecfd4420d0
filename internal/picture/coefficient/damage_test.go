package coefficient_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// try opens, measures and covers a picture; any error must be one that a person can be shown.
func try(t testing.TB, b []byte) error {
	t.Helper()
	p, err := coefficient.Open(media.Memory(b))
	if err == nil {
		box := p.Bounds()
		box.Min = image.Pt(max(0, box.Max.X-60), max(0, box.Max.Y-30))
		if _, err = p.Sample(box); err == nil {
			var edit *media.Edit
			edit, _, err = p.Overlay(box, plate(box.Dx(), box.Dy()))
			if err == nil {
				var out bytes.Buffer
				if err := edit.Apply(&out, media.Memory(b)); err != nil {
					t.Fatalf("applying: %v", err)
				}
				again, err := coefficient.Open(media.Memory(out.Bytes()))
				if err != nil {
					t.Fatalf("opening what was written: %v", err)
				}
				if _, err := again.Thumbnail(); err != nil {
					t.Fatalf("reading what was written: %v", err)
				}
				once, err := p.Reopen(media.Memory(out.Bytes()))
				if err != nil {
					t.Fatalf("reopening what was written: %v", err)
				}
				if rule := coefficient.SameIndex(once, again); rule != "" {
					t.Fatalf("reopening what was written: %s", rule)
				}
			}
		}
	}
	var shown *colophon.Error
	if err != nil && !errors.As(err, &shown) {
		t.Fatalf("%v is no colophon.Error", err)
	}
	if err := tryWhole(t, b); err != nil && !errors.As(err, &shown) {
		t.Fatalf("%v is no colophon.Error", err)
	}
	return err
}

func code(err error) colophon.Code {
	var shown *colophon.Error
	if errors.As(err, &shown) {
		return shown.Code
	}
	return ""
}

func entropyOf(b []byte) int { return bytes.Index(b, []byte{0xFF, 0xDA}) + 20 }

func TestDamage(t *testing.T) {
	t.Parallel()
	in := ppm(scene(72, 56))
	for name, b := range map[string][]byte{
		"baseline": pipe(t, in, "cjpeg"), "restart": pipe(t, in, "cjpeg", "-restart", "1"),
		"progressive": pipe(t, in, "cjpeg", "-progressive"), "grey": pipe(t, in, "cjpeg", "-grayscale"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := try(t, b); err != nil {
				t.Fatal(err)
			}
			for cut := range len(b) {
				if cut%23 == 0 || cut > len(b)-8 {
					if err := try(t, b[:cut]); err == nil {
						t.Errorf("cut at %d of %d: no error", cut, len(b))
					}
				}
			}
			at := entropyOf(b) + 40
			for _, c := range []struct {
				what string
				b    []byte
			}{
				{"EOI in the middle", splice(b, at, 0, []byte{0xFF, 0xD9})},
				{"marker in the middle", splice(b, at, 0, []byte{0xFF, 0xC5})},
				{"restart marker in the middle", splice(b, at, 0, []byte{0xFF, 0xD3})},
				{"a hundred bytes gone", splice(b, at, 100, nil)},
				{"ones", splice(b, at, 100, bytes.Repeat([]byte{0xFF, 0}, 50))},
			} {
				if err := try(t, c.b); err == nil && (name != "grey" || c.what != "ones") {
					t.Errorf("%s: no error", c.what)
				}
			}
			for i := range b { // no value of any byte leads to a panic
				if i%11 == 0 {
					damaged := bytes.Clone(b)
					damaged[i] ^= byte(1 << (i % 8))
					_ = try(t, damaged)
				}
			}
		})
	}
}

func splice(b []byte, at, cut int, in []byte) []byte {
	return append(append(bytes.Clone(b[:at]), in...), b[at+cut:]...)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	in := ppm(scene(48, 40))
	b := pipe(t, in, "cjpeg")
	sof := bytes.Index(b, []byte{0xFF, 0xC0})
	with := func(at int, v ...byte) []byte {
		c := bytes.Clone(b)
		copy(c[at:], v)
		return c
	}
	for _, c := range []struct {
		what string
		b    []byte
		code colophon.Code
	}{
		{"empty", nil, media.CodeMalformed},
		{"PNG", []byte("\x89PNG\r\n\x1a\n"), media.CodeMalformed},
		{"arithmetic", with(sof+1, 0xC9), media.CodeUnsupported},
		{"lossless", with(sof+1, 0xC3), media.CodeUnsupported},
		{"hierarchical", with(sof+1, 0xC5), media.CodeUnsupported},
		{"12 bits", with(sof+4, 12), media.CodeUnsupported},
		{"no lines", with(sof+5, 0, 0), media.CodeUnsupported},
		{"no columns", with(sof+7, 0, 0), media.CodeMalformed},
		{"30,000 by 30,000", with(sof+5, 0x75, 0x30, 0x75, 0x30), media.CodeTooLarge},
		{"10,000 by 10,000 in a few bytes", with(sof+5, 0x27, 0x10, 0x27, 0x10), media.CodeTruncated},
		{"factors of 3 and 2", with(sof+11, 0x31, 0, 2, 0x21), media.CodeUnsupported},
		{"four components of unknown meaning", cmykWithoutAdobe(t, in), media.CodeUnsupported},
	} {
		if err := try(t, c.b); code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.what, err, c.code)
		}
	}
	p, err := coefficient.Open(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Overlay(image.Rect(48, 0, 60, 10), plate(12, 10)); code(err) != media.CodeMalformed {
		t.Errorf("box beside the picture: %v", err)
	}
}

func cmykWithoutAdobe(t *testing.T, in []byte) []byte {
	b := pipe(t, in, "convert", "ppm:-", "-colorspace", "CMYK", "jpeg:-")
	at := bytes.Index(b, []byte("Adobe"))
	return splice(b, at, 5, []byte("adobe"))
}

func TestEverythingElseIsKept(t *testing.T) {
	t.Parallel()
	b := pipe(t, ppm(scene(203, 149)), "cjpeg", "-optimize")
	comment := []byte("\xFF\xFE\x00\x0Aa remark")
	profile := append([]byte{0xFF, 0xE2, 0, 14 + 16}, "ICC_PROFILE\x00\x01\x01 not a profile"...)[:2+30]
	trailer := bytes.Repeat([]byte("\xFF\xD8 the video of a motion photo "), 99)
	b = append(splice(b, 2, 0, append(comment, profile...)), trailer...)
	box := image.Rect(100, 100, 203, 149)
	out, touched := overlay(t, b, box, plate(box.Dx(), box.Dy()))
	sameOutside(t, decodeCoefficients(t, b), out, box)
	if !bytes.HasPrefix(out, b[:entropyOf(b)-200]) || !bytes.HasSuffix(out, append([]byte{0xFF, 0xD9}, trailer...)) {
		t.Error("segments or what follows the image have changed")
	}
	t.Log(touched)
}

// TestMultiPicture checks the index that counts the first image's bytes (CIPA DC-007, 5.2.3.3).
func TestMultiPicture(t *testing.T) {
	t.Parallel()
	first, second := pipe(t, ppm(scene(203, 149)), "cjpeg"), pipe(t, ppm(scene(40, 30)), "cjpeg")
	mp := []byte("MPF\x00II*\x00\x08\x00\x00\x00\x01\x00\x02\xB0\x07\x00\x20\x00\x00\x00\x1A\x00\x00\x00\x00\x00\x00\x00")
	mp = mp[:4+26]
	mp = append(mp, make([]byte, 32)...)
	b := splice(first, 2, 0, append([]byte{0xFF, 0xE2, 0, byte(2 + len(mp))}, mp...))
	base := 2 + 4 + 4
	binary.LittleEndian.PutUint32(b[base+26+4:], uint32(len(b)))
	binary.LittleEndian.PutUint32(b[base+42+4:], uint32(len(second)))
	binary.LittleEndian.PutUint32(b[base+42+8:], uint32(len(b)-base))
	size := len(b)
	b = append(b, second...)
	out, _ := overlay(t, b, image.Rect(0, 0, 120, 50), plate(120, 50))
	grown := len(out) - len(b)
	if grown == 0 {
		t.Fatal("the file kept its size; the test shows nothing")
	}
	if got := binary.LittleEndian.Uint32(out[base+26+4:]); int(got) != size+grown {
		t.Errorf("size of the first image: %d, is %d", got, size+grown)
	}
	at := base + int(binary.LittleEndian.Uint32(out[base+42+8:]))
	if !bytes.Equal(out[at:], second) {
		t.Error("the index does not lead to the second image")
	}
	if tags := mediatest.Exiftool(t, "x.jpg", out); tags["ExifTool:Warning"] != "" {
		t.Error(tags["ExifTool:Warning"])
	}
}

// reduces checks the thumbnail against the means of the blocks that image/jpeg decodes, and that detail tells calm from busy.
func reduces(t *testing.T, b []byte, width, height int) {
	t.Helper()
	p, err := coefficient.Open(media.Memory(b))
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Thumbnail()
	if err != nil {
		t.Fatal(err)
	}
	if m.Rect != image.Rect(0, 0, (width+7)/8, (height+7)/8) {
		t.Errorf("thumbnail %v", m.Rect)
	}
	if full, err := jpeg.Decode(bytes.NewReader(b)); err == nil {
		for _, at := range []image.Point{{3, 3}, {10, 5}, {18, 12}, {5, 12}} {
			sum := 0.0
			for y := range 8 {
				for x := range 8 {
					sum += float64(color.GrayModel.Convert(full.At(8*at.X+x, 8*at.Y+y)).(color.Gray).Y)
				}
			}
			if got := light(m.Pix[m.PixOffset(at.X, at.Y):]); math.Abs(got-sum/64) > 12 {
				t.Errorf("thumbnail at %v: %.0f, the block's mean is %.0f", at, got, sum/64)
			}
		}
	}
	calm, err := p.Sample(image.Rect(110, 20, 165, 45))
	if err != nil {
		t.Fatal(err)
	}
	busy, err := p.Sample(image.Rect(110, 80, width+50, height))
	if err != nil {
		t.Fatal(err)
	}
	if calm.Bits*1.3 > busy.Bits {
		t.Errorf("%.2f bits where it is calm, %.2f where it is busy", calm.Bits, busy.Bits)
	}
}

func FuzzOverlay(f *testing.F) {
	for _, b := range samples(f, 43, 29) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { _ = try(t, b) })
}
