package staff

import (
	"context"
	"errors"
	"fmt"

	"github.com/colophon-project/colophon"
)

// SignIn opens a session for a login name and a password. Each refusal is the same error, after the same work.
func (r *Roster) SignIn(ctx context.Context, login, password string, from Attempt) (Opened, error) {
	refused := refuse(colophon.Refused, CodeSignInRefused, nil)
	if err := r.admitSource(ctx, from); err != nil {
		return Opened{}, err
	}
	// What can't be a login name or a password is tried like any other, as a name that nobody has.
	name, err := Login(login)
	known := err == nil
	if !known {
		name = "\x00" + login
	}
	if err := r.admitLogin(ctx, name); err != nil {
		return Opened{}, err
	}
	tidy, err := tidyPassword(password)
	if err != nil {
		known, tidy = false, ""
	}
	var a Account
	if known {
		a, err = r.store.Account(ctx, AccountQuery{Login: name})
		if err != nil && !errors.Is(err, ErrMissing) {
			return Opened{}, fmt.Errorf("reading the account to sign in: %w", err)
		}
		known = err == nil
	}
	stored := ""
	if known {
		stored = a.Password
	}
	right, old, err := r.hasher.verify(ctx, tidy, stored)
	if err != nil {
		return Opened{}, err
	}
	if !right || !known || a.Disabled {
		return Opened{}, refused
	}
	if old {
		if a, err = r.upgrade(ctx, a, tidy); err != nil {
			return Opened{}, err
		}
	}
	return r.open(ctx, a, MethodPassword, from.Replaces)
}

// upgrade hashes a right password anew with the figures in force. When the account changes meanwhile, the next sign-in
// does it.
func (r *Roster) upgrade(ctx context.Context, a Account, password string) (Account, error) {
	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	better := a
	better.Password = hash
	by := a.Actor()
	err = r.store.Commit(ctx, Change{Accounts: []Account{better}}, accountProof(ProofPasswordUpgraded, better, by, by.first(), MethodPassword))
	if errors.Is(err, ErrConflict) {
		return a, nil
	}
	if err != nil {
		return Account{}, fmt.Errorf("storing an upgraded password: %w", err)
	}
	better.Version++
	return better, nil
}

// ChangePassword gives the person who is signed in another password, ends all their sessions and opens a new one. They
// prove themselves by the password they have; whoever has none must have signed in just now.
func (r *Roster) ChangePassword(ctx context.Context, token, current, wanted string) (Opened, error) {
	o, err := r.Check(ctx, token)
	if err != nil {
		return Opened{}, err
	}
	if o.Account.Login == "" {
		return Opened{}, refuse(colophon.Refused, CodeLoginInvalid, nil)
	}
	if err := r.proveSelf(ctx, o, current); err != nil {
		return Opened{}, err
	}
	hash, err := r.choose(ctx, wanted, o.Account.Login)
	if err != nil {
		return Opened{}, err
	}
	before := o.Account.Password
	return r.amendSelf(ctx, o, true, func(a *Account) (Proof, error) {
		if a.Password != before { // what was proved is no longer the password
			return Proof{}, refuse(colophon.Conflict, CodeChanged, nil)
		}
		a.Password = hash
		by := a.Actor()
		return accountProof(ProofPasswordChanged, *a, by, by.first(), MethodPassword), nil
	})
}

// proveSelf asks somebody who has signed in for their password again. Attempts count like those at sign-in.
func (r *Roster) proveSelf(ctx context.Context, o Opened, current string) error {
	if o.Account.Password == "" {
		return r.Fresh(o.Session)
	}
	if err := r.admitLogin(ctx, o.Account.Login); err != nil {
		return err
	}
	wrong := refuse(colophon.Refused, CodePasswordWrong, nil)
	tidy, err := tidyPassword(current)
	if err != nil {
		return wrong
	}
	right, _, err := r.hasher.verify(ctx, tidy, o.Account.Password)
	if err != nil {
		return err
	}
	if !right {
		return wrong
	}
	return nil
}

// amendSelf changes the account of the person who is signed in and rotates their session. With others set, all other
// sessions end.
func (r *Roster) amendSelf(ctx context.Context, o Opened, others bool, change func(a *Account) (Proof, error)) (Opened, error) {
	var out Opened
	a, err := r.amend(ctx, AccountQuery{ID: o.Account.ID}, func(a *Account) (Change, []Proof, error) {
		if a.Disabled || a.Epoch != o.Session.Epoch {
			return Change{}, nil, refuse(colophon.Refused, CodeSessionEnded, nil)
		}
		p, err := change(a)
		if err != nil {
			return Change{}, nil, err
		}
		var ends Change
		if others {
			ends = r.endAll(a)
		} else {
			ends.EndSessions = []Digest{o.Session.Digest}
		}
		var c Change
		var rotated Proof
		if c, out, rotated, err = r.rotation(o, *a); err != nil {
			return Change{}, nil, err
		}
		c.EndSessions, c.EndAllOf = ends.EndSessions, ends.EndAllOf
		return c, []Proof{p, rotated}, nil
	})
	if err != nil {
		return Opened{}, err
	}
	out.Account = a
	return out, nil
}
