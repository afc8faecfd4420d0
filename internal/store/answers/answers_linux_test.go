package answers_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/answers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestSQLite(t *testing.T) { run(t, storetest.SQLite(t)) }

func TestPostgreSQL(t *testing.T) { run(t, store.Config{Postgres: storetest.Postgres(t)}) }

func run(t *testing.T, config store.Config) {
	t.Parallel()
	clock := storetest.NewClock()
	s := storetest.Open(t, config)
	a := answers.New(s, clock.Now, []byte("secret"))
	ask := func(owner, key string, request byte) ([]byte, bool, error) {
		return a.Claim(t.Context(), owner, key, [32]byte{request})
	}
	var all sync.WaitGroup
	var first atomic.Int32
	for range 16 {
		all.Go(func() {
			_, fresh, err := ask("owner", "key", 1)
			if fresh {
				first.Add(1)
				return
			}
			storetest.WantCode(t, err, answers.CodeInProgress)
		})
	}
	all.Wait()
	if first.Load() != 1 {
		t.Fatalf("%d were first", first.Load())
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Keep(t.Context(), func(tx *store.Tx) error {
		var kept []byte
		err := tx.QueryRow(`SELECT request FROM answer`).Scan(&kept)
		if len(kept) != 32 || kept[0] == 1 && kept[1] == 0 {
			t.Errorf("kept of the request: %x", kept)
		}
		return err
	}))
	must(a.Settle(t.Context(), "owner", "key", []byte("done")))
	must(a.Release(t.Context(), "owner", "key")) // what was answered stays
	if got, fresh, err := ask("owner", "key", 1); string(got) != "done" || fresh || err != nil {
		t.Fatal(string(got), fresh, err)
	}
	must(s.Keep(t.Context(), func(tx *store.Tx) error {
		var kept []byte
		err := tx.QueryRow(`SELECT answer FROM answer`).Scan(&kept)
		if len(kept) == 0 || bytes.Contains(kept, []byte("done")) {
			t.Errorf("kept of the answer: %x", kept)
		}
		_, err2 := tx.Exec(`UPDATE answer SET name = $1`, digest("guess"))
		return errors.Join(err, err2)
	}))
	if got, fresh, err := ask("owner", "guess", 1); err == nil || fresh || got != nil {
		t.Fatal("an answer opens with another key", string(got), fresh, err)
	}
	must(s.Keep(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE answer SET name = $1`, digest("key"))
		return err
	}))
	_, _, err := ask("owner", "key", 2)
	storetest.WantCode(t, err, answers.CodeReused)
	if _, fresh, err := ask("another", "key", 2); !fresh || err != nil {
		t.Fatal("keys of two owners are one", err)
	}
	must(a.Release(t.Context(), "another", "key"))
	if _, fresh, err := ask("another", "key", 3); !fresh || err != nil {
		t.Fatal("a released key is taken", err)
	}
	clock.Set(clock.Now().Add(3 * time.Minute)) // the process that claimed it died
	if _, fresh, err := ask("another", "key", 3); !fresh || err != nil {
		t.Fatal("a lost request keeps its key", err)
	}
	clock.Set(clock.Now().Add(24 * time.Hour))
	must(a.Sweep(t.Context()))
	if _, fresh, err := ask("owner", "key", 2); !fresh || err != nil {
		t.Fatal("an answer outlives its day", err)
	}
}

func digest(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}
