package markdown

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/colophon-project/colophon/internal/media"
)

// maxBlocks is how many labels one front matter may hold.
const maxBlocks = 16

// part is one front matter.
type part struct {
	from, body, to, end int        // "---", the YAML text, the closing line, and behind it
	root                *yaml.Node // the mapping; nil when the text is not valid YAML or empty
	blocks              []block
	broken              bool // the text is not valid YAML
}

// block is one label: the lines of its key and value.
type block struct {
	from, to  int
	found     media.Found
	removable bool
}

// mark returns where the text begins behind a byte order mark.
func mark(text []byte) int {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// newline returns the line ending of the first line.
func newline(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// opens reports whether the first line is "---".
func opens(text []byte) bool {
	line, _ := lineAt(text, mark(text))
	return fence(line, "---")
}

// lineAt returns the line at an offset without its ending, and where the next one begins.
func lineAt(text []byte, at int) ([]byte, int) {
	n := bytes.IndexByte(text[at:], '\n')
	if n < 0 {
		return text[at:], len(text)
	}
	return text[at : at+n], at + n + 1
}

func fence(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && len(bytes.TrimRight(rest, " \t\r")) == 0
}

// parse finds the front matter, and a second one right behind it when it holds a label too. text is the beginning of a
// file of size bytes.
func parse(text []byte, size int64) ([]part, error) {
	first, ok := find(text, mark(text))
	if !ok {
		if opens(text) && int64(len(text)) < size {
			return nil, media.TooLarge(what, 0, window)
		}
		return nil, nil
	}
	if ok, err := first.read(text); !ok || err != nil {
		return nil, err
	}
	parts := []part{first}
	at := first.end
	for at < len(text) {
		line, next := lineAt(text, at)
		if len(bytes.TrimSpace(line)) > 0 {
			break
		}
		at = next
	}
	second, ok := find(text, at)
	if !ok {
		return parts, nil
	}
	if ok, err := second.read(text); !ok || err != nil {
		return parts, err
	}
	// Two mappings in a row, one of them for the label alone, so that readers may take either.
	if second.root != nil && (len(second.blocks) > 0 || len(first.blocks) > 0 && first.root != nil && len(withoutLabels(first.root)) == 0) {
		for _, p := range []part{first, second} {
			for i := range p.blocks {
				f := &p.blocks[i].found
				f.Findings = append(f.Findings, media.Warn(media.CodeDoubleFrontPart, int64(second.from)))
			}
		}
	}
	if len(second.blocks) > 0 {
		parts = append(parts, second)
	}
	return parts, nil
}

// find returns the front matter that begins at an offset, if one does and is closed.
func find(text []byte, at int) (part, bool) {
	line, next := lineAt(text, at)
	if !fence(line, "---") || next >= len(text) {
		return part{}, false
	}
	p := part{from: at, body: next}
	for at = next; at < len(text); at = next {
		line, next = lineAt(text, at)
		if fence(line, "---") || fence(line, "...") {
			p.to, p.end = at, next
			return p, true
		}
	}
	return part{}, false
}

// read parses the YAML text and finds its labels. ok is false when it is no front matter but, say, a paragraph between
// two rules.
func (p *part) read(text []byte) (ok bool, err error) {
	body := text[p.body:p.to]
	var doc yaml.Node
	if yaml.Unmarshal(body, &doc) != nil {
		if !keyed(body) {
			return false, nil
		}
		p.broken = true
		return true, p.search(body)
	}
	if len(doc.Content) == 0 { // empty, or comments alone
		return true, nil
	}
	p.root = doc.Content[0]
	if p.root.Kind != yaml.MappingNode {
		return false, nil
	}
	lines := starts(body)
	for i := 0; i+1 < len(p.root.Content); i += 2 {
		key, value := p.root.Content[i], p.root.Content[i+1]
		if !strings.EqualFold(key.Value, label) || key.Kind != yaml.ScalarNode {
			continue
		}
		if len(p.blocks) >= maxBlocks {
			return true, media.TooMany("YAML key AIGC", int64(p.body), maxBlocks)
		}
		from, to := lines[min(key.Line-1, len(lines)-1)], len(body)
		if i+2 < len(p.root.Content) {
			to = lines[min(p.root.Content[i+2].Line-1, len(lines)-1)]
		}
		b := block{removable: p.root.Style&yaml.FlowStyle == 0 && key.Column == 1 && to > from && body[from] != '?'}
		to = max(from, to)
		b.from, b.to = p.body+from, p.body+trimEnd(body, from, to, value)
		b.found = p.found(body, key.Value, value, lines, body[from:to])
		b.found.Offset = int64(b.from)
		p.blocks = append(p.blocks, b)
	}
	return true, nil
}

// keyed reports whether broken YAML begins like a mapping.
func keyed(body []byte) bool {
	for at := 0; at < len(body); {
		var line []byte
		line, at = lineAt(body, at)
		line = bytes.TrimRight(line, " \t\r")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		return ok && len(name) > 0 && len(name) <= 64 && !bytes.ContainsAny(name, " \t{}[],")
	}
	return false
}

// search finds labels in YAML that does not parse as a whole: a key at the beginning of a line, and the lines that are
// deeper.
func (p *part) search(body []byte) error {
	for at := 0; at < len(body); {
		line, next := lineAt(body, at)
		from := at
		at = next
		key, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || !strings.EqualFold(string(bytes.Trim(key, `"'`)), label) {
			continue
		}
		for at < len(body) {
			deeper, after := lineAt(body, at)
			if len(bytes.TrimSpace(deeper)) > 0 && deeper[0] != ' ' && deeper[0] != '\t' {
				break
			}
			at = after
		}
		if len(p.blocks) >= maxBlocks {
			return media.TooMany("YAML key AIGC", int64(p.body+from), maxBlocks)
		}
		b := block{from: p.body + from, to: p.body + trimEnd(body, from, at, nil), removable: true}
		b.found = p.alone(body[from:at])
		b.found.Offset = int64(b.from)
		p.blocks = append(p.blocks, b)
	}
	return nil
}

// alone reads a label's lines apart from the front matter around them.
func (p *part) alone(lines []byte) media.Found {
	var doc yaml.Node
	if yaml.Unmarshal(lines, &doc) == nil && len(doc.Content) == 1 && len(doc.Content[0].Content) == 2 {
		return p.found(lines, doc.Content[0].Content[0].Value, doc.Content[0].Content[1], starts(lines), lines)
	}
	_, rest, _ := bytes.Cut(lines, []byte(":"))
	return media.Found{Place: media.PlaceInline, Value: bytes.TrimSpace(bytes.Clone(rest)), Findings: other()}
}

// trimEnd leaves blank lines and comments at the end of a label's lines to the key that follows.
func trimEnd(body []byte, from, to int, value *yaml.Node) int {
	literal := value != nil && value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	for to > from {
		start := bytes.LastIndexByte(body[from:max(from, to-1)], '\n') + 1 + from
		line := bytes.TrimSpace(body[start:to])
		if start == from || len(line) > 0 && (literal || line[0] != '#') {
			break
		}
		to = start
	}
	return to
}

// starts returns where each line begins, by what YAML 1.1 calls a line break.
func starts(text []byte) []int {
	list := []int{0}
	for i := 0; i < len(text); i++ {
		switch rest := text[i:]; {
		case bytes.HasPrefix(rest, []byte("\r\n")):
			i++
		case rest[0] == '\n' || rest[0] == '\r':
		case bytes.HasPrefix(rest, []byte("\u0085")):
			i++
		case bytes.HasPrefix(rest, []byte("\u2028")), bytes.HasPrefix(rest, []byte("\u2029")):
			i += 2
		default:
			continue
		}
		list = append(list, i+1)
	}
	return list
}
