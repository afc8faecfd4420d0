package console

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
)

// api speaks to the API of this server for whoever visits: with their session, in their language, from their address. What a
// page does is done by the API, so no page can do what its visitor could not do there.
func (v *visit) api() *client.Client {
	c, err := client.New(client.Config{URL: "http://localhost", Key: v.opened.Token, Language: string(v.lang), Tries: 1,
		HTTP: &http.Client{Transport: inside{v.API, v.r.UserAgent(), v.Log}}})
	if err != nil {
		panic("console: " + err.Error()) // of a constant
	}
	return c
}

// inside sends requests to a handler of this process.
type inside struct {
	handler http.Handler
	agent   string
	log     *slog.Logger
}

// RoundTrip implements http.RoundTripper. The request's context tells the handler where the visitor's request came from.
func (t inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.handler == nil {
		return nil, errors.New("there is no API behind the pages")
	}
	r = r.Clone(r.Context())
	r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
	r.Header.Set("User-Agent", t.agent)
	if r.Body == nil {
		r.Body = http.NoBody
	}
	body, pipe := io.Pipe()
	a := &answer{header: http.Header{}, pipe: pipe, begun: make(chan struct{})}
	go func() {
		defer func() {
			if fault := recover(); fault != nil {
				if fault != http.ErrAbortHandler { // what it says may be about people; its type is not
					t.log.ErrorContext(r.Context(), "a handler panicked", slog.String("panic", fmt.Sprintf("%T", fault)), slog.String("stack", string(debug.Stack())))
				}
				_ = pipe.CloseWithError(io.ErrUnexpectedEOF)
				a.WriteHeader(http.StatusInternalServerError)
			}
		}()
		t.handler.ServeHTTP(a, r)
		a.WriteHeader(http.StatusOK)
		_ = pipe.Close()
	}()
	select {
	case <-a.begun:
		return &http.Response{Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: a.sent, Body: body, ContentLength: -1, Request: r}, nil
	case <-r.Context().Done():
		_ = body.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
}

// answer is what a handler of this process says.
type answer struct {
	header, sent http.Header
	status       int
	pipe         *io.PipeWriter
	once         sync.Once
	begun        chan struct{} // closed when status and sent are there
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if status < http.StatusOK { // an interim answer
		return
	}
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

// Write implements io.Writer.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.pipe.Write(p)
}

// Flush implements http.Flusher: nothing is held back.
func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

// told makes of what the API says an error of ours. Its sentence is the API's, in the visitor's language.
func told(err error) (*client.Error, *colophon.Error) {
	var e *client.Error
	if !errors.As(err, &e) {
		return nil, nil
	}
	kind := map[int]colophon.Kind{http.StatusBadRequest: colophon.Invalid, http.StatusUnprocessableEntity: colophon.Invalid, http.StatusForbidden: colophon.Refused, http.StatusUnauthorized: colophon.Refused,
		http.StatusUnavailableForLegalReasons: colophon.Refused, http.StatusConflict: colophon.Conflict, http.StatusNotFound: colophon.Missing, http.StatusUnsupportedMediaType: colophon.Unsupported}[e.Status]
	return e, &colophon.Error{Kind: kind, Code: e.Code, Args: e.Args, Clauses: e.Clauses, Err: err}
}
