package keyed_test

import (
	"slices"
	"testing"

	"github.com/colophon-project/colophon/watermark/internal/keyed"
)

// TestStream has the values that OpenSSL gets: they are part of the format of marks that are out.
func TestStream(t *testing.T) {
	t.Parallel()
	var k keyed.Key
	for i := range k {
		k[i] = byte(i)
	}
	s := k.Stream("test")
	var got []uint32
	for range 4 {
		got = append(got, s.Uint32())
	}
	if want := []uint32{0x6103a380, 0x654523c3, 0xddd8b39f, 0xd7727a19}; !slices.Equal(got, want) {
		t.Errorf("the stream begins with %#x and not %#x", got, want)
	}
	if slices.Equal(k.Stream("one").Permutation(100), k.Stream("two").Permutation(100)) {
		t.Error("two purposes have one stream")
	}
	p := k.Stream("order").Permutation(1000)
	if slices.IsSorted(p) {
		t.Error("a permutation that moves nothing")
	}
	slices.Sort(p)
	for i, v := range p {
		if i != v {
			t.Fatalf("%d stands where %d has to be", v, i)
		}
	}
}

// TestBelow counts how often each number comes.
func TestBelow(t *testing.T) {
	t.Parallel()
	s := keyed.Key{1}.Stream("count")
	var count [7]int
	signs := float32(0)
	for range 70_000 {
		count[s.Below(7)]++
		signs += s.Sign()
	}
	for i, n := range count {
		if n < 9_600 || n > 10_400 {
			t.Errorf("%d came %d times of about 10,000", i, n)
		}
	}
	if signs < -1100 || signs > 1100 {
		t.Errorf("signs add up to %v", signs)
	}
}
