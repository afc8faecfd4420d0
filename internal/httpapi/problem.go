package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// Codes of errors.
const (
	CodeInternal        colophon.Code = "api-internal"    // a fault of ours; the log has more under the number of the request
	CodeUnavailable     colophon.Code = "api-unavailable" // a part that is needed does not work at the moment
	CodeNoRoute         colophon.Code = "api-no-route"
	CodeMethod          colophon.Code = "api-method" // arg "methods": those that there are
	CodeUnauthenticated colophon.Code = "api-unauthenticated"
	CodeFields          colophon.Code = "api-fields"           // parameters or fields break a rule; the problem lists them
	CodeBody            colophon.Code = "api-body"             // can't be read to its end, or is no JSON
	CodeBodyTooLarge    colophon.Code = "api-body-too-large"   // arg "limit", in bytes
	CodeContentType     colophon.Code = "api-content-type"     // not one that the route takes
	CodeContentDigest   colophon.Code = "api-content-digest"   // the body is not the one that Content-Digest names
	CodeForm            colophon.Code = "api-form"             // a form must have one part, the file
	CodeRange           colophon.Code = "api-range"            // no such range
	CodeRecordNotOfIt   colophon.Code = "api-record-not-of-it" // the record is not about this item
)

// Field is a parameter, or a field of the body, that breaks a rule.
type Field struct {
	Field string `json:"field" doc:"Where it stands: query.limit, body.count." example:"query.limit"`
	Rule  string `json:"rule" doc:"The rule that it breaks, for developers." example:"expected number <= 500"`
}

// fieldsError is an error of kind Invalid about fields, or about the lines of a file where it has a code of its own.
type fieldsError struct {
	fields []Field
	code   colophon.Code
	args   colophon.Args
}

func (e *fieldsError) Error() string { return string(CodeFields) }

// Problem is an error as the API tells it: application/problem+json (RFC 9457).
type Problem struct {
	Type    string            `json:"type" format:"uri" doc:"URN of the code." example:"urn:colophon:error:artefact-missing"`
	Title   string            `json:"title" doc:"What happened, in the language that Accept-Language asks for: English or Chinese." example:"no item has this content number"`
	Status  int               `json:"status" doc:"HTTP status." example:"404"`
	Code    colophon.Code     `json:"code" doc:"What happened, for programs." example:"artefact-missing"`
	Args    colophon.Args     `json:"args,omitempty" required:"false" doc:"Values in the title, by name."`
	Clauses []colophon.Clause `json:"clauses,omitempty" required:"false" nullable:"false" doc:"Identifiers of the clauses that decided; docs/law has a file for each."`
	Fields  []Field           `json:"fields,omitempty" required:"false" nullable:"false" doc:"Parameters and fields that break a rule."`
	// Reasons are all conditions for which an account was refused; code is that of the first.
	Reasons   []AdmissionCondition `json:"reasons,omitempty" required:"false" nullable:"false" doc:"All conditions for which an account was refused, with what the person can do; the title is that of the first."`
	RequestID string               `json:"request_id,omitempty" required:"false" doc:"Number of the request, by which the log of the server finds it."`

	language locale.Language
}

// Error is the code.
func (p *Problem) Error() string { return string(p.Code) }

// GetStatus is the HTTP status; huma asks for it.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type; huma asks for it.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders are the headers that go with the problem; huma asks for them.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{"Content-Language": {string(p.language)}}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="colophon"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		wait := "5"
		if seconds, err := strconv.Atoi(p.Args["seconds"]); err == nil && seconds > 0 {
			wait = strconv.Itoa(seconds)
		}
		h.Set("Retry-After", wait)
	}
	if p.Code == "idempotency-in-progress" || p.Code == production.CodePending || p.Code == production.CodeNotReady && p.Args["state"] == "received" {
		h.Set("Retry-After", "1")
	}
	return h
}

// catalogues are the printers of the languages.
var catalogues = sync.OnceValue(func() map[locale.Language]*locale.Printer {
	all := map[locale.Language]*locale.Printer{}
	for _, l := range []locale.Language{locale.English, locale.Chinese} {
		said, err := locale.For(l)
		if err != nil {
			panic(err) // the catalogue is part of the program, and its tests read it
		}
		all[l] = said
	}
	return all
})

// printer is the catalogue in the language that a request asks for, English by itself.
func printer(acceptLanguage string) *locale.Printer {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err == nil {
		for _, tag := range tags {
			if lang, ok := locale.Parse(tag.String()); ok {
				return catalogues()[lang]
			}
		}
	}
	return catalogues()[locale.English]
}

// status is the HTTP status of an error: by its kind, but for the codes that say more. Codes of packages that are
// strangers to this one stand as text.
func status(e *colophon.Error) int {
	if e.Args["file"] != "" { // one of this machine's, whatever the kind
		return http.StatusServiceUnavailable
	}
	if status := statusOf(e); status != 0 {
		return status
	}
	switch e.Code {
	case CodeBody, CodeContentDigest, CodeForm:
		return http.StatusBadRequest
	case CodeRange:
		return http.StatusRequestedRangeNotSatisfiable
	case CodeMethod:
		return http.StatusMethodNotAllowed
	case CodeBodyTooLarge, production.CodeTooLarge, "bundle-too-large":
		return http.StatusRequestEntityTooLarge
	case CodeContentType:
		return http.StatusUnsupportedMediaType
	case admission.CodeConsentNone:
		return http.StatusUnavailableForLegalReasons
	case staff.CodeThrottled, admission.CodeQuota, desk.CodeTries, desk.CodeCrowd:
		return http.StatusTooManyRequests
	case CodeUnavailable, staff.CodeBusy, "ffmpeg-missing", "store-unavailable", "store-outcome-unknown", "store-closed", "blob-store-failed",
		durable.CodeDiskFull, durable.CodePermission, durable.CodeFailed:
		return http.StatusServiceUnavailable
	}
	return [...]int{
		colophon.Internal: http.StatusInternalServerError, colophon.Invalid: http.StatusUnprocessableEntity, colophon.Unsupported: http.StatusUnsupportedMediaType,
		colophon.Refused: http.StatusForbidden, colophon.Conflict: http.StatusConflict, colophon.Missing: http.StatusNotFound,
	}[e.Kind]
}

// problem is what a caller is told of an error. This is the one place where errors become answers, and where those that
// are our fault are logged.
func (s *server) problem(ctx context.Context, acceptLanguage string, err error) *Problem {
	var known *colophon.Error
	var tooLarge *http.MaxBytesError
	var already *Problem
	var fields *fieldsError
	switch {
	case errors.As(err, &already):
		return already
	case errors.As(err, &fields):
		known = &colophon.Error{Kind: colophon.Invalid, Code: cmp.Or(fields.code, CodeFields), Args: fields.args}
	case errors.As(err, &tooLarge):
		known = &colophon.Error{Kind: colophon.Invalid, Code: CodeBodyTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(tooLarge.Limit, 10)}}
	case errors.As(err, &known):
	case errors.Is(err, context.DeadlineExceeded):
		known = &colophon.Error{Code: CodeUnavailable, Err: err}
	default:
		known = &colophon.Error{Code: CodeInternal, Err: err}
	}
	code := status(known)
	if errors.As(err, new(denied)) {
		code = http.StatusUnauthorized
	}
	if code >= 500 && !errors.Is(ctx.Err(), context.Canceled) {
		s.Logger.ErrorContext(ctx, "request failed", "error", err)
	}
	p := tell(printer(acceptLanguage), known, code)
	p.RequestID = s.requestID(ctx)
	if fields != nil {
		p.Fields = fields.fields
	}
	var refusal *admission.Denied
	if errors.As(err, &refusal) {
		for _, c := range refusal.Decision.Refusals() {
			p.Reasons = append(p.Reasons, viewCondition(c))
		}
	}
	return p
}

// tell makes the problem of an error. What is our fault is told by a sentence that says nothing about it.
func tell(said *locale.Printer, e *colophon.Error, status int) *Problem {
	switch {
	case statusOf(e) != 0: // of a model's server, which people may know
	case status == http.StatusServiceUnavailable && e.Code != "server-busy":
		e = &colophon.Error{Code: CodeUnavailable}
	case status >= 500 && status != http.StatusServiceUnavailable:
		e = &colophon.Error{Code: CodeInternal}
	}
	p := &Problem{Type: "urn:colophon:error:" + string(e.Code), Status: status, Code: e.Code, Args: e.Args, Clauses: e.Clauses, language: said.Language}
	p.Title = said.Code(e.Code, e.Args)
	if strings.Contains(p.Title, "{cause}") {
		p.Title = said.Error(e)
	}
	return p
}

func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	for name, values := range p.GetHeaders() {
		if w.Header()[name] == nil {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		json.NewEncoder(w).Encode(p) //nolint:errcheck // nobody is left to be told
	}
}

func (s *server) requestID(ctx context.Context) string {
	if s.RequestID == nil {
		return ""
	}
	return s.RequestID(ctx)
}

// fail writes a problem where huma does not.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(r.Context(), r.Header.Get("Accept-Language"), err).write(w, r)
}

// translate turns what huma itself says into a problem. It is a transformer of huma's configuration: huma.NewError, the
// other way to do this, is a package variable. The value that broke a rule is left out, since it may be an account.
func (s *server) translate(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var err error
	switch {
	case e.Status == http.StatusUnsupportedMediaType:
		err = refuse(colophon.Unsupported, CodeContentType)
	case e.Status == http.StatusUnprocessableEntity:
		f := &fieldsError{}
		for _, d := range e.Errors {
			f.fields = append(f.fields, Field{d.Location, rule(d.Message)})
		}
		err = f
	case e.Status == http.StatusBadRequest:
		err = refuse(colophon.Invalid, CodeBody)
	default:
		err = errors.New("huma: " + e.Detail)
	}
	p := s.problem(ctx.Context(), ctx.Header("Accept-Language"), err)
	p.Status = e.Status // huma decided it before
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	return p, nil
}

// rule lets huma's own sentences through, which repeat the schema, and no other: one that comes from a parser may repeat
// what was sent.
func rule(message string) string {
	own := func(prefix string) bool { return strings.HasPrefix(message, prefix) }
	if strings.Contains(message, ": ") || !slices.ContainsFunc([]string{"expected ", "required ", "unexpected ", "unknown ", "invalid "}, own) {
		return "not valid"
	}
	return message
}
