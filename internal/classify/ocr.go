package classify

import (
	"context"
	"errors"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

// reader reads text in pictures, by one of three shapes.
type reader struct {
	*caller
	config Endpoint
	store  *cache[string]
}

func newReader(c Config, e Endpoint, call *caller) *reader {
	return &reader{call, e, newCache(e.CacheTime, e.CacheSize<<20, func(s string) int { return len(s) }, c.Now)}
}

// line is one line of text that was read.
type line struct {
	text       string
	confidence float64
}

// ReadText returns the lines of text in a picture. An animation is no picture here: only one frame of it would be read.
func (r *reader) ReadText(ctx context.Context, m screen.Media) (string, error) {
	if m.Format != media.JPEG && m.Format != media.PNG {
		return "", r.fault(CodeFormat, nil)
	}
	content, err := r.read(m.Source, r.config.MaxInput)
	if err != nil {
		return "", err
	}
	var request any
	var parse func([]byte) ([]line, error)
	switch r.config.Kind {
	case PaddleOCR:
		request, parse = paddleRequest{File: content, FileType: 1}, parsePaddle
	case PaddleHub:
		request, parse = hubRequest{Images: [][]byte{content}}, parseHub
	default:
		request, parse = ocrRequest{Image: content, Model: r.config.Model, Language: r.config.Language}, parseOCR
	}
	text, _, err := ask(ctx, r.caller, r.store, string(r.config.Kind), "", asJSON(request), func(text []byte) (string, error) {
		lines, err := parse(text)
		return r.join(lines), err
	})
	return text, err
}

// join puts the lines under each other, without those that the reader is not sure enough of.
func (r *reader) join(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		if l.text != "" && l.confidence >= r.config.Threshold {
			b.WriteString(l.text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// ocrRequest is our own shape: a picture in, its texts out, each with its place and how sure the reader is of it.
//
//	{"image": "…base64…", "model": "…", "language": "…"}
//	→ {"texts": [{"text": "…", "box": [x, y, width, height], "confidence": 0.98}]}
type ocrRequest struct {
	Image    []byte `json:"image"`
	Model    string `json:"model,omitempty"`
	Language string `json:"language,omitempty"`
}

type ocrText struct {
	Text       *string  `json:"text"`
	Confidence *float64 `json:"confidence"`
}

func parseOCR(text []byte) ([]line, error) {
	var a struct {
		Texts *[]ocrText `json:"texts"`
	}
	if err := decode(text, &a); err != nil {
		return nil, err
	}
	if a.Texts == nil {
		return nil, errors.New("no texts")
	}
	return linesOf(*a.Texts)
}

// paddleRequest is that of PaddleOCR 3 and PaddleX served by their basic solution (POST /ocr), as the pipeline's page in
// PaddleOCR's documentation describes it.
type paddleRequest struct {
	File     []byte `json:"file"`
	FileType int    `json:"fileType"` // 1 for a picture
	Visual   bool   `json:"visualize"`
}

func parsePaddle(text []byte) ([]line, error) {
	var a struct {
		Code   *int `json:"errorCode"`
		Result struct {
			Pages []struct {
				Pruned struct {
					Texts  *[]string  `json:"rec_texts"`
					Scores *[]float64 `json:"rec_scores"`
				} `json:"prunedResult"`
			} `json:"ocrResults"`
		} `json:"result"`
	}
	if err := decode(text, &a); err != nil {
		return nil, err
	}
	if a.Code == nil || *a.Code != 0 || len(a.Result.Pages) != 1 {
		return nil, errors.New("no errorCode 0 with one result")
	}
	page := a.Result.Pages[0].Pruned
	if page.Texts == nil || page.Scores == nil || len(*page.Texts) != len(*page.Scores) {
		return nil, errors.New("not as many rec_scores as rec_texts")
	}
	var texts []ocrText
	for i := range *page.Texts {
		texts = append(texts, ocrText{&(*page.Texts)[i], &(*page.Scores)[i]})
	}
	return linesOf(texts)
}

// hubRequest is that of PaddleOCR 2 served by PaddleHub (POST /predict/ocr_system), as deploy/hubserving of PaddleOCR
// describes it. The service answers with no text for a picture that it can't decode, and nothing tells the two apart.
type hubRequest struct {
	Images [][]byte `json:"images"`
}

func parseHub(text []byte) ([]line, error) {
	var a struct {
		Status  string       `json:"status"`
		Results []*[]ocrText `json:"results"`
	}
	if err := decode(text, &a); err != nil {
		return nil, err
	}
	if a.Status == "" || strings.Trim(a.Status, "0") != "" || len(a.Results) != 1 || a.Results[0] == nil {
		return nil, errors.New("no status 0 with one result")
	}
	return linesOf(*a.Results[0])
}

func linesOf(texts []ocrText) ([]line, error) {
	var lines []line
	for _, t := range texts {
		if t.Text == nil || t.Confidence == nil || *t.Confidence < 0 || *t.Confidence > 1.001 {
			return nil, errors.New("a text without a confidence between 0 and 1")
		}
		lines = append(lines, line{*t.Text, *t.Confidence})
	}
	return lines, nil
}
