package markdown

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxNodes = 1000 // nodes of a label, aliases expanded
	maxDepth = 16
)

var errTooMuch = errors.New("label has too many values")

// found tells a label's value as JSON. lines is the text of its key and value.
func (p *part) found(body []byte, key string, value *yaml.Node, starts []int, lines []byte) media.Found {
	f := media.Found{Place: media.PlaceFrontMatter}
	if value.Kind != yaml.MappingNode || value.Style&yaml.FlowStyle != 0 {
		f.Place, f.Findings = media.PlaceInline, other()
	}
	if key != label {
		f.Findings = append(f.Findings, media.Warn(media.CodeIDSpelling, -1, "key", key))
	}
	if value.Kind == yaml.ScalarNode {
		f.Value = []byte(strings.TrimSpace(value.Value))
		return f
	}
	// Inline JSON is handed over as it stands.
	_, raw, _ := bytes.Cut(lines, []byte(":"))
	if raw = bytes.TrimSpace(raw); json.Valid(raw) {
		f.Value = bytes.Clone(raw)
		return f
	}
	w := &writer{body: body, starts: starts}
	if err := w.node(value, 0); err != nil {
		f.Value = bytes.Clone(raw)
		return f
	}
	f.Value = w.b.Bytes()
	return f
}

// other is the finding on a label that is not a mapping in lines.
func other() []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, -1, "place", string(media.PlaceInline), "standard", string(media.PlaceFrontMatter)),
	}
}

// writer writes YAML as JSON in the order found. Scalars become strings whatever YAML takes them for, since a number or
// date without quotes was meant as text.
type writer struct {
	b      bytes.Buffer
	body   []byte
	starts []int
	nodes  int
}

func (w *writer) node(n *yaml.Node, depth int) error {
	if w.nodes++; w.nodes > maxNodes || depth > maxDepth {
		return errTooMuch
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.node(n.Alias, depth+1)
	case yaml.ScalarNode:
		return w.scalar(n)
	case yaml.SequenceNode:
		return w.list(n, "[", "]", depth)
	default:
		return w.list(n, "{", "}", depth)
	}
}

func (w *writer) list(n *yaml.Node, begin, end string, depth int) error {
	w.b.WriteString(begin)
	for i, c := range n.Content {
		switch {
		case i == 0:
		case n.Kind == yaml.MappingNode && i%2 == 1:
			w.b.WriteByte(':')
		default:
			w.b.WriteByte(',')
		}
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Kind != yaml.ScalarNode {
			return errors.New("key is no scalar")
		}
		if err := w.node(c, depth+1); err != nil {
			return err
		}
	}
	w.b.WriteString(end)
	return nil
}

func (w *writer) scalar(n *yaml.Node) error {
	value := n.Value
	if n.Tag == "!!null" && n.Style == 0 {
		value = ""
	}
	if raw := w.quoted(n); raw != nil {
		w.b.Write(raw)
		return nil
	}
	enc := json.NewEncoder(&w.b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return err
	}
	w.b.Truncate(w.b.Len() - 1) // the newline that Encode adds
	return nil
}

// quoted returns a double-quoted scalar as it stands, when it is a JSON string too.
func (w *writer) quoted(n *yaml.Node) []byte {
	if n.Style != yaml.DoubleQuotedStyle || n.Line < 1 || n.Line > len(w.starts) || n.Column < 1 {
		return nil
	}
	at := w.starts[n.Line-1] + n.Column - 1
	if at >= len(w.body) || w.body[at] != '"' {
		return nil
	}
	for i := at + 1; i < len(w.body) && w.body[i] != '\n'; i++ {
		switch w.body[i] {
		case '\\':
			i++
		case '"':
			raw := w.body[at : i+1]
			var s string
			if json.Unmarshal(raw, &s) != nil || s != n.Value {
				return nil
			}
			return raw
		}
	}
	return nil
}

// emit returns the label's lines. A JSON string is a double-quoted YAML scalar as it stands.
func emit(value []byte, nl string) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(value))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return "", media.Malformed("label", 0, "value is no JSON object")
	}
	var b strings.Builder
	b.WriteString(label + ":" + nl)
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		var raw json.RawMessage
		if err != nil || !ok || dec.Decode(&raw) != nil {
			return "", media.Malformed("label", dec.InputOffset(), "value is no JSON object")
		}
		if raw[0] != '"' || !plain(name) {
			return "", media.Unsupported("label", dec.InputOffset(), "a YAML label holds named strings only")
		}
		b.WriteString("  " + name + ": " + string(raw) + nl)
	}
	if _, err := dec.Token(); err != nil {
		return "", media.Malformed("label", dec.InputOffset(), "value is no JSON object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return "", media.Malformed("label", dec.InputOffset(), "text follows the JSON object")
	}
	return b.String(), nil
}

// plain reports whether a name is a YAML key without quotes, and never anything but text.
func plain(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(name) > 2 && !strings.EqualFold(name, "null") && !strings.EqualFold(name, "true") && !strings.EqualFold(name, "false")
}

// sameKeys reports whether two mappings hold the same keys and values in the same order, labels apart.
func sameKeys(a, b *yaml.Node) bool {
	if b == nil {
		return false
	}
	x, y := withoutLabels(a), withoutLabels(b)
	budget := 1 << 20
	return sameNodes(x, y, &budget, 0)
}

func withoutLabels(n *yaml.Node) []*yaml.Node {
	var list []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind != yaml.ScalarNode || !strings.EqualFold(n.Content[i].Value, label) {
			list = append(list, n.Content[i], n.Content[i+1])
		}
	}
	return list
}

// sameNodes compares nodes without following aliases, whose targets are compared where they stand.
func sameNodes(a, b []*yaml.Node, budget *int, depth int) bool {
	if len(a) != len(b) || depth > 1000 {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if *budget--; *budget < 0 {
			return false
		}
		if x.Kind != y.Kind || x.Tag != y.Tag || x.Value != y.Value || x.Anchor != y.Anchor || x.Style != y.Style {
			return false
		}
		if !sameNodes(x.Content, y.Content, budget, depth+1) {
			return false
		}
	}
	return true
}
