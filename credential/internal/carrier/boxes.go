package carrier

import (
	"bytes"
	"fmt"

	"github.com/colophon-project/colophon/internal/media"
)

// Box is a part of a file that a hash over general boxes names (C2PA 2.2, 18.6 and A.4).
type Box struct {
	Name   string
	Off, N int64
}

// C2PA is the name of the box that holds the store.
const C2PA = "C2PA"

// Boxes returns the boxes of a file in their order. It is an error for a format for which none are named.
func Boxes(src media.Source, f media.Format) ([]Box, error) {
	place, err := Find(src, f)
	if err != nil {
		return nil, err
	}
	var list []Box
	switch f {
	case media.JPEG:
		list, err = boxesJPEG(src)
	case media.PNG, media.APNG:
		list = []Box{{"PNGh", 0, int64(len(pngSignature))}}
		err = chunks(&reader{src: src}, func(c chunk) error {
			list = append(list, Box{c.typ, c.off, c.n})
			return nil
		})
	case media.GIF:
		list, err = boxesGIF(src)
	default:
		return nil, &Error{0, "no boxes are named in this format"}
	}
	if err != nil || place == nil {
		return list, err
	}
	merged := list[:0]
	for _, b := range list {
		if b.Off >= place.Offset && b.Off < place.Offset+place.Size {
			if b.Off > place.Offset {
				continue
			}
			b = Box{C2PA, place.Offset, place.Size}
		}
		merged = append(merged, b)
	}
	return merged, nil
}

// boxesJPEG names the segments of the first image; a scan goes with its entropy-coded data.
func boxesJPEG(src media.Source) ([]Box, error) {
	r := &reader{src: src}
	list := []Box{{"SOI", 0, 2}}
	add := func(s segment) error {
		list = append(list, Box{markerName(s.marker), s.off, s.n})
		return nil
	}
	at, err := header(r, add)
	if err != nil {
		return nil, err
	}
	for len(list) < maxSegments {
		b, err := r.bytes("JPEG segment", at, 2)
		if err != nil {
			return nil, err
		}
		if b[1] == markerEOI {
			return append(list, Box{"EOI", at, 2}), nil
		}
		if b, err = r.bytes("JPEG segment", at, 4); err != nil {
			return nil, err
		}
		s := segment{marker: b[1], off: at, n: 2 + int64(b[2])<<8 + int64(b[3])}
		at += s.n
		if s.marker == markerSOS {
			if at, err = entropy(r, at); err != nil {
				return nil, err
			}
			s.n = at - s.off
		}
		if err := add(s); err != nil {
			return nil, err
		}
	}
	return nil, media.TooMany("JPEG segment", at, maxSegments)
}

// entropy returns where entropy-coded data ends: at a marker that is no restart marker.
func entropy(r *reader, at int64) (int64, error) {
	for {
		n := int(min(window, r.src.Size()-at))
		b, err := r.bytes("JPEG image", at, max(2, n))
		if err != nil {
			return 0, err
		}
		for i := 0; i+1 < len(b); {
			j := bytes.IndexByte(b[i:len(b)-1], 0xFF)
			if j < 0 {
				break
			}
			i += j
			if c := b[i+1]; c != 0 && c != 0xFF && (c < 0xD0 || c > 0xD7) {
				return at + int64(i), nil
			}
			i++
		}
		at += int64(len(b) - 1)
	}
}

func markerName(m byte) string {
	switch {
	case m == 0xC4:
		return "DHT"
	case m == 0xC8:
		return "JPG"
	case m == 0xCC:
		return "DAC"
	case m >= 0xC0 && m <= 0xCF:
		return fmt.Sprintf("SOF%d", m-0xC0)
	case m >= markerAPP0 && m <= 0xEF:
		return fmt.Sprintf("APP%d", m-markerAPP0)
	case m >= 0xF0 && m <= 0xFD:
		return fmt.Sprintf("JPG%d", m-0xF0)
	case m >= 0xD0 && m <= 0xD7:
		return fmt.Sprintf("RST%d", m-0xD0)
	}
	switch m {
	case markerSOS:
		return "SOS"
	case 0xDB:
		return "DQT"
	case 0xDC:
		return "DNL"
	case 0xDD:
		return "DRI"
	case 0xDE:
		return "DHP"
	case 0xDF:
		return "EXP"
	case 0xFE:
		return "COM"
	}
	return fmt.Sprintf("%02X", m)
}

// boxesGIF names the blocks of a GIF file. Colour tables go with the descriptor in front of them.
func boxesGIF(src media.Source) ([]Box, error) {
	r := &reader{src: src}
	list := []Box{{"GIF89a", 0, 6}, {"LSD", 6, 7}}
	first, err := blocks(r, func(k gifBlock) error {
		switch k.kind {
		case 0x21:
			list = append(list, Box{fmt.Sprintf("21%02X", k.label), k.off, k.n})
		case 0x2C:
			b, err := r.bytes("image descriptor", k.off, 10)
			if err != nil {
				return err
			}
			n := 10 + colours(b[9])
			list = append(list, Box{"2C", k.off, n}, Box{"TBID", k.off + n, k.n - n})
		case 0x3B:
			list = append(list, Box{"3B", k.off, k.n})
		}
		return nil
	})
	list[1].N = first - 6
	return list, err
}
