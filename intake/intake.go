// Package intake tells a platform what the law asks of it for a file that somebody uploads (Labelling Measures Art. 6): in
// which of three states the content is, or that no mark was found; for which reasons; the words to show around it; and
// the file with the platform's own elements in its metadata.
//
// [Judge] decides, and does nothing else: an implicit label makes content confirmed, or what the label says; without one the
// uploader's declaration makes it possible; without either, traces make it suspected. Detectors look for traces. Each
// says what it saw, what it did not see, or that it could not tell; one that failed is never counted as one that saw
// nothing.
//
// [Line] takes files in: it reads, judges, plans the change of the file, writes it, reads it back and records it. On a
// labelled file the platform's fields alone change (fields 5 to 7). A [Scanner] does the same with all files of a bucket.
//
// Each upload is held against what was refuted, here and by those whose recall feeds are followed. The same content is dealt with
// by a [Rule]; what is only alike is for people to look at.
//
// What not to do here: no mark is never "real", in no word of a sentence or a name. Never raise or lower a label: a
// declaration or a detector that contradicts a label is told beside it. Never touch a file whose signature would break. No
// account and no name of a file in a record, an entry or an error.
package intake

import (
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

// Codes of errors.
const (
	CodeInvalid   colophon.Code = "intake-invalid"     // arg "field"
	CodeMissing   colophon.Code = "intake-missing"     // no file was taken in under this identifier
	CodePlatform  colophon.Code = "intake-no-platform" // the platform's code is not set
	CodeUnchanged colophon.Code = "intake-unchanged"   // the file stayed as it was, so nothing is kept of it
	CodeNotKept   colophon.Code = "intake-not-kept"    // the file is not kept any more
	CodeNoSidecar colophon.Code = "intake-no-sidecar"
	CodeFailed    colophon.Code = "intake-failed" // a fault of ours; the log of the server says more
)

// Types of records.
const (
	RecordTaken     evidence.Type = "intake.taken"
	RecordDelivered evidence.Type = "intake.delivered"
	RecordEnded     evidence.Type = "intake.file-ended" // the file with the elements is not kept any more
	RecordScan      evidence.Type = "intake.scan"       // a scan began, went on, or ended
	RecordMaterials evidence.Type = "intake.materials"  // an app's label materials were checked
)

// Names of the ledgers.
const (
	EntryLedger = "intake"
	ScanLedger  = "intake-scan"
)

// State is what the law calls the content of a file. None is no finding: it says that no mark was found and that nobody
// declared anything, and not that the content was made without AI.
type State string

// The states of Labelling Measures Art. 6 (1) to (3), and what is left.
const (
	Confirmed State = "confirmed"
	Possible  State = "possible"
	Suspected State = "suspected"
	None      State = "none"
)

// States returns all states.
func States() []State { return []State{Confirmed, Possible, Suspected, None} }

// Declaration is what the uploader said of the content.
type Declaration string

// Declarations. The empty one is Silent.
const (
	Generated    Declaration = "generated"
	NotGenerated Declaration = "not-generated"
	Silent       Declaration = "silent"
)

// Outcome is what a look at the file came to.
type Outcome string

// Outcomes.
const (
	Seen         Outcome = "seen"
	NotSeen      Outcome = "not-seen"
	CouldNotTell Outcome = "could-not-tell"
)

// Sources of reasons that are no detectors.
const (
	ByLabel    = "label"
	ByUploader = "uploader"
	ByMetadata = "metadata"
)

// Codes of reasons.
const (
	ReasonLabel         colophon.Code = "intake-label"           // args "place", "value", "producer"
	ReasonLabelUnclear  colophon.Code = "intake-label-unclear"   // arg "place": it does not say what it should
	ReasonNoLabel       colophon.Code = "intake-label-none"      // the file was read to its end
	ReasonLabelUnread   colophon.Code = "intake-label-unread"    // the file could not be read to its end
	ReasonKeyTaken      colophon.Code = "intake-label-key"       // arg "place": something that is no label stands under the key
	ReasonDeclared      colophon.Code = "intake-declared"        // that it was generated
	ReasonDeclaredNot   colophon.Code = "intake-declared-not"    // that it was not
	ReasonUndeclared    colophon.Code = "intake-undeclared"      // nothing
	ReasonSourceType    colophon.Code = "intake-source-type"     // arg "term"
	ReasonNoSourceType  colophon.Code = "intake-source-none"     // no term of generated content
	ReasonTrace         colophon.Code = "intake-trace"           // args "detector", "score"
	ReasonNoTrace       colophon.Code = "intake-trace-none"      // arg "detector"
	ReasonTraceUnknown  colophon.Code = "intake-trace-unknown"   // arg "detector": it could not tell
	ReasonNoticeShown   colophon.Code = "intake-notice-shown"    // the content shows a notice
	ReasonProducedHere  colophon.Code = "intake-produced-here"   // these bytes were made here
	ReasonDetectorCrash colophon.Code = "intake-detector-crash"  // arg "detector": it has a fault
	FindingNotAsked     colophon.Code = "intake-not-asked"       // the uploader was not asked to declare
	FindingBeyond       colophon.Code = "intake-declared-beyond" // the declaration says more than the label
	FindingAgainst      colophon.Code = "intake-declared-other"  // the declaration denies what the label says
	FindingNoElements   colophon.Code = "intake-elements-none"   // arg "why": the platform's elements could not be added
)

// Reason is one thing that the state rests on, or that was looked for in vain.
type Reason struct {
	By      string        `json:"by"`                // ByLabel, ByUploader, ByMetadata, or the name of a detector
	Version string        `json:"version,omitempty"` // of a detector
	Outcome Outcome       `json:"outcome"`
	Code    colophon.Code `json:"code"`
	Args    colophon.Args `json:"args,omitempty"`
}

// Note is a finding as it is kept.
type Note struct {
	Code   colophon.Code   `json:"code"`
	Level  string          `json:"level"`
	Clause colophon.Clause `json:"clause,omitempty"`
	Args   colophon.Args   `json:"args,omitempty"`
}

// Action is what became of the file.
type Action string

// Actions.
const (
	Propagated Action = "propagated" // a file with a label: fields 5 to 7 are the platform's now
	Labelled   Action = "labelled"   // a file without one: it has a label with Label 2 or 3
	Beside     Action = "sidecar"    // the elements stand in a sidecar, the file is as it was
	Left       Action = "left"       // nothing was added, because nothing is to be, or nothing can be
	Refused    Action = "refused"    // the same content was refuted, and such is not published here
)

// Taken is what is kept of a file that was taken in. It names no person.
type Taken struct {
	Declaration Declaration     `json:"declaration"`
	Asked       bool            `json:"asked"`
	Complete    bool            `json:"complete"`
	Format      media.Format    `json:"format"`
	Size        int64           `json:"size"`
	Before      string          `json:"before"` // SHA-256 of the file as it came, in hexadecimal
	After       string          `json:"after,omitempty"`
	Stored      int64           `json:"stored,omitempty"`
	Action      Action          `json:"action"`
	Place       label.Place     `json:"place,omitempty"`
	Number      string          `json:"number,omitempty"` // the platform's content number
	Findings    []colophon.Code `json:"findings,omitempty"`
	Blob        string          `json:"blob,omitempty"` // reference of the file with its elements, while it is kept
	Until       time.Time       `json:"until,omitzero"`
	Scan        string          `json:"scan,omitempty"`
	Deliveries  int             `json:"deliveries,omitempty"`
	// Recall is what the look for refutations came to: seen is certain, could not tell is for people to look at. It is empty
	// where nobody looked.
	Recall Outcome `json:"recall,omitempty"`
	Rule   Rule    `json:"rule,omitempty"` // by which the same content was dealt with; empty for other content
}

// Detail is what is sealed with an entry: what a file says of itself may name people.
type Detail struct {
	Reasons  []Reason      `json:"reasons"`
	Findings []Note        `json:"findings,omitempty"`
	Fields   *label.Fields `json:"fields,omitempty"` // as they stand now
	Sidecar  string        `json:"sidecar,omitempty"`
	Recalls  []Recall      `json:"recalls,omitempty"` // what was refuted about it or about what it is like, the surest first
}

// Entry is a file that was taken in. Its state is a [State].
type Entry = ledger.Entry[Taken]

// Upload is what a platform says of a file that it hands in.
type Upload struct {
	Account     string // the platform's own identifier of the uploader; empty for none
	Name        string // a file name, for formats that are known by it; it is not kept
	Declaration Declaration
	Asked       bool         // whether the uploader was asked to declare (Art. 6 (4))
	Number      string       // the platform's content number; empty for one that is drawn
	Sidecar     media.Source // the label file that came along; nil for none
	// Keep has the file with its elements kept for a while, so that it can be fetched.
	Keep bool
	// Deliver, where it is not nil, hands the file over before it is recorded.
	Deliver func(*Result) error

	scan, once string // of a scan: its identifier, and what names the object within it
}

func (u *Upload) check() string {
	switch u.Declaration {
	case "":
		u.Declaration = Silent
	case Generated, NotGenerated, Silent:
	default:
		return "declaration"
	}
	if u.Number != "" && (&label.Fields{Label: label.Possible, ContentProducer: "x", ProduceID: u.Number, ContentPropagator: "x", PropagateID: u.Number}).Check() != nil {
		return "number"
	}
	return ""
}
