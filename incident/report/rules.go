package report

import (
	"embed"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
)

//go:embed rules/*.json
var rules embed.FS

// Confidence says how far the source of a figure can be trusted.
type Confidence string

// The confidences, the best first.
const (
	Primary     Confidence = "primary"     // read in the text of the instrument
	Secondary   Confidence = "secondary"   // quoted from the text in force by others
	FromDraft   Confidence = "draft"       // from a draft; the text in force may differ
	Unconfirmed Confidence = "unconfirmed" // told without a text
	Own         Confidence = "own"         // no instrument gives it; it is the provider's or ours
)

// Confidences lists the confidences, the best first.
func Confidences() []Confidence {
	return []Confidence{Primary, Secondary, FromDraft, Unconfirmed, Own}
}

func weaker(a, b Confidence) Confidence {
	all := Confidences()
	if slices.Index(all, b) > slices.Index(all, a) {
		return b
	}
	return a
}

// Names are a name in both languages.
type Names = paper.Names

// Row is one threshold of the guide.
type Row struct {
	ID        string     `json:"id"`
	Grade     Grade      `json:"grade"`
	Fact      string     `json:"fact"`
	At        int64      `json:"at"`
	Unit      string     `json:"unit"`
	Inclusive bool       `json:"inclusive"` // the figure itself reaches it
	Kinds     []Kind     `json:"kinds"`
	If        string     `json:"if,omitempty"` // for whom alone it counts: critical, large, very-large
	Source    string     `json:"source"`
	Level     Confidence `json:"confidence"`
}

// Guide has the thresholds of the grades.
type Guide struct {
	Version string `json:"version"`
	Rows    []Row  `json:"rows"`
}

// TimeRow says by when something has to be told.
type TimeRow struct {
	ID       string     `json:"id"`
	Names    Names      `json:"names"`
	Kinds    []Kind     `json:"kinds"`
	Grade    Grade      `json:"grade,omitempty"`    // the least grade for which it counts
	Operator Operator   `json:"operator,omitempty"` // for which it counts; empty for all
	Fact     string     `json:"fact,omitempty"`     // what has to be so besides
	Holds    bool       `json:"holds,omitempty"`    // whether that fact has to hold, or not to
	From     string     `json:"from"`               // knew or closed
	Hours    int        `json:"hours,omitempty"`    // at once where there are neither hours nor days
	Days     int        `json:"days,omitempty"`     // whole days of Beijing time; the first is not counted
	To       Names      `json:"to"`
	Basis    Names      `json:"basis"`
	Source   string     `json:"source"`
	Level    Confidence `json:"confidence"`
}

// AtOnce reports whether the law gives no figure but wants it at once.
func (r TimeRow) AtOnce() bool { return r.Hours == 0 && r.Days == 0 }

// Timetable has the limits.
type Timetable struct {
	Version string    `json:"version"`
	Rows    []TimeRow `json:"rows"`
}

// PlayStep is what a playbook wants done.
type PlayStep struct {
	ID     string          `json:"id"`
	Who    string          `json:"who"` // role of the staff
	Names  Names           `json:"names"`
	Basis  Names           `json:"basis"`
	Clause colophon.Clause `json:"clause,omitempty"` // where this program knows the article
}

// Playbook has the steps for a kind of incident.
type Playbook struct {
	Kind   Kind       `json:"kind"`
	Names  Names      `json:"names"`
	Steps  []PlayStep `json:"steps"`
	Source string     `json:"source"`
	Level  Confidence `json:"confidence"`
}

// FormField is one field of a form.
type FormField struct {
	ID       string `json:"id"`
	Names    Names  `json:"names"`
	Required bool   `json:"required,omitempty"` // nothing is filed without it unless a person says so
}

// Form is what a paper answers. It has the identifier of the clock that ends when it is filed.
type Form struct {
	ID     string      `json:"id"`
	Names  Names       `json:"names"`
	Basis  Names       `json:"basis"`
	Fields []FormField `json:"fields"`
}

// Rules are the data by which incidents are graded, timed, handled and reported.
type Rules struct {
	Guide     Guide
	Timetable Timetable
	Playbooks []Playbook
	Forms     []Form
}

// maxRules bounds one file of rules.
const maxRules = 256 << 10

// Starter returns the rules that come with the program.
func Starter() (Rules, error) {
	var r Rules
	var books struct {
		Version   string     `json:"version"`
		Playbooks []Playbook `json:"playbooks"`
	}
	var forms struct {
		Version string `json:"version"`
		Forms   []Form `json:"forms"`
	}
	for name, v := range map[string]any{"guide": &r.Guide, "clocks": &r.Timetable, "playbooks": &books, "forms": &forms} {
		raw, err := rules.ReadFile("rules/" + name + ".json")
		if err != nil {
			return Rules{}, err
		}
		if err := paper.Strict(raw, v, maxRules); err != nil {
			return Rules{}, badRules(name, "json", err)
		}
	}
	r.Playbooks, r.Forms = books.Playbooks, forms.Forms
	return r, r.check()
}

func badRules(table, field string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeRules, Args: colophon.Args{"table": table, "field": field}, Err: err}
}

func (r Rules) check() error {
	for _, row := range r.Guide.Rows {
		if !row.sound() {
			return badRules("guide", row.ID, nil)
		}
	}
	for i, row := range r.Timetable.Rows {
		twice := slices.ContainsFunc(r.Timetable.Rows[:i], func(o TimeRow) bool { return o.ID == row.ID && (o.Operator == row.Operator || o.Operator == "") })
		if twice || !row.sound() || !slices.ContainsFunc(r.Forms, func(f Form) bool { return f.ID == row.ID }) {
			return badRules("clocks", row.ID, nil)
		}
	}
	for i, f := range r.Forms {
		if !f.sound() || slices.ContainsFunc(r.Forms[:i], func(o Form) bool { return o.ID == f.ID }) {
			return badRules("forms", f.ID, nil)
		}
	}
	for _, k := range Kinds() {
		n := 0
		for _, b := range r.Playbooks {
			if b.Kind == k {
				n++
			}
		}
		if n != 1 {
			return badRules("playbooks", string(k), nil)
		}
	}
	for _, b := range r.Playbooks {
		if !b.sound() {
			return badRules("playbooks", string(b.Kind), nil)
		}
	}
	if !paper.Word(r.Guide.Version) || !paper.Word(r.Timetable.Version) || len(r.Guide.Rows) == 0 || len(r.Timetable.Rows) == 0 {
		return badRules("guide", "version", nil)
	}
	return nil
}

func known(kinds []Kind) bool {
	return len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k Kind) bool { return !slices.Contains(Kinds(), k) })
}

func (r Row) sound() bool {
	return paper.Word(r.ID) && r.Grade.rank() > 1 && r.At > 0 && r.At <= maxFigures && unitOf(r.Fact) == r.Unit && r.Unit != "" && known(r.Kinds) &&
		!slices.ContainsFunc(r.Kinds, func(k Kind) bool { return !k.Gradable() }) && slices.Contains([]string{"", "critical", "large", "very-large"}, r.If) &&
		paper.Prose(r.Source, maxProse) && slices.Contains(Confidences(), r.Level)
}

func (r TimeRow) sound() bool {
	graded := !slices.ContainsFunc(r.Kinds, func(k Kind) bool { return !k.Gradable() })
	return paper.Word(r.ID) && r.ID != GradeClock && r.Names.Sound(maxTitle) && known(r.Kinds) && (r.Grade == "" || graded && r.Grade.rank() > 0) &&
		slices.Contains([]Operator{"", Critical, StateOrgan, Other}, r.Operator) && (r.Fact == "" && !r.Holds || unitOf(r.Fact) == unitYes) &&
		(r.From == fromKnew || r.From == fromClosed) && r.Hours >= 0 && r.Days >= 0 && (r.Hours == 0 || r.Days == 0) && r.Hours <= 24*366 && r.Days <= 366 &&
		r.To.Sound(maxTitle) && r.Basis.Sound(maxTitle) && paper.Prose(r.Source, maxProse) && slices.Contains(Confidences(), r.Level)
}

func (b Playbook) sound() bool {
	for i, s := range b.Steps {
		twice := slices.ContainsFunc(b.Steps[:i], func(o PlayStep) bool { return o.ID == s.ID })
		if twice || !paper.Word(s.ID) || !paper.Word(s.Who) || !s.Names.Sound(maxTitle) || !s.Basis.Sound(maxTitle) {
			return false
		}
	}
	return len(b.Steps) > 0 && len(b.Steps) <= 50 && b.Names.Sound(maxTitle) && paper.Prose(b.Source, maxProse) && slices.Contains(Confidences(), b.Level)
}

func (f Form) sound() bool {
	for i, field := range f.Fields {
		if !paper.Word(field.ID) || !field.Names.Sound(maxTitle) || slices.ContainsFunc(f.Fields[:i], func(o FormField) bool { return o.ID == field.ID }) {
			return false
		}
	}
	return paper.Word(f.ID) && f.Names.Sound(maxTitle) && f.Basis.Sound(maxTitle) && len(f.Fields) > 0 && len(f.Fields) <= 100
}

// book returns the playbook of a kind.
func (r Rules) book(k Kind) Playbook {
	return r.Playbooks[slices.IndexFunc(r.Playbooks, func(b Playbook) bool { return b.Kind == k })]
}

func (r Rules) form(id string) (Form, bool) {
	i := slices.IndexFunc(r.Forms, func(f Form) bool { return f.ID == id })
	if i < 0 {
		return Form{}, false
	}
	return r.Forms[i], true
}
