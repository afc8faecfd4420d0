//go:build unix

package keys

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
)

// enter makes the folder where it is missing and takes the lock on it, which ends when the folder is closed or the
// process dies.
func enter(dir string) (*os.File, error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, durable.Fault(dir, err)
		}
		if err := syncFolder(filepath.Dir(dir)); err != nil {
			return nil, durable.Fault(dir, err)
		}
	}
	folder, err := os.Open(dir)
	if err != nil {
		return nil, durable.Fault(dir, err)
	}
	info, err := folder.Stat()
	if err == nil {
		err = guard(dir, info)
	}
	for err == nil {
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX)
		if err == nil {
			return folder, nil
		}
		if err == unix.EINTR {
			err = nil
		}
	}
	folder.Close()
	return nil, durable.Fault(dir, err)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// guard refuses a file or folder that others than its owner may use, or that is neither ours nor the administrator's.
func guard(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeAccess, Args: colophon.Args{"file": path, "mode": fmt.Sprintf("%04o", mode)}}
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() && stat.Uid != 0 {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeOwner, Args: colophon.Args{"file": path}}
	}
	return nil
}

// list finds the generations of each kind, in order. Other files are passed over: among them may be temporary ones of a
// process that was killed. Old generations may be thrown away, but none between others.
func list(dir string) (map[Kind][]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, durable.Fault(dir, err)
	}
	have := map[Kind][]int{}
	for _, e := range entries {
		kind, number, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".key"), "-")
		generation, err := strconv.Atoi(number)
		if ok && err == nil && generation > 0 && slices.Contains(kinds[:], Kind(kind)) && e.Name() == fileName(Kind(kind), generation) {
			have[Kind(kind)] = append(have[Kind(kind)], generation)
		}
	}
	for k, generations := range have {
		slices.Sort(generations)
		for i := 1; i < len(generations); i++ {
			if want := generations[i-1] + 1; generations[i] != want {
				path := filepath.Join(dir, fileName(k, want))
				return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeGap, Args: colophon.Args{"file": path}}
			}
		}
	}
	return have, nil
}
