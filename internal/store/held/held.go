// Package held keeps in the store what waits for a person, and duties to report: it implements moderation.Store and
// moderation.DutyStore on both engines.
//
// That nobody gets an item twice is the work of one statement: an item changes only where its version is the one that was
// read. Whether a subject was erased, or its data restricted, is read with each row.
//
// What not to do here: no rule. Who may take an item and what follows from a decision is decided in package moderation;
// here a change is made whole or not at all.
package held

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/moderation"
)

// Held implements [moderation.Store] and [moderation.DutyStore].
type Held struct{ store *store.Store }

var (
	_ moderation.Store     = (*Held)(nil)
	_ moderation.DutyStore = (*Held)(nil)
)

// New makes what is held of a store.
func New(s *store.Store) *Held { return &Held{s} }

// Add implements [moderation.Store].
func (h *Held) Add(ctx context.Context, rec evidence.Record, it moderation.Item) error {
	why, err := json.Marshal(it.Why)
	if err != nil {
		return err
	}
	opinions, hands, err := opinionsOf(it)
	if err != nil {
		return err
	}
	var key string
	var box []byte
	if it.Sealed != nil {
		key, box = it.Sealed.Key.ID, it.Sealed.Box
	}
	return h.write(ctx, rec, []string{it.ID, it.Why.Judgement, it.About}, func(tx *store.Tx) error {
		if it.Sealed != nil {
			tx.DataKey(it.Sealed.Key)
		}
		n, err := store.Changed(tx.Exec(`INSERT INTO held_item (id, judgement, state, stage, queue, priority, deadline, subject, surface, function, about, why, categories, reviewer, lease, seen, opinions, hands,
			outcome, reason, measure, overturned, created, decided, acted, ends, key_id, sealed, blob, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, 1) ON CONFLICT (judgement) DO NOTHING`,
			it.ID, it.Why.Judgement, string(it.State), string(it.Stage), it.Queue, it.Priority, ms(it.Deadline), string(it.Subject), it.Surface, it.Function, it.About, string(why), spaced(it.Why.Categories()),
			it.Reviewer, ms(it.Lease), bit(it.Seen), opinions, hands, string(it.Outcome), string(it.Reason), it.Measure, bit(it.Overturned), ms(it.Created), ms(it.Decided), ms(it.Acted), ms(it.Ends), key, box, it.Blob))
		if err == nil && n == 0 {
			return moderation.ErrExists
		}
		return err
	})
}

// Amend implements [moderation.Store].
func (h *Held) Amend(ctx context.Context, rec evidence.Record, it moderation.Item) error {
	opinions, hands, err := opinionsOf(it)
	if err != nil {
		return err
	}
	return h.write(ctx, rec, []string{it.ID, it.Why.Judgement, it.About}, func(tx *store.Tx) error {
		n, err := store.Changed(tx.Exec(`UPDATE held_item SET state = $1, stage = $2, reviewer = $3, lease = $4, seen = $5, opinions = $6, hands = $7, outcome = $8, reason = $9, measure = $10, overturned = $11,
			decided = $12, acted = $13, ends = $14, blob = $15, version = version + 1 WHERE id = $16 AND version = $17`,
			string(it.State), string(it.Stage), it.Reviewer, ms(it.Lease), bit(it.Seen), opinions, hands, string(it.Outcome), string(it.Reason), it.Measure, bit(it.Overturned),
			ms(it.Decided), ms(it.Acted), ms(it.Ends), it.Blob, it.ID, it.Version))
		if err != nil {
			return err
		}
		if n == 0 {
			return lost(tx.QueryRow(`SELECT version FROM held_item WHERE id = $1`, it.ID))
		}
		if it.Sealed == nil {
			_, err = tx.Exec(`UPDATE held_item SET sealed = NULL, key_id = '' WHERE id = $1`, it.ID)
		}
		return err
	})
}

// Extend implements [moderation.Store].
func (h *Held) Extend(ctx context.Context, id string, version int64, lease time.Time) error {
	return h.store.Keep(ctx, func(tx *store.Tx) error {
		n, err := store.Changed(tx.Exec(`UPDATE held_item SET lease = $1, version = version + 1 WHERE id = $2 AND version = $3`, ms(lease), id, version))
		if err == nil && n == 0 {
			return lost(tx.QueryRow(`SELECT version FROM held_item WHERE id = $1`, id))
		}
		return err
	})
}

// Items implements [moderation.Store].
func (h *Held) Items(ctx context.Context, q moderation.Query) ([]moderation.Item, error) {
	var w store.Where
	is(&w, `h.id`, q.ID)
	is(&w, `h.judgement`, q.Judgement)
	if q.About != "" {
		w.Add(`h.about <> '' AND h.about = ?`, q.About) // the index leaves out what is about nothing
	}
	is(&w, `h.subject`, string(q.Subject))
	is(&w, `h.surface`, q.Surface)
	is(&w, `h.function`, q.Function)
	in(&w, `h.queue`, q.Queues)
	states := make([]string, len(q.States))
	for i, s := range q.States {
		states[i] = string(s)
	}
	in(&w, `h.state`, states)
	if q.Category != "" {
		w.Add(`h.categories LIKE ? ESCAPE '\'`, like(q.Category))
	}
	if q.Reviewer != "" {
		w.Add(`h.decided = 0 AND h.reviewer = ?`, q.Reviewer)
	}
	if q.After != "" {
		w.Add(`h.id > ?`, q.After)
	}
	if !q.Due.IsZero() {
		w.Add(`h.decided = 0 AND h.deadline <= ?`, ms(q.Due))
	}
	if q.Outstanding {
		w.And(`h.decided > 0 AND h.acted = 0`)
	}
	if !q.Spent.IsZero() {
		w.Add(`h.ends > 0 AND h.ends <= ?`, ms(q.Spent))
	}
	order := `h.id`
	if c := q.Claim; c != nil {
		// The sum keeps the engines from the index of deadlines, by which they would read and sort all that waits.
		w.Add(`h.decided = 0 AND h.deadline + 0 > ? AND (h.state = 'waiting' OR h.lease <= ?)`, ms(c.Now))
		w.Add(`h.hands NOT LIKE ? ESCAPE '\'`, like(c.Reviewer))
		if !c.Senior {
			w.And(`h.stage <> 'senior'`)
		}
		order = `h.priority DESC, h.deadline, h.id`
	}
	return store.Collect(ctx, h.store, scanItem, `SELECT h.id, h.state, h.stage, h.queue, h.priority, h.deadline, h.subject, h.surface, h.function, h.about, h.why, h.reviewer, h.lease, h.seen, h.opinions, h.outcome, h.reason,
		h.measure, h.overturned, h.created, h.decided, h.acted, h.ends, h.sealed, h.blob, h.version, k.id, k.subject, k.envelope, k.wrapped, e.subject, e.done
		FROM held_item h LEFT JOIN subject_key k ON k.id = h.key_id LEFT JOIN erasure e ON e.subject = h.subject`+w.Text+` ORDER BY `+order+` LIMIT `+strconv.Itoa(q.Limit), w.Args...)
}

func scanItem(row store.Row) (moderation.Item, error) {
	var it moderation.Item
	var why, opinions string
	var seen, overturned, deadline, lease, created, decided, acted, ends int64
	var sealed evidence.Sealed
	var key, subject, envelope, erasure sql.NullString
	var erased sql.NullInt64
	err := row.Scan(&it.ID, &it.State, &it.Stage, &it.Queue, &it.Priority, &deadline, &it.Subject, &it.Surface, &it.Function, &it.About, &why, &it.Reviewer, &lease, &seen, &opinions, &it.Outcome, &it.Reason,
		&it.Measure, &overturned, &created, &decided, &acted, &ends, &sealed.Box, &it.Blob, &it.Version, &key, &subject, &envelope, &sealed.Key.Wrapped, &erasure, &erased)
	if err != nil {
		return it, err
	}
	if err := errors.Join(json.Unmarshal([]byte(why), &it.Why), json.Unmarshal([]byte(opinions), &it.Opinions)); err != nil {
		return it, err
	}
	if sealed.Box != nil {
		sealed.Key.ID, sealed.Key.Subject, sealed.Key.Envelope = key.String, evidence.Subject(subject.String), envelope.String
		it.Sealed = &sealed
	}
	switch {
	case erased.Valid:
		it.Content = moderation.Erased
	case it.Sealed == nil:
		it.Content = moderation.Ended
	case erasure.Valid:
		it.Content = moderation.Restricted
	default:
		it.Content = moderation.Whole
	}
	it.Seen, it.Overturned = seen != 0, overturned != 0
	it.Deadline, it.Lease, it.Created, it.Decided, it.Acted, it.Ends = at(deadline), at(lease), at(created), at(decided), at(acted), at(ends)
	return it, nil
}

// Referenced reports whether an item refers to a blob. Other blobs are left of items that were never entered to the end.
func (h *Held) Referenced(ctx context.Context, ref string) (bool, error) {
	var n int
	err := h.store.QueryRow(ctx, `SELECT COUNT(*) FROM held_item WHERE blob = $1 AND blob <> ''`, ref).Scan(&n)
	return n > 0, h.store.Fault(err)
}

// write makes a change with its record. The record comes first: its number is drawn from a row that stays locked, so that
// changes on several nodes come one after the other.
func (h *Held) write(ctx context.Context, rec evidence.Record, about []string, fn func(*store.Tx) error) error {
	err := h.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, distinct(about)...); err != nil {
			return err
		}
		return fn(tx)
	})
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(moderation.ErrForgotten, err)
	}
	return err
}

// lost says why a row was not changed.
func lost(row *sql.Row) error {
	err := row.Scan(new(int64))
	if errors.Is(err, sql.ErrNoRows) {
		return moderation.ErrMissing
	}
	if err != nil {
		return err
	}
	return moderation.ErrChanged
}

func opinionsOf(it moderation.Item) (list, hands string, err error) {
	raw, err := json.Marshal(it.Opinions)
	names := make([]string, len(it.Opinions))
	for i, o := range it.Opinions {
		names[i] = o.By
	}
	return string(raw), spaced(names), err
}

// distinct drops what is empty or stands twice.
func distinct(things []string) []string {
	var list []string
	seen := map[string]bool{"": true}
	for _, s := range things {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

// spaced writes words so that each can be found with a space on both sides.
func spaced(words []string) string { return " " + strings.Join(words, " ") + " " }

// like is the pattern that finds a word of [spaced].
func like(word string) string {
	return "% " + strings.NewReplacer(`\`, `\\`, `_`, `\_`, `%`, `\%`).Replace(word) + " %"
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// ms writes a time; none is 0.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// is asks for a column that equals a value, where there is one.
func is(w *store.Where, column, value string) {
	if value != "" {
		w.Add(column+` = ?`, value)
	}
}

// in asks for a column that equals one of some values, where there are any.
func in(w *store.Where, column string, values []string) {
	if len(values) == 0 {
		return
	}
	places := make([]string, len(values))
	for i, v := range values {
		w.Args = append(w.Args, v)
		places[i] = "$" + strconv.Itoa(len(w.Args))
	}
	w.And(column + ` IN (` + strings.Join(places, ", ") + `)`)
}
