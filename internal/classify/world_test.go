package classify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

const key = "sk-do-not-tell"

// clock is a clock that somebody sets.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	waited []time.Duration
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited = append(c.waited, d)
	return ctx.Err()
}

// asked is a request as a server got it.
type asked struct {
	path, kind, key string
	body            []byte
}

// server answers as it is told, and keeps what it was asked.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
}

func serve(t testing.TB, answer func(w http.ResponseWriter, r asked)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.Method, err)
		}
		a := asked{r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), text}
		s.mu.Lock()
		s.asked = append(s.asked, a)
		s.mu.Unlock()
		answer(w, a)
	}))
	t.Cleanup(s.Close)
	return s
}

// say makes a server that always says the same.
func say(t testing.TB, text string) *server {
	return serve(t, func(w http.ResponseWriter, _ asked) { write(w, text) })
}

func write(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, text)
}

func (s *server) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// set makes a Set of one endpoint.
func set(t testing.TB, c *clock, e classify.Endpoint) *classify.Set {
	t.Helper()
	e.Name, e.Key = "guard", key
	ids := 0
	s, err := classify.New(classify.Config{Endpoints: []classify.Endpoint{e}, Now: c.now, Wait: c.wait, NewID: func() string { ids++; return strings.Repeat("a", ids) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func classifier(t testing.TB, e classify.Endpoint) screen.Classifier {
	t.Helper()
	return set(t, newClock(), e).Classifiers()[0]
}

// input asks about texts that somebody writes.
func input(texts ...string) screen.Question {
	q := screen.Question{Surface: screen.Input}
	for i, text := range texts {
		q.Parts = append(q.Parts, screen.Part{Name: "messages." + string(rune('0'+i)), Text: text})
	}
	return q
}

func picture(f media.Format, content string) screen.Question {
	return screen.Question{Surface: screen.Upload, Parts: []screen.Part{{Name: "file", Media: &screen.Media{Format: f, Source: media.Memory(content)}}}}
}

// code is that of an error, which tells neither the key nor the content.
func code(t testing.TB, err error, secrets ...string) colophon.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	for _, secret := range append(secrets, key) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
	var e *colophon.Error
	if !errors.As(err, &e) {
		t.Errorf("no error with a code: %v", err)
		return ""
	}
	return e.Code
}

// fields reads JSON.
func fields(t testing.TB, text []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// at returns what stands below some keys and indices.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// quiet logs nothing.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
