package sample

import (
	"encoding/json"
	"net/http"
)

// ended is thrown where an answer is at its end early, in good order.
type ended struct{}

// stream writes server-sent events, as far as the switches let it.
type stream struct {
	*exchange
	sent              int
	broken, hung, bad int // after how many events; -1: never
}

// events begins a stream.
func (x *exchange) events() *stream {
	head := x.writer.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-cache")
	head.Set("X-Request-Id", "req_"+x.id)
	head.Set("Request-Id", "req_"+x.id)
	x.writer.WriteHeader(http.StatusOK)
	return &stream{exchange: x, broken: x.switches.number("break", -1), hung: x.switches.number("hang", -1), bad: x.switches.number("frame", -1)}
}

// send writes one event. It does not return where the switches or the caller end the stream there.
func (s *stream) send(name string, data any) {
	switch s.sent {
	case s.broken:
		panic(http.ErrAbortHandler)
	case s.hung:
		<-s.request.Context().Done()
		panic(http.ErrAbortHandler)
	case s.bad:
		message := s.switches.text("message")
		if message == "" {
			message = "the sample model was told to fail"
		}
		s.bad = -1
		name, data = "error", s.problem(fault{Status: http.StatusInternalServerError, Message: message})
		if !s.anthropic {
			name = ""
		}
		s.write(name, data)
		panic(ended{})
	}
	s.pause(s.switches.duration("slow"))
	s.write(name, data)
	s.sent++
}

func (s *stream) write(name string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // it is made of maps, strings and numbers
	}
	if s.switches.Has("garbage") && s.sent == 1 {
		text = []byte(`{"choices":[{"delta":`)
	}
	s.line(name, text)
}

func (s *stream) line(name string, text []byte) {
	event := make([]byte, 0, len(text)+len(name)+32)
	if name != "" {
		event = append(append(append(event, "event: "...), name...), '\n')
	}
	event = append(append(append(event, "data: "...), text...), "\n\n"...)
	if _, err := s.writer.Write(event); err != nil {
		panic(http.ErrAbortHandler)
	}
	if err := http.NewResponseController(s.writer).Flush(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// done writes the last event of OpenAI's older streams.
func (s *stream) done() {
	if !s.switches.Has("nodone") {
		s.line("", []byte("[DONE]"))
	}
}
