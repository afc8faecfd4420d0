package sample

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"strings"
	"unicode"

	// The formats of pictures that the model can look at.
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/webp"
)

// ask is what a chat asks for, whatever the dialect.
type ask struct {
	model    string
	stream   bool
	choices  int
	said     string   // the last text of the user, without switches
	raw      string   // with them
	seen     []string // what the pictures in the last message of the user are
	result   string   // what tools answered, when that is the last message
	tools    []tool
	must     string // which tool is to be called: empty for none, "auto", "required", or its name
	schema   object // of an answer in JSON; nil for text
	reasons  bool
	paints   bool
	most     int // tokens of an answer; 0: any
	stops    []string
	usage    bool // at the end of a stream
	consumed int  // tokens of the request
}

// tool is one that may be called.
type tool struct {
	name   string
	custom bool // takes text instead of JSON
	schema object
}

// note takes a message of the conversation.
func (a *ask) note(role string, c content) {
	text := c.text()
	a.consumed += len(tokens(text)) + 3
	switch role {
	case "user":
		if result, ok := c.result(); ok {
			a.result = result
			return
		}
		a.raw, a.said, a.seen, a.result = text, plain(text), c.pictures(), ""
	case "tool", "function":
		a.result = strings.TrimSpace(a.result + " " + text)
	case "assistant":
		a.result = ""
	}
}

// content is the content of a message: a text, or parts.
type content []part

// part is a part of a content, with the fields of every dialect.
type part struct {
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	ImageURL json.RawMessage `json:"image_url"`
	Source   struct {
		Type, URL, Data string
		MediaType       string `json:"media_type"`
	} `json:"source"`
	Content content `json:"content"` // of a tool's result
}

// UnmarshalJSON reads a text or parts.
func (c *content) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*c = content{{Type: "text", Text: text}}
		return nil
	}
	var parts []part
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	*c = parts
	return nil
}

func (c content) text() string {
	var texts []string
	for _, p := range c {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// result is the text of the results of tools, as Anthropic's dialect has them among the user's parts.
func (c content) result() (string, bool) {
	var texts []string
	found := false
	for _, p := range c {
		if p.Type == "tool_result" {
			found = true
			texts = append(texts, p.Content.text())
		}
	}
	return strings.Join(texts, " "), found
}

// pictures says what the pictures are.
func (c content) pictures() (seen []string) {
	for _, p := range c {
		address := p.Source.URL
		if p.Source.Data != "" {
			address = "data:" + p.Source.MediaType + ";base64," + p.Source.Data
		}
		if len(p.ImageURL) > 0 {
			var in struct{ URL string }
			if json.Unmarshal(p.ImageURL, &address) != nil && json.Unmarshal(p.ImageURL, &in) == nil {
				address = in.URL
			}
		}
		if address == "" {
			continue
		}
		head, data, ok := strings.Cut(address, ",")
		bytes, err := base64.StdEncoding.DecodeString(data)
		if !ok || !strings.HasPrefix(head, "data:") || err != nil {
			seen = append(seen, "an address, which I don't open")
			continue
		}
		seen = append(seen, look(bytes))
	}
	return seen
}

// look says what a picture is.
func look(picture []byte) string {
	c, format, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%s, %d × %d", strings.ToUpper(format), c.Width, c.Height)
}

// tokens cuts a text into what this model counts: a word with the space behind it, or one Chinese character.
func tokens(text string) (list []string) {
	start, space := 0, false
	for i, r := range text {
		han := unicode.Is(unicode.Han, r)
		if i > start && (han || space && !unicode.IsSpace(r)) {
			list, start = append(list, text[start:i]), i
		}
		space = unicode.IsSpace(r) || han
	}
	if start < len(text) {
		list = append(list, text[start:])
	}
	return list
}

// called are the tools that this request makes the model call.
func (a *ask) called() (list []tool) {
	if a.result != "" || a.must == "" {
		return nil
	}
	for _, t := range a.tools {
		if t.name == a.must || a.must == "auto" && strings.Contains(a.said, t.name) {
			list = append(list, t)
		}
	}
	if a.must == "required" && len(a.tools) > 0 {
		list = a.tools[:1]
	}
	return list
}

// example is a value that a JSON schema allows. Texts in it are what the user said.
func example(schema object, said string, depth int) any {
	if depth > 16 {
		return nil
	}
	if all, ok := schema["enum"].([]any); ok && len(all) > 0 {
		return all[0]
	}
	if c, ok := schema["const"]; ok {
		return c
	}
	for _, either := range []string{"anyOf", "oneOf"} {
		if all, ok := schema[either].([]any); ok && len(all) > 0 {
			first, _ := all[0].(object)
			return example(first, said, depth+1)
		}
	}
	typ, _ := schema["type"].(string)
	if several, ok := schema["type"].([]any); ok && len(several) > 0 {
		typ, _ = several[0].(string)
	}
	switch typ {
	case "string":
		return said
	case "integer":
		return 1
	case "number":
		return 0.5
	case "boolean":
		return true
	case "array":
		items, _ := schema["items"].(object)
		return []any{example(items, said, depth+1)}
	case "null":
		return nil
	}
	made := object{}
	properties, _ := schema["properties"].(object)
	for name, property := range properties {
		p, _ := property.(object)
		made[name] = example(p, said, depth+1)
	}
	if len(properties) == 0 && schema["additionalProperties"] != false {
		made["answer"] = said
	}
	return made
}
