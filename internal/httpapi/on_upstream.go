package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/staff"
)

// UpstreamKeys keeps the keys by which models know us. A *upstream.Keys does.
type UpstreamKeys interface {
	List(ctx context.Context) ([]upstream.Key, error)
	Set(ctx context.Context, by ledger.By, name, text string) (upstream.Key, error)
	Remove(ctx context.Context, by ledger.By, name string) error
}

// Usage says what accounts used.
type Usage interface {
	Find(ctx context.Context, q upstream.UsageQuery) ([]upstream.Usage, error)
	// Account returns the pseudonym of an account that was seen here before; else an error of kind Missing.
	Account(ctx context.Context, account string) (evidence.Subject, error)
}

func upstreamRoutes() []route {
	return []route{
		{get, "/v1/upstream-keys", "upstream-keys", staff.GatewayRead, "gateway", 0, 200, do((*server).upstreamKeys), "List the keys by which models know us, without their texts", 0},
		{post, "/v1/upstream-keys", "set-upstream-key", staff.GatewayManage, "gateway", small, 200, do((*server).setUpstreamKey), "Set a key by which a model knows us, or replace it; its text is never shown", 0},
		{del, "/v1/upstream-keys/{name}", "remove-upstream-key", staff.GatewayManage, "gateway", 0, 204, do((*server).removeUpstreamKey), "Remove a key by which a model knows us", 0},
		{post, "/v1/usage:query", "usage", staff.GatewayRead, "gateway", small, 200, do((*server).usage), "What accounts used of the models, by day", 0},
		{post, "/v1/usage:export", "export-usage", staff.GatewayRead, "gateway", small, 200, do((*server).exportUsage), "The same as CSV, all of it", 0},
	}
}

// UpstreamKey is a key by which models know us, without its text.
type UpstreamKey struct {
	Name    string    `json:"name" doc:"Name by which the configuration calls it." example:"openai"`
	Tail    string    `json:"tail" doc:"Last four digits of the SHA-256 of its text in hexadecimal, to tell one from another." example:"9f3c"`
	By      string    `json:"by,omitempty" doc:"Staff account that set it."`
	Changed time.Time `json:"changed" doc:"When it was set."`
}

type upstreamKeysOutput struct {
	Body struct {
		Keys []UpstreamKey `json:"keys" nullable:"false" doc:"In the order in which their names were first used."`
	}
}

func (s *server) upstreamKeys(ctx context.Context, _ *struct{}) (*upstreamKeysOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.GatewayRead); err != nil {
		return nil, err
	}
	list, err := s.UpstreamKeys.List(ctx)
	out := &upstreamKeysOutput{}
	out.Body.Keys = []UpstreamKey{}
	for _, k := range list {
		out.Body.Keys = append(out.Body.Keys, UpstreamKey{k.Name, k.Tail, k.By, k.Changed})
	}
	return out, err
}

// setUpstreamKeyInput takes no idempotency key: nothing of the text is kept but what is sealed, and to set a key twice is to
// set it once.
type setUpstreamKeyInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"64" doc:"Name by which the configuration calls it: small letters, digits, and . _ - after the first." example:"openai"`
		Text string `json:"text" minLength:"1" maxLength:"4096" doc:"The key itself: visible ASCII. It is sealed, and never shown."`
	}
}

type upstreamKeyOutput struct{ Body UpstreamKey }

func (s *server) setUpstreamKey(ctx context.Context, in *setUpstreamKeyInput) (*upstreamKeyOutput, error) {
	k, err := s.UpstreamKeys.Set(ctx, ledgerBy(ctx), in.Body.Name, in.Body.Text)
	return &upstreamKeyOutput{UpstreamKey{k.Name, k.Tail, k.By, k.Changed}}, err
}

type removeUpstreamKeyInput struct {
	Name string `path:"name" maxLength:"64" pattern:"^[a-z0-9][a-z0-9._-]*$" patternDescription:"the name of a key" doc:"Name by which the configuration calls it." example:"openai"`
}

func (s *server) removeUpstreamKey(ctx context.Context, in *removeUpstreamKeyInput) (*nothing, error) {
	return &nothing{}, s.UpstreamKeys.Remove(ctx, ledgerBy(ctx), in.Name)
}

// UsageFilter says which usage is wanted.
type UsageFilter struct {
	Account string           `json:"account,omitempty" maxLength:"256" doc:"Your own identifier of an account, or else its pseudonym as subject; all by itself." example:"user-8731"`
	Subject evidence.Subject `json:"subject,omitempty" maxLength:"64" pattern:"^[0-9A-Za-z-]+$" patternDescription:"a pseudonym" doc:"Pseudonym of an account."`
	Model   string           `json:"model,omitempty" maxLength:"256" doc:"Name of a model as the gateway has it; all by itself."`
	From    string           `json:"from,omitempty" format:"date" doc:"First day, in UTC." example:"2026-11-01"`
	To      string           `json:"to,omitempty" format:"date" doc:"Last day, in UTC." example:"2026-11-30"`
	Sum     bool             `json:"sum,omitempty" doc:"Add the days up: a row for each account and model."`
}

func (s *server) usageQuery(ctx context.Context, f UsageFilter) (q upstream.UsageQuery, err error) {
	if err := askerOf(ctx).mayOfAll(staff.GatewayRead); err != nil {
		return q, err
	}
	q = upstream.UsageQuery{Account: f.Subject, Model: f.Model, Sum: f.Sum}
	switch {
	case f.Account != "" && f.Subject != "":
		return q, invalid("body.account", "expected account or subject")
	case f.Account != "":
		if q.Account, err = s.Usage.Account(ctx, f.Account); err != nil {
			return q, err
		}
	}
	for _, d := range []struct {
		field, text string
		at          *time.Time
	}{{"body.from", f.From, &q.From}, {"body.to", f.To, &q.To}} {
		if d.text == "" {
			continue
		}
		if *d.at, err = time.Parse(time.DateOnly, d.text); err != nil {
			return q, invalid(d.field, "expected a day: 2026-11-22")
		}
	}
	return q, nil
}

// UsageRow is what an account used of a model on one day, or in all the time that was asked for.
type UsageRow struct {
	Day      string           `json:"day,omitempty" format:"date" doc:"The day, in UTC; absent of a sum."`
	Subject  evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Model    string           `json:"model" doc:"The model."`
	Requests int64            `json:"requests" doc:"Calls, with those that were blocked."`
	Blocked  int64            `json:"blocked" doc:"Calls that screening refused or held. What was blocked before it reached a model cost nothing there."`
	Input    int64            `json:"input" doc:"Units that the model counted of what went in; tokens mostly."`
	Output   int64            `json:"output" doc:"Units that the model counted of what came out."`
}

func viewUsage(u upstream.Usage) UsageRow {
	r := UsageRow{Subject: u.Account, Model: u.Model, Requests: u.Requests, Blocked: u.Blocked, Input: u.Input, Output: u.Output}
	if !u.Day.IsZero() {
		r.Day = upstream.Date(u.Day)
	}
	return r
}

type usageInput struct {
	Body struct {
		UsageFilter
		Cursor string `json:"cursor,omitempty" maxLength:"1024" doc:"next of the page before."`
		Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
	}
}

type usageOutput struct {
	Body struct {
		Usage []UsageRow `json:"usage" nullable:"false" doc:"By day, account and model."`
		Next  string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) usage(ctx context.Context, in *usageInput) (*usageOutput, error) {
	q, err := s.usageQuery(ctx, in.Body.UsageFilter)
	if err != nil {
		return nil, err
	}
	if in.Body.Cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(in.Body.Cursor)
		if q.After = new(upstream.Usage); err != nil || json.Unmarshal(text, q.After) != nil {
			return nil, invalid("body.cursor", "expected next of a page")
		}
	}
	q.Limit = in.Body.Limit + 1
	list, err := s.Usage.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &usageOutput{}
	out.Body.Usage = []UsageRow{}
	if len(list) > in.Body.Limit {
		list = list[:in.Body.Limit]
		last := list[len(list)-1]
		text, err := json.Marshal(upstream.Usage{Day: last.Day, Account: last.Account, Model: last.Model})
		if err != nil {
			return nil, err
		}
		out.Body.Next = base64.RawURLEncoding.EncodeToString(text)
	}
	for _, u := range list {
		out.Body.Usage = append(out.Body.Usage, viewUsage(u))
	}
	return out, nil
}

type exportUsageInput struct{ Body UsageFilter }

// exportUsage hands out rows as it reads them. What fails on the way ends the connection, so that a part is not taken for the
// whole.
func (s *server) exportUsage(ctx context.Context, in *exportUsageInput) (*stream, error) {
	q, err := s.usageQuery(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	list, err := s.Usage.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="usage.csv"`)
		out := csv.NewWriter(w)
		err := out.Write([]string{"day", "subject", "model", "requests", "blocked", "input", "output"})
		for err == nil && len(list) > 0 {
			for _, u := range list {
				v := viewUsage(u)
				n := func(n int64) string { return strconv.FormatInt(n, 10) }
				if err = out.Write([]string{v.Day, string(v.Subject), plain(v.Model), n(v.Requests), n(v.Blocked), n(v.Input), n(v.Output)}); err != nil {
					break
				}
			}
			if q.After = &list[len(list)-1]; len(list) < upstream.MaxUsage {
				break
			}
			list, err = s.Usage.Find(r.Context(), q)
		}
		out.Flush()
		if err != nil {
			s.Logger.ErrorContext(r.Context(), "an export broke off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}), nil
}

// plain keeps a spreadsheet from taking a text for a formula.
func plain(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}
