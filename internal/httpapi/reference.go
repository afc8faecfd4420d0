package httpapi

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const referenceStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1c1c1c;background:#fff}
h1,h2{line-height:1.2}h2{border-bottom:2px solid #1c1c1c;margin-top:2.5rem}h3{font:600 1rem ui-monospace,monospace;margin:2rem 0 0}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}a{color:#00458b}p{margin:.5rem 0}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}h2{border-color:#eee}td,th{border-color:#555}a{color:#8cc4ff}}`

// referencePolicy lets the page have its style and nothing else: no script, and nothing from elsewhere.
func referencePolicy() string {
	sum := sha256.Sum256([]byte(referenceStyle))
	return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" + base64Of(sum[:]) + "'"
}

// reference writes the description of the API as a page that needs no program in the browser.
type reference struct{ strings.Builder }

// text writes words, with what they hold made harmless.
func (p *reference) text(form string, words ...string) {
	safe := make([]any, len(words))
	for i, w := range words {
		safe[i] = html.EscapeString(w)
	}
	fmt.Fprintf(p, form, safe...)
}

// prose writes a paragraph whose code stands between back quotes.
func (p *reference) prose(paragraph string) {
	for i, part := range strings.Split(paragraph, "`") {
		if i%2 == 1 {
			p.text("<code>%s</code>", part)
		} else {
			p.text("%s", part)
		}
	}
	p.WriteString("\n")
}

func page(doc *huma.OpenAPI) []byte {
	p := &reference{}
	p.WriteString("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Colophon API</title><style>" + referenceStyle + "</style>\n")
	p.text("<h1>%s API %s</h1>\n", doc.Info.Title, doc.Info.Version)
	for paragraph := range strings.SplitSeq(doc.Info.Description, "\n") {
		p.WriteString("<p>")
		p.prose(paragraph)
	}
	p.WriteString("<p>For programs: <a href=\"/openapi.json\">openapi.json</a>, <a href=\"/openapi.yaml\">openapi.yaml</a>\n")
	for _, tag := range doc.Tags {
		p.text("<h2 id=\"%s\">%s</h2><p>%s\n", tag.Name, tag.Name, tag.Description)
		for _, rt := range routes() {
			if op := find(doc, rt); op != nil && rt.tag == tag.Name {
				p.operation(rt, op)
			}
		}
	}
	p.WriteString("<h2>Schemas</h2>\n")
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		p.text("<h3 id=\"schema-%s\">%s</h3>\n", name, name)
		p.fields(schemas[name])
	}
	return []byte(p.String())
}

func find(doc *huma.OpenAPI, rt route) *huma.Operation {
	item := doc.Paths[rt.template()]
	switch {
	case item == nil:
		return nil
	case rt.method == get:
		return item.Get
	case rt.method == post:
		return item.Post
	}
	return item.Delete
}

func (p *reference) operation(rt route, op *huma.Operation) {
	p.text("<h3 id=\"%s\">%s %s</h3><p>%s. ", op.OperationID, rt.method, rt.path, op.Summary)
	p.prose(op.Description)
	if len(op.Parameters) > 0 {
		p.WriteString("<table><tr><th>Parameter<th>In<th>Meaning\n")
		for _, param := range op.Parameters {
			name := param.Name
			if param.Required {
				name += " *"
			}
			p.text("<tr><td><code>%s</code><td>%s<td>", name, param.In)
			p.meaning(param.Schema)
		}
		p.WriteString("</table>\n")
	}
	if op.RequestBody != nil {
		p.WriteString("<p>Body:")
		p.content(op.RequestBody.Content)
	}
	p.WriteString("<p>Answers:")
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		p.text(" <b>%s</b> %s", status, op.Responses[status].Description)
		if status < "4" {
			p.content(op.Responses[status].Content)
		}
		p.WriteString(";")
	}
	p.WriteString("\n")
}

func (p *reference) content(types map[string]*huma.MediaType) {
	for _, kind := range slices.Sorted(maps.Keys(types)) {
		p.text(" <code>%s</code> ", kind)
		p.kind(types[kind].Schema)
	}
}

// fields writes what the fields of an object mean.
func (p *reference) fields(s *huma.Schema) {
	p.WriteString("<table><tr><th>Field<th>Type<th>Meaning\n")
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		shown := name
		if slices.Contains(s.Required, name) {
			shown += " *"
		}
		p.text("<tr><td><code>%s</code><td>", shown)
		p.kind(s.Properties[name])
		p.WriteString("<td>")
		p.meaning(s.Properties[name])
	}
	p.WriteString("</table>\n")
}

// kind writes the type of a value, with a link where it has a name.
func (p *reference) kind(s *huma.Schema) {
	switch {
	case s == nil:
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		p.text("<a href=\"#schema-%s\">%s</a>", name, name)
	case s.Items != nil:
		p.WriteString("list of ")
		p.kind(s.Items)
	case s.Format != "":
		p.text("%s", s.Format)
	default:
		p.text("%s", s.Type)
	}
}

func (p *reference) meaning(s *huma.Schema) {
	if s == nil {
		return
	}
	p.text("%s", s.Description)
	list := func(before string, values []any) {
		for i, v := range values {
			if i > 0 {
				before = ","
			}
			text, err := json.Marshal(v)
			if err != nil {
				continue
			}
			p.text("%s <code>%s</code>", before, string(text))
		}
	}
	list(" One of", s.Enum)
	list(" Example:", s.Examples)
	p.WriteString("\n")
}
