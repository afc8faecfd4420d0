package plate_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// kinds makes a picture in every format that has pixels.
func kinds(t *testing.T, img *image.NRGBA) map[media.Format][]byte {
	t.Helper()
	gif, tiff, webp := filepath.Join(t.TempDir(), "x.gif"), filepath.Join(t.TempDir(), "x.tiff"), filepath.Join(t.TempDir(), "x.webp")
	mediatest.Output(t, "convert", "-limit", "thread", "1", mediatest.File(t, "in.png", encoded(t, img)), "-write", gif, "-quality", "80", "-write", webp,
		"-compress", "LZW", tiff)
	return map[media.Format][]byte{
		media.PNG: encoded(t, img), media.JPEG: cjpeg(t, img), media.GIF: read(t, gif), media.TIFF: read(t, tiff), media.WebP: read(t, webp),
	}
}

// Pictures that can't hold legible words are refused, each with its own size; the smallest that can, is not.
func TestSmallest(t *testing.T) {
	t.Parallel()
	for _, side := range []int{1, 8, 48} {
		for format, b := range kinds(t, scene(side, side)) {
			_, r, err := plate.Put(media.Memory(b), format, notice.Options{})
			if side < 9 && code(err) != notice.CodeTooSmall {
				t.Errorf("%s of %d×%d: %v", format, side, side, err)
			}
			if side == 48 && (err != nil || r.Ink < notice.MinInk || r.Contrast < notice.MinContrast) && format != media.JPEG && format != media.WebP {
				t.Errorf("%s of %d×%d: %+v, %v", format, side, side, r, err)
			}
		}
	}
}

// A few bytes that claim 30,000 × 30,000 pixels are refused before memory is taken for them.
func TestClaims(t *testing.T) { // not in parallel: it measures memory
	const side = 30000
	claims := map[media.Format]func(b []byte){
		media.PNG: func(b []byte) {
			binary.BigEndian.PutUint32(b[16:], side)
			binary.BigEndian.PutUint32(b[20:], side)
		},
		media.GIF: func(b []byte) {
			binary.LittleEndian.PutUint16(b[6:], side)
			binary.LittleEndian.PutUint16(b[8:], side)
		},
		media.JPEG: func(b []byte) {
			at := bytes.Index(b, []byte{0xFF, 0xC0})
			binary.BigEndian.PutUint16(b[at+5:], side)
			binary.BigEndian.PutUint16(b[at+7:], side)
		},
		media.WebP: func(b []byte) {
			at := bytes.Index(b, []byte("VP8 ")) + 14
			binary.LittleEndian.PutUint16(b[at:], 16383)
			binary.LittleEndian.PutUint16(b[at+2:], 16383)
		},
		media.TIFF: func(b []byte) {
			dir := binary.LittleEndian.Uint32(b[4:])
			for i := range int(binary.LittleEndian.Uint16(b[dir:])) {
				if e := b[int(dir)+2+12*i:]; binary.LittleEndian.Uint16(e) == 256 || binary.LittleEndian.Uint16(e) == 257 {
					binary.LittleEndian.PutUint16(e[2:], 4)
					binary.LittleEndian.PutUint32(e[8:], side)
				}
			}
		},
	}
	files := kinds(t, scene(64, 48))
	for format, claim := range claims {
		b := files[format]
		claim(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := plate.Put(media.Memory(b), format, notice.Options{})
		runtime.ReadMemStats(&after)
		pixels := code(err) == media.CodeUnsupported && strings.Contains(err.Error(), " pixels\"")
		if c := code(err); c != media.CodeTooLarge && c != media.CodeTruncated && c != media.CodeMalformed && !pixels {
			t.Errorf("%s: %v", format, err)
		}
		if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 16 {
			t.Errorf("%s of %d bytes: %d MiB were taken", format, len(b), taken)
		}
	}
}

// Files without a byte, cut anywhere, or of formats that have no encoder here are refused with a reason.
func TestCutFiles(t *testing.T) {
	t.Parallel()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		format, ok := pictures[strings.TrimPrefix(f.Name, "sample.")]
		if !ok || format == media.AVIF {
			continue
		}
		for _, n := range []int{0, 1, 7, len(f.Bytes) / 3, len(f.Bytes) * 2 / 3, len(f.Bytes) - 3} {
			survive(t, format, f.Bytes[:n])
		}
		if _, _, err := plate.Put(media.Memory(nil), format, notice.Options{}); code(err) != media.CodeTruncated && format != media.SVG || err == nil {
			t.Errorf("%s without a byte: %v", format, err)
		}
	}
	for _, format := range []media.Format{media.HEIC, media.HEIF, media.MP4} {
		_, _, err := plate.Put(media.Memory("ftypheic"), format, notice.Options{})
		var e *colophon.Error
		if code(err) != notice.CodeKind || !errors.As(err, &e) || e.Kind != colophon.Unsupported || e.Args["format"] != string(format) || !slices.Contains(e.Clauses, colophon.ClauseLM4) {
			t.Errorf("%s: %v", format, err)
		}
		if plate.Has(media.Memory("ftypheic"), format, notice.Options{}) {
			t.Errorf("%s: a notice was seen", format)
		}
	}
}

// Plates that are not our notice are not taken for it: one without words, one with others, one with ours but too small,
// and one with ours upside down.
func TestOtherPlates(t *testing.T) {
	t.Parallel()
	const w, h = 640, 480
	size := image.Pt(w, h)
	ours, err := plate.Place(scene(w, h), size, 1, notice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	with := func(p *image.NRGBA, at image.Point) []byte {
		img := scene(w, h)
		draw.Draw(img, p.Rect.Sub(p.Rect.Min).Add(at), p, p.Rect.Min, draw.Src)
		return encoded(t, img)
	}
	if !plate.Has(media.Memory(with(ours.Stored, ours.Box.Min)), media.PNG, notice.Options{}) {
		t.Fatal("our own is not seen")
	}
	blank := image.NewNRGBA(ours.Stored.Rect)
	draw.Draw(blank, blank.Rect, image.NewUniform(color.Gray{Y: 0x1C}), image.Point{}, draw.Src)
	other, err := plate.Render(notice.Options{Text: "AI合成内容提示"}, w, h, plate.Dark)
	if err != nil {
		t.Fatal(err)
	}
	small, err := plate.Render(notice.Options{}, w*2/3, h*2/3, plate.Dark)
	if err != nil {
		t.Fatal(err)
	}
	turned := image.NewNRGBA(ours.Stored.Rect)
	for i := range len(turned.Pix) / 4 {
		copy(turned.Pix[len(turned.Pix)-4*i-4:], ours.Stored.Pix[4*i:4*i+4])
	}
	for name, b := range map[string][]byte{"blank": with(blank, ours.Box.Min), "others": with(other.Image, ours.Box.Min), "small": with(small.Image, ours.Box.Min),
		"turned": with(turned, ours.Box.Min), "elsewhere": with(ours.Stored, ours.Box.Min.Sub(image.Pt(-40, 30)))} {
		if plate.Has(media.Memory(b), media.PNG, notice.Options{}) {
			t.Errorf("%s: was taken for our notice", name)
		}
	}
	// Words of the caller's own are seen by whoever asks for them.
	b, _ := put(t, media.PNG, encoded(t, scene(w, h)), notice.Options{Text: "AI合成内容提示"})
	if plate.Has(media.Memory(b), media.PNG, notice.Options{}) {
		t.Error("words of somebody's own were seen without being asked for")
	}
	// The words of another of our notices are as good.
	b, _ = put(t, media.PNG, encoded(t, scene(w, h)), notice.Options{Language: notice.Both})
	_, r, err := plate.Put(media.Memory(b), media.PNG, notice.Options{})
	if err != nil || !there(r) || r.Words != "人工智能生成 AI-generated" {
		t.Errorf("%+v, %v", r, err)
	}
}
