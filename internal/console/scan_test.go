package console_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// TestScanLive: the page of a scan that goes on is told how far it is, also when it is loaded anew, and where its end is shown.
func TestScanLive(t *testing.T) {
	t.Parallel()
	var done atomic.Bool
	var files atomic.Int64
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			s := client.BucketScan{ID: "s1", State: "running", Bucket: "uploads", Files: files.Add(1000), Troubles: 2}
			if done.Load() {
				s.State = "done"
			}
			_ = json.NewEncoder(w).Encode(s)
		})
	})
	b := w.browser().with(w.officer())
	for range 2 { // loaded anew
		b.want(b.get("/scans/s1"), http.StatusOK, `data-work="/scans/s1/events"`, "files done so far; 2 of them", "uploads")
	}
	done.Store(true)
	r := b.get("/scans/s1/events")
	if at := strings.Index(r.body, `"to":"/scans/s1"`); at < 0 || !strings.Contains(r.body, "files done so far") || r.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s: %s", r.Header.Get("Content-Type"), r.body)
	}
	b.lacks(b.get("/scans/s1"), "data-work")
}
