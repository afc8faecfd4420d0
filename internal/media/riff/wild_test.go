package riff_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

var (
	pcm  = chunk("fmt ", le(uint16(1), uint16(1), uint32(8000), uint32(16000), uint16(2), uint16(16)))
	tone = chunk("data", strings.Repeat("\x10\x20\xf0\xe0", 25))
	// A lossless picture of one pixel.
	vp8l = chunk("VP8L", "\x2f\x00\x00\x00\x00\x07\x10\xfd\x8f\xfe\x07\x22\xa2\xff\x01")
	vp8x = chunk("VP8X", strings.Repeat("\x00", 10))
)

func packet(value string) string { return string(xmp.New(xmp.Properties{Label: []byte(value)})) }

func block(t testing.TB, value string) string {
	t.Helper()
	b, err := exif.Set(nil, media.Wrap([]byte(value)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tag returns an ID3v2.3 tag with a title and a label.
func tag(value string) string {
	frame := func(id, content string) string {
		return id + string(binary.BigEndian.AppendUint32(nil, uint32(len(content)))) + "\x00\x00" + content
	}
	frames := frame("TIT2", "\x00A tone") + frame("TXXX", "\x00AIGC\x00"+value)
	n := len(frames)
	return "ID3\x03\x00\x00" + string([]byte{0, 0, byte(n >> 7), byte(n & 0x7F)}) + frames
}

func TestWild(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("w1"))
	wrapped := string(media.Wrap([]byte(value)))
	codes := func(c ...colophon.Code) []colophon.Code { return c }
	tests := map[string]struct {
		file  []byte
		place media.Place
		codes []colophon.Code
		kept  string // what must stay
	}{
		"chunk":              {form("WAVE", pcm, tone, chunk("AIGC", value)), media.PlaceChunk, nil, ""},
		"chunk in front":     {form("WAVE", pcm, chunk("AIGC", value), tone), media.PlaceChunk, nil, ""},
		"chunk, wrapped":     {form("WAVE", pcm, tone, chunk("AIGC", wrapped)), media.PlaceChunk, nil, ""},
		"chunk, null byte":   {form("WAVE", pcm, tone, chunk("AIGC", value+"\x00")), media.PlaceChunk, nil, ""},
		"chunk, lower case":  {form("WAVE", pcm, tone, chunk("aigc", value)), media.PlaceChunk, codes(media.CodeIDSpelling), ""},
		"INFO":               {form("WAVE", pcm, tone, list("INFO", chunk("ISFT", "me\x00"), chunk("AIGC", value+"\x00"))), media.PlaceInfo, nil, "ISFT"},
		"INFO in front":      {form("WAVE", pcm, list("INFO", chunk("AIGC", value)), tone), media.PlaceInfo, nil, ""},
		"INFO, comment":      {form("WAVE", pcm, tone, list("INFO", chunk("ICMT", wrapped+"\x00"), chunk("IART", "me"))), media.PlaceDescription, codes(media.CodeOtherPlace), "IART"},
		"INFO, text around":  {form("WAVE", pcm, tone, list("INFO", chunk("ICMT", "a tone "+wrapped))), media.PlaceDescription, codes(media.CodeOtherPlace), "a tone "},
		"INFO, no padding":   {form("WAVE", pcm, tone, list("INFO", "IART\x01\x00\x00\x00x", chunk("AIGC", value))), media.PlaceInfo, nil, "IART"},
		"chunk and INFO":     {form("WAVE", pcm, list("INFO", chunk("AIGC", value)), tone, chunk("AIGC", value)), media.PlaceInfo, nil, ""},
		"WAV with XMP":       {form("WAVE", pcm, tone, chunk("_PMX", packet(value))), media.PlaceXMP, codes(media.CodeOtherPlace), "xmpmeta"},
		"WAV with ID3v2":     {form("WAVE", pcm, tone, chunk("id3 ", tag(value))), media.PlaceTXXX, codes(media.CodeOtherPlace), "A tone"},
		"WAV with bext":      {form("WAVE", pcm, chunk("bext", value+strings.Repeat("\x00", 602-len(value))), tone), media.PlaceDescription, codes(media.CodeOtherPlace), "bext"},
		"AVI, chunk":         {form("AVI ", chunk("AIGC", value), list("movi", chunk("00dc", "frame"))), media.PlaceChunk, codes(media.CodeOtherPlace), "frame"},
		"AVI, INFO behind":   {form("AVI ", list("movi", chunk("00dc", "frame")), list("INFO", chunk("AIGC", value), chunk("ISFT", "me"))), media.PlaceInfo, nil, "ISFT"},
		"AVI, two lists":     {form("AVI ", list("INFO", chunk("ISFT", "me")), list("movi", chunk("00dc", "frame")), list("INFO", chunk("AIGC", value))), media.PlaceInfo, nil, "ISFT"},
		"AVI, XMP":           {form("AVI ", chunk("XMP ", packet(value)), list("movi", chunk("00dc", "frame"))), media.PlaceXMP, codes(media.CodeOtherPlace), "xmpmeta"},
		"WebP":               {form("WEBP", vp8x, vp8l, chunk("XMP ", packet(value))), media.PlaceXMP, nil, "xmpmeta"},
		"WebP without flags": {form("WEBP", vp8l, chunk("XMP ", packet(value))), media.PlaceXMP, nil, "xmpmeta"},
		"WebP, null byte":    {form("WEBP", vp8x, vp8l, chunk("XMP\x00", packet(value))), media.PlaceXMP, codes(media.CodeIDSpelling), "xmpmeta"},
		"WebP, EXIF":         {form("WEBP", vp8x, vp8l, chunk("EXIF", block(t, value))), media.PlaceEXIF, nil, "EXIF"},
		"WebP, EXIF prefix":  {form("WEBP", vp8x, vp8l, chunk("EXIF", "Exif\x00\x00"+block(t, value))), media.PlaceEXIF, codes(media.CodeStructure), "EXIF"},
		"WebP, chunk":        {form("WEBP", vp8x, vp8l, chunk("AIGC", value)), media.PlaceChunk, codes(media.CodeOtherPlace), ""},
		"WebP, both":         {form("WEBP", vp8x, vp8l, chunk("EXIF", block(t, value)), chunk("XMP ", packet(value))), media.PlaceEXIF, nil, "xmpmeta"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey := scan(t, test.file)
			if len(survey.Labels) == 0 || survey.Labels[0].Place != test.place || !bytes.Contains(survey.Labels[0].Value, []byte(value)) {
				t.Fatalf("labels %v", survey.Labels)
			}
			for _, code := range test.codes {
				if !has(survey.Labels[0].Findings, code) {
					t.Errorf("no finding %s in %v", code, survey.Labels[0].Findings)
				}
			}
			if len(test.codes) == 0 && len(survey.Labels[0].Findings) > 0 {
				t.Errorf("findings %v", survey.Labels[0].Findings)
			}
			for _, place := range container.Places(survey.Format) {
				out := put(t, test.file, place)
				same(t, test.file, out)
				mediatest.One(t, container, survey.Format, out, place, mediatest.Value("p1"))
				if !strings.Contains(string(out), test.kept) {
					t.Errorf("%q is lost at %s", test.kept, place)
				}
				if !bytes.Equal(put(t, out, place), out) {
					t.Errorf("putting the label at %s again changed the file", place)
				}
			}
		})
	}
}

// Lengths that lie, as players take them.
func TestLies(t *testing.T) {
	t.Parallel()
	good := string(form("WAVE", pcm, tone))
	data := strings.Index(good, "data")
	with := func(off int, size uint32) []byte {
		b := []byte(good)
		binary.LittleEndian.PutUint32(b[off:], size)
		return b
	}
	both := with(4, 0)
	binary.LittleEndian.PutUint32(both[data+4:], 0)
	odd := strings.Replace(good, tone, "data\x03\x00\x00\x00abc", 1)
	counted := func(s string) []byte {
		b := []byte(s)
		binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
		return b
	}
	tests := map[string]struct {
		file  []byte
		front bool // the label goes in front of the samples
		sound bool
	}{
		"RIFF too long":         {with(4, 1<<30), false, false},
		"RIFF unknown":          {with(4, 1<<32-1), false, false},
		"RIFF zero":             {with(4, 0), false, false},
		"RIFF too short":        {with(4, 60), false, false},
		"data too long":         {with(data+4, 1<<30), true, false},
		"data unknown":          {with(data+4, 1<<32-1), true, false},
		"data zero":             {with(data+4, 0), true, false},
		"both zero":             {both, true, false},
		"truncated":             {[]byte(good[:len(good)-20]), true, false},
		"data empty":            {counted(strings.Replace(good, tone, chunk("data", ""), 1)), false, true},
		"odd, not padded":       {counted(odd), false, true},
		"odd, not counted":      {append(counted(odd), 0), false, true},
		"odd, another chunk":    {counted(odd + chunk("LIST", "abcd")), false, false},
		"null bytes at the end": {counted(good + strings.Repeat("\x00", 64)), false, false},
		"three bytes more":      {counted(good + "abc"), false, false},
		"cut behind the data":   {counted(good + "LIST\xff\x00\x00\x00INFO"), false, false},
		"trailing":              {append([]byte(good), "tail"...), false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey := scan(t, test.file)
			if has(survey.Findings, media.CodeStructure) == test.sound {
				t.Errorf("findings %v", survey.Findings)
			}
			for _, place := range container.Places(media.WAV) {
				out := put(t, test.file, place)
				mediatest.One(t, container, media.WAV, out, place, mediatest.Value("p1"))
				if in := bytes.Index(out, []byte("AIGC")) < bytes.Index(out, []byte("data")); in != test.front {
					t.Errorf("label in front of the samples: %v", in)
				}
				at := bytes.Index(test.file, []byte("data"))
				if !bytes.Contains(out, test.file[at:min(len(test.file), at+60)]) {
					t.Error("samples have changed")
				}
				if !bytes.Equal(put(t, out, place), out) {
					t.Errorf("putting the label at %s again changed the file", place)
				}
			}
		})
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file []byte
		code colophon.Code
	}{
		"header alone":      {[]byte("RIFF\x04\x00\x00\x00WAVE"), ""},
		"cut in front":      {form("WAVE", pcm, tone)[:30], media.CodeTruncated},
		"not a chunk":       {form("WAVE", pcm, "\x01\x02\x03\x04\x00\x00\x00\x00", tone), media.CodeMalformed},
		"WebP cut":          {form("WEBP", vp8l)[:30], media.CodeTruncated},
		"WebP beyond":       {append(form("WEBP", "VP8L\x20\x00\x00\x00"), make([]byte, 40)...), media.CodeMalformed},
		"RF64 without ds64": {append([]byte("RF64"), form("WAVE", pcm, tone, chunk("LIST", "abcd"))[4:]...), media.CodeMalformed},
		"many labels":       {form("WAVE", pcm, tone, strings.Repeat(chunk("AIGC", "{}"), 300)), media.CodeTooMany},
		"many in INFO":      {form("WAVE", pcm, tone, list("INFO", strings.Repeat(chunk("AIGC", "{}"), 300))), media.CodeTooMany},
		"many chunks":       {form("WAVE", pcm, tone, strings.Repeat(chunk("JUNK", ""), 5000)), media.CodeTooMany},
		"long label":        {form("WAVE", pcm, tone, chunk("AIGC", strings.Repeat("a", 17<<20))), media.CodeTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey, err := container.Scan(bytes.NewReader(test.file), mediatest.Sniff(container, test.file))
			var e *colophon.Error
			if errors.As(err, &e) != (test.code != "") || survey == nil || e != nil && e.Code != test.code {
				t.Fatalf("Scan: %v, want %q", err, test.code)
			}
		})
	}
	for name, b := range map[string][]byte{
		"WebP without a picture": form("WEBP", chunk("ICCP", "abcd"), vp8l),
		"WebP, short VP8X":       form("WEBP", chunk("VP8X", "abcd"), vp8l),
		"WebP, bad VP8":          form("WEBP", chunk("VP8 ", "abcdefghijkl")),
		"WebP, broken packet":    form("WEBP", vp8x, vp8l, chunk("XMP ", "<x:xmpmeta><broken")),
		"AVI without frames":     form("AVI ", list("hdrl", chunk("avih", strings.Repeat("\x00", 56)))),
		"AVI of a dead recorder": form("AVI ", "LIST\x00\x00\x00\x00movi", chunk("00dc", "frame")),
	} {
		if err := edit(b, container.Places(mediatest.Sniff(container, b))[0]); err == nil {
			t.Errorf("Edit of %s did not fail", name)
		}
	}
	if err := edit(form("WAVE", pcm, tone), media.PlaceXMP); err == nil {
		t.Error("Edit at a foreign place did not fail")
	}
}

// A file that is almost 4 GiB long has no room for a label; an RF64 file has. Neither is read as a whole.
func TestHuge(t *testing.T) {
	t.Parallel()
	const samples = 1<<32 - 300
	head := string(pcm) + "data" + le(uint32(samples))
	wav := sparse{head: "RIFF" + le(uint32(4+len(head)+samples)) + "WAVE" + head, size: int64(12 + len(head) + samples)}
	var e *colophon.Error
	if _, err := container.Edit(wav, media.WAV, media.Put{Place: media.PlaceChunk, Value: mediatest.Value(strings.Repeat("a", 300))}); !errors.As(err, &e) || e.Code != media.CodeNoRoom {
		t.Errorf("Edit: %v", err)
	}
	head = chunk("ds64", le(uint64(4+36+len(pcm)+8+samples), uint64(samples), uint64(samples/2), uint32(0))) + pcm + "data" + le(uint32(1<<32-1))
	rf64 := sparse{head: "RF64" + le(uint32(1<<32-1)) + "WAVE" + head, size: int64(12 + len(head) + samples)}
	plan, err := container.Edit(rf64, media.RF64, media.Put{Place: media.PlaceChunk, Value: mediatest.Value("a")})
	if want := rf64.size + int64(len(chunk("AIGC", string(mediatest.Value("a"))))); err != nil || plan.Size() != want {
		t.Errorf("Edit: %v", err)
	}
}

// sparse is a file of null bytes behind a head.
type sparse struct {
	head string
	size int64
}

func (s sparse) Size() int64 { return s.size }

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	if len(b) > 1<<20 {
		return 0, errors.New("a large read")
	}
	clear(b)
	if off < int64(len(s.head)) {
		copy(b, s.head[off:])
	}
	return len(b), nil
}

func TestSignature(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{form("WAVE", pcm, tone, chunk("C2PA", "jumb")), form("WEBP", vp8x, vp8l, chunk("C2PA", "jumb")), form("AVI ", list("movi"), chunk("C2PA", "jumb"))} {
		if survey := scan(t, b); len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
			t.Errorf("signatures %v", survey.Signatures)
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	b, ok := mediatest.Sample(t, "hostile/riff_bomb_1000.wav")
	if !ok {
		return
	}
	if survey := scan(t, b); len(survey.Labels) != 0 || len(survey.Findings) != 0 {
		t.Errorf("survey %v", survey)
	}
	mediatest.One(t, container, media.WAV, put(t, b, media.PlaceChunk), media.PlaceChunk, mediatest.Value("p1"))
	mediatest.One(t, container, media.WAV, put(t, b, media.PlaceInfo), media.PlaceInfo, mediatest.Value("p1"))
	b, _ = mediatest.Sample(t, "hostile/sample3.invalid.wav")
	if survey := scan(t, b); !has(survey.Findings, media.CodeStructure) {
		t.Errorf("survey %v", survey)
	}
	out := put(t, b, media.PlaceChunk)
	mediatest.One(t, container, media.WAV, out, media.PlaceChunk, mediatest.Value("p1"))
	mediatest.SameFrames("a.wav")(t, b, out)
	for _, name := range []string{"media/sample1.wav", "media/test.avi", "media/sample1.webp", "media/test_xmp.webp"} {
		b, _ := mediatest.Sample(t, name)
		before := mediatest.Exiftool(t, "a", b)
		for _, place := range container.Places(mediatest.Sniff(container, b)) {
			out := put(t, b, place)
			mediatest.One(t, container, mediatest.Sniff(container, b), out, place, mediatest.Value("p1"))
			mediatest.SameFrames("a")(t, b, out)
			unchanged(t, before, mediatest.Exiftool(t, "a", out))
		}
	}
}

func FuzzContainer(f *testing.F) {
	value := string(mediatest.Value("w1"))
	film := openDML("")
	for _, b := range [][]byte{
		form("WAVE", pcm, tone), form("WAVE", pcm, tone, chunk("AIGC", value)), form("WAVE", pcm, list("INFO", chunk("AIGC", value)), tone),
		form("WAVE", pcm, tone, chunk("_PMX", packet(value)), chunk("id3 ", tag(value))), form("WAVE", pcm, "data\xff\xff\xff\xffsamples"),
		form("WEBP", vp8l), form("WEBP", vp8x, vp8l, chunk("EXIF", block(f, value)), chunk("XMP ", packet(value))),
		film, openDML(list("INFO", chunk("ISFT", "me\x00"))), openDML(chunk("JUNK", strings.Repeat("\x00", 400))),
		form("AVI ", chunk("AIGC", value), list("movi", chunk("00dc", "frame")), chunk("idx1", le("00dc", uint32(16), uint32(4), uint32(5)))),
		slices.Concat([]byte("RF64\xff\xff\xff\xffWAVE"), []byte(chunk("ds64", le(uint64(4+36+len(pcm)+108), uint64(100), uint64(50), uint32(0)))+pcm+"data\xff\xff\xff\xff"+tone[8:])),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, place := range container.Places(mediatest.Sniff(container, b)) {
			mediatest.Survive(t, container, place, b)
		}
	})
}
