package parcel

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/internal/locale"
)

// ManifestSchema is that of manifest.json.
const ManifestSchema = "colophon.data-package-manifest/1"

// Names in a package.
const (
	DataName     = "data.json"
	PageName     = "index.html"
	ManifestName = "manifest.json"
	filesFolder  = "files"
)

// File is an item of which the bytes come along.
type File struct {
	Number string
	Ext    string // of the name, with its dot; may be empty
	Open   func() (io.ReadCloser, error)
}

// ErrGone is what opening a file returns that is not kept any more: it is left out.
var ErrGone = errors.New("the file is not kept any more")

// Manifest lists what is in a package.
type Manifest struct {
	Schema string         `json:"schema"`
	Made   time.Time      `json:"made"`
	Case   string         `json:"case"`
	Files  []ManifestFile `json:"files"`
}

// ManifestFile is one file of a package.
type ManifestFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// pack is a package that is being written.
type pack struct {
	zip  *zip.Writer
	list []ManifestFile
	made time.Time
}

// add adds a file. What is packed already is stored as it is.
func (p *pack) add(name string, method uint16, r io.Reader) error {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: p.made})
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), r)
	p.list = append(p.list, ManifestFile{name, hex.EncodeToString(sum.Sum(nil)), n})
	return err
}

// Write writes a package: the files, what is kept as JSON and as a page in a language, which draw makes, and the manifest. Files
// that are gone are left out and counted. It returns the numbers of those that are in it.
func Write(w io.Writer, d Data, files []File, lang locale.Language, draw func(Page) ([]byte, error)) ([]string, error) {
	p := &pack{zip: zip.NewWriter(w), made: d.Made}
	var in []string
	gone := 0
	for _, f := range files {
		name := path.Join(filesFolder, clean(f.Number)+clean(f.Ext))
		err := p.file(name, f)
		if errors.Is(err, ErrGone) {
			gone++
			continue
		}
		if err != nil {
			return nil, err
		}
		in = append(in, f.Number)
		for i := range d.Items {
			if d.Items[i].Number == f.Number {
				d.Items[i].File = name
			}
		}
	}
	if gone > 0 {
		o, err := Omit(OmitGone, gone, "count", strconv.Itoa(gone))
		if err != nil {
			return nil, err
		}
		d.Omitted = append(d.Omitted, o)
	}
	text, err := json.MarshalIndent(d.whole(), "", " ")
	if err != nil {
		return nil, err
	}
	said, err := d.page(lang)
	if err != nil {
		return nil, err
	}
	page, err := draw(said)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.add(DataName, zip.Deflate, bytes.NewReader(text)), p.add(PageName, zip.Deflate, bytes.NewReader(page))); err != nil {
		return nil, err
	}
	if text, err = json.MarshalIndent(Manifest{ManifestSchema, d.Made, d.Case, p.list}, "", " "); err != nil {
		return nil, err
	}
	return in, errors.Join(p.add(ManifestName, zip.Deflate, bytes.NewReader(text)), p.zip.Close())
}

func (p *pack) file(name string, f File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	return errors.Join(p.add(name, zip.Store, r), r.Close())
}

// whole makes lists of what is nil, so that each is there.
func (d Data) whole() Data {
	d.Schema = Schema
	some(&d.Verifications)
	some(&d.Consents)
	some(&d.Agreements)
	some(&d.Items)
	some(&d.Deliveries)
	some(&d.Measures)
	some(&d.Cases)
	some(&d.Judgements)
	some(&d.Reviews)
	some(&d.Copies)
	some(&d.Usage)
	some(&d.Network)
	some(&d.Omitted)
	return d
}

func some[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// Section is one list of the page.
type Section struct {
	Title string
	Heads []string
	Rows  [][]string
}

// Page is what the page of a package says.
type Page struct {
	Language string // zh-CN or en
	Title    string
	Lead     []string
	Empty    string // said of a list that has nothing
	Sections []Section
}

// page is what the page for people says.
func (d Data) page(lang locale.Language) (Page, error) {
	say, err := locale.For(lang)
	if err != nil {
		return Page{}, err
	}
	v := Page{Language: string(lang), Title: say.Say("parcel-page-title", "provider", d.Provider), Empty: say.Say("parcel-page-empty"),
		Lead: []string{say.Say("parcel-page-lead", "made", beijing(d.Made), "case", d.Case, "subject", d.Subject), say.Say("parcel-page-files")}, Sections: d.sections(say)}
	if lang == locale.Chinese {
		v.Language = "zh-CN"
	}
	return v, nil
}

func beijing(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04")
}
