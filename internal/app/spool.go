package app

import (
	"os"

	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
)

// spool is a temporary file: in memory while it is small, then on the disk without a name.
type spool struct {
	dir  string
	data []byte
	file *os.File
	size int64
}

// spools makes temporary files in a folder.
func spools(dir string) func() (production.Temporary, error) {
	return func() (production.Temporary, error) { return &spool{dir: dir}, nil }
}

// Write appends bytes.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) <= maxBuffered {
		s.data = append(s.data, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	if s.file == nil {
		if err := s.spill(); err != nil {
			return 0, durable.Fault(s.dir, err)
		}
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	if err != nil {
		err = durable.Fault(s.dir, err)
	}
	return n, err
}

// spill moves the bytes to a file, which has no name from the start: whatever happens, nothing is left behind.
func (s *spool) spill() error {
	f, err := os.CreateTemp(s.dir, ".colophon-*.tmp")
	if err != nil {
		return err
	}
	if err = os.Remove(f.Name()); err == nil {
		_, err = f.Write(s.data)
	}
	if err != nil {
		f.Close()
		return err
	}
	s.file, s.data = f, nil
	return nil
}

// Source reads what was written.
func (s *spool) Source() media.Source {
	if s.file == nil {
		return media.Memory(s.data)
	}
	return spooled{s.file, s.size}
}

// spooled is a temporary file of a size.
type spooled struct {
	*os.File
	size int64
}

// Size is the number of bytes.
func (s spooled) Size() int64 { return s.size }

// Close gives the file up.
func (s *spool) Close() error {
	s.data = nil
	if s.file != nil {
		return s.file.Close()
	}
	return nil
}
