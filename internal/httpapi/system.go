package httpapi

import (
	"context"
	"net/http"
)

type healthOutput struct {
	Body struct {
		Alive bool `json:"alive" doc:"Always true: the process answers."`
	}
}

func (s *server) health(context.Context, *struct{}) (*healthOutput, error) {
	out := &healthOutput{}
	out.Body.Alive = true
	return out, nil
}

// partState is whether a part is ready.
type partState struct {
	Name  string `json:"name" doc:"Name of the part." example:"store"`
	Ready bool   `json:"ready" doc:"Whether it works."`
}

// readiness says whether requests can be served.
type readiness struct {
	Ready bool        `json:"ready" doc:"Whether requests can be served."`
	Parts []partState `json:"parts" nullable:"false" doc:"What has to work for it."`
}

type readyOutput struct {
	Status int
	Body   readiness
}

func (s *server) ready(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	out := &readyOutput{Status: http.StatusOK}
	out.Body.Ready, out.Body.Parts = true, []partState{}
	for _, p := range s.Ready(ctx) {
		out.Body.Parts = append(out.Body.Parts, partState(p))
		out.Body.Ready = out.Body.Ready && p.Ready
	}
	if !out.Body.Ready {
		out.Status = http.StatusServiceUnavailable
	}
	return out, nil
}

func (s *server) metrics(context.Context, *struct{}) (*stream, error) {
	return streamed(s.Metrics.ServeHTTP), nil
}

func (s *server) openAPIJSON(context.Context, *struct{}) (*stream, error) {
	return document("application/openapi+json", s.json)
}

func (s *server) openAPIYAML(context.Context, *struct{}) (*stream, error) {
	return document("application/openapi+yaml", s.yaml)
}

func (s *server) docs(context.Context, *struct{}) (*stream, error) {
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", referencePolicy())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(s.reference()) //nolint:errcheck // nobody is left to be told
	}), nil
}

func document(kind string, write func() ([]byte, error)) (*stream, error) {
	text, err := write()
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(text) //nolint:errcheck // nobody is left to be told
	}), nil
}
