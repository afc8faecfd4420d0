package consent

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Limits of what is asked.
const (
	MaxReferences = 64
	maxWords      = 64
	maxName       = 100  // runes
	maxWhy        = 1000 // runes
	maxNote       = 8 << 10
	maxUses       = 1_000_000
)

// longest is the longest validity of a consent. One for ever is none.
const longest = 5 * 366 * 24 * time.Hour

// Request asks for somebody's consent.
type Request struct {
	Requester evidence.Subject // account that asks
	// Subject is the pseudonym of a person who was asked before, or of the requester's account, who asks for its own likeness;
	// empty for somebody new.
	Subject  evidence.Subject
	Person   Person
	Language string // zh or en
	Terms    Terms
	// RequesterName is who asks, Why what for, both as the notice says them.
	RequesterName, Why string
	SubjectName        string
	Contact            string // where the requester reaches the person; may be empty
}

func (r *Request) check(now time.Time) error {
	if r.Terms.From.IsZero() {
		r.Terms.From = now
	}
	r.Terms.From, r.Terms.Until = r.Terms.From.UTC().Truncate(time.Millisecond), r.Terms.Until.UTC().Truncate(time.Millisecond)
	switch {
	case r.Requester == "" || r.Requester == evidence.System:
		return invalid("account")
	case r.Subject == evidence.System || r.Subject != "" && !word(string(r.Subject)):
		return invalid("subject")
	case !slices.Contains(Persons(), r.Person):
		return invalid("person")
	case r.Language != "zh" && r.Language != "en":
		return invalid("language")
	case !line(r.RequesterName, maxName) || r.RequesterName == "":
		return invalid("requester_name")
	case !line(r.Why, maxWhy) || r.Why == "":
		return invalid("why")
	case !line(r.SubjectName, maxName):
		return invalid("subject_name")
	case !line(r.Contact, maxWhy):
		return invalid("contact")
	}
	return r.Terms.check(now)
}

// check is for terms that come from outside.
func (t Terms) check(now time.Time) error {
	switch {
	case len(t.Modality) == 0 || !among(t.Modality, Modalities()):
		return invalid("modality")
	case !word(t.Purpose):
		return invalid("purpose")
	case !t.Until.After(now) || !t.Until.After(t.From) || t.Until.Sub(now) > longest:
		return invalid("until")
	case t.Uses < 0 || t.Uses > maxUses:
		return invalid("uses")
	}
	for _, l := range t.lists() {
		if len(l.words) > maxWords || slices.ContainsFunc(l.words, func(s string) bool { return !word(s) }) {
			return invalid(l.name)
		}
	}
	return nil
}

type words struct {
	name  string
	words []string
}

// lists are the lists of terms that limit a use, and what is forbidden last.
func (t Terms) lists() []words {
	return []words{{"functions", t.Functions}, {"scenes", t.Scenes}, {"channels", t.Channels}, {"languages", t.Languages}, {"territory", t.Territory}, {"forbidden", t.Forbidden}}
}

// wider names the first thing of which other terms allow more than these, or nothing.
func (t Terms) wider(given Terms) string {
	switch {
	case !among(given.Modality, t.Modality):
		return "modality"
	case given.Purpose != t.Purpose:
		return "purpose"
	case given.Train && !t.Train:
		return "train"
	case given.From.Before(t.From):
		return "from"
	case given.Until.After(t.Until):
		return "until"
	case t.Uses > 0 && (given.Uses == 0 || given.Uses > t.Uses):
		return "uses"
	}
	asked, narrowed := t.lists(), given.lists()
	last := len(asked) - 1
	for i := range last {
		if len(asked[i].words) > 0 && (len(narrowed[i].words) == 0 || !among(narrowed[i].words, asked[i].words)) {
			return asked[i].name
		}
	}
	if !among(asked[last].words, narrowed[last].words) {
		return asked[last].name
	}
	return ""
}

// among reports whether each of some is one of all.
func among[T comparable](some, all []T) bool {
	return !slices.ContainsFunc(some, func(v T) bool { return !slices.Contains(all, v) })
}

// line reports whether a text is one line that can be shown to a person as it is.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Request asks for a consent. The person is told by whoever has the contact; the page shows what is asked.
func (l *Ledger) Request(ctx context.Context, by ledger.By, r Request) (Entry, error) {
	now := l.book.Now()
	if err := r.check(now); err != nil {
		return Entry{}, err
	}
	if r.Subject == "" {
		id, err := l.Recorder.NewID()
		if err != nil {
			return Entry{}, err
		}
		r.Subject = evidence.Subject(id)
	}
	id, err := l.Recorder.NewID()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{ID: id, Subject: r.Subject, State: string(Requested), Due: now.Add(l.Answer), Keys: []ledger.Key{{Name: keyAccount, Value: string(r.Requester)}},
		Value: Likeness{Requester: r.Requester, Person: r.Person, Grantor: r.Person.grantor(), Language: r.Language, Asked: r.Terms, Terms: r.Terms}}
	l.event(&e, "requested", by, "")
	act := l.act(RecordRequested, by, e, &payload{Terms: &r.Terms})
	return l.book.Add(ctx, e, Particulars{Subject: r.SubjectName, Contact: r.Contact, Requester: r.RequesterName, Why: r.Why, Assets: map[string]Kept{}}, act)
}

// Asset is a reference that a requester brings. Without a body its bytes lie with the provider, who says their digest.
type Asset struct {
	Modality   Modality
	Function   string // for which it is brought
	SHA256     string // hex; needed without a body, and checked with one
	Perceptual string // perceptual hash, hex; may be empty
	Body       io.Reader
}

// AddReference takes a reference, once the requester was told what Art. 14 asks of a user. A recording that fitted the others is
// compared anew.
func (l *Ledger) AddReference(ctx context.Context, by ledger.By, id string, a Asset) (Entry, Reference, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return e, Reference{}, err
	}
	if err := l.mayRefer(ctx, e, a); err != nil {
		return e, Reference{}, err
	}
	ref := Reference{Modality: a.Modality, At: l.book.Now()}
	kept := Kept{SHA256: a.SHA256, Perceptual: a.Perceptual}
	if ref.ID, err = l.Recorder.NewID(); err != nil {
		return e, ref, err
	}
	if a.Body != nil {
		if kept, ref.Blob, ref.Size, err = l.keep(ctx, a.Body); err != nil {
			return e, ref, err
		}
		if kept.Perceptual = a.Perceptual; a.SHA256 != "" && a.SHA256 != kept.SHA256 {
			return e, ref, errors.Join(invalid("sha256"), l.Media.Delete(ctx, ref.Blob))
		}
	}
	again := false
	e, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if e.Kept != ledger.Whole {
			return ledger.Act{}, refuse(colophon.Conflict, CodeErased)
		}
		if err := open(*e); err != nil {
			return ledger.Act{}, err
		}
		if len(e.Value.References) >= MaxReferences {
			return ledger.Act{}, refuse(colophon.Refused, CodeAssets)
		}
		p.Assets = cloned(p.Assets)
		p.Assets[ref.ID] = kept
		e.Value.References = append(e.Value.References, ref)
		addKey(e, ledger.Key{Name: keyAsset, Value: l.digest(keyAsset, kept.SHA256), Personal: true})
		if ref.Blob != "" {
			addKey(e, ledger.Key{Name: keyBlob, Value: ref.Blob})
		}
		if ref.Modality == Face {
			addKey(e, ledger.Key{Name: keyFace, Value: "stored"})
		}
		if again = e.Value.Level > Recorded; again { // the recording was not compared with this one
			c := *e.Value.Capture
			c.Fit, c.Code = FitUnknown, CodeNoMatch
			e.Value.Level, e.Value.Identity, e.Value.Capture = Recorded, "", &c
		}
		l.event(e, "reference", by, "")
		return l.act(RecordReference, by, *e, &payload{Digests: map[string]string{ref.ID: kept.SHA256}}), nil
	})
	if err != nil && ref.Blob != "" {
		err = errors.Join(err, l.Media.Delete(context.WithoutCancel(ctx), ref.Blob))
	}
	if err == nil && again && l.Matcher != nil {
		e, err = l.Match(ctx, system(), id)
	}
	return e, ref, err
}

// mayRefer refuses a reference that may not be taken.
func (l *Ledger) mayRefer(ctx context.Context, e Entry, a Asset) error {
	switch {
	case !slices.Contains(e.Value.Asked.Modality, a.Modality) || a.Modality == Name:
		return invalid("modality")
	case !word(a.Function) || len(e.Value.Asked.Functions) > 0 && !slices.Contains(e.Value.Asked.Functions, a.Function):
		return invalid("function")
	case (a.SHA256 != "" || a.Body == nil) && !hexOf(a.SHA256, 32):
		return invalid("sha256")
	case a.Perceptual != "" && !hexOf(a.Perceptual, 32):
		return invalid("perceptual")
	}
	if err := open(e); err != nil {
		return err
	}
	told := false
	if l.Prompts != nil {
		var err error
		if told, err = l.Prompts.Acknowledged(ctx, e.Value.Requester, a.Function); err != nil {
			return err
		}
	}
	if !told {
		return refuse(colophon.Refused, CodePrompt, colophon.ClauseDS14)
	}
	return nil
}

// open refuses to add to a consent that is over or disputed.
func open(e Entry) error {
	if s := State(e.State); s.Over() || s == Disputed {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeState, Args: colophon.Args{"state": e.State}}
	}
	return nil
}

func addKey(e *Entry, k ledger.Key) {
	if !slices.ContainsFunc(e.Keys, func(had ledger.Key) bool { return had.Name == k.Name && had.Value == k.Value }) {
		e.Keys = append(e.Keys, k)
	}
}

func dropKeys(e *Entry, name, value string) {
	e.Keys = slices.DeleteFunc(e.Keys, func(k ledger.Key) bool { return k.Name == name && (value == "" || k.Value == value) })
}
