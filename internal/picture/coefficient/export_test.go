package coefficient

import "image"

// Transcode decodes and encodes all entropy-coded data, with nothing changed: the bare pass that an overlay is measured
// against. It returns the number of bytes written.
func Transcode(p *Picture) (int, error) {
	if err := p.survey(); err != nil {
		return 0, err
	}
	r := &rewriting{Picture: p, stores: make([]store, len(p.components)), patches: make([]patch, len(p.components))}
	for i := range r.patches {
		r.patches[i].area = image.Rectangle{}
	}
	if err := r.load(true); err != nil {
		return 0, err
	}
	total := 0
	for _, s := range p.scans {
		total += len(r.code(s, s.needed(), s.before[0], s.after[s.mh]))
	}
	return total, nil
}
