package detect_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/detect"
	"github.com/colophon-project/colophon/internal/media"
)

// TestAnswers has only an answer that is exactly one count as a look at the file.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		answer string
		seen   bool
		told   bool
	}{
		{200, `{"score":0.93,"version":"m-1"}`, true, true},
		{200, `{"score":0.7}`, true, true},
		{200, `{"score":0.1,"version":"m-1"}`, false, true},
		{200, `{"version":"m-1"}`, false, false},
		{200, `{"score":7}`, false, false},
		{200, `{"score":"high"}`, false, false},
		{200, `<html>`, false, false},
		{204, ``, false, false},
		{500, `{"score":0.1}`, false, false},
		{302, `{"score":0.1}`, false, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != "the file" || r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Authorization") != "Bearer k" {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			w.Header().Set("Location", "/")
			w.WriteHeader(c.status)
			io.WriteString(w, c.answer)
		}))
		d, err := detect.New(detect.Endpoint{Name: "classifier", URL: server.URL, Threshold: 0.7, Kinds: []media.Modality{media.ModalityImage}}, "k", nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Detect(t.Context(), intake.Sample{Source: media.Memory("the file"), Format: media.PNG})
		if (err == nil) != c.told || s.Seen != c.seen {
			t.Errorf("%d %s: %+v, %v", c.status, c.answer, s, err)
		}
		var e *colophon.Error
		if _, err := d.Detect(t.Context(), intake.Sample{Source: media.Memory("the file"), Format: media.MP3}); !errors.As(err, &e) || e.Kind != colophon.Unsupported {
			t.Errorf("a kind that it was not set for: %v", err)
		}
		server.Close()
		if _, err := d.Detect(t.Context(), intake.Sample{Source: media.Memory("the file"), Format: media.PNG}); err == nil || errors.As(err, &e) && e.Kind == colophon.Unsupported {
			t.Errorf("nobody answers: %v", err)
		}
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for _, e := range []detect.Endpoint{{}, {Name: "label", URL: "http://a/"}, {Name: "Eye", URL: "http://a/"}, {Name: "eye", URL: "ftp://a/"}, {Name: "eye", URL: "http://u:p@a/"},
		{Name: "eye", URL: "http://a/", Threshold: 2}, {Name: "eye", URL: "http://a/", Timeout: -time.Second}, {Name: "eye", URL: "http://a/", Kinds: []media.Modality{"smell"}}} {
		if _, err := detect.New(e, "", nil); err == nil {
			t.Errorf("%+v is taken", e)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, text := range []string{`{"score":0.5,"version":"m"}`, `{"score":1e-9}`, `{"score":-1}`, `{"score":null}`, `[0.9]`, `{"score":0.9`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		seen, score, err := detect.Read(text)
		if err == nil && (score < 0 || score > 1 || seen != (score >= 0.5)) || err != nil && seen {
			t.Errorf("%q: %v %v %v", text, seen, score, err)
		}
	})
}
