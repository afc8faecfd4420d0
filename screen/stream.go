package screen

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/policy"
)

// Codes of errors of streams, and of why one ended before its text did.
const (
	CodeStreamRefused colophon.Code = "screen-stream-refused" // the policy refuses what was found
	CodeStreamReview  colophon.Code = "screen-stream-review"  // a person has to look at it first
	CodeStreamBytes   colophon.Code = "screen-stream-bytes"   // arg "limit": the text is too long
	CodeStreamTime    colophon.Code = "screen-stream-time"    // arg "limit": it takes too long
	CodeStreamClosed  colophon.Code = "screen-stream-closed"
	CodeMode          colophon.Code = "screen-mode" // no mode has the name
)

// Mode says how much of a stream may leave before all of it was judged.
type Mode uint8

const (
	// Strict lets out what the library and all classifiers have cleared.
	Strict Mode = iota
	// Live lets out all but a keyword that may still become complete; classifiers follow, and what they find cuts the rest.
	Live
	// Full lets out nothing before the end.
	Full
)

// String returns the mode as it stands in configuration.
func (m Mode) String() string { return [...]string{"strict", "live", "full"}[m] }

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *Mode) UnmarshalText(text []byte) error {
	for v := Strict; v <= Full; v++ {
		if v.String() == string(text) {
			*m = v
			return nil
		}
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeMode}
}

// StreamLimits bound streams. A field that is 0 stands for a default.
type StreamLimits struct {
	Bytes   int           // of text; 1 MiB, which is held in memory
	Time    time.Duration // from the beginning to the end; 10 min
	Window  int           // runes that a classifier is asked about at once, in multiples of Overlap; 512
	Overlap int           // runes that two windows share, and that strict holds back from the end; 64
}

func (l StreamLimits) filled() StreamLimits {
	l.Bytes, l.Time = cmp.Or(l.Bytes, 1<<20), cmp.Or(l.Time, 10*time.Minute)
	l.Overlap = cmp.Or(l.Overlap, 64)
	l.Window = max(2, cmp.Or(l.Window, 512)/l.Overlap) * l.Overlap
	return l
}

// Streamed says what became of the text of a stream.
type Streamed struct {
	Mode          Mode          `json:"mode"`
	Released      int64         `json:"released"` // bytes
	Withheld      int64         `json:"withheld"`
	ReleasedRunes int64         `json:"released_runes"`
	WithheldRunes int64         `json:"withheld_runes"`
	Cut           colophon.Code `json:"cut,omitempty"` // why it ended before its text did
}

// Stream judges a text that comes in pieces, in whichever way it is cut. Append and Close are for one goroutine; Held may
// be called by any. Close MUST be called, also after an error, or there is no judgement of what has left.
//
// What the library finds is found as it comes, but for a rule with words that must be absent, and for an attribution that
// makes news admissible: these are known at the end alone, so that where they matter the mode should be [Full].
type Stream struct {
	*judging
	mode   Mode
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu       sync.Mutex
	more     sync.Cond // there is more text, or there will be none
	text     strings.Builder
	released int
	marks    []int // where every Overlap-th rune begins
	counted  int   // bytes of whole runes
	runes    int
	reading  *reading
	lanes    []*lane
	cut      *colophon.Error
	ended    bool
}

// Stream begins to judge a text that comes in pieces. The item has one part, whose text is empty: it names the text and who
// speaks. The record that a stream was opened is kept before anything leaves. The context is that of the whole stream;
// when it ends, classifiers are not asked any more.
func (e *Engine) Stream(ctx context.Context, item Item, mode Mode) (*Stream, error) {
	j, err := e.begin(item)
	if err != nil {
		return nil, err
	}
	if len(item.Parts) != 1 || item.Parts[0].Text != "" || item.Parts[0].Media != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeItem, Args: colophon.Args{"field": "parts"}}
	}
	clauses := []colophon.Clause{colophon.ClauseDS10}
	if _, err := e.record(RecordOpened, item.Subject, clauses, opening{j.header(), mode}, func(rec evidence.Record) error { return e.config.Journal.Opened(ctx, rec) }); err != nil {
		return nil, err
	}
	s := &Stream{judging: j, mode: mode, reading: j.reading(j.before(item.Parts[0].By)), marks: []int{0}}
	s.more.L = &s.mu
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.consider(nil, []Run{j.readRun(j.at)})
	for _, c := range e.config.Classifiers {
		s.listen(c)
	}
	context.AfterFunc(s.ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.more.Broadcast()
	})
	return s, nil
}

// Append takes the next piece of the text and returns what may leave now. An error of kind Refused says why nothing leaves
// any more. An empty piece asks what else was cleared in the meantime.
func (s *Stream) Append(text string) (released string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := s.e.config.Stream
	switch {
	case s.ended:
		return "", &colophon.Error{Kind: colophon.Conflict, Code: CodeStreamClosed}
	case s.cut != nil:
		return "", s.cut
	case s.ctx.Err() != nil:
		return "", s.ctx.Err()
	case s.text.Len()+len(text) > limits.Bytes:
		s.stop(CodeStreamBytes, colophon.Args{"limit": strconv.Itoa(limits.Bytes)}, nil)
	case s.since(s.at) > limits.Time:
		s.stop(CodeStreamTime, colophon.Args{"limit": limits.Time.String()}, nil)
	default:
		s.text.WriteString(text)
		s.reading.write(text)
		s.count()
		s.found()
		s.more.Broadcast()
	}
	if s.cut != nil {
		return "", s.cut
	}
	return s.release(s.safe()), nil
}

// Close ends the text, waits for the classifiers as long as the stream has time, decides about all of it, and returns what is left to leave, which is
// nothing unless the decision lets it pass. The judgement is kept also where the context has ended.
func (s *Stream) Close(ctx context.Context) (released string, out Judgement, err error) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return "", out, &colophon.Error{Kind: colophon.Conflict, Code: CodeStreamClosed}
	}
	s.ended = true
	s.reading.close()
	s.found()
	s.more.Broadcast()
	s.mu.Unlock()

	limit, cancelLimit := context.WithTimeout(ctx, max(s.e.config.Stream.Time-s.since(s.at), s.e.config.Deadline))
	stop := context.AfterFunc(limit, s.cancel)
	s.wait.Wait() // each question has its deadline, and there may be many
	stop()
	cancelLimit()
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[0].Text = s.piece(0, s.text.Len())
	s.read() // again, as a whole: where a rule was found depends on how the text was cut
	for _, l := range s.lanes {
		s.findings, s.runs = append(s.findings, l.findings...), append(s.runs, l.run)
	}
	told := &Streamed{Mode: s.mode}
	if s.cut != nil {
		told.Cut = s.cut.Code
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.e.config.Deadline)
	defer cancel()
	return s.settle(ctx, told)
}

// settle decides and commits, and lets the rest go where it may.
func (s *Stream) settle(ctx context.Context, told *Streamed) (string, Judgement, error) {
	out := s.decide()
	out.Stream = told
	if s.cut != nil {
		out.Action = max(out.Action, s.severity())
		if out.Verdict == colophon.Passed {
			out.Verdict = colophon.Unknown // what came after the cut was not judged
		}
	}
	rest := s.text.Len()
	if out.Action >= policy.Review {
		rest = s.released
	}
	told.Released, told.Withheld = int64(rest), int64(s.text.Len()-rest)
	told.ReleasedRunes, told.WithheldRunes = int64(utf8.RuneCountInString(s.piece(0, rest))), int64(utf8.RuneCountInString(s.piece(rest, s.text.Len())))
	if err := s.commit(ctx, &out); err != nil {
		return "", Judgement{}, err
	}
	return s.release(rest), out, nil
}

// severity is the action that the cut stands for.
func (s *Stream) severity() policy.Action {
	if s.cut.Code == CodeStreamReview {
		return policy.Review
	}
	return policy.Refuse // also where a limit was reached: the rest never came to be judged
}

// Held returns how many bytes were taken and not let out.
func (s *Stream) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Len() - s.released
}

// Text returns all that was taken, let out or not.
func (s *Stream) Text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// count counts the runes that are complete, and marks every Overlap-th.
func (s *Stream) count() {
	for text := s.text.String(); s.counted < len(text) && utf8.FullRuneInString(text[s.counted:]); {
		_, size := utf8.DecodeRuneInString(text[s.counted:])
		s.counted += size
		if s.runes++; s.runes%s.e.config.Stream.Overlap == 0 {
			s.marks = append(s.marks, s.counted)
		}
	}
}

// found takes what the library has found, and considers it.
func (s *Stream) found() {
	if list := s.reading.findings(s.parts[0].Name, s.piece(0, s.text.Len())); len(list) > 0 {
		s.consider(list, nil)
	}
}

// consider has the policy decide about what is new, and cuts the stream where it may not go on.
func (s *Stream) consider(findings []Finding, runs []Run) {
	s.parts[0].Text = s.piece(0, s.text.Len())
	findings = slices.Clone(findings)
	findings = append(findings, s.attribute(findings)...)
	d := s.pol.Decide(s.facts(findings, runs))
	switch {
	case d.Action == policy.Review:
		s.stop(CodeStreamReview, nil, findings)
	case d.Action > policy.Review || d.Action < policy.Allow:
		s.stop(CodeStreamRefused, nil, findings)
	}
}

// stop cuts the stream. What is graver takes the place of what cut it before.
func (s *Stream) stop(code colophon.Code, args colophon.Args, findings []Finding) {
	if s.cut == nil || s.cut.Code == CodeStreamReview && code != CodeStreamReview {
		s.cut = &colophon.Error{Kind: colophon.Refused, Code: code, Args: args, Clauses: clausesOf(findings)}
	}
	s.more.Broadcast()
}

// safe returns up to where text may leave now.
func (s *Stream) safe() int {
	if s.mode == Full {
		return s.released
	}
	to := min(s.counted, s.text.Len()-s.reading.held(s.mode == Strict))
	if s.mode == Strict {
		to = min(to, s.marks[max(0, len(s.marks)-2)])
		for _, l := range s.lanes {
			to = min(to, l.cleared)
		}
	}
	return max(to, s.released)
}

func (s *Stream) release(to int) string {
	text := s.piece(s.released, to)
	s.released = to
	return text
}

// piece is the text between two places.
func (s *Stream) piece(from, to int) string { return s.text.String()[from:to] }

// clip is the same as a part.
func (s *Stream) clip(from, to int) []Part {
	p := s.parts[0]
	p.Text = s.piece(from, to)
	return []Part{p}
}
