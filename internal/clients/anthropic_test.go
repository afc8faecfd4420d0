package clients_test

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/colophon-project/colophon/internal/sample"
)

// decoded reads base64.
func decoded(text string) io.Reader {
	return base64.NewDecoder(base64.StdEncoding, strings.NewReader(text))
}

// anthropic is Anthropic's client for Go on a road.
func (r *road) anthropic() anthropic.Client {
	options := []option.RequestOption{option.WithBaseURL(r.base), option.WithAPIKey(r.key), option.WithMaxRetries(0)}
	for name, value := range r.headers {
		options = append(options, option.WithHeader(name, value))
	}
	return anthropic.NewClient(options...)
}

func spoken(m anthropic.Message) (text string) {
	for _, b := range m.Content {
		text += b.Text
	}
	return text
}

// TestAnthropicForGo has Anthropic's client for Go talk, in one piece and in a stream, call tools, and meet errors.
func TestAnthropicForGo(t *testing.T) {
	on(t, func(r *road) {
		c, ctx := r.anthropic(), r.Context()
		says := func(text string) anthropic.MessageNewParams {
			return anthropic.MessageNewParams{Model: sample.Text, MaxTokens: 5000, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(text))}}
		}
		stream := func(p anthropic.MessageNewParams) (all anthropic.Message, err error) {
			s := c.Messages.NewStreaming(ctx, p)
			for s.Next() {
				if err := all.Accumulate(s.Current()); err != nil {
					return all, err
				}
			}
			return all, s.Err()
		}
		got, err := c.Messages.New(ctx, says("Hello there"))
		r.must(err)
		if got.StopReason != anthropic.StopReasonEndTurn || got.Usage.OutputTokens == 0 {
			r.Errorf("%+v", got)
		}
		r.contains("message", spoken(*got), hello)
		streamed, err := stream(says("Hello there"))
		r.must(err)
		r.contains("stream", spoken(streamed), hello)

		use := says("Use weather, please")
		schema := weather()
		use.Tools = []anthropic.ToolUnionParam{anthropic.ToolUnionParamOfTool(anthropic.ToolInputSchemaParam{Properties: schema["properties"], Required: schema["required"].([]string)}, "weather")}
		called, err := stream(use)
		r.must(err)
		var call anthropic.ToolUseBlock
		for _, b := range called.Content {
			if block, ok := b.AsAny().(anthropic.ToolUseBlock); ok {
				call = block
			}
		}
		if call.Name != "weather" || string(call.Input) != weatherArgs || called.StopReason != anthropic.StopReasonToolUse {
			r.Fatalf("%+v", called)
		}
		use.Messages = append(use.Messages, called.ToParam(), anthropic.NewUserMessage(anthropic.NewToolResultBlock(call.ID, "rain", false)))
		got, err = c.Messages.New(ctx, use)
		r.must(err)
		r.contains("tool", spoken(*got), "The tool said: rain")

		unknown := says("Hello there")
		unknown.Model = "claude-nothing"
		var told *anthropic.Error
		if _, err := c.Messages.New(ctx, unknown); !errors.As(err, &told) || told.StatusCode != 404 {
			r.Error(err)
		}
		if half, err := stream(says("one two three [sample?repeat=60&break=300]")); err == nil && half.StopReason != "" {
			r.Errorf("a stream that broke ended well: %+v", half)
		}
	})
}
