package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/identity/identitytest"
	"github.com/colophon-project/colophon/internal/verify"
)

const secret = "0123456789abcdef0123456789abcdef"

var who = identity.Claim{Kind: identity.ResidentID, Number: "11010519491231002X", Name: "某某甲", Phone: "13800138000"}

// knowing is a server whose people are such that it answers with the result.
func knowing(r identity.Result) *server {
	people := map[identity.Result]string{identity.Match: "某某甲,11010519491231002X,13800138000", identity.Mismatch: "某某乙,11010519491231002X,13800138000", identity.NoRecord: "某某乙,440308199001010012,"}
	list, err := readPeople(strings.NewReader(people[r]))
	if err != nil {
		panic(err)
	}
	return newServer([]byte(secret), list)
}

func open(t *testing.T, e verify.Endpoint) ([]identity.Source, []identity.Later) {
	t.Helper()
	e.Name, e.Secret = "reference", secret
	sources, laters, err := verify.Open(verify.Config{Endpoints: []verify.Endpoint{e}, Secret: []byte(secret), Now: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return sources, laters
}

func TestCheck(t *testing.T) {
	identitytest.Source{
		Open: func(t *testing.T, address string) identity.Source {
			sources, _ := open(t, verify.Endpoint{Kind: verify.Webhook, URL: address, Level: "three-factor"})
			return sources[0]
		},
		Far:     func(_ *testing.T, r identity.Result) http.Handler { return knowing(r) },
		Claim:   who,
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord},
	}.Run(t)
}

func TestCode(t *testing.T) {
	var outbox bytes.Buffer
	identitytest.Later{
		Open: func(t *testing.T, address string) identity.Later {
			_, laters := open(t, verify.Endpoint{Kind: verify.SMS, URL: address})
			return laters[0]
		},
		Far: func(*testing.T, identity.Result) http.Handler {
			s := knowing("")
			s.outbox = &outbox
			return s
		},
		Start:   identity.Start{ID: "1", Claim: identity.Claim{Phone: who.Phone}},
		Results: []identity.Result{identity.Match},
		Respond: func(t *testing.T, _ identity.Begun, _ identity.Result) identity.Response {
			lines := strings.Fields(outbox.String())
			outbox.Reset()
			if len(lines)%2 != 0 || lines[0] != who.Phone {
				t.Fatal(lines)
			}
			return identity.Response{Code: lines[1]}
		},
	}.Run(t)
}

// fill goes to the page as a person would, and returns where the browser was led.
func fill(t *testing.T, address string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if text, err := io.ReadAll(page.Body); err != nil || !bytes.Contains(text, []byte(`<form method="post">`)) {
		t.Fatal(string(text), err)
	}
	back, err := browser.PostForm(address, url.Values{"name": {who.Name}, "number": {who.Number}})
	if err != nil {
		t.Fatal(err)
	}
	back.Body.Close()
	return back.Header.Get("Location")
}

func TestCallBack(t *testing.T) {
	var got identity.Response
	var path string
	status := http.StatusNoContent
	colophon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got, path = identity.Response{Header: r.Header, Body: body}, r.URL.Path
		w.WriteHeader(status)
	}))
	defer colophon.Close()
	later := identitytest.Later{
		Open: func(t *testing.T, address string) identity.Later {
			_, laters := open(t, verify.Endpoint{Kind: verify.CallBack, URL: address, Level: "two-factor", Learns: true})
			return laters[0]
		},
		Far: func(_ *testing.T, r identity.Result) http.Handler {
			s := knowing(r)
			s.callBack = colophon.URL + "/v/{id}"
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s.public = "http://" + r.Host
				s.ServeHTTP(w, r)
			})
		},
		Start:   identity.Start{ID: "0199e0b5-0000-7000-8000-000000000001", Return: "https://colophon.example/back"},
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord},
		Respond: func(t *testing.T, b identity.Begun, _ identity.Result) identity.Response {
			if back := fill(t, b.URL); back != "https://colophon.example/back" || !strings.HasPrefix(path, "/v/0199e0b5-0000-7000-8000-000000000001") {
				t.Errorf("led to %s, called back at %s", back, path)
			}
			if again := fill(t, b.URL); again != "" {
				t.Errorf("answered twice: %s", again)
			}
			return got
		},
	}
	later.Run(t)
	// Where the call-back does not get through, it is asked for.
	status = http.StatusServiceUnavailable
	later.Respond = func(t *testing.T, b identity.Begun, _ identity.Result) identity.Response {
		fill(t, b.URL)
		return identity.Response{}
	}
	t.Run("asked for", func(t *testing.T) {
		far := httptest.NewServer(later.Far(t, identity.Match))
		defer far.Close()
		source := later.Open(t, far.URL)
		b, err := source.Begin(t.Context(), later.Start)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := source.Complete(t.Context(), b, identity.Response{}); err == nil {
			t.Errorf("%+v, before anybody answered", a)
		}
		fill(t, b.URL)
		// Of whom it is so is said, too: who filled in the page may be another one than who was asked about.
		said := identity.Claim{Kind: who.Kind, Number: who.Number, Name: who.Name}
		if a, err := source.Complete(t.Context(), b, identity.Response{}); err != nil || a.Result != identity.Match || a.Learned != said {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestQuestions has questions that are none, or were there already, get no answer.
func TestQuestions(t *testing.T) {
	s := knowing(identity.Match)
	ask := func(change func(h http.Header, body *string)) int {
		text, err := json.Marshal(question{Act: "check", Claim: claim{Number: who.Number, Name: who.Name}})
		if err != nil {
			t.Fatal(err)
		}
		h, body := http.Header{}, string(text)
		s.seal(h, "question", rand.Text(), text)
		change(h, &body)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header = h
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	var nonce, timestamp, signature string
	keep := func(h http.Header, _ *string) {
		nonce, timestamp, signature = h.Get("Colophon-Nonce"), h.Get("Colophon-Timestamp"), h.Get("Colophon-Signature")
	}
	if status := ask(keep); status != http.StatusOK {
		t.Fatal(status)
	}
	for name, change := range map[string]func(h http.Header, body *string){
		"twice": func(h http.Header, _ *string) {
			h.Set("Colophon-Nonce", nonce)
			h.Set("Colophon-Timestamp", timestamp)
			h.Set("Colophon-Signature", signature)
		},
		"changed":   func(_ http.Header, body *string) { *body = strings.Replace(*body, "check", "begin", 1) },
		"unsigned":  func(h http.Header, _ *string) { h.Del("Colophon-Signature") },
		"an answer": func(h http.Header, body *string) { s.seal(h, "answer", nonce+"1", []byte(*body)) },
		"old": func(h http.Header, body *string) {
			h.Set("Colophon-Timestamp", "1700000000")
			h.Set("Colophon-Signature", s.sign("question", "1700000000", h.Get("Colophon-Nonce"), []byte(*body)))
		},
		"too large": func(h http.Header, body *string) {
			*body += strings.Repeat(" ", maxBody)
			s.seal(h, "question", nonce+"2", []byte(*body))
		},
	} {
		if status := ask(change); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, body := range []string{"", "[]", `{"act":"guess"}`, `{"act":"result","id":"1","reference":"2"}`} {
		if status := ask(func(h http.Header, b *string) { *b = body; s.seal(h, "question", rand.Text(), []byte(body)) }); status < 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
}

func TestRun(t *testing.T) {
	short := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(short, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	people := filepath.Join("testdata", "people.csv")
	if err := run([]string{"-secret", short, "-people", people, "-listen", "nowhere:x"}); err == nil || !strings.Contains(err.Error(), "32") {
		t.Errorf("with an empty secret: %v", err)
	}
	for _, arguments := range [][]string{{"-unknown"}, {}, {"-secret", "main.go"}, {"-secret", "main.go", "-people", "main.go"}, {"-secret", "main.go", "-people", people, "-listen", "nowhere:x"}} {
		if run(arguments) == nil {
			t.Errorf("%v runs", arguments)
		}
	}
}
