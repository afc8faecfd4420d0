package sound

import (
	"context"
	"math"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// What is listened to for a notice that is there already, in seconds.
const (
	earshot  = 8.0 // at each end: more than the longest notice with what stands beside it
	margin   = 1.0 // the most that may stand between the notice and the end of the file, such as a coder's delay
	stillFor = 0.3 // of the Pause between notice and content; coders smear its edges
)

// Limits of what counts as ours. They leave room for lossy coders and other sample rates: tests find notices again after
// 32 kbit/s of MP3 and Opus at 22,050 Hz.
const (
	leastTonal = 0.8
	mostStill  = 0.1 // energy of gaps and pause beside that of the tones or the words
	leastAlike = 0.5
)

// ears are what a file sounds like at its ends: the mean of the channels that a notice sounds in.
type ears struct {
	shape       shape
	first, last []float64
}

func newEars(s shape) *ears { return &ears{shape: s} }

// long is earshot in samples.
func (e *ears) long() int { return int(earshot * float64(e.shape.rate)) }

// add takes interleaved samples in the order of the programme.
func (e *ears) add(samples []float64) {
	n, speakers := e.shape.channels, e.shape.speakers()
	for ; len(samples) >= n; samples = samples[n:] {
		sum := 0.0
		for _, v := range samples[:speakers] {
			sum += v
		}
		sum /= float64(speakers)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			sum = 0
		}
		if len(e.first) < e.long() {
			e.first = append(e.first, sum)
		}
		if len(e.last) == 2*e.long() {
			e.last = e.last[:copy(e.last, e.last[e.long():])]
		}
		e.last = append(e.last, sum)
	}
}

// skip says that what comes next does not follow what came before. first is complete when anything is left out.
func (e *ears) skip() { e.last = e.last[:0] }

// start reports whether a notice stands at the start.
func (e *ears) start() bool {
	rate := float64(e.shape.rate)
	latest := int(margin * rate)
	return rhythmIn(e.first, e.shape.rate, 0, latest, true) || speechIn(e.first, e.shape.rate, func(int) (int, int) { return 0, latest }, true)
}

// end reports whether a notice stands at the end.
func (e *ears) end() bool {
	x := e.last[max(0, len(e.last)-e.long()):]
	rate := float64(e.shape.rate)
	from := func(n int) (int, int) { return len(x) - n - int(margin*rate), len(x) - n + e.shape.rate/100 }
	a, b := from(int(units * Unit * rate))
	return rhythmIn(x, e.shape.rate, a, b, false) || speechIn(x, e.shape.rate, from, false)
}

// rhythmIn looks for the rhythm that begins between two samples. stillAfter says on which side the pause stands.
func rhythmIn(x []float64, rate, from, to int, stillAfter bool) bool {
	hop := rate / 100
	pitch := min(Pitch, float64(rate)/4)
	still := int(stillFor * 100)
	perUnit := Unit * 100
	first, last := max(0, from/hop), to/hop
	if !stillAfter {
		first = max(first, still)
	}
	tone, all := make([]float64, len(x)/hop), make([]float64, len(x)/hop)
	for h := range tone {
		var re, im, sum float64
		for i, v := range x[h*hop : (h+1)*hop] {
			s, c := math.Sincos(2 * math.Pi * pitch * float64(i) / float64(rate))
			re, im, sum = re+v*c, im+v*s, sum+v*v
		}
		tone[h] = 2 * (re*re + im*im) / float64(hop*hop)
		all[h] = sum / float64(hop)
	}
	for at := first; at <= last && at+int(units*perUnit) <= len(tone); at++ {
		side := all[max(0, at-still-2):max(0, at-2)]
		if end := at + int(units*perUnit) + 3; stillAfter {
			side = all[min(len(all), end):min(len(all), end+still)]
		}
		if isRhythm(tone[at:], all[at:], side, perUnit) {
			return true
		}
	}
	return false
}

// isRhythm holds the energies of hops to the pattern: long and short tones that are equally loud and hold nearly all
// energy, gaps and side that hold nearly none.
func isRhythm(tone, all, side []float64, perUnit float64) bool {
	const edges = 2 // hops at both ends of a tone or gap that are left aside
	at := 0.0
	sounding, tonal, hops, gaps, offs := 0.0, 0.0, 0, 0.0, 0
	low, high := math.Inf(1), 0.0
	for _, u := range pattern() {
		n := float64(max(u, -u)) * perUnit
		a, b := int(at)+edges, int(at+n)-edges
		at += n
		for h := a; h < b; h++ {
			if u < 0 {
				gaps += all[h]
				offs++
				continue
			}
			sounding, tonal = sounding+all[h], tonal+tone[h]
			low, high = min(low, tone[h]), max(high, tone[h])
			hops++
		}
	}
	if high < 1e-10 || low < high/4 || tonal < leastTonal*sounding {
		return false
	}
	mean := sounding / float64(hops)
	beside := 0.0
	for _, v := range side {
		beside += v
	}
	return gaps/float64(offs) < mostStill*mean && beside <= mostStill*mean*float64(len(side))
}

// speechIn looks for one of the clips, which begins where reach tells for its length in samples.
func speechIn(x []float64, rate int, reach func(n int) (from, to int), stillAfter bool) bool {
	const low = 4000 // hertz: the rate for comparison
	var y []float64
	var rough, fine sums
	hop := rate / 100
	for _, clip := range [][]byte{clipChinese, clipEnglish} {
		seconds := float64(clipLength(clip)) / clipRate
		from, to := reach(int(seconds * float64(rate)))
		if from, to = max(0, from), min(to, len(x)); to < from {
			continue
		}
		if rough == nil {
			rough = summed(x, hop)
		}
		// Most content has no silence where the pause would be, and is not looked at more closely.
		possible := false
		for at := from / hop; at <= to/hop && !possible; at++ {
			possible = rough.parted(at, int(seconds*100), 100, 2*mostStill, stillAfter)
		}
		if !possible {
			continue
		}
		if y == nil {
			y = resample(x, rate, low)
			fine = summed(y, 1)
		}
		scale := float64(low) / float64(rate)
		if alike(y, fine, resample(unpack(clip), clipRate, low), int(float64(from)*scale), int(float64(to)*scale)+1, low, stillAfter) {
			return true
		}
	}
	return false
}

// alike reports whether x, whose energy is known, holds voice from an index between from and to on, parted from the rest.
func alike(x []float64, energy sums, voice []float64, from, to, rate int, stillAfter bool) bool {
	own := 0.0
	for _, v := range voice {
		own += v * v
	}
	for at := from; at <= to && at+len(voice) <= len(x); at++ {
		if !energy.parted(at, len(voice), rate, mostStill, stillAfter) {
			continue
		}
		dot := 0.0
		for i, v := range voice {
			dot += v * x[at+i]
		}
		if dot > leastAlike*math.Sqrt(own*(energy[at+len(voice)]-energy[at])) {
			return true
		}
	}
	return false
}

// sums is the energy up to an index.
type sums []float64

// summed adds energy up in hops of some samples.
func summed(x []float64, hop int) sums {
	out := make(sums, 1, len(x)/hop+1)
	total := 0.0
	for ; len(x) >= hop; x = x[hop:] {
		for _, v := range x[:hop] {
			total += v * v
		}
		out = append(out, total)
	}
	return out
}

// mean is the mean energy of a range, of the part of it that there is.
func (s sums) mean(a, b int) float64 {
	if a, b = max(0, a), min(len(s)-1, b); b <= a {
		return 0
	}
	return (s[b] - s[a]) / float64(b-a)
}

// parted reports whether n values from an index on are loud and a pause stands beside them, in which there is no more than
// a part of their energy.
func (s sums) parted(at, n, rate int, most float64, stillAfter bool) bool {
	still, smear := int(stillFor*float64(rate)), rate/50
	loud, beside := s.mean(at, at+n), s.mean(at-still-smear, at-smear)
	if stillAfter {
		beside = s.mean(at+n+smear, at+n+smear+still)
	}
	return loud > 1e-10 && beside <= most*loud
}

// there takes away the ends that need no notice because the content has one, and reports whether none is left. Who asks
// for one end has what the standard wants when either has a notice; who asks for both gets what lacks.
func (w *work) there(e *ears) bool {
	if w.start && w.end {
		w.start, w.end = !e.start(), !e.end()
	} else if e.start() || e.end() {
		w.start, w.end = false, false
	}
	if w.start || w.end {
		return false
	}
	w.report.Method = ""
	w.find(notice.CodeThere, colophon.Note)
	return true
}

// unchanged is the plan that changes nothing.
func unchanged(src media.Source) *media.Edit {
	e := new(media.Edit)
	e.Keep(0, src.Size())
	return e
}

// Has reports whether a file carries a notice that this package made, rhythm or speech, at its start or its end. tools may
// be nil for WAV, RF64 and FLAC, as for Put.
func Has(ctx context.Context, src media.Source, f media.Format, tools *ffmpeg.Tools) (bool, error) {
	e, err := listen(ctx, src, f, tools)
	if err != nil {
		return false, err
	}
	return e.start() || e.end(), nil
}

func listen(ctx context.Context, src media.Source, f media.Format, tools *ffmpeg.Tools) (*ears, error) {
	switch f {
	case media.WAV, media.RF64:
		file, err := readWave(src)
		if err != nil {
			return nil, err
		}
		return file.listen(ctx)
	case media.FLAC:
		file, err := readFLAC(ctx, src)
		if err != nil {
			return nil, err
		}
		return file.listen(ctx)
	}
	name, ok := codedNames()[f]
	if !ok {
		return nil, noSound(f)
	}
	c, err := openCoded(ctx, src, tools, name)
	if err != nil {
		return nil, err
	}
	defer c.scratch.Close()
	return c.ears, nil
}

// codedNames are the names that files have for ffmpeg, by format.
func codedNames() map[media.Format]string {
	return map[media.Format]string{media.MP3: "in.mp3", media.M4A: "in.m4a", media.Opus: "in.opus", media.Vorbis: "in.ogg", media.AAC: "in.aac"}
}
