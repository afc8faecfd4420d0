package evidence

// NewTestTree returns the root and the inclusion hashes of every leaf, computed by the definition in RFC 6962, 2.1, and
// not by the module under test.
func NewTestTree(leaves [][]byte) (root [32]byte, paths [][][32]byte) {
	hashes := make([][32]byte, len(leaves))
	paths = make([][][32]byte, len(leaves))
	for i, l := range leaves {
		hashes[i] = HashLeaf(l)
	}
	return grow(hashes, paths), paths
}

func grow(hashes [][32]byte, paths [][][32]byte) [32]byte {
	if len(hashes) == 1 {
		return hashes[0]
	}
	k := 1
	for k*2 < len(hashes) {
		k *= 2
	}
	left, right := grow(hashes[:k], paths[:k]), grow(hashes[k:], paths[k:])
	for i := range paths {
		if i < k {
			paths[i] = append(paths[i], right)
		} else {
			paths[i] = append(paths[i], left)
		}
	}
	return join(left, right)
}
