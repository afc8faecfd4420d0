package sound

import "github.com/colophon-project/colophon/watermark/internal/keyed"

// Compare measures the distance of any change.
func Compare(was, is []float32, rate, channels int) Distance {
	m := newMeter(rate, channels)
	m.add(was, is)
	return m.distance()
}

// Tries looks at samples of one channel with many keys, and counts the places that were decoded and the payloads that were found.
func Tries(samples []float32, rate, from, keys int) (decoded, found int) {
	c := newChart(newLooker(rate, false).looks(samples)[0])
	for n := range keys {
		k := keyed.Key{byte(from), byte(from >> 8), byte(from >> 16), byte(n), byte(n >> 8), byte(n >> 16)}
		f := newFinder(map[int]*pattern{8: newPattern(k, 8), 16: newPattern(k, 16)})
		for _, p := range f.sweep(c, 0, 1, steps, tries) {
			if p.score < gate {
				break
			}
			for length := range f.patterns {
				decoded++
				if _, err := f.decode(c, p, length); err == nil {
					found++
				}
			}
		}
	}
	return decoded, found
}
