// Package pack makes what authorities are handed: reports to the centre for illegal and undesirable information (12377), to
// the cyberspace administration of the province, to the police, and reports of incidents (12387).
//
// A [Pack] has a number of its year and a [Document], which is a [Form] with an answer in every field. Forms are data. What
// the answers say comes from the caller as [Facts]: what is not known is answered so, and what is known to be none is
// answered so too. A pack is drafted, filed by a person with the proof of filing, and amended by a pack of its own that names
// the digest of the one before. What is not to be filed is dismissed, with the reason.
//
// The document and the proofs are sealed for whom the pack is about. Numbers, states, digests and how many fields are known
// stay, so that the chain can be followed after an erasure.
//
// What not to do here: no sending, no page. Never leave a field empty, and never fill one with what nobody knows. Never
// change what was filed.
package pack

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of packs.
const Ledger = "pack"

// Codes of errors.
const (
	CodeInvalid    colophon.Code = "pack-invalid"    // arg "field"
	CodeMissing    colophon.Code = "pack-missing"    // there is no such pack
	CodeStep       colophon.Code = "pack-step"       // args "from", "to": the state table has no such step
	CodePerson     colophon.Code = "pack-person"     // a person of the staff has to do it
	CodeErased     colophon.Code = "pack-erased"     // what was sealed can't be read or added to any more
	CodeForm       colophon.Code = "pack-form"       // args "form", "field": the form can't be used
	CodeIncomplete colophon.Code = "pack-incomplete" // arg "fields": what the authority asks for is not known yet
	CodeAmended    colophon.Code = "pack-taken-up"   // it has an amendment already
	CodeDocument   colophon.Code = "pack-document"   // these bytes are no pack
	CodeChain      colophon.Code = "pack-chain"      // arg "number": the pack does not follow the one before
)

// Types of records.
const (
	RecordDrafted   evidence.Type = "pack.drafted"
	RecordFilled    evidence.Type = "pack.filled" // a draft was filled again
	RecordFiled     evidence.Type = "pack.filed"
	RecordDismissed evidence.Type = "pack.dismissed"
	RecordProven    evidence.Type = "pack.proven" // a further proof of filing
	RecordRead      evidence.Type = "pack.read"
)

// Why a draft is not filed.
const (
	ReasonNotNeeded colophon.Code = "pack-reason-not-needed"
	ReasonElsewhere colophon.Code = "pack-reason-elsewhere" // it was reported in another way
	ReasonMistake   colophon.Code = "pack-reason-mistake"   // the pack is about something else, or wrong
	ReasonOther     colophon.Code = "pack-reason-other"
)

// Reasons lists why a draft is not filed.
func Reasons() []colophon.Code {
	return []colophon.Code{ReasonNotNeeded, ReasonElsewhere, ReasonMistake, ReasonOther}
}

// State says where a pack is.
type State string

// The states.
const (
	Drafted   State = "draft"
	Filed     State = "filed"
	Amended   State = "amended"   // another pack that was filed takes its place
	Dismissed State = "dismissed" // it is not filed
)

var steps = ledger.Steps[State]{
	{Drafted, []State{Drafted, Filed, Dismissed}},
	{Filed, []State{Filed, Amended}},
	{Amended, []State{Amended}},
	{Dismissed, nil},
}

// States lists the states in the order of a pack's life.
func States() []State { return steps.States() }

// May reports whether a pack may go from one state to another. To its own it goes by being filled again or by a proof.
func (s State) May(to State) bool { return steps.May(s, to) }

// About says what a pack is about, by identifiers. What it says of them comes from the facts.
type About struct {
	Case       string `json:"case,omitempty"`
	Duty       string `json:"duty,omitempty"` // report duty
	Refutation string `json:"refutation,omitempty"`
}

// Filing says how a pack was filed.
type Filing struct {
	Channel   string    `json:"channel"`             // such as 12377, as a lower-case word
	Reference string    `json:"reference,omitempty"` // number that the authority gave; empty where it gave none
	At        time.Time `json:"at"`
	By        string    `json:"by"` // staff account; set by the keeper
	// Incomplete says that the person knows of the required fields that are not known yet. An amendment follows.
	Incomplete bool `json:"incomplete,omitempty"`
}

// Proof is a proof of filing, such as a receipt or the picture of a page, without its bytes.
type Proof struct {
	SHA256 string    `json:"sha256"` // hexadecimal
	Size   int64     `json:"size"`
	Type   string    `json:"type"` // media type
	At     time.Time `json:"at"`   // when it was attached; set by the keeper
	By     string    `json:"by"`   // staff account; set by the keeper
}

// ProofFile is a proof with its bytes, or with where they lie, sealed under a key of their own. The caller stores those
// before and keeps what [Keeper.Needs] names.
type ProofFile struct {
	Proof
	Bytes []byte `json:"bytes,omitempty"` // at most MaxBytes; digest and size are taken from them
	Blob  string `json:"blob,omitempty"`
	Key   []byte `json:"key,omitempty"`
}

// Pack is one report to an authority. It leads to no person: what does is sealed beside it.
type Pack struct {
	ID      string           `json:"-"`
	Subject evidence.Subject `json:"-"` // whom it is about; the system for nobody
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"` // whether what is sealed can be read

	Number    string        `json:"number"` // year of Beijing time and serial, such as 2026-0007
	Part      int           `json:"part"`   // 1 for the first report, one more with each amendment
	Form      string        `json:"form"`
	About     About         `json:"about"`
	Author    string        `json:"author,omitempty"` // staff account or API key; empty for the system
	SHA256    string        `json:"sha256"`           // of the document
	Amends    string        `json:"amends,omitempty"` // identifier of the pack before
	Before    string        `json:"before,omitempty"` // digest of its document
	AmendedBy string        `json:"amended_by,omitempty"`
	Known     int           `json:"known"`
	None      int           `json:"none"`
	Unknown   int           `json:"unknown"`
	Open      []string      `json:"open,omitempty"` // required fields that are not known yet
	Filing    *Filing       `json:"filing,omitempty"`
	Proofs    []Proof       `json:"proofs,omitempty"`
	Reason    colophon.Code `json:"reason,omitempty"` // why it was dismissed
}

// Particulars are what is sealed for the subject of a pack.
type Particulars struct {
	Document string      `json:"document"`       // canonical JSON of a Document
	Said     Facts       `json:"said,omitempty"` // what people answered in place of what records say
	Proofs   []ProofFile `json:"proofs,omitempty"`
	Note     string      `json:"note,omitempty"` // why it was dismissed, in prose
}

// Entry is a pack as it is kept.
type Entry = ledger.Entry[Pack]

// Bounds.
const (
	MaxBytes  = 1 << 20 // of a proof that is kept in the pack
	maxSize   = 256 << 20
	maxProofs = 10
	maxNote   = 1000
)

// Config says what a keeper works with. All of it is required.
type Config struct {
	Packs    ledger.Store[Pack]
	Recorder *evidence.Recorder // its clock is the keeper's
	Keys     ledger.Unsealer
	Forms    []Form // such as those of Starter
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	forms map[string]Form
	book  ledger.Book[Pack]
}

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Packs == nil || c.Recorder == nil || c.Keys == nil || len(c.Forms) == 0 {
		return nil, errors.New("a keeper of packs needs a store, a recorder, keys and forms")
	}
	forms := map[string]Form{}
	for _, f := range c.Forms {
		if err := f.check(); err != nil {
			return nil, err
		}
		if _, twice := forms[f.ID]; twice {
			return nil, badForm(f.ID, "id")
		}
		forms[f.ID] = f
	}
	return &Keeper{forms, ledger.Book[Pack]{Store: c.Packs, Recorder: c.Recorder, Keys: c.Keys, Use: "pack/", Missing: CodeMissing}}, nil
}

// For returns the form by which a hit in some categories is reported: the first that names one of them, and else the first
// that is for any. It reports false where no form is.
func (k *Keeper) For(categories []string) (Form, bool) {
	list := k.Forms()
	for _, named := range [][]string{categories, {AnyCategory}} {
		for _, f := range list {
			if slices.ContainsFunc(f.Drafted, func(c string) bool { return slices.Contains(named, c) }) {
				return f, true
			}
		}
	}
	return Form{}, false
}

// Form returns a form, and false where there is none of this identifier.
func (k *Keeper) Form(id string) (Form, bool) {
	f, ok := k.forms[id]
	return f, ok
}

// Forms returns the forms by their identifiers.
func (k *Keeper) Forms() []Form {
	list := make([]Form, 0, len(k.forms))
	for _, f := range k.forms {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b Form) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func person(by ledger.By) error {
	if !by.Person() {
		return refuse(colophon.Refused, CodePerson, nil)
	}
	return nil
}
