package sound_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/sound"
)

// wavOf makes a 16-bit WAV file of one channel.
func wavOf(rate int, samples []int16, more ...[]byte) []byte {
	le := binary.LittleEndian
	fmtChunk := le.AppendUint32([]byte("fmt "), 16)
	fmtChunk = le.AppendUint16(le.AppendUint16(fmtChunk, 1), 1)
	fmtChunk = le.AppendUint32(le.AppendUint32(fmtChunk, uint32(rate)), uint32(2*rate))
	fmtChunk = le.AppendUint16(le.AppendUint16(fmtChunk, 2), 16)
	data := le.AppendUint32([]byte("data"), uint32(2*len(samples)))
	for _, v := range samples {
		data = le.AppendUint16(data, uint16(v))
	}
	body := append([]byte("WAVE"), fmtChunk...)
	body = append(body, data...)
	for _, m := range more {
		body = append(body, m...)
	}
	return append(le.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// TestSpeechRate measures how long somebody speaks in the file that comes out: 120 to 160 characters a minute, which for
// six of them is 2.25 to 3 seconds (GB 45438-2025 5.3, note 4). The standard counts Chinese characters, each of which is one
// syllable, so English is counted by syllables: A-I gen-er-a-ted has six too. By letters it would be eleven in the same time.
func TestSpeechRate(t *testing.T) {
	t.Parallel()
	var files []file
	var reports []notice.Report
	for _, language := range []notice.Language{notice.Chinese, notice.English} {
		for _, rate := range []int{8000, 44100} {
			after, report := put(t, "s.wav", wavOf(rate, nil), media.WAV, notice.Options{Speech: true, Language: language})
			files, reports = append(files, file{string(language) + strconv.Itoa(rate) + ".wav", after, nil}), append(reports, report)
		}
	}
	for i, d := range decodeAll(t, files...) {
		first, last, top := math.MaxInt, 0, 0.0
		for _, v := range d.samples {
			top = max(top, math.Abs(v))
		}
		for i, v := range d.samples {
			if math.Abs(v) > top/40 {
				first, last = min(first, i), i
			}
		}
		spoken := float64(last-first) / float64(d.rate)
		if perMinute := 6 / spoken * 60; perMinute < notice.MinSpeech || perMinute > notice.MaxSpeech {
			t.Errorf("%s: %.2f s of speech is %.0f characters a minute", files[i].name, spoken, perMinute)
		}
		if report := reports[i]; math.Abs(report.Added-d.seconds()) > 0.001 || report.Seconds < spoken {
			t.Errorf("report %+v of %.3f s", report, d.seconds())
		}
	}
}

// TestLevels asks for speech beside a programme at the top of the scale, and beside a faint one.
func TestLevels(t *testing.T) {
	t.Parallel()
	for name, volume := range map[string]string{"loud.wav": "14dB", "faint.wav": "-15dB"} {
		before := mediatest.FFmpeg(t, name, "-filter_complex", programme+",volume="+volume+",alimiter=limit=0.9:level=false", "-ar", "48000", "-ac", "2")
		for _, speech := range []bool{true, false} {
			o := notice.Options{Speech: speech, Language: notice.Both, Where: notice.Ends}
			after, report := put(t, name, before, media.WAV, o)
			heard(t, name, before, after, o, report)
			if len(report.Findings) != 0 {
				t.Errorf("%s: %+v", name, report.Findings)
			}
		}
	}
}

func TestSilenceAndNothing(t *testing.T) {
	t.Parallel()
	flac := func(samples int) []byte {
		return mediatest.Output(t, "flac", "-s", "-c", mediatest.File(t, "n.wav", wavOf(44100, make([]int16, samples))))
	}
	var files []file
	var reports []notice.Report
	var names []string
	for name, c := range map[string]struct {
		b      []byte
		format media.Format
	}{
		"no samples":    {wavOf(16000, nil), media.WAV},
		"one sample":    {wavOf(16000, []int16{1}), media.WAV},
		"silence":       {wavOf(16000, make([]int16, 32000)), media.WAV},
		"one FLAC":      {flac(1), media.FLAC},
		"short FLAC":    {flac(700), media.FLAC},
		"silent FLAC":   {flac(50000), media.FLAC},
		"FLAC, no data": {flacHead(flac(1)), media.FLAC},
	} {
		after, report := put(t, name, c.b, c.format, notice.Options{Where: notice.Ends})
		files, reports = append(files, file{strconv.Itoa(len(files)) + map[media.Format]string{media.WAV: ".wav", media.FLAC: ".flac"}[c.format], after, [][2]float64{{0, 1.4}}}), append(reports, report)
		names = append(names, name)
		if c.format == media.FLAC {
			outputAll(t, "flac", "-t", "-s", mediatest.File(t, "x.flac", after))
		}
	}
	for i, d := range decodeAll(t, files...) {
		name, report := names[i], reports[i]
		if got, _ := morse(d.between(0, 1.5), d.rate); got != "AI" {
			t.Errorf("%s: %q at the start", name, got)
		}
		if got, _ := morse(d.between(d.seconds()-1.4, d.seconds()), d.rate); got != "AI" {
			t.Errorf("%s: %q at the end", name, got)
		}
		want := sound.Usual
		if len(report.Findings) > 0 && report.Findings[0].Code == sound.CodeLevel {
			want = sound.Quietest
		}
		if math.Abs(d.parts[0].loud-want) > 1 {
			t.Errorf("%s: %.1f LUFS, %+v", name, d.parts[0].loud, report.Findings)
		}
	}
}

// flacHead is a file's metadata without its frames.
func flacHead(b []byte) []byte {
	at := 4
	for last := false; !last; {
		last = b[at]&0x80 != 0
		at += 4 + int(b[at+1])<<16 + int(b[at+2])<<8 + int(b[at+3])
	}
	head := bytes.Clone(b[:at])
	copy(head[8+18:], make([]byte, 16))
	head[8+13] &= 0xF0
	copy(head[8+14:8+18], make([]byte, 4))
	return head
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	wav := wavOf(16000, make([]int16, 100))
	slow := wavOf(2000, make([]int16, 100))
	for name, c := range map[string]struct {
		b      []byte
		format media.Format
		o      notice.Options
		want   colophon.Code
	}{
		"picture":   {wav, media.PNG, notice.Options{}, notice.CodeKind},
		"amr":       {wav, media.AMR, notice.Options{}, notice.CodeKind},
		"matroska":  {wav, media.MKV, notice.Options{}, notice.CodeKind},
		"own words": {wav, media.WAV, notice.Options{Speech: true, Text: "本内容由AI生成"}, sound.CodeNoVoice},
		"bad words": {wav, media.WAV, notice.Options{Speech: true, Text: "AI播客"}, notice.CodeWords},
		"nowhere":   {wav, media.WAV, notice.Options{Where: "middle"}, media.CodeUnsupported},
		"cut":       {wav[:60], media.WAV, notice.Options{}, media.CodeTruncated},
		"rate":      {slow, media.WAV, notice.Options{}, media.CodeUnsupported},
		"empty":     {nil, media.WAV, notice.Options{}, media.CodeTruncated},
		"no flac":   {wav, media.FLAC, notice.Options{}, media.CodeMalformed},
		"no mp3":    {wav, media.MP3, notice.Options{}, media.CodeMalformed},
		"no opus":   {wav, media.Opus, notice.Options{}, media.CodeMalformed},
		"no vorbis": {bytes.Repeat([]byte("no sound "), 99), media.Vorbis, notice.Options{}, media.CodeMalformed},
	} {
		_, _, err := sound.Put(t.Context(), media.Memory(c.b), c.format, c.o, find(t))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, report, err := sound.Put(t.Context(), media.Memory(wav), media.WAV, notice.Options{Speech: true, Language: notice.English}, nil); err != nil ||
		report.Findings[0].Code != notice.CodeWordsEnglish {
		t.Errorf("English: %+v, %v", report, err)
	}
}

// TestChunksMove looks at the chunks of a WAV file that count samples, and at those that don't.
func TestChunksMove(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	made := func(id string, n int, words map[int]uint32) []byte {
		b := append(le.AppendUint32([]byte(id), uint32(n)), make([]byte, n+n&1)...)
		for at, v := range words {
			le.PutUint32(b[8+at:], v)
		}
		return b
	}
	cue := made("cue ", 28, map[int]uint32{0: 1, 4: 7, 8: 100, 12: 0x61746164, 24: 100})
	smpl := made("smpl", 60, map[int]uint32{28: 1, 44: 50, 48: 90})
	bext := made("bext", 602, map[int]uint32{338: 1_000_000})
	fact := made("fact", 4, map[int]uint32{0: 401})
	list := append(le.AppendUint32([]byte("LIST"), 18), "INFOINAM\x05\x00\x00\x00kept\x00\x00"...)
	other := append(le.AppendUint32([]byte("abcd"), 3), "odd\x00"...)
	before := wavOf(16000, make([]int16, 401), other, cue, smpl, bext, fact, list) // 802 bytes of data
	after, report := put(t, "c.wav", before, media.WAV, notice.Options{})
	shift := uint32(math.Round(report.Added * 16000))
	if shift < 16000 {
		t.Fatalf("report %+v", report)
	}
	for id, words := range map[string]map[int]uint32{
		"cue ": {4: 7, 8: 100 + shift, 24: 100 + shift}, "smpl": {44: 50 + shift, 48: 90 + shift},
		"bext": {338: 1_000_000 - shift, 342: 0}, "fact": {0: 401 + shift},
	} {
		at := bytes.Index(after, []byte(id))
		for off, want := range words {
			if got := le.Uint32(after[at+8+off:]); got != want {
				t.Errorf("%s has %d at %d, want %d", id, got, off, want)
			}
		}
	}
	if !bytes.Contains(after, other) || !bytes.Contains(after, list) || int(le.Uint32(after[4:])) != len(after)-8 {
		t.Errorf("RIFF size %d of %d", le.Uint32(after[4:]), len(after))
	}
	// At the end nothing moves.
	after, _ = put(t, "c.wav", before, media.WAV, notice.Options{Where: notice.End})
	if !bytes.Contains(after, cue) || !bytes.Contains(after, smpl) || !bytes.Contains(after, bext) {
		t.Error("a notice at the end moved what stands before it")
	}
}

// TestMeter holds the meter to BS.1770: a tone of 997 Hz at -20 dBFS in one channel is -23.0 LUFS; and to ffmpeg's.
func TestMeter(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 44100, 48000, 192000} {
		x := make([]float64, 2*rate)
		for i := range x {
			x[i] = 0.1 * math.Sin(2*math.Pi*997*float64(i)/float64(rate))
		}
		if got := sound.LoudnessOf(x, rate, 1); math.Abs(got+23.01) > 0.1 {
			t.Errorf("%d Hz: %.2f LUFS", rate, got)
		}
	}
	// A tone at a quarter of the rate, sampled at 45 degrees: the samples stand 3 dB below the curve.
	x := make([]float64, 400)
	for i := range x {
		x[i] = math.Sin(math.Pi/2*float64(i) + math.Pi/4)
	}
	if got := sound.TruePeak(x[100:300]); math.Abs(got-1) > 0.1 {
		t.Errorf("true peak %.3f", got)
	}
	before := make3(t, "m.wav", "-ar", "48000", "-ac", "2")
	d := decode(t, "m.wav", mediatest.FFmpeg(t, "mono.wav", "-i", mediatest.File(t, "m.wav", before), "-af", "pan=mono|c0=c0", "-c:a", "pcm_f32le"))
	want := decode(t, "m.wav", before).loud
	if got := sound.LoudnessOf(d.samples, 48000, 1) + 3.01; math.Abs(got-want) > 0.2 {
		t.Errorf("%.2f LUFS, ffmpeg says %.2f", got, want)
	}
}
