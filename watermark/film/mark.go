package film

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/picture"
)

// Mark marks a film. It is as strong as the options say, or stronger where it would not be found again; where even the strongest
// mark would not, the error has picture.CodeNotMarkable. The context bounds the time that it takes.
func (m *Marker) Mark(ctx context.Context, src media.Source, payload []byte, o Options) (*Result, error) {
	if len(payload) != m.pictures.Size() {
		return nil, ErrPayload
	}
	at, err := drawn(o.Random)
	if err != nil {
		return nil, err
	}
	if o.PSNR == 0 {
		o.PSNR = picture.Usual
	}
	if o.Weakest == 0 {
		o.Weakest = picture.Weakest
	}
	var res *Result
	err = m.scratched(ctx, src, func(f *opened) (err error) {
		res, err = f.mark(ctx, payload, at, o)
		return err
	})
	return res, err
}

// mark makes the new film and reads it. Where the encoder left too little of the mark, it is made once more, stronger and at a
// higher rate.
func (f *opened) mark(ctx context.Context, payload []byte, at offset, o Options) (*Result, error) {
	if muxers[o.Format] == "" {
		return nil, media.Unsupported("video", 0, "coded as "+printable(string(o.Format)))
	}
	if f.form.name == "" {
		return nil, media.Unsupported("video", 0, "pictures of the form "+printable(f.video.PixelFormat))
	}
	if !encodes(f.video.Codec) {
		return nil, media.Unsupported("video", 0, "coded as "+printable(f.video.Codec))
	}
	if min(f.w, f.h) < minEdge {
		return nil, notMarkable(o.PSNR)
	}
	psnr, err := f.survey(ctx, payload, at, o.PSNR, o.Weakest)
	if err != nil {
		return nil, err
	}
	times, err := f.times(ctx)
	if err != nil {
		return nil, err
	}
	for _, free := range []bool{false, true} {
		s := f.stamper(payload, at, f.w, f.h, f.cw, f.ch, f.form.depth, psnr)
		if err := f.encode(ctx, s, times, o, free); err != nil {
			return nil, err
		}
		made, err := f.open(ctx, f.scratch, f.scratch.Path("out"))
		if err != nil {
			return nil, err
		}
		found, err := made.look(ctx, Search{})
		if err != nil {
			return nil, err
		}
		if bytes.Equal(found.Payload, payload) {
			out, err := f.scratch.Take("out")
			if err != nil {
				return nil, err
			}
			return &Result{Source: out, Report: Report{PSNR: s.reached(), Score: found.Score, Frames: s.count, Seconds: f.seconds}}, nil
		}
		psnr = max(psnr-2, o.Weakest)
	}
	return nil, notMarkable(psnr)
}

// encode decodes the film, marks each frame and encodes it again.
func (f *opened) encode(ctx context.Context, s *stamper, times []int64, o Options, free bool) error {
	r, w := io.Pipe()
	encoded := make(chan error, 1)
	go func() {
		args, encoder := f.encodeArgs(times, o.Format, free)
		err := f.encodeWith(ctx, args, encoder, r)
		r.CloseWithError(errEnded) // whoever still writes is told
		encoded <- err
	}()
	err := f.decode(ctx, w, s, times, o.Progress)
	w.CloseWithError(err)
	if failed := <-encoded; err == nil || failed != nil && errors.Is(err, errEnded) {
		return failed
	}
	return err
}

// errEnded is what a decoder is told whose encoder has ended before it.
var errEnded = errors.New("the encoder has ended")

// decode gives marked frames to an encoder.
func (f *opened) decode(ctx context.Context, to io.Writer, s *stamper, times []int64, progress func(done, total float64)) error {
	m := matroska{w: to}
	if err := m.begin(f.w, f.h, f.form.fourCC, f.rate()); err != nil {
		return err
	}
	luma := f.w * f.h * ((f.form.depth + 7) / 8)
	size := f.sizeOf()
	out := newFrames(size, func(n int, frame []byte) error {
		if n >= len(times) {
			return unlike()
		}
		at := times[n] - times[0]
		s.add(frame[:luma], max(0, float64(at)/1e6))
		if progress != nil {
			total := float64(times[len(times)-1]-times[0])/1e6 + 1/f.rate()
			progress(float64(at)/1e6+1/f.rate(), total)
		}
		return m.frame(at, frame)
	})
	err := f.tools.Run(ctx, f.decodeArgs(), nil, out, nil)
	if err == nil && out.count != len(times) {
		err = unlike()
	}
	return err
}

// unlike says that a film gave other frames when it was decoded a second time.
func unlike() error {
	return media.Malformed("video", 0, "a frame that can be decoded")
}
