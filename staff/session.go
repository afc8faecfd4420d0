package staff

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/colophon-project/colophon"
)

// Method says how somebody proved who they are.
type Method string

// The methods.
const (
	MethodPassword   Method = "password"
	MethodPasskey    Method = "passkey"
	MethodOIDC       Method = "oidc"
	MethodSetUp      Method = "set-up"
	MethodInvitation Method = "invitation"
)

// Session is the proof that somebody signed in. The token that names it is with the browser alone.
type Session struct {
	ID      ID // stands in records
	Digest  Digest
	Account ID
	Epoch   int64 // of the account when the session opened
	Method  Method
	Opened  time.Time // when the person proved who they are
	Seen    time.Time // last use, coarse
	Ends    time.Time // whatever happens
}

// SessionLimits says how long sessions last.
type SessionLimits struct {
	Idle  time.Duration // without use; zero for 30 minutes
	Total time.Duration // in all; zero for 12 hours
	Fresh time.Duration // how long after signing in the person may change their own means of sign-in; zero for 10 minutes
}

func (l SessionLimits) orDefault() SessionLimits {
	if l.Idle == 0 {
		l.Idle = 30 * time.Minute
	}
	if l.Total == 0 {
		l.Total = 12 * time.Hour
	}
	if l.Fresh == 0 {
		l.Fresh = 10 * time.Minute
	}
	return l
}

func (l SessionLimits) sane() bool {
	return l.Idle >= time.Minute && l.Idle <= l.Total && l.Total <= 30*24*time.Hour && l.Fresh > 0 && l.Fresh <= l.Total
}

// step is how coarse the time of last use is: a tenth of the idle time, a minute at most.
func (l SessionLimits) step() time.Duration { return min(l.Idle/10, time.Minute) }

// Opened is a session with its token, which is shown to nobody but the browser it is for.
type Opened struct {
	Token   string
	Session Session
	Account Account
}

func (r *Roster) newSession(a Account, method Method) (Session, string, error) {
	token, digest, err := r.token()
	if err != nil {
		return Session{}, "", err
	}
	id, err := r.id()
	if err != nil {
		return Session{}, "", err
	}
	now := r.now()
	return Session{ID: id, Digest: digest, Account: a.ID, Epoch: a.Epoch, Method: method, Opened: now, Seen: now, Ends: now.Add(r.limits.Total)}, token, nil
}

// open makes a session for an account that has proved who it is, and ends the one it replaces.
func (r *Roster) open(ctx context.Context, a Account, method Method, replaces string) (Opened, error) {
	s, token, err := r.newSession(a, method)
	if err != nil {
		return Opened{}, err
	}
	c := Change{OpenSessions: []Session{s}}
	var before ID
	if digest, ok := tokenDigest(replaces); ok {
		old, err := r.store.Session(ctx, digest)
		if err != nil && !errors.Is(err, ErrMissing) {
			return Opened{}, fmt.Errorf("reading the session before: %w", err)
		}
		if err == nil {
			c.EndSessions, before = []Digest{digest}, old.ID
		}
	}
	err = r.store.Commit(ctx, c, sessionProof(ProofSessionOpened, s, a, before))
	if errors.Is(err, ErrConflict) && len(c.EndSessions) > 0 { // it ended meanwhile, which is what was wanted
		c.EndSessions = nil
		err = r.store.Commit(ctx, c, sessionProof(ProofSessionOpened, s, a, before))
	}
	if err != nil {
		return Opened{}, fmt.Errorf("opening a session: %w", err)
	}
	return Opened{Token: token, Session: s, Account: a}, nil
}

// Check says whose session a token names. An error of kind Refused with [CodeSessionEnded] means that there is none, or
// that it has ended; every other error means that it could not be told.
func (r *Roster) Check(ctx context.Context, token string) (Opened, error) {
	ended := refuse(colophon.Refused, CodeSessionEnded, nil)
	digest, ok := tokenDigest(token)
	if !ok {
		return Opened{}, ended
	}
	s, err := r.store.Session(ctx, digest)
	if errors.Is(err, ErrMissing) {
		return Opened{}, ended
	}
	if err != nil {
		return Opened{}, fmt.Errorf("reading a session: %w", err)
	}
	now := r.now()
	if subtle.ConstantTimeCompare(s.Digest[:], digest[:]) != 1 || !now.Before(s.Ends) || !now.Before(s.Seen.Add(r.limits.Idle)) {
		return Opened{}, ended
	}
	a, err := r.store.Account(ctx, AccountQuery{ID: s.Account})
	if errors.Is(err, ErrMissing) {
		return Opened{}, ended
	}
	if err != nil {
		return Opened{}, fmt.Errorf("reading the account of a session: %w", err)
	}
	if a.Disabled || a.Epoch != s.Epoch {
		return Opened{}, ended
	}
	if now.Sub(s.Seen) >= r.limits.step() {
		if err := r.store.Commit(ctx, Change{SeenSessions: []SeenSession{{digest, now}}}); err != nil {
			return Opened{}, fmt.Errorf("noting the use of a session: %w", err)
		}
		s.Seen = now
	}
	return Opened{Token: token, Session: s, Account: a}, nil
}

// Fresh returns an error of kind Refused with [CodeProveAgain] when the person proved who they are too long ago for what
// they want to do.
func (r *Roster) Fresh(s Session) error {
	if age := r.now().Sub(s.Opened); age < 0 || age >= r.limits.Fresh {
		return refuse(colophon.Refused, CodeProveAgain, nil)
	}
	return nil
}

// SignOut ends one session. A session that has ended already is no error.
func (r *Roster) SignOut(ctx context.Context, token string) error {
	o, err := r.Check(ctx, token)
	if hasCode(err, CodeSessionEnded) {
		return nil
	}
	if err != nil {
		return err
	}
	err = r.store.Commit(ctx, Change{EndSessions: []Digest{o.Session.Digest}}, sessionProof(ProofSessionEnded, o.Session, o.Account, ""))
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// SignOutEverywhere ends all sessions of the account whose session this is, this one too.
func (r *Roster) SignOutEverywhere(ctx context.Context, token string) error {
	o, err := r.Check(ctx, token)
	if err != nil {
		return err
	}
	_, err = r.amend(ctx, AccountQuery{ID: o.Account.ID}, func(a *Account) (Change, []Proof, error) {
		by := a.Actor()
		return r.endAll(a), []Proof{accountProof(ProofSignedOutAll, *a, by, by.first(), "")}, nil
	})
	return err
}

// rotation puts a new session in the place of one, with another token and the same ends, for an account that is being
// changed.
func (r *Roster) rotation(o Opened, a Account) (Change, Opened, Proof, error) {
	s, token, err := r.newSession(a, o.Session.Method)
	if err != nil {
		return Change{}, Opened{}, Proof{}, err
	}
	s.Opened, s.Ends = o.Session.Opened, o.Session.Ends
	return Change{OpenSessions: []Session{s}}, Opened{Token: token, Session: s, Account: a}, sessionProof(ProofSessionRotated, s, a, o.Session.ID), nil
}

const csrfUse = "colophon/staff/csrf/token/v1\x00"

// CSRF returns a token for the forms of a session, or for the forms before sign-in when token is the one of
// [Roster.BeforeSignIn]. Each call gives another text, so that compression tells nothing.
func (r *Roster) CSRF(token string) (string, error) {
	mask, err := r.bytes(sha256.Size)
	if err != nil {
		return "", err
	}
	mac := r.csrfMAC(token)
	out := make([]byte, 2*sha256.Size)
	copy(out, mask)
	subtle.XORBytes(out[sha256.Size:], mask, mac)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// CheckCSRF compares what a form sent with the session it came with.
func (r *Roster) CheckCSRF(token, sent string) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sent)
	if _, ok := tokenDigest(token); ok && err == nil && len(b) == 2*sha256.Size {
		subtle.XORBytes(b[sha256.Size:], b[:sha256.Size], b[sha256.Size:])
		if subtle.ConstantTimeCompare(b[sha256.Size:], r.csrfMAC(token)) == 1 {
			return nil
		}
	}
	return refuse(colophon.Refused, CodeForgedRequest, nil)
}

func (r *Roster) csrfMAC(token string) []byte {
	m := hmac.New(sha256.New, r.csrf)
	m.Write([]byte(csrfUse + token))
	return m.Sum(nil)
}

// BeforeSignIn draws a token for a browser that has no session yet, for the cookie that its forms are bound to.
func (r *Roster) BeforeSignIn() (string, error) {
	token, _, err := r.token()
	return token, err
}

// Cookie is how the HTTP layer keeps a token in the browser.
type Cookie struct {
	Name     string
	Path     string
	Secure   bool
	HTTPOnly bool
	SameSite string // "Lax": a link from outside opens the page, a form from outside does not carry the session
	MaxAge   time.Duration
}

// SessionCookie is the cookie of session tokens. Without HTTPS, which only loopback has, browsers refuse the prefix
// that ties it to the host.
func (r *Roster) SessionCookie(https bool) Cookie { return cookie("colophon", https, r.limits.Total) }

// FormCookie is the cookie of tokens from [Roster.BeforeSignIn] and [Roster.Begin].
func (r *Roster) FormCookie(https bool) Cookie { return cookie("colophon-form", https, ceremonyLife) }

func cookie(name string, https bool, life time.Duration) Cookie {
	if https {
		name = "__Host-" + name
	}
	return Cookie{Name: name, Path: "/", Secure: https, HTTPOnly: true, SameSite: "Lax", MaxAge: life}
}
