package library

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/paper"
	"github.com/colophon-project/colophon/screen/keyword"
)

const (
	// aliasMark stands between the aliases of a feature in CSV.
	aliasMark = "|"
	// maxLine is the longest line of a JSON file, in bytes: a feature's texts, of which each character may be escaped.
	maxLine = 2 * (MaxAliases + 8) * MaxValue
	columns = "id,kind,value,category,level,language,anywhere,aliases,source,standard,reason,from,until"
)

// Defaults fill in what a file does not say.
type Defaults struct {
	Language, Source, Standard, Reason string
}

func (d Defaults) fill(f *Feature) {
	for _, field := range []struct {
		to   *string
		from string
	}{{&f.Language, d.Language}, {&f.Source, d.Source}, {&f.Standard, d.Standard}, {&f.Reason, d.Reason}} {
		if *field.to == "" {
			*field.to = field.from
		}
	}
}

// ReadCSV reads features from a file of at most [MaxFile]. The header names the columns: value (or keyword, as lexicons
// have it), category and level must be there; the others may. A row without a kind is a keyword, and one without an
// identifier gets one. An error names the line.
func ReadCSV(r io.Reader, d Defaults) ([]Feature, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	l := newList(d)
	for {
		fields, err := in.Read()
		if err == io.EOF {
			features, _, err := l.end()
			return features, err
		}
		if err != nil {
			var parse *csv.ParseError
			line := 0
			if errors.As(err, &parse) {
				line = parse.Line
			}
			return nil, faulty(CodeLine, line, err)
		}
		at, _ := in.FieldPos(0)
		raw := line{}
		for i, v := range fields {
			if field := raw.set(header[i], strings.TrimSpace(v)); field != "" {
				return nil, faulty(CodeField, at, nil, "field", field)
			}
		}
		if err := l.add(raw, at); err != nil {
			return nil, err
		}
	}
}

func readHeader(in *csv.Reader) ([]string, error) {
	wrong := refuse(colophon.Invalid, CodeHeader, colophon.Args{"columns": columns}, nil)
	header, err := in.Read()
	if err != nil {
		return nil, wrong
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	known := strings.Split(columns, ",")
	for i, name := range header {
		if header[i] = strings.ToLower(strings.TrimSpace(name)); header[i] == "keyword" {
			header[i] = "value"
		}
		if !slices.Contains(known, header[i]) || slices.Contains(header[:i], header[i]) {
			return nil, wrong
		}
	}
	for _, name := range []string{"value", "category", "level"} {
		if !slices.Contains(header, name) {
			return nil, wrong
		}
	}
	return header, nil
}

// set fills in one column and returns its name if the value can't be.
func (l *line) set(column, v string) string {
	switch column {
	case "id":
		l.ID = v
	case "kind":
		l.Kind = Kind(v)
	case "value":
		l.Value = v
	case "category":
		l.Category = Category(v)
	case "level":
		l.Level = v
	case "language":
		l.Language = v
	case "source":
		l.Source = v
	case "standard":
		l.Standard = v
	case "reason":
		l.Reason = v
	case "from":
		l.From = v
	case "until":
		l.Until = v
	case "anywhere":
		if v != "" && v != "yes" && v != "no" {
			return column
		}
		l.Anywhere = v == "yes"
	case "aliases":
		if v != "" {
			l.Aliases = strings.Split(v, aliasMark)
			for i := range l.Aliases {
				l.Aliases[i] = strings.TrimSpace(l.Aliases[i])
			}
		}
	}
	return ""
}

// list collects the features of a file, and compiles them, so that an error about any of them names its line.
type list struct {
	defaults Defaults
	features []Feature
	builder  *builder
}

func newList(d Defaults) *list { return &list{defaults: d, builder: newBuilder(Options{})} }

func (l *list) add(raw line, at int) error {
	f := Feature{ID: raw.ID, Kind: raw.Kind, Value: raw.Value, Aliases: raw.Aliases, Category: raw.Category, Language: raw.Language, Source: raw.Source,
		Anywhere: raw.Anywhere, Standard: raw.Standard, Reason: raw.Reason}
	if f.Kind == "" {
		f.Kind = Keyword
	}
	var ok bool
	if f.Level, ok = keyword.ParseLevel(raw.Level); !ok {
		return faulty(CodeField, at, nil, "field", "level")
	}
	if f.From, ok = readDay(raw.From); !ok {
		return faulty(CodeField, at, nil, "field", "from")
	}
	if f.Until, ok = readDay(raw.Until); !ok {
		return faulty(CodeField, at, nil, "field", "until")
	}
	l.defaults.fill(&f)
	f.tidy()
	if l.features = append(l.features, f); len(l.features) > MaxFile {
		return refuseLong(MaxFile)
	}
	return l.builder.add(&f, at)
}

// end returns the features with what is known of all of them together.
func (l *list) end() ([]Feature, Version, error) {
	set, err := l.builder.finish()
	if err != nil {
		return nil, Version{}, err
	}
	return l.features, set.version, nil
}

func readDay(v string) (time.Time, bool) {
	if v == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.DateOnly, v)
	return t, err == nil
}

// WriteCSV writes features as [ReadCSV] reads them.
func WriteCSV(w io.Writer, features []Feature) error {
	out := csv.NewWriter(w)
	if err := out.Write(strings.Split(columns, ",")); err != nil {
		return err
	}
	for i := range features {
		f := &features[i]
		anywhere := ""
		if f.Anywhere {
			anywhere = "yes"
		}
		if err := out.Write([]string{f.ID, string(f.Kind), f.Value, string(f.Category), f.Level.String(), f.Language, anywhere, strings.Join(f.Aliases, aliasMark),
			f.Source, f.Standard, f.Reason, date(f.From), date(f.Until)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// readLines reads features from lines of JSON, of which the first has the given number.
func readLines(in *bufio.Scanner, first int, d Defaults) ([]Feature, Version, error) {
	l := newList(d)
	at := first
	for ; in.Scan(); at++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var raw line
		if err := paper.Strict(in.Bytes(), &raw, maxLine); err != nil {
			return nil, Version{}, faulty(CodeLine, at, err)
		}
		if err := l.add(raw, at); err != nil {
			return nil, Version{}, err
		}
	}
	if err := in.Err(); err != nil {
		return nil, Version{}, faulty(CodeLine, at, err)
	}
	return l.end()
}

//go:embed starter
var starterFiles embed.FS

// Starter reads the starter library that the program comes with: entries to begin with, which meet no yardstick by
// themselves. A [Shelf] proposes them. They are read once; the list is the caller's own, what a feature holds is not.
func Starter() ([]Feature, error) {
	all, err := starter()
	return slices.Clone(all), err
}

var starter = sync.OnceValues(func() ([]Feature, error) {
	names, err := fs.Glob(starterFiles, "starter/*.csv")
	if err != nil {
		return nil, err
	}
	var all []Feature
	for _, name := range names {
		f, err := starterFiles.Open(name)
		if err != nil {
			return nil, err
		}
		features, err := ReadCSV(f, Defaults{})
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, features...)
	}
	return all, nil
})
