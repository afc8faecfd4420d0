package coefficient_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/picture/coefficient"
)

// scene is a picture with a calm part, edges and noise.
func scene(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	noise := uint32(1)
	for y := range height {
		for x := range width {
			noise = noise*1664525 + 1013904223
			r, g, b := 255*x/width, 255*y/height, 128
			switch {
			case (x/23+y/17)%5 == 0:
				r, g, b = 200, 40, 60
			case x > width/2 && y > height/2:
				n := int(noise >> 26)
				r, g, b = r+n-32, g+n-32, b+n-32
			}
			m.SetRGBA(x, y, color.RGBA{limit(r), limit(g), limit(b), 255})
		}
	}
	return m
}

func limit(v int) byte { return byte(min(max(v, 0), 255)) }

func ppm(m *image.RGBA) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "P6\n%d %d\n255\n", m.Rect.Dx(), m.Rect.Dy())
	for i := 0; i < len(m.Pix); i += 4 {
		b.Write(m.Pix[i : i+3])
	}
	return b.Bytes()
}

// pipe runs a program with input and returns its output; anything on its standard error fails the test.
func pipe(t testing.TB, in []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(mediatest.Tool(t, name), args...)
	var out, warnings bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &out, &warnings
	if err := cmd.Run(); err != nil || warnings.Len() > 0 {
		t.Fatalf("%s %v: %v\n%s", name, args, err, warnings.Bytes())
	}
	return out.Bytes()
}

// plate is black on white with a transparent margin and a half-transparent part, and some colour.
func plate(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, image.Rect(3, 2, width-3, height-2), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(width/4, height/4, width/2, height*3/4), image.NewUniform(color.Black), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(width/2, height/4, width*3/4, height/2), image.NewUniform(color.NRGBA{20, 60, 200, 128}), image.Point{}, draw.Src)
	return m
}

const separate = "0;1;2;"
const separateProgressive = "0:0-0,0,1;1:0-0,0,0;2:0-0,0,0;0:1-5,0,2;2:1-63,0,1;1:1-63,0,1;0:6-63,0,2;0:1-63,2,1;0:0-0,1,0;2:1-63,1,0;1:1-63,1,0;0:1-63,1,0;"

// samples are files of every kind, by name.
func samples(t testing.TB, width, height int) map[string][]byte {
	t.Helper()
	in := ppm(scene(width, height))
	list := map[string][]byte{}
	scripts := map[string]string{
		"separate": mediatest.File(t, "scans", []byte(separate)), "script": mediatest.File(t, "scans", []byte(separateProgressive)),
	}
	for sampling, factors := range map[string]string{"444": "1x1", "422": "2x1", "420": "2x2", "440": "1x2", "411": "4x1", "410": "4x2"} {
		for kind, args := range map[string][]string{
			"baseline": nil, "optimised": {"-optimize"}, "progressive": {"-progressive"}, "rows": {"-restart", "1"},
			"restart": {"-restart", "3B"}, "progressive-restart": {"-progressive", "-restart", "7B"},
			"separate": {"-scans", scripts["separate"]}, "separate-restart": {"-scans", scripts["separate"], "-restart", "5B", "-optimize"}, "script": {"-progressive", "-scans", scripts["script"]},
		} {
			if common := sampling == "444" || sampling == "420"; !common && !strings.Contains("baseline progressive-restart script separate-restart", kind) {
				continue
			}
			list[sampling+"-"+kind] = pipe(t, in, "cjpeg", append([]string{"-quality", "85", "-sample", factors}, args...)...)
		}
	}
	for kind, args := range map[string][]string{
		"grey": {"-grayscale"}, "grey-progressive": {"-grayscale", "-progressive"}, "rgb": {"-rgb"}, "rgb-progressive": {"-rgb", "-progressive", "-restart", "4B"},
		"q100": {"-quality", "100"}, "q100-progressive": {"-quality", "100", "-progressive"}, "q3": {"-quality", "3", "-baseline", "-optimize"},
		"q3-progressive": {"-quality", "3", "-baseline", "-progressive"}, "q30-grey-optimised": {"-quality", "30", "-grayscale", "-optimize"},
	} {
		list[kind] = pipe(t, in, "cjpeg", args...)
	}
	list["cmyk"] = pipe(t, in, "convert", "ppm:-", "-colorspace", "CMYK", "-quality", "85", "jpeg:-")
	list["cmyk-progressive"] = pipe(t, in, "convert", "ppm:-", "-colorspace", "CMYK", "-interlace", "JPEG", "-sampling-factor", "2x2", "-quality", "85", "jpeg:-")
	for _, kind := range []string{"cmyk", "cmyk-progressive"} {
		list["y"+kind] = adobeTransform(t, list[kind], 2)
		list[kind] = adobeTransform(t, list[kind], 0)
	}
	list["flat"] = pipe(t, ppm(image.NewRGBA(image.Rect(0, 0, width, height))), "cjpeg", "-optimize")
	list["flat-progressive"] = pipe(t, ppm(image.NewRGBA(image.Rect(0, 0, width, height))), "cjpeg", "-progressive")
	list["ffmpeg"] = mediatest.FFmpeg(t, "x.jpg", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d", width, height), "-frames:v", "1", "-q:v", "4")
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scene(width, height), nil); err != nil {
		t.Fatal(err)
	}
	list["go"] = b.Bytes()
	return list
}

// adobeTransform sets what the Adobe segment says of four components: the colours turn others, the file stays valid.
func adobeTransform(t testing.TB, b []byte, transform byte) []byte {
	t.Helper()
	at := bytes.Index(b, []byte("Adobe"))
	if at < 0 {
		t.Fatal("no Adobe segment")
	}
	b = bytes.Clone(b)
	b[at+11] = transform
	return b
}

func overlay(t testing.TB, b []byte, box image.Rectangle, plate image.Image) ([]byte, coefficient.Touched) {
	t.Helper()
	p, err := coefficient.Open(media.Memory(b))
	if err != nil {
		t.Fatal(err)
	}
	edit, touched, err := p.Overlay(box, plate)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, media.Memory(b)); err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != edit.Size() {
		t.Fatalf("%d bytes written, %d planned", out.Len(), edit.Size())
	}
	return out.Bytes(), touched
}

// sameOutside compares all coefficients of the blocks that the box does not touch.
func sameOutside(t testing.TB, a *reference, after []byte, box image.Rectangle) {
	t.Helper()
	b := decodeCoefficients(t, after)
	changed := 0
	for i := range a.planes {
		pa, pb := &a.planes[i], &b.planes[i]
		fx, fy := 8*a.hmax/pa.h, 8*a.vmax/pa.v
		for at, want := range pa.coef {
			same := *pb.coef[at] == *want
			if !same {
				changed++
			}
			pixels := image.Rect(at[0]*fx, at[1]*fy, (at[0]+1)*fx, (at[1]+1)*fy)
			if !same && !pixels.Overlaps(box) {
				t.Fatalf("component %d, block %v, is outside the box and changed\n%v\n%v", i, at, *want, *pb.coef[at])
			}
		}
	}
	if changed == 0 {
		t.Error("nothing changed")
	}
}

func boxes(width, height int) map[string]image.Rectangle {
	return map[string]image.Rectangle{
		"left top":     image.Rect(0, 0, 70, 25),
		"inside":       image.Rect(41, 37, 99, 60),
		"right bottom": image.Rect(width-73, height-29, width, height),
		"right":        image.Rect(width-50, 50, width, 66),
		"all":          image.Rect(0, 0, width, height),
		"small":        image.Rect(90, 70, 99, 79),
	}
}

func TestOverlayKeepsEveryOtherCoefficient(t *testing.T) {
	t.Parallel()
	const width, height = 171, 117
	var seen sync.Map
	t.Cleanup(func() {
		for _, tables := range []coefficient.Tables{coefficient.TablesKept, coefficient.TablesExtended, coefficient.TablesReordered, coefficient.TablesRebuilt} {
			name, ok := seen.Load(tables)
			t.Logf("tables %s: %v", tables, name)
			if !ok {
				t.Errorf("no sample led to tables %s", tables)
			}
		}
	})
	for name, b := range samples(t, width, height) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := decodeCoefficients(t, b)
			for place, box := range boxes(width, height) {
				out, touched := overlay(t, b, box, plate(box.Dx(), box.Dy()))
				if !box.Intersect(image.Rect(0, 0, width&^1, height&^1)).In(touched.Area) { // ffmpeg makes even sizes
					t.Errorf("%s: area %v does not hold the box", place, touched.Area)
				}
				sameOutside(t, before, out, box)
				seen.Store(touched.Tables, name)
				if place == "right bottom" {
					accepted(t, b, out)
				}
			}
			if !strings.HasPrefix(name, "q3") && name != "ffmpeg" { // too coarse to measure
				if !strings.HasPrefix(name, "flat") {
					reduces(t, b, width, height)
				}
				showsPlate(t, name, b, image.Rect(width-91, height-45, width, height))
			}
		})
	}
}

// accepted fails unless jpegtran and Go decode the file without a warning. Go reads fewer kinds than there are: it is
// asked about those of which it reads the file before.
func accepted(t testing.TB, before, after []byte) {
	t.Helper()
	pipe(t, after, "jpegtran", "-copy", "all")
	old, err := jpeg.Decode(bytes.NewReader(before))
	if err != nil {
		return
	}
	m, err := jpeg.Decode(bytes.NewReader(after))
	if err != nil {
		t.Errorf("image/jpeg: %v", err)
	} else if m.Bounds() != old.Bounds() {
		t.Errorf("image/jpeg: %v", m.Bounds())
	}
}

// pixels decodes with djpeg or, four components, ImageMagick.
func pixels(t testing.TB, b []byte, four bool) *image.RGBA {
	t.Helper()
	var out []byte
	if four {
		out = pipe(t, b, "convert", "jpeg:-", "-colorspace", "sRGB", "-depth", "8", "ppm:-")
	} else {
		out = pipe(t, b, "djpeg", "-nosmooth", "-rgb", "-pnm")
	}
	var width, height, deepest int
	if _, err := fmt.Sscanf(string(out[:20]), "P6\n%d %d\n%d", &width, &height, &deepest); err != nil {
		t.Fatalf("%v: %q", err, out[:20])
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	data := out[len(out)-3*width*height:]
	for i := range width * height {
		copy(m.Pix[4*i:], data[3*i:3*i+3])
		m.Pix[4*i+3] = 255
	}
	return m
}

// showsPlate measures the pixels that an independent decoder makes: outside the touched blocks they are what they were,
// inside they are those of the plate over those before, within the loss of the quantisation.
func showsPlate(t *testing.T, name string, b []byte, box image.Rectangle) {
	t.Helper()
	four := len(decodeCoefficients(t, b).planes) == 4
	out, touched := overlay(t, b, box, plate(box.Dx(), box.Dy()))
	was, is := pixels(t, b, four), pixels(t, out, four)
	keep(t, name, is)
	want := image.NewRGBA(was.Rect)
	draw.Draw(want, want.Rect, was, image.Point{}, draw.Src)
	draw.Draw(want, box, plate(box.Dx(), box.Dy()), image.Point{}, draw.Over)
	outside := touched.Area
	if four {
		outside = outside.Inset(-2) // ImageMagick smooths chroma over the blocks' edges
	}
	sum, n := 0.0, 0
	for y := range was.Rect.Dy() {
		for x := range was.Rect.Dx() {
			at := was.PixOffset(x, y)
			if !image.Pt(x, y).In(touched.Area) {
				if !image.Pt(x, y).In(outside) && !bytes.Equal(was.Pix[at:at+4], is.Pix[at:at+4]) {
					t.Fatalf("pixel %d,%d outside %v: %v, was %v", x, y, touched.Area, is.Pix[at:at+3], was.Pix[at:at+3])
				}
				continue
			}
			sum += math.Abs(light(want.Pix[at:]) - light(is.Pix[at:]))
			n++
		}
	}
	mean := sum / float64(n)
	black := light(is.Pix[is.PixOffset(box.Min.X+box.Dx()*3/8, box.Min.Y+box.Dy()/2):])
	white := light(is.Pix[is.PixOffset(box.Max.X-12, box.Max.Y-12):])
	t.Logf("off by %.2f on average, black %.0f, white %.0f", mean, black, white)
	most := 3.0
	if four {
		most = 12 // ImageMagick samples black, too, at half the resolution
	}
	if mean > most || black > 25 || white < 230 {
		t.Errorf("luminance in the touched area is off by %.1f on average, black is %.0f, white is %.0f", mean, black, white)
	}
}

func light(pix []byte) float64 {
	return 0.299*float64(pix[0]) + 0.587*float64(pix[1]) + 0.114*float64(pix[2])
}

// keep writes a picture where COLOPHON_KEEP says, to be looked at.
func keep(t testing.TB, name string, m image.Image) {
	t.Helper()
	root := os.Getenv("COLOPHON_KEEP")
	if root == "" {
		return
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, name+".png"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
