package httpapi_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
)

// TestPolicy takes a table into force, and judges by it.
func TestPolicy(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	engineer, officer := w.people[staff.Engineer], w.people[staff.Officer]
	var now struct {
		Version string
		Shipped bool
		Table   httpapi.PolicyTable
	}
	w.ask("GET", "/v1/policy", nil).as(w.key).want(200, &now)
	if !now.Shipped || now.Version != "colophon-1" || now.Table.Version != now.Version || len(now.Table.Rows) < 20 || len(now.Table.Cases) < 20 {
		t.Errorf("%+v", now)
	}
	if v := w.screen(asked("input", refused)); v.Action != "refuse" {
		t.Errorf("%+v", v)
	}
	table := w.tableJSON()
	table.Cases = []httpapi.PolicyCase{{Name: "fraud", Facts: []httpapi.PolicyFact{{Category: "fraud", Level: "block", Surface: "input"}}, Want: "refuse"}}
	propose := func(v httpapi.PolicyTable) call {
		return w.ask("POST", "/v1/policies", map[string]any{"table": v, "reason": "fewer refusals"})
	}
	for code, spoil := range map[string]func(*httpapi.PolicyTable){
		string(policy.CodeCaseFails):      func(t *httpapi.PolicyTable) { t.Cases[0].Want = "allow" },
		string(policy.CodeNoDefault):      func(t *httpapi.PolicyTable) { t.Rows = t.Rows[:1] },
		string(policy.CodeRowUnreachable): func(t *httpapi.PolicyTable) { slices.Reverse(t.Rows) },
		string(policy.CodeWhenInvalid):    func(t *httpapi.PolicyTable) { t.Rows[0].When = "category +" },
		string(httpapi.CodeFields):        func(t *httpapi.PolicyTable) { t.Rows[0].Action = "ban" },
	} {
		bad := table
		bad.Rows, bad.Cases = slices.Clone(table.Rows), slices.Clone(table.Cases)
		spoil(&bad)
		propose(bad).by(engineer).wantCode(422, colophon.Code(code))
	}
	var v httpapi.PolicyVersion
	propose(table).by(officer).want(201, &v)
	propose(table).by(officer).wantCode(409, policy.CodeVersionExists)
	at := "/v1/policies/" + table.Version
	if v.Table.Version != table.Version || v.By != string(officer.Account.ID) || len(v.Digest) != 64 || len(v.Releases) != 0 || v.Comparison != nil {
		t.Errorf("%+v", v)
	}
	release := func(by staff.Opened) call {
		return w.ask("POST", at+":release", map[string]any{"reason": "agreed"}).by(by)
	}
	release(engineer).wantCode(403, staff.CodeForbidden)
	release(officer).wantCode(403, policy.CodeSamePerson)
	w.clock.Set(w.clock.Now().Add(1e9)) // a dry run looks at what was judged before it
	var c httpapi.PolicyComparison
	w.ask("POST", at+":compare", map[string]any{"days": 1}).by(engineer).want(200, &c)
	if c.Against != "colophon-1" || c.Judgements != 1 || c.Milder != 1 || c.Stricter != 0 || !c.Whole || len(c.Changes) == 0 || len(c.Changes[0].Examples) != 1 {
		t.Errorf("%+v", c)
	}

	// One who proposes and another one who releases.
	second := w.tableJSON()
	propose(second).by(engineer).want(201, nil)
	at = "/v1/policies/" + second.Version
	release(officer).wantCode(403, policy.CodeNotCompared)
	w.ask("POST", at+":compare", map[string]any{"days": 1}).by(engineer).want(200, nil)
	var r httpapi.PolicyRelease
	release(officer).want(200, &r)
	if r.Number != 1 || r.By != string(officer.Account.ID) {
		t.Errorf("%+v", r)
	}
	if v := w.screen(asked("input", refused)); v.Action != "allow" || v.Policy != second.Version || v.Verdict != "passed" {
		t.Errorf("%+v", v)
	}
	release(officer).wantCode(403, policy.CodeInForce)
	w.ask("GET", "/v1/policy", nil).as(w.key).want(200, &now)
	if now.Shipped || now.Version != second.Version || len(now.Table.Rows) != 2 {
		t.Errorf("%+v", now)
	}
	w.ask("GET", at, nil).as(w.key).want(200, &v)
	if len(v.Releases) != 1 || v.Comparison == nil || v.Comparison.Against != "colophon-1" {
		t.Errorf("%+v", v)
	}
	var list struct {
		Versions []httpapi.PolicyVersion
		Next     string
	}
	w.ask("GET", "/v1/policies?limit=1", nil).as(w.key).want(200, &list)
	w.ask("GET", "/v1/policies?limit=1&cursor="+list.Next, nil).as(w.key).want(200, &list)
	if len(list.Versions) != 1 || list.Versions[0].Table.Version != table.Version {
		t.Errorf("%+v", list)
	}
	w.ask("GET", "/v1/policies?cursor=here", nil).as(w.key).wantCode(422, policy.CodeCursor)
	w.ask("GET", "/v1/policies/nobody", nil).as(w.key).wantCode(404, policy.CodeVersionMissing)
	w.silent(refused)
}

// TestPolicyFiles hands a table out signed, and takes it in where the key is trusted and nothing was changed.
func TestPolicyFiles(t *testing.T) {
	t.Parallel()
	w, other := open(t, nil), open(t, nil)
	version := w.proposed()
	file := w.ask("GET", "/v1/policies/"+version+"/export", nil).as(w.key).want(200, nil).Body.Bytes()
	bring := func(to *world, file []byte) call {
		return to.ask("POST", "/v1/policies:import?reason=tried+elsewhere", file).by(to.people[staff.Engineer])
	}
	bring(w, file).wantCode(409, policy.CodeVersionExists)
	bring(other, file).wantCode(403, policy.CodeUntrusted)
	other.config.Shelf.Trusted = w.config.Shelf.Trusted
	api, err := httpapi.New(other.config)
	other.must(err)
	other.api = api
	bring(other, bytes.Replace(file, []byte(`"refuse"`), []byte(`"allow"`), 1)).wantCode(403, policy.CodeUntrusted)
	var v httpapi.PolicyVersion
	bring(other, file).want(201, &v)
	if v.Table.Version != version || v.Origin == "" || v.Reason != "tried elsewhere" || len(v.Releases) != 0 {
		t.Errorf("%+v", v)
	}
}
