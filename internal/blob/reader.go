package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"sync"

	gcblob "gocloud.dev/blob"
)

// Get opens a blob. The reader uses ctx until it is closed. One that is not there is an error of kind Missing and like
// fs.ErrNotExist.
func (s *Store) Get(ctx context.Context, d Digest) (*Reader, error) {
	src, err := s.open(ctx, d, -1)
	if err != nil {
		return nil, err
	}
	return &Reader{ctx: ctx, digest: d, dir: s.opts.Spool, src: src, hash: sha256.New()}, nil
}

// Reader reads one blob and checks it on the way. Reading from the start to the end takes one pass; the last bytes are
// given when the digest was right. Before the first read elsewhere the whole blob is read and checked: in a folder in
// its place, from other stores into a temporary file that is then read from. A sealed blob needs no such pass; see
// [Store.GetSealed].
//
// Read and Seek are for one goroutine at a time. ReadAt may be called concurrently.
type Reader struct {
	ctx    context.Context
	digest Digest
	dir    string
	src    source

	mu     sync.Mutex // guards all below
	pos    int64      // of Read
	stream io.ReadCloser
	hash   hash.Hash // of what the stream gave
	hashed int64
	whole  io.ReaderAt // the checked content
	spool  *spool
	err    error // sticks
}

// Size is the number of bytes that are stored.
func (r *Reader) Size() int64 { return r.src.size() }

// Read reads on from where the last Read or Seek ended. It returns io.EOF when all was read and the digest was right.
func (r *Reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = context.Cause(r.ctx)
	}
	switch {
	case r.err != nil:
		return 0, r.err
	case r.whole != nil, r.pos != r.hashed:
		return r.readWhole(p)
	case len(p) == 0:
		return 0, nil
	}
	return r.readStream(p)
}

func (r *Reader) readWhole(p []byte) (int, error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	n, err := r.whole.ReadAt(p, r.pos)
	r.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// readStream reads on from a stream that began at the start, and keeps back what ends it until the digest is known.
func (r *Reader) readStream(p []byte) (int, error) {
	if r.stream == nil {
		if r.stream, r.err = r.src.stream(); r.err != nil {
			return 0, r.err
		}
	}
	n, err := io.ReadAtLeast(r.stream, p, 1)
	r.hash.Write(p[:n])
	r.hashed += int64(n)
	switch {
	case r.hashed > r.src.size():
		r.err = damaged(r.digest, errors.New("it is longer than its size"))
	case err == io.EOF && r.hashed < r.src.size():
		r.err = damaged(r.digest, errors.New("it ends before its size"))
	case err != nil && err != io.EOF:
		r.err = fault(FormatDigest(r.digest), err)
	case r.hashed == r.src.size():
		r.err = r.compare(r.hash)
	}
	if r.err != nil {
		return 0, r.err
	}
	r.pos = r.hashed
	if r.hashed < r.src.size() {
		return n, nil
	}
	if file, ok := r.src.(*fileSource); ok {
		r.whole = file // an open file stays what it was
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *Reader) compare(h hash.Hash) error {
	if Digest(h.Sum(nil)) != r.digest {
		return damaged(r.digest, errors.New("its digest is another"))
	}
	return nil
}

// ReadAt reads like [io.ReaderAt].
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("blob: negative offset")
	}
	r.mu.Lock()
	err := r.check()
	whole := r.whole
	r.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return whole.ReadAt(p, off)
}

// check reads the whole blob once, so that any part may be read.
func (r *Reader) check() error {
	if r.err == nil {
		r.err = context.Cause(r.ctx)
	}
	if r.err != nil || r.whole != nil {
		return r.err
	}
	h := sha256.New()
	buf := make([]byte, 64<<10)
	if file, ok := r.src.(*fileSource); ok {
		if _, r.err = transfer(r.ctx, h, io.NewSectionReader(file, 0, file.bytes), buf); r.err == nil {
			r.err = r.compare(h)
		}
		if r.err == nil {
			r.whole = file
		}
		return r.err
	}
	r.closeStream()
	stream, err := r.src.stream()
	if err != nil {
		r.err = err
		return err
	}
	defer stream.Close()
	r.spool = &spool{dir: r.dir}
	if _, r.err = transfer(r.ctx, io.MultiWriter(h, r.spool), stream, buf); r.err == nil {
		r.err = r.compare(h)
	}
	if r.err == nil {
		r.whole = r.spool
	}
	return r.err
}

// Seek sets where Read goes on. It does not read.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pos, err := seek(r.pos, r.src.size(), offset, whence)
	if err == nil {
		r.pos = pos
	}
	return r.pos, err
}

func seek(pos, size, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += pos
	case io.SeekEnd:
		offset += size
	default:
		return pos, errors.New("blob: invalid whence")
	}
	if offset < 0 {
		return pos, errors.New("blob: negative position")
	}
	return offset, nil
}

func (r *Reader) closeStream() {
	if r.stream != nil {
		r.stream.Close()
		r.stream = nil
	}
}

// Close ends the reading.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closeStream()
	if r.spool != nil {
		r.spool.discard()
		r.spool = nil
	}
	r.whole, r.err = nil, os.ErrClosed
	return r.src.Close()
}

// source is a stored object, its bytes not checked yet.
type source interface {
	io.ReaderAt // may be called concurrently
	io.Closer
	size() int64
	stream() (io.ReadCloser, error) // from the start
}

// open opens an object. Of a store that is no folder, first bytes are asked for, or all when it is negative.
func (s *Store) open(ctx context.Context, d Digest, first int64) (source, error) {
	r, err := s.bucket.NewRangeReader(ctx, key(d), 0, first, nil)
	switch {
	case err != nil && errorCode(err, "InvalidRange"):
		return nil, damaged(d, errors.New("it is empty")) // so a range of it can't be had
	case err != nil:
		return nil, missing(fault(FormatDigest(d), err), "digest", FormatDigest(d), CodeMissing)
	}
	var f *os.File
	if r.As(&f) {
		return &fileSource{r, f, r.Size()}, nil
	}
	return &rangeSource{ctx: ctx, bucket: s.bucket, key: key(d), first: r, part: first, bytes: r.Size()}, nil
}

// fileSource is an open file. A replaced or deleted blob does not change under it.
type fileSource struct {
	reader *gcblob.Reader
	file   *os.File
	bytes  int64
}

func (f *fileSource) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }
func (f *fileSource) size() int64                             { return f.bytes }
func (f *fileSource) Close() error                            { return f.reader.Close() }
func (f *fileSource) stream() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(f.file, 0, f.bytes)), nil
}

// rangeSource is an object that is asked for in ranges.
type rangeSource struct {
	ctx    context.Context
	bucket *gcblob.Bucket
	key    string
	bytes  int64

	mu    sync.Mutex
	first *gcblob.Reader // the answer to the first request, until it is used
	part  int64          // bytes the first request asked for; negative for all
}

func (s *rangeSource) size() int64 { return s.bytes }

// take hands over the first answer when it holds n bytes, or all for a negative n.
func (s *rangeSource) take(n int64) *gcblob.Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.part >= 0 && (n < 0 || n > s.part) {
		return nil
	}
	r := s.first
	s.first = nil
	return r
}

func (s *rangeSource) stream() (io.ReadCloser, error) {
	if r := s.take(-1); r != nil {
		return r, nil
	}
	return s.from(0, -1)
}

func (s *rangeSource) from(off, n int64) (*gcblob.Reader, error) {
	r, err := s.bucket.NewRangeReader(s.ctx, s.key, off, n, nil)
	return r, fault(s.key, err)
}

func (s *rangeSource) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.bytes {
		return 0, io.EOF
	}
	n := min(int64(len(p)), s.bytes-off)
	var r *gcblob.Reader
	if off == 0 && s.part >= 0 {
		r = s.take(n)
	}
	if r == nil {
		var err error
		if r, err = s.from(off, n); err != nil {
			return 0, err
		}
	}
	defer r.Close()
	got, err := io.ReadFull(r, p[:n])
	if err == nil && got < len(p) {
		err = io.EOF
	}
	return got, err
}

func (s *rangeSource) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first != nil {
		s.first.Close()
		s.first = nil
	}
	return nil
}
