// Package markup reads XML and HTML as text with offsets, for containers that replace a few bytes of a document and
// keep all others.
//
// A [Scanner] cuts the text into tokens and never builds a model of it. Two dialects are known: XML 1.0, in which
// anything that is not well-formed is an error, and HTML (WHATWG, chapter 13), in which nothing is. A [Walker] adds what
// XML has on top: balanced elements, namespaces, depth. Documents must be in an encoding that contains ASCII, which
// UTF-8, GB 18030 and ISO 8859 do and UTF-16 does not.
//
// What not to do here: never expand an entity that a document defines, and never write a document from tokens.
package markup

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
)

// Kind is the kind of a token.
type Kind int

// Kinds of tokens. EOF is the zero value.
const (
	EOF Kind = iota
	Text
	Start
	End
	Comment
	Instruction // also an XML declaration
	Doctype
	CDATA
)

// Token is a piece of a document: the range [From, To) of its text.
type Token struct {
	Kind        Kind
	From, To    int
	Name        []byte // of an element, with its prefix; as written
	SelfClosing bool   // a start tag that ends in "/>"
}

// Scanner cuts a document into tokens.
type Scanner struct {
	text []byte
	what string
	at   int
	html bool
	// strict is set for HTML in XML syntax, where a self-closing script tag is closed.
	strict bool
	raw    []byte // the element whose content is raw text, when the next token is that text
}

// XML returns a scanner of XML. Errors name the document as what.
func XML(text []byte, what string) *Scanner { return &Scanner{text: text, what: what, at: bom(text)} }

// HTML returns a scanner of HTML, which takes whatever it is given.
func HTML(text []byte) *Scanner {
	s := &Scanner{text: text, what: "HTML document", at: bom(text), html: true}
	s.strict = bytes.HasPrefix(text[s.at:], []byte("<?xml"))
	return s
}

func bom(text []byte) int {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return len("\ufeff")
	}
	return 0
}

// Wide reports whether a document is in UTF-16 or UTF-32, which contain no ASCII.
func Wide(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) ||
		bytes.IndexByte(text[:min(len(text), 4)], 0) >= 0
}

// Offset returns where the next token begins, or the one that could not be read.
func (s *Scanner) Offset() int { return s.at }

// Next returns the next token; at the end, one of kind EOF.
func (s *Scanner) Next() (Token, error) {
	if s.at >= len(s.text) {
		return Token{From: s.at, To: s.at}, nil
	}
	if s.raw != nil {
		end := rawEnd(s.text, s.at, s.raw)
		s.raw = nil
		if end > s.at {
			return s.token(Text, end), nil
		}
	}
	if s.text[s.at] != '<' {
		return s.upTo(s.at), nil
	}
	rest := s.text[s.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment()
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return s.until(CDATA, 9, "]]>")
	case bytes.HasPrefix(rest, []byte("<?")) && !s.html:
		return s.until(Instruction, 2, "?>")
	case bytes.HasPrefix(rest, []byte("<?")):
		return s.until(Instruction, 2, ">")
	case bytes.HasPrefix(rest, []byte("<!")):
		return s.declaration()
	case len(rest) > 2 && rest[1] == '/' && nameStart(rest[2]):
		return s.endTag()
	case len(rest) > 1 && nameStart(rest[1]):
		return s.startTag()
	case !s.html:
		return Token{}, s.malformed(s.at, "'<' begins no markup")
	case len(rest) > 1 && rest[1] == '/': // a bogus comment
		return s.until(Comment, 2, ">")
	default:
		return s.upTo(s.at + 1), nil
	}
}

func (s *Scanner) malformed(at int, rule string) error {
	return media.Malformed(s.what, int64(at), rule)
}

func (s *Scanner) token(kind Kind, to int) Token {
	t := Token{Kind: kind, From: s.at, To: to}
	s.at = to
	return t
}

// upTo returns the text up to the next "<" at or behind from.
func (s *Scanner) upTo(from int) Token {
	if n := bytes.IndexByte(s.text[from:], '<'); n >= 0 {
		return s.token(Text, from+n)
	}
	return s.token(Text, len(s.text))
}

// until returns the token that ends with close. HTML lets it run to the end of the file.
func (s *Scanner) until(kind Kind, skip int, end string) (Token, error) {
	if n := bytes.Index(s.text[s.at+skip:], []byte(end)); n >= 0 {
		return s.token(kind, s.at+skip+n+len(end)), nil
	}
	if s.html {
		return s.token(kind, len(s.text)), nil
	}
	return Token{}, s.malformed(s.at, "no "+end+" follows")
}

func (s *Scanner) comment() (Token, error) {
	if !s.html {
		return s.until(Comment, 4, "-->")
	}
	rest := s.text[s.at:]
	for _, empty := range [...]string{"<!-->", "<!--->"} {
		if bytes.HasPrefix(rest, []byte(empty)) {
			return s.token(Comment, s.at+len(empty)), nil
		}
	}
	for i := s.at + 4; ; {
		n := bytes.Index(s.text[i:], []byte("--"))
		if n < 0 {
			return s.token(Comment, len(s.text)), nil
		}
		i += n + 2
		switch tail := s.text[i:]; {
		case bytes.HasPrefix(tail, []byte(">")):
			return s.token(Comment, i+1), nil
		case bytes.HasPrefix(tail, []byte("!>")):
			return s.token(Comment, i+2), nil
		default:
			i-- // "--->" ends a comment too
		}
	}
}

// declaration is a document type declaration, with an internal subset in XML; in HTML also any bogus comment.
func (s *Scanner) declaration() (Token, error) {
	isDoctype := len(s.text)-s.at >= 9 && bytes.EqualFold(s.text[s.at+2:s.at+9], []byte("DOCTYPE"))
	if s.html {
		t, err := s.until(Comment, 2, ">")
		if isDoctype {
			t.Kind = Doctype
		}
		return t, err
	}
	if !isDoctype {
		return Token{}, s.malformed(s.at, "declaration is no DOCTYPE")
	}
	inside := false
	for i := s.at + 9; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"' || c == '\'':
			n := bytes.IndexByte(s.text[i+1:], c)
			if n < 0 {
				return Token{}, s.malformed(i, "literal of the DOCTYPE is not closed")
			}
			i += n + 1
		case inside && bytes.HasPrefix(s.text[i:], []byte("<!--")):
			n := bytes.Index(s.text[i+4:], []byte("-->"))
			if n < 0 {
				return Token{}, s.malformed(i, "comment of the DOCTYPE is not closed")
			}
			i += 4 + n + 2
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '>' && !inside:
			return s.token(Doctype, i+1), nil
		}
	}
	return Token{}, s.malformed(s.at, "DOCTYPE is not closed")
}

func (s *Scanner) endTag() (Token, error) {
	i := nameEnd(s.text, s.at+2)
	name := s.text[s.at+2 : i]
	if s.html {
		t, err := s.until(End, 2, ">")
		t.Name = name
		return t, err
	}
	i = skipBlank(s.text, i)
	if i >= len(s.text) || s.text[i] != '>' {
		return Token{}, s.malformed(s.at, "end tag is not closed")
	}
	t := s.token(End, i+1)
	t.Name = name
	return t, nil
}

func (s *Scanner) startTag() (Token, error) {
	from := s.at
	i := nameEnd(s.text, from+1)
	name := s.text[from+1 : i]
	for {
		a, next, ok := nextAttribute(s.text, i, s.html)
		i = next
		if !ok {
			break
		}
		if !s.html && a.bad {
			return Token{}, s.malformed(a.From, "attribute is not well-formed")
		}
	}
	closing := i < len(s.text) && s.text[i] == '/'
	if closing {
		i++
	}
	if i >= len(s.text) || s.text[i] != '>' {
		if s.html { // the file ends inside the tag, which then is no tag
			return s.token(Text, len(s.text)), nil
		}
		return Token{}, s.malformed(from, "start tag is not closed")
	}
	t := s.token(Start, i+1)
	t.Name, t.SelfClosing = name, closing
	if s.html && rawText(name) && !(s.strict && closing) {
		s.raw = name
	}
	return t, nil
}

// rawText reports whether an HTML element holds text without markup.
func rawText(name []byte) bool {
	for _, raw := range [...]string{"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"} {
		if bytes.EqualFold(name, []byte(raw)) {
			return true
		}
	}
	return false
}

// rawEnd returns where the end tag of a raw text element begins.
func rawEnd(text []byte, at int, name []byte) int {
	for {
		n := bytes.Index(text[at:], []byte("</"))
		if n < 0 {
			return len(text)
		}
		at += n
		end := at + 2 + len(name)
		if end <= len(text) && bytes.EqualFold(text[at+2:end], name) && (end == len(text) || endsName(text[end])) {
			return at
		}
		at += 2
	}
}

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func endsName(c byte) bool { return blank(c) || c == '/' || c == '>' }

func nameEnd(text []byte, i int) int {
	for i < len(text) && !endsName(text[i]) {
		i++
	}
	return i
}

func skipBlank(text []byte, i int) int {
	for i < len(text) && blank(text[i]) {
		i++
	}
	return i
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
