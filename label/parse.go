package label

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
)

// Codes of findings about a label's text. Arg "field" names the field where there is one.
const (
	CodeWrapped       colophon.Code = "label-wrapped"        // the object stands inside {"AIGC":…} in a place that takes it bare
	CodeUnwrapped     colophon.Code = "label-unwrapped"      // the object stands bare in a place that takes it inside {"AIGC":…}
	CodeDoubleEncoded colophon.Code = "label-double-encoded" // the JSON stands inside a JSON string
	CodeNotJSON       colophon.Code = "label-not-json"       // truncated or malformed; the fields were salvaged
	CodeShell         colophon.Code = "label-empty-shell"    // no field has a value
	CodeFieldMissing  colophon.Code = "field-missing"
	CodeFieldBlank    colophon.Code = "field-blank"
	CodeFieldType     colophon.Code = "field-type"       // the value is not a string
	CodeFieldTwice    colophon.Code = "field-twice"      // the key stands twice
	CodeFieldUnknown  colophon.Code = "field-unknown"    // the key is none of the seven
	CodeFieldSpelling colophon.Code = "field-spelling"   // also "key": a known misspelling of the field
	CodeFieldOrder    colophon.Code = "field-order"      // the fields do not stand in the standard's order
	CodeOldSchema     colophon.Code = "label-old-schema" // ServiceProvider, ServiceUser, Time, ContentId
	CodeHalfPropagate colophon.Code = "propagation-half" // only one of ContentPropagator and PropagateID is filled
	CodeProviderCode  colophon.Code = "provider-code"    // also "rule": looks like a provider code and is not a valid one
)

// maxValue is the longest label text that is parsed, in bytes.
const maxValue = 256 << 10

// parsed is a label's text as it was understood.
type parsed struct {
	fields   Fields
	findings []colophon.Finding
	known    int               // fields of the label that the text names
	unknown  int               // keys of the text that no label has
	wrapped  bool              // stood inside {"AIGC":…}
	raw      map[string]string // raw JSON of values that are no strings
}

// parse understands a label's text as far as it goes. It never fails: what is wrong becomes findings at offset.
func parse(text []byte, offset int64) parsed {
	p := parsed{raw: map[string]string{}}
	text = bytes.TrimSpace(bytes.TrimRight(text, "\x00"))
	if len(text) > maxValue {
		text = text[:maxValue]
	}
	if rest, ok := bytes.CutPrefix(text, []byte("AIGC")); ok { // the bare form AIGC{…}
		text = bytes.TrimLeft(rest, ":= \x00")
	}
	if p.plain(text) {
		p.judge(nil, nil, offset)
		return p
	}
	seen, order := p.object(text, offset, 0)
	p.judge(seen, order, offset)
	return p
}

// plain takes the form that is written, seven strings in order without white space, which most labels have. It reports
// false, having taken nothing, for any other.
func (p *parsed) plain(text []byte) bool {
	var fields Fields
	values := fields.pointers()
	open := byte('{')
	for i, name := range fieldNames() {
		rest, ok := bytes.CutPrefix(text, []byte{open, '"'})
		if !ok || !bytes.HasPrefix(rest, []byte(name)) || !bytes.HasPrefix(rest[len(name):], []byte(`":"`)) {
			return false
		}
		rest = rest[len(name)+3:]
		end, escaped := 0, false
		for ; end < len(rest) && rest[end] != '"'; end++ {
			if rest[end] < 0x20 || rest[end] > 0x7e {
				return false
			}
			if rest[end] == '\\' {
				if end+1 >= len(rest) || rest[end+1] != '"' {
					return false
				}
				end++
				escaped = true
			}
		}
		if end >= len(rest) {
			return false
		}
		*values[i] = string(rest[:end])
		if escaped {
			*values[i] = strings.ReplaceAll(*values[i], `\"`, `"`)
		}
		text, open = rest[end+1:], ','
	}
	if len(text) != 1 || text[0] != '}' {
		return false
	}
	p.fields, p.known = fields, len(values)
	return true
}

func (p *parsed) add(code colophon.Code, level colophon.Level, clause colophon.Clause, offset int64, args ...string) {
	f := colophon.Finding{Code: code, Level: level, Clause: clause, Offset: offset}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	p.findings = append(p.findings, f)
}

// object reads the JSON object, through wrappers, and returns which fields it has and in what order.
func (p *parsed) object(text []byte, offset int64, depth int) (seen map[string]bool, order []string) {
	seen = map[string]bool{}
	if depth > 3 {
		p.add(CodeNotJSON, colophon.Breach, colophon.ClauseGBE, offset)
		return seen, nil
	}
	if len(text) > 0 && text[0] == '"' { // JSON inside a JSON string
		var inner string
		if json.Unmarshal(text, &inner) == nil {
			p.add(CodeDoubleEncoded, colophon.Breach, colophon.ClauseGBE, offset)
			return p.object([]byte(strings.TrimSpace(inner)), offset, depth+1)
		}
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		p.salvage(text, seen, offset)
		return seen, nil
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			p.salvage(text, seen, offset)
			return seen, order
		}
		key, _ := tok.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			p.salvage(text, seen, offset)
			return seen, order
		}
		if strings.EqualFold(key, "AIGC") && (value[0] == '{' || value[0] == '"') {
			p.wrapped = true
			return p.object(value, offset, depth+1)
		}
		if name := p.field(key, value, seen, offset); name != "" {
			order = append(order, name)
		}
	}
	if _, err := dec.Token(); err != nil {
		p.salvage(text, seen, offset)
	} else if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		p.add(CodeNotJSON, colophon.Breach, colophon.ClauseGBE, offset)
	}
	return seen, order
}

// field takes one key and its value, and returns the standard name of the field, or "".
func (p *parsed) field(key string, value json.RawMessage, seen map[string]bool, offset int64) string {
	name := standardName(key)
	if name == "" {
		if old := oldName(key); old != "" {
			p.old(offset)
			if old == "-" {
				return ""
			}
			name = old
		} else {
			p.unknown++
			p.add(CodeFieldUnknown, colophon.Breach, colophon.ClauseGBE, offset, "field", clip(key))
			return ""
		}
	} else if name != key {
		p.add(CodeFieldSpelling, colophon.Warning, colophon.ClauseGBE, offset, "field", name, "key", clip(key))
	}
	if seen[name] {
		p.add(CodeFieldTwice, colophon.Breach, colophon.ClauseGBE, offset, "field", name)
		return name
	}
	seen[name] = true
	p.known++
	var s string
	if json.Unmarshal(value, &s) != nil || value[0] != '"' {
		p.add(CodeFieldType, colophon.Warning, colophon.ClauseGBE, offset, "field", name)
		s = compact(value)
		p.raw[name] = s
		if s == "null" {
			s = ""
		}
	}
	p.set(name, s)
	return name
}

// foreign reports that the text is an object of somebody else's making under the key AIGC: it has keys, and none of
// them is a label's.
func (p *parsed) foreign() bool {
	return p.known == 0 && p.unknown > 0 && !has(p.findings, CodeNotJSON) && !has(p.findings, CodeOldSchema)
}

// compact returns a JSON value without the white space between its parts. Carried on as a string it would break the rule
// on characters, and the white space means nothing.
func compact(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

func (p *parsed) old(offset int64) {
	if has(p.findings, CodeOldSchema) {
		return
	}
	p.add(CodeOldSchema, colophon.Breach, colophon.ClauseGBE, offset)
}

func (p *parsed) set(name, value string) {
	values := p.fields.pointers()
	for i, n := range fieldNames() {
		if n == name {
			*values[i] = value
		}
	}
}

// salvage picks the fields out of text that is not JSON.
func (p *parsed) salvage(text []byte, seen map[string]bool, offset int64) {
	p.add(CodeNotJSON, colophon.Breach, colophon.ClauseGBE, offset)
	for _, name := range fieldNames() {
		at := bytes.Index(text, []byte(`"`+name+`"`))
		if at < 0 || seen[name] {
			continue
		}
		seen[name] = true
		p.known++
		rest := bytes.TrimLeft(text[at+len(name)+2:], ": \t")
		if len(rest) == 0 || rest[0] != '"' {
			continue
		}
		for end := 1; end < len(rest); end++ {
			if rest[end] == '\\' {
				end++
			} else if rest[end] == '"' {
				var s string
				if json.Unmarshal(rest[:end+1], &s) == nil {
					p.set(name, s)
				}
				break
			}
		}
	}
}

// judge adds what the standard says about the fields as a whole. A nil seen says that all of them stand there.
func (p *parsed) judge(seen map[string]bool, order []string, offset int64) {
	if p.known == 0 {
		p.add(CodeShell, colophon.Breach, colophon.ClauseGBE, offset)
		return
	}
	empty := true
	values := p.fields.pointers()
	for i, name := range fieldNames() {
		value := *values[i]
		empty = empty && value == ""
		level := colophon.Warning
		if i < 3 && !(p.fields.mayBeEmpty(name) && p.fields.Label != "") {
			level = colophon.Breach
		}
		switch {
		case seen != nil && !seen[name]:
			p.add(CodeFieldMissing, level, colophon.ClauseGBE, offset, "field", name)
		case value == "" && name != "ReservedCode1" && name != "ReservedCode2":
			p.add(CodeFieldBlank, level, colophon.ClauseGBE, offset, "field", name)
		case badByte(value) >= 0 && p.raw[name] == "":
			p.add(CodeFieldCharset, colophon.Breach, colophon.ClauseGBE, offset, "field", name,
				"position", itoa(badByte(value)+1), "byte", hexByte(value[badByte(value)]))
		}
	}
	if empty {
		p.add(CodeShell, colophon.Breach, colophon.ClauseGBE, offset)
		return
	}
	if l := p.fields.Label; l != "" && l != Belongs && l != Possible && l != Suspected {
		p.add(CodeLabelValue, colophon.Breach, colophon.ClauseGBE, offset, "field", "Label", "value", clip(l))
	}
	if (p.fields.ContentPropagator == "") != (p.fields.PropagateID == "") {
		p.add(CodeHalfPropagate, colophon.Warning, colophon.ClauseLM6, offset)
	}
	if !ordered(order) {
		p.add(CodeFieldOrder, colophon.Warning, colophon.ClauseGBE, offset)
	}
	p.provider("ContentProducer", p.fields.ContentProducer, offset)
	if p.fields.ContentPropagator != p.fields.ContentProducer {
		p.provider("ContentPropagator", p.fields.ContentPropagator, offset)
	}
}

// provider looks at a provider that seems to be meant as a code. A name is legal and is not judged.
func (p *parsed) provider(field, value string, offset int64) {
	if len(value) != 27 && !strings.HasPrefix(value, "0011") {
		return
	}
	if _, err := ParseCode(value); err != nil {
		rule := err.Error()
		var e *colophon.Error
		if errors.As(err, &e) {
			rule = string(e.Code)
		}
		p.add(CodeProviderCode, colophon.Warning, colophon.ClausePGCode, offset, "field", field, "rule", rule)
	}
}

func ordered(names []string) bool {
	rank := map[string]int{}
	for i, n := range fieldNames() {
		rank[n] = i
	}
	for i := 1; i < len(names); i++ {
		if rank[names[i]] < rank[names[i-1]] {
			return false
		}
	}
	return true
}

// standardName maps a key, or a misspelling met in the field, to the field's name.
func standardName(key string) string {
	for _, name := range fieldNames() {
		if strings.EqualFold(key, name) {
			return name
		}
	}
	switch strings.ToLower(key) {
	case "reservecode1":
		return "ReservedCode1"
	case "reservecode2":
		return "ReservedCode2"
	case "propagator":
		return "ContentPropagator"
	case "propatorid", "propagatorid":
		return "PropagateID"
	case "producer":
		return "ContentProducer"
	case "producerid", "contentid":
		if key == "ContentId" { // the older schema's own key
			return ""
		}
		return "ProduceID"
	}
	return ""
}

// oldName maps a key of the schema that Tencent Cloud wrote before the standard; "-" stands for one without a field.
func oldName(key string) string {
	switch key {
	case "ServiceProvider":
		return "ContentProducer"
	case "ContentId":
		return "ProduceID"
	case "ServiceUser", "Time":
		return "-"
	}
	return ""
}
