package prose

import (
	"bytes"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markdown"
	"github.com/colophon-project/colophon/notice"
)

// maxMarkdown is the longest Markdown text, in bytes: where it ends decides what is shown, so it is parsed as a whole.
// maxNested is how many quotes and lists may begin on one line: the parser's work grows with the square of that.
const (
	maxMarkdown = 1 << 20
	maxNested   = 100
)

// page is a Markdown text, decoded, with the place behind its front matter.
type page struct {
	charset
	text    string
	body    int // behind the front matter, in text
	newline string
}

func loadMarkdown(src media.Source) (*page, found, error) {
	if src.Size() > maxMarkdown {
		return nil, found{}, media.TooLarge("Markdown text", 0, maxMarkdown)
	}
	c, err := detect(src)
	if err != nil {
		return nil, found{}, err
	}
	b, err := media.Bytes(src, "Markdown text", int64(c.mark), src.Size()-int64(c.mark))
	if err != nil {
		return nil, found{}, err
	}
	p := &page{charset: c, text: c.decode(b)}
	if again, err := c.encode(p.text); err != nil || !bytes.Equal(again, b) {
		return nil, found{}, media.Malformed("Markdown text", 0, "characters that its encoding does not have")
	}
	if i := strings.IndexByte(p.text, 0); i >= 0 {
		return nil, found{}, media.Unsupported("Markdown text", int64(i), "text holds a NUL")
	}
	if i := deep(p.text); i >= 0 {
		return nil, found{}, media.TooDeep("Markdown text", int64(i), maxNested)
	}
	p.newline = newline(p.text)
	if p.body, err = markdown.Body([]byte(p.text), int64(len(p.text))); err != nil {
		return nil, found{}, err
	}
	first, last := quotes(p.text[p.body:])
	return p, found{start: first, end: last}, nil
}

// quotes parses a text and returns the words of its first and of its last block, where they are a quote that is a notice
// and nothing else.
// A line that another writer has put there as a paragraph counts too.
func quotes(body string) (first, last string) {
	source := []byte(body)
	// Blocks alone are parsed. What stands within them is not looked at, and some of it takes the square of its length.
	p := parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...), parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...))
	root := p.Parse(text.NewReader(source), parser.WithContext(parser.NewContext()))
	return quoted(root.FirstChild(), source), quoted(root.LastChild(), source)
}

// deep returns where a line begins that opens more quotes and lists than maxNested, or -1.
func deep(text string) int {
	at := 0
	for line := range strings.Lines(text) {
		opened := 0
		for rest, ok := line, true; ok; opened++ {
			rest, ok = opens(strings.TrimLeft(rest, " \t"))
		}
		if opened > maxNested {
			return at
		}
		at += len(line)
	}
	return -1
}

// opens takes what opens a quote or a list from the front of a line.
func opens(line string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(line, ">"); ok {
		return rest, true
	}
	number := strings.TrimLeft(line, "0123456789")
	marks := "-+*"
	if len(number) < len(line) {
		marks = ".)"
	}
	if len(number) < 2 || !strings.ContainsRune(marks, rune(number[0])) || number[1] != ' ' && number[1] != '\t' {
		return line, false
	}
	return number[1:], true
}

func quoted(n ast.Node, source []byte) string {
	if n != nil && n.Kind() == ast.KindBlockquote {
		if n.ChildCount() != 1 {
			return ""
		}
		n = n.FirstChild()
	}
	if n == nil || n.Kind() != ast.KindParagraph || n.Lines().Len() != 1 {
		return ""
	}
	line := n.Lines().At(0)
	return unescaped(Said(string(bytes.Trim(bytes.TrimSpace(line.Value(source)), "*_"))))
}

func putMarkdown(src media.Source, line string, o notice.Options) (*media.Edit, found, error) {
	p, there, err := loadMarkdown(src)
	if err != nil {
		return nil, there, err
	}
	start, end := there.missing(o)
	if !start && !end {
		return nil, there, nil
	}
	nl := p.newline
	quote := "> **" + escaped(line) + "**" + nl
	var splices []media.Splice
	var before, after string
	if start {
		before = quote + nl
		if p.body > 0 {
			before = nl + before
		}
		if first, _ := quotes(before + p.text[p.body:]); first == "" {
			return nil, there, media.Unsupported("Markdown text", int64(p.mark), "a block quote at its start would not be shown as one")
		}
		if err := p.splice(&splices, p.body, before); err != nil {
			return nil, there, err
		}
	}
	if end {
		i := slices.IndexFunc(p.closers(), func(closer string) bool {
			after = closer + nl + quote
			_, last := quotes(p.text[p.body:] + after)
			return last != ""
		})
		if i < 0 {
			return nil, there, media.Unsupported("Markdown text", src.Size(), "a block quote at its end would not be shown as one")
		}
		if err := p.splice(&splices, len(p.text), after); err != nil {
			return nil, there, err
		}
	}
	e, err := media.Splices(src, splices...)
	return e, there, err
}

// escaped keeps words of the caller's own from being markup inside the emphasis.
func escaped(line string) string {
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", "&", "&amp;").Replace(line)
}

// unescaped undoes it.
func unescaped(line string) string {
	return strings.NewReplacer(`\\`, `\`, "\\`", "`", `\*`, `*`, `\_`, `_`, "&lt;", "<", "&amp;", "&").Replace(line)
}

// splice adds an insertion at a place of the decoded text.
func (p *page) splice(list *[]media.Splice, at int, insert string) error {
	b, err := p.encode(insert)
	if err != nil {
		return err
	}
	before, err := p.encode(p.text[:at])
	if err != nil {
		return err
	}
	*list = append(*list, media.Splice{Offset: int64(p.mark + len(before)), Insert: b})
	return nil
}

// closers are what may have to stand before a quote at the end: nothing, or the end of a code fence or a comment that the
// text leaves open, which shows the same whether it ends there or with the text.
func (p *page) closers() []string {
	lead := ""
	if !strings.HasSuffix(p.text, "\n") && !strings.HasSuffix(p.text, "\r") && p.text != "" {
		lead = p.newline
	}
	list := []string{lead}
	fences := 0
	for _, line := range slices.Backward(strings.FieldsFunc(p.text[p.body:], func(r rune) bool { return r == '\n' || r == '\r' })) {
		line = strings.TrimLeft(line, " ")
		mark := line[:len(line)-len(strings.TrimLeft(line, "`"))] + line[:len(line)-len(strings.TrimLeft(line, "~"))]
		if len(mark) < 3 || slices.Contains(list, lead+mark+p.newline) {
			continue
		}
		list = append(list, lead+mark+p.newline)
		if fences++; fences == 4 {
			break
		}
	}
	return append(list, lead+"-->"+p.newline)
}
