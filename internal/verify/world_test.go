package verify_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/verify"
)

const shared = "0123456789abcdef0123456789abcdef"

// person is who is asked about: nobody has the number.
var person = identity.Claim{Kind: identity.ResidentID, Number: "11010519491231002X", Name: "某某甲", Phone: "13800138000", Card: "6222020200112233445"}

var start = identity.Start{ID: "0199e0b5-0000-7000-8000-000000000001", Claim: person, Return: "https://colophon.example/back", Locale: "zh"}

// config is a configuration of one endpoint.
func config(e verify.Endpoint) verify.Config {
	return verify.Config{Endpoints: []verify.Endpoint{e}, Secret: []byte(shared), Now: time.Now, Random: rand.Reader}
}

func source(t *testing.T, c verify.Config) identity.Source {
	t.Helper()
	sources, laters, err := verify.Open(c)
	if err != nil || len(sources) != 1 || len(laters) != 0 {
		t.Fatal(sources, laters, err)
	}
	return sources[0]
}

func later(t *testing.T, c verify.Config) identity.Later {
	t.Helper()
	sources, laters, err := verify.Open(c)
	if err != nil || len(sources) != 0 || len(laters) != 1 {
		t.Fatal(sources, laters, err)
	}
	return laters[0]
}

func refused(t *testing.T, what string, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// message is a signed message as docs/format/verify-webhook.md has it, made without the code under test.
type message struct {
	direction, timestamp, nonce string
	body                        string
	private                     ed25519.PrivateKey // nil for the shared secret
}

func (m message) text() []byte {
	return []byte("colophon-verify-1\n" + m.direction + "\n" + m.timestamp + "\n" + m.nonce + "\n" + m.body)
}

func (m message) signature() string {
	if m.private != nil {
		return "ed25519=" + base64.StdEncoding.EncodeToString(ed25519.Sign(m.private, m.text()))
	}
	h := hmac.New(sha256.New, []byte(shared))
	h.Write(m.text())
	return "hmac-sha256=" + hex.EncodeToString(h.Sum(nil))
}

func (m message) header(h http.Header) http.Header {
	h.Set("Colophon-Timestamp", m.timestamp)
	h.Set("Colophon-Nonce", m.nonce)
	h.Set("Colophon-Signature", m.signature())
	return h
}

func clock(shift time.Duration) string { return strconv.FormatInt(time.Now().Add(shift).Unix(), 10) }

// asked is what a question can hold.
type asked struct {
	Act, ID, Level, Return, Locale, Reference, Phone, Code string
	Valid                                                  int
	Claim                                                  struct{ Kind, Number, Name, Phone, Card string }
}

// customer is a server of the provider's. Bend may change the answer before it is signed, and what is sent of it afterwards.
type customer struct {
	*testing.T
	peer   ed25519.PublicKey // of Colophon; nil for the shared secret
	own    ed25519.PrivateKey
	reply  func(asked) map[string]any
	before func(*message)
	after  func(http.Header)
}

// ServeHTTP checks a question and answers it.
func (c *customer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	in := message{direction: "question", timestamp: r.Header.Get("Colophon-Timestamp"), nonce: r.Header.Get("Colophon-Nonce"), body: string(body)}
	genuine := r.Header.Get("Colophon-Signature") == in.signature()
	if c.peer != nil {
		s, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Colophon-Signature"), "ed25519="))
		genuine = err == nil && ed25519.Verify(c.peer, in.text(), s)
	}
	var q asked
	if err != nil || !genuine || len(in.nonce) != 32 || r.Method != http.MethodPost || json.Unmarshal(body, &q) != nil {
		c.Errorf("a question that is none: %s %v", r.Method, r.Header)
	}
	text, err := json.Marshal(c.reply(q))
	if err != nil {
		c.Error(err)
	}
	out := message{direction: "answer", timestamp: clock(0), nonce: in.nonce, body: string(text), private: c.own}
	if c.before != nil {
		c.before(&out)
	}
	out.header(w.Header())
	if c.after != nil {
		c.after(w.Header())
	}
	io.WriteString(w, out.body)
}

// says answers a check with a result.
func says(t *testing.T, result identity.Result) func(asked) map[string]any {
	return func(q asked) map[string]any {
		c := q.Claim
		if q.Act != "check" || q.Level != "three-factor" || c.Kind != "resident-id" || c.Number != person.Number || c.Name != person.Name || c.Phone != person.Phone || c.Card != person.Card {
			t.Errorf("asked %+v", q)
		}
		return map[string]any{"result": result, "transaction": "t-1", "code": "0"}
	}
}

// never is a context whose end is far.
func never(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
