package film

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

const (
	behind = 32 // packets behind the cut that are decoded
	unlike = 20 // greatest mean difference of the plate on a frame, of 255
)

// codeCheck is for the log: the stamped film does not decode to what it should.
const codeCheck colophon.Code = "film-check"

// errUnfit is beneath errors that say that the notice does not stand as it should.
var errUnfit = errors.New("film: the notice does not keep the rules after encoding")

// unstamped says that a frame shows no notice although it should.
func unstamped(frame string) error {
	return &colophon.Error{Kind: colophon.Internal, Code: codeCheck, Args: colophon.Args{"frame": frame}, Err: errUnfit}
}

// encodeWith runs ffmpeg, and tells a missing encoder from other failures.
func (j *job) encodeWith(ctx context.Context, args []string, encoder string, stdout io.Writer) error {
	return j.encodeTold(ctx, args, encoder, stdout, nil)
}

// encodeTold is encodeWith with progress.
func (j *job) encodeTold(ctx context.Context, args []string, encoder string, stdout io.Writer, progress func(float64)) error {
	err := j.Tools.Run(ctx, args, nil, stdout, progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if has, asked := j.Tools.HasEncoder(ctx, encoder); asked == nil && !has {
		return media.Unsupported("video", 0, "this ffmpeg has no encoder "+encoder)
	}
	return err
}

// check decodes the new packets and the first ones behind the cut as one stream, and compares the plate on every frame. It
// takes the report's figures from the first and the last frame that show it.
func (e *encoding) check(ctx context.Context, fresh *coded) error {
	t := e.track
	if e.sets != nil {
		s, err := parseSets(t.codec, fresh.config)
		if err != nil {
			return err
		}
		e.sets = s
	}
	after := 0
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(e.elementary(w, func(yield func([]byte) error) error {
			for _, u := range fresh.units {
				if err := yield(u.data); err != nil {
					return err
				}
			}
			for i := e.cut.key; i < len(t.samples) && after < behind; i++ {
				if i > e.cut.key && i < e.cut.frames+1 {
					continue // led the key frame
				}
				b, err := t.read(e.Source, i)
				if err != nil {
					return err
				}
				if err := yield(b); err != nil {
					return err
				}
				after++
			}
			return nil
		}))
	}()
	path, err := e.scratch.Write("check."+t.codec.raw(), r)
	r.CloseWithError(err)
	if err != nil {
		return err
	}
	b := e.stamp.picture.Bounds()
	see := &viewer{e: e, frame: make([]byte, b.Dx()*b.Dy()), without: -1}
	// The decoder's own range is kept: grey is the film's luma as it is coded.
	filter := fmt.Sprintf("crop=%d:%d:%d:%d:exact=1,extractplanes=y", b.Dx(), b.Dy(), e.stamp.at.X, e.stamp.at.Y)
	if deep(e.probe.PixelFormat) {
		filter += ",format=gray"
	}
	err = e.Tools.Run(ctx, []string{"-xerror", "-max_pixels", itoa(maxArea), "-r", "25", "-f", t.codec.raw(), "-i", path, "-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"},
		nil, see, nil)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		return obstacle("the new packets and the old ones do not decode together")
	case see.frames != e.cut.frames+after:
		return obstacle(fmt.Sprintf("of %d packets around the cut, %d frames came", e.cut.frames+after, see.frames))
	case see.without >= 0:
		return unstamped(itoa(see.without))
	}
	return tooFaint(e.stamp, e.probe)
}

// viewer looks at the place of the plate in each frame.
type viewer struct {
	e       *encoding
	frame   []byte
	have    int
	frames  int
	without int // first frame that should show the plate and does not, -1 where there is none
}

// Write takes frames of one byte a pixel.
func (v *viewer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		k := copy(v.frame[v.have:], b)
		b = b[k:]
		if v.have += k; v.have == len(v.frame) {
			v.look()
			v.have = 0
			v.frames++
		}
	}
	return n, nil
}

func (v *viewer) look() {
	if v.frames >= v.e.cut.stamped {
		return
	}
	pic := v.e.stamp.picture
	full := v.e.full()
	grey := image.NewGray(pic.Bounds())
	sum := 0
	for i, y := range v.frame {
		if !full {
			y = byte(min(255, max(0, (int(y)-16)*255/219)))
		}
		want := int(color.GrayModel.Convert(pic.NRGBAAt(i%pic.Rect.Dx(), i/pic.Rect.Dx())).(color.Gray).Y)
		sum += max(want-int(y), int(y)-want)
		grey.Pix[i] = y
	}
	if sum > unlike*len(v.frame) && v.without < 0 {
		v.without = v.frames
	}
	if m := v.e.Measure; m != nil && (v.frames == 0 || v.frames == v.e.cut.stamped-1) {
		upright := turned(grey, v.e.stamp.turned)
		ink, contrast := m(upright, upright.Bounds())
		v.e.stamp.ink = min(v.e.stamp.ink, float64(ink)*v.e.stamp.tall/v.e.stamp.short)
		v.e.stamp.contrast = min(v.e.stamp.contrast, contrast)
	}
}

// deep reports whether samples of a pixel have more than eight bits.
func deep(format string) bool { return len(format) > 2 && format[len(format)-2:] == "le" }

// turned turns a coded picture, or a part of one, as the display does. m has entries of -1, 0 and 1.
func turned(pic image.Image, m matrix) image.Image {
	if m == (matrix{1, 0, 0, 1}) {
		return pic
	}
	b := pic.Bounds()
	w, h := b.Dx(), b.Dy()
	if m[0] == 0 {
		w, h = h, w
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := x, y
			if m[0] == 0 {
				u, v = y, x
			}
			if m[0]+m[2] < 0 {
				u = w - 1 - u
			}
			if m[1]+m[3] < 0 {
				v = h - 1 - v
			}
			out.Set(u, v, pic.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

// timing is what is held of the times of a track's packets, in seconds.
type timing struct {
	count                    int
	first, last, end, middle float64 // of display; the end is known where the last packets have durations
	decoded                  float64 // when the first packet is decoded
	bytes                    int64
}

// span is how long a track lasts. The last packet lasts as long as the mean where nobody says how long.
func (t *timing) span() float64 {
	if t.end <= t.last && t.count > 1 {
		return (t.last - t.first) * float64(t.count) / float64(t.count-1)
	}
	return t.end - t.first
}

// rate is the mean number of bits a second, of a track that lasts so long.
func (t *timing) rate(seconds float64) int {
	return int(min(float64(t.bytes)*8/max(seconds, 0.04), 1<<30))
}

// timings reads the times of all packets of a file, by track. Of the tracks of texts, empty ones are left out.
func (j *job) timings(ctx context.Context, path string, texts map[int]bool) (map[int]*timing, error) {
	l := &lines{tracks: map[int]*timing{}, texts: texts}
	err := j.Tools.Inspect(ctx, []string{"-show_entries", "packet=stream_index,pts_time,dts_time,duration_time,size", "-of", "compact=p=0:nk=0", "-i", path}, l)
	for _, t := range l.tracks {
		t.middle /= float64(t.count)
	}
	return l.tracks, err
}

// maxLine is the longest line of ffprobe that is held, in bytes.
const maxLine = 4096

// lines takes what ffprobe says of packets.
type lines struct {
	tracks map[int]*timing
	texts  map[int]bool
	rest   []byte
}

// Write takes pieces of any size.
func (l *lines) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, after, whole := bytes.Cut(b, []byte("\n"))
		if len(l.rest)+len(line) <= maxLine {
			l.rest = append(l.rest, line...)
		}
		if !whole {
			return n, nil
		}
		l.packet(string(l.rest))
		l.rest, b = l.rest[:0], after
	}
}

// packet takes one line, such as "stream_index=0|pts_time=0.04|size=7".
func (l *lines) packet(line string) {
	values := map[string]float64{}
	for field := range strings.SplitSeq(strings.TrimSpace(line), "|") {
		key, value, _ := strings.Cut(field, "=")
		if v, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			values[key] = v
		}
	}
	at, ok := values["pts_time"]
	decoded, both := values["dts_time"]
	index, numbered := values["stream_index"]
	if !numbered || !ok && !both || l.texts[int(index)] && values["size"] <= 2 {
		return // a text of two bytes is an empty one, which fills a gap
	}
	if !ok {
		at = decoded
	}
	if !both {
		decoded = at
	}
	t := l.tracks[int(index)]
	if t == nil {
		t = &timing{first: math.Inf(1), last: math.Inf(-1), decoded: decoded}
		l.tracks[int(index)] = t
	}
	t.count++
	t.first, t.last, t.end = min(t.first, at), max(t.last, at), max(t.end, at+values["duration_time"])
	t.middle += at
	t.bytes += int64(values["size"])
}

// begin is the time of the first frame that a decoder gives, which need not be that of the first packet.
func (j *job) begin(ctx context.Context, path string, stream int) (float64, error) {
	var out bytes.Buffer
	err := j.Tools.Run(ctx, []string{"-copyts", "-max_pixels", itoa(maxArea), "-i", path, "-map", "0:" + itoa(stream), "-vf", "crop=2:2:0:0:exact=1,format=gray",
		"-frames:v", "1", "-fps_mode", "passthrough", "-enc_time_base", "1:1000000", "-c:v", "rawvideo", "-f", "framecrc", "pipe:1"}, nil, &out, nil)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(out.String()) {
		fields := strings.Split(line, ",")
		if us, err := strconv.ParseInt(strings.TrimSpace(fields[min(2, len(fields)-1)]), 10, 64); err == nil && !strings.HasPrefix(line, "#") {
			return float64(us) / 1e6, nil
		}
	}
	return 0, noPictures()
}

// apart is by how many seconds sound and pictures may drift from where they stood. It covers the clocks of all containers.
const apart = 0.005

// codeTimes is for the log: a track of the stamped film comes at other times than before.
const codeTimes colophon.Code = "film-times"

// untimely says that a track of the new film does not keep its times: from the first packet to the last, and how many.
func untimely(track int, was, is *timing) error {
	return &colophon.Error{Kind: colophon.Internal, Code: codeTimes, Args: colophon.Args{"track": itoa(track)},
		Err: fmt.Errorf("%+v became %+v", was, is)}
}

// inTime holds the packets of a new film, whose first frame comes at start, against those of the old one, and notes how
// long the notice stands.
func (w *wholeFilm) inTime(made map[int]*timing, start float64) error {
	off := func(a, b, most float64) bool { return math.Abs(a-b) > most }
	frame := 1 / max(1, w.rate())
	was, is := w.source[w.video.Index], made[0]
	most := apart + frame
	if w.Format == media.AVI || !timed(w.video.Codec) {
		most += 2 * frame // a frame may be coded and not be shown
	}
	if is == nil || off(is.last-start, was.last-w.start+w.added, most) {
		return untimely(w.video.Index, was, is)
	}
	whole := is.end - start
	if is.end <= is.last || w.Format == media.AVI {
		whole = is.span()
	}
	if w.stands = min(whole, notice.MinSeconds); w.Options.Whole || w.held > 0 {
		w.stands = whole
	}
	if w.stands < notice.MinSeconds-apart {
		return untimely(w.video.Index, was, is)
	}
	if w.held > 0 {
		w.longer = math.Round((whole-w.seconds)*1000) / 1000
	}
	shift := start - w.start + float64(w.held)/w.rate()
	for i, s := range w.kept {
		was, is := w.source[s.Index], made[i+1]
		if was == nil || s.Type == "attachment" || s.Type == "video" {
			continue
		}
		if is == nil {
			return untimely(s.Index, was, is)
		}
		if s.Type == "audio" && w.sound != "" {
			// Packets of the old track need not have had times.
			if until := max(was.last, w.source[w.video.Index].first+float64(s.Duration)); off(is.last, until+shift, 0.1) {
				return untimely(s.Index, was, is)
			}
			continue
		}
		if is.count != was.count || off(is.first, was.first+shift, apart) || off(is.last, was.last+shift, apart) || off(is.middle, was.middle+shift, apart) {
			return untimely(s.Index, was, is)
		}
	}
	return nil
}
