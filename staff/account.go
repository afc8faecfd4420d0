package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/colophon-project/colophon"
)

// Limits of an account.
const (
	maxLogin      = 128 // bytes
	maxPasskeys   = 20
	maxIdentities = 10
	maxPage       = 500
)

// Account is one person who operates Colophon.
type Account struct {
	ID         ID
	Login      string // as [Login] returns it; empty when the person signs in elsewhere alone
	Roles      []Role // at least one
	Password   string // PHC string of Argon2id; empty when there is none
	Passkeys   []Passkey
	Identities []Identity
	Disabled   bool
	Created    time.Time
	Epoch      int64 // sessions of another epoch have ended
	Version    int64 // counted by the store
}

// Actor returns the account as somebody who acts.
func (a Account) Actor() Actor { return Actor{Account: a.ID, Roles: slices.Clone(a.Roles)} }

// Login returns the one spelling of a login name: PRECIS UsernameCaseMapped (RFC 8265).
func Login(name string) (string, error) {
	if len(name) > maxLogin || !utf8.ValidString(name) {
		return "", refuse(colophon.Invalid, CodeLoginInvalid, nil)
	}
	tidy, err := precis.UsernameCaseMapped.String(name)
	if err != nil || tidy == "" || len(tidy) > maxLogin {
		return "", refuse(colophon.Invalid, CodeLoginInvalid, nil)
	}
	return tidy, nil
}

// Account returns an account for somebody who may read accounts.
func (r *Roster) Account(ctx context.Context, by Actor, id ID) (Account, error) {
	if err := by.Demand(StaffRead); err != nil {
		return Account{}, err
	}
	return r.account(ctx, id)
}

// Accounts returns a page of accounts for somebody who may read accounts; at most 500.
func (r *Roster) Accounts(ctx context.Context, by Actor, after ID, limit int) ([]Account, error) {
	if err := by.Demand(StaffRead); err != nil {
		return nil, err
	}
	list, err := r.store.Accounts(ctx, after, max(1, min(limit, maxPage)))
	if err != nil {
		return nil, fmt.Errorf("listing accounts: %w", err)
	}
	return list, nil
}

func (r *Roster) account(ctx context.Context, id ID) (Account, error) {
	a, err := r.store.Account(ctx, AccountQuery{ID: id})
	if errors.Is(err, ErrMissing) {
		return Account{}, refuse(colophon.Missing, CodeAccountUnknown, nil)
	}
	if err != nil {
		return Account{}, fmt.Errorf("reading an account: %w", err)
	}
	return a, nil
}

// Create makes an account and an invitation: a token, shown once, with which the person chooses a password.
func (r *Roster) Create(ctx context.Context, by Actor, login string, roles []Role) (Account, string, error) {
	if err := by.Demand(StaffManage); err != nil {
		return Account{}, "", err
	}
	name, err := Login(login)
	if err != nil {
		return Account{}, "", err
	}
	a, err := r.newAccount(name, roles)
	if err != nil {
		return Account{}, "", err
	}
	token, ticket, err := r.ticket(TicketInvitation, a.ID, nil, invitationLife)
	if err != nil {
		return Account{}, "", err
	}
	role := by.as(StaffManage)
	err = r.store.Commit(ctx, Change{Accounts: []Account{a}, IssueTickets: []Ticket{ticket}},
		accountProof(ProofAccountCreated, a, by, role, ""), accountProof(ProofAccountInvited, a, by, role, ""))
	if err != nil {
		return Account{}, "", storeError("creating an account", err)
	}
	a.Version++
	return a, token, nil
}

func (r *Roster) newAccount(login string, roles []Role) (Account, error) {
	tidy, err := tidyRoles(roles)
	if err != nil {
		return Account{}, err
	}
	id, err := r.id()
	if err != nil {
		return Account{}, err
	}
	return Account{ID: id, Login: login, Roles: tidy, Created: r.now(), Epoch: 1}, nil
}

// SetRoles gives an account other roles and ends all its sessions. Nobody changes their own roles, and an officer
// remains.
func (r *Roster) SetRoles(ctx context.Context, by Actor, id ID, roles []Role) (Account, error) {
	tidy, err := tidyRoles(roles)
	if err != nil {
		return Account{}, err
	}
	return r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		before := a.Roles
		a.Roles = tidy
		p := accountProof(ProofRolesChanged, *a, by, by.as(StaffManage), "")
		payload := p.Payload.(AccountPayload)
		payload.Before = before
		p.Payload = payload
		return r.endAll(a), p, nil
	})
}

// Disable shuts an account and ends all its sessions. Its record stays.
func (r *Roster) Disable(ctx context.Context, by Actor, id ID) (Account, error) {
	return r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		a.Disabled = true
		return r.endAll(a), accountProof(ProofAccountDisabled, *a, by, by.as(StaffManage), ""), nil
	})
}

// Enable opens a disabled account again.
func (r *Roster) Enable(ctx context.Context, by Actor, id ID) (Account, error) {
	return r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		a.Disabled = false
		return Change{}, accountProof(ProofAccountEnabled, *a, by, by.as(StaffManage), ""), nil
	})
}

// LinkIdentity lets an account sign in by an identity of an OpenID provider that the configuration names.
func (r *Roster) LinkIdentity(ctx context.Context, by Actor, id ID, identity Identity) (Account, error) {
	if _, known := r.issuers[identity.Issuer]; !known || !identity.sane() {
		return Account{}, refuse(colophon.Invalid, CodeIdentityInvalid, nil)
	}
	return r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		if !slices.Contains(a.Identities, identity) {
			a.Identities = append(a.Identities, identity)
		}
		if len(a.Identities) > maxIdentities {
			return Change{}, Proof{}, refuse(colophon.Refused, CodeIdentityInvalid, nil)
		}
		return Change{}, identityProof(ProofIdentityLinked, *a, by, identity), nil
	})
}

// UnlinkIdentity takes an identity away and ends all sessions of the account.
func (r *Roster) UnlinkIdentity(ctx context.Context, by Actor, id ID, identity Identity) (Account, error) {
	return r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		i := slices.Index(a.Identities, identity)
		if i < 0 {
			return Change{}, Proof{}, refuse(colophon.Missing, CodeIdentityInvalid, nil)
		}
		a.Identities = slices.Delete(a.Identities, i, i+1)
		return r.endAll(a), identityProof(ProofIdentityUnlinked, *a, by, identity), nil
	})
}

func identityProof(typ string, a Account, by Actor, identity Identity) Proof {
	p := accountProof(typ, a, by, by.as(StaffManage), MethodOIDC)
	payload := p.Payload.(AccountPayload)
	payload.Issuer = identity.Issuer
	p.Payload = payload
	return p
}

// manage changes the account of somebody else.
func (r *Roster) manage(ctx context.Context, by Actor, id ID, change func(a *Account) (Change, Proof, error)) (Account, error) {
	if err := by.Demand(StaffManage); err != nil {
		return Account{}, err
	}
	if by.Account == id {
		return Account{}, refuse(colophon.Refused, CodeSelf, nil)
	}
	return r.amend(ctx, AccountQuery{ID: id}, func(a *Account) (Change, []Proof, error) {
		c, p, err := change(a)
		c.KeepOfficer = true
		return c, []Proof{p}, err
	})
}

// endAll ends all sessions of an account: those in the store, and those that are being opened.
func (r *Roster) endAll(a *Account) Change {
	a.Epoch++
	return Change{EndAllOf: []ID{a.ID}}
}
