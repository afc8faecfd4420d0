package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Opening is what the commitment of a record commits to.
type Opening struct {
	Salt    []byte `json:"salt"`
	Payload string `json:"payload"` // canonical JSON
}

// Records returns a page of records and the cursor of the next one, which is empty after the last.
func (c *Client) Records(ctx context.Context, l Listing) (list []ProvenRecord, next string, err error) {
	var page struct {
		Records []ProvenRecord
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/records", query: l.query()}, &page)
	return page.Records, page.Next, err
}

// RecordProof returns a record with its leaf and its proof.
func (c *Client) RecordProof(ctx context.Context, id string) (p Proven, err error) {
	return p, c.get(ctx, request{method: http.MethodGet, path: "/v1/records/" + url.PathEscape(id) + "/proof"}, &p)
}

// RecordProofText returns the proof alone, in the form of C2SP tlog-proof.
func (c *Client) RecordProofText(ctx context.Context, id string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/records/" + url.PathEscape(id) + "/proof", header: http.Header{"Accept": {"text/plain"}}})
}

// OpenRecord opens a record. Another record says that you did, so it is sent once.
func (c *Client) OpenRecord(ctx context.Context, id string) (o Opening, err error) {
	return o, c.get(ctx, request{method: http.MethodGet, path: "/v1/records/" + url.PathEscape(id) + "/payload"}, &o)
}

// LogState is how large the log is, and what waits for it.
type LogState struct {
	Origin  string     `json:"origin"`
	Size    uint64     `json:"size"`
	Root    []byte     `json:"root"`
	Records int64      `json:"records"`
	Waiting int64      `json:"waiting"`
	Oldest  *time.Time `json:"oldest"` // of those that wait
}

// LogState says how large the log is.
func (c *Client) LogState(ctx context.Context) (s LogState, err error) {
	return s, c.get(ctx, request{method: http.MethodGet, path: "/v1/log/state"}, &s)
}

// LogReport is what a check of the whole log found. The description of the API says what the fields mean.
type LogReport struct {
	Verdict  string     `json:"verdict"` // passed, failed or could-not-tell
	Size     uint64     `json:"size"`
	Records  uint64     `json:"records"`
	Pending  uint64     `json:"pending"`
	Payloads uint64     `json:"payloads"`
	Erased   uint64     `json:"erased"`
	Faults   []LogFault `json:"faults"`
	More     int        `json:"more"`
}

// LogFault is one thing that does not fit, or could not be looked at.
type LogFault struct {
	Kind     string        `json:"kind"`
	Name     string        `json:"name"`
	Verdict  string        `json:"verdict"`
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
}

// CheckLog has the whole log checked against the store. That may take minutes.
func (c *Client) CheckLog(ctx context.Context) (r LogReport, err error) {
	return r, c.get(ctx, request{method: http.MethodPost, path: "/v1/log:check"}, &r)
}

// Exhibit is one record of a sample.
type Exhibit struct {
	Index  uint64   `json:"index"`
	Leaf   string   `json:"leaf"`
	Hashes [][]byte `json:"hashes"`
}

// Sample has exactly the records shown that a seed selects from a checkpoint; from the last one where none is given.
func (c *Client) Sample(ctx context.Context, seed []byte, count int, checkpoint string) (note string, list []Exhibit, err error) {
	body := map[string]any{"seed": seed, "count": count}
	if checkpoint != "" {
		body["checkpoint"] = checkpoint
	}
	var out struct {
		Checkpoint string
		Exhibits   []Exhibit
	}
	err = c.change(ctx, "/v1/log/samples", body, &out)
	return out.Checkpoint, out.Exhibits, err
}

// Hold keeps the records of a subject, or one record, from being purged.
type Hold struct {
	ID      string     `json:"id"`
	Subject string     `json:"subject"`
	Record  string     `json:"record"`
	Placed  time.Time  `json:"placed"`
	Lifted  *time.Time `json:"lifted"`
}

// Holds returns a page of holds, the newest first, and the cursor of the next one.
func (c *Client) Holds(ctx context.Context, l Listing) (list []Hold, next string, err error) {
	var page struct {
		Holds []Hold
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/holds", query: l.query()}, &page)
	return page.Holds, page.Next, err
}

// Hold returns a hold.
func (c *Client) Hold(ctx context.Context, id string) (h Hold, err error) {
	return h, c.get(ctx, request{method: http.MethodGet, path: "/v1/holds/" + url.PathEscape(id)}, &h)
}

// PlaceHold places a hold on the records of a subject, or on one record; the other is empty.
func (c *Client) PlaceHold(ctx context.Context, subject, record string) (id string, err error) {
	var out struct{ ID string }
	err = c.change(ctx, "/v1/holds", struct {
		Subject string `json:"subject,omitempty"`
		Record  string `json:"record,omitempty"`
	}{subject, record}, &out)
	return out.ID, err
}

// LiftHold lifts a hold.
func (c *Client) LiftHold(ctx context.Context, id string) error {
	_, err := c.text(ctx, request{method: http.MethodDelete, path: "/v1/holds/" + url.PathEscape(id)})
	return err
}

// Erasure says whose data was erased, or is restricted until the law lets it go.
type Erasure struct {
	Subject   string     `json:"subject"`
	State     string     `json:"state"` // restricted or erased
	Requested time.Time  `json:"requested"`
	Due       time.Time  `json:"due"`
	Done      *time.Time `json:"done"`
}

// Erasures returns a page of erasures and the cursor of the next one.
func (c *Client) Erasures(ctx context.Context, l Listing) (list []Erasure, next string, err error) {
	var page struct {
		Erasures []Erasure
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/erasures", query: l.query()}, &page)
	return page.Erasures, page.Next, err
}

// ErasureRehearsal is what an erasure would come to.
type ErasureRehearsal struct {
	Subject   string    `json:"subject"`
	State     string    `json:"state"` // restricted or erased
	Artefacts int64     `json:"artefacts"`
	Records   int64     `json:"records"`
	Lines     int64     `json:"lines"`
	Due       time.Time `json:"due"`
	Held      bool      `json:"held"`
}

// RehearseErasure tells what it would come to, to erase what is kept of an account, which is your own identifier.
func (c *Client) RehearseErasure(ctx context.Context, account string) (r ErasureRehearsal, err error) {
	return r, c.change(ctx, "/v1/accounts:rehearse-erasure", map[string]string{"account": account}, &r)
}

// EraseAccount erases what is kept of an account, which is your own identifier, or restricts it.
func (c *Client) EraseAccount(ctx context.Context, account string) (state string, err error) {
	var out struct{ State string }
	err = c.change(ctx, "/v1/accounts:erase", map[string]string{"account": account}, &out)
	return out.State, err
}

// NetworkLine is one line of the network log.
type NetworkLine struct {
	At        time.Time `json:"at"`
	Subject   string    `json:"subject"`
	Operation string    `json:"operation"`
	Source    string    `json:"source"`
	Client    string    `json:"client"`
}

// NetworkQuestion is what somebody wants to read of the network log. An account is your own identifier; empty for all.
type NetworkQuestion struct {
	Account, Reason string
	From, To        time.Time
	Limit           int
}

// NetworkLog reads the network log. A record says that you did, and why.
func (c *Client) NetworkLog(ctx context.Context, q NetworkQuestion) ([]NetworkLine, error) {
	r := request{method: http.MethodGet, path: "/v1/network-log", header: http.Header{},
		query: url.Values{"from": {q.From.UTC().Format(time.RFC3339)}, "to": {q.To.UTC().Format(time.RFC3339)}, "limit": {strconv.Itoa(q.Limit)}}}
	for name, value := range map[string]string{"Colophon-Account": q.Account, "Colophon-Reason": q.Reason} {
		if value != "" {
			r.header.Set(name, url.PathEscape(value))
		}
	}
	var out struct{ Lines []NetworkLine }
	return out.Lines, c.get(ctx, r, &out)
}

// Jobs returns a page of jobs, those that failed too often by themselves, and the cursor of the next one; and how many there
// are in each state but done.
func (c *Client) Jobs(ctx context.Context, l Listing) (list []Job, next string, depth map[string]int64, err error) {
	var page struct {
		Jobs  []Job
		Next  string
		Depth map[string]int64
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/jobs", query: l.query()}, &page)
	return page.Jobs, page.Next, page.Depth, err
}

// JudgeJob has a dead job worked again (retry), or throws it away (discard).
func (c *Client) JudgeJob(ctx context.Context, id, step string) error {
	key, err := c.key()
	if err == nil {
		_, err = c.text(ctx, request{method: http.MethodPost, path: "/v1/jobs/" + url.PathEscape(id) + ":" + step, header: http.Header{"Idempotency-Key": {key}}})
	}
	return err
}

// Setting is one thing that is set about the server.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // default, file, environment or flag
	Secret bool   `json:"secret"`
	About  string `json:"about"`
}

// Settings returns how the server is set, without secrets.
func (c *Client) Settings(ctx context.Context) ([]Setting, error) {
	var out struct{ Settings []Setting }
	return out.Settings, c.get(ctx, request{method: http.MethodGet, path: "/v1/settings"}, &out)
}
