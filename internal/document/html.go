package document

import (
	"bytes"
	_ "embed"
	"html/template"
)

//go:embed paper.html
var source string

var page = template.Must(template.New("paper").Parse(source))

// HTML writes a sheet as a page that loads nothing and runs nothing.
func (w *Writer) HTML(s Sheet) ([]byte, error) {
	var b bytes.Buffer
	if err := page.Execute(&b, w.paper(s)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
