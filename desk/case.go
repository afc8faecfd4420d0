package desk

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Entry is a case as it is kept.
type Entry = ledger.Entry[Case]

// Case is one thing that somebody wants to be heard about. It leads to no person: what does is sealed beside it.
type Case struct {
	ID      string           `json:"-"`
	Subject evidence.Subject `json:"-"` // who came
	State   State            `json:"-"`
	Made    time.Time        `json:"-"`
	Kept    ledger.Kept      `json:"-"` // whether what is sealed can be read

	Kind      Kind            `json:"kind"`
	Party     Party           `json:"party"`
	Right     Right           `json:"right,omitempty"`
	Grounds   []colophon.Code `json:"grounds,omitempty"`
	Urgent    bool            `json:"urgent,omitempty"`
	Anonymous bool            `json:"anonymous,omitempty"`
	Source    Source          `json:"source"`
	Language  string          `json:"language"`
	About     About           `json:"about"`
	Limits    Limits          `json:"limits"`
	Clock     limits.Clock    `json:"clock"`
	Unfounded int             `json:"unfounded,omitempty"` // reports of the same reporter that lately were, at receipt
	Sought    Sought          `json:"sought"`
	Found     []Found         `json:"found,omitempty"`
	Files     []Attachment    `json:"files,omitempty"`
	Messages  int             `json:"messages,omitempty"`
	Answered  bool            `json:"answered,omitempty"` // the reporter wrote last

	Assigned string    `json:"assigned,omitempty"` // staff account
	Lease    time.Time `json:"lease,omitzero"`
	Not      []string  `json:"not,omitempty"` // staff accounts that never get the case

	Acknowledged *Mark      `json:"acknowledged,omitempty"`
	Decision     *Decision  `json:"decision,omitempty"`
	Told         *Mark      `json:"told,omitempty"`
	How          string     `json:"how,omitempty"` // it was told
	AppealUntil  time.Time  `json:"appeal_until,omitzero"`
	Breaches     []Breach   `json:"breaches,omitempty"`
	Actions      []Action   `json:"actions,omitempty"`
	DuplicateOf  string     `json:"duplicate_of,omitempty"`
	AppealOf     string     `json:"appeal_of,omitempty"`
	Side         Side       `json:"side,omitempty"` // who appeals
	Appeals      []Appealed `json:"appeals,omitempty"`
	Over         time.Time  `json:"over,omitzero"`  // when it was closed or withdrawn
	Ended        time.Time  `json:"ended,omitzero"` // when what was sealed was taken away, its period being over
}

// About says what a case is about.
type About struct {
	Numbers    []string         `json:"numbers,omitempty"` // content numbers
	Account    evidence.Subject `json:"account,omitempty"` // whose doing it is said to be
	Function   string           `json:"function,omitempty"`
	Model      string           `json:"model,omitempty"`
	Measure    string           `json:"measure,omitempty"`
	Judgement  string           `json:"judgement,omitempty"`
	Held       string           `json:"held,omitempty"`
	Consent    string           `json:"consent,omitempty"`
	Refutation string           `json:"refutation,omitempty"`
}

// empty reports whether it names nothing by which anybody could look.
func (a About) empty() bool {
	return len(a.Numbers) == 0 && a.Account == "" && a.Refutation == "" && !a.decided()
}

// decided reports whether it names something that people decided elsewhere.
func (a About) decided() bool {
	return a.Measure != "" || a.Judgement != "" || a.Held != "" || a.Consent != ""
}

const (
	maxNumbers = 20
	maxFiles   = 20
	maxGrounds = 8
	// MaxFile is the largest file of a case, in bytes.
	MaxFile = 256 << 20
	// MaxText is how many signs one message, or the facts of a decision, may have.
	MaxText     = 5000
	maxMessages = 100
)

func (a About) check() error {
	if len(a.Numbers) > maxNumbers || slices.ContainsFunc(a.Numbers, func(n string) bool { return !word(n) }) {
		return invalid("numbers")
	}
	for field, s := range map[string]string{"account": string(a.Account), "function": a.Function, "model": a.Model, "measure": a.Measure, "judgement": a.Judgement, "held": a.Held,
		"consent": a.Consent, "refutation": a.Refutation} {
		if s != "" && !word(s) {
			return invalid(field)
		}
	}
	return nil
}

// Limits are the published limits that a case runs by.
type Limits struct {
	Version int        `json:"version"` // 0 for the starter table
	Row     limits.Row `json:"row"`
}

// Sought says what came of looking for the content.
type Sought string

// What came of it.
const (
	SoughtFound   Sought = "found"
	SoughtNone    Sought = "none"    // it is not of this service, as far as can be told
	SoughtUnknown Sought = "unknown" // it could not be looked for
	SoughtNot     Sought = "not"     // there is nothing to look with
)

// How content was found.
const (
	ByNumber    = "number"
	ByDigest    = "digest"
	ByLikeness  = "likeness"
	ByLabel     = "label"
	ByWatermark = "watermark"
)

// Found is content of this service that a case is about.
type Found struct {
	Number  string           `json:"number"`
	Account evidence.Subject `json:"account,omitempty"` // for whom it was made
	How     string           `json:"how"`
	Bits    int              `json:"bits,omitempty"`    // in which two hashes differ
	Certain bool             `json:"certain,omitempty"` // no likeness, but the same
}

// Attachment is a file of a case, without its bytes.
type Attachment struct {
	SHA256 string `json:"sha256"` // hexadecimal
	Size   int64  `json:"size"`
	Type   string `json:"type"`            // media type, as it was found out
	Marks  string `json:"marks,omitempty"` // state that reading its marks came to, a word of the caller's
}

// File is an attachment with where its bytes lie, sealed under a key of their own. The caller stores them before and keeps
// what [Desk.Needs] names.
type File struct {
	Attachment
	Blob string `json:"blob"`
	Key  []byte `json:"key"`
}

func (f File) check() error {
	raw, err := hex.DecodeString(f.SHA256)
	family, _, _ := strings.Cut(f.Type, "/")
	switch {
	case err != nil || len(raw) != 32 || strings.ToLower(f.SHA256) != f.SHA256:
		return invalid("sha256")
	case f.Size <= 0 || f.Size > MaxFile:
		return invalid("size")
	case !slices.Contains([]string{"image", "video", "audio"}, family) && f.Type != "text/plain" && f.Type != "application/pdf" || !word(f.Type):
		return invalid("type")
	case f.Marks != "" && !word(f.Marks):
		return invalid("marks")
	case !word(f.Blob) || len(f.Key) == 0 || len(f.Key) > 64:
		return invalid("blob")
	}
	return nil
}

// Mark says when a step was done, and when it had to be.
type Mark struct {
	At     time.Time `json:"at"`
	Due    time.Time `json:"due"`
	Late   bool      `json:"late,omitempty"`
	Unsure []int     `json:"unsure,omitempty"` // years whose holidays were not known
}

// Breach is a limit that was missed.
type Breach struct {
	Step Step      `json:"step"`
	Due  time.Time `json:"due"`
	At   time.Time `json:"at"` // when it was noticed
}

// Step is what a limit is for.
type Step string

// The steps.
const (
	ToAcknowledge Step = "acknowledge"
	ToDecide      Step = "decide"
	ToTell        Step = "feedback"
)

// Decision is what one person decided.
type Decision struct {
	By        ledger.By `json:"by"`
	Outcome   Outcome   `json:"outcome"`
	Statement Statement `json:"statement"`
	Proof     *Proof    `json:"proof,omitempty"` // of a request for rights
	Mark
}

// Side is who of a case somebody is.
type Side string

// The sides.
const (
	Reporter Side = "reporter" // who came
	Affected Side = "affected" // whose account it is about
)

// Appealed says what an appeal against the decision came to.
type Appealed struct {
	Case    string    `json:"case"`
	Outcome Outcome   `json:"outcome"`
	At      time.Time `json:"at"`
}

// Particulars are what is sealed for the subject of a case.
type Particulars struct {
	Name        string    `json:"name,omitempty"`
	Contact     string    `json:"contact,omitempty"`
	Text        string    `json:"text,omitempty"`
	Messages    []Message `json:"messages,omitempty"`
	Files       []File    `json:"files,omitempty"`
	Facts       string    `json:"facts,omitempty"` // of the decision; told to both sides, so they name nobody
	Explanation string    `json:"explanation,omitempty"`
}

// Message is one of reporter and desk to each other.
type Message struct {
	Desk bool      `json:"desk,omitempty"` // the desk wrote it
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Names of keys.
const (
	keyKind      = "kind"
	keyContent   = "content"  // content number
	keyAccount   = "account"  // whose doing it is said to be
	keyReporter  = "reporter" // keyed digest of account or contact
	keyCode      = "code"     // keyed digest of the lookup code
	keyPIN       = "pin"      // keyed digest of code and PIN
	keyBlob      = "blob"
	keyOnce      = "once"
	keyDuplicate = "duplicate-of"
	keyAppeal    = "appeal-of" // case and side; one appeal of each

	// of months in Beijing time, such as 2026-11, for the figures
	keyReceived     = "received"
	keyAcknowledged = "acknowledged"
	keyDecided      = "decided"
	keyTold         = "told"
	keyBreached     = "breached"
)

// read reads a case out of its entry.
func read(e Entry) Case {
	c := e.Value
	c.ID, c.Subject, c.State, c.Made, c.Kept = e.ID, e.Subject, State(e.State), e.Made, e.Kept
	return c
}

// addKey has an entry be found by something else too.
func addKey(e *Entry, k ledger.Key) {
	if !slices.ContainsFunc(e.Keys, func(o ledger.Key) bool { return o.Name == k.Name && o.Value == k.Value }) {
		e.Keys = append(slices.Clone(e.Keys), k)
	}
}

// numbers are the content numbers of a case, those that were found among them.
func (c *Case) numbers() []string {
	list := slices.Clone(c.About.Numbers)
	for _, f := range c.Found {
		list = append(list, f.Number)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// shares reports whether two cases are about the same content. What only looks alike is not the same.
func (c *Case) shares(o *Case) bool {
	return slices.ContainsFunc(c.numbers(), func(n string) bool { return c.certain(n) && o.certain(n) })
}

// certain reports whether a case is about the content of a number.
func (c *Case) certain(number string) bool {
	return slices.Contains(c.About.Numbers, number) || slices.ContainsFunc(c.Found, func(f Found) bool { return f.Certain && f.Number == number })
}

// outcome is what came of a case, after its appeals.
func (c *Case) outcome() Outcome {
	if c.Decision == nil {
		return ""
	}
	o := c.Decision.Outcome
	for _, a := range c.Appeals {
		o = o.after(a.Outcome)
	}
	return o
}
