package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"mime"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/convert"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
)

// stream is an answer that comes in pieces. It belongs to the goroutine that serves the call, but for what the marks are made
// of: the number delivered, and what p.mu guards.
type stream struct {
	*exchange
	in      *shape.Streaming
	turn    *convert.Stream // nil where upstream and client speak alike
	arrived chan arrival
	up      context.Context // of the upstream and of what judges; ends with stop
	stop    context.CancelFunc

	lanes map[shape.Lane]*lane
	order []*lane
	spare Screened // the first text, judged from before anybody knew whether there is one
	notes *mark.Stream
	keep  bool // events repeat what lanes released

	out      []byte
	withheld int64 // bytes of text that came whole and was refused
	staged   int64 // bytes of text in the event that is being put together
	said     int64 // bytes of text in what is being written
	unsure   int64 // bytes of text in a piece that was written in part
	text     int64 // bytes of text that came, which are kept in memory and counted in Proxy.held
	size     int64 // bytes that the upstream sent
	labelled bool
	entered  bool                       // in the register
	parents  []artefact.Number          // media that the answer brought
	made     map[[sha256.Size]byte]Made // the same by what the model gave
	before   hash.Hash                  // of the text that came
	after    hash.Hash                  // of the text that left, all of it in order
	sent     time.Time                  // when something was sent last
	heard    time.Time                  // when the upstream sent something last
	allowed  time.Time                  // guarded by p.mu: when admission was confirmed last

	delivered atomic.Int64 // bytes of text that were handed over
	saved     atomic.Int64 // of them, those that the marks tell of
	opened    bool         // guarded by p.mu: its opening is durable, and its end is not
	savedAt   time.Time    // guarded by p.mu
	savedBy   string       // guarded by p.mu: the record that tells
}

// arrival is what comes from the upstream: that there is an answer, an event of it, or why there are no more.
type arrival struct {
	event shape.Event
	err   error
}

// errOpen says that the upstream answers and that events follow.
var errOpen = errors.New("the answer begins")

// errGone stands for a client that takes nothing any more.
var errGone = errors.New("gateway: the client is gone")

// stream has the model answer in pieces.
func (x *exchange) stream() error {
	if x.Endpoint == shape.Embeddings {
		return refuse(colophon.Unsupported, CodeNoStream, "endpoint", string(x.Endpoint))
	}
	s := &stream{exchange: x, in: shape.Stream(x.Endpoint), arrived: make(chan arrival), lanes: map[shape.Lane]*lane{}, notes: x.mark.Stream(),
		keep: x.Endpoint == shape.Responses || x.Endpoint == shape.Transcriptions, before: sha256.New(), after: sha256.New()}
	if to := x.endpoint(); to != x.Endpoint {
		s.turn = convert.NewStream(to, x.Endpoint)
	}
	s.up, s.stop = context.WithCancel(x.join)
	defer s.stop()
	if err := x.p.enter(s); err != nil {
		return err
	}
	defer x.p.leave(s)
	ended := make(chan struct{})
	go s.read(ended)
	defer func() { s.stop(); <-ended }()
	if err := s.begins(); err != nil {
		return err
	}
	return s.serve()
}

// serve runs the stream once its opening is durable, and ends it whatever happens.
func (s *stream) serve() (err error) {
	err = errPanic
	defer func() { err = s.end(err) }()
	return s.run()
}

// read reads the upstream.
func (s *stream) read(ended chan<- struct{}) {
	defer close(ended)
	err := s.follow()
	select {
	case s.arrived <- arrival{err: err}:
	case <-s.up.Done():
	}
}

// follow asks the model and hands on its events. An event is good until the next one was taken.
func (s *stream) follow() error {
	from := s.p.c.Now()
	resp, err := s.models.Do(s.up, s.request())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/event-stream" {
		return broken(errors.New("no stream"))
	}
	s.seen.Upstream = s.p.c.Now().Sub(from)
	events := shape.NewEvents(resp.Body, s.p.c.Limits.Event)
	a := arrival{err: errOpen}
	var buffers [2][]byte // of the event that is being worked on, and of the next
	for i := 0; ; i ^= 1 {
		select {
		case s.arrived <- a:
		case <-s.up.Done():
			return s.up.Err()
		}
		ev, err := events.Next()
		if err != nil {
			return err
		}
		buffers[i] = append(buffers[i][:0], ev.Data...)
		ev.Data = buffers[i]
		a = arrival{event: ev}
	}
}

// run takes what arrives until the answer is complete, or can't go on.
func (s *stream) run() error {
	pulse := time.NewTicker(s.p.c.Limits.Pulse)
	defer pulse.Stop()
	for {
		select {
		case a := <-s.arrived:
			if done, err := s.take(a); done || err != nil {
				return err
			}
			if len(s.out) < maxBuffered {
				continue // more may be there already, which is sent with it
			}
		default:
		}
		if err := s.flush(); err != nil {
			return err
		}
		select {
		case a := <-s.arrived:
			if done, err := s.take(a); done || err != nil {
				return err
			}
		case <-pulse.C:
			if err := s.pulse(); err != nil {
				return err
			}
		case <-s.ctx.Done():
			if err := s.stopped(); err != nil {
				return err
			}
			return errGone
		}
	}
}

// take takes what arrived. It reports whether the answer is complete.
func (s *stream) take(a arrival) (bool, error) {
	s.heard = s.p.c.Now()
	if errors.Is(a.err, io.EOF) && s.turn != nil && s.endpoint() == shape.Chat {
		a = arrival{event: shape.Event{Data: []byte("[DONE]")}} // some leave it out, and in the other dialect it says why the answer ended
	}
	switch {
	case a.err == errOpen:
		s.doc, s.Body = nil, nil // which may be long, and nobody needs any more
		return false, s.begin()
	case errors.Is(a.err, io.EOF):
		if len(s.order) == 0 || s.running() {
			return false, broken(io.ErrUnexpectedEOF)
		}
		return true, s.last() // some leave the last event out
	case a.err != nil:
		if err := s.stopped(); err != nil {
			return false, err
		}
		if s.ctx.Err() != nil {
			return false, errGone
		}
		return false, a.err
	}
	if s.size += int64(len(a.event.Data)); s.size > s.p.c.Limits.Answer {
		return false, tooMuch(s.p.c.Limits.Answer)
	}
	events := []shape.Event{a.event}
	if s.turn != nil {
		var err error
		if events, err = s.turn.Next(a.event); err != nil {
			return false, broken(err)
		}
	}
	for _, ev := range events {
		piece, err := s.in.Read(ev)
		if err != nil {
			return false, broken(err)
		}
		if piece.Failed {
			return false, broken(errors.New("the model failed"))
		}
		if err := s.pass(piece); err != nil || piece.Last {
			return piece.Last, err
		}
	}
	return false, nil
}

// begin gives the client a status, so that something can be sent.
func (s *stream) begin() error {
	if s.begun {
		return nil
	}
	header := map[string]string{"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}
	s.headers(header)
	if err := s.w.Begin(200, header); err != nil {
		return errors.Join(errGone, err)
	}
	s.begun, s.sent = true, s.p.c.Now()
	return nil
}

// write sends what was put together so far, with so many bytes of text.
func (s *stream) write() error {
	if len(s.out) == 0 {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	err := s.w.Write(s.out)
	s.sent, s.out = s.p.c.Now(), s.out[:0]
	if cap(s.out) > 16<<10 {
		s.out = nil
	}
	if s.seen.First == 0 {
		s.seen.First = s.sent.Sub(s.began)
	}
	if err != nil {
		s.unsure = s.said
		return errors.Join(errGone, err)
	}
	if s.said > 0 {
		s.p.handed(s, s.said)
		s.said = 0
	}
	return nil
}

// maxBuffered is how much is put together before it is written without waiting for a pause.
const maxBuffered = 4 << 10

// flush writes and sends.
func (s *stream) flush() error {
	if len(s.out) == 0 {
		return nil
	}
	if err := s.write(); err != nil {
		return err
	}
	if err := s.w.Flush(); err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}

// pulse looks after a stream now and then: its limits, whether it may still go on, its marks, and whether the client hears of it.
func (s *stream) pulse() error {
	now, l := s.p.c.Now(), s.p.c.Limits
	unmarked, unconfirmed := s.p.unmarked(s, now)
	switch {
	case now.Sub(s.began) > l.Time:
		return refuse(colophon.Refused, CodeLimit, "limit", l.Time.String())
	case now.Sub(s.heard) > l.Idle:
		return broken(errors.New("no event for too long"))
	case unmarked:
		return s.kept(errors.New("no marks could be kept"))
	case unconfirmed:
		return stopping{refuse(colophon.Refused, CodeUntold)}
	}
	for _, l := range s.order { // classifiers may have cleared more in the meantime
		if l.judge == nil || l.judge.Held() == 0 {
			continue
		}
		text, err := l.hear("")
		if err != nil {
			return err
		}
		if text = s.put(l, text); text != "" {
			s.send(s.in.Extra(l.name, text), int64(len(text)))
		}
	}
	if len(s.out) == 0 && now.Sub(s.sent) >= l.Heartbeat {
		s.out = append(s.out, ": hold\n\n"...)
	}
	return s.flush()
}

// stopping is an error of admission that ends what it had allowed.
type stopping struct{ error }

// Unwrap returns the error.
func (e stopping) Unwrap() error { return e.error }

// ending is how a stream ended.
func ending(err error) Outcome {
	var still stopping
	var e *colophon.Error
	switch {
	case errors.Is(err, errGone):
		return Gone
	case errors.As(err, &still):
		return Stopped
	case errors.Is(err, errPanic):
		return Faulty
	}
	switch o := outcomeOf(err); {
	case o == Refused:
		return Stopped
	case o == Malformed && errors.As(err, &e): // of what the upstream sent
		return Broke
	default:
		return o
	}
}

// tell tells the client why its answer ends here.
func (s *stream) tell(why Outcome, err error) {
	if why == Gone || !s.begun || errors.Is(err, errPanic) { // a door that panicked is not asked again
		return
	}
	if why == Faulty || codeOf(err) == CodeFailed { // what is wrong here is nobody's business, or has no words
		err = refuse(colophon.Internal, CodeFailed)
	}
	var events []shape.Event
	if message := s.p.c.Say(s.Language, err); why == Filtered {
		events = s.in.Filtered("content_filter", message)
	} else {
		events = s.in.Broken(string(codeOf(err)), message)
	}
	for _, ev := range events {
		s.send(ev, 0)
	}
	if s.flush() != nil {
		s.stop()
	}
}

// send puts an event, with so much of the staged text in it, into what is written next.
func (s *stream) send(ev shape.Event, text int64) {
	s.out = shape.AppendEvent(s.out, ev)
	s.said, s.staged = s.said+text, s.staged-text
}
