package store

import (
	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
)

// networkDisk names a file system that other machines may share, where SQLite's shared memory and locks do not hold. A
// FUSE file system may be one or not; it counts, since a wrong guess would cost the data.
func networkDisk(magic int64) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.CEPH_SUPER_MAGIC:
		return "Ceph"
	case unix.FUSE_SUPER_MAGIC:
		return "FUSE"
	case unix.V9FS_MAGIC:
		return "9P"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC, unix.CODA_SUPER_MAGIC:
		return "AFS"
	case unix.OCFS2_SUPER_MAGIC:
		return "OCFS2"
	case 0x01161970:
		return "GFS2"
	case 0x0BD00BD0:
		return "Lustre"
	case 0x786F4256:
		return "vboxsf"
	}
	return ""
}

func refuseNetworkDisk(dir string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return durable.Fault(dir, err)
	}
	return refuseDisk(dir, int64(stat.Type))
}

func refuseDisk(dir string, magic int64) error {
	kind := networkDisk(magic & 0xffffffff)
	if kind == "" {
		return nil
	}
	return &colophon.Error{Kind: colophon.Refused, Code: CodeNetworkDisk, Args: colophon.Args{"file": dir, "type": kind}}
}
