// Package clients_test has the official clients of OpenAI's and Anthropic's APIs, in JavaScript and in Go and unchanged, go
// through what they offer: first straight to the sample model, so that the tests themselves are known to be right, then
// through a whole server that stands in front of it.
package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/npmtest"
	"github.com/colophon-project/colophon/internal/sample"
)

// account is who uses the service, as the header has it and as nobody may find it afterwards.
const account = "reader-4711@example.cn"

// road is a way to the models.
type road struct {
	*testing.T
	base    string // without /v1
	key     string
	headers map[string]string
	whole   bool // through a server of ours
}

// straight is the way without a server of ours.
func straight(t *testing.T) *road {
	t.Helper()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sample.New(sample.Config{Tools: tools, Key: "k"}))
	t.Cleanup(server.Close)
	return &road{T: t, base: server.URL, key: "k", headers: map[string]string{}}
}

// through is the way through a whole server, with an account whose holder was verified.
func through(t *testing.T) *road {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0") // its own address is told in the addresses of pictures
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte(judges(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := map[string]string{"data": t.TempDir(), "listen": free.Addr().String(), "producer": "001191110000000000000E10000", "log-name": "colophon.test/log", "rate": "100000", "sample-model": "on", "log-level": "warn"}
	config, set, err := app.Config{}.Serve(flags, file, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	output := new(bytes.Buffer)
	server, err := app.OpenServer(t.Context(), config, set, output)
	if err != nil {
		t.Fatal(err)
	}
	token, err := server.OpenSetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, func(address string) { listening <- address }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s", output)
		}
	})
	r := &road{T: t, whole: true, headers: map[string]string{"Colophon-Account": url.QueryEscape(account)}}
	select {
	case address := <-listening:
		r.base = "http://" + address
	case err := <-ended:
		t.Fatal(err)
	}
	r.key = r.firstKey(token)
	r.post("/v1/accounts:attest", map[string]any{"account": account, "level": "phone", "method": "phone", "provider": "own-registration", "transaction": "rv-1", "at": time.Now().UTC()}, http.StatusCreated)
	return r
}

// judges are settings by which a server asks somebody about pictures and sound: what nobody looked at waits for a person. There is
// no text in the pictures of these tests, and what is spoken is read by the sample model.
func judges(t *testing.T) string {
	t.Helper()
	routes := http.NewServeMux()
	routes.HandleFunc("POST /ocr", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"texts":[]}`) })
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	routes.Handle("/v1/audio/", sample.New(sample.Config{Tools: tools}))
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	return `classifiers:
- {name: reader, kind: ocr, url: "` + server.URL + `/ocr"}
- {name: ear, kind: transcriptions, model: ` + sample.Sound + `, url: "` + server.URL + `/v1"}
`
}

// firstKey makes the first officer and an API key with all boxes ticked, by the forms of the pages.
func (r *road) firstKey(token string) string {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	page := func(res *http.Response, err error) string {
		r.Helper()
		if err != nil {
			r.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			r.Fatalf("%s %v %s", res.Status, err, text)
		}
		return string(text)
	}
	fill := func(path string, form url.Values) string {
		r.Helper()
		for _, hidden := range regexp.MustCompile(`name="(csrf|key-actions)" value="([^"]+)"`).FindAllStringSubmatch(page(browser.Get(r.base+path)), -1) {
			if hidden[1] != "csrf" || !form.Has("csrf") { // each form of a page has it
				form.Add(hidden[1], hidden[2])
			}
		}
		return page(browser.PostForm(r.base+path, form))
	}
	const phrase = "correct horse battery"
	fill("/set-up", url.Values{"token": {token}, "login": {"officer"}, "password": {phrase}, "again": {phrase}})
	key := regexp.MustCompile(`clp_\w+`).FindString(fill("/keys/new", url.Values{"name": {"shop"}, "services": {"*"}, "functions": {"*"}, "life": {"90"}}))
	if key == "" {
		r.Fatal("there is no key")
	}
	return key
}

// post sends JSON with the key.
func (r *road) post(path string, body any, want int) []byte {
	r.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.Context(), "POST", r.base+path, bytes.NewReader(text))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		r.Fatalf("%s: %d %v %s", path, res.StatusCode, err, answer)
	}
	return answer
}

// install puts the clients for Node.js into a folder, once.
var install = sync.OnceValues(func() (string, error) {
	return npmtest.Install("clients", "testdata", "openai.mjs", "anthropic.mjs")
})

// scenes plays a script in Node.js and returns what it says of each scene, as JSON without spaces.
func (r *road) scenes(script, base string, names ...string) map[string]string {
	r.Helper()
	dir, err := install()
	if err != nil {
		r.Fatalf("the clients can't be installed; node and npm are needed: %v", err)
	}
	headers, err := json.Marshal(r.headers)
	if err != nil {
		r.Fatal(err)
	}
	cmd := exec.CommandContext(r.Context(), "node", append([]string{script, base, r.key, string(headers)}, names...)...)
	var complaints bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &complaints
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("%v %s", err, &complaints)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(out, &raw); err != nil {
		r.Fatalf("%v %s", err, out)
	}
	said := map[string]string{}
	for name, text := range raw {
		var b bytes.Buffer
		if err := json.Compact(&b, text); err != nil {
			r.Fatal(err)
		}
		said[name] = b.String()
	}
	return said
}

// scene is what a scene is to say on every road; a whole server's answers hold more, such as a notice.
type scene struct {
	name string
	want []string
}

// expect compares scenes with what was said, and demands that there be no other.
func (r *road) expect(said map[string]string, scenes []scene) {
	r.Helper()
	for _, s := range scenes {
		for _, want := range s.want {
			if !strings.Contains(said[s.name], want) {
				r.Errorf("%s: no %s in %s", s.name, want, said[s.name])
			}
		}
		delete(said, s.name)
	}
	if len(said) > 0 {
		r.Errorf("nobody expects %v", said)
	}
}

// on plays a test on both roads.
func on(t *testing.T, play func(r *road)) {
	t.Parallel()
	t.Run("straight", func(t *testing.T) {
		t.Parallel()
		play(straight(t))
	})
	t.Run("through", func(t *testing.T) {
		t.Parallel()
		play(through(t))
	})
}

// contains demands that a text hold others.
func (r *road) contains(what, text string, wants ...string) {
	r.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			r.Errorf("%s: no %q in %q", what, want, text)
		}
	}
}

func (r *road) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(fmt.Errorf("whole %v: %w", r.whole, err))
	}
}
