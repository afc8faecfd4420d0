package glb

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// maxDepth is how deep objects and arrays may nest.
const maxDepth = 128

// where says in what part of the scene a value stands.
type where int

const (
	elsewhere where = iota
	root
	asset
	assetExtras
	extensions // of the root
	packets    // KHR_xmp_json_ld
	extras     // of anything but asset
)

// member is a value that holds a label, in byte ranges of the JSON.
type member struct {
	key        int // where the member's name begins; -1 for an element of an array
	start, end int // the value
	name       string
	path       string
	place      media.Place
	standard   bool // it is asset.extras.AIGC, exact
}

// object is where an object stands and where a member can be added to it.
type object struct {
	present, plain bool
	start, end     int
	last           int // behind the last member; 0 in an empty object
}

// tree is what a walk over the JSON found.
type tree struct {
	labels        []member
	asset, extras object
}

// walker walks JSON once without building it.
type walker struct {
	b    []byte
	path [][]byte
	tree tree
}

// parse walks the JSON. With an error it returns what was found before the damage.
func parse(b []byte) (*tree, error) {
	w := &walker{b: b}
	at := w.space(0)
	if at >= len(b) || b[at] != '{' {
		return &w.tree, w.fail(at, "the root is not an object")
	}
	end, err := w.value(at, root, 0)
	if err == nil && w.space(end) != len(b) {
		err = w.fail(end, "text behind the root object")
	}
	return &w.tree, err
}

func (w *walker) fail(at int, rule string) error {
	return media.Malformed("glTF JSON", int64(jsonAt+at), rule)
}

func (w *walker) space(at int) int {
	for at < len(w.b) && (w.b[at] == ' ' || w.b[at] == '\n' || w.b[at] == '\r' || w.b[at] == '\t') {
		at++
	}
	return at
}

// value steps over the value at at and returns where it ends.
func (w *walker) value(at int, in where, depth int) (int, error) {
	if depth > maxDepth {
		return at, media.TooDeep("glTF JSON", int64(jsonAt+at), maxDepth)
	}
	if at >= len(w.b) {
		return at, w.fail(at, "value is missing")
	}
	switch c := w.b[at]; {
	case c == '{':
		return w.object(at, in, depth)
	case c == '[':
		return w.array(at, in, depth)
	case c == '"':
		return w.text(at)
	default:
		end := at
		for end < len(w.b) && (w.b[end] >= '0' && w.b[end] <= '9' || w.b[end] >= 'a' && w.b[end] <= 'z' ||
			w.b[end] == '-' || w.b[end] == '+' || w.b[end] == '.' || w.b[end] == 'E') {
			end++
		}
		if end == at || !json.Valid(w.b[at:end]) {
			return at, w.fail(at, "not a JSON value")
		}
		return end, nil
	}
}

// text steps over a string.
func (w *walker) text(at int) (int, error) {
	for i := at + 1; i < len(w.b); i++ {
		switch c := w.b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			i++
		case c < 0x20:
			return at, w.fail(i, "control character in a string")
		}
	}
	return at, w.fail(at, "string is not closed")
}

func (w *walker) array(at int, in where, depth int) (int, error) {
	switch in {
	case packets, extras:
	case assetExtras: // the exact place is a member of an object
		in = extras
	default:
		in = elsewhere
	}
	at = w.space(at + 1)
	if at < len(w.b) && w.b[at] == ']' {
		return at + 1, nil
	}
	for {
		end, err := w.value(at, in, depth+1)
		if err != nil {
			return at, err
		}
		if err := w.free(-1, at, end); err != nil {
			return at, err
		}
		at = w.space(end)
		if at < len(w.b) && w.b[at] == ']' {
			return at + 1, nil
		}
		if at >= len(w.b) || w.b[at] != ',' {
			return at, w.fail(at, "array without comma or end")
		}
		at = w.space(at + 1)
	}
}

func (w *walker) object(start int, in where, depth int) (int, error) {
	o := object{present: true, start: start}
	at := w.space(start + 1)
	for first := true; at >= len(w.b) || w.b[at] != '}'; first = false {
		if !first {
			if at >= len(w.b) || w.b[at] != ',' {
				return at, w.fail(at, "object without comma or end")
			}
			at = w.space(at + 1)
		}
		end, err := w.member(at, in, depth)
		if err != nil {
			return at, err
		}
		o.last = end
		at = w.space(end)
	}
	o.end, o.plain = at+1, true
	switch in {
	case asset:
		w.tree.asset = o
	case assetExtras:
		w.tree.extras = o
	}
	return at + 1, nil
}

// member steps over a name and its value, and keeps it where it holds a label.
func (w *walker) member(key int, in where, depth int) (int, error) {
	if key >= len(w.b) || w.b[key] != '"' {
		return key, w.fail(key, "member without a name")
	}
	end, err := w.text(key)
	if err != nil {
		return key, err
	}
	name := unquote(w.b[key:end])
	at := w.space(end)
	if at >= len(w.b) || w.b[at] != ':' {
		return key, w.fail(at, "name without a colon")
	}
	at = w.space(at + 1)
	inner, err := w.enter(in, name, at)
	if err != nil {
		return key, err
	}
	w.path = append(w.path, w.b[key+1:end-1])
	defer func() { w.path = w.path[:len(w.path)-1] }()
	before := len(w.tree.labels)
	if end, err = w.value(at, inner, depth+1); err != nil {
		return key, err
	}
	if !w.named(in, name, at, end) {
		return end, w.free(key, at, end)
	}
	// What stands inside a label is part of it.
	w.tree.labels = w.tree.labels[:before]
	m := member{key: key, start: at, end: end, name: name, path: string(bytes.Join(w.path, []byte("."))), place: media.PlaceExtras}
	if in == packets {
		m.place = media.PlaceXMP
	}
	m.standard = in == assetExtras && name == "AIGC"
	return end, w.keep(m)
}

// enter says in what part of the scene the value of a member stands.
func (w *walker) enter(in where, name string, at int) (where, error) {
	switch {
	case in == root && name == "asset":
		if w.tree.asset.present {
			return in, w.fail(at, "two members named asset")
		}
		w.tree.asset.present = true
		return asset, nil
	case in == asset && name == "extras":
		if w.tree.extras.present {
			return in, w.fail(at, "two members named extras in asset")
		}
		w.tree.extras.present = true
		return assetExtras, nil
	case in == root && name == "extensions":
		return extensions, nil
	case in == extensions && name == "KHR_xmp_json_ld":
		return packets, nil
	case in == packets:
		return in, nil
	case in == extras, in == assetExtras, name == "extras":
		return extras, nil
	}
	return elsewhere, nil
}

// named reports whether a member is a label by its name. Outside of the places that are an application's own, it must
// look like one besides.
func (w *walker) named(in where, name string, start, end int) bool {
	if i := strings.LastIndexAny(name, ":/"); i >= 0 {
		name = name[i+1:]
	}
	if !strings.EqualFold(name, "AIGC") {
		return false
	}
	if in == packets || in == extras || in == assetExtras {
		return true
	}
	return media.Candidate(asText(w.b[start:end]))
}

// free keeps a string that holds a label under another name.
func (w *walker) free(key, start, end int) error {
	b := w.b[start:end]
	if b[0] != '"' || bytes.IndexByte(b, '{') < 0 {
		return nil
	}
	if !media.Candidate(asText(b)) {
		return nil
	}
	return w.keep(member{key: key, start: start, end: end, place: media.PlaceDescription})
}

func (w *walker) keep(m member) error {
	if len(w.tree.labels) == maxLabels {
		return media.TooMany("glTF member AIGC", int64(jsonAt+m.start), maxLabels)
	}
	w.tree.labels = append(w.tree.labels, m)
	return nil
}

// asText returns the text of a string, and the JSON of anything else.
func asText(b []byte) []byte {
	if len(b) > 0 && b[0] == '"' {
		return []byte(unquote(b))
	}
	return b
}

// unquote returns the text of a JSON string. An escape that is none is left as it stands.
func unquote(b []byte) string {
	inner := b[1 : len(b)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return string(inner)
	}
	return s
}
