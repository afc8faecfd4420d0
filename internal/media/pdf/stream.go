package pdf

import (
	"bytes"
	"compress/zlib"
	"io"

	"github.com/colophon-project/colophon/internal/media"
)

// decode returns the content of a stream, up to limit bytes. FlateDecode with or without a PNG predictor is known, as
// cross-reference streams, object streams and metadata use nothing else.
func (f *file) decode(o *object, limit int64) ([]byte, error) {
	const what = "PDF stream"
	length, err := f.length(o)
	if err != nil {
		return nil, err
	}
	filter, params, err := f.filter(o)
	if err != nil {
		return nil, err
	}
	if filter == "" {
		if length > limit {
			return nil, media.TooLarge(what, o.at, limit)
		}
		if err := f.account(o, length); err != nil {
			return nil, err
		}
		return media.Bytes(f.src, what, o.data, length)
	}
	z, err := zlib.NewReader(io.NewSectionReader(f.src, o.data, length))
	if err != nil {
		return nil, media.Malformed(what, o.data, "not a zlib stream")
	}
	b, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, media.Malformed(what, o.data, "not a zlib stream")
	}
	if int64(len(b)) > limit {
		return nil, media.TooLarge(what, o.at, limit)
	}
	if err := f.account(o, int64(len(b))); err != nil {
		return nil, err
	}
	return predict(b, params, o.at)
}

// account keeps the sum of what is inflated within bounds.
func (f *file) account(o *object, n int64) error {
	if f.inflated += n; f.inflated > maxInflatedAll {
		return media.TooLarge("PDF streams", o.at, maxInflatedAll)
	}
	return nil
}

// length checks where a stream ends.
func (f *file) length(o *object) (int64, error) {
	const what = "PDF stream"
	value := o.dict.get("Length")
	if r, ok := asRef(value); ok {
		l, err := f.object(r)
		if err != nil {
			return 0, err
		}
		if l != nil {
			value = l.value
		}
	}
	n, ok := integer(value)
	if !ok {
		return 0, media.Malformed(what, o.at, "Length is missing")
	}
	if err := media.Within(f.src, what, o.data, n); err != nil {
		return 0, err
	}
	b, err := f.bytes(what, o.data+n, 32)
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(b[blank(b, 0):], []byte("endstream")) {
		return 0, media.Malformed(what, o.at, "no endstream where Length says")
	}
	return n, nil
}

// filter returns the stream's filter, empty for none, and its parameters.
func (f *file) filter(o *object) (string, dict, error) {
	value := o.dict.get("Filter")
	if value == nil || string(value) == "null" {
		return "", dict{}, nil
	}
	filters := elements(value)
	if len(filters) == 0 {
		return "", dict{}, nil
	}
	if len(filters) > 1 || !named(filters[0], "FlateDecode") && !named(filters[0], "Fl") {
		return "", dict{}, media.Unsupported("PDF stream", o.at, "a filter other than FlateDecode")
	}
	params := o.dict.get("DecodeParms")
	if params == nil || string(params) == "null" {
		return "FlateDecode", dict{}, nil
	}
	list := elements(params)
	if len(list) == 0 || string(list[0]) == "null" {
		return "FlateDecode", dict{}, nil
	}
	p, err := f.resolve(list[0], o.at)
	if err != nil {
		return "", dict{}, err
	}
	if p == nil || !p.isDict {
		return "", dict{}, media.Malformed("PDF stream", o.at, "DecodeParms is not a dictionary")
	}
	return "FlateDecode", p.dict, nil
}

// predict undoes a PNG predictor (ISO 32000-2, 7.4.4.4; ISO/IEC 15948, 9).
func predict(b []byte, params dict, at int64) ([]byte, error) {
	const what = "PDF stream"
	field := func(name string, usual int64) int64 {
		if n, ok := params.integer(name); ok {
			return n
		}
		return usual
	}
	kind := field("Predictor", 1)
	if kind == 1 {
		return b, nil
	}
	columns, colors, bits := field("Columns", 1), field("Colors", 1), field("BitsPerComponent", 8)
	if kind < 10 || kind > 15 || bits != 8 || colors < 1 || colors > 32 || columns < 1 || columns > 1<<20 {
		return nil, media.Unsupported(what, at, "a predictor other than PNG's on whole bytes")
	}
	row, pixel := int(columns*colors), int(colors)
	out := make([]byte, 0, len(b))
	row = min(row, len(b))
	before := make([]byte, row)
	for len(b) > 0 {
		n := min(row, len(b)-1)
		line := out[len(out) : len(out)+n]
		copy(line, b[1:1+n])
		if !unfilter(b[0], line, before, pixel) {
			return nil, media.Malformed(what, at, "a PNG row has no known filter")
		}
		copy(before, line)
		out = out[:len(out)+n]
		b = b[1+n:]
	}
	return out, nil
}

// unfilter undoes one row's PNG filter in place.
func unfilter(kind byte, line, before []byte, pixel int) bool {
	for i := range line {
		var left, corner byte
		if i >= pixel {
			left, corner = line[i-pixel], before[i-pixel]
		}
		switch kind {
		case 0:
		case 1:
			line[i] += left
		case 2:
			line[i] += before[i]
		case 3:
			line[i] += byte((int(left) + int(before[i])) / 2)
		case 4:
			line[i] += paeth(left, before[i], corner)
		default:
			return false
		}
	}
	return kind <= 4
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	da, db, dc := abs(p-int(a)), abs(p-int(b)), abs(p-int(c))
	if da <= db && da <= dc {
		return a
	}
	if db <= dc {
		return b
	}
	return c
}

func abs(n int) int { return max(n, -n) }
