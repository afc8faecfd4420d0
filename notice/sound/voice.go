package sound

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"math"
)

// The rhythm of GB 45438-2025 5.3 c): short long, short short. The standard gives no times, no pitch; these are ours.
const (
	// Unit is the length of the short tone, in seconds. The long one is three units, the gap inside a letter one, the gap
	// between the letters three, as in ITU-R M.1677.
	Unit = 0.12
	// Pitch is the tone's frequency in hertz: C6.
	Pitch = 1046.5
	// edge is how long a tone takes to rise and to fall, in seconds, so that it does not click.
	edge = 0.008
)

// rhythmWords is how a report writes the rhythm.
const rhythmWords = "·– ··"

// pattern is the rhythm in units, tones above zero and gaps below: A is ·–, I is ··.
func pattern() []int { return []int{+1, -1, +3, -3, +1, -1, +1} }

// units is the length of the rhythm in units.
const units = 11

// rhythm is the notice as a tone of amplitude 1.
func rhythm(rate int) []float64 {
	out := make([]float64, int(math.Round(units*Unit*float64(rate))))
	at := 0
	for _, u := range pattern() {
		from := int(math.Round(float64(at) * Unit * float64(rate)))
		at += max(u, -u)
		to := min(int(math.Round(float64(at)*Unit*float64(rate))), len(out))
		if u > 0 {
			tone(out[from:to], rate)
		}
	}
	return out
}

// tone fills b with a tone whose edges are raised cosines. Below 4,186 Hz of sample rate the pitch goes down with it.
func tone(b []float64, rate int) {
	ramp := edge * float64(rate)
	pitch := min(Pitch, float64(rate)/4)
	for i := range b {
		near := min(float64(i)+0.5, float64(len(b)-i)-0.5)
		gain := 1.0
		if near < ramp {
			gain = 0.5 - 0.5*math.Cos(math.Pi*near/ramp)
		}
		b[i] = gain * math.Sin(2*math.Pi*pitch*float64(i)/float64(rate))
	}
}

// The clips are 16-bit PCM at 16 kHz, one channel, compressed by gzip as differences of neighbours; tools/speech.sh makes
// them with a free synthesiser.
//
//go:embed clips/zh.gz
var clipChinese []byte

//go:embed clips/en.gz
var clipEnglish []byte

// clipRate is the clips' sample rate in hertz.
const clipRate = 16000

// between is the silence between two clips, in seconds.
const between = 0.4

// clipsOf lists the clips that say the words; none where there is no recording of them.
func clipsOf(words string) [][]byte {
	switch words {
	case "人工智能生成":
		return [][]byte{clipChinese}
	case "AI-generated":
		return [][]byte{clipEnglish}
	case "人工智能生成 AI-generated":
		return [][]byte{clipChinese, clipEnglish}
	}
	return nil
}

// speak is the words, spoken, at a sample rate.
func speak(words string, rate int) []float64 {
	var out []float64
	for i, clip := range clipsOf(words) {
		if i > 0 {
			out = append(out, make([]float64, int(between*float64(rate)))...)
		}
		out = append(out, resample(unpack(clip), clipRate, rate)...)
	}
	return out
}

// clipLength is the samples in a clip; gzip ends with the number of bytes.
func clipLength(clip []byte) int { return int(binary.LittleEndian.Uint32(clip[len(clip)-4:]) / 2) }

func unpack(clip []byte) []float64 {
	z, err := gzip.NewReader(bytes.NewReader(clip))
	if err != nil {
		panic("sound: embedded clip: " + err.Error())
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic("sound: embedded clip: " + err.Error())
	}
	out := make([]float64, len(b)/2)
	last := int16(0)
	for i := range out {
		last += int16(binary.LittleEndian.Uint16(b[2*i:]))
		out[i] = float64(last) / (1 << 15)
	}
	return out
}

// resample changes the rate by a windowed sinc whose cutoff is the lower of the two Nyquist frequencies.
func resample(x []float64, from, to int) []float64 {
	if from == to {
		return x
	}
	const zeros = 24 // zero crossings on each side
	cut := min(1, float64(to)/float64(from)) * 0.97
	reach := zeros / cut
	half := int(reach) + 1
	// Positions between two samples repeat after this many outputs, so the filter's values are made once for each.
	common, rest := from, to
	for rest > 0 {
		common, rest = rest, common%rest
	}
	phases := to / common
	filters := make([][]float64, phases)
	out := make([]float64, int(math.Ceil(float64(len(x))*float64(to)/float64(from))))
	for i := range out {
		whole, part := int64(i)*int64(from)/int64(to), int64(i)*int64(from)%int64(to)
		f := filters[i%phases]
		if f == nil {
			f = make([]float64, 2*half+1)
			for k := range f {
				d := float64(k-half) - float64(part)/float64(to)
				f[k] = cut * sinc(cut*d) * window(d/reach)
			}
			if phases <= len(out) {
				filters[i%phases] = f
			}
		}
		at := int(whole) - half
		low, high := max(0, -at), min(len(f), len(x)-at)
		sum := 0.0
		for k := low; k < high; k++ {
			sum += f[k] * x[at+k]
		}
		out[i] = sum
	}
	return out
}
