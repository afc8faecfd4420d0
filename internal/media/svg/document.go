package svg

import (
	"bytes"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

const (
	rdfSpace  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	c2paSpace = "http://c2pa.org/manifest"
	closing   = "</scope>"
)

// document is what matters of an SVG document.
type document struct {
	text        []byte
	prefix      string // of the root element
	root        markup.Token
	rootEnd     markup.Token
	behindTitle int // behind the root's start tag, and behind title and desc when they come first
	hasMetadata bool
	metadata    markup.Token // the root's first metadata element
	metadataEnd markup.Token
	rdfs        []rdf
	hits        []hit
	signatures  []media.Signature
}

// rdf is one rdf:RDF element.
type rdf struct {
	from, to int
	scope    string // namespace declarations in force around it
	inRoot   bool   // in a metadata element that is a child of the root
}

// opening is the start tag that stands in for the elements around an RDF, so that its prefixes resolve.
func (r *rdf) opening() string { return "<scope" + r.scope + ">" }

func (d *document) wrapped(r *rdf) []byte {
	return []byte(r.opening() + string(d.text[r.from:r.to]) + closing)
}

// hit is one label value. rdf is the index of the RDF that holds it, or -1.
type hit struct {
	found     media.Found
	rdf       int
	cut       markup.Splice
	removable bool
}

type reader struct {
	*document
	w        *markup.Walker
	inRDF    int // depth of the RDF that is open; 0 when none is
	inText   int // depth of the title, desc or metadata that is open
	inner    int
	chars    strings.Builder
	straight bool // the element that is open has no child elements
	leading  bool // nothing but title and desc has come
}

// parse walks a document. On an error it returns what was found before.
func parse(text []byte) (*document, error) {
	d := &document{text: text}
	if markup.Wide(text) {
		return d, media.Unsupported(what, 0, "document is in UTF-16")
	}
	r := &reader{document: d, w: markup.Walk(text, what), leading: true}
	for {
		t, err := r.w.Next()
		if err != nil || t.Kind == markup.EOF {
			return d, err
		}
		if err := r.take(t); err != nil {
			return d, err
		}
		if len(d.hits) > maxLabels {
			return d, media.TooMany("SVG label", int64(t.From), maxLabels)
		}
	}
}

func (r *reader) take(t markup.Token) error {
	switch t.Kind {
	case markup.Start:
		return r.start(t)
	case markup.End:
		return r.end(t)
	case markup.Text, markup.CDATA:
		if r.inText > 0 && r.inRDF == 0 {
			r.chars.WriteString(r.characters(t))
		}
	case markup.Comment:
		r.comment(t)
	}
	return nil
}

func (r *reader) characters(t markup.Token) string {
	if t.Kind == markup.CDATA {
		return string(r.text[t.From+len("<![CDATA[") : t.To-len("]]>")])
	}
	return r.w.Unescape(r.text[t.From:t.To])
}

func (r *reader) start(t markup.Token) error {
	w, depth := r.w, len(r.w.Stack)
	top := w.Top()
	if depth == 1 {
		if top.Local != "svg" {
			return media.Malformed(what, int64(t.From), "root element is not svg")
		}
		r.root, r.prefix, r.behindTitle = t, top.Prefix, t.To
		return nil
	}
	if depth == 2 && top.Local != "title" && top.Local != "desc" {
		r.leading = false
	}
	if r.inRDF > 0 {
		return nil
	}
	r.straight = false
	switch {
	case top.Local == "RDF" && top.Space == rdfSpace:
		r.inRDF = depth
	case top.Local == "RDF" && strings.Contains(top.Space, "&"):
		return media.Unsupported(what, int64(t.From), "namespace of RDF is an entity")
	case top.Local == "manifest" && (top.Space == c2paSpace || top.Prefix == "c2pa"):
		r.signatures = append(r.signatures, media.Signature{Kind: media.SignatureC2PA, Offset: int64(t.From)})
	case r.inText == 0 && (top.Local == "title" || top.Local == "desc" || top.Local == "metadata"):
		r.inText, r.inner, r.straight = depth, t.To, true
		r.chars.Reset()
		if depth == 2 && top.Local == "metadata" && !r.hasMetadata {
			r.hasMetadata, r.metadata = true, t
		}
	}
	return nil
}

func (r *reader) end(t markup.Token) error {
	w, depth := r.w, len(r.w.Stack)
	top := w.Top()
	if depth == 1 {
		r.rootEnd = t
		return nil
	}
	if depth == 2 && top.From == r.metadata.From {
		r.metadataEnd = t
	}
	if depth == r.inRDF {
		r.inRDF = 0
		if len(r.rdfs) >= maxLabels {
			return media.TooMany("rdf:RDF element", int64(top.From), maxLabels)
		}
		r.addRDF(rdf{from: top.From, to: t.To, inRoot: w.Stack[1].Local == "metadata"})
	}
	if depth == r.inText {
		r.inText = 0
		r.prose(t)
	}
	if depth == 2 && r.leading {
		r.behindTitle = t.To
	}
	return nil
}

// addRDF reads an RDF with the namespaces that are declared around it.
func (r *reader) addRDF(e rdf) {
	all := r.w.Stack
	r.w.Stack = all[:len(all)-1]
	e.scope = r.w.Scope()
	r.w.Stack = all
	found := xmp.Read(r.wrapped(&e), int64(e.from-len(e.opening())))
	for _, f := range found {
		f.Offset = max(f.Offset, int64(e.from))
		r.hits = append(r.hits, hit{found: f, rdf: len(r.rdfs)})
	}
	r.rdfs = append(r.rdfs, e)
}

// prose looks for a label in the free text of title, desc, or a metadata element outside of RDF.
func (r *reader) prose(end markup.Token) {
	text := r.chars.String()
	if !media.Candidate([]byte(text)) {
		return
	}
	rest, ok := markup.Strip(text)
	off := int64(r.w.Top().From)
	r.hits = append(r.hits, hit{
		found: media.Found{Place: media.PlaceDescription, Offset: off, Value: trim(text), Findings: other(media.PlaceDescription, off)},
		rdf:   -1, removable: ok && r.straight, cut: markup.Splice{From: r.inner, To: end.From, Text: markup.Escape(rest)},
	})
}

func (r *reader) comment(t markup.Token) {
	if r.inRDF > 0 {
		return
	}
	text := r.text[t.From+len("<!--") : t.To-len("-->")]
	if !media.Candidate(text) {
		return
	}
	value := trim(string(text))
	if rest, ok := bytes.CutPrefix(value, []byte("AIGC:")); ok {
		value = bytes.TrimSpace(rest)
	}
	rest, ok := markup.Strip(string(text))
	r.hits = append(r.hits, hit{
		found: media.Found{Place: media.PlaceComment, Offset: int64(t.From), Value: value, Findings: other(media.PlaceComment, int64(t.From))},
		rdf:   -1, removable: ok && !strings.Contains(rest, "--"), cut: markup.Splice{From: t.From + len("<!--"), To: t.To - len("-->"), Text: rest},
	})
}
