// Package dataset keeps what models are trained on: datasets with their source, licence, personal information and its ground,
// and which versions of algorithms used them (Deep Synthesis Provisions Art. 14; Generative AI Measures Art. 7).
//
// A dataset as it is has a digest, that of its [Manifest]. Whatever is found out by sampling is found out about one digest; of
// another it can't be told ([Dataset.Rows]). A dataset whose source was found to hold too much that is illegal is barred:
// no version may use it.
//
// A dataset names the consents that it rests on. When one of them ends, [Keeper.Follow] opens a removal with a clock, and
// [Keeper.Prove] closes it with the digests before and after. What is kept of a manifest counts by consent and lists no item, so
// that whoever proves hands in both manifests again, and a [Comparison] looks for the items of the one in the other. Without
// them the proof is a statement, and the answer is "could not tell".
//
// What not to do here: no item, text or name of a dataset's content: manifests hold digests. Never count what nobody sampled
// as passed. Never close a removal whose items are still there.
package dataset

import (
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
)

// Names of the ledgers.
const (
	Ledger        = "dataset"
	RemovalLedger = "dataset-removal"
)

// Types of records.
const (
	RecordAdded    evidence.Type = "dataset.added"
	RecordChanged  evidence.Type = "dataset.changed"
	RecordManifest evidence.Type = "dataset.manifest" // it is another one since
	RecordUsed     evidence.Type = "dataset.used"     // by a version of an algorithm
	RecordSampled  evidence.Type = "dataset.sampled"
	RecordRetired  evidence.Type = "dataset.retired"

	RecordOpened    evidence.Type = "dataset-removal.opened"
	RecordProven    evidence.Type = "dataset-removal.proven"
	RecordFailed    evidence.Type = "dataset-removal.failed" // a proof: items were found that had to go
	RecordDismissed evidence.Type = "dataset-removal.dismissed"
	RecordOverdue   evidence.Type = "dataset-removal.overdue"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "dataset-invalid"         // arg "field"
	CodeMissing   colophon.Code = "dataset-missing"         // there is no such dataset
	CodeRetired   colophon.Code = "dataset-is-retired"      // nothing is changed of it any more
	CodeBarred    colophon.Code = "dataset-barred"          // arg "source": too much of it is illegal
	CodePerson    colophon.Code = "dataset-person"          // a person of the staff has to do it
	CodeNoRemoval colophon.Code = "dataset-removal-missing" // there is no such removal
	CodeClosed    colophon.Code = "dataset-removal-closed"  // it was proven or dismissed already
	CodeStill     colophon.Code = "dataset-removal-still"   // arg "count": items that rested on the consent are still there
	CodeSame      colophon.Code = "dataset-removal-same"    // the dataset is what it was
	CodeBefore    colophon.Code = "dataset-removal-before"  // the manifest before is not the one that the removal names
	CodeAfter     colophon.Code = "dataset-removal-after"   // the manifest after is not the one in force
	CodeOther     colophon.Code = "dataset-other-manifest"  // the dataset is another one than was sampled
	CodeConsent   colophon.Code = "dataset-consent"         // arg "consent": it is not given, or does not allow training
	CodeUnlisted  colophon.Code = "dataset-unlisted"        // it has no manifest
)

// Codes of reasons why the grounds of a dataset have not passed.
const (
	ReasonLicence   colophon.Code = "dataset-licence-missing"
	ReasonPersonal  colophon.Code = "dataset-personal-untold"
	ReasonBasis     colophon.Code = "dataset-basis-missing"
	ReasonConsent   colophon.Code = "dataset-consent-unproven"
	ReasonBiometric colophon.Code = "dataset-biometric-untold"
	ReasonSeparate  colophon.Code = "dataset-biometric-consent" // faces and voices need separate consent
	ReasonMinors    colophon.Code = "dataset-minors-untold"
	ReasonRemoval   colophon.Code = "dataset-removal-due" // a removal is open and late
)

// State says whether a dataset is in use.
type State string

// The states of a dataset.
const (
	Active  State = "active"
	Retired State = "retired"
)

// Tri is an answer that may be unknown. The zero value is that nobody said.
type Tri string

// The answers.
const (
	Untold Tri = ""
	Yes    Tri = "yes"
	No     Tri = "no"
)

// Origins lists where datasets may come from.
func Origins() []string {
	return []string{"own", "open", "licensed", "purchased", "users", "public-web", "synthetic", "other"}
}

// licensed are the origins that need a licence or contract.
func licensed() []string { return []string{"open", "licensed", "purchased", "other"} }

// Modalities lists the kinds of content.
func Modalities() []string { return []string{"text", "image", "audio", "video", "other"} }

// Biometrics lists what of a person's body data may show.
func Biometrics() []string { return []string{"face", "voice", "body"} }

// Bases lists the grounds on which personal information is processed (Personal Information Protection Law Art. 13).
func Bases() []string {
	return []string{"consent", "contract", "duty", "emergency", "news", "disclosed", "law"}
}

// Purposes lists what a version may use a dataset for.
func Purposes() []string { return []string{"pretraining", "tuning", "evaluation", "retrieval"} }

// Description is what people say of a dataset.
type Description struct {
	Names      register.Names `json:"names"`
	Modalities []string       `json:"modalities"` // of [Modalities]
	Origin     string         `json:"origin"`     // of [Origins]
	Source     string         `json:"source"`     // where it came from, and how
	Licence    string         `json:"licence,omitempty"`
	Paper      string         `json:"paper,omitempty"` // SHA-256 of the licence or contract, which lies elsewhere
	Items      int64          `json:"items,omitempty"` // as stated; a manifest counts
	Bytes      int64          `json:"bytes,omitempty"`

	Personal Tri      `json:"personal,omitempty"` // personal information is in it
	Kinds    []string `json:"kinds,omitempty"`    // which, in words
	Bases    []string `json:"bases,omitempty"`    // of [Bases]
	Ground   string   `json:"ground,omitempty"`   // the ground in words
	Proof    string   `json:"proof,omitempty"`    // SHA-256 of what proves consents that are not ours
	Consents []string `json:"consents,omitempty"` // identifiers of ours that it rests on

	Biometric  Tri      `json:"biometric,omitempty"`
	Biometrics []string `json:"biometrics,omitempty"` // of [Biometrics]
	Minors     Tri      `json:"minors,omitempty"`     // of people under 14 too
}

// Count is how many items there are of one thing.
type Count struct {
	Name  string `json:"name"`
	Items int    `json:"items"`
}

// Listed is a manifest as it is kept: what it comes to, not what it lists.
type Listed struct {
	Digest   string    `json:"digest"`
	Items    int       `json:"items"`
	Sources  []Count   `json:"sources,omitempty"`
	Consents []Count   `json:"consents,omitempty"` // items that rest on a consent of ours
	At       time.Time `json:"at"`
	By       string    `json:"by"` // staff account
}

// On is how many items rest on a consent.
func (l Listed) On(consent string) int {
	for _, c := range l.Consents {
		if c.Name == consent {
			return c.Items
		}
	}
	return 0
}

// Use says that a version of an algorithm used a dataset as it was.
type Use struct {
	Algorithm string    `json:"algorithm"`
	Version   string    `json:"version"`
	Purpose   string    `json:"purpose"`
	Digest    string    `json:"digest,omitempty"` // of the dataset then
	At        time.Time `json:"at"`
	By        string    `json:"by"`
}

// Dataset is a dataset as it is kept.
type Dataset struct {
	Description
	Manifests []Listed `json:"manifests,omitempty"` // the latest last; older ones are in the log
	Uses      []Use    `json:"uses,omitempty"`
	Results   []Result `json:"results,omitempty"`
	// Open is how many removals are open, Late how many of those are overdue.
	Open int `json:"open,omitempty"`
	Late int `json:"late,omitempty"`
}

// Entry is a dataset under its own name.
type Entry = ledger.Entry[Dataset]

// Now is the manifest in force.
func (d Dataset) Now() (Listed, bool) {
	if len(d.Manifests) == 0 {
		return Listed{}, false
	}
	return d.Manifests[len(d.Manifests)-1], true
}

// Digest is that of the dataset as it is; empty without a manifest.
func (d Dataset) Digest() string {
	now, _ := d.Now()
	return now.Digest
}

// Rests returns the consents of ours that a dataset rests on: those that were named, and those of its manifest.
func (d Dataset) Rests() []string {
	list := slices.Clone(d.Consents)
	now, _ := d.Now()
	for _, c := range now.Consents {
		list = append(list, c.Name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Reason is one thing that has not passed.
type Reason struct {
	Verdict colophon.Verdict `json:"verdict"`
	Code    colophon.Code    `json:"code"`
}

// Grounds says whether a dataset may be held and used by what is said of it: its licence, and the ground of the personal
// information in it. Faces and voices need separate consent (Deep Synthesis Provisions Art. 14 ¶2).
func (d Dataset) Grounds() (colophon.Verdict, []Reason) {
	var list []Reason
	add := func(is bool, v colophon.Verdict, code colophon.Code) {
		if is {
			list = append(list, Reason{v, code})
		}
	}
	consented := slices.Contains(d.Bases, "consent")
	proven := len(d.Rests()) > 0 || d.Proof != ""
	add(slices.Contains(licensed(), d.Origin) && d.Licence == "", colophon.Failed, ReasonLicence)
	add(d.Personal == Untold, colophon.Unknown, ReasonPersonal)
	add(d.Personal == Yes && len(d.Bases) == 0, colophon.Failed, ReasonBasis)
	add(d.Personal == Yes && consented && !proven, colophon.Failed, ReasonConsent)
	add(d.Personal == Yes && d.Minors == Untold, colophon.Unknown, ReasonMinors)
	add(d.Biometric == Untold, colophon.Unknown, ReasonBiometric)
	add(d.Biometric == Yes && !(consented && proven), colophon.Failed, ReasonSeparate)
	add(d.Late > 0, colophon.Failed, ReasonRemoval)
	return worst(list), list
}

func worst(list []Reason) colophon.Verdict {
	v := colophon.Passed
	for _, r := range list {
		if r.Verdict == colophon.Failed {
			return colophon.Failed
		}
		v = colophon.Unknown
	}
	return v
}

func clauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS14, colophon.ClauseGenAI7}
}

func removalClauses() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseGenAI7, colophon.ClausePIPL15, colophon.ClausePIPL47}
}
