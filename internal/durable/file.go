package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	// bufferSize gathers small writes: a header of twenty fields is one system call, not twenty.
	bufferSize = 64 << 10
	// minCopyRange is the least that is worth a system call of its own to copy inside the kernel.
	minCopyRange = 256 << 10
	// maxNames bounds the search for a free temporary name.
	maxNames = 10000
)

// File is a new file that does not stand under its name yet. One goroutine writes it; ReadAt may be called concurrently
// between writes, until Finish.
type File struct {
	batch  *Batch
	path   string      // final name as the caller gave it
	target string      // final name without symbolic links
	like   os.FileInfo // mode and times to take over, or nil
	old    os.FileInfo // the file that is replaced, or nil
	system *system

	mu       sync.Mutex // guards all below until the file is finished
	temp     string     // "" when there is no temporary file
	file     *os.File
	buffer   *[]byte
	size     int64 // bytes that were written out
	mode     fs.FileMode
	err      error
	finished bool
}

// resolve finds out where the file will stand and what stands there.
func (f *File) resolve() error {
	path := f.path
	info, err := os.Lstat(path)
	switch {
	case path == "":
		return fs.ErrNotExist
	case errors.Is(err, fs.ErrNotExist):
		// The folder is looked at below, which tells whether it is the folder that does not exist.
	case err != nil:
		return err
	case !f.batch.opts.Force:
		return fs.ErrExist
	default:
		if info.Mode()&fs.ModeSymlink != 0 {
			if path, err = filepath.EvalSymlinks(path); err != nil {
				return err
			}
			if info, err = os.Stat(path); err != nil {
				return err
			}
		}
		if !info.Mode().IsRegular() {
			return notRegular(f.path, info.Mode())
		}
		f.old = info
	}
	dir, err := f.batch.folder(filepath.Dir(path))
	f.target = filepath.Join(dir, filepath.Base(path))
	return err
}

// open creates the temporary file.
func (f *File) open() error {
	for range maxNames {
		name := f.batch.tempName(filepath.Dir(f.target))
		// The mode that a new file would have depends on the umask and on the folder's default access list; the one
		// way to learn it without disturbing other goroutines is to create a file. Nothing is in it yet.
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, f.createMode())
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		f.temp, f.file = name, file
		if err := f.prepare(); err != nil {
			f.discard()
			return err
		}
		return nil
	}
	return errors.New("no free temporary name")
}

func (f *File) createMode() fs.FileMode {
	if f.like != nil || f.old != nil {
		return 0o600
	}
	return 0o666
}

func (f *File) prepare() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	switch {
	case f.like != nil:
		f.mode = f.like.Mode().Perm()
	case f.old != nil:
		f.mode = f.old.Mode().Perm()
	default:
		f.mode = info.Mode().Perm()
		if err := unlessForbidden(f.file.Chmod(0o600)); err != nil {
			return err
		}
	}
	f.system, err = f.batch.join(device(info), filepath.Dir(f.target))
	return err
}

// Write appends bytes.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return 0, err
	}
	if f.buffer == nil {
		f.buffer, _ = f.batch.pool.Get().(*[]byte)
		if f.buffer == nil {
			b := make([]byte, 0, bufferSize)
			f.buffer = &b
		}
	}
	if len(*f.buffer)+len(p) > bufferSize {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= bufferSize {
		return f.writeOut(p)
	}
	*f.buffer = append(*f.buffer, p...)
	return len(p), nil
}

func (f *File) writable() error {
	switch {
	case f.err != nil:
		return f.err
	case f.file == nil || f.finished:
		return Fault(f.path, os.ErrClosed)
	}
	return nil
}

// writeOut writes at the end of the file. The first error sticks: what comes after it would stand in the wrong place.
func (f *File) writeOut(p []byte) (int, error) {
	n, err := f.file.WriteAt(p, f.size)
	f.size += int64(n)
	if err != nil {
		f.err = Fault(f.path, err)
	}
	return n, f.err
}

func (f *File) flush() error {
	if f.buffer == nil || len(*f.buffer) == 0 {
		return f.err
	}
	_, err := f.writeOut(*f.buffer)
	*f.buffer = (*f.buffer)[:0]
	return err
}

// ReadAt reads what was written so far, for example to read a label back.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	err := f.writable()
	if err == nil {
		err = f.flush()
	}
	file := f.file
	f.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return file.ReadAt(p, off)
}

// WriteAt overwrites what was written before, such as a hole that is filled once the rest is known.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.writable()
	if err == nil {
		err = f.flush()
	}
	if err == nil && (off < 0 || int64(len(p)) > f.size-off) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return 0, err
	}
	n, err := f.file.WriteAt(p, off)
	if err != nil {
		f.err = Fault(f.path, err)
	}
	return n, f.err
}

// Size is the number of bytes written so far.
func (f *File) Size() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buffer != nil {
		return f.size + int64(len(*f.buffer))
	}
	return f.size
}

// CopyRange appends a range of a [Source] inside the kernel, where copy_file_range(2) moves the bytes without passing
// them through this process, and on some file systems shares them instead of copying. It reports false, having written
// nothing, when the range is small, the source is no file, or the file systems do not support it.
func (f *File) CopyRange(src io.ReaderAt, off, n int64) (bool, error) {
	from, ok := src.(*Source)
	if !ok || n < minCopyRange {
		return false, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return false, err
	}
	if err := f.flush(); err != nil {
		return false, err
	}
	done, err := copyFileRange(f.file, f.size, from.file, off, n)
	f.size += done
	switch {
	case err != nil:
		f.err = Fault(f.path, err)
		return false, f.err
	case done == 0:
		return false, nil
	}
	// The kernel may stop half-way for reasons of its own. The rest takes the usual road.
	return true, f.copyRest(from, off+done, n-done)
}

func (f *File) copyRest(from *Source, off, n int64) error {
	buf := make([]byte, min(n, minCopyRange))
	for n > 0 {
		chunk := buf[:min(n, int64(len(buf)))]
		if _, err := io.ReadFull(io.NewSectionReader(from, off, int64(len(chunk))), chunk); err != nil {
			f.err = err
			return err
		}
		if _, err := f.writeOut(chunk); err != nil {
			return err
		}
		off += int64(len(chunk))
		n -= int64(len(chunk))
	}
	return nil
}

// Finish ends the writing: the file gets its mode and times and waits for Commit. A file that can't be finished is
// removed, and Commit reports it.
func (f *File) Finish() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.writable()
	if f.finished {
		return err // what was finished stays so
	}
	if err == nil {
		err = f.flush()
	}
	if err == nil {
		err = f.finish()
	}
	f.giveBuffer()
	if err != nil {
		f.err = Fault(f.path, err)
		f.discard()
		return f.err
	}
	f.finished = true
	return nil
}

func (f *File) finish() error {
	// The order matters: a change of owner clears mode bits, and an access list among the attributes refines the mode.
	if f.old != nil {
		keepOwner(f.file, f.old)
	}
	if err := unlessForbidden(f.file.Chmod(f.mode)); err != nil {
		return err
	}
	if f.old != nil {
		keepAttributes(f.file, f.target)
	}
	if f.like != nil {
		// A zero time leaves the access time alone.
		if err := unlessForbidden(os.Chtimes(f.temp, time.Time{}, f.like.ModTime())); err != nil {
			return err
		}
	}
	kept, err := f.batch.settle(f.system, f.file)
	if kept {
		f.file = nil
		return err
	}
	closing := f.file.Close()
	f.file = nil
	return errors.Join(err, closing)
}

// unlessForbidden passes over a mode or time that can't be set: file systems such as FAT have none of their own, and
// the content is what matters.
func unlessForbidden(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// Abort gives up the file and removes it. After Finish or Abort it does nothing, so that it may be deferred.
func (f *File) Abort() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished || f.temp == "" {
		return
	}
	f.giveBuffer()
	f.discard()
	f.batch.release(f)
}

func (f *File) giveBuffer() {
	if f.buffer != nil {
		*f.buffer = (*f.buffer)[:0]
		f.batch.pool.Put(f.buffer)
		f.buffer = nil
	}
}

// publish puts the finished file under its name.
func (f *File) publish() error {
	if !f.batch.opts.Force {
		if err := renameNew(f.temp, f.target); err != nil {
			return err
		}
		f.temp = ""
		return nil
	}
	if f.like != nil && f.old != nil && os.SameFile(f.like, f.old) {
		now, err := os.Lstat(f.target)
		if err != nil {
			return err
		}
		if !os.SameFile(f.like, now) || now.Size() != f.like.Size() || !now.ModTime().Equal(f.like.ModTime()) {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeFileChanged, Args: colophon.Args{"file": f.path}}
		}
	}
	if err := os.Rename(f.temp, f.target); err != nil {
		return err
	}
	f.temp = ""
	return nil
}

// discard closes and removes the temporary file, if it is there.
func (f *File) discard() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
	if f.temp != "" {
		os.Remove(f.temp)
		f.temp = ""
	}
}
