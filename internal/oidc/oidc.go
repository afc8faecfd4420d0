// Package oidc signs people in at an OpenID provider: the authorization code flow with PKCE, state and nonce, for the
// providers that the configuration lists and no other.
//
// [Client.Begin] gives the address to send the browser to, and a flow that the caller keeps on the server and binds to
// the browser. [Client.Finish] takes the flow and what the provider sent back, and returns claims that were verified:
// who issued them, for whom, when, signed with which key, in answer to which question. What these claims are good for is
// decided by package staff.
//
// Everything that a provider sends is bounded in size and reached by HTTPS, also what its discovery document points to.
// A provider on loopback may use HTTP.
//
// What not to do here: no accounts, no roles, no cookies. Keep no access token: it is checked and forgotten. Never put
// what a provider wrote into an error; it may name the person.
package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

// Codes of errors.
const (
	CodeSettingInvalid colophon.Code = "oidc-setting-invalid" // arg "setting"
	CodeUnknownIssuer  colophon.Code = "oidc-issuer-unknown"
	CodeUnavailable    colophon.Code = "oidc-unavailable" // the provider did not answer, or not as one does
	CodeFlowRefused    colophon.Code = "oidc-flow-refused"
	CodeDenied         colophon.Code = "oidc-denied" // the provider, or the person there, said no
	CodeTokenRefused   colophon.Code = "oidc-token-refused"
)

const (
	maxAnswer    = 1 << 20         // bytes of one answer of a provider
	maxFlow      = 4 << 10         // bytes of a flow
	maxParameter = 8 << 10         // bytes of one parameter that comes back
	flowLife     = 5 * time.Minute // between Begin and Finish
	discoveryAge = time.Hour       // then the discovery document is read again
	secretBytes  = 32
	answerTime   = 10 * time.Second
)

// Provider is one OpenID provider.
type Provider struct {
	Issuer       string // exactly as its discovery document has it
	ClientID     string
	ClientSecret string   // empty for a public client
	Redirect     string   // where the provider sends the browser back to, as registered there
	Scopes       []string // besides "openid"
}

// Config is what a Client needs.
type Config struct {
	Providers []Provider
	Now       func() time.Time
	Random    io.Reader
	// Skew is by how much the clocks of a provider and of this machine may differ; zero for two minutes.
	Skew      time.Duration
	Transport http.RoundTripper // nil for the one of net/http
}

// Client signs people in at the providers it was made with. It is safe for use by many goroutines.
type Client struct {
	now       func() time.Time
	random    io.Reader
	skew      time.Duration
	http      *http.Client
	providers map[string]Provider

	mu    sync.Mutex // guards known
	known map[string]discovered
}

// discovered is a discovery document with its age.
type discovered struct {
	provider *coreos.Provider
	at       time.Time
	namesOwn bool // the provider says that its answers name it (RFC 9207)
}

// flow is what Begin leaves for Finish.
type flow struct {
	Issuer   string    `json:"issuer"`
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Begun    time.Time `json:"begun"`
}

// New makes a Client. It asks nobody anything yet: a provider that is down does not keep the program from starting.
func New(c Config) (*Client, error) {
	if c.Now == nil || c.Random == nil {
		return nil, setting("now, random")
	}
	if c.Skew == 0 {
		c.Skew = 2 * time.Minute
	}
	if c.Skew < 0 || c.Skew > 10*time.Minute {
		return nil, setting("skew")
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	client := &Client{
		now: c.Now, random: c.Random, skew: c.Skew, providers: map[string]Provider{}, known: map[string]discovered{},
		http: &http.Client{Transport: guarded{c.Transport}, Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("a provider's address leads elsewhere")
		}},
	}
	for _, p := range c.Providers {
		if _, twice := client.providers[p.Issuer]; twice || !reachable(p.Issuer) {
			return nil, setting("issuer")
		}
		if p.ClientID == "" {
			return nil, setting("client")
		}
		if !reachable(p.Redirect) {
			return nil, setting("redirect")
		}
		p.Scopes = slices.Clone(p.Scopes)
		client.providers[p.Issuer] = p
	}
	return client, nil
}

func setting(name string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingInvalid, Args: colophon.Args{"setting": name}}
}

func refuse(code colophon.Code, cause error) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Err: cause}
}

// reachable reports whether an address may be used: HTTPS, or HTTP on loopback, without a name and password in it.
func reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

// guarded bounds what is read and where it is read from.
type guarded struct{ http.RoundTripper }

// RoundTrip sends a request to an address that may be used and cuts the answer off at its limit.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !reachable(r.URL.String()) {
		return nil, errors.New("address without HTTPS")
	}
	resp, err := g.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// discover returns the discovery document of a listed issuer. One that could not be read is asked for again next time.
func (c *Client) discover(ctx context.Context, issuer string) (Provider, discovered, error) {
	p, listed := c.providers[issuer]
	if !listed {
		return Provider{}, discovered{}, &colophon.Error{Kind: colophon.Missing, Code: CodeUnknownIssuer}
	}
	c.mu.Lock()
	d, fresh := c.known[issuer]
	c.mu.Unlock()
	if fresh && c.now().Sub(d.at) < discoveryAge {
		return p, d, nil
	}
	found, err := coreos.NewProvider(coreos.ClientContext(ctx, c.http), issuer)
	if err != nil {
		return Provider{}, discovered{}, refuse(CodeUnavailable, quiet("reading the discovery document", err))
	}
	var more struct {
		JWKS     string   `json:"jwks_uri"`
		NamesOwn bool     `json:"authorization_response_iss_parameter_supported"`
		Methods  []string `json:"code_challenge_methods_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return Provider{}, discovered{}, refuse(CodeUnavailable, errors.New("discovery document out of form"))
	}
	for _, address := range []string{found.Endpoint().AuthURL, found.Endpoint().TokenURL, more.JWKS} {
		if !reachable(address) {
			return Provider{}, discovered{}, refuse(CodeUnavailable, errors.New("discovery document with an address that may not be used"))
		}
	}
	if more.Methods != nil && !slices.Contains(more.Methods, "S256") {
		return Provider{}, discovered{}, refuse(CodeUnavailable, errors.New("provider without S256"))
	}
	d = discovered{found, c.now(), more.NamesOwn}
	c.mu.Lock()
	c.known[issuer] = d
	c.mu.Unlock()
	return p, d, nil
}

// quiet keeps of an error what the provider can't have written.
func quiet(doing string, err error) error {
	var answer *oauth2.RetrieveError
	var address *url.Error
	switch {
	case errors.As(err, &answer) && answer.Response != nil:
		return fmt.Errorf("%s: status %d", doing, answer.Response.StatusCode)
	case errors.As(err, &address):
		return fmt.Errorf("%s: %w", doing, address.Err)
	}
	return errors.New(doing)
}

// secret draws 256 random bits as text.
func (c *Client) secret() (string, error) {
	b := make([]byte, secretBytes)
	if _, err := io.ReadFull(c.random, b); err != nil {
		return "", fmt.Errorf("drawing random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// oauth returns the client of one provider.
func oauth(p Provider, d discovered) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: d.provider.Endpoint(), RedirectURL: p.Redirect,
		Scopes: append([]string{coreos.ScopeOpenID}, p.Scopes...),
	}
}

// Begin returns the address of the provider's sign-in page, and the flow. The caller keeps the flow on the server, good
// for one use, and ties it to the browser: [staff.Roster.Begin] does.
func (c *Client) Begin(ctx context.Context, issuer string) (address string, state []byte, err error) {
	p, d, err := c.discover(ctx, issuer)
	if err != nil {
		return "", nil, err
	}
	f := flow{Issuer: issuer, Begun: c.now().UTC()}
	for _, field := range []*string{&f.State, &f.Nonce, &f.Verifier} {
		if *field, err = c.secret(); err != nil {
			return "", nil, err
		}
	}
	challenge := sha256.Sum256([]byte(f.Verifier))
	address = oauth(p, d).AuthCodeURL(f.State, coreos.Nonce(f.Nonce), oauth2.SetAuthURLParam("response_mode", "query"),
		oauth2.SetAuthURLParam("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:])), oauth2.SetAuthURLParam("code_challenge_method", "S256"))
	state, err = json.Marshal(f)
	return address, state, err
}

// Finish verifies what the provider sent back with the browser. A refusal never says why to the person: the code tells
// whether the provider said no, could not be reached, or answered with something that does not hold.
func (c *Client) Finish(ctx context.Context, state []byte, sent url.Values) (staff.Claims, error) {
	f, err := parseFlow(state)
	if err != nil {
		return staff.Claims{}, err
	}
	if age := c.now().Sub(f.Begun); age < 0 || age >= flowLife {
		return staff.Claims{}, refuse(CodeFlowRefused, errors.New("flow has ended"))
	}
	for _, name := range []string{"state", "code", "iss", "error"} {
		if v := sent[name]; len(v) > 1 || len(v) == 1 && len(v[0]) > maxParameter {
			return staff.Claims{}, refuse(CodeFlowRefused, errors.New("parameter twice or too long"))
		}
	}
	if subtle.ConstantTimeCompare([]byte(sent.Get("state")), []byte(f.State)) != 1 {
		return staff.Claims{}, refuse(CodeFlowRefused, errors.New("state differs"))
	}
	p, d, err := c.discover(ctx, f.Issuer)
	if err != nil {
		return staff.Claims{}, err
	}
	// RFC 9207: an answer that names its provider names the one that was asked; one that should name it does.
	if (d.namesOwn || sent.Has("iss")) && sent.Get("iss") != f.Issuer {
		return staff.Claims{}, refuse(CodeFlowRefused, errors.New("answer of another provider"))
	}
	if sent.Has("error") {
		return staff.Claims{}, refuse(CodeDenied, nil)
	}
	if sent.Get("code") == "" {
		return staff.Claims{}, refuse(CodeFlowRefused, errors.New("no code"))
	}
	ctx = coreos.ClientContext(ctx, c.http)
	token, err := oauth(p, d).Exchange(ctx, sent.Get("code"), oauth2.SetAuthURLParam("code_verifier", f.Verifier))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode < 500 {
			return staff.Claims{}, refuse(CodeDenied, quiet("exchanging the code", err))
		}
		return staff.Claims{}, refuse(CodeUnavailable, quiet("exchanging the code", err))
	}
	return c.verify(ctx, p, d, f, token)
}

func parseFlow(state []byte) (flow, error) {
	var f flow
	if len(state) > maxFlow || json.Unmarshal(state, &f) != nil || f.Issuer == "" || f.State == "" || f.Nonce == "" || f.Verifier == "" {
		return flow{}, refuse(CodeFlowRefused, errors.New("flow out of form"))
	}
	return f, nil
}

// verify checks an ID token as OpenID Connect Core 3.1.3.7 says, with our clock and our skew.
func (c *Client) verify(ctx context.Context, p Provider, d discovered, f flow, token *oauth2.Token) (staff.Claims, error) {
	bad := func(why string) (staff.Claims, error) {
		return staff.Claims{}, refuse(CodeTokenRefused, errors.New(why))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return bad("no ID token")
	}
	// Expiry is checked below, with the skew.
	id, err := d.provider.VerifierContext(ctx, &coreos.Config{ClientID: p.ClientID, SkipExpiryCheck: true}).Verify(ctx, raw)
	if err != nil {
		return bad("signature, issuer or audience of the ID token")
	}
	var values map[string]any
	if err := id.Claims(&values); err != nil {
		return bad("claims of the ID token")
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return bad("nonce of the ID token")
	}
	azp, named := values["azp"].(string)
	if _, there := values["azp"]; there && (!named || azp != p.ClientID) || len(id.Audience) > 1 && !named {
		return bad("ID token for another party")
	}
	now := c.now()
	if id.Expiry.IsZero() || id.IssuedAt.IsZero() || !now.Before(id.Expiry.Add(c.skew)) || now.Add(c.skew).Before(id.IssuedAt) {
		return bad("times of the ID token")
	}
	if v, there := values["nbf"]; there {
		if nbf, number := v.(float64); !number || now.Add(c.skew).Before(time.Unix(int64(nbf), 0)) {
			return bad("times of the ID token")
		}
	}
	if id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil {
		return bad("access token of another ID token")
	}
	if id.Subject == "" {
		return bad("ID token without a subject")
	}
	return staff.Claims{Identity: staff.Identity{Issuer: f.Issuer, Subject: id.Subject}, Values: values}, nil
}
