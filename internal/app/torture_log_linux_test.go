package app

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/tlog"
)

// TestSpoiltLog has a server find a log that it can't go on with: it stops by itself and says why, when it starts and
// while it runs.
func TestSpoiltLog(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	d.join()
	grow := func() {
		t.Helper()
		var a struct{ Number string }
		d.json(&a, "POST", "/v1/artefacts?function=other", []byte("some words"), http.StatusCreated, "Content-Type", "text/plain")
		d.until("/v1/artefacts/"+a.Number+"/bundle", func(status int, _ []byte) bool { return status == http.StatusOK })
	}
	grow()
	d.stop()
	older := filepath.Join(t.TempDir(), "older")
	d.must(os.CopyFS(older, os.DirFS(d.set.Log)))
	d.start()
	grow()
	d.stop()
	newer := d.set.Log + ".newer"
	d.must(os.Rename(d.set.Log, newer))
	d.must(os.Rename(older, d.set.Log))
	d.stops(tlog.CodeRolledBack, nil)
	d.must(os.RemoveAll(d.set.Log))
	d.must(os.Rename(newer, d.set.Log))

	s, err := openPart(t.Context(), d.config, d.set)
	d.must(err)
	c, err := tlog.NewReader(tlog.Folder(d.set.Log), s.store, d.set.LogName, s.keys.Verifiers...).Checkpoint(t.Context())
	d.must(err)
	d.must(s.Close())
	tile := filepath.Join(d.set.Log, "tile", "0", "000.p", strconv.FormatUint(c.Size, 10))
	good, err := os.ReadFile(tile)
	d.must(err)
	bad := bytes.Clone(good)
	bad[7] ^= 1
	d.must(os.WriteFile(tile, bad, 0o600))
	d.stops(tlog.CodeSplitView, nil)
	d.must(os.WriteFile(tile, good, 0o600))
	d.stops(tlog.CodeSplitView, func() { // the tiles are changed under the server, which then has something to add
		grow()
		until(t, 10*time.Second, "a checkpoint over all", func() bool {
			all, _, _, err := d.server.store.Count(t.Context())
			d.must(err)
			c, err := d.server.reader.Checkpoint(t.Context())
			d.must(err)
			return c.Size == uint64(all)
		})
		partial, err := filepath.Glob(filepath.Join(d.set.Log, "tile", "0", "000.p", "*"))
		d.must(err)
		for _, name := range partial {
			d.must(os.WriteFile(name, bytes.Repeat([]byte{1}, 256*32), 0o600))
		}
		req, err := http.NewRequest("POST", "http://"+d.address+"/v1/artefacts?function=other", strings.NewReader("other words"))
		d.must(err)
		req.Header.Set("Authorization", "Bearer "+d.key)
		req.Header.Set("Colophon-Account", account)
		req.Header.Set("Content-Type", "text/plain")
		res, err := http.DefaultClient.Do(req)
		d.must(err)
		d.must(res.Body.Close())
	})
}

// stops runs a server that ends by itself. What happens is run when it listens.
func (d *deployment) stops(code colophon.Code, happens func()) {
	d.Helper()
	s, err := OpenServer(d.Context(), d.config, d.set, d.output)
	if isCode(err, code) && happens == nil {
		return
	}
	d.must(err)
	d.server = s
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.Context()), 30*time.Second)
	defer cancel()
	listening, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(address string) { listening <- address }) }()
	if happens != nil {
		select {
		case d.address = <-listening:
			happens()
		case err := <-ended:
			d.Fatal(err)
		}
	}
	if err := <-ended; !isCode(err, code) || ctx.Err() != nil {
		d.Errorf("it ended with %v, want %s", err, code)
	}
	d.must(s.Close())
}
