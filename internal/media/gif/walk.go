package gif

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/exif"
	"github.com/colophon-project/colophon/internal/media/part"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	maxExtension = 16 << 20 // bytes of an extension that is read
	maxHolders   = 1024
	maxLabels    = 256
	maxFindings  = 64

	introducer = 0x21 // of extensions
	separator  = 0x2C // of pictures
	trailer    = 0x3B // of the file

	labelPlain       = 0x01 // labels of extensions
	labelControl     = 0xF9
	labelComment     = 0xFE
	labelApplication = 0xFF

	identifier = "XMP DataXMP" // identifier and authentication code
)

// document is what a walk found.
type document struct {
	src      media.Source
	win      *part.Window
	survey   media.Survey
	front    int64    // the first block that is about a picture, or the file's trailer; -1 before it is met
	holders  []holder // in file order
	pictured bool     // the walk has seen a picture
}

// holder is an extension that holds a label or may be made to hold one.
type holder struct {
	off, end int64
	comment  bool // a comment extension, not an XMP one
	late     bool // behind the first picture
	labels   int
}

func (d *document) walk() error {
	head, err := d.win.Bytes("GIF header", 0, 13)
	if err != nil {
		return err
	}
	off := int64(13) + table(head[10])
	if err := media.Within(d.src, "global colour table", 13, table(head[10])); err != nil {
		return err
	}
	for off < d.src.Size() {
		b, err := d.win.Bytes("block", off, 1)
		if err != nil {
			return err
		}
		switch b[0] {
		case introducer:
			off, err = d.extension(off)
		case separator:
			off, err = d.picture(off)
		case trailer:
			d.meet(off)
			if off+1 < d.src.Size() {
				f := media.Warn(media.CodeTrailingData, off+1)
				f.Level = colophon.Note
				d.find(f)
			}
			return nil
		case 0:
			// Some writers end a picture's data twice. Players pass over it.
			d.damage("block", off, "no null bytes between blocks")
			off++
		default:
			err = media.Malformed("block", off, fmt.Sprintf("introducer 0x21, separator 0x2C or trailer 0x3B, not 0x%02X", b[0]))
		}
		if err != nil {
			return err
		}
	}
	d.meet(off)
	d.damage("trailer", off, "0x3B at the end of the file")
	return nil
}

// table returns the bytes of the colour table that a field of flags announces.
func table(flags byte) int64 {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// meet notes where the first picture begins, with what controls it.
func (d *document) meet(off int64) {
	if d.front < 0 {
		d.front = off
	}
}

// picture passes over an image descriptor, its colour table and its data.
func (d *document) picture(off int64) (int64, error) {
	d.meet(off)
	d.pictured = true
	head, err := d.win.Bytes("image descriptor", off, 10)
	if err != nil {
		return 0, err
	}
	data := off + 10 + table(head[9])
	if err := media.Within(d.src, "image data", off, data+1-off); err != nil {
		return 0, err
	}
	return d.skip("image data", data+1)
}

// skip passes over sub-blocks and their terminator.
func (d *document) skip(what string, off int64) (int64, error) {
	for {
		b, err := d.win.Bytes(what, off, 1)
		if err != nil {
			return 0, err
		}
		off += 1 + int64(b[0])
		if b[0] == 0 {
			return off, nil
		}
	}
}

func (d *document) extension(off int64) (int64, error) {
	head, err := d.win.Bytes("extension", off, 3)
	if err != nil {
		return 0, err
	}
	label, first := head[1], head[2]
	id := ""
	if label == labelApplication && first == byte(len(identifier)) {
		b, err := d.win.Bytes("application extension", off+3, len(identifier))
		if err != nil {
			return 0, err
		}
		id = string(b)
	}
	end, err := d.skip("extension", off+2)
	if err != nil {
		return 0, err
	}
	h := holder{off: off, end: end, late: d.pictured}
	switch {
	case label == labelControl || label == labelPlain:
		d.meet(off)
	case label == labelComment:
		h.comment = true
		return end, d.comment(h)
	case id == "C2PA_GIF\x01\x00\x00":
		d.survey.Signatures = append(d.survey.Signatures, media.Signature{Kind: media.SignatureC2PA, Offset: off})
		if len(d.survey.Signatures) > maxLabels {
			return 0, media.TooMany("application extension C2PA_GIF", off, maxLabels)
		}
	case len(id) > 0 && bytes.EqualFold([]byte(id[:8]), []byte(identifier[:8])):
		return end, d.xmp(h, id)
	}
	return end, nil
}

func (d *document) comment(h holder) error {
	if h.end-h.off > maxExtension {
		d.damage("comment extension", h.off, fmt.Sprintf("at most %d bytes; the text was not read", maxExtension))
		return nil
	}
	text, err := d.text(h)
	if err != nil || !media.Candidate(text) {
		return err
	}
	f, ok := exif.Value(exif.TagImageDescription, binary.LittleEndian, text, h.off)
	if !ok {
		return nil
	}
	f.Place = media.PlaceComment
	f.Findings = []colophon.Finding{media.Warn(media.CodeOtherPlace, h.off, "place", string(media.PlaceComment), "standard", string(media.PlaceXMP))}
	return d.hold(h, []media.Found{f})
}

// text returns a comment's text.
func (d *document) text(h holder) ([]byte, error) {
	b, err := d.win.Copy("comment extension", h.off+2, h.end-h.off-2)
	return join(b), err
}

func (d *document) xmp(h holder, id string) error {
	packet, base, rule, err := d.packet(h)
	if err != nil {
		return err
	}
	labels := xmp.Read(packet, base)
	for i := range labels {
		f := &labels[i]
		if id != identifier {
			f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, h.off, "key", id))
		}
		if rule != "" {
			f.Findings = append(f.Findings, media.Warn(media.CodeStructure, h.off, "what", "application extension XMP Data", "rule", rule))
		}
	}
	if rule != "" && len(labels) == 0 {
		d.damage("application extension XMP Data", h.off, rule)
	}
	return d.hold(h, labels)
}

// packet returns the packet of an XMP extension, where it begins, and the rule that the extension breaks, if it does.
func (d *document) packet(h holder) (packet []byte, base int64, rule string, err error) {
	const what = "application extension XMP Data"
	if h.end-h.off > maxExtension {
		return nil, 0, "", media.TooLarge(what, h.off, maxExtension)
	}
	base = h.off + 3 + int64(len(identifier))
	b, err := d.win.Copy(what, base, h.end-base)
	if err != nil {
		return nil, 0, "", err
	}
	if whole, ok := bytes.CutSuffix(b, magic()); ok {
		return whole, base, "", nil
	}
	if cut := join(b); bytes.HasPrefix(bytes.TrimLeft(cut, "\ufeff \r\n\t"), []byte("<")) {
		return cut, base + 1, ruleWhole, nil
	}
	return b[:bytes.LastIndexByte(b, '>')+1], base, ruleTrailer, nil
}

const (
	ruleWhole   = "packet without sub-blocks"
	ruleTrailer = "trailer of 258 bytes behind the packet"
)

// magic returns the trailer that leads every jump to the end: 1, then 255 down to 0, then the terminator.
func magic() []byte {
	b := make([]byte, 0, 258)
	b = append(b, 1)
	for i := 255; i >= 0; i-- {
		b = append(b, byte(i))
	}
	return append(b, 0)
}

// join returns the bytes of sub-blocks without their lengths.
func join(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 && b[0] > 0 {
		n := min(int(b[0]), len(b)-1)
		out = append(out, b[1:1+n]...)
		b = b[1+n:]
	}
	return out
}

// hold notes an extension with the labels in it.
func (d *document) hold(h holder, labels []media.Found) error {
	h.labels = len(labels)
	if len(d.holders) >= maxHolders {
		return media.TooMany("extension with metadata", h.off, maxHolders)
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

func (d *document) damage(what string, off int64, rule string) {
	d.find(media.Warn(media.CodeStructure, off, "what", what, "rule", rule))
}

func (d *document) find(f colophon.Finding) {
	if len(d.survey.Findings) < maxFindings {
		d.survey.Findings = append(d.survey.Findings, f)
	}
}
