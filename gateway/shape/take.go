package shape

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// longest is the longest word of an interface, number of something or name of a model, in bytes.
const longest = 256

// embedded is how long media in the middle of a text may be before the text is refused, in bytes of base64.
const embedded = 1024

// roles are those that may speak in a request. A model reads the name of any other as it reads a text.
var roles = map[string]bool{"system": true, "developer": true, "user": true, "assistant": true, "tool": true, "function": true}

// word takes a string.
func (w *walker) word(n *node, f *frame, v string, start int, broken bool) error {
	if broken && !w.answer {
		w.pos = start
		return w.bad()
	}
	if n.capture != noCapture {
		if err := w.note(n.capture, f, '"', v); err != nil {
			return err
		}
	}
	s := slot{node: n, class: n.class, start: start, end: w.pos, value: v, set: broken}
	switch n.class {
	case isToken:
		if tokenLike(v) && (w.answer || n.capture != capRole || roles[v]) {
			return nil
		}
		s.class = isText
	case isOpaque:
		if opaqueLike(v) {
			return nil
		}
		s.class = isText
	case isNull, isEmpty:
		w.without(n.class, len(w.slots), start)
		return nil
	case isDrop:
		w.facts.drop = true
		return nil
	case isRefused, isPieces, isCoded:
		if v == "" {
			return nil
		}
		return w.wrong(map[class]colophon.Code{isRefused: CodeReference, isPieces: CodePieces, isCoded: CodeTokens}[n.class])
	}
	if s.class == isText {
		return w.prose(s)
	}
	if v == "" {
		return nil
	}
	if s.class == isPair {
		s.class, s.from, s.to = isBase64, w.keyAt, w.pos
		if w.steps[len(w.steps)-1].name == "url" {
			s.class = isURI
		}
	}
	if s.class != isData {
		if err := w.decode(&s); err != nil {
			return err
		}
	}
	w.add(s)
	return nil
}

// prose takes a text. One that is a data URI as a whole is a medium, but for those places of a request where a model reads it
// as the text that it is.
func (w *walker) prose(s slot) error {
	if !s.node.delta && (w.answer || s.node.rest == s.node) {
		if typ, data, ok := dataURI(s.value); ok {
			s.class, s.mime, s.data = isURI, typ, data
			w.add(s)
			return nil
		}
	}
	if w.answer && len(s.value) > embedded {
		if at := strings.Index(s.value, ";base64,"); at >= 0 && len(s.value)-at > embedded {
			return w.wrong(CodePieces)
		}
	}
	if s.node.json && !w.event {
		s.value = spoken(s.value)
	}
	if w.open >= 0 && s.node.delta {
		s.name = string(w.unknown(nil))
	}
	w.add(s)
	return nil
}

// unknown appends the steps that the table does not know.
func (w *walker) unknown(dst []byte) []byte {
	for _, s := range w.steps[w.open:] {
		dst = append(dst, 0)
		if s.at >= 0 {
			dst = strconv.AppendInt(dst, int64(s.at), 10)
		} else {
			dst = append(append(dst, '.'), s.name...)
		}
	}
	return dst
}

// add adds a slot.
func (w *walker) add(s slot) {
	s.kind, s.role, s.at = s.node.kind, s.node.role, [2]int{-1, -1}
	copy(s.at[:], w.lists)
	s.pathFrom = len(w.arena)
	w.arena = w.path(w.arena, true)
	s.pathTo = len(w.arena)
	w.slots = append(w.slots, s)
}

// decode reads what a medium's string says.
func (w *walker) decode(s *slot) error {
	uri := strings.HasPrefix(s.value, "data:")
	switch {
	case uri && s.class != isBase64:
		typ, data, ok := dataURI(s.value)
		if !ok {
			return w.wrong(CodeMedia)
		}
		s.mime, s.data = typ, data
	case s.class == isURI:
		if !strings.HasPrefix(s.value, "https://") && !strings.HasPrefix(s.value, "http://") {
			return w.wrong(CodeMedia)
		}
	default:
		data, ok := decode64(s.value)
		if !ok {
			return w.wrong(CodeMedia)
		}
		s.data = data
	}
	return nil
}

// dataURI reads a data URI (RFC 2397) with base64.
func dataURI(v string) (typ string, data []byte, ok bool) {
	rest, ok := strings.CutPrefix(v, "data:")
	if !ok {
		return "", nil, false
	}
	head, body, ok := strings.Cut(rest, ",")
	head, coded := strings.CutSuffix(head, ";base64")
	if !ok || !coded || len(head) > longest {
		return "", nil, false
	}
	typ, _, _ = strings.Cut(head, ";")
	data, ok = decode64(body)
	return strings.ToLower(typ), data, ok
}

func decode64(v string) ([]byte, bool) {
	if strings.ContainsAny(v, "\r\n") {
		return nil, false // of which the decoder would say nothing
	}
	coding := base64.StdEncoding
	if len(v)%4 != 0 {
		coding = base64.RawStdEncoding
	}
	data, err := coding.DecodeString(v)
	return data, err == nil
}

// tokenLike reports whether a string looks like a word of an interface or a number of something.
func tokenLike(v string) bool { return len(v) <= longest && printable(v) }

// opaqueLike reports whether a string looks like sealed bytes: base64 of either alphabet.
func opaqueLike(v string) bool {
	for i := range len(v) {
		switch c := v[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
		case c == '+' || c == '/' || c == '=' || c == '-' || c == '_' || c == '.':
		default:
			return false
		}
	}
	return true
}

func printable(v string) bool {
	for i := range len(v) {
		if v[i] <= ' ' || v[i] > '~' {
			return false
		}
	}
	return true
}

// note remembers what a value says beside its text. The value of a string is decoded, all others are as they stand; the first byte tells
// which it is.
func (w *walker) note(c capture, f *frame, first byte, v string) error {
	switch c {
	case capError:
		w.facts.failed = true
		return nil
	case capMachine:
		w.facts.machine = w.facts.machine || v != "text"
		return nil
	case capHead:
		if name := w.steps[len(w.steps)-1].name; w.facts.head != nil && w.facts.head[name] == "" {
			if first == '"' {
				v = quoted(v)
			}
			w.facts.head[name] = v
		}
		return nil
	case capStream:
		if first != 't' && first != 'f' {
			return w.wrong(CodeField)
		}
		w.facts.stream = first == 't'
		return nil
	case capQuestions:
		return nil
	}
	if first != '"' {
		return w.noteNumber(c, f, first, v)
	}
	switch c {
	case capModel:
		w.facts.model = v
	case capUser:
		if w.facts.user == "" {
			w.facts.user = v
		}
	case capItem:
		w.facts.item = v
	case capFinish:
		if v != "" {
			w.facts.finish = append(w.facts.finish, finish{0, v})
		}
	case capRole, capType, capMime, capFormat:
		if f != nil && tokenLike(v) {
			f.say(c, v)
		}
	default:
		return w.wrong(CodeField)
	}
	return nil
}

func (w *walker) noteNumber(c capture, f *frame, first byte, v string) error {
	switch c {
	case capItem, capFinish, capRole, capType, capMime, capFormat:
		return nil // it is what the table does not know
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return w.wrong(CodeField)
	}
	i := int(n)
	switch c {
	case capCount:
		w.facts.count = i
	case capBest:
		w.facts.best = i
	case capIndex:
		if f != nil {
			f.index = i
		}
	case capIn:
		w.facts.in, w.facts.usage = n, true
	case capOut:
		w.facts.out, w.facts.usage = n, true
	case capOutputIndex:
		w.facts.output = i
	case capContentIndex:
		w.facts.content = i
	case capSequence:
		w.facts.sequence, w.facts.sequenceAt = i, edit{start: w.pos - len(v), end: w.pos}
	default:
		return w.wrong(CodeField)
	}
	return nil
}

func (f *frame) say(c capture, v string) {
	switch c {
	case capRole:
		f.role = v
	case capType:
		f.typ = v
	case capMime:
		f.mime = v
	case capFormat:
		f.format = v
	}
}
