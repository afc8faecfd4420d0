package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Words is the same in two languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// RefutationSource is where something stands that shows it.
type RefutationSource struct {
	Title string `json:"title"`
	URL   string `json:"url"`
	Date  string `json:"date"` // such as 2026-11-22
}

// FileDigest is the digest of a file.
type FileDigest struct {
	Alg   string `json:"alg"` // sha256 or sm3
	Value string `json:"value"`
}

// RefutationDraft is what a person writes. The description of the API says what the fields mean.
type RefutationDraft struct {
	Claim      Words              `json:"claim"`
	Verdict    string             `json:"verdict"` // false, altered, out-of-context or unproven
	Reason     Words              `json:"reason"`
	Sources    []RefutationSource `json:"sources,omitempty"`
	Numbers    []string           `json:"numbers,omitempty"`
	Digests    []FileDigest       `json:"digests,omitempty"`
	Hashes     []string           `json:"hashes,omitempty"`
	Known      bool               `json:"known,omitempty"` // adds what is known of the content numbers
	Texts      []string           `json:"texts,omitempty"`
	Signatures []string           `json:"signatures,omitempty"`
	FirstSeen  *time.Time         `json:"first_seen,omitempty"`
	Cases      []string           `json:"cases,omitempty"`
	Reports    []string           `json:"reports,omitempty"`
	Corrects   string             `json:"corrects,omitempty"`
}

// Refutation is a claim and what is wrong with it. What everybody gets of it ends with Why.
type Refutation struct {
	ID          string             `json:"id"`
	State       string             `json:"state"` // draft, proposed, published, corrected or withdrawn
	URL         string             `json:"url,omitempty"`
	Claim       Words              `json:"claim"`
	Verdict     string             `json:"verdict"`
	Reason      Words              `json:"reason"`
	Sources     []RefutationSource `json:"sources"`
	Numbers     []string           `json:"numbers"`
	Digests     []FileDigest       `json:"digests"`
	Hashes      []string           `json:"hashes"`
	FirstSeen   *time.Time         `json:"first_seen,omitempty"`
	Published   *time.Time         `json:"published,omitempty"`
	Corrects    string             `json:"corrects,omitempty"`
	CorrectedBy string             `json:"corrected_by,omitempty"`
	Ended       *time.Time         `json:"ended,omitempty"`
	Why         *Words             `json:"why,omitempty"` // it was withdrawn

	Linked     json.RawMessage `json:"linked,omitempty"` // of [Client.PublicRefutation]: JSON-LD for a page
	Version    int64           `json:"version,omitempty"`
	Signatures []string        `json:"signatures,omitempty"`
	Writers    []string        `json:"writers,omitempty"`
	Approver   string          `json:"approver,omitempty"`
	Cases      []string        `json:"cases,omitempty"`
	Reports    []string        `json:"reports,omitempty"`
}

// RefutationReach counts whom a refutation reached.
type RefutationReach struct {
	Reached     int                 `json:"reached"`
	Read        int                 `json:"read"`
	Deliverable int                 `json:"deliverable"`
	Unreachable int                 `json:"unreachable"`
	Dropped     int                 `json:"dropped"`
	Unknown     []RefutationUnknown `json:"unknown"` // never empty
	Sought      *time.Time          `json:"sought,omitempty"`
	Numbers     int                 `json:"numbers"`
	Deliveries  int                 `json:"deliveries"`
}

// RefutationUnknown is one reason why it isn't known whom content reached.
type RefutationUnknown struct {
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
	Count    int           `json:"count,omitempty"`
}

// RefutationNotice tells one recipient of content that it was refuted, or that the refutation was withdrawn.
type RefutationNotice struct {
	ID          string      `json:"id"`
	State       string      `json:"state"` // waiting, told, read, unreachable or dropped
	Kind        string      `json:"kind"`  // publish or withdraw
	Refutation  string      `json:"refutation"`
	Party       string      `json:"party"` // account or application
	Subject     string      `json:"subject,omitempty"`
	Application string      `json:"application,omitempty"`
	Numbers     []string    `json:"numbers"`
	Made        time.Time   `json:"made"`
	Told        *time.Time  `json:"told,omitempty"`
	Read        *time.Time  `json:"read,omitempty"`
	Failed      *time.Time  `json:"failed,omitempty"`
	Via         string      `json:"via,omitempty"`
	Says        *Refutation `json:"says,omitempty"` // where notices are fetched to be delivered
}

// CaseMaterial is what a draft may take from a case.
type CaseMaterial struct {
	Cases     []string     `json:"cases"`
	Numbers   []string     `json:"numbers"`
	Like      []string     `json:"like"` // a person has to look at it before
	Digests   []FileDigest `json:"digests"`
	Hashes    []string     `json:"hashes"`
	FirstSeen time.Time    `json:"first_seen"`
}

// Refuted is a published refutation that is about content. The description of the API says what the fields mean.
type Refuted struct {
	Refutation
	Likeness
}

// RecallSource is a feed of somebody else that is followed.
type RecallSource struct {
	ID      string     `json:"id"`
	State   string     `json:"state"` // followed, failing or ended
	Name    string     `json:"name"`
	URL     string     `json:"url"`
	Key     string     `json:"key"`
	Seen    uint64     `json:"seen"`
	Read    *time.Time `json:"read,omitempty"`
	Trouble *Sentence  `json:"trouble,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
}

// RecallEntry is what somebody else says is false.
type RecallEntry struct {
	ID         string             `json:"id"`
	State      string             `json:"state"` // held, superseded or retracted
	Source     string             `json:"source"`
	Name       string             `json:"name"`
	Sequence   uint64             `json:"sequence"`
	Refutation string             `json:"refutation"`
	Corrects   string             `json:"corrects,omitempty"`
	Claim      Words              `json:"claim"`
	Verdict    string             `json:"verdict"`
	Reason     Words              `json:"reason"`
	Sources    []RefutationSource `json:"sources"`
	Numbers    []string           `json:"numbers"`
	At         time.Time          `json:"at"`
	Contact    string             `json:"contact,omitempty"`
	URL        string             `json:"url,omitempty"`
}

type refutationPage struct {
	Refutations []Refutation
	Next        string
}

// Refutations returns a page of refutations, the newest first, and the cursor of the next page.
func (c *Client) Refutations(ctx context.Context, l Listing) ([]Refutation, string, error) {
	var page refutationPage
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/refutations", query: l.query()}, &page)
	return page.Refutations, page.Next, err
}

// Refutation returns a refutation.
func (c *Client) Refutation(ctx context.Context, id string) (r Refutation, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: refutationPath(id, "")}, &r)
}

// DraftRefutation enters a draft.
func (c *Client) DraftRefutation(ctx context.Context, d RefutationDraft) (r Refutation, err error) {
	return r, c.change(ctx, "/v1/refutations", d, &r)
}

// ReviseRefutation writes a draft anew.
func (c *Client) ReviseRefutation(ctx context.Context, id string, d RefutationDraft) (r Refutation, err error) {
	return r, c.change(ctx, refutationPath(id, ":revise"), d, &r)
}

// ProposeRefutation gives a draft to somebody else to publish.
func (c *Client) ProposeRefutation(ctx context.Context, id string) (r Refutation, err error) {
	return r, c.change(ctx, refutationPath(id, ":propose"), nil, &r)
}

// ReturnRefutation makes what was proposed a draft again.
func (c *Client) ReturnRefutation(ctx context.Context, id string) (r Refutation, err error) {
	return r, c.change(ctx, refutationPath(id, ":return"), nil, &r)
}

// PublishRefutation publishes what others wrote, in the version that was read.
func (c *Client) PublishRefutation(ctx context.Context, id string, version int64) (r Refutation, err error) {
	return r, c.change(ctx, refutationPath(id, ":publish"), map[string]int64{"version": version}, &r)
}

// WithdrawRefutation gives up a draft, or withdraws what was published; then why is needed.
func (c *Client) WithdrawRefutation(ctx context.Context, id string, why *Words) (r Refutation, err error) {
	body := map[string]any{}
	if why != nil {
		body["why"] = why
	}
	return r, c.change(ctx, refutationPath(id, ":withdraw"), body, &r)
}

// SpreadRefutation looks again for those who received the content.
func (c *Client) SpreadRefutation(ctx context.Context, id string) (r Refutation, err error) {
	return r, c.change(ctx, refutationPath(id, ":spread"), nil, &r)
}

// RefutationReach counts whom a refutation reached.
func (c *Client) RefutationReach(ctx context.Context, id string) (r RefutationReach, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: refutationPath(id, "/reach")}, &r)
}

type noticePage struct {
	Notices []RefutationNotice
	Next    string
}

// RefutationNotices returns a page of the notices of a refutation, the oldest first, and the cursor of the next page.
func (c *Client) RefutationNotices(ctx context.Context, id string, l Listing) ([]RefutationNotice, string, error) {
	var page noticePage
	err := c.get(ctx, request{method: http.MethodGet, path: refutationPath(id, "/notices"), query: l.query()}, &page)
	return page.Notices, page.Next, err
}

// CaseMaterial returns what a draft may take from a case.
func (c *Client) CaseMaterial(ctx context.Context, id string) (m CaseMaterial, err error) {
	return m, c.get(ctx, request{method: http.MethodGet, path: "/v1/cases/" + url.PathEscape(id) + "/material"}, &m)
}

// WaitingNotices returns a page of the notices that an application may deliver, those that wait unless the filter names states.
func (c *Client) WaitingNotices(ctx context.Context, l Listing) ([]RefutationNotice, string, error) {
	var page noticePage
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/notices", query: l.query()}, &page)
	return page.Notices, page.Next, err
}

// OwnNotices returns a page of the notices to an account: its own identifier, or its pseudonym.
func (c *Client) OwnNotices(ctx context.Context, account, subject, cursor string) ([]RefutationNotice, string, error) {
	var page noticePage
	err := c.post(ctx, "/v1/notices:own", nil, ownedNotices(account, subject, cursor), &page)
	return page.Notices, page.Next, err
}

func ownedNotices(account, subject, cursor string) map[string]string {
	body := map[string]string{}
	for name, value := range map[string]string{"account": account, "subject": subject, "cursor": cursor} {
		if value != "" {
			body[name] = value
		}
	}
	return body
}

// AcknowledgeNotice says what became of a notice: told, read or unreachable.
func (c *Client) AcknowledgeNotice(ctx context.Context, id, state string) (n RefutationNotice, err error) {
	return n, c.change(ctx, "/v1/notices/"+url.PathEscape(id)+":acknowledge", map[string]string{"state": state}, &n)
}

// PublicRefutations returns a page of what was published, the newest first, and the cursor of the next page. It needs no key.
func (c *Client) PublicRefutations(ctx context.Context, l Listing) ([]Refutation, string, error) {
	var page refutationPage
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/public/refutations", query: l.query()}, &page)
	return page.Refutations, page.Next, err
}

// PublicRefutation returns what was published, with JSON-LD in a language. It needs no key.
func (c *Client) PublicRefutation(ctx context.Context, id, language string) (r Refutation, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/public/refutations/" + url.PathEscape(id), query: given(map[string]string{"lang": language})}, &r)
}

// RecallCheckpoint returns the signed end of the recall feed of the server.
func (c *Client) RecallCheckpoint(ctx context.Context) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/recall/checkpoint"})
}

// RecallKey returns the key that the recall feed of the server is verified with.
func (c *Client) RecallKey(ctx context.Context) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/recall/key"})
}

// RecallLines returns the lines of the recall feed behind a place. Whoever reads closes it.
func (c *Client) RecallLines(ctx context.Context, after uint64) (io.ReadCloser, error) {
	return c.body(ctx, "/v1/recall/lines", url.Values{"after": {strconv.FormatUint(after, 10)}})
}

// RecallSources returns the feeds that are followed, or were.
func (c *Client) RecallSources(ctx context.Context) ([]RecallSource, error) {
	var page struct{ Sources []RecallSource }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/recall/sources"}, &page)
	return page.Sources, err
}

// RecallSource returns a feed that is followed, or was.
func (c *Client) RecallSource(ctx context.Context, id string) (r RecallSource, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/recall/sources/" + url.PathEscape(id)}, &r)
}

// FollowRecall has the feed of another provider followed: the address of its lines, and the key of its provider.
func (c *Client) FollowRecall(ctx context.Context, name, address, key string) (r RecallSource, err error) {
	return r, c.change(ctx, "/v1/recall/sources", map[string]string{"name": name, "url": address, "key": key}, &r)
}

// ReadRecall has a feed read now.
func (c *Client) ReadRecall(ctx context.Context, id string) (r RecallSource, err error) {
	return r, c.change(ctx, "/v1/recall/sources/"+url.PathEscape(id)+":read", nil, &r)
}

// EndRecall has a feed followed no more.
func (c *Client) EndRecall(ctx context.Context, id string) (r RecallSource, err error) {
	return r, c.change(ctx, "/v1/recall/sources/"+url.PathEscape(id)+":end", nil, &r)
}

// RecallEntries returns a page of what was taken from feeds of others, the newest first, and the cursor of the next page.
func (c *Client) RecallEntries(ctx context.Context, l Listing) ([]RecallEntry, string, error) {
	var page struct {
		Entries []RecallEntry
		Next    string
	}
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/recall/entries", query: l.query()}, &page)
	return page.Entries, page.Next, err
}

func refutationPath(id, rest string) string { return "/v1/refutations/" + url.PathEscape(id) + rest }
