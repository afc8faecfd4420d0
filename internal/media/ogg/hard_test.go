package ogg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/ogg"
)

func scan(t *testing.T, b []byte) *media.Survey {
	t.Helper()
	survey, err := ogg.Container{}.Scan(bytes.NewReader(b), mediatest.Sniff(ogg.Container{}, b))
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

func label(t *testing.T, b []byte, id string) []byte {
	t.Helper()
	put := media.Put{Place: media.PlaceVorbisComment, Value: mediatest.Value(id)}
	return mediatest.Apply(t, ogg.Container{}, mediatest.Sniff(ogg.Container{}, b), b, put)
}

func TestChainKeepsOneLabel(t *testing.T) {
	t.Parallel()
	old := "AIGC=" + string(mediatest.Value("old"))
	chain := slices.Concat(tiny(1, false, "A=1"), tiny(2, true, "aigc=x", "B=2"), tiny(3, false, "C=3", old), tiny(2, true, "D=4"))
	survey := scan(t, chain)
	if len(survey.Labels) != 2 {
		t.Fatalf("labels %v", survey.Labels)
	}
	for i, l := range survey.Labels {
		var codes []colophon.Code
		for _, f := range l.Findings {
			codes = append(codes, f.Code)
		}
		if !slices.Contains(codes, media.CodeLateLabel) || slices.Contains(codes, media.CodeIDSpelling) != (i == 0) {
			t.Errorf("label %d: findings %v", i, codes)
		}
		if !bytes.EqualFold(chain[l.Offset+4:l.Offset+9], []byte("AIGC=")) {
			t.Errorf("label %d: offset %d holds %q", i, l.Offset, chain[l.Offset:l.Offset+9])
		}
	}
	out := label(t, chain, "new")
	want := slices.Concat(tiny(1, false, "A=1", "AIGC="+string(mediatest.Value("new"))), tiny(2, true, "B=2"), tiny(3, false, "C=3"), tiny(2, true, "D=4"))
	if !bytes.Equal(out, want) {
		t.Errorf("chain after labelling:\n%q\nwant\n%q", out, want)
	}
}

// TestRenumber moves page numbers of one link in both directions and leaves other links and streams alone.
func TestRenumber(t *testing.T) {
	t.Parallel()
	long := "X=" + strings.Repeat("x", 64500)
	for _, opus := range []bool{false, true} {
		plain := slices.Concat(tiny(7, opus, long), tiny(8, opus, "A=1"), tiny(7, opus, "B=2"))
		put := "AIGC=" + string(mediatest.Value(strings.Repeat("n", 300)))
		grown := slices.Concat(tiny(7, opus, long, put), tiny(8, opus, "A=1"), tiny(7, opus, "B=2"))
		if len(pages(t, plain)) == len(pages(t, grown)) {
			t.Fatal("the label was meant to add a page")
		}
		out := label(t, plain, strings.Repeat("n", 300))
		if !bytes.Equal(out, grown) {
			t.Errorf("grown file differs (opus %v)", opus)
		}
		// A label that shrinks keeps the number of pages, so audio pages stay.
		small := label(t, grown, "s")
		if len(pages(t, small)) != len(pages(t, grown)) || !bytes.Equal(small[len(small)-300:], grown[len(grown)-300:]) {
			t.Errorf("shrunk file has %d pages, was %d", len(pages(t, small)), len(pages(t, grown)))
		}
		samePackets(t, plain, small)
	}
}

// TestInterleaved has two streams whose header and audio pages alternate, beside Skeleton 3.
func TestInterleaved(t *testing.T) {
	t.Parallel()
	a, b := pages(t, tiny(1, false, "X="+strings.Repeat("x", 64900))), pages(t, tiny(2, true, "Y="+strings.Repeat("y", 66000), "aigc=old"))
	skeleton := pages(t, slices.Concat(join(3, 0, 2, 0, append([]byte("fishead\x00\x03\x00\x00\x00"), make([]byte, 56)...)), join(3, 1, 0, 0, []byte("fisbone\x00")), join(3, 2, 4, 0, nil)))
	file := slices.Concat(skeleton[0], a[0], b[0], a[1], skeleton[1], b[1], b[2], join(3, 2, 4, 0, []byte{}), a[2], b[3])
	if got := mediatest.Sniff(ogg.Container{}, file); got != media.Vorbis {
		t.Fatalf("Sniff = %q", got)
	}
	pages(t, file)
	out := label(t, file, strings.Repeat("n", 300))
	samePackets(t, file, out)
	mediatest.One(t, ogg.Container{}, media.Vorbis, out, media.PlaceVorbisComment, mediatest.Value(strings.Repeat("n", 300)))
	if bytes.Contains(out, []byte("aigc=old")) {
		t.Error("the second stream still has its label")
	}

	index := slices.Concat(join(3, 0, 2, 0, append([]byte("fishead\x00\x04\x00\x00\x00"), make([]byte, 72)...)), tiny(1, false))
	mediatest.Survive(t, ogg.Container{}, media.PlaceVorbisComment, index)
	_, err := ogg.Container{}.Edit(bytes.NewReader(index), media.Vorbis, media.Put{Place: media.PlaceVorbisComment, Value: mediatest.Value("x")})
	refused(t, err, media.CodeUnsupported)
}

func TestTwoTracksOfFFmpeg(t *testing.T) {
	t.Parallel()
	file := mediatest.FFmpeg(t, "a.ogg", "-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "sine=f=700:d=1", "-map", "0", "-map", "1",
		"-c:a:0", "libvorbis", "-c:a:1", "libopus", "-metadata:s:a:1", "AIGC=old", "-metadata:s:a:1", "title=kept")
	if got := scan(t, file).Labels; len(got) != 1 || string(got[0].Value) != "old" || got[0].Findings[0].Code != media.CodeOtherPlace {
		t.Fatalf("labels %v", got)
	}
	out := label(t, file, "new")
	samePackets(t, file, out)
	mediatest.SameFrames("a.ogg")(t, file, out)
	mediatest.One(t, ogg.Container{}, media.Vorbis, out, media.PlaceVorbisComment, mediatest.Value("new"))
	if !bytes.Contains(out, []byte("title=kept")) {
		t.Error("a comment of the second stream is lost")
	}
}

func TestFreeText(t *testing.T) {
	t.Parallel()
	for _, opus := range []bool{false, true} {
		b := tiny(1, opus, "DESCRIPTION="+string(mediatest.Value("old")), "comment=AIGC is a word")
		got := scan(t, b).Labels
		if len(got) != 1 || got[0].Place != media.PlaceDescription || got[0].Findings[0].Code != media.CodeOtherPlace {
			t.Fatalf("labels %v", got)
		}
		if want := tiny(1, opus, "comment=AIGC is a word", "AIGC="+string(mediatest.Value("new"))); !bytes.Equal(label(t, b, "new"), want) {
			t.Error("the label did not move")
		}
	}
}

// TestOpusPadding keeps the binary data behind Opus comments.
func TestOpusPadding(t *testing.T) {
	t.Parallel()
	for _, tail := range []string{"\x01binary", "\x00\x00\x00", "\xff"} {
		tags := func(list ...string) []byte {
			return slices.Concat(join(5, 0, 2, 0, []byte("OpusHead\x01\x01\x38\x01\x44\xac\x00\x00\x00\x00\x00")),
				join(5, 1, 0, 0, slices.Concat([]byte("OpusTags"), comments(list...), []byte(tail))), join(5, 2, 4, 960, []byte("a")))
		}
		if got, want := label(t, tags("A=1"), "n"), tags("A=1", "AIGC="+string(mediatest.Value("n"))); !bytes.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", tail, got, want)
		}
	}
}

// TestDamageIsTold damages audio pages: an edit passes the damage on and never repairs a checksum.
func TestDamageIsTold(t *testing.T) {
	t.Parallel()
	long := "X=" + strings.Repeat("x", 64900)
	head := tiny(1, true, long)
	list := pages(t, head)
	head = head[:len(head)-len(list[len(list)-1])]
	seq := uint32(len(list) - 1)
	audio := slices.Concat(join(1, seq, 0, 960, bytes.Repeat([]byte("p"), 300)), join(1, seq+1, 0, 1920, []byte("q")), join(1, seq+2, 4, 2880, []byte("r")))
	whole := append(bytes.Clone(head), audio...)
	pages(t, whole)
	for name, test := range map[string]struct {
		hurt []byte
		code colophon.Code
	}{
		"checksum":      {flip(whole, len(head)+50), media.CodeStructure},
		"size lies":     {flip(whole, len(head)+27), media.CodeStructure},
		"noise between": {slices.Concat(head, audio[:329], []byte("OggS noise OggS\x00"), audio[329:]), media.CodeStructure},
		"cut":           {whole[:len(whole)-1], media.CodeStructure},
		"tail":          {append(bytes.Clone(whole), "TAG id3v1"...), media.CodeTrailingData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := scan(t, test.hurt)
			if len(before.Findings) != 1 || before.Findings[0].Code != test.code {
				t.Fatalf("findings %v", before.Findings)
			}
			for _, id := range []string{"n", strings.Repeat("n", 400)} {
				out := label(t, test.hurt, id)
				after := scan(t, out)
				if len(after.Findings) != 1 || after.Findings[0].Args["rule"] != before.Findings[0].Args["rule"] {
					t.Errorf("findings after labelling %v, before %v", after.Findings, before.Findings)
				}
				if n := int64(len(test.hurt)) - before.Findings[0].Offset; test.code == media.CodeTrailingData && !bytes.Equal(out[int64(len(out))-n:], test.hurt[int64(len(test.hurt))-n:]) {
					t.Error("bytes behind the last page are lost")
				}
				if id != "n" && !bytes.Contains(out, binary.LittleEndian.AppendUint32(nil, 1+uint32(len(pages(t, head))))) {
					t.Error("pages were meant to move")
				}
			}
		})
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x55
	return b
}

func refused(t *testing.T, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Args["offset"] == "" || e.Args["what"] == "" {
		t.Errorf("error %v, want %s", err, code)
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	good := tiny(1, false, "A=1")
	ident := pages(t, good)[0]
	crowd := []byte{}
	for i := range 300 {
		crowd = append(crowd, join(uint32(i), 0, 2, 0, []byte("OpusHead"))...)
	}
	flood := []byte{}
	for i := range 2000 {
		flood = append(flood, tiny(uint32(i), true, "AIGC=x")...)
	}
	for name, test := range map[string]struct {
		b    []byte
		code colophon.Code
	}{
		"first page alone":     {ident, media.CodeTruncated},
		"comment checksum":     {flip(good, len(ident)+60), media.CodeMalformed},
		"first page checksum":  {flip(good, 40), media.CodeMalformed},
		"comments cut":         {good[:len(ident)+40], media.CodeMalformed},
		"sequence":             {slices.Concat(ident, join(1, 2, 0, 0, []byte("\x03vorbis"))), media.CodeMalformed},
		"not continued":        {slices.Concat(ident, join(1, 1, 1, 0, []byte("\x03vorbis"))), media.CodeMalformed},
		"no comments":          {slices.Concat(ident, join(1, 1, 0, 0, []byte("\x05vorbis"), []byte("\x03vorbis"))), media.CodeMalformed},
		"no setup":             {slices.Concat(ident, join(1, 1, 0, 0, []byte("\x03vorbis\x00\x00\x00\x00\x00\x00\x00\x00\x01"), []byte("\x03vorbis"))), media.CodeMalformed},
		"audio beside headers": {slices.Concat(ident, join(1, 1, 0, 0, []byte("\x03vorbis\x00\x00\x00\x00\x00\x00\x00\x00\x01"), []byte("\x05vorbis"), []byte("a"))), media.CodeMalformed},
		"comment lengths lie":  {slices.Concat(ident, join(1, 1, 0, 0, []byte("\x03vorbis\x00\x00\x00\x00\xff\xff\xff\xff\x01"), []byte("\x05vorbis"))), media.CodeTruncated},
		"two packets first":    {join(1, 0, 2, 0, []byte("\x01vorbis"), []byte("\x03vorbis")), media.CodeMalformed},
		"stream begins again":  {slices.Concat(ident, good), media.CodeMalformed},
		"ends in headers":      {slices.Concat(ident, join(1, 1, 4, 0, []byte("\x03vorbis"))), media.CodeMalformed},
		"too many streams":     {crowd, media.CodeTooMany},
		"too many labels":      {flood, media.CodeTooMany},
		"false pages":          {slices.Concat(good, bytes.Repeat([]byte("OggS\x00aaaaaaaaaaaaaaaaaaaaa\x01\x01"), 9000)), media.CodeTooMany},
		"skeleton alone":       {join(1, 0, 2, 0, []byte("fishead\x00\x03\x00")), media.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ogg.Container{}.Scan(bytes.NewReader(test.b), media.Vorbis)
			refused(t, err, test.code)
			_, err = ogg.Container{}.Edit(bytes.NewReader(test.b), media.Vorbis, media.Put{Place: media.PlaceVorbisComment, Value: []byte("{}")})
			refused(t, err, test.code)
		})
	}
	// A later link with a codec that is not understood is read over, but never edited around.
	video := slices.Concat(good, join(9, 0, 2, 0, []byte("\x80theora")), join(9, 1, 4, 0, []byte("\x81theora")))
	scan(t, video)
	_, err := ogg.Container{}.Edit(bytes.NewReader(video), media.Vorbis, media.Put{Place: media.PlaceVorbisComment, Value: []byte("{}")})
	refused(t, err, media.CodeUnsupported)
	_, err = ogg.Container{}.Edit(bytes.NewReader(good), media.Vorbis, media.Put{Place: media.PlaceXMP, Value: []byte("{}")})
	refused(t, err, media.CodeUnsupported)
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		b    []byte
		want media.Format
	}{
		"nothing":     {nil, media.Unknown},
		"vorbis":      {tiny(1, false), media.Vorbis},
		"opus":        {tiny(1, true), media.Opus},
		"theora":      {slices.Concat(join(9, 0, 2, 0, []byte("\x80theora")), tiny(1, false)), media.Unknown},
		"with theora": {slices.Concat(pages(t, tiny(1, false))[0], join(9, 0, 2, 0, []byte("\x80theora"))), media.Unknown},
		"ogg flac":    {join(9, 0, 2, 0, []byte("\x7fFLAC")), media.Unknown},
		"magic alone": {[]byte("OggS"), media.Unknown},
		"text":        {[]byte("Oggs are fine, said the owl, and closed both its eyes."), media.Unknown},
	} {
		if got := mediatest.Sniff(ogg.Container{}, test.b); got != test.want {
			t.Errorf("%s: Sniff = %q, want %q", name, got, test.want)
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
		if got := mediatest.Sniff(ogg.Container{}, b); got != media.Unknown {
			t.Errorf("%s: Sniff = %q", name, got)
		}
	}
}

// FuzzContainer tries each input as it is and with right checksums, which chance would hardly ever make.
func FuzzContainer(f *testing.F) {
	f.Add(tiny(1, false, "A=1"))
	f.Add(tiny(1, true, "aigc=x", "DESCRIPTION="+string(mediatest.Value("d"))))
	f.Add(slices.Concat(tiny(1, true), tiny(2, false, "AIGC={}"), []byte("tail")))
	f.Add(slices.Concat(join(3, 0, 2, 0, append([]byte("fishead\x00\x03\x00\x00\x00"), make([]byte, 56)...)), tiny(1, false)))
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, ogg.Container{}, media.PlaceVorbisComment, b)
		mediatest.Survive(t, ogg.Container{}, media.PlaceVorbisComment, mend(b))
	})
}
