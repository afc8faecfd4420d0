package verify

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/staff"
)

// signIn has people sign in at an OpenID provider, and takes from what it says of them how far it verified them.
type signIn struct {
	endpoint Endpoint
	client   SignIn
}

// asked is what a sign-in leaves.
type asked struct {
	Flow    []byte   `json:"flow"`
	Claimed []string `json:"claimed"` // the parts of the claim: the provider has to say all of them
}

// parts are the parts of a claim.
func parts(c identity.Claim) map[string]string {
	return map[string]string{"number": c.Number, "name": c.Name, "phone": c.Phone, "card": c.Card}
}

// Facts implements identity.Later.
func (s *signIn) Facts() identity.Facts { return s.endpoint.facts() }

// Begin implements identity.Later.
func (s *signIn) Begin(ctx context.Context, start identity.Start) (identity.Begun, error) {
	address, flow, err := s.client.Begin(ctx, s.endpoint.Issuer)
	if err != nil {
		return identity.Begun{}, err
	}
	a := asked{Flow: flow}
	for part, v := range parts(start.Claim) {
		if v != "" {
			a.Claimed = append(a.Claimed, part)
		}
	}
	state, err := json.Marshal(a)
	return identity.Begun{URL: address, State: state}, err
}

// Complete implements identity.Later. Somebody of whom the provider says nothing that the configuration gives a level for is
// known there, and not verified: that is no record. So it is where something was claimed that the provider says nothing
// about. Whether both say the same is for the registrar to see.
func (s *signIn) Complete(ctx context.Context, w identity.Begun, r identity.Response) (identity.Answer, error) {
	var a asked
	if err := json.Unmarshal(w.State, &a); err != nil {
		return identity.Answer{}, err
	}
	said, err := s.client.Finish(ctx, a.Flow, url.Values(r.Query))
	if err != nil {
		return identity.Answer{}, err
	}
	answer := identity.Answer{Result: identity.NoRecord}
	for _, g := range s.endpoint.Grants {
		level, _ := identity.ParseLevel(g.Level) // Check has seen it
		if level > answer.Level && g.in(said.Values) {
			answer.Result, answer.Level, answer.CodeRaw = identity.Match, level, g.Value
		}
	}
	answer.Learned = s.learned(said)
	told := parts(answer.Learned)
	if text(said, s.endpoint.NumberClaim) == "" {
		told["number"] = "" // who somebody is there is no number that was claimed
	}
	if answer.Result != identity.Match || slices.ContainsFunc(a.Claimed, func(part string) bool { return told[part] == "" }) {
		return identity.Answer{Result: identity.NoRecord}, nil
	}
	return answer, nil
}

// text is a claim of which the configuration has the name; "" where there is none, or no text.
func text(said staff.Claims, name string) string {
	v, _ := said.Values[name].(string)
	return v
}

// learned takes from claims what the configuration names. Without a number, who somebody is there stands for one, so that one
// person with many accounts is seen.
func (s *signIn) learned(said staff.Claims) identity.Claim {
	e := s.endpoint
	c := identity.Claim{Kind: e.numberKind(), Number: text(said, e.NumberClaim), Name: text(said, e.NameClaim), Phone: text(said, e.PhoneClaim)}
	switch {
	case c.Number != "":
	case s.Facts().Methods[0] == identity.NetworkIdentity:
		c.Kind, c.Number = identity.NetworkIdentity, said.Subject
	default:
		c.Kind, c.Number = identity.OIDC, said.Issuer+"#"+said.Subject
	}
	return c
}

// in reports whether a claim has the value: it is that text, a list with it, or, for "true", the truth.
func (g Grant) in(values map[string]any) bool {
	switch v := values[g.Claim].(type) {
	case string:
		return v == g.Value
	case []any:
		return slices.Contains(v, any(g.Value))
	case bool:
		return v && g.Value == "true"
	}
	return false
}
