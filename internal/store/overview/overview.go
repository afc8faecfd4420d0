// Package overview counts, over the whole store, what people are told at a glance: what waits for somebody, and what was made,
// judged and used in a period. Each count is one statement that reads an index.
//
// What not to do here: no single entry and nothing about an account. No rule about who may see a count. Only counts of days
// that are over are kept, for a while, by [Days].
package overview

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/internal/store"
)

// MaxWaiting is how far things that wait are counted.
const MaxWaiting = 10000

// Counter counts in a store.
type Counter struct{ store *store.Store }

// New makes a counter of a store.
func New(s *store.Store) *Counter { return &Counter{s} }

// Waiting is how much of a kind waits for somebody.
type Waiting struct {
	Kind  string
	Count int64 // up to MaxWaiting
	Late  int64 // of those, how many are past their time
	Since time.Time
}

// waiting are the kinds, each as a query of the time since which an entry waits, and of the time by which it is due or 0.
func waiting() map[string]string {
	inLedger := func(name, states string) string {
		return `SELECT changed AS since, 0 AS due FROM ledger_entry WHERE ledger = '` + name + `' AND state IN (` + states + `)`
	}
	return map[string]string{
		"held":            `SELECT created AS since, deadline AS due FROM held_item WHERE decided = 0`,
		"report-duties":   `SELECT opened AS since, due FROM report_duty WHERE state = 'open'`,
		"features":        `SELECT at AS since, 0 AS due FROM feature_batch b WHERE EXISTS (SELECT 1 FROM feature f WHERE f.batch = b.id AND f.state IN ('proposed', 'reviewed', 'replayed'))`,
		"policies":        `SELECT at AS since, 0 AS due FROM policy_version v WHERE at > COALESCE((SELECT MAX(r.at) FROM policy_release r), 0) AND NOT EXISTS (SELECT 1 FROM policy_release r WHERE r.version = v.version)`,
		"imports":         inLedger("verification-import", "'proposed'"),
		"verifications":   inLedger("verification", "'pending', 'undecided'"),
		"measures":        inLedger("measure", "'proposed'"),
		"standing-tables": inLedger("standing-table", "'offered'"),
		"agreements":      inLedger("agreement", "'draft'"),
		"assessments":     inLedger("assessment", "'proposed'"),
		"orders":          inLedger("order", "'release-proposed'"),
		"orders-in-force": inLedger("order", "'issued', 'in-force', 'release-proposed'"),
		"functions":       inLedger("function", "'ready'"),
		"disputes":        inLedger("consent", "'disputed'"),
		"filing-duties":   `SELECT changed AS since, due FROM ledger_entry WHERE ledger = 'faces' AND state = 'open'`,
		// A case is late once one of its limits was missed, which the desk notes as a key.
		"cases":            `SELECT made AS since, CASE WHEN EXISTS (SELECT 1 FROM ledger_key k WHERE k.ledger = 'case' AND k.name = 'breached' AND k.id = ledger_entry.id) THEN 1 ELSE 0 END AS due FROM ledger_entry WHERE ledger = 'case' AND state IN ('received', 'acknowledged', 'taken')`,
		"records-unlogged": `SELECT at AS since, 0 AS due FROM record WHERE log_index IS NULL`,
	}
}

// Waiting counts what waits, by kind, in one statement.
func (c *Counter) Waiting(ctx context.Context, now time.Time) ([]Waiting, error) {
	query := ""
	for kind, from := range waiting() {
		if query != "" {
			query += ` UNION ALL `
		}
		query += `SELECT '` + kind + `', COUNT(*), COUNT(CASE WHEN due > 0 AND due <= CAST($1 AS BIGINT) THEN 1 END), COALESCE(MIN(since), 0) FROM (` + from + ` LIMIT $2) w`
	}
	return store.Collect(ctx, c.store, func(row store.Row) (w Waiting, err error) {
		var since int64
		err = row.Scan(&w.Kind, &w.Count, &w.Late, &since)
		if since > 0 {
			w.Since = time.UnixMilli(since).UTC()
		}
		return w, err
	}, query, now.UnixMilli(), MaxWaiting)
}

// Made is how many items in one state came of a function in a format, in one portion of time.
type Made struct {
	Begins                  time.Time
	State, Function, Format string
	Count                   int64
}

// Made counts what was made from a time until before another, in portions of a step since 1970.
func (c *Counter) Made(ctx context.Context, from, to time.Time, step time.Duration) ([]Made, error) {
	return store.Collect(ctx, c.store, func(row store.Row) (m Made, err error) {
		var begins int64
		err = row.Scan(&begins, &m.State, &m.Function, &m.Format, &m.Count)
		m.Begins = time.UnixMilli(begins).UTC()
		return m, err
	}, `SELECT created - created % CAST($3 AS BIGINT), state, function, format, COUNT(*) FROM artefact WHERE created >= $1 AND created < $2 GROUP BY 1, 2, 3, 4`,
		from.UnixMilli(), to.UnixMilli(), step.Milliseconds())
}

// Judged is how many judgements had one outcome, in one portion of time.
type Judged struct {
	Begins  time.Time
	Action  int // 1 allow, 2 label, 3 limit, 4 review, 5 refuse
	Verdict int // 0 could not tell, 1 passed, 2 failed
	Surface string
	Count   int64
}

// Judged counts judgements as [Counter.Made] counts items.
func (c *Counter) Judged(ctx context.Context, from, to time.Time, step time.Duration) ([]Judged, error) {
	return store.Collect(ctx, c.store, func(row store.Row) (j Judged, err error) {
		var begins int64
		err = row.Scan(&begins, &j.Action, &j.Verdict, &j.Surface, &j.Count)
		j.Begins = time.UnixMilli(begins).UTC()
		return j, err
	}, `SELECT at - at % CAST($3 AS BIGINT), action, verdict, surface, COUNT(*) FROM judgement WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3, 4`,
		from.UnixMilli(), to.UnixMilli(), step.Milliseconds())
}

// Found is in how many judgements a category was found.
type Found struct {
	Category string
	Count    int64
}

// Found counts the categories that judgements of a period found, the most frequent first.
func (c *Counter) Found(ctx context.Context, from, to time.Time) ([]Found, error) {
	return store.Collect(ctx, c.store, func(row store.Row) (f Found, err error) {
		return f, row.Scan(&f.Category, &f.Count)
	}, `SELECT category, COUNT(*) FROM judgement_category WHERE at >= $1 AND at < $2 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200`, from.UnixMilli(), to.UnixMilli())
}

// Used is what all accounts used of a model on a day, in UTC.
type Used struct {
	Day, Model                       string
	Requests, Blocked, Input, Output int64
}

// Used adds up what accounts used of models, from one day to another.
func (c *Counter) Used(ctx context.Context, from, to time.Time) ([]Used, error) {
	return store.Collect(ctx, c.store, func(row store.Row) (u Used, err error) {
		return u, row.Scan(&u.Day, &u.Model, &u.Requests, &u.Blocked, &u.Input, &u.Output)
	}, `SELECT day, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(blocked) AS BIGINT), CAST(SUM(input) AS BIGINT), CAST(SUM(output) AS BIGINT)
		FROM gateway_usage WHERE day >= $1 AND day <= $2 GROUP BY 1, 2 ORDER BY 1, 2`, from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly))
}

// Covered returns the time of the last record that a log of a size holds; zero for none.
func (c *Counter) Covered(ctx context.Context, size uint64) (time.Time, error) {
	times, err := store.Collect(ctx, c.store, func(row store.Row) (at int64, err error) { return at, row.Scan(&at) },
		`SELECT at FROM record WHERE log_index = $1`, int64(size)-1)
	if err != nil || len(times) == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(times[0]).UTC(), nil
}
