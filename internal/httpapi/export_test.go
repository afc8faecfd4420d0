package httpapi

import (
	"bytes"
	"io"

	"github.com/colophon-project/colophon/staff"
)

// Row is a row of the table of routes.
type Row struct {
	Method, Path, ID string
	Need             staff.Action
	Status           int
}

// Table returns the table of routes.
func Table() []Row {
	var list []Row
	for _, rt := range routes() {
		list = append(list, Row{rt.method, rt.path, rt.id, rt.need, rt.status})
	}
	return list
}

// Strict reads JSON as requests do.
func Strict(data []byte, v any) error { return strict(data, v) }

// ReadUpload reads an uploaded file as a handler does.
func ReadUpload(kind, digest string, body []byte) ([]byte, error) {
	u := &Upload{Type: kind, Digest: digest, body: bytes.NewReader(body)}
	file, err := u.file()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(file)
}

// Reference returns the page of the reference and its policy.
func Reference() (text, policy string) {
	s, err := newServer(Config{})
	if err != nil {
		panic(err)
	}
	return string(page(s.register(newMux(s)))), referencePolicy()
}

// Foremost are the samples that are listed of many.
func Foremost(all []PanelAbout) []PanelAbout { return foremost(all) }
