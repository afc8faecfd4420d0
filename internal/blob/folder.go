package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"

	"github.com/colophon-project/colophon/internal/durable"
)

const (
	// incoming is the folder of temporary files. It lies beside what they become, since rename(2) stays inside one file
	// system; and no key begins with a dot.
	incoming = ".incoming"
	// knownFolders bounds the memory for names of folders that are known to be durable.
	knownFolders = 1 << 16

	folderMode = 0o700
	fileMode   = 0o600
)

// FolderBucket opens a folder as a bucket, and makes it when it is not there. A key is a path of plain names in it;
// content types and other attributes are not kept. One process at a time should write to a folder; more do no harm to
// content under digests.
func FolderBucket(dir string) (*gcblob.Bucket, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, durable.Fault(dir, err)
	}
	return gcblob.NewBucket(f), nil
}

// folder is the driver. Everything goes through root, out of which no path leads.
type folder struct {
	dir  string // as a person is told it
	root *os.Root

	mu    sync.RWMutex
	known map[string]bool // folders whose names are on the disk
}

var _ driver.Bucket = (*folder)(nil)

func openFolder(dir string) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, err
	}
	// MkdirAll may have made several; each stands in the one above.
	for above := filepath.Dir(dir); ; above = filepath.Dir(above) {
		if err := syncDir(os.Open(above)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if above == filepath.Dir(above) {
			break
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir, root: root, known: map[string]bool{}}
	if err := f.ensure(incoming); err != nil {
		root.Close()
		return nil, err
	}
	return f, nil
}

// syncDir brings the names in a folder to the disk. It takes what opening the folder gave.
func syncDir(d *os.File, err error) error {
	if err != nil {
		return err
	}
	defer d.Close()
	if runtime.GOOS == "windows" {
		return nil // brings a name to the disk with the file, and can't sync a folder
	}
	return d.Sync()
}

// ensure makes a folder and those above it, each durable before something stands in it.
func (f *folder) ensure(dir string) error {
	if dir == "." {
		return nil
	}
	f.mu.RLock()
	ok := f.known[dir]
	f.mu.RUnlock()
	if ok {
		return nil
	}
	above := path.Dir(dir)
	if err := f.ensure(above); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Also when it was there: another goroutine or process may have made it a moment ago. On ext4 the sync of the folder
	// below brings this name along; not every file system promises that.
	if err := f.syncFolder(above); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= knownFolders {
		clear(f.known)
	}
	f.known[dir] = true
	return nil
}

func (f *folder) syncFolder(dir string) error { return syncDir(f.root.Open(dir)) }

// removeEmpty removes a folder when nothing is in it.
func (f *folder) removeEmpty(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.root.Remove(dir); errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) || errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	delete(f.known, dir)
	return nil
}

// temp is a file that does not stand under its key yet.
type temp struct {
	folder *folder
	file   *os.File
	name   string // "" when it is gone
	synced bool
}

func (f *folder) receive() (*temp, error) {
	name := path.Join(incoming, rand.Text())
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, durable.Fault(f.dir, err)
	}
	return &temp{folder: f, file: file, name: name}, nil
}

// Write appends.
func (t *temp) Write(p []byte) (int, error) {
	n, err := t.file.Write(p)
	return n, durable.Fault(t.folder.dir, err)
}

func (t *temp) place(_ context.Context, key string, replace bool) error {
	_, err := t.folder.root.Lstat(key)
	if !replace && err == nil {
		if err := t.folder.settle(key); err != nil {
			return durable.Fault(t.folder.dir, err)
		}
		return errTaken
	}
	return durable.Fault(t.folder.dir, t.publish(key, false))
}

// publish puts the file under its key: its bytes reach the disk first, then its name.
func (t *temp) publish(key string, onlyNew bool) error {
	if !t.synced {
		if err := t.file.Sync(); err != nil {
			return err
		}
		t.synced = true
	}
	f, dir := t.folder, path.Dir(key)
	if err := f.ensure(dir); err != nil {
		return err
	}
	if onlyNew {
		// link(2) refuses to replace, in the same step that gives the name.
		if err := f.root.Link(t.name, key); errors.Is(err, fs.ErrExist) {
			return errors.Join(err, f.settle(key))
		} else if err != nil {
			return err
		}
		t.discard()
	} else {
		if err := f.root.Rename(t.name, key); err != nil {
			return err
		}
		t.name = ""
	}
	return f.syncFolder(dir)
}

// settle brings what stands under a key to the disk, since who put it there may not have finished.
func (f *folder) settle(key string) error {
	file, err := f.root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	err = file.Sync()
	file.Close()
	if err != nil && runtime.GOOS != "windows" { // which syncs no file that is open for reading alone
		return err
	}
	if err := f.ensure(path.Dir(key)); err != nil {
		return err
	}
	return f.syncFolder(path.Dir(key))
}

func (t *temp) discard() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
	if t.name != "" {
		_ = t.folder.root.Remove(t.name) // what stays behind, Sweep removes
		t.name = ""
	}
}

// sweep removes temporary files that nobody wrote to since before.
func (f *folder) sweep(before time.Time) (int, error) {
	d, err := f.root.Open(incoming)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	n := 0
	for {
		list, err := d.ReadDir(1000)
		for _, e := range list {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return n, err
			}
			if !info.Mode().IsRegular() || !info.ModTime().Before(before) {
				continue
			}
			if err := f.root.Remove(path.Join(incoming, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return n, err
			}
			n++
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// errKey refuses a key. Callers inside this package never give one.
type errKey string

func (e errKey) Error() string { return fmt.Sprintf("%.80q is no key of a folder", string(e)) }

// errUnable says that a folder does not do what a bucket may.
var errUnable = errors.New("a folder keeps no attributes and signs no addresses")

// ErrorCode sorts errors.
func (f *folder) ErrorCode(err error) gcerrors.ErrorCode {
	var bad errKey
	switch {
	case errors.As(err, &bad):
		return gcerrors.InvalidArgument
	case errors.Is(err, errUnable):
		return gcerrors.Unimplemented
	case errors.Is(err, fs.ErrExist):
		return gcerrors.FailedPrecondition
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return gcerrors.NotFound
	case errors.Is(err, fs.ErrPermission):
		return gcerrors.PermissionDenied
	case errors.Is(err, syscall.ENOSPC):
		return gcerrors.ResourceExhausted
	}
	return gcerrors.Unknown
}

// As gives this package the driver itself.
func (f *folder) As(i any) bool {
	p, ok := i.(**folder)
	if ok {
		*p = f
	}
	return ok
}

// ErrorAs gives the errors of the system.
func (f *folder) ErrorAs(err error, i any) bool { return errors.As(err, i) }

// Close ends the use of the folder.
func (f *folder) Close() error { return f.root.Close() }
