package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/colophon-project/colophon/internal/durable"
)

const (
	// spoolMemory is what stays in memory; most pictures do.
	spoolMemory = 1 << 20
	spoolPrefix = "colophon-spool-"
	// partSize and partsAtOnce bound what one upload holds in memory. S3 allows 10,000 parts, so 80 GiB.
	partSize    = 8 << 20
	partsAtOnce = 2
)

// spool holds content between two steps: in memory while it is small, then in a temporary file.
type spool struct {
	dir  string
	mem  []byte
	file *os.File
	name string // of the file, when the system did not let us remove it while it is open
	size int64
}

// Write appends.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) <= spoolMemory {
		s.mem = append(s.mem, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, durable.Fault("spool", err)
		}
	}
	n, err := s.file.WriteAt(p, s.size)
	s.size += int64(n)
	return n, durable.Fault("spool", err)
}

func (s *spool) open() error {
	f, err := os.CreateTemp(s.dir, spoolPrefix+"*")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		s.name = f.Name()
	}
	if _, err := f.Write(s.mem); err != nil {
		f.Close()
		s.remove()
		return err
	}
	s.file, s.mem = f, nil
	return nil
}

func (s *spool) remove() {
	if s.name != "" {
		os.Remove(s.name)
		s.name = ""
	}
}

// ReadAt may be called concurrently when all is written.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return bytes.NewReader(s.mem).ReadAt(p, off)
}

func (s *spool) discard() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	s.remove()
	s.mem = nil
}

// upload is an arrival that goes into a bucket when its digest is known.
type upload struct {
	spool
	bucket *gcblob.Bucket
}

func (u *upload) place(ctx context.Context, key string, replace bool) error {
	opts := &gcblob.WriterOptions{ContentType: "application/octet-stream", BufferSize: partSize, MaxConcurrency: partsAtOnce}
	return store(replace, func(onlyNew bool) error {
		opts.IfNotExist = onlyNew
		return u.bucket.Upload(ctx, key, io.NewSectionReader(&u.spool, 0, u.size), opts)
	})
}

// store writes to a bucket, where it can under the condition that nothing stands there.
func store(replace bool, write func(onlyNew bool) error) error {
	if replace {
		return fault("", write(false))
	}
	const tries = 3 // two who write at once may both be told to try again
	var err error
	for range tries {
		err = write(true)
		if !errorCode(err, "ConditionalRequestConflict") {
			break
		}
	}
	switch {
	case gcerrors.Code(err) == gcerrors.FailedPrecondition:
		return errTaken
	case errorCode(err, "NotImplemented"):
		// The store knows no conditions. Under a digest that does no harm: who overwrites does so with the same bytes.
		err = write(false)
	}
	return fault("", err)
}

// errorCode reports whether a server answered with a code of the S3 protocol.
func errorCode(err error, code string) bool {
	var coded interface{ ErrorCode() string }
	return errors.As(err, &coded) && coded.ErrorCode() == code
}

// sweepSpool removes temporary files of processes that ended in the middle, on systems where they have names.
func sweepSpool(dir string, before time.Time) (int, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	names, err := filepath.Glob(filepath.Join(dir, spoolPrefix+"*"))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range names {
		info, err := os.Lstat(name)
		if err == nil && info.Mode().IsRegular() && info.ModTime().Before(before) && os.Remove(name) == nil {
			n++
		}
	}
	return n, nil
}
