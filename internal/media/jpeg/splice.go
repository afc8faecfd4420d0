package jpeg

import (
	"cmp"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
)

// Splice plans a file with replacements in the header of the first image, in any order, and brings the index of further
// images up to date.
func Splice(src media.Source, splices ...media.Splice) (*media.Edit, error) {
	f, err := walk(src)
	if err != nil {
		return nil, err
	}
	p := &plan{file: f, splices: slices.Clone(splices)}
	if err := p.index(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.splices, func(a, b media.Splice) int { return cmp.Compare(a.Offset, b.Offset) })
	return media.Splices(src, p.splices...)
}
