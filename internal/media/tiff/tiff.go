// Package tiff reads and writes the label in TIFF files (TIFF 6.0; BigTIFF, version 43; DNG as a dialect), as the guide
// TC260-PG-20259A asks: in the XMP packet of tag 700 of the first IFD, with field type UNDEFINED.
//
// A TIFF file is a graph of absolute offsets: IFDs in a chain, one for each page, and below them SubIFDs and the Exif
// IFD. Nothing that stands in the file is ever moved. A packet that outgrows its room goes to the end of the file, and
// so does a copy of IFD0 when it needs one entry more; the one pointer to it is patched. A second edit finds the packet
// at the end and lets it grow there. Labels in other IFDs are overwritten in place.
//
// What not to do here: never rewrite the chain or sort what a writer left unsorted; never trust a count before it is
// held against the file's size; never follow an offset twice.
package tiff

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

// Container is the TIFF container.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements media.Container.
func (Container) Sniff(head []byte, _ media.Source) media.Format {
	for _, magic := range [...]string{"II*\x00", "MM\x00*", "II+\x00\x08\x00\x00\x00", "MM\x00+\x00\x08\x00\x00"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return media.TIFF
		}
	}
	return media.Unknown
}

// Places implements media.Container.
func (Container) Places(media.Format) []media.Place { return []media.Place{media.PlaceXMP} }

// Scan implements media.Container.
func (Container) Scan(src media.Source, _ media.Format) (*media.Survey, error) {
	w, err := walk(src)
	survey := &media.Survey{Format: media.TIFF, Signatures: w.signatures, Findings: w.findings}
	for _, v := range w.values {
		survey.Labels = append(survey.Labels, v.labels...)
	}
	return survey, err
}
