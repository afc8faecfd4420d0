// Package chain judges certificates: whether one has the profile that the C2PA specification asks of its signers (2.2,
// clause 14.5.1), whether it leads to an anchor, and what a stapled OCSP response says of it.
//
// Profile and trust are two questions. A certificate out of profile is refused whoever issued it; one in profile that leads
// to no anchor of ours is only not trusted, and where no anchors are given nothing can be told.
//
// What not to do here: never ask the network, and never take the system's anchors, which vouch for web sites.
package chain

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/status"
)

const (
	maxCertificates = 1 << 12
	minBits         = 2048
)

// Purpose is what a certificate is used for.
type Purpose int

// Purposes.
const (
	Claims Purpose = iota
	TimeStamps
)

// usages are the extended key usages that allow claims to be signed, by their object identifiers: emailProtection,
// documentSigning, Microsoft's and the C2PA's own (C2PA 2.2, 14.5.1.1).
var usages = []asn1.ObjectIdentifier{
	{1, 3, 6, 1, 5, 5, 7, 3, 4}, {1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 3, 6, 1, 4, 1, 311, 76, 59, 1, 9}, {1, 3, 6, 1, 4, 1, 62558, 2, 1},
}

var (
	usageStamps = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	usageOCSP   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	usageAny    = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	oidUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidPSS      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
)

// Check returns why a certificate may not be used for a purpose at a time, as a status code; empty for one that may.
func Check(c *x509.Certificate, purpose Purpose, at time.Time) (status.Code, error) {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return status.CredentialExpired, errors.New("not valid at the time of signing")
	}
	if err := form(c); err != nil {
		return status.CredentialInvalid, err
	}
	if err := extended(c, purpose); err != nil {
		return status.CredentialInvalid, err
	}
	return "", nil
}

// form checks all of the profile but the extended key usage.
func form(c *x509.Certificate) error {
	switch c.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519:
	default:
		return errors.New("signed with an algorithm that is not allowed")
	}
	switch key := Key(c).(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minBits {
			return errors.New("an RSA key below 2048 bits")
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() && key.Curve != elliptic.P384() && key.Curve != elliptic.P521() {
			return errors.New("a curve that is not allowed")
		}
	case ed25519.PublicKey:
	default:
		return errors.New("a key of a kind that is not allowed")
	}
	switch {
	case c.Version != 3:
		return errors.New("not of version 3")
	case c.IsCA:
		return errors.New("the certificate of an authority")
	case uniqueIDs(c.RawTBSCertificate):
		return errors.New("unique identifiers")
	case len(c.AuthorityKeyId) == 0:
		return errors.New("no authority key identifier")
	case c.KeyUsage&x509.KeyUsageDigitalSignature == 0 && c.KeyUsage&x509.KeyUsageContentCommitment == 0:
		return errors.New("a key that is not for signatures")
	case c.KeyUsage&x509.KeyUsageCertSign != 0:
		return errors.New("a key that may sign certificates")
	case len(c.UnhandledCriticalExtensions) > 0:
		return errors.New("a critical extension that is not known")
	}
	return nil
}

// extended checks the extended key usage.
func extended(c *x509.Certificate, purpose Purpose) error {
	var list []asn1.ObjectIdentifier
	for _, e := range c.Extensions {
		if e.Id.Equal(oidUsage) {
			if rest, err := asn1.Unmarshal(e.Value, &list); err != nil || len(rest) > 0 {
				return errors.New("an extended key usage out of form")
			}
		}
	}
	has := func(o asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(list, func(l asn1.ObjectIdentifier) bool { return l.Equal(o) })
	}
	stamps, responses := has(usageStamps), has(usageOCSP)
	switch {
	case has(usageAny):
		return errors.New("the extended key usage any")
	case purpose == TimeStamps && !stamps, purpose == Claims && !slices.ContainsFunc(usages, has):
		return errors.New("no extended key usage for this purpose")
	case (stamps || responses) && len(list) > 1:
		return errors.New("time stamps or OCSP beside another extended key usage")
	}
	return nil
}

// uniqueIDs reports whether a certificate has issuerUniqueID or subjectUniqueID (RFC 5280, 4.1.2.8).
func uniqueIDs(raw []byte) bool {
	in := cryptobyte.String(raw)
	var tbs, part cryptobyte.String
	var tag der.Tag
	if !in.ReadASN1(&tbs, der.SEQUENCE) {
		return true
	}
	for !tbs.Empty() {
		if !tbs.ReadAnyASN1(&part, &tag) {
			return true
		}
		if tag == der.Tag(1).ContextSpecific() || tag == der.Tag(2).ContextSpecific() {
			return true
		}
	}
	return false
}

// Key returns a certificate's public key, nil where it is of a kind that is not known. Keys for RSASSA-PSS alone, which the
// standard library leaves aside, are read as the RSA keys that they are.
func Key(c *x509.Certificate) crypto.PublicKey {
	if c.PublicKey != nil {
		return c.PublicKey
	}
	var info struct {
		Algorithm struct {
			Algorithm  asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	if rest, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil || len(rest) > 0 || !info.Algorithm.Algorithm.Equal(oidPSS) {
		return nil
	}
	key, err := x509.ParsePKCS1PublicKey(info.Key.RightAlign())
	if err != nil {
		return nil
	}
	return key
}

// parse reads a certificate, with a key that the standard library leaves aside.
func parse(raw []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(raw)
	if err == nil && c.PublicKey == nil {
		if key := Key(c); key != nil {
			c.PublicKey, c.PublicKeyAlgorithm = key, x509.RSA
		}
	}
	return c, err
}

// Parse reads a chain in DER, the signer first.
func Parse(raw [][]byte) ([]*x509.Certificate, error) {
	if len(raw) == 0 {
		return nil, errors.New("no certificate")
	}
	if len(raw) > maxCertificates {
		return nil, errors.New("too many certificates")
	}
	list := make([]*x509.Certificate, 0, len(raw))
	for _, b := range raw {
		c, err := parse(b)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// Anchors are the certificates that trust begins with. The zero value has none.
type Anchors struct {
	pool *x509.CertPool
	all  []*x509.Certificate
}

// Empty reports whether there are none, so that nothing can be told.
func (a *Anchors) Empty() bool { return a == nil || len(a.all) == 0 }

// Add takes in the certificates of a PEM file. What is no certificate is passed over, as lists in the field have comments.
func (a *Anchors) Add(text []byte) error {
	if a.pool == nil {
		a.pool = x509.NewCertPool()
	}
	before := len(a.all)
	for len(a.all) < maxCertificates {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := parse(block.Bytes)
		if err != nil {
			return err
		}
		a.pool.AddCert(c)
		a.all = append(a.all, c)
	}
	if len(a.all) == before {
		return errors.New("no certificate in the list")
	}
	return nil
}

// Trust says whether a chain leads to an anchor at a time. Without anchors nothing can be told.
func (a *Anchors) Trust(chain []*x509.Certificate, at time.Time) colophon.Verdict {
	if a.Empty() || len(chain) == 0 {
		return colophon.Unknown
	}
	for _, c := range a.all {
		if bytes.Equal(c.Raw, chain[0].Raw) {
			return colophon.Passed
		}
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := *chain[0]
	leaf.UnhandledCriticalExtensions = nil // the profile has judged them
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: a.pool, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return colophon.Failed
	}
	return colophon.Passed
}

// Revocation reads a stapled OCSP response about the first certificate of a chain (RFC 6960), signed by its issuer or on the
// issuer's behalf. That a certificate is good counts at a time for which the response is current; that it is revoked counts
// from then on. It is empty where the response says nothing that counts.
func Revocation(raw []byte, chain []*x509.Certificate, at time.Time) status.Code {
	if len(chain) < 2 {
		return ""
	}
	response, err := ocsp.ParseResponseForCert(raw, chain[0], chain[1])
	if err != nil {
		return ""
	}
	current := !at.Before(response.ThisUpdate) && (response.NextUpdate.IsZero() || !at.After(response.NextUpdate))
	switch {
	case response.Status == ocsp.Revoked && response.RevocationReason != ocsp.RemoveFromCRL && !at.Before(response.RevokedAt):
		return status.Revoked
	case !current:
		return ""
	case response.Status == ocsp.Unknown:
		return status.RevocationUnknown
	}
	return status.NotRevoked
}
