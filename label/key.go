package label

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"io"
	"math/big"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/colophon-project/colophon"
)

// Algorithm is a signature algorithm, by the object identifier that a seal's AlgID gives.
type Algorithm string

// Algorithms that seals are made and verified with.
const (
	AlgorithmSM2   Algorithm = "1.2.156.10197.1.501" // SM2 with SM3, GB/T 32918
	AlgorithmES256 Algorithm = "1.2.840.10045.4.3.2" // ECDSA on P-256 with SHA-256
)

// Codes of errors about keys. No arg holds key material; arg "block" is the type of a PEM block.
const (
	CodeKeyNone      colophon.Code = "key-none"      // the text has no PEM block that is a key
	CodeKeyDamaged   colophon.Code = "key-damaged"   // arg "block"
	CodeKeyEncrypted colophon.Code = "key-encrypted" // arg "block": decrypt it first
	CodeKeyAlgorithm colophon.Code = "key-algorithm" // arg "block": neither SM2 nor P-256
	CodeKeySeveral   colophon.Code = "key-several"   // more than one private key
	CodeKeyPrivate   colophon.Code = "key-private"   // arg "block": a private key where public ones are asked for
	CodeKeyPublic    colophon.Code = "key-public"    // arg "block": a public key where a private one is asked for
)

// userID is the SM2 user ID that TC260-PG-202511A A.1 signs with, the usual one of GM/T 0009.
const userID = "1234567812345678"

// SigningKey is a private key that seals labels: SM2 or ECDSA on P-256.
type SigningKey struct {
	signer crypto.Signer // *sm2.PrivateKey or *ecdsa.PrivateKey
	public PublicKey
}

// ParseSigningKey reads the one private key of a PEM text, in PKCS#8 or SEC 1 form. Blocks of curve parameters beside
// it are passed over.
func ParseSigningKey(text []byte) (*SigningKey, error) {
	var found *SigningKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if isParameters(block) {
			continue
		}
		key, err := signingKey(block)
		if err != nil {
			return nil, err
		}
		if found != nil {
			return nil, keyError(colophon.Invalid, CodeKeySeveral, block, nil)
		}
		found = key
	}
	if found == nil {
		return nil, keyError(colophon.Invalid, CodeKeyNone, nil, nil)
	}
	return found, nil
}

func signingKey(block *pem.Block) (*SigningKey, error) {
	var key any
	var err error
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, keyError(colophon.Unsupported, CodeKeyEncrypted, block, nil)
	case block.Type == "PRIVATE KEY":
		key, err = smx509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY" || block.Type == "SM2 PRIVATE KEY":
		key, err = smx509.ParseTypedECPrivateKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, keyError(colophon.Unsupported, CodeKeyAlgorithm, block, nil)
	default:
		return nil, keyError(colophon.Invalid, CodeKeyPublic, block, nil)
	}
	if err != nil {
		return nil, keyError(colophon.Invalid, CodeKeyDamaged, block, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, keyError(colophon.Unsupported, CodeKeyAlgorithm, block, nil)
	}
	public, ok := newPublicKey(signer.Public())
	if !ok {
		return nil, keyError(colophon.Unsupported, CodeKeyAlgorithm, block, nil)
	}
	return &SigningKey{signer: signer, public: public}, nil
}

// Public returns the key that verifies what k signs.
func (k *SigningKey) Public() PublicKey { return k.public }

// sign signs a message and checks the result, so that a fault while signing never leaves as a signature. With a nil
// rand the signature is deterministic (RFC 6979).
func (k *SigningKey) sign(rand io.Reader, message []byte) ([]byte, bool, error) {
	var der []byte
	var err error
	if k.public.Algorithm() == AlgorithmSM2 {
		der, err = k.signer.Sign(rand, message, sm2.NewSM2SignerOption(true, []byte(userID)))
	} else {
		digest := sha256.Sum256(message)
		der, err = k.signer.Sign(rand, digest[:], crypto.SHA256)
	}
	return der, err == nil && k.public.verify(message, der), err
}

// PublicKey verifies seals: SM2 or ECDSA on P-256. The zero value verifies nothing.
type PublicKey struct {
	key  *ecdsa.PublicKey
	spki []byte
}

// ParsePublicKeys reads every public key of a PEM text: SubjectPublicKeyInfo or certificates, of which the key alone is
// taken. A key is trusted because the caller names it; validity and issuer of a certificate are not looked at.
func ParsePublicKeys(text []byte) ([]PublicKey, error) {
	var keys []PublicKey
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if isParameters(block) {
			continue
		}
		key, err := publicKey(block)
		if err != nil {
			return nil, err
		}
		if !key.among(keys) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, keyError(colophon.Invalid, CodeKeyNone, nil, nil)
	}
	return keys, nil
}

func publicKey(block *pem.Block) (PublicKey, error) {
	var key any
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		key, err = smx509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "CERTIFICATE":
		var cert *smx509.Certificate
		if cert, err = smx509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return PublicKey{}, keyError(colophon.Invalid, CodeKeyPrivate, block, nil)
	default:
		return PublicKey{}, keyError(colophon.Unsupported, CodeKeyAlgorithm, block, nil)
	}
	if err != nil {
		return PublicKey{}, keyError(colophon.Invalid, CodeKeyDamaged, block, err)
	}
	k, ok := newPublicKey(key)
	if !ok {
		return PublicKey{}, keyError(colophon.Unsupported, CodeKeyAlgorithm, block, nil)
	}
	return k, nil
}

// newPublicKey takes a parsed key, and reports false for an algorithm that seals aren't verified with.
func newPublicKey(key any) (PublicKey, bool) {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok || (k.Curve != sm2.P256() && k.Curve != elliptic.P256()) {
		return PublicKey{}, false
	}
	spki, err := smx509.MarshalPKIXPublicKey(k)
	if err != nil {
		return PublicKey{}, false
	}
	return PublicKey{key: k, spki: spki}, true
}

// pointKey reads a public key that is a bare point: 04‖X‖Y, compressed as 02‖X or 03‖X, or 00‖X, which has been met in
// the field for a point with even Y.
func pointKey(algorithm Algorithm, point []byte) (PublicKey, bool) {
	curve := elliptic.P256()
	if algorithm == AlgorithmSM2 {
		curve = sm2.P256()
	}
	if len(point) == 33 && point[0] <= 3 && point[0] != 1 {
		compressed := bytes.Clone(point)
		compressed[0] |= 2
		x, y := elliptic.UnmarshalCompressed(curve, compressed)
		if x == nil {
			return PublicKey{}, false
		}
		point = uncompressed(x, y)
	}
	if len(point) != 65 {
		return PublicKey{}, false
	}
	var key *ecdsa.PublicKey
	var err error
	if algorithm == AlgorithmSM2 {
		key, err = sm2.NewPublicKey(point)
	} else {
		key, err = ecdsa.ParseUncompressedPublicKey(curve, point)
	}
	if err != nil {
		return PublicKey{}, false
	}
	return newPublicKey(key)
}

func uncompressed(x, y *big.Int) []byte {
	point := make([]byte, 65)
	point[0] = 4
	x.FillBytes(point[1:33])
	y.FillBytes(point[33:])
	return point
}

// Algorithm returns the algorithm whose signatures the key verifies, and "" for the zero value.
func (k PublicKey) Algorithm() Algorithm {
	switch {
	case k.key == nil:
		return ""
	case k.key.Curve == sm2.P256():
		return AlgorithmSM2
	}
	return AlgorithmES256
}

// Fingerprint returns the SHA-256 digest of the key's SubjectPublicKeyInfo in hexadecimal, for either algorithm: what
// openssl pkey -pubin -outform DER | sha256sum prints.
func (k PublicKey) Fingerprint() string {
	if k.key == nil {
		return ""
	}
	digest := sha256.Sum256(k.spki)
	return hex.EncodeToString(digest[:])
}

// PEM returns the key as a PEM block that [ParsePublicKeys] reads.
func (k PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.spki})
}

// verify reports whether der is a signature of message.
func (k PublicKey) verify(message, der []byte) bool {
	switch k.Algorithm() {
	case AlgorithmSM2:
		return sm2.VerifyASN1WithSM2(k.key, []byte(userID), message, der)
	case AlgorithmES256:
		digest := sha256.Sum256(message)
		return ecdsa.VerifyASN1(k.key, digest[:], der)
	}
	return false
}

// digest hashes a message with the algorithm's own hash function.
func (a Algorithm) digest(message []byte) []byte {
	if a == AlgorithmSM2 {
		d := sm3.Sum(message)
		return d[:]
	}
	d := sha256.Sum256(message)
	return d[:]
}

func (k PublicKey) among(keys []PublicKey) bool {
	for _, other := range keys {
		if bytes.Equal(k.spki, other.spki) {
			return true
		}
	}
	return false
}

// isParameters recognises the blocks that OpenSSL puts in front of a key that it generates with a curve's name.
func isParameters(block *pem.Block) bool { return strings.HasSuffix(block.Type, " PARAMETERS") }

func keyError(kind colophon.Kind, code colophon.Code, block *pem.Block, err error) error {
	e := &colophon.Error{Kind: kind, Code: code, Clauses: []colophon.Clause{colophon.ClausePGSeal}, Err: err}
	if block != nil {
		e.Args = colophon.Args{"block": block.Type}
	}
	return e
}
