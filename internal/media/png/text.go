package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxInflate  = 4 << 20  // bytes that one chunk may inflate to
	maxInflated = 64 << 20 // bytes that all chunks together may inflate to

	keywordXMP  = "XML:com.adobe.xmp"
	keywordAIGC = "AIGC"
)

// textual is a chunk of text without its text: what is needed to write the chunk again.
type textual struct {
	typ        string
	keyword    string
	language   []byte // iTXt: language tag, NUL, translated keyword
	compressed bool
	profile    *profile // the text is a binary profile in hexadecimal digits
	body       int      // where the text begins in the payload
}

var errTooLong = errors.New("png: inflates beyond the limit")

// text looks at a chunk of text.
func (d *document) text(c chunk) error {
	payload, ok, err := d.payload(c)
	if err != nil {
		return err
	}
	if !ok {
		return d.long(c)
	}
	t, rule := frameOf(c.typ, payload)
	if rule != "" {
		d.damage(c, rule)
		return nil
	}
	content, err := d.content(&t, payload)
	k := t.kind(content)
	if err != nil {
		if errors.Is(err, errTooLong) && k != kindProse {
			return media.TooLarge(c.name(), c.off, maxInflate)
		}
		d.damage(c, "zlib stream of at most "+itoa(maxInflate)+" bytes")
		if k == kindProse {
			return nil
		}
	}
	labels := t.labels(c, k, content)
	if k == kindProse && len(labels) == 0 {
		return nil
	}
	if k == kindEXIF {
		for _, f := range exif.Check(content, -1) {
			f.Offset = c.off
			d.find(f)
		}
	}
	return d.hold(holder{chunk: c, kind: k, profile: t.profile != nil}, labels)
}

// long deals with a chunk that is too long to be read: nobody needs its text, unless it is one that may hold the label.
func (d *document) long(c chunk) error {
	head, err := d.win.Bytes(c.name(), c.off+8, 128)
	if err != nil {
		return err
	}
	keyword, _, _ := bytes.Cut(head, []byte{0})
	if (textual{keyword: string(keyword)}).kind(nil) != kindProse {
		return media.TooLarge(c.name(), c.off, maxText)
	}
	d.damage(c, "at most "+itoa(maxText)+" bytes; the text was not read")
	return nil
}

// frameOf parses what stands before the text, or tells the rule that is broken.
func frameOf(typ string, payload []byte) (t textual, rule string) {
	end := bytes.IndexByte(payload[:min(len(payload), 128)], 0)
	if end < 1 {
		return t, "keyword of 1 to 79 bytes and a null byte"
	}
	t = textual{typ: typ, keyword: string(payload[:end]), body: end + 1}
	rest := payload[end+1:]
	switch typ {
	case "zTXt":
		if len(rest) < 1 || rest[0] != 0 {
			return t, "compression method 0"
		}
		t.compressed = true
		t.body++
	case "iTXt":
		if len(rest) < 2 || rest[0] > 1 || rest[0] == 1 && rest[1] != 0 {
			return t, "compression flag 0 or 1 and method 0"
		}
		t.compressed = rest[0] == 1
		language := bytes.IndexByte(rest[2:], 0)
		if language < 0 {
			return t, "null byte behind the language tag"
		}
		translated := bytes.IndexByte(rest[2+language+1:], 0)
		if translated < 0 {
			return t, "null byte behind the translated keyword"
		}
		n := 2 + language + 1 + translated
		t.language = rest[2:n]
		t.body += n + 1
	}
	return t, ""
}

// content returns the text, inflated and with a profile's digits turned into bytes. On an error it returns as much of
// the text as there is.
func (d *document) content(t *textual, payload []byte) ([]byte, error) {
	text := payload[t.body:]
	var err error
	if t.compressed {
		text, err = d.inflate(text)
	}
	if strings.HasPrefix(t.keyword, profileKeyword) && err == nil {
		if p, content, ok := parseProfile(text); ok {
			t.profile = &p
			return content, nil
		}
	}
	return text, err
}

func (d *document) inflate(b []byte) ([]byte, error) {
	limit := min(maxInflate, d.inflatable)
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	d.inflatable -= min(len(out), limit)
	if len(out) > limit {
		return nil, errTooLong
	}
	return out, err
}

// kind tells what a chunk of text is for.
func (t textual) kind(content []byte) kind {
	keyword := strings.TrimSpace(t.keyword)
	switch {
	case strings.EqualFold(keyword, keywordAIGC):
		return kindKey
	case strings.EqualFold(keyword, keywordXMP):
		return kindXMP
	case t.profile != nil:
		return t.profile.kind(content)
	}
	return kindProse
}

// labels returns the labels in a chunk's text, each with what is odd about the chunk.
func (t textual) labels(c chunk, k kind, content []byte) []media.Found {
	base := int64(-1)
	if !t.compressed && t.profile == nil {
		base = c.off + 8 + int64(t.body)
	}
	var found []media.Found
	switch k {
	case kindKey:
		found = []media.Found{{Place: media.PlaceText, Offset: c.off, Value: content}}
	case kindXMP:
		found = xmp.Read(content, max(base, 0))
	case kindEXIF:
		found = exif.Read(content, max(base, 0))
	default:
		if f, ok := exif.Value(exif.TagImageDescription, binary.LittleEndian, content, c.off); ok && media.Candidate(content) {
			f.Findings = nil // told below, with the keyword
			found = []media.Found{f}
		}
	}
	for i := range found {
		f := &found[i]
		if base < 0 {
			f.Offset = -1
			for j := range f.Findings {
				f.Findings[j].Offset = c.off
			}
		}
		f.Findings = append(f.Findings, t.oddities(c, k)...)
	}
	return found
}

// oddities tells how the chunk differs from the one that is written for its kind.
func (t textual) oddities(c chunk, k kind) []colophon.Finding {
	var findings []colophon.Finding
	if t.compressed {
		findings = append(findings, media.Warn(media.CodeCompressed, c.off))
	}
	usual, standard := "tEXt "+keywordAIGC, "tEXt"
	place := media.PlaceText
	if k != kindKey {
		usual, standard = "iTXt "+keywordXMP, "iTXt"
		place = media.PlaceXMP
	}
	switch {
	case k == kindKey && t.keyword != keywordAIGC, k == kindXMP && t.profile == nil && t.keyword != keywordXMP:
		findings = append(findings, media.Warn(media.CodeIDSpelling, c.off, "key", t.keyword))
	case k != kindKey && k != kindXMP, t.profile != nil:
		return append(findings, media.Warn(media.CodeOtherPlace, c.off, "place", c.typ+" "+t.keyword, "standard", string(place)))
	}
	// A compressed tEXt is a zTXt, which the finding above tells already.
	if t.typ != standard && (t.typ != "zTXt" || k != kindKey) {
		findings = append(findings, media.Warn(media.CodeOtherPlace, c.off, "place", t.typ+" "+t.keyword, "standard", usual))
	}
	return findings
}

// payload writes the chunk's payload again around another text.
func (t textual) payload(content []byte) []byte {
	if t.profile != nil {
		content = t.profile.text(content)
	}
	b := append([]byte(t.keyword), 0)
	switch t.typ {
	case "zTXt":
		b = append(b, 0)
	case "iTXt":
		flag := byte(0)
		if t.compressed {
			flag = 1
		}
		b = append(b, flag, 0)
		b = append(b, t.language...)
		b = append(b, 0)
	}
	if t.compressed {
		content = deflate(content)
	}
	return append(b, content...)
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	// Writes to a bytes.Buffer can't fail.
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}
