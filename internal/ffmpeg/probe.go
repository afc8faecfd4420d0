package ffmpeg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Probe is what ffprobe says about a file.
type Probe struct {
	Streams []Stream `json:"streams"`
	Format  struct {
		Name      string            `json:"format_name"`
		StartTime Number            `json:"start_time"` // seconds
		Duration  Number            `json:"duration"`   // seconds
		Size      Number            `json:"size"`       // bytes
		BitRate   Number            `json:"bit_rate"`   // bits in a second
		Tags      map[string]string `json:"tags"`
	} `json:"format"`
}

// Stream is one stream of a file. What ffprobe does not know is zero.
type Stream struct {
	Index    int    `json:"index"`
	Type     string `json:"codec_type"` // video, audio, subtitle, data, attachment
	Codec    string `json:"codec_name"`
	Tag      string `json:"codec_tag_string"`
	Profile  string `json:"profile"`
	TimeBase Ratio  `json:"time_base"`
	StartPTS int64  `json:"start_pts"` // in TimeBase
	Start    Number `json:"start_time"`
	Duration Number `json:"duration"` // seconds
	Units    int64  `json:"duration_ts"`
	BitRate  Number `json:"bit_rate"`
	Frames   Number `json:"nb_frames"`
	Extra    int    `json:"extradata_size"` // bytes of codec configuration

	SampleFormat  string `json:"sample_fmt"`
	SampleRate    Number `json:"sample_rate"`
	Channels      int    `json:"channels"`
	ChannelLayout string `json:"channel_layout"`
	Bits          int    `json:"bits_per_sample"`
	RawBits       Number `json:"bits_per_raw_sample"`
	Padding       int    `json:"initial_padding"`

	Width        int    `json:"width"`
	Height       int    `json:"height"`
	CodedWidth   int    `json:"coded_width"`
	CodedHeight  int    `json:"coded_height"`
	PixelFormat  string `json:"pix_fmt"`
	Level        int    `json:"level"`
	FieldOrder   string `json:"field_order"`
	BFrames      int    `json:"has_b_frames"`
	Refs         int    `json:"refs"`
	NALSize      Number `json:"nal_length_size"`
	PixelAspect  string `json:"sample_aspect_ratio"`
	Rate         Ratio  `json:"r_frame_rate"`   // lowest that holds all times
	MeanRate     Ratio  `json:"avg_frame_rate"` // mean
	ColorRange   string `json:"color_range"`
	ColorSpace   string `json:"color_space"`
	Transfer     string `json:"color_transfer"`
	Primaries    string `json:"color_primaries"`
	ChromaPlace  string `json:"chroma_location"`
	SideDataList []struct {
		Type     string  `json:"side_data_type"`
		Rotation float64 `json:"rotation"` // degrees counter-clockwise
		Matrix   string  `json:"displaymatrix"`
	} `json:"side_data_list"`
	Disposition map[string]int    `json:"disposition"`
	Tags        map[string]string `json:"tags"`
}

// Rotation is the display rotation in degrees counter-clockwise, from the display matrix.
func (s Stream) Rotation() float64 {
	for _, d := range s.SideDataList {
		if d.Matrix != "" || d.Rotation != 0 {
			return d.Rotation
		}
	}
	return 0
}

// Number is a number that ffprobe prints as a string. Zero stands for one that it does not know.
type Number float64

// UnmarshalJSON reads "12.5", 12.5 and "N/A".
func (n *Number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		v = 0
	}
	*n = Number(v)
	return nil
}

// Ratio is a fraction such as a time base. It is 0/0 where ffprobe does not know.
type Ratio struct{ Num, Den int64 }

// UnmarshalJSON reads "30000/1001".
func (r *Ratio) UnmarshalJSON(b []byte) error {
	num, den, _ := strings.Cut(strings.Trim(string(b), `"`), "/")
	n, err := strconv.ParseInt(num, 10, 64)
	d, err2 := strconv.ParseInt(den, 10, 64)
	if err != nil || err2 != nil {
		n, d = 0, 0
	}
	*r = Ratio{n, d}
	return nil
}

// Float is the ratio as a number, and zero where it is not known.
func (r Ratio) Float() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// String is the ratio as ffmpeg takes it.
func (r Ratio) String() string {
	return strconv.FormatInt(r.Num, 10) + "/" + strconv.FormatInt(r.Den, 10)
}

// maxProbe is the most that a description of a file may take, in bytes.
const maxProbe = 16 << 20

// Probe asks ffprobe what streams a file has.
func (t *Tools) Probe(ctx context.Context, file string) (Probe, error) {
	var p Probe
	out := &bounded{limit: maxProbe}
	if err := t.Inspect(ctx, []string{"-show_streams", "-show_format", "-of", "json", "-i", file}, out); err != nil {
		return p, err
	}
	if err := json.Unmarshal(out.b, &p); err != nil {
		return Probe{}, fmt.Errorf("reading what ffprobe says: %w", err)
	}
	return p, nil
}

// First returns the first stream of a type that is no cover picture, and false when there is none.
func (p Probe) First(kind string) (Stream, bool) {
	for _, s := range p.Streams {
		if s.Type == kind && s.Disposition["attached_pic"] == 0 {
			return s, true
		}
	}
	return Stream{}, false
}

// bounded keeps up to limit bytes and refuses more.
type bounded struct {
	b     []byte
	limit int
}

func (w *bounded) Write(b []byte) (int, error) {
	if len(w.b)+len(b) > w.limit {
		return 0, errors.New("ffmpeg: the output is longer than its limit")
	}
	w.b = append(w.b, b...)
	return len(b), nil
}
