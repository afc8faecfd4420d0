package oidc_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/oidc"
)

const person = "night.reviewer"

// world is a client of a real provider, with a clock and a road between them that the test can bend.
type world struct {
	*testing.T
	issuer string
	shift  time.Duration
	bend   func(path string, answer []byte) []byte
	config oidc.Config
	client *oidc.Client
}

// RoundTrip goes to the provider and bends what comes back.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || w.bend == nil {
		return resp, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	b = w.bend(r.URL.Path, b)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	resp.Header.Del("Content-Length")
	return resp, nil
}

func newWorld(t *testing.T, issuer string, change ...func(*oidc.Config)) *world {
	t.Helper()
	w := &world{T: t, issuer: issuer}
	w.config = oidc.Config{
		Providers: []oidc.Provider{{Issuer: issuer, ClientID: "colophon", ClientSecret: "secret of colophon", Redirect: redirect, Scopes: []string{"staff"}}},
		Now:       func() time.Time { return time.Now().Add(w.shift) }, Random: rand.Reader, Transport: w,
	}
	for _, c := range change {
		c(&w.config)
	}
	var err error
	if w.client, err = oidc.New(w.config); err != nil {
		t.Fatal(err)
	}
	return w
}

// begin goes to the provider and comes back.
func (w *world) begin(who string) (flow []byte, sent url.Values) {
	w.Helper()
	address, flow, err := w.client.Begin(w.Context(), w.issuer)
	if err != nil {
		w.Fatal(err)
	}
	return flow, newBrowser(w.T).signIn(address, who)
}

func (w *world) refused(what string, err error, code colophon.Code) {
	w.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code || e.Kind == colophon.Internal {
		w.Errorf("%s: %v, want %s", what, err, code)
	}
	if err != nil && strings.Contains(err.Error(), person) {
		w.Errorf("%s: the error names the person: %v", what, err)
	}
}

// altered returns a flow with one field changed.
func (w *world) altered(flow []byte, field string, value any) []byte {
	w.Helper()
	var m map[string]any
	if err := json.Unmarshal(flow, &m); err != nil || m[field] == nil {
		w.Fatalf("a flow without %s: %v", field, err)
	}
	m[field] = value
	b, err := json.Marshal(m)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

func TestProvider(t *testing.T) {
	issuer := startProvider(t)
	for name, test := range map[string]func(*testing.T, string){
		"SignIn": signIn, "OtherClients": otherClients, "Forged": forged, "Clock": clock, "Token": bentToken, "Claims": claimRules, "Discovery": bentDiscovery, "Down": down,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, issuer) })
	}
}

func signIn(t *testing.T, issuer string) {
	w := newWorld(t, issuer)
	address, _, err := w.client.Begin(t.Context(), issuer)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("state")) != 43 || len(q.Get("nonce")) != 43 || q.Get("response_type") != "code" || q.Get("scope") != "openid staff" {
		t.Errorf("address %s", address)
	}
	flow, sent := w.begin(person)
	claims, err := w.client.Finish(t.Context(), flow, sent)
	if err != nil {
		t.Fatal(err)
	}
	groups, _ := claims.Values["groups"].([]any)
	if claims.Issuer != issuer || claims.Subject != person || len(groups) != 2 || groups[0] != "reviewers" || claims.Values["department"] != "trust" {
		t.Errorf("claims %+v", claims)
	}
	_, err = w.client.Finish(t.Context(), flow, sent)
	w.refused("a code twice", err, oidc.CodeDenied)
	flow, sent = w.begin("")
	_, err = w.client.Finish(t.Context(), flow, sent)
	w.refused("the person said no", err, oidc.CodeDenied)
}

func otherClients(t *testing.T, issuer string) {
	for _, p := range []oidc.Provider{
		{ClientID: "colophon-es", ClientSecret: "secret of colophon-es"}, // signed with ES256
		{ClientID: "colophon-public"},                                    // PKCE alone
	} {
		w := newWorld(t, issuer, func(c *oidc.Config) {
			p.Issuer, p.Redirect = issuer, redirect
			c.Providers = []oidc.Provider{p}
		})
		flow, sent := w.begin(person)
		claims, err := w.client.Finish(t.Context(), flow, sent)
		if err != nil || claims.Subject != person {
			t.Errorf("%s: %+v, %v", p.ClientID, claims, err)
		}
	}
	w := newWorld(t, issuer, func(c *oidc.Config) { c.Providers[0].ClientSecret = "wrong" })
	flow, sent := w.begin(person)
	_, err := w.client.Finish(t.Context(), flow, sent)
	w.refused("wrong client secret", err, oidc.CodeDenied)
}

func forged(t *testing.T, issuer string) {
	w := newWorld(t, issuer)
	flow, sent := w.begin(person)
	other, _ := w.begin(person)
	with := func(name string, values ...string) url.Values {
		v := maps.Clone(sent)
		v[name] = values
		if values == nil {
			delete(v, name)
		}
		return v
	}
	zeros := strings.Repeat("A", 43)
	for _, c := range []struct {
		name string
		flow []byte
		sent url.Values
		code colophon.Code
	}{
		{"the flow of another browser", other, sent, oidc.CodeFlowRefused},
		{"another state", flow, with("state", zeros), oidc.CodeFlowRefused},
		{"no state", flow, with("state"), oidc.CodeFlowRefused},
		{"two states", flow, with("state", sent.Get("state"), zeros), oidc.CodeFlowRefused},
		{"another provider's answer", flow, with("iss", "https://evil.example"), oidc.CodeFlowRefused},
		{"an answer without a name", flow, with("iss"), oidc.CodeFlowRefused},
		{"no code", flow, with("code"), oidc.CodeFlowRefused},
		{"a long code", flow, with("code", strings.Repeat("c", 9000)), oidc.CodeFlowRefused},
		{"a code and an error", flow, with("error", "access_denied"), oidc.CodeDenied},
		{"no flow", nil, sent, oidc.CodeFlowRefused},
		{"half a flow", flow[:len(flow)/2], sent, oidc.CodeFlowRefused},
		{"a flow without state", w.altered(flow, "state", ""), with("state", ""), oidc.CodeFlowRefused},
		{"the flow of an issuer that is not listed", w.altered(flow, "issuer", "https://evil.example"), sent, oidc.CodeUnknownIssuer},
	} {
		_, err := w.client.Finish(t.Context(), c.flow, c.sent)
		w.refused(c.name, err, c.code)
	}
	if _, err := w.client.Finish(t.Context(), flow, sent); err != nil {
		t.Errorf("the true answer after all the forged ones: %v", err)
	}
	flow, sent = w.begin(person)
	_, err := w.client.Finish(t.Context(), w.altered(flow, "verifier", zeros), sent)
	w.refused("another verifier", err, oidc.CodeDenied) // the provider holds against PKCE
	flow, sent = w.begin(person)
	_, err = w.client.Finish(t.Context(), w.altered(flow, "nonce", zeros), sent)
	w.refused("another nonce", err, oidc.CodeTokenRefused)
	flow, sent = w.begin(person)
	_, err = w.client.Finish(t.Context(), flow, with("code", sent.Get("code")+"x"))
	w.refused("a code that nobody gave", err, oidc.CodeDenied)
	_, _, err = w.client.Begin(t.Context(), "https://evil.example")
	w.refused("an issuer that is not listed", err, oidc.CodeUnknownIssuer)
}

func clock(t *testing.T, issuer string) {
	for _, c := range []struct {
		shift time.Duration
		fine  bool
	}{{-10 * time.Minute, false}, {-90 * time.Second, true}, {90 * time.Second, true}, {time.Hour + 90*time.Second, true}, {time.Hour + 3*time.Minute, false}, {24 * time.Hour, false}} {
		w := newWorld(t, issuer)
		w.shift = c.shift
		flow, sent := w.begin(person)
		_, err := w.client.Finish(t.Context(), flow, sent)
		if c.fine && err != nil {
			t.Errorf("%v apart: %v", c.shift, err)
		}
		if !c.fine {
			w.refused(c.shift.String(), err, oidc.CodeTokenRefused)
		}
	}
	w := newWorld(t, issuer)
	flow, sent := w.begin(person)
	w.shift = 5 * time.Minute
	_, err := w.client.Finish(t.Context(), flow, sent)
	w.refused("a flow that has ended", err, oidc.CodeFlowRefused)
	w.shift = -time.Minute
	_, err = w.client.Finish(t.Context(), flow, sent)
	w.refused("a flow from the future", err, oidc.CodeFlowRefused)
}

// bentToken changes the ID token on the way from the token endpoint.
func bentToken(t *testing.T, issuer string) {
	// part decodes one part of a token, lets it be changed and writes it again.
	part := func(s string, change func(map[string]any)) string {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		if b, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, bend := range map[string]func(answer map[string]any, parts []string) string{
		"another subject": func(_ map[string]any, p []string) string {
			return p[0] + "." + part(p[1], func(m map[string]any) { m["sub"] = "officer" }) + "." + p[2]
		},
		"algorithm none": func(_ map[string]any, p []string) string {
			return part(p[0], func(m map[string]any) { m["alg"] = "none" }) + "." + p[1] + "."
		},
		"algorithm HS256": func(_ map[string]any, p []string) string {
			return part(p[0], func(m map[string]any) { m["alg"] = "HS256" }) + "." + p[1] + "." + p[2]
		},
		"no signature": func(_ map[string]any, p []string) string { return p[0] + "." + p[1] + "." },
		"another signature": func(_ map[string]any, p []string) string {
			return p[0] + "." + p[1] + "." + strings.Repeat("A", len(p[2]))
		},
		"no token": func(map[string]any, []string) string { return "" },
		"rubbish":  func(map[string]any, []string) string { return "a.b.c" },
	} {
		w := newWorld(t, issuer)
		flow, sent := w.begin(person)
		bent := false
		w.bend = func(path string, answer []byte) []byte {
			if path != "/token" {
				return answer
			}
			var m map[string]any
			if err := json.Unmarshal(answer, &m); err != nil {
				t.Fatal(err)
			}
			raw, _ := m["id_token"].(string)
			m["id_token"] = bend(m, strings.Split(raw, "."))
			bent = len(raw) > 100
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		_, err := w.client.Finish(t.Context(), flow, sent)
		w.refused(name, err, oidc.CodeTokenRefused)
		if !bent {
			t.Errorf("%s: no token was bent", name)
		}
	}
	// A token of the same provider and person for another client.
	w := newWorld(t, issuer)
	es := newWorld(t, issuer, func(c *oidc.Config) {
		c.Providers[0].ClientID, c.Providers[0].ClientSecret = "colophon-es", "secret of colophon-es"
	})
	var stolen string
	es.bend = func(path string, answer []byte) []byte {
		var m map[string]any
		if path == "/token" && json.Unmarshal(answer, &m) == nil {
			stolen, _ = m["id_token"].(string)
		}
		return answer
	}
	flow, sent := es.begin(person)
	if _, err := es.client.Finish(t.Context(), flow, sent); err != nil || stolen == "" {
		t.Fatal(err)
	}
	flow, sent = w.begin(person)
	w.bend = func(path string, answer []byte) []byte {
		if path != "/token" {
			return answer
		}
		return []byte(`{"access_token":"x","token_type":"Bearer","id_token":"` + stolen + `"}`)
	}
	_, err := w.client.Finish(t.Context(), flow, sent)
	w.refused("a token for another client", err, oidc.CodeTokenRefused)
}

// claimRules has a provider whose keys are the test's, so that each claim can be what it must not be.
func claimRules(t *testing.T, issuer string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	sign := func(claims map[string]any) string {
		b, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		signed := text([]byte(`{"alg":"ES256","kid":"test"}`)) + "." + text(b)
		digest := sha256.Sum256([]byte(signed))
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + text(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	keys := []byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"test","alg":"ES256","use":"sig","x":"` + text(point[1:33]) + `","y":"` + text(point[33:]) + `"}]}`)
	access := sha256.Sum256([]byte("access"))
	now := time.Now().Unix()
	for _, c := range []struct {
		name   string
		change map[string]any // nil takes the claim away
		fine   bool
	}{
		{"as it should be", nil, true},
		{"one of two audiences, named as the party", map[string]any{"aud": []string{"colophon", "other"}, "azp": "colophon"}, true},
		{"bound to the access token", map[string]any{"at_hash": text(access[:16])}, true},
		{"not before a minute from now", map[string]any{"nbf": now + 60}, true},
		{"two audiences, no party", map[string]any{"aud": []string{"colophon", "other"}}, false},
		{"another party", map[string]any{"azp": "other"}, false},
		{"a party that is no text", map[string]any{"azp": 7}, false},
		{"another audience", map[string]any{"aud": "other"}, false},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, false},
		{"another access token", map[string]any{"at_hash": text(access[16:])}, false},
		{"another nonce", map[string]any{"nonce": "n"}, false},
		{"no nonce", map[string]any{"nonce": nil}, false},
		{"no subject", map[string]any{"sub": nil}, false},
		{"no end", map[string]any{"exp": nil}, false},
		{"no beginning", map[string]any{"iat": nil}, false},
		{"ended", map[string]any{"exp": now - 180}, false},
		{"issued in the future", map[string]any{"iat": now + 180}, false},
		{"not before later", map[string]any{"nbf": now + 180}, false},
		{"not before a word", map[string]any{"nbf": "now"}, false},
	} {
		w := newWorld(t, issuer)
		flow, sent := w.begin(person)
		var f map[string]any
		if err := json.Unmarshal(flow, &f); err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{"iss": issuer, "aud": "colophon", "sub": person, "nonce": f["nonce"], "iat": now, "exp": now + 600}
		for name, v := range c.change {
			if claims[name] = v; v == nil {
				delete(claims, name)
			}
		}
		w.bend = func(path string, answer []byte) []byte {
			switch path {
			case "/jwks":
				return keys
			case "/token":
				return []byte(`{"access_token":"access","token_type":"Bearer","id_token":"` + sign(claims) + `"}`)
			}
			return answer
		}
		got, err := w.client.Finish(t.Context(), flow, sent)
		if c.fine && (err != nil || got.Subject != person) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !c.fine {
			w.refused(c.name, err, oidc.CodeTokenRefused)
		}
	}
}

// bentDiscovery changes the discovery document.
func bentDiscovery(t *testing.T, issuer string) {
	for name, bend := range map[string]func(map[string]any){
		"another issuer":         func(m map[string]any) { m["issuer"] = "https://evil.example" },
		"tokens without HTTPS":   func(m map[string]any) { m["token_endpoint"] = "http://192.0.2.1/token" },
		"keys without HTTPS":     func(m map[string]any) { m["jwks_uri"] = "http://192.0.2.1/keys" },
		"keys in a file":         func(m map[string]any) { m["jwks_uri"] = "file:///etc/passwd" },
		"pages without HTTPS":    func(m map[string]any) { m["authorization_endpoint"] = "http://192.0.2.1/auth" },
		"no PKCE":                func(m map[string]any) { m["code_challenge_methods_supported"] = []string{"plain"} },
		"more than may be read":  func(m map[string]any) { m["x"] = strings.Repeat("x", 2<<20) },
		"numbers for addresses":  func(m map[string]any) { m["jwks_uri"] = 7 },
		"pages with credentials": func(m map[string]any) { m["authorization_endpoint"] = "https://a:b@id.example/auth" },
	} {
		w := newWorld(t, issuer)
		w.bend = func(_ string, answer []byte) []byte {
			var m map[string]any
			if err := json.Unmarshal(answer, &m); err != nil {
				t.Fatal(err)
			}
			bend(m)
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		_, _, err := w.client.Begin(t.Context(), issuer)
		w.refused(name, err, oidc.CodeUnavailable)
		w.bend = nil // what did not hold is not kept
		if _, _, err := w.client.Begin(t.Context(), issuer); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
}

// down has a provider that is not there, hangs, or leads elsewhere.
func down(t *testing.T, issuer string) {
	var reached bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer redirecting.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, address := range []string{redirecting.URL, gone.URL} {
		w := newWorld(t, address)
		_, _, err := w.client.Begin(t.Context(), address)
		w.refused(address, err, oidc.CodeUnavailable)
	}
	if reached {
		t.Error("a redirect was followed")
	}
	w := newWorld(t, issuer)
	flow, sent := w.begin(person)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.client.Finish(ctx, flow, sent)
	w.refused("no answer in time", err, oidc.CodeUnavailable)
	if _, err := w.client.Finish(t.Context(), flow, sent); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

func TestSettings(t *testing.T) {
	good := oidc.Config{Providers: []oidc.Provider{{Issuer: "https://id.example", ClientID: "c", Redirect: redirect}}, Now: time.Now, Random: rand.Reader}
	if _, err := oidc.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*oidc.Config, *oidc.Provider){
		"clock":       func(c *oidc.Config, _ *oidc.Provider) { c.Now = nil },
		"random":      func(c *oidc.Config, _ *oidc.Provider) { c.Random = nil },
		"skew":        func(c *oidc.Config, _ *oidc.Provider) { c.Skew = time.Hour },
		"http":        func(_ *oidc.Config, p *oidc.Provider) { p.Issuer = "http://id.example" },
		"credentials": func(_ *oidc.Config, p *oidc.Provider) { p.Issuer = "https://a:b@id.example" },
		"redirect":    func(_ *oidc.Config, p *oidc.Provider) { p.Redirect = "http://colophon.example/oidc" },
		"client":      func(_ *oidc.Config, p *oidc.Provider) { p.ClientID = "" },
		"twice":       func(c *oidc.Config, _ *oidc.Provider) { c.Providers = append(c.Providers, c.Providers[0]) },
	} {
		c, p := good, good.Providers[0]
		change(&c, &p)
		if name != "twice" {
			c.Providers = []oidc.Provider{p}
		}
		_, err := oidc.New(c)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != oidc.CodeSettingInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzFinish hands in flows and answers that nobody made. Nothing of it may reach a provider.
func FuzzFinish(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://id.example","state":"s","nonce":"n","verifier":"v","begun":"2026-11-22T08:00:00Z"}`), "state=t&code=c")
	f.Add([]byte(`{}`), "state=&error=x")
	f.Add([]byte(nil), "%")
	now := time.Date(2026, 11, 22, 8, 1, 0, 0, time.UTC)
	client, err := oidc.New(oidc.Config{
		Providers: []oidc.Provider{{Issuer: "https://id.example", ClientID: "c", Redirect: redirect}}, Now: func() time.Time { return now }, Random: rand.Reader,
		Transport: noRoad{},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, flow []byte, query string) {
		sent, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		if _, err := client.Finish(t.Context(), flow, sent); err == nil {
			t.Error("signed in")
		}
	})
}

type noRoad struct{}

func (noRoad) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no road") }
