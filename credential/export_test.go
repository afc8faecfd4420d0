package credential

import (
	"github.com/colophon-project/colophon/internal/media"
)

// Careless plans a file without asking whether readers would take it.
func Careless(s *Signer, src media.Source, f media.Format, d Draft) (*Plan, error) {
	p := &Plan{signer: s, src: src, format: f, draft: d}
	return p, p.build()
}
