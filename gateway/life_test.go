package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/screen"
)

var errOrder = &colophon.Error{Kind: colophon.Refused, Code: "incident-ordered", Clauses: []colophon.Clause{colophon.ClauseDS10}}

// talks writes a word each second until somebody ends it.
func (b *bench) talks(_ string, w io.Writer) error {
	for {
		if _, err := io.WriteString(w, content("word ")); err != nil {
			return nil
		}
		<-time.After(time.Second)
	}
}

// stopped fails the test where the upstream goes on.
func (b *bench) stoppedUpstream() {
	b.Helper()
	select {
	case <-b.model.stopped:
	default:
		b.Error("the upstream goes on")
	}
}

// TestClientGone has clients that go away: one whose connection breaks while something is written, and one that hangs up.
func TestClientGone(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		s := &sink{fails: 3}
		if err := b.call(b.Context(), shape.Chat, streamed, s); err != nil {
			b.Error(err)
		}
		if e := b.ended(); e.Why != "client-gone" || e.Delivered != 15 || e.Unsure != 5 {
			b.Errorf("%+v", e)
		}
		b.stoppedUpstream()
		if len(b.entered) != 1 {
			b.Error("what was delivered was not entered")
		}
	})
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		ctx, leave := context.WithTimeout(b.Context(), 4500*time.Millisecond)
		defer leave()
		s := &sink{}
		if err := b.call(ctx, shape.Chat, streamed, s); err != nil {
			b.Error(err)
		}
		if text, _ := s.read(); text != strings.Repeat("word ", 5) {
			b.Error(text)
		}
		if e := b.ended(); e.Why != "client-gone" || e.Delivered != 25 || e.Unsure != 0 || e.Mark == "" {
			b.Errorf("%+v", e)
		}
		b.stoppedUpstream()
	})
	in(t, nil, func(b *bench) { // before the model answered
		b.model.answer = func(string, io.Writer) error { <-b.model.stopped; return nil }
		ctx, leave := context.WithTimeout(b.Context(), time.Second)
		defer leave()
		if err := b.call(ctx, shape.Chat, question, &sink{}); err == nil || b.gate.done != 1 || len(b.usage) != 1 {
			b.Error(err, b.gate.done, b.usage)
		}
	})
}

// TestOrder has a control order end a stream in the middle, and an answer that was not given yet.
func TestOrder(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		go func() {
			<-time.After(3500 * time.Millisecond)
			b.gate.order(errOrder)
		}()
		s := b.answer(shape.Chat, streamed)
		if text, _ := s.read(); text != strings.Repeat("word ", 4) || !strings.Contains(s.body.String(), `"code":"incident-ordered"`) {
			b.Error(s.body.String())
		}
		if e := b.ended(); e.Why != "order" || e.Code != "incident-ordered" || e.Delivered != 20 {
			b.Errorf("%+v", e)
		}
		b.stoppedUpstream()
	})
	in(t, nil, func(b *bench) {
		b.model.answer = func(_ string, w io.Writer) error {
			b.gate.order(errOrder)
			_, err := io.WriteString(w, whole(`{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}`))
			return err
		}
		b.refused(shape.Chat, question, "incident-ordered")
		if len(b.entered) != 0 {
			b.Error("it was entered")
		}
	})
}

// TestSuspended has the account suspended while a stream runs, and the gate fail for a while.
func TestSuspended(t *testing.T) {
	t.Parallel()
	set := func(b *bench, after time.Duration, err error) {
		<-time.After(after)
		b.gate.mu.Lock()
		defer b.gate.mu.Unlock()
		b.gate.still = err
	}
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		go set(b, 3*time.Second, &colophon.Error{Kind: colophon.Refused, Code: "admission-measure"})
		b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "order" || e.Code != "admission-measure" || e.Delivered > 30 {
			b.Errorf("%+v", e)
		}
	})
	in(t, nil, func(b *bench) { // nobody can tell: not for long
		b.model.answer = b.talks
		go set(b, 3*time.Second, errDown)
		b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "order" || e.Delivered < 100 || e.Delivered > 200 {
			b.Errorf("%+v", e)
		}
	})
	in(t, nil, func(b *bench) { // an answer that took long
		b.model.answer = func(_ string, w io.Writer) error {
			<-time.After(10 * time.Second)
			_, err := io.WriteString(w, whole(`{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}`))
			return err
		}
		go set(b, time.Second, &colophon.Error{Kind: colophon.Refused, Code: "admission-measure"})
		b.refused(shape.Chat, question, "admission-measure")
	})
}

// TestNotAdmitted refuses before anything is judged or asked.
func TestNotAdmitted(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.gate.refuse = &colophon.Error{Kind: colophon.Refused, Code: "admission-unverified"}
		b.refused(shape.Chat, question, "admission-unverified")
		if b.model.calls != 0 || len(b.logged) != 1 || len(b.records) != 0 || b.seen[0].Outcome != gateway.Refused {
			b.Error(b.model.calls, b.logged, b.seen)
		}
		b.refused(shape.Chat, `{"model":"other","messages":[]}`, gateway.CodeModel)
		b.served.Endpoints = []shape.Endpoint{shape.Responses}
		b.refused(shape.Chat, question, gateway.CodeEndpoint)
		if len(b.logged) != 1 {
			b.Error("logged what was not asked of anybody")
		}
	})
}

// TestMarks follows what is kept of open streams: at each pulse, soon after much was delivered, and while nothing is.
func TestMarks(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		const streams = 5
		b.model.answer = func(_ string, w io.Writer) error {
			for range 4 { // and then nothing for long
				if _, err := io.WriteString(w, content(strings.Repeat("word ", 300))); err != nil {
					return err
				}
				<-time.After(time.Second)
			}
			<-time.After(time.Minute)
			return nil
		}
		for range streams {
			go func() {
				ctx, leave := context.WithTimeout(b.Context(), 61*time.Second)
				defer leave()
				_ = b.call(ctx, shape.Chat, streamed, &sink{})
			}()
		}
		<-time.After(7 * time.Second)
		marks := len(b.of(gateway.RecordProgress))
		b.mu.Lock()
		if len(b.rows) != streams || marks < 2 || marks > 8 {
			b.Error(len(b.rows), marks)
		}
		for _, o := range b.rows {
			if o.Delivered != 6000 || o.Mark == "" {
				b.Errorf("%+v", o)
			}
		}
		b.mu.Unlock()
		<-time.After(50 * time.Second) // a sign now and then, so that nobody takes them for lost
		if list, err := b.Overdue(b.Context(), time.Now().Add(-20*time.Second), 10); err != nil || len(list) != 0 {
			b.Error(list, err)
		}
		<-time.After(10 * time.Second)
	})
}

// TestLost has a node die in the middle: what it had marked is all that is known.
func TestLost(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		at := time.Now().UTC().Truncate(time.Millisecond)
		b.rows["n-1"] = gateway.Open{Number: "n-1", Subject: "acct-1", Opened: at, Marked: at.Add(10 * time.Second), Delivered: 700, Mark: "record-1"}
		<-time.After(2 * time.Minute)
		if err := b.proxy.Sweep(b.Context()); err != nil || len(b.rows) != 1 {
			b.Error("too early", err)
		}
		<-time.After(11 * time.Second)
		for range 2 { // the second time the mark stands still
			if err := b.proxy.Sweep(b.Context()); err != nil || len(b.rows) != 1 {
				b.Error("it was not seen for long", err)
			}
			<-time.After(30 * time.Second)
		}
		<-time.After(5 * time.Second)
		if err := b.proxy.Sweep(b.Context()); err != nil {
			b.Error(err)
		}
		var lost struct {
			Number  artefact.Number `json:"number"`
			AtLeast int64           `json:"at_least"`
			Mark    string          `json:"mark"`
			End     string          `json:"end"`
		}
		list := b.of(gateway.RecordLost)
		if len(list) != 1 || json.Unmarshal([]byte(list[0]), &lost) != nil || lost.AtLeast != 700 || lost.End != "unknown" || lost.Mark != "record-1" || len(b.rows) != 0 {
			b.Error(list, b.rows)
		}
		if b.records[0].Subject != "acct-1" {
			b.Error(b.records[0].Subject)
		}
	})
}

// TestStoreDown has the store fail before an answer, while a stream runs, and at its end.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	turn := func(b *bench, after time.Duration) {
		<-time.After(after)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.down = true
	}
	in(t, nil, func(b *bench) {
		b.down = true
		b.model.answer = says(content("good") + finish + done)
		b.refused(shape.Chat, streamed, gateway.CodeUnkept)
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}`))
		b.refused(shape.Chat, question, gateway.CodeUnkept)
	})
	in(t, nil, func(b *bench) { // after the model was asked
		b.model.answer = func(_ string, w io.Writer) error {
			<-time.After(time.Second)
			_, err := io.WriteString(w, whole(`{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}`))
			return err
		}
		go turn(b, 500*time.Millisecond)
		b.refused(shape.Chat, question, gateway.CodeUnkept)
	})
	in(t, nil, func(b *bench) { // while a stream runs: it is ended before anybody takes it for lost
		b.model.answer = b.talks
		go turn(b, 10*time.Second)
		began := time.Now()
		s := b.answer(shape.Chat, streamed)
		if took := time.Since(began); took < 35*time.Second || took > 60*time.Second || !strings.Contains(s.body.String(), string(gateway.CodeUnkept)) {
			b.Error(took, s.body.String())
		}
		if len(b.rows) != 1 || len(b.faults) == 0 {
			b.Error("the row is gone, or nobody heard of it", b.rows)
		}
		b.down = false
		for range 2 {
			<-time.After(3 * time.Minute)
			if err := b.proxy.Sweep(b.Context()); err != nil {
				b.Error(err)
			}
		}
		if len(b.of(gateway.RecordLost)) != 1 {
			b.Error(b.of(gateway.RecordLost))
		}
	})
	in(t, nil, func(b *bench) { // at the end: the rest does not leave
		b.model.answer = func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, content("good 冰"))
			<-time.After(time.Second)
			_, err2 := io.WriteString(w, finish+done)
			return errors.Join(err, err2)
		}
		go turn(b, 500*time.Millisecond)
		s := b.answer(shape.Chat, streamed)
		s.clean("冰", "[DONE]")
		if len(b.rows) != 1 {
			b.Error(b.rows)
		}
	})
}

// TestForgotten has the account's data key erased while a call is under way.
func TestForgotten(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.forgotten = 1
		b.model.answer = says(content("good") + finish + done)
		b.refused(shape.Chat, streamed, gateway.CodeUnkept)
		b.answer(shape.Chat, streamed) // with a new key
		b.forgotten = 1
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":"good"},"finish_reason":"stop"}`))
		b.refused(shape.Chat, question, gateway.CodeUnkept)
	})
	in(t, nil, func(b *bench) {
		b.model.answer = func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, content("good")+content(bad))
			b.mu.Lock()
			b.forgotten = 1
			b.mu.Unlock()
			return err
		}
		b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "content-filter" {
			b.Errorf("%+v", e)
		}
	})
}

// TestDrain ends streams where the server ends.
func TestDrain(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		go func() {
			<-time.After(2500 * time.Millisecond)
			b.proxy.Drain()
		}()
		s := b.answer(shape.Chat, streamed)
		if e := b.ended(); e.Why != "shutdown" || e.Delivered != 15 || !strings.Contains(s.body.String(), string(gateway.CodeShutdown)) || strings.Contains(s.body.String(), "[DONE]") {
			b.Errorf("%+v %s", e, s.body.String())
		}
		b.refused(shape.Chat, streamed, gateway.CodeShutdown)
	})
}

// TestPanic ends what was begun where something panics.
func TestPanic(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = b.talks
		s := &sink{wrote: func() { panic("for a test") }}
		func() {
			defer func() {
				if recover() == nil {
					b.Error("no panic")
				}
			}()
			_ = b.call(b.Context(), shape.Chat, streamed, s)
		}()
		if e := b.ended(); e.Why != "fault" || b.gate.done != 1 || len(b.usage) != 1 {
			b.Errorf("%+v %d %v", e, b.gate.done, b.usage)
		}
		b.stoppedUpstream()
	})
}

// TestUpstreamFails tells no client what an upstream says.
func TestUpstreamFails(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.fail = &upstream.Failure{Status: 429, Err: &colophon.Error{Kind: colophon.Internal, Code: upstream.CodeLimited, Err: errDown}}
		b.refused(shape.Chat, question, upstream.CodeLimited)
		b.refused(shape.Chat, streamed, upstream.CodeLimited)
		if e := b.ended(); e.Why != "upstream-broke" || e.Delivered != 0 {
			b.Errorf("%+v", e)
		}
	})
}

// thoughtful is a classifier that takes its time.
type thoughtful struct{ slow }

func (thoughtful) Classify(context.Context, screen.Question) (screen.Answer, error) {
	<-time.After(3 * time.Second)
	return screen.Answer{Outcome: screen.Ran}, nil
}

// TestClearedLater lets text out that was cleared while the upstream says nothing more.
func TestClearedLater(t *testing.T) {
	t.Parallel()
	in(t, func(_ *gateway.Config, s *screen.Config) {
		s.Classifiers, s.Stream = []screen.Classifier{thoughtful{}}, screen.StreamLimits{Window: 16, Overlap: 4}
	}, func(b *bench) {
		b.served.Mode = screen.Strict
		b.model.answer = func(_ string, w io.Writer) error {
			_, err := io.WriteString(w, content(strings.Repeat("good day ", 10)))
			<-time.After(time.Minute)
			_, err2 := io.WriteString(w, finish+done)
			return errors.Join(err, err2)
		}
		s, began, half := &sink{}, time.Now(), ""
		s.wrote = func() {
			if time.Since(began) < 40*time.Second {
				half, _ = s.read()
			}
		}
		if err := b.call(b.Context(), shape.Chat, streamed, s); err != nil {
			b.Error(err)
		}
		if text, _ := s.read(); text != strings.Repeat("good day ", 10) || len(half) < 70 || len(half) >= len(text) {
			b.Errorf("%q, before the end %q", text, half)
		}
	})
}

// TestNotices puts notices into the content of each choice and nowhere else.
func TestNotices(t *testing.T) {
	t.Parallel()
	for _, body := range []string{streamed, strings.Replace(streamed, `"stream":true`, `"stream":true,"response_format":{"type":"json_object"}`, 1)} {
		in(t, nil, func(b *bench) {
			b.served.Notice = "both"
			b.model.answer = says(chunk(`{"reasoning_content":"thinking"}`) + content("good ") + content("day") + finish + done)
			s := b.answer(shape.Chat, body)
			text, _ := s.read()
			machine := strings.Contains(body, "json_object")
			if machine != (text == "good day") || !strings.Contains(text, "good day") || !machine && (strings.HasPrefix(text, "good") || strings.HasSuffix(text, "day")) || s.header["Colophon-Notice"] == "" {
				b.Error(text, s.header)
			}
			if e := b.ended(); e.Delivered != int64(len("thinking")+len(text)) {
				b.Errorf("%+v", e)
			}
		})
	}
}

// TestDialects asks models that speak otherwise than the client.
func TestDialects(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.served.Dialect = upstream.Anthropic
		b.model.answer = says(messages("good ", "day"))
		s := b.answer(shape.Chat, streamed)
		if text, reason := s.read(); text != "good day" || reason != "stop" || b.model.path != "/messages" || !strings.HasSuffix(s.body.String(), done) {
			b.Error(b.model.path, s.body.String())
		}
		b.refused(shape.Responses, `{"model":"m","input":"hello"}`, gateway.CodeEndpoint)
	})
	in(t, nil, func(b *bench) {
		b.model.answer = says(whole(`{"index":0,"message":{"role":"assistant","content":"good day"},"finish_reason":"stop"}`))
		s := b.answer(shape.Messages, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hello"}]}`)
		if !strings.Contains(s.body.String(), `"type":"text"`) || !strings.Contains(s.body.String(), "good day") || b.model.path != "/chat/completions" {
			b.Error(b.model.path, s.body.String())
		}
	})
}

// TestEmbeddings are judged as they go in, and are no content when they come out.
func TestEmbeddings(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = says(`{"object":"list","model":"theirs","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":4,"total_tokens":4}}`)
		s := b.answer(shape.Embeddings, `{"model":"m","input":["good","day"]}`)
		if len(b.entered) != 0 || b.usage[0].Input != 4 || strings.Contains(s.body.String(), "AIGC") || s.header["Colophon-Number"] != "" {
			b.Error(b.entered, b.usage, s.body.String())
		}
		b.refused(shape.Embeddings, `{"model":"m","input":["good","`+bad+`"]}`, gateway.CodeInput)
	})
}

// TestTogether has many streams at once on one proxy.
func TestTogether(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.model.answer = nil
		c := b.config
		c.Upstreams = many{}
		b.proxy = gateway.New(c)
		ctx, stop := context.WithCancel(b.Context())
		defer stop()
		go b.proxy.Follow(ctx)
		ends := make(chan error, 200)
		for i := range cap(ends) {
			go func() {
				s := &sink{}
				err := b.call(b.Context(), shape.Chat, strings.Replace(streamed, "hello", fmt.Sprint("hello ", i), 1), s)
				text, reason := s.read()
				if i%3 == 0 && (reason != "content_filter" || strings.Contains(text, "毒")) || i%3 != 0 && (reason != "stop" || text != fmt.Sprint("hello ", i)) {
					err = fmt.Errorf("%d: %s", i, s.body.String())
				}
				ends <- err
			}()
		}
		for range cap(ends) {
			if err := <-ends; err != nil {
				b.Error(err)
			}
		}
		b.mu.Lock()
		rows := len(b.rows)
		b.mu.Unlock()
		if rows != 0 || len(b.of(gateway.RecordEnded)) != cap(ends) || len(b.of(gateway.RecordOpened)) != cap(ends) {
			b.Error(rows)
		}
		synctest.Wait()
	})
}

// many answers each with what it was asked, and one in three with more.
type many struct{}

func (many) Do(ctx context.Context, r upstream.Request) (*upstream.Response, error) {
	m := &model{answer: func(asked string, w io.Writer) error {
		var q struct{ Messages []struct{ Content string } }
		if err := json.Unmarshal([]byte(asked), &q); err != nil {
			return err
		}
		text, n := q.Messages[0].Content, 0
		if _, err := fmt.Sscanf(text, "hello %d", &n); err != nil {
			return err
		}
		pieces := []string{content(text[:3]), content(text[3:])}
		if n%3 == 0 {
			pieces = append(pieces, content("冰"), content("毒原料"))
		}
		for _, p := range append(pieces, finish+done) {
			if _, err := io.WriteString(w, p); err != nil {
				return nil
			}
			<-time.After(time.Duration(n) * 10 * time.Millisecond)
		}
		return nil
	}}
	return m.Do(ctx, r)
}
