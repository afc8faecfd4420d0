// Package durable reads files and writes new ones so that they survive: after [Batch.Commit] has returned nil, a power
// cut leaves every file of the batch whole under its name, and before that it leaves what stood there before.
//
// A new file is written under a temporary name in the folder where it will stand, then its bytes are brought to the
// disk, then it is renamed, then the folder is brought to the disk. Each step is there for a reason:
//
//   - The temporary name, .colophon-*.tmp, is in the same folder, because rename(2) is atomic only inside one file
//     system. It is created with O_EXCL, so that it never is somebody else's file, and readable by its owner alone.
//   - Bytes go to the disk before the rename. A rename may reach the disk earlier than the bytes it is about, and a
//     power cut would then leave an empty file under the final name, with the old one gone.
//   - syncfs(2) brings a whole file system to the disk at once. fsync(2) on each file of a batch waits for the disk as
//     many times as there are files; syncfs waits once. It is used only where it is known to wait and to report errors:
//     Linux 5.8 or newer, on the local file systems listed in system_linux.go. Elsewhere, and for a batch of one file,
//     each file has its own fsync, since syncfs waits for everybody else's data too.
//   - renameat2(2) with RENAME_NOREPLACE refuses to overwrite in the same step that renames. A check before the rename
//     would leave a gap. Where a file system does not know the flag, link(2) and unlink(2) do the same in two steps.
//   - fsync(2) on the folder brings the new name to the disk. Without it the file may be there after a power cut and
//     have no name.
//
// Replacing a file by a rename gives the name to a new inode: other hard links keep the old content.
//
// What not to do here: never write into a file that stands under its final name, and never remove a file that this
// package did not create.
package durable

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/colophon-project/colophon"
)

// Codes of errors about files. Arg "file" is the path as the caller gave it.
const (
	CodeDiskFull    colophon.Code = "disk-full"
	CodePermission  colophon.Code = "permission-denied"
	CodeExists      colophon.Code = "output-exists"
	CodeNotRegular  colophon.Code = "not-a-regular-file" // arg "type": directory, device, pipe, socket or other
	CodeFileMissing colophon.Code = "file-missing"
	CodeFileChanged colophon.Code = "file-changed" // changed since it was opened; it was left as it is
	CodeFailed      colophon.Code = "io-failed"
)

// Options say how files are written.
type Options struct {
	// NoSync leaves it to the system when bytes reach the disk. Files still appear whole or not at all to every
	// program, but a power cut may lose or damage what was written shortly before.
	NoSync bool
	// Force lets a new file replace one that stands under its name. Without it nothing is ever overwritten.
	Force bool
}

// Result is what became of one file of a batch.
type Result struct {
	Path string // as given to Create
	Err  error  // nil when the file stands under its name
}

// WriteFile writes one small file in a batch of its own.
func WriteFile(path string, data []byte, opts Options) error {
	b := NewBatch(opts)
	defer b.Abort()
	f, err := b.Create(path, nil)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Finish(); err != nil {
		return err
	}
	return b.Commit()
}

// Fault makes the error that a person is shown of an error of the system about path. One that is such an error already
// stays as it is.
func Fault(path string, err error) error {
	var known *colophon.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &colophon.Error{Kind: colophon.Internal, Code: CodeFailed, Args: colophon.Args{"file": path}, Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Kind, e.Code = colophon.Conflict, CodeDiskFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Kind, e.Code = colophon.Refused, CodePermission
	case errors.Is(err, fs.ErrExist):
		e.Kind, e.Code = colophon.Conflict, CodeExists
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Kind, e.Code = colophon.Missing, CodeFileMissing
	}
	return e
}

// notRegular refuses what is no plain file: reading a device or a pipe may never end and may change it.
func notRegular(path string, mode fs.FileMode) error {
	kind := "other"
	switch {
	case mode.IsDir():
		kind = "directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "pipe"
	case mode&fs.ModeSocket != 0:
		kind = "socket"
	case mode&fs.ModeDevice != 0:
		kind = "device"
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeNotRegular, Args: colophon.Args{"file": path, "type": kind}}
}
