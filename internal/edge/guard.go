package edge

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

func refusal(code colophon.Code, kind colophon.Kind) *colophon.Error {
	return &colophon.Error{Kind: kind, Code: code}
}

func tooLarge(limit int64) *colophon.Error {
	return &colophon.Error{Kind: colophon.Refused, Code: CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(limit, 10)}}
}

// refuse answers instead of the handler. A body that was not read is not waited for: its connection ends.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err *colophon.Error, status int) {
	if r.ProtoMajor == 1 && r.Body != http.NoBody {
		w.Header().Set("Connection", "close")
	}
	s.config.Problem(w, r, err, status)
}

// later refuses with the time after which to ask again.
func (s *Server) later(w http.ResponseWriter, r *http.Request, code colophon.Code, status int, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	s.refuse(w, r, refusal(code, colophon.Refused), status)
}

// admit checks a request and hands it on.
func (s *Server) admit(w *answer, r *http.Request) {
	client := ClientOf(r.Context())
	if !s.knows(r, r.Host) || !s.knows(r, client.Host) {
		s.refuse(w, r, refusal(CodeHostUnknown, colophon.Refused), http.StatusMisdirectedRequest)
		return
	}
	for _, coding := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			w.Header().Set("Accept-Encoding", "identity")
			s.refuse(w, r, refusal(CodeEncoded, colophon.Unsupported), http.StatusUnsupportedMediaType)
			return
		}
	}
	wait := s.addresses.take(network(client.Address.Addr()))
	if key := s.config.Key(r); wait == 0 && key != "" {
		wait = s.keys.take(sha256.Sum256([]byte(key)))
	}
	if wait > 0 {
		s.later(w, r, CodeTooMany, http.StatusTooManyRequests, wait)
		return
	}
	route := s.config.Route(r)
	if r.ContentLength > route.MaxBody {
		s.refuse(w, r, tooLarge(route.MaxBody), http.StatusRequestEntityTooLarge)
		return
	}
	class, ok := s.classes[route.Class]
	if !ok {
		class = s.classes[""]
	}
	if !class.enter(r.Context()) {
		s.later(w, r, CodeBusy, http.StatusServiceUnavailable, class.Wait)
		return
	}
	defer class.leave()
	if route.Time > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), route.Time)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if w.body != nil {
		w.body.limit, w.body.left = route.MaxBody, route.MaxBody
	}
	s.config.Handler.ServeHTTP(w, r)
}

// recovered makes an answer of a panic. What it said stays out of the log, unless it is a fault that the runtime found:
// it may have been put together from what the client sent.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	a := &answer{
		ResponseWriter: w, control: http.NewResponseController(w), before: w.Header().Clone(),
		pace:    pace{s.config.Limits.Stall, s.config.Limits.MinRate},
		problem: func(err *colophon.Error, status int) { s.config.Problem(w, r, err, status) },
	}
	if r.Body != http.NoBody {
		a.body = &body{ReadCloser: r.Body, pace: a.pace, credit: a.pace.stall, deadline: a.control.SetReadDeadline}
		r.Body = a.body
	}
	defer a.end()
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if fault == http.ErrAbortHandler {
			panic(fault)
		}
		said := fmt.Sprintf("%T", fault)
		if e, ok := fault.(runtime.Error); ok {
			said = e.Error()
		}
		s.config.Log.ErrorContext(r.Context(), "a handler panicked", slog.String("panic", said), slog.String("stack", string(debug.Stack())))
		if a.wrote {
			panic(http.ErrAbortHandler)
		}
		a.replace(refusal(CodeHandlerPanic, colophon.Internal), http.StatusInternalServerError)
	}()
	s.admit(a, r)
}
