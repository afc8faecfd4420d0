// Package timestamptest is a time stamp authority for tests: openssl ts with a certificate of its own behind HTTP.
//
// What not to do here: never use it outside tests, it hands out a time stamp to whoever asks.
package timestamptest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Settings say what the authority's certificate and its answers are like. The zero value is a good authority with the
// keys that are given.
type Settings struct {
	CA, Key   crypto.Signer
	Uses      []smx509.ExtKeyUsage // nil for time stamping
	NotStrict bool                 // the extension with the uses is not critical
	KeyUsage  smx509.KeyUsage      // 0 for none
	NotAfter  time.Time            // of the signer's certificate
	Digest    string               // of signature and certificate ID; empty for sha256
}

// Authority is a running authority.
type Authority struct {
	Folder string // with ca.pem
	CA     []byte // PEM
	t      testing.TB
}

// New makes an authority.
func New(t testing.TB, s Settings) *Authority {
	t.Helper()
	a := &Authority{Folder: t.TempDir(), t: t}
	now := time.Now()
	ca := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: smx509.KeyUsageCertSign}
	rawCA := a.certificate(ca, ca, s.CA.Public(), s.CA)
	if s.Uses == nil {
		s.Uses = []smx509.ExtKeyUsage{smx509.ExtKeyUsageTimeStamping}
	}
	if s.NotAfter.IsZero() {
		s.NotAfter = now.Add(time.Hour)
	}
	leaf := &smx509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Stamp"}, NotBefore: now.Add(-24 * time.Hour), NotAfter: s.NotAfter, KeyUsage: s.KeyUsage, SubjectKeyId: []byte("stamp"), ExtraExtensions: []pkix.Extension{uses(t, s)}}
	rawLeaf := a.certificate(leaf, ca, s.Key.Public(), s.CA)
	a.CA = a.write("ca.pem", "CERTIFICATE", rawCA)
	a.write("tsa.pem", "CERTIFICATE", rawLeaf)
	for name, signer := range map[string]crypto.Signer{"ca.key": s.CA, "tsa.key": s.Key} {
		key, err := smx509.MarshalPKCS8PrivateKey(signer)
		a.check(err)
		a.write(name, "PRIVATE KEY", key)
	}
	if s.Digest == "" {
		s.Digest = "sha256"
	}
	a.check(os.WriteFile(filepath.Join(a.Folder, "serial"), []byte("01\n"), 0o600))
	a.check(os.WriteFile(filepath.Join(a.Folder, "ts.cnf"), []byte("[tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\n"+
		"default_policy=1.2.3.4\ndigests=sha256,sha512\naccuracy=secs:1\nordering=yes\ntsa_name=yes\ness_cert_id_chain=no\nsigner_digest="+s.Digest+"\ness_cert_id_alg="+s.Digest+"\n"), 0o600))
	return a
}

func uses(t testing.TB, s Settings) pkix.Extension {
	var oids []asn1.ObjectIdentifier
	for _, u := range s.Uses {
		oids = append(oids, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, map[smx509.ExtKeyUsage]int{smx509.ExtKeyUsageTimeStamping: 8, smx509.ExtKeyUsageServerAuth: 1}[u]})
	}
	raw, err := asn1.Marshal(oids)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: !s.NotStrict, Value: raw}
}

func (a *Authority) certificate(c, parent *smx509.Certificate, public crypto.PublicKey, signer crypto.Signer) []byte {
	raw, err := smx509.CreateCertificate(rand.Reader, c, parent, public, signer)
	a.check(err)
	return raw
}

func (a *Authority) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *Authority) write(name, kind string, raw []byte) []byte {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
	a.check(os.WriteFile(filepath.Join(a.Folder, name), text, 0o600))
	return text
}

// Run runs openssl in the authority's folder and returns what it printed.
func (a *Authority) Run(args ...string) ([]byte, error) {
	c := exec.Command("openssl", args...)
	c.Dir = a.Folder
	return c.CombinedOutput()
}

// Answer answers a request.
func (a *Authority) Answer(query []byte) []byte {
	a.t.Helper()
	a.check(os.WriteFile(filepath.Join(a.Folder, "q.tsq"), query, 0o600))
	if out, err := a.Run("ts", "-reply", "-config", "ts.cnf", "-section", "one", "-queryfile", "q.tsq", "-out", "r.tsr"); err != nil {
		a.t.Fatalf("openssl ts: %s", out)
	}
	response, err := os.ReadFile(filepath.Join(a.Folder, "r.tsr"))
	a.check(err)
	return response
}

// Sign signs any content of a type with the authority's key by openssl cms, which does not ask what the certificate is
// good for, and puts it into a response.
func (a *Authority) Sign(kind string, content []byte, more ...string) []byte {
	a.t.Helper()
	a.check(os.WriteFile(filepath.Join(a.Folder, "content"), content, 0o600))
	args := []string{"cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-econtent_type", kind, "-signer", "tsa.pem", "-inkey", "tsa.key", "-in", "content", "-out", "r.p7s"}
	if out, err := a.Run(append(args, more...)...); err != nil {
		a.t.Fatalf("openssl cms: %s", out)
	}
	token, err := os.ReadFile(filepath.Join(a.Folder, "r.p7s"))
	a.check(err)
	return Response(a.t, token)
}

// Response puts a token into a response.
func Response(t testing.TB, token []byte) []byte {
	t.Helper()
	response, err := asn1.Marshal(struct {
		Status struct{ Code int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// Serve answers requests over HTTP, one after the other, until the test ends.
func (a *Authority) Serve() *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no request", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(a.Answer(query))
	}))
	a.t.Cleanup(server.Close)
	return server
}
