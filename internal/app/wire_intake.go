package app

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/detect"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/stamp"
)

const (
	kindScan    = "intake-scan"
	kindEvent   = "webhook-event"
	kindMessage = "webhook-message"

	// busyPause is for how long a message waits whose receiver is slow and has others before it.
	busyPause = time.Minute

	eventTaken = "intake.taken"
	eventScan  = "intake.scan-ended"
)

// Bucket is a bucket that scans may name. It is set in the file alone.
type Bucket struct {
	Name    string `koanf:"name"`
	Address string `koanf:"address"` // s3://…, as blobs have it
}

// uploads is what platforms and app stores hand in, and who is told of it.
type uploads struct {
	line      *intake.Line
	scanner   *intake.Scanner
	materials *intake.AppStore
	hooks     *webhook.Dispatcher
	buckets   map[string]*blob.Objects
}

// openIntake opens the intake and the webhooks.
func (s *Server) openIntake(ctx context.Context) error {
	sender, err := fetch.New(fetch.Config{Allow: strings.FieldsFunc(s.set.WebhookHosts, func(r rune) bool { return r == ',' || r == ' ' }), Timeout: 15 * time.Second})
	if err != nil {
		return wrongSetting("webhook-hosts", s.set.WebhookHosts, err)
	}
	s.uploads.hooks = webhook.New(webhook.Config{Endpoints: ledgers.Of[webhook.Endpoint](s.store, webhook.EndpointLedger), Messages: ledgers.Joined(s.store, webhook.MessageLedger, s.enqueueMessages),
		Recorder: s.recorder, Keys: s.keys.Envelopes, Sender: sender, Rand: rand.Reader})
	if err := s.uploads.hooks.Refresh(ctx); err != nil {
		return err
	}
	notices := intake.Notices{Press: &stamp.Press{Tools: s.tools()}}
	detectors, err := s.detectors()
	if err != nil {
		return err
	}
	s.uploads.line = intake.NewLine(intake.Config{Entries: ledgers.Joined(s.store, intake.EntryLedger, s.tellTaken), Recorder: s.recorder, Keys: s.keys.Envelopes, Accounts: s.accounts, Network: networkLog{s},
		Blobs: blobs{s.blobs}, Spool: spools(s.spoolDir()), Platform: s.set.Platform, Key: s.keys.Seal, Seals: s.keys.Seals,
		Detectors: as(append([]intake.Detector{notices, intake.Produced{Register: s.register}}, detectors...), s.set.weak.detectors), Keep: s.set.IntakeKeep, MaxSize: int64(s.set.MaxUpload) << 20, AtOnce: s.set.marking(),
		Recalls: recalls{s}, Rule: intake.Rule(s.set.Uploads), Report: s.unlooked("intake")})
	s.uploads.materials = &intake.AppStore{Book: ledger.Book[intake.Materials]{Store: ledgers.Of[intake.Materials](s.store, intake.MaterialLedger), Recorder: s.recorder, Keys: s.keys.Envelopes},
		Notices: notices, Spool: spools(s.spoolDir()), MaxSize: int64(s.set.MaxUpload) << 20}
	s.uploads.scanner = intake.NewScanner(intake.ScanConfig{Scans: ledgers.Joined(s.store, intake.ScanLedger, s.enqueueScans), Recorder: s.recorder, Keys: s.keys.Envelopes, Line: s.uploads.line, Bucket: s.bucket})
	s.uploads.buckets = map[string]*blob.Objects{}
	for _, b := range s.set.Buckets {
		objects, err := blob.OpenObjects(ctx, b.Address)
		if err != nil || b.Name == "" || s.uploads.buckets[b.Name] != nil {
			return wrongSetting("intake-buckets", b.Name, err)
		}
		s.uploads.buckets[b.Name] = objects
	}
	return nil
}

func (s *Server) detectors() (list []intake.Detector, err error) {
	for _, e := range s.set.Detectors {
		key := ""
		if e.KeyFile != "" {
			text, err := os.ReadFile(e.KeyFile)
			if err != nil {
				return nil, durable.Fault(e.KeyFile, err)
			}
			key = strings.TrimSpace(string(text))
		}
		d, err := detect.New(e, key, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// bucket implements what a scanner wants of buckets.
func (s *Server) bucket(_ context.Context, name string) (intake.Bucket, error) {
	objects := s.uploads.buckets[name]
	if objects == nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: intake.CodeScanBucket, Args: colophon.Args{"bucket": name}}
	}
	return bucket{objects}, nil
}

// bucket is a bucket as a scanner takes it.
type bucket struct{ theirs }

type theirs = *blob.Objects // an embedded field of that name would hide the method

// Objects implements intake.Bucket.
func (b bucket) Objects(ctx context.Context, prefix, after string) iter.Seq2[intake.Object, error] {
	return func(yield func(intake.Object, error) bool) {
		for o, err := range b.List(ctx, prefix, after) {
			if !yield(intake.Object(o), err) {
				return
			}
		}
	}
}

type scanArgs struct {
	Scan string `json:"scan"`
}

type messageArgs struct {
	Message string `json:"message"`
}

// intakeWorkers work scans and messages.
func (s *Server) intakeWorkers() []job.Worker {
	return []job.Worker{
		job.Work(kindScan, job.Limits{Attempts: 20, Timeout: 24 * time.Hour}, func(ctx context.Context, _ *job.Task, a scanArgs) error {
			return s.uploads.scanner.Run(ctx, a.Scan)
		}),
		job.Work(kindEvent, job.Limits{AtOnce: 4, Attempts: 20}, func(ctx context.Context, _ *job.Task, ev webhook.Event) error {
			return s.uploads.hooks.Publish(ctx, ev)
		}),
		job.Work(kindMessage, job.Limits{AtOnce: 8, Attempts: webhook.Attempts, Backoff: webhook.Backoff, Timeout: time.Minute}, func(ctx context.Context, t *job.Task, a messageArgs) error {
			err := s.uploads.hooks.Attempt(ctx, a.Message, t.Attempt >= webhook.Attempts)
			if errors.Is(err, webhook.ErrBusy) {
				return job.Later(err, busyPause)
			}
			return err
		}),
	}
}

func (s *Server) enqueue(ctx context.Context, tx *store.Tx, kind string, args any) error {
	raw, err := tx.SQL()
	if err != nil {
		return err
	}
	_, err = s.queue.Enqueue(ctx, raw, kind, args, time.Time{})
	return err
}

// enqueueMessages has messages sent that wait for it.
func (s *Server) enqueueMessages(ctx context.Context, tx *store.Tx, list []ledger.Entry[webhook.Message]) error {
	for _, m := range list {
		if !webhook.Queued(ctx) {
			return nil
		}
		if err := s.enqueue(ctx, tx, kindMessage, messageArgs{m.ID}); err != nil {
			return err
		}
	}
	return nil
}

// enqueueScans has a scan worked that begins, and tells of one that ended.
func (s *Server) enqueueScans(ctx context.Context, tx *store.Tx, list []intake.ScanEntry) error {
	for _, e := range list {
		var err error
		switch {
		case e.Version == 0:
			err = s.enqueue(ctx, tx, kindScan, scanArgs{e.ID})
		case e.State != string(intake.ScanRunning) && s.uploads.hooks.Wants(eventScan):
			err = s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID, Type: eventScan, At: e.Changed, Data: map[string]any{"scan": e.ID, "state": e.State, "files": e.Value.Files, "states": e.Value.States, "troubles": e.Value.Troubles, "recalled": e.Value.Recalled, "alike": e.Value.Alike}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellTaken tells of what was taken in.
func (s *Server) tellTaken(ctx context.Context, tx *store.Tx, list []intake.Entry) error {
	for _, e := range list {
		if e.Version > 0 || !s.uploads.hooks.Wants(eventTaken) {
			continue
		}
		v := e.Value
		err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID, Type: eventTaken, At: e.Made, Data: map[string]any{"intake": e.ID, "state": e.State, "complete": v.Complete, "declaration": v.Declaration,
			"action": v.Action, "number": v.Number, "before": v.Before, "after": v.After, "scan": v.Scan, "recall": v.Recall, "findings": v.Findings}})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepIntake ends the keeping of files whose time is over.
func (s *Server) sweepIntake(ctx context.Context) error { return sweep(ctx, s.uploads.line.Sweep) }

// hear learns which events somebody wants to be told of, also by what was changed on other nodes, until ctx ends.
func (s *Server) hear(ctx context.Context) {
	for wait(ctx, refreshEvery) == nil {
		if err := s.uploads.hooks.Refresh(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.ErrorContext(ctx, "webhooks", "error", err)
		}
	}
}
