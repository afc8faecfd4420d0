// Package file puts the marks of package picture into files, and finds them there.
//
// A file is edited, not written anew: metadata, colour profiles, thumbnails and orientation stay byte for byte, samples of
// 16 bits stay samples of 16 bits, alpha stays as it is, and pixels that are wholly clear keep even their colour. Only the
// luminance changes: red, green and blue by the same amount.
//
//   - jpeg.go never decodes to pixels: the mark is transformed into the blocks' own frequencies and added to their
//     coefficients. Where those are coarse, only those move that come nearest to their next step, as many as the wanted
//     distance allows, so that a mark does not vanish in rounding. Tables, chroma and the kind of coding stay.
//   - sheet.go is a picture of pixels, line by line.
//   - png.go, tiff.go and webp.go lead from files to sheets and back. Lossy WebP is encoded anew at its own strength.
//
// What was written is read again, under a light attack, before anybody gets it; where that fails the mark is made stronger,
// and where the strongest fails the picture is not markable (picture.CodeNotMarkable).
//
// What is not done: animations, GIF (its few colours would show the mark), AVIF and HEIC, drawings (SVG), JPEG of four inks
// and of stored red, green and blue, BigTIFF and camera raws: CodeFormat, or what their readers say.
//
// What not to do here: no codec whose own file can be edited; never return what was not read back.
package file

import (
	"bytes"
	"context"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/picture"
)

// CodeFormat says that files of a format get no mark, and are not looked at for one.
const CodeFormat colophon.Code = "watermark-format" // arg "format"

// Mark plans the file with the mark of a payload.
func Mark(ctx context.Context, m *picture.Marker, src media.Source, f media.Format, payload []byte, o picture.Options) (*watermark.Marked, error) {
	draft, err := drafted(src, f)
	if err != nil {
		return nil, err
	}
	light, err := draft.light()
	if err != nil {
		return nil, err
	}
	marks := make([]*picture.Mark, len(light))
	for i, y := range light {
		if marks[i], err = m.Mark(y, payload, o); err != nil && (i == largest(light) || !unmarkable(err)) {
			return nil, err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		edit, psnr, err := draft.with(marks)
		if err != nil {
			return nil, err
		}
		written := bytes.NewBuffer(make([]byte, 0, edit.Size()))
		if err := edit.Apply(written, src); err != nil {
			return nil, err
		}
		again, err := drafted(media.Memory(written.Bytes()), f)
		if err != nil {
			return nil, err
		}
		after, err := again.light()
		if err != nil {
			return nil, err
		}
		done, score := true, 0.0
		for i, k := range marks {
			if k == nil {
				continue
			}
			held, ok := m.Holds(after[i], payload)
			if i == largest(light) {
				score = held
			}
			if ok {
				continue
			}
			done = false
			if marks[i], err = m.Louder(light[i], payload, o, k); err != nil && (i == largest(light) || !unmarkable(err)) {
				return nil, err
			}
		}
		if done {
			return &watermark.Marked{Edit: edit, Source: src, Strength: psnr, Score: score}, nil
		}
		if draft, err = drafted(src, f); err != nil {
			return nil, err
		}
	}
}

// Detect looks for a mark of a key in a file. What search does is told at picture.Marker.
func Detect(ctx context.Context, m *picture.Marker, src media.Source, f media.Format, search bool) (watermark.Found, error) {
	draft, err := drafted(src, f)
	if err != nil {
		return watermark.Found{}, err
	}
	light, err := draft.light()
	if err != nil {
		return watermark.Found{}, err
	}
	best := watermark.Found{}
	for _, y := range light {
		if err := ctx.Err(); err != nil {
			return watermark.Found{}, err
		}
		found := m.Detect(y, search)
		if found.Payload != nil || found.Score > best.Score {
			best = watermark.Found{Payload: found.Payload, Score: found.Score,
				Picture: &watermark.Lie{Scale: found.Scale, Angle: found.Angle, Mirror: found.Mirror}}
		}
		if found.Payload != nil {
			break
		}
	}
	return best, nil
}

// draft is a file whose pictures can be looked at, and marked once.
type draft interface {
	// light is the luminance of each picture, at the size at which marks are read.
	light() ([]*picture.Plane, error)
	// with plans the file with the marks, of which some may be nil, and returns the distance of the largest picture.
	with([]*picture.Mark) (*media.Edit, float64, error)
}

func drafted(src media.Source, f media.Format) (draft, error) {
	switch f {
	case media.JPEG:
		return openJPEG(src)
	case media.PNG:
		return openPNG(src)
	case media.TIFF:
		return openTIFF(src)
	case media.WebP:
		return openWebP(src)
	}
	return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeFormat, Args: colophon.Args{"format": string(f)}}
}

func unmarkable(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == picture.CodeNotMarkable
}

// largest is the first of the largest planes: the page that counts.
func largest(list []*picture.Plane) int {
	top := 0
	for i, p := range list {
		if p.Full > list[top].Full {
			top = i
		}
	}
	return top
}
