package httpapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/locale"
)

// anthropic reports whether whoever asks speaks Anthropic's dialect; all others speak OpenAI's.
func anthropic(r *http.Request) bool {
	return r.URL.Path == "/v1/messages" || r.Header.Get("Anthropic-Version") != ""
}

// filtered is the word of both dialects for what screening refused.
const filtered = "content_filter"

// said is an error as clients of models read it. What stands beside message, type, param and code they pass over.
type said struct {
	Type      string               `json:"type"`
	Message   string               `json:"message"`
	Param     *string              `json:"param"`
	Code      string               `json:"code"`
	Reason    colophon.Code        `json:"reason,omitempty"` // our own word, where the code is one of the dialect's
	Args      colophon.Args        `json:"args,omitempty"`
	Clauses   []colophon.Clause    `json:"clauses,omitempty"`
	Reasons   []AdmissionCondition `json:"reasons,omitempty"`
	RequestID string               `json:"request_id,omitempty"`
}

// statusOf is the status of an error of the gateway; 0 where its kind says it. What a model's server says of a request goes
// on as its class alone.
func statusOf(e *colophon.Error) int {
	switch e.Code {
	case gateway.CodeInput, gateway.CodeOutput, media.CodeRefused:
		return http.StatusBadRequest
	case upstream.CodeLimited:
		return http.StatusTooManyRequests
	case upstream.CodeUnavailable, gateway.CodeBusy, gateway.CodeShutdown, gateway.CodeUnkept:
		return http.StatusServiceUnavailable
	case upstream.CodeTimeout:
		return http.StatusGatewayTimeout
	case upstream.CodeTLS, upstream.CodeRedirect, upstream.CodeFailed, upstream.CodeKeyRefused, upstream.CodeKeyMissing, upstream.CodeBroken, upstream.CodeTooLarge, upstream.CodeEncoding, gateway.CodeAnswer, media.CodeDoorFailed:
		return http.StatusBadGateway
	case upstream.CodeRefused:
		switch status, _ := strconv.Atoi(e.Args["status"]); status {
		case http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
			return status
		}
		return http.StatusBadRequest
	}
	return 0
}

// failAs writes an error in the dialect of whoever asks.
func (s *server) failAs(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r.Context(), r.Header.Get("Accept-Language"), err)
	var f *upstream.Failure
	if errors.As(err, &f) && f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.After+time.Second-1)/time.Second)))
	}
	var refusal *admission.Denied
	if errors.As(err, &refusal) && consentMissing(refusal.Decision) {
		p.Status = http.StatusUnavailableForLegalReasons
	}
	p.writeAs(w, r)
}

// consentMissing reports whether it is the first reason of a refusal that a person who is depicted did not consent.
func consentMissing(d admission.Decision) bool {
	refusals := d.Refusals()
	return len(refusals) > 0 && refusals[0].Name == "consent"
}

// writeAs writes a problem in the dialect of whoever asks.
func (p *Problem) writeAs(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, values := range p.GetHeaders() {
		if h[name] == nil {
			h[name] = values
		}
	}
	e := said{Type: kindOf(p.Status, anthropic(r)), Message: p.Title, Code: string(p.Code), Args: p.Args, Clauses: p.Clauses, Reasons: p.Reasons, RequestID: p.RequestID}
	if len(p.Reasons) > 0 && p.Reasons[0].Remedy != nil {
		remedy := p.Reasons[0].Remedy
		e.Message += map[bool]string{true: "；" + remedy.Zh, false: "; " + remedy.En}[p.language == locale.Chinese]
	}
	switch p.Code {
	case gateway.CodeInput, gateway.CodeOutput, media.CodeRefused:
		e.Code, e.Reason = filtered, p.Code
	}
	h.Set("Request-Id", p.RequestID) // where clients of Anthropic look
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status < 500 && p.Status != http.StatusTooManyRequests && p.Status != http.StatusConflict {
		h.Set("X-Should-Retry", "false")
	}
	w.WriteHeader(p.Status)
	var body any = map[string]said{"error": e}
	if anthropic(r) {
		body = map[string]any{"type": "error", "error": e, "request_id": e.RequestID}
	}
	json.NewEncoder(w).Encode(body) //nolint:errcheck // nobody is left to be told
}

// kindOf is the type of an error, as a dialect names it.
func kindOf(status int, anthropic bool) string {
	both := map[int]string{http.StatusUnauthorized: "authentication_error", http.StatusForbidden: "permission_error", http.StatusTooManyRequests: "rate_limit_error"}
	theirs := map[int]string{http.StatusNotFound: "not_found_error", http.StatusRequestEntityTooLarge: "request_too_large", http.StatusServiceUnavailable: "overloaded_error", http.StatusGatewayTimeout: "timeout_error"}
	switch {
	case both[status] != "":
		return both[status]
	case anthropic:
		return cmp.Or(theirs[status], map[bool]string{true: "api_error", false: "invalid_request_error"}[status >= 500])
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}
