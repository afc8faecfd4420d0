// Package timestamp makes and checks time stamps of RFC 3161: the word of an authority outside that some bytes were
// there at a time. A log may show when its records were made only by its own clock; a time stamp over a checkpoint shows
// it by another's.
//
// The check needs no network and no clock: the response of the authority, the bytes, and the certificates that the
// reader trusts. It demands everything that RFC 3161, RFC 5816 and RFC 5652 demand of a token and that a reader could be
// deceived about: the imprint is that of the bytes; exactly one signer; content type, message digest and
// ESSCertIDv2 are signed and fit; the certificate is for time stamps and nothing else, and says so in a critical
// extension; the chain leads to a trusted certificate and was valid at the stamped time. Whether a certificate was
// revoked since can't be told offline and is not looked at. Tokens are read as DER alone.
//
// The parser is our own: the modules for it that exist read BER, accept SHA-1, pass over errors inside the token, and do
// not tell the content type. SM2 with SM3 is accepted beside RSA and ECDSA with SHA-2.
//
// What not to do here: never import net/http, which would put it into the offline verifier; the client is package
// authority. Never take a stamp for good whose chain was not checked.
package timestamp

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/colophon-project/colophon"
)

// MaxResponse is the longest response that is read, in bytes.
const MaxResponse = 64 << 10

// Codes of errors about time stamps.
const (
	CodeInvalid     colophon.Code = "timestamp-invalid"     // not in the form of a response, or of a token
	CodeRefused     colophon.Code = "timestamp-refused"     // arg "status": the authority did not stamp
	CodeOther       colophon.Code = "timestamp-other"       // it stamps other bytes, or answers another request
	CodeSignature   colophon.Code = "timestamp-signature"   // the signature is broken, or does not cover what it must
	CodeCertificate colophon.Code = "timestamp-certificate" // the signer's certificate is not one for time stamps
	CodeUntrusted   colophon.Code = "timestamp-untrusted"   // no trusted authority, or not valid at the stamped time
	CodeUnsupported colophon.Code = "timestamp-unsupported" // an algorithm that is not known here
	CodeAuthorities colophon.Code = "timestamp-authorities" // a PEM text without certificates
)

// Stamp is what a token says.
type Stamp struct {
	Time      time.Time // UTC
	Authority string    // the subject of the signer's certificate
}

// Authorities are the certificates that a reader trusts to vouch for time stamps.
type Authorities struct{ roots *smx509.CertPool }

// ParseAuthorities reads certificates from a PEM text. Each is trusted, whether or not it signed itself.
func ParseAuthorities(text []byte) (*Authorities, error) {
	a := &Authorities{smx509.NewCertPool()}
	n := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := smx509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil, fault(CodeAuthorities, err)
		}
		a.roots.AddCert(cert)
		n++
	}
	if n == 0 {
		return nil, fault(CodeAuthorities, nil)
	}
	return a, nil
}

// NewQuery makes the request for a time stamp over some bytes, by their SHA-256 digest. The authority is asked for its
// certificate.
func NewQuery(data []byte, nonce *big.Int) ([]byte, error) {
	digest := sha256.Sum256(data)
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSHA256)
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(digest[:])
		})
		b.AddASN1BigInt(nonce)
		b.AddASN1Boolean(true)
	})
	return b.Bytes()
}

// Verify checks that a response stamps the data. nonce is that of the request; nil where the reader did not make it.
// An error of the kind Unsupported means that it could not be told.
func (a *Authorities) Verify(response, data []byte, nonce *big.Int) (Stamp, error) {
	t, err := parseResponse(response)
	if err != nil {
		return Stamp{}, err
	}
	imprint, ok := digestOf(t.imprint.algorithm, data)
	switch {
	case !ok:
		return Stamp{}, unsupported("imprint")
	case !bytes.Equal(imprint, t.imprint.digest):
		return Stamp{}, fault(CodeOther, errors.New("the imprint is of other bytes"))
	case nonce != nil && (t.nonce == nil || t.nonce.Cmp(nonce) != 0):
		return Stamp{}, fault(CodeOther, errors.New("the nonce is another"))
	}
	cert, err := t.verifySignature()
	if err != nil {
		return Stamp{}, err
	}
	if err := fit(cert); err != nil {
		return Stamp{}, fault(CodeCertificate, err)
	}
	others := smx509.NewCertPool()
	for _, c := range t.certificates {
		others.AddCert(c)
	}
	_, err = cert.Verify(smx509.VerifyOptions{Roots: a.roots, Intermediates: others, CurrentTime: t.time, KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return Stamp{}, fault(CodeUntrusted, err)
	}
	return Stamp{Time: t.time, Authority: cert.Subject.String()}, nil
}

// verifySignature checks what the signer signed and returns its certificate, which the signed attributes name.
func (t *token) verifySignature() (*smx509.Certificate, error) {
	if !bytes.Equal(t.attributes[oidContentType.String()], encodeOID(oidTimeStamp)) {
		return nil, fault(CodeSignature, errors.New("the signed content type is another"))
	}
	digest, ok := digestOf(t.digest, t.content)
	if !ok {
		return nil, unsupported("digest")
	}
	var signed []byte
	value := cryptobyte.String(t.attributes[oidMessageDigest.String()])
	if !value.ReadASN1Bytes(&signed, der.OCTET_STRING) || !value.Empty() || !bytes.Equal(signed, digest) {
		return nil, fault(CodeSignature, errors.New("the signed digest is another"))
	}
	raw, ok := t.attributes[oidCertificateV2.String()]
	if !ok {
		return nil, unsupported("no ESSCertIDv2")
	}
	algorithm, hash, ok := readCertificateID(raw)
	if !ok {
		return nil, fault(CodeInvalid, errors.New("the ESSCertIDv2 is out of form"))
	}
	for _, c := range t.certificates {
		got, ok := digestOf(algorithm, c.Raw)
		if !ok {
			return nil, unsupported("ESSCertIDv2")
		}
		if !bytes.Equal(got, hash) {
			continue
		}
		if !t.signer.names(c) {
			return nil, fault(CodeCertificate, errors.New("the signer is named in two ways"))
		}
		scheme, ok := schemeOf(t.signature.algorithm, t.digest)
		if !ok {
			return nil, unsupported("signature")
		}
		if err := c.CheckSignature(scheme, t.signedAttributes, t.signature.digest); err != nil {
			return nil, fault(CodeSignature, err)
		}
		return c, nil
	}
	return nil, fault(CodeCertificate, errors.New("the signer's certificate is not there"))
}

// fit checks what RFC 3161, 2.3 demands of the certificate of an authority.
func fit(c *smx509.Certificate) error {
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidExtKeyUsage) {
			continue
		}
		if !e.Critical || len(c.ExtKeyUsage) != 1 || len(c.UnknownExtKeyUsage) != 0 || c.ExtKeyUsage[0] != smx509.ExtKeyUsageTimeStamping {
			return errors.New("the use of the key is not time stamps alone, or not critical")
		}
		if c.KeyUsage&^(smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment) != 0 {
			return errors.New("the key has other uses than to sign")
		}
		return nil
	}
	return errors.New("the use of the key is not told")
}

func fault(code colophon.Code, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Err: err}
}

func unsupported(what string) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: CodeUnsupported, Err: errors.New(what)}
}

func encodeOID(oid asn1.ObjectIdentifier) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid)
	return b.BytesOrPanic()
}
