// Package inspection looks at content, pages and services as an inspector of labelling does, under an inspector's headings:
// explicit notice, notice on export, implicit label, place of the notice, propagation, the way to declare, and the filing
// number that is shown.
//
// The questions are data ([Rules]): each has its heading, the clauses it comes from, a source and how sure that is. File
// answers them for a file, View for a page that a browser saw, and each answer is a [Check]: passed, failed or could not tell,
// with a code that says why and a [Proof] that somebody else can go and look at: the byte and the field of a label, the box
// and the photograph of a text, the corner and the second of a notice.
//
// An inspection knows less than a person. It finds the notices that this program draws, speaks or writes, and words in texts; a
// notice of others in the pixels of a picture it can't read, and says so, with what to look at. Content that nobody said was
// generated fails nothing for having no mark.
//
// What not to do here: never count what was not looked at as passed. Never judge more than the rule asks. Nothing is fetched and
// no browser is started here: bytes and sightings come in.
package inspection

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// Heading is one under which an inspector reports.
type Heading string

// The headings.
const (
	Explicit    Heading = "explicit"    // 显式标识
	Export      Heading = "export"      // 下载、复制、导出
	Implicit    Heading = "implicit"    // 隐式标识
	Position    Heading = "place"       // 标识位置
	Propagation Heading = "propagation" // 传播要素
	Declaration Heading = "declaration" // 声明功能
	Filing      Heading = "filing"      // 备案编号公示
)

// Headings lists the headings in the order of a report.
func Headings() []Heading {
	return []Heading{Explicit, Export, Implicit, Position, Propagation, Declaration, Filing}
}

// Outcome is what a check came to. Anything else than passed and failed could not tell.
type Outcome string

// The outcomes.
const (
	Passed Outcome = "passed"
	Failed Outcome = "failed"
	Untold Outcome = "could-not-tell"
)

// Verdict is the verdict that an outcome means.
func (o Outcome) Verdict() colophon.Verdict {
	switch o {
	case Passed:
		return colophon.Passed
	case Failed:
		return colophon.Failed
	}
	return colophon.Unknown
}

// Text is one text in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In returns the text in a language: zh, or en for any other.
func (t Text) In(language string) string {
	if language == "zh" {
		return t.ZH
	}
	return t.EN
}

// Rule is one question.
type Rule struct {
	ID         string            `json:"id"`
	Heading    Heading           `json:"heading"`
	Clauses    []colophon.Clause `json:"clauses"`
	Cite       Text              `json:"cite"` // as an inspector cites
	Asks       Text              `json:"asks"`
	Source     string            `json:"source"`
	Confidence string            `json:"confidence"` // primary, secondary, draft, unconfirmed
}

// Book is the rules with the numbers that they go by.
type Book struct {
	Rules       []Rule `json:"rules"`
	Conspicuous struct {
		LeastInk      int     `json:"least_ink"`      // CSS pixels
		LeastContrast float64 `json:"least_contrast"` // to one
	} `json:"conspicuous"`
	PublicHosts []string `json:"public_hosts"` // where filings are made public
	LeastSide   float64  `json:"least_side"`   // CSS pixels; what a page shows smaller is taken for a sign or an ornament
}

//go:embed rules.json
var rules []byte

// Rules returns the rules that come with the program.
func Rules() (*Book, error) {
	b := new(Book)
	if err := json.Unmarshal(rules, b); err != nil {
		return nil, fmt.Errorf("reading the rules of inspections: %w", err)
	}
	return b, nil
}

// Rule returns a rule; the zero value for one that there is not.
func (b *Book) Rule(id string) Rule {
	i := slices.IndexFunc(b.Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{ID: id}
	}
	return b.Rules[i]
}

// Box is a place on a page in CSS pixels, from its upper left corner.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Proof is where a check's answer can be looked at. What does not apply is empty.
type Proof struct {
	Place   string `json:"place,omitempty"`  // the container's place of a label; the corner or end of a notice
	Offset  *int64 `json:"offset,omitempty"` // bytes from the start of the file
	Field   string `json:"field,omitempty"`
	Value   string `json:"value,omitempty"` // that stands there
	From    string `json:"from,omitempty"`  // seconds of a sound or video
	To      string `json:"to,omitempty"`
	Box     *Box   `json:"box,omitempty"`
	Picture string `json:"picture,omitempty"` // SHA-256 of a picture of the report
}

// Check is one question with its answer.
type Check struct {
	Rule    string        `json:"rule"`
	Outcome Outcome       `json:"outcome"`
	Code    colophon.Code `json:"code"`
	Args    colophon.Args `json:"args,omitempty"`
	Proof   Proof         `json:"proof,omitzero"`
	// Look is what a person should look at where the program could not tell; empty otherwise.
	Look colophon.Code `json:"look,omitempty"`
}

// Kind is what was looked at.
type Kind string

// The kinds of subjects.
const (
	OfFile    Kind = "file"
	OfPage    Kind = "page"
	OfService Kind = "service"
)

// Subject is one file, page or service that was looked at.
type Subject struct {
	Kind   Kind    `json:"kind"`
	Name   string  `json:"name"`           // of the file, or the address
	From   string  `json:"from,omitempty"` // the page that it stood on
	Digest string  `json:"sha256,omitempty"`
	Size   int64   `json:"size,omitempty"`
	Format string  `json:"format,omitempty"`
	Checks []Check `json:"checks"`
}

// Outcome is the worst of the subject's checks.
func (s Subject) Outcome() Outcome { return worst(s.Checks) }

func worst(checks []Check) Outcome {
	if len(checks) == 0 {
		return Untold
	}
	out := Passed
	for _, c := range checks {
		switch {
		case c.Outcome == Failed:
			return Failed
		case c.Outcome != Passed:
			out = Untold
		}
	}
	return out
}

// Sum counts the checks under a heading. One with none was not looked at, which is no pass.
type Sum struct {
	Heading Heading `json:"heading"`
	Passed  int     `json:"passed"`
	Failed  int     `json:"failed"`
	Untold  int     `json:"could_not_tell"`
}

// Count is how many checks there were.
func (s Sum) Count() int { return s.Passed + s.Failed + s.Untold }

// Outcome is the worst under the heading.
func (s Sum) Outcome() Outcome {
	switch {
	case s.Failed > 0:
		return Failed
	case s.Untold > 0 || s.Count() == 0:
		return Untold
	}
	return Passed
}

// Picture is a picture that proves something.
type Picture struct {
	Digest string `json:"sha256"`
	PNG    []byte `json:"png"`
}

// Report is an inspection.
type Report struct {
	Schema   string    `json:"schema"`
	Kind     string    `json:"kind"`             // url-list, folder, service
	Target   string    `json:"target,omitempty"` // its name, where there is one
	Version  string    `json:"version"`          // of the program
	Begun    time.Time `json:"begun"`
	Ended    time.Time `json:"ended"`
	Outcome  Outcome   `json:"outcome"`
	Sums     []Sum     `json:"headings"`
	Subjects []Subject `json:"subjects"`
	Pictures []Picture `json:"pictures"`
	Left     int       `json:"left,omitempty"` // files that were not looked at, since there were too many
}

// Schema is that of reports.
const Schema = "colophon.inspection/1"

const (
	maxPictures = 60
	// MaxPicture is the most bytes of a picture that a report keeps.
	MaxPicture = 1 << 20
	// MaxReport is the most bytes that a report as JSON has.
	MaxReport = 96 << 20
)

// Keep adds a picture to the report, once, and returns its digest; "" where the report is full or there is none.
func (r *Report) Keep(png []byte) string {
	if len(png) == 0 || len(png) > MaxPicture {
		return ""
	}
	sum := sha256.Sum256(png)
	digest := hex.EncodeToString(sum[:])
	if slices.ContainsFunc(r.Pictures, func(p Picture) bool { return p.Digest == digest }) {
		return digest
	}
	if len(r.Pictures) == maxPictures {
		return ""
	}
	r.Pictures = append(r.Pictures, Picture{digest, png})
	return digest
}

// Sum adds up what was found.
func (r *Report) Sum(b *Book) {
	at := map[Heading]int{}
	r.Sums = nil
	for i, h := range Headings() {
		at[h], r.Sums = i, append(r.Sums, Sum{Heading: h})
	}
	var all []Check
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			i, ok := at[b.Rule(c.Rule).Heading]
			if !ok {
				continue
			}
			switch c.Outcome {
			case Passed:
				r.Sums[i].Passed++
			case Failed:
				r.Sums[i].Failed++
			default:
				r.Sums[i].Untold++
			}
		}
		all = append(all, s.Checks...)
	}
	if r.Outcome = worst(all); r.Left > 0 && r.Outcome == Passed {
		r.Outcome = Untold // of what was not looked at nobody can tell
	}
}

// Read reads a report.
func Read(raw []byte) (*Report, error) {
	r := new(Report)
	if len(raw) > MaxReport {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeReport}
	}
	if err := json.Unmarshal(raw, r); err != nil || r.Schema != Schema {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeReport, Err: err}
	}
	return r, nil
}
