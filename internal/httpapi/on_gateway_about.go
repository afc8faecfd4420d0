package httpapi

import (
	"regexp"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// callHeaders are the headers of ours that a call of a model may have.
func callHeaders() []*huma.Param {
	text := func(name, about string, most int) *huma.Param {
		return &huma.Param{Name: name, In: "header", Description: about, Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &most}}
	}
	least, most := 0.0, float64(maxDepicted)
	return []*huma.Param{
		text("Colophon-Account", "Your own identifier of the account that the answer is made for, percent-encoded: at most 256 bytes of UTF-8. Without it the body says which: safety_identifier, user, or metadata.user_id. It becomes a pseudonym at once.", 3*maxAccount),
		text("Colophon-Function", "Identifier of the registered function, where the model is set up for none.", maxWord),
		text("Colophon-Conversation", "Your own opaque name of the conversation: what is spread over its messages is found.", maxTemplate),
		text("Colophon-Purpose", "What the likeness of people is used for, as their consents name it.", maxWord),
		text("Colophon-Scene", "Scene that the likeness of people is used in, as their consents name it.", maxWord),
		text("Colophon-Channel", "Channel that the content is for, as consents name it.", maxWord),
		text("Colophon-Template", "Template or tool that is used, for orders that stop one.", maxTemplate),
		text("Colophon-Consent", "Tokens of consents, separated by commas: one for each person whose face or voice is used.", 8<<10),
		{Name: "Colophon-Depicted", In: "header", Description: "How many people's face or voice is used. By itself as many as there are reference media, where a function edits faces or voices.",
			Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most}},
	}
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describeRaw says of an operation what huma can't see, since it neither reads nor writes for it.
func describeRaw(op *huma.Operation, rt route) {
	object := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject}}
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	for _, name := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			Description: map[string]string{"id": "Identifier.", "name": "Name of the generator in the settings.", "token": "What stands in the address that an answer named."}[name[1]]})
	}
	if rt.id == "list-videos" {
		op.Parameters = append(op.Parameters, &huma.Param{Name: "after", In: "query", Schema: &huma.Schema{Type: huma.TypeString}, Description: "Identifier of the last video of the page before."},
			&huma.Param{Name: "limit", In: "query", Schema: &huma.Schema{Type: huma.TypeInteger}, Description: "The most that one page holds: 1 to 100, 20 by itself."})
	}
	answer := map[string]*huma.MediaType{"application/json": object}
	switch rt.id {
	case "chat-completions", "completions", "responses", "messages":
		answer["text/event-stream"] = text
	case "speech", "video-content", "hosted-content":
		answer = map[string]*huma.MediaType{"application/octet-stream": binary}
	case "transcriptions", "translations":
		answer["text/plain"], answer["text/event-stream"] = text, text
	case "door":
		answer["application/octet-stream"] = binary
	}
	op.Responses[strconv.Itoa(rt.status)] = &huma.Response{Description: "The answer, as its author describes it, with the label as the object AIGC and as a header.", Content: answer,
		Headers: map[string]*huma.Header{"Colophon-Number": {Description: "Content number of the answer.", Schema: text.Schema}, "Colophon-Notice": {Description: "Where the notice stands: start, end, both, or interface: then your client shows it.", Schema: text.Schema}}}
	if !rt.is(proxied) || rt.method == get {
		op.Responses[strconv.Itoa(rt.status)].Headers = nil
		op.Responses[strconv.Itoa(rt.status)].Description = "The answer."
	}
	if !rt.is(proxied) {
		return
	}
	for code, r := range op.Responses {
		if code >= "400" {
			r.Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "An error in the shape of OpenAI's or Anthropic's."}}}
		}
	}
	if rt.method != post {
		return
	}
	op.Parameters = append(op.Parameters, callHeaders()...)
	content := map[string]*huma.MediaType{"application/json": object}
	form := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject}}
	switch rt.id {
	case "images-edits", "videos":
		content["multipart/form-data"] = form
	case "images-variations", "transcriptions", "translations":
		content = map[string]*huma.MediaType{"multipart/form-data": form}
	}
	op.RequestBody = &huma.RequestBody{Required: true, Description: "As its author describes it. Every text in it is judged, and a member that stands twice is refused.", Content: content}
}
