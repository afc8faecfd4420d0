// Package xmp finds and sets the label property in an XMP packet (ISO 16684-1), leaving every other byte of the packet
// as it was.
//
// A packet is handled as text: it is scanned for the byte ranges of the properties that matter, and those ranges are
// replaced. It is never parsed into a model and written anew, because a model loses what it does not know. Nothing in a
// packet is expanded: a document type definition makes the packet malformed.
package xmp

import (
	"bytes"
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
		case p.uri != "" && p.uri != Namespace:
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

// description returns an rdf:Description element with the properties, about the resource that the packet is about.
func description(rdf, about string, p Properties) []byte {
	var b bytes.Buffer
	b.WriteString(" <" + rdf + ":Description " + rdf + ":about=\"" + escape(about) + "\" xmlns:" + Prefix + "=\"" + Namespace + "\"")
	if p.DigitalSourceType != "" {
		b.WriteString(" xmlns:Iptc4xmpExt=\"" + iptcURI + "\"")
	}
	b.WriteString(">\n  <" + Prefix + ":" + Property + ">" + escape(string(p.Label)) + "</" + Prefix + ":" + Property + ">\n")
	if p.DigitalSourceType != "" {
		b.WriteString("  <Iptc4xmpExt:" + iptcTag + ">" + escape(p.DigitalSourceType) + "</Iptc4xmpExt:" + iptcTag + ">\n")
	}
	b.WriteString(" </" + rdf + ":Description>\n")
	return b.Bytes()
}

// Merge returns the packet with exactly one label property. Every other property stays as it is; a DigitalSourceType
// that the packet has is kept. Growth is taken from the packet's padding as far as that goes.
func Merge(packet []byte, p Properties) ([]byte, error) {
	doc, err := scan(packet)
	if err != nil {
		return nil, err
	}
	if doc.hasSourceType {
		p.DigitalSourceType = ""
	}
	var cuts []cut
	for _, l := range doc.labels {
		cuts = append(cuts, cut{l.start, l.end, ""})
	}
	at, text := doc.insertion(p)
	cuts = append(cuts, cut{at.start, at.end, text})
	out := apply(packet, cuts)
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
	return apply(packet, cuts), nil
}

// insertion says where the description goes and what text makes it fit there.
func (d *document) insertion(p Properties) (cut, string) {
	switch {
	case d.rdf.open == 0 && d.rdf.close == 0: // no rdf:RDF: put one before the end of the root, or at the end
		return cut{d.rootEnd, d.rootEnd, ""}, string(NewRDF(p)) + "\n"
	case d.rdf.selfClosing: // <rdf:RDF …/> becomes <rdf:RDF …> … </rdf:RDF>
		return cut{d.rdf.close - 2, d.rdf.close, ""}, ">\n" + string(description(d.rdf.prefix, d.about, p)) + "</" + d.rdf.prefix + ":RDF>"
	default:
		return cut{d.rdf.close, d.rdf.close, ""}, string(description(d.rdf.prefix, d.about, p))
	}
}

type cut struct {
	start, end int
	text       string
}

// apply replaces ranges, which may come in any order and must not overlap.
func apply(b []byte, cuts []cut) []byte {
	var out bytes.Buffer
	at := 0
	for len(cuts) > 0 {
		first := 0
		for i := range cuts {
			if cuts[i].start < cuts[first].start || cuts[i].start == cuts[first].start && cuts[i].end < cuts[first].end {
				first = i
			}
		}
		c := cuts[first]
		cuts = append(cuts[:first:first], cuts[first+1:]...)
		out.Write(b[at:c.start])
		out.WriteString(c.text)
		at = c.end
	}
	out.Write(b[at:])
	return out.Bytes()
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
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80]
	}
	return s
}
