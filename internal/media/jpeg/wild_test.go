package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

func scan(t testing.TB, b []byte) *media.Survey {
	t.Helper()
	survey, err := container.Scan(bytes.NewReader(b), media.JPEG)
	if err != nil {
		t.Fatal(err)
	}
	return survey
}

func has(findings []colophon.Finding, code colophon.Code) bool {
	for _, f := range findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

func refusal(err error) *colophon.Error {
	var e *colophon.Error
	errors.As(err, &e)
	return e
}

func exifBlock(t testing.TB, value string) []byte {
	t.Helper()
	block, err := exif.Set(nil, []byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// TestWild reads each way of storing a label that was met in the field, and replaces it by the usual one.
func TestWild(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("wild"))
	wrapped := string(media.Wrap([]byte(value)))
	quoted := strings.ReplaceAll(value, `"`, "&quot;")
	plain := tiny(t)
	uncoded := bytes.ReplaceAll(exifBlock(t, wrapped+"        "), []byte("ASCII\x00\x00\x00"+wrapped+"        "), []byte(wrapped+"                "))
	tc260 := `xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"`
	late := bytes.Clone(plain[:len(plain)-2])
	for name, c := range map[string]struct {
		b     []byte
		place media.Place
		value string
		code  colophon.Code
	}{
		"xmp element":            {with(plain, segment(0xE1, headXMP+packet(tc260, "<TC260:AIGC>"+quoted+"</TC260:AIGC>", 0))), media.PlaceXMP, value, ""},
		"xmp attribute":          {with(plain, segment(0xE1, headXMP+packet(tc260+` TC260:AIGC="`+quoted+`"`, "", 9))), media.PlaceXMP, value, media.CodeAttributeForm},
		"xmp, other prefix":      {with(plain, segment(0xE1, headXMP+packet(strings.ReplaceAll(tc260, "TC260=", "ns1="), "<ns1:AIGC>"+quoted+"</ns1:AIGC>", 0))), media.PlaceXMP, value, media.CodeForeignPrefix},
		"xmp, not the first":     {with(plain, segment(0xE1, headXMP+packet("", "", 0)), segment(0xE1, headXMP+packet(tc260, "<TC260:AIGC>"+quoted+"</TC260:AIGC>", 0))), media.PlaceXMP, value, ""},
		"xmp behind the scan":    {append(append(late, segment(0xE1, headXMP+packet(tc260, "<TC260:AIGC>"+quoted+"</TC260:AIGC>", 0))...), 0xFF, 0xD9), media.PlaceXMP, value, media.CodeLateLabel},
		"exif":                   {with(plain, segment(0xE1, headEXIF+string(exifBlock(t, wrapped)))), media.PlaceEXIF, wrapped, ""},
		"exif without code":      {with(plain, segment(0xE1, headEXIF+string(uncoded))), media.PlaceEXIF, wrapped, media.CodeNoCharsetCode},
		"exif description":       {tool(t, plain, "exiftool", "-q", "-o", "OUT", "-ImageDescription="+wrapped, "IN"), media.PlaceDescription, wrapped, media.CodeOtherPlace},
		"app9":                   {with(plain, segment(0xE9, "AIGC"+value)), media.PlaceAPP9, value, media.CodeOtherPlace},
		"app11":                  {with(plain, segment(0xEB, "AIGC"+value+"\x00")), media.PlaceAPP11, value, media.CodeOtherPlace},
		"app11, other case":      {with(plain, segment(0xEB, "aigc: {}")), media.PlaceAPP11, "{}", media.CodeOtherPlace},
		"app9, wrapped":          {with(plain, segment(0xE9, wrapped)), media.PlaceAPP9, wrapped, media.CodeOtherPlace},
		"app9 behind the scan":   {append(append(bytes.Clone(late), segment(0xE9, "AIGC"+value)...), 0xFF, 0xD9), media.PlaceAPP9, value, media.CodeLateLabel},
		"comment":                {with(plain, segment(0xFE, wrapped)), media.PlaceDescription, wrapped, media.CodeOtherPlace},
		"comment amid prose":     {with(plain, segment(0xFE, "made "+wrapped+" by us")), media.PlaceDescription, wrapped, media.CodeOtherPlace},
		"older vendor's schema":  {with(plain, segment(0xFE, `{"AIGC":{"ServiceProvider":"x"}}`)), media.PlaceDescription, `{"AIGC":{"ServiceProvider":"x"}}`, media.CodeOtherPlace},
		"in the following image": {append(bytes.Clone(plain), with(plain, segment(0xE9, "AIGC"+value))...), media.PlaceAPP9, value, media.CodeLateLabel},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survey := scan(t, c.b)
			if len(survey.Labels) != 1 || survey.Labels[0].Place != c.place || string(survey.Labels[0].Value) != c.value {
				t.Fatalf("labels %v", survey.Labels)
			}
			if c.code != "" && !has(survey.Labels[0].Findings, c.code) {
				t.Errorf("findings %v, want %s", survey.Labels[0].Findings, c.code)
			}
			if c.code == "" && len(survey.Labels[0].Findings) > 0 {
				t.Errorf("findings %v, want none", survey.Labels[0].Findings)
			}
			for _, place := range container.Places(media.JPEG) {
				put := media.Put{Place: place, Value: mediatest.Value("ours")}
				after := mediatest.Apply(t, container, media.JPEG, c.b, put)
				mediatest.One(t, container, media.JPEG, after, place, put.Value)
				if bytes.Contains(after, []byte("wild")) {
					t.Errorf("%s: the old value is still in the file", place)
				}
				if again := mediatest.Apply(t, container, media.JPEG, after, put); !bytes.Equal(again, after) {
					t.Errorf("%s: putting the label again changed the file", place)
				}
			}
		})
	}
}

// TestTwoLabels replaces labels at several places by one.
func TestTwoLabels(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("one"))
	b := with(tiny(t), segment(0xE1, headEXIF+string(exifBlock(t, value))), segment(0xE9, "AIGC"+value), segment(0xFE, "mine: "+value))
	if survey := scan(t, b); len(survey.Labels) != 3 {
		t.Fatalf("labels %v", survey.Labels)
	}
	for _, place := range container.Places(media.JPEG) {
		after := mediatest.Apply(t, container, media.JPEG, b, media.Put{Place: place, Value: mediatest.Value("only")})
		mediatest.One(t, container, media.JPEG, after, place, mediatest.Value("only"))
		if !bytes.Contains(after, []byte("mine: ")) {
			t.Error("the comment's own text is gone")
		}
	}
}

func TestNoLabel(t *testing.T) {
	t.Parallel()
	plain := tiny(t)
	for name, b := range map[string][]byte{
		"app9 of others":  with(plain, segment(0xE9, "Media Jukebox\x00{}")),
		"app11 of others": with(plain, segment(0xEB, "HDR_RI ver=11")),
		"word in comment": with(plain, segment(0xFE, "AIGC {by hand}")),
		"trailing text":   append(bytes.Clone(plain), "AIGC{}"...),
	} {
		if survey := scan(t, b); len(survey.Labels) > 0 {
			t.Errorf("%s: %v", name, survey.Labels)
		}
	}
}

// TestExtendedXMP reports a label in extended XMP, cut in the middle of its name, and does not touch it.
func TestExtendedXMP(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("ext"))
	full := packet(`xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"`, "<TC260:AIGC>"+value+"</TC260:AIGC>", 0)
	extended := func(full string, cut int) []byte {
		var out []byte
		for at, end := 0, cut; at < len(full); at, end = end, len(full) {
			head := "http://ns.adobe.com/xmp/extension/\x00" + strings.Repeat("A", 32)
			head += string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(full))), uint32(at)))
			out = append(out, segment(0xE1, head+full[at:end])...)
		}
		return out
	}
	plain := tiny(t)
	for _, shift := range []int{1, 2, 3, 40} {
		b := with(plain, extended(full, strings.Index(full, ":AIGC>")+shift))
		survey := scan(t, b)
		if len(survey.Labels) != 1 || string(survey.Labels[0].Value) != value {
			t.Fatalf("labels %v", survey.Labels)
		}
		fails(t, b, media.PlaceXMP, media.CodeUnsupported)
	}
	harmless := extended(packet(`xmlns:a="a:"`, "<a:depth>AIGC</a:depth>", 0), 100)
	after := mediatest.Apply(t, container, media.JPEG, with(plain, harmless), media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")})
	if !bytes.Contains(after, harmless) {
		t.Error("extended XMP was changed")
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	plain := picture(t, "64x48")
	sos := len(plain) - len(plain[bytes.Index(plain, []byte{0xFF, 0xDA}):])
	for name, c := range map[string]struct {
		b    []byte
		code colophon.Code
		off  string
	}{
		"cut in a length":      {plain[:5], media.CodeTruncated, "2"},
		"cut in a segment":     {plain[:12], media.CodeTruncated, "2"},
		"length of 1":          {append(bytes.Clone(plain[:2]), 0xFF, 0xE0, 0, 1, 0xFF, 0xD9), media.CodeMalformed, "2"},
		"two SOI":              {append(bytes.Clone(plain[:2]), plain...), media.CodeMalformed, "2"},
		"reserved marker":      {append(bytes.Clone(plain[:2]), 0xFF, 0x3C, 0, 2), media.CodeMalformed, "2"},
		"too many segments":    {with(plain, bytes.Repeat(segment(0xE1, headXMP), 300)), media.CodeTooMany, ""},
		"not a JPEG after all": {[]byte("\xFF\xD7\xFF"), media.CodeMalformed, "0"},
	} {
		_, err := container.Scan(bytes.NewReader(c.b), media.JPEG)
		if e := refusal(err); e == nil || e.Code != c.code || c.off != "" && e.Args["offset"] != c.off {
			t.Errorf("%s: %v, want %s at %s", name, err, c.code, c.off)
		}
		if _, err := container.Edit(bytes.NewReader(c.b), media.JPEG, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")}); err == nil {
			t.Errorf("%s: Edit succeeded", name)
		}
	}
	for name, c := range map[string]struct {
		b    []byte
		code colophon.Code
	}{
		"no EOI":             {plain[:len(plain)-2], media.CodeStructure},
		"cut scan":           {plain[:sos+20], media.CodeStructure},
		"bytes in between":   {append(append(bytes.Clone(plain[:2]), "xyz"...), plain[2:]...), media.CodeStructure},
		"damaged EXIF":       {with(plain, segment(0xE1, headEXIF+"II*\x00\xFF\xFF\xFF\xFF")), media.CodeStructure},
		"bad segment behind": {append(bytes.Clone(plain[:len(plain)-2]), 0xFF, 0xE1, 0xFF, 0xFF, 0), media.CodeStructure},
		"trailing data":      {append(bytes.Clone(plain), "tail"...), media.CodeTrailingData},
		"bad second image":   {append(bytes.Clone(plain), plain[:30]...), media.CodeStructure},
		"no second EOI":      {append(bytes.Clone(plain[:len(plain)-2]), plain...), media.CodeStructure},
	} {
		if survey := scan(t, c.b); !has(survey.Findings, c.code) {
			t.Errorf("%s: %v", name, survey.Findings)
		}
		after := mediatest.Apply(t, container, media.JPEG, c.b, media.Put{Place: media.PlaceXMP, Value: mediatest.Value("x")})
		mediatest.One(t, container, media.JPEG, after, media.PlaceXMP, mediatest.Value("x"))
		if !bytes.HasSuffix(after, c.b[20:]) && name != "damaged EXIF" && name != "bytes in between" {
			t.Errorf("%s: the rest of the file changed", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	plain := tiny(t)
	fails(t, with(plain, segment(0xE1, headXMP+"<a><b></a>")), media.PlaceXMP, media.CodeMalformed)
	fails(t, with(plain, segment(0xE1, headEXIF+"II*\x00\xFF\xFF\xFF\xFF")), media.PlaceEXIF, media.CodeMalformed)
	fails(t, tool(t, plain, "exiftool", "-q", "-o", "OUT", "-UserComment=mine", "IN"), media.PlaceEXIF, media.CodeUnsupported)
	fails(t, with(plain, segment(0xE1, headEXIF+string(exifBlock(t, "{}"))), segment(0xE1, headEXIF+"rest of a block")), media.PlaceEXIF, media.CodeUnsupported)
	fails(t, plain, media.PlaceKeys, media.CodeUnsupported)
}
