package html

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// document is what matters of an HTML document.
type document struct {
	text       []byte
	xhtml      bool
	insert     int    // where a new meta element goes
	newline    string // what goes before it
	rank       int    // how good a place insert is
	hits       []hit
	signatures []media.Signature
}

// Ranks of places for a new meta element, the worst first.
const (
	atStart = iota
	behindDoctype
	behindHTML
	behindHead
	behindCharset
)

// hit is one label value and how to take it out.
type hit struct {
	found     media.Found
	cut       markup.Splice
	removable bool
	usual     bool // as Colophon writes it
	inHead    bool
	value     markup.Splice // the value of its content attribute
}

type reader struct {
	*document
	s      *markup.Scanner
	body   bool // the head is over
	hidden int  // template and noscript elements that are open
	raw    bool // the last tag began raw text, such as a title
}

// parse reads a document. It fails on what HTML can't be: UTF-16, and labels beyond number.
func parse(text []byte) (*document, error) {
	d := &document{text: text}
	if markup.Wide(text) {
		return d, media.Unsupported(what, 0, "document is in UTF-16")
	}
	r := &reader{document: d, s: markup.HTML(text)}
	d.insert = r.s.Offset()
	d.xhtml = bytes.HasPrefix(text[d.insert:], []byte("<?xml"))
	for {
		t, err := r.s.Next()
		if err != nil || t.Kind == markup.EOF {
			return d, err
		}
		r.take(t)
		if len(d.hits) > maxLabels {
			return d, media.TooMany("HTML meta element", int64(t.From), maxLabels)
		}
	}
}

func (r *reader) take(t markup.Token) {
	raw := r.raw
	r.raw = false
	switch t.Kind {
	case markup.Start:
		r.start(t)
	case markup.End:
		r.end(t)
	case markup.Comment:
		r.comment(t)
	case markup.Doctype:
		r.better(behindDoctype, t.To)
	case markup.Instruction:
		if r.xhtml && t.From <= len("\ufeff") {
			r.insert, r.newline = t.To, "\n"
		}
	case markup.Text: // besides white space, it ends a head that is not marked
		if !raw && r.rank < behindHTML && len(bytes.TrimSpace(r.text[t.From:t.To])) > 0 {
			r.body = true
		}
	}
}

func (r *reader) start(t markup.Token) {
	name := strings.ToLower(string(t.Name))
	switch name {
	case "html":
		if space, _ := r.s.Value(t, "xmlns"); space == "http://www.w3.org/1999/xhtml" && r.rank < behindHTML && !r.body {
			r.xhtml = true
		}
		r.better(behindHTML, t.To)
	case "head":
		if !t.SelfClosing {
			r.better(behindHead, t.To)
		}
	case "meta":
		r.meta(t)
	case "link":
		if rel, _ := r.s.Value(t, "rel"); strings.EqualFold(strings.TrimSpace(rel), "c2pa-manifest") {
			r.signed(t)
		}
	case "script":
		r.raw = true
		kind, _ := r.s.Value(t, "type")
		if strings.EqualFold(kind, "application/c2pa") || strings.EqualFold(kind, "application/c2pa+json") {
			r.signed(t)
		}
	case "template", "noscript":
		if !t.SelfClosing {
			r.hidden++
		}
	case "title", "style", "noframes":
		r.raw = true
	case "base", "bgsound", "basefont":
	default:
		r.body = true
	}
}

func (r *reader) signed(t markup.Token) {
	if len(r.signatures) == 0 {
		r.signatures = append(r.signatures, media.Signature{Kind: media.SignatureC2PA, Offset: int64(t.From)})
	}
}

func (r *reader) end(t markup.Token) {
	switch strings.ToLower(string(t.Name)) {
	case "head":
		r.body = true
	case "template", "noscript":
		r.hidden = max(0, r.hidden-1)
	}
}

// better moves the place for a new meta element when at is a better one.
func (r *reader) better(rank, at int) {
	if rank > r.rank && !r.body && r.hidden == 0 {
		r.rank, r.insert, r.newline = rank, at, "\n"
	}
}

// meta looks at a meta element: is it the label, a description that holds one, or the charset?
func (r *reader) meta(t markup.Token) {
	var content markup.Attribute
	key, charset, described, named, usual, hasContent := "", false, false, false, false, false
	for _, a := range r.s.Attributes(t) {
		value := r.s.Unescape(a.Raw)
		switch strings.ToLower(string(a.Name)) {
		case "name", "property", "itemprop":
			short := value[strings.LastIndexAny(value, ":.")+1:]
			if !named && strings.EqualFold(strings.TrimSpace(short), label) {
				named, key = true, value
				usual = value == label && string(a.Name) == "name"
			}
			described = described || strings.Contains(strings.ToLower(value), "description")
		case "content":
			if !hasContent {
				content, hasContent = a, true
			}
		case "charset", "http-equiv":
			charset = charset || string(bytes.ToLower(a.Name)) == "charset" || strings.EqualFold(value, "content-type")
		}
	}
	if charset {
		r.better(behindCharset, t.To)
	}
	value := strings.TrimSpace(r.s.Unescape(content.Raw))
	off := int64(t.From)
	switch {
	case named:
		h := hit{
			found: media.Found{Place: media.PlaceMeta, Offset: off, Value: []byte(value)},
			cut:   markup.Splice{From: t.From, To: t.To}, removable: true,
			usual: usual && hasContent && content.Quote == '"', inHead: !r.body && r.hidden == 0,
			value: markup.Splice{From: content.ValueFrom, To: content.ValueTo},
		}
		if key != label {
			h.found.Findings = append(h.found.Findings, media.Warn(media.CodeIDSpelling, off, "key", key[:min(len(key), 80)]))
		}
		r.hits = append(r.hits, h)
	case described && hasContent && media.Candidate([]byte(value)):
		rest, ok := markup.Strip(value)
		from, to := content.ValueFrom, content.ValueTo
		if content.Quote != 0 {
			from, to = from-1, to+1
		}
		r.hits = append(r.hits, hit{
			found:     media.Found{Place: media.PlaceDescription, Offset: off, Value: []byte(value), Findings: other(media.PlaceDescription, off)},
			removable: ok, cut: markup.Splice{From: from, To: to, Text: `"` + markup.Escape(rest) + `"`},
		})
	}
}

// comment looks for a label in a comment. Conditional comments and bogus ones are read like any other.
func (r *reader) comment(t markup.Token) {
	inner, ok := bytes.CutPrefix(r.text[t.From:t.To], []byte("<!--"))
	if !ok || !media.Candidate(inner) {
		return
	}
	inner, closed := bytes.CutSuffix(inner, []byte("-->"))
	value := bytes.TrimSpace(inner)
	if len(value) > 4 && bytes.EqualFold(value[:4], []byte(label)) {
		if rest := bytes.TrimLeft(value[4:], " \t\r\n:="); bytes.HasPrefix(rest, []byte("{")) {
			value = rest
		}
	}
	h := hit{
		found: media.Found{
			Place: media.PlaceComment, Offset: int64(t.From), Value: bytes.Clone(value), Findings: other(media.PlaceComment, int64(t.From)),
		},
		cut: markup.Splice{From: t.From, To: t.To},
	}
	rest, ok := markup.Strip(string(inner))
	h.removable = ok && closed && !strings.Contains(rest, "--") && !strings.HasPrefix(rest, ">") && !strings.HasPrefix(rest, "->")
	if strings.TrimSpace(rest) != "" {
		h.cut.Text = "<!--" + rest + "-->"
	}
	r.hits = append(r.hits, h)
}
