package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// served is the program as it serves, with a key for its API.
type served struct {
	program  *exec.Cmd
	log      bytes.Buffer
	url, key string
	http     *http.Client
}

// serveAPI starts the program on a folder of its own and makes an API key on its pages, as a person would.
func (b *bench) serveAPI(extra ...string) (*served, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().String()
	free.Close()
	data, err := os.MkdirTemp(b.scratch, "served-")
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &served{http: &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}}
	s.program = exec.Command(b.colophon, append([]string{"--json", "serve", "--data", data, "--listen", address, "--producer", postProducer, "--set", "rate=1000000"}, extra...)...)
	s.program.Stderr, s.program.SysProcAttr = &s.log, &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	out, err := s.program.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.program.Start(); err != nil {
		return nil, err
	}
	var began struct {
		URL   string `json:"url"`
		SetUp string `json:"set_up"`
	}
	if err := json.NewDecoder(out).Decode(&began); err != nil {
		return nil, errors.Join(err, s.end())
	}
	s.url = began.URL
	if err := s.makeKey(began.SetUp); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// end stops the program as a service manager does.
func (s *served) end() error {
	if err := s.program.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.program.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, &s.log)
	}
	return nil
}

func (s *served) makeKey(setUp string) error {
	_, token, _ := strings.Cut(setUp, "#")
	const password = "a password for the bench"
	if _, err := s.form("/set-up", url.Values{"token": {token}, "login": {"bench"}, "password": {password}, "again": {password}}); err != nil {
		return err
	}
	made, err := s.form("/keys/new", url.Values{"name": {"bench"}, "key-actions": {"artefact.create", "account.verify", "gateway.use"}, "services": {"*"}, "functions": {"*"}, "life": {"30"}})
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(made)
	if m == nil {
		return errors.New("the page shows no key")
	}
	s.key = m[1]
	for i := range holders {
		if err := s.attest(i); err != nil {
			return err
		}
	}
	return nil
}

// holders is for how many holders pictures are marked.
const holders = 50

// attest says that an account was verified; nothing is published for others.
func (s *served) attest(i int) error {
	body, err := json.Marshal(map[string]any{"account": account(i), "level": "phone", "method": "phone", "provider": "bench", "transaction": strconv.Itoa(i), "at": time.Now().UTC()})
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, s.url+"/v1/accounts:attest", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.key)
	_, err = s.read(s.http.Do(req))
	return err
}

func account(i int) string { return "user-" + strconv.Itoa(i%holders) }

// form fills in a form of the pages and returns the page that answers.
func (s *served) form(path string, fields url.Values) (string, error) {
	page, err := s.read(s.http.Get(s.url + path))
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		return "", fmt.Errorf("%s has no form", path)
	}
	fields.Set("csrf", m[1])
	return s.read(s.http.PostForm(s.url+path, fields))
}

func (s *served) read(res *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %.400s", res.Request.Method, res.Request.URL.Path, res.Status, text)
	}
	return string(text), err
}

// post has a picture marked. The answer is the artefact.
func (s *served) post(i int, picture []byte) error {
	req, err := http.NewRequest(http.MethodPost, s.url+"/v1/artefacts?function=other", bytes.NewReader(picture))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "image/jpeg")
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Colophon-Account", account(i))
	_, err = s.read(s.http.Do(req))
	return err
}
