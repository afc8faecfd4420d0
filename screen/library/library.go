// Package library is the library of features by which illegal and undesirable content is recognised (Deep Synthesis
// Provisions Art. 10 ¶2): what stands in it, how an entry gets in and out, and what is found with it.
//
// A [Feature] is a keyword, a rule over keywords, a pattern, a picture's perceptual hash, an exact digest, a protected
// person's name, or a unit that news may be reposted from. Its category is one of [Topics], and each topic belongs to risks
// of GB/T 45654-2025 Annex A ([Risks]); taxonomy.json says what of that is not confirmed.
//
// A [Curator] keeps the library in a [Store] by the entry procedure, one table of steps in state.go: a feature is proposed
// with its entry standard and reason, reviewed by another person, replayed over stored samples, made active, and retired
// some day. What comes in by one import is one [Batch] and may take each step as one. Each step is committed with the
// [evidence.Record] that proves it. Whenever features become active or are retired there is a new [Version] of the
// library, with a digest over the content of all active features, so that a judgement that names the version can be
// repeated.
//
// A [Set] is the compiled form of the active features: immutable, for any number of goroutines, exchanged for a newer one
// by one atomic store ([Curator.Current]).
//
// # What not to do here
//
// No decision about content: a hit is a fact, and the policy of screen decides. Never let whoever proposed a feature
// review it. Never put the text of a sample, or words out of it, into a record, a report or an error. Never take a replay
// over no samples for one that found nothing. No entries stand in Go: starter/ and taxonomy.json are data.
package library

import (
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
)

// Codes of errors. The argument line is the line of a file, or the place in a list, from 1.
const (
	CodeHeader    colophon.Code = "library-header"    // args "columns"
	CodeLine      colophon.Code = "library-line"      // arg "line": it can't be read
	CodeField     colophon.Code = "library-field"     // args "line", "field"
	CodeCategory  colophon.Code = "library-category"  // args "line", "category"
	CodeHash      colophon.Code = "library-hash"      // arg "line"
	CodeRule      colophon.Code = "library-rule"      // arg "line"
	CodePattern   colophon.Code = "library-pattern"   // arg "line": not in RE2's syntax
	CodeUnbounded colophon.Code = "library-unbounded" // args "line", "most": a match may be longer, or has no bound
	CodeCostly    colophon.Code = "library-costly"    // arg "line": the pattern is too large
	CodeEmpty     colophon.Code = "library-matches-nothing"
	CodeDuplicate colophon.Code = "library-duplicate" // args "line", "id": the same entry stands before it
	CodeLarge     colophon.Code = "library-too-large" // arg "most"

	CodeNothing   colophon.Code = "library-nothing-named"
	CodeOrigin    colophon.Code = "library-origin"
	CodeExists    colophon.Code = "library-exists" // arg "id": it is in the library, or on its way there
	CodeMissing   colophon.Code = "library-missing"
	CodeStep      colophon.Code = "library-step" // args "from", "to": the procedure has no such step
	CodeSelf      colophon.Code = "library-own-proposal"
	CodeReason    colophon.Code = "library-reason"
	CodeActor     colophon.Code = "library-actor"
	CodeChanged   colophon.Code = "library-changed" // somebody else changed it at the same time
	CodeNoSamples colophon.Code = "library-no-samples"
	CodeSample    colophon.Code = "library-sample" // arg "field"
	CodeSignature colophon.Code = "library-signature"
	CodeUnsigned  colophon.Code = "library-unsigned"
	CodeDigest    colophon.Code = "library-digest"
)

// Limits of the library.
const (
	// MaxValue is the longest value, alias, standard or reason, in bytes.
	MaxValue = 4 << 10
	// MaxAliases is how many aliases a feature has at most.
	MaxAliases = 64
	// MaxBatch is how many features are proposed at once. Whoever has more proposes them in parts.
	MaxBatch = 20000
	// MaxFile is how many features one file has at most.
	MaxFile = 1000000
	// MaxNamed is how many features one act may name one by one.
	MaxNamed = 500
	// MaxPage is the largest page.
	MaxPage = 2000
	// MaxSample is the longest sample, in bytes.
	MaxSample = 64 << 10
)

// Category is the identifier of a topic, such as "fraud".
type Category string

// Kind says how a feature is recognised.
type Kind string

// The kinds.
const (
	Keyword    Kind = "keyword"     // found by screen/keyword, however it is written
	Rule       Kind = "rule"        // keywords together, near each other, or without others: keyword.ParseRule
	Pattern    Kind = "pattern"     // an expression of RE2 with bounded matches
	Picture    Kind = "picture"     // a PDQ hash in hexadecimal digits
	Digest     Kind = "digest"      // a SHA-256 in hexadecimal digits
	Person     Kind = "person"      // a protected person's name and aliases; for reference, no biometric template
	SourceUnit Kind = "source-unit" // a unit whose news may be reposted (稿源单位)
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Keyword, Rule, Pattern, Picture, Digest, Person, SourceUnit} }

// Feature is one entry. Its content never changes: who wants it otherwise proposes another and retires this one.
type Feature struct {
	ID       string
	Kind     Kind
	Value    string
	Aliases  []string // of a keyword, a person or a source unit
	Category Category
	Level    keyword.Level
	Language string    // such as zh or en; empty when it has none
	Source   string    // where it was taken from
	From     time.Time // first day of validity; zero for always
	Until    time.Time // last day; zero for ever
	Anywhere bool      // found within words too, in scripts with spaces
	Standard string    // the entry standard that it meets
	Reason   string    // why it stands in the library

	Course
}

// Course is how far a feature got. A store fills it in.
type Course struct {
	State    State
	Batch    string
	Proposer string // who proposed it
	Proposed time.Time
	Reviewer string // who reviewed it; empty before
	Changed  time.Time
	Since    int64 // number of the version with which it became active; 0 before
	Gone     int64 // number of the version with which it was retired; 0 before
}

// Batch is what was proposed together.
type Batch struct {
	ID       string // UUIDv7
	Proposer string
	Proposed time.Time
	Origin   string // where it came from, in words, such as the name of a file
	Digest   Sum    // over the content of its features
	Count    int
	States   map[State]int // how many of its features are in each state
}

// Sum is a SHA-256.
type Sum [32]byte

// String writes the digest in hexadecimal digits.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// Version is a state of the library: which features are active. The zero value is the empty library.
type Version struct {
	Number int64
	Digest Sum // over the content of the active features
	Count  int
	At     time.Time
	// Starter is how many features of the starter library are among them about which nobody decided; see [Shelf].
	Starter int
}

// String names the version as judgements do: its number and the beginning of its digest.
func (v Version) String() string {
	name := strconv.FormatInt(v.Number, 10) + "-" + hex.EncodeToString(v.Digest[:8])
	if v.Starter > 0 {
		name += "-starter"
	}
	return name
}

// Actor is who does something: the identifier of a staff account and the role in which it acts. The program itself acts as
// [System], which may propose and never review.
type Actor struct {
	ID   string
	Role evidence.Role
}

// System is the actor of what no person does.
func System() Actor { return Actor{"system", "system"} }

// Selection names features: the listed ones, or those of a batch that the act is possible for.
type Selection struct {
	Batch string
	IDs   []string
}

// Errors of a Store that this package acts on.
var (
	// ErrExists says that an identifier, or a feature of the same content that is not retired or rejected, is there. It is
	// joined with an [ExistsError] where the store knows which.
	ErrExists = errors.New("library: the feature is there")
	// ErrChanged says that the features or the version are not those that the change was made for.
	ErrChanged = errors.New("library: changed at the same time")
	// ErrForgotten says that a data key was erased, so that record and samples must be sealed anew.
	ErrForgotten = errors.New("library: the key was erased")
)

// ExistsError names the feature of a proposal that is there already.
type ExistsError struct{ ID string }

// Error implements error.
func (e *ExistsError) Error() string { return "library: " + e.ID + " is there" }

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args, err error) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args, Clauses: []colophon.Clause{colophon.ClauseDS10}, Err: err}
}

// faulty is the error about one entry of a list.
func faulty(code colophon.Code, line int, err error, args ...string) error {
	a := colophon.Args{"line": strconv.Itoa(line)}
	for i := 0; i+1 < len(args); i += 2 {
		a[args[i]] = args[i+1]
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: a, Err: err}
}

// refuseLong says that there is more of something than there may be.
func refuseLong(most int) error {
	return refuse(colophon.Invalid, CodeLarge, colophon.Args{"most": strconv.Itoa(most)}, nil)
}
