package sight_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"strconv"
	"testing"
	"time"

	libwebp "github.com/gen2brain/webp"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/screen/sight"
)

const side = 200

// scenes makes the frames of an animation: whole ones and parts, with each way of leaving them.
func scenes() *gif.GIF {
	g := &gif.GIF{Config: image.Config{Width: side, Height: side}}
	colours := append(color.Palette{color.Transparent}, palette.WebSafe...)
	for i, f := range []struct {
		box   image.Rectangle
		leave byte
	}{
		{image.Rect(0, 0, side, side), gif.DisposalNone}, {image.Rect(20, 10, 150, 170), gif.DisposalPrevious}, {image.Rect(60, 80, 190, 200), gif.DisposalBackground},
		{image.Rect(0, 0, 120, 90), gif.DisposalNone}, {image.Rect(70, 0, 200, 200), gif.DisposalPrevious}, {image.Rect(0, 40, 140, 190), gif.DisposalNone},
	} {
		p := image.NewPaletted(f.box, colours)
		draw.Draw(p, f.box, drawn(uint32(20+i), f.box.Dx(), f.box.Dy()), image.Point{}, draw.Src)
		for y := f.box.Min.Y; y < f.box.Max.Y; y++ { // a window in it
			for x := f.box.Min.X + f.box.Dx()/3; x < f.box.Min.X+f.box.Dx()/2; x++ {
				p.SetColorIndex(x, y, 0)
			}
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, p), append(g.Delay, 30+i), append(g.Disposal, f.leave)
	}
	return g
}

// played are the frames of an animation as ffmpeg shows them.
func played(t *testing.T, name string, b []byte) []image.Image {
	t.Helper()
	raw := mediatest.FFmpeg(t, "raw", "-i", mediatest.File(t, name, b), "-fps_mode", "passthrough", "-pix_fmt", "rgba", "-f", "rawvideo")
	var list []image.Image
	for at := 0; at < len(raw); at += 4 * side * side {
		list = append(list, &image.NRGBA{Pix: raw[at : at+4*side*side], Stride: 4 * side, Rect: image.Rect(0, 0, side, side)})
	}
	return list
}

// TestReels holds the frames of animations against those that others put together, and has a key frame near each.
func TestReels(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, scenes()); err != nil {
		t.Fatal(err)
	}
	files := map[media.Format][]byte{media.GIF: b.Bytes(), media.APNG: mediatest.FFmpeg(t, "a.apng", "-i", mediatest.File(t, "a.gif", b.Bytes()), "-plays", "0", "-f", "apng")}
	frames := map[media.Format][]image.Image{}
	for f, b := range files {
		frames[f] = played(t, "a."+string(f), b)
	}
	var webp bytes.Buffer
	all := &libwebp.WEBP{Delay: []int{300, 310, 320, 330, 340, 350}}
	all.Image = frames[media.GIF]
	if err := libwebp.EncodeAll(&webp, all, libwebp.Options{Lossless: true}); err != nil {
		t.Fatal(err)
	}
	files[media.WebP], frames[media.WebP] = webp.Bytes(), all.Image
	for f, b := range files {
		v := look(t, sight.New(nil, sight.Limits{}), b, sight.Options{})
		if len(frames[f]) != 6 || len(v.Missed) > 0 || len(v.Pictures) != 6 {
			t.Fatalf("%s: %d frames, %d pictures, missed %v", f, len(frames[f]), len(v.Pictures), missed(v))
		}
		at := time.Duration(0)
		for i, img := range frames[f] {
			if p := v.Pictures[i]; p.Hash.Distance(hash(img)) > 2 || p.At != at && f != media.APNG { // to which ffmpeg gives a rate of its own
				t.Errorf("%s, frame %d: %d bits differ, at %v", f, i, p.Hash.Distance(hash(img)), p.At)
			}
			at += time.Duration(30+i) * 10 * time.Millisecond
		}
		cut(t, f, b)
		limited(t, f, b)
	}
}

// cut cuts an animation short: what is whole is looked at, and the view says that it is not all.
func cut(t *testing.T, f media.Format, b []byte) {
	t.Helper()
	e := sight.New(nil, sight.Limits{})
	least, most := 9, 0
	for n := len(b) - 1; n > 64; n -= len(b) / 40 {
		v, err := e.Look(t.Context(), media.Memory(b[:n]), sight.Options{})
		if err != nil {
			continue
		}
		if len(v.Missed) == 0 {
			t.Errorf("%s passes with %d of %d bytes", f, n, len(b))
		}
		least, most = min(least, len(v.Pictures)), max(most, len(v.Pictures))
	}
	if least > 1 || most < 5 {
		t.Errorf("%s: from %d to %d pictures of what was cut", f, least, most)
	}
}

// limited has fewer frames, key frames and pixels than the animation.
func limited(t *testing.T, f media.Format, b []byte) {
	t.Helper()
	for _, test := range []struct {
		limits   sight.Limits
		pictures int
		missed   string
	}{
		{sight.Limits{Frames: 3}, 3, "[sight-frames]"}, {sight.Limits{KeyFrames: 2}, 2, "[sight-keys]"}, {sight.Limits{Pixels: side * side / 5}, 0, "sight-pixels"},
	} {
		v, err := sight.New(nil, test.limits).Look(t.Context(), media.Memory(b), sight.Options{})
		if test.pictures == 0 {
			if string(code(err)) != test.missed {
				t.Errorf("%s: %v", f, err)
			}
			continue
		}
		if err != nil || len(v.Pictures) != test.pictures || fmt.Sprint(missed(v)) != test.missed {
			t.Errorf("%s: %d pictures, missed %v, %v", f, len(v.Pictures), missed(v), err)
		}
	}
}

// TestStandIn has an APNG file whose own picture is another one than the frames: both are looked at.
func TestStandIn(t *testing.T) {
	t.Parallel()
	a, b := drawn(40, side, side), drawn(41, side, side)
	one, two := asPNG(t, a), asPNG(t, b)
	control := append(bytes.Repeat([]byte{0}, 4), two[16:24]...)
	control = append(control, make([]byte, 14)...)
	data := append([]byte{0, 0, 0, 1}, two[bytes.Index(two, []byte("IDAT"))+4:len(two)-16]...)
	at := bytes.Index(one, []byte("IDAT")) - 4
	file := append(append([]byte{}, one[:at]...), sight.Chunk("acTL", []byte{0, 0, 0, 1, 0, 0, 0, 0})...)
	file = append(append(file, one[at:len(one)-12]...), sight.Chunk("fcTL", control)...)
	file = append(append(file, sight.Chunk("fdAT", data)...), one[len(one)-12:]...)
	v := look(t, sight.New(nil, sight.Limits{}), file, sight.Options{})
	if len(v.Pictures) != 2 || v.Pictures[0].Hash != hash(a) || v.Pictures[1].Hash != hash(b) || len(v.Missed) > 0 {
		t.Errorf("%d pictures, missed %v", len(v.Pictures), missed(v))
	}
}

// TestFlood has an animation of many frames of which each covers all of a large picture.
func TestFlood(t *testing.T) {
	t.Parallel()
	g := &gif.GIF{}
	for i := range 60 {
		p := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Gray{uint8(i)}, color.White})
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	v, err := sight.New(nil, sight.Limits{Pixels: side * side}).Look(t.Context(), media.Memory(b.Bytes()), sight.Options{})
	if err != nil && code(err) != sight.CodePixels || v != nil && fmt.Sprint(missed(v)) != "[sight-poor sight-pixels]" {
		t.Error(v, err)
	}
	list, err := sight.New(nil, sight.Limits{}).Likeness(t.Context(), media.GIF, media.Memory(animated(t)))
	if err != nil || len(list) != 32*sight.MaxHashes {
		t.Error(strconv.Itoa(len(list))+" bytes", err)
	}
}

// animated is an animation of more scenes than a likeness has hashes.
func animated(t *testing.T) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range sight.MaxHashes + 4 {
		p := image.NewPaletted(image.Rect(0, 0, 96, 96), palette.WebSafe)
		draw.Draw(p, p.Rect, drawn(uint32(100+i), 96, 96), image.Point{}, draw.Src)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
