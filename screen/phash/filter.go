package phash

// grid is the length and the width of what the hash is made of, in samples.
const grid = 64

// box is a filter that takes the means of window neighbouring samples of n; fewer at the ends.
type box struct {
	n, window int
	before    int // samples in the window before the one that is written
	after     int // and behind it
}

// newBox returns the filter that, run twice over n samples, makes them fit for the grid.
func newBox(n int) box {
	window := (n + 2*grid - 1) / (2 * grid)
	after := window / 2
	return box{n: n, window: window, before: window - 1 - after, after: after}
}

// size is how many samples the mean at i is of.
func (b box) size(i int) float32 { return float32(min(b.n, i+b.after+1) - max(0, i-b.before)) }

// sums writes the sums of the windows in four rows at once: the four chains of additions do not wait for each other.
func (b box) sums(to, from []float32) {
	n := b.n
	f0, f1, f2, f3 := from[:n], from[n:2*n], from[2*n:3*n], from[3*n:4*n]
	t0, t1, t2, t3 := to[:n], to[n:2*n], to[2*n:3*n], to[3*n:4*n]
	var s0, s1, s2, s3 float32
	for i := -b.after; i < n; i++ {
		if in := i + b.after; in < n {
			s0, s1, s2, s3 = s0+f0[in], s1+f1[in], s2+f2[in], s3+f3[in]
		}
		if out := i - b.before - 1; out >= 0 {
			s0, s1, s2, s3 = s0-f0[out], s1-f1[out], s2-f2[out], s3-f3[out]
		}
		if i >= 0 {
			t0[i], t1[i], t2[i], t3[i] = s0, s1, s2, s3
		}
	}
}

// means turns the sums of a row into means.
func (b box) means(row []float32) {
	for i := range b.before {
		row[i] /= b.size(i)
	}
	for i := max(b.before, b.n-b.after); i < b.n; i++ {
		row[i] /= b.size(i)
	}
	divide(row[b.before:max(b.before, b.n-b.after)], row[b.before:], float32(b.window))
}

// divide writes the quotients. A power of two has an exact reciprocal, and that is several times as fast.
func divide(to, from []float32, by float32) {
	from = from[:len(to)]
	if n := int(by); n&(n-1) == 0 {
		by = 1 / by
		for i := range to {
			to[i] = from[i] * by
		}
		return
	}
	for i := range to {
		to[i] = from[i] / by
	}
}

// columns runs the filter down the columns of a picture of b.n rows, whose sums it keeps in sums, one for each column. It
// writes the means of those rows that are in keep, which ascend and may repeat, one below the other.
func (b box) columns(to, from, sums []float32, keep []int) {
	clear(sums)
	width := len(sums)
	for y, k := -b.after, 0; k < len(keep); y++ {
		if in := y + b.after; in < b.n {
			for x, v := range from[in*width:][:width] {
				sums[x] += v
			}
		}
		if out := y - b.before - 1; out >= 0 {
			for x, v := range from[out*width:][:width] {
				sums[x] -= v
			}
		}
		for ; k < len(keep) && keep[k] == y; k++ {
			divide(to[k*width:][:width], sums, b.size(y))
		}
	}
}
