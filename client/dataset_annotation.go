package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// AnnotationRule is a version of an annotation rule.
type AnnotationRule struct {
	ID       string     `json:"id"`
	State    string     `json:"state"`
	Name     string     `json:"name"`
	Version  int        `json:"version"`
	Kind     string     `json:"kind"`
	Title    TextPair   `json:"title"`
	Text     string     `json:"text,omitempty"`
	SHA256   string     `json:"sha256"`
	Part     int        `json:"part"`
	Share    int        `json:"share"`
	Author   string     `json:"author"`
	Approver string     `json:"approver,omitempty"`
	Made     time.Time  `json:"made"`
	Approved *time.Time `json:"approved,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
}

// AnnotatorTraining says that somebody was trained in a version of a rule.
type AnnotatorTraining struct {
	Rule    string    `json:"rule"`
	Day     time.Time `json:"day"`
	Passed  bool      `json:"passed"`
	Paper   string    `json:"paper,omitempty"`
	Entered time.Time `json:"entered"`
	By      string    `json:"by"`
}

// Annotator is somebody who annotates or checks, under an opaque identifier.
type Annotator struct {
	ID        string              `json:"id"`
	State     string              `json:"state"`
	Duty      string              `json:"duty"`
	Trainings []AnnotatorTraining `json:"trainings"`
	Entered   time.Time           `json:"entered"`
}

// AnnotationCheckText is what a check of a sample of labels found.
type AnnotationCheckText struct {
	Rule       string   `json:"rule"`
	Dataset    string   `json:"dataset,omitempty"`
	Batch      string   `json:"batch"`
	Labels     int      `json:"labels"`
	Checked    int      `json:"checked"`
	Wrong      int      `json:"wrong"`
	Untold     int      `json:"untold,omitempty"`
	Annotators []string `json:"annotators"`
	Checker    string   `json:"checker"`
}

// AnnotationCheck is a check of a sample of labels, held against the rule.
type AnnotationCheck struct {
	ID      string              `json:"id"`
	Check   AnnotationCheckText `json:"check"`
	Must    int                 `json:"must"`
	Share   int                 `json:"share"`
	Mark    int                 `json:"mark"`
	Verdict string              `json:"verdict"`
	By      string              `json:"by"`
	At      time.Time           `json:"at"`
}

// AnnotationRules returns a page of versions of annotation rules, the newest first, and the cursor of the next page.
func (c *Client) AnnotationRules(ctx context.Context, l Listing) (list []AnnotationRule, next string, err error) {
	var page struct {
		Rules []AnnotationRule
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/annotation-rules", query: l.query()}, &page)
	return page.Rules, page.Next, err
}

// AnnotationRule returns a version of a rule with its text.
func (c *Client) AnnotationRule(ctx context.Context, id string) (r AnnotationRule, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/annotation-rules/" + url.PathEscape(id)}, &r)
}

// DraftAnnotationRule writes the next version of a rule: its name, kind, title, text, part and share count.
func (c *Client) DraftAnnotationRule(ctx context.Context, r AnnotationRule) (out AnnotationRule, err error) {
	return out, c.change(ctx, "/v1/annotation-rules", map[string]any{"name": r.Name, "kind": r.Kind, "title": r.Title, "text": r.Text, "part": r.Part, "share": r.Share}, &out)
}

// StepAnnotationRule approves or withdraws a version.
func (c *Client) StepAnnotationRule(ctx context.Context, id, step string) (r AnnotationRule, err error) {
	return r, c.change(ctx, "/v1/annotation-rules/"+url.PathEscape(id)+":"+step, nil, &r)
}

// Annotators returns a page of those who annotate and check, and the cursor of the next page.
func (c *Client) Annotators(ctx context.Context, l Listing) (list []Annotator, next string, err error) {
	var page struct {
		Annotators []Annotator
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/annotators", query: l.query()}, &page)
	return page.Annotators, page.Next, err
}

// Annotator returns somebody who annotates or checks.
func (c *Client) Annotator(ctx context.Context, id string) (a Annotator, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: "/v1/annotators/" + url.PathEscape(id)}, &a)
}

// EnterAnnotator enters somebody under an opaque identifier, with a duty: annotate or check.
func (c *Client) EnterAnnotator(ctx context.Context, id, duty string) (a Annotator, err error) {
	return a, c.change(ctx, "/v1/annotators", map[string]string{"id": id, "duty": duty}, &a)
}

// TrainAnnotator says that somebody was trained in a version of a rule. Paper is the SHA-256 of what shows it, or empty.
func (c *Client) TrainAnnotator(ctx context.Context, id, rule string, day time.Time, passed bool, paper string) (a Annotator, err error) {
	body := map[string]any{"rule": rule, "day": day, "passed": passed}
	if paper != "" {
		body["paper"] = paper
	}
	return a, c.change(ctx, "/v1/annotators/"+url.PathEscape(id)+":train", body, &a)
}

// AnnotatorLeaves says that somebody does it no more.
func (c *Client) AnnotatorLeaves(ctx context.Context, id string) (a Annotator, err error) {
	return a, c.change(ctx, "/v1/annotators/"+url.PathEscape(id)+":leave", nil, &a)
}

// AnnotationChecks returns a page of checks, the newest first, and the cursor of the next page.
func (c *Client) AnnotationChecks(ctx context.Context, l Listing) (list []AnnotationCheck, next string, err error) {
	var page struct {
		Checks []AnnotationCheck
		Next   string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/annotation-checks", query: l.query()}, &page)
	return page.Checks, page.Next, err
}

// EnterAnnotationCheck enters a check of a sample of labels.
func (c *Client) EnterAnnotationCheck(ctx context.Context, t AnnotationCheckText) (one AnnotationCheck, err error) {
	return one, c.change(ctx, "/v1/annotation-checks", t, &one)
}
