package classify

import (
	"cmp"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Kind is what an endpoint speaks.
type Kind string

// The kinds.
const (
	Moderations    Kind = "moderations"    // OpenAI's POST /v1/moderations
	Chat           Kind = "chat"           // OpenAI's POST /v1/chat/completions, with a template
	LiteLLM        Kind = "litellm"        // LiteLLM's generic guardrail API
	Stream         Kind = "stream"         // our own, for texts that are being written
	OCR            Kind = "ocr"            // our own, for text in pictures
	PaddleOCR      Kind = "paddleocr"      // POST /ocr of PaddleOCR 3 and PaddleX
	PaddleHub      Kind = "paddlehub"      // POST /predict/ocr_system of PaddleOCR 2
	Transcriptions Kind = "transcriptions" // OpenAI's POST /v1/audio/transcriptions
)

// paths are what follows the address of an endpoint of each kind. The address of OpenAI's ends in /v1, as its clients have it.
var paths = map[Kind]string{
	Moderations: "/moderations", Chat: "/chat/completions", LiteLLM: "/beta/litellm_basic_guardrail_api", Stream: "", OCR: "",
	PaddleOCR: "/ocr", PaddleHub: "/predict/ocr_system", Transcriptions: "/audio/transcriptions",
}

// Secret is a credential. It shows itself to nobody.
type Secret string

// String hides the secret.
func (s Secret) String() string { return "***" }

// GoString hides the secret.
func (s Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue("***") }

// Endpoint is one classifier, reader of text or transcriber, as the configuration has it. Of a field that is 0 or empty the
// default holds.
type Endpoint struct {
	Name string `koanf:"name"` // as records tell it
	Kind Kind   `koanf:"kind"`
	URL  string `koanf:"url"`
	// KeyFile is the file of the key, which the caller reads into Key.
	KeyFile string `koanf:"key-file"`
	Key     Secret `koanf:"-"`
	Model   string `koanf:"model"`
	// Template is the data file of a chat model: qwen3guard, llamaguard3, llamaguard4, shieldgemma or one of the operator's.
	Template string `koanf:"template"`
	// Covers are the categories that the endpoint answers for; those of its data file by default.
	Covers   []string `koanf:"covers"`
	Surfaces []string `koanf:"surfaces"` // input, output, upload; all by default
	Language string   `koanf:"language"` // of sound, by ISO 639-1

	Timeout   time.Duration `koanf:"timeout"`    // of a call; 5 s, pictures 15 s, sound 60 s
	InFlight  int           `koanf:"in-flight"`  // calls at once; 8
	Queue     int           `koanf:"queue"`      // calls that wait; 64
	Failures  int           `koanf:"failures"`   // in a row, then it is left alone; 5
	Rest      time.Duration `koanf:"rest"`       // for so long; 30 s
	MaxInput  int           `koanf:"max-input"`  // MiB of a file; 10, sound 25
	MaxAnswer int           `koanf:"max-answer"` // KiB; 1024, pictures 16384
	Window    int           `koanf:"window"`     // runes of a text that are sent at once; 4000
	CacheTime time.Duration `koanf:"cache-time"` // 10 m; negative for no cache
	CacheSize int           `koanf:"cache-size"` // MiB; 8
	// Threshold is the score from which on something counts as found although the model does not say so; 0 for none. Models
	// that score nothing, or only what they found, such as Qwen3Guard and Llama Guard, know none. Of a reader of text it is
	// the confidence below which a text is left out.
	Threshold float64 `koanf:"threshold"`
	Plain     bool    `koanf:"plain"` // HTTP without TLS, beyond loopback
}

var endpointName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,39}$`)

// setting is the error about a field.
func setting(e Endpoint, name string, cause error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSetting, Args: colophon.Args{"endpoint": e.Name, "setting": name}, Err: cause}
}

// Check returns what is wrong with a configuration, or nil: the first field of the first endpoint, by its name in the file.
// Models are the operator's data files, as in [Config].
func Check(endpoints []Endpoint, models fs.FS) error {
	names := map[string]bool{}
	singles := map[string]bool{}
	for _, e := range endpoints {
		if !endpointName.MatchString(e.Name) || names[e.Name] {
			return setting(e, "name", nil)
		}
		names[e.Name] = true
		if err := e.check(models); err != nil {
			return err
		}
		if use := e.Kind.single(); use != "" && singles[use] {
			return setting(e, "kind", errors.New("only one such endpoint is used"))
		} else if use != "" {
			singles[use] = true
		}
	}
	return nil
}

// single names the use of a kind that there is one endpoint for.
func (k Kind) single() string {
	switch k {
	case OCR, PaddleOCR, PaddleHub:
		return "reader"
	case Transcriptions:
		return "transcriber"
	}
	return ""
}

func (e Endpoint) check(models fs.FS) error {
	if _, known := paths[e.Kind]; !known {
		return setting(e, "kind", nil)
	}
	if _, err := e.address(); err != nil {
		return setting(e, "url", err)
	}
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"model", (e.Model != "" || e.Kind != Chat && e.Kind != Transcriptions) && len(e.Model) <= 200},
		{"template", (e.Template != "") == (e.Kind == Chat)},
		{"covers", (len(e.Covers) > 0 || e.Kind != LiteLLM && e.Kind != Stream) && !slices.ContainsFunc(e.Covers, func(c string) bool { return !known(c) })},
		{"surfaces", !slices.ContainsFunc(e.Surfaces, func(s string) bool { return s != "input" && s != "output" && s != "upload" })},
		{"language", len(e.Language) <= 8},
		{"timeout", e.Timeout >= 0 && e.Timeout <= 10*time.Minute},
		{"in-flight", e.InFlight >= 0 && e.InFlight <= 1024},
		{"queue", e.Queue >= 0 && e.Queue <= 1<<16},
		{"failures", e.Failures >= 0 && e.Failures <= 1000},
		{"rest", e.Rest >= 0 && e.Rest <= time.Hour},
		{"max-input", e.MaxInput >= 0 && e.MaxInput <= 1024},
		{"max-answer", e.MaxAnswer >= 0 && e.MaxAnswer <= 64<<10},
		{"window", e.Window == 0 || e.Window >= 4*overlap && e.Window <= 1<<20},
		{"cache-time", e.CacheTime <= 24*time.Hour},
		{"cache-size", e.CacheSize >= 0 && e.CacheSize <= 1024},
		{"threshold", e.Threshold >= 0 && e.Threshold <= 1},
		{"key-file", !strings.ContainsAny(string(e.Key), "\r\n\x00")},
	} {
		if !f.ok {
			return setting(e, f.name, nil)
		}
	}
	if name := e.modelFile(); name != "" {
		m, err := loadModel(models, name)
		if err == nil && (m.Parser == moderationParser) != (e.Kind == Moderations) {
			err = errors.New("a data file for another kind of endpoint")
		}
		if err != nil {
			return setting(e, "template", err)
		}
	}
	return nil
}

// modelFile names the data file of the endpoint, if its kind has one.
func (e Endpoint) modelFile() string {
	if e.Kind == Moderations {
		return moderationParser
	}
	return e.Template
}

// address returns the URL that is posted to.
func (e Endpoint) address() (string, error) {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return "", errors.New("no address of the form https://HOST/PATH")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && (loopback || e.Plain)) {
		return "", errors.New("HTTP without TLS beyond loopback needs the setting plain")
	}
	address := strings.TrimRight(u.String(), "/")
	if !strings.HasSuffix(address, paths[e.Kind]) {
		address += paths[e.Kind]
	}
	return address, nil
}

func (e Endpoint) withDefaults() Endpoint {
	timeout, input, answer := 5*time.Second, 10, 1024
	switch e.Kind {
	case OCR, PaddleOCR, PaddleHub:
		timeout, answer = 15*time.Second, 16<<10
	case Transcriptions:
		timeout, input = time.Minute, 25
	}
	e.Timeout = cmp.Or(e.Timeout, timeout)
	e.InFlight = cmp.Or(e.InFlight, 8)
	e.Queue = cmp.Or(e.Queue, 64)
	e.Failures = cmp.Or(e.Failures, 5)
	e.Rest = cmp.Or(e.Rest, 30*time.Second)
	e.MaxInput = cmp.Or(e.MaxInput, input)
	e.MaxAnswer = cmp.Or(e.MaxAnswer, answer)
	e.Window = cmp.Or(e.Window, 4000)
	e.CacheTime = cmp.Or(e.CacheTime, 10*time.Minute)
	e.CacheSize = cmp.Or(e.CacheSize, 8)
	return e
}

// caller makes what calls an endpoint.
func (c Config) caller(e Endpoint) (*caller, error) {
	address, err := e.address()
	if err != nil {
		return nil, setting(e, "url", err)
	}
	transport := c.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = e.InFlight
		transport = t
	}
	return &caller{
		name: e.Name, address: address, key: e.Key, timeout: e.Timeout, most: int64(e.MaxAnswer) << 10, wait: c.Wait,
		gate: newGate(e.InFlight, e.Queue), breaker: &breaker{limit: e.Failures, rest: e.Rest, now: c.Now},
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}
