package film

import (
	"bytes"
	"context"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// Exchange exchanges the packets before the cut for others of a size, without coding anything, for tests of the containers.
func Exchange(f Film, size int) ([]byte, error) {
	p, err := survey(f)
	if err != nil || p.reason != "" {
		return nil, err
	}
	fresh := &coded{config: p.track.config}
	if p.track.codec == h264 || p.track.codec == h265 {
		s, err := parseSets(p.track.codec, p.track.config)
		if err != nil {
			return nil, err
		}
		s.used(nil)
		if fresh.config, err = s.bytes(); err != nil {
			return nil, err
		}
	}
	for range p.cut.frames {
		fresh.units = append(fresh.units, unit{data: make([]byte, size), key: true})
	}
	edit, err := p.track.exchange(f.Source, p.cut, fresh)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = edit.Apply(&b, f.Source)
	return b.Bytes(), err
}

// Survey reads a film's tables and tells how many frames it has, and why it can't be cut.
func Survey(b []byte, f media.Format) (frames int, reason string, err error) {
	p, err := survey(Film{Source: media.Memory(b), Format: f})
	if err != nil {
		return 0, "", err
	}
	if p.track != nil {
		frames = len(p.track.samples)
	}
	return frames, p.reason, nil
}

// Renumber is renumberHEVC with all sets numbered 15.
func Renumber(nal []byte) ([]byte, error) {
	return renumberHEVC(nal, hevcNumbers{15, 15, 15})
}

// InTime compares the times of a film's packets with those of another file, as after encoding anew.
func InTime(ctx context.Context, tools *ffmpeg.Tools, f media.Format, was, is string) error {
	j := &job{Film: Film{Tools: tools, Format: f}}
	probe, err := tools.Probe(ctx, was)
	if err != nil {
		return err
	}
	w := &wholeFilm{job: j, in: was}
	if err = w.choose(probe); err != nil {
		return err
	}
	if w.source, err = j.timings(ctx, was, nil); err != nil {
		return err
	}
	if w.start, err = j.begin(ctx, was, w.video.Index); err != nil {
		return err
	}
	made, err := j.timings(ctx, is, nil)
	if err != nil {
		return err
	}
	start, err := j.begin(ctx, is, 0)
	if err != nil {
		return err
	}
	return w.inTime(made, start)
}
