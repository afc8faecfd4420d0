//go:build unix

package tlog

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
)

// lockFolder takes the lock of a folder and fails when somebody has it. The lock ends when the file is closed or the
// process dies.
func lockFolder(dir string) (*os.File, error) {
	name := filepath.Join(dir, ".colophon.lock")
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, durable.Fault(name, err)
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			break
		}
	}
	if err == nil {
		return file, nil
	}
	file.Close()
	if err == unix.EWOULDBLOCK {
		return nil, &colophon.Error{Kind: colophon.Conflict, Code: CodeLocked, Args: colophon.Args{"file": dir}}
	}
	return nil, durable.Fault(name, err)
}

// writable fails where the log's library could not open its own lock, on a file system that became read-only say. The
// library would end the process then.
func writable(dir string) error {
	name := filepath.Join(dir, filepath.FromSlash(stateName)+".lock")
	if err := unix.Access(name, unix.W_OK); err != nil {
		return durable.Fault(dir, &os.PathError{Op: "writing", Path: name, Err: err})
	}
	return nil
}
