package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

type object = map[string]any

// exchange is one request and its answer.
type exchange struct {
	writer    http.ResponseWriter
	request   *http.Request
	anthropic bool // the dialect of the errors and lists
	now       time.Time
	body      []byte
	id        string // of this request: the same for the same body
	switches  switches
	model     *Model
}

func (m *Model) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{writer: w, request: r, now: m.config.Now(), model: m, switches: switches{},
		anthropic: r.Header.Get("Anthropic-Version") != "" || r.URL.Path == "/v1/messages"}
}

// fault is why a request is refused.
type fault struct {
	Status               int
	Message, Code, Param string
}

func (f fault) Error() string { return f.Message }

func noModel(name string) fault {
	return fault{Status: http.StatusNotFound, Message: fmt.Sprintf("the model %q does not exist here", name), Code: "model_not_found", Param: "model"}
}

func bad(param, format string, args ...any) fault {
	return fault{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...), Param: param}
}

// kinds are the types of errors by their status.
var kinds = map[int]string{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}

// problem is an error in the caller's dialect.
func (x *exchange) problem(f fault) object {
	kind := kinds[f.Status]
	if x.anthropic {
		if kind == "" {
			kind = "api_error"
		}
		return object{"type": "error", "error": object{"type": kind, "message": f.Message}, "request_id": "req_" + x.id}
	}
	switch {
	case f.Status >= 500:
		kind = "server_error"
	case kind == "" || f.Status == http.StatusNotFound:
		kind = "invalid_request_error"
	}
	said := object{"message": f.Message, "type": kind, "param": nil, "code": nil}
	if f.Param != "" {
		said["param"] = f.Param
	}
	if f.Code != "" {
		said["code"] = f.Code
	}
	return object{"error": said}
}

func (x *exchange) refuse(f fault) { x.json(f.Status, x.problem(f)) }

// read reads the body, which gives the exchange its id.
func (x *exchange) read() error {
	body, err := io.ReadAll(x.request.Body)
	if err != nil {
		return fault{Status: http.StatusRequestEntityTooLarge, Message: "the body can't be read to its end"}
	}
	x.body = body
	sum := sha256.Sum256(body)
	x.id = hex.EncodeToString(sum[:12])
	return nil
}

// decode reads the body as JSON.
func (x *exchange) decode(into any) error {
	if err := x.read(); err != nil {
		return err
	}
	return x.parse(into)
}

// parse reads the body that was read already.
func (x *exchange) parse(into any) error {
	if err := json.Unmarshal(x.body, into); err != nil {
		return bad("", "the body is not the JSON that is expected: %v", err)
	}
	return nil
}

// begin takes the switches of a text and of the header, and does what they say comes before an answer. It reports whether
// the request has been answered by that.
func (x *exchange) begin(text string) bool {
	x.switches = parse(text, x.request.Header.Get("Colophon-Sample"))
	x.pause(x.switches.duration("wait"))
	if to := x.switches.Get("redirect"); to != "" {
		http.Redirect(x.writer, x.request, to, http.StatusTemporaryRedirect)
		return true
	}
	status := x.switches.number("error", 0)
	if most := x.switches.number("fail", 0); most > 0 {
		if !x.model.fails(x.switches.Get("id"), most) {
			status = 0
		} else if status == 0 {
			status = http.StatusServiceUnavailable
		}
	}
	if status < 400 || status > 599 {
		return false
	}
	if retry := x.switches.Get("retry"); retry != "" {
		x.writer.Header().Set("Retry-After", retry)
	}
	message := x.switches.text("message")
	if message == "" {
		message = "the sample model was told to fail"
	}
	x.refuse(fault{Status: status, Message: message})
	return true
}

// fails counts a request that is to fail, and reports whether it still does.
func (m *Model) fails(id string, most int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed[id] >= most || len(m.failed) > 10_000 {
		return false
	}
	m.failed[id]++
	return true
}

// pause waits, unless the caller goes away.
func (x *exchange) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-x.request.Context().Done():
	}
}

// json answers with JSON.
func (x *exchange) json(status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // it is made of maps, strings and numbers
	}
	x.answer(status, "application/json", text)
}

// answer writes a whole answer, or what the switches leave of it.
func (x *exchange) answer(status int, typ string, body []byte) {
	if x.switches.Has("hang") && status == http.StatusOK {
		<-x.request.Context().Done()
		panic(http.ErrAbortHandler)
	}
	if x.switches.Has("garbage") && status == http.StatusOK {
		body = []byte(`{"choices":[{"message":`)
	}
	if x.switches.Has("twice") && status == http.StatusOK && len(body) > 0 && body[0] == '{' {
		body = append([]byte(`{"model":"another",`), body[1:]...)
	}
	head := x.writer.Header()
	head.Set("Content-Type", typ)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	head.Set("X-Request-Id", "req_"+x.id)
	head.Set("Request-Id", "req_"+x.id)
	x.writer.WriteHeader(status)
	if x.switches.Has("break") && status == http.StatusOK {
		_, _ = x.writer.Write(body[:len(body)/2])
		_ = http.NewResponseController(x.writer).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = x.writer.Write(body) // the caller may be gone
}

// check answers a request that can't be served with why. It reports whether that was so.
func (x *exchange) check(err error) bool {
	if err == nil {
		return false
	}
	f, ok := err.(fault)
	if !ok {
		f = fault{Status: http.StatusInternalServerError, Message: err.Error()}
	}
	x.refuse(f)
	return true
}
