package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// InspectionTarget is a page that is looked at; Chosen is the CSS selector of what on it was generated.
type InspectionTarget struct {
	Address string `json:"address"`
	Chosen  string `json:"chosen,omitempty"`
}

// InspectionSum counts the checks under a heading of an inspector.
type InspectionSum struct {
	Heading string `json:"heading"`
	Outcome string `json:"outcome"`
	Passed  int    `json:"passed"`
	Failed  int    `json:"failed"`
	Untold  int    `json:"could_not_tell"`
}

// Inspection is a mock inspection of pages.
type Inspection struct {
	ID       string             `json:"id"`
	State    string             `json:"state"` // waiting, done, broken
	Own      bool               `json:"own"`
	Probe    bool               `json:"probe"`
	Targets  []InspectionTarget `json:"targets"`
	By       string             `json:"by"`
	Made     time.Time          `json:"made"`
	Ended    time.Time          `json:"ended"`
	Looked   int                `json:"looked"`
	Outcome  string             `json:"outcome"` // passed, failed, could-not-tell
	Headings []InspectionSum    `json:"headings"`
	Subjects int                `json:"subjects"`
	SHA256   string             `json:"sha256"`
	Reason   colophon.Code      `json:"reason"`
}

func inspectionPath(id string) string { return "/v1/inspections/" + url.PathEscape(id) }

// Inspections returns a page of inspections, the newest first, and the cursor of the next one.
func (c *Client) Inspections(ctx context.Context, l Listing) (list []Inspection, next string, err error) {
	var page struct {
		Inspections []Inspection
		Next        string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/inspections", query: l.query()}, &page)
	return page.Inspections, page.Next, err
}

// Inspection returns an inspection.
func (c *Client) Inspection(ctx context.Context, id string) (i Inspection, err error) {
	return i, c.get(ctx, request{method: http.MethodGet, path: inspectionPath(id)}, &i)
}

// StartInspection has pages looked at; own stands for those of the provider's own services, and takes no targets.
func (c *Client) StartInspection(ctx context.Context, own bool, targets ...InspectionTarget) (i Inspection, err error) {
	return i, c.change(ctx, "/v1/inspections", map[string]any{"own": own, "targets": append([]InspectionTarget{}, targets...)}, &i)
}

// InspectionReport returns the report as it is kept, with its pictures; the caller closes it.
func (c *Client) InspectionReport(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.body(ctx, inspectionPath(id)+"/report", nil)
}

// InspectionDocument returns the report as html, docx or pdf; the caller closes it.
func (c *Client) InspectionDocument(ctx context.Context, id, format, language string) (io.ReadCloser, error) {
	return c.body(ctx, inspectionPath(id)+"/document", url.Values{"format": {format}, "language": {language}})
}

// InspectionPicture returns a picture of the report by its digest; the caller closes it.
func (c *Client) InspectionPicture(ctx context.Context, id, digest string) (io.ReadCloser, error) {
	return c.body(ctx, inspectionPath(id)+"/picture", url.Values{"sha256": {digest}})
}
