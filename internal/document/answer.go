package document

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice/prose"
)

// Answer is what a model said, to be kept as a file.
type Answer struct {
	Title string
	Parts []string // Markdown, one for each choice
	At    time.Time
}

// Codes of errors about answers.
const (
	CodeFormat colophon.Code = "export-format" // arg "format": no document of this format is made here
	CodeLong   colophon.Code = "export-long"   // args "height", "limit": the picture would be taller
	CodeBlocks colophon.Code = "export-blocks" // arg "limit": it has more headings, paragraphs, items and the like
)

// look is what a block is.
type look int

const (
	paragraph look = iota
	heading
	code
	rule
)

// block is one block of a text, with its lines as they are shown.
type block struct {
	look   look
	level  int    // of a heading, from 1
	depth  int    // of lists and quotations that it stands in
	bullet string // of a list's item
	lines  []string
}

// maxBlocks is how many blocks an answer may have; laying them out takes about a second then.
const maxBlocks = 50000

// Answer writes an answer as a document: Markdown is written as it is, with the title before it; DOCX, PDF, HTML and PNG show
// headings, lists, quotations and code, and every other sign as it stands. A picture that would be too tall is an error.
// The notice and the label are put on by whoever stamps it.
func (w *Writer) Answer(a Answer, f media.Format) ([]byte, error) {
	if f == media.Markdown {
		return []byte(a.markdown()), nil
	}
	blocks := a.blocks()
	if len(blocks) > maxBlocks {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeBlocks, Args: colophon.Args{"limit": strconv.Itoa(maxBlocks)}}
	}
	switch f {
	case media.HTML:
		return answerHTML(a, blocks)
	case media.DOCX:
		return answerDOCX(a, blocks)
	case media.PDF, media.PNG:
		face, err := w.face()
		if err != nil {
			return nil, err
		}
		if f == media.PNG {
			return answerPNG(face, blocks)
		}
		l := &layout{ink: &ink{face: face, of: map[rune]int{}}}
		l.turn()
		l.blocks(blocks)
		l.number(w)
		return l.file(plain(a.Title), a.At)
	}
	return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormat, Args: colophon.Args{"format": string(f)}}
}

// markdown leaves a notice that the answer begins with at the start, where it is known again.
func (a *Answer) markdown() string {
	text := strings.TrimRight(strings.Join(a.Parts, "\n\n---\n\n"), "\n") + "\n"
	if a.Title == "" {
		return text
	}
	title := "# " + oneLine(a.Title) + "\n\n"
	if first, rest, _ := strings.Cut(text, "\n"); prose.IsLine(first) {
		return first + "\n\n" + title + strings.TrimLeft(rest, "\n")
	}
	return title + text
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// blocks reads the parts of an answer.
func (a *Answer) blocks() (list []block) {
	if a.Title != "" {
		list = append(list, block{look: heading, level: 1, lines: []string{locale.Visible(oneLine(a.Title))}})
	}
	for i, part := range a.Parts {
		if i > 0 {
			list = append(list, block{look: rule})
		}
		list = append(list, read(part)...)
	}
	return list
}

// read finds the blocks of a Markdown text line by line, so that it takes time by the text's length alone. What is not the
// beginning of a block is shown with all its signs.
func read(text string) (list []block) {
	fence, open := "", false // open: the last block takes more lines
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
		rest := strings.TrimLeft(line, " ")
		if fence != "" {
			if strings.HasPrefix(rest, fence) && strings.Trim(rest, fence[:1]+" ") == "" {
				fence, open = "", false
				continue
			}
			last := &list[len(list)-1]
			last.lines = append(last.lines, locale.Visible(line))
			continue
		}
		quoted := 0
		for strings.HasPrefix(rest, ">") {
			rest = strings.TrimLeft(rest[1:], " ")
			quoted++
		}
		b := block{depth: quoted}
		switch mark, after := bulletOf(rest); {
		case rest == "":
			open = false
			continue
		case strings.HasPrefix(rest, "```") || strings.HasPrefix(rest, "~~~"):
			fence = rest[:len(rest)-len(strings.TrimLeft(rest, rest[:1]))]
			list, open = append(list, block{look: code, depth: quoted}), false
			continue
		case isRule(rest):
			list, open = append(list, block{look: rule, depth: quoted}), false
			continue
		case headingOf(rest) > 0:
			b.look, b.level = heading, headingOf(rest)
			rest = strings.TrimSpace(rest[b.level:])
		case mark != "":
			b.bullet, rest = mark, after
			b.depth += 1 + (len(line)-len(strings.TrimLeft(line, " ")))/2
		case open:
			last := &list[len(list)-1]
			last.lines = append(last.lines, locale.Visible(strings.TrimRight(rest, " ")))
			continue
		}
		b.lines = []string{locale.Visible(strings.TrimRight(rest, " "))}
		list, open = append(list, b), b.look != heading
	}
	return list
}

// headingOf is the level of a heading; 0 for what is none.
func headingOf(line string) int {
	n := len(line) - len(strings.TrimLeft(line, "#"))
	if n > 6 || !strings.HasPrefix(line[n:], " ") {
		return 0
	}
	return n
}

// isRule reports whether a line is a thematic break.
func isRule(line string) bool {
	bare := strings.ReplaceAll(line, " ", "")
	return len(bare) >= 3 && strings.Contains("-*_", bare[:1]) && strings.Trim(bare, bare[:1]) == ""
}

// bulletOf returns the mark of a list's item and what follows it; an empty mark for what is none.
func bulletOf(line string) (mark, rest string) {
	mark, rest, ok := strings.Cut(line, " ")
	switch number := strings.TrimRight(mark, ".)"); {
	case !ok || len(mark) > 10:
		return "", line
	case mark == "-" || mark == "*" || mark == "+":
		return "•", strings.TrimLeft(rest, " ")
	case len(number)+1 == len(mark) && number != "" && strings.Trim(number, "0123456789") == "":
		return mark, strings.TrimLeft(rest, " ")
	}
	return "", line
}

// style is how a block looks on paper.
func (b block) style() style {
	switch {
	case b.look == heading && b.level == 1:
		return style{17, 25, "0.08 0.1 0.14", true}
	case b.look == heading && b.level == 2:
		return style{14, 21, "0.08 0.1 0.14", true}
	case b.look == heading:
		return style{11.5, 18, "0.08 0.1 0.14", true}
	case b.look == code:
		return style{9, 13, "0.2 0.22 0.27", false}
	}
	return style{10.5, 17, "0.08 0.1 0.14", false}
}

// maxDepth is how far blocks move to the right.
const maxDepth = 6

// blocks draws blocks over the width of the pages.
func (l *layout) blocks(blocks []block) {
	for _, b := range blocks {
		look, left := b.style(), margin+18*float64(min(b.depth, maxDepth))
		if b.look == rule {
			l.need(18)
			l.fill(ruleColor, left, l.y-9, pageWidth-margin-left, 0.8)
			l.y -= 18
			continue
		}
		if b.look == heading {
			l.need(look.leading + 40)
		}
		first := true
		for _, text := range b.lines {
			for _, n := range l.fold(text, pageWidth-margin-left, look, "") {
				l.need(look.leading)
				if first && b.bullet != "" {
					mark := l.spell(b.bullet)
					l.draw([]line{{style: look, text: mark}}, left-5-l.width(mark)*look.size, l.y)
				}
				first = false
				l.draw([]line{n}, left, l.y)
				l.y -= look.leading
			}
		}
		l.y -= 6
	}
}
