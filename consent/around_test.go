package consent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// TestClaimIsNoAnswer has a requester claim what the person was asked for and did not give.
func TestClaimIsNoAnswer(t *testing.T) {
	w := open(t)
	id := w.ask().ID
	w.shown(id)
	w.record(id, "sound") // and then the person closes the page
	_, err := w.ledger.Claim(w.Context(), backend(), id)
	w.refused(err, consent.CodeStep)
	id = w.ask().ID
	_, err = w.ledger.Claim(w.Context(), backend(), id)
	w.fine(err)
	n := w.shown(id)
	_, err = w.ledger.Challenge(w.Context(), person(), id)
	w.refused(err, consent.CodeNotice) // what others claim gets no better proven
	_, _, err = w.ledger.Narrow(w.Context(), person(), id, consent.Answer{Notice: n.SHA256}, w.get(id).Value.Terms)
	w.fine(err)
	if e := w.record(id, "sound"); e.Value.Level != consent.Recorded {
		t.Errorf("once the person has answered: %s", e.Value.Level)
	}
}

// TestReferencesAfterMatch brings references that the recording was not compared with.
func TestReferencesAfterMatch(t *testing.T) {
	w := open(t)
	m := &matcher{scores: consent.Scores{Speech: score(0.9), Voice: score(0.9)}}
	w.config.Matcher, w.config.Thresholds = m, consent.Thresholds{Speech: 0.8, Voice: 0.7}
	w.again()
	add := func(id string, a consent.Asset) consent.Likeness {
		t.Helper()
		a.Modality, a.Function = consent.Voice, "voice-clone"
		e, _, err := w.ledger.AddReference(w.Context(), backend(), id, a)
		w.fine(err)
		return e.Value
	}
	e, _ := w.given()
	add(e.ID, consent.Asset{Body: strings.NewReader("the person")})
	if e = w.record(e.ID, "sound"); e.Value.Level != consent.Matched {
		t.Fatalf("level %s", e.Value.Level)
	}
	if v := add(e.ID, consent.Asset{Body: strings.NewReader("the person again")}); v.Level != consent.Matched || m.heard != "sound+voice+voice" {
		t.Errorf("compared anew with %q: %s", m.heard, v.Level)
	}
	m.scores.Voice = score(0.1)
	if v := add(e.ID, consent.Asset{Body: strings.NewReader("somebody else")}); v.Level != consent.Claimed || v.Capture.Fit != consent.Differs {
		t.Errorf("another's voice: %s, %s", v.Level, v.Capture.Fit)
	}
	m.scores.Voice = score(0.9)
	w.record(e.ID, "sound")
	if v := add(e.ID, consent.Asset{SHA256: strings.Repeat("a", 64)}); v.Level != consent.Recorded || v.Capture.Fit != consent.FitUnknown {
		t.Errorf("one that lies elsewhere: %s, %s", v.Level, v.Capture.Fit)
	}
}

// TestSpendAll spends the tokens of two people for one item, one of whom withdrew.
func TestSpendAll(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	first, _ := w.given()
	second, _ := w.given()
	one, kept := w.mint(first.ID, 1)
	two, _ := w.mint(second.ID, 1)
	grants, err := w.ledger.SpendAll(ctx, backend(), []string{one, two, one}, use(), "number-1")
	w.fine(err)
	if len(grants) != 3 {
		t.Errorf("%d grants", len(grants))
	}
	three, fresh := w.mint(first.ID, 1)
	four, _ := w.mint(second.ID, 1)
	_, err = w.ledger.Withdraw(ctx, person(), second.ID, "")
	w.fine(err)
	_, err = w.ledger.SpendAll(ctx, backend(), []string{three, four}, use(), "number-2")
	w.refused(err, consent.CodeState)
	if spent, err := w.ledger.Spent(ctx, "number-2", use()); len(spent) != 0 || err != nil {
		t.Errorf("uses that stay counted: %+v, %v", spent, err)
	}
	if token, err := w.ledger.Token(ctx, fresh.ID); err != nil || token.State != string(consent.Live) || len(token.Value.Spends) != 0 {
		t.Errorf("%+v, %v", token, err)
	}
	// What was counted before stays, although the same tokens are refused now.
	_, err = w.ledger.SpendAll(ctx, backend(), []string{one, two}, use(), "number-1")
	w.refused(err, consent.CodeState)
	if token, err := w.ledger.Token(ctx, kept.ID); err != nil || len(token.Value.Spends) != 1 {
		t.Errorf("%+v, %v", token, err)
	}
}

// TestSpentForAnother asks what was spent for a number, for another use than it was spent for.
func TestSpentForAnother(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	token, _ := w.mint(e.ID, 1)
	_, err := w.ledger.Spend(w.Context(), backend(), token, use(), "number-1")
	w.fine(err)
	for name, c := range map[string]struct {
		change func(*consent.Use)
		want   colophon.Code
	}{
		"the same":         {func(*consent.Use) {}, ""},
		"another function": {func(u *consent.Use) { u.Function = "face-swap" }, consent.CodeScope},
		"another account":  {func(u *consent.Use) { u.Account = stranger }, consent.CodeScope},
		"a face":           {func(u *consent.Use) { u.Modality = []consent.Modality{consent.Face} }, consent.CodeScope},
		"a forbidden one":  {func(u *consent.Use) { u.Purpose = "political" }, consent.CodeForbidden},
	} {
		u := use()
		c.change(&u)
		spent, err := w.ledger.Spent(w.Context(), "number-1", u)
		w.fine(err)
		if len(spent) != 1 || (spent[0].Broken == nil) != (c.want == "") || c.want != "" && !has(spent[0].Broken, c.want) {
			t.Errorf("%s: %+v", name, spent)
		}
	}
}

// meddling does something before entries are added.
type meddling[T any] struct {
	ledger.Store[T]
	add func()
}

func (m *meddling[T]) Add(ctx context.Context, rec evidence.Record, entries ...ledger.Entry[T]) error {
	if f := m.add; f != nil {
		m.add = nil
		f()
	}
	return m.Store.Add(ctx, rec, entries...)
}

// TestNarrowWhileMinting narrows a consent to one use after a token took ten.
func TestNarrowWhileMinting(t *testing.T) {
	w := open(t)
	tokens := &meddling[consent.Token]{Store: w.config.Tokens}
	w.config.Tokens = tokens
	w.again()
	e, _ := w.given()
	tokens.add = func() {
		w.pass(time.Second)
		to := w.get(e.ID).Value.Terms
		to.Uses = 1
		_, _, err := w.ledger.Narrow(w.Context(), person(), e.ID, consent.Answer{Notice: e.Value.Notice.SHA256}, to)
		w.fine(err)
		w.pass(time.Second)
	}
	text, minted, err := w.ledger.Mint(w.Context(), backend(), e.ID, consent.Use{}, 10, time.Time{})
	w.refused(err, consent.CodeTokenRevoked)
	if text != "" || minted.State != string(consent.Revoked) || w.get(e.ID).Value.Reserved != 0 {
		t.Errorf("token %q, %s, %d uses taken", text, minted.State, w.get(e.ID).Value.Reserved)
	}
}

// TestAgreedNotice wants a receipt to hold the notice that the person agreed to, whatever was shown later.
func TestAgreedNotice(t *testing.T) {
	w := open(t)
	e := w.ask()
	agreed := w.shown(e.ID)
	_, _, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: agreed.SHA256})
	w.fine(err)
	text := func() string {
		t.Helper()
		raw, err := w.ledger.Receipt(w.Context(), person(), e.ID)
		w.fine(err)
		r, err := consent.OpenReceipt(raw, w.verifier)
		w.fine(err)
		return r.Notice.Text
	}
	_, err = w.ledger.AskRenewal(w.Context(), backend(), e.ID, w.clock.Now().Add(72*time.Hour), 50)
	w.fine(err)
	later := w.shown(e.ID)
	if got := text(); got != agreed.Text || got == later.Text {
		t.Errorf("before the renewal is agreed to:\n%s", got)
	}
	_, err = w.ledger.Renew(w.Context(), person(), e.ID, consent.Answer{Notice: later.SHA256})
	w.fine(err)
	if got := text(); got != later.Text {
		t.Errorf("after it:\n%s", got)
	}
}

// TestNecessityAndEffect wants every notice to tell why the processing is necessary and what effect it has, and nobody to
// agree without it (Personal Information Protection Law Art. 30: [colophon.ClausePIPL30]).
func TestNecessityAndEffect(t *testing.T) {
	w := open(t)
	for _, kind := range consent.Persons() {
		id := w.ask(func(r *consent.Request) { r.Person = kind }).ID
		_, _, err := w.ledger.Give(w.Context(), person(), id, consent.Answer{})
		if !has(err, consent.CodeNotice) || !citing(err, colophon.ClausePIPL30) {
			t.Errorf("%s, without a notice: %v", kind, err)
		}
		for language, begins := range map[string][]string{"zh": {"必要性：", "对您权益的影响："}, "en": {"Why it is needed: ", "What it means for you: "}} {
			n, e, err := w.ledger.Shown(w.Context(), person(), id, language)
			w.fine(err)
			for _, begin := range begins {
				if _, said, ok := strings.Cut("\n"+n.Text, "\n"+begin); !ok || len(strings.SplitN(said, "\n", 2)[0]) < 40 {
					t.Errorf("%s, %s: nothing stands after %q in\n%s", kind, language, begin, n.Text)
				}
			}
			if !w.cites(e.Subject, colophon.ClausePIPL30) {
				t.Errorf("%s: no record of the notice cites %s", kind, colophon.ClausePIPL30)
			}
		}
	}
}

func citing(err error, clause colophon.Clause) bool {
	var e *colophon.Error
	return errors.As(err, &e) && slices.Contains(e.Clauses, clause)
}

// TestOverOnce withdraws what expired and whose references went: its certificate stays what it is.
func TestOverOnce(t *testing.T) {
	w := open(t)
	id := w.ask().ID
	w.pass(31 * 24 * time.Hour)
	w.fine(w.ledger.Tick(w.Context()))
	w.fine(w.ledger.Tick(w.Context()))
	before := w.get(id)
	if before.Value.Cascade == nil || before.Value.Cascade.Done.IsZero() {
		t.Fatalf("%+v", before)
	}
	_, err := w.ledger.Withdraw(w.Context(), person(), id, "")
	w.refused(err, consent.CodeStep)
	w.fine(w.ledger.Forget(w.Context(), officer(), before.Subject))
	if e := w.get(id); e.State != before.State || !e.Due.IsZero() {
		t.Errorf("%s, due %v", e.State, e.Due)
	}
	_, _, err = w.ledger.Refuse(w.Context(), person(), w.ask().ID, "a reason in words")
	w.refused(err, consent.CodeInvalid)
}
