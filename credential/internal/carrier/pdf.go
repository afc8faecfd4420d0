package carrier

import (
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/pdf"
)

// findPDF reads the embedded file of the relationship C2PA_Manifest (C2PA 2.2, A.4).
func findPDF(src media.Source) (*Place, error) {
	off, n, err := pdf.Manifest(src)
	if err != nil || off < 0 {
		return nil, err
	}
	store, err := (&reader{src: src}).store("C2PA", off, n)
	return &Place{Store: store, Offset: off, Size: n}, err
}

// makePDF appends an update with the store as an embedded file. A document that has one keeps its bytes, and names the new
// one in its place.
func makePDF(src media.Source, _ *Place, size int) (*Room, error) {
	d, err := pdf.Open(src)
	if err != nil {
		return nil, err
	}
	e, off, err := d.Attach(size)
	if err != nil {
		return nil, err
	}
	return &Room{Edit: e, Offset: off, Size: int64(size), frame: plain}, nil
}
