package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon/client"
)

// passing is a file that is there once: nobody may read it when the call that sends it has returned.
type passing struct {
	io.Reader
	over *atomic.Bool
	t    *testing.T
}

func (p passing) Read(b []byte) (int, error) {
	if p.over.Load() {
		p.t.Error("a file is read after the call")
	}
	return p.Reader.Read(b)
}

// TestCaseStream sends files that come one after the other to a server that takes them, and to one that refuses before it has
// read them.
func TestCaseStream(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{false, true} {
		var over atomic.Bool
		got := []string{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuse {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, `{"code":"desk-invalid","title":"no","status":422}`)
				return
			}
			form, err := r.MultipartReader()
			for err == nil {
				part, next := form.NextPart()
				if err = next; err == nil {
					text, _ := io.ReadAll(part)
					got = append(got, part.FormName()+" "+part.FileName()+" "+string(text[:min(len(text), 8)]))
				}
			}
			_, _ = io.WriteString(w, `{"id":"c-1","code":"7K3QX-8MW2P","pin":"01234567","key":"`+r.Header.Get("Idempotency-Key")+`"}`)
		}))
		c, err := client.New(client.Config{URL: server.URL, Tries: 1})
		if err != nil {
			t.Fatal(err)
		}
		files := func(yield func(client.CaseUpload, error) bool) {
			for _, name := range []string{"a.jpg", "b.jpg"} {
				if !yield(client.CaseUpload{Name: name, File: passing{strings.NewReader(strings.Repeat(name, 1<<18)), &over, t}}, nil) {
					return
				}
			}
		}
		r, err := c.SubmitCaseFrom(t.Context(), client.CaseDraft{Kind: "fraud", Text: "words", Account: "somebody"}, files)
		over.Store(true)
		var told *client.Error
		switch {
		case refuse && (!errors.As(err, &told) || told.Code != "desk-invalid"):
			t.Errorf("refused: %v", err)
		case !refuse && (err != nil || r.PIN != "01234567"):
			t.Errorf("taken: %+v %v", r, err)
		}
		if want := "kind  fraud|text  words|file a.jpg a.jpga.j|file b.jpg b.jpgb.j"; !refuse && strings.Join(got, "|") != want {
			t.Errorf("%q", got)
		}
		server.Close()
	}
	broken := errors.New("it broke off")
	c, err := client.New(client.Config{URL: "http://127.0.0.1:1", Tries: 1, HTTP: &http.Client{Transport: reading{}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AnswerCaseFrom(t.Context(), "code", "pin", "words", func(yield func(client.CaseUpload, error) bool) { yield(client.CaseUpload{}, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("a file that broke off: %v", err)
	}
}

// reading is a server that fails as the body that it reads does.
type reading struct{}

func (reading) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.ReadAll(r.Body)
	return nil, err
}
