package consent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Steps of a cascade, in order. Each may be done twice with the effect of once.
const (
	StepBlock       = "block"       // nothing new is made: done with the change of state itself
	StepTokens      = "tokens"      // live tokens are revoked
	StepOutputs     = "outputs"     // what was made is counted, by content number
	StepReferences  = "references"  // references, the recording and evidence of kin are deleted
	StepDerived     = "derived"     // so are models and avatars made of them
	StepNotify      = "notify"      // the requester and whoever holds outputs are told
	StepCertificate = "certificate" // once all others are done
)

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	StepPending StepState = "pending"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed" // it is tried again
)

// May reports whether a step may go from one state to another.
func (s StepState) May(to StepState) bool {
	return s != StepDone && (to == StepDone || to == StepFailed)
}

// Step is one step of a cascade.
type Step struct {
	Name  string        `json:"name"`
	State StepState     `json:"state"`
	At    time.Time     `json:"at,omitzero"`
	Tries int           `json:"tries,omitempty"`
	Count int           `json:"count,omitempty"` // how many tokens, items, blobs or accounts it was done for
	Code  colophon.Code `json:"code,omitempty"`  // why it failed
}

// Codes of what is left after a cascade.
const (
	ResidueBackups     colophon.Code = "residue-backups"     // backups and dumps, until they are rotated
	ResidueRecords     colophon.Code = "residue-records"     // records that prove what was chosen
	ResidueOutputs     colophon.Code = "residue-outputs"     // items that were made before, kept here
	ResidueCopies      colophon.Code = "residue-copies"      // copies that were handed out
	ResidueReferences  colophon.Code = "residue-references"  // references whose bytes lie with the provider
	ResidueDerived     colophon.Code = "residue-derived"     // models and avatars
	ResidueUndelivered colophon.Code = "residue-undelivered" // accounts that could not be told
)

// CodeStepFailed says that a step of a cascade failed; the log of the server says more.
const CodeStepFailed colophon.Code = "consent-cascade-failed"

// Residue is something that a cascade leaves. A count of -1 means that nobody here knows how many.
type Residue struct {
	Code  colophon.Code `json:"code"`
	Count int           `json:"count"`
}

// Cascade is what follows when a consent is over.
type Cascade struct {
	Began       time.Time `json:"began"`
	Steps       []Step    `json:"steps"`
	Residue     []Residue `json:"residue,omitempty"`
	Done        time.Time `json:"done,omitzero"`
	Certificate string    `json:"certificate,omitempty"` // signed note; see [OpenCertificate]
}

func newCascade(now time.Time) *Cascade {
	c := &Cascade{Began: now}
	for _, name := range []string{StepBlock, StepTokens, StepOutputs, StepReferences, StepDerived, StepNotify, StepCertificate} {
		c.Steps = append(c.Steps, Step{Name: name, State: StepPending})
	}
	c.Steps[0].State, c.Steps[0].At = StepDone, now
	return c
}

// Output is an item that was made here.
type Output struct {
	Number, Function string
	At               time.Time
	Kept             bool // its bytes are here
}

// Copies say to whom an item was handed over.
type Copies struct {
	Handed   int
	Accounts []evidence.Subject // those of them that are accounts
}

// Outputs finds what was made here.
type Outputs interface {
	// Made returns the item with a content number, or with a SHA-256 in hexadecimal digits; false for none.
	Made(ctx context.Context, number, sha256 string) (Output, bool, error)
	Copies(ctx context.Context, number string) (Copies, error)
}

// Derived deletes what was made of references: models, voices, avatars. Left is how much it could not delete.
type Derived interface {
	Delete(ctx context.Context, consent string) (deleted, left int, err error)
}

// Message tells an account that a consent is over.
type Message struct {
	ID      string // the same for the same message, since it may be sent twice
	Account evidence.Subject
	Consent string
	State   State
	Numbers []string // items that the account has
}

// Notifier delivers messages. An error means that it was not delivered.
type Notifier interface {
	Notify(ctx context.Context, m Message) error
}

// notifyTries is how often delivery is tried before the certificate says that it failed.
const notifyTries = 5

// system is who acts where a job does.
func system() ledger.By { return ledger.By{Role: roleSystem} }

// Tick does what is due: it ends what expired and goes on with cascades. It is called now and then, on any node. One consent
// that fails keeps no other waiting.
func (l *Ledger) Tick(ctx context.Context) error {
	var failed []error
	now := l.book.Now()
	err := l.book.All(ctx, ledger.Query{Due: now}, func(e Entry) error {
		if err := l.tend(ctx, e); err != nil {
			failed = append(failed, err)
		}
		return ctx.Err()
	})
	failed = append(failed, err, l.tokens.All(ctx, ledger.Query{Due: now}, func(t TokenEntry) error {
		if TokenState(t.State) == Live {
			var err error
			if t, err = l.endToken(ctx, system(), t.ID, TokenExpired); err != nil {
				failed = append(failed, err)
				return ctx.Err()
			}
		}
		if err := l.giveBack(ctx, system(), t); err != nil {
			failed = append(failed, err)
		}
		return ctx.Err()
	}))
	return errors.Join(failed...)
}

// tend does what is due with one consent.
func (l *Ledger) tend(ctx context.Context, e Entry) error {
	if e.Value.Cascade != nil {
		return l.Resume(ctx, e.ID)
	}
	over := State(e.State).Over()
	e, err := l.change(ctx, e.ID, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if e.Due.IsZero() || e.Due.After(l.book.Now()) || e.Value.Cascade != nil {
			return ledger.Act{}, ledger.ErrSame
		}
		if over { // expired, and nobody renewed it
			e.Value.Cascade, e.Due = newCascade(l.book.Now()), l.book.Now()
			return l.act(RecordStep, system(), *e, &payload{Step: &e.Value.Cascade.Steps[0]}), nil
		}
		given := State(e.State) == Given
		if err := l.to(e, Expired, "expired", system(), ""); err != nil {
			return ledger.Act{}, err
		}
		e.Due, e.Value.Challenge = l.book.Now(), nil
		if given {
			e.Due = l.due(*e)
		}
		return l.act(RecordExpired, system(), *e, nil), nil
	})
	if err == nil && e.Value.Cascade != nil {
		err = l.Resume(ctx, e.ID)
	}
	return err
}

// Resume goes on with the cascade of a consent. What is done stays done; a step that fails keeps back the certificate alone.
func (l *Ledger) Resume(ctx context.Context, id string) error {
	e, err := l.book.Get(ctx, id)
	if err != nil || e.Value.Cascade == nil || !e.Value.Cascade.Done.IsZero() {
		return err
	}
	var failed []error
	for i := range e.Value.Cascade.Steps {
		s := e.Value.Cascade.Steps[i]
		if s.State == StepDone || s.Name == StepCertificate && len(failed) > 0 {
			continue
		}
		done, doing := l.perform(ctx, e, s)
		if doing != nil {
			failed = append(failed, doing)
		}
		if e, err = l.stepped(ctx, id, i, done, doing); err != nil {
			return errors.Join(append(failed, err)...)
		}
	}
	return errors.Join(failed...)
}

// effect is what performing a step came to.
type effect struct {
	count       int
	residue     []Residue
	certificate string
}

func (l *Ledger) perform(ctx context.Context, e Entry, s Step) (effect, error) {
	switch s.Name {
	case StepTokens:
		return l.revokeAll(ctx, e.ID)
	case StepOutputs:
		return l.countOutputs(ctx, e.ID)
	case StepReferences:
		return l.deleteMedia(ctx, e)
	case StepDerived:
		return l.deleteDerived(ctx, e)
	case StepNotify:
		return l.tell(ctx, e, s.Tries+1 >= notifyTries)
	case StepCertificate:
		text, err := l.certify(e)
		return effect{count: 1, certificate: text}, err
	}
	return effect{}, nil
}

// stepped writes down what came of a step.
func (l *Ledger) stepped(ctx context.Context, id string, i int, done effect, failed error) (Entry, error) {
	return l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		c := *e.Value.Cascade
		c.Steps, c.Residue = slices.Clone(c.Steps), slices.Clone(c.Residue)
		s := &c.Steps[i]
		to := map[bool]StepState{true: StepDone, false: StepFailed}[failed == nil]
		if !s.State.May(to) { // another node was faster
			return ledger.Act{}, ledger.ErrSame
		}
		s.State, s.At, s.Tries, s.Count, s.Code = to, l.book.Now(), s.Tries+1, done.count, ""
		e.Value.Cascade = &c
		typ := RecordStep
		if failed != nil {
			s.Code, e.Due = CodeStepFailed, l.book.Now().Add(min(time.Minute<<min(s.Tries, 10), 6*time.Hour))
			return l.act(typ, system(), *e, &payload{Step: s}), nil
		}
		c.Residue = append(c.Residue, done.residue...)
		var digests map[string]string
		switch s.Name {
		case StepReferences:
			l.forget(e, p)
		case StepCertificate:
			digests = map[string]string{"certificate": sha(done.certificate)}
			c.Done, c.Certificate, e.Due, typ = l.book.Now(), done.certificate, time.Time{}, RecordCertificate
		}
		return l.act(typ, system(), *e, &payload{Step: s, Residue: done.residue, Digests: digests}), nil
	})
}

func (l *Ledger) revokeAll(ctx context.Context, consent string) (done effect, err error) {
	err = l.tokens.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyConsent, Value: consent}}}, func(t TokenEntry) error {
		if TokenState(t.State) != Live {
			return nil
		}
		done.count++
		_, err := l.Revoke(ctx, system(), t.ID)
		return err
	})
	return done, err
}

// numbers calls fn with the content number of each use.
func (l *Ledger) numbers(ctx context.Context, consent string, fn func(number string) error) error {
	return l.tokens.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyConsent, Value: consent}}}, func(t TokenEntry) error {
		for _, s := range t.Value.Spends {
			if err := fn(s.Number); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *Ledger) countOutputs(ctx context.Context, consent string) (effect, error) {
	made, kept, handed := 0, 0, 0
	err := l.numbers(ctx, consent, func(number string) error {
		out, there, err := l.Outputs.Made(ctx, number, "")
		if err != nil {
			return err
		}
		made++
		if there && out.Kept {
			kept++
		}
		copies, err := l.Outputs.Copies(ctx, number)
		handed += copies.Handed
		return err
	})
	return effect{count: made, residue: []Residue{{ResidueOutputs, kept}, {ResidueCopies, handed}}}, err
}

// deleteMedia deletes what is kept of the person. References that lie with the provider are told to be left.
func (l *Ledger) deleteMedia(ctx context.Context, e Entry) (done effect, err error) {
	away := 0
	for _, ref := range append(e.Value.blobs(), "") {
		if ref == "" {
			continue
		}
		done.count++
		err = errors.Join(err, l.Media.Delete(ctx, ref))
	}
	for _, r := range e.Value.References {
		if r.Blob == "" {
			away++
		}
	}
	if away > 0 {
		done.residue = append(done.residue, Residue{ResidueReferences, away})
	}
	return done, err
}

// blobs are the sealed bytes of a consent that are not gone.
func (v Likeness) blobs() (list []string) {
	for _, r := range v.References {
		if r.Blob != "" && r.Gone.IsZero() {
			list = append(list, r.Blob)
		}
	}
	if v.Capture != nil && v.Capture.Gone.IsZero() {
		list = append(list, v.Capture.Blob)
	}
	if v.Relation != nil && v.Relation.Blob != "" {
		list = append(list, v.Relation.Blob)
	}
	return list
}

// forget takes away what led to bytes that are gone. Digests stay in what is sealed, as the proof of what was agreed about;
// perceptual hashes, which lead to a face, go.
func (l *Ledger) forget(e *Entry, p *Particulars) {
	now := l.book.Now()
	for i := range e.Value.References {
		if e.Value.References[i].Blob != "" {
			e.Value.References[i].Gone = now
		}
	}
	p.Assets = cloned(p.Assets)
	for id, k := range p.Assets {
		p.Assets[id] = Kept{SHA256: k.SHA256}
	}
	if c := e.Value.Capture; c != nil {
		gone := *c
		gone.Gone = now
		e.Value.Capture = &gone
	}
	if p.Recording != nil {
		p.Recording = &Kept{SHA256: p.Recording.SHA256}
	}
	if p.Relation != nil {
		p.Relation = &Kept{SHA256: p.Relation.SHA256}
	}
	if r := e.Value.Relation; r != nil {
		gone := *r
		gone.Blob = ""
		e.Value.Relation = &gone
	}
	p.Phrase, p.Nonce, p.Spoken = "", "", ""
	dropKeys(e, keyBlob, "")
	if !slices.ContainsFunc(e.Value.References, func(r Reference) bool { return r.Modality == Face && r.Gone.IsZero() }) {
		dropKeys(e, keyFace, "")
	}
}

func (l *Ledger) deleteDerived(ctx context.Context, e Entry) (effect, error) {
	if l.Derived == nil {
		return effect{residue: []Residue{{ResidueDerived, -1}}}, nil
	}
	deleted, left, err := l.Derived.Delete(ctx, e.ID)
	done := effect{count: deleted}
	if left > 0 {
		done.residue = []Residue{{ResidueDerived, left}}
	}
	return done, err
}

// tell notifies the requester, and whoever got an item. The last time, who could not be told is counted as what is left.
func (l *Ledger) tell(ctx context.Context, e Entry, last bool) (effect, error) {
	holders := map[evidence.Subject][]string{e.Value.Requester: nil}
	err := l.numbers(ctx, e.ID, func(number string) error {
		copies, err := l.Outputs.Copies(ctx, number)
		for _, account := range copies.Accounts {
			holders[account] = append(holders[account], number)
		}
		return err
	})
	if err != nil {
		return effect{}, err
	}
	told, missed := 0, []error{}
	for account, numbers := range holders {
		err := errors.ErrUnsupported
		if l.Notifier != nil {
			err = l.Notifier.Notify(ctx, Message{ID: e.ID + "/" + string(account), Account: account, Consent: e.ID, State: State(e.State), Numbers: numbers})
		}
		if err != nil {
			missed = append(missed, err)
			continue
		}
		told++
	}
	done := effect{count: told}
	if len(missed) == 0 {
		return done, nil
	}
	if l.Notifier != nil && !last {
		return done, errors.Join(missed...)
	}
	done.residue = []Residue{{ResidueUndelivered, len(missed)}}
	return done, nil
}
