package carrier

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

const (
	manifestSpace = "http://c2pa.org/manifest"
)

// svgMap is where an SVG file has, or may have, a store.
type svgMap struct {
	text     []byte
	root     *markup.Token // the start tag svg
	metadata *markup.Token // the start tag of the first metadata below it
	closing  *markup.Token // and its end tag
	from, to int           // the content of the element manifest
	found    bool
}

func mapSVG(src media.Source) (*svgMap, error) {
	text, err := media.Bytes(src, "SVG document", 0, src.Size())
	if err != nil {
		return nil, err
	}
	if markup.Wide(text) {
		return nil, &Error{0, "an encoding without ASCII"}
	}
	m := &svgMap{text: text}
	w := markup.Walk(text, "SVG document")
	inside := false
	for {
		token, err := w.Next()
		if err != nil {
			return nil, err
		}
		depth := len(w.Stack)
		switch token.Kind {
		case markup.EOF:
			return m, nil
		case markup.Start:
			top := w.Stack[depth-1]
			switch {
			case depth == 1 && top.Local == "svg":
				m.root = &token
			case depth == 2 && top.Local == "metadata" && m.metadata == nil:
				m.metadata = &token
			case depth == 3 && top.Local == "manifest" && (top.Space == manifestSpace || top.Prefix == "c2pa"):
				if m.found {
					return nil, errTwo(int64(token.From))
				}
				m.found, inside, m.from, m.to = true, !token.SelfClosing, token.To, token.To
			}
		case markup.End:
			top := w.Stack[depth-1]
			switch {
			case inside && depth == 3 && top.Local == "manifest":
				m.to, inside = token.From, false
			case depth == 2 && top.Local == "metadata" && m.closing == nil:
				m.closing = &token
			}
		}
	}
}

// findSVG reads the element manifest in the metadata of an SVG file (C2PA 2.2, A.3.6).
func findSVG(src media.Source) (*Place, error) {
	m, err := mapSVG(src)
	if err != nil || !m.found {
		return nil, err
	}
	content := m.text[m.from:m.to]
	trimmed := bytes.TrimSpace(content)
	lead := bytes.Index(content, trimmed)
	clean := strings.Map(func(c rune) rune {
		if c == '\n' || c == '\r' || c == ' ' || c == '\t' {
			return -1
		}
		return c
	}, string(trimmed))
	store, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		return nil, &Error{int64(m.from), "a store that is no base64"}
	}
	return &Place{Store: store, Offset: int64(m.from + lead), Size: int64(len(trimmed))}, nil
}

func makeSVG(src media.Source, old *Place, size int) (*Room, error) {
	m, err := mapSVG(src)
	if err != nil {
		return nil, err
	}
	n := base64.StdEncoding.EncodedLen(size)
	var at, del int
	before, after := `<c2pa:manifest xmlns:c2pa="`+manifestSpace+`">`, "</c2pa:manifest>"
	switch {
	case m.found && m.from < m.to:
		at, del, before, after = m.from, m.to-m.from, "", ""
	case m.found || m.root == nil || m.root.SelfClosing:
		return nil, &Error{0, "no room for an element"}
	case m.metadata != nil && !m.metadata.SelfClosing && m.closing != nil:
		at = m.closing.From
	default:
		at = m.root.To
		before, after = "<metadata>"+before, after+"</metadata>"
	}
	hole := make([]byte, len(before)+n+len(after))
	copy(hole, before)
	copy(hole[len(before)+n:], after)
	e, err := media.Splices(src, media.Splice{Offset: int64(at), Delete: int64(del), Insert: hole})
	if err != nil {
		return nil, err
	}
	return &Room{Edit: e, Offset: int64(at + len(before)), Size: int64(n), frame: frameSVG}, nil
}

func frameSVG(store []byte) []byte {
	return base64.StdEncoding.AppendEncode(nil, store)
}
