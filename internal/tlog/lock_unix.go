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

// readyLock makes the lock that the log's library takes for each batch. The library opens it for writing and ends the
// process when it can't, as on a file system that became read-only; a named pipe can be opened there too. Where there are
// none the library makes a file. clear removes it, since who copies a folder expects no pipe.
func readyLock(dir string) (clear func()) {
	name := filepath.Join(dir, filepath.FromSlash(stateName)+".lock")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err == nil {
		_ = unix.Mkfifo(name, 0o600)
	}
	return func() { _ = os.Remove(name) }
}
