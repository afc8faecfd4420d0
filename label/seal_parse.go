package label

import (
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"github.com/colophon-project/colophon"
)

// maxSealEntries is how many signatures and keys of one seal are looked at. The guide's examples have two.
const maxSealEntries = 16

// sealData is SecurityData as far as it matters here.
type sealData struct {
	signatures []sealSignature
	keys       []sealKey
	findings   []colophon.Finding
}

// sealSignature is an entry of type DS.
type sealSignature struct {
	algorithm string
	der       []byte        // the signature, in the one DER form that verifiers take
	known     bool          // the entry says in so many words that it signs the label's metadata
	problem   colophon.Code // why it can't be verified, when it can't
}

// sealKey is a key or certificate of any other entry.
type sealKey struct {
	algorithm string
	value     []byte
}

// parseSeal reads a reserved code. Without a seal to verify it returns nil and the report that says why.
func parseSeal(reserved string) (*sealData, SealReport) {
	text := strings.TrimSpace(reserved)
	switch {
	case text == "":
		return nil, SealReport{State: SealAbsent}
	case len(text) > MaxSeal:
		return nil, SealReport{Reason: CodeSealTooLarge}
	case text[0] == '"': // the raw JSON of a string
		var inner string
		if json.Unmarshal([]byte(text), &inner) != nil {
			return nil, SealReport{Reason: CodeSealDamaged}
		}
		if text = strings.TrimSpace(inner); text == "" {
			return nil, SealReport{State: SealAbsent}
		}
	}
	if text[0] != '{' {
		return nil, SealReport{Reason: CodeSealOpaque}
	}
	var outer map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &outer) != nil {
		return nil, SealReport{Reason: CodeSealDamaged}
	}
	d := &sealData{}
	security, ok := d.member(outer, "SecurityData")
	if !ok {
		return nil, SealReport{Reason: CodeSealOpaque}
	}
	var body map[string]json.RawMessage
	if json.Unmarshal(security, &body) != nil {
		return nil, SealReport{Reason: CodeSealDamaged, Findings: d.findings}
	}
	list, _ := d.member(body, "PubSD")
	var entries []map[string]json.RawMessage
	switch {
	case list == nil:
		return nil, SealReport{Reason: CodeSealNoSignature, Findings: d.findings}
	case json.Unmarshal(list, &entries) != nil:
		return nil, SealReport{Reason: CodeSealDamaged, Findings: d.findings}
	case len(entries) > maxSealEntries:
		return nil, SealReport{Reason: CodeSealTooLarge, Findings: d.findings}
	}
	for _, entry := range entries {
		d.entry(entry)
	}
	return d, SealReport{}
}

// member finds a member by its name, whatever its case; the exact name wins.
func (d *sealData) member(object map[string]json.RawMessage, name string) (json.RawMessage, bool) {
	if value, ok := object[name]; ok {
		return value, true
	}
	for _, key := range sortedKeys(object) {
		if strings.EqualFold(key, name) {
			d.findings = append(d.findings, sealFinding(CodeSealSpelling, "written", key, "standard", name))
			return object[key], true
		}
	}
	return nil, false
}

func (d *sealData) text(object map[string]json.RawMessage, name string) string {
	raw, ok := d.member(object, name)
	var s string
	if !ok || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func sortedKeys(object map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// entry takes one member of PubSD: a signature, or whatever carries a key. The guide lets a certificate stand for the
// key; the names of its entry and member are not confirmed, so that every member that is called KeyValue or has cert in its name is tried.
func (d *sealData) entry(entry map[string]json.RawMessage) {
	algorithm := d.text(entry, "AlgID")
	if strings.EqualFold(d.text(entry, "Type"), "DS") {
		d.signatures = append(d.signatures, d.signature(entry, algorithm))
	}
	for _, name := range sortedKeys(entry) {
		lower := strings.ToLower(name)
		if lower != "keyvalue" && !strings.Contains(lower, "cert") || len(d.keys) == maxSealEntries {
			continue
		}
		var text string
		if json.Unmarshal(entry[name], &text) != nil {
			continue
		}
		value, err := hex.DecodeString(text)
		if err != nil {
			value = nil
		}
		d.keys = append(d.keys, sealKey{algorithm, value})
	}
}

func (d *sealData) signature(entry map[string]json.RawMessage, algorithm string) sealSignature {
	s := sealSignature{algorithm: algorithm}
	tbs, err := d.signed(entry)
	switch {
	case err != nil:
		s.problem = CodeSealDamaged
		return s
	case tbs == "Md":
		s.known = true
	case tbs == "LabelMataData" || tbs == "LabelMetaData":
		s.known = true
		d.findings = append(d.findings, sealFinding(CodeSealSpelling, "written", tbs, "standard", "Md"))
	case tbs != "":
		s.problem = CodeSealBinding
		return s
	}
	if algorithm != string(AlgorithmSM2) && algorithm != string(AlgorithmES256) {
		s.problem = CodeSealAlgorithm
		return s
	}
	raw, err := hex.DecodeString(d.text(entry, "Signature"))
	if err == nil {
		s.der = canonical(raw)
	}
	if s.der == nil {
		s.problem = CodeSealDamaged
	}
	return s
}

// signed returns TBSData.Type, which says what the signature covers.
func (d *sealData) signed(entry map[string]json.RawMessage) (string, error) {
	raw, ok := d.member(entry, "TBSData")
	if !ok {
		return "", nil
	}
	var tbs map[string]json.RawMessage
	if err := json.Unmarshal(raw, &tbs); err != nil {
		return "", err
	}
	return d.text(tbs, "Type"), nil
}

// canonical returns a signature in DER. It takes DER, or the two numbers of 32 bytes each, and returns nil for all else.
func canonical(raw []byte) []byte {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(raw, &sig); err != nil || len(rest) > 0 {
		if len(raw) != 64 {
			return nil
		}
		sig.R, sig.S = new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	}
	if sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return nil
	}
	der, err := asn1.Marshal(sig)
	if err != nil {
		return nil
	}
	return der
}

// keysFor returns the keys inside the seal that an algorithm can use, and whether others could not be read.
func (d *sealData) keysFor(algorithm Algorithm) (keys []PublicKey, damaged bool) {
	for _, k := range d.keys {
		key, ok := k.parse(algorithm)
		switch {
		case !ok:
			damaged = true
		case key.Algorithm() == algorithm && !key.among(keys):
			keys = append(keys, key)
		}
	}
	return keys, damaged
}

// parse reads a key as SubjectPublicKeyInfo, as a certificate, or as a bare point on the curve of its own algorithm, or
// of the signature's where it names none.
func (k sealKey) parse(algorithm Algorithm) (PublicKey, bool) {
	if key, err := smx509.ParsePKIXPublicKey(k.value); err == nil {
		return newPublicKey(key)
	}
	if cert, err := smx509.ParseCertificate(k.value); err == nil {
		return newPublicKey(cert.PublicKey)
	}
	if own := Algorithm(k.algorithm); own == AlgorithmSM2 || own == AlgorithmES256 {
		algorithm = own
	}
	return pointKey(algorithm, k.value)
}
