package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// DatasetText describes a dataset.
type DatasetText struct {
	Names      TextPair `json:"names"`
	Modalities []string `json:"modalities"`
	Origin     string   `json:"origin"`
	Source     string   `json:"source"`
	Licence    string   `json:"licence,omitempty"`
	Paper      string   `json:"paper,omitempty"`
	Items      int64    `json:"items,omitempty"`
	Bytes      int64    `json:"bytes,omitempty"`
	Personal   string   `json:"personal,omitempty"`
	Kinds      []string `json:"kinds,omitempty"`
	Bases      []string `json:"bases,omitempty"`
	Ground     string   `json:"ground,omitempty"`
	Proof      string   `json:"proof,omitempty"`
	Consents   []string `json:"consents,omitempty"`
	Biometric  string   `json:"biometric,omitempty"`
	Biometrics []string `json:"biometrics,omitempty"`
	Minors     string   `json:"minors,omitempty"`
}

// DatasetCount is how many items there are of one thing.
type DatasetCount struct {
	Name  string `json:"name"`
	Items int    `json:"items"`
}

// DatasetManifest is what a manifest came to. What it lists is not kept.
type DatasetManifest struct {
	Digest   string         `json:"digest"`
	Items    int            `json:"items"`
	Sources  []DatasetCount `json:"sources"`
	Consents []DatasetCount `json:"consents"`
	At       time.Time      `json:"at"`
	By       string         `json:"by"`
}

// DatasetUse says that a version of an algorithm used a dataset.
type DatasetUse struct {
	Algorithm string    `json:"algorithm"`
	Version   string    `json:"version"`
	Purpose   string    `json:"purpose"`
	Digest    string    `json:"digest,omitempty"`
	At        time.Time `json:"at"`
	By        string    `json:"by"`
}

// SampleResult is what a sample came to, held against a yardstick of GB/T 45654-2025. Shares are in parts per million.
type SampleResult struct {
	Sample    string    `json:"sample"`
	Digest    string    `json:"digest"`
	Yardstick string    `json:"yardstick"`
	Source    string    `json:"source,omitempty"`
	Of        int       `json:"of"`
	Must      int       `json:"must"`
	Hits      int       `json:"hits"`
	Known     int       `json:"known"`
	Unknown   int       `json:"unknown"`
	Share     int       `json:"share"`
	Low       int       `json:"low"`
	High      int       `json:"high"`
	Mark      int       `json:"mark"`
	Machine   string    `json:"machine,omitempty"`
	Verdict   string    `json:"verdict"`
	At        time.Time `json:"at"`
}

// DatasetYardstick is how a dataset stands by one yardstick, as it is now.
type DatasetYardstick struct {
	Yardstick       string         `json:"yardstick"`
	Verdict         string         `json:"verdict"`
	Sampled         bool           `json:"sampled"`
	Stale           bool           `json:"stale"`
	Least           int            `json:"least"`
	LeastPart       int            `json:"least_part"`
	Share           int            `json:"share"`
	AtMost          bool           `json:"at_most"`
	LeastConfidence string         `json:"least_confidence,omitempty"`
	LeastSource     string         `json:"least_source,omitempty"`
	ShareConfidence string         `json:"share_confidence"`
	ShareSource     string         `json:"share_source"`
	Results         []SampleResult `json:"results"`
}

// Dataset is a dataset as it is kept.
type Dataset struct {
	ID         string             `json:"id"`
	State      string             `json:"state"`
	Dataset    DatasetText        `json:"dataset"`
	Manifest   *DatasetManifest   `json:"manifest,omitempty"`
	Before     []DatasetManifest  `json:"before"`
	Uses       []DatasetUse       `json:"uses"`
	Grounds    string             `json:"grounds"`
	Reasons    []ProvenReason     `json:"reasons"`
	Yardsticks []DatasetYardstick `json:"yardsticks"`
	Barred     bool               `json:"barred"`
	Removals   int                `json:"removals"`
	Late       int                `json:"late"`
	Changed    time.Time          `json:"changed"`
}

// RemovalProof says how items were removed.
type RemovalProof struct {
	After   string    `json:"after"`
	Removed int       `json:"removed"`
	Paper   string    `json:"paper,omitempty"`
	How     string    `json:"how"`
	Verdict string    `json:"verdict"`
	Still   int       `json:"still"` // items that were found in the manifest after
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// DatasetRemoval is what follows for a dataset from the end of a consent.
type DatasetRemoval struct {
	ID       string        `json:"id"`
	State    string        `json:"state"`
	Dataset  string        `json:"dataset"`
	Consent  string        `json:"consent"`
	Why      string        `json:"why"`
	Ended    time.Time     `json:"ended"`
	Opened   time.Time     `json:"opened"`
	Due      time.Time     `json:"due"`
	Late     bool          `json:"late"`
	Before   string        `json:"before,omitempty"`
	Items    int           `json:"items"`
	Uses     []DatasetUse  `json:"uses"`
	Proof    *RemovalProof `json:"proof,omitempty"`
	Reason   string        `json:"reason,omitempty"`
	Days     int           `json:"days"`
	Basis    string        `json:"basis"`
	Sureness string        `json:"confidence"`
}

// MachinePart is what machines said of the items that were drawn for them.
type MachinePart struct {
	Drawn   int      `json:"drawn"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Unknown int      `json:"unknown"`
	Judges  []string `json:"judges"`
}

// TrainingSample is a sample of a dataset.
type TrainingSample struct {
	ID      string         `json:"id"`
	State   string         `json:"state"`
	Sheet   string         `json:"sheet"`
	Dataset string         `json:"dataset"`
	Digest  string         `json:"digest"`
	Items   int            `json:"items"`
	Seed    uint32         `json:"seed"`
	Least   int            `json:"least"`
	Each    int            `json:"each"`
	Drawn   int            `json:"drawn"`
	Open    int            `json:"open"`
	Machine MachinePart    `json:"machine"`
	Pairs   int            `json:"pairs"`
	Agreed  int            `json:"agreed"`
	Kappa   *int           `json:"kappa,omitempty"`
	Results []SampleResult `json:"results"`
	By      string         `json:"by"`
	Made    time.Time      `json:"made"`
	Ended   *time.Time     `json:"ended,omitempty"`
}

func datasetAt(id, step string) string { return "/v1/datasets/" + url.PathEscape(id) + step }

// Datasets returns a page of datasets, and the cursor of the next page.
func (c *Client) Datasets(ctx context.Context, l Listing) (list []Dataset, next string, err error) {
	var page struct {
		Datasets []Dataset
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/datasets", query: l.query()}, &page)
	return page.Datasets, page.Next, err
}

// Dataset returns a dataset.
func (c *Client) Dataset(ctx context.Context, id string) (d Dataset, err error) {
	return d, c.get(ctx, request{method: http.MethodGet, path: datasetAt(id, "")}, &d)
}

// AddDataset enters a dataset.
func (c *Client) AddDataset(ctx context.Context, id string, t DatasetText) (d Dataset, err error) {
	return d, c.change(ctx, "/v1/datasets", map[string]any{"id": id, "dataset": t}, &d)
}

// ChangeDataset describes a dataset anew, all that people say of it.
func (c *Client) ChangeDataset(ctx context.Context, id string, t DatasetText) (d Dataset, err error) {
	return d, c.change(ctx, datasetAt(id, ":change"), map[string]any{"dataset": t}, &d)
}

// ListDataset hands in the manifest: what the dataset consists of from now on.
func (c *Client) ListDataset(ctx context.Context, id string, manifest io.Reader) (d Dataset, err error) {
	return d, c.upload(ctx, datasetAt(id, ":list"), nil, manifest, &d)
}

// SampleDataset hands in the manifest and draws a sample of it. With 0 people judge what the yardstick asks for.
func (c *Client) SampleDataset(ctx context.Context, id string, seed uint32, least, each int, manifest io.Reader) (t TrainingSample, err error) {
	q := url.Values{"seed": {strconv.FormatUint(uint64(seed), 10)}, "least": {strconv.Itoa(least)}, "each": {strconv.Itoa(each)}}
	return t, c.upload(ctx, datasetAt(id, ":sample"), q, manifest, &t)
}

// UseDataset says that a version of an algorithm used a dataset.
func (c *Client) UseDataset(ctx context.Context, id, algorithm, version, purpose string) (d Dataset, err error) {
	return d, c.change(ctx, datasetAt(id, ":use"), map[string]string{"algorithm": algorithm, "version": version, "purpose": purpose}, &d)
}

// RetireDataset ends a dataset for good.
func (c *Client) RetireDataset(ctx context.Context, id string) (d Dataset, err error) {
	return d, c.change(ctx, datasetAt(id, ":retire"), nil, &d)
}

// DatasetRemovals returns a page of removals, the newest first, and the cursor of the next page.
func (c *Client) DatasetRemovals(ctx context.Context, l Listing) (list []DatasetRemoval, next string, err error) {
	var page struct {
		Removals []DatasetRemoval
		Next     string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/dataset-removals", query: l.query()}, &page)
	return page.Removals, page.Next, err
}

// DatasetRemoval returns a removal.
func (c *Client) DatasetRemoval(ctx context.Context, id string) (r DatasetRemoval, err error) {
	return r, c.get(ctx, request{method: http.MethodGet, path: "/v1/dataset-removals/" + url.PathEscape(id)}, &r)
}

// ProveRemoval says how items were removed, after [Client.ListDataset] took in the manifest without them. Paper is the SHA-256 of
// a protocol, or empty. The manifests are the one before and the one in force, which are compared; without them it could not tell.
// It is sent once.
func (c *Client) ProveRemoval(ctx context.Context, id, how, paper string, manifests ...io.Reader) (r DatasetRemoval, err error) {
	var files []CaseUpload
	for _, m := range manifests {
		files = append(files, CaseUpload{File: m})
	}
	return r, c.form(ctx, "/v1/dataset-removals/"+url.PathEscape(id)+":prove", "", [][2]string{{"how", how}, {"paper", paper}}, files, &r)
}

// DismissRemoval says why nothing is to be removed.
func (c *Client) DismissRemoval(ctx context.Context, id, reason string) (r DatasetRemoval, err error) {
	return r, c.change(ctx, "/v1/dataset-removals/"+url.PathEscape(id)+":dismiss", map[string]string{"reason": reason}, &r)
}

// TrainingSamples returns a page of samples of datasets, the newest first, and the cursor of the next page.
func (c *Client) TrainingSamples(ctx context.Context, l Listing) (list []TrainingSample, next string, err error) {
	var page struct {
		Samples []TrainingSample
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/training-samples", query: l.query()}, &page)
	return page.Samples, page.Next, err
}

// TrainingSample returns a sample and what it has come to by now.
func (c *Client) TrainingSample(ctx context.Context, id string) (t TrainingSample, err error) {
	return t, c.get(ctx, request{method: http.MethodGet, path: "/v1/training-samples/" + url.PathEscape(id)}, &t)
}

// StepTrainingSample finishes or cancels a sample.
func (c *Client) StepTrainingSample(ctx context.Context, id, step string) (t TrainingSample, err error) {
	return t, c.change(ctx, "/v1/training-samples/"+url.PathEscape(id)+":"+step, nil, &t)
}
