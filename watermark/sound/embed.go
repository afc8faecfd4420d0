package sound

import (
	"math"
	"math/bits"

	"github.com/colophon-project/colophon/watermark/internal/fourier"
	"github.com/colophon-project/colophon/watermark/internal/keyed"
)

const (
	// DefaultSNR is how far the mark stays below the sound, in dB.
	DefaultSNR = 28.5

	span      = 0.032 // seconds that gains are applied to at once; a quarter of it is the hop
	maxGain   = 0.16  // of a cell's amplitude
	adapt     = 0.5   // seconds over which levels are averaged
	flatten   = 0.25  // how much more weak bands are changed than strong ones
	faintest  = 1e-12 // energy below which nothing is done
	preemphas = 1e-4
	moments   = 2    // of a hop: four milliseconds each
	loudest   = 0.25 // of the energy of a moment
)

// Embedder marks sound that comes in pieces. It is not safe for use by many goroutines.
type Embedder struct {
	channels int
	rate     float64
	width    int // samples of a frame
	hop      int
	plan     *fourier.Plan
	window   []float32
	gains    []int8
	start    int // symbol of the pattern at the beginning of the sound
	factor   float64
	bands    []int // of each bin, or −1

	input  []float32     // interleaved: what frames to come need
	delta  []float32     // interleaved, as long as input: what is to be added
	lines  [][]complex64 // spectra of pairs of channels
	frame  int           // number of frames done
	given  int           // samples (of one channel) that came
	level  [bands]float64
	total  float64
	decay  float64
	primed bool
	hushed float32 // what the last moment's change was multiplied with
	meter  *meter
}

// NewEmbedder returns an embedder of a payload of 8 or 16 bytes into interleaved samples. snr is how far the mark stays below the
// sound, in dB; 0 means DefaultSNR.
func NewEmbedder(k keyed.Key, payload []byte, rate, channels int, snr float64) (*Embedder, error) {
	if err := check(rate, channels); err != nil {
		return nil, err
	}
	if len(payload) != 8 && len(payload) != 16 {
		return nil, ErrPayload
	}
	if snr == 0 {
		snr = DefaultSNR
	}
	hop := int(math.Round(float64(rate) * span / 4))
	e := &Embedder{channels: channels, rate: float64(rate), width: 4 * hop, hop: hop, factor: math.Pow(10, -snr/10)}
	size := 1 << bits.Len(uint(e.width-1))
	e.plan = fourier.New(size)
	e.window = make([]float32, e.width)
	for i := range e.window { // its square adds up to 2 over the four frames of a sample
		e.window[i] = float32(math.Sin(math.Pi * (float64(i) + 0.5) / float64(e.width)))
	}
	e.bands = make([]int, size/2)
	for i := range e.bands {
		e.bands[i] = bandOf(float64(i) * e.rate / float64(size))
	}
	e.gains = newPattern(k, len(payload)).gains(payload)
	e.start = k.Stream("sound start " + string(payload)).Below(symbols) // marks of one key do not lie one on the other
	e.input = make([]float32, e.width*channels)                         // frames begin before the sound does
	e.delta = make([]float32, e.width*channels)
	for range (channels + 1) / 2 {
		e.lines = append(e.lines, make([]complex64, size))
	}
	e.decay = math.Exp(-float64(hop) / (e.rate * adapt))
	e.meter = newMeter(rate, channels)
	return e, nil
}

// bandOf is the band of a frequency, or −1.
func bandOf(hz float64) int {
	for b := range bands {
		if hz >= edge(b) && hz < edge(b+1) {
			return b
		}
	}
	return -1
}

// Add takes interleaved samples, of whole moments, and appends to out those that are ready.
func (e *Embedder) Add(out, samples []float32) []float32 {
	e.given += len(samples) / e.channels
	for len(samples) > 0 {
		n := min(len(samples), e.hop*e.channels)
		for _, v := range samples[:n] {
			e.input, e.delta = append(e.input, tame(v)), append(e.delta, 0)
		}
		samples = samples[n:]
		for len(e.input) >= (e.width+e.hop)*e.channels {
			out = e.step(out)
		}
	}
	return out
}

// Close appends the last samples to out. As many come out as went in.
func (e *Embedder) Close(out []float32) []float32 {
	missing := e.given
	before := len(out)
	rest := make([]float32, (2*e.width)*e.channels)
	taken := e.frame*e.hop - e.width // samples that came out before
	missing -= max(taken, 0)
	out = e.Add(out, rest)
	return out[:min(len(out), before+max(missing, 0)*e.channels)]
}

// Distance tells how far what came out is from what went in.
func (e *Embedder) Distance() Distance { return e.meter.distance() }

// step marks one frame and gives the samples that no later frame touches.
func (e *Embedder) step(out []float32) []float32 {
	e.spectra()
	e.weigh()
	e.change()
	first := e.frame * e.hop // where the frame stands, counted from the padding
	e.frame++
	n := e.hop * e.channels
	if first >= e.width {
		e.hush(n)
		for i, x := range e.input[:n] {
			limit := max(1, x, -x)
			out = append(out, min(limit, max(-limit, x+e.delta[i])))
		}
		e.meter.add(e.input[:n], out[len(out)-n:])
	}
	e.input = append(e.input[:0], e.input[n:]...)
	e.delta = append(e.delta[:0], e.delta[n:]...)
	return out
}

// hush takes the change back where it would come before the sound that masks it, or stay behind it: a frame is longer than that.
func (e *Embedder) hush(n int) {
	size := (e.hop + moments - 1) / moments * e.channels
	for from := 0; from < n; from += size {
		to, signal, change := min(from+size, n), 0.0, 0.0
		for i := from; i < to; i++ {
			signal += float64(e.input[i]) * float64(e.input[i])
			change += float64(e.delta[i]) * float64(e.delta[i])
		}
		if signal == 0 {
			clear(e.delta[from:to])
			e.hushed = 0
			continue
		}
		gain := float32(1)
		if change > signal*loudest {
			gain = float32(math.Sqrt(signal * loudest / change))
		}
		slope := (gain - e.hushed) / float32(to-from)
		for i := from; i < to; i++ {
			e.delta[i] *= e.hushed + slope*float32(i-from+1)
		}
		e.hushed = gain
	}
}

// spectra transforms the frame: two channels in each line.
func (e *Embedder) spectra() {
	for l, line := range e.lines {
		clear(line)
		for i, w := range e.window {
			at := i*e.channels + 2*l
			if 2*l+1 < e.channels {
				line[i] = complex(w*e.input[at], w*e.input[at+1])
			} else {
				line[i] = complex(w*e.input[at], 0)
			}
		}
		e.plan.Forward(line)
	}
}

// weigh follows the levels of the bands and of the whole.
func (e *Embedder) weigh() {
	var level [bands]float64
	total := 0.0
	for _, line := range e.lines {
		size := len(line)
		for i := 1; i < size/2; i++ {
			a, b := line[i], line[size-i]
			p := float64(real(a)*real(a)+imag(a)*imag(a)) + float64(real(b)*real(b)+imag(b)*imag(b))
			total += p
			if band := e.bands[i]; band >= 0 {
				level[band] += p
			}
		}
	}
	decay := e.decay
	if !e.primed {
		if total < faintest {
			return
		}
		decay, e.primed = 0, true
	}
	if total > e.total { // louder at once: what was soft must not decide for what is loud
		decay *= 0.8
	}
	e.total = decay*e.total + (1-decay)*total
	for b, p := range level {
		e.level[b] = decay*e.level[b] + (1-decay)*p
	}
}

// amplitudes returns how much the bands are changed: weak ones more than strong ones, so that the whole stays within its bound.
func (e *Embedder) amplitudes() (list [bands]float64) {
	if e.total < faintest {
		return list
	}
	cost := 0.0
	for b := range list {
		wide := edge(b+1) - edge(b)
		list[b] = math.Pow(e.level[b]/wide/e.total+preemphas/1e4, -flatten)
		cost += e.level[b] * list[b] * list[b]
	}
	scale := math.Sqrt(e.factor * e.total / max(cost, faintest))
	for range 3 { // what bands at the limit do not use, the others may
		free, used := 0.0, 0.0
		for b := range list {
			if g := list[b] * scale; g >= maxGain {
				used += e.level[b] * maxGain * maxGain
			} else {
				free += e.level[b] * list[b] * list[b]
			}
		}
		if free <= 0 || e.factor*e.total <= used {
			break
		}
		scale = math.Sqrt((e.factor*e.total - used) / free)
	}
	for b := range list {
		list[b] = min(list[b]*scale, maxGain)
	}
	return list
}

// change adds to delta what the frame has to become.
func (e *Embedder) change() {
	centre := (float64(e.frame*e.hop-e.width) + float64(e.width)/2) / e.rate
	if centre < 0 {
		centre = 0
	}
	row := (e.start + int(centre/symbol)) % symbols
	list := e.amplitudes()
	for b := range list {
		list[b] *= float64(e.gains[row*bands+b])
	}
	for l, line := range e.lines {
		size := len(line)
		line[0], line[size/2] = 0, 0
		for i := 1; i < size/2; i++ {
			g := complex64(0)
			if b := e.bands[i]; b >= 0 {
				g = complex(float32(list[b]), 0)
			}
			a, b := line[i]*g, line[size-i]*g
			line[i], line[size-i] = complex(real(a), -imag(a)), complex(real(b), -imag(b)) // conjugate: the transform back is one forward
		}
		e.plan.Forward(line)
		k := 1 / float32(2*size)
		for i, w := range e.window {
			at := i*e.channels + 2*l
			e.delta[at] += real(line[i]) * w * k
			if 2*l+1 < e.channels {
				e.delta[at+1] -= imag(line[i]) * w * k
			}
		}
	}
}
