package classify

import (
	"context"
	"errors"
)

// chat asks a chat model that was made to classify. The template of the model itself lies on the server, which puts the
// messages into it: a message of a user alone is judged as what people write, and one of an assistant after it as what the
// service writes.
type chat struct {
	*classifier
	model *model
	parse chatParser
}

type chatRequest struct {
	Model       string            `json:"model"`
	Messages    []chatMessage     `json:"messages"`
	Temperature float64           `json:"temperature"`
	MaxTokens   int               `json:"max_tokens"`
	Logprobs    bool              `json:"logprobs,omitempty"`
	Top         int               `json:"top_logprobs,omitempty"`
	Arguments   map[string]string `json:"chat_template_kwargs,omitempty"` // of vLLM and SGLang
}

type chatMessage struct {
	Role    string `json:"role"`
	Content any    `json:"content"`
}

// chatAnswer is what comes back, by OpenAI's API reference.
type chatAnswer struct {
	Model   string `json:"model"`
	Choices []struct {
		Finish  string `json:"finish_reason"`
		Message struct {
			Role    string  `json:"role"`
			Content *string `json:"content"`
		} `json:"message"`
		Logprobs *struct {
			Content []token `json:"content"`
		} `json:"logprobs"`
	} `json:"choices"`
}

// judge asks about one piece, by each question that the model has.
func (c chat) judge(ctx context.Context, p *piece) (all opinion, cached bool, err error) {
	questions := c.model.Questions
	if len(questions) == 0 {
		questions = []question{{}}
	}
	cached = true
	for _, q := range questions {
		o, kept, err := ask(ctx, c.caller, c.store, c.version, "", asJSON(c.request(p, q)), func(text []byte) (opinion, error) {
			return parseChat(text, c.parse, q.Word)
		})
		if err != nil {
			return all, false, err
		}
		all.labels, all.version = append(all.labels, o.labels...), o.version
		cached = cached && kept
	}
	return all, cached, nil
}

func (c chat) request(p *piece, q question) chatRequest {
	r := chatRequest{Model: c.config.Model, MaxTokens: c.model.MaxTokens, Logprobs: c.model.Logprobs > 0, Top: c.model.Logprobs}
	guideline := q.Input
	switch {
	case p.file != nil: // templates take pictures from users alone
		r.Messages = []chatMessage{{"user", []typedPart{pictureOf(p)}}}
	case p.answer:
		guideline = q.Output
		r.Messages = []chatMessage{{"user", c.content(p.before)}, {"assistant", c.content(p.text)}}
	default:
		r.Messages = []chatMessage{{"user", c.content(p.text)}}
	}
	if c.model.Argument != "" {
		r.Arguments = map[string]string{c.model.Argument: guideline}
	}
	return r
}

// content writes a text as the model's template takes it.
func (c chat) content(text string) any {
	if c.model.Typed {
		return []typedPart{{Type: "text", Text: text}}
	}
	return text
}

// parseChat reads one completion and has the verdict read.
func parseChat(text []byte, parse chatParser, word string) (opinion, error) {
	var a chatAnswer
	if err := decode(text, &a); err != nil {
		return opinion{}, err
	}
	name, err := checkModel(a.Model)
	if err != nil {
		return opinion{}, err
	}
	if len(a.Choices) != 1 || a.Choices[0].Message.Role != "assistant" {
		return opinion{}, errors.New("not one choice with a message of the assistant")
	}
	choice := a.Choices[0]
	if choice.Message.Content == nil || choice.Finish != "stop" && choice.Finish != "length" {
		return opinion{}, unreadable{errors.New("no text, or another finish_reason than stop and length")}
	}
	c := completion{text: *choice.Message.Content, cut: choice.Finish == "length"}
	if choice.Logprobs != nil {
		c.tokens = choice.Logprobs.Content
	}
	labels, err := parse(c, word)
	if err != nil {
		return opinion{}, unreadable{err}
	}
	return opinion{labels, name}, nil
}
