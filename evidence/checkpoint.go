package evidence

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
)

// Codes of errors about checkpoints and proofs.
const (
	CodeCheckpointInvalid   colophon.Code = "checkpoint-invalid"   // not in the form of a checkpoint
	CodeCheckpointUntrusted colophon.Code = "checkpoint-untrusted" // no signature by a trusted key, or a broken one
	CodeProofInvalid        colophon.Code = "proof-invalid"        // not in the form of a proof
	CodeProofMismatch       colophon.Code = "proof-mismatch"       // the hashes do not lead from the leaf to the root
	CodeInconsistent        colophon.Code = "log-inconsistent"     // the larger tree does not contain the smaller one
)

const (
	// maxNote bounds a signed note, with room for witnesses.
	maxNote = 64 << 10
	// maxHashes bounds a proof: no tree of 2^63 leaves needs more.
	maxHashes = 128
	hashSize  = 32
)

// Checkpoint is a signed statement about a log: so many leaves, this root. Its form is C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [32]byte
	Note   []byte // the signed note as published
}

// text is the body of the note.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// SignCheckpoint makes a checkpoint. Its origin is the name of the signer.
func SignCheckpoint(signer note.Signer, size uint64, root [32]byte) (Checkpoint, error) {
	c := Checkpoint{Origin: signer.Name(), Size: size, Root: root}
	var err error
	c.Note, err = note.Sign(&note.Note{Text: c.text()}, signer)
	return c, err
}

// ParseCheckpoint reads a checkpoint that at least one of the trusted keys signed and whose origin is that key's name.
func ParseCheckpoint(raw []byte, trusted ...note.Verifier) (Checkpoint, error) {
	if len(raw) > maxNote {
		return Checkpoint{}, invalid(CodeCheckpointInvalid, "", nil)
	}
	n, err := openNote(raw, trusted)
	if err != nil {
		return Checkpoint{}, &colophon.Error{Kind: colophon.Refused, Code: CodeCheckpointUntrusted, Err: err}
	}
	c, err := parseText(n.Text)
	if err != nil {
		return Checkpoint{}, invalid(CodeCheckpointInvalid, "", err)
	}
	c.Note = bytes.Clone(raw)
	for _, sig := range n.Sigs {
		if sig.Name == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, &colophon.Error{Kind: colophon.Refused, Code: CodeCheckpointUntrusted, Err: errors.New("the origin did not sign")}
}

// openNote opens a signed note. Package note reads base64 whose last digit has bits that mean nothing; here a signature has
// one spelling, so that no bit of it can be changed.
func openNote(raw []byte, trusted []note.Verifier) (*note.Note, error) {
	n, err := note.Open(raw, note.VerifierList(trusted...))
	if err != nil {
		return nil, err
	}
	for _, sig := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("lines are missing")
	}
	for _, extension := range lines[3 : len(lines)-1] {
		if extension == "" {
			return Checkpoint{}, errors.New("an extension line is empty")
		}
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("the size is no decimal number")
	}
	root, err := decodeHash(lines[2])
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

func decodeHash(s string) ([32]byte, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != hashSize {
		return [32]byte{}, errors.New("a hash is not 32 bytes in base64")
	}
	return [32]byte(raw), nil
}

// NewNoteSigner lets an Ed25519 key sign notes under a name. The key may lie in a hardware module.
func NewNoteSigner(name string, key crypto.Signer, rand io.Reader) (note.Signer, error) {
	verifier, err := NewNoteVerifier(name, key.Public())
	if err != nil {
		return nil, err
	}
	return &noteSigner{verifier, key, rand}, nil
}

// NewNoteVerifier makes the verifier of notes that an Ed25519 key signs under a name.
func NewNoteVerifier(name string, key crypto.PublicKey) (note.Verifier, error) {
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("notes are signed with Ed25519 keys")
	}
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(text)
}

type noteSigner struct {
	verifier note.Verifier
	key      crypto.Signer
	rand     io.Reader
}

func (s *noteSigner) Name() string    { return s.verifier.Name() }
func (s *noteSigner) KeyHash() uint32 { return s.verifier.KeyHash() }
func (s *noteSigner) Sign(msg []byte) ([]byte, error) {
	return s.key.Sign(s.rand, msg, crypto.Hash(0))
}

// HashLeaf is the hash of a leaf in the tree (RFC 6962, 2.1).
func HashLeaf(leaf []byte) [32]byte { return [32]byte(rfc6962.DefaultHasher.HashLeaf(leaf)) }

// Proof shows that a leaf stands in the tree of a checkpoint. Its file form is C2SP tlog-proof.
type Proof struct {
	Index      uint64
	Hashes     [][32]byte
	Checkpoint []byte // signed note
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// Marshal writes the proof file.
func (p Proof) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader)
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof file. A line of extra data is passed over: nothing vouches for it.
func ParseProof(raw []byte) (Proof, error) {
	fail := func(why string) (Proof, error) { return Proof{}, invalid(CodeProofInvalid, "", errors.New(why)) }
	head, checkpoint, ok := strings.Cut(string(raw), "\n\n")
	if len(raw) > maxNote+maxHashes*64 || !ok || !strings.HasPrefix(head, proofHeader) || checkpoint == "" {
		return fail("no header or no checkpoint")
	}
	lines := strings.Split(head[len(proofHeader):], "\n")
	if strings.HasPrefix(lines[0], "extra ") {
		if _, err := base64.StdEncoding.Strict().DecodeString(lines[0][len("extra "):]); err != nil {
			return fail("the extra line is not base64")
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || len(lines) > maxHashes+1 {
		return fail("too few or too many lines")
	}
	digits, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || strconv.FormatUint(index, 10) != digits {
		return fail("no index")
	}
	p := Proof{Index: index, Checkpoint: []byte(checkpoint)}
	for _, line := range lines[1:] {
		h, err := decodeHash(line)
		if err != nil {
			return fail("a hash is broken")
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Verify checks the proof for a leaf and returns the checkpoint that it leads to.
func (p Proof) Verify(leaf []byte, trusted ...note.Verifier) (Checkpoint, error) {
	c, err := ParseCheckpoint(p.Checkpoint, trusted...)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, VerifyInclusion(c, p.Index, leaf, p.Hashes)
}

// VerifyInclusion checks that a leaf stands at an index of the checkpoint's tree.
func VerifyInclusion(c Checkpoint, index uint64, leaf []byte, hashes [][32]byte) error {
	h := HashLeaf(leaf)
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, h[:], slicesOf(hashes), c.Root[:]); err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeProofMismatch, Err: err}
	}
	return nil
}

// VerifyConsistency checks that the tree of one checkpoint begins with the tree of an earlier one.
func VerifyConsistency(earlier, later Checkpoint, hashes [][32]byte) error {
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, earlier.Size, later.Size, slicesOf(hashes), earlier.Root[:], later.Root[:])
	if err == nil && earlier.Size == 0 && !bytes.Equal(earlier.Root[:], rfc6962.DefaultHasher.EmptyRoot()) {
		err = errors.New("the empty tree has another root")
	}
	if err != nil {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeInconsistent, Err: err}
	}
	return nil
}

// RootOf is the root of the tree over some leaf hashes, in order.
func RootOf(leaves [][32]byte) ([32]byte, error) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r := factory.NewEmptyRange(0)
	for _, h := range leaves {
		if err := r.Append(h[:], nil); err != nil {
			return [32]byte{}, err
		}
	}
	if len(leaves) == 0 {
		return [32]byte(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(root), nil
}

func slicesOf(hashes [][32]byte) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}
