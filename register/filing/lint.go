package filing

import (
	_ "embed" // for the words that rules go by
	"encoding/json"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
)

// Codes of what the linter finds. The field is told beside the code.
const (
	LintOpen       colophon.Code = "filing-lint-open"        // the form asks for it and it is not known yet
	LintUntold     colophon.Code = "filing-lint-untold"      // what the register says could not be asked
	LintName       colophon.Code = "filing-lint-name"        // args "here", "there": another name of the algorithm
	LintEntity     colophon.Code = "filing-lint-entity"      // args "here", "there": another name of the subject
	LintSame       colophon.Code = "filing-lint-same"        // args "here", "there": the report says something else than the basic information
	LintRegister   colophon.Code = "filing-lint-register"    // args "here", "there": the register says something else
	LintModality   colophon.Code = "filing-lint-modality"    // args "modality", "format": a format is of another modality
	LintServed     colophon.Code = "filing-lint-served"      // arg "format": the running system gives out a format that the output leaves out
	LintForm       colophon.Code = "filing-lint-form"        // arg "product": report and product list differ
	LintICP        colophon.Code = "filing-lint-icp"         // args "here", "there": the ICP holder is not the subject
	LintShots      colophon.Code = "filing-lint-screenshots" // a starred section has no picture
	LintAnnex      colophon.Code = "filing-lint-annex"       // a picture or file is among no annexes
	LintAnnexKind  colophon.Code = "filing-lint-annex-kind"  // arg "kind": no annex of the kind
	LintPlace      colophon.Code = "filing-lint-place"       // arg "place": it is no place that can be found
	LintScope      colophon.Code = "filing-lint-scope"       // arg "scope": what is reviewed is not stated
	LintModel      colophon.Code = "filing-lint-model"       // arg "model": a third party's without a filing number
	LintModelProof colophon.Code = "filing-lint-model-proof" // arg "model": a third party's without proof of the contract
	LintEnding     colophon.Code = "filing-lint-ending"      // arg "name": it does not end in 算法
	LintUse        colophon.Code = "filing-lint-use"         // the use does not begin 应用于…场景
	LintServes     colophon.Code = "filing-lint-serves"      // a supporter's use does not say whom it serves
	LintProduct    colophon.Code = "filing-lint-product"     // a supporter's product is "--"
	LintListed     colophon.Code = "filing-lint-listed"      // arg "product": a product stands not in the column of the list
	LintBrackets   colophon.Code = "filing-lint-brackets"    // brackets are full and half width, or do not match
	LintNumber     colophon.Code = "filing-lint-number"      // it is no number of 21 digits
	LintCheck      colophon.Code = "filing-lint-check"       // it does not pass the check
	LintClass      colophon.Code = "filing-lint-class"       // arg "class": the class in the number is not that of the type
	LintUSCC       colophon.Code = "filing-lint-uscc"        // it is no unified social credit code
	LintCount      colophon.Code = "filing-lint-count"       // args "have", "want": items of the head table
	LintLabel      colophon.Code = "filing-lint-label"       // the label materials name another provider
	LintKind       colophon.Code = "filing-lint-kind"        // a change without number, or a first filing with one
)

// Confidence says how sure it is that a rule is asked for.
type Confidence string

// The confidences.
const (
	Primary   Confidence = "primary"   // it stands in a law or in the form itself
	Secondary Confidence = "secondary" // it was seen in what the authority published, or a guide says so
	Rough     Confidence = "draft"     // it stands in somebody's draft of a correction
)

// Basis is where a rule comes from. It is no sentence for people.
type Basis struct {
	Text       string     `json:"source"`
	Confidence Confidence `json:"confidence"`
}

// Finding is one thing that is not consistent, not there or not known.
type Finding struct {
	Rule   string          `json:"rule"`
	Code   colophon.Code   `json:"code"`
	Level  colophon.Level  `json:"level"`
	Field  string          `json:"field"` // by its name as JSON
	Args   colophon.Args   `json:"args,omitempty"`
	Clause colophon.Clause `json:"clause"`
	Source Basis           `json:"source"`
}

// Rule is one rule of the linter, as a page lists it.
type Rule struct {
	ID     string          `json:"id"`
	Codes  []colophon.Code `json:"codes"` // of its findings
	Level  colophon.Level  `json:"level"`
	Clause colophon.Clause `json:"clause"`
	Source Basis           `json:"source"`
	check  func(l *linter)
}

//go:embed lint.json
var lintJSON []byte

// lintWords are the words that rules go by, as data.
type lintWords struct {
	Reference   Basis               `json:"reference"`
	Habit       Basis               `json:"habit"`
	VaguePlaces []string            `json:"vague_places"`
	PlaceMarks  []string            `json:"place_marks"`
	Formats     map[string][]string `json:"formats"`
	Classes     map[string][]string `json:"classes"`
	Annexes     []string            `json:"annexes"`
	Unstated    []string            `json:"unstated"`
}

// linter looks at one kit.
type linter struct {
	kit      Kit
	people   *People
	known    *Known
	words    lintWords
	rule     Rule
	findings []Finding
}

func (l *linter) find(code colophon.Code, field string, args colophon.Args) {
	l.findings = append(l.findings, Finding{l.rule.ID, code, l.rule.Level, field, args, l.rule.Clause, l.rule.Source})
}

// rules is the table of rules.
func rules(w lintWords) []Rule {
	law := func(text string) Basis { return Basis{text, Primary} }
	form := law("Algorithm Recommendation Provisions Art. 24 ¶1; form of beian.cac.gov.cn")
	number := Basis{"digits of the numbers on the public lists", Secondary}
	ds := colophon.ClauseDS19
	rule := func(id string, level colophon.Level, source Basis, check func(*linter), codes ...colophon.Code) Rule {
		return Rule{id, codes, level, ds, source, check}
	}
	list := []Rule{
		rule("open", colophon.Doubt, form, (*linter).open, LintOpen),
		rule("known", colophon.Doubt, law("what the register says"), (*linter).untold, LintUntold),
		rule("names", colophon.Breach, w.Reference, (*linter).names, LintName),
		rule("entity", colophon.Breach, w.Reference, (*linter).entities, LintEntity),
		rule("report", colophon.Breach, w.Reference, (*linter).report, LintSame),
		rule("register", colophon.Breach, law("Algorithm Recommendation Provisions Art. 33: what is filed is true"), (*linter).registered, LintRegister, LintServed),
		rule("register-name", colophon.Warning, law("Algorithm Recommendation Provisions Art. 33: what is filed is true"), (*linter).registeredName, LintRegister),
		rule("modality", colophon.Breach, w.Reference, (*linter).modality, LintModality),
		rule("form", colophon.Breach, w.Reference, (*linter).forms, LintForm),
		rule("icp", colophon.Breach, w.Reference, (*linter).icp, LintICP),
		rule("screenshots", colophon.Breach, w.Reference, (*linter).screenshots, LintShots),
		rule("annexes", colophon.Breach, form, (*linter).annexes, LintAnnex, LintAnnexKind),
		rule("place", colophon.Breach, w.Reference, (*linter).place, LintPlace),
		rule("scope", colophon.Breach, w.Reference, (*linter).scope, LintScope),
		rule("models", colophon.Breach, w.Reference, (*linter).models, LintModel, LintModelProof),
		rule("ending", colophon.Warning, w.Habit, (*linter).ending, LintEnding),
		rule("use", colophon.Warning, w.Habit, (*linter).use, LintUse, LintServes),
		rule("product", colophon.Warning, w.Habit, (*linter).product, LintProduct, LintListed),
		rule("brackets", colophon.Warning, w.Habit, (*linter).brackets, LintBrackets),
		rule("number", colophon.Breach, number, (*linter).number, LintNumber, LintClass),
		rule("check-digit", colophon.Doubt, number, (*linter).digit, LintCheck),
		rule("uscc", colophon.Breach, law("GB 32100"), (*linter).uscc, LintUSCC),
		rule("count", colophon.Warning, w.Reference, (*linter).count, LintCount),
		rule("kind", colophon.Breach, form, (*linter).kind, LintKind),
	}
	for i := range list { // what the form itself asks for
		if list[i].Source == form {
			list[i].Clause = colophon.ClauseAR24
		}
	}
	labels := Rule{"labels", []colophon.Code{LintLabel}, colophon.Breach, colophon.ClauseLM12, law("Labelling Measures Art. 12"), (*linter).labels}
	return append(list, labels)
}

func lintData() (lintWords, error) {
	var w lintWords
	err := json.Unmarshal(lintJSON, &w)
	return w, err
}

// Rules lists the rules of the linter.
func Rules() ([]Rule, error) {
	w, err := lintData()
	return rules(w), err
}

// Lint looks at a kit with the people whom it names and with what the register says; nil where it could not be asked. The
// findings come in the order of the rules.
func Lint(k Kit, people *People, known *Known) ([]Finding, error) {
	w, err := lintData()
	if err != nil {
		return nil, err
	}
	l := &linter{kit: k, people: people, known: known, words: w, findings: []Finding{}}
	for _, l.rule = range rules(w) {
		l.rule.check(l)
	}
	return l.findings, nil
}

// Verdict is Failed where something contradicts, Unknown where something is not known or could not be told, and Passed
// where the worst is a warning.
func Verdict(list []Finding) colophon.Verdict {
	worst := colophon.Note
	for _, f := range list {
		worst = max(worst, f.Level)
	}
	switch worst {
	case colophon.Breach:
		return colophon.Failed
	case colophon.Doubt:
		return colophon.Unknown
	}
	return colophon.Passed
}

// anyOf reports whether a text has one of some words.
func anyOf(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}
