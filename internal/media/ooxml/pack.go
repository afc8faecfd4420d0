package ooxml

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

const (
	typesPart  = "[Content_Types].xml"
	relsPart   = "_rels/.rels"
	customPart = "docProps/custom.xml"
	corePart   = "docProps/core.xml"

	customType = "application/vnd.openxmlformats-officedocument.custom-properties+xml"

	// Namespaces and relationship types exist twice: ECMA-376 Transitional and ISO/IEC 29500 Strict.
	transitional = "http://schemas.openxmlformats.org/officeDocument/2006/"
	strict       = "http://purl.oclc.org/ooxml/officeDocument/"

	maxItems = 64 // customXml parts that are read
)

// pack is an OPC package: its entries, and where its properties stand.
type pack struct {
	zip          *archive.Archive
	parts        map[string][]byte // parts that have been read, by name
	names        []string          // the same names, in the order of reading
	custom, core string            // parts that the package relationships point to
	linked       bool              // the relationship to custom exists
	strict       bool
	signed       bool
	rels         list
	findings     []colophon.Finding
	hidden       error // why a label may be there that can't be seen
}

// list is what matters of a part that lists things: its root element, and what is taken.
type list struct {
	root       markup.Token
	end        markup.Token
	prefix     string
	ids        []string // relationship IDs
	overridden []string // part names with a content type of their own
}

func open(src media.Source) (*pack, error) {
	zip, err := archive.Open(src)
	if err != nil {
		return nil, err
	}
	p := &pack{zip: zip, parts: map[string][]byte{}, custom: customPart, core: corePart}
	text, ok, err := p.read(relsPart)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, media.Malformed("OOXML package", 0, "part /_rels/.rels is missing")
	}
	return p, p.readRels(text)
}

// read returns a part, once from the archive and then from memory.
func (p *pack) read(name string) ([]byte, bool, error) {
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
	p.names = append(p.names, name)
	return text, true, nil
}

func (p *pack) readRels(text []byte) error {
	w := markup.Walk(text, relsPart)
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return err
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 1:
			if w.Top().Local != "Relationships" {
				return media.Malformed("OOXML part /_rels/.rels", int64(t.From), "root element is not Relationships")
			}
			p.rels.root, p.rels.prefix = t, w.Top().Prefix
		case t.Kind == markup.End && len(w.Stack) == 1:
			p.rels.end = t
		case t.Kind == markup.Start && w.Top().Local == "Relationship":
			id, _ := w.Value(t, "Id")
			p.rels.ids = append(p.rels.ids, id)
			kind, _ := w.Value(t, "Type")
			target, _ := w.Value(t, "Target")
			p.relationship(kind, target)
		}
	}
}

func (p *pack) relationship(kind, target string) {
	name := strings.TrimLeft(path.Clean("/"+strings.ReplaceAll(target, `\`, "/")), "/")
	switch kind {
	case transitional + "relationships/custom-properties", strict + "relationships/customProperties":
		if !p.linked && name != "" && !strings.EqualFold(name, relsPart) && !strings.EqualFold(name, typesPart) {
			p.custom, p.linked = name, true
		}
	case "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
		transitional + "relationships/metadata/core-properties":
		p.core = name
	case strict + "relationships/officeDocument":
		p.strict = true
	case "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin":
		p.signed = true
	}
}

// customParts lists the parts that may hold custom properties: the linked one, then the usual one.
func (p *pack) customParts() []string {
	if strings.EqualFold(p.custom, customPart) {
		return []string{p.custom}
	}
	return []string{p.custom, customPart}
}

func (p *pack) signatures() []media.Signature {
	var found []media.Signature
	if i := slices.IndexFunc(p.zip.Names(), func(name string) bool {
		return len(name) > 15 && strings.EqualFold(name[:15], "_xmlsignatures/")
	}); i >= 0 {
		off, _ := p.zip.Offset(p.zip.Names()[i])
		found = append(found, media.Signature{Kind: media.SignatureOOXML, Offset: off})
	} else if p.signed {
		found = append(found, media.Signature{Kind: media.SignatureOOXML, Offset: -1})
	}
	if off, ok := p.zip.Offset("META-INF/content_credential.c2pa"); ok {
		found = append(found, media.Signature{Kind: media.SignatureC2PA, Offset: off})
	}
	return found
}

// connect makes the package point to the custom properties and know their content type.
func (p *pack) connect(splices map[string][]markup.Splice, parts *[]archive.Part) error {
	if !p.linked {
		kind := transitional + "relationships/custom-properties"
		if p.strict {
			kind = strict + "relationships/customProperties"
		}
		text := "<" + markup.Qualify(p.rels.prefix, "Relationship") + ` Id="` + p.freeID() + `" Type="` + kind + `" Target="` + markup.Escape(p.custom) + `"/>`
		splices[relsPart] = append(splices[relsPart], markup.Inside(p.rels.root, p.rels.end, text))
	}
	text, ok, err := p.read(typesPart)
	if err != nil {
		return err
	}
	if !ok {
		return media.Malformed("OOXML package", 0, "part /[Content_Types].xml is missing")
	}
	types, err := readTypes(text)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(types.overridden, func(name string) bool { return strings.EqualFold(name, "/"+p.custom) }) {
		return nil
	}
	entry := "<" + markup.Qualify(types.prefix, "Override") + ` PartName="/` + markup.Escape(p.custom) + `" ContentType="` + customType + `"/>`
	splices[typesPart] = append(splices[typesPart], markup.Inside(types.root, types.end, entry))
	return nil
}

func readTypes(text []byte) (list, error) {
	var l list
	w := markup.Walk(text, typesPart)
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return l, err
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 1:
			if w.Top().Local != "Types" {
				return l, media.Malformed("OOXML part /[Content_Types].xml", int64(t.From), "root element is not Types")
			}
			l.root, l.prefix = t, w.Top().Prefix
		case t.Kind == markup.End && len(w.Stack) == 1:
			l.end = t
		case t.Kind == markup.Start && w.Top().Local == "Override":
			name, _ := w.Value(t, "PartName")
			l.overridden = append(l.overridden, name)
		}
	}
}

// freeID returns a relationship ID that no relationship has.
func (p *pack) freeID() string {
	for n := len(p.rels.ids) + 1; ; n++ {
		if id := "rId" + strconv.Itoa(n); !slices.Contains(p.rels.ids, id) {
			return id
		}
	}
}

// customXML finds labels in the parts of the custom XML data store. A part that can't be read is told as a finding, and
// stops an edit when it seems to hold a label.
func (p *pack) customXML() []hit {
	var all []hit
	read := 0
	for _, name := range p.zip.Names() {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, "customxml/") || !strings.HasSuffix(lower, ".xml") || strings.Contains(lower, "/_rels/") {
			continue
		}
		if read++; read > maxItems {
			p.hide(name, media.TooMany("customXml part", 0, maxItems))
			break
		}
		text, _, err := p.read(name)
		if err != nil {
			p.hide(name, err)
			continue
		}
		hits, err := itemHits(text, name)
		if err != nil {
			p.findings = append(p.findings, media.Warn(media.CodeStructure, -1, "what", name, "rule", "not well-formed XML"))
			if bytes.Contains(bytes.ToLower(text), []byte("aigc")) {
				p.hidden = err
			}
			continue
		}
		all = append(all, hits...)
	}
	return all
}

func (p *pack) hide(name string, err error) {
	p.findings = append(p.findings, media.Warn(media.CodeStructure, -1, "what", name, "rule", "part can't be read"))
	p.hidden = err
}
