package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

var errDown = errors.New("the store is down")

// kept is a record with what it says.
type kept struct {
	evidence.Record
	payload string
}

// book is a store in memory: what is gathered under a context is there when it was waited for.
type book struct {
	t    testing.TB
	ring *evidence.Keyring

	mu        sync.Mutex
	down      bool
	forgotten int // so many times the data key was erased
	records   []kept
	entered   []artefact.Artefact
	markings  []artefact.Marking
	rows      map[artefact.Number]gateway.Open
	usage     []upstream.Usage
	logged    []string
	waits     int
	light     bool // records are thrown away
}

type gathering struct {
	book *book
	mu   sync.Mutex
	fns  []func()
	over bool
}

type gatheringKey struct{}

func (b *book) Gather(ctx context.Context) (context.Context, gateway.Pending) {
	g := &gathering{book: b}
	return context.WithValue(ctx, gatheringKey{}, g), g
}

func (g *gathering) Wait(context.Context) error {
	g.mu.Lock()
	fns := g.fns
	g.fns, g.over = nil, true
	g.mu.Unlock()
	g.book.mu.Lock()
	defer g.book.mu.Unlock()
	g.book.waits++
	if len(fns) == 0 {
		return nil
	}
	if err := g.book.broken(); err != nil {
		return err
	}
	for _, fn := range fns {
		fn()
	}
	return nil
}

func (b *book) broken() error {
	switch {
	case b.down:
		return errDown
	case b.forgotten > 0:
		b.forgotten--
		return gateway.ErrForgotten
	}
	return nil
}

// commit does something with the lock held, now or when it is waited for.
func (b *book) commit(ctx context.Context, fn func()) error {
	if g, ok := ctx.Value(gatheringKey{}).(*gathering); ok {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.over {
			g.fns = append(g.fns, fn)
			return nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.broken(); err != nil {
		return err
	}
	fn()
	return nil
}

func (b *book) add(rec evidence.Record) {
	if b.light {
		return
	}
	opening, err := b.ring.Open(&rec)
	if err != nil {
		b.t.Error(err)
	}
	b.records = append(b.records, kept{rec, string(opening.Payload)})
}

func (b *book) Opened(ctx context.Context, rec evidence.Record) error {
	return b.commit(ctx, func() { b.add(rec) })
}

func (b *book) Judged(ctx context.Context, rec evidence.Record, _ policy.Judged) error {
	return b.commit(ctx, func() { b.add(rec) })
}

func (b *book) Open(ctx context.Context, rec evidence.Record, o gateway.Open) error {
	return b.commit(ctx, func() { b.add(rec); b.rows[o.Number] = o })
}

func (b *book) Progress(ctx context.Context, rec evidence.Record, marks []gateway.Progress) error {
	return b.commit(ctx, func() {
		b.add(rec)
		for _, m := range marks {
			if o, ok := b.rows[m.Number]; ok {
				o.Delivered, o.Mark, o.Marked = m.Delivered, rec.ID, rec.Time()
				b.rows[m.Number] = o
			}
		}
	})
}

func (b *book) End(ctx context.Context, rec evidence.Record, n artefact.Number) error {
	return b.commit(ctx, func() { b.add(rec); delete(b.rows, n) })
}

func (b *book) Lose(ctx context.Context, rec evidence.Record, o gateway.Open) (there bool, err error) {
	err = b.commit(ctx, func() {
		if there = b.rows[o.Number] == o; there {
			b.add(rec)
			delete(b.rows, o.Number)
		}
	})
	return there, err
}

func (b *book) Overdue(_ context.Context, before time.Time, limit int) (list []gateway.Open, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.rows {
		if o.Marked.Before(before) && len(list) < limit {
			list = append(list, o)
		}
	}
	return list, nil
}

func (b *book) Count(ctx context.Context, u upstream.Usage) error {
	return b.commit(ctx, func() { b.usage = append(b.usage, u) })
}

func (b *book) Log(ctx context.Context, _ evidence.Subject, operation string, _ production.By) error {
	return b.commit(ctx, func() { b.logged = append(b.logged, operation) })
}

func (b *book) Answered(ctx context.Context, _ evidence.Role, a artefact.Artefact, m artefact.Marking, _ string, _ artefact.Channel) (artefact.Artefact, error) {
	return a, b.commit(ctx, func() { b.entered, b.markings = append(b.entered, a), append(b.markings, m) })
}

// of returns the payloads of the records of a type.
func (b *book) of(typ evidence.Type) (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.records {
		if k.Type == typ {
			list = append(list, k.payload)
		}
	}
	return list
}

// court judges by a real engine. What must wait gets an identifier.
type court struct{ *screen.Engine }

func (c court) Judge(ctx context.Context, _ evidence.Role, item screen.Item) (screening.Outcome, error) {
	j, err := c.Engine.Judge(ctx, item)
	return consequence(j), err
}

func consequence(j screen.Judgement) screening.Outcome {
	out := screening.Outcome{Judgement: j}
	if j.Action == policy.Review {
		out.Held = "held-1"
	}
	return out
}

func (c court) Stream(ctx context.Context, _ evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
	s, err := c.Engine.Stream(ctx, item, mode)
	return heard{s}, err
}

type heard struct{ *screen.Stream }

func (h heard) Close(ctx context.Context) (string, screening.Outcome, error) {
	rest, j, err := h.Stream.Close(ctx)
	return rest, consequence(j), err
}

// gate admits everybody until it is told otherwise.
type gate struct {
	mu     sync.Mutex
	refuse error
	still  error
	order  context.CancelCauseFunc // ends the work that was admitted last
	done   int
	asked  gateway.Asked
}

func (g *gate) Admit(ctx context.Context, a gateway.Asked) (gateway.Admitted, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = a
	work, order := context.WithCancelCause(ctx)
	g.order = order
	return gateway.Admitted{Subject: "acct-1", Account: "verified", Work: work, Done: func() { g.mu.Lock(); defer g.mu.Unlock(); g.done++; order(nil) }, Still: func(context.Context) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.still
	}}, g.refuse
}

// model is an upstream. It writes the answer to what it was asked.
type model struct {
	mu      sync.Mutex
	calls   int
	asked   string
	path    string
	typ     string
	kind    string // Content-Type of the answer; empty: by what was asked
	fail    error
	answer  func(body string, w io.Writer) error // nil: nothing is answered
	stopped chan struct{}                        // closed when whoever asked ended it
}

func (m *model) Do(ctx context.Context, r upstream.Request) (*upstream.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	body, err := r.Body(upstream.Target{Model: "theirs"})
	if err != nil {
		return nil, err
	}
	m.asked, m.path, m.typ, m.stopped = string(body), r.Path, r.Type, make(chan struct{})
	if m.fail != nil {
		return nil, m.fail
	}
	in, out := io.Pipe()
	stopped, answer, asked := m.stopped, m.answer, m.asked
	stop := context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		err := answer(asked, out)
		out.CloseWithError(err)
	}()
	kind := m.kind
	if kind == "" {
		kind = map[bool]string{true: "text/event-stream", false: "application/json"}[r.Stream]
	}
	return &upstream.Response{Status: 200, Header: http.Header{"Content-Type": {kind}}, Body: &body1{in, func() { stop(); close(stopped) }}}, nil
}

type body1 struct {
	*io.PipeReader
	closed func()
}

func (b *body1) Close() error {
	b.closed()
	return b.PipeReader.Close()
}

// says answers with a text as it is.
func says(text string) func(string, io.Writer) error {
	return func(_ string, w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// sink is a client.
type sink struct {
	b      *bench
	status int
	header map[string]string
	body   bytes.Buffer
	times  []time.Time
	fails  int // after so many writes it takes nothing; 0 for never
	writes int
	wrote  func() // called after each write
}

func (s *sink) Begin(status int, header map[string]string) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if len(s.b.records) == 0 && s.b.usage == nil {
		s.b.Error("the answer began before anything was durable")
	}
	s.status, s.header = status, header
	return nil
}

func (s *sink) Write(p []byte) error {
	s.writes++
	if s.fails > 0 && s.writes > s.fails {
		return io.ErrClosedPipe
	}
	s.body.Write(p)
	s.times = append(s.times, time.Now())
	if s.wrote != nil {
		s.wrote()
	}
	return nil
}

func (s *sink) Flush() error { return nil }

// bench is a proxy with what it stands on.
type bench struct {
	testing.TB
	*book
	gate   *gate
	model  *model
	proxy  *gateway.Proxy
	config gateway.Config
	served gateway.Model
	seen   []gateway.Observation
	faults []error
}

func feature(id string, kind library.Kind, value string, category library.Category, level keyword.Level) library.Feature {
	return library.Feature{ID: id, Kind: kind, Value: value, Category: category, Level: level, Standard: "for a test", Reason: "for a test"}
}

var words = sync.OnceValues(func() (*library.Set, error) {
	return library.Compile([]library.Feature{
		feature("k-drug", library.Keyword, "冰毒原料", "drugs", keyword.Block),
		feature("k-gun", library.Keyword, "gun parts", "weapons", keyword.Review),
		feature("k-long", library.Keyword, "forbidden phrase", "drugs", keyword.Block),
	}, library.Options{Words: keyword.Options{Sound: true, Loose: true}})
})

var rules = sync.OnceValues(func() (*policy.Policy, error) {
	table, err := policy.Default()
	if err != nil {
		return nil, err
	}
	return policy.Compile(table)
})

// in runs a test with a proxy, on a clock of its own.
func in(t *testing.T, change func(*gateway.Config, *screen.Config), test func(*bench)) {
	t.Helper()
	set, err := words()
	if err != nil {
		t.Fatal(err)
	}
	pol, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := stage(t, set, pol, change)
		ctx, stop := context.WithCancel(t.Context())
		go b.proxy.Follow(ctx)
		test(b)
		stop()
		<-time.After(3 * time.Minute) // models that speak to nobody find out
		synctest.Wait()
		if n := b.proxy.Open(); n != 0 {
			t.Errorf("%d streams are open", n)
		}
		if b.gate.done == 0 && b.gate.asked.Number != "" {
			t.Error("what admission began was not ended")
		}
	})
}

// stage makes a proxy with what it stands on.
func stage(t testing.TB, set *library.Set, pol *policy.Policy, change func(*gateway.Config, *screen.Config)) *bench {
	t.Helper()
	no := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := evidence.NewEnvelopeKey("k1", make([]byte, 32), rand.Reader)
	no(err)
	ring := evidence.NewKeyring(key)
	b := &bench{TB: t, book: &book{t: t, ring: ring, rows: map[artefact.Number]gateway.Open{}}, gate: &gate{}, model: &model{}, served: gateway.Model{Name: "m", Notice: mark.Interface, Mode: screen.Live}}
	recorder, err := evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: ring})
	no(err)
	labels, err := mark.New(mark.Config{Producer: "001191110108MA01ABCDEF10000"})
	no(err)
	s := screen.Config{Library: func() *library.Set { return set }, Policy: func() *policy.Policy { return pol }, Journal: b.book, Recorder: recorder, Now: time.Now, Rand: rand.Reader}
	b.config = gateway.Config{Model: func(name string) (gateway.Model, bool) { return b.served, name == "m" }, Gate: b.gate, Journal: b.book, Upstreams: b.model, Streams: b.book,
		Usage: b.book, Register: b.book, Network: b.book, Labels: labels, Recorder: recorder, Now: time.Now,
		Observe: func(o gateway.Observation) { b.mu.Lock(); defer b.mu.Unlock(); b.seen = append(b.seen, o) }, Report: func(err error) { b.mu.Lock(); defer b.mu.Unlock(); b.faults = append(b.faults, err) }}
	if change != nil {
		change(&b.config, &s)
	}
	b.config.Court = court{screen.New(s)}
	b.proxy = gateway.New(b.config)
	return b
}

// call asks the proxy.
func (b *bench) call(ctx context.Context, e shape.Endpoint, body string, s *sink) error {
	s.b = b
	return b.proxy.Serve(ctx, gateway.Call{By: production.By{Role: production.Application, ID: "key-1"}, Endpoint: e, Account: "user-1", Type: "application/json", Body: []byte(body), Language: "en"}, s)
}

// answer asks, and fails the test where there is no answer.
func (b *bench) answer(e shape.Endpoint, body string) *sink {
	b.Helper()
	s := &sink{}
	if err := b.call(b.Context(), e, body, s); err != nil {
		b.Fatal(err)
	}
	return s
}

// refused asks, and fails the test where the error is another.
func (b *bench) refused(e shape.Endpoint, body string, code colophon.Code) {
	b.Helper()
	s := &sink{}
	err := b.call(b.Context(), e, body, s)
	var known *colophon.Error
	if !errors.As(err, &known) || known.Code != code || s.status != 0 {
		b.Errorf("got %v and %d %s, want %s", err, s.status, s.body.String(), code)
	}
}

// ended is what the record of the only stream's end says.
type ended struct {
	Why       string `json:"why"`
	Code      string `json:"code"`
	Delivered int64  `json:"delivered"`
	Unsure    int64  `json:"unsure"`
	Withheld  int64  `json:"withheld"`
	Mark      string `json:"mark"`
	Texts     []struct {
		Kind      string `json:"kind"`
		Judgement string `json:"judgement"`
	} `json:"texts"`
}

func (b *bench) ended() (e ended) {
	b.Helper()
	list := b.of(gateway.RecordEnded)
	if len(list) != 1 {
		b.Fatalf("%d records of an end", len(list))
	}
	if err := json.Unmarshal([]byte(list[0]), &e); err != nil {
		b.Fatal(err)
	}
	if opened := b.of(gateway.RecordOpened); len(opened) != 1 || len(b.rows) != 0 {
		b.Error(opened, b.rows)
	}
	return e
}

const question = `{"model":"m","messages":[{"role":"user","content":"hello"}]}`
const streamed = `{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}]}`

// chunk is an event of a chat.
func chunk(delta string) string {
	return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"theirs","choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}` + "\n\n"
}

func content(text string) string { return chunk(fmt.Sprintf(`{"content":%q}`, text)) }

const finish = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"theirs","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
const done = "data: [DONE]\n\n"

// read returns what a client has of the texts of a stream of chats, by kind.
func (s *sink) read() (text, reason string) {
	var b strings.Builder
	for line := range strings.Lines(s.body.String()) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		var ev struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
				Finish string `json:"finish_reason"`
			} `json:"choices"`
		}
		if err := json.Unmarshal([]byte(data), &ev); err != nil {
			s.b.Errorf("%s: %v", data, err)
		}
		for _, c := range ev.Choices {
			b.WriteString(c.Delta.Content)
			if c.Finish != "" {
				reason = c.Finish
			}
		}
	}
	return b.String(), reason
}

// clean fails the test where a client has a word that it must not have, or the records have it.
func (s *sink) clean(words ...string) {
	s.b.Helper()
	for _, w := range words {
		if strings.Contains(s.body.String(), w) || slices.ContainsFunc(s.b.of(gateway.RecordEnded), func(p string) bool { return strings.Contains(p, w) }) {
			s.b.Errorf("%q came out: %s", w, s.body.String())
		}
	}
}
