// Package list reads the lists of filed algorithms that the authority publishes, keeps them in batches, and says whether a
// number is on them.
//
// [Read] takes a list as it is published, as a DOCX file with a table, or as others pass it on, as CSV or JSON. A row is
// read, doubtful with the reasons, or unreadable; each says where in the file it stands, and none is left out. What has no
// number that can be read is found by no number, so a question about a number that may be meant there can't be told.
//
// [Keeper] keeps imported lists. An import is compared with what was known before. An [Index] searches all of them at once,
// by words in which the width of signs, blanks and brackets don't count ([Fold]), and answers [Index.Listed]: yes, not on
// these lists as of a day, or could not tell.
//
// The lists have series of their own, whose counts must not be added: the same number may stand in two of them.
//
// What not to do here: never call a number valid. Never guess what a cell means, and never read an absent list as "not
// listed". Never keep anybody's list in the repository: they have no licence.
package list

import (
	_ "embed" // for the names of columns
	"encoding/json"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Ledger is the name of the ledger of imported lists.
const Ledger = "filing-list"

// Codes of errors.
const (
	CodeInvalid colophon.Code = "list-invalid" // arg "field"
	CodeMissing colophon.Code = "list-missing" // there is no such list
	CodeStep    colophon.Code = "list-step"    // args "from", "to": the state table has no such step
	CodePerson  colophon.Code = "list-person"  // a person of the staff has to do it
	CodeFile    colophon.Code = "list-file"    // the file can't be read as DOCX, CSV or JSON
	CodeHeader  colophon.Code = "list-header"  // it has no table with the columns of a list
	CodeLong    colophon.Code = "list-long"    // arg "limit": the file has more rows or bytes
	CodeText    colophon.Code = "list-text"    // the text is neither UTF-8 nor of a table
)

// Codes of the reasons for which a row is doubtful or unreadable.
const (
	ReasonNumber  colophon.Code = "list-row-number"  // the number is not one of 21 digits
	ReasonCheck   colophon.Code = "list-row-check"   // the last digit of the number does not follow from the others
	ReasonClass   colophon.Code = "list-row-class"   // arg "class": the class in the number is not that of the row
	ReasonTwice   colophon.Code = "list-row-twice"   // the number stands in the file more than once
	ReasonRole    colophon.Code = "list-row-role"    // arg "word": no role or category that is known
	ReasonEmpty   colophon.Code = "list-row-empty"   // arg "column"
	ReasonOrdinal colophon.Code = "list-row-ordinal" // arg "number": rows before it are missing, or it is out of turn
	ReasonCells   colophon.Code = "list-row-cells"   // the cells do not fit the columns
	ReasonLong    colophon.Code = "list-row-long"    // a cell is too long, or no text
)

// Codes of what [Index.Listed] says.
const (
	Listed        colophon.Code = "list-listed"            // arg "day"
	NotListed     colophon.Code = "list-not-listed"        // arg "day": as of the newest list
	Differs       colophon.Code = "list-differs"           // arg "day": it is listed, and the list says something else than we do
	Cancelled     colophon.Code = "list-cancelled"         // arg "day"
	UntoldNumber  colophon.Code = "list-untold-number"     // it is no number of 21 digits
	UntoldNoLists colophon.Code = "list-untold-none"       // no list was imported
	UntoldRows    colophon.Code = "list-untold-unreadable" // arg "rows": it may be meant by rows that could not be read
)

// Types of records.
const (
	RecordImported   evidence.Type = "filing-list.imported"
	RecordSuperseded evidence.Type = "filing-list.superseded"
	RecordWithdrawn  evidence.Type = "filing-list.withdrawn"
)

// Limits.
const (
	MaxFile = 24 << 20 // bytes of a file
	MaxRows = 50_000   // of a file
	maxXML  = 48 << 20 // bytes of a document's text, inflated
	maxCell = 8 << 10  // bytes of a cell
	maxWide = 64       // cells of a row
)

// Series is one of the series of lists.
type Series string

// The series.
const (
	DeepSynthesis Series = "deep-synthesis" // 境内深度合成服务算法备案清单
	Algorithm     Series = "algorithm"      // 境内互联网信息服务算法备案清单
	Cancellation  Series = "cancellation"   // 注销公告
)

// SeriesNames lists the series.
func SeriesNames() []Series { return []Series{DeepSynthesis, Algorithm, Cancellation} }

// Reading says how far a row could be read. The zero value is that it could not.
type Reading string

// The readings.
const (
	Unreadable Reading = ""
	Doubtful   Reading = "doubtful"
	Whole      Reading = "read"
)

// Reason is why a row is not wholly read.
type Reason struct {
	Code colophon.Code `json:"code"`
	Args colophon.Args `json:"args,omitempty"`
}

// Place is where a row stands: in which table of a document, counted from 1, and in which row of it; of CSV the line, and of
// JSON the how-manieth object with a number.
type Place struct {
	Table int `json:"table,omitempty"`
	Row   int `json:"row"`
}

// Row is one algorithm of a list, as it is written there. Blanks at the ends and broken lines are taken away.
type Row struct {
	Place    Place    `json:"place"`
	Reading  Reading  `json:"reading,omitempty"`
	Reasons  []Reason `json:"reasons,omitempty"`
	Name     string   `json:"name,omitempty"`
	Role     string   `json:"role,omitempty"`     // provider or supporter; empty where the list has categories
	Category string   `json:"category,omitempty"` // of the algorithm; of the role, as it is written, where it is not known
	Entity   string   `json:"entity,omitempty"`
	Product  string   `json:"product,omitempty"`
	Purpose  string   `json:"purpose,omitempty"`
	Number   string   `json:"number,omitempty"`  // 21 digits; empty where they can't be read
	Written  string   `json:"written,omitempty"` // what stands in place of a number, or the whole row where it can't be read
	Remark   string   `json:"remark,omitempty"`
	Ended    string   `json:"ended,omitempty"` // when it was cancelled, as it is written
	// Cancelled says that the row tells of a cancellation.
	Cancelled bool `json:"cancelled,omitempty"`
}

// Counts says how many rows were read how.
type Counts struct {
	Rows       int `json:"rows"`
	Read       int `json:"read"`
	Doubtful   int `json:"doubtful"`
	Unreadable int `json:"unreadable"`
}

// File is what was read from a file.
type File struct {
	Format string `json:"format"` // docx, csv, json
	Title  string `json:"title"`  // what stands before the first table of a document
	SHA256 string `json:"sha256"`
	Rows   []Row  `json:"rows"`
}

// Counts counts the rows.
func (f File) Counts() Counts {
	c := Counts{Rows: len(f.Rows)}
	for _, r := range f.Rows {
		switch r.Reading {
		case Whole:
			c.Read++
		case Doubtful:
			c.Doubtful++
		default:
			c.Unreadable++
		}
	}
	return c
}

// State says where an imported list is.
type State string

// The states.
const (
	Imported   State = "imported"
	Superseded State = "superseded" // the same batch was imported again
	Withdrawn  State = "withdrawn"  // it was imported by mistake
)

var steps = ledger.Steps[State]{
	{Imported, []State{Superseded, Withdrawn}},
	{Superseded, nil},
	{Withdrawn, nil},
}

// States lists the states in the order of a list's life.
func States() []State { return steps.States() }

// May reports whether a list may go from one state to another.
func (s State) May(to State) bool { return steps.May(s, to) }

//go:embed columns.json
var columnsJSON []byte

// words are the names by which lists call their columns, roles and categories.
type words struct {
	Columns    map[column][]string `json:"columns"`
	Roles      map[string][]string `json:"roles"`
	Categories map[string][]string `json:"categories"` // with the classes that their numbers have
	Cancelled  []string            `json:"cancelled"`  // what a remark says of a cancelled one
}

func known() (words, error) {
	var w words
	err := json.Unmarshal(columnsJSON, &w)
	return w, err
}

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

func unreadable(code colophon.Code, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: code, Err: err}
}

func (r *Row) doubt(code colophon.Code, args colophon.Args) {
	if !slices.ContainsFunc(r.Reasons, func(x Reason) bool { return x.Code == code }) {
		r.Reasons = append(r.Reasons, Reason{code, args})
	}
	if r.Reading == Whole {
		r.Reading = Doubtful
	}
}
