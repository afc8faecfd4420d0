// Package strip packs and unpacks the strips and tiles of TIFF files (TIFF 6.0, sections 9, 13 and 14, and Adobe's
// Technical Note of 2002 for deflate): LZW with the early change of code lengths that is TIFF's own, PackBits, deflate,
// and the predictor that stores differences.
//
// A strip is unpacked, a few samples are changed, and it is packed the same way again, so that a reader needs nothing
// that it did not need before. What not to do here: never unpack more than the caller asked for; a strip says how long it
// is packed, the picture how long it is unpacked, and hostile files lie about both.
package strip

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/image/tiff/lzw"
)

// Compressions, by the number that TIFF gives them.
const (
	None     = 1
	LZW      = 5
	Deflate  = 8
	Adobe    = 32946 // deflate under its old number
	PackBits = 32773
)

// Errors about packed data.
var (
	ErrMethod = errors.New("compression none, LZW, deflate or PackBits")
	ErrShort  = errors.New("packed data for every line")
)

// Ratio is how many bytes one packed byte can stand for at most.
func Ratio(method int) int64 {
	switch method {
	case LZW:
		return 2800
	case Deflate, Adobe:
		return 1032
	case PackBits:
		return 64
	}
	return 1
}

// Unpack returns the n bytes that packed data stands for.
func Unpack(method int, packed []byte, n int) ([]byte, error) {
	if int64(n) > Ratio(method)*int64(len(packed)+8) {
		return nil, ErrShort
	}
	var r io.Reader
	switch method {
	case None:
		r = bytes.NewReader(packed)
	case LZW:
		r = lzw.NewReader(bytes.NewReader(packed), lzw.MSB, 8)
	case Deflate, Adobe:
		z, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		r = z
	case PackBits:
		return unpackBits(packed, n)
	default:
		return nil, ErrMethod
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, ErrShort
	}
	return b, nil
}

// Pack is the inverse of Unpack.
func Pack(method int, plain []byte) ([]byte, error) {
	switch method {
	case None:
		return plain, nil
	case LZW:
		return packLZW(plain), nil
	case Deflate, Adobe:
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		if _, err := z.Write(plain); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		return b.Bytes(), nil
	case PackBits:
		return packBits(plain), nil
	}
	return nil, ErrMethod
}

// PackLines is Pack of lines of stride bytes. PackBits packs each of them on its own (TIFF 6.0, section 9): some readers refuse a run
// that goes on in the next line.
func PackLines(method int, plain []byte, stride int) ([]byte, error) {
	if method != PackBits || stride <= 0 {
		return Pack(method, plain)
	}
	var out []byte
	for ; len(plain) > 0; plain = plain[min(stride, len(plain)):] {
		out = append(out, packBits(plain[:min(stride, len(plain))])...)
	}
	return out, nil
}

func unpackBits(packed []byte, n int) ([]byte, error) {
	out := make([]byte, 0, n)
	for i := 0; len(out) < n; {
		if i+1 >= len(packed) {
			return nil, ErrShort
		}
		switch c := int(int8(packed[i])); {
		case c >= 0:
			if i+2+c > len(packed) {
				return nil, ErrShort
			}
			out = append(out, packed[i+1:i+2+c]...)
			i += 2 + c
		case c != -128:
			for range 1 - c {
				out = append(out, packed[i+1])
			}
			i += 2
		default:
			i++
		}
	}
	return out[:n], nil
}

func packBits(plain []byte) []byte {
	var out []byte
	for i := 0; i < len(plain); {
		run := 1
		for i+run < len(plain) && run < 128 && plain[i+run] == plain[i] {
			run++
		}
		if run > 2 {
			out = append(out, byte(1-run), plain[i])
			i += run
			continue
		}
		from := i
		for i < len(plain) && i-from < 128 && !(i+2 < len(plain) && plain[i] == plain[i+1] && plain[i] == plain[i+2]) {
			i++
		}
		out = append(append(out, byte(i-from-1)), plain[from:i]...)
	}
	return out
}

// Codes of LZW (TIFF 6.0, section 13). Code lengths grow one entry earlier than in other formats, as the reader counts.
const (
	clearCode = 256
	endCode   = 257
	firstCode = 258
	lastCode  = 4093
)

func packLZW(plain []byte) []byte {
	w := &bitWriter{}
	table := map[uint32]uint16{}
	next, width := firstCode, 9
	w.put(clearCode, width)
	if len(plain) == 0 {
		w.put(endCode, width)
		return w.bytes()
	}
	code := uint16(plain[0])
	for _, c := range plain[1:] {
		key := uint32(code)<<8 | uint32(c)
		if longer, ok := table[key]; ok {
			code = longer
			continue
		}
		w.put(int(code), width)
		table[key] = uint16(next)
		next++
		switch {
		case next > lastCode:
			w.put(clearCode, width)
			clear(table)
			next, width = firstCode, 9
		case next == 1<<width:
			width++
		}
		code = uint16(c)
	}
	w.put(int(code), width)
	switch next++; {
	case next > lastCode:
		w.put(clearCode, width)
		width = 9
	case next == 1<<width:
		width++
	}
	w.put(endCode, width)
	return w.bytes()
}

type bitWriter struct {
	out  []byte
	acc  uint32
	have int
}

func (w *bitWriter) put(code, width int) {
	w.acc = w.acc<<width | uint32(code)
	w.have += width
	for w.have >= 8 {
		w.have -= 8
		w.out = append(w.out, byte(w.acc>>w.have))
	}
}

func (w *bitWriter) bytes() []byte {
	if w.have > 0 {
		w.out = append(w.out, byte(w.acc<<(8-w.have)))
	}
	return w.out
}

// Sum turns the differences of lines of stride bytes into samples, of 1 or 2 bytes and channels to a pixel.
func Sum(b []byte, stride, channels, width int, order binary.ByteOrder) {
	each(b, stride, channels, width, order, func(a, before int) int { return a + before }, false)
}

// Differ turns samples into differences.
func Differ(b []byte, stride, channels, width int, order binary.ByteOrder) {
	each(b, stride, channels, width, order, func(a, before int) int { return a - before }, true)
}

func each(b []byte, stride, channels, width int, order binary.ByteOrder, f func(a, before int) int, back bool) {
	step := channels * width
	for ; len(b) >= stride && stride > 0; b = b[stride:] {
		line := b[:stride]
		n := stride/width - channels
		for k := range max(0, n) {
			i := k*width + step
			if back {
				i = (n-1-k)*width + step
			}
			if width == 1 {
				line[i] = byte(f(int(line[i]), int(line[i-step])))
			} else {
				order.PutUint16(line[i:], uint16(f(int(order.Uint16(line[i:])), int(order.Uint16(line[i-step:])))))
			}
		}
	}
}
