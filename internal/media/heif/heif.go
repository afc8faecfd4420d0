// Package heif puts the label into pictures that are built of boxes and items: HEIC, AVIF and other files of the image
// file format (ISO/IEC 23008-12), image sequences included.
//
// The label's place is the XMP packet of the primary image: an item of type mime with the content type
// application/rdf+xml and a cdsc reference to the image. A packet that is there is merged and stays where it is, growing
// in place; a new one goes into a media data box of its own right behind the meta box. Either way the item locations and
// all other offsets follow what moves (see internal/media/box).
//
// What not to do here: never touch item properties, never renumber items, and never write over bytes that two items
// share.
package heif

import (
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// Container reads and edits AVIF, HEIC and HEIF files.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements media.Container.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	switch f := box.Kind(head); f {
	case media.AVIF, media.HEIC, media.HEIF:
		return f
	}
	return media.Unknown
}

// Places implements media.Container.
func (Container) Places(f media.Format) []media.Place {
	switch f {
	case media.AVIF, media.HEIC, media.HEIF:
		return []media.Place{media.PlaceXMP}
	}
	return nil
}

// Scan implements media.Container.
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	d, err := read(src, f)
	return &d.survey, err
}

// Edit implements media.Container.
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceXMP {
		return nil, media.Unsupported("place "+string(put.Place), 0, "the label of a picture stands in its XMP item")
	}
	d, err := read(src, f)
	if err != nil {
		return nil, err
	}
	p := box.NewPlan(src)
	if err := d.strays.Clear(p); err != nil {
		return nil, err
	}
	properties := xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType}
	target, err := d.target()
	if err != nil {
		return nil, err
	}
	if err := d.clear(p, target); err != nil {
		return nil, err
	}
	if target == nil {
		err = d.add(p, xmp.New(properties))
	} else {
		err = d.merge(p, target, properties)
	}
	if err != nil {
		return nil, err
	}
	return p.Edit()
}

// clear takes the labels out of all items but the target.
func (d *document) clear(p *box.Plan, target *item) error {
	for _, it := range d.items {
		if !it.labelled || it == target {
			continue
		}
		blank, err := d.blank(it)
		if err != nil {
			return err
		}
		if err := d.rewrite(p, it, blank); err != nil {
			return err
		}
	}
	return nil
}

// target is the packet of the primary image, or nil.
func (d *document) target() (*item, error) {
	var loose *item
	for _, it := range d.items {
		switch {
		case it.kind != kindXMP:
		case it.about(d.primary):
			return it, it.err
		case len(it.describes) == 0 && loose == nil:
			loose = it
		}
	}
	if loose != nil {
		return loose, loose.err
	}
	return nil, nil
}

func (d *document) merge(p *box.Plan, it *item, properties xmp.Properties) error {
	data, _, err := d.content(it)
	if err != nil {
		return err
	}
	packet, err := xmp.Merge(data[it.prefix:], properties)
	if err != nil {
		return err
	}
	packet = append(data[:it.prefix:it.prefix], packet...)
	if !it.about(d.primary) {
		if err := d.describe(p, it.id); err != nil {
			return err
		}
	}
	return d.rewrite(p, it, packet)
}
