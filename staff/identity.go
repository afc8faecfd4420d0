package staff

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// Codes of errors about identities of an OpenID provider.
const (
	CodeIdentityInvalid colophon.Code = "identity-invalid" // unknown issuer, no subject, not linked, or too many
)

// Identity is a person at an OpenID provider. Only the two together name anybody; an e-mail address does not.
type Identity struct {
	Issuer  string
	Subject string
}

func (i Identity) sane() bool {
	return i.Issuer != "" && i.Subject != "" && len(i.Subject) <= 255 && utf8.ValidString(i.Subject)
}

// Claims is what an ID token says, after its signature, issuer, audience, times and nonce were verified.
type Claims struct {
	Identity
	Values map[string]any // the decoded JSON of the token
}

// Claim says that a claim has a value: the claim is that string, or a list with it.
type Claim struct {
	Name  string
	Value string
}

func (c Claim) in(values map[string]any) bool {
	switch v := values[c.Name].(type) {
	case string:
		return v == c.Value
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { s, ok := e.(string); return ok && s == c.Value })
	}
	return false
}

// RoleRule gives a role to whoever has a claim.
type RoleRule struct {
	Claim Claim
	Role  Role
}

// IssuerRule says what the identities of one OpenID provider are good for.
type IssuerRule struct {
	Issuer  string
	Require []Claim // all of them, or nobody signs in
	Roles   []RoleRule
	// Create makes an account for an identity that has none, when the rules give it a role. Without it, an officer links
	// identities to accounts.
	Create bool
	// Follow sets the roles that the rules can give by the claims, at each sign-in. Other roles stay. Whoever has no role
	// left does not sign in.
	Follow bool
}

// issuerTable checks the rules. No rule makes an officer: officers are made by officers.
func issuerTable(rules []IssuerRule) (map[string]IssuerRule, error) {
	table := make(map[string]IssuerRule, len(rules))
	for _, rule := range rules {
		u, err := url.Parse(rule.Issuer)
		if _, twice := table[rule.Issuer]; err != nil || twice || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, invalidSetting("issuers")
		}
		for _, c := range rule.Require {
			if c.Name == "" {
				return nil, invalidSetting("issuers.require")
			}
		}
		for _, m := range rule.Roles {
			if m.Claim.Name == "" || m.Role == Officer || !slices.Contains(Roles(), m.Role) {
				return nil, invalidSetting("issuers.roles")
			}
		}
		if len(rule.Roles) == 0 && (rule.Create || rule.Follow) {
			return nil, invalidSetting("issuers.roles")
		}
		table[rule.Issuer] = rule
	}
	return table, nil
}

// given returns the roles that the rules give for claims, and all that they could.
func (rule IssuerRule) given(values map[string]any) (have, could []Role) {
	for _, role := range Roles() {
		for _, m := range rule.Roles {
			if m.Role != role {
				continue
			}
			if !slices.Contains(could, role) {
				could = append(could, role)
			}
			if m.Claim.in(values) && !slices.Contains(have, role) {
				have = append(have, role)
			}
		}
	}
	return have, could
}

// follow returns the roles of an account after its claims were heard.
func (rule IssuerRule) follow(roles []Role, values map[string]any) []Role {
	have, could := rule.given(values)
	var after []Role
	for _, role := range Roles() {
		if slices.Contains(have, role) || slices.Contains(roles, role) && !slices.Contains(could, role) {
			after = append(after, role)
		}
	}
	return after
}

// SignInWith opens a session for a verified ID token. Each refusal is the same error.
func (r *Roster) SignInWith(ctx context.Context, c Claims, from Attempt) (Opened, error) {
	refused := refuse(colophon.Refused, CodeSignInRefused, nil)
	if err := r.admitSource(ctx, from); err != nil {
		return Opened{}, err
	}
	rule, known := r.issuers[c.Issuer]
	if !known || !c.sane() {
		return Opened{}, refused
	}
	for _, claim := range rule.Require {
		if !claim.in(c.Values) {
			return Opened{}, refused
		}
	}
	a, err := r.store.Account(ctx, AccountQuery{Identity: c.Identity})
	switch {
	case errors.Is(err, ErrMissing) && rule.Create:
		a, err = r.createFor(ctx, rule, c)
	case errors.Is(err, ErrMissing):
		return Opened{}, refused
	case err != nil:
		return Opened{}, fmt.Errorf("reading the account of an identity: %w", err)
	case a.Disabled:
		return Opened{}, refused
	case rule.Follow:
		a, err = r.followClaims(ctx, a, rule, c)
	}
	if err != nil {
		return Opened{}, err
	}
	return r.open(ctx, a, MethodOIDC, from.Replaces)
}

// createFor makes an account for an identity that the rules give a role.
func (r *Roster) createFor(ctx context.Context, rule IssuerRule, c Claims) (Account, error) {
	refused := refuse(colophon.Refused, CodeSignInRefused, nil)
	roles, _ := rule.given(c.Values)
	if len(roles) == 0 {
		return Account{}, refused
	}
	// The first account is the officer that the set-up token makes.
	if err := r.unused(ctx); err == nil {
		return Account{}, refused
	} else if !hasCode(err, CodeSetUpDone) {
		return Account{}, err
	}
	a, err := r.newAccount("", roles)
	if err != nil {
		return Account{}, err
	}
	a.Identities = []Identity{c.Identity}
	p := identityProof(ProofAccountCreated, a, Actor{}, c.Identity)
	p.Role = system
	if err := r.store.Commit(ctx, Change{Accounts: []Account{a}}, p); err != nil {
		return Account{}, storeError("creating the account of an identity", err)
	}
	a.Version++
	return a, nil
}

// followClaims gives an account the roles that its claims ask for. When they change, its sessions end.
func (r *Roster) followClaims(ctx context.Context, a Account, rule IssuerRule, c Claims) (Account, error) {
	refused := refuse(colophon.Refused, CodeSignInRefused, nil)
	if after := rule.follow(a.Roles, c.Values); slices.Equal(after, a.Roles) {
		return a, nil
	}
	none := false
	a, err := r.amend(ctx, AccountQuery{ID: a.ID}, func(a *Account) (Change, []Proof, error) {
		if a.Disabled || !slices.Contains(a.Identities, c.Identity) {
			return Change{}, nil, refused
		}
		before := a.Roles
		after := rule.follow(a.Roles, c.Values)
		// An account keeps a role, so whoever lost the last one is shut out instead.
		if none = len(after) == 0; none {
			a.Disabled = true
			p := identityProof(ProofAccountDisabled, *a, Actor{}, c.Identity)
			p.Role = system
			return r.endAll(a), []Proof{p}, nil
		}
		a.Roles = after
		p := identityProof(ProofRolesChanged, *a, Actor{}, c.Identity)
		payload := p.Payload.(AccountPayload)
		payload.Before = before
		p.Payload, p.Role = payload, system
		return r.endAll(a), []Proof{p}, nil
	})
	if err == nil && none {
		err = refused
	}
	return a, err
}
