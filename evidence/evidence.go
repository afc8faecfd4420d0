// Package evidence holds what proves that something happened: records, the proofs that a record is in the Merkle log,
// and the bundles that an inspector checks with no network.
//
// A [Record] has two halves. The small half is its leaf: type, sequence, pseudonym, clauses, time, role and a
// commitment. The leaf goes into a log that nobody can change, so it holds nothing that could ever have to be erased.
// The other half is the payload, which says what happened in full, and a salt of 256 bits. Both are sealed under a data
// key of the subject, and lie outside the log. The commitment in the leaf is a hash over salt and payload: whoever is
// shown both can check them, and once the subject's data keys are erased nobody can tell from the leaf what it was
// about.
//
// Payloads are canonical JSON (RFC 8785), so that one content has one digest. Trees and proofs follow RFC 6962.
// Checkpoints and proof files follow C2SP tlog-checkpoint and tlog-proof, so that other people's tools read them.
//
// The package is pure: it takes clocks, randomness and identifiers from its caller and touches neither disk nor
// network.
//
// What not to do here: never put a name, an address, a digest without salt or anything else that leads to a person into
// a field of the leaf. A pseudonym MUST be drawn at random and never computed from what it stands for. Never count a
// check that could not be made as passed.
package evidence

import (
	"strings"

	"github.com/colophon-project/colophon"
)

// Type says what a record is about, as dotted lower-case words: "artefact.labelled".
type Type string

// Subject is the pseudonym of whom or what a record is about. It is drawn at random; [System] stands for nobody.
type Subject string

// System is the subject of records that are about no person.
const System Subject = "system"

// Role says in which role the actor acted, as a lower-case word: "officer", "auditor", "system".
type Role string

// Limits of the fields of a leaf. Together they keep a leaf under [MaxLeaf].
const (
	// MaxLeaf is the longest leaf, in bytes.
	MaxLeaf = 1024
	// MaxPayload is the longest canonical payload, in bytes.
	MaxPayload = 1 << 20
	maxType    = 64
	maxSubject = 64
	maxRole    = 32
	maxClause  = 32
	maxClauses = 12
)

// Codes of errors about records and keys.
const (
	CodeRecordInvalid  colophon.Code = "record-invalid"  // arg "field"
	CodePayloadInvalid colophon.Code = "payload-invalid" // can't be made canonical JSON, or is too long
	CodeLeafInvalid    colophon.Code = "leaf-invalid"    // arg "field"
	CodeKeyUnknown     colophon.Code = "envelope-key-unknown"
	CodeUnsealFailed   colophon.Code = "unseal-failed" // damaged, or sealed for another record or key
	CodeCommitment     colophon.Code = "commitment-mismatch"
)

// words reports whether s is made of lower-case letters, digits and the given marks, starts with a letter or digit and
// is no longer than limit.
func words(s string, limit int, marks string) bool {
	if s == "" || len(s) > limit || strings.ContainsRune(marks, rune(s[0])) {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(marks, r) {
			return false
		}
	}
	return true
}

// check reports the first field that is out of form, or "".
func (r *Record) check() string {
	switch {
	case !canonicalID(r.ID):
		return "id"
	case !words(string(r.Type), maxType, ".-"):
		return "type"
	case !words(string(r.Subject), maxSubject, "-_"):
		return "subject"
	case !words(string(r.Role), maxRole, "-"):
		return "role"
	case len(r.Clauses) > maxClauses:
		return "clauses"
	case r.At < 0 || r.At > maxExact:
		return "at"
	case r.Sequence > maxExact:
		return "seq"
	}
	for _, c := range r.Clauses {
		if !words(string(c), maxClause, "-.") {
			return "clauses"
		}
	}
	return ""
}

func invalid(code colophon.Code, field string, err error) error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code, Err: err}
	if field != "" {
		e.Args = colophon.Args{"field": field}
	}
	return e
}
