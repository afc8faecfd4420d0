package sample

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// A text is played as one tone for each half of a byte, between an opening and a closing tone. Every tone fits a whole number
// of times into its time, so that they don't disturb each other.
const (
	rate      = 24_000 // samples in a second
	unit      = 480    // samples of one tone: 20 ms
	lowest    = 600    // Hz of the half 0; the next is a step higher
	step      = 100    // Hz
	opens     = 3200   // Hz
	closes    = 2600   // Hz
	frame     = 5      // units of the opening and of the closing tone
	clear     = 0.6    // the share of the energy from which on a tone counts as heard
	loud      = 0.4    // of full scale
	mostSound = 20 << 20
)

// play is a text as samples.
func play(text string) []int16 {
	samples := make([]int16, 0, (2*len(text)+2*frame)*unit)
	tone := func(hertz float64, units int) {
		for i := range units * unit {
			samples = append(samples, int16(loud*math.MaxInt16*math.Sin(2*math.Pi*hertz*float64(i)/rate)))
		}
	}
	tone(opens, frame)
	for _, b := range []byte(text) {
		tone(lowest+step*float64(b>>4), 1)
		tone(lowest+step*float64(b&15), 1)
	}
	tone(closes, frame)
	return samples
}

// power is the energy of a tone in samples, as a share of all their energy.
func power(samples []int16, hertz float64) float64 {
	turn := 2 * math.Cos(2*math.Pi*hertz/rate)
	var before, last, all float64
	for _, sample := range samples {
		v := float64(sample)
		before, last = last, v+turn*last-before
		all += v * v
	}
	if all < float64(len(samples))*100 { // as good as silent
		return 0
	}
	return 2 * (last*last + before*before - turn*last*before) / (all * float64(len(samples)))
}

// listen is the text that was played somewhere in samples, and false where none can be heard.
func listen(samples []int16) (string, bool) {
	const hop = unit / 8
	for at := 0; at+frame*unit <= len(samples); at += hop {
		if power(samples[at:at+unit], opens) < clear || power(samples[at+2*unit:at+3*unit], opens) < clear {
			continue
		}
		end := at
		for end+unit <= len(samples) && power(samples[end:end+unit], opens) >= clear {
			end += hop
		}
		if text, ok := decode(samples, align(samples, end)); ok {
			return text, true
		}
		at = end
	}
	return "", false
}

// align is where the first tone begins: where the tones behind it are clearest.
func align(samples []int16, about int) (best int) {
	most := 0.0
	for from := max(0, about-unit); from <= about+unit; from += unit / 40 {
		sum := 0.0
		for n := range 6 {
			if at := from + n*unit; at+unit <= len(samples) {
				_, share := half(samples[at : at+unit])
				sum += share
			}
		}
		if from >= frame*unit/2 { // the opening ends where the first tone begins
			sum += 2 * power(samples[from-unit:min(from, len(samples))], opens)
		}
		if sum > most {
			best, most = from, sum
		}
	}
	return best
}

// half is which half of a byte a tone stands for, and its share of the energy.
func half(samples []int16) (value byte, share float64) {
	for n := range byte(16) {
		if p := power(samples, lowest+step*float64(n)); p > share {
			value, share = n, p
		}
	}
	return value, share
}

func decode(samples []int16, at int) (string, bool) {
	var text []byte
	for n := 0; at+unit <= len(samples); n, at = n+1, at+unit {
		value, share := half(samples[at : at+unit])
		if power(samples[at:at+unit], closes) > max(share, clear) {
			return string(text), n > 0 && n%2 == 0 && utf8.Valid(text)
		}
		if share < clear/2 {
			return "", false
		}
		if n%2 == 0 {
			text = append(text, value<<4)
		} else {
			text[len(text)-1] |= value
		}
	}
	return "", false
}

// wav is samples as a WAV file.
func wav(samples []int16) []byte {
	b := make([]byte, 0, 44+2*len(samples))
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*len(samples)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...) // PCM, one channel
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	return append(b, pcm(samples)...)
}

func pcm(samples []int16) []byte {
	b := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// unwav is the samples of a WAV file of this model's kind, and false for any other file.
func unwav(file []byte) ([]int16, bool) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, false
	}
	ours := false
	for rest := file[12:]; len(rest) >= 8; {
		n := int(min(uint64(binary.LittleEndian.Uint32(rest[4:])), uint64(len(rest)-8)))
		body := rest[8 : 8+n]
		switch string(rest[:4]) {
		case "fmt ":
			ours = n >= 16 && bytes.Equal(body[:4], []byte{1, 0, 1, 0}) && binary.LittleEndian.Uint32(body[4:]) == rate && body[14] == 16
		case "data":
			if !ours {
				return nil, false
			}
			return samplesOf(body), true
		}
		rest = rest[min(8+n+n&1, len(rest)):]
	}
	return nil, false
}

func samplesOf(b []byte) []int16 {
	samples := make([]int16, len(b)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return samples
}
