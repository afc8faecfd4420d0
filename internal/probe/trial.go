package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// trial is one run of one probe.
type trial struct {
	*Runner
	ctx    context.Context
	key    string
	report Report
}

type ownKey struct{}

// Own reports whether a context belongs to a request that a probe makes. Nothing that comes from outside has such a context.
func Own(ctx context.Context) bool { own, _ := ctx.Value(ownKey{}).(bool); return own }

// answer is what came back.
type answer struct {
	*reply
	codes  []colophon.Code
	untold bool // the gate itself could not tell one of the reasons
	fault  error
}

// has reports whether a reason, or the code, is one of some.
func (a answer) has(codes ...colophon.Code) bool {
	return slices.ContainsFunc(a.codes, func(c colophon.Code) bool { return slices.Contains(codes, c) })
}

// json reads the answer.
func (a answer) json(v any) bool { return a.fault == nil && json.Unmarshal(a.body.Bytes(), v) == nil }

// ok reports whether what was asked was done.
func (a answer) ok() bool { return a.fault == nil && a.status >= 200 && a.status < 300 }

// otherwise is the finding that something else came back than what tells.
func (a answer) otherwise() finding {
	if a.fault != nil {
		return untold(CodeError)
	}
	code := ""
	if len(a.codes) > 0 {
		code = string(a.codes[0])
	}
	return untold(CodeOtherwise, "status", strconv.Itoa(a.status), "code", code)
}

// step enters a step that asked nothing.
func (t *trial) step(s Step) { t.report.Steps = append(t.report.Steps, s) }

// last is the step that was made last.
func (t *trial) last() *Step { return &t.report.Steps[len(t.report.Steps)-1] }

// tells enters what the last step came to.
func (t *trial) tells(f finding) finding {
	t.last().Verdict = f.verdict.String()
	return f
}

// ask makes a request at the door and enters it. Header comes in pairs.
func (t *trial) ask(what, method, path string, body []byte, header ...string) answer {
	s := Step{What: what, Method: method, Path: path}
	if len(body) > 0 {
		s.Sent = digest(body)
	}
	a := t.send(method, path, body, header...)
	if a.fault == nil {
		s.Status, s.Codes, s.Got = a.status, a.codes, digest(a.body.Bytes())
	}
	t.step(s)
	return a
}

func (t *trial) askJSON(what, method, path string, body any, header ...string) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		return answer{reply: newReply(), fault: err}
	}
	return t.ask(what, method, path, raw, append([]string{"Content-Type", "application/json"}, header...)...)
}

// send makes a request at the door.
func (t *trial) send(method, path string, body []byte, header ...string) (a answer) {
	a.reply = newReply()
	req, err := http.NewRequestWithContext(context.WithValue(t.ctx, ownKey{}, true), method, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		a.fault = err
		return a
	}
	req.RequestURI, req.RemoteAddr = path, "[::1]:0"
	for name, value := range map[string]string{"Authorization": "Bearer " + t.key, "User-Agent": Client, "Content-Type": "application/octet-stream", "Accept": "application/json"} {
		req.Header.Set(name, value)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	t.Door.ServeHTTP(a.reply, req)
	switch {
	case t.ctx.Err() != nil:
		a.fault = t.ctx.Err()
	case a.full:
		a.fault = errLarge
	case a.status >= 400:
		a.codes, a.untold = reasons(a.body.Bytes())
	}
	return a
}

// problem is an error as the door tells it.
type problem struct {
	Code    colophon.Code `json:"code"`
	Reason  colophon.Code `json:"reason"`
	Reasons []struct {
		Verdict string `json:"verdict"`
		Why     *struct {
			Code colophon.Code `json:"code"`
		} `json:"why"`
	} `json:"reasons"`
}

// reasons reads all codes of a refusal, in the form of the API or in that of clients of models.
func reasons(body []byte) (codes []colophon.Code, uncertain bool) {
	var said struct {
		problem
		Error *problem `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return nil, true
	}
	p := said.problem
	if said.Error != nil {
		p = *said.Error
	}
	add := func(c colophon.Code) {
		if c != "" && !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	add(p.Code)
	add(p.Reason)
	for _, r := range p.Reasons {
		if r.Why != nil {
			add(r.Why.Code)
		}
		uncertain = uncertain || r.Verdict != colophon.Failed.String()
	}
	return codes, uncertain || len(p.Reasons) == 0
}

// refused says of an answer whether it is the refusal that is looked for.
func (t *trial) refused(a answer, wanted ...colophon.Code) finding {
	switch {
	case a.ok():
		return t.tells(failed(CodeLet))
	case a.fault == nil && (a.status == http.StatusForbidden || a.status == http.StatusUnavailableForLegalReasons):
		if a.has(wanted...) {
			return t.tells(passed(CodeRefused))
		}
		if !a.untold { // every reason that there is was named, and it is none of them
			return t.tells(failed(CodeSilent))
		}
	}
	return t.tells(a.otherwise())
}

// until asks again and again until something is so, or the time is over.
func (t *trial) until(most time.Duration, so func() (bool, error)) (bool, error) {
	beat, end := time.NewTicker(100*time.Millisecond), time.NewTimer(most)
	defer beat.Stop()
	defer end.Stop()
	for {
		if yes, err := so(); yes || err != nil {
			return yes, err
		}
		select {
		case <-beat.C:
		case <-end.C:
			return false, nil
		case <-t.ctx.Done():
			return false, t.ctx.Err()
		}
	}
}

// wait waits for a time.
func (t *trial) wait(at time.Time) error {
	timer := time.NewTimer(at.Sub(t.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-t.ctx.Done():
		return t.ctx.Err()
	}
}

var errLarge = errors.New("probe: the answer is too large")

// maxReply is how much of an answer is kept, in bytes. Probes send nothing that has a larger one.
const maxReply = 64 << 20

// reply takes an answer in memory.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
	full   bool
}

func newReply() *reply { return &reply{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *reply) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *reply) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.full = r.full || r.body.Len()+len(b) > maxReply; r.full {
		return 0, errLarge
	}
	return r.body.Write(b)
}

// Flush implements http.Flusher: what is written is there.
func (r *reply) Flush() {}

// SetReadDeadline and SetWriteDeadline are for http.ResponseController. The context of the request bounds it.
func (r *reply) SetReadDeadline(time.Time) error  { return nil }
func (r *reply) SetWriteDeadline(time.Time) error { return nil }

// named is the identifier at the end of the Location of what was made.
func (r *reply) named() string {
	at := r.header.Get("Location")
	return at[strings.LastIndexByte(at, '/')+1:]
}
