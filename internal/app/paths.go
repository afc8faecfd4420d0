package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

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
	CodeNotFolder  colophon.Code = "not-a-folder" // a file stands where a folder is needed
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
			inputs = append(inputs, Input{Path: p, Err: durable.Fault(p, err)})
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
			inputs = append(inputs, Input{Path: p, Err: durable.Fault(p, err)})
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
		inputs = append(inputs, Input{Path: root, Err: durable.Fault(root, err)})
	}
	return inputs
}

// MakeFolder creates a folder and those above it, unless it is there.
func MakeFolder(path string) error {
	err := os.MkdirAll(path, 0o777)
	if errors.Is(err, syscall.ENOTDIR) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeNotFolder, Args: colophon.Args{"file": path}, Err: err}
	}
	return durable.Fault(path, err)
}

// names finds out which file a path names, whatever way it is written: relative, absolute, through symbolic links. It
// remembers the folders.
type names map[string]string

// of returns the one absolute name of a path. The file need not exist.
func (n names) of(path string) string {
	full := filepath.Join(n.folder(filepath.Dir(path)), filepath.Base(path))
	if info, err := os.Lstat(full); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := filepath.EvalSymlinks(full); err == nil {
			return target
		}
	}
	return full
}

func (n names) folder(dir string) string {
	if known, ok := n[dir]; ok {
		return known
	}
	name, err := filepath.Abs(dir)
	if err != nil {
		name = dir
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	} else if above := filepath.Dir(name); above != name { // not there yet
		name = filepath.Join(n.folder(above), filepath.Base(name))
	}
	n[dir] = name
	return name
}

// labelledName puts .labelled before a path's extension.
func labelledName(p string) string {
	ext := filepath.Ext(p)
	if ext == filepath.Base(p) { // a name that is all extension, such as .profile
		ext = ""
	}
	return strings.TrimSuffix(p, ext) + ".labelled" + ext
}
