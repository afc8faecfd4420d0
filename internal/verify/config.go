package verify

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/durable"
)

// Kind is what is behind an endpoint.
type Kind string

// The kinds.
const (
	Webhook  Kind = "webhook"   // a server of the provider's that answers now
	CallBack Kind = "call-back" // a server of the provider's that answers later
	SMS      Kind = "sms"       // a server of the provider's that sends codes
	OIDC     Kind = "oidc"      // an OpenID provider
	Aliyun   Kind = "aliyun"    // Id2MetaVerify
	Tencent  Kind = "tencent"   // IdCardVerification
)

// Algorithms of signed messages.
const (
	HMAC    = "hmac-sha256"
	Ed25519 = "ed25519"
)

// Secret is a credential. It shows itself to nobody.
type Secret string

// String hides the secret.
func (s Secret) String() string { return "***" }

// GoString hides the secret.
func (s Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

// Endpoint is one source of the configuration. Of a field that is 0 or empty the default holds.
type Endpoint struct {
	Name string `koanf:"name"` // as verifications tell it
	Kind Kind   `koanf:"kind"`
	// URL is where questions are posted to. Aliyun's and Tencent's are known.
	URL     string        `koanf:"url"`
	Timeout time.Duration `koanf:"timeout"` // of a question; 10 s
	// SecretFile is the file of the secret: the shared secret of signed messages (a second line holds the one before, which
	// still verifies), the private key for Ed25519 in PEM, the secret of an access key, or that of an OpenID client.
	SecretFile string `koanf:"secret-file"`
	Secret     Secret `koanf:"-"`
	// Level is what a match is worth. It is given for webhook and call-back; the other kinds know it.
	Level   string   `koanf:"level"`
	Methods []string `koanf:"methods"` // what is verified; for webhook and call-back uscc, phone or resident-id by the level, for oidc that and the kind of number
	Learns  bool     `koanf:"learns"`  // of call-back: the server finds out by itself who somebody is

	Algorithm string `koanf:"algorithm"` // hmac-sha256, or ed25519
	PeerFile  string `koanf:"peer-file"` // file of the other side's public key for Ed25519, in PEM
	Peer      Secret `koanf:"-"`

	Valid time.Duration `koanf:"valid"` // of a code that was sent; 5 m

	KeyID string `koanf:"key-id"` // of the access key at Aliyun and Tencent

	Issuer   string   `koanf:"issuer"`
	ClientID string   `koanf:"client-id"`
	Redirect string   `koanf:"redirect"` // where the provider sends the browser back to, as registered there
	Scopes   []string `koanf:"scopes"`
	Grants   []Grant  `koanf:"grants"`
	// The claims that hold a number, its kind (resident-id by default), the name and the telephone number; empty for none.
	NumberClaim string `koanf:"number-claim"`
	NumberKind  string `koanf:"number-kind"`
	NameClaim   string `koanf:"name-claim"`
	PhoneClaim  string `koanf:"phone-claim"`
}

// Grant says what it is worth that an OpenID provider gives a claim a value, or a list with it. The highest that holds counts.
type Grant struct {
	Claim string `koanf:"claim"`
	Value string `koanf:"value"`
	Level string `koanf:"level"`
}

var (
	endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	addresses    = map[Kind]string{Aliyun: "https://cloudauth.aliyuncs.com", Tencent: "https://faceid.tencentcloudapi.com"}
)

// Load reads the files that endpoints name.
func Load(endpoints []Endpoint) ([]Endpoint, error) {
	list := slices.Clone(endpoints)
	for i := range list {
		e := &list[i]
		for _, f := range []struct {
			path string
			to   *Secret
		}{{e.SecretFile, &e.Secret}, {e.PeerFile, &e.Peer}} {
			if f.path == "" {
				continue
			}
			text, err := os.ReadFile(f.path)
			if err != nil {
				return nil, durable.Fault(f.path, err)
			}
			*f.to = Secret(bytes.TrimSpace(text))
		}
	}
	return list, nil
}

// setting is the error about a field.
func setting(e Endpoint, name string, cause error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSetting, Args: colophon.Args{"source": e.Name, "setting": name}, Err: cause}
}

// Check returns what is wrong with a configuration, or nil: the first field of the first endpoint, by its name in the file.
func Check(endpoints []Endpoint) error {
	names, issuers := map[string]bool{}, map[string]bool{}
	for _, e := range endpoints {
		if !endpointName.MatchString(e.Name) || names[e.Name] {
			return setting(e, "name", nil)
		}
		names[e.Name] = true
		if err := e.check(); err != nil {
			return err
		}
		if e.Kind == OIDC && issuers[e.Issuer] {
			return setting(e, "issuer", errors.New("two sources with the same issuer"))
		}
		issuers[e.Issuer] = true
	}
	return nil
}

func (e Endpoint) check() error {
	if !slices.Contains([]Kind{Webhook, CallBack, SMS, OIDC, Aliyun, Tencent}, e.Kind) {
		return setting(e, "kind", nil)
	}
	peer, cloud := e.signed(), e.Kind == Aliyun || e.Kind == Tencent
	level, err := identity.ParseLevel(cmp.Or(e.Level, "none"))
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"url", e.Kind == OIDC && e.URL == "" || e.Kind != OIDC && reachable(e.withDefaults().URL) && !(cloud && strings.Count(strings.TrimRight(e.URL, "/"), "/") > 2)},
		{"timeout", e.Timeout >= 0 && e.Timeout <= time.Minute},
		{"level", err == nil && (level > identity.None) == (e.Kind == Webhook || e.Kind == CallBack)},
		{"methods", !slices.ContainsFunc(e.Methods, func(m string) bool { return !known(m) }) && (len(e.Methods) == 0 || !cloud && e.Kind != SMS)},
		{"learns", !e.Learns || e.Kind == CallBack},
		{"algorithm", e.Algorithm == "" || peer && (e.Algorithm == HMAC || e.Algorithm == Ed25519)},
		{"peer-file", (e.Peer != "") == (peer && e.Algorithm == Ed25519)},
		{"valid", e.Valid == 0 || e.Kind == SMS && e.Valid >= time.Minute && e.Valid <= time.Hour},
		{"key-id", (e.KeyID != "") == cloud && endpointKey.MatchString(e.KeyID)},
		{"secret-file", e.Secret != "" || e.Kind == OIDC},
	} {
		if !f.ok {
			return setting(e, f.name, nil)
		}
	}
	if peer {
		return e.checkKeys()
	}
	return e.checkSignIn()
}

var endpointKey = regexp.MustCompile(`^[A-Za-z0-9]{0,128}$`)

func (e Endpoint) checkKeys() error {
	k, err := e.keys()
	switch {
	case err != nil:
		return err
	case k.private == nil && slices.ContainsFunc(k.shared, func(s []byte) bool { return len(s) < 32 }):
		return setting(e, "secret-file", errors.New("a shared secret has 32 characters or more"))
	}
	return nil
}

func (e Endpoint) checkSignIn() error {
	level := identity.None
	for _, g := range e.Grants {
		l, err := identity.ParseLevel(g.Level)
		if err != nil || l == identity.None || g.Claim == "" || level != identity.None && (l == identity.Organisation) != (level == identity.Organisation) {
			return setting(e, "grants", err)
		}
		level = max(level, l)
	}
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"issuer", (e.Issuer != "") == (e.Kind == OIDC)},
		{"client-id", (e.ClientID != "") == (e.Kind == OIDC)},
		{"redirect", e.Kind != OIDC && e.Redirect == "" || e.Kind == OIDC && reachable(e.Redirect)},
		{"grants", (len(e.Grants) > 0) == (e.Kind == OIDC)},
		{"number-kind", e.NumberKind == "" || e.NumberClaim != "" && known(e.NumberKind)},
	} {
		if !f.ok {
			return setting(e, f.name, nil)
		}
	}
	return nil
}

// known reports whether a word is a method that a source can have.
func known(method string) bool {
	switch identity.Method(method) {
	case identity.ResidentID, identity.HKMacauPermit, identity.TaiwanPermit, identity.PermanentCard, identity.Passport, identity.USCC,
		identity.NetworkIdentity, identity.Phone, identity.OIDC:
		return true
	}
	return false
}

// signed reports whether signed messages go to and fro.
func (e Endpoint) signed() bool { return e.Kind == Webhook || e.Kind == CallBack || e.Kind == SMS }

// reachable reports whether an address may be used: HTTPS, or HTTP on loopback, without a name and password, a query and a
// fragment.
func reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
}

func (e Endpoint) withDefaults() Endpoint {
	e.URL = cmp.Or(e.URL, addresses[e.Kind])
	e.Timeout = cmp.Or(e.Timeout, 10*time.Second)
	e.Valid = cmp.Or(e.Valid, 5*time.Minute)
	return e
}

// facts are what the registrar knows of a source.
func (e Endpoint) facts() identity.Facts {
	f := identity.Facts{Name: e.Name, Level: identity.TwoFactor, Methods: []identity.Method{identity.ResidentID}}
	switch e.Kind {
	case Aliyun:
		f.Methods = append(f.Methods, identity.HKMacauPermit, identity.TaiwanPermit)
	case SMS:
		f.Level, f.Methods = identity.PhoneNumber, []identity.Method{identity.Phone}
	case OIDC:
		f.Level, f.Methods, f.Learns = identity.None, []identity.Method{identity.OIDC}, true
		if e.NumberClaim != "" {
			f.Methods = append(f.Methods, e.numberKind())
		}
		for _, g := range e.Grants {
			l, _ := identity.ParseLevel(g.Level) // Check has seen it
			f.Level = max(f.Level, l)
		}
	case Webhook, CallBack:
		f.Level, _ = identity.ParseLevel(e.Level) // Check has seen it
		f.Learns = e.Learns
		switch f.Level {
		case identity.Organisation:
			f.Methods = []identity.Method{identity.USCC}
		case identity.PhoneNumber:
			f.Methods = []identity.Method{identity.Phone}
		}
	}
	if len(e.Methods) > 0 {
		f.Methods = nil
		for _, m := range e.Methods {
			f.Methods = append(f.Methods, identity.Method(m))
		}
	}
	f.Face = f.Level == identity.Live
	return f
}

func (e Endpoint) numberKind() identity.Method {
	return identity.Method(cmp.Or(e.NumberKind, string(identity.ResidentID)))
}

// far makes what calls an endpoint.
func (c Config) far(e Endpoint) far {
	e = e.withDefaults()
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	return far{name: e.Name, address: e.URL, timeout: e.Timeout, http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// peer makes what exchanges signed messages with an endpoint.
func (c Config) peer(e Endpoint) peer {
	k, _ := e.keys() // Check has seen them
	return peer{c.far(e), e.facts(), k, c.Now, c.Random}
}

// keys reads the keys of signed messages.
func (e Endpoint) keys() (keys, error) {
	if e.Algorithm != Ed25519 {
		k := keys{}
		for line := range bytes.Lines([]byte(e.Secret)) {
			k.shared = append(k.shared, bytes.TrimSpace(line))
		}
		return k, nil
	}
	var private, public any
	var err error
	block, _ := pem.Decode([]byte(e.Secret))
	if block != nil {
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	key, ok := private.(ed25519.PrivateKey)
	if err != nil || !ok {
		return keys{}, setting(e, "secret-file", errors.New("no Ed25519 key in PKCS #8"))
	}
	if block, _ = pem.Decode([]byte(e.Peer)); block != nil {
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	}
	other, ok := public.(ed25519.PublicKey)
	if err != nil || !ok {
		return keys{}, setting(e, "peer-file", errors.New("no Ed25519 public key"))
	}
	return keys{private: key, peer: other}, nil
}
