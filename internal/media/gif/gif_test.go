package gif_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/gif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	screen  = "\x01\x00\x01\x00\x80\x00\x00" + "\x00\x00\x00\xff\xff\xff"         // with two colours
	picture = "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00" + "\x02\x02\x44\x01\x00" // one pixel
	control = "\x21\xf9\x04\x00\x0a\x00\x00\x00"                                  // ten hundredths of a second
	loop    = "\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"                       // for ever
	signed  = "\x21\xff\x0bC2PA_GIF\x01\x00\x00\x05jumbf\x00"                     // manifest
	header  = "\x21\xff\x0bXMP DataXMP"                                           // of the extension
	foreign = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/gif"/></rdf:RDF></x:xmpmeta>`
)

func magic() string {
	b := []byte{1}
	for i := 255; i >= 0; i-- {
		b = append(b, byte(i))
	}
	return string(append(b, 0))
}

func blocks(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), 200)
		b.WriteByte(byte(n))
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String() + "\x00"
}

func file(parts ...string) []byte {
	return []byte("GIF89a" + screen + strings.Join(parts, "") + ";")
}

func scan(t *testing.T, b []byte) *media.Survey {
	t.Helper()
	survey, err := gif.Container{}.Scan(bytes.NewReader(b), media.GIF)
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	return survey
}

func put(t *testing.T, b []byte) []byte {
	t.Helper()
	return mediatest.Apply(t, gif.Container{}, media.GIF, b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("p1"), DigitalSourceType: mediatest.SourceType})
}

// inserted returns before with the version 89a and one piece inserted, and fails the test when after is not that.
func inserted(t *testing.T, before, after []byte) (at int, piece []byte) {
	t.Helper()
	b := bytes.Clone(before)
	b[4] = '9'
	for at < len(b) && b[at] == after[at] {
		at++
	}
	n := len(after) - len(b)
	// An insertion is ambiguous where it begins as what follows it does.
	for ; at > 0 && !bytes.HasPrefix(after[at:], []byte(header)); at-- {
	}
	if n < 0 || !bytes.Equal(after[at+n:], b[at:]) {
		t.Fatal("bytes other than the extension have changed")
	}
	return at, after[at : at+n]
}

func same(t *testing.T, before, after []byte) {
	t.Helper()
	at, piece := inserted(t, before, after)
	if bytes.Contains(before[:at], []byte(picture)) || !bytes.HasSuffix(piece, []byte(magic())) {
		t.Errorf("extension at %d: %q", at, piece)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	samples := map[string]func(t *testing.T) []byte{
		"ffmpeg": func(t *testing.T) []byte {
			return mediatest.FFmpeg(t, "a.gif", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5", "-frames:v", "4")
		},
		"87a": func(t *testing.T) []byte {
			path := filepath.Join(t.TempDir(), "a.gif")
			mediatest.Output(t, "convert", "-size", "60x40", "gradient:red-blue", "-set", "comment", "", "GIF87:"+path)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		"tiny":           func(*testing.T) []byte { return file(loop, control, picture) },
		"comment":        func(*testing.T) []byte { return file("\x21\xfe", blocks("a comment"), picture, control, picture) },
		"no trailer":     func(*testing.T) []byte { b := file(picture); return b[:len(b)-1] },
		"trailing bytes": func(*testing.T) []byte { return append(file(picture, "\x00"), "tail"...) },
		"no pictures":    func(*testing.T) []byte { return file() },
	}
	for name, make := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := make(t)
			mediatest.Run(t, mediatest.Case{Container: gif.Container{}, Format: media.GIF, Sample: b, Same: same})
			if name == "ffmpeg" || name == "87a" {
				mediatest.SameFrames("a.gif")(t, b, put(t, b))
			}
		})
	}
}

// Other programs must read what is written here, and keep what was there.
func TestInterop(t *testing.T) {
	t.Parallel()
	b := mediatest.FFmpeg(t, "a.gif", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5", "-frames:v", "3")
	path := mediatest.File(t, "a.gif", b)
	mediatest.Output(t, "exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=Titel", "-Comment=Kommentar", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := mediatest.Exiftool(t, "a.gif", b)
	labelled := put(t, b)
	after := mediatest.Exiftool(t, "a.gif", labelled)
	if got := after["XMP-TC260:Aigc"]; got != string(mediatest.Value("p1")) {
		t.Errorf("exiftool reads %q", got)
	}
	for name, old := range before {
		if !strings.HasPrefix(name, "System:") && name != "SourceFile" && after[name] != old {
			t.Errorf("%s was %q and is %q", name, old, after[name])
		}
	}
	if n := bytes.Count(labelled, []byte(header)); n != 1 {
		t.Errorf("%d XMP extensions", n)
	}
	mediatest.SameFrames("a.gif")(t, b, labelled)
	mediatest.Output(t, "convert", mediatest.File(t, "a.gif", labelled), "null:")
	mediatest.Output(t, "exiv2", "-px", mediatest.File(t, "a.gif", labelled))

	// What exiftool has written itself is read, and replaced where it stands.
	config := mediatest.File(t, "config", []byte(`%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => {TC260 => {SubDirectory => {TagTable => 'Image::ExifTool::UserDefined::TC260'}}});
%Image::ExifTool::UserDefined::TC260 = (GROUPS => {0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Other'}, NAMESPACE => {'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/'}, WRITABLE => 'string', AIGC => {});
1;
`))
	value := string(mediatest.Value("e1"))
	mediatest.Output(t, "exiftool", "-config", config, "-q", "-overwrite_original", "-XMP-TC260:AIGC="+value, path)
	if b, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	mediatest.One(t, gif.Container{}, media.GIF, b, media.PlaceXMP, []byte(value))
	mediatest.One(t, gif.Container{}, media.GIF, put(t, b), media.PlaceXMP, mediatest.Value("p1"))
}

func has(findings []colophon.Finding, code colophon.Code) bool {
	return slices.ContainsFunc(findings, func(f colophon.Finding) bool { return f.Code == code })
}

func TestWild(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("w1"))
	packet := string(xmp.New(xmp.Properties{Label: []byte(value)}))
	tests := map[string]struct {
		file  []byte
		place media.Place
		codes []colophon.Code
	}{
		"usual":         {file(loop, header, packet, magic(), control, picture), media.PlaceXMP, nil},
		"late":          {file(loop, control, picture, header, packet, magic()), media.PlaceXMP, []colophon.Code{media.CodeLateLabel}},
		"behind GCE":    {file(control, header, packet, magic(), picture), media.PlaceXMP, nil},
		"sub-blocks":    {file(header, blocks(packet), picture), media.PlaceXMP, []colophon.Code{media.CodeStructure}},
		"identifier":    {file("\x21\xff\x0bxmp dataXMP", packet, magic(), picture), media.PlaceXMP, []colophon.Code{media.CodeIDSpelling}},
		"comment":       {file(control, picture, "\x21\xfe", blocks("AIGC:"+value)), media.PlaceComment, []colophon.Code{media.CodeOtherPlace, media.CodeLateLabel}},
		"comment, text": {file("\x21\xfe", blocks("made by hand {\"AIGC\":"+value+"}"), control, picture), media.PlaceComment, []colophon.Code{media.CodeOtherPlace}},
		"two": {file(header, foreign, magic(), picture, header, packet, magic(), "\x21\xfe", blocks(value), picture), media.PlaceXMP,
			[]colophon.Code{media.CodeLateLabel}},
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
			out := put(t, test.file)
			mediatest.One(t, gif.Container{}, media.GIF, out, media.PlaceXMP, mediatest.Value("p1"))
			if !bytes.Equal(put(t, out), out) {
				t.Error("putting the label again changed the file")
			}
			if strings.Count(string(test.file), picture) != strings.Count(string(out), picture) {
				t.Error("pictures are lost")
			}
			for _, kept := range []string{loop, "made by hand", "dc:format"} {
				if strings.Contains(string(test.file), kept) && !strings.Contains(string(out), kept) {
					t.Errorf("%q is lost", kept)
				}
			}
		})
	}
	if survey := scan(t, file(signed, picture)); len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
		t.Errorf("signatures %v", survey.Signatures)
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	good := file(loop, control, picture)
	tests := map[string]struct {
		file []byte
		code colophon.Code
	}{
		"header alone":    {[]byte("GIF89a"), media.CodeTruncated},
		"no colours":      {good[:15], media.CodeTruncated},
		"cut in picture":  {good[:len(good)-4], media.CodeTruncated},
		"cut in block":    {file("\x21\xfe\xff")[:20], media.CodeTruncated},
		"unknown block":   {file("\x42"), media.CodeMalformed},
		"too many labels": {file(strings.Repeat("\x21\xfe"+blocks(`{"ContentProducer":"","Label":"1"}`), 300)), media.CodeTooMany},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey, err := gif.Container{}.Scan(bytes.NewReader(test.file), media.GIF)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != test.code || survey == nil {
				t.Fatalf("Scan: %v, want %s", err, test.code)
			}
		})
	}
	for name, b := range map[string][]byte{
		"no magic trailer": file(header, "<x:xmpmeta/>\x00", picture),
		"broken packet":    file(header, "<x:xmpmeta><broken", magic(), picture),
	} {
		if _, err := (gif.Container{}).Edit(bytes.NewReader(b), media.GIF, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("a")}); err == nil {
			t.Errorf("Edit of %s did not fail", name)
		}
	}
	if _, err := (gif.Container{}).Edit(bytes.NewReader(good), media.GIF, media.Put{Place: media.PlaceEXIF, Value: mediatest.Value("a")}); err == nil {
		t.Error("Edit at a foreign place did not fail")
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	b, ok := mediatest.Sample(t, "media/sample1.gif")
	if !ok {
		return
	}
	// Tools of the time left XMP in it; all must stay.
	before, after := mediatest.Exiftool(t, "a.gif", b), mediatest.Exiftool(t, "a.gif", put(t, b))
	for name, old := range before {
		if !strings.HasPrefix(name, "System:") && name != "SourceFile" && after[name] != old {
			t.Errorf("%s was %q and is %q", name, old, after[name])
		}
	}
	mediatest.SameFrames("a.gif")(t, b, put(t, b))
}

func FuzzContainer(f *testing.F) {
	packet := string(xmp.New(xmp.Properties{Label: mediatest.Value("w1")}))
	f.Add([]byte("GIF87a" + screen + picture + ";"))
	f.Add(file(loop, control, picture, picture))
	f.Add(file(header, packet, magic(), control, picture))
	f.Add(file(control, picture, header, packet, magic()))
	f.Add(file(header, foreign, magic(), signed, picture, "\x00"))
	f.Add(file(header, blocks(packet), "\x21\xfe", blocks("text "+string(mediatest.Value("w1"))), picture))
	f.Fuzz(func(t *testing.T, b []byte) { mediatest.Survive(t, gif.Container{}, media.PlaceXMP, b) })
}
