// Package copies is the desk for content without the visible notice, which a user may ask for once the agreement has settled
// the user's own duty of labelling (Labelling Measures Art. 9 ¶2).
//
// A verified account asks for a copy of an item that was made for it, says what for and for whom, and accepts the version of
// the agreement and the text of the duty that it was shown. A row of the [Rules] decides, or a person does. The [Maker] then
// labels the kept original without the notice; the implicit label stays in it. What was made is read back before anybody gets
// it, and a signed [Receipt] says what was handed to whom, by which agreement and under which duty.
//
// The log is kept for as long as the rules say, six months at least. A copy is known again by its digest, and by the likeness
// of the item under which it was entered; see [Keeper.Known].
//
// What not to do here: no bytes, no page. Never hand out what does not bear the implicit label. Never hand out a copy to
// anybody but the account that asked. Never say of what only looks alike that it is the copy: the item with its notice looks
// alike too.
package copies

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/stamp"
)

// Ledger is the name of the ledger of copies.
const Ledger = "copy"

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "copy-invalid"   // arg "field"
	CodeMissing   colophon.Code = "copy-missing"   // there is no such request
	CodeStep      colophon.Code = "copy-step"      // args "from", "to": the state table has no such step
	CodePerson    colophon.Code = "copy-person"    // a person of the staff has to do it
	CodeOwn       colophon.Code = "copy-own"       // nobody decides about a request that they made
	CodeContent   colophon.Code = "copy-content"   // nothing of this number was made for the account
	CodeVerified  colophon.Code = "copy-verified"  // the account is not verified
	CodeLimited   colophon.Code = "copy-limited"   // a measure keeps the account from it
	CodePolicy    colophon.Code = "copy-policy"    // content of this function is not handed out without the notice
	CodeAgreement colophon.Code = "copy-agreement" // the account did not accept this version, or it is not in force
	CodeDuty      colophon.Code = "copy-duty"      // the text of the duty that is in use was not accepted
	CodeOriginal  colophon.Code = "copy-original"  // the original is not kept any more
	CodeFormat    colophon.Code = "copy-format"    // the file can't hold the implicit label
	CodeAsked     colophon.Code = "copy-asked"     // the account asked for this copy already
	CodeErased    colophon.Code = "copy-erased"    // what was sealed can't be read any more
	CodeMade      colophon.Code = "copy-made"      // arg "field": what was made is not such a copy
	CodeRules     colophon.Code = "copy-rules"     // arg "field": the rules can't be used
	CodeReceipt   colophon.Code = "copy-receipt"   // these bytes are no receipt
	CodeSignature colophon.Code = "copy-receipt-signature"
	CodeNoKey     colophon.Code = "copy-receipt-key" // there is no key to check the receipt with
	// CodeUncompared says why nobody could tell whether a file looks like a copy.
	CodeUncompared colophon.Code = "copy-uncompared"
)

// Types of records.
const (
	RecordRequested evidence.Type = "copy.requested"
	RecordGranted   evidence.Type = "copy.granted"
	RecordRefused   evidence.Type = "copy.refused"
	RecordWithdrawn evidence.Type = "copy.withdrawn"
	RecordHanded    evidence.Type = "copy.handed"
	RecordDiscarded evidence.Type = "copy.discarded" // what may have been made for a request that is over
	RecordRead      evidence.Type = "copy.read"
	RecordEnded     evidence.Type = "copy.ended" // the period of the log is over
)

// What a copy is for.
const (
	ForEditing   colophon.Code = "copy-purpose-editing"   // goes into a larger work that is labelled
	ForBroadcast colophon.Code = "copy-purpose-broadcast" // the notice is shown around it
	ForResearch  colophon.Code = "copy-purpose-research"
	ForArchive   colophon.Code = "copy-purpose-archive"
	ForProof     colophon.Code = "copy-purpose-proof" // before a court or an authority
	ForOther     colophon.Code = "copy-purpose-other"
)

// Purposes lists what a copy may be for.
func Purposes() []colophon.Code {
	return []colophon.Code{ForEditing, ForBroadcast, ForResearch, ForArchive, ForProof, ForOther}
}

// Who gets a copy in the end.
const (
	ToOwn          colophon.Code = "copy-recipient-own" // nobody but whoever asks
	ToOrganisation colophon.Code = "copy-recipient-organisation"
	ToPlatform     colophon.Code = "copy-recipient-platform"
	ToAuthority    colophon.Code = "copy-recipient-authority"
	ToPublic       colophon.Code = "copy-recipient-public"
)

// Recipients lists who may get a copy in the end.
func Recipients() []colophon.Code {
	return []colophon.Code{ToOwn, ToOrganisation, ToPlatform, ToAuthority, ToPublic}
}

// Why a copy is refused.
const (
	ReasonPurpose colophon.Code = "copy-reason-purpose" // what it is for does not need it
	ReasonRisk    colophon.Code = "copy-reason-risk"    // it could mislead the public
	ReasonPerson  colophon.Code = "copy-reason-person"  // it shows somebody who did not agree to it
	ReasonChanged colophon.Code = "copy-reason-changed" // what it was granted by is so no more
	ReasonFailed  colophon.Code = "copy-reason-failed"  // it could not be made
	ReasonOther   colophon.Code = "copy-reason-other"
)

// Reasons lists why a person or a rule may refuse a copy.
func Reasons() []colophon.Code {
	return []colophon.Code{ReasonPurpose, ReasonRisk, ReasonPerson, ReasonOther}
}

// State says where a request is.
type State string

// The states.
const (
	Requested State = "requested"
	Granted   State = "granted" // the copy is to be made
	Handed    State = "handed"  // it was made, read back, and is the account's
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

var steps = ledger.Steps[State]{
	{Requested, []State{Granted, Refused, Withdrawn}},
	{Granted, []State{Handed, Refused, Withdrawn}},
	{Handed, nil},
	{Refused, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a request's life.
func States() []State { return steps.States() }

// May reports whether a request may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

// Copy is one request and what came of it. It leads to no person but the account's pseudonym.
type Copy struct {
	ID      string           `json:"-"` // the number of the receipt too
	Subject evidence.Subject `json:"-"` // the account
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"` // whether what is sealed can be read

	Number    artefact.Number `json:"number"` // of the item that a copy is asked of
	Class     stamp.Function  `json:"class"`  // of its function, as in Deep Synthesis Provisions Art. 17
	Agreement string          `json:"agreement"`
	Duty      string          `json:"duty"` // digest of the text that was accepted
	Purpose   colophon.Code   `json:"purpose"`
	Recipient colophon.Code   `json:"recipient"`
	Case      string          `json:"case,omitempty"`  // of the desk, where it came by one
	Asker     string          `json:"asker,omitempty"` // of the staff, where a person asked for the account
	Decision  *Decision       `json:"decision,omitempty"`
	Handing   *Handing        `json:"handing,omitempty"`
	Cause     colophon.Code   `json:"cause,omitempty"` // of an error, where it was refused because of one
	Left      bool            `json:"left,omitempty"`  // what may have been made is still to be discarded
	Ended     time.Time       `json:"ended,omitzero"`  // when what was sealed was taken away, its period being over
}

// Decision says who or what decided.
type Decision struct {
	By     ledger.By     `json:"by"`
	At     time.Time     `json:"at"`
	Rule   string        `json:"rule,omitempty"`  // by which row; empty for a person
	Rules  string        `json:"rules,omitempty"` // digest of the rules
	Reason colophon.Code `json:"reason,omitempty"`
}

// Handing says what was handed out.
type Handing struct {
	At        time.Time       `json:"at"`
	Until     time.Time       `json:"until"`  // until then at least the log is kept
	Number    artefact.Number `json:"number"` // of the copy
	Size      int64           `json:"size"`
	Type      string          `json:"type"`
	Unlikened colophon.Code   `json:"unlikened,omitempty"` // why it can't be known again by its likeness
	Receipt   string          `json:"receipt"`             // digest of the receipt
}

// Particulars are what is sealed for the account.
type Particulars struct {
	Words   string `json:"words,omitempty"` // what the account wrote of the purpose
	Duty    Duty   `json:"duty"`
	Note    string `json:"note,omitempty"` // of whoever decided; told to the account
	Receipt string `json:"receipt,omitempty"`
}

// Facts are what is known of a request from elsewhere.
type Facts struct {
	Own       bool           // the item was made for the account, and was neither erased nor stopped
	Verified  bool           // the account
	Limited   bool           // a measure in force keeps the account from it
	Agreement string         // version that the account accepted and that is in force for it; empty for none
	OnRequest bool           // the function's notice policy allows it
	Class     stamp.Function // of the function; empty for other
	Original  bool           // the item as it was before the notice is kept
	Beside    bool           // its implicit label lies in a file beside it, since it can't hold one; nor can a copy
}

// Checker knows the facts of a request.
type Checker interface {
	// Check looks at an account and an item. An error says that it could not be told; nothing is asked for or handed out then.
	Check(ctx context.Context, account evidence.Subject, number artefact.Number) (Facts, error)
}

// Likener finds items by likeness. A register of artefacts does.
type Likener interface {
	Alike(ctx context.Context, hashes []byte, bits, limit int) ([]artefact.Match, error)
}

// Config says what a keeper works with. All of it is required.
type Config struct {
	Copies   ledger.Store[Copy]
	Recorder *evidence.Recorder // its clock is the keeper's
	Keys     ledger.Unsealer
	Signer   note.Signer
	Provider string // as receipts name it
	Rules    Rules
	Checker  Checker
	Maker    Maker
	Likener  Likener
	// Held reports whether an account's data is on hold. Nothing of it is taken away then, though its period be over.
	Held func(ctx context.Context, account evidence.Subject) (bool, error)
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	Config
	book  ledger.Book[Copy]
	rules string // digest
}

// Entry is a copy as it is kept.
type Entry = ledger.Entry[Copy]

// Names of keys.
const (
	keyOpen    = "open"    // account and item, while it is not over: one request at a time
	keyContent = "content" // item that was asked for
	keyCopy    = "copy"    // content number of the copy
	keyDigest  = "digest"  // of the copy
)

const system evidence.Role = "system"

const maxWords = 2000

// New makes a keeper.
func New(c Config) (*Keeper, error) {
	if c.Copies == nil || c.Recorder == nil || c.Keys == nil || c.Signer == nil || c.Provider == "" || c.Checker == nil || c.Maker == nil || c.Likener == nil || c.Held == nil {
		return nil, errors.New("a keeper of copies needs a store, a recorder, keys, a signer, a provider, a checker, a maker, a likener, and to know of holds")
	}
	if err := c.Rules.check(); err != nil {
		return nil, err
	}
	raw, err := evidence.Canonical(c.Rules)
	return &Keeper{c, ledger.Book[Copy]{Store: c.Copies, Recorder: c.Recorder, Keys: c.Keys, Use: "copy/", Missing: CodeMissing}, sha(raw)}, err
}

func clauses() []colophon.Clause { return []colophon.Clause{colophon.ClauseLM9} }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code) error {
	return &colophon.Error{Kind: kind, Code: code, Clauses: clauses()}
}

func stuck(from string, to State) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": string(to)}}
}

func read(e Entry) Copy {
	c := e.Value
	c.ID, c.Subject, c.State, c.Made, c.Kept = e.ID, e.Subject, State(e.State), e.Made, e.Kept
	return c
}

// payload is the payload of the records, which is sealed. Times are milliseconds since 1970.
type payload struct {
	Copy      string          `json:"copy"`
	State     State           `json:"state"`
	By        string          `json:"by,omitempty"`
	Content   artefact.Number `json:"content"`
	Number    artefact.Number `json:"number,omitempty"`
	SHA256    string          `json:"sha256,omitempty"`
	Agreement string          `json:"agreement"`
	Duty      string          `json:"duty"`
	Purpose   colophon.Code   `json:"purpose"`
	Recipient colophon.Code   `json:"recipient"`
	Words     string          `json:"words,omitempty"`
	Rule      string          `json:"rule,omitempty"`
	Rules     string          `json:"rules,omitempty"`
	Reason    colophon.Code   `json:"reason,omitempty"`
	Cause     colophon.Code   `json:"cause,omitempty"`
	Note      string          `json:"note,omitempty"`
	Receipt   string          `json:"receipt,omitempty"`
	Until     int64           `json:"until,omitempty"`
}

func act(typ evidence.Type, by ledger.By, e *Entry, p payload) ledger.Act {
	v := e.Value
	p.Copy, p.State, p.By, p.Content, p.Agreement, p.Duty, p.Purpose, p.Recipient = e.ID, State(e.State), by.ID, v.Number, v.Agreement, v.Duty, v.Purpose, v.Recipient
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: p}
}

// word reports whether s is an identifier: letters, digits and a few signs.
func word(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/", r))
	})
}

// prose reports whether s is text of at most so many signs.
func prose(s string, most int) bool { return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most }

// without are the keys but those of a name.
func without(keys []ledger.Key, name string) []ledger.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k ledger.Key) bool { return k.Name == name })
}
