package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

// deed is something that can be done with a thing, on a page of its own: that page says what will come of it and which
// record it makes, and asks for what is needed. Its sentences are page-deed-NAME (the title and the button), page-about-NAME
// (what will come of it) and page-done-NAME.
type deed[T any] struct {
	name   string
	step   string // last part of its address
	action staff.Action
	record string // types of the records that it may make, with spaces between them
	danger bool
	may    func(T) bool // nil for always
	effect func(v *visit, x T) ([]said, error)
	fields []field[T]
	upload int64 // of one that brings a file, its largest size in bytes
	// do does it, and returns where to go; empty for the thing's page.
	do   func(v *visit, x T) (to string, err error)
	says []string
}

// said is a sentence with its arguments, which alternate names and values.
type said struct {
	Key  string
	Args []string
}

// field is what a deed asks for. Its sentences are page-label-NAME and, with a hint, page-hint-NAME.
type field[T any] struct {
	name     string
	kind     string   // text, area, choice, several, yes, number, day, moment, file, files, secret, hidden
	words    string   // prefix of the options' sentences; empty for options shown as they are
	options  []string // of choice and several
	choices  func(v *visit, x T) ([]string, error)
	names    func(v *visit) map[string]string // of options that no sentence names
	value    func(T) string
	required bool
	hint     bool
	most     int // longest text; 0 for 256, of an area 4096
}

// fieldView is a field as templates show it.
type fieldView struct {
	Name, Kind, Words, Value string
	Options, Chosen          []string
	Names                    map[string]string
	Required, Hint           bool
	Most                     int
}

type deedPage struct {
	Name, Action, Back string // Action is where the form goes
	Records            []string
	Danger, File       bool
	Effects            []said
	Fields             []fieldView
}

// none is the thing of deeds that begin something.
type none struct{}

// start is a deed without a thing before it, at a path of its own; back is the page that led to it.
func start(path, back string, d deed[none]) []page {
	return d.rows(path, back, func(*visit, string) (none, error) { return none{}, nil })
}

func (d deed[T]) rows(path, back string, fetch func(*visit, string) (T, error)) []page {
	words := append([]string{"page-deed-" + d.name, "page-about-" + d.name, "page-done-" + d.name}, d.says...)
	for _, f := range d.fields {
		if f.kind == "hidden" {
			continue
		}
		words = append(words, "page-label-"+f.name)
		if f.hint {
			words = append(words, "page-hint-"+f.name)
		}
		for _, o := range f.options {
			if f.words != "" {
				words = append(words, f.words+o)
			}
		}
	}
	return []page{
		{method: get, path: path, action: d.action, title: "page-deed-" + d.name, above: back, words: words, upload: d.upload, do: func(v *visit) error { return d.show(v, path, back, fetch) }},
		{method: post, path: path, action: d.action, back: path, makes: strings.Fields(d.record), upload: d.upload, do: func(v *visit) error {
			x, err := fetch(v, v.r.PathValue("id"))
			if err != nil {
				return err
			}
			to, err := d.do(v, x)
			if err != nil || to == "-" { // it has answered
				return err
			}
			if to == "" {
				to = v.placed(back)
			}
			mark := "?"
			if strings.Contains(to, "?") {
				mark = "&"
			}
			return v.send(to + mark + "done=" + d.name)
		}},
	}
}

func (d deed[T]) show(v *visit, path, back string, fetch func(*visit, string) (T, error)) error {
	x, err := fetch(v, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	data := deedPage{Name: d.name, Action: v.placed(path), Back: v.placed(back), Records: strings.Fields(d.record), Danger: d.danger, File: d.upload > 0}
	if d.effect != nil {
		if data.Effects, err = d.effect(v, x); err != nil {
			return err
		}
	}
	for _, f := range d.fields {
		w, err := f.view(v, x)
		if err != nil {
			return err
		}
		data.Fields = append(data.Fields, w)
	}
	return v.show("deed", data)
}

// view is a field as it is shown: with what was sent, what is so now, or what the page that leads here filled in.
func (f field[T]) view(v *visit, x T) (w fieldView, err error) {
	w = fieldView{Name: f.name, Kind: f.kind, Words: f.words, Options: f.options, Required: f.required, Hint: f.hint, Most: f.most}
	if f.choices != nil {
		if w.Options, err = f.choices(v, x); err != nil {
			return w, err
		}
	}
	if f.names != nil {
		w.Names = f.names(v)
	}
	switch {
	case v.problem != "":
		w.Value, w.Chosen = v.sent(f.name), v.r.PostForm[f.name]
	case f.value != nil:
		w.Value = f.value(x)
		w.Chosen = strings.Fields(w.Value)
	case f.kind != "secret" && v.r.URL.Query().Has(f.name):
		if w.Value = v.led(f.name); w.Value != "" {
			w.Chosen = []string{w.Value}
		}
	}
	if w.Most == 0 {
		w.Most = map[bool]int{true: 4096, false: 256}[f.kind == "area"]
	}
	return w, nil
}

// led is what a page that leads here filled into a field. None fills in what belongs into no address: then it was somebody
// else who made up the address.
func (v *visit) led(name string) string {
	if slices.Contains([]string{"account", "own-account", "consent-tokens", "reason"}, name) {
		return ""
	}
	return v.r.URL.Query().Get(name)
}

// placed is a path of the table with the parts of the visit's address in it.
func (v *visit) placed(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, "{"); ok {
			if value := v.r.PathValue(strings.TrimSuffix(name, "}")); value != "" {
				parts[i] = escaped(value)
			}
		}
	}
	return strings.Join(parts, "/")
}

// escaped is one part of an address. A colon would be taken for a step of the API where an address is passed on.
func escaped(s string) string { return strings.ReplaceAll(url.PathEscape(s), ":", "%3A") }

// CodeDateInvalid says that a date or a time in a form is out of form.
const CodeDateInvalid colophon.Code = "page-date-invalid"

// sentMoment reads a field of the kind moment, in the zone of the pages; zero where it is empty.
func (v *visit) sentMoment(name string) (time.Time, error) {
	return v.sentTime(name, "2006-01-02T15:04")
}

// sentDate reads a field of the kind day, as its beginning in the zone of the pages; zero where it is empty.
func (v *visit) sentDate(name string) (time.Time, error) { return v.sentTime(name, dateForm) }

func (v *visit) sentTime(name, form string) (time.Time, error) {
	s := v.sent(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(form, s, v.Zone)
	if err != nil {
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeDateInvalid}
	}
	return t, err
}
