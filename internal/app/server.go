package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/edge"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/keys"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/answers"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/telemetry"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/standing"
)

// CodeNoProducer is a refusal to serve without a provider to put into labels.
const CodeNoProducer colophon.Code = "serve-no-producer"

// Server is a deployment: its store, its log, its blobs and the doors to them.
type Server struct {
	config Config
	set    Serving
	log    *slog.Logger

	keys       *keys.Keys
	store      *store.Store
	blobs      *blob.Store
	recorder   *evidence.Recorder
	artefacts  *artefacts.Artefacts
	register   *artefact.Register
	accounts   *accounts.Accounts
	answers    *answers.Answers
	roster     *staff.Roster
	links      *link.Keeper
	identities *identity.Registrar
	consents   *consent.Ledger
	ahead      beforehand
	agreements *agreement.Keeper
	functions  *register.Register
	cards      *card.Keeper
	listings   *listing.Keeper
	screens    screens
	standing   *standing.Keeper
	orders     *incident.Command
	incidents  *report.Keeper
	corrected  *correction.Keeper
	watch      *incident.Watch
	gate       *admission.Gate
	uploads    uploads
	cases      cases
	copies     copyDesk
	refuted    refutations
	packs      packs
	runs       assessments
	corpora    corpora
	filings    filings
	duties     *duty.Keeper
	inspected  *inspections
	rulebook   *policy.Keeper
	probes     *probe.Runner
	probesFrom time.Time // since when they are there
	oversight  oversight
	queue      *job.Queue
	marks      marks
	line       *production.Line
	binder     *production.Binder
	models     models
	reader     *tlog.Reader
	mirror     tlog.Mirror // nil where the folder of the log is read by this node alone
	handler    http.Handler
	api        *httpapi.API
	forms      *console.Pages
	edge       *edge.Server // nil before Run
	telemetry  *telemetry.Telemetry
	pulse      telemetry.Pulse
	logKey     string // verifier key lines of the log, the newest first

	close []func() error // in the order of opening
}

// OpenServer opens everything that a server needs. Nothing is served and no job is worked before Run.
func OpenServer(ctx context.Context, c Config, v Serving, output io.Writer) (*Server, error) {
	s := &Server{config: c, set: v}
	if c.Producer == "" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeNoProducer}
	}
	for _, open := range []func(context.Context) error{s.openKeys, s.openTelemetry(output), s.openStore, s.openBlobs, s.openLog, s.openStaff, s.openLinks, s.openIdentity, s.openScreens, s.openStanding, s.openAhead, s.openRegister, s.openConsents, s.openOrders, s.openAdmission, s.openMarks, s.openLine, s.openIntake, s.openDesk, s.openCopies, s.openRefutations, s.openPacks, s.openFilings, s.openCards, s.openIncidents, s.openCorrections, s.openDuties, s.openInspections, s.openRuns, s.openCorpora, s.openReviews, s.openModels, s.openProbes, s.openQueue, s.openDoors} {
		if err := open(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close closes what was opened, the last first.
func (s *Server) Close() error {
	var err error
	for i := len(s.close) - 1; i >= 0; i-- {
		err = errors.Join(err, s.close[i]())
	}
	s.close = nil
	return err
}

// openTelemetry opens the log of the process, its metrics and its traces.
func (s *Server) openTelemetry(output io.Writer) func(context.Context) error {
	return func(ctx context.Context) error {
		var level slog.Level
		if err := level.UnmarshalText([]byte(s.set.LogLevel)); err != nil {
			return wrongSetting("log-level", s.set.LogLevel, err)
		}
		var err error
		s.telemetry, err = telemetry.New(ctx, telemetry.Config{Output: output, Level: level, Version: s.config.Version, RequestID: edge.RequestID, LogLag: s.lag, QueueDepth: s.depth, Targets: s.targets, Streams: s.openStreams, TraceURL: s.set.Traces})
		if err != nil {
			return err
		}
		s.log = s.telemetry.Log()
		s.close = append(s.close, func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return s.telemetry.Shutdown(ctx)
		})
		return nil
	}
}

func (s *Server) openKeys(context.Context) (err error) {
	if err := private(s.set.Data); err != nil {
		return err
	}
	s.keys, err = keys.Open(s.set.keyConfig())
	return err
}

// private makes a folder that only its owner may enter.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return durable.Fault(dir, err)
	}
	return nil
}

func (s *Server) openStore(ctx context.Context) (err error) {
	retention, err := s.set.retention()
	if err != nil {
		return err
	}
	s.store, err = store.Open(ctx, store.Config{Path: filepath.Join(s.set.Data, "colophon.db"), Postgres: s.set.Postgres, Keys: s.keys.Envelopes, Retention: retention, Took: s.took()})
	if err != nil {
		return err
	}
	s.close = append(s.close, s.store.Close)
	s.recorder, err = evidence.NewRecorder(evidence.RecorderConfig{Now: time.Now, Rand: rand.Reader, NewID: uuid.NewV7, Keys: s.keys.Envelopes, Classes: classes()})
	if err != nil {
		return err
	}
	s.accounts = accounts.New(s.store, s.recorder, s.keys.Accounts)
	s.answers = answers.New(s.store, time.Now, s.keys.Accounts)
	s.artefacts = artefacts.New(s.store, s.enqueueMark)
	s.register = artefact.NewRegister(s.artefacts, s.recorder)
	return nil
}

// took is where the store tells how long changes take. A command has no metrics.
func (s *Server) took() func(time.Duration) {
	if s.telemetry == nil {
		return nil
	}
	return s.telemetry.Committed
}

func (s *Server) openBlobs(ctx context.Context) (err error) {
	dir := filepath.Join(s.set.Data, "tmp")
	if err := private(dir); err != nil {
		return err
	}
	s.blobs, err = blob.Open(ctx, s.set.Blobs, blob.Options{Spool: dir})
	if err == nil {
		s.close = append(s.close, s.blobs.Close)
	}
	return err
}

func (s *Server) openLog(ctx context.Context) error {
	var source tlog.Source = tlog.Folder(s.set.Log)
	if s.set.Postgres != "" { // several nodes read what the leader mirrors
		names, err := s.blobs.Names("log", "checkpoint")
		if err != nil {
			return err
		}
		s.mirror, source = names, names
	}
	s.reader = tlog.NewReader(source, s.store, s.set.LogName, s.keys.Verifiers...)
	return s.tryLog(ctx)
}

// tryLog opens the log once, so that one which can't be gone on with keeps the server from starting. Of several nodes on one
// database another may be at work on it; on SQLite that would be a second server on the same data.
func (s *Server) tryLog(ctx context.Context) error {
	log, err := tlog.Open(ctx, s.sequencer())
	if isCode(err, tlog.CodeLocked) && s.set.Postgres != "" {
		return nil
	}
	if err != nil {
		return err
	}
	return log.Close()
}

// Run works jobs, sequences the log and serves until ctx ends; then what runs is let end.
func (s *Server) Run(ctx context.Context, listening func(address string)) error {
	defer s.followChanges(ctx)()
	if err := s.queue.Start(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sequenced, sequencing := context.WithCancel(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	go func() {
		defer stop() // a log that can't go on without being spoilt stops the server
		failed <- tlog.Sequence(sequenced, s.store, s.sequencer())
	}()
	go s.follow(ctx)
	go s.attend(ctx)
	go s.meet(ctx)
	go s.likenesses(ctx)
	go s.hear(ctx)
	serving, served := context.WithCancel(context.WithoutCancel(ctx))
	go s.endStreams(ctx, serving)
	err := s.serve(ctx, listening)
	served()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.set.Drain)
	defer cancel()
	err = errors.Join(err, s.queue.Stop(drain))
	sequencing()
	if broken := <-failed; broken != nil {
		return errors.Join(err, broken)
	}
	return errors.Join(err, s.drain(drain))
}

// drain puts what still waits into the log and publishes a checkpoint over it, unless another node does so.
func (s *Server) drain(ctx context.Context) error {
	log, err := tlog.Open(ctx, s.sequencer())
	if isCode(err, tlog.CodeLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(log.Drain(ctx), log.Close())
}

func (s *Server) sequencer() tlog.Config {
	return tlog.Config{Dir: s.set.Log, Signer: s.keys.Signer, Verifiers: s.keys.Verifiers, Store: s.store, Mirror: s.mirror, Wake: s.store.Committed(),
		Report: func(err error) { s.log.Error("log", "error", err) }}
}
