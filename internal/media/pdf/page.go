package pdf

import (
	"math"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/internal/media"
)

const (
	maxPages  = 1 << 15 // pages that an overlay is put on
	maxLevels = 64      // of the page tree
	maxNumbox = 1e7     // a page's side in units of its space
)

// Document is a PDF file whose pages are added to by an incremental update.
type Document struct {
	f      *file
	root   *object
	fonts  map[string]*metrics
	looked int64 // inflated bytes of contents that were looked at for marks
}

// Open reads a document. An encrypted one is refused, since what is added would have to be encrypted too.
func Open(src media.Source) (*Document, error) {
	f, err := open(src)
	if err != nil {
		return nil, err
	}
	if err := f.encrypted(); err != nil {
		return nil, err
	}
	root, err := f.root()
	if err != nil {
		return nil, err
	}
	return &Document{f: f, root: root, fonts: map[string]*metrics{}}, nil
}

// Signed reports whether the document holds a signature, which an update leaves valid for the bytes that it covers and
// which viewers then tell of as a document that was changed.
func (d *Document) Signed() (bool, error) {
	var survey media.Survey
	err := d.f.signatures(&survey, d.root)
	return len(survey.Signatures) > 0, err
}

// Box is a rectangle in the space of a page.
type Box struct{ X0, Y0, X1, Y1 float64 }

// Page is one page with what it inherits.
type Page struct {
	object    *object
	resources []byte // as it stands: a reference, a dictionary, or nothing
	Box       Box    // what is shown: CropBox within MediaBox
	Rotate    int    // clockwise: 0, 90, 180 or 270
}

// inherited is what a node of the page tree hands down.
type inherited struct {
	resources, media, crop []byte
	rotate                 []byte
}

// Pages returns all pages in their order.
func (d *Document) Pages() ([]Page, error) {
	w := &pageWalk{f: d.f, seen: map[ref]bool{}}
	err := w.node(d.root.dict.get("Pages"), d.root.at, inherited{}, 0)
	if err == nil && len(w.pages) == 0 {
		err = media.Malformed("PDF page tree", max(0, d.root.at), "no pages")
	}
	return w.pages, err
}

type pageWalk struct {
	f     *file
	seen  map[ref]bool // false while what is below is walked
	pages []Page
}

func (w *pageWalk) node(value []byte, holder int64, from inherited, depth int) error {
	const what = "PDF page tree"
	at := max(0, holder)
	r, ok := asRef(value)
	if !ok {
		return media.Malformed(what, at, "a node is not an indirect object")
	}
	if depth > maxLevels {
		return media.TooDeep(what, at, maxLevels)
	}
	if done, known := w.seen[r]; done {
		return nil // one object may be several pages; an update changes all of them
	} else if known {
		return media.Malformed(what, at, "a node stands in it twice")
	}
	w.seen[r] = false
	defer func() { w.seen[r] = true }()
	o, err := w.f.object(r)
	if err != nil {
		return err
	}
	if o == nil || !o.isDict || o.stream {
		return media.Malformed(what, at, "a node is not a dictionary")
	}
	for _, field := range []struct {
		name string
		to   *[]byte
	}{{"Resources", &from.resources}, {"MediaBox", &from.media}, {"CropBox", &from.crop}, {"Rotate", &from.rotate}} {
		if v := o.dict.get(field.name); v != nil && string(v) != "null" {
			*field.to = v
		}
	}
	kids, err := w.f.resolve(o.dict.get("Kids"), o.at)
	if err != nil {
		return err
	}
	if kids == nil || len(kids.value) == 0 {
		return w.page(r, o, from)
	}
	if kids.value[0] != '[' {
		return media.Malformed(what, max(0, o.at), "Kids is not an array")
	}
	for _, kid := range elements(kids.value) {
		if err := w.node(kid, o.at, from, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *pageWalk) page(r ref, o *object, from inherited) error {
	if len(w.pages) >= maxPages {
		return media.TooMany("PDF page", max(0, o.at), maxPages)
	}
	o.num, o.gen = r.num, r.gen
	p := Page{object: o, resources: from.resources}
	box, ok, err := w.f.box(from.media, o.at)
	if err != nil {
		return err
	}
	if !ok {
		return media.Malformed("PDF page", max(0, o.at), "MediaBox is missing or no rectangle")
	}
	p.Box = box
	if crop, ok, err := w.f.box(from.crop, o.at); err != nil {
		return err
	} else if ok {
		both := Box{max(box.X0, crop.X0), max(box.Y0, crop.Y0), min(box.X1, crop.X1), min(box.Y1, crop.Y1)}
		if both.X1 > both.X0 && both.Y1 > both.Y0 {
			p.Box = both
		}
	}
	rotate, err := w.f.resolve(from.rotate, o.at)
	if err != nil {
		return err
	}
	if rotate != nil && len(rotate.value) > 0 {
		n, ok := real(rotate.value)
		if !ok || math.Mod(n, 90) != 0 {
			return media.Malformed("PDF page", max(0, o.at), "Rotate is no multiple of 90")
		}
		p.Rotate = (int(math.Mod(n, 360)) + 360) % 360
	}
	w.pages = append(w.pages, p)
	return nil
}

// box reads a rectangle (ISO 32000-2, 7.9.5), whose corners may stand in any order.
func (f *file) box(value []byte, holder int64) (Box, bool, error) {
	if value == nil {
		return Box{}, false, nil
	}
	o, err := f.resolve(value, holder)
	if err != nil || o == nil || len(o.value) == 0 || o.value[0] != '[' {
		return Box{}, false, err
	}
	list := elements(o.value)
	if len(list) != 4 {
		return Box{}, false, nil
	}
	var n [4]float64
	for i := range n {
		v, err := f.resolve(list[i], holder)
		if err != nil {
			return Box{}, false, err
		}
		ok := false
		if v != nil {
			n[i], ok = real(v.value)
		}
		if !ok {
			return Box{}, false, nil
		}
	}
	b := Box{min(n[0], n[2]), min(n[1], n[3]), max(n[0], n[2]), max(n[1], n[3])}
	return b, b.X1 > b.X0 && b.Y1 > b.Y0, nil
}

// real reads a number within bounds.
func real(b []byte) (float64, bool) {
	n, err := strconv.ParseFloat(string(b), 64)
	return n, err == nil && math.Abs(n) <= maxNumbox // also false for NaN
}

// fonts returns the entries of a page's font resources.
func (f *file) fonts(p *Page) (resources, fonts dict, err error) {
	o, err := f.resolve(p.resources, p.object.at)
	if err != nil || o == nil || !o.isDict {
		return dict{}, dict{}, err
	}
	list, err := f.resolve(o.dict.get("Font"), o.at)
	if err != nil || list == nil || !list.isDict {
		return o.dict, dict{}, err
	}
	return o.dict, list.dict, nil
}

// HasFont reports whether a page's resources name a font.
func (d *Document) HasFont(p *Page, name string) (bool, error) {
	_, fonts, err := d.f.fonts(p)
	return slices.ContainsFunc(fonts.entries, func(e entry) bool { return e.name == name }), err
}
