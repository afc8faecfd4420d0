package consent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors. Their arguments name no person.
const (
	CodeInvalid   colophon.Code = "consent-invalid"   // arg "field"
	CodeMissing   colophon.Code = "consent-missing"   // there is no such consent
	CodeStep      colophon.Code = "consent-step"      // args "from", "to": the state machine has no such step
	CodeErased    colophon.Code = "consent-erased"    // what leads to the person was erased
	CodeGrantor   colophon.Code = "consent-grantor"   // somebody else has to decide for such a person
	CodeNotice    colophon.Code = "consent-notice"    // the answer is not to the notice that was last shown
	CodeWider     colophon.Code = "consent-wider"     // arg "field": more than was asked
	CodePrompt    colophon.Code = "consent-prompt"    // the user has not acknowledged the prompt of Art. 14
	CodeChallenge colophon.Code = "consent-challenge" // no phrase waits, or its time is over, or it was another
	CodeTooLarge  colophon.Code = "consent-too-large" // arg "limit", in bytes
	CodeAssets    colophon.Code = "consent-assets"    // there are too many references
	CodeUnproven  colophon.Code = "consent-unproven"  // the verification is not of this person, or could not be looked up
	CodeMatch     colophon.Code = "consent-match"     // the recording and the references do not fit
	CodeNoMatch   colophon.Code = "consent-no-match"  // nothing here compares recordings, or it failed
	CodeCode      colophon.Code = "consent-code"      // no consent has this receipt code
)

// Records of what becomes of a consent.
const (
	RecordRequested   evidence.Type = "consent.requested"
	RecordShown       evidence.Type = "consent.shown"
	RecordChallenged  evidence.Type = "consent.challenged"
	RecordRecorded    evidence.Type = "consent.recorded"
	RecordMatched     evidence.Type = "consent.matched" // compared, whatever came of it
	RecordVerified    evidence.Type = "consent.verified"
	RecordGiven       evidence.Type = "consent.given"
	RecordNarrowed    evidence.Type = "consent.narrowed"
	RecordRefused     evidence.Type = "consent.refused"
	RecordRenewed     evidence.Type = "consent.renewed"
	RecordWithdrawn   evidence.Type = "consent.withdrawn"
	RecordExpired     evidence.Type = "consent.expired"
	RecordDisputed    evidence.Type = "consent.disputed"
	RecordSettled     evidence.Type = "consent.settled" // a dispute that was not well founded
	RecordInvalidated evidence.Type = "consent.invalidated"
	RecordReference   evidence.Type = "consent.reference"
	RecordRelation    evidence.Type = "consent.relation"
	RecordConfirmed   evidence.Type = "consent.relation-decided"
	RecordRead        evidence.Type = "consent.read"
	RecordReceipt     evidence.Type = "consent.receipt"
	RecordStep        evidence.Type = "consent.cascade-step"
	RecordCertificate evidence.Type = "consent.certificate"
	RecordLookUp      evidence.Type = "consent.looked-up"
	RecordMinted      evidence.Type = "consent.token-minted"
	RecordSpent       evidence.Type = "consent.token-spent"
	RecordUnspent     evidence.Type = "consent.token-unspent" // a use that was counted while the consent ended, or beside one that was refused
	RecordTokenEnded  evidence.Type = "consent.token-ended"
	RecordTaken       evidence.Type = "consent.uses-taken" // by a token
	RecordReturned    evidence.Type = "consent.uses-returned"
)

// Prompts says whether a user was told to inform the person and to obtain the separate consent (Art. 14).
type Prompts interface {
	Acknowledged(ctx context.Context, account evidence.Subject, function string) (bool, error)
}

// Identities says whether a verification proves who a subject is.
type Identities interface {
	Proven(ctx context.Context, verification string, subject evidence.Subject) (bool, error)
}

// Config is what a [Ledger] needs. The interfaces that may be nil say what then does not happen; nothing passes for want of
// them.
type Config struct {
	Consents ledger.Store[Likeness]
	Tokens   ledger.Store[Token]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Secret   []byte      // 32 bytes, of the deployment
	Random   io.Reader   // cryptographic; safe for concurrent use
	Signer   note.Signer // signs receipts and certificates
	Provider string      // the provider's name, as notices and receipts say it
	Contact  string      // where the provider is reached
	Media    Media
	Outputs  Outputs // what was made here

	Prompts    Prompts    // nil: no reference is accepted
	Identities Identities // nil: nothing becomes verified
	Matcher    Matcher    // nil: nothing becomes matched
	Thresholds Thresholds // of the matcher
	Derived    Derived    // deletes models and avatars; nil: the certificate says that nobody did
	Notifier   Notifier   // nil: the certificate says that nobody was told

	Answer time.Duration // how long a subject may take to answer; 0 for 30 days
	Grace  time.Duration // how long the references of an expired consent stay; 0 for 30 days
	// MaxMedia is the largest recording or reference, in bytes; 0 for 256 MiB.
	MaxMedia int64
}

// Ledger is the worker of this package. It is safe for concurrent use.
type Ledger struct {
	Config
	book   ledger.Book[Likeness]
	tokens ledger.Book[Token]
}

// New makes a ledger.
func New(c Config) (*Ledger, error) {
	if c.Consents == nil || c.Tokens == nil || c.Recorder == nil || c.Keys == nil || c.Random == nil || c.Signer == nil || c.Media == nil || c.Outputs == nil || len(c.Secret) != sha256.Size || c.Provider == "" {
		return nil, errors.New("a ledger of consents needs stores, a recorder, keys, randomness, a signer, media, outputs, the provider's name and a secret of 32 bytes")
	}
	const month = 30 * 24 * time.Hour
	if c.Answer <= 0 {
		c.Answer = month
	}
	if c.Grace <= 0 {
		c.Grace = month
	}
	if c.MaxMedia <= 0 {
		c.MaxMedia = 256 << 20
	}
	return &Ledger{c, ledger.Book[Likeness]{Store: c.Consents, Recorder: c.Recorder, Keys: c.Keys, Use: "consent/", Missing: CodeMissing},
		ledger.Book[Token]{Store: c.Tokens, Recorder: c.Recorder, Keys: c.Keys, Use: "consent-token/", Missing: CodeToken}}, nil
}

// Names of keys under which entries are found.
const (
	keyAccount = "account" // pseudonym of the requester
	keyReceipt = "receipt" // keyed digest of the receipt code
	keyAsset   = "asset"   // keyed digest of a reference's bytes
	keyBlob    = "blob"    // reference of sealed bytes that are needed
	keyFace    = "face"    // "stored" where a face reference is
	keyConsent = "consent" // of tokens
	keyDigest  = "token"   // keyed digest of a token
	keyNumber  = "number"  // content number that a use was for
)

// digest is the keyed digest of something for one use.
func (l *Ledger) digest(use, text string) string {
	mac := hmac.New(sha256.New, l.Secret)
	mac.Write([]byte(use + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Consent returns a consent.
func (l *Ledger) Consent(ctx context.Context, id string) (Entry, error) { return l.book.Get(ctx, id) }

// Query says which consents are wanted.
type Query struct {
	Requester evidence.Subject
	Subject   evidence.Subject
	States    []State
	After     string
	Limit     int
}

// Consents returns a page of consents, the newest first, and where the next one begins; empty after the last.
func (l *Ledger) Consents(ctx context.Context, q Query) ([]Entry, string, error) {
	find := ledger.Query{Subject: q.Subject, After: q.After, Limit: q.Limit, Newest: true}
	if q.Requester != "" {
		find.Keys = []ledger.Key{{Name: keyAccount, Value: string(q.Requester)}}
	}
	for _, s := range q.States {
		find.States = append(find.States, string(s))
	}
	return l.book.Page(ctx, find)
}

// Particulars opens what leads to people, for somebody of the staff, after that was recorded.
func (l *Ledger) Particulars(ctx context.Context, by ledger.By, id string) (Particulars, error) {
	var p Particulars
	_, err := l.change(ctx, id, func(e *Entry, sealed *Particulars) (ledger.Act, error) {
		p = *sealed
		return l.act(RecordRead, by, *e, nil), nil
	})
	p.Phrase, p.Nonce = "", ""
	return p, err
}

// Faces counts the subjects of whom references of a face are stored, here or with the provider.
func (l *Ledger) Faces(ctx context.Context) (int, error) {
	subjects := map[evidence.Subject]bool{}
	err := l.book.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyFace, Value: "stored"}}}, func(e Entry) error {
		subjects[e.Subject] = true
		return nil
	})
	return len(subjects), err
}

// Referenced reports whether a consent needs the bytes of a blob.
func (l *Ledger) Referenced(ctx context.Context, ref string) (bool, error) {
	n, err := l.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: ref}}})
	return n > 0, err
}

// payload is what the records say. Fields that say nothing are left out.
type payload struct {
	Consent  string            `json:"consent"`
	State    string            `json:"state"`
	Level    Level             `json:"level"`
	By       string            `json:"by,omitempty"`
	Reason   colophon.Code     `json:"reason,omitempty"`
	Note     string            `json:"note,omitempty"`
	Terms    *Terms            `json:"terms,omitempty"`
	Shown    *Shown            `json:"notice,omitempty"`
	Capture  *Capture          `json:"capture,omitempty"`
	Relation *Relation         `json:"relation,omitempty"`
	Digests  map[string]string `json:"digests,omitempty"` // SHA-256 by what they are of
	Token    string            `json:"token,omitempty"`
	Scope    *Use              `json:"scope,omitempty"`
	Uses     int               `json:"uses,omitempty"`
	Number   string            `json:"number,omitempty"`
	Step     *Step             `json:"step,omitempty"`
	Residue  []Residue         `json:"residue,omitempty"`
}

// act is the record of a change; more fills in what the type of record says beside the rest.
func (l *Ledger) act(typ evidence.Type, by ledger.By, e Entry, more *payload) ledger.Act {
	p := payload{}
	if more != nil {
		p = *more
	}
	p.Consent, p.State, p.Level, p.By = e.ID, e.State, e.Value.Level, by.ID
	clauses := e.Value.Person.clauses()
	if typ == RecordWithdrawn || typ == RecordStep || typ == RecordCertificate {
		clauses = append(clauses, colophon.ClausePIPL15, colophon.ClausePIPL47)
	}
	if typ == RecordShown {
		clauses = append(clauses, colophon.ClausePIPL30)
	}
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses, Payload: p}
}

// change changes a consent together with what is sealed in it. What is sealed and can't be read any more comes empty, and is
// left as it is.
func (l *Ledger) change(ctx context.Context, id string, fn func(e *Entry, p *Particulars) (ledger.Act, error)) (Entry, error) {
	return l.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		var p Particulars
		readable, err := l.book.Open(*e, &p)
		if err != nil {
			return ledger.Act{}, err
		}
		e.Value.Events, e.Value.References, e.Keys = slices.Clone(e.Value.Events), slices.Clone(e.Value.References), slices.Clone(e.Keys)
		if readable {
			if act, err := fn(e, &p); err != nil {
				return act, err
			} else {
				return act, l.book.Secret(e, p)
			}
		}
		return fn(e, &p)
	})
}

// to brings a consent into a state and writes the event down.
func (l *Ledger) to(e *Entry, s State, kind string, by ledger.By, reason colophon.Code) error {
	if err := step(State(e.State), s); err != nil {
		return err
	}
	e.State = string(s)
	l.event(e, kind, by, reason)
	return nil
}

func (l *Ledger) event(e *Entry, kind string, by ledger.By, reason colophon.Code) {
	e.Value.Events = append(e.Value.Events, Event{kind, l.book.Now(), by.Role, by.ID, reason, e.Value.Level})
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func refuse(kind colophon.Kind, code colophon.Code, clauses ...colophon.Clause) error {
	return &colophon.Error{Kind: kind, Code: code, Clauses: clauses}
}

// word reports whether a text is a word: letters, digits, and marks between them.
func word(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}
