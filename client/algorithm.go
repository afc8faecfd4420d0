package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// AlgorithmText describes an algorithm. The description of the API says what the fields mean.
type AlgorithmText struct {
	Names     TextPair `json:"names"`
	Kind      string   `json:"kind"`   // generation, recommendation, ranking, retrieval or scheduling
	Origin    string   `json:"origin"` // own or third-party
	Supplier  string   `json:"supplier,omitempty"`
	Number    string   `json:"number,omitempty"`
	Contract  string   `json:"contract,omitempty"` // SHA-256
	Paper     string   `json:"paper,omitempty"`
	Functions []string `json:"functions,omitempty"`
	Models    []string `json:"models,omitempty"`
}

// AlgorithmVersion is a version of an algorithm.
type AlgorithmVersion struct {
	Name    string     `json:"name"`
	Weights string     `json:"weights,omitempty"`
	Note    string     `json:"note,omitempty"`
	Added   time.Time  `json:"added"`
	By      string     `json:"by"`
	Serving string     `json:"serving,omitempty"`
	Bound   *time.Time `json:"bound,omitempty"`
	Binder  string     `json:"binder,omitempty"`
}

// AlgorithmServing is what served from some time on.
type AlgorithmServing struct {
	Digest  string    `json:"digest"`
	Since   time.Time `json:"since"`
	Version string    `json:"version,omitempty"` // empty where nobody said which one it is
}

// ProvenReason is one thing that keeps a verdict from having passed.
type ProvenReason struct {
	Verdict string `json:"verdict"`
	Sentence
}

// Algorithm is an algorithm as it is kept, with what serves it now.
type Algorithm struct {
	ID         string             `json:"id"`
	State      string             `json:"state"` // active or retired
	Algorithm  AlgorithmText      `json:"algorithm"`
	Versions   []AlgorithmVersion `json:"versions"`
	Told       bool               `json:"told"`
	Serving    *AlgorithmServing  `json:"serving,omitempty"`
	Seen       []AlgorithmServing `json:"seen"`
	Provenance string             `json:"provenance"` // passed, failed or could-not-tell
	Reasons    []ProvenReason     `json:"reasons"`
	Changed    time.Time          `json:"changed"`
}

// Algorithms returns a page of algorithms, and the cursor of the next page.
func (c *Client) Algorithms(ctx context.Context, l Listing) (list []Algorithm, next string, err error) {
	var page struct {
		Algorithms []Algorithm
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/algorithms", query: l.query()}, &page)
	return page.Algorithms, page.Next, err
}

func algorithmAt(id, step string) string { return "/v1/algorithms/" + url.PathEscape(id) + step }

// Algorithm returns an algorithm.
func (c *Client) Algorithm(ctx context.Context, id string) (a Algorithm, err error) {
	return a, c.get(ctx, request{method: http.MethodGet, path: algorithmAt(id, "")}, &a)
}

// AddAlgorithm enters an algorithm.
func (c *Client) AddAlgorithm(ctx context.Context, id string, t AlgorithmText) (a Algorithm, err error) {
	return a, c.change(ctx, "/v1/algorithms", map[string]any{"id": id, "algorithm": t}, &a)
}

// ChangeAlgorithm describes an algorithm anew, all but its versions.
func (c *Client) ChangeAlgorithm(ctx context.Context, id string, t AlgorithmText) (a Algorithm, err error) {
	return a, c.change(ctx, algorithmAt(id, ":change"), map[string]any{"algorithm": t}, &a)
}

// DeclareVersion declares a version, with the SHA-256 of its weights where there is one.
func (c *Client) DeclareVersion(ctx context.Context, id, version, weights, note string) (a Algorithm, err error) {
	body := map[string]string{"version": version, "note": note}
	if weights != "" {
		body["weights"] = weights
	}
	return a, c.change(ctx, algorithmAt(id, ":declare"), body, &a)
}

// BindVersion says that what serves now is a version.
func (c *Client) BindVersion(ctx context.Context, id, version string) (a Algorithm, err error) {
	return a, c.change(ctx, algorithmAt(id, ":bind"), map[string]string{"version": version}, &a)
}

// RetireAlgorithm ends an algorithm for good.
func (c *Client) RetireAlgorithm(ctx context.Context, id string) (a Algorithm, err error) {
	return a, c.change(ctx, algorithmAt(id, ":retire"), nil, &a)
}
