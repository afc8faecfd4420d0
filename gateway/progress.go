package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/screen"
)

// enter lets a stream begin.
func (p *Proxy) enter(s *stream) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return refuse(colophon.Refused, CodeShutdown)
	}
	p.open[s] = struct{}{}
	s.savedAt = s.began
	return nil
}

// leave forgets a stream and what it kept in memory.
func (p *Proxy) leave(s *stream) {
	p.held.Add(-s.text)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, s)
}

// Open returns how many streams are open on this node.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Drain ends all streams, each with an event that says so, and lets none begin any more. It does not wait for them.
func (p *Proxy) Drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for s := range p.open {
		s.cancel(refuse(colophon.Refused, CodeShutdown))
	}
}

// handed counts text that was handed over. Where there is much of it, marks are kept soon.
func (p *Proxy) handed(s *stream, n int64) {
	if s.delivered.Add(n)-s.saved.Load() >= p.c.Limits.Bytes {
		select {
		case p.kick <- struct{}{}:
		default:
		}
	}
}

// unmarked reports whether the marks of a stream could not be kept for too long, and unconfirmed whether nobody could tell for
// as long that it may go on.
func (p *Proxy) unmarked(s *stream, now time.Time) (unmarked, unconfirmed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Sub(s.savedAt) > p.c.Limits.Unmarked, s.adm.Still != nil && now.Sub(s.allowed) > p.c.Limits.Unmarked
}

// pause is how long Follow rests between two rounds, however much is delivered.
const pause = 250 * time.Millisecond

// Follow keeps marks of the open streams until ctx ends: one record for all of them, with each pulse and soon after much was
// delivered.
//
// Beside that it asks with each pulse whether the open streams may still go on, so that no stream waits for the answer.
func (p *Proxy) Follow(ctx context.Context) {
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() { p.ask(ctx) })
	pulse := time.NewTicker(p.c.Limits.Pulse)
	defer pulse.Stop()
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select { // a rest between two rounds
		case <-ctx.Done():
			return
		case <-rest.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-pulse.C:
		case <-p.kick:
		}
		if err := p.round(ctx); err != nil && ctx.Err() == nil {
			p.c.Report(err)
		}
		rest.Reset(pause)
	}
}

// askers is how many questions about open streams are asked at once.
const askers = 8

// ask asks with each pulse whether the open streams may still go on, and ends those that may not.
func (p *Proxy) ask(ctx context.Context) {
	pulse := time.NewTicker(p.c.Limits.Pulse)
	defer pulse.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pulse.C:
		}
		alike := p.alike()
		next := make(chan []*stream)
		var all sync.WaitGroup
		for range min(askers, len(alike)) {
			all.Go(func() {
				for some := range next {
					p.confirm(ctx, some)
				}
			})
		}
		for _, some := range alike {
			next <- some
		}
		close(next)
		all.Wait()
	}
}

// alike are the open streams about which something is to be asked. Those of one account that use one function of one model,
// and show nobody, have one answer.
func (p *Proxy) alike() map[any][]*stream {
	type question struct {
		subject         evidence.Subject
		function, model string
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make(map[any][]*stream, len(p.open))
	for s := range p.open {
		switch {
		case !s.opened || s.adm.Still == nil:
		case len(s.Consents) > 0 || s.Depicted > 0:
			list[s] = []*stream{s}
		default:
			q := question{s.adm.Subject, s.adm.Function, s.model.Name}
			list[q] = append(list[q], s)
		}
	}
	return list
}

// confirm asks about streams that have one answer. Where nobody can tell, they go on for a while.
func (p *Proxy) confirm(ctx context.Context, some []*stream) {
	now := p.c.Now()
	limit, cancel := context.WithTimeout(ctx, p.c.Limits.Unmarked)
	defer cancel()
	err := some[0].adm.Still(limit)
	var e *colophon.Error
	refused := errors.As(err, &e) && e.Kind == colophon.Refused
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range some {
		switch {
		case err == nil:
			s.allowed = now
		case refused:
			s.cancel(e)
		}
	}
}

// maxMarks is how many streams one record tells of.
const maxMarks = 4096

// round keeps marks of the streams of which more was delivered, and of those that gave no sign for a while.
func (p *Proxy) round(ctx context.Context) error {
	now := p.c.Now()
	p.mu.Lock()
	var due []*stream
	for s := range p.open {
		if s.opened && (s.delivered.Load() > s.saved.Load() || now.Sub(s.savedAt) > p.c.Limits.Unmarked/3) {
			due = append(due, s)
		}
	}
	p.mu.Unlock()
	var faults error
	for some := range slices.Chunk(due, maxMarks) {
		list := make([]Progress, len(some))
		told := progressed{Streams: make(map[artefact.Number]int64, len(some))}
		for i, s := range some {
			list[i] = Progress{s.number, s.delivered.Load()}
			told.Streams[s.number] = list[i].Delivered
		}
		id := ""
		err := p.prove(RecordProgress, evidence.System, system, told, func(rec evidence.Record) error {
			id = rec.ID
			return p.c.Streams.Progress(ctx, rec, list)
		})
		if err != nil {
			faults = errors.Join(faults, err)
			continue
		}
		p.mu.Lock()
		for i, s := range some {
			s.saved.Store(list[i].Delivered)
			s.savedAt, s.savedBy = now, id
		}
		p.mu.Unlock()
	}
	return faults
}

// sweeping is how many streams Sweep looks at.
const sweeping = 20_000

// Sweep records the streams that nobody marked for long: the node that served them died, and what the client got after the
// last mark is not known. It is called again and again: a stream is taken for lost only when it was found before.
func (p *Proxy) Sweep(ctx context.Context) error {
	now := p.c.Now()
	list, err := p.c.Streams.Overdue(ctx, now.Add(-p.c.Limits.Lost), sweeping)
	if err != nil {
		return err
	}
	for _, o := range p.still(list, now) {
		told := lost{Number: o.Number, AtLeast: o.Delivered, Marked: o.Marked.UnixMilli(), Mark: o.Mark, End: "unknown"}
		if err := p.prove(RecordLost, o.Subject, system, told, func(rec evidence.Record) error {
			_, err := p.c.Streams.Lose(ctx, rec, o)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// still returns the streams whose mark stands since an earlier look, for longer than any node lets one go on without. The times
// of marks are those of other nodes' clocks, so that alone they do not show that a stream is lost.
func (p *Proxy) still(list []Open, now time.Time) (lost []Open) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := make(map[Open]time.Time, len(list))
	for _, o := range list {
		first, before := p.overdue[o]
		if !before {
			first = now
		}
		if seen[o] = first; now.Sub(first) > p.c.Limits.Unmarked+2*p.c.Limits.Pulse {
			lost = append(lost, o)
		}
	}
	p.overdue = seen
	return lost
}

const system evidence.Role = "system"

// Payloads of the records.
type (
	opened struct {
		Number   artefact.Number `json:"number"`
		Endpoint shape.Endpoint  `json:"endpoint"`
		Model    string          `json:"model"`
		Service  string          `json:"service,omitempty"`
		Function string          `json:"function,omitempty"`
		Mode     screen.Mode     `json:"mode"`
	}
	progressed struct {
		Streams map[artefact.Number]int64 `json:"streams"` // bytes of text delivered
	}
	ended struct {
		Number    artefact.Number `json:"number"`
		Why       Outcome         `json:"why"`
		Code      colophon.Code   `json:"code,omitempty"`
		Delivered int64           `json:"delivered"`          // bytes of text that were handed over
		Unsure    int64           `json:"unsure,omitempty"`   // and of the last piece, which the client may have got in part
		Withheld  int64           `json:"withheld,omitempty"` // bytes that the model said and that did not leave
		Texts     []laneEnded     `json:"texts,omitempty"`
		Mark      string          `json:"mark,omitempty"` // the last record of its progress
	}
	laneEnded struct {
		Kind      string `json:"kind"`
		Choice    int    `json:"choice"`
		Released  int64  `json:"released"`
		Withheld  int64  `json:"withheld,omitempty"`
		Judgement string `json:"judgement,omitempty"`
	}
	lost struct {
		Number  artefact.Number `json:"number"`
		AtLeast int64           `json:"at_least"`
		Marked  int64           `json:"marked"`
		Mark    string          `json:"mark,omitempty"`
		End     string          `json:"end"`
	}
)

// kinds are the kinds of texts as they stand in records.
var kinds = [...]string{shape.Content: "content", shape.Reasoning: "reasoning", shape.Arguments: "arguments", shape.Instruction: "instruction", shape.Other: "other"}

// prove makes a record and commits it, anew where the subject's data key was erased in the meantime.
func (p *Proxy) prove(typ evidence.Type, subject evidence.Subject, role evidence.Role, payload any, commit func(evidence.Record) error) error {
	for again := false; ; again = true {
		rec, err := p.c.Recorder.New(typ, subject, role, []colophon.Clause{colophon.ClauseDS10, colophon.ClauseDS16}, payload)
		if err != nil {
			return err
		}
		if err = commit(rec); again || !errors.Is(err, ErrForgotten) {
			return err
		}
		p.c.Recorder.Forget(subject)
	}
}

// begins makes the record that the stream begins durable, with all that was gathered.
func (s *stream) begins() (err error) {
	now := s.p.c.Now()
	s.spare, err = s.hear(s.up, shape.Content, 0)
	if err == nil {
		err = s.mark.Seal()
	}
	if err == nil { // last: what is gathered is committed whatever fails, and what was opened has to end
		told := opened{s.number, s.Endpoint, s.model.Name, s.adm.Service, s.adm.Function, s.model.Mode}
		err = s.p.prove(RecordOpened, s.adm.Subject, s.By.Role, told, func(rec evidence.Record) error {
			at := time.UnixMilli(rec.At).UTC()
			return s.p.c.Streams.Open(s.join, rec, Open{Number: s.number, Subject: s.adm.Subject, Opened: at, Marked: at})
		})
	}
	if err == nil {
		err = s.wait()
	}
	if err != nil && s.spare != nil {
		s.stop()
		_, _, _ = s.spare.Close(s.ctx) // what it says is not needed: nothing was judged
	}
	s.sent, s.heard = now, now
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.opened, s.savedAt, s.allowed = err == nil, now, now
	return err
}

// end ends the stream: the client is told, what was not complete is judged as far as it went, and the record says what was
// delivered and what was not. The error is nil where the client has an answer, if a broken one.
func (s *stream) end(err error) error {
	why := Done
	if err == nil {
		err = s.flush()
	}
	if errors.Is(err, context.Canceled) { // of what was being done when the call was stopped, or its client went
		err = cmp.Or(s.stopped(), err)
	}
	if err != nil {
		why = ending(err)
		s.stop()
		s.tell(why, err)
	}
	s.seen.Outcome, s.seen.Code = why, codeOf(err)
	s.usage.Input, s.usage.Output, _ = s.in.Usage()
	if why == Filtered {
		s.usage.Blocked = 1
	}
	if fault := s.record(why, codeOf(err)); fault != nil {
		s.p.c.Report(fault)
	}
	if s.begun && !errors.Is(err, errPanic) {
		return nil
	}
	return err
}

// record commits what is left to be kept of the stream, all at once.
func (s *stream) record(why Outcome, code colophon.Code) error {
	join, pending := s.p.c.Journal.Gather(context.WithoutCancel(s.ctx))
	var faults error
	told := ended{Number: s.number, Why: why, Code: code, Unsure: s.unsure, Withheld: s.withheld + s.staged + s.said - s.unsure}
	if s.spare != nil {
		_, _, err := s.spare.Close(join)
		faults = errors.Join(faults, err)
	}
	for _, l := range s.order {
		if l.judge != nil {
			rest, err := s.close(join, l)
			l.told.Withheld += int64(len(rest))
			var e *colophon.Error
			if err != nil && (!errors.As(err, &e) || e.Kind != colophon.Refused) {
				faults = errors.Join(faults, err)
			}
		}
		told.Texts, told.Withheld = append(told.Texts, l.told), told.Withheld+l.told.Withheld
	}
	told.Delivered = s.delivered.Load()
	if told.Delivered+s.unsure > 0 {
		faults = errors.Join(faults, s.entry(join))
	}
	s.p.mu.Lock()
	told.Mark, s.opened = s.savedBy, false
	s.p.mu.Unlock()
	end := func(ctx context.Context) error {
		return s.p.prove(RecordEnded, s.adm.Subject, s.By.Role, told, func(rec evidence.Record) error { return s.p.c.Streams.End(ctx, rec, s.number) })
	}
	faults = errors.Join(faults, end(join))
	s.count(join)
	err := pending.Wait(context.WithoutCancel(s.ctx))
	if errors.Is(err, ErrForgotten) {
		s.p.c.Recorder.Forget(s.adm.Subject)
		faults, err = errors.Join(faults, err), end(context.WithoutCancel(s.ctx))
	}
	return errors.Join(faults, err)
}
