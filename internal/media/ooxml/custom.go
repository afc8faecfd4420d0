package ooxml

import (
	"math"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// The format identifier of user-defined properties, [MS-OLEPS] 2.25.1, and the first free property identifier.
const (
	formatID  = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
	firstPID  = 2
	labelName = "AIGC"
)

// propertySet is what matters of a custom properties part.
type propertySet struct {
	labels    []property
	root, end markup.Token
	prefix    string // of the root element
	types     string // prefix of the variant types; "" when they are not declared
	strict    bool
	maxPID    int64
}

// property is one custom property that is a label.
type property struct {
	from, to        int // the element
	inner, innerEnd int // the text of its value
	name, pid       string
	value           string
	set             *propertySet
	simple          bool // one text value and nothing else
	usual           bool // as Colophon writes it
	linked          bool // in the part that the package points to
}

// properties reads a custom properties part.
func properties(text []byte, part string) (*propertySet, error) {
	set := &propertySet{}
	w := markup.Walk(text, part)
	var open *property // the label that is being read
	var value strings.Builder
	children := 0
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF {
			for i := range set.labels {
				set.labels[i].set = set
			}
			return set, err
		}
		switch {
		case t.Kind == markup.Start && len(w.Stack) == 1:
			if w.Top().Local != "Properties" {
				return set, media.Malformed("OOXML part "+part, int64(t.From), "root element is not Properties")
			}
			set.begin(w, t)
		case t.Kind == markup.End && len(w.Stack) == 1:
			set.end = t
		case t.Kind == markup.Start && len(w.Stack) == 2 && w.Top().Local == "property":
			open, children = set.property(w, t), 0
			value.Reset()
		case t.Kind == markup.Start && open != nil:
			children++
			open.inner = t.To
			open.simple = len(w.Stack) == 3 && children == 1 && w.Top().Local == "lpwstr" && !t.SelfClosing
		case (t.Kind == markup.Text || t.Kind == markup.CDATA) && open != nil && len(w.Stack) > 2:
			value.WriteString(content(w, text, t))
		case t.Kind == markup.End && open != nil && len(w.Stack) == 3:
			open.innerEnd = t.From
		case t.Kind == markup.End && open != nil && len(w.Stack) == 2:
			open.to, open.value = t.To, strings.TrimSpace(value.String())
			open.usual = open.usual && open.simple
			set.labels = append(set.labels, *open)
			open = nil
		}
	}
}

// content returns the characters of a text or CDATA token.
func content(w *markup.Walker, text []byte, t markup.Token) string {
	if t.Kind == markup.CDATA {
		return string(text[t.From+len("<![CDATA[") : t.To-len("]]>")])
	}
	return w.Unescape(text[t.From:t.To])
}

func (s *propertySet) begin(w *markup.Walker, t markup.Token) {
	s.root, s.prefix = t, w.Top().Prefix
	s.strict = strings.HasPrefix(w.Top().Space, strict)
	s.types, _ = w.PrefixOf(typesSpace(s.strict))
}

func typesSpace(isStrict bool) string {
	if isStrict {
		return strict + "docPropsVTypes"
	}
	return transitional + "docPropsVTypes"
}

// property notes a property's identifier, and returns it when it is a label.
func (s *propertySet) property(w *markup.Walker, t markup.Token) *property {
	p := &property{from: t.From}
	p.pid, _ = w.Value(t, "pid")
	if n, err := strconv.ParseInt(strings.TrimSpace(p.pid), 10, 64); err == nil {
		s.maxPID = max(s.maxPID, n)
	}
	p.name, _ = w.Value(t, "name")
	if !strings.EqualFold(strings.TrimSpace(p.name), labelName) {
		return nil
	}
	id, _ := w.Value(t, "fmtid")
	p.usual = p.name == labelName && strings.EqualFold(id, formatID)
	return p
}

func (s *propertySet) hits(part string, linked bool) []hit {
	var all []hit
	for _, p := range s.labels {
		p.linked = linked
		found := media.Found{Place: media.PlaceProperty, Offset: -1, Value: []byte(p.value)}
		if p.name != labelName {
			found.Findings = append(found.Findings, media.Warn(media.CodeIDSpelling, -1, "key", p.name[:min(len(p.name), 80)]))
		}
		all = append(all, hit{found: found, part: part, cut: markup.Splice{From: p.from, To: p.to}, removable: true, property: &p})
	}
	return all
}

// element returns the property anew with a value, keeping its identifier.
func (p *property) element(value []byte) string {
	if n, err := strconv.ParseInt(p.pid, 10, 32); err != nil || n < firstPID {
		p.pid = strconv.FormatInt(max(firstPID, p.set.maxPID+1), 10)
	}
	return p.set.element(p.pid, value)
}

func (s *propertySet) element(pid string, value []byte) string {
	types, declare := s.types, ""
	if types == "" {
		types, declare = "vt", ` xmlns:vt="`+typesSpace(s.strict)+`"`
	}
	tag := markup.Qualify(s.prefix, "property")
	text := types + ":lpwstr"
	return "<" + tag + ` fmtid="` + formatID + `" pid="` + pid + `" name="` + labelName + `"><` + text + declare + ">" +
		markup.Escape(string(value)) + "</" + text + "></" + tag + ">"
}

// insert adds the property to the part that the package points to, and the part when there is none.
func (p *pack) insert(value []byte, splices map[string][]markup.Splice, parts *[]archive.Part) error {
	text, ok, err := p.read(p.custom)
	if err != nil {
		return err
	}
	if !ok {
		*parts = append(*parts, archive.Part{Name: p.custom, Content: p.newProperties(value)})
		return nil
	}
	set, err := properties(text, p.custom)
	if err != nil {
		return err
	}
	if set.maxPID >= math.MaxInt32 {
		return media.NoRoom("custom property pid", 0, math.MaxInt32)
	}
	element := set.element(strconv.FormatInt(max(firstPID, set.maxPID+1), 10), value)
	splices[p.custom] = append(splices[p.custom], markup.Inside(set.root, set.end, element))
	return nil
}

// newProperties returns a custom properties part that holds the label alone.
func (p *pack) newProperties(value []byte) []byte {
	base := transitional + "custom-properties"
	if p.strict {
		base = strict + "customProperties"
	}
	set := &propertySet{types: "vt", strict: p.strict}
	return []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\r\n" +
		`<Properties xmlns="` + base + `" xmlns:vt="` + typesSpace(p.strict) + `">` +
		set.element(strconv.Itoa(firstPID), value) + `</Properties>`)
}
