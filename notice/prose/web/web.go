// Package web holds the notice for pages that show content: the custom element aigc-notice, its style sheet, and the same
// as plain HTML where scripts do not run (GB 45438-2025 5, interfaces; Labelling Measures Art. 4 (1), (5)).
//
// The element keeps the words in view around content and in a chat, at the top or the bottom of what it stands in, and
// beside each message. It is a note to screen readers, its one button is reached by keyboard, it shows in dark mode, in
// forced colours and on paper, and it can't be closed. Script and style ask nothing of the network; they are small enough
// to be served beside the page under its own content security policy.
//
// What not to do here: never add a way to hide the notice.
package web

import (
	_ "embed"

	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
)

//go:embed aigc-notice.js
var script string

//go:embed aigc-notice.css
var style string

// Script returns the custom element, text/javascript in UTF-8.
func Script() string { return script }

// Style returns the style sheet, text/css in UTF-8, for the element and for the class aigc-notice.
func Style() string { return style }

// Element returns the element with the words of the options inside, so that it shows them without the script too.
func Element(o notice.Options) (string, error) {
	words, _, err := prose.Words(o)
	if err != nil {
		return "", err
	}
	attributes := ` lang="` + prose.Tongue(words) + `"`
	switch {
	case o.Text != "":
		attributes += ` words="` + markup.Escape(words) + `"`
	case o.Language == notice.Both:
		attributes = ` lang="both"`
	}
	if o.Where == notice.End {
		attributes += ` at="bottom"`
	}
	return `<aigc-notice class="` + prose.Class + `" role="note"` + attributes + `>` + markup.Escape(words) + `</aigc-notice>`, nil
}

// Fallback returns the notice as plain HTML with its style inline, for pages without script and style sheet.
func Fallback(o notice.Options) (string, error) {
	words, _, err := prose.Words(o)
	if err != nil {
		return "", err
	}
	return prose.Element(words, ` style="`+prose.Style+`" role="note"`, "lang"), nil
}
