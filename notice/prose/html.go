package prose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice"
)

const htmlWhat = "HTML document"

// Style is the inline style of the notice in HTML. Both colours are set, so that the contrast (17:1) is the same on any
// background and in dark mode; on paper without backgrounds the words are dark on white. Only what a page's own rules for
// all elements could hide it with is important.
const Style = "display:block!important;visibility:visible!important;opacity:1!important;box-sizing:border-box;float:none;clear:both;" +
	"flex:0 0 auto;grid-column:1/-1;margin:8px auto;padding:6px 14px;max-width:60em;width:fit-content;border:1px solid #1a1a1a;border-radius:4px;" +
	"background:#fff;color:#1a1a1a;color-scheme:light;font:600 16px/1.5 system-ui,'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif;" +
	"text-align:center;text-indent:0;print-color-adjust:exact;-webkit-print-color-adjust:exact"

// document is what matters of an HTML document: where its body begins and ends.
type document struct {
	charset           // of a document in UTF-16
	text       []byte // decoded, where it is in UTF-16
	start, end int
	ascii      bool // words are written as character references
	frames     bool // a frameset, which has no body
	notices    []standing
}

// standing is a notice, with whether anything is shown before and behind it.
type standing struct {
	words         string
	before, after bool
}

// found tells where the notices stand.
func (d *document) found() (f found) {
	for _, n := range d.notices {
		if !n.before && f.start == "" {
			f.start = n.words
		}
		if !n.after {
			f.end = n.words
		}
		if n.before && n.after {
			f.within = n.words
		}
	}
	return f
}

// Places for the start notice, the worst first.
const (
	rankStart = iota
	rankHead  // behind the head
	rankBody  // behind the body's start tag
)

type htmlReader struct {
	*document
	s        *markup.Scanner
	rank     int
	ended    bool   // the body's or the document's end tag was met
	begun    bool   // something that is shown was met
	hidden   int    // template, noscript and svg elements that are open
	raw      bool   // the last tag began raw text
	declared string // the encoding, as a meta element says
	inside   int    // depth inside of an element of the notice's class; 0 outside
	words    strings.Builder
	seen     bool   // something that is shown was met
	last     int    // the first notice that nothing was shown behind
	cover    string // an open element that does not show what is inside of it, and how many of its name are open
	covers   int
}

// covering lists elements that show nothing of a notice inside of them.
func covering(name string) bool {
	return slices.Contains([]string{"select", "object", "video", "audio", "canvas", "details", "dialog"}, name)
}

// replaced lists elements that show something without text.
func replaced(name string) bool {
	return slices.Contains([]string{"img", "video", "audio", "canvas", "iframe", "object", "embed", "input", "button", "select", "textarea", "hr", "svg", "math"}, name)
}

func loadHTML(src media.Source) (*document, error) {
	text, err := media.Bytes(src, htmlWhat, 0, src.Size())
	if err != nil {
		return nil, err
	}
	var c charset
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		if c, err = detect(src); err != nil {
			return nil, err
		}
		wide := text[c.mark:]
		text = []byte(c.decode(wide))
		if again, err := c.encode(string(text)); err != nil || !bytes.Equal(again, wide) {
			return nil, media.Malformed(htmlWhat, 0, "characters that its encoding does not have")
		}
	}
	if markup.Wide(text) {
		return nil, media.Unsupported(htmlWhat, 0, "document is in UTF-16")
	}
	r := &htmlReader{document: &document{charset: c, text: text, end: len(text)}, s: markup.HTML(text)}
	r.start = r.s.Offset()
	for {
		t, err := r.s.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		r.take(t)
	}
	if r.end < r.start {
		r.end = len(text)
	}
	isUTF8 := r.declared == "" || strings.EqualFold(r.declared, "utf-8") || strings.EqualFold(r.declared, "utf8")
	declared := r.declared != "" || bytes.HasPrefix(text, []byte("\ufeff"))
	plain := bytes.IndexFunc(text, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
	r.ascii = c.kind == utf8Kind && (!isUTF8 || !utf8.Valid(text) || plain && !declared)
	return r.document, nil
}

func (r *htmlReader) take(t markup.Token) {
	raw := r.raw
	r.raw = false
	if r.inside > 0 {
		r.notice(t)
	} else if t.Kind == markup.Text && !raw && len(bytes.TrimSpace(r.text[t.From:t.To])) > 0 {
		r.show()
	}
	switch t.Kind {
	case markup.Start:
		r.startTag(t)
	case markup.End:
		r.endTag(t)
	case markup.Text:
		if !raw && len(bytes.TrimSpace(r.text[t.From:t.To])) > 0 {
			r.begin(t.From)
		}
	case markup.Doctype, markup.Instruction:
		r.move(rankStart, t.To)
	}
}

// show notes that something is shown. Browsers move what follows the body's end tag inside.
func (r *htmlReader) show() {
	if r.hidden > 0 {
		return
	}
	if r.ended {
		r.end, r.ended = len(r.text), false
	}
	r.seen = true
	for ; r.last < len(r.notices); r.last++ {
		r.notices[r.last].after = true
	}
}

// move sets the place of the start notice where none as good is known.
func (r *htmlReader) move(rank, at int) {
	if !r.begun && rank >= r.rank && r.hidden == 0 {
		r.rank, r.start = rank, at
	}
}

// begin notes that what is shown begins, which opens the body where no tag did.
func (r *htmlReader) begin(at int) {
	if r.hidden == 0 && !r.begun {
		if r.rank < rankBody {
			r.rank, r.start = rankHead, at
		}
		r.begun = true
	}
}

func (r *htmlReader) startTag(t markup.Token) {
	name := strings.ToLower(string(t.Name))
	switch name {
	case "body":
		if r.hidden == 0 && r.rank < rankBody && !r.begun {
			r.rank, r.start = rankBody, t.To
		}
	case "frameset":
		r.frames = r.frames || !r.begun && r.rank < rankBody
	case "html", "head":
		r.move(rankStart, t.To)
	case "meta":
		r.meta(t)
		r.move(rankStart, t.To)
	case "link", "base":
		r.move(rankStart, t.To)
	case "template", "noscript":
		if !t.SelfClosing {
			r.hidden++
		}
	case "title", "style", "script", "noframes":
		r.raw = true
	default:
		r.begin(t.From)
	}
	if r.inside == 0 && replaced(name) {
		r.show()
	}
	switch {
	case t.SelfClosing:
	case r.cover == "" && covering(name):
		if _, open := r.s.Value(t, "open"); !open {
			r.cover, r.covers = name, 1
		}
	case r.cover == name:
		r.covers++
	}
	if class, ok := r.s.Value(t, "class"); ok && r.inside == 0 && r.hidden == 0 && r.cover == "" && r.shown(t) {
		for _, c := range strings.Fields(class) {
			if c == Class {
				r.inside = 1
				r.words.Reset()
			}
		}
	}
}

// shown reports whether an element is not hidden by its own attributes.
func (r *htmlReader) shown(t markup.Token) bool {
	_, hidden := r.s.Value(t, "hidden")
	style, _ := r.s.Value(t, "style")
	style = strings.Join(strings.Fields(strings.ToLower(style)), "")
	return !hidden && !strings.Contains(style, "display:none") && !strings.Contains(style, "visibility:hidden")
}

func (r *htmlReader) meta(t markup.Token) {
	if value, ok := r.s.Value(t, "charset"); ok && r.declared == "" {
		r.declared = strings.TrimSpace(value)
	}
	if kind, _ := r.s.Value(t, "http-equiv"); strings.EqualFold(kind, "content-type") && r.declared == "" {
		content, _ := r.s.Value(t, "content")
		if _, value, ok := strings.Cut(strings.ToLower(content), "charset="); ok {
			r.declared = strings.Trim(value, ` "';`)
		}
	}
}

func (r *htmlReader) endTag(t markup.Token) {
	name := strings.ToLower(string(t.Name))
	if name == r.cover {
		if r.covers--; r.covers == 0 {
			r.cover = ""
		}
	}
	switch name {
	case "head", "title", "style", "script":
		r.move(max(r.rank, rankStart), t.To)
	case "template", "noscript":
		if r.hidden--; r.hidden <= 0 {
			r.hidden = 0
			r.move(r.rank, t.To)
		}
	case "body":
		if r.hidden == 0 { // browsers move what follows an end tag inside: the last one counts
			r.end, r.ended = t.From, true
		}
	case "html":
		if !r.ended && r.hidden == 0 {
			r.end, r.ended = t.From, true
		}
	}
}

// notice collects the text of an element that may be the notice: its own and that of elements inside.
func (r *htmlReader) notice(t markup.Token) {
	switch t.Kind {
	case markup.Text:
		r.words.WriteString(r.s.Unescape(r.text[t.From:t.To]))
	case markup.Start:
		if !t.SelfClosing {
			r.inside++
		}
	case markup.End:
		if r.inside--; r.inside > 0 {
			break
		}
		if words := bare(strings.Join(strings.Fields(r.words.String()), " ")); IsWords(words) {
			r.notices = append(r.notices, standing{words: words, before: r.seen})
		} else {
			r.show()
		}
	}
	if r.words.Len() > maxLine*8 {
		r.inside = 0
	}
}

func putHTML(src media.Source, words string, o notice.Options) (*media.Edit, found, error) {
	d, err := loadHTML(src)
	if err != nil {
		return nil, found{}, err
	}
	there := d.found()
	start, end := there.missing(o)
	if !start && !end {
		return nil, there, nil
	}
	if d.frames {
		return nil, there, media.Unsupported(htmlWhat, 0, "a frameset shows no body")
	}
	element := Element(words, ` style="`+Style+`" role="note"`, "lang")
	if d.ascii {
		element = references(element)
	}
	nl := newline(string(d.text[:min(len(d.text), window)]))
	var splices []markup.Splice
	if start {
		splices = append(splices, markup.Splice{From: d.start, To: d.start, Text: nl + element + nl})
	}
	if end {
		splices = append(splices, markup.Splice{From: d.end, To: d.end, Text: nl + element + nl})
	}
	now, err := markup.Apply(d.text, htmlWhat, splices)
	if err != nil {
		return nil, there, err
	}
	encoded, err := d.encode(string(now))
	if err != nil {
		return nil, there, err
	}
	mark, err := media.Head(src, int64(d.mark))
	if err != nil {
		return nil, there, err
	}
	after, err := loadHTML(media.Memory(append(bytes.Clone(mark), encoded...)))
	if err != nil {
		return nil, there, err
	}
	stands := after.found()
	if len(after.notices) != len(d.notices)+len(splices) || where(o) == notice.Ends && (stands.start == "" || stands.end == "") {
		return nil, there, media.Unsupported(htmlWhat, int64(d.start), "the notice would not be read back")
	}
	var list []media.Splice
	for _, s := range splices {
		before, err := d.encode(string(d.text[:s.From]))
		if err != nil {
			return nil, there, err
		}
		insert, err := d.encode(s.Text)
		if err != nil {
			return nil, there, err
		}
		list = append(list, media.Splice{Offset: int64(d.mark + len(before)), Insert: insert})
	}
	e, err := media.Splices(src, list...)
	return e, there, err
}

// Element returns the notice as an element of HTML, with more attributes; lang is the name of the attribute for its
// language, "lang" or "xml:lang". English words behind Chinese ones are told to be English.
func Element(words, attributes, lang string) string {
	inner := markup.Escape(words)
	if zh, en, ok := strings.Cut(words, " AI-generated"); ok && en == "" && strings.ContainsFunc(zh, han) {
		inner = markup.Escape(zh) + fmt.Sprintf(` <span %s="en">AI-generated</span>`, lang)
	}
	return fmt.Sprintf(`<div class="%s" %s="%s"%s>%s</div>`, Class, lang, Tongue(words), attributes, inner)
}

// references writes all but ASCII as character references, for documents in any encoding.
func references(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
