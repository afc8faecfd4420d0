package bind

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"io"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/colophon-project/colophon/internal/media"
)

// Algorithms of hashes (C2PA 2.2, 13.1).
const (
	SHA256 = "sha256"
	SHA384 = "sha384"
	SHA512 = "sha512"
)

// NewHash returns a hash by the name that C2PA gives it, nil for one that is not allowed.
func NewHash(alg string) hash.Hash {
	switch alg {
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	}
	return nil
}

// Sum returns the hash of bytes, nil where the algorithm is not allowed.
func Sum(alg string, parts ...[]byte) []byte {
	h := NewHash(alg)
	if h == nil {
		return nil
	}
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// Same reports whether bytes have a hash. A hash of no bytes is nobody's.
func Same(alg string, want []byte, content []byte) bool {
	got := Sum(alg, content)
	return got != nil && bytes.Equal(got, want)
}

// Cover is what a hash covers of a file: all but some ranges, and in front of some bytes their offset.
type Cover struct {
	size  int64
	skip  []Span  // sorted, apart from each other
	marks []int64 // sorted
	text  bool
}

// Text makes the cover one of text: what is covered counts in its normal form C (C2PA 2.4, A.8), so that a program which
// stores the same characters otherwise does not break the hash.
func (c *Cover) Text() *Cover {
	c.text = true
	return c
}

// NewCover returns a cover of a file, with ranges in any order.
func NewCover(size int64, skip []Span, marks []int64) *Cover {
	c := &Cover{size: size}
	slices.SortFunc(skip, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	for _, s := range skip {
		if s.Length <= 0 {
			continue
		}
		if n := len(c.skip); n > 0 && s.Start <= c.skip[n-1].Start+c.skip[n-1].Length {
			last := &c.skip[n-1]
			last.Length = max(last.Length, s.Start+s.Length-last.Start)
			continue
		}
		c.skip = append(c.skip, s)
	}
	first, last := int64(0), size
	if len(c.skip) > 0 {
		if c.skip[0].Start == 0 {
			first = c.skip[0].Length
		}
		if end := c.skip[len(c.skip)-1]; end.Start+end.Length >= size {
			last = end.Start
		}
	}
	slices.Sort(marks)
	for _, m := range slices.Compact(marks) {
		// A box whose beginning is left out counts by its offset where anything in front of it and behind it counts.
		if !c.skipped(m) || m > first && m < last-1 {
			c.marks = append(c.marks, m)
		}
	}
	return c
}

// skipped reports whether a byte is left out.
func (c *Cover) skipped(at int64) bool {
	_, found := slices.BinarySearchFunc(c.skip, at, func(s Span, at int64) int {
		switch {
		case at < s.Start:
			return 1
		case at >= s.Start+s.Length:
			return -1
		}
		return 0
	})
	return found
}

// hasher takes a file's bytes in their order and hashes what the cover covers.
type hasher struct {
	hash.Hash
	*Cover
	into       io.WriteCloser // the hash, or what normalizes in front of it
	at         int64
	skip, mark int
}

// Sum ends the file and returns its hash.
func (h *hasher) Sum(b []byte) []byte {
	_ = h.into.Close() // a hash takes everything
	return h.Hash.Sum(b)
}

// Hasher returns a hash that takes the whole file and counts what the cover covers. It is nil where the algorithm is not
// allowed.
func (c *Cover) Hasher(alg string) hash.Hash {
	h := NewHash(alg)
	if h == nil {
		return nil
	}
	return c.hasher(h)
}

func (c *Cover) hasher(h hash.Hash) *hasher {
	if c.text {
		return &hasher{Hash: h, Cover: c, into: norm.NFC.Writer(h)}
	}
	return &hasher{Hash: h, Cover: c, into: open{h}}
}

// open is a writer that needs no closing.
type open struct{ io.Writer }

// Close does nothing.
func (open) Close() error { return nil }

// Write takes the next bytes of the file.
func (h *hasher) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		for h.mark < len(h.marks) && h.marks[h.mark] <= h.at {
			if h.marks[h.mark] == h.at {
				_, _ = h.into.Write(binary.BigEndian.AppendUint64(nil, uint64(h.at)))
			}
			h.mark++
		}
		for h.skip < len(h.Cover.skip) && h.at >= h.Cover.skip[h.skip].Start+h.Cover.skip[h.skip].Length {
			h.skip++
		}
		step, taken := int64(len(b)), true
		if h.skip < len(h.Cover.skip) {
			if s := h.Cover.skip[h.skip]; h.at >= s.Start {
				step, taken = min(step, s.Start+s.Length-h.at), false
			} else {
				step = min(step, s.Start-h.at)
			}
		}
		if h.mark < len(h.marks) {
			step = min(step, h.marks[h.mark]-h.at)
		}
		if taken {
			_, _ = h.into.Write(b[:step])
		}
		b, h.at = b[step:], h.at+step
	}
	return n, nil
}

// chunkSize is how much of a file is read at a time.
const chunkSize = 1 << 20

// Of returns the hash of a file under the cover, and nil where the algorithm is not allowed.
func (c *Cover) Of(src media.Source, alg string) ([]byte, error) {
	h := NewHash(alg)
	if h == nil {
		return nil, nil
	}
	covered := c.hasher(h)
	if _, err := io.CopyBuffer(covered, plain{io.NewSectionReader(src, 0, c.size)}, make([]byte, min(chunkSize, max(1, c.size)))); err != nil {
		return nil, err
	}
	return covered.Sum(nil), nil
}

// plain hides that a reader can do more, so that a copy goes through the buffer that it was given.
type plain struct{ io.Reader }

// section returns the hash of a range.
func section(src media.Source, alg string, off, n int64) ([]byte, error) {
	h := NewHash(alg)
	if h == nil {
		return nil, nil
	}
	if err := media.Within(src, "file", off, n); err != nil {
		return nil, err
	}
	_, err := io.CopyBuffer(plainWriter{h}, plain{io.NewSectionReader(src, off, n)}, make([]byte, min(chunkSize, max(1, n))))
	return h.Sum(nil), err
}

type plainWriter struct{ io.Writer }
