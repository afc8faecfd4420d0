package durable

import (
	"os"
	"syscall"
)

// Source is a file that was opened to be read. ReadAt may be called concurrently.
type Source struct {
	file *os.File
	info os.FileInfo
}

// Open opens a regular file. It follows symbolic links, and refuses folders, devices, pipes and sockets.
func Open(path string) (*Source, error) {
	// Opening alone can change a device, such as rewind a tape, so the kind is looked at first. The path may come to
	// name something else in between: O_NONBLOCK keeps open(2) from waiting for the other end of a pipe, and what was
	// opened is looked at again.
	info, err := os.Stat(path)
	if err != nil {
		return nil, Fault(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(path, info.Mode())
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, Fault(path, err)
	}
	info, err = file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(path, info.Mode())
	}
	if err != nil {
		file.Close()
		return nil, Fault(path, err)
	}
	return &Source{file: file, info: info}, nil
}

// ReadAt reads like [os.File.ReadAt].
func (s *Source) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Size is the file's size in bytes when it was opened.
func (s *Source) Size() int64 { return s.info.Size() }

// Stat describes the file as it was when it was opened. Given to [Batch.Create] it passes on mode and times, and tells
// an edit in place from a copy.
func (s *Source) Stat() os.FileInfo { return s.info }

// Close closes the file.
func (s *Source) Close() error { return s.file.Close() }
