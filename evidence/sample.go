package evidence

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
)

// MaxSample is how many records one sample may ask for.
const MaxSample = 10000

// Codes of findings about samples. Args "index".
const (
	CodeSampleMissing colophon.Code = "sample-missing" // the seed selects it and it was not shown
	CodeSampleExtra   colophon.Code = "sample-extra"   // it was shown twice, or the seed does not select it
)

const sampleDomain = "colophon/evidence/sample/v1\x00"

// Select returns the indexes, in order, that a seed selects from the tree of a checkpoint: n of them, or all when the
// tree is no larger. Each index comes from SHA-256 over domain, length of the seed, seed, size, root and a counter; its
// first 8 bytes modulo the size, where values that would favour small indexes are passed over.
//
// The inspector chooses the seed after the checkpoint was published, so nobody can know beforehand which records will
// be looked at, and anybody can tell which ones had to be shown.
func Select(seed []byte, c Checkpoint, n int) []uint64 {
	n = min(max(n, 0), MaxSample)
	if uint64(n) >= c.Size {
		all := make([]uint64, c.Size)
		for i := range all {
			all[i] = uint64(i)
		}
		return all
	}
	prefix := []byte(sampleDomain)
	prefix = binary.BigEndian.AppendUint64(prefix, uint64(len(seed)))
	prefix = append(prefix, seed...)
	prefix = binary.BigEndian.AppendUint64(prefix, c.Size)
	prefix = append(prefix, c.Root[:]...)
	limit := -c.Size % c.Size // 2^64 modulo the size
	chosen := make(map[uint64]bool, n)
	for counter := uint64(0); len(chosen) < n; counter++ {
		h := sha256.Sum256(binary.BigEndian.AppendUint64(prefix[:len(prefix):len(prefix)], counter))
		if v := binary.BigEndian.Uint64(h[:8]); v >= limit {
			chosen[v%c.Size] = true
		}
	}
	indexes := make([]uint64, 0, n)
	for i := range chosen {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	return indexes
}

// Exhibit is one record of a sample: its leaf and the hashes that lead to the root.
type Exhibit struct {
	Index  uint64
	Leaf   []byte
	Hashes [][32]byte
}

// VerifySample checks that exhibits are exactly what the seed selects from a checkpoint. It returns a check for each
// selected index and for each exhibit that nobody asked for.
func VerifySample(seed []byte, n int, checkpoint []byte, exhibits []Exhibit, trusted ...note.Verifier) ([]Check, error) {
	c, err := ParseCheckpoint(checkpoint, trusted...)
	if err != nil {
		return nil, err
	}
	shown := map[uint64]Exhibit{}
	var checks []Check
	for _, e := range exhibits {
		if _, twice := shown[e.Index]; twice {
			checks = append(checks, failed("sample", indexName(e.Index), CodeSampleExtra))
		}
		shown[e.Index] = e
	}
	for _, index := range Select(seed, c, n) {
		e, ok := shown[index]
		delete(shown, index)
		check := Check{Part: "sample", Name: indexName(index), Verdict: colophon.Passed}
		if !ok {
			check = failed("sample", indexName(index), CodeSampleMissing)
		} else if _, err := ParseLeaf(e.Leaf); err != nil {
			check = failed("sample", indexName(index), CodeLeafInvalid)
		} else if VerifyInclusion(c, index, e.Leaf, e.Hashes) != nil {
			check = failed("sample", indexName(index), CodeProofMismatch)
		}
		checks = append(checks, check)
	}
	for index := range shown {
		checks = append(checks, failed("sample", indexName(index), CodeSampleExtra))
	}
	slices.SortStableFunc(checks, func(a, b Check) int { return compareNames(a.Name, b.Name) })
	return checks, nil
}
