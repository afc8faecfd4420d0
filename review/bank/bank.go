// Package bank keeps banks of test questions: what a model is asked before it is let loose, and how many questions there are
// for each risk of GB/T 45654-2025.
//
// A bank is a file of questions, one JSON object a line (JSON Lines, UTF-8, with or without a byte order mark):
//
//	{"id":"g-a1a-001","kind":"generation","risk":"A.1.a","question":"…","language":"zh"}
//	{"id":"r-a2a-001","kind":"should-refuse","risk":"A.2.a","question":"…","language":"zh"}
//	{"id":"n-history-001","kind":"should-not-refuse","aspect":"history","question":"…","language":"zh"}
//
// Every field is a string. These are the rules; an error names the line and the rule:
//
//   - id: 1 to 64 lower-case letters, digits, points and hyphens, the first a letter or digit; no other question of the bank has it.
//   - kind: generation (the answer is judged), should-refuse (a refusal is right), should-not-refuse (a refusal is wrong).
//   - risk: for generation one of the 31 ([Risks]), for should-refuse one of the 17 of A.1 and A.2. No aspect beside it.
//   - aspect: for should-not-refuse one of the 13 ([Aspects]). No risk beside it.
//   - question: 4 to 2,000 characters that say something, without control characters other than line ends, and not asked
//     before by a question of the same kind ([Fold] decides what is the same).
//   - language: zh, en, or another tag of letters, digits and hyphens, at most 35 bytes.
//   - No other field, no field twice, no empty line, and no comment.
//
// A CSV file has the same as columns: a first line id,kind,risk,aspect,question,language in any order, RFC 4180 below it.
//
// The digest of a bank is that of its questions in the order of their identifiers as canonical JSON, so that JSON Lines, CSV
// and any order of lines with the same questions are the same bank. A bank that a run was made with is never changed: a new
// version is a new bank. [Keeper] lets one person bring in a bank and another approve it.
//
// How many questions there are to be is data ([Yardsticks]) with a source and a confidence: some of the figures are not
// confirmed, and whoever shows a count beside one shows that too.
//
// What not to do here: never put a living person's name or anybody's data into a question. Never say that a bank meets the standard: say
// which figure it meets and how sure the figure is. Never ask a model from here.
package bank

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Kind says what a question is for.
type Kind string

// The kinds.
const (
	// Generation means that the model is to answer, and that the answer is judged.
	Generation Kind = "generation"
	// ShouldRefuse means that the model is to refuse.
	ShouldRefuse Kind = "should-refuse"
	// ShouldNotRefuse means that the model is to answer, although the matter sounds delicate.
	ShouldNotRefuse Kind = "should-not-refuse"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Generation, ShouldRefuse, ShouldNotRefuse} }

// Limits of a bank.
const (
	MaxFile      = 64 << 20 // bytes of a file
	MaxLine      = 64 << 10 // bytes of a line
	MaxQuestions = 50_000
	MinText      = 4 // characters of a question
	MaxText      = 2_000
	maxID        = 64
	maxLanguage  = 35
)

// Question is one question of a bank.
type Question struct {
	ID       string `json:"id"`
	Kind     Kind   `json:"kind"`
	Risk     string `json:"risk,omitempty"`   // such as A.1.a; of the kinds generation and should-refuse
	Aspect   string `json:"aspect,omitempty"` // such as history; of the kind should-not-refuse
	Text     string `json:"question"`
	Language string `json:"language"`
}

// Topic is the question's risk or aspect, by which counts and samples are made.
func (q Question) Topic() string { return cmp.Or(q.Risk, q.Aspect) }

// Bank is a set of questions without errors, in the order of their identifiers.
type Bank struct {
	Questions []Question
	Digest    string // SHA-256 of the questions as canonical JSON, in hexadecimal
}

// Codes of errors.
const (
	CodeLine    colophon.Code = "bank-line"    // args "line", "why": a rule of the format that the line breaks
	CodeFile    colophon.Code = "bank-file"    // arg "why"
	CodeInvalid colophon.Code = "bank-invalid" // arg "field"
	CodeMissing colophon.Code = "bank-missing" // there is no such bank
	CodeStep    colophon.Code = "bank-step"    // args "from", "to"
	CodePerson  colophon.Code = "bank-person"  // a person of the staff has to do it
	CodeOwn     colophon.Code = "bank-own"     // who brought it in can't approve it
	CodeThere   colophon.Code = "bank-there"   // the same questions are there already
	CodeUnfit   colophon.Code = "bank-unfit"   // it is not approved
	CodeUnread  colophon.Code = "bank-unread"  // what is kept of it can't be read, or is not what was brought in
)

// The rules that a line or a file may break, as they stand in the argument "why" of an error.
const (
	whyJSON     = "json"     // not one JSON object, or a field that is no string, is unknown, or stands there twice
	whyLong     = "long"     // longer than MaxLine
	whyEmpty    = "empty"    // nothing in the line, or in the file
	whyUTF8     = "utf8"     // not UTF-8
	whyID       = "id"       // out of form
	whyTwice    = "twice"    // the identifier is taken
	whyKind     = "kind"     // not one of the three
	whyRisk     = "risk"     // missing, unknown, not for this kind, or where none belongs
	whyAspect   = "aspect"   // missing, unknown, or where none belongs
	whyQuestion = "question" // too short, too long, or with control characters
	whyAsked    = "asked"    // asked before
	whyLanguage = "language" // no tag of a language
	whyColumns  = "columns"  // of CSV: the first line does not name the columns, or a line has another number of fields
	whyQuotes   = "quotes"   // of CSV: quotes as RFC 4180 does not have them
	whySize     = "size"     // the file is larger than MaxFile
	whyMany     = "many"     // more than MaxQuestions
)

// Make makes a bank of questions that were checked one by one.
func Make(questions []Question) (Bank, error) {
	list := slices.Clone(questions)
	slices.SortFunc(list, func(a, b Question) int { return strings.Compare(a.ID, b.ID) })
	seen := newSeen()
	for i, q := range list {
		if why := cmp.Or(q.broken(), seen.broken(q)); why != "" {
			return Bank{}, atLine(i+1, why, nil)
		}
	}
	switch {
	case len(list) == 0:
		return Bank{}, ofFile(whyEmpty, nil)
	case len(list) > MaxQuestions:
		return Bank{}, ofFile(whyMany, nil)
	}
	text, err := evidence.Canonical(list)
	if err != nil {
		return Bank{}, err
	}
	sum := sha256.Sum256(text)
	return Bank{list, hex.EncodeToString(sum[:])}, nil
}

// broken names the first rule that a question breaks by itself; it is empty for none.
func (q Question) broken() string {
	switch {
	case !identifier(q.ID):
		return whyID
	case !slices.Contains(Kinds(), q.Kind):
		return whyKind
	case q.Kind == ShouldNotRefuse && q.Risk != "", q.Kind != ShouldNotRefuse && !riskOf(q.Kind, q.Risk):
		return whyRisk
	case q.Kind != ShouldNotRefuse && q.Aspect != "", q.Kind == ShouldNotRefuse && !isAspect(q.Aspect):
		return whyAspect
	case !prose(q.Text):
		return whyQuestion
	case !language(q.Language):
		return whyLanguage
	}
	return ""
}

// seen remembers what stood in a bank before.
type seen struct {
	ids   map[string]bool
	texts map[string]bool
}

func newSeen() seen { return seen{map[string]bool{}, map[string]bool{}} }

// broken names the rule that a question breaks beside those before it, and remembers it.
func (s seen) broken(q Question) string {
	text := string(q.Kind) + " " + Fold(q.Text)
	switch {
	case s.ids[q.ID]:
		return whyTwice
	case s.texts[text]:
		return whyAsked
	}
	s.ids[q.ID], s.texts[text] = true, true
	return ""
}

// Fold is the text by which two questions are the same: letters and digits alone, in one width and one case.
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(text))
}

func atLine(line int, why string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeLine, Args: colophon.Args{"line": strconv.Itoa(line), "why": why}, Err: err}
}

func ofFile(why string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeFile, Args: colophon.Args{"why": why}, Err: err}
}

func identifier(s string) bool {
	return s != "" && len(s) <= maxID && s[0] != '.' && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-'
	})
}

// prose reports whether a question is of the right length and says something.
func prose(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= MinText && n <= MaxText && utf8.ValidString(s) && Fold(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}

// language reports whether s has the form of a tag of BCP 47. Which languages there are is not looked up.
func language(s string) bool {
	if s == "" || len(s) > maxLanguage {
		return false
	}
	for i, part := range strings.Split(s, "-") {
		if part == "" || len(part) > 8 || i == 0 && len(part) < 2 || strings.ContainsFunc(part, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9')
		}) {
			return false
		}
	}
	return true
}
