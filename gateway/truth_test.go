package gateway_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/screen"
)

// The tests in this file hold records to what happened.

// TestClocks has another node, whose clock is far ahead, look for lost streams while one runs here.
func TestClocks(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		ahead := gateway.New(gateway.Config{Streams: b.book, Recorder: b.config.Recorder, Now: func() time.Time { return time.Now().Add(time.Hour) }})
		b.model.answer = b.talks
		ctx, leave := context.WithTimeout(b.Context(), 5*time.Minute)
		defer leave()
		go func() { _ = b.call(ctx, shape.Chat, streamed, &sink{}) }()
		for range 4 {
			<-time.After(time.Minute)
			if err := ahead.Sweep(ctx); err != nil || len(b.of(gateway.RecordLost)) != 0 || b.proxy.Open() != 1 {
				b.Fatal("a stream that runs was taken for lost", err, b.proxy.Open())
			}
		}
	})
}

// deaf is a court that fails to begin with a text.
type deaf struct {
	gateway.Court
	after int // so many
}

var errDeaf = errors.New("no judge is there")

func (d *deaf) Stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (gateway.Screened, error) {
	if d.after--; d.after < 0 {
		var none *heard
		return none, errDeaf // as an adapter may
	}
	return d.Court.Stream(ctx, role, item, mode)
}

// TestDeaf has the judge fail before a stream, and for its second text: it was never opened, or it ended.
func TestDeaf(t *testing.T) {
	t.Parallel()
	for _, after := range []int{0, 1} {
		in(t, nil, func(b *bench) {
			b.config.Court = &deaf{b.config.Court, after}
			b.proxy = gateway.New(b.config)
			b.model.answer = says(content("good ") + chunk(`{"reasoning_content":"and wise"}`) + finish + done)
			s := &sink{}
			err := b.call(b.Context(), shape.Chat, streamed, s)
			opened, ended := b.of(gateway.RecordOpened), b.of(gateway.RecordEnded)
			if len(opened) != after || len(ended) != after || len(b.rows) != 0 || (err == nil) != (after > 0) {
				b.Error(after, err, opened, ended, b.rows)
			}
			s.clean("wise", errDeaf.Error())
		})
	}
}

// TestDigest enters what left, and not what was cleared and kept back since something beside it was refused.
func TestDigest(t *testing.T) {
	t.Parallel()
	two := func(first, second, more string) string {
		return `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"theirs","choices":[{"index":0,"delta":{"content":"` + first + `"},"finish_reason":null},{"index":1,"delta":{"content":"` + second + `"}` + more + `}]}` + "\n\n"
	}
	for _, last := range []string{two("not this", bad, ""), two("not this", "gun parts", `,"finish_reason":"stop"`)} {
		in(t, nil, func(b *bench) {
			b.model.answer = says(content("only this ") + last + finish + done)
			s := b.answer(shape.Chat, strings.Replace(streamed, "{", `{"n":2,`, 1))
			s.clean("not this", bad, "gun parts")
			if e := b.ended(); e.Why != "content-filter" || e.Delivered != 10 || e.Withheld != int64(strings.Count(last, "not this")*len("not this")+strings.Count(last, bad)*len(bad)+strings.Count(last, "gun parts")*len("gun parts")) {
				b.Errorf("%+v", e)
			}
			if len(b.markings) != 1 || b.markings[0].After != artefact.Digest(sha256.Sum256([]byte("only this "))) || b.markings[0].Size != 10 {
				b.Errorf("%+v", b.markings)
			}
		})
	}
}

// TestLate has a model take longer for an answer than a call may.
func TestLate(t *testing.T) {
	t.Parallel()
	in(t, func(c *gateway.Config, _ *screen.Config) { c.Limits.Time = time.Minute }, func(b *bench) {
		b.config.Upstreams = stuck{}
		b.proxy = gateway.New(b.config)
		b.refused(shape.Chat, question, upstream.CodeTimeout)
		if b.seen[0].Outcome != gateway.Broke {
			b.Error(b.seen)
		}
	})
}

// stuck never answers.
type stuck struct{}

func (stuck) Do(ctx context.Context, _ upstream.Request) (*upstream.Response, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestFaultInStream tells nobody what is wrong on this side.
func TestFaultInStream(t *testing.T) {
	t.Parallel()
	in(t, nil, func(b *bench) {
		b.config.Say = func(_ string, err error) string {
			var e *colophon.Error
			errors.As(err, &e)
			return string(e.Code) + e.Args["place"]
		}
		b.proxy = gateway.New(b.config)
		b.model.answer = func(_ string, w io.Writer) error {
			if _, err := io.WriteString(w, content("good ")); err != nil {
				return err
			}
			<-time.After(3 * time.Second)
			return &colophon.Error{Kind: colophon.Internal, Code: "store-unavailable", Args: colophon.Args{"place": "/var/lib"}}
		}
		s := b.answer(shape.Chat, streamed)
		s.clean("/var/lib")
		if !strings.Contains(s.body.String(), string(gateway.CodeFailed)) {
			b.Error(s.body.String())
		}
	})
}
