package file

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"math"

	libwebp "github.com/gen2brain/webp"
	decoder "golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	webpPixels = 1 << 26
	webpChunks = 4096
)

type webpChunk struct {
	id     string
	off, n int64
}

func (c webpChunk) end() int64 { return c.off + 8 + c.n + c.n&1 }

// webpFile is a WebP file (WebP Container Specification) of one picture.
type webpFile struct {
	src      media.Source
	riff     int64 // what the RIFF chunk says of its length
	picture  webpChunk
	alpha    []byte // the body of an ALPH chunk, which stays as it is
	body     []byte
	extended bool // VP8X comes first
	img      *image.NRGBA
}

func openWebP(src media.Source) (draft, error) {
	f, err := readWebP(src)
	if err != nil {
		return nil, err
	}
	conf, err := decoder.DecodeConfig(bytes.NewReader(webpOf(nil, f.picture.id, f.body)))
	if err != nil {
		return nil, media.Malformed("chunk VP8", f.picture.off, "a picture that can be decoded")
	}
	if conf.Width*conf.Height > webpPixels {
		return nil, media.TooLarge("chunk VP8", f.picture.off, webpPixels)
	}
	whole := webpOf(nil, f.picture.id, f.body)
	if f.alpha != nil {
		head := binary.LittleEndian.AppendUint32([]byte{0x10, 0, 0, 0}, uint32(conf.Width-1))[:7]
		whole = webpOf(binary.LittleEndian.AppendUint32(head, uint32(conf.Height-1))[:10], "ALPH", f.alpha, f.picture.id, f.body)
	}
	var img image.Image
	if f.picture.id == "VP8L" {
		img, err = decoder.Decode(bytes.NewReader(whole))
	} else {
		img, err = libwebp.Decode(bytes.NewReader(whole))
	}
	if err != nil {
		return nil, media.Malformed("chunk VP8", f.picture.off, "a picture that can be decoded")
	}
	var ok bool
	if f.img, ok = img.(*image.NRGBA); !ok {
		f.img = image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
		draw.Draw(f.img, f.img.Rect, img, img.Bounds().Min, draw.Src)
	}
	row := func(y int) []byte { return f.img.Pix[y*f.img.Stride:][:4*f.img.Rect.Dx()] }
	s := &sheet{w: f.img.Rect.Dx(), h: f.img.Rect.Dy(), channels: 4, colours: 3, alpha: 3, top: 255,
		read: func(y int, samples []uint16) error {
			for i, v := range row(y) {
				samples[i] = uint16(v)
			}
			return nil
		},
		write: func(y int, samples []uint16) error {
			to := row(y)
			for i, v := range samples {
				to[i] = byte(v)
			}
			return nil
		}}
	return &sheets{pages: []*sheet{s}, finish: f.finish}, nil
}

// webpOf is a file of chunks, with a VP8X chunk where there is something to say in it.
func webpOf(head []byte, chunks ...any) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBP")
	put := func(id string, body []byte) {
		b = binary.LittleEndian.AppendUint32(append(b, id...), uint32(len(body)))
		if b = append(b, body...); len(body)%2 == 1 {
			b = append(b, 0)
		}
	}
	if head != nil {
		put("VP8X", head)
	}
	for i := 0; i < len(chunks); i += 2 {
		put(chunks[i].(string), chunks[i+1].([]byte))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func readWebP(src media.Source) (*webpFile, error) {
	f, head := &webpFile{src: src}, make([]byte, 12)
	if err := media.Fill(src, "RIFF chunk", head, 0); err != nil {
		return nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return nil, media.Malformed("RIFF chunk", 0, "form type WEBP")
	}
	f.riff = int64(binary.LittleEndian.Uint32(head[4:]))
	end := 8 + f.riff
	if end > src.Size() {
		return nil, media.Truncated("RIFF chunk", 0, end, src.Size())
	}
	var alpha webpChunk
	for off, n := int64(12), 0; off+8 <= end && f.picture.id == ""; n++ {
		if err := media.Fill(src, "chunk", head[:8], off); err != nil {
			return nil, err
		}
		c := webpChunk{string(head[:4]), off, int64(binary.LittleEndian.Uint32(head[4:]))}
		if off+8+c.n > end {
			return nil, media.Malformed("chunk", off, "length within the RIFF chunk")
		}
		if n > webpChunks {
			return nil, media.TooMany("chunk", off, webpChunks)
		}
		switch c.id {
		case "ANMF", "ANIM":
			return nil, media.Unsupported("chunk ANMF", c.off, "a sequence of pictures")
		case "VP8X":
			f.extended = true
		case "ALPH":
			alpha = c
		case "VP8 ", "VP8L":
			f.picture = c
		}
		off = c.end()
	}
	if f.picture.id == "" {
		return nil, media.Malformed("RIFF chunk", 0, "a picture in VP8 or VP8L")
	}
	var err error
	if alpha.id != "" && f.picture.id == "VP8 " {
		if f.alpha, err = media.Bytes(src, "chunk ALPH", alpha.off+8, alpha.n); err != nil {
			return nil, err
		}
	}
	f.body, err = media.Bytes(src, "chunk "+f.picture.id, f.picture.off+8, f.picture.n)
	return f, err
}

// finish puts another picture into the place of the old one. Alpha that stands in a chunk of its own stays there.
func (f *webpFile) finish() (*media.Edit, error) {
	lossless := f.picture.id == "VP8L"
	img := f.img
	if f.alpha != nil { // whose encoding would be another chunk
		img = &image.NRGBA{Pix: bytes.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
		for i := 3; i < len(img.Pix); i += 4 {
			img.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	o := libwebp.Options{Quality: 100, Lossless: lossless, Method: libwebp.DefaultMethod, Exact: true}
	if !lossless {
		o.Quality = vp8Quality(f.body)
	}
	if err := libwebp.Encode(&b, img, o); err != nil {
		return nil, media.Unsupported("chunk VP8", 0, "a picture that can be encoded")
	}
	fresh, err := readWebP(media.Memory(b.Bytes()))
	if err != nil {
		return nil, err
	}
	if fresh.picture.id != f.picture.id || fresh.alpha != nil {
		return nil, media.Unsupported("chunk VP8", f.picture.off, "a picture that gains an alpha channel")
	}
	chunk := webpOf(nil, fresh.picture.id, fresh.body)[12:]
	deleted := min(f.picture.end(), f.src.Size()) - f.picture.off
	n := f.riff + int64(len(chunk)) - deleted
	if n > 1<<32-2 {
		return nil, media.NoRoom("RIFF chunk", 0, 1<<32-2)
	}
	return media.Splices(f.src, media.Splice{Offset: 4, Delete: 4, Insert: binary.LittleEndian.AppendUint32(nil, uint32(n))},
		media.Splice{Offset: f.picture.off, Delete: deleted, Insert: chunk})
}

// vp8Quality is libwebp's quality for the quantiser of a frame (RFC 6386, 9.3 to 9.6 and 19.2), turned up a little so that a second
// encoding does not lose much more than the first, nor the mark with it.
func vp8Quality(b []byte) int {
	if len(b) < 10 {
		return libwebp.DefaultQuality
	}
	d := &boolDecoder{b: b[10:], size: 255, count: -8}
	d.fill()
	d.bits(2) // colour space, clamping
	mean, absolute := 0, false
	optional := func(n int) { // what may be there
		if d.bits(1) == 1 {
			d.bits(n)
		}
	}
	if d.bits(1) == 1 { // segmentation
		updateMap, updateData := d.bits(1), d.bits(1)
		if updateData == 1 {
			absolute = d.bits(1) == 1
			for range 4 {
				if d.bits(1) == 1 {
					q := d.bits(7)
					if d.bits(1) == 1 {
						q = -q
					}
					mean += q
				}
			}
			for range 4 {
				optional(7)
			}
		}
		if updateMap == 1 {
			for range 3 {
				optional(8)
			}
		}
	}
	d.bits(10)                                                  // loop filter
	if adjusted := d.bits(1) == 1; adjusted && d.bits(1) == 1 { // with new adjustments
		for range 8 {
			optional(7)
		}
	}
	d.bits(2) // partitions
	q := d.bits(7)
	if absolute {
		q = 0
	}
	q += mean / 4
	linear := math.Pow(1-float64(max(0, min(127, q)))/127, 3) // the inverse of libwebp's curve from quality to quantiser
	quality := linear * 150
	if linear >= 0.5 {
		quality = 50 * (linear + 1)
	}
	return max(1, min(100, int(quality)+4))
}

// boolDecoder is the decoder of RFC 6386, section 7, for bits of even odds.
type boolDecoder struct {
	b     []byte
	value uint32
	size  uint32
	count int
}

func (d *boolDecoder) fill() {
	for range 2 {
		d.value <<= 8
		if len(d.b) > 0 {
			d.value |= uint32(d.b[0])
			d.b = d.b[1:]
		}
	}
	d.count = 0
}

// bits reads n bits, the highest first.
func (d *boolDecoder) bits(n int) int {
	v := 0
	for range n {
		split := 1 + (d.size-1)*128>>8
		big := split << 8
		v <<= 1
		if d.value >= big {
			v |= 1
			d.size -= split
			d.value -= big
		} else {
			d.size = split
		}
		for d.size < 128 {
			d.value <<= 1
			d.size <<= 1
			if d.count++; d.count == 8 {
				d.count = 0
				if len(d.b) > 0 {
					d.value |= uint32(d.b[0])
					d.b = d.b[1:]
				}
			}
		}
	}
	return v
}
