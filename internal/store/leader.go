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
	for {
		var got bool
		err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lockLeader)).Scan(&got)
		if err != nil {
			drop(conn)
			conn.Close()
			cancel()
			return nil, nil, s.fault(err)
		}
		if got {
			break
		}
		select {
		case <-ctx.Done():
			conn.Close()
			cancel()
			return nil, nil, ctx.Err()
		case <-time.After(leadPoll):
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		keepSession(leading, conn)
		cancel()
		// The session is closed and not given back, so that the lock is free for sure.
		drop(conn)
		conn.Close()
	}()
	return leading, func() { cancel(); <-ended }, nil
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
