package phash

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// Codes of what is wrong with a list. Args "line"; CodeListHeader has "columns" too.
const (
	CodeListHeader  colophon.Code = "phash-list-header"
	CodeListRecord  colophon.Code = "phash-list-record"
	CodeListHash    colophon.Code = "phash-list-hash"
	CodeListQuality colophon.Code = "phash-list-quality"
	CodeListLong    colophon.Code = "phash-list-long"
	CodeListRead    colophon.Code = "phash-list-read"
)

// maxLine is the length of the longest line of a list, in bytes.
const maxLine = 1 << 16

// Row is one hash of a list. What a list does not say is empty, and Quality is -1.
type Row struct {
	Line                    int // counts from 1
	Hash                    Hash
	Quality                 int // 0 to 100
	Category, Level, Source string
}

// columns are those that a list may have; the first it must have.
const columns = "hash,quality,category,level,source"

// ReadList reads a list of hashes in CSV, one to a line, under a header that names the columns, in any order. It ends with
// the first thing that is wrong: a list that is wrong somewhere may be wrong everywhere, so nobody should use the rows
// before it. A hash of zeros is refused, because every picture that is too small has it. No more than a line is kept.
func ReadList(r io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		var header []string
		n := 0
		for lines.Scan() {
			n++
			text := lines.Bytes()
			if n == 1 {
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			if len(text) == 0 && header != nil {
				continue
			}
			fields, err := split(text)
			switch {
			case header == nil:
				if header = fields; err != nil || !goodHeader(header) {
					yield(Row{}, listError(CodeListHeader, n, err))
					return
				}
				continue
			case err != nil || len(fields) != len(header):
				yield(Row{}, listError(CodeListRecord, n, err))
				return
			}
			row, err := newRow(n, header, fields)
			if !yield(row, err) || err != nil {
				return
			}
		}
		switch err := lines.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(Row{}, listError(CodeListLong, n+1, err))
		case err != nil:
			e := listError(CodeListRead, n+1, err)
			e.Kind = colophon.Internal
			yield(Row{}, e)
		case header == nil:
			yield(Row{}, listError(CodeListHeader, 1, nil))
		}
	}
}

// split returns the fields of a line. Few lines have quotes, and those that have none are split many times as fast.
func split(line []byte) ([]string, error) {
	switch {
	case !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0:
		return nil, errors.New("not text in UTF-8")
	case bytes.IndexByte(line, '"') >= 0:
		return csv.NewReader(bytes.NewReader(line)).Read()
	}
	return strings.Split(string(line), ","), nil
}

// goodHeader reports whether a header has the column of hashes, and no column that is unknown or there twice.
func goodHeader(header []string) bool {
	known := strings.Split(columns, ",")
	for i, name := range header {
		if !slices.Contains(known, name) || slices.Contains(header[:i], name) {
			return false
		}
	}
	return slices.Contains(header, known[0])
}

func newRow(line int, header, fields []string) (Row, error) {
	row := Row{Line: line, Quality: -1}
	for i, v := range fields {
		switch header[i] {
		case "hash":
			h, err := Parse(v)
			if err != nil || h == (Hash{}) {
				return Row{}, listError(CodeListHash, line, err)
			}
			row.Hash = h
		case "quality":
			if v == "" {
				continue
			}
			q, err := strconv.ParseUint(v, 10, 8)
			if err != nil || q > 100 {
				return Row{}, listError(CodeListQuality, line, err)
			}
			row.Quality = int(q)
		case "category":
			row.Category = v
		case "level":
			row.Level = v
		case "source":
			row.Source = v
		}
	}
	return row, nil
}

func listError(code colophon.Code, line int, err error) *colophon.Error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{"line": strconv.Itoa(line)}, Err: err}
	if code == CodeListHeader {
		e.Args["columns"] = columns
	}
	return e
}
