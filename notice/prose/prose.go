// Package prose puts the conspicuous notice into texts: plain text, Markdown, HTML, and text that streams (Labelling
// Measures Art. 4 (1); GB 45438-2025 5.1; Deep Synthesis Provisions Art. 17).
//
// The notice is a line of its own at the start, the end, or both, in brackets: 【人工智能生成】. The brackets set it apart
// from what the author wrote, and let a second run see that it is there: a bracketed line, at an end, that names both
// elements is a notice, whoever put it. In Markdown the line is a block quote behind the front matter; in HTML an element
// of class aigc-notice whose inline style shows it on the screen, on paper and in dark mode.
//
// Texts are spliced. What stood there stays byte for byte, in its encoding (UTF-8, UTF-16 with a byte order mark, GB 18030)
// and with its line ends. Where a line can't be added without breaking the text, as in JSON or before the first line of a
// script, the answer is an error.
//
// What not to do here: never put the notice where it is not shown, as in a comment or a code fence; and never take another
// encoding for granted because a notice would fit it.
package prose

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// Class is the class of the element that holds the notice in HTML and EPUB.
const Class = "aigc-notice"

// maxLine is the length in characters up to which a bracketed line is taken for a notice.
const maxLine = 200

// Put plans the text with the notice. A text that has one already is kept as it is, and the report tells the one that
// stands there; where both ends are asked for, the end that lacks one gets it. Formats are Text, Markdown and HTML, the
// last also for fragments and for a Text that begins as HTML does; any other gives [notice.CodeKind].
func Put(src media.Source, f media.Format, o notice.Options) (*media.Edit, notice.Report, error) {
	var report notice.Report
	words, findings, err := Words(o)
	if err != nil {
		return nil, report, err
	}
	report = notice.Report{Words: words, Place: string(where(o)), Method: "text", Findings: findings}
	var edit *media.Edit // nil where nothing is missing
	var there found
	switch f {
	case media.Text:
		edit, there, err = putText(src, words, o)
	case media.Markdown:
		edit, there, err = putMarkdown(src, Line(words), o)
	case media.HTML:
		edit, there, err = putHTML(src, words, o)
	default:
		err = Unknown(f)
	}
	if err != nil {
		return nil, notice.Report{}, err
	}
	if edit == nil {
		edit = new(media.Edit)
		edit.Keep(0, src.Size())
		words, place := there.stands()
		Present(&report, words, place)
	}
	return edit, report, nil
}

// Has reports whether a text has a notice at one of its ends. It is false where the text can't be read.
func Has(src media.Source, f media.Format) bool {
	var there found
	var err error
	if f == media.Text {
		var t *lines
		if t, there, err = loadText(src); err == nil && t.isHTML() {
			f = media.HTML
		}
	}
	switch f {
	case media.Markdown:
		_, there, err = loadMarkdown(src)
	case media.HTML:
		var d *document
		if d, err = loadHTML(src); err == nil {
			there = d.found()
		}
	}
	return err == nil && there.any()
}

// There is the finding that content has the notice already.
func There() colophon.Finding {
	return colophon.Finding{Code: notice.CodeThere, Level: colophon.Note, Clause: colophon.ClauseGB5, Offset: -1}
}

// Unknown is the error for a format that no notice can be put on.
func Unknown(f media.Format) error {
	return &colophon.Error{
		Kind: colophon.Unsupported, Code: notice.CodeKind, Args: colophon.Args{"format": string(f)},
		Clauses: []colophon.Clause{colophon.ClauseLM4},
	}
}

// Words returns the words of the options on one line: white space of a caller's own words becomes single spaces, and
// control characters are an error.
func Words(o notice.Options) (string, []colophon.Finding, error) {
	o.Text = strings.Join(strings.Fields(o.Text), " ")
	words, findings, err := o.Words()
	if err != nil {
		return "", nil, err
	}
	if utf8.RuneCountInString(words) > maxLine {
		return "", nil, media.TooLarge("notice", 0, maxLine)
	}
	if i := strings.IndexFunc(words, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }); i >= 0 {
		return "", nil, media.Malformed("notice", int64(i), "words hold a control character")
	}
	return words, findings, nil
}

// brackets are the pairs that set a notice apart.
func brackets() [][2]string {
	return [][2]string{{"【", "】"}, {"[", "]"}, {"（", "）"}, {"(", ")"}}
}

// Line returns words as a line of their own, in brackets unless they have some.
func Line(words string) string {
	if bare(words) != words {
		return words
	}
	if strings.ContainsFunc(words, han) {
		return "【" + words + "】"
	}
	return "[" + words + "]"
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// bare returns a text without the brackets around it.
func bare(text string) string {
	for _, b := range brackets() {
		if inner, ok := strings.CutPrefix(text, b[0]); ok {
			if inner, ok = strings.CutSuffix(inner, b[1]); ok {
				return inner
			}
		}
	}
	return text
}

// IsLine reports whether a line is a notice and nothing else: brackets around words that name both elements.
func IsLine(line string) bool {
	line = strings.Trim(line, " \t\r\n\u3000\ufeff")
	if len(line) > maxLine*utf8.UTFMax {
		return false
	}
	inner := bare(line)
	return inner != line && IsWords(inner)
}

// Said returns the words of a line that is a notice, and nothing for any other.
func Said(line string) string {
	if !IsLine(line) {
		return ""
	}
	return strings.TrimSpace(bare(strings.Trim(line, " \t\r\n\u3000\ufeff")))
}

// denied reports whether a text that names both elements says that it was not AI.
func denied(text string) bool {
	text = strings.Join(strings.Fields(text), "")
	for _, no := range [...]string{"非", "非由", "不是", "不是由", "不由", "不含", "未由", "未用", "未使用", "未经", "没用", "没有", "没有用", "没有使用", "无"} {
		if strings.Contains(text, no+"AI") || strings.Contains(text, no+"人工智能") {
			return true
		}
	}
	return false
}

// IsWords reports whether a short text names both elements in Chinese, or says so in English as Words does. One that denies it
// is none, so that a notice is put beside it.
func IsWords(text string) bool {
	if text = strings.TrimSpace(text); text == "" || utf8.RuneCountInString(text) > maxLine {
		return false
	}
	return notice.CheckWords(text) == nil && !denied(text) || strings.EqualFold(bare(text), "AI-generated")
}

// Tongue returns the BCP 47 tag of words.
func Tongue(words string) string {
	if strings.ContainsFunc(words, han) {
		return "zh-CN"
	}
	return "en"
}

// where returns the end that the options ask for.
func where(o notice.Options) notice.Where {
	if slices.Contains([]notice.Where{notice.End, notice.Ends}, o.Where) {
		return o.Where
	}
	return notice.Start
}

func atStart(o notice.Options) bool { return where(o) != notice.End }
func atEnd(o notice.Options) bool   { return where(o) != notice.Start }
