package media

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/gateway/shape"
)

// Kinds of nodes.
const (
	isObject byte = iota + 1
	isList
	isText
	isOther // a number, true, false, null: as it is written
)

// node is a value of JSON. What goes on is written anew from it, so that nobody reads it otherwise than it was judged.
type node struct {
	kind  byte
	text  string   // of a text, or of what is neither text nor holds anything
	names []string // of an object's members
	kids  []*node
}

var (
	errTwice = errors.New("a member stands twice")
	errDeep  = errors.New("it is nested too deep")
	errText  = errors.New("it is not UTF-8")
	errMore  = errors.New("something follows it")
)

// parse reads one value.
func parse(body []byte) (*node, error) {
	if !utf8.Valid(body) {
		return nil, errText
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	n, err := parseNode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errMore
	}
	return n, nil
}

func parseNode(d *json.Decoder, depth int) (*node, error) {
	if depth > shape.MaxDepth {
		return nil, errDeep
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case string:
		return &node{kind: isText, text: t}, nil
	case json.Number:
		return &node{kind: isOther, text: t.String()}, nil
	case bool:
		return &node{kind: isOther, text: map[bool]string{true: "true", false: "false"}[t]}, nil
	case json.Delim:
		return parseInner(d, depth, t == '{')
	}
	return &node{kind: isOther, text: "null"}, nil
}

// parseInner reads what an object or a list holds, and its end.
func parseInner(d *json.Decoder, depth int, object bool) (*node, error) {
	n := &node{kind: isList}
	seen := map[string]bool{}
	if object {
		n.kind = isObject
	}
	for d.More() {
		if object {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			text, _ := name.(string)
			if seen[text] {
				return nil, errTwice
			}
			seen[text] = true
			n.names = append(n.names, text)
		}
		kid, err := parseNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	_, err := d.Token()
	return n, err
}

// write appends the value as JSON.
func (n *node) write(dst []byte) []byte {
	switch n.kind {
	case isText:
		return quote(dst, n.text)
	case isOther:
		return append(dst, n.text...)
	}
	open, end := byte('['), byte(']')
	if n.kind == isObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, kid := range n.kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		if n.kind == isObject {
			dst = append(quote(dst, n.names[i]), ':')
		}
		dst = kid.write(dst)
	}
	return append(dst, end)
}

func quote(dst []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // no text fails
		return append(dst, `""`...)
	}
	return append(dst, text...)
}

// set sets a member of an object to a value that is written already.
func (n *node) set(name string, value []byte) {
	v := &node{kind: isOther, text: string(value)}
	if i := slices.Index(n.names, name); i >= 0 {
		n.kids[i] = v
		return
	}
	n.names, n.kids = append(n.names, name), append(n.kids, v)
}

// member is the text of a member; a number as it is written.
func (n *node) member(name string) string {
	if i := slices.Index(n.names, name); n.kind == isObject && i >= 0 {
		return n.kids[i].text
	}
	return ""
}

// texts calls fn with every text, and with names of members that say more than a word does.
func (n *node) texts(fn func(*node)) {
	if n.kind == isText {
		fn(n)
	}
	for i, kid := range n.kids {
		if n.kind == isObject && !plainName(n.names[i]) {
			fn(&node{kind: isText, text: n.names[i]})
		}
		kid.texts(fn)
	}
}

func plainName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-.:", r) {
			return false
		}
	}
	return len(s) <= 64
}

// pointer is a place in JSON (RFC 6901), in which * stands for any member.
type pointer []string

func parsePointer(s string) (pointer, bool) {
	if s == "" {
		return nil, true
	}
	rest, ok := strings.CutPrefix(s, "/")
	if !ok {
		return nil, false
	}
	p := pointer(strings.Split(rest, "/"))
	for i := range p {
		p[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p[i])
	}
	return p, true
}

// find returns what stands at a place.
func (n *node) find(p pointer) []*node {
	if len(p) == 0 {
		return []*node{n}
	}
	var list []*node
	for i, kid := range n.kids {
		name := ""
		if n.kind == isObject {
			name = n.names[i]
		}
		if p[0] == "*" || n.kind == isObject && name == p[0] || n.kind == isList && index(p[0]) == i {
			list = append(list, kid.find(p[1:])...)
		}
	}
	return list
}

// index reads a place in a list; -1 for none.
func index(s string) int {
	i := 0
	for _, r := range s {
		if r < '0' || r > '9' || i > 1<<20 {
			return -1
		}
		i = i*10 + int(r-'0')
	}
	if s == "" {
		return -1
	}
	return i
}
