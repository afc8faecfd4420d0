package client

import (
	"context"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
)

// ProbeRun is a job that runs probes.
type ProbeRun struct {
	Job    string   `json:"job"`
	Probes []string `json:"probes"`
}

// ProbeText is a sentence in both languages.
type ProbeText struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In is the sentence in a language; in Chinese for all but English.
func (t ProbeText) In(language string) string {
	if language == "en" {
		return t.EN
	}
	return t.ZH
}

// ProbeSaw is what a probe saw in one run.
type ProbeSaw struct {
	ID        string        `json:"id"`
	Collected time.Time     `json:"collected"`
	Outcome   string        `json:"outcome"` // passed, failed or could-not-tell
	Code      colophon.Code `json:"code,omitempty"`
	Args      colophon.Args `json:"args,omitempty"`
	Actual    string        `json:"actual"`
	Samples   []string      `json:"samples"`
	Digest    string        `json:"digest,omitempty"`
	Void      colophon.Code `json:"void,omitempty"`
}

// ProbeLine is a probe with what it saw last.
type ProbeLine struct {
	Name   string    `json:"name"`
	Kind   string    `json:"kind"` // negative, query or attestation
	Title  ProbeText `json:"title"`
	Expect ProbeText `json:"expect"`
	Every  int       `json:"every"` // hours
	Life   int       `json:"life"`  // hours
	Last   *ProbeSaw `json:"last,omitempty"`
}

// ProbeLines lists the probes with what each saw last.
func (c *Client) ProbeLines(ctx context.Context) ([]ProbeLine, error) {
	var out struct{ Probes []ProbeLine }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/probes"}, &out)
	return out.Probes, err
}

// RunProbes has the server try what must not work: the probes that are named, or all of them.
func (c *Client) RunProbes(ctx context.Context, names ...string) (ProbeRun, error) {
	var r ProbeRun
	err := c.change(ctx, "/v1/probes:run", map[string]any{"probes": append([]string{}, names...)}, &r)
	return r, err
}
