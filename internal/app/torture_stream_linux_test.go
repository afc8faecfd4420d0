package app

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/store/streams"
)

// TestKillInMidStream kills a node while it hands an answer over in pieces. What is known afterwards is true: at least so much
// was delivered, no more than the client has, and the end is not known.
func TestKillInMidStream(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		killedInMidStream(t, map[string]string{})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		killedInMidStream(t, map[string]string{"postgres": storetest.Postgres(t)})
	})
}

func killedInMidStream(t *testing.T, flags map[string]string) {
	flags["sample-model"], flags["starter-library"] = "on", "on"
	d, settings := prepare(t, flags)
	for range rounds(1, 5) {
		n := startNode(t, settings)
		number, heard := d.hear(n, 3500*time.Millisecond)
		n.kill()
		d.afterCrash()
		d.lost(number, heard)
	}
}

// TestDatabaseDiesInMidStream kills PostgreSQL while an answer is handed over in pieces: it is ended, with a word about it,
// before anybody takes it for lost, and what is known afterwards is true.
func TestDatabaseDiesInMidStream(t *testing.T) {
	t.Parallel()
	for range rounds(0, 1) {
		server, err := storetest.StartServer(false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		h := behind(t, newOracle(t), map[string]string{"postgres": server.Database(t), "admission": "off"})
		res, lines := h.listen(t.Context())
		heard := h.spoken(lines, "word number 150")
		server.Halt()
		since := time.Now()
		for lines.Scan() {
			heard += lines.Text() + "\n"
		}
		if took := time.Since(since); took > 90*time.Second || strings.Contains(heard, "[DONE]") || !strings.Contains(heard, string(gateway.CodeUnkept)) {
			t.Errorf("after %v: %s", took, heard[max(0, len(heard)-500):])
		}
		if err := server.Resume(); err != nil {
			t.Fatal(err)
		}
		h.stop()
		h.lost(artefact.Number(res.Header.Get("Colophon-Number")), int64(len(heard)))
	}
}

// hear listens to a long answer for a while and returns its number and the bytes of text that came.
func (d *deployment) hear(n *node, limit time.Duration) (artefact.Number, int64) {
	d.Helper()
	body := `{"model":"` + sample.Text + `","stream":true,"messages":[{"role":"user","content":"[sample?say=` + strings.Repeat("one+word+after+the+other+", 2000) + `&slow=10ms]"}]}`
	req, err := http.NewRequestWithContext(d.Context(), "POST", "http://"+n.address+"/v1/chat/completions", strings.NewReader(body))
	d.must(err)
	for name, value := range map[string]string{"Authorization": "Bearer " + d.key, "Content-Type": "application/json", "Colophon-Account": "holder-1"} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	d.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.Fatal(resp.Status)
	}
	var heard int64
	until := time.Now().Add(limit)
	for lines := bufio.NewScanner(resp.Body); lines.Scan() && time.Now().Before(until); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var ev struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		d.must(json.Unmarshal([]byte(data), &ev))
		for _, c := range ev.Choices {
			heard += int64(len(c.Delta.Content))
		}
	}
	n.kill() // while the connection stands
	return artefact.Number(resp.Header.Get("Colophon-Number")), heard
}

// lost has another node find the stream, as it does after a while, and looks at what it recorded.
func (d *deployment) lost(number artefact.Number, heard int64) {
	d.Helper()
	s, err := OpenServer(d.Context(), d.config, d.set, d.output)
	d.must(err)
	defer func() { d.must(s.Close()) }()
	ahead := 3 * time.Minute
	later := gateway.New(gateway.Config{Streams: streams.New(s.store), Recorder: s.recorder, Now: func() time.Time { return time.Now().Add(ahead) }})
	for range 3 { // found, lost, and not lost again
		d.must(later.Sweep(d.Context()))
		ahead += time.Minute
	}
	held, err := s.store.RecordsAbout(d.Context(), string(number), 0, 50)
	d.must(err)
	var types []string
	for _, r := range held {
		if !strings.HasPrefix(string(r.Type), "gateway.") {
			continue
		}
		types = append(types, string(r.Type))
		if r.Type != gateway.RecordLost {
			continue
		}
		open, err := s.store.Payload(d.Context(), r.ID)
		d.must(err)
		var p struct {
			AtLeast int64  `json:"at_least"`
			Mark    string `json:"mark"`
			End     string `json:"end"`
		}
		d.must(json.Unmarshal(open.Payload, &p))
		if p.AtLeast <= 0 || p.AtLeast > heard || p.End != "unknown" || p.Mark == "" {
			d.Errorf("%+v, and the client has %d bytes", p, heard)
		}
		if _, err := s.store.Payload(d.Context(), p.Mark); err != nil {
			d.Error("the mark that it rests on:", err)
		}
	}
	if got := strings.Join(types, " "); got != "gateway.opened gateway.lost" {
		d.Error(got)
	}
}
