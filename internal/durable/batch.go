package durable

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/colophon-project/colophon"
)

// Batch collects new files and puts them under their names together. Files may be created and written concurrently,
// each by one goroutine. Commit or Abort ends the batch and MUST be called when all of them are finished or given up.
//
// A batch is not a transaction: a file that can't be put under its name does not hold up the others.
type Batch struct {
	opts Options
	temp string    // what temporary names begin with
	pool sync.Pool // write buffers, *[]byte

	mu      sync.Mutex // guards all below
	files   []*File    // in order of creation, without the aborted ones
	taken   map[string]bool
	folders map[string]string // folder as given to the same without symbolic links
	systems map[uint64]*system
	serial  int
	ended   bool
	results []Result
}

// NewBatch returns an empty batch.
func NewBatch(opts Options) *Batch {
	return &Batch{
		opts: opts, temp: ".colophon-" + strconv.Itoa(os.Getpid()) + "-",
		taken: map[string]bool{}, folders: map[string]string{}, systems: map[uint64]*system{},
	}
}

// Create starts a new file that Commit will put under the name final. Where like is given, the file gets its mode and
// modification time; else the mode is that of the file it replaces, or the usual one for new files.
//
// Replacing a file through a symbolic link replaces what the link points to. A replaced file's owner, group, extended
// attributes and access list are kept as far as the system allows. Where like describes the file to be replaced,
// Commit leaves that file alone if it was changed since.
func (b *Batch) Create(final string, like os.FileInfo) (*File, error) {
	f := &File{batch: b, path: final, like: like}
	if err := f.resolve(); err != nil {
		return nil, Fault(final, err)
	}
	if err := b.take(f); err != nil {
		return nil, err
	}
	if err := f.open(); err != nil {
		b.release(f)
		return nil, Fault(final, err)
	}
	return f, nil
}

// take reserves a name: two files of one batch under one name would silently lose one of them, Force or not.
func (b *Batch) take(f *File) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return &colophon.Error{Code: CodeFailed, Args: colophon.Args{"file": f.path}, Err: errors.New("the batch has ended")}
	}
	if b.taken[f.target] {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeExists, Args: colophon.Args{"file": f.path}}
	}
	b.taken[f.target] = true
	b.files = append(b.files, f)
	return nil
}

// release forgets a file that was given up.
func (b *Batch) release(f *File) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.taken, f.target)
	b.files = slices.DeleteFunc(b.files, func(other *File) bool { return other == f })
}

// folder returns a folder's path without symbolic links, so that one file has one name however it is reached.
func (b *Batch) folder(dir string) (string, error) {
	b.mu.Lock()
	resolved, ok := b.folders[dir]
	b.mu.Unlock()
	if ok {
		return resolved, nil
	}
	resolved, err := filepath.Abs(dir)
	if err == nil {
		resolved, err = filepath.EvalSymlinks(resolved)
	}
	if err != nil {
		return "", Fault(dir, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folders[dir] = resolved
	return resolved, nil
}

// tempName returns a name that was not used in this batch. Another process or a run that was killed may have it.
func (b *Batch) tempName(dir string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serial++
	return filepath.Join(dir, b.temp+strconv.Itoa(b.serial)+".tmp")
}

// Commit brings all files to the disk and puts them under their names. The error joins those of the files that are not
// there; Results tells them apart. Every temporary file is gone afterwards.
func (b *Batch) Commit() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return errors.New("durable: the batch has ended")
	}
	b.ended = true
	for _, f := range b.files {
		if f.err == nil && !f.finished {
			f.err = errors.New("durable: " + f.path + " was not finished")
		}
	}
	b.sync()
	for _, f := range b.files {
		if f.err == nil {
			f.err = f.publish()
		}
		f.discard()
	}
	b.syncFolders()
	var all []error
	for _, f := range b.files {
		f.err = Fault(f.path, f.err)
		b.results = append(b.results, Result{f.path, f.err})
		all = append(all, f.err)
	}
	return errors.Join(all...)
}

// Results lists what became of each file, in order of creation, after Commit. Aborted files are not in the list.
func (b *Batch) Results() []Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.results
}

// Abort gives up a batch and removes its temporary files. After Commit it does nothing, so that it may be deferred.
func (b *Batch) Abort() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended = true
	for _, f := range b.files {
		f.discard()
	}
	for _, s := range b.systems {
		s.close()
	}
}

// sync brings the bytes of all files to the disk, one file system at a time.
func (b *Batch) sync() {
	for _, s := range b.systems {
		if err := s.sync(); err != nil {
			for _, f := range b.files {
				if f.system == s && f.err == nil {
					f.err = err
				}
			}
		}
		s.close()
	}
}

// syncFolders brings the new names to the disk. Where that fails the files stand under their names, but may lose them
// in a power cut, and are reported.
func (b *Batch) syncFolders() {
	if b.opts.NoSync {
		return
	}
	synced := map[string]error{}
	for _, f := range b.files {
		if f.err != nil {
			continue
		}
		dir := filepath.Dir(f.target)
		err, done := synced[dir]
		if !done {
			err = syncFolder(dir)
			synced[dir] = err
		}
		f.err = err
	}
}

// system is a file system that files of a batch stand on.
type system struct {
	folder *os.File // any folder on it; open since before the first write, so that syncfs reports errors since then
	whole  bool     // syncfs on it brings everything to the disk and reports errors
	files  int      // finished files
	first  *os.File // the first of them, open until the end: alone it has its own fsync
}

// join finds the file system of a new file.
func (b *Batch) join(device uint64, dir string) (*system, error) {
	if b.opts.NoSync {
		return nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.systems[device]
	if s == nil {
		folder, err := os.Open(dir)
		if err != nil {
			return nil, err
		}
		s = &system{folder: folder, whole: trustSyncfs(folder)}
		b.systems[device] = s
	}
	return s, nil
}

// settle decides how a finished file reaches the disk. It takes over file, or leaves it to the caller to close.
func (b *Batch) settle(s *system, file *os.File) (kept bool, err error) {
	switch {
	case s == nil: // NoSync
		return false, nil
	case !s.whole:
		return false, file.Sync()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.files++
	startWriting(file)
	if s.files == 1 {
		s.first = file
		return true, nil
	}
	return false, nil
}

// sync brings the files on one file system to the disk.
func (s *system) sync() error {
	switch {
	case !s.whole, s.files == 0:
		return nil // each file was synced when it was finished
	case s.files == 1:
		return s.first.Sync()
	}
	return syncfs(s.folder)
}

func (s *system) close() {
	s.folder.Close()
	if s.first != nil {
		s.first.Close()
	}
}
