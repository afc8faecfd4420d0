package bmff

import (
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

// Strays are the labels of a picture file that stand outside its items: in the movie that an image sequence is, and in
// boxes at the top of the file. A picture file's own container handles the items.
type Strays struct {
	Survey media.Survey // with the signatures and findings of the whole file
	m      *movie
}

// FindStrays walks a picture file whose label belongs at the place standard.
func FindStrays(src media.Source, f media.Format, standard media.Place) (*Strays, error) {
	m, err := walk(src, f, standard)
	return &Strays{Survey: m.survey, m: m}, err
}

// Clear plans to take the strays out.
func (s *Strays) Clear(p *box.Plan) error {
	if s.m.damage != nil {
		return s.m.damage
	}
	return s.m.clear(p, nil)
}
