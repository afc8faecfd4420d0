package app

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/film"
	"github.com/colophon-project/colophon/notice/plate"
	"github.com/colophon-project/colophon/stamp"
)

// CodeFontUnusable is a refusal; arg "file"; the cause says why.
const CodeFontUnusable colophon.Code = "font-unusable"

// CodeInterrupted is told of files that were not finished when the person stopped the program; arg "file".
const CodeInterrupted colophon.Code = "interrupted"

// maxFont is the largest font that is read, in bytes. Collections of Chinese fonts have up to 100 MB.
const maxFont = 128 << 20

// NewPress returns a press for the command line, where notices may be left out and ffmpeg may be missing.
func NewPress(c Config) *stamp.Press {
	tools, err := ffmpeg.Find(c.FFmpeg)
	if err != nil {
		tools = nil // said where it is needed
	}
	return &stamp.Press{Tools: tools, Unmarked: true}
}

// ReadFont reads a font file into the options, and refuses one that can't draw their words.
func ReadFont(path string, o *notice.Options) error {
	data, err := readFont(path)
	if err != nil {
		return err
	}
	o.Font = data
	if _, err = plate.Render(*o, 640, 480, plate.Dark); err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFontUnusable, Args: colophon.Args{"file": path}, Err: err}
	}
	return nil
}

func readFont(path string) ([]byte, error) {
	src, err := durable.Open(path)
	if err != nil {
		return nil, durable.Fault(path, err)
	}
	defer src.Close()
	if src.Size() > maxFont {
		return nil, durable.Fault(path, media.TooLarge("font", 0, maxFont))
	}
	data, err := media.Bytes(src, "font", 0, src.Size())
	return data, durable.Fault(path, err)
}

// Estimated is what the notice of one file would cost.
type Estimated struct {
	Input  Input
	Format label.Format
	Video  bool // Cost is known for video alone; everything else takes no encoding of more than the notice
	Cost   film.Cost
	Err    error
}

// Estimate tells what the notices of files would cost, in order. It writes nothing.
func (l *Labelling) Estimate(ctx context.Context, inputs []Input) []Estimated {
	list := make([]Estimated, len(inputs))
	ordered(len(inputs), l.Jobs, func(i int) Estimated {
		e := Estimated{Input: inputs[i], Err: inputs[i].Err}
		if e.Err != nil {
			return e
		}
		src, err := durable.Open(e.Input.Path)
		if err != nil {
			e.Err = durable.Fault(e.Input.Path, err)
			return e
		}
		defer src.Close()
		e.Format, e.Cost, e.Video, err = l.Press.Estimate(ctx, src, l.Request, e.Input.Path)
		e.Err = fault(e.Input.Path, err)
		return e
	}, func(i int, e Estimated) { list[i] = e })
	return list
}
