package overview_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/overview"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func engines() map[string]func(testing.TB) store.Config {
	return map[string]func(testing.TB) store.Config{"sqlite": storetest.SQLite, "postgresql": func(t testing.TB) store.Config { return store.Config{Postgres: storetest.Postgres(t)} }}
}

// noon is in the middle of a day.
var noon = time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)

func ms(hours int) int64 { return noon.Add(time.Duration(hours) * time.Hour).UnixMilli() }

// fill puts rows as the packages beside this one write them.
func fill(t *testing.T, s *store.Store, rows ...string) {
	t.Helper()
	err := s.Keep(context.Background(), func(tx *store.Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec(row); err != nil {
				return fmt.Errorf("%s: %w", row, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func artefact(number, state, function, format string, hours int) string {
	return fmt.Sprintf(`INSERT INTO artefact (number, state, function, account, format, size, parents, stored, blob, reason, created, changed, version) VALUES ('%s', '%s', '%s', 'a', '%s', 1, '', 0, '', '', %d, 0, 1)`,
		number, state, function, format, ms(hours))
}

func judgement(id string, action, verdict int, surface string, hours int, categories ...string) []string {
	rows := []string{fmt.Sprintf(`INSERT INTO judgement (id, at, subject, surface, class, function, action, verdict, policy, library) VALUES ('%s', %d, 's', '%s', 'c', 'f', %d, %d, 'p', 'l')`, id, ms(hours), surface, action, verdict)}
	for _, c := range categories {
		rows = append(rows, fmt.Sprintf(`INSERT INTO judgement_category (category, at, id) VALUES ('%s', %d, '%s')`, c, ms(hours), id))
	}
	return rows
}

func entry(ledger, id, state string, due int64) string {
	return fmt.Sprintf(`INSERT INTO ledger_entry (ledger, id, version, subject, state, due, made, changed, value, key_id, seq) VALUES ('%s', '%s', 1, 's', '%s', %d, 1, %d, '{}', '', 1)`, ledger, id, state, due, ms(-3))
}

func TestCounts(t *testing.T) {
	t.Parallel()
	for engine, fresh := range engines() {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := storetest.Open(t, fresh(t))
			c := overview.New(s)
			rows := []string{artefact("1", "delivered", "chat", "text", 0), artefact("2", "delivered", "chat", "text", 0), artefact("3", "failed", "chat", "text", -1), artefact("4", "marked", "swap", "png", -30),
				`INSERT INTO gateway_usage (day, subject, model, requests, blocked, input, output) VALUES ('2026-11-22', 'a', 'm', 2, 1, 10, 20), ('2026-11-22', 'b', 'm', 3, 0, 1, 2), ('2026-11-21', 'a', 'n', 1, 0, 0, 0), ('2026-11-19', 'a', 'm', 9, 9, 9, 9)`,
				entry("order", "1", "release-proposed", 0), entry("order", "2", "in-force", 0), entry("order", "3", "released", 0), entry("faces", "1", "open", ms(-1)), entry("faces", "2", "open", ms(1)),
				entry("case", "1", "received", 0), entry("case", "2", "taken", 0), entry("case", "3", "waiting", 0), `INSERT INTO ledger_key (ledger, name, value, id, sole, personal) VALUES ('case', 'breached', '2026-11', '2', 0, 0)`,
				`INSERT INTO report_duty (id, judgement, state, categories, subject, opened, due, channel, reference, filed, reason, closed_by, closed, version) VALUES ('1', '1', 'open', 'c', 's', ` + fmt.Sprint(ms(-5)) + `, ` + fmt.Sprint(ms(-1)) + `, '', '', 0, '', '', 0, 1), ('2', '2', 'filed', 'c', 's', 1, 1, '', '', 0, '', '', 0, 1)`}
			rows = append(rows, judgement("1", 1, 1, "input", 0)...)
			rows = append(rows, judgement("2", 5, 2, "input", 0, "fraud", "violence")...)
			rows = append(rows, judgement("3", 4, 0, "output", -1, "fraud")...)
			rows = append(rows, judgement("4", 4, 0, "output", -80, "fraud")...)
			fill(t, s, rows...)
			from, to := noon.Add(-24*time.Hour), noon.Add(time.Minute)
			hour := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour).Truncate(time.Hour) }
			made, err := c.Made(ctx, from, to, time.Hour)
			same(t, err, made, []overview.Made{{Begins: hour(0), State: "delivered", Function: "chat", Format: "text", Count: 2}, {Begins: hour(-1), State: "failed", Function: "chat", Format: "text", Count: 1}})
			made, err = c.Made(ctx, noon.Add(-48*time.Hour), to, 24*time.Hour)
			same(t, err, made, []overview.Made{{Begins: hour(-12), State: "delivered", Function: "chat", Format: "text", Count: 2}, {Begins: hour(-12), State: "failed", Function: "chat", Format: "text", Count: 1},
				{Begins: hour(-36), State: "marked", Function: "swap", Format: "png", Count: 1}})
			judged, err := c.Judged(ctx, from, to, time.Hour)
			same(t, err, judged, []overview.Judged{{hour(0), 1, 1, "input", 1}, {hour(0), 5, 2, "input", 1}, {hour(-1), 4, 0, "output", 1}})
			found, err := c.Found(ctx, from, to)
			same(t, err, found, []overview.Found{{"fraud", 2}, {"violence", 1}})
			used, err := c.Used(ctx, from, to)
			same(t, err, used, []overview.Used{{"2026-11-21", "n", 1, 0, 0, 0}, {"2026-11-22", "m", 5, 1, 11, 22}})
			waits := map[string]overview.Waiting{}
			list, err := c.Waiting(ctx, noon)
			for _, w := range list {
				waits[w.Kind] = w
			}
			if err != nil || len(list) != len(waits) || len(waits) < 16 {
				t.Fatalf("%v, %+v", err, list)
			}
			for kind, want := range map[string]overview.Waiting{"orders": {Count: 1, Since: time.UnixMilli(ms(-3)).UTC()}, "orders-in-force": {Count: 2, Since: time.UnixMilli(ms(-3)).UTC()}, "filing-duties": {Count: 2, Late: 1, Since: time.UnixMilli(ms(-3)).UTC()},
				"cases": {Count: 2, Late: 1, Since: time.UnixMilli(1).UTC()}, "report-duties": {Count: 1, Late: 1, Since: time.UnixMilli(ms(-5)).UTC()}, "held": {}, "features": {}, "policies": {}} {
				want.Kind = kind
				if diff := cmp.Diff(want, waits[kind]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", kind, diff)
				}
			}
			if at, err := c.Covered(ctx, 0); err != nil || !at.IsZero() {
				t.Errorf("nothing covers %v, %v", at, err)
			}
		})
	}
}

func same[T any](t *testing.T, err error, got, want []T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b T) bool { return fmt.Sprint(a) < fmt.Sprint(b) })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestIndexes: what is counted over a period comes from an index alone.
func TestIndexes(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	for query, index := range map[string]string{
		`SELECT created, state, function, format, COUNT(*) FROM artefact WHERE created >= 1 AND created < 2 GROUP BY 1, 2, 3, 4`: "artefact_overview",
		`SELECT at, action, verdict, surface, COUNT(*) FROM judgement WHERE at >= 1 AND at < 2 GROUP BY 1, 2, 3, 4`:              "judgement_overview",
		`SELECT category, COUNT(*) FROM judgement_category WHERE at >= 1 AND at < 2 GROUP BY 1`:                                  "judgement_category_at",
	} {
		plan, err := store.Collect(t.Context(), s, func(row store.Row) (text string, err error) {
			return text, row.Scan(new(int), new(int), new(int), &text)
		}, `EXPLAIN QUERY PLAN `+query)
		if err != nil || !strings.Contains(strings.Join(plan, "\n"), "USING COVERING INDEX "+index) {
			t.Errorf("%v: %v", plan, err)
		}
	}
}

// TestDays: days before yesterday are counted once and told as of then, until there is time or they are too old; all else is
// counted each time.
func TestDays(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	now := noon
	d := overview.NewDays(overview.New(s), func() time.Time { return now })
	sum := func() (n int64, since time.Time) {
		t.Helper()
		made, since, err := d.Made(t.Context(), noon.Add(-100*time.Hour), noon.Add(time.Hour), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made {
			n += m.Count
		}
		return n, since
	}
	fill(t, s, artefact("1", "delivered", "chat", "text", 0), artefact("2", "delivered", "chat", "text", -20), artefact("3", "delivered", "chat", "text", -60), artefact("4", "delivered", "chat", "text", -99), artefact("5", "delivered", "chat", "text", -101))
	if n, since := sum(); n != 4 || !since.IsZero() {
		t.Errorf("%d, %v", n, since)
	}
	fill(t, s, artefact("6", "delivered", "chat", "text", 0), artefact("7", "delivered", "chat", "text", -61), artefact("8", "delivered", "chat", "text", -98))
	now = noon.Add(time.Minute)
	if n, since := sum(); n != 6 || !since.Equal(noon) { // not yet the one of a day that is over
		t.Errorf("%d, %v", n, since)
	}
	now = noon.Add(11 * time.Minute)
	sum()
	if n, _ := sum(); n != 7 {
		t.Errorf("%d", n)
	}
	found, since, err := d.Found(t.Context(), noon.Add(-time.Hour), noon)
	if err != nil || len(found) != 0 || !since.IsZero() {
		t.Error(found, since, err)
	}
}
