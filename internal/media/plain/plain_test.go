package plain_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/plain"
)

const (
	label   = `{"Label":"1","ContentProducer":"x"}`
	chinese = "人工智能生成合成内容标识办法。本文由人工智能生成，仅供参考。\n第一章 总则\n"
)

func TestSniffStreams(t *testing.T) {
	t.Parallel()
	tone := []string{"-f", "lavfi", "-i", "sine=d=1"}
	video := []string{"-f", "lavfi", "-i", "testsrc=s=64x48:d=1"}
	for _, c := range []struct {
		name string
		args []string
		want media.Format
	}{
		{"a.ts", video, media.MPEGTS},
		{"a.m2ts", video, media.MPEGTS},
		{"a.aac", tone, media.AAC},
		{"b.aac", append(tone, "-write_id3v2", "1", "-metadata", "title="+strings.Repeat("long ", 2000)), media.AAC},
		{"a.mp3", tone, media.Unknown},
		{"a.mp4", video, media.Unknown},
		{"a.flac", tone, media.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := mediatest.FFmpeg(t, c.name, c.args...)
			if got := mediatest.Sniff(plain.Container{}, b); got != c.want {
				t.Errorf("Sniff = %q", got)
			}
			if c.want == media.Unknown {
				return
			}
			survey, err := plain.Container{}.Scan(bytes.NewReader(b), c.want)
			if err != nil || len(survey.Labels) != 0 || survey.Format != c.want {
				t.Errorf("%v, %v", survey, err)
			}
			refuses(t, b, c.want)
		})
	}
}

func TestSniffAMR(t *testing.T) {
	t.Parallel()
	b := []byte("#!AMR\n")
	for range 50 { // silence at 12.2 kbit/s
		b = append(append(b, 0x3c), make([]byte, 31)...)
	}
	if got := mediatest.Sniff(plain.Container{}, b); got != media.AMR {
		t.Errorf("Sniff = %q", got)
	}
	if out := mediatest.Output(t, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", mediatest.File(t, "a.amr", b)); strings.TrimSpace(string(out)) != "amr_nb" {
		t.Errorf("ffprobe reads %s", out)
	}
	refuses(t, b, media.AMR)
}

// refuses fails the test unless labelling the file is refused in so many words.
func refuses(t *testing.T, b []byte, f media.Format) {
	t.Helper()
	_, err := plain.Container{}.Edit(bytes.NewReader(b), f, media.Put{Place: media.PlaceSidecar, Value: mediatest.Value("a1")})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind != colophon.Unsupported || e.Args["offset"] == "" || e.Args["what"] == "" {
		t.Errorf("%v", err)
	}
	if places := (plain.Container{}).Places(f); len(places) != 0 {
		t.Errorf("places %v", places)
	}
}

func TestSniffText(t *testing.T) {
	t.Parallel()
	encoded := func(name, text string) []byte {
		return mediatest.Output(t, "python3", "-c", "import sys; sys.stdout.buffer.write(sys.argv[2].encode(sys.argv[1]))", name, text)
	}
	noise := make([]byte, 4096)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(1 + rnd.UintN(255))
	}
	for name, c := range map[string]struct {
		b    []byte
		want media.Format
	}{
		"ASCII":            {[]byte("Words.\n"), media.Text},
		"UTF-8":            {[]byte(chinese), media.Text},
		"mark":             {[]byte("\ufeff" + chinese), media.Text},
		"UTF-16":           {encoded("utf-16", chinese), media.Text},
		"UTF-16, big":      {append([]byte{0xfe, 0xff}, encoded("utf-16-be", chinese)...), media.Text},
		"GB 18030":         {encoded("gb18030", chinese+"㐀"), media.Text},
		"GB 18030, long":   {encoded("gb18030", "我𠳩爱"), media.Text},
		"cut in UTF-8":     {[]byte(strings.Repeat(chinese, 200)), media.Text},
		"cut in UTF-8, +1": {[]byte("a" + strings.Repeat(chinese, 200)), media.Text},
		"cut in UTF-8, +2": {[]byte("ab" + strings.Repeat(chinese, 200)), media.Text},
		"cut in GB 18030":  {encoded("gb18030", "a"+strings.Repeat(chinese, 200)), media.Text},
		"terminal":         {[]byte("\x1b[31mred\x1b[0m\n"), media.Text},
		"empty":            {nil, media.Unknown},
		"NUL":              {[]byte("a\x00b"), media.Unknown},
		"noise":            {noise, media.Unknown},
		"latin 1":          {[]byte("caf\xe9 au lait, d\xe9j\xe0 vu"), media.Unknown},
		"controls":         {[]byte("\x01\x02\x03\x04"), media.Unknown},
		"UTF-16, broken":   {append([]byte{0xff, 0xfe}, bytes.Repeat([]byte{0, 0xd8}, 50)...), media.Unknown},
		"ID3 alone":        {[]byte("ID3\x04\x00\x00\x00\x00\x00\x00"), media.Unknown},
	} {
		if got := mediatest.Sniff(plain.Container{}, c.b); got != c.want {
			t.Errorf("%s: Sniff = %q", name, got)
		}
		if c.want == media.Text {
			refuses(t, c.b, media.Text)
		}
	}
	for _, name := range []string{"sample1.png", "sample1.gif", "sample1.webp", "sample1.wav", "sample1.mp3", "no_manifest.jpg", "test.avi", "c.mov", "test.tiff", "sample1.heic"} {
		if b, ok := mediatest.Sample(t, "media/"+name); ok {
			if got := mediatest.Sniff(plain.Container{}, b); got != media.Unknown {
				t.Errorf("%s: Sniff = %q", name, got)
			}
		}
	}
}

func TestScan(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line of words\n", 100000)
	for _, c := range []struct {
		name, text string
		values     []string
		place      media.Place
	}{
		{"nothing", chinese, nil, ""},
		{"line of its own", "words\n" + label + "\nwords", []string{label}, media.PlaceInline},
		{"key", "AIGC: " + label + "\nwords", []string{label}, media.PlaceInline},
		{"wrapped", `{"AIGC":` + label + "}\nwords", []string{`{"AIGC":` + label + "}"}, media.PlaceInline},
		{"comment", "# AIGC = " + label + "\nx = 1\n", []string{label}, media.PlaceInline},
		{"HTML comment", "<!-- AIGC: " + label + " -->\n", []string{label}, media.PlaceInline},
		{"cut", "AIGC: {\"ContentProducer\":\nwords", []string{`{"ContentProducer":`}, media.PlaceInline},
		{"in a sentence", "The label " + label + " is short.\n", nil, ""},
		{"at the end", long + label, []string{label}, media.PlaceInline},
		{"in the middle", long + "\n" + label + "\n" + long, nil, ""},
		{"JSON", `{"data":[1,2],"AIGC":` + label + `,"x":{"AIGC":1}}`, []string{label}, media.PlaceMeta},
		{"JSON, mark", "\ufeff{\n \"aigc\" : " + label + "}", []string{label}, media.PlaceMeta},
		{"JSON in a string", `{"AIGC":"{\"Label\":\"1\",\"ContentProducer\":\"x\"}"}`, []string{label}, media.PlaceMeta},
		{"a label", label + "\n", []string{label}, media.PlaceMeta},
		{"JSON without", `{"a":"AIGC"}`, nil, ""},
		{"broken JSON", "{\n\"AIGC\": " + label + ",\n", []string{label}, media.PlaceInline},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			survey, err := plain.Container{}.Scan(strings.NewReader(c.text), media.Text)
			if err != nil || len(survey.Labels) != len(c.values) {
				t.Fatalf("%v, %v", survey.Labels, err)
			}
			for i, l := range survey.Labels {
				if string(l.Value) != c.values[i] || l.Place != c.place || len(l.Findings) == 0 || l.Offset < 0 || l.Offset >= int64(len(c.text)) {
					t.Errorf("label %+v", l)
				}
			}
		})
	}
	many, err := plain.Container{}.Scan(strings.NewReader(strings.Repeat(label+"\n", 1000)), media.Text)
	if err != nil || len(many.Labels) == 0 || len(many.Labels) > 16 {
		t.Errorf("%d labels, %v", len(many.Labels), err)
	}
}

func FuzzContainer(f *testing.F) {
	for _, seed := range []string{chinese, label, "AIGC: " + label, `{"AIGC":` + label + `}`, "#!AMR\n", "ID3\x04\x00\x00\x00\x00\x00\x00\xff\xf1\x50\x80\x01\x1f\xfc", "\xff\xfea\x00", "\xc4\xe3\xba\xc3"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		src := bytes.NewReader(b)
		format := mediatest.Sniff(plain.Container{}, b)
		if _, err := (plain.Container{}).Scan(src, media.Text); err != nil {
			t.Fatal(err)
		}
		if _, err := (plain.Container{}).Edit(src, format, media.Put{}); err == nil {
			t.Fatal("an edit succeeded")
		}
	})
}
