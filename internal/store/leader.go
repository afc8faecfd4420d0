package store

import (
	"context"
	"database/sql"
	"time"
)

const (
	// leadPoll is how often a candidate asks whether the place is free.
	leadPoll = 500 * time.Millisecond
	// leadCheck is how often a leader makes sure that it still has its session, and how long the answer may take.
	leadCheck = time.Second
	// leadSilence has the server end the session of a leader that is not heard of: one that hangs, or whose machine lost
	// its power or its network, which nobody tells the server.
	leadSilence = `SET idle_session_timeout = '5s'`
)

// Lead waits until this process is the one of all on the database that leads. The context that it returns ends when the
// leadership is lost or resign is called. On SQLite, which serves one machine, every caller leads at once; the lock on
// the log's folder keeps a second one out.
//
// On PostgreSQL the leader holds an advisory lock in a session of its own. The server frees it as soon as the session
// ends, however that comes. Between the loss and the moment it is noticed two processes may believe that they lead; the
// lock on the log's folder and the compare-and-swap of the checkpoint are what keeps the log whole then.
func (s *Store) Lead(ctx context.Context) (leading context.Context, resign func(), err error) {
	leading, cancel := context.WithCancel(ctx)
	if !s.dialect.postgres {
		return leading, cancel, nil
	}
	conn, err := s.read.Conn(ctx)
	if err != nil {
		cancel()
		return nil, nil, s.fault(err)
	}
	// The session is closed and never given back: so the lock is free for sure, and nobody else gets the time limit.
	end := func() {
		cancel()
		drop(conn)
		conn.Close()
	}
	if err := waitToLead(ctx, conn); err != nil {
		end()
		return nil, nil, s.fault(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keepSession(leading, conn)
		end()
	}()
	return leading, func() { cancel(); <-ended }, nil
}

// waitToLead returns when the session has the leader's lock.
func waitToLead(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, leadSilence); err != nil {
		return err
	}
	for {
		var got bool
		if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lockLeader)).Scan(&got); err != nil || got {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(leadPoll):
		}
	}
}

// keepSession returns when ctx ends or the session does.
func keepSession(ctx context.Context, conn *sql.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leadCheck):
		}
		ping, cancel := context.WithTimeout(ctx, leadCheck)
		var one int
		err := conn.QueryRowContext(ping, `SELECT 1`).Scan(&one)
		cancel()
		if err != nil {
			return
		}
	}
}
