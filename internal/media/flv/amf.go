package flv

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/colophon-project/colophon/internal/media"
)

// Type markers of AMF0 (Action Message Format AMF0, section 2.1).
const (
	amfNumber      = 0x00
	amfBoolean     = 0x01
	amfString      = 0x02
	amfObject      = 0x03
	amfNull        = 0x05
	amfUndefined   = 0x06
	amfReference   = 0x07
	amfArray       = 0x08 // ECMA array
	amfObjectEnd   = 0x09
	amfStrictArray = 0x0A
	amfDate        = 0x0B
	amfLongString  = 0x0C
	amfUnsupported = 0x0D
	amfXML         = 0x0F
	amfTypedObject = 0x10
)

const maxDepth = 32 // nested AMF0 values

// decoder finds its way through AMF0 values without building them.
type decoder struct {
	data []byte
	base int64 // offset of data in the file
}

// need checks that n bytes stand at off.
func (d *decoder) need(what string, at, n int) error {
	if n > len(d.data)-at {
		return media.Truncated(what, d.base+int64(at), int64(n), int64(max(0, len(d.data)-at)))
	}
	return nil
}

// text returns the string at off, whose length takes width bytes, and where it ends.
func (d *decoder) text(what string, at, width int) ([]byte, int, error) {
	if err := d.need(what, at, width); err != nil {
		return nil, 0, err
	}
	n := int64(binary.BigEndian.Uint16(d.data[at:]))
	if width == 4 {
		n = int64(binary.BigEndian.Uint32(d.data[at:]))
	}
	at += width
	if n > int64(len(d.data)-at) {
		return nil, 0, media.Truncated(what, d.base+int64(at), n, int64(len(d.data)-at))
	}
	return d.data[at : at+int(n)], at + int(n), nil
}

// skip returns where the value at off ends.
func (d *decoder) skip(at, depth int) (int, error) {
	if depth > maxDepth {
		return 0, media.TooDeep("AMF0 value", d.base+int64(at), maxDepth)
	}
	if err := d.need("AMF0 value", at, 1); err != nil {
		return 0, err
	}
	kind := d.data[at]
	at++
	fixed := 0
	switch kind {
	case amfString:
		_, end, err := d.text("AMF0 string", at, 2)
		return end, err
	case amfLongString, amfXML:
		_, end, err := d.text("AMF0 long string", at, 4)
		return end, err
	case amfObject, amfArray, amfTypedObject:
		p, err := d.pairs(at-1, depth, nil)
		if err == nil && !p.closed {
			err = media.Truncated("AMF0 object", d.base+int64(at-1), int64(len(d.data)-at+4), int64(len(d.data)-at+1))
		}
		return p.next, err
	case amfStrictArray:
		return d.elements(at-1, depth, nil)
	case amfNumber:
		fixed = 8
	case amfBoolean:
		fixed = 1
	case amfReference:
		fixed = 2
	case amfDate:
		fixed = 10
	case amfNull, amfUndefined, amfUnsupported:
	default:
		return 0, media.Malformed("AMF0 value", d.base+int64(at-1), "type marker "+strconv.Itoa(int(kind)))
	}
	return at + fixed, d.need("AMF0 value", at, fixed)
}

// pair is one member of an object or ECMA array, in offsets of the data.
type pair struct {
	key            []byte
	at, value, end int
}

// members is the layout of an object or ECMA array.
type members struct {
	count  int // where an ECMA array's number of members stands; -1 in an object
	number int // members that are there
	end    int // behind the last member
	next   int // behind the value
	closed bool
}

// pairs walks through the members of the object or ECMA array at off.
func (d *decoder) pairs(at, depth int, visit func(pair) error) (members, error) {
	m := members{count: -1}
	kind := d.data[at]
	at++
	switch kind {
	case amfArray:
		if err := d.need("AMF0 ECMA array", at, 4); err != nil {
			return m, err
		}
		m.count = at
		at += 4
	case amfTypedObject:
		_, end, err := d.text("AMF0 class name", at, 2)
		if err != nil {
			return m, err
		}
		at = end
	}
	for {
		m.end, m.next = at, at
		// Some writers leave out the end marker of the outermost value.
		if at == len(d.data) {
			return m, nil
		}
		key, value, err := d.text("AMF0 key", at, 2)
		if err != nil {
			return m, err
		}
		if len(key) == 0 && value < len(d.data) && d.data[value] == amfObjectEnd {
			m.next, m.closed = value+1, true
			return m, nil
		}
		end, err := d.skip(value, depth+1)
		if err != nil {
			return m, err
		}
		if visit != nil {
			if err := visit(pair{key, at, value, end}); err != nil {
				return m, err
			}
		}
		m.number++
		at = end
	}
}

// elements walks through the strict array at off and returns where it ends.
func (d *decoder) elements(at, depth int, visit func(at int)) (int, error) {
	at++
	if err := d.need("AMF0 strict array", at, 4); err != nil {
		return 0, err
	}
	count := binary.BigEndian.Uint32(d.data[at:])
	at += 4
	// Each element takes one byte at least, which bounds the walk by what is there.
	if int64(count) > int64(len(d.data)-at) {
		return 0, media.Truncated("AMF0 strict array", d.base+int64(at), int64(count), int64(len(d.data)-at))
	}
	for range count {
		if visit != nil {
			visit(at)
		}
		end, err := d.skip(at, depth+1)
		if err != nil {
			return 0, err
		}
		at = end
	}
	return at, nil
}

// isNumber reports whether a number stands at off.
func (d *decoder) isNumber(at int) bool {
	return len(d.data)-at >= 9 && d.data[at] == amfNumber
}

func (d *decoder) number(at int) float64 {
	return math.Float64frombits(binary.BigEndian.Uint64(d.data[at+1:]))
}

// content returns the text of a string value that ends at end; nil for values of other types.
func (d *decoder) content(at, end int) []byte {
	switch d.data[at] {
	case amfString:
		return d.data[at+3 : end]
	case amfLongString, amfXML:
		return d.data[at+5 : end]
	default:
		return nil
	}
}

// appendString appends a string value, in the long form when it needs that.
func appendString(b, text []byte) []byte {
	if len(text) <= math.MaxUint16 {
		b = append(b, amfString)
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
	} else {
		b = append(b, amfLongString)
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	}
	return append(b, text...)
}
