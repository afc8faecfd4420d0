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
	rootEnd       int    // where the root element's end tag begins; the packet's length when there is no root
	about         string // rdf:about of the first description
	hasSourceType bool
	oddWrapper    bool
}

type property struct {
	start, end  int // the element, or the attribute with the white space before it
	value       string
	prefix, uri string
	attribute   bool
}

type rdfRange struct {
	open, close int // close: where </rdf:RDF> begins, or where the self-closing tag ends
	prefix      string
	selfClosing bool
}

type element struct {
	prefix, local, uri string
	start              int
	spaces             map[string]string // prefixes declared here
}

// scan walks a packet once. It fails on text that is not well-formed enough to be edited safely.
func scan(packet []byte) (*document, error) {
	packet = bytes.TrimRight(packet, "\x00")
	if len(packet) > maxPacket {
		return nil, media.TooLarge(what, 0, maxPacket)
	}
	if bytes.Contains(packet, []byte("<!DOCTYPE")) || bytes.Contains(packet, []byte("<!ENTITY")) {
		return nil, media.Malformed(what, 0, "document type definition in XMP")
	}
	s := &scanner{packet: packet, doc: document{rootEnd: -1}}
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
	if s.doc.rootEnd < 0 {
		s.doc.rootEnd = len(packet)
	}
	return &s.doc, nil
}

type scanner struct {
	packet []byte
	dec    *xml.Decoder
	doc    document
	stack  []element
	label  *property       // the label element that is open
	text   strings.Builder // its character data
}

func (s *scanner) take(tok xml.Token, start, end int) error {
	switch t := tok.(type) {
	case xml.ProcInst:
		if t.Target == "xpacket" && bytes.HasSuffix(t.Inst, []byte("?")) || t.Target == "xml" && len(s.stack) == 0 {
			s.doc.oddWrapper = true
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

	switch {
	case top.uri == rdfURI && top.local == "RDF" && s.doc.rdf.open == 0 && s.doc.rdf.close == 0:
		s.doc.rdf.open = end
		s.doc.rdf.prefix = top.prefix
		// The decoder reports a self-closing tag as a start and an end at the same offset.
		if s.packet[end-2] == '/' {
			s.doc.rdf.selfClosing, s.doc.rdf.close = true, end
		}
	case isLabel(top.uri, top.local) && s.label == nil:
		s.label = &property{start: start, prefix: top.prefix, uri: top.uri}
		s.text.Reset()
	case top.uri == iptcURI && top.local == iptcTag:
		s.doc.hasSourceType = true
	case top.uri == rdfURI && top.local == "Description":
		return s.attributes(t, start, end)
	}
	return nil
}

// attributes looks at the properties that a description carries as attributes.
func (s *scanner) attributes(t xml.StartElement, start, end int) error {
	for _, a := range t.Attr {
		uri := s.resolve(a.Name.Space)
		switch {
		case a.Name.Space == "xmlns" || a.Name.Space == "":
			continue
		case uri == rdfURI && a.Name.Local == "about" && s.doc.about == "":
			s.doc.about = a.Value
		case uri == iptcURI && a.Name.Local == iptcTag:
			s.doc.hasSourceType = true
		case isLabel(uri, a.Name.Local):
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
		s.label.end, s.label.value = end, strings.TrimSpace(s.text.String())
		s.doc.labels = append(s.doc.labels, *s.label)
		s.label = nil
	}
	if top.uri == rdfURI && top.local == "RDF" && s.doc.rdf.close == 0 {
		s.doc.rdf.close = start
	}
	s.stack = s.stack[:len(s.stack)-1]
	if len(s.stack) == 0 {
		s.doc.rootEnd = start
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

// isLabel accepts the property under its own namespace, under a near miss of it, and under an undeclared prefix.
func isLabel(uri, local string) bool {
	if !strings.EqualFold(local, Property) {
		return false
	}
	return uri == Namespace || uri == "" || strings.Contains(strings.ToLower(uri), "tc260")
}

// attributeRange finds name="value" in a start tag, with the white space before it.
func attributeRange(tag []byte, name string) (from, to int) {
	re := regexp.MustCompile(`\s+` + regexp.QuoteMeta(name) + `\s*=\s*("[^"]*"|'[^']*')`)
	loc := re.FindIndex(tag)
	if loc == nil {
		return -1, -1
	}
	return loc[0], loc[1]
}

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
