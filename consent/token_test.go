package consent_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
)

// TestSpendTogether has 32 spend one token of ten uses at once: ten succeed, and each has a number of its own.
func TestSpendTogether(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	token, minted := w.mint(e.ID, 10)
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			_, err := w.ledger.Spend(w.Context(), backend(), token, use(), fmt.Sprintf("number-%d", i))
			switch {
			case err == nil:
				won.Add(1)
			case has(err, consent.CodeTokenSpent):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	list, _, err := w.ledger.Tokens(w.Context(), e.ID, "", 0)
	w.fine(err)
	spends := list[0].Value.Spends
	if won.Load() != 10 || lost.Load() != 22 || len(spends) != 10 || list[0].State != string(consent.Spent) {
		t.Errorf("%d spent, %d refused, %d counted, %s", won.Load(), lost.Load(), len(spends), list[0].State)
	}
	// To spend it again for a number that was counted is no further use, and for another it is refused.
	g, err := w.ledger.Spend(w.Context(), backend(), token, use(), spends[3].Number)
	w.fine(err)
	if g.Left != 0 || g.Token != minted.ID || g.Consent != e.ID || g.State != consent.Given {
		t.Errorf("grant %+v", g)
	}
	_, err = w.ledger.Spend(w.Context(), backend(), token, use(), "number-new")
	w.refused(err, consent.CodeTokenSpent)
	spent := 0
	for _, typ := range w.types() {
		if typ == consent.RecordSpent {
			spent++
		}
	}
	if spent != 10 {
		t.Errorf("%d records of spending", spent)
	}
}

// TestMintTogether has 32 take uses of a consent with ten at once.
func TestMintTogether(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	var won atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			switch _, _, err := w.ledger.Mint(w.Context(), backend(), e.ID, consent.Use{}, 3, time.Time{}); {
			case err == nil:
				won.Add(1)
			case !has(err, consent.CodeUses):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.get(e.ID).Value.Reserved; won.Load() != 3 || got != 9 {
		t.Errorf("%d tokens, %d uses taken", won.Load(), got)
	}
	// What a token did not spend comes back, once.
	list, _, err := w.ledger.Tokens(w.Context(), e.ID, "", 0)
	w.fine(err)
	token := list[0].ID
	for range 2 {
		_, err = w.ledger.Revoke(w.Context(), backend(), token)
		w.fine(err)
	}
	if got := w.get(e.ID).Value.Reserved; got != 6 {
		t.Errorf("%d uses taken after one token was revoked", got)
	}
	w.pass(2 * time.Hour)
	w.fine(w.ledger.Tick(w.Context()))
	if got := w.get(e.ID).Value.Reserved; got != 0 {
		t.Errorf("%d uses taken after all tokens expired", got)
	}
}

func TestCheck(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	token, _, err := w.ledger.Mint(w.Context(), backend(), e.ID, consent.Use{Scene: "shop", Modality: []consent.Modality{consent.Voice}}, 2, time.Time{})
	w.fine(err)
	for range 3 {
		g, err := w.ledger.Check(w.Context(), token, use())
		w.fine(err)
		if g.Left != 2 || g.Subject != e.Subject || g.Level != consent.Claimed || !slices.Equal(g.Modality, []consent.Modality{consent.Voice}) {
			t.Fatalf("grant %+v", g)
		}
	}
	for name, c := range map[string]struct {
		change func(*consent.Use)
		want   []colophon.Code
	}{
		"another account":  {func(u *consent.Use) { u.Account = stranger }, []colophon.Code{consent.CodeScope, consent.CodeTokenScope}},
		"another function": {func(u *consent.Use) { u.Function = "face-swap" }, []colophon.Code{consent.CodeScope}},
		"no function":      {func(u *consent.Use) { u.Function = "" }, []colophon.Code{consent.CodeScope}},
		"another purpose":  {func(u *consent.Use) { u.Purpose = "film" }, []colophon.Code{consent.CodeScope}},
		"a forbidden one":  {func(u *consent.Use) { u.Purpose, u.Scene = "political", "political" }, []colophon.Code{consent.CodeScope, consent.CodeForbidden, consent.CodeTokenScope}},
		"another scene":    {func(u *consent.Use) { u.Scene = "radio" }, []colophon.Code{consent.CodeTokenScope}},
		"a face":           {func(u *consent.Use) { u.Modality = append(u.Modality, consent.Face) }, []colophon.Code{consent.CodeScope, consent.CodeTokenScope}},
		"nothing of them":  {func(u *consent.Use) { u.Modality = nil }, []colophon.Code{consent.CodeScope}},
		"training":         {func(u *consent.Use) { u.Training = true }, []colophon.Code{consent.CodeScope, consent.CodeTokenScope}},
		"another channel":  {func(u *consent.Use) { u.Channel = "app" }, []colophon.Code{consent.CodeScope}},
		"another language": {func(u *consent.Use) { u.Language = "fr" }, []colophon.Code{consent.CodeScope}},
		"no word":          {func(u *consent.Use) { u.Scene = "a b" }, []colophon.Code{consent.CodeInvalid}},
	} {
		u := use()
		c.change(&u)
		_, err := w.ledger.Check(w.Context(), token, u)
		for _, code := range c.want {
			if !has(err, code) {
				t.Errorf("%s: %v, want %s", name, err, code)
			}
		}
		if _, spent := w.ledger.Spend(w.Context(), backend(), token, u, "number-1"); spent == nil {
			t.Errorf("%s: spent", name)
		}
	}
	for _, text := range []string{"", "clt_", token[:len(token)-1], token + "A", "clt_" + base64.RawURLEncoding.EncodeToString(make([]byte, 48)), strings.ToUpper(token)} {
		_, err := w.ledger.Check(w.Context(), text, use())
		w.refused(err, consent.CodeToken)
	}
	_, _, err = w.ledger.Mint(w.Context(), backend(), e.ID, consent.Use{Scene: "home"}, 1, time.Time{})
	w.refused(err, consent.CodeScope)
	_, _, err = w.ledger.Mint(w.Context(), backend(), e.ID, consent.Use{Account: stranger}, 1, time.Time{})
	w.refused(err, consent.CodeScope)
	w.pass(2 * time.Hour)
	_, err = w.ledger.Check(w.Context(), token, use())
	w.refused(err, consent.CodeTokenExpired)
	w.pass(24 * time.Hour)
	_, err = w.ledger.Check(w.Context(), token, use())
	w.refused(err, consent.CodePeriod)
}

// TestEndsAtOnce has a consent end in each way between minting and using.
func TestEndsAtOnce(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	for name, c := range map[string]struct {
		end  func(id string) error
		want colophon.Code
	}{
		"withdrawn":   {func(id string) error { _, err := w.ledger.Withdraw(ctx, person(), id, ""); return err }, consent.CodeState},
		"disputed":    {func(id string) error { _, err := w.ledger.Dispute(ctx, person(), id, ""); return err }, consent.CodeState},
		"invalidated": {func(id string) error { _, err := w.ledger.Invalidate(ctx, officer(), id, "wrong"); return err }, consent.CodeState},
		"narrowed": {func(id string) error {
			e := w.get(id)
			to := e.Value.Terms
			to.Scenes = []string{"radio"}
			_, _, err := w.ledger.Narrow(ctx, person(), id, consent.Answer{Notice: e.Value.Notice.SHA256}, to)
			return err
		}, consent.CodeTokenRevoked},
	} {
		e, _ := w.given()
		token, _ := w.mint(e.ID, 2)
		w.fine(c.end(e.ID))
		if _, err := w.ledger.Check(ctx, token, use()); !has(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := w.ledger.Spend(ctx, backend(), token, use(), "number-1"); err == nil {
			t.Errorf("%s: spent", name)
		}
	}
}

// TestWithdrawWhileSpending withdraws while 32 spend: every use that was granted was counted before the withdrawal was.
func TestWithdrawWhileSpending(t *testing.T) {
	w := open(t)
	e, _ := w.given(func(r *consent.Request) { r.Terms.Uses = 0 })
	token, _ := w.mint(e.ID, 100)
	var all sync.WaitGroup
	var granted sync.Map
	for i := range 32 {
		all.Go(func() {
			number := fmt.Sprintf("number-%d", i)
			if _, err := w.ledger.Spend(w.Context(), backend(), token, use(), number); err == nil {
				granted.Store(number, true)
			} else if !has(err, consent.CodeState) {
				t.Error(err)
			}
		})
		if i == 8 {
			all.Go(func() {
				if _, err := w.ledger.Withdraw(w.Context(), person(), e.ID, ""); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	list, _, err := w.ledger.Tokens(w.Context(), e.ID, "", 0)
	w.fine(err)
	counted := map[string]bool{}
	for _, s := range list[0].Value.Spends {
		counted[s.Number] = true
	}
	n := 0
	granted.Range(func(number, _ any) bool {
		n++
		if !counted[number.(string)] {
			t.Errorf("%s was granted and not counted", number)
		}
		return true
	})
	if n != len(counted) {
		t.Errorf("%d granted, %d counted", n, len(counted))
	}
}
