package httpapi

import (
	"net/http"
	"strings"

	"github.com/colophon-project/colophon"
)

// Template returns the template of the route that a request asks for, such as /v1/artefacts/{number}, and "" for a path
// that is not the API's.
func (m *API) Template(r *http.Request) string {
	_, pattern := m.routes.Handler(r)
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		return "/v1/"
	}
	for _, rt := range routes() {
		if rt.path == r.URL.Path { // with a method that it does not have
			return rt.path
		}
	}
	return ""
}

// Upload reports whether a request brings content.
func (m *API) Upload(r *http.Request) bool {
	rt, ok := m.posted(r)
	return ok && rt.is(upload)
}

// MaxBody is the largest body of a request, in bytes; 0 for an upload, and for what is no route.
func (m *API) MaxBody(r *http.Request) int64 {
	rt, _ := m.posted(r)
	return rt.body
}

// posted returns the route that a request of the method POST asks for, where its path has no parameter.
func (m *API) posted(r *http.Request) (route, bool) {
	if r.Method != post {
		return route{}, false
	}
	rt, ok := m.rows[post+" "+r.URL.Path]
	return rt, ok
}

// row is the row of the table that a request asks for; an empty one for what is no route.
func (m *API) row(r *http.Request) route {
	_, pattern := m.routes.Handler(r)
	return m.rows[pattern]
}

// Proxied reports whether a request goes on to a model of text, or to one that makes media.
func (m *API) Proxied(r *http.Request) (text, media bool) {
	rt := m.row(r)
	return rt.is(proxied) && !rt.is(slow), rt.is(proxied) && rt.is(slow)
}

// WriteProblem answers with an error that was found before the request came here, and with the status that was chosen.
func (m *API) WriteProblem(w http.ResponseWriter, r *http.Request, e *colophon.Error, status int) {
	p := tell(printer(r.Header.Get("Accept-Language")), e, status)
	p.RequestID = m.server.requestID(r.Context())
	if text, media := m.Proxied(r); text || media {
		p.writeAs(w, r)
		return
	}
	p.write(w, r)
}
