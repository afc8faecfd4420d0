package console_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// orders is an API that knows control orders and nothing else.
type orders struct {
	mu    sync.Mutex
	list  []client.ControlOrder
	asked []*http.Request
	sent  []string
	panic bool
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, r)
	q := r.URL.Query()
	switch {
	case o.panic:
		panic("the disk is gone")
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body)
		o.sent = append(o.sent, r.URL.Path+" "+string(body))
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"code":"incident-state","title":"the order <b>ended</b> already","status":409}`)
	case q.Get("state") == "released":
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"code":"request-invalid","title":"the request breaks a rule","status":422,"fields":[{"field":"query.state","rule":"one of a few"}]}`)
	case r.URL.Path == "/v1/orders":
		from, _ := strconv.Atoi(q.Get("cursor"))
		limit, _ := strconv.Atoi(q.Get("limit"))
		to, next := min(from+limit, len(o.list)), ""
		if to < len(o.list) {
			next = strconv.Itoa(to)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"orders": o.list[from:to], "next": next})
	default:
		_ = json.NewEncoder(w).Encode(o.list[0])
	}
}

func ordered(t *testing.T, n int) (*orders, *browser) {
	t.Helper()
	api := &orders{}
	for i := range n {
		api.list = append(api.list, client.ControlOrder{ID: "o" + strconv.Itoa(i), State: "in-force", Scope: "function", Target: "=f" + strconv.Itoa(n-i), Action: "stop", Basis: "own",
			Issued: time.Date(2026, 11, 22, 8, 0, i, 0, time.UTC)})
	}
	w := newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = api })
	return api, w.browser().with(w.officer())
}

// TestList walks through a list, sorts it and takes it along.
func TestList(t *testing.T) {
	t.Parallel()
	api, b := ordered(t, 2500)
	r := b.get("/orders?state=in-force")
	b.want(r, 200, "/orders/o0", "/orders/o49", `href="/orders?cursor=50&state=in-force"`, "In force", "Stop")
	b.lacks(r, "/orders/o50")
	asked := api.asked[0]
	if asked.URL.Query().Get("state") != "in-force" || !strings.HasPrefix(asked.Header.Get("Authorization"), "Bearer ") || asked.Header.Get("Accept-Language") != "en" {
		t.Errorf("asked %s with %v", asked.URL, asked.Header)
	}
	b.want(b.get("/orders?cursor=50"), 200, "/orders/o50", `href="/orders"`)
	r = b.get("/orders?sort=target")
	b.want(r, 200, "these are the newest 2,000 entries", `aria-sort="ascending"`)
	if first, second := strings.Index(r.body, ">=f1000<"), strings.Index(r.body, ">=f1001<"); first < 0 || second < first {
		t.Error("not sorted")
	}
	b.want(b.get("/orders?sort=target&cursor=50"), 200, "=f1050")
	b.want(b.get("/orders?state=released"), 422, "The request breaks a rule", "query.state: one of a few", `<select id="f-state"`)

	api.list[1].Target = "＝f2499" // what spreadsheets of some languages take for a sign
	r = b.get("/orders.csv?state=in-force")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(r.body, "\ufeff"))).ReadAll()
	b.fine(err)
	if len(lines) != 2501 || !slices.Equal(lines[0][:3], []string{"order", "state", "action"}) || lines[1][4] != "'=f2500" || lines[2][4] != "'＝f2499" || lines[1][6] != "2026-11-22T08:00:00Z" {
		t.Errorf("%d lines, %v", len(lines), lines[:2])
	}
	if r.Header.Get("Content-Disposition") != `attachment; filename="orders.csv"` {
		t.Errorf("headers %v", r.Header)
	}
}

func TestEmptyList(t *testing.T) {
	t.Parallel()
	_, b := ordered(t, 0)
	b.want(b.get("/orders"), 200, "No order was ever given")
	b.want(b.get("/orders?state=in-force"), 200, "Nothing matches")
	if r := b.get("/orders.csv"); !strings.HasPrefix(r.body, "\ufefforder,state") {
		t.Errorf("%q", r.body)
	}
}

// TestDeed sends a form that the API refuses: it comes back as it was filled in, with the reason.
func TestDeed(t *testing.T) {
	t.Parallel()
	api, b := ordered(t, 1)
	b.want(b.get("/orders/o0"), 200, `href="/orders/o0/release"`)
	b.want(b.get("/orders/o0/release"), 200, "until another person confirms", `action="/orders/o0/release"`)
	b.lacks(b.get("/orders/o0/release?reason=filled+in+by+a+link"), "filled in by a link")
	r := b.send("/orders/o0/release", "/orders/o0/release", "reason", "no <i>need</i>")
	b.want(r, 409, "The order <b>ended</b> already", "no <i>need</i>")
	if strings.Contains(r.body, "<b>ended") || strings.Contains(r.body, "<i>need") {
		t.Error("what was sent or said becomes HTML")
	}
	if !slices.Equal(api.sent, []string{`/v1/orders/o0:release {"reason":"no \u003ci\u003eneed\u003c/i\u003e"}`}) {
		t.Errorf("sent %q", api.sent)
	}
}

// TestNoAPI asks where there is no API, and where it breaks.
func TestNoAPI(t *testing.T) {
	t.Parallel()
	api, b := ordered(t, 1)
	api.panic = true
	b.want(b.get("/orders"), 500, "request-0042")
	if said := b.log.String(); !strings.Contains(said, "a handler panicked") || !strings.Contains(said, "ServeHTTP") || strings.Contains(said, "disk") {
		t.Errorf("the log says %s", said)
	}
	w := newWorld(t)
	c := w.browser().with(w.officer())
	c.want(c.get("/orders"), 500, "request-0042")
}
