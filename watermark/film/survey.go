package film

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/jpeg"
	"math"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/watermark/picture"
)

const (
	places  = 5   // of a film that are looked at before it is marked
	near    = 4   // frames at each
	louder  = 1.0 // dB, from one try to the next
	quality = 50  // of JPEG, at half the size, after which the mark has to be found
)

// notMarkable says that a film bears no mark that would be found again.
func notMarkable(psnr float64) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: picture.CodeNotMarkable, Args: colophon.Args{"psnr": strconv.FormatFloat(psnr, 'f', 1, 64)}}
}

// sample is a frame of the canonical size, and when it is shown.
type sample struct {
	seconds float64
	luma    []byte
}

// survey returns the strength at which a film's mark is found again, in dB: in most places, each for itself, or at the
// weakest strength that is allowed in all of them together.
func (f *opened) survey(ctx context.Context, payload []byte, at offset, psnr, weakest float64) (float64, error) {
	var all [][]sample
	for i := range places {
		from := f.seconds * (float64(i) + 0.5) / places
		var list []sample
		err := f.luma(ctx, from, near/perSecond, perSecond, near, func(n int, y *picture.Plane) error {
			b := make([]byte, len(y.Pix))
			for i, v := range y.Pix {
				b[i] = byte(v)
			}
			list = append(list, sample{from + float64(n)/perSecond, b})
			return nil
		})
		if err != nil {
			return 0, err
		}
		if len(list) > 0 {
			all = append(all, list)
		}
	}
	if len(all) == 0 {
		return 0, notMarkable(psnr)
	}
	for first := true; ; psnr = max(psnr-louder, weakest) {
		most, joint, err := f.holds(ctx, all, payload, at, psnr)
		if err != nil || most {
			return psnr, err
		}
		if psnr <= weakest {
			if joint {
				return psnr, nil
			}
			return 0, notMarkable(weakest)
		}
		if first { // a film that bears nothing is not tried at each strength
			if most, joint, err := f.holds(ctx, all, payload, at, weakest); err != nil || !most && !joint {
				return 0, cmp.Or(err, notMarkable(weakest))
			}
			first = false
		}
	}
}

// holds reports whether the mark is found in most of the places, each for itself, and whether it is in all of them together.
func (f *opened) holds(ctx context.Context, all [][]sample, payload []byte, at offset, psnr float64) (most, joint bool, err error) {
	found := 0
	var spectra []picture.Spectrum
	var phases []picture.Phase
	for _, list := range all {
		if ctx.Err() != nil {
			return false, false, context.Cause(ctx)
		}
		s, p := f.attacked(list, payload, at, psnr)
		if bytes.Equal(f.pictures.Join(s, [][]picture.Phase{p}, nil).Payload, payload) {
			found++
		}
		spectra, phases = append(spectra, s...), append(phases, p...)
	}
	most = 5*found >= 3*len(all)
	joint = most || bytes.Equal(f.pictures.Join(spectra, [][]picture.Phase{phases}, nil).Payload, payload)
	return most, joint, nil
}

// attacked marks samples, spoils them a little, and takes their spectra.
func (f *opened) attacked(list []sample, payload []byte, at offset, psnr float64) (spectra []picture.Spectrum, phases []picture.Phase) {
	s := f.stamper(payload, at, f.cw, f.ch, f.cw, f.ch, 8, psnr)
	for _, one := range list {
		b := bytes.Clone(one.luma)
		s.add(b, one.seconds)
		y := picture.NewPlane(f.cw, f.ch)
		for i, v := range b {
			y.Pix[i] = float32(v)
		}
		y = compressed(y.Resize(max(1, f.cw/2), max(1, f.ch/2))).Resize(f.cw, f.ch)
		spectra = append(spectra, f.pictures.Fold(f.pictures.Residual(y), nil))
		phases = append(phases, f.at(at, one.seconds))
	}
	return spectra, phases
}

// compressed is a plane after JPEG.
func compressed(p *picture.Plane) *picture.Plane {
	g := image.NewGray(image.Rect(0, 0, p.W, p.H))
	for i, v := range p.Pix {
		g.Pix[i] = uint8(min(max(math.Round(float64(v)), 0), 255))
	}
	var b bytes.Buffer
	o := picture.NewPlane(p.W, p.H)
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		return o // a picture without anything, in which nothing is found
	}
	decoded, err := jpeg.Decode(&b)
	if g, ok := decoded.(*image.Gray); ok && err == nil {
		for i := range o.Pix {
			o.Pix[i] = float32(g.Pix[i/o.W*g.Stride+i%o.W])
		}
	}
	return o
}
