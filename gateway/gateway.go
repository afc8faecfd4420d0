// Package gateway stands between services and the models that answer them. A [Proxy] takes a call as a door received it and
// sees it through its stages: admission, screening of what is asked, the model, screening of what it says, the marks, the
// record, the answer. Whatever a stage began it ends, in reverse order, also where a later one failed or panicked, or the
// client went away.
//
// An answer as a whole is in oneshot.go; one that comes in pieces in stream.go, lane by lane as lane.go has it. progress.go keeps
// how much of the open streams was delivered, so that after a crash a record says "at least so much, end unknown".
// Endpoints that make pictures, sound and films belong to a Studio, which stands on the same interfaces.
//
// What not to do here: nothing goes to a model before it was judged, and nothing leaves before it was judged and its
// records are durable. No text of a model or a client in an error, a log, a leaf or a figure. Nothing that an upstream says in
// an error reaches the client. No goroutine for a stream but the one of its request and the one that reads its upstream.
package gateway

import (
	"context"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// Call is one request of a client, as a door received and authenticated it.
type Call struct {
	By           production.By
	Endpoint     shape.Endpoint
	Account      string   // the provider's own identifier of the account that the answer is made for; empty: as the body says
	Function     string   // of the register; empty: the model's
	Conversation string   // the caller's name of the conversation; empty where the call stands alone
	Consents     []string // tokens of the people depicted
	Depicted     int      // how many there are; 0 where that was not told
	Purpose      string
	Scene        string
	Channel      string
	Template     string
	Type         string // Content-Type of the body
	Body         []byte
	Language     string // in which the client reads sentences: zh, en
	// May says whether whoever asks may use a function of a service; nil for whoever may use all. A Gate asks it.
	May func(service, function string) error
	// For says whether whoever asks may do so for an account; nil for whoever may for all.
	For func(account string) error
}

// CheckAccount refuses a call that names no account, or one that whoever asks may not ask for.
func (c *Call) CheckAccount() error {
	if c.Account == "" || len(c.Account) > production.MaxAccount {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeAccount, Clauses: []colophon.Clause{colophon.ClauseDS9}}
	}
	if c.For != nil {
		return c.For(c.Account)
	}
	return nil
}

// Sink is where a door writes an answer. Begin is called once, before anything else.
type Sink interface {
	Begin(status int, header map[string]string) error
	Write(p []byte) error
	Flush() error
}

// Model is what clients ask for by name.
type Model struct {
	Name     string
	Service  string
	Function string         // of the register; empty for none
	Class    stamp.Function // of Deep Synthesis Provisions Art. 17; empty for the dialogue of text endpoints
	Notice   mark.Place     // where the notice of a text answer stands; empty: as its class has it
	Mode     screen.Mode
	// Dialect is how its upstreams speak; empty for OpenAI's.
	Dialect   upstream.Dialect
	Companion *companion.Policy // nil for services that are none
	Endpoints []shape.Endpoint  // empty: all
}

// Asked is what has to be admitted.
type Asked struct {
	Call
	Model  Model
	Number artefact.Number // of what will be made
	Media  int             // how many reference media come along
}

// Admitted is a call that may go on.
type Admitted struct {
	Subject evidence.Subject // pseudonym of the account
	Account string           // class of the account, as policies of screening name it
	// Work is a context that ends, with a cause of kind Refused, when an order stops the work.
	Work context.Context
	// Done ends what Admit began. It is never nil where Admit returned no error.
	Done func()
	// Still says whether the call may still go on; an error of kind Refused says why not.
	Still    func(ctx context.Context) error
	Service  string
	Function string // of the register
	Class    stamp.Function
	Likeness []string // what of people's likeness the function edits
}

// Gate admits calls: real name, standing, agreements, orders, consents, quotas. An error of kind Refused refuses. Where it
// refuses an account that it knows, it MUST return the subject beside the error.
type Gate interface {
	Admit(ctx context.Context, a Asked) (Admitted, error)
}

// Court judges. An adapter of *screening.Court does.
type Court interface {
	Judge(ctx context.Context, role evidence.Role, item screen.Item) (screening.Outcome, error)
	// Stream begins to judge a text that comes in pieces.
	Stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (Screened, error)
}

// Screened is a text that is judged while it comes. A *screening.Stream is one.
type Screened interface {
	Append(text string) (released string, err error)
	Held() int
	Close(ctx context.Context) (released string, out screening.Outcome, err error)
}

// Journal lets what is committed for one call be committed together. An adapter of *store.Store does.
type Journal interface {
	// Gather returns a context under which what is committed is kept back until Pending.Wait.
	Gather(ctx context.Context) (context.Context, Pending)
}

// Pending is what waits to be committed.
type Pending interface {
	// Wait commits it, all or nothing, and returns when it is durable. A second Wait returns nil at once.
	Wait(ctx context.Context) error
}

// Upstreams reaches models. An *upstream.Pool does.
type Upstreams interface {
	Do(ctx context.Context, r upstream.Request) (*upstream.Response, error)
}

// Fetcher gets reference media that are named by an address. A *fetch.Client does.
type Fetcher interface {
	Fetch(ctx context.Context, address string, most int64, kinds ...media.Modality) (fetch.File, error)
}

// Maker takes media that a model made through everything that leaves goes through, and returns what may leave. Package
// gateway/media has it.
type Maker interface {
	Make(ctx context.Context, by production.By, o production.Order, body io.Reader) (Made, error)
}

// Made is an item that was marked, stored and handed over.
type Made struct {
	Number artefact.Number
	Format media.Format
	Data   []byte
	URL    string // where it can be had again
}

// Studio serves the endpoints that make media. Package gateway/media has it.
type Studio interface {
	Serve(ctx context.Context, c Call, w Sink) error
}

// Register enters answers. An *artefact.Register does.
type Register interface {
	Answered(ctx context.Context, role evidence.Role, a artefact.Artefact, m artefact.Marking, to string, how artefact.Channel) (artefact.Artefact, error)
}

// Usage counts what accounts use. It proves nothing.
type Usage interface {
	Count(ctx context.Context, u upstream.Usage) error
}

// Companion keeps the duties of services that keep company. A *companion.Keeper does.
type Companion interface {
	Before(ctx context.Context, p *companion.Policy, t companion.Turn) (companion.Told, error)
}

// Limits bound what a call may cost. A field that is 0 stands for a default.
type Limits struct {
	Request int64 // bytes of a request with the media that were fetched for it; 32 MiB
	Answer  int64 // bytes of an answer, whole or in pieces; 32 MiB
	Event   int   // bytes of one event of a stream; 1 MiB
	Held    int   // bytes that one stream holds back; 1 MiB
	Node    int64 // bytes of text that all streams of this node keep in memory; 512 MiB
	Lanes   int   // texts of one stream; 1024

	Time      time.Duration // from the call to the end of the answer; 10 min
	Idle      time.Duration // of a stream's upstream without an event; 2 min
	Heartbeat time.Duration // after so long in which nothing was sent a comment is; 10 s
	Pulse     time.Duration // how often marks are kept and admission is asked again; 2 s
	Unmarked  time.Duration // a stream whose marks can't be kept for so long is ended; 30 s
	Lost      time.Duration // a stream that nobody marked for so long counts as lost; 2 min
	Bytes     int64         // of text delivered since the last mark after which marks are kept at once; 4 KiB
}

// Config says what a Proxy works with. All fields are required but Fetcher, Maker, Studio, Companion, Outgoing,
// Observe and Report.
type Config struct {
	// Model returns a model by the name by which clients ask for it.
	Model     func(name string) (Model, bool)
	Gate      Gate
	Court     Court
	Journal   Journal
	Upstreams Upstreams
	Fetcher   Fetcher   // nil: media by address are refused
	Maker     Maker     // nil: answers with media in them are refused
	Studio    Studio    // nil: its endpoints are refused
	Companion Companion // nil: functions with a policy for it are refused
	Streams   Streams
	Usage     Usage
	Register  Register
	Network   production.NetworkLog
	Labels    *mark.Labels
	Recorder  *evidence.Recorder
	Now       func() time.Time
	Limits    Limits
	// Say says an error in a language; nil: the code alone.
	Say func(language string, err error) string
	// Outgoing is given the texts of each whole answer before it is handed over, to hold them against what was refuted; nil where
	// nobody does. A text can only be like another, which is for people to look at and keeps nothing from being handed over.
	Outgoing func(ctx context.Context, number artefact.Number, text string)
	// Observe is told of each call once it is over; nil for nobody.
	Observe func(Observation)
	// Report is told of faults that no client is told; nil for nobody.
	Report func(error)
}

// Observation is what became of a call, for figures. It names nobody.
type Observation struct {
	Endpoint shape.Endpoint
	Model    string
	Stream   bool
	Outcome  Outcome
	Code     colophon.Code // of the error, empty for none
	Took     time.Duration // the whole call
	Upstream time.Duration // of it, the wait for the model
	Commit   time.Duration // and the wait for what had to be durable
	First    time.Duration // until the first byte was written; 0 where none was
}

// Outcome is how a call ended.
type Outcome string

// Outcomes of calls, which are also the ends of streams in their records.
const (
	Done      Outcome = "done"
	Filtered  Outcome = "content-filter" // refused or held by screening
	Refused   Outcome = "refused"        // by admission
	Gone      Outcome = "client-gone"
	Stopped   Outcome = "order" // by a control order, or what happened to the account, while it ran
	Broke     Outcome = "upstream-broke"
	Limited   Outcome = "limit" // of bytes or time
	Shutdown  Outcome = "shutdown"
	Unkept    Outcome = "unrecorded" // its records could not be kept
	Malformed Outcome = "invalid"    // the call was out of form
	Faulty    Outcome = "fault"      // of ours
)
