package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// canned is the model where the answer is what a rule of the service says in its place.
type canned struct {
	endpoint shape.Endpoint
	number   artefact.Number
	model    string
	text     string
	at       int64
}

// Do answers.
func (c *canned) Do(_ context.Context, r upstream.Request) (*upstream.Response, error) {
	text, _ := json.Marshal(c.text) // a string has a form
	model, _ := json.Marshal(c.model)
	body, kind := wholes[c.endpoint], "application/json"
	if r.Stream {
		body, kind = pieces[c.endpoint], "text/event-stream"
	}
	body = strings.NewReplacer("$text", string(text), "$model", string(model), "$id", string(c.number), "$at", strconv.FormatInt(c.at, 10)).Replace(body)
	if body == "" {
		return nil, refuse(0, CodeFailed)
	}
	return &upstream.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
}

// wholes are answers of each endpoint at which people speak, and pieces the same as streams.
var (
	wholes = map[shape.Endpoint]string{
		shape.Chat:        `{"id":"$id","object":"chat.completion","created":$at,"model":$model,"choices":[{"index":0,"message":{"role":"assistant","content":$text},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`,
		shape.Completions: `{"id":"$id","object":"text_completion","created":$at,"model":$model,"choices":[{"index":0,"text":$text,"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`,
		shape.Messages:    `{"id":"$id","type":"message","role":"assistant","model":$model,"content":[{"type":"text","text":$text}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}`,
		shape.Responses:   `{"id":"$id","object":"response","created_at":$at,"status":"completed","model":$model,"output":[{"id":"msg_$id","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":$text,"annotations":[]}]}],"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0}}`,
	}
	pieces = map[shape.Endpoint]string{
		shape.Chat: `data: {"id":"$id","object":"chat.completion.chunk","created":$at,"model":$model,"choices":[{"index":0,"delta":{"role":"assistant","content":$text},"finish_reason":null}]}

data: {"id":"$id","object":"chat.completion.chunk","created":$at,"model":$model,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`,
		shape.Completions: `data: {"id":"$id","object":"text_completion","created":$at,"model":$model,"choices":[{"index":0,"text":$text,"finish_reason":"stop"}]}

data: [DONE]

`,
		shape.Messages: `event: message_start
data: {"type":"message_start","message":{"id":"$id","type":"message","role":"assistant","model":$model,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":$text}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":0}}

event: message_stop
data: {"type":"message_stop"}

`,
		shape.Responses: `event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"$id","object":"response","created_at":$at,"status":"in_progress","model":$model,"output":[]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_$id","type":"message","role":"assistant","status":"in_progress","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":2,"item_id":"msg_$id","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_$id","output_index":0,"content_index":0,"delta":$text}

event: response.output_text.done
data: {"type":"response.output_text.done","sequence_number":4,"item_id":"msg_$id","output_index":0,"content_index":0,"text":$text}

event: response.content_part.done
data: {"type":"response.content_part.done","sequence_number":5,"item_id":"msg_$id","output_index":0,"content_index":0,"part":{"type":"output_text","text":$text,"annotations":[]}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"id":"msg_$id","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":$text,"annotations":[]}]}}

event: response.completed
data: {"type":"response.completed","sequence_number":7,"response":{"id":"$id","object":"response","created_at":$at,"status":"completed","model":$model,"output":[{"id":"msg_$id","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":$text,"annotations":[]}]}],"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0}}}

`,
	}
)

// ours lets words pass that no model made: they are the service's own, and telling where help is may name what it is about.
type ours struct{}

// Judge lets all pass.
func (ours) Judge(context.Context, evidence.Role, screen.Item) (screening.Outcome, error) {
	return passed(), nil
}

func passed() screening.Outcome {
	return screening.Outcome{Judgement: screen.Judgement{Action: policy.Allow}}
}

// Stream lets all pass.
func (ours) Stream(context.Context, evidence.Role, screen.Item, screen.Mode) (Screened, error) {
	return ourText{}, nil
}

type ourText struct{}

// Append returns the text.
func (ourText) Append(text string) (string, error) { return text, nil }

// Held is none.
func (ourText) Held() int { return 0 }

// Close returns nothing: all has left.
func (ourText) Close(context.Context) (string, screening.Outcome, error) { return "", passed(), nil }
