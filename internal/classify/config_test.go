package classify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/screen"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	right := classify.Endpoint{Name: "qwen", Kind: classify.Chat, URL: "https://guard.example/v1", Model: "Qwen3Guard-Gen-4B", Template: "qwen3guard"}
	for setting, change := range map[string]func(*classify.Endpoint){
		"":           func(*classify.Endpoint) {},
		"name":       func(e *classify.Endpoint) { e.Name = "Qwen 3" },
		"kind":       func(e *classify.Endpoint) { e.Kind = "grpc" },
		"url":        func(e *classify.Endpoint) { e.URL = "http://guard.example/v1" },
		"model":      func(e *classify.Endpoint) { e.Model = "" },
		"template":   func(e *classify.Endpoint) { e.Template = "nobody" },
		"covers":     func(e *classify.Endpoint) { e.Covers = []string{"nonsense"} },
		"surfaces":   func(e *classify.Endpoint) { e.Surfaces = []string{"inputs"} },
		"language":   func(e *classify.Endpoint) { e.Language = "Chinese, spoken in Sichuan" },
		"timeout":    func(e *classify.Endpoint) { e.Timeout = -time.Second },
		"in-flight":  func(e *classify.Endpoint) { e.InFlight = -1 },
		"queue":      func(e *classify.Endpoint) { e.Queue = 1 << 20 },
		"failures":   func(e *classify.Endpoint) { e.Failures = -1 },
		"rest":       func(e *classify.Endpoint) { e.Rest = 48 * time.Hour },
		"max-input":  func(e *classify.Endpoint) { e.MaxInput = 1 << 20 },
		"max-answer": func(e *classify.Endpoint) { e.MaxAnswer = -1 },
		"window":     func(e *classify.Endpoint) { e.Window = 10 },
		"cache-time": func(e *classify.Endpoint) { e.CacheTime = 1000 * time.Hour },
		"cache-size": func(e *classify.Endpoint) { e.CacheSize = -1 },
		"threshold":  func(e *classify.Endpoint) { e.Threshold = 2 },
		"key-file":   func(e *classify.Endpoint) { e.Key = "two\r\nlines" },
	} {
		e := right
		change(&e)
		wrong(t, setting, e)
	}
	for setting, list := range map[string][]classify.Endpoint{
		"name":     {right, right},
		"kind":     {{Name: "a", Kind: classify.OCR, URL: "http://127.0.0.1:1"}, {Name: "b", Kind: classify.PaddleHub, URL: "http://127.0.0.1:1"}},
		"covers":   {{Name: "a", Kind: classify.LiteLLM, URL: "http://127.0.0.1:1"}},
		"template": {{Name: "a", Kind: classify.Moderations, URL: "http://127.0.0.1:1", Template: "qwen3guard"}},
		"":         {right, {Name: "a", Kind: classify.Transcriptions, URL: "http://127.0.0.1:1", Model: "m"}, {Name: "b", Kind: classify.OCR, URL: "http://localhost:1"}},
	} {
		wrong(t, setting, list...)
	}
	for address, ok := range map[string]bool{
		"https://guard.example": true, "http://127.0.0.1:8000/v1": true, "http://[::1]:8000": true, "http://localhost": true, "http://10.0.0.5:8000": false,
		"https://user:password@guard.example": false, "https://guard.example/?key=1": false, "https://guard.example/#a": false, "ftp://guard.example": false,
		"guard.example": false, "": false, "https://": false, "file:///etc/passwd": false,
	} {
		e := right
		e.URL = address
		wrong(t, map[bool]string{true: "", false: "url"}[ok], e)
	}
	e := right
	e.URL, e.Plain = "http://vllm:8000/v1", true
	wrong(t, "", e)
}

// wrong checks which setting an error names.
func wrong(t *testing.T, setting string, endpoints ...classify.Endpoint) {
	t.Helper()
	err := classify.Check(endpoints, nil)
	var e *colophon.Error
	if errors.As(err, &e); setting == "" && err != nil || setting != "" && (e == nil || e.Code != classify.CodeSetting || e.Args["setting"] != setting || e.Kind != colophon.Invalid) {
		t.Errorf("%+v: %v, want %q", endpoints, err, setting)
	}
	if e != nil {
		clock := newClock()
		if _, err := classify.New(classify.Config{Endpoints: endpoints, Now: clock.now, Wait: clock.wait, NewID: func() string { return "" }}); err == nil {
			t.Errorf("New takes what Check refuses: %s", setting)
		}
	}
}

// TestFile reads endpoints as the server reads its configuration.
func TestFile(t *testing.T) {
	t.Parallel()
	k := koanf.New("\x00")
	values, err := yaml.Parser().Unmarshal([]byte(`
classifiers:
  - name: qwen
    kind: chat
    url: http://127.0.0.1:8000/v1
    key-file: /run/secrets/qwen
    model: Qwen/Qwen3Guard-Gen-4B
    template: qwen3guard
    covers: [violence, drugs]
    surfaces: [input]
    timeout: 2s
    cache-time: -1s
    threshold: 0.5
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Load(confmap.Provider(values, "\x00"), nil); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Classifiers []classify.Endpoint `koanf:"classifiers"`
	}
	if err := k.Unmarshal("", &file); err != nil {
		t.Fatal(err)
	}
	e := file.Classifiers[0]
	if e.Kind != classify.Chat || e.KeyFile != "/run/secrets/qwen" || e.Timeout != 2*time.Second || e.CacheTime != -time.Second || len(e.Covers) != 2 || e.Threshold != 0.5 || e.Surfaces[0] != "input" {
		t.Errorf("%+v", e)
	}
	wrong(t, "", e)
}

func TestSecret(t *testing.T) {
	t.Parallel()
	e := classify.Endpoint{Name: "a", Key: key}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "endpoint", e, "key", e.Key)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "endpoint", e, "key", e.Key)
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{log.String(), string(text), fmt.Sprint(e), fmt.Sprintf("%v %+v %#v %s %q", e, e, e, e.Key, e.Key)} {
		if strings.Contains(s, key) || !strings.Contains(s, "***") {
			t.Errorf("the key is told: %s", s)
		}
	}
}

// TestOwnFiles checks that an operator's data file goes before ours, and that one out of form is refused.
func TestOwnFiles(t *testing.T) {
	t.Parallel()
	s := say(t, completed("unsafe\nS1,S2", "stop", "null"))
	e := chatOf(s, "llamaguard3")
	e.Name = "guard"
	mine := func(file string) fs.FS { return fstest.MapFS{"llamaguard3.json": {Data: []byte(file)}} }
	right := `{"version": "7", "source": ["here"], "parser": "llamaguard", "max_tokens": 8, "categories": {"S1": "gambling"}}`
	clock := newClock()
	set, err := classify.New(classify.Config{Endpoints: []classify.Endpoint{e}, Models: mine(right), Now: clock.now, Wait: clock.wait, NewID: func() string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	c := set.Classifiers()[0]
	got, err := c.Classify(t.Context(), input("x"))
	if err != nil || found(got) != "gambling/block/0.00/S1 other/block/0.00/S2" || !strings.Contains(got.Version, "llamaguard3-7-") {
		t.Errorf("%s %s, %v", found(got), got.Version, err)
	}
	if covers := c.Covers(); len(covers) != 1 || covers[0] != "gambling" {
		t.Errorf("covers %v", covers)
	}
	for _, file := range []string{
		``, `{}`, strings.Replace(right, `"7"`, `""`, 1), strings.Replace(right, `"llamaguard"`, `"wildguard"`, 1), strings.Replace(right, `8`, `0`, 1),
		strings.Replace(right, `gambling`, `bets`, 1), strings.Replace(right, `{"S1": "gambling"}`, `{}`, 1), strings.Replace(right, `"llamaguard"`, `"shieldgemma"`, 1),
		strings.Replace(right, `"llamaguard"`, `"moderation"`, 1), right + "x", strings.Replace(right, `"max_tokens": 8`, `"max_tokens": 8, "logprobs": 99`, 1),
		strings.Replace(right, `"parser"`, `"argument": "x", "questions": [{"word": "y", "input": "z", "output": "z"}], "parser"`, 1),
	} {
		if err := classify.Check([]classify.Endpoint{e}, mine(file)); code(t, err) != classify.CodeSetting {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestData checks the data files: each can be used, and leads to categories of the taxonomy.
func TestData(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"qwen3guard", "llamaguard3", "llamaguard4", "shieldgemma"} {
		c := classifier(t, classify.Endpoint{Kind: classify.Chat, URL: "http://127.0.0.1:1", Model: "m", Template: name})
		if len(c.Covers()) < 4 {
			t.Errorf("%s covers %v", name, c.Covers())
		}
		for _, category := range c.Covers() {
			if _, ok := category.Topic(); !ok {
				t.Errorf("%s leads to %s, which is no topic", name, category)
			}
		}
	}
}

// TestKinds checks that each kind makes what package screen wants of it.
func TestKinds(t *testing.T) {
	t.Parallel()
	for kind, e := range map[classify.Kind]classify.Endpoint{
		classify.Moderations: {}, classify.Chat: {Model: "m", Template: "qwen3guard"}, classify.LiteLLM: {Covers: []string{"fraud"}}, classify.Stream: {Covers: []string{"fraud"}},
		classify.OCR: {}, classify.PaddleOCR: {}, classify.PaddleHub: {}, classify.Transcriptions: {Model: "m"},
	} {
		e.Kind, e.URL = kind, "http://127.0.0.1:1"
		s := set(t, newClock(), e)
		got := [3]bool{len(s.Classifiers()) == 1, s.TextReader() != nil, s.Transcriber() != nil}
		reads, hears := kind == classify.OCR || kind == classify.PaddleOCR || kind == classify.PaddleHub, kind == classify.Transcriptions
		if want := [3]bool{!reads && !hears, reads, hears}; got != want {
			t.Errorf("%s: %v", kind, got)
		}
		if got[0] {
			c := s.Classifiers()[0]
			_, along := c.(screen.StreamClassifier)
			if c.Name() != "guard" || len(c.Covers()) == 0 || along != (kind == classify.Stream) {
				t.Errorf("%s: %s, %v, %v", kind, c.Name(), c.Covers(), along)
			}
			if _, ok := c.(screen.SurfaceClassifier); !ok {
				t.Errorf("%s does not say for which surfaces it is", kind)
			}
		}
	}
}
