package page

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice/prose"
)

// maxSections is how many sections a document may have.
const maxSections = 1 << 12

// section is one section of a Word document (ECMA-376-1, 17.6).
type section struct {
	start markup.Token
	first bool // the first page has a header of its own
	refs  []headerRef
}

type headerRef struct{ kind, on, id string }

// wordDocument is what matters of a main part.
type wordDocument struct {
	space    string
	sections []section
	body     [2]markup.Token // start and end tag
}

// word puts the notice into every header of every section, or every footer where the end is asked for; a section
// without one gets it from the first section, as headers are handed down.
func (j *job) word(src media.Source) (*media.Edit, error) {
	p, err := openPack(src)
	if err != nil {
		return nil, err
	}
	text, err := p.read(p.main)
	if err != nil {
		return nil, err
	}
	doc, err := readWord(text, p.main)
	if err != nil {
		return nil, err
	}
	even, err := p.evenHeaders()
	if err != nil {
		return nil, err
	}
	changed := false
	var refs strings.Builder
	var places []string
	for _, k := range j.kinds() {
		places = append(places, k.name)
		touched, err := j.headers(p, doc, k, even, &refs)
		if err != nil {
			return nil, err
		}
		changed = changed || touched
	}
	j.report.Place = strings.Join(places, ", ")
	if j.there = !changed; j.there || j.probe {
		return nil, nil
	}
	if p.signed() {
		j.signed()
	}
	switch {
	case refs.Len() == 0:
	case len(doc.sections) > 0:
		p.splice(p.main, behind(doc.sections[0].start, refs.String()))
	default:
		p.splice(p.main, markup.Inside(doc.body[0], doc.body[1], `<w:sectPr xmlns:w="`+doc.space+`">`+refs.String()+`</w:sectPr>`))
	}
	return p.edit()
}

// headerKind is one of the two kinds of running lines.
type headerKind struct{ name, root string }

func (j *job) kinds() []headerKind {
	start, end := j.ends()
	var list []headerKind
	if start {
		list = append(list, headerKind{"header", "hdr"})
	}
	if end {
		list = append(list, headerKind{"footer", "ftr"})
	}
	return list
}

// headers plans the headers of one kind, writes references to new ones, and reports whether there is anything to do.
func (j *job) headers(p *pack, doc *wordDocument, k headerKind, even bool, refs *strings.Builder) (bool, error) {
	changed := false
	need := map[string]bool{"default": true}
	known := map[string]bool{}
	var names []string
	for i, s := range doc.sections {
		for _, r := range s.refs {
			if r.kind != k.name {
				continue
			}
			known[r.on] = true
			name, err := p.target(p.main, r.id)
			if err != nil {
				return false, err
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if i == 0 {
			need["default"], need["even"] = !known["default"], even && !known["even"]
		}
		need["first"] = need["first"] || s.first && !known["first"]
	}
	if len(doc.sections) == 0 {
		need["even"] = even
	}
	for _, name := range names {
		text, err := p.read(name)
		if err != nil {
			return false, err
		}
		root, space, said, err := readHeader(text, name)
		if err != nil {
			return false, err
		}
		if j.found = cmp.Or(j.found, said); said == "" {
			p.splice(name, behind(root, j.paragraph(space)))
			changed = true
		}
	}
	for _, on := range []string{"default", "first", "even"} {
		if !need[on] {
			continue
		}
		changed = true
		content := xmlHead + "<w:" + k.root + ` xmlns:w="` + doc.space + `">` + j.paragraph(doc.space) + "</w:" + k.root + ">"
		id, err := p.add(p.main, k.name, path.Join(path.Dir(p.main), "notice-"+k.name+"-"+on+".xml"),
			"application/vnd.openxmlformats-officedocument.wordprocessingml."+k.name+"+xml", content)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(refs, `<w:%sReference xmlns:w="%s" xmlns:r="%s" w:type="%s" r:id="%s"/>`, k.name, doc.space, p.officeSpace(), on, id)
	}
	return changed, nil
}

// paragraph is the notice as a paragraph: centred, dark on white, 10.5 points.
func (j *job) paragraph(space string) string {
	return `<w:p xmlns:w="` + space + `"><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:rPr><w:rFonts w:hint="eastAsia"/><w:b/><w:color w:val="1A1A1A"/><w:sz w:val="21"/><w:szCs w:val="21"/>` +
		`<w:shd w:val="clear" w:color="auto" w:fill="FFFFFF"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr><w:t xml:space="preserve">` + markup.Escape(prose.Line(j.words)) + `</w:t></w:r></w:p>`
}

// readWord finds the sections of a document.
func readWord(text []byte, name string) (*wordDocument, error) {
	d := &wordDocument{}
	w := markup.Walk(text, name)
	depth := 0 // of the section's properties that are read; 0 outside
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		local := ""
		if t.Kind == markup.Start || t.Kind == markup.End {
			local = w.Top().Local
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 1:
			if d.space = w.Top().Space; local != "document" {
				return nil, media.Malformed("OOXML part "+name, int64(t.From), "root element is not document")
			}
		case len(w.Stack) == 2 && local == "body" && t.Kind == markup.Start:
			d.body[0] = t
		case len(w.Stack) == 2 && local == "body" && t.Kind == markup.End:
			d.body[1] = t
		case t.Kind == markup.Start && local == "sectPr" && depth == 0 && w.Top().Space == d.space:
			if len(d.sections) >= maxSections {
				return nil, media.TooMany("Word section", int64(t.From), maxSections)
			}
			depth = len(w.Stack)
			d.sections = append(d.sections, section{start: t})
		case t.Kind == markup.End && len(w.Stack) == depth:
			depth = 0
		case t.Kind == markup.Start && depth > 0 && len(w.Stack) == depth+1:
			s := &d.sections[len(d.sections)-1]
			switch local {
			case "headerReference", "footerReference":
				kind := attribute(w, t, "type")
				if kind == "" {
					kind = "default"
				}
				s.refs = append(s.refs, headerRef{strings.TrimSuffix(local, "Reference"), kind, attribute(w, t, "id")})
			case "titlePg":
				s.first = on(attribute(w, t, "val"))
			}
		case t.Kind == markup.Start && depth == 0 && strings.HasSuffix(local, "PrChange"):
			if err := skip(w); err != nil { // what a tracked change has replaced
				return nil, err
			}
		}
	}
	if d.body[0].To == 0 {
		return nil, media.Malformed("OOXML part "+name, 0, "no body")
	}
	return d, nil
}

// skip steps over the element that has just begun.
func skip(w *markup.Walker) error {
	for depth := len(w.Stack); ; {
		t, err := w.Next()
		if err != nil || t.Kind == markup.End && len(w.Stack) == depth {
			return err
		}
	}
}

// readHeader returns a header's root element, its namespace, and the words of a paragraph that is the notice.
func readHeader(text []byte, name string) (root markup.Token, space, said string, err error) {
	w := markup.Walk(text, name)
	var words strings.Builder
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return root, space, said, err
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 1:
			root, space = t, w.Top().Space
		case t.Kind == markup.Start && w.Top().Local == "p":
			words.Reset()
		case t.Kind == markup.Text && len(w.Stack) > 0 && w.Top().Local == "t" && words.Len() < 1<<12:
			words.WriteString(w.Unescape(text[t.From:t.To]))
		case t.Kind == markup.End && w.Top().Local == "p":
			said = cmp.Or(said, prose.Said(words.String()))
			words.Reset()
		}
	}
}

// evenHeaders reports whether even pages have headers of their own.
func (p *pack) evenHeaders() (bool, error) {
	list, err := p.relationships(p.main)
	if err != nil {
		return false, err
	}
	for _, r := range list {
		if r.kind != "settings" || r.target == "" {
			continue
		}
		text, ok, err := p.find(r.target)
		if err != nil || !ok || !bytes.Contains(text, []byte("evenAndOddHeaders")) {
			return false, err
		}
		w := markup.Walk(text, r.target)
		for {
			t, err := w.Next()
			if err != nil || t.Kind == markup.EOF {
				return false, err
			}
			if t.Kind == markup.Start && w.Top().Local == "evenAndOddHeaders" {
				return on(attribute(w, t, "val")), nil
			}
		}
	}
	return false, nil
}
