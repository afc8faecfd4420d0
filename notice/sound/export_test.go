package sound

import (
	"bytes"
	"context"
	"fmt"

	"github.com/colophon-project/colophon/internal/media"
)

// Fuzz targets reach what Put does between two runs of ffmpeg through these.

func apply(e *media.Edit, src media.Source) error {
	var out bytes.Buffer
	if err := e.Apply(&out, src); err != nil {
		return err
	}
	if int64(out.Len()) != e.Size() {
		return fmt.Errorf("Edit.Size = %d, wrote %d", e.Size(), out.Len())
	}
	return nil
}

// SpliceMP3 puts a file's own frames before and after it.
func SpliceMP3(ctx context.Context, b []byte) (broken, refused error) {
	m, err := readMP3(ctx, media.Memory(b))
	if err != nil {
		return nil, err
	}
	piece := &mp3Piece{mp3: m, bytes: b[m.first:m.after]}
	p := &mp3Plan{mp3: m, head: piece, tail: piece}
	e, err := p.edit(&work{})
	if err != nil {
		return nil, err
	}
	m.bitRate()
	return apply(e, media.Memory(b)), nil
}

// SpliceM4A puts two packets before and after those of a file.
func SpliceM4A(b []byte) (broken, refused error) {
	m, err := readMovie(media.Memory(b))
	if err != nil {
		return nil, err
	}
	t := m.soundTrack()
	s := newSplice(m, t)
	if s == nil {
		return nil, nil
	}
	configuration(t)
	packets := [][]byte{{1, 2, 3}, {4, 5}}
	s.head, s.tail = packets, packets
	e, err := s.edit()
	if err != nil {
		return nil, err
	}
	return apply(e, media.Memory(b)), nil
}

// SpliceOgg puts a file's own pages before and after it.
func SpliceOgg(ctx context.Context, b []byte) (broken, refused error) {
	o, err := readOgg(ctx, media.Memory(b))
	if err != nil {
		return nil, err
	}
	p := &oggPlan{ogg: o, rate: opusRate, before: o, behind: o}
	lay(o.serial, o.headers...)
	e, err := p.edit(&work{})
	if err != nil {
		return nil, err
	}
	return apply(e, media.Memory(b)), nil
}

// TruePeak is the highest true peak of samples, as a magnitude.
func TruePeak(x []float64) float64 {
	highest := 0.0
	for _, p := range truePeaks(x) {
		highest = max(highest, p)
	}
	return highest
}

// LoudnessOf measures interleaved samples.
func LoudnessOf(x []float64, rate, channels int) float64 {
	m := newMeter(shape{rate: rate, channels: channels})
	m.add(x)
	return m.loudness()
}
