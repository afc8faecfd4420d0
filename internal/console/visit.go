package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

// maxForm is the longest form that is read, in bytes. The answer of a passkey is the longest thing in one.
const maxForm = 256 << 10

// visit is one request for one page.
type visit struct {
	*console
	w       http.ResponseWriter
	r       *http.Request
	page    page
	lang    locale.Language
	opened  staff.Opened             // zero where nobody signed in
	bound   string                   // the token that the forms of the page are bound to
	hold    string                   // of a browser that opened a one-time link
	link    link.Entry               // the link; zero without a hold
	problem string                   // why the page is shown again
	waiting []client.OverviewWaiting // once it was asked what waits
	asked   map[string]any           // what the parts of a page share of what was asked for
	titled  string                   // what the page is about, where its title says more than its kind
	named   map[string]cell          // once names of the staff were asked for
	status  int
	about   string     // of a public page: what search engines say of it, where the table does not know
	things  any        // of a public page: what it is about, in the words of schema.org
	files   *sentFiles // of a form whose files are passed on as they come; nil for none
	carry   *carry     // of a page that no address shows again
}

func (c *console) serve(p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{console: c, w: w, r: r, page: p, lang: languageOf(r), status: http.StatusOK}
		if err := v.run(); err != nil {
			v.fail(err)
		}
	})
}

// askOnce asks for something that several parts of a page show, once.
func askOnce[T any](v *visit, name string, ask func() (T, error)) (T, error) {
	if x, ok := v.asked[name].(T); ok {
		return x, nil
	}
	x, err := ask()
	if v.asked == nil {
		v.asked = map[string]any{}
	}
	if err == nil {
		v.asked[name] = x
	}
	return x, err
}

func (v *visit) run() error {
	if v.switched() {
		return nil
	}
	if err := v.admit(); err != nil {
		return err
	}
	if v.page.method == post {
		if err := v.read(); err != nil {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
		}
		if err := v.Roster.CheckCSRF(v.bound, v.r.PostForm.Get("csrf")); err != nil {
			return err
		}
	}
	return v.page.do(v)
}

// read reads the form. One with a recording stays in memory whole, since people's faces are nothing to leave in the
// temporary files of forms.
func (v *visit) read() error {
	most := v.page.maxBody()
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	if v.page.stream {
		return v.readFields()
	}
	if !v.page.film && v.page.upload == 0 {
		return v.r.ParseForm()
	}
	if err := v.r.ParseMultipartForm(most); !errors.Is(err, http.ErrNotMultipart) {
		return err
	}
	return nil
}

// admit finds out who visits and whether they may. A browser without a session gets a token for its forms.
func (v *visit) admit() error {
	switch v.page.who {
	case anybody:
		return nil
	case stranger, holder:
		if v.page.who == holder {
			if err := v.admitHolder(); err != nil {
				return err
			}
		}
		form := v.Roster.FormCookie(v.Secure)
		form.MaxAge = 0 // until the browser is closed: people leave a sign-in page open
		if v.bound = v.cookie(form.Name); v.bound != "" || v.page.method == post {
			return nil
		}
		var err error
		if v.bound, err = v.Roster.BeforeSignIn(); err == nil {
			v.keep(form, v.bound)
		}
		return err
	}
	v.bound = v.cookie(v.Roster.SessionCookie(v.Secure).Name)
	var err error
	if v.opened, err = v.Roster.Check(v.r.Context(), v.bound); err != nil {
		return err
	}
	if v.page.action == "" {
		return nil
	}
	return v.actor().Demand(v.page.action)
}

func (v *visit) actor() staff.Actor { return v.opened.Account.Actor() }

// attempt says where somebody who wants to sign in comes from.
func (v *visit) attempt() staff.Attempt {
	return staff.Attempt{Source: v.Client(v.r), Replaces: v.cookie(v.Roster.SessionCookie(v.Secure).Name)}
}

func (v *visit) cookie(name string) string {
	if c, err := v.r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// keep sets a cookie; an empty value takes it away.
func (v *visit) keep(c staff.Cookie, value string) {
	age := int(c.MaxAge / time.Second)
	if value == "" {
		age = -1
	}
	http.SetCookie(v.w, &http.Cookie{Name: c.Name, Value: value, Path: c.Path, MaxAge: age, Secure: c.Secure, HttpOnly: c.HTTPOnly, SameSite: http.SameSiteLaxMode})
}

// enter gives the browser a session.
func (v *visit) enter(o staff.Opened) { v.keep(v.Roster.SessionCookie(v.Secure), o.Token) }

// stepCookie keeps the ticket of a ceremony between its two steps.
func (v *visit) stepCookie() staff.Cookie {
	c := v.Roster.FormCookie(v.Secure)
	c.Name += "-step"
	return c
}

// step takes the ticket of a ceremony from the browser.
func (v *visit) step() string {
	c := v.stepCookie()
	ticket := v.cookie(c.Name)
	v.keep(c, "")
	return ticket
}

// sent returns a field of the form.
func (v *visit) sent(name string) string { return v.r.PostForm.Get(name) }

// newPassword returns a password that was entered twice.
func (v *visit) newPassword() (string, error) {
	if v.sent("password") != v.sent("again") {
		return "", &colophon.Error{Kind: colophon.Invalid, Code: CodePasswordsDiffer}
	}
	return v.sent("password"), nil
}

// send makes the browser ask for another page.
func (v *visit) send(to string) error {
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// answer gives our script JSON.
func (v *visit) answer(status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(text) // a browser that went away is nobody's error
	return nil
}

// place returns the address of the page that the browser shows, or of the one that a form was on.
func (v *visit) place() string {
	path := v.page.path
	if v.page.method != get || v.page.title == "" {
		path = v.page.back
	}
	path = v.placed(path)
	if path == "" || strings.HasPrefix(path, "//") || strings.Contains(path, "{") {
		return "/"
	}
	return path
}

// after returns where to go once somebody has signed in: to the page that they wanted, if it is one of ours.
func (v *visit) after() string {
	next := v.r.FormValue("next")
	if !ours.MatchString(next) {
		return "/"
	}
	for _, p := range v.pages {
		if p.method == get && p.who == signedIn && p.title != "" && fits(p.path, next) {
			return next
		}
	}
	return "/"
}

// ours is what paths of pages look like.
var ours = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._%~-]*)+$`)

// fits reports whether a path is one that a pattern of the table stands for.
func fits(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], "{") {
			return false
		}
	}
	return true
}

// signInFirst sends the browser to the sign-in page.
func (v *visit) signInFirst(again bool) string {
	q := url.Values{}
	if place := v.place(); place != "/" {
		q.Set("next", place)
	}
	if again {
		q.Set("again", "1")
	}
	if len(q) == 0 {
		return "/sign-in"
	}
	return "/sign-in?" + q.Encode()
}

const languageCookie = "colophon-language"

// languageOf is the language that somebody chose, or the first of those their browser asks for that we speak.
func languageOf(r *http.Request) locale.Language {
	if c, err := r.Cookie(languageCookie); err == nil {
		if lang, ok := locale.Parse(c.Value); ok {
			return lang
		}
	}
	tags, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	for _, tag := range tags {
		if lang, ok := locale.Parse(tag.String()); ok {
			return lang
		}
	}
	return locale.English
}

// chosen speaks a language from now on, if it is one of ours.
func (v *visit) chosen(name string) bool {
	lang := locale.Language(name)
	if _, known := v.speakers[lang]; !known {
		return false
	}
	v.keep(staff.Cookie{Name: languageCookie, Path: "/", Secure: v.Secure, HTTPOnly: true, MaxAge: 365 * 24 * time.Hour}, name)
	v.lang = lang
	return true
}

// carry is what the choice of a language takes along to a page by a form, since it may stand in no address.
type carry struct {
	To     string
	Fields []kept
}

// kept is a field that a form takes along unseen.
type kept struct{ Name, Value string }

// switched notes the choice of a language and shows the same place again.
func (v *visit) switched() bool {
	q := v.r.URL.Query()
	if v.page.method != get || !v.chosen(q.Get("lang")) {
		return false
	}
	q.Del("lang")
	if v.page.about != "" { // search engines find each language at an address of its own
		return false
	}
	to := url.URL{Path: v.place(), RawQuery: q.Encode()}
	_ = v.send(to.String())
	return true
}

// fail maps an error to what the browser gets.
func (v *visit) fail(err error) {
	var e *colophon.Error
	if !errors.As(err, &e) {
		e = &colophon.Error{Kind: colophon.Internal, Err: err}
	}
	status := statusOf(e)
	if said, ours := told(err); said != nil {
		e, status = ours, said.Status
		if said.Status == http.StatusUnauthorized { // the session ended between the page's look at it and the API's
			e.Code = staff.CodeSessionEnded
		}
	}
	switch {
	case e.Code == staff.CodeSessionEnded || e.Code == staff.CodeProveAgain:
		to := v.signInFirst(e.Code == staff.CodeProveAgain)
		if v.page.script {
			_ = v.answer(http.StatusUnauthorized, map[string]string{"to": to})
			return
		}
		_ = v.send(to)
		return
	case e.Code == staff.CodeThrottled:
		v.w.Header().Set("Retry-After", e.Args["seconds"])
	case status >= http.StatusInternalServerError:
		v.Log.ErrorContext(v.r.Context(), "page failed", "route", v.page.path, "error", err)
	case e.Err != nil:
		v.Log.InfoContext(v.r.Context(), "page refused", "route", v.page.path, "error", err)
	}
	if v.page.script {
		_ = v.answer(status, map[string]string{"problem": v.explain(status, err)})
		return
	}
	if shown, ok := v.showing(v.page.back); ok && again(e, status) && v.admitted(shown) {
		v.page, v.status, v.problem = shown, status, v.explain(status, err)
		second := v.page.do(v)
		if second == nil {
			return
		}
		if v.problem = ""; statusIn(second) >= http.StatusInternalServerError { // and not that the page has no more to show either
			v.Log.ErrorContext(v.r.Context(), "page failed", "route", v.page.path, "error", second)
			status, err = http.StatusInternalServerError, second
		}
	}
	v.showError(status, err)
}

// admitted reports whether whoever was let in to one page may be shown another in its place.
func (v *visit) admitted(other page) bool {
	switch {
	case other.who == holder:
		return v.link.ID != "" && other.link == v.page.link
	case other.who == signedIn:
		return v.opened.Token != "" && (other.action == "" || v.actor().May(other.action))
	}
	return true
}

// again reports whether somebody can do better on the page with the form.
func again(e *colophon.Error, status int) bool {
	switch e.Code {
	case staff.CodeForbidden, staff.CodeForgedRequest, staff.CodeThrottled, staff.CodeIDInvalid, staff.CodeAccountUnknown, staff.CodePasskeyUnknown, staff.CodeKeyUnknown:
		return false
	}
	return status < http.StatusInternalServerError
}

func statusOf(e *colophon.Error) int {
	switch e.Code {
	case staff.CodeThrottled:
		return http.StatusTooManyRequests
	case staff.CodeBusy:
		return http.StatusServiceUnavailable
	case staff.CodeIDInvalid:
		return http.StatusNotFound
	}
	switch e.Kind {
	case colophon.Invalid, colophon.Unsupported:
		return http.StatusUnprocessableEntity
	case colophon.Refused:
		return http.StatusForbidden
	case colophon.Conflict:
		return http.StatusConflict
	case colophon.Missing:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}
