package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Judged is a judgement as it is kept: what was decided and by which facts, without any text.
type Judged struct {
	ID       string       `json:"id"`
	At       time.Time    `json:"at"`
	Subject  string       `json:"subject"`
	Surface  string       `json:"surface"`
	Class    string       `json:"class"`
	Function string       `json:"function"`
	Action   string       `json:"action"`
	Verdict  string       `json:"verdict"`
	Policy   string       `json:"policy"`
	Library  string       `json:"library"`
	Facts    []PolicyFact `json:"facts"`
}

// Judgements returns a page of past judgements, the newest first, and the cursor of the next one.
func (c *Client) Judgements(ctx context.Context, l Listing) (list []Judged, next string, err error) {
	var page struct {
		Judgements []Judged
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/judgements", query: l.query()}, &page)
	return page.Judgements, page.Next, err
}

// PastJudgement returns a past judgement.
func (c *Client) PastJudgement(ctx context.Context, id string) (Judged, error) {
	list, _, err := c.Judgements(ctx, Listing{Filter: url.Values{"id": {id}}, Limit: 1})
	return only(list, err, "judgement-missing")
}

// PolicyTable is a decision table. The description of the API says what its cells hold.
type PolicyTable struct {
	Version string       `json:"version"`
	Made    *time.Time   `json:"made,omitempty"`
	By      string       `json:"by,omitempty"`
	Rows    []PolicyRow  `json:"rows"`
	Cases   []PolicyCase `json:"cases"`
}

// PolicyRow is one row of it. A cell is * for everything, or words separated by |.
type PolicyRow struct {
	ID       string `json:"id"`
	Category string `json:"category"`
	Level    string `json:"level"`
	Surface  string `json:"surface"`
	Class    string `json:"class"`
	When     string `json:"when,omitempty"`
	Action   string `json:"action"`
	Help     string `json:"help,omitempty"`
	Reason   string `json:"reason"`
}

// PolicyFact is what a row sees of one finding.
type PolicyFact struct {
	Category string  `json:"category"`
	Level    string  `json:"level"`
	Surface  string  `json:"surface,omitempty"`
	Class    string  `json:"class,omitempty"`
	Check    string  `json:"check,omitempty"`
	How      string  `json:"how,omitempty"`
	Function string  `json:"function,omitempty"`
	Runes    int     `json:"runes,omitempty"`
	Score    float64 `json:"score,omitempty"`
	Distance int     `json:"distance,omitempty"`
}

// PolicyCase is a recorded judgement and what has to come of it.
type PolicyCase struct {
	Name  string       `json:"name"`
	Facts []PolicyFact `json:"facts"`
	Want  string       `json:"want"`
}

// PolicyChange counts judgements in which one action becomes another.
type PolicyChange struct {
	Category string   `json:"category"` // empty for the judgement as a whole
	From     string   `json:"from"`
	To       string   `json:"to"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"`
}

// PolicyComparison says what a version would decide otherwise than the table in force.
type PolicyComparison struct {
	Against    string         `json:"against"`
	By         string         `json:"by"`
	At         time.Time      `json:"at"`
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"`
	Judgements int            `json:"judgements"`
	Whole      bool           `json:"whole"`
	Stricter   int            `json:"stricter"`
	Milder     int            `json:"milder"`
	Changes    []PolicyChange `json:"changes"`
}

// PolicyRelease says that a version was put in force.
type PolicyRelease struct {
	Number int64     `json:"number"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// PolicyVersion is a table with its history.
type PolicyVersion struct {
	Table      PolicyTable       `json:"table"`
	Digest     string            `json:"digest"`
	Origin     string            `json:"origin"`
	Reason     string            `json:"reason"`
	By         string            `json:"by"`
	At         time.Time         `json:"at"`
	Comparison *PolicyComparison `json:"comparison"`
	Releases   []PolicyRelease   `json:"releases"`
}

// Policy returns the decision table in force. It is shipped where nobody released another than the program comes with.
func (c *Client) Policy(ctx context.Context) (t PolicyTable, shipped bool, err error) {
	var now struct {
		Shipped bool
		Table   PolicyTable
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/policy"}, &now)
	return now.Table, now.Shipped, err
}

// Policies returns a page of versions, the last proposed first, and the cursor of the next one.
func (c *Client) Policies(ctx context.Context, l Listing) (list []PolicyVersion, next string, err error) {
	var page struct {
		Versions []PolicyVersion
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/policies", query: l.query()}, &page)
	return page.Versions, page.Next, err
}

// PolicyVersion returns a version with its history.
func (c *Client) PolicyVersion(ctx context.Context, version string) (v PolicyVersion, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: policyPath(version)}, &v)
}

// ProposePolicy proposes a table.
func (c *Client) ProposePolicy(ctx context.Context, t PolicyTable, reason string) (v PolicyVersion, err error) {
	t.Made, t.By = nil, "" // the server says that
	return v, c.change(ctx, "/v1/policies", map[string]any{"table": t, "reason": reason}, &v)
}

// ComparePolicy decides anew about the judgements of the last days (dry run).
func (c *Client) ComparePolicy(ctx context.Context, version string, days int) (p PolicyComparison, err error) {
	return p, c.change(ctx, policyPath(version)+":compare", map[string]int{"days": days}, &p)
}

// ReleasePolicy puts in force what somebody else proposed.
func (c *Client) ReleasePolicy(ctx context.Context, version, reason string) (r PolicyRelease, err error) {
	return r, c.change(ctx, policyPath(version)+":release", map[string]string{"reason": reason}, &r)
}

// ExportPolicy returns a version as a signed note.
func (c *Client) ExportPolicy(ctx context.Context, version string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: policyPath(version) + "/export"})
}

// ImportPolicy proposes a table that a trusted key signed.
func (c *Client) ImportPolicy(ctx context.Context, file io.Reader, reason string) (v PolicyVersion, err error) {
	return v, c.upload(ctx, "/v1/policies:import", url.Values{"reason": {reason}}, file, &v)
}

func policyPath(version string) string { return "/v1/policies/" + url.PathEscape(version) }

// upload sends a file.
func (c *Client) upload(ctx context.Context, path string, q url.Values, file io.Reader, into any) error {
	return c.get(ctx, request{method: http.MethodPost, path: path, query: q, header: http.Header{"Content-Type": {"application/octet-stream"}}, body: file}, into)
}

// Feature returns a feature of the library.
func (c *Client) Feature(ctx context.Context, id string) (Feature, error) {
	list, _, err := c.Features(ctx, Listing{Filter: url.Values{"id": {id}}, Limit: 1})
	return only(list, err, "library-missing")
}

// FeatureBatches returns a page of what was proposed together, the last first, and the cursor of the next one.
func (c *Client) FeatureBatches(ctx context.Context, l Listing) (list []FeatureBatch, next string, err error) {
	var page struct {
		Batches []FeatureBatch
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/feature-batches", query: l.query()}, &page)
	return page.Batches, page.Next, err
}

// FeatureBatch returns what was proposed together.
func (c *Client) FeatureBatch(ctx context.Context, id string) (FeatureBatch, error) {
	list, _, err := c.FeatureBatches(ctx, Listing{Filter: url.Values{"id": {id}}, Limit: 1})
	return only(list, err, "library-missing")
}

// FeatureFile is a file of features, and what stands for what its rows don't say.
type FeatureFile struct {
	Origin   string
	Format   string // csv or json
	Language string
	Standard string
	Reason   string
	Source   string
	Signed   bool // take it only if a key of this deployment signed it
}

// ImportFeatures proposes what stands in a file.
func (c *Client) ImportFeatures(ctx context.Context, f FeatureFile, file io.Reader) (b FeatureBatch, err error) {
	q := given(map[string]string{"origin": f.Origin, "format": f.Format, "language": f.Language, "standard": f.Standard, "reason": f.Reason, "source": f.Source})
	if f.Signed {
		q.Set("signed", "true")
	}
	return b, c.upload(ctx, "/v1/features:import", q, file, &b)
}

// FeatureSelection says which features an act is about: all of a batch that it is possible for, or some.
type FeatureSelection struct {
	Batch  string   `json:"batch,omitempty"`
	IDs    []string `json:"ids,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// ReviewFeatures agrees to what somebody else proposed, and returns how many features there were.
func (c *Client) ReviewFeatures(ctx context.Context, s FeatureSelection) (int, error) {
	return c.countFeatures(ctx, "review", s)
}

// RejectFeatures rejects what was proposed.
func (c *Client) RejectFeatures(ctx context.Context, s FeatureSelection) (int, error) {
	return c.countFeatures(ctx, "reject", s)
}

func (c *Client) countFeatures(ctx context.Context, step string, s FeatureSelection) (int, error) {
	var out struct{ Count int }
	return out.Count, c.change(ctx, "/v1/features:"+step, s, &out)
}

// ReplayReport says what a change of the library would do to the stored samples.
type ReplayReport struct {
	Verdict  string         `json:"verdict"` // passed, failed or could-not-tell
	Samples  int            `json:"samples"`
	Unread   int            `json:"unread"`
	Untried  int            `json:"untried"`
	Gains    int            `json:"gains"`
	Losses   int            `json:"losses"`
	Gaining  []string       `json:"gaining"`
	Losing   []string       `json:"losing"`
	Features []ReplayEffect `json:"features"`
}

// ReplayEffect is what one feature gains and loses.
type ReplayEffect struct {
	Feature string `json:"feature"`
	Gains   int    `json:"gains"`
	Losses  int    `json:"losses"`
}

// ReplayFeatures tries reviewed features over the stored samples.
func (c *Client) ReplayFeatures(ctx context.Context, s FeatureSelection) (r ReplayReport, err error) {
	return r, c.change(ctx, "/v1/features:replay", s, &r)
}

// RehearseFeatures tells what it would change to take features out of force.
func (c *Client) RehearseFeatures(ctx context.Context, s FeatureSelection) (r ReplayReport, err error) {
	return r, c.post(ctx, "/v1/features:rehearse", http.Header{"Content-Type": {"application/json"}}, s, &r)
}

// LibraryVersion is a state of the library.
type LibraryVersion struct {
	Number int64     `json:"number"`
	Digest string    `json:"digest"`
	Count  int       `json:"count"`
	At     time.Time `json:"at"`
}

// ActivateFeatures puts in force what was replayed.
func (c *Client) ActivateFeatures(ctx context.Context, s FeatureSelection) (v LibraryVersion, err error) {
	return v, c.change(ctx, "/v1/features:activate", s, &v)
}

// RetireFeatures takes active features out of force.
func (c *Client) RetireFeatures(ctx context.Context, s FeatureSelection) (v LibraryVersion, err error) {
	return v, c.change(ctx, "/v1/features:retire", s, &v)
}

// ExportLibrary returns the features that are active in a version, as csv or as signed lines of JSON; 0 is the last version.
func (c *Client) ExportLibrary(ctx context.Context, format string, version int64) ([]byte, error) {
	q := given(map[string]string{"format": format})
	if version > 0 {
		q.Set("version", strconv.FormatInt(version, 10))
	}
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/library/export", query: q})
}

// LibraryCoverage counts the features in force against the yardsticks of GB/T 45654. The description of the API says what
// the fields mean.
type LibraryCoverage struct {
	InForce  string          `json:"in_force"`
	Version  int64           `json:"version"`
	Digest   string          `json:"digest"`
	Standard string          `json:"standard"`
	Note     string          `json:"note"`
	Words    CoverageCount   `json:"words"`
	Topics   []CoverageTopic `json:"topics"`
	Risks    []CoverageRisk  `json:"risks"`
}

// CoverageCount is how many entries there are, and how many there are to be.
type CoverageCount struct {
	Entries   int            `json:"entries"`
	Languages map[string]int `json:"languages"`
	Least     int            `json:"least"` // 0 where nobody says
	Enough    bool           `json:"enough"`
}

// CoverageTopic is a category with its entries.
type CoverageTopic struct {
	Category string         `json:"category"`
	Zh       string         `json:"zh"`
	En       string         `json:"en"`
	Risks    []string       `json:"risks"`
	High     bool           `json:"high"`
	Illegal  bool           `json:"illegal"`
	Words    CoverageCount  `json:"words"`
	Other    map[string]int `json:"other"`
}

// CoverageRisk is a risk of the annex with its entries.
type CoverageRisk struct {
	ID          string        `json:"id"`
	Zh          string        `json:"zh"`
	En          string        `json:"en"`
	Unconfirmed bool          `json:"unconfirmed"`
	Words       CoverageCount `json:"words"`
}

// Library says what the feature library covers.
func (c *Client) Library(ctx context.Context) (l LibraryCoverage, err error) {
	return l, c.get(ctx, request{method: http.MethodGet, path: "/v1/library"}, &l)
}

// LibrarySample is a sample without its text.
type LibrarySample struct {
	ID      string    `json:"id"`
	Subject string    `json:"subject"`
	Origin  string    `json:"origin"`
	Added   time.Time `json:"added"`
	Until   time.Time `json:"until"`
}

// LibrarySamples returns a page of the stored samples, and the cursor of the next one.
func (c *Client) LibrarySamples(ctx context.Context, l Listing) (list []LibrarySample, next string, err error) {
	var page struct {
		Samples []LibrarySample
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/samples", query: l.query()}, &page)
	return page.Samples, page.Next, err
}

// SampleEntry is a text that changes of the library are tried over.
type SampleEntry struct {
	Text   string    `json:"text"`
	Origin string    `json:"origin"`
	Until  time.Time `json:"until"`
}

// AddLibrarySamples keeps texts, sealed, and returns their identifiers.
func (c *Client) AddLibrarySamples(ctx context.Context, list []SampleEntry) ([]string, error) {
	var out struct{ IDs []string }
	return out.IDs, c.change(ctx, "/v1/samples", map[string]any{"samples": list}, &out)
}

// RemoveLibrarySamples removes samples.
func (c *Client) RemoveLibrarySamples(ctx context.Context, ids []string, reason string) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"ids": ids, "reason": reason})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	resp, err := c.do(ctx, request{method: http.MethodPost, path: "/v1/samples:remove", header: header, body: bytes.NewReader(body)})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
