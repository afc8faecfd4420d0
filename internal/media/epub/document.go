package epub

import (
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// label is the name of the meta element.
const label = "AIGC"

// document is what matters of a package document.
type document struct {
	name       string
	start, end markup.Token // of the metadata element
	prefix     string
	found      bool // there is a metadata element
	hits       []hit
}

// hit is one label value and how to take it out.
type hit struct {
	found     media.Found
	cut       markup.Splice
	removable bool
	meta      bool
	usual     bool // as Colophon writes it
	value     markup.Splice
}

// parse reads a package document.
func parse(text []byte, name string) (*document, error) {
	if markup.Wide(text) {
		return nil, media.Unsupported("EPUB package document "+name, 0, "document is in UTF-16")
	}
	r := &reader{w: markup.Walk(text, name), text: text, doc: &document{name: name}}
	for {
		t, err := r.w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			return r.doc, nil
		}
		if err := r.take(t); err != nil {
			return nil, err
		}
	}
}

type reader struct {
	w      *markup.Walker
	text   []byte
	doc    *document
	open   hit // the element that is read
	depth  int // of the stack when it began; 0 when none is open
	inner  int
	chars  strings.Builder
	isMeta bool
}

func (r *reader) take(t markup.Token) error {
	w := r.w
	switch {
	case t.Kind == markup.Start && len(w.Stack) == 1 && w.Top().Local != "package":
		return media.Malformed("EPUB package document "+r.doc.name, int64(t.From), "root element is not package")
	case t.Kind == markup.Start && len(w.Stack) == 2 && w.Top().Local == "metadata" && !r.doc.found:
		r.doc.found, r.doc.start, r.doc.prefix = true, t, w.Top().Prefix
	case t.Kind == markup.End && len(w.Stack) == 2 && w.Top().From == r.doc.start.From:
		r.doc.end = t
	case t.Kind == markup.Start && r.depth == 0:
		r.begin(t)
	case (t.Kind == markup.Text || t.Kind == markup.CDATA) && r.depth > 0:
		if t.Kind == markup.CDATA {
			r.chars.Write(r.text[t.From+len("<![CDATA[") : t.To-len("]]>")])
		} else {
			r.chars.WriteString(w.Unescape(r.text[t.From:t.To]))
		}
	case t.Kind == markup.End && r.depth > 0 && len(w.Stack) == r.depth:
		r.finish(t)
		r.depth = 0
		if len(r.doc.hits) > maxLabels {
			return media.TooMany("EPUB meta element", int64(t.From), maxLabels)
		}
	}
	return nil
}

// begin notes a meta element with the label's name, or a description.
func (r *reader) begin(t markup.Token) {
	switch r.w.Top().Local {
	case "meta":
		if !r.named(t) {
			return
		}
		r.isMeta = true
	case "description":
		r.isMeta = false
	default:
		return
	}
	r.depth, r.inner = len(r.w.Stack), t.To
	r.chars.Reset()
}

// named looks for the label's name in name and property, and starts a hit.
func (r *reader) named(t markup.Token) bool {
	h := hit{meta: true, removable: true}
	named, isContent := false, false
	key := ""
	for _, a := range r.w.Attributes(t) {
		value := r.w.Unescape(a.Raw)
		switch string(a.Name) {
		case "name", "property":
			short := value[strings.LastIndexAny(value, ":.")+1:]
			if !named && strings.EqualFold(short, label) {
				named, key = true, value
				h.usual = string(a.Name) == "name" && value == label
			}
		case "content":
			isContent = true
			h.found.Value = []byte(strings.TrimSpace(value))
			h.value = markup.Splice{From: a.ValueFrom, To: a.ValueTo}
			h.usual = h.usual && a.Quote == '"'
		}
	}
	if !named {
		return false
	}
	if h.usual = h.usual && isContent; key != label {
		h.found.Findings = append(h.found.Findings, media.Warn(media.CodeIDSpelling, -1, "key", key[:min(len(key), 80)]))
	}
	r.open = h
	return true
}

// finish completes the element that is open, whose end tag is t.
func (r *reader) finish(t markup.Token) {
	text := strings.TrimSpace(r.chars.String())
	if !r.isMeta {
		if media.Candidate([]byte(text)) {
			rest, ok := markup.Strip(r.chars.String())
			r.doc.hits = append(r.doc.hits, hit{
				found:     media.Found{Place: media.PlaceDescription, Offset: -1, Value: []byte(text), Findings: other(media.PlaceDescription)},
				removable: ok, cut: markup.Splice{From: r.inner, To: t.From, Text: markup.Escape(rest)},
			})
		}
		return
	}
	h := r.open
	h.found.Place, h.found.Offset = media.PlaceMeta, -1
	if len(h.found.Value) == 0 {
		h.found.Value = []byte(text)
		h.usual = h.usual && text == ""
	}
	h.cut = markup.Splice{From: r.w.Top().From, To: t.To}
	r.doc.hits = append(r.doc.hits, h)
}

// splices sets the label to value and takes all others out. A nil value takes all out.
func (d *document) splices(value []byte) ([]markup.Splice, error) {
	var list []markup.Splice
	placed := value == nil
	for _, h := range d.hits {
		if !h.removable {
			return nil, media.Unsupported("EPUB package document "+d.name, int64(h.cut.From), "text beside the label can't be told from it")
		}
		if h.usual && !placed {
			placed = true
			h.value.Text = markup.Escape(string(value))
			list = append(list, h.value)
			continue
		}
		list = append(list, h.cut)
	}
	if placed {
		return list, nil
	}
	if !d.found {
		return nil, media.Malformed("EPUB package document "+d.name, 0, "no metadata element")
	}
	meta := "<" + markup.Qualify(d.prefix, "meta") + ` name="` + label + `" content="` + markup.Escape(string(value)) + `"/>` + "\n"
	return append(list, markup.Inside(d.start, d.end, meta)), nil
}
