package verify_test

import (
	"bufio"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/identity/identitytest"
	"github.com/colophon-project/colophon/internal/npmtest"
	"github.com/colophon-project/colophon/internal/oidc"
	"github.com/colophon-project/colophon/internal/verify"
)

const redirect = "https://colophon.example/verified"

// provider starts a real provider and returns its issuer. The modules are those of package oidc's tests.
func provider(t *testing.T) string {
	t.Helper()
	dir, err := npmtest.Install("oidc-provider", "../oidc/testdata", "provider.mjs")
	if err != nil {
		t.Fatalf("the OpenID provider of the tests can't be installed; node and npm are needed: %v", err)
	}
	script, err := os.ReadFile("testdata/provider.mjs")
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "--input-type=module", "--eval", string(script))
	node.Dir = dir
	input, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	node.Stderr = &problems
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close() // the provider ends with its input
		if err := node.Wait(); err != nil {
			t.Errorf("the provider: %v\n%s", err, problems.String())
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v\n%s", err, problems.String())
	}
	return strings.TrimSpace(line)
}

var (
	formAction = regexp.MustCompile(`action="([^"]+/interaction/[^"]+)"`)
	promptName = regexp.MustCompile(`name="prompt" value="([a-z]+)"`)
	abortLink  = regexp.MustCompile(`href="([^"]+/abort)"`)
)

// walk goes through the provider's pages as a person would, and returns what the browser comes back with. Nobody says no.
func walk(t *testing.T, address, who string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := browser.Get(address)
	for step := 0; ; step++ {
		if err != nil {
			t.Fatal(err)
		}
		body, readErr := io.ReadAll(resp.Body)
		resp.Body.Close()
		if readErr != nil {
			t.Fatal(readErr)
		}
		if back := resp.Header.Get("Location"); strings.HasPrefix(back, redirect) {
			u, err := url.Parse(back)
			if err != nil {
				t.Fatal(err)
			}
			return u.Query()
		}
		action, prompt, abort := formAction.FindSubmatch(body), promptName.FindSubmatch(body), abortLink.FindSubmatch(body)
		if resp.StatusCode != http.StatusOK || step > 5 || action == nil || prompt == nil || abort == nil {
			t.Fatalf("step %d, status %d: %s", step, resp.StatusCode, body)
		}
		if who == "" {
			resp, err = browser.Get(string(abort[1]))
			continue
		}
		resp, err = browser.PostForm(string(action[1]), url.Values{"prompt": {string(prompt[1])}, "login": {who}, "password": {"any"}})
	}
}

func network(issuer string) verify.Endpoint {
	return verify.Endpoint{
		Name: "network", Kind: verify.OIDC, Issuer: issuer, ClientID: "colophon", Secret: "secret of colophon", Redirect: redirect, Scopes: []string{"person"}, Methods: []string{"network-id"},
		Grants:      []verify.Grant{{Claim: "assurance", Value: "card", Level: "two-factor"}, {Claim: "assurance", Value: "network", Level: "network-id"}, {Claim: "assurance", Value: "phone", Level: "phone"}},
		NumberClaim: "id_number", NameClaim: "real_name", PhoneClaim: "phone_number",
	}
}

func opened(t *testing.T, e verify.Endpoint) identity.Later {
	t.Helper()
	c := config(e)
	client, err := oidc.New(oidc.Config{Now: time.Now, Random: rand.Reader, Providers: []oidc.Provider{
		{Issuer: e.Issuer, ClientID: e.ClientID, ClientSecret: string(e.Secret), Redirect: e.Redirect, Scopes: e.Scopes}}})
	if err != nil {
		t.Fatal(err)
	}
	c.SignIn = client
	return later(t, c)
}

func TestOIDC(t *testing.T) {
	issuer := provider(t)
	who := map[identity.Result]string{identity.Match: "verified", identity.NoRecord: "stranger"}
	claimed := start
	claimed.Claim.Card = ""
	identitytest.Later{
		Open:    func(t *testing.T, _ string) identity.Later { return opened(t, network(issuer)) },
		Start:   claimed,
		Results: []identity.Result{identity.Match, identity.NoRecord},
		Respond: func(t *testing.T, b identity.Begun, r identity.Result) identity.Response {
			return identity.Response{Query: walk(t, b.URL, who[r])}
		},
		Wrong: map[string]func(*testing.T, identity.Begun) identity.Response{
			"nothing": func(*testing.T, identity.Begun) identity.Response { return identity.Response{} },
			"the person's no": func(t *testing.T, b identity.Begun) identity.Response {
				return identity.Response{Query: walk(t, b.URL, "")}
			},
			"another's answer": func(t *testing.T, b identity.Begun) identity.Response {
				q := walk(t, b.URL, "verified")
				q.Set("state", strings.Repeat("a", 43))
				return identity.Response{Query: q}
			},
			"a code of nobody's": func(t *testing.T, b identity.Begun) identity.Response {
				q := walk(t, b.URL, "verified")
				q.Set("code", "none")
				return identity.Response{Query: q}
			},
		},
	}.Run(t)
	t.Run("what is learned", func(t *testing.T) { learned(t, issuer) })
}

func learned(t *testing.T, issuer string) {
	all := identity.Claim{Kind: identity.ResidentID, Number: person.Number, Name: person.Name, Phone: person.Phone}
	passport := all
	passport.Kind = identity.Passport
	unnamed := func(e *verify.Endpoint) { e.NumberClaim, e.NameClaim, e.PhoneClaim = "", "", "" }
	match := identity.Answer{Result: identity.Match, Level: identity.TwoFactor, CodeRaw: "card"}
	with := func(a identity.Answer, c identity.Claim) identity.Answer { a.Learned = c; return a }
	for _, test := range []struct {
		who    string
		claim  identity.Claim
		change func(*verify.Endpoint)
		want   identity.Answer
	}{
		{who: "verified", want: with(match, all)},
		{who: "verified", claim: identity.Claim{Kind: identity.ResidentID, Number: "1", Phone: "2"}, want: with(match, all)}, // the registrar compares
		{who: "verified", claim: person, want: identity.Answer{Result: identity.NoRecord}},                                   // of a bank card it says nothing
		{who: "stranger", want: identity.Answer{Result: identity.NoRecord}},
		{who: "network", claim: all, want: identity.Answer{Result: identity.NoRecord}},
		{who: "network", want: identity.Answer{Result: identity.Match, Level: identity.NetworkID, CodeRaw: "network", Learned: identity.Claim{Kind: identity.NetworkIdentity, Number: "network"}}},
		{who: "verified", claim: identity.Claim{Kind: identity.ResidentID, Number: person.Number}, change: unnamed, want: identity.Answer{Result: identity.NoRecord}}, // who he is there is no such number
		{who: "network", change: unnamed, want: identity.Answer{Result: identity.Match, Level: identity.NetworkID, CodeRaw: "network", Learned: identity.Claim{Kind: identity.NetworkIdentity, Number: "network"}}},
		{who: "verified", change: func(e *verify.Endpoint) { unnamed(e); e.Methods = nil }, want: with(match, identity.Claim{Kind: identity.OIDC, Number: issuer + "#verified"})},
		{who: "verified", change: func(e *verify.Endpoint) { e.NumberKind = "passport" }, want: with(match, passport)},
	} {
		e := network(issuer)
		if test.change != nil {
			test.change(&e)
		}
		s := opened(t, e)
		if f := s.Facts(); f.Level != identity.NetworkID || !f.Learns || len(e.Methods) == 1 && (len(f.Methods) != 1 || f.Methods[0] != identity.NetworkIdentity) {
			t.Errorf("facts %+v", f)
		}
		b, err := s.Begin(t.Context(), identity.Start{ID: start.ID, Claim: test.claim})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Complete(t.Context(), b, identity.Response{Query: walk(t, b.URL, test.who)})
		if err != nil || a != test.want {
			t.Errorf("%s: %s %v %s, %v; want %s of %v", test.who, a.Result, a.Level, a.Learned.Kind, err, test.want.Result, test.want.Level)
		}
	}
}
