package classify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime/multipart"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

// transcriber writes down speech by POST /v1/audio/transcriptions, as OpenAI's API reference describes it.
type transcriber struct {
	*caller
	config Endpoint
	store  *cache[string]
}

func newTranscriber(c Config, e Endpoint, call *caller) *transcriber {
	return &transcriber{call, e, newCache(e.CacheTime, e.CacheSize<<20, func(s string) int { return len(s) }, c.Now)}
}

// soundName is what a file is called, by which the service knows its format; empty for one that it does not take.
func soundName(f media.Format) string {
	switch f {
	case media.FLAC, media.WAV, media.MP3, media.M4A, media.MP4, media.WebM:
		return "sound." + string(f)
	case media.Vorbis, media.Opus:
		return "sound.ogg"
	}
	return ""
}

// Transcribe returns what is said in a sound.
func (t *transcriber) Transcribe(ctx context.Context, m screen.Media) (string, error) {
	name := soundName(m.Format)
	if name == "" {
		return "", t.fault(CodeFormat, nil)
	}
	content, err := t.read(m.Source, t.config.MaxInput)
	if err != nil {
		return "", err
	}
	b, err := t.form(name, content)
	if err != nil {
		return "", err
	}
	text, _, err := ask(ctx, t.caller, t.store, "transcription-1", "", b, parseTranscription)
	return text, err
}

// form writes the request. Its border comes from the content, so that the same sound makes the same request.
func (t *transcriber) form(name string, content []byte) (body, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	sum := sha256.Sum256(content)
	err := w.SetBoundary("colophon-" + hex.EncodeToString(sum[:20]))
	fields := [][2]string{{"model", t.config.Model}, {"response_format", "json"}}
	if t.config.Language != "" {
		fields = append(fields, [2]string{"language", t.config.Language})
	}
	for _, f := range fields {
		err = errors.Join(err, w.WriteField(f[0], f[1]))
	}
	part, e := w.CreateFormFile("file", name)
	if err = errors.Join(err, e); err != nil {
		return body{}, err
	}
	_, err = part.Write(content)
	err = errors.Join(err, w.Close())
	return body{w.FormDataContentType(), b.Bytes()}, err
}

// parseTranscription reads a transcript. Silence has an empty one.
func parseTranscription(text []byte) (string, error) {
	var a struct {
		Text *string `json:"text"`
	}
	if err := decode(text, &a); err != nil {
		return "", err
	}
	if a.Text == nil {
		return "", errors.New("no text")
	}
	return *a.Text, nil
}
