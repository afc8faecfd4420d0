// Package upstream reaches the models behind the gateway: it picks one of several targets of a model by weight and health,
// sends a call, tries again where that can repeat nothing, and hands the answer out with every limit on it. [Keys] are the
// secrets by which targets know us.
//
// A call is tried again only inside [Pool.Do], and Do returns only once the first byte of the answer's body is there. So
// nothing that a caller has seen is ever repeated: an answer that breaks before its first byte may be asked for again, one
// that breaks after it is an error of the body. How often a model's calls are tried again has a budget, lest a model that
// is down be asked twice as much.
//
// A target that failed several times in a row is left alone for a while, then one call tries it; the others wait for what
// comes of that. What a target says in an error goes nowhere but into the status and, where it is a known one, the word.
//
// What not to do here: never follow a redirect, a key would go along. No key, no address with a query and no text of a
// target in an error, a record or a log. No body without an end in bytes and in time. No lock while the network is waited for.
package upstream

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
)

// Dialect is how a target speaks.
type Dialect string

// The dialects.
const (
	OpenAI    Dialect = "openai"
	Anthropic Dialect = "anthropic"
	Plain     Dialect = "plain" // any other HTTP service
)

// Target is one place at which a model is served.
type Target struct {
	Name    string // unique among the targets of a model; empty: the host, with a number where that is taken
	URL     string // base, to which the path of a call is added: https://HOST/v1
	Model   string // its own name of the model; empty: ours
	Dialect Dialect
	Key     string // name of its key in [Keys]; empty for none
	// KeyHeader is the header in which the key stands, alone. Empty: as the dialect has it.
	KeyHeader string
	Weight    int // share of the calls; 0 for 1
	// Timeout bounds a whole call, FirstByte the time until a stream's first byte, Idle the time between two bytes. 0 for
	// 10 minutes, 2 minutes and 1 minute.
	Timeout, FirstByte, Idle time.Duration
}

// Request is a call to a model.
type Request struct {
	Model        string
	Target       string // the one that alone may answer, as for what was begun there; empty for any
	Method, Path string // the path is below the target's base: /chat/completions; it may have a query
	Type, Accept string
	// Body makes the body for a target: its name of the model, its dialect. nil for none.
	Body   func(t Target) ([]byte, error)
	Header map[string]string
	Stream bool
	// Once forbids to send the call again once it may have reached a target: it makes something that must not be made twice.
	Once bool
	// Most is the most bytes of the answer; 0 for Config.MaxBody.
	Most int64
}

// Response is an answer of status 2xx. The body MUST be closed. Its errors are colophon errors with the codes of this package;
// a target that breaks in the middle is known by them as one that failed.
type Response struct {
	Status int
	Header http.Header
	Body   io.ReadCloser
	Target Target
	Tries  int
}

// Keyring knows the keys of targets. *Keys is one. A key that is not set MUST be an error with CodeKeyUnknown.
type Keyring interface {
	Key(ctx context.Context, name string) (string, error)
}

// Attempt is what became of one try, for figures.
type Attempt struct {
	Model, Target string
	Status        int           // 0 for none
	Code          colophon.Code // empty for a good one
	Try           int
	First         time.Duration // until the first byte of the body, or the failure
	Took          time.Duration // until the body was closed, or the failure
}

// Config is what a Pool is made of.
type Config struct {
	Models map[string][]Target
	Keys   Keyring // nil where no target has a key
	Now    func() time.Time
	// Wait waits before a call is tried again; nil for the clock.
	Wait func(context.Context, time.Duration) error
	// Observe is told each try; nil for nobody.
	Observe func(Attempt)
	// Dial opens connections; nil for the network.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Roots   *x509.CertPool // nil for those of the system
	Tries   int            // how often a call is sent at most; 0 for 3
	MaxBody int64          // most bytes of an answer; 0 for 64 MiB
}

// State is how a target is taken to be.
type State string

// The states.
const (
	Up     State = "up"
	Down   State = "down"   // left alone until Health.Until
	Trying State = "trying" // one call finds out
)

// Health is how a target does.
type Health struct {
	Model    string        `json:"model"`
	Target   string        `json:"target"`
	State    State         `json:"state"`
	Failures int           `json:"failures"`       // in a row
	Code     colophon.Code `json:"code,omitempty"` // of the last failure
	Changed  time.Time     `json:"changed"`        // when the state last changed; zero for never
	Until    time.Time     `json:"until,omitzero"`
	Running  int           `json:"running"` // calls that run
}

// Failure is why there is no answer. Err is what a person is shown.
type Failure struct {
	Status int           // the target's; 0 for none
	After  time.Duration // for how long it wants to be left alone; 0 where it did not say
	Word   string        // what the target called it, one of a few known words; else empty
	Tries  int
	Err    *colophon.Error

	again     bool // the call may be sent once more
	elsewhere bool // but not to the same target
}

// Error is the error's text, for the log.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the error that a person is shown.
func (f *Failure) Unwrap() error { return f.Err }

// Codes of errors.
const (
	CodeModel       colophon.Code = "gateway-upstream-model"       // no such model here; arg "model"
	CodeTarget      colophon.Code = "gateway-upstream-target"      // no such target; arg "target"
	CodeUnavailable colophon.Code = "gateway-upstream-unavailable" // all targets are left alone, or could not be reached
	CodeTimeout     colophon.Code = "gateway-upstream-timeout"
	CodeTLS         colophon.Code = "gateway-upstream-tls" // the certificate is not the target's
	CodeRedirect    colophon.Code = "gateway-upstream-redirect"
	CodeLimited     colophon.Code = "gateway-upstream-limited"     // 429
	CodeRefused     colophon.Code = "gateway-upstream-refused"     // another 4xx; arg "status"
	CodeFailed      colophon.Code = "gateway-upstream-failed"      // 5xx; arg "status"
	CodeKeyRefused  colophon.Code = "gateway-upstream-key-refused" // 401, 403
	CodeBroken      colophon.Code = "gateway-upstream-broken"      // the answer ended too early or is no HTTP
	CodeTooLarge    colophon.Code = "gateway-upstream-too-large"   // arg "limit"
	CodeEncoding    colophon.Code = "gateway-upstream-encoding"    // compressed though it was asked not to be
	CodeConfig      colophon.Code = "gateway-upstream-config"      // args "model", "field"
	CodeKeyMissing  colophon.Code = "gateway-upstream-key-missing" // of a target, when it is asked; arg "key"
	CodeKeyUnknown  colophon.Code = "gateway-upstream-key-unknown" // arg "key"
	CodeKeyInvalid  colophon.Code = "gateway-upstream-key-invalid" // arg "field"
)
