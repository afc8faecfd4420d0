package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	kept "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/review/inspection"
)

// lookers keeps inspections, whose reports it has in memory.
type lookers struct {
	*inspection.Keeper
	reports map[string][]byte
}

// Start implements httpapi.Inspections.
func (l lookers) Start(ctx context.Context, by kept.By, targets []inspection.Target, own bool) (inspection.Entry, error) {
	if own {
		targets = []inspection.Target{{Address: "https://studio.example/"}}
	}
	return l.Begin(ctx, by, targets, own, false)
}

// Progress implements httpapi.Inspections.
func (l lookers) Progress(string) (done, total int) { return 0, 1 }

// Report implements httpapi.Inspections.
func (l lookers) Report(ctx context.Context, id string) (*inspection.Report, []byte, error) {
	if _, err := l.Get(ctx, id); err != nil {
		return nil, nil, err
	}
	raw, ok := l.reports[id]
	if !ok {
		return nil, nil, &colophon.Error{Kind: colophon.Conflict, Code: inspection.CodeOpen}
	}
	r, err := inspection.Read(raw)
	return r, raw, err
}

// Paper implements httpapi.Inspections.
func (l lookers) Paper(_ *inspection.Report, digest, language, format string) ([]byte, error) {
	return []byte(digest + " " + language + " " + format), nil
}

func (w *world) openInspections(rec *evidence.Recorder) {
	w.Helper()
	w.config.Inspections = lookers{inspection.NewKeeper(ledgers.Of[inspection.Kept](w.store, inspection.Ledger), rec), map[string][]byte{}}
}

// looked is an inspection that ended, with one picture.
func (w *world) looked() (id, picture string) {
	w.Helper()
	l := w.config.Inspections.(lookers)
	e, err := l.Begin(w.Context(), kept.By{Role: "officer", ID: "somebody"}, []inspection.Target{{Address: "https://studio.example/"}}, false, false)
	w.must(err)
	var shot bytes.Buffer
	w.must(png.Encode(&shot, image.NewGray(image.Rect(0, 0, 2, 2))))
	r := &inspection.Report{Schema: inspection.Schema, Kind: "pages", Subjects: []inspection.Subject{{Kind: inspection.OfPage, Name: "https://studio.example/", Checks: []inspection.Check{{Rule: "number-shown", Outcome: inspection.Failed, Code: inspection.NumberNone}}}}}
	picture = r.Keep(shot.Bytes())
	book, err := inspection.Rules()
	w.must(err)
	r.Sum(book)
	raw, err := json.Marshal(r)
	w.must(err)
	sum := sha256.Sum256(raw)
	_, err = l.End(w.Context(), e.ID, r, hex.EncodeToString(sum[:]), "sha256:"+hex.EncodeToString(sum[:]))
	w.must(err)
	l.reports[e.ID] = raw
	return e.ID, picture
}

// inspectionExample makes the request of [world.example] for routes of mock inspections.
func (w *world) inspectionExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id, picture, query := strangeID, strings.Repeat("0", 64), ""
	if may && strings.Contains(row.Path, "{id}") {
		id, picture = w.looked()
	}
	var body any
	switch row.ID {
	case "inspections", "inspection", "inspection-report", "inspection-document":
	case "start-inspection":
		body = map[string]any{"own": true}
	case "inspection-picture":
		query = "?sha256=" + picture
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1)+query, body), true
}

// TestInspections goes through an inspection by the API.
func TestInspections(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.ask("POST", "/v1/inspections", map[string]any{}).as(w.key).once("none").wantCode(422, inspection.CodeNothing)
	w.ask("POST", "/v1/inspections", map[string]any{"targets": []map[string]any{{"address": "ftp://studio.example/"}}}).as(w.key).once("ftp").wantCode(422, inspection.CodeList)
	w.ask("POST", "/v1/inspections", map[string]any{"own": true, "targets": []map[string]any{{"address": "https://studio.example/"}}}).as(w.key).once("both").wantCode(422, httpapi.CodeFields)
	var begun client.Inspection
	w.ask("POST", "/v1/inspections", map[string]any{"targets": []map[string]any{{"address": "https://studio.example/made", "chosen": "main"}}}).as(w.key).once("one").want(201, &begun)
	if begun.State != "waiting" || begun.Targets[0].Chosen != "main" || begun.Looked != 0 {
		t.Errorf("%+v", begun)
	}
	w.ask("GET", "/v1/inspections/"+begun.ID+"/report", nil).as(w.key).wantCode(409, inspection.CodeOpen)
	id, picture := w.looked()
	var one client.Inspection
	w.ask("GET", "/v1/inspections/"+id, nil).as(w.key).want(200, &one)
	if one.State != "done" || one.Outcome != "failed" || one.SHA256 == "" || len(one.Headings) != len(inspection.Headings()) {
		t.Errorf("%+v", one)
	}
	server := httptest.NewServer(w.api)
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Key: w.key})
	w.must(err)
	list, _, err := c.Inspections(t.Context(), client.Listing{Filter: map[string][]string{"state": {"done"}}})
	if err != nil || len(list) != 1 || list[0].ID != id {
		t.Errorf("%+v %v", list, err)
	}
	from, err := c.InspectionReport(t.Context(), id)
	w.must(err)
	raw, err := io.ReadAll(from)
	w.must(err)
	from.Close()
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != one.SHA256 {
		t.Error("the report is not what its digest says")
	}
	from, err = c.InspectionPicture(t.Context(), id, picture)
	w.must(err)
	if _, err := png.Decode(from); err != nil {
		t.Error(err)
	}
	from.Close()
	if _, err := c.InspectionPicture(t.Context(), id, strings.Repeat("a", 64)); err == nil {
		t.Error("a picture that is in no report was handed out")
	}
	from, err = c.InspectionDocument(t.Context(), id, "pdf", "en")
	w.must(err)
	if text, err := io.ReadAll(from); err != nil || string(text) != one.SHA256+" en pdf" {
		t.Errorf("%s %v", text, err)
	}
	from.Close()
}
