package wire

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/policy"
)

// Words of the guardrail API.
const (
	GuardrailInput  = "request"  // input_type: what goes to the model
	GuardrailOutput = "response" // what comes from it

	GuardrailNone       = "NONE"                 // passes unchanged
	GuardrailBlocked    = "BLOCKED"              // does not pass
	GuardrailIntervened = "GUARDRAIL_INTERVENED" // passes with the texts of the answer in place of its own
)

// GuardrailRequest is the request of LiteLLM's generic guardrail API, POST /beta/litellm_basic_guardrail_api, as LiteLLM's
// documentation and its class GenericGuardrailAPIRequest have it in autumn 2026. What else stands there is not read: it is
// about the caller's keys and headers.
type GuardrailRequest struct {
	InputType  string             `json:"input_type"`
	CallID     string             `json:"litellm_call_id,omitempty"`
	TraceID    string             `json:"litellm_trace_id,omitempty"`
	Model      string             `json:"model,omitempty"`
	Texts      []string           `json:"texts"`
	Images     []string           `json:"images,omitempty"` // data URLs, base64 or addresses
	Tools      []any              `json:"tools,omitempty"`
	ToolCalls  []any              `json:"tool_calls,omitempty"`
	Messages   []GuardrailMessage `json:"structured_messages,omitempty"`
	Data       struct{}           `json:"request_data"`
	Parameters struct{}           `json:"additional_provider_specific_params"`
}

// GuardrailMessage is a message in OpenAI's shape.
type GuardrailMessage struct {
	Role   string         `json:"role"` // empty for what can be none
	Fields map[string]any `json:"-"`    // all of them: texts stand in more than content
}

// UnmarshalJSON keeps every field.
func (m *GuardrailMessage) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &m.Fields); err != nil {
		return err
	}
	if role, _ := m.Fields["role"].(string); identifier.MatchString(role) {
		m.Role = role
	}
	return nil
}

// GuardrailAnswer is the answer, by LiteLLM's class GenericGuardrailAPIResponse.
type GuardrailAnswer struct {
	Action   string            `json:"action"`
	Reason   string            `json:"blocked_reason,omitempty"`
	Texts    []string          `json:"texts,omitempty"`
	Images   []string          `json:"images,omitempty"`
	Tools    []json.RawMessage `json:"tools,omitempty"`
	Messages []json.RawMessage `json:"structured_messages,omitempty"`
}

// ParseGuardrail reads a request.
func ParseGuardrail(text []byte) (GuardrailRequest, error) {
	var r GuardrailRequest
	if err := json.Unmarshal(text, &r); err != nil {
		return r, invalid("body")
	}
	if r.InputType != GuardrailInput && r.InputType != GuardrailOutput {
		return r, invalid("input_type")
	}
	for _, m := range r.Messages {
		if deep(m.Fields, MaxDepth) {
			return r, invalid("structured_messages")
		}
	}
	if deep(r.Tools, MaxDepth) || deep(r.ToolCalls, MaxDepth) {
		return r, invalid("tools")
	}
	if len(r.Parts()) > MaxParts {
		return r, invalid("texts")
	}
	return r, nil
}

// Surface says from where the content comes.
func (r GuardrailRequest) Surface() screen.Surface {
	if r.InputType == GuardrailOutput {
		return screen.Output
	}
	return screen.Input
}

// Parts returns everything that is to be judged: texts, pictures, tools and calls of them, and what stands in messages and
// not among the texts, such as an older turn.
func (r GuardrailRequest) Parts() []screen.Part {
	var list []screen.Part
	type value struct {
		text string
		file bool // the same text may be the address of one
	}
	seen := map[value]bool{{}: true}
	for i, t := range r.Texts {
		if t != "" {
			list = append(list, screen.Part{Name: place("texts", i), Text: t})
		}
		seen[value{text: t}] = true
	}
	for i, image := range r.Images {
		list = append(list, file(place("images", i), image))
		seen[value{image, true}] = true
	}
	names := map[string]bool{}
	add := func(by string) func(name, key, value string) {
		return func(name, key, text string) {
			p, ok := partOf(name, key, text)
			v := value{text, p.Media != nil}
			if !ok || seen[v] {
				return
			}
			if p.By = by; names[p.Name] {
				p.Name = place(p.Name, len(list))
			}
			seen[v], names[p.Name] = true, true
			list = append(list, p)
		}
	}
	for i, m := range r.Messages {
		walk(place("structured_messages", i), "", m.Fields, add(m.Role))
	}
	for i, call := range r.ToolCalls {
		walk(place("tool_calls", i), "", call, add("tool"))
	}
	for i, tool := range r.Tools {
		walk(place("tools", i), "", tool, add("tool"))
	}
	return list
}

// deep reports whether a JSON value has more levels than allowed.
func deep(v any, most int) bool {
	switch v := v.(type) {
	case []any:
		return most == 0 || slices.ContainsFunc(v, func(e any) bool { return deep(e, most-1) })
	case map[string]any:
		return most == 0 || slices.ContainsFunc(slices.Collect(maps.Values(v)), func(e any) bool { return deep(e, most-1) })
	}
	return false
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,31}$`)

// walk visits every string of a JSON value, with the key that it stands under. A key that is no identifier is a text, too,
// and never part of a name: names stand in records.
func walk(name, key string, v any, visit func(name, key, value string)) {
	switch v := v.(type) {
	case string:
		visit(name, key, v)
	case []any:
		for i, e := range v {
			walk(place(name, i), key, e, visit)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			step := place(name, k)
			if !identifier.MatchString(k) {
				step = place(name, "~")
				visit(step, "", k)
			}
			walk(step, k, v[k], visit)
		}
	}
}

// partOf makes a part of a string in a message, by the key that it stands under: a file where OpenAI's shapes have one.
func partOf(name, key, value string) (screen.Part, bool) {
	switch key {
	case "role", "type", "id", "tool_call_id", "format", "detail":
		if identifier.MatchString(value) {
			return screen.Part{}, false
		}
	case "url", "image_url":
		if strings.HasPrefix(value, "data:") || strings.Contains(value, "://") {
			return file(name, value), true
		}
	case "data", "file_data":
		if f := file(name, value); f.Media.Source.Size() > 0 || strings.HasPrefix(value, "data:") {
			return f, true
		}
	}
	return screen.Part{Name: name, Text: value}, true
}

// Answer turns a judgement into the answer. What is limited passes with the places of findings blotted out, where all of
// them lie in texts. Everything else that is not allowed is blocked, for a reason in words for people; a policy that holds
// back what could not be told blocks it by the same road.
func (r GuardrailRequest) Answer(j screen.Judgement, reason string) GuardrailAnswer {
	switch j.Action {
	case policy.Allow, policy.Label:
		return GuardrailAnswer{Action: GuardrailNone}
	case policy.Limit:
		if texts, ok := r.blot(j); ok {
			return GuardrailAnswer{Action: GuardrailIntervened, Reason: reason, Texts: texts}
		}
	}
	return GuardrailAnswer{Action: GuardrailBlocked, Reason: reason}
}

// blot returns the texts without the places of findings. ok is false where something was found that has no place in them,
// or nothing was, or something could not be told.
func (r GuardrailRequest) blot(j screen.Judgement) (texts []string, ok bool) {
	texts = slices.Clone(r.Texts)
	for _, f := range j.Findings {
		if f.Level < keyword.Review {
			continue
		}
		i := -1
		for at := range texts {
			if f.Part == place("texts", at) {
				i = at
			}
		}
		if i < 0 || f.Start < 0 || f.Start >= f.End || f.End > int64(len(texts[i])) {
			return nil, false
		}
		texts[i], ok = blotted(texts[i], int(f.Start), int(f.End)), true
	}
	return texts, ok && !j.Decision.Unknown
}

// blotted puts asterisks in the place of some bytes, as many as there were, so that other places in the text stay.
func blotted(text string, start, end int) string {
	for start > 0 && !utf8.RuneStart(text[start]) {
		start--
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return text[:start] + strings.Repeat("*", end-start) + text[end:]
}
