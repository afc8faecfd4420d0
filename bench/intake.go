package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// platformCode is the code of a platform that the measurements write.
const platformCode = "001191110102MACQD9K6420001"

// inMemory is a temporary file; pictures of the measurements stay in memory in a server, too.
type inMemory struct{ bytes.Buffer }

func (*inMemory) Close() error           { return nil }
func (t *inMemory) Source() media.Source { return media.Memory(t.Bytes()) }

// unlogged stands for the network log, which is measured with the store.
type unlogged struct{}

func (unlogged) Log(context.Context, evidence.Subject, string, production.By) error { return nil }
func (unlogged) Subject(context.Context, string) (evidence.Subject, error) {
	return evidence.System, nil
}

// intake measures how many files a second a platform can take in, durably recorded one by one, beside reading them and
// taking their digest, which whoever keeps uploads does anyway.
func (b *bench) intake() (err error) {
	if err := b.pictures(); err != nil {
		return err
	}
	r, err := b.rig("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	fields := label.Fields{Label: label.Belongs, ContentProducer: "00119144030008867405X210001", ProduceID: "bench"}
	if err := os.MkdirAll(b.path("in-labelled"), 0o777); err != nil {
		return err
	}
	for i := range b.files {
		file, err := os.ReadFile(b.path("in", fmt.Sprintf("%04d.jpg", i)))
		if err != nil {
			return err
		}
		plan, err := label.Prepare(media.Memory(file), label.Request{Fields: fields})
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := errors.Join(plan.Edit.Apply(&out, media.Memory(file)), os.WriteFile(b.path("in-labelled", fmt.Sprintf("%04d.jpg", i)), out.Bytes(), 0o666)); err != nil {
			return err
		}
	}
	line := func(detectors ...intake.Detector) *intake.Line {
		return intake.NewLine(intake.Config{Entries: ledgers.Of[intake.Taken](r.store, intake.EntryLedger), Recorder: r.rec, Keys: r.keys.Envelopes, Accounts: unlogged{}, Network: unlogged{},
			Spool: func() (production.Temporary, error) { return &inMemory{}, nil }, Platform: platformCode, Key: r.keys.Seal, Detectors: detectors, MaxSize: 64 << 20, AtOnce: 8})
	}
	racing := func(name, folder string, do func(*os.File) error) *racer {
		return &racer{name: name, run: func() (sample, error) {
			return many(b.files, 8, func(i int) error {
				f, err := os.Open(filepath.Join(b.path(folder), fmt.Sprintf("%04d.jpg", i)))
				if err != nil {
					return err
				}
				return errors.Join(do(f), f.Close())
			})
		}}
	}
	taking := func(l *intake.Line, want intake.State, d intake.Declaration) func(*os.File) error {
		by := production.By{Role: production.Application, ID: "bench", Source: netip.MustParseAddrPort("127.0.0.1:1")}
		return func(f *os.File) error {
			t, err := l.Take(r.ctx, by, intake.Upload{Declaration: d, Asked: true}, f)
			if err != nil {
				return err
			}
			if t.Entry.State != string(want) {
				return fmt.Errorf("a file is %s, want %s", t.Entry.State, want)
			}
			return t.Close()
		}
	}
	list := []*racer{
		racing("reading and SHA-256", "in", func(f *os.File) error { _, err := io.Copy(sha256.New(), f); return err }),
		racing("no mark, no detector", "in", taking(line(), intake.None, intake.Silent)),
		racing("no mark, notices looked for", "in", taking(line(intake.Notices{Press: &stamp.Press{}}), intake.None, intake.Silent)),
		racing("declared: a label with Label 2, sealed, read back", "in", taking(line(), intake.Possible, intake.Generated)),
		racing("labelled: fields 5 to 7, sealed, read back", "in-labelled", taking(line(), intake.Confirmed, intake.Silent)),
	}
	if err := b.compete("intake", list...); err != nil {
		return err
	}
	fmt.Printf("### Intake of %d JPEG files, 8 at once, each recorded durably\n\n| what is done | files a second | p50, ms | p99, ms |\n|---|---|---|---|\n", b.files)
	for _, one := range list {
		fmt.Printf("| %s | %s |\n", one.name, one.row(0))
	}
	fmt.Println()
	return nil
}
