package checker_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/image/draw"

	"github.com/colophon-project/colophon/internal/checker"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/screen/sight"
)

// drawing is a picture with much to be seen: bright and dark spots in all sizes.
func drawing(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(3, 5))
	draw.Draw(img, img.Rect, image.NewUniform(color.RGBA{90, 130, 160, 255}), image.Point{}, draw.Src)
	for i := range 40 {
		c := color.RGBA{uint8(200 * (i % 2)), uint8(60 + 150*(i%2)), uint8(random.IntN(256)), 255}
		x, y, r := random.IntN(width0)*width/width0, random.IntN(width0)*height/width0, (60+random.IntN(100))*width/width0
		for v := max(0, y-r); v < min(height, y+r); v++ {
			for u := max(0, x-r); u < min(width, x+r); u++ {
				if (u-x)*(u-x)+(v-y)*(v-y) < r*r {
					img.SetRGBA(u, v, c)
				}
			}
		}
	}
	return img
}

// width0 is what places in a drawing are counted in.
const width0 = 1000

// encoded is a picture in a format.
func encoded(t *testing.T, f media.Format, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch f {
	case media.JPEG:
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 80})
	case media.PNG:
		err = png.Encode(&b, img)
	case media.GIF:
		p := image.NewPaletted(img.Bounds(), palette.Plan9)
		draw.FloydSteinberg.Draw(p, p.Rect, img, img.Bounds().Min)
		err = gif.Encode(&b, p, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lying is a JPEG file whose EXIF data says how its picture is held.
func lying(file []byte, orientation byte) []byte {
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), orientation, 0, 0, 0, 0, 0, 0)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(exif)+2)), exif...)
	return bytes.Join([][]byte{file[:2], segment, file[2:]}, nil)
}

// onItsSide is a picture turned to the left, as a camera stores it that was held upright.
func onItsSide(img image.Image) image.Image {
	size := img.Bounds().Size()
	to := image.NewRGBA(image.Rect(0, 0, size.Y, size.X))
	for y := range size.Y {
		for x := range size.X {
			to.Set(y, size.X-1-x, img.At(x, y))
		}
	}
	return to
}

// huge says that it has more pixels than anybody wants to decode.
func huge(file []byte) []byte {
	file = bytes.Clone(file)
	binary.BigEndian.PutUint32(file[16:], 1<<16)
	binary.BigEndian.PutUint32(file[20:], 1<<15)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

// canvas puts a chunk in front of a simple WebP file that says how large it is.
func canvas(file []byte, width, height uint32) []byte {
	chunk := append([]byte("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00"), byte(width-1), byte((width-1)>>8), 0, byte(height-1), byte((height-1)>>8), 0)
	file = bytes.Join([][]byte{file[:12], chunk, file[12:]}, nil)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return file
}

// TestHash holds the hash of a report against the one by which the register knows the picture.
func TestHash(t *testing.T) {
	t.Parallel()
	img := drawing(640, 480)
	kept, err := sight.New(nil, sight.Limits{}).Likeness(t.Context(), media.JPEG, media.Memory(encoded(t, media.JPEG, img)))
	if err != nil {
		t.Fatal(err)
	}
	want, samples := phash.From(kept), files(t)
	near := func(name string, file []byte) {
		t.Helper()
		got := checker.Check(media.Memory(file), checker.Options{Name: name}, english(t))
		h, err := phash.Parse(got.Hash)
		if err != nil || h.Distance(want) > phash.Radius/2 {
			t.Errorf("%s: the hash is %q, %v, %d bits away", name, got.Hash, err, h.Distance(want))
		}
	}
	for _, f := range []media.Format{media.JPEG, media.PNG, media.GIF} {
		near("a."+string(f), encoded(t, f, img))
		near("small."+string(f), encoded(t, f, drawing(320, 240)))
	}
	near("held.jpg", lying(encoded(t, media.JPEG, onItsSide(img)), 6))
	packed, err := os.ReadFile("testdata/drawing.webp") // the drawing, by cwebp -q 70
	if err != nil {
		t.Fatal(err)
	}
	near("a.webp", packed)
	near("more.webp", canvas(packed, 640, 480))
	near("a lie.webp", canvas(packed, 1, 1)) // the picture decides, and not what stands beside it
	none := func(name string, file []byte) {
		t.Helper()
		if got := checker.Check(media.Memory(file), checker.Options{Name: name}, english(t)); got.Hash != "" {
			t.Errorf("%s: a hash %s", name, got.Hash)
		}
	}
	flat := image.NewUniform(color.RGBA{90, 120, 40, 255})
	blank := image.NewRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(blank, blank.Rect, flat, image.Point{}, draw.Src)
	whole := encoded(t, media.PNG, img)
	none("nothing to be seen.png", encoded(t, media.PNG, blank))
	none("huge.png", huge(whole))
	// Of a large JPEG picture the means of its blocks are enough; as another format it is too large.
	large := image.NewGray(image.Rect(0, 0, 4480, 3840))
	draw.NearestNeighbor.Scale(large, large.Rect, img, img.Rect, draw.Src, nil)
	near("large.jpg", encoded(t, media.JPEG, large))
	none("large.png", encoded(t, media.PNG, large))
	none("half.png", whole[:len(whole)/2])
	none("half.jpg", encoded(t, media.JPEG, img)[:3000])
	none("a drawing of vectors.svg", samples["sample.svg"])
}
