package artefacts_test

import (
	"context"
	"testing"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/artefact/artefacttest"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func run(t *testing.T, fresh func(testing.TB) store.Config) {
	t.Parallel()
	artefacttest.Run(t, func(t *testing.T) artefacttest.Bench {
		config, clock := fresh(t), storetest.NewClock()
		config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
		s := storetest.Open(t, config)
		return artefacttest.Bench{
			Store: artefacts.New(s, nil), Recorder: storetest.Recorder(t, config.Keys, clock.Now), Set: clock.Set,
			Records: func() (list []evidence.Record) {
				for h, err := range s.Records(context.Background(), false) {
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, h.Record)
				}
				return list
			},
			Open: func(r evidence.Record) ([]byte, error) {
				o, err := s.Payload(context.Background(), r.ID)
				return o.Payload, err
			},
		}
	})
}

// TestForgotten erases the account's data key in the store while the register's recorder still has it.
func TestForgotten(t *testing.T) {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	here, elsewhere := storetest.Recorder(t, config.Keys, clock.Now), storetest.Recorder(t, config.Keys, clock.Now)
	reg := artefact.NewRegister(artefacts.New(s, nil), here)
	a := artefact.Artefact{Number: "n-1", Function: "f", Account: "acc-1", Format: media.PNG, Before: artefact.Digest{1}}
	if _, err := reg.New(t.Context(), "system", a); err != nil {
		t.Fatal(err)
	}
	clock.Set(clock.Now().AddDate(0, 7, 0))
	proof, err := elsewhere.New("erasure", evidence.System, "officer", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if state, err := s.Erase(t.Context(), proof, "acc-1"); err != nil || state != store.Erased {
		t.Fatal(state, err)
	}
	a.Number = "n-2"
	if _, err := reg.New(t.Context(), "system", a); err != nil {
		t.Fatal(err)
	}
	if got, err := reg.Artefact(t.Context(), "n-2"); err != nil || got.State != artefact.Received {
		t.Error(got, err)
	}
}

func TestSQLite(t *testing.T) { run(t, storetest.SQLite) }

func TestPostgres(t *testing.T) {
	run(t, func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} })
}
