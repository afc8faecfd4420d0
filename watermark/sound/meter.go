package sound

import (
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/watermark/internal/fourier"
)

// Distance is how far marked sound is from what it was.
type Distance struct {
	SNR float64 // how far the change stays below the sound, in dB; +Inf where nothing was changed
	NMR float64 // how far the change stands above what the sound masks, in dB: below 0 it is masked
}

// What masks is after the noise-to-mask ratio of ITU-R BS.1387 (basic version): quarters of a Bark, energy that spreads to bands
// beside it, a threshold 3 dB below it and more in high bands, but not below that of hearing (full scale is 92 dB), and the mean of
// noise over threshold in all bands and frames. Simpler than there: slopes do not depend on the level, and nothing masks what comes
// after it. Both make masks smaller, so the ratio is rather too high than too low.
const (
	quarter   = 0.25 // Bark
	deepest   = 80.0 // Hz
	highest   = 18000.0
	upward    = 24.0  // dB a Bark
	downward  = 27.0  // dB a Bark
	inaudible = 1e-7  // mean square of a frame that is not counted
	moment    = 0.043 // seconds of a frame
	fullScale = 92    // dB of sound
)

// meter compares sound before and after a change.
type meter struct {
	channels int
	plan     *fourier.Plan
	window   []float32
	place    []int     // band of each bin, or −1
	bins     []int     // of each band
	part     []float64 // threshold of each band over its energy
	quiet    []float64 // threshold of hearing
	up, down float64   // what is left of energy one band higher or lower
	was, is  []float32 // interleaved
	line     []complex64
	sound    [2][]float64 // energy of bands, and spread
	noise    []float64    // energy of the change
	signal   float64
	change   float64
	ratios   float64
	frames   int
}

func bark(hz float64) float64 { return 7 * math.Asinh(hz/650) }

// hearing is the softest sound that is heard, in dB, after Terhardt.
func hearing(kilohertz float64) float64 {
	return 3.64*math.Pow(kilohertz, -0.8) - 6.5*math.Exp(-0.6*(kilohertz-3.3)*(kilohertz-3.3)) + 1e-3*math.Pow(kilohertz, 4)
}

func newMeter(rate, channels int) *meter {
	size := 1 << bits.Len(uint(float64(rate)*moment/math.Sqrt2))
	m := &meter{channels: channels, plan: fourier.New(size), window: make([]float32, size), line: make([]complex64, size), place: make([]int, size/2),
		up: math.Pow(10, -upward*quarter/10), down: math.Pow(10, -downward*quarter/10)}
	for i := range m.window {
		m.window[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(size)))
	}
	top := min(highest, float64(rate)/2)
	count := int((bark(top)-bark(deepest))/quarter) + 1
	m.bins = make([]int, count)
	for i := range m.place {
		hz := float64(i) * float64(rate) / float64(size)
		m.place[i] = -1
		if hz >= deepest && hz < top {
			m.place[i] = int((bark(hz) - bark(deepest)) / quarter)
			m.bins[m.place[i]]++
		}
	}
	for b := range count {
		z := bark(deepest) + (float64(b)+0.5)*quarter
		m.part = append(m.part, math.Pow(10, -max(3, 0.25*z)/10))
		m.quiet = append(m.quiet, 0.375*float64(size)*float64(size)*math.Pow(10, (hearing(650*math.Sinh(z/7)/1000)-fullScale)/10))
	}
	m.sound, m.noise = [2][]float64{make([]float64, count), make([]float64, count)}, make([]float64, count)
	return m
}

// add takes samples before and after, as many of each.
func (m *meter) add(was, is []float32) {
	for i, x := range was {
		d := float64(is[i] - x)
		m.signal += float64(x) * float64(x)
		m.change += d * d
	}
	m.was, m.is = append(m.was, was...), append(m.is, is...)
	full, step := len(m.window)*m.channels, len(m.window)/2*m.channels
	from := 0
	for ; from+full <= len(m.was); from += step {
		for c := range m.channels {
			m.frame(m.was[from:from+full], m.is[from:from+full], c)
		}
	}
	if from > 0 {
		m.was, m.is = append(m.was[:0], m.was[from:]...), append(m.is[:0], m.is[from:]...)
	}
}

// frame counts one frame of one channel.
func (m *meter) frame(was, is []float32, channel int) {
	energy := float32(0)
	for i, w := range m.window {
		x := was[i*m.channels+channel]
		energy += x * x
		m.line[i] = complex(w*x, w*(is[i*m.channels+channel]-x))
	}
	if float64(energy) < inaudible*float64(len(m.window)) {
		return
	}
	m.plan.Forward(m.line)
	sound, noise := m.sound[0], m.noise
	clear(sound)
	clear(noise)
	size := len(m.line)
	for i := 1; i < size/2; i++ {
		b := m.place[i]
		if b < 0 {
			continue
		}
		p, q := m.line[i], m.line[size-i]
		a, c := real(p)+real(q), imag(p)-imag(q) // the sound is the real part of the line
		sound[b] += float64(a*a + c*c)
		a, c = imag(p)+imag(q), real(q)-real(p)
		noise[b] += float64(a*a + c*c)
	}
	spread := m.sound[1]
	carry := 0.0
	for b, e := range sound {
		carry = carry*m.up + e
		spread[b] = carry
	}
	carry = 0
	sum, count := 0.0, 0
	for b := len(sound) - 1; b >= 0; b-- {
		mask := max((spread[b]+carry)*m.part[b], m.quiet[b])
		carry = (carry + sound[b]) * m.down
		if m.bins[b] > 0 {
			sum += noise[b] / mask
			count++
		}
	}
	if count > 0 {
		m.ratios += sum / float64(count)
		m.frames++
	}
}

func (m *meter) distance() Distance {
	decibels := func(v float64) float64 { return 10 * math.Log10(v) }
	d := Distance{SNR: math.Inf(1), NMR: math.Inf(-1)}
	if m.change > 0 {
		d.SNR = decibels(m.signal / m.change)
	}
	if m.ratios > 0 {
		d.NMR = decibels(m.ratios / float64(m.frames))
	}
	return d
}
