package prompt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	_ "embed" // the text that is shown where nobody wrote another

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

//go:embed text/1.json
var shipped []byte

const (
	maxText       = 64 << 10
	maxParagraphs = 30
	maxSentence   = 4 << 10
)

// Text is one version of the prompt, in all its languages.
type Text struct {
	Version   string  `json:"version"` // a word; it never means another text
	Languages []Words `json:"languages"`
}

// Words are a text in one language.
type Words struct {
	Language    string   `json:"language"` // zh or en
	Title       string   `json:"title"`
	Paragraphs  []string `json:"paragraphs"`
	Acknowledge string   `json:"acknowledge"` // what stands on the button
}

// Languages are those in which every text must be.
func Languages() []string { return []string{"zh", "en"} }

// Shipped is the text that comes with the program.
func Shipped() (Text, error) { return Parse(shipped) }

// Parse reads a text and checks it.
func Parse(raw []byte) (Text, error) {
	bad := func(field string, err error) (Text, error) {
		return Text{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeText, Args: colophon.Args{"field": field}, Err: err}
	}
	if len(raw) > maxText {
		return bad("json", nil)
	}
	if _, err := evidence.Canonicalise(raw); err != nil { // names that stand twice, among others
		return bad("json", err)
	}
	var t Text
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t); err != nil {
		return bad("json", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return bad("json", err)
	}
	if field := t.check(); field != "" {
		return bad(field, nil)
	}
	return t, nil
}

func (t Text) check() string {
	if !word(t.Version) {
		return "version"
	}
	if len(t.Languages) != len(Languages()) {
		return "languages"
	}
	for _, l := range Languages() {
		w, ok := t.In(l)
		switch {
		case !ok:
			return "languages"
		case !sentence(w.Title):
			return "title"
		case !sentence(w.Acknowledge):
			return "acknowledge"
		case len(w.Paragraphs) == 0 || len(w.Paragraphs) > maxParagraphs:
			return "paragraphs"
		}
		for _, p := range w.Paragraphs {
			if !sentence(p) {
				return "paragraphs"
			}
		}
	}
	return ""
}

// In returns the text in a language.
func (t Text) In(language string) (Words, bool) {
	for _, w := range t.Languages {
		if w.Language == language {
			return w, true
		}
	}
	return Words{}, false
}

// Digest is the SHA-256, in hexadecimal, of the version and its words as canonical JSON: of exactly what was shown.
func (t Text) Digest(w Words) (string, error) {
	text, err := evidence.Canonical(struct {
		Version string `json:"version"`
		Words
	}{t.Version, w})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// word reports whether s is a short name of lower-case letters, digits, points, hyphens and underscores.
func word(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

func sentence(s string) bool {
	return s != "" && len(s) <= maxSentence && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
