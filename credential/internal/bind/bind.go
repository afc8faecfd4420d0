// Package bind holds the hashes that bind a manifest to content: over bytes (C2PA 2.2, 18.5), over boxes that have names
// (18.6), and over boxes of the ISO base media format with their trees (18.7).
//
// All of them come down to a [Cover]: which bytes count, and in front of which of them their offset counts too. A cover
// reads a file once, or takes its bytes on their way to somewhere else, so that writing and checking are the same sum.
//
// What not to do here: never take a range or a number of leaves for what a hash says of them without bounding it by the
// file, and never call content a match of which a part was not read.
package bind

import "github.com/fxamacker/cbor/v2"

// Span is a range of bytes.
type Span struct {
	Start  int64 `cbor:"start"`
	Length int64 `cbor:"length"`
}

// Data binds the bytes of a file but some (C2PA 2.2, 18.5).
type Data struct {
	Exclusions []Span          `cbor:"exclusions,omitempty"`
	Alg        string          `cbor:"alg,omitempty"`
	Hash       []byte          `cbor:"hash"`
	Name       string          `cbor:"name,omitempty"`
	Pad        []byte          `cbor:"pad"`
	Pad2       []byte          `cbor:"pad2,omitempty"`
	URL        cbor.RawMessage `cbor:"url,omitempty"`
}

// Named binds boxes that have names (C2PA 2.2, 18.6).
type Named struct {
	Alg   string `cbor:"alg,omitempty"`
	Boxes []struct {
		Names    []string `cbor:"names"`
		Alg      string   `cbor:"alg,omitempty"`
		Hash     []byte   `cbor:"hash"`
		Excluded bool     `cbor:"excluded,omitempty"`
	} `cbor:"boxes"`
}

// BMFF binds the boxes of a file of the ISO base media format (C2PA 2.2, 18.7).
type BMFF struct {
	Exclusions []Exclusion     `cbor:"exclusions"`
	Alg        string          `cbor:"alg,omitempty"`
	Hash       []byte          `cbor:"hash,omitempty"`
	Merkle     []Tree          `cbor:"merkle,omitempty"`
	Name       string          `cbor:"name,omitempty"`
	URL        cbor.RawMessage `cbor:"url,omitempty"`
}

// Exclusion names boxes that are left out, or parts of them.
type Exclusion struct {
	Path    string   `cbor:"xpath"`
	Length  *int64   `cbor:"length,omitempty"`
	Data    []Match  `cbor:"data,omitempty"`
	Subset  []Subset `cbor:"subset,omitempty"`
	Version *int     `cbor:"version,omitempty"`
	Flags   []byte   `cbor:"flags,omitempty"`
	Exact   *bool    `cbor:"exact,omitempty"`
}

// Match is bytes that a box has to have at an offset.
type Match struct {
	Offset int64  `cbor:"offset"`
	Value  []byte `cbor:"value"`
}

// Subset is a part of a box; no length is to its end.
type Subset struct {
	Offset int64 `cbor:"offset"`
	Length int64 `cbor:"length"`
}

// Tree is a row of nodes of a tree over parts of a file (C2PA 2.2, 18.7.4).
type Tree struct {
	Unique   int64    `cbor:"uniqueId"`
	Local    int64    `cbor:"localId"`
	Count    int64    `cbor:"count"`
	Alg      string   `cbor:"alg,omitempty"`
	InitHash []byte   `cbor:"initHash,omitempty"`
	Hashes   [][]byte `cbor:"hashes"`
	Fixed    *int64   `cbor:"fixedBlockSize,omitempty"`
	Variable []int64  `cbor:"variableBlockSizes,omitempty"`
}

// Proof is the content of a box of purpose merkle.
type Proof struct {
	Unique   int64    `cbor:"uniqueId"`
	Local    int64    `cbor:"localId"`
	Location int64    `cbor:"location"`
	Hashes   [][]byte `cbor:"hashes,omitempty"`
}
