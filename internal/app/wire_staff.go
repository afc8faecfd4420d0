package app

import (
	"context"
	"crypto/rand"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/oidc"
	"github.com/colophon-project/colophon/internal/store/people"
	"github.com/colophon-project/colophon/staff"
)

// prover makes records of what the roster proves.
type prover struct{ *evidence.Recorder }

// Prove implements people.Prover.
func (p prover) Prove(f staff.Proof) (evidence.Record, error) {
	return p.New(evidence.Type(f.Type), evidence.Subject(f.Subject), evidence.Role(f.Role), f.Clauses, f.Payload)
}

func (s *Server) openStaff(context.Context) (err error) {
	c := staff.Config{Store: people.New(s.store, prover{s.recorder}), Now: time.Now, Random: rand.Reader, NewID: uuid.NewV7, Secret: s.keys.Staff,
		Passkeys: passkeySite(s.set.PublicURL)}
	for _, p := range s.set.OIDC {
		if !p.Create { // nothing links identities to accounts by hand
			return wrongSetting("oidc", "create: false", nil)
		}
		rule := staff.IssuerRule{Issuer: p.Issuer, Create: p.Create, Follow: p.Create}
		for name, value := range p.Require {
			rule.Require = append(rule.Require, staff.Claim{Name: name, Value: value})
		}
		for _, r := range p.Roles {
			rule.Roles = append(rule.Roles, staff.RoleRule{Claim: staff.Claim{Name: r.Claim, Value: r.Value}, Role: staff.Role(r.Role)})
		}
		c.Issuers = append(c.Issuers, rule)
	}
	s.roster, err = staff.New(c)
	return err
}

// passkeySite binds passkeys to the host of the public URL. A number is no host for them.
func passkeySite(public string) staff.PasskeySite {
	u, err := url.Parse(public)
	if err != nil {
		return staff.PasskeySite{}
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return staff.PasskeySite{}
	}
	return staff.PasskeySite{Domain: u.Hostname(), Name: "Colophon", Origins: []string{public}}
}

// providers are the OpenID providers that the settings name.
func (s *Server) providers() (*oidc.Client, error) {
	c := oidc.Config{Now: time.Now, Random: rand.Reader}
	for _, p := range s.set.OIDC {
		secret := ""
		if p.SecretFile != "" {
			text, err := os.ReadFile(p.SecretFile)
			if err != nil {
				return nil, durable.Fault(p.SecretFile, err)
			}
			secret = strings.TrimSpace(string(text))
		}
		c.Providers = append(c.Providers, oidc.Provider{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: secret, Scopes: p.Scopes,
			Redirect: s.set.PublicURL + console.ReturnPath})
	}
	return oidc.New(c)
}

// OpenSetUp returns the token with which the first officer is made, or "" when there is an account already.
func (s *Server) OpenSetUp(ctx context.Context) (string, error) {
	token, err := s.roster.OpenSetUp(ctx)
	if isCode(err, staff.CodeSetUpDone) {
		return "", nil
	}
	return token, err
}

// SetUpPath is where the first officer is made; the token stands in the fragment.
const SetUpPath = console.SetUpPath
