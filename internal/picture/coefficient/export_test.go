package coefficient

import "slices"

// Transcode decodes and encodes all entropy-coded data, with nothing changed: the bare pass that an overlay is measured
// against. It returns the number of bytes written.
func Transcode(p *Picture) (int, error) {
	if err := p.survey(); err != nil {
		return 0, err
	}
	r := p.newRewriting()
	if err := r.load(true); err != nil {
		return 0, err
	}
	total := 0
	for _, s := range p.scans {
		_, data := r.code(s, s.needed(), s.all(), nil)
		total += len(data)
	}
	return total, nil
}

// SameIndex compares what is known of two pictures, and says what differs.
func SameIndex(a, b *Picture) string {
	if a.survey() != nil || b.survey() != nil {
		return "not surveyed"
	}
	for i := range a.components {
		if x, y := &a.components[i], &b.components[i]; !slices.Equal(x.dc, y.dc) || !slices.EqualFunc(x.bits, y.bits, near) || !slices.Equal(x.coef, y.coef) {
			return "coefficients"
		}
	}
	for i, s := range a.scans {
		if o := b.scans[i]; !slices.Equal(s.before, o.before) || !slices.Equal(s.after, o.after) || !slices.Equal(s.intervals, o.intervals) {
			return "marks"
		}
	}
	return ""
}

// near allows for codes that became longer or shorter by 3 bits at most.
func near(a, b uint16) bool { return max(a, b)-min(a, b) <= 3*63 }
