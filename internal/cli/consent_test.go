package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/cli"
)

// TestConsentRequestMisspelt gives a request in which a limit has another name: it is not asked for without that limit.
func TestConsentRequestMisspelt(t *testing.T) {
	t.Parallel()
	for _, form := range []string{
		`{"account":"user-1","terms":{"modality":["voice"],"purpose":"advert","forbiden":["political"]}}`,
		`{"account":"user-1","terms":{"modality":["voice"],"purpose":"advert"}} {}`,
	} {
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), []string{"consent", "request", "-", "--server", "http://127.0.0.1:1", "--lang", "en"},
			cli.World{Stdin: strings.NewReader(form), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }})
		if said := out.String() + errs.String(); code == 0 || !strings.Contains(said, "holds no request in JSON") {
			t.Errorf("exit code %d: %s", code, said)
		}
	}
}
