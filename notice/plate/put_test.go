package plate_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

var pictures = map[string]media.Format{"png": media.PNG, "apng": media.APNG, "gif": media.GIF, "tiff": media.TIFF, "webp": media.WebP,
	"avif": media.AVIF, "svg": media.SVG, "jpg": media.JPEG}

// The label stays in place when the notice is put on, in every format.
func TestLabelStays(t *testing.T) {
	t.Parallel()
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		format, ok := pictures[strings.TrimPrefix(f.Name, "sample.")]
		if !ok {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			container, found, err := all.Detect(media.Memory(f.Bytes), f.Name)
			if err != nil {
				t.Fatal(err)
			}
			for _, place := range container.Places(format) {
				value := mediatest.Value("kept")
				labelled := mediatest.Apply(t, container, format, f.Bytes, media.Put{Place: place, Value: value})
				out, _ := put(t, format, labelled, notice.Options{})
				mediatest.One(t, container, format, out, place, value)
				if got := mediatest.Sniff(container, out); got != found {
					t.Errorf("Sniff = %s, was %s", got, found)
				}
				if format == media.AVIF {
					break // slow
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	small := encoded(t, image.NewNRGBA(image.Rect(0, 0, 1, 1)))
	huge := bytes.Clone(small)
	copy(huge[16:], []byte{0, 0, 0x75, 0x31, 0, 0, 0x75, 0x31})
	cases := map[string]struct {
		f    media.Format
		b    []byte
		o    notice.Options
		code colophon.Code
	}{
		"1×1":           {media.PNG, small, notice.Options{}, notice.CodeTooSmall},
		"30001":         {media.PNG, huge, notice.Options{}, media.CodeUnsupported},
		"heic":          {media.HEIC, nil, notice.Options{}, notice.CodeKind},
		"video":         {media.MP4, nil, notice.Options{}, notice.CodeKind},
		"words":         {media.PNG, small, notice.Options{Text: "hello"}, notice.CodeWords},
		"glyph":         {media.PNG, small, notice.Options{Text: "AI生成龘"}, notice.CodeNoGlyph},
		"font":          {media.PNG, small, notice.Options{Font: []byte("no font")}, media.CodeMalformed},
		"font of Latin": {media.PNG, small, notice.Options{Font: goregular.TTF}, notice.CodeNoGlyph},
		"empty":         {media.GIF, nil, notice.Options{}, media.CodeTruncated},
		"svg no size":   {media.SVG, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 0"/>`), notice.Options{}, media.CodeUnsupported},
	}
	for name, c := range cases {
		if _, _, err := plate.Put(media.Memory(c.b), c.f, c.o); code(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for format := range map[media.Format]bool{media.PNG: true, media.GIF: true, media.TIFF: true, media.WebP: true, media.AVIF: true, media.SVG: true, media.JPEG: true} {
		_, _, err := plate.Put(media.Memory("not at all a picture, but long enough"), format, notice.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// A font of the caller's own draws the words.
func TestOwnFont(t *testing.T) {
	t.Parallel()
	font := notice.Font()
	p, err := plate.Render(notice.Options{Font: font}, 400, 300, plate.Dark)
	if err != nil || p.Ink < notice.MinInk {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := plate.Render(notice.Options{Language: notice.English, Font: goregular.TTF}, 400, 300, plate.Dark); err != nil || p.Ink < notice.MinInk {
		t.Errorf("%+v, %v", p, err)
	}
}

// The corner is the calmest, and not one with a face or with writing while another is free.
func TestCorner(t *testing.T) {
	t.Parallel()
	const w, h = 400, 300
	corners := map[notice.Corner]image.Rectangle{
		notice.TopLeft: image.Rect(0, 0, w/2, h/2), notice.TopRight: image.Rect(w/2, 0, w, h/2),
		notice.BottomLeft: image.Rect(0, h/2, w/2, h), notice.BottomRight: image.Rect(w/2, h/2, w, h),
	}
	detail := scene(w, h)
	for i := 0; i < len(detail.Pix); i += 4 { // no colour of skin
		detail.Pix[i], detail.Pix[i+2] = detail.Pix[i+2]/2, detail.Pix[i]
	}
	fill := func(img *image.NRGBA, r image.Rectangle, kind string) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				switch {
				case kind == "face":
					img.SetNRGBA(x, y, color.NRGBA{224, 172, 138, 255})
				case kind == "writing" && (x/3+y/9)%2 == 0 && y%9 < 6:
					img.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
				case kind == "writing":
					img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
				}
			}
		}
	}
	for free, r := range corners {
		for _, kind := range []string{"face", "writing", "detail"} {
			img := image.NewNRGBA(image.Rect(0, 0, w, h))
			draw.Draw(img, img.Bounds(), image.NewUniform(color.NRGBA{90, 140, 190, 255}), image.Point{}, draw.Src)
			for c, other := range corners {
				if c == free {
					// The free corner has more detail than a face, yet it must be taken.
					if kind != "detail" {
						draw.Draw(img, r, detail, image.Pt(w/2, 0), draw.Src)
					}
					continue
				}
				if fill(img, other, kind); kind == "detail" {
					draw.Draw(img, other, detail, image.Pt(w/2, 0), draw.Src)
				}
			}
			p, err := plate.Place(img, img.Bounds().Size(), 1, notice.Options{})
			if err != nil || p.Corner != free {
				t.Errorf("%s: %s, %v; free is %s", kind, p.Corner, err, free)
			}
			for c := range corners {
				if p, err := plate.Place(img, img.Bounds().Size(), 1, notice.Options{Corner: c}); err != nil || p.Corner != c || !p.Box.Overlaps(corners[c]) {
					t.Errorf("fixed %s: %s at %v, %v", c, p.Corner, p.Box, err)
				}
			}
		}
	}
}

// A face that only touches a corner, and writing in a JPEG whose small copy does not show it, are avoided too, though the
// other corners have more detail.
func TestFaceAndWriting(t *testing.T) {
	t.Parallel()
	const w, h = 1200, 900
	noise := func(img *image.NRGBA, r image.Rectangle, deep int) {
		rnd := rand.New(rand.NewPCG(5, 6))
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				v := uint8(60 + rnd.IntN(deep))
				img.SetNRGBA(x, y, color.NRGBA{v / 2, v, v, 255})
			}
		}
	}
	face := image.NewNRGBA(image.Rect(0, 0, w, h))
	noise(face, face.Rect, 60)
	noise(face, image.Rect(w/2, h/2, w, h), 2)
	for y := range h {
		for x := range w {
			if dx, dy := float64(x-900)/190, float64(y-640)/250; dx*dx+dy*dy < 1 {
				face.SetNRGBA(x, y, color.NRGBA{150, 105, 80, 255})
			}
		}
	}
	page := image.NewNRGBA(face.Rect)
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	noise(page, image.Rect(0, h/2, w/2, h), 120)
	for y := range h { // lines of thin strokes
		for x := range w {
			if (x >= w/2 || y < h/2) && y%24 < 14 && (x*7+y/24*13)%11 < 3 && x%60 < 50 {
				page.SetNRGBA(x, y, color.NRGBA{20, 20, 20, 255})
			}
		}
	}
	for name, c := range map[string]struct {
		img   *image.NRGBA
		avoid []string
	}{"face": {face, []string{"bottom-right"}}, "writing": {page, []string{"bottom-right", "top-left", "top-right"}}} {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, c.img, &jpeg.Options{Quality: 85}); err != nil {
			t.Fatal(err)
		}
		for format, file := range map[media.Format][]byte{media.PNG: encoded(t, c.img), media.JPEG: b.Bytes()} {
			edit, r, err := plate.Put(media.Memory(file), format, notice.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := edit.Apply(&out, media.Memory(file)); err != nil {
				t.Fatal(err)
			}
			look(t, "avoid-"+name+"."+string(format), out.Bytes())
			if slices.Contains(c.avoid, r.Place) {
				t.Errorf("%s in %s: %s", name, format, r.Place)
			}
		}
	}
}

// The preview shows the frame, two lines at the ink and a bar of 5 %, each where it belongs, and nothing else is changed.
func TestPreview(t *testing.T) {
	t.Parallel()
	exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
	for name, in := range map[string][]byte{"png": encoded(t, scene(960, 720)), "jpeg": segment(cjpeg(t, scene(720, 960)), 0xE1, exif)} {
		format := media.Format(name)
		out, r := put(t, format, in, notice.Options{Language: notice.Both})
		drawn, err := plate.PreviewFile(media.Memory(out), format, notice.Options{Language: notice.Both})
		if err != nil {
			t.Fatal(err)
		}
		look(t, "preview-"+name+".png", encoded(t, drawn))
		if drawn.Bounds() != image.Rect(0, 0, 960, 720) {
			t.Fatalf("%s: bounds %v", name, drawn.Bounds())
		}
		p, err := plate.Render(notice.Options{Language: notice.Both}, 960, 720, plate.Dark)
		if err != nil {
			t.Fatal(err)
		}
		red, green := func(c color.NRGBA) bool { return c == color.NRGBA{0xE5, 0x39, 0x35, 0xFF} }, func(c color.NRGBA) bool { return c == color.NRGBA{0x00, 0xC8, 0x53, 0xFF} }
		find := func(is func(color.NRGBA) bool) (box image.Rectangle) {
			for y := range 720 {
				for x := range 960 {
					if is(color.NRGBAModel.Convert(drawn.At(x, y)).(color.NRGBA)) {
						box = box.Union(image.Rect(x, y, x+1, y+1))
					}
				}
			}
			return box
		}
		frame, bar := find(red), find(green)
		if inner := frame.Inset(2); inner.Size() != p.Image.Bounds().Size() {
			t.Errorf("%s: the frame leaves %v, the plate is %v", name, inner, p.Image.Bounds().Size())
		}
		if bar.Dy() != 36 || bar.Overlaps(frame) { // 5 % of 720
			t.Errorf("%s: the bar is %v, the frame %v", name, bar, frame)
		}
		var lines []int
		x := frame.Max.X - 4 // in the plate, beside the words
		for y := frame.Min.Y + 2; y < frame.Max.Y-2; y++ {
			if red(color.NRGBAModel.Convert(drawn.At(x, y)).(color.NRGBA)) {
				lines = append(lines, y)
			}
		}
		ink := int(math.Round(r.Ink * 720))
		if len(lines) != 4 || lines[2]-lines[1]-1 != ink || lines[1]+1 != bar.Min.Y {
			t.Errorf("%s: lines at %v, ink %d, bar %v", name, lines, ink, bar)
		}
	}
	if _, err := plate.PreviewFile(media.Memory(encoded(t, scene(300, 200))), media.PNG, notice.Options{}); code(err) != media.CodeUnsupported {
		t.Errorf("a preview without a notice: %v", err)
	}
	if _, err := plate.PreviewFile(media.Memory("x"), media.HEIC, notice.Options{}); code(err) != notice.CodeKind {
		t.Errorf("a preview of HEIC: %v", err)
	}
}

// Put on damaged files gives a refusal or a file that can be read, and never panics.
func FuzzPut(f *testing.F) {
	files, err := sample.Files()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range files {
		// AVIF is left to its own target: its decoder is slow.
		if format, ok := pictures[strings.TrimPrefix(s.Name, "sample.")]; ok && format != media.AVIF {
			f.Add(string(format), s.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, format string, b []byte) {
		if format == string(media.AVIF) || len(b) > 1<<16 {
			return
		}
		survive(t, media.Format(format), b)
	})
}

// FuzzAVIF is FuzzPut for AVIF alone.
func FuzzAVIF(f *testing.F) {
	files, err := sample.Files()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range files {
		if s.Name == "sample.avif" {
			f.Add(s.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { survive(t, media.AVIF, b) })
}

// FuzzFont draws with damaged fonts.
func FuzzFont(f *testing.F) {
	f.Add(goregular.TTF[:4096])
	f.Add([]byte("OTTO"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		p, err := plate.Render(notice.Options{Language: notice.English, Font: b}, 200, 200, plate.Dark)
		if err == nil && p.Ink < notice.MinInk {
			t.Errorf("ink %f", p.Ink)
		}
	})
}

func survive(t *testing.T, format media.Format, b []byte) {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	edit, report, err := plate.Put(src, format, notice.Options{})
	if !bytes.Equal(src, b) {
		t.Fatal("the source was changed")
	}
	if err != nil {
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			t.Fatalf("%s: unexplained: %v", format, err)
		}
		return
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	if report.Ink < notice.MinInk || report.Contrast < notice.MinContrast {
		t.Errorf("%s: report %+v", format, report)
	}
	if _, _, err := plate.Put(media.Memory(out.Bytes()), format, notice.Options{}); err != nil {
		t.Errorf("%s: a second time: %v", format, err)
	}
}
