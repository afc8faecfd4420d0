package httpapi_test

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/staff"
)

// open to everybody, and nothing else is.
func public() []string {
	return []string{"GET /healthz", "GET /readyz", "GET /openapi.json", "GET /openapi.yaml", "GET /docs", "GET /v1/log/checkpoint", "GET /v1/log/tile/{path...}", "GET /v1/log/key", "POST /v1/verifications/{id}/call-back", "GET /v1/public/agreements", "GET /v1/public/agreements/{id}", "GET /v1/public/agreement-versions", "GET /v1/public/services", "GET /v1/public/services/{id}/card", "GET /v1/public/algorithms", "POST /v1/public/look-up", "POST /v1/public/cases", "POST /v1/public/cases:look", "POST /v1/public/cases:answer", "POST /v1/public/cases:withdraw", "POST /v1/public/cases:appeal", "POST /v1/public/cases:package", "GET /v1/public/limits", "GET /v1/public/systems", "GET /v1/public/figures", "GET /v1/public/copy-receipt-key", "GET /v1/public/refutations", "GET /v1/public/refutations/{id}", "POST /v1/public/refutations:look", "GET /v1/recall/feed.json", "GET /v1/recall/lines", "GET /v1/recall/checkpoint", "GET /v1/recall/key", "POST /v1/sessions", "GET /v1/content/{token}"}
}

// example makes a request to a route that succeeds for whoever may make it. What a route of screening changes is made
// for those alone who may: of the person in a role.
func (w *world) example(row httpapi.Row, number string, role staff.Role, may bool) call {
	w.Helper()
	if c, ok := w.screenExample(row, role, may); ok {
		return c
	}
	if c, ok := w.identityExample(row, may); ok {
		return c
	}
	if c, ok := w.standingExample(row, may); ok {
		return c
	}
	if c, ok := w.registerExample(row, may); ok {
		return c
	}
	if c, ok := w.consentExample(row, may); ok {
		return c
	}
	if c, ok := w.assessmentExample(row, role, may); ok {
		return c
	}
	if c, ok := w.admissionExample(row, may); ok {
		return c
	}
	if c, ok := w.modelExample(row, number, may); ok {
		return c
	}
	if c, ok := w.intakeExample(row, may); ok {
		return c
	}
	if c, ok := w.deskExample(row, role, may); ok {
		return c
	}
	if c, ok := w.probeExample(row); ok {
		return c
	}
	if c, ok := w.dutyExample(row, may); ok {
		return c
	}
	if c, ok := w.runExample(row, role, may); ok {
		return c
	}
	if c, ok := w.incidentExample(row, may); ok {
		return c
	}
	if c, ok := w.filingExample(row, may); ok {
		return c
	}
	if c, ok := w.packExample(row, may); ok {
		return c
	}
	if c, ok := w.refutationExample(row, may); ok {
		return c
	}
	if c, ok := w.oversightExample(row, role, may); ok {
		return c
	}
	if c, ok := w.copyExample(row, number, may); ok {
		return c
	}
	if c, ok := w.inspectionExample(row, may); ok {
		return c
	}
	if c, ok := w.corpusExample(row, role, may); ok {
		return c
	}
	if c, ok := w.cardExample(row, may); ok {
		return c
	}
	path := strings.NewReplacer("{number}", number, "{path...}", "0/000.p/1").Replace(row.Path)
	var body any
	switch row.ID {
	case "produce":
		return w.ask(row.Method, upload+"&name=a.txt", text("made"))
	case "verify":
		return w.ask(row.Method, path, text("looked at"))
	case "heal":
		return w.ask(row.Method, path, text("looked at"))
	case "restore":
		return w.ask(row.Method, path, w.unlike())
	case "artefact-bundle":
		w.must(w.log.Drain(w.Context()))
	case "bundle":
		w.must(w.log.Drain(w.Context()))
		body = map[string]any{"numbers": []string{number}}
	case "public-look-up":
		body = map[string]any{"number": number}
	case "tile":
		path = fmt.Sprintf("/v1/log/tile/0/000.p/%d", w.size())
	case "sample":
		body = map[string]any{"seed": []byte("seed"), "count": 1}
	case "record", "payload", "record-proof":
		held, err := w.store.RecordsAbout(w.Context(), number, 0, 1)
		w.must(err)
		path = strings.Replace(path, "{id}", held[0].ID, 1)
	case "hold":
		body = map[string]any{"subject": "s-1"}
	case "hold-entry":
		path = strings.Replace(path, "{id}", holdID, 1)
	case "rehearse-order":
		body = map[string]any{"scope": "everything"}
	case "erase", "rehearse-erasure":
		body = map[string]any{"account": person}
	case "network-log":
		path += "?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z"
	case "sign-in":
		body = w.credentials()
	case "mint-link":
		body = map[string]any{"purpose": "verification", "account": person}
	case "link", "revoke-link":
		path = strings.Replace(path, "{id}", w.minted(), 1)
	case "create-api-key":
		body = map[string]any{"name": "example", "actions": []string{"artefact.read"}, "functions": []string{"*"}, "days": 1}
	case "rotate-api-key", "revoke-api-key":
		_, id := w.newKey([]staff.Action{staff.ArtefactRead}, []string{"*"}, time.Hour)
		path = strings.Replace(path, "{id}", string(id), 1)
		if row.ID == "rotate-api-key" {
			body = map[string]any{"overlap_hours": 1}
		}
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", jobID, 1), body)
}

func (w *world) size() uint64 {
	c, err := w.config.Log.Checkpoint(w.Context())
	w.must(err)
	return c.Size
}

// TestSecurityTable tries each route of the table as each kind of asker.
func TestSecurityTable(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	number := string(w.produce(text("the item of the table: the label stands in a file beside it")).Number)
	roster, ctx := w.config.Roster, t.Context()

	revoked, id := w.newKey(keyActions(), []string{"*"}, time.Hour)
	w.must(roster.RevokeKey(ctx, w.people[staff.Officer].Account.Actor(), id))
	ended, _ := w.newKey(keyActions(), []string{"*"}, time.Minute)
	nothing, _ := w.newKey([]staff.Action{staff.EvidenceVerify}, []string{"*"}, time.Hour) // one route needs it
	_, token, err := roster.Create(ctx, w.people[staff.Officer].Account.Actor(), "gone", staff.Roles())
	w.must(err)
	gone, err := roster.Accept(ctx, token, password, staff.Attempt{Source: netip.MustParseAddr("192.0.2.9")})
	w.must(err)
	_, err = roster.Disable(ctx, w.people[staff.Officer].Account.Actor(), gone.Account.ID)
	w.must(err)
	w.clock.Set(w.clock.Now().Add(2 * time.Minute))
	other := w.people[staff.Auditor]

	type asker struct {
		name string
		role staff.Role // empty for none
		sign func(call) call
		want func(httpapi.Row) int // 0 for success
	}
	always := func(status int) func(httpapi.Row) int { return func(httpapi.Row) int { return status } }
	askers := []asker{
		{"nobody", "", func(c call) call { return c }, always(401)},
		{"malformed key", "", func(c call) call { return c.as("clp_short") }, always(401)},
		{"unknown key", "", func(c call) call { return c.as(unknownKey(t)) }, always(401)},
		{"revoked key", "", func(c call) call { return c.as(revoked) }, always(401)},
		{"ended key", "", func(c call) call { return c.as(ended) }, always(401)},
		{"two keys", "", func(c call) call { return c.as(w.key).as(w.key) }, always(401)},
		{"other scheme", "", func(c call) call { return c.with("Authorization", "Basic "+w.key) }, always(401)},
		{"session of a program", staff.Officer, func(c call) call { return c.as(w.people[staff.Officer].Token) }, func(r httpapi.Row) int {
			if staff.Allowed(staff.Officer, r.Need) {
				return 0
			}
			return 403
		}},
		{"session of a program, of a disabled account", "", func(c call) call { return c.as(gone.Token) }, always(401)},
		{"key as session", "", func(c call) call { return c.session(staff.Opened{Token: w.key}) }, always(401)},
		{"key without the scope", "", func(c call) call { return c.as(nothing) }, func(r httpapi.Row) int {
			if r.Need == staff.EvidenceVerify {
				return 0
			}
			return 403
		}},
		{"key with all scopes", "", func(c call) call { return c.as(w.key) }, func(r httpapi.Row) int {
			if staff.AllowedToKeys(r.Need) {
				return 0
			}
			return 403
		}},
		{"disabled account", "", func(c call) call { return c.by(gone) }, always(401)},
	}
	for role := range w.people {
		allowed := func(r httpapi.Row) int {
			if staff.Allowed(role, r.Need) {
				return 0
			}
			return 403
		}
		forged := func(r httpapi.Row) int {
			if r.Method == http.MethodGet {
				return allowed(r)
			}
			return 403
		}
		askers = append(askers,
			asker{string(role), role, func(c call) call { return c.by(w.people[role]) }, allowed},
			asker{string(role) + " without CSRF token", role, func(c call) call { return c.session(w.people[role]) }, forged},
			asker{string(role) + " with the CSRF token of somebody else", role, func(c call) call {
				csrf, err := roster.CSRF(other.Token)
				w.must(err)
				if role == staff.Auditor {
					csrf = "AAAA" + csrf[4:]
				}
				return c.session(w.people[role]).with("X-CSRF-Token", csrf)
			}, forged},
			asker{string(role) + " from another site", role, func(c call) call {
				c = c.by(w.people[role])
				c.Header.Set("Sec-Fetch-Site", "cross-site")
				return c
			}, always(403)},
			asker{string(role) + " from another origin", role, func(c call) call {
				c = c.by(w.people[role])
				c.Header.Del("Sec-Fetch-Site")
				return c.with("Origin", "https://elsewhere.example")
			}, always(403)})
	}
	open, tried := []string{}, map[int]int{}
	for _, row := range httpapi.Table() {
		if row.Need == "" {
			open = append(open, row.Method+" "+row.Path)
		}
		for _, a := range askers {
			want := a.want(row)
			c := a.sign(w.example(row, number, a.role, want == 0 || row.Need == ""))
			if row.Need == "" || want == 0 {
				want = row.Status
			}
			out := c.send()
			w.clean(out)
			tried[out.Code]++
			if row.ID == "sign-out" && want == row.Status { // the others go on
				w.people[a.role], err = roster.SignIn(ctx, string(a.role), password, staff.Attempt{Source: netip.MustParseAddr("192.0.2.9")})
				w.must(err)
			}
			if out.Code != want {
				t.Errorf("%s %s by %s: %d, want %d: %s", row.Method, row.Path, a.name, out.Code, want, out.Body)
			}
			if out.Code == 401 && out.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s by %s: no WWW-Authenticate", row.Method, row.Path, a.name)
			}
		}
	}
	slices.Sort(open)
	want := public()
	slices.Sort(want)
	if !slices.Equal(open, want) {
		t.Errorf("open to everybody: %v", open)
	}
	t.Logf("%d routes, %d askers, answers by status: %v", len(httpapi.Table()), len(askers), tried)
}

// unknownKey is a key in good form that nobody made.
func unknownKey(t *testing.T) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := "clp_" + strings.Repeat("0", 42) + "1"
	sum, tail := crc32.ChecksumIEEE([]byte(body)), ""
	for range 6 {
		tail = string(digits[sum%62]) + tail
		sum /= 62
	}
	if _, err := staff.ParseKey(body + tail); err != nil {
		t.Fatal(err)
	}
	return body + tail
}

// TestActedAs looks at whom the line is told that it works for.
func TestActedAs(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.produce(text("by a key"))
	w.ask("POST", upload+"&name=a.txt", text("by a person")).by(w.people[staff.Engineer]).want(201, nil)
	long := strings.Repeat("ä", 400)
	w.ask("POST", upload+"&name=a.txt", text("by a long name")).as(w.key).with("User-Agent", "").want(201, nil)
	r := w.ask("POST", upload+"&name=a.txt", text("by a longer name")).as(w.key)
	r.Header.Set("User-Agent", long)
	r.want(201, nil)
	seen := w.network.seen
	if len(seen) != 4 || seen[0].Role != "application" || seen[0].Client != "test/1" || seen[0].Source != w.source ||
		seen[1].Role != "engineer" || seen[1].ID != string(w.people[staff.Engineer].Account.ID) || len(seen[3].Client) > 512 || !strings.HasPrefix(long, seen[3].Client) {
		t.Errorf("%+v", seen)
	}
}

// TestKeyReachesItsFunctions gives a key one function and looks for a way around that.
func TestKeyReachesItsFunctions(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	number := string(w.produce(text("of another function")).Number)
	key, _ := w.newKey(keyActions(), []string{"voice"}, time.Hour)
	w.ask("POST", upload+"&name=a.txt", text("mine")).as(key).wantCode(403, staff.CodeKeyScope)
	for _, tail := range []string{"", "/content", "/sidecar", "/deliveries", "/proof", "/bundle"} {
		w.ask("GET", "/v1/artefacts/"+number+tail, nil).as(key).wantCode(403, staff.CodeKeyScope)
	}
	w.ask("POST", "/v1/bundles", map[string]any{"numbers": []string{number}}).as(key).wantCode(403, staff.CodeKeyScope)
	var all struct{ Records []httpapi.Record }
	w.ask("GET", "/v1/records", nil).as(w.key).want(200, &all)
	none, _ := w.newKey(keyActions(), nil, time.Hour)
	for _, key := range []string{key, none} {
		for _, path := range []string{"/v1/records", "/v1/records/" + all.Records[0].ID, "/v1/records/" + all.Records[0].ID + "/payload"} {
			w.ask("GET", path, nil).as(key).wantCode(403, staff.CodeKeyScope)
		}
		w.ask("POST", "/v1/log/samples", map[string]any{"seed": "c2VlZA==", "count": 1}).as(key).wantCode(403, staff.CodeKeyScope)
	}
	var page struct{ Artefacts []httpapi.Artefact }
	w.ask("GET", "/v1/artefacts", nil).as(key).want(200, &page)
	var v httpapi.Verification
	w.ask("POST", "/v1/artefacts:verify", text("of another function")).as(key).want(200, &v)
	if len(page.Artefacts) != 0 || len(v.Known) != 0 {
		t.Errorf("%v %v", page, v.Known)
	}
}

// TestMetricsAreLocal has this machine read the metrics, and nobody through a proxy on it.
func TestMetricsAreLocal(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.ask("GET", "/metrics", nil).wantCode(401, httpapi.CodeUnauthenticated)
	w.source = netip.MustParseAddrPort("[::ffff:127.0.0.1]:9")
	w.ask("GET", "/metrics", nil).want(200, nil)
	for _, header := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via", "Forwarded"} {
		w.ask("GET", "/metrics", nil).with(header, "127.0.0.1").wantCode(401, httpapi.CodeUnauthenticated)
	}
	w.ask("GET", "/v1/jobs", nil).wantCode(401, httpapi.CodeUnauthenticated)
}

// TestSecureCookie takes the session of HTTPS alone by its own name.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	w := open(t, func(c *httpapi.Config) { c.PublicURL = "https://colophon.example" })
	officer := w.people[staff.Officer]
	w.ask("GET", "/v1/jobs", nil).by(officer).wantCode(401, httpapi.CodeUnauthenticated)
	c := w.ask("GET", "/v1/jobs", nil).with("Origin", "https://colophon.example")
	c.AddCookie(&http.Cookie{Name: w.config.Roster.SessionCookie(true).Name, Value: officer.Token})
	c.want(200, nil)
}
