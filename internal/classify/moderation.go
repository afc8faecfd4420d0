package classify

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/colophon-project/colophon/screen/keyword"
)

// moderationParser names both the reading of /v1/moderations and the data file of its categories.
const moderationParser = "moderation"

// moderationRequest asks about one text, or about one picture, of which the service takes one at a time. As OpenAI's
// API reference describes it.
type moderationRequest struct {
	Model string `json:"model,omitempty"`
	Input any    `json:"input"`
}

// typedPart is a part of a list of text and pictures, as OpenAI's APIs take it.
type typedPart struct {
	Type     string    `json:"type"`
	Text     string    `json:"text,omitempty"`
	ImageURL *imageURL `json:"image_url,omitempty"`
}

type imageURL struct {
	URL string `json:"url"`
}

func pictureOf(p *piece) typedPart {
	return typedPart{Type: "image_url", ImageURL: &imageURL{p.dataURL()}}
}

// moderationAnswer is what comes back. Old models have null for categories that they do not know.
type moderationAnswer struct {
	Model   string `json:"model"`
	Results []struct {
		Flagged    *bool              `json:"flagged"`
		Categories map[string]*bool   `json:"categories"`
		Scores     map[string]float64 `json:"category_scores"`
	} `json:"results"`
}

// moderate asks about one piece.
func (k *classifier) moderate(ctx context.Context, p *piece) (opinion, bool, error) {
	request := moderationRequest{Model: k.config.Model, Input: p.text}
	if p.file != nil {
		request.Input = []typedPart{pictureOf(p)}
	}
	return ask(ctx, k.caller, k.store, k.version, "", asJSON(request), parseModeration)
}

// parseModeration reads the answer about one input.
func parseModeration(text []byte) (opinion, error) {
	var a moderationAnswer
	if err := decode(text, &a); err != nil {
		return opinion{}, err
	}
	name, err := checkModel(a.Model)
	if err != nil {
		return opinion{}, err
	}
	if len(a.Results) != 1 {
		return opinion{}, errors.New("not one result for one input")
	}
	r := a.Results[0]
	if r.Flagged == nil || len(r.Categories) == 0 || len(r.Scores) == 0 {
		return opinion{}, errors.New("no flagged, categories or category_scores")
	}
	o, flagged := opinion{version: name}, false
	for _, word := range slices.Sorted(maps.Keys(r.Categories)) {
		found := r.Categories[word]
		score, scored := r.Scores[word]
		if found == nil {
			continue
		}
		if !scored || score < 0 || score > 1 {
			return opinion{}, errors.New("a category without a score between 0 and 1")
		}
		level := keyword.Allow
		if *found {
			level, flagged = keyword.Block, true
		}
		o.labels = append(o.labels, label{word, level, score})
	}
	if flagged != *r.Flagged || len(o.labels) == 0 {
		return opinion{}, errNoReason
	}
	return o, nil
}
