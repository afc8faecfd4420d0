package film

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
)

// muxers are ffmpeg's names of the containers.
var muxers = map[media.Format]string{media.MP4: "mp4", media.MOV: "mov", media.MKV: "matroska", media.WebM: "webm", media.AVI: "avi",
	media.FLV: "flv", media.MPEGTS: "mpegts"}

// timed reports whether frames of a coding may come at any time, and not only by the beat of its own clock.
func timed(name string) bool {
	return slices.Contains([]string{"h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "prores", "ffv1"}, name)
}

// encodes reports whether there is an encoder for a coding of pictures, by the name that ffprobe gives it.
func encodes(name string) bool {
	return timed(name) || slices.Contains([]string{"mpeg4", "mpeg2video", "mpeg1video", "flv1"}, name)
}

// printable is a name as it may stand in an error.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s[:min(len(s), 40)])
}

// sizeOf is the length of a frame: chroma lines of odd frames are rounded up.
func (f *opened) sizeOf() int {
	cw, ch := f.w, f.h
	if f.form.parts < 3 {
		cw = (cw + 1) / 2
	}
	if f.form.parts < 2 {
		ch = (ch + 1) / 2
	}
	return (f.w*f.h + 2*cw*ch) * ((f.form.depth + 7) / 8)
}

func (f *opened) decodeArgs() []string {
	return []string{"-copyts", "-max_pixels", strconv.Itoa(maxArea), "-i", f.in, "-map", "0:" + strconv.Itoa(f.video.Index),
		"-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"}
}

// encodeWith tells an encoder that is missing from one that fails.
func (f *opened) encodeWith(ctx context.Context, args []string, encoder string, frames io.Reader) error {
	err := f.tools.Run(ctx, args, frames, nil, nil)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if has, asked := f.tools.HasEncoder(ctx, encoder); asked == nil && !has {
		return media.Unsupported("video", 0, "this ffmpeg has no encoder "+encoder)
	}
	return err
}

// encodeArgs are the words for the new film. Frames begin at zero while they are encoded; the container's offset is added again
// behind it.
func (f *opened) encodeArgs(times []int64, format media.Format, free bool) (args []string, encoder string) {
	seconds := func(us int64) string { return fmt.Sprintf("%.6f", float64(us)/1e6) }
	args = []string{"-copyts", "-f", "matroska", "-i", "pipe:0", "-itsoffset", seconds(-times[0]), "-i", f.in, "-map", "0:v:0"}
	own := []string{"-map_metadata", "1", "-map_chapters", "1", "-map_metadata:s:0", "1:s:" + strconv.Itoa(f.video.Index), "-disposition:0", dispositions(f.video)}
	for i, s := range f.kept {
		args = append(args, "-map", "1:"+strconv.Itoa(s.Index))
		own = append(own, "-map_metadata:s:"+strconv.Itoa(i+1), "1:s:"+strconv.Itoa(s.Index), "-disposition:"+strconv.Itoa(i+1), dispositions(s))
	}
	args = append(append(append(args, own...), "-c", "copy", "-filter:v:0", f.meaning(), "-pix_fmt:v:0", f.form.name), f.colours()...)
	if b := f.video.TimeBase; format == media.AVI || !timed(f.video.Codec) || b.Num <= 0 || b.Den <= 0 || b.Den > 1<<24 {
		args = append(args, "-fps_mode:v:0", "vfr")
	} else {
		args = append(args, "-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", strconv.FormatInt(b.Num, 10)+":"+strconv.FormatInt(b.Den, 10))
		if b.Num == 1 && (format == media.MP4 || format == media.MOV) {
			args = append(args, "-video_track_timescale", strconv.FormatInt(b.Den, 10))
		}
	}
	words := f.encoder(f.bitRate(), free)
	args = append(append(args, "-c:v:0"), words...)
	switch format {
	case media.MP4, media.MOV:
		args = append(args, "-movflags", "+faststart+use_metadata_tags")
		if f.video.Codec == "hevc" {
			args = append(args, "-tag:v:0", "hvc1")
		}
	case media.MPEGTS:
		args = append(args, "-mpegts_copyts", "1", "-muxdelay", seconds(min(700_000, max(0, times[0]/2))))
	}
	if format != media.AVI { // its tracks all begin at once
		args = append(args, "-output_ts_offset", seconds(times[0]))
	}
	return append(args, "-f", muxers[format], f.scratch.Path("out")), words[0]
}

// meaning is the filter that tells what raw frames don't: the shape of pixels, their range and colours, and fields.
func (f *opened) meaning() string {
	list := []string{"null"}
	if f.ratio() != "0" {
		list[0] = "setsar=" + f.ratio()
	}
	var params []string
	for _, c := range [][2]string{{"range", f.video.ColorRange}, {"color_primaries", f.video.Primaries}, {"color_trc", f.video.Transfer}, {"colorspace", f.video.ColorSpace}} {
		if named(c[1]) {
			params = append(params, c[0]+"="+c[1])
		}
	}
	if len(params) > 0 {
		list = append(list, "setparams="+strings.Join(params, ":"))
	}
	switch f.video.FieldOrder {
	case "tt", "bt":
		list = append(list, "setfield=tff")
	case "bb", "tb":
		list = append(list, "setfield=bff")
	}
	return strings.Join(list, ",")
}

// ratio is the shape of upright pixels as ffmpeg takes it.
func (f *opened) ratio() string {
	num, den, ok := strings.Cut(f.video.PixelAspect, ":")
	if _, err := strconv.ParseUint(num+den, 10, 64); err != nil || !ok || num == "" || den == "" {
		return "0"
	}
	if f.onSide() {
		num, den = den, num
	}
	return num + "/" + den
}

// named reports whether ffprobe knows a colour.
func named(s string) bool {
	if s == "" || strings.HasPrefix(s, "un") || strings.HasPrefix(s, "reserved") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// colours are the words for the meaning of the pixels.
func (f *opened) colours() (args []string) {
	p := f.video
	for _, c := range [][2]string{{"-colorspace:v:0", p.ColorSpace}, {"-color_trc:v:0", p.Transfer}, {"-color_primaries:v:0", p.Primaries},
		{"-color_range:v:0", p.ColorRange}, {"-chroma_sample_location:v:0", p.ChromaPlace}} {
		if named(c[1]) {
			args = append(args, c[0], c[1])
		}
	}
	return args
}

// dispositions are ffmpeg's words for what a track is for.
func dispositions(s ffmpeg.Stream) string {
	var list []string
	for k, v := range s.Disposition {
		if v != 0 {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return "0"
	}
	slices.Sort(list)
	return strings.Join(list, "+")
}

// bitRate is that of the pictures, in bits a second.
func (f *opened) bitRate() int {
	rate := float64(f.video.BitRate)
	if rate <= 0 {
		rate = float64(f.bytes) * 8 / max(f.seconds, 0.1)
		for _, s := range f.kept {
			rate -= float64(s.BitRate)
		}
	}
	return int(min(max(rate, 0), 1<<30))
}

// encoder are the words for encoding as the film was encoded, at about a quarter more than its rate, since frames are coded a
// second time and the mark has to be coded, too. A free encoder gets more than it needs.
func (f *opened) encoder(rate int, free bool) []string {
	p := f.video
	rate = min(max(rate+rate/4, f.w*f.h/4), 1<<30)
	if free {
		rate = min(8*rate, 1<<30) + 16*f.w*f.h
	}
	b := strconv.Itoa(rate)
	words := strings.Fields
	switch p.Codec {
	case "h264":
		args := words("libx264 -preset veryfast -qmin 12 -qmax 38 -b:v:0 " + b)
		switch p.FieldOrder {
		case "tt", "bt":
			args = append(args, "-flags:v:0", "+ilme+ildct", "-top:v:0", "1")
		case "bb", "tb":
			args = append(args, "-flags:v:0", "+ilme+ildct", "-top:v:0", "0")
		}
		switch p.BFrames { // as many frames are held back as the film has it, lest times of decoding begin earlier
		case 0:
			args = append(args, "-bf:v:0", "0")
		case 1:
			args = append(args, "-x264-params", "b-pyramid=none")
		}
		return args
	case "hevc":
		own := "log-level=none:qpmin=12:qpmax=38"
		switch p.BFrames {
		case 0:
			own += ":bframes=0"
		case 1:
			own += ":b-pyramid=0"
		}
		return words("libx265 -preset veryfast -b:v:0 " + b + " -x265-params " + own)
	case "vp8":
		return words("libvpx -deadline good -cpu-used 5 -crf 8 -b:v:0 " + b)
	case "vp9":
		return words("libvpx-vp9 -deadline realtime -cpu-used 5 -row-mt 1 -crf 18 -b:v:0 " + b)
	case "av1":
		return words("libaom-av1 -usage realtime -cpu-used 7 -row-mt 1 -crf 18 -b:v:0 " + b)
	case "prores":
		profile := map[string]string{"Proxy": "0", "LT": "1", "Standard": "2"}[p.Profile]
		if profile == "" {
			profile = "3"
		}
		return words("prores_ks -profile:v:0 " + profile)
	case "ffv1":
		return words("ffv1")
	case "flv1":
		return words("flv -qmin 2 -qmax 24 -b:v:0 " + b)
	}
	args := words(p.Codec + " -qmin 2 -qmax 24 -b:v:0 " + b)
	if p.BFrames > 0 && p.Codec != "mjpeg" {
		args = append(args, "-bf:v:0", "2")
	}
	return args
}

// matroska writes raw frames with their times, which a stream of nothing but frames would lose.
type matroska struct{ w io.Writer }

// element appends an element of EBML (RFC 8794).
func element(b []byte, id uint32, content ...byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if id>>shift != 0 {
			b = append(b, byte(id>>shift))
		}
	}
	return append(binary.BigEndian.AppendUint64(b, 1<<56|uint64(len(content))), content...)
}

func number(b []byte, id uint32, v uint64) []byte {
	return element(b, id, binary.BigEndian.AppendUint64(nil, v)...)
}

// begin writes what comes before the first frame. Times are in microseconds.
func (m matroska) begin(w, h int, fourCC string, rate float64) error {
	head := element(nil, 0x4282, []byte("matroska")...)        // DocType
	b := element(nil, 0x1A45DFA3, number(head, 0x4287, 4)...)  // EBML, DocTypeVersion
	b = append(b, 0x18, 0x53, 0x80, 0x67)                      // Segment
	b = append(b, 1, 255, 255, 255, 255, 255, 255, 255)        // of unknown length
	b = element(b, 0x1549A966, number(nil, 0x2AD7B1, 1000)...) // Info, TimestampScale in ns
	video := number(number(nil, 0xB0, uint64(w)), 0xBA, uint64(h))
	video = element(video, 0x2EB524, []byte(fourCC)...) // UncompressedFourCC
	track := number(number(number(nil, 0xD7, 1), 0x73C5, 1), 0x83, 1)
	track = element(track, 0x86, []byte("V_UNCOMPRESSED")...)
	track = number(track, 0x23E383, uint64(math.Round(1e9/rate))) // DefaultDuration in ns
	track = element(track, 0xE0, video...)
	b = element(b, 0x1654AE6B, element(nil, 0xAE, track...)...)
	_, err := m.w.Write(b)
	return err
}

// frame writes a frame: a cluster of its own with one simple block, which is a key frame.
func (m matroska) frame(us int64, frame []byte) error {
	clock := number(nil, 0xE7, uint64(max(us, 0)))
	length := uint64(len(frame) + 4)
	b := append([]byte{0x1F, 0x43, 0xB6, 0x75}, binary.BigEndian.AppendUint64(nil, 1<<56|(uint64(len(clock))+9+length))...)
	b = append(b, clock...)
	b = binary.BigEndian.AppendUint64(append(b, 0xA3), 1<<56|length)
	if _, err := m.w.Write(append(b, 0x81, 0, 0, 0x80)); err != nil {
		return err
	}
	_, err := m.w.Write(frame)
	return err
}
