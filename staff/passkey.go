package staff

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
)

// maxResponse is the longest answer of a browser that is read, in bytes.
const maxResponse = 64 << 10

// Passkey is a WebAuthn credential of an account.
type Passkey struct {
	ID         []byte // the credential's own identifier; unique among all accounts
	Credential []byte // JSON of the webauthn module: public key, counter, flags
	Created    time.Time
	Used       time.Time // zero when it never was
	Suspected  bool      // its counter went back; it signs nobody in any more
}

// PasskeySite is what passkeys are bound to.
type PasskeySite struct {
	Domain  string   // relying party ID: the host name, without scheme and port
	Name    string   // what the browser shows, for example "Colophon"
	Origins []string // scheme, host and port of the pages that may ask: "https://colophon.example"
}

// open returns nil when passkeys are off.
//
// The module has a clock and randomness of its own. Neither is used: tickets have our ends, challenges are ours.
// Attestation, whose certificates it would hold against its clock, is not asked for.
func (s PasskeySite) open() (*webauthn.WebAuthn, error) {
	if s.Domain == "" {
		return nil, nil
	}
	required := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: s.Domain, RPDisplayName: s.Name, RPOrigins: slices.Clone(s.Origins),
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required,
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife},
			Registration: webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife},
		},
	})
	if err != nil || len(s.Origins) == 0 || s.Name == "" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingInvalid, Args: colophon.Args{"setting": "passkeys"}, Err: err}
	}
	return w, nil
}

// holder is an account as the webauthn module sees it. The user handle is the account's identifier, which says nothing.
type holder struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// holderOf reads the passkeys of an account. Suspected ones are left out unless all are asked for.
func holderOf(a Account, all bool) (holder, error) {
	u, err := uuid.Parse(string(a.ID))
	if err != nil {
		return holder{}, fmt.Errorf("reading an account identifier: %w", err)
	}
	h := holder{handle: u[:], name: a.Login}
	for _, p := range a.Passkeys {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Credential, &c); err != nil {
			return holder{}, fmt.Errorf("reading a stored passkey: %w", err)
		}
		if all || !p.Suspected {
			h.credentials = append(h.credentials, c)
		}
	}
	return h, nil
}

// Ceremony is the first step of registering or using a passkey: options for the browser's navigator.credentials, and the
// token of the ticket that the second step needs. The HTTP layer keeps the token in a cookie.
type Ceremony struct {
	Options json.RawMessage
	Ticket  string
}

// begin keeps the state of a ceremony.
func (r *Roster) begin(ctx context.Context, kind TicketKind, account ID, options any, state *webauthn.SessionData) (Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, fmt.Errorf("writing passkey options: %w", err)
	}
	kept, err := json.Marshal(state)
	if err != nil {
		return Ceremony{}, fmt.Errorf("writing the state of a ceremony: %w", err)
	}
	token, t, err := r.ticket(kind, account, kept, ceremonyLife)
	if err != nil {
		return Ceremony{}, err
	}
	if err := r.store.Commit(ctx, Change{IssueTickets: []Ticket{t}}); err != nil {
		return Ceremony{}, fmt.Errorf("issuing a ticket: %w", err)
	}
	return Ceremony{Options: text, Ticket: token}, nil
}

// ceremony spends the ticket of a ceremony and reads its state.
func (r *Roster) ceremony(ctx context.Context, kind TicketKind, token string) (Ticket, webauthn.SessionData, error) {
	t, err := r.redeem(ctx, kind, token)
	if err != nil {
		return Ticket{}, webauthn.SessionData{}, err
	}
	var state webauthn.SessionData
	if err := json.Unmarshal(t.State, &state); err != nil {
		return Ticket{}, webauthn.SessionData{}, fmt.Errorf("reading the state of a ceremony: %w", err)
	}
	return t, state, nil
}

// passkeyError keeps the kind of the module's error as cause. The rest of it quotes what the browser sent.
func passkeyError(code colophon.Code, err error) error {
	var p *protocol.Error
	var cause error
	if errors.As(err, &p) {
		cause = errors.New("webauthn: " + p.Type)
	}
	return &colophon.Error{Kind: colophon.Refused, Code: code, Err: cause}
}

func passkeysOff() error { return refuse(colophon.Unsupported, CodePasskeysOff, nil) }

// BeginPasskey starts the registration of a passkey for the person who is signed in, and who proved so just now.
func (r *Roster) BeginPasskey(ctx context.Context, token string) (Ceremony, error) {
	if r.passkey == nil {
		return Ceremony{}, passkeysOff()
	}
	o, err := r.Check(ctx, token)
	if err != nil {
		return Ceremony{}, err
	}
	if err := r.Fresh(o.Session); err != nil {
		return Ceremony{}, err
	}
	if len(o.Account.Passkeys) >= maxPasskeys {
		return Ceremony{}, refuse(colophon.Refused, CodePasskeyMany, colophon.Args{"most": strconv.Itoa(maxPasskeys)})
	}
	h, err := holderOf(o.Account, true)
	if err != nil {
		return Ceremony{}, err
	}
	if h.name == "" {
		h.name = r.site.Name
	}
	challenge, err := r.bytes(tokenBytes)
	if err != nil {
		return Ceremony{}, err
	}
	options, state, err := r.passkey.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.credentials).CredentialDescriptors()),
		func(c *protocol.PublicKeyCredentialCreationOptions) error { c.Challenge = challenge; return nil })
	if err != nil {
		return Ceremony{}, fmt.Errorf("beginning a passkey registration: %w", err)
	}
	return r.begin(ctx, TicketRegister, o.Account.ID, options, state)
}

// FinishPasskey adds the passkey that the browser made and rotates the session.
func (r *Roster) FinishPasskey(ctx context.Context, token, ticket string, response []byte) (Opened, error) {
	if r.passkey == nil {
		return Opened{}, passkeysOff()
	}
	o, err := r.Check(ctx, token)
	if err != nil {
		return Opened{}, err
	}
	t, state, err := r.ceremony(ctx, TicketRegister, ticket)
	if err != nil {
		return Opened{}, err
	}
	if t.Account != o.Account.ID {
		return Opened{}, refuse(colophon.Refused, CodeTicketRefused, nil)
	}
	h, err := holderOf(o.Account, true)
	if err != nil {
		return Opened{}, err
	}
	if len(response) > maxResponse {
		return Opened{}, passkeyError(CodePasskeyRefused, nil)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Opened{}, passkeyError(CodePasskeyRefused, err)
	}
	made, err := r.passkey.CreateCredential(h, state, parsed)
	if err != nil {
		return Opened{}, passkeyError(CodePasskeyRefused, err)
	}
	made.Attestation = webauthn.CredentialAttestation{} // not asked for, and it may tell one device from another
	text, err := json.Marshal(made)
	if err != nil {
		return Opened{}, fmt.Errorf("writing a passkey: %w", err)
	}
	return r.amendSelf(ctx, o, false, func(a *Account) (Proof, error) {
		if len(a.Passkeys) >= maxPasskeys {
			return Proof{}, refuse(colophon.Refused, CodePasskeyMany, colophon.Args{"most": strconv.Itoa(maxPasskeys)})
		}
		if a.passkey(made.ID) >= 0 {
			return Proof{}, refuse(colophon.Conflict, CodeTaken, nil)
		}
		a.Passkeys = append(a.Passkeys, Passkey{ID: made.ID, Credential: text, Created: r.now()})
		by := a.Actor()
		return accountProof(ProofPasskeyAdded, *a, by, by.first(), MethodPasskey), nil
	})
}

// RemovePasskey takes a passkey away from the person who is signed in, and who proved so just now. All their other
// sessions end. The last means of signing in stays.
func (r *Roster) RemovePasskey(ctx context.Context, token string, id []byte) (Opened, error) {
	o, err := r.Check(ctx, token)
	if err != nil {
		return Opened{}, err
	}
	if err := r.Fresh(o.Session); err != nil {
		return Opened{}, err
	}
	return r.amendSelf(ctx, o, true, func(a *Account) (Proof, error) {
		i := a.passkey(id)
		if i < 0 {
			return Proof{}, refuse(colophon.Missing, CodePasskeyUnknown, nil)
		}
		a.Passkeys = slices.Delete(a.Passkeys, i, i+1)
		usable := slices.ContainsFunc(a.Passkeys, func(p Passkey) bool { return !p.Suspected })
		if a.Password == "" && len(a.Identities) == 0 && !usable {
			return Proof{}, refuse(colophon.Refused, CodeLastMeans, nil)
		}
		by := a.Actor()
		return accountProof(ProofPasskeyRemoved, *a, by, by.first(), MethodPasskey), nil
	})
}

// passkey returns the place of a passkey in the account, or -1.
func (a *Account) passkey(id []byte) int {
	return slices.IndexFunc(a.Passkeys, func(p Passkey) bool { return bytes.Equal(p.ID, id) })
}

// BeginPasskeySignIn starts a sign-in. It asks for no name, so it tells nothing about names.
func (r *Roster) BeginPasskeySignIn(ctx context.Context, from Attempt) (Ceremony, error) {
	if r.passkey == nil {
		return Ceremony{}, passkeysOff()
	}
	if err := r.admitSource(ctx, from); err != nil {
		return Ceremony{}, err
	}
	challenge, err := r.bytes(tokenBytes)
	if err != nil {
		return Ceremony{}, err
	}
	options, state, err := r.passkey.BeginDiscoverableLogin(webauthn.WithChallenge(challenge))
	if err != nil {
		return Ceremony{}, fmt.Errorf("beginning a passkey sign-in: %w", err)
	}
	return r.begin(ctx, TicketSignIn, "", options, state)
}

// FinishPasskeySignIn opens a session for the account whose passkey signed the challenge.
func (r *Roster) FinishPasskeySignIn(ctx context.Context, ticket string, response []byte, from Attempt) (Opened, error) {
	if r.passkey == nil {
		return Opened{}, passkeysOff()
	}
	if err := r.admitSource(ctx, from); err != nil {
		return Opened{}, err
	}
	_, state, err := r.ceremony(ctx, TicketSignIn, ticket)
	if err != nil {
		return Opened{}, err
	}
	if len(response) > maxResponse {
		return Opened{}, passkeyError(CodeSignInRefused, nil)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Opened{}, passkeyError(CodeSignInRefused, err)
	}
	u, err := uuid.FromBytes(parsed.Response.UserHandle)
	if err != nil {
		return Opened{}, passkeyError(CodeSignInRefused, nil)
	}
	suspected := false
	a, err := r.amend(ctx, AccountQuery{ID: ID(u.String())}, func(a *Account) (Change, []Proof, error) {
		if a.Disabled {
			return Change{}, nil, passkeyError(CodeSignInRefused, nil)
		}
		var p Proof
		var err error
		p, suspected, err = r.usePasskey(a, state, parsed)
		return Change{}, []Proof{p}, err
	})
	if hasCode(err, CodeAccountUnknown) || err == nil && suspected {
		return Opened{}, passkeyError(CodeSignInRefused, nil)
	}
	if err != nil {
		return Opened{}, err
	}
	return r.open(ctx, a, MethodPasskey, from.Replaces)
}

// usePasskey verifies an assertion and notes the counter. A counter that went back means that there may be a copy of the
// passkey: it is put out of use.
func (r *Roster) usePasskey(a *Account, state webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (Proof, bool, error) {
	h, err := holderOf(*a, false)
	if err != nil {
		return Proof{}, false, err
	}
	_, used, err := r.passkey.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, state, parsed)
	if err != nil {
		return Proof{}, false, passkeyError(CodeSignInRefused, err)
	}
	text, err := json.Marshal(used)
	if err != nil {
		return Proof{}, false, fmt.Errorf("writing a passkey: %w", err)
	}
	i := a.passkey(used.ID)
	if i < 0 {
		return Proof{}, false, passkeyError(CodeSignInRefused, nil)
	}
	a.Passkeys[i].Credential = text
	if used.Authenticator.CloneWarning {
		a.Passkeys[i].Suspected = true
		return accountProof(ProofPasskeySuspected, *a, Actor{}, system, MethodPasskey), true, nil
	}
	a.Passkeys[i].Used = r.now()
	by := a.Actor()
	return accountProof(ProofPasskeyUsed, *a, by, by.first(), MethodPasskey), false, nil
}
