// Package telemetry is what the people who run the server see of it: logs, metrics and traces, and in none of them
// anything about a person.
//
// Logs are lines of JSON. An attribute is written when its key is in the table of this package; the value of any other
// is withheld, so a new key is a decision that a reviewer sees. Texts that came from elsewhere, messages and errors, pass
// a filter that leaves plain words and drops what is quoted, has digits or is not ASCII. That filter is the second net:
// the first is that nobody writes personal data into an error. A request's number and trace stand on each line that was
// written with its context.
//
// Metrics have the route's template, never the path. Their names are in docs/metrics.md, and a test compares.
//
// Traces follow W3C Trace Context and are off until there is an address to send them to. Of the caller's words only the
// trace and span numbers are taken: tracestate and baggage may hold anything, and whether a request is recorded is
// decided here. Spans are cut down to known attributes before they leave, whoever made them. The exporter has a queue;
// when the receiver is slow or gone, spans are lost and counted, and no request waits.
//
// What not to do here: no addresses, header values, query strings, bodies or account numbers, also not hashed. No global
// logger, meter or tracer. The statutory network log is not here: it is encrypted, and kept in the store.
package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/colophon-project/colophon"
)

// CodeSettingInvalid is the code of the error that keeps telemetry from starting.
const CodeSettingInvalid colophon.Code = "telemetry-setting-invalid" // arg "setting"

// Config is what Telemetry is made of.
type Config struct {
	Output  io.Writer // of the log
	Level   slog.Leveler
	Version string // of this program
	// RequestID returns the number of the request that a context belongs to, or "". nil for none.
	RequestID func(context.Context) string

	// LogLag returns how many records wait for the log, and for how long the oldest does. It is asked when metrics are
	// read, and has two seconds. nil when this node does not know.
	LogLag func(context.Context) (records int64, oldest time.Duration, err error)
	// QueueDepth returns how many jobs there are in each state, in the same manner.
	QueueDepth func(context.Context) (map[string]int64, error)
	// Targets says how the places do at which models are served, and Streams how many answers are being handed out piece by
	// piece. nil where there are none.
	Targets func() []Target
	Streams func() int

	// TraceURL is where traces go by OTLP over HTTP, for example http://127.0.0.1:4318/v1/traces. Empty for no traces.
	TraceURL string
	// TraceHeaders are sent with them, for a receiver that asks who sends.
	TraceHeaders map[string]string
	// TraceShare of the requests is recorded, above 0 and at most 1; 0 for all.
	TraceShare float64
}

// Telemetry is the logs, metrics and traces of one process.
type Telemetry struct {
	config   Config
	log      *slog.Logger
	registry *prometheus.Registry
	metrics  metrics
	models   gateway
	tracer   trace.Tracer
	provider *sdk.TracerProvider // nil without traces
}

// New starts telemetry. It reaches for nobody yet.
func New(ctx context.Context, c Config) (*Telemetry, error) {
	if c.Output == nil {
		return nil, setting("output", nil)
	}
	if c.Level == nil {
		c.Level = slog.LevelInfo
	}
	if c.RequestID == nil {
		c.RequestID = func(context.Context) string { return "" }
	}
	if c.TraceShare == 0 {
		c.TraceShare = 1
	}
	if !(c.TraceShare > 0 && c.TraceShare <= 1) || math.IsNaN(c.TraceShare) {
		return nil, setting("trace-share", nil)
	}
	t := &Telemetry{config: c, log: newLog(c), registry: prometheus.NewRegistry()}
	t.register()
	t.registerGateway()
	if err := t.startTraces(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

func setting(name string, cause error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingInvalid, Args: colophon.Args{"setting": name}, Err: cause}
}

// Log returns the logger.
func (t *Telemetry) Log() *slog.Logger { return t.log }

// Shutdown sends what is still queued, as long as the context lets it.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Wrap measures, traces and logs each request. The function gives the template of the route, or "" for none; it is asked
// before the request is handled and must not answer it.
func (t *Telemetry) Wrap(next http.Handler, route func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		template, method := route(r), methodOf(r.Method)
		if template == "" {
			template = "none"
		}
		ctx, span := t.tracer.Start(extract(r), method+" "+template, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", method), attribute.String("http.route", template),
			attribute.String("colophon.request", t.config.RequestID(r.Context()))))
		t.metrics.flying.Inc()
		started := time.Now()
		seen := &watched{ResponseWriter: w}
		whole := false
		defer func() {
			took := time.Since(started)
			// A handler that panics answers with nothing, or with a part. So it failed, whatever it said first.
			if !whole {
				seen.status = http.StatusInternalServerError
			}
			t.metrics.flying.Dec()
			t.metrics.requests.WithLabelValues(template, method, classOf(seen.code())).Inc()
			t.metrics.duration.WithLabelValues(template, method).Observe(took.Seconds())
			finish(span, seen.code())
			level := slog.LevelInfo
			if seen.code() >= 500 {
				level = slog.LevelWarn
			}
			t.log.LogAttrs(ctx, level, "request", slog.String("method", method), slog.String("route", template), slog.Int("status", seen.code()), slog.Duration("duration", took))
		}()
		next.ServeHTTP(seen, r.WithContext(ctx))
		whole = true
	})
}

// methodOf keeps the methods that there are: a metric has a series for each.
func methodOf(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}

func classOf(status int) string {
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[min(max(status/100, 1), 5)-1]
}

// watched sees the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

// code is the status as net/http sends it.
func (w *watched) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// WriteHeader notes the status; an informational one is not the answer's.
func (w *watched) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Flush is for handlers that ask for an http.Flusher.
func (w *watched) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// target checks the address that traces go to.
func target(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return setting("trace-url", errors.New("not an http or https address"))
	}
	return nil
}
