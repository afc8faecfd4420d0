// Package html reads and labels HTML and XHTML documents (WHATWG HTML).
//
// The label is <meta name="AIGC" content="…"> in the head. No guide says so; at least four programs in the field write
// it there and read it from there. The document is spliced as text, never parsed into a tree and written anew. The new
// element stands behind a <meta charset>, so that the charset stays within the first 1024 bytes, where browsers look for
// it. Files are read as a whole, up to [media.MaxStructure].
//
// Others write the label wrapped or bare, under property="site:AIGC", in other letter case, and in comments; all of that
// is read.
//
// What not to do here: never touch a script or a style, and never guess an encoding. Any encoding that contains ASCII
// will do; UTF-16 is refused.
package html

import (
	"bytes"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

const (
	what = "HTML document"
	// label is the name of the meta element.
	label = "AIGC"
	// maxLabels is how many label values are reported.
	maxLabels = 64
	// maxProlog is how far into a file the first tag is looked for.
	maxProlog = 64 << 10
)

// Container reads and edits HTML documents.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container]: the first thing besides white space and comments is a doctype or a tag that only
// HTML begins with.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n\f")
	if !bytes.HasPrefix(trimmed, []byte("<")) || markup.Wide(head) {
		return media.Unknown
	}
	is, known := first(head)
	if known || src.Size() <= int64(len(head)) {
		return is
	}
	more, err := media.Head(src, maxProlog)
	if err != nil {
		return media.Unknown
	}
	is, _ = first(more)
	return is
}

// first looks at the first tag or doctype. known is false when the text ends before it.
func first(text []byte) (is media.Format, known bool) {
	s := markup.HTML(text)
	for {
		t, err := s.Next()
		if err != nil || t.Kind == markup.EOF || t.To == len(text) && text[t.To-1] != '>' {
			return media.Unknown, false
		}
		switch t.Kind {
		case markup.Doctype:
			words := bytes.Fields(bytes.TrimRight(text[t.From+len("<!DOCTYPE"):t.To], ">"))
			if len(words) > 0 && bytes.EqualFold(words[0], []byte("html")) {
				return media.HTML, true
			}
			return media.Unknown, true
		case markup.Start:
			for _, name := range [...]string{"html", "head", "body"} {
				if bytes.EqualFold(t.Name, []byte(name)) {
					return media.HTML, true
				}
			}
			return media.Unknown, true
		case markup.Text:
			if len(bytes.TrimSpace(text[t.From:t.To])) > 0 {
				return media.Unknown, true
			}
		}
	}
}

// Places implements [media.Container].
func (Container) Places(f media.Format) []media.Place {
	if f == media.HTML {
		return []media.Place{media.PlaceMeta}
	}
	return nil
}

// Scan implements [media.Container].
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	doc, err := load(src)
	if doc != nil {
		survey.Signatures = doc.signatures
		for _, h := range doc.hits {
			survey.Labels = append(survey.Labels, h.found)
		}
	}
	return survey, err
}

func load(src media.Source) (*document, error) {
	text, err := media.Bytes(src, what, 0, src.Size())
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// Edit implements [media.Container].
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceMeta {
		return nil, media.Unsupported(what, 0, "label stands in a meta element only")
	}
	doc, err := load(src)
	if err != nil {
		return nil, err
	}
	splices, err := doc.splices(put.Value)
	if err != nil {
		return nil, err
	}
	now, err := markup.Apply(doc.text, what, splices)
	if err != nil {
		return nil, err
	}
	after, err := parse(now)
	if err != nil {
		return nil, err
	}
	if len(after.hits) != 1 || !after.hits[0].usual || !bytes.Equal(after.hits[0].found.Value, put.Value) {
		return nil, media.Unsupported(what, 0, "label would not be the only one, or not be read back")
	}
	return markup.Plan(src, what, splices)
}

// splices sets the label to value and takes all others out.
func (d *document) splices(value []byte) ([]markup.Splice, error) {
	var list []markup.Splice
	placed := false
	for _, h := range d.hits {
		switch {
		case h.usual && h.inHead && !placed:
			placed = true
			h.value.Text = markup.Escape(string(value))
			list = append(list, h.value)
		case !h.removable:
			return nil, media.Unsupported(what, h.found.Offset, "text beside the label can't be told from it")
		default:
			list = append(list, h.cut)
		}
	}
	if placed {
		return list, nil
	}
	end := ">"
	if d.xhtml {
		end = " />"
	}
	text := `<meta name="` + label + `" content="` + markup.Escape(string(value)) + `"` + end
	if d.rank == atStart { // a page must begin with what only HTML begins with
		text = "<head>" + text + "</head>"
	}
	return append(list, markup.Splice{From: d.insert, To: d.insert, Text: d.newline + text}), nil
}

// other is the finding on a label that stands outside of a meta element of its own.
func other(place media.Place, off int64) []colophon.Finding {
	return []colophon.Finding{
		media.Warn(media.CodeOtherPlace, off, "place", string(place), "standard", string(media.PlaceMeta)),
	}
}
