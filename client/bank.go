package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// KindCount counts questions of a kind.
type KindCount struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// TestBank is a bank of test questions, without the questions.
type TestBank struct {
	ID        string      `json:"id"`
	State     string      `json:"state"` // imported, approved, rejected or retired
	Made      time.Time   `json:"made"`
	Name      string      `json:"name"`
	Note      string      `json:"note"`
	Digest    string      `json:"digest"`
	Questions int         `json:"questions"`
	Kinds     []KindCount `json:"kinds"`
	Near      int         `json:"near"`
	Importer  string      `json:"importer"`
	Decider   string      `json:"decider"`
	Decided   *time.Time  `json:"decided"`
	Reason    string      `json:"reason"`
}

// BankTopic is a risk, or an aspect of questions that should not be refused.
type BankTopic struct {
	ID         string    `json:"id"`
	Names      PackNames `json:"names"`
	Source     string    `json:"source"`
	Confidence string    `json:"confidence"`
}

// BankCount counts the questions of a topic.
type BankCount struct {
	Kind      string    `json:"kind"`
	Topic     BankTopic `json:"topic"`
	Questions int       `json:"questions"`
	Least     int       `json:"least"`
	Verdict   string    `json:"verdict"`
}

// BankHeld is a figure of the standard held against a bank.
type BankHeld struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Each       bool     `json:"each"`
	Least      int      `json:"least"`
	Fewest     int      `json:"fewest"`
	Short      []string `json:"short"`
	Source     string   `json:"source"`
	Confidence string   `json:"confidence"`
	Verdict    string   `json:"verdict"`
}

// BankPair is two questions that are nearly the same.
type BankPair struct {
	A     string `json:"a"`
	B     string `json:"b"`
	Share int    `json:"share"`
}

// BankCoverage counts a bank beside the figures of the standard.
type BankCoverage struct {
	Standard string      `json:"standard"`
	Note     string      `json:"note"`
	Topics   []BankCount `json:"topics"`
	Held     []BankHeld  `json:"held"`
	Near     []BankPair  `json:"near"`
	Whole    bool        `json:"whole"`
}

// TestBanks returns a page of banks, the newest first, and the cursor of the next one.
func (c *Client) TestBanks(ctx context.Context, l Listing) (list []TestBank, next string, err error) {
	var page struct {
		Banks []TestBank
		Next  string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/banks", query: l.query()}, &page)
	return page.Banks, page.Next, err
}

func bankPath(id string) string { return "/v1/banks/" + url.PathEscape(id) }

// TestBank returns a bank.
func (c *Client) TestBank(ctx context.Context, id string) (b TestBank, err error) {
	return b, c.get(ctx, request{method: http.MethodGet, path: bankPath(id)}, &b)
}

// BankCoverage counts the questions of a bank.
func (c *Client) BankCoverage(ctx context.Context, id string) (v BankCoverage, err error) {
	return v, c.get(ctx, request{method: http.MethodGet, path: bankPath(id) + "/coverage"}, &v)
}

// BankQuestions returns the questions of a bank as JSON Lines; the caller closes it.
func (c *Client) BankQuestions(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.body(ctx, bankPath(id)+"/questions", nil)
}

// ImportBank brings in a bank, as jsonl or csv. It is sent once.
func (c *Client) ImportBank(ctx context.Context, from io.Reader, format, title, note string) (b TestBank, err error) {
	q := url.Values{"format": {format}, "title": {title}}
	if note != "" {
		q.Set("note", note)
	}
	return b, c.upload(ctx, "/v1/banks:import", q, from, &b)
}

// StarterBank brings in the bank that comes with Colophon.
func (c *Client) StarterBank(ctx context.Context) (b TestBank, err error) {
	return b, c.change(ctx, "/v1/banks:starter", nil, &b)
}

// ApproveBank lets runs be made with a bank that somebody else brought in.
func (c *Client) ApproveBank(ctx context.Context, id string) (b TestBank, err error) {
	return b, c.change(ctx, bankPath(id)+":approve", nil, &b)
}

// EndBank rejects or retires a bank, as the step says: reject, retire.
func (c *Client) EndBank(ctx context.Context, id, step, reason string) (b TestBank, err error) {
	return b, c.change(ctx, bankPath(id)+":"+step, map[string]any{"reason": reason}, &b)
}
