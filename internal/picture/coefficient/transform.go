package coefficient

// zigzag is the place in a block, row by row, of each coefficient in coded order (T.81 Figure A.6).
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// scale holds the factors that the transforms below leave out: 1, then √2·cos(kπ/16) (Arai, Agui, Nakajima 1988).
var scale = [8]float32{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

// factors returns what turns quantised coefficients, in coded order, into input of inverse; 1/64 of its inverse turns
// output of forward into them.
func factors(quant *[64]uint16) (f [64]float32) {
	for k, at := range zigzag {
		f[k] = float32(quant[k]) * scale[at>>3] * scale[at&7] / 8
	}
	return f
}

// forward is the DCT of a block of samples, without its factors.
func forward(b *[64]float32) {
	for i := range 8 {
		forward8(b, 8*i, 1)
	}
	for i := range 8 {
		forward8(b, i, 8)
	}
}

func forward8(b *[64]float32, at, step int) {
	x0, x7 := b[at], b[at+7*step]
	x1, x6 := b[at+step], b[at+6*step]
	x2, x5 := b[at+2*step], b[at+5*step]
	x3, x4 := b[at+3*step], b[at+4*step]
	s0, d0, s1, d1 := x0+x7, x0-x7, x1+x6, x1-x6
	s2, d2, s3, d3 := x2+x5, x2-x5, x3+x4, x3-x4

	a, c, e, f := s0+s3, s0-s3, s1+s2, s1-s2
	b[at], b[at+4*step] = a+e, a-e
	z := (f + c) * 0.707106781
	b[at+2*step], b[at+6*step] = c+z, c-z

	p, q, r := d3+d2, d2+d1, d1+d0
	z5 := (p - r) * 0.382683433
	z2, z4 := 0.541196100*p+z5, 1.306562965*r+z5
	z3 := q * 0.707106781
	u, v := d0+z3, d0-z3
	b[at+5*step], b[at+3*step] = v+z2, v-z2
	b[at+step], b[at+7*step] = u+z4, u-z4
}

// inverse is the inverse DCT of coefficients multiplied by their factors.
func inverse(b *[64]float32) {
	for i := range 8 {
		inverse8(b, i, 8)
	}
	for i := range 8 {
		inverse8(b, 8*i, 1)
	}
}

func inverse8(b *[64]float32, at, step int) {
	c0, c1, c2, c3 := b[at], b[at+step], b[at+2*step], b[at+3*step]
	c4, c5, c6, c7 := b[at+4*step], b[at+5*step], b[at+6*step], b[at+7*step]

	a, c := c0+c4, c0-c4
	d := c2 + c6
	e := (c2-c6)*1.414213562 - d
	e0, e3, e1, e2 := a+d, a-d, c+e, c-e

	z13, z10, z11, z12 := c5+c3, c5-c3, c1+c7, c1-c7
	o7 := z11 + z13
	t := (z11 - z13) * 1.414213562
	z5 := (z10 + z12) * 1.847759065
	o6 := z5 - z10*2.613125930 - o7
	o5 := t - o6
	o4 := z5 - z12*1.082392200 - o5

	b[at], b[at+7*step] = e0+o7, e0-o7
	b[at+step], b[at+6*step] = e1+o6, e1-o6
	b[at+2*step], b[at+5*step] = e2+o5, e2-o5
	b[at+3*step], b[at+4*step] = e3+o4, e3-o4
}
