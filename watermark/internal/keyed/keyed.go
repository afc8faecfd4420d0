// Package keyed draws from a key what only its holder can draw again: permutations, signs, phases.
//
// A [Stream] is AES-256 in counter mode (NIST SP 800-38A, 6.5) under HMAC-SHA256 of the key and a purpose. One purpose has one
// stream, so parts of a mark don't depend on how much another part drew. What is drawn is part of the format of a mark
// (docs/format/watermark.md): whatever changes here makes marks unreadable that are out already.
//
// What not to do here: never draw from a fixed table, never from the clock or the system's randomness.
package keyed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Size is the length of a key in bytes.
const Size = 32

// Key is the secret of a deployment. Whoever has it can read its marks, and write them.
type Key [Size]byte

// Stream is a sequence of values. It is not safe for use by many goroutines.
type Stream struct {
	cipher cipher.Stream
	buffer [512]byte
	next   int
}

// Stream returns the sequence of a purpose from its beginning.
func (k Key) Stream(purpose string) *Stream {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte(purpose))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // the length is right
	}
	s := &Stream{cipher: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	s.next = len(s.buffer)
	return s
}

// Uint32 returns the next 32 bits.
func (s *Stream) Uint32() uint32 {
	if s.next == len(s.buffer) {
		clear(s.buffer[:])
		s.cipher.XORKeyStream(s.buffer[:], s.buffer[:])
		s.next = 0
	}
	v := binary.BigEndian.Uint32(s.buffer[s.next:])
	s.next += 4
	return v
}

// Below returns a number from 0 to n−1, each as likely as the other; n is from 1 to 2³¹.
func (s *Stream) Below(n int) int {
	limit := uint32(math.MaxUint32 - (math.MaxUint32-uint32(n)+1)%uint32(n))
	for {
		if v := s.Uint32(); v <= limit {
			return int(v % uint32(n))
		}
	}
}

// Permutation returns the numbers from 0 to n−1 in some order.
func (s *Stream) Permutation(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.Below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// Sign returns 1 or −1.
func (s *Stream) Sign() float32 { return 1 - 2*float32(s.Uint32()>>31) }

// Phase returns an angle from 0 to 2π.
func (s *Stream) Phase() float64 { return float64(s.Uint32()) / (1 << 32) * 2 * math.Pi }
