package webhook

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Config is what a Dispatcher is made of. All fields are required.
type Config struct {
	Endpoints ledger.Store[Endpoint]
	// Messages MUST enqueue a job that calls [Dispatcher.Attempt] for each entry that [Queued] names, with the change itself.
	Messages ledger.Store[Message]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Sender   Sender
	Rand     io.Reader
}

// Dispatcher keeps endpoints and sends messages to them. It is safe for use by many goroutines.
type Dispatcher struct {
	c         Config
	endpoints ledger.Book[Endpoint]
	messages  ledger.Book[Message]
	wanted    atomic.Pointer[[]string] // types that active endpoints want

	mu    sync.Mutex
	lanes map[string]lane // by endpoint; guarded by mu
}

// lane is how an endpoint does on this node.
type lane struct {
	busy int  // messages that are on their way now
	slow bool // the last one took longer than quick
}

// New makes a dispatcher. [Dispatcher.Refresh] has to be called before [Dispatcher.Wants] knows anything.
func New(c Config) *Dispatcher {
	return &Dispatcher{c: c, lanes: map[string]lane{},
		endpoints: ledger.Book[Endpoint]{Store: c.Endpoints, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/webhook/v1\x00", Missing: CodeMissing},
		messages:  ledger.Book[Message]{Store: c.Messages, Recorder: c.Recorder, Keys: c.Keys, Missing: CodeMessageMissing}}
}

type queuedKey struct{}

// Queued reports whether changes under a context have a message wait to be sent.
func Queued(ctx context.Context) bool { return ctx.Value(queuedKey{}) != nil }

func queued(ctx context.Context) context.Context { return context.WithValue(ctx, queuedKey{}, true) }

func act(t evidence.Type, by ledger.By, payload map[string]any) ledger.Act {
	payload["by"] = by.ID
	return ledger.Act{Type: t, Role: by.Role, Payload: payload}
}

// Add adds an endpoint, and returns the secret that its messages are signed with. It is not shown again.
func (d *Dispatcher) Add(ctx context.Context, by ledger.By, draft Draft) (EndpointEntry, string, error) {
	host, err := d.check(draft)
	if err != nil {
		return EndpointEntry{}, "", err
	}
	n, err := d.c.Endpoints.Count(ctx, ledger.Query{States: []string{string(Active), string(Paused), string(Gone)}})
	if err != nil {
		return EndpointEntry{}, "", err
	}
	if n >= MaxEndpoints {
		return EndpointEntry{}, "", &colophon.Error{Kind: colophon.Conflict, Code: CodeMany, Args: colophon.Args{"most": strconv.Itoa(MaxEndpoints)}}
	}
	text, err := d.draw()
	if err != nil {
		return EndpointEntry{}, "", err
	}
	e := EndpointEntry{State: string(Active), Value: Endpoint{Host: host, Types: draft.Types, Keys: 1}}
	e, err = d.endpoints.Add(ctx, e, sealed{draft.URL, []secret{{Text: text}}}, act(RecordAdded, by, map[string]any{"url": draft.URL, "types": draft.Types}))
	return e, text, errors.Join(err, d.Refresh(ctx))
}

func (d *Dispatcher) check(draft Draft) (host string, err error) {
	if err := d.c.Sender.Check(draft.URL); err != nil {
		return "", err
	}
	u, err := url.Parse(draft.URL)
	if err != nil {
		return "", invalid("url")
	}
	if len(draft.Types) == 0 || len(draft.Types) > 32 || slices.ContainsFunc(draft.Types, func(t string) bool { return !worded(t) }) {
		return "", invalid("types")
	}
	return u.Hostname(), nil
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func (d *Dispatcher) draw() (string, error) {
	key := make([]byte, secretSize)
	_, err := io.ReadFull(d.c.Rand, key)
	return secretPrefix + base64.StdEncoding.EncodeToString(key), err
}

// Rotate gives an endpoint another secret. The one before signs beside it for [Overlap].
func (d *Dispatcher) Rotate(ctx context.Context, by ledger.By, id string) (EndpointEntry, string, error) {
	text, err := d.draw()
	if err != nil {
		return EndpointEntry{}, "", err
	}
	e, err := d.endpoints.Change(ctx, id, func(e *EndpointEntry) (ledger.Act, error) {
		if State(e.State) == Removed {
			return ledger.Act{}, inState(e.State)
		}
		var s sealed
		if _, err := d.endpoints.Open(*e, &s); err != nil {
			return ledger.Act{}, err
		}
		now := d.endpoints.Now()
		list := []secret{{Text: text}}
		for _, old := range s.Secrets {
			if old.Until.IsZero() {
				list = append(list, secret{old.Text, now.Add(Overlap)})
			}
		}
		e.Value.Keys++
		return act(RecordChanged, by, map[string]any{"webhook": id, "change": "secret"}), d.endpoints.Secret(e, sealed{s.URL, list})
	})
	return e, text, err
}

// Set changes the state of an endpoint: to pause it, to go on, to remove it.
func (d *Dispatcher) Set(ctx context.Context, by ledger.By, id string, to State) (EndpointEntry, error) {
	e, err := d.endpoints.Change(ctx, id, func(e *EndpointEntry) (ledger.Act, error) {
		switch {
		case State(e.State) == to:
			return ledger.Act{}, ledger.ErrSame
		case State(e.State) == Removed:
			return ledger.Act{}, inState(e.State)
		}
		e.State = string(to)
		if to == Removed {
			if err := d.endpoints.Secret(e, sealed{}); err != nil {
				return ledger.Act{}, err
			}
		}
		return act(RecordChanged, by, map[string]any{"webhook": id, "change": to}), nil
	})
	return e, errors.Join(err, d.Refresh(ctx))
}

func inState(state string) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeState, Args: colophon.Args{"state": state}}
}

// Endpoint returns an endpoint.
func (d *Dispatcher) Endpoint(ctx context.Context, id string) (EndpointEntry, error) {
	return d.endpoints.Get(ctx, id)
}

// Endpoints returns the endpoints that were not removed.
func (d *Dispatcher) Endpoints(ctx context.Context) (list []EndpointEntry, err error) {
	err = d.endpoints.All(ctx, ledger.Query{States: []string{string(Active), string(Paused), string(Gone)}}, func(e EndpointEntry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// Refresh reads which types of events are wanted.
func (d *Dispatcher) Refresh(ctx context.Context) error {
	types := []string{}
	err := d.endpoints.All(ctx, ledger.Query{States: []string{string(Active)}}, func(e EndpointEntry) error {
		types = append(types, e.Value.Types...)
		return nil
	})
	if err == nil {
		d.wanted.Store(&types)
	}
	return err
}

// Wants reports whether somebody wants events of a type, as of the last Refresh. Before the first one it is true.
func (d *Dispatcher) Wants(typ string) bool {
	types := d.wanted.Load()
	return types == nil || slices.Contains(*types, typ) || slices.Contains(*types, "*")
}

// body is what a message says.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// Publish makes the messages of an event. It may be called again for the same event.
func (d *Dispatcher) Publish(ctx context.Context, ev Event) error {
	if ev.ID == "" || !worded(ev.Type) || ev.Type == "*" {
		return invalid("event")
	}
	return d.endpoints.All(ctx, ledger.Query{States: []string{string(Active)}}, func(e EndpointEntry) error {
		if !e.Value.wants(ev.Type) {
			return nil
		}
		_, err := d.queue(ctx, e.ID, ev)
		var known *colophon.Error
		if errors.As(err, &known) && known.Code == ledger.CodeExists {
			return nil
		}
		return err
	})
}

// Test sends an event that says nothing to one endpoint, whatever types it wants.
func (d *Dispatcher) Test(ctx context.Context, id string) (MessageEntry, error) {
	e, err := d.endpoints.Get(ctx, id)
	if err != nil {
		return MessageEntry{}, err
	}
	if State(e.State) != Active {
		return MessageEntry{}, inState(e.State)
	}
	event, err := d.c.Recorder.NewID()
	if err != nil {
		return MessageEntry{}, err
	}
	return d.queue(ctx, id, Event{ID: event, Type: "webhook.test", At: d.messages.Now(), Data: struct{}{}})
}

func (d *Dispatcher) queue(ctx context.Context, endpoint string, ev Event) (MessageEntry, error) {
	text, err := json.Marshal(body{ev.Type, ev.At.UTC(), ev.Data})
	if err != nil {
		return MessageEntry{}, err
	}
	m := MessageEntry{State: string(Waiting), Value: Message{Endpoint: endpoint, Event: ev.ID, Type: ev.Type, Body: text},
		Keys: []ledger.Key{{Name: "endpoint", Value: endpoint}, {Name: "event", Value: ev.ID}, {Name: "once", Value: endpoint + " " + ev.ID, Unique: true}}}
	return d.messages.Add(queued(ctx), m, nil, act(RecordQueued, ledger.By{Role: "system"}, map[string]any{"message": m.Value}))
}

// Replay has a message sent once more, whatever came of it before.
func (d *Dispatcher) Replay(ctx context.Context, by ledger.By, id string) (MessageEntry, error) {
	return d.messages.Change(queued(ctx), id, func(m *MessageEntry) (ledger.Act, error) {
		if MessageState(m.State) == Waiting {
			return ledger.Act{}, inState(m.State)
		}
		m.State = string(Waiting)
		return act(RecordReplay, by, map[string]any{"message": id}), nil
	})
}

// Message returns a message.
func (d *Dispatcher) Message(ctx context.Context, id string) (MessageEntry, error) {
	return d.messages.Get(ctx, id)
}

// Messages returns a page of messages, and the identifier after which the next one begins. An empty endpoint means all.
func (d *Dispatcher) Messages(ctx context.Context, endpoint string, q ledger.Query) ([]MessageEntry, string, error) {
	if endpoint != "" {
		q.Keys = append(q.Keys, ledger.Key{Name: "endpoint", Value: endpoint})
	}
	return d.messages.Page(ctx, q)
}

// Backoff is how long to wait after an attempt, counted from 1, so that all of them take a day.
func Backoff(attempt int) time.Duration {
	steps := []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour}
	return steps[cmp.Or(min(max(attempt, 1), len(steps)), 1)-1]
}

// Attempts is how often a message is tried.
const Attempts = 10
