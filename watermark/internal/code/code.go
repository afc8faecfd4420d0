// Package code puts a payload into many weak bits, and finds it again when most of them can only be guessed.
//
// A payload is followed by its CRC-32 and coded by a convolutional code of rate 1/6 and constraint length 15, whose
// polynomials are those of the deep-space code of CCSDS Pathfinder and Cassini missions. The decoder is Viterbi's, with soft
// values: it needs about −1 dB of energy per bit over noise. The checksum says whether what was found is a payload at all; a
// decoder always finds something, and of random input one in 2³² passes.
//
// What not to do here: nothing about keys, pictures or sound. Never hand out bits whose checksum does not fit.
package code

import (
	"errors"
	"hash/crc32"
	"math/bits"
	"sync"
)

const (
	// Constraint is the constraint length of the code.
	Constraint = 15
	// Rate is the number of code bits for each bit.
	Rate = 6

	tail   = Constraint - 1
	states = 1 << tail
	half   = states / 2
	none   = -1e30 // a path that can't be
)

// ErrCheck says that what was decoded is no payload.
var ErrCheck = errors.New("a checksum that fits")

// Length is the number of code bits of a payload of n bytes.
func Length(n int) int { return Rate * (8*n + 32 + tail) }

// outputs are the code bits that each content of the shift register gives.
var outputs = sync.OnceValue(func() *[2 * states]uint8 {
	var t [2 * states]uint8
	for r := range t {
		for i, p := range [Rate]uint{0o46321, 0o51271, 0o63667, 0o70535, 0o73277, 0o76513} {
			t[r] |= uint8(bits.OnesCount(uint(r)&p)&1) << i
		}
	}
	return &t
})

// Encode returns the code bits of a payload, each 0 or 1.
func Encode(payload []byte) []uint8 {
	sum := crc32.ChecksumIEEE(payload)
	whole := append(append([]byte(nil), payload...), byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
	table, list := outputs(), make([]uint8, 0, Length(len(payload)))
	register := uint(0)
	push := func(bit uint) {
		register = (register<<1 | bit) % (2 * states)
		for i := range Rate {
			list = append(list, table[register]>>i&1)
		}
	}
	for _, b := range whole {
		for i := 7; i >= 0; i-- {
			push(uint(b) >> i & 1)
		}
	}
	for range tail { // brings the register back to zeros, where the decoder starts
		push(0)
	}
	return list
}

// Decode returns the payload of n bytes whose code bits fit the soft values best: those above 0 speak for a 0, those below for a
// 1, and 0 says nothing. The error is ErrCheck when it is no payload. There have to be Length(n) values.
func Decode(soft []float32, n int) ([]byte, error) {
	if len(soft) != Length(n) {
		return nil, ErrCheck
	}
	steps := len(soft) / Rate
	now, next := make([]float32, states), make([]float32, states)
	for i := range now {
		now[i] = none
	}
	now[0] = 0
	back := make([]uint64, steps*states/64) // of each step and state, whether it was reached from the upper half
	for s := range steps {
		advance(now, next, back[s*states/64:][:states/64], soft[s*Rate:][:Rate], s >= steps-tail)
		now, next = next, now
	}
	whole := make([]byte, n+4)
	state := uint(0)
	for s := steps - 1; s >= 0; s-- {
		if s < 8*len(whole) {
			whole[s/8] |= byte(state&1) << (7 - s%8)
		}
		came := back[s*states/64+int(state/64)] >> (state % 64) & 1
		state = state>>1 | uint(came)*half
	}
	payload, sum := whole[:n], uint32(whole[n])<<24|uint32(whole[n+1])<<16|uint32(whole[n+2])<<8|uint32(whole[n+3])
	if crc32.ChecksumIEEE(payload) != sum {
		return nil, ErrCheck
	}
	return payload, nil
}

// advance brings the weights of all states one bit further. In the tail that bit is 0.
func advance(now, next []float32, came []uint64, soft []float32, ending bool) {
	table := outputs()
	var branch [1 << Rate]float32
	for w := range branch {
		for i, v := range soft {
			if w>>i&1 == 0 {
				branch[w] += v
			} else {
				branch[w] -= v
			}
		}
	}
	low, high := now[:half], now[half:states]
	for o := range half {
		register := o << 1
		a, b := low[o], high[o]
		zero, other, mark := a+branch[table[register]%(1<<Rate)], b+branch[table[register|states]%(1<<Rate)], uint64(0)
		if other > zero {
			zero, mark = other, 1
		}
		next[register] = zero
		if ending {
			next[register|1] = none
		} else {
			one, other := a+branch[table[register|1]%(1<<Rate)], b+branch[table[register|1|states]%(1<<Rate)]
			if other > one {
				one, mark = other, mark|2
			}
			next[register|1] = one
		}
		came[register/64] |= mark << (register % 64)
	}
}
