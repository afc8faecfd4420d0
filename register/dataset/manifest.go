package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

const (
	// MaxItems is how many items a manifest lists at most.
	MaxItems = 1_000_000
	// MaxText is the longest text of an item, in bytes.
	MaxText = 64 << 10
	// MaxSources is how many sources a manifest names at most.
	MaxSources = 1_000
	// MaxConsents is how many consents it names at most.
	MaxConsents = 5_000

	maxItemID = 512
	maxRow    = MaxText*6 + 8<<10 // as JSON may write it
)

// Codes of errors of manifests.
const (
	CodeRow     colophon.Code = "dataset-row"     // args "row", "field"
	CodeTwice   colophon.Code = "dataset-twice"   // arg "row": an item of the identifier stands before it
	CodeMany    colophon.Code = "dataset-many"    // arg "limit"
	CodeEmpty   colophon.Code = "dataset-empty"   // there is no item, and no removal is open
	CodeColumns colophon.Code = "dataset-columns" // arg "column": one that is needed, or is not known
)

// Item is a row of a manifest.
type Item struct {
	ID      string `json:"id"`
	SHA256  string `json:"sha256,omitempty"` // of its bytes; of its text where that is given
	Text    string `json:"text,omitempty"`   // the item itself, where it is text
	At      string `json:"at,omitempty"`     // where the item lies, for people who look it up
	Source  string `json:"source,omitempty"`
	Consent string `json:"consent,omitempty"` // of ours, that it rests on
}

// Unit is the name of an item in samples and records. It says nothing about the identifier that the provider has for it.
func Unit(dataset, id string) string {
	sum := sha256.Sum256([]byte("colophon/dataset/unit/v1\x00" + dataset + "\x00" + id))
	return hex.EncodeToString(sum[:16])
}

// Read calls fn with each item of a manifest: lines of JSON, or CSV with a header. An item has an identifier, and a text or a
// SHA-256. Errors name the row, never what stands in it.
func Read(r io.Reader, fn func(row int, it Item) error) error {
	in := bufio.NewReaderSize(r, maxRow+1)
	start, err := begin(in)
	if err != nil {
		return err
	}
	n := 0
	each := func(row int, it Item) error {
		if n++; n > MaxItems {
			return tooMany(MaxItems)
		}
		if err := it.complete(row); err != nil {
			return err
		}
		return fn(row, it)
	}
	if start == '{' {
		err = readLines(in, each)
	} else {
		err = readTable(in, each)
	}
	if err == nil && n == 0 {
		err = refuse(colophon.Invalid, CodeEmpty)
	}
	return err
}

// begin passes over a byte order mark and blank space, and returns the sign that follows.
func begin(in *bufio.Reader) (byte, error) {
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		if _, err := in.Discard(3); err != nil {
			return 0, err
		}
	}
	for {
		b, err := in.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, refuse(colophon.Invalid, CodeEmpty)
		case err != nil:
			return 0, err
		case !strings.ContainsRune(" \t\r\n", rune(b)):
			return b, in.UnreadByte()
		}
	}
}

func rowError(row int, field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeRow, Args: colophon.Args{"row": strconv.Itoa(row), "field": field}}
}

func tooMany(limit int) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeMany, Args: colophon.Args{"limit": strconv.Itoa(limit)}}
}

func readLines(in *bufio.Reader, each func(int, Item) error) error {
	for row := 1; ; row++ {
		text, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return rowError(row, "text")
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line := bytes.TrimSpace(text); len(line) > 0 {
			var it Item
			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			if d.Decode(&it) != nil || d.More() {
				return rowError(row, "json")
			}
			if err := each(row, it); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

func readTable(in io.Reader, each func(int, Item) error) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return rowError(1, "header")
	}
	known := []string{"id", "sha256", "text", "at", "source", "consent"}
	columns := slices.Clone(head)
	for i, name := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(known, columns[i]) || slices.Contains(columns[:i], columns[i]) {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeColumns, Args: colophon.Args{"column": strconv.Itoa(i + 1)}}
		}
	}
	if !slices.Contains(columns, "id") {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeColumns, Args: colophon.Args{"column": "id"}}
	}
	for row := 2; ; row++ {
		cells, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			return rowError(row, "csv")
		case err != nil:
			return err
		}
		var it Item
		for i, at := range []*string{&it.ID, &it.SHA256, &it.Text, &it.At, &it.Source, &it.Consent} {
			if j := slices.Index(columns, known[i]); j >= 0 {
				*at = strings.Clone(cells[j])
			}
		}
		if err := each(row, it); err != nil {
			return err
		}
	}
}

// complete refuses an item that is out of form, and gives a text its digest.
func (it *Item) complete(row int) error {
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"id", plain(it.ID, maxItemID) && it.ID != ""},
		{"sha256", digest(it.SHA256)},
		{"text", len(it.Text) <= MaxText && utf8.ValidString(it.Text)},
		{"at", plain(it.At, maxItemID)},
		{"source", plain(it.Source, maxLine)},
		{"consent", it.Consent == "" || word(it.Consent)},
	} {
		if !c.ok {
			return rowError(row, c.field)
		}
	}
	if it.Text == "" {
		if it.SHA256 == "" {
			return rowError(row, "sha256")
		}
		return nil
	}
	sum := sha256.Sum256([]byte(it.Text))
	if said := hex.EncodeToString(sum[:]); it.SHA256 == "" {
		it.SHA256 = said
	} else if it.SHA256 != said {
		return rowError(row, "sha256")
	}
	return nil
}

// Manifest takes items in, one after the other, and says what they come to.
type Manifest struct {
	dataset  string
	lines    [][sha256.Size]byte
	units    map[string]bool
	sources  map[string]int
	consents map[string]int
}

// NewManifest begins a manifest of a dataset.
func NewManifest(dataset string) *Manifest {
	return &Manifest{dataset: dataset, units: map[string]bool{}, sources: map[string]int{}, consents: map[string]int{}}
}

// Add takes an item in that [Read] gave.
func (m *Manifest) Add(row int, it Item) error {
	unit := Unit(m.dataset, it.ID)
	if m.units[unit] {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeTwice, Args: colophon.Args{"row": strconv.Itoa(row)}}
	}
	m.units[unit] = true
	m.lines = append(m.lines, sha256.Sum256([]byte(strings.Join([]string{"colophon/dataset/item/v1", unit, it.SHA256, it.Source, it.Consent}, "\x00"))))
	if m.sources[it.Source]++; len(m.sources) > MaxSources {
		return tooMany(MaxSources)
	}
	if it.Consent != "" {
		if m.consents[it.Consent]++; len(m.consents) > MaxConsents {
			return tooMany(MaxConsents)
		}
	}
	return nil
}

// Listed is what the items come to. The digest is SHA-256 over the digests of all items in their order, so that the order of
// the rows makes no difference; an item's is over its unit, its SHA-256, its source and its consent.
func (m *Manifest) Listed() Listed {
	slices.SortFunc(m.lines, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	hash := sha256.New()
	hash.Write([]byte("colophon/dataset/v1\x00"))
	for _, l := range m.lines {
		hash.Write(l[:])
	}
	l := Listed{Digest: hex.EncodeToString(hash.Sum(nil)), Items: len(m.lines), Sources: counts(m.sources), Consents: counts(m.consents)}
	if len(l.Sources) == 1 && l.Sources[0].Name == "" {
		l.Sources = nil
	}
	return l
}

// Whole reads a manifest of a dataset to its end and calls each with every item of it. One without items is no error here:
// [Keeper.List] knows whether it is.
func Whole(dataset string, r io.Reader, each func(it Item)) (Listed, error) {
	m := NewManifest(dataset)
	err := Read(r, func(row int, it Item) error {
		each(it)
		return m.Add(row, it)
	})
	var empty *colophon.Error
	if errors.As(err, &empty) && empty.Code == CodeEmpty {
		err = nil
	}
	return m.Listed(), err
}

func counts(of map[string]int) []Count {
	var list []Count
	for name, n := range of {
		list = append(list, Count{name, n})
	}
	slices.SortFunc(list, func(a, b Count) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func plain(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
