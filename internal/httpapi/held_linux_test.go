package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/staff"
)

// act does what the program does now and then: it acts on what people decided.
func (w *world) act() int {
	w.Helper()
	n, err := w.config.Docket.Tell(w.Context(), "system", func(ctx context.Context, it moderation.Item) error {
		if err := w.screens.court.Decided(ctx, it); err != nil || it.About == "" {
			return err
		}
		if it.Outcome == moderation.Release {
			return w.line.Release(ctx, artefact.Number(it.About), it.Why.Judgement)
		}
		return w.line.Refuse(ctx, artefact.Number(it.About))
	})
	w.must(err)
	return n
}

// TestHeld has two people decide about what waits, and a report filed.
func TestHeld(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	reviewer, officer, auditor := w.people[staff.Reviewer], w.people[staff.Officer], w.people[staff.Auditor]
	words := "问：" + reviewed + "？"
	v := w.screen(asked("input", words))
	at := "/v1/held/" + v.Held
	var it httpapi.HeldItem
	w.ask("GET", at, nil).by(auditor).want(200, &it)
	if it.State != "waiting" || it.Judgement != v.ID || it.Queue != "general" || len(it.Findings) != 1 || it.Findings[0].Rule != "t-fraud" || !it.Findings[0].Illegal || it.Deadline.Before(w.clock.Now()) {
		t.Errorf("%+v", it)
	}
	w.ask("GET", at+"/content", nil).by(reviewer).wantCode(403, moderation.CodeNotYours)
	w.ask("POST", at+":decide", map[string]any{"decision": "release"}).by(reviewer).wantCode(403, moderation.CodeNotYours)
	var next struct{ Item *httpapi.HeldItem }
	w.ask("POST", "/v1/held:next", nil).by(reviewer).want(200, &next)
	if next.Item == nil || next.Item.ID != v.Held || next.Item.Reviewer != string(reviewer.Account.ID) {
		t.Fatalf("%+v", next)
	}
	w.ask("POST", at+":take", nil).by(officer).wantCode(409, moderation.CodeTaken)
	var lease struct{ Lease time.Time }
	w.clock.Set(w.clock.Now().Add(time.Minute))
	w.ask("POST", at+":extend", nil).by(reviewer).want(200, &lease)
	if !lease.Lease.After(*next.Item.Lease) {
		t.Error(lease)
	}
	w.ask("POST", at+":decide", map[string]any{"decision": "release"}).by(reviewer).wantCode(403, moderation.CodeUnread)
	out := w.ask("GET", at+"/content", nil).by(reviewer).want(200, nil)
	if !strings.Contains(out.Body.String(), words) || out.Header().Get("Content-Type") != "text/plain; charset=utf-8" || out.Header().Get("Colophon-Held-Format") != "parts" {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	w.ask("POST", at+":decide", map[string]any{"decision": "refuse"}).by(reviewer).wantCode(422, moderation.CodeInvalid)
	ruling := map[string]any{"decision": "refuse-and-measure", "reason": "fraud", "measure": "suspend", "note": "seen before"}
	w.ask("POST", at+":decide", ruling).by(reviewer).want(200, &it)
	if it.State != "waiting" || it.Stage != "second" || it.Outcome != "" {
		t.Errorf("%+v", it)
	}
	w.ask("POST", at+":take", nil).by(reviewer).wantCode(403, moderation.CodeOwn)
	var board struct{ Items []httpapi.HeldItem }
	w.ask("GET", "/v1/held/board?queue=news", nil).by(officer).want(200, &board)
	if len(board.Items) != 0 {
		t.Errorf("%+v", board)
	}
	w.ask("GET", "/v1/held/board?queue=news&queue=general&category=fraud&surface=input", nil).by(officer).want(200, &board)
	if len(board.Items) != 1 || board.Items[0].Measure != "" || board.Items[0].Reason != "" {
		t.Errorf("the second person is told what the first one did: %+v", board)
	}
	w.ask("POST", at+":take", nil).by(officer).want(200, nil)
	w.ask("POST", at+":return", nil).by(officer).want(200, nil)
	w.ask("POST", at+":take", nil).by(officer).want(200, nil)
	decided := w.ask("POST", at+":decide", ruling).by(officer).with("Idempotency-Key", "k-1").want(200, &it)
	if it.State != "decided" || it.Outcome != "refuse-and-measure" || it.Measure != "suspend" {
		t.Errorf("%+v", it)
	}
	again := w.ask("POST", at+":decide", ruling).by(officer).with("Idempotency-Key", "k-1").want(200, nil)
	if again.Header().Get("Idempotency-Replayed") != "true" || again.Body.String() != decided.Body.String() {
		t.Errorf("%v %s", again.Header(), again.Body)
	}
	var f httpapi.HeldFigures
	figures := func() httpapi.HeldFigures {
		w.ask("GET", "/v1/held/figures?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", nil).by(auditor).want(200, &f)
		return f
	}
	if f := figures(); f.Decided != 1 || f.MedianSeconds != 60 || f.Unacted != 1 || f.DutiesOpen != 0 {
		t.Errorf("%+v", f)
	}
	if n := w.act() + w.act(); n != 1 {
		t.Errorf("%d outcomes were acted upon", n)
	}
	if f := figures(); f.Unacted != 0 || f.DutiesOpen != 1 {
		t.Errorf("%+v", f)
	}
	w.ask("GET", "/v1/held/figures?from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z", nil).by(auditor).wantCode(422, httpapi.CodeFields)
	w.ask("GET", "/v1/held/"+strangeID, nil).by(auditor).wantCode(404, moderation.CodeMissing)
	w.silent(words, reviewed, "seen before")
}

// TestLongContent has a person read what is too long for a row.
func TestLongContent(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	reviewer := w.people[staff.Reviewer]
	long := strings.Repeat("长文 ", moderation.MaxText/7) + reviewed
	file := map[string]any{"surface": "input", "parts": []any{map[string]any{"name": "file", "data": text(reviewed)}}}
	for _, c := range []struct {
		body         any
		format, want string
	}{{asked("input", long), "parts", long}, {file, "file", reviewed + "\n"}} {
		v := w.screen(c.body)
		at := "/v1/held/" + v.Held
		w.ask("POST", at+":take", nil).by(reviewer).want(200, nil)
		out := w.ask("GET", at+"/content", nil).by(reviewer).want(200, nil)
		if out.Header().Get("Content-Disposition") != "attachment" || out.Header().Get("Colophon-Held-Format") != c.format || !strings.Contains(out.Body.String(), c.want) {
			t.Errorf("%v %.100s", out.Header(), out.Body)
		}
	}
	w.silent("长文", reviewed)
}

// TestReportDuties files and dismisses duties.
func TestReportDuties(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, reviewer := w.people[staff.Officer], w.people[staff.Reviewer]
	first, second := w.screen(asked("input", refused)), w.screen(asked("output", refused))
	var list struct {
		Duties []httpapi.ReportDuty
		Next   string
	}
	w.ask("GET", "/v1/report-duties?state=open&limit=1", nil).by(reviewer).want(200, &list)
	if len(list.Duties) != 1 || list.Duties[0].ID != first.Duty || list.Duties[0].Categories[0] != "weapons" || list.Duties[0].Judgement != first.ID || list.Next == "" {
		t.Errorf("%+v", list)
	}
	w.ask("GET", "/v1/report-duties?cursor="+list.Next, nil).by(reviewer).want(200, &list)
	if len(list.Duties) != 1 || list.Duties[0].ID != second.Duty {
		t.Errorf("%+v", list)
	}
	filing := map[string]any{"channel": "12377", "reference": "2026-0001", "at": w.clock.Now(), "attachment": strings.Repeat("ab", 32)}
	w.ask("POST", "/v1/report-duties/"+first.Duty+":file", filing).by(reviewer).wantCode(403, staff.CodeForbidden)
	w.ask("GET", "/v1/report-duties?overdue=true&state=filed", nil).by(reviewer).wantCode(422, httpapi.CodeFields)
	var d httpapi.ReportDuty
	w.ask("POST", "/v1/report-duties/"+first.Duty+":file", filing).by(officer).want(200, &d)
	if d.State != "filed" || d.Channel != "12377" || d.Attachment != strings.Repeat("ab", 32) || d.By != string(officer.Account.ID) {
		t.Errorf("%+v", d)
	}
	filing["at"] = w.clock.Now().Add(time.Hour)
	w.ask("POST", "/v1/report-duties/"+second.Duty+":file", filing).by(officer).wantCode(422, moderation.CodeInvalid)
	for _, missing := range []string{"reason", "note"} {
		body := map[string]any{"reason": "false-hit", "note": "a toy"}
		delete(body, missing)
		w.ask("POST", "/v1/report-duties/"+second.Duty+":dismiss", body).by(officer).wantCode(422, httpapi.CodeFields)
	}
	w.ask("POST", "/v1/report-duties/"+second.Duty+":dismiss", map[string]any{"reason": "false-hit", "note": "a toy of wood"}).by(officer).want(200, &d)
	if d.State != "dismissed" || d.Reason != "false-hit" {
		t.Errorf("%+v", d)
	}
	w.ask("POST", "/v1/report-duties/"+second.Duty+":dismiss", map[string]any{"reason": "false-hit", "note": "again"}).by(officer).wantCode(409, moderation.CodeDutyClosed)
	w.ask("POST", "/v1/report-duties/"+strangeID+":dismiss", map[string]any{"reason": "false-hit", "note": "again"}).by(officer).wantCode(404, moderation.CodeNoDuty)
	w.silent("a toy of wood")
	third, key := w.duty(), ""
	key, _ = w.newKey([]staff.Action{staff.ReportRead}, []string{staff.Every}, 48*time.Hour)
	w.clock.Set(w.clock.Now().Add(25 * time.Hour))
	w.ask("GET", "/v1/report-duties?overdue=true", nil).as(key).want(200, &list)
	if len(list.Duties) != 1 || list.Duties[0].ID != third {
		t.Errorf("%+v", list)
	}
}
