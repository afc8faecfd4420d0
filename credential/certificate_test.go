package credential_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// careless signs whatever the certificate is.
func careless(t *testing.T, s *credential.Signer, file []byte, d credential.Draft) []byte {
	t.Helper()
	plan, err := credential.Careless(s, media.Memory(file), detect(t, file), d)
	if err != nil {
		t.Fatal(err)
	}
	e, err := plan.Edit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := e.Apply(&out, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// certificate issues one by the intermediate authority, in profile but for what change does.
func certificate(t *testing.T, key crypto.Signer, change func(*x509.Certificate)) [][]byte {
	t.Helper()
	above := infrastructure().Intermediate
	c := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{Organization: []string{"Defects"}, CommonName: "Defect"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	if change != nil {
		change(c)
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, above.Certificate, key.Public(), above.Key)
	if err != nil {
		t.Fatal(err)
	}
	return append([][]byte{raw}, above.Chain()...)
}

// TestCertificates signs with certificates that each have one defect: each is refused with its code, by us and by the peer.
func TestCertificates(t *testing.T) {
	file := sample(t, "media/sample1.png")
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage := func(oids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, oids }
	}
	email, stamps, responses, server, anything := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8},
		asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}, asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	for _, c := range []struct {
		name   string
		change func(*x509.Certificate)
		code   status.Code // empty for none
		ours   bool        // that only we refuse
	}{
		{"none", nil, "", false},
		{"documents", usage(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}), "", false},
		{"the purpose of the C2PA", usage(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 62558, 2, 1}), "", false},
		{"expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, status.CredentialExpired, false},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, status.CredentialExpired, false},
		{"an authority", func(c *x509.Certificate) { c.IsCA = true }, status.CredentialInvalid, false},
		{"no extended key usage", usage(), status.CredentialInvalid, false},
		{"any extended key usage", usage(anything, email), status.CredentialInvalid, false},
		{"a web server", usage(server), status.CredentialInvalid, false},
		{"time stamps too", usage(email, stamps), status.CredentialInvalid, false},
		{"time stamps alone", usage(stamps), status.CredentialInvalid, true},
		{"OCSP too", usage(email, responses), status.CredentialInvalid, false},
		{"time stamps and OCSP", usage(stamps, responses), status.CredentialInvalid, false},
		{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }, status.CredentialInvalid, false},
		{"keys are agreed on", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }, status.CredentialInvalid, false},
		{"certificates are signed", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, status.CredentialInvalid, false},
		{"an unknown critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}, status.CredentialInvalid, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &credential.Signer{Key: p256, Chain: certificate(t, p256, c.change), Rand: rand.Reader}
			out := careless(t, s, file, draft())
			r := judge(t, out)
			a := ask(t, "rust", out, anchors())
			if c.code == "" {
				if r.State() != credential.Trusted || a.State != "Trusted" {
					t.Errorf("%s %v; c2pa-node says %s %v", r.State(), failures(r), a.State, a.Failures)
				}
				return
			}
			if r.State() != credential.Invalid || !r.Active.Has(c.code) {
				t.Errorf("%s %v", r.State(), failures(r))
			}
			if c.ours && a.State != "Trusted" {
				t.Errorf("c2pa-node refuses it by now: %s %v", a.State, a.Failures)
			}
			if !c.ours && (a.State != "Invalid" || !slices.Contains(a.Failures, string(c.code))) {
				t.Errorf("c2pa-node says %s %v %v", a.State, a.Failures, a.Notes)
			}
			if _, err := s.Prepare(context.Background(), media.Memory(file), media.PNG, draft(), credential.Options{Now: time.Now()}); err == nil {
				t.Error("it may sign")
			}
		})
	}
}

// TestExpiredSince judges signatures whose certificate has expired since: the time stamp says that it was valid.
func TestExpiredSince(t *testing.T) {
	file := sample(t, "media/sample1.png")
	then := time.Now().AddDate(-2, 0, 0)
	set, err := pki.New(rand.Reader, then, "Then", "Signer")
	if err != nil {
		t.Fatal(err)
	}
	tr := &credential.Trust{}
	if err := tr.AddSigners(set.Root.PEM()); err != nil {
		t.Fatal(err)
	}
	d := draft()
	d.When = then.AddDate(0, 1, 0)
	for _, stamped := range []bool{true, false} {
		s := &credential.Signer{Key: set.Signer.Key, Chain: set.Signer.Chain(), Rand: rand.Reader}
		want, code := credential.Invalid, status.CredentialExpired
		if stamped {
			s.Stamp = func(_ context.Context, m []byte) ([]byte, error) { return set.Stamps.Stamp(rand.Reader, d.When, m) }
			want, code = credential.Trusted, status.StampTrusted
		}
		out := sign(t, s, file, d)
		r := validateWith(t, out, credential.Options{Trust: tr, Now: time.Now()})
		if r.State() != want || !r.Active.Has(code) {
			t.Errorf("stamped: %v: %s %v", stamped, r.State(), failures(r))
		}
		if a := ask(t, "rust", out, set.Root.PEM()); a.State != string(want) {
			t.Errorf("stamped: %v: c2pa-node says %s %v %v", stamped, a.State, a.Failures, a.Notes)
		}
		if stamped { // and by nobody who trusts the authority, the time counts for nothing
			if r := validateWith(t, out, credential.Options{Now: time.Now()}); r.State() != credential.Invalid || !r.Active.Has(status.CredentialExpired) {
				t.Errorf("without anchors: %s %v", r.State(), failures(r))
			}
		}
	}
}

// TestRevocation staples what an authority says of the certificate.
func TestRevocation(t *testing.T) {
	file := sample(t, "media/sample1.png")
	set := infrastructure()
	key, err := pki.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	responder, err := x509.ParseCertificate(certificate(t, key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says int
		next time.Duration
		code status.Code
		want credential.State
	}{
		{ocsp.Good, time.Hour, status.NotRevoked, credential.Trusted},
		{ocsp.Revoked, time.Hour, status.Revoked, credential.Invalid},
		{ocsp.Good, -time.Minute, status.RevocationSkipped, credential.Trusted}, // out of date, so it says nothing
	} {
		response, err := ocsp.CreateResponse(set.Intermediate.Certificate, responder, ocsp.Response{
			Status: c.says, Certificate: responder, SerialNumber: set.Signer.Certificate.SerialNumber, ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(c.next),
			RevokedAt: time.Now().Add(-time.Minute), RevocationReason: ocsp.KeyCompromise,
		}, key)
		if err != nil {
			t.Fatal(err)
		}
		s := signer(false)
		s.OCSP = [][]byte{response}
		out := sign(t, s, file, draft())
		r := judge(t, out)
		if r.State() != c.want || !r.Active.Has(c.code) {
			t.Errorf("%d: %s %v %v", c.says, r.State(), failures(r), r.Active.Informational)
		}
		if a := ask(t, "rust", out, anchors()); (a.State == string(c.want)) != (c.says == ocsp.Good) { // it tells of a revocation, and goes on
			t.Errorf("%d: c2pa-node says %s %v %v", c.says, a.State, a.Failures, a.Notes)
		}
	}
}

// TestChains signs with chains that lead nowhere, or go through what is no authority, and with keys that are too weak.
func TestChains(t *testing.T) {
	file := sample(t, "media/sample1.png")
	set := infrastructure()
	other, err := pki.New(rand.Reader, time.Now().Add(-24*time.Hour), "Another", "Signer")
	if err != nil {
		t.Fatal(err)
	}
	p256, err := pki.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	// What a signer issues, and what an authority has issued that may have none below it but is over its time.
	issued := func(change func(leaf, above *x509.Certificate)) [][]byte {
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(78), Subject: pkix.Name{Organization: []string{"Defects"}, CommonName: "Leaf"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		}
		above := &x509.Certificate{
			SerialNumber: big.NewInt(79), Subject: pkix.Name{Organization: []string{"Defects"}, CommonName: "Above"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(2 * time.Hour),
			BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign, SubjectKeyId: []byte{1, 2, 3},
		}
		change(leaf, above)
		b, err := x509.CreateCertificate(rand.Reader, above, set.Root.Certificate, p256.Public(), set.Root.Key)
		if err != nil {
			t.Fatal(err)
		}
		a, err := x509.CreateCertificate(rand.Reader, leaf, above, p256.Public(), p256)
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{a, b}
	}
	for _, c := range []struct {
		name  string
		key   crypto.Signer
		chain [][]byte
		state credential.State
		code  status.Code
	}{
		{"of another root", other.Signer.Key, other.Signer.Chain(), credential.Valid, status.CredentialUntrusted},
		{"with another's root in it", other.Signer.Key, append(other.Signer.Chain(), set.Root.Certificate.Raw), credential.Valid, status.CredentialUntrusted},
		{"without what is between", set.Signer.Key, set.Signer.Chain()[:1], credential.Valid, status.CredentialUntrusted},
		{"in another order", set.Signer.Key, [][]byte{set.Intermediate.Certificate.Raw, set.Signer.Certificate.Raw}, credential.Invalid, status.CredentialInvalid},
		{"through what is no authority", p256, issued(func(_, above *x509.Certificate) { above.IsCA, above.KeyUsage = false, x509.KeyUsageDigitalSignature }), credential.Valid, status.CredentialUntrusted},
		{"through one whose time is over", p256, issued(func(_, above *x509.Certificate) { above.NotAfter = time.Now().Add(-time.Minute) }), credential.Valid, status.CredentialUntrusted},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &credential.Signer{Key: c.key, Chain: c.chain, Rand: rand.Reader}
			plan, err := credential.Careless(s, media.Memory(file), media.PNG, draft())
			if err != nil {
				t.Fatal(err)
			}
			e, err := plan.Edit(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := e.Apply(&out, media.Memory(file)); err != nil {
				t.Fatal(err)
			}
			r := judge(t, out.Bytes())
			if r.State() != c.state || !r.Active.Has(c.code) || r.Trusted != colophon.Failed {
				t.Errorf("%s, trusted: %v, %v", r.State(), r.Trusted, failures(r))
			}
			if a := ask(t, "rust", out.Bytes(), anchors()); a.State != string(c.state) || !slices.Contains(a.Failures, string(c.code)) {
				t.Errorf("c2pa-node says %s %v", a.State, a.Failures)
			}
		})
	}
	s := &credential.Signer{Key: weak, Chain: certificate(t, weak, nil), Rand: rand.Reader}
	if _, err := s.Prepare(context.Background(), media.Memory(file), media.PNG, draft(), credential.Options{Now: time.Now()}); err == nil {
		t.Error("an RSA key of 1024 bits may sign")
	}
}
