package verify_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/identity/identitytest"
	"github.com/colophon-project/colophon/internal/verify"
)

func webhook(address string) verify.Endpoint {
	return verify.Endpoint{Name: "desk", Kind: verify.Webhook, URL: address, Secret: shared, Level: "three-factor"}
}

// bends are what may be wrong with a signed answer.
func bends(t *testing.T, reply func(asked) map[string]any) map[string]http.HandlerFunc {
	cases := map[string]http.HandlerFunc{}
	for name, before := range map[string]func(*message){
		"of a question":       func(m *message) { m.direction = "question" },
		"of a call-back":      func(m *message) { m.direction = "call-back" },
		"old":                 func(m *message) { m.timestamp = clock(-6 * time.Minute) },
		"of the future":       func(m *message) { m.timestamp = clock(6 * time.Minute) },
		"without a time":      func(m *message) { m.timestamp = "now" },
		"to another question": func(m *message) { m.nonce = strings.Repeat("0", 32) },
		"a field more":        func(m *message) { m.body = strings.Replace(m.body, "{", `{"verified":true,`, 1) },
		"two answers":         func(m *message) { m.body += m.body },
		"an unknown result":   func(m *message) { m.body = strings.Replace(m.body, `"match"`, `"matched"`, 1) },
		"a higher level":      func(m *message) { m.body = strings.Replace(m.body, "{", `{"level":"live",`, 1) },
		"no level":            func(m *message) { m.body = strings.Replace(m.body, "{", `{"level":"none",`, 1) },
		"an unknown age":      func(m *message) { m.body = strings.Replace(m.body, "{", `{"minor":"12",`, 1) },
		"an unknown method":   func(m *message) { m.body = strings.Replace(m.body, "{", `{"claim":{"kind":"tax-id","number":"1"},`, 1) },
		"pending":             func(m *message) { m.body = strings.Replace(m.body, `"match"`, `"pending"`, 1) },
	} {
		cases[name] = (&customer{T: t, reply: reply, before: before}).ServeHTTP
	}
	for name, after := range map[string]func(http.Header){
		"not signed":   func(h http.Header) { h.Del("Colophon-Signature") },
		"signed twice": func(h http.Header) { h.Add("Colophon-Signature", h.Get("Colophon-Signature")) },
		"another time": func(h http.Header) { h.Set("Colophon-Timestamp", clock(time.Second)) },
		"by another way": func(h http.Header) {
			h.Set("Colophon-Signature", strings.Replace(h.Get("Colophon-Signature"), "hmac-sha256", "sha256", 1))
		},
		"no signature":     func(h http.Header) { h.Set("Colophon-Signature", "hmac-sha256=") },
		"half a signature": func(h http.Header) { h.Set("Colophon-Signature", h.Get("Colophon-Signature")[:40]) },
		"another secret":   func(h http.Header) { h.Set("Colophon-Signature", "hmac-sha256="+strings.Repeat("00", 32)) },
	} {
		cases[name] = (&customer{T: t, reply: reply, after: after}).ServeHTTP
	}
	return cases
}

func TestWebhook(t *testing.T) {
	identitytest.Source{
		Open:    func(t *testing.T, address string) identity.Source { return source(t, config(webhook(address))) },
		Far:     func(t *testing.T, r identity.Result) http.Handler { return &customer{T: t, reply: says(t, r)} },
		Claim:   person,
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError},
		Wrong:   bends(t, says(t, identity.Match)),
	}.Run(t)
}

// pair is a key in the forms in which it stands in files.
func pair(t *testing.T) (key ed25519.PrivateKey, private, public verify.Secret) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	q, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) verify.Secret {
		return verify.Secret(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return key, block("PRIVATE KEY", p), block("PUBLIC KEY", q)
}

func TestEd25519(t *testing.T) {
	ours, private, _ := pair(t)
	theirs, _, public := pair(t)
	stranger, _, _ := pair(t)
	reply := says(t, identity.Match)
	peer := ours.Public().(ed25519.PublicKey)
	identitytest.Source{
		Open: func(t *testing.T, address string) identity.Source {
			e := webhook(address)
			e.Algorithm, e.Secret, e.Peer = verify.Ed25519, private, public
			return source(t, config(e))
		},
		Far: func(t *testing.T, r identity.Result) http.Handler {
			return &customer{T: t, peer: peer, own: theirs, reply: says(t, r)}
		},
		Claim:   person,
		Results: []identity.Result{identity.Match, identity.Mismatch},
		Wrong: map[string]http.HandlerFunc{
			"a stranger's key":  (&customer{T: t, peer: peer, own: stranger, reply: reply}).ServeHTTP,
			"our own key":       (&customer{T: t, peer: peer, own: ours, reply: reply}).ServeHTTP,
			"the shared secret": (&customer{T: t, peer: peer, reply: reply}).ServeHTTP,
		},
	}.Run(t)
}

func TestAnswer(t *testing.T) {
	reply := map[string]any{
		"result": "match", "level": "two-factor", "minor": "adult", "transaction": "t-" + person.Number, "code": strings.ToLower(person.Number), "consent": "c-1",
		"claim": map[string]any{"kind": "resident-id", "number": "1", "name": "n"},
	}
	far := httptest.NewServer(&customer{T: t, reply: func(asked) map[string]any { return reply }})
	defer far.Close()
	a, err := source(t, config(webhook(far.URL))).Check(t.Context(), person)
	want := identity.Answer{Result: identity.Match, Level: identity.TwoFactor, Minor: identity.Adult, Consent: "c-1", Learned: identity.Claim{Kind: identity.ResidentID, Number: "1", Name: "n"}}
	if err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	// A secret that was changed is known for as long as it stands in the second line.
	e := webhook(far.URL)
	e.Secret = "fedcba9876543210fedcba9876543210\n" + shared
	far.Config.Handler.(*customer).before = func(m *message) { m.body = `{"result":"mismatch"}` }
	sources, _, err := verify.Open(config(e))
	if err != nil {
		t.Fatal(err)
	}
	old := far.Config.Handler
	far.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // it knows the old secret alone, and must not check by it
		m := message{direction: "answer", timestamp: clock(0), nonce: r.Header.Get("Colophon-Nonce"), body: `{"result":"mismatch"}`}
		m.header(w.Header())
		w.Write([]byte(m.body))
	})
	defer func() { far.Config.Handler = old }()
	if a, err := sources[0].Check(t.Context(), person); err != nil || a.Result != identity.Mismatch {
		t.Errorf("%+v, %v", a, err)
	}
}

// begins answers as a server that answers later.
func begins(t *testing.T, result identity.Result) func(asked) map[string]any {
	return func(q asked) map[string]any {
		switch {
		case q.Act == "begin" && strings.HasPrefix(q.ID, start.ID) && q.Level == "live" && q.Claim.Number == person.Number && q.Return == start.Return && q.Locale == "zh":
			return map[string]any{"result": "pending", "url": "https://desk.example/page?of=1", "reference": "r-1"}
		case q.Act == "result" && q.ID == start.ID && q.Reference == "r-1":
			return map[string]any{"id": q.ID, "result": result, "transaction": "r-1", "consent": "c-1"}
		}
		t.Errorf("asked %+v", q)
		return nil
	}
}

// backs makes a call-back.
func backs(change func(*message)) func(*testing.T, identity.Begun) identity.Response {
	return called(identity.Match, change)
}

func called(r identity.Result, change func(*message)) func(*testing.T, identity.Begun) identity.Response {
	return func(t *testing.T, b identity.Begun) identity.Response {
		var state struct{ ID string }
		if err := json.Unmarshal(b.State, &state); err != nil {
			t.Fatal(err)
		}
		m := message{direction: "call-back", timestamp: clock(0), nonce: "n", body: `{"id":"` + state.ID + `","result":"` + string(r) + `"}`}
		change(&m)
		return identity.Response{Header: m.header(http.Header{}), Body: []byte(m.body)}
	}
}

func TestCallBack(t *testing.T) {
	later := identitytest.Later{
		Open: func(t *testing.T, address string) identity.Later {
			e := webhook(address)
			e.Kind, e.Level = verify.CallBack, "live"
			return later(t, config(e))
		},
		Far:     func(t *testing.T, r identity.Result) http.Handler { return &customer{T: t, reply: begins(t, r)} },
		Start:   start,
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError},
		Respond: func(t *testing.T, b identity.Begun, r identity.Result) identity.Response {
			return called(r, func(*message) {})(t, b)
		},
		Wrong: map[string]func(*testing.T, identity.Begun) identity.Response{
			"an answer": backs(func(m *message) { m.direction = "answer" }),
			"old":       backs(func(m *message) { m.timestamp = clock(-6 * time.Minute) }),
			"another": backs(func(m *message) {
				m.body = strings.Replace(m.body, start.ID, "0199e0b5-0000-7000-8000-000000000002", 1)
			}),
			"without an id": backs(func(m *message) { m.body = `{"result":"match"}` }),
			"pending":       called(identity.Waiting, func(*message) {}),
			"unknown":       backs(func(m *message) { m.body = strings.Replace(m.body, "match", "true", 1) }),
			"not signed": func(t *testing.T, b identity.Begun) identity.Response {
				r := backs(func(*message) {})(t, b)
				r.Header = nil
				return r
			},
			"changed": func(t *testing.T, b identity.Begun) identity.Response {
				r := called(identity.Mismatch, func(*message) {})(t, b)
				r.Body = []byte(strings.Replace(string(r.Body), "mismatch", "match", 1))
				return r
			},
		},
	}
	later.Run(t)
	t.Run("asked for", func(t *testing.T) {
		later.Respond = func(*testing.T, identity.Begun, identity.Result) identity.Response { return identity.Response{} }
		later.Wrong = nil
		for _, r := range later.Results {
			far := httptest.NewServer(later.Far(t, r))
			source := later.Open(t, far.URL)
			b, err := source.Begin(t.Context(), start)
			if err != nil || b.URL != "https://desk.example/page?of=1" {
				t.Fatal(b, err)
			}
			if a, err := source.Complete(t.Context(), b, identity.Response{}); err != nil || a.Result != r {
				t.Errorf("%+v, %v", a, err)
			}
			far.Config.Handler = later.Far(t, identity.Waiting)
			_, err = source.Complete(t.Context(), b, identity.Response{})
			refused(t, "nobody answered yet", err, verify.CodeAnswer)
			far.Close()
		}
	})
	for _, answer := range []map[string]any{
		{"result": "pending", "url": "http://desk.example/page", "reference": "r"}, {"result": "pending", "url": "javascript:alert(1)"}, {"result": "pending"},
		{"result": "match", "url": "https://desk.example/"}, {"result": "pending", "url": "https://desk.example/?" + strings.Repeat("a", 3000)},
	} {
		far := httptest.NewServer(&customer{T: t, reply: func(asked) map[string]any { return answer }})
		_, err := later.Open(t, far.URL).Begin(t.Context(), start)
		refused(t, "a beginning that is none", err, verify.CodeAnswer)
		far.Close()
	}
}

// TestDocument recomputes the example of the documents.
func TestDocument(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"verify-webhook.md", "verify-webhook.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("../../docs/format", file))
		if err != nil {
			t.Fatal(err)
		}
		messages := regexp.MustCompile("(?s)```http\n(.+?)\n.*?Timestamp: (.+?)\n.*?Nonce: (.+?)\n.*?Signature: (.+?)\n\n(.+?)\n```").FindAllStringSubmatch(string(text), -1)
		if len(messages) != 2 || !strings.Contains(string(text), "`"+example+"`") {
			t.Fatal(file, messages)
		}
		for i, m := range messages {
			h := hmac256([]byte(example), "colophon-verify-1\n"+[]string{"question", "answer"}[i]+"\n"+m[2]+"\n"+m[3]+"\n"+m[5])
			if want := "hmac-sha256=" + hex.EncodeToString(h); m[4] != want || m[3] != messages[0][3] {
				t.Errorf("%s: %s, want %s", file, m[4], want)
			}
		}
	}
}

// example is the secret of the documents.
const example = "an example of thirty-two letters"
