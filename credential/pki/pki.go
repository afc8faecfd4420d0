// Package pki makes a small public-key infrastructure for content credentials: a root, an intermediate authority, a signer
// with the profile that the C2PA specification asks for (2.2, clause 14.5.1), and a time-stamping authority.
//
// It is for trying out, and for providers whose readers take their root by hand. Readers in the field trust the lists that
// the C2PA keeps, which no certificate made here is on.
//
// Everything is a function of what it is given: randomness and time are parameters, and keys may live where the caller
// wants, as long as they sign (crypto.Signer).
//
// What not to do here: never give one certificate two purposes, and never make the key of a signer that of an authority.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the identifier of a key (RFC 5280, 4.2.1.2), which protects nothing
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"time"
)

// How long certificates are valid.
const (
	yearsRoot         = 20
	yearsIntermediate = 10
	yearsSigner       = 1
	yearsStamps       = 5
)

// usageDocuments is the extended key usage documentSigning (RFC 9336).
var usageDocuments = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}

// Identity is a certificate with its key, and the certificates between it and the root.
type Identity struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	Above       []*x509.Certificate // the issuer first; without the root
}

// Chain returns the certificate and those above it in DER, as signatures carry them.
func (i *Identity) Chain() [][]byte {
	chain := [][]byte{i.Certificate.Raw}
	for _, c := range i.Above {
		chain = append(chain, c.Raw)
	}
	return chain
}

// PEM returns the chain in PEM.
func (i *Identity) PEM() []byte {
	var out []byte
	for _, raw := range i.Chain() {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})...)
	}
	return out
}

// Set is a whole infrastructure.
type Set struct {
	Root, Intermediate, Signer, Stamps *Identity
}

// Profile is what key a signer has, by the algorithm that it signs with (C2PA 2.2, 13.2.1).
type Profile string

// Profiles. Authorities have a key for ES256 in all of them.
const (
	ES256 Profile = "es256"
	ES384 Profile = "es384"
	ES512 Profile = "es512"
	PS256 Profile = "ps256"
	EdDSA Profile = "eddsa"
)

const bitsRSA = 3072

// NewKey returns a key of a profile.
func (p Profile) NewKey(rand io.Reader) (crypto.Signer, error) {
	switch p {
	case ES256:
		return NewKey(rand)
	case ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand)
	case ES512:
		return ecdsa.GenerateKey(elliptic.P521(), rand)
	case PS256:
		return rsa.GenerateKey(rand, bitsRSA)
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand)
		return key, err
	}
	return nil, errors.New("pki: no such profile")
}

// NewKey returns a key on the curve P-256.
func NewKey(rand io.Reader) (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand) }

// New returns an infrastructure with fresh keys, the signer's for ES256. The organization stands in every certificate; name
// is the signer's.
func New(rand io.Reader, now time.Time, organization, name string) (*Set, error) {
	return ES256.New(rand, now, organization, name)
}

// New returns an infrastructure whose signer has a key of the profile.
func (p Profile) New(rand io.Reader, now time.Time, organization, name string) (*Set, error) {
	s := &Set{}
	var err error
	if s.Root, err = Root(rand, now, organization); err != nil {
		return nil, err
	}
	if s.Intermediate, err = s.Root.intermediate(rand, now, organization); err != nil {
		return nil, err
	}
	key, err := p.NewKey(rand)
	if err != nil {
		return nil, err
	}
	if s.Signer, err = s.Intermediate.Signer(rand, now, key, organization, name); err != nil {
		return nil, err
	}
	if key, err = NewKey(rand); err != nil {
		return nil, err
	}
	s.Stamps, err = s.Intermediate.Authority(rand, now, key, organization)
	return s, err
}

// Root returns a root with a fresh key.
func Root(rand io.Reader, now time.Time, organization string) (*Identity, error) {
	key, err := NewKey(rand)
	if err != nil {
		return nil, err
	}
	t, err := template(rand, now, yearsRoot, organization, organization+" root")
	if err != nil {
		return nil, err
	}
	authority(t, 1)
	return (&Identity{Certificate: t, Key: key}).issue(rand, t, key)
}

func (i *Identity) intermediate(rand io.Reader, now time.Time, organization string) (*Identity, error) {
	key, err := NewKey(rand)
	if err != nil {
		return nil, err
	}
	t, err := template(rand, now, yearsIntermediate, organization, organization+" intermediate")
	if err != nil {
		return nil, err
	}
	authority(t, 0)
	return i.issue(rand, t, key)
}

// Signer issues a certificate for a signer of claims. Rotation is one more of them, with a new key.
func (i *Identity) Signer(rand io.Reader, now time.Time, key crypto.Signer, organization, name string) (*Identity, error) {
	t, err := template(rand, now, yearsSigner, organization, name)
	if err != nil {
		return nil, err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{usageDocuments}
	return i.issue(rand, t, key)
}

// Authority issues a certificate for a time-stamping authority (RFC 3161, 2.3). The key has to be one for ES256.
func (i *Identity) Authority(rand io.Reader, now time.Time, key crypto.Signer, organization string) (*Identity, error) {
	t, err := template(rand, now, yearsStamps, organization, organization+" time stamps")
	if err != nil {
		return nil, err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, err
	}
	t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
	return i.issue(rand, t, key)
}

func template(rand io.Reader, now time.Time, years int, organization, name string) (*x509.Certificate, error) {
	if organization == "" || name == "" {
		return nil, errors.New("pki: readers want an organization and a name")
	}
	serial := make([]byte, 16)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x7F | 0x40
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial),
		Subject:      pkix.Name{Organization: []string{organization}, CommonName: name},
		NotBefore:    now.UTC().Truncate(time.Second), NotAfter: now.UTC().Truncate(time.Second).AddDate(years, 0, 0),
		BasicConstraintsValid: true,
	}, nil
}

func authority(t *x509.Certificate, below int) {
	t.IsCA, t.MaxPathLen, t.MaxPathLenZero = true, below, below == 0
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

// issue signs a certificate for a key.
func (i *Identity) issue(rand io.Reader, t *x509.Certificate, key crypto.Signer) (*Identity, error) {
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, err
	}
	id := sha1.Sum(info.Key.RightAlign())
	t.SubjectKeyId = id[:]
	self := i.Certificate == t
	if self {
		t.AuthorityKeyId = t.SubjectKeyId
	}
	raw, err := x509.CreateCertificate(rand, t, i.Certificate, key.Public(), i.Key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, err
	}
	out := &Identity{Certificate: c, Key: key}
	if !self && i.Certificate.CheckSignatureFrom(i.Certificate) != nil {
		out.Above = append([]*x509.Certificate{i.Certificate}, i.Above...)
	}
	return out, nil
}
