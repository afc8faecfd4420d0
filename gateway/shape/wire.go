package shape

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/colophon-project/colophon"
)

// Events reads server-sent events, as HTML's section 9.2 has them. Comments and fields other than event and data are left out.
type Events struct {
	in   *bufio.Reader
	most int
	line []byte
	data []byte
	used bool
	some bool // a line was read
}

// NewEvents returns a reader of events of at most so many bytes each.
func NewEvents(r io.Reader, most int) *Events { return &Events{in: bufio.NewReader(r), most: most} }

// Next returns the next event; io.EOF after the last. What stands at the end without an empty line is an event, too: whether a stream
// is complete is for [Piece.Last] to say. The event's data are good until the next call.
func (e *Events) Next() (Event, error) {
	var ev Event
	e.data = e.data[:0]
	some, size := false, 0
	for {
		line, err := e.read()
		if !e.some {
			line, e.some = bytes.TrimPrefix(line, []byte("\uFEFF")), true
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !some) {
			return Event{}, err
		}
		if size += len(line); size > e.most {
			return Event{}, e.long()
		}
		if len(line) == 0 {
			if some {
				ev.Data = e.data
				return ev, nil
			}
			ev.Name, size = "", 0
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			ev.Name = string(value)
		case "data":
			if some {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			some = true
		}
	}
}

func (e *Events) long() error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeLong, Args: colophon.Args{"limit": strconv.Itoa(e.most)}}
}

// read returns the next line without its end, which is CR, LF or both.
func (e *Events) read() ([]byte, error) {
	e.line = e.line[:0]
	for {
		c, err := e.in.ReadByte()
		if err != nil {
			return e.line, err
		}
		switch {
		case c == '\n' && e.used && len(e.line) == 0:
			e.used = false
			continue
		case c == '\n' || c == '\r':
			e.used = c == '\r' // the LF that may follow belongs to it
			return e.line, nil
		}
		if e.used = false; len(e.line) >= e.most {
			return nil, e.long()
		}
		e.line = append(e.line, c)
	}
}

// AppendEvent appends an event as it goes over the wire. Data with line ends go as several lines.
func AppendEvent(dst []byte, ev Event) []byte {
	if ev.Name != "" {
		dst = append(append(append(dst, "event: "...), ev.Name...), '\n')
	}
	for rest, more := ev.Data, true; more; {
		var line []byte
		line, rest, more = bytes.Cut(rest, []byte("\n"))
		dst = append(append(append(dst, "data: "...), line...), '\n')
	}
	return append(dst, '\n')
}

// Problem returns the body of an answer that is an error, in the dialect. Where typ is empty it is the dialect's own word
// for the status.
func Problem(e Endpoint, status int, typ, code, message, param string) []byte {
	if typ == "" {
		typ = problemType(e, status)
	}
	b := appendString([]byte(`{"error":{"message":`), message)
	if e == Messages {
		b = appendString([]byte(`{"type":"error","error":{"message":`), message)
	}
	b = appendString(append(b, `,"type":`...), typ)
	switch {
	case e == Messages:
	case param == "":
		b = append(b, `,"param":null`...)
	default:
		b = appendString(append(b, `,"param":`...), param)
	}
	b = appendString(append(b, `,"code":`...), code)
	return append(b, "}}"...)
}

// problemType is the word that both dialects have for a status, by their documentation of errors.
func problemType(e Endpoint, status int) string {
	switch status {
	case 401:
		return "authentication_error"
	case 403:
		return "permission_error"
	case 404:
		return "not_found_error"
	case 429:
		return "rate_limit_error"
	}
	switch {
	case e == Messages && status == 413:
		return "request_too_large"
	case e == Messages && status == 504:
		return "timeout_error"
	case e == Messages && status == 529:
		return "overloaded_error"
	case e == Messages && status >= 500:
		return "api_error"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}
