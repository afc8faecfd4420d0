package film

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// muxers are ffmpeg's names of the containers.
var muxers = map[media.Format]string{media.MP4: "mp4", media.MOV: "mov", media.MKV: "matroska", media.WebM: "webm", media.AVI: "avi",
	media.FLV: "flv", media.MPEGTS: "mpegts"}

// whole encodes all pictures of the film anew. Sound and the rest are copied.
func (j *job) whole(ctx context.Context, p *plan) (*Result, error) {
	scratch, err := j.Tools.Scratch()
	if err != nil {
		return nil, err
	}
	defer scratch.Close()
	w, err := j.open(ctx, scratch)
	if err != nil {
		return nil, err
	}
	if there, err := w.there(ctx); err != nil {
		return nil, err
	} else if there {
		return j.unchanged(), nil
	} else if j.look {
		return nil, errAbsent
	}
	if err := w.checked(ctx, scratch); err != nil {
		return nil, err
	}
	made, err := scratch.Take("out")
	if err != nil {
		return nil, err
	}
	j.anew(w.why(p.reason))
	if w.sound != "" {
		j.anew("sound in this container has no times of its own")
	}
	j.report.Words, j.report.Place, j.report.Method = w.stamp.words, string(w.stamp.corner), "re-encoded"
	j.report.Ink, j.report.Contrast = w.stamp.ink, w.stamp.contrast
	j.report.Added, j.report.Seconds = w.longer, w.stands
	edit := new(media.Edit)
	edit.Keep(0, made.Size())
	return &Result{Edit: edit, Source: made, Report: j.report}, nil
}

// checked encodes the film and looks at it. What became too faint at about the film's rate is encoded once more at any rate.
func (w *wholeFilm) checked(ctx context.Context, scratch *ffmpeg.Scratch) error {
	drawn := *w.stamp
	for _, free := range []bool{false, true} {
		*w.stamp = drawn
		w.encoder = wholeEncoder(w.video, w.source[w.video.Index].rate(w.seconds), free)
		out := scratch.Path("out")
		args, err := w.args(ctx, scratch, out)
		if err != nil {
			return err
		}
		if err := w.encodeWith(ctx, args, w.encoder[0], &counter{whole: w}); err != nil {
			return err
		}
		if err = w.check(ctx, out); free || ctx.Err() != nil || !errors.Is(err, errUnfit) {
			return err
		}
	}
	return nil
}

// open gives the film to ffmpeg and asks what it is.
func (j *job) open(ctx context.Context, scratch *ffmpeg.Scratch) (*wholeFilm, error) {
	in, err := scratch.Put("in", j.Source)
	if err != nil {
		return nil, err
	}
	probe, err := j.Tools.Probe(ctx, in)
	if err != nil {
		return nil, err
	}
	return newWhole(ctx, j, probe, in, scratch)
}

// why is the reason that is told: a film that is too short needs no other.
func (w *wholeFilm) why(reason string) string {
	switch {
	case w.added > 0:
		return string(tooShort)
	case reason == string(fragments):
		return "the film is in fragments; the new one is not"
	}
	return reason
}

// counter takes one small picture for each frame that goes to the encoder, and tells the progress. What ffmpeg itself says
// stays at zero for as long as an encoder looks ahead.
type counter struct {
	whole *wholeFilm
	bytes int
}

// Write takes pictures of four bytes.
func (c *counter) Write(b []byte) (int, error) {
	c.bytes += len(b)
	w := c.whole
	if all := w.source[w.video.Index].count + w.held; w.Progress != nil && all > 0 {
		total := w.seconds + w.added
		w.Progress(min(1, float64(c.bytes/4)/float64(all))*total, total)
	}
	return len(b), nil
}

// wholeFilm is a film that is encoded anew.
type wholeFilm struct {
	*job
	in, plate      string
	video          ffmpeg.Stream
	kept           []ffmpeg.Stream // tracks besides, in the order of the new film
	source         map[int]*timing // of the packets of each track
	encoder        []string
	stamp          *stamp
	start          float64 // time of the first frame
	seconds, added float64
	held           int     // frames by which the film becomes longer
	sound          string  // encoder of the sound, where that can't be copied
	stands         float64 // seconds for which the notice was seen to stand
	longer         float64 // seconds by which the film was seen to be longer
}

func newWhole(ctx context.Context, j *job, probe ffmpeg.Probe, in string, scratch *ffmpeg.Scratch) (*wholeFilm, error) {
	w := &wholeFilm{job: j, in: in}
	if err := w.choose(probe); err != nil {
		return nil, err
	}
	texts := map[int]bool{}
	for _, s := range w.kept {
		texts[s.Index] = s.Type == "subtitle"
	}
	var err error
	if w.source, err = j.timings(ctx, in, texts); err != nil {
		return nil, err
	}
	pictures := w.source[w.video.Index]
	if pictures == nil {
		return nil, noPictures()
	}
	if w.start, err = j.begin(ctx, in, w.video.Index); err != nil {
		return nil, err
	}
	// The last frame's own time is no matter here: a film that is too short by a frame is made longer.
	if w.seconds = float64(w.video.Duration); w.seconds <= 0 {
		w.seconds = pictures.span()
	}
	if w.seconds < notice.MinSeconds {
		rate := w.rate()
		w.held = int(math.Ceil((notice.MinSeconds - w.seconds) * rate * (1 - 1e-9)))
		w.added = float64(w.held) / rate
		if err := w.encodeSound(); err != nil {
			return nil, err
		}
	}
	width, height := w.size()
	if w.stamp, err = lay(j.Plate, j.Options.Corner, width, height, w.aspect(), matrix{}); err != nil {
		return nil, err
	}
	b, err := w.stamp.encode()
	if err != nil {
		return nil, err
	}
	w.plate, err = scratch.Write("plate.png", bytes.NewReader(b))
	return w, err
}

// choose finds the track of pictures and those that are kept, and refuses what can't be kept.
func (w *wholeFilm) choose(probe ffmpeg.Probe) error {
	films := 0
	for _, s := range probe.Streams {
		switch {
		case s.Type == "video" && s.Disposition["attached_pic"] == 0:
			films++
		case s.Type == "audio", s.Type == "subtitle", s.Type == "attachment", s.Type == "video" && w.covers():
			w.kept = append(w.kept, s)
		}
	}
	var ok bool
	if w.video, ok = probe.First("video"); !ok || w.video.Width <= 0 || w.video.Height <= 0 {
		return noPictures()
	}
	if films > 1 {
		return media.Unsupported("video", 0, "more than one track of pictures")
	}
	if err := fits(w.video); err != nil {
		return err
	}
	if !encodes(w.video.Codec) {
		return media.Unsupported("video", 0, "coded as "+printable(w.video.Codec))
	}
	return formed(w.video)
}

// covers reports whether the container holds cover pictures.
func (w *wholeFilm) covers() bool {
	return w.Format == media.MP4 || w.Format == media.MOV || w.Format == media.MKV
}

// formed refuses pictures that can't be encoded as they are.
func formed(s ffmpeg.Stream) error {
	form := s.PixelFormat
	for _, part := range []string{"yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16"} {
		if strings.HasPrefix(form, part) {
			return errTransparent()
		}
	}
	for k, v := range s.Tags {
		if strings.EqualFold(k, "alpha_mode") && v != "0" {
			return errTransparent()
		}
	}
	if laid(form) == "" {
		return media.Unsupported("video", 0, "pictures of the form "+printable(form))
	}
	return nil
}

// errTransparent refuses pictures whose transparency would be lost.
func errTransparent() error { return media.Unsupported("video", 0, "pictures with transparency") }

// rate is the number of frames in a second, as ffmpeg counts those that it holds.
func (w *wholeFilm) rate() float64 {
	rate, mean := w.video.Rate.Float(), w.video.MeanRate.Float()
	if mean > 0 && mean < 70 && rate > 210 {
		rate = mean
	}
	if rate <= 0 {
		return 25
	}
	return rate
}

// encodeSound has the sound encoded anew where it must begin later in a container that holds no times.
func (w *wholeFilm) encodeSound() error {
	if w.Format != media.AVI {
		return nil
	}
	for _, s := range w.kept {
		if s.Type != "audio" {
			continue
		}
		if w.sound = soundEncoders[s.Codec]; strings.HasPrefix(s.Codec, "pcm_") {
			w.sound = s.Codec
		}
		if w.sound == "" {
			return media.Unsupported("audio", 0, "coded as "+printable(s.Codec))
		}
	}
	return nil
}

// aspect is how many times as wide as high the pixels of an upright picture are.
func (w *wholeFilm) aspect() float64 {
	if w.onSide() {
		return 1 / ratio(w.video.PixelAspect)
	}
	return ratio(w.video.PixelAspect)
}

// onSide reports whether the pictures are stored on their side. ffmpeg turns them upright.
func (w *wholeFilm) onSide() bool {
	r := int(math.Abs(w.video.Rotation())+0.5) % 180
	return r > 45 && r < 135
}

// size is that of the pictures upright.
func (w *wholeFilm) size() (width, height int) {
	if w.onSide() {
		return w.video.Height, w.video.Width
	}
	return w.video.Width, w.video.Height
}

// ratio reads "4:3", and takes anything else for 1.
func ratio(s string) float64 {
	num, den, _ := strings.Cut(s, ":")
	n, err := strconv.ParseFloat(num, 64)
	d, err2 := strconv.ParseFloat(den, 64)
	if err != nil || err2 != nil || n <= 0 || d <= 0 {
		return 1
	}
	return n / d
}

// graph lays the plate over the pictures in their own form, so that no pixel beside it is converted, and lets one small
// picture a frame out for the counter.
func (w *wholeFilm) graph() string {
	film := fmt.Sprintf("[0:%d]", w.video.Index)
	enable, hold := "", ""
	if w.held > 0 {
		hold = fmt.Sprintf("%ssettb=1/1000000,tpad=start_mode=clone:start=%d[t];", film, w.held) // which rounds each frame to the clock
		film = "[t]"
	} else if !w.Options.Whole {
		enable = fmt.Sprintf(":enable='lt(t,%.6f)'", notice.MinSeconds-1e-6)
	}
	return fmt.Sprintf("[1:v]%s[p];%s%s[p]overlay=x=%d:y=%d:format=%s:repeatlast=1%s,split[v][s];[s]crop=2:2:0:0:exact=1,format=gray[n]",
		plateForm(w.video), hold, film, w.stamp.at.X, w.stamp.at.Y, laid(w.video.PixelFormat), enable)
}

// args are the words for the whole film. The pictures begin at zero while they are encoded, lest an encoder's clock move
// them against the other tracks; the container's offset is added again behind it.
func (w *wholeFilm) args(ctx context.Context, scratch *ffmpeg.Scratch, out string) ([]string, error) {
	offset := func(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
	args := []string{"-copyts", "-max_pixels", itoa(maxArea), "-itsoffset", offset(-w.start), "-i", w.in, "-f", "png_pipe", "-i", w.plate,
		"-itsoffset", offset(w.added - w.start), "-i", w.in}
	chapters, err := w.chapters(ctx, scratch)
	if err != nil {
		return nil, err
	}
	args = append(args, "-f", "ffmetadata", "-i", chapters)
	maps := []string{"-map", "[v]"}
	tags := []string{"-map_metadata", "0", "-map_chapters", "3", "-map_metadata:s:0", "0:s:" + itoa(w.video.Index), "-disposition:0", dispositions(w.video)}
	var own []string
	for i, s := range w.kept {
		from := "2:" + itoa(s.Index)
		if s.Type == "audio" && w.Format == media.AVI {
			path, err := w.toMatroska(ctx, scratch, s)
			if err != nil {
				return nil, err
			}
			from = itoa(4+len(own)/2) + ":0"
			own = append(own, "-i", path)
		}
		maps = append(maps, "-map", from)
		tags = append(tags, "-map_metadata:s:"+itoa(i+1), "0:s:"+itoa(s.Index), "-disposition:"+itoa(i+1), dispositions(s))
		if s.Codec == "opus" && muxers[w.Format] != "mp4" {
			early, err := w.early(ctx, scratch, s)
			if err != nil {
				return nil, err
			}
			tags = append(tags, "-bsf:"+itoa(i+1), fmt.Sprintf("setts=ts=TS+%.6f/TB", early))
		}
	}
	args = append(args, own...)
	args = append(append(args, "-filter_complex", w.graph()), maps...)
	args = append(append(args, "-c", "copy"), tags...)
	args = append(append(args, "-pix_fmt:v:0", w.video.PixelFormat), colours(w.video)...)
	args = append(append(args, w.clock()...), "-c:v:0")
	args = append(args, w.encoder...)
	switch w.Format {
	case media.MP4, media.MOV:
		args = append(args, "-movflags", "+faststart+use_metadata_tags")
		if w.video.TimeBase.Num == 1 {
			args = append(args, "-video_track_timescale", strconv.FormatInt(w.video.TimeBase.Den, 10))
		}
		if w.video.Codec == "hevc" {
			args = append(args, "-tag:v:0", "hvc1")
		}
	case media.MPEGTS:
		// The clock runs ahead of the packets by twice this, and can't begin below zero.
		first := math.Inf(1)
		for _, s := range w.source {
			first = min(first, s.decoded)
		}
		args = append(args, "-mpegts_copyts", "1", "-muxdelay", offset(min(0.7, max(0, first/2))))
	}
	if w.Format != media.AVI { // its tracks all begin at once
		args = append(args, "-output_ts_offset", offset(w.start))
	}
	return append(args, "-f", muxers[w.Format], out,
		"-map", "[n]", "-c:v", "rawvideo", "-fps_mode", "passthrough", "-flush_packets", "1", "-f", "rawvideo", "pipe:1"), nil
}

// toMatroska copies a track of sound. Packets that come from AVI have lost their lengths, and Matroska finds them again.
// Sound that must begin later, or that can't be copied, is encoded anew.
func (w *wholeFilm) toMatroska(ctx context.Context, scratch *ffmpeg.Scratch, s ffmpeg.Stream) (string, error) {
	path := scratch.Path("sound" + itoa(s.Index))
	args := []string{"-i", w.in, "-map", "0:" + itoa(s.Index), "-c", "copy"}
	if w.sound == "" {
		err := w.Tools.Run(ctx, append(args, "-f", "matroska", path), nil, nil, nil)
		if err == nil || ctx.Err() != nil {
			return path, err
		}
		if err := w.encodeSound(); err != nil {
			return "", err
		}
	}
	late := max(0, w.added*1000-1000*soundDelay[w.sound]/max(1, float64(s.SampleRate)))
	filter := fmt.Sprintf("asetpts=PTS-STARTPTS,adelay=%.3f:all=1", late)
	if w.added == 0 {
		filter = fmt.Sprintf("atrim=start_sample=%d,asetpts=PTS-STARTPTS", int(soundDelay[w.sound]))
	}
	args = append(args, "-c:a", w.sound, "-af", filter)
	if !strings.HasPrefix(w.sound, "pcm_") {
		args = append(args, "-b:a", itoa(min(max(w.source[s.Index].rate(w.seconds), 32000), 320000)/1000*1000))
	}
	return path, w.Tools.Run(ctx, append(args, "-f", "matroska", path), nil, nil, nil)
}

// early is by how many seconds ffmpeg brings Opus too early when it copies it: releases differ in whether they take the
// codec's delay off once more.
func (w *wholeFilm) early(ctx context.Context, scratch *ffmpeg.Scratch, s ffmpeg.Stream) (float64, error) {
	trial := scratch.Path("trial")
	err := w.Tools.Run(ctx, []string{"-copyts", "-itsoffset", "1", "-i", w.in, "-map", "0:" + itoa(s.Index), "-c", "copy", "-f", muxers[w.Format], trial}, nil, nil, nil)
	if err != nil {
		return 0, err
	}
	made, err := w.timings(ctx, trial, nil)
	if err != nil || made[0] == nil || w.source[s.Index] == nil {
		return 0, err
	}
	return w.source[s.Index].first + 1 - made[0].first, nil
}

// chapters writes the film's chapters, each later by what is added. The first frame is held within the chapter that begins
// with it.
func (w *wholeFilm) chapters(ctx context.Context, scratch *ffmpeg.Scratch) (path string, err error) {
	var out bytes.Buffer
	if err := w.Tools.Inspect(ctx, []string{"-show_chapters", "-of", "json", "-i", w.in}, &out); err != nil {
		return "", err
	}
	var list struct {
		Chapters []struct {
			Start ffmpeg.Number     `json:"start_time"`
			End   ffmpeg.Number     `json:"end_time"`
			Tags  map[string]string `json:"tags"`
		} `json:"chapters"`
	}
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		return "", fmt.Errorf("reading chapters: %w", err)
	}
	escaped := strings.NewReplacer(`\`, `\\`, "=", `\=`, ";", `\;`, "#", `\#`, "\n", "\\\n", "\r", "")
	text := ";FFMETADATA1\n"
	for _, c := range list.Chapters {
		start, end := float64(c.Start)+w.added, float64(c.End)+w.added
		if c.Start <= 0 {
			start = float64(c.Start)
		}
		text += fmt.Sprintf("[CHAPTER]\nTIMEBASE=1/1000000\nSTART=%d\nEND=%d\n", int64(math.Round(start*1e6)), int64(math.Round(end*1e6)))
		for k, v := range c.Tags {
			text += escaped.Replace(k) + "=" + escaped.Replace(v) + "\n"
		}
	}
	return scratch.Write("chapters", strings.NewReader(text))
}

// clock keeps the pictures' times where codec and container have times of their own.
func (w *wholeFilm) clock() []string {
	b := w.video.TimeBase
	if w.Format == media.AVI || !timed(w.video.Codec) || b.Num <= 0 || b.Den <= 0 || b.Den > 1<<24 {
		return []string{"-fps_mode:v:0", "vfr"}
	}
	return []string{"-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", strconv.FormatInt(b.Num, 10) + ":" + strconv.FormatInt(b.Den, 10)}
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

// check holds times of the new film against the old one, and measures the plate on the first frame and on one near the end
// of the notice.
func (w *wholeFilm) check(ctx context.Context, out string) error {
	start, err := w.begin(ctx, out, 0)
	if err != nil {
		return err
	}
	texts := map[int]bool{}
	for i, s := range w.kept {
		texts[i+1] = s.Type == "subtitle"
	}
	made, err := w.timings(ctx, out, texts)
	if err != nil {
		return err
	}
	if err := w.inTime(made, start); err != nil {
		return err
	}
	b := w.stamp.picture.Bounds()
	e := &encoding{job: w.job, stamp: w.stamp, probe: w.video, cut: cut{stamped: 1}}
	step := max(0.1, 2/max(1, w.video.Rate.Float())) // lest no frame be left: the one that stands there at the latest
	for _, at := range []float64{0, min(notice.MinSeconds, w.stands) - step} {
		see := &viewer{e: e, frame: make([]byte, b.Dx()*b.Dy()), without: -1}
		filter := fmt.Sprintf("trim=start=%.6f,crop=%d:%d:%d:%d:exact=1,extractplanes=y,format=gray", start-1e-4+max(0, at), b.Dx(), b.Dy(), w.stamp.at.X, w.stamp.at.Y)
		err := w.Tools.Run(ctx, []string{"-copyts", "-i", out, "-map", "0:v:0", "-vf", filter, "-frames:v", "1", "-f", "rawvideo", "pipe:1"}, nil, see, nil)
		if err != nil {
			return err
		}
		if see.frames != 1 || see.without >= 0 {
			return unstamped(strconv.FormatFloat(at, 'f', 2, 64))
		}
	}
	return tooFaint(w.stamp, w.video)
}

// tooFaint refuses what was measured below the standard.
func tooFaint(s *stamp, v ffmpeg.Stream) error {
	if s.ink >= notice.MinInk && s.contrast >= notice.MinContrast {
		return nil
	}
	return &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeTooSmall, Clauses: []colophon.Clause{colophon.ClauseGB5},
		Args: colophon.Args{"width": itoa(v.Width), "height": itoa(v.Height)}, Err: errUnfit}
}
