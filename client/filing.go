package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
)

// FilingNumber is a filing number, taken apart. Passes says that its check digit follows from the others, and no more.
type FilingNumber struct {
	Digits string `json:"digits"`
	Passes bool   `json:"passes"`
	Class  string `json:"class"`
	Year   string `json:"year"`
	Place  string `json:"place"`
}

// FilingClock is a period of working days.
type FilingClock struct {
	ID     string          `json:"id"`    // file, change, cancel or decide
	State  string          `json:"state"` // unknown, waiting, running, over, kept or late
	Days   int             `json:"days"`
	Theirs bool            `json:"theirs"`
	From   *time.Time      `json:"from,omitempty"`
	Until  *time.Time      `json:"until,omitempty"`
	Done   *time.Time      `json:"done,omitempty"`
	Unsure []int           `json:"unsure,omitempty"`
	Clause colophon.Clause `json:"clause"`
	Source string          `json:"source"`
}

// FilingSubmission says how a filing was handed in.
type FilingSubmission struct {
	Reference string    `json:"reference"`
	Proof     string    `json:"proof"`
	At        time.Time `json:"at"`
}

// FilingDecision is what the authority said.
type FilingDecision struct {
	Filed  bool          `json:"filed"`
	Number *FilingNumber `json:"number,omitempty"`
	Reason string        `json:"reason,omitempty"`
	At     time.Time     `json:"at"`
}

// FilingFile is a file of a filing.
type FilingFile struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Type   string `json:"type"`
}

// AlgorithmFiling is the filing of an algorithm. The description of the API says what the fields mean; of a list, Kit, Open and
// Files are absent.
type AlgorithmFiling struct {
	ID         string            `json:"id"`
	State      string            `json:"state"` // draft, proposed, approved, submitted, filed, refused, amended, cancelled or withdrawn
	Function   string            `json:"function"`
	Name       string            `json:"name"`
	Part       int               `json:"part"`
	Version    int               `json:"version"`
	SHA256     string            `json:"sha256"`
	Made       time.Time         `json:"made"`
	Authors    []string          `json:"authors"`
	Reviewer   string            `json:"reviewer"`
	Note       string            `json:"note"`
	Amends     string            `json:"amends"`
	AmendedBy  string            `json:"amended_by"`
	Unknown    int               `json:"unknown"`
	Number     *FilingNumber     `json:"number,omitempty"`
	Clocks     []FilingClock     `json:"clocks"`
	Submission *FilingSubmission `json:"submission,omitempty"`
	Decision   *FilingDecision   `json:"decision,omitempty"`
	Kit        json.RawMessage   `json:"kit,omitempty"`
	Open       []string          `json:"open,omitempty"`
	Files      []FilingFile      `json:"files,omitempty"`
}

// FilingFinding is one thing that the linter found.
type FilingFinding struct {
	Rule       string          `json:"rule"`
	Code       colophon.Code   `json:"code"`
	Text       string          `json:"text"`
	Level      string          `json:"level"` // warning, doubt or breach
	Field      string          `json:"field"`
	Name       string          `json:"name"`
	Clause     colophon.Clause `json:"clause"`
	Source     string          `json:"source"`
	Confidence string          `json:"confidence"` // primary, secondary or draft
}

// FilingFindings is what the linter found, with what follows from it.
type FilingFindings struct {
	Verdict  string          `json:"verdict"` // passed, failed or could-not-tell
	Findings []FilingFinding `json:"findings"`
}

// FilingPerson is somebody whom a filing names.
type FilingPerson struct {
	Name  string `json:"name,omitempty"`
	Post  string `json:"post,omitempty"`
	ID    string `json:"id,omitempty"`
	Phone string `json:"phone,omitempty"`
	Mail  string `json:"mail,omitempty"`
}

// FilingPeople are the people whom a filing names.
type FilingPeople struct {
	Legal       FilingPerson `json:"legal,omitzero"`
	Responsible FilingPerson `json:"responsible,omitzero"`
	Contact     FilingPerson `json:"contact,omitzero"`
	Head        FilingPerson `json:"head,omitzero"`
}

// FilingWriting is what somebody enters into a draft: all of the kit.
type FilingWriting struct {
	Version int             `json:"version,omitempty"` // that was read; 0 to overwrite whatever is there
	Kit     json.RawMessage `json:"kit"`
	People  *FilingPeople   `json:"people,omitempty"` // all of them; nil to leave those that are there
	Began   *time.Time      `json:"began,omitempty"`
	Changed *time.Time      `json:"changed,omitempty"`
}

// FilingDocument is a document that a kit makes.
type FilingDocument struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Unknown int    `json:"unknown"`
}

// FilingAnnex says what a file is that is added to a draft. Place is where a picture is shown, such as report.marking.
type FilingAnnex struct{ Kind, Title, Place, Caption string }

// PublicAlgorithm is what everybody may know of the filing of a live function.
type PublicAlgorithm struct {
	Service  string        `json:"service"`
	Offered  TextPair      `json:"offered"`
	Function string        `json:"function"`
	Names    TextPair      `json:"names"`
	State    string        `json:"state"`
	Number   *FilingNumber `json:"number,omitempty"`
	Link     string        `json:"link"`
	Since    *time.Time    `json:"since,omitempty"`
	Text     *struct {
		Name      string `json:"name"`
		Principle string `json:"principle"`
		Mechanism string `json:"mechanism"`
		Scene     string `json:"scene"`
		Purpose   string `json:"purpose"`
	} `json:"text,omitempty"`
}

func filingPath(id string) string { return "/v1/filings/" + url.PathEscape(id) }

// AlgorithmFilings returns a page of filings, the newest first, and the cursor of the next one.
func (c *Client) AlgorithmFilings(ctx context.Context, l Listing) (list []AlgorithmFiling, next string, err error) {
	var page struct {
		Filings []AlgorithmFiling
		Next    string
	}
	err = c.get(ctx, request{method: http.MethodGet, path: "/v1/filings", query: l.query()}, &page)
	return page.Filings, page.Next, err
}

// AlgorithmFiling returns a filing with its kit.
func (c *Client) AlgorithmFiling(ctx context.Context, id string) (f AlgorithmFiling, err error) {
	return f, c.get(ctx, request{method: http.MethodGet, path: filingPath(id)}, &f)
}

// FilingFindings holds a filing against itself, the register and the habits of the public list.
func (c *Client) FilingFindings(ctx context.Context, id string) (f FilingFindings, err error) {
	return f, c.get(ctx, request{method: http.MethodGet, path: filingPath(id) + "/findings"}, &f)
}

// FilingPeople reads the people whom a filing names, and reports whether they can be read. A record says that you did.
func (c *Client) FilingPeople(ctx context.Context, id string) (FilingPeople, bool, error) {
	var out struct {
		Kept   bool
		People FilingPeople
	}
	err := c.get(ctx, request{method: http.MethodGet, path: filingPath(id) + "/people"}, &out)
	return out.People, out.Kept, err
}

// FilingDocuments lists the documents that a kit makes.
func (c *Client) FilingDocuments(ctx context.Context, id string) ([]FilingDocument, error) {
	var out struct{ Documents []FilingDocument }
	err := c.get(ctx, request{method: http.MethodGet, path: filingPath(id) + "/documents"}, &out)
	return out.Documents, err
}

func withPeople(people bool) url.Values {
	if people {
		return url.Values{"people": {"true"}}
	}
	return url.Values{}
}

// FilingDocument returns a document as docx, pdf or html; the caller closes it. With people a record says that you read them.
func (c *Client) FilingDocument(ctx context.Context, id, document, format string, people bool) (io.ReadCloser, error) {
	q := withPeople(people)
	q.Set("format", format)
	return c.body(ctx, filingPath(id)+"/documents/"+url.PathEscape(document), q)
}

// FilingPackage returns all documents as ZIP, with annexes where people go along; the caller closes it.
func (c *Client) FilingPackage(ctx context.Context, id string, people bool) (io.ReadCloser, error) {
	return c.body(ctx, filingPath(id)+"/package", withPeople(people))
}

// DraftFiling drafts the filing of a function with what is known of it.
func (c *Client) DraftFiling(ctx context.Context, function string) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, "/v1/filings", map[string]any{"function": function}, &f)
}

// WriteFiling enters what a draft says.
func (c *Client) WriteFiling(ctx context.Context, id string, w FilingWriting) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":write", w, &f)
}

// AttachToFiling adds a file to the annexes of a draft. It is sent once.
func (c *Client) AttachToFiling(ctx context.Context, id string, a FilingAnnex, file CaseUpload) (f AlgorithmFiling, err error) {
	return f, c.form(ctx, filingPath(id)+":attach", "", [][2]string{{"kind", a.Kind}, {"title", a.Title}, {"place", a.Place}, {"caption", a.Caption}}, []CaseUpload{file}, &f)
}

// DetachFromFiling takes a file from the annexes of a draft.
func (c *Client) DetachFromFiling(ctx context.Context, id, sha256 string) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":detach", map[string]any{"sha256": sha256}, &f)
}

// StepFiling takes a step that needs no more than its name: propose, approve or amend. The last returns the new draft.
func (c *Client) StepFiling(ctx context.Context, id, step string) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":"+step, nil, &f)
}

// NoteFiling takes a step that needs a reason: return or withdraw.
func (c *Client) NoteFiling(ctx context.Context, id, step, note string) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":"+step, map[string]any{"note": note}, &f)
}

// SubmitFiling says that an approved filing was handed in, with the receipt. It is sent once.
func (c *Client) SubmitFiling(ctx context.Context, id, reference string, at time.Time, receipt CaseUpload) (f AlgorithmFiling, err error) {
	return f, c.form(ctx, filingPath(id)+":submit", "", [][2]string{{"reference", reference}, {"at", at.Format(time.RFC3339)}}, []CaseUpload{receipt}, &f)
}

// DecideFiling enters what the authority said: a number, or why not.
func (c *Client) DecideFiling(ctx context.Context, id string, filed bool, number, reason string, at time.Time) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":decide", map[string]any{"filed": filed, "number": number, "reason": reason, "at": at}, &f)
}

// CancelFiling says that the service ended and the cancellation was handed in.
func (c *Client) CancelFiling(ctx context.Context, id string, ended, handed time.Time, note string) (f AlgorithmFiling, err error) {
	return f, c.change(ctx, filingPath(id)+":cancel", map[string]any{"ended": ended, "handed": handed, "note": note}, &f)
}

// PublicAlgorithms returns the live functions with their filing numbers, links and publicity texts.
func (c *Client) PublicAlgorithms(ctx context.Context) ([]PublicAlgorithm, error) {
	var out struct{ Algorithms []PublicAlgorithm }
	err := c.get(ctx, request{method: http.MethodGet, path: "/v1/public/algorithms"}, &out)
	return out.Algorithms, err
}
