package document

import (
	"bytes"
	_ "embed"
	"html/template"

	"github.com/colophon-project/colophon/desk/parcel"
)

//go:embed parcel.html
var parcelSource string

var parcelPage = template.Must(template.New("parcel").Parse(parcelSource))

// Parcel writes the page of a package of somebody's data. It loads nothing and runs nothing.
func Parcel(p parcel.Page) ([]byte, error) {
	var b bytes.Buffer
	err := parcelPage.Execute(&b, p)
	return b.Bytes(), err
}
