package consent_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
)

func score(f float64) *float64 { return &f }

// TestLevels goes through what a recording, a matcher and a verification make of the level.
func TestLevels(t *testing.T) {
	w := open(t)
	m := &matcher{}
	w.config.Matcher, w.config.Thresholds, w.config.Identities = m, consent.Thresholds{Speech: 0.8, Voice: 0.7, Live: 0.5}, identities{}
	w.again()
	e := w.ask()
	_, _, err := w.ledger.AddReference(w.Context(), backend(), e.ID, consent.Asset{Modality: consent.Voice, Function: "voice-clone", Body: strings.NewReader("reference")})
	w.fine(err)
	_, err = w.ledger.Challenge(w.Context(), person(), e.ID)
	w.refused(err, consent.CodeNotice)
	n := w.shown(e.ID)
	wants := func(what string, want consent.Level, fit consent.Fit) {
		t.Helper()
		got := w.get(e.ID).Value
		if got.Level != want || got.Capture.Fit != fit {
			t.Errorf("%s: level %s, fit %s", what, got.Level, got.Capture.Fit)
		}
	}
	good := consent.Scores{Speech: score(0.9), Voice: score(0.9), Live: score(0.9)}
	m.err = errors.New("down")
	w.record(e.ID, "sound")
	wants("an adapter that fails", consent.Recorded, consent.FitUnknown)
	if m.heard != "sound+voice" {
		t.Errorf("the adapter got %q", m.heard)
	}
	m.err, m.scores = nil, consent.Scores{Speech: score(0.9), Voice: score(0.9)}
	w.record(e.ID, "sound")
	wants("no answer whether it is live", consent.Recorded, consent.FitUnknown)
	_, err = w.ledger.Verify(w.Context(), officer(), e.ID, "verification-1")
	w.refused(err, consent.CodeUnproven)
	m.scores = good
	_, err = w.ledger.Match(w.Context(), officer(), e.ID)
	w.fine(err)
	wants("a match", consent.Matched, consent.Fits)
	m.err = errors.New("down")
	_, err = w.ledger.Match(w.Context(), officer(), e.ID)
	w.fine(err)
	wants("an adapter that fails later", consent.Matched, consent.FitUnknown)
	m.err = nil
	w.config.Identities = identities{"verification-1": e.Subject, "verification-2": "somebody-else"}
	w.again()
	_, err = w.ledger.Verify(w.Context(), officer(), e.ID, "verification-2")
	w.refused(err, consent.CodeUnproven)
	_, err = w.ledger.Verify(w.Context(), officer(), e.ID, "verification-1")
	w.fine(err)
	wants("an identity", consent.Verified, consent.FitUnknown)
	w.record(e.ID, "new sound")
	wants("a new recording that fits", consent.Matched, consent.Fits)
	m.scores.Voice = score(0.1)
	w.record(e.ID, "another's sound")
	wants("another's voice", consent.Claimed, consent.Differs)
	_, err = w.ledger.Verify(w.Context(), officer(), e.ID, "verification-1")
	w.refused(err, consent.CodeStep)
	m.scores.Voice = score(math.NaN())
	w.record(e.ID, "sound")
	wants("no number", consent.Recorded, consent.FitUnknown)
	if _, _, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256}); err != nil {
		t.Fatal(err)
	}
}

func TestNoMatcher(t *testing.T) {
	w := open(t)
	e, _ := w.given()
	if e.Value.Level != consent.Claimed {
		t.Errorf("without a recording: %s", e.Value.Level)
	}
	e = w.record(e.ID, "sound")
	if e.Value.Level != consent.Recorded || e.Value.Capture.Fit != consent.FitUnknown || e.Value.Capture.Code != consent.CodeNoMatch {
		t.Errorf("%s, %+v", e.Value.Level, e.Value.Capture)
	}
	_, err := w.ledger.Match(w.Context(), officer(), e.ID)
	w.refused(err, consent.CodeNoMatch)
}

func TestChallenge(t *testing.T) {
	w := open(t)
	e := w.ask()
	w.shown(e.ID)
	take := func(nonce string) error {
		_, err := w.ledger.Record(w.Context(), person(), e.ID, consent.Take{Nonce: nonce, Body: strings.NewReader("sound")})
		return err
	}
	w.refused(take("none"), consent.CodeChallenge)
	first, err := w.ledger.Challenge(w.Context(), person(), e.ID)
	w.fine(err)
	second, err := w.ledger.Challenge(w.Context(), person(), e.ID)
	w.fine(err)
	if first.Phrase == second.Phrase || first.Nonce == second.Nonce || len(strings.Split(second.Phrase, ", ")) != 5 {
		t.Errorf("phrases %q and %q", first.Phrase, second.Phrase)
	}
	w.refused(take(first.Nonce), consent.CodeChallenge)
	w.pass(11 * time.Minute)
	w.refused(take(second.Nonce), consent.CodeChallenge)
	third, err := w.ledger.Challenge(w.Context(), person(), e.ID)
	w.fine(err)
	w.fine(take(third.Nonce))
	w.refused(take(third.Nonce), consent.CodeChallenge)
	if len(w.media.blobs) != 1 {
		t.Errorf("%d blobs are left of what was refused", len(w.media.blobs))
	}
	_, err = w.ledger.Record(w.Context(), person(), e.ID, consent.Take{Nonce: third.Nonce, Device: strings.Repeat("x", 2000), Body: strings.NewReader("sound")})
	w.refused(err, consent.CodeInvalid)
}

func TestReferences(t *testing.T) {
	w := open(t)
	w.config.MaxMedia = 8
	w.again()
	add := func(id string, a consent.Asset) error {
		a.Function = "voice-clone"
		_, _, err := w.ledger.AddReference(w.Context(), backend(), id, a)
		return err
	}
	id := w.ask(func(r *consent.Request) { r.Terms.Modality = []consent.Modality{consent.Face, consent.Voice} }).ID
	other := w.ask(func(r *consent.Request) { r.Requester = stranger }).ID
	w.refused(add(other, consent.Asset{Modality: consent.Voice, Body: strings.NewReader("voice")}), consent.CodePrompt)
	w.refused(add(id, consent.Asset{Modality: consent.Body, Body: strings.NewReader("body")}), consent.CodeInvalid)
	w.refused(add(id, consent.Asset{Modality: consent.Face, Body: strings.NewReader("more than 8")}), consent.CodeTooLarge)
	w.refused(add(id, consent.Asset{Modality: consent.Face, Body: strings.NewReader("")}), consent.CodeInvalid)
	w.refused(add(id, consent.Asset{Modality: consent.Face, SHA256: strings.Repeat("0", 64), Body: strings.NewReader("face")}), consent.CodeInvalid)
	if n, err := w.ledger.Faces(w.Context()); n != 0 || err != nil || len(w.media.blobs) != 0 {
		t.Errorf("%d faces, %d blobs: %v", n, len(w.media.blobs), err)
	}
	for range 2 { // the same twice, here and with the provider
		w.fine(add(id, consent.Asset{Modality: consent.Face, Body: strings.NewReader("face")}))
		w.fine(add(id, consent.Asset{Modality: consent.Face, SHA256: strings.Repeat("a", 64), Perceptual: strings.Repeat("b", 64)}))
	}
	if n, err := w.ledger.Faces(w.Context()); n != 1 || err != nil {
		t.Errorf("%d faces: %v", n, err)
	}
	if there, err := w.ledger.Referenced(w.Context(), w.get(id).Value.References[0].Blob); !there || err != nil {
		t.Errorf("a blob that is needed: %v, %v", there, err)
	}
	w.config.Prompts = nil
	w.again()
	w.refused(add(id, consent.Asset{Modality: consent.Face, Body: strings.NewReader("face")}), consent.CodePrompt)
}

func TestGuardianAndKin(t *testing.T) {
	w := open(t)
	bring := func(id string, k consent.Kinship, unopposed bool) error {
		_, err := w.ledger.Relate(w.Context(), person(), id, consent.Proof{Kinship: k, Name: "Relative Person", Unopposed: unopposed, Body: strings.NewReader("register")})
		return err
	}
	child, _ := w.given(func(r *consent.Request) { r.Person = consent.Minor })
	if _, err := w.ledger.Claim(w.Context(), backend(), w.ask(func(r *consent.Request) { r.Person = consent.Minor }).ID); !has(err, consent.CodeGrantor) {
		t.Errorf("claimed for a child: %v", err)
	}
	_, _, err := w.ledger.Mint(w.Context(), backend(), child.ID, consent.Use{}, 1, time.Time{})
	w.refused(err, consent.CodeRelation)
	w.refused(bring(child.ID, consent.Spouse, true), consent.CodeInvalid)
	w.fine(bring(child.ID, consent.Parent, false))
	_, _, err = w.ledger.Mint(w.Context(), backend(), child.ID, consent.Use{}, 1, time.Time{})
	w.refused(err, consent.CodeRelation)
	f, err := w.ledger.Evidence(w.Context(), officer(), child.ID, "relation")
	w.fine(err)
	f.Close()
	_, err = w.ledger.DecideRelation(w.Context(), officer(), child.ID, false, "unreadable")
	w.fine(err)
	w.fine(bring(child.ID, consent.Parent, false))
	e, err := w.ledger.DecideRelation(w.Context(), officer(), child.ID, true, "")
	w.fine(err)
	if e.Value.Relation.By != officer().ID {
		t.Errorf("decided by %q", e.Value.Relation.By)
	}
	token, _ := w.mint(child.ID, 1)
	_, err = w.ledger.Check(w.Context(), token, use())
	w.fine(err)

	dead, _ := w.given(func(r *consent.Request) { r.Person = consent.Deceased })
	w.fine(bring(dead.ID, consent.Child, false))
	_, err = w.ledger.DecideRelation(w.Context(), officer(), dead.ID, true, "")
	w.refused(err, consent.CodeRelation) // nobody declared that there is no contrary will
	w.fine(bring(dead.ID, consent.Child, true))
	_, err = w.ledger.DecideRelation(w.Context(), officer(), dead.ID, true, "")
	w.fine(err)
	for typ, clause := range map[evidence.Subject]colophon.Clause{child.Subject: colophon.ClausePIPL31, dead.Subject: colophon.ClausePIPL49} {
		if !w.cites(typ, clause) {
			t.Errorf("no record cites %s", clause)
		}
	}
}

func (w *world) cites(subject evidence.Subject, clause colophon.Clause) bool {
	for r, err := range w.store.Records(w.Context(), false) {
		w.fine(err)
		for _, c := range r.Clauses {
			if c == clause && r.Subject == subject {
				return true
			}
		}
	}
	return false
}
