package flv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/flv"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

func video(t testing.TB, more ...string) []byte {
	t.Helper()
	args := []string{"-f", "lavfi", "-i", "testsrc2=s=64x48:d=1:r=10", "-f", "lavfi", "-i", "sine=d=1:r=44100", "-c:v", "flv1", "-g", "3", "-c:a", "pcm_s16le", "-shortest"}
	return mediatest.FFmpeg(t, "a.flv", append(args, more...)...)
}

// AMF0 and tags, built by hand.

func str(s string) string {
	if len(s) > math.MaxUint16 {
		return "\x0c" + string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	return "\x02" + string(binary.BigEndian.AppendUint16(nil, uint16(len(s)))) + s
}

func num(n float64) string {
	return "\x00" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(n)))
}

func members(list ...string) (s string) {
	for i := 0; i < len(list); i += 2 {
		s += str(list[i])[1:] + list[i+1]
	}
	return s
}

func object(list ...string) string { return "\x03" + members(list...) + "\x00\x00\x09" }

func array(count int, list ...string) string {
	return "\x08" + string(binary.BigEndian.AppendUint32(nil, uint32(count))) + members(list...) + "\x00\x00\x09"
}

func strict(list ...string) string {
	return "\x0a" + string(binary.BigEndian.AppendUint32(nil, uint32(len(list)))) + strings.Join(list, "")
}

func tag(kind byte, time uint32, data string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b[0] = kind
	b = append(b, byte(time>>16), byte(time>>8), byte(time), byte(time>>24), 0, 0, 0)
	b = append(b, data...)
	return string(binary.BigEndian.AppendUint32(b, uint32(len(b))))
}

func meta(value string) string { return tag(18, 0, str("onMetaData")+value) }

const header = "FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"

var media0 = tag(9, 0, "\x12key") + tag(8, 0, "\x02a")
var media1 = tag(9, 40, "\x12key2") + tag(8, 40, "\x02b")

func scan(t *testing.T, b string) *media.Survey {
	t.Helper()
	survey, err := flv.Container{}.Scan(strings.NewReader(b), media.FLV)
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

func label(t *testing.T, b, id string) string {
	t.Helper()
	put := media.Put{Place: media.PlaceOnMetaData, Value: mediatest.Value(id)}
	out := mediatest.Apply(t, flv.Container{}, media.FLV, []byte(b), put)
	mediatest.One(t, flv.Container{}, media.FLV, out, put.Place, put.Value)
	if again := mediatest.Apply(t, flv.Container{}, media.FLV, out, put); !bytes.Equal(again, out) {
		t.Error("putting the same label again changed the file")
	}
	return string(out)
}

func value(id string) string { return str(string(mediatest.Value(id))) }

// payload returns the tags of audio and video.
func payload(t *testing.T, b []byte) (list [][]byte) {
	t.Helper()
	for at := int(binary.BigEndian.Uint32(b[5:])) + 4; at < len(b); {
		size := 11 + int(binary.BigEndian.Uint32(b[at:])&0xffffff)
		if got := int(binary.BigEndian.Uint32(b[at+size:])); got != size {
			t.Fatalf("tag at %d: PreviousTagSize %d, want %d", at, got, size)
		}
		if b[at] != 18 {
			list = append(list, b[at:at+size])
		}
		at += size + 4
	}
	return list
}

func TestContainer(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string][]byte{
		"ffmpeg":    video(t, "-metadata", "title=t", "-metadata", "comment=c"),
		"keyframes": video(t, "-flvflags", "add_keyframe_index"),
		"no script": video(t, "-flvflags", "no_metadata+no_duration_filesize"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frames := mediatest.SameFrames("a.flv")
			mediatest.Run(t, mediatest.Case{
				Container: flv.Container{}, Format: media.FLV, Sample: sample,
				Same: func(t *testing.T, before, after []byte) {
					if !slices.EqualFunc(payload(t, before), payload(t, after), bytes.Equal) {
						t.Error("tags of audio and video differ")
					}
					frames(t, before, after)
				},
			})
		})
	}
}

// TestIndexFollows checks that each offset of an index points to a keyframe, before and after.
func TestIndexFollows(t *testing.T) {
	t.Parallel()
	sample := video(t, "-flvflags", "add_keyframe_index")
	for _, id := range []string{"s", strings.Repeat("long", 50)} {
		out := label(t, string(sample), id)
		tags := mediatest.Exiftool(t, "a.flv", []byte(out))
		list := strings.Trim(tags["Flash:KeyFramePositions"], "[]")
		checked := 0
		for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			at := 0
			for _, c := range text {
				at = at*10 + int(c-'0')
			}
			if at+12 > len(out) || out[at] != 9 || out[at+11]>>4 != 1 {
				t.Errorf("no keyframe at %d", at)
			}
			checked++
		}
		if checked < 3 {
			t.Errorf("index %q of %v", list, tags)
		}
		probed := mediatest.FFprobeTags(t, "a.flv", []byte(out))
		if probed["AIGC"] != string(mediatest.Value(id)) {
			t.Errorf("ffprobe reads %v", probed)
		}
		at := strings.Index(out, "filesize\x00") + len("filesize\x00")
		if got := math.Float64frombits(binary.BigEndian.Uint64([]byte(out[at:]))); got != float64(len(out)) {
			t.Errorf("filesize %v of %d", got, len(out))
		}
	}
}

func TestReadByOthers(t *testing.T) {
	t.Parallel()
	out := []byte(label(t, string(video(t, "-metadata", "title=kept")), "a1"))
	want := string(mediatest.Value("a1"))
	if tags := mediatest.Exiftool(t, "a.flv", out); tags["Flash:AIGC"] != want || tags["Flash:Title"] != "kept" {
		t.Errorf("exiftool reads %v", tags)
	}
	if tags := mediatest.FFprobeTags(t, "a.flv", out); tags["AIGC"] != want || tags["title"] != "kept" {
		t.Errorf("ffprobe reads %v", tags)
	}
	if told := string(mediatest.Output(t, "mediainfo", mediatest.File(t, "a.flv", out))); !strings.Contains(told, want) {
		t.Errorf("mediainfo reads %s", told)
	}
	// A label longer than 65,535 bytes takes a long string.
	long := label(t, string(out), strings.Repeat("x", 70000))
	if tags := mediatest.Exiftool(t, "a.flv", []byte(long)); !strings.Contains(tags["Flash:AIGC"], "xxxxxxxxxxx") {
		t.Errorf("exiftool reads a long string as %.200q", tags["Flash:AIGC"])
	}
	if probed := mediatest.Output(t, "ffprobe", "-v", "error", "-show_entries", "format_tags=title", mediatest.File(t, "a.flv", []byte(long))); !strings.Contains(string(probed), "kept") {
		t.Errorf("ffprobe reads %s", probed)
	}
}

func TestReadOthers(t *testing.T) {
	t.Parallel()
	want := mediatest.Value("a1")
	sample := video(t, "-metadata", "AIGC="+string(want), "-metadata", "artist=kept")
	mediatest.One(t, flv.Container{}, media.FLV, sample, media.PlaceOnMetaData, want)
	if out := label(t, string(sample), "b2"); mediatest.FFprobeTags(t, "a.flv", []byte(out))["artist"] != "kept" {
		t.Error("artist is lost")
	}
}

func TestSplices(t *testing.T) {
	t.Parallel()
	lab := value("n")
	packet := string(xmp.New(xmp.Properties{Label: mediatest.Value("old")}))
	clean, err := xmp.Drop([]byte(packet))
	if err != nil {
		t.Fatal(err)
	}
	fresh := meta(array(1, "AIGC", lab))
	for _, test := range []struct{ name, in, want string }{
		{"no tags", header, header + fresh},
		{"no script", header + media0 + media1, header + fresh + media0 + media1},
		{"object", header + meta(object("a", num(1))) + media0, header + meta(object("a", num(1), "AIGC", lab)) + media0},
		{"array", header + meta(array(1, "a", num(1))) + media0, header + meta(array(2, "a", num(1), "AIGC", lab)) + media0},
		{"wrong count stays", header + meta(array(0, "a", num(1))) + media0, header + meta(array(0, "a", num(1), "AIGC", lab)) + media0},
		{"no end marker", header + meta("\x08\x00\x00\x00\x01"+members("a", num(1))), header + meta("\x08\x00\x00\x00\x02"+members("a", num(1), "AIGC", lab))},
		{"bytes behind", header + meta(object("a", "\x05")+"junk") + media0, header + meta(object("a", "\x05", "AIGC", lab)+"junk") + media0},
		{"all types", header + meta(object("b", "\x01\x01", "o", object("x", array(1, "y", num(2))), "s", strict(num(1), str("z")), "n", "\x05", "u", "\x06", "r", "\x07\x00\x01", "d", "\x0b0123456789", "l", "\x0c\x00\x00\x00\x01l", "p", "\x0d", "x", "\x0f\x00\x00\x00\x01x", "t", "\x10\x00\x01c"+object()[1:])),
			header + meta(object("b", "\x01\x01", "o", object("x", array(1, "y", num(2))), "s", strict(num(1), str("z")), "n", "\x05", "u", "\x06", "r", "\x07\x00\x01", "d", "\x0b0123456789", "l", "\x0c\x00\x00\x00\x01l", "p", "\x0d", "x", "\x0f\x00\x00\x00\x01x", "t", "\x10\x00\x01c"+object()[1:], "AIGC", lab))},
		{"in place, others go", header + meta(array(4, "aigc", num(1), "AIGC", value("old"), "a", num(1), "AIGC", "\x05")) + media0,
			header + meta(array(2, "AIGC", lab, "a", num(1))) + media0},
		{"wrapper", header + tag(18, 0, str("@setDataFrame")+str("onMetaData")+object()), header + tag(18, 0, str("@setDataFrame")+str("onMetaData")+object("AIGC", lab))},
		{"late tag", header + meta(object()) + media1 + meta(object("AIGC", value("old"), "a", num(1))), header + meta(object("AIGC", lab)) + media1 + meta(object("a", num(1)))},
		{"only a late tag", header + media0 + media1 + meta(object("AIGC", value("old"), "a", num(1))), header + fresh + media0 + media1 + meta(object("a", num(1)))},
		{"other script", header + tag(18, 0, str("onCuePoint")+object("AIGC", value("old"))) + media0, header + fresh + tag(18, 0, str("onCuePoint")+object()) + media0},
		{"free text", header + meta(object("description", value("old"), "comment", str("AIGC"))), header + meta(object("comment", str("AIGC"), "AIGC", lab))},
		{"xmp", header + meta(object()) + tag(18, 0, str("onXMPData")+object("liveXML", str(packet))) + media0,
			header + meta(object("AIGC", lab)) + tag(18, 0, str("onXMPData")+object("liveXML", str(string(clean)))) + media0},
		{"no last size", strings.TrimSuffix(header+meta(object()), "\x00\x00\x00\x1c"), strings.TrimSuffix(header+meta(object("AIGC", lab)), string(binary.BigEndian.AppendUint32(nil, uint32(28+6+len(lab)))))},
		{"longer header", "FLV\x01\x05\x00\x00\x00\x0bxx\x00\x00\x00\x00" + media0, "FLV\x01\x05\x00\x00\x00\x0bxx\x00\x00\x00\x00" + fresh + media0},
		{"script that is no object", header + meta("\x05") + media0, header + fresh + meta("\x05") + media0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := label(t, test.in, "n"); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestOffsetsFollow covers what injectors write, in a tag other than the one that grows, too.
func TestOffsetsFollow(t *testing.T) {
	t.Parallel()
	build := func(lab string, shiftNone bool) string {
		var own []string
		if lab != "" {
			own = []string{"AIGC", lab}
		}
		var s string
		positions := []float64{0, 0, 0}
		size := 0.0
		for range 2 { // the second time with the numbers of the first
			index := object("times", strict(num(0)), "filepositions", strict(num(positions[0]), num(positions[1]), num(7), num(math.NaN())))
			first := meta(array(5+len(own)/2, append([]string{"keyframes", index, "lastkeyframelocation", num(positions[1]), "filesize", num(size), "datasize", num(size - 13), "videosize", num(55)}, own...)...))
			second := meta(object("keyframes", object("filepositions", array(1, "0", num(positions[2]))), "filesize", num(4)))
			s = header + first + media0 + second + media1
			positions[0] = float64(len(header + first))
			positions[1] = float64(len(header + first + media0 + second))
			positions[2] = float64(len(header + first + media0))
			size = float64(len(s))
		}
		return s
	}
	want := build(value("n"), false)
	if got := label(t, build("", false), "n"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := label(t, build(value("longer than the new one"), false), "n"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, value string
		place           media.Place
		code            colophon.Code
	}{
		{"spelling", header + meta(object("Aigc", str("{}"))), "{}", media.PlaceOnMetaData, media.CodeIDSpelling},
		{"late", header + media1 + meta(object("AIGC", str("{}"))), "{}", media.PlaceOnMetaData, media.CodeLateLabel},
		{"object", header + meta(object("AIGC", object("Label", str("1"), "n", num(1), `q"`, str("\x01")))), `{"Label":"1","q\"":"\u0001"}`, media.PlaceOnMetaData, media.CodeStructure},
		{"number", header + meta(object("AIGC", num(1))), "", media.PlaceOnMetaData, media.CodeStructure},
		{"other script", header + tag(18, 0, str("onText")+object("AIGC", str("{}"))), "{}", media.PlaceOnMetaData, media.CodeOtherPlace},
		{"long string", header + meta(object("AIGC", "\x0c\x00\x00\x00\x02{}")), "{}", media.PlaceOnMetaData, ""},
		{"xmp", header + tag(18, 0, str("onXMPData")+object("liveXML", str(string(xmp.New(xmp.Properties{Label: []byte("{}")}))))), "{}", media.PlaceXMP, media.CodeOtherPlace},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := scan(t, test.in).Labels
			if len(got) != 1 || got[0].Place != test.place || string(got[0].Value) != test.value {
				t.Fatalf("labels %v", got)
			}
			if codes := got[0].Findings; test.code == "" && len(codes) > 0 || test.code != "" && (len(codes) != 1 || codes[0].Code != test.code) {
				t.Errorf("findings %v", codes)
			}
		})
	}
	for name, in := range map[string]string{
		"cut":          header + meta(object()) + media0[:len(media0)-8],
		"tail":         header + meta(object()) + media0 + "trailing bytes of another kind",
		"short tail":   header + media0 + "tail",
		"wrong size":   header + meta(object()) + media0[:len(media0)-1] + "\x77" + media1,
		"encrypted":    header + tag(18|0x20, 0, "secret") + media0,
		"other script": header + tag(18, 0, "\x00") + media0,
	} {
		if got := scan(t, in).Findings; len(got) != 1 {
			t.Errorf("%s: findings %v", name, got)
		}
		label(t, in, "n")
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("\x03\x00\x01a", 40) + "\x05"
	for name, test := range map[string]struct {
		in   string
		code colophon.Code
	}{
		"header alone":        {header[:9], media.CodeTruncated},
		"script cut":          {header + meta(object("a", num(1)))[:30], media.CodeTruncated},
		"no value":            {header + meta(""), media.CodeTruncated},
		"string runs out":     {header + meta("\x03\x00\x01a\x02\xff\xff"), media.CodeTruncated},
		"array runs out":      {header + meta(object("a", "\x0a\xff\xff\xff\xff")), media.CodeTruncated},
		"inner end missing":   {header + meta("\x03\x00\x01a\x03"), media.CodeTruncated},
		"key cut":             {header + meta("\x03\x00"), media.CodeTruncated},
		"unknown marker":      {header + meta(object("a", "\x11")), media.CodeMalformed},
		"too deep":            {header + meta(deep), media.CodeTooDeep},
		"index is no array":   {header + meta(object("keyframes", object("filepositions", "\x07\x00\x01"))), media.CodeUnsupported},
		"label in bad script": {header + tag(18, 0, "\x00AIGC"), media.CodeMalformed},
		"many undefined tags": {header + strings.Repeat(tag(3, 0, ""), 70000), media.CodeTooMany},
		"many labels":         {header + meta(object(slices.Repeat([]string{"AIGC", "\x05"}, 2000)...)), media.CodeTooMany},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := flv.Container{}.Scan(strings.NewReader(test.in), media.FLV)
			refused(t, err, test.code)
			_, err = flv.Container{}.Edit(strings.NewReader(test.in), media.FLV, media.Put{Place: media.PlaceOnMetaData, Value: []byte("{}")})
			refused(t, err, test.code)
		})
	}
	full := header + meta(object("a", "\x0c\x00\xff\xf0\x00"+strings.Repeat("x", 0xfff000)))
	_, err := flv.Container{}.Edit(strings.NewReader(full), media.FLV, media.Put{Place: media.PlaceOnMetaData, Value: mediatest.Value(strings.Repeat("x", 5000))})
	refused(t, err, media.CodeNoRoom)
	_, err = flv.Container{}.Edit(strings.NewReader(header), media.FLV, media.Put{Place: media.PlaceXMP})
	refused(t, err, media.CodeUnsupported)
}

func refused(t *testing.T, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Args["offset"] == "" || e.Args["what"] == "" {
		t.Errorf("error %v, want %s", err, code)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]media.Format{
		header: media.FLV, header[:9]: media.FLV, header[:8]: media.Unknown, "": media.Unknown,
		"FLV\x01\x05\x00\x00\x00\x08": media.Unknown, "FLVs are videos, mostly": media.Unknown,
	} {
		if got := mediatest.Sniff(flv.Container{}, []byte(in)); got != want {
			t.Errorf("Sniff(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestForeignSamples keeps files of other families out.
func TestForeignSamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"hostile/id3v23_compression_underflow.mp3", "hostile/nested_moov_1000.mp4", "hostile/riff_bomb_1000.wav", "hostile/sample3.invalid.wav",
		"hostile/tiff_poc.tiff", "media/test.avi", "media/sample1.flac", "media/sample1.mp3", "media/video1_no_manifest.mp4", "media/basic.pdf",
	} {
		b, ok := mediatest.Sample(t, name)
		if !ok {
			continue
		}
		if got := mediatest.Sniff(flv.Container{}, b); got != media.Unknown {
			t.Errorf("%s: Sniff = %q", name, got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	f.Add([]byte(header + meta(array(1, "AIGC", str("{}"), "keyframes", object("filepositions", strict(num(60))))) + media0))
	f.Add([]byte(header + media1 + meta(object("description", value("x"), "aigc", object("a", str("b"))))))
	f.Add([]byte(header + tag(18, 0, str("onXMPData")+object("liveXML", str(string(xmp.New(xmp.Properties{Label: []byte("{}")})))))))
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, flv.Container{}, media.PlaceOnMetaData, b)
	})
}
