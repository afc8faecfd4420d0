package dataset

import (
	"io"

	"github.com/colophon-project/colophon"
)

// Comparison looks for the items of an ended consent in the dataset as it is: in the manifest before they name the consent, in
// the one after they must not be, whatever it names there. An item is known again by its identifier and by its bytes, so that one
// that was renamed is found as well as one that was changed. Of what it reads it keeps digests alone: of the items of the
// consent, and of each manifest. The zero value has read nothing, and could not tell.
type Comparison struct {
	dataset, consent string
	rested           map[string]bool // units and SHA-256 of the items of the consent, of the manifest before
	digests          []string        // of the manifests
	still            int
}

// NewComparison begins a comparison for a removal.
func NewComparison(r Removal) *Comparison {
	return &Comparison{dataset: r.Dataset, consent: r.Consent, rested: map[string]bool{}}
}

// Take reads a manifest: first the one before, then the one after. Where it is called once, that is the one after.
func (c *Comparison) Take(from io.Reader) error {
	if len(c.digests) == 2 {
		return invalid("manifest")
	}
	l, err := Whole(c.dataset, from, func(it Item) {
		unit := Unit(c.dataset, it.ID)
		switch {
		case len(c.digests) == 1 && (c.rested[unit] || c.rested[it.SHA256]):
			c.still++
		case len(c.digests) == 0 && it.Consent == c.consent:
			c.rested[unit], c.rested[it.SHA256] = true, true
		}
	})
	if err == nil {
		c.digests = append(c.digests, l.Digest)
	}
	return err
}

// verdict is what the comparison came to, and how many items it found. Manifests that are not those of the removal are refused.
func (c *Comparison) verdict(r Removal, now string) (Verdict, int, error) {
	n := len(c.digests)
	switch {
	case n == 2 && c.digests[0] != r.Before:
		return 0, 0, refuse(colophon.Conflict, CodeBefore)
	case n > 0 && c.digests[n-1] != now:
		return 0, 0, refuse(colophon.Conflict, CodeAfter)
	case c.still > 0:
		return Verdict(colophon.Failed), c.still, nil
	case n == 2 && len(c.rested) > 0:
		return Verdict(colophon.Passed), 0, nil
	}
	return Verdict(colophon.Unknown), 0, nil
}
