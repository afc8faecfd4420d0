package blob

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/colophon-project/colophon"
)

// A sealed blob is
//
//	"colophon/sealed1" ‖ salt (32) ‖ commitment (32) ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//
// Key and commitment are the two halves of HKDF-SHA-256 over the caller's key, the salt and the purpose. The salt is
// random, so a key that is used twice by mistake still makes two streams. The commitment tells a wrong key from damage,
// and makes it impossible to find a second key that opens the same bytes to something else.
//
// A chunk is 64 KiB sealed with AES-256-GCM, the last one shorter and empty only when all is. Its nonce is its number
// (11 bytes) and one byte that is 1 in the last chunk alone: the STREAM construction of Hoang, Reyhanitabar, Rogaway and
// Vizár (CRYPTO 2015). So chunks can't be exchanged, left out, repeated, or cut off at the end.
const (
	sealMagic  = "colophon/sealed1"
	sealInfo   = "colophon sealed blob v1\x00"
	sealHead   = len(sealMagic) + 32 + 32
	sealChunk  = 64 << 10
	sealTag    = 16
	sealedSize = sealChunk + sealTag

	// SealKeySize is the size of a key in bytes.
	SealKeySize = 32
)

// sealKeys derives what a stream is sealed with.
func sealKeys(key []byte, purpose string, salt []byte) (cipher.AEAD, []byte, error) {
	if len(key) != SealKeySize {
		return nil, nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeSealKey, Err: errors.New("the key has not 32 bytes")}
	}
	both, err := hkdf.Key(sha256.New, key, salt, sealInfo+purpose, 64)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(both[:32])
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, both[32:], err
}

func sealNonce(number int64, last bool) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[3:11], uint64(number))
	if last {
		nonce[11] = 1
	}
	return nonce
}

// sealer reads a sealed stream.
type sealer struct {
	plain  *bufio.Reader
	aead   cipher.AEAD
	number int64
	ready  []byte // sealed and not read yet
	buf    []byte
	err    error
}

// Seal returns a reader of what plain gives, sealed. The key has SealKeySize bytes and should be used for one blob
// alone; purpose says what the blob is for, and is needed to open it. Memory is bounded by two chunks.
func Seal(plain io.Reader, key []byte, purpose string) (io.Reader, error) {
	salt := make([]byte, 32)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	aead, commitment, err := sealKeys(key, purpose, salt)
	if err != nil {
		return nil, err
	}
	head := append(append([]byte(sealMagic), salt...), commitment...)
	return &sealer{plain: bufio.NewReaderSize(plain, sealChunk), aead: aead, ready: head, buf: make([]byte, sealChunk, sealedSize)}, nil
}

// Read reads on.
func (s *sealer) Read(p []byte) (int, error) {
	if len(s.ready) == 0 && s.err == nil {
		s.err = s.next()
	}
	if len(s.ready) == 0 {
		return 0, s.err
	}
	n := copy(p, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

// next seals a chunk and returns io.EOF after the last one.
func (s *sealer) next() error {
	chunk := s.buf[:sealChunk]
	n, err := io.ReadFull(s.plain, chunk)
	if err == nil {
		_, err = s.plain.Peek(1)
	} else if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	if err != nil && err != io.EOF {
		return err
	}
	s.ready = s.aead.Seal(chunk[:0], sealNonce(s.number, err == io.EOF), chunk[:n], nil)
	s.number++
	return err
}

// Sealed reads the plain content of a sealed blob at any place. Each chunk is checked when it is read, and the number of
// chunks was checked when it was opened. Read and Seek are for one goroutine; ReadAt may be called concurrently.
type Sealed struct {
	src    io.ReaderAt
	close  func() error
	fail   func(error) error // makes the error of damage
	aead   cipher.AEAD
	chunks int64
	end    int64 // of the sealed bytes
	size   int64 // of the plain ones
	pos    int64 // of Read

	mu    sync.Mutex
	chunk int64  // number of the chunk in plain; -1 for none
	plain []byte // the chunk that was opened last; never changed, only replaced
}

// Unseal opens sealed content of a size in bytes. Damage shows as an error of code CodeDamaged, here or when the part is
// read.
func Unseal(src io.ReaderAt, size int64, key []byte, purpose string) (*Sealed, error) {
	return unseal(src, size, key, purpose, func(err error) error {
		return &colophon.Error{Code: CodeDamaged, Args: colophon.Args{"digest": "-"}, Err: err}
	})
}

func unseal(src io.ReaderAt, size int64, key []byte, purpose string, fail func(error) error) (*Sealed, error) {
	body := size - int64(sealHead)
	if body < sealTag {
		return nil, fail(errors.New("it is too short to be sealed"))
	}
	head := make([]byte, sealHead)
	if err := readFull(src, head, 0); err != nil {
		return nil, failRead(fail, err)
	}
	if string(head[:len(sealMagic)]) != sealMagic {
		return nil, fail(errors.New("it does not begin as sealed content does"))
	}
	aead, commitment, err := sealKeys(key, purpose, head[len(sealMagic):len(sealMagic)+32])
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(commitment, head[len(sealMagic)+32:]) != 1 {
		return nil, &colophon.Error{Kind: colophon.Refused, Code: CodeSealKey}
	}
	s := &Sealed{src: src, fail: fail, aead: aead, end: size, chunk: -1, chunks: (body + sealedSize - 1) / sealedSize}
	if last := body - (s.chunks-1)*sealedSize; last < sealTag || last == sealTag && s.chunks > 1 {
		return nil, fail(errors.New("its last chunk is cut off"))
	}
	s.size = body - s.chunks*sealTag
	// The last chunk says that it is the last, so the size is right.
	if _, err := s.open(s.chunks - 1); err != nil {
		return nil, err
	}
	return s, nil
}

// readFull reads len(p) bytes at off. Some readers say io.EOF along with the last byte.
func readFull(src io.ReaderAt, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// failRead tells content that is too short from a store that failed.
func failRead(fail func(error) error, err error) error {
	if err == io.EOF {
		return fail(errors.New("it ends before its size"))
	}
	return err
}

// open reads and opens one chunk, or gives the one that was opened last: many read a few bytes after a few bytes.
func (s *Sealed) open(number int64) ([]byte, error) {
	s.mu.Lock()
	if s.chunk == number {
		defer s.mu.Unlock()
		return s.plain, nil
	}
	s.mu.Unlock()
	off := int64(sealHead) + number*sealedSize
	buf := make([]byte, min(sealedSize, s.end-off))
	if err := readFull(s.src, buf, off); err != nil {
		return nil, failRead(s.fail, err)
	}
	plain, err := s.aead.Open(buf[:0], sealNonce(number, number == s.chunks-1), buf, nil)
	if err != nil {
		return nil, s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chunk, s.plain = number, plain
	return plain, nil
}

// Size is the number of plain bytes.
func (s *Sealed) Size() int64 { return s.size }

// ReadAt reads like [io.ReaderAt].
func (s *Sealed) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("blob: negative offset")
	}
	n := 0
	for n < len(p) && off < s.size {
		chunk, err := s.open(off / sealChunk)
		if err != nil {
			return n, err
		}
		c := copy(p[n:], chunk[off%sealChunk:])
		n, off = n+c, off+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read reads on from where the last Read or Seek ended.
func (s *Sealed) Read(p []byte) (int, error) {
	if s.pos >= s.size {
		return 0, io.EOF
	}
	plain, err := s.open(s.pos / sealChunk)
	if err != nil {
		return 0, err
	}
	n := copy(p, plain[s.pos%sealChunk:])
	s.pos += int64(n)
	return n, nil
}

// Seek sets where Read goes on.
func (s *Sealed) Seek(offset int64, whence int) (int64, error) {
	pos, err := seek(s.pos, s.size, offset, whence)
	if err == nil {
		s.pos = pos
	}
	return s.pos, err
}

// Close ends the reading.
func (s *Sealed) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// PutSealed seals what r gives and stores it. Digest and size are those of the sealed bytes; two seals of the same
// content have different ones. The key should be used for one blob alone, since whoever holds it can put one sealed
// blob in the place of another.
func (s *Store) PutSealed(ctx context.Context, r io.Reader, key []byte, purpose string) (Digest, int64, error) {
	sealed, err := Seal(r, key, purpose)
	if err != nil {
		return Digest{}, 0, err
	}
	return s.Put(ctx, sealed)
}

// GetSealed opens a sealed blob. Every part is checked by its seal, so any part may be read without reading the rest.
// The reader uses ctx until it is closed.
func (s *Store) GetSealed(ctx context.Context, d Digest, key []byte, purpose string) (*Sealed, error) {
	src, err := s.open(ctx, d, int64(sealHead))
	if err != nil {
		return nil, err
	}
	ahead := &readAhead{ctx: ctx, src: src}
	sealed, err := unseal(ahead, src.size(), key, purpose, func(err error) error { return damaged(d, err) })
	if err != nil {
		src.Close()
		return nil, err
	}
	sealed.close = src.Close
	return sealed, nil
}

// aheadSize is what is read at once from a store that answers requests, where each costs a round trip.
const aheadSize = 16 * sealedSize

// readAhead reads more than it is asked for where one chunk after the other is read.
type readAhead struct {
	ctx context.Context
	src source

	mu     sync.Mutex
	next   int64 // where the last read ended
	off    int64 // of window
	window []byte
}

// ReadAt reads like [io.ReaderAt].
func (r *readAhead) ReadAt(p []byte, off int64) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	if _, ok := r.src.(*fileSource); ok {
		return r.src.ReadAt(p, off)
	}
	size := int64(len(p))
	r.mu.Lock()
	if off >= r.off && off+size <= r.off+int64(len(r.window)) {
		copy(p, r.window[off-r.off:])
		r.next = off + size
		r.mu.Unlock()
		return len(p), nil
	}
	inOrder := r.next == off
	r.next = off + size
	r.mu.Unlock()
	if !inOrder || size >= aheadSize {
		return r.src.ReadAt(p, off)
	}
	window := make([]byte, min(aheadSize, max(0, r.src.size()-off)))
	n, err := r.src.ReadAt(window, off)
	if n < len(p) {
		return copy(p, window[:n]), err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off, r.window = off, window[:n]
	return copy(p, window[:n]), nil
}
