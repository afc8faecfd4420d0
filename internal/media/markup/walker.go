package markup

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// Limits on XML: how deep elements nest, and how many namespace declarations are in force at once.
const (
	MaxDepth  = 1000
	MaxSpaces = 256
)

// Element is an open element of an XML document.
type Element struct {
	Token                       // the start tag
	Prefix, Local, Space string // the name in parts; Space is the namespace's URI, "" when none is declared
	declared             []declaration
}

type declaration struct {
	prefix string
	raw    []byte
}

// Is reports whether the element has a local name in one of the namespaces, or in any when none is given.
func (e *Element) Is(local string, spaces ...string) bool {
	if e.Local != local {
		return false
	}
	for _, space := range spaces {
		if e.Space == space {
			return true
		}
	}
	return len(spaces) == 0
}

// Walker walks an XML document and keeps the elements that are open.
type Walker struct {
	*Scanner
	// Stack holds the open elements, outermost first. At a start tag the last is the element that begins, at an end tag
	// the one that ends. A self-closing tag is told as a start tag and an empty end tag.
	Stack   []Element
	pending Token // the end tag of a self-closing element
	popping bool  // the last token ended the element on top
	rooted  bool
	spaces  int               // namespace declarations of the open elements
	names   map[string]string // names met before, so that each is allocated once
}

// Walk returns a walker. Errors name the document as what.
func Walk(text []byte, what string) *Walker { return &Walker{Scanner: XML(text, what)} }

// Top returns the innermost open element.
func (w *Walker) Top() *Element { return &w.Stack[len(w.Stack)-1] }

// Next returns the next token; at the end, one of kind EOF. It fails where elements are not balanced.
func (w *Walker) Next() (Token, error) {
	if w.popping {
		w.spaces -= len(w.Top().declared)
		w.Stack, w.popping = w.Stack[:len(w.Stack)-1], false
	}
	if w.pending.Kind == End {
		t := w.pending
		w.pending, w.popping = Token{}, true
		return t, nil
	}
	t, err := w.Scanner.Next()
	if err != nil {
		return t, err
	}
	switch t.Kind {
	case Start:
		return t, w.push(t)
	case End:
		if len(w.Stack) == 0 || !bytes.Equal(w.Top().Name, t.Name) {
			return t, w.malformed(t.From, "end tag "+clip(t.Name)+" matches no start tag")
		}
		w.popping = true
	case EOF:
		if len(w.Stack) > 0 {
			return t, w.malformed(t.From, "element "+clip(w.Top().Name)+" is not closed")
		}
		if !w.rooted {
			return t, w.malformed(t.From, "no root element")
		}
	}
	return t, nil
}

func (w *Walker) push(t Token) error {
	if len(w.Stack) >= MaxDepth {
		return media.TooDeep(w.what, int64(t.From), MaxDepth)
	}
	if len(w.Stack) == 0 && w.rooted {
		return w.malformed(t.From, "second root element")
	}
	w.rooted = true
	e := Element{Token: t, Local: w.intern(t.Name)}
	if prefix, local, ok := strings.Cut(e.Local, ":"); ok {
		e.Prefix, e.Local = prefix, local
	}
	if bytes.Contains(w.text[t.From:t.To], []byte("xmlns")) {
		for _, a := range w.Attributes(t) {
			if prefix, ok := bytes.CutPrefix(a.Name, []byte("xmlns:")); ok {
				e.declared = append(e.declared, declaration{string(prefix), a.Raw})
			} else if string(a.Name) == "xmlns" {
				e.declared = append(e.declared, declaration{"", a.Raw})
			}
		}
	}
	if w.spaces += len(e.declared); w.spaces > MaxSpaces {
		return media.TooMany("namespace declaration of "+w.what, int64(t.From), MaxSpaces)
	}
	w.Stack = append(w.Stack, e)
	w.Top().Space = w.Resolve(e.Prefix)
	if t.SelfClosing {
		w.pending = Token{Kind: End, From: t.To, To: t.To, Name: t.Name}
	}
	return nil
}

func (w *Walker) intern(name []byte) string {
	if s, ok := w.names[string(name)]; ok {
		return s
	}
	s := string(name)
	if w.names == nil {
		w.names = map[string]string{}
	}
	if len(w.names) < 256 {
		w.names[s] = s
	}
	return s
}

// Resolve returns the namespace that a prefix stands for, "" when it is not declared.
func (w *Walker) Resolve(prefix string) string {
	for i := len(w.Stack) - 1; i >= 0; i-- {
		for _, d := range w.Stack[i].declared {
			if d.prefix == prefix {
				return w.Unescape(d.raw)
			}
		}
	}
	return ""
}

// PrefixOf returns a prefix that stands for a namespace inside the open elements, and false when none does.
func (w *Walker) PrefixOf(space string) (string, bool) {
	for i := len(w.Stack) - 1; i >= 0; i-- {
		for _, d := range w.Stack[i].declared {
			if w.Unescape(d.raw) == space && w.Resolve(d.prefix) == space {
				return d.prefix, true
			}
		}
	}
	return "", false
}

// Qualify returns a name with a prefix, or without when the prefix is empty.
func Qualify(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

// Inside returns the splice that puts text in front of an element's end tag, given the start and end tags, so that a
// self-closing element is opened.
func Inside(start, end Token, text string) Splice {
	if start.SelfClosing {
		return Splice{From: start.To - 2, To: start.To, Text: ">" + text + "</" + string(start.Name) + ">"}
	}
	return Splice{From: end.From, To: end.From, Text: text}
}

// Scope returns the namespace declarations in force inside the open elements, as attributes for a start tag.
// Declarations that lean on an entity of the document are left out.
func (w *Walker) Scope() string {
	var b strings.Builder
	seen := map[string]bool{}
	for i := len(w.Stack) - 1; i >= 0; i-- {
		for _, d := range w.Stack[i].declared {
			if seen[d.prefix] {
				continue
			}
			seen[d.prefix] = true
			uri := w.Unescape(d.raw)
			if strings.Contains(uri, "&") && strings.Contains(uri, ";") {
				continue
			}
			b.WriteString(" xmlns")
			if d.prefix != "" {
				b.WriteString(":" + d.prefix)
			}
			b.WriteString(`="` + Escape(uri) + `"`)
		}
	}
	return b.String()
}

func clip(name []byte) string { return string(name[:min(len(name), 80)]) }
