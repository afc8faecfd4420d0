package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"

	"github.com/colophon-project/colophon/internal/httpapi"
)

func strictValid() []string {
	return []string{`{}`, `[]`, `null`, ` 1 `, `"a"`, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `{"é":1}`, `[[[[[[[1]]]]]]]`}
}

func strictInvalid() []string {
	return []string{``, `{`, `{"a":1,"a":2}`, `{"a":1,"A":2}`, `{"s":1,"ſ":2}`, `{"k":1,"K":2}`, `{"a":{"b":1,"b":2}}`, `{"a":1}x`, `{}{}`, "\"\xff\"", `{"a\u0062":1,"ab":2}`,
		`[[[[[[[[[[1]]]]]]]]]]`, strings.Repeat(`[`, 1000), `{"a":1,}`, `{1:1}`, `nul`, `01`, `{"a"}`}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, text := range strictValid() {
		var v any
		if err := httpapi.Strict([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range strictInvalid() {
		var v any
		if err := httpapi.Strict([]byte(text), &v); err == nil {
			t.Errorf("%.40s was read as %v", text, v)
		}
	}
}

// FuzzStrict looks for text that is read here and not by encoding/json.
func FuzzStrict(f *testing.F) {
	for _, text := range append(strictValid(), strictInvalid()...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if httpapi.Strict(text, &v) == nil && !json.Valid(text) {
			t.Errorf("%q", text)
		}
	})
}

// FuzzUpload reads uploads whose headers and bodies do not fit together. What is read stands in the body, and what is
// refused is told by a code.
func FuzzUpload(f *testing.F) {
	const part = "--B\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nfile\r\n--B--\r\n"
	for _, kind := range []string{"", "image/png", "multipart/form-data; boundary=B", "multipart/form-data; boundary=", "multipart/form-data", ";", "text/plain; charset"} {
		for _, digest := range []string{"", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "sha-256=:!:", "sha-256=1"} {
			f.Add(kind, digest, []byte(part))
			f.Add(kind, digest, []byte(part[:40]))
			f.Add(kind, digest, []byte{})
		}
	}
	f.Fuzz(func(t *testing.T, kind, digest string, body []byte) {
		file, err := httpapi.ReadUpload(kind, digest, body)
		var e *colophon.Error
		switch {
		case err != nil && !errors.As(err, &e):
			t.Errorf("%v", err)
		case err == nil && !bytes.Contains(body, file):
			t.Errorf("%q is not in %q", file, body)
		}
	})
}
