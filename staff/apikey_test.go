package staff_test

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

const day = 24 * time.Hour

func reading() staff.Scope {
	return staff.Scope{Actions: []staff.Action{staff.ArtefactRead, staff.ArtefactCreate}, Services: []string{"s1"}, Functions: []string{staff.Every}}
}

func TestKey(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	text, k, err := w.roster.CreateKey(w.ctx, o.Account.Actor(), "gallery", reading(), 90*day)
	w.fine(err)
	w.proven(staff.ProofKeyCreated)
	if !regexp.MustCompile(`^clp_[0-9A-Za-z]{49}$`).MatchString(text) || len(text) != staff.KeyLength {
		t.Errorf("the key looks like %s", text)
	}
	stored := w.store.State.Keys[k.ID]
	if stored.Digest != staff.Digest(sha256.Sum256([]byte(text))) {
		t.Error("the key is not stored as its SHA-256")
	}
	got, err := w.roster.CheckKey(w.ctx, text)
	w.fine(err)
	if got.ID != k.ID {
		t.Errorf("key %+v", got)
	}
	for _, c := range []struct {
		action            staff.Action
		service, function string
		want              bool
	}{
		{staff.ArtefactRead, "s1", "f", true}, {staff.ArtefactCreate, "", "", true}, {staff.ArtefactRead, "s2", "f", false},
		{staff.EvidenceRead, "s1", "f", false}, {staff.StaffManage, "", "", false}, {"", "", "", false},
	} {
		if err := got.Demand(c.action, c.service, c.function); (err == nil) != c.want {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if (staff.Key{Scope: staff.Scope{Actions: []staff.Action{staff.ArtefactRead}}}).Demand(staff.ArtefactRead, "s1", "") == nil {
		t.Error("an empty list of services reaches one")
	}
	// A scope that says what no key may have gives nothing.
	if (staff.Key{Scope: staff.Scope{Actions: []staff.Action{staff.StaffManage}}}).Demand(staff.StaffManage, "", "") == nil {
		t.Error("a key manages the staff")
	}
	w.pass(90*day - time.Millisecond)
	_, err = w.roster.CheckKey(w.ctx, text)
	w.fine(err)
	w.pass(time.Millisecond)
	_, err = w.roster.CheckKey(w.ctx, text)
	w.refused(err, staff.CodeKeyEnded)
}

func TestKeyRefused(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	e, a := w.person(o, "e", staff.Engineer), w.person(o, "a", staff.Auditor)
	for name, c := range map[string]struct {
		by    staff.Opened
		name  string
		scope staff.Scope
		life  time.Duration
		code  colophon.Code
	}{
		"an auditor makes a key":    {a, "k", reading(), day, staff.CodeForbidden},
		"more than the maker may":   {e, "k", staff.Scope{Actions: []staff.Action{staff.EvidenceRead}}, day, staff.CodeForbidden},
		"what no key may":           {o, "k", staff.Scope{Actions: []staff.Action{staff.StaffManage}}, day, staff.CodeKeyInvalid},
		"an action that is none":    {o, "k", staff.Scope{Actions: []staff.Action{"*"}}, day, staff.CodeKeyInvalid},
		"no action":                 {o, "k", staff.Scope{}, day, staff.CodeKeyInvalid},
		"an action twice":           {o, "k", staff.Scope{Actions: []staff.Action{staff.ArtefactRead, staff.ArtefactRead}}, day, staff.CodeKeyInvalid},
		"no name":                   {o, "", reading(), day, staff.CodeKeyInvalid},
		"a name with a line break":  {o, "a\nb", reading(), day, staff.CodeKeyInvalid},
		"a long name":               {o, strings.Repeat("名", 81), reading(), day, staff.CodeKeyInvalid},
		"a service with a space":    {o, "k", staff.Scope{Actions: reading().Actions, Services: []string{"a b"}}, day, staff.CodeKeyInvalid},
		"a function without a name": {o, "k", staff.Scope{Actions: reading().Actions, Functions: []string{""}}, day, staff.CodeKeyInvalid},
		"no life":                   {o, "k", reading(), 0, staff.CodeKeyInvalid},
		"a life too long":           {o, "k", reading(), 401 * day, staff.CodeKeyInvalid},
	} {
		_, _, err := w.roster.CreateKey(w.ctx, c.by.Account.Actor(), c.name, c.scope, c.life)
		if err == nil {
			t.Errorf("%s: made", name)
			continue
		}
		w.refused(err, c.code)
	}
	if len(w.store.State.Keys) != 0 {
		t.Error("a key was stored")
	}
	_, err := w.roster.CheckKey(w.ctx, staff.KeyText([32]byte{1}))
	w.refused(err, staff.CodeKeyUnknown)
	_, err = w.roster.Keys(w.ctx, a.Account.Actor(), "", 10)
	w.fine(err)
	w.refused(w.roster.RevokeKey(w.ctx, o.Account.Actor(), o.Account.ID), staff.CodeKeyUnknown)
	w.refused(w.roster.RevokeKey(w.ctx, a.Account.Actor(), o.Account.ID), staff.CodeForbidden)
}

func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	by := w.officer().Account.Actor()
	first, k1, err := w.roster.CreateKey(w.ctx, by, "gallery", reading(), 90*day)
	w.fine(err)
	w.pass(80 * day)
	second, k2, err := w.roster.RotateKey(w.ctx, by, k1.ID, 2*day)
	w.fine(err)
	w.proven(staff.ProofKeyRotated)
	if k2.Ends != w.now().Add(90*day) || k2.Replaces != k1.ID {
		t.Errorf("successor %+v", k2)
	}
	for _, text := range []string{first, second} { // both are good
		_, err = w.roster.CheckKey(w.ctx, text)
		w.fine(err)
	}
	_, _, err = w.roster.RotateKey(w.ctx, by, k1.ID, day)
	w.refused(err, staff.CodeKeyReplaced)
	_, _, err = w.roster.RotateKey(w.ctx, by, k2.ID, day)
	w.refused(err, staff.CodeKeyOverlap) // three at once
	w.pass(2 * day)
	_, err = w.roster.CheckKey(w.ctx, first)
	w.refused(err, staff.CodeKeyEnded)
	_, k3, err := w.roster.RotateKey(w.ctx, by, k2.ID, 0)
	w.fine(err)
	_, err = w.roster.CheckKey(w.ctx, second)
	w.refused(err, staff.CodeKeyEnded) // without overlap it ends at once
	_, _, err = w.roster.RotateKey(w.ctx, by, k3.ID, 31*day)
	w.refused(err, staff.CodeKeyInvalid)
	_, _, err = w.roster.RotateKey(w.ctx, staff.Actor{Account: "x", Roles: []staff.Role{staff.Auditor}}, k3.ID, 0)
	w.refused(err, staff.CodeForbidden)
	w.pass(89 * day)
	_, _, err = w.roster.RotateKey(w.ctx, by, k3.ID, 10*day)
	w.fine(err)
	if end := w.store.State.Keys[k3.ID].Ends; end != k3.Ends {
		t.Errorf("an overlap made the old key live until %v, not %v", end, k3.Ends)
	}
}

func TestKeyRevoked(t *testing.T) {
	w := newWorld(t)
	by := w.officer().Account.Actor()
	text, k, err := w.roster.CreateKey(w.ctx, by, "gallery", reading(), day)
	w.fine(err)
	next, _, err := w.roster.RotateKey(w.ctx, by, k.ID, time.Hour)
	w.fine(err)
	w.fine(w.roster.RevokeKey(w.ctx, by, k.ID))
	w.proven(staff.ProofKeyRevoked)
	proofs := len(w.store.Proofs)
	w.fine(w.roster.RevokeKey(w.ctx, by, k.ID))
	if len(w.store.Proofs) != proofs {
		t.Error("a key was revoked twice")
	}
	_, err = w.roster.CheckKey(w.ctx, text)
	w.refused(err, staff.CodeKeyRevoked)
	_, _, err = w.roster.RotateKey(w.ctx, by, k.ID, 0)
	w.refused(err, staff.CodeKeyRevoked)
	_, err = w.roster.CheckKey(w.ctx, next)
	w.fine(err)
}

func TestKeyUseIsCoarse(t *testing.T) {
	w := newWorld(t)
	text, k, err := w.roster.CreateKey(w.ctx, w.officer().Account.Actor(), "gallery", reading(), 10*day)
	w.fine(err)
	w.pass(10 * time.Minute)
	before := w.store.Commits
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := w.roster.CheckKey(w.ctx, text); err != nil {
				t.Errorf("CheckKey: %v", err)
			}
		})
	}
	wg.Wait()
	if used := w.store.State.Keys[k.ID].Used; used != time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) {
		t.Errorf("used at %v", used)
	}
	first := w.store.Commits - before
	for range 49 {
		w.pass(time.Minute)
		_, err = w.roster.CheckKey(w.ctx, text)
		w.fine(err)
	}
	if w.store.Commits-before != first {
		t.Error("a use in the same hour was written")
	}
}

func TestKeyText(t *testing.T) {
	for _, secret := range [][32]byte{{}, {31: 1}, {0: 0xff, 31: 0xff}, sha256.Sum256([]byte("x"))} {
		text := staff.KeyText(secret)
		if got, err := staff.ParseKey(text); err != nil || got != secret || len(text) != staff.KeyLength {
			t.Errorf("%x: %s, %x, %v", secret, text, got, err)
		}
		for i := range len(text) { // each single wrong character shows
			c := byte('0')
			if text[i] == c {
				c = '1'
			}
			if _, err := staff.ParseKey(text[:i] + string(c) + text[i+1:]); err == nil {
				t.Fatalf("%s with %c at %d is a key", text, c, i)
			}
		}
	}
	// Two keys that another program made, with zlib's CRC-32 and its own base 62.
	var counting [32]byte
	for i := range counting {
		counting[i] = byte(i)
	}
	for want, secret := range map[string][32]byte{
		"clp_00000000000000000000000000000000000000000000K2VNH": {},
		"clp_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf16t8TX": counting,
	} {
		if got := staff.KeyText(secret); got != want {
			t.Errorf("%x is %s, want %s", secret, got, want)
		}
	}
	if _, err := staff.ParseKey("clp_" + strings.Repeat("z", 49)); err == nil {
		t.Error("more than 256 bits are a key")
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(staff.KeyText([32]byte{}))
	f.Add(staff.KeyText(sha256.Sum256([]byte("x"))))
	f.Add("clp_" + strings.Repeat("z", 49))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := staff.ParseKey(text)
		if err == nil && staff.KeyText(secret) != text {
			t.Errorf("%q is not the spelling of its secret", text)
		}
	})
}

func FuzzTokens(f *testing.F) {
	f.Add("", "")
	f.Add(strings.Repeat("A", 43), strings.Repeat("A", 86))
	f.Fuzz(func(t *testing.T, token, form string) {
		w := newWorld(t)
		if _, err := w.roster.Check(w.ctx, token); err == nil {
			t.Error("a session on an empty store")
		}
		if err := w.roster.CheckCSRF(token, form); err == nil {
			t.Error("a form that nobody made")
		}
		if _, err := staff.ParseID(token); err == nil && len(token) != 36 {
			t.Errorf("%q is an identifier", token)
		}
	})
}
