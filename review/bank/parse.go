package bank

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/colophon-project/colophon/evidence"
)

// Format is the form of a file of questions.
type Format string

// The formats.
const (
	JSONL Format = "jsonl"
	CSV   Format = "csv"
)

var columns = []string{"id", "kind", "risk", "aspect", "question", "language"}

// byteOrderMark may stand at the start of a file.
var byteOrderMark = []byte("\xef\xbb\xbf")

// Parse reads a bank. It stops at the first line that breaks a rule. No more than [MaxFile] bytes are read.
func Parse(r io.Reader, f Format) (Bank, error) {
	c := &counted{r: r, left: MaxFile}
	in := bufio.NewReaderSize(c, MaxLine)
	if head, _ := in.Peek(len(byteOrderMark)); bytes.Equal(head, byteOrderMark) {
		if _, err := in.Discard(len(byteOrderMark)); err != nil {
			return Bank{}, err
		}
	}
	p := parser{seen: newSeen()}
	var err error
	switch f {
	case JSONL:
		err = p.jsonl(in)
	case CSV:
		err = p.csv(in)
	default:
		return Bank{}, invalid("format")
	}
	if errors.Is(err, errSize) {
		return Bank{}, ofFile(whySize, nil)
	}
	if err != nil {
		return Bank{}, err
	}
	return Make(p.list)
}

var errSize = errors.New("the file is too large")

// counted reads so many bytes and no more.
type counted struct {
	r    io.Reader
	left int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, errSize
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left+1)]) // one more, to tell the end from too much
	if c.left -= int64(n); c.left < 0 {
		return 0, errSize
	}
	return n, err
}

type parser struct {
	seen seen
	list []Question
}

// add takes a question that stands in a line.
func (p *parser) add(line int, q Question) error {
	if why := cmp.Or(q.broken(), p.seen.broken(q)); why != "" {
		return atLine(line, why, nil)
	}
	if len(p.list) == MaxQuestions {
		return ofFile(whyMany, nil)
	}
	p.list = append(p.list, q)
	return nil
}

func (p *parser) jsonl(in *bufio.Reader) error {
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return atLine(n, whyLong, nil)
		case err != nil && err != io.EOF:
			return err
		case err == io.EOF && len(line) == 0:
			return nil
		}
		q, why, cause := object(bytes.TrimRight(line, "\r\n"))
		if why != "" {
			return atLine(n, why, cause)
		}
		if err := p.add(n, q); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
	}
}

// object reads one JSON object; why names the rule that it breaks.
func object(line []byte) (q Question, why string, err error) {
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		return q, whyEmpty, nil
	case !utf8.Valid(line):
		return q, whyUTF8, nil
	}
	if _, err := evidence.Canonicalise(line); err != nil { // a field twice
		return q, whyJSON, nil
	}
	var fields map[string]*string
	if err := json.Unmarshal(line, &fields); err != nil {
		return q, whyJSON, nil
	}
	for name, value := range fields {
		if value == nil || !slices.Contains(columns, name) {
			return q, whyJSON, nil
		}
	}
	return question(func(name string) string {
		if v := fields[name]; v != nil {
			return *v
		}
		return ""
	}), "", nil
}

func question(field func(name string) string) Question {
	return Question{field("id"), Kind(field("kind")), field("risk"), field("aspect"), field("question"), field("language")}
}

func (p *parser) csv(in *bufio.Reader) error {
	r := csv.NewReader(&valid{r: &lines{r: in}})
	r.ReuseRecord = true
	at := map[string]int{}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		line, _ := r.FieldPos(0)
		if len(at) == 0 {
			for i, name := range row {
				at[name] = i
			}
			if len(row) != len(columns) || len(at) != len(columns) || slices.ContainsFunc(columns, func(c string) bool { _, ok := at[c]; return !ok }) {
				return atLine(line, whyColumns, nil)
			}
			continue
		}
		if err := p.add(line, question(func(name string) string { return row[at[name]] })); err != nil {
			return err
		}
	}
}

// broken names the rule of CSV that a reader's error speaks of.
func broken(err error) error {
	var e *csv.ParseError
	switch {
	case errors.As(err, &e) && errors.Is(err, csv.ErrFieldCount):
		return atLine(e.StartLine, whyColumns, nil)
	case errors.As(err, &e) && (errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote)):
		return atLine(e.StartLine, whyQuotes, nil)
	case errors.Is(err, errUTF8):
		return ofFile(whyUTF8, nil)
	case errors.Is(err, errLong):
		return ofFile(whyLong, nil)
	}
	return err
}

var (
	errUTF8 = errors.New("not UTF-8")
	errLong = errors.New("a line is too long")
)

// lines reads lines of bounded length, so that what a reader of CSV keeps of one stays bounded too.
type lines struct {
	r    *bufio.Reader
	rest []byte
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		line, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return 0, errLong
		}
		if len(line) == 0 {
			return 0, err
		}
		l.rest = line
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// valid refuses what is not UTF-8. It is handed whole lines, so that no character is cut in two, as far as the buffer of
// the one who reads reaches; what is left of a character waits for the rest.
type valid struct {
	r    io.Reader
	tail []byte
}

func (v *valid) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	text := append(v.tail, p[:n]...)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			if err == nil && !utf8.FullRune(text) {
				break
			}
			return 0, errUTF8
		}
		text = text[size:]
	}
	v.tail = append(v.tail[:0:0], text...)
	if err == io.EOF && len(v.tail) > 0 {
		return 0, errUTF8
	}
	return n, err
}
