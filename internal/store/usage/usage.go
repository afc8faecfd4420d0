// Package usage keeps what accounts use of the models behind the gateway: it implements gateway.Usage on both engines. A row
// is what one account used of one model on one day; what comes is added by one statement, together with whatever else is
// committed for the call.
//
// What not to do here: no price and no quota. Nothing here is a proof, so there is no record; what happened with one call
// stands in its records. Never a row for each call.
package usage

import (
	"context"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/store"
)

// Usage keeps usage in a store.
type Usage struct{ store *store.Store }

// New makes the usage of a store.
func New(s *store.Store) *Usage { return &Usage{s} }

// Count adds what a call used. Under a context of store.Gather it is committed with what else the call writes.
func (u *Usage) Count(ctx context.Context, c upstream.Usage) error {
	return u.store.KeepSoon(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO gateway_usage (day, subject, model, requests, blocked, input, output) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (day, subject, model) DO UPDATE SET requests = gateway_usage.requests + $4, blocked = gateway_usage.blocked + $5,
			input = gateway_usage.input + $6, output = gateway_usage.output + $7`,
			upstream.Date(c.Day), string(c.Account), c.Model, c.Requests, c.Blocked, c.Input, c.Output)
		return err
	})
}

// Find returns rows by day, account and model.
func (u *Usage) Find(ctx context.Context, q upstream.UsageQuery) ([]upstream.Usage, error) {
	if q.Limit <= 0 || q.Limit > upstream.MaxUsage {
		q.Limit = upstream.MaxUsage
	}
	var w store.Where
	if q.Account != "" {
		w.Add(`subject = ?`, string(q.Account))
	}
	if q.Model != "" {
		w.Add(`model = ?`, q.Model)
	}
	if !q.From.IsZero() {
		w.Add(`day >= ?`, upstream.Date(q.From))
	}
	if !q.To.IsZero() {
		w.Add(`day <= ?`, upstream.Date(q.To))
	}
	columns, names, group := `day, subject, model, requests, blocked, input, output`, `day, subject, model`, ``
	if q.Sum {
		columns = `'', subject, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(blocked) AS BIGINT), CAST(SUM(input) AS BIGINT), CAST(SUM(output) AS BIGINT)`
		names, group = `subject, model`, ` GROUP BY subject, model`
	}
	if a := q.After; a != nil {
		last := []any{upstream.Date(a.Day), string(a.Account), a.Model}
		if q.Sum {
			last = last[1:]
		}
		places := ""
		for i, v := range last {
			w.Args = append(w.Args, v)
			if i > 0 {
				places += `, `
			}
			places += `$` + strconv.Itoa(len(w.Args))
		}
		w.And(`(` + names + `) > (` + places + `)`)
	}
	return store.Collect(ctx, u.store, scan, `SELECT `+columns+` FROM gateway_usage`+w.Text+group+` ORDER BY `+names+` LIMIT `+strconv.Itoa(q.Limit), w.Args...)
}

func scan(row store.Row) (c upstream.Usage, err error) {
	var day string
	if err := row.Scan(&day, &c.Account, &c.Model, &c.Requests, &c.Blocked, &c.Input, &c.Output); err != nil || day == "" {
		return c, err
	}
	c.Day, err = time.Parse(time.DateOnly, day)
	return c, err
}

// Sweep removes the days before a time.
func (u *Usage) Sweep(ctx context.Context, before time.Time) error {
	return u.store.Keep(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM gateway_usage WHERE day < $1`, upstream.Date(before))
		return err
	})
}
