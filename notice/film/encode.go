package film

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

func itoa(n int) string { return strconv.Itoa(n) }

// encoding is the beginning of a film on its way through ffmpeg.
type encoding struct {
	*job
	track   *track
	cut     cut
	scratch *ffmpeg.Scratch
	input   string // the old packets, as an elementary stream
	probe   ffmpeg.Stream
	stamp   *stamp
	sets    *sets   // of H.264 and H.265
	within  bool    // sets stand in the film's packets too
	number  int     // of the new H.264 sets
	free    bool    // the encoder is not held to the film's rate
	share   float64 // of the old packets' rate that the new ones aim at
	hevc    hevcNumbers
}

// raw is the name of the demuxer and muxer of an elementary stream.
func (c codec) raw() string {
	switch c {
	case h264:
		return "h264"
	case h265:
		return "hevc"
	}
	return "ivf"
}

// newEncoding takes the packets out of the film, so that ffmpeg never sees its container, and asks what they are.
func newEncoding(ctx context.Context, j *job, t *track, c cut, scratch *ffmpeg.Scratch) (*encoding, error) {
	e := &encoding{job: j, track: t, cut: c, scratch: scratch, share: aim}
	if t.codec == h264 || t.codec == h265 {
		var err error
		if e.sets, err = parseSets(t.codec, t.config); err != nil {
			return nil, err
		}
		if err := e.choose(); err != nil {
			return nil, err
		}
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(e.packets(w)) }()
	var err error
	e.input, err = scratch.Write("in."+t.codec.raw(), r)
	r.CloseWithError(err)
	if err != nil {
		return nil, err
	}
	p, err := j.Tools.Probe(ctx, e.input)
	if err != nil {
		return nil, err
	}
	var ok bool
	if e.probe, ok = p.First("video"); !ok || e.probe.Width <= 0 || e.probe.Height <= 0 || e.probe.Codec != string(t.codec) {
		return nil, media.Malformed("video track", 0, "the packets are not what the description says")
	}
	if err := fits(e.probe); err != nil {
		return nil, err
	}
	if laid(e.probe.PixelFormat) == "" {
		return nil, obstacle("pictures of the form " + e.probe.PixelFormat)
	}
	e.stamp, err = lay(j.Plate, j.Options.Corner, e.probe.Width, e.probe.Height, ratio(e.probe.PixelAspect), t.turn)
	return e, err
}

// fits refuses pictures that are too large to decode.
func fits(s ffmpeg.Stream) error {
	if s.Width > maxSide || s.Height > maxSide || s.Width*s.Height > maxArea {
		return media.TooLarge("picture", 0, maxArea)
	}
	return nil
}

// choose finds numbers for parameter sets that the film does not use.
func (e *encoding) choose() error {
	var others [][]byte
	for _, i := range []int{0, e.cut.key} {
		if i == len(e.track.samples) {
			break
		}
		b, err := e.track.read(e.Source, i)
		if err != nil {
			return err
		}
		list, err := split(b, e.track.length)
		if err != nil {
			return err
		}
		for _, nal := range list {
			if e.track.codec == h265 && len(nal) > 1 && (nal[0]&1 > 0 || nal[1]>>3 > 0) {
				return fmt.Errorf("%w: %w", media.Unsupported("video", 0, "pictures in layers"), errLasting) // transparency, or a second eye
			}
			if parameterSet(e.track.codec, nal) {
				others = append(others, nal)
			}
		}
	}
	e.within = len(others) > 0
	used := e.sets.used(others)
	if e.track.codec == h264 {
		e.number = free(used, 31, 1, 7, 8)
	} else {
		e.hevc = hevcNumbers{vps: free(used, 15, 1, 32), sps: free(used, 15, 15, 33), pps: free(used, 30, 15, 34)}
		e.number = min(e.hevc.vps, e.hevc.sps, e.hevc.pps)
	}
	if e.number < 0 {
		return obstacle("no number of a parameter set is free")
	}
	return nil
}

// packets writes those that are decoded: the ones that give way, and the key frame behind them.
func (e *encoding) packets(w io.Writer) error {
	return e.elementary(w, func(yield func([]byte) error) error {
		for i := range min(max(e.cut.frames, e.cut.key)+1, len(e.track.samples)) {
			b, err := e.track.read(e.Source, i)
			if err != nil {
				return err
			}
			if err := yield(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// elementary writes samples as a stream that ffmpeg reads without a container.
func (e *encoding) elementary(w io.Writer, each func(yield func([]byte) error) error) error {
	t := e.track
	if t.codec == h264 || t.codec == h265 {
		if _, err := w.Write(stream(nil, e.sets.all())); err != nil {
			return err
		}
		return each(func(b []byte) error {
			list, err := split(b, t.length)
			if err != nil {
				return err
			}
			_, err = w.Write(stream(nil, list))
			return err
		})
	}
	head := append([]byte("DKIF\x00\x00\x20\x00"), map[codec]string{vp9: "VP90", av1: "AV01"}[t.codec]...)
	head = append(head, make([]byte, 20)...)
	num, den := t.rate()
	binary.LittleEndian.PutUint32(head[16:], uint32(num))
	binary.LittleEndian.PutUint32(head[20:], uint32(den))
	if _, err := w.Write(head); err != nil {
		return err
	}
	n := uint64(0)
	return each(func(b []byte) error {
		var before []byte
		if t.codec == av1 {
			before = []byte{obuDelimiter<<3 | 2, 0}
		}
		h := binary.LittleEndian.AppendUint32(nil, uint32(len(before)+len(b)))
		h = append(binary.LittleEndian.AppendUint64(h, n), before...)
		n++
		_, err := w.Write(append(h, b...))
		return err
	})
}

// rate is the mean number of frames in a second, as a fraction.
func (t *track) rate() (num, den int64) {
	frames, units := int64(len(t.times)), t.end-t.times[0]
	num, den = frames*t.scale, units
	if num <= 0 || den <= 0 || float64(num)/float64(den) > 1000 {
		return 25, 1
	}
	for num > 1<<30 || den > 1<<30 {
		num, den = num/2, max(den/2, 1)
	}
	return max(num, 1), den
}

// laid is the form in which the overlay filter lays a plate over pictures of a form without changing them, empty where there
// is none.
func laid(form string) string {
	switch form {
	case "yuv420p", "yuvj420p":
		return "yuv420"
	case "yuv422p", "yuvj422p":
		return "yuv422"
	case "yuv444p", "yuvj444p":
		return "yuv444"
	case "yuv420p10le":
		return "yuv420p10"
	case "yuv422p10le":
		return "yuv422p10"
	}
	return ""
}

// plateForm are the filters that bring the plate to the form, range and matrix of pictures.
func plateForm(p ffmpeg.Stream) string {
	to, by := "limited", ""
	if fullRange(p) {
		to = "full"
	}
	if m := map[string]string{"bt709": "bt709", "fcc": "fcc", "smpte240m": "smpte240m", "bt2020nc": "bt2020", "bt470bg": "bt601", "smpte170m": "bt601"}[p.ColorSpace]; m != "" {
		by = ":out_color_matrix=" + m
	}
	return fmt.Sprintf("scale=out_range=%s%s,format=%s", to, by, p.PixelFormat)
}

// fullRange reports whether black is 0.
func fullRange(p ffmpeg.Stream) bool {
	return p.ColorRange == "pc" || strings.HasPrefix(p.PixelFormat, "yuvj")
}

// filter is the graph that lays the plate over the frames that show it. The plate is opaque.
func (e *encoding) filter() string {
	fields := map[string]string{"tt": ",setfield=tff", "bt": ",setfield=tff", "bb": ",setfield=bff", "tb": ",setfield=bff"}[e.probe.FieldOrder]
	// The form is told to the plate alone; the film's pixels pass as they are.
	return fmt.Sprintf("[1:v]%s[p];[0:v][p]overlay=x=%d:y=%d:format=%s:repeatlast=1:enable='lt(n,%d)',setpts=N%s",
		plateForm(e.probe), e.stamp.at.X, e.stamp.at.Y, laid(e.probe.PixelFormat), e.cut.stamped, fields)
}

func (e *encoding) full() bool { return fullRange(e.probe) }

// encode makes the new packets.
func (e *encoding) encode(ctx context.Context) (*coded, error) {
	t := e.track
	plate, err := e.stamp.encode()
	if err != nil {
		return nil, err
	}
	path, err := e.scratch.Write("plate.png", bytes.NewReader(plate))
	if err != nil {
		return nil, err
	}
	args := []string{"-max_pixels", itoa(maxArea), "-r", "25", "-f", t.codec.raw(), "-i", e.input, "-f", "png_pipe", "-i", path, "-filter_complex", e.filter(),
		"-frames:v", itoa(e.cut.frames), "-fps_mode", "passthrough", "-enc_time_base", "1:25"}
	own, err := e.encoder()
	if err != nil {
		return nil, err
	}
	args = append(append(args, own...), "-f", t.codec.raw(), e.scratch.Path("out."+t.codec.raw()))
	var progress func(float64)
	if e.Progress != nil {
		total := t.seconds(e.cut.frames)
		progress = func(s float64) { e.Progress(min(total, s*25/float64(e.cut.frames)*total), total) }
	}
	if err := e.encodeTold(ctx, args, own[1], nil, progress); err != nil {
		return nil, err
	}
	b, err := e.scratch.Read("out."+t.codec.raw(), maxCoded)
	if err != nil {
		return nil, obstacle("the new packets are too many to hold")
	}
	fresh := &coded{config: t.config}
	if e.sets != nil {
		err = e.takeNALs(fresh, b)
	} else {
		err = e.takeIVF(fresh, b)
	}
	if err != nil {
		return nil, err
	}
	if len(fresh.units) != e.cut.frames || !fresh.units[0].key {
		return nil, obstacle(fmt.Sprintf("of %d frames, %d could be decoded", e.cut.frames, len(fresh.units)))
	}
	return fresh, nil
}

// takeNALs makes samples of a byte stream, which has a delimiter before each picture.
func (e *encoding) takeNALs(fresh *coded, b []byte) error {
	t := e.track
	have := map[string]bool{}
	for _, nal := range e.sets.all() {
		have[string(nal)] = true
	}
	var nals [][]byte
	key := false
	flush := func() error {
		if len(nals) == 0 {
			return nil
		}
		data, err := join(nals, t.length)
		fresh.units = append(fresh.units, unit{data, key})
		nals, key = nil, false
		return err
	}
	for _, nal := range unstream(b) {
		k := kind(t.codec, nal)
		set, delimiter, info := parameterSet(t.codec, nal), k == 9, k == 6
		if t.codec == h265 {
			delimiter, info = k == 35, k == 39 || k == 40
			var err error
			if nal, err = renumberHEVC(nal, e.hevc); err != nil {
				return err
			}
		}
		switch {
		case delimiter:
			if err := flush(); err != nil {
				return err
			}
		case info:
		case set:
			if t.codec == h264 && k == 7 {
				nal = withReorder(nal, e.probe.BFrames)
			}
			if !have[string(nal)] {
				have[string(nal)] = true
				e.sets.add(bytes.Clone(nal))
			}
			if e.within {
				nals = append(nals, nal)
			}
		default:
			key = key || t.codec == h264 && k == 5 || t.codec == h265 && k >= 16 && k <= 20
			nals = append(nals, nal)
		}
	}
	if err := flush(); err != nil {
		return err
	}
	var err error
	fresh.config, err = e.sets.bytes()
	return err
}

// takeIVF makes samples of the frames of an IVF file. A temporal delimiter does not belong in a container.
func (e *encoding) takeIVF(fresh *coded, b []byte) error {
	bad := obstacle("the encoder's file is damaged")
	if len(b) < 32 {
		return bad
	}
	for b = b[32:]; len(b) > 0; {
		if len(b) < 12 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-12) {
			return bad
		}
		n := int(binary.LittleEndian.Uint32(b)) + 12
		data := b[12:n:n]
		b = b[n:]
		if e.track.codec == vp9 {
			fresh.units = append(fresh.units, unit{data, vp9Key(data)})
			continue
		}
		var kept []byte
		if !obus(data, func(kind int, whole, _ []byte) {
			if kind != obuDelimiter {
				kept = append(kept, whole...)
			}
		}) {
			return bad
		}
		fresh.units = append(fresh.units, unit{kept, av1Key(kept)})
	}
	return nil
}
