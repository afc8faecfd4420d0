package credential

import (
	"crypto/x509"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/internal/chain"
)

// Trust is whom a caller trusts: lists of certificates as PEM files. The zero value trusts nobody, so that nothing can be
// told.
type Trust struct {
	claims, stamps chain.Anchors
}

// AddSigners takes in a list of certificates that signers of claims lead to, or that are such signers.
func (t *Trust) AddSigners(list []byte) error { return t.claims.Add(list) }

// AddStamps takes in a list of certificates that time-stamping authorities lead to. Lists for signers count for them too,
// as those in the field hold both.
func (t *Trust) AddStamps(list []byte) error { return t.stamps.Add(list) }

// signer says whether a signer's chain leads to an anchor.
func (t *Trust) signer(list []*x509.Certificate, at time.Time) colophon.Verdict {
	if t == nil {
		return colophon.Unknown
	}
	return t.claims.Trust(list, at)
}

// stamp says whether the chain of a time-stamping authority does.
func (t *Trust) stamp(list []*x509.Certificate, at time.Time) colophon.Verdict {
	if t == nil {
		return colophon.Unknown
	}
	if v := t.stamps.Trust(list, at); v == colophon.Passed {
		return v
	}
	if v := t.claims.Trust(list, at); v != colophon.Unknown {
		return v
	}
	return t.stamps.Trust(list, at)
}
