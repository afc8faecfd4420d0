package agreement

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/colophon-project/colophon"
)

// MaxText is the longest text in one language, in bytes.
const MaxText = 96 << 10

var placeholder = regexp.MustCompile(`\{\{[^{}\n]*\}\}|\{\{|\}\}`)

// In returns the text in a language, "zh" or "en"; empty for any other.
func (t Texts) In(language string) string {
	switch language {
	case "zh":
		return t.ZH
	case "en":
		return t.EN
	}
	return ""
}

// Digest returns the digest by which a text is known.
func Digest(markdown string) string {
	sum := sha256.Sum256([]byte(markdown))
	return hex.EncodeToString(sum[:])
}

// Title returns the title of a text, which is its first line.
func Title(markdown string) string {
	first, _, _ := strings.Cut(markdown, "\n")
	return strings.TrimSpace(strings.TrimPrefix(first, "# "))
}

// Placeholders returns what is still to be filled, each once, in order.
func Placeholders(markdown string) []string {
	var list []string
	for _, p := range placeholder.FindAllString(markdown, -1) {
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// Render returns a text as HTML that is safe to show: it has no scripts and loads nothing.
func Render(markdown string) (string, error) {
	var b bytes.Buffer
	err := goldmark.Convert([]byte(markdown), &b)
	return b.String(), err
}

// check refuses a text that could not be shown as it is.
func (t Texts) check() error {
	for _, l := range []struct{ name, text string }{{"zh", t.ZH}, {"en", t.EN}} {
		if len(l.text) > MaxText || !utf8.ValidString(l.text) || strings.ContainsFunc(l.text, hidden) || !strings.HasPrefix(l.text, "# ") || Title(l.text) == "" {
			return invalid("texts." + l.name)
		}
		if foreign([]byte(l.text)) {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeMarkup, Args: colophon.Args{"language": l.name}}
		}
	}
	return nil
}

// hidden reports what nobody sees in a text, such as marks that turn the direction of writing.
func hidden(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// foreign reports that a text holds what Render leaves out or what is loaded from elsewhere, so that what is shown would not be what
// the digest is of.
func foreign(markdown []byte) bool {
	found := false
	root := goldmark.DefaultParser().Parse(text.NewReader(markdown))
	ast.Walk(root, func(n ast.Node, _ bool) (ast.WalkStatus, error) { //nolint:errcheck // the walker returns no error
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML, *ast.Image:
			found = true
		case *ast.Link:
			found = found || !plain(n.Destination)
		case *ast.AutoLink:
			found = found || !plain(n.URL(markdown))
		}
		if found {
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

// plain reports a link that a reader may follow.
func plain(destination []byte) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if bytes.HasPrefix(destination, []byte(scheme)) {
			return true
		}
	}
	return bytes.HasPrefix(destination, []byte("#")) || bytes.HasPrefix(destination, []byte("/")) && !bytes.HasPrefix(destination, []byte("//"))
}
