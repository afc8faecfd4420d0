package clients_test

import (
	"bytes"
	"errors"
	"image"
	"io"
	"slices"
	"strings"
	"testing"

	_ "image/png" // the format of the pictures

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/colophon-project/colophon/internal/sample"
)

const hello = "You said: Hello there"

// openAI is OpenAI's client for Go on a road.
func (r *road) openAI() openai.Client {
	options := []option.RequestOption{option.WithBaseURL(r.base + "/v1"), option.WithAPIKey(r.key), option.WithMaxRetries(0), option.WithUnsafeAllowHTTP()}
	for name, value := range r.headers {
		options = append(options, option.WithHeader(name, value))
	}
	return openai.NewClient(options...)
}

// asks is a request for a chat.
func asks(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: sample.Text, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

// weather is a tool with one choice for its only argument.
func weather() shared.FunctionParameters {
	return shared.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string", "enum": []string{"Hangzhou"}}}, "required": []string{"city"}}
}

const weatherArgs = `{"city":"Hangzhou"}`

// TestOpenAIForGo has OpenAI's client for Go chat, in one piece and in a stream, call tools, and meet errors.
func TestOpenAIForGo(t *testing.T) {
	on(t, func(r *road) {
		c, ctx := r.openAI(), r.Context()
		several := asks("Hello there")
		several.N = openai.Int(2)
		got, err := c.Chat.Completions.New(ctx, several)
		r.must(err)
		if len(got.Choices) != 2 || got.Usage.TotalTokens == 0 || got.Choices[0].FinishReason != "stop" {
			r.Errorf("%+v", got)
		}
		r.contains("choices", got.Choices[0].Message.Content+got.Choices[1].Message.Content, hello, "(2) "+hello)

		use := asks("Use weather, please")
		use.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "weather", Parameters: weather()})}
		stream, acc := c.Chat.Completions.NewStreaming(ctx, use), openai.ChatCompletionAccumulator{}
		for stream.Next() {
			if !acc.AddChunk(stream.Current()) {
				r.Errorf("a chunk does not fit: %s", stream.Current().RawJSON())
			}
		}
		r.must(stream.Err())
		calls := acc.Choices[0].Message.ToolCalls
		if len(calls) != 1 || calls[0].Function.Name != "weather" || calls[0].Function.Arguments != weatherArgs || acc.Choices[0].FinishReason != "tool_calls" {
			r.Fatalf("%+v", acc.Choices)
		}
		use.Messages = append(use.Messages, acc.Choices[0].Message.ToParam(), openai.ToolMessage("rain", calls[0].ID))
		got, err = c.Chat.Completions.New(ctx, use)
		r.must(err)
		r.contains("tool", got.Choices[0].Message.Content, "The tool said: rain")

		stream, acc = c.Chat.Completions.NewStreaming(ctx, asks("Hello there")), openai.ChatCompletionAccumulator{}
		for stream.Next() {
			acc.AddChunk(stream.Current())
		}
		r.must(stream.Err())
		r.contains("stream", acc.Choices[0].Message.Content, hello)

		var told *openai.Error
		if _, err = c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{Model: "gpt-nothing", Messages: several.Messages}); !errors.As(err, &told) || told.StatusCode != 404 || told.Message == "" {
			r.Error(err)
		}
		stream = c.Chat.Completions.NewStreaming(ctx, asks("one two three [sample?repeat=60&break=300]"))
		for stream.Next() {
		}
		if stream.Err() == nil {
			r.Error("a stream that broke ended well")
		}
	})
}

// TestOpenAIResponsesForGo has OpenAI's client for Go ask for responses, embeddings and models.
func TestOpenAIResponsesForGo(t *testing.T) {
	on(t, func(r *road) {
		c, ctx := r.openAI(), r.Context()
		ask := responses.ResponseNewParams{Model: sample.Text, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Hello there")}}
		got, err := c.Responses.New(ctx, ask)
		r.must(err)
		r.contains("response", got.OutputText(), hello)
		stream, text, final := c.Responses.NewStreaming(ctx, ask), "", ""
		for stream.Next() {
			switch e := stream.Current().AsAny().(type) {
			case responses.ResponseTextDeltaEvent:
				text += e.Delta
			case responses.ResponseCompletedEvent:
				final = e.Response.OutputText()
			}
		}
		r.must(stream.Err())
		r.contains("stream", text, hello)
		if text != final {
			r.Errorf("the pieces are %q, the whole is %q", text, final)
		}
		vectors, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: sample.Embedding, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}})
		r.must(err)
		if len(vectors.Data) != 2 || len(vectors.Data[1].Embedding) != 256 {
			r.Errorf("%d", len(vectors.Data))
		}
		models, err := c.Models.List(ctx)
		r.must(err)
		for _, name := range sample.Models() {
			if !slices.ContainsFunc(models.Data, func(m openai.Model) bool { return m.ID == name }) {
				r.Errorf("%s is not in the list", name)
			}
		}
		one, err := c.Models.Get(ctx, sample.Text)
		if r.must(err); one.ID != sample.Text {
			r.Error(one.ID)
		}
	})
}

// TestOpenAIMediaForGo has OpenAI's client for Go make pictures and sound.
func TestOpenAIMediaForGo(t *testing.T) {
	on(t, func(r *road) {
		c, ctx := r.openAI(), r.Context()
		made, err := c.Images.Generate(ctx, openai.ImageGenerateParams{Model: sample.Image, Prompt: "a red sun", Size: "256x256", ResponseFormat: "b64_json"})
		r.must(err)
		picture, err := io.ReadAll(decoded(made.Data[0].B64JSON))
		r.must(err)
		if size, format, err := image.DecodeConfig(bytes.NewReader(picture)); err != nil || format != "png" || size.Width != 256 {
			r.Errorf("%v %s %v", size, format, err)
		}
		made, err = c.Images.Edit(ctx, openai.ImageEditParams{Model: sample.Image, Prompt: "a blue sea", Size: "256x256", Image: openai.ImageEditParamsImageUnion{OfFile: openai.File(bytes.NewReader(picture), "a.png", "image/png")}})
		r.must(err)
		if _, format, err := image.DecodeConfig(decoded(made.Data[0].B64JSON)); err != nil || format != "png" {
			r.Errorf("%s %v", format, err)
		}
		res, err := c.Audio.Speech.New(ctx, openai.AudioSpeechNewParams{Model: sample.Sound, Input: "Good morning", ResponseFormat: "wav", Voice: openai.AudioSpeechNewParamsVoiceUnion{OfAudioSpeechNewsVoiceString2: param.NewOpt("alloy")}})
		r.must(err)
		defer res.Body.Close()
		sound, err := io.ReadAll(res.Body)
		r.must(err)
		heard, err := c.Audio.Transcriptions.New(ctx, openai.AudioTranscriptionNewParams{Model: sample.Sound, File: openai.File(bytes.NewReader(sound), "a.wav", "audio/wav")})
		r.must(err)
		r.contains("heard", heard.Text, "Good morning")
		if !strings.HasPrefix(string(sound), "RIFF") {
			r.Errorf("%.12q", sound)
		}
	})
}
