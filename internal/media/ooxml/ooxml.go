// Package ooxml reads and labels Office Open XML documents (ECMA-376, ISO/IEC 29500): Word, Excel and PowerPoint files
// and their templates.
//
// The label is the custom document property AIGC, text, in docProps/custom.xml (TC260-PG-20258A 6.1), where Word shows
// it under File, Properties, Custom. Three parts may change: the properties themselves, the package relationships that
// lead to them, and the list of content types. Each is spliced as text; all other entries of the package stay as they
// are, byte for byte. Labels that others have put in customXml parts or in the core properties are read, and give way
// when a document is labelled.
//
// What not to do here: never open a document's content, and never write a part from a model of it, since Office keeps in
// these parts what no model knows.
package ooxml

import (
	"bytes"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// Container reads and edits Office Open XML documents.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container]. What kind of document a package is stands in its list of content types.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	if !archive.Magic(head) {
		return media.Unknown
	}
	zip, err := archive.Open(src)
	if err != nil {
		return media.Unknown
	}
	types, ok, err := zip.Read(typesPart)
	if err != nil || !ok {
		return media.Unknown
	}
	return mainFormat(types)
}

// mainFormat returns the format that a list of content types tells.
func mainFormat(types []byte) media.Format {
	s := markup.XML(types, typesPart)
	for {
		t, err := s.Next()
		if err != nil || t.Kind == markup.EOF {
			return media.Unknown
		}
		if value, ok := s.Value(t, "ContentType"); ok {
			if f := formatOf(value); f != media.Unknown {
				return f
			}
		}
	}
}

// formatOf maps the content type of a main part. Documents with macros count as the documents that they extend.
func formatOf(contentType string) media.Format {
	const (
		open = "application/vnd.openxmlformats-officedocument."
		ms   = "application/vnd.ms-"
	)
	switch contentType {
	case open + "wordprocessingml.document.main+xml", ms + "word.document.macroEnabled.main+xml":
		return media.DOCX
	case open + "wordprocessingml.template.main+xml", ms + "word.template.macroEnabledTemplate.main+xml":
		return media.DOTX
	case open + "spreadsheetml.sheet.main+xml", ms + "excel.sheet.macroEnabled.main+xml":
		return media.XLSX
	case open + "spreadsheetml.template.main+xml", ms + "excel.template.macroEnabled.main+xml":
		return media.XLTX
	case open + "presentationml.presentation.main+xml", ms + "powerpoint.presentation.macroEnabled.main+xml",
		open + "presentationml.slideshow.main+xml", ms + "powerpoint.slideshow.macroEnabled.main+xml":
		return media.PPTX
	case open + "presentationml.template.main+xml", ms + "powerpoint.template.macroEnabled.main+xml":
		return media.POTX
	default:
		return media.Unknown
	}
}

// Places implements [media.Container].
func (Container) Places(f media.Format) []media.Place {
	switch f {
	case media.DOCX, media.XLSX, media.PPTX, media.DOTX, media.XLTX, media.POTX:
		return []media.Place{media.PlaceProperty}
	default:
		return nil
	}
}

// Scan implements [media.Container].
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	p, err := open(src)
	if err != nil {
		return survey, err
	}
	survey.Signatures = p.signatures()
	if off, ok := p.zip.Trailing(); ok {
		survey.Findings = append(survey.Findings, media.Warn(media.CodeTrailingData, off))
	}
	hits, err := p.hits()
	for _, h := range hits {
		survey.Labels = append(survey.Labels, h.found)
	}
	survey.Findings = append(survey.Findings, p.findings...)
	return survey, err
}

// Edit implements [media.Container].
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceProperty {
		return nil, media.Unsupported("OOXML package", 0, "label stands in a custom document property only")
	}
	p, err := open(src)
	if err != nil {
		return nil, err
	}
	hits, err := p.hits()
	if err != nil {
		return nil, err
	}
	if p.hidden != nil {
		return nil, p.hidden
	}
	splices := map[string][]markup.Splice{}
	kept := keeper(hits)
	for i, h := range hits {
		if !h.removable {
			return nil, media.Unsupported("OOXML part "+h.part, 0, "text beside the label can't be told from it")
		}
		if i != kept {
			splices[h.part] = append(splices[h.part], h.cut)
		}
	}
	var parts []archive.Part
	if kept >= 0 {
		h := hits[kept]
		splices[h.part] = append(splices[h.part], h.replacement(put.Value))
	} else if err := p.insert(put.Value, splices, &parts); err != nil {
		return nil, err
	}
	if err := p.connect(splices, &parts); err != nil {
		return nil, err
	}
	for _, name := range p.names {
		list := splices[name]
		if len(list) == 0 {
			continue
		}
		text, err := markup.Apply(p.parts[name], name, list)
		if err != nil {
			return nil, err
		}
		parts = append(parts, archive.Part{Name: name, Content: text})
	}
	if err := p.verify(parts, put.Value); err != nil {
		return nil, err
	}
	return p.zip.Edit(parts)
}

// keeper returns the property that the new value takes the place of: the first one that stands as it should, or else
// the first one; -1 when there is none in the part that the package points to.
func keeper(hits []hit) int {
	kept := -1
	for i, h := range hits {
		if h.property == nil || !h.property.linked {
			continue
		}
		if h.property.usual {
			return i
		}
		if kept < 0 {
			kept = i
		}
	}
	return kept
}

// hit is one label value and how to take it out of its part.
type hit struct {
	found     media.Found
	part      string
	cut       markup.Splice
	removable bool
	property  *property // nil when the label is no custom property
}

// replacement is the splice that sets a property to a new value.
func (h *hit) replacement(value []byte) markup.Splice {
	if h.property.usual {
		return markup.Splice{From: h.property.inner, To: h.property.innerEnd, Text: markup.Escape(string(value))}
	}
	return markup.Splice{From: h.cut.From, To: h.cut.To, Text: h.property.element(value)}
}

// hits finds every label value in the package.
func (p *pack) hits() ([]hit, error) {
	var all []hit
	for _, name := range p.customParts() {
		text, ok, err := p.read(name)
		if err != nil {
			return all, err
		}
		if !ok {
			continue
		}
		props, err := properties(text, name)
		if err != nil {
			return all, err
		}
		all = append(all, props.hits(name, name == p.custom)...)
	}
	if text, ok, err := p.read(p.core); err != nil {
		return all, err
	} else if ok {
		hits, err := coreHits(text, p.core)
		if err != nil {
			return all, err
		}
		all = append(all, hits...)
	}
	return append(all, p.customXML()...), nil
}

// verify reads the parts as they will be and makes sure that one label is left.
func (p *pack) verify(parts []archive.Part, value []byte) error {
	after := *p
	after.parts = make(map[string][]byte, len(p.parts)+len(parts))
	for name, text := range p.parts {
		after.parts[name] = text
	}
	for _, part := range parts {
		after.parts[part.Name] = part.Content
	}
	hits, err := after.hits()
	if err != nil {
		return err
	}
	if len(hits) != 1 || hits[0].found.Place != media.PlaceProperty || !bytes.Equal(hits[0].found.Value, value) {
		return media.Unsupported("OOXML package", 0, "label would not be the only one, or not be read back")
	}
	return nil
}

// other is the finding on a label that stands where the guide doesn't put it.
func other(place media.Place) []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, -1, "place", string(place), "standard", string(media.PlaceProperty)),
	}
}
