package prose

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

const (
	// window is how much of a text's beginning and end is looked at.
	window = 64 << 10
	// maxJSON is the largest JSON document that is recognised as a whole.
	maxJSON = 4 << 20
)

// lines is what matters of a plain text: its encoding and its ends.
type lines struct {
	charset
	head, tail string // decoded; the tail begins at a line
	newline    string
}

func loadText(src media.Source) (*lines, found, error) {
	c, err := detect(src)
	if err != nil {
		return nil, found{}, err
	}
	size := src.Size() - int64(c.mark)
	head, err := media.Bytes(src, "text", int64(c.mark), min(size, window))
	if err != nil {
		return nil, found{}, err
	}
	from := max(int64(c.mark), src.Size()-window)
	from += (from - int64(c.mark)) % 2 // UTF-16 has units of two bytes
	tail, err := media.Bytes(src, "text", from, src.Size()-from)
	if err != nil {
		return nil, found{}, err
	}
	t := &lines{charset: c, head: c.decode(head)}
	if from > int64(c.mark) && (c.kind == utf8Kind || c.kind == gbKind) {
		// A line feed is part of no longer character in either.
		tail = tail[bytes.IndexByte(tail, '\n')+1:]
	}
	t.tail = c.decode(tail)
	t.newline = newline(t.head)
	return t, found{start: Said(firstLine(t.head)), end: Said(lastLine(t.tail))}, nil
}

// isHTML reports whether a text is HTML, which shows no line of plain text as one: it begins with the doctype, with the
// root element, or with an element that fragments begin with.
func (t *lines) isHTML() bool {
	head := strings.ToLower(strings.TrimLeft(t.head[:min(len(t.head), window/2)], " \t\r\n\f\ufeff"))
	if strings.HasPrefix(head, "<!doctype html") {
		return true
	}
	name, ok := strings.CutPrefix(head, "<")
	if !ok {
		return false
	}
	end := strings.IndexAny(name, " \t\r\n\f/>")
	return end > 0 && slices.Contains([]string{"html", "head", "body", "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "main", "header",
		"nav", "table", "ul", "ol", "blockquote"}, name[:end])
}

// newline returns the first line end of a text, a line feed where there is none.
func newline(text string) string {
	i := strings.IndexAny(text, "\r\n")
	switch {
	case i < 0 || text[i] == '\n':
		return "\n"
	case strings.HasPrefix(text[i:], "\r\n"):
		return "\r\n"
	}
	return "\r"
}

// firstLine and lastLine return the line at an end of a text, blank lines aside.
func firstLine(text string) string {
	text = strings.TrimLeft(text, " \t\r\n\f\u3000")
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = text[:i]
	}
	return text
}

func lastLine(text string) string {
	text = strings.TrimRight(text, " \t\r\n\f\u3000")
	return text[strings.LastIndexAny(text, "\r\n")+1:]
}

func putText(src media.Source, words string, o notice.Options) (*media.Edit, found, error) {
	t, there, err := loadText(src)
	if err != nil {
		return nil, there, err
	}
	if t.isHTML() {
		return putHTML(src, words, o)
	}
	start, end := there.missing(o)
	if !start && !end {
		return nil, there, nil
	}
	if err := t.takesLines(src, start); err != nil {
		return nil, there, err
	}
	line := Line(words)
	nl := t.newline
	e := new(media.Edit)
	e.Keep(0, int64(t.mark))
	if start {
		b, err := t.encode(line + nl + nl)
		if err != nil {
			return nil, there, err
		}
		e.Put(b)
	}
	e.Keep(int64(t.mark), src.Size()-int64(t.mark))
	if end {
		lead := nl
		if !strings.HasSuffix(t.tail, "\n") && !strings.HasSuffix(t.tail, "\r") {
			lead += nl
		}
		b, err := t.encode(lead + line + nl)
		if err != nil {
			return nil, there, err
		}
		e.Put(b)
	}
	return e, there, nil
}

// takesLines refuses texts that a line of words would break.
func (t *lines) takesLines(src media.Source, start bool) error {
	const what = "text"
	head := strings.TrimLeft(t.head, " \t\r\n")
	switch {
	case strings.HasPrefix(head, "#!") && start:
		return media.Unsupported(what, int64(t.mark), "a script's first line must stay the first")
	case strings.HasPrefix(head, "<?xml"), strings.HasPrefix(head, "{\\rtf"):
		return media.Unsupported(what, int64(t.mark), "markup takes no line of plain text")
	case !strings.HasPrefix(head, "{") && !strings.HasPrefix(head, "["):
		return nil
	}
	isJSON := json.Valid([]byte(firstLine(head))) // also of JSON lines
	if !isJSON && src.Size() <= maxJSON {
		all, err := media.Bytes(src, what, int64(t.mark), src.Size()-int64(t.mark))
		if err != nil {
			return err
		}
		isJSON = json.Valid([]byte(t.decode(all)))
	}
	if isJSON || src.Size() > maxJSON && strings.HasPrefix(strings.Join(strings.Fields(head[:min(len(head), 64)]), ""), `{"`) {
		return media.Unsupported(what, int64(t.mark), "a JSON document takes no line of text")
	}
	return nil
}
