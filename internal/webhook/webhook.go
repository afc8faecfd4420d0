// Package webhook tells other programs what happened, by the Standard Webhooks specification: a message has an identifier,
// a time and a signature, is sent again when it was not taken, and can be sent once more by whoever asks for it.
//
// A capability hands an [Event] to [Dispatcher.Publish], which makes a [Message] for each endpoint that wants the type.
// [Dispatcher.Attempt] sends one message once; whoever keeps the job queue calls it, later each time, until it says that
// the message is settled. Endpoints and messages are ledgers: that an endpoint was changed, and what came of each attempt,
// is on record.
//
// An endpoint's address and secrets stand in what is sealed. For a day after a secret was replaced messages carry a
// signature by each, so that the other side can change over without losing one.
//
// What not to do here: no personal data in an event; it is kept and sent in plain text. Never take a redirect, nor an
// answer that did not come, for a delivery. Never send to an address that was not checked where it lies. Never show a
// secret a second time.
package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors.
const (
	CodeInvalid        colophon.Code = "webhook-invalid" // arg "field"
	CodeMissing        colophon.Code = "webhook-missing"
	CodeMessageMissing colophon.Code = "webhook-message-missing"
	CodeState          colophon.Code = "webhook-state" // arg "state": what was asked for can't be done in it
	CodeMany           colophon.Code = "webhook-many"  // arg "most"
)

// Types of records.
const (
	RecordAdded   evidence.Type = "webhook.added"
	RecordChanged evidence.Type = "webhook.changed"
	RecordQueued  evidence.Type = "webhook.queued"
	RecordAttempt evidence.Type = "webhook.attempt"
	RecordReplay  evidence.Type = "webhook.replay"
)

// Names of the ledgers.
const (
	EndpointLedger = "webhook"
	MessageLedger  = "webhook-message"
)

const (
	// MaxEndpoints is how many endpoints there may be.
	MaxEndpoints = 64
	// Overlap is for how long a secret that was replaced still signs.
	Overlap = 24 * time.Hour
	// keptAttempts is how many attempts a message tells of, the last ones.
	keptAttempts = 20
	secretSize   = 32
	secretPrefix = "whsec_"
)

// State is what may become of an endpoint.
type State string

// States of an endpoint.
const (
	Active  State = "active"
	Paused  State = "paused"
	Gone    State = "gone" // it answered 410, which asks for no more messages
	Removed State = "removed"
)

// MessageState is how far a message is.
type MessageState string

// States of a message.
const (
	Waiting   MessageState = "waiting"
	Delivered MessageState = "delivered"
	Failed    MessageState = "failed" // tried as often as there is time for
	Dropped   MessageState = "dropped"
)

// Outcome is what came of one attempt.
type Outcome string

// Outcomes of attempts.
const (
	Taken     Outcome = "taken"      // an answer of success
	Declined  Outcome = "declined"   // any other answer
	Unreached Outcome = "unreached"  // no answer
	NotAsked  Outcome = "not-asked"  // the address lies where nothing is sent to
	NotWanted Outcome = "not-wanted" // the endpoint takes no messages any more
)

// Endpoint is what is kept of an endpoint in the open.
type Endpoint struct {
	Host  string   `json:"host"`
	Types []string `json:"types"` // of events; "*" for all
	Keys  int      `json:"keys"`  // secrets that were made, counted
}

// EndpointEntry is an endpoint. Its state is a [State].
type EndpointEntry = ledger.Entry[Endpoint]

// sealed is the part of an endpoint that is sealed.
type sealed struct {
	URL     string   `json:"url"`
	Secrets []secret `json:"secrets"`
}

type secret struct {
	Text  string    `json:"text"`
	Until time.Time `json:"until,omitzero"` // zero for the one in use
}

// Attempt is one time that a message was sent.
type Attempt struct {
	At           time.Time     `json:"at"`
	Outcome      Outcome       `json:"outcome"`
	Status       int           `json:"status,omitempty"`
	Code         colophon.Code `json:"code,omitempty"` // why there was no answer
	Milliseconds int64         `json:"milliseconds"`
}

// Message is one event on its way to one endpoint.
type Message struct {
	Endpoint string          `json:"endpoint"`
	Event    string          `json:"event"`
	Type     string          `json:"type"`
	Body     json.RawMessage `json:"body"`
	Tried    int             `json:"tried"`
	Attempts []Attempt       `json:"attempts,omitempty"` // the last ones
}

// MessageEntry is a message. Its state is a [MessageState].
type MessageEntry = ledger.Entry[Message]

// Event is something that happened.
type Event struct {
	ID   string    `json:"id"` // the same for the same event, so that it is told once
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	Data any       `json:"data"` // no personal data
}

// Draft is what somebody wants of an endpoint.
type Draft struct {
	URL   string
	Types []string
}

// Sender sends a message to an address.
type Sender interface {
	// Check says what is wrong with an address as text.
	Check(address string) error
	// Send posts bytes and returns the status of the answer. It MUST refuse addresses that lie where nothing may be sent to,
	// with an error of kind Refused, and follow no redirect.
	Send(ctx context.Context, address string, header http.Header, body []byte) (status int, err error)
}

// worded reports whether a type of events is one: words joined by dots, or the star.
func worded(s string) bool {
	if s == "*" {
		return true
	}
	if s == "" || len(s) > 64 || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' })
}

// wants reports whether an endpoint wants events of a type.
func (e Endpoint) wants(typ string) bool {
	return slices.Contains(e.Types, "*") || slices.Contains(e.Types, typ)
}
