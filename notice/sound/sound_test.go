package sound_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/sound"
)

// programme is three seconds of several tones and noise, in the way that ffmpeg makes it.
const programme = "anoisesrc=d=3:c=pink:a=0.05:seed=3[n];sine=f=330:d=3[s];sine=f=523:d=3,volume=0.5[u];[n][s][u]amix=inputs=3:normalize=0,tremolo=f=3:d=0.4"

// once holds the programme's samples, which all tests share.
var once struct {
	sync.Once
	b []byte
}

func played(t *testing.T) []byte {
	t.Helper()
	once.Do(func() {
		once.b = mediatest.Output(t, "ffmpeg", "-v", "error", "-nostdin", "-filter_complex", programme, "-f", "f32le", "-ac", "1", "-ar", "44100", "-")
	})
	return once.b
}

// makeAll makes files of the programme, by name: all in one run of ffmpeg, whose start is what takes the time.
func makeAll(t *testing.T, files map[string][]string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	args := []string{"-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-f", "f32le", "-ar", "44100", "-ac", "1", "-i", mediatest.File(t, "programme", played(t))}
	for name, options := range files {
		args = append(append(append(args, "-map", "0:a", "-fflags", "+bitexact", "-flags:a", "+bitexact"), options...), filepath.Join(dir, name))
	}
	outputAll(t, "ffmpeg", args...)
	made := map[string][]byte{}
	for name := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		made[name] = b
	}
	return made
}

func make3(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	return makeAll(t, map[string][]string{name: args})[name]
}

func find(t *testing.T) *ffmpeg.Tools {
	t.Helper()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	return tools
}

func put(t *testing.T, name string, b []byte, f media.Format, o notice.Options) ([]byte, notice.Report) {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	edit, report, err := sound.Put(t.Context(), src, f, o, find(t))
	if err != nil {
		t.Fatalf("%s: Put: %v", name, err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatalf("%s: Apply: %v", name, err)
	}
	if !bytes.Equal(src, b) {
		t.Fatalf("%s: the source was changed", name)
	}
	if int64(out.Len()) != edit.Size() {
		t.Fatalf("%s: Edit.Size = %d, wrote %d", name, edit.Size(), out.Len())
	}
	return out.Bytes(), report
}

// decoded is a whole file as ffmpeg decodes it.
type decoded struct {
	rate, channels int
	raw            []byte    // of all channels, as 64-bit floats
	samples        []float64 // of the first channel
	loud           float64   // of the whole, in LUFS
	parts          []part
}

// part is what ffmpeg measures between two times.
type part struct{ loud, peak float64 } // LUFS; true peak in dBFS

// file is what ffmpeg is to decode: it measures the whole and each stretch of parts, in seconds.
type file struct {
	name  string
	b     []byte
	parts [][2]float64
}

// decodeAll decodes files in one run of ffmpeg, which MUST find no error in them.
func decodeAll(t *testing.T, files ...file) []decoded {
	t.Helper()
	dir := t.TempDir()
	args := []string{"-hide_banner", "-xerror", "-nostdin", "-y"}
	var graphs, sinks []string
	for i, f := range files {
		n := strconv.Itoa(i)
		args = append(args, "-i", mediatest.File(t, f.name, f.b))
		graph := "[" + n + ":a:0]asplit=" + strconv.Itoa(len(f.parts)+2) + "[out" + n + "][w" + n + "]"
		tail := ";[w" + n + "]ebur128@whole" + n + "=framelog=verbose[wo" + n + "]"
		sinks = append(sinks, "-map", "[out"+n+"]", "-c:a", "pcm_f64le", filepath.Join(dir, n+".wav"), "-map", "[wo"+n+"]", "-f", "null", "-")
		for k, p := range f.parts {
			m := n + "_" + strconv.Itoa(k)
			graph += "[p" + m + "]"
			tail += ";[p" + m + "]atrim=" + seconds(p[0]) + ":" + seconds(p[1]) + ",apad=pad_dur=0.01,ebur128@part" + m + "=framelog=verbose:peak=true[o" + m + "]"
			sinks = append(sinks, "-map", "[o"+m+"]", "-f", "null", "-")
		}
		graphs = append(graphs, graph+tail)
	}
	said := outputAll(t, "ffmpeg", append(append(args, "-filter_complex", strings.Join(graphs, ";")), sinks...)...)
	summary := func(of string) string { // the last one: ffmpeg may set up a graph twice
		at := regexp.MustCompile(`\[ebur128@`+of+` [^\]]*\] Summary:`).FindAllStringIndex(said, -1)
		if at == nil {
			t.Fatalf("ebur128 says nothing of %s:\n%s", of, said)
		}
		return said[at[len(at)-1][1]:]
	}
	var list []decoded
	for i, f := range files {
		n := strconv.Itoa(i)
		raw, err := os.ReadFile(filepath.Join(dir, n+".wav"))
		if err != nil {
			t.Fatal(err)
		}
		le := binary.LittleEndian
		d := decoded{rate: int(le.Uint32(raw[24:])), channels: int(le.Uint16(raw[22:]))}
		d.loud = number(t, summary("whole"+n), `I:\s+(-?[\d.]+|-inf) LUFS`)
		for k := range f.parts {
			text := summary("part" + n + "_" + strconv.Itoa(k))
			d.parts = append(d.parts, part{number(t, text, `I:\s+(-?[\d.]+|-inf) LUFS`), number(t, text, `Peak:\s+(-?[\d.]+|-inf) dBFS`)})
		}
		d.raw = raw[bytes.Index(raw, []byte("data"))+8:]
		for at := 0; at+8*d.channels <= len(d.raw); at += 8 * d.channels {
			d.samples = append(d.samples, math.Float64frombits(le.Uint64(d.raw[at:])))
		}
		list = append(list, d)
	}
	return list
}

func decode(t *testing.T, name string, b []byte, parts ...[2]float64) decoded {
	t.Helper()
	return decodeAll(t, file{name, b, parts})[0]
}

func seconds(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

func (d decoded) seconds() float64 { return float64(len(d.samples)) / float64(d.rate) }

func (d decoded) between(from, to float64) []float64 {
	a, b := int(from*float64(d.rate)), int(to*float64(d.rate))
	return d.samples[max(0, a):min(len(d.samples), b)]
}

// morse reads tones from an envelope: runs above and below half of the loudest, each measured against the shortest tone.
// It knows nothing of how the notice is made.
func morse(samples []float64, rate int) (text string, unit float64) {
	win := rate / 200 // 5 ms
	var env []float64
	for at := 0; at+win <= len(samples); at += win {
		sum := 0.0
		for _, v := range samples[at : at+win] {
			sum += v * v
		}
		env = append(env, math.Sqrt(sum/float64(win)))
	}
	top := 0.0
	for _, e := range env {
		top = max(top, e)
	}
	type run struct {
		on bool
		n  int
	}
	var runs []run
	for _, e := range env {
		on := e > top/2
		if len(runs) == 0 || runs[len(runs)-1].on != on {
			runs = append(runs, run{on, 0})
		}
		runs[len(runs)-1].n++
	}
	if len(runs) > 0 && !runs[0].on {
		runs = runs[1:]
	}
	short := math.MaxInt
	for _, r := range runs {
		if r.on {
			short = min(short, r.n)
		}
	}
	table := map[string]string{".-": "A", "..": "I"}
	letter := ""
	flush := func() {
		if letter != "" {
			if table[letter] == "" {
				text += "?" + letter + "?"
			}
			text += table[letter]
			letter = ""
		}
	}
	for i, r := range runs {
		units := float64(r.n) / float64(short)
		switch {
		case r.on && units < 2:
			letter += "."
		case r.on && units < 4:
			letter += "-"
		case r.on:
			letter += "#"
		case units > 2 && i < len(runs)-1:
			flush()
		}
	}
	flush()
	return text, float64(short*win) / float64(rate)
}

func number(t *testing.T, text, pattern string) float64 {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is not in\n%s", pattern, text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// heard checks what a person hears: the rhythm where it belongs, as loud as the programme, with no peak cut off, silence
// beside it, and the content as long as before.
func heard(t *testing.T, name string, before, after []byte, o notice.Options, r notice.Report) (was, is decoded) {
	t.Helper()
	const length = 3 // of the programme
	var parts [][2]float64
	// Coders delay by up to a tenth of a second, which is more than the length where nothing tells them how much.
	if o.Where != notice.End {
		parts = append(parts, [2]float64{0, r.Seconds + 0.2})
	}
	if o.Where == notice.End || o.Where == notice.Ends {
		parts = append(parts, [2]float64{length + r.Added - r.Seconds - 0.2, length + r.Added + 0.15})
	}
	both := decodeAll(t, file{"before-" + name, before, nil}, file{"after-" + name, after, parts})
	was, is = both[0], both[1]
	if is.rate != was.rate || is.channels != was.channels {
		t.Fatalf("%s: %d Hz, %d channels became %d Hz, %d channels", name, was.rate, was.channels, is.rate, is.channels)
	}
	within := 0.0005
	if strings.HasSuffix(name, ".m4a") {
		within = 1024 / float64(is.rate) // ffmpeg plays the last packet to its end, whatever the edit list says
	}
	if grown := is.seconds() - was.seconds(); math.Abs(grown-r.Added) > within {
		t.Errorf("%s: grew by %.4f s and the report says %.4f", name, grown, r.Added)
	}
	for i, p := range parts {
		if got, unit := morse(is.between(p[0], p[1]), is.rate); !o.Speech && (got != "AI" || unit < 0.09 || unit > 0.15) {
			t.Errorf("%s: %.1f s on, the rhythm reads %q with a unit of %.3f s", name, p[0], got, unit)
		}
		if got := is.parts[i]; math.Abs(got.loud-was.loud) > sound.Near || got.peak > sound.Ceiling+0.15 {
			t.Errorf("%s: %.1f s on, the notice has %.1f LUFS beside %.1f and a true peak of %.2f dBFS", name, p[0], got.loud, was.loud, got.peak)
		}
		from, to := p[1], p[0]+r.Seconds+sound.Pause
		if p[0] > 0 {
			from, to = p[1]-r.Seconds-sound.Pause, p[0]+0.15
		}
		if still, level := is.rms(from, to), was.rms(0, was.seconds()); to-from < 0.2 || still > 0.01*level {
			t.Errorf("%s: %.1f s on, the pause of %.2f s has a level of %.5f beside %.5f", name, p[0], to-from, still, level)
		}
	}
	return was, is
}

// rms is the level of all channels between two times.
func (d decoded) rms(from, to float64) float64 {
	frame := 8 * d.channels
	a, b := int(from*float64(d.rate))*frame, int(to*float64(d.rate))*frame
	sum, n := 0.0, 0
	for at := max(0, a); at+8 <= min(len(d.raw), b); at += 8 {
		v := math.Float64frombits(binary.LittleEndian.Uint64(d.raw[at:]))
		sum += v * v
		n++
	}
	return math.Sqrt(sum / float64(max(1, n)))
}

// again checks that the file has a notice and gets no second one.
func again(t *testing.T, name string, after []byte, f media.Format, o notice.Options) {
	t.Helper()
	second, report := put(t, name, after, f, o)
	if n := len(report.Findings); !bytes.Equal(second, after) || n == 0 || report.Findings[n-1].Code != notice.CodeThere || report.Added != 0 {
		t.Errorf("%s: a second notice: %+v", name, report)
	}
}
