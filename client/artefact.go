package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Order says what is to be made of content.
type Order struct {
	Function   string // dialogue, voice, person, scene, other or assist
	Account    string // your own identifier of the account that the content was made for
	Use        string // identifier of the registered function that made it
	Model      string // model that made it, as the register names it
	Template   string // template or tool that was used
	Purpose    string // what the likeness of people is used for, as their consents name it
	Scene      string
	Channel    string
	Depicted   int      // how many people's face or voice is in it
	Consents   []string // tokens, one for each person whose face or voice is in it
	Parents    []string // content numbers of the items that it was made from
	Name       string   // file name, for formats that are known by it
	Corner     string   // of the notice in pictures and video
	NoticeText string   // words of your own for the notice
	NoticeLang string   // zh, en or both
	At         string   // start, end or both, in sounds and texts
	Speech     bool     // sound: speech in place of the rhythm
	Whole      bool     // video: the notice shows the whole time
	// Key is an idempotency key of yours, for a call that may be repeated by another process; empty for one that is drawn.
	Key string
}

func (o Order) query() url.Values {
	q := url.Values{"function": {o.Function}}
	for name, value := range map[string]string{"use": o.Use, "model": o.Model, "template": o.Template, "purpose": o.Purpose, "scene": o.Scene, "channel": o.Channel, "name": o.Name, "corner": o.Corner, "notice_text": o.NoticeText, "notice_lang": o.NoticeLang, "at": o.At} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if o.Depicted > 0 {
		q.Set("depicted", strconv.Itoa(o.Depicted))
	}
	for _, p := range o.Parents {
		q.Add("parent", p)
	}
	for name, value := range map[string]bool{"speech": o.Speech, "whole": o.Whole} {
		if value {
			q.Set(name, strconv.FormatBool(value))
		}
	}
	return q
}

// Artefact is one produced item. The description of the API says what the fields mean.
type Artefact struct {
	Number   string          `json:"number"`
	State    string          `json:"state"`
	Function string          `json:"function"`
	Model    string          `json:"model"`
	Subject  string          `json:"subject"`
	Format   string          `json:"format"`
	Size     int64           `json:"size"`
	Before   string          `json:"before"`
	Parents  []string        `json:"parents"`
	Stored   int64           `json:"stored"`
	After    string          `json:"after"`
	Marks    json.RawMessage `json:"marks"`
	Kept     bool            `json:"kept"` // the marked bytes are here
	Job      string          `json:"job"`
	Reason   *Sentence       `json:"reason"`
	Original *time.Time      `json:"original_until"`
	Refuted  []Refuted       `json:"refuted,omitempty"` // absent in lists
	Created  time.Time       `json:"created"`
	Changed  time.Time       `json:"changed"`
}

// Sentence is a code with its sentence.
type Sentence struct {
	Code     colophon.Code `json:"code"`
	Sentence string        `json:"sentence"`
}

// produce sends content in.
func (c *Client) produce(ctx context.Context, o Order, content io.Reader, more url.Values, header http.Header) (*http.Response, error) {
	if o.Key == "" {
		var err error
		if o.Key, err = c.key(); err != nil {
			return nil, err
		}
	}
	q := o.query()
	for name, values := range more {
		q[name] = values
	}
	header.Set("Idempotency-Key", o.Key)
	header.Set("Colophon-Account", url.PathEscape(o.Account))
	if len(o.Consents) > 0 {
		header.Set("Colophon-Consent", strings.Join(o.Consents, ","))
	}
	header.Set("Content-Type", "application/octet-stream")
	return c.do(ctx, request{method: http.MethodPost, path: "/v1/artefacts", query: q, header: header, body: content})
}

func artefactOf(resp *http.Response, err error) (Artefact, error) {
	var a Artefact
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	return a, json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&a)
}

// Produce has content marked and returns the artefact. [Client.Content] fetches the marked bytes.
func (c *Client) Produce(ctx context.Context, o Order, content io.Reader) (Artefact, error) {
	return artefactOf(c.produce(ctx, o, content, nil, http.Header{}))
}

// Accept has content marked by a job, for what takes long. [Client.Wait] waits for it.
func (c *Client) Accept(ctx context.Context, o Order, content io.Reader) (Artefact, error) {
	return artefactOf(c.produce(ctx, o, content, nil, http.Header{"Prefer": {"respond-async"}}))
}

// Label has content marked and returns the marked bytes.
func (c *Client) Label(ctx context.Context, o Order, content io.Reader) (*Content, error) {
	return contentOf(c.produce(ctx, o, content, url.Values{"return": {"content"}}, http.Header{}))
}

// Content is marked bytes on their way. Reading them to the end fails when they are not those that the server meant.
type Content struct {
	Number string // content number
	Type   string // media type
	Size   int64
	body   io.ReadCloser
	sum    hash.Hash
	want   string
}

// ErrDigest says that bytes are not those that the server named the digest of.
var ErrDigest = errors.New("colophon: the bytes are not those that the server sent")

// Read reads the bytes.
func (c *Content) Read(b []byte) (int, error) {
	n, err := c.body.Read(b)
	c.sum.Write(b[:n])
	if errors.Is(err, io.EOF) && "sha-256=:"+base64.StdEncoding.EncodeToString(c.sum.Sum(nil))+":" != c.want {
		return n, ErrDigest
	}
	return n, err
}

// Close ends the reading.
func (c *Content) Close() error { return c.body.Close() }

func contentOf(resp *http.Response, err error) (*Content, error) {
	if err != nil {
		return nil, err
	}
	number, err := url.PathUnescape(resp.Header.Get("Colophon-Artefact"))
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return &Content{Number: number, Type: resp.Header.Get("Content-Type"), Size: resp.ContentLength, body: resp.Body, sum: sha256.New(), want: resp.Header.Get("Repr-Digest")}, nil
}

// Artefact returns an artefact by its content number.
func (c *Client) Artefact(ctx context.Context, number string) (Artefact, error) {
	var a Artefact
	return a, c.get(ctx, request{method: http.MethodGet, path: of(number, "")}, &a)
}

// Artefacts returns a page of artefacts in the order in which they came in, or with the filter newest=true the newest first,
// and the cursor of the next one, which is empty after the last.
func (c *Client) Artefacts(ctx context.Context, l Listing) (list []Artefact, next string, err error) {
	var page struct {
		Artefacts []Artefact
		Next      string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/artefacts", query: l.query()}, &page)
	return page.Artefacts, page.Next, err
}

// Delivery is one handing over of an artefact.
type Delivery struct {
	ID  string    `json:"id"`
	To  string    `json:"to"`
	How string    `json:"how"`
	At  time.Time `json:"at"`
}

// Deliveries returns a page of the deliveries of an artefact, in the order of their time, and the cursor of the next one.
func (c *Client) Deliveries(ctx context.Context, number string, l Listing) (list []Delivery, next string, err error) {
	var page struct {
		Deliveries []Delivery
		Next       string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: of(number, "/deliveries"), query: l.query()}, &page)
	return page.Deliveries, page.Next, err
}

// Sidecar fetches the label file of an artefact that can't hold its label.
func (c *Client) Sidecar(ctx context.Context, number string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: of(number, "/sidecar")})
}

// LookAt fetches the marked bytes of an artefact for a person of the staff who looks at them; the delivery says so.
func (c *Client) LookAt(ctx context.Context, number string) (*Content, error) {
	return contentOf(c.do(ctx, request{method: http.MethodGet, path: of(number, "/content"), query: url.Values{"look": {"true"}}}))
}

// Proven is a record about an artefact, with its leaf and its proof.
type Proven struct {
	Record ProvenRecord `json:"record"`
	Leaf   string       `json:"leaf"`
	Proof  *LeafProof   `json:"proof"` // nil while the log does not have the record yet
}

// ProvenRecord is a record as the log knows it. The description of the API says what the fields mean.
type ProvenRecord struct {
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Sequence   uint64            `json:"sequence"`
	Subject    string            `json:"subject"`
	Clauses    []colophon.Clause `json:"clauses"`
	At         time.Time         `json:"at"`
	Role       string            `json:"role"`
	Commitment string            `json:"commitment"`
	Class      string            `json:"class"`
	Index      *int64            `json:"index"`
	Payload    string            `json:"payload"` // passed, failed or could-not-tell
	Reason     colophon.Code     `json:"reason"`
}

// LeafProof shows that a leaf stands in the tree of a checkpoint.
type LeafProof struct {
	Index      uint64   `json:"index"`
	Hashes     [][]byte `json:"hashes"` // from the leaf up
	Checkpoint string   `json:"checkpoint"`
}

// Proofs returns the records about an artefact, with their proofs, in the order of their sequence.
func (c *Client) Proofs(ctx context.Context, number string) ([]Proven, error) {
	var out struct{ Records []Proven }
	err := c.get(ctx, request{method: http.MethodGet, path: of(number, "/proof")}, &out)
	return out.Records, err
}

// of is the path of an artefact.
func of(number, tail string) string { return "/v1/artefacts/" + url.PathEscape(number) + tail }

// Content fetches the marked bytes of an artefact.
func (c *Client) Content(ctx context.Context, number string) (*Content, error) {
	return contentOf(c.do(ctx, request{method: http.MethodGet, path: of(number, "/content")}))
}

// Job is work that nobody has to wait for.
type Job struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind"`  // what it does
	State    string        `json:"state"` // waiting, running, done or dead
	Attempt  int           `json:"attempt"`
	Attempts int           `json:"attempts"`
	Percent  int           `json:"percent"`
	Message  colophon.Code `json:"message"`
	Created  time.Time     `json:"created"`
	Due      time.Time     `json:"due"`
	Ended    *time.Time    `json:"ended"`
	Troubles []JobTrouble  `json:"troubles"` // of earlier attempts, the oldest first
}

// JobTrouble is what went wrong in one attempt of a job.
type JobTrouble struct {
	At      time.Time     `json:"at"`
	Attempt int           `json:"attempt"`
	Code    colophon.Code `json:"code"`
}

// Job returns how far a job is.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	var j Job
	return j, c.get(ctx, request{method: http.MethodGet, path: "/v1/jobs/" + url.PathEscape(id)}, &j)
}

// Wait waits until a job is done or dead, and asks every so often.
func (c *Client) Wait(ctx context.Context, id string, every time.Duration) (Job, error) {
	for {
		j, err := c.Job(ctx, id)
		if err != nil || j.State == "done" || j.State == "dead" {
			return j, err
		}
		if err := c.config.Sleep(ctx, every); err != nil {
			return j, err
		}
	}
}

// Verification is what was found out about a file. The description of the API says what the fields mean.
type Verification struct {
	Verdict    string     `json:"verdict"` // passed, failed or could-not-tell
	Conformity string     `json:"conformity"`
	Identical  string     `json:"identical"`
	Format     string     `json:"format"`
	Digest     string     `json:"digest"`
	Labels     []Mark     `json:"labels"`
	Known      []Artefact `json:"known"`
	Findings   []Finding  `json:"findings"`
	Stopped    *Sentence  `json:"stopped"`
}

// Mark is one label of a file.
type Mark struct {
	Place      string            `json:"place"`
	Offset     int64             `json:"offset"` // in bytes; -1 where it has none
	Fields     map[string]string `json:"fields"`
	Producer   Seal              `json:"producer_seal"`
	Propagator Seal              `json:"propagator_seal"`
}

// Seal is what came of the examination of a reserved code of a label.
type Seal struct {
	State       string        `json:"state"` // could-not-tell, absent, valid-pinned, valid-unknown-key or broken
	Reason      colophon.Code `json:"reason"`
	Algorithm   string        `json:"algorithm"`
	Fingerprint string        `json:"fingerprint"`
}

// Finding is one thing that a check saw.
type Finding struct {
	Code     colophon.Code   `json:"code"`
	Level    string          `json:"level"`
	Clause   colophon.Clause `json:"clause"`
	Sentence string          `json:"sentence"`
}

// Verify has a file examined. The name may be empty.
func (c *Client) Verify(ctx context.Context, name string, file io.Reader) (Verification, error) {
	r := request{method: http.MethodPost, path: "/v1/artefacts:verify", body: file, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	if name != "" {
		r.query = url.Values{"name": {name}}
	}
	var v Verification
	return v, c.get(ctx, r, &v)
}

// Healing is what is known of a file that came back. The description of the API says what the fields mean.
type Healing struct {
	Digest      string       `json:"digest"`
	Format      string       `json:"format,omitempty"`
	Attribution *Attribution `json:"attribution,omitempty"` // nil where nothing decides whose copy it is
	Restorable  string       `json:"restorable"`            // passed, failed or could-not-tell
	Reason      *Sentence    `json:"reason,omitempty"`
	Candidates  []Candidate  `json:"candidates"` // the surest first
	Looks       []HealLook   `json:"looks"`
}

// Attribution says whose copy a file is.
type Attribution struct {
	Number   string    `json:"number"`
	How      string    `json:"how"`  // digest, watermark, label or likeness
	Sure     string    `json:"sure"` // certain, strong or likely
	Producer string    `json:"producer"`
	Function string    `json:"function"`
	Model    string    `json:"model,omitempty"`
	Made     time.Time `json:"made"`
}

// Candidate is an item that a file may be a copy of.
type Candidate struct {
	Number   string    `json:"number"`
	State    string    `json:"state"`
	Function string    `json:"function"`
	Made     time.Time `json:"made"`
	How      []string  `json:"how"`
	Bits     *int      `json:"bits,omitempty"` // of 256 in which the nearest hashes differ
}

// HealLook is what came of one way of looking.
type HealLook struct {
	How     string    `json:"how"`
	Verdict string    `json:"verdict"` // passed, failed or could-not-tell
	Reason  *Sentence `json:"reason,omitempty"`
	Score   float64   `json:"score,omitempty"`
}

// Heal says what item a file is a copy of. The name may be empty.
func (c *Client) Heal(ctx context.Context, name string, file io.Reader) (h Healing, err error) {
	return h, c.get(ctx, healing("heal", name, file), &h)
}

// Restore hands out a file with the label of the item that it is a copy of. The error says why nothing can be restored.
func (c *Client) Restore(ctx context.Context, name string, file io.Reader) (*Content, error) {
	return contentOf(c.do(ctx, healing("restore", name, file)))
}

func healing(what, name string, file io.Reader) request {
	r := request{method: http.MethodPost, path: "/v1/artefacts:" + what, body: file, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	if name != "" {
		r.query = url.Values{"name": {name}}
	}
	return r
}

// Proof returns the proof that a record about an artefact is in the log, in the form of C2SP tlog-proof.
func (c *Client) Proof(ctx context.Context, number, record string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: of(number, "/proof"), query: url.Values{"record": {record}}, header: http.Header{"Accept": {"text/plain"}}})
}

// Checkpoint returns the last checkpoint of the log, in the form of C2SP tlog-checkpoint.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/log/checkpoint"})
}

// LogKey returns the keys that checkpoints are verified with, the newest first, each on a line.
func (c *Client) LogKey(ctx context.Context) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/log/key"})
}

// Tile returns a tile of the log by its path in C2SP tlog-tiles, such as 0/x001/234 or entries/000.p/5.
func (c *Client) Tile(ctx context.Context, path string) ([]byte, error) {
	return c.text(ctx, request{method: http.MethodGet, path: "/v1/log/tile/" + path})
}

func (c *Client) text(ctx context.Context, r request) ([]byte, error) {
	resp, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
}

// Bundle writes the bundle of some artefacts: with their files, or with the digests alone.
func (c *Client) Bundle(ctx context.Context, w io.Writer, files bool, numbers ...string) error {
	body, err := json.Marshal(map[string]any{"numbers": numbers, "files": files})
	if err != nil {
		return err
	}
	resp, err := c.do(ctx, request{method: http.MethodPost, path: "/v1/bundles", body: bytes.NewReader(body), header: http.Header{"Content-Type": {"application/json"}}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/zip") {
		return errors.New("colophon: the answer is no bundle")
	}
	_, err = io.Copy(w, resp.Body)
	return err
}

// Export says what is to be made of an answer.
type Export struct {
	Number     string          `json:"number"`           // content number of the answer
	Format     string          `json:"format"`           // md, docx, pdf, html or png
	Text       string          `json:"text,omitempty"`   // the text of one choice as it was handed out, notice and all; or
	Answer     json.RawMessage `json:"answer,omitempty"` // the whole answer as the endpoint gave it
	Title      string          `json:"title,omitempty"`
	NoticeLang string          `json:"notice_lang,omitempty"` // zh, en or both
	Account    string          `json:"-"`                     // your own identifier of the account that the answer was made for
	// Key is an idempotency key of yours, for a call that may be repeated by another process; empty for one that is drawn.
	Key string `json:"-"`
}

// Export turns an answer into a file with notice and label inside, and returns the file.
func (c *Client) Export(ctx context.Context, e Export) (*Content, error) {
	return contentOf(c.export(ctx, e))
}

func (c *Client) export(ctx context.Context, e Export) (*http.Response, error) {
	if e.Key == "" {
		var err error
		if e.Key, err = c.key(); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Idempotency-Key": {e.Key}, "Colophon-Account": {url.PathEscape(e.Account)}, "Content-Type": {"application/json"}}
	return c.do(ctx, request{method: http.MethodPost, path: "/v1/exports", query: url.Values{"return": {"content"}}, header: header, body: bytes.NewReader(body)})
}
