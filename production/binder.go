package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/stamp"
	"golang.org/x/mod/sumdb/note"
)

// Types of records.
const (
	RecordBundled evidence.Type = "evidence.bundled"
	RecordSampled evidence.Type = "evidence.sampled"
)

// maxRecords is how many records one artefact may have in a bundle.
const maxRecords = 10000

// Records is where records are kept.
type Records interface {
	// About returns the records about an artefact in the order of their sequences.
	About(ctx context.Context, n artefact.Number, limit int) ([]evidence.Held, error)
	// Payload opens a record. An error of kind Refused or Missing means that nobody may read it, or can.
	Payload(ctx context.Context, id string) (evidence.Opening, error)
	// Note commits a record that stands alone.
	Note(ctx context.Context, rec evidence.Record) error
}

// Log is the log as everybody may read it.
type Log interface {
	Checkpoint(ctx context.Context) (evidence.Checkpoint, error)
	// Proof returns the hashes that lead from an index to the root of the tree of a size.
	Proof(ctx context.Context, index, size uint64) ([][32]byte, error)
	// Prove returns the leaf at an index with a proof.
	Prove(ctx context.Context, index uint64) (leaf []byte, p evidence.Proof, err error)
}

// Sheet is what stands on the cover sheet of a bundle.
type Sheet struct {
	Created    int64 // milliseconds since 1970
	Policy     string
	Checkpoint evidence.Checkpoint
	Artefacts  []artefact.Artefact
	Records    []evidence.Held
	Stamp      *Stamp // nil for none
}

// Stamp is what an authority says of a checkpoint.
type Stamp struct {
	Authority string
	At        time.Time
}

// Binder makes proofs and bundles. It is safe for use by many goroutines.
type Binder struct {
	Register *artefact.Register
	Recorder *evidence.Recorder
	Records  Records
	Log      Log
	Blobs    Blobs
	Signer   note.Signer
	// Verifiers check a checkpoint that an inspector holds: the log's keys, the newest and those before it.
	Verifiers []note.Verifier
	Cover     func(Sheet) (html, pdf []byte, err error)
	// Timestamp asks an authority for a time stamp over a checkpoint (RFC 3161); nil for none.
	Timestamp func(ctx context.Context, checkpoint []byte) (response []byte, s Stamp, err error)
}

// Proven is a record with the proof that it is in the log.
type Proven struct {
	Record evidence.Held
	Leaf   []byte
	Proof  *evidence.Proof // nil while the log does not have it
}

// Proofs returns the records about an artefact with their proofs.
func (b *Binder) Proofs(ctx context.Context, n artefact.Number) ([]Proven, error) {
	if _, err := b.Register.Artefact(ctx, n); err != nil {
		return nil, err
	}
	held, err := b.about(ctx, n)
	if err != nil {
		return nil, err
	}
	list := make([]Proven, len(held))
	for i, h := range held {
		list[i].Record = h
		if list[i].Leaf, err = h.Leaf(); err != nil {
			return nil, err
		}
		if h.Index < 0 {
			continue
		}
		_, p, err := b.Log.Prove(ctx, uint64(h.Index))
		if pending(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list[i].Proof = &p
	}
	return list, nil
}

// about returns all records about an artefact, and refuses rather than leave some out.
func (b *Binder) about(ctx context.Context, n artefact.Number) ([]evidence.Held, error) {
	held, err := b.Records.About(ctx, n, maxRecords+1)
	if err == nil && len(held) > maxRecords {
		err = &colophon.Error{Kind: colophon.Refused, Code: evidence.CodeBundleTooLarge}
	}
	return held, err
}

// pending reports whether the log has no checkpoint over what was asked for yet.
func pending(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == colophon.Missing
}

// PolicyVersion names the rules by which marks are chosen: a digest of the table of functions.
func PolicyVersion() string {
	text, err := json.Marshal(stamp.Policies())
	if err != nil {
		return "stamp"
	}
	sum := sha256.Sum256(text)
	return "stamp/" + hex.EncodeToString(sum[:6])
}

// Bundle writes the bundle of some artefacts: their records with openings and proofs, the readings of their marks, and
// with files the marked bytes, else their digests alone. Payloads that nobody may read are left out and shown as such.
// A record that is not in the log yet is an error of code CodePending: ask again.
func (b *Binder) Bundle(ctx context.Context, by By, w io.Writer, files bool, numbers ...artefact.Number) error {
	sheet, bundle, err := b.begin(ctx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		a, err := b.Register.Artefact(ctx, n)
		if err != nil {
			return err
		}
		sheet.Artefacts = append(sheet.Artefacts, a)
		held, err := b.about(ctx, n)
		if err != nil {
			return err
		}
		sheet.Records = append(sheet.Records, held...)
		if a.After != (artefact.Digest{}) {
			name := fileName(a)
			bundle.Files = append(bundle.Files, b.file(ctx, a, name, files))
			bundle.Readings = append(bundle.Readings, evidence.BundleReading{File: name, Marks: a.Marks})
		}
	}
	return b.finish(ctx, by, w, sheet, bundle, map[string]any{"artefacts": numbers, "files": files})
}

// BundleAbout writes the bundle of all records about something that is no artefact, such as a consent, by its identifier.
func (b *Binder) BundleAbout(ctx context.Context, by By, w io.Writer, id string) error {
	sheet, bundle, err := b.begin(ctx)
	if err != nil {
		return err
	}
	if sheet.Records, err = b.about(ctx, artefact.Number(id)); err != nil {
		return err
	}
	return b.finish(ctx, by, w, sheet, bundle, map[string]any{"about": id})
}

// begin is a bundle with nothing in it but the last checkpoint.
func (b *Binder) begin(ctx context.Context) (Sheet, evidence.Bundle, error) {
	checkpoint, err := b.checkpoint(ctx)
	sheet := Sheet{Created: b.Recorder.Now(), Policy: PolicyVersion(), Checkpoint: checkpoint}
	bundle := evidence.Bundle{Created: sheet.Created, Policy: sheet.Policy, Checkpoint: checkpoint.Note}
	if err == nil && b.Timestamp != nil {
		var stamp Stamp
		bundle.TimeStamp, stamp, err = b.Timestamp(ctx, checkpoint.Note)
		sheet.Stamp = &stamp
	}
	return sheet, bundle, err
}

// finish puts the records of the sheet into a bundle, and writes it after that was recorded.
func (b *Binder) finish(ctx context.Context, by By, w io.Writer, sheet Sheet, bundle evidence.Bundle, payload map[string]any) error {
	for _, h := range sheet.Records {
		r, err := b.record(ctx, h, sheet.Checkpoint)
		if err != nil {
			return err
		}
		bundle.Records = append(bundle.Records, r)
	}
	var err error
	if bundle.CoverHTML, bundle.CoverPDF, err = b.Cover(sheet); err != nil {
		return err
	}
	payload["size"] = sheet.Checkpoint.Size
	if err := b.note(ctx, by, RecordBundled, payload); err != nil {
		return err
	}
	return evidence.WriteBundle(w, bundle, b.Signer)
}

// checkpoint is the last one. There is none before the first record came into the log.
func (b *Binder) checkpoint(ctx context.Context) (evidence.Checkpoint, error) {
	c, err := b.Log.Checkpoint(ctx)
	if pending(err) {
		err = &colophon.Error{Kind: colophon.Conflict, Code: CodePending, Err: err}
	}
	return c, err
}

func (b *Binder) file(ctx context.Context, a artefact.Artefact, name string, open bool) evidence.BundleFile {
	f := evidence.BundleFile{Name: name, Size: a.Stored, Digest: a.After}
	if open && a.Blob != "" {
		f.Open = func() (io.ReadCloser, error) { return b.Blobs.Open(ctx, a.Blob) }
	}
	return f
}

func fileName(a artefact.Artefact) string {
	facts, _ := media.Facts(a.Format)
	return string(a.Number) + facts.Extensions[0]
}

func (b *Binder) record(ctx context.Context, h evidence.Held, c evidence.Checkpoint) (evidence.BundleRecord, error) {
	var r evidence.BundleRecord
	if h.Index < 0 || uint64(h.Index) >= c.Size {
		return r, &colophon.Error{Kind: colophon.Conflict, Code: CodePending}
	}
	var err error
	if r.Leaf, err = h.Leaf(); err != nil {
		return r, err
	}
	r.Index = uint64(h.Index)
	if r.Hashes, err = b.Log.Proof(ctx, r.Index, c.Size); err != nil {
		return r, err
	}
	opening, err := b.Records.Payload(ctx, h.ID)
	var e *colophon.Error
	switch {
	case err == nil:
		r.Opening = &opening
	case errors.As(err, &e) && (e.Kind == colophon.Refused || e.Kind == colophon.Missing):
		err = nil
	}
	return r, err
}

func (b *Binder) note(ctx context.Context, by By, typ evidence.Type, payload map[string]any) error {
	payload["by"] = by.ID
	rec, err := b.Recorder.New(typ, evidence.System, by.Role, nil, payload)
	if err != nil {
		return err
	}
	return b.Records.Note(ctx, rec)
}

// Sample returns exactly the records that a seed selects from a checkpoint, for an inspector who chose the seed after the
// checkpoint was published (evidence.Select): the one that the inspector holds, or the last one when held is nil.
func (b *Binder) Sample(ctx context.Context, by By, seed []byte, n int, held []byte) (checkpoint []byte, exhibits []evidence.Exhibit, err error) {
	c, err := b.checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	if held != nil {
		last := c.Size
		if c, err = evidence.ParseCheckpoint(held, b.Verifiers...); err != nil {
			return nil, nil, err
		}
		if c.Size > last {
			return nil, nil, &colophon.Error{Kind: colophon.Conflict, Code: CodePending}
		}
	}
	if n < 1 || n > evidence.MaxSample {
		return nil, nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeSample, Args: colophon.Args{"most": "10000"}}
	}
	if err := b.note(ctx, by, RecordSampled, map[string]any{"seed": hex.EncodeToString(seed), "count": n, "size": c.Size}); err != nil {
		return nil, nil, err
	}
	for _, index := range evidence.Select(seed, c, n) {
		leaf, _, err := b.Log.Prove(ctx, index)
		if err != nil {
			return nil, nil, err
		}
		hashes, err := b.Log.Proof(ctx, index, c.Size)
		if err != nil {
			return nil, nil, err
		}
		exhibits = append(exhibits, evidence.Exhibit{Index: index, Leaf: leaf, Hashes: hashes})
	}
	return c.Note, exhibits, nil
}
