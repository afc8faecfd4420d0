//go:build !linux

package durable

import (
	"os"
	"runtime"
)

// Systems other than Linux have fsync, link and rename, and every file has its own fsync.

func device(os.FileInfo) uint64 { return 0 }

func trustSyncfs(*os.File) bool { return false }

func syncfs(folder *os.File) error { return folder.Sync() }

func startWriting(*os.File) {}

func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // Windows brings a name to the disk with the file and can't open a folder for writing
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func renameNew(from, to string) error { return linkNew(from, to) }

func copyFileRange(*os.File, int64, *os.File, int64, int64) (int64, error) { return 0, nil }

func keepOwner(*os.File, os.FileInfo) {}

func keepAttributes(*os.File, string) {}
