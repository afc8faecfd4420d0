package picture

import "math"

// Waves is the mark of a picture as the blocks of eight by eight samples that JPEG knows, and their cosine transform (ITU-T T.81,
// A.3.3). It is made from the mark of the canonical size and never takes the size of the picture, since a large picture has the mark in
// few low frequencies.
type Waves struct {
	Across, Down int // blocks
	Highest      int // frequencies across and down that the mark may have

	lines [][]float32 // of the canonical size: of each block across, its frequencies
	down  []cosines
}

// cosines are what the frequencies of one block are made of.
type cosines struct {
	from    int
	weights [8][]float32
}

// Waves returns the mark for a picture of w by h pixels.
func (k *Mark) Waves(w, h int) *Waves {
	d := k.delta
	scale := min(float64(w)/float64(d.W), float64(h)/float64(d.H))
	v := &Waves{Across: (w + 7) / 8, Down: (h + 7) / 8, Highest: min(8, 2+int(math.Ceil(16*0.35/scale)))}
	across := blocks(d.W, w)
	v.down, v.lines = blocks(d.H, h), make([][]float32, d.H)
	for y := range v.lines {
		row, line := d.row(y), make([]float32, v.Across*v.Highest)
		for i, b := range across {
			part := row[b.from:]
			for u := range v.Highest {
				sum := float32(0)
				for t, weight := range b.weights[u] {
					sum += weight * part[t]
				}
				line[i*v.Highest+u] = sum
			}
		}
		v.lines[y] = line
	}
	return v
}

// Line fills a line of blocks: of each the frequencies from top to bottom and in each from left to right, Highest² in all.
func (v *Waves) Line(y int, out []float32) {
	n := v.Highest
	clear(out[:v.Across*n*n])
	b := v.down[y]
	for f := range n {
		for t, weight := range b.weights[f] {
			line := v.lines[b.from+t]
			for i := range v.Across {
				to, from := out[(i*n+f)*n:][:n], line[i*n:][:n]
				for u, value := range from {
					to[u] += weight * value
				}
			}
		}
	}
}

// Rows returns what fills a line of the mark for a picture of w by h pixels. Lines are cheapest one after the other.
func (k *Mark) Rows(w, h int) func(y int, line []float32) {
	across, down := weights(k.delta.W, float64(k.delta.W), w), weights(k.delta.H, float64(k.delta.H), h)
	wide := make(map[int][]float32) // lines of the canonical size, with the picture's width
	return func(y int, line []float32) {
		clear(line)
		t := down[y]
		for from := range wide {
			if from < t.from {
				delete(wide, from)
			}
		}
		for i, weight := range t.weights {
			row, ok := wide[t.from+i]
			if !ok {
				row = make([]float32, w)
				from := k.delta.row(t.from + i)
				for x, a := range across {
					sum := float32(0)
					for j, v := range a.weights {
						sum += v * from[a.from+j]
					}
					row[x] = sum
				}
				wide[t.from+i] = row
			}
			for x, v := range row {
				line[x] += weight * v
			}
		}
	}
}

// blocks are the cosine transforms of blocks of an axis on which n samples become m. The last sample is repeated to the end of its block.
func blocks(n, m int) []cosines {
	var basis [8][8]float64
	for u := range basis {
		k := 0.5
		if u == 0 {
			k = math.Sqrt(1.0 / 8)
		}
		for x := range basis[u] {
			basis[u][x] = k * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16)
		}
	}
	all := weights(n, float64(n), m)
	list := make([]cosines, (m+7)/8)
	for i := range list {
		first, last := all[8*i], all[min(8*i+7, m-1)]
		b := &list[i]
		b.from = first.from
		size := last.from + len(last.weights) - first.from
		for u := range b.weights {
			sums := make([]float32, size)
			for x := range 8 {
				t := all[min(8*i+x, m-1)]
				for j, w := range t.weights {
					sums[t.from-b.from+j] += float32(basis[u][x]) * w
				}
			}
			b.weights[u] = sums
		}
	}
	return list
}
