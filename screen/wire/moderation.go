package wire

import (
	_ "embed" // the table of categories
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// Own begins the words for our own categories, which stand beside OpenAI's in an answer.
const Own = "colophon/"

//go:embed moderation.json
var moderationFile []byte

// table says which of OpenAI's words stands for a category of ours, and for which kinds of input a word is.
type table struct {
	Source []string `json:"source"`
	Words  []struct {
		Word   string   `json:"word"`
		Inputs []string `json:"inputs"`
	} `json:"words"`
	Categories map[library.Category]string `json:"categories"`
}

var words = sync.OnceValue(func() table {
	var t table
	if err := json.Unmarshal(moderationFile, &t); err != nil {
		panic(fmt.Sprintf("moderation.json: %v", err)) // a test reads it
	}
	return t
})

// ModerationRequest is what POST /v1/moderations is asked. Each input is judged by itself.
type ModerationRequest struct {
	Model  string
	Inputs []ModerationInput
}

// ModerationInput is one input, with the kinds of what stands in it: text, image.
type ModerationInput struct {
	Parts []screen.Part
	Kinds []string
}

// ParseModeration reads a request: its input is a text, a list of texts, or a list of texts and pictures that are one input.
func ParseModeration(text []byte) (ModerationRequest, error) {
	var r struct {
		Model string          `json:"model"`
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(text, &r); err != nil || len(r.Input) == 0 {
		return ModerationRequest{}, invalid("input")
	}
	request := ModerationRequest{Model: r.Model}
	var one string
	var several []string
	var typed []struct {
		Type     string  `json:"type"`
		Text     *string `json:"text"`
		ImageURL *struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	switch {
	case r.Input[0] == '"' && json.Unmarshal(r.Input, &one) == nil:
		request.Inputs = []ModerationInput{textInput("input", one)}
	case json.Unmarshal(r.Input, &several) == nil:
		for i, text := range several {
			request.Inputs = append(request.Inputs, textInput(place("input", i), text))
		}
	case json.Unmarshal(r.Input, &typed) == nil:
		in := ModerationInput{}
		for i, p := range typed {
			name := place("input", i)
			switch {
			case p.Type == "text" && p.Text != nil:
				in.add("text", screen.Part{Name: name, Text: *p.Text})
			case p.Type == "image_url" && p.ImageURL != nil:
				in.add("image", file(name, p.ImageURL.URL))
			default:
				return ModerationRequest{}, invalid(name)
			}
		}
		request.Inputs = []ModerationInput{in}
	}
	n := 0
	for _, in := range request.Inputs {
		n += len(in.Parts)
	}
	if n == 0 || n > MaxParts {
		return ModerationRequest{}, invalid("input")
	}
	return request, nil
}

func textInput(name, text string) ModerationInput {
	in := ModerationInput{}
	in.add("text", screen.Part{Name: name, Text: text})
	return in
}

func (in *ModerationInput) add(kind string, p screen.Part) {
	in.Parts = append(in.Parts, p)
	if !slices.Contains(in.Kinds, kind) {
		in.Kinds = append(in.Kinds, kind)
	}
}

// ModerationAnswer is what POST /v1/moderations answers.
type ModerationAnswer struct {
	ID      string             `json:"id"`
	Model   string             `json:"model"`
	Results []ModerationResult `json:"results"`
}

// ModerationResult is the answer about one input.
type ModerationResult struct {
	Flagged    bool                `json:"flagged"`
	Categories map[string]bool     `json:"categories"`
	Scores     map[string]float64  `json:"category_scores"`
	Inputs     map[string][]string `json:"category_applied_input_types"`
	Colophon   ModerationNote      `json:"colophon"`
}

// ModerationNote is what OpenAI's shape has no place for.
type ModerationNote struct {
	Judgement string             `json:"judgement"`
	Action    policy.Action      `json:"action"`
	Verdict   colophon.Verdict   `json:"verdict"`
	Unknown   []library.Category `json:"unknown,omitempty"` // what could not be told
}

// Result turns a judgement into the answer about an input. It is flagged where the content does not pass as it is; then the
// categories of what was found for review or more are true, by OpenAI's words and by ours. Flagged without a category means
// that it could not be told, and the note says of what. The score of a finding that has none goes by its level.
func (in ModerationInput) Result(j screen.Judgement) ModerationResult {
	r := ModerationResult{
		Flagged:    j.Action != policy.Allow && j.Action != policy.Label,
		Categories: map[string]bool{}, Scores: map[string]float64{}, Inputs: map[string][]string{},
		Colophon: ModerationNote{Judgement: j.ID, Action: j.Action, Verdict: j.Verdict},
	}
	for _, w := range words().Words {
		r.Categories[w.Word], r.Scores[w.Word] = false, 0
		r.Inputs[w.Word] = slices.DeleteFunc(slices.Clone(w.Inputs), func(kind string) bool { return !slices.Contains(in.Kinds, kind) })
	}
	for _, f := range j.Findings {
		names := []string{Own + string(f.Category)}
		if word, ok := words().Categories[f.Category]; ok {
			names = append(names, word)
		}
		for _, name := range names {
			r.Categories[name] = r.Categories[name] || r.Flagged && f.Level >= keyword.Review
			r.Scores[name] = max(r.Scores[name], scoreOf(f))
			if r.Inputs[name] == nil {
				r.Inputs[name] = in.Kinds
			}
		}
	}
	for _, f := range j.Facts {
		if c := library.Category(f.Category); f.Level == policy.LevelUnknown && !slices.Contains(r.Colophon.Unknown, c) {
			r.Colophon.Unknown = append(r.Colophon.Unknown, c)
		}
	}
	return r
}

// scoreOf is the score of a finding, or one for its level.
func scoreOf(f screen.Finding) float64 {
	if f.Score > 0 {
		return f.Score
	}
	return float64(f.Level) / float64(keyword.Block)
}

// Answer joins the results of a request, one for each input. The ID is that of the first judgement.
func (r ModerationRequest) Answer(model string, results []ModerationResult) ModerationAnswer {
	return ModerationAnswer{ID: "modr-" + results[0].Colophon.Judgement, Model: model, Results: results}
}
