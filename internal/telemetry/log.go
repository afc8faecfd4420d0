package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/colophon-project/colophon"
)

const (
	withheld = "withheld"
	filler   = "…"
	maxText  = 300     // bytes of a text in the log
	maxStack = 8 << 10 // bytes of a stack in the log
)

// quoted is text in quotes; what a quote opens and nothing closes goes with it. An apostrophe within a word opens none.
var quoted = regexp.MustCompile("\"(?:\\\\.|[^\"])*(?:\"|$)|`[^`]*(?:`|$)|“[^”]*(?:”|$)|(?:^|[\\s(\\[])'[^']*(?:'|$)")

// plainWord is a word that may stand in a log.
var plainWord = regexp.MustCompile(`^[a-z]+(?:[-'][a-z]+)*[:,.;!]?$`)

// vouched reports whether what stands under a key is never about a person.
func vouched(key string) bool {
	switch key {
	case "attempt", "bytes", "class", "code", "count", "duration", "engine", "index", "job", "kind", "leader", "listen", "method",
		"node", "origin", "panic", "period", "queue", "records", "request", "route", "sequence", "setting", "size", "span", "state",
		"status", "trace", "until", "version":
		return true
	}
	return false
}

// newLog returns a logger that writes lines of JSON.
func newLog(c Config) *slog.Logger {
	return slog.New(handler{slog.NewJSONHandler(c.Output, &slog.HandlerOptions{Level: c.Level, ReplaceAttr: replace}), c.RequestID})
}

// handler puts the request's number and trace on each line.
type handler struct {
	slog.Handler
	requestID func(context.Context) string
}

// Handle writes one line.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := h.requestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace", span.TraceID().String()), slog.String("span", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler with more attributes.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.requestID}
}

// WithGroup returns a handler with a group.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.requestID}
}

// replace decides what is written of an attribute.
func replace(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 {
		_, level := a.Value.Any().(slog.Level)
		if a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime || a.Key == slog.LevelKey && level {
			return a
		}
	}
	switch value := a.Value.Any().(type) {
	case error:
		return slog.String(a.Key, describe(value))
	case string:
		switch {
		case a.Key == "stack":
			return slog.String(a.Key, cut(value, maxStack))
		case a.Key == slog.MessageKey || a.Key == "error" || a.Key == "err":
			return slog.String(a.Key, plain(value))
		case vouched(a.Key):
			return slog.String(a.Key, cut(value, maxText))
		}
	case int64, uint64, float64, bool, time.Duration, time.Time:
		if vouched(a.Key) {
			return a
		}
	}
	return slog.String(a.Key, withheld)
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + filler
}

// describe gives of an error the codes of ours, the number that the database gave, and the plain words.
func describe(err error) string {
	var b strings.Builder
	var ours *colophon.Error
	if errors.As(err, &ours) {
		fmt.Fprintf(&b, "[%s] ", ours.Code)
	}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		fmt.Fprintf(&b, "[SQLSTATE %s] ", cut(state.SQLState(), 5))
	}
	return b.String() + plain(err.Error())
}

// plain keeps of a text the words in lower-case ASCII that stand outside quotes. What else there was, a name, a number, an
// address, a path, leaves a mark.
func plain(s string) string {
	var words []string
	for word := range strings.FieldsSeq(quoted.ReplaceAllString(cut(s, maxText), " "+filler+" ")) {
		if !plainWord.MatchString(word) {
			word = filler
		}
		if word != filler || len(words) == 0 || words[len(words)-1] != filler {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
