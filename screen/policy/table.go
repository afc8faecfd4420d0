package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Limits of a table.
const (
	MaxRows  = 500
	MaxCases = 5000
	MaxFacts = 200     // of one case
	MaxCell  = 4096    // bytes of a cell
	MaxText  = 1024    // bytes of a condition and of a reason
	MaxTable = 4 << 20 // bytes of a table as JSON or CSV
)

// Row is one row of a table. A cell is "*" for everything, or words separated by "|".
type Row struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Level    string `json:"level"`
	Surface  string `json:"surface"`
	Class    string `json:"class"`
	// When is a condition in CEL over category, level, surface, class, check, how, fn (the function), runes, score and
	// distance of the fact; empty for none.
	When   string `json:"when,omitempty"`
	Action Action `json:"action"`
	Help   string `json:"help,omitempty"` // name of what the person is told in addition
	Reason string `json:"reason"`
}

// Case is a recorded judgement and what has to come of it. Cases are the tests of a table.
type Case struct {
	Name  string `json:"name"`
	Facts []Fact `json:"facts"`
	Want  Action `json:"want"`
}

// Table is a decision table with its cases. A version never changes once it was proposed.
type Table struct {
	Version string    `json:"version"`
	Made    time.Time `json:"made"`
	By      string    `json:"by"` // identifier of who made it
	Rows    []Row     `json:"rows"`
	Cases   []Case    `json:"cases"`
}

var (
	actions  = []string{Allow: "allow", Label: "label", Limit: "limit", Review: "review", Refuse: "refuse"}
	levels   = []string{string(LevelNote), string(LevelReview), string(LevelBlock), string(LevelUnknown)}
	surfaces = []string{"input", "output", "upload"}
)

// String returns the action as it stands in tables and JSON output.
func (a Action) String() string {
	if a.known() {
		return actions[a]
	}
	return "none"
}

func (a Action) known() bool { return a >= Allow && a <= Refuse }

// ParseAction reads an action as it stands in a table.
func ParseAction(s string) (Action, bool) {
	i := slices.Index(actions, s)
	return Action(max(i, 0)), i > 0
}

// MarshalText writes the action's name.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the action's name.
func (a *Action) UnmarshalText(text []byte) error {
	read, ok := ParseAction(string(text))
	if !ok {
		return errors.New("no such action")
	}
	*a = read
	return nil
}

// word reports whether s may be a word of a fact or a cell.
func word(s string) bool {
	if s == "" || len(s) > MaxWord || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= '-' && r <= ':', r == '_', r >= 'A' && r <= 'Z': // - . / digits :
		case r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return false
		}
	}
	return true
}

// prose reports whether s is text that a person may have written: no control characters but line ends.
func prose(s string) bool {
	return len(s) <= MaxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
}

// ReadTable reads a table from JSON. Whether it can be compiled is for [Compile] to say.
func ReadTable(r io.Reader) (Table, error) {
	raw, err := readAll(r)
	if err != nil {
		return Table{}, err
	}
	canonical, err := evidence.Canonicalise(raw)
	if err != nil {
		return Table{}, badFile(err)
	}
	var t Table
	dec := json.NewDecoder(bytes.NewReader(canonical))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return Table{}, badFile(err)
	}
	t.Made = milliseconds(t.Made)
	return t, nil
}

// readAll reads a file of at most MaxTable bytes.
func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxTable+1))
	if err == nil && len(raw) > MaxTable {
		err = badTable("size")
	}
	return raw, err
}

// WriteTable writes a table as JSON for people to read.
func WriteTable(w io.Writer, t Table) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(t)
}

// digest is the SHA-256 of a table as canonical JSON.
func digest(t Table) ([32]byte, []byte, error) {
	raw, err := evidence.Canonical(t)
	return sha256.Sum256(raw), raw, err
}

func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// sane reports what is wrong with a table apart from its cells and conditions.
func (t *Table) sane() error {
	switch {
	case !word(t.Version):
		return badTable("version")
	case t.By != "" && !word(t.By):
		return badTable("by")
	case len(t.Rows) == 0 || len(t.Rows) > MaxRows:
		return badTable("rows")
	case len(t.Cases) > MaxCases:
		return badTable("cases")
	}
	seen := map[string]bool{}
	for i := range t.Rows {
		r := &t.Rows[i]
		if field := r.sane(); field != "" {
			return badRow(r.ID, CodeRowInvalid, colophon.Args{"field": field}, nil)
		}
		if seen[r.ID] {
			return badRow(r.ID, CodeRowTwice, nil, nil)
		}
		seen[r.ID] = true
	}
	clear(seen)
	for i := range t.Cases {
		if c := &t.Cases[i]; !c.sane() || seen[c.Name] {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeCaseInvalid, Args: colophon.Args{"case": c.Name}}
		} else {
			seen[c.Name] = true
		}
	}
	return nil
}

func (r *Row) sane() string {
	switch {
	case !word(r.ID):
		return "id"
	case !r.Action.known():
		return "action"
	case r.Help != "" && !word(r.Help):
		return "help"
	case strings.TrimSpace(r.Reason) == "" || !prose(r.Reason):
		return "reason"
	case !prose(r.When):
		return "when"
	}
	return ""
}

func (c *Case) sane() bool {
	if c.Name == "" || !prose(c.Name) || !c.Want.known() || len(c.Facts) == 0 || len(c.Facts) > MaxFacts {
		return false
	}
	for i := range c.Facts {
		if c.Facts[i].check() != "" {
			return false
		}
	}
	return true
}

func badTable(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeTableInvalid, Args: colophon.Args{"field": field}}
}

func badRow(id string, code colophon.Code, args colophon.Args, err error) error {
	all := colophon.Args{"row": id}
	maps.Copy(all, args)
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: all, Err: err}
}

func badFile(err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeFileInvalid, Err: err}
}
