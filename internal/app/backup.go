package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/store"
)

// Codes of errors about backups. Arg "file" is a file or folder.
const (
	CodeBackupExists  colophon.Code = "backup-exists"  // arg file: there is something in the folder
	CodeBackupBusy    colophon.Code = "backup-busy"    // arg file: another process works there
	CodeBackupDamaged colophon.Code = "backup-damaged" // arg file
	CodeBackupFormat  colophon.Code = "backup-format"  // args file, format: it was made by another version
)

const (
	backupFormat = "colophon-backup/1"
	manifestName = "manifest.json"
	dumpName     = "store.dump"
	blobsName    = "blobs"
	listName     = "blobs.txt"
	maxManifest  = 1 << 20
	// blobBatch is how many blobs are brought to the disk at once.
	blobBatch = 256
)

// Manifest says what a backup holds. It is written last, as manifest.json, and its own digest stands in it.
type Manifest struct {
	Format     string     `json:"format"`
	Created    time.Time  `json:"created"`
	Version    string     `json:"version"`    // of the program
	Engine     string     `json:"engine"`     // sqlite or postgres; the dump fits both
	Log        string     `json:"log"`        // name of the log
	Checkpoint string     `json:"checkpoint"` // the last one when the backup began; the log of the dump contains it
	Dump       BackupFile `json:"dump"`
	List       BackupFile `json:"list"` // digests and sizes of the blobs, one on a line
	Blobs      int        `json:"blobs"`
	BlobBytes  int64      `json:"blob_bytes"`
	Included   bool       `json:"included"` // the blobs themselves are in the backup
	SHA256     string     `json:"sha256"`   // of the manifest with this field empty
}

// BackupFile is a file of a backup.
type BackupFile struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Backup writes everything that a deployment can be restored from, but its keys, into a new folder: a dump of the store
// and the blobs. The log is not copied, since it follows from the dump. A server may work meanwhile. Blobs in an S3 store
// are only listed, unless all is true.
//
// The folder is written as DIR.tmp and gets its name when all is on the disk.
func Backup(ctx context.Context, c Config, v Serving, dir string, all bool, p *Progress) (m Manifest, err error) {
	dir = filepath.Clean(dir)
	if err := vacant(dir); err != nil {
		return m, err
	}
	s := &Server{config: c, set: v}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.openForBackup(ctx); err != nil {
		return m, err
	}
	work, err := workIn(dir+".tmp", dumpName, blobsName, listName, manifestName)
	if err != nil {
		return m, err
	}
	defer work.Close()
	b := &backup{Server: s, dir: work.Name(), progress: p}
	if b.m.Included = all || !strings.HasPrefix(v.Blobs, "s3:"); v.Postgres != "" {
		b.m.Engine = "postgres"
	}
	if err = b.write(ctx); err == nil {
		err = settle(b.dir, dir)
	}
	if err != nil {
		return m, errors.Join(err, os.RemoveAll(b.dir))
	}
	return b.m, nil
}

// openForBackup opens what is read. It makes no store where there is none.
func (s *Server) openForBackup(ctx context.Context) (err error) {
	path := filepath.Join(s.set.Data, "colophon.db")
	if s.set.Postgres == "" {
		if _, err := os.Stat(path); err != nil {
			return durable.Fault(path, err)
		}
	}
	if s.store, err = store.Open(ctx, store.Config{Path: path, Postgres: s.set.Postgres}); err != nil {
		return err
	}
	s.close = append(s.close, s.store.Close)
	return s.openBlobs(ctx)
}

// vacant refuses a folder that has something in it, and removes an empty one.
func vacant(dir string) error {
	list, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && len(list) == 0:
		return durable.Fault(dir, os.Remove(dir))
	case err == nil, errors.Is(err, syscall.ENOTDIR):
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeBackupExists, Args: colophon.Args{"file": dir}}
	}
	return durable.Fault(dir, err)
}

// workIn makes a folder to work in that only its owner may enter. What a process that died has left there under the names
// is removed; a process that lives has the folder locked, until the returned file is closed.
func workIn(dir string, names ...string) (*os.File, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, durable.Fault(dir, err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, durable.Fault(dir, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeBackupBusy, Args: colophon.Args{"file": dir}}
	}
	for _, name := range names {
		if err == nil {
			err = os.RemoveAll(filepath.Join(dir, name))
		}
	}
	if list, _ := os.ReadDir(dir); err == nil && len(list) > 0 {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodeBackupExists, Args: colophon.Args{"file": dir}}
	}
	if err != nil {
		f.Close()
		return nil, durable.Fault(dir, err)
	}
	return f, nil
}

// settle brings the names in a folder to the disk and gives it its own.
func settle(from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncFolder(path)
	})
	if err == nil {
		err = os.Rename(from, to)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(to))
	}
	return durable.Fault(to, err)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// backup is one that is being written.
type backup struct {
	*Server
	dir      string
	m        Manifest
	progress *Progress
}

func (b *backup) write(ctx context.Context) error {
	note, err := b.store.Checkpoint(ctx, b.set.LogName)
	if err != nil {
		return err
	}
	b.m.Format, b.m.Created, b.m.Version, b.m.Log, b.m.Checkpoint = backupFormat, time.Now().UTC().Truncate(time.Second), b.config.Version, b.set.LogName, string(note)
	if b.m.Engine == "" {
		b.m.Engine = "sqlite"
	}
	b.m.Dump, err = b.file(dumpName, func(w io.Writer) error { return b.store.Backup(ctx, w) })
	if err != nil {
		return err
	}
	// The blobs come after the store: what the dump names is there, unless it was erased meanwhile.
	if b.m.List, err = b.file(listName, func(w io.Writer) error { return b.copyBlobs(ctx, w) }); err != nil {
		return err
	}
	_, err = b.file(manifestName, func(w io.Writer) error {
		text, err := b.m.seal()
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
	return err
}

// file writes a file of the backup and brings it to the disk.
func (b *backup) file(name string, write func(io.Writer) error) (BackupFile, error) {
	path := filepath.Join(b.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return BackupFile{}, durable.Fault(path, err)
	}
	defer f.Close()
	w := &counter{w: bufio.NewWriterSize(f, 1<<16), hash: sha256.New(), progress: b.progress}
	err = write(w)
	if err == nil {
		err = w.w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return BackupFile{}, durable.Fault(path, err)
	}
	return BackupFile{w.size, hex.EncodeToString(w.hash.Sum(nil))}, nil
}

// counter measures what is written.
type counter struct {
	w        *bufio.Writer
	hash     hash.Hash
	size     int64
	progress *Progress
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.hash.Write(p[:n])
	c.size += int64(n)
	c.progress.Bytes.Add(int64(n))
	return n, err
}

// copyBlobs lists all blobs and copies them, where they are included. Each is compared with its digest on the way.
func (b *backup) copyBlobs(ctx context.Context, list io.Writer) error {
	batch := durable.NewBatch(durable.Options{})
	defer func() { batch.Abort() }()
	folders := map[string]bool{}
	for e, err := range b.blobs.List(ctx) {
		var stray *colophon.Error
		if errors.As(err, &stray) && stray.Code == blob.CodeStray {
			continue // no blob, and of no use to anybody who restores
		}
		if err != nil {
			return err
		}
		if b.m.Included {
			err := b.copyBlob(ctx, batch, folders, e.Digest)
			if isCode(err, blob.CodeMissing) {
				continue // erased since it was listed
			}
			if err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(list, "%x %d\n", e.Digest, e.Size); err != nil {
			return err
		}
		b.m.Blobs++
		b.m.BlobBytes += e.Size
		b.progress.Files.Add(1)
		if b.m.Blobs%blobBatch == 0 {
			if err := batch.Commit(); err != nil {
				return err
			}
			batch = durable.NewBatch(durable.Options{})
		}
	}
	return batch.Commit()
}

func (b *backup) copyBlob(ctx context.Context, batch *durable.Batch, folders map[string]bool, d blob.Digest) error {
	r, err := b.blobs.Get(ctx, d)
	if err != nil {
		return err
	}
	defer r.Close()
	path := blobPath(b.dir, d)
	if dir := filepath.Dir(path); !folders[dir] {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return durable.Fault(dir, err)
		}
		folders[dir] = true
	}
	f, err := batch.Create(path, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, r)
	b.progress.Bytes.Add(n)
	if err != nil {
		f.Abort()
		return err
	}
	return f.Finish()
}

// blobPath is where a blob lies in a backup.
func blobPath(dir string, d blob.Digest) string {
	name := blob.FormatDigest(d)
	return filepath.Join(dir, blobsName, name[:2], name)
}

// seal returns the text of a manifest with its digest.
func (m *Manifest) seal() ([]byte, error) {
	m.SHA256 = ""
	text, err := m.text()
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	m.SHA256 = hex.EncodeToString(digest[:])
	return m.text()
}

func (m *Manifest) text() ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(m)
	return text.Bytes(), err
}

// parseManifest reads what seal has written, and nothing else. The format is told of a manifest of another version.
func parseManifest(text []byte) (m Manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, err
	}
	if m.Format != backupFormat {
		return m, errFormat
	}
	again := m
	if sealed, err := again.seal(); err != nil || !bytes.Equal(sealed, text) {
		return m, errors.New("it is not as it was written")
	}
	if m.Blobs < 0 || m.BlobBytes < 0 || m.Dump.Size < 0 || m.List.Size < 0 || m.Engine != "sqlite" && m.Engine != "postgres" {
		return m, errors.New("a value can't be")
	}
	return m, nil
}

var errFormat = errors.New("another format")

// listed is a line of the list of blobs.
type listed struct {
	digest blob.Digest
	size   int64
}

func parseListed(line string) (l listed, err error) {
	digest, size, _ := strings.Cut(line, " ")
	if l.digest, err = blob.ParseDigest(digest); err != nil {
		return l, err
	}
	l.size, err = strconv.ParseInt(size, 10, 64)
	if err != nil || l.size < 0 || strconv.FormatInt(l.size, 10) != size {
		return l, errors.New("no size")
	}
	return l, nil
}

// readManifest reads the manifest of a backup.
func readManifest(dir string) (Manifest, error) {
	path := filepath.Join(dir, manifestName)
	f, err := durable.Open(path)
	if err != nil {
		return Manifest{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, 0, maxManifest))
	if err != nil {
		return Manifest{}, durable.Fault(path, err)
	}
	m, err := parseManifest(text)
	if errors.Is(err, errFormat) {
		return m, &colophon.Error{Kind: colophon.Unsupported, Code: CodeBackupFormat, Args: colophon.Args{"file": path, "format": m.Format}}
	}
	if err != nil {
		return m, damagedBackup(path, err)
	}
	return m, nil
}

func damagedBackup(path string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeBackupDamaged, Args: colophon.Args{"file": path}, Err: err}
}
