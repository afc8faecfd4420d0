package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
)

// Types of records.
const (
	RecordOpened   evidence.Type = "gateway.opened"   // of a stream, before its first byte
	RecordProgress evidence.Type = "gateway.progress" // how much of the open streams of a node was delivered
	RecordEnded    evidence.Type = "gateway.ended"    // of a stream: why, what was delivered and what was withheld
	RecordLost     evidence.Type = "gateway.lost"     // a stream whose node died: at least so much was delivered
)

// ErrForgotten says that the data key of the record's subject was erased, so that the record must be made anew.
var ErrForgotten = errors.New("gateway: the subject's key was erased")

// Open is a stream that has not ended, as the store keeps it.
type Open struct {
	Number    artefact.Number
	Subject   evidence.Subject
	Opened    time.Time
	Marked    time.Time // when its node last gave a sign of it
	Delivered int64     // bytes of text that had been handed over then
	Mark      string    // the record that says so; empty for none
}

// Progress is how much of a stream was delivered.
type Progress struct {
	Number    artefact.Number
	Delivered int64
}

// Streams keeps the streams that are open. A method that takes a record MUST commit it together with its change or neither,
// and MUST return an error that wraps [ErrForgotten] when the record's data key was erased. Times are whole milliseconds in UTC.
type Streams interface {
	// Open enters a stream.
	Open(ctx context.Context, rec evidence.Record, o Open) error
	// Progress keeps how much was delivered of streams, at the time of the record. One that is not open any more is left out.
	Progress(ctx context.Context, rec evidence.Record, list []Progress) error
	// End takes a stream out. One that is not there, since it was taken for lost, is no error: the record says what became of it.
	End(ctx context.Context, rec evidence.Record, n artefact.Number) error
	// Lose takes out a stream that was not marked since. It reports whether it was there; else nothing is committed.
	Lose(ctx context.Context, rec evidence.Record, o Open) (bool, error)
	// Overdue returns streams that were last marked before a time, the oldest first.
	Overdue(ctx context.Context, before time.Time, limit int) ([]Open, error)
}

// Codes of errors.
const (
	CodeModel    colophon.Code = "gateway-model"       // nobody here serves it
	CodeEndpoint colophon.Code = "gateway-endpoint"    // the model is not for it
	CodeAccount  colophon.Code = "gateway-account"     // nobody said for which account the answer is made
	CodeInput    colophon.Code = "gateway-input"       // what was asked was refused by screening
	CodeHeld     colophon.Code = "gateway-input-held"  // arg "held": a person has to look at what was asked
	CodeOutput   colophon.Code = "gateway-output"      // what the model said was refused by screening
	CodeReview   colophon.Code = "gateway-output-held" // arg "held": a person has to look at what the model said
	CodeMedia    colophon.Code = "gateway-media"       // arg "path": a medium that nothing here can take
	CodeLimit    colophon.Code = "gateway-limit"       // arg "limit", in bytes, pieces or time
	CodeAnswer   colophon.Code = "gateway-answer"      // the model's answer is not what the endpoint gives
	CodeFailed   colophon.Code = "gateway-failed"      // a fault of ours
	CodeUntold   colophon.Code = "gateway-unconfirmed" // for too long nobody could tell whether the call may still go on
	CodeUnkept   colophon.Code = "gateway-unrecorded"  // what proves the answer could not be kept, so there is none
	CodeShutdown colophon.Code = "gateway-shutdown"    // the server ends
	CodeBusy     colophon.Code = "gateway-busy"        // the streams of this node keep too much text in memory
	CodeNoStream colophon.Code = "gateway-stream"      // arg "endpoint": there are no streams of it
)
