package media

import (
	"errors"
	"io"
)

// Memory is a Source that stands in memory as a whole. Code that goes over a file more than once may look at its bytes
// without copying them; nobody may change them.
type Memory []byte

// Size is the number of bytes.
func (m Memory) Size() int64 { return int64(len(m)) }

// ReadAt reads like bytes.Reader.ReadAt.
func (m Memory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("media: negative offset")
	}
	if off >= int64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
