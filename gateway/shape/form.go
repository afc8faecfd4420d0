package shape

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
)

// Limits of a form.
const (
	maxFormParts = 64
	maxExtension = 8
	charset      = "_charset_" // names the character set of all other fields (RFC 7578, 4.6); here that is UTF-8
)

// formWords are the fields of forms that are words of the interface and not texts; their values are as short as those of its JSON.
var formWords = map[string]bool{
	"model": true, "stream": true, "n": true, "size": true, "quality": true, "background": true, "moderation": true, "output_format": true, "output_compression": true,
	"response_format": true, "style": true, "input_fidelity": true, "partial_images": true, "language": true, "temperature": true, "timestamp_granularities[]": true,
	"timestamp_granularities": true, "include[]": true, "include": true, "seconds": true, "user": true,
}

// formMany are the fields that may stand several times.
var formMany = map[string]bool{"image[]": true, "image": true, "timestamp_granularities[]": true, "timestamp_granularities": true, "include[]": true, "include": true}

// formTexts are the fields that are texts, and formFiles those that are media, whether they have a file name or not.
var (
	formTexts = map[string]bool{"prompt": true}
	formFiles = map[string]bool{"file": true, "mask": true, "image": true, "image[]": true, "input_reference": true}
)

// formPart is one field of a form.
type formPart struct {
	name, file, typ string // file is empty for a text
	value           []byte
}

// form is a body in parts, written anew whenever it goes on: what stood between the parts and in their headers does not.
type form struct {
	boundary string
	parts    []formPart
	text     []int // the part of each text
	medium   []int // and of each medium
	model    int
}

// Form reads the body of a request that is a form (RFC 7578): of pictures, sounds and films. A part with a file name is a
// medium; of its name the extension alone goes on. Any other part is a text unless it is a word of the interface.
func Form(e Endpoint, contentType string, body []byte) (*Document, error) {
	switch e {
	case ImagesEdits, ImagesVariations, Transcriptions, Translations, Videos:
	default:
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeEndpoint, Args: colophon.Args{"endpoint": string(e)}}
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" || multipart.NewWriter(io.Discard).SetBoundary(params["boundary"]) != nil {
		return nil, formField("Content-Type")
	}
	f := &form{boundary: params["boundary"], model: -1}
	d := &Document{form: f}
	for r := multipart.NewReader(bytes.NewReader(body), f.boundary); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil || len(f.parts) == maxFormParts {
			return nil, formField("body")
		}
		if err := d.part(p); err != nil {
			return nil, err
		}
	}
}

func formField(name string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeField, Args: colophon.Args{"path": name}}
}

// formPath is the name of a field where it is known, and its position where it is not.
func formPath(name string, at int) (string, error) {
	for _, known := range []map[string]bool{formWords, formMany, formTexts, formFiles} {
		if known[name] {
			return name, nil
		}
		for k := range known {
			if strings.EqualFold(k, name) {
				return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeTwice, Args: colophon.Args{"path": k}}
			}
		}
	}
	return "part." + strconv.Itoa(at), nil
}

// part takes one part of a form.
func (d *Document) part(p *multipart.Part) error {
	name := p.FormName()
	where, err := formPath(name, len(d.form.parts))
	if err != nil {
		return err
	}
	value, err := io.ReadAll(p)
	if name == charset || bytes.Contains(value, []byte("--"+d.form.boundary)) { // some readers end parts at less than a line of their own
		return formField(where)
	}
	encoding := p.Header.Get("Content-Transfer-Encoding")
	if err != nil || name == "" || len(name) > longest || !utf8.ValidString(name) || strings.ContainsAny(name, "\"\r\n\\") || encoding != "" && !strings.EqualFold(encoding, "binary") && !strings.EqualFold(encoding, "8bit") && !strings.EqualFold(encoding, "7bit") {
		return formField(where)
	}
	at, same := len(d.form.parts), 0
	for _, before := range d.form.parts {
		if before.name != name {
			continue
		}
		if same++; !formMany[name] {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeTwice, Args: colophon.Args{"path": where}}
		}
	}
	if same > 0 {
		where += "." + strconv.Itoa(same)
	}
	_, params, _ := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	_, isFile := params["filename"]
	if isFile && (formWords[name] || formTexts[name]) {
		return formField(where)
	}
	if isFile || formFiles[name] || strings.HasPrefix(name, "image") {
		typ, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			typ = "application/octet-stream"
		}
		d.form.parts = append(d.form.parts, formPart{name, "file" + extension(params["filename"]), typ, value})
		d.form.medium, d.media = append(d.form.medium, at), append(d.media, Media{Path: where, Role: "user", Type: typ, Data: value})
		return nil
	}
	text := string(value)
	if !utf8.ValidString(text) {
		return formField(where)
	}
	if _, _, ok := dataURI(text); ok { // no place of a form that nobody knows is one for a medium
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeMedia, Args: colophon.Args{"path": where}}
	}
	d.form.parts = append(d.form.parts, formPart{name: name, value: value})
	if name == "user" {
		d.page.facts.user = text
	}
	if formWords[name] && tokenLike(text) {
		return d.fact(name, text, at)
	}
	if name == "model" || name == "stream" || name == "n" {
		return formField(where)
	}
	kind := Other
	if name == "prompt" {
		kind = Content
	}
	d.form.text, d.texts = append(d.form.text, at), append(d.texts, Text{Path: where, Role: "user", Kind: kind, Value: text})
	return nil
}

// fact takes a word of the interface.
func (d *Document) fact(name, text string, at int) error {
	facts := &d.page.facts
	switch name {
	case "model":
		facts.model, d.form.model = text, at
	case "stream":
		facts.stream = text == "true" || text == "1" || text == "True"
		if !facts.stream && text != "false" && text != "0" && text != "False" {
			return formField(name)
		}
	case "n":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1<<16 {
			return formField(name)
		}
		facts.count = n
	}
	return nil
}

// extension is that of a file's name where it may be that of a format; the name itself may tell of a person.
func extension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > maxExtension {
		return ""
	}
	for _, c := range ext[1:] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return ext
}

// put puts other bytes into a part.
func (f *form) put(at int, typ string, value []byte) {
	f.parts[at].value = value
	if typ != "" {
		f.parts[at].typ = typ
	}
}

// kind is the content type of a form as all readers read it alike.
func (f *form) kind() string {
	w := multipart.NewWriter(io.Discard)
	_ = w.SetBoundary(f.boundary) // it was taken before
	return w.FormDataContentType()
}

// write writes the form under its boundary.
func (f *form) write() []byte {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary(f.boundary) // it was taken before
	for _, p := range f.parts {
		h := map[string][]string{"Content-Disposition": {`form-data; name="` + p.name + `"`}}
		if p.file != "" {
			h["Content-Disposition"][0] += `; filename="` + p.file + `"`
			h["Content-Type"] = []string{p.typ}
		}
		part, err := w.CreatePart(h)
		if err != nil {
			return nil
		}
		part.Write(p.value)
	}
	w.Close()
	return b.Bytes()
}
