package film

// bits264 reads numbers of a few bits. Behind the end it reads zeros and remembers that it did.
type bits264 struct {
	b    []byte
	at   int
	over bool
}

func (r *bits264) flag() bool { return r.fixed(1) == 1 }

func (r *bits264) fixed(n int) (v int) {
	for range n {
		v <<= 1
		if r.at >= 8*len(r.b) {
			r.over = true
			continue
		}
		v |= int(r.b[r.at>>3]>>(7-r.at&7)) & 1
		r.at++
	}
	return v
}

func (r *bits264) ue() int {
	v, next, ok := number(r.b, r.at)
	if !ok {
		r.over = true
		return 0
	}
	r.at = next
	return v
}

// reorder returns where an H.264 sequence parameter set, without guards, tells how many frames come before ones that are
// shown earlier (max_num_reorder_frames and max_dec_frame_buffering; ISO/IEC 14496-10, 7.3.2.1 and E.1.1), and the two
// numbers; false where it does not tell.
func reorder(sps []byte) (at, frames, buffer int, ok bool) {
	if len(sps) < 5 {
		return 0, 0, 0, false
	}
	r := &bits264{b: sps, at: 32}
	r.ue()
	switch sps[1] {
	case 100, 110, 122, 244:
		if r.ue() == 3 {
			r.flag()
		}
		r.ue()
		r.ue()
		r.flag()
		if r.flag() {
			return 0, 0, 0, false // scaling matrices: our encoder writes none
		}
	}
	r.ue()
	switch r.ue() {
	case 0:
		r.ue()
	case 1:
		return 0, 0, 0, false
	}
	r.ue()
	r.flag()
	r.ue()
	r.ue()
	if !r.flag() {
		r.flag()
	}
	r.flag()
	if r.flag() { // cropping
		for range 4 {
			r.ue()
		}
	}
	if !r.flag() {
		return 0, 0, 0, false
	}
	if r.flag() && r.fixed(8) == 255 { // aspect
		r.fixed(32)
	}
	if r.flag() { // overscan
		r.flag()
	}
	if r.flag() { // signal
		r.fixed(4)
		if r.flag() {
			r.fixed(24)
		}
	}
	if r.flag() { // place of colour
		r.ue()
		r.ue()
	}
	if r.flag() { // timing
		r.fixed(65)
	}
	if r.fixed(2) != 0 { // reference decoder: our encoder is told to write none
		return 0, 0, 0, false
	}
	r.flag()
	if !r.flag() {
		return 0, 0, 0, false
	}
	r.flag()
	for range 4 {
		r.ue()
	}
	at = r.at
	frames, buffer = r.ue(), r.ue()
	return at, frames, buffer, !r.over
}

// withReorder makes the encoder's sequence parameter set tell the film's number, although the new frames come in order:
// demuxers that guess times of decoding, and decoders that wait, then do in the whole film as they did.
func withReorder(nal []byte, frames int) []byte {
	sps := plain(nal)
	at, _, buffer, ok := reorder(sps)
	if !ok || frames < 0 || frames > 16 {
		return nal
	}
	w := &bitWriter{b: append([]byte(nil), sps[:(at+7)/8]...), n: at}
	if at&7 != 0 {
		w.b[at/8] &^= 0xFF >> (at & 7)
	}
	w.ue(frames)
	w.ue(max(frames, buffer))
	w.bit(1)
	return guarded(w.b)
}

// bitWriter appends bits. What is left of the last byte is zero.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) bit(v int) {
	if w.n&7 == 0 {
		w.b = append(w.b, 0)
	}
	w.b[w.n>>3] |= byte(v) << (7 - w.n&7)
	w.n++
}

func (w *bitWriter) ue(v int) {
	n := 0
	for (v+1)>>(n+1) > 0 {
		n++
	}
	for range n {
		w.bit(0)
	}
	for ; n >= 0; n-- {
		w.bit((v + 1) >> n & 1)
	}
}
