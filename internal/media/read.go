package media

import (
	"errors"
	"io"
	"strconv"

	"github.com/colophon-project/colophon"
)

// MaxStructure is the largest metadata structure that is read into memory as a whole, in bytes.
const MaxStructure = 64 << 20

// Codes of errors about malformed or unsupported files. Args: "what" is the structure in the format's own terms,
// "offset" its byte offset, "rule" the rule broken in the format's own terms.
const (
	CodeTruncated   colophon.Code = "media-truncated"   // also "need", "have"
	CodeMalformed   colophon.Code = "media-malformed"   // also "rule"
	CodeTooLarge    colophon.Code = "media-too-large"   // also "limit"
	CodeTooDeep     colophon.Code = "media-too-deep"    // also "limit"
	CodeTooMany     colophon.Code = "media-too-many"    // also "limit"
	CodeUnsupported colophon.Code = "media-unsupported" // also "rule"
	CodeNoRoom      colophon.Code = "media-no-room"     // also "limit": the place cannot hold the value
)

// Truncated reports that the structure what at off claims need bytes where only have are left.
func Truncated(what string, off, need, have int64) error {
	return fail(colophon.Invalid, CodeTruncated, what, off, "need", itoa(need), "have", itoa(have))
}

// Malformed reports that the structure what at off breaks rule, which is told in the format's own terms.
func Malformed(what string, off int64, rule string) error {
	return fail(colophon.Invalid, CodeMalformed, what, off, "rule", rule)
}

// TooLarge reports that the structure what at off exceeds a limit in bytes.
func TooLarge(what string, off, limit int64) error {
	return fail(colophon.Invalid, CodeTooLarge, what, off, "limit", itoa(limit))
}

// TooDeep reports that structures of the kind what nest deeper than limit at off.
func TooDeep(what string, off, limit int64) error {
	return fail(colophon.Invalid, CodeTooDeep, what, off, "limit", itoa(limit))
}

// TooMany reports that there are more than limit structures of the kind what at off.
func TooMany(what string, off, limit int64) error {
	return fail(colophon.Invalid, CodeTooMany, what, off, "limit", itoa(limit))
}

// Unsupported reports a legal structure that can't be edited here.
func Unsupported(what string, off int64, rule string) error {
	return fail(colophon.Unsupported, CodeUnsupported, what, off, "rule", rule)
}

// NoRoom reports that the place what at off can't hold more than limit bytes.
func NoRoom(what string, off, limit int64) error {
	return fail(colophon.Unsupported, CodeNoRoom, what, off, "limit", itoa(limit))
}

func fail(kind colophon.Kind, code colophon.Code, what string, off int64, more ...string) error {
	args := colophon.Args{"what": what, "offset": itoa(off)}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i]] = more[i+1]
	}
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Bytes reads exactly n bytes at off, the structure what. It allocates only after checking n against the file's size
// and [MaxStructure].
func Bytes(src Source, what string, off, n int64) ([]byte, error) {
	if err := Within(src, what, off, n); err != nil {
		return nil, err
	}
	if n > MaxStructure {
		return nil, TooLarge(what, off, MaxStructure)
	}
	b := make([]byte, n)
	if err := readFull(src, b, off); err != nil {
		return nil, err
	}
	return b, nil
}

// Within checks that the range [off, off+n) lies in the file.
func Within(src Source, what string, off, n int64) error {
	size := src.Size()
	if off < 0 || n < 0 || off > size || n > size-off {
		return Truncated(what, off, n, max(0, size-off))
	}
	return nil
}

// Fill reads exactly len(b) bytes at off into b, the structure what.
func Fill(src Source, what string, b []byte, off int64) error {
	if err := Within(src, what, off, int64(len(b))); err != nil {
		return err
	}
	return readFull(src, b, off)
}

// Head returns up to n bytes from the beginning of a file, which MUST NOT be changed.
func Head(src Source, n int64) ([]byte, error) {
	if whole, ok := src.(Memory); ok {
		n = min(n, whole.Size())
		return whole[:n:n], nil
	}
	b := make([]byte, min(n, src.Size()))
	return b, readFull(src, b, 0)
}

func readFull(src Source, b []byte, off int64) error {
	n, err := src.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return Truncated("file", off, int64(len(b)), int64(n))
	}
	return err
}
