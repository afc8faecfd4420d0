package identity

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of errors about imports.
const (
	CodeImport        colophon.Code = "identity-import"         // arg "lines": so many are wrong; see [LinesError]
	CodeImportMissing colophon.Code = "identity-import-missing" // there is no such import
	CodeImportLarge   colophon.Code = "identity-import-large"   // args "lines", "bytes": the limits
	CodeImportStep    colophon.Code = "identity-import-step"    // arg "state": it was decided
	CodeImportOwn     colophon.Code = "identity-import-own"     // who proposed it decides nothing about it
	CodeImportEmpty   colophon.Code = "identity-import-empty"
	CodeLineCSV       colophon.Code = "identity-line-csv"    // the line is no CSV, or has too many or too few fields
	CodeLineColumn    colophon.Code = "identity-line-column" // arg "column": missing, unknown, or there twice
	CodeLineField     colophon.Code = "identity-line-field"  // arg "column": the value is none
	CodeLineTwice     colophon.Code = "identity-line-twice"  // args "column", "line": the same as in an earlier line
)

// Limits of a file.
const (
	MaxLines = 2000
	MaxBytes = 1 << 20
	// maxAccount is the longest identifier of an account, in bytes.
	maxAccount = 256
	// undecided is how long a file waits for a decision.
	undecided = 14 * 24 * time.Hour
)

// LineError says what is wrong in a line of a file. It repeats nothing of the line.
type LineError struct {
	Line    int // from 1, which has the names of the columns
	Code    colophon.Code
	Args    colophon.Args
	Clauses []colophon.Clause
}

// LinesError says what is wrong in a file. As a [colophon.Error] it has the code [CodeImport].
type LinesError struct{ Lines []LineError }

// Error says how many lines are wrong, and the first.
func (e *LinesError) Error() string {
	return string(CodeImport) + ": " + strconv.Itoa(len(e.Lines)) + " lines, the first is " + strconv.Itoa(e.Lines[0].Line) + ": " + string(e.Lines[0].Code)
}

// Unwrap returns the error as a person is told it.
func (e *LinesError) Unwrap() error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeImport, Args: number("lines", len(e.Lines))}
}

func (e *LinesError) add(line int, err error) {
	var known *colophon.Error
	if !errors.As(err, &known) {
		known = &colophon.Error{Code: CodeLineCSV}
	}
	e.Lines = append(e.Lines, LineError{line, known.Code, known.Args, known.Clauses})
}

// Import is a file with verifications, proposed by one person and decided by another.
type Import struct {
	Lines    int       `json:"lines"`
	Digest   string    `json:"digest"` // keyed digest of the file, in hexadecimal
	Proposer ledger.By `json:"proposer"`
	Decider  ledger.By `json:"decider,omitzero"`
	Decided  time.Time `json:"decided,omitzero"`
	Reason   string    `json:"reason,omitempty"`
}

// ImportEntry is an import in the ledger.
type ImportEntry = ledger.Entry[Import]

// line is one verification of a file.
type line struct {
	number  int
	account string
	Attestation
}

// column is one of a file.
type column struct {
	name     string
	required bool
	put      func(l *line, value string) error
}

// columns are those of a file, in any order.
var columns = []column{
	{"account", true, func(l *line, v string) error {
		if l.account = v; v == "" || len(v) > maxAccount {
			return errField
		}
		return nil
	}},
	{"level", true, func(l *line, v string) (err error) { l.Level, err = ParseLevel(v); return err }},
	{"method", true, func(l *line, v string) error { l.Method, l.Claim.Kind = Method(v), Method(v); return nil }},
	{"provider", true, func(l *line, v string) error { l.Provider = v; return nil }},
	{"transaction", true, func(l *line, v string) error { l.Transaction = v; return nil }},
	{"verified", true, func(l *line, v string) (err error) { l.At, err = moment(v); return err }},
	{"number", false, func(l *line, v string) error { l.Claim.Number = v; return nil }},
	{"name", false, func(l *line, v string) error { l.Claim.Name = v; return nil }},
	{"phone", false, func(l *line, v string) error { l.Claim.Phone = v; return nil }},
	{"minor", false, func(l *line, v string) error { l.Minor = Minor(v); return nil }},
}

var errField = errors.New("the value is none")

// moment reads a time: RFC 3339, or a day in China.
func moment(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, s, time.FixedZone("", 8*60*60))
	return t, err
}

// readLines reads a file: UTF-8, with or without a byte order mark, with the names of the columns in its first line. It
// returns what it could read beside all that is wrong.
func readLines(file []byte) ([]line, *LinesError) {
	wrong := &LinesError{}
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	if !utf8.Valid(file) {
		wrong.add(1, nil)
		return nil, wrong
	}
	rd := csv.NewReader(bytes.NewReader(file))
	rd.ReuseRecord = true
	head, err := rd.Read()
	if err != nil {
		wrong.add(1, nil)
		return nil, wrong
	}
	order := header(head, wrong)
	if len(wrong.Lines) > 0 {
		return nil, wrong
	}
	var list []line
	for {
		fields, err := rd.Read()
		if errors.Is(err, io.EOF) {
			return list, wrong
		}
		if err != nil {
			at := 1
			var broken *csv.ParseError
			if errors.As(err, &broken) {
				at = broken.StartLine
			}
			wrong.add(at, nil)
			if errors.Is(err, csv.ErrFieldCount) && len(wrong.Lines) <= MaxLines {
				continue
			}
			return list, wrong // behind a broken quote nothing is certain
		}
		at, _ := rd.FieldPos(0)
		l := line{number: at}
		for i, v := range fields {
			if err := columns[order[i]].put(&l, strings.TrimSpace(v)); err != nil {
				wrong.add(at, badColumn(CodeLineField, columns[order[i]].name))
			}
		}
		if list = append(list, l); len(list) > MaxLines {
			return list, wrong
		}
	}
}

// header returns which column stands where.
func header(names []string, wrong *LinesError) []int {
	var order []int
	for _, name := range names {
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == strings.TrimSpace(name) })
		if i < 0 || slices.Contains(order, i) {
			wrong.add(1, badColumn(CodeLineColumn, strconv.Itoa(len(order)+1)))
			return nil
		}
		order = append(order, i)
	}
	for i, c := range columns {
		if c.required && !slices.Contains(order, i) {
			wrong.add(1, badColumn(CodeLineColumn, c.name))
		}
	}
	return order
}

func badColumn(code colophon.Code, name string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{"column": name}}
}
