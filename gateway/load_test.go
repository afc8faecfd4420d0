package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
)

// waiting answers with the beginning of a stream and waits.
type waiting struct {
	text  string
	begun chan struct{}
	over  chan struct{}
}

func (w *waiting) Do(context.Context, upstream.Request) (*upstream.Response, error) {
	return &upstream.Response{Status: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: &waitingBody{w: w, text: strings.NewReader(w.text)}}, nil
}

type waitingBody struct {
	w    *waiting
	text *strings.Reader
	told bool
}

func (b *waitingBody) Read(p []byte) (int, error) {
	if b.text.Len() > 0 {
		return b.text.Read(p)
	}
	if b.told {
		return 0, io.EOF
	}
	b.told = true
	b.w.begun <- struct{}{}
	<-b.w.over
	b.text = strings.NewReader(finish + done)
	return b.text.Read(p)
}

func (b *waitingBody) Close() error { return nil }

// plainSink takes what it is given.
type plainSink struct{ bytes atomic.Int64 }

func (*plainSink) Begin(int, map[string]string) error { return nil }
func (s *plainSink) Write(p []byte) error             { s.bytes.Add(int64(len(p))); return nil }
func (*plainSink) Flush() error                       { return nil }

func serve(b *bench, body string) error {
	return b.proxy.Serve(b.Context(), gateway.Call{By: production.By{Role: production.Application, ID: "key-1"}, Endpoint: shape.Chat, Account: "user-1", Body: []byte(body)}, &plainSink{})
}

func load(t testing.TB, change func(*gateway.Config, *screen.Config)) *bench {
	t.Helper()
	set, err := words()
	if err != nil {
		t.Fatal(err)
	}
	pol, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	b := stage(t, set, pol, change)
	b.light = true
	return b
}

// TestStreamMemory has many streams open at once and measures what one of them takes, stacks of its goroutines included.
func TestStreamMemory(t *testing.T) {
	const streams, most = 1000, 68 << 10 // of which 20 KiB are the scanner's
	w := &waiting{text: content(strings.Repeat("the quick brown fox ", 20)), begun: make(chan struct{}), over: make(chan struct{})}
	b := load(t, func(c *gateway.Config, _ *screen.Config) { c.Upstreams = w })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go b.proxy.Follow(ctx)
	body := strings.Replace(streamed, "hello", strings.Repeat("hello ", 100), 1)
	used := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	before, goroutines := used(), runtime.NumGoroutine()
	var all sync.WaitGroup
	for range streams {
		all.Go(func() {
			if err := serve(b, strings.Clone(body)); err != nil {
				t.Error(err)
			}
		})
		<-w.begun
	}
	each, more := (used()-before)/streams, runtime.NumGoroutine()-goroutines
	t.Logf("%d bytes and %.2f goroutines for each of %d streams", each, float64(more)/streams, b.proxy.Open())
	if each > most || more > 2*streams+2 || b.proxy.Open() != streams {
		t.Errorf("%d bytes, %d goroutines", each, more)
	}
	close(w.over)
	all.Wait()
}

// answering answers at once.
type answering struct{ body, kind string }

func (a answering) Do(_ context.Context, r upstream.Request) (*upstream.Response, error) {
	if _, err := r.Body(upstream.Target{Model: "theirs"}); err != nil {
		return nil, err
	}
	return &upstream.Response{Status: 200, Header: http.Header{"Content-Type": {a.kind}}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

// BenchmarkAnswer is the work in this process for one answer, with screening, label and records, and with a store in memory.
func BenchmarkAnswer(b *testing.B) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog. ", 20)
	for name, a := range map[string]answering{
		"whole":  {whole(fmt.Sprintf(`{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}`, text)), "application/json"},
		"stream": {strings.Repeat(content("the quick brown fox "), 45) + finish + done, "text/event-stream"},
	} {
		b.Run(name, func(b *testing.B) {
			s := load(b, func(c *gateway.Config, _ *screen.Config) { c.Upstreams = a })
			body := strings.Replace(map[bool]string{true: streamed, false: question}[name == "stream"], "hello", text, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := serve(s, body); err != nil {
					b.Fatal(err)
				}
				s.records, s.entered, s.markings, s.usage, s.logged = nil, nil, nil, nil, nil
				s.seen = nil
			}
		})
	}
}
