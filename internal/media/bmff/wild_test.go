package bmff_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// TestWild reads labels as they are found in the field, and moves them to their place.
func TestWild(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("wild"))
	wrapped := string(media.Wrap([]byte(value)))
	packet := string(xmp.New(xmp.Properties{Label: []byte(value)}))
	wide := func(s string) (b []byte) {
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.BigEndian.AppendUint16(b, u)
		}
		return b
	}
	const other = media.CodeOtherPlace
	cases := []struct {
		name  string
		file  []byte
		place media.Place
		codes []colophon.Code
		value string // when not value
	}{
		{"key in lower case", simple(atom("udta", meta(keyed("title", "T", "aigc", value, "x", "y")))), media.PlaceKeys, []colophon.Code{media.CodeIDSpelling}, ""},
		{"key with prefix", simple(atom("udta", meta(keyed("com.example.AIGC", value)))), media.PlaceKeys, []colophon.Code{media.CodeIDSpelling}, ""},
		{"wrapped", simple(atom("udta", meta(keyed("AIGC", wrapped)))), media.PlaceKeys, nil, wrapped},
		{"no label at all", simple(atom("udta", meta(keyed("AIGC", "yes")))), media.PlaceKeys, nil, "yes"},
		{"udta meta without version", simple(atom("udta", atom("meta", keyed("AIGC", value)))), media.PlaceKeys, []colophon.Code{media.CodeNoVersion}, ""},
		{"moov meta", simple(meta(keyed("AIGC", value))), media.PlaceQuickTime, []colophon.Code{other}, ""},
		{"moov meta without version", simple(atom("meta", keyed("a", "b", "AIGC", value))), media.PlaceQuickTime, []colophon.Code{media.CodeNoVersion, other}, ""},
		{"track meta", simple(atom("trak", meta(keyed("AIGC", value)))), media.PlaceQuickTime, []colophon.Code{other}, ""},
		{"UTF-16", simple(atom("udta", meta(handler("mdta"), atom("keys", uint32(0), uint32(1), atom("mdta", "AIGC")),
			atom("ilst", atom("\x00\x00\x00\x01", atom("data", uint32(2), uint32(0), wide(value))))))), media.PlaceKeys, nil, ""},
		{"iTunes comment", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("\xa9nam", text("T")), atom("\xa9cmt", text(wrapped)))))),
			media.PlaceITunes, []colophon.Code{other}, wrapped},
		{"iTunes description in UTF-16", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("desc", atom("data", uint32(2), uint32(0), wide(value))))))),
			media.PlaceITunes, []colophon.Code{other}, ""},
		{"iTunes text without data box", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("\xa9cmt", wrapped))))), media.PlaceITunes, []colophon.Code{other}, wrapped},
		{"iTunes item", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("AIGC", text(value)))))), media.PlaceITunes, []colophon.Code{other}, ""},
		{"iTunes freeform", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("----",
			atom("mean", uint32(0), "com.apple.iTunes"), atom("name", uint32(0), "AIGC"), text(value)))))), media.PlaceITunes, []colophon.Code{other}, ""},
		{"iTunes freeform in lower case", simple(atom("udta", meta(handler("mdir"), atom("ilst", atom("----",
			atom("mean", uint32(0), "com.apple.iTunes"), atom("name", uint32(0), "aigc"), text(value)))))), media.PlaceITunes, []colophon.Code{media.CodeIDSpelling, other}, ""},
		{"QuickTime text", simple(atom("udta", atom("\xa9cmt", uint16(len(value)), uint16(0x55C4), value))), media.PlaceDescription, []colophon.Code{other}, ""},
		{"3GPP text", simple(atom("udta", atom("dscp", uint32(0), uint16(0x55C4), value, uint8(0)))), media.PlaceDescription, []colophon.Code{other}, ""},
		{"key comment", simple(atom("udta", meta(keyed("comment", wrapped)))), media.PlaceDescription, []colophon.Code{other}, wrapped},
		{"udta box", simple(atom("udta", atom("AIGC", value))), media.PlaceUserBox, []colophon.Code{other}, ""},
		{"udta box with language", simple(atom("udta", atom("AIGC", uint16(len(value)), uint16(0), value))), media.PlaceUserBox, []colophon.Code{other}, ""},
		{"udta box with flags", simple(atom("udta", atom("aigc", uint32(0), value, uint8(0)))), media.PlaceUserBox, []colophon.Code{media.CodeIDSpelling, other}, ""},
		{"top-level box", append(simple(), atom("AIGC", value)...), media.PlaceUserBox, []colophon.Code{other}, ""},
		{"XMP uuid", append(simple(), uuid(box.UserXMP, packet)...), media.PlaceXMP, []colophon.Code{other}, ""},
		{"XMP uuid before the samples", cat(ftyp("isom"), uuid(box.UserXMP, packet), simple()[20:]), media.PlaceXMP, []colophon.Code{other}, ""},
		{"XMP in user data", simple(atom("udta", atom("XMP_", packet))), media.PlaceXMP, []colophon.Code{other}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.value == "" {
				c.value = value
			}
			survey := scan(t, c.file)
			if len(survey.Labels) != 1 {
				t.Fatalf("labels: %+v", survey.Labels)
			}
			found := survey.Labels[0]
			if found.Place != c.place || string(found.Value) != c.value {
				t.Errorf("found %s %q, want %s %q", found.Place, found.Value, c.place, c.value)
			}
			var codes []string
			for _, f := range found.Findings {
				codes = append(codes, string(f.Code))
			}
			var want []string
			for _, code := range c.codes {
				want = append(want, string(code))
			}
			if strings.Join(codes, " ") != strings.Join(want, " ") {
				t.Errorf("findings %v, want %v", codes, want)
			}
			after := label(t, c.file)
			mediatest.One(t, bmff.Container{}, media.MP4, after, media.PlaceKeys, mediatest.Value("new"))
			if bytes.Contains(after, []byte(`"wild"`)) || bytes.Contains(after, wide(`"wild"`)) || bytes.Contains(after, []byte("&quot;wild")) {
				t.Error("the old label is still in the file")
			}
			if c.name != "XMP uuid before the samples" { // its offsets are made up
				wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
			}
			if again := label(t, after); !bytes.Equal(again, after) {
				t.Error("a second edit changed the file")
			}
		})
	}
}

// TestTextAroundLabel keeps a comment that a label stands in.
func TestTextAroundLabel(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("wild"))
	b := simple(atom("udta", atom("\xa9inf", uint16(len(value)+5), uint16(0), "Mine "+value),
		meta(handler("mdir"), atom("ilst", atom("\xa9cmt", text("Filmed by me "+value+" in May")), atom("\xa9ART", text("Me"))))))
	if n := len(scan(t, b).Labels); n != 2 {
		t.Fatalf("%d labels", n)
	}
	after := label(t, b)
	mediatest.One(t, bmff.Container{}, media.MP4, after, media.PlaceKeys, mediatest.Value("new"))
	tags := mediatest.Exiftool(t, "a.mp4", after)
	if got := strings.Join(strings.Fields(tags["ItemList:Comment"]), " "); got != "Filmed by me in May" {
		t.Errorf("comment: %q", got)
	}
	if got := strings.TrimSpace(tags["UserData:Information"]); got != "Mine" || tags["ItemList:Artist"] != "Me" {
		t.Errorf("tags: %v", tags)
	}
}

// TestManyLabels reduces labels in many places to one, and keeps the other keys with their indexes.
func TestManyLabels(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("wild"))
	b := simple(
		meta(keyed("AIGC", value)),
		atom("udta",
			atom("AIGC", value),
			meta(handler("mdir"), atom("ilst", atom("AIGC", text(value)))),
			meta(keyed("first", "1", "aigc", value, "third", "3", "AIGC", value, "fifth", "5")),
			zero(4)))
	if n := len(scan(t, b).Labels); n != 5 {
		t.Fatalf("%d labels", n)
	}
	after := label(t, b)
	mediatest.One(t, bmff.Container{}, media.MP4, after, media.PlaceKeys, mediatest.Value("new"))
	wantPointed(t, after, "stco", 8, 4, "SAMPLE-ONE", "SAMPLE-TWO")
	tags := mediatest.Exiftool(t, "a.mp4", after)
	for tag, want := range map[string]string{"Keys:First": "1", "Keys:Third": "3", "Keys:Fifth": "5", "Keys:AIGC": string(mediatest.Value("new"))} {
		if tags[tag] != want {
			t.Errorf("%s = %q, want %q", tag, tags[tag], want)
		}
	}
}

// TestExiftoolWrites reads XMP that exiftool wrote into movies.
func TestExiftoolWrites(t *testing.T) {
	t.Parallel()
	config := mediatest.File(t, "config", []byte(`%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => {
TC260 => { SubDirectory => { TagTable => 'Image::ExifTool::UserDefined::TC260' } } });
%Image::ExifTool::UserDefined::TC260 = (GROUPS => { 0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Image' },
NAMESPACE => { 'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/' }, WRITABLE => 'string', AIGC => {});
1;
`))
	value := string(mediatest.Value("exiftool"))
	for _, name := range []string{"a.mp4", "a.mov"} {
		path := mediatest.File(t, name, ffmpeg(t, name, picture))
		b := mediatest.Output(t, "exiftool", "-config", config, "-XMP-TC260:AIGC="+value, "-XMP-dc:Title=T", "-o", "-", path)
		survey := scan(t, b)
		if len(survey.Labels) != 1 || survey.Labels[0].Place != media.PlaceXMP || string(survey.Labels[0].Value) != value {
			t.Fatalf("%s: %v", name, survey.Labels)
		}
		after := label(t, b)
		tags := mediatest.Exiftool(t, name, after)
		if tags["XMP-dc:Title"] != "T" || tags["Keys:AIGC"] != string(mediatest.Value("new")) || tags["XMP-TC260:Aigc"] != "" {
			t.Errorf("%s: %v", name, tags)
		}
		mediatest.SameFrames(name)(t, b, after)
	}
}

// TestCamera labels a movie with a list of keys directly in moov, before or behind the user data. Readers that use one
// table of keys for all lists must name every value rightly.
func TestCamera(t *testing.T) {
	t.Parallel()
	const apple = "com.apple.quicktime."
	list := atom("meta", keyed(apple+"make", "Apple", apple+"model", "Mac15,9", apple+"software", "14.6"))
	film := ffmpeg(t, "film.mov", picture+" -c:v mpeg4 -map_metadata -1 -fflags +bitexact -movflags +empty_moov+frag_keyframe")
	at := bytes.Index(film, []byte("moov")) - 4
	size := int(binary.BigEndian.Uint32(film[at:]))
	moov := film[at+8 : at+size]
	for name, children := range map[string][]byte{
		"behind":         cat(moov, atom("udta", atom("\xa9inf", uint16(1), uint16(0), "I")), list),
		"before":         cat(moov, list, atom("udta", atom("\xa9inf", uint16(1), uint16(0), "I"))),
		"no udta":        cat(moov, list),
		"labelled there": cat(moov, atom("meta", keyed(apple+"make", "Apple", "AIGC", string(mediatest.Value("old")), apple+"model", "Mac15,9", apple+"software", "14.6"))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := cat(film[:at], atom("moov", children), film[at+size:])
			after := label(t, before)
			value := string(mediatest.Value("new"))
			mediatest.One(t, bmff.Container{}, media.MOV, after, media.PlaceKeys, []byte(value))
			tags := mediatest.FFprobeTags(t, "a.mov", after)
			if tags["AIGC"] != value || tags[apple+"make"] != "Apple" || tags[apple+"model"] != "Mac15,9" || tags[apple+"software"] != "14.6" {
				t.Errorf("ffprobe: %v", tags)
			}
			if got := mediainfo(t, "a.mov", after); got != value {
				t.Errorf("mediainfo: %q", got)
			}
			tags = mediatest.Exiftool(t, "a.mov", after)
			if tags["Keys:AIGC"] != value || tags["Keys:Make"] != "Apple" || tags["Keys:Model"] != "Mac15,9" {
				t.Errorf("exiftool: %q %q %q", tags["Keys:AIGC"], tags["Keys:Make"], tags["Keys:Model"])
			}
			if again := label(t, after); !bytes.Equal(again, after) {
				t.Error("a second edit changed the file")
			}
		})
	}
}
