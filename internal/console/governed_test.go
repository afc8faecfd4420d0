package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

const (
	someID  = "01a2009d-2dfe-76a1-8c5f-9a3b52c0f1e2"
	someSum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// governedAnswers are what the API says on the pages of duties, by path.
func governedAnswers() map[string]string {
	return map[string]string{
		"/v1/probes":                 `{"probes":[{"name":"network-log","title":{"zh":"留存网络日志","en":"The network log is kept"},"version":2,"expect":{"zh":"每条","en":"Each line"}}]}`,
		"/v1/observations/" + someID: `{"id":"` + someID + `","probe":"network-log","version":2,"outcome":"passed","expected":"每条"}`,
		"/v1/observations":           `{"observations":[{"id":"` + someID + `","probe":"network-log","outcome":"passed","collected":"2026-11-22T08:00:00Z"}]}`,
		"/v1/obligations":            `{"obligations":[{"id":"ds-12-3","title":{"zh":"设置申诉入口","en":"Offer a door for appeals"}}]}`,
		"/v1/duty-waivers":           `{"waivers":[{"id":"one","step":"approved","obligation":"ds-12-3","until":"2027-01-23T08:00:00Z"}]}`,
		"/v1/mechanism-reviews/one":  `{"id":"one","state":"approved","coverage":"current","until":"2027-05-22T16:00:00Z","form":{"algorithm":"chat-1","next":"2027-05-23","checks":[]}}`,
		"/v1/security-triggers":      `{"triggers":[{"id":"one","state":"open","kind":"notice","ref":"42","due":"2027-01-05T15:59:59.999Z"}]}`,
		"/v1/security-assessments/one": `{"id":"one","state":"draft","heads":[{"id":"staff","group":"provisions","article":"安全评估规定 第五条（一）","confidence":"primary","state":"passed",
			"answers":[{"query":"standard-keywords","verdict":"failed","why":"review-saw-words","args":{"entries":"12","least":"10000"},"of":"artefact","sample":["` + someID + `"]}]}]}`,
		"/v1/filings/one": `{"id":"one","state":"draft","version":1,"kit":{"algorithm":{},"annexes":[]}}`,
		"/v1/filings/one/findings": `{"findings":[{"code":"filing-lint-open","level":"doubt","field":"subject.kind","name":"Type"},{"code":"filing-lint-open","level":"doubt","field":"subject.address","name":"Address"},
			{"code":"filing-lint-open","level":"doubt","field":"technical.way","name":"Way"},{"code":"filing-lint-uscc","level":"breach","field":"subject.uscc","name":"Code","text":"It is no code"}]}`,
		"/v1/drills/one":           `{"id":"one","playbook":"content","state":"held","result":"failed","took_seconds":2850,"sealed":"whole"}`,
		"/v1/incident-reports/one": `{"id":"one","names":{"zh":"首次报告","en":"First report"},"state":"filed","sealed":"whole"}`,
		"/v1/listings/one":         `{"id":"one","app":"app","state":"answered","findings":[{"check":"file","verdict":"failed","finding":{"code":"x","sentence":"the file ` + someSum + ` is another one"}}]}`,
		"/v1/cases/one":            `{"id":"one","kind":"complaint","state":"received"}`,
		"/v1/held/one":             `{"id":"one","state":"waiting","surface":"output"}`,
		"/v1/held/two":             `{"id":"two","state":"waiting","surface":"input"}`,
		"/v1/runs/one":             `{"id":"one","state":"done","plan":{"name":"Run"}}`,
		"/v1/runs/one/result":      `{"note":"only in English","held":[{"id":"refuse","share":950000,"share_source":"public reports that could not be confirmed","verdict":"failed"}]}`,
		"/v1/datasets/one":         `{"id":"one","state":"active","dataset":{"names":{"zh":"甲","en":"A"}}}`,
	}
}

// TestGoverned says on the pages of duties, filings, reviews and incidents what things are called, and gathers what repeats.
func TestGoverned(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent map[string]any
	answers := governedAnswers()
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			mu.Lock()
			defer mu.Unlock()
			_ = json.NewDecoder(r.Body).Decode(&sent)
		}
		if answer, ok := answers[r.URL.Path]; ok {
			_, _ = io.WriteString(w, answer)
			return
		}
		_, _ = io.WriteString(w, "{}")
	})
	w := newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = api })
	b := w.browser().with(w.officer())
	for _, p := range []struct {
		path        string
		says, lacks []string
	}{
		{"/observations", []string{`<a href="/probes/network-log">The network log is kept</a> <code class="hint">network-log</code>`, `<a href="/obligations" aria-current="true">`}, nil},
		{"/observations/" + someID, []string{"<h1>The network log is kept", "<dd>Each line</dd>"}, []string{"每条"}},
		{"/observations.csv", []string{",network-log,"}, []string{"The network log"}},
		{"/duty-waivers", []string{`<a href="/obligations/ds-12-3">Offer a door for appeals</a> <code class="hint">ds-12-3</code>`}, nil},
		{"/duty-waivers/one", []string{"<h1>Offer a door for appeals"}, nil},
		{"/duty-waivers/new?obligation=ds-12-3", []string{`<option value="ds-12-3" selected>ds-12-3 · Offer a door for appeals</option>`}, nil},
		{"/mechanism-reviews/one", []string{"2027-05-22"}, []string{"16:00"}},
		{"/security-triggers", []string{"2027-01-05"}, []string{"15:59"}},
		{"/security-assessments/one", []string{"Security Assessment Provisions Art. 5 (1)", "the standard wants 10,000", `<a href="/content/` + someID + `"><code class="tail"`}, []string{"第五条"}},
		{"/filings/one", []string{`<a href="/filings/one/subject">`, `<a href="/filings/one/field/subject.kind">Type</a>`, `<a href="/filings/one/products">`, "It is no code"}, []string{"Nothing was found"}},
		{"/drills/one", []string{"48 minutes"}, []string{"seconds"}},
		{"/incident-reports/one", []string{"<dd>First report</dd>"}, []string{"首次报告"}},
		{"/listings/one", []string{`title="The file ` + someSum + ` is another one"`, "The file …f00a08 is another one"}, nil},
		{"/cases/one", []string{`/illegal-outputs/new?correction-origin=case%2Fone`}, nil},
		{"/review/one", []string{`/illegal-outputs/new?correction-origin=held%2Fone`}, nil},
		{"/review/two", nil, []string{"/illegal-outputs/new"}},
		{"/illegal-outputs/new?correction-origin=case%2Fone", []string{`value="case/one"`}, nil},
		{"/runs/one/result?lang=zh", nil, nil},
		{"/runs/one/result", []string{"未与 GB/T 45654-2025 正式文本核对", "未能证实的公开资料"}, []string{"only in English", "public reports"}},
	} {
		r := b.get(p.path)
		if r.StatusCode == http.StatusSeeOther {
			continue // the language
		}
		b.want(r, http.StatusOK, p.says...)
		b.lacks(r, p.lacks...)
	}
	b.get("/datasets?lang=en")
	// A file stands for its digest; without one the digest that was typed is sent.
	for _, f := range []struct{ typed, file, want string }{{"", "test", someSum}, {strings.ToUpper(someSum), "", someSum}} {
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		fields := map[string]string{"csrf": hiddenCSRF().FindStringSubmatch(b.get("/datasets/one/change").body)[1], "licence-paper": f.typed}
		for name, value := range fields {
			w.fine(parts.WriteField(name, value))
		}
		if f.file != "" {
			file, err := parts.CreateFormFile("licence-paper-file", "licence.pdf")
			w.fine(err)
			fmt.Fprint(file, f.file)
		}
		w.fine(parts.Close())
		req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.origin+"/datasets/one/change", &form)
		w.fine(err)
		req.Header.Set("Content-Type", parts.FormDataContentType())
		res, err := b.http.Do(req)
		w.fine(err)
		_ = res.Body.Close()
		mu.Lock()
		if raw, _ := json.Marshal(sent); res.StatusCode != http.StatusSeeOther || !strings.Contains(string(raw), `"paper":"`+f.want+`"`) {
			t.Errorf("%d, %s", res.StatusCode, raw)
		}
		mu.Unlock()
	}
}
