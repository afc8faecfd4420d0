package store

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// MaxNetworkEntries is how many entries of the network log one read returns.
const MaxNetworkEntries = 10000

// networkUse keeps what is sealed for the network log from being opened as something else.
const networkUse = "colophon/network-log/v1\x00"

// NetworkEntry is one line of the network log that the law asks for: who did what, when, from where.
type NetworkEntry struct {
	ID        string           `json:"-"`
	At        int64            `json:"-"` // milliseconds since 1970
	Subject   evidence.Subject `json:"-"` // pseudonym of the account
	Operation string           `json:"operation"`
	Source    netip.AddrPort   `json:"source"`
	Target    string           `json:"target,omitempty"` // address and port of the server
	Client    string           `json:"client"`           // features of the client: its name, its version
}

// SealedEntry is an entry that can be written. It is made outside the transaction.
type SealedEntry struct {
	id      string
	at      int64
	subject evidence.Subject
	sealed  evidence.Sealed
}

// lacks reports what an entry must have and has not. A port of 0 stands for one that a proxy did not tell.
func (e NetworkEntry) lacks() string {
	switch {
	case e.Subject == "":
		return "subject"
	case e.Operation == "":
		return "operation"
	case !e.Source.Addr().IsValid():
		return "source"
	}
	return ""
}

// SealNetworkEntry seals an entry that happens now. Operation, address and client are not readable in the store.
func SealNetworkEntry(r *evidence.Recorder, e NetworkEntry) (SealedEntry, error) {
	if field := e.lacks(); field != "" {
		return SealedEntry{}, &colophon.Error{Kind: colophon.Invalid, Code: evidence.CodeRecordInvalid, Args: colophon.Args{"field": field},
			Clauses: []colophon.Clause{colophon.ClauseDS10, colophon.ClauseDS16, colophon.ClauseSA5}}
	}
	id, err := r.NewID()
	if err != nil {
		return SealedEntry{}, err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return SealedEntry{}, err
	}
	sealed, err := r.Seal(e.Subject, networkUse+id, text)
	return SealedEntry{id, r.Now(), e.Subject, sealed}, err
}

// LogNetwork writes an entry of the network log with whatever else the transaction does. It is a log itself and needs no
// record.
func (t *Tx) LogNetwork(e SealedEntry) error {
	changed := t.changed
	_, err := t.Exec(`INSERT INTO network_log (id, at, subject, key_id, sealed) VALUES ($1, $2, $3, $4, $5)`, e.id, e.at, string(e.subject), e.sealed.Key.ID, e.sealed.Box)
	t.changed = changed
	if err == nil {
		t.batch.keys = append(t.batch.keys, e.sealed.Key)
	}
	return err
}

// LogNetwork writes entries of the network log that belong to no change: an answer that was only read.
func (s *Store) LogNetwork(ctx context.Context, entries ...SealedEntry) error {
	write := func(tx *Tx) error {
		for _, e := range entries {
			if err := tx.LogNetwork(e); err != nil {
				return err
			}
		}
		return nil
	}
	if s.gathered(ctx, write) {
		return nil
	}
	return s.housekeep(ctx, write)
}

// NetworkQuery says which entries are asked for.
type NetworkQuery struct {
	Subject  evidence.Subject // empty for all
	From, To time.Time        // To is not included
	Limit    int              // 0 for MaxNetworkEntries
}

// ReadNetworkLog reads the network log for an auditor. The record proves that it was read; it is committed before
// anything is opened, so that nobody reads without a trace. Entries of subjects whose data is restricted to storage are
// left out.
func (s *Store) ReadNetworkLog(ctx context.Context, rec evidence.Record, q NetworkQuery) ([]NetworkEntry, error) {
	if s.config.Keys == nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: evidence.CodeKeyUnknown}
	}
	if err := s.Write(ctx, func(tx *Tx) error { _, err := tx.Record(rec); return err }); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > MaxNetworkEntries {
		q.Limit = MaxNetworkEntries
	}
	rows, err := s.read.QueryContext(ctx, `SELECT n.id, n.at, n.subject, n.sealed, k.id, k.subject, k.envelope, k.wrapped
		FROM network_log n JOIN subject_key k ON k.id = n.key_id
		WHERE n.at >= $1 AND n.at < $2 AND ($3 = '' OR n.subject = $3) AND k.wrapped IS NOT NULL
		AND n.subject NOT IN (SELECT subject FROM erasure WHERE done IS NULL)
		ORDER BY n.at, n.id LIMIT $4`, q.From.UnixMilli(), q.To.UnixMilli(), string(q.Subject), q.Limit)
	if err != nil {
		return nil, s.fault(err)
	}
	defer rows.Close()
	var list []NetworkEntry
	for rows.Next() {
		var e NetworkEntry
		var sealed evidence.Sealed
		if err := rows.Scan(&e.ID, &e.At, &e.Subject, &sealed.Box, &sealed.Key.ID, &sealed.Key.Subject, &sealed.Key.Envelope, &sealed.Key.Wrapped); err != nil {
			return nil, s.fault(err)
		}
		text, err := s.config.Keys.Unseal(sealed, networkUse+e.ID)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, s.fault(rows.Err())
}
