package screen

import "context"

// lane is how far one classifier is with a stream. The stream's lock guards it.
type lane struct {
	c        Classifier
	run      Run
	findings []Finding
	cleared  int // bytes
}

// listen starts the lane of a classifier.
func (s *Stream) listen(c Classifier) {
	l := &lane{c: c}
	s.lanes = append(s.lanes, l)
	if run, ok := s.elsewhere(c); ok {
		l.run, l.cleared = run, s.e.config.Stream.Bytes
		return
	}
	follow := s.windows
	if _, ok := c.(StreamClassifier); ok {
		follow = s.session
	}
	if s.mode == Full {
		follow = s.whole
	}
	s.wait.Go(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !follow(l) {
			run := Run{Check: classifierPrefix + c.Name(), Outcome: NotRun, Reason: CodeCut, Covers: c.Covers()}
			if s.cut == nil {
				run.Reason = CodeCancelled
			}
			l.run = worse(l.run, run)
		}
	})
}

// until waits for a condition or for the end of the text. It is false when there is no use in going on.
func (s *Stream) until(ready func() bool) bool {
	for s.cut == nil && s.ctx.Err() == nil && !s.ended && !ready() {
		s.more.Wait()
	}
	return s.cut == nil && s.ctx.Err() == nil
}

// whole asks about the text when it is complete.
func (s *Stream) whole(l *lane) bool {
	if !s.until(func() bool { return false }) {
		return false
	}
	parts := s.clip(0, s.text.Len())
	s.hear(l, s.unlocked(func() heard { return s.ask(s.ctx, l.c, parts, false) }), 0, 0, s.text.Len())
	return true
}

// windows asks about one window after the other. Where they begin and end depends on the text alone.
func (s *Stream) windows(l *lane) bool {
	overlap := s.e.config.Stream.Overlap
	size := s.e.config.Stream.Window / overlap // in marks
	for from, end := 0, -1; ; from += size - 1 {
		complete := func() bool { return len(s.marks) > from+size }
		if !s.until(complete) {
			return false
		}
		last := !complete()
		if last && end == s.text.Len() {
			l.cleared = end // the window before was the last
			return true
		}
		start, cleared := s.marks[from], s.text.Len()
		if end = cleared; !last {
			end, cleared = s.marks[from+size], s.marks[from+size-1]
		}
		parts := s.clip(start, end)
		s.hear(l, s.unlocked(func() heard { return s.ask(s.ctx, l.c, parts, !last || from > 0) }), start, from*overlap, cleared)
		if last {
			return true
		}
	}
}

// session hands the text over as it comes, in pieces of Overlap runes or more.
func (s *Stream) session(l *lane) bool {
	run := Run{Check: classifierPrefix + l.c.Name(), Covers: l.c.Covers()}
	question := s.question(s.clip(0, 0), true)
	var open Session
	h := s.unlocked(func() (h heard) {
		open, h = s.open(s.ctx, run, l.c.(StreamClassifier), question)
		return h
	})
	for sent, last := 0, false; h.run.Outcome == Ran && !last; {
		grown := func() bool { return s.marks[len(s.marks)-1] > sent }
		if !s.until(grown) {
			s.unlocked(func() heard { return s.say(s.ctx, run, open, "", true) })
			return false
		}
		to := s.marks[len(s.marks)-1]
		if last = !grown(); last {
			to = s.text.Len()
		}
		text := s.clip(sent, to)[0].Text
		h = s.unlocked(func() heard { return s.say(s.ctx, run, open, text, last) })
		if h.run.Outcome == Ran && last && h.upto < to { // of the rest it says nothing
			h.run.Outcome, h.run.Reason = Failure, CodeAnswer
		}
		if h.run.Outcome == Ran {
			sent = to
			s.hear(l, h, 0, 0, min(h.upto, sent))
		}
	}
	if h.run.Outcome != Ran {
		s.hear(l, h, 0, 0, s.e.config.Stream.Bytes) // goes on without it, if the policy lets it
	}
	return true
}

// open begins the session of a classifier.
func (j *judging) open(ctx context.Context, run Run, c StreamClassifier, q Question) (Session, heard) {
	opened := make(chan Session, 1)
	h := j.await(ctx, run, func(ctx context.Context) (Answer, error) {
		s, err := c.Open(ctx, q)
		if err == nil {
			opened <- s
		}
		return Answer{Outcome: Ran}, err
	})
	if h.run.Outcome != Ran {
		return nil, h
	}
	return <-opened, h
}

// say hands a piece over, and closes the session after the last piece and where it can't go on.
func (j *judging) say(ctx context.Context, run Run, open Session, text string, last bool) heard {
	h := heard{run: run}
	h.run.Outcome = Ran
	if text != "" {
		h = j.await(ctx, run, func(ctx context.Context) (Answer, error) { return open.Append(ctx, text) })
	}
	if h.run.Outcome == Ran && !last {
		return h
	}
	end := j.await(context.WithoutCancel(ctx), run, open.Close)
	if h.run.Outcome == Ran {
		end.findings, end.run = append(h.findings, end.findings...), worse(h.run, end.run)
		return end
	}
	return h
}

// unlocked asks while the stream goes on.
func (s *Stream) unlocked(ask func() heard) heard {
	s.mu.Unlock()
	defer s.mu.Lock()
	return ask()
}

// hear takes an answer about the text from a place on, and considers it.
func (s *Stream) hear(l *lane, h heard, from, runes, cleared int) {
	for i := range h.findings {
		f := &h.findings[i]
		f.Start, f.End, f.RuneStart, f.RuneEnd = f.Start+int64(from), f.End+int64(from), f.RuneStart+int64(runes), f.RuneEnd+int64(runes)
	}
	l.findings, l.run = append(l.findings, h.findings...), worse(l.run, h.run)
	s.consider(h.findings, []Run{h.run})
	l.cleared = max(l.cleared, cleared)
}
