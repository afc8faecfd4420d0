package app

import (
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
)

// rounds is how often something is done: seldom in every run of the tests, often where torture was asked for.
func rounds(few, many int) int {
	if os.Getenv("COLOPHON_TORTURE") != "" {
		return many
	}
	return few
}

// TestKillServer kills a server under load at random moments, again and again on the same data. What it acknowledged is
// there afterwards with its bytes and its records, once, also when it is sent again; the log verifies from its bytes.
func TestKillServer(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		killed(t, nil)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		killed(t, map[string]string{"postgres": storetest.Postgres(t)})
	})
}

func killed(t *testing.T, flags map[string]string) {
	d, settings := prepare(t, flags)
	var all tally
	for round := range rounds(2, 20) {
		all.add(d.killRound(settings, round%5 == 4))
	}
	if all.acknowledged == 0 || all.unanswered == 0 {
		t.Errorf("the rounds show nothing: %+v", all)
	}
	t.Logf("%s, %d rounds: %d acknowledged and there; of %d without an answer %d were answered when sent again, %d done then, %d stay in progress (%d marked, %d received alone); %d records waited for the log",
		path.Base(t.Name()), rounds(2, 20), all.acknowledged, all.unanswered, all.replayed, all.again, all.unsure, all.untold, all.stuck, all.pending)
}

// tally counts what became of requests.
type tally struct{ acknowledged, unanswered, replayed, again, unsure, untold, stuck, pending int }

func (t *tally) add(o tally) {
	t.acknowledged += o.acknowledged
	t.unanswered += o.unanswered
	t.replayed += o.replayed
	t.again += o.again
	t.unsure += o.unsure
	t.untold += o.untold
	t.stuck += o.stuck
	t.pending += o.pending
}

// killRound kills a node at a random moment, while it starts or under load, and looks at what it left.
func (d *deployment) killRound(settings map[string]string, early bool) (sum tally) {
	d.Helper()
	n, address := launch(d.T, settings)
	c := newClient(d.T, d.key, n)
	if early {
		<-time.After(rand.N(200 * time.Millisecond))
		n.kill()
	} else if n.address = <-address; n.address == "" {
		d.Fatal("the node did not start")
	} else {
		c.load(n, 3+rand.Int64N(20))
	}
	<-n.ended
	sum.pending = d.afterCrash()
	n = startNode(d.T, settings)
	for _, it := range c.sent {
		known := it.made.Number != ""
		status, replayed, problem, err := c.post(n, it)
		switch {
		case err != nil:
			d.Fatal(err)
		case known && (status != http.StatusCreated || !replayed):
			d.Errorf("%s, sent again with its key, is answered by %d %+v", it.made.Number, status, problem)
		case known:
			sum.acknowledged++
		case status == http.StatusConflict && problem.Code == "idempotency-in-progress":
			sum.unsure++
		case status != http.StatusCreated:
			d.Errorf("what was not answered, sent again, is answered by %d %+v", status, problem)
		case replayed:
			sum.replayed++
		default:
			sum.again++
		}
		if !known {
			sum.unanswered++
		}
		if it.made.Number != "" {
			c.holds(n, it)
		}
	}
	n.stop()
	sum.untold, sum.stuck = d.audit(c.sent)
	return sum
}

// afterCrash verifies the log as a process left it that was killed, and returns how many records wait for a checkpoint.
func (d *deployment) afterCrash() int {
	d.Helper()
	var p Progress
	report, err := Fsck(d.Context(), d.config, d.set, &p)
	d.must(err)
	waiting := int(report.Pending) + report.More
	for _, f := range report.Faults {
		if f.Code == tlog.CodeNoCheckpoint { // it came early
			continue
		}
		if waiting++; f.Code != tlog.CodeEntryMissing || f.Verdict != colophon.Unknown { // in the log, beyond the checkpoint
			d.Errorf("after the kill: %+v", f)
		}
	}
	return waiting
}

// load has four clients send items to a node and kills it at a random moment after so many were acknowledged.
func (c *client) load(n *node, enough int64) {
	var clients sync.WaitGroup
	var done atomic.Int64
	for i := range 4 {
		clients.Go(func() {
			for {
				status, _, problem, err := c.post(n, c.item(i%2 == 0))
				if err != nil {
					return
				}
				if status != http.StatusCreated {
					c.Errorf("%d %+v", status, problem)
					return
				}
				if done.Add(1) == enough {
					time.AfterFunc(rand.N(50*time.Millisecond), n.kill)
				}
			}
		})
	}
	clients.Wait()
}
