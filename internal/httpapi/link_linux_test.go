package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
)

// guests is whom links can be for.
type guests struct{ accounts *accounts.Accounts }

func (a guests) Account(ctx context.Context, account string) (evidence.Subject, error) {
	return a.accounts.Subject(ctx, account)
}

func (guests) Depicted(_ context.Context, consent string) (evidence.Subject, error) {
	return evidence.Subject("of-" + consent), nil
}

func (w *world) openLinks(rec *evidence.Recorder, keys *evidence.Keyring) {
	var err error
	w.config.Links, err = link.New(link.Config{Store: ledgers.Of[link.Link](w.store, "link"), Recorder: rec, Keys: keys, Secret: bytes.Repeat([]byte{1}, 32), Random: rand.Reader})
	w.must(err)
	w.config.People = guests{w.accounts}
}

// minted makes a link and returns its identifier.
func (w *world) minted() string {
	w.Helper()
	_, e, err := w.config.Links.Mint(w.Context(), ledger.By{Role: "application"}, link.Order{Purpose: link.Agreement, Subject: "account-1"})
	w.must(err)
	return e.ID
}

// TestLinks mints, lists and revokes. What leads to the page is told once, and is no part of what is kept of an answer.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) { c.PublicURL = "https://aigc.example" })
	type minted struct {
		URL  string
		Link httpapi.Link
	}
	var m, again minted
	order := map[string]any{"purpose": "consent", "consent": "consent-1", "until": w.clock.Now().Add(time.Hour)}
	first := w.ask("POST", "/v1/links", order).as(w.key).with("Idempotency-Key", "k-1").want(201, &m)
	token, ok := strings.CutPrefix(m.URL, "https://aigc.example/link#")
	if !ok || len(token) != 64 || m.Link.Subject != "of-consent-1" || m.Link.About != "consent-1" || m.Link.State != link.Minted || !m.Link.Until.Equal(w.clock.Now().Add(time.Hour)) {
		t.Fatalf("%s", first.Body)
	}
	if got := w.ask("POST", "/v1/links", order).as(w.key).with("Idempotency-Key", "k-1").want(201, &again); again.URL != "" || again.Link != m.Link {
		t.Errorf("%s", got.Body)
	}
	_, _, err := w.config.Links.Open(t.Context(), token)
	w.must(err)

	got := w.ask("POST", "/v1/links", map[string]any{"purpose": "verification", "account": person}).as(w.key).want(201, &again)
	if again.Link.Subject == "" || strings.Contains(got.Body.String(), person) {
		t.Errorf("%s", got.Body)
	}
	var list struct {
		Links []httpapi.Link
		Next  string
	}
	body := w.ask("GET", "/v1/links?limit=1", nil).as(w.key).want(200, &list).Body.String()
	if len(list.Links) != 1 || list.Links[0].ID != again.Link.ID || list.Next == "" || strings.Contains(body, token) {
		t.Errorf("%s", body)
	}
	w.ask("GET", "/v1/links?purpose=consent&about=consent-1&state=opened&subject=of-consent-1", nil).as(w.key).want(200, &list)
	if len(list.Links) != 1 || list.Links[0].Opened == nil {
		t.Errorf("%+v", list)
	}
	var l httpapi.Link
	w.ask("POST", "/v1/links/"+m.Link.ID+":revoke", nil).as(w.key).want(200, &l)
	if l.State != link.Revoked || l.Ended == nil {
		t.Errorf("%+v", l)
	}
	w.ask("POST", "/v1/links/"+strangeID+":revoke", nil).as(w.key).wantCode(404, link.CodeUnknown)
	for _, wrong := range []map[string]any{{"purpose": "consent"}, {"purpose": "verification"}, {"purpose": "payment", "account": "a"}, {"purpose": "agreement", "account": "a", "audience": "all"},
		{"purpose": "agreement", "account": "a", "until": w.clock.Now()}} {
		w.ask("POST", "/v1/links", wrong).as(w.key).want(422, nil)
	}

	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	address, mine, err := c.MintLink(t.Context(), client.LinkOrder{Purpose: "agreement", Account: person, Audience: "supporters"})
	w.must(err)
	if !strings.HasPrefix(address, "https://aigc.example/link#") || mine.About != "supporters" {
		t.Errorf("%s %+v", address, mine)
	}
	ended, err := c.RevokeLink(t.Context(), mine.ID)
	w.must(err)
	found, _, err := c.Links(t.Context(), client.Listing{Limit: 1})
	w.must(err)
	if ended.State != "revoked" || len(found) != 1 || found[0].ID != mine.ID || found[0].Ended.IsZero() {
		t.Errorf("%+v %+v", ended, found)
	}
}
