package console

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/staff"
)

// sentFiles are the files of a form that is still on its way. They come behind its fields and are there once, so that a
// stranger's film is never whole in memory, nor in a temporary file of somebody else's making.
type sentFiles struct {
	form  *multipart.Reader
	first *multipart.Part
}

// readFields reads the fields of a form as far as its first file.
func (v *visit) readFields() error {
	form, err := v.r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		return v.r.ParseForm()
	}
	if err != nil {
		return err
	}
	v.r.PostForm = url.Values{}
	for left := int64(maxForm); ; {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case part.FileName() != "":
			v.files = &sentFiles{form, part}
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return err
		}
		if left -= int64(len(text)) + int64(len(part.FormName())); left < 0 {
			return &http.MaxBytesError{Limit: maxForm}
		}
		if part.FormName() != "file" { // a field for files that was left empty
			v.r.PostForm.Add(part.FormName(), string(text))
		}
	}
}

// each hands over one file after the other, as client.CaseUploads want it.
func (f *sentFiles) each(yield func(client.CaseUpload, error) bool) {
	if f == nil {
		return
	}
	for part := f.first; ; {
		if part.FileName() != "" && !yield(client.CaseUpload{Name: part.FileName(), File: part}, nil) {
			return
		}
		var err error
		if part, err = f.form.NextPart(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			yield(client.CaseUpload{}, err)
			return
		}
	}
}

// rebuff is why a form is shown again.
type rebuff struct {
	status  int
	problem string
	wrong   map[string]string // sentences, by the field that they stand at
}

// forgo reads to its end what is still on its way, since browsers show no answer before, and says that files have to be chosen
// again.
func (v *visit) forgo(r *rebuff) {
	if v.files == nil {
		return
	}
	_, _ = io.Copy(io.Discard, v.r.Body) // an end that does not come is the browser's
	if r.wrong == nil {
		r.wrong = map[string]string{}
	}
	if r.wrong["file"] == "" {
		r.wrong["file"] = v.speakers[v.lang].Say("page-complain-choose-again")
	}
}

// refused says what somebody outside may know of an error of the desk, and at which field.
func (v *visit) refused(err error) rebuff {
	say := v.speakers[v.lang]
	said, e := told(err)
	if said == nil || said.Status >= http.StatusInternalServerError {
		status := http.StatusInternalServerError
		if said != nil && said.Status == http.StatusServiceUnavailable {
			status = said.Status
		}
		v.Log.ErrorContext(v.r.Context(), "page failed", "route", v.page.path, "error", err)
		return rebuff{status: status, problem: say.Say("page-error-fault") + " " + v.RequestID(v.r)}
	}
	r := rebuff{status: said.Status, problem: v.explain(said.Status, err)}
	at := func(field, key string) rebuff {
		r.problem, r.wrong = say.Say("page-complain-mend"), map[string]string{field: say.Say("page-complain-wrong-" + key)}
		return r
	}
	switch {
	case e.Code == desk.CodeInvalid:
		field := map[string]string{"numbers": "number", "about": "number", "grounds": "ground", "right": "right", "party": "party", "name": "name", "text": "text", "contact": "contact",
			"files": "file", "size": "file", "type": "file"}[e.Args["field"]]
		if field != "" {
			return at(field, field)
		}
	case e.Code == desk.CodeAnonymous:
		return at("contact", "contact")
	case said.Status == http.StatusRequestEntityTooLarge:
		return at("file", "large")
	case said.Status == http.StatusUnsupportedMediaType:
		return at("file", "file")
	case e.Code == desk.CodeTries:
		r.later(v, 60)
	case e.Code == staff.CodeThrottled:
		seconds, _ := strconv.Atoi(e.Args["seconds"])
		r.later(v, max(seconds, 1))
	}
	return r
}

// later says when to come again.
func (r *rebuff) later(v *visit, seconds int) {
	v.w.Header().Set("Retry-After", strconv.Itoa(seconds))
	r.problem = v.speakers[v.lang].Say("page-complain-later", "at", v.Now().Add(time.Duration(seconds)*time.Second).In(v.Zone).Format("15:04:05"), "clock", clockName(v.Zone, v.Now()))
}

// notThere is the answer to a code or a PIN that does not fit, whichever it is.
func notThere(err error) bool {
	var e *client.Error
	return errors.As(err, &e) && e.Code == desk.CodeAccess
}
