package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/store/ledgers"
)

func (s *Server) openLinks(context.Context) (err error) {
	secret := hmac.New(sha256.New, s.keys.Accounts)
	secret.Write([]byte("colophon one-time links"))
	s.links, err = link.New(link.Config{Store: ledgers.Of[link.Link](s.store, "link"), Recorder: s.recorder, Keys: s.keys.Envelopes, Secret: secret.Sum(nil), Random: rand.Reader})
	return err
}

func (s *Server) expireLinks(ctx context.Context) error {
	_, err := s.links.Expire(ctx)
	return err
}

// guests knows whom links are for.
type guests struct{ *Server }

// Account implements httpapi.People.
func (p guests) Account(ctx context.Context, account string) (evidence.Subject, error) {
	return p.accounts.Subject(ctx, account)
}

// Depicted implements httpapi.People.
func (p guests) Depicted(ctx context.Context, id string) (evidence.Subject, error) {
	e, err := p.consents.Consent(ctx, id)
	return e.Subject, err
}
