// Package tsp reads time stamps (RFC 3161) as claims carry them: a whole response in the header sigTst, a token in sigTst2.
//
// Everything is read as DER, and the one signature has to cover the one content. Which authorities are trusted is not this
// package's question; it says what a token states, and whether its signer states it.
//
// What not to do here: never take a time from a token whose signature was not verified.
package tsp

import (
	"bytes"
	"crypto"
	_ "crypto/sha256" // digests of tokens
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxToken is the largest token that is read, in bytes.
const MaxToken = 256 << 10

const maxCertificates = 64

// Errors of Verify.
var (
	ErrMismatch  = errors.New("tsp: another message")
	ErrSignature = errors.New("tsp: the signature does not fit")
	ErrOutside   = errors.New("tsp: outside the validity of the signer's certificate")
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTimeStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
)

// Token is a time stamp as it was read. Nothing in it is checked yet.
type Token struct {
	Raw          []byte // the ContentInfo
	Time         time.Time
	Certificates []*x509.Certificate // the signer's first, then the others as they stand

	content    []byte // DER of the TSTInfo
	imprint    digested
	accuracy   time.Duration
	digest     asn1.ObjectIdentifier
	attributes map[string][]byte
	signed     []byte // the attributes as they are signed
	signature  digested
}

// digested is an algorithm and the bytes that it made.
type digested struct {
	algorithm asn1.ObjectIdentifier
	bytes     []byte
}

// Parse reads a token, or the token of a response.
func Parse(raw []byte) (*Token, error) {
	if len(raw) > MaxToken {
		return nil, errors.New("tsp: too long")
	}
	token, err := Unwrap(raw)
	if err != nil {
		return nil, err
	}
	t := &Token{Raw: token, attributes: map[string][]byte{}}
	if err := t.parse(token); err != nil {
		return nil, err
	}
	return t, nil
}

// Unwrap returns the token of a response (RFC 3161, 2.4.2), and a token as it is.
func Unwrap(raw []byte) ([]byte, error) {
	in := cryptobyte.String(raw)
	var outer, status, token cryptobyte.String
	var code int
	if !in.ReadASN1(&outer, der.SEQUENCE) || !in.Empty() {
		return nil, errors.New("tsp: neither a response nor a token")
	}
	if outer.PeekASN1Tag(der.OBJECT_IDENTIFIER) {
		return raw, nil
	}
	if !outer.ReadASN1(&status, der.SEQUENCE) || !status.ReadASN1Integer(&code) {
		return nil, errors.New("tsp: neither a response nor a token")
	}
	if code != 0 && code != 1 { // granted, granted with changes
		return nil, errors.New("tsp: the authority has refused")
	}
	if !outer.ReadASN1Element(&token, der.SEQUENCE) || !outer.Empty() {
		return nil, errors.New("tsp: a response without a token")
	}
	return token, nil
}

func tag(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }

// parse reads the ContentInfo with its SignedData (RFC 5652, 3 and 5.1).
func (t *Token) parse(in cryptobyte.String) error {
	var info, explicit, signed, encapsulated, content, signers, signer, set cryptobyte.String
	var kind asn1.ObjectIdentifier
	var version int
	if !in.ReadASN1(&info, der.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidSignedData) ||
		!info.ReadASN1(&explicit, tag(0)) || !info.Empty() || !explicit.ReadASN1(&signed, der.SEQUENCE) || !explicit.Empty() {
		return errors.New("tsp: no signed data")
	}
	if !signed.ReadASN1Integer(&version) || !signed.SkipASN1(der.SET) || !signed.ReadASN1(&encapsulated, der.SEQUENCE) ||
		!encapsulated.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidTimeStamp) ||
		!encapsulated.ReadASN1(&explicit, tag(0)) || !explicit.ReadASN1(&content, der.OCTET_STRING) || !explicit.Empty() {
		return errors.New("tsp: the signed data is no time stamp")
	}
	t.content = content
	if !signed.ReadASN1(&set, tag(0)) {
		return errors.New("tsp: no certificates")
	}
	for !set.Empty() && len(t.Certificates) < maxCertificates {
		var one cryptobyte.String
		var any der.Tag
		if !set.ReadAnyASN1Element(&one, &any) {
			return errors.New("tsp: certificates out of form")
		}
		if any != der.SEQUENCE {
			continue // attribute certificates and other kinds
		}
		// One that can't be read is missed where it is the signer's, and else where the chain is judged.
		if c, err := certificate(one); err == nil {
			t.Certificates = append(t.Certificates, c)
		}
	}
	if !signed.SkipOptionalASN1(tag(1)) || !signed.ReadASN1(&signers, der.SET) || !signed.Empty() ||
		!signers.ReadASN1(&signer, der.SEQUENCE) || !signers.Empty() {
		return errors.New("tsp: not exactly one signer")
	}
	if err := t.parseSigner(signer); err != nil {
		return err
	}
	return t.parseContent(content)
}

// certificate reads a certificate. One with a name that the standard library finds out of form, as authorities in the field
// have, is read for its key and its validity, which is enough to verify a signature and never to trust its maker.
func certificate(raw []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(raw)
	if err == nil {
		return c, nil
	}
	var outer struct {
		TBS struct {
			Version    int `asn1:"optional,explicit,default:0,tag:0"`
			Serial     *big.Int
			Algorithm  asn1.RawValue
			Issuer     asn1.RawValue
			Validity   struct{ From, To time.Time }
			Subject    asn1.RawValue
			PublicKey  asn1.RawValue
			Extensions asn1.RawValue `asn1:"optional,explicit,tag:3"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if rest, wrong := asn1.Unmarshal(raw, &outer); wrong != nil || len(rest) > 0 {
		return nil, err
	}
	key, wrong := x509.ParsePKIXPublicKey(outer.TBS.PublicKey.FullBytes)
	if wrong != nil {
		return nil, err
	}
	return &x509.Certificate{
		Raw: raw, SerialNumber: outer.TBS.Serial, RawIssuer: outer.TBS.Issuer.FullBytes, RawSubject: outer.TBS.Subject.FullBytes,
		NotBefore: outer.TBS.Validity.From, NotAfter: outer.TBS.Validity.To, PublicKey: key,
	}, nil
}

// parseSigner reads a SignerInfo (RFC 5652, 5.3) and puts the signer's certificate first.
func (t *Token) parseSigner(in cryptobyte.String) error {
	wrong := errors.New("tsp: the signer is out of form")
	var name, issuer, set cryptobyte.String
	var key []byte
	var version int
	serial := new(big.Int)
	if !in.ReadASN1Integer(&version) {
		return wrong
	}
	if keyTag := der.Tag(0).ContextSpecific(); in.PeekASN1Tag(keyTag) {
		if !in.ReadASN1Bytes(&key, keyTag) {
			return wrong
		}
	} else if !in.ReadASN1(&name, der.SEQUENCE) || !name.ReadASN1Element(&issuer, der.SEQUENCE) || !name.ReadASN1Integer(serial) {
		return wrong
	}
	if !readAlgorithm(&in, &t.digest) || !in.ReadASN1Element(&set, tag(0)) {
		return wrong
	}
	// The signature is over the attributes as a SET, and not with the tag that they stand under here.
	t.signed = append([]byte{byte(der.SET)}, set[1:]...)
	var signature []byte
	if !readAlgorithm(&in, &t.signature.algorithm) || !in.ReadASN1Bytes(&signature, der.OCTET_STRING) || !in.SkipOptionalASN1(tag(1)) || !in.Empty() {
		return wrong
	}
	t.signature.bytes = signature
	for i, c := range t.Certificates {
		if key != nil && bytes.Equal(key, c.SubjectKeyId) || key == nil && bytes.Equal(issuer, c.RawIssuer) && serial.Cmp(c.SerialNumber) == 0 {
			t.Certificates[0], t.Certificates[i] = t.Certificates[i], t.Certificates[0]
			return t.parseAttributes(set)
		}
	}
	return errors.New("tsp: the signer's certificate is not there")
}

func (t *Token) parseAttributes(set cryptobyte.String) error {
	var attributes, attribute, values, value cryptobyte.String
	if !set.ReadASN1(&attributes, tag(0)) {
		return errors.New("tsp: no attributes")
	}
	for !attributes.Empty() {
		var kind asn1.ObjectIdentifier
		var any der.Tag
		if !attributes.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&kind) || !attribute.ReadASN1(&values, der.SET) ||
			!values.ReadAnyASN1Element(&value, &any) || t.attributes[kind.String()] != nil {
			return errors.New("tsp: an attribute is out of form, or stands twice")
		}
		t.attributes[kind.String()] = value
	}
	return nil
}

// parseContent reads the TSTInfo (RFC 3161, 2.4.2).
func (t *Token) parseContent(raw cryptobyte.String) error {
	var info, imprint, when, accuracy cryptobyte.String
	var version int
	var policy asn1.ObjectIdentifier
	var there bool
	if !raw.ReadASN1(&info, der.SEQUENCE) || !raw.Empty() || !info.ReadASN1Integer(&version) || version != 1 || !info.ReadASN1ObjectIdentifier(&policy) ||
		!info.ReadASN1(&imprint, der.SEQUENCE) || !readAlgorithm(&imprint, &t.imprint.algorithm) ||
		!imprint.ReadASN1Bytes(&t.imprint.bytes, der.OCTET_STRING) || !imprint.Empty() ||
		!info.SkipASN1(der.INTEGER) || !info.ReadASN1(&when, der.GeneralizedTime) || !info.ReadOptionalASN1(&accuracy, &there, der.SEQUENCE) {
		return errors.New("tsp: the content is out of form")
	}
	var seconds int
	if there && accuracy.PeekASN1Tag(der.INTEGER) && accuracy.ReadASN1Integer(&seconds) && seconds >= 0 && seconds < 1<<20 {
		t.accuracy = time.Duration(seconds) * time.Second
	}
	var err error
	t.Time, err = time.Parse("20060102150405Z", string(when))
	if strings.ContainsAny(string(when), ",") {
		err = errors.New("tsp: the time is not in DER")
	}
	return err
}

// readAlgorithm reads an AlgorithmIdentifier. No algorithm that is accepted has parameters that change it.
func readAlgorithm(in *cryptobyte.String, oid *asn1.ObjectIdentifier) bool {
	var algorithm cryptobyte.String
	return in.ReadASN1(&algorithm, der.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(oid)
}

// digests are the algorithms of digests that are accepted.
func digests(o asn1.ObjectIdentifier) (crypto.Hash, bool) {
	switch o.String() {
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, true
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, true
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, true
	}
	return 0, false
}

// algorithm returns how a signature was made.
func (t *Token) algorithm() x509.SignatureAlgorithm {
	hash, _ := digests(t.digest)
	for _, s := range [...]struct {
		oid  string
		hash crypto.Hash
		is   x509.SignatureAlgorithm
	}{
		{"1.2.840.113549.1.1.1", crypto.SHA256, x509.SHA256WithRSA},
		{"1.2.840.113549.1.1.1", crypto.SHA384, x509.SHA384WithRSA},
		{"1.2.840.113549.1.1.1", crypto.SHA512, x509.SHA512WithRSA},
		{"1.2.840.113549.1.1.11", crypto.SHA256, x509.SHA256WithRSA},
		{"1.2.840.113549.1.1.12", crypto.SHA384, x509.SHA384WithRSA},
		{"1.2.840.113549.1.1.13", crypto.SHA512, x509.SHA512WithRSA},
		{"1.2.840.113549.1.1.10", crypto.SHA256, x509.SHA256WithRSAPSS},
		{"1.2.840.113549.1.1.10", crypto.SHA384, x509.SHA384WithRSAPSS},
		{"1.2.840.113549.1.1.10", crypto.SHA512, x509.SHA512WithRSAPSS},
		{"1.2.840.10045.4.3.2", crypto.SHA256, x509.ECDSAWithSHA256},
		{"1.2.840.10045.4.3.3", crypto.SHA384, x509.ECDSAWithSHA384},
		{"1.2.840.10045.4.3.4", crypto.SHA512, x509.ECDSAWithSHA512},
		{"1.3.101.112", crypto.SHA512, x509.PureEd25519},
	} {
		if t.signature.algorithm.String() == s.oid && hash == s.hash {
			return s.is
		}
	}
	return x509.UnknownSignatureAlgorithm
}

// Verify checks that the token's signer has signed its content, within the validity of its certificate, and that the content
// is about a message.
func (t *Token) Verify(message []byte) error {
	hash, ok := digests(t.digest)
	if !ok {
		return ErrSignature
	}
	var content asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(t.attributes[oidContentType.String()], &content); err != nil || len(rest) > 0 || !content.Equal(oidTimeStamp) {
		return ErrSignature
	}
	var digest []byte
	if rest, err := asn1.Unmarshal(t.attributes[oidMessageDigest.String()], &digest); err != nil || len(rest) > 0 || !bytes.Equal(digest, sum(hash, t.content)) {
		return ErrSignature
	}
	signer := t.Certificates[0]
	if err := signer.CheckSignature(t.algorithm(), t.signed, t.signature.bytes); err != nil {
		return ErrSignature
	}
	if t.Time.Before(signer.NotBefore.Add(-t.accuracy)) || t.Time.After(signer.NotAfter.Add(t.accuracy)) {
		return ErrOutside
	}
	hash, ok = digests(t.imprint.algorithm)
	if !ok || !bytes.Equal(t.imprint.bytes, sum(hash, message)) {
		return ErrMismatch
	}
	return nil
}

func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}
