package staff_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

// authenticator is a virtual one: it keeps a key of its own, signs as a device does, and can be told to misbehave.
type authenticator struct {
	t       testing.TB
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	counter uint32

	origin    string
	domain    string
	noUser    bool // says that nobody proved themselves to the device
	challenge string
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &authenticator{t: t, key: key, id: id, origin: "https://colophon.example", domain: "colophon.example"}
}

// options is what the authenticator needs of what a browser is given.
type options struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"user"`
		UserVerification       string `json:"userVerification"`
		AuthenticatorSelection struct {
			ResidentKey      string `json:"residentKey"`
			UserVerification string `json:"userVerification"`
		} `json:"authenticatorSelection"`
		Attestation        string            `json:"attestation"`
		ExcludeCredentials []json.RawMessage `json:"excludeCredentials"`
		AllowCredentials   []json.RawMessage `json:"allowCredentials"`
	} `json:"publicKey"`
}

func readOptions(t testing.TB, c staff.Ceremony) options {
	t.Helper()
	var o options
	if err := json.Unmarshal(c.Options, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) clientData(typ, challenge string) []byte {
	if a.challenge != "" {
		challenge = a.challenge
	}
	b, err := json.Marshal(map[string]any{"type": typ, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

func (a *authenticator) data(attested []byte) []byte {
	flags := byte(1 | 4) // a person was there and proved themselves
	if a.noUser {
		flags = 1
	}
	if attested != nil {
		flags |= 0x40
	}
	domain := sha256.Sum256([]byte(a.domain))
	out := append(domain[:], flags)
	out = binary.BigEndian.AppendUint32(out, a.counter)
	return append(out, attested...)
}

// register answers navigator.credentials.create.
func (a *authenticator) register(c staff.Ceremony) []byte {
	o := readOptions(a.t, c)
	var err error
	if a.handle, err = base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID); err != nil {
		a.t.Fatal(err)
	}
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		a.t.Fatal(err)
	}
	attested := make([]byte, 16) // AAGUID of zeros
	attested = binary.BigEndian.AppendUint16(attested, uint16(len(a.id)))
	attested = append(append(attested, a.id...), public...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(attested)})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{
		"clientDataJSON": text(a.clientData("webauthn.create", o.PublicKey.Challenge)), "attestationObject": text(object), "transports": []string{"internal"},
	})
}

// sign answers navigator.credentials.get.
func (a *authenticator) sign(c staff.Ceremony) []byte {
	o := readOptions(a.t, c)
	data, client := a.data(nil), a.clientData("webauthn.get", o.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature), "userHandle": text(a.handle)})
}

func (a *authenticator) answer(response map[string]any) []byte {
	b, err := json.Marshal(map[string]any{"id": text(a.id), "rawId": text(a.id), "type": "public-key", "authenticatorAttachment": "platform", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

// registered makes an authenticator whose passkey belongs to the session's account.
func (w *world) registered(o *staff.Opened) *authenticator {
	w.Helper()
	a := newAuthenticator(w)
	c, err := w.roster.BeginPasskey(w.ctx, o.Token)
	w.fine(err)
	*o, err = w.roster.FinishPasskey(w.ctx, o.Token, c.Ticket, a.register(c))
	w.fine(err)
	return a
}

func (w *world) signInWith(a *authenticator) (staff.Opened, error) {
	w.Helper()
	c, err := w.roster.BeginPasskeySignIn(w.ctx, here())
	w.fine(err)
	return w.roster.FinishPasskeySignIn(w.ctx, c.Ticket, a.sign(c), here())
}

func TestPasskey(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	before := o.Token
	c, err := w.roster.BeginPasskey(w.ctx, o.Token)
	w.fine(err)
	opts := readOptions(t, c).PublicKey
	account := uuid.MustParse(string(o.Account.ID))
	if opts.RP.ID != "colophon.example" || opts.User.ID != text(account[:]) || opts.AuthenticatorSelection.UserVerification != "required" ||
		opts.AuthenticatorSelection.ResidentKey != "required" || opts.Attestation == "direct" || len(opts.Challenge) < 43 {
		t.Errorf("options %s", c.Options)
	}
	a := newAuthenticator(t)
	o, err = w.roster.FinishPasskey(w.ctx, o.Token, c.Ticket, a.register(c))
	w.fine(err)
	w.proven(staff.ProofPasskeyAdded, staff.ProofSessionRotated)
	_, err = w.roster.Check(w.ctx, before)
	w.refused(err, staff.CodeSessionEnded) // the session was rotated
	_, err = w.roster.Check(w.ctx, o.Token)
	w.fine(err)
	if again, err := w.roster.BeginPasskey(w.ctx, o.Token); err != nil || len(readOptions(t, again).PublicKey.ExcludeCredentials) != 1 {
		t.Errorf("the passkey that is there is not excluded: %v", err)
	}

	for range 3 {
		a.counter++
		s, err := w.signInWith(a)
		w.fine(err)
		w.proven(staff.ProofPasskeyUsed, staff.ProofSessionOpened)
		if s.Account.ID != o.Account.ID || s.Session.Method != staff.MethodPasskey {
			t.Errorf("session %+v", s.Session)
		}
		_, err = w.roster.Check(w.ctx, s.Token)
		w.fine(err)
	}
	begun, err := w.roster.BeginPasskeySignIn(w.ctx, here())
	w.fine(err)
	if o := readOptions(t, begun).PublicKey; o.UserVerification != "required" || len(o.AllowCredentials) != 0 || o.RPID != "colophon.example" {
		t.Errorf("options %s", begun.Options)
	}
	// An answer is good once, and so is a ticket that was answered wrongly.
	a.counter++
	answer := a.sign(begun)
	_, err = w.roster.FinishPasskeySignIn(w.ctx, begun.Ticket, []byte("{}"), here())
	w.refused(err, staff.CodeSignInRefused)
	_, err = w.roster.FinishPasskeySignIn(w.ctx, begun.Ticket, answer, here())
	w.refused(err, staff.CodeTicketRefused)
	late, err := w.roster.BeginPasskeySignIn(w.ctx, here())
	w.fine(err)
	w.pass(5 * time.Minute)
	_, err = w.roster.FinishPasskeySignIn(w.ctx, late.Ticket, a.sign(late), here())
	w.refused(err, staff.CodeTicketRefused)
}

func TestPasskeyForged(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	other := w.person(o, "other", staff.Auditor)
	a := w.registered(&o)
	b := w.registered(&other)
	for name, forge := range map[string]func(*authenticator){
		"another site":       func(x *authenticator) { x.origin = "https://colophon.example.evil" },
		"another domain":     func(x *authenticator) { x.domain = "evil.example" },
		"another challenge":  func(x *authenticator) { x.challenge = text(make([]byte, 32)) },
		"nobody proved":      func(x *authenticator) { x.noUser = true },
		"another key":        func(x *authenticator) { x.key = newAuthenticator(t).key },
		"another account":    func(x *authenticator) { x.handle = b.handle },
		"no account":         func(x *authenticator) { x.handle = nil },
		"an unknown account": func(x *authenticator) { u := uuid.New(); x.handle = u[:] },
		"another credential": func(x *authenticator) { x.id = b.id },
	} {
		x := *a
		x.counter = 100
		forge(&x)
		if _, err := w.signInWith(&x); err == nil {
			t.Errorf("%s: signed in", name)
		} else {
			var e *colophon.Error
			if !errors.As(err, &e) || e.Code != staff.CodeSignInRefused || strings.Contains(err.Error(), "evil") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	a.counter++
	_, err := w.signInWith(a)
	w.fine(err)
	_, err = w.roster.Disable(w.ctx, o.Account.Actor(), other.Account.ID)
	w.fine(err)
	_, err = w.signInWith(b)
	w.refused(err, staff.CodeSignInRefused)
}

func TestPasskeyRegistrationForged(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	other := w.person(o, "other", staff.Auditor)
	begin := func(s staff.Opened) staff.Ceremony {
		c, err := w.roster.BeginPasskey(w.ctx, s.Token)
		w.fine(err)
		return c
	}
	for name, forge := range map[string]func(*authenticator){
		"another site":      func(x *authenticator) { x.origin = "https://evil.example" },
		"another domain":    func(x *authenticator) { x.domain = "evil.example" },
		"another challenge": func(x *authenticator) { x.challenge = text(make([]byte, 32)) },
		"nobody proved":     func(x *authenticator) { x.noUser = true },
	} {
		x, c := newAuthenticator(t), begin(o)
		forge(x)
		if _, err := w.roster.FinishPasskey(w.ctx, o.Token, c.Ticket, x.register(c)); err == nil {
			t.Errorf("%s: registered", name)
		} else {
			w.refused(err, staff.CodePasskeyRefused)
		}
	}
	c := begin(o)
	_, err := w.roster.FinishPasskey(w.ctx, other.Token, c.Ticket, newAuthenticator(t).register(c))
	w.refused(err, staff.CodeTicketRefused) // somebody else's ceremony
	signIn, err := w.roster.BeginPasskeySignIn(w.ctx, here())
	w.fine(err)
	_, err = w.roster.FinishPasskey(w.ctx, o.Token, signIn.Ticket, nil)
	w.refused(err, staff.CodeTicketRefused) // the ticket of another ceremony
	a := w.registered(&o)
	c = begin(other)
	_, err = w.roster.FinishPasskey(w.ctx, other.Token, c.Ticket, a.register(c))
	w.refused(err, staff.CodeTaken) // the passkey of another account
	_, err = w.roster.FinishPasskey(w.ctx, o.Token, begin(o).Ticket, make([]byte, 65<<10))
	w.refused(err, staff.CodePasskeyRefused)
}

// TestPasskeyCopied has two devices with one key: the counter that goes back gives the copy away.
func TestPasskeyCopied(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	a := w.registered(&o)
	a.counter = 7
	_, err := w.signInWith(a)
	w.fine(err)
	copied := *a
	copied.counter = 5
	_, err = w.signInWith(&copied)
	w.refused(err, staff.CodeSignInRefused)
	w.proven(staff.ProofPasskeySuspected)
	a.counter = 8
	_, err = w.signInWith(a)
	w.refused(err, staff.CodeSignInRefused) // nobody can tell which one is the copy
	_, err = w.roster.SignIn(w.ctx, login, password, here())
	w.fine(err)
}

func TestRemovePasskey(t *testing.T) {
	w := newWorld(t)
	o := w.officer()
	a := w.registered(&o)
	_, err := w.roster.RemovePasskey(w.ctx, o.Token, []byte("nothing"))
	w.refused(err, staff.CodePasskeyUnknown)
	elsewhere, err := w.signInWith(a)
	w.fine(err)
	_, err = w.roster.RemovePasskey(w.ctx, o.Token, a.id)
	w.fine(err)
	w.proven(staff.ProofPasskeyRemoved, staff.ProofSessionRotated)
	_, err = w.roster.Check(w.ctx, elsewhere.Token)
	w.refused(err, staff.CodeSessionEnded)
	_, err = w.signInWith(a)
	w.refused(err, staff.CodeSignInRefused)
}

func TestPasskeysOff(t *testing.T) {
	w := newWorld(t, func(c *staff.Config) { c.Passkeys = staff.PasskeySite{} })
	o := w.officer()
	_, err := w.roster.BeginPasskey(w.ctx, o.Token)
	w.refused(err, staff.CodePasskeysOff)
	_, err = w.roster.FinishPasskeySignIn(w.ctx, "", nil, here())
	w.refused(err, staff.CodePasskeysOff)
}

// FuzzPasskey sends answers that no authenticator gave.
func FuzzPasskey(f *testing.F) {
	t := newAuthenticator(f)
	empty := staff.Ceremony{Options: json.RawMessage(`{"publicKey":{"challenge":"AAAA","user":{"id":"AAAA"}}}`)}
	f.Add(t.register(empty))
	f.Add(t.sign(empty))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		w := newWorld(t)
		o := w.officer()
		c, err := w.roster.BeginPasskey(w.ctx, o.Token)
		w.fine(err)
		if _, err := w.roster.FinishPasskey(w.ctx, o.Token, c.Ticket, answer); err == nil {
			t.Error("registered")
		}
		c, err = w.roster.BeginPasskeySignIn(w.ctx, here())
		w.fine(err)
		if _, err := w.roster.FinishPasskeySignIn(w.ctx, c.Ticket, answer, here()); err == nil {
			t.Error("signed in")
		}
	})
}
