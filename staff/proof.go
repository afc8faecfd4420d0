package staff

import "time"

// Types of proofs.
const (
	ProofSetUpOpened      = "staff.set-up-opened"
	ProofAccountCreated   = "staff.account-created"
	ProofAccountInvited   = "staff.account-invited"
	ProofAccountDisabled  = "staff.account-disabled"
	ProofAccountEnabled   = "staff.account-enabled"
	ProofRolesChanged     = "staff.roles-changed"
	ProofPasswordChanged  = "staff.password-changed"
	ProofPasswordUpgraded = "staff.password-upgraded" // same password, newer hashing
	ProofPasskeyAdded     = "staff.passkey-added"
	ProofPasskeyRemoved   = "staff.passkey-removed"
	ProofPasskeyUsed      = "staff.passkey-used"
	ProofPasskeySuspected = "staff.passkey-suspected" // its counter went back: there may be a copy
	ProofIdentityLinked   = "staff.identity-linked"
	ProofIdentityUnlinked = "staff.identity-unlinked"
	ProofSessionOpened    = "staff.session-opened"
	ProofSessionRotated   = "staff.session-rotated"
	ProofSessionEnded     = "staff.session-ended"
	ProofSignedOutAll     = "staff.signed-out-everywhere"
	ProofKeyCreated       = "apikey.created"
	ProofKeyRotated       = "apikey.rotated"
	ProofKeyRevoked       = "apikey.revoked"

	subjectSystem = "system"
)

// AccountPayload is the payload of proofs about an account.
type AccountPayload struct {
	Account ID     `json:"account"`
	By      ID     `json:"by"`     // who did it; empty when no account did
	Roles   []Role `json:"roles"`  // after the change
	Before  []Role `json:"before"` // before the change, where roles changed
	Method  Method `json:"method"` // how it came about, where that matters
	Issuer  string `json:"issuer"` // the OpenID provider, where one is concerned
}

// SessionPayload is the payload of proofs about a session.
type SessionPayload struct {
	Session ID     `json:"session"`
	Account ID     `json:"account"`
	Method  Method `json:"method"`
	Before  ID     `json:"before"` // the session that this one replaces
}

// KeyPayload is the payload of proofs about an API key. It has no part of the key itself, nor its digest.
type KeyPayload struct {
	Key       ID        `json:"key"`
	By        ID        `json:"by"`
	Actions   []Action  `json:"actions"`
	Services  []string  `json:"services"`
	Functions []string  `json:"functions"`
	Ends      time.Time `json:"ends"`
	Replaces  ID        `json:"replaces"`
}

func accountProof(typ string, a Account, by Actor, role Role, method Method) Proof {
	return Proof{Type: typ, Subject: string(a.ID), Role: role, Payload: AccountPayload{Account: a.ID, By: by.Account, Roles: a.Roles, Method: method}}
}

func sessionProof(typ string, s Session, a Account, before ID) Proof {
	return Proof{Type: typ, Subject: string(s.Account), Role: a.Actor().first(), Payload: SessionPayload{Session: s.ID, Account: s.Account, Method: s.Method, Before: before}}
}

func keyProof(typ string, k Key, by Actor) Proof {
	return Proof{Type: typ, Subject: subjectSystem, Role: by.as(APIKeyManage), Payload: KeyPayload{
		Key: k.ID, By: by.Account, Actions: k.Scope.Actions, Services: k.Scope.Services, Functions: k.Scope.Functions, Ends: k.Ends, Replaces: k.Replaces,
	}}
}
