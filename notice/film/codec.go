package film

import (
	"fmt"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/ffmpeg"
)

// encoder returns the words that choose and set the encoder: no B-frames and nothing held back, so that frames come out one
// by one in the order of display; near transparent; profile and colours those of the film.
func (e *encoding) encoder() ([]string, error) {
	p := e.probe
	args := append(append([]string{"-pix_fmt", p.PixelFormat}, colours(p)...), e.keys()...)
	most := e.rate()
	switch e.track.codec {
	case h264:
		return append([]string{"-c:v", "libx264"}, append(args, e.x264()...)...), nil
	case h265:
		if p.FieldOrder != "" && p.FieldOrder != "progressive" && p.FieldOrder != "unknown" {
			return nil, obstacle("the film is interlaced H.265")
		}
		own := "log-level=none:bframes=0:aud=1:repeat-headers=1:info=0:hrd=0:open-gop=0:keyint=250:qpmin=10:qpmax=40"
		return append([]string{"-c:v", "libx265"}, append(append(args, "-preset", "veryfast"), append(e.held(most), "-x265-params", own)...)...), nil
	case vp9:
		return append([]string{"-c:v", "libvpx-vp9"}, append(args, "-deadline", "realtime", "-cpu-used", "5", "-row-mt", "1", "-crf", "18", "-qmax", "34",
			"-b:v", itoa(most), "-lag-in-frames", "0", "-auto-alt-ref", "0", "-error-resilient", "0")...), nil
	}
	return append([]string{"-c:v", "libaom-av1"}, append(args, "-usage", "realtime", "-cpu-used", "7", "-row-mt", "1", "-crf", "18", "-qmax", "34",
		"-b:v", itoa(most), "-lag-in-frames", "0")...), nil
}

// rate returns the mean rate of the new packets in bits a second, as the encoder counts time: above that of the old ones,
// since no picture looks ahead, and all are coded a second time; and not so low that nothing can be seen.
func (e *encoding) rate() int {
	if e.free {
		return 1 << 30
	}
	return int(min(float64(max(e.old(), e.least()))*e.share*25*8/float64(e.cut.frames), 1<<30))
}

// least is the size of the packets below which nothing can be seen.
func (e *encoding) least() int64 {
	return int64(e.probe.Width) * int64(e.probe.Height) / 2 / 25 / 8 * int64(e.cut.frames)
}

// size is that of the packets, zero where there are none.
func (c *coded) size() (size int64) {
	if c == nil {
		return 0
	}
	for _, u := range c.units {
		size += int64(len(u.data))
	}
	return size
}

// old is how many bytes the packets have that give way.
func (e *encoding) old() (size int64) {
	for _, s := range e.track.samples[:e.cut.frames] {
		size += s.size
	}
	return size
}

// held holds x264 and x265 to a mean rate. A limit with a buffer would starve the frames at its end.
func (e *encoding) held(rate int) []string {
	if e.free {
		return []string{"-crf", "17"}
	}
	return []string{"-b:v", itoa(rate)}
}

// x264 keeps profile, level and field order.
func (e *encoding) x264() []string {
	args := append([]string{"-preset", "veryfast", "-bf", "0", "-qmin", "10", "-qmax", "40"}, e.held(e.rate())...)
	if sps := e.sets.first(7); len(sps) > 3 {
		if name := map[byte]string{66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}[sps[1]]; name != "" {
			args = append(args, "-profile:v", name)
		}
		if sps[3] >= 10 && sps[3] <= 62 {
			args = append(args, "-level:v", itoa(int(sps[3])))
		}
	}
	own := fmt.Sprintf("aud=1:repeat-headers=1:annexb=1:open-gop=0:keyint=250:sps-id=%d:pic-struct=0:nal-hrd=none", e.number)
	switch e.probe.FieldOrder {
	case "tt", "bt":
		own += ":tff=1"
	case "bb", "tb":
		own += ":bff=1"
	}
	return append(args, "-x264-params", own)
}

// keys puts key frames where the film has them, so that a player finds as many as before.
func (e *encoding) keys() []string {
	at := make(map[int64]bool)
	for _, s := range e.track.samples {
		if s.key {
			at[s.pts] = true
		}
	}
	var list []string
	for i, pts := range e.track.times[:e.cut.frames] {
		if at[pts] {
			list = append(list, fmt.Sprintf("%.3f", float64(i)/25))
		}
	}
	if len(list) > 500 {
		return []string{"-g", itoa(max(1, e.cut.frames/len(list)))}
	}
	if len(list) == 0 {
		return nil
	}
	return []string{"-force_key_frames", strings.Join(list, ",")}
}

// colours are the words for the meaning of the pixels.
func colours(p ffmpeg.Stream) (args []string) {
	for _, c := range [][2]string{{"-colorspace:v:0", p.ColorSpace}, {"-color_trc:v:0", p.Transfer}, {"-color_primaries:v:0", p.Primaries},
		{"-color_range:v:0", p.ColorRange}, {"-chroma_sample_location:v:0", p.ChromaPlace}} {
		if c[1] != "" && !strings.HasPrefix(c[1], "unknown") && !strings.HasPrefix(c[1], "unspec") {
			args = append(args, c[0], c[1])
		}
	}
	return args
}

// soundEncoders are ffmpeg's encoders of sound, by the name that ffprobe gives the coding.
var soundEncoders = map[string]string{"aac": "aac", "mp3": "libmp3lame", "mp2": "mp2", "ac3": "ac3"}

// soundDelay is how many samples of silence an encoder puts before the sound.
var soundDelay = map[string]float64{"aac": 1024, "libmp3lame": 1105, "mp2": 481, "ac3": 256}

// timed reports whether frames of a coding may come at any time, and not only by the beat of its own clock.
func timed(name string) bool {
	return slices.Contains([]string{"h264", "hevc", "vp8", "vp9", "av1", "mjpeg", "prores", "ffv1"}, name)
}

// encodes reports whether there is an encoder for a coding of pictures, by the name that ffprobe gives it.
func encodes(name string) bool {
	return timed(name) || slices.Contains([]string{"mpeg4", "mpeg2video", "mpeg1video", "flv1"}, name)
}

// wholeEncoder are the words for encoding a whole film anew whose pictures have a mean rate in bits a second. The new ones
// have about a quarter more, since they are coded a second time. The rate is held over the film and not in a buffer: a
// small one starves single frames. A free encoder gets more than it needs.
func wholeEncoder(p ffmpeg.Stream, rate int, free bool) []string {
	rate = min(max(rate+rate/5, p.Width*p.Height/4), 1<<30)
	if free {
		rate = min(8*rate, 1<<30) + 16*p.Width*p.Height
	}
	b := itoa(rate)
	words := func(s string) []string { return strings.Fields(s) }
	switch p.Codec {
	case "h264":
		args := words("libx264 -preset veryfast -qmin 12 -qmax 38 -b:v:0 " + b)
		switch p.FieldOrder {
		case "tt", "bt":
			args = append(args, "-flags:v:0", "+ilme+ildct", "-top:v:0", "1")
		case "bb", "tb":
			args = append(args, "-flags:v:0", "+ilme+ildct", "-top:v:0", "0")
		}
		// As many frames are held back as the film has it, lest times of decoding begin earlier.
		switch p.BFrames {
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
	if !free {
		b = itoa(rate - rate/6) // they run over
	}
	args := words(p.Codec + " -qmin 2 -qmax 24 -b:v:0 " + b)
	if p.BFrames > 0 && p.Codec != "mjpeg" {
		args = append(args, "-bf:v:0", "2")
	}
	return args
}
