package credential

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/internal/jumbf"
	"github.com/colophon-project/colophon/credential/status"
)

// collect gathers the redactions and the later time stamps of all manifests that one leads to, and tells of circles.
func (v *validation) collect(m *Manifest, path []string, seen map[string]bool) {
	if m.Claim == nil || seen[m.Label] || len(path) > maxIngredients {
		return
	}
	seen[m.Label] = true
	v.redacted = append(v.redacted, m.Claim.Redacted...)
	for _, a := range m.Of(kindStamps) {
		var tokens map[string][]byte
		if a.decode(&tokens) != nil {
			continue
		}
		for label, token := range tokens {
			v.tokens[label] = token
		}
	}
	for _, a := range m.Of(KindIngredient) {
		var in ingredient
		if a.zeroed() || a.decode(&in) != nil || in.manifest() == nil {
			continue
		}
		label := manifestIn(in.manifest().URL)
		if slices.Contains(append(path, m.Label), label) {
			v.add(status.IngredientMalformed, a.URI, "ingredients lead in a circle")
			continue
		}
		if next := v.store.Find(label); next != nil {
			v.collect(next, append(path, m.Label), seen)
		}
	}
}

// ingredients judges what a manifest was made from (C2PA 2.2, 15.11.3).
func (v *validation) ingredients(ctx context.Context, m *Manifest, depth int) error {
	before := v.at
	defer func() { v.at = before }()
	for _, a := range m.Of(KindIngredient) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if a.zeroed() {
			continue
		}
		v.at = before
		var in ingredient
		if err := a.decode(&in); err != nil || in.Relationship != ParentOf && in.Relationship != ComponentOf && in.Relationship != InputTo {
			v.add(status.IngredientMalformed, a.URI, "the ingredient can't be read")
			continue
		}
		v.at = a.URI
		if err := v.ingredient(ctx, m, a, &in, depth); err != nil {
			return err
		}
	}
	return nil
}

func (v *validation) ingredient(ctx context.Context, m *Manifest, a *Assertion, in *ingredient, depth int) error {
	link := in.manifest()
	if link == nil {
		if in.Relationship != InputTo {
			v.add(status.UnknownProvenance, a.URI, "an ingredient without a credential")
		}
		return nil
	}
	if a.Version() >= 3 && in.Results == nil {
		v.add(status.IngredientMalformed, a.URI, "no results of its validation")
	}
	label := manifestIn(link.URL)
	if label == "" {
		label = strings.TrimPrefix(link.URL, jumbf.Scheme)
	}
	other := v.store.Find(label)
	if other == nil {
		v.add(status.IngredientMissing, label, "the ingredient's manifest is not in the store")
		return nil
	}
	v.hash(m, other, link, in)
	if depth >= maxIngredients {
		v.add(status.GeneralError, a.URI, "ingredients are nested too deep")
		return nil
	}
	v.manifest(other)
	if v.visited[other.Label] {
		return nil
	}
	v.visited[other.Label] = true
	return v.ingredients(ctx, other, depth+1)
}

// hash judges the link to an ingredient's manifest. Once a part of it is redacted, its signature stands for it.
func (v *validation) hash(m, other *Manifest, link *Link, in *ingredient) {
	alg := algorithm(link, other)
	if bind.Same(alg, link.Hash, other.box.Content()) {
		v.add(status.IngredientValidated, link.URL, "the ingredient is what was taken in")
		return
	}
	redacted := slices.ContainsFunc(v.redacted, func(uri string) bool { return manifestIn(uri) == other.Label })
	switch {
	case !redacted && other.Claim != nil && bind.Same(alg, link.Hash, other.Claim.Raw):
		// Before version 1.1 of the specification the link had the hash of the claim alone.
	case !redacted:
		v.add(status.IngredientMismatch, link.URL, "the ingredient is another than was taken in")
	case in.ClaimSignature == nil:
		if other.Claim != nil && other.Claim.Version > 1 {
			v.add(status.IngredientSignatureMiss, link.URL, "no hash of the ingredient's signature")
		}
	default:
		signature := other.box.Child(labelSignature)
		if signature != nil && bind.Same(algorithm(in.ClaimSignature, other), in.ClaimSignature.Hash, signature.Content()) {
			v.add(status.IngredientSignatureV, link.URL, "redacted, and signed as it was")
		} else {
			v.add(status.IngredientSignatureBad, link.URL, "the ingredient is signed otherwise than it was")
		}
	}
}

// algorithm is how a link's hash was made.
func algorithm(l *Link, m *Manifest) string {
	switch {
	case l.Alg != "":
		return l.Alg
	case m.Claim != nil:
		return m.Claim.Alg
	}
	return SHA256
}

// sift takes out of what was found of ingredients whatever is on record in the manifests that took them in: somebody has
// seen it, and signed for it.
func (v *validation) sift() {
	type key struct {
		code status.Code
		uri  string
	}
	known := map[key]bool{}
	for _, m := range v.store.Manifests {
		for _, a := range m.Of(KindIngredient) {
			var in ingredient
			if a.decode(&in) != nil || in.manifest() == nil {
				continue
			}
			label := manifestIn(in.manifest().URL)
			for _, e := range in.recorded() {
				known[key{e.Code, absolute(label, e.URI)}] = true
			}
		}
	}
	active := v.active.Label
	for i := range v.report.Ingredients {
		l := &v.report.Ingredients[i]
		for _, list := range [...]*[]status.Entry{&l.Success, &l.Informational, &l.Failure} {
			*list = slices.DeleteFunc(*list, func(e status.Entry) bool {
				return manifestIn(e.URI) != active && known[key{e.Code, e.URI}]
			})
		}
	}
	v.report.Ingredients = slices.DeleteFunc(v.report.Ingredients, func(d Delta) bool { return len(d.All()) == 0 })
}

// absolute makes a URI count from the store's root.
func absolute(manifest, uri string) string {
	labels, whole, ok := jumbf.Split(uri)
	switch {
	case !ok:
		return uri
	case whole:
		return jumbf.URI(labels...)
	}
	return jumbf.URI(append([]string{labelStore, manifest}, labels...)...)
}
