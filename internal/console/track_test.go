package console_test

import (
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// counter is an API of a desk: it shows one case, and says what it was told to.
type counter struct {
	shown  client.OwnCase
	status int    // of a refusal; 0 for none
	code   string // likewise
	args   map[string]string
	heard  []string // what came to be answered or submitted
	agreed []string // appeals and withdrawals
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string, args map[string]string) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "title": "it says no", "args": args})
	}
	switch path := r.URL.Path; {
	case path == "/v1/public/limits":
		refuse(http.StatusServiceUnavailable, "unavailable", nil)
	case c.status != 0:
		refuse(c.status, c.code, c.args)
	case path == "/v1/public/cases:answer" || path == "/v1/public/cases":
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		form := multipart.NewReader(r.Body, params["boundary"])
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			text, _ := io.ReadAll(part)
			c.heard = append(c.heard, part.FormName()+"="+string(text))
			if part.FormName() == "text" {
				c.shown.Messages = append(c.shown.Messages, client.CaseMessage{At: time.Now(), Text: string(text)})
			}
		}
		if path == "/v1/public/cases" {
			_ = json.NewEncoder(w).Encode(client.CaseReceipt{ID: "c-1", Kind: "fraud", State: "received", Code: "7K3QX-8MW2P", PIN: "01234567", Sought: "not"})
			return
		}
		fallthrough
	default:
		if strings.HasSuffix(path, ":withdraw") || strings.HasSuffix(path, ":appeal") {
			c.agreed = append(c.agreed, path)
		}
		_ = json.NewEncoder(w).Encode(c.shown)
	}
}

func atCounter(t *testing.T, c *counter) *browser {
	t.Helper()
	w := newWorld(t, func(_ *staff.Config, config *console.Config) { config.API = c })
	return w.browser()
}

// TestTrackStates shows a case in every state that it may be in.
func TestTrackStates(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC), time.Now().AddDate(5, 0, 0).UTC()
	reasons := &client.Statement{En: []string{"It is so."}, Zh: []string{"情况如此。"}}
	base := client.OwnCase{ID: "c-1", Kind: "report", Side: "reporter", State: "received", Received: early, Kept: "whole"}
	for _, c := range []struct {
		about string
		edit  func(*client.OwnCase)
		says  []string
		lacks []string
	}{
		{"received", func(o *client.OwnCase) { o.Due = &late }, []string{"waits to be confirmed", "at the latest", "Take it back", "Write to us"}, []string{"Decision and reasons", "Appeal"}},
		{"late", func(o *client.OwnCase) { o.State, o.Due, o.Unsure = "taken", &early, []int{2031} }, []string{"the published limit was missed", "The holidays of 2031"}, nil},
		{"waiting", func(o *client.OwnCase) { o.State, o.Due, o.Waits = "waiting", &late, "desk-wait-reporter" }, []string{"the clock stands still meanwhile"}, []string{"at the latest"}},
		{"decided", func(o *client.OwnCase) {
			o.State, o.Outcome, o.Reasons, o.Facts, o.Explanation, o.Appealable = "decided", "founded", reasons, "Facts <b>.", "Because.", true
		}, []string{"Decision and reasons", "It is so.", "Facts <b>.", "Because.", `action="/case/appeal"`}, []string{"情况如此", "Take it back", "Write to us"}},
		{"closed and too late", func(o *client.OwnCase) { o.State, o.Outcome, o.Reasons = "closed", "unfounded", reasons }, []string{"It is closed."}, []string{`action="/case/appeal"`}},
		{"joined", func(o *client.OwnCase) { o.State, o.Joined = "duplicate", true }, []string{"joined to an earlier case", "Write to us"}, []string{`class="course"`, "Decision and reasons"}},
		{"closed with another", func(o *client.OwnCase) { o.State, o.Joined, o.Outcome, o.Reasons = "closed", true, "founded", reasons }, []string{"closed together with an earlier case", "the decision of that one"}, nil},
		{"withdrawn", func(o *client.OwnCase) { o.State = "withdrawn" }, []string{"You took it back."}, []string{"/case/withdraw", "Write to us"}},
		{"erased", func(o *client.OwnCase) { o.State, o.Kept = "acknowledged", "erased" }, []string{"was erased"}, []string{"Write to us"}},
		{"with a package", func(o *client.OwnCase) {
			o.State, o.Outcome, o.Reasons, o.Done, o.Packages = "closed", "founded", reasons, &client.Statement{En: []string{"It was erased there."}}, []client.CasePackage{{Action: 3, Until: late}}
		}, []string{"It was erased there.", `name="action" value="3"`}, nil},
		{"of the account that it is about", func(o *client.OwnCase) {
			o.Side, o.State, o.Outcome, o.Reasons, o.Appealable = "affected", "decided", "founded", reasons, true
		}, []string{`action="/case/appeal"`}, []string{"Write to us", "/case/withdraw"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			desk := &counter{shown: base}
			c.edit(&desk.shown)
			b := atCounter(t, desk)
			r := b.send("/case", "/case", "code", "7k3qx 8mw2p", "pin", "0123 4567")
			b.want(r, http.StatusOK, c.says...)
			main := r.body[strings.Index(r.body, "<main"):strings.Index(r.body, "</main>")]
			for _, s := range c.lacks {
				if strings.Contains(main, s) {
					b.Errorf("it says %q", s)
				}
			}
			if strings.Contains(r.body, "<b>") {
				b.Errorf("what the desk wrote is taken for HTML")
			}
		})
	}
}

// TestTrackRefused shows why a page of the desk refuses, and keeps what was written.
func TestTrackRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		args   map[string]string
		says   string
		again  bool // it says when to come again
	}{
		{422, "desk-invalid", map[string]string{"field": "contact"}, "This needs a phone number", false},
		{422, "desk-invalid", map[string]string{"field": "type"}, "Only pictures, films", false},
		{403, "desk-anonymous", nil, "This needs a phone number", false},
		{413, "request-too-large", map[string]string{"limit": "1"}, "too large together", false},
		{429, "staff-throttled", map[string]string{"seconds": "40"}, "come again after", true},
		{429, "desk-tries", nil, "come again after", true},
		{429, "desk-crowd", map[string]string{"limit": "5"}, "It says no", false},
		{503, "unavailable", nil, "The fault is ours", false},
	} {
		desk := &counter{}
		b := atCounter(t, desk)
		b.get("/desk/fraud")
		desk.status, desk.code, desk.args = c.status, c.code, c.args
		if c.code == "staff-throttled" {
			desk.code = string(staff.CodeThrottled)
		}
		r := b.send("/desk/fraud", "/desk/fraud", "text", "Somebody <cheats>.", "contact", "me@mail.example", "once", "ONCE")
		b.want(r, c.status, c.says, "Somebody <cheats>.", `value="me@mail.example"`, `name="once" value="ONCE"`)
		if (r.Header.Get("Retry-After") != "") != c.again {
			t.Errorf("%s: Retry-After %q", c.code, r.Header.Get("Retry-After"))
		}
	}
}

// TestTrackAgain sends the form of a page twice, as browsers do that load a page again.
func TestTrackAgain(t *testing.T) {
	t.Parallel()
	desk := &counter{shown: client.OwnCase{ID: "c-1", Kind: "report", Side: "reporter", State: "taken", Kept: "whole"}}
	b := atCounter(t, desk)
	for range 2 {
		b.want(b.send("/case", "/case/answer", "code", "7K3QX-8MW2P", "pin", "01234567", "seen", "0", "text", "Some\r\nwords"), http.StatusOK, "We have what you wrote", "Some\nwords")
	}
	if got := strings.Join(desk.heard, "|"); got != "code=7K3QX-8MW2P|pin=01234567|text=Some\nwords" {
		t.Errorf("the desk heard %q", got)
	}
	b.want(b.send("/case", "/case/slip", "code", "7K3QX-8MW2P", "pin", "<b>"), http.StatusNotFound, "no such page")
	b.want(b.send("/desk/fraud", "/desk/fraud", "text", "Words."), http.StatusOK, "7K3QX-8MW2P", "0123 4567", "/case?code=7K3QX-8MW2P")
	b.lacks(b.send("/case", "/case", "code", "", "pin", ""), "It is so.")
}
