// Package checker tells somebody who holds a file what the file says about itself: whether it is marked as AI-generated, by
// whom, and how sure that is. The program colophon-check is this package in a browser, so that no file leaves the device.
//
// It looks for what the command `colophon read` and the intake look for, with the same readers: implicit labels and their
// seals, the terms of IPTC's vocabulary, content credentials, and the words of a notice where the file is text or a document.
// Each look has one of three outcomes: seen, not seen, could not tell. The answer follows from them alone.
//
// What not to do here: never call a file real. That no mark was found says nothing about how it was made, and every sentence
// says so. Never count a look that failed, or was not made, as one that found nothing. No guessing from pixels or style: their
// hash is made for the register, which tells by it what looks like a refuted picture, and no answer here follows from it. No
// network, no files: bytes come in, words go out.
package checker

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice/page"
	"github.com/colophon-project/colophon/notice/prose"
)

// Answer is what a check comes to.
type Answer string

// The answers.
const (
	// Marked means that the file says that it was generated.
	Marked Answer = "marked"
	// Broken means that there is a mark, and it breaks a rule of its own, or was changed.
	Broken Answer = "broken"
	// Possible means that the file says, or shows by a trace, that it may have been generated.
	Possible Answer = "possible"
	// None means that the whole file was read and no mark was found. It does not mean that the file is real.
	None Answer = "none"
	// Untold means that the file could not be read to its end, and no mark was found before that.
	Untold Answer = "untold"
)

// Answers lists them.
func Answers() []Answer { return []Answer{Marked, Broken, Possible, None, Untold} }

// Outcome is what one look came to.
type Outcome string

// The outcomes.
const (
	Seen    Outcome = "seen"
	NotSeen Outcome = "not-seen"
	// CouldNotTell means that nobody looked, or that the look failed.
	CouldNotTell Outcome = "could-not-tell"
)

// Outcomes lists them.
func Outcomes() []Outcome { return []Outcome{Seen, NotSeen, CouldNotTell} }

// Report is what a file says about itself, in sentences of one language.
type Report struct {
	Answer   Answer   `json:"answer"`
	Title    string   `json:"title"`    // the answer in a sentence
	Sure     string   `json:"sure"`     // how sure it is, and what it does not mean
	Format   string   `json:"format"`   // empty for one that is not recognised
	Size     int64    `json:"size"`     // bytes
	Digest   string   `json:"digest"`   // SHA-256 in hexadecimal; empty where the file could not be read
	Hash     string   `json:"hash"`     // PDQ of a picture in hexadecimal; empty where there is none that is worth anything
	Number   string   `json:"number"`   // content number of the label that decided; empty without one
	Producer string   `json:"producer"` // who generated it, as the label says
	Looks    []Look   `json:"looks"`
	Notes    []string `json:"notes"` // what else is to be said of the file
}

// Look is one thing that was looked for.
type Look struct {
	Name    string   `json:"name"`
	Outcome Outcome  `json:"outcome"`
	Told    string   `json:"told"`  // the outcome in words
	Where   string   `json:"where"` // empty where nothing was seen
	Offset  int64    `json:"offset"`
	Sure    string   `json:"sure"` // how sure it is
	Facts   []Fact   `json:"facts"`
	Notes   []string `json:"notes"`

	kind string
}

// Fact is one thing that a mark says.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Options are what a check may use beside the file.
type Options struct {
	Name    string            // of the file
	Pinned  []label.PublicKey // of providers whose keys are known
	Sidecar media.Source      // the label file beside the file; nil for none
	// Code and Provider are this place's own provider code and name, so that its marks are called by a name that people know.
	Code, Provider string
	Progress       func(done int64) // told how many bytes were read; nil for nobody
}

// check is one check at work.
type check struct {
	Options
	say    *locale.Printer
	report *label.Report
	terms  label.Terms
	out    Report
}

// Check reads a file and tells what it says about itself. It never fails: what can't be read could not be told.
func Check(src media.Source, o Options, say *locale.Printer) Report {
	c := &check{Options: o, say: say, out: Report{Size: src.Size(), Looks: []Look{}, Notes: []string{}}}
	var failed error
	c.report, failed = label.Read(src, label.Options{Name: o.Name, Pinned: o.Pinned, Sidecar: o.Sidecar})
	if failed == nil {
		failed = c.pass(src)
	}
	if c.report == nil {
		c.report = &label.Report{}
	}
	if failed == nil {
		c.out.Hash = hash(src, c.report.Format)
	}
	c.out.Format = string(c.report.Format)
	if failed != nil {
		c.out.Notes = append(c.out.Notes, capital(say.Error(failed)))
	}
	c.labels(failed)
	c.sourceTerms(failed)
	c.credential(failed)
	c.notice(src)
	c.answer(failed)
	return c.out
}

// pass goes over the whole file once, for its digest and for terms in its metadata.
func (c *check) pass(src media.Source) error {
	digest := sha256.New()
	_, err := io.CopyBuffer(writers{digest, &c.terms}, &meter{io.NewSectionReader(src, 0, src.Size()), 0, c.Progress}, make([]byte, 1<<20))
	if err == nil {
		c.out.Digest = hex.EncodeToString(digest.Sum(nil))
	}
	return err
}

// writers get the same bytes.
type writers []io.Writer

// Write implements io.Writer.
func (w writers) Write(p []byte) (int, error) {
	for _, one := range w {
		if n, err := one.Write(p); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// meter tells how much was read.
type meter struct {
	io.Reader
	done int64
	tell func(int64)
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if m.done += int64(n); m.tell != nil {
		m.tell(m.done)
	}
	return n, err
}

// add notes what a look came to.
func (c *check) add(kind string, outcome Outcome, sure string, l Look) {
	l.kind, l.Outcome = kind, outcome
	l.Name, l.Told, l.Sure = c.say.Say("check-look-"+kind), c.say.Say("check-outcome-"+string(outcome)), c.say.Say(sure)
	if l.Facts == nil {
		l.Facts = []Fact{}
	}
	if l.Notes == nil {
		l.Notes = []string{}
	}
	if l.Where == "" {
		l.Offset = -1
	}
	c.out.Looks = append(c.out.Looks, l)
}

// labels tells of each label and its seal.
func (c *check) labels(failed error) {
	r := c.report
	for i := range r.Marks {
		m := &r.Marks[i]
		c.add("label", Seen, "check-sure-label", Look{Where: c.place(m.Place), Offset: m.Offset, Facts: c.fields(&m.Fields), Notes: c.notes(m.Findings)})
		c.seal("seal", m.Fields.ReservedCode1, m.Seal)
		if m.Fields.ReservedCode2 != "" {
			c.seal("seal-platform", m.Fields.ReservedCode2, m.Seal2)
		}
	}
	c.out.Notes = append(c.out.Notes, c.notes(r.Findings)...)
	if len(r.Marks) > 0 {
		return
	}
	for _, f := range r.Findings {
		if f.Code == label.CodeKeyUnreadable {
			c.add("label", Seen, "check-sure-unreadable", Look{Where: c.place(label.Place(f.Args["place"])), Offset: f.Offset})
			return
		}
	}
	if failed == nil && r.Conformity() == label.Unmarked {
		c.add("label", NotSeen, "check-sure-none", Look{})
		return
	}
	c.add("label", CouldNotTell, "check-sure-unread", Look{})
}

func (c *check) seal(kind, value string, s label.SealReport) {
	outcome := Seen
	switch {
	case value == "":
		outcome = NotSeen
	case s.State == label.SealCouldNotTell:
		outcome = CouldNotTell
	}
	var l Look
	if s.Fingerprint != "" {
		l.Facts = []Fact{{c.say.Say("check-fact-key"), s.Fingerprint}}
	}
	c.add(kind, outcome, "check-seal-"+s.State.String(), l)
}

// sourceTerms tells of IPTC's terms. Of prose they say nothing, and what is packed was not looked through.
func (c *check) sourceTerms(failed error) {
	f := c.report.Format
	switch found := c.terms.Found(); {
	case label.Prose(f):
		return
	case found != "":
		c.add("terms", Seen, "check-sure-terms", Look{Facts: []Fact{{c.say.Say("check-fact-term"), found}}})
	case failed != nil, label.Packed(f), c.report.Err != nil:
		c.add("terms", CouldNotTell, "check-sure-packed", Look{})
	default:
		c.add("terms", NotSeen, "check-sure-none", Look{})
	}
}

// credential tells of content credentials (C2PA). They are not verified here: that they are there is all that is said.
func (c *check) credential(failed error) {
	for _, s := range c.report.Signatures {
		if s.Kind == media.SignatureC2PA {
			c.add("credential", Seen, "check-sure-credential", Look{Where: c.say.Say("check-place-c2pa"), Offset: s.Offset})
			return
		}
	}
	if failed != nil || c.report.Err != nil || c.report.Format == media.Unknown {
		c.add("credential", CouldNotTell, "check-sure-unread", Look{})
		return
	}
	c.add("credential", NotSeen, "check-sure-none", Look{})
}

// notice tells of words that say to people that content was generated. Pictures, sound and films have to be looked at.
func (c *check) notice(src media.Source) {
	if c.report.Err == nil && c.report.Format != media.Unknown && (prose.Has(src, c.report.Format) || page.Has(src, c.report.Format)) {
		c.add("notice", Seen, "check-sure-notice", Look{})
		return
	}
	c.add("notice", CouldNotTell, "check-sure-look", Look{})
}

// answer says what all looks come to. A label outweighs traces; a broken rule outweighs what the label says.
func (c *check) answer(failed error) {
	a := None
	switch r := c.report; {
	case len(r.Marks) > 0 && r.Conformity() == label.NotConforming, len(r.Marks) == 0 && c.seen("label"):
		a = Broken
	case len(r.Marks) > 0 && c.value() == label.Belongs:
		a = Marked
	case len(r.Marks) > 0 && (c.value() == label.Possible || c.value() == label.Suspected):
		a = Possible
	case len(r.Marks) > 0:
		a = Broken
	case c.seen("terms"), c.seen("notice"):
		a = Possible
	case failed != nil || r.Conformity() != label.Unmarked:
		a = Untold
	}
	c.out.Answer = a
	key := "check-answer-" + string(a)
	if a == Marked && c.out.Producer == "" {
		key += "-nobody"
	}
	c.out.Title = capital(c.say.Say(key, "producer", c.out.Producer))
	sure := "check-means-" + string(a)
	if a == Marked {
		sure += "-" + c.deciding().Seal.State.String()
	}
	c.out.Sure = c.say.Say(sure)
}

// capital makes a sentence out of one of internal/locale, which begin in lower case.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

func (c *check) seen(kind string) bool {
	for _, l := range c.out.Looks {
		if l.Outcome == Seen && l.kind == kind {
			return true
		}
	}
	return false
}

// deciding is the label that says most.
func (c *check) deciding() *label.Mark {
	best := &c.report.Marks[0]
	for i := range c.report.Marks {
		if m := &c.report.Marks[i]; rank(m.Fields.Label) > rank(best.Fields.Label) {
			best = m
		}
	}
	return best
}

func (c *check) value() string { return c.deciding().Fields.Label }

func rank(value string) int {
	switch value {
	case label.Belongs:
		return 3
	case label.Possible:
		return 2
	case label.Suspected:
		return 1
	}
	return 0
}

// fields are what a label says, for people. The first label that decides gives the report its number and producer.
func (c *check) fields(f *label.Fields) []Fact {
	if *f == c.deciding().Fields {
		c.out.Number, c.out.Producer = f.ProduceID, c.party(f.ContentProducer)
	}
	var facts []Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, Fact{c.say.Say("check-fact-" + name), value})
		}
	}
	value := f.Label
	if key := "label-value-" + value; c.say.Has(key) {
		value = c.say.Say(key)
	}
	add("says", value)
	add("producer", c.party(f.ContentProducer))
	add("number", f.ProduceID)
	if f.ContentPropagator != f.ContentProducer {
		add("platform", c.party(f.ContentPropagator))
	}
	if f.PropagateID != f.ProduceID {
		add("platform-number", f.PropagateID)
	}
	return facts
}

// party is somebody as people know them: by name where it is this place, by the code that the register of organisations
// knows where the provider code has one, and by what stands there otherwise.
func (c *check) party(code string) string {
	if code == "" {
		return ""
	}
	if code == c.Code && c.Provider != "" {
		return c.Provider
	}
	_, err := label.ParseCode(code)
	var e *colophon.Error
	switch {
	case err == nil:
		for _, p := range label.Code(code).Explain() {
			if p.Meaning == label.MeaningUSCC {
				return c.say.Say("check-organisation", "uscc", p.Value)
			}
		}
	case errors.As(err, &e) && (e.Code == label.CodeProviderSubject || e.Code == label.CodeUSCCPerson):
		return c.say.Say("check-person") // a number of theirs is not repeated
	}
	return locale.Visible(code)
}

func (c *check) place(p label.Place) string {
	if key := "check-place-" + string(p); c.say.Has(key) {
		return c.say.Say(key)
	}
	return string(p)
}

// notes are findings as sentences. What is no more than a note is left out.
func (c *check) notes(findings []colophon.Finding) []string {
	list := []string{}
	for _, f := range findings {
		if f.Level > colophon.Note {
			list = append(list, c.say.Say("level-"+f.Level.String())+c.say.Code(f.Code, f.Args))
		}
	}
	return list
}
