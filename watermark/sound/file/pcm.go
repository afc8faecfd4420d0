package file

import (
	"encoding/binary"
	"math"
)

// pcm is how one sample is stored, little-endian.
type pcm struct {
	bytes int  // 1, 2, 3, 4 or 8
	valid int  // bits that count, from the top
	float bool // IEEE 754, of 4 or 8 bytes
}

// decode appends the samples in b, between −1 and 1.
func (p pcm) decode(out []float32, b []byte) []float32 {
	le := binary.LittleEndian
	for ; len(b) >= p.bytes; b = b[p.bytes:] {
		var v float32
		switch {
		case p.float && p.bytes == 4:
			v = math.Float32frombits(le.Uint32(b))
		case p.float:
			v = float32(math.Float64frombits(le.Uint64(b)))
		case p.bytes == 1: // unsigned, as the format has it
			v = float32(int(b[0])-128) / 128
		case p.bytes == 2:
			v = float32(int16(le.Uint16(b))) / (1 << 15)
		case p.bytes == 3:
			v = float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		default:
			v = float32(float64(int32(le.Uint32(b))) / (1 << 31))
		}
		out = append(out, v)
	}
	return out
}

// encode appends samples as they are stored.
func (p pcm) encode(out []byte, samples []float32) []byte {
	le, full := binary.LittleEndian, math.Exp2(float64(p.valid-1))
	for _, v := range samples {
		if p.float && p.bytes == 4 {
			out = le.AppendUint32(out, math.Float32bits(v))
			continue
		}
		if p.float {
			out = le.AppendUint64(out, math.Float64bits(float64(v)))
			continue
		}
		n := int64(max(-full, min(full-1, math.Round(float64(v)*full)))) << (8*p.bytes - p.valid)
		if p.bytes == 1 {
			n += 128
		}
		for i := range p.bytes {
			out = append(out, byte(n>>(8*i)))
		}
	}
	return out
}
