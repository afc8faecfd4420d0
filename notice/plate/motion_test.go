package plate_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"regexp"
	"slices"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
)

// pngChunk makes a chunk.
func pngChunk(typ string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, typ...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// chunksOf returns the bodies of the chunks of a type, and all of them in order.
func chunksOf(b []byte, typ string) (list [][]byte) {
	for at := 8; at+12 <= len(b); {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if string(b[at+4:at+8]) == typ {
			list = append(list, b[at+8:at+8+n])
		}
		at += 12 + n
	}
	return list
}

// apng is an animation whose frames are parts of the canvas, with the ways of disposal and blending given for each. With
// hidden set, the still picture is no frame of it.
func apng(t *testing.T, hidden bool, ways ...[2]byte) []byte {
	t.Helper()
	canvas := scene(200, 160)
	var out bytes.Buffer
	sequence := uint32(0)
	control := func(r image.Rectangle, way [2]byte) {
		b := binary.BigEndian.AppendUint32(nil, sequence)
		sequence++
		for _, v := range []int{r.Dx(), r.Dy(), r.Min.X, r.Min.Y} {
			b = binary.BigEndian.AppendUint32(b, uint32(v))
		}
		out.Write(pngChunk("fcTL", append(b, 0, 1, 0, 10, way[0], way[1])))
	}
	first := encoded(t, translucent(canvas))
	out.Write(first[:8])
	out.Write(pngChunk("IHDR", chunksOf(first, "IHDR")[0]))
	out.Write(pngChunk("acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(ways))), 0)))
	if hidden {
		out.Write(pngChunk("IDAT", bytes.Join(chunksOf(first, "IDAT"), nil)))
	}
	for i, way := range ways {
		if i == 0 && !hidden {
			control(canvas.Bounds(), way)
			out.Write(pngChunk("IDAT", bytes.Join(chunksOf(first, "IDAT"), nil)))
			continue
		}
		r := image.Rect(15*i%90, 11*i%70, 15*i%90+110, 11*i%70+90)
		control(r, way)
		part := translucent(canvas.SubImage(r).(*image.NRGBA))
		data := bytes.Join(chunksOf(encoded(t, part), "IDAT"), nil)
		for len(data) > 0 { // several chunks a frame
			n := min(len(data), 4000)
			out.Write(pngChunk("fdAT", append(binary.BigEndian.AppendUint32(nil, sequence), data[:n]...)))
			sequence++
			data = data[n:]
		}
	}
	out.Write(pngChunk("tEXt", []byte("Comment\x00kept")))
	out.Write(pngChunk("IEND", nil))
	return out.Bytes()
}

// translucent returns a picture with clear and half clear pixels.
func translucent(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			c := img.NRGBAAt(img.Rect.Min.X+x, img.Rect.Min.Y+y)
			if (x/20+y/20)%4 == 0 {
				c.A = uint8(x % 2 * 255)
			}
			out.SetNRGBA(x, y, c)
		}
	}
	return out
}

func TestAPNG(t *testing.T) {
	t.Parallel()
	cases := map[string][]byte{
		"keep":    apng(t, false, [2]byte{0, 0}, [2]byte{0, 1}, [2]byte{0, 0}, [2]byte{0, 1}, [2]byte{0, 1}),
		"clear":   apng(t, false, [2]byte{1, 0}, [2]byte{1, 1}, [2]byte{1, 0}, [2]byte{1, 1}, [2]byte{1, 0}),
		"restore": apng(t, false, [2]byte{0, 0}, [2]byte{2, 1}, [2]byte{2, 0}, [2]byte{1, 1}, [2]byte{2, 0}),
		"hidden":  apng(t, true, [2]byte{0, 0}, [2]byte{1, 1}, [2]byte{2, 0}, [2]byte{0, 1}),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, r := put(t, media.APNG, in, notice.Options{})
			look(t, "apng-"+name+".apng", out)
			if name != "hidden" { // ffmpeg does not play those
				a, b := both(t, "apng", in, out)
				proven(t, a, b, r, notice.Options{}, 0)
			}
			still, marked := both(t, "png", in, out)
			proven(t, still, marked, r, notice.Options{}, 0)
			if len(chunksOf(out, "tEXt")) != 1 || len(chunksOf(out, "fcTL")) != len(chunksOf(in, "fcTL")) {
				t.Error("chunks were lost")
			}
			for i, c := range chunksOf(out, "fcTL") {
				if !bytes.Equal(c[20:24], chunksOf(in, "fcTL")[i][20:24]) {
					t.Errorf("frame %d: delay changed", i)
				}
			}
		})
	}
}

func TestMovingWebP(t *testing.T) {
	t.Parallel()
	part := func(r image.Rectangle) string {
		return mediatest.File(t, "part.png", encoded(t, translucent(scene(200, 160).SubImage(r).(*image.NRGBA))))
	}
	for _, lossless := range []bool{true, false} {
		args := []string{}
		for i, way := range []string{"+0+b", "+1+b", "+1-b", "+0+b", "+1-b"} {
			r := image.Rect(0, 0, 200, 160)
			if i > 0 {
				r = image.Rect(16*i, 10*i, 16*i+110, 10*i+90)
			}
			file := mediatest.File(t, "part.webp", nil)
			kind := []string{"-q", "80"}
			if lossless {
				kind = []string{"-lossless", "-exact"}
			}
			mediatest.Output(t, "cwebp", append(kind, "-quiet", part(r), "-o", file)...)
			args = append(args, "-frame", file, fmt.Sprintf("+%d+%d+%d%s", 70+i, r.Min.X, r.Min.Y, way))
		}
		file := mediatest.File(t, "moving.webp", nil)
		mediatest.Output(t, "webpmux", append(args, "-loop", "3", "-o", file)...)
		in := read(t, file)
		out, r := put(t, media.WebP, in, notice.Options{})
		look(t, fmt.Sprintf("webp-moving-%v.webp", lossless), out)
		played := regexp.MustCompile(`Loop Count : \d+|(?m)^\s*\d+:.*?(\d+)\s+(?:none|background)`)
		info := func(b []byte) (list []string) {
			for _, m := range played.FindAllStringSubmatch(string(mediatest.Output(t, "webpmux", "-info", mediatest.File(t, "x.webp", b))), -1) {
				if list = append(list, m[1]); m[1] == "" {
					list[len(list)-1] = m[0]
				}
			}
			return list
		}
		if a, b := info(in), info(out); len(a) != 6 || !slices.Equal(a, b) {
			t.Errorf("loop and times %v, then %v", a, b)
		}
		a, b := both(t, "webp", in, out)
		tolerance := 90
		if lossless {
			tolerance = 0
		}
		if (r.Method == "pixels") != lossless {
			t.Errorf("method %s", r.Method)
		}
		proven(t, a, b, r, notice.Options{}, tolerance)
		look(t, fmt.Sprintf("webp-moving-%v.png", lossless), encoded(t, b[3]))
	}
}
