package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
)

// RefuseDisk is refuseDisk.
func RefuseDisk(dir string, magic int64) error { return refuseDisk(dir, magic) }

// ReadDump reads the rows of a dump up to its end or the first error.
func ReadDump(raw []byte) (rows [][]any, err error) {
	in := &dumpReader{digest: sha256.New(), r: bufio.NewReader(bytes.NewReader(raw))}
	for {
		line, row, err := in.next()
		if err != nil || line != nil && line.Rows != nil {
			return rows, err
		}
		if row != nil {
			rows = append(rows, row)
		}
	}
}

// Queued is how many writes wait.
func (s *Store) Queued() int { return len(s.writer.queue) }
