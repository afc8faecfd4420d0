package plate_test

import (
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/notice"
)

// words are the boxes that ImageMagick measures when all tests have run: starting it for each takes most of the time.
var words struct {
	sync.Mutex
	list []cutOut
}

// cutOut is what is inside the plate of a picture that a test made.
type cutOut struct {
	test  string
	img   image.Image
	least float64 // pixels of ink
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := measureWords(words.list); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// inkByMagick has ImageMagick measure the words in a box, in the end: the box cut out, made black and white, and what is
// around the ink trimmed. The height in pixels is that of the whole line of words. The contrast is that of the two greys
// that stand for the box best.
func inkByMagick(t *testing.T, img image.Image, box image.Rectangle, least float64) {
	t.Helper()
	inner := box.Inset(1)
	grey := image.NewGray(image.Rectangle{Max: inner.Size()})
	for y := range inner.Dy() {
		for x := range inner.Dx() {
			grey.Set(x, y, img.At(inner.Min.X+x, inner.Min.Y+y))
		}
	}
	if inner.Empty() {
		t.Fatal("no box to measure")
	}
	words.Lock()
	defer words.Unlock()
	words.list = append(words.list, cutOut{t.Name(), grey, least})
}

// measureWords says what is wrong with the words of any of the boxes.
func measureWords(list []cutOut) error {
	dir, err := os.MkdirTemp("", "words")
	if err != nil || len(list) == 0 {
		return err
	}
	defer os.RemoveAll(dir)
	args := []string{"-limit", "thread", "1", "+dither", "-depth", "8"}
	for i, c := range list {
		at := filepath.Join(dir, strconv.Itoa(i))
		f, err := os.Create(at + ".png")
		if err != nil {
			return err
		}
		if err := png.Encode(f, c.img); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		args = append(args, "(", at+".png", "(", "+clone", "-colors", "2", "-unique-colors", "-write", "gray:"+at+".gray", "+delete", ")",
			"-auto-level", "-threshold", "55%", "-trim", "-format", "%h", "-write", "info:"+at+".txt", "+delete", ")")
	}
	if out, err := exec.Command("convert", append(args, "xc:", "null:")...).CombinedOutput(); err != nil {
		return fmt.Errorf("convert: %w\n%s", err, out)
	}
	var wrong []string
	for i, c := range list {
		greys, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)+".gray"))
		if err != nil {
			return err
		}
		height, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)+".txt"))
		if err != nil {
			return err
		}
		h, err := strconv.Atoi(strings.TrimSpace(string(height)))
		if err != nil || float64(h) < c.least {
			wrong = append(wrong, fmt.Sprintf("%s: ImageMagick measures %q pixels of ink, %.2f are the least", c.test, height, c.least))
		}
		if len(greys) != 2 || contrast(greys[0], greys[1]) < notice.MinContrast {
			wrong = append(wrong, fmt.Sprintf("%s: ImageMagick's two greys are %v", c.test, greys))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s\nFAIL", strings.Join(wrong, "\n"))
	}
	return nil
}

// contrast is the ratio of two greys (WCAG 2.2, relative luminance).
func contrast(a, b byte) float64 {
	light := func(v byte) float64 {
		if f := float64(v) / 255; f > 0.04045 {
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// Words that are too low or too faint are found out.
func TestMeasureWords(t *testing.T) {
	t.Parallel()
	draw := func(high int, ground, ink uint8) image.Image {
		img := image.NewGray(image.Rect(0, 0, 60, 40))
		for i := range img.Pix {
			img.Pix[i] = ground
			if x, y := i%60, i/60; x > 10 && x < 40 && x%4 < 2 && y >= 8 && y < 8+high {
				img.Pix[i] = ink
			}
		}
		return img
	}
	for name, c := range map[string]struct {
		img image.Image
		ok  bool
	}{"good": {draw(20, 0x1C, 0xFF), true}, "low": {draw(19, 0x1C, 0xFF), false}, "faint": {draw(20, 0x60, 0x90), false}} {
		if err := measureWords([]cutOut{{name, draw(30, 0, 255), 20}, {name, c.img, 20}}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
