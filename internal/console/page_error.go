package console

import (
	"net/http"
	"strconv"
)

// errorPage is what is told of an error. Of a fault of ours that is the number of the request alone.
type errorPage struct {
	Heading  string
	Sentence string
	Request  string
	Back     string
}

// explain says what a person may know of an error.
func (v *visit) explain(status int, err error) string {
	if status == http.StatusInternalServerError {
		return v.speakers[v.lang].Say("page-error-fault")
	}
	if said, _ := told(err); said != nil {
		sentence := capital(said.Title)
		for _, f := range said.Fields {
			sentence += " · " + f.Field + ": " + f.Rule
		}
		return sentence
	}
	return capital(v.speakers[v.lang].Error(err))
}

func (v *visit) showError(status int, err error) {
	data := errorPage{Heading: "page-error-" + strconv.Itoa(status), Sentence: v.explain(status, err), Back: "/"}
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusInternalServerError:
	default:
		data.Heading = "page-error-other"
	}
	switch {
	case v.page.who == holder:
		data.Back = LinkPath
	case v.page.back != "":
		data.Back = v.place()
	}
	if status >= http.StatusInternalServerError {
		data.Request = v.RequestID(v.r)
	}
	v.problem, v.status = "", status
	v.page.title = data.Heading
	if err := v.show("error", data); err != nil {
		v.Log.ErrorContext(v.r.Context(), "error page failed", "error", err)
		http.Error(v.w, string(v.lang), status)
	}
}
