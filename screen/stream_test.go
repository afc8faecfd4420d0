package screen_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// chunks cuts a text at random places, within characters too.
func chunks(rnd *rand.Rand, s string, most int) []string {
	var list []string
	for s != "" {
		n := min(1+rnd.IntN(most), len(s))
		list, s = append(list, s[:n]), s[n:]
	}
	return list
}

func stream(t testing.TB, s *stage, mode screen.Mode) *screen.Stream {
	t.Helper()
	item := text("")
	st, err := s.Stream(t.Context(), item, mode)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// told is what came of a stream.
type told struct {
	released string
	why      error
	screen.Judgement
}

// play sends a text through a stream and closes it.
func play(t testing.TB, st *screen.Stream, pieces []string) told {
	t.Helper()
	var out told
	sent := 0
	for _, p := range pieces {
		released, err := st.Append(p)
		if err != nil {
			if released != "" {
				t.Errorf("%q leaves with an error", released)
			}
			out.why = err
			break
		}
		sent += len(p)
		out.released += released
		if held := st.Held(); held != sent-len(out.released) {
			t.Errorf("%d bytes are held, not %d", held, sent-len(out.released))
		}
	}
	rest, j, err := st.Close(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out.released, out.Judgement = out.released+rest, j
	return out
}

// judgedLike clears what differs between two judgements of one text.
func judgedLike(j screen.Judgement) screen.Judgement {
	j.ID, j.Stream = "", nil
	j.Runs = slices.Clone(j.Runs)
	for i := range j.Runs {
		j.Runs[i].Took = 0
	}
	return j
}

// mild are features whose hits do not cut a stream.
func mild() []library.Feature {
	list := features()
	for i := range list {
		list[i].Level = keyword.Note
	}
	return append(list, feature("r-not", library.Rule, "代开 & 发票 ! 税务局", "fraud", keyword.Note), feature("k-allow", library.Keyword, "冰毒原料学", "drugs", keyword.Allow))
}

// bits are what random texts are made of.
var bits = []string{"冰毒原料", "冰 毒.原 料", "bing du yuan liao", "冰毒原料学", "gun parts", "begun partsx", "银行卡", "代开", "发票", "税务局", "微信abcdef12", "微信abcde", "某某某书记", "今天", "天气", "，", "。", " ", "x", "\n", "😀", "冰", "毒", "\xff", "\xe5\x86"}

// TestStreamEqualsWhole has the same findings, facts and runs for a text as a whole and for every way to cut it, in every
// mode, and lets all of it out.
func TestStreamEqualsWhole(t *testing.T) {
	t.Parallel()
	for _, with := range []bool{false, true} {
		s := start(t, func(c *screen.Config) {
			c.Stream = screen.StreamLimits{Window: 16, Overlap: 4}
			if with {
				c.Classifiers = []screen.Classifier{classifier{"guard", finds("天气", keyword.Note)}}
			}
		}, mild()...)
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			var b strings.Builder
			for range rnd.IntN(40) {
				b.WriteString(bits[rnd.IntN(len(bits))])
			}
			content := b.String()
			want := judgedLike(judge(t, s, text(content)))
			for mode := screen.Strict; mode <= screen.Full; mode++ {
				for _, most := range []int{1, 7, 100} {
					got := play(t, stream(t, s, mode), chunks(rnd, content, most))
					if got.why != nil || got.released != content {
						t.Fatalf("%s of %q: released %q, %v", mode, content, got.released, got.why)
					}
					if d := cmp.Diff(want, judgedLike(got.Judgement)); d != "" {
						t.Fatalf("%s of %q in chunks of %d: %s", mode, content, most, d)
					}
				}
			}
		}
	}
}

// finds is a classifier that finds a word.
func finds(word string, level keyword.Level) func(context.Context, screen.Question) (screen.Answer, error) {
	return func(_ context.Context, q screen.Question) (screen.Answer, error) {
		a := screen.Answer{Outcome: screen.Ran}
		for _, p := range q.Parts {
			for at := 0; ; {
				i := strings.Index(p.Text[at:], word)
				if i < 0 {
					break
				}
				start, runes := int64(at+i), int64(utf8.RuneCountInString(p.Text[:at+i]))
				at += i + len(word)
				a.Findings = append(a.Findings, screen.Finding{Category: "gambling", Level: level, Part: p.Name, Start: start, End: int64(at), RuneStart: runes, RuneEnd: runes + int64(utf8.RuneCountInString(word))})
			}
		}
		return a, nil
	}
}

// TestStreamCut lets no part of a keyword out and nothing after it, in every mode, and says what left.
func TestStreamCut(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) { c.Stream = screen.StreamLimits{Window: 8, Overlap: 2} }, features()...)
	rnd := rand.New(rand.NewPCG(3, 4))
	before, after := strings.Repeat("今天天气很好，", 5), "再见，还有很多话要说。"
	for _, word := range []string{"冰毒原料", "冰 毒\u200b原.料", "微信abcdef12"} {
		content := before + word + after
		for mode := screen.Strict; mode <= screen.Full; mode++ {
			for _, most := range []int{1, 5, 1000} {
				st := stream(t, s, mode)
				got := play(t, st, chunks(rnd, content, most))
				wantCode(t, got.why, colophon.Refused, screen.CodeStreamRefused)
				if !strings.HasPrefix(word, "微") || mode == screen.Strict { // of a pattern some may leave live
					if !strings.HasPrefix(before, got.released) {
						t.Errorf("%s: %q left", mode, got.released)
					}
				}
				if most == 1 && mode == screen.Live && !strings.HasPrefix(got.released, before) {
					t.Errorf("live holds back more than the match: %q", got.released)
				}
				if mode == screen.Full && got.released != "" {
					t.Errorf("%q left", got.released)
				}
				told := got.Stream
				if got.Action != policy.Refuse || got.Verdict != colophon.Failed || told.Cut != screen.CodeStreamRefused || told.Released != int64(len(got.released)) ||
					told.ReleasedRunes != int64(utf8.RuneCountInString(got.released)) || told.Withheld == 0 || told.WithheldRunes == 0 || told.Mode != mode {
					t.Errorf("%s: got %s and %+v", mode, got.Action, told)
				}
				if p := s.journal.payload(); !strings.Contains(p, fmt.Sprintf(`"released":%d`, told.Released)) || !strings.Contains(p, `"cut":"screen-stream-refused"`) {
					t.Errorf("the payload says %s", p)
				}
				if released, err := st.Append("再见"); released != "" || err == nil {
					t.Errorf("%q left after the end, %v", released, err)
				}
			}
		}
	}
	if len(s.journal.opened) != 27 || s.journal.opened[0].Type != screen.RecordOpened {
		t.Errorf("%d records of opening", len(s.journal.opened))
	}
}

// TestStreamCutsLikeWhole cuts exactly the streams whose text as a whole would not pass.
func TestStreamCutsLikeWhole(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) {
		c.Stream = screen.StreamLimits{Window: 8, Overlap: 4}
		c.Classifiers = []screen.Classifier{classifier{"guard", finds("天气", keyword.Block)}}
	}, append(features(), feature("k-allow", library.Keyword, "冰毒原料学", "drugs", keyword.Allow))...)
	rnd := rand.New(rand.NewPCG(5, 6))
	cut := 0
	for range 150 {
		var b strings.Builder
		for range rnd.IntN(12) {
			b.WriteString(bits[rnd.IntN(len(bits))])
		}
		content := b.String()
		want := judge(t, s, text(content))
		for mode := screen.Strict; mode <= screen.Full; mode++ {
			for _, most := range []int{1, 9, 200} {
				got := play(t, stream(t, s, mode), chunks(rnd, content, most))
				if (got.Action >= policy.Review) != (want.Action >= policy.Review) || (got.Stream.Cut != "") != (want.Action >= policy.Review) {
					t.Fatalf("%s of %q: %s, cut %q; as a whole %s", mode, content, got.Action, got.Stream.Cut, want.Action)
				}
				if want.Action < policy.Review && got.released != content || mode != screen.Live && want.Action >= policy.Review && len(got.released) >= len(content) {
					t.Fatalf("%s of %q: %q left of what is to be %s", mode, content, got.released, want.Action)
				}
				if got.Stream.Cut != "" {
					cut++
				}
			}
		}
	}
	if cut < 300 {
		t.Errorf("only %d streams were cut", cut)
	}
}

// TestStreamReview waits for a person, and what is graver takes its place.
func TestStreamReview(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	st := stream(t, s, screen.Live)
	released, err := st.Append("今天买 gun parts，")
	wantCode(t, err, colophon.Refused, screen.CodeStreamReview)
	if released != "" {
		t.Errorf("%q left", released)
	}
	_, j, err := st.Close(t.Context())
	if err != nil || j.Action != policy.Review || j.Stream.Cut != screen.CodeStreamReview {
		t.Errorf("got %+v, %v", j, err)
	}
	st = stream(t, s, screen.Live)
	_, err = st.Append("今天买 gun parts，冰毒原料，")
	wantCode(t, err, colophon.Refused, screen.CodeStreamRefused)
	st.Close(t.Context())
}

// TestStreamAtTheEnd decides about what is known at the end alone.
func TestStreamAtTheEnd(t *testing.T) {
	t.Parallel()
	s := start(t, nil, feature("r-not", library.Rule, "代开 & 发票 ! 税务局", "fraud", keyword.Block))
	if got := play(t, stream(t, s, screen.Full), []string{"代开发票", "，好"}); got.Action != policy.Refuse || got.released != "" || got.Stream.Released != 0 {
		t.Errorf("got %+v", got)
	}
	if got := play(t, stream(t, s, screen.Full), []string{"代开发票，", "找税务局"}); got.Action != policy.Allow || got.released != "代开发票，找税务局" {
		t.Errorf("got %+v", got)
	}
}

func TestStreamLimits(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *screen.Config) { c.Stream = screen.StreamLimits{Bytes: 20, Time: time.Minute} }, features()...)
	got := play(t, stream(t, s, screen.Live), []string{"今天", "天气", "很好，非常好"})
	wantCode(t, got.why, colophon.Refused, screen.CodeStreamBytes)
	if got.Action != policy.Refuse || got.Verdict != colophon.Unknown || got.released != "今天天气" || got.Stream.Cut != screen.CodeStreamBytes {
		t.Errorf("got %+v", got)
	}
	st := stream(t, s, screen.Live)
	s.now = s.now.Add(2 * time.Minute)
	_, err := st.Append("今天")
	wantCode(t, err, colophon.Refused, screen.CodeStreamTime)
	if _, j, err := st.Close(t.Context()); err != nil || j.Action != policy.Refuse || j.Verdict != colophon.Unknown {
		t.Errorf("got %+v, %v", j, err)
	}
	_, err = st.Append("今天")
	wantCode(t, err, colophon.Conflict, screen.CodeStreamClosed)
	_, _, err = st.Close(t.Context())
	wantCode(t, err, colophon.Conflict, screen.CodeStreamClosed)

	item := text("今天")
	_, err = s.Stream(t.Context(), item, screen.Live)
	wantCode(t, err, colophon.Invalid, screen.CodeItem)
}

func TestStreamJournalDown(t *testing.T) {
	t.Parallel()
	s := start(t, nil, features()...)
	s.journal.down = true
	_, err := s.Stream(t.Context(), text(""), screen.Live)
	wantCode(t, err, colophon.Internal, screen.CodeJournal)
	s.journal.down = false
	st := stream(t, s, screen.Full)
	if _, err := st.Append("今天"); err != nil {
		t.Fatal(err)
	}
	s.journal.down = true
	released, j, err := st.Close(t.Context())
	wantCode(t, err, colophon.Internal, screen.CodeJournal)
	if released != "" || j.Action == policy.Allow {
		t.Errorf("%q left, %+v", released, j)
	}
}

// TestStreamWithoutLibrary lets nothing out that is held against nothing, unless the policy says so.
func TestStreamWithoutLibrary(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	got := play(t, stream(t, s, screen.Live), []string{"今天"})
	if got.why == nil || got.released != "" || got.Verdict != colophon.Unknown {
		t.Errorf("got %+v", got)
	}
	s.policy = open(t)
	got = play(t, stream(t, s, screen.Live), []string{"\xe4\xbb", "\x8a天"})
	if got.why != nil || got.released != "今天" || got.Verdict != colophon.Unknown || got.Action != policy.Allow {
		t.Errorf("got %+v", got)
	}
}

// gate is a classifier that answers when it is let.
type gate struct {
	asked chan screen.Question
	say   chan screen.Answer
}

func newGate() gate {
	return gate{make(chan screen.Question, 100), make(chan screen.Answer, 100)}
}

func (g gate) classify(ctx context.Context, q screen.Question) (screen.Answer, error) {
	g.asked <- q
	select {
	case a := <-g.say:
		return a, nil
	case <-ctx.Done():
		return screen.Answer{}, ctx.Err()
	}
}

var fine = screen.Answer{Outcome: screen.Ran}

func bad(level keyword.Level) screen.Answer {
	return screen.Answer{Outcome: screen.Ran, Findings: []screen.Finding{{Category: "sexual", Level: level, Part: "answer"}}}
}

// TestStrictWaits lets out what was cleared and not a rune more; live does not wait, and is cut afterwards.
func TestStrictWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		s := start(t, func(c *screen.Config) {
			c.Stream, c.Now = screen.StreamLimits{Window: 8, Overlap: 4}, time.Now
			c.Classifiers = []screen.Classifier{classifier{"guard", g.classify}}
		}, features()...)
		st := stream(t, s, screen.Strict)
		add := func(piece, want string) {
			t.Helper()
			synctest.Wait()
			got, err := st.Append(piece)
			if err != nil || got != want {
				t.Errorf("after %q %q left, want %q; %v", piece, got, want, err)
			}
		}
		add("一二三四五六七八九十", "") // the window to 八 is asked about
		add("甲乙丙丁", "")
		if q := <-g.asked; q.Parts[0].Text != "一二三四五六七八" || !q.Partial {
			t.Errorf("asked about %+v", q)
		}
		g.say <- fine
		add("", "一二三四")
		if q := <-g.asked; q.Parts[0].Text != "五六七八九十甲乙" {
			t.Errorf("asked about %+v", q)
		}
		g.say <- fine
		add("戊己", "五六七八")
		g.say <- bad(keyword.Block)
		synctest.Wait()
		_, err := st.Append("庚")
		wantCode(t, err, colophon.Refused, screen.CodeStreamRefused)
		rest, j, err := st.Close(t.Context())
		if err != nil || rest != "" || j.Action != policy.Refuse || j.Stream.Released != 24 || j.Stream.WithheldRunes != 8 {
			t.Errorf("%q left, %+v, %v", rest, j.Stream, err)
		}
		if f := j.Findings[0]; f.RuneStart != 8 || f.Start != 24 || f.Check != "classifier:guard" {
			t.Errorf("found %+v", f)
		}
		if r := run(t, j, "classifier:guard", ""); r.Outcome != screen.NotRun || r.Reason != screen.CodeCut {
			t.Errorf("a classifier that did not hear the end ran: %+v", r)
		}

		st = stream(t, s, screen.Live)
		add("一二三四五六七八九十", "一二三四五六七八九十")
		add("甲乙冰", "甲乙")
		add("山", "冰山")
		g.say <- bad(keyword.Block)
		synctest.Wait()
		_, err = st.Append("丙")
		wantCode(t, err, colophon.Refused, screen.CodeStreamRefused)
		if _, j, err := st.Close(t.Context()); err != nil || j.Stream.ReleasedRunes != 14 {
			t.Errorf("got %+v, %v", j.Stream, err)
		}
	})
}

// TestStreamDeafClassifier has a classifier that does not answer. The policy says what is done without it.
func TestStreamDeafClassifier(t *testing.T) {
	t.Parallel()
	for _, mode := range []screen.Mode{screen.Strict, screen.Live, screen.Full} {
		for _, lenient := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, func(c *screen.Config) {
					c.Now, c.Deadline = time.Now, time.Second
					c.Classifiers = []screen.Classifier{classifier{"deaf", newGate().classify}}
				}, features()...)
				if lenient {
					s.policy = open(t)
				}
				got := play(t, stream(t, s, mode), []string{"今天天气很好"})
				if r := run(t, got.Judgement, "classifier:deaf", ""); r.Outcome != screen.Failure || r.Reason != screen.CodeDeadline || got.Verdict != colophon.Unknown {
					t.Errorf("%s: %+v, %s", mode, r, got.Verdict)
				}
				switch {
				case lenient && (got.Action != policy.Allow || got.released != "今天天气很好"):
					t.Errorf("%s: %s, %q left", mode, got.Action, got.released)
				case !lenient && (got.Action != policy.Review || mode != screen.Live && got.released != ""):
					t.Errorf("%s: %s, %q left", mode, got.Action, got.released)
				}
			})
		}
	}
}

// TestSharedFindings has a classifier that gives the same answer to whoever asks.
func TestSharedFindings(t *testing.T) {
	t.Parallel()
	one := []screen.Finding{{Category: "sexual", Level: keyword.Note, Part: "answer", Start: 0, End: 3, RuneEnd: 1}}
	s := start(t, func(c *screen.Config) {
		c.Stream = screen.StreamLimits{Window: 8, Overlap: 4}
		c.Classifiers = []screen.Classifier{classifier{"guard", always(screen.Answer{Outcome: screen.Ran, Findings: one}, nil)}}
	}, features()...)
	got := play(t, stream(t, s, screen.Live), []string{strings.Repeat("天", 16)})
	var starts []int64
	for _, f := range got.Findings {
		starts = append(starts, f.Start)
	}
	if !slices.Equal(starts, []int64{0, 12, 24}) || one[0].Start != 0 || one[0].Check != "" {
		t.Errorf("found at %v, and %+v was changed", starts, one)
	}
}

// TestStreamCloseEnds has many windows and a classifier that answers none of them: the end of the stream does not wait for
// longer than a stream may take.
func TestStreamCloseEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(c *screen.Config) {
			c.Now, c.Deadline, c.Stream = time.Now, time.Second, screen.StreamLimits{Window: 8, Overlap: 4, Time: 5 * time.Second}
			c.Classifiers = []screen.Classifier{classifier{"deaf", func(ctx context.Context, _ screen.Question) (screen.Answer, error) {
				<-ctx.Done()
				return screen.Answer{}, ctx.Err()
			}}}
		}, features()...)
		s.policy = open(t)
		began := time.Now()
		got := play(t, stream(t, s, screen.Live), []string{strings.Repeat("今天天气很好", 100)})
		if r := run(t, got.Judgement, "classifier:deaf", ""); r.Outcome == screen.Ran || got.Verdict != colophon.Unknown {
			t.Errorf("%+v, %s", r, got.Verdict)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestStreamLeft ends with the context of whoever listened, and is judged all the same.
func TestStreamLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, func(c *screen.Config) {
			c.Now = time.Now
			c.Classifiers = []screen.Classifier{classifier{"guard", newGate().classify}}
		}, features()...)
		ctx, cancel := context.WithCancel(t.Context())
		st, err := s.Stream(ctx, text(""), screen.Live)
		if err != nil {
			t.Fatal(err)
		}
		if released, err := st.Append("今天"); released != "今天" || err != nil {
			t.Errorf("%q left, %v", released, err)
		}
		cancel()
		if _, err := st.Append("明天"); err == nil {
			t.Error("it goes on")
		}
		_, j, err := st.Close(ctx)
		if err != nil || j.Verdict != colophon.Unknown || len(s.journal.judged) != 1 {
			t.Errorf("got %+v, %v", j, err)
		}
		if r := run(t, j, "classifier:guard", ""); r.Outcome != screen.NotRun || r.Reason != screen.CodeCancelled {
			t.Errorf("got %+v", r)
		}
	})
}

// session is a classifier that reads along. It clears all but the last two characters that it was told, and finds 坏.
type session struct {
	classifier
	fails int // the piece that fails, from 1
	mu    *sync.Mutex
	text  *strings.Builder
	ends  *int
	count int
	short int64 // how much less than all the last answer holds for
}

func newSession(fails int) *session {
	return &session{classifier{name: "along"}, fails, &sync.Mutex{}, &strings.Builder{}, new(int), 0, 0}
}

func (s *session) Open(context.Context, screen.Question) (screen.Session, error) {
	if s.fails == 0 {
		return nil, errDown
	}
	return s, nil
}

func (s *session) Append(_ context.Context, piece string) (screen.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count++; s.count == s.fails {
		return screen.Answer{}, errDown
	}
	from := s.text.Len()
	s.text.WriteString(piece)
	a := screen.Answer{Outcome: screen.Ran, Upto: int64(max(0, s.text.Len()-6))}
	if at := strings.Index(piece, "坏"); at >= 0 {
		a.Findings = []screen.Finding{{Category: "sexual", Level: keyword.Block, Part: "answer", Start: int64(from + at), End: int64(from + at + 3)}}
	}
	return a, nil
}

func (s *session) Close(context.Context) (screen.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.ends++
	return screen.Answer{Outcome: screen.Ran, Upto: int64(s.text.Len()) - s.short}, nil
}

func TestSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var along *session
		var s *stage
		begin := func(fails int) *screen.Stream {
			along = newSession(fails)
			s = start(t, func(c *screen.Config) {
				c.Stream, c.Now, c.Classifiers = screen.StreamLimits{Overlap: 4}, time.Now, []screen.Classifier{along}
			}, features()...)
			return stream(t, s, screen.Strict)
		}
		add := func(st *screen.Stream, piece, want string) {
			t.Helper()
			got, err := st.Append(piece)
			if err != nil || got != want {
				t.Errorf("after %q %q left, want %q; %v", piece, got, want, err)
			}
			synctest.Wait()
		}
		st := begin(-1)
		add(st, "一二三四五六七八九", "")
		add(st, "十", "一二三四") // the end is held back, whatever was cleared
		add(st, "甲乙丙", "五六") // 八 was told, 六 is cleared
		rest, j, err := st.Close(t.Context())
		if err != nil || rest != "七八九十甲乙丙" || j.Verdict != colophon.Passed || *along.ends != 1 || along.text.String() != "一二三四五六七八九十甲乙丙" {
			t.Errorf("%q left, %s, %v; closed %d times after %q", rest, j.Verdict, err, *along.ends, along.text)
		}

		st = begin(-1)
		add(st, "一二三坏五", "")
		_, err = st.Append("六")
		wantCode(t, err, colophon.Refused, screen.CodeStreamRefused)
		if _, j, err := st.Close(t.Context()); err != nil || j.Findings[0].Start != 9 || *along.ends != 1 {
			t.Errorf("got %+v, %v; closed %d times", j, err, *along.ends)
		}

		st = begin(-1)
		along.short = 3
		got := play(t, st, []string{"一二三四五"})
		if r := run(t, got.Judgement, "classifier:along", ""); r.Outcome != screen.Failure || r.Reason != screen.CodeAnswer || got.Verdict != colophon.Unknown {
			t.Errorf("the end was not judged: %+v, %s", r, got.Verdict)
		}

		for fails, ends := range map[int]int{0: 0, 1: 1, 2: 1} {
			st = begin(fails)
			got := play(t, st, []string{"一二三四", "五六七八", "九"})
			if r := run(t, got.Judgement, "classifier:along", ""); r.Outcome != screen.Failure || got.Action != policy.Review || got.released != "" || *along.ends != ends {
				t.Errorf("%d: %+v, %s, %q left; closed %d times", fails, r, got.Action, got.released, *along.ends)
			}
		}
	})
}

// FuzzStream holds a text in pieces against the text as a whole.
func FuzzStream(f *testing.F) {
	for i, b := range bits {
		f.Add(b+"今天"+bits[(i+3)%len(bits)], uint64(i))
	}
	f.Add(strings.Join(bits, ""), uint64(9))
	s := start(f, func(c *screen.Config) { c.Stream = screen.StreamLimits{Window: 8, Overlap: 2} }, mild()...)
	f.Fuzz(func(t *testing.T, content string, seed uint64) {
		if len(content) > 4096 {
			content = content[:4096]
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		want := judgedLike(judge(t, s, text(content)))
		for mode := screen.Strict; mode <= screen.Full; mode++ {
			got := play(t, stream(t, s, mode), chunks(rnd, content, 1+rnd.IntN(40)))
			if d := cmp.Diff(want, judgedLike(got.Judgement)); d != "" || got.released != content {
				t.Errorf("%s: %q left; %s", mode, got.released, d)
			}
		}
	})
}
