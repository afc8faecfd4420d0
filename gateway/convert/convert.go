// Package convert turns what one dialect of model interfaces says into the other: Anthropic's messages and OpenAI's chat, in
// both directions, requests, answers and streams. It keeps text, reasoning, calls of tools and their results, pictures,
// files, reasons for the end, and usage. What can't be carried over is an error that names the field. Left out is what
// only tunes a model's cache, effort, speed or bill, and the seal that a provider puts on the reasoning of its own models:
// reasoning of earlier turns that has to have one does not go where nobody could check it.
//
// What not to do here: do not judge, mark or cut a text, and do not guess what a field of one dialect might mean in the
// other.
package convert

import (
	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

// Codes of errors.
const (
	CodeField colophon.Code = "gateway-convert-field" // arg "path": the other dialect has no place for it
	CodePair  colophon.Code = "gateway-convert-pair"  // args "from", "to"
	CodeBody  colophon.Code = "gateway-convert-body"  // arg "path": not in the form of its dialect
)

// Request turns a request from one dialect into another.
func Request(from, to shape.Endpoint, body []byte) ([]byte, error) {
	return turn(from, to, body, chatRequest, messagesRequest)
}

// Answer turns an answer in one piece from one dialect into another.
func Answer(from, to shape.Endpoint, body []byte) ([]byte, error) {
	return turn(from, to, body, chatAnswer, messagesAnswer)
}

func turn(from, to shape.Endpoint, body []byte, chat, messages func(*object) any) ([]byte, error) {
	t := &trouble{}
	o := parse(t, body)
	var out any
	switch {
	case from == shape.Chat && to == shape.Messages:
		out = chat(o)
	case from == shape.Messages && to == shape.Chat:
		out = messages(o)
	default:
		return nil, pair(from, to)
	}
	if t.err != nil {
		return nil, t.err
	}
	return marshal(out), nil
}

func pair(from, to shape.Endpoint) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: CodePair, Args: colophon.Args{"from": string(from), "to": string(to)}}
}

// Stream turns a stream of events. It is for one goroutine.
type Stream struct {
	next func(*trouble, shape.Event) []shape.Event
	err  error
}

// NewStream begins to turn a stream from one dialect into another.
func NewStream(from, to shape.Endpoint) *Stream {
	switch {
	case from == shape.Chat && to == shape.Messages:
		return &Stream{next: (&toMessages{block: -1, tools: map[int]int{}}).next}
	case from == shape.Messages && to == shape.Chat:
		return &Stream{next: (&toChat{tools: map[int]*call{}}).next}
	}
	return &Stream{err: pair(from, to)}
}

// Next takes an event and returns those that it becomes in the other dialect. After an error there is nothing more.
func (s *Stream) Next(ev shape.Event) ([]shape.Event, error) {
	if s.err != nil {
		return nil, s.err
	}
	t := &trouble{}
	list := s.next(t, ev)
	if s.err = t.err; s.err != nil {
		return nil, s.err
	}
	return list, nil
}
