// Package xmp finds and sets the label property in an XMP packet (ISO 16684-1), leaving every other byte of the packet
// as it was.
//
// A packet is handled as text: it is scanned for the byte ranges of the properties that matter, and those ranges are
// replaced. It is never parsed into a model and written anew, because a model loses what it does not know. Nothing in a
// packet is expanded: a document type definition makes the packet malformed.
package xmp

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// Namespace is the URI of the label's namespace, exact, with its trailing slash.
const Namespace = "http://www.tc260.org.cn/ns/AIGC/1.0/"

// Prefix and Property make the label's usual name, TC260:AIGC.
const (
	Prefix   = "TC260"
	Property = "AIGC"
)

const (
	rdfURI  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	iptcURI = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
	iptcTag = "DigitalSourceType"
	what    = "XMP packet"
)

// Properties are what Merge and New set.
type Properties struct {
	Label             []byte // the label's JSON
	DigitalSourceType string // IPTC URI; empty leaves the property alone
}

// Read returns the label values in a packet, with offsets counted from base, the packet's own offset in the file. A
// packet that is not well-formed is searched as text.
func Read(packet []byte, base int64) []media.Found {
	if !mentions(packet) {
		return nil
	}
	doc, err := scan(packet)
	if err != nil {
		return search(packet, base)
	}
	var found []media.Found
	for _, p := range doc.labels {
		f := media.Found{Place: media.PlaceXMP, Offset: base + int64(p.start), Value: []byte(p.value)}
		if p.attribute {
			f.Findings = append(f.Findings, media.Warn(media.CodeAttributeForm, f.Offset))
		}
		switch {
		case p.uri != Namespace:
			f.Findings = append(f.Findings, media.Warn(media.CodeForeignURI, f.Offset, "uri", clip(p.uri)))
		case p.prefix != Prefix:
			f.Findings = append(f.Findings, media.Warn(media.CodeForeignPrefix, f.Offset, "prefix", clip(p.prefix)))
		}
		if doc.oddWrapper {
			f.Findings = append(f.Findings, media.Warn(media.CodeXMPWrapper, base))
		}
		found = append(found, f)
	}
	return found
}

// Clean reports whether the packet holds no label.
func Clean(packet []byte) bool { return len(Read(packet, 0)) == 0 }

// New returns a packet with the properties, marked read-write and without padding.
func New(p Properties) []byte {
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n")
	b.Write(NewRDF(p))
	b.WriteString("\n</x:xmpmeta>\n<?xpacket end=\"w\"?>")
	return b.Bytes()
}

// NewRDF returns the rdf:RDF element alone, as it stands inside an SVG metadata element.
func NewRDF(p Properties) []byte {
	var b bytes.Buffer
	b.WriteString("<rdf:RDF xmlns:rdf=\"" + rdfURI + "\">\n")
	b.Write(description("rdf", "", p))
	b.WriteString("</rdf:RDF>")
	return b.Bytes()
}

// description returns an rdf:Description element with the properties, about the resource that the packet is about. rdf
// is the prefix in force; when RDF is the default namespace, which attributes can't use, the element declares its own.
func description(rdf, about string, p Properties) []byte {
	declare := ""
	if rdf == "" {
		rdf, declare = "rdf", " xmlns:rdf=\""+rdfURI+"\""
	}
	var b bytes.Buffer
	b.WriteString(" <" + rdf + ":Description" + declare + " " + rdf + ":about=\"" + escape(about) + "\" xmlns:" + Prefix + "=\"" + Namespace + "\"")
	if p.DigitalSourceType != "" {
		b.WriteString(" xmlns:Iptc4xmpExt=\"" + iptcURI + "\"")
	}
	b.WriteString(">\n  <" + Prefix + ":" + Property + ">" + escape(string(p.Label)) + "</" + Prefix + ":" + Property + ">\n")
	if p.DigitalSourceType != "" {
		b.WriteString("  " + sourceType(p, "") + "\n")
	}
	b.WriteString(" </" + rdf + ":Description>\n")
	return b.Bytes()
}

func sourceType(p Properties, declare string) string {
	const name = "Iptc4xmpExt:" + iptcTag
	return "<" + name + declare + ">" + escape(p.DigitalSourceType) + "</" + name + ">"
}

// Merge returns the packet with exactly one label property. Every other property stays as it is; a DigitalSourceType
// that the packet has is kept. Growth is taken from the packet's padding as far as that goes. Merging the same
// properties again changes nothing.
func Merge(packet []byte, p Properties) ([]byte, error) {
	doc, err := scan(packet)
	if err != nil {
		return nil, err
	}
	if doc.hasSourceType {
		p.DigitalSourceType = ""
	}
	var cuts []cut
	placed := false
	for _, l := range doc.labels {
		if l.usual && !placed {
			placed = true
			cuts = append(cuts, cut{l.inner, l.innerEnd, escape(string(p.Label))})
			if p.DigitalSourceType != "" {
				cuts = append(cuts, cut{l.end, l.end, "\n  " + sourceType(p, " xmlns:Iptc4xmpExt=\""+iptcURI+"\"")})
			}
			continue
		}
		cuts = append(cuts, cut{l.start, l.end, ""})
	}
	if !placed {
		at, text := doc.insertion(p)
		cuts = append(cuts, cut{at.start, at.end, text})
	}
	out, err := apply(packet, cuts)
	if err != nil {
		return nil, err
	}
	return repad(out, len(packet)), nil
}

// Drop returns the packet without its label properties, for a label that moves to another place of the same file.
func Drop(packet []byte) ([]byte, error) {
	doc, err := scan(packet)
	if err != nil {
		return nil, err
	}
	var cuts []cut
	for _, l := range doc.labels {
		cuts = append(cuts, cut{l.start, l.end, ""})
	}
	return apply(packet, cuts)
}

// insertion says where the description goes and what text makes it fit there.
func (d *document) insertion(p Properties) (cut, string) {
	rdf := string(NewRDF(p)) + "\n"
	switch {
	case d.rdf.close == 0 && d.root.selfClosing: // <root/> becomes <root> … </root>
		return cut{d.root.close - 2, d.root.close, ""}, ">\n" + rdf + "</" + d.root.name + ">"
	case d.rdf.close == 0: // put an rdf:RDF before the end of the root, or where a root belongs
		return cut{d.root.close, d.root.close, ""}, rdf
	case d.rdf.selfClosing: // <rdf:RDF …/> becomes <rdf:RDF …> … </rdf:RDF>
		name := "RDF"
		if d.rdf.prefix != "" {
			name = d.rdf.prefix + ":RDF"
		}
		return cut{d.rdf.close - 2, d.rdf.close, ""}, ">\n" + string(description(d.rdf.prefix, d.about, p)) + "</" + name + ">"
	default:
		return cut{d.rdf.close, d.rdf.close, ""}, string(description(d.rdf.prefix, d.about, p))
	}
}

type cut struct {
	start, end int
	text       string
}

// apply replaces ranges, which may come in any order. Ranges that overlap are an error.
func apply(b []byte, cuts []cut) ([]byte, error) {
	slices.SortStableFunc(cuts, func(x, y cut) int { return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.end, y.end)) })
	var out bytes.Buffer
	at := 0
	for _, c := range cuts {
		if c.start < at {
			return nil, media.Malformed(what, int64(c.start), "properties overlap")
		}
		out.Write(b[at:c.start])
		out.WriteString(c.text)
		at = c.end
	}
	out.Write(b[at:])
	return out.Bytes(), nil
}

// repad shortens the white space before the closing processing instruction so that the packet keeps its old size, as
// far as the padding goes.
func repad(packet []byte, old int) []byte {
	end := bytes.LastIndex(packet, []byte("<?xpacket end"))
	if end < 0 || len(packet) <= old {
		return packet
	}
	start := end
	for start > 0 && (packet[start-1] == ' ' || packet[start-1] == '\n' || packet[start-1] == '\r' || packet[start-1] == '\t') {
		start--
	}
	if spare := end - start - 1; spare > 0 {
		gone := min(spare, len(packet)-old)
		return append(packet[:end-gone:end-gone], packet[end:]...)
	}
	return packet
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch s[i] {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// Pad brings a packet to n bytes with spaces before its closing processing instruction, for a place whose size must
// stay. A packet of n bytes or more is returned as it is.
func Pad(packet []byte, n int) []byte {
	if len(packet) >= n {
		return packet
	}
	at := bytes.LastIndex(packet, []byte("<?xpacket end"))
	if at < 0 {
		at = len(bytes.TrimRight(packet, "\x00"))
	}
	out := make([]byte, 0, n)
	out = append(out, packet[:at]...)
	out = append(out, bytes.Repeat([]byte{' '}, n-len(packet))...)
	return append(out, packet[at:]...)
}

// mentions reports whether a packet has the property's name in any case. An XML name can't be written with references,
// so a packet that does not mention it has no label, and most packets need no further look.
func mentions(packet []byte) bool {
	for i := 2; i+1 < len(packet); i++ {
		if packet[i]|0x20 == 'g' && strings.EqualFold(string(packet[i-2:i+2]), Property) {
			return true
		}
	}
	return false
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
