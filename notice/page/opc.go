package page

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// Namespaces of Office Open XML exist twice: ECMA-376 Transitional and ISO/IEC 29500 Strict. Relationship types begin
// with the same words.
const (
	transitional = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	strict       = "http://purl.oclc.org/ooxml/officeDocument/relationships"

	typesPart    = "[Content_Types].xml"
	packageSpace = "http://schemas.openxmlformats.org/package/2006/"
	maxRels      = 1 << 14
	maxPart      = 48 << 20  // bytes of one part: a sheet may hold a million cells
	maxTotal     = 192 << 20 // bytes of all parts
)

// pack is an OPC package under way to a new version.
type pack struct {
	zip     *archive.Archive
	parts   map[string][]byte
	splices map[string][]markup.Splice
	tails   map[string]string // what goes before the end of a part's root element
	rels    map[string][]relationship
	added   []archive.Part
	shapes  map[string][]shape // of layouts and masters that were read
	strict  bool
	main    string // the document's main part
}

type relationship struct {
	id, kind, target string // the target is a part's name, or empty where it is outside of the package
}

// openPack opens a package and finds its main part.
func openPack(src media.Source) (*pack, error) {
	zip, err := archive.Open(src)
	if err != nil {
		return nil, err
	}
	zip.Limit(maxPart, maxTotal)
	p := &pack{zip: zip, parts: map[string][]byte{}, splices: map[string][]markup.Splice{}, tails: map[string]string{}, rels: map[string][]relationship{}, shapes: map[string][]shape{}}
	rels, err := p.relationships("")
	if err != nil {
		return nil, err
	}
	for _, r := range rels {
		if r.kind == "officeDocument" && r.target != "" {
			p.main = r.target
			return p, nil
		}
	}
	return nil, media.Malformed("OOXML package", 0, "no relationship leads to the document")
}

func (p *pack) signed() bool {
	return slices.ContainsFunc(p.zip.Names(), func(name string) bool { return strings.HasPrefix(strings.ToLower(name), "_xmlsignatures/") })
}

// read returns a part, which has to be there.
func (p *pack) read(name string) ([]byte, error) {
	text, ok, err := p.find(name)
	if err == nil && !ok {
		err = media.Malformed("OOXML package", 0, "part /"+name[:min(len(name), 80)]+" is missing")
	}
	return text, err
}

func (p *pack) find(name string) ([]byte, bool, error) {
	if text, ok := p.parts[name]; ok {
		return text, true, nil
	}
	text, ok, err := p.zip.Read(name)
	if err != nil || !ok {
		return nil, false, err
	}
	if markup.Wide(text) {
		return nil, false, media.Unsupported("OOXML part "+name, 0, "part is in UTF-16")
	}
	p.parts[name] = text
	return text, true, nil
}

func relsName(part string) string { return path.Join(path.Dir(part), "_rels", path.Base(part)+".rels") }

// relationships returns those of a part, or the package's for an empty name. Kinds are the last word of their type.
func (p *pack) relationships(part string) ([]relationship, error) {
	if list, ok := p.rels[part]; ok {
		return list, nil
	}
	name := "_rels/.rels"
	if part != "" {
		name = relsName(part)
	}
	text, ok, err := p.find(name)
	if err != nil || !ok {
		return nil, err
	}
	var list []relationship
	w := markup.Walk(text, name)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			p.rels[part] = list
			return list, nil
		}
		if t.Kind != markup.Start || w.Top().Local != "Relationship" {
			continue
		}
		if len(list) >= maxRels {
			return nil, media.TooMany("OOXML relationship", int64(t.From), maxRels)
		}
		var r relationship
		r.id, _ = w.Value(t, "Id")
		kind, _ := w.Value(t, "Type")
		target, _ := w.Value(t, "Target")
		if mode, _ := w.Value(t, "TargetMode"); mode != "External" {
			target = strings.ReplaceAll(target, `\`, "/")
			if !strings.HasPrefix(target, "/") {
				target = path.Join("/", path.Dir(part), target)
			}
			r.target = strings.TrimPrefix(path.Clean(target), "/")
		}
		if part == "" && strings.HasPrefix(kind, strict) {
			p.strict = true
		}
		if i := strings.LastIndexByte(kind, '/'); i > 0 && (kind[:i] == transitional || kind[:i] == strict) {
			r.kind = kind[i+1:]
		}
		list = append(list, r)
	}
}

// target returns the part that a relationship of another part leads to.
func (p *pack) target(part, id string) (string, error) {
	list, err := p.relationships(part)
	if err != nil {
		return "", err
	}
	for _, r := range list {
		if r.id == id && r.target != "" {
			return r.target, nil
		}
	}
	return "", media.Malformed("OOXML part "+part, 0, "relationship "+id[:min(len(id), 80)]+" leads to no part")
}

// officeSpace is the namespace of relationship identifiers, and what their types begin with.
func (p *pack) officeSpace() string {
	if p.strict {
		return strict
	}
	return transitional
}

// add adds a part of a content type with a relationship from another part, and returns the relationship's identifier.
func (p *pack) add(from, kind, name, contentType string, content string) (string, error) {
	for n := 1; ; n++ { // a name that is free
		unique := name
		if n > 1 {
			unique = strings.TrimSuffix(name, ".xml") + strconv.Itoa(n) + ".xml"
		}
		_, taken := p.zip.Offset(unique)
		if !taken && !slices.ContainsFunc(p.added, func(a archive.Part) bool { return a.Name == unique }) {
			name = unique
			break
		}
	}
	p.added = append(p.added, archive.Part{Name: name, Content: []byte(content)})
	p.tails[typesPart] += `<Override xmlns="` + packageSpace + `content-types" PartName="/` + name + `" ContentType="` + contentType + `"/>`
	list, err := p.relationships(from)
	if err != nil {
		return "", err
	}
	id := ""
	for n := len(list) + 1; ; n++ {
		id = "rIdNotice" + strconv.Itoa(n)
		if !slices.ContainsFunc(list, func(r relationship) bool { return r.id == id }) {
			break
		}
	}
	p.rels[from] = append(list, relationship{id, kind, name})
	p.tails[relsName(from)] += `<Relationship xmlns="` + packageSpace + `relationships" Id="` + id + `" Type="` + p.officeSpace() + "/" + kind + `" Target="/` + markup.Escape(name) + `"/>`
	return id, nil
}

func (p *pack) splice(part string, s markup.Splice) { p.splices[part] = append(p.splices[part], s) }

// edit plans the package with all that was put into it.
func (p *pack) edit() (*media.Edit, error) {
	for name, text := range p.tails {
		old, ok, err := p.find(name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if name == typesPart {
				return nil, media.Malformed("OOXML package", 0, "part /[Content_Types].xml is missing")
			}
			p.added = append(p.added, archive.Part{Name: name, Content: []byte(xmlHead + `<Relationships xmlns="` + packageSpace + `relationships">` + text + `</Relationships>`)})
			continue
		}
		s, err := atEnd(old, name, text)
		if err != nil {
			return nil, err
		}
		p.splice(name, s)
	}
	parts := p.added
	for name, list := range p.splices {
		text, err := markup.Apply(p.parts[name], name, list)
		if err != nil {
			return nil, err
		}
		parts = append(parts, archive.Part{Name: name, Content: text})
	}
	slices.SortFunc(parts, func(x, y archive.Part) int { return strings.Compare(x.Name, y.Name) })
	return p.zip.Edit(parts)
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// atEnd is the splice that puts text before the end of a document's root element.
func atEnd(text []byte, name, insert string) (markup.Splice, error) {
	var root markup.Token
	w := markup.Walk(text, name)
	for {
		t, err := w.Next()
		if err != nil {
			return markup.Splice{}, err
		}
		switch {
		case t.Kind == markup.EOF:
			return markup.Splice{}, media.Malformed(name, int64(len(text)), "no root element")
		case t.Kind == markup.Start && len(w.Stack) == 1:
			root = t
		case t.Kind == markup.End && len(w.Stack) == 1:
			return markup.Inside(root, t, insert), nil
		}
	}
}

// behind is the splice that puts text behind a start tag, before what the element holds.
func behind(start markup.Token, insert string) markup.Splice {
	if start.SelfClosing {
		return markup.Inside(start, markup.Token{}, insert)
	}
	return markup.Splice{From: start.To, To: start.To, Text: insert}
}

// attribute returns an attribute by its local name, whatever its prefix.
func attribute(w *markup.Walker, t markup.Token, local string) string {
	for _, a := range w.Attributes(t) {
		name := string(a.Name)
		if name[strings.LastIndexByte(name, ':')+1:] == local && !strings.HasPrefix(name, "xmlns") {
			return w.Unescape(a.Raw)
		}
	}
	return ""
}

// on reports whether an element that is a switch is on.
func on(value string) bool { return value != "0" && value != "false" && value != "off" }
