// Package markdown reads and labels Markdown texts with YAML front matter.
//
// The label is the mapping AIGC in the front matter at the first byte of the file, two spaces deep, every value in double
// quotes (TC260-PG-20258A 6.5). It goes in front of the keys that are there, whose text is kept as it stands; a text
// without front matter gets one. Only the beginning of a file is read, however long the file is.
//
// Others write the label as inline JSON, with keys in any order, four spaces deep, without quotes, behind other keys, or
// in a second front matter behind the first. All of that is read. YAML is parsed to understand it and never written from
// a model: the front matter is spliced as text, and parsed again to make sure that every other key means what it meant.
//
// What not to do here: never look for labels in the text itself. What stands there is what the author wrote, and may
// well be an article about labels.
package markdown

import (
	"bytes"
	"slices"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/markup"
)

const (
	what = "YAML front matter"
	// label is the key of the mapping.
	label = "AIGC"
	// window is how much of a file is read: a front matter must end in it.
	window = 256 << 10
)

// Container reads and edits Markdown texts.
type Container struct{}

var _ media.Container = Container{}

// Sniff implements [media.Container]. Content alone tells a Markdown text only when it begins with a front matter; all
// others are plain text, which the file's name must tell apart.
func (Container) Sniff(head []byte, src media.Source) media.Format {
	if !opens(head) || bytes.IndexByte(head, 0) >= 0 {
		return media.Unknown
	}
	text, err := media.Head(src, window)
	if err != nil {
		return media.Unknown
	}
	if parts, err := parse(text, src.Size()); err == nil && len(parts) > 0 {
		return media.Markdown
	}
	return media.Unknown
}

// Places implements [media.Container].
func (Container) Places(f media.Format) []media.Place {
	if f == media.Markdown {
		return []media.Place{media.PlaceFrontMatter}
	}
	return nil
}

// Scan implements [media.Container].
func (Container) Scan(src media.Source, f media.Format) (*media.Survey, error) {
	survey := &media.Survey{Format: f}
	_, parts, err := load(src)
	for _, p := range parts {
		for _, b := range p.blocks {
			survey.Labels = append(survey.Labels, b.found)
		}
		if p.broken {
			survey.Findings = append(survey.Findings, media.Warn(media.CodeStructure, int64(p.body), "what", what, "rule", "not valid YAML"))
		}
	}
	return survey, err
}

func load(src media.Source) ([]byte, []part, error) {
	text, err := media.Head(src, window)
	if err != nil {
		return nil, nil, err
	}
	if markup.Wide(text) {
		return nil, nil, media.Unsupported("Markdown text", 0, "text is in UTF-16")
	}
	parts, err := parse(text, src.Size())
	return text, parts, err
}

// Edit implements [media.Container].
func (Container) Edit(src media.Source, f media.Format, put media.Put) (*media.Edit, error) {
	if put.Place != media.PlaceFrontMatter {
		return nil, media.Unsupported(what, 0, "label stands in the front matter only")
	}
	text, parts, err := load(src)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text[mark(text):], []byte("+++")) {
		return nil, media.Unsupported("TOML front matter", 0, "a YAML front matter can't stand before it")
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, media.Unsupported("Markdown text", int64(bytes.IndexByte(text, 0)), "text holds a NUL byte")
	}
	block, err := emit(put.Value, newline(text))
	if err != nil {
		return nil, err
	}
	splices, err := plan(text, parts, block)
	if err != nil {
		return nil, err
	}
	now, err := markup.Apply(text, what, splices)
	if err != nil {
		return nil, err
	}
	if err := verify(parts, now, src.Size()+int64(len(now)-len(text)), put.Value); err != nil {
		return nil, err
	}
	return markup.Plan(src, what, splices)
}

// plan replaces the label of the first front matter or puts one there, and takes out all others.
func plan(text []byte, parts []part, block string) ([]markup.Splice, error) {
	if len(parts) == 0 {
		nl := newline(text)
		at := mark(text)
		return []markup.Splice{{From: at, To: at, Text: "---" + nl + block + "---" + nl}}, nil
	}
	var list []markup.Splice
	placed := false
	for i, p := range parts {
		left := p.to - p.body
		for _, b := range p.blocks {
			if !b.removable {
				return nil, media.Unsupported(what, b.found.Offset, "label is no key on a line of its own")
			}
			if i == 0 && !placed {
				placed = true
				list = append(list, markup.Splice{From: b.from, To: b.to, Text: block})
				continue
			}
			left -= b.to - b.from
			list = append(list, markup.Splice{From: b.from, To: b.to})
		}
		// A second front matter that held nothing but the label goes as a whole.
		if i > 0 && left == 0 && len(p.blocks) > 0 {
			list = slices.DeleteFunc(list, func(s markup.Splice) bool { return s.From >= p.from && s.To <= p.end })
			list = append(list, markup.Splice{From: p.from, To: p.end})
		}
	}
	if !placed {
		list = append(list, markup.Splice{From: parts[0].body, To: parts[0].body, Text: block})
	}
	return list, nil
}

// verify reads the text as it will be: one label, and all other keys of the first front matter as they were.
func verify(before []part, now []byte, size int64, value []byte) error {
	after, err := parse(now[:min(len(now), window)], size)
	if err != nil {
		return err
	}
	count := 0
	for _, p := range after {
		count += len(p.blocks)
	}
	if count != 1 || len(after[0].blocks) != 1 {
		return media.Unsupported(what, 0, "label would not be the only one")
	}
	if b := after[0].blocks[0]; b.found.Place != media.PlaceFrontMatter || !bytes.Equal(b.found.Value, value) {
		return media.Unsupported(what, b.found.Offset, "label would not be read back")
	}
	if len(before) > 0 && before[0].root != nil && !sameKeys(before[0].root, after[0].root) {
		return media.Unsupported(what, 0, "other keys would change")
	}
	return nil
}
