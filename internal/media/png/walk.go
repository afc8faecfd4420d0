package png

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/part"
)

const (
	maxText     = 16 << 20 // bytes of a chunk that is read
	maxHolders  = 4096
	maxFindings = 64
	maxLabels   = 256
	frame       = 12 // length, type and checksum of a chunk
)

// document is what a walk found.
type document struct {
	src        media.Source
	win        *part.Window
	survey     media.Survey
	behindIHDR int64    // where new chunks go
	holders    []holder // in file order
	inflatable int      // bytes that may still be inflated
	pictured   bool     // the walk has seen picture data
	ended      bool     // the walk has seen IEND
}

// chunk is where a chunk stands.
type chunk struct {
	typ string
	off int64
	n   int64 // bytes of the payload
}

func (c chunk) end() int64 { return c.off + frame + c.n }

func (c chunk) name() string { return c.typ + " chunk" }

// holder is a chunk that holds a label or may be made to hold one.
type holder struct {
	chunk
	kind
	late    bool // behind the first picture data
	profile bool // the content is written as a profile in a chunk of text
	labels  int
}

type kind int

const (
	kindProse kind = iota // text for people
	kindKey               // keyword AIGC
	kindXMP
	kindEXIF
)

// next reads the header of the chunk at off.
func (d *document) next(off int64) (chunk, error) {
	head, err := d.win.Bytes("chunk", off, 8)
	if err != nil {
		return chunk{}, err
	}
	c := chunk{typ: string(head[4:8]), off: off, n: int64(binary.BigEndian.Uint32(head))}
	for _, letter := range head[4:8] {
		if letter|0x20 < 'a' || letter|0x20 > 'z' {
			return chunk{}, media.Malformed("chunk", off, "type of four letters")
		}
	}
	if c.n > 1<<31-1 {
		return chunk{}, media.Malformed(c.name(), off, "length below 2^31")
	}
	return c, media.Within(d.src, c.name(), off, c.n+frame)
}

func (d *document) walk() error {
	sig, err := d.win.Bytes("PNG signature", 0, len(signature))
	if err != nil {
		return err
	}
	if string(sig) != signature {
		return media.Malformed("PNG signature", 0, "the eight bytes of a PNG signature")
	}
	off := int64(len(signature))
	for !d.ended {
		c, err := d.next(off)
		if err != nil {
			return err
		}
		if err := d.take(c); err != nil {
			return err
		}
		off = c.end()
	}
	if !d.pictured {
		return media.Malformed("IDAT chunk", off, "at least one before IEND")
	}
	return d.tail(off)
}

// take looks at one chunk up to and including IEND.
func (d *document) take(c chunk) error {
	if d.behindIHDR == 0 {
		switch {
		case c.typ == "IHDR" && c.n == 13:
			d.behindIHDR = c.end()
			return nil
		case c.typ == "CgBI" && c.off == int64(len(signature)): // Apple's variant has a chunk before IHDR
			return nil
		}
		return media.Malformed(c.name(), c.off, "IHDR of 13 bytes first")
	}
	switch c.typ {
	case "IDAT":
		d.pictured = true
	case "IEND":
		d.ended = true
	case "acTL":
		if !d.pictured {
			d.survey.Format = media.APNG
		}
	case "caBX":
		d.survey.Signatures = append(d.survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: c.off})
		if len(d.survey.Signatures) > maxLabels {
			return media.TooMany(c.name(), c.off, maxLabels)
		}
	case "tEXt", "zTXt", "iTXt":
		return d.text(c)
	case "eXIf":
		return d.exif(c)
	}
	return nil
}

// tail looks at what stands behind IEND: chunks of text that a careless program has appended are read, all else is
// told as a note.
func (d *document) tail(off int64) error {
	if off == d.src.Size() {
		return nil
	}
	d.note(media.CodeTrailingData, off)
	for off < d.src.Size() {
		c, err := d.next(off)
		if err != nil {
			return nil
		}
		switch c.typ {
		case "tEXt", "zTXt", "iTXt":
			if err := d.text(c); err != nil {
				return err
			}
		default:
			return nil
		}
		off = c.end()
	}
	return nil
}

// payload reads a chunk and checks its checksum. It returns false for a chunk that is too long to be read.
func (d *document) payload(c chunk) ([]byte, bool, error) {
	if c.n > maxText {
		return nil, false, nil
	}
	b, err := d.win.Copy(c.name(), c.off+4, c.n+8)
	if err != nil {
		return nil, false, err
	}
	body := b[4 : 4+c.n]
	if crc32.ChecksumIEEE(b[:4+c.n]) != binary.BigEndian.Uint32(b[4+c.n:]) {
		d.damage(c, "checksum of the chunk")
	}
	return body, true, nil
}

func (d *document) exif(c chunk) error {
	body, ok, err := d.payload(c)
	if err != nil {
		return err
	}
	if !ok {
		return media.TooLarge(c.name(), c.off, maxText)
	}
	for _, f := range exif.Check(body, c.off+8) {
		d.find(f)
	}
	return d.hold(holder{chunk: c, kind: kindEXIF}, exif.Read(body, c.off+8))
}

// hold notes a chunk with the labels in it.
func (d *document) hold(h holder, labels []media.Found) error {
	h.late, h.labels = d.pictured, len(labels)
	if len(d.holders) >= maxHolders {
		return media.TooMany("chunk of metadata", h.off, maxHolders)
	}
	d.holders = append(d.holders, h)
	for _, f := range labels {
		if h.late {
			f.Findings = append(f.Findings, media.Warn(media.CodeLateLabel, h.off))
		}
		if len(d.survey.Labels) >= maxLabels {
			return media.TooMany("label", h.off, maxLabels)
		}
		d.survey.Labels = append(d.survey.Labels, f)
	}
	return nil
}

func (d *document) damage(c chunk, rule string) {
	d.find(media.Warn(media.CodeStructure, c.off, "what", c.name(), "rule", rule))
}

func (d *document) note(code colophon.Code, off int64) {
	f := media.Warn(code, off)
	f.Level = colophon.Note
	d.find(f)
}

func (d *document) find(f colophon.Finding) {
	if len(d.survey.Findings) < maxFindings {
		d.survey.Findings = append(d.survey.Findings, f)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
