package pki

import (
	"crypto"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTimeStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSA         = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidPolicy        = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 62558, 99, 1}
)

// Stamp returns the response of a time-stamping authority about a message (RFC 3161, 2.4.2).
func (i *Identity) Stamp(rand io.Reader, now time.Time, message []byte) ([]byte, error) {
	serial := make([]byte, 8)
	if _, err := io.ReadFull(rand, serial); err != nil {
		return nil, err
	}
	imprint := sha256.Sum256(message)
	content, err := build(func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(oidPolicy)
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			algorithm(b, oidSHA256)
			b.AddASN1OctetString(imprint[:])
		})
		b.AddASN1BigInt(new(big.Int).SetBytes(serial))
		b.AddASN1GeneralizedTime(now.UTC())
	})
	if err != nil {
		return nil, err
	}
	digest, certificate := sha256.Sum256(content), sha256.Sum256(i.Certificate.Raw)
	var b cryptobyte.Builder
	b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
		attribute(b, oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidTimeStamp) })
		attribute(b, oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) })
		attribute(b, oidCertificateV2, func(b *cryptobyte.Builder) {
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(certificate[:]) })
				})
			})
		})
	})
	attributes, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	toSign := sha256.Sum256(attributes)
	signature, err := i.Key.Sign(rand, toSign[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	if len(attributes) < 2 {
		return nil, errors.New("pki: no attributes")
	}
	return build(func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { i.signedData(b, content, attributes, signature) })
	})
}

// signedData writes the ContentInfo with its SignedData (RFC 5652, 5.1).
func (i *Identity) signedData(b *cryptobyte.Builder, content, attributes, signature []byte) {
	b.AddASN1ObjectIdentifier(oidSignedData)
	b.AddASN1(tag(0), func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(3)
			b.AddASN1(der.SET, func(b *cryptobyte.Builder) { algorithm(b, oidSHA256) })
			b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidTimeStamp)
				b.AddASN1(tag(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
			})
			b.AddASN1(tag(0), func(b *cryptobyte.Builder) {
				for _, raw := range i.Chain() {
					b.AddBytes(raw)
				}
			})
			b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(1)
					b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(i.Certificate.RawIssuer)
						b.AddASN1BigInt(i.Certificate.SerialNumber)
					})
					algorithm(b, oidSHA256)
					b.AddBytes(append([]byte{byte(tag(0))}, attributes[1:]...)) // the set under its tag
					b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidECDSA) })
					b.AddASN1OctetString(signature)
				})
			})
		})
	})
}

func tag(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }

func build(inside func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, inside)
	return b.Bytes()
}

func algorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1NULL()
	})
}

func attribute(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(der.SET, value)
	})
}
