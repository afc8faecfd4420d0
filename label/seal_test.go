package label_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/label"
)

// The public sample: a producer's seal over the digest of the message, with its key as SubjectPublicKeyInfo.
const (
	vectorSPKI = "3059301306072A8648CE3D020106082A811CCF5501822D034200045728F08C58D9C72150A705693EF7337859F8FF216E80263" +
		"0041AFAE5C036F0A67CB1FDF8C57F5F8B623284AE09E4E545464B7140B26BBDA51BAE965F854C57AA"
	vectorSignature = "3046022100AE6B84B3342128AE301A597596FCD9EECF3EA0FC2DB6C250BAF234E167298E9002210097223ABB647B786A90D0" +
		"A1B93CB9382EA879563B2C7F025FA006BE16AE926C14"
	oidSM2   = "1.2.156.10197.1.501"
	oidES256 = "1.2.840.10045.4.3.2"
	oidRSA   = "1.2.840.113549.1.1.11"
)

func vectorFields() label.SealedFields {
	return label.SealedFields{Label: "1", Provider: "001191310104MACE0YX63918020", ID: "142569260085903360"}
}

func ourFields(side label.Side) label.SealedFields {
	return label.SealedFields{Side: side, Label: "1", Provider: "001191110102MACQD9K64010000", ID: "3f2c5d1e-0b6a-4d57-9a52-6f0f1c2b3a4d"}
}

// securityData builds SecurityData of entries.
func securityData(entries ...string) string {
	return `{"SecurityData":{"Type":"TC260PG","Version":1,"PubSD":[` + strings.Join(entries, ",") + `]}}`
}

func signatureEntry(oid, tbs, signature string) string {
	return fmt.Sprintf(`{"Type":"DS","AlgID":%q,"TBSData":{"Type":%q},"Signature":%q}`, oid, tbs, signature)
}

func keyEntry(oid, value string) string {
	return fmt.Sprintf(`{"Type":"PubKey","AlgID":%q,"KeyValue":%q}`, oid, value)
}

// opensslKey generates a private key with openssl and returns its PEM text.
func opensslKey(t testing.TB, args ...string) []byte {
	t.Helper()
	return mediatest.Output(t, "openssl", args...)
}

func sm2PEM(t testing.TB) []byte { return opensslKey(t, "genpkey", "-algorithm", "SM2") }

func p256PEM(t testing.TB) []byte {
	return opensslKey(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
}

func signingKey(t testing.TB, text []byte) *label.SigningKey {
	t.Helper()
	key, err := label.ParseSigningKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func seal(t testing.TB, key *label.SigningKey, fields label.SealedFields) string {
	t.Helper()
	s, err := label.Seal(key, rand.Reader, fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sealParts takes signature and key out of a seal.
func sealParts(t testing.TB, s string) (signature, key string) {
	t.Helper()
	var v struct {
		SecurityData struct {
			PubSD []struct{ Signature, KeyValue string }
		}
	}
	if err := json.Unmarshal([]byte(s), &v); err != nil || len(v.SecurityData.PubSD) != 2 {
		t.Fatalf("%s: %v", s, err)
	}
	return v.SecurityData.PubSD[0].Signature, v.SecurityData.PubSD[1].KeyValue
}

func TestVerifySealVector(t *testing.T) {
	t.Parallel()
	reserved := securityData(signatureEntry(oidSM2, "LabelMataData", vectorSignature), keyEntry(oidSM2, vectorSPKI))
	want := label.SealReport{
		State: label.SealUnknownKey, Algorithm: oidSM2, Form: label.FormDigest,
		Findings: []colophon.Finding{
			{Code: label.CodeSealSpelling, Level: colophon.Warning, Clause: colophon.ClausePGSeal, Offset: -1,
				Args: colophon.Args{"written": "LabelMataData", "standard": "Md"}},
			{Code: label.CodeSealDigest, Level: colophon.Warning, Clause: colophon.ClausePGSeal, Offset: -1},
		},
	}
	spki, err := hex.DecodeString(vectorSPKI)
	if err != nil {
		t.Fatal(err)
	}
	out := mediatest.Output(t, "openssl", "dgst", "-sha256", "-r", mediatest.File(t, "spki", spki))
	want.Fingerprint = string(bytes.Fields(out)[0])
	if diff := cmp.Diff(want, label.VerifySeal(reserved, vectorFields(), nil)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	keys, err := label.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	if err != nil {
		t.Fatal(err)
	}
	want.State = label.SealPinned
	if diff := cmp.Diff(want, label.VerifySeal(reserved, vectorFields(), keys)); diff != "" {
		t.Errorf("report with the key pinned (-want +got):\n%s", diff)
	}
	other := vectorFields()
	other.ID = "142569260085903361"
	if r := label.VerifySeal(reserved, other, nil); r.State != label.SealBroken || r.Fingerprint != want.Fingerprint {
		t.Errorf("with another number: %+v", r)
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	sm2, p256 := sm2PEM(t), p256PEM(t)
	for name, text := range map[string][]byte{
		"SM2 PKCS#8":      sm2,
		"SM2 SEC 1":       mediatest.Output(t, "openssl", "ec", "-in", mediatest.File(t, "k", sm2)),
		"SM2 parameters":  opensslKey(t, "ecparam", "-name", "SM2", "-genkey"),
		"SM2 as EC":       opensslKey(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"),
		"P-256 PKCS#8":    p256,
		"P-256 SEC 1":     mediatest.Output(t, "openssl", "ec", "-in", mediatest.File(t, "k", p256)),
		"P-256 with text": append([]byte("a key of P-256\n"), opensslKey(t, "ecparam", "-name", "prime256v1", "-genkey")...),
	} {
		key := signingKey(t, text)
		oid := map[bool]string{true: oidSM2, false: oidES256}[strings.HasPrefix(name, "SM2")]
		for _, side := range []label.Side{label.SideProducer, label.SidePropagator} {
			fields := ourFields(side)
			s := seal(t, key, fields)
			if strings.Trim(s, `{}[]:,."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`) != "" {
				t.Errorf("%s: the seal has other characters than expected: %s", name, s)
			}
			want := label.SealReport{State: label.SealUnknownKey, Algorithm: oid, Form: label.FormPlain, Fingerprint: key.Public().Fingerprint()}
			if diff := cmp.Diff(want, label.VerifySeal(s, fields, nil)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			other := signingKey(t, sm2PEM(t)).Public()
			if diff := cmp.Diff(want, label.VerifySeal(s, fields, []label.PublicKey{other})); diff != "" {
				t.Errorf("%s with another key pinned (-want +got):\n%s", name, diff)
			}
			pins := []label.PublicKey{other, {}, key.Public()}
			want.State = label.SealPinned
			if diff := cmp.Diff(want, label.VerifySeal(s, fields, pins)); diff != "" {
				t.Errorf("%s pinned (-want +got):\n%s", name, diff)
			}
			changedFields(t, name, s, fields, pins)
		}
	}
}

// changedFields checks what becomes of a seal when a field that it covers changes.
func changedFields(t *testing.T, name, s string, fields label.SealedFields, pins []label.PublicKey) {
	t.Helper()
	for i := range 3 {
		changed := fields
		*[]*string{&changed.Label, &changed.Provider, &changed.ID}[i] += "2"
		if r := label.VerifySeal(s, changed, pins); r.State != label.SealBroken || r.Fingerprint == "" || r.Form != "" {
			t.Errorf("%s, field %d changed, key pinned: %+v", name, i, r)
		}
		r := label.VerifySeal(s, changed, nil)
		if fields.Side == label.SideProducer && r.State != label.SealBroken {
			t.Errorf("%s, field %d changed: %+v", name, i, r)
		}
		if fields.Side == label.SidePropagator && (r.State != label.SealCouldNotTell || r.Reason != label.CodeSealMessage) {
			t.Errorf("%s, field %d of an unknown propagator changed: %+v", name, i, r)
		}
	}
	swapped := fields
	swapped.Side = 1 - swapped.Side
	if r := label.VerifySeal(s, swapped, pins); r.State != label.SealBroken {
		t.Errorf("%s: a seal of one side in the place of the other: %+v", name, r)
	}
}

// TestSealByOpenSSL lets openssl verify what we sign, from the parts as they stand in the seal.
func TestSealByOpenSSL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key  []byte
		args []string
	}{
		"SM2":   {sm2PEM(t), []string{"-digest", "sm3", "-pkeyopt", "distid:1234567812345678"}},
		"ES256": {p256PEM(t), []string{"-digest", "sha256"}},
	} {
		signature, key := sealParts(t, seal(t, signingKey(t, test.key), ourFields(label.SideProducer)))
		message := `"Label":"1","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"3f2c5d1e-0b6a-4d57-9a52-6f0f1c2b3a4d"`
		dir := t.TempDir()
		write := func(name string, b []byte) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		verify := func(message string) error {
			args := []string{"pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", write("key", unhex(t, key)),
				"-sigfile", write("sig", unhex(t, signature)), "-in", write("message", []byte(message))}
			return exec.Command(mediatest.Tool(t, "openssl"), append(args, test.args...)...).Run()
		}
		if err := verify(message); err != nil {
			t.Errorf("%s: openssl does not verify the seal: %v", name, err)
		}
		if verify(message+" ") == nil {
			t.Errorf("%s: openssl verifies the seal over another message", name)
		}
	}
}

// TestVerifySealOfOpenSSL verifies what openssl signs.
func TestVerifySealOfOpenSSL(t *testing.T) {
	t.Parallel()
	key := mediatest.File(t, "key", sm2PEM(t))
	message := mediatest.File(t, "message", []byte(`"Label":"1","ContentProducer":"MiniMax","ProduceID":"a b"`))
	signature := mediatest.Output(t, "openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message, "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
	spki := mediatest.Output(t, "openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")
	s := securityData(signatureEntry(oidSM2, "Md", hex.EncodeToString(signature)), keyEntry(oidSM2, hex.EncodeToString(spki)))
	r := label.VerifySeal(s, label.SealedFields{Label: "1", Provider: "MiniMax", ID: "a b"}, nil)
	if r.State != label.SealUnknownKey || r.Form != label.FormPlain {
		t.Errorf("report %+v", r)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealRandom(t *testing.T) {
	t.Parallel()
	fields := ourFields(label.SideProducer)
	for name, text := range map[string][]byte{"SM2": sm2PEM(t), "ES256": p256PEM(t)} {
		key := signingKey(t, text)
		first, second := seal(t, key, fields), seal(t, key, fields)
		if first == second {
			t.Errorf("%s: two seals are equal", name)
		}
		one, err := label.Seal(key, nil, fields)
		if err != nil {
			t.Fatal(err)
		}
		if two, err := label.Seal(key, nil, fields); err != nil || one != two {
			t.Errorf("%s: without a source of random bytes two seals differ: %v", name, err)
		}
		if r := label.VerifySeal(one, fields, nil); r.State != label.SealUnknownKey {
			t.Errorf("%s: a deterministic seal: %+v", name, r)
		}
	}
	broken := iotest.ErrReader(errors.New("no random bytes"))
	_, err := label.Seal(signingKey(t, sm2PEM(t)), broken, fields)
	if e := problem(t, err); e.Code != label.CodeSealFailed || e.Kind != colophon.Internal {
		t.Errorf("a broken source of random bytes: %v", err)
	}
}

func TestSealRefusesFields(t *testing.T) {
	t.Parallel()
	key := signingKey(t, p256PEM(t))
	for _, bad := range []string{"", "a b", "题跋", `a"b`, `a\b`, "a\x7f", "a\n"} {
		for i, field := range []string{"Label", "ContentPropagator", "PropagateID"} {
			fields := ourFields(label.SidePropagator)
			*[]*string{&fields.Label, &fields.Provider, &fields.ID}[i] = bad
			s, err := label.Seal(key, rand.Reader, fields)
			if e := problem(t, err); s != "" || e.Code != label.CodeSealField || e.Args["field"] != field {
				t.Errorf("%s %q: %v", field, bad, err)
			}
		}
	}
}

// TestVerifySealKeyForms puts one key into a seal in every form that has been met.
func TestVerifySealKeyForms(t *testing.T) {
	t.Parallel()
	for name, makeKey := range map[string]func(testing.TB) []byte{"SM2": sm2PEM, "ES256": p256PEM} {
		text := makeKey(t)
		for even := false; !even; { // 00‖X stands for a point with even Y
			text = makeKey(t)
			even = signingKeyPoint(t, text)[64]&1 == 0
		}
		key := signingKey(t, text)
		fields := ourFields(label.SideProducer)
		signature, spki := sealParts(t, seal(t, key, fields))
		oid := map[string]string{"SM2": oidSM2, "ES256": oidES256}[name]
		point := signingKeyPoint(t, text)
		cert := mediatest.Output(t, "openssl", "req", "-new", "-x509", "-key", mediatest.File(t, "k", text), "-subj", "/CN=test", "-days", "9", "-outform", "DER")
		for form, entry := range map[string]string{
			"SPKI":             keyEntry(oid, spki),
			"SPKI lower case":  keyEntry(oid, strings.ToLower(spki)),
			"SPKI, no AlgID":   `{"Type":"PubKey","KeyValue":"` + spki + `"}`,
			"uncompressed":     keyEntry(oid, fmt.Sprintf("%X", point)),
			"zero and X":       keyEntry(oid, fmt.Sprintf("00%X", point[1:33])),
			"compressed":       keyEntry(oid, fmt.Sprintf("02%X", point[1:33])),
			"point, curve OID": keyEntry("1.2.156.10197.1.301", fmt.Sprintf("%X", point)),
			"certificate":      `{"Type":"Cert","AlgID":"` + oid + `","CertValue":"` + hex.EncodeToString(cert) + `"}`,
			"certificate key":  keyEntry(oid, hex.EncodeToString(cert)),
		} {
			r := label.VerifySeal(securityData(signatureEntry(oid, "Md", signature), entry), fields, nil)
			if r.State != label.SealUnknownKey || r.Fingerprint != key.Public().Fingerprint() || len(r.Findings) > 0 {
				t.Errorf("%s as %s: %+v", name, form, r)
			}
		}
		odd := keyEntry(oid, fmt.Sprintf("03%X", point[1:33]))
		if r := label.VerifySeal(securityData(signatureEntry(oid, "Md", signature), odd), fields, nil); r.State != label.SealBroken {
			t.Errorf("%s with the point opposite: %+v", name, r)
		}
		pinned, err := label.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
		if err != nil {
			t.Fatal(err)
		}
		if r := label.VerifySeal(securityData(signatureEntry(oid, "Md", signature), odd), fields, pinned); r.State != label.SealPinned {
			t.Errorf("%s with another key inside and the right one pinned: %+v", name, r)
		}
		if r := label.VerifySeal(securityData(signatureEntry(oid, "Md", signature)), fields, pinned); r.State != label.SealPinned {
			t.Errorf("%s without a key inside and the right one pinned: %+v", name, r)
		}
	}
}

// signingKeyPoint returns 04‖X‖Y of a private key.
func signingKeyPoint(t testing.TB, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(signingKey(t, text).Public().PEM())
	return block.Bytes[len(block.Bytes)-65:]
}

func TestVerifySealVariants(t *testing.T) {
	t.Parallel()
	key := signingKey(t, sm2PEM(t))
	fields := ourFields(label.SideProducer)
	good := seal(t, key, fields)
	signature, spki := sealParts(t, good)
	quoted, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	ds, public := signatureEntry(oidSM2, "Md", signature), keyEntry(oidSM2, spki)
	otherSignature, otherSPKI := sealParts(t, seal(t, signingKey(t, sm2PEM(t)), fields))
	raw := rawSignature(t, signature)
	valid, couldNotTell := label.SealUnknownKey, label.SealCouldNotTell
	for name, test := range map[string]struct {
		reserved string
		state    label.SealState
		reason   colophon.Code
	}{
		"empty":                 {"", label.SealAbsent, ""},
		"white space":           {" \n", label.SealAbsent, ""},
		"quoted empty":          {`""`, label.SealAbsent, ""},
		"quoted":                {string(quoted), valid, ""},
		"PubSd":                 {strings.Replace(good, "PubSD", "PubSd", 1), valid, ""},
		"spaces":                {strings.NewReplacer(":", ": ", ",", ", ").Replace(good), valid, ""},
		"64 bytes":              {securityData(signatureEntry(oidSM2, "Md", raw), public), valid, ""},
		"UUID":                  {"5c8c4f6e-0c2f-4f1b-8f53-7c6c8c3c8a11", couldNotTell, label.CodeSealOpaque},
		"Base64":                {strings.Repeat("QUJD", 35), couldNotTell, label.CodeSealOpaque},
		"hexadecimal":           {"9e107d9d372bb6826bd81d3542a419d6", couldNotTell, label.CodeSealOpaque},
		"prefix":                {"cnTC260_9e107d9d", couldNotTell, label.CodeSealOpaque},
		"other object":          {`{"Signature":"00"}`, couldNotTell, label.CodeSealOpaque},
		"array":                 {`[1]`, couldNotTell, label.CodeSealOpaque},
		"null":                  {"null", couldNotTell, label.CodeSealOpaque},
		"truncated":             {good[:len(good)-2], couldNotTell, label.CodeSealDamaged},
		"truncated string":      {`"abc`, couldNotTell, label.CodeSealDamaged},
		"security data a text":  {`{"SecurityData":"x"}`, couldNotTell, label.CodeSealDamaged},
		"security data null":    {`{"SecurityData":null}`, couldNotTell, label.CodeSealNoSignature},
		"list an object":        {`{"SecurityData":{"PubSD":{}}}`, couldNotTell, label.CodeSealDamaged},
		"list of numbers":       {`{"SecurityData":{"PubSD":[1]}}`, couldNotTell, label.CodeSealDamaged},
		"empty list":            {securityData(), couldNotTell, label.CodeSealNoSignature},
		"null entry":            {securityData("null"), couldNotTell, label.CodeSealNoSignature},
		"key alone":             {securityData(public), couldNotTell, label.CodeSealNoSignature},
		"signature alone":       {securityData(ds), couldNotTell, label.CodeSealNoKey},
		"RSA":                   {securityData(signatureEntry(oidRSA, "Md", signature), keyEntry(oidRSA, "3082")), couldNotTell, label.CodeSealAlgorithm},
		"no algorithm":          {securityData(signatureEntry("", "Md", signature), public), couldNotTell, label.CodeSealAlgorithm},
		"binding":               {securityData(signatureEntry(oidSM2, "Bnd", signature), public), couldNotTell, label.CodeSealBinding},
		"binding and label":     {securityData(signatureEntry(oidSM2, "Bnd", "00"), ds, public), valid, ""},
		"signed data a text":    {securityData(`{"Type":"DS","AlgID":"`+oidSM2+`","TBSData":"Md","Signature":"`+signature+`"}`, public), couldNotTell, label.CodeSealDamaged},
		"signed data missing":   {securityData(`{"Type":"DS","AlgID":"`+oidSM2+`","Signature":"`+signature+`"}`, public), valid, ""},
		"unknown message":       {securityData(`{"Type":"DS","AlgID":"`+oidSM2+`","Signature":"`+otherSignature+`"}`, public), couldNotTell, label.CodeSealMessage},
		"no hexadecimal":        {securityData(signatureEntry(oidSM2, "Md", "zz"+signature[2:]), public), couldNotTell, label.CodeSealDamaged},
		"odd hexadecimal":       {securityData(signatureEntry(oidSM2, "Md", signature[1:]), public), couldNotTell, label.CodeSealDamaged},
		"short signature":       {securityData(signatureEntry(oidSM2, "Md", signature[:len(signature)-2]), public), couldNotTell, label.CodeSealDamaged},
		"long signature":        {securityData(signatureEntry(oidSM2, "Md", signature+"00"), public), couldNotTell, label.CodeSealDamaged},
		"65 bytes":              {securityData(signatureEntry(oidSM2, "Md", raw+"00"), public), couldNotTell, label.CodeSealDamaged},
		"zero signature":        {securityData(signatureEntry(oidSM2, "Md", strings.Repeat("00", 64)), public), couldNotTell, label.CodeSealDamaged},
		"no signature":          {securityData(`{"Type":"DS","AlgID":"`+oidSM2+`","TBSData":{"Type":"Md"}}`, public), couldNotTell, label.CodeSealDamaged},
		"signature a number":    {securityData(`{"Type":"DS","AlgID":"`+oidSM2+`","TBSData":{"Type":"Md"},"Signature":1}`, public), couldNotTell, label.CodeSealDamaged},
		"damaged key":           {securityData(ds, keyEntry(oidSM2, spki[:80])), couldNotTell, label.CodeSealDamaged},
		"point off the curve":   {securityData(ds, keyEntry(oidSM2, "04"+strings.Repeat("11", 64))), couldNotTell, label.CodeSealDamaged},
		"X off the curve":       {securityData(ds, keyEntry(oidSM2, "00"+strings.Repeat("FF", 32))), couldNotTell, label.CodeSealDamaged},
		"key of another kind":   {securityData(ds, keyEntry(oidES256, spkiP256(t))), couldNotTell, label.CodeSealNoKey},
		"another key":           {securityData(ds, keyEntry(oidSM2, otherSPKI)), label.SealBroken, ""},
		"one signature foreign": {securityData(ds, public, signatureEntry(oidSM2, "Md", forged(t, key))), label.SealBroken, ""},
		"two signers":           {securityData(ds, public, signatureEntry(oidSM2, "Md", otherSignature), keyEntry(oidSM2, otherSPKI)), valid, ""},
		"too many entries":      {securityData(ds + strings.Repeat(","+public, 16)), couldNotTell, label.CodeSealTooLarge},
		"too long":              {securityData(ds, public, `{"x":"`+strings.Repeat("x", label.MaxSeal)+`"}`), couldNotTell, label.CodeSealTooLarge},
		"long and legal":        {securityData(ds, public, `{"x":"`+strings.Repeat("x", label.MaxSeal-1000)+`"}`), valid, ""},
		"deep":                  {strings.Repeat(`{"SecurityData":`, 4000), couldNotTell, label.CodeSealDamaged},
	} {
		r := label.VerifySeal(test.reserved, fields, nil)
		if r.State != test.state || r.Reason != test.reason {
			t.Errorf("%s: %s %q, want %s %q", name, r.State, r.Reason, test.state, test.reason)
		}
		if (r.State == valid) != (r.Form != "") {
			t.Errorf("%s: state %s with form %q", name, r.State, r.Form)
		}
	}
	pins := []label.PublicKey{key.Public()}
	if r := label.VerifySeal(securityData(ds, public, signatureEntry(oidSM2, "Md", otherSignature)), fields, pins); r.State != label.SealPinned {
		t.Errorf("a pinned signature beside one that doesn't fit: %+v", r)
	}
	r := label.VerifySeal(strings.Replace(good, "PubSD", "PubSd", 1), fields, nil)
	if len(r.Findings) != 1 || r.Findings[0].Code != label.CodeSealSpelling || r.Findings[0].Args["written"] != "PubSd" {
		t.Errorf("findings on PubSd: %+v", r.Findings)
	}
}

// rawSignature turns a DER signature into its two numbers of 32 bytes.
func rawSignature(t testing.TB, der string) string {
	t.Helper()
	b := unhex(t, der)
	r := b[4 : 4+int(b[3])]
	s := b[4+int(b[3])+2:]
	pad := func(n []byte) string { return fmt.Sprintf("%064X", bytes.TrimLeft(n, "\x00")) }
	return strings.ReplaceAll(pad(r)+pad(s), " ", "0")
}

func spkiP256(t testing.TB) string {
	_, spki := sealParts(t, seal(t, signingKey(t, p256PEM(t)), ourFields(label.SideProducer)))
	return spki
}

// forged returns a signature of the same key over another label.
func forged(t testing.TB, key *label.SigningKey) string {
	fields := ourFields(label.SideProducer)
	fields.ID = "other"
	signature, _ := sealParts(t, seal(t, key, fields))
	return signature
}

func TestSealStateZero(t *testing.T) {
	t.Parallel()
	var report label.SealReport
	text, err := report.State.MarshalText()
	if err != nil || string(text) != "could-not-tell" {
		t.Errorf("the zero report says %s, %v", text, err)
	}
	for state, want := range map[label.SealState]string{
		label.SealAbsent: "absent", label.SealPinned: "valid-pinned", label.SealUnknownKey: "valid-unknown-key", label.SealBroken: "broken",
	} {
		if state.String() != want {
			t.Errorf("%d is %s, want %s", state, state, want)
		}
	}
}

func TestParseSigningKeyRefuses(t *testing.T) {
	t.Parallel()
	sm2 := sm2PEM(t)
	path := mediatest.File(t, "key", sm2)
	damaged, _ := pem.Decode(sm2)
	damaged.Bytes = damaged.Bytes[:20]
	for name, test := range map[string]struct {
		text []byte
		code colophon.Code
	}{
		"nothing":         {nil, label.CodeKeyNone},
		"no PEM":          {[]byte("key"), label.CodeKeyNone},
		"two keys":        {append(p256PEM(t), sm2...), label.CodeKeySeveral},
		"encrypted":       {mediatest.Output(t, "openssl", "pkey", "-in", path, "-aes256", "-passout", "pass:x"), label.CodeKeyEncrypted},
		"encrypted SEC 1": {mediatest.Output(t, "openssl", "ec", "-in", mediatest.File(t, "k", p256PEM(t)), "-aes256", "-passout", "pass:x"), label.CodeKeyEncrypted},
		"public":          {mediatest.Output(t, "openssl", "pkey", "-in", path, "-pubout"), label.CodeKeyPublic},
		"RSA":             {opensslKey(t, "genpkey", "-algorithm", "RSA"), label.CodeKeyAlgorithm},
		"RSA PKCS#1":      {mediatest.Output(t, "openssl", "genrsa", "-traditional", "2048"), label.CodeKeyAlgorithm},
		"Ed25519":         {opensslKey(t, "genpkey", "-algorithm", "ed25519"), label.CodeKeyAlgorithm},
		"P-384":           {opensslKey(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), label.CodeKeyAlgorithm},
		"damaged":         {pem.EncodeToMemory(damaged), label.CodeKeyDamaged},
	} {
		key, err := label.ParseSigningKey(test.text)
		if e := problem(t, err); key != nil || e.Code != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

func TestParsePublicKeys(t *testing.T) {
	t.Parallel()
	sm2, p256 := mediatest.File(t, "sm2", sm2PEM(t)), mediatest.File(t, "p256", p256PEM(t))
	public := mediatest.Output(t, "openssl", "pkey", "-in", sm2, "-pubout")
	cert := mediatest.Output(t, "openssl", "req", "-new", "-x509", "-key", sm2, "-sm3", "-sigopt", "distid:1234567812345678", "-subj", "/CN=test")
	certP256 := mediatest.Output(t, "openssl", "req", "-new", "-x509", "-key", p256, "-subj", "/CN=test")
	rsa := mediatest.Output(t, "openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", filepath.Join(t.TempDir(), "k"), "-subj", "/CN=test")
	keys, err := label.ParsePublicKeys(bytes.Join([][]byte{public, cert, certP256}, []byte("# next\n")))
	if err != nil || len(keys) != 2 || keys[0].Algorithm() != label.AlgorithmSM2 || keys[1].Algorithm() != label.AlgorithmES256 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	if again, err := label.ParsePublicKeys(keys[0].PEM()); err != nil || again[0].Fingerprint() != keys[0].Fingerprint() || !bytes.Equal(keys[0].PEM(), public) {
		t.Errorf("a key written and read again: %v", err)
	}
	private, err := os.ReadFile(sm2)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text []byte
		code colophon.Code
	}{
		"nothing": {nil, label.CodeKeyNone},
		"private": {append(public, private...), label.CodeKeyPrivate},
		"RSA":     {rsa, label.CodeKeyAlgorithm},
		"request": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST"}), label.CodeKeyAlgorithm},
		"damaged": {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{0x30}}), label.CodeKeyDamaged},
	} {
		keys, err := label.ParsePublicKeys(test.text)
		if e := problem(t, err); keys != nil || e.Code != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	var zero label.PublicKey
	if zero.Fingerprint() != "" || zero.Algorithm() != "" {
		t.Error("the zero key has a fingerprint or an algorithm")
	}
}

func FuzzVerifySeal(f *testing.F) {
	vector := securityData(signatureEntry(oidSM2, "LabelMataData", vectorSignature), keyEntry(oidSM2, vectorSPKI))
	fields := vectorFields()
	f.Add(vector, fields.Label, fields.Provider, fields.ID, 0)
	f.Add(strings.ReplaceAll(vector, oidSM2, oidES256), "1", "p", "i", 1)
	f.Add(securityData(signatureEntry(oidSM2, "Md", strings.Repeat("11", 64)), keyEntry(oidSM2, "00"+vectorSPKI[54:118])), "1", "MiniMax", "1", 0)
	f.Add(`{"SecurityData":{"PubSd":[{"Type":"DS","AlgID":"`+oidRSA+`"},{"Type":"Cert","CertValue":"3082"}]}}`, "", `"`, `\`, 1)
	f.Add(`"{}"`, "", "", "", 0)
	spki, err := hex.DecodeString(vectorSPKI)
	if err != nil {
		f.Fatal(err)
	}
	pinned, err := label.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, reserved, state, provider, id string, side int) {
		given := label.SealedFields{Side: label.Side(side & 1), Label: state, Provider: provider, ID: id}
		r := label.VerifySeal(reserved, given, pinned)
		switch r.State {
		case label.SealCouldNotTell:
			if r.Reason == "" || r.Form != "" {
				t.Errorf("could not tell, without a reason or with a form: %+v", r)
			}
		case label.SealPinned, label.SealUnknownKey:
			if r.Form == "" || r.Fingerprint == "" || r.Reason != "" {
				t.Errorf("valid, but incomplete: %+v", r)
			}
		}
		if r.State == label.SealPinned && given != fields {
			t.Errorf("the pinned key's seal holds for %+v", given)
		}
		if alone := label.VerifySeal(reserved, given, nil); alone.State == label.SealPinned {
			t.Errorf("pinned without a pin: %+v", alone)
		}
	})
}
