package consent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
)

// notifier notes who was told, and fails for those that a test names.
type notifier struct {
	told map[evidence.Subject][]string
	fail map[evidence.Subject]bool
}

func (n *notifier) Notify(_ context.Context, m consent.Message) error {
	if n.fail[m.Account] {
		return errors.New("no address")
	}
	n.told[m.Account] = m.Numbers
	return nil
}

type derived struct {
	err     error
	deleted []string
}

func (d *derived) Delete(_ context.Context, id string) (int, int, error) {
	if d.err != nil {
		return 0, 0, d.err
	}
	d.deleted = append(d.deleted, id)
	return 2, 1, nil
}

// used makes a consent with two items made by it and references of both kinds, and withdraws it.
func (w *world) used() consent.Entry {
	w.Helper()
	e := w.ask(func(r *consent.Request) { r.Terms.Modality = []consent.Modality{consent.Voice, consent.Face} })
	for _, a := range []consent.Asset{{Modality: consent.Voice, Body: strings.NewReader("voice")}, {Modality: consent.Face, Body: strings.NewReader("face")}, {Modality: consent.Face, SHA256: strings.Repeat("c", 64)}} {
		a.Function = "voice-clone"
		_, _, err := w.ledger.AddReference(w.Context(), backend(), e.ID, a)
		w.fine(err)
	}
	n := w.shown(e.ID)
	w.record(e.ID, "recording")
	_, _, err := w.ledger.Give(w.Context(), person(), e.ID, consent.Answer{Notice: n.SHA256})
	w.fine(err)
	w.pass(time.Second)
	token, _ := w.mint(e.ID, 5)
	for _, number := range []string{"number-1", "number-2"} {
		_, err := w.ledger.Spend(w.Context(), backend(), token, use(), number)
		w.fine(err)
		w.outputs.items[number] = consent.Output{Number: number, Function: "voice-clone", At: w.clock.Now(), Kept: true}
	}
	w.outputs.copies["number-1"] = consent.Copies{Handed: 3, Accounts: []evidence.Subject{stranger}}
	e, err = w.ledger.Withdraw(w.Context(), person(), e.ID, "no-reason")
	w.fine(err)
	return e
}

func steps(e consent.Entry) (list []string) {
	for _, s := range e.Value.Cascade.Steps {
		list = append(list, s.Name+" "+string(s.State))
	}
	return list
}

func TestCascade(t *testing.T) {
	w := open(t)
	told := &notifier{told: map[evidence.Subject][]string{}}
	models := &derived{}
	w.config.Notifier, w.config.Derived = told, models
	w.again()
	e := w.used()
	w.fine(w.ledger.Tick(w.Context()))
	e = w.get(e.ID)
	if e.Value.Cascade.Done.IsZero() || !e.Due.IsZero() || len(w.media.blobs) != 0 || len(models.deleted) != 1 {
		t.Fatalf("%v, due %v, %d blobs", steps(e), e.Due, len(w.media.blobs))
	}
	if len(told.told) != 2 || !slices.Equal(told.told[stranger], []string{"number-1"}) {
		t.Errorf("told %v", told.told)
	}
	c, err := consent.OpenCertificate([]byte(e.Value.Cascade.Certificate), w.verifier)
	w.fine(err)
	want := []consent.Residue{{Code: consent.ResidueOutputs, Count: 2}, {Code: consent.ResidueCopies, Count: 3}, {Code: consent.ResidueReferences, Count: 1}, {Code: consent.ResidueDerived, Count: 1},
		{Code: consent.ResidueRecords, Count: len(e.Value.Events)}, {Code: consent.ResidueBackups, Count: -1}}
	if !slices.Equal(c.Residue, want) || c.Record != e.ID || len(c.Steps) != 6 || c.State != consent.Withdrawn {
		t.Errorf("certificate %+v", c)
	}
	list, _, err := w.ledger.Tokens(w.Context(), e.ID, "", 0)
	w.fine(err)
	if list[0].State != string(consent.Revoked) || len(list[0].Value.Spends) != 2 {
		t.Errorf("token %s", list[0].State)
	}
	// The reference that lies with the provider is a face that is stored; those here are gone.
	if n, err := w.ledger.Faces(w.Context()); n != 1 || err != nil {
		t.Errorf("%d faces: %v", n, err)
	}
	before := len(w.types())
	w.pass(time.Hour)
	w.fine(w.ledger.Tick(w.Context()))
	if len(w.types()) != before {
		t.Error("a cascade that is done went on")
	}
}

// TestCascadeCrash stops the process after each record of the cascade and goes on with another one.
func TestCascadeCrash(t *testing.T) {
	w := open(t)
	e := w.used()
	for crashes := 0; ; crashes++ {
		e = w.get(e.ID)
		if !e.Value.Cascade.Done.IsZero() {
			if crashes < 5 {
				t.Errorf("only %d crashes", crashes)
			}
			break
		}
		done := len(slices.DeleteFunc(steps(e), func(s string) bool { return !strings.HasSuffix(s, " done") }))
		ctx, stop := context.WithCancel(w.Context())
		w.media.fail = nil
		consents := w.config.Consents
		w.config.Consents = dying{consents, stop}
		w.again()
		_ = w.ledger.Tick(ctx) // it dies
		stop()
		w.config.Consents = consents
		w.again()
		if after := len(slices.DeleteFunc(steps(w.get(e.ID)), func(s string) bool { return !strings.HasSuffix(s, " done") })); after < done {
			t.Fatalf("%d steps were done, and %d are", done, after)
		}
		if crashes > 20 {
			t.Fatalf("it does not end: %v", steps(e))
		}
	}
	if len(w.media.blobs) != 0 {
		t.Errorf("%d blobs are left", len(w.media.blobs))
	}
	names := steps(e)
	if !slices.Equal(names, []string{"block done", "tokens done", "outputs done", "references done", "derived done", "notify done", "certificate done"}) {
		t.Error(names)
	}
	for _, s := range e.Value.Cascade.Steps[1:] {
		if s.Tries != 1 {
			t.Errorf("%s was written down %d times", s.Name, s.Tries)
		}
	}
}

// TestCascadeFaults has parts fail: nothing is certified before they are done, and what can't be delivered is said.
func TestCascadeFaults(t *testing.T) {
	w := open(t)
	told := &notifier{told: map[evidence.Subject][]string{}, fail: map[evidence.Subject]bool{stranger: true}}
	models := &derived{err: errors.New("down")}
	w.config.Notifier, w.config.Derived = told, models
	w.again()
	e := w.used()
	w.media.fail = errors.New("no disk")
	for range 8 {
		if err := w.ledger.Tick(w.Context()); err == nil {
			t.Fatal("no fault is told")
		}
		w.pass(7 * time.Hour)
	}
	e = w.get(e.ID)
	if got := steps(e); !slices.Equal(got, []string{"block done", "tokens done", "outputs done", "references failed", "derived failed", "notify done", "certificate pending"}) {
		t.Fatal(got)
	}
	if !slices.Contains(e.Value.Cascade.Residue, consent.Residue{Code: consent.ResidueUndelivered, Count: 1}) || e.Value.Cascade.Steps[3].Code != consent.CodeStepFailed {
		t.Errorf("%+v", e.Value.Cascade)
	}
	w.media.fail, models.err = nil, nil
	w.fine(w.ledger.Tick(w.Context()))
	if e = w.get(e.ID); e.Value.Cascade.Done.IsZero() {
		t.Error(steps(e))
	}
}

// dying lets a change of a consent be committed, and then ends the process's life.
type dying struct {
	ledgerStore
	stop func()
}

func (d dying) Amend(ctx context.Context, rec evidence.Record, entries ...consent.Entry) error {
	defer d.stop()
	return d.ledgerStore.Amend(ctx, rec, entries...)
}

// TestErasure ends what an erased person gave, and what an erased account asked for. The cascade goes on though nobody can
// read any more what was sealed.
func TestErasure(t *testing.T) {
	w := open(t)
	own := w.ask(func(r *consent.Request) { r.Subject = account })
	_, _, err := w.ledger.AddReference(w.Context(), backend(), own.ID, consent.Asset{Modality: consent.Voice, Function: "voice-clone", Body: strings.NewReader("voice")})
	w.fine(err)
	others, _ := w.given()
	token, _ := w.mint(others.ID, 2)
	_, err = w.ledger.Spend(w.Context(), backend(), token, use(), "number-1")
	w.fine(err)
	w.fine(w.ledger.Forget(w.Context(), officer(), account))
	rec, err := w.config.Recorder.New("subject.erased", evidence.System, "officer", nil, map[string]any{"subject": account})
	w.fine(err)
	_, err = w.store.Erase(w.Context(), rec, account)
	w.fine(err)
	w.config.Recorder.Forget(account)
	_, err = w.ledger.Check(w.Context(), token, use())
	w.refused(err, consent.CodeState)
	w.fine(w.ledger.Tick(w.Context()))
	for id, state := range map[string]consent.State{own.ID: consent.Invalidated, others.ID: consent.Withdrawn} {
		if e := w.get(id); e.State != string(state) || e.Value.Cascade.Done.IsZero() {
			t.Errorf("%s: %v", e.State, steps(e))
		}
	}
	if len(w.media.blobs) != 0 {
		t.Errorf("%d blobs are left", len(w.media.blobs))
	}
	if w.get(own.ID).Kept == "whole" {
		t.Error("what was sealed can still be read")
	}
	_, err = w.ledger.Receipt(w.Context(), person(), own.ID)
	w.refused(err, consent.CodeErased)
	spent, err := w.ledger.Spent(w.Context(), "number-1", use())
	w.fine(err)
	if len(spent) != 1 || spent[0].State != consent.Withdrawn || spent[0].Consent != others.ID || spent[0].Used.IsZero() {
		t.Errorf("%+v", spent)
	}
}
