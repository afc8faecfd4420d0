package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// maxClient is how much is kept of what a client says of itself.
const maxClient = 512

// asker is who asks, and in which language.
type asker struct {
	by       production.By
	key      *staff.Key // nil for people
	actor    staff.Actor
	session  string // token; empty for keys
	language string // Accept-Language
}

type askerKey struct{}

func askerOf(ctx context.Context) asker {
	a, _ := ctx.Value(askerKey{}).(asker)
	return a
}

// may reports whether the asker may do something with what a function made.
func (a asker) may(action staff.Action, function string) error { return a.mayOf(action, "", function) }

// mayOf reports whether the asker may do something with what a function of a service made.
func (a asker) mayOf(action staff.Action, service, function string) error {
	if a.key != nil {
		return a.key.Demand(action, service, function)
	}
	return a.actor.Demand(action)
}

// mayFor reports whether the asker may have something made for an account. The program's own are for its own probes.
func (a asker) mayFor(account string) error {
	if production.Own(account) && (a.key == nil || a.key.Name != staff.ProbeKeyName) {
		return &colophon.Error{Kind: colophon.Refused, Code: production.CodeOwn}
	}
	return nil
}

// mayOfAll reports whether the asker may do something with what all functions made.
func (a asker) mayOfAll(action staff.Action) error { return a.may(action, staff.Every) }

// denied is the refusal of somebody who did not prove who they are.
type denied struct{ error }

func (d denied) Unwrap() error { return d.error }

// who finds out who asks.
func (s *server) who(r *http.Request, need staff.Action) (asker, error) {
	nobody := denied{refuse(colophon.Refused, CodeUnauthenticated)}
	a := asker{by: production.By{Source: s.Source(r), Client: cut(r.UserAgent())}, language: r.Header.Get("Accept-Language")}
	if given := credentials(r, need); len(given) > 0 {
		scheme, text, _ := strings.Cut(given[0], " ")
		if len(given) > 1 || !strings.EqualFold(scheme, "Bearer") {
			return a, nobody
		}
		key, err := s.Roster.CheckKey(r.Context(), text)
		var e *colophon.Error
		switch {
		case errors.As(err, &e) && e.Code == staff.CodeKeyMalformed: // it may be a session of a program that signed in
			if err = s.signedIn(r.Context(), &a, text, need); isEnded(err) {
				return a, nobody
			}
			return a, err
		case errors.As(err, &e) && e.Code == staff.CodeKeyUnknown:
			return a, nobody
		case errors.As(err, &e) && e.Kind == colophon.Refused:
			return a, denied{err}
		}
		a.key, a.by.Role, a.by.ID = &key, production.Application, string(key.ID)
		return a, err
	}
	cookie, err := r.Cookie(s.cookie)
	if err != nil {
		return a, nobody
	}
	if err := s.signedIn(r.Context(), &a, cookie.Value, need); isEnded(err) {
		return a, denied{err}
	} else if err != nil {
		return a, err
	}
	return a, s.own(r, cookie.Value)
}

// signedIn finds out who has a session.
func (s *server) signedIn(ctx context.Context, a *asker, token string, need staff.Action) error {
	open, err := s.Roster.Check(ctx, token)
	if err == nil {
		a.actor, a.session = open.Account.Actor(), token
		a.by.ID, a.by.Role = string(a.actor.Account), roleFor(a.actor, need)
	}
	return err
}

func isEnded(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == staff.CodeSessionEnded
}

// own refuses a request with a session that another site had the browser send. Reading is no exception: some readings
// leave a record.
func (s *server) own(r *http.Request, token string) error {
	forged := refuse(colophon.Refused, staff.CodeForgedRequest)
	asWrite := *r
	asWrite.Method = http.MethodPost
	if s.forged.Check(&asWrite) != nil {
		return forged
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	return s.Roster.CheckCSRF(token, r.Header.Get("X-CSRF-Token"))
}

// roleFor is the role in which somebody acts: the first one that allows what they do.
func roleFor(actor staff.Actor, need staff.Action) evidence.Role {
	for _, role := range staff.Roles() {
		if slices.Contains(actor.Roles, role) && staff.Allowed(role, need) {
			return evidence.Role(role)
		}
	}
	return ""
}

func cut(client string) string {
	return strings.ToValidUTF8(client[:min(len(client), maxClient)], "")
}

// local reports whether a request comes from this machine and not through a proxy on it.
func (s *server) local(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip" || name == "Via" {
			return false
		}
	}
	return s.Source(r).Addr().Unmap().IsLoopback()
}

// gate is what each request passes before its handler.
func (s *server) gate(rt route, next http.HandlerFunc) http.HandlerFunc {
	fail := s.fail
	if rt.is(proxied) {
		fail = s.failAs
	}
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		if rt.is(proxied) {
			h.Set("Request-Id", s.requestID(r.Context())) // where clients of Anthropic look
		}
		a := asker{by: production.By{Source: s.Source(r), Client: cut(r.UserAgent())}, language: r.Header.Get("Accept-Language")}
		if rt.need != "" && !(rt.is(local) && s.local(r)) {
			var err error
			if a, err = s.who(r, rt.need); err == nil {
				err = a.may(rt.need, "")
			}
			if err != nil {
				fail(w, r, err)
				return
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), askerKey{}, a))
		if err := takeBody(w, r, rt); err != nil {
			fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// takeBody bounds the body of a request. One of a route that is no upload is read here: huma would set a deadline for it
// on the connection, which ends the request when it passes, and would call a broken body a fault of ours.
func takeBody(w http.ResponseWriter, r *http.Request, rt route) error {
	limit := rt.body
	if r.ContentLength > limit && limit > 0 {
		return &http.MaxBytesError{Limit: limit}
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if rt.is(upload|proxied) || limit == 0 {
		return nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

// unread is the error for a body that could not be read to its end.
func unread(err error) error {
	var tooLarge *http.MaxBytesError
	var known *colophon.Error
	if errors.As(err, &tooLarge) || errors.As(err, &known) {
		return err
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeBody, Err: err}
}

// API is the API at work: net/http's mux with what this API needs besides: paths that end in a verb ("/v1/jobs/{id}:retry"), and problems
// for paths and methods that there are none of.
type API struct {
	server *server
	routes *http.ServeMux
	verbs  map[string]map[string]http.Handler // by pattern without the verb
	rows   map[string]route                   // of the table, by method and path as net/http's mux has them
}

func newMux(s *server) *API {
	rows := map[string]route{}
	for _, rt := range routes() {
		rows[rt.method+" "+rt.path] = rt
	}
	return &API{s, http.NewServeMux(), map[string]map[string]http.Handler{}, rows}
}

// untimed keeps huma from setting deadlines on the connection.
type untimed struct{ inner }

type inner = huma.Context // an embedded field of that name would hide the method

func (untimed) SetReadDeadline(time.Time) error { return nil }

// Unwrap lets humago find the request.
func (u untimed) Unwrap() huma.Context { return u.inner }

// Handle registers an operation behind the gate; huma calls it.
func (m *API) Handle(op *huma.Operation, handler func(huma.Context)) {
	rt, ok := op.Metadata[routeKey].(route)
	if !ok {
		panic("httpapi: " + op.Path + " is not in the table")
	}
	m.serve(op, rt, func(w http.ResponseWriter, r *http.Request) { handler(untimed{humago.NewContext(op, r, w)}) })
}

// serve puts a handler behind the gate.
func (m *API) serve(op *huma.Operation, rt route, handler http.HandlerFunc) {
	h := m.server.gate(rt, handler)
	before, verb, found := strings.Cut(op.Path, "}:")
	if !found {
		m.routes.Handle(op.Method+" "+rt.path, h)
		if i := strings.Index(rt.path, "/{"); strings.HasSuffix(rt.path, "...}") { // net/http would redirect there from the path before
			m.routes.HandleFunc(op.Method+" "+rt.path[:i], func(w http.ResponseWriter, r *http.Request) {
				m.server.fail(w, r, refuse(colophon.Missing, CodeNoRoute))
			})
		}
		return
	}
	pattern := op.Method + " " + before + "}"
	if m.verbs[pattern] == nil {
		m.verbs[pattern] = map[string]http.Handler{}
		m.routes.Handle(pattern, m.verb(m.verbs[pattern], before[strings.LastIndex(before, "{")+1:]))
	}
	m.verbs[pattern][verb] = h
}

func (m *API) verb(verbs map[string]http.Handler, name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value := r.PathValue(name)
		i := strings.LastIndex(value, ":")
		h, ok := verbs[value[i+1:]]
		if i <= 0 || !ok {
			m.server.fail(w, r, refuse(colophon.Missing, CodeNoRoute))
			return
		}
		r.SetPathValue(name, value[:i])
		h.ServeHTTP(w, r)
	}
}

// ServeHTTP answers a request. A path that is not written in its shortest form is none: a redirect to another one would
// be an answer without the gate.
func (m *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.EscapedPath()
	h, pattern := m.routes.Handler(r)
	switch {
	case asked == "" || asked[0] != '/' || path.Clean(asked) != asked || r.Method == http.MethodConnect:
		m.server.fail(w, r, refuse(colophon.Missing, CodeNoRoute))
	case pattern != "":
		m.routes.ServeHTTP(w, r)
	default:
		m.unrouted(w, r, h)
	}
}

// probe takes what net/http's mux answers where it has no handler.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

func (m *API) unrouted(w http.ResponseWriter, r *http.Request, h http.Handler) {
	p := &probe{header: http.Header{}}
	h.ServeHTTP(p, r)
	err, fail := refuse(colophon.Missing, CodeNoRoute), m.server.fail
	if p.status == http.StatusMethodNotAllowed {
		allow := p.header.Get("Allow")
		w.Header().Set("Allow", allow)
		err = &colophon.Error{Kind: colophon.Invalid, Code: CodeMethod, Args: colophon.Args{"methods": allow}}
		asked := *r
		if asked.Method, _, _ = strings.Cut(allow, ","); m.row(&asked).is(proxied) {
			fail = m.server.failAs
		}
	}
	fail(w, r, err)
}

// etag is the entity tag of bytes with a digest.
func etag(digest string) string { return strconv.Quote(digest) }
