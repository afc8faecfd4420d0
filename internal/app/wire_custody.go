package app

import (
	"context"
	"encoding/base64"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/progress"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/production"
)

// CodeLogBusy says that a check of the log runs already.
const CodeLogBusy colophon.Code = "log-check-runs"

// recordChecked is the type of the record of a check of the whole log.
const recordChecked evidence.Type = "log.checked"

func later(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// restraints tells what is kept from being erased.
type restraints struct{ custody }

func shownHold(h store.HoldEntry) httpapi.Hold {
	return httpapi.Hold{ID: h.ID, Subject: h.Subject, Record: h.Record, Placed: h.Placed, Lifted: later(h.Lifted)}
}

// Holds implements httpapi.Restraints.
func (r restraints) Holds(ctx context.Context, standing bool, before string, limit int) ([]httpapi.Hold, error) {
	found, err := r.store.Holds(ctx, standing, before, limit)
	list := make([]httpapi.Hold, len(found))
	for i, h := range found {
		list[i] = shownHold(h)
	}
	return list, err
}

// HoldEntry implements httpapi.Restraints.
func (r restraints) HoldEntry(ctx context.Context, id string) (httpapi.Hold, error) {
	h, err := r.store.HoldByID(ctx, id)
	return shownHold(h), err
}

// Erasures implements httpapi.Restraints.
func (r restraints) Erasures(ctx context.Context, open bool, after string, limit int) ([]httpapi.Erasure, error) {
	found, err := r.store.Erasures(ctx, open, after, limit)
	list := make([]httpapi.Erasure, len(found))
	for i, e := range found {
		list[i] = httpapi.Erasure{Subject: e.Subject, State: string(store.Restricted), Requested: e.Requested, Due: e.Due, Done: later(e.Done)}
		if list[i].Done != nil {
			list[i].State = string(store.Erased)
		}
	}
	return list, err
}

// Ahead implements httpapi.Restraints.
func (r restraints) Ahead(ctx context.Context, account string) (httpapi.Rehearsal, error) {
	subject, err := r.subject(ctx, account)
	if err != nil {
		return httpapi.Rehearsal{}, err
	}
	a, err := r.store.EraseAhead(ctx, subject)
	return httpapi.Rehearsal{Subject: subject, State: string(a.State), Artefacts: a.Artefacts, Records: a.Records, Lines: a.Lines, Due: a.Due, Held: a.Held}, err
}

// logCheck checks the log, one check at a time.
type logCheck struct {
	*Server
	runs *sync.Mutex
}

// State implements httpapi.LogCheck.
func (l logCheck) State(ctx context.Context) (httpapi.LogState, error) {
	all, waiting, oldest, err := l.store.Count(ctx)
	if err != nil {
		return httpapi.LogState{}, err
	}
	c, err := l.reader.Checkpoint(ctx)
	if err != nil {
		return httpapi.LogState{}, err
	}
	return httpapi.LogState{Origin: c.Origin, Size: c.Size, Root: base64.StdEncoding.EncodeToString(c.Root[:]), Records: all, Waiting: waiting, Oldest: later(oldest.UTC())}, nil
}

// Check implements httpapi.LogCheck.
func (l logCheck) Check(ctx context.Context, by production.By) (httpapi.LogReport, error) {
	if !l.runs.TryLock() {
		return httpapi.LogReport{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeLogBusy}
	}
	defer l.runs.Unlock()
	all, _, _, err := l.store.Count(ctx)
	if err != nil {
		return httpapi.LogReport{}, err
	}
	read := int64(0)
	r, err := l.check(ctx, func() {
		read++
		progress.Tell(ctx, min(read, all), all)
	})
	if err != nil {
		return httpapi.LogReport{}, err
	}
	out := httpapi.LogReport{Verdict: r.Verdict.String(), Size: r.Size, Records: r.Records, Pending: r.Pending, Payloads: r.Payloads, Erased: r.Erased, More: r.More}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, httpapi.LogFault{Kind: string(f.Kind), Name: f.Name, Verdict: f.Verdict.String(), Code: f.Code})
	}
	rec, err := l.act(recordChecked, by, nil, map[string]any{"verdict": out.Verdict, "size": out.Size, "records": out.Records, "faults": len(r.Faults) + r.More})
	if err != nil {
		return httpapi.LogReport{}, err
	}
	return out, records{l.store}.Note(ctx, rec)
}

// logSource is where this node reads the files of the log.
func (s *Server) logSource() tlog.Source {
	if s.mirror != nil {
		return s.mirror
	}
	return tlog.Folder(s.set.Log)
}

// shownSettings are the settings as people may see them.
func (s *Server) shownSettings() []httpapi.Setting {
	var list []httpapi.Setting
	for _, v := range s.set.Known {
		list = append(list, httpapi.Setting{Key: v.Key, Value: v.Value, Origin: v.Origin, Secret: v.Secret})
	}
	return list
}
