package ffmpeg

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/colophon-project/colophon/internal/media"
)

// Scratch is a private folder for files that go to and from the programs. Nobody else can read it. The caller MUST call
// Close.
type Scratch struct{ dir string }

// Scratch makes a folder below the system's folder for temporary files. Without the programs, when t is nil, there is
// nothing to make it for, and the error has CodeMissing.
func (t *Tools) Scratch() (*Scratch, error) {
	if t == nil {
		return nil, missing("ffmpeg", nil)
	}
	dir, err := os.MkdirTemp("", "colophon-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for temporary files: %w", err)
	}
	return &Scratch{dir: dir}, nil
}

// Close removes the folder and what is in it.
func (s *Scratch) Close() error { return os.RemoveAll(s.dir) }

// Path is where a file of that name stands. The name is the caller's own word, without separators.
func (s *Scratch) Path(name string) string {
	if name == "" || strings.ContainsAny(name, `/\%:`) || strings.HasPrefix(name, ".") {
		panic("ffmpeg: not a plain name: " + name)
	}
	return filepath.Join(s.dir, name)
}

// Put writes a whole source into a file and returns its path.
func (s *Scratch) Put(name string, src media.Source) (string, error) {
	return s.Write(name, io.NewSectionReader(src, 0, src.Size()))
}

// Write writes a file from a reader and returns its path.
func (s *Scratch) Write(name string, r io.Reader) (string, error) {
	path := s.Path(name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, r)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return "", fmt.Errorf("writing a temporary file: %w", err)
	}
	return path, nil
}

// Apply writes what an edit makes of a source into a file and returns its path.
func (s *Scratch) Apply(name string, edit *media.Edit, src media.Source) (string, error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(edit.Apply(w, src)) }()
	path, err := s.Write(name, r)
	r.CloseWithError(err)
	return path, err
}

// Read returns a file of at most limit bytes.
func (s *Scratch) Read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(s.Path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, media.TooLarge("output of ffmpeg", 0, limit)
	}
	return b, err
}

// Take opens a file and takes it out of the folder: the source stays readable after Close, for as long as anything holds
// it, and has no name on the disk. An edit's streamed piece may read from it.
func (s *Scratch) Take(name string) (media.Source, error) {
	path := s.Path(name)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	// Without a name the disk space is free again when the file is closed, which the runtime does when nothing holds f.
	// Systems that can't remove an open file lose it with the folder.
	_ = os.Remove(path)
	return &taken{File: f, size: info.Size()}, nil
}

type taken struct {
	*os.File
	size int64
}

// Size is the number of bytes.
func (t *taken) Size() int64 { return t.size }
