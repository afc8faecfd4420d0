package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

const (
	// maxBatch is how many functions share one transaction.
	maxBatch = 1024
	// maxKnown bounds how many data keys the writer remembers as stored.
	maxKnown = 1 << 16
	// attempts is how often work is tried that another transaction was in the way of.
	attempts = 5
	// batchTime bounds one transaction, so that a database that hangs is told.
	batchTime = time.Minute
	// probeTime is how long the outcome of a broken commit is looked for.
	probeTime = 10 * time.Second
)

// States of a job. Who moves it from waiting has it.
const (
	jobWaiting = iota
	jobRunning
	jobLeft
)

// job is one function on its way to the writer.
type job struct {
	fn       func(*Tx) error
	internal bool
	done     chan error
	err      error // set by the writer
	state    atomic.Int32
}

func (j *job) claim(state int32) bool { return j.state.CompareAndSwap(jobWaiting, state) }

// writer owns the connection that writes. Its goroutine alone touches the maps.
type writer struct {
	store     *Store
	queue     chan *job
	committed chan struct{}
	ended     chan struct{}
	known     map[string]bool      // data keys that are stored and not erased
	erasures  int64                // the counter of erasures when known was right
	texts     map[shape]string     // statements of several rows, written out
	stmts     map[string]*sql.Stmt // by text; SQLite alone, since pgx keeps its own
	wanted    map[string]bool      // texts to prepare after the batch

	mu     sync.RWMutex // held for reading while a job is put into the queue
	closed bool         // guarded by mu
}

func startWriter(s *Store) *writer {
	w := &writer{store: s, queue: make(chan *job, 2*maxBatch), committed: make(chan struct{}, 1), ended: make(chan struct{}),
		known: map[string]bool{}, texts: map[shape]string{}, stmts: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
	go w.loop()
	return w
}

func (w *writer) send(ctx context.Context, j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeClosed}
	}
	select {
	case w.queue <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop lets the writer finish what was submitted.
func (w *writer) stop() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
	for _, stmt := range w.stmts {
		stmt.Close()
	}
}

func (w *writer) loop() {
	defer close(w.ended)
	jobs := make([]*job, 0, maxBatch)
	for first := range w.queue {
		jobs = append(jobs[:0], first)
	gather:
		for len(jobs) < maxBatch {
			select {
			case j, ok := <-w.queue:
				if !ok {
					break gather
				}
				jobs = append(jobs, j)
			default:
				break gather
			}
		}
		w.serve(jobs)
		w.prepare()
	}
}

// serve runs jobs together and, where that fails for all of them, one by one, so that one can't take others with it.
func (w *writer) serve(jobs []*job) {
	live := jobs[:0]
	for _, j := range jobs {
		if j.claim(jobRunning) {
			live = append(live, j)
		}
	}
	if len(live) == 0 {
		return
	}
	err := w.attempt(live)
	if err != nil && !errors.Is(err, errDown) && (len(live) > 1 || again(err)) {
		down := error(nil)
		for i := range live {
			if down == nil {
				down = w.single(live[i : i+1])
			} else {
				live[i].err = down
			}
		}
	} else if err != nil {
		for _, j := range live {
			j.err = err
		}
	}
	for _, j := range live {
		j.done <- j.err
	}
}

// single runs one job, again when another transaction was in the way. It returns an error when the database is down.
func (w *writer) single(j []*job) error {
	var err error
	for range attempts {
		if err = w.attempt(j); err == nil || errors.Is(err, errDown) || !again(err) {
			break
		}
	}
	if err != nil {
		j[0].err = err
	}
	if errors.Is(err, errDown) {
		return err
	}
	return nil
}

// errDown marks errors after which trying the next job at once has no point.
var errDown = errors.New("the database is down")

// down is a cause with errDown beside it.
func down(cause error) error { return errors.Join(errDown, cause) }

// batch is one transaction and what is to be written at its end.
type batch struct {
	ctx     context.Context
	store   *Store
	writer  *writer
	tx      *sql.Tx
	records []evidence.Record
	keys    []evidence.DataKey
	next    uint64 // next sequence; 0 until the counter is locked

	erasures int64 // how often something was erased, as of the end of the transaction
}

// attempt runs jobs in one transaction. A job's own failure is in the job. The error is about the transaction: nothing
// of it happened, unless the error says that this is not known.
func (w *writer) attempt(jobs []*job) error {
	// The SQLite driver watches a context that can end by a goroutine for each statement, and a local file needs no time
	// limit.
	ctx := context.Background()
	if w.store.dialect.postgres {
		limited, cancel := context.WithTimeout(ctx, batchTime)
		defer cancel()
		ctx = limited
	}
	tx, err := w.store.write.BeginTx(ctx, nil)
	if err != nil {
		return down(err)
	}
	b := &batch{ctx: ctx, store: w.store, writer: w, tx: tx}
	kept, err := b.run(jobs)
	if err == nil && kept > 0 {
		err = w.flush(b)
	}
	if err != nil || kept == 0 {
		if rollback := tx.Rollback(); rollback != nil && err == nil {
			err = down(rollback)
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		if committed, known := w.outcome(b); !known {
			return down(&colophon.Error{Kind: colophon.Internal, Code: CodeUncertain, Err: err})
		} else if !committed {
			return down(err)
		}
	}
	if len(b.keys) > 0 {
		w.erasures = b.erasures
	}
	for _, k := range b.keys {
		if len(w.known) >= maxKnown {
			clear(w.known)
		}
		w.known[k.ID] = true
	}
	if len(b.records) > 0 {
		select {
		case w.committed <- struct{}{}:
		default:
		}
	}
	return nil
}

// run runs the functions and returns how many of them are to be committed.
func (b *batch) run(jobs []*job) (kept int, err error) {
	for _, j := range jobs {
		t := &Tx{batch: b, alone: len(jobs) == 1}
		j.err = t.run(j)
		if t.broken != nil {
			return 0, t.broken
		}
		if err := t.leave(j.err == nil); err != nil {
			return 0, err
		}
		if j.err == nil {
			kept++
		}
	}
	return kept, nil
}

// flush writes keys, records and the counter.
func (w *writer) flush(b *batch) error {
	if err := w.storeKeys(b); err != nil {
		return err
	}
	if len(b.records) == 0 {
		return nil
	}
	const columns = 11
	args := make([]any, 0, w.store.dialect.chunk(len(b.records))*columns)
	for rest := b.records; len(rest) > 0; {
		n := w.store.dialect.chunk(len(rest))
		args = args[:0]
		for i := range rest[:n] {
			r := &rest[i]
			args = append(args, int64(r.Sequence), r.ID, string(r.Type), string(r.Subject), string(r.Role), joinClauses(r.Clauses), r.At, r.Commitment[:], string(r.Class), r.Sealed.Key.ID, r.Sealed.Box)
		}
		err := w.exec(b, `INSERT INTO record (seq, id, type, subject, role, clauses, at, commitment, class, key_id, sealed) VALUES `, n, columns, "", args)
		if taken(err) {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeRecordExists, Err: err}
		}
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return w.exec(b, `UPDATE counter SET next = $1 WHERE name = 'record'`, 0, 0, "", []any{int64(b.next)})
}

// storeKeys stores the data keys that came with records and makes sure that none of them was erased. A key that the
// writer knows is not looked up again until something was erased, which the counter of erasures tells.
func (w *writer) storeKeys(b *batch) error {
	if len(b.keys) == 0 {
		return nil
	}
	if err := b.lock(); err != nil {
		return err
	}
	if err := w.queryRow(b, `SELECT next FROM counter WHERE name = 'erasure'`).Scan(&b.erasures); err != nil {
		return err
	}
	if b.erasures != w.erasures {
		clear(w.known)
	}
	seen := make(map[string]bool, len(b.keys))
	var fresh []evidence.DataKey
	for _, k := range b.keys {
		if !w.known[k.ID] && !seen[k.ID] {
			seen[k.ID] = true
			fresh = append(fresh, k)
		}
	}
	for len(fresh) > 0 {
		n := w.store.dialect.chunk(len(fresh))
		args, ids := make([]any, 0, 4*n), make([]any, 0, n)
		for _, k := range fresh[:n] {
			args = append(args, k.ID, string(k.Subject), k.Envelope, k.Wrapped)
			ids = append(ids, k.ID)
		}
		if err := w.exec(b, `INSERT INTO subject_key (id, subject, envelope, wrapped) VALUES `, n, 4, ` ON CONFLICT (id) DO NOTHING`, args); err != nil {
			return err
		}
		var live int
		if err := b.tx.QueryRowContext(b.ctx, `SELECT COUNT(*) FROM subject_key WHERE wrapped IS NOT NULL AND id IN `+tuples(1, n), ids...).Scan(&live); err != nil {
			return err
		}
		if live != n {
			return &colophon.Error{Kind: colophon.Conflict, Code: CodeKeyErased}
		}
		fresh = fresh[n:]
	}
	return nil
}

// lock locks the counter and reads the next sequence. Only one transaction of all on the database has it, so whatever
// happens from here to the commit happens in the order of the sequences.
func (b *batch) lock() error {
	if b.next != 0 {
		return nil
	}
	return b.writer.queryRow(b, `SELECT next FROM counter WHERE name = 'record'`+b.store.dialect.forUpdate).Scan(&b.next)
}

// queryRow reads one row by a statement that is prepared once, as exec does.
func (w *writer) queryRow(b *batch, text string) *sql.Row {
	if stmt := w.stmts[text]; stmt != nil {
		return b.tx.StmtContext(b.ctx, stmt).QueryRowContext(b.ctx)
	}
	if !w.store.dialect.postgres {
		w.wanted[text] = true
	}
	return b.tx.QueryRowContext(b.ctx, text)
}

// tuples writes ($1, $2), ($3, $4) and so on.
func tuples(rows, columns int) string {
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range columns {
			if c > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(r*columns + c + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// exec runs a statement of rows times columns placeholders. On SQLite it is prepared once.
func (w *writer) exec(b *batch, head string, rows, columns int, tail string, args []any) error {
	text := w.texts[shape{head, rows}]
	if text == "" {
		text = head
		if rows > 0 {
			text += tuples(rows, columns) + tail
		}
		w.texts[shape{head, rows}] = text
	}
	if stmt := w.stmts[text]; stmt != nil {
		_, err := b.tx.StmtContext(b.ctx, stmt).ExecContext(b.ctx, args...)
		return err
	}
	_, err := b.tx.ExecContext(b.ctx, text, args...)
	if err == nil && !w.store.dialect.postgres {
		w.wanted[text] = true
	}
	return err
}

// shape names a statement of several rows.
type shape struct {
	head string
	rows int
}

// prepare prepares the statements that the last batch used for the first time. It runs between transactions, when the
// one connection of SQLite is free. A statement that can't be prepared is run as a text.
func (w *writer) prepare() {
	for text := range w.wanted {
		if stmt, err := w.store.write.Prepare(text); err == nil {
			w.stmts[text] = stmt
		}
	}
	clear(w.wanted)
}

// outcome finds out what became of a transaction whose commit failed. All its records were committed or none, so one
// tells for all. The counter is locked first: a commit that is still on its way keeps it locked.
func (w *writer) outcome(b *batch) (committed, known bool) {
	if len(b.records) == 0 {
		return false, false
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	for ctx.Err() == nil {
		if found, err := w.probe(ctx, b.records[0].ID); err == nil {
			return found, true
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	return false, false
}

func (w *writer) probe(ctx context.Context, id string) (bool, error) {
	tx, err := w.store.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	var n int64
	if err := tx.QueryRowContext(ctx, `SELECT next FROM counter WHERE name = 'record'`+w.store.dialect.forUpdate).Scan(&n); err != nil {
		return false, err
	}
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM record WHERE id = $1`, id).Scan(&n)
	return n > 0, err
}

func joinClauses(clauses []colophon.Clause) string {
	switch len(clauses) {
	case 0:
		return ""
	case 1:
		return string(clauses[0])
	}
	names := make([]string, len(clauses))
	for i, c := range clauses {
		names[i] = string(c)
	}
	return strings.Join(names, " ")
}
