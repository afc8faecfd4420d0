package riff

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/id3"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Identifiers of chunks, in the spelling that foldedID gives them.
const (
	keyAIGC = "AIGC"
	keyXMP  = "XMP "
	keyPMX  = "_PMX" // Adobe's, in AVI and WAV
	keyEXIF = "EXIF"
	keyID3  = "ID3 "
	keyBext = "BEXT" // EBU Tech 3285; a description of 256 bytes comes first
	keyC2PA = "C2PA"

	bextDescription = 256
)

// foldedID returns the identifier of a kind of chunk that writers spell in several ways.
func foldedID(id string) string {
	if id == "XMP\x00" {
		return keyXMP
	}
	return strings.ToUpper(id)
}

// take looks at one chunk.
func (d *document) take(c chunk) error {
	var labels []media.Found
	var err error
	switch id := foldedID(c.id); {
	case c.list == "INFO":
		labels, err = d.infoLabels(&c)
	case c.list == "movi", c.list == "hdrl", id == "JUNK", id == "IDX1", id == "VP8X", id == "VP8 ", id == "VP8L", id == "DATA":
	case id == keyAIGC, id == keyXMP, id == keyPMX, id == keyEXIF, id == keyID3, id == keyBext:
		labels, err = d.labels(&c, id)
	case id == keyC2PA:
		d.survey.Signatures = append(d.survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: c.off})
		if len(d.survey.Signatures) > maxLabels {
			return media.TooMany(c.name(), c.off, maxLabels)
		}
		return nil
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if len(d.chunks) >= maxChunks {
		return media.TooMany(c.name(), c.off, maxChunks)
	}
	if len(d.survey.Labels)+len(labels) > maxLabels {
		return media.TooMany("label", c.off, maxLabels)
	}
	c.labels = len(labels)
	d.chunks = append(d.chunks, c)
	d.survey.Labels = append(d.survey.Labels, labels...)
	return nil
}

// read returns a chunk's payload.
func (d *document) read(c *chunk) ([]byte, error) {
	if c.n > maxMetadata {
		return nil, media.TooLarge(c.name(), c.off, maxMetadata)
	}
	return d.win.Copy(c.name(), c.off+8, c.n)
}

// labels returns the labels in a chunk that is no LIST.
func (d *document) labels(c *chunk, id string) ([]media.Found, error) {
	b, err := d.read(c)
	if err != nil {
		return nil, err
	}
	base := c.off + 8
	var found []media.Found
	switch id {
	case keyAIGC:
		found = []media.Found{{Place: media.PlaceChunk, Offset: c.off, Value: bytes.TrimRight(b, "\x00")}}
		if c.id != keyAIGC {
			found[0].Findings = []colophon.Finding{media.Warn(media.CodeIDSpelling, c.off, "key", c.id)}
		}
	case keyXMP, keyPMX:
		found = xmp.Read(b, base)
		if d.survey.Format == media.WebP && c.id != keyXMP {
			oddity(found, media.Warn(media.CodeIDSpelling, c.off, "key", printable(c.id)))
		}
	case keyEXIF:
		found = exif.Read(b, base)
		for _, f := range exif.Check(b, base) {
			d.find(f)
		}
		if bytes.HasPrefix(b, []byte("Exif\x00\x00")) {
			oddity(found, media.Warn(media.CodeStructure, c.off, "what", c.name(), "rule", "TIFF header first"))
		}
	case keyID3:
		found = d.tagLabels(c)
	case keyBext:
		text := b[:min(len(b), bextDescription)]
		if f, ok := exif.Value(exif.TagImageDescription, binary.LittleEndian, text, c.off); ok && media.Candidate(text) {
			f.Findings = nil
			found = []media.Found{f}
		}
	}
	d.elsewhere(found, c.name())
	return found, nil
}

// tagLabels returns the labels in a chunk that holds an ID3v2 tag.
func (d *document) tagLabels(c *chunk) []media.Found {
	var survey media.Survey
	tags, err := id3.Around(d.section(c))
	if err == nil {
		err = tags.Report(&survey)
	}
	if err != nil {
		d.damage(c.name(), c.off, "ID3v2 tag")
	}
	for i := range survey.Labels {
		f := &survey.Labels[i]
		if f.Offset >= 0 {
			f.Offset += c.off + 8
		}
		for j := range f.Findings {
			if f.Findings[j].Offset >= 0 {
				f.Findings[j].Offset += c.off + 8
			}
		}
	}
	return survey.Labels
}

// elsewhere tells of labels that stand where nothing is written in this format.
func (d *document) elsewhere(found []media.Found, where string) {
	places := Container{}.Places(d.survey.Format)
	for i := range found {
		known := false
		for _, place := range places {
			known = known || place == found[i].Place
		}
		if !known {
			f := &found[i]
			f.Findings = append(f.Findings, media.Warn(media.CodeOtherPlace, f.Offset, "place", where, "standard", string(places[0])))
		}
	}
}

func oddity(found []media.Found, f colophon.Finding) {
	for i := range found {
		found[i].Findings = append(found[i].Findings, f)
	}
}

// host returns the index of the chunk that takes the label in: the first one with a label, else the first one, else -1.
func (d *document) host(is func(*chunk) bool) int {
	first := -1
	for i := range d.chunks {
		c := &d.chunks[i]
		switch {
		case !is(c):
		case c.labels > 0:
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

func (d *document) infoHost() int {
	return d.host(func(c *chunk) bool { return c.list == "INFO" })
}

// removals returns the splices that take the labels out of every chunk but the host.
func (d *document) removals(host int) ([]media.Splice, error) {
	var splices []media.Splice
	for i := range d.chunks {
		c := &d.chunks[i]
		if i == host || c.labels == 0 {
			continue
		}
		rest, err := d.without(c)
		if err != nil {
			return nil, err
		}
		splices = append(splices, media.Splice{Offset: c.off, Delete: c.total(), Insert: rest})
	}
	return splices, nil
}

// without returns a chunk with everything but its labels, or nothing when there is no more to it.
func (d *document) without(c *chunk) ([]byte, error) {
	if c.list == "INFO" {
		return d.infoWithout(c)
	}
	id := foldedID(c.id)
	if id == keyAIGC {
		return nil, nil
	}
	b, err := d.read(c)
	if err != nil {
		return nil, err
	}
	switch id {
	case keyXMP, keyPMX:
		b, err = xmp.Drop(b)
	case keyEXIF:
		b, err = exif.Drop(b)
	case keyID3:
		b, err = d.tagWithout(c)
	case keyBext:
		var text []byte
		n := min(len(b), bextDescription)
		text, _, err = exif.Blank(exif.TagImageDescription, binary.LittleEndian, b[:n], 0)
		b = append(text, b[n:]...)
	}
	if err != nil {
		return nil, exif.Rebase(err, c.off+8)
	}
	return framed(c.id, b), nil
}

// tagWithout returns an ID3v2 tag without labels.
func (d *document) tagWithout(c *chunk) ([]byte, error) {
	src := d.section(c)
	tags, err := id3.Around(src)
	if err != nil {
		return nil, err
	}
	splices, err := tags.Drop()
	if err != nil {
		return nil, err
	}
	edit, err := media.Splices(src, splices...)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := edit.Apply(&b, src); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
