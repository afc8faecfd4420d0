package held

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/moderation"
)

// AddDuty implements [moderation.DutyStore].
func (h *Held) AddDuty(ctx context.Context, rec evidence.Record, d moderation.Duty) error {
	return h.write(ctx, rec, []string{d.ID, d.Judgement}, func(tx *store.Tx) error {
		f := filing(d)
		n, err := store.Changed(tx.Exec(`INSERT INTO report_duty (id, judgement, state, categories, subject, opened, due, channel, reference, filed, attachment, reason, closed_by, closed, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1) ON CONFLICT (judgement) DO NOTHING`,
			d.ID, d.Judgement, string(d.State), strings.Join(d.Categories, " "), string(d.Subject), ms(d.Opened), ms(d.Due), f.Channel, f.Reference, ms(f.At), digest(f.Attachment), string(d.Reason), d.By, ms(d.Closed)))
		if err == nil && n == 0 {
			return moderation.ErrExists
		}
		return err
	})
}

// AmendDuty implements [moderation.DutyStore].
func (h *Held) AmendDuty(ctx context.Context, rec evidence.Record, d moderation.Duty) error {
	return h.write(ctx, rec, []string{d.ID, d.Judgement}, func(tx *store.Tx) error {
		f := filing(d)
		n, err := store.Changed(tx.Exec(`UPDATE report_duty SET state = $1, channel = $2, reference = $3, filed = $4, attachment = $5, reason = $6, closed_by = $7, closed = $8, version = version + 1 WHERE id = $9 AND version = $10`,
			string(d.State), f.Channel, f.Reference, ms(f.At), digest(f.Attachment), string(d.Reason), d.By, ms(d.Closed), d.ID, d.Version))
		if err == nil && n == 0 {
			return lost(tx.QueryRow(`SELECT version FROM report_duty WHERE id = $1`, d.ID))
		}
		return err
	})
}

// Duties implements [moderation.DutyStore].
func (h *Held) Duties(ctx context.Context, q moderation.DutyQuery) ([]moderation.Duty, error) {
	var w store.Where
	is(&w, `d.id`, q.ID)
	is(&w, `d.judgement`, q.Judgement)
	is(&w, `d.state`, string(q.State))
	if q.After != "" {
		w.Add(`d.id > ?`, q.After)
	}
	if !q.Overdue.IsZero() {
		w.Add(`d.state = 'open' AND d.due <= ?`, ms(q.Overdue))
	}
	return store.Collect(ctx, h.store, scanDuty, `SELECT d.id, d.judgement, d.state, d.categories, d.subject, d.opened, d.due, d.channel, d.reference, d.filed, d.attachment, d.reason, d.closed_by, d.closed, d.version, e.done
		FROM report_duty d LEFT JOIN erasure e ON e.subject = d.subject`+w.Text+` ORDER BY d.id LIMIT `+strconv.Itoa(q.Limit), w.Args...)
}

func scanDuty(row store.Row) (moderation.Duty, error) {
	var d moderation.Duty
	var f moderation.Filing
	var categories string
	var opened, due, filed, closed int64
	var attachment []byte
	var erased sql.NullInt64
	err := row.Scan(&d.ID, &d.Judgement, &d.State, &categories, &d.Subject, &opened, &due, &f.Channel, &f.Reference, &filed, &attachment, &d.Reason, &d.By, &closed, &d.Version, &erased)
	if err != nil {
		return d, err
	}
	d.Categories, d.Opened, d.Due, d.Closed, d.Erased = strings.Fields(categories), at(opened), at(due), at(closed), erased.Valid
	if f.Channel != "" {
		f.At = at(filed)
		copy(f.Attachment[:], attachment)
		d.Filing = &f
	}
	return d, nil
}

func filing(d moderation.Duty) moderation.Filing {
	if d.Filing == nil {
		return moderation.Filing{}
	}
	return *d.Filing
}

func digest(d moderation.Digest) []byte {
	if d == (moderation.Digest{}) {
		return nil
	}
	return d[:]
}

// Figures implements [moderation.Store].
func (h *Held) Figures(ctx context.Context, p moderation.Period) (moderation.Figures, error) {
	var f moderation.Figures
	var err error
	now, from, to := ms(p.Now), ms(p.From), ms(p.To)
	f.Queues, err = store.Collect(ctx, h.store, func(row store.Row) (moderation.QueueFigure, error) {
		var q moderation.QueueFigure
		var all, oldest int64
		err := row.Scan(&q.Queue, &all, &q.Taken, &q.Escalated, &oldest)
		q.Waiting, q.Oldest = int(all)-q.Taken, at(oldest)
		return q, err
	}, `SELECT queue, COUNT(*), COUNT(CASE WHEN state = 'taken' AND lease > $1 THEN 1 END), COUNT(CASE WHEN stage = 'senior' THEN 1 END), MIN(created)
		FROM held_item WHERE decided = 0 GROUP BY queue ORDER BY queue`, now)
	if err != nil {
		return f, err
	}
	const done = ` FROM held_item WHERE decided >= $1 AND decided < $2 AND decided > 0 AND `
	err = h.store.QueryRow(ctx, `SELECT COUNT(CASE WHEN state = 'decided' THEN 1 END), COUNT(CASE WHEN state = 'expired' THEN 1 END), COUNT(CASE WHEN overturned = 1 THEN 1 END)`+done+`1 = 1`, from, to).
		Scan(&f.Decided, &f.Expired, &f.Overturned)
	if err == nil {
		var took int64
		err = h.store.QueryRow(ctx, `SELECT decided - created`+done+`state = 'decided' ORDER BY decided - created LIMIT 1 OFFSET `+strconv.Itoa(f.Decided/2), from, to).Scan(&took)
		f.MedianSeconds = (took + 500) / 1000
		if errors.Is(err, sql.ErrNoRows) {
			err = nil // nobody decided anything
		}
	}
	if err == nil {
		err = h.store.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM held_item WHERE decided > 0 AND acted = 0), COUNT(*), COUNT(CASE WHEN due <= $1 THEN 1 END) FROM report_duty WHERE state = 'open'`, now).
			Scan(&f.Unacted, &f.DutiesOpen, &f.DutiesOverdue)
	}
	return f, h.store.Fault(err)
}
