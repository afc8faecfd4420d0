package credential

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"io"
	"slices"
	"strconv"

	gocose "github.com/veraison/go-cose"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/internal/chain"
	"github.com/colophon-project/colophon/credential/internal/cose"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/credential/internal/tsp"
	"github.com/colophon-project/colophon/internal/media"
)

// Algorithm is how a claim is signed.
type Algorithm = gocose.Algorithm

// Algorithms (C2PA 2.2, 13.2.1).
const (
	ES256 = gocose.AlgorithmES256
	ES384 = gocose.AlgorithmES384
	ES512 = gocose.AlgorithmES512
	PS256 = gocose.AlgorithmPS256
	PS384 = gocose.AlgorithmPS384
	PS512 = gocose.AlgorithmPS512
	EdDSA = gocose.AlgorithmEdDSA
)

const (
	slackSignature = 1 << 10  // bytes of a signature beside its chain: headers, the signature itself, padding
	slackStamp     = 14 << 10 // bytes of a time stamp
)

// Signer signs claims. The key may live anywhere, as long as it signs.
type Signer struct {
	Key   crypto.Signer
	Chain [][]byte // certificates in DER, the signer's first; the root may be left out
	// Algorithm is how; zero is what suits the key.
	Algorithm Algorithm
	// Stamp asks a time-stamping authority about a message and returns its response, or the token in it. Nil is for no time
	// stamp; then the signature is good for as long as the certificate is valid.
	Stamp func(ctx context.Context, message []byte) ([]byte, error)
	OCSP  [][]byte // responses that are stapled to the signature
	Rand  io.Reader
}

func contentError(rule string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeContent, Err: errors.New("credential: " + rule)}
}

func signerError(err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSigner, Err: err}
}

func isNone(err error) bool { return errors.Is(err, ErrNone) }

func itoa(n int) string { return strconv.Itoa(n) }

// algorithm is the signer's, or what suits its key.
func (s *Signer) algorithm() Algorithm {
	if s.Algorithm != 0 {
		return s.Algorithm
	}
	switch key := s.Key.Public().(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P384():
			return ES384
		case elliptic.P521():
			return ES512
		}
		return ES256
	case *rsa.PublicKey:
		return PS256
	case ed25519.PublicKey:
		return EdDSA
	}
	return 0
}

// check refuses a signer that readers would refuse.
func (s *Signer) check(d *Draft) error {
	certificates, err := chain.Parse(s.Chain)
	if err != nil {
		return signerError(err)
	}
	key, ok := chain.Key(certificates[0]).(interface{ Equal(crypto.PublicKey) bool })
	if s.Key == nil || !ok || !key.Equal(s.Key.Public()) {
		return signerError(errors.New("credential: the key is not that of the certificate"))
	}
	if !cose.Allowed(s.algorithm()) {
		return signerError(cose.ErrAlgorithm)
	}
	if _, err := chain.Check(certificates[0], chain.Claims, d.When); err != nil {
		return signerError(err)
	}
	return nil
}

// reserve is how many bytes the signature gets.
func (s *Signer) reserve() int {
	n := slackSignature
	for _, c := range s.Chain {
		n += len(c) + 8
	}
	for _, o := range s.OCSP {
		n += len(o) + 8
	}
	if key, ok := s.Key.Public().(*rsa.PublicKey); ok {
		n += key.Size()
	}
	if s.Stamp != nil {
		n += slackStamp
	}
	return n
}

// sign signs a claim into as many bytes as were reserved.
func (s *Signer) sign(ctx context.Context, claim []byte) ([]byte, error) {
	job := &cose.Sign{Key: s.Key, Algorithm: s.algorithm(), Chain: s.Chain, Staple: s.OCSP, Rand: s.Rand}
	if s.Stamp != nil {
		job.Stamp = func(message []byte) ([]byte, error) { return s.stamp(ctx, message) }
	}
	raw, err := job.Make(claim, s.reserve())
	if err != nil {
		return nil, err
	}
	m, err := cose.Parse(raw)
	if err != nil {
		return nil, err
	}
	if err := m.Verify(claim, s.Key.Public()); err != nil {
		return nil, signerError(err)
	}
	return raw, nil
}

// stamp asks for a time stamp, and takes none that does not say what it should.
func (s *Signer) stamp(ctx context.Context, message []byte) ([]byte, error) {
	answer, err := s.Stamp(ctx, message)
	if err != nil {
		return nil, err
	}
	token, err := tsp.Parse(answer)
	if err == nil {
		err = token.Verify(message)
	}
	if err == nil && len(token.Raw) > slackStamp-64 {
		err = errors.New("credential: a time stamp that is too long")
	}
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Conflict, Code: CodeStamp, Err: err}
	}
	return token.Raw, nil
}

// Prepare plans a file with a new manifest. An own store of the file is kept: where no ingredient of the draft has it, the
// file itself becomes the parent. The source MUST stay readable for as long as the plan is used.
func (s *Signer) Prepare(ctx context.Context, src media.Source, f media.Format, d Draft, o Options) (*Plan, error) {
	if !Known(f) && (!InText(f) || !d.InText) {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeFormat, Args: colophon.Args{"format": string(f)}}
	}
	d.Ingredients = slices.Clone(d.Ingredients)
	own, err := Read(src, f)
	switch {
	case isNone(err):
	case err != nil:
		return nil, err
	case !slices.ContainsFunc(d.Ingredients, func(in *Ingredient) bool {
		return in.store != nil && bytes.Equal(in.store.Active().box.Raw, own.Active().box.Raw)
	}):
		in, err := Examine(ctx, src, f, ParentOf, d.Title, o)
		if err != nil {
			return nil, err
		}
		d.Ingredients = append([]*Ingredient{in}, d.Ingredients...)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := s.check(&d); err != nil {
		return nil, err
	}
	if d.Update && (own == nil || !updatable(f)) {
		return nil, contentError("an update of this file")
	}
	p := &Plan{signer: s, src: src, format: f, draft: d}
	return p, p.build()
}

// updatable reports whether a store may grow in a format without changing what its binding covers.
func updatable(f media.Format) bool {
	switch f {
	case media.JPEG, media.PNG, media.APNG, media.GIF, media.SVG:
		return true
	}
	return false
}

// carried returns the manifests of all ingredients, each once, in the order that readers want: what others refer to first.
func (d *Draft) carried() ([][]byte, error) {
	var list [][]byte
	seen := map[string][]byte{}
	for _, in := range d.Ingredients {
		if in.store == nil {
			continue
		}
		for _, m := range in.store.Manifests {
			raw := m.box.Raw
			if before, ok := seen[m.Label]; ok {
				if !bytes.Equal(before, raw) {
					return nil, contentError("two manifests with one label")
				}
				continue
			}
			seen[m.Label] = raw
			list = append(list, raw)
		}
	}
	return d.redact(list)
}

// redact takes out the assertions that a draft wants redacted.
func (d *Draft) redact(list [][]byte) ([][]byte, error) {
	for _, uri := range d.Redact {
		label, name := assertionIn(uri)
		done := false
		for i, raw := range list {
			box, err := jumbf.Parse(raw)
			if err != nil || box.Label != label {
				continue
			}
			a := manifest(box).find(name)
			if a == nil || a.Kind() == KindActions || isBinding(a.Kind()) {
				return nil, contentError("an assertion that can't be redacted")
			}
			list[i] = box.Without(a.box)
			done = true
		}
		if !done {
			return nil, contentError("an assertion that is not there")
		}
	}
	return list, nil
}

func isBinding(kind string) bool {
	return kind == KindDataHash || kind == KindBMFFHash || kind == KindBoxesHash || kind == KindCollection
}
