package bind

import (
	"bytes"

	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// Verify checks a hash against the boxes that are there: all of them, in their order (C2PA 2.2, 15.12.3).
func (h *Named) Verify(src media.Source, there []carrier.Box, alg string) (status.Code, error) {
	if len(h.Boxes) == 0 {
		return status.BoxesMalformed, nil
	}
	if h.Alg != "" {
		alg = h.Alg
	}
	if first := h.Boxes[0].Names; len(there) > 0 && there[0].Name == "PNGh" && len(first) > 0 && first[0] != "PNGh" {
		there = there[1:]
	}
	for _, b := range h.Boxes {
		if len(b.Names) == 0 || len(b.Names) > len(there) {
			return status.BoxesUnknown, nil
		}
		stands := false
		for i, name := range b.Names {
			if there[i].Name != name {
				return status.BoxesUnknown, nil
			}
			stands = stands || name == carrier.C2PA
		}
		from, last := there[0], there[len(b.Names)-1]
		there = there[len(b.Names):]
		if stands || b.Excluded {
			if stands && len(b.Names) > 1 {
				return status.BoxesMalformed, nil
			}
			continue
		}
		by := alg
		if b.Alg != "" {
			by = b.Alg
		}
		got, err := section(src, by, from.Off, last.Off+last.N-from.Off)
		if err != nil {
			return "", err
		}
		if got == nil {
			return status.AlgorithmUnsupported, nil
		}
		if !bytes.Equal(got, b.Hash) {
			return status.BoxesMismatch, nil
		}
	}
	if len(there) > 0 {
		return status.BoxesUnknown, nil
	}
	return status.BoxesMatch, nil
}
