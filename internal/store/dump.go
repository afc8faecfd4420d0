package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
)

const (
	dumpFormat = "colophon-dump/1"
	// maxDumpLine bounds one row of a dump: a decision table of 4 MiB, each byte of it escaped twice.
	maxDumpLine = 32 << 20
)

// dumpTables are the tables of a dump, in the order in which they are restored, each with what orders it. A test compares
// them with the tables that there are.
var dumpTables = []struct{ name, key string }{
	{"counter", "name"}, {"subject_key", "id"}, {"record", "seq"}, {"network_log", "id"}, {"erasure", "subject"}, {"hold", "id"}, {"checkpoint", "origin"},
	{"artefact", "number"}, {"artefact_parent", "child, parent"}, {"artefact_original", "number"}, {"artefact_delivery", "id"}, {"artefact_doomed", "blob"}, {"artefact_work", "number"},
	{"record_about", "thing, seq"}, {"account_name", "digest"}, {"answer", "owner, name"},
	{"staff_account", "id"}, {"staff_passkey", "id"}, {"staff_identity", "issuer, subject"}, {"staff_session", "digest"}, {"staff_ticket", "digest"},
	{"staff_bucket", "name"}, {"api_key", "id"},
	{"feature_batch", "id"}, {"feature", "id"}, {"feature_version", "number"}, {"feature_sample", "id"},
	{"policy_version", "version"}, {"policy_release", "number"}, {"judgement", "id"}, {"judgement_category", "category, at, id"},
	{"held_item", "id"}, {"report_duty", "id"},
	{"ledger_entry", "ledger, id"}, {"ledger_key", "ledger, name, value, id"},
	{"tally", "owner, counter, bucket"}, {"tally_member", "owner, counter, member"}, {"quota", "name"}, {"gateway_usage", "day, subject, model"},
	{"stream", "number"}, {"companion_use", "subject"}, {"companion_thread", "subject, thread"},
	{"job", "id"}, {"job_node", "id"}, {"job_period", "name"}, {jobTable, "id"},
}

// dumpLine is a line that is no row. Rows are arrays: null, a number, a string, or {"b": base64} for bytes.
type dumpLine struct {
	Format  string   `json:"format,omitempty"`
	Schema  int64    `json:"schema,omitempty"`
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Rows    *int64   `json:"rows,omitempty"`
	SHA256  string   `json:"sha256,omitempty"`
}

type dumpBytes struct {
	B []byte `json:"b"`
}

// Backup writes everything in the store as of one moment, while others read and write. A dump of one engine can be
// restored into the other. What is sealed stays sealed; the envelope keys are not in the dump and MUST be kept elsewhere.
//
// A dump holds the data keys of its day. It MUST be thrown away when the longest of its erasures is due, or what was
// erased since could be read from it.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	options := &sql.TxOptions{ReadOnly: true}
	if s.dialect.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := s.read.BeginTx(ctx, options)
	if err != nil {
		return s.fault(err)
	}
	defer func() { _ = tx.Rollback() }()
	digest, rows := sha256.New(), int64(0)
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(io.MultiWriter(out, digest))
	enc.SetEscapeHTML(false)
	head := dumpLine{Format: dumpFormat}
	if err := tx.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&head.Schema); err != nil {
		return s.fault(err)
	}
	if err := enc.Encode(head); err != nil {
		return err
	}
	for _, t := range dumpTables {
		n, err := dumpTable(ctx, tx, enc, t.name, s.dialect.selection(t.name)+` ORDER BY `+t.key)
		if err != nil {
			return s.fault(err)
		}
		rows += n
	}
	if err := json.NewEncoder(out).Encode(dumpLine{Rows: &rows, SHA256: hex.EncodeToString(digest.Sum(nil))}); err != nil {
		return err
	}
	return out.Flush()
}

func dumpTable(ctx context.Context, tx *sql.Tx, enc *json.Encoder, table, query string) (n int64, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	if err := enc.Encode(dumpLine{Table: table, Columns: columns}); err != nil {
		return 0, err
	}
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range places {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return 0, err
		}
		for i, v := range values {
			switch v := v.(type) {
			case nil, int64, string:
			case []byte:
				values[i] = dumpBytes{v}
			default:
				return 0, fmt.Errorf("a %T in %s.%s", v, table, columns[i])
			}
		}
		if err := enc.Encode(values); err != nil {
			return 0, err
		}
		n++
	}
	return n, rows.Err()
}

// Restore fills an empty store from a dump. Nothing is kept of a dump that is damaged, cut off, or of another version of
// the tables.
func (s *Store) Restore(ctx context.Context, r io.Reader) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return s.fault(err)
	}
	defer func() { _ = tx.Rollback() }()
	in := &dumpReader{digest: sha256.New(), r: bufio.NewReaderSize(r, 1<<16)}
	head, _, err := in.next()
	if err != nil {
		return err
	}
	var schema int64
	if err := tx.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&schema); err != nil {
		return s.fault(err)
	}
	if head == nil || head.Format != dumpFormat || head.Schema != schema {
		return in.bad(fmt.Errorf("not a dump of version %d of the tables", schema))
	}
	for _, t := range dumpTables {
		var n int
		query := `SELECT COUNT(*) FROM ` + t.name
		if t.name == "counter" {
			query += ` WHERE next <> 1`
		}
		if err := tx.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return s.fault(err)
		}
		if n > 0 {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeNotEmpty}
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM counter`); err != nil {
		return s.fault(err)
	}
	if err := s.fill(ctx, tx, in); err != nil {
		return err
	}
	if s.dialect.postgres {
		if _, err := tx.ExecContext(ctx, `SELECT setval('river_job_id_seq', (SELECT COALESCE(MAX(id), 0) + 1 FROM river_job), false)`); err != nil {
			return s.fault(err)
		}
	}
	return s.fault(tx.Commit())
}

// fill reads tables and rows up to the end of the dump.
func (s *Store) fill(ctx context.Context, tx *sql.Tx, in *dumpReader) error {
	var insert *sql.Stmt // one for each table; the transaction closes them
	var columns int
	var rows int64
	tables := 0
	for {
		sum := hex.EncodeToString(in.digest.Sum(nil))
		line, row, err := in.next()
		switch {
		case err != nil:
			return err
		case row != nil:
			if insert == nil || len(row) != columns {
				return in.bad(errors.New("a row has too few or too many columns"))
			}
			if _, err := insert.ExecContext(ctx, row...); err != nil {
				return in.bad(err)
			}
			rows++
		case line.Table != "":
			if tables == len(dumpTables) || line.Table != dumpTables[tables].name {
				return in.bad(errors.New("a table is not where it must be"))
			}
			names, err := columnsOf(ctx, tx, s.dialect.selection(line.Table))
			if err != nil {
				return s.fault(err)
			}
			if !slices.Equal(names, line.Columns) {
				return in.bad(errors.New("a table has other columns"))
			}
			columns = len(names)
			if insert, err = tx.PrepareContext(ctx, s.dialect.insertion(line.Table, names)); err != nil {
				return s.fault(err)
			}
			tables++
		case line.Rows != nil:
			if *line.Rows != rows || line.SHA256 != sum || tables != len(dumpTables) {
				return in.bad(errors.New("rows are missing or changed"))
			}
			if _, err := in.r.ReadByte(); err != io.EOF {
				return in.bad(errors.New("something follows the end"))
			}
			return nil
		default:
			return in.bad(errors.New("a line is neither table nor row"))
		}
	}
}

// Envelopes names the envelope keys that wrap the data keys in the store, so that a restored one can be asked whether all
// of them are there.
func (s *Store) Envelopes(ctx context.Context) ([]string, error) {
	return s.strings(ctx, `SELECT DISTINCT envelope FROM subject_key WHERE wrapped IS NOT NULL ORDER BY envelope`)
}

// columnsOf names the columns of a table in the database, so that no name from a dump gets into a statement.
func columnsOf(ctx context.Context, tx *sql.Tx, selection string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, selection+` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	return names, errors.Join(err, rows.Err())
}

// dumpReader reads a dump line by line.
type dumpReader struct {
	r      *bufio.Reader
	digest hash.Hash
	line   int
}

func (d *dumpReader) bad(err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeDumpInvalid, Args: colophon.Args{"line": strconv.Itoa(d.line)}, Err: err}
}

// next returns a line: what it says, or the values of a row.
func (d *dumpReader) next() (*dumpLine, []any, error) {
	d.line++
	var text []byte
	for {
		part, err := d.r.ReadSlice('\n')
		text = append(text, part...)
		if len(text) > maxDumpLine {
			return nil, nil, d.bad(errors.New("too long"))
		}
		if err == nil {
			break
		}
		if err == io.EOF {
			return nil, nil, d.bad(io.ErrUnexpectedEOF)
		}
		if err != bufio.ErrBufferFull {
			return nil, nil, err
		}
	}
	d.digest.Write(text)
	if text[0] == '{' {
		line := &dumpLine{}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(line); err != nil {
			return nil, nil, d.bad(err)
		}
		return line, nil, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil || raw == nil {
		return nil, nil, d.bad(errors.Join(errors.New("not a row"), err))
	}
	row := make([]any, len(raw))
	for i, value := range raw {
		var err error
		if row[i], err = dumpValue(value); err != nil {
			return nil, nil, d.bad(err)
		}
	}
	return nil, row, nil
}

func dumpValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case 'n':
		return nil, nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{':
		var b struct {
			B *string `json:"b"`
		}
		if err := json.Unmarshal(raw, &b); err != nil || b.B == nil {
			return nil, errors.Join(errors.New("no bytes"), err)
		}
		return base64.StdEncoding.Strict().DecodeString(*b.B)
	}
	return strconv.ParseInt(string(raw), 10, 64)
}
