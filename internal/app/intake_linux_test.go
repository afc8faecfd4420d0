package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/label"
)

const trialPlatform = "001191110000000000000E20000"

// told is a program of a platform that is told what happens.
type told struct {
	*httptest.Server
	mu  sync.Mutex
	got []struct {
		header http.Header
		body   []byte
	}
	refuse int // so many times
}

func hearing(t *testing.T, refuse int) *told {
	t.Helper()
	o := &told{refuse: refuse}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.refuse--; err != nil || o.refuse >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		o.got = append(o.got, struct {
			header http.Header
			body   []byte
		}{r.Header.Clone(), text})
	}))
	t.Cleanup(o.Close)
	return o
}

// fieldsOf reads the one label of a file.
func fieldsOf(t *testing.T, file []byte) label.Fields {
	t.Helper()
	report, err := label.Read(media.Memory(file), label.Options{})
	if err != nil || len(report.Marks) != 1 {
		t.Fatal(report, err)
	}
	return report.Marks[0].Fields
}

// TestIntakeOfAPlatform runs a platform's day: an upload by the API, a bucket on a real S3 server, and a program that is told
// of both, by the job queue, again after it refused the first time.
func TestIntakeOfAPlatform(t *testing.T) {
	t.Parallel()
	other := hearing(t, 1)
	s3 := blobtest.StartS3(t)
	name := s3.NewBucket(t)
	d := &deployment{T: t, output: new(bytes.Buffer)}
	d.config, d.set = settings(t, map[string]string{"platform": trialPlatform, "webhook-hosts": strings.TrimPrefix(other.URL, "http://")})
	d.set.Buckets = []Bucket{{Name: "uploads", Address: s3.Address(name)}}
	d.start()
	actor := d.join()
	by := ledger.By{Role: "officer", ID: string(actor.Account)}
	_, secret, err := d.server.uploads.hooks.Add(t.Context(), by, webhook.Draft{URL: other.URL + "/hook", Types: []string{"*"}})
	d.must(err)
	reader, err := standardwebhooks.NewWebhook(secret)
	d.must(err)

	picture := jpegSample(t)
	var one httpapi.Intake
	d.json(&one, "POST", "/v1/intake?declaration=generated&asked=true", picture, 201)
	_, marked := d.ask("GET", "/v1/intake/"+one.ID+"/content", nil, 200)
	if f := fieldsOf(t, marked); f.Label != "2" || f.ContentPropagator != trialPlatform || f.PropagateID != one.Number || f.ReservedCode2 == "" {
		t.Errorf("%+v", f)
	}

	objects, err := blob.OpenObjects(t.Context(), s3.Address(name))
	d.must(err)
	d.must(objects.Write(t.Context(), "in/a.jpg", "image/jpeg", bytes.NewReader(marked)))
	d.must(objects.Write(t.Context(), "in/b.jpg", "image/jpeg", bytes.NewReader(picture)))
	var scan httpapi.BucketScan
	d.json(&scan, "POST", "/v1/intake-scans", []byte(`{"bucket":"uploads","prefix":"in/","to":"out/","tag":true}`), 201, "Content-Type", "application/json")
	d.until("/v1/intake-scans/"+scan.ID, func(_ int, body []byte) bool { return json.Unmarshal(body, &scan) == nil && scan.State == "done" })
	if scan.Files != 2 || scan.States["possible"] != 1 || scan.States["none"]+scan.States["suspected"] != 1 || scan.Troubles != 0 {
		t.Errorf("%+v", scan)
	}
	d.ask("POST", "/v1/intake-scans", []byte(`{"bucket":"others"}`), 404, "Content-Type", "application/json")

	// All messages come, though the first attempt was refused and has to wait for its second.
	seen := map[string]bool{}
	for len(seen) < 4 {
		other.mu.Lock()
		got := other.got
		other.mu.Unlock()
		for _, g := range got {
			d.must(reader.Verify(g.body, g.header))
			var m struct {
				Type string
				Data struct{ Intake, Scan string }
			}
			d.must(json.Unmarshal(g.body, &m))
			seen[m.Type+" "+m.Data.Intake] = true
			if bytes.Contains(g.body, []byte("in/a.jpg")) || bytes.Contains(g.body, []byte(person)) {
				t.Errorf("a message names a file or a person: %s", g.body)
			}
		}
		d.must(wait(t.Context(), refreshEvery/20))
	}
	if !seen["intake.taken "+one.ID] || !seen["intake.scan-ended "] {
		t.Error(seen)
	}
	list, _, err := d.server.uploads.hooks.Messages(t.Context(), "", ledger.Query{})
	d.must(err)
	tries := 0
	for _, m := range list {
		tries += m.Value.Tried
	}
	if len(list) != 4 || tries < 5 {
		t.Errorf("%d messages, sent %d times", len(list), tries)
	}
	d.stop()
	if strings.Contains(d.output.String(), "in/a.jpg") || strings.Contains(d.output.String(), secret) {
		t.Error("the log names a file, or a secret")
	}
}
