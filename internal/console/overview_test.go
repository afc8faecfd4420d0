package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// stands is an API that knows an overview alone.
func stands(o client.Overview) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/overview" {
			http.Error(w, `{"code":"route-unknown","title":"there is nothing"}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(o)
	})
}

// someOverview is an overview with something in every part.
func someOverview() client.Overview {
	at := time.Now().UTC().Truncate(time.Hour)
	since, ms := at.Add(-48*time.Hour), 180.0
	return client.Overview{At: at, From: since, To: at, Untold: []string{},
		Waiting: []client.OverviewWaiting{{Kind: "orders", Count: 1234, Since: &since}, {Kind: "orders-in-force", Count: 2}, {Kind: "dead-jobs", Count: 3, Late: 1}, {Kind: "records-unlogged", Count: 7}, {Kind: "features", Count: 4321}},
		Coverage: &client.OverviewCoverage{Total: client.OverviewMade{Made: 2000, Marked: 1999, Failed: 1}, Steps: []client.OverviewMadeAt{{At: at, OverviewMade: client.OverviewMade{Made: 2000, Marked: 1999, Failed: 1}}},
			Functions: []client.OverviewMadeBy{{Name: "<b>mill</b>", Service: "studio", OverviewMade: client.OverviewMade{Made: 2000, Marked: 1999}}}, Formats: []client.OverviewMadeBy{{Name: "png", OverviewMade: client.OverviewMade{Made: 2000, Marked: 1999}}}},
		Screening: &client.OverviewScreening{Total: client.OverviewJudged{Allowed: 900, Held: 2, Untold: 1}, Steps: []client.OverviewJudgedAt{{At: at, OverviewJudged: client.OverviewJudged{Allowed: 900, Held: 2}}},
			Surfaces: []client.OverviewJudgedOn{{Surface: "input", OverviewJudged: client.OverviewJudged{Allowed: 900, Held: 2}}}, Categories: []client.OverviewFound{{Category: "violence", Count: 2}}},
		Gateway: &client.OverviewGateway{Days: []client.OverviewUsed{{Day: at.Format(time.DateOnly), Model: "m", Requests: 10, Blocked: 1}}, Hour: client.OverviewPulse{Calls: 10, P50: &ms, P99: &ms},
			Minutes: []client.OverviewPulse{{At: at, Calls: 10, P50: &ms, P99: &ms}}, Targets: []client.TargetHealth{{Model: "m", Target: "here", State: "down"}}},
		Log: &client.OverviewLog{Size: 1234567, Records: 1234574, Waiting: 7, Since: &since, Covered: &at},
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API, c.Zone = stands(someOverview()), time.FixedZone("CST", 8*3600)
	})
	o := w.officer()
	b := w.browser().with(o)
	r := b.get("/")
	b.want(r, http.StatusOK, "1,234,567", " CST", "1 overdue", ">dead jobs<", `href="/orders?state=release-proposed"`, `<span class="waits">1,234<`, "needs attention", ">99.9%", "0 of 1", "180 ms", "<b>mill")
	b.lacks(r, "records that the log does not have", "Nothing waits")
	if _, entry, _ := strings.Cut(r.body, `<li><a href="/features">`); !strings.Contains(entry[:strings.Index(entry, "</li>")], ">4,321<") {
		t.Error("the menu does not count what waits in a list that it does not have")
	}
	if strings.Contains(r.body, "<b>mill") {
		t.Error("a name is taken for HTML")
	}
	b.want(b.get("/?days=1"), http.StatusOK, `href="/?days=1" aria-current="true"`)
	b.lacks(b.get("/?days=5"), `href="/?days=1" aria-current="true"`)
	reviewer := w.browser().with(w.person(o, "zhao", staff.Reviewer))
	r = reviewer.get("/")
	reviewer.want(r, http.StatusOK, "Verify content")
	reviewer.lacks(r, "Manage the staff", `href="/models"`)
}

// TestStartUntold: what could not be counted is named, and nothing is shown as nothing.
func TestStartUntold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = stands(client.Overview{Untold: []string{"waiting", "coverage"}, Log: &client.OverviewLog{Size: 5}})
	})
	b := w.browser().with(w.officer())
	r := b.get("/")
	b.want(r, http.StatusOK, "figures could not be read", "What waits", "Marking")
	b.lacks(r, "Nothing waits", "Marked and read back")
	w = newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = http.NotFoundHandler() })
	b = w.browser().with(w.officer())
	b.want(b.get("/"), http.StatusOK, "figures could not be read", "What you may do")
	if !strings.Contains(w.log.String(), "overview failed") {
		t.Errorf("the log says %s", w.log)
	}
	w = newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = stands(client.Overview{Waiting: []client.OverviewWaiting{{Kind: "orders"}}})
	})
	b = w.browser().with(w.officer())
	b.want(b.get("/"), http.StatusOK, "Nothing waits")
}

// TestUsedNow: whoever suspends a function is told how much was made with it, which stands in the marks of items alone.
func TestUsedNow(t *testing.T) {
	t.Parallel()
	items := 3
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/artefacts" {
				_ = json.NewEncoder(w).Encode(client.Function{ID: "mill", State: "live"})
				return
			}
			list := make([]client.Artefact, items)
			for i := range list {
				list[i] = client.Artefact{Function: "mill", Marks: json.RawMessage(`{"policy":{"use":{"function":"` + []string{"mill", "other"}[i%2] + `"}}}`)}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"artefacts": list})
		})
	})
	b := w.browser().with(w.officer())
	b.want(b.get("/functions/mill/suspend"), http.StatusOK, "in the last 24 hours: 2.")
	items = 1002
	b.want(b.get("/functions/mill/suspend"), http.StatusOK, "newest 1,000 items", ": 500.")
}
