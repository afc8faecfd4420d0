package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/standing"
)

// TestRefusedTooOften asks for what is illegal three times in a row, and has a reviewer propose to close the account.
func TestRefusedTooOften(t *testing.T) {
	t.Parallel()
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, map[string]string{"appeal": "https://provider.example/appeal"})
	d.start()
	officer := d.join()
	ctx, curator := t.Context(), d.server.screens.curator
	one, two := library.Actor{ID: "somebody", Role: "engineer"}, library.Actor{ID: "somebody-else", Role: "officer"}
	entry := func(value string, category library.Category) library.Feature {
		return library.Feature{Kind: library.Keyword, Value: value, Category: category, Level: keyword.Block, Language: "en", Standard: "test", Reason: "test"}
	}
	b, err := curator.Propose(ctx, one, "test", []library.Feature{entry("forbidden gun parts", "weapons"), entry("doubtful lottery", "fraud")})
	d.must(err)
	sel := library.Selection{Batch: b.ID}
	_, err = curator.Review(ctx, two, sel)
	d.must(err)
	_, err = curator.Replay(ctx, two, sel, "no samples")
	d.must(err)
	_, err = curator.Activate(ctx, two, sel)
	d.must(err)
	d.must(d.server.screens.shelf.Refresh(ctx))

	judge := func(text string) (j struct{ Action, Held string }) {
		t.Helper()
		body := fmt.Sprintf(`{"surface":"input","function":"chat","parts":[{"name":"a","text":%q}]}`, text)
		d.json(&j, "POST", "/v1/screen", []byte(body), http.StatusOK, "Content-Type", "application/json")
		return j
	}
	var s httpapi.Standing
	now := func() httpapi.Standing {
		t.Helper()
		d.json(&s, "POST", "/v1/standing", []byte(`{"account":"`+person+`","function":"chat"}`), http.StatusOK, "Content-Type", "application/json")
		return s
	}
	for _, text := range []string{"where are forbidden gun parts", "forbidden gun parts", "hello", "forbidden gun parts", "forbidden gun parts please"} {
		judge(text)
	}
	if len(now().Blocked) != 0 {
		t.Fatalf("two in a row are enough: %+v", s)
	}
	if j := judge("forbidden gun parts!"); j.Action != "refuse" {
		t.Fatalf("%+v", j)
	}
	if now(); !slices.Equal(s.Blocked, []standing.Act{standing.Use, standing.Publish}) || len(s.Measures) != 2 { // it is the fifth of today, too
		t.Fatalf("%+v", s)
	}
	if m := s.Measures[0]; m.Step != standing.Suspend || !strings.HasPrefix(m.Rule, "refused-in-a-row/") || m.By != "" || m.Appeal == "" || m.Statement == nil {
		t.Errorf("%+v", m)
	}

	j := judge("a doubtful lottery")
	by := moderation.By{ID: string(officer.Account), Role: "officer", Senior: true}
	_, err = d.server.screens.docket.Take(ctx, by, j.Held)
	d.must(err)
	_, err = d.server.screens.docket.Decide(ctx, by, moderation.Ruling{Item: j.Held, Decision: moderation.RefuseMeasure, Reason: "fraud", Measure: "close"})
	d.must(err)
	other := moderation.By{ID: "another", Role: "officer", Senior: true}
	if it, err := d.server.screens.docket.Item(ctx, j.Held); err != nil || it.State == moderation.Waiting {
		_, err = d.server.screens.docket.Take(ctx, other, j.Held)
		d.must(err)
		_, err = d.server.screens.docket.Decide(ctx, other, moderation.Ruling{Item: j.Held, Decision: moderation.RefuseMeasure, Reason: "fraud", Measure: "close"})
		d.must(err)
	}
	var page struct{ Measures []httpapi.Measure }
	d.until("/v1/measures?state=proposed&step=close", func(_ int, body []byte) bool {
		d.must(json.Unmarshal(body, &page))
		return len(page.Measures) == 1
	})
	m := page.Measures[0]
	if m.Origin != j.Held || !slices.Contains(m.Findings, j.Held) || len(m.Deciders) != 1 || !slices.Contains(m.Clauses, colophon.ClauseGenAI14) {
		t.Errorf("%+v", m)
	}
	if _, err := d.server.standing.Confirm(ctx, ledger.By{Role: "officer", ID: m.Deciders[0].ID}, m.ID, ""); !isCode(err, standing.CodeSecond) {
		t.Error(err)
	}
	_, err = d.server.standing.Confirm(ctx, ledger.By{Role: "officer", ID: "a-third"}, m.ID, "")
	d.must(err)
	if now(); !slices.Contains(s.Blocked, standing.Register) {
		t.Errorf("%+v", s)
	}
	d.must(d.server.expireMeasures(ctx))
	d.must(d.server.settleSignals(ctx))
	d.must(d.server.standing.Sweep(ctx))
	if strings.Contains(d.output.String(), person) {
		t.Error("the log names the account")
	}
	d.stop()
}

// TestBarredPersonComesBack bars a person, who then has another account verified.
func TestBarredPersonComesBack(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	ctx := t.Context()
	first, second := ledger.By{Role: "officer", ID: "staff-1"}, ledger.By{Role: "officer", ID: "staff-2"}
	verify := func(account, transaction string) evidence.Subject {
		t.Helper()
		file := "account,level,method,provider,transaction,verified,number,name\n" + account + ",two-factor,resident-id,own," + transaction + ",2026-01-01,11010519491231002X,某某甲\n"
		e, err := d.server.identities.Propose(ctx, first, strings.NewReader(file))
		d.must(err)
		_, err = d.server.identities.Approve(ctx, second, e.ID)
		d.must(err)
		subject, err := d.server.accounts.Find(ctx, account)
		d.must(err)
		return subject
	}
	one := verify("user-1", "t-1")
	m, err := d.server.standing.Take(ctx, first, standing.Draft{Subject: one, Step: standing.Bar, Ground: standing.Ground{Terms: "convention 9"}, Fact: standing.FactTerms})
	d.must(err)
	_, err = d.server.standing.Confirm(ctx, second, m.ID, "")
	d.must(err)
	two := verify("user-2", "t-2")
	for {
		s, err := d.server.standing.Standing(ctx, two)
		d.must(err)
		if len(s.Active) == 1 && s.Active[0].Step == standing.Bar {
			break
		}
		d.must(wait(ctx, refreshEvery/4))
	}
	d.stop()
}
