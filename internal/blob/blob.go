// Package blob keeps bytes: files by the digest of their content ([Store]), and files by name for what others read by
// name, such as the tiles of the log ([Names]). Both stand in a bucket of gocloud.dev/blob, which is a folder, an
// S3-compatible store or, for tests, memory.
//
// What a caller may rely on:
//
//   - When Put has returned without an error the bytes are durable. In a folder they were written under a temporary
//     name, brought to the disk and renamed, and the folders above were brought to the disk too. An S3 store has
//     answered 200. So the digest may enter a transaction; never the other way round.
//   - A blob appears under its digest whole or not at all. Bytes that are there already are read back when they are put
//     again, and replaced where they were damaged.
//   - A reader never gives the last bytes of a blob before the digest of all was right, and gives none out of order
//     before. A damaged blob is an error with its digest, never a short or a changed file that looks good.
//   - Memory is bounded. Where the digest must be known first, or a store can't be read twice, larger content waits in a
//     temporary file that has no name where the system allows that.
//
// The folder driver is our own. The one of gocloud.dev renames without bringing anything to the disk and gives no way to
// do so in between, and it keeps a second file beside each. Ours goes through [os.Root], so that neither a name nor a
// symbolic link leads out of the folder.
//
// What not to do here: don't store a file under a name of its content that was not computed here. Don't delete a digest
// while something may put the same bytes: whoever deletes knows that nothing refers to them. Deleting frees space; it
// does not overwrite the disk or reach its copies. What must become unreadable is stored with [Store.PutSealed], and its
// key is destroyed.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"sync"
	"syscall"
	"time"

	gcblob "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
)

// Codes of errors about blobs. Arg "digest" is 64 hexadecimal digits, "name" a name in the store.
const (
	CodeMissing    colophon.Code = "blob-missing"        // args digest
	CodeDamaged    colophon.Code = "blob-damaged"        // args digest; the stored bytes are not those that were put
	CodeDigest     colophon.Code = "blob-digest-wrong"   // args value; no digest in our notation
	CodeStray      colophon.Code = "blob-stray"          // args name; a file among the blobs that is none
	CodeName       colophon.Code = "blob-name-wrong"     // args name
	CodeNameAbsent colophon.Code = "blob-name-missing"   // args name
	CodeNameTaken  colophon.Code = "blob-name-taken"     // args name; other bytes stand under a name that never changes
	CodeTooLarge   colophon.Code = "blob-too-large"      // args name; what stands there is larger than anything we put
	CodeSealKey    colophon.Code = "blob-key-wrong"      // the key or the purpose is not that of the sealed blob, or its head is damaged
	CodeAddress    colophon.Code = "blob-address"        // args part; the address of a store can't be used
	CodeFailed     colophon.Code = "blob-store-failed"   // the store did not do what it was asked to
	CodeObject     colophon.Code = "blob-object-missing" // there is no such bucket, or no such file in it
	CodeDenied     colophon.Code = "blob-object-denied"  // the store does not let us
)

// Digest is the SHA-256 of a blob's content.
type Digest = [sha256.Size]byte

// FormatDigest returns a digest as 64 lower-case hexadecimal digits.
func FormatDigest(d Digest) string { return hex.EncodeToString(d[:]) }

// ParseDigest reads what FormatDigest writes, and nothing else.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) == hex.EncodedLen(len(d)) && strings.ToLower(s) == s {
		if _, err := hex.Decode(d[:], []byte(s)); err == nil {
			return d, nil
		}
	}
	return Digest{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeDigest, Args: colophon.Args{"value": fmt.Sprintf("%.80q", s)}}
}

// digests is the part of a bucket where blobs stand: sha256/ab/ab….
const digests = "sha256/"

func key(d Digest) string {
	s := FormatDigest(d)
	return digests + s[:2] + "/" + s
}

// Options say how a store works.
type Options struct {
	// Spool is the folder for temporary files of stores that are no folder; the system's when empty.
	Spool string
}

// Store keeps blobs under their digests. All methods may be called concurrently.
type Store struct {
	bucket  *gcblob.Bucket
	folder  *folder // nil where the bucket is none
	opts    Options
	buffers sync.Pool // *[]byte for copying
	uploads func(ctx context.Context, before time.Time) (int, error)
}

// New returns a store in a bucket. Close closes the bucket.
func New(bucket *gcblob.Bucket, opts Options) *Store {
	s := &Store{bucket: bucket, opts: opts}
	bucket.As(&s.folder)
	s.buffers.New = func() any {
		b := make([]byte, 64<<10)
		return &b
	}
	return s
}

// Close ends the use of the store. Readers that are open stay so.
func (s *Store) Close() error { return s.bucket.Close() }

// Ready asks the store whether it answers and has the bucket.
func (s *Store) Ready(ctx context.Context) error {
	ok, err := s.bucket.IsAccessible(ctx)
	if err == nil && !ok {
		err = errors.New("there is no such bucket")
	}
	return fault("", err)
}

// Put stores what r gives until its end, and returns when that is durable. An error of r is passed on, and nothing is
// stored then.
func (s *Store) Put(ctx context.Context, r io.Reader) (Digest, int64, error) {
	var d Digest
	a, err := s.receive()
	if err != nil {
		return d, 0, err
	}
	defer a.discard()
	h := sha256.New()
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	size, err := transfer(ctx, io.MultiWriter(h, a), r, *buf)
	if err != nil {
		return d, 0, err
	}
	h.Sum(d[:0])
	if err := s.place(ctx, a, d); err != nil {
		return Digest{}, 0, err
	}
	return d, size, nil
}

// arrival is content whose digest is not known yet.
type arrival interface {
	io.Writer
	// place puts the content under a key and returns when it is durable. Without replace it returns errTaken when
	// something stands there; what stands there is durable then.
	place(ctx context.Context, key string, replace bool) error
	// discard removes what was not placed.
	discard()
}

// errTaken says that something stands under a key. It never leaves this package.
var errTaken = errors.New("something stands under this key")

func (s *Store) receive() (arrival, error) {
	if s.folder != nil {
		return s.folder.receive()
	}
	return &upload{bucket: s.bucket, spool: spool{dir: s.opts.Spool}}, nil
}

// place puts an arrival under its digest. What stands there is believed after it was read: a damaged copy must not make
// the good one be thrown away.
func (s *Store) place(ctx context.Context, a arrival, d Digest) error {
	k := key(d)
	err := a.place(ctx, k, false)
	if !errors.Is(err, errTaken) {
		return err
	}
	if err := s.Verify(ctx, d); err == nil || ctx.Err() != nil {
		return err
	}
	return a.place(ctx, k, true)
}

// transfer copies until the end of r or of ctx.
func transfer(ctx context.Context, w io.Writer, r io.Reader, buf []byte) (size int64, err error) {
	for {
		if err := context.Cause(ctx); err != nil {
			return size, err
		}
		n, err := r.Read(buf)
		if n > 0 {
			size += int64(n)
			if _, err := w.Write(buf[:n]); err != nil {
				return size, err
			}
		}
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return size, fmt.Errorf("reading what is to be stored: %w", err)
		}
	}
}

// Has reports whether a blob is there. Whether it is whole shows when it is read.
func (s *Store) Has(ctx context.Context, d Digest) (bool, error) {
	ok, err := s.bucket.Exists(ctx, key(d))
	return ok, fault(FormatDigest(d), err)
}

// Verify reads a blob and returns nil when it is there and whole.
func (s *Store) Verify(ctx context.Context, d Digest) error {
	r, err := s.Get(ctx, d)
	if err != nil {
		return err
	}
	defer r.Close()
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	for {
		if _, err := r.Read(*buf); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Delete removes a blob for good: when it returns nil, a power cut does not bring it back. A blob that is not there is
// an error of kind Missing.
func (s *Store) Delete(ctx context.Context, d Digest) error {
	return missing(fault(FormatDigest(d), s.bucket.Delete(ctx, key(d))), "digest", FormatDigest(d), CodeMissing)
}

// Entry is one stored blob.
type Entry struct {
	Digest  Digest
	Size    int64
	Changed time.Time // when it was put, by the store's clock
}

// List goes through all blobs in order of their digests. A file that is no blob is given as an error with its name, and
// the list goes on; after any other error it ends. Blobs that are put or deleted meanwhile may be in the list or not.
func (s *Store) List(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for object, err := range s.objects(ctx) {
			if err != nil {
				yield(Entry{}, fault("", err))
				return
			}
			name := object.Key[strings.LastIndexByte(object.Key, '/')+1:]
			d, err := ParseDigest(name)
			if err != nil || object.Key != key(d) {
				stray := &colophon.Error{Kind: colophon.Conflict, Code: CodeStray, Args: colophon.Args{"name": object.Key}}
				if !yield(Entry{}, stray) {
					return
				}
				continue
			}
			if !yield(Entry{d, object.Size, object.ModTime}, nil) {
				return
			}
		}
	}
}

func (s *Store) objects(ctx context.Context) iter.Seq2[*gcblob.ListObject, error] {
	return func(yield func(*gcblob.ListObject, error) bool) {
		it := s.bucket.List(&gcblob.ListOptions{Prefix: digests})
		for {
			if err := context.Cause(ctx); err != nil {
				yield(nil, err)
				return
			}
			object, err := it.Next(ctx)
			if err == io.EOF || !yield(object, err) || err != nil {
				return
			}
		}
	}
}

// Sweep removes what puts that never ended have left since before a moment: temporary files, and unfinished uploads of
// an S3 store. Pick a moment long ago, a day say, since a put that still runs looks the same. It returns how many were
// removed.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	n, err := 0, error(nil)
	switch {
	case s.folder != nil:
		n, err = s.folder.sweep(before)
	case s.uploads != nil:
		n, err = s.uploads(ctx, before)
	}
	m, err2 := sweepSpool(s.opts.Spool, before)
	return n + m, fault("", errors.Join(err, err2))
}

// fault makes the error that a person is shown of an error of a bucket.
func fault(what string, err error) error {
	var known *colophon.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return durable.Fault(what, err)
	}
	e := &colophon.Error{Kind: colophon.Internal, Code: CodeFailed, Err: err}
	if what != "" {
		e.Err = fmt.Errorf("%s: %w", what, err)
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		e.Kind, e.Err = colophon.Missing, errors.Join(fs.ErrNotExist, e.Err)
	}
	return e
}

// missing gives the error of a thing that is not there its own code and name. Others stay as they are.
func missing(err error, arg, name string, code colophon.Code) error {
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Missing {
		return &colophon.Error{Kind: colophon.Missing, Code: code, Args: colophon.Args{arg: name}, Err: fs.ErrNotExist}
	}
	return err
}

func damaged(d Digest, why error) error {
	return &colophon.Error{Kind: colophon.Internal, Code: CodeDamaged, Args: colophon.Args{"digest": FormatDigest(d)}, Err: why}
}
