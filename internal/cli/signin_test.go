package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/cli"
)

// doorkeeper is a server that knows one person, and which of its tokens are good.
type doorkeeper struct{ open map[string]bool }

func (d *doorkeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var in struct{ Login, Password string }
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.Method == http.MethodPost && json.NewDecoder(r.Body).Decode(&in) == nil && in.Login == "officer" && in.Password == " the phrase ":
		d.open["token-1"] = true
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(`{"token":"token-1","until":"2026-11-22T12:00:00Z","roles":["officer"]}`))
	case r.Method == http.MethodDelete && d.open[token]:
		delete(d.open, token)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(`{"type":"urn:colophon:error:sign-in-refused","status":403,"code":"sign-in-refused","title":"signing in was refused"}`))
	}
}

// TestSignIn signs in and out, and looks for the password and the token where they must not be.
func TestSignIn(t *testing.T) {
	t.Parallel()
	keeper := &doorkeeper{map[string]bool{}}
	web := httptest.NewServer(keeper)
	t.Cleanup(web.Close)
	dir := t.TempDir()
	file, elsewhere := filepath.Join(dir, "session"), filepath.Join(dir, "elsewhere")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, stdin string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), append(args, "--server", web.URL, "--lang", "en"), cli.World{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }})
		if said := out.String() + errs.String(); code != want || strings.Contains(said, "phrase") || strings.Contains(said, "token-1") {
			t.Errorf("%v: exit code %d, want %d: %s", args, code, want, said)
		}
	}
	signIn := []string{"sign-in", "officer", "--out", file}

	// What is there stays there until somebody is signed in, and nothing is written into it.
	must(os.WriteFile(elsewhere, []byte("of somebody else"), 0o644))
	must(os.Symlink(elsewhere, file))
	for _, wrong := range []string{"", "\n", "another phrase\n", "the phrase\n"} {
		code := 1
		if strings.TrimSpace(wrong) == "" {
			code = 2
		}
		run(code, wrong, signIn...)
		if to, err := os.Readlink(file); err != nil || to != elsewhere {
			t.Fatalf("%s, %v", to, err)
		}
	}
	for _, more := range [][]string{{"--json"}, {}} {
		run(0, " the phrase \r\nwhat comes after", append(signIn, more...)...)
		info, err := os.Lstat(file)
		must(err)
		if info.Mode() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		must(os.Chmod(file, 0o644)) // the next one takes its place
	}
	kept, err := os.ReadFile(elsewhere)
	must(err)
	token, err := os.ReadFile(file)
	must(err)
	if string(kept) != "of somebody else" || string(token) != "token-1\n" {
		t.Errorf("%q; %q", kept, token)
	}
	run(0, "", "sign-out", "--api-key", file)
	if _, err := os.Lstat(file); !os.IsNotExist(err) || keeper.open["token-1"] {
		t.Errorf("%v, the session goes on: %v", err, keeper.open["token-1"])
	}
	must(os.WriteFile(file, []byte("clp_key"), 0o600))
	run(1, "", "sign-out", "--api-key", file) // a key that the server refused stays
	_, err = os.Lstat(file)
	must(err)
	run(1, " the phrase \n", "sign-in", "officer", "--out", filepath.Join(dir, "none", "session"))
	left, err := filepath.Glob(filepath.Join(dir, ".colophon-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}
