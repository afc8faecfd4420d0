package consent_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/consent"
)

// TestStateTable holds the table against a list of all steps that there are.
func TestStateTable(t *testing.T) {
	t.Parallel()
	allowed := strings.Fields(`requested>shown requested>given requested>refused requested>expired requested>disputed requested>invalidated
		shown>shown shown>given shown>refused shown>expired shown>disputed shown>invalidated
		given>given given>withdrawn given>expired given>disputed given>invalidated
		expired>given expired>withdrawn expired>disputed expired>invalidated
		disputed>requested disputed>shown disputed>given disputed>expired disputed>withdrawn disputed>refused disputed>invalidated`)
	for _, from := range consent.States() {
		for _, to := range consent.States() {
			if got, want := from.May(to), slices.Contains(allowed, string(from)+">"+string(to)); got != want {
				t.Errorf("%s to %s: %v", from, to, got)
			}
		}
	}
}

func TestLevelTable(t *testing.T) {
	t.Parallel()
	rises := map[string]bool{"claimed>recorded": true, "recorded>matched": true, "matched>verified": true}
	for from := consent.Claimed; from <= consent.Verified+1; from++ {
		for to := consent.Claimed; to <= consent.Verified+1; to++ {
			want := rises[from.String()+">"+to.String()] || to < from && from <= consent.Verified
			if from.May(to) != want {
				t.Errorf("%s to %s: %v", from, to, !want)
			}
		}
		back, err := consent.ParseLevel(from.String())
		if (err == nil) != (from <= consent.Verified) || err == nil && back != from {
			t.Errorf("%s reads as %v: %v", from, back, err)
		}
	}
}

func TestTokenAndRelationTables(t *testing.T) {
	t.Parallel()
	tokens := strings.Fields("live>live live>spent live>expired live>revoked spent>live")
	states := []consent.TokenState{consent.Live, consent.Spent, consent.TokenExpired, consent.Revoked}
	for _, from := range states {
		for _, to := range states {
			if from.May(to) != slices.Contains(tokens, string(from)+">"+string(to)) {
				t.Errorf("token: %s to %s", from, to)
			}
		}
	}
	relations := strings.Fields(">brought refused>brought brought>brought brought>confirmed brought>refused")
	kinds := []consent.RelationState{"", consent.RelationBrought, consent.RelationConfirmed, consent.RelationRefused}
	for _, from := range kinds {
		for _, to := range kinds[1:] {
			if from.May(to) != slices.Contains(relations, string(from)+">"+string(to)) {
				t.Errorf("relation: %s to %s", from, to)
			}
		}
	}
	steps := strings.Fields("pending>done pending>failed failed>done failed>failed")
	parts := []consent.StepState{consent.StepPending, consent.StepDone, consent.StepFailed}
	for _, from := range parts {
		for _, to := range parts {
			if from.May(to) != slices.Contains(steps, string(from)+">"+string(to)) {
				t.Errorf("step: %s to %s", from, to)
			}
		}
	}
}

// TestEvents tries every event in every state, and wants the one state that it leads to, or none.
func TestEvents(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	bring := map[consent.State]func() string{
		consent.Requested: func() string { return w.ask().ID },
		consent.Noticed:   func() string { id := w.ask().ID; w.shown(id); return id },
		consent.Given:     func() string { e, _ := w.given(); return e.ID },
		consent.Refused: func() string {
			id := w.ask().ID
			_, _, err := w.ledger.Refuse(ctx, person(), id, "")
			w.fine(err)
			return id
		},
		consent.Withdrawn: func() string {
			e, _ := w.given()
			_, err := w.ledger.Withdraw(ctx, person(), e.ID, "")
			w.fine(err)
			return e.ID
		},
		consent.Expired: func() string {
			e, _ := w.given()
			w.pass(25 * time.Hour)
			w.fine(w.ledger.Tick(ctx))
			return e.ID
		},
		consent.Disputed: func() string {
			e, _ := w.given()
			_, err := w.ledger.Dispute(ctx, person(), e.ID, "not me")
			w.fine(err)
			return e.ID
		},
		consent.Invalidated: func() string {
			id := w.ask().ID
			_, err := w.ledger.Invalidate(ctx, officer(), id, "wrong")
			w.fine(err)
			return id
		},
	}
	answer := func(id string) consent.Answer {
		if n := w.get(id).Value.Notice; n != nil {
			return consent.Answer{Notice: n.SHA256}
		}
		return consent.Answer{}
	}
	events := map[string]struct {
		do func(id string) error
		to map[consent.State]consent.State // where it is possible
	}{
		"shown": {func(id string) error { _, _, err := w.ledger.Shown(ctx, person(), id, "zh"); return err },
			map[consent.State]consent.State{consent.Requested: consent.Noticed, consent.Noticed: consent.Noticed, consent.Given: consent.Given, consent.Expired: consent.Expired}},
		"give": {func(id string) error { _, _, err := w.ledger.Give(ctx, person(), id, answer(id)); return err },
			map[consent.State]consent.State{consent.Noticed: consent.Given}},
		"narrow": {func(id string) error {
			to := w.get(id).Value.Terms
			to.Uses = 3
			_, _, err := w.ledger.Narrow(ctx, person(), id, answer(id), to)
			return err
		}, map[consent.State]consent.State{consent.Noticed: consent.Given, consent.Given: consent.Given}},
		"claim": {func(id string) error { _, err := w.ledger.Claim(ctx, backend(), id); return err },
			map[consent.State]consent.State{consent.Requested: consent.Given}},
		"refuse": {func(id string) error { _, _, err := w.ledger.Refuse(ctx, person(), id, "no-reason"); return err },
			map[consent.State]consent.State{consent.Requested: consent.Refused, consent.Noticed: consent.Refused, consent.Disputed: consent.Refused}},
		"withdraw": {func(id string) error { _, err := w.ledger.Withdraw(ctx, person(), id, ""); return err },
			map[consent.State]consent.State{consent.Given: consent.Withdrawn, consent.Expired: consent.Withdrawn, consent.Disputed: consent.Withdrawn}},
		"dispute": {func(id string) error { _, err := w.ledger.Dispute(ctx, person(), id, "not me"); return err },
			map[consent.State]consent.State{consent.Requested: consent.Disputed, consent.Noticed: consent.Disputed, consent.Given: consent.Disputed, consent.Expired: consent.Disputed}},
		"settle": {func(id string) error { _, err := w.ledger.Settle(ctx, officer(), id, false, "looked-into"); return err },
			map[consent.State]consent.State{consent.Disputed: consent.Given}},
		"founded": {func(id string) error { _, err := w.ledger.Settle(ctx, officer(), id, true, "looked-into"); return err },
			map[consent.State]consent.State{consent.Disputed: consent.Invalidated}},
		"invalidate": {func(id string) error { _, err := w.ledger.Invalidate(ctx, officer(), id, "wrong"); return err },
			map[consent.State]consent.State{consent.Requested: consent.Invalidated, consent.Noticed: consent.Invalidated, consent.Given: consent.Invalidated, consent.Expired: consent.Invalidated, consent.Disputed: consent.Invalidated}},
		"challenge": {func(id string) error { _, err := w.ledger.Challenge(ctx, person(), id); return err },
			map[consent.State]consent.State{consent.Noticed: consent.Noticed, consent.Given: consent.Given}},
	}
	for from, make := range bring {
		for name, event := range events {
			id := make()
			err := event.do(id)
			got := consent.State(w.get(id).State)
			want, possible := event.to[from]
			if possible && err != nil || !possible && err == nil {
				t.Errorf("%s in state %s: %v", name, from, err)
			}
			if possible && got != want || !possible && got != from {
				t.Errorf("%s brought %s to %s", name, from, got)
			}
		}
	}
}

func TestRenew(t *testing.T) {
	w := open(t)
	ctx := w.Context()
	e, _ := w.given()
	old := consent.Answer{Notice: e.Value.Notice.SHA256}
	_, err := w.ledger.Renew(ctx, person(), e.ID, old)
	w.refused(err, consent.CodeStep) // nobody asked for it
	w.pass(30 * time.Hour)
	w.fine(w.ledger.Tick(ctx))
	_, err = w.ledger.AskRenewal(ctx, backend(), e.ID, w.clock.Now().Add(72*time.Hour), 20)
	w.fine(err)
	_, err = w.ledger.Renew(ctx, person(), e.ID, old)
	w.refused(err, consent.CodeNotice) // the notice that was shown says less
	n := w.shown(e.ID)
	if !strings.Contains(n.Text, "20 at most") {
		t.Errorf("the notice does not say what is asked:\n%s", n.Text)
	}
	e, err = w.ledger.Renew(ctx, person(), e.ID, consent.Answer{Notice: n.SHA256})
	w.fine(err)
	if e.State != string(consent.Given) || e.Value.Terms.Uses != 20 || e.Value.Terms.Train || e.Value.Renewal {
		t.Errorf("renewed to %s with %+v", e.State, e.Value.Terms)
	}
	w.mint(e.ID, 20)
	_, err = w.ledger.AskRenewal(ctx, backend(), e.ID, w.clock.Now().Add(80*time.Hour), 19)
	w.refused(err, consent.CodeInvalid) // tokens have taken more
	// Once the references of an expired consent go, it can't be renewed.
	w.pass(200 * time.Hour)
	w.fine(w.ledger.Tick(ctx))
	w.pass(31 * 24 * time.Hour)
	w.fine(w.ledger.Tick(ctx))
	if e := w.get(e.ID); e.Value.Cascade == nil || e.Value.Cascade.Done.IsZero() {
		t.Fatalf("no cascade: %+v", e)
	}
	_, err = w.ledger.AskRenewal(ctx, backend(), e.ID, w.clock.Now().Add(time.Hour), 0)
	w.refused(err, consent.CodeStep)
}

func TestUnanswered(t *testing.T) {
	w := open(t)
	id := w.ask(func(r *consent.Request) { r.Terms.Until = w.clock.Now().Add(1000 * time.Hour) }).ID
	_, _, err := w.ledger.AddReference(w.Context(), backend(), id, consent.Asset{Modality: consent.Voice, Function: "voice-clone", Body: strings.NewReader("voice")})
	w.fine(err)
	w.pass(31 * 24 * time.Hour)
	w.fine(w.ledger.Tick(w.Context()))
	w.fine(w.ledger.Tick(w.Context()))
	e := w.get(id)
	if e.State != string(consent.Expired) || e.Value.Cascade == nil || e.Value.Cascade.Done.IsZero() || len(w.media.blobs) != 0 {
		t.Errorf("%s, %d blobs, %+v", e.State, len(w.media.blobs), e.Value.Cascade)
	}
}
