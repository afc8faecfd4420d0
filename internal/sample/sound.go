package sample

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// coding is how ffmpeg writes a form of sound, and its type.
type coding struct {
	typ  string
	args []string
}

// codings are the forms of sound that ffmpeg writes.
var codings = map[string]coding{
	"mp3":  {"audio/mpeg", []string{"-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"}},
	"opus": {"audio/ogg", []string{"-c:a", "libopus", "-b:a", "48k", "-f", "ogg"}},
	"aac":  {"audio/aac", []string{"-c:a", "aac", "-b:a", "96k", "-f", "adts"}},
	"flac": {"audio/flac", []string{"-c:a", "flac", "-f", "flac"}},
}

// raw are ffmpeg's words for samples as they are played.
func raw() []string {
	return []string{"-f", "s16le", "-ar", strconv.Itoa(rate), "-ac", "1"}
}

// mostSpoken is the longest text that is played, in characters.
const mostSpoken = 4096

// speech answers POST /v1/audio/speech.
func (m *Model) speech(x *exchange) {
	var in struct {
		Model  string `json:"model"`
		Input  string `json:"input"`
		Format string `json:"response_format"`
		Stream string `json:"stream_format"`
	}
	if x.check(x.decode(&in)) {
		return
	}
	switch {
	case in.Model != Sound:
		x.refuse(noModel(in.Model))
		return
	case in.Input == "" || utf8.RuneCountInString(in.Input) > mostSpoken:
		x.refuse(bad("input", "input has from 1 to %d characters", mostSpoken))
		return
	case in.Stream == "sse":
		x.refuse(bad("stream_format", "sound is given whole"))
		return
	}
	if x.begin(in.Input) {
		return
	}
	said := plain(in.Input)
	if text := x.switches.text("say"); text != "" {
		said = text
	}
	typ, sound, err := m.voice(x.request.Context(), play(said), in.Format)
	if !x.check(err) {
		x.answer(http.StatusOK, typ, sound)
	}
}

// voice is samples in a form.
func (m *Model) voice(ctx context.Context, samples []int16, format string) (typ string, sound []byte, err error) {
	switch format {
	case "wav":
		return "audio/wav", wav(samples), nil
	case "pcm":
		return "audio/pcm", pcm(samples), nil
	case "":
		format = "mp3"
	}
	c, ok := codings[format]
	switch {
	case !ok:
		return "", nil, bad("response_format", "response_format is mp3, opus, aac, flac, wav or pcm")
	case m.config.Tools == nil:
		return "", nil, bad("response_format", "only wav and pcm can be made without ffmpeg")
	}
	var out bytes.Buffer
	args := append(append(append(raw(), "-i", "pipe:0"), c.args...), "pipe:1")
	if err := m.config.Tools.Run(ctx, args, bytes.NewReader(pcm(samples)), &out, nil); err != nil {
		return "", nil, err
	}
	return c.typ, out.Bytes(), nil
}

// hear is the text that was played in a file.
func (m *Model) hear(ctx context.Context, file []byte) (text string, seconds float64) {
	samples, ok := unwav(file)
	if !ok && m.config.Tools != nil {
		var out bytes.Buffer
		args := append(append([]string{"-i", "pipe:0", "-t", "600"}, raw()...), "pipe:1")
		if m.config.Tools.Run(ctx, args, bytes.NewReader(file), &out, nil) == nil {
			samples = samplesOf(out.Bytes())
		}
	}
	if text, ok = listen(samples); !ok {
		text = "unknown"
	}
	return text, float64(len(samples)) / rate
}

// transcribe answers POST /v1/audio/transcriptions and /v1/audio/translations, which translates nothing.
func (m *Model) transcribe(x *exchange) {
	if x.check(x.read()) {
		return
	}
	x.request.Body = io.NopCloser(bytes.NewReader(x.body))
	f, _, err := x.request.FormFile("file")
	if err != nil {
		x.refuse(bad("file", "there is no file"))
		return
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, mostSound))
	switch {
	case x.check(err):
		return
	case x.request.FormValue("model") != Sound:
		x.refuse(noModel(x.request.FormValue("model")))
		return
	case x.begin(x.request.FormValue("prompt")):
		return
	}
	text, seconds := m.hear(x.request.Context(), file)
	if said := x.switches.text("say"); said != "" {
		text = said
	}
	if x.request.FormValue("stream") == "true" {
		s := x.events()
		for _, piece := range tokens(text) {
			s.send("", object{"type": "transcript.text.delta", "delta": piece})
		}
		s.send("", object{"type": "transcript.text.done", "text": text})
		s.done()
		return
	}
	x.transcript(x.request.FormValue("response_format"), text, seconds)
}

// transcript answers with a text in one of the forms.
func (x *exchange) transcript(format, text string, seconds float64) {
	clock := func(comma string) string {
		ms := int(seconds * 1000)
		return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, comma, ms%1000)
	}
	segment := object{"id": 0, "seek": 0, "start": 0, "end": seconds, "text": text, "tokens": []int{}, "temperature": 0, "avg_logprob": 0, "compression_ratio": 1, "no_speech_prob": 0}
	usage := object{"type": "duration", "seconds": seconds}
	switch format {
	case "", "json":
		x.json(http.StatusOK, object{"text": text, "usage": usage})
	case "verbose_json":
		task := "transcribe"
		if strings.HasSuffix(x.request.URL.Path, "translations") {
			task = "translate"
		}
		x.json(http.StatusOK, object{"task": task, "language": "unknown", "duration": seconds, "text": text, "segments": []object{segment}, "usage": usage})
	case "text":
		x.answer(http.StatusOK, "text/plain; charset=utf-8", []byte(text+"\n"))
	case "srt":
		x.answer(http.StatusOK, "text/plain; charset=utf-8", []byte("1\n00:00:00,000 --> "+clock(",")+"\n"+text+"\n\n"))
	case "vtt":
		x.answer(http.StatusOK, "text/vtt; charset=utf-8", []byte("WEBVTT\n\n00:00:00.000 --> "+clock(".")+"\n"+text+"\n\n"))
	default:
		x.refuse(bad("response_format", "response_format is json, text, srt, verbose_json or vtt"))
	}
}
