package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/cli"
)

// TestGatewayKeys sets, lists and removes keys and asks for usage, and looks for the text of a key where it must not be.
func TestGatewayKeys(t *testing.T) {
	t.Parallel()
	var got []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
		const key = `{"name":"openai","tail":"9f3c","by":"staff-1","changed":"2026-11-22T08:00:00Z"}`
		switch r.Method + r.URL.Path {
		case "POST/v1/upstream-keys":
			io.WriteString(w, key)
		case "GET/v1/upstream-keys":
			io.WriteString(w, `{"keys":[`+key+`]}`)
		case "DELETE/v1/upstream-keys/openai":
			w.WriteHeader(http.StatusNoContent)
		case "POST/v1/usage:query":
			next := `,"next":"second"`
			if strings.Contains(string(body), "second") {
				next = ""
			}
			io.WriteString(w, `{"usage":[{"day":"2026-11-22","subject":"p-1","model":"m","requests":3,"blocked":1,"input":20,"output":30}]`+next+`}`)
		case "POST/v1/usage:export":
			io.WriteString(w, "day,subject\n")
		default:
			t.Error(r.Method, r.URL)
		}
	}))
	t.Cleanup(web.Close)
	for _, c := range []struct {
		args  string
		stdin string
		exit  int
		sent  []string
		said  string // in the answer
	}{
		{"gateway key set openai", "sk-secret\nwhat comes after", 0, []string{`POST /v1/upstream-keys {"name":"openai","text":"sk-secret"}`}, "9f3c"},
		{"gateway key set openai --json", "sk-secret", 0, []string{`POST /v1/upstream-keys {"name":"openai","text":"sk-secret"}`}, `"tail":"9f3c"`},
		{"gateway key set openai", "\n", 2, nil, ""},
		{"gateway key set openai sk-secret", "", 2, nil, ""},
		{"gateway key list", "", 0, []string{"GET /v1/upstream-keys "}, "openai"},
		{"gateway key remove openai", "", 0, []string{"DELETE /v1/upstream-keys/openai "}, ""},
		{"gateway usage --account user-1 --from 2026-11-01", "", 0, []string{`POST /v1/usage:query {"account":"user-1","from":"2026-11-01"}`, `POST /v1/usage:query {"account":"user-1","from":"2026-11-01","cursor":"second"}`}, "2026-11-22  p-1"},
		{"gateway usage --sum --csv", "", 0, []string{`POST /v1/usage:export {"sum":true}`}, "day,subject\n"},
	} {
		got = nil
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), append(strings.Fields(c.args), "--server", web.URL, "--lang", "en"), cli.World{Stdin: strings.NewReader(c.stdin), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }})
		if said := out.String(); code != c.exit || strings.Join(got, "\n") != strings.Join(c.sent, "\n") || !strings.Contains(said, c.said) || strings.Contains(said, "secret") {
			t.Errorf("%s: exit code %d, sent %q, said %q, %q", c.args, code, got, said, errs.String())
		}
	}
}
