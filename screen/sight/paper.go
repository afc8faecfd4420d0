package sight

import (
	"bytes"
	"encoding/base64"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
)

// apartElements end a word: they begin a line, a cell or a paragraph of HTML, OOXML, EPUB or SVG.
const apartElements = " p br tab cr si c row li tr td th div h1 h2 h3 h4 h5 h6 dt dd pre option title text section article "

// shownAttributes are those whose value a person may see.
const shownAttributes = " alt title placeholder label value aria-label content "

// idle are the parts of documents that show nothing.
const idle = " .rels .css .ttf .otf .odttf .woff .woff2 .js  "

// paper looks at a document.
func (g *gaze) paper(src media.Source, f media.Format) error {
	data, err := g.read(src, f)
	if err != nil {
		return g.pass(err)
	}
	switch f {
	case media.SVG, media.HTML:
		if f == media.SVG {
			g.miss(CodeDrawing)
		}
		return g.pass(g.marked(data, f, ""))
	case media.Markdown, media.Text:
		text, err := plain(data, f)
		g.write("", text)
		return g.pass(err)
	}
	return g.binder(data)
}

// binder looks at the parts of a document that is an archive.
func (g *gaze) binder(data []byte) error {
	a, err := archive.Open(media.Memory(data))
	if err != nil {
		return g.pass(err)
	}
	a.Limit(g.limits.Bytes, g.limits.Bytes)
	pictures := 0
	for i, name := range a.Names() {
		extension := strings.ToLower(path.Ext(name))
		if strings.HasSuffix(name, "/") || strings.Contains(idle, " "+extension+" ") {
			continue
		}
		content, _, err := a.Read(name)
		if err != nil {
			return g.pass(err) // the archive is damaged, or larger than it may be
		}
		part := strconv.Itoa(i)
		switch extension {
		case ".xml", ".vml", ".opf", ".ncx":
			err = g.marked(content, media.SVG, part)
		case ".xhtml", ".html", ".htm":
			err = g.marked(content, media.HTML, part)
		default:
			if pictures++; pictures > g.limits.Frames {
				return g.pass(tooMany(CodeFrames, g.limits.Frames))
			}
			err = g.inside(content, part)
		}
		if err := g.pass(err); err != nil {
			return err
		}
	}
	return nil
}

// inside looks at what a document holds that is no text.
func (g *gaze) inside(content []byte, part string) error {
	f, err := detect(media.Memory(content), "")
	if err != nil {
		return err
	}
	if _, ok := codecs[f]; !ok && f != media.APNG {
		g.miss(CodePart, "part", part)
		return nil
	}
	return g.picture(media.Memory(content), f, part)
}

// marked takes the text of a document in XML or HTML: what stands between tags, and in attributes that are shown. Tags
// inside a word do not part it. Pictures that stand in attributes are looked at.
func (g *gaze) marked(data []byte, f media.Format, part string) error {
	text, err := plain(data, f)
	if err != nil {
		return err
	}
	s := markup.HTML([]byte(text))
	if f != media.HTML {
		s = markup.XML([]byte(text), "XML")
	}
	var words strings.Builder
	defer func() { g.write(part, strings.TrimSpace(words.String())) }()
	for {
		t, err := s.Next()
		if err != nil || t.Kind == markup.EOF {
			return err
		}
		switch t.Kind {
		case markup.Text:
			words.WriteString(s.Unescape([]byte(text[t.From:t.To])))
		case markup.CDATA:
			words.WriteString(strings.TrimSuffix(strings.TrimPrefix(text[t.From:t.To], "<![CDATA["), "]]>"))
		case markup.Start, markup.End:
			if isOf(apartElements, t.Name) {
				words.WriteByte('\n')
			}
			if t.Kind == markup.End {
				break
			}
			for _, a := range s.Attributes(t) {
				value := s.Unescape(a.Raw)
				if isOf(shownAttributes, a.Name) {
					words.WriteString("\n" + value + "\n")
				}
				if err := g.link(value, part); err != nil {
					return err
				}
			}
		}
	}
}

// isOf reports whether a list has a name, of which the prefix and the case do not count.
func isOf(list string, name []byte) bool {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return strings.Contains(list, " "+strings.ToLower(string(name))+" ")
}

// link looks at a picture that stands in a link itself (RFC 2397).
func (g *gaze) link(value, part string) error {
	head, body, ok := strings.Cut(value, ",")
	if !ok || len(head) < 5 || !strings.EqualFold(head[:5], "data:") {
		return nil
	}
	content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil || !strings.HasSuffix(strings.ToLower(head), ";base64") {
		g.miss(CodePart, "part", part)
		return nil
	}
	return g.inside(content, part)
}

// charset finds what a document says of its encoding.
var charset = regexp.MustCompile(`(?i)(?:charset|encoding)\s*=\s*["']?([a-z0-9_.:-]+)`)

// plain returns a text in UTF-8. A byte order mark goes before what the document says, and that before what its bytes look
// like: UTF-8, or else GB 18030.
func plain(data []byte, f media.Format) (string, error) {
	var e encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		e = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	case bytes.HasPrefix(data, []byte("\ufeff")):
		data = data[3:]
	case f == media.SVG || f == media.HTML:
		if m := charset.FindSubmatch(data[:min(len(data), 1024)]); m != nil {
			e, _ = htmlindex.Get(string(m[1]))
		}
	}
	if e == nil && !utf8.Valid(data) {
		e = simplifiedchinese.GB18030
	}
	if e != nil {
		var err error
		if data, err = e.NewDecoder().Bytes(data); err != nil {
			return "", damaged(f, "text in its encoding", err)
		}
		if bytes.ContainsRune(data, utf8.RuneError) {
			return "", unsupported(f, "only text in UTF-8, UTF-16, GB 18030 or the encoding that it names")
		}
	}
	return string(data), nil
}

// write takes text into the view.
func (g *gaze) write(part, text string) {
	if room := g.limits.Text - g.text; len(text) > room {
		g.miss(CodeText, "limit", strconv.Itoa(g.limits.Text))
		text = strings.ToValidUTF8(text[:room], "")
	}
	if text == "" {
		return
	}
	g.text += len(text)
	g.view.Texts = append(g.view.Texts, Text{Part: part, Text: text})
}
