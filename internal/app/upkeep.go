package app

import (
	"context"
	"errors"
	"iter"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/tlog"
)

// recordRotated is the type of the record of a rotated key.
const recordRotated evidence.Type = "key.rotated"

// openPart opens keys and store of a deployment for a command.
func openPart(ctx context.Context, c Config, v Serving) (*Server, error) {
	s := &Server{config: c, set: v}
	for _, open := range []func(context.Context) error{s.openKeys, s.openStore} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// FsckReport is what Fsck found.
type FsckReport = tlog.FsckReport

// Fsck re-verifies the log of a deployment against its store.
func Fsck(ctx context.Context, c Config, v Serving, progress *Progress) (report FsckReport, err error) {
	s, err := openPart(ctx, c, v)
	if err != nil {
		return report, err
	}
	defer s.Close()
	return s.check(ctx, func() { progress.Files.Add(1) })
}

// check checks the log, and calls a function for each record that it read.
func (s *Server) check(ctx context.Context, seen func()) (FsckReport, error) {
	return tlog.Fsck(ctx, tlog.FsckConfig{Source: s.logSource(), Checkpoints: s.store, Origin: s.set.LogName, Verifiers: s.keys.Verifiers,
		Records: counted(s.store.Records(ctx, true), seen), Gone: []colophon.Code{store.CodePurged}})
}

func counted(records iter.Seq2[evidence.Held, error], seen func()) iter.Seq2[evidence.Held, error] {
	return func(yield func(evidence.Held, error) bool) {
		for h, err := range records {
			seen()
			if !yield(h, err) {
				return
			}
		}
	}
}

// Rotated says what a rotation did.
type Rotated struct {
	Kind      string `json:"kind"`
	Rewrapped int    `json:"rewrapped"` // data keys that the new envelope key wraps
}

// Rotate makes the next key of a kind, records it, and wraps data keys anew where it is the envelope's. A server that runs
// takes the new key up when it is started again.
func Rotate(ctx context.Context, c Config, v Serving, kind string) (done Rotated, err error) {
	done.Kind = kind
	if _, err := keys.Rotate(v.keyConfig(), keys.Kind(kind)); err != nil {
		return done, err
	}
	s, err := openPart(ctx, c, v)
	if err != nil {
		return done, err
	}
	defer s.Close()
	rec, err := s.recorder.New(recordRotated, evidence.System, system, nil, done)
	if err != nil {
		return done, err
	}
	if keys.Kind(kind) == keys.Envelope {
		if done.Rewrapped, err = s.store.Rewrap(ctx, rec); err != nil || done.Rewrapped > 0 {
			return done, err
		}
	}
	return done, records{s.store}.Note(ctx, rec)
}
