package media

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// wanted is how a caller wants a result. None of it is a text.
type wanted struct {
	Format  string `json:"response_format"`
	Stream  string `json:"stream_format"`
	Size    string `json:"size"`
	Seconds any    `json:"seconds"` // text, or a number
}

// wishes reads what of a body says how the result is wanted. It was read before, so that nothing in it stands twice.
func wishes(c gateway.Call) (v wanted, err error) {
	if !isForm(c.Type) {
		if err = json.Unmarshal(c.Body, &v); err != nil {
			return v, field("response_format")
		}
		return v, nil
	}
	_, params, err := mime.ParseMediaType(c.Type)
	if err != nil {
		return v, field("Content-Type")
	}
	into := map[string]func(string){"response_format": func(s string) { v.Format = s }, "size": func(s string) { v.Size = s }, "seconds": func(s string) { v.Seconds = s }}
	for r := multipart.NewReader(bytes.NewReader(c.Body), params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err != nil {
			return v, field("body")
		}
		set := into[p.FormName()]
		if set == nil {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(p, 64))
		if err != nil {
			return v, field(p.FormName())
		}
		set(string(text))
	}
}

// images answers a call for pictures.
func (s *Studio) images(ctx context.Context, c gateway.Call, to gateway.Sink, o *gateway.Observation) error {
	w, doc, err := s.open(c, stamp.Other, o)
	if err != nil {
		return err
	}
	defer w.end()
	wish, err := wishes(c)
	if err != nil {
		return err
	}
	bring, err := brought(doc)
	if err != nil {
		return err
	}
	if err := w.begin(ctx, bring); err != nil {
		return err
	}
	if n := doc.Choices(); n > 1 && len(w.admitted.Likeness) > 0 { // each result takes the consents anew: all are there, or none is made
		if n > mostResults {
			return limit(mostResults)
		}
		if err := w.reserve(n); err != nil {
			return err
		}
	}
	body, resp, err := w.ask(w.post(imagePath(c.Endpoint), doc))
	if err != nil {
		return err
	}
	var got pictures
	if err := json.Unmarshal(body, &got); err != nil {
		return badAnswer(err)
	}
	w.used.Input, w.used.Output = got.Usage.Input, got.Usage.Output
	results, err := w.results(got, wish, resp.Target)
	if err != nil {
		return err
	}
	if err := w.produce(results); err != nil {
		return err
	}
	if err := w.hand(results); err != nil {
		return err
	}
	v := w.album(results)
	v.Usage, v.Size, v.Quality, v.Background, v.Format = got.Usage.known(), word(got.Size), word(got.Quality), word(got.Background), word(got.Format)
	return object(to, numbers(results), v)
}

func imagePath(e shape.Endpoint) string {
	switch e {
	case shape.ImagesEdits:
		return "/images/edits"
	case shape.ImagesVariations:
		return "/images/variations"
	}
	return "/images/generations"
}

// pictures is a model's answer. What is not here does not go on.
type pictures struct {
	Data []struct {
		B64    string `json:"b64_json"`
		URL    string `json:"url"`
		Prompt string `json:"revised_prompt"`
	} `json:"data"`
	Usage      units  `json:"usage"`
	Size       string `json:"size"`
	Quality    string `json:"quality"`
	Background string `json:"background"`
	Format     string `json:"output_format"`
}

// units are what a model says that it read and made.
type units struct {
	Input   int64 `json:"input_tokens"`
	Output  int64 `json:"output_tokens"`
	Total   int64 `json:"total_tokens"`
	Details struct {
		Image int64 `json:"image_tokens"`
		Text  int64 `json:"text_tokens"`
	} `json:"input_tokens_details"`
}

func (u units) known() *units {
	if u == (units{}) {
		return nil
	}
	return &u
}

// album is our answer.
type album struct {
	Created    int64           `json:"created,omitempty"`
	Data       []made          `json:"data"`
	Refused    []withheld      `json:"refused,omitempty"`
	Usage      *units          `json:"usage,omitempty"`
	Size       string          `json:"size,omitempty"`
	Quality    string          `json:"quality,omitempty"`
	Background string          `json:"background,omitempty"`
	Format     string          `json:"output_format,omitempty"`
	Label      json.RawMessage `json:"AIGC,omitempty"` // where there is one result; each has its own
}

func (w *work) album(results []result) album {
	v := album{Created: w.c.Now().Unix()}
	v.Data, v.Refused = shown(results)
	if len(v.Data) == 1 {
		v.Label = v.Data[0].Label
	}
	return v
}

// results are the pictures of an answer, once what the model wrote beside them was judged.
func (w *work) results(got pictures, wish wanted, from upstream.Target) ([]result, error) {
	if len(got.Data) == 0 || len(got.Data) > mostResults {
		return nil, badAnswer(nil)
	}
	var texts []screen.Part
	for _, d := range got.Data {
		if d.Prompt != "" {
			texts = append(texts, screen.Part{Name: "data.revised_prompt", Text: d.Prompt})
		}
	}
	if err := w.said(texts); err != nil {
		return nil, err
	}
	var list []result
	for _, d := range got.Data {
		r := result{kind: media.ModalityImage, prompt: d.Prompt, url: wish.Format == "url" || wish.Format == "" && d.B64 == ""}
		var err error
		if r.data, err = w.content(d.B64, d.URL); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// content is what a model made, from inside its answer or from where it says that it lies.
func (w *work) content(b64, url string) ([]byte, error) {
	if b64 != "" {
		return decoded(b64)
	}
	if strings.HasPrefix(url, "data:") {
		return inline(url)
	}
	if url == "" {
		return nil, badAnswer(nil)
	}
	file, err := w.c.Results.Fetch(w.ctx, url, w.c.Most)
	if err != nil {
		return nil, w.stopped(err)
	}
	return file.Data, nil
}

// inline reads a data URI, which holds base64 here.
func inline(uri string) ([]byte, error) {
	head, text, ok := strings.Cut(uri, ",")
	if !ok || !strings.HasSuffix(head, ";base64") {
		return nil, badAnswer(nil)
	}
	return decoded(text)
}

func decoded(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, badAnswer(err)
	}
	return data, nil
}

// word is a text of a model where it can be nothing but one of the interface's words.
func word(s string) string {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return ""
		}
	}
	if len(s) > 16 {
		return ""
	}
	return s
}
