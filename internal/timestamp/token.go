package timestamp

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/colophon-project/colophon"
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidSignedDataSM2 = asn1.ObjectIdentifier{1, 2, 156, 10197, 6, 1, 4, 2, 2} // GB/T 35275
	oidTimeStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidSM3           = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}
)

// schemes lists the signature algorithms that are accepted, with the digest of the signer. RSA may name itself alone.
var schemes = []struct {
	signature string
	digest    asn1.ObjectIdentifier
	algorithm smx509.SignatureAlgorithm
}{
	{"1.2.840.113549.1.1.1", oidSHA256, smx509.SHA256WithRSA},
	{"1.2.840.113549.1.1.1", oidSHA384, smx509.SHA384WithRSA},
	{"1.2.840.113549.1.1.1", oidSHA512, smx509.SHA512WithRSA},
	{"1.2.840.113549.1.1.11", oidSHA256, smx509.SHA256WithRSA},
	{"1.2.840.113549.1.1.12", oidSHA384, smx509.SHA384WithRSA},
	{"1.2.840.113549.1.1.13", oidSHA512, smx509.SHA512WithRSA},
	{"1.2.840.10045.4.3.2", oidSHA256, smx509.ECDSAWithSHA256},
	{"1.2.840.10045.4.3.3", oidSHA384, smx509.ECDSAWithSHA384},
	{"1.2.840.10045.4.3.4", oidSHA512, smx509.ECDSAWithSHA512},
	{"1.2.156.10197.1.501", oidSM3, smx509.SM2WithSM3},
	{"1.2.156.10197.1.301.1", oidSM3, smx509.SM2WithSM3},
}

func schemeOf(signature, digest asn1.ObjectIdentifier) (smx509.SignatureAlgorithm, bool) {
	for _, s := range schemes {
		if s.signature == signature.String() && s.digest.Equal(digest) {
			return s.algorithm, true
		}
	}
	return 0, false
}

func digestOf(algorithm asn1.ObjectIdentifier, data []byte) ([]byte, bool) {
	switch {
	case algorithm.Equal(oidSHA256):
		d := sha256.Sum256(data)
		return d[:], true
	case algorithm.Equal(oidSHA384):
		d := sha512.Sum384(data)
		return d[:], true
	case algorithm.Equal(oidSHA512):
		d := sha512.Sum512(data)
		return d[:], true
	case algorithm.Equal(oidSM3):
		d := sm3.Sum(data)
		return d[:], true
	}
	return nil, false
}

// digested is an algorithm and the bytes that it made.
type digested struct {
	algorithm asn1.ObjectIdentifier
	digest    []byte
}

// signerID names the signer by issuer and serial number, or by the identifier of its key.
type signerID struct {
	issuer []byte
	serial *big.Int
	key    []byte
}

func (s signerID) names(c *smx509.Certificate) bool {
	if s.key != nil {
		return bytes.Equal(s.key, c.SubjectKeyId)
	}
	return bytes.Equal(s.issuer, c.RawIssuer) && s.serial.Cmp(c.SerialNumber) == 0
}

// token is a time stamp as it was read. Nothing in it is checked yet.
type token struct {
	content          []byte // DER of the TSTInfo
	imprint          digested
	time             time.Time
	nonce            *big.Int // nil for none
	certificates     []*smx509.Certificate
	signer           signerID
	digest           asn1.ObjectIdentifier
	attributes       map[string][]byte // the one value of each signed attribute
	signedAttributes []byte            // as they are signed
	signature        digested
}

// parseResponse reads a TimeStampResp (RFC 3161, 2.4.2).
func parseResponse(raw []byte) (*token, error) {
	var response, status cryptobyte.String
	var code int
	in := cryptobyte.String(raw)
	if len(raw) > MaxResponse || !in.ReadASN1(&response, der.SEQUENCE) || !in.Empty() ||
		!response.ReadASN1(&status, der.SEQUENCE) || !status.ReadASN1Integer(&code) {
		return nil, fault(CodeInvalid, errors.New("no response"))
	}
	if code != 0 && code != 1 { // granted, granted with changes
		return nil, &colophon.Error{Kind: colophon.Refused, Code: CodeRefused, Args: colophon.Args{"status": strconv.Itoa(code)}}
	}
	t := &token{attributes: map[string][]byte{}}
	if err := t.parse(response); err != nil {
		return nil, fault(CodeInvalid, err)
	}
	return t, nil
}

// parse reads the ContentInfo with its SignedData (RFC 5652, 3 and 5.1).
func (t *token) parse(in cryptobyte.String) error {
	var info, explicit, signed, digests, encapsulated, content, signers, signer cryptobyte.String
	var kind asn1.ObjectIdentifier
	var version int
	if !in.ReadASN1(&info, der.SEQUENCE) || !in.Empty() || !info.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidSignedData) && !kind.Equal(oidSignedDataSM2) ||
		!info.ReadASN1(&explicit, tag(0)) || !info.Empty() || !explicit.ReadASN1(&signed, der.SEQUENCE) || !explicit.Empty() {
		return errors.New("no signed data")
	}
	if !signed.ReadASN1Integer(&version) || version != 3 || !signed.ReadASN1(&digests, der.SET) ||
		!signed.ReadASN1(&encapsulated, der.SEQUENCE) || !encapsulated.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidTimeStamp) ||
		!encapsulated.ReadASN1(&explicit, tag(0)) || !encapsulated.Empty() || !explicit.ReadASN1(&content, der.OCTET_STRING) || !explicit.Empty() {
		return errors.New("the signed data is no time stamp")
	}
	t.content = content
	if err := t.parseCertificates(&signed); err != nil {
		return err
	}
	if !signed.SkipOptionalASN1(tag(1)) || !signed.ReadASN1(&signers, der.SET) || !signed.Empty() ||
		!signers.ReadASN1(&signer, der.SEQUENCE) || !signers.Empty() {
		return errors.New("not exactly one signer")
	}
	if err := t.parseSigner(signer); err != nil {
		return err
	}
	return t.parseContent(content)
}

func tag(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }

func (t *token) parseCertificates(signed *cryptobyte.String) error {
	var set, one cryptobyte.String
	var there bool
	if !signed.ReadOptionalASN1(&set, &there, tag(0)) {
		return errors.New("no set of certificates")
	}
	for !set.Empty() {
		if !set.ReadASN1Element(&one, der.SEQUENCE) {
			return errors.New("no certificate")
		}
		c, err := smx509.ParseCertificate(one)
		if err != nil {
			return err
		}
		t.certificates = append(t.certificates, c)
	}
	return nil
}

// parseSigner reads a SignerInfo (RFC 5652, 5.3). Attributes that nobody signed are passed over.
func (t *token) parseSigner(in cryptobyte.String) error {
	var name, issuer cryptobyte.String
	var version int
	wrong := errors.New("the signer is out of form")
	if !in.ReadASN1Integer(&version) {
		return wrong
	}
	if keyTag := der.Tag(0).ContextSpecific(); version == 3 && in.PeekASN1Tag(keyTag) {
		if !in.ReadASN1Bytes(&t.signer.key, keyTag) {
			return wrong
		}
	} else {
		t.signer.serial = new(big.Int)
		if version != 1 || !in.ReadASN1(&name, der.SEQUENCE) || !name.ReadASN1Element(&issuer, der.SEQUENCE) || !name.ReadASN1Integer(t.signer.serial) || !name.Empty() {
			return wrong
		}
		t.signer.issuer = issuer
	}
	var set cryptobyte.String
	if !readAlgorithm(&in, &t.digest) || !in.ReadASN1Element(&set, tag(0)) {
		return wrong
	}
	// The signature is over the attributes as a SET, and not with the tag that they stand under here.
	t.signedAttributes = append([]byte{byte(der.SET)}, set[1:]...)
	if !readAlgorithm(&in, &t.signature.algorithm) || !in.ReadASN1Bytes(&t.signature.digest, der.OCTET_STRING) ||
		!in.SkipOptionalASN1(tag(1)) || !in.Empty() {
		return wrong
	}
	return t.parseAttributes(set)
}

func (t *token) parseAttributes(set cryptobyte.String) error {
	var attributes, attribute, values, value cryptobyte.String
	if !set.ReadASN1(&attributes, tag(0)) {
		return errors.New("no attributes")
	}
	for !attributes.Empty() {
		var kind asn1.ObjectIdentifier
		var any der.Tag
		if !attributes.ReadASN1(&attribute, der.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&kind) || !attribute.ReadASN1(&values, der.SET) || !attribute.Empty() ||
			!values.ReadAnyASN1Element(&value, &any) || !values.Empty() || t.attributes[kind.String()] != nil {
			return errors.New("an attribute is out of form, or stands twice")
		}
		t.attributes[kind.String()] = value
	}
	return nil
}

// parseContent reads the TSTInfo (RFC 3161, 2.4.2).
func (t *token) parseContent(raw cryptobyte.String) error {
	var info, imprint, when cryptobyte.String
	var version int
	var policy asn1.ObjectIdentifier
	serial := new(big.Int)
	if !raw.ReadASN1(&info, der.SEQUENCE) || !raw.Empty() || !info.ReadASN1Integer(&version) || version != 1 || !info.ReadASN1ObjectIdentifier(&policy) ||
		!info.ReadASN1(&imprint, der.SEQUENCE) || !readAlgorithm(&imprint, &t.imprint.algorithm) ||
		!imprint.ReadASN1Bytes(&t.imprint.digest, der.OCTET_STRING) || !imprint.Empty() ||
		!info.ReadASN1Integer(serial) || !info.ReadASN1(&when, der.GeneralizedTime) || !info.SkipOptionalASN1(der.SEQUENCE) || !info.SkipOptionalASN1(der.BOOLEAN) {
		return errors.New("the content is out of form")
	}
	if info.PeekASN1Tag(der.INTEGER) {
		t.nonce = new(big.Int)
		if !info.ReadASN1Integer(t.nonce) {
			return errors.New("the nonce is out of form")
		}
	}
	// An extension might change what the stamp means.
	if !info.SkipOptionalASN1(tag(0)) || !info.Empty() {
		return errors.New("the content has extensions")
	}
	var err error
	t.time, err = parseTime(string(when))
	return err
}

// parseTime reads a time in UTC with a fraction of a second or none, as DER writes it.
func parseTime(s string) (time.Time, error) {
	when, err := time.Parse("20060102150405Z", s)
	if err == nil && strings.Contains(s, ".") && strings.HasSuffix(s, "0Z") || strings.ContainsAny(s, ",") {
		err = errors.New("the time is not in DER")
	}
	return when, err
}

// readAlgorithm reads an AlgorithmIdentifier. No algorithm that is accepted has parameters that change it.
func readAlgorithm(in *cryptobyte.String, oid *asn1.ObjectIdentifier) bool {
	var algorithm cryptobyte.String
	return in.ReadASN1(&algorithm, der.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(oid) && algorithm.SkipOptionalASN1(der.NULL) && algorithm.Empty()
}

// readCertificateID reads the first ESSCertIDv2 of a SigningCertificateV2 (RFC 5035), which is that of the signer.
func readCertificateID(raw cryptobyte.String) (algorithm asn1.ObjectIdentifier, hash []byte, ok bool) {
	var signing, list, id cryptobyte.String
	if !raw.ReadASN1(&signing, der.SEQUENCE) || !raw.Empty() || !signing.ReadASN1(&list, der.SEQUENCE) || !list.ReadASN1(&id, der.SEQUENCE) {
		return nil, nil, false
	}
	algorithm = oidSHA256
	if id.PeekASN1Tag(der.SEQUENCE) && !readAlgorithm(&id, &algorithm) {
		return nil, nil, false
	}
	ok = id.ReadASN1Bytes(&hash, der.OCTET_STRING)
	return algorithm, hash, ok
}
