package sound_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/watermark/internal/keyed"
	"github.com/colophon-project/colophon/watermark/sound"
)

type attack struct {
	name string
	wide bool
	do   func(t testing.TB, s []float32) []float32
}

func codec(name string, args ...string) func(testing.TB, []float32) []float32 {
	return func(t testing.TB, s []float32) []float32 { return through(t, s, name, args...) }
}

func filter(f string) func(testing.TB, []float32) []float32 {
	return codec("f.wav", "-af", f, "-c:a", "pcm_s16le")
}

func cut(from, length float64) func(testing.TB, []float32) []float32 {
	return func(_ testing.TB, s []float32) []float32 {
		a := int(from*rate) * 2
		return s[a:min(len(s), a+int(length*rate)*2)]
	}
}

func noise(snr float64) func(testing.TB, []float32) []float32 {
	return func(_ testing.TB, s []float32) []float32 {
		r, p := rand.New(rand.NewPCG(5, 5)), 0.0
		for _, v := range s {
			p += float64(v * v)
		}
		a := math.Sqrt(p / float64(len(s)) / math.Pow(10, snr/10))
		out := make([]float32, len(s))
		for i, v := range s {
			out[i] = max(-1, min(1, v+float32(a*r.NormFloat64())))
		}
		return out
	}
}

func chain(list ...func(testing.TB, []float32) []float32) func(testing.TB, []float32) []float32 {
	return func(t testing.TB, s []float32) []float32 {
		for _, f := range list {
			s = f(t, s)
		}
		return s
	}
}

func mp3(b string) func(testing.TB, []float32) []float32 {
	return codec("c.mp3", "-c:a", "libmp3lame", "-b:a", b)
}

func opus(b string) func(testing.TB, []float32) []float32 {
	return codec("c.opus", "-c:a", "libopus", "-b:a", b)
}

func attacks() []attack {
	list := []attack{
		{"none", false, cut(0, 600)},
		{"mp3 128", false, mp3("128k")}, {"mp3 64", false, mp3("64k")}, {"mp3 48", false, mp3("48k")},
		{"ogg q3", false, codec("c.ogg", "-c:a", "libvorbis", "-q:a", "3")},
		{"aac 96", false, codec("c.m4a", "-c:a", "aac", "-b:a", "96k")}, {"aac 48", false, codec("c.m4a", "-c:a", "aac", "-b:a", "48k")},
		{"opus 64", false, opus("64k")}, {"opus 32", false, opus("32k")}, {"opus 24", false, opus("24k")},
		{"16 kHz", false, codec("c.wav", "-ar", "16000")}, {"8 kHz", false, codec("c.wav", "-ar", "8000")},
		{"mono", false, codec("c.wav", "-ac", "1")}, {"-12 dB", false, filter("volume=-12dB")},
		{"low-pass 4k", false, filter("lowpass=f=4000")}, {"high-pass 1k", false, filter("highpass=f=1000")},
		{"noise 30", false, noise(30)}, {"noise 20", false, noise(20)}, {"noise 10", false, noise(10)},
		{"EQ", false, filter("equalizer=f=1500:t=q:w=1:g=6,equalizer=f=3000:t=q:w=1:g=-6")},
		{"compressor", false, filter("acompressor=threshold=0.1:ratio=4:attack=5:release=50")},
		{"echo", false, filter("aecho=0.8:0.6:60:0.4")},
		{"mp3 ogg mp3", false, chain(mp3("128k"), codec("c.ogg", "-c:a", "libvorbis", "-q:a", "3"), mp3("128k"))},
		{"clip 30", false, cut(13.37, 30)}, {"clip 15", false, cut(13.37, 15)}, {"clip 15 mp3 128", false, chain(cut(13.37, 15), mp3("128k"))},
	}
	for _, from := range []float64{3.1, 13.37, 27.7, 41.9} {
		list = append(list, attack{"clip 10", false, cut(from, 10)}, attack{"clip 5", false, cut(from, 5)}, attack{"clip 10 mp3 64", false, chain(cut(from, 10), mp3("64k"))},
			attack{"clip 5 mp3 128", false, chain(cut(from, 5), mp3("128k"))}, attack{"clip 3", false, cut(from, 3)})
	}
	for _, f := range []float64{0.95, 0.98, 1.02, 1.05} {
		list = append(list, attack{fmt.Sprintf("tempo %v", f), true, filter(fmt.Sprintf("atempo=%v", f))},
			attack{fmt.Sprintf("pitch %v", f), true, filter(fmt.Sprintf("asetrate=44100*%v,aresample=44100,atempo=1/%v", f, f))},
			attack{fmt.Sprintf("speed %v", f), true, filter(fmt.Sprintf("asetrate=44100*%v,aresample=44100", f))})
	}
	list = append(list, attack{"speed 1.03, 15 s, mp3 128", true, chain(cut(13.37, 15), filter("asetrate=44100*1.03,aresample=44100"), mp3("128k"))})
	first := map[string]int{}
	for i, a := range list {
		if _, ok := first[a.name]; !ok {
			first[a.name] = i
		}
	}
	slices.SortStableFunc(list, func(a, b attack) int { return cmp.Compare(first[a.name], first[b.name]) }) // those of one name together
	return list
}

func mark(t testing.TB, k keyed.Key, payload []byte, s []float32, snr float64) []float32 {
	t.Helper()
	e, err := sound.NewEmbedder(k, payload, rate, 2, snr)
	if err != nil {
		t.Fatal(err)
	}
	out := e.Close(e.Add(nil, s))
	t.Logf("%.1f dB below, %.1f dB over the mask", e.Distance().SNR, e.Distance().NMR)
	return out
}

func find(t testing.TB, k keyed.Key, s []float32, search sound.Search) []sound.Found {
	t.Helper()
	r, err := sound.NewReader(k, rate, 2, search)
	if err != nil {
		t.Fatal(err)
	}
	r.Add(s)
	return r.Close()
}

// ratio is how far the change stays below the sound, in dB.
func ratio(was, is []float32) float64 {
	s, d := 0.0, 0.0
	for i, v := range was {
		s += float64(v) * float64(v)
		d += float64(is[i]-v) * float64(is[i]-v)
	}
	return 10 * math.Log10(s/d)
}

// TestTableTorture counts what each attack leaves.
func TestTableTorture(t *testing.T) {
	if !torture() {
		return
	}
	k, seconds := keyed.Key{1, 2, 3}, 60
	list := material(t, seconds)
	for _, n := range []int{8, 16} {
		marked := make([][]float32, len(list))
		payload := []byte("colophon, sound!")[:n]
		for i, c := range list {
			began := time.Now()
			marked[i] = mark(t, k, payload, c.samples, 0)
			t.Logf("%s: %.1f dB, %.0f× real time", c.name, ratio(c.samples, marked[i]), float64(seconds)/time.Since(began).Seconds())
		}
		all := attacks()
		for len(all) > 0 {
			name := all[0].name
			var row []string
			lost := 0
			var lock sync.Mutex
			var group sync.WaitGroup
			slots := make(chan bool, 2)
			for ; len(all) > 0 && all[0].name == name; all = all[1:] {
				a := all[0]
				for i := range list {
					group.Go(func() {
						slots <- true
						defer func() { <-slots }()
						s := a.do(t, marked[i])
						began := time.Now()
						found := find(t, k, s, sound.Search{Lengths: []int{n}, Wide: a.wide})
						speed := float64(len(s)) / 2 / rate / time.Since(began).Seconds()
						lock.Lock()
						defer lock.Unlock()
						cell := "-"
						if len(found) == 0 {
							lost++
						} else {
							cell = fmt.Sprintf("%.0f", found[0].Score)
							if !bytes.Equal(found[0].Payload, payload) {
								t.Errorf("%s, %s: wrong payload %q", a.name, list[i].name, found[0].Payload)
							}
						}
						row = append(row, fmt.Sprintf("%d:%s(%.0fx)", i, cell, speed))
					})
				}
			}
			group.Wait()
			t.Logf("%d bits, %s: %d/%d   %s", 8*n, name, len(row)-lost, len(row), strings.Join(row, " "))
		}
	}
}
