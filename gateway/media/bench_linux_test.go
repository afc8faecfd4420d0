package media_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	files "github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/stamp"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	producer = "001191110000000000000E10000"
	person   = "+8613800138000"
	bad      = "forbidden-words" // what the court refuses
	odd      = "odd-words"       // what it holds
)

var by = production.By{Role: production.Application, ID: "key-1", Source: netip.MustParseAddrPort("192.0.2.1:40000"), Client: "test/1"}

// bench is a studio over a real production line and a real store, before a model that a test plays.
type bench struct {
	*testing.T
	studio   *media.Studio
	hosted   *media.Hosted
	line     *production.Line
	register *artefact.Register
	store    *store.Store
	clock    *storetest.Clock
	gate     *gate
	court    *court
	model    *model
	fetched  *fetcher // by callers
	results  *fetcher // by models
	blobs    *memory
	usage    []upstream.Usage
	reserved []production.Asked
	refuse   map[string]policy.Action // what becomes of results, by their digest before they were marked
	models   map[string]gateway.Model
}

func open(t *testing.T, set func(*media.Config)) *bench {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	b := &bench{T: t, store: storetest.Open(t, config), clock: clock, gate: &gate{}, court: &court{}, model: &model{answers: map[string]answer{}}, fetched: &fetcher{}, results: &fetcher{},
		blobs: &memory{files: map[string][]byte{}}, refuse: map[string]policy.Action{}, models: map[string]gateway.Model{"painter": {Name: "painter", Service: "pictures"}}}
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	b.register = artefact.NewRegister(artefacts.New(b.store, func(context.Context, *store.Tx, artefact.Number) (string, error) { return "job-1", nil }), rec)
	network := networkLog{}
	b.gate.accounts = accounts.New(b.store, rec, make([]byte, 32))
	b.line = production.NewLine(production.Config{Register: b.register, Recorder: rec, Keys: config.Keys, Press: &stamp.Press{}, Accounts: b.gate.accounts,
		Network: network, Blobs: b.blobs, Spool: func() (production.Temporary, error) { return &temporary{}, nil }, Rand: rand.Reader, Producer: producer, MaxSize: 1 << 20, AtOnce: 2, Judge: b.judge})
	b.hosted = media.NewHosted(b.line, make([]byte, 32), "https://colophon.test/v1/content/", time.Hour, clock.Now)
	c := media.Config{Model: func(name string) (gateway.Model, bool) { m, ok := b.models[name]; return m, ok }, Gate: b.gate, Court: b.court, Journal: journal{}, Upstreams: b.model,
		Fetch: b.fetched, Results: b.results, Line: b.line, Artefacts: b.register, Hosted: b.hosted, Videos: ledgers.Of[media.Job](b.store, media.VideoLedger), Usage: b, Network: network,
		Recorder: rec, Keys: config.Keys, Reserve: b.reserve, Held: func(context.Context, artefact.Number) (string, error) { return "held-1", nil },
		Now: clock.Now, Wait: func(ctx context.Context, d time.Duration) error { clock.Set(clock.Now().Add(d)); return ctx.Err() }, Report: func(err error) { t.Error(err) }}
	if set != nil {
		set(&c)
	}
	var err error
	b.studio, err = media.New(c)
	b.must(err)
	return b
}

func (b *bench) judge(_ context.Context, q production.Question) (production.Answer, error) {
	data, err := io.ReadAll(io.NewSectionReader(q.Source, 0, q.Source.Size()))
	if err != nil {
		return production.Answer{}, err
	}
	switch b.refuse[digest(data)] {
	case policy.Refuse:
		return production.Answer{}, &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefused, Clauses: []colophon.Clause{colophon.ClauseDS10}}
	case policy.Review:
		return production.Answer{Judgement: "judgement-1", Wait: true}, nil
	}
	return production.Answer{Judgement: "judgement-1"}, nil
}

func (b *bench) reserve(_ context.Context, a production.Asked) error {
	b.reserved = append(b.reserved, a)
	return nil
}

// Count implements gateway.Usage.
func (b *bench) Count(_ context.Context, u upstream.Usage) error {
	b.usage = append(b.usage, u)
	return nil
}

func (b *bench) order() production.Order {
	return production.Order{Function: stamp.Other, Account: person}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) want(err error, code colophon.Code) *colophon.Error {
	b.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		b.Fatalf("got %v, want %s", err, code)
	}
	return e
}

// types lists the types of the records about something.
func (b *bench) types(about string) string {
	held, err := b.store.RecordsAbout(b.Context(), about, 0, 100)
	b.must(err)
	var list []string
	for _, h := range held {
		list = append(list, string(h.Type))
	}
	return strings.Join(list, " ")
}

// labelled reads the label of what left.
func (b *bench) labelled(data []byte) label.Fields {
	b.Helper()
	report, err := label.Read(files.Memory(data), label.Options{})
	b.must(err)
	if len(report.Marks) != 1 || report.Marks[0].Fields.ContentProducer != producer {
		b.Fatalf("%d labels", len(report.Marks))
	}
	return report.Marks[0].Fields
}

func call(e shape.Endpoint, body string) gateway.Call {
	return gateway.Call{By: by, Endpoint: e, Account: person, Type: "application/json", Body: []byte(body)}
}

// picture draws a picture that differs by its number.
func picture(t testing.TB, n int) []byte {
	canvas := image.NewNRGBA(image.Rect(0, 0, 400, 300))
	for i := range canvas.Pix {
		canvas.Pix[i] = 200
	}
	canvas.Set(n, n, color.NRGBA{R: 9, A: 255})
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// sink keeps an answer.
type sink struct {
	status int
	header map[string]string
	body   bytes.Buffer
}

// Begin implements gateway.Sink.
func (s *sink) Begin(status int, header map[string]string) error {
	s.status, s.header = status, header
	return nil
}

// Write implements gateway.Sink.
func (s *sink) Write(p []byte) error { _, err := s.body.Write(p); return err }

// Flush implements gateway.Sink.
func (s *sink) Flush() error { return nil }

func (s *sink) json(t testing.TB) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(s.body.Bytes(), &v); err != nil || s.status != 200 || s.header["Content-Type"] != "application/json" {
		t.Fatal(err, s.status, s.header)
	}
	return v
}

// gate admits what a test lets it.
type gate struct {
	accounts production.Accounts
	err      error
	likeness []string
	class    stamp.Function
	asked    []gateway.Asked
	done     int
	stop     context.CancelCauseFunc
}

// Admit implements gateway.Gate.
func (g *gate) Admit(ctx context.Context, a gateway.Asked) (gateway.Admitted, error) {
	g.asked = append(g.asked, a)
	if g.err != nil {
		return gateway.Admitted{}, g.err
	}
	who, err := g.accounts.Subject(ctx, a.Account)
	if err != nil {
		return gateway.Admitted{}, err
	}
	work, stop := context.WithCancelCause(ctx)
	g.stop = stop
	return gateway.Admitted{Subject: who, Work: work, Done: func() { g.done++; stop(nil) }, Still: func(context.Context) error { return nil }, Service: a.Model.Service,
		Function: a.Function, Class: g.class, Likeness: g.likeness}, nil
}

// court refuses and holds by words, and keeps what it was asked.
type court struct {
	mu    sync.Mutex
	items []screen.Item
	fail  error
}

// Judge implements gateway.Court.
func (c *court) Judge(_ context.Context, _ evidence.Role, item screen.Item) (screening.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items = append(c.items, item)
	out := screening.Outcome{Judgement: screen.Judgement{ID: "judgement-1", Action: policy.Allow, Clauses: []colophon.Clause{colophon.ClauseDS10}}}
	for _, p := range item.Parts {
		if strings.Contains(p.Text, bad) {
			out.Action = policy.Refuse
		}
		if strings.Contains(p.Text, odd) {
			out.Action, out.Held = policy.Review, "held-2"
		}
	}
	return out, c.fail
}

// Stream implements gateway.Court.
func (c *court) Stream(context.Context, evidence.Role, screen.Item, screen.Mode) (gateway.Screened, error) {
	return nil, errors.New("there are no streams of media")
}

// seen are the texts and the digests of media that were judged.
func (c *court) seen(surface screen.Surface) (list []string) {
	for _, it := range c.items {
		for _, p := range it.Parts {
			if it.Surface != surface {
				continue
			}
			if p.Media == nil {
				list = append(list, p.Text)
				continue
			}
			data, err := io.ReadAll(io.NewSectionReader(p.Media.Source, 0, p.Media.Source.Size()))
			if err != nil {
				panic(err)
			}
			list = append(list, digest(data))
		}
	}
	return list
}

type journal struct{}

// Gather implements gateway.Journal.
func (journal) Gather(ctx context.Context) (context.Context, gateway.Pending) { return ctx, journal{} }

// Wait implements gateway.Pending.
func (journal) Wait(context.Context) error { return nil }

// answer is what a model says.
type answer struct {
	kind string
	body []byte
	err  error
	then *answer // what it says the next time
}

// model answers by path, and keeps what it was asked.
type model struct {
	mu      sync.Mutex
	answers map[string]answer
	asked   []upstream.Request
	bodies  []string
	types   []string
	before  func(context.Context) // is called before an answer; nil for nothing
}

// Do implements gateway.Upstreams.
func (m *model) Do(ctx context.Context, r upstream.Request) (*upstream.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before != nil {
		m.before(ctx)
	}
	target := upstream.Target{Name: "target-1", Model: "theirs"}
	body := ""
	if r.Body != nil {
		data, err := r.Body(target)
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	m.asked, m.bodies, m.types = append(m.asked, r), append(m.bodies, body), append(m.types, r.Type)
	a, ok := m.answers[r.Method+" "+r.Path]
	if !ok {
		return nil, &upstream.Failure{Status: 404, Err: &colophon.Error{Kind: colophon.Invalid, Code: upstream.CodeRefused}}
	}
	if a.then != nil {
		m.answers[r.Method+" "+r.Path] = *a.then
	}
	if a.err != nil {
		return nil, a.err
	}
	return &upstream.Response{Status: 200, Header: http.Header{"Content-Type": {a.kind}}, Body: io.NopCloser(bytes.NewReader(a.body)), Target: target}, nil
}

func (m *model) says(path string, body []byte) { m.answers[path] = answer{body: body} }

// fetcher has files under addresses.
type fetcher struct {
	files map[string][]byte
	asked []string
}

// Fetch implements gateway.Fetcher.
func (f *fetcher) Fetch(_ context.Context, address string, _ int64, _ ...files.Modality) (fetch.File, error) {
	f.asked = append(f.asked, address)
	data, ok := f.files[address]
	if !ok {
		return fetch.File{}, &colophon.Error{Kind: colophon.Refused, Code: fetch.CodePrivate}
	}
	return fetch.File{Data: data, Format: files.PNG, Type: "image/png"}, nil
}

// memory keeps blobs. That seals hold is the business of internal/blob.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

type opened struct{ *bytes.Reader }

// Close implements io.Closer.
func (opened) Close() error { return nil }

// Size implements production.File.
func (o opened) Size() int64 { return o.Reader.Size() }

// Put implements production.Blobs.
func (m *memory) Put(_ context.Context, r io.Reader) (string, error) {
	data, err := io.ReadAll(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[digest(data)] = data
	return digest(data), err
}

// Open implements production.Blobs.
func (m *memory) Open(_ context.Context, ref string) (production.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[ref]
	if !ok {
		return nil, errors.New("no such blob")
	}
	return opened{bytes.NewReader(data)}, nil
}

// PutSealed implements production.Blobs.
func (m *memory) PutSealed(ctx context.Context, r io.Reader, _ []byte) (string, error) {
	return m.Put(ctx, r)
}

// OpenSealed implements production.Blobs.
func (m *memory) OpenSealed(ctx context.Context, ref string, _ []byte) (production.File, error) {
	return m.Open(ctx, ref)
}

// Delete implements production.Blobs.
func (m *memory) Delete(_ context.Context, ref string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, ref)
	return nil
}

type temporary struct{ bytes.Buffer }

// Close implements io.Closer.
func (*temporary) Close() error { return nil }

// Source implements production.Temporary.
func (t *temporary) Source() files.Source { return files.Memory(t.Bytes()) }

type networkLog struct{}

// Log implements production.NetworkLog.
func (networkLog) Log(context.Context, evidence.Subject, string, production.By) error { return nil }
