// Package sound puts the notice that a person hears on sound: a rhythm or a spoken sentence before the content begins,
// after it ends, or both (GB 45438-2025 5.3; Labelling Measures Art. 4 (2)).
//
// The rhythm is "short long, short short", which is Morse for AI, with the gap of a letter between A and I. Speech is a
// clip of the standard's own words at 120 to 160 characters a minute. Either is as loud as the programme, by ITU-R BS.1770,
// and its true peak stays below full scale; a limiter takes the peaks of speech where a loud programme asks for it. A short
// silence parts notice and content.
//
// The programme itself is not encoded again where that can be helped. PCM samples are copied; FLAC frames get new numbers
// and keep their coded samples; packets of MP3, AAC, Opus and, where the codebooks are found, Vorbis are copied between
// packets of the notice, which ffmpeg makes with the same parameters. Where that can't be done the whole is encoded anew
// and the report says so (notice.CodeEncodedAnew).
//
// A file without samples gets the notice alone. The package holds no clock and opens no files: ffmpeg's scratch folder
// does.
package sound

import (
	"context"
	"math"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// Codes of this package.
const (
	CodeNoVoice colophon.Code = "notice-no-voice" // arg "text": there is no recording of these words
	CodeLevel   colophon.Code = "notice-level"    // args "programme", "notice" in LUFS: the notice is not as loud as the content
	CodeSilent  colophon.Code = "notice-silent"   // the content has no measurable loudness; the notice has the usual one
)

// Limits of level.
const (
	// Ceiling is the highest true peak of a notice, in dBFS.
	Ceiling = -1.0
	// Usual is the loudness beside content that has none, in LUFS (EBU R 128).
	Usual = -23.0
	// Quietest is the least loudness of a notice, in LUFS: beside content that can hardly be heard the notice still is.
	Quietest = -36.0
	// Near is how far the notice's loudness may be from the programme's before the report says so, in LU.
	Near = 3.0
	// codedCeiling leaves room for what a lossy encoder adds to peaks, in dBFS.
	codedCeiling = -2.5
)

// Pause is the least silence between notice and content, in seconds.
const Pause = 0.5

// Bounds of what is made for a file whose header may say anything.
const (
	minRate     = 4000      // hertz: the lowest that carries the rhythm's tone
	maxRate     = 768_000   // hertz
	maxChannels = 256       // formats allow 65,535
	maxSamples  = 4_000_000 // a second, of all channels: 20 channels at 192 kHz
)

// Put plans the file f with a notice. A file that has one already is left as it is, with the finding notice.CodeThere; one
// that has it at one end and is to have it at both gets the other. tools may be nil for WAV, RF64 and FLAC; other formats need ffmpeg and return
// ffmpeg.CodeMissing without it. A format that is no sound has notice.CodeKind.
func Put(ctx context.Context, src media.Source, f media.Format, o notice.Options, tools *ffmpeg.Tools) (*media.Edit, notice.Report, error) {
	w, err := prepare(o)
	if err != nil {
		return nil, notice.Report{}, err
	}
	var put func(context.Context, *work, media.Source, *ffmpeg.Tools) (*media.Edit, error)
	switch f {
	case media.WAV, media.RF64:
		put = putWave
	case media.FLAC:
		put = putFLAC
	case media.MP3:
		put = putMP3
	case media.M4A:
		put = putM4A
	case media.Opus:
		put = putOpus
	case media.Vorbis:
		put = putVorbis
	case media.AAC:
		put = putADTS
	default:
		return nil, notice.Report{}, noSound(f)
	}
	edit, err := put(ctx, w, src, tools)
	if err != nil {
		return nil, notice.Report{}, err
	}
	return edit, w.report, nil
}

// noSound is the error for a format that no notice is put on here. Matroska and WebM are notice/film's, even where they
// hold sound alone.
func noSound(f media.Format) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeKind, Clauses: []colophon.Clause{colophon.ClauseGB5},
		Args: colophon.Args{"format": string(f)}}
}

// work is one notice on its way.
type work struct {
	options    notice.Options
	start, end bool
	report     notice.Report
}

func prepare(o notice.Options) (*work, error) {
	w := &work{options: o}
	switch o.Where {
	case notice.Start, "":
		w.start, w.report.Place = true, string(notice.Start)
	case notice.End:
		w.end, w.report.Place = true, string(notice.End)
	case notice.Ends:
		w.start, w.end, w.report.Place = true, true, string(notice.Ends)
	default:
		return nil, media.Unsupported("notice", -1, "the place "+string(o.Where)+" is not an end of a sound")
	}
	w.report.Method = "packets"
	if !o.Speech {
		w.report.Words = rhythmWords
		return w, nil
	}
	words, findings, err := o.Words()
	if err != nil {
		return nil, err
	}
	if len(clipsOf(words)) == 0 {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeNoVoice, Clauses: []colophon.Clause{colophon.ClauseGB5},
			Args: colophon.Args{"text": words}}
	}
	w.report.Words, w.report.Findings = words, findings
	return w, nil
}

// shape is how a programme's samples are laid out.
type shape struct {
	rate, channels int
	mask           uint32 // speakers, in the bits of WAVEFORMATEXTENSIBLE; zero means the usual ones
}

func (s shape) check(what string, off int64) error {
	switch {
	case s.channels < 1 || s.channels > maxChannels:
		return media.Unsupported(what, off, "between 1 and 256 channels")
	case s.rate < minRate || s.rate > maxRate:
		return media.Unsupported(what, off, "a sample rate between 4,000 and 768,000 Hz")
	case s.rate*s.channels > maxSamples:
		return media.Unsupported(what, off, "at most 4,000,000 samples a second in all channels")
	}
	return nil
}

// speakers is how many channels the notice sounds in: the first two, which are the front ones in every layout here.
func (s shape) speakers() int { return min(s.channels, 2) }

// render makes the notice for a programme of that loudness: one channel of samples between -1 and 1, to be put on
// speakers() channels. It notes in the report how long it is and what the ear will meet.
func (w *work) render(s shape, programme, ceiling float64) []float64 {
	var mono []float64
	if w.options.Speech {
		mono = speak(w.report.Words, s.rate)
	} else {
		mono = rhythm(s.rate)
	}
	target := programme
	if math.IsInf(target, -1) || math.IsNaN(target) {
		target = Usual
		w.find(CodeSilent, colophon.Note)
	}
	target = max(target, Quietest)
	got := match(mono, s, target, ceiling)
	if d := got - programme; !math.IsInf(programme, -1) && (d > Near || d < -Near) {
		w.find(CodeLevel, colophon.Note, "programme", decimal(programme), "notice", decimal(got))
	}
	w.report.Seconds = float64(len(mono)) / float64(s.rate)
	return mono
}

// find adds a finding. Args alternate names and values.
func (w *work) find(code colophon.Code, level colophon.Level, args ...string) {
	f := colophon.Finding{Code: code, Level: level, Clause: colophon.ClauseGB5, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	w.report.Findings = append(w.report.Findings, f)
}

// pause is Pause in samples.
func (s shape) pause() int { return int(Pause * float64(s.rate)) }
