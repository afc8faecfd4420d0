package assessment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"embed"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

//go:embed template.zh.json template.en.json
var templates embed.FS

const (
	// MaxForm is the longest form, in bytes.
	MaxForm = 256 << 10

	maxProse = 8 << 10
	maxLine  = 256
	maxList  = 100
	// longest is for how many years an assessment may stand before it is reviewed. No law gives a figure; this is as long
	// as the shortest time for which it is kept.
	longest = 3
)

// Grade is how grave something is.
type Grade string

// The grades.
const (
	Low    Grade = "low"
	Medium Grade = "medium"
	High   Grade = "high"
)

// Conclusion is what an assessment ends with.
type Conclusion string

// The conclusions.
const (
	Acceptable   Conclusion = "acceptable"
	Conditional  Conclusion = "acceptable-with-conditions"
	Unacceptable Conclusion = "unacceptable"
)

// Form is what an assessment says (Personal Information Protection Law Art. 56): whether purpose and way of processing are
// lawful, legitimate and necessary, what they do to people, and whether the measures are lawful, effective and in
// proportion. Every field MUST be there, even if it is empty. No field names a person.
type Form struct {
	Function   string      `json:"function"`   // identifier in the register
	Modalities []string    `json:"modalities"` // face, voice, body, name
	Purpose    string      `json:"purpose"`
	Method     string      `json:"method"`    // how the data are processed
	Basis      string      `json:"basis"`     // on which legal ground
	Necessity  string      `json:"necessity"` // why nothing milder does
	Scope      string      `json:"scope"`     // whose data, how many, where used
	Data       []DataKind  `json:"data"`
	Models     []Model     `json:"models"`
	Recipients []Recipient `json:"recipients"`
	Storage    string      `json:"storage"`   // where, and how it is protected
	Retention  string      `json:"retention"` // how long, and what comes after
	Risks      []Risk      `json:"risks"`
	Residual   Grade       `json:"residual"` // of all risks, after the measures
	Conclusion Conclusion  `json:"conclusion"`
	Conditions string      `json:"conditions"` // of the conclusion acceptable-with-conditions
	Annexes    []Annex     `json:"annexes"`
	Review     string      `json:"review"` // day on which it lapses, YYYY-MM-DD in Beijing time
}

// DataKind is one kind of personal information.
type DataKind struct {
	Kind      string `json:"kind"`
	Source    string `json:"source"`
	Sensitive bool   `json:"sensitive"`
	Minors    bool   `json:"minors"` // of people under 14 too
}

// Model is a model by which the data are processed, named as in the register.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"` // empty where the register has none
}

// Recipient is somebody else who gets the data.
type Recipient struct {
	Who    string `json:"who"`
	Why    string `json:"why"`
	Abroad bool   `json:"abroad"`
}

// Risk is something that may happen to people, and what is done against it.
type Risk struct {
	Risk       string   `json:"risk"`
	Effect     string   `json:"effect"` // on the person
	Likelihood Grade    `json:"likelihood"`
	Severity   Grade    `json:"severity"`
	Measures   []string `json:"measures"`
	Residual   Grade    `json:"residual"`
}

// Annex is a file that belongs to it and lies elsewhere.
type Annex struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// Template is a form in a language (zh or en) that says in each field what belongs there. It is no valid form.
func Template(language string) ([]byte, error) {
	if language != "zh" && language != "en" {
		return nil, invalid("language")
	}
	return templates.ReadFile("template." + language + ".json")
}

// ParseForm reads a form and checks that it is whole and in form.
func ParseForm(raw []byte) (Form, error) {
	bad := func(field string, err error) (Form, error) {
		return Form{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeForm, Args: colophon.Args{"field": field}, Err: err}
	}
	if len(raw) > MaxForm {
		return bad("json", nil)
	}
	given, err := evidence.Canonicalise(raw)
	if err != nil {
		return bad("json", err)
	}
	var f Form
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return bad("json", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("json", err)
	}
	read, err := evidence.Canonical(f)
	if err != nil {
		return bad("json", err)
	}
	if !bytes.Equal(given, read) { // a field is missing, null, or written in other case
		return bad(differing(given, read), nil)
	}
	return f, f.Check()
}

// differing names the first field in which two forms differ.
func differing(a, b []byte) string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return "json"
	}
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if !bytes.Equal(x[name], y[name]) {
			return name
		}
	}
	return "json"
}

// Digest is the SHA-256 of the form as canonical JSON, in hexadecimal.
func (f Form) Digest() (string, error) {
	text, err := evidence.Canonical(f)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// Check reports the first field that is out of form, or that still says what belongs there.
func (f Form) Check() error {
	code, field := CodeUnfilled, f.unfilled()
	if field == "" {
		code, field = CodeForm, f.check()
	}
	if field == "" {
		field = f.lists()
	}
	if field == "" {
		return nil
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{"field": field}, Clauses: clauses()}
}

func (f Form) check() string {
	for _, p := range []struct{ name, text string }{{"purpose", f.Purpose}, {"method", f.Method}, {"basis", f.Basis}, {"necessity", f.Necessity}, {"scope", f.Scope},
		{"storage", f.Storage}, {"retention", f.Retention}} {
		if !prose(p.text) {
			return p.name
		}
	}
	_, err := f.Until()
	switch {
	case !word(f.Function):
		return "function"
	case !f.Residual.known():
		return "residual"
	case f.Conclusion != Acceptable && f.Conclusion != Conditional && f.Conclusion != Unacceptable:
		return "conclusion"
	case (f.Conclusion == Conditional) != (f.Conditions != ""), f.Conditions != "" && !prose(f.Conditions):
		return "conditions"
	case err != nil:
		return "review"
	}
	return ""
}

// lists checks the lists: which may be empty, and what stands in them.
func (f Form) lists() string {
	few := func(n, least int) bool { return n < least || n > maxList }
	switch {
	case few(len(f.Modalities), 1) || slices.ContainsFunc(f.Modalities, func(m string) bool { return !slices.Contains([]string{"face", "voice", "body", "name"}, m) }):
		return "modalities"
	case few(len(f.Data), 1) || slices.ContainsFunc(f.Data, func(d DataKind) bool { return !prose(d.Kind) || !prose(d.Source) }):
		return "data"
	case few(len(f.Models), 1) || slices.ContainsFunc(f.Models, func(m Model) bool {
		return !line(m.Name) || m.Version != "" && !line(m.Version) || m.Digest != "" && !line(m.Digest)
	}):
		return "models"
	case f.Recipients == nil || few(len(f.Recipients), 0) || slices.ContainsFunc(f.Recipients, func(r Recipient) bool { return !prose(r.Who) || !prose(r.Why) }):
		return "recipients"
	case few(len(f.Risks), 1) || slices.ContainsFunc(f.Risks, func(r Risk) bool { return !r.whole() }):
		return "risks"
	case f.Annexes == nil || few(len(f.Annexes), 0) || slices.ContainsFunc(f.Annexes, func(a Annex) bool { return !line(a.Name) || !digest(a.SHA256) }):
		return "annexes"
	}
	return ""
}

func (r Risk) whole() bool {
	return prose(r.Risk) && prose(r.Effect) && r.Likelihood.known() && r.Severity.known() && r.Residual.known() && len(r.Measures) > 0 && len(r.Measures) <= maxList &&
		!slices.ContainsFunc(r.Measures, func(m string) bool { return !prose(m) })
}

// Until is the end of the day before the day of review, from which on the form counts no more.
func (f Form) Until() (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, f.Review, time.FixedZone("", 8*60*60))
	return day.UTC(), err
}

// unfilled names the first field in which a text still begins as all those of a template do.
func (f Form) unfilled() string {
	for _, p := range []struct {
		name  string
		value any
	}{{"function", f.Function}, {"purpose", f.Purpose}, {"method", f.Method}, {"basis", f.Basis}, {"necessity", f.Necessity}, {"scope", f.Scope}, {"data", f.Data}, {"models", f.Models},
		{"recipients", f.Recipients}, {"storage", f.Storage}, {"retention", f.Retention}, {"risks", f.Risks}, {"conditions", f.Conditions}, {"annexes", f.Annexes}, {"review", f.Review}} {
		if raw, err := json.Marshal(p.value); err != nil || bytes.Contains(raw, []byte(`"…`)) {
			return p.name
		}
	}
	return ""
}

func (g Grade) known() bool { return g == Low || g == Medium || g == High }

// word reports whether s is a short name of lower-case letters, digits, points, hyphens and underscores.
func word(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

// prose reports whether s says something, in lines without control characters.
func prose(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= maxProse && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}

func line(s string) bool { return prose(s) && len(s) <= maxLine && !strings.Contains(s, "\n") }

func digest(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
}
