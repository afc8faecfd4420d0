package policy

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

var (
	rowHeader  = []string{"id", "category", "level", "surface", "class", "when", "action", "help", "reason"}
	caseHeader = []string{"name", "category", "level", "surface", "class", "check", "how", "function", "runes", "score", "distance", "want"}
)

// ReadRows reads rows from CSV with the header id,category,level,surface,class,when,action,help,reason, in any order. An
// error names the line.
func ReadRows(r io.Reader) ([]Row, error) {
	var rows []Row
	err := readCSV(r, rowHeader, func(get func(string) string) string {
		action, ok := ParseAction(get("action"))
		if !ok {
			return "action"
		}
		rows = append(rows, Row{get("id"), get("category"), get("level"), get("surface"), get("class"), get("when"), action, get("help"), get("reason")})
		return ""
	})
	return rows, err
}

// WriteRows writes rows as CSV.
func WriteRows(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	lines := [][]string{rowHeader}
	for _, r := range rows {
		lines = append(lines, []string{r.ID, r.Category, r.Level, r.Surface, r.Class, r.When, r.Action.String(), r.Help, r.Reason})
	}
	return out.WriteAll(lines)
}

// ReadCases reads cases from CSV with the header
// name,category,level,surface,class,check,how,function,runes,score,distance,want, in any order. A line is one fact;
// neighbouring lines of one name are one case, and the first says what is wanted. An error names the line.
func ReadCases(r io.Reader) ([]Case, error) {
	var cases []Case
	err := readCSV(r, caseHeader, func(get func(string) string) string {
		f := Fact{Category: get("category"), Level: Level(get("level")), Surface: get("surface"), Class: get("class"), Check: get("check"), How: get("how"), Function: get("function")}
		for _, n := range []struct {
			name  string
			parse func(string) error
		}{
			{"runes", func(v string) (err error) { f.Runes, err = strconv.Atoi(v); return }},
			{"distance", func(v string) (err error) { f.Distance, err = strconv.Atoi(v); return }},
			{"score", func(v string) (err error) { f.Score, err = strconv.ParseFloat(v, 64); return }},
		} {
			if v := get(n.name); v != "" && n.parse(v) != nil {
				return n.name
			}
		}
		if field := f.check(); field != "" {
			return field
		}
		last := len(cases) - 1
		if last >= 0 && cases[last].Name == get("name") && get("want") == "" {
			cases[last].Facts = append(cases[last].Facts, f)
			return ""
		}
		want, ok := ParseAction(get("want"))
		if !ok {
			return "want"
		}
		cases = append(cases, Case{get("name"), []Fact{f}, want})
		return ""
	})
	return cases, err
}

// WriteCases writes cases as CSV.
func WriteCases(w io.Writer, cases []Case) error {
	out := csv.NewWriter(w)
	lines := [][]string{caseHeader}
	for _, c := range cases {
		for i, f := range c.Facts {
			want := ""
			if i == 0 {
				want = c.Want.String()
			}
			lines = append(lines, []string{c.Name, f.Category, string(f.Level), f.Surface, f.Class, f.Check, f.How, f.Function,
				blank(strconv.Itoa(f.Runes)), blank(strconv.FormatFloat(f.Score, 'g', -1, 64)), blank(strconv.Itoa(f.Distance)), want})
		}
	}
	return out.WriteAll(lines)
}

func blank(s string) string {
	if s == "0" {
		return ""
	}
	return s
}

// readCSV calls each with every line after the header. get returns a column's value without space around it; each returns
// the column that is wrong.
func readCSV(r io.Reader, columns []string, each func(get func(string) string) string) error {
	raw, err := readAll(r)
	if err != nil {
		return err
	}
	in := csv.NewReader(bytes.NewReader(raw))
	header, err := in.Read()
	if err != nil {
		return badLine(1, "csv", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(columns, header[i]) || slices.Contains(header[:i], header[i]) {
			return badLine(1, header[i], nil)
		}
	}
	for _, name := range columns {
		if !slices.Contains(header, name) {
			return badLine(1, name, nil)
		}
	}
	for {
		fields, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			line := 0
			if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
				line = parse.Line
			}
			return badLine(line, "csv", err)
		}
		if field := each(func(name string) string { return strings.TrimSpace(fields[slices.Index(header, name)]) }); field != "" {
			line, _ := in.FieldPos(0)
			return badLine(line, field, nil)
		}
	}
}

func badLine(line int, field string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeLineInvalid, Args: colophon.Args{"line": strconv.Itoa(line), "field": field}, Err: err}
}
