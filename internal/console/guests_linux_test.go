package console_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/staff"
)

const user evidence.Subject = "account-1"

// blobs keeps sealed bytes in memory; that seals hold is the business of internal/blob.
type blobs struct{ kept sync.Map }

func (b *blobs) PutSealed(_ context.Context, r io.Reader, key []byte) (string, error) {
	raw, err := io.ReadAll(r)
	ref := fmt.Sprintf("%x", key[:8])
	b.kept.Store(ref, raw)
	return ref, err
}

func (b *blobs) OpenSealed(_ context.Context, ref string, _ []byte) (io.ReadCloser, error) {
	raw, ok := b.kept.Load(ref)
	if !ok {
		return nil, errors.New("no such blob")
	}
	return io.NopCloser(bytes.NewReader(raw.([]byte))), nil
}

func (b *blobs) Delete(_ context.Context, ref string) error { b.kept.Delete(ref); return nil }

// nothing was made here.
type nothing struct{}

func (nothing) Made(context.Context, string, string) (consent.Output, bool, error) {
	return consent.Output{}, false, nil
}
func (nothing) Copies(context.Context, string) (consent.Copies, error) { return consent.Copies{}, nil }

// office knows one person.
type office struct{}

func (office) Facts() identity.Facts {
	return identity.Facts{Name: "office", Level: identity.TwoFactor, Methods: []identity.Method{identity.ResidentID, identity.Passport}}
}

func (office) Check(_ context.Context, c identity.Claim) (identity.Answer, error) {
	switch c.Name {
	case "某某甲":
		return identity.Answer{Result: identity.Match}, nil
	case "某某乙":
		return identity.Answer{Result: identity.Mismatch}, nil
	case "某某丙":
		return identity.Answer{Result: identity.NoRecord}, nil
	}
	return identity.Answer{}, errors.New("the office is closed")
}

// text sends one code to everybody; door sends everybody to an address.
type text struct{}

func (text) Facts() identity.Facts {
	return identity.Facts{Name: "text", Level: identity.PhoneNumber, Methods: []identity.Method{identity.Phone}}
}

func (text) Begin(context.Context, identity.Start) (identity.Begun, error) {
	return identity.Begun{Sent: "138****8000"}, nil
}

func (text) Complete(_ context.Context, _ identity.Begun, r identity.Response) (identity.Answer, error) {
	if r.Code != "123456" {
		return identity.Answer{Result: identity.Waiting}, nil
	}
	return identity.Answer{Result: identity.Match}, nil
}

type door struct{ face bool }

func (d door) Facts() identity.Facts {
	if d.face {
		return identity.Facts{Name: "mirror", Level: identity.Live, Methods: []identity.Method{identity.ResidentID}, Face: true}
	}
	return identity.Facts{Name: "door", Level: identity.NetworkID, Methods: []identity.Method{identity.NetworkIdentity}, Learns: true}
}

func (door) Begin(_ context.Context, s identity.Start) (identity.Begun, error) {
	return identity.Begun{URL: s.Return + "?pass=yes"}, nil
}

func (door) Complete(_ context.Context, _ identity.Begun, r identity.Response) (identity.Answer, error) {
	if len(r.Query["pass"]) != 1 || r.Query["pass"][0] != "yes" {
		return identity.Answer{Result: identity.Mismatch}, nil
	}
	return identity.Answer{Result: identity.Match, Learned: identity.Claim{Kind: identity.NetworkIdentity, Number: "net-4711"}}, nil
}

// guests is a world with the capabilities behind the pages for people without an account, on a real store.
type guests struct {
	*world
	clock      *storetest.Clock
	links      *link.Keeper
	consents   *consent.Ledger
	registrar  *identity.Registrar
	agreements *agreement.Keeper
}

func newGuests(t *testing.T, change ...func(*staff.Config, *console.Config)) *guests {
	t.Helper()
	g := &guests{clock: storetest.NewClock()}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "k1"), g.clock.Now
	s := storetest.Open(t, config)
	rec, secret := storetest.Recorder(t, config.Keys, g.clock.Now), bytes.Repeat([]byte{7}, 32)
	fine := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	fine(err)
	signer, err := evidence.NewNoteSigner("example.com/log", key, rand.Reader)
	fine(err)
	g.links, err = link.New(link.Config{Store: ledgers.Of[link.Link](s, "link"), Recorder: rec, Keys: config.Keys, Secret: secret, Random: rand.Reader})
	fine(err)
	g.consents, err = consent.New(consent.Config{Consents: ledgers.Of[consent.Likeness](s, "consent"), Tokens: ledgers.Of[consent.Token](s, "consent-token"), Recorder: rec, Keys: config.Keys,
		Secret: secret, Random: rand.Reader, Signer: signer, Provider: "Example Provider", Contact: "privacy@example.com", Media: &blobs{}, Outputs: nothing{}})
	fine(err)
	g.registrar, err = identity.NewRegistrar(identity.Config{Verifications: ledgers.Of[identity.Verification](s, "verification"), Imports: ledgers.Of[identity.Import](s, "import"), Recorder: rec, Keys: config.Keys,
		Secret: secret, Accounts: accounts.New(s, rec, secret), Sources: []identity.Source{office{}}, Laters: []identity.Later{text{}, door{}, door{face: true}}})
	fine(err)
	g.agreements = agreement.New(agreement.Config{Versions: ledgers.Of[agreement.Version](s, agreement.VersionLedger), Acceptances: ledgers.Of[agreement.Acceptance](s, agreement.AcceptanceLedger), Recorder: rec})
	tools, err := ffmpeg.Find("")
	fine(err)
	g.world = newWorld(t, append([]func(*staff.Config, *console.Config){func(p *staff.Config, c *console.Config) {
		p.Now, c.Now = g.clock.Now, g.clock.Now
		c.Links, c.Consents, c.Answers, c.Receipts, c.Registrar, c.Texts, c.Tools = g.links, g.consents, g.consents, g.consents, g.registrar, g.agreements, tools
	}}, change...)...)
	return g
}

// terms ask for a face and a voice, for a while.
func (g *guests) terms() consent.Terms {
	return consent.Terms{Modality: []consent.Modality{consent.Face, consent.Voice}, Purpose: "advertising", Scenes: []string{"film", "poster"}, Channels: []string{"app"},
		Forbidden: []string{"political"}, Train: true, Until: g.clock.Now().Add(90 * 24 * time.Hour), Uses: 20}
}

// ask asks somebody for a consent.
func (g *guests) ask(t consent.Terms) consent.Entry {
	g.Helper()
	e, err := g.consents.Request(g.ctx, ledger.By{Role: "application", ID: "key-1"}, consent.Request{Requester: user, Person: consent.Adult, Language: "en", Terms: t,
		RequesterName: "Example Studio", Why: "a film about the sea", SubjectName: "Somebody"})
	g.fine(err)
	return e
}

// link mints a link to a page and returns its token.
func (g *guests) link(p link.Purpose, subject evidence.Subject, about string) string {
	g.Helper()
	token, _, err := g.links.Mint(g.ctx, ledger.By{Role: "application", ID: "key-1"}, link.Order{Purpose: p, Subject: subject, About: about})
	g.fine(err)
	return token
}

// asked returns a browser that opened the link to a consent.
func (g *guests) asked(e consent.Entry) *browser {
	g.Helper()
	b := g.browser()
	b.want(b.send("/link", "/link", "token", g.link(link.Consent, e.Subject, e.ID)), 303, "/consent")
	return b
}

func (g *guests) now(id string) consent.Entry {
	g.Helper()
	e, err := g.consents.Consent(g.ctx, id)
	g.fine(err)
	return e
}

// publish puts a text in force.
func (g *guests) publish(kind agreement.Kind, title, body string) agreement.Entry {
	g.Helper()
	e, err := g.agreements.Draft(g.ctx, ledger.By{Role: "engineer", ID: "staff-1"}, agreement.Draft{Kind: kind, Audience: agreement.Users,
		Texts: agreement.Texts{ZH: "# 规则\n\n" + body, EN: "# " + title + "\n\n" + body}})
	g.fine(err)
	e, err = g.agreements.Publish(g.ctx, ledger.By{Role: "officer", ID: "staff-2"}, e.ID, agreement.Release{Material: true})
	g.fine(err)
	return e
}

func person() ledger.By { return ledger.By{Role: consent.RoleSubject} }
