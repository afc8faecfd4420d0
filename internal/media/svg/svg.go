// Package svg reads and labels SVG images (Scalable Vector Graphics 1.1 and 2).
//
// The label is the XMP property TC260:AIGC in an rdf:RDF element inside the root's metadata element, without the
// x:xmpmeta wrapper that other formats have: that is where SVG 2, chapter 5.10, has its metadata, and where readers look.
// An RDF that is there, such as Inkscape's licence, is merged with; its namespaces may be declared on the root. The
// document is spliced as text, so that drawing, white space and entities stay as they are. Files are read as a whole, up
// to [media.MaxStructure].
//
// What not to do here: never expand an entity. A document type definition is kept and walked around; where the label
// would lean on an entity the edit fails. Compressed SVG (.svgz) is not handled.
package svg

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	what = "SVG document"
	// maxProlog is how far into a file the root element is looked for.
	maxProlog = 64 << 10
	// maxLabels is how many label values are reported.
	maxLabels = 64
)

// Container reads and edits SVG images.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container]: the root element is named svg.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if !bytes.HasPrefix(trimmed, []byte("<")) || markup.Wide(head) {
		return media.Unknown
	}
	if is, known := rooted(head); known || src.Size() <= int64(len(head)) {
		return is
	}
	more, err := media.Head(src, maxProlog)
	if err != nil {
		return media.Unknown
	}
	is, _ := rooted(more)
	return is
}

// rooted looks for the root element. known is false when the text ends before it.
func rooted(text []byte) (is media.Format, known bool) {
	s := markup.XML(text, what)
	for {
		t, err := s.Next()
		if err != nil || t.Kind == markup.EOF {
			return partial(text, s), false
		}
		if t.Kind == markup.Doctype && isHTML(text[t.From:t.To]) {
			return media.Unknown, true
		}
		if t.Kind == markup.Start {
			_, local, ok := bytes.Cut(t.Name, []byte(":"))
			if !ok {
				local = t.Name
			}
			if string(local) == "svg" {
				return media.SVG, true
			}
			return media.Unknown, true
		}
		if t.Kind == markup.Text && len(bytes.TrimSpace(text[t.From:t.To])) > 0 {
			return media.Unknown, true
		}
	}
}

// isHTML reports whether a document type declaration is that of HTML, in which an svg element may come first too.
func isHTML(doctype []byte) bool {
	words := bytes.Fields(bytes.TrimRight(doctype[len("<!DOCTYPE"):], ">"))
	return len(words) > 0 && bytes.EqualFold(words[0], []byte("html"))
}

// partial recognises a root element whose start tag runs beyond the text.
func partial(text []byte, s *markup.Scanner) media.Format {
	rest := text[s.Offset():]
	if bytes.HasPrefix(rest, []byte("<svg ")) || bytes.HasPrefix(rest, []byte("<svg\n")) {
		return media.SVG
	}
	return media.Unknown
}

// Places implements [media.Container].
func (Container) Places(f media.Format) []media.Place {
	if f == media.SVG {
		return []media.Place{media.PlaceXMP}
	}
	return nil
}

// Scan implements [media.Container].
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	doc, err := load(src)
	if doc != nil {
		survey.Signatures = doc.signatures
		for _, h := range doc.hits {
			survey.Labels = append(survey.Labels, h.found)
		}
	}
	return survey, err
}

func load(src media.Source) (*document, error) {
	text, err := media.Bytes(src, what, 0, src.Size())
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// Edit implements [media.Container].
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceXMP {
		return nil, media.Unsupported(what, 0, "label stands in XMP only")
	}
	doc, err := load(src)
	if err != nil {
		return nil, err
	}
	splices, err := doc.splices(xmp.Properties{Label: put.Value, DigitalSourceType: put.DigitalSourceType})
	if err != nil {
		return nil, err
	}
	now, err := markup.Apply(doc.text, what, splices)
	if err != nil {
		return nil, err
	}
	after, err := parse(now)
	if err != nil {
		return nil, err
	}
	if len(after.hits) != 1 || after.hits[0].found.Place != media.PlaceXMP || !bytes.Equal(after.hits[0].found.Value, put.Value) {
		return nil, media.Unsupported(what, 0, "label would not be the only one, or not be read back")
	}
	return markup.Plan(src, what, splices)
}

// splices sets the label and takes all others out.
func (d *document) splices(p xmp.Properties) ([]markup.Splice, error) {
	var list []markup.Splice
	for _, h := range d.hits {
		if h.rdf >= 0 {
			continue
		}
		if !h.removable {
			return nil, media.Unsupported(what, h.found.Offset, "text beside the label can't be told from it")
		}
		list = append(list, h.cut)
	}
	home := d.home()
	for i := range d.rdfs {
		r := &d.rdfs[i]
		var now []byte
		var err error
		wrapped := d.wrapped(r)
		switch {
		case i == home:
			now, err = xmp.Merge(wrapped, p)
		case !xmp.Clean(wrapped):
			now, err = xmp.Drop(wrapped)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		inner, ok := bytes.CutPrefix(now, []byte(r.opening()))
		inner, ok2 := bytes.CutSuffix(inner, []byte(closing))
		if !ok || !ok2 {
			return nil, media.Unsupported(what, int64(r.from), "RDF can't be merged with")
		}
		list = append(list, difference(d.text[r.from:r.to], inner, r.from))
	}
	if home >= 0 {
		return list, nil
	}
	return append(list, d.insertion(p)), nil
}

// home returns the index of the RDF that the label goes into: the first one in a metadata element of the root that has
// it already, or else the first there at all; -1 when there is none.
func (d *document) home() int {
	home := -1
	for i := range d.rdfs {
		if !d.rdfs[i].inRoot {
			continue
		}
		if !xmp.Clean(d.wrapped(&d.rdfs[i])) {
			return i
		}
		if home < 0 {
			home = i
		}
	}
	return home
}

// insertion puts a new RDF into the metadata element, or a metadata element into the root.
func (d *document) insertion(p xmp.Properties) markup.Splice {
	rdf := string(xmp.NewRDF(p))
	if d.hasMetadata {
		return markup.Inside(d.metadata, d.metadataEnd, rdf)
	}
	tag := markup.Qualify(d.prefix, "metadata")
	text := "<" + tag + ">" + rdf + "</" + tag + ">"
	if d.root.SelfClosing {
		return markup.Inside(d.root, d.rootEnd, text)
	}
	return markup.Splice{From: d.behindTitle, To: d.behindTitle, Text: text}
}

// difference is the smallest splice that turns old, which stands at from, into now.
func difference(old, now []byte, from int) markup.Splice {
	a := 0
	for a < len(old) && a < len(now) && old[a] == now[a] {
		a++
	}
	z := 0
	for z < len(old)-a && z < len(now)-a && old[len(old)-1-z] == now[len(now)-1-z] {
		z++
	}
	return markup.Splice{From: from + a, To: from + len(old) - z, Text: string(now[a : len(now)-z])}
}

// other is the finding on a label that stands outside of XMP.
func other(place media.Place, off int64) []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceXMP)),
	}
}

func trim(s string) []byte { return []byte(strings.TrimSpace(s)) }
