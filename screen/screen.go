// Package screen judges what goes into a model and what comes out of it (Deep Synthesis Art. 10): it collects everything
// that the checks find, and then decides once.
//
// [Engine] is the worker. How a judgement comes about:
//
//   - media.go looks into files: digests, picture hashes, and the text that a reader or a transcriber makes of them;
//   - text.go holds all text against the feature library; conversation.go keeps the end of what was said before, so that a
//     keyword spread over messages is found; news.go tells news that names its source from news that does not (Art. 6 ¶2);
//   - classify.go asks the classifiers, side by side and with a deadline;
//   - judge.go makes facts of all findings and has the policy decide; record.go commits what came of it.
//
// A [Stream] does the same for an answer that comes in pieces, and says how much of it may leave: stream.go follows the
// library, lane.go each classifier.
//
// Each check leaves a [Run]: it ran, it did not, it failed, or it was passed over. Whatever did not run is an unknown fact
// for each category that the check answers for, and a part that nothing looked at is unknown in all of them. So nothing
// passes by omission: the policy says what is done about the unknown, and the record says that it did.
//
// What not to do here: never decide in a check, and never stop at the first hit. Never let text or an excerpt into an error,
// a log, a fact or a leaf: it may stand in the sealed payload of the record, where it can be erased. Never answer before
// the journal has the judgement.
package screen

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// Surface says from where content comes.
type Surface string

// The surfaces.
const (
	Input  Surface = "input"  // what somebody asks of a function
	Output Surface = "output" // what a function made
	Upload Surface = "upload" // a file that somebody brings
)

// Item is what is judged as one.
type Item struct {
	Subject      evidence.Subject // pseudonym of the account; evidence.System for nobody's
	Surface      Surface
	Class        string // of the account, as in the policy; may be empty
	Service      string
	Function     string
	About        string // what is judged, such as a content number, by which the record is found again; may be empty
	Conversation string // the caller's name of the conversation, empty where the item stands alone
	Parts        []Part
	Context      []Part // what was said before: shown to classifiers, not judged again
}

// Part is a piece of an item: text, or a file.
type Part struct {
	Name  string // where it stands, such as messages.3.content
	By    string // who speaks. Parts of one speaker are read on from each other; empty is one speaker
	Text  string
	Media *Media // nil for text
}

// Media is a file. The source must be readable until the judgement is there.
type Media struct {
	Format media.Format // as the caller knows it; may be unknown
	Name   string       // a file name, for formats that are known by it
	Source media.Source
}

// Finding is one thing that a check saw. Places count from the beginning of the part; ends are exclusive.
type Finding struct {
	Check    string           `json:"check"`             // keyword, rule, pattern, digest, picture, person, source-unit, classifier:NAME
	Feature  string           `json:"feature,omitempty"` // of the library; a classifier's own name for what it saw
	Category library.Category `json:"category"`
	Level    keyword.Level    `json:"-"`
	How      string           `json:"how,omitempty"` // of a keyword: plain, sound, loose, or spread over messages; of news: sourced
	Part     string           `json:"part"`
	Start    int64            `json:"start"`
	End      int64            `json:"end"` // equal to Start where the finding has no place
	// RuneStart is negative in what is found across messages: so many runes before this part.
	RuneStart int64   `json:"rune_start"`
	RuneEnd   int64   `json:"rune_end"`
	Runes     int     `json:"runes,omitempty"`    // length of the feature
	Score     float64 `json:"score,omitempty"`    // from a classifier, 0 to 1
	Distance  int     `json:"distance,omitempty"` // from a picture of the library, in bits
}

// Outcome says whether a check was made. The zero value is none, so that nothing counts as made by omission.
type Outcome string

// The outcomes.
const (
	Ran      Outcome = "ran"
	NotRun   Outcome = "not-run"
	Failure  Outcome = "error"
	Bypassed Outcome = "bypassed" // somebody, or a circuit breaker, passed it over
)

// Run is what became of one check.
type Run struct {
	Check   string             `json:"check"`
	Part    string             `json:"part,omitempty"` // empty for all parts that it reads
	Outcome Outcome            `json:"outcome"`
	Version string             `json:"version,omitempty"`
	Model   string             `json:"model,omitempty"`
	Covers  []library.Category `json:"covers,omitempty"` // what is unknown where it did not run
	Reason  colophon.Code      `json:"reason,omitempty"` // why it did not run
	Took    time.Duration      `json:"took"`             // nanoseconds
	Cached  bool               `json:"cached,omitempty"`
	Err     error              `json:"-"` // the cause of a failure, for the log
}

// Judgement is what was found and decided.
type Judgement struct {
	ID       string // of the evidence record, too
	At       time.Time
	Action   policy.Action
	Verdict  colophon.Verdict // Passed only where all that had to run did and nothing was limited, held or refused
	Findings []Finding
	Runs     []Run
	Facts    []policy.Fact // what the policy was asked about
	Decision policy.Decision
	Library  string // version
	Policy   string // version
	Clauses  []colophon.Clause
	Stream   *Streamed // nil where the item was judged as a whole
}

// Question is what a classifier is asked.
type Question struct {
	Surface  Surface
	Service  string
	Function string
	Context  []Part // what was said before; not to be judged
	Parts    []Part // what is asked about
	Partial  bool   // Parts are a window of a longer text
}

// Answer is what a classifier says. Outcome MUST be set: an answer without it counts as a failure.
type Answer struct {
	Outcome  Outcome
	Reason   colophon.Code // why it did not run or was bypassed
	Findings []Finding     // Check is filled in by the engine
	Model    string
	Version  string
	Cached   bool
	Upto     int64 // of a Session: for how many bytes from the beginning the answer holds
}

// Classifier is a check outside of this process. It MUST keep to the context's deadline, MUST be safe for use by many
// goroutines, and MUST NOT put text into errors.
type Classifier interface {
	Name() string
	// Covers lists the categories that it answers for.
	Covers() []library.Category
	Classify(ctx context.Context, q Question) (Answer, error)
}

// MediaClassifier is a classifier that reads files too. Others are asked about text alone.
type MediaClassifier interface {
	Classifier
	Reads(f media.Format) bool
}

// SurfaceClassifier is a classifier that is not for every surface. It is not asked about others.
type SurfaceClassifier interface {
	Classifier
	Judges(s Surface) bool
}

// StreamClassifier is a classifier that reads a text as it comes.
type StreamClassifier interface {
	Classifier
	Open(ctx context.Context, q Question) (Session, error)
}

// Session is one text that a StreamClassifier reads. It is used by one goroutine at a time. Findings count from the
// beginning of the text; each is told once.
type Session interface {
	// Append hands over what follows and says for how much of the text the answer holds.
	Append(ctx context.Context, text string) (Answer, error)
	// Close ends the text. The answer MUST hold for all of it. It MUST be called once, also after an error.
	Close(ctx context.Context) (Answer, error)
}

// TextReader reads the text in a picture.
type TextReader interface {
	ReadText(ctx context.Context, m Media) (string, error)
}

// Transcriber writes down what is said in a sound.
type Transcriber interface {
	Transcribe(ctx context.Context, m Media) (string, error)
}

// Journal keeps judgements.
type Journal interface {
	// Opened commits the record of a stream before anything of it leaves.
	Opened(ctx context.Context, rec evidence.Record) error
	// Judged commits a judgement with its record, both or neither. It MUST return an error that wraps policy.ErrForgotten when the
	// data key of the record's subject was erased, so that the record must be made anew.
	Judged(ctx context.Context, rec evidence.Record, j policy.Judged) error
}
