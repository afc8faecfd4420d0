package xmp

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxPacket = 16 << 20 // bytes of a packet that is scanned
	maxDepth  = 64       // nested elements
	maxLabels = 16       // label properties that are reported
)

// document is what a scan of a packet found, in byte ranges of the packet.
type document struct {
	labels        []property
	rdf           rdfRange
	root          rootRange
	about         string // rdf:about of the first description
	hasSourceType bool
	oddWrapper    bool
}

type property struct {
	start, end  int // the element, or the attribute with the white space before it
	inner       int // where the element's content begins
	innerEnd    int // and ends
	value       string
	prefix, uri string
	attribute   bool
	usual       bool // an element as Colophon writes it, so that its content alone can be replaced
}

type rdfRange struct {
	start       int // where the start tag begins; close is 0 when there is no rdf:RDF
	close       int // where </rdf:RDF> begins, or where the self-closing tag ends
	prefix      string
	selfClosing bool
}

// rootRange is where text can go that belongs to the root element, or to a packet that has none.
type rootRange struct {
	close       int // where the root's end tag begins, where its self-closing tag ends, or where a root could stand
	name        string
	selfClosing bool
	seen        bool
}

type element struct {
	prefix, local, uri string
	start              int
	spaces             map[string]string // prefixes declared here
}

func (e *element) is(uri, local string) bool { return e.uri == uri && e.local == local }

// scan walks a packet once. It fails on text that is not well-formed enough to be edited safely.
func scan(packet []byte) (*document, error) {
	packet = bytes.TrimRight(packet, "\x00")
	if len(packet) > maxPacket {
		return nil, media.TooLarge(what, 0, maxPacket)
	}
	if bytes.Contains(packet, []byte("<!DOCTYPE")) || bytes.Contains(packet, []byte("<!ENTITY")) {
		return nil, media.Malformed(what, 0, "document type definition in XMP")
	}
	s := &scanner{packet: packet, doc: document{root: rootRange{close: len(packet)}}}
	s.dec = xml.NewDecoder(bytes.NewReader(packet))
	s.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		start := int(s.dec.InputOffset())
		tok, err := s.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, media.Malformed(what, s.dec.InputOffset(), "not well-formed XML")
		}
		if err := s.take(tok, start, int(s.dec.InputOffset())); err != nil {
			return nil, err
		}
	}
	if len(s.stack) > 0 {
		return nil, media.Malformed(what, int64(len(packet)), "element "+clip(s.stack[len(s.stack)-1].local)+" is not closed")
	}
	return &s.doc, nil
}

type scanner struct {
	packet []byte
	dec    *xml.Decoder
	doc    document
	stack  []element
	sawRDF bool            // doc.rdf is taken
	label  *property       // the label element that is open
	text   strings.Builder // its character data
}

func (s *scanner) take(tok xml.Token, start, end int) error {
	switch t := tok.(type) {
	case xml.ProcInst:
		if t.Target == "xpacket" && bytes.HasSuffix(t.Inst, []byte("?")) || t.Target == "xml" && len(s.stack) == 0 {
			s.doc.oddWrapper = true
		}
		if t.Target == "xpacket" && !s.doc.root.seen && bytes.HasPrefix(bytes.TrimSpace(t.Inst), []byte("end")) {
			s.doc.root.close = min(s.doc.root.close, start)
		}
	case xml.CharData:
		if s.label != nil {
			s.text.Write(t)
		}
	case xml.StartElement:
		return s.open(t, start, end)
	case xml.EndElement:
		return s.close(t, start, end)
	}
	return nil
}

func (s *scanner) open(t xml.StartElement, start, end int) error {
	if len(s.stack) >= maxDepth {
		return media.TooDeep(what, int64(start), maxDepth)
	}
	e := element{prefix: t.Name.Space, local: t.Name.Local, start: start}
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" {
			if e.spaces == nil {
				e.spaces = map[string]string{}
			}
			e.spaces[a.Name.Local] = a.Value
		} else if a.Name.Space == "" && a.Name.Local == "xmlns" {
			if e.spaces == nil {
				e.spaces = map[string]string{}
			}
			e.spaces[""] = a.Value
		}
	}
	s.stack = append(s.stack, e)
	top := &s.stack[len(s.stack)-1]
	top.uri = s.resolve(top.prefix)

	if s.label != nil { // what stands inside a label goes with it
		return nil
	}
	switch {
	case top.is(rdfURI, "RDF") && !s.sawRDF:
		s.sawRDF = true
		s.doc.rdf = rdfRange{start: start, prefix: top.prefix, selfClosing: s.selfClosing(end)}
	case isLabel(top.uri, top.prefix, top.local):
		s.label = &property{start: start, inner: end, prefix: top.prefix, uri: top.uri, usual: s.usual(t, end)}
		s.text.Reset()
	case top.is(iptcURI, iptcTag):
		s.doc.hasSourceType = true
	case top.is(rdfURI, "Description"):
		return s.attributes(t, start, end)
	}
	return nil
}

// selfClosing reports whether the start tag that ends at end has no end tag. The decoder tells a self-closing tag as a
// start and an end at the same offset.
func (s *scanner) selfClosing(end int) bool { return end >= 2 && s.packet[end-2] == '/' }

// usual reports whether the label element on top of the stack stands where Colophon puts it: TC260:AIGC, bare, a child
// of a top-level rdf:Description.
func (s *scanner) usual(t xml.StartElement, end int) bool {
	n := len(s.stack)
	return n >= 3 && s.stack[n-1].is(Namespace, Property) && s.stack[n-1].prefix == Prefix &&
		s.stack[n-2].is(rdfURI, "Description") && s.stack[n-3].is(rdfURI, "RDF") &&
		len(t.Attr) == 0 && !s.selfClosing(end)
}

// attributes looks at the properties that a description carries as attributes.
func (s *scanner) attributes(t xml.StartElement, start, end int) error {
	for _, a := range t.Attr {
		uri := s.resolve(a.Name.Space)
		switch {
		case a.Name.Space == "xmlns":
			continue
		case a.Name.Local == "about" && (a.Name.Space == "" || uri == rdfURI):
			if s.doc.about == "" {
				s.doc.about = a.Value
			}
		case a.Name.Space == "":
			continue
		case uri == iptcURI && a.Name.Local == iptcTag:
			s.doc.hasSourceType = true
		case isLabel(uri, a.Name.Space, a.Name.Local):
			from, to := attributeRange(s.packet[start:end], a.Name.Space+":"+a.Name.Local)
			if from < 0 || len(s.doc.labels) >= maxLabels {
				return media.Malformed(what, int64(start), "attribute "+clip(a.Name.Local))
			}
			s.doc.labels = append(s.doc.labels, property{
				start: start + from, end: start + to, value: a.Value, prefix: a.Name.Space, uri: uri, attribute: true,
			})
		}
	}
	return nil
}

func (s *scanner) close(t xml.EndElement, start, end int) error {
	if len(s.stack) == 0 {
		return media.Malformed(what, int64(start), "end tag without start tag")
	}
	top := s.stack[len(s.stack)-1]
	if top.prefix != t.Name.Space || top.local != t.Name.Local {
		return media.Malformed(what, int64(start), "end tag does not match "+clip(top.local))
	}
	if s.label != nil && top.start == s.label.start {
		if len(s.doc.labels) >= maxLabels {
			return media.TooMany("XMP property AIGC", int64(start), maxLabels)
		}
		s.label.innerEnd, s.label.end, s.label.value = start, end, strings.TrimSpace(s.text.String())
		s.doc.labels = append(s.doc.labels, *s.label)
		s.label = nil
	}
	if s.sawRDF && s.doc.rdf.close == 0 && top.start == s.doc.rdf.start {
		s.doc.rdf.close = start
	}
	s.stack = s.stack[:len(s.stack)-1]
	if len(s.stack) == 0 && !s.doc.root.seen {
		name := top.local
		if top.prefix != "" {
			name = top.prefix + ":" + top.local
		}
		s.doc.root = rootRange{close: start, name: name, selfClosing: s.selfClosing(end) && start == end, seen: true}
		if isLabel(top.uri, top.prefix, top.local) { // it goes, and what replaces it stands behind it
			s.doc.root = rootRange{close: end, seen: true}
		}
	}
	return nil
}

func (s *scanner) resolve(prefix string) string {
	for i := len(s.stack) - 1; i >= 0; i-- {
		if uri, ok := s.stack[i].spaces[prefix]; ok {
			return uri
		}
	}
	return ""
}

// isLabel accepts the property under its own namespace, under a near miss of it, under an undeclared prefix, and under
// the usual prefix whatever that is bound to.
func isLabel(uri, prefix, local string) bool {
	if !strings.EqualFold(local, Property) {
		return false
	}
	return uri == Namespace || uri == "" || strings.EqualFold(prefix, Prefix) || strings.Contains(strings.ToLower(uri), "tc260")
}

// attributeRange finds name="value" in a start tag, with the white space before it. It walks the tag, because the same
// text may stand inside the value of another attribute. A name that is there twice is no XML and is not found.
func attributeRange(tag []byte, name string) (from, to int) {
	from = -1
	i := 1 // behind "<"
	for i < len(tag) && !blank(tag[i]) {
		i++
	}
	for i < len(tag) {
		start := i
		i = skipBlank(tag, i)
		if i == start {
			break // ">", "/>", or attributes that run together, which is no XML
		}
		nameStart := i
		for i < len(tag) && tag[i] != '=' && !blank(tag[i]) {
			i++
		}
		got := string(tag[nameStart:i])
		i = skipBlank(tag, i)
		if i >= len(tag) || tag[i] != '=' {
			break // ">" or "/>"
		}
		i = skipBlank(tag, i+1)
		if i >= len(tag) {
			break
		}
		length := bytes.IndexByte(tag[i+1:], tag[i])
		if length < 0 {
			break
		}
		i += length + 2
		if got == name {
			if from >= 0 || i < len(tag) && !blank(tag[i]) && tag[i] != '/' && tag[i] != '>' {
				return -1, -1
			}
			from, to = start, i
		}
	}
	return from, to
}

func skipBlank(b []byte, i int) int {
	for i < len(b) && blank(b[i]) {
		i++
	}
	return i
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// search finds label values in text that is not XML.
func search(packet []byte, base int64) []media.Found {
	if len(packet) > maxPacket {
		packet = packet[:maxPacket]
	}
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`(?i):AIGC(?:\s[^>]*)?>\s*(\{[^<]*)</`),
		regexp.MustCompile(`(?i):AIGC\s*=\s*"(\{[^"]*)"`),
		regexp.MustCompile(`(?i):AIGC\s*=\s*'(\{[^']*)'`),
	}
	var found []media.Found
	for _, re := range patterns {
		for _, loc := range re.FindAllSubmatchIndex(packet, maxLabels) {
			at := base + int64(loc[0])
			found = append(found, media.Found{
				Place: media.PlaceXMP, Offset: at, Value: []byte(strings.TrimSpace(unescape(string(packet[loc[2]:loc[3]])))),
				Findings: []colophon.Finding{media.Warn(media.CodeXMPMalformed, at)},
			})
		}
	}
	return found
}

func unescape(s string) string {
	return strings.NewReplacer("&quot;", `"`, "&#34;", `"`, "&#x22;", `"`, "&apos;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
