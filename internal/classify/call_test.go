package classify_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/screen"
)

// status makes a server that answers with a status first, so often, and then as it should.
func status(t *testing.T, number, times int, header ...string) *server {
	var n atomic.Int64
	return serve(t, func(w http.ResponseWriter, _ asked) {
		if int(n.Add(1)) > times {
			write(w, moderated("false"))
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(number)
		io.WriteString(w, "secret content")
	})
}

func TestSecondTry(t *testing.T) {
	t.Parallel()
	const pause = 100 * time.Millisecond
	for _, test := range []struct {
		status, times int
		retryAfter    string
		want          colophon.Code
		waited        []time.Duration
	}{
		{503, 1, "", "", []time.Duration{pause}},
		{502, 1, "0", "", []time.Duration{pause}},
		{429, 1, "2", "", []time.Duration{2 * time.Second}},
		{503, 2, "", classify.CodeStatus, []time.Duration{pause}},
		{429, 1, "3600", classify.CodeStatus, nil},
		{429, 1, "Fri, 31 Dec 2999 23:59:59 GMT", classify.CodeStatus, nil},
		{503, 1, "-1", classify.CodeStatus, nil},
		{503, 1, "99999999999999999999", classify.CodeStatus, nil},
		{500, 1, "1", classify.CodeStatus, nil},
		{400, 1, "", classify.CodeStatus, nil},
		{401, 1, "", classify.CodeStatus, nil},
		{204, 1, "", classify.CodeStatus, nil},
	} {
		s := status(t, test.status, test.times, "Retry-After", test.retryAfter)
		clock := newClock()
		got, err := set(t, clock, moderations(s)).Classifiers()[0].Classify(t.Context(), input("x"))
		if code(t, err, "secret") != test.want || (err == nil) != (got.Outcome == screen.Ran) || !slices.Equal(clock.waited, test.waited) {
			t.Errorf("%d, Retry-After %q: %+v, %v, waited %v", test.status, test.retryAfter, got, err, clock.waited)
		}
		var e *colophon.Error
		if errors.As(err, &e) && (e.Args["status"] != strconv.Itoa(test.status) || e.Args["endpoint"] != "guard" || !slices.Contains(e.Clauses, colophon.ClauseDS10)) {
			t.Errorf("%v, %v", e, e.Clauses)
		}
	}
}

// TestBrokenConnections checks that a connection that breaks is tried once more, and that the second answer counts.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ asked) {
		if n.Add(1)%2 == 1 {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, moderated("false")[:100])
			panic(http.ErrAbortHandler)
		}
		write(w, moderated("true"))
	})
	got, err := classifier(t, moderations(s)).Classify(t.Context(), input("x"))
	if err != nil || len(got.Findings) != 1 || n.Load() != 2 {
		t.Errorf("%+v, %v after %d", got, err, n.Load())
	}
	s.Close()
	clock := newClock()
	got, err = set(t, clock, moderations(s)).Classifiers()[0].Classify(t.Context(), input("x"))
	if code(t, err, "/v1/") != classify.CodeUnreachable || got.Outcome != screen.Failure || len(clock.waited) != 1 {
		t.Errorf("%+v, %v, waited %v", got, err, clock.waited)
	}
}

// TestNoHTTP checks that an endpoint which does not even speak HTTP has nothing of what it says told.
func TestNoHTTP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "secret content\r\n\r\n")
			c.Close()
		}
	}()
	e := classify.Endpoint{Name: "guard", Kind: classify.Moderations, URL: "http://" + l.Addr().String()}
	// Without a wait of its own the set waits by a timer.
	s, err := classify.New(classify.Config{Endpoints: []classify.Endpoint{e}, Now: newClock().now, NewID: func() string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Classifiers()[0].Classify(t.Context(), input("x")); code(t, err, "secret") != classify.CodeUnreachable {
		t.Errorf("%v", err)
	}
}

// blocking makes a server that answers when it is told to, and a count of those who wait for it.
func blocking(t *testing.T) (s *server, release func(), waiting chan struct{}) {
	free := make(chan struct{})
	waiting = make(chan struct{}, 100)
	s = serve(t, func(w http.ResponseWriter, _ asked) {
		waiting <- struct{}{}
		<-free
		write(w, moderated("false"))
	})
	release = sync.OnceFunc(func() { close(free) })
	t.Cleanup(release)
	return s, release, waiting
}

func TestSlow(t *testing.T) {
	t.Parallel()
	s, _, _ := blocking(t)
	e := moderations(s)
	e.Timeout, e.Failures = 20*time.Millisecond, 1
	all := set(t, newClock(), e)
	got, err := all.Classifiers()[0].Classify(t.Context(), input("x"))
	if code(t, err) != classify.CodeTimeout || got.Outcome != screen.Failure || len(s.requests()) != 1 || len(all.Resting()) != 1 {
		t.Errorf("%+v, %v, resting %v", got, err, all.Resting())
	}
	// The caller's own deadline holds, too.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if got, err := classifier(t, moderations(s)).Classify(ctx, input("x")); code(t, err) != classify.CodeTimeout {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	s, release, waiting := blocking(t)
	e := moderations(s)
	e.InFlight, e.Queue = 1, 1
	c := classifier(t, e)
	answers := make(chan screen.Answer, 5)
	ask := func(ctx context.Context, text string) {
		a, err := c.Classify(ctx, input(text))
		if err != nil || a.Outcome == screen.NotRun && a.Reason != classify.CodeBusy {
			t.Errorf("%+v, %v", a, err)
		}
		answers <- a
	}
	go ask(t.Context(), "under way")
	<-waiting
	// Who waits does so until its time is over.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if ask(ctx, "waits"); (<-answers).Outcome != screen.NotRun {
		t.Error("it had no turn")
	}
	// Of four more one waits, and three have no room.
	for i := range 4 {
		go ask(t.Context(), strconv.Itoa(i))
	}
	for range 3 {
		if a := <-answers; a.Outcome != screen.NotRun {
			t.Errorf("%+v", a)
		}
	}
	release()
	for range 2 {
		if a := <-answers; a.Outcome != screen.Ran {
			t.Errorf("%+v", a)
		}
	}
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	var mood atomic.Value
	mood.Store("down")
	s := serve(t, func(w http.ResponseWriter, _ asked) {
		switch mood.Load() {
		case "down":
			w.WriteHeader(500)
		case "lying":
			write(w, `{"flagged": false}`)
		case "choosy":
			w.WriteHeader(400)
		default:
			write(w, moderated("false"))
		}
	})
	e := moderations(s)
	e.Failures, e.CacheTime = 3, -1
	clock := newClock()
	all := set(t, clock, e)
	c := all.Classifiers()[0]
	n := 0
	ask := func(want screen.Outcome, reaches bool) {
		t.Helper()
		if reaches {
			n++
		}
		got, err := c.Classify(t.Context(), input("x"))
		if got.Outcome != want || (want == screen.Failure) != (err != nil) || want == screen.Bypassed && got.Reason != classify.CodeResting || len(s.requests()) != n {
			t.Errorf("%+v, %v after %d requests, want %d", got, err, len(s.requests()), n)
		}
	}
	for range 3 {
		ask(screen.Failure, true)
	}
	ask(screen.Bypassed, false)
	if resting := all.Resting(); !slices.Equal(resting, []string{"guard"}) {
		t.Errorf("resting: %v", resting)
	}
	clock.pass(29 * time.Second)
	ask(screen.Bypassed, false)
	clock.pass(time.Second)
	ask(screen.Failure, true) // the one that tries
	ask(screen.Bypassed, false)
	clock.pass(30 * time.Second)
	mood.Store("choosy")
	ask(screen.Failure, true) // says nothing about the endpoint, so the next one tries again
	mood.Store("well")
	ask(screen.Ran, true)
	ask(screen.Ran, true)
	if resting := all.Resting(); len(resting) != 0 {
		t.Errorf("resting: %v", resting)
	}
	// Whoever gives no answer fails as much as who is silent; a question that is refused says nothing.
	mood.Store("choosy")
	for range 5 {
		ask(screen.Failure, true)
	}
	mood.Store("lying")
	for range 3 {
		ask(screen.Failure, true)
	}
	ask(screen.Bypassed, false)
}

// TestOneTries checks that of many calls after the rest only one goes through.
func TestOneTries(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	free, arrived := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, _ asked) {
		if down.Load() {
			w.WriteHeader(500)
			return
		}
		close(arrived)
		<-free
		write(w, moderated("false"))
	})
	e := moderations(s)
	e.Failures = 1
	clock := newClock()
	c := set(t, clock, e).Classifiers()[0]
	if _, err := c.Classify(t.Context(), input("x")); err == nil {
		t.Fatal("no error")
	}
	down.Store(false)
	clock.pass(time.Minute)
	done := make(chan screen.Answer)
	go func() {
		a, _ := c.Classify(t.Context(), input("first"))
		done <- a
	}()
	<-arrived
	if got, err := c.Classify(t.Context(), input("second")); err != nil || got.Outcome != screen.Bypassed {
		t.Errorf("%+v, %v", got, err)
	}
	close(free)
	if a := <-done; a.Outcome != screen.Ran {
		t.Errorf("%+v", a)
	}
}

// TestContentBreaksNothing checks that nobody can have an endpoint left alone by making a model say what is no verdict.
func TestContentBreaksNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		endpoint     func(*server) classify.Endpoint
		right, wrong string
	}{
		"no verdict":        {llamaguard, completed("safe", "stop", "null"), completed("banana", "stop", "null")},
		"filtered":          {llamaguard, completed("safe", "stop", "null"), completed("", "content_filter", "null")},
		"no text":           {llamaguard, completed("safe", "stop", "null"), strings.Replace(completed("safe", "tool_calls", "null"), `"content": "safe"`, `"content": null`, 1)},
		"flagged, not told": {moderations, moderated("false"), strings.Replace(moderated("false"), `"flagged": false`, `"flagged": true`, 1)},
		"changed":           {func(s *server) classify.Endpoint { return guardrail(s, "fraud") }, `{"action": "NONE"}`, `{"action": "NONE", "texts": ["banana"]}`},
	} {
		s := serve(t, func(w http.ResponseWriter, r asked) {
			if strings.Contains(string(r.body), "say banana") {
				write(w, test.wrong)
				return
			}
			write(w, test.right)
		})
		e := test.endpoint(s)
		e.Failures = 2
		c := classifier(t, e)
		for range 5 {
			if _, err := c.Classify(t.Context(), input("say banana")); code(t, err, "banana") != classify.CodeAnswer {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got, err := c.Classify(t.Context(), input("hello")); err != nil || got.Outcome != screen.Ran {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func llamaguard(s *server) classify.Endpoint { return chatOf(s, "llamaguard3") }

// TestGoneCaller checks that a caller who goes away says nothing about the endpoint.
func TestGoneCaller(t *testing.T) {
	t.Parallel()
	s, release, waiting := blocking(t)
	e := moderations(s)
	e.Failures = 1
	all := set(t, newClock(), e)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := all.Classifiers()[0].Classify(ctx, input("x"))
		done <- err
	}()
	<-waiting
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || len(all.Resting()) != 0 {
		t.Errorf("%v, resting %v", err, all.Resting())
	}
	release()
}

// TestLongTextBreaksNothing checks that a text that takes longer than the judgement has time does not have the endpoint left
// alone.
func TestLongTextBreaksNothing(t *testing.T) {
	t.Parallel()
	s, release, waiting := blocking(t)
	e := moderations(s)
	e.Failures, e.Window = 2, 800
	all := set(t, newClock(), e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := all.Classifiers()[0].Classify(ctx, input(strings.Repeat("x", 20*800)))
		done <- err
	}()
	for range 4 {
		<-waiting
	}
	if err := <-done; code(t, err) != classify.CodeTimeout || len(all.Resting()) != 0 {
		t.Errorf("%v, resting %v", err, all.Resting())
	}
	release()
}

func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ asked) {
		chunk := strings.Repeat(" ", 1<<16)
		for range 1024 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
		io.WriteString(w, moderated("false"))
	})
	e := moderations(s)
	e.MaxAnswer = 64
	got, err := classifier(t, e).Classify(t.Context(), input("x"))
	if code(t, err) != classify.CodeAnswer || got.Outcome != screen.Failure || len(s.requests()) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRedirect checks that neither content nor key follow an answer that leads elsewhere.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := say(t, moderated("false"))
	s := serve(t, func(w http.ResponseWriter, _ asked) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, err := classifier(t, moderations(s)).Classify(t.Context(), input("x"))
	if code(t, err) != classify.CodeStatus || len(elsewhere.requests()) != 0 {
		t.Errorf("%v, %d requests elsewhere", err, len(elsewhere.requests()))
	}
}

// TestCertificates checks that a server whose certificate nobody trusts gets nothing.
func TestCertificates(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		got.Add(1)
		write(w, moderated("false"))
	}))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	defer s.Close()
	e := classify.Endpoint{Kind: classify.Moderations, URL: s.URL}
	_, err := classifier(t, e).Classify(t.Context(), input("x"))
	if code(t, err) != classify.CodeUnreachable || !strings.Contains(err.Error(), "certificate") || got.Load() != 0 {
		t.Errorf("%v, %d requests", err, got.Load())
	}
	e.Name = "trusted"
	trusting, err := classify.New(classify.Config{Endpoints: []classify.Endpoint{e}, Now: newClock().now, Wait: newClock().wait, NewID: func() string { return "" }, Transport: s.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := trusting.Classifiers()[0].Classify(t.Context(), input("x")); err != nil || a.Outcome != screen.Ran {
		t.Errorf("%+v, %v", a, err)
	}
}
