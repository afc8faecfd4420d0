package copies

import (
	"crypto/sha256"
	_ "embed" // the starter rules
	"encoding/hex"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
	"github.com/colophon-project/colophon/stamp"
)

//go:embed rules.json
var starter []byte

// Duty is the text of the user's duty of labelling, as it is accepted.
type Duty struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Digest is that by which a text is accepted.
func (d Duty) Digest() string { return sha([]byte(d.ZH + "\n" + d.EN + "\n")) }

// Verdict says who decides.
type Verdict string

// The verdicts.
const (
	Grant  Verdict = "grant"
	Refuse Verdict = "refuse"
	Person Verdict = "person" // a person decides
)

// Row is one rule. It fits where each list that is not empty has the word of the request.
type Row struct {
	ID         string           `json:"id"`
	Purposes   []colophon.Code  `json:"purposes,omitempty"`
	Recipients []colophon.Code  `json:"recipients,omitempty"`
	Classes    []stamp.Function `json:"classes,omitempty"`
	Decide     Verdict          `json:"decide"`
	Why        colophon.Code    `json:"why,omitempty"` // of a refusal
}

// Rules are data: for how long the log is kept, what is to be accepted, and what is decided without a person. The first row
// that fits counts; where none does a person decides.
type Rules struct {
	KeepMonths int   `json:"keep_months"`
	Duty       Duty  `json:"duty"`
	Rows       []Row `json:"rows"`
}

const (
	maxRules  = 64 << 10
	maxRows   = 100
	leastKeep = 6 // months, Labelling Measures Art. 9 ¶2
	maxKeep   = 120
)

// ParseRules reads rules.
func ParseRules(raw []byte) (Rules, error) {
	var r Rules
	if err := paper.Strict(raw, &r, maxRules); err != nil {
		return Rules{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeRules, Args: colophon.Args{"field": "json"}, Err: err}
	}
	return r, r.check()
}

// Starter returns the rules that come with the program.
func Starter() (Rules, error) { return ParseRules(starter) }

func badRules(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeRules, Args: colophon.Args{"field": field}, Clauses: clauses()}
}

func (r Rules) check() error {
	switch {
	case r.KeepMonths < leastKeep || r.KeepMonths > maxKeep:
		return badRules("keep_months")
	case strings.TrimSpace(r.Duty.ZH) == "" || strings.TrimSpace(r.Duty.EN) == "" || !prose(r.Duty.ZH, maxWords) || !prose(r.Duty.EN, maxWords):
		return badRules("duty")
	case len(r.Rows) > maxRows:
		return badRules("rows")
	}
	for i, row := range r.Rows {
		switch {
		case !word(row.ID) || slices.ContainsFunc(r.Rows[:i], func(o Row) bool { return o.ID == row.ID }):
			return badRules("id")
		case !within(row.Purposes, Purposes()):
			return badRules(row.ID + ".purposes")
		case !within(row.Recipients, Recipients()):
			return badRules(row.ID + ".recipients")
		case !within(row.Classes, classes()):
			return badRules(row.ID + ".classes")
		case !slices.Contains([]Verdict{Grant, Refuse, Person}, row.Decide):
			return badRules(row.ID + ".decide")
		case (row.Decide == Refuse) != (row.Why != "") || row.Why != "" && !slices.Contains(Reasons(), row.Why):
			return badRules(row.ID + ".why")
		}
	}
	return nil
}

func classes() []stamp.Function {
	var list []stamp.Function
	for _, p := range stamp.Policies() {
		list = append(list, p.Function)
	}
	return list
}

func within[T comparable](list, all []T) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !slices.Contains(all, v) })
}

func (r Rules) find(c *Copy) Row {
	for _, row := range r.Rows {
		if (len(row.Purposes) == 0 || slices.Contains(row.Purposes, c.Purpose)) && (len(row.Recipients) == 0 || slices.Contains(row.Recipients, c.Recipient)) &&
			(len(row.Classes) == 0 || slices.Contains(row.Classes, c.Class)) {
			return row
		}
	}
	return Row{Decide: Person}
}

func sha(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
