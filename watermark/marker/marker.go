// Package marker marks whatever can be marked, and finds the marks of one deployment: it knows which kind of content goes to
// which of the packages picture/file, sound/file and film, and tries the keys of before where that of today finds nothing.
//
// What not to do here: no marks of its own, and no meaning of what a mark says.
package marker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/film"
	"github.com/colophon-project/colophon/watermark/picture"
	picturefile "github.com/colophon-project/colophon/watermark/picture/file"
	soundfile "github.com/colophon-project/colophon/watermark/sound/file"
)

// size is the length of the payloads, in bytes.
const size = 8

// Set marks with the first of its keys and finds the marks of all. It is safe for use by many goroutines.
type Set struct {
	keys   []watermark.Key
	tools  *ffmpeg.Tools
	random io.Reader
	made   []func() (*picture.Marker, error)
}

// New returns the set of some keys, the newest first; there MUST be one. Without tools there are no marks in sound and video.
func New(keys []watermark.Key, tools *ffmpeg.Tools, random io.Reader) *Set {
	s := &Set{keys: keys, tools: tools, random: random}
	for _, k := range keys { // what is drawn from a key takes a while
		s.made = append(s.made, sync.OnceValues(func() (*picture.Marker, error) { return picture.New(k, size) }))
	}
	return s
}

// Payload is what the mark of content with a number says.
func (s *Set) Payload(number string) []byte { return watermark.Payload(s.keys[0], number) }

// unmarked is the error about content of a kind that bears no marks.
func unmarked(f media.Format) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: picturefile.CodeFormat, Args: colophon.Args{"format": string(f)}}
}

// Mark makes a file with a mark. An error of kind Unsupported says that such content bears none.
func (s *Set) Mark(ctx context.Context, src media.Source, f media.Format, payload []byte, progress func(done, total float64)) (*watermark.Marked, error) {
	facts, _ := media.Facts(f)
	switch facts.Modality {
	case media.ModalityImage:
		m, err := s.made[0]()
		if err != nil {
			return nil, err
		}
		o := picture.Options{}
		if err := binary.Read(s.random, binary.BigEndian, &o.Random); err != nil {
			return nil, err
		}
		return picturefile.Mark(ctx, m, src, f, payload, o)
	case media.ModalityAudio:
		return s.sound(ctx, src, f, payload, progress)
	case media.ModalityVideo:
		m, err := film.New(s.tools, s.keys[0], size)
		if err != nil {
			return nil, err
		}
		made, err := m.Mark(ctx, src, payload, film.Options{Format: f, Random: s.random, Progress: progress})
		if soundOnly(f, err) {
			if made, err := s.sound(ctx, src, media.M4A, payload, progress); err == nil {
				return made, nil
			}
		}
		if err != nil {
			return nil, err
		}
		return whole(made.Source, made.Report.PSNR, made.Report.Score), nil
	}
	return nil, unmarked(f)
}

// whole is a file that was written anew.
func whole(src media.Source, strength, score float64) *watermark.Marked {
	e := new(media.Edit)
	e.Keep(0, src.Size())
	return &watermark.Marked{Edit: e, Source: src, Strength: strength, Score: score}
}

// Find looks for a mark of each key. With wide it also finds those of content that was cut, turned, scaled or slowed down, which
// takes longer.
func (s *Set) Find(ctx context.Context, src media.Source, f media.Format, wide bool) (best watermark.Found, err error) {
	facts, _ := media.Facts(f)
	for i := range s.keys {
		var found watermark.Found
		switch facts.Modality {
		case media.ModalityImage:
			m, err := s.made[i]()
			if err != nil {
				return best, err
			}
			found, err = picturefile.Detect(ctx, m, src, f, wide)
			if err != nil {
				return best, err
			}
		case media.ModalityAudio:
			found, err = s.heard(ctx, src, f, s.keys[i], wide)
		case media.ModalityVideo:
			found, err = s.film(ctx, src, f, s.keys[i], wide)
		default:
			return best, unmarked(f)
		}
		if err != nil {
			return best, err
		}
		if found.Key = i; found.Payload != nil {
			return found, nil
		}
		if found.Score > best.Score {
			best = found
		}
	}
	return best, nil
}

func (s *Set) film(ctx context.Context, src media.Source, f media.Format, key watermark.Key, wide bool) (watermark.Found, error) {
	m, err := film.New(s.tools, key, size)
	if err != nil {
		return watermark.Found{}, err
	}
	r, err := m.Detect(ctx, src, film.Search{Cut: wide})
	if soundOnly(f, err) {
		if found, err := s.heard(ctx, src, media.M4A, key, wide); err == nil {
			return found, nil
		}
	}
	return watermark.Found{Payload: r.Payload, Score: r.Score, Picture: &watermark.Lie{Scale: r.Scale, Angle: r.Angle, Mirror: r.Mirror}}, err
}

func (s *Set) heard(ctx context.Context, src media.Source, f media.Format, key watermark.Key, wide bool) (watermark.Found, error) {
	r, err := soundfile.Detect(ctx, s.tools, src, f, key, size, wide)
	return watermark.Found{Payload: r.Payload, Score: r.Score, Sound: &watermark.Stretch{From: r.From, To: r.To, Tempo: r.Tempo, Pitch: r.Pitch}}, err
}

func (s *Set) sound(ctx context.Context, src media.Source, f media.Format, payload []byte, progress func(done, total float64)) (*watermark.Marked, error) {
	made, r, err := soundfile.Mark(ctx, s.tools, src, f, s.keys[0], payload, soundfile.Options{Progress: progress})
	if err != nil {
		return nil, err
	}
	return whole(made, r.SNR, r.Score), nil
}

// soundOnly reports that a file of a format for video may have sound alone.
func soundOnly(f media.Format, err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Unsupported && (f == media.MP4 || f == media.MOV)
}
