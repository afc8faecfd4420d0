package verify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/verify"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	_, private, public := pair(t)
	cloud := verify.Endpoint{Name: "cloud", Kind: verify.Aliyun, KeyID: keyID, Secret: secret}
	oidc := network("https://id.example")
	for _, test := range []struct {
		setting string
		of      verify.Endpoint
		change  func(*verify.Endpoint)
	}{
		{"name", webhook("https://a.example"), func(e *verify.Endpoint) { e.Name = "A b" }},
		{"kind", webhook("https://a.example"), func(e *verify.Endpoint) { e.Kind = "ldap" }},
		{"url", webhook(""), func(*verify.Endpoint) {}},
		{"url", cloud, func(e *verify.Endpoint) { e.URL = "https://a.example/path" }},
		{"", cloud, func(e *verify.Endpoint) { e.URL = "https://a.example/" }},
		{"url", oidc, func(e *verify.Endpoint) { e.URL = "https://a.example" }},
		{"timeout", cloud, func(e *verify.Endpoint) { e.Timeout = time.Hour }},
		{"level", cloud, func(e *verify.Endpoint) { e.Level = "live" }},
		{"level", webhook("https://a.example"), func(e *verify.Endpoint) { e.Level = "" }},
		{"level", webhook("https://a.example"), func(e *verify.Endpoint) { e.Level = "none" }},
		{"level", webhook("https://a.example"), func(e *verify.Endpoint) { e.Level = "high" }},
		{"methods", webhook("https://a.example"), func(e *verify.Endpoint) { e.Methods = []string{"attested"} }},
		{"methods", cloud, func(e *verify.Endpoint) { e.Methods = []string{"passport"} }},
		{"learns", webhook("https://a.example"), func(e *verify.Endpoint) { e.Learns = true }},
		{"algorithm", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = "hmac-md5" }},
		{"algorithm", cloud, func(e *verify.Endpoint) { e.Algorithm = verify.HMAC }},
		{"peer-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Peer = public }},
		{"peer-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = verify.Ed25519; e.Secret = private }},
		{"peer-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = verify.Ed25519; e.Secret, e.Peer = private, private }},
		{"secret-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = verify.Ed25519; e.Secret, e.Peer = public, public }},
		{"secret-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = verify.Ed25519; e.Peer = public }},
		{"", webhook("https://a.example"), func(e *verify.Endpoint) { e.Algorithm = verify.Ed25519; e.Secret, e.Peer = private, public }},
		{"secret-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Secret = "short" }},
		{"secret-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Secret = shared + "\nshort" }},
		{"secret-file", webhook("https://a.example"), func(e *verify.Endpoint) { e.Secret = "" }},
		{"secret-file", cloud, func(e *verify.Endpoint) { e.Secret = "" }},
		{"valid", phone("https://a.example"), func(e *verify.Endpoint) { e.Valid = time.Second }},
		{"valid", cloud, func(e *verify.Endpoint) { e.Valid = time.Minute }},
		{"key-id", cloud, func(e *verify.Endpoint) { e.KeyID = "" }},
		{"key-id", cloud, func(e *verify.Endpoint) { e.KeyID = "a\r\nb" }},
		{"key-id", phone("https://a.example"), func(e *verify.Endpoint) { e.KeyID = "a" }},
		{"", oidc, func(e *verify.Endpoint) { e.Secret = "" }},
		{"issuer", oidc, func(e *verify.Endpoint) { e.Issuer = "" }},
		{"client-id", oidc, func(e *verify.Endpoint) { e.ClientID = "" }},
		{"redirect", oidc, func(e *verify.Endpoint) { e.Redirect = "http://a.example" }},
		{"grants", oidc, func(e *verify.Endpoint) { e.Grants = nil }},
		{"grants", oidc, func(e *verify.Endpoint) { e.Grants = []verify.Grant{{Claim: "a", Value: "b", Level: "none"}} }},
		{"grants", oidc, func(e *verify.Endpoint) { e.Grants = []verify.Grant{{Value: "b", Level: "phone"}} }},
		{"grants", oidc, func(e *verify.Endpoint) {
			e.Grants = append(e.Grants, verify.Grant{Claim: "a", Value: "b", Level: "organisation"})
		}},
		{"grants", cloud, func(e *verify.Endpoint) { e.Grants = oidc.Grants }},
		{"number-kind", oidc, func(e *verify.Endpoint) { e.NumberKind = "tax-id" }},
		{"number-kind", oidc, func(e *verify.Endpoint) { e.NumberKind, e.NumberClaim = "passport", "" }},
	} {
		e := test.of
		test.change(&e)
		wrong(t, test.setting, e)
	}
	wrong(t, "name", cloud, cloud)
	other := oidc
	other.Name = "other"
	wrong(t, "issuer", oidc, other)
	wrong(t, "", oidc, cloud, webhook("https://a.example"), phone("https://a.example"))
	for address, ok := range map[string]bool{
		"https://a.example": true, "https://a.example/v1/check": true, "http://127.0.0.1:8000": true, "http://[::1]:8000": true, "http://localhost": true, "http://10.0.0.5:8000": false, "http://a.example": false,
		"https://user:password@a.example": false, "https://a.example/?key=1": false, "https://a.example/#a": false, "ftp://a.example": false, "a.example": false, "https://": false, "file:///etc/passwd": false,
	} {
		wrong(t, map[bool]string{false: "url"}[ok], webhook(address))
	}
}

// wrong checks which setting an error names.
func wrong(t *testing.T, setting string, endpoints ...verify.Endpoint) {
	t.Helper()
	err := verify.Check(endpoints)
	var e *colophon.Error
	switch {
	case setting == "" && err != nil:
		t.Error(err)
	case setting != "" && (!errors.As(err, &e) || e.Code != verify.CodeSetting || e.Args["setting"] != setting || e.Kind != colophon.Invalid):
		t.Errorf("%v, want %s of %+v", err, setting, endpoints[0])
	}
	if err != nil && strings.Contains(err.Error(), shared) {
		t.Errorf("the error tells the secret: %v", err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(shared+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
sources:
  - {name: desk, kind: webhook, url: "https://desk.example/verify", level: three-factor, methods: [resident-id, taiwan-permit], timeout: 3s, secret-file: ` + file + `}
  - {name: text, kind: sms, url: "https://text.example", valid: 10m, secret-file: ` + file + `}
  - {name: aliyun, kind: aliyun, key-id: LTAI5t, secret-file: ` + file + `}
  - name: network
    kind: oidc
    issuer: https://id.example
    client-id: colophon
    redirect: https://colophon.example/verified
    grants: [{claim: assurance, value: card, level: two-factor}]
    number-claim: id_number
`
	k := koanf.New(".")
	values, err := yaml.Parser().Unmarshal([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Load(confmap.Provider(values, "."), nil); err != nil {
		t.Fatal(err)
	}
	var v struct {
		Sources []verify.Endpoint `koanf:"sources"`
	}
	if err := k.Unmarshal("", &v); err != nil {
		t.Fatal(err)
	}
	list, err := verify.Load(v.Sources)
	if err != nil || len(list) != 4 || list[0].Secret != shared || list[0].Timeout != 3*time.Second || len(list[0].Methods) != 2 || list[1].Valid != 10*time.Minute || list[3].Grants[0].Level != "two-factor" || v.Sources[0].Secret != "" {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := verify.Check(list); err != nil {
		t.Error(err)
	}
	if _, err := verify.Load([]verify.Endpoint{{SecretFile: file + "2"}}); err == nil {
		t.Error("a file that is not there")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("loaded", "secret", list[0].Secret)
	written, err := json.Marshal(list)
	for _, s := range []string{log.String(), string(written), fmt.Sprintf("%v %+v %#v %s", list, list, list, list[0].Secret)} {
		if err != nil || s == "" || strings.Contains(s, shared) {
			t.Errorf("%s, %v", s, err)
		}
	}
	for _, c := range []verify.Config{{}, func() verify.Config { c := config(network("https://id.example")); return c }(), config(verify.Endpoint{})} {
		if _, _, err := verify.Open(c); err == nil {
			t.Errorf("opened %+v", c.Endpoints)
		}
	}
}
