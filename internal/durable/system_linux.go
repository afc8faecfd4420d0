package durable

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func device(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}

// trustSyncfs reports whether syncfs(2) is as good as fsync(2) on every file: from Linux 5.8 on it reports errors of
// writing, and on these file systems it waits for the disk and not only for another machine or process. An overlay is
// not among them, since the errors of the file system below do not reach it.
func trustSyncfs(folder *os.File) bool {
	var stat unix.Statfs_t
	if unix.Fstatfs(int(folder.Fd()), &stat) != nil {
		return false
	}
	switch int64(stat.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC:
	default:
		return false
	}
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	return kernelSince(unix.ByteSliceToString(name.Release[:]), 5, 8)
}

// kernelSince compares a release such as 6.1.0-18-amd64.
func kernelSince(release string, major, minor int) bool {
	first, rest, _ := strings.Cut(release, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, err := strconv.Atoi(first)
	b, _ := strconv.Atoi(strings.TrimRight(second, "-+abcdefghijklmnopqrstuvwxyz"))
	return err == nil && (a > major || a == major && b >= minor)
}

func syncfs(folder *os.File) error {
	return ignoreInterrupts(func() error { return unix.Syncfs(int(folder.Fd())) })
}

// startWriting asks the kernel to begin writing a file's bytes to the disk and does not wait, so that the disk works
// while the next file is made. Whether it did shows in syncfs; here errors are of no interest.
func startWriting(file *os.File) {
	_ = unix.SyncFileRange(int(file.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// renameNew renames and fails with an error like fs.ErrExist when the new name is taken.
func renameNew(from, to string) error {
	err := ignoreInterrupts(func() error {
		return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	})
	switch err {
	case unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP: // the file system or the kernel does not know the flag
		return linkNew(from, to)
	}
	return err
}

// copyFileRange copies inside the kernel. It returns how much was copied; less than n without an error means that the
// kernel can't or won't.
func copyFileRange(dst *os.File, dstOff int64, src *os.File, srcOff, n int64) (int64, error) {
	// The kernel copies no more than 2 GiB at once; smaller pieces keep a signal from being held up for long.
	const piece = 1 << 30
	var done int64
	for done < n {
		from, to := srcOff+done, dstOff+done
		var count int
		err := ignoreInterrupts(func() (err error) {
			count, err = unix.CopyFileRange(int(src.Fd()), &from, int(dst.Fd()), &to, int(min(n-done, piece)), 0)
			return err
		})
		switch {
		case errors.Is(err, unix.EXDEV), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP),
			errors.Is(err, unix.EPERM), errors.Is(err, unix.EIO), errors.Is(err, unix.ETXTBSY):
			// EIO stands for "not supported" on some network file systems; a true one shows again on the usual road.
			return done, nil
		case err != nil:
			return done, err
		case count <= 0: // the source became shorter, which the usual road reports
			return done, nil
		}
		done += int64(count)
	}
	return done, nil
}

// keepOwner gives a new file the owner and group of the one it replaces, or the group at least. Only root may do the
// first.
func keepOwner(file *os.File, old os.FileInfo) {
	stat, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	info, err := file.Stat()
	if err != nil {
		return
	}
	now, ok := info.Sys().(*syscall.Stat_t)
	if !ok || now.Uid == stat.Uid && now.Gid == stat.Gid {
		return
	}
	if file.Chown(int(stat.Uid), int(stat.Gid)) != nil {
		_ = file.Chown(-1, int(stat.Gid)) // a group that we are not in stays behind
	}
}

// keepAttributes gives a new file the extended attributes of the one it replaces, its access list among them. Those
// that the kernel computes from the content, or that grant privileges to it, are not for new content.
func keepAttributes(file *os.File, old string) {
	n, err := unix.Listxattr(old, nil)
	if err != nil || n == 0 {
		return
	}
	names := make([]byte, n)
	if n, err = unix.Listxattr(old, names); err != nil {
		return
	}
	value := make([]byte, 64<<10)
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		switch name {
		case "", "security.ima", "security.evm", "security.capability":
			continue
		}
		if size, err := unix.Getxattr(old, name, value); err == nil {
			_ = unix.Fsetxattr(int(file.Fd()), name, value[:size], 0)
		}
	}
}

func ignoreInterrupts(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
