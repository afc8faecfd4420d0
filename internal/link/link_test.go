package link_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

type bench struct {
	*testing.T
	keeper *link.Keeper
	store  *store.Store
	clock  *storetest.Clock
	config store.Config
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, config: storetest.SQLite(t), clock: storetest.NewClock()}
	b.config.Keys, b.config.Now = storetest.Keys(t, "k1"), b.clock.Now
	b.store = storetest.Open(t, b.config)
	b.keeper = b.keep(bytes.Repeat([]byte{7}, 32))
	return b
}

func (b *bench) keep(secret []byte) *link.Keeper {
	k, err := link.New(link.Config{Store: ledgers.Of[link.Link](b.store, "link"), Recorder: storetest.Recorder(b, b.config.Keys, b.clock.Now), Keys: b.config.Keys, Secret: secret, Random: rand.Reader})
	b.fine(err)
	return k
}

func (b *bench) fine(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) code(err error, want colophon.Code) {
	b.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != want {
		b.Errorf("error %v, want %s", err, want)
	}
}

const person evidence.Subject = "subject-1"

func by() ledger.By { return ledger.By{Role: "application", ID: "key-1"} }

func (b *bench) mint() (string, link.Entry) {
	b.Helper()
	token, e, err := b.keeper.Mint(b.Context(), by(), link.Order{Purpose: link.Consent, Subject: person, About: "consent-1"})
	b.fine(err)
	return token, e
}

func (b *bench) pass(d time.Duration) { b.clock.Set(b.clock.Now().Add(d)) }

func TestLife(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	token, e := b.mint()
	if e.State != string(link.Minted) || !e.Value.Until.Equal(b.clock.Now().Add(7*24*time.Hour)) || e.Value.By != "key-1" {
		t.Errorf("minted %+v", e)
	}
	_, err := b.keeper.Held(ctx, token)
	b.code(err, link.CodeUnknown) // the token of a link is no hold
	hold, e, err := b.keeper.Open(ctx, token)
	b.fine(err)
	if e.State != string(link.Opened) || e.Value.Opened.IsZero() {
		t.Errorf("opened %+v", e)
	}
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeElsewhere)
	_, _, err = b.keeper.Open(ctx, hold)
	b.code(err, link.CodeUnknown)
	for range 2 { // looking changes nothing
		e, err = b.keeper.Held(ctx, hold)
		b.fine(err)
	}
	if e.Value.About != "consent-1" || e.Subject != person || e.Version != 2 {
		t.Errorf("held %+v", e)
	}
	_, err = b.keeper.Use(ctx, hold)
	b.fine(err)
	_, err = b.keeper.Use(ctx, hold)
	b.code(err, link.CodeUsed)
	_, err = b.keeper.Held(ctx, hold)
	b.code(err, link.CodeUsed)
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeUsed)
	_, err = b.keeper.Revoke(ctx, by(), e.ID)
	b.code(err, link.CodeUsed)

	list, next, err := b.keeper.List(ctx, ledger.Query{Subject: person, Keys: link.Filter(link.Consent, "consent-1")})
	b.fine(err)
	if len(list) != 1 || next != "" || list[0].State != string(link.Used) || list[0].Value.Ended.IsZero() {
		t.Errorf("list %+v", list)
	}
}

// TestTokens looks for the tokens where they must not be: in the ledger, in what a look-up prints, in errors. Those that
// somebody changed, or that another deployment made, lead nowhere.
func TestTokens(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	token, e := b.mint()
	hold, _, err := b.keeper.Open(ctx, token)
	b.fine(err)
	found, err := b.keeper.Get(ctx, e.ID)
	b.fine(err)
	text, err := json.Marshal(found)
	b.fine(err)
	for _, secret := range []string{token, hold} {
		raw, err := base64.RawURLEncoding.DecodeString(secret)
		b.fine(err)
		if len(raw) != 48 || strings.Contains(string(text), secret) || strings.Contains(string(text), base64.StdEncoding.EncodeToString(raw[:32])) {
			t.Errorf("the ledger has a token: %s", text)
		}
		for i := range secret {
			changed := []byte(secret)
			changed[i] = 'A' + (changed[i]+1)%26
			if string(changed) == secret {
				continue
			}
			_, held := b.keeper.Held(ctx, string(changed))
			_, _, opened := b.keeper.Open(ctx, string(changed))
			b.code(held, link.CodeUnknown)
			b.code(opened, link.CodeUnknown)
			if strings.Contains(held.Error()+opened.Error(), string(changed)) {
				t.Error("an error tells the token")
			}
		}
	}
	_, err = b.keep(bytes.Repeat([]byte{8}, 32)).Held(ctx, hold)
	b.code(err, link.CodeUnknown)
	_, err = b.keep(bytes.Repeat([]byte{7}, 32)).Held(ctx, hold) // another node
	b.fine(err)
	b.fine(b.store.Close())
	file, err := os.ReadFile(b.config.Path)
	b.fine(err)
	if bytes.Contains(file, []byte(token)) || bytes.Contains(file, []byte(hold)) || !bytes.Contains(file, []byte(e.ID)) {
		t.Error("the file of the store has a token, or not the link")
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	token, _ := b.mint()
	heldToken, opened := b.mint()
	hold, _, err := b.keeper.Open(ctx, heldToken)
	b.fine(err)
	b.pass(7*24*time.Hour - time.Millisecond)
	_, err = b.keeper.Held(ctx, hold)
	b.fine(err)
	b.pass(time.Millisecond)
	_, err = b.keeper.Held(ctx, hold)
	b.code(err, link.CodeExpired)
	_, err = b.keeper.Use(ctx, hold)
	b.code(err, link.CodeExpired)
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeExpired)
	n, err := b.keeper.Expire(ctx)
	b.fine(err)
	if again, err := b.keeper.Expire(ctx); n != 2 || again != 0 || err != nil {
		t.Errorf("%d expired, then %d, %v", n, again, err)
	}
	e, err := b.keeper.Revoke(ctx, by(), opened.ID)
	if err != nil || e.State != string(link.Expired) {
		t.Errorf("%+v, %v", e, err)
	}

	token, minted := b.mint()
	for range 2 {
		e, err = b.keeper.Revoke(ctx, by(), minted.ID)
		b.fine(err)
	}
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeRevoked)
	_, err = b.keeper.Revoke(ctx, by(), "nothing")
	b.code(err, link.CodeUnknown)
}

// TestOneBrowser opens a link in many browsers at once: one gets it.
func TestOneBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token, _ := b.mint()
	got := make(chan error)
	for range 8 {
		go func() {
			_, _, err := b.keeper.Open(context.WithoutCancel(b.Context()), token)
			got <- err
		}()
	}
	opened := 0
	for range 8 {
		if err := <-got; err == nil {
			opened++
		} else {
			b.code(err, link.CodeElsewhere)
		}
	}
	if opened != 1 {
		t.Errorf("%d browsers have it", opened)
	}
}

func TestErased(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	token, _ := b.mint()
	b.pass(8 * 30 * 24 * time.Hour) // the record of the minting is over its period, so nothing is kept back
	proof, err := storetest.Recorder(t, b.config.Keys, b.clock.Now).New("erasure", evidence.System, "system", nil, string(person))
	b.fine(err)
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeExpired)
	state, err := b.store.Erase(ctx, proof, person)
	if err != nil || state != store.Erased {
		t.Fatal(state, err)
	}
	_, _, err = b.keeper.Open(ctx, token)
	b.code(err, link.CodeUnknown)
}

func TestOrders(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	good := link.Order{Purpose: link.Consent, Subject: person, About: "consent-1"}
	for field, change := range map[string]func(*link.Order){
		"purpose": func(o *link.Order) { o.Purpose = "payment" },
		"subject": func(o *link.Order) { o.Subject = evidence.System },
		"about":   func(o *link.Order) { o.About = "" },
		"until":   func(o *link.Order) { o.Until = b.clock.Now() },
	} {
		o := good
		change(&o)
		_, _, err := b.keeper.Mint(ctx, by(), o)
		b.code(err, link.CodeInvalid)
		var e *colophon.Error
		if errors.As(err, &e) && e.Args["field"] != field {
			t.Errorf("%s: %v", field, e.Args)
		}
	}
	good.Until = b.clock.Now().Add(93 * 24 * time.Hour)
	_, _, err := b.keeper.Mint(ctx, by(), good)
	b.code(err, link.CodeInvalid)
	if _, err := link.New(link.Config{}); err == nil {
		t.Error("a keeper of nothing")
	}
}

// TestStates tries every state against every event.
func TestStates(t *testing.T) {
	t.Parallel()
	all := []link.State{link.Minted, link.Opened, link.Used, link.Expired, link.Revoked}
	want := map[link.State][]link.State{link.Minted: {link.Opened, link.Expired, link.Revoked}, link.Opened: {link.Used, link.Expired, link.Revoked}}
	for _, from := range all {
		for _, to := range all {
			if from.May(to) != slices.Contains(want[from], to) {
				t.Errorf("%s to %s: %v", from, to, from.May(to))
			}
		}
	}
	b, ctx := newBench(t), t.Context()
	events := map[link.State]func(token, hold, id string) error{
		link.Opened: func(token, _, _ string) error { _, _, err := b.keeper.Open(ctx, token); return err },
		link.Used:   func(_, hold, _ string) error { _, err := b.keeper.Use(ctx, hold); return err },
		link.Expired: func(_, _, _ string) error {
			b.pass(8 * 24 * time.Hour)
			_, err := b.keeper.Expire(ctx)
			return err
		},
		link.Revoked: func(_, _, id string) error { _, err := b.keeper.Revoke(ctx, by(), id); return err },
	}
	for _, from := range all {
		for to, event := range events {
			token, e := b.mint()
			hold := ""
			if from == link.Opened || from == link.Used {
				var err error
				hold, _, err = b.keeper.Open(ctx, token)
				b.fine(err)
			}
			if from != link.Minted && from != link.Opened {
				b.fine(events[from](token, hold, e.ID))
			}
			err := event(token, hold, e.ID)
			now, lookErr := b.keeper.Get(ctx, e.ID)
			b.fine(lookErr)
			if may := slices.Contains(want[from], to); may != (now.State == string(to)) && from != to || !may && now.State != string(from) || may && err != nil {
				t.Errorf("%s and %s: now %s, %v", from, to, now.State, err)
			}
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add("")
	f.Add(strings.Repeat("A", 64))
	f.Add(strings.Repeat("_", 64))
	f.Add(strings.Repeat("\n", 64))
	var b *bench
	f.Fuzz(func(t *testing.T, token string) {
		if b == nil {
			b = newBench(t)
		}
		_, err := b.keeper.Held(context.Background(), token)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != link.CodeUnknown {
			t.Errorf("%q: %v", token, err)
		}
	})
}
