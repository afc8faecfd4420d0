package heif

import (
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	maxEntry = 4 << 10   // bytes of an infe box
	maxRefs  = 256 << 10 // bytes of one reference of an iref box
	maxItems = 1 << 10   // metadata items of one file
	maxID    = 1<<16 - 1 // largest identifier that every version of every box can hold
)

// document is what a walk of a picture file found.
type document struct {
	r       *box.Reader
	survey  media.Survey
	strays  *bmff.Strays
	meta    *box.Box
	from    int64    // where the children of meta begin
	primary uint32   // 0 when there is no primary item box
	iinf    *box.Box // with its first entry and the end of its last
	entries int64
	counter int64 // bytes of the entry count
	listEnd int64
	iref    *box.Box
	refEnd  int64
	wide    bool // references hold 32-bit identifiers
	iloc    *box.Locations
	items   []*item
	used    [(maxID + 1) / 8]byte // identifiers that are taken
	budget  int64                 // bytes of items that may still be read
	moved   bool                  // the plan writes the item locations
}

// read walks a file. On an error it returns what was found before the damage.
func read(src media.Source, f media.Format) (*document, error) {
	d := &document{r: box.NewReader(src), budget: media.MaxStructure}
	strays, err := bmff.FindStrays(src, f, media.PlaceXMP)
	d.strays, d.survey = strays, strays.Survey
	if err != nil {
		return d, err
	}
	sequence := false
	_, err = d.r.Top(func(b box.Box) error {
		switch b.Type {
		case "moov":
			sequence = true
		case "meta":
			if d.meta != nil {
				return media.Malformed("meta", b.Offset, "a second meta box")
			}
			d.meta = &b
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	if d.meta == nil {
		if !sequence {
			err = media.Malformed("meta", 0, "a picture file without meta")
		}
		return d, err
	}
	if err := d.readMeta(); err != nil {
		return d, err
	}
	for _, it := range d.items {
		if err := d.examine(it); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (d *document) readMeta() error {
	var full bool
	var err error
	if d.from, full, err = d.r.Meta(d.meta); err != nil {
		return err
	}
	if !full {
		return media.Malformed("meta", d.meta.Offset, "no version and flags")
	}
	var iloc, idat *box.Box
	_, err = d.r.Children(d.meta, d.from, func(b box.Box) error {
		switch b.Type {
		case "pitm":
			id, _, err := d.id(&b, 4)
			d.primary = id
			return err
		case "iinf":
			if d.iinf != nil {
				return media.Malformed("iinf", b.Offset, "a second iinf box")
			}
			d.iinf = &b
		case "iref":
			if d.iref != nil {
				return media.Malformed("iref", b.Offset, "a second iref box")
			}
			d.iref = &b
		case "iloc":
			if iloc != nil {
				return media.Malformed("iloc", b.Offset, "a second iloc box")
			}
			iloc = &b
		case "idat":
			idat = &b
		case "grpl":
			_, err := d.r.Children(&b, b.Body(), d.group)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if iloc != nil {
		if d.iloc, err = box.ReadLocations(d.r, iloc, idat); err != nil {
			return err
		}
		for i := range d.iloc.Items {
			d.take(d.iloc.Items[i].ID)
		}
	}
	if err := d.readItems(); err != nil {
		return err
	}
	return d.readReferences()
}

// id reads an item identifier behind version and flags: 16 bits in version 0, else 32. It returns the width in bytes.
func (d *document) id(b *box.Box, at int64) (uint32, int64, error) {
	head, err := d.r.Inside(b, b.Body(), 4)
	if err != nil {
		return 0, 0, err
	}
	return d.number(b, b.Body()+at, head[0] != 0)
}

func (d *document) number(b *box.Box, off int64, wide bool) (uint32, int64, error) {
	if !wide {
		n, err := d.r.Inside(b, off, 2)
		if err != nil {
			return 0, 2, err
		}
		return uint32(binary.BigEndian.Uint16(n)), 2, nil
	}
	n, err := d.r.Inside(b, off, 4)
	if err != nil {
		return 0, 4, err
	}
	return binary.BigEndian.Uint32(n), 4, nil
}

// group takes note of a group's identifier, which comes from the same range as those of items.
func (d *document) group(b box.Box) error {
	id, err := d.r.Inside(&b, b.Body()+4, 4)
	if err == nil {
		d.take(binary.BigEndian.Uint32(id))
	}
	return err
}

func (d *document) take(id uint32) {
	if id <= maxID {
		d.used[id/8] |= 1 << (id % 8)
	}
}

// unused returns an identifier for a new item: behind the largest if it can be.
func (d *document) unused() (uint32, bool) {
	for id := uint32(maxID); id > 0; id-- {
		if d.used[id/8]>>(id%8)&1 != 0 {
			if id < maxID {
				return id + 1, true
			}
			break
		}
	}
	for id := uint32(1); id <= maxID; id++ {
		if d.used[id/8]>>(id%8)&1 == 0 {
			return id, true
		}
	}
	return 0, false
}

func (d *document) readItems() error {
	if d.iinf == nil {
		return nil
	}
	count, width, err := d.id(d.iinf, 4)
	if err != nil {
		return err
	}
	d.entries, d.counter = int64(count), width
	seen := int64(0)
	d.listEnd, err = d.r.Children(d.iinf, d.iinf.Body()+4+width, func(b box.Box) error {
		if seen++; b.Type != "infe" {
			return media.Malformed("iinf", b.Offset, "a box other than infe")
		}
		return d.entry(b)
	})
	if err == nil && seen != d.entries {
		err = media.Malformed("iinf", d.iinf.Offset, "entry_count does not match the entries")
	}
	return err
}

// readReferences finds out which images the metadata items describe.
func (d *document) readReferences() error {
	if d.iref == nil {
		return nil
	}
	head, err := d.r.Inside(d.iref, d.iref.Body(), 4)
	if err != nil {
		return err
	}
	d.wide = head[0] != 0
	d.refEnd, err = d.r.Children(d.iref, d.iref.Body()+4, func(b box.Box) error {
		from, width, err := d.number(&b, b.Body(), d.wide)
		if err != nil {
			return err
		}
		d.take(from)
		it := d.find(from)
		if b.Type != "cdsc" || it == nil {
			return nil
		}
		refs, err := d.r.Content(&b, maxRefs)
		if err != nil {
			return err
		}
		if int64(len(refs)) < width+2 {
			return media.Truncated("cdsc", b.Offset, width+2, int64(len(refs)))
		}
		count := int64(binary.BigEndian.Uint16(refs[width:]))
		refs = refs[width+2:]
		if count*width > int64(len(refs)) {
			return media.Truncated("cdsc", b.Offset, count*width, int64(len(refs)))
		}
		for ; count > 0; count-- {
			if d.wide {
				it.describes = append(it.describes, binary.BigEndian.Uint32(refs))
			} else {
				it.describes = append(it.describes, uint32(binary.BigEndian.Uint16(refs)))
			}
			refs = refs[width:]
		}
		return nil
	})
	return err
}

func (d *document) find(id uint32) *item {
	for _, it := range d.items {
		if it.id == id {
			return it
		}
	}
	return nil
}

// hurt turns damage of one item into a finding; a failure to read stays an error.
func (d *document) hurt(err error, at int64) error {
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind == colophon.Internal {
		return err
	}
	if off, parseErr := strconv.ParseInt(e.Args["offset"], 10, 64); parseErr == nil {
		at = off
	}
	rule := e.Args["rule"]
	if rule == "" {
		rule = string(e.Code)
	}
	d.survey.Findings = append(d.survey.Findings, media.Warn(media.CodeStructure, at, "what", e.Args["what"], "rule", rule))
	return nil
}
