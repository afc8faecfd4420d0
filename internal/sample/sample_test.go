package sample_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/sample"
)

// world is a model server and a client of it.
type world struct {
	*testing.T
	model  *sample.Model
	server *httptest.Server
	tools  *ffmpeg.Tools
}

func open(t *testing.T, c sample.Config) *world {
	t.Helper()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Now == nil {
		c.Now = func() time.Time { return time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC) }
	}
	w := &world{T: t, model: sample.New(c), tools: tools}
	w.server = httptest.NewServer(w.model)
	t.Cleanup(w.server.Close)
	return w
}

// ask sends a body, or a form where typ says so, and returns the answer; err is that of reading the answer.
func (w *world) ask(ctx context.Context, method, path, typ, body string, header ...string) (res *http.Response, answer []byte, err error) {
	w.Helper()
	req, err := http.NewRequestWithContext(ctx, method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Content-Type", typ)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if res, err = client.Do(req); err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res, answer, err
}

// chat asks for a chat about a text, and returns the status and the answer.
func (w *world) chat(text, more string) (status int, answer string, err error) {
	w.Helper()
	content, err := json.Marshal(text)
	if err != nil {
		w.Fatal(err)
	}
	res, said, err := w.ask(w.Context(), "POST", "/v1/chat/completions", "application/json", `{"model":"colophon-sample-text","messages":[{"role":"user","content":`+string(content)+`}]`+more+`}`)
	if res != nil {
		status = res.StatusCode
	}
	return status, string(said), err
}

// TestSwitches turns each switch on and looks for what it does.
func TestSwitches(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{})
	secret := base64.RawURLEncoding.EncodeToString([]byte("不可说"))
	for _, c := range []struct {
		text, more   string
		status       int
		broken       bool
		want, absent string
	}{
		{"你好", "", 200, false, "您说：你好", "[DONE]"},
		{"a [sample?say=Good+day] b", "", 200, false, `"content":"Good day"`, "understands"},
		{"[sample?say64=" + secret + "]", "", 200, false, "不可说", "understands"},
		{"a [sample?say.1=Two]", `,"n":2`, 200, false, `"content":"Two"`, "(2)"},
		{"a", `,"n":2`, 200, false, "(2) You said: a", "sample?"},
		{"[sample?think=Hm]", "", 200, false, `"reasoning_content":"Hm"`, ""},
		{"[sample?call=f&args=%7B%22a%22:1%7D]", "", 200, false, `"arguments":"{\"a\":1}"`, `"finish_reason":"stop"`},
		{"[sample?extra=Aside]", "", 200, false, `"commentary":"Aside"`, ""},
		{"[sample?extra=Aside]", `,"stream":true`, 200, false, `"delta":{"commentary":"Aside"}`, ""},
		{"[sample?paint]", "", 200, false, "data:image/png;base64,iVBOR", ""},
		{"[sample?finish=content_filter]", "", 200, false, `"finish_reason":"content_filter"`, ""},
		{"[sample?say=ab.&repeat=3]", "", 200, false, `"ab.ab.ab."`, ""},
		{"a", `,"stop":"sample"`, 200, false, `"This is the "`, "model, which"},
		{"a", `,"max_tokens":2`, 200, false, `"finish_reason":"length"`, "sample model"},
		{"a [sample?wait=1ms&slow=1ms]", `,"stream":true`, 200, false, "data: [DONE]", ""},
		{"a [sample?break=4]", `,"stream":true`, 200, true, `"content":"the "`, "sample model"},
		{"a [sample?break=1]", "", 200, true, "choices", "system_fingerprint"},
		{"a [sample?frame=4&message=Oh]", `,"stream":true`, 200, false, `data: {"error":{"code":null,"message":"Oh"`, "[DONE]"},
		{"a [sample?nodone]", `,"stream":true`, 200, false, `"finish_reason":"stop"`, "[DONE]"},
		{"a [sample?garbage]", "", 200, false, `{"choices":[{"message":`, "finish"},
		{"a [sample?garbage]", `,"stream":true`, 200, false, "data: {\"choices\":[{\"delta\":\n", ""},
		{"a [sample?twice]", "", 200, false, `{"model":"another"`, ""},
		{"a [sample?nousage]", "", 200, false, "chat", "usage"},
		{"a", `,"stream":true,"stream_options":{"include_usage":true}`, 200, false, `"total_tokens"`, ""},
		{"a [sample?error=429&message64=" + secret + "]", "", 429, false, "不可说", "choices"},
		{"a [sample?redirect=http://other.example/]", "", 307, false, "", "choices"},
		{"a [sample?fail=1&id=x]", "", 503, false, "server_error", "choices"},
		{"a [sample?fail=1&id=x]", "", 200, false, "choices", ""},
		{"a [sample?error=12", "", 200, false, "error=12", ""},
		{"a", `,"n":200`, 400, false, `"param":"n"`, ""},
	} {
		status, said, err := w.chat(c.text, c.more)
		if status != c.status || (err != nil) != c.broken || !strings.Contains(said, c.want) || c.absent != "" && strings.Contains(said, c.absent) {
			t.Errorf("%q %s: %d %v %s", c.text, c.more, status, err, said)
		}
	}
	again, _, err := w.ask(t.Context(), "POST", "/v1/chat/completions", "", `{"model":"colophon-sample-text","messages":[{"content":"a","role":"user"}]}`, "Colophon-Sample", "error=503&retry=7")
	if err != nil || again.StatusCode != 503 || again.Header.Get("Retry-After") != "7" || w.model.Asked() != 31 {
		t.Errorf("%v %v after %d requests", again, err, w.model.Asked())
	}
}

// TestHang leaves a connection open without a word, until the caller goes away; a stream says two words before.
func TestHang(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{})
	came, ended := make(chan bool, 1), make(chan bool, 1)
	w.server.Config.Handler = http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		came <- true
		defer func() { ended <- true }()
		w.model.ServeHTTP(res, req)
	})
	for more, events := range map[string]int{"": 0, `,"stream":true`: 2} {
		ctx, cancel := context.WithCancel(t.Context())
		answered := make(chan error, 1)
		read, write := io.Pipe()
		go func() {
			_, said, err := w.ask(ctx, "POST", "/v1/chat/completions", "", `{"model":"colophon-sample-text","messages":[{"role":"user","content":"a [sample?hang=2]"}]`+more+`}`)
			_, _ = write.Write(said)
			write.Close()
			answered <- err
		}()
		<-came
		if len(ended) > 0 {
			t.Error("it answered")
		}
		cancel()
		said, err := io.ReadAll(read)
		if told := <-answered; err != nil || !errors.Is(told, context.Canceled) || bytes.Count(said, []byte("data:")) > events {
			t.Errorf("%v %v %s", err, told, said)
		}
		<-ended
	}
}

// TestSame asks twice, and expects the same bytes.
func TestSame(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{})
	for _, c := range [][2]string{
		{"/v1/chat/completions", `{"model":"colophon-sample-text","stream":true,"n":2,"messages":[{"role":"user","content":"a"}]}`},
		{"/v1/responses", `{"model":"colophon-sample-text","stream":true,"input":"a","tools":[{"type":"image_generation"}]}`},
		{"/v1/messages", `{"model":"colophon-sample-text","stream":true,"max_tokens":99,"thinking":{"type":"enabled"},"messages":[{"role":"user","content":"a"}]}`},
		{"/v1/images/generations", `{"model":"colophon-sample-image","prompt":"a","response_format":"url"}`},
		{"/v1/audio/speech", `{"model":"colophon-sample-sound","input":"a","response_format":"pcm"}`},
		{"/v1/embeddings", `{"model":"colophon-sample-embedding","input":[[1,2],[3]]}`},
	} {
		_, one, err := w.ask(t.Context(), "POST", c[0], "application/json", c[1])
		if err != nil {
			t.Fatal(err)
		}
		res, two, err := w.ask(t.Context(), "POST", c[0], "application/json", c[1])
		if err != nil || res.StatusCode != 200 || !bytes.Equal(one, two) || len(one) == 0 {
			t.Errorf("%s: %v %v\n%s\n%s", c[0], res, err, one, two)
		}
	}
}

// TestKey refuses who has no key, in both dialects.
func TestKey(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{Key: "k"})
	for _, c := range []struct {
		header []string
		status int
		want   string
	}{
		{nil, 401, `"code":"invalid_api_key"`},
		{[]string{"Authorization", "Bearer j"}, 401, `"code":"invalid_api_key"`},
		{[]string{"X-Api-Key", "j", "Anthropic-Version", "2023-06-01"}, 401, `"type":"authentication_error"`},
		{[]string{"Authorization", "Bearer k"}, 200, `"object":"list"`},
		{[]string{"X-Api-Key", "k", "Anthropic-Version", "2023-06-01"}, 200, `"has_more":false`},
	} {
		res, said, err := w.ask(t.Context(), "GET", "/v1/models", "", "", c.header...)
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(said), c.want) {
			t.Errorf("%v: %v %v %s", c.header, res, err, said)
		}
	}
}

// form is a form with one file, and its type.
func form(t *testing.T, field string, file []byte, fields ...string) (typ, body string) {
	t.Helper()
	var b bytes.Buffer
	f := multipart.NewWriter(&b)
	part, err := f.CreateFormFile(field, "a.bin")
	if err == nil {
		_, err = part.Write(file)
	}
	for i := 0; i < len(fields); i += 2 {
		err = errors.Join(err, f.WriteField(fields[i], fields[i+1]))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.FormDataContentType(), b.String()
}

// TestTones speaks in every form, and reads what was spoken, also behind other sound and at another rate.
func TestTones(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{Tools: nil})
	w.model = sample.New(sample.Config{Tools: w.tools})
	w.server.Config.Handler = w.model
	const said = "早上好, world"
	speak := func(format string) []byte {
		res, sound, err := w.ask(t.Context(), "POST", "/v1/audio/speech", "application/json", `{"model":"colophon-sample-sound","input":"`+said+`","response_format":"`+format+`"}`)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %v %v %s", format, res, err, sound)
		}
		return sound
	}
	hear := func(sound []byte, fields ...string) string {
		typ, body := form(t, "file", sound, append([]string{"model", sample.Sound}, fields...)...)
		_, heard, err := w.ask(t.Context(), "POST", "/v1/audio/transcriptions", typ, body)
		if err != nil {
			t.Fatal(err)
		}
		return string(heard)
	}
	wav := speak("wav")
	var behind bytes.Buffer
	err := w.tools.Run(t.Context(), []string{"-f", "lavfi", "-i", "sine=frequency=1000:duration=1.003", "-i", "pipe:0", "-filter_complex", "[0][1]concat=n=2:v=0:a=1,aresample=44100", "-ac", "2", "-f", "wav", "pipe:1"}, bytes.NewReader(wav), &behind, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, sound := range map[string][]byte{"wav": wav, "mp3": speak("mp3"), "opus": speak("opus"), "aac": speak("aac"), "flac": speak("flac"), "behind": behind.Bytes()} {
		if heard := hear(sound, "response_format", "text"); heard != said+"\n" {
			t.Errorf("%s: %q", name, heard)
		}
	}
	for form, want := range map[string]string{"json": `"text":"` + said, "verbose_json": `"segments":[{`, "srt": "00:00:00,000 --> 00:00:00,840", "vtt": "WEBVTT"} {
		if heard := hear(wav, "response_format", form); !strings.Contains(heard, said) || !strings.Contains(heard, want) {
			t.Errorf("%s: %s", form, heard)
		}
	}
	if heard := hear(wav, "stream", "true"); !strings.Contains(heard, `"delta":"world"`) {
		t.Errorf("%s", heard)
	}
	for name, sound := range map[string][]byte{"text": []byte("no sound"), "cut": wav[:len(wav)/2], "nothing": nil} {
		if heard := hear(sound); !strings.Contains(heard, `"text":"unknown"`) {
			t.Errorf("%s: %s", name, heard)
		}
	}
}

// TestPictures draws in each format and size, by address too, and draws over a picture that is given.
func TestPictures(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{Base: "http://models.example/"})
	decode := func(picture []byte, format string, width int) {
		t.Helper()
		c, got, err := image.DecodeConfig(bytes.NewReader(picture))
		if err != nil || got != format || c.Width != width {
			t.Errorf("%v %s %v, not %s", c.Width, got, err, format)
		}
	}
	first := func(answer []byte) (b []byte, url string) {
		t.Helper()
		var got struct {
			Data []struct {
				B64 []byte `json:"b64_json"`
				URL string
			}
		}
		if err := json.Unmarshal(answer, &got); err != nil || len(got.Data) == 0 {
			t.Fatalf("%v %s", err, answer)
		}
		return got.Data[0].B64, got.Data[0].URL
	}
	var drawn []byte
	for _, format := range []string{"png", "jpeg", "webp"} {
		_, answer, err := w.ask(t.Context(), "POST", "/v1/images/generations", "application/json", `{"model":"colophon-sample-image","prompt":"a sun","size":"96x64","output_format":"`+format+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		drawn, _ = first(answer)
		decode(drawn, format, 96)
	}
	_, answer, err := w.ask(t.Context(), "POST", "/v1/images/generations", "application/json", `{"model":"colophon-sample-image","prompt":"a sun","response_format":"url"}`)
	if err != nil {
		t.Fatal(err)
	}
	_, address := first(answer)
	path, ok := strings.CutPrefix(address, "http://models.example")
	_, picture, err := w.ask(t.Context(), "GET", path, "", "")
	if err != nil || !ok {
		t.Fatal(address, err)
	}
	decode(picture, "png", 512)
	for _, endpoint := range []string{"edits", "variations"} {
		typ, body := form(t, "image", drawn, "model", sample.Image, "prompt", "more", "size", "64x64", "n", "2")
		_, answer, err := w.ask(t.Context(), "POST", "/v1/images/"+endpoint, typ, body)
		if err != nil {
			t.Fatal(err)
		}
		changed, _ := first(answer)
		decode(changed, "png", 64)
	}
	_, answer, err = w.ask(t.Context(), "POST", "/v1/images/edits", "application/json", `{"model":"colophon-sample-image","prompt":"x","images":[{"image_url":"data:image/webp;base64,`+base64.StdEncoding.EncodeToString(drawn)+`"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	changed, _ := first(answer)
	decode(changed, "png", 512)
	for _, body := range []string{`{"model":"colophon-sample-image"}`, `{"model":"colophon-sample-image","prompt":"a","size":"9x9"}`, `{"model":"colophon-sample-image","prompt":"a","n":11}`, `{"model":"colophon-sample-image","prompt":"a","output_format":"bmp"}`} {
		if res, said, err := w.ask(t.Context(), "POST", "/v1/images/generations", "application/json", body); err != nil || res.StatusCode != 400 {
			t.Errorf("%s: %v %s", body, err, said)
		}
	}
}

// TestFilms makes a film, as a job that is done after it was asked about; and one that fails.
func TestFilms(t *testing.T) {
	t.Parallel()
	w := open(t, sample.Config{})
	if res, said, err := w.ask(t.Context(), "POST", "/v1/videos", "application/json", `{"model":"colophon-sample-video","prompt":"a"}`); err != nil || res.StatusCode != 501 {
		t.Errorf("without ffmpeg: %v %s", err, said)
	}
	w.server.Config.Handler = sample.New(sample.Config{Tools: w.tools})
	ask := func(method, path, body string) (status, said string, content []byte) {
		t.Helper()
		res, answer, err := w.ask(t.Context(), method, path, "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		var film struct{ Status string }
		_ = json.Unmarshal(answer, &film) // a film itself has none
		return fmt.Sprint(res.StatusCode), film.Status, answer
	}
	if _, state, _ := ask("POST", "/v1/videos", `{"model":"colophon-sample-video","prompt":"a","seconds":"1","size":"64x48"}`); state != "queued" {
		t.Error(state)
	}
	if status, _, _ := ask("GET", "/v1/videos/video_sample1/content", ""); status != "404" {
		t.Error(status)
	}
	_, one, _ := ask("GET", "/v1/videos/video_sample1", "")
	_, two, _ := ask("GET", "/v1/videos/video_sample1", "")
	if one != "in_progress" || two != "completed" {
		t.Error(one, two)
	}
	_, _, film := ask("GET", "/v1/videos/video_sample1/content", "")
	scratch, err := w.tools.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	path, err := scratch.Write("a.mp4", bytes.NewReader(film))
	if err != nil {
		t.Fatal(err)
	}
	probe, err := w.tools.Probe(t.Context(), path)
	if picture, ok := probe.First("video"); err != nil || !ok || picture.Width != 64 || len(probe.Streams) != 2 {
		t.Errorf("%v %+v", err, probe)
	}
	if _, state, _ := ask("POST", "/v1/videos", `{"model":"colophon-sample-video","prompt":"[sample?failed&polls=1]"}`); state != "queued" {
		t.Error(state)
	}
	if _, state, _ := ask("GET", "/v1/videos/video_sample2", ""); state != "failed" {
		t.Error(state)
	}
	ask("DELETE", "/v1/videos/video_sample2", "")
	if status, _, _ := ask("GET", "/v1/videos/video_sample2", ""); status != "404" {
		t.Error(status)
	}
}

// FuzzModel sends bodies to the endpoints that take JSON: an answer or a refusal, and no crash.
func FuzzModel(f *testing.F) {
	paths := []string{"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"}
	for i, body := range []string{
		`{"model":"colophon-sample-text","messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,aaaa"}]}],"tools":[{"type":"custom","custom":{"name":"f"}}],"tool_choice":{"type":"custom","custom":{"name":"f"}}}`,
		`{"model":"colophon-sample-text","prompt":["a","b"],"echo":true,"stream":true}`,
		`{"model":"colophon-sample-text","input":[{"type":"function_call_output","output":"a"}],"text":{"format":{"type":"json_schema","schema":{"anyOf":[{"type":"array","items":{"const":1}}]}}}}`,
		`{"model":"colophon-sample-text","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","content":"a"}]}]}`,
		`{"model":"colophon-sample-embedding","input":[[1]],"encoding_format":"base64"}`,
	} {
		f.Add(uint8(i), body)
	}
	gone, cancel := context.WithCancel(f.Context()) // nothing waits or hangs for a caller who is gone
	cancel()
	model := sample.New(sample.Config{})
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		defer func() {
			if thrown := recover(); thrown != nil && thrown != http.ErrAbortHandler {
				panic(thrown)
			}
		}()
		w := httptest.NewRecorder()
		model.ServeHTTP(w, httptest.NewRequestWithContext(gone, "POST", paths[int(which)%len(paths)], strings.NewReader(body)))
		if w.Code == http.StatusInternalServerError && !strings.Contains(body, "error") {
			t.Errorf("%s", w.Body)
		}
	})
}

// FuzzTranscribe sends files to be heard.
func FuzzTranscribe(f *testing.F) {
	model := sample.New(sample.Config{})
	w := httptest.NewRecorder()
	model.ServeHTTP(w, httptest.NewRequest("POST", "/v1/audio/speech", strings.NewReader(`{"model":"colophon-sample-sound","input":"a","response_format":"wav"}`)))
	f.Add(w.Body.Bytes())
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x04\x00\x00\x00\x01\x00\x01\x00data\x01\x00\x00\x00a"))
	f.Fuzz(func(t *testing.T, file []byte) {
		typ, body := form(t, "file", file, "model", sample.Sound)
		r := httptest.NewRequest("POST", "/v1/audio/transcriptions", strings.NewReader(body))
		r.Header.Set("Content-Type", typ)
		w := httptest.NewRecorder()
		model.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
