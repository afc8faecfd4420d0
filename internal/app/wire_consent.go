package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/evidence"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/production"
)

func (s *Server) openConsents(context.Context) (err error) {
	secret := hmac.New(sha256.New, s.keys.Accounts)
	secret.Write([]byte("colophon consents"))
	s.consents, err = consent.New(consent.Config{Consents: ledgers.Of[consent.Likeness](s.store, "consent"), Tokens: ledgers.Of[consent.Token](s.store, "consent-token"), Recorder: s.recorder,
		Keys: s.keys.Envelopes, Secret: secret.Sum(nil), Random: rand.Reader, Signer: s.keys.Signer, Provider: s.set.providerName(s.config.Producer), Contact: s.set.Contact,
		Media: sealedMedia{blobs{s.blobs}}, Outputs: outputs{s.register}, Prompts: prompted{s.ahead.prompt}, Identities: proven{s.identities}})
	return err
}

// sealedMedia keeps recordings and references as sealed blobs.
type sealedMedia struct{ blobs }

// OpenSealed implements consent.Media.
func (m sealedMedia) OpenSealed(ctx context.Context, ref string, key []byte) (io.ReadCloser, error) {
	return m.blobs.OpenSealed(ctx, ref, key)
}

// outputs are the artefacts, as a consent asks for what was made by it.
type outputs struct{ *artefact.Register }

// Made implements consent.Outputs.
func (o outputs) Made(ctx context.Context, number, digest string) (consent.Output, bool, error) {
	a, there, err := o.find(ctx, number, digest)
	return consent.Output{Number: string(a.Number), Function: a.Function, At: a.Created, Kept: a.Blob != ""}, there && err == nil, err
}

func (o outputs) find(ctx context.Context, number, digest string) (artefact.Artefact, bool, error) {
	if number != "" {
		a, err := o.Artefact(ctx, artefact.Number(number))
		var e *colophon.Error
		if errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Invalid) {
			return a, false, nil
		}
		return a, err == nil, err
	}
	sum, err := hex.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return artefact.Artefact{}, false, err
	}
	list, _, err := o.Find(ctx, artefact.Query{Digest: artefact.Digest(sum)}, "", 1)
	if err != nil || len(list) == 0 {
		return artefact.Artefact{}, false, err
	}
	return list[0], true, nil
}

// Copies implements consent.Outputs. The account is the one that an item was made for; others who got it are keys and staff.
func (o outputs) Copies(ctx context.Context, number string) (c consent.Copies, err error) {
	a, there, err := o.find(ctx, number, "")
	if err != nil || !there {
		return c, err
	}
	if a.Account != "" {
		c.Accounts = []evidence.Subject{a.Account}
	}
	for after := artefact.Cursor(""); ; {
		list, next, err := o.Deliveries(ctx, artefact.DeliveryQuery{Number: a.Number}, after, artefact.MaxPage)
		if c.Handed += len(list); err != nil || next == "" {
			return c, err
		}
		after = next
	}
}

// prompted says who acknowledged the prompt.
type prompted struct{ *prompt.Keeper }

// Acknowledged implements consent.Prompts.
func (p prompted) Acknowledged(ctx context.Context, account evidence.Subject, function string) (bool, error) {
	_, ok, err := p.Keeper.Acknowledged(ctx, account, function)
	return ok, err
}

// proven says which verifications prove who somebody is.
type proven struct{ *identity.Registrar }

// Proven implements consent.Identities. What is known of an organisation proves no person.
func (p proven) Proven(ctx context.Context, verification string, subject evidence.Subject) (bool, error) {
	v, err := p.Verification(ctx, verification)
	if isMissing(err) {
		return false, nil
	}
	level := v.Value.Level
	return err == nil && v.Subject == subject && v.State == string(identity.StateValid) && level != identity.Organisation && level.Satisfies(identity.TwoFactor), err
}

// ledgered is who acts, as ledgers know people.
func ledgered(by production.By) entries.By { return entries.By{Role: by.Role, ID: by.ID} }
