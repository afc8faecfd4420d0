package oidc_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/npmtest"
)

const redirect = "https://colophon.example/oidc"

// install puts the provider and its modules into the user's cache.
func install() (string, error) { return npmtest.Install("oidc-provider", "testdata", "provider.mjs") }

// startProvider starts a real provider and returns its issuer.
func startProvider(t *testing.T) string {
	t.Helper()
	dir, err := install()
	if err != nil {
		t.Fatalf("the OpenID provider of the tests can't be installed; node and npm are needed: %v", err)
	}
	node := exec.Command("node", "provider.mjs")
	node.Dir = dir
	input, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems strings.Builder
	node.Stderr = &problems
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close() // the provider ends with its input
		if err := node.Wait(); err != nil {
			t.Errorf("the provider: %v\n%s", err, problems.String())
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the provider did not start: %v", err)
	}
	return strings.TrimSpace(line)
}

// browser walks through a provider's pages as a person would, and stops where it is sent back.
type browser struct {
	*testing.T
	http *http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

var (
	formAction = regexp.MustCompile(`action="([^"]+/interaction/[^"]+)"`)
	promptName = regexp.MustCompile(`name="prompt" value="([a-z]+)"`)
	abortLink  = regexp.MustCompile(`href="([^"]+/abort)"`)
)

// signIn signs in as a person and returns what the provider sends back. With no person it turns the question down.
func (b *browser) signIn(address, person string) url.Values {
	b.Helper()
	resp, err := b.http.Get(address)
	for step := 0; ; step++ {
		if err != nil {
			b.Fatal(err)
		}
		body, readErr := io.ReadAll(resp.Body)
		resp.Body.Close()
		if readErr != nil {
			b.Fatal(readErr)
		}
		if back := resp.Header.Get("Location"); strings.HasPrefix(back, redirect) {
			u, err := url.Parse(back)
			if err != nil {
				b.Fatal(err)
			}
			return u.Query()
		}
		action, prompt, abort := formAction.FindSubmatch(body), promptName.FindSubmatch(body), abortLink.FindSubmatch(body)
		if resp.StatusCode != http.StatusOK || step > 5 || action == nil || prompt == nil || abort == nil {
			b.Fatalf("step %d, status %d: %s", step, resp.StatusCode, body)
		}
		if person == "" {
			resp, err = b.http.Get(string(abort[1]))
			continue
		}
		resp, err = b.http.PostForm(string(action[1]), url.Values{"prompt": {string(prompt[1])}, "login": {person}, "password": {"any"}})
	}
}
