package accounts_test

import (
	"sync"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestSQLite(t *testing.T) { run(t, storetest.SQLite(t)) }

func TestPostgreSQL(t *testing.T) { run(t, store.Config{Postgres: storetest.Postgres(t)}) }

// run asks for one account from many goroutines, and erases it.
func run(t *testing.T, config store.Config) {
	t.Parallel()
	clock := storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	a := accounts.New(s, rec, make([]byte, 32))
	const person = "+8613800138000"
	if subject, err := a.Find(t.Context(), person); subject != "" || err != nil {
		t.Fatal(subject, err)
	}
	var all sync.WaitGroup
	got := make([]evidence.Subject, 16)
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = a.Subject(t.Context(), person); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	records := 0
	for h, err := range s.Records(t.Context(), false) {
		if err != nil || h.Subject != got[0] || h.Type != accounts.RecordMet {
			t.Fatal(h, err)
		}
		records++
	}
	for _, subject := range got {
		if subject != got[0] || subject == "" || subject == person {
			t.Fatal(got)
		}
	}
	other, err := accounts.New(s, rec, []byte("another secret of thirty-two byt")).Subject(t.Context(), person)
	if err != nil || other == got[0] || records != 1 {
		t.Fatal(other, records, err)
	}
	clock.Set(clock.Now().AddDate(0, 7, 0))
	proof, err := rec.New("subject.erased", evidence.System, "officer", nil, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := s.Erase(t.Context(), proof, got[0]); err != nil || state != store.Erased {
		t.Fatal(state, err)
	}
	rec.Forget(got[0])
	if again, err := a.Subject(t.Context(), person); err != nil || again == got[0] {
		t.Fatal("an erased account has its old pseudonym", err)
	}
}
