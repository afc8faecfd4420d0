package app

import (
	"context"
	"crypto/rand"
	"io"
	"path/filepath"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/sight"
)

func (s *Server) openLine(context.Context) error {
	cover, err := s.newCover()
	if err != nil {
		return err
	}
	judge := s.judgeArtefact
	if s.set.Judge == "off" {
		judge = nil
		s.log.Warn("what functions produce is marked without being judged", "setting", "screen-artefacts")
	}
	admit, deliver := as(s.admitItem, s.set.weak.admit), s.deliverItem
	if s.set.Admission == "off" {
		admit, deliver = nil, nil
		s.log.Warn("what functions produce is published without asking who may", "setting", "admission")
	}
	files := blobs{s.blobs}
	s.line = production.NewLine(production.Config{
		Register: s.register, Recorder: s.recorder, Keys: s.keys.Envelopes, Press: s.press(), Unmarked: s.unmarkedPress(), Accounts: s.accounts, Network: networkLog{s},
		Blobs: files, Spool: spools(s.spoolDir()), Rand: rand.Reader, Producer: s.config.Producer, Key: s.keys.Seal, Seals: s.keys.Seals,
		KeepOriginals: time.Duration(s.set.KeepOriginals) * 24 * time.Hour, MaxSize: int64(s.set.MaxUpload) << 20, AtOnce: s.set.marking(),
		BreakSignatures: s.set.Signed == "mark", Admit: s.counting(admit), Deliver: deliver, Judge: judge, Likeness: sight.New(s.tools(), sight.Limits{}).Likeness, Outgoing: s.outgoing, Watermarks: s.marks.finder, Turned: s.turned,
	})
	s.binder = &production.Binder{Register: s.register, Recorder: s.recorder, Records: records{s.store}, Log: s.reader, Blobs: files, Signer: s.keys.Signer, Verifiers: s.keys.Verifiers, Cover: cover}
	return s.openAuthority()
}

// likenesses has the store read which items look like what, so that the first who asks need not wait for that.
func (s *Server) likenesses(ctx context.Context) {
	if err := s.artefacts.Follow(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "likeness", "error", err)
	}
}

// spoolDir is where temporary files lie.
func (s *Server) spoolDir() string { return filepath.Join(s.set.Data, "tmp") }

// blobs keeps content under its digest. A reference is the digest as text.
type blobs struct{ store *blob.Store }

const originalPurpose = "original"

// Put implements production.Blobs.
func (b blobs) Put(ctx context.Context, r io.Reader) (string, error) {
	d, _, err := b.store.Put(ctx, r)
	return blob.FormatDigest(d), err
}

// Open implements production.Blobs.
func (b blobs) Open(ctx context.Context, ref string) (production.File, error) {
	d, err := blob.ParseDigest(ref)
	if err != nil {
		return nil, err
	}
	return b.store.Get(ctx, d)
}

// PutSealed implements production.Blobs.
func (b blobs) PutSealed(ctx context.Context, r io.Reader, key []byte) (string, error) {
	d, _, err := b.store.PutSealed(ctx, r, key, originalPurpose)
	return blob.FormatDigest(d), err
}

// OpenSealed implements production.Blobs.
func (b blobs) OpenSealed(ctx context.Context, ref string, key []byte) (production.File, error) {
	d, err := blob.ParseDigest(ref)
	if err != nil {
		return nil, err
	}
	return b.store.GetSealed(ctx, d, key, originalPurpose)
}

// Delete implements production.Blobs.
func (b blobs) Delete(ctx context.Context, ref string) error {
	d, err := blob.ParseDigest(ref)
	if err != nil {
		return err
	}
	if err = b.store.Delete(ctx, d); isCode(err, blob.CodeMissing) {
		return nil
	}
	return err
}

// networkLog writes the statutory log.
type networkLog struct{ *Server }

// maxClient is how much of what a client tells of itself is kept, in bytes.
const maxClient = 512

// Log implements production.NetworkLog.
func (n networkLog) Log(ctx context.Context, subject evidence.Subject, operation string, by production.By) error {
	return n.forgetful(subject, func() error {
		e, err := store.SealNetworkEntry(n.recorder, store.NetworkEntry{Subject: subject, Operation: operation, Source: by.Source, Target: n.set.Listen, Client: by.Client[:min(len(by.Client), maxClient)]})
		if err != nil {
			return err
		}
		return n.store.LogNetwork(ctx, e)
	})
}

// forgetful runs a change again with a new data key when the subject's was erased by another process.
func (s *Server) forgetful(subject evidence.Subject, change func() error) error {
	err := change()
	if isCode(err, store.CodeKeyErased) {
		s.recorder.Forget(subject)
		err = change()
	}
	return err
}

// records are the store's, as a Binder asks for them.
type records struct{ *store.Store }

// About implements production.Records.
func (r records) About(ctx context.Context, n artefact.Number, limit int) ([]evidence.Held, error) {
	return r.RecordsAbout(ctx, string(n), 0, limit)
}

// Note implements production.Records.
func (r records) Note(ctx context.Context, rec evidence.Record) error {
	return r.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec); return err })
}

// CodeAccountUnknown says that there is no pseudonym for an account.
const CodeAccountUnknown colophon.Code = "account-unknown"
