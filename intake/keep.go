package intake

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/production"
)

// Entry returns what is kept of a file.
func (l *Line) Entry(ctx context.Context, id string) (Entry, error) { return l.book.Get(ctx, id) }

// Page returns a page of entries, and the identifier after which the next one begins.
func (l *Line) Page(ctx context.Context, q ledger.Query) ([]Entry, string, error) {
	return l.book.Page(ctx, q)
}

// Detail opens what is sealed with an entry. It reports false when it was erased.
func (l *Line) Detail(e Entry) (d Detail, ok bool, err error) {
	ok, err = l.book.Open(e, &d)
	return d, ok, err
}

// Open opens the file with its elements for whoever asks, after the delivery was recorded.
func (l *Line) Open(ctx context.Context, by production.By, id string) (Entry, production.File, error) {
	e, err := l.book.Get(ctx, id)
	switch {
	case err != nil:
		return e, nil, err
	case e.Value.Action == Refused:
		return e, nil, refusal()
	case e.Value.Action != Propagated && e.Value.Action != Labelled:
		return e, nil, &colophon.Error{Kind: colophon.Missing, Code: CodeUnchanged}
	case e.Value.Blob == "":
		return e, nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNotKept}
	}
	file, err := l.c.Blobs.Open(ctx, e.Value.Blob)
	if err != nil {
		return e, nil, err
	}
	logged, subject := make(chan error, 1), e.Subject
	go func() { logged <- l.c.Network.Log(ctx, subject, "intake.deliver", by) }()
	e, err = l.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		e.Value.Deliveries++
		return act(RecordDelivered, by, map[string]any{"intake": id, "to": by.ID, "delivery": e.Value.Deliveries}), nil
	})
	if late := <-logged; err == nil {
		err = late
	}
	if err != nil {
		file.Close()
		return e, nil, err
	}
	return e, file, nil
}

// Sidecar returns the label file of a file that can't carry its elements.
func (l *Line) Sidecar(ctx context.Context, by production.By, id string) ([]byte, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d, ok, err := l.Detail(e)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNotKept}
	case d.Sidecar == "":
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNoSidecar}
	}
	return []byte(d.Sidecar), l.c.Network.Log(ctx, e.Subject, "intake.sidecar", by)
}

// Referenced reports whether a file is kept under a reference.
func (l *Line) Referenced(ctx context.Context, ref string) (bool, error) {
	n, err := l.c.Entries.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: "blob", Value: ref}}})
	return n > 0, err
}

// Sweep ends the keeping of some files whose time is over. It returns how many there were. The bytes go when nothing else
// refers to them.
func (l *Line) Sweep(ctx context.Context, limit int) (int, error) {
	list, _, err := l.book.Page(ctx, ledger.Query{Due: l.book.Now(), Limit: limit})
	for i, e := range list {
		if err := l.end(ctx, production.By{Role: system}, e.ID); err != nil {
			return i, err
		}
	}
	return len(list), err
}

// Forget ends the keeping of all files of an account.
func (l *Line) Forget(ctx context.Context, by production.By, account evidence.Subject) error {
	return l.book.All(ctx, ledger.Query{Subject: account}, func(e Entry) error {
		if e.Value.Blob == "" {
			return nil
		}
		return l.end(ctx, by, e.ID)
	})
}

const system evidence.Role = "system"

func (l *Line) end(ctx context.Context, by production.By, id string) error {
	_, err := l.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if e.Value.Blob == "" {
			return ledger.Act{}, ledger.ErrSame
		}
		e.Due, e.Value.Blob, e.Value.Until = time.Time{}, "", time.Time{}
		var keys []ledger.Key
		for _, k := range e.Keys {
			if k.Name != "blob" {
				keys = append(keys, k)
			}
		}
		e.Keys = keys
		return act(RecordEnded, by, map[string]any{"intake": id, "by": by.ID}), nil
	})
	return err
}

func act(t evidence.Type, by production.By, payload any) ledger.Act {
	return ledger.Act{Type: t, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseLM6}, Payload: payload}
}
