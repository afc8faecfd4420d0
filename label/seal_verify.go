package label

import (
	"github.com/colophon-project/colophon"
)

// SealState is what an examination of a reserved code came to. The zero value is SealCouldNotTell.
type SealState int

const (
	// SealCouldNotTell means that nothing can be said: the value is opaque, damaged, or of a kind that is not known.
	// SealReport.Reason says which.
	SealCouldNotTell SealState = iota
	// SealAbsent means that the reserved code is empty.
	SealAbsent
	// SealPinned means that a key which the caller pinned made the seal over these fields.
	SealPinned
	// SealUnknownKey means that the seal fits these fields and the key inside it. Whose key that is, nobody vouches for.
	SealUnknownKey
	// SealBroken means that the seal does not fit these fields and the key inside it. Either was changed, or the sealer
	// signed something else than the guide describes.
	SealBroken
)

// String returns the state's name as it stands in JSON output.
func (s SealState) String() string {
	return [...]string{"could-not-tell", "absent", "valid-pinned", "valid-unknown-key", "broken"}[s]
}

// MarshalText writes the state's name.
func (s SealState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SealForm names what a verified seal was made over.
type SealForm string

// Forms of the sealed message that have been met.
const (
	FormPlain  SealForm = "plain"  // the text of A.1
	FormDigest SealForm = "digest" // the digest of that text, which is then hashed once more
)

// Codes of findings about seals.
const (
	CodeSealBroken     colophon.Code = "seal-broken"
	CodeSealUnknownKey colophon.Code = "seal-unknown-key"
)

// Reasons why a seal could not be told, SealReport.Reason.
const (
	CodeSealOpaque      colophon.Code = "seal-opaque"       // no SecurityData: a value for the provider's own use
	CodeSealTooLarge    colophon.Code = "seal-too-large"    // longer than MaxSeal, or with more entries than are read
	CodeSealDamaged     colophon.Code = "seal-damaged"      // JSON or a part of it can't be read
	CodeSealAlgorithm   colophon.Code = "seal-algorithm"    // an algorithm that isn't verified here
	CodeSealNoSignature colophon.Code = "seal-no-signature" // SecurityData without a signature
	CodeSealBinding     colophon.Code = "seal-binding"      // a signature over something else than the label
	CodeSealNoKey       colophon.Code = "seal-no-key"       // no key in the seal, and no pinned one fits
	CodeSealMessage     colophon.Code = "seal-message"      // does not fit any message that is known for this place
)

// Codes of findings about the form of a seal, all warnings.
const (
	CodeSealSpelling colophon.Code = "seal-spelling" // args "written", "standard": a key or a value
	CodeSealDigest   colophon.Code = "seal-digest"   // the digest of the message was sealed instead of the message
)

// SealReport is what an examination of a reserved code found.
type SealReport struct {
	State       SealState
	Reason      colophon.Code // why State is SealCouldNotTell
	Algorithm   string        // object identifier of the signature that was examined, as it stands there
	Form        SealForm      // what a valid seal was made over
	Fingerprint string        // of the key that verified; of the key inside a broken seal
	Findings    []colophon.Finding
}

// VerifySeal examines a reserved code: whether it is a seal of TC260-PG-202511A, and whether it fits the fields. The
// value is taken as a string of the label, or as the raw JSON of an object that stands in its place.
//
// A key that travels inside the file proves no more than that the fields were not changed by accident or by somebody
// who left the seal alone: whoever changes them on purpose can seal anew with a key of their own. Only pinned keys say
// who. No result means that a label is forged.
func VerifySeal(reserved string, fields SealedFields, pinned []PublicKey) SealReport {
	data, report := parseSeal(reserved)
	if data == nil {
		return report
	}
	best := SealReport{Reason: CodeSealNoSignature}
	for i, s := range data.signatures {
		if r := data.judge(s, fields, pinned); i == 0 || weight(r.State) > weight(best.State) {
			best = r
		}
	}
	best.Findings = append(data.findings, best.Findings...)
	return best
}

// weight ranks the results for several signatures in one seal. What a pinned key vouches for stands; a signature that
// doesn't fit outweighs one by an unknown key, which anybody can add.
func weight(s SealState) int {
	switch s {
	case SealPinned:
		return 3
	case SealBroken:
		return 2
	case SealUnknownKey:
		return 1
	}
	return 0
}

// judge examines one signature of a seal.
func (d *sealData) judge(s sealSignature, fields SealedFields, pinned []PublicKey) SealReport {
	report := SealReport{Algorithm: s.algorithm, Reason: s.problem}
	if s.problem != "" {
		return report
	}
	algorithm := Algorithm(s.algorithm)
	if key, form, ok := match(pinned, algorithm, fields, s.der); ok {
		return report.valid(SealPinned, key, form)
	}
	inside, damaged := d.keysFor(algorithm)
	if key, form, ok := match(inside, algorithm, fields, s.der); ok {
		return report.valid(SealUnknownKey, key, form)
	}
	switch {
	case len(inside) == 0 && damaged:
		report.Reason = CodeSealDamaged
	case len(inside) == 0:
		report.Reason = CodeSealNoKey
	case s.known && (fields.Side == SideProducer || anyAmong(inside, pinned)):
		report.State, report.Fingerprint = SealBroken, inside[0].Fingerprint()
	default:
		report.Reason, report.Fingerprint = CodeSealMessage, inside[0].Fingerprint()
	}
	return report
}

func (r SealReport) valid(state SealState, key PublicKey, form SealForm) SealReport {
	r.State, r.Fingerprint, r.Form = state, key.Fingerprint(), form
	if form == FormDigest {
		r.Findings = append(r.Findings, sealFinding(CodeSealDigest))
	}
	return r
}

// match finds the key and the form of the message that a signature was made with.
func match(keys []PublicKey, algorithm Algorithm, fields SealedFields, der []byte) (PublicKey, SealForm, bool) {
	message := []byte(fields.message())
	for _, key := range keys {
		switch {
		case key.Algorithm() != algorithm:
			continue
		case key.verify(message, der):
			return key, FormPlain, true
		case key.verify(algorithm.digest(message), der):
			return key, FormDigest, true
		}
	}
	return PublicKey{}, "", false
}

func anyAmong(keys, others []PublicKey) bool {
	for _, key := range keys {
		if key.among(others) {
			return true
		}
	}
	return false
}

func sealFinding(code colophon.Code, args ...string) colophon.Finding {
	f := colophon.Finding{Code: code, Level: colophon.Warning, Clause: colophon.ClausePGSeal, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	return f
}
