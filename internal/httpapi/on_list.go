package httpapi

import (
	"context"
	"io"

	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	published "github.com/colophon-project/colophon/register/list"
	"github.com/colophon-project/colophon/staff"
)

// ListDesk reads files that hold lists, and knows which numbers are ours.
type ListDesk interface {
	// Spool keeps a file for reading, until it is closed. It is never more than list.MaxFile bytes.
	Spool(ctx context.Context, from io.Reader) (src media.Source, done func() error, err error)
	// Ours lists the numbers of our own functions and filings, and those of third parties' models.
	Ours(ctx context.Context) ([]OwnNumber, error)
}

// OwnNumber is a number that we show, with where we say so.
type OwnNumber struct {
	published.Own
	Function string
	Model    string // of a third party's model; empty for the function itself
	Filing   string
}

func filingListRoutes() []route {
	return []route{
		{get, "/v1/filing-lists", "filing-lists", staff.FilingListRead, "filing-lists", 0, 200, do((*server).listBatches), "List imported lists of filed algorithms, the newest first", 0},
		{post, "/v1/filing-lists", "import-filing-list", staff.FilingListImport, "filing-lists", 0, 201, do((*server).listImport), "Import a list as it was published: DOCX, CSV or JSON", upload},
		{get, "/v1/filing-lists/rows", "filing-list-rows", staff.FilingListRead, "filing-lists", 0, 200, do((*server).listRows), "Search all imported lists", 0},
		{get, "/v1/filing-lists/number", "filing-list-number", staff.FilingListRead, "filing-lists", 0, 200, do((*server).listNumber), "Whether a number passes the check and is on the imported lists", 0},
		{get, "/v1/filing-lists/own", "filing-list-own", staff.FilingListRead, "filing-lists", 0, 200, do((*server).listOwn), "Hold the numbers that we show against the lists", 0},
		{get, "/v1/filing-lists/{id}", "filing-list", staff.FilingListRead, "filing-lists", 0, 200, do((*server).listOne), "Show an imported list with the rows that were not wholly read", 0},
		{post, "/v1/filing-lists/{id}:withdraw", "withdraw-filing-list", staff.FilingListImport, "filing-lists", small, 200, once((*server).listWithdraw), "Take back a list that was imported by mistake", 0},
	}
}

// ListCounts says how many rows were read how.
type ListCounts struct {
	Rows       int `json:"rows" doc:"Rows."`
	Read       int `json:"read" doc:"Wholly read."`
	Doubtful   int `json:"doubtful" doc:"Read with a doubt, which is told."`
	Unreadable int `json:"unreadable" doc:"Not read; a number may be meant by one of them."`
}

// FilingList is an imported list.
type FilingList struct {
	ID        string           `json:"id" doc:"Identifier."`
	State     published.State  `json:"state" enum:"imported,superseded,withdrawn" doc:"Superseded: the same batch was imported again."`
	Series    published.Series `json:"series" enum:"deep-synthesis,algorithm,cancellation" doc:"Which series of lists. Counts of two series must not be added."`
	Name      string           `json:"name" doc:"Name of the batch." example:"2026-07"`
	Published string           `json:"published" doc:"Day of publication."`
	Source    string           `json:"source,omitempty" doc:"Address of the page that it was published on."`
	Format    string           `json:"format" enum:"docx,csv,json" doc:"Kind of file."`
	Title     string           `json:"title,omitempty" doc:"What stands before the first table of a document."`
	SHA256    string           `json:"sha256" doc:"SHA-256 of the file, in hexadecimal."`
	Counts    ListCounts       `json:"counts" doc:"How the rows were read."`
	By        string           `json:"by" doc:"Staff account that imported it."`
	Made      string           `json:"made" doc:"When, as RFC 3339 writes it."`
	Replaces  string           `json:"replaces,omitempty" doc:"The import before."`
	Reason    string           `json:"reason,omitempty" doc:"Why it was withdrawn."`
}

func viewFilingList(b published.Batch) FilingList {
	return FilingList{b.ID, b.State, b.Series, b.Name, b.Published, b.Source, b.Format, b.Title, b.SHA256, ListCounts(b.Counts), b.By, b.Made.Format("2006-01-02T15:04:05Z07:00"), b.Replaces, b.Reason}
}

// FilingRow is an algorithm as a list shows it.
type FilingRow struct {
	Table     int        `json:"table,omitempty" doc:"Table of a document, from 1."`
	Row       int        `json:"row" doc:"Row of the table, line of CSV, or place in JSON."`
	Reading   string     `json:"reading" enum:"read,doubtful,unreadable" doc:"How far it could be read."`
	Reasons   []Sentence `json:"reasons,omitempty" nullable:"false" doc:"Why not wholly."`
	Name      string     `json:"name,omitempty" doc:"Name of the algorithm."`
	Role      string     `json:"role,omitempty" enum:"provider,supporter" doc:"Role."`
	Category  string     `json:"category,omitempty" doc:"Category as it is written, where the list has categories."`
	Entity    string     `json:"entity,omitempty" doc:"Who filed it."`
	Product   string     `json:"product,omitempty" doc:"Products."`
	Purpose   string     `json:"purpose,omitempty" doc:"Main use."`
	Number    string     `json:"number,omitempty" doc:"21 digits; absent where they can't be read."`
	Written   string     `json:"written,omitempty" doc:"What stands in place of a number, or the whole row."`
	Remark    string     `json:"remark,omitempty" doc:"Remark."`
	Cancelled bool       `json:"cancelled,omitempty" doc:"It tells of a cancellation."`
}

func viewRow(say *locale.Printer, r published.Row) FilingRow {
	v := FilingRow{Table: r.Place.Table, Row: r.Place.Row, Reading: string(r.Reading), Name: r.Name, Role: r.Role, Category: r.Category, Entity: r.Entity, Product: r.Product, Purpose: r.Purpose,
		Number: r.Number, Written: r.Written, Remark: r.Remark, Cancelled: r.Cancelled}
	if r.Reading == published.Unreadable {
		v.Reading = "unreadable"
	}
	for _, x := range r.Reasons {
		v.Reasons = append(v.Reasons, *sentence(say, x.Code, x.Args))
	}
	return v
}

// FilingHit is a row with the list that it stands on.
type FilingHit struct {
	List      string           `json:"list" doc:"Identifier of the imported list."`
	Series    published.Series `json:"series" enum:"deep-synthesis,algorithm,cancellation" doc:"Series."`
	Batch     string           `json:"batch" doc:"Name of the batch."`
	Published string           `json:"published" doc:"Day of publication."`
	Row       FilingRow        `json:"row" doc:"The row."`
}

func viewHits(say *locale.Printer, hits []published.Hit) []FilingHit {
	out := []FilingHit{}
	for _, h := range hits {
		out = append(out, FilingHit{h.Batch, h.Series, h.Name, h.Published, viewRow(say, h.Row)})
	}
	return out
}

type listBatchesOutput struct {
	Body struct {
		Lists []FilingList `json:"lists" nullable:"false" doc:"Imported lists."`
		Next  string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) listBatches(ctx context.Context, in *Page) (*listBatchesOutput, error) {
	page, next, err := s.FilingLists.Batches(ctx, in.Cursor, in.Limit)
	out := &listBatchesOutput{}
	out.Body.Lists, out.Body.Next = []FilingList{}, next
	for _, b := range page {
		out.Body.Lists = append(out.Body.Lists, viewFilingList(b))
	}
	return out, err
}

type listImportInput struct {
	Upload
	Series    published.Series `query:"series" required:"true" enum:"deep-synthesis,algorithm,cancellation" doc:"Which series of lists it belongs to."`
	Batch     string           `query:"batch" required:"true" minLength:"1" maxLength:"64" doc:"Name of the batch." example:"2026-07"`
	Published string           `query:"published" required:"true" pattern:"^\\d{4}-\\d{2}-\\d{2}$" patternDescription:"YYYY-MM-DD" doc:"Day of publication." example:"2026-07-01"`
	Source    string           `query:"source" maxLength:"1024" doc:"Address of the page that it was published on."`
}

// ListDifference counts what a list has that was not known.
type ListDifference struct {
	Added     int `json:"added" doc:"Numbers that were on no list before."`
	Changed   int `json:"changed" doc:"Numbers of which it says something else."`
	Cancelled int `json:"cancelled" doc:"Numbers that are cancelled now."`
	Gone      int `json:"gone" doc:"Numbers that the same batch had before."`
	Unread    int `json:"unread" doc:"Rows whose number could not be read, and which were not compared."`
}

type listImportOutput struct {
	Body struct {
		List       FilingList     `json:"list" doc:"The list."`
		Difference ListDifference `json:"difference" doc:"What is new in it."`
		Doubts     []FilingRow    `json:"doubts" nullable:"false" doc:"Rows that were not wholly read, 500 at most."`
	}
}

const maxDoubts = 500

// doubts are the rows that were not wholly read.
func doubts(say *locale.Printer, rows []published.Row) []FilingRow {
	out := []FilingRow{}
	for _, r := range rows {
		if r.Reading != published.Whole && len(out) < maxDoubts {
			out = append(out, viewRow(say, r))
		}
	}
	return out
}

// listImport reads a list to its end and keeps it. The same file said to be the same list changes nothing.
func (s *server) listImport(ctx context.Context, in *listImportInput) (*listImportOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	src, done, err := s.ListDesk.Spool(ctx, body)
	if err != nil {
		return nil, unread(err)
	}
	defer done() //nolint:errcheck // it was read
	file, err := published.Read(src)
	if err != nil {
		return nil, err
	}
	b, d, err := s.FilingLists.Import(ctx, ledgerBy(ctx), published.About{Series: in.Series, Name: in.Batch, Published: in.Published, Source: in.Source}, file)
	if err != nil {
		return nil, err
	}
	out := &listImportOutput{}
	out.Body.List, out.Body.Doubts = viewFilingList(b), doubts(printer(askerOf(ctx).language), b.Rows)
	out.Body.Difference = ListDifference{len(d.Added), len(d.Changed), len(d.Cancelled), len(d.Gone), d.Unread}
	return out, nil
}

type listRowsInput struct {
	Text   string           `query:"text" maxLength:"256" doc:"Words in name, entity, product or number; all must be there. The width of signs, blanks and brackets doesn't count."`
	Series published.Series `query:"series" enum:"deep-synthesis,algorithm,cancellation" doc:"One series alone."`
	Offset int              `query:"offset" minimum:"0" maximum:"1000000" doc:"How many to pass over."`
	Limit  int              `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
}

type listRowsOutput struct {
	Body struct {
		Total int         `json:"total" doc:"How many rows fit. The same number may stand in two series."`
		AsOf  string      `json:"as_of,omitempty" doc:"Day of the newest imported list; absent where there is none."`
		Rows  []FilingHit `json:"rows" nullable:"false" doc:"The newest list first."`
	}
}

func (s *server) listRows(ctx context.Context, in *listRowsInput) (*listRowsOutput, error) {
	x, err := s.FilingLists.Index(ctx)
	if err != nil {
		return nil, err
	}
	hits, total := x.Find(published.Search{Text: in.Text, Series: in.Series, Offset: in.Offset, Limit: in.Limit})
	out := &listRowsOutput{}
	out.Body.Total, out.Body.AsOf, out.Body.Rows = total, x.AsOf(), viewHits(printer(askerOf(ctx).language), hits)
	return out, nil
}

type listNumberInput struct {
	Number string `query:"number" required:"true" minLength:"1" maxLength:"64" doc:"Filing number, with or without the words around it." example:"网信算备110108000000001260015号"`
}

// ListAnswer says whether a number is on the lists.
type ListAnswer struct {
	Verdict string        `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed: it is on a list. Failed: it was cancelled, or the list says something else. Could not tell: it is on none of those that were imported, or there is none."`
	Says    Sentence      `json:"says" doc:"The same as a sentence."`
	Number  *FilingNumber `json:"number,omitempty" doc:"The number, taken apart; absent for what is none."`
	Hits    []FilingHit   `json:"hits" nullable:"false" doc:"Where it stands, or may stand."`
}

func viewListAnswer(say *locale.Printer, a published.Answer, number string) ListAnswer {
	return ListAnswer{a.Verdict.String(), *sentence(say, a.Code, a.Args), viewNumber(number), viewHits(say, a.Hits)}
}

type listNumberOutput struct{ Body ListAnswer }

func (s *server) listNumber(ctx context.Context, in *listNumberInput) (*listNumberOutput, error) {
	x, err := s.FilingLists.Index(ctx)
	if err != nil {
		return nil, err
	}
	return &listNumberOutput{viewListAnswer(printer(askerOf(ctx).language), x.Listed(in.Number), in.Number)}, nil
}

// OwnStanding is one of our numbers against the lists.
type OwnStanding struct {
	ListAnswer
	Function string   `json:"function" doc:"Function that shows it."`
	Model    string   `json:"model,omitempty" doc:"Third party's model whose number it is."`
	Filing   string   `json:"filing,omitempty" doc:"Filing that it was given for."`
	Written  string   `json:"written" doc:"The number as we show it."`
	Name     string   `json:"name,omitempty" doc:"Name of the algorithm as we filed it."`
	Differs  []string `json:"differs,omitempty" nullable:"false" enum:"name,entity" doc:"What the list says otherwise."`
}

type listOwnOutput struct {
	Body struct {
		AsOf    string        `json:"as_of,omitempty" doc:"Day of the newest imported list; absent where there is none."`
		Numbers []OwnStanding `json:"numbers" nullable:"false" doc:"By function."`
	}
}

func (s *server) listOwn(ctx context.Context, _ *struct{}) (*listOwnOutput, error) {
	x, err := s.FilingLists.Index(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := s.ListDesk.Ours(ctx)
	if err != nil {
		return nil, err
	}
	say, out := printer(askerOf(ctx).language), &listOwnOutput{}
	out.Body.AsOf, out.Body.Numbers = x.AsOf(), []OwnStanding{}
	for _, o := range ours {
		st := x.Against(o.Own)
		out.Body.Numbers = append(out.Body.Numbers, OwnStanding{viewListAnswer(say, st.Answer, o.Number), o.Function, o.Model, o.Filing, o.Number, o.Name, st.Differs})
	}
	return out, nil
}

type listOneOutput struct {
	Body struct {
		FilingList
		Doubts []FilingRow `json:"doubts" nullable:"false" doc:"Rows that were not wholly read, 500 at most."`
	}
}

func (s *server) listOne(ctx context.Context, in *Named) (*listOneOutput, error) {
	b, err := s.FilingLists.Batch(ctx, in.ID)
	out := &listOneOutput{}
	out.Body.FilingList, out.Body.Doubts = viewFilingList(b), doubts(printer(askerOf(ctx).language), b.Rows)
	return out, err
}

type listWithdrawInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why. It stands in the record: name no person."`
	}
}

type publishedOutput struct {
	Replayed
	Body FilingList
}

func (s *server) listWithdraw(ctx context.Context, in *listWithdrawInput) (*publishedOutput, error) {
	b, err := s.FilingLists.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return &publishedOutput{Body: viewFilingList(b)}, err
}
