package app

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/evidence/paper"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/standing"
)

const (
	// correctWithin is how long the provider allows itself to correct a model. No law gives a figure.
	correctWithin = 30 * 24 * time.Hour

	eventCorrectionLate = "correction.breached"
)

// incidentFiles keeps proofs as packs do, and writes reports about incidents out.
type incidentFiles struct{ *Server }

// KeepProof implements httpapi.IncidentFiles.
func (f incidentFiles) KeepProof(ctx context.Context, from io.Reader) (report.ProofFile, error) {
	p, err := f.Server.KeepProof(ctx, from)
	if isCode(err, pack.CodeInvalid) {
		err = &colophon.Error{Kind: colophon.Invalid, Code: report.CodeInvalid, Args: colophon.Args{"field": "proofs"}, Err: err}
	}
	return report.ProofFile{Proof: report.Proof(p.Proof), Blob: p.Blob, Key: p.Key}, err
}

// OpenProof implements httpapi.IncidentFiles.
func (f incidentFiles) OpenProof(ctx context.Context, p report.ProofFile) (io.ReadCloser, error) {
	return f.Server.OpenProof(ctx, pack.ProofFile{Proof: pack.Proof(p.Proof), Blob: p.Blob, Key: p.Key})
}

// Print implements httpapi.IncidentFiles.
func (f incidentFiles) Print(raw []byte, as string) ([]byte, error) {
	d, err := report.Parse(raw)
	if err != nil {
		return nil, err
	}
	return govern.Incident(f.packs.paper, d, paper.Sum(raw), media.Format(as))
}

// knownOf is what records say in answer to the fields of reports: who the provider is, what is struck, and what was done.
func (s *Server) knownOf(ctx context.Context, v report.Incident) (report.Answers, error) {
	told := report.Answers{}
	if s.set.Provider != "" {
		told["provider"] = report.Answer{Certainty: report.Known, Lines: []string{s.set.Provider}}
	}
	if s.set.Responsible != "" {
		told["contact"] = report.Answer{Certainty: report.Known, Lines: []string{s.set.Responsible}}
	}
	system, err := s.struck(ctx, v)
	if err != nil {
		return nil, err
	}
	if len(system) > 0 {
		told["system"] = report.Answer{Certainty: report.Known, Lines: system}
	}
	lines, records, err := s.doneAbout(ctx, v)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		told["measures"] = report.Answer{Certainty: report.Known, Lines: lines, Records: records}
	}
	return told, nil
}

// struck names the services and functions that an incident is about.
func (s *Server) struck(ctx context.Context, v report.Incident) ([]string, error) {
	var lines []string
	for _, r := range v.About {
		if r.Kind != "function" {
			continue
		}
		f, err := s.functions.Function(ctx, r.ID)
		if isCode(err, register.CodeMissing) {
			lines = append(lines, s.packs.say.Say("pack-fact-function", "name", r.ID))
			continue
		}
		if err != nil {
			return nil, err
		}
		service, err := s.functions.Service(ctx, f.Service)
		if err != nil {
			return nil, err
		}
		lines = append(lines, s.packs.say.Say("pack-fact-service", "service", service.Value.Names.ZH, "function", f.Names.ZH))
	}
	return lines, nil
}

// maxDoneLines bounds how many measures a report tells one by one.
const maxDoneLines = 90

// doneAbout is what was done about an incident: orders that were given and measures that were taken, as its timeline tells, and
// steps of its playbooks. What was merely proposed, or told to somebody, is no measure.
func (s *Server) doneAbout(ctx context.Context, v report.Incident) (lines, records []string, err error) {
	timeline, err := s.incidents.Timeline(ctx, v.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range timeline {
		what, _, _ := strings.Cut(l.What, "/")
		if what == string(incident.RecordIssued) || what == string(standing.RecordTaken) {
			lines = append(lines, s.packs.say.Say("incident-fact-done", "at", beijing(l.At), "what", s.packs.say.Say("page-record-"+what), "id", l.Of))
			if l.Record != "" {
				records = append(records, l.Record)
			}
		}
	}
	for _, p := range s.incidents.Plan(v) {
		if p.State == report.StepDone && p.Play.Names.ZH != "" {
			lines = append(lines, s.packs.say.Say("incident-fact-step", "at", beijing(p.At), "what", p.Play.Names.ZH))
		}
	}
	if more := len(lines) - maxDoneLines; more > 0 {
		lines = append(lines[:maxDoneLines], s.packs.say.Say("incident-fact-more", "count", strconv.Itoa(more)))
	}
	return lines, records[:min(len(records), maxDoneLines)], nil
}

// openCorrections opens the cases of illegal output.
func (s *Server) openCorrections(context.Context) (err error) {
	s.corrected, err = correction.New(correction.Config{Cases: ledgers.Joined(s.store, correction.Ledger, s.tellCorrections), Recorder: s.recorder, Keys: s.keys.Envelopes, AtOnce: s.set.ReportAtOnce, Correct: correctWithin})
	return err
}

// tellCorrections tells of limits of such cases that were missed.
func (s *Server) tellCorrections(ctx context.Context, tx *store.Tx, list []ledger.Entry[correction.Case]) error {
	for _, e := range list {
		for _, b := range e.Value.Breaches {
			if e.Changed.Sub(b.Seen) >= time.Second || !s.uploads.hooks.Wants(eventCorrectionLate) {
				continue
			}
			data := map[string]any{"case": e.ID, "step": b.Step, "due": b.Due}
			if err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID + "-" + string(b.Step) + "-" + b.Due.Format("20060102150405"), Type: eventCorrectionLate, At: b.Seen, Data: data}); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepIncidents writes down limits that ran out, of incidents and of what is done after illegal output, and asks the feeds
// what happened.
func (s *Server) sweepIncidents(ctx context.Context) error {
	return errors.Join(s.incidents.Sweep(ctx), s.corrected.Sweep(ctx))
}
