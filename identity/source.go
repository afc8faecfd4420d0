package identity

import (
	"context"
	"time"
)

// Facts say what a source can do.
type Facts struct {
	Name    string   // lower-case letters, digits and hyphens, once in a deployment
	Level   Level    // the highest that a match gives; what a claim must hold follows from it
	Methods []Method // what it can verify
	Face    bool     // it compares a face, which is never the only way (Facial Recognition Measures Art. 10)
	Learns  bool     // of a [Later]: it finds out by itself who somebody is, so that a claim may be empty
}

// Source answers now whether a claim is true.
type Source interface {
	Facts() Facts
	// Check asks. It MUST return an error, or [SourceError], for whatever is not an answer of the source that it understood
	// wholly: both are the same to the caller, and neither changes what an account is worth. No error may hold what the claim
	// holds. It MUST end when ctx does.
	Check(ctx context.Context, c Claim) (Answer, error)
}

// Later answers after a person, or somebody else, did something: typed a code that was sent, signed in elsewhere, looked into
// a camera.
type Later interface {
	Facts() Facts
	// Begin has the person asked: it sends a code, or returns an address to go to. An error means that nobody was asked.
	Begin(ctx context.Context, s Start) (Begun, error)
	// Complete judges what came back. It gets State as Begin returned it. With a code it is called at most once at a time for a
	// verification, and [Waiting] says that this was not the code: the registrar counts the tries. Without one Waiting says that
	// nothing came of it yet. An error leaves the verification as it was, so that it can be completed again. Everything in a
	// Response comes from outside: whether it is genuine is for Complete to find out.
	Complete(ctx context.Context, w Begun, r Response) (Answer, error)
}

// Start is what a [Later] begins with.
type Start struct {
	ID     string // of the verification; it leads call-backs and redirects back, and is no secret
	Claim  Claim  // what is known of the person; may be empty for a source that finds out by itself
	Return string // where a browser is to be sent back to; empty where there is none
	Locale string // "zh" or "en", for what the person reads
}

// Begun is what came of beginning.
type Begun struct {
	URL       string    `json:"url,omitempty"`       // where the person goes; empty where a code was sent
	Sent      string    `json:"sent,omitempty"`      // to where a code was sent, masked; empty where there is a URL
	Reference string    `json:"reference,omitempty"` // of the source
	State     []byte    `json:"state,omitempty"`     // what Complete needs again; sealed until then, shown to nobody
	Until     time.Time `json:"until"`               // when it is too late to complete; zero for the registrar's own period
}

// Response is what came back.
type Response struct {
	Code   string              // what the person typed
	Query  map[string][]string // of the address that a browser came back with
	Header map[string][]string // of a call-back, in canonical form
	Body   []byte              // of a call-back
}

// Answer is what a source says.
type Answer struct {
	Result      Result // Match, Mismatch, NoRecord, SourceError; Waiting by a Later alone
	Level       Level  // what a match is worth; None for that of Facts; never above it
	Transaction string // identifier at the source, of letters, digits and ._:/- ; anything else is left out
	CodeRaw     string // code that the source answered with; the same
	Minor       Minor  // where the source knows; what a number says goes before
	Consent     string // reference of the consent to compare a face
	Learned     Claim  // what the source found out about the person beyond the claim; may be empty
}
