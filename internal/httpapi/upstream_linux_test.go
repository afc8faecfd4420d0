package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/usage"
	"github.com/colophon-project/colophon/staff"
)

// openUpstream adds the keys of upstreams, and usage, to the world.
func (w *world) openUpstream(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.config.UpstreamKeys = upstream.NewKeys(ledgers.Of[upstream.Stored](w.store, upstream.KeyLedger), rec, keys, w.clock.Now)
	w.config.Usage = used{usage.New(w.store), w.accounts}
}

// used knows the accounts that were seen before.
type used struct {
	*usage.Usage
	accounts *accounts.Accounts
}

func (u used) Account(ctx context.Context, account string) (evidence.Subject, error) {
	subject, err := u.accounts.Find(ctx, account)
	if err == nil && subject == "" {
		err = &colophon.Error{Kind: colophon.Missing, Code: "account-unknown"}
	}
	return subject, err
}

// TestUpstreamKeys sets, lists and removes a key. Its text is in no answer.
func TestUpstreamKeys(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	const text = "sk-a-secret-of-the-provider"
	keys := w.config.UpstreamKeys.(*upstream.Keys)
	body := map[string]any{"name": "openai", "text": text}
	w.ask("POST", "/v1/upstream-keys", body).as(w.key).wantCode(403, staff.CodeKeyScope)
	w.ask("POST", "/v1/upstream-keys", body).by(w.people[staff.Reviewer]).wantCode(403, staff.CodeForbidden)
	var k httpapi.UpstreamKey
	out := w.ask("POST", "/v1/upstream-keys", body).by(w.people[staff.Engineer]).want(200, &k)
	if k.Name != "openai" || len(k.Tail) != 4 || k.By == "" || k.Changed.IsZero() || strings.Contains(out.Body.String(), "secret") {
		t.Errorf("%s", out.Body)
	}
	var list struct{ Keys []httpapi.UpstreamKey }
	out = w.ask("GET", "/v1/upstream-keys", nil).as(w.key).want(200, &list)
	if len(list.Keys) != 1 || list.Keys[0] != k || strings.Contains(out.Body.String(), "secret") {
		t.Errorf("%s", out.Body)
	}
	if got, err := keys.Key(t.Context(), "openai"); err != nil || got != text {
		t.Error(got, err)
	}
	for _, bad := range []map[string]any{{"name": "Open AI", "text": "a"}, {"name": "a", "text": "two words"}, {"name": "a", "text": "schlüssel"}} {
		p := w.ask("POST", "/v1/upstream-keys", bad).by(w.people[staff.Officer]).wantCode(422, upstream.CodeKeyInvalid)
		if strings.Contains(p.Title, "words") {
			t.Error(p.Title)
		}
	}
	w.ask("DELETE", "/v1/upstream-keys/openai", nil).by(w.people[staff.Auditor]).wantCode(403, staff.CodeForbidden)
	w.ask("DELETE", "/v1/upstream-keys/openai", nil).by(w.people[staff.Officer]).want(204, nil)
	w.ask("DELETE", "/v1/upstream-keys/openai", nil).by(w.people[staff.Officer]).wantCode(404, upstream.CodeKeyUnknown)
	w.ask("DELETE", "/v1/upstream-keys/never", nil).by(w.people[staff.Officer]).wantCode(404, upstream.CodeKeyUnknown)
	if _, err := keys.Key(t.Context(), "openai"); err == nil {
		t.Error("a removed key is handed out")
	}
	if strings.Contains(w.logged.String(), "secret") {
		t.Error(w.logged)
	}
}

// TestUsageRoutes asks what was used, with the Go client.
func TestUsageRoutes(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	subject, err := w.accounts.Subject(t.Context(), person)
	w.must(err)
	kept := w.config.Usage.(used)
	day := func(n int) time.Time { return time.Date(2026, 11, n, 12, 0, 0, 0, time.UTC) }
	for n := 1; n <= 3; n++ {
		w.must(kept.Count(t.Context(), upstream.Usage{Account: subject, Model: "m", Day: day(n), Requests: 2, Blocked: 1, Input: 10, Output: 20}))
		w.must(kept.Count(t.Context(), upstream.Usage{Account: "other", Model: "=m", Day: day(n), Requests: 1}))
	}
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	mine := func(day string, times int64) client.Usage {
		return client.Usage{Day: day, Subject: string(subject), Model: "m", Requests: 2 * times, Blocked: times, Input: 10 * times, Output: 20 * times}
	}
	list, next, err := c.Usage(t.Context(), client.UsageQuery{Account: person, From: "2026-11-02", To: "2026-11-03"})
	w.must(err)
	if diff := cmp.Diff([]client.Usage{mine("2026-11-02", 1), mine("2026-11-03", 1)}, list); diff != "" || next != "" {
		t.Error(diff, next)
	}
	list, _, err = c.Usage(t.Context(), client.UsageQuery{Subject: string(subject), Model: "m", Sum: true})
	w.must(err)
	if diff := cmp.Diff([]client.Usage{mine("", 3)}, list); diff != "" {
		t.Error(diff)
	}
	for _, sum := range []bool{false, true} {
		var pages, rows int
		for q := (client.UsageQuery{Sum: sum, Limit: 1}); ; pages++ {
			list, next, err := c.Usage(t.Context(), q)
			w.must(err)
			rows += len(list)
			if q.Cursor = next; next == "" {
				break
			}
		}
		if want := map[bool]int{false: 6, true: 2}[sum]; rows != want || pages != want-1 {
			t.Errorf("%d rows on %d pages", rows, pages+1)
		}
	}
	var csv bytes.Buffer
	w.must(c.UsageCSV(t.Context(), client.UsageQuery{Sum: true, Model: "=m"}, &csv))
	if csv.String() != "day,subject,model,requests,blocked,input,output\n,other,'=m,3,0,0,0\n" {
		t.Errorf("%s", csv.String())
	}
	var told *client.Error
	for _, q := range []client.UsageQuery{{From: "yesterday"}, {Cursor: "x"}, {Account: "a", Subject: "b"}} {
		if _, _, err := c.Usage(t.Context(), q); !errors.As(err, &told) || told.Status != 422 {
			t.Errorf("%+v: %v", q, err)
		}
	}
	w.ask("POST", "/v1/usage:query", map[string]any{"account": "never seen"}).as(w.key).wantCode(404, "account-unknown")
	if known, err := w.accounts.Find(t.Context(), "never seen"); err != nil || known != "" {
		t.Error("a question made an account known", err)
	}
	w.ask("POST", "/v1/usage:query", map[string]any{}).by(w.people[staff.Reviewer]).wantCode(403, staff.CodeForbidden)
	narrow, _ := w.newKey([]staff.Action{staff.GatewayRead}, []string{"dialogue"}, time.Hour)
	w.ask("POST", "/v1/usage:query", map[string]any{}).as(narrow).wantCode(403, staff.CodeKeyScope)
}
