package film

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark/picture"
)

// opened is a film that ffmpeg has.
type opened struct {
	*Marker
	scratch *ffmpeg.Scratch
	in      string
	video   ffmpeg.Stream
	kept    []ffmpeg.Stream // other tracks
	seconds float64
	bytes   int64 // of the file
	w, h    int   // of upright frames
	cw, ch  int   // the canonical size of frames as they are shown
	form    form
}

// form is how samples lie in a frame.
type form struct {
	name   string
	fourCC string  // as Matroska names it
	parts  float64 // of all samples, over those of the luma
	depth  int     // bits
}

// forms are those that can be marked: the luma comes first, and nothing is transparent.
func forms(name string) (form, bool) {
	full := strings.HasPrefix(name, "yuvj")
	for _, f := range []form{
		{"yuv420p", "I420", 1.5, 8}, {"yuv422p", "Y42B", 2, 8}, {"yuv444p", "444P", 3, 8},
		{"yuv420p10le", "Y3\x0b\x0a", 1.5, 10}, {"yuv422p10le", "Y3\x0a\x0a", 2, 10}, {"yuv444p10le", "Y3\x00\x0a", 3, 10},
	} {
		if f.name == name || full && f.name == "yuv"+name[4:] {
			return f, true
		}
	}
	return form{}, false
}

// open asks what a film is.
func (m *Marker) open(ctx context.Context, scratch *ffmpeg.Scratch, in string) (*opened, error) {
	probe, err := m.tools.Probe(ctx, in)
	if err != nil {
		return nil, err
	}
	f := &opened{Marker: m, scratch: scratch, in: in, bytes: int64(probe.Format.Size)}
	var ok bool
	if f.video, ok = probe.First("video"); !ok || f.video.Width <= 0 || f.video.Height <= 0 {
		return nil, media.Unsupported("video", 0, "there are no frames")
	}
	v := f.video
	if v.Width > maxSide || v.Height > maxSide || v.Width*v.Height > maxArea {
		return nil, media.TooLarge("picture", 0, maxArea)
	}
	for _, s := range probe.Streams {
		if s.Type == "audio" || s.Type == "subtitle" || s.Type == "attachment" {
			f.kept = append(f.kept, s)
		}
		if s.Type == "video" && s.Index != v.Index && s.Disposition["attached_pic"] == 0 {
			return nil, media.Unsupported("video", 0, "more than one track of pictures")
		}
	}
	if f.seconds = float64(v.Duration); f.seconds <= 0 {
		f.seconds = float64(probe.Format.Duration)
	}
	f.w, f.h = v.Width, v.Height
	if f.onSide() {
		f.w, f.h = f.h, f.w
	}
	f.cw, f.ch = picture.Sized(f.shown())
	f.form, _ = forms(v.PixelFormat)
	return f, nil
}

// shown is the size at which frames are shown: their pixels need not be square.
func (f *opened) shown() (w, h int) {
	switch a := f.aspect(); {
	case a > 1:
		return int(math.Round(float64(f.w) * min(a, 16))), f.h
	case a < 1:
		return f.w, int(math.Round(float64(f.h) / max(a, 1.0/16)))
	}
	return f.w, f.h
}

// onSide reports whether frames are stored on their side. ffmpeg turns them upright.
func (f *opened) onSide() bool {
	r := int(math.Abs(f.video.Rotation())+0.5) % 180
	return r > 45 && r < 135
}

// aspect is how many times as wide as high the pixels of upright frames are.
func (f *opened) aspect() float64 {
	num, den, _ := strings.Cut(f.video.PixelAspect, ":")
	n, err := strconv.ParseFloat(num, 64)
	d, err2 := strconv.ParseFloat(den, 64)
	if err != nil || err2 != nil || n <= 0 || d <= 0 {
		return 1
	}
	if f.onSide() {
		return d / n
	}
	return n / d
}

// rate is the number of frames in a second.
func (f *opened) rate() float64 {
	for _, r := range []ffmpeg.Ratio{f.video.MeanRate, f.video.Rate} {
		if v := r.Float(); v > 0 && v <= 1000 {
			return v
		}
	}
	return 25
}

// frames cuts what it is given into frames.
type frames struct {
	buffer []byte
	held   int
	count  int
	each   func(n int, frame []byte) error
}

func newFrames(size int, each func(n int, frame []byte) error) *frames {
	return &frames{buffer: make([]byte, size), each: each}
}

// Write takes pieces of any size.
func (f *frames) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := copy(f.buffer[f.held:], rest)
		f.held, rest = f.held+n, rest[n:]
		if f.held == len(f.buffer) {
			f.held = 0
			if err := f.each(f.count, f.buffer); err != nil {
				return 0, err
			}
			f.count++
		}
	}
	return len(b), nil
}

// luma reads frames of the canonical size from a time on.
func (f *opened) luma(ctx context.Context, from, seconds, rate float64, most int, each func(n int, y *picture.Plane) error) error {
	if most <= 0 {
		return nil
	}
	filter := fmt.Sprintf("fps=%.4f,scale=%d:%d:flags=bicubic,format=gray", rate, f.cw, f.ch)
	if rate >= f.rate() {
		filter = fmt.Sprintf("scale=%d:%d:flags=bicubic,format=gray", f.cw, f.ch)
	}
	args := []string{"-max_pixels", strconv.Itoa(maxArea), "-ss", fmt.Sprintf("%.3f", from), "-t", fmt.Sprintf("%.3f", seconds), "-i", f.in, "-map", "0:" + strconv.Itoa(f.video.Index),
		"-vf", filter, "-frames:v", strconv.Itoa(most), "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"}
	return f.tools.Run(ctx, args, nil, newFrames(f.cw*f.ch, func(n int, b []byte) error {
		y := picture.NewPlane(f.cw, f.ch)
		for i, v := range b {
			y.Pix[i] = float32(v)
		}
		return each(n, y)
	}), nil)
}

// maxFrames is how many frames of a film are counted: 50 hours of 60 frames a second.
const maxFrames = 50 * 3600 * 60

// times are the microseconds at which frames are shown.
func (f *opened) times(ctx context.Context) ([]int64, error) {
	l := &stamps{}
	err := f.tools.Run(ctx, []string{"-copyts", "-max_pixels", strconv.Itoa(maxArea), "-i", f.in, "-map", "0:" + strconv.Itoa(f.video.Index), "-vf", "crop=2:2:0:0:exact=1,format=gray",
		"-fps_mode", "passthrough", "-enc_time_base", "1:1000000", "-c:v", "rawvideo", "-f", "framecrc", "pipe:1"}, nil, l, nil)
	if err == nil && len(l.times) == 0 {
		err = media.Unsupported("video", 0, "there are no frames")
	}
	return l.times, err
}

// stamps takes the lines of ffmpeg's framecrc: the third value is the time.
type stamps struct {
	line  []byte
	times []int64
}

// Write takes pieces of any size.
func (s *stamps) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		if len(s.line)+len(part) <= 4096 {
			s.line = append(s.line, part...)
		}
		rest = after
		if !whole {
			break
		}
		if fields := strings.Split(string(s.line), ","); len(fields) > 2 && s.line[0] != '#' {
			if t, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64); err == nil {
				s.times = append(s.times, t)
			}
		}
		s.line = s.line[:0]
		if len(s.times) > maxFrames {
			return 0, media.TooMany("frame", 0, maxFrames)
		}
	}
	return len(b), nil
}
