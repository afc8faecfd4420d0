// Package production is the one line that every produced item goes through before it leaves: it is entered, stamped, read
// back, stored and recorded, and each handing over of it is recorded before its first byte. Doors (the API, and whatever
// stands before a model) bring bytes to the [Line] and get an artefact; nothing that was not read back leaves by it.
//
// A [Binder] takes what was recorded back out of the store: the proof of each record, and the bundle that an inspector
// checks with no network.
//
// What not to do here: never hand out bytes that are not those whose marks were read back. Never let an account's own
// identifier reach a record, an artefact or an error; it becomes a pseudonym first. Never answer before the network log
// has the operation. Never take a store that did not answer for an item that does not exist.
package production

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/stamp"
)

// Codes of errors.
const (
	CodeEmpty    colophon.Code = "production-empty"         // there are no bytes
	CodeTooLarge colophon.Code = "production-too-large"     // arg "limit", in bytes
	CodeOwn      colophon.Code = "account-own"              // the account is one of the program's own
	CodeAccount  colophon.Code = "production-account"       // the account's identifier is missing or too long
	CodeFormat   colophon.Code = "production-format"        // the format is not known, so nothing can be marked
	CodeNotReady colophon.Code = "production-not-ready"     // arg "state": there are no marked bytes to hand over
	CodeNotKept  colophon.Code = "production-not-kept"      // the marked bytes are not kept any more
	CodePending  colophon.Code = "production-proof-pending" // the record is committed and not in the log yet
	CodeNoSide   colophon.Code = "production-no-sidecar"    // the item carries its label itself
	CodeStrange  colophon.Code = "production-label-strange" // it bears a label with our code that our keys did not seal
	CodeRefused  colophon.Code = "production-refused"       // a person, or the policy, refused it
	// CodeLikenSlow says why an item has no likeness.
	CodeLikenSlow colophon.Code = "production-likeness-slow"
	CodeFailed    colophon.Code = "production-failed"       // a fault of ours; the log of the server says more
	CodeSample    colophon.Code = "production-sample-count" // arg "most"
)

// MaxAccount is the longest identifier of an account, in bytes.
const MaxAccount = 256

// Own reports whether an account is one of those for which the program itself asks: its probes and assessment runs. What they make
// is left out where is counted what people do, so nobody else may ask for them. What is tried out in the console is the provider's
// own work, and counted.
func Own(account string) bool {
	return account == "colophon-assessment" || account == "colophon-probe" || strings.HasPrefix(account, "colophon-probe-")
}

// Accounts gives an account of the provider its pseudonym.
type Accounts interface {
	// Subject returns the pseudonym of an account by the provider's own identifier of it. One that is new is drawn at
	// random, and kept with a record.
	Subject(ctx context.Context, account string) (evidence.Subject, error)
}

// NetworkLog is the log that the law asks for: who did what, when, from where.
type NetworkLog interface {
	// Log returns when the entry is durable.
	Log(ctx context.Context, subject evidence.Subject, operation string, by By) error
}

// File is a stored file, opened. ReadAt may be called concurrently.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
}

// Blobs keeps bytes under references.
type Blobs interface {
	// Put returns when the bytes are durable, with their reference.
	Put(ctx context.Context, r io.Reader) (ref string, err error)
	// Open opens what Put stored. It MUST fail where the bytes are not those that were put.
	Open(ctx context.Context, ref string) (File, error)
	// PutSealed and OpenSealed are the same under a key of 32 bytes that is used for one file.
	PutSealed(ctx context.Context, r io.Reader, key []byte) (ref string, err error)
	OpenSealed(ctx context.Context, ref string, key []byte) (File, error)
	// Delete frees what a reference stands for. One that is gone already is no error.
	Delete(ctx context.Context, ref string) error
}

// Temporary is a file without a name that is gone once it is closed.
type Temporary interface {
	io.Writer
	io.Closer
	// Source reads what was written. Nothing is written after it was called, and it is good until Close.
	Source() media.Source
}

// Unsealer opens what the recorder sealed for a subject.
type Unsealer interface {
	Unseal(s evidence.Sealed, use string) ([]byte, error)
}

// By is who asks for something, and from where.
type By struct {
	Role   evidence.Role  // "application" for API keys, else the role in which a person acts
	ID     string         // of the API key or of the staff account
	Source netip.AddrPort // port 0 where a proxy does not tell it
	Client string         // features of the client as it tells them; at most 512 bytes are kept
}

// Application is the role of API keys.
const Application evidence.Role = "application"

// Order says what is to be made of bytes that a function produced.
type Order struct {
	// Number, where it is given, makes the order one that is done once: if an item with it was entered from the same bytes,
	// that item is brought to its end and returned. Whoever gives it MUST make sure that no other order gets it.
	Number   artefact.Number
	Function stamp.Function
	Account  string // the provider's own identifier of the account that the content was made for
	Parents  []artefact.Number
	Name     string // a file name, for formats that are known by it; it is not kept
	Notice   notice.Options
	Use      Use
}

// Config is what a Line is made of. All fields are required but Unmarked, KeepOriginals, Key, Seals, Admit, Deliver, Judge,
// Likeness, Outgoing, Watermarks and Turned.
type Config struct {
	Register *artefact.Register
	Recorder *evidence.Recorder
	Keys     Unsealer
	Press    *stamp.Press
	// Unmarked is a press whose owner allows content without the notice, for copies that somebody asked for (Labelling
	// Measures Art. 9); nil where none are made.
	Unmarked *stamp.Press
	Accounts Accounts
	Network  NetworkLog
	Blobs    Blobs
	Spool    func() (Temporary, error)
	Rand     io.Reader
	Producer string            // provider's code or name in labels
	Key      *label.SigningKey // seals the labels; nil for none
	Seals    []label.PublicKey // check the seals of labels that come back
	// KeepOriginals is for how long the item as it was before the notice is kept, sealed; 0 for not at all.
	KeepOriginals time.Duration
	// MaxSize is the largest item in bytes.
	MaxSize int64
	// AtOnce is how many items Produce marks at the same time; 0 for one. A picture takes as much memory as its pixels. Jobs
	// are bounded by their queue.
	AtOnce int
	// BreakSignatures has signed content (C2PA, PDF) marked although that breaks the signature. Without it such content is
	// refused where the notice is a must.
	BreakSignatures bool
	// Admit says whether an item may be published for its account, before it is judged and entered, and again before a job
	// marks it; nil where nobody does. An error of kind Refused refuses the item. The context that it returns is that of the
	// work, and ends with a cause of kind Refused when the work is stopped.
	Admit func(ctx context.Context, a Asked) (work context.Context, done func(), err error)
	// Deliver says whether an item may be handed out now; nil where nobody does.
	Deliver func(ctx context.Context, a artefact.Artefact) error
	// Judge judges what came in before it is marked; nil where nobody does. An error of kind Refused refuses the item: of
	// one that Produce got nothing is kept but what the judge recorded, one that Accept got becomes a failed one.
	Judge func(ctx context.Context, q Question) (Answer, error)
	// Likeness makes the perceptual hashes by which a picture or a video is found again (artefact.Register.Alike); nil where
	// nobody does. It is asked of the item as it came in and as it leaves, and may be at both at the same time. An error
	// keeps no item from being marked: the item then has no likeness, and the error's code says why.
	Likeness func(ctx context.Context, f media.Format, src media.Source) ([]byte, error)
	// Outgoing holds an item against what was refuted before it may leave; nil where nobody does. An error keeps the item from
	// leaving. Unlooked says why it was not looked for, or not all of it, and stands with the marks.
	Outgoing func(ctx context.Context, o Outgoing) (unlooked colophon.Code, err error)
	// Watermarks finds watermarks in files that come back; nil where nobody does.
	Watermarks stamp.Watermarker
	// Turned makes the hashes of a picture as it is once it is turned and mirrored in the seven other ways; nil where nobody
	// does.
	Turned func(ctx context.Context, src media.Source) ([]byte, error)
}

// Examination is what was found out about a file that somebody sent in.
type Examination struct {
	Size   int64
	Digest artefact.Digest
	Report *label.Report
	// Known are artefacts whose content number the file's label bears, or whose bytes it is.
	Known []artefact.Artefact
	// Identical says whether the file is, byte for byte, what was handed out: Passed; what was made before it was marked,
	// or an altered copy: Failed; nothing that is known here: Unknown.
	Identical colophon.Verdict
}

// Content is an item on its way out.
type Content struct {
	File
	Artefact artefact.Artefact
	Delivery artefact.Delivery
}

// Marks is the document of marks of an artefact: what was read back from the marked bytes.
type Marks struct {
	Label   LabelMark  `json:"label"`
	Notice  NoticeMark `json:"notice"`
	Sidecar string     `json:"sidecar,omitempty"` // the label file, where the format can't hold the label
	// Watermark and Credential are nil where none was asked for.
	Watermark  *WatermarkMark  `json:"watermark,omitempty"`
	Credential *CredentialMark `json:"credential,omitempty"`
	Policy     PolicyMark      `json:"policy"`
	History    []LabelMark     `json:"history,omitempty"` // labels that the item carried when it came
	// Unlooked says why the item was not held against what was refuted, or not in all respects; empty where it was.
	Unlooked colophon.Code `json:"unlooked,omitempty"`
	// Copy is the order by which it was made without the notice; see [Line.Copy]. Empty for what is no such copy.
	Copy string `json:"copy,omitempty"`
}

// LabelMark is a label as it was read.
type LabelMark struct {
	Action string       `json:"action,omitempty"`
	Place  media.Place  `json:"place"`
	Fields label.Fields `json:"fields"`
}

// NoticeMark is a notice as it was measured.
type NoticeMark struct {
	State    stamp.State `json:"state"`
	Words    string      `json:"words,omitempty"`
	Place    string      `json:"place,omitempty"`
	Method   string      `json:"method,omitempty"`
	Ink      float64     `json:"ink,omitempty"`      // part of the shortest side
	Contrast float64     `json:"contrast,omitempty"` // ratio
	Seconds  float64     `json:"seconds,omitempty"`
	Around   string      `json:"around,omitempty"`
}

// WatermarkMark is a watermark as it was found in the marked bytes.
type WatermarkMark struct {
	State   stamp.State   `json:"state"`
	Reason  colophon.Code `json:"reason,omitempty"`  // why there is none
	Payload string        `json:"payload,omitempty"` // in hexadecimal
	// Strength is how far the mark lies below the content: PSNR of a picture and of video, SNR of sound, in dB.
	Strength float64 `json:"strength,omitempty"`
	Score    float64 `json:"score,omitempty"` // how far it stands above chance, in deviations
}

// CredentialMark is a content credential as it was validated in the marked bytes.
type CredentialMark struct {
	State    stamp.State   `json:"state"`
	Reason   colophon.Code `json:"reason,omitempty"`   // why there is none
	Manifest string        `json:"manifest,omitempty"` // label of the active manifest
	Signer   string        `json:"signer,omitempty"`   // SHA-256 of the certificate, in hexadecimal
	Stamped  bool          `json:"stamped,omitempty"`  // with the time of an authority
}

// PolicyMark says by which rule the marks were chosen.
type PolicyMark struct {
	Function stamp.Function    `json:"function"`
	Clauses  []colophon.Clause `json:"clauses"`
	// Use says by which registered function the item was made, and how many people it shows; nil where neither was told.
	Use *Use `json:"use,omitempty"`
}
