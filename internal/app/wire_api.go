package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/production"
)

// Types of records.
const (
	recordHeld   evidence.Type = "hold.placed"
	recordLifted evidence.Type = "hold.lifted"
	recordRead   evidence.Type = "record.read"
	recordPeeked evidence.Type = "network-log.read"
)

// publicLog is the log with its key.
type publicLog struct {
	*tlog.Reader
	key string
}

// Key implements httpapi.Log.
func (l publicLog) Key() string { return l.key }

// jobs are the queue's, as the API shows them.
type jobs struct{ *job.Queue }

// Job implements httpapi.Jobs.
func (q jobs) Job(ctx context.Context, id string) (httpapi.Job, error) {
	j, err := q.Queue.Job(ctx, job.ID(id))
	return shown(j), err
}

// List implements httpapi.Jobs.
func (q jobs) List(ctx context.Context, state, after string, limit int) ([]httpapi.Job, error) {
	found, err := q.Queue.List(ctx, job.State(state), job.ID(after), limit)
	list := make([]httpapi.Job, len(found))
	for i, j := range found {
		list[i] = shown(j)
	}
	return list, err
}

// Depth implements httpapi.Jobs.
func (q jobs) Depth(ctx context.Context) (map[string]int64, error) {
	depth := map[string]int64{}
	states, err := q.Queue.Depth(ctx)
	for state, n := range states {
		depth[string(state)] = n
	}
	return depth, err
}

// Retry implements httpapi.Jobs.
func (q jobs) Retry(ctx context.Context, by production.By, id string) error {
	return q.Queue.Retry(ctx, job.Actor{Subject: evidence.Subject(by.ID), Role: by.Role}, job.ID(id))
}

// Discard implements httpapi.Jobs.
func (q jobs) Discard(ctx context.Context, by production.By, id string) error {
	return q.Queue.Discard(ctx, job.Actor{Subject: evidence.Subject(by.ID), Role: by.Role}, job.ID(id))
}

func shown(j job.Job) httpapi.Job {
	out := httpapi.Job{ID: string(j.ID), Kind: j.Kind, State: string(j.State), Attempt: j.Attempt, Attempts: j.Attempts, Percent: j.Progress.Percent,
		Message: j.Progress.Message, Created: j.Created, Due: j.Due}
	if !j.Ended.IsZero() {
		out.Ended = &j.Ended
	}
	for _, t := range j.Troubles {
		out.Troubles = append(out.Troubles, httpapi.Trouble{At: t.At, Attempt: t.Attempt, Code: t.Code})
	}
	return out
}

// archive reads records for people, and records that it did.
type archive struct{ *Server }

// Records implements httpapi.Ledger.
func (l archive) Records(ctx context.Context, q httpapi.RecordQuery) ([]evidence.Held, error) {
	return l.store.FindRecords(ctx, store.RecordQuery(q))
}

// Record implements httpapi.Ledger.
func (l archive) Record(ctx context.Context, id string) (evidence.Held, error) {
	return l.store.Record(ctx, id)
}

// Payload implements httpapi.Ledger.
func (l archive) Payload(ctx context.Context, by production.By, id string) (evidence.Opening, error) {
	rec, err := l.act(recordRead, by, nil, map[string]any{"record": id})
	if err == nil {
		err = records{l.store}.Note(ctx, rec)
	}
	if err != nil {
		return evidence.Opening{}, err
	}
	return l.store.Payload(ctx, id)
}

// act makes the record of something that a person or an application did, about nobody.
func (s *Server) act(typ evidence.Type, by production.By, clauses []colophon.Clause, payload map[string]any) (evidence.Record, error) {
	payload["by"] = by.ID
	return s.recorder.New(typ, evidence.System, by.Role, clauses, payload)
}

// custody keeps and erases what leads to people.
type custody struct{ *Server }

// Erase implements httpapi.Custody. Content goes at once; what the law wants kept is restricted until its time is over.
func (c custody) Erase(ctx context.Context, by production.By, account string) (string, error) {
	subject, err := c.subject(ctx, account)
	if err != nil {
		return "", err
	}
	return c.eraseSubject(ctx, by, subject)
}

// eraseSubject erases what is kept under a pseudonym. Packages with the person's data go at once: no period keeps them.
func (c custody) eraseSubject(ctx context.Context, by production.By, subject evidence.Subject) (string, error) {
	if err := c.cases.parcels.Forget(ctx, ledgered(by), subject); err != nil {
		return "", err
	}
	if err := c.consents.Forget(ctx, ledgered(by), subject); err != nil {
		return "", err
	}
	if err := c.uploads.line.Forget(ctx, by, subject); err != nil {
		return "", err
	}
	for {
		list, _, err := c.register.Find(ctx, artefact.Query{Account: subject}, "", 100)
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			break
		}
		for _, a := range list {
			if err := c.register.Erase(ctx, by.Role, a.Number); err != nil {
				return "", err
			}
		}
	}
	rec, err := c.erasure(by.Role, by.ID, subject)
	if err != nil {
		return "", err
	}
	state, err := c.store.Erase(ctx, rec, subject)
	c.screens.engine.Forget(subject)
	if state == store.Erased {
		c.recorder.Forget(subject)
	}
	return string(state), err
}

func (c custody) subject(ctx context.Context, account string) (evidence.Subject, error) {
	subject, err := c.accounts.Find(ctx, account)
	if err == nil && subject == "" {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeAccountUnknown}
	}
	return subject, err
}

// Hold implements httpapi.Custody.
func (c custody) Hold(ctx context.Context, by production.By, subject, record string) (string, error) {
	id, err := c.recorder.NewID()
	if err != nil {
		return "", err
	}
	rec, err := c.act(recordHeld, by, nil, map[string]any{"hold": id, "subject": subject, "record": record})
	if err != nil {
		return "", err
	}
	return id, c.store.PlaceHold(ctx, rec, store.Hold{ID: id, Subject: evidence.Subject(subject), Record: record})
}

// Lift implements httpapi.Custody.
func (c custody) Lift(ctx context.Context, by production.By, id string) error {
	rec, err := c.act(recordLifted, by, nil, map[string]any{"hold": id})
	if err != nil {
		return err
	}
	return c.store.LiftHold(ctx, rec, id)
}

// NetworkLog implements httpapi.Custody.
func (c custody) NetworkLog(ctx context.Context, by production.By, asked httpapi.NetworkQuestion) ([]httpapi.NetworkLine, error) {
	q := store.NetworkQuery{From: asked.From, To: asked.To, Limit: asked.Limit}
	if asked.Account != "" {
		subject, err := c.subject(ctx, asked.Account)
		if err != nil {
			return nil, err
		}
		q.Subject = subject
	}
	rec, err := c.act(recordPeeked, by, []colophon.Clause{colophon.ClauseDS10}, map[string]any{"subject": q.Subject, "from": q.From.UnixMilli(), "to": q.To.UnixMilli(), "reason": asked.Reason})
	if err != nil {
		return nil, err
	}
	entries, err := c.store.ReadNetworkLog(ctx, rec, q)
	list := make([]httpapi.NetworkLine, len(entries))
	for i, e := range entries {
		list[i] = httpapi.NetworkLine{At: time.UnixMilli(e.At).UTC(), Subject: string(e.Subject), Operation: e.Operation, Source: e.Source.String(), Client: e.Client}
	}
	return list, err
}
