package sound

import (
	"cmp"
	"math"
	"slices"

	"github.com/colophon-project/colophon/watermark/internal/keyed"
)

const (
	segment  = 60.0  // seconds that are looked at together
	overlap  = 5.0   // seconds that a segment shares with the next
	shortest = 2.0   // seconds in which other speeds are searched
	window   = 20.0  // seconds in which other speeds are searched
	widest   = 0.065 // how far speeds are searched to either side
	gate     = 4.4   // deviations of the pilots below which a place is not decoded
	coarse   = 3     // places in a symbol that are searched at other speeds
	tries    = 8     // places of a segment that are decoded
)

// Search says how much is tried.
type Search struct {
	Lengths []int // of payloads in bytes, 8 or 16; none means both
	Wide    bool  // other speeds, tempos and pitches as well, up to 6 % to either side
}

// Found is a payload that was in the sound.
type Found struct {
	Payload  []byte
	From, To float64 // seconds of the sound that were looked at
	Score    float64 // how far the pilots stand above chance, in deviations
	Tempo    float64 // 1.05 is sound that runs 5 % faster than it was marked
	Pitch    float64 // 1.05 is sound that is 5 % higher than it was marked; steps of 1.7 %
}

// Reader looks for marks in sound that comes in pieces. It is not safe for use by many goroutines.
type Reader struct {
	rate, channels int
	search         Search
	looker         *looker
	finder         *finder
	mono           []float32
	before         int // samples that came before those in mono
	looks          int
	found          []Found
}

// NewReader returns a reader of marks of a key from interleaved samples.
func NewReader(k keyed.Key, rate, channels int, search Search) (*Reader, error) {
	if err := check(rate, channels); err != nil {
		return nil, err
	}
	if len(search.Lengths) == 0 {
		search.Lengths = []int{8, 16}
	}
	patterns := map[int]*pattern{}
	for _, n := range search.Lengths {
		if n != 8 && n != 16 {
			return nil, ErrPayload
		}
		patterns[n] = newPattern(k, n)
	}
	return &Reader{rate: rate, channels: channels, search: search, looker: newLooker(rate, search.Wide), finder: newFinder(patterns)}, nil
}

// Add takes interleaved samples, of whole moments.
func (r *Reader) Add(samples []float32) {
	full := int(segment * float64(r.rate))
	for i := 0; i+r.channels <= len(samples); i += r.channels {
		v := float32(0)
		for _, x := range samples[i : i+r.channels] {
			v += tame(x)
		}
		r.mono = append(r.mono, v)
		if len(r.mono) == full {
			r.examine()
			keep := int(overlap * float64(r.rate))
			r.before += full - keep
			r.mono = append(r.mono[:0], r.mono[full-keep:]...)
		}
	}
}

// Close looks at what is left and returns what was found, in the order of time.
func (r *Reader) Close() []Found {
	if r.before == 0 || len(r.mono) > int(2*overlap*float64(r.rate)) {
		r.examine()
	}
	r.mono = nil
	return r.found
}

// Looks is how many stretches of sound, of a minute or less, were looked at.
func (r *Reader) Looks() int { return r.looks }

func (r *Reader) examine() {
	r.looks++
	looks := r.looker.looks(r.mono)
	plain := newChart(looks[0])
	if r.decode(map[int]*chart{0: plain}, r.finder.sweep(plain, 0, 1, steps, tries)) || !r.search.Wide {
		return
	}
	r.wide(looks, plain)
}

// decode tries places, and keeps what is found at the first that has something.
func (r *Reader) decode(charts map[int]*chart, places []place) bool {
	for _, p := range places {
		if p.score < gate {
			break
		}
		for _, n := range r.search.Lengths {
			payload, err := r.finder.decode(charts[p.shift], p, n)
			if err != nil {
				continue
			}
			from := float64(r.before) / float64(r.rate)
			r.found = append(r.found, Found{Payload: payload, From: from, To: from + float64(len(r.mono))/float64(r.rate), Score: p.score,
				Tempo: 1 / p.stretch, Pitch: math.Pow(1+shift, float64(p.shift))})
			return true
		}
	}
	return false
}

// wide searches shifts along bands and stretches of time: coarsely in a window, then closely in all of the segment.
func (r *Reader) wide(looks [][]float32, plain *chart) {
	count := plain.count
	if float64(count)*look < shortest {
		return
	}
	length := min(count, int(window/look))
	middle := (count - length) / 2
	step := 4 * look / (float64(length) * look)
	var places []place
	for i, shift := range r.looker.shifts {
		c := newChart(looks[i][middle*bands:][:length*bands])
		for k := -int(widest / step); k <= int(widest/step); k++ {
			places = append(places, r.finder.sweep(c, shift, 1+float64(k)*step, coarse, 1)...)
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.score, a.score) })
	places = places[:min(len(places), tries)]
	charts := map[int]*chart{0: plain}
	var close []place
	for _, p := range places {
		c := charts[p.shift]
		if c == nil {
			c = newChart(looks[slices.Index(r.looker.shifts, p.shift)])
			charts[p.shift] = c
		}
		closer := step * float64(length) / float64(count) // what the whole segment tells apart
		for s := p.stretch - step/2; s <= p.stretch+step/2+closer/2; s += closer / 2 {
			close = append(close, r.finder.sweep(c, p.shift, s, steps, 1)...)
		}
	}
	slices.SortFunc(close, func(a, b place) int { return cmp.Compare(b.score, a.score) })
	r.decode(charts, close[:min(len(close), tries)])
}
