package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// SystemReview says that somebody looked whether a version of a system of rules still fits.
type SystemReview struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Note string    `json:"note"`
	Next string    `json:"next"`
}

// SystemVersion is a version of one of the provider's systems of rules.
type SystemVersion struct {
	ID        string         `json:"id"`
	State     string         `json:"state"` // draft, approved or withdrawn
	System    string         `json:"system"`
	Number    int            `json:"number"`
	Title     string         `json:"title"`
	Text      string         `json:"text"`
	English   string         `json:"english"`
	Public    bool           `json:"public"`
	Owner     string         `json:"owner"`
	Review    string         `json:"review"`
	Change    string         `json:"change"`
	Digest    string         `json:"digest"`
	Author    string         `json:"author"`
	Approver  string         `json:"approver"`
	Effective *time.Time     `json:"effective"`
	Reviews   []SystemReview `json:"reviews"`
}

// SystemDraft is what a person writes of a system of rules.
type SystemDraft struct {
	System  string `json:"system"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	English string `json:"english,omitempty"`
	Public  bool   `json:"public,omitempty"`
	Owner   string `json:"owner"`
	Review  string `json:"review"` // a day, such as 2027-06-30
	Change  string `json:"change"`
}

// SystemStanding says how a system of rules stands.
type SystemStanding struct {
	System  string         `json:"system"`
	Verdict string         `json:"verdict"` // passed or failed
	Until   *time.Time     `json:"until"`
	Version *SystemVersion `json:"version"`
}

// PublicSystem is a system of rules as everybody may read it.
type PublicSystem struct {
	System    string     `json:"system"`
	Number    int        `json:"number"`
	Title     string     `json:"title"`
	Text      string     `json:"text"`
	English   string     `json:"english"`
	Digest    string     `json:"digest"`
	Effective time.Time  `json:"effective"`
	Review    string     `json:"review"`
	Reviewed  *time.Time `json:"reviewed"`
}

// Systems returns how each system of rules stood at a time; a zero one is now.
func (c *Client) Systems(ctx context.Context, at time.Time) ([]SystemStanding, error) {
	var out struct{ Systems []SystemStanding }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/systems", query: Asked{At: at}.put(url.Values{})}, &out)
	return out.Systems, err
}

// SystemVersions returns a page of versions, the newest first, and the cursor of the next one. A filter has "system".
func (c *Client) SystemVersions(ctx context.Context, l Listing) (list []SystemVersion, next string, err error) {
	var page struct {
		Versions []SystemVersion
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/system-versions", query: l.query()}, &page)
	return page.Versions, page.Next, err
}

func systemPath(id string) string { return "/v1/system-versions/" + url.PathEscape(id) }

// SystemVersion returns a version.
func (c *Client) SystemVersion(ctx context.Context, id string) (v SystemVersion, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: systemPath(id)}, &v)
}

// DraftSystem writes a version for somebody else to approve.
func (c *Client) DraftSystem(ctx context.Context, d SystemDraft) (v SystemVersion, err error) {
	return v, c.change(ctx, "/v1/system-versions", d, &v)
}

// ApproveSystem puts in force what somebody else wrote, from a time; a zero one is now.
func (c *Client) ApproveSystem(ctx context.Context, id string, effective time.Time) (v SystemVersion, err error) {
	body := map[string]any{}
	setTime(body, "effective", effective)
	return v, c.change(ctx, systemPath(id)+":approve", body, &v)
}

// WithdrawSystem takes a draft back.
func (c *Client) WithdrawSystem(ctx context.Context, id, note string) (v SystemVersion, err error) {
	return v, c.change(ctx, systemPath(id)+":withdraw", map[string]any{"note": note}, &v)
}

// ReviewSystem says that a version still fits, and on which day it is looked at next.
func (c *Client) ReviewSystem(ctx context.Context, id, note, next string) (v SystemVersion, err error) {
	return v, c.change(ctx, systemPath(id)+":review", map[string]any{"note": note, "next": next}, &v)
}

// PublicSystems returns the systems of rules that everybody may read.
func (c *Client) PublicSystems(ctx context.Context) ([]PublicSystem, error) {
	var out struct{ Systems []PublicSystem }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/public/systems"}, &out)
	return out.Systems, err
}
