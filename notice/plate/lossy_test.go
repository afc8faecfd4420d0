package plate_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

func TestWebP(t *testing.T) {
	t.Parallel()
	translucent := scene(320, 240)
	for i := 3; i < len(translucent.Pix); i += 4 {
		translucent.Pix[i] = uint8(80 + i%160)
	}
	cases := map[string][]byte{
		"lossy":          fixture(t, scene(320, 240), "WEBP", "-quality", "60"),
		"lossy-alpha":    fixture(t, translucent, "WEBP", "-quality", "80"),
		"lossless":       fixture(t, scene(320, 240), "WEBP", "-define", "webp:lossless=true"),
		"lossless-alpha": fixture(t, translucent, "WEBP", "-define", "webp:lossless=true"),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, r := put(t, media.WebP, in, notice.Options{})
			look(t, "webp-"+name+".webp", out)
			a, b := both(t, "webp", in, out)
			tolerance := 0
			if strings.HasPrefix(name, "lossy") {
				tolerance = 60
			}
			if (r.Method == "pixels") != (tolerance == 0) {
				t.Errorf("method %s", r.Method)
			}
			proven(t, a, b, r, notice.Options{}, tolerance)
			t.Logf("%s: %d bytes, then %d", name, len(in), len(out))
		})
	}
}

func TestAVIF(t *testing.T) {
	t.Parallel()
	path := mediatest.File(t, "in.png", encoded(t, scene(320, 240)))
	in := mediatest.FFmpeg(t, "x.avif", "-i", path, "-c:v", "libaom-av1", "-still-picture", "1", "-crf", "30", "-cpu-used", "8", "-pix_fmt", "yuv420p")
	out, r := put(t, media.AVIF, in, notice.Options{})
	look(t, "avif.avif", out)
	a, b := both(t, "avif", in, out)
	proven(t, a, b, r, notice.Options{}, 70)
	look(t, "avif.png", encoded(t, b[0]))
	t.Logf("%d bytes, then %d", len(in), len(out))
}

func TestJPEG(t *testing.T) {
	t.Parallel()
	plain := fixture(t, scene(320, 240), "JPEG", "-quality", "80")
	for o := range 8 {
		t.Run(fmt.Sprint(o+1), func(t *testing.T) {
			t.Parallel()
			exif := append([]byte("\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00"), byte(o+1), 0, 0, 0, 0, 0, 0, 0)
			in := append(append([]byte{0xFF, 0xD8}, exif...), plain[2:]...)
			out, r := put(t, media.JPEG, in, notice.Options{})
			look(t, fmt.Sprintf("jpeg-%d.jpg", o+1), out)
			a, b := both(t, "jpg", in, out)
			proven(t, a, b, r, notice.Options{}, 60)
		})
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"box":     `<svg xmlns="http://www.w3.org/2000/svg" viewBox="10 20 400 300"><style>rect,text{fill:red;display:none}</style><circle cx="200" cy="170" r="100" fill="#59c"/></svg>`,
		"size":    `<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="50mm"><circle cx="100" cy="70" r="60" fill="#59c"/></svg>`,
		"prefix":  `<s:svg xmlns:s="http://www.w3.org/2000/svg" width="600" height="200" viewBox="0 0 6 4"><s:circle cx="3" cy="2" r="2" fill="#59c"/></s:svg>`,
		"stretch": `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="200" viewBox="0 0 100 100" preserveAspectRatio="none"><circle cx="50" cy="50" r="30" fill="#59c"/></svg>`,
		"slice":   `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300" viewBox="0 0 200 100" preserveAspectRatio="xMidYMid slice"><circle cx="100" cy="50" r="40" fill="#59c"/></svg>`,
		"empty":   `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, r := put(t, media.SVG, []byte(text), notice.Options{})
			if r.Method != "text" || !strings.Contains(string(out), ">人工智能生成<") {
				t.Errorf("report %+v\n%s", r, out)
			}
			vectors(t, name, []byte(text), out)
		})
	}
}

// vectors draws an SVG before and after and finds ink of the standard's height where it changed.
func vectors(t *testing.T, name string, before, after []byte) image.Rectangle {
	t.Helper()
	draw := func(b []byte) image.Image {
		path := filepath.Join(t.TempDir(), "x.png")
		mediatest.Output(t, "rsvg-convert", "-b", "white", "-z", "2", "-o", path, mediatest.File(t, "x.svg", b))
		look(t, "svg-"+name+".png", read(t, path))
		img, err := png.Decode(bytes.NewReader(read(t, path)))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	a, b := draw(before), draw(after)
	box := changed(a, b, 40)
	inkByMagick(t, b, box, notice.MinInk*float64(min(b.Bounds().Dx(), b.Bounds().Dy())))
	return box
}

// A document in another encoding stays well-formed and shows the words.
func TestEncodedSVG(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{"gb": `<?xml version="1.0" encoding="GB2312"?>`, "latin": `<?xml version='1.0'  encoding = 'iso-8859-1' standalone='yes'?>`} {
		text := head + `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><title>` + "\xC4\xE3" + `</title></svg>`
		out, _ := put(t, media.SVG, []byte(text), notice.Options{})
		if bytes.ContainsFunc(bytes.ReplaceAll(out, []byte("\xC4\xE3"), nil), func(r rune) bool { return r >= 0x80 }) {
			t.Errorf("%s: characters of UTF-8: %s", name, out)
		}
		file := mediatest.File(t, "x.svg", out)
		for _, path := range []string{"//*[local-name()='text']/text()", "string(//*[@role='img']/@aria-label)"} {
			if got := string(bytes.TrimSpace(mediatest.Output(t, "xmllint", "--encode", "UTF-8", "--xpath", path, file))); got != "人工智能生成" {
				t.Errorf("%s: %s is %q", name, path, got)
			}
		}
		vectors(t, name, []byte(text), out)
	}
	utf8 := `<?xml version="1.0" encoding="utf-8"?><svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"/>`
	if out, _ := put(t, media.SVG, []byte(utf8), notice.Options{}); !bytes.Contains(out, []byte(">人工智能生成<")) {
		t.Errorf("UTF-8: %s", out)
	}
}

// A document whose size the viewer decides has the words in the right size and corner at any size.
func TestOpenSVG(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]string{"none": ` id="r"`, "percent": ` id="r" width="100%" height="100%"`, "half": ` id="r" width="80vw"`} {
		for corner, right := range map[notice.Corner]bool{"": true, notice.TopLeft: false} {
			text := `<p:svg xmlns:p="http://www.w3.org/2000/svg"` + root + `><p:circle r="50" fill="#59c"/></p:svg>`
			out, r := put(t, media.SVG, []byte(text), notice.Options{Corner: corner})
			if (r.Place == "bottom-right") != right {
				t.Errorf("%s: %+v", name, r)
			}
			size := map[bool][2]int{true: {400, 150}, false: {120, 300}}[right]
			sized := func(b []byte) []byte {
				return bytes.Replace(b, []byte(root), fmt.Appendf(nil, ` width="%d" height="%d"`, size[0], size[1]), 1)
			}
			box := vectors(t, "open-"+name, sized([]byte(text)), sized(out))
			edge := image.Rect(0, 0, 2*size[0], 2*size[1]).Inset(min(size[0], size[1]) / 12)
			if at := map[bool]image.Point{true: box.Max, false: box.Min}[right]; at.In(edge) || box.Dx() < size[0]/8 {
				t.Errorf("%s %v %q: the plate is at %v", name, size, corner, box)
			}
		}
	}
}

// What turns the whole document would turn the notice.
func TestTurnedSVG(t *testing.T) {
	t.Parallel()
	for _, how := range []string{`transform="rotate(90)"`, `style="fill:red; -webkit-transform : scale(2)"`, `style="rotate:45deg"`} {
		text := `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200" ` + how + `/>`
		if _, _, err := plate.Put(media.Memory(text), media.SVG, notice.Options{}); code(err) != media.CodeUnsupported || !strings.Contains(err.Error(), "transform") {
			t.Errorf("%s: %v", how, err)
		}
	}
	still := `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200" transform="none" style="transform:none;fill:red"/>`
	put(t, media.SVG, []byte(still), notice.Options{})
}
