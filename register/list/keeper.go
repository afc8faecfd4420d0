package list

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// About says which list a file is, as whoever imports it knows.
type About struct {
	Series    Series `json:"series"`
	Name      string `json:"name"`             // of the batch, such as 2026-07
	Published string `json:"published"`        // day of publication, YYYY-MM-DD
	Source    string `json:"source,omitempty"` // address of the page that it was published on
}

// Batch is an imported list.
type Batch struct {
	ID    string    `json:"-"`
	State State     `json:"-"`
	Made  time.Time `json:"-"`

	About
	Format   string `json:"format"`
	Title    string `json:"title,omitempty"`
	SHA256   string `json:"sha256"`
	Counts   Counts `json:"counts"`
	By       string `json:"by"`                 // staff account
	Replaces string `json:"replaces,omitempty"` // identifier of the import before
	Reason   string `json:"reason,omitempty"`   // why it was withdrawn
	Rows     []Row  `json:"rows"`
}

// Entry is an imported list as it is kept.
type Entry = ledger.Entry[Batch]

const (
	keyBatch  = "batch"
	maxReason = 1000
)

// Keeper is the worker of imported lists. It is safe for use by many goroutines.
type Keeper struct {
	book  ledger.Book[Batch]
	mu    sync.Mutex // keeps the index and what it was made of together
	made  [2]int
	index *Index
}

// New makes a keeper.
func New(store ledger.Store[Batch], recorder *evidence.Recorder) *Keeper {
	return &Keeper{book: ledger.Book[Batch]{Store: store, Recorder: recorder, Missing: CodeMissing}}
}

// told is the payload of the records: what was imported, without its rows.
type told struct {
	List   string `json:"list"`
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	About
	SHA256   string `json:"sha256"`
	Counts   Counts `json:"counts"`
	Replaces string `json:"replaces,omitempty"`
}

func act(typ evidence.Type, by ledger.By, id string, b Batch) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseDS19}, Payload: told{id, by.ID, b.Reason, b.About, b.SHA256, b.Counts, b.Replaces}}
}

func person(by ledger.By) error {
	if !by.Person() {
		return &colophon.Error{Kind: colophon.Refused, Code: CodePerson}
	}
	return nil
}

func (a About) check(now time.Time) error {
	day, err := time.Parse(time.DateOnly, a.Published)
	switch {
	case !slices.Contains(SeriesNames(), a.Series):
		return invalid("series")
	case a.Name == "" || len(a.Name) > 64 || !utf8.ValidString(a.Name) || strings.ContainsFunc(a.Name, unicode.IsControl):
		return invalid("name")
	case err != nil || day.After(now.AddDate(0, 0, 1)):
		return invalid("published")
	}
	if a.Source != "" {
		u, err := url.Parse(a.Source)
		if err != nil || len(a.Source) > 1024 || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return invalid("source")
		}
	}
	return nil
}

// Import keeps a list that was read, and says what it has that was not known before. A batch that was imported before is
// superseded, and what it had and the new one has not is told as gone. The same file again changes nothing.
func (k *Keeper) Import(ctx context.Context, by ledger.By, about About, f File) (Batch, Difference, error) {
	if err := person(by); err != nil {
		return Batch{}, Difference{}, err
	}
	if err := about.check(k.book.Now()); err != nil {
		return Batch{}, Difference{}, err
	}
	if len(f.Rows) == 0 || len(f.Rows) > MaxRows {
		return Batch{}, Difference{}, invalid("rows")
	}
	all, err := k.imported(ctx)
	if err != nil {
		return Batch{}, Difference{}, err
	}
	var before []Row
	replaces := ""
	for _, b := range current(all) {
		if b.About == about && b.SHA256 == f.SHA256 {
			return b, Difference{}, nil
		}
		if b.Series == about.Series && b.Name == about.Name {
			before, replaces = b.Rows, b.ID
			break
		}
		if b.Series == about.Series {
			before = append(before, b.Rows...)
		}
	}
	difference := Compare(before, f.Rows)
	if replaces == "" {
		difference.Gone = nil // a list has what is new, not what was on the ones before
	}
	id, err := k.book.Recorder.NewID()
	if err != nil {
		return Batch{}, Difference{}, err
	}
	v := Batch{About: about, Format: f.Format, Title: f.Title, SHA256: f.SHA256, Counts: f.Counts(), By: by.ID, Replaces: replaces, Rows: f.Rows}
	e, err := k.book.Add(ctx, Entry{ID: id, State: string(Imported), Value: v, Keys: []ledger.Key{{Name: keyBatch, Value: about.key()}}}, nil, act(RecordImported, by, id, v))
	if err != nil {
		return Batch{}, Difference{}, err
	}
	// The new one counts already, since it is the later one; so nothing is missing while the old one is not ended yet.
	for _, old := range all {
		if old.key() != about.key() {
			continue
		}
		if _, err := k.end(ctx, by, old.ID, "", Superseded, RecordSuperseded); err != nil {
			return batch(e), difference, err
		}
	}
	return batch(e), difference, nil
}

func (a About) key() string { return string(a.Series) + "/" + a.Name }

// Withdraw takes back a list that was imported by mistake.
func (k *Keeper) Withdraw(ctx context.Context, by ledger.By, id, reason string) (Batch, error) {
	if err := person(by); err != nil {
		return Batch{}, err
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxReason || !utf8.ValidString(reason) {
		return Batch{}, invalid("reason")
	}
	return k.end(ctx, by, id, reason, Withdrawn, RecordWithdrawn)
}

func (k *Keeper) end(ctx context.Context, by ledger.By, id, reason string, to State, typ evidence.Type) (Batch, error) {
	e, err := k.book.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if to == Superseded && e.State != string(Imported) {
			return ledger.Act{}, ledger.ErrSame // another import was faster
		}
		if !State(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": e.State, "to": string(to)}}
		}
		e.State, e.Value.Reason = string(to), reason
		return act(typ, by, id, e.Value), nil
	})
	return batch(e), err
}

func batch(e Entry) Batch {
	b := e.Value
	b.ID, b.State, b.Made = e.ID, State(e.State), e.Made
	return b
}

// Batch returns an imported list with its rows.
func (k *Keeper) Batch(ctx context.Context, id string) (Batch, error) {
	e, err := k.book.Get(ctx, id)
	return batch(e), err
}

// Batches returns a page of imported lists without their rows, the newest first, and where the next page begins.
func (k *Keeper) Batches(ctx context.Context, after string, limit int) ([]Batch, string, error) {
	page, next, err := k.book.Page(ctx, ledger.Query{Newest: true, After: after, Limit: limit})
	list := make([]Batch, len(page))
	for i, e := range page {
		list[i] = batch(e)
		list[i].Rows = nil
	}
	return list, next, err
}

func (k *Keeper) imported(ctx context.Context) ([]Batch, error) {
	var list []Batch
	err := k.book.All(ctx, ledger.Query{States: []string{string(Imported)}}, func(e Entry) error {
		list = append(list, batch(e))
		return nil
	})
	return list, err
}

// Index returns all that is imported. It is made anew when something was imported or ended since, on any node.
func (k *Keeper) Index(ctx context.Context) (*Index, error) {
	// Lists are added and ended and never anything else, so these two counts say of which state of the ledger an index is.
	// They are taken before the lists: an index that is newer than they say is made once more and does no harm.
	var made [2]int
	for i, states := range [][]string{nil, {string(Superseded), string(Withdrawn)}} {
		n, err := k.book.Store.Count(ctx, ledger.Query{States: states})
		if err != nil {
			return nil, err
		}
		made[i] = n
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.index != nil && k.made == made {
		return k.index, nil
	}
	all, err := k.imported(ctx)
	if err != nil {
		return nil, err
	}
	k.index, k.made = NewIndex(all), made
	return k.index, nil
}
