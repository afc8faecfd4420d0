package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/colophon-project/colophon"
)

// ListCounts says how many rows of a list were read how.
type ListCounts struct {
	Rows       int `json:"rows"`
	Read       int `json:"read"`
	Doubtful   int `json:"doubtful"`
	Unreadable int `json:"unreadable"`
}

// FilingList is an imported list of filed algorithms.
type FilingList struct {
	ID        string      `json:"id"`
	State     string      `json:"state"`  // imported, superseded or withdrawn
	Series    string      `json:"series"` // deep-synthesis, algorithm or cancellation
	Name      string      `json:"name"`
	Published string      `json:"published"`
	Source    string      `json:"source"`
	Format    string      `json:"format"`
	Title     string      `json:"title"`
	SHA256    string      `json:"sha256"`
	Counts    ListCounts  `json:"counts"`
	By        string      `json:"by"`
	Made      string      `json:"made"`
	Replaces  string      `json:"replaces"`
	Reason    string      `json:"reason"`
	Doubts    []FilingRow `json:"doubts,omitempty"` // of one list: rows that were not wholly read
}

// ListReason is why a row was not wholly read.
type ListReason struct {
	Code colophon.Code `json:"code"`
	Text string        `json:"sentence"`
}

// FilingRow is an algorithm as a list shows it.
type FilingRow struct {
	Table     int          `json:"table,omitempty"`
	Row       int          `json:"row"`
	Reading   string       `json:"reading"` // read, doubtful or unreadable
	Reasons   []ListReason `json:"reasons,omitempty"`
	Name      string       `json:"name,omitempty"`
	Role      string       `json:"role,omitempty"`
	Category  string       `json:"category,omitempty"`
	Entity    string       `json:"entity,omitempty"`
	Product   string       `json:"product,omitempty"`
	Purpose   string       `json:"purpose,omitempty"`
	Number    string       `json:"number,omitempty"`
	Written   string       `json:"written,omitempty"`
	Remark    string       `json:"remark,omitempty"`
	Cancelled bool         `json:"cancelled,omitempty"`
}

// FilingHit is a row with the list that it stands on.
type FilingHit struct {
	List      string    `json:"list"`
	Series    string    `json:"series"`
	Batch     string    `json:"batch"`
	Published string    `json:"published"`
	Row       FilingRow `json:"row"`
}

// ListDifference counts what a list has that was not known.
type ListDifference struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Cancelled int `json:"cancelled"`
	Gone      int `json:"gone"`
	Unread    int `json:"unread"`
}

// ListImport is what came of an import.
type ListImport struct {
	List       FilingList     `json:"list"`
	Difference ListDifference `json:"difference"`
	Doubts     []FilingRow    `json:"doubts"`
}

// ListAbout says which list a file is.
type ListAbout struct{ Series, Batch, Published, Source string }

// ListAnswer says whether a number is on the imported lists.
type ListAnswer struct {
	Verdict string        `json:"verdict"` // passed, failed or could-not-tell
	Says    ListReason    `json:"says"`
	Number  *FilingNumber `json:"number,omitempty"`
	Hits    []FilingHit   `json:"hits"`
}

// OwnStanding is one of our numbers against the lists.
type OwnStanding struct {
	ListAnswer
	Function string   `json:"function"`
	Model    string   `json:"model,omitempty"`
	Filing   string   `json:"filing,omitempty"`
	Written  string   `json:"written"`
	Name     string   `json:"name,omitempty"`
	Differs  []string `json:"differs,omitempty"`
}

// ListFound is a page of rows that fit.
type ListFound struct {
	Total int         `json:"total"`
	AsOf  string      `json:"as_of"`
	Rows  []FilingHit `json:"rows"`
}

// FilingLists returns a page of imported lists, the newest first, and the cursor of the next one.
func (c *Client) FilingLists(ctx context.Context, l Listing) (list []FilingList, next string, err error) {
	var page struct {
		Lists []FilingList
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-lists", query: l.query()}, &page)
	return page.Lists, page.Next, err
}

// FilingList returns an imported list with the rows that were not wholly read.
func (c *Client) FilingList(ctx context.Context, id string) (l FilingList, err error) {
	return l, c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-lists/" + url.PathEscape(id)}, &l)
}

// ImportFilingList imports a list as it was published: DOCX, CSV or JSON.
func (c *Client) ImportFilingList(ctx context.Context, a ListAbout, file io.Reader) (out ListImport, err error) {
	q := url.Values{"series": {a.Series}, "batch": {a.Batch}, "published": {a.Published}}
	if a.Source != "" {
		q.Set("source", a.Source)
	}
	return out, c.upload(ctx, "/v1/filing-lists", q, file, &out)
}

// FindListed returns the rows that have all words of a text in name, entity, product or number.
func (c *Client) FindListed(ctx context.Context, text, series string, offset, limit int) (out ListFound, err error) {
	q := url.Values{"text": {text}, "offset": {strconv.Itoa(offset)}}
	if series != "" {
		q.Set("series", series)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return out, c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-lists/rows", query: q}, &out)
}

// ListedNumber says whether a number passes the check and is on the imported lists.
func (c *Client) ListedNumber(ctx context.Context, number string) (a ListAnswer, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-lists/number", query: url.Values{"number": {number}}}, &a)
}

// OwnNumbers holds the numbers that we show against the lists, and returns the day of the newest list.
func (c *Client) OwnNumbers(ctx context.Context) (list []OwnStanding, asOf string, err error) {
	var out struct {
		Numbers []OwnStanding
		AsOf    string `json:"as_of"`
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/filing-lists/own"}, &out)
	return out.Numbers, out.AsOf, err
}

// WithdrawFilingList takes back a list that was imported by mistake.
func (c *Client) WithdrawFilingList(ctx context.Context, id, reason string) (l FilingList, err error) {
	return l, c.change(ctx, "/v1/filing-lists/"+url.PathEscape(id)+":withdraw", map[string]any{"reason": reason}, &l)
}
