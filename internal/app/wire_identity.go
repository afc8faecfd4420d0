package app

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/oidc"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/verify"
)

// openIdentity opens the sources of verifications, and the registrar over them. Its secrets follow from that of accounts, which
// is the same on all nodes and for all time.
func (s *Server) openIdentity(context.Context) error {
	digests, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon identity digests", 32)
	if err != nil {
		return err
	}
	codes, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon verification codes", 32)
	if err != nil {
		return err
	}
	endpoints, err := verify.Load(s.set.Sources)
	if err != nil {
		return err
	}
	c := verify.Config{Endpoints: endpoints, Secret: codes, Now: time.Now, Random: rand.Reader}
	isOIDC := func(e verify.Endpoint) bool { return e.Kind == verify.OIDC }
	signIn := oidc.Config{Now: time.Now, Random: rand.Reader}
	for i := range endpoints {
		e := &endpoints[i]
		if isOIDC(*e) {
			e.Redirect = cmp.Or(e.Redirect, s.set.PublicURL+console.VerificationReturnPath)
			signIn.Providers = append(signIn.Providers, oidc.Provider{Issuer: e.Issuer, ClientID: e.ClientID, ClientSecret: string(e.Secret), Scopes: e.Scopes, Redirect: e.Redirect})
		}
	}
	if slices.ContainsFunc(endpoints, isOIDC) {
		if c.SignIn, err = oidc.New(signIn); err != nil {
			return err
		}
	}
	sources, laters, err := verify.Open(c)
	if err != nil {
		return err
	}
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	s.identities, err = identity.NewRegistrar(identity.Config{Verifications: ledgers.Of[identity.Verification](s.store, identity.VerificationLedger), Imports: ledgers.Of[identity.Import](s.store, identity.ImportLedger),
		Recorder: s.recorder, Keys: s.keys.Envelopes, Secret: digests, Accounts: s.accounts, Sources: sources, Laters: laters,
		MostAccounts: s.set.PerPerson, MostTries: s.set.Tries, Valid: days(s.set.Verified), ValidPhone: days(s.set.PhoneKnown)})
	return err
}
