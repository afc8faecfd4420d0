package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/screen"
)

// lane is one text of a stream.
type lane struct {
	name   shape.Lane
	kind   shape.Kind
	choice int
	judge  Screened // nil once it was closed, and of a text that came at once
	json   bool     // it is JSON, which is judged with its escapes masked
	came   escape   // where what came is in one, and what was released
	went   escape
	atOnce bool            // all of it came at once
	whole  string          // which is this
	begun  bool            // something of it was released
	text   strings.Builder // what was released, where events repeat it
	told   laneEnded
}

// running reports whether a text is not complete.
func (s *stream) running() bool {
	for _, l := range s.order {
		if l.judge != nil {
			return true
		}
	}
	return false
}

// pass judges what an event brings, and puts together what may leave now.
func (s *stream) pass(piece *shape.Piece) error {
	if err := s.prepare(piece); err != nil {
		return err
	}
	texts := make([]string, len(piece.Deltas))
	for i, d := range piece.Deltas {
		l := s.lanes[d.Lane]
		if d.Whole && l.whole == d.Text {
			texts[i] = d.Text
			continue
		}
		if l.judge == nil {
			return broken(errors.New("more text behind the end of it"))
		}
		if err := s.keeps(len(d.Text)); err != nil {
			return err
		}
		s.before.Write([]byte(d.Text))
		var err error
		if texts[i], err = l.hear(d.Text); err != nil {
			s.keepBack(piece, texts)
			return err
		}
	}
	if err := s.finish(piece, texts); err != nil {
		return err
	}
	for i, d := range piece.Deltas {
		if texts[i] != d.Text {
			piece.Set(i, texts[i])
		}
	}
	for i, r := range piece.Repeats {
		l := s.lanes[r.Lane]
		if l == nil || !s.keep {
			return broken(errors.New("repeated text that was not there before"))
		}
		piece.SetRepeat(i, l.text.String())
	}
	if err := s.media(piece); err != nil || piece.Dropped() {
		return err
	}
	return s.forward(piece)
}

// forward sends an event. The first one bears the label.
func (s *stream) forward(piece *shape.Piece) error {
	first := !s.labelled && piece.Object()
	if first {
		piece.SetTop(mark.Key, s.mark.Object)
	}
	ev := piece.Event()
	if first {
		if err := s.mark.Bears(ev.Data); err != nil {
			return err
		}
		s.labelled = true
	}
	s.send(ev, s.staged)
	held := 0
	for _, l := range s.order {
		if l.judge != nil {
			held += l.judge.Held()
		}
	}
	if limit := s.p.c.Limits.Held; held > limit {
		return tooMuch(int64(limit))
	}
	return nil
}

// hear has more text judged, and returns what may leave.
func (l *lane) hear(text string) (string, error) {
	if !l.json {
		return l.judge.Append(text)
	}
	text, err := l.judge.Append(l.came.mask(text))
	return l.went.unmask(text), err
}

// keeps counts text that stays in memory until the stream ends.
func (s *stream) keeps(n int) error {
	s.text += int64(n)
	if s.p.held.Add(int64(n)) > s.p.c.Limits.Node {
		return refuse(colophon.Refused, CodeBusy)
	}
	return nil
}

// prepare opens the texts that an event begins, and has those judged that come whole, with one wait for all of their records.
func (s *stream) prepare(piece *shape.Piece) error {
	var fresh []*lane
	for _, d := range piece.Deltas {
		if s.lanes[d.Lane] == nil {
			fresh = append(fresh, s.lane(d))
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if limit := s.p.c.Limits.Lanes; len(s.lanes) > limit {
		return tooMuch(int64(limit))
	}
	join, pending := s.p.c.Journal.Gather(s.up)
	refused := s.listenAll(join, fresh)
	if err := pending.Wait(context.WithoutCancel(s.ctx)); err != nil {
		return s.kept(err)
	}
	for _, l := range fresh {
		switch {
		case !l.atOnce:
		case refused != nil:
			s.withheld += int64(len(l.whole))
		default:
			s.before.Write([]byte(l.whole))
			s.put(l, l.whole)
		}
	}
	return refused
}

// lane enters a text.
func (s *stream) lane(d shape.Delta) *lane {
	l := &lane{name: d.Lane, kind: d.Kind, choice: d.Choice, json: d.JSON, told: laneEnded{Kind: kinds[d.Kind], Choice: d.Choice}}
	s.lanes[d.Lane] = l
	if d.Whole { // names and the like, which nobody puts words around
		l.atOnce, l.whole, l.kind = true, d.Text, shape.Other
	} else {
		s.order = append(s.order, l)
	}
	return l
}

// listenAll opens texts, and judges those that are there already.
func (s *stream) listenAll(ctx context.Context, fresh []*lane) error {
	var list []screen.Part
	for _, l := range fresh {
		switch {
		case !l.atOnce:
			if err := s.listen(ctx, l); err != nil {
				return err
			}
		case l.whole != "":
			list = append(list, screen.Part{Name: named(string(l.name), len(list)), By: speaking("assistant", "", l.kind, l.choice), Text: l.whole})
		}
	}
	if len(list) == 0 {
		return nil
	}
	out, err := s.court.Judge(ctx, s.By.Role, s.item(screen.Output, list))
	if err != nil {
		return err
	}
	return verdict(out, CodeOutput, CodeReview)
}

// listen begins to judge a text. The first one of the first choice was begun with the stream.
func (s *stream) listen(ctx context.Context, l *lane) (err error) {
	if s.spare != nil && l.kind == shape.Content && l.choice == 0 {
		l.judge, s.spare = s.spare, nil
		return nil
	}
	l.judge, err = s.hear(ctx, l.kind, l.choice)
	return err
}

func (s *stream) hear(ctx context.Context, kind shape.Kind, choice int) (Screened, error) {
	part := screen.Part{Name: speaking("answer", "", kind, choice), By: speaking("assistant", "", kind, choice)}
	judge, err := s.court.Stream(ctx, s.By.Role, s.item(screen.Output, []screen.Part{part}), s.model.Mode)
	if err != nil { // what comes beside it may be a nil of some type
		return nil, err
	}
	return judge, nil
}

// put takes text that a lane releases, and returns it with what stands before the first of it.
func (s *stream) put(l *lane, text string) string {
	if text == "" {
		return ""
	}
	if l.kind == shape.Content {
		if !l.begun {
			text = s.notes.Begin(l.name, l.choice) + text
		}
		s.notes.Wrote(l.name, text)
	}
	l.begun = true
	l.told.Released += int64(len(text))
	s.after.Write([]byte(text))
	if s.keep {
		l.text.WriteString(text)
	}
	s.staged += int64(len(text))
	return text
}

// tail is what stands behind a text that ends.
func (s *stream) tail(l *lane) string {
	if l.kind != shape.Content || !l.begun {
		return ""
	}
	return s.notes.End(l.name)
}

// keepBack counts what the deltas of an event release and what does not leave, since something beside it may not.
func (s *stream) keepBack(piece *shape.Piece, texts []string) {
	for i, text := range texts {
		if !s.lanes[piece.Deltas[i].Lane].atOnce {
			s.withheld += int64(len(text))
		}
	}
}

// putAll takes what the deltas of an event release.
func (s *stream) putAll(piece *shape.Piece, texts []string) {
	for i, text := range texts {
		if l := s.lanes[piece.Deltas[i].Lane]; !l.atOnce {
			texts[i] = s.put(l, text)
		}
	}
}

// finish takes what an event releases, and ends the texts that it finishes. What was held back of them goes with the event's own
// words, or before the event. At the end of the answer it is entered.
func (s *stream) finish(piece *shape.Piece, texts []string) error {
	var done []*lane
	for _, l := range s.order {
		if l.judge != nil && (piece.Last || slices.Contains(piece.Finished, l.name)) {
			done = append(done, l)
		}
	}
	if len(done) == 0 && !piece.Last {
		s.putAll(piece, texts)
		return nil
	}
	join, pending := s.p.c.Journal.Gather(s.up)
	rests := make([]string, len(done))
	var refused error
	for i, l := range done {
		rest, err := s.close(join, l)
		if err != nil && refused == nil {
			refused = err
		}
		rests[i] = rest
	}
	if refused != nil {
		s.keepBack(piece, texts)
		s.withheld += int64(len(strings.Join(rests, "")))
	} else {
		s.putAll(piece, texts)
		for i, l := range done {
			rests[i] = s.put(l, rests[i])
			rests[i] += s.put(l, s.tail(l))
		}
		if piece.Last {
			refused = s.entry(join)
		}
	}
	if err := pending.Wait(context.WithoutCancel(s.ctx)); err != nil {
		return s.kept(err)
	}
	if refused != nil {
		return refused
	}
	for i, l := range done {
		if at := lastOf(piece.Deltas, l.name); at >= 0 {
			texts[at] += rests[i]
		} else if rests[i] != "" {
			s.send(s.in.Extra(l.name, rests[i]), int64(len(rests[i])))
		}
	}
	return nil
}

// lastOf is the last delta of a lane.
func lastOf(list []shape.Delta, name shape.Lane) int {
	at := len(list) - 1
	for at >= 0 && list[at].Lane != name {
		at--
	}
	return at
}

// last ends an answer whose upstream leaves the last event out.
func (s *stream) last() error {
	if err := s.finish(&shape.Piece{Last: true}, nil); err != nil {
		return err
	}
	return s.flush()
}

// close ends the judging of a text and returns what is left of it to leave.
func (s *stream) close(ctx context.Context, l *lane) (string, error) {
	judge := l.judge
	l.judge = nil
	rest, out, err := judge.Close(ctx)
	if err != nil {
		return "", err
	}
	if l.json {
		rest = l.went.unmask(rest)
	}
	l.told.Judgement = out.ID
	if out.Stream != nil {
		l.told.Withheld = out.Stream.Withheld
	}
	if err := verdict(out, CodeOutput, CodeReview); err != nil {
		return "", err
	}
	return rest, nil
}

// entry enters the answer as handed over, once, as far as it went.
func (s *stream) entry(ctx context.Context) error {
	if s.entered {
		return nil
	}
	s.entered = true
	size := s.delivered.Load() + s.said
	marking, err := s.notes.Marks().Marking(size, artefact.Digest(s.after.Sum(nil)))
	if err != nil {
		return err
	}
	s.join = ctx
	return s.enter(artefact.Artefact{Size: s.text, Before: artefact.Digest(s.before.Sum(nil)), Parents: s.parents}, marking, artefact.Stream)
}

// media takes the whole media of an event through the line. One that several events bring goes once.
func (s *stream) media(piece *shape.Piece) error {
	for i, m := range piece.Media() {
		of := sha256.Sum256(append([]byte(m.URL+"\x00"), m.Data...))
		made, there := s.made[of]
		if !there {
			var err error
			if made, err = s.make(m); err != nil {
				return err
			}
			if s.made == nil {
				s.made = map[[sha256.Size]byte]Made{}
			}
			s.made[of] = made
			s.parents = append(s.parents, made.Number)
		}
		if m.URL == "" || made.URL == "" || !piece.SetURL(i, made.URL) {
			facts, _ := media.Facts(made.Format)
			piece.SetInline(i, facts.MIME, made.Data)
		}
	}
	return nil
}
