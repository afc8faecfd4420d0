package sound_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media/mediatest"
)

const rate = 44100

// clip is stereo sound, interleaved.
type clip struct {
	name    string
	samples []float32
}

// decode returns the samples of a file, in stereo at 44.1 kHz; args come before the output.
func decode(t testing.TB, path string, args ...string) []float32 {
	t.Helper()
	full := append([]string{"-v", "error", "-nostdin", "-i", path}, args...)
	return floats(mediatest.Output(t, "ffmpeg", append(full, "-f", "f32le", "-ac", "2", "-ar", "44100", "-")...))
}

func floats(b []byte) []float32 {
	list := make([]float32, len(b)/4)
	for i := range list {
		list[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list
}

func raw(samples []float32) []byte {
	b := make([]byte, 0, 4*len(samples))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// through sends stereo samples through ffmpeg into a file, and decodes it.
func through(t testing.TB, samples []float32, name string, args ...string) []float32 {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	full := append([]string{"-v", "error", "-y", "-f", "f32le", "-ar", "44100", "-ac", "2", "-i", "-"}, args...)
	cmd := exec.Command(mediatest.Tool(t, "ffmpeg"), append(full, path)...)
	cmd.Stdin = bytes.NewReader(raw(samples))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return decode(t, path)
}

// level brings the loudest sample to −2 dB.
func level(samples []float32) []float32 {
	top := float32(0)
	for _, v := range samples {
		top = max(top, v, -v)
	}
	for i := range samples {
		samples[i] *= 0.79 / top
	}
	return samples
}

// music is a piece made up by chance and played by fluidsynth.
func music(t testing.TB, seed uint64, seconds int) []float32 {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	tempo := []int{84, 100, 120, 132}[r.IntN(4)]
	type event struct {
		at   int
		data []byte
	}
	const quarter = 480
	var list []event
	note := func(channel, at, length, pitch, force int) {
		list = append(list, event{at, []byte{0x90 | byte(channel), byte(pitch), byte(force)}}, event{at + length, []byte{0x80 | byte(channel), byte(pitch), 0}})
	}
	for channel, program := range [][]byte{{0, 33, 48, 25}, {4, 32, 50, 61}, {24, 34, 52, 73}}[seed%3] {
		list = append(list, event{0, []byte{0xc0 | byte(channel), program}})
	}
	root := []int{55, 57, 60, 62}[r.IntN(4)]
	chords := [][]int{{0, 4, 7}, {9, 12, 16}, {5, 9, 12}, {7, 11, 14}, {2, 5, 9}, {4, 7, 11}}
	for bar := 0; bar < (seconds+2)*tempo/60; bar += 4 {
		chord, at := chords[r.IntN(len(chords))], bar*quarter
		for _, p := range chord {
			note(2, at, 4*quarter-20, root+p, 50+r.IntN(25))
		}
		for k := range 4 {
			note(1, at+k*quarter, quarter-30, root-24+chord[r.IntN(2)], 70+r.IntN(25))
		}
		for k := range 8 {
			if r.IntN(10) < 8 {
				note(0, at+k*quarter/2, quarter/2-10, root+12+chord[r.IntN(3)], 60+r.IntN(45))
			}
			if r.IntN(10) < 6 {
				note(3, at+k*quarter/2, quarter/2-10, root+chord[r.IntN(3)], 45+r.IntN(35))
			}
			note(9, at+k*quarter/2, 60, 42, 45+r.IntN(30))
			if k%4 == 0 {
				note(9, at+k*quarter/2, 60, 36+k/2, 98)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b event) int { return a.at - b.at })
	track := append([]byte{0, 0xff, 0x51, 3}, binary.BigEndian.AppendUint32(nil, uint32(60_000_000/tempo))[1:]...)
	last := 0
	for _, e := range list {
		wait := e.at - last
		last = e.at
		for shift := 21; shift > 0; shift -= 7 {
			if wait>>shift > 0 {
				track = append(track, byte(wait>>shift)|0x80)
			}
		}
		track = append(append(track, byte(wait)&0x7f), e.data...)
	}
	track = append(track, 0, 0xff, 0x2f, 0)
	file := append([]byte("MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk"), binary.BigEndian.AppendUint32(nil, uint32(len(track)))...)
	score := mediatest.File(t, "score.mid", append(file, track...))
	wav := filepath.Join(t.TempDir(), "music.wav")
	mediatest.Output(t, "fluidsynth", "-ni", "-g", "0.6", "-F", wav, "-r", "44100", "/usr/share/sounds/sf2/TimGM6mb.sf2", score)
	return level(decode(t, wav, "-t", strconv.Itoa(seconds)))
}

func speech(t testing.TB, voice, speed, text string, seconds int) []float32 {
	t.Helper()
	wav := filepath.Join(t.TempDir(), "speech.wav")
	mediatest.Output(t, "espeak-ng", "-v", voice, "-s", speed, "-w", wav, strings.Repeat(text, 1+seconds/10))
	return level(decode(t, wav, "-t", strconv.Itoa(seconds)))
}

const (
	english = "A mark in sound carries a number through all that is done with a file. The number is looked up later, in a register. It must outlive coding, cutting and other rates, but nobody should hear it. Forty two, one hundred and twenty eight, nineteen eighty four. "
	chinese = "声音里的标识在文件被处理之后仍然存在。以后可以在登记册里查到这个编号。它要经得起编码、剪切和重采样，但是谁也不应该听见它。四十二，一百二十八，一九八四。"
)

// ambient is noise that swells, louder where it is deep.
func ambient(seconds int) []float32 {
	r := rand.New(rand.NewPCG(3, 3))
	samples := make([]float32, 2*seconds*rate)
	var state [2][3]float64
	for i := range samples {
		s, w := &state[i%2], r.NormFloat64()
		s[0] += (w - s[0]) * 0.6
		s[1] += (w - s[1]) * 0.1
		s[2] += (w - s[2]) * 0.015
		swell := 0.6 + 0.4*math.Sin(2*math.Pi*float64(i/2)/rate/7)
		samples[i] = float32((0.3*s[0] + s[1] + 3*s[2]) * swell)
	}
	return level(samples)
}

// material is what tables are made of: three pieces of music, two voices, and noise.
func material(t testing.TB, seconds int) []clip {
	t.Helper()
	return []clip{
		{"music 1", music(t, 0, seconds)}, {"music 2", music(t, 1, seconds)}, {"music 3", music(t, 2, seconds)},
		{"speech en", speech(t, "en-us", "150", english, seconds)}, {"speech zh", speech(t, "cmn", "170", chinese, seconds)},
		{"ambient", ambient(seconds)},
	}
}

func torture() bool { return os.Getenv("COLOPHON_TORTURE") != "" }
