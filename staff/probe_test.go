package staff_test

import (
	"testing"
	"time"

	"github.com/colophon-project/colophon/staff"
)

// TestProbeKey: the program makes itself a key that reaches no more than an application may, and ends it, and no other.
func TestProbeKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	text, k, err := w.roster.CreateProbeKey(w.ctx)
	w.fine(err)
	if k.Name != staff.ProbeKeyName || k.Ends.Sub(k.Created) > time.Hour {
		t.Errorf("%+v", k)
	}
	for _, a := range k.Scope.Actions {
		if !staff.AllowedToKeys(a) {
			t.Errorf("it may %s, which no key may", a)
		}
	}
	for _, a := range []staff.Action{staff.AccountVerify, staff.AccountRead, staff.EvidenceRead, staff.ConsentRead, staff.HeldRead, staff.FeatureRead, staff.ScreenUse} {
		if k.Demand(a, "", "") == nil {
			t.Errorf("it may %s", a)
		}
	}
	_, err = w.roster.CheckKey(w.ctx, text)
	w.fine(err)
	_, other, err := w.roster.CreateKey(w.ctx, o.Account.Actor(), "application", staff.Scope{Actions: []staff.Action{staff.ArtefactRead}}, time.Hour)
	w.fine(err)
	w.refused(w.roster.EndProbeKey(w.ctx, other.ID), staff.CodeForbidden)
	w.fine(w.roster.EndProbeKey(w.ctx, k.ID))
	w.fine(w.roster.EndProbeKey(w.ctx, k.ID))
	_, err = w.roster.CheckKey(w.ctx, text)
	w.refused(err, staff.CodeKeyRevoked)
}
