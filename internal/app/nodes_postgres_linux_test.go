package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/transparency-dev/tessera/api/layout"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// cluster is a deployment of several nodes on one PostgreSQL database, one S3 store and one volume for the log.
type cluster struct {
	*deployment
	shared map[string]string
	s3     *blobtest.S3Server
	bucket string
	nodes  []*node
	client *client
	roots  sync.Map // of the log, by size, as the nodes show them
}

func newCluster(t *testing.T, size int) *cluster {
	t.Helper()
	server := blobtest.StartS3(t)
	bucket := server.NewBucket(t)
	shared := map[string]string{"postgres": storetest.Postgres(t), "blobs": server.Address(bucket), "keys": filepath.Join(t.TempDir(), "keys"), "log": filepath.Join(t.TempDir(), "log")}
	d, _ := prepare(t, shared)
	c := &cluster{deployment: d, shared: shared, s3: server, bucket: bucket, client: newClient(t, d.key)}
	for range size {
		c.nodes = append(c.nodes, c.node())
	}
	c.client.use(c.nodes...)
	return c
}

// node starts a node with a folder of its own.
func (c *cluster) node() *node {
	c.Helper()
	flags := map[string]string{"data": c.TempDir()}
	maps.Copy(flags, c.shared)
	return startNode(c.T, flags)
}

// leader is the node that holds the lock of the log's folder, as the kernel tells; -1 when none does.
func (c *cluster) leader() int {
	c.Helper()
	var lock syscall.Stat_t
	c.must(syscall.Stat(filepath.Join(c.shared["log"], ".colophon.lock"), &lock))
	text, err := os.ReadFile("/proc/locks")
	c.must(err)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[1] != "FLOCK" || !strings.HasSuffix(f[5], ":"+strconv.FormatUint(lock.Ino, 10)) {
			continue
		}
		return slices.IndexFunc(c.nodes, func(n *node) bool { return strconv.Itoa(n.cmd.Process.Pid) == f[4] })
	}
	return -1
}

// TestNodes has three processes serve one deployment. Requests go to any of them, jobs of one that is gone are worked by
// another, and all show the same log. The one that sequences the log is killed: another takes over and the log goes on without a gap.
func TestNodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for i := range 3 {
		load.Go(func() { c.use(ctx, i == 0) })
	}
	c.marked(c.order(c.nodes[0]), c.order(c.nodes[1]), c.order(c.nodes[2]))
	var places, logs []time.Duration
	for range rounds(1, 10) {
		place, log := c.takeOver()
		places, logs = append(places, place), append(logs, log)
	}
	t.Logf("another node led after %v and had published a checkpoint after %v", spread(places), spread(logs))
	cancel()
	load.Wait()
	for range rounds(0, 3) {
		c.measure(c.nodes[0])
		c.measure(c.nodes[0], c.nodes[1])
	}
	c.client.use(c.nodes...)
	c.same()
	c.hang()
	last := c.client.item(false)
	if status, _, problem, err := c.client.post(c.nodes[0], last); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %+v %v", status, problem, err)
	}
	until(t, healing, "the log", func() bool { return c.client.logged(c.nodes[1], last) })
	for i, it := range c.client.sent {
		if it.made.Number != "" {
			c.client.holds(c.nodes[i%3], it)
		}
	}
	for _, n := range c.nodes {
		n.stop()
	}
	c.mirrored()
	untold, stuck := c.audit(c.client.sent)
	t.Logf("%d requests; of those that nobody acknowledged %d were marked and %d received alone", len(c.client.sent), untold, stuck)
}

// hang stops the leader's process without ending it, which tells nobody anything, as when a machine loses its power. The
// database frees its place. (The lock of the folder stays with a process that lives, so those who take the place give it back.)
func (c *cluster) hang() {
	c.Helper()
	s, err := openPart(c.Context(), c.config, c.set)
	c.must(err)
	defer s.Close()
	session := func() (pid int) {
		c.must(s.store.QueryRow(c.Context(), `SELECT COALESCE(MAX(l.pid), 0) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
			WHERE l.locktype = 'advisory' AND l.objid = x'636f6c02'::bigint AND l.granted AND d.datname = current_database()`).Scan(&pid))
		return pid
	}
	until(c.T, healing, "a leader", func() bool { return c.leader() >= 0 })
	hung, before := c.nodes[c.leader()], session()
	if before == 0 {
		c.Fatal("no session has the leader's place")
	}
	c.must(hung.cmd.Process.Signal(syscall.SIGSTOP))
	took := until(c.T, 10*time.Second, "the end of its session", func() bool { return session() != before })
	c.must(hung.cmd.Process.Signal(syscall.SIGCONT))
	c.Logf("when the leader hung, its place was free after %v", took.Round(10*time.Millisecond))
}

// use sends items to the nodes in turn, to the next one where a node is gone, and gets each from another node.
func (c *cluster) use(ctx context.Context, pictures bool) {
	for ctx.Err() == nil {
		it := c.client.item(pictures)
		for try := 0; it.made.Number == "" && try < 3; try++ {
			status, _, problem, err := c.client.post(c.client.turn(), it)
			if err == nil && status == http.StatusConflict && problem.Code == "idempotency-in-progress" && try > 0 {
				break // the node that began it was killed
			}
			if err == nil && status != http.StatusCreated {
				c.Errorf("%d %+v", status, problem)
				return
			}
		}
		if it.made.Number != "" {
			status, _, answer, err := c.client.send(c.client.turn(), "GET", "/v1/artefacts/"+string(it.made.Number), nil)
			if err == nil && status != http.StatusOK {
				c.Errorf("what one node made another does not know: %d %s", status, answer)
			}
		}
	}
}

// order has a job mark a text, and returns its number.
func (c *cluster) order(n *node) artefact.Number {
	c.Helper()
	status, _, answer, err := c.client.send(n, "POST", "/v1/artefacts?function=dialogue", newItem(c.T, false).body, "Prefer", "respond-async", "Content-Type", "text/plain")
	var a httpapi.Artefact
	if err != nil || status != http.StatusAccepted || json.Unmarshal(answer, &a) != nil || a.Job == "" {
		c.Fatalf("%d %v %s", status, err, answer)
	}
	return a.Number
}

// marked waits until jobs are done, whoever works them.
func (c *cluster) marked(orders ...artefact.Number) {
	c.Helper()
	for _, number := range orders {
		until(c.T, time.Minute, "a job", func() bool {
			var a httpapi.Artefact
			_, _, answer, err := c.client.send(c.client.turn(), "GET", "/v1/artefacts/"+string(number), nil)
			if err != nil || json.Unmarshal(answer, &a) != nil || a.State == artefact.Failed {
				c.Fatalf("%v %s", err, answer)
			}
			return a.State == artefact.Marked
		})
	}
}

// takeOver kills the node that leads, waits for another to take its place, and starts one anew.
func (c *cluster) takeOver() (place, log time.Duration) {
	c.Helper()
	until(c.T, healing, "a leader", func() bool { return c.leader() >= 0 })
	at := c.leader()
	c.same()
	killed := c.nodes[at]
	order := c.order(killed)
	begun := time.Now()
	killed.kill()
	rest := slices.Delete(slices.Clone(c.nodes), at, at+1)
	c.client.use(rest...)
	was, ok := c.client.checkpoint(rest[0])
	if !ok {
		c.Fatal("no checkpoint")
	}
	until(c.T, 10*time.Second, "another leader", func() bool { l := c.leader(); return l >= 0 && l != at })
	place = time.Since(begun)
	until(c.T, 10*time.Second, "its checkpoint", func() bool { now, ok := c.client.checkpoint(rest[0]); return ok && now.Size > was.Size })
	log = time.Since(begun)
	c.marked(order) // by another, since this one is gone
	c.nodes[at] = c.node()
	c.client.use(c.nodes...)
	c.same()
	return place, log
}

// same compares the log as the nodes show it: one root for each size, and the same tiles.
func (c *cluster) same() {
	c.Helper()
	size := uint64(0)
	for _, n := range c.nodes {
		cp, ok := c.client.checkpoint(n)
		if !ok {
			c.Fatal("no checkpoint")
		}
		if root, seen := c.roots.LoadOrStore(cp.Size, cp.Root); seen && root != cp.Root {
			c.Errorf("two roots of the tree of %d", cp.Size)
		}
		if size == 0 || cp.Size < size {
			size = cp.Size
		}
	}
	for _, path := range []string{layout.TilePath(0, (size-1)/256, uint8(size%256)), layout.EntriesPath((size-1)/256, uint8(size%256))} {
		var first []byte
		for _, n := range c.nodes {
			status, _, tile, err := c.client.send(n, "GET", "/v1/log/"+path, nil)
			if err != nil || status != http.StatusOK || first != nil && !bytes.Equal(tile, first) {
				c.Errorf("%s: %d %v", path, status, err)
			}
			first = tile
		}
	}
}

// spread says how durations lie.
func spread(list []time.Duration) string {
	slices.Sort(list)
	short := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	return fmt.Sprintf("%v (median of %d; %v to %v)", short(list[len(list)/2]), len(list), short(list[0]), short(list[len(list)-1]))
}

// measure has eight clients send pictures to some of the nodes, and says how many were marked a second. The nodes, the
// database, the store and the clients share this machine: it shows whether nodes hold each other up, and not what a second
// machine brings.
func (c *cluster) measure(nodes ...*node) {
	c.Helper()
	c.client.use(nodes...)
	ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
	defer cancel()
	var done atomic.Int64
	var clients sync.WaitGroup
	begun := time.Now()
	for range 8 {
		clients.Go(func() {
			for ctx.Err() == nil {
				status, _, problem, err := c.client.post(c.client.turn(), newItem(c.T, true))
				if err != nil || status != http.StatusCreated {
					c.Errorf("%d %+v %v", status, problem, err)
					return
				}
				done.Add(1)
			}
		})
	}
	clients.Wait()
	c.Logf("%d of the nodes asked: %.1f pictures a second", len(nodes), float64(done.Load())/time.Since(begun).Seconds())
}

// mirrored looks at what lies in the mirror: no partial tile outlives the full one.
func (c *cluster) mirrored() {
	c.Helper()
	sizes := map[string]int64{}
	pages := s3.NewListObjectsV2Paginator(c.s3.Client(), &s3.ListObjectsV2Input{Bucket: &c.bucket, Prefix: aws.String("name/log/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(c.Context())
		c.must(err)
		for _, o := range page.Contents {
			sizes[*o.Key] = *o.Size
		}
	}
	partial, bytes := 0, int64(0)
	for name, size := range sizes {
		bytes += size
		if full, _, ok := strings.Cut(name, ".p/"); ok {
			if partial++; sizes[full] != 0 {
				c.Errorf("%s outlives the full tile", name)
			}
		}
	}
	if len(sizes) == 0 {
		c.Error("nothing is mirrored")
	}
	c.Logf("the mirror has %d files, %d of them partial tiles: %d bytes", len(sizes), partial, bytes)
}
