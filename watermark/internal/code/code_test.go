package code_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/watermark/internal/code"
)

// noisy sends a payload over a channel with white noise of deviation 1 and returns its soft values.
func noisy(r *rand.Rand, payload []byte, amplitude float64) []float32 {
	list := code.Encode(payload)
	soft := make([]float32, len(list))
	for i, b := range list {
		soft[i] = float32((1-2*float64(b))*amplitude + r.NormFloat64())
	}
	return soft
}

func payload(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// TestNoise counts what is found at 1.3 dB of energy per bit over noise, where it is nearly all, and at −4.3 dB, where nothing can be.
func TestNoise(t *testing.T) {
	t.Parallel()
	for _, n := range []int{8, 16} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		found, wrong := 0, 0
		for range 20 {
			p := payload(r, n)
			if got, err := code.Decode(noisy(r, p, 0.67), n); err == nil && bytes.Equal(got, p) {
				found++
			}
			if _, err := code.Decode(noisy(r, p, 0.35), n); !errors.Is(err, code.ErrCheck) {
				wrong++
			}
		}
		if found < 19 || wrong > 0 {
			t.Errorf("of 20 payloads of %d bytes %d were found, and %d in what is nearly noise", n, found, wrong)
		}
	}
}

// TestMissing leaves out a third of the code bits, as marks with little room do.
func TestMissing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	p := payload(r, 8)
	soft := noisy(r, p, 1)
	for i := range soft {
		if r.IntN(3) == 0 {
			soft[i] = 0
		}
	}
	if got, err := code.Decode(soft, 8); err != nil || !bytes.Equal(got, p) {
		t.Errorf("%x was found, %v", got, err)
	}
	if _, err := code.Decode(soft[1:], 8); !errors.Is(err, code.ErrCheck) {
		t.Errorf("too few values: %v", err)
	}
	if _, err := code.Decode(make([]float32, code.Length(8)), 8); err != nil {
		t.Log("of nothing:", err) // all zeros are a payload of zeros with the checksum of no zeros
	} else {
		t.Error("nothing at all is a payload")
	}
}

func BenchmarkDecode(b *testing.B) {
	soft := noisy(rand.New(rand.NewPCG(3, 3)), make([]byte, 8), 1)
	for b.Loop() {
		code.Decode(soft, 8)
	}
}
