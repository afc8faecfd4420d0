package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/colophon-project/colophon/evidence"
)

// proofLeaves is the size of the tree, proofCount how many proofs a round verifies.
const proofLeaves, proofCount = 1 << 17, 20000

// hashes are the stored hashes of a tree in memory.
type hashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		list[i] = h[at]
	}
	return list, nil
}

// proven is a leaf with its proof, for us and for the peer.
type proven struct {
	leaf  []byte
	proof evidence.Proof
	peer  tlog.RecordProof
}

// proof measures what an inspector does: to verify that a leaf stands in a tree. The tree and its proofs are made by the
// peer, golang.org/x/mod/sumdb/tlog.
func (b *bench) proof() (err error) {
	r, err := b.rig("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	checkpoint, list, err := r.tree()
	if err != nil {
		return err
	}
	root := tlog.Hash(checkpoint.Root)
	racing := func(name string, verify func(p *proven) error) *racer {
		return &racer{name: name, run: func() (sample, error) {
			return many(proofCount, 1, func(i int) error { return verify(&list[i%len(list)]) })
		}}
	}
	all := []*racer{
		racing("evidence.VerifyInclusion", func(p *proven) error {
			return evidence.VerifyInclusion(checkpoint, p.proof.Index, p.leaf, p.proof.Hashes)
		}),
		racing("sumdb/tlog.CheckRecord", func(p *proven) error {
			return tlog.CheckRecord(p.peer, proofLeaves, root, int64(p.proof.Index), tlog.RecordHash(p.leaf))
		}),
		racing("evidence.Proof.Verify, with the signature of the checkpoint", func(p *proven) error {
			_, err := p.proof.Verify(p.leaf, r.keys.Verifiers...)
			return err
		}),
		racing("the signature of the checkpoint alone (evidence.ParseCheckpoint)", func(*proven) error {
			_, err := evidence.ParseCheckpoint(checkpoint.Note, r.keys.Verifiers...)
			return err
		}),
	}
	if err := b.compete("proofs", all...); err != nil {
		return err
	}
	fmt.Printf("### Verify a proof in a tree of %d leaves\n\n| contender | p50, µs | p99, µs |\n|---|---|---|\n", proofLeaves)
	for _, c := range all {
		fmt.Printf("| %s | %s |\n", c.name, c.latency(time.Microsecond))
	}
	fmt.Printf("\n%.2f times the duration of tlog.CheckRecord (p50; target for a proof: ≤ 10 µs)\n\n", float64(all[0].p50())/float64(all[1].p50()))
	return nil
}

// tree makes a tree of leaves as records have them, its signed checkpoint, and proofs of leaves taken at random.
func (r *rig) tree() (evidence.Checkpoint, []proven, error) {
	var c evidence.Checkpoint
	one, err := r.rec.New("artefact.marked", "0190b3a4-0000-7000-8000-000000000000", "application", nil, "payload")
	if err != nil {
		return c, nil, err
	}
	var stored hashes
	leaves := make([][]byte, proofLeaves)
	for i := range leaves {
		one.Sequence = uint64(i) + 1
		if leaves[i], err = one.Leaf(); err != nil {
			return c, nil, err
		}
		added, err := tlog.StoredHashes(int64(i), leaves[i], stored)
		if err != nil {
			return c, nil, err
		}
		stored = append(stored, added...)
	}
	root, err := tlog.TreeHash(proofLeaves, stored)
	if err != nil {
		return c, nil, err
	}
	if c, err = evidence.SignCheckpoint(r.keys.Signer, proofLeaves, root); err != nil {
		return c, nil, err
	}
	list := make([]proven, 1000)
	for i := range list {
		at := rand.IntN(proofLeaves)
		p, err := tlog.ProveRecord(proofLeaves, int64(at), stored)
		if err != nil {
			return c, nil, err
		}
		list[i] = proven{leaves[at], evidence.Proof{Index: uint64(at), Checkpoint: c.Note}, p}
		for _, h := range p {
			list[i].proof.Hashes = append(list[i].proof.Hashes, h)
		}
	}
	return c, list, nil
}
