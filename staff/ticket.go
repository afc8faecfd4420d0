package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	setUpLife      = time.Hour
	invitationLife = 72 * time.Hour
	ceremonyLife   = 5 * time.Minute
	maxTicketState = 64 << 10
)

// ticket draws a ticket and the token that names it.
func (r *Roster) ticket(kind TicketKind, account ID, state []byte, life time.Duration) (string, Ticket, error) {
	token, digest, err := r.token()
	if err != nil {
		return "", Ticket{}, err
	}
	return token, Ticket{Digest: digest, Kind: kind, Account: account, State: state, Ends: r.now().Add(life)}, nil
}

// find returns a ticket of a kind that is still good.
func (r *Roster) find(ctx context.Context, kind TicketKind, token string) (Ticket, error) {
	refused := refuse(colophon.Refused, CodeTicketRefused, nil)
	digest, ok := tokenDigest(token)
	if !ok {
		return Ticket{}, refused
	}
	t, err := r.store.Ticket(ctx, digest)
	if errors.Is(err, ErrMissing) {
		return Ticket{}, refused
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("reading a ticket: %w", err)
	}
	if t.Kind != kind || !r.now().Before(t.Ends) {
		return Ticket{}, refused
	}
	return t, nil
}

// redeem spends a ticket before anything is done with it, so that one challenge takes one answer.
func (r *Roster) redeem(ctx context.Context, kind TicketKind, token string) (Ticket, error) {
	t, err := r.find(ctx, kind, token)
	if err != nil {
		return Ticket{}, err
	}
	err = r.store.Commit(ctx, Change{SpendTickets: []Digest{t.Digest}})
	if errors.Is(err, ErrConflict) {
		return Ticket{}, refuse(colophon.Refused, CodeTicketRefused, nil)
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("spending a ticket: %w", err)
	}
	return t, nil
}

// Begin keeps what the first step of a ceremony leaves for the second, for at most five minutes, and returns the token
// of the ticket. The HTTP layer binds the token to the browser, by a cookie.
func (r *Roster) Begin(ctx context.Context, kind TicketKind, state []byte) (string, error) {
	if kind.ours() || len(state) > maxTicketState {
		return "", invalidSetting("ticket")
	}
	token, t, err := r.ticket(kind, "", state, ceremonyLife)
	if err != nil {
		return "", err
	}
	if err := r.store.Commit(ctx, Change{IssueTickets: []Ticket{t}}); err != nil {
		return "", fmt.Errorf("issuing a ticket: %w", err)
	}
	return token, nil
}

// Finish spends a ticket that Begin made and returns what it kept.
func (r *Roster) Finish(ctx context.Context, kind TicketKind, token string) ([]byte, error) {
	if kind.ours() {
		return nil, invalidSetting("ticket")
	}
	t, err := r.redeem(ctx, kind, token)
	return t.State, err
}

// ours reports whether only this package uses a kind.
func (k TicketKind) ours() bool {
	switch k {
	case TicketSetUp, TicketInvitation, TicketRegister, TicketSignIn, "":
		return true
	}
	return false
}

// OpenSetUp makes the token with which the first officer is made, good for one hour and for one use. Tokens made
// before die. The caller shows it to whoever started the program. It is refused once there is an account.
func (r *Roster) OpenSetUp(ctx context.Context) (string, error) {
	if err := r.unused(ctx); err != nil {
		return "", err
	}
	token, t, err := r.ticket(TicketSetUp, "", nil, setUpLife)
	if err != nil {
		return "", err
	}
	err = r.store.Commit(ctx, Change{DropTickets: []TicketKind{TicketSetUp}, IssueTickets: []Ticket{t}},
		Proof{Type: ProofSetUpOpened, Subject: subjectSystem, Role: system, Payload: AccountPayload{}})
	if err != nil {
		return "", fmt.Errorf("issuing the set-up token: %w", err)
	}
	return token, nil
}

// unused refuses once there is an account.
func (r *Roster) unused(ctx context.Context) error {
	list, err := r.store.Accounts(ctx, "", 1)
	if err != nil {
		return fmt.Errorf("listing accounts: %w", err)
	}
	if len(list) > 0 {
		return refuse(colophon.Refused, CodeSetUpDone, nil)
	}
	return nil
}

// SetUp makes the first officer and signs them in. A login name or password that can't be leaves the token alive.
func (r *Roster) SetUp(ctx context.Context, token, login, password string, from Attempt) (Opened, error) {
	if err := r.admitSource(ctx, from); err != nil {
		return Opened{}, err
	}
	t, err := r.find(ctx, TicketSetUp, token)
	if err != nil {
		return Opened{}, err
	}
	name, err := Login(login)
	if err != nil {
		return Opened{}, err
	}
	a, err := r.newAccount(name, []Role{Officer})
	if err != nil {
		return Opened{}, err
	}
	if a.Password, err = r.choose(ctx, password, name); err != nil {
		return Opened{}, err
	}
	session, secret, err := r.newSession(a, MethodSetUp)
	if err != nil {
		return Opened{}, err
	}
	err = r.store.Commit(ctx, Change{
		FirstAccount: true, SpendTickets: []Digest{t.Digest}, DropTickets: []TicketKind{TicketSetUp},
		Accounts: []Account{a}, OpenSessions: []Session{session},
	}, accountProof(ProofAccountCreated, a, Actor{}, system, MethodSetUp), sessionProof(ProofSessionOpened, session, a, ""))
	switch {
	case errors.Is(err, ErrTaken):
		return Opened{}, refuse(colophon.Refused, CodeSetUpDone, nil)
	case errors.Is(err, ErrConflict):
		return Opened{}, refuse(colophon.Refused, CodeTicketRefused, nil)
	case err != nil:
		return Opened{}, fmt.Errorf("making the first officer: %w", err)
	}
	a.Version++
	return Opened{Token: secret, Session: session, Account: a}, nil
}

// Invite makes another invitation for an account: for somebody who let the first one end or forgot the password. What
// was valid before stays so until the invitation is accepted.
func (r *Roster) Invite(ctx context.Context, by Actor, id ID) (string, error) {
	var token string
	_, err := r.manage(ctx, by, id, func(a *Account) (Change, Proof, error) {
		if a.Login == "" {
			return Change{}, Proof{}, refuse(colophon.Refused, CodeLoginInvalid, nil)
		}
		var t Ticket
		var err error
		token, t, err = r.ticket(TicketInvitation, a.ID, nil, invitationLife)
		return Change{IssueTickets: []Ticket{t}}, accountProof(ProofAccountInvited, *a, by, by.as(StaffManage), ""), err
	})
	return token, err
}

// Accept takes an invitation up: the person chooses a password and is signed in. All earlier sessions end. A password
// that can't be leaves the invitation alive.
func (r *Roster) Accept(ctx context.Context, token, password string, from Attempt) (Opened, error) {
	if err := r.admitSource(ctx, from); err != nil {
		return Opened{}, err
	}
	t, err := r.find(ctx, TicketInvitation, token)
	if err != nil {
		return Opened{}, err
	}
	a, err := r.account(ctx, t.Account)
	if err != nil {
		return Opened{}, err
	}
	hash, err := r.choose(ctx, password, a.Login)
	if err != nil {
		return Opened{}, err
	}
	var o Opened
	o.Account, err = r.amend(ctx, AccountQuery{ID: t.Account}, func(a *Account) (Change, []Proof, error) {
		// Another use of the same invitation looks like any other collision to the store; it is told apart here.
		if _, err := r.find(ctx, TicketInvitation, token); err != nil {
			return Change{}, nil, err
		}
		if a.Disabled {
			return Change{}, nil, refuse(colophon.Refused, CodeTicketRefused, nil)
		}
		a.Password = hash
		c := r.endAll(a)
		var err error
		if o.Session, o.Token, err = r.newSession(*a, MethodInvitation); err != nil {
			return Change{}, nil, err
		}
		c.SpendTickets, c.OpenSessions = []Digest{t.Digest}, []Session{o.Session}
		by := a.Actor()
		return c, []Proof{accountProof(ProofPasswordChanged, *a, by, by.first(), MethodInvitation), sessionProof(ProofSessionOpened, o.Session, *a, "")}, nil
	})
	if err != nil {
		return Opened{}, err
	}
	return o, nil
}
