package app

import (
	"context"
	"errors"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/store"
)

// Types of records.
const (
	recordPurged evidence.Type = "evidence.purged"
	recordErased evidence.Type = "subject.erased"
)

const (
	kindMark = "artefact-mark"
	system   = evidence.Role("system")
)

type markArgs struct {
	Number artefact.Number `json:"number"`
}

func (s *Server) enqueueMark(ctx context.Context, tx *store.Tx, n artefact.Number) (string, error) {
	raw, err := tx.SQL()
	if err != nil {
		return "", err
	}
	id, err := s.queue.Enqueue(ctx, raw, kindMark, markArgs{n}, time.Time{})
	return string(id), err
}

// openQueue makes the workers. What comes again by itself is one kind each, so that one that fails holds up no other.
func (s *Server) openQueue(context.Context) (err error) {
	c := job.Config{Store: s.store, Recorder: s.recorder, Logger: s.log, Workers: []job.Worker{
		job.Work(kindMark, job.Limits{AtOnce: s.set.Workers, Attempts: 5, Timeout: 12 * time.Hour}, s.mark),
	}}
	c.Workers = append(c.Workers, s.intakeWorkers()...)
	c.Workers = append(c.Workers, s.refutationWorkers()...)
	c.Workers = append(c.Workers, s.inspectionWorkers()...)
	c.Workers = append(c.Workers, s.probeWorkers()...)
	c.Workers = append(c.Workers, s.runWorkers()...)
	for _, p := range []struct {
		name string
		when job.Schedule
		do   func(context.Context) error
	}{
		{"sweep-artefacts", job.Every(10 * time.Minute), s.line.Sweep},
		{"sweep-intake", job.Every(10 * time.Minute), s.sweepIntake},
		{"sweep-blobs", job.Every(6 * time.Hour), s.sweepBlobs},
		{"sweep-staff", job.Every(time.Hour), s.roster.Sweep},
		{"sweep-answers", job.Every(time.Hour), s.answers.Sweep},
		{"supersede-agreements", job.Every(10 * time.Minute), s.supersedeAgreements},
		{"lapse-functions", job.Every(10 * time.Minute), s.lapseFunctions},
		{"end-verifications", job.Every(time.Minute), s.identities.Sweep},
		{"expire-links", job.Every(10 * time.Minute), s.expireLinks},
		{"tend-consents", job.Every(time.Minute), s.consents.Tick},
		{"expire-orders", job.Every(time.Minute), s.expireOrders},
		{"sweep-assessments", job.Every(time.Hour), s.sweepAssessments},
		{"count-faces", job.Every(time.Hour), s.countFaces},
		{"watch-algorithms", job.Every(time.Minute), s.watchAlgorithms},
		{"follow-datasets", job.Every(time.Hour), s.followDatasets},
		{"probe", job.Every(time.Hour), s.runDueProbes},
		{"sweep-streams", job.Every(time.Minute), s.sweepStreams},
		{"expire-held", job.Every(time.Minute), s.expire},
		{"sweep-held", job.Every(time.Hour), s.sweepHeld},
		{"expire-measures", job.Every(time.Minute), s.expireMeasures},
		{"settle-signals", job.Every(time.Minute), s.settleSignals},
		{"sweep-cases", job.Every(2 * time.Minute), s.sweepCases},
		{"sweep-reviews", job.Every(10 * time.Minute), s.sweepReviews},
		{"sweep-incidents", job.Every(time.Minute), s.sweepIncidents},
		{"sweep-parcels", job.Every(10 * time.Minute), s.sweepParcels},
		{"sweep-refutations", job.Every(2 * time.Minute), s.sweepRefutations},
		{"read-recalls", job.Every(s.set.RecallEvery), s.readRecalls},
		{"sweep-listings", job.Every(time.Hour), s.sweepListings},
		{"sweep-copies", job.Every(2 * time.Minute), s.sweepCopies},
		{"sweep-tallies", job.Every(time.Hour), s.standing.Sweep},
		{"sweep-company", job.Every(time.Hour), s.sweepCompany},
		{"sweep-usage", job.Daily(3, 7, time.UTC), s.sweepUsage},
		{"watch-duties", job.Every(10 * time.Minute), s.watchDuties},
		{"recheck-duties", job.Daily(2, 37, time.UTC), s.recheckDuties},
		{"purge", job.Daily(3, 17, time.UTC), s.purge},
		{"end-restrictions", job.Daily(3, 47, time.UTC), s.endRestrictions},
	} {
		c.Workers = append(c.Workers, job.Work(p.name, job.Limits{Timeout: time.Hour}, func(ctx context.Context, _ *job.Task, _ struct{}) error { return p.do(ctx) }))
		c.Periods = append(c.Periods, job.Period{Name: p.name, Kind: p.name, Args: struct{}{}, When: p.when})
	}
	s.queue, err = job.New(c)
	return err
}

// mark marks an item that waits.
func (s *Server) mark(ctx context.Context, t *job.Task, args markArgs) error {
	told := -1
	err := s.line.Finish(ctx, args.Number, func(done, total float64) {
		if total <= 0 || int(done*100/total) == told {
			return
		}
		told = int(done * 100 / total)
		if err := t.Progress(ctx, told, ""); err != nil {
			s.log.WarnContext(ctx, "progress", "error", err)
		}
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return job.Final(err)
	}
	return err
}

// sweepBlobs removes what never became part of an item: unfinished puts, and bytes whose item was not entered because the
// process died in between. What is younger than a day may still become one.
func (s *Server) sweepBlobs(ctx context.Context) error {
	before := time.Now().Add(-24 * time.Hour)
	if _, err := s.blobs.Sweep(ctx, before); err != nil {
		return err
	}
	for entry, err := range s.blobs.List(ctx) {
		if isCode(err, blob.CodeStray) {
			continue // no blob, and not ours to remove
		}
		if err != nil {
			return err
		}
		if entry.Changed.After(before) {
			continue
		}
		ref := blob.FormatDigest(entry.Digest)
		needed, err := s.artefacts.Referenced(ctx, ref)
		if err == nil && !needed {
			needed, err = s.screens.held.Referenced(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.consents.Referenced(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.uploads.line.Referenced(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.cases.desk.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.cases.parcels.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.packs.keeper.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.incidents.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.filings.keeper.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.duties.Needs(ctx, ref)
		}
		if err == nil && !needed {
			needed, err = s.inspected.keeper.Needs(ctx, ref)
		}
		if err != nil {
			return err
		}
		if needed {
			continue
		}
		if err := s.blobs.Delete(ctx, entry.Digest); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) purge(ctx context.Context) error {
	rec, err := s.recorder.New(recordPurged, evidence.System, system, nil, struct{}{})
	if err != nil {
		return err
	}
	return s.store.Purge(ctx, rec)
}

func (s *Server) endRestrictions(ctx context.Context) error {
	erased, err := s.store.EndRestrictions(ctx, func(subject evidence.Subject) (evidence.Record, error) {
		return s.erasure(system, "", subject)
	})
	for _, subject := range erased {
		s.screens.engine.Forget(subject)
		s.recorder.Forget(subject)
	}
	return err
}

func (s *Server) erasure(role evidence.Role, by string, subject evidence.Subject) (evidence.Record, error) {
	return s.recorder.New(recordErased, evidence.System, role, []colophon.Clause{colophon.ClausePIPL47}, map[string]any{"subject": subject, "by": by})
}

func isCode(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}
