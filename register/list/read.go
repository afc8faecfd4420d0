package list

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
)

// Read reads a list. What kind of file it is follows from its first bytes.
func Read(src media.Source) (File, error) {
	if src.Size() > MaxFile {
		return File{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeLong, Args: colophon.Args{"limit": strconv.Itoa(MaxFile)}}
	}
	r, err := newReader()
	if err != nil {
		return File{}, err
	}
	whole := io.NewSectionReader(src, 0, src.Size())
	sum := sha256.New()
	if _, err := io.Copy(sum, whole); err != nil {
		return File{}, err
	}
	f := File{SHA256: hex.EncodeToString(sum.Sum(nil))}
	head := make([]byte, min(src.Size(), 64))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return File{}, err
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case archive.Magic(head):
		f.Format = "docx"
		f.Title, err = r.docx(src)
	case len(text) > 0 && (text[0] == '[' || text[0] == '{'):
		f.Format = "json"
		err = r.json(io.NewSectionReader(src, 0, src.Size()))
	default:
		f.Format = "csv"
		err = r.csv(io.NewSectionReader(src, 0, src.Size()))
	}
	if err != nil {
		return File{}, err
	}
	f.Rows, err = r.finish()
	return f, err
}

// csv reads a table of commas or tabs. A line that can't be taken apart is an unreadable row.
func (r *reader) csv(src io.Reader) error {
	in := bufio.NewReaderSize(src, 1<<16)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	first, err := in.Peek(1 << 12)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if line, _, _ := bytes.Cut(first, []byte("\n")); !utf8.Valid(line) {
		return unreadable(CodeText, nil)
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord = -1
	if line, _, _ := bytes.Cut(first, []byte("\n")); bytes.Count(line, []byte("\t")) > bytes.Count(line, []byte(",")) {
		c.Comma = '\t'
	}
	for {
		cells, err := c.Read()
		var wrong *csv.ParseError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &wrong):
			if r.header == nil {
				return unreadable(CodeText, err)
			}
			err = r.add(Row{Place: Place{Row: wrong.StartLine}, Reasons: []Reason{{Code: ReasonCells}}})
		case err == nil && len(cells) > maxWide:
			line, _ := c.FieldPos(0)
			err = r.add(Row{Place: Place{Row: line}, Reasons: []Reason{{Code: ReasonCells}}})
		case err == nil:
			line, _ := c.FieldPos(0)
			err = r.line(Place{Row: line}, cells)
		}
		if err != nil {
			return err
		}
	}
}

// json reads every object that has a number, wherever it stands.
func (r *reader) json(src io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(src, MaxFile+1))
	if err != nil {
		return err
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return unreadable(CodeFile, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return unreadable(CodeFile, err)
	}
	return r.object(v)
}

func (r *reader) object(v any) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := r.object(x); err != nil {
				return err
			}
		}
	case map[string]any:
		values := map[column]string{}
		keys := slices.Sorted(maps.Keys(v)) // so that the same file gives the same rows
		for _, key := range keys {
			switch x := v[key].(type) {
			case string:
				r.value(values, key, x)
			case json.Number:
				r.value(values, key, x.String())
			}
		}
		_, numbered := values[number]
		_, named := values[name]
		if _, of := values[entity]; numbered && (named || of) {
			return r.add(r.row(Place{Row: len(r.rows) + 1}, values))
		}
		for _, key := range keys {
			if err := r.object(v[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) value(values map[column]string, key, text string) {
	c := r.names[Fold(key)]
	if _, twice := values[c]; c != "" && !twice {
		values[c] = text
	}
}
