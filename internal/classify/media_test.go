package classify_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

func file(f media.Format, content string) screen.Media {
	return screen.Media{Format: f, Source: media.Memory(content)}
}

// read are the answers of the three readers about the same picture.
var read = map[classify.Kind]struct{ path, answer string }{
	classify.OCR: {"/", `{"texts": [{"text": "加微信", "box": [3, 10, 90, 20], "confidence": 0.98}, {"text": "", "confidence": 0.2}, {"text": "日赚千元", "confidence": 0.61}]}`},
	classify.PaddleOCR: {"/ocr", `{"logId": "e5ea", "errorCode": 0, "errorMsg": "Success", "result": {"ocrResults": [{"prunedResult": {"model_settings": {}, "dt_polys": [],
 "rec_texts": ["加微信", "", "日赚千元"], "rec_scores": [0.98, 0.2, 0.61], "rec_boxes": [[3, 10, 93, 30]]}, "ocrImage": null}], "dataInfo": {"width": 100}}}`},
	classify.PaddleHub: {"/predict/ocr_system", `{"msg": "", "results": [[{"confidence": 0.98, "text": "加微信", "text_region": [[3, 10], [93, 10], [93, 30], [3, 30]]},
 {"confidence": 0.2, "text": "", "text_region": []}, {"confidence": 0.61, "text": "日赚千元", "text_region": []}]], "status": "000"}`},
}

func TestReaders(t *testing.T) {
	t.Parallel()
	picture := base64.StdEncoding.EncodeToString([]byte("jpeg"))
	requests := map[classify.Kind]map[string]any{
		classify.OCR:       {"image": picture},
		classify.PaddleOCR: {"file": picture, "fileType": 1.0, "visualize": false},
		classify.PaddleHub: {"images": []any{picture}},
	}
	for kind, r := range read {
		s := say(t, r.answer)
		e := classify.Endpoint{Kind: kind, URL: s.URL}
		reader := set(t, newClock(), e).TextReader()
		for range 2 {
			text, err := reader.ReadText(t.Context(), file(media.JPEG, "jpeg"))
			if err != nil || text != "加微信\n日赚千元\n" {
				t.Errorf("%s: %q, %v", kind, text, err)
			}
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%s: %d requests", kind, n)
		}
		got := s.requests()[0]
		if diff := cmp.Diff(requests[kind], fields(t, got.body)); diff != "" || got.path != r.path && got.path+"/" != r.path {
			t.Errorf("%s: %s %s", kind, got.path, diff)
		}
		e.Threshold = 0.9
		if text, err := set(t, newClock(), e).TextReader().ReadText(t.Context(), file(media.PNG, "png")); err != nil || text != "加微信\n" {
			t.Errorf("%s with a threshold: %q, %v", kind, text, err)
		}
		if _, err := reader.ReadText(t.Context(), file(media.GIF, "gif")); code(t, err) != classify.CodeFormat {
			t.Errorf("%s reads an animation: %v", kind, err)
		}
		if _, err := reader.ReadText(t.Context(), file(media.PNG, strings.Repeat("x", 10<<20+1))); code(t, err) != classify.CodeLarge {
			t.Errorf("%s reads a large picture: %v", kind, err)
		}
	}
}

func TestReadersLie(t *testing.T) {
	t.Parallel()
	for kind, answers := range map[classify.Kind][]string{
		classify.OCR: {``, `{}`, `null`, `{"texts": null}`, `{"texts": [{"confidence": 1}]}`, `{"texts": [{"text": "x"}]}`, `{"texts": [{"text": "x", "confidence": 98}]}`, `{"texts": ["x"]}`,
			`{"texts": []`, `<html>`},
		classify.PaddleOCR: {``, `{}`, `{"errorCode": 500, "errorMsg": "x"}`, `{"errorCode": 0, "result": {}}`, `{"errorCode": 0, "result": {"ocrResults": []}}`,
			`{"errorCode": 0, "result": {"ocrResults": [{}]}}`, `{"errorCode": 0, "result": {"ocrResults": [{"prunedResult": {"rec_texts": ["x"], "rec_scores": []}}]}}`,
			`{"result": {"ocrResults": [{"prunedResult": {"rec_texts": [], "rec_scores": []}}]}}`},
		classify.PaddleHub: {``, `{}`, `{"msg": "error", "results": "", "status": "101"}`, `{"msg": "", "results": [], "status": "000"}`, `{"msg": "", "results": [null], "status": "000"}`,
			`{"msg": "", "results": [[]], "status": "101"}`, `{"msg": "", "results": [[]]}`, `{"msg": "", "results": [[{"text": "x"}]], "status": "0"}`},
	} {
		for _, answer := range answers {
			reader := set(t, newClock(), classify.Endpoint{Kind: kind, URL: say(t, answer).URL}).TextReader()
			if text, err := reader.ReadText(t.Context(), file(media.JPEG, "jpeg")); code(t, err) != classify.CodeAnswer || text != "" {
				t.Errorf("%s %s: %q, %v", kind, answer, text, err)
			}
		}
	}
	// A picture without text is an answer.
	for kind, answer := range map[classify.Kind]string{
		classify.OCR:       `{"texts": []}`,
		classify.PaddleOCR: `{"errorCode": 0, "result": {"ocrResults": [{"prunedResult": {"rec_texts": [], "rec_scores": []}}]}}`,
		classify.PaddleHub: `{"msg": "", "results": [[]], "status": "0"}`,
	} {
		if n, err := classify.ReadOCR([]byte(answer), kind); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", kind, n, err)
		}
	}
}

func TestTranscriber(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r asked) {
		_, params, err := mime.ParseMediaType(r.kind)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		form := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
		for part, err := form.NextPart(); err == nil; part, err = form.NextPart() {
			text, err := io.ReadAll(part)
			if err != nil {
				t.Error(err)
			}
			got[part.FormName()+"/"+part.FileName()] = string(text)
		}
		if diff := cmp.Diff(map[string]string{"file/sound.flac": "fLaC…", "model/": "whisper-1", "response_format/": "json", "language/": "zh"}, got); diff != "" || r.path != "/v1/audio/transcriptions" {
			t.Errorf("%s %s", r.path, diff)
		}
		write(w, `{"text": "今天天气不错", "usage": {"type": "duration", "seconds": 3}}`)
	})
	e := classify.Endpoint{Kind: classify.Transcriptions, URL: s.URL + "/v1", Model: "whisper-1", Language: "zh"}
	tr := set(t, newClock(), e).Transcriber()
	for range 2 {
		if text, err := tr.Transcribe(t.Context(), file(media.FLAC, "fLaC…")); err != nil || text != "今天天气不错" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
	if _, err := tr.Transcribe(t.Context(), file(media.JPEG, "x")); code(t, err) != classify.CodeFormat {
		t.Errorf("a picture: %v", err)
	}
	if _, err := tr.Transcribe(t.Context(), file(media.WAV, strings.Repeat("x", 25<<20+1))); code(t, err) != classify.CodeLarge {
		t.Errorf("a large sound: %v", err)
	}
	for _, answer := range []string{``, `{}`, `{"text": null}`, `{"text": 3}`, `words alone`, `{"text": "cut`, `{"error": {"message": "x"}}`} {
		tr := set(t, newClock(), classify.Endpoint{Kind: classify.Transcriptions, URL: say(t, answer).URL, Model: "m"}).Transcriber()
		if text, err := tr.Transcribe(t.Context(), file(media.FLAC, "x")); code(t, err) != classify.CodeAnswer || text != "" {
			t.Errorf("%s: %q, %v", answer, text, err)
		}
	}
	silent := set(t, newClock(), classify.Endpoint{Kind: classify.Transcriptions, URL: say(t, `{"text": ""}`).URL, Model: "m"}).Transcriber()
	if text, err := silent.Transcribe(t.Context(), file(media.Opus, "x")); err != nil || text != "" {
		t.Errorf("silence: %q, %v", text, err)
	}
}
