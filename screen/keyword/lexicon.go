package keyword

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Errors of a lexicon; the argument line is the line of the file.
const (
	CodeLexiconHeader colophon.Code = "lexicon-header"
	CodeLexiconLine   colophon.Code = "lexicon-line"
	CodeLexiconLevel  colophon.Code = "lexicon-level"
	CodeLexiconDate   colophon.Code = "lexicon-date"
)

// columns says what each column of a lexicon sets.
var columns = map[string]func(e *Entry, value string) colophon.Code{
	"keyword":  func(e *Entry, v string) colophon.Code { e.Keyword = v; return "" },
	"category": func(e *Entry, v string) colophon.Code { e.Category = v; return "" },
	"id":       func(e *Entry, v string) colophon.Code { e.ID = v; return "" },
	"source":   func(e *Entry, v string) colophon.Code { e.Source = v; return "" },
	"language": func(e *Entry, v string) colophon.Code { e.Language = v; return "" },
	"from":     func(e *Entry, v string) colophon.Code { return readDate(&e.From, v) },
	"until":    func(e *Entry, v string) colophon.Code { return readDate(&e.Until, v) },
	"level": func(e *Entry, v string) colophon.Code {
		level, ok := ParseLevel(v)
		if !ok {
			return CodeLexiconLevel
		}
		e.Level = level
		return ""
	},
	"anywhere": func(e *Entry, v string) colophon.Code {
		if v != "" && v != "yes" && v != "no" {
			return CodeLexiconLine
		}
		e.Anywhere = v == "yes"
		return ""
	},
}

func readDate(to *time.Time, v string) colophon.Code {
	if v == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, v)
	if err != nil || t.Year() < 1971 || t.Year() > 9999 {
		return CodeLexiconDate
	}
	*to = t
	return ""
}

// ReadCSV reads a lexicon and calls each with every entry and its line. The header names the columns: keyword, category
// and level must be there; id, source, language, from, until (2006-01-02) and anywhere (yes, no) may. An error names the
// line.
func ReadCSV(r io.Reader, each func(e Entry, line int) error) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return refuse(CodeLexiconHeader, 1, err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		if columns[header[i]] == nil || slices.Contains(header[:i], header[i]) {
			return refuse(CodeLexiconHeader, 1, nil)
		}
	}
	for _, name := range []string{"keyword", "category", "level"} {
		if !slices.Contains(header, name) {
			return refuse(CodeLexiconHeader, 1, nil)
		}
	}
	for {
		fields, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			var parse *csv.ParseError
			line := 0
			if errors.As(err, &parse) {
				line = parse.Line
			}
			return refuse(CodeLexiconLine, line, err)
		}
		line, _ := in.FieldPos(0)
		var e Entry
		for i, v := range fields {
			if code := columns[header[i]](&e, strings.TrimSpace(v)); code != "" {
				return refuse(code, line, nil)
			}
		}
		if !e.Until.IsZero() && e.Until.Before(e.From) {
			return refuse(CodeLexiconDate, line, nil)
		}
		if err := each(e, line); err != nil {
			return err
		}
	}
}

// CompileCSV makes a matcher of a lexicon without holding its entries twice.
func CompileCSV(r io.Reader, o Options) (*Matcher, error) {
	c := newCompiler(o)
	if err := ReadCSV(r, c.add); err != nil {
		return nil, err
	}
	return c.finish()
}
