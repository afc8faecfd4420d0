package document

import (
	"strings"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/register/filing"
)

// Filing writes a part of a filing as HTML, DOCX or PDF, in Chinese as the authority gets it. Pictures are PNG, found by their
// digests; what is nil is told by its digest alone. The same filing gives the same bytes.
func (w *Writer) Filing(d filing.Draft, doc filing.Document, picture func(sha256 string) ([]byte, error), f media.Format) ([]byte, error) {
	r := Report{Title: doc.Title, Language: "zh", Made: d.Made}
	if name, entity := d.Kit.Algorithm.Name, d.Kit.Subject.Name; name != "" && doc.ID != "subject" {
		r.Subtitle = name
		if entity != "" {
			r.Subtitle += "（" + entity + "）"
		}
	}
	for _, n := range doc.Nodes {
		b, err := w.node(n, picture)
		if err != nil {
			return nil, err
		}
		r.Blocks = append(r.Blocks, b)
	}
	if doc.ID != "annexes" {
		return w.Report(r, f)
	}
	for _, a := range d.Kit.Annexes { // pictures that stand in no other part
		if !strings.HasPrefix(a.Type, "image/") || a.Kind != "screenshot" && a.Kind != "label" {
			continue
		}
		b, err := w.node(filing.Node{Kind: filing.Picture, Text: a.Name, SHA256: a.SHA256}, picture)
		if err != nil {
			return nil, err
		}
		r.Blocks = append(r.Blocks, Block{Kind: Heading, Level: 1, Text: a.Name}, b)
	}
	return w.Report(r, f)
}

// node is a piece of a filing's document as a block.
func (w *Writer) node(n filing.Node, picture func(string) ([]byte, error)) (Block, error) {
	switch n.Kind {
	case filing.Heading:
		return Block{Kind: Heading, Level: n.Level, Text: n.Text}, nil
	case filing.Table:
		if n.Header && len(n.Rows) > 0 {
			return Block{Kind: Table, Head: n.Rows[0], Rows: n.Rows[1:]}, nil
		}
		return Block{Kind: Facts, Rows: n.Rows}, nil
	case filing.Picture:
		shown, err := picture(n.SHA256)
		if err != nil {
			return Block{}, err
		}
		if shown == nil {
			return Block{Kind: Text, Text: w.chinese("filing-picture-absent", "name", n.Text, "sha256", n.SHA256)}, nil
		}
		return Block{Kind: Picture, Text: n.Text, Picture: shown, Width: 80}, nil
	}
	return Block{Kind: Text, Text: n.Text}, nil
}
