package pack

import (
	"embed"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/paper"
)

//go:embed forms/*.json
var forms embed.FS

// Source says where the answer of a field is taken from.
type Source string

// The sources.
const (
	FromProvider      Source = "provider"       // name of the provider
	FromCreditCode    Source = "credit-code"    // unified social credit code of the provider
	FromResponsible   Source = "responsible"    // who answers for the report, and how to reach them
	FromService       Source = "service"        // service and function
	FromModel         Source = "model"          // model that made it
	FromAlgorithm     Source = "algorithm"      // filing number of the algorithm
	FromFound         Source = "found"          // when it was found, and how
	FromCategory      Source = "category"       // what kind of content or act
	FromSummary       Source = "summary"        // what happened, in the words of whoever reports
	FromNumbers       Source = "content-number" // content numbers
	FromPlaces        Source = "places"         // addresses at which it stands or stood
	FromForm          Source = "content-form"   // text, picture, sound, video
	FromMade          Source = "made"           // when it was made
	FromDigests       Source = "digests"
	FromMarks         Source = "marks"    // notice and label, as they were read
	FromSpread        Source = "spread"   // deliveries, and what is known of where it went
	FromAccount       Source = "account"  // pseudonym, and what the provider knows beside it
	FromIdentity      Source = "identity" // whether the account was verified, and how
	FromStanding      Source = "standing" // what is in force against the account
	FromMeasures      Source = "measures" // what was done about the content
	FromPersons       Source = "persons"  // who was harmed
	FromLoss          Source = "loss"
	FromRefutation    Source = "refutation"
	FromRecords       Source = "records" // what is kept as evidence, and how it is checked
	FromCase          Source = "case"
	FromDuty          Source = "duty"
	FromSystem        Source = "system"   // what system an incident struck
	FromIncident      Source = "incident" // time and place of it
	FromIncidentKind  Source = "incident-kind"
	FromIncidentLevel Source = "incident-level"
	FromEffect        Source = "effect" // what it did already
	FromRansom        Source = "ransom"
	FromTrend         Source = "trend" // how it goes on, and what it may do yet
	FromCause         Source = "cause"
	FromClues         Source = "clues"
	FromNext          Source = "next" // what will be done, and what help is asked for
	FromScene         Source = "scene"
	FromOther         Source = "other"
)

// Sources lists the sources.
func Sources() []Source {
	return []Source{FromProvider, FromCreditCode, FromResponsible, FromService, FromModel, FromAlgorithm, FromFound, FromCategory, FromSummary, FromNumbers, FromPlaces,
		FromForm, FromMade, FromDigests, FromMarks, FromSpread, FromAccount, FromIdentity, FromStanding, FromMeasures, FromPersons, FromLoss, FromRefutation, FromRecords,
		FromCase, FromDuty, FromSystem, FromIncident, FromIncidentKind, FromIncidentLevel, FromEffect, FromRansom, FromTrend, FromCause, FromClues, FromNext, FromScene, FromOther}
}

// Names are a name in both languages.
type Names = paper.Names

// Field is one field of a form.
type Field struct {
	ID       string `json:"id"`
	Names    Names  `json:"names"`
	Required bool   `json:"required,omitempty"` // the authority asks for it; without it nothing is filed unless a person says so
	From     Source `json:"from"`
}

// Form is what an authority wants to know. The fields of those that come with the program follow the texts of law and what is
// public of the channels; whoever files compares them with the channel's own.
type Form struct {
	ID        string            `json:"id"`
	Names     Names             `json:"names"`
	Authority Names             `json:"authority"`
	Basis     Names             `json:"basis"` // by which texts it is filed
	Clauses   []colophon.Clause `json:"clauses"`
	// Drafted are the categories of report duties for which a pack of this form is drafted by itself; AnyCategory for those
	// that no form names.
	Drafted []string `json:"drafted,omitempty"`
	Fields  []Field  `json:"fields"`
}

// AnyCategory stands for the categories that no form names.
const AnyCategory = "*"

const (
	maxForm   = 64 << 10
	maxFields = 100
	maxName   = 200
)

// laws are the clauses by which packs are filed.
func laws() []colophon.Clause {
	return []colophon.Clause{colophon.ClauseDS7, colophon.ClauseDS10, colophon.ClauseDS11, colophon.ClauseDS21, colophon.ClauseAF22}
}

func badForm(form, field string) error {
	return refuse(colophon.Invalid, CodeForm, colophon.Args{"form": form, "field": field})
}

func (f Form) check() error {
	switch {
	case !paper.Word(f.ID):
		return badForm("", "id")
	case !f.Names.Sound(maxName):
		return badForm(f.ID, "names")
	case !f.Authority.Sound(maxName):
		return badForm(f.ID, "authority")
	case !f.Basis.Sound(maxName):
		return badForm(f.ID, "basis")
	case len(f.Drafted) > maxFields || slices.ContainsFunc(f.Drafted, func(c string) bool { return c != AnyCategory && !paper.Word(c) }):
		return badForm(f.ID, "drafted")
	case len(f.Clauses) == 0 || slices.ContainsFunc(f.Clauses, func(c colophon.Clause) bool { return !slices.Contains(laws(), c) }):
		return badForm(f.ID, "clauses")
	case len(f.Fields) == 0 || len(f.Fields) > maxFields:
		return badForm(f.ID, "fields")
	}
	for i, field := range f.Fields {
		twice := slices.ContainsFunc(f.Fields[:i], func(o Field) bool { return o.ID == field.ID })
		if !paper.Word(field.ID) || twice || !field.Names.Sound(maxName) || !slices.Contains(Sources(), field.From) {
			return badForm(f.ID, field.ID)
		}
	}
	return nil
}

// digest is that of the form's canonical JSON.
func (f Form) digest() (string, error) {
	raw, err := evidence.Canonical(f)
	return paper.Sum(raw), err
}

// ParseForm reads a form.
func ParseForm(raw []byte) (Form, error) {
	var f Form
	if err := paper.Strict(raw, &f, maxForm); err != nil {
		return Form{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeForm, Args: colophon.Args{"form": "", "field": "json"}, Err: err}
	}
	return f, f.check()
}

// Starter returns the forms that come with the program.
func Starter() ([]Form, error) {
	files, err := forms.ReadDir("forms")
	if err != nil {
		return nil, err
	}
	list := make([]Form, 0, len(files))
	for _, file := range files {
		raw, err := forms.ReadFile("forms/" + file.Name())
		if err != nil {
			return nil, err
		}
		f, err := ParseForm(raw)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}
