// Package streams keeps the answers that are being handed over in pieces, in the store: it implements gateway.Streams on both
// engines.
//
// A row is there while its stream is open, and the records tell what was. Of the two ways in which a stream ends, by the
// node that serves it and by whoever finds that this node died, one takes the row out.
//
// What not to do here: no rule of when a stream counts as lost, and no text of any stream.
package streams

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/store"
)

// Streams implements [gateway.Streams].
type Streams struct{ store *store.Store }

var _ gateway.Streams = (*Streams)(nil)

// New makes the streams of a store.
func New(s *store.Store) *Streams { return &Streams{s} }

// Open implements [gateway.Streams].
func (s *Streams) Open(ctx context.Context, rec evidence.Record, o gateway.Open) error {
	return forgotten(s.store.WriteSoon(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, string(o.Number)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO stream (number, subject, opened, marked, delivered, mark) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(o.Number), string(o.Subject), o.Opened.UnixMilli(), o.Marked.UnixMilli(), o.Delivered, o.Mark)
		return err
	}))
}

// page is how many streams one statement marks.
const page = 256

// Progress implements [gateway.Streams]. The record is found by way of the rows, and by that of the end.
func (s *Streams) Progress(ctx context.Context, rec evidence.Record, marks []gateway.Progress) error {
	return forgotten(s.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec); err != nil {
			return err
		}
		for rest := marks; len(rest) > 0; {
			n := min(len(rest), page)
			if err := markSome(tx, rec, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}))
}

func markSome(tx *store.Tx, rec evidence.Record, marks []gateway.Progress) error {
	args := make([]any, 0, 2+2*len(marks))
	args = append(args, rec.At, rec.ID)
	var cases, numbers strings.Builder
	for i, m := range marks {
		if i > 0 {
			numbers.WriteByte(',')
		}
		args = append(args, string(m.Number), m.Delivered)
		number, delivered := "$"+strconv.Itoa(len(args)-1), "$"+strconv.Itoa(len(args))
		cases.WriteString(" WHEN " + number + " THEN CAST(" + delivered + " AS BIGINT)")
		numbers.WriteString(number)
	}
	_, err := tx.Exec(`UPDATE stream SET marked = $1, mark = $2, delivered = CASE number`+cases.String()+` ELSE delivered END WHERE number IN (`+numbers.String()+`)`, args...)
	return err
}

// End implements [gateway.Streams].
func (s *Streams) End(ctx context.Context, rec evidence.Record, n artefact.Number) error {
	return forgotten(s.store.WriteSoon(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, string(n)); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM stream WHERE number = $1`, string(n))
		return err
	}))
}

// errThere says that a stream is not the one that was found overdue.
var errThere = errors.New("the stream was marked or ended")

// Lose implements [gateway.Streams].
func (s *Streams) Lose(ctx context.Context, rec evidence.Record, o gateway.Open) (bool, error) {
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Record(rec, string(o.Number)); err != nil {
			return err
		}
		n, err := store.Changed(tx.Exec(`DELETE FROM stream WHERE number = $1 AND subject = $2 AND marked = $3 AND mark = $4`, string(o.Number), string(o.Subject), o.Marked.UnixMilli(), o.Mark))
		if err == nil && n == 0 {
			err = errThere
		}
		return err
	})
	if errors.Is(err, errThere) {
		return false, nil
	}
	return err == nil, forgotten(err)
}

// Overdue implements [gateway.Streams].
func (s *Streams) Overdue(ctx context.Context, before time.Time, limit int) ([]gateway.Open, error) {
	return store.Collect(ctx, s.store, func(row store.Row) (o gateway.Open, err error) {
		var opened, marked int64
		err = row.Scan(&o.Number, &o.Subject, &opened, &marked, &o.Delivered, &o.Mark)
		o.Opened, o.Marked = time.UnixMilli(opened).UTC(), time.UnixMilli(marked).UTC()
		return o, err
	}, `SELECT number, subject, opened, marked, delivered, mark FROM stream WHERE marked < $1 ORDER BY marked, number LIMIT $2`, before.UnixMilli(), limit)
}

func forgotten(err error) error {
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == store.CodeKeyErased {
		return errors.Join(gateway.ErrForgotten, err)
	}
	return err
}
