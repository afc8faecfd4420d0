package consent

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// waits is how long a phrase may wait for its reading.
const waits = 10 * time.Minute

// Challenge is a phrase that the subject reads to the camera or microphone. It was made for this consent and is good once.
type Challenge struct {
	Phrase   string
	Nonce    string // comes back with the recording
	Language string
	Until    time.Time
}

// Challenged says that a phrase waits. The phrase is sealed.
type Challenged struct {
	Until time.Time `json:"until"`
}

// Capture says of a recording how it was checked. What was said and by whom is sealed.
type Capture struct {
	At         time.Time     `json:"at"`
	Blob       string        `json:"blob"`
	Size       int64         `json:"size"`
	Fit        Fit           `json:"fit"` // whether it fits phrase and references
	Code       colophon.Code `json:"code,omitempty"`
	Compared   time.Time     `json:"compared,omitzero"`
	Verifier   string        `json:"verifier,omitempty"` // name and version of the adapter
	Scores     *Scores       `json:"scores,omitempty"`
	Thresholds *Thresholds   `json:"thresholds,omitempty"`
	Gone       time.Time     `json:"gone,omitzero"`
}

// Fit says whether a recording fits the phrase and the references.
type Fit string

// The answers.
const (
	FitUnknown Fit = "unknown" // nobody could tell
	Fits       Fit = "fits"
	Differs    Fit = "differs"
)

// Scores are what an adapter measured, from 0 to 1; nil is what it did not measure.
type Scores struct {
	Speech *float64 `json:"speech,omitempty"` // what is said is the phrase
	Face   *float64 `json:"face,omitempty"`   // the face is that of the references
	Voice  *float64 `json:"voice,omitempty"`
	Live   *float64 `json:"live,omitempty"` // a living person, not a picture or a replay
}

// Thresholds are the scores from which something counts as fitting. Liveness is not asked for where it is zero; without one of
// the others nothing fits that needs it.
type Thresholds struct {
	Speech float64 `json:"speech"`
	Face   float64 `json:"face"`
	Voice  float64 `json:"voice"`
	Live   float64 `json:"live"`
}

// Sample is what an adapter compares.
type Sample struct {
	Phrase, Language string
	Modality         []Modality
	Recording        io.Reader
	References       []SampleReference
}

// SampleReference is one reference of a sample.
type SampleReference struct {
	Modality Modality
	Open     func(context.Context) (io.ReadCloser, error)
}

// Comparison is the answer of an adapter.
type Comparison struct {
	Scores
	Transcript string // it is sealed
	Verifier   string // name and version
}

// Matcher compares a recording with a phrase and references. An error means that it could not.
type Matcher interface {
	Match(ctx context.Context, s Sample) (Comparison, error)
}

//go:embed notice/phrases.json
var phraseFile []byte

// Challenge draws a phrase for a subject who has the notice, in the language of the notice. It ends the one before.
func (l *Ledger) Challenge(ctx context.Context, by ledger.By, id string) (Challenge, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return Challenge{}, err
	}
	c := Challenge{Language: e.Value.Language, Until: l.book.Now().Add(waits)}
	if c.Phrase, c.Nonce, err = l.phrase(c.Language); err != nil {
		return Challenge{}, err
	}
	_, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := mayRecord(*e); err != nil {
			return ledger.Act{}, err
		}
		p.Phrase, p.Nonce, e.Value.Challenge = c.Phrase, c.Nonce, &Challenged{c.Until}
		return l.act(RecordChallenged, by, *e, nil), nil
	})
	if err != nil {
		return Challenge{}, err
	}
	return c, nil
}

// phrase draws words and a number, so that nobody can have a recording of them ready, and a nonce.
func (l *Ledger) phrase(language string) (phrase, nonce string, err error) {
	var lists map[string]struct {
		Begin, Join string
		Words       []string
	}
	if err := json.Unmarshal(phraseFile, &lists); err != nil {
		return "", "", err
	}
	raw := make([]byte, 8+16)
	if _, err := io.ReadFull(l.Random, raw); err != nil {
		return "", "", err
	}
	list := lists[language]
	var words, digits []string
	for i := range 4 {
		words = append(words, list.Words[int(raw[i])%len(list.Words)])
		digits = append(digits, string('0'+rune(raw[4+i]%10)))
	}
	return list.Begin + strings.Join(words, list.Join) + list.Join + strings.Join(digits, " "), hex.EncodeToString(raw[8:]), nil
}

// mayRecord refuses a recording of somebody who has not seen the notice, or of what can't be sealed. What others claim gets no
// better proven by it: the person has to answer first.
func mayRecord(e Entry) error {
	if e.Kept != ledger.Whole {
		return refuse(colophon.Conflict, CodeErased)
	}
	if s := State(e.State); s != Noticed && s != Given || e.Value.Notice == nil || s == Given && lastGiven(e).Kind == "claimed" {
		return refuse(colophon.Conflict, CodeNotice, colophon.ClausePIPL30)
	}
	return nil
}

// Take is a recording that a browser made.
type Take struct {
	Nonce  string
	Device string // what the browser says of itself; it is sealed
	Body   io.Reader
}

// Record takes a recording of the subject reading the phrase, and has it compared where something here can do that.
func (l *Ledger) Record(ctx context.Context, by ledger.By, id string, t Take) (Entry, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return e, err
	}
	if err := l.waitsFor(e, t); err != nil {
		return e, err
	}
	kept, blob, size, err := l.keep(ctx, t.Body)
	if err != nil {
		return e, err
	}
	e, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := l.waitsFor(*e, t); err != nil {
			return ledger.Act{}, err
		}
		if subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(p.Nonce)) != 1 {
			return ledger.Act{}, refuse(colophon.Refused, CodeChallenge)
		}
		if had := e.Value.Capture; had != nil {
			dropKeys(e, keyBlob, had.Blob) // nobody needs the one before, so it is swept
		}
		p.Nonce, p.Recording, p.Device, p.Spoken, e.Value.Challenge = "", &kept, t.Device, "", nil
		e.Value.Capture = &Capture{At: l.book.Now(), Blob: blob, Size: size, Fit: FitUnknown, Code: CodeNoMatch}
		addKey(e, ledger.Key{Name: keyBlob, Value: blob})
		if e.Value.Level.May(Recorded) {
			e.Value.Level, e.Value.Identity = Recorded, ""
		}
		l.event(e, "recorded", by, "")
		return l.act(RecordRecorded, by, *e, &payload{Capture: e.Value.Capture, Digests: map[string]string{"recording": kept.SHA256}}), nil
	})
	if err != nil {
		return e, errors.Join(err, l.Media.Delete(context.WithoutCancel(ctx), blob))
	}
	if l.Matcher == nil {
		return e, nil
	}
	return l.Match(ctx, system(), id)
}

// waitsFor refuses a recording for which no phrase waits.
func (l *Ledger) waitsFor(e Entry, t Take) error {
	if err := mayRecord(e); err != nil {
		return err
	}
	if len(t.Device) > maxWhy || !utf8.ValidString(t.Device) {
		return invalid("device")
	}
	if c := e.Value.Challenge; c == nil || !c.Until.After(l.book.Now()) || t.Nonce == "" {
		return refuse(colophon.Refused, CodeChallenge)
	}
	return nil
}

// Match has the recording compared again. What the adapter says decides whether the level rises or falls; where it fails,
// the level stays and the capture says that nobody could tell.
func (l *Ledger) Match(ctx context.Context, by ledger.By, id string) (Entry, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return e, err
	}
	var p Particulars
	there, err := l.book.Open(e, &p)
	if err != nil {
		return e, err
	}
	if !there || l.Matcher == nil || e.Value.Capture == nil || p.Recording == nil || p.Recording.Key == nil {
		return e, refuse(colophon.Conflict, CodeNoMatch)
	}
	compared, wrong := l.compare(ctx, e, p)
	fit, code := FitUnknown, CodeNoMatch
	if wrong == nil {
		fit, code = l.Thresholds.judge(e.Value, compared.Scores)
	}
	blob, references := e.Value.Capture.Blob, len(e.Value.References)
	away := slices.ContainsFunc(e.Value.References, func(r Reference) bool { return r.Blob == "" })
	e, err = l.change(ctx, id, func(e *Entry, p *Particulars) (ledger.Act, error) {
		if err := mayRecord(*e); err != nil {
			return ledger.Act{}, err
		}
		if e.Value.Capture == nil || e.Value.Capture.Blob != blob {
			return ledger.Act{}, ledger.ErrSame // a newer recording is there, which is compared for itself
		}
		if fit == Fits && (away || len(e.Value.References) != references) { // there is one that it was not compared with
			fit, code = FitUnknown, CodeNoMatch
		}
		c := *e.Value.Capture
		c.Fit, c.Code, c.Compared, c.Verifier, c.Thresholds = fit, code, l.book.Now(), compared.Verifier, &l.Thresholds
		if wrong == nil {
			c.Scores, p.Spoken = &compared.Scores, compared.Transcript
		}
		e.Value.Capture = &c
		switch {
		case fit == Fits && e.Value.Level < Matched && e.Value.Level.May(Matched):
			e.Value.Level = Matched
		case fit == Differs && e.Value.Level.May(Claimed):
			e.Value.Level, e.Value.Identity = Claimed, ""
		}
		l.event(e, "matched", by, code)
		return l.act(RecordMatched, by, *e, &payload{Capture: &c, Reason: code}), nil
	})
	return e, err
}

func (l *Ledger) compare(ctx context.Context, e Entry, p Particulars) (Comparison, error) {
	s := Sample{Phrase: p.Phrase, Language: e.Value.Language, Modality: e.Value.Asked.Modality}
	for _, r := range e.Value.References {
		if k := p.Assets[r.ID]; r.Blob != "" && r.Gone.IsZero() && k.Key != nil {
			s.References = append(s.References, SampleReference{r.Modality, func(ctx context.Context) (io.ReadCloser, error) { return l.Media.OpenSealed(ctx, r.Blob, k.Key) }})
		}
	}
	recording, err := l.Media.OpenSealed(ctx, e.Value.Capture.Blob, p.Recording.Key)
	if err != nil {
		return Comparison{}, err
	}
	defer recording.Close()
	s.Recording = recording
	c, err := l.Matcher.Match(ctx, s)
	for _, score := range []**float64{&c.Speech, &c.Face, &c.Voice, &c.Live} {
		if *score != nil && !(**score >= 0 && **score <= 1) { // not a number is not a measurement
			*score = nil
		}
	}
	return c, err
}

// judge holds scores against the thresholds. What must be compared follows from the modalities that are asked: a face from
// that, a voice from that; the phrase always.
func (t Thresholds) judge(v Likeness, s Scores) (Fit, colophon.Code) {
	type need struct {
		score *float64
		least float64
	}
	needs := []need{{s.Speech, t.Speech}}
	for _, m := range v.Asked.Modality {
		switch m {
		case Face, Body:
			needs = append(needs, need{s.Face, t.Face})
		case Voice:
			needs = append(needs, need{s.Voice, t.Voice})
		}
	}
	if t.Live > 0 {
		needs = append(needs, need{s.Live, t.Live})
	}
	fit, code := Fits, colophon.Code("")
	for _, n := range needs {
		switch {
		case n.score != nil && *n.score < n.least:
			return Differs, CodeMatch
		case n.score == nil || n.least <= 0:
			fit, code = FitUnknown, CodeNoMatch
		}
	}
	return fit, code
}

// Verify says by which verification the subject's identity is known. The level becomes verified where it is matched.
func (l *Ledger) Verify(ctx context.Context, by ledger.By, id, verification string) (Entry, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return e, err
	}
	proven := false
	if l.Identities != nil && word(verification) {
		if proven, err = l.Identities.Proven(ctx, verification, e.Subject); err != nil {
			return e, err
		}
	}
	if !proven {
		return e, refuse(colophon.Refused, CodeUnproven)
	}
	return l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if s := State(e.State); s != Noticed && s != Given || !e.Value.Level.May(Verified) {
			return ledger.Act{}, stuck(e.Value.Level.String(), Verified.String())
		}
		e.Value.Level, e.Value.Identity = Verified, verification
		l.event(e, "verified", by, "")
		return l.act(RecordVerified, by, *e, nil), nil
	})
}
