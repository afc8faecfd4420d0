package sight

import (
	"bytes"
	"encoding/binary"
	"image"
	"iter"
	"time"

	"golang.org/x/image/webp"

	"github.com/colophon-project/colophon/internal/media"
)

// riffChunks goes over chunks (WebP Container Specification) up to the end, or to where they are cut short.
func riffChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for at := 0; at+8 <= len(data); {
			n := int64(binary.LittleEndian.Uint32(data[at+4:]))
			if n > int64(len(data)-at-8) || !yield(string(data[at:at+4]), data[at+8:][:n]) {
				return
			}
			at += 8 + int(n+n&1)
		}
	}
}

// webpStill returns the picture of a file alone, and its EXIF block.
func webpStill(data []byte) (bare, exif []byte, err error) {
	if err := webpWhole(data); err != nil {
		return nil, nil, err
	}
	for id, body := range riffChunks(data[12:]) {
		if id == "EXIF" {
			exif = body
		}
	}
	bare, err = webpBare(data[12:])
	return bare, exif, err
}

// webpWhole reports a file that is cut short.
func webpWhole(data []byte) error {
	need := int64(12)
	if len(data) >= 8 {
		need = max(need, 8+int64(binary.LittleEndian.Uint32(data[4:])))
	}
	if int64(len(data)) < need {
		return media.Truncated("RIFF", 0, need, int64(len(data)))
	}
	return nil
}

// webpReel takes an animated WebP file apart. It is nil for one that is not animated.
func webpReel(data []byte, most int) *reel {
	r := &reel{format: media.WebP}
	animated := false
	for id, body := range riffChunks(data[min(12, len(data)):]) {
		switch id {
		case "VP8X":
			if len(body) == 10 {
				animated = body[0]&2 != 0
				r.size = image.Pt(1+u24(body[4:]), 1+u24(body[7:]))
			}
		case "ANMF":
			switch {
			case len(body) < 16:
				r.broken = media.Malformed("chunk ANMF", 0, "16 bytes and a picture")
				return r
			case len(r.cels) == most:
				r.broken = tooMany(CodeFrames, most)
				return r
			}
			x, y := 2*u24(body), 2*u24(body[3:])
			c := cel{box: image.Rect(x, y, x+1+u24(body[6:]), y+1+u24(body[9:])), lasts: time.Millisecond * time.Duration(u24(body[12:])), mixed: body[15]&2 == 0}
			if body[15]&1 == 1 {
				c.leave = leaveClear
			}
			c.file = func() []byte {
				bare, err := webpBare(body[16:])
				if err != nil {
					return nil // no file of this format, as the decoder will say
				}
				return bare
			}
			r.cels = append(r.cels, c)
		}
	}
	if !animated {
		return nil
	}
	if r.broken = webpWhole(data); r.broken == nil && len(r.cels) == 0 {
		r.broken = media.Malformed("RIFF", 0, "a frame of the animation")
	}
	return r
}

func u24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// webpBare makes a file of the first picture among chunks, with what the decoder needs and nothing else: it takes sizes
// from a header that may say something else than the picture.
func webpBare(chunks []byte) ([]byte, error) {
	var alpha []byte
	for id, body := range riffChunks(chunks) {
		switch id {
		case "ALPH":
			alpha = body
		case "VP8L":
			return riff("VP8L", body), nil
		case "VP8 ":
			bare := riff("VP8 ", body)
			if alpha == nil {
				return bare, nil
			}
			conf, err := webp.DecodeConfig(bytes.NewReader(bare))
			if err != nil {
				return nil, refusal(media.WebP, err)
			}
			size := binary.LittleEndian.AppendUint32(nil, uint32(conf.Width-1))[:3]
			size = binary.LittleEndian.AppendUint32(size, uint32(conf.Height-1))[:6]
			return riff("VP8X", append([]byte{0x10, 0, 0, 0}, size...), "ALPH", alpha, "VP8 ", body), nil
		}
	}
	return nil, media.Malformed("RIFF", 0, "a whole picture")
}

// riff makes a WebP file of chunks: a name and a body in turn, the first of which is given apart.
func riff(id string, body []byte, more ...any) []byte {
	out := append([]byte("RIFF\x00\x00\x00\x00WEBP"), id...)
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(body))), body...)
	if len(body)&1 == 1 {
		out = append(out, 0)
	}
	for i := 0; i < len(more); i += 2 {
		out = append(out, riff(more[i].(string), more[i+1].([]byte))[12:]...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}
