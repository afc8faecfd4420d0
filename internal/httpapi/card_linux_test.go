package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	kept "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/staff"
)

// goodApp is the address of an app of which every check passes.
const goodApp = "com.example.good"

// issuer is what cards need of others, with one check of label materials.
type issuer struct {
	*world
	key string // with which cards are signed, as others trust it
}

func (i *issuer) Materials(context.Context, string) ([]card.Material, error) {
	return []card.Material{{Name: "a.png", Format: "png", SHA256: strings.Repeat("ab", 32), Label: "passed", Notice: "passed"}}, nil
}

func (i *issuer) Verify(_ context.Context, raw []byte, keys []note.Verifier, app string, _, reports []string) (card.Report, error) {
	return card.Verify(raw, card.Question{Trusted: keys, Now: i.clock.Now(), App: app})
}

// openCards adds conformance cards and the apps of a store to the world.
func (w *world) openCards(rec *evidence.Recorder) {
	w.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	signer, err := evidence.NewNoteSigner("colophon.test/cards", private, rand.Reader)
	w.must(err)
	w.issuer = &issuer{world: w}
	w.issuer.key, err = note.NewEd25519VerifierKey("colophon.test/cards", public)
	w.must(err)
	w.config.CardDesk = w.issuer
	w.config.Cards = card.New(card.Config{Cards: ledgers.Of[card.Issue](w.store, card.Ledger), Recorder: rec, Register: w.config.Register, Signer: signer, Provider: card.Provider{Name: "provider.example", Code: "code"},
		Impact: func(context.Context, string) (*card.Proof, error) { return nil, nil }, Log: func(context.Context) (card.Log, error) { return card.Log{Origin: "colophon.test/log"}, nil }})
	w.config.Listings = listing.New(listing.Config{Apps: ledgers.Of[listing.App](w.store, listing.Ledger), Recorder: rec,
		Verify: func(ctx context.Context, raw []byte, a listing.App) (card.Report, error) {
			if a.Address == goodApp {
				return card.Report{Findings: []card.Finding{{Check: card.CheckSignature, Verdict: colophon.Passed, Code: card.FoundSigned}}}, nil
			}
			v, err := note.NewVerifier(a.Key)
			if err != nil {
				return card.Report{}, err
			}
			return w.issuer.Verify(ctx, raw, []note.Verifier{v}, a.Address, nil, nil)
		},
		Materials: func(context.Context, string, string) (colophon.Verdict, error) { return colophon.Passed, nil }})
}

// carded issues the card of a service with one live function.
func (w *world) carded() card.Entry {
	w.Helper()
	f, err := w.config.Register.Function(w.Context(), w.functioned(true))
	w.must(err)
	e, err := w.config.Cards.Issue(w.Context(), kept.By{Role: "officer", ID: "somebody"}, card.Request{Service: f.Service, Days: 9})
	w.must(err)
	return e
}

// app is an app of a store whose provider handed in a card, unless nothing is to be handed in.
func (w *world) app(answered bool) listing.Entry {
	w.Helper()
	by := kept.By{Role: "officer", ID: "somebody"}
	e, err := w.config.Listings.Ask(w.Context(), by, w.unique("app"), "studio", w.clock.Now().Add(time.Hour))
	w.must(err)
	if answered {
		e, err = w.config.Listings.Answer(w.Context(), by, e.ID, listing.Answer{Offers: true, Card: w.carded().Value.Note, Key: w.issuer.key})
		w.must(err)
	}
	return e
}

// cardExample makes the request of [world.example] for routes of cards and of the apps of a store.
func (w *world) cardExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	listed := func() string {
		e := w.app(false)
		by := kept.By{Role: "officer", ID: "somebody"}
		_, err := w.config.Listings.Answer(w.Context(), by, e.ID, listing.Answer{})
		w.must(err)
		_, err = w.config.Listings.List(w.Context(), by, e.ID, "test")
		w.must(err)
		return e.ID
	}
	reason := map[string]any{"reason": "test"}
	var body any
	switch row.ID {
	case "cards", "listings":
	case "public-card":
		id = w.carded().Value.Service
	case "card":
		made(func() string { return w.carded().ID })
	case "withdraw-card":
		made(func() string { return w.carded().ID })
		body = reason
	case "issue-card":
		made(func() string { return w.carded().Value.Service })
		body = map[string]any{"service": id, "days": 9}
	case "verify-card":
		body = map[string]any{"card": string(w.carded().Value.Note)}
	case "ask-listing":
		body = map[string]any{"app": w.unique("app"), "address": "studio", "until": w.clock.Now().Add(time.Hour)}
	case "listing":
		made(func() string { return w.app(false).ID })
	case "answer-listing":
		made(func() string { return w.app(false).ID })
		body = map[string]any{"offers": false}
	case "check-listing":
		made(listed)
	case "list-listing":
		made(func() string {
			by := kept.By{Role: "officer", ID: "somebody"}
			e, err := w.config.Listings.Ask(w.Context(), by, w.unique("app"), goodApp, w.clock.Now().Add(time.Hour))
			w.must(err)
			e, err = w.config.Listings.Answer(w.Context(), by, e.ID, listing.Answer{Offers: true, Card: []byte("card"), Materials: "check-1"})
			w.must(err)
			return e.ID
		})
		body = map[string]any{}
	case "refuse-listing":
		made(func() string { return w.app(false).ID })
		body = reason
	case "suspend-listing", "delist-listing":
		made(listed)
		body = reason
	case "warn-listing":
		made(listed)
		body = map[string]any{"reason": "test", "until": w.clock.Now().Add(time.Hour)}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestCards issues a card, fetches it as anybody does, has a store verify it, and lists nothing by a check that could not be told
// without a person's reason.
func TestCards(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, reviewer := w.people[staff.Officer], w.people[staff.Reviewer]
	f, err := w.config.Register.Function(t.Context(), w.functioned(true))
	w.must(err)
	var c httpapi.ConformanceCard
	w.ask("POST", "/v1/cards", map[string]any{"service": f.Service, "materials": []any{map[string]any{"function": f.ID, "check": "check-1"}}}).by(officer).want(201, &c)
	if c.Card == nil || len(c.Card.Functions) != 1 || len(c.Card.Functions[0].Materials) != 1 || c.State != card.Current || c.Until.Sub(c.Issued) != 90*24*time.Hour {
		t.Fatalf("%+v", c)
	}
	if got := w.ask("GET", "/v1/public/services/"+f.Service+"/card", nil).want(200, nil).Body.String(); got != c.Note {
		t.Error(got)
	}
	var r httpapi.CardReport
	w.ask("POST", "/v1/cards:verify", map[string]any{"card": c.Note, "keys": []string{w.issuer.key}, "app": "studio"}).by(reviewer).want(200, &r)
	if r.Verdict != "could-not-tell" || len(r.Findings) != len(card.Checks()) || r.Findings[0].Verdict != "passed" {
		t.Errorf("%+v", r)
	}
	w.ask("POST", "/v1/cards:verify", map[string]any{"card": "nothing"}).by(reviewer).wantCode(422, card.CodeForm)

	var a httpapi.ListedApp
	w.ask("POST", "/v1/listings", map[string]any{"app": "app-7", "address": "studio", "until": w.clock.Now().Add(time.Hour)}).by(reviewer).want(201, &a)
	w.ask("POST", "/v1/listings/"+a.ID+":answer", map[string]any{"offers": true, "card": c.Note, "key": w.issuer.key}).by(reviewer).want(200, &a)
	if a.Verdict != "could-not-tell" || a.Card == nil || len(a.Findings) != len(card.Checks())+1 {
		t.Fatalf("%+v", a)
	}
	w.ask("POST", "/v1/listings/"+a.ID+":list", map[string]any{}).by(reviewer).wantCode(422, listing.CodeUntold)
	w.ask("POST", "/v1/listings/"+a.ID+":list", map[string]any{"reason": "The report was read on paper."}).by(reviewer).want(200, &a)
	w.ask("POST", "/v1/cards/"+c.ID+":withdraw", map[string]any{"reason": "A file was wrong."}).by(officer).want(200, &c)
	w.ask("GET", "/v1/public/services/"+f.Service+"/card", nil).wantCode(404, card.CodeMissing)
	w.ask("POST", "/v1/listings/"+a.ID+":delist", map[string]any{"reason": "The card was withdrawn."}).by(reviewer).want(200, &a)
	if a.State != listing.Delisted || len(a.Acts) != 4 {
		t.Errorf("%+v", a)
	}
}
