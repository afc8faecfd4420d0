package timestamp_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/timestamp"
	"github.com/colophon-project/colophon/internal/timestamp/timestamptest"
)

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantCode(t testing.TB, what string, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func ecKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return must(t, key, err)
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return must(t, key, err)
}

func sm2Key(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := sm2.GenerateKey(rand.Reader)
	return must(t, key, err)
}

var data = []byte("colophon.example/log\n5\n…\n")

// ask lets an authority stamp the data.
func ask(t testing.TB, a *timestamptest.Authority, nonce *big.Int) (response []byte, trusted *timestamp.Authorities) {
	t.Helper()
	query, err := timestamp.NewQuery(data, nonce)
	response = a.Answer(must(t, query, err))
	trusted, err = timestamp.ParseAuthorities(a.CA)
	return response, must(t, trusted, err)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]timestamptest.Settings{
		"ECDSA":   {CA: ecKey(t), Key: ecKey(t)},
		"RSA":     {CA: rsaKey(t), Key: rsaKey(t), KeyUsage: smx509.KeyUsageDigitalSignature},
		"SHA-512": {CA: ecKey(t), Key: rsaKey(t), Digest: "sha512"},
	} {
		a := timestamptest.New(t, s)
		nonce := big.NewInt(0x1234567890)
		response, trusted := ask(t, a, nonce)
		stamp, err := trusted.Verify(response, data, nonce)
		if err != nil || time.Since(stamp.Time).Abs() > time.Minute || stamp.Authority != "CN=Stamp" {
			t.Errorf("%s: %+v, %v", name, stamp, err)
		}
		if _, err := trusted.Verify(response, data, nil); err != nil {
			t.Errorf("%s: without a nonce: %v", name, err)
		}
		must(t, 0, os.WriteFile(filepath.Join(a.Folder, "data"), data, 0o600))
		if out, err := a.Run("ts", "-verify", "-data", "data", "-in", "r.tsr", "-CAfile", "ca.pem"); err != nil || !bytes.Contains(out, []byte("Verification: OK")) {
			t.Errorf("%s: openssl says %s", name, out)
		}
		_, err = trusted.Verify(response, append(data, '.'), nonce)
		wantCode(t, name+": other bytes", err, timestamp.CodeOther)
		_, err = trusted.Verify(response, data, big.NewInt(1))
		wantCode(t, name+": another nonce", err, timestamp.CodeOther)
		_, err = trusted.Verify(append(response, 0), data, nonce)
		wantCode(t, name+": a byte more", err, timestamp.CodeInvalid)
		other, err := timestamp.ParseAuthorities(timestamptest.New(t, timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)}).CA)
		_, err = must(t, other, err).Verify(response, data, nonce)
		wantCode(t, name+": another authority", err, timestamp.CodeUntrusted)
	}
}

// TestNotFit has tokens that are well signed by a certificate that must not sign them, or in a way that deceives.
func TestNotFit(t *testing.T) {
	t.Parallel()
	const stamp, other = "1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.9.16.1.5"
	ca, key := ecKey(t), ecKey(t)
	response, _ := ask(t, timestamptest.New(t, timestamptest.Settings{CA: ca, Key: key}), big.NewInt(7))
	content := timestamp.Content(response)
	sign := smx509.KeyUsageDigitalSignature
	both := []smx509.ExtKeyUsage{smx509.ExtKeyUsageTimeStamping, smx509.ExtKeyUsageServerAuth}
	for name, c := range map[string]struct {
		settings timestamptest.Settings
		kind     string
		more     []string
		code     colophon.Code
	}{
		"good":               {timestamptest.Settings{KeyUsage: sign}, stamp, []string{"-cades"}, ""},
		"named by key":       {timestamptest.Settings{KeyUsage: sign}, stamp, []string{"-cades", "-keyid"}, ""},
		"expired":            {timestamptest.Settings{NotAfter: time.Now().Add(-time.Hour)}, stamp, []string{"-cades"}, timestamp.CodeUntrusted},
		"signs certificates": {timestamptest.Settings{KeyUsage: smx509.KeyUsageCertSign | sign}, stamp, []string{"-cades"}, timestamp.CodeCertificate},
		"not critical":       {timestamptest.Settings{NotStrict: true}, stamp, []string{"-cades"}, timestamp.CodeCertificate},
		"two uses":           {timestamptest.Settings{Uses: both}, stamp, []string{"-cades"}, timestamp.CodeCertificate},
		"another use":        {timestamptest.Settings{Uses: both[1:]}, stamp, []string{"-cades"}, timestamp.CodeCertificate},
		"no ESSCertIDv2":     {timestamptest.Settings{}, stamp, nil, timestamp.CodeUnsupported},
		"SHA-1":              {timestamptest.Settings{}, stamp, []string{"-cades", "-md", "sha1"}, timestamp.CodeUnsupported},
		"no attributes":      {timestamptest.Settings{}, stamp, []string{"-noattr"}, timestamp.CodeInvalid},
		"no certificate":     {timestamptest.Settings{}, stamp, []string{"-cades", "-nocerts"}, timestamp.CodeCertificate},
		"another content":    {timestamptest.Settings{}, other, []string{"-cades"}, timestamp.CodeInvalid},
		"two signers":        {timestamptest.Settings{}, stamp, []string{"-cades", "-signer", "ca.pem", "-inkey", "ca.key"}, timestamp.CodeInvalid},
	} {
		if c.settings.CA == nil {
			c.settings.CA, c.settings.Key = ca, key
		}
		a := timestamptest.New(t, c.settings)
		trusted, err := timestamp.ParseAuthorities(a.CA)
		_, err = must(t, trusted, err).Verify(a.Sign(c.kind, content, c.more...), data, nil)
		if c.code != "" {
			wantCode(t, name, err, c.code)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnsigned changes what the signer did not sign and what a reader could be deceived by.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	a := timestamptest.New(t, timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)})
	response, trusted := ask(t, a, big.NewInt(7))
	content := timestamp.Content(response)
	named := a.Sign("1.2.840.113549.1.9.16.1.4", content, "-cades", "-keyid")
	at := bytes.LastIndex(named, []byte("\x80\x05stamp"))
	named[at+2] ^= 1
	_, err := trusted.Verify(named, data, nil)
	wantCode(t, "another name of the signer", err, timestamp.CodeCertificate)
	// The type of the content stands twice: before the content, where it is not signed, and among the attributes.
	typed := a.Sign("1.2.840.113549.1.9.16.1.5", content, "-cades")
	oid := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 5}
	typed[bytes.Index(typed, oid)+len(oid)-1] = 4
	_, err = trusted.Verify(typed, data, nil)
	wantCode(t, "another type of content", err, timestamp.CodeSignature)
	swapped := bytes.Replace(a.Sign("1.2.840.113549.1.9.16.1.4", content, "-cades"), content, bytes.Replace(content, []byte("Z"), []byte("Y"), 1), 1)
	if _, err = trusted.Verify(swapped, data, nil); err == nil {
		t.Error("other content passes")
	}
}

// TestThen has certificates that were good at the stamped time and are not now, and the other way round.
func TestThen(t *testing.T) {
	t.Parallel()
	good := timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)}
	response, _ := ask(t, timestamptest.New(t, good), big.NewInt(7))
	content := timestamp.Content(response)
	zone := bytes.IndexByte(content, 'Z')
	ended := good
	ended.NotAfter = time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		settings timestamptest.Settings
		back     time.Duration
		code     colophon.Code
	}{
		"ended since":      {ended, 2 * time.Hour, ""},
		"ended before":     {ended, 0, timestamp.CodeUntrusted},
		"not yet, but now": {good, 36 * time.Hour, timestamp.CodeUntrusted},
	} {
		stamped := bytes.Clone(content)
		copy(stamped[zone-14:], time.Now().UTC().Add(-c.back).Format("20060102150405"))
		a := timestamptest.New(t, c.settings)
		trusted, err := timestamp.ParseAuthorities(a.CA)
		_, err = must(t, trusted, err).Verify(a.Sign("1.2.840.113549.1.9.16.1.4", stamped, "-cades"), data, nil)
		if c.code != "" {
			wantCode(t, name, err, c.code)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSM2 has a token that another library signed in the form of GB/T 35275: openssl signs none with SM2.
func TestSM2(t *testing.T) {
	t.Parallel()
	response, _ := ask(t, timestamptest.New(t, timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)}), big.NewInt(7))
	signed, err := pkcs7.NewSMSignedData(timestamp.Content(response))
	sd := must(t, signed, err)
	key := sm2Key(t)
	a := timestamptest.New(t, timestamptest.Settings{CA: sm2Key(t), Key: key})
	text, err := os.ReadFile(filepath.Join(a.Folder, "tsa.pem"))
	block, _ := pem.Decode(must(t, text, err))
	cert, err := smx509.ParseCertificate(block.Bytes)
	must(t, cert, err)
	digest := sm3.Sum(cert.Raw)
	type certificateID struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
	sd.GetSignedData().Version = 3
	sd.GetSignedData().ContentInfo.ContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	must(t, 0, sd.AddSigner(cert, key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{{
		Type:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47},
		Value: struct{ IDs []certificateID }{[]certificateID{{pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDDigestAlgorithmSM3}, digest[:]}}},
	}}}))
	token, err := sd.Finish()
	trusted, err2 := timestamp.ParseAuthorities(a.CA)
	if _, err := must(t, trusted, err2).Verify(timestamptest.Response(t, must(t, token, err)), data, nil); err != nil {
		t.Error(err)
	}
}

// TestEveryByte changes each byte of a response. What still verifies must say the same: bytes outside of what is signed,
// such as attributes that nobody signed, exist in the form.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	response, trusted := ask(t, timestamptest.New(t, timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)}), big.NewInt(7))
	want, err := trusted.Verify(response, data, nil)
	must(t, want, err)
	passed := 0
	for i := range response {
		for bit := range 8 {
			changed := bytes.Clone(response)
			changed[i] ^= 1 << bit
			got, err := trusted.Verify(changed, data, nil)
			if err == nil && got != want {
				t.Fatalf("byte %d: %+v", i, got)
			}
			if err == nil {
				passed++
			}
		}
		if _, err := trusted.Verify(response[:i], data, nil); err == nil {
			t.Fatalf("cut at %d it passes", i)
		}
	}
	t.Logf("%d of %d bits", passed, 8*len(response))
	if passed > 8*40 {
		t.Errorf("%d bits may change", passed)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	a := timestamptest.New(t, timestamptest.Settings{CA: ecKey(t), Key: ecKey(t)})
	trusted, err := timestamp.ParseAuthorities(a.CA)
	_, err = must(t, trusted, err).Verify(a.Answer([]byte("no query")), data, nil)
	wantCode(t, "a refusal", err, timestamp.CodeRefused)
	for _, text := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		_, err := timestamp.ParseAuthorities([]byte(text))
		wantCode(t, text, err, timestamp.CodeAuthorities)
	}
}

func FuzzVerify(f *testing.F) {
	response, trusted := ask(f, timestamptest.New(f, timestamptest.Settings{CA: ecKey(f), Key: ecKey(f)}), big.NewInt(7))
	want, err := trusted.Verify(response, data, nil)
	must(f, want, err)
	f.Add(response)
	f.Add([]byte{0x30, 3, 0x30, 1, 2})
	f.Fuzz(func(t *testing.T, changed []byte) {
		if got, err := trusted.Verify(changed, data, nil); err == nil && got != want {
			t.Errorf("%+v", got)
		}
	})
}
