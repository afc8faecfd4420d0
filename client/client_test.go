package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
)

const person = "+8613800138000"

// server answers calls one after the other and keeps what it got.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers []func(http.ResponseWriter)
	got     []string // idempotency key, query, body
	slept   []time.Duration
}

func answer(status int, header, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for line := range strings.SplitSeq(header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// calls returns what was sent so far.
func (s *server) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// broken ends the connection without an answer.
func broken(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func serve(t *testing.T, answers ...func(http.ResponseWriter)) (*server, *client.Client) {
	s := &server{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.got = append(s.got, fmt.Sprintf("%s|%s|%s|%d", r.Header.Get("Idempotency-Key"), r.URL.RequestURI(), body, r.ContentLength))
		if len(s.answers) == 0 {
			t.Errorf("one call too many: %s", s.got)
			s.mu.Unlock()
			return
		}
		next := s.answers[0]
		s.answers = s.answers[1:]
		s.mu.Unlock()
		next(w)
	}))
	t.Cleanup(s.Close)
	c, err := client.New(client.Config{URL: s.URL, Key: "clp_secret", Random: bytes.NewReader(make([]byte, 1024)), Sleep: func(ctx context.Context, d time.Duration) error {
		s.slept = append(s.slept, d)
		return ctx.Err()
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func order() client.Order {
	return client.Order{Function: "person", Account: person, Parents: []string{"a", "b"}, Whole: true}
}

const done = `{"number":"n-1","state":"marked"}`

// TestSentAgain has calls fail in ways that pass, and looks at what is sent again, and when.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	s, c := serve(t, answer(503, "Retry-After: 7", `{"code":"server-busy"}`), broken, answer(429, "", ""), answer(409, "", `{"code":"idempotency-in-progress"}`), answer(201, "", done))
	content := strings.NewReader("skipped|content")
	if _, err := content.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	a, err := c.Produce(t.Context(), order(), content)
	if err != nil || a.Number != "n-1" {
		t.Fatal(a, err)
	}
	want := "00000000000000000000000000000000|/v1/artefacts?function=person&parent=a&parent=b&whole=true|content|7"
	if len(s.calls()) != 5 || slices.ContainsFunc(s.calls(), func(got string) bool { return got != want }) {
		t.Errorf("%q", s.calls())
	}
	if fmt.Sprint(s.slept) != "[7s 2s 4s 8s]" {
		t.Error(s.slept)
	}
}

// TestSentOnce has calls fail that must not be sent again.
func TestSentOnce(t *testing.T) {
	t.Parallel()
	s, c := serve(t, answer(503, "", `{"code":"api-unavailable"}`), answer(422, "Retry-After: 9", `{"code":"artefact-parent","title":"a parent is not known","request_id":"r-1","clauses":["ds-16"]}`),
		answer(503, "", ""), answer(307, "Location: https://elsewhere.example/", ""), broken)
	_, err := c.Produce(t.Context(), order(), io.LimitReader(strings.NewReader("can't be read again"), 99))
	var e *client.Error
	if !errors.As(err, &e) || e.Code != "api-unavailable" || e.Status != 503 {
		t.Error(err)
	}
	_, err = c.Produce(t.Context(), order(), strings.NewReader("x"))
	if !errors.As(err, &e) || e.Code != "artefact-parent" || e.RetryAfter != 9*time.Second || e.RequestID != "r-1" || e.Clauses[0] != "ds-16" || err.Error() != "colophon: a parent is not known (artefact-parent, 422, request r-1)" {
		t.Error(err)
	}
	if _, err = c.Verify(t.Context(), "a.txt", io.LimitReader(strings.NewReader("x"), 9)); !errors.As(err, &e) || e.Status != 503 || e.Title != "Service Unavailable" {
		t.Error(err)
	}
	if _, err = c.Checkpoint(t.Context()); !errors.As(err, &e) || e.Status != 307 {
		t.Error(err)
	}
	_, err = c.Produce(t.Context(), order(), io.LimitReader(strings.NewReader("x"), 9))
	if err == nil || strings.Contains(err.Error(), "13800138000") || strings.Contains(err.Error(), "clp_") {
		t.Error(err)
	}
	if len(s.calls()) != 5 || len(s.slept) != 0 {
		t.Errorf("%q %v", s.calls(), s.slept)
	}
}

// TestGivesUp ends after as many tries as were asked for, and when the context does.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	busy := answer(503, "", "")
	s, c := serve(t, busy, busy, busy, busy, busy)
	if _, err := c.Checkpoint(t.Context()); err == nil || len(s.calls()) != 5 || s.slept[3] != 8*time.Second {
		t.Errorf("%v %v", err, s.slept)
	}
	s, c = serve(t, busy)
	ctx, cancel := context.WithCancel(t.Context())
	s.answers[0] = func(w http.ResponseWriter) { cancel(); busy(w) }
	if _, err := c.Checkpoint(ctx); err == nil || len(s.calls()) != 1 {
		t.Error(err, s.calls())
	}
}

// TestDigest has bytes changed on their way.
func TestDigest(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("marked"))
	head := "Colophon-Artefact: n%2F1\nContent-Type: image/png\nRepr-Digest: sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	s, c := serve(t, answer(201, head, "marked"), answer(200, head, "market"), answer(200, "", "marked"))
	content, err := c.Label(t.Context(), order(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	if b, err := io.ReadAll(content); err != nil || string(b) != "marked" || content.Number != "n/1" || content.Type != "image/png" || content.Size != 6 {
		t.Errorf("%q %v %+v", b, err, content)
	}
	for range 2 {
		content, err := c.Content(t.Context(), "n/1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(content); !errors.Is(err, client.ErrDigest) {
			t.Error(err)
		}
		content.Close()
	}
	if !strings.Contains(s.calls()[1], "/v1/artefacts/n%2F1/content") || !strings.Contains(s.calls()[0], "return=content") {
		t.Error(s.calls())
	}
}

// TestWait asks until a job is done.
func TestWait(t *testing.T) {
	t.Parallel()
	s, c := serve(t, answer(200, "", `{"state":"waiting"}`), answer(200, "", `{"state":"running","percent":50}`), answer(200, "", `{"state":"done","percent":100}`))
	if j, err := c.Wait(t.Context(), "j-1", 3*time.Second); err != nil || j.State != "done" || fmt.Sprint(s.slept) != "[3s 3s]" {
		t.Error(j, err, s.slept)
	}
}

// TestAddresses refuses servers that a key must not go to.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{"https://colophon.example": true, "https://colophon.example/behind/": true, "http://127.0.0.1:8080": true, "http://[::1]": true, "http://localhost": true,
		"http://colophon.example": false, "http://10.0.0.1": false, "ftp://localhost": false, "colophon.example": false, "https://user@colophon.example": false, "": false, "https://x/?a=b": false} {
		if _, err := client.New(client.Config{URL: address}); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// This program has a picture marked and writes what may leave.
func ExampleClient_Label() {
	c, err := client.New(client.Config{URL: "https://colophon.example", Key: os.Getenv("COLOPHON_KEY")})
	if err != nil {
		log.Fatal(err)
	}
	picture, err := os.Open("picture.png")
	if err != nil {
		log.Fatal(err)
	}
	defer picture.Close()
	marked, err := c.Label(context.Background(), client.Order{Function: "person", Account: "user-8731"}, picture)
	if err != nil {
		log.Fatal(err)
	}
	defer marked.Close()
	out, err := os.Create("marked.png")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(out, marked); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}
