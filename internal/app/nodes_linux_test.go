package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/tlog"
)

// nodeFlags makes the test program a server with these settings, as JSON.
const nodeFlags = "COLOPHON_TEST_NODE"

// serveNode serves until the standard input ends, which it does with the parent too.
func serveNode(text string) int {
	var flags map[string]string
	err := json.Unmarshal([]byte(text), &flags)
	if err == nil {
		err = runNode(flags)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ended:", err)
		return 1
	}
	return 0
}

func runNode(flags map[string]string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	c, v, err := Config{}.Serve(flags, "", func(string) string { return "" })
	if err != nil {
		return err
	}
	s, err := OpenServer(ctx, c, v, os.Stderr)
	if err != nil {
		return err
	}
	err = s.Run(ctx, func(address string) { fmt.Println(address) })
	if closed := s.Close(); err == nil {
		err = closed
	}
	return err
}

// node is a server in a process of its own.
type node struct {
	*testing.T
	cmd     *exec.Cmd
	stdin   io.Closer
	output  *bytes.Buffer // of its log; to be read when it has ended
	address string        // empty when it ended before it listened
	ended   chan struct{}
	err     error // how it ended
}

// launch starts a node. Its address comes when it listens; the channel is closed when it never will.
func launch(t *testing.T, flags map[string]string) (*node, <-chan string) {
	t.Helper()
	all := map[string]string{"listen": "127.0.0.1:0", "producer": trial, "log-name": "colophon.test/log", "rate": "100000", "log-level": "warn", "starter-library": "off", "admission": "off"}
	maps.Copy(all, flags)
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{T: t, cmd: exec.Command(os.Args[0]), output: new(bytes.Buffer), ended: make(chan struct{})}
	n.cmd.Env = append(os.Environ(), nodeFlags+"="+string(text))
	n.cmd.Stderr = n.output
	if n.stdin, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil {
			address <- strings.TrimSpace(line)
		}
		close(address)
		_, _ = io.Copy(io.Discard, out)
		n.err = n.cmd.Wait()
		close(n.ended)
	}()
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("the log of %s ends with\n%s", n.address, n.output.String())
		}
	})
	return n, address
}

// startNode starts a node and waits until it listens.
func startNode(t *testing.T, flags map[string]string) *node {
	t.Helper()
	n, address := launch(t, flags)
	if n.address = <-address; n.address == "" {
		<-n.ended
		t.Fatalf("the node did not start: %v", n.err)
	}
	return n
}

// kill ends the process at once.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it may have ended
	<-n.ended
}

// stop has the process end in good order.
func (n *node) stop() {
	n.Helper()
	n.stdin.Close()
	<-n.ended
	if n.err != nil {
		n.Errorf("the node ended with %v", n.err)
	}
}

// client uses a deployment through its nodes, as a balancer spreads its requests.
type client struct {
	*testing.T
	key  string
	http http.Client

	mu    sync.Mutex
	nodes []*node
	next  int
	sent  []*item
	keep  map[string]string // what a server that ended is started again with; nil for not at all
}

func newClient(t *testing.T, key string, nodes ...*node) *client {
	return &client{T: t, key: key, nodes: nodes, http: http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

func (c *client) use(nodes ...*node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes = nodes
}

// turn is the node whose turn it is.
func (c *client) turn() *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return c.nodes[c.next%len(c.nodes)]
}

// again starts a server that ended, as a service manager does, and reports whether there is somebody to do so.
func (c *client) again(n *node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keep != nil && c.nodes[0] == n {
		<-n.ended
		next, address := launch(c.T, c.keep)
		if next.address = <-address; next.address == "" {
			next.address = n.address // where nobody listens: tried again at the next request
		}
		c.nodes[0] = next
	}
	return c.keep != nil
}

// send makes a request of one node. The error is that of the connection.
func (c *client) send(n *node, method, path string, body []byte, headers ...string) (int, http.Header, []byte, error) {
	req, err := http.NewRequest(method, "http://"+n.address+path, bytes.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Colophon-Account", account)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, answer, err
}

// item is something that a client has marked.
type item struct {
	key, kind string
	body      []byte
	made      httpapi.Artefact // its number is empty while nobody acknowledged it
}

// newItem makes a text, or a small picture. No two are the same.
func newItem(t *testing.T, picture bool) *item {
	t.Helper()
	it := &item{key: rand.Text(), kind: "text/plain", body: []byte("Some words, " + rand.Text() + ".\n")}
	if picture {
		img := image.NewRGBA(image.Rect(0, 0, 96, 96))
		if _, err := rand.Read(img.Pix[:4*96*8]); err != nil {
			t.Fatal(err)
		}
		img.Set(90, 90, color.White)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		it.kind, it.body = "image/jpeg", b.Bytes()
	}
	return it
}

// item makes an item and remembers it.
func (c *client) item(picture bool) *item {
	it := newItem(c.T, picture)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, it)
	return it
}

// post sends an item to a node. The problem is what the node says where it refuses.
func (c *client) post(n *node, it *item) (status int, replayed bool, p httpapi.Problem, err error) {
	status, h, answer, err := c.send(n, "POST", "/v1/artefacts?function=person", it.body, "Content-Type", it.kind, "Idempotency-Key", it.key)
	if err != nil {
		return 0, false, p, err
	}
	into := any(&p)
	var made httpapi.Artefact
	if status == http.StatusCreated {
		into = &made
	} else if got := h.Get("Content-Type"); got != "application/problem+json" {
		c.Errorf("%d comes with %s: %s", status, got, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		c.Errorf("%d: %v: %s", status, err, answer)
	}
	if status == http.StatusCreated {
		if made.State != artefact.Marked || made.After == "" {
			c.Errorf("acknowledged as %+v", made)
		}
		if it.made.Number != "" && it.made.Number != made.Number {
			c.Errorf("one key made %s and %s", it.made.Number, made.Number)
		}
		it.made = made
	}
	return status, h.Get("Idempotency-Replayed") == "true", p, nil
}

// holds gets the bytes of an item from a node and compares them with what was acknowledged.
func (c *client) holds(n *node, it *item) {
	c.Helper()
	status, _, content, err := c.send(n, "GET", "/v1/artefacts/"+string(it.made.Number)+"/content", nil)
	if err != nil || status != http.StatusOK {
		c.Errorf("%s was acknowledged and is not there: %d %v %s", it.made.Number, status, err, content)
		return
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != it.made.After {
		c.Errorf("%s holds other bytes than were acknowledged", it.made.Number)
	}
}

// logged reports whether all records of an item are in the log that a node shows: it makes the bundle then.
func (c *client) logged(n *node, it *item) bool {
	status, _, answer, err := c.send(n, "GET", "/v1/artefacts/"+string(it.made.Number)+"/bundle", nil)
	if err != nil || status != http.StatusOK && status != http.StatusConflict && status != http.StatusServiceUnavailable {
		c.Errorf("the bundle of %q: %d %v %s", it.made.Number, status, err, answer)
	}
	return status == http.StatusOK
}

// checkpoint is the size of the log that a node shows.
func (c *client) checkpoint(n *node) (evidence.Checkpoint, bool) {
	status, _, raw, err := c.send(n, "GET", "/v1/log/checkpoint", nil)
	if err != nil || status != http.StatusOK {
		return evidence.Checkpoint{}, false
	}
	_, _, key, err := c.send(n, "GET", "/v1/log/key", nil)
	if err != nil {
		return evidence.Checkpoint{}, false
	}
	cp, err := evidence.ParseCheckpoint(raw, verifiers(c.T, string(key))...)
	if err != nil {
		c.Errorf("a checkpoint that does not verify: %v", err)
	}
	return cp, err == nil
}

// until asks again, every few milliseconds, and fails when it takes too long. It returns how long it took.
func until(t *testing.T, limit time.Duration, what string, ready func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		if time.Since(begun) > limit {
			t.Fatalf("%s: not within %v", what, limit)
		}
		<-tick.C
	}
	return time.Since(begun)
}

// audit looks at the data of a deployment that does not run: each acknowledged item is there once with its records, each
// other one at most once; and the log fits the store. It counts those that nobody acknowledged: marked, and received alone.
func (d *deployment) audit(items []*item) (untold, stuck int) {
	d.Helper()
	s, err := openPart(d.Context(), d.config, d.set)
	d.must(err)
	defer s.Close()
	for _, it := range items {
		found, _, err := s.register.Find(d.Context(), artefact.Query{Digest: sha256.Sum256(it.body)}, "", 10)
		d.must(err)
		if len(found) > 1 || it.made.Number != "" && len(found) != 1 {
			d.Errorf("an item, number %q, is there %d times: %+v", it.made.Number, len(found), found)
		}
		if len(found) != 1 {
			continue
		}
		if it.made.Number == "" {
			if found[0].State == artefact.Received {
				stuck++
			} else {
				untold++
			}
			continue
		}
		if found[0].Number != it.made.Number || hex.EncodeToString(found[0].After[:]) != it.made.After {
			d.Errorf("%s became %+v", it.made.Number, found[0])
		}
		held, err := s.store.RecordsAbout(d.Context(), string(it.made.Number), 0, 100)
		d.must(err)
		count := map[evidence.Type]int{}
		for _, h := range held {
			count[h.Type]++
			if h.Index < 0 {
				d.Errorf("record %d is not in the log", h.Sequence)
			}
		}
		if count[artefact.RecordReceived] != 1 || count[artefact.RecordMarked] != 1 || count[artefact.RecordFailed] != 0 {
			d.Errorf("%s has records %v", it.made.Number, count)
		}
	}
	d.checked()
	if s.set.Postgres != "" {
		d.must(s.openBlobs(d.Context()))
		names, err := s.blobs.Names("log", "checkpoint")
		d.must(err)
		report, err := tlog.Fsck(d.Context(), tlog.FsckConfig{Source: names, Checkpoints: s.store, Origin: s.set.LogName, Verifiers: s.keys.Verifiers, Records: s.store.Records(d.Context(), true)})
		d.must(err)
		if report.Verdict != colophon.Passed {
			d.Errorf("the mirror: %+v", report)
		}
	}
	return untold, stuck
}

// prepare makes a deployment with a key, so that nodes can be started on its data. It returns their settings.
func prepare(t *testing.T, flags map[string]string) (*deployment, map[string]string) {
	t.Helper()
	all := map[string]string{"data": t.TempDir()}
	maps.Copy(all, flags)
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, all)
	var err error
	d.server, err = OpenServer(t.Context(), d.config, d.set, d.output)
	d.must(err)
	d.join()
	d.must(d.server.Close())
	return d, all
}
