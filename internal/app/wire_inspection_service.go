package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/review/inspection"
)

// ServiceAt is a service that is looked at: Colophon, or one whose interface is OpenAI's.
type ServiceAt struct {
	Address string // of the service, or of its interface: https://HOST or https://HOST/v1
	Key     string // API key; empty asks for no content
	Account string // the account that content is made for, where the service wants one
	Pages   []string
}

const (
	// askTime is how long a service has to answer, and filmTime to make a video.
	askTime  = 2 * time.Minute
	filmTime = 5 * time.Minute
	// modelsTried bounds how many models are asked for one kind of content.
	modelsTried = 6
)

// errNotOffered says that a service has no content of a kind.
var errNotOffered = errors.New("the service does not offer it")

// speaker asks one service.
type speaker struct {
	ServiceAt
	base   string // ends in /v1
	http   *http.Client
	fetch  *fetch.Client
	most   int64
	models []string
}

// Service has a service make one sample of each kind of content that it offers, takes it out, and looks at it; and at its pages.
func (w *Inspection) Service(ctx context.Context, s ServiceAt) (*inspection.Report, error) {
	u, err := url.Parse(s.Address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.CodeInvalid, Args: colophon.Args{"field": "service"}, Err: err}
	}
	w.Browser.Allow = append(w.Browser.Allow, hostPort(u)) // whoever names it says that it may be asked
	pages := []inspection.Target{{Address: u.Scheme + "://" + u.Host + "/"}}
	for _, p := range s.Pages {
		pages = append(pages, inspection.Target{Address: p})
	}
	r, err := w.Pages(ctx, "service", u.Scheme+"://"+u.Host, pages)
	if err != nil {
		return nil, err
	}
	client, err := fetch.New(fetch.Config{Allow: w.Browser.Allow, Most: w.Most})
	if err != nil {
		return nil, err
	}
	way := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: askTime, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return client.Dial(ctx, u.Scheme+"://"+u.Host)
	}}
	say := &speaker{ServiceAt: s, base: strings.TrimSuffix(strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/"), "/v1") + "/v1", fetch: client, most: w.Most,
		http: &http.Client{Transport: way, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	w.describe(ctx, say, r)
	if s.Key != "" {
		w.sample(ctx, say, r)
	}
	return w.end(r), ctx.Err()
}

// hostPort is a host as fetch allows it.
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Hostname()
}

// describe looks whether the service's own description of its interface lets users declare.
func (w *Inspection) describe(ctx context.Context, say *speaker, r *inspection.Report) {
	raw, status, err := say.call(ctx, http.MethodGet, strings.TrimSuffix(say.base, "/v1")+"/openapi.json", nil)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct {
				Name string `json:"name"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err != nil || status != 200 || json.Unmarshal(raw, &doc) != nil {
		return // a service need not describe itself
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			for _, p := range op.Parameters {
				if p.Name == "declaration" && method == "post" {
					r.Subjects = append(r.Subjects, inspection.Subject{Kind: inspection.OfService, Name: say.base, Checks: []inspection.Check{{Rule: "declaration-offered", Outcome: inspection.Passed,
						Code: inspection.DeclareAPI, Args: colophon.Args{"operation": "POST " + path}, Proof: inspection.Proof{Field: p.Name, Value: "POST " + path}}}})
					return
				}
			}
		}
	}
}

// sample has the service make content, and looks at what comes.
func (w *Inspection) sample(ctx context.Context, say *speaker, r *inspection.Report) {
	if err := say.list(ctx); err != nil {
		r.Subjects = append(r.Subjects, w.unasked(say, err))
		return
	}
	kinds := []struct {
		name string
		make func(context.Context, string) ([]byte, error)
	}{{"text.txt", say.text}, {"picture", say.picture}, {"speech.mp3", say.speech}, {"video.mp4", say.video}}
	for i, k := range kinds {
		raw, err := say.any(ctx, k.make)
		switch {
		case errors.Is(err, errNotOffered):
		case err != nil:
			s := w.unasked(say, err)
			s.Name += " " + k.name
			r.Subjects = append(r.Subjects, s)
		default:
			format, _ := medium(raw, k.name)
			w.bytes(ctx, inspection.File{Name: k.name, From: say.base, Generated: true, Export: true}, raw, format, r)
		}
		w.told(i+1, len(kinds))
	}
}

// unasked is a service that could not be asked for content.
func (w *Inspection) unasked(say *speaker, cause error) inspection.Subject {
	s := unread(say.base, "", cause, "explicit-notice", "export-notice", "implicit-label")
	s.Kind = inspection.OfService
	for i := range s.Checks {
		if s.Checks[i].Code == inspection.FetchFailed {
			s.Checks[i].Code = inspection.ServiceUnread
		}
	}
	return s
}

// call asks the service once.
func (s *speaker) call(ctx context.Context, method, address string, body any) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, in)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("User-Agent", "colophon")
	if s.Key != "" {
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	if s.Account != "" {
		req.Header.Set("Colophon-Account", url.QueryEscape(s.Account))
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("asking the service: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, s.most+1))
	if err == nil && int64(len(raw)) > s.most {
		err = &colophon.Error{Kind: colophon.Invalid, Code: fetch.CodeTooLarge, Args: colophon.Args{"limit": fmt.Sprint(s.most)}}
	}
	return raw, resp.StatusCode, err
}

// list asks which models there are.
func (s *speaker) list(ctx context.Context) error {
	raw, status, err := s.call(ctx, http.MethodGet, s.base+"/models", nil)
	if err != nil {
		return err
	}
	var answer struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if status != 200 {
		return refusedBy(status)
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: inspection.ServiceUnread, Err: err}
	}
	for _, m := range answer.Data {
		s.models = append(s.models, m.ID)
	}
	return nil
}

func refusedBy(status int) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: fetch.CodeStatus, Args: colophon.Args{"status": fmt.Sprint(status)}}
}

// any asks one model after the other until one makes what is wanted. What none of them knows is not offered.
func (s *speaker) any(ctx context.Context, ask func(context.Context, string) ([]byte, error)) ([]byte, error) {
	var last error
	for i, m := range s.models {
		if i == modelsTried {
			break
		}
		raw, err := ask(ctx, m)
		if err == nil || ctx.Err() != nil {
			return raw, err
		}
		if !errors.Is(err, errNotOffered) {
			last = err
		}
	}
	if last == nil {
		last = errNotOffered
	}
	return nil, last
}

// post asks for content. That a model does not do such things is told by its status.
func (s *speaker) post(ctx context.Context, path string, body map[string]any) ([]byte, error) {
	raw, status, err := s.call(ctx, http.MethodPost, s.base+path, body)
	switch {
	case err != nil:
		return nil, err
	case status == 400 || status == 404 || status == 405 || status == 422 || status == 501:
		return nil, errNotOffered
	case status >= 300:
		return nil, refusedBy(status)
	}
	return raw, nil
}

const wanted = "用一句话描写秋天的湖。"

func (s *speaker) text(ctx context.Context, model string) ([]byte, error) {
	raw, err := s.post(ctx, "/chat/completions", map[string]any{"model": model, "messages": []map[string]string{{"role": "user", "content": wanted}}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Choices) == 0 {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.ServiceUnread, Err: err}
	}
	return []byte(answer.Choices[0].Message.Content), nil
}

func (s *speaker) picture(ctx context.Context, model string) ([]byte, error) {
	raw, err := s.post(ctx, "/images/generations", map[string]any{"model": model, "prompt": wanted, "n": 1, "response_format": "b64_json"})
	if errors.Is(err, errNotOffered) { // some services give out nothing but this, and do not know the word
		raw, err = s.post(ctx, "/images/generations", map[string]any{"model": model, "prompt": wanted, "n": 1})
	}
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data []struct {
			URL string `json:"url"`
			B64 string `json:"b64_json"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Data) == 0 {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.ServiceUnread, Err: err}
	}
	if answer.Data[0].B64 != "" {
		return base64.StdEncoding.DecodeString(answer.Data[0].B64)
	}
	return s.fetch.Bytes(ctx, answer.Data[0].URL, 0)
}

func (s *speaker) speech(ctx context.Context, model string) ([]byte, error) {
	return s.post(ctx, "/audio/speech", map[string]any{"model": model, "input": wanted, "voice": "alloy"})
}

func (s *speaker) video(ctx context.Context, model string) ([]byte, error) {
	raw, err := s.post(ctx, "/videos", map[string]any{"model": model, "prompt": wanted})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, filmTime)
	defer cancel()
	every := time.NewTicker(2 * time.Second)
	defer every.Stop()
	for {
		var job struct{ ID, Status string }
		if err := json.Unmarshal(raw, &job); err != nil || job.ID == "" {
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.ServiceUnread, Err: err}
		}
		switch job.Status {
		case "completed":
			raw, status, err := s.call(ctx, http.MethodGet, s.base+"/videos/"+url.PathEscape(job.ID)+"/content", nil)
			if err == nil && status != 200 {
				err = refusedBy(status)
			}
			return raw, err
		case "failed":
			return nil, &colophon.Error{Kind: colophon.Invalid, Code: inspection.ServiceUnread}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var status int
		if raw, status, err = s.call(ctx, http.MethodGet, s.base+"/videos/"+url.PathEscape(job.ID), nil); err != nil {
			return nil, err
		} else if status != 200 {
			return nil, refusedBy(status)
		}
	}
}
