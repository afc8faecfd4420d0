package sight

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/phash"
)

// Which frames are taken of a video: one each second, and one of each new scene. Of several scenes within a fifth of a
// second the first is. In a hurry, one of every two seconds, of those that stand for themselves.
const (
	eachSecond = `isnan(prev_selected_t)+gte(t-prev_selected_t,1)+gt(scene,0.3)*gte(t-prev_selected_t,0.2)`
	inHurry    = `isnan(prev_selected_t)+gte(t-prev_selected_t,2)`
)

// film is a file that ffmpeg reads.
type film struct {
	*gaze
	scratch *ffmpeg.Scratch
	in      string
	length  float64 // seconds that are gone over, as far as the file tells
	passes  int     // how often that is done
	done    int
}

// film looks at video and sound.
func (g *gaze) film(src media.Source) error {
	s, err := g.tools.Scratch()
	if err != nil {
		return g.pass(err)
	}
	defer s.Close()
	m := &film{gaze: g, scratch: s}
	if m.in, err = s.Put("in", src); err != nil {
		return err
	}
	p, err := g.tools.Probe(g.ctx, m.in)
	if err != nil {
		return g.pass(err)
	}
	m.length = min(float64(p.Format.Duration), g.limits.Length.Seconds())
	tracks := map[string][]ffmpeg.Stream{}
	for _, t := range p.Streams {
		tracks[t.Type] = append(tracks[t.Type], t)
	}
	if len(tracks["audio"]) > 0 && !g.options.Sound && !g.quick {
		g.miss(CodeSound)
	}
	kinds := []struct {
		name   string
		wanted bool
		look   func(ffmpeg.Stream) error
	}{{"video", true, m.pictures}, {"audio", g.options.Sound, m.sound}, {"subtitle", !g.quick, m.subtitles}}
	for i, k := range kinds {
		list := tracks[k.name]
		if len(list) > g.limits.Tracks {
			g.miss(CodeTracks, "kind", k.name, "limit", strconv.Itoa(g.limits.Tracks))
			tracks[k.name] = list[:g.limits.Tracks]
		}
		if kinds[i].wanted = k.wanted && len(list) > 0; kinds[i].wanted {
			m.passes += len(tracks[k.name])
		}
	}
	if m.passes == 0 {
		return g.pass(unsupported(g.view.Format, "no video and no sound is in it"))
	}
	for _, k := range kinds {
		for _, t := range tracks[k.name] {
			if !k.wanted {
				break
			}
			if err := g.pass(k.look(t)); err != nil {
				return err
			}
			m.done++
		}
	}
	return nil
}

// told passes on how far a pass got.
func (m *film) told(seconds float64) {
	if m.options.Progress != nil && m.length > 0 {
		m.options.Progress(float64(m.done)*m.length+min(seconds, m.length), float64(m.passes)*m.length)
	}
}

// run has ffmpeg read the file, a little beyond the limit, so that it shows when there is more.
func (m *film) run(ctx context.Context, before []string, t ffmpeg.Stream, after []string, out io.Writer, progress func(float64)) error {
	args := append(before, "-max_pixels", strconv.Itoa(m.limits.Pixels), "-t", strconv.FormatFloat(m.limits.Length.Seconds()+2, 'f', 3, 64), "-i", m.in, "-map", "0:"+strconv.Itoa(t.Index))
	return m.tools.Run(ctx, append(args, after...), nil, out, progress)
}

// pictures takes the key frames of a video track. A cover picture is a track of one frame.
func (m *film) pictures(t ffmpeg.Stream) error {
	size, format, take, before := shown(t), "gray", eachSecond, []string(nil)
	switch {
	case m.options.Pictures:
		size, format = m.fit(size), "yuvj420p"
	case size.X <= 0 || size.Y <= 0 || max(size.X, size.Y) > side:
		size = image.Pt(side, side) // what a hash is made of
	}
	if m.quick {
		take, before = inHurry, []string{"-skip_frame", "nokey"}
	}
	filter := fmt.Sprintf("select='%s',scale=%d:%d:flags=area:out_range=pc:out_color_matrix=bt601,format=%s", take, size.X, size.Y, format)
	ctx, stop := context.WithCancel(m.ctx)
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := m.run(ctx, before, t, []string{"-vf", filter, "-fps_mode", "passthrough", "-c:v", "rawvideo", "-f", "matroska", "pipe:1"}, in, nil)
		in.CloseWithError(err)
		ended <- err
	}()
	var err error
	more := false
	keys := phash.KeyFrames(func(yield func(time.Duration, image.Image) bool) {
		img, pixels := canvas(size, m.options.Pictures)
		err = frames(out, pixels, func(at time.Duration, frame []byte) bool {
			if more = at > m.limits.Length; more || m.ctx.Err() != nil {
				return false
			}
			m.told(at.Seconds())
			return yield(at, img(frame))
		})
	}, m.keyLimits(time.Duration(m.length*float64(time.Second))))
	stop()
	out.Close()
	if said := <-ended; err == nil && !more {
		err = said
	}
	m.keep(keys, strconv.Itoa(t.Index))
	switch {
	case err == nil && keys.Seen == 0:
		err = damaged(m.view.Format, "a frame that can be decoded", nil)
	case more && !m.quick:
		m.miss(CodeLength, "limit", strconv.Itoa(int(m.limits.Length.Seconds())))
	}
	return err
}

// shown is the size of the frames of a track as they are shown.
func shown(t ffmpeg.Stream) image.Point {
	if int(t.Rotation())%180 != 0 {
		return image.Pt(t.Height, t.Width)
	}
	return image.Pt(t.Width, t.Height)
}

// fit is the size that frames are brought to, which is even: that of small pictures, but not below what a hash is made of.
func (m *film) fit(size image.Point) image.Point {
	most := max(m.limits.Side, side)
	longest := max(most, size.X, size.Y)
	even := func(n int) int { return max(2, n*most/longest&^1) }
	return image.Pt(even(size.X), even(size.Y))
}

// canvas returns what makes a picture of a raw frame, and how many bytes such a frame has.
func canvas(size image.Point, colour bool) (func([]byte) image.Image, int) {
	box, n := image.Rectangle{Max: size}, size.X*size.Y
	if !colour {
		return func(b []byte) image.Image { return &image.Gray{Pix: b, Stride: size.X, Rect: box} }, n
	}
	return func(b []byte) image.Image {
		return &image.YCbCr{Y: b[:n], Cb: b[n : n+n/4], Cr: b[n+n/4:], YStride: size.X, CStride: size.X / 2, SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: box}
	}, n + n/2
}

// sound takes the sound of a track.
func (m *film) sound(t ffmpeg.Stream) error {
	file, seconds := "sound-"+strconv.Itoa(t.Index), 0.0
	err := m.run(m.ctx, nil, t, []string{"-ac", "1", "-ar", "16000", "-c:a", "flac", "-sample_fmt", "s16", "-map_metadata", "-1", "-f", "flac", m.scratch.Path(file)}, nil, func(s float64) {
		seconds = s
		m.told(s)
	})
	if err != nil {
		return err
	}
	if seconds > m.limits.Length.Seconds() {
		m.miss(CodeLength, "limit", strconv.Itoa(int(m.limits.Length.Seconds())))
	}
	src, err := m.scratch.Take(file)
	if err != nil {
		return err
	}
	m.view.Sounds = append(m.view.Sounds, Sound{Part: strconv.Itoa(t.Index), Source: src})
	return nil
}

// marks are what SubRip files have beside what is said.
var marks = regexp.MustCompile(`(?m)^\d+\r?\n[\d:, ]+-->[^\n]*\n|<[^<>\n]*>|\{\\[^{}\n]*\}`)

// subtitles takes the text of a track.
func (m *film) subtitles(t ffmpeg.Stream) error {
	out := &bounded{limit: m.limits.Text}
	err := m.run(m.ctx, nil, t, []string{"-f", "srt", "pipe:1"}, out, nil)
	m.write(strconv.Itoa(t.Index), strings.TrimSpace(marks.ReplaceAllString(out.String(), "")))
	var e *colophon.Error
	switch {
	case out.full:
		m.miss(CodeText, "limit", strconv.Itoa(m.limits.Text))
	case errors.As(err, &e) && e.Code == ffmpeg.CodeFailed: // pictures can't be made text
		m.miss(CodeSubtitles)
	default:
		return err
	}
	return m.pass(context.Cause(m.ctx))
}

// bounded keeps so much of what is written.
type bounded struct {
	bytes.Buffer
	limit int
	full  bool
}

// Write takes no more once it is full.
func (b *bounded) Write(p []byte) (int, error) {
	if b.full = b.Len()+len(p) > b.limit; b.full {
		return 0, errors.New("sight: too much text")
	}
	return b.Buffer.Write(p)
}
