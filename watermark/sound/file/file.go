// Package file marks files of sound, and reads the marks of files: package sound between a decoder and an encoder.
//
// WAV and RF64 are read and written here, sample by sample, and every other byte of theirs stays. Other formats go through ffmpeg:
// decoded, marked, and encoded again with the same codec, rate, channels and rate of bits. What such a file says about its content is
// kept: the tags before and after the frames of MP3 and ADTS, the metadata blocks of FLAC and the movie's user data of M4A byte for
// byte, the comments of Ogg by ffmpeg.
//
// A marked file is read again before it is handed out, as it was encoded. Where its mark is not found it is not markable
// (watermark.CodeNotMarkable): silence, a few notes, less than about four seconds.
//
//   - wave.go is WAV and RF64, pcm.go their samples.
//   - coded.go is the way through ffmpeg, tags.go what it does not carry over.
//
// A mark belongs into a file before its label and its signed manifest: a manifest that is there is not signed for the new samples.
// What not to do here: no films, whose sound tracks are package film's; no files that the caller names.
package file

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/sound"
)

// Options of a mark.
type Options struct {
	SNR      float64                   // how far the mark stays below the sound, in dB; 0 means sound.DefaultSNR
	Progress func(done, total float64) // seconds of sound, told now and then; total is 0 where it is not known
}

// Report tells of a mark that was written.
type Report struct {
	SNR   float64 // how far the mark stays below the sound, in dB, before the file was encoded
	NMR   float64 // how far it stands above what the sound masks, in dB: below 0 it is masked
	Score float64 // how far the pattern stands above chance in the written file, in deviations
	Share float64 // of the written file's stretches of a minute in which the mark is found
}

// Source is a written file. The caller MUST close it.
type Source interface {
	media.Source
	io.Closer
}

// inMemory is the largest file that is written without a scratch folder.
const inMemory = 64 << 20

// Mark writes the file src, which has the format f, with the mark of a payload of 8 or 16 bytes. tools may be nil for WAV and RF64 of
// up to 64 MiB; without them other files return ffmpeg.CodeMissing. A file that would not be read again has watermark.CodeNotMarkable.
func Mark(ctx context.Context, tools *ffmpeg.Tools, src media.Source, f media.Format, key watermark.Key, payload []byte, o Options) (Source, Report, error) {
	if o.SNR == 0 {
		o.SNR = sound.DefaultSNR
	}
	if o.Progress == nil {
		o.Progress = func(float64, float64) {}
	}
	w := &work{tools: tools, src: src, format: f, key: key, payload: payload, options: o}
	var err error
	var made Source
	switch f {
	case media.WAV, media.RF64:
		made, err = w.wave(ctx)
	case media.MP3, media.M4A, media.Opus, media.Vorbis, media.AAC, media.FLAC:
		made, err = w.coded(ctx)
	default:
		err = noSound()
	}
	if err != nil {
		return nil, Report{}, err
	}
	found, share, err := detect(ctx, tools, made, f, key, len(payload), false)
	if err == nil && !bytes.Equal(found.Payload, payload) {
		err = &colophon.Error{Kind: colophon.Unsupported, Code: watermark.CodeNotMarkable, Args: colophon.Args{"ratio": strconv.FormatFloat(o.SNR, 'f', 1, 64)}}
	}
	if err != nil {
		made.Close()
		return nil, Report{}, err
	}
	return made, Report{SNR: w.distance.SNR, NMR: w.distance.NMR, Score: found.Score, Share: share}, nil
}

// Detect looks for a mark in the file src. size is the length of payloads, 8 or 16 bytes, or 0 for either. A wide search tries other
// speeds and pitches as well. Where there is no mark, the payload is nil. tools may be nil for WAV and RF64.
func Detect(ctx context.Context, tools *ffmpeg.Tools, src media.Source, f media.Format, key watermark.Key, size int, wide bool) (sound.Found, error) {
	found, _, err := detect(ctx, tools, src, f, key, size, wide)
	return found, err
}

func detect(ctx context.Context, tools *ffmpeg.Tools, src media.Source, f media.Format, key watermark.Key, size int, wide bool) (sound.Found, float64, error) {
	search := sound.Search{Wide: wide}
	if size != 0 {
		search.Lengths = []int{size}
	}
	var r *sound.Reader
	var err error
	switch f {
	case media.WAV, media.RF64:
		r, err = readWAV(ctx, src, key, search)
	case media.MP3, media.M4A, media.Opus, media.Vorbis, media.AAC, media.FLAC:
		r, err = readCoded(ctx, tools, src, f, key, search)
	default:
		err = noSound()
	}
	if err != nil {
		return sound.Found{}, 0, err
	}
	found, share := most(r)
	return found, share, nil
}

// most is the payload that is found most often, where it is found best, and in what share of the looks.
func most(r *sound.Reader) (best sound.Found, share float64) {
	counts, most := map[string]int{}, 0
	list := r.Close()
	for _, f := range list {
		counts[string(f.Payload)]++
		most = max(most, counts[string(f.Payload)])
	}
	for _, f := range list {
		if counts[string(f.Payload)] == most && (best.Payload == nil || f.Score > best.Score && bytes.Equal(f.Payload, best.Payload)) {
			best = f
		}
	}
	if best.Payload == nil {
		return best, 0
	}
	return best, float64(most) / float64(r.Looks())
}

func noSound() error {
	return media.Unsupported("sound", -1, "a format of sound that marks are put into")
}

// work is one mark on its way.
type work struct {
	tools    *ffmpeg.Tools
	src      media.Source
	format   media.Format
	key      watermark.Key
	payload  []byte
	options  Options
	distance sound.Distance
}

// embedder is a new one for sound of that kind.
func (w *work) embedder(rate, channels int) (*sound.Embedder, error) {
	return sound.NewEmbedder(w.key, w.payload, rate, channels, w.options.SNR)
}

// write makes the file that an edit plans.
func (w *work) write(edit *media.Edit) (Source, error) {
	if w.tools == nil && edit.Size() <= inMemory {
		var b bytes.Buffer
		if err := edit.Apply(&b, w.src); err != nil {
			return nil, err
		}
		return memory{media.Memory(b.Bytes())}, nil
	}
	scratch, err := w.tools.Scratch()
	if err != nil {
		return nil, err
	}
	defer scratch.Close()
	if _, err := scratch.Apply("marked", edit, w.src); err != nil {
		return nil, err
	}
	return take(scratch, "marked")
}

// take takes a file out of a scratch folder.
func take(scratch *ffmpeg.Scratch, name string) (Source, error) {
	s, err := scratch.Take(name)
	if err != nil {
		return nil, err
	}
	if c, ok := s.(Source); ok {
		return c, nil
	}
	return held{s}, nil
}

// memory is a file that needs no closing.
type memory struct{ media.Memory }

// Close does nothing.
func (memory) Close() error { return nil }

// held is a file that is closed when nothing holds it.
type held struct{ media.Source }

// Close does nothing.
func (held) Close() error { return nil }
