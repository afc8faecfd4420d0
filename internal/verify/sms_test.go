package verify_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/identity/identitytest"
	"github.com/colophon-project/colophon/internal/verify"
)

// gateway sends codes.
type gateway struct {
	customer
	codes map[string]string // by verification
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{codes: map[string]string{}}
	g.customer = customer{T: t, reply: func(q asked) map[string]any {
		if q.Act != "send" || q.Phone != person.Phone || q.Locale != "zh" || q.Valid != 300 || !regexp.MustCompile(`^\d{6}$`).MatchString(q.Code) || q.Claim.Name != "" || q.Claim.Number != "" {
			t.Errorf("asked %+v", q)
		}
		g.codes[q.ID] = q.Code
		return map[string]any{"result": "sent", "transaction": "m-1"}
	}}
	return g
}

func phone(address string) verify.Endpoint {
	return verify.Endpoint{Name: "text", Kind: verify.SMS, URL: address, Secret: shared}
}

func TestSMS(t *testing.T) {
	g := newGateway(t)
	code := func(b identity.Begun) string {
		for id, code := range g.codes {
			if bytes.Contains(b.State, []byte(`"`+id+`"`)) {
				if bytes.Contains(b.State, []byte(code)) {
					t.Error("the state holds the code")
				}
				return code
			}
		}
		t.Fatal("no code")
		return ""
	}
	typed := func(change func(code string) string) func(*testing.T, identity.Begun) identity.Response {
		return func(_ *testing.T, b identity.Begun) identity.Response {
			return identity.Response{Code: change(code(b))}
		}
	}
	identitytest.Later{
		Open:    func(t *testing.T, address string) identity.Later { return later(t, config(phone(address))) },
		Far:     func(*testing.T, identity.Result) http.Handler { return g },
		Start:   start,
		Results: []identity.Result{identity.Match, identity.Waiting},
		Respond: func(t *testing.T, b identity.Begun, r identity.Result) identity.Response {
			if b.Sent != "138****8000" {
				t.Errorf("sent to %s", b.Sent)
			}
			if r == identity.Match {
				return identity.Response{Code: " " + code(b) + " "}
			}
			return typed(other)(t, b)
		},
		Wrong: map[string]func(*testing.T, identity.Begun) identity.Response{
			"nothing":         typed(func(string) string { return "" }),
			"a part of it":    typed(func(code string) string { return code[:5] }),
			"more than it":    typed(func(code string) string { return code + "0" }),
			"twice":           typed(func(code string) string { return code + code }),
			"in other digits": typed(func(code string) string { return strings.Map(func(r rune) rune { return r - '0' + '０' }, code) }),
			"in another field": func(_ *testing.T, b identity.Begun) identity.Response {
				return identity.Response{Body: []byte(code(b)), Query: map[string][]string{"code": {code(b)}}}
			},
		},
	}.Run(t)
}

// other is another code.
func other(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func TestCodeEnds(t *testing.T) {
	g := newGateway(t)
	far := httptest.NewServer(g)
	defer far.Close()
	c := config(phone(far.URL))
	var shift time.Duration
	c.Now = func() time.Time { return time.Now().Add(shift) }
	s := later(t, c)
	b, err := s.Begin(t.Context(), start)
	if err != nil || time.Until(b.Until).Round(time.Minute) != 5*time.Minute {
		t.Fatal(b.Until, err)
	}
	shift = 4 * time.Minute
	if a, err := s.Complete(t.Context(), b, identity.Response{Code: g.codes[start.ID]}); err != nil || a.Result != identity.Match || a.Transaction != "m-1" {
		t.Error(a, err)
	}
	shift = 6 * time.Minute
	_, err = s.Complete(t.Context(), b, identity.Response{Code: g.codes[start.ID]})
	refused(t, "late", err, verify.CodeLate)
	// Another deployment, or another source, knows nothing of the code.
	shift = 0
	for _, change := range []func(*verify.Config){
		func(c *verify.Config) { c.Secret = []byte(strings.Repeat("x", 32)) },
		func(c *verify.Config) { c.Endpoints[0].Name = "text-2" },
	} {
		c := config(phone(far.URL))
		change(&c)
		if a, err := later(t, c).Complete(t.Context(), b, identity.Response{Code: g.codes[start.ID]}); err != nil || a.Result != identity.Waiting {
			t.Error(a, err)
		}
	}
	_, err = s.Begin(t.Context(), identity.Start{ID: "1"})
	refused(t, "no number", err, verify.CodeClaim)
}

// TestCodes has codes spread evenly, and come from the randomness that was given and nowhere else.
func TestCodes(t *testing.T) {
	g := newGateway(t)
	far := httptest.NewServer(g)
	defer far.Close()
	c := config(phone(far.URL))
	c.Random = io.MultiReader(strings.NewReader(strings.Repeat("\x01", 19)), rand.Reader)
	s := later(t, c)
	if _, err := s.Begin(t.Context(), start); err != nil || g.codes[start.ID] != "065793" { // 0x010101 mod 2^20
		t.Error(g.codes, err)
	}
	first := map[byte]int{}
	const n = 400
	for range n {
		if _, err := s.Begin(never(t), start); err != nil {
			t.Fatal(err)
		}
		first[g.codes[start.ID][0]]++
	}
	for d := byte('0'); d <= '9'; d++ {
		if first[d] < n/10-30 || first[d] > n/10+30 { // five standard deviations
			t.Errorf("%c begins %d of %d codes", d, first[d], n)
		}
	}
	c.Random = strings.NewReader("")
	if _, err := later(t, c).Begin(t.Context(), start); err == nil {
		t.Error("a code without randomness")
	}
}
