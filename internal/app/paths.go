package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

// Codes of errors about the files that a person named. Arg "file".
const (
	CodeDirectory  colophon.Code = "is-directory"    // a folder without -r
	CodeSameOutput colophon.Code = "same-output"     // also "other", "output"
	CodeOverInput  colophon.Code = "output-is-input" // also "output"
	CodeNoFiles    colophon.Code = "no-files"
)

// Input is a file to work on.
type Input struct {
	Path string
	// Rel is the path below the folder that was named, or the file's base name.
	Rel  string
	Size int64 // in bytes, for planning; the file may change until it is opened
	// Err is why the path can't be worked on.
	Err error
}

// Expand turns the paths that a person named into files. With recurse, folders stand for the files below them, without
// sidecars, hidden files and what is no regular file.
func Expand(paths []string, recurse bool) []Input {
	var inputs []Input
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			inputs = append(inputs, Input{Path: p, Err: pathError(p, err)})
		case !info.IsDir():
			inputs = append(inputs, Input{Path: p, Rel: filepath.Base(p), Size: info.Size()})
		case !recurse:
			inputs = append(inputs, Input{Path: p, Err: &colophon.Error{Kind: colophon.Invalid, Code: CodeDirectory, Args: colophon.Args{"file": p}}})
		default:
			inputs = append(inputs, walk(p)...)
		}
	}
	return inputs
}

func walk(root string) []Input {
	var inputs []Input
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			inputs = append(inputs, Input{Path: p, Err: pathError(p, err)})
			return nil
		}
		hidden := p != root && strings.HasPrefix(d.Name(), ".")
		if d.IsDir() {
			if hidden {
				return filepath.SkipDir
			}
			return nil
		}
		if hidden || !d.Type().IsRegular() || strings.HasSuffix(d.Name(), label.SidecarSuffix) {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			rel = d.Name()
		}
		in := Input{Path: p, Rel: rel}
		if info, err := d.Info(); err == nil {
			in.Size = info.Size()
		}
		inputs = append(inputs, in)
		return nil
	})
	if err != nil {
		inputs = append(inputs, Input{Path: root, Err: pathError(root, err)})
	}
	return inputs
}

func pathError(p string, err error) error {
	e := &colophon.Error{Kind: colophon.Missing, Code: durable.CodeFileMissing, Args: colophon.Args{"file": p}, Err: err}
	if os.IsPermission(err) {
		e.Kind, e.Code = colophon.Refused, durable.CodePermission
	}
	return e
}

// labelledName puts .labelled before a path's extension.
func labelledName(p string) string {
	ext := filepath.Ext(p)
	if ext == filepath.Base(p) { // a name that is all extension, such as .profile
		ext = ""
	}
	return strings.TrimSuffix(p, ext) + ".labelled" + ext
}
