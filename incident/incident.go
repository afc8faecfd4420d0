// Package incident gives control orders: what must not be used, published or handed out from now on, by whose word, and
// until when. [Command] issues orders and ends them; a [Watch] on each node follows them, stops running work, and says for
// each order since when it is effective there; a [Board] is what a node knows at one moment.
//
// What an order does:
//
//	stop        nothing of the target is used, published or handed out, and running work is cut off
//	limit       nobody begins to use the target; running work goes on, and what was made may leave
//	quarantine  nothing of the target is published or leaves; running work goes on, and what is there is kept
//
// An order binds a node as soon as the node has read it. It is issued, in force once the first node said so, and goes on
// to bind while its release is proposed. It ends when a second person confirms the release, or at its own end. One that a
// decision of the desk gave ends, too, when another person decides so on an appeal.
//
// A node that could not read the orders for [Grace] refuses all work on faces and voices, and ends what runs of it: nobody
// can know that it is not under an order. Other work goes on with the last orders known, up to a bound that the
// configuration sets; then it is refused too.
//
// A drill is an order of the same kind on the same way, against a test account that is named: it stops that account and
// nothing else, so what is measured is what an order in earnest would take.
//
// What not to do here: no decision about an account or a consent. Never end an order by one person. Never take a board for
// fresh because nothing was heard: only an answer of the store confirms it.
package incident

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Names of the two ledgers, under which a [ledger.Feed] tells their changes.
const (
	OrderLedger = "order"
	AckLedger   = "order-ack"
)

// Types of records.
const (
	RecordIssued       evidence.Type = "order.issued"
	RecordAcknowledged evidence.Type = "order.acknowledged"
	RecordInForce      evidence.Type = "order.in-force"
	RecordProposed     evidence.Type = "order.release-proposed"
	RecordKept         evidence.Type = "order.kept"
	RecordReleased     evidence.Type = "order.released"
	RecordExpired      evidence.Type = "order.expired"
)

// Codes of errors and refusals.
const (
	CodeMissing   colophon.Code = "order-missing"
	CodeInvalid   colophon.Code = "order-invalid" // arg "field"
	CodeState     colophon.Code = "order-state"   // args "from", "to"
	CodeSame      colophon.Code = "order-same-person"
	CodePerson    colophon.Code = "order-needs-person"
	CodeInForce   colophon.Code = "order-in-force"   // args "order", "scope", "action"
	CodeStale     colophon.Code = "orders-stale"     // orders were not confirmed for Grace; faces and voices stop
	CodeUncertain colophon.Code = "orders-uncertain" // orders were not confirmed for longer than the bound
)

// Scope says what kind of thing an order is about.
type Scope string

// The scopes. The last three have no target.
const (
	OnService      Scope = "service"
	OnFunction     Scope = "function"
	OnModel        Scope = "model"
	OnTemplate     Scope = "template"
	OnAccount      Scope = "account" // the target is the pseudonym
	OnContent      Scope = "content" // the target is the content number
	OnPublish      Scope = "publish"
	OnRegistration Scope = "registration"
	OnEverything   Scope = "everything"
)

// Action says what an order does; the package comment says how.
type Action string

// The actions.
const (
	Stop       Action = "stop"
	Limit      Action = "limit"
	Quarantine Action = "quarantine"
)

// Basis says by whose word an order is given.
type Basis string

// The bases. All but the first need a reference.
const (
	Own       Basis = "own"
	Incident  Basis = "incident"
	Court     Basis = "court"
	Authority Basis = "authority" // Deep Synthesis Provisions Art. 21
)

// Order is what a ledger keeps of an order. Its subject is the account of an order on one, and the system's otherwise.
type Order struct {
	Scope     Scope     `json:"scope"`
	Target    string    `json:"target,omitempty"`
	Action    Action    `json:"action"`
	Basis     Basis     `json:"basis"`
	Reference string    `json:"reference,omitempty"` // number of the paper or the incident that it goes back to
	Until     time.Time `json:"until,omitzero"`      // its own end; zero for none
	Drill     bool      `json:"drill,omitempty"`
	Issuer    string    `json:"issuer"`
	Proposer  string    `json:"proposer,omitempty"` // of the release
	Confirmer string    `json:"confirmer,omitempty"`
	Origin    string    `json:"origin,omitempty"` // action of a decision that gave it; one order for each
}

// Ack says since when an order is effective on a node.
type Ack struct {
	Order      string    `json:"order"`
	Node       string    `json:"node"`
	Received   time.Time `json:"received"`             // when the node had read it
	Effective  time.Time `json:"effective"`            // from then on the node made and handed out nothing that the order stops
	LastOutput time.Time `json:"last_output,omitzero"` // of what the order stops, on this node since it runs; zero for none
}

// Draft is what somebody wants ordered.
type Draft struct {
	Scope     Scope
	Target    string
	Action    Action
	Basis     Basis
	Reference string
	Until     time.Time
	Reason    string // prose; it stands in the sealed payload of the record and nowhere else
	// Origin is the action of a decision that wants it; a second draft of the same gives the first order.
	Origin string
}

// maxWord and maxReason bound what a draft may hold, in bytes.
const maxWord, maxReason = 256, 4096

// check returns the first field of a draft that is out of form.
func (d Draft) check(now time.Time) string {
	switch {
	case !d.Scope.known() || d.Scope == OnContent && d.Action == Limit || (d.Scope == OnPublish || d.Scope == OnRegistration) && d.Action != Stop:
		return "scope"
	case d.Action != Stop && d.Action != Limit && d.Action != Quarantine:
		return "action"
	case d.Scope.targeted() == (d.Target == "") || !word(d.Target):
		return "target"
	case d.Basis != Own && d.Basis != Incident && d.Basis != Court && d.Basis != Authority:
		return "basis"
	case d.Basis != Own && d.Reference == "" || !word(d.Reference):
		return "reference"
	case !word(d.Origin):
		return "origin"
	case !d.Until.IsZero() && !d.Until.After(now):
		return "until"
	case d.Reason == "" || len(d.Reason) > maxReason:
		return "reason"
	}
	return ""
}

func (s Scope) known() bool {
	return s.targeted() || s == OnPublish || s == OnRegistration || s == OnEverything
}

func (s Scope) targeted() bool {
	switch s {
	case OnService, OnFunction, OnModel, OnTemplate, OnAccount, OnContent:
		return true
	}
	return false
}

func word(s string) bool {
	return len(s) <= maxWord && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

// Clauses are what the order goes back to.
func (o Order) Clauses() []colophon.Clause {
	if o.Basis == Authority {
		return []colophon.Clause{colophon.ClauseDS21}
	}
	return []colophon.Clause{colophon.ClauseDS7}
}

// Entry is an order as the ledger keeps it.
type Entry = ledger.Entry[Order]

// Orders is where a [Watch] reads orders and says that they are effective. A [Command] is one.
type Orders interface {
	InForce(ctx context.Context) ([]Entry, error)
	Acknowledge(ctx context.Context, a Ack) error
}
