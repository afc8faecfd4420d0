package sound_test

import (
	"bytes"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/colophon-project/colophon/watermark/internal/keyed"
	"github.com/colophon-project/colophon/watermark/sound"
)

// tune is music without instruments: chords and a melody of tones with overtones that fade, and a drum of noise; in a room that is
// not quite silent.
func tune(seed uint64, seconds int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	list := make([]float32, 2*seconds*rate)
	last := float32(0)
	for i := range list {
		last += (float32(r.NormFloat64()) - last) * 0.3
		list[i] = last * 0.15
	}
	tone := func(at, length, hz, loud, pan float64) {
		from := int(at * rate)
		for h := 1.0; h < 12 && h*hz < 15000; h++ {
			turn := cmplx.Rect(math.Exp(-(1+h/2)/rate), 2*math.Pi*hz*h/rate)
			z := complex(loud/h, 0)
			for i := from; i < min(len(list)/2, from+int(length*rate)); i++ {
				v := imag(z) * min(1, float64(i-from)*200/rate)
				list[2*i] += float32(v * (1 - pan))
				list[2*i+1] += float32(v * pan)
				z *= turn
			}
		}
	}
	scale := []float64{0, 2, 4, 5, 7, 9, 11}
	note := func(n int) float64 { return 220 * math.Exp2((scale[n%7]+12*float64(n/7))/12) }
	for beat := range seconds * 2 {
		at, root := float64(beat)/2, r.IntN(7)
		if beat%4 == 0 {
			for _, d := range []int{0, 2, 4} {
				tone(at, 2, note(root+d), 0.2, 0.4)
			}
		}
		tone(at, 0.5, note(7+r.IntN(10)), 0.4, 0.6)
		tone(at+0.25, 0.3, note(10+r.IntN(10)), 0.3, 0.3)
		for i := int(at * rate); i < min(len(list)/2, int(at*rate)+3000); i++ {
			v := float32(r.NormFloat64() * 0.15 * math.Exp(-float64(i-int(at*rate))/600))
			list[2*i], list[2*i+1] = list[2*i]+v, list[2*i+1]+v
		}
	}
	return level(list)
}

// TestAttacks finds marks again after some of the attacks of the table, in what needs no other programs to be made.
func TestAttacks(t *testing.T) {
	t.Parallel()
	k, payload := keyed.Key{1, 2, 3}, []byte("colophon")
	tried := []string{"mp3 64", "aac 48", "opus 24", "8 kHz", "noise 20", "5 s"}
	for name, s := range map[string][]float32{"tune": tune(1, 15), "ambient": ambient(15)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mark(t, k, payload, s, 0)
			for _, a := range append(attacks(), attack{"5 s", false, cut(4.3, 5)}) {
				if slices.Contains(tried, a.name) {
					found := find(t, k, a.do(t, m), sound.Search{})
					if len(found) != 1 || !bytes.Equal(found[0].Payload, payload) {
						t.Errorf("%s: %v", a.name, found)
					}
				}
			}
		})
	}
}

// TestSpeeds finds marks at other speeds and pitches with the wide search, and without it does not.
func TestSpeeds(t *testing.T) {
	t.Parallel()
	k, payload := keyed.Key{1, 2, 3}, []byte("colophon, sound!")
	m := mark(t, k, payload, tune(2, 10), 0)
	for name, a := range map[string]struct {
		filter       string
		tempo, pitch float64
	}{
		"speed": {"asetrate=44100*1.05,aresample=44100", 1.05, 1.05},
		"pitch": {"asetrate=44100*0.96,aresample=44100,atempo=1/0.96", 1, 0.96},
	} {
		s := filter(a.filter)(t, m)
		found := find(t, k, s, sound.Search{Lengths: []int{16}, Wide: true})
		if len(found) != 1 || !bytes.Equal(found[0].Payload, payload) {
			t.Errorf("%s: %v", name, found)
			continue
		}
		if math.Abs(found[0].Tempo-a.tempo) > 0.005 || math.Abs(found[0].Pitch-a.pitch) > 0.012 {
			t.Errorf("%s: the tempo was %.3f and the pitch %.3f", name, found[0].Tempo, found[0].Pitch)
		}
		if name == "speed" && len(find(t, k, s, sound.Search{})) > 0 {
			t.Error("the mark is found at another speed without the wide search")
		}
	}
}

// TestDistance holds marks to 28 dB and to below what is masked, and the measure to what it means.
func TestDistance(t *testing.T) {
	t.Parallel()
	for name, s := range map[string][]float32{"tune": tune(3, 5), "ambient": ambient(5)} {
		e, err := sound.NewEmbedder(keyed.Key{9}, make([]byte, 8), rate, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		out := e.Close(e.Add(nil, s))
		d := e.Distance()
		if len(out) != len(s) {
			t.Fatalf("%s: of %d samples %d came out", name, len(s), len(out))
		}
		if own := ratio(s, out); math.Abs(own-d.SNR) > 0.05 || own < 28 {
			t.Errorf("%s: %.2f dB, and it says %.2f", name, own, d.SNR)
		}
		if d.NMR > -12 {
			t.Errorf("%s: the change is %.1f dB beside its mask", name, d.NMR)
		}
		if louder := sound.Compare(s, noise(28)(t, s), rate, 2); louder.NMR < d.NMR+4 {
			t.Errorf("%s: white noise as loud as the mark is %.1f dB beside the mask, the mark %.1f", name, louder.NMR, d.NMR)
		}
	}
}

// TestPieces gives the same samples whatever pieces they come in, and leaves silence alone.
func TestPieces(t *testing.T) {
	t.Parallel()
	s := tune(4, 3)
	clear(s[rate : 2*rate])
	k := keyed.Key{4}
	whole := mark(t, k, make([]byte, 8), s, 0)
	e, err := sound.NewEmbedder(k, make([]byte, 8), rate, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32
	for rest, n := s, 2; len(rest) > 0; n = n*3 + 2 {
		n = min(n%50_000/2*2, len(rest))
		out, rest = e.Add(out, rest[:n]), rest[n:]
	}
	if out = e.Close(out); !slices.Equal(out, whole) {
		t.Error("pieces make a difference")
	}
	for i, v := range whole[rate+rate/50 : 2*rate-rate/50] {
		if v != 0 {
			t.Fatalf("sample %d of silence is %v", i, v)
		}
	}
	if slices.Equal(whole, s) {
		t.Error("nothing was changed")
	}
}

// TestStrangers finds nothing with another key, for the other length, and in what is no sound.
func TestStrangers(t *testing.T) {
	t.Parallel()
	k := keyed.Key{1}
	m := mark(t, k, []byte("colophon"), tune(5, 12), 0)
	if found := find(t, k, m, sound.Search{Lengths: []int{8}}); len(found) != 1 {
		t.Fatalf("with the key there is %v", found)
	}
	if found := find(t, keyed.Key{2}, m, sound.Search{}); len(found) > 0 {
		t.Errorf("another key finds %v", found)
	}
	if found := find(t, k, m, sound.Search{Lengths: []int{16}}); len(found) > 0 {
		t.Errorf("as the other length there is %v", found)
	}
	odd := make([]float32, rate)
	for i := range odd {
		odd[i] = float32(math.NaN())
		if i%3 == 0 {
			odd[i] = float32(math.Inf(i%2*2 - 1))
		}
	}
	for name, s := range map[string][]float32{"nothing": nil, "silence": make([]float32, 2*rate), "no numbers": odd, "one moment": {0.5, 0.5}} {
		if found := find(t, k, s, sound.Search{Wide: true}); len(found) > 0 {
			t.Errorf("in %s there is %v", name, found)
		}
		for i, v := range mark(t, k, make([]byte, 8), s, 0) {
			if v-v != 0 {
				t.Fatalf("%s: sample %d became %v", name, i, v)
			}
		}
	}
}

// TestArguments refuses what is no sound.
func TestArguments(t *testing.T) {
	t.Parallel()
	for _, a := range []struct{ rate, channels, payload int }{{7999, 1, 8}, {384_001, 1, 8}, {8000, 0, 8}, {8000, 65, 8}, {8000, 1, 9}, {8000, 1, 0}} {
		if _, err := sound.NewEmbedder(keyed.Key{}, make([]byte, a.payload), a.rate, a.channels, 0); err == nil {
			t.Errorf("an embedder of %+v", a)
		}
		if _, err := sound.NewReader(keyed.Key{}, a.rate, a.channels, sound.Search{Lengths: []int{a.payload}}); err == nil {
			t.Errorf("a reader of %+v", a)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	s := tune(6, 60)
	for b.Loop() {
		find(b, keyed.Key{1}, s, sound.Search{})
	}
	b.ReportMetric(60*float64(b.N)/b.Elapsed().Seconds(), "×realtime")
}

func BenchmarkEmbedder(b *testing.B) {
	s := tune(6, 60)
	for b.Loop() {
		mark(b, keyed.Key{1}, make([]byte, 8), s, 0)
	}
	b.ReportMetric(60*float64(b.N)/b.Elapsed().Seconds(), "×realtime")
}
