package riff

import (
	"encoding/binary"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/part"
)

const (
	maxMetadata = 16 << 20 // bytes of a chunk that is read
	maxChunks   = 4096     // that are remembered
	maxWalked   = 1 << 20  // that are passed over
	maxForms    = 1024
	maxLabels   = 256
	maxFindings = 64
	unknown32   = 1<<32 - 1 // a length that stands elsewhere, or is not known
)

// document is what a walk found.
type document struct {
	src     media.Source
	win     *part.Window
	survey  media.Survey
	forms   []form
	chunks  []chunk // those that an edit may care for, in file order
	walked  int
	long    sizes64
	payload bool  // the walk has met samples, frames or a picture
	picture int64 // where the first picture of a WebP file begins
}

// form is one RIFF chunk of the first level. AVI files beyond 1 GB have several.
type form struct {
	off   int64
	id    string
	size  int64  // of what follows the header, as it is, whatever the header says
	stop  int64  // behind the last sound chunk, where another may be appended
	lying bool   // the header's length is not the size
	said  int64  // what the header's length is then
	bare  bool   // the last chunk is of odd length and lacks its padding
	open  *chunk // samples or frames that go on to the end of the file
}

func (f *form) end() int64 { return f.off + 8 + f.size }

// chunk is where a chunk stands.
type chunk struct {
	id     string
	list   string // form type of a LIST
	off    int64
	n      int64 // bytes of the payload
	end    int64 // behind the padding, if there is any
	form   int
	labels int
}

func (c *chunk) name() string {
	if c.list != "" {
		return "LIST " + printable(c.list)
	}
	return "chunk " + printable(c.id)
}

func (c *chunk) total() int64 { return c.end - c.off }

func (d *document) walk() error {
	var off int64
	for {
		end, err := d.form(off)
		if err != nil {
			return err
		}
		off = end
		if d.survey.Format != media.AVI || !d.another(off) {
			break
		}
		if len(d.forms) >= maxForms {
			return media.TooMany("RIFF chunk", off, maxForms)
		}
	}
	if off < d.src.Size() {
		f := media.Warn(media.CodeTrailingData, off)
		f.Level = colophon.Note
		d.find(f)
	}
	return nil
}

// another reports whether a further part of an OpenDML file begins at off.
func (d *document) another(off int64) bool {
	if d.src.Size()-off < 12 {
		return false
	}
	head, err := d.win.Bytes("RIFF chunk", off, 12)
	return err == nil && string(head[:4]) == "RIFF" && string(head[8:]) == "AVIX"
}

// form walks one RIFF chunk and returns where it ends.
func (d *document) form(off int64) (int64, error) {
	head, err := d.win.Bytes("RIFF chunk", off, 12)
	if err != nil {
		return 0, err
	}
	f := form{off: off, id: string(head[:4]), size: int64(binary.LittleEndian.Uint32(head[4:]))}
	if len(d.forms) == 0 {
		d.survey.Format = formatOf(f.id, string(head[8:]))
		if d.survey.Format == media.Unknown {
			return 0, media.Malformed("RIFF chunk", 0, "form type AVI, WAVE or WEBP")
		}
	}
	if f.id != "RIFF" {
		if err := d.sizes(off + 12); err != nil {
			return 0, err
		}
		if f.size == unknown32 {
			f.size = d.long.riff
		}
	}
	if f.size < 4 || f.size > d.src.Size()-off-8 {
		d.damage(f.id+" chunk", off, "length of what follows")
		f.said, f.size, f.lying = f.size, d.src.Size()-off-8, true
	}
	d.forms = append(d.forms, f)
	current := &d.forms[len(d.forms)-1]
	for pos := off + 12; ; {
		next, more, err := d.step(current, pos)
		if err != nil {
			return 0, err
		}
		if !more {
			current.stop = next
			return current.end(), nil
		}
		pos = next
	}
}

// step takes in the chunk at pos and returns where the next one begins. Where there is no further chunk that can be
// trusted it returns pos and false.
func (d *document) step(f *form, pos int64) (next int64, more bool, err error) {
	left := f.end() - pos
	if left < 8 {
		if left > 0 {
			d.damage("chunk", pos, "header of 8 bytes")
		}
		return pos, false, nil
	}
	if d.walked++; d.walked > maxWalked {
		return 0, false, media.TooMany("chunk", pos, maxWalked)
	}
	c, err := d.header(pos)
	if err != nil {
		return 0, false, err
	}
	c.form = len(d.forms) - 1
	if !plausible(c.id) {
		return pos, false, d.broken(media.Malformed("chunk", pos, "identifier of four printable characters"))
	}
	isPayload := c.id == "data" && d.survey.Format != media.AVI || c.list == "movi"
	isPayload = isPayload && d.survey.Format != media.WebP
	if isPayload && d.endless(f, &c) {
		d.damage(c.name(), pos, "length of the samples")
		d.payload = true
		f.open = &c
		return pos, false, nil
	}
	if err := media.Within(d.src, c.name(), pos, c.n+8); err != nil {
		return pos, false, d.broken(err)
	}
	if pos+8+c.n > f.end() {
		if d.survey.Format == media.WebP {
			return 0, false, media.Malformed(c.name(), pos, "length within the RIFF chunk")
		}
		d.damage(f.id+" chunk", f.off, "length of what follows")
		f.size, f.lying = pos+8+c.n-f.off-8, true
		if d.chain(pos+8+c.n+c.n&1, d.src.Size()) {
			f.size = d.src.Size() - f.off - 8
		}
	}
	d.pad(f, &c)
	f.bare = c.n%2 == 1 && c.end == c.off+8+c.n
	if c.id == "VP8 " || c.id == "VP8L" || c.id == "ANMF" {
		isPayload = true
		if d.picture == 0 {
			d.picture = pos
		}
	}
	d.payload = d.payload || isPayload
	return c.end, true, d.take(c)
}

// header reads a chunk's header, with the form type of a LIST and a length that stands in ds64.
func (d *document) header(pos int64) (chunk, error) {
	head, err := d.win.Bytes("chunk", pos, 8)
	if err != nil {
		return chunk{}, err
	}
	c := chunk{id: string(head[:4]), off: pos, n: int64(binary.LittleEndian.Uint32(head[4:]))}
	if c.n == unknown32 && d.survey.Format == media.RF64 {
		c.n = d.long.of(c.id)
	}
	if c.id == "LIST" && d.src.Size()-pos >= 12 {
		form, err := d.win.Bytes("LIST", pos+8, 4)
		if err != nil {
			return chunk{}, err
		}
		c.list = string(form)
	}
	return c, nil
}

// endless reports whether samples or frames have a length that can't be: they go on to the end of the file.
func (d *document) endless(f *form, c *chunk) bool {
	least := int64(0)
	if c.list != "" {
		least = 4
	}
	switch {
	case c.n > d.src.Size()-c.off-8:
		return true
	case c.n > least || c.n == 4 && c.list != "":
		return false
	}
	// A length of nothing is what a recorder leaves that could not go back. It may also be true.
	return !d.chain(c.off+8+c.n+c.n&1, f.end())
}

// chain reports whether chunks, and nothing else, stand between pos and end.
func (d *document) chain(pos, end int64) bool {
	for range 64 {
		if pos >= end {
			return pos == end
		}
		if !d.fits(pos, end) {
			return false
		}
		c, err := d.header(pos)
		if err != nil {
			return false
		}
		if pos += 8 + c.n; c.n%2 == 1 && pos < end {
			pos++
		}
	}
	return true
}

// pad finds out where a chunk of odd length ends: some writers leave the padding out, others don't count it.
func (d *document) pad(f *form, c *chunk) {
	c.end = c.off + 8 + c.n
	if c.n%2 == 0 {
		return
	}
	switch {
	case c.end == f.end() && c.end+1 == d.src.Size() && d.byteAt(c.end) == 0:
		f.size++
		f.lying = true
		c.end++
	case c.end >= f.end():
	case c.end+1 < f.end() && !d.fits(c.end+1, f.end()) && d.fits(c.end, f.end()):
		d.damage(c.name(), c.off, "padding to an even length")
	default:
		c.end++
	}
}

func (d *document) byteAt(off int64) int {
	b, err := d.win.Bytes("chunk", off, 1)
	if err != nil {
		return -1
	}
	return int(b[0])
}

// fits reports whether a chunk may begin at pos and end before end.
func (d *document) fits(pos, end int64) bool {
	if end-pos < 8 {
		return false
	}
	c, err := d.header(pos)
	return err == nil && plausible(c.id) && c.n <= end-pos-8
}

// broken turns damage behind the samples into a finding, since nobody hears it; damage in front of them is an error.
func (d *document) broken(err error) error {
	e, ok := err.(*colophon.Error)
	if !d.payload || !ok || d.survey.Format == media.WebP {
		return err
	}
	rule := e.Args["rule"]
	if rule == "" {
		rule = "length within the file"
	}
	off := d.forms[len(d.forms)-1].off
	d.find(media.Warn(media.CodeStructure, off, "what", e.Args["what"], "rule", rule))
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

// plausible reports whether four bytes can be a chunk's identifier.
func plausible(id string) bool {
	for i := range len(id) {
		if (id[i] < ' ' || id[i] > '~') && id != "XMP\x00" {
			return false
		}
	}
	return len(id) == 4
}

// printable replaces what can't be shown.
func printable(id string) string {
	b := []byte(id)
	for i := range b {
		if b[i] < ' ' || b[i] > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
