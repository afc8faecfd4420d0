package credential

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"

	"github.com/colophon-project/colophon/credential/internal/chain"
)

// Part is something that content was made from, as a manifest tells of it.
type Part struct {
	Title, Format string
	Relationship  Relationship
	Manifest      string // label of its own manifest in the same store; empty for none
}

// Parts returns what a manifest's content was made from. What can't be read is left out: its validation tells of it.
func (m *Manifest) Parts() []Part {
	var list []Part
	for _, a := range m.Of(KindIngredient) {
		var in ingredient
		if a.zeroed() || a.decode(&in) != nil {
			continue
		}
		p := Part{Title: in.Title, Format: in.Format, Relationship: in.Relationship}
		if link := in.manifest(); link != nil {
			p.Manifest = manifestIn(link.URL)
		}
		list = append(list, p)
	}
	return list
}

// Actions returns what a manifest says was done.
func (m *Manifest) Actions() []Action {
	var list []Action
	for _, a := range m.Of(KindActions) {
		var some Actions
		if a.decode(&some) == nil {
			list = append(list, some.List...)
		}
	}
	return list
}

// AIGC returns what a manifest says about the AIGC label in its file, nil for nothing.
func (m *Manifest) AIGC() *Label {
	for _, a := range m.Of(KindLabel) {
		l := &Label{}
		if a.decode(l) == nil {
			return l
		}
	}
	return nil
}

// Watermark returns what a manifest says about a watermark, ours or another's, nil for nothing.
func (m *Manifest) Watermark() *Watermark {
	for _, a := range m.Of(KindMark) {
		w := &Watermark{}
		if a.decode(w) == nil {
			return w
		}
	}
	for _, a := range m.Of(KindSoftBinding) {
		var b softBinding
		if a.decode(&b) == nil && len(b.Blocks) > 0 {
			return &Watermark{Alg: b.Alg, Value: b.Blocks[0].Value, Registered: true}
		}
	}
	return nil
}

// Signed returns who has signed a manifest, as the certificate says. Nothing of it is judged.
func (m *Manifest) Signed() Signature {
	if m.signature == nil {
		return Signature{}
	}
	list, err := chain.Parse(m.signature.Chain)
	if err != nil {
		return Signature{}
	}
	s := certified(list[0])
	if a, ok := m.signature.Algorithm(); ok {
		s.Algorithm = a.String()
	}
	return s
}

// certified is what a certificate says of its holder.
func certified(c *x509.Certificate) Signature {
	sum := sha256.Sum256(c.Raw)
	s := Signature{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialNumber.String(), Fingerprint: hex.EncodeToString(sum[:])}
	if len(c.Subject.Organization) > 0 {
		s.Organization = c.Subject.Organization[0]
	}
	return s
}
