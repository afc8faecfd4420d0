package png_test

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/png"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

func has(findings []colophon.Finding, code colophon.Code) bool {
	return slices.ContainsFunc(findings, func(f colophon.Finding) bool { return f.Code == code })
}

func deflate(s string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func profile(name, content string) string {
	digits := hex.EncodeToString([]byte(content))
	return fmt.Sprintf("\n%s\n%8d\n%s\n", name, len(content), strings.ReplaceAll(digits, "ff", "f\nf"))
}

// Labels as they are found in the field: each is read with its oddity told, and an edit leaves one label at each place.
func TestWild(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("w1"))
	wrapped := string(media.Wrap([]byte(value)))
	packet := string(xmp.New(xmp.Properties{Label: []byte(value)}))
	block, err := exif.Set(nil, []byte(wrapped))
	if err != nil {
		t.Fatal(err)
	}
	late := colophon.Code(media.CodeLateLabel)
	tests := map[string]struct {
		file  []byte
		place media.Place
		codes []colophon.Code
	}{
		"tEXt bare":            {tiny(text("tEXt", "AIGC\x00"+value), nil), media.PlaceText, nil},
		"tEXt wrapped":         {tiny(text("tEXt", "AIGC\x00"+wrapped), nil), media.PlaceText, nil},
		"tEXt lower case":      {tiny(text("tEXt", "aigc\x00"+value), nil), media.PlaceText, []colophon.Code{media.CodeIDSpelling}},
		"tEXt late":            {tiny(nil, text("tEXt", "AIGC\x00"+value)), media.PlaceText, []colophon.Code{late}},
		"behind IEND":          {append(tiny(nil, nil), text("tEXt", "AIGC\x00"+value)...), media.PlaceText, []colophon.Code{late}},
		"zTXt":                 {tiny(text("zTXt", "AIGC\x00\x00"+deflate(value)), nil), media.PlaceText, []colophon.Code{media.CodeCompressed}},
		"iTXt":                 {tiny(text("iTXt", "AIGC\x00\x00\x00\x00\x00"+value), nil), media.PlaceText, []colophon.Code{media.CodeOtherPlace}},
		"iTXt deflated":        {tiny(text("iTXt", "AIGC\x00\x01\x00\x00\x00"+deflate(value)), nil), media.PlaceText, []colophon.Code{media.CodeCompressed}},
		"iTXt Description":     {tiny(text("iTXt", "Description\x00\x00\x00zh\x00\x00"+wrapped), nil), media.PlaceDescription, []colophon.Code{media.CodeOtherPlace}},
		"tEXt Comment":         {tiny(text("tEXt", "Comment\x00"+wrapped), nil), media.PlaceDescription, []colophon.Code{media.CodeOtherPlace}},
		"text around":          {tiny(text("tEXt", "Description\x00A cat. AIGC:"+value), nil), media.PlaceDescription, []colophon.Code{media.CodeOtherPlace}},
		"XMP late":             {tiny(nil, text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+packet)), media.PlaceXMP, []colophon.Code{late}},
		"XMP deflated":         {tiny(text("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflate(packet)), nil), media.PlaceXMP, []colophon.Code{media.CodeCompressed}},
		"XMP in tEXt":          {tiny(text("tEXt", "XML:com.adobe.xmp\x00"+packet), nil), media.PlaceXMP, []colophon.Code{media.CodeOtherPlace}},
		"XMP keyword":          {tiny(text("iTXt", "xml:com.adobe.xmp\x00\x00\x00\x00\x00"+packet), nil), media.PlaceXMP, []colophon.Code{media.CodeIDSpelling}},
		"XMP profile":          {tiny(text("tEXt", "Raw profile type xmp\x00"+profile("xmp", packet)), nil), media.PlaceXMP, []colophon.Code{media.CodeOtherPlace}},
		"XMP profile deflated": {tiny(text("zTXt", "Raw profile type xmp\x00\x00"+deflate(profile("xmp", packet))), nil), media.PlaceXMP, []colophon.Code{media.CodeCompressed, media.CodeOtherPlace}},
		"XMP in APP1 profile":  {tiny(text("tEXt", "Raw profile type APP1\x00"+profile("generic profile", "http://ns.adobe.com/xap/1.0/\x00"+packet)), nil), media.PlaceXMP, []colophon.Code{media.CodeOtherPlace}},
		"EXIF profile":         {tiny(text("zTXt", "Raw profile type exif\x00\x00"+deflate(profile("exif", "Exif\x00\x00"+string(block)))), nil), media.PlaceEXIF, []colophon.Code{media.CodeCompressed, media.CodeOtherPlace}},
		"eXIf late":            {tiny(nil, chunk("eXIf", block...)), media.PlaceEXIF, []colophon.Code{late}},
		"XMP attribute": {tiny(text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`+
			`<rdf:Description rdf:about="" xmlns:C260="http://www.tc260.org.cn/ns/AIGC/1.0/" C260:AIGC="`+strings.ReplaceAll(value, `"`, "&quot;")+`"/></rdf:RDF></x:xmpmeta>`), nil),
			media.PlaceXMP, []colophon.Code{media.CodeAttributeForm, media.CodeForeignPrefix}},
		"two labels": {tiny(text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+packet), text("tEXt", "AIGC\x00"+value)), media.PlaceXMP, nil},
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
			for _, place := range (png.Container{}).Places(media.PNG) {
				out := put(t, test.file, place)
				if name != "behind IEND" {
					same(t, test.file, out)
				}
				// A packet that was odd in itself stays odd; the rest must be as usual.
				if survey := scan(t, out); len(survey.Labels) != 1 || !mediatest.Holds(survey.Labels[0], place, mediatest.Value("p1")) || has(survey.Labels[0].Findings, late) {
					t.Errorf("labels at %s: %v", place, survey.Labels)
				}
				if !bytes.Equal(put(t, out, place), out) {
					t.Errorf("putting the label at %s again changed the file", place)
				}
			}
		})
	}
}

// What is not the label survives in chunks that hold one.
func TestKeeps(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("w1"))
	b := tiny(slices.Concat(text("zTXt", "Description\x00\x00"+deflate("A cat. "+value+" Meow.")), text("tEXt", "Software\x00Paint"),
		chunk("caBX", 1, 2, 3), text("tEXt", "prompt\x00{\"a\":\"a cat\",\"AIGC\":"+value+"}")), nil)
	if survey := scan(t, b); len(survey.Labels) != 2 || len(survey.Signatures) != 1 || survey.Signatures[0].Kind != media.SignatureC2PA {
		t.Fatalf("survey %v", survey)
	}
	tags := mediatest.Exiftool(t, "a.png", put(t, b, media.PlaceText))
	if d := tags["PNG:Description"]; !strings.HasPrefix(d, "A cat. ") || !strings.HasSuffix(d, " Meow.") || strings.Contains(d, "Label") {
		t.Errorf("description %q", d)
	}
	if tags["PNG:Software"] != "Paint" || !strings.Contains(tags["PNG:Prompt"], `"a":"a cat"`) || strings.Contains(tags["PNG:Prompt"], "Label") {
		t.Errorf("tags %v", tags)
	}
}

// A program's own chunks of text are no labels, whatever words they use.
func TestNoLabel(t *testing.T) {
	t.Parallel()
	b := tiny(slices.Concat(text("tEXt", "parameters\x00an AIGC poster {blue}, labelled"), text("tEXt", "no null byte"),
		text("zTXt", "Comment\x00\x00not deflated"), text("iTXt", "Comment\x00\x02")), []byte{})
	survey := scan(t, b)
	if len(survey.Labels) != 0 {
		t.Errorf("labels %v", survey.Labels)
	}
	if len(survey.Findings) != 3 {
		t.Errorf("findings %v", survey.Findings)
	}
	survey = scan(t, append(tiny(nil, nil), "tail"...))
	if len(survey.Findings) != 1 || survey.Findings[0].Code != media.CodeTrailingData || survey.Findings[0].Level != colophon.Note {
		t.Errorf("findings %v", survey.Findings)
	}
	hurt := text("tEXt", "AIGC\x00"+string(mediatest.Value("w1")))
	hurt[len(hurt)-1]++
	survey = scan(t, tiny(hurt, nil))
	if len(survey.Labels) != 1 || !has(survey.Findings, media.CodeStructure) {
		t.Errorf("labels %v, findings %v", survey.Labels, survey.Findings)
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	good := tiny(nil, nil)
	bomb := deflate(strings.Repeat("a", 5<<20))
	tests := map[string]struct {
		file []byte
		code colophon.Code
	}{
		"cut in IDAT":     {good[:len(good)-15], media.CodeTruncated},
		"no IEND":         {good[:len(good)-12], media.CodeTruncated},
		"signature alone": {[]byte(signature), media.CodeTruncated},
		"no IDAT":         {slices.Concat([]byte(signature), good[8:33], chunk("IEND")), media.CodeMalformed},
		"no IHDR":         {slices.Concat([]byte(signature), good[33:]), media.CodeMalformed},
		"type":            {slices.Concat(good[:33], chunk("ID T"), good[33:]), media.CodeMalformed},
		"length":          {slices.Concat(good[:33], []byte("\xff\xff\xff\xfftEXt"), good[33:]), media.CodeMalformed},
		"beyond the end":  {slices.Concat(good[:33], []byte("\x7f\xff\xff\xfftEXt"), good[33:]), media.CodeTruncated},
		"bomb":            {tiny(text("zTXt", "AIGC\x00\x00"+bomb), nil), media.CodeTooLarge},
		"XMP bomb":        {tiny(text("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+bomb), nil), media.CodeTooLarge},
		"too many labels": {tiny(bytes.Repeat(text("tEXt", "AIGC\x00{}"), 300), nil), media.CodeTooMany},
		"long label":      {tiny(text("tEXt", "AIGC\x00"+strings.Repeat("a", 17<<20)), nil), media.CodeTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey, err := png.Container{}.Scan(bytes.NewReader(test.file), media.PNG)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != test.code || survey == nil {
				t.Fatalf("Scan: %v, want %s", err, test.code)
			}
			if _, err := (png.Container{}).Edit(bytes.NewReader(test.file), media.PNG, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("a")}); err == nil {
				t.Error("Edit did not fail")
			}
		})
	}
	// A bomb in a comment is passed over; so is a long comment.
	b := tiny(slices.Concat(text("zTXt", "Comment\x00\x00"+bomb), text("tEXt", "Comment\x00"+strings.Repeat("a", 17<<20))), nil)
	if survey := scan(t, b); len(survey.Findings) != 2 {
		t.Errorf("findings %v", survey.Findings)
	}
	same(t, b, put(t, b, media.PlaceXMP))
	if _, err := (png.Container{}).Edit(bytes.NewReader(good), media.PNG, media.Put{Place: media.PlaceKeys, Value: mediatest.Value("a")}); err == nil {
		t.Error("Edit at a foreign place did not fail")
	}
	// A packet that can't be edited is not lost.
	b = tiny(text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00<x:xmpmeta><broken"), nil)
	if _, err := (png.Container{}).Edit(bytes.NewReader(b), media.PNG, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("a")}); err == nil {
		t.Error("Edit of a broken packet did not fail")
	}
}

func FuzzContainer(f *testing.F) {
	value := string(mediatest.Value("w1"))
	packet := string(xmp.New(xmp.Properties{Label: []byte(value)}))
	block, err := exif.Set(nil, media.Wrap([]byte(value)))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{
		nil,
		text("tEXt", "AIGC\x00"+value),
		text("zTXt", "Comment\x00\x00"+deflate("text "+value)),
		text("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+packet),
		text("iTXt", "XML:com.adobe.xmp\x00\x01\x00\x00\x00"+deflate(packet)),
		text("tEXt", "Raw profile type xmp\x00"+profile("xmp", packet)),
		text("tEXt", "Raw profile type exif\x00"+profile("exif", "Exif\x00\x00"+string(block))),
		slices.Concat(chunk("acTL", 0, 0, 0, 1, 0, 0, 0, 0), chunk("eXIf", block...), chunk("caBX")),
	} {
		f.Add(tiny(b, nil))
		f.Add(tiny(nil, b))
	}
	f.Add(append(tiny(nil, nil), text("tEXt", "AIGC\x00"+value)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, place := range (png.Container{}).Places(media.PNG) {
			mediatest.Survive(t, png.Container{}, place, b)
		}
	})
}

// ImageMagick lays XMP down as a profile in hexadecimal digits, and reads what is left of it.
func TestImageMagick(t *testing.T) {
	t.Parallel()
	value := mediatest.Value("m1")
	packet := bytes.Replace(xmp.New(xmp.Properties{Label: value}), []byte("</rdf:RDF>"),
		[]byte(`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="kept"/></rdf:RDF>`), 1)
	b := convert(t, "a.png", "-size", "40x30", "gradient:red-blue", "-profile", "xmp:"+mediatest.File(t, "p.xmp", packet))
	survey := scan(t, b)
	if len(survey.Labels) != 1 || !bytes.Equal(survey.Labels[0].Value, value) || !has(survey.Labels[0].Findings, media.CodeCompressed) {
		t.Fatalf("labels %v", survey.Labels)
	}
	for _, place := range (png.Container{}).Places(media.PNG) {
		out := put(t, b, place)
		mediatest.One(t, png.Container{}, media.PNG, out, place, mediatest.Value("p1"))
		left := mediatest.Output(t, "convert", mediatest.File(t, "a.png", out), "xmp:-")
		if !bytes.Contains(left, []byte(`dc:format="kept"`)) || bytes.Contains(left, []byte("m1")) {
			t.Errorf("ImageMagick reads %s", left)
		}
	}
}
