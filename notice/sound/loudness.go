package sound

import (
	"math"
	"strconv"
)

// meter measures integrated loudness (ITU-R BS.1770-4): K-weighting, blocks of 400 ms that overlap by three quarters, an
// absolute gate at -70 LUFS and a relative one 10 LU below what passes it.
type meter struct {
	shape   shape
	weights []float64
	state   []kState
	coef    kFilter
	step    int       // samples in a tenth of a second
	filled  int       // samples in the present step
	sum     float64   // weighted energy of the present step
	steps   []float64 // mean energy of each finished step
	runs    []int     // where in steps a stretch begins that does not continue the one before
}

type kFilter struct{ b0, b1, b2, a1, a2, c1, c2 float64 }

type kState struct{ x1, x2, y1, y2, z1, z2 float64 }

func newMeter(s shape) *meter {
	m := &meter{shape: s, coef: kWeighting(float64(s.rate)), step: max(1, s.rate/10), weights: make([]float64, s.channels)}
	for i := range m.weights {
		m.weights[i] = s.weight(i)
	}
	m.gap()
	return m
}

// weight is a channel's part in loudness: none for low-frequency effects, 1.41 for surround, 1 for the others.
func (s shape) weight(channel int) float64 {
	mask := s.mask
	if mask == 0 {
		usual := [...]uint32{0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F}
		if s.channels >= len(usual) {
			return 1
		}
		mask = usual[s.channels]
	}
	for bit := range 18 {
		if mask>>bit&1 == 0 {
			continue
		}
		if channel > 0 {
			channel--
			continue
		}
		switch bit {
		case 3:
			return 0
		case 4, 5, 8, 9, 10: // back left and right, back centre, sides
			return 1.41
		}
		return 1
	}
	return 1
}

// gap says that what comes next does not follow what came before.
func (m *meter) gap() {
	m.state = make([]kState, m.shape.channels)
	m.sum, m.filled = 0, 0
	m.runs = append(m.runs, len(m.steps))
}

// add takes interleaved samples, whole frames of all channels.
func (m *meter) add(samples []float64) {
	n := m.shape.channels
	k := m.coef
	for ; len(samples) >= n; samples = samples[n:] {
		for c, x := range samples[:n] {
			if m.weights[c] == 0 {
				continue
			}
			if math.IsNaN(x) || math.IsInf(x, 0) {
				x = 0
			}
			s := &m.state[c]
			y := k.b0*x + k.b1*s.x1 + k.b2*s.x2 - k.a1*s.y1 - k.a2*s.y2
			z := y - 2*s.y1 + s.y2 - k.c1*s.z1 - k.c2*s.z2
			s.x2, s.x1, s.y2, s.y1, s.z2, s.z1 = s.x1, x, s.y1, y, s.z1, z
			m.sum += m.weights[c] * z * z
		}
		if m.filled++; m.filled == m.step {
			m.steps = append(m.steps, m.sum/float64(m.step))
			m.sum, m.filled = 0, 0
		}
	}
}

// loudness is in LUFS; minus infinity where there is nothing to hear. Content that is shorter than a block counts as one.
func (m *meter) loudness() float64 {
	const block = 4
	var blocks []float64
	for i, from := range m.runs {
		to := len(m.steps)
		if i+1 < len(m.runs) {
			to = m.runs[i+1]
		}
		for at := from; at+block <= to; at++ {
			blocks = append(blocks, (m.steps[at]+m.steps[at+1]+m.steps[at+2]+m.steps[at+3])/block)
		}
	}
	if len(blocks) == 0 {
		total, n := m.sum, float64(m.filled)
		for _, s := range m.steps {
			total += s * float64(m.step)
			n += float64(m.step)
		}
		if n == 0 {
			return math.Inf(-1)
		}
		blocks = append(blocks, total/n)
	}
	gate := energy(-70)
	mean := above(blocks, gate)
	return lufs(above(blocks, max(gate, mean/10)))
}

func above(blocks []float64, gate float64) float64 {
	sum, n := 0.0, 0
	for _, b := range blocks {
		if b > gate {
			sum += b
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func lufs(energy float64) float64 { return -0.691 + 10*math.Log10(energy) }
func energy(lufs float64) float64 { return math.Pow(10, (lufs+0.691)/10) }
func ratio(db float64) float64    { return math.Pow(10, db/20) }
func decimal(v float64) string    { return strconv.FormatFloat(v, 'f', 1, 64) }

// kWeighting derives the two filters of BS.1770 for a sample rate; the standard tabulates them for 48 kHz.
func kWeighting(rate float64) kFilter {
	const (
		shelfAt, shelfGain, shelfQ = 1681.974450955533, 3.999843853973347, 0.7071752369554196
		passAt, passQ              = 38.13547087602444, 0.5003270373238773
	)
	k := math.Tan(math.Pi * shelfAt / rate)
	high := math.Pow(10, shelfGain/20)
	band := math.Pow(high, 0.4996667741545416)
	a0 := 1 + k/shelfQ + k*k
	f := kFilter{
		b0: (high + band*k/shelfQ + k*k) / a0, b1: 2 * (k*k - high) / a0, b2: (high - band*k/shelfQ + k*k) / a0,
		a1: 2 * (k*k - 1) / a0, a2: (1 - k/shelfQ + k*k) / a0,
	}
	k = math.Tan(math.Pi * passAt / rate)
	a0 = 1 + k/passQ + k*k
	f.c1, f.c2 = 2*(k*k-1)/a0, (1-k/passQ+k*k)/a0
	return f
}

// match brings a notice to a loudness, with its true peak below a ceiling, and returns the loudness that it reached.
func match(mono []float64, s shape, target, ceiling float64) float64 {
	measure := func() float64 {
		m := newMeter(shape{rate: s.rate, channels: 1, mask: 0x1})
		m.add(mono)
		return m.loudness() + 10*math.Log10(float64(s.speakers()))
	}
	got := measure()
	limit := ratio(ceiling)
	for range 4 {
		gain := ratio(target - got)
		for i := range mono {
			mono[i] *= gain
		}
		limited := restrain(mono, s.rate, limit)
		got = measure()
		if !limited || math.Abs(got-target) < 0.25 {
			break
		}
	}
	return got
}

// restrain holds the true peak below a limit by a gain that looks ahead and changes smoothly. It reports whether it had
// anything to do.
func restrain(x []float64, rate int, limit float64) bool {
	peaks := truePeaks(x)
	half := max(1, rate/400) // 2.5 ms
	need := make([]float64, len(x))
	over := false
	for i, p := range peaks {
		need[i] = 1
		if p > limit {
			need[i], over = limit/p, true
		}
	}
	if !over {
		return false
	}
	low := make([]float64, len(x))
	var queue []int // indices of rising need: the least of a window of 2·half+1
	for i := range len(x) + half {
		if i < len(x) {
			for len(queue) > 0 && need[queue[len(queue)-1]] >= need[i] {
				queue = queue[:len(queue)-1]
			}
			queue = append(queue, i)
		}
		if at := i - half; at >= 0 {
			for queue[0] < at-half {
				queue = queue[1:]
			}
			low[at] = need[queue[0]]
		}
	}
	sum := 0.0
	for i := -half; i <= half; i++ {
		sum += low[clamp(i, len(x))]
	}
	for i := range x {
		x[i] *= sum / float64(2*half+1)
		sum += low[clamp(i+half+1, len(x))] - low[clamp(i-half, len(x))]
	}
	// The gain's changes move peaks between samples a little: what is left goes by one factor.
	highest := 0.0
	for _, p := range truePeaks(x) {
		highest = max(highest, p)
	}
	if highest > limit {
		for i := range x {
			x[i] *= limit / highest
		}
	}
	return true
}

func clamp(i, n int) int { return max(0, min(i, n-1)) }

// truePeaks is the highest magnitude at and after each sample, on a curve of four times the rate.
func truePeaks(x []float64) []float64 {
	const over, half = 4, 12
	var taps [over][2 * half]float64
	for phase := 1; phase < over; phase++ {
		for i := range taps[phase] {
			d := float64(i-half+1) - float64(phase)/over
			taps[phase][i] = sinc(d) * window(d/half)
		}
	}
	out := make([]float64, len(x))
	for n := range x {
		peak := math.Abs(x[n])
		for phase := 1; phase < over; phase++ {
			v := 0.0
			for i, c := range taps[phase] {
				if at := n + i - half + 1; at >= 0 && at < len(x) {
					v += c * x[at]
				}
			}
			peak = max(peak, math.Abs(v))
		}
		out[n] = peak
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// window is Blackman's over -1 to 1.
func window(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return 0.42 + 0.5*math.Cos(math.Pi*x) + 0.08*math.Cos(2*math.Pi*x)
}
