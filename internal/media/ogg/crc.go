package ogg

import "encoding/binary"

// polynomial is the generator of the page checksum (RFC 3533, section 6, field 7): bits run from the top, the register
// starts at zero and nothing is inverted at the end, so hash/crc32 does not serve.
const polynomial = 0x04C11DB7

// strides holds the checksum of each byte value followed by zero to seven zero bytes, for eight bytes at a stride.
var strides = makeStrides()

func makeStrides() *[8][256]uint32 {
	t := new([8][256]uint32)
	for i := range 256 {
		crc := uint32(i) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ polynomial
			} else {
				crc <<= 1
			}
		}
		t[0][i] = crc
	}
	for i := range 256 {
		for k := 1; k < 8; k++ {
			t[k][i] = t[k-1][i]<<8 ^ t[0][t[k-1][i]>>24]
		}
	}
	return t
}

func update(crc uint32, b []byte) uint32 {
	t := strides
	for len(b) >= 8 {
		crc ^= binary.BigEndian.Uint32(b)
		crc = t[7][crc>>24] ^ t[6][crc>>16&0xff] ^ t[5][crc>>8&0xff] ^ t[4][crc&0xff] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
		b = b[8:]
	}
	for _, c := range b {
		crc = crc<<8 ^ t[0][byte(crc>>24)^c]
	}
	return crc
}

// checksum is the checksum of a whole page, whose own field counts as zero.
func checksum(page []byte) uint32 {
	crc := update(0, page[:offCRC])
	crc = update(crc, []byte{0, 0, 0, 0})
	return update(crc, page[offCRC+4:])
}
