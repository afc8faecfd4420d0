package ooxml

import (
	"encoding/json"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// leaf collects the text of an element while it is open.
type leaf struct {
	depth  int  // of the stack when the element began; 0 when none is open
	from   int  // where its content begins
	named  bool // the element is called AIGC
	nested bool
	text   strings.Builder
	fields []string // names and texts of child elements, alternating
}

// coreHits finds label objects in the free text of the core properties: description, keywords, subject and the like.
func coreHits(text []byte, part string) ([]hit, error) {
	var all []hit
	var l leaf
	w := markup.Walk(text, part)
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return all, err
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 2:
			l = leaf{depth: 2, from: t.To}
		case (t.Kind == markup.Text || t.Kind == markup.CDATA) && l.depth > 0:
			l.text.WriteString(content(w, text, t))
		case t.Kind == markup.End && len(w.Stack) == l.depth:
			value := l.text.String()
			if media.Candidate([]byte(value)) {
				rest, ok := markup.Strip(value)
				all = append(all, hit{
					found: media.Found{
						Place: media.PlaceDescription, Offset: -1, Value: []byte(strings.TrimSpace(value)),
						Findings: other(media.PlaceDescription),
					},
					part: part, removable: ok, cut: markup.Splice{From: l.from, To: t.From, Text: markup.Escape(rest)},
				})
			}
			l = leaf{}
		}
	}
}

// itemHits finds elements named AIGC, in any namespace, in a custom XML part. Of nested ones the innermost counts. An
// element with child elements instead of text is told as the JSON object of its children. In a part called after the
// label, such as customXml/aigcMetadata1.xml, elements of other names count as well where their text holds a label or
// their children are its fields and nothing else.
func itemHits(text []byte, part string) ([]hit, error) {
	var all []hit
	var l leaf
	lax := strings.Contains(strings.ToLower(part), "aigc")
	w := markup.Walk(text, part)
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			return all, err
		}
		switch {
		case t.Kind == markup.Start && strings.EqualFold(w.Top().Local, labelName):
			l = leaf{depth: len(w.Stack), from: t.To, named: true}
		case t.Kind == markup.Start && lax && !l.named && !field(w.Top().Local):
			l = leaf{depth: len(w.Stack), from: t.To}
		case t.Kind == markup.Start && l.depth > 0:
			l.nested = true
			l.fields = append(l.fields, w.Top().Local, "")
		case (t.Kind == markup.Text || t.Kind == markup.CDATA) && l.depth > 0:
			s := content(w, text, t)
			if len(w.Stack) == l.depth+1 && len(l.fields) > 0 {
				l.fields[len(l.fields)-1] += s
			} else {
				l.text.WriteString(s)
			}
		case t.Kind == markup.End && len(w.Stack) == l.depth:
			if h, ok := l.hit(part, t.From); ok {
				all = append(all, h)
			}
			l = leaf{}
		}
	}
}

// field reports whether an element is named as a field of the label.
func field(name string) bool {
	switch name {
	case "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2":
		return true
	}
	return false
}

// hit returns the label that the element holds, whose content ends at to.
func (l *leaf) hit(part string, to int) (hit, bool) {
	value := l.value()
	h := hit{
		found: media.Found{
			Place: media.PlaceCustomXML, Offset: -1, Value: []byte(value), Findings: other(media.PlaceCustomXML),
		},
		part: part, removable: true, cut: markup.Splice{From: l.from, To: to},
	}
	if l.named {
		return h, value != ""
	}
	if !l.nested { // words around the label stay
		rest, ok := markup.Strip(value)
		h.removable, h.cut.Text = ok, markup.Escape(rest)
	} else if strings.TrimSpace(l.text.String()) != "" {
		return h, false
	}
	return h, media.Candidate([]byte(value))
}

// value returns the element's text, or its children as a JSON object in their order.
func (l *leaf) value() string {
	if !l.nested {
		return strings.TrimSpace(l.text.String())
	}
	var b strings.Builder
	for i := 0; i+1 < len(l.fields); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.WriteString(quote(l.fields[i]) + ":" + quote(strings.TrimSpace(l.fields[i+1])))
	}
	return b.String() + "}"
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
