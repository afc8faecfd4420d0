package ebml_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/ebml"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// Elements, built by hand.

const (
	hEBML, hDocType, hSegment, hSeekHead = 0x1A45DFA3, 0x4282, 0x18538067, 0x114D9B74
	hSeek, hSeekID, hSeekPos, hVoid      = 0x4DBB, 0x53AB, 0x53AC, 0xEC
	hCRC, hInfo, hCluster, hCues, hTags  = 0xBF, 0x1549A966, 0x1F43B675, 0x1C53BB6B, 0x1254C367
	hTag, hTargets, hSimple, hName       = 0x7373, 0x63C0, 0x67C8, 0x45A3
	hString, hBinary, hTrack             = 0x4487, 0x4485, 0x63C5
)

func head() string                     { return el(hEBML, el(hDocType, "matroska")) }
func file(children ...string) string   { return head() + elw(hSegment, 8, strings.Join(children, "")) }
func live(children ...string) string   { return head() + open(hSegment) + strings.Join(children, "") }
func info() string                     { return el(hInfo, el(0x2AD7B1, "\x0f\x42\x40")) }
func block() string                    { return el(0xE7, "\x00") + el(0xA3, "\x81\x00\x00\x80data") }
func simple(name, value string) string { return el(hSimple, el(hName, name), el(hString, value)) }
func tag(simples ...string) string     { return el(hTag, el(hTargets), strings.Join(simples, "")) }
func track(simples ...string) string {
	return el(hTag, el(hTargets, el(hTrack, "\x07")), strings.Join(simples, ""))
}
func tags(list ...string) string  { return el(hTags, list...) }
func void(n int) string           { return el(hVoid, strings.Repeat("\x00", n)) }
func value(id string) string      { return string(mediatest.Value(id)) }
func seeks(list ...string) string { return el(hSeekHead, list...) }
func seek(id uint32, pos string) string {
	return el(hSeek, el(hSeekID, elw(id, 1, "")[:4]), el(hSeekPos, pos))
}
func cue(pos string) string {
	return el(0xBB, el(0xB3, "\x00"), el(0xB7, el(0xF7, "\x01"), el(0xF1, pos)))
}
func summed(id uint32, body string) string {
	return el(id, el(hCRC, string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))), body)
}

func scan(t *testing.T, b string) *media.Survey {
	t.Helper()
	survey, err := ebml.Container{}.Scan(strings.NewReader(b), media.MKV)
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

func label(t *testing.T, b, id string) string {
	t.Helper()
	put := media.Put{Place: media.PlaceTag, Value: mediatest.Value(id)}
	out := mediatest.Apply(t, ebml.Container{}, media.MKV, []byte(b), put)
	mediatest.One(t, ebml.Container{}, media.MKV, out, put.Place, put.Value)
	if again := mediatest.Apply(t, ebml.Container{}, media.MKV, out, put); !bytes.Equal(again, out) {
		t.Error("putting the same label again changed the file")
	}
	return string(out)
}

// TestPlaces checks byte for byte where the label goes.
func TestPlaces(t *testing.T) {
	t.Parallel()
	cluster := el(hCluster, block())
	fixed := summed(hCluster, el(0xA7, "\x20")+block()) // tells its position under a checksum, so it can't move
	own := tag(simple("AIGC", value("n")))
	other := simple("ARTIST", "someone")
	size := len(tags(own))
	for _, test := range []struct{ name, in, want string }{
		{"nothing there", file(info(), cluster), file(info(), tags(own), cluster)},
		{"live", live(info(), open(hCluster), block()), live(info(), tags(own), open(hCluster), block())},
		{"no clusters", file(info()), file(info(), tags(own))},
		{"beside others", file(info(), tags(tag(other)), cluster), file(info(), tags(tag(other, simple("AIGC", value("n")))), cluster)},
		{"tags of a track stay apart", file(tags(track(other)), cluster), file(tags(track(other), own), cluster)},
		{"in place", file(tags(tag(simple("AIGC", value("o")), other)), cluster), file(tags(tag(simple("AIGC", value("n")), other)), cluster)},
		{"void behind", file(tags(tag(other)), void(400), cluster), file(tags(tag(other, simple("AIGC", value("n")))), elw(hVoid, 8, strings.Repeat("\x00", len(tags(tag(other))+void(400))-len(tags(tag(other, simple("AIGC", value("n")))))-9)), cluster)},
		{"void of exact size", file(info(), elw(hVoid, 2, strings.Repeat("\x00", size-3)), cluster), file(info(), tags(own), cluster)},
		{"one byte over", file(info(), elw(hVoid, 2, strings.Repeat("\x00", size-2)), cluster), file(info(), elw(hTags, 3, own), cluster)},
		{"one byte short", file(info(), elw(hVoid, 2, strings.Repeat("\x00", size-4)), cluster), file(info(), elw(hVoid, 2, strings.Repeat("\x00", size-4)), tags(own), cluster)},
		{"void ahead of clusters", file(void(size), info(), cluster, tags(tag())), file(tags(own), void(1), info(), cluster)},
		{"cluster that can't move", file(info(), fixed), file(info(), fixed, tags(own))},
		{"shrinks", file(tags(tag(simple("AIGC", value(strings.Repeat("x", 30)))), track(other)), cluster),
			file(el(hTags, elw(hTag, 2, el(hTargets)+elw(hSimple, 2, el(hName, "AIGC")+elw(hString, 2, value("n")))), track(other)), void(58-2), cluster)},
		{"label of a track moves", file(tags(track(simple("AIGC", value("o")), other)), cluster), file(tags(elw(hTag, 2, el(hTargets, el(hTrack, "\x07"))+other), own), cluster)},
		{"segment checksum goes", file(el(hCRC, "1234"), info(), cluster), file(void(4), info(), tags(own), cluster)},
		{"checksum of tags", file(summed(hTags, tag(other)), cluster), file(summed(hTags, tag(other, simple("AIGC", value("n")))), cluster)},
		{"bytes behind", file(info(), cluster) + "tail", file(info(), tags(own), cluster) + "tail"},
		{"segment size grows", head() + el(hSegment, info(), cluster), head() + elw(hSegment, 2, info()+tags(own)+cluster)},
		{"second segment", file(info(), cluster) + file(tags(tag(simple("AIGC", "x"), other)), cluster), file(info(), tags(own), cluster) + file(tags(tag(other)), void(len(simple("AIGC", "x"))-2), cluster)},
		{"second segment's only tag", live(info(), cluster) + file(seeks(seek(hTags, "\x13")), tags(tag(simple("AIGC", "x"))), cluster),
			live(info(), tags(own), cluster) + file(void(len(seek(hTags, "\x16"))+3), void(len(tags(tag(simple("AIGC", "x"))))-2), cluster)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := label(t, test.in, "n"); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestPositionsFollow moves clusters that SeekHead, Cues and clusters themselves point to.
func TestPositionsFollow(t *testing.T) {
	t.Parallel()
	build := func(width int, room string, positioned bool) string {
		num := func(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n)))[8-width:] }
		var s string
		at := [4]int{}
		for range 3 { // until positions are right
			own := ""
			if positioned {
				own = el(0xA7, num(at[1]))
			}
			parts := []string{seeks(seek(hInfo, num(at[0])), seek(hTags, num(at[2])), seek(hCues, num(at[3]))), room, info(),
				el(hCluster, el(0xE7, "\x00"), own, el(0xA3, strings.Repeat("d", 3000))), tags(tag(simple("ARTIST", "someone"))), summed(hCues, cue(num(at[1]))+cue(num(at[1])))}
			at[0] = len(parts[0] + parts[1])
			at[1] = at[0] + len(parts[2])
			at[2] = at[1] + len(parts[3])
			at[3] = at[2] + len(parts[4])
			s = file(parts...)
		}
		sound(t, []byte(s))
		return s
	}
	for name, in := range map[string]string{
		"wide":               build(4, "", false),
		"clusters tell":      build(4, "", true),
		"no room":            build(2, "", false),
		"no room, void":      build(2, void(30), true),
		"room for the label": build(2, void(400), true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 120, 40000} { // the last needs positions of more than two bytes
				out := label(t, in, strings.Repeat("n", n))
				sound(t, []byte(out))
				if !bytes.Contains([]byte(out), []byte("someone")) {
					t.Error("another tag is lost")
				}
			}
		})
	}
}

// TestTailIsFound labels files whose clusters can't move: SeekHead must name the tags at the end.
func TestTailIsFound(t *testing.T) {
	t.Parallel()
	fixed := summed(hCluster, el(0xA7, "\x20")+el(0xE7, "\x00")+el(0xA3, strings.Repeat("d", 300)))
	first := seeks(seek(hInfo, "\x10"))
	old := tags(tag(simple("ARTIST", "someone")))
	named := func(s string) (found bool) {
		segment, list := level1(t, []byte(s))
		for _, it := range list {
			if it.id != hSeekHead {
				continue
			}
			for off := it.body; off < it.end; {
				entry := parse(t, []byte(s), off)
				if strings.Contains(s[entry.off:entry.end], "\x12\x54\xc3\x67") {
					n := 0
					for _, c := range []byte(s[entry.end-8 : entry.end]) {
						n = n<<8 | int(c)
					}
					n &= 0xFFFF
					found = strings.HasPrefix(s[segment.body+n:], "\x12\x54\xc3\x67")
				}
				off = entry.end
			}
		}
		return found
	}
	for name, test := range map[string]struct {
		in    string
		found bool
	}{
		"no SeekHead, no room":  {file(info(), fixed), false},
		"no SeekHead, void":     {file(info(), void(60), fixed), true},
		"no SeekHead, old tags": {file(info(), old, fixed), true},
		"SeekHead with room":    {file(first, void(60), info(), fixed), true},
		"SeekHead, old tags":    {file(first, info(), old, fixed), true},
		"entry widens in room":  {file(seeks(seek(hTags, "\x51")), void(60), old, fixed), true},
		"entry widens, no room": {file(seeks(seek(hTags, "\x13")), old, fixed), true},
		"two SeekHeads":         {file(first, seeks(seek(hInfo, "\x10")), info(), fixed), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := label(t, test.in, "n")
			if got := named(out); got != test.found {
				t.Errorf("SeekHead names the tags: %v\n%q", got, out)
			}
			if !strings.HasSuffix(out, tags(tag(simple("AIGC", value("n"))))) && !strings.HasSuffix(out, tags(tag(simple("ARTIST", "someone"), simple("AIGC", value("n"))))) {
				t.Errorf("the label is not at the end: %q", out)
			}
			if longer := label(t, out, strings.Repeat("x", 500)); len(longer) > len(out)+1100 || named(longer) != test.found {
				t.Error("a longer label is lost sight of")
			}
		})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	cluster := el(hCluster, block())
	for name, test := range map[string]struct {
		tag, value string
		place      media.Place
		code       colophon.Code
	}{
		"plain":       {tag(simple("AIGC", "{}")), "{}", media.PlaceTag, ""},
		"padded":      {tag(simple("AIGC\x00", "{}\x00\x00")), "{}", media.PlaceTag, ""},
		"spelling":    {tag(simple("aigc", "{}")), "{}", media.PlaceTag, media.CodeIDSpelling},
		"track":       {track(simple("AIGC", "{}")), "{}", media.PlaceTag, media.CodeOtherPlace},
		"nested":      {tag(el(hSimple, el(hName, "X"), simple("AIGC", "{}"))), "{}", media.PlaceTag, media.CodeOtherPlace},
		"binary":      {tag(el(hSimple, el(hName, "AIGC"), el(hBinary, "{}"))), "{}", media.PlaceTag, media.CodeStructure},
		"no value":    {tag(el(hSimple, el(hName, "AIGC"))), "", media.PlaceTag, media.CodeStructure},
		"free text":   {tag(simple("description", value("d"))), value("d"), media.PlaceDescription, media.CodeOtherPlace},
		"all tracks":  {el(hTag, el(hTargets, el(hTrack, "\x00")), simple("AIGC", "{}")), "{}", media.PlaceTag, ""},
		"no targets":  {el(hTag, simple("AIGC", "{}")), "{}", media.PlaceTag, ""},
		"string last": {tag(el(hSimple, el(hString, "{}"), el(0x447A, "und"), el(hName, "AIGC"))), "{}", media.PlaceTag, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, in := range []string{file(tags(test.tag), cluster), file(cluster, tags(test.tag)), live(open(hCluster), block(), tags(test.tag)), live(tags(test.tag), open(hCluster), block(), open(hCluster), block())} {
				got := scan(t, in).Labels
				if len(got) != 1 || got[0].Place != test.place || string(got[0].Value) != test.value || !strings.HasPrefix(in[got[0].Offset:], "\x67\xc8") {
					t.Fatalf("labels %v", got)
				}
				if codes := got[0].Findings; test.code == "" && len(codes) > 0 || test.code != "" && (len(codes) != 1 || codes[0].Code != test.code) {
					t.Errorf("findings %v", codes)
				}
				label(t, in, "n")
			}
		})
	}
	for name, in := range map[string]string{
		"checksum":      file(el(hTags, el(hCRC, "1234"), tag(simple("A", "b"))), cluster),
		"tail":          file(cluster) + "tail",
		"cut":           file(void(500), cluster)[:len(file(void(500), cluster))-3],
		"live, cut":     live(void(500), open(hCluster), block()[:9]),
		"segment short": head() + "\x18\x53\x80\x67\x48\x00" + void(500) + cluster,
	} {
		if got := scan(t, in).Findings; len(got) != 1 {
			t.Errorf("%s: findings %v", name, got)
		}
		label(t, in, "n") // where nothing can be appended, a Void serves
	}
}

func TestLabelsInSeveralPlaces(t *testing.T) {
	t.Parallel()
	cluster := el(hCluster, block())
	other := simple("ARTIST", "someone")
	in := file(tags(tag(simple("aigc", "a"), other), track(simple("AIGC", "b"))), cluster, tags(track(other, el(hSimple, el(hName, "X"), el(hString, "x"), simple("AIGC", "c"))), tag(simple("AIGC", "d"))), tags(tag(simple("AIGC", "e"))))
	if got := len(scan(t, in).Labels); got != 5 {
		t.Fatalf("%d labels", got)
	}
	out := label(t, in, "n")
	for _, kept := range []string{other, cluster, el(hName, "X") + el(hString, "x")} {
		if strings.Count(out, kept) != strings.Count(in, kept) {
			t.Errorf("%q is lost from %q", kept, out)
		}
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	deep := simple("A", "b")
	for range 20 {
		deep = el(hSimple, el(hName, "A"), deep)
	}
	for name, test := range map[string]struct {
		in   string
		code colophon.Code
	}{
		"header alone":           {head(), media.CodeTruncated},
		"no segment":             {head() + el(hInfo, ""), media.CodeMalformed},
		"segment header cut":     {head() + "\x18\x53\x80\x67", media.CodeTruncated},
		"long ID":                {file("\x00\x00\x00"), media.CodeMalformed},
		"long size":              {file("\xec\x00"), media.CodeMalformed},
		"beyond the segment":     {file("\xec\x90") + strings.Repeat("x", 50), media.CodeMalformed},
		"tags cut":               {live(tags(tag(simple("AIGC", "x")))[:20]), media.CodeTruncated},
		"tags of unknown size":   {live(open(hTags), tag(simple("AIGC", "x"))), media.CodeMalformed},
		"tag beyond tags":        {file(tags("\x73\x73\x90")), media.CodeTruncated},
		"size cut in tags":       {file(tags("\x73")), media.CodeTruncated},
		"bad ID in tags":         {file(tags("\x00")), media.CodeMalformed},
		"unknown size in tags":   {file(tags("\x73\x73\xff")), media.CodeMalformed},
		"too deep":               {file(tags(tag(deep))), media.CodeTooDeep},
		"many elements":          {file(strings.Repeat(void(0), 20000)), media.CodeTooMany},
		"many elements in tags":  {file(tags(strings.Repeat(void(0), 200000))), media.CodeTooMany},
		"many labels":            {file(tags(tag(strings.Repeat(simple("AIGC", ""), 2000)))), media.CodeTooMany},
		"block beyond segment":   {head() + elw(hSegment, 8, open(hCluster)+"\xa3\x90") + "xxxxxxxxxxxxxxxxxxxx", media.CodeMalformed},
		"block of unknown size":  {live(open(hCluster), "\xa0\xff"), media.CodeMalformed},
		"large tags":             {file(tags(el(hVoid, strings.Repeat("\x00", 17<<20)))), media.CodeTooLarge},
		"garbage in live stream": {live(open(hCluster), block(), "\x00\x00"), media.CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ebml.Container{}.Scan(strings.NewReader(test.in), media.MKV)
			refused(t, err, test.code)
			if name == "many labels" {
				return // an edit may well reduce them to one
			}
			_, err = ebml.Container{}.Edit(strings.NewReader(test.in), media.MKV, media.Put{Place: media.PlaceTag, Value: []byte("{}")})
			refused(t, err, test.code)
		})
	}
	cut := live(open(hCluster), block()[:9])
	_, err := ebml.Container{}.Edit(strings.NewReader(cut), media.MKV, media.Put{Place: media.PlaceTag, Value: []byte("{}")})
	refused(t, err, media.CodeUnsupported)
	_, err = ebml.Container{}.Edit(strings.NewReader(file()), media.MKV, media.Put{Place: media.PlaceXMP, Value: []byte("{}")})
	refused(t, err, media.CodeUnsupported)
	_, err = ebml.Container{}.Edit(strings.NewReader(file()), media.MKV, media.Put{Place: media.PlaceTag, Value: make([]byte, 17<<20)})
	refused(t, err, media.CodeNoRoom)
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
		head(): media.MKV, el(hEBML, el(0x4286, "\x01"), el(hDocType, "webm\x00")): media.WebM,
		el(hEBML, el(hDocType, "other")): media.Unknown, el(hEBML): media.Unknown, head()[:8]: media.Unknown, "": media.Unknown,
		"\x1a\x45\xdf\xa3\xff": media.Unknown, "RIFF": media.Unknown,
	} {
		if got := mediatest.Sniff(ebml.Container{}, []byte(in)); got != want {
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
		if got := mediatest.Sniff(ebml.Container{}, b); got != media.Unknown {
			t.Errorf("%s: Sniff = %q", name, got)
		}
	}
}

func FuzzContainer(f *testing.F) {
	cluster := el(hCluster, el(0xA7, "\x40"), block())
	f.Add([]byte(file(seeks(seek(hTags, "\x00\x40"), seek(hCues, "\x01\x00")), void(20), info(), tags(tag(simple("aigc", "x"))), cluster, summed(hCues, cue("\x40")))))
	f.Add([]byte(live(info(), open(hCluster), block(), open(hCluster), block(), tags(track(simple("AIGC", "x"))), void(4))))
	f.Add([]byte(file(el(hCRC, "1234"), info(), summed(hCluster, el(0xA7, "\x20")+block()), tags(tag(simple("A", "b")))) + file(tags(tag(simple("AIGC", "x"))))))
	f.Add([]byte(file(void(300), cluster) + "tail"))
	f.Fuzz(func(t *testing.T, b []byte) {
		mediatest.Survive(t, ebml.Container{}, media.PlaceTag, b)
	})
}
