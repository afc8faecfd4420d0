package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/register/filing"
	filed "github.com/colophon-project/colophon/register/list"
	"github.com/colophon-project/colophon/staff"
)

// archivist keeps files of filings for the tests, knows what is filed, and spells documents in place of drawing them.
type archivist struct {
	*blobs
	calendar workday.Calendar
	refuses  error // what the register says, the next time
}

func (a *archivist) Known(_ context.Context, function string) (filing.Known, error) {
	if function == "missing" {
		return filing.Known{}, &colophon.Error{Kind: colophon.Missing, Code: "function-missing"}
	}
	return filing.Known{Facts: "facts", Role: "provider", Entity: "示例科技有限公司"}, nil
}

func (a *archivist) Keep(ctx context.Context, from io.Reader) (filing.Keyed, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return filing.Keyed{}, err
	}
	sum := sha256.Sum256(text)
	ref, err := a.Put(ctx, bytes.NewReader(text))
	return filing.Keyed{File: filing.File{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)), Type: "application/pdf", Blob: ref}, Key: []byte("key")}, err
}

func (a *archivist) Open(ctx context.Context, f filing.Keyed) (io.ReadCloser, error) {
	return a.blobs.Open(ctx, f.Blob)
}

func (a *archivist) Draw(_ context.Context, d filing.Draft, people *filing.People, id string, f media.Format) ([]byte, error) {
	name := ""
	if people != nil {
		name = people.Legal.Name
	}
	return []byte(string(f) + " of " + id + " " + d.Kit.Algorithm.Name + " " + name), nil
}

func (a *archivist) Clocks(days filing.Days) []filing.Clock {
	return filing.Clocks(a.calendar, days, time.Now())
}

func (a *archivist) Decided(_ context.Context, _ ledger.By, _ filing.Draft) error {
	err := a.refuses
	a.refuses = nil
	return err
}

func (a *archivist) Spool(_ context.Context, from io.Reader) (media.Source, func() error, error) {
	text, err := io.ReadAll(from)
	return bytes.NewReader(text), func() error { return nil }, err
}

func (a *archivist) Ours(context.Context) ([]httpapi.OwnNumber, error) {
	return []httpapi.OwnNumber{{Own: filed.Own{Number: listedNumber, Name: "示例对话算法"}, Function: "draw"}}, nil
}

const listedNumber = "网信算备110108000000001260015号"

// openFilings adds filings and published lists to the world.
func (w *world) openFilings(kept *blobs, rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	calendar, err := workday.Known()
	w.must(err)
	desk := &archivist{blobs: kept, calendar: calendar}
	w.config.FilingDesk, w.config.ListDesk = desk, desk
	w.config.Filings = filing.New(filing.Config{Filings: ledgers.Of[filing.Draft](w.store, filing.Ledger), Recorder: rec, Keys: keys, Source: desk})
	w.config.FilingLists = filed.New(ledgers.Of[filed.Batch](w.store, filed.Ledger), rec)
}

// kitOf is a kit that nothing is wrong with, with a file as every annex.
func (w *world) kitOf(file filing.Keyed) filing.Kit {
	w.Helper()
	raw, err := os.ReadFile("../../register/filing/testdata/kit.json")
	w.must(err)
	k, err := filing.ParseKit(raw)
	w.must(err)
	k.Subject.Licence = file.SHA256
	shots := []filing.Shot{{SHA256: file.SHA256, Caption: "截图"}}
	k.Report.Marking.Shots, k.Report.Rights.Shots, k.Report.Ecology.Shots, k.Labels.Places, k.Labels.Reading = shots, shots, shots, shots, shots
	return k
}

// filingIn is a filing that has come as far as a state, of a function of its own, with one file.
func (w *world) filingIn(s filing.State) filing.Draft {
	w.Helper()
	by, other := ledger.By{Role: "engineer", ID: "writer"}, ledger.By{Role: "officer", ID: "approver"}
	w.filings++
	d, err := w.config.Filings.Draft(w.Context(), by, fmt.Sprintf("draw-%d", w.filings))
	w.must(err)
	file, err := w.config.FilingDesk.Keep(w.Context(), strings.NewReader(receiptPDF))
	w.must(err)
	kit := w.kitOf(file)
	person := filing.Person{Name: "某人", ID: "某号", Phone: "000"}
	d, err = w.config.Filings.Write(w.Context(), by, d.ID, filing.Writing{Kit: kit, People: &filing.People{Legal: person, Responsible: person, Contact: person, Head: person}})
	w.must(err)
	for _, kind := range []string{"licence", "commitment"} {
		next := file
		if kind == "commitment" {
			next, err = w.config.FilingDesk.Keep(w.Context(), strings.NewReader(receiptPDF+" of another"))
			w.must(err)
		}
		d, err = w.config.Filings.Attach(w.Context(), by, d.ID, filing.Attachment{Keyed: next, Kind: kind, Name: kind})
		w.must(err)
	}
	for _, step := range []struct {
		to   filing.State
		take func() (filing.Draft, error)
	}{
		{filing.Drafted, nil},
		{filing.Proposed, func() (filing.Draft, error) { return w.config.Filings.Propose(w.Context(), by, d.ID) }},
		{filing.Approved, func() (filing.Draft, error) { return w.config.Filings.Approve(w.Context(), other, d.ID) }},
		{filing.Submitted, func() (filing.Draft, error) {
			return w.config.Filings.Submit(w.Context(), other, d.ID, filing.Submission{Proof: file.SHA256, At: w.clock.Now()}, file)
		}},
		{filing.Filed, func() (filing.Draft, error) {
			return w.config.Filings.Decide(w.Context(), other, d.ID, filing.Decision{Filed: true, Number: listedNumber, At: w.clock.Now()})
		}},
	} {
		if step.take != nil {
			d, err = step.take()
			w.must(err)
		}
		if step.to == s {
			break
		}
	}
	return d
}

// filingExample makes the request of [world.example] for routes of filings and of published lists.
func (w *world) filingExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	at := w.clock.Now().Format(time.RFC3339)
	switch row.ID {
	case "filing-form", "filings", "public-algorithms", "filing-lists", "filing-list-rows", "filing-list-own":
		return w.ask(row.Method, row.Path, nil), true
	case "filing-list-number":
		return w.ask(row.Method, row.Path+"?number="+url.QueryEscape(listedNumber), nil), true
	case "draft-filing":
		w.filings++
		return w.ask(row.Method, row.Path, map[string]any{"function": fmt.Sprintf("new-%d", w.filings)}), true
	case "import-filing-list":
		return w.ask(row.Method, row.Path+"?series=deep-synthesis&batch=2026-07&published=2026-07-01", []byte(publishedCSV)), true
	case "filing-list", "withdraw-filing-list":
		path := strings.Replace(row.Path, "{id}", w.imported(may), 1)
		if row.ID == "filing-list" {
			return w.ask(row.Method, path, nil), true
		}
		return w.ask(row.Method, path, map[string]any{"reason": "a mistake"}), true
	case "filing", "filing-findings", "read-filing-people", "filing-documents", "filing-document", "filing-package", "filing-file", "propose-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Drafted, may), nil), true
	case "approve-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Proposed, may), nil), true
	case "amend-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Filed, may), nil), true
	case "return-filing", "withdraw-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Proposed, may), map[string]any{"note": "Why."}), true
	case "write-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Drafted, may), map[string]any{"kit": map[string]any{}}), true
	case "detach-from-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Drafted, may), map[string]any{"sha256": receiptSum()}), true
	case "decide-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Submitted, may), map[string]any{"filed": true, "number": listedNumber, "at": at}), true
	case "cancel-filing":
		return w.ask(row.Method, w.filingPath(row, filing.Filed, may), map[string]any{"ended": at, "handed": at, "note": "Users were told."}), true
	case "attach-to-filing":
		return w.multipart(w.filingPath(row, filing.Drafted, may), "kind", "other", "title", "another", "file", receiptPDF+" of something else"), true
	case "submit-filing":
		return w.multipart(w.filingPath(row, filing.Approved, may), "reference", "R-1", "at", at, "file", receiptPDF+" of the submission"), true
	}
	return call{}, false
}

func receiptSum() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(receiptPDF))) }

// imported is a list that was imported, for whoever may see it.
func (w *world) imported(may bool) string {
	w.Helper()
	if !may {
		return strangeID
	}
	f, err := filed.Read(strings.NewReader(publishedCSV))
	w.must(err)
	b, _, err := w.config.FilingLists.Import(w.Context(), ledger.By{Role: "officer", ID: "somebody"}, filed.About{Series: filed.DeepSynthesis, Name: "2026-01", Published: "2026-01-02"}, f)
	w.must(err)
	return b.ID
}

func (w *world) filingPath(row httpapi.Row, s filing.State, may bool) string {
	id := strangeID
	if may {
		id = w.filingIn(s).ID
	}
	return strings.NewReplacer("{id}", id, "{document}", "report", "{sha256}", receiptSum()).Replace(row.Path)
}

// publishedCSV is a list as others pass it on.
const publishedCSV = "序号,算法名称,角色,主体名称,应用产品,主要用途,备案编号,备注\n1,示例对话算法,服务提供者,示例科技有限公司,示例（APP）,应用于对话场景,网信算备110108000000001260015号,\n"

// TestFilingLists imports a list and finds our number on it, and has the register not take a number at first.
func TestFilingLists(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	var out struct {
		List   httpapi.FilingList
		Doubts []httpapi.FilingRow
	}
	w.ask("POST", "/v1/filing-lists?series=deep-synthesis&batch=2026-07&published=2026-07-01", []byte("nothing")).by(officer).wantCode(422, filed.CodeHeader)
	w.ask("POST", "/v1/filing-lists?series=deep-synthesis&batch=2026-07&published=2026-07-01", []byte(publishedCSV)).by(officer).want(201, &out)
	if out.List.Counts.Rows != 1 || len(out.Doubts) != out.List.Counts.Doubtful+out.List.Counts.Unreadable {
		t.Errorf("%+v", out)
	}
	var a httpapi.ListAnswer
	w.ask("GET", "/v1/filing-lists/number?number="+url.QueryEscape(listedNumber), nil).by(officer).want(200, &a)
	raw, err := json.Marshal(a)
	w.must(err)
	// What the register did not take is told, and the same decision once more enters it.
	desk, path := w.config.FilingDesk.(*archivist), "/v1/filings/"+w.filingIn(filing.Submitted).ID
	at := w.clock.Now()
	for step, said := range map[string]map[string]any{":decide": {"filed": true, "number": listedNumber, "at": at}, ":cancel": {"ended": at, "handed": at, "note": "Users were told."}} {
		if step == ":cancel" {
			path = "/v1/filings/" + w.filingIn(filing.Filed).ID
		}
		desk.refuses = &colophon.Error{Kind: colophon.Conflict, Code: "function-step"}
		w.ask("POST", path+step, said).by(officer).wantCode(409, "function-step")
		w.ask("POST", path+step, said).by(officer).want(200, nil)
	}
	if a.Number == nil || len(a.Hits) != 1 || strings.Contains(strings.ToLower(string(raw)), "valid") {
		t.Errorf("%s", raw)
	}
}
