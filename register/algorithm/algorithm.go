// Package algorithm keeps what a provider's functions are made with: algorithms, their versions, and what serves each of them
// now (Deep Synthesis Provisions Art. 14, 15, 19; Generative AI Measures Art. 7).
//
// An algorithm is our own or a third party's. Of a third party's, the number under which its model is filed and the contract
// are wanted ([Description.Provenance]). It ties functions of the register to models of the gateway, so that a [Source] can say
// what serves it, as one digest. A version is declared with the digest of its weights where we have them; [Keeper.Bind] says
// that what serves now is this version.
//
// [Keeper.Serving] asks the source each time, so that whatever was found out about one digest (a review, an assessment)
// counts no more the moment another one serves. [Keeper.Watch] writes each change down. What serves and is no declared
// version is told as such, never taken for the last one.
//
// The digest covers what this deployment can see: the functions' models as the register describes them, and where the gateway
// sends their calls. A supplier who changes a model behind the same address and name changes it unseen.
//
// What not to do here: never give a digest where the source could not be asked. Never call a third party's number valid.
package algorithm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// Ledger is the name of the ledger.
const Ledger = "algorithm"

// Types of records.
const (
	RecordAdded   evidence.Type = "algorithm.added"
	RecordChanged evidence.Type = "algorithm.changed"
	RecordVersion evidence.Type = "algorithm.version" // one was declared
	RecordBound   evidence.Type = "algorithm.bound"   // somebody said which version it is that serves
	RecordServing evidence.Type = "algorithm.serving" // something else serves than before
	RecordRetired evidence.Type = "algorithm.retired"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "algorithm-invalid"         // arg "field"
	CodeMissing   colophon.Code = "algorithm-missing"         // there is no such algorithm
	CodeNoVersion colophon.Code = "algorithm-version-missing" // it has no such version
	CodeVersion   colophon.Code = "algorithm-version-there"   // it has a version of that name
	CodeRetired   colophon.Code = "algorithm-is-retired"      // nothing is changed of it any more
	CodeUntold    colophon.Code = "algorithm-untold"          // what serves it can't be told
	CodePerson    colophon.Code = "algorithm-person"          // a person of the staff has to do it
)

// Codes of reasons why the provenance of a third party's algorithm has not passed.
const (
	ReasonNumber   colophon.Code = "algorithm-number-missing"
	ReasonDoubt    colophon.Code = "algorithm-number-doubt" // its check digit is not the one that follows from the others
	ReasonContract colophon.Code = "algorithm-contract-missing"
	ReasonSupplier colophon.Code = "algorithm-supplier-missing"
)

// State says whether an algorithm is in use.
type State string

// The states.
const (
	Active  State = "active"
	Retired State = "retired"
)

// Origin says whose an algorithm is.
type Origin string

// The origins. What the provider trained or tuned is its own.
const (
	Own   Origin = "own"
	Third Origin = "third-party"
)

// Kinds are the kinds of algorithms by Algorithm Recommendation Provisions Art. 2.
func Kinds() []string {
	return []string{"generation", "recommendation", "ranking", "retrieval", "scheduling"}
}

// Description is what people say of an algorithm.
type Description struct {
	Names    register.Names `json:"names"`
	Kind     string         `json:"kind"` // of [Kinds]
	Origin   Origin         `json:"origin"`
	Supplier string         `json:"supplier,omitempty"` // the organisation that it comes from
	Number   string         `json:"number,omitempty"`   // under which it, or its model, is filed
	Contract string         `json:"contract,omitempty"` // SHA-256 of the contract, which lies elsewhere
	Paper    string         `json:"paper,omitempty"`    // by which name or number the contract is found
	// Functions are those of the register that are made with it, Models those of the gateway that answer for it.
	Functions []string `json:"functions,omitempty"`
	Models    []string `json:"models,omitempty"`
}

// Version is a version of an algorithm.
type Version struct {
	Name    string    `json:"name"`
	Weights string    `json:"weights,omitempty"` // SHA-256 of its weights, where we have them
	Note    string    `json:"note,omitempty"`    // what is new
	Added   time.Time `json:"added"`
	By      string    `json:"by"`                // staff account
	Serving string    `json:"serving,omitempty"` // digest of what served when somebody said that it is this version
	Bound   time.Time `json:"bound,omitzero"`
	Binder  string    `json:"binder,omitempty"` // staff account
}

// Seen is what served from some time on.
type Seen struct {
	Digest  string    `json:"digest"`
	Since   time.Time `json:"since"`             // when it was first seen
	Version string    `json:"version,omitempty"` // the declared version that it is; empty for none
}

// Algorithm is an algorithm as it is kept.
type Algorithm struct {
	Description
	Versions []Version `json:"versions,omitempty"`
	// Seen is what served, the latest last. Older ones are in the log.
	Seen []Seen `json:"seen,omitempty"`
}

// Now is what was seen last to serve.
func (a Algorithm) Now() (Seen, bool) {
	if len(a.Seen) == 0 {
		return Seen{}, false
	}
	return a.Seen[len(a.Seen)-1], true
}

// Entry is an algorithm under its own name.
type Entry = ledger.Entry[Algorithm]

const (
	maxLine     = 256
	maxNote     = 2_000
	maxTied     = 64
	maxVersions = 300
	maxSeen     = 50
	filedDigits = 21
	system      = evidence.Role("system")
)

// Reason is one thing that has not passed.
type Reason struct {
	Verdict colophon.Verdict `json:"verdict"`
	Code    colophon.Code    `json:"code"`
}

// Provenance says whether it is known where an algorithm comes from and by what right it is used. Of our own nothing is asked
// here: its filing is the matter of the functions. A number with digits alone is held against its check digit; whether it
// exists the public list alone says.
func (d Description) Provenance() (colophon.Verdict, []Reason) {
	if d.Origin == Own {
		return colophon.Passed, nil
	}
	var list []Reason
	fail := func(missing bool, code colophon.Code) {
		if missing {
			list = append(list, Reason{colophon.Failed, code})
		}
	}
	fail(d.Supplier == "", ReasonSupplier)
	fail(d.Number == "", ReasonNumber)
	fail(d.Contract == "", ReasonContract)
	if len(d.Number) == filedDigits && strings.Trim(d.Number, "0123456789") == "" {
		if n, err := register.CheckFiling(d.Number); err != nil || !n.Checked {
			list = append(list, Reason{colophon.Unknown, ReasonDoubt})
		}
	}
	v := colophon.Passed
	for _, r := range list {
		if r.Verdict == colophon.Failed {
			return colophon.Failed, list
		}
		v = colophon.Unknown
	}
	return v, list
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code) error {
	return &colophon.Error{Kind: kind, Code: code}
}

func prose(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func line(s string) bool { return strings.TrimSpace(s) != "" && prose(s, maxLine) }

func digest(s string) bool {
	raw, err := hex.DecodeString(s)
	return s == "" || err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
}

// once reports whether a list is short, has only such words, and each once.
func once(list []string, fits func(string) bool) bool {
	for i, s := range list {
		if !fits(s) || slices.Contains(list[:i], s) {
			return false
		}
	}
	return len(list) <= maxTied
}

func (d Description) check() error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"names", line(d.Names.ZH) && line(d.Names.EN)},
		{"kind", slices.Contains(Kinds(), d.Kind)},
		{"origin", d.Origin == Own || d.Origin == Third},
		{"supplier", prose(d.Supplier, maxLine)},
		{"number", prose(d.Number, maxLine)},
		{"contract", digest(d.Contract)},
		{"paper", prose(d.Paper, maxLine)},
		{"functions", once(d.Functions, register.Word)},
		{"models", once(d.Models, line)},
	} {
		if !c.ok {
			return invalid(c.field)
		}
	}
	return nil
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseGenAI7, colophon.ClauseDS19}
}

// said is the payload of records.
type said struct {
	Algorithm   string       `json:"algorithm"`
	By          string       `json:"by,omitempty"`
	Description *Description `json:"description,omitempty"`
	Version     string       `json:"version,omitempty"`
	Weights     string       `json:"weights,omitempty"`
	Before      string       `json:"before,omitempty"` // digests of what served
	After       string       `json:"after,omitempty"`
}

func act(typ evidence.Type, by ledger.By, s said) ledger.Act {
	s.By = by.ID
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: s}
}

// Source knows what serves. Where one of what is named does not exist, or nothing is named, it MUST return an error.
type Source interface {
	Serves(ctx context.Context, functions, models []string) (digest string, err error)
}
