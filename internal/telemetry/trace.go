package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// startTraces makes the tracer. Without an address it records nothing.
func (t *Telemetry) startTraces(ctx context.Context) error {
	if t.config.TraceURL == "" {
		t.tracer = noop.NewTracerProvider().Tracer("")
		return nil
	}
	if err := target(t.config.TraceURL); err != nil {
		return err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(t.config.TraceURL), otlptracehttp.WithHeaders(t.config.TraceHeaders),
		otlptracehttp.WithTimeout(10*time.Second), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: 20 * time.Second,
		}))
	if err != nil {
		return setting("trace-url", err)
	}
	t.provider = sdk.NewTracerProvider(
		sdk.WithBatcher(&bounded{SpanExporter: exporter, telemetry: t}),
		sdk.WithSampler(sdk.TraceIDRatioBased(t.config.TraceShare)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "colophon"), attribute.String("service.version", t.config.Version))),
	)
	t.tracer = t.provider.Tracer("github.com/colophon-project/colophon")
	return nil
}

// extract takes the caller's trace and span numbers, and nothing else.
func extract(r *http.Request) context.Context {
	remote := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
	if !remote.IsValid() {
		return r.Context()
	}
	return trace.ContextWithRemoteSpanContext(r.Context(), remote.WithTraceState(trace.TraceState{}))
}

// Inject writes the trace of a context into the header of a request that goes out.
func Inject(ctx context.Context, header http.Header) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
}

func finish(span trace.Span, status int) {
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= 500 {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// bounded is the exporter. It cuts spans down, counts what was lost, and logs the first failure of a row and its end.
type bounded struct {
	sdk.SpanExporter
	telemetry *Telemetry
	failing   atomic.Bool
}

// ExportSpans sends spans.
func (b *bounded) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	lean := make([]sdk.ReadOnlySpan, len(spans))
	for i, s := range spans {
		lean[i] = cutDown{s}
	}
	err := b.SpanExporter.ExportSpans(ctx, lean)
	if err != nil {
		b.telemetry.metrics.lost.Inc()
	}
	if failed := err != nil; b.failing.Swap(failed) != failed {
		if failed {
			b.telemetry.log.Warn("traces can't be sent", slog.Any("error", err))
		} else {
			b.telemetry.log.Info("traces are sent again")
		}
	}
	return nil // told above; the package's own way of telling is global
}

// cutDown is a span without what others may have written into it: texts of errors, events, unknown attributes.
type cutDown struct{ sdk.ReadOnlySpan }

// Attributes are those that are never about a person.
func (c cutDown) Attributes() []attribute.KeyValue {
	var kept []attribute.KeyValue
	for _, a := range c.ReadOnlySpan.Attributes() {
		switch a.Key {
		case "http.request.method", "http.route", "http.response.status_code":
			kept = append(kept, a)
		default:
			if own, ok := strings.CutPrefix(string(a.Key), "colophon."); ok && vouched(own) {
				kept = append(kept, a)
			}
		}
	}
	return kept
}

// Events are left out: an exception's has the text of the error.
func (cutDown) Events() []sdk.Event { return nil }

// Links are left out: they have attributes of their own.
func (cutDown) Links() []sdk.Link { return nil }

// Status is without words.
func (c cutDown) Status() sdk.Status { return sdk.Status{Code: c.ReadOnlySpan.Status().Code} }
