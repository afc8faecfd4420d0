package page

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/archive"
	"github.com/colophon-project/colophon/internal/media/markup"
	"github.com/colophon-project/colophon/notice/prose"
)

const (
	epubIndex = "META-INF/container.xml"
	epubKeys  = "META-INF/encryption.xml"
	maxItems  = 1 << 14 // resources of a book
	xhtmlType = "application/xhtml+xml"
)

// publication is what matters of a package document (EPUB 3.3, 5).
type publication struct {
	version string
	spine   []string // XHTML documents in the order of reading, those aside that are no part of it
}

// book puts the notice as a paragraph where the first document begins, where the last one ends, or both.
func (j *job) book(src media.Source) (*media.Edit, error) {
	zip, err := archive.Open(src)
	if err != nil {
		return nil, err
	}
	pub, err := readBook(zip)
	if err != nil {
		return nil, err
	}
	start, end := j.ends()
	first, last := pub.spine[0], pub.spine[len(pub.spine)-1]
	splices := map[string][]markup.Splice{}
	texts := map[string][]byte{}
	for _, at := range []struct {
		wanted, end bool
		name        string
	}{{start, false, first}, {end, true, last}} {
		if !at.wanted {
			continue
		}
		d, err := readChapter(zip, at.name)
		if err != nil {
			return nil, err
		}
		texts[at.name] = d.text
		if at.end {
			j.report.Place = strings.TrimPrefix(j.report.Place+", end", ", ")
		} else {
			j.report.Place = "start"
		}
		said := d.first
		if at.end {
			said = d.last
		}
		if said != "" {
			j.found = cmp.Or(j.found, said)
			continue
		}
		splice := behind(d.body[0], d.element(j.words, pub.version))
		if at.end {
			splice = markup.Inside(d.body[0], d.body[1], d.element(j.words, pub.version))
		}
		splices[at.name] = append(splices[at.name], splice)
	}
	if j.there = len(splices) == 0; j.there || j.probe {
		return nil, nil
	}
	if _, ok := zip.Offset("META-INF/signatures.xml"); ok {
		j.signed()
	}
	var parts []archive.Part
	for _, name := range []string{first, last} {
		if list := splices[name]; list != nil {
			text, err := markup.Apply(texts[name], name, list)
			if err != nil {
				return nil, err
			}
			parts = append(parts, archive.Part{Name: name, Content: text})
			delete(splices, name)
		}
	}
	return zip.Edit(parts)
}

func bookPart(zip *archive.Archive, name string) ([]byte, error) {
	text, ok, err := zip.Read(name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, media.Malformed("EPUB container", 0, name[:min(len(name), 80)]+" is missing")
	}
	if markup.Wide(text) {
		return nil, media.Unsupported("EPUB document "+name, 0, "document is in UTF-16")
	}
	return text, nil
}

// readBook finds the documents of the default rendition's spine.
func readBook(zip *archive.Archive) (*publication, error) {
	index, err := bookPart(zip, epubIndex)
	if err != nil {
		return nil, err
	}
	name := ""
	w := markup.Walk(index, epubIndex)
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind == markup.Start && w.Top().Local == "rootfile" && name == "" && attribute(w, t, "media-type") == "application/oebps-package+xml" {
			name = attribute(w, t, "full-path")
		}
	}
	if name == "" {
		return nil, media.Malformed(epubIndex, 0, "no rootfile is a package document")
	}
	text, err := bookPart(zip, name)
	if err != nil {
		return nil, err
	}
	return readPackage(text, name)
}

func readPackage(text []byte, name string) (*publication, error) {
	pub := &publication{}
	items := map[string]string{} // XHTML documents by identifier
	var linear, other []string
	w := markup.Walk(text, name)
	for n := 0; ; {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		if t.Kind != markup.Start {
			continue
		}
		switch local := w.Top().Local; {
		case len(w.Stack) == 1:
			pub.version = attribute(w, t, "version")
		case local == "item" && attribute(w, t, "media-type") == xhtmlType:
			if n++; n > maxItems {
				return nil, media.TooMany("EPUB resource", int64(t.From), maxItems)
			}
			href, _, _ := strings.Cut(attribute(w, t, "href"), "#")
			items[attribute(w, t, "id")] = path.Join(path.Dir(name), unescapePath(href))
		case local == "itemref":
			if n++; n > 2*maxItems {
				return nil, media.TooMany("EPUB resource", int64(t.From), maxItems)
			}
			item, ok := items[attribute(w, t, "idref")]
			if !ok {
				continue
			}
			if attribute(w, t, "linear") == "no" {
				other = append(other, item)
			} else {
				linear = append(linear, item)
			}
		}
	}
	if pub.spine = linear; len(linear) == 0 {
		pub.spine = other
	}
	if len(pub.spine) == 0 {
		return nil, media.Unsupported("EPUB package document", 0, "no XHTML document in the spine")
	}
	return pub, nil
}

// unescapePath resolves the escapes of a URL's path.
func unescapePath(s string) string {
	hex := func(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20) }
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if high, low := hex(s[i+1]), hex(s[i+2]); high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// chapter is what matters of a document of a book.
type chapter struct {
	text        []byte
	body        [2]markup.Token
	space       string
	first, last string // words of the notice that is the first thing, or the last, in the body
}

func readChapter(zip *archive.Archive, name string) (*chapter, error) {
	if keys, ok, err := zip.Read(epubKeys); err != nil {
		return nil, err
	} else if ok && slices.ContainsFunc(encryptedNames(keys), func(s string) bool { return s == name }) {
		return nil, media.Unsupported("EPUB document "+name, 0, "document is encrypted")
	}
	text, err := bookPart(zip, name)
	if err != nil {
		return nil, err
	}
	c := &chapter{text: text}
	w := markup.Walk(text, name)
	mark, inside := "", 0 // the last thing is the notice; depth of its element
	begun := false
	var words strings.Builder
	for {
		t, err := w.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == markup.EOF {
			break
		}
		depth := len(w.Stack)
		switch {
		case t.Kind == markup.Start && depth == 2 && w.Top().Local == "body":
			c.body[0], c.space = t, w.Top().Space
		case t.Kind == markup.End && depth == 2 && w.Top().Local == "body":
			c.body[1], c.last = t, mark
		case c.body[0].To == 0 || c.body[1].To != 0 && !c.body[0].SelfClosing:
		case t.Kind == markup.Start && inside == 0:
			mark = ""
			if slices.Contains(strings.Fields(attribute(w, t, "class")), prose.Class) {
				inside = depth
				words.Reset()
			} else if depth > 3 || !holds(w.Top().Local) {
				begun = true
			}
		case t.Kind == markup.Text && inside > 0:
			words.WriteString(w.Unescape(text[t.From:t.To]))
		case t.Kind == markup.Text && len(strings.TrimSpace(string(text[t.From:t.To]))) > 0:
			begun, mark = true, ""
		case t.Kind == markup.End && depth == inside:
			inside = 0
			mark = prose.Said(words.String())
			if text := strings.Join(strings.Fields(words.String()), " "); mark == "" && prose.IsWords(text) {
				mark = text
			}
			if !begun {
				c.first = mark
			}
			begun = true
		}
	}
	if c.body[0].To == 0 {
		return nil, media.Malformed("EPUB document "+name, 0, "no body")
	}
	return c, nil
}

// holds reports whether an element is a mere frame of what is shown.
func holds(local string) bool { return local == "div" || local == "section" }

// encryptedNames lists the resources that META-INF/encryption.xml names.
func encryptedNames(text []byte) []string {
	var list []string
	w := markup.Walk(text, epubKeys)
	for {
		t, err := w.Next()
		if err != nil || t.Kind == markup.EOF || len(list) > maxItems {
			return list
		}
		if t.Kind == markup.Start && w.Top().Local == "CipherReference" {
			list = append(list, path.Clean(strings.TrimPrefix(unescapePath(attribute(w, t, "URI")), "/")))
		}
	}
}

// element is the notice as a block. Versions before 3 know neither role nor data attributes.
func (c *chapter) element(words, version string) string {
	attributes := ` xmlns="` + markup.Escape(c.space) + `" style="` + prose.Style + `"`
	if strings.HasPrefix(version, "3") {
		attributes += ` role="note"`
	}
	return prose.Element(words, attributes, "xml:lang")
}
