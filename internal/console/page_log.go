package console

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
)

// CodeNoEntry says that the log has no entry of a number, or none yet that a checkpoint covers. Args "index", "size".
const CodeNoEntry colophon.Code = "page-log-no-entry"

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	logSize    = 20 // entries on the page of the log
	maxEarlier = 2048
)

func logPages() []page {
	words := []string{"page-log-earlier-passed", "page-log-earlier-failed", "page-log-earlier-could-not-tell", "page-log-proof-passed", "page-log-proof-failed", "page-log-proof-could-not-tell"}
	for _, role := range []string{"system", "subject", "user", "officer", "reviewer", "engineer", "auditor", "application"} {
		words = append(words, "page-acted-"+role)
	}
	for _, statute := range []string{"af", "ai", "ar", "csl", "ds", "fr", "genai", "ir", "lm", "nd", "pipl", "sa"} {
		words = append(words, "page-statute-"+statute)
	}
	for _, clause := range []string{"gb45438-5", "gb45438-6.1", "gb45438-e", "tc260-pg-20252a", "tc260-pg-202511a", "tc260-pg-place"} {
		words = append(words, "page-clause-"+clause)
	}
	return []page{
		{method: get, path: "/log", who: anybody, title: "page-log", about: "page-log-about", menu: true, words: words, do: showLog},
		{method: get, path: "/log/{index}", who: anybody, title: "page-log-entry", do: showLogEntry},
		{method: get, path: "/log/{index}/leaf", who: anybody, do: handLeaf},
		{method: get, path: "/log/{index}/proof", who: anybody, do: handProof},
	}
}

// logReader reads the log by its public tiles, as anybody can.
type logReader struct {
	ctx  context.Context
	api  *client.Client
	keys []note.Verifier
	at   evidence.Checkpoint
	key  string // lines of the keys
}

// logKeys returns the keys of the log, and their lines.
func (v *visit) logKeys() (keys []note.Verifier, text string, err error) {
	key, err := v.api().LogKey(v.r.Context())
	if err != nil {
		return nil, "", err
	}
	text = strings.TrimSpace(string(key))
	for line := range strings.SplitSeq(text, "\n") {
		k, err := note.NewVerifier(strings.TrimSpace(line))
		if err != nil {
			return nil, "", fmt.Errorf("reading the key of the log: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, text, nil
}

// logReader opens the log at its last checkpoint, whose signature is verified. It is nil where nothing is in the log yet.
func (v *visit) logReader() (*logReader, error) {
	l := &logReader{ctx: v.r.Context(), api: v.api()}
	var err error
	if l.keys, l.key, err = v.logKeys(); err != nil {
		return nil, err
	}
	signed, err := l.api.Checkpoint(l.ctx)
	if e, _ := told(err); e != nil && e.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.at, err = evidence.ParseCheckpoint(signed, l.keys...)
	return l, err
}

// Height implements tlog.TileReader.
func (l *logReader) Height() int { return tileHeight }

// SaveTiles implements tlog.TileReader: nothing is kept.
func (l *logReader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles implements tlog.TileReader.
func (l *logReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		raw, err := l.api.Tile(l.ctx, strings.TrimPrefix(t.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		out[i] = raw
	}
	return out, nil
}

// hashes reads hashes of the tree, each held against the root of the checkpoint.
func (l *logReader) hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(l.at.Size), Hash: tlog.Hash(l.at.Root)}, l)
}

// leaves returns the leaves of a bundle that the checkpoint covers.
func (l *logReader) leaves(bundle uint64) ([][]byte, error) {
	width := min(l.at.Size-bundle*tileWidth, tileWidth)
	t := tlog.Tile{H: tileHeight, L: -1, N: int64(bundle), W: int(width)}
	raw, err := l.api.Tile(l.ctx, "entries/"+strings.TrimPrefix(t.Path(), "tile/8/data/"))
	if err != nil {
		return nil, err
	}
	return cutBundle(raw, int(width))
}

// cutBundle reads the entries of a bundle, each behind its length in two bytes (C2SP tlog-tiles).
func cutBundle(raw []byte, n int) ([][]byte, error) {
	var list [][]byte
	for range n {
		if len(raw) < 2 {
			return nil, errors.New("a bundle of entries is too short")
		}
		length := int(binary.BigEndian.Uint16(raw))
		if raw = raw[2:]; len(raw) < length {
			return nil, errors.New("an entry is cut off")
		}
		list = append(list, raw[:length])
		raw = raw[length:]
	}
	return list, nil
}

// logEntry is one entry as the pages show it.
type logEntry struct {
	Index  uint64
	Record evidence.Record
	Read   bool // the leaf could be read
}

type logPage struct {
	Size                   uint64
	Origin, Root, Key, URL string
	Note                   string
	Entries                []logEntry
	Earlier                string // what somebody entered
	Verdict                string // of comparing it; empty for nothing entered
	OldSize                uint64
	Share                  int    // of 1000: how much of the log the earlier one covers
	Why                    string // sentence
}

func showLog(v *visit) error {
	q := v.r.URL.Query()
	if asked := strings.TrimSpace(q.Get("entry")); asked != "" {
		if index, err := strconv.ParseUint(asked, 10, 62); err == nil {
			return v.send("/log/" + strconv.FormatUint(index, 10))
		}
		v.status, v.problem = http.StatusUnprocessableEntity, v.speakers[v.lang].Say("page-log-no-number")
	}
	l, err := v.logReader()
	if err != nil {
		return err
	}
	data := logPage{URL: v.Origin}
	if l != nil {
		data.Size, data.Origin, data.Root, data.Key, data.Note = l.at.Size, l.at.Origin, base64.StdEncoding.EncodeToString(l.at.Root[:]), l.key, string(l.at.Note)
		if data.Entries, err = l.last(logSize); err != nil {
			return err
		}
		if data.Earlier = strings.ReplaceAll(q.Get("earlier"), "\r\n", "\n"); data.Earlier != "" {
			v.compare(l, &data)
		}
	}
	return v.show("log", data)
}

// last returns the newest entries, the newest first.
func (l *logReader) last(n uint64) ([]logEntry, error) {
	var list []logEntry
	for bundle := int64(l.at.Size-1) / tileWidth; l.at.Size > 0 && bundle >= 0 && uint64(len(list)) < n; bundle-- {
		leaves, err := l.leaves(uint64(bundle))
		if err != nil {
			return nil, err
		}
		for i := len(leaves) - 1; i >= 0 && uint64(len(list)) < n; i-- {
			list = append(list, entryOf(uint64(bundle)*tileWidth+uint64(i), leaves[i]))
		}
	}
	return list, nil
}

func entryOf(index uint64, leaf []byte) logEntry {
	r, err := evidence.ParseLeaf(leaf)
	return logEntry{index, r, err == nil}
}

// compare says whether the log still begins with what an earlier checkpoint covered. A checkpoint may have lost its empty
// line or its last line end on the way through somebody's notes.
func (v *visit) compare(l *logReader, data *logPage) {
	data.Verdict = "could-not-tell"
	if len(data.Earlier) > maxEarlier {
		data.Earlier = data.Earlier[:maxEarlier]
	}
	old, err := evidence.ParseCheckpoint([]byte(strings.TrimSpace(data.Earlier)+"\n"), l.keys...)
	if err != nil {
		data.Why = v.speakers[v.lang].Error(err)
		return
	}
	data.OldSize = old.Size
	if old.Origin != l.at.Origin {
		data.Verdict = "failed"
		return
	}
	if old.Size > l.at.Size { // a node that answers late is nothing to accuse anybody of
		data.Why = v.speakers[v.lang].Say("page-log-earlier-newer")
		return
	}
	if l.at.Size > 0 {
		data.Share = max(int(old.Size*1000/l.at.Size), 4)
	}
	var hashes [][32]byte
	if old.Size > 0 {
		proof, err := tlog.ProveTree(int64(l.at.Size), int64(old.Size), l.hashes())
		if err != nil {
			v.Log.WarnContext(l.ctx, "no proof of consistency", "error", err)
			return
		}
		for _, h := range proof {
			hashes = append(hashes, h)
		}
	}
	data.Verdict = "passed"
	if err := evidence.VerifyConsistency(old, l.at, hashes); err != nil {
		data.Verdict, data.Why = "failed", v.speakers[v.lang].Error(err)
	}
}

// rung is one step on the way from an entry to the root: what is known so far is joined with its neighbour.
type rung struct {
	From, To         uint64 // entries that the fingerprint after this step covers, the last one included
	NearFrom, NearTo uint64 // those of the neighbour
	Neighbour, Sum   string // short fingerprints
	X, W, NX, NW     float64
}

// climb is the way of a proof as it is drawn, from an entry up to the signed root.
type climb struct {
	Index, Size uint64
	Hash, Root  string // short fingerprints
	Start       rung
	Rungs       []rung
}

func climbOf(at evidence.Checkpoint, index uint64, hash [32]byte, proof [][32]byte) *climb {
	return &climb{index, at.Size, brief(hash), brief(at.Root), rung{From: index, To: index}.drawn(at.Size), rungs(index, at.Size, hash, proof)}
}

type entryPage struct {
	logEntry
	Leaf       string
	Way        *climb
	Verdict    string
	At         cell
	Older      *uint64
	Newer      *uint64
	Commitment string
}

// entry finds an entry and its proof.
func (v *visit) entry() (l *logReader, index uint64, leaf []byte, proof [][32]byte, err error) {
	asked := v.r.PathValue("index")
	if l, err = v.logReader(); err != nil {
		return nil, 0, nil, nil, err
	}
	size := uint64(0)
	if l != nil {
		size = l.at.Size
	}
	index, bad := strconv.ParseUint(asked, 10, 62)
	if bad != nil || strconv.FormatUint(index, 10) != asked || index >= size {
		if bad != nil {
			asked = "?"
		}
		return nil, 0, nil, nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNoEntry, Args: colophon.Args{"index": asked, "size": strconv.FormatUint(size, 10)}}
	}
	leaves, err := l.leaves(index / tileWidth)
	if err != nil {
		return nil, 0, nil, nil, err
	}
	hashes, err := tlog.ProveRecord(int64(size), int64(index), l.hashes())
	for _, h := range hashes {
		proof = append(proof, h)
	}
	return l, index, leaves[index%tileWidth], proof, err
}

func showLogEntry(v *visit) error {
	l, index, leaf, proof, err := v.entry()
	if err != nil {
		return err
	}
	data := entryPage{logEntry: entryOf(index, leaf), Leaf: string(leaf), Way: climbOf(l.at, index, evidence.HashLeaf(leaf), proof), Verdict: "passed"}
	if older := index - 1; index > 0 {
		data.Older = &older
	}
	if newer := index + 1; newer < l.at.Size {
		data.Newer = &newer
	}
	if data.Read {
		data.At, data.Commitment = moment(data.Record.Time()), hex.EncodeToString(data.Record.Commitment[:])
	}
	if evidence.VerifyInclusion(l.at, index, leaf, proof) != nil {
		data.Verdict = "failed"
	}
	return v.show("logentry", data)
}

// rungs draws the way of a proof, from the leaf up (RFC 6962, 2.1.1).
func rungs(index, size uint64, hash [32]byte, proof [][32]byte) []rung {
	type part struct{ lo, hi uint64 } // of the neighbour; hi is not in it
	var near []part
	lo, hi := uint64(0), size
	for hi-lo > 1 {
		half := uint64(1)
		for half*2 < hi-lo {
			half *= 2
		}
		if index < lo+half {
			near = append(near, part{lo + half, hi})
			hi = lo + half
		} else {
			near = append(near, part{lo, lo + half})
			lo += half
		}
	}
	var list []rung
	sum := tlog.Hash(hash)
	for i, h := range proof {
		if i >= len(near) {
			break
		}
		n := near[len(near)-1-i]
		if n.lo < lo {
			sum, lo = tlog.NodeHash(tlog.Hash(h), sum), n.lo
		} else {
			sum, hi = tlog.NodeHash(sum, tlog.Hash(h)), n.hi
		}
		list = append(list, rung{From: lo, To: hi - 1, NearFrom: n.lo, NearTo: n.hi - 1, Neighbour: brief(h), Sum: brief(sum)}.drawn(size))
	}
	return list
}

// drawn places a rung on a bar 1000 wide that stands for the whole log.
func (r rung) drawn(size uint64) rung {
	scale := 1000 / float64(size)
	r.X, r.W = float64(r.From)*scale, max(float64(r.To-r.From+1)*scale, 3)
	r.NX, r.NW = float64(r.NearFrom)*scale, max(float64(r.NearTo-r.NearFrom+1)*scale, 3)
	return r
}

// brief is the beginning of a fingerprint, by which people tell two apart.
func brief(hash [32]byte) string { return hex.EncodeToString(hash[:4]) }

// handLeaf hands out the leaf as it is hashed.
func handLeaf(v *visit) error {
	_, index, leaf, _, err := v.entry()
	if err != nil {
		return err
	}
	return v.hand("application/json", fmt.Sprintf("entry-%d.json", index), leaf)
}

// handProof hands out a proof that other people's tools verify (C2SP tlog-proof).
func handProof(v *visit) error {
	l, index, _, proof, err := v.entry()
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", fmt.Sprintf("entry-%d.tlog-proof", index), evidence.Proof{Index: index, Hashes: proof, Checkpoint: l.at.Note}.Marshal())
}
