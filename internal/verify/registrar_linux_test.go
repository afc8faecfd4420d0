package verify_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

var user = ledger.By{Role: "user"}

// registrar is a real one, with sources and what stores for it.
func registrar(t *testing.T, sources []identity.Source, laters ...identity.Later) (r *identity.Registrar, account func(string) evidence.Subject, folder string) {
	t.Helper()
	c := storetest.SQLite(t)
	c.Keys, c.Now = storetest.Keys(t, "first"), time.Now
	s := storetest.Open(t, c)
	recorder := storetest.Recorder(t, c.Keys, c.Now)
	secret := bytes.Repeat([]byte{7}, 32)
	who := accounts.New(s, recorder, secret)
	r, err := identity.NewRegistrar(identity.Config{
		Verifications: ledgers.Of[identity.Verification](s, "identity"), Imports: ledgers.Of[identity.Import](s, "identity-import"), Recorder: recorder, Keys: c.Keys, Secret: secret, Accounts: who,
		Sources: sources, Laters: laters,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, func(name string) evidence.Subject {
		subject, err := who.Subject(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return subject
	}, filepath.Dir(c.Path)
}

// TestRegistrar has accounts verified by what stands behind the sources of this package.
func TestRegistrar(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	text := httptest.NewServer(g)
	defer text.Close()
	result := identity.Match
	desk := httptest.NewServer(&customer{T: t, reply: func(asked) map[string]any { return map[string]any{"result": result, "transaction": "t-1"} }})
	defer desk.Close()
	issuer := provider(t)
	named := network(issuer)
	named.Methods = nil
	r, account, folder := registrar(t, []identity.Source{source(t, config(webhook(desk.URL)))}, later(t, config(phone(text.URL))), opened(t, named))
	level := func(name string, want identity.Level) {
		t.Helper()
		a, err := r.Account(t.Context(), account(name))
		if err != nil || a.Level != want {
			t.Errorf("%s has level %s, %v; want %s", name, a.Level, err, want)
		}
	}
	c := person
	c.Card = ""
	for _, answer := range []identity.Result{"success", identity.SourceError, identity.NoRecord, identity.Mismatch, identity.Match} {
		level("a", identity.None)
		result = answer
		e, err := r.Verify(t.Context(), user, account("a"), "desk", c)
		if want := answer; err != nil || e.Value.Result != want && want != "success" || want == "success" && e.Value.Result != identity.SourceError {
			t.Fatalf("%s: %+v, %v", answer, e.Value, err)
		}
	}
	level("a", identity.ThreeFactor)

	// A code is guessed at five times and no more; the right one counts once.
	begin := func(name, source string, c identity.Claim) (string, identity.Begun) {
		t.Helper()
		e, b, err := r.Begin(t.Context(), user, account(name), identity.Beginning{Source: source, Claim: c, Locale: "zh", Return: "https://colophon.example/{id}"})
		if err != nil || e.Value.Result != identity.Waiting {
			t.Fatalf("%+v, %v", e.Value, err)
		}
		return e.ID, b
	}
	number := identity.Claim{Phone: "+86 " + person.Phone}
	id, _ := begin("b", "text", number)
	for range 5 {
		if _, err := r.Complete(t.Context(), user, id, identity.Response{Code: other(g.codes[id])}); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := r.Complete(t.Context(), user, id, identity.Response{Code: g.codes[id]}); err == nil && e.Value.Result != identity.Mismatch {
		t.Errorf("after five guesses %+v", e.Value)
	}
	level("b", identity.None)
	id, b := begin("b", "text", number)
	if b.Sent != "138****8000" || b.State != nil {
		t.Errorf("%+v", b)
	}
	if _, err := r.Complete(t.Context(), user, id, identity.Response{Code: g.codes[id]}); err != nil {
		t.Error(err)
	}
	level("b", identity.PhoneNumber)
	if e, err := r.Complete(t.Context(), user, id, identity.Response{Code: other(g.codes[id])}); err == nil && e.Value.Result != identity.Match {
		t.Errorf("once decided, %+v", e.Value)
	}
	var err error
	for n := 0; err == nil && n <= 10; n++ { // ten in a day for a telephone, whichever account asks
		_, _, err = r.Begin(t.Context(), user, account("b2"), identity.Beginning{Source: "text", Claim: number, Locale: "zh"})
	}
	refused(t, "too many codes", err, identity.CodeTries)

	// Whoever signs in is who he says, and nobody else.
	for who, want := range map[string]identity.Level{"verified": identity.TwoFactor, "other": identity.None, "stranger": identity.None, "": identity.None} {
		id, b := begin("sign-in "+who, "network", identity.Claim{Kind: identity.ResidentID, Number: person.Number, Name: person.Name})
		if _, err := r.Complete(t.Context(), user, id, identity.Response{Query: walk(t, b.URL, who)}); err != nil {
			t.Error(err)
		}
		level("sign-in "+who, want)
	}
	traces(t, folder, person.Number, person.Name, person.Phone, g.codes[id])
}

// traces looks for what may not be kept in all files of the store.
func traces(t *testing.T, folder string, parts ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if p != "" && strings.Contains(string(text), p) {
				t.Errorf("%s holds %s", file, p)
			}
		}
	}
}
