package sight_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"testing"

	"github.com/gen2brain/avif"
	libwebp "github.com/gen2brain/webp"
	"golang.org/x/image/bmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// encoded is one picture in every format.
func encoded(t testing.TB, img *image.NRGBA) map[media.Format][]byte {
	t.Helper()
	files := map[media.Format][]byte{media.PNG: asPNG(t, img), media.TIFF: asTIFF(1, img)}
	for f, encode := range map[media.Format]func(*bytes.Buffer) error{
		media.JPEG: func(b *bytes.Buffer) error { return jpeg.Encode(b, img, &jpeg.Options{Quality: 95}) },
		media.GIF: func(b *bytes.Buffer) error {
			p := image.NewPaletted(img.Rect, palette.Plan9)
			draw.FloydSteinberg.Draw(p, p.Rect, img, image.Point{})
			return gif.Encode(b, p, nil)
		},
		media.WebP: func(b *bytes.Buffer) error { return libwebp.Encode(b, img, libwebp.Options{Lossless: true}) },
		media.AVIF: func(b *bytes.Buffer) error { return avif.Encode(b, img, avif.Options{Lossless: true, Speed: 10}) },
		"bmp":      func(b *bytes.Buffer) error { return bmp.Encode(b, img) },
	} {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(f, err)
		}
		files[f] = b.Bytes()
	}
	return files
}

// TestFormats has one picture in every format: it has one hash, exactly where the format loses nothing.
func TestFormats(t *testing.T) {
	t.Parallel()
	img := drawn(1, 320, 200)
	want, e := hash(img), sight.New(nil, sight.Limits{Side: 160})
	for f, b := range encoded(t, img) {
		v := look(t, e, b, sight.Options{Pictures: true})
		most := map[media.Format]int{media.JPEG: 6, media.GIF: 16}[f]
		if len(v.Pictures) != 1 || len(v.Missed) > 0 || v.Format != f {
			t.Fatalf("%s: %s, %d pictures, missed %v", f, v.Format, len(v.Pictures), missed(v))
		}
		p := v.Pictures[0]
		if d := p.Hash.Distance(want); d > most || p.Quality != 100 || p.Turned[phash.Original] != p.Hash {
			t.Errorf("%s: %d bits differ, quality %d", f, d, p.Quality)
		}
		small, err := jpeg.Decode(bytes.NewReader(p.Small))
		if err != nil || small.Bounds().Size() != image.Pt(160, 100) || hash(small).Distance(want) > 24 {
			t.Errorf("%s: small picture: %v, %d", f, err, hash(small).Distance(want))
		}
	}
}

// withEXIF puts an EXIF block with an orientation into a file.
func withEXIF(f media.Format, b []byte, orientation int) []byte {
	order := binary.LittleEndian
	block := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	order.PutUint16(block[18:], uint16(orientation))
	switch f {
	case media.JPEG:
		body := append([]byte("Exif\x00\x00"), block...)
		segment := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(body)+2)), body...)
		return bytes.Join([][]byte{b[:2], segment, b[2:]}, nil)
	case media.PNG:
		chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(block))), "eXIf"...)
		chunk = append(chunk, block...)
		chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
		return bytes.Join([][]byte{b[:33], chunk, b[33:]}, nil)
	}
	return b
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	img := drawn(2, 250, 170)
	want, e := hash(img), sight.New(nil, sight.Limits{})
	for o := 1; o <= 8; o++ {
		stored := laid(img, o)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, stored, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		for f, b := range map[media.Format][]byte{media.JPEG: withEXIF(media.JPEG, b.Bytes(), o), media.PNG: withEXIF(media.PNG, asPNG(t, stored), o), media.TIFF: asTIFF(o, stored)} {
			p := look(t, e, b, sight.Options{Pictures: true}).Pictures[0]
			most := map[media.Format]int{media.JPEG: 6}[f]
			if d := p.Hash.Distance(want); d > most {
				t.Errorf("%s, orientation %d: %d bits differ", f, o, d)
			}
			if small, err := jpeg.Decode(bytes.NewReader(p.Small)); err != nil || small.Bounds() != img.Rect || hash(small).Distance(want) > 6 {
				t.Errorf("%s, orientation %d: small picture: %v", f, o, err)
			}
		}
	}
}

// TestMirror finds a picture again that was turned or mirrored, by one of the hashes of the original.
func TestMirror(t *testing.T) {
	t.Parallel()
	img := drawn(3, 512, 512)
	p := look(t, sight.New(nil, sight.Limits{}), asPNG(t, img), sight.Options{}).Pictures[0]
	for o := 1; o <= 8; o++ {
		nearest := phash.Bits
		for _, h := range p.Turned {
			nearest = min(nearest, h.Distance(hash(laid(img, o))))
		}
		if nearest > 24 {
			t.Errorf("laid down as %d it is %d bits away", o, nearest)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	a, b, c := drawn(4, 200, 120), drawn(5, 130, 260), drawn(6, 90, 90)
	file := asTIFF(1, a, b, c)
	v := look(t, sight.New(nil, sight.Limits{}), file, sight.Options{})
	if len(v.Pictures) != 3 || len(v.Missed) > 0 {
		t.Fatal(len(v.Pictures), missed(v))
	}
	for i, img := range []image.Image{a, b, c} {
		if p := v.Pictures[i]; p.Hash != hash(img) || p.Page != i {
			t.Errorf("page %d: %d bits differ", i, p.Hash.Distance(hash(img)))
		}
	}
	v = look(t, sight.New(nil, sight.Limits{Frames: 2}), file, sight.Options{})
	if len(v.Pictures) != 2 || fmt.Sprint(missed(v)) != "[sight-frames]" {
		t.Error(len(v.Pictures), missed(v))
	}
	loop := bytes.Clone(file)
	first := loop[4:8]
	copy(loop[len(loop)-4:], first) // the last page leads to the first
	v = look(t, sight.New(nil, sight.Limits{}), loop, sight.Options{})
	if len(v.Pictures) != 3 || fmt.Sprint(missed(v)) != "[sight-frames]" {
		t.Error(len(v.Pictures), missed(v))
	}
}

// TestLikeness compares the quick look with the thorough one: they stay within a distance that leaves room in the radius.
func TestLikeness(t *testing.T) {
	t.Parallel()
	e := sight.New(nil, sight.Limits{})
	worst := 0
	for seed := range uint32(4) {
		for _, size := range [][2]int{{512, 512}, {1023, 770}, {1100, 1530}} {
			img := drawn(seed+50, size[0], size[1])
			var b bytes.Buffer
			if err := jpeg.Encode(&b, laid(img, 6), &jpeg.Options{Quality: 90}); err != nil {
				t.Fatal(err)
			}
			file := withEXIF(media.JPEG, b.Bytes(), 6)
			list, err := e.Likeness(t.Context(), media.JPEG, media.Memory(file))
			if err != nil || len(list) != 32 {
				t.Fatal(len(list), err)
			}
			p := look(t, e, file, sight.Options{}).Pictures[0]
			worst = max(worst, phash.From(list).Distance(p.Hash))
		}
	}
	if worst == 0 || worst > 14 {
		t.Errorf("up to %d bits differ", worst)
	}
	if _, err := e.Likeness(t.Context(), media.PNG, media.Memory(asPNG(t, image.NewNRGBA(image.Rect(0, 0, 300, 300))))); code(err) != sight.CodePoor {
		t.Error("a picture of nothing:", err)
	}
	if _, err := e.Likeness(t.Context(), media.Text, media.Memory("words")); code(err) != sight.CodeUnsupported {
		t.Error("text:", err)
	}
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// TestTooLarge has pictures that say they are larger than is allowed. None is decoded, and a JPEG picture is still looked
// at by the means of its blocks.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	img := drawn(7, 640, 520)
	e := sight.New(nil, sight.Limits{Pixels: 640*520 - 1})
	for f, b := range encoded(t, img) {
		v, err := e.Look(t.Context(), media.Memory(b), sight.Options{})
		if f == media.JPEG {
			if err != nil || v.Pictures[0].Hash.Distance(hash(img)) > 16 {
				t.Error(f, err)
			}
			continue
		}
		if code(err) != sight.CodePixels {
			t.Errorf("%s: %v", f, err)
		}
	}
	if _, err := sight.New(nil, sight.Limits{Bytes: 100}).Look(t.Context(), media.Memory(asPNG(t, img)), sight.Options{}); code(err) != media.CodeTooLarge {
		t.Error(err)
	}
}

// claim changes what a file says of its size, and mends checksums.
func claim(t *testing.T, f media.Format, b []byte, width, height uint32) []byte {
	t.Helper()
	b = bytes.Clone(b)
	switch f {
	case media.PNG:
		binary.BigEndian.PutUint32(b[16:], width)
		binary.BigEndian.PutUint32(b[20:], height)
		binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	case media.GIF:
		binary.LittleEndian.PutUint16(b[6:], uint16(width))
		binary.LittleEndian.PutUint16(b[8:], uint16(height))
		at := bytes.IndexByte(b[13+3<<(b[10]&7+1)*int(b[10]>>7):], 0x2C) + 13 + 3<<(b[10]&7+1)*int(b[10]>>7)
		binary.LittleEndian.PutUint16(b[at+5:], uint16(width))
		binary.LittleEndian.PutUint16(b[at+7:], uint16(height))
	case media.JPEG:
		at := bytes.Index(b, []byte{0xFF, 0xC0})
		binary.BigEndian.PutUint16(b[at+5:], uint16(height))
		binary.BigEndian.PutUint16(b[at+7:], uint16(width))
	case "bmp":
		binary.LittleEndian.PutUint32(b[18:], width)
		binary.LittleEndian.PutUint32(b[22:], height)
	case media.TIFF:
		at := binary.BigEndian.Uint32(b[4:]) + 2
		binary.BigEndian.PutUint32(b[at+8:], width)
		binary.BigEndian.PutUint32(b[at+20:], height)
	}
	return b
}

// TestBombs has small files that stand for huge pictures. Each is refused before it is decoded.
func TestBombs(t *testing.T) {
	t.Parallel()
	e := sight.New(nil, sight.Limits{})
	for f, b := range encoded(t, drawn(8, 64, 48)) {
		if f == media.WebP || f == media.AVIF {
			continue // their sizes stand in the coded picture, too
		}
		for _, size := range [][2]uint32{{65500, 65500}, {1, 0}, {0, 1}} {
			v, err := e.Look(t.Context(), media.Memory(claim(t, f, b, size[0], size[1])), sight.Options{})
			if err == nil && len(v.Missed) == 0 {
				t.Errorf("%s of %d×%d passes", f, size[0], size[1])
			}
			if size[0] > 1 && code(err) != sight.CodePixels {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	for _, huge := range []uint32{1 << 31, 1<<32 - 1} {
		for _, f := range []media.Format{media.PNG, "bmp", media.TIFF} {
			if v, err := e.Look(t.Context(), media.Memory(claim(t, f, encoded(t, drawn(8, 64, 48))[f], huge, huge)), sight.Options{}); err == nil {
				t.Errorf("%s of %d passes: %v", f, huge, v)
			}
		}
	}
}

// TestCut cuts every file short, everywhere. What is left never passes for the whole.
func TestCut(t *testing.T) {
	t.Parallel()
	e := sight.New(nil, sight.Limits{})
	files := encoded(t, drawn(9, 40, 32))
	files["several pages"] = asTIFF(1, drawn(9, 40, 32), drawn(10, 40, 32))
	for f, b := range files {
		step := 1
		if f == media.AVIF {
			step = 97 // each takes a new module
		}
		for n := 1; n < len(b); n += step {
			v, err := e.Look(t.Context(), media.Memory(b[:n]), sight.Options{})
			if err == nil && len(v.Missed) == 0 && v.Format != media.Text {
				t.Errorf("%s passes with %d of %d bytes", f, n, len(b))
				break
			}
		}
	}
}

// TestTiny has pictures that are too small for a hash: they are there, and said to be poor.
func TestTiny(t *testing.T) {
	t.Parallel()
	e := sight.New(nil, sight.Limits{})
	for f, b := range encoded(t, drawn(11, 1, 1)) {
		v := look(t, e, b, sight.Options{Pictures: true})
		if len(v.Pictures) != 1 || v.Pictures[0].Quality != 0 || fmt.Sprint(missed(v)) != "[sight-poor]" || len(v.Pictures[0].Small) == 0 {
			t.Errorf("%s: %+v", f, v)
		}
	}
}

// TestUnknown has files that nothing here looks into.
func TestUnknown(t *testing.T) {
	t.Parallel()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	e := sight.New(nil, sight.Limits{})
	for _, f := range files {
		switch f.Name {
		case "sample.heic", "sample.pdf", "sample.glb":
			if _, err := e.Look(t.Context(), media.Memory(f.Bytes), sight.Options{}); code(err) != sight.CodeUnsupported {
				t.Errorf("%s: %v", f.Name, err)
			}
		case "sample.mp4", "sample.mp3":
			if _, err := e.Look(t.Context(), media.Memory(f.Bytes), sight.Options{}); code(err) != "ffmpeg-missing" {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
	if _, err := e.Look(t.Context(), media.Memory("\x00\x01\x02"), sight.Options{}); code(err) != sight.CodeUnsupported {
		t.Error(err)
	}
}

// FuzzLook looks at what nobody would send on purpose, without ffmpeg. Nothing but sound errors and views may come of it.
func FuzzLook(f *testing.F) {
	files, err := sample.Files()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range files {
		if len(s.Bytes) < 20_000 && s.Name != "sample.avif" { // whose module takes a second for each
			f.Add(s.Bytes)
		}
	}
	for format, b := range encoded(f, drawn(12, 20, 14)) {
		if format != media.AVIF {
			f.Add(b)
		}
	}
	f.Add(asTIFF(5, drawn(12, 9, 8), drawn(13, 8, 9)))
	f.Add(mediatest.Value("1"))
	f.Add([]byte(`<p>a<img alt="b" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="></p>`))
	e := sight.New(nil, sight.Limits{Pixels: 1 << 14, Frames: 8, KeyFrames: 4, Text: 1 << 10, Bytes: 1 << 20, Side: 32})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := e.Look(t.Context(), media.Memory(b), sight.Options{Pictures: true})
		if err != nil {
			if code(err) == "" || bytes.Contains([]byte(err.Error()), []byte("panic")) {
				t.Error(err)
			}
			return
		}
		for _, m := range v.Missed {
			if m.Args["rule"] == "the decoder gave up" || m.Level != colophon.Doubt {
				t.Error(m)
			}
		}
	})
}
