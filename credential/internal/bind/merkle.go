package bind

import (
	"bytes"
	"slices"

	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/box"
)

const (
	mdatHead  = 16 // bytes of a box mdat that no leaf covers, whatever its header's size
	maxLeaves = 1 << 22
)

// rows returns how many nodes each row of a tree has, leaves first. A node without a neighbour goes up as it is.
func rows(leaves int64) []int64 {
	list := []int64{leaves}
	for n := leaves; n > 1; {
		n = (n + 1) / 2
		list = append(list, n)
	}
	return list
}

// leads reports whether a leaf's hash leads to the row that a map keeps, by a proof (C2PA 2.2, 18.7.4).
func (m *Tree) leads(alg string, leaf []byte, location int64, proof [][]byte) bool {
	if location < 0 || location >= m.Count {
		return false
	}
	for _, n := range rows(m.Count) {
		if n == int64(len(m.Hashes)) {
			return len(proof) == 0 && bytes.Equal(m.Hashes[location], leaf)
		}
		if location%2 == 1 || location+1 < n {
			if len(proof) == 0 {
				return false
			}
			if location%2 == 1 {
				leaf = Sum(alg, proof[0], leaf)
			} else {
				leaf = Sum(alg, leaf, proof[0])
			}
			proof = proof[1:]
		}
		location /= 2
	}
	return false
}

// root folds all leaves into the row that a map keeps.
func (m *Tree) row(alg string, leaves [][]byte) [][]byte {
	for len(leaves) > len(m.Hashes) && len(leaves) > 1 {
		up := make([][]byte, 0, (len(leaves)+1)/2)
		for pair := range slices.Chunk(leaves, 2) {
			if len(pair) == 1 {
				up = append(up, pair[0])
			} else {
				up = append(up, Sum(alg, pair[0], pair[1]))
			}
		}
		leaves = up
	}
	return leaves
}

// merkle checks the trees of a hash: over fragments, or over the blocks of each box mdat.
func (b *boxed) merkle(h *BMFF, c *Cover, alg string, proofs []Proof) (status.Code, error) {
	for i := range h.Merkle {
		m := &h.Merkle[i]
		if m.Count <= 0 || m.Count > maxLeaves || m.Fixed != nil && m.Variable != nil || m.Alg != "" && NewHash(m.Alg) == nil {
			return status.BMFFMalformed, nil
		}
	}
	moof := slices.IndexFunc(b.top, func(x box.Box) bool { return x.Type == "moof" })
	moov := slices.ContainsFunc(b.top, func(x box.Box) bool { return x.Type == "moov" })
	blocks := !slices.ContainsFunc(h.Merkle, func(m Tree) bool { return m.Fixed == nil && m.Variable == nil })
	switch {
	case moof >= 0:
		return b.fragments(h, c, alg, proofs, moof)
	case blocks || len(proofs) == 0 || !moov:
		return b.mdats(h, alg, proofs)
	}
	// Trees over chunks of samples, which version 2 had, are not read: nothing can be told, which is no match.
	return status.GeneralError, nil
}

// fragments checks one tree over the fragments of a file, in the order of their proofs.
func (b *boxed) fragments(h *BMFF, c *Cover, alg string, proofs []Proof, moof int) (status.Code, error) {
	var starts []int
	for i := moof; i < len(b.top); i++ {
		if b.top[i].Type == "moof" {
			starts = append(starts, i)
		}
	}
	for i := range h.Merkle {
		m := &h.Merkle[i]
		by := alg
		if m.Alg != "" {
			by = m.Alg
		}
		if int64(len(starts)) != m.Count || int64(len(proofs)) != m.Count {
			return status.BMFFMismatch, nil
		}
		if m.InitHash != nil {
			got, err := b.part(c, by, 0, b.top[moof].Offset)
			if err != nil {
				return "", err
			}
			if !bytes.Equal(got, m.InitHash) {
				return status.BMFFMismatch, nil
			}
		}
		for j, first := range starts {
			last := len(b.top)
			if j+1 < len(starts) {
				last = starts[j+1]
			}
			got, err := b.part(c, by, b.top[first].Offset, b.top[last-1].End())
			if err != nil {
				return "", err
			}
			if !m.leads(by, got, proofs[j].Location, proofs[j].Hashes) {
				return status.BMFFMismatch, nil
			}
		}
	}
	return status.BMFFMatch, nil
}

// part returns the hash of a part of the file under a cover.
func (b *boxed) part(c *Cover, alg string, from, to int64) ([]byte, error) {
	skip := append(slices.Clone(c.skip), Span{0, from}, Span{to, b.src.Size() - to})
	var marks []int64
	for _, m := range c.marks {
		if m >= from && m < to {
			marks = append(marks, m)
		}
	}
	h := NewHash(alg)
	part := NewCover(to, skip, marks)
	w := part.hasher(h)
	w.at = from
	buf := make([]byte, chunkSize)
	for at := from; at < to; {
		n := min(int64(len(buf)), to-at)
		if err := media.Fill(b.src, "box", buf[:n], at); err != nil {
			return nil, err
		}
		if _, err := w.Write(buf[:n]); err != nil {
			return nil, err
		}
		at += n
	}
	return h.Sum(nil), nil
}

// mdats checks a tree over the blocks of each box mdat.
func (b *boxed) mdats(h *BMFF, alg string, proofs []Proof) (status.Code, error) {
	var mdats []box.Box
	for _, x := range b.top {
		if x.Type == "mdat" {
			mdats = append(mdats, x)
		}
	}
	if len(mdats) != len(h.Merkle) {
		return status.BMFFMismatch, nil
	}
	for i := range h.Merkle {
		m := &h.Merkle[i]
		by := alg
		if m.Alg != "" {
			by = m.Alg
		}
		blocks, code := m.blocks(&mdats[i])
		if code != "" {
			return code, nil
		}
		leaves := make([][]byte, 0, len(blocks))
		for _, s := range blocks {
			leaf, err := section(b.src, by, s.Start, s.Length)
			if err != nil {
				return "", err
			}
			leaves = append(leaves, leaf)
		}
		var own []Proof
		for _, p := range proofs {
			if p.Unique == m.Unique && p.Local == m.Local {
				own = append(own, p)
			}
		}
		if len(proofs) > 0 && len(own) != len(leaves) || int64(len(leaves)) != m.Count {
			return status.BMFFMismatch, nil
		}
		for j, p := range own {
			if !m.leads(by, leaves[j], p.Location, p.Hashes) {
				return status.BMFFMismatch, nil
			}
		}
		if len(proofs) == 0 && !slices.EqualFunc(m.row(by, leaves), m.Hashes, bytes.Equal) {
			return status.BMFFMismatch, nil
		}
	}
	return status.BMFFMatch, nil
}

// blocks returns the ranges that the leaves of a tree cover.
func (m *Tree) blocks(mdat *box.Box) ([]Span, status.Code) {
	at, left := mdat.Offset+mdatHead, max(0, mdat.Size-mdatHead)
	switch {
	case m.Fixed != nil:
		if *m.Fixed <= 1 {
			return nil, status.BMFFMalformed
		}
		if (left+*m.Fixed-1) / *m.Fixed != m.Count {
			return nil, status.BMFFMismatch
		}
		var list []Span
		for left > 0 {
			n := min(left, *m.Fixed)
			list = append(list, Span{at, n})
			at, left = at+n, left-n
		}
		return list, ""
	case m.Variable != nil:
		var list []Span
		for _, n := range m.Variable {
			if n < 0 || n > left {
				return nil, status.BMFFMismatch
			}
			list = append(list, Span{at, n})
			at, left = at+n, left-n
		}
		if left != 0 {
			return nil, status.BMFFMismatch
		}
		return list, ""
	}
	return []Span{{at, left}}, ""
}
