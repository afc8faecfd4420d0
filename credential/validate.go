package credential

import (
	"context"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential/internal/chain"
	"github.com/colophon-project/colophon/credential/internal/tsp"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// maxIngredients bounds how deep ingredients have ingredients.
const maxIngredients = 32

// validation is one run over a store.
type validation struct {
	Options
	store    *Store
	src      media.Source
	format   media.Format
	active   *Manifest
	report   *Report
	redacted []string          // by all manifests that the active one leads to
	tokens   map[string][]byte // time stamps that were added later, by the label of the manifest
	visited  map[string]bool
	at       string // the URI of the ingredient that is looked at; empty at the active manifest
}

// Validate judges a store against the file that it was read from (C2PA 2.2, clause 15). The error is about reading the
// file; everything that is wrong with it is in the report.
func (s *Store) Validate(ctx context.Context, src media.Source, f media.Format, o Options) (*Report, error) {
	v := &validation{Options: o, store: s, src: src, format: f, active: s.Active(), visited: map[string]bool{}, tokens: map[string][]byte{}}
	v.report = &Report{Label: v.active.Label}
	v.visited[v.active.Label] = true
	v.collect(v.active, nil, map[string]bool{})
	v.manifest(v.active)
	if err := v.ingredients(ctx, v.active, 0); err != nil {
		return nil, err
	}
	if binding := v.binding(v.active, map[string]bool{}); binding == nil {
		v.add(status.BindingMissing, v.active.URI(), "no manifest binds the content")
	} else if err := v.content(binding); err != nil {
		return nil, err
	}
	v.sift()
	v.report.judge()
	return v.report, nil
}

// add notes a finding of what is looked at.
func (v *validation) add(code status.Code, uri, note string) {
	v.entry(status.Entry{Code: code, URI: uri, Note: note})
}

func (v *validation) entry(e status.Entry) {
	if v.at == "" {
		v.report.Active.Add(e)
		return
	}
	for i := range v.report.Ingredients {
		if v.report.Ingredients[i].URI == v.at {
			v.report.Ingredients[i].Add(e)
			return
		}
	}
	v.report.Ingredients = append(v.report.Ingredients, Delta{URI: v.at})
	v.report.Ingredients[len(v.report.Ingredients)-1].Add(e)
}

// binding returns the manifest whose hash binds the file: the active one, or for an update the one that it updates.
func (v *validation) binding(m *Manifest, seen map[string]bool) *Manifest {
	if seen[m.Label] {
		return nil
	}
	seen[m.Label] = true
	if !m.Update && len(m.bindings()) > 0 {
		return m
	}
	for _, a := range m.Of(KindIngredient) {
		var in ingredient
		if a.decode(&in) != nil || in.Relationship != ParentOf || in.manifest() == nil {
			continue
		}
		if parent := v.store.Find(manifestIn(in.manifest().URL)); parent != nil && (parent.Update || len(parent.bindings()) > 0) {
			return v.binding(parent, seen)
		}
	}
	return nil
}

// bindings returns the assertions that bind content.
func (m *Manifest) bindings() []*Assertion {
	var list []*Assertion
	for _, kind := range [...]string{KindDataHash, KindBMFFHash, KindBoxesHash, KindCollection} {
		for _, a := range m.Of(kind) {
			if a.Created || m.Claim == nil || m.Claim.Version < 2 {
				list = append(list, a)
			}
		}
	}
	return list
}

// manifest judges one manifest by itself.
func (v *validation) manifest(m *Manifest) {
	for _, e := range m.faults {
		v.entry(e)
	}
	if m.Claim == nil {
		return
	}
	if m.Claim.Version > 1 && !claimLabel.MatchString(m.Label) {
		v.add(status.ClaimMalformed, m.URI(), "the manifest's label is out of form")
	}
	if b := m.box.Child(labelSignature); b != nil && !m.signs(m.Claim.Signature) {
		v.add(status.SignatureMissing, m.signatureURI(), "the claim names another signature")
	}
	if m.signature != nil {
		v.signature(m)
	}
	v.redactions(m)
	v.parents(m)
	v.assertions(m)
	v.actions(m)
	if m.Claim.Version > 1 && m.Claim.Generator.Name == "" {
		v.add(status.ClaimMalformed, m.URI(), "the claim generator has no name")
	}
}

// signs reports whether a URI names this manifest's signature.
func (m *Manifest) signs(uri string) bool {
	label := manifestIn(uri)
	return (label == "" || label == m.Label) && (strings.HasSuffix(uri, "/"+labelSignature) || strings.HasSuffix(uri, "="+labelSignature))
}

// signature judges the signature of a claim, its certificate, and its time stamp.
func (v *validation) signature(m *Manifest) {
	uri := m.signatureURI()
	certificates, err := chain.Parse(m.signature.Chain)
	if err != nil {
		v.add(status.CredentialInvalid, uri, err.Error())
		v.add(status.SignatureMismatch, uri, "the signer's certificate can't be read")
		return
	}
	signer := certificates[0]
	at, seen := v.Now, certified(signer)
	stamped := v.stamp(m, &seen)
	if !stamped.IsZero() {
		at = stamped
	}
	if a, ok := m.signature.Algorithm(); ok {
		seen.Algorithm = a.String()
	} else {
		v.add(status.AlgorithmUnsupported, uri, "an algorithm that is not allowed")
	}
	if v.at == "" {
		v.report.Signer = seen
	}
	v.revocation(m, func(raw []byte) status.Code { return chain.Revocation(raw, certificates, at) })
	profile, err := chain.Check(signer, chain.Claims, at)
	if err != nil {
		v.add(profile, uri, err.Error())
	}
	trusted := v.Trust.signer(certificates, at)
	if profile != "" && trusted == colophon.Passed {
		trusted = colophon.Failed
	}
	if trusted == colophon.Passed {
		v.add(status.CredentialTrusted, uri, "the chain leads to an anchor")
	} else {
		v.add(status.CredentialUntrusted, uri, "the chain leads to no anchor")
	}
	if v.at == "" {
		v.report.Trusted = trusted
	}
	if err := m.signature.Verify(m.Claim.Raw, chain.Key(signer)); err != nil {
		v.add(status.SignatureMismatch, uri, err.Error())
		return
	}
	if profile != status.CredentialExpired {
		v.add(status.SignatureInside, uri, "signed within the validity of the certificate")
	}
	v.add(status.SignatureValidated, uri, "the signature is over the claim")
}

// revocation judges the stapled responses.
func (v *validation) revocation(m *Manifest, judge func([]byte) status.Code) {
	for _, raw := range m.signature.Staple {
		if code := judge(raw); code != "" {
			v.add(code, m.signatureURI(), "a stapled response")
			return
		}
	}
	v.add(status.RevocationSkipped, m.signatureURI(), "no stapled response, and nobody was asked")
}

// stamp judges the time stamp and returns the time, zero for none that counts (C2PA 2.2, 15.8). In claims of version 1 the
// time counts whoever made the stamp. A stamp that a later manifest has added counts before the signature's own.
func (v *validation) stamp(m *Manifest, seen *Signature) time.Time {
	if token, ok := v.tokens[m.Label]; ok {
		if at := v.token(m, seen, token, m.signature.Bytes()); !at.IsZero() {
			return at
		}
	}
	switch {
	case m.signature.Stamp == nil:
		return time.Time{}
	case m.signature.Many:
		v.add(status.StampMalformed, m.signatureURI(), "more than one time stamp")
		return time.Time{}
	}
	return v.token(m, seen, m.signature.Stamp, m.signature.Stamped(m.Claim.Raw))
}

// token judges one time stamp about a message.
func (v *validation) token(m *Manifest, seen *Signature, raw, message []byte) time.Time {
	uri := m.signatureURI()
	token, err := tsp.Parse(raw)
	if err != nil {
		v.add(status.StampMalformed, uri, err.Error())
		return time.Time{}
	}
	authority := token.Certificates[0].Subject.CommonName
	switch err := token.Verify(message); err {
	case nil:
		v.add(status.StampValidated, uri, authority)
	case tsp.ErrMismatch:
		v.add(status.StampMismatch, uri, authority)
		return time.Time{}
	case tsp.ErrOutside:
		v.add(status.StampOutside, uri, authority)
		return time.Time{}
	default:
		v.add(status.StampUntrusted, uri, authority)
		return time.Time{}
	}
	trusted := v.Trust.stamp(token.Certificates, token.Time)
	if trusted == colophon.Passed {
		if _, err := chain.Check(token.Certificates[0], chain.TimeStamps, token.Time); err != nil {
			trusted = colophon.Failed
		}
	}
	seen.Authority, seen.Stamped = authority, trusted
	if trusted == colophon.Passed {
		v.add(status.StampTrusted, uri, authority)
	} else {
		v.add(status.StampUntrusted, uri, authority)
		if m.Claim.Version > 1 {
			return time.Time{}
		}
	}
	seen.Time = token.Time
	return token.Time
}
