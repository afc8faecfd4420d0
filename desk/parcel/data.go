package parcel

import (
	"encoding/json"
	"time"

	"github.com/colophon-project/colophon"
)

// Schema is that of data.json.
const Schema = "colophon.data-package/1"

// Data is what is kept about somebody, as they get it. Times are UTC. Lists that are empty are there all the same.
type Data struct {
	Schema   string    `json:"schema"`
	Made     time.Time `json:"made"`
	Provider string    `json:"provider"`
	Case     string    `json:"case"`
	Right    string    `json:"right"`
	// Subject is the pseudonym under which everything is kept.
	Subject       string         `json:"subject"`
	Verifications []Verification `json:"verifications"`
	Consents      []Consent      `json:"consents"`
	Agreements    []Agreement    `json:"agreements"`
	Items         []Item         `json:"items"`
	Deliveries    []Delivery     `json:"deliveries"`
	Measures      []Measure      `json:"measures"`
	Cases         []Case         `json:"cases"`
	Judgements    []Judgement    `json:"judgements"`
	Reviews       []Review       `json:"reviews"`
	Copies        []Copy         `json:"copies"`
	Usage         []Usage        `json:"usage"`
	Network       []Line         `json:"network"`
	Omitted       []Omission     `json:"omitted"`
}

// Verification is what came of a verification. The number and the name are masked, since nothing else is kept of them.
type Verification struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	Level     string     `json:"level"`
	Method    string     `json:"method"`
	Source    string     `json:"source"`
	Result    string     `json:"result"`
	Requested time.Time  `json:"requested"`
	Decided   *time.Time `json:"decided,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Number    string     `json:"number,omitempty"`
	Name      string     `json:"name,omitempty"`
	Phone     string     `json:"phone,omitempty"`
}

// Consent is a consent that the person gave, or asked somebody else for.
type Consent struct {
	ID     string          `json:"id"`
	Role   string          `json:"role"` // depicted or requester
	State  string          `json:"state"`
	Level  string          `json:"level"`
	Terms  json.RawMessage `json:"terms"`
	Made   time.Time       `json:"made"`
	Events []Event         `json:"events"`
	// Receipt is the signed receipt, of a consent that the person gave.
	Receipt string `json:"receipt,omitempty"`
}

// Event is something that happened, by a word.
type Event struct {
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
}

// Agreement is a version of an agreement that was accepted.
type Agreement struct {
	Version  string    `json:"version"`
	Kind     string    `json:"kind"`
	Number   int       `json:"number"`
	Language string    `json:"language"`
	SHA256   string    `json:"sha256"` // of the text as it was shown
	How      string    `json:"how"`
	At       time.Time `json:"at"`
}

// Item is something that was made for the person.
type Item struct {
	Number   string          `json:"number"`
	State    string          `json:"state"`
	Function string          `json:"function"`
	Model    string          `json:"model,omitempty"`
	Format   string          `json:"format"`
	Size     int64           `json:"size"`
	SHA256   string          `json:"sha256,omitempty"` // with its marks
	Marks    json.RawMessage `json:"marks,omitempty"`  // as they were read back
	Parents  []string        `json:"parents,omitempty"`
	Made     time.Time       `json:"made"`
	File     string          `json:"file,omitempty"` // path in the package
}

// Delivery is one handing over of an item that was made for the person, or to the person.
type Delivery struct {
	Number string    `json:"number,omitempty"` // absent for an item of somebody else
	To     string    `json:"to"`               // you, service or other
	How    string    `json:"how"`
	At     time.Time `json:"at"`
}

// Texts is something that is said in both languages, a sentence each.
type Texts struct {
	En []string `json:"en"`
	Zh []string `json:"zh"`
}

// Measure is a measure against the account.
type Measure struct {
	ID       string     `json:"id"`
	State    string     `json:"state"`
	Step     string     `json:"step"`
	Function string     `json:"function,omitempty"`
	From     *time.Time `json:"from,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
	Reasons  Texts      `json:"reasons"`
}

// Case is a case that the person brought, or a decided one about their account. Of the latter what somebody else wrote is not
// there.
type Case struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"`
	Side        string     `json:"side"` // reporter or affected
	State       string     `json:"state"`
	Received    time.Time  `json:"received"`
	Outcome     string     `json:"outcome,omitempty"`
	Reasons     Texts      `json:"reasons"`
	Facts       string     `json:"facts,omitempty"`
	Explanation string     `json:"explanation,omitempty"`
	Name        string     `json:"name,omitempty"`
	Contact     string     `json:"contact,omitempty"`
	Text        string     `json:"text,omitempty"`
	Messages    []Message  `json:"messages"`
	Files       []CaseFile `json:"files"`
}

// Message is one of the person and the desk to each other.
type Message struct {
	Desk bool      `json:"desk,omitempty"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// CaseFile is a file that the person handed in with a case.
type CaseFile struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Type   string `json:"type"`
}

// Judgement is what the screening came to of something of the person's.
type Judgement struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Surface    string    `json:"surface"`
	Function   string    `json:"function,omitempty"`
	Action     string    `json:"action"`
	Verdict    string    `json:"verdict"`
	Categories []string  `json:"categories"`
}

// Review is what a person of the staff decided about something of the person's.
type Review struct {
	ID       string     `json:"id"`
	State    string     `json:"state"`
	Surface  string     `json:"surface"`
	Function string     `json:"function,omitempty"`
	Outcome  string     `json:"outcome,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Entered  time.Time  `json:"entered"`
	Decided  *time.Time `json:"decided,omitempty"`
}

// Copy is a request for a copy without the visible notice (Labelling Measures Art. 9).
type Copy struct {
	ID        string     `json:"id"`
	Content   string     `json:"content"` // number of the item that it was asked of
	State     string     `json:"state"`
	Agreement string     `json:"agreement"` // version
	Duty      string     `json:"duty"`      // digest of the text that was accepted
	Purpose   string     `json:"purpose"`
	Recipient string     `json:"recipient"`
	Words     string     `json:"words,omitempty"` // that the person wrote
	Asked     time.Time  `json:"asked"`
	Decided   *time.Time `json:"decided,omitempty"`
	Reason    string     `json:"reason,omitempty"` // of a refusal
	Note      string     `json:"note,omitempty"`   // that the person was told
	Handed    *time.Time `json:"handed,omitempty"`
	Until     *time.Time `json:"until,omitempty"`  // the log of it is kept at least until then
	Number    string     `json:"number,omitempty"` // of the copy
	Receipt   string     `json:"receipt,omitempty"`
}

// Usage is what was used of a model on a day.
type Usage struct {
	Day     string `json:"day"`
	Model   string `json:"model"`
	Calls   int64  `json:"calls"`
	Blocked int64  `json:"blocked"`
}

// Line is one of the statutory network log.
type Line struct {
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	Source    string    `json:"source"` // address
}

// Omission says what is not in the package, and why.
type Omission struct {
	Code    colophon.Code     `json:"code"`
	Count   int               `json:"count,omitempty"` // how many; 0 where it is not counted
	Clauses []colophon.Clause `json:"clauses,omitempty"`
	En      string            `json:"en"`
	Zh      string            `json:"zh"`
}

// What is not in a package.
const (
	OmitOthers    colophon.Code = "parcel-omit-others"    // data of other people, and who of the staff did what
	OmitIdentity  colophon.Code = "parcel-omit-identity"  // number and name in full, which are kept nowhere
	OmitFeatures  colophon.Code = "parcel-omit-features"  // by what the screening found something
	OmitReports   colophon.Code = "parcel-omit-reports"   // what authorities were told, where a law wants it kept secret
	OmitOriginal  colophon.Code = "parcel-omit-original"  // originals without the notice
	OmitFiles     colophon.Code = "parcel-omit-files"     // files were not asked for
	OmitGone      colophon.Code = "parcel-omit-gone"      // arg "count": files that are not kept any more
	OmitStopped   colophon.Code = "parcel-omit-stopped"   // arg "count": files that an order stops
	OmitLarge     colophon.Code = "parcel-omit-large"     // arg "count": files beyond the size of a package
	OmitMore      colophon.Code = "parcel-omit-more"      // arg "list": lines beyond the length of a list
	OmitSealed    colophon.Code = "parcel-omit-sealed"    // arg "count": cases, consents and requests of which what was sealed is there no more
	OmitAnonymous colophon.Code = "parcel-omit-anonymous" // what is kept under another pseudonym and can't be told to be theirs
)
