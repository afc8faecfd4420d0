package plate_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gen2brain/webp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// look writes a picture for a person to see, where PLATE_LOOK names a folder.
func look(t *testing.T, name string, b []byte) {
	t.Helper()
	if dir := os.Getenv("PLATE_LOOK"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// put puts the notice on a file.
func put(t *testing.T, f media.Format, b []byte, o notice.Options) ([]byte, notice.Report) {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	edit, report, err := plate.Put(src, f, o)
	if err != nil {
		t.Fatalf("Put on %s: %v", f, err)
	}
	if !bytes.Equal(src, b) {
		t.Fatal("the source was changed")
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != edit.Size() {
		t.Fatalf("Edit.Size = %d, wrote %d", edit.Size(), out.Len())
	}
	if report.Ink < notice.MinInk || report.Contrast < notice.MinContrast || report.Words == "" || report.Place == "" || report.Method == "" {
		t.Errorf("report: %+v", report)
	}
	again(t, f, out.Bytes(), report, o)
	return out.Bytes(), report
}

// again checks that a second run adds no second notice and reports the same measurement.
func again(t *testing.T, f media.Format, after []byte, r notice.Report, o notice.Options) {
	t.Helper()
	if there(r) {
		t.Error("a notice was seen where there is none")
	}
	if f != media.AVIF && o.Font == nil && o.Text == "" && o.Language != notice.English && !plate.Has(media.Memory(after), f, notice.Options{}) {
		t.Error("Has does not see the notice")
	}
	edit, second, err := plate.Put(media.Memory(after), f, o)
	if err != nil {
		t.Fatalf("a second time: %v", err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, media.Memory(after)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), after) || !there(second) {
		t.Errorf("a second run changed the file; findings %v", second.Findings)
	}
	if second.Place != r.Place || second.Words != r.Words || math.Abs(second.Ink-r.Ink) > 0.004 || second.Contrast < notice.MinContrast {
		t.Errorf("a second run reports %+v, the first %+v", second, r)
	}
}

func there(r notice.Report) bool {
	return slices.ContainsFunc(r.Findings, func(f colophon.Finding) bool { return f.Code == notice.CodeThere })
}

// pixels decodes a file with ImageMagick, upright, each frame as it is shown.
func pixels(t *testing.T, name string, b []byte) []image.Image {
	t.Helper()
	path := mediatest.File(t, name, b)
	dir := t.TempDir()
	if strings.HasSuffix(name, ".png") {
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return []image.Image{img}
	}
	if strings.HasSuffix(name, ".webp") && bytes.Contains(b[:min(len(b), 200)], []byte("ANIM")) {
		all, err := webp.DecodeAll(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return all.Image
	}
	if strings.HasSuffix(name, ".apng") || strings.HasSuffix(name, ".avif") {
		mediatest.Output(t, "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-fps_mode", "passthrough", "-pix_fmt", "rgba", filepath.Join(dir, "%04d.png"))
	} else {
		mediatest.Output(t, "convert", "-limit", "thread", "1", path, "-auto-orient", "-coalesce", "-define", "png:color-type=6", "-depth", "8", filepath.Join(dir, "%04d.png"))
	}
	return frames(t, dir)
}

// both decodes a file before and after.
func both(t *testing.T, kind string, before, after []byte) (a, b []image.Image) {
	t.Helper()
	if kind == "tiff" || kind == "gif" || kind == "jpg" { // one run of ImageMagick for both
		dir := t.TempDir()
		mediatest.Output(t, "convert", "-limit", "thread", "1", "(", mediatest.File(t, "a."+kind, before), "-auto-orient", "-coalesce", ")",
			"(", mediatest.File(t, "b."+kind, after), "-auto-orient", "-coalesce", ")", "-define", "png:color-type=6", "-define", "png:compression-level=1", "-depth", "8", filepath.Join(dir, "%04d.png"))
		list := frames(t, dir)
		return list[:len(list)/2], list[len(list)/2:]
	}
	return pixels(t, "a."+kind, before), pixels(t, "b."+kind, after)
}

// frames reads the pictures of a folder.
func frames(t *testing.T, dir string) []image.Image {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.png"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no frames: %v", err)
	}
	var list []image.Image
	for _, n := range names {
		f, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, img)
	}
	return list
}

// changed returns the box in which two pictures differ by more than tolerance.
func changed(a, b image.Image, tolerance int) image.Rectangle {
	var box image.Rectangle
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			p, q := color.NRGBAModel.Convert(a.At(x, y)).(color.NRGBA), color.NRGBAModel.Convert(b.At(x, y)).(color.NRGBA)
			d := max(diff(p.R, q.R), diff(p.G, q.G), diff(p.B, q.B), diff(p.A, q.A))
			if d > tolerance && !(p.A == 0 && q.A == 0) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

func diff(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// scene is a picture with a calm lower left corner and detail elsewhere.
func scene(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	rnd := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			c := color.NRGBA{uint8(60 + 120*x/w), uint8(90 + 60*y/h), uint8(190 - 100*x/w), 255}
			if x > w/2 || y < h/2 {
				c.R += uint8(rnd.IntN(30))
				c.G += uint8(rnd.IntN(30))
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fixture makes a file of a picture with ImageMagick.
func fixture(t *testing.T, img image.Image, kind string, args ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "fixture")
	args = append([]string{"-limit", "thread", "1", mediatest.File(t, "in.png", encoded(t, img))}, args...)
	mediatest.Output(t, "convert", append(args, kind+":"+out)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{24, 24}, {32, 32}, {48, 48}, {64, 64}, {96, 64}, {100, 1000}, {200, 200}, {512, 512}, {1080, 1920}, {9000, 300}} {
		for _, o := range []notice.Options{{}, {Language: notice.Both}, {Language: notice.English}, {Text: "本图片由人工智能 AI 生成合成"}} {
			for _, tone := range []plate.Tone{plate.Dark, plate.Light} {
				p, err := plate.Render(o, size[0], size[1], tone)
				if code(err) == notice.CodeTooSmall && size[0] <= 64 {
					continue
				}
				if err != nil {
					t.Fatalf("%v %+v: %v", size, o, err)
				}
				short := min(size[0], size[1])
				ink, contrast := plate.Measure(p.Image, p.Image.Bounds())
				if float64(ink) < notice.MinInk*float64(short) || contrast < notice.MinContrast || p.Ink < notice.MinInk || p.Contrast < notice.MinContrast {
					t.Errorf("%v %q: Measure = %d, %.1f; plate %.4f, %.1f", size, p.Words, ink, contrast, p.Ink, p.Contrast)
				}
				if s := p.Image.Bounds().Size(); s.X > size[0] || s.Y > size[1] {
					t.Errorf("%v: plate %v", size, s)
				}
				if tone == plate.Dark {
					var b bytes.Buffer
					if err := png.Encode(&b, p.Image); err != nil {
						t.Fatal(err)
					}
					look(t, fmt.Sprintf("plate-%dx%d-%s%d.png", size[0], size[1], o.Language, len(o.Text)), b.Bytes())
					t.Logf("%v %s: %q plate %v ink %.4f contrast %.1f", size, o.Language, p.Words, p.Image.Bounds().Size(), p.Ink, p.Contrast)
				}
			}
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
