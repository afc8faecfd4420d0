package credential

import (
	"bytes"
	"slices"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/internal/carrier"
	"github.com/colophon-project/colophon/credential/status"
)

// content judges whether the file is the one that a manifest binds (C2PA 2.2, 15.12).
func (v *validation) content(m *Manifest) error {
	list := m.bindings()
	if len(list) > 1 {
		v.add(status.BindingMultiple, m.URI(), "more than one assertion binds the content")
	}
	for _, a := range list {
		var code status.Code
		var err error
		switch a.Kind() {
		case KindDataHash:
			code, err = v.data(m, a)
		case KindBMFFHash:
			code, err = v.bmff(m, a)
		case KindBoxesHash:
			code, err = v.boxes(m, a)
		default:
			code = status.GeneralError
		}
		if err != nil {
			return err
		}
		v.add(code, a.URI, "")
	}
	return nil
}

// data judges a hash over bytes.
func (v *validation) data(m *Manifest, a *Assertion) (status.Code, error) {
	var h bind.Data
	if a.decode(&h) != nil || h.URL != nil || len(h.Hash) == 0 {
		return status.DataMalformed, nil
	}
	alg := h.Alg
	if alg == "" {
		alg = m.Claim.Alg
	}
	if bind.NewHash(alg) == nil {
		return status.AlgorithmUnsupported, nil
	}
	skip := append([]bind.Span(nil), h.Exclusions...)
	if v.active.Update && v.store.place != nil {
		skip = grown(skip, bind.Span{Start: v.store.place.Offset, Length: v.store.place.Size})
	}
	end := int64(0)
	for _, s := range skip {
		if s.Start < end || s.Length < 0 || s.Start > 1<<62 || s.Length > 1<<62 {
			return status.DataMalformed, nil
		}
		end = s.Start + s.Length
	}
	if end > v.src.Size() {
		return status.DataMismatch, nil
	}
	cover := bind.NewCover(v.src.Size(), slices.Clone(skip), nil)
	if place := v.store.place; carrier.InText(v.format) && place != nil {
		if len(skip) != 1 || skip[0] != (bind.Span{Start: place.Offset, Length: place.Size}) {
			return status.DataMismatch, nil // what stands in front has another length, or more than the wrapper is left out
		}
		cover = cover.Text()
	}
	if len(skip) > 1 {
		v.add(status.DataMoreExclusions, a.URI, "more than the store is left out")
	}
	got, err := cover.Of(v.src, alg)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(got, h.Hash) {
		return status.DataMismatch, nil
	}
	return status.DataMatch, nil
}

// grown adjusts exclusions to a store that has grown by updates since they were written (C2PA 2.2, 11.2.4).
func grown(skip []bind.Span, place bind.Span) []bind.Span {
	for i := range skip {
		if skip[i].Start != place.Start {
			continue
		}
		by := place.Length - skip[i].Length
		skip[i].Length = place.Length
		for j := range skip {
			if skip[j].Start > place.Start {
				skip[j].Start += by
			}
		}
		break
	}
	return skip
}

func (v *validation) bmff(m *Manifest, a *Assertion) (status.Code, error) {
	var h bind.BMFF
	if a.decode(&h) != nil {
		return status.BMFFMalformed, nil
	}
	var proofs []bind.Proof
	if v.store.place != nil && len(h.Merkle) > 0 {
		for _, raw := range v.store.place.Merkle {
			var p bind.Proof
			if _, err := decode.UnmarshalFirst(raw, &p); err != nil {
				return status.BMFFMalformed, nil
			}
			proofs = append(proofs, p)
		}
	}
	if h.Extra() {
		v.add(status.BMFFMoreExclusions, a.URI, "more than the store is left out")
	}
	return h.Verify(v.src, a.Version(), m.Claim.Alg, proofs)
}

// boxes judges a hash over boxes that have names.
func (v *validation) boxes(m *Manifest, a *Assertion) (status.Code, error) {
	var h bind.Named
	if a.decode(&h) != nil {
		return status.BoxesMalformed, nil
	}
	there, err := carrier.Boxes(v.src, v.format)
	if err != nil {
		return status.GeneralError, nil
	}
	return h.Verify(v.src, there, m.Claim.Alg)
}
