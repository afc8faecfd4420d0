package sound

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

// frame is the bytes of a silence of one sample: eight bits are stored unsigned.
func (p pcm) silence() byte {
	if p.bytes == 1 {
		return 0x80
	}
	return 0
}

// decode appends the samples in b, between -1 and 1.
func (p pcm) decode(out []float64, b []byte) []float64 {
	for ; len(b) >= p.bytes; b = b[p.bytes:] {
		var v float64
		switch {
		case p.float && p.bytes == 4:
			v = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		case p.float:
			v = math.Float64frombits(binary.LittleEndian.Uint64(b))
		case p.bytes == 1:
			v = float64(int(b[0])-128) / 128
		case p.bytes == 2:
			v = float64(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
		case p.bytes == 3:
			v = float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
		default:
			v = float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
		}
		out = append(out, v)
	}
	return out
}

// put writes one sample to the beginning of b.
func (p pcm) put(b []byte, v float64) {
	switch {
	case p.float && p.bytes == 4:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(v)))
		return
	case p.float:
		binary.LittleEndian.PutUint64(b, math.Float64bits(v))
		return
	}
	n := quantise(v, p.valid) << (8*p.bytes - p.valid)
	if p.bytes == 1 {
		n += 128
	}
	for i := range p.bytes {
		b[i] = byte(n >> (8 * i))
	}
}

// quantise turns a sample into a number of that many bits.
func quantise(v float64, bits int) int64 {
	full := math.Exp2(float64(bits - 1))
	return int64(max(-full, min(full-1, math.Round(v*full))))
}

// lay writes a notice of one channel as interleaved frames of all channels: lead samples of silence, the notice, tail
// samples of silence.
func (p pcm) lay(mono []float64, s shape, lead, tail int) []byte {
	frame := s.channels * p.bytes
	out := make([]byte, (lead+len(mono)+tail)*frame)
	if p.silence() != 0 {
		for i := range out {
			out[i] = p.silence()
		}
	}
	for i, v := range mono {
		for c := range s.speakers() {
			p.put(out[(lead+i)*frame+c*p.bytes:], v)
		}
	}
	return out
}
