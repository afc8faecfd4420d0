// Package sample holds one small file of each format that Colophon handles, for trying the program out and for tests.
//
// The files were made by the script tools/samples.sh, none was taken from elsewhere, and none carries a label.
package sample

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed data
var files embed.FS

// File is one sample.
type File struct {
	Name  string
	Bytes []byte
}

// Files returns all samples, by name.
func Files() ([]File, error) {
	entries, err := fs.ReadDir(files, "data")
	if err != nil {
		return nil, err
	}
	var list []File
	for _, e := range entries {
		b, err := fs.ReadFile(files, path.Join("data", e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, File{e.Name(), b})
	}
	return list, nil
}
