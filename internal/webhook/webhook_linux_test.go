package webhook_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/webhook"
)

var officer = ledger.By{Role: "officer", ID: "staff-1"}

// received is what another program got.
type received struct {
	header http.Header
	body   []byte
}

// other is another program: it answers with the statuses of a list, then with 204.
type other struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
	got      []received
}

func listen(t *testing.T, statuses ...int) *other {
	t.Helper()
	o := &other{statuses: statuses}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.got = append(o.got, received{r.Header.Clone(), text})
		status := http.StatusNoContent
		if len(o.statuses) > 0 {
			status, o.statuses = o.statuses[0], o.statuses[1:]
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(o.Close)
	return o
}

// bench is a dispatcher over a real store, with a queue that is worked by hand.
type bench struct {
	*testing.T
	ctx    context.Context
	clock  *storetest.Clock
	store  *store.Store
	hooks  *webhook.Dispatcher
	queue  []string
	allow  []string
	secret string
}

func open(t *testing.T, allow ...string) *bench {
	t.Helper()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	clock.Set(time.Now().UTC().Truncate(time.Second)) // the library that verifies holds the time against its own clock
	config.Keys, config.Now = storetest.Keys(t, "k1"), clock.Now
	b := &bench{T: t, ctx: t.Context(), clock: clock, store: storetest.Open(t, config), allow: allow}
	sender, err := fetch.New(fetch.Config{Allow: allow})
	b.must(err)
	b.hooks = webhook.New(webhook.Config{Endpoints: ledgers.Of[webhook.Endpoint](b.store, webhook.EndpointLedger),
		Messages: ledgers.Joined(b.store, webhook.MessageLedger, func(ctx context.Context, _ *store.Tx, list []ledger.Entry[webhook.Message]) error {
			for _, m := range list {
				if webhook.Queued(ctx) {
					b.queue = append(b.queue, m.ID)
				}
			}
			return nil
		}),
		Recorder: storetest.Recorder(t, config.Keys, clock.Now), Keys: config.Keys, Sender: sender, Rand: rand.Reader})
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) add(o *other, types ...string) string {
	b.Helper()
	e, secret, err := b.hooks.Add(b.ctx, officer, webhook.Draft{URL: o.URL + "/hook?token=hidden", Types: types})
	b.must(err)
	b.secret = secret
	return e.ID
}

// work works the queue once.
func (b *bench) work(last bool) error {
	b.Helper()
	queue := b.queue
	b.queue = nil
	var err error
	for _, id := range queue {
		err = errors.Join(err, b.hooks.Attempt(b.ctx, id, last))
	}
	return err
}

func (b *bench) event(id string) webhook.Event {
	return webhook.Event{ID: id, Type: "intake.taken", At: b.clock.Now(), Data: map[string]string{"intake": id, "state": "possible"}}
}

func host(o *other) string { return strings.TrimPrefix(o.URL, "http://") }

func (b *bench) only(endpoint string) webhook.MessageEntry {
	b.Helper()
	list, _, err := b.hooks.Messages(b.ctx, endpoint, ledger.Query{})
	b.must(err)
	if len(list) != 1 {
		b.Fatalf("%d messages", len(list))
	}
	return list[0]
}

// TestSigned has the library of the specification verify what was sent, before and after the secret was replaced.
func TestSigned(t *testing.T) {
	t.Parallel()
	o := listen(t)
	b := open(t, host(o))
	id := b.add(o, "intake.taken")
	first := b.secret
	b.must(b.hooks.Publish(b.ctx, b.event("e-1")))
	b.must(b.hooks.Publish(b.ctx, b.event("e-1"))) // told once
	b.must(b.work(false))
	_, second, err := b.hooks.Rotate(b.ctx, officer, id)
	b.must(err)
	b.must(b.hooks.Publish(b.ctx, b.event("e-2")))
	b.must(b.work(false))
	b.clock.Set(b.clock.Now().Add(webhook.Overlap))
	b.must(b.hooks.Publish(b.ctx, b.event("e-3")))
	b.must(b.work(false))
	if len(o.got) != 3 {
		t.Fatalf("%d messages", len(o.got))
	}
	for i, c := range []struct {
		secret string
		good   [3]bool
	}{{first, [3]bool{true, true, false}}, {second, [3]bool{false, true, true}}} {
		reader, err := standardwebhooks.NewWebhook(c.secret)
		b.must(err)
		for j, got := range o.got {
			err := reader.VerifyIgnoringTimestamp(got.body, got.header)
			if (err == nil) != c.good[j] {
				t.Errorf("secret %d, message %d: %v", i+1, j+1, err)
			}
			if changed := bytes.Replace(got.body, []byte("possible"), []byte("suspected"), 1); reader.VerifyIgnoringTimestamp(changed, got.header) == nil {
				t.Errorf("secret %d, message %d: a changed message is verified", i+1, j+1)
			}
		}
	}
	reader, err := standardwebhooks.NewWebhook(first)
	b.must(err)
	b.must(reader.Verify(o.got[0].body, o.got[0].header)) // within the time that the specification allows
	if !strings.HasPrefix(string(o.got[0].body), `{"type":"intake.taken","timestamp":"`) {
		t.Errorf("the body is %s", o.got[0].body)
	}
}

// TestAttempts has each attempt's outcome kept as what it is, and the message fail in the end.
func TestAttempts(t *testing.T) {
	t.Parallel()
	o := listen(t, 500, 302, 200)
	b := open(t, host(o))
	id := b.add(o, "*")
	b.must(b.hooks.Publish(b.ctx, b.event("e-1")))
	m := b.only(id)
	for range 2 {
		b.queue = []string{m.ID}
		if err := b.work(false); !errors.Is(err, webhook.ErrAgain) {
			t.Fatal(err)
		}
	}
	b.queue = []string{m.ID}
	b.must(b.work(false))
	m = b.only(id)
	var told []webhook.Outcome
	var statuses []int
	for _, a := range m.Value.Attempts {
		told, statuses = append(told, a.Outcome), append(statuses, a.Status)
	}
	if m.State != string(webhook.Delivered) || !slices.Equal(told, []webhook.Outcome{webhook.Declined, webhook.Declined, webhook.Taken}) || !slices.Equal(statuses, []int{500, 302, 200}) {
		t.Errorf("%s: %v %v", m.State, told, statuses)
	}
	if len(o.got) != 3 || o.got[0].header.Get("webhook-id") != o.got[2].header.Get("webhook-id") {
		t.Error("an attempt has another identifier, or a redirect was followed", len(o.got))
	}
	b.must(b.hooks.Attempt(b.ctx, m.ID, false)) // settled: nothing is sent
	if len(o.got) != 3 {
		t.Error("sent again")
	}
	o.Close()
	_, err := b.hooks.Replay(b.ctx, officer, m.ID)
	b.must(err)
	b.must(b.work(true))
	if m = b.only(id); m.State != string(webhook.Failed) || m.Value.Attempts[3].Outcome != webhook.Unreached {
		t.Errorf("replayed to nobody: %s %+v", m.State, m.Value.Attempts[3])
	}
	records, err := b.store.RecordsAbout(b.ctx, m.ID, 0, 20)
	b.must(err)
	var types []string
	for _, r := range records {
		types = append(types, string(r.Type))
	}
	if got := strings.Join(types, " "); got != "webhook.queued webhook.attempt webhook.attempt webhook.attempt webhook.replay webhook.attempt" {
		t.Error(got)
	}
}

// TestInside has nothing sent into the network that we stand in, unless the configuration names the host.
func TestInside(t *testing.T) {
	t.Parallel()
	o := listen(t)
	b := open(t)
	if _, _, err := b.hooks.Add(b.ctx, officer, webhook.Draft{URL: o.URL, Types: []string{"*"}}); err == nil { // the port alone
		t.Error("an address with a port of its own was taken")
	}
	e, _, err := b.hooks.Add(b.ctx, officer, webhook.Draft{URL: "http://127.0.0.1/hook", Types: []string{"*"}})
	b.must(err)
	b.must(b.hooks.Publish(b.ctx, b.event("e-1")))
	b.must(b.work(true))
	m := b.only(e.ID)
	if a := m.Value.Attempts[0]; m.State != string(webhook.Failed) || a.Outcome != webhook.NotAsked || a.Code != fetch.CodePrivate || a.Status != 0 {
		t.Errorf("%s: %+v", m.State, a)
	}
}

// TestEndpoints goes through the life of an endpoint.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	o := listen(t, 410)
	b := open(t, host(o))
	if !b.hooks.Wants("intake.taken") {
		t.Error("nobody asked yet, so somebody may want it")
	}
	b.must(b.hooks.Refresh(b.ctx))
	if b.hooks.Wants("intake.taken") {
		t.Error("nobody wants it")
	}
	id := b.add(o, "intake.scan", "intake.taken")
	if !b.hooks.Wants("intake.taken") || b.hooks.Wants("other") {
		t.Error("wanted are others")
	}
	e, err := b.hooks.Endpoint(b.ctx, id)
	b.must(err)
	if e.Value.Host != "127.0.0.1" || strings.Contains(e.Value.Host, "hidden") {
		t.Error(e.Value.Host)
	}
	b.must(b.hooks.Publish(b.ctx, b.event("e-1")))
	b.must(b.work(false))
	if e, err = b.hooks.Endpoint(b.ctx, id); err != nil || e.State != string(webhook.Gone) || b.only(id).State != string(webhook.Failed) || b.hooks.Wants("intake.taken") {
		t.Error("410 asks for no more", e.State, err)
	}
	_, err = b.hooks.Set(b.ctx, officer, id, webhook.Active)
	b.must(err)
	message, err := b.hooks.Test(b.ctx, id)
	b.must(err)
	_, err = b.hooks.Set(b.ctx, officer, id, webhook.Paused)
	b.must(err)
	b.must(b.work(false))
	if m, err := b.hooks.Message(b.ctx, message.ID); err != nil || m.State != string(webhook.Dropped) || m.Value.Attempts[0].Outcome != webhook.NotWanted {
		t.Error("sent to a paused endpoint", m.State, err)
	}
	_, err = b.hooks.Set(b.ctx, officer, id, webhook.Removed)
	b.must(err)
	for _, err := range []error{
		func() error { _, err := b.hooks.Set(b.ctx, officer, id, webhook.Active); return err }(),
		func() error { _, _, err := b.hooks.Rotate(b.ctx, officer, id); return err }(),
		func() error { _, err := b.hooks.Test(b.ctx, id); return err }(),
	} {
		storetest.WantCode(t, err, webhook.CodeState)
	}
	list, err := b.hooks.Endpoints(b.ctx)
	if err != nil || len(list) != 0 || len(o.got) != 1 {
		t.Error(list, err, len(o.got))
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, d := range []webhook.Draft{{URL: "https://example.com/h"}, {URL: "https://example.com/h", Types: []string{"A b"}}, {URL: "https://example.com/h", Types: []string{"a..b"}},
		{URL: "ftp://example.com/h", Types: []string{"*"}}, {URL: "https://user:pass@example.com/h", Types: []string{"*"}}, {URL: "https://example.com:22/h", Types: []string{"*"}}, {Types: []string{"*"}}} {
		_, _, err := b.hooks.Add(b.ctx, officer, d)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind == colophon.Internal {
			t.Errorf("%+v: %v", d, err)
		}
	}
	if err := b.hooks.Publish(b.ctx, webhook.Event{ID: "x", Type: "*"}); err == nil {
		t.Error("an event of all types")
	}
	_, err := b.hooks.Replay(b.ctx, officer, "nothing")
	storetest.WantCode(t, err, webhook.CodeMessageMissing)
}

// TestBackoff has the attempts take a day.
func TestBackoff(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for i := 1; i < webhook.Attempts; i++ {
		all += webhook.Backoff(i)
	}
	if all < 23*time.Hour || all > 25*time.Hour {
		t.Error(all)
	}
}

// TestSlow has a slow endpoint leave workers to others.
func TestSlow(t *testing.T) {
	t.Parallel()
	var b *bench
	arrived, held := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-held
		b.clock.Set(b.clock.Now().Add(2 * time.Second))
	}))
	t.Cleanup(slow.Close)
	quick := listen(t)
	b = open(t, strings.TrimPrefix(slow.URL, "http://"), host(quick))
	tardy := b.add(&other{Server: slow}, "*")
	for _, id := range []string{"e-1", "e-2", "e-3", "e-4"} {
		b.must(b.hooks.Publish(b.ctx, b.event(id)))
	}
	queue, done := b.queue, make(chan error, 4)
	send := func(id string) { go func() { done <- b.hooks.Attempt(b.ctx, id, false) }() }
	send(queue[0])
	<-arrived
	held <- struct{}{} // only now is it known to be slow
	b.must(<-done)
	send(queue[1])
	<-arrived
	send(queue[2])
	<-arrived
	if err := b.hooks.Attempt(b.ctx, queue[3], false); !errors.Is(err, webhook.ErrBusy) {
		t.Error(err)
	}
	b.queue = nil
	b.add(quick, "*")
	b.must(b.hooks.Publish(b.ctx, b.event("e-4"))) // to the other one; the slow one has it already
	b.must(b.work(false))
	close(held)
	b.must(errors.Join(<-done, <-done))
	send(queue[3])
	<-arrived
	b.must(<-done)
	list, _, err := b.hooks.Messages(b.ctx, tardy, ledger.Query{})
	if b.must(err); len(list) != 4 || list[3].Value.Tried != 1 || len(quick.got) != 1 {
		t.Error(list, len(quick.got))
	}
}
