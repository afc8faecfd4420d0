// Package phash tells pictures that look alike by perceptual hashes.
//
// The hash is PDQ: 256 bits, each of which says whether one low frequency of the picture's brightness is above the median
// of them all, and a quality from 0 to 100 that is low where there is little to be seen. [Hasher] is a port of the
// reference implementation (facebook/ThreatExchange, pdq/cpp, BSD licence, and "The TMK+PDQF Video-Hashing Algorithm and
// the PDQ Image-Hashing Algorithm", 2019). It does the same operations on the same 32-bit floats in the same order, so that
// from the same samples it gets the same bits, and hashes that others have gathered can be used here.
//
// How the parts work together:
//
//   - luma.go takes the brightness of a picture, and filter.go brings it to 64×64 samples.
//   - pdq.go makes the hash of it, and of the picture turned and mirrored.
//   - index.go finds all hashes within a distance among millions, exactly: it misses none.
//   - keyframe.go picks the frames of a video that are worth a closer look.
//   - list.go reads lists of hashes that others made.
//
// PDQ withstands new sizes, re-encoding, small changes of colour and small overlays. It does not withstand crops, borders
// or turns; against turns and mirror images there is [Hasher.Dihedral]. A hash says nothing about a picture that is in no
// list.
//
// What not to do here: never act on a hash whose quality is below [MinQuality], and never take such a picture as checked
// either; never decode files or start processes; never put an approximate search in the place of the exact one.
package phash

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"

	"github.com/colophon-project/colophon"
)

const (
	// Radius is the distance up to which two pictures count as alike, as the reference implementation recommends.
	Radius = 31
	// MinQuality is the quality below which a hash is worth nothing, as the reference implementation recommends.
	MinQuality = 50
	// Bits is the length of a hash, and so the largest distance.
	Bits = 256
)

// CodeHash says that a text is no hash.
const CodeHash colophon.Code = "phash-hash"

// Hash is a PDQ hash. Bit k is bit k%64 of word k/64.
type Hash [4]uint64

// Distance is the number of bits in which two hashes differ.
func (h Hash) Distance(o Hash) int {
	return bits.OnesCount64(h[0]^o[0]) + bits.OnesCount64(h[1]^o[1]) + bits.OnesCount64(h[2]^o[2]) + bits.OnesCount64(h[3]^o[3])
}

// chunk returns bits 16i to 16i+15.
func (h *Hash) chunk(i int) uint16 { return uint16(h[i>>2&3] >> (i & 3 * 16)) }

// Parse reads a hash of 64 hexadecimal digits, the highest bit first.
func Parse(s string) (Hash, error) {
	var h Hash
	return h, h.UnmarshalText([]byte(s))
}

// Append appends the hash as 32 bytes, the highest bit first.
func (h Hash) Append(b []byte) []byte {
	for i := range h {
		b = binary.BigEndian.AppendUint64(b, h[len(h)-1-i])
	}
	return b
}

// From returns the hash that Append wrote as the first 32 bytes of b, which MUST have as many.
func From(b []byte) (h Hash) {
	for i := range h {
		h[len(h)-1-i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return h
}

// String writes the hash as 64 lower-case hexadecimal digits, the highest bit first.
func (h Hash) String() string { return hex.EncodeToString(h.Append(nil)) }

// MarshalText writes the hash like String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes, in either case.
func (h *Hash) UnmarshalText(text []byte) error {
	var b [Bits / 8]byte
	if len(text) != hex.EncodedLen(len(b)) {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeHash}
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeHash, Err: err}
	}
	*h = From(b[:])
	return nil
}
