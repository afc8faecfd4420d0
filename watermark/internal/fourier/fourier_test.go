package fourier_test

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

// TestForward compares with the sum that defines the transform.
func TestForward(t *testing.T) {
	t.Parallel()
	for n := 2; n <= 256; n *= 2 {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		v := make([]complex64, n)
		for i := range v {
			v[i] = complex(r.Float32(), r.Float32())
		}
		want := make([]complex128, n)
		for k := range want {
			for i, c := range v {
				want[k] += complex128(c) * cmplx.Rect(1, -2*math.Pi*float64(i*k)/float64(n))
			}
		}
		fourier.New(n).Forward(v)
		for k := range want {
			if cmplx.Abs(complex128(v[k])-want[k]) > 1e-3 {
				t.Errorf("%d of %d is %v and not %v", k, n, v[k], want[k])
			}
		}
	}
}

// TestInverse comes back to where it was; a single wave becomes a single value.
func TestInverse(t *testing.T) {
	t.Parallel()
	const n = 64
	p, v := fourier.New(n), make([]complex64, n*n)
	for y := range n {
		for x := range n {
			v[y*n+x] = complex64(cmplx.Rect(1, 2*math.Pi*float64(3*y+5*x)/n))
		}
	}
	was := append([]complex64(nil), v...)
	p.Square(v)
	for i, c := range v {
		want := complex64(0)
		if i == 3*n+5 {
			want = n * n
		}
		if cmplx.Abs(complex128(c-want)) > 0.05 {
			t.Fatalf("value %d is %v and not %v", i, c, want)
		}
	}
	p.Inverse(v)
	for i := range v {
		if cmplx.Abs(complex128(v[i]-was[i])) > 1e-4 {
			t.Fatalf("value %d came back as %v and not %v", i, v[i], was[i])
		}
	}
}
