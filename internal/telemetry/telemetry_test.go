package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/telemetry"
)

// receiver takes traces by OTLP over HTTP.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	raw   bytes.Buffer
	spans []*v1.Span
	key   string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		var got collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(b, &got)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", req.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(b)
		r.key = req.Header.Get("X-Key")
		for _, resource := range got.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

type idKey struct{}

func start(t *testing.T, c telemetry.Config) (*telemetry.Telemetry, *buffer) {
	t.Helper()
	out := &buffer{}
	c.Output, c.Version = out, "1.2.3"
	c.RequestID = func(ctx context.Context) string {
		id, _ := ctx.Value(idKey{}).(string)
		return id
	}
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return tel, out
}

func ask(t *testing.T, h http.Handler, method, url string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), idKey{}, "request-0001"), method, url, body)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	w := ask(t, tel.Handler(), "GET", "/metrics", nil)
	if w.Code != 200 {
		t.Fatalf("metrics: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func route(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/v1/accounts/") {
		return "/v1/accounts/{id}"
	}
	return ""
}

// markers are what a person could be known by.
var markers = []string{"某某", "13800138000", "some.name@example.cn", "SomeName", "110101199003078888", "203.0.113.77"}

// TestNothingPersonal sends every marker by every way, to a handler that passes them on wherever it can.
func TestNothingPersonal(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	tel, out := start(t, telemetry.Config{TraceURL: to.URL + "/v1/traces", Level: slog.LevelDebug})
	handler := tel.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, log := r.Context(), tel.Log()
		body, _ := io.ReadAll(r.Body)
		query := r.URL.Query().Get("q")
		number, _ := strconv.ParseInt(query, 10, 64)
		_, numErr := strconv.Atoi(query)
		for _, secret := range []string{query, r.Header.Get("X-Name"), string(body), strings.TrimPrefix(r.URL.Path, "/v1/accounts/")} {
			log.InfoContext(ctx, "account "+secret+" asked", "account", secret, "user", number, "header", r.Header, "url", r.URL, "body", body, "when", time.UnixMilli(number))
			log.With("who", secret).WithGroup("deep").ErrorContext(ctx, secret, "error", fmt.Errorf("adding %q: %w", secret, errors.New(secret)), slog.Group("request", "name", secret))
			log.ErrorContext(ctx, "decoding", "err", numErr, "error", &colophon.Error{Code: "grant-missing", Args: colophon.Args{"name": secret}, Err: errors.New("no grant of " + secret)})
			log.ErrorContext(ctx, "opening", "error", &fs.PathError{Op: "open", Path: "/data/" + secret, Err: fs.ErrNotExist}, "any", struct{ Name string }{secret}, "lazy", lazy(secret))
			_, child := trace.SpanFromContext(ctx).TracerProvider().Tracer("other").Start(ctx, "child")
			child.SetAttributes(attribute.String("enduser.id", secret), attribute.String("url.query", secret), attribute.String("colophon.account", secret))
			child.RecordError(errors.New(secret))
			child.AddEvent(secret)
			child.AddLink(trace.Link{SpanContext: trace.SpanContextFromContext(ctx), Attributes: []attribute.KeyValue{attribute.String("x", secret)}})
			child.SetStatus(codes.Error, secret)
			child.End()
		}
		w.WriteHeader(http.StatusTeapot)
	}), route)
	for _, m := range markers {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), idKey{}, "request-0001"), "POST", "/v1/accounts/x", strings.NewReader(m))
		r.URL.Path, r.URL.RawQuery, r.RemoteAddr = "/v1/accounts/"+m, "q="+m, "203.0.113.77:1"
		r.Header = http.Header{
			"X-Name": {m}, "Authorization": {"Bearer " + m}, "User-Agent": {m}, "Cookie": {"a=" + m}, "Baggage": {"name=SomeName"}, "Referer": {"https://a.example/?" + m},
			"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, "Tracestate": {"vendor=SomeName"},
		}
		r.Method = "POST"
		handler.ServeHTTP(httptest.NewRecorder(), r)
		r.Method = "SomeName"
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	logs, figures := out.String(), scrape(t, tel)
	to.mu.Lock()
	defer to.mu.Unlock()
	if len(to.spans) != len(markers)*2*5 || !strings.Contains(logs, "grant-missing") || !strings.Contains(figures, `route="/v1/accounts/{id}",status="4xx"`) {
		t.Fatalf("%d spans, or logs or metrics are missing:\n%s", len(to.spans), logs)
	}
	for _, m := range append(markers, "Marker", "138001", "110101", "example.cn", "203.0.113") {
		for where, text := range map[string]string{"logs": logs, "metrics": figures, "spans": to.raw.String()} {
			if i := strings.Index(text, m); i >= 0 {
				t.Errorf("%s is in the %s: …%s…", m, where, text[max(0, i-150):min(len(text), i+50)])
			}
		}
	}
}

// lazy makes its value when it is logged.
type lazy string

func (l lazy) LogValue() slog.Value { return slog.StringValue(string(l)) }

func TestLogLines(t *testing.T) {
	t.Parallel()
	tel, out := start(t, telemetry.Config{})
	ctx := context.WithValue(t.Context(), idKey{}, "request-0001")
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	tel.Log().DebugContext(ctx, "not at this level")
	tel.Log().WarnContext(ctx, "a message, isn't it", "status", 404, "duration", time.Second, "kind", "mark-video", "account", "a-1", "level", "x",
		"error", fmt.Errorf("storing the record: %w", &colophon.Error{Kind: colophon.Refused, Code: "disk-full", Err: sqlError{}}))
	got := regexp.MustCompile(`"time":"[^"]+"`).ReplaceAllString(out.String(), `"time":"T"`)
	want := `{"time":"T","level":"WARN","msg":"a message, isn't it","status":404,"duration":1000000000,"kind":"mark-video","account":"withheld","level":"withheld",` +
		`"error":"[disk-full] [SQLSTATE 53100] storing the record: disk-full: could not extend file … no space","request":"request-0001",` +
		`"trace":"01000000000000000000000000000000","span":"0200000000000000"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type sqlError struct{}

func (sqlError) Error() string    { return `could not extend file "base/16384": no space` }
func (sqlError) SQLState() string { return "53100" }

func FuzzLog(f *testing.F) {
	for _, seed := range []string{"", "plain words", `a "quoted`, "don't", "某某", "\xff\"", "`", "('x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var out bytes.Buffer
		tel, err := telemetry.New(t.Context(), telemetry.Config{Output: &out})
		if err != nil {
			t.Fatal(err)
		}
		tel.Log().Info("x", "error", errors.New(s), "other", s)
		line := regexp.MustCompile(`"error":"([a-z…:,.;! '-]*)","other":"withheld"}\n$`)
		if !line.Match(out.Bytes()) {
			t.Errorf("%q gives %s", s, out.Bytes())
		}
		tel.Log().Info("x", "error", errors.New(`"`+strings.ReplaceAll(s, `"`, "")+`zebra`))
		if strings.Contains(out.String()[strings.Index(out.String(), "\n"):], "zebra") {
			t.Errorf("%q: what stands in quotes is shown: %s", s, out.Bytes())
		}
	})
}

func TestSpans(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	tel, out := start(t, telemetry.Config{TraceURL: to.URL + "/v1/traces", TraceHeaders: map[string]string{"X-Key": "k"}})
	inner := make(chan http.Header, 2)
	h := tel.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := http.Header{}
		telemetry.Inject(r.Context(), sent)
		inner <- sent
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusBadGateway)
	}), route)
	ask(t, h, "GET", "/v1/accounts/a", nil, "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "Tracestate", "a=b")
	ask(t, h, "GET", "/elsewhere", nil, "Traceparent", "00-rubbish-01")
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	if len(to.spans) != 2 || to.key != "k" {
		t.Fatalf("%d spans, key %q", len(to.spans), to.key)
	}
	first, second := to.spans[0], to.spans[1]
	const caller = "0af7651916cd43dd8448eb211c80319c"
	if first.Name != "GET /v1/accounts/{id}" || fmt.Sprintf("%x", first.TraceId) != caller || fmt.Sprintf("%x", first.ParentSpanId) != "b7ad6b7169203331" || first.TraceState != "" || first.Status.Code != v1.Status_STATUS_CODE_ERROR {
		t.Errorf("first span: %v", first)
	}
	attributes := map[string]string{}
	for _, a := range first.Attributes {
		attributes[a.Key] = a.Value.GetStringValue() + strings.TrimPrefix(strconv.FormatInt(a.Value.GetIntValue(), 10), "0")
	}
	if diff := cmp.Diff(map[string]string{"http.request.method": "GET", "http.route": "/v1/accounts/{id}", "http.response.status_code": "502", "colophon.request": "request-0001"}, attributes); diff != "" {
		t.Error(diff)
	}
	if second.Name != "GET none" || len(second.ParentSpanId) != 0 || fmt.Sprintf("%x", second.TraceId) == caller {
		t.Errorf("second span: %v", second)
	}
	sent := <-inner
	if want := fmt.Sprintf("00-%s-%x-01", caller, first.SpanId); sent.Get("Traceparent") != want || sent.Get("Tracestate") != "" {
		t.Errorf("handed on: %v, want %s", sent, want)
	}
	if !strings.Contains(out.String(), `"trace":"`+caller+`"`) {
		t.Errorf("log: %s", out)
	}
}

func TestNoTraces(t *testing.T) {
	t.Parallel()
	tel, out := start(t, telemetry.Config{})
	sent := http.Header{}
	h := tel.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { telemetry.Inject(r.Context(), sent) }), route)
	ask(t, h, "GET", "/", nil, "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if !strings.HasPrefix(sent.Get("Traceparent"), "00-0af7651916cd43dd8448eb211c80319c-") || !strings.Contains(out.String(), "0af7651916cd43dd8448eb211c80319c") {
		t.Errorf("the caller's trace is lost: %v %s", sent, out)
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestReceiverGone: neither a receiver that hangs nor one that refuses holds up a request.
func TestReceiverGone(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer hanging.Close()
	defer close(release)
	tel, _ := start(t, telemetry.Config{TraceURL: hanging.URL + "/v1/traces", Level: slog.LevelError})
	h := tel.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), route)
	many := func() {
		for range 4000 { // twice the queue
			ask(t, h, "GET", "/", nil)
		}
	}
	many()
	<-arrived
	began := time.Now()
	many()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("4000 requests took %s while the receiver hung", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tel.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}

	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	tel, out := start(t, telemetry.Config{TraceURL: refusing.URL + "/v1/traces"})
	ask(t, tel.Wrap(http.NotFoundHandler(), route), "GET", "/", nil)
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(scrape(t, tel), "\ncolophon_trace_export_failures_total 1\n") || !strings.Contains(out.String(), "traces can't be sent") {
		t.Errorf("the loss is not told: %s", out)
	}
}

func full(t *testing.T) *telemetry.Telemetry {
	tel, _ := start(t, telemetry.Config{
		LogLag: func(context.Context) (int64, time.Duration, error) { return 7, 1500 * time.Millisecond, nil },
		QueueDepth: func(context.Context) (map[string]int64, error) {
			return map[string]int64{"available": 3, "running": 1}, nil
		},
		Targets: func() []telemetry.Target {
			return []telemetry.Target{{Model: "m", Name: "a", Up: true, Running: 2}, {Model: "m", Name: "b"}}
		},
		Streams: func() int { return 5 },
	})
	ask(t, tel.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) }), route), "POST", "/v1/accounts/a", nil)
	tel.Committed(3 * time.Millisecond)
	tel.Admitted("publish", "failed", 30*time.Microsecond)
	tel.Probed("unverified-publish", "passed")
	tel.Refuted("intake", telemetry.RefutedAlike)
	tel.Called(telemetry.Call{Endpoint: "chat", Model: "m", Outcome: "done", Stream: true, Work: 60 * time.Microsecond, First: 3 * time.Millisecond})
	tel.Tried("m", "a", "")
	scrape(t, tel)
	return tel
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	text := scrape(t, full(t))
	for _, line := range []string{
		`colophon_http_requests_total{method="POST",route="/v1/accounts/{id}",status="2xx"} 1`,
		`colophon_gateway_calls_total{endpoint="chat",model="m",outcome="done"} 1`,
		`colophon_gateway_work_seconds_bucket{endpoint="chat",stream="yes",le="5e-05"} 0`,
		`colophon_gateway_work_seconds_bucket{endpoint="chat",stream="yes",le="7.5e-05"} 1`,
		`colophon_gateway_first_seconds_count{endpoint="chat",stream="yes"} 1`,
		`colophon_gateway_streams_open 5`,
		`colophon_gateway_target_up{model="m",target="b"} 0`,
		`colophon_gateway_target_running{model="m",target="a"} 2`,
		`colophon_gateway_attempts_total{code="",model="m",target="a"} 1`,
		`colophon_http_request_duration_seconds_count{method="POST",route="/v1/accounts/{id}"} 1`,
		`colophon_http_requests_in_flight 0`,
		`colophon_log_waiting_records 7`,
		`colophon_log_lag_seconds 1.5`,
		`colophon_jobs{state="available"} 3`,
		`colophon_store_commit_duration_seconds_bucket{le="0.005"} 1`,
		`colophon_store_commit_duration_seconds_bucket{le="0.0025"} 0`,
		`colophon_admission_duration_seconds_bucket{act="publish",verdict="failed",le="5e-05"} 1`,
		`colophon_probes_total{probe="unverified-publish",verdict="passed"} 1`,
		`colophon_refuted_looks_total{outcome="alike",where="intake"} 1`,
		`colophon_build_info{version="1.2.3"} 1`,
		`promhttp_metric_handler_errors_total{cause="gathering"} 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "colophon_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestMetricsDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([a-z]+) \\|").FindAllSubmatch(document, -1) {
		written = append(written, string(m[1])+" "+string(m[2]))
	}
	var registered []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\w+ \w+)$`).FindAllStringSubmatch(scrape(t, full(t)), -1) {
		if !strings.HasPrefix(m[1], "go_") && !strings.HasPrefix(m[1], "process_") {
			registered = append(registered, m[1])
		}
	}
	slices.Sort(written)
	slices.Sort(registered)
	if diff := cmp.Diff(written, registered); diff != "" {
		t.Errorf("docs/metrics.md (-) and what is registered (+) differ:\n%s", diff)
	}
}

// TestSourceUnknown: a source that can't tell leaves its value out, says so, and spoils no other.
func TestSourceUnknown(t *testing.T) {
	t.Parallel()
	tel, out := start(t, telemetry.Config{
		LogLag: func(ctx context.Context) (int64, time.Duration, error) {
			<-ctx.Done()
			return 0, 0, ctx.Err()
		},
		QueueDepth: func(context.Context) (map[string]int64, error) { return map[string]int64{"available": 3}, nil },
	})
	scrape(t, tel)
	text := scrape(t, tel)
	if strings.Contains(text, "colophon_log_lag_seconds") || strings.Contains(text, "colophon_log_waiting_records") {
		t.Error("an unknown value is shown")
	}
	if !strings.Contains(text, `colophon_jobs{state="available"} 3`) || strings.Contains(text, `errors_total{cause="gathering"} 0`) || !strings.Contains(out.String(), "a metric could not be read") {
		t.Errorf("log: %s", out)
	}
}

// TestAbortedHandlers: one that panics counts as failed, and is not counted as running for ever.
func TestAbortedHandlers(t *testing.T) {
	t.Parallel()
	tel, _ := start(t, telemetry.Config{})
	h := tel.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		panic(http.ErrAbortHandler)
	}), route)
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the panic was swallowed")
			}
		}()
		ask(t, h, "GET", "/", nil)
	}()
	text := scrape(t, tel)
	if !strings.Contains(text, `colophon_http_requests_total{method="GET",route="none",status="5xx"} 1`) || !strings.Contains(text, "\ncolophon_http_requests_in_flight 0\n") {
		t.Error(text)
	}
}

// TestStreams: what handlers do to the writer beneath still reaches it.
func TestStreams(t *testing.T) {
	t.Parallel()
	tel, _ := start(t, telemetry.Config{})
	server := httptest.NewServer(tel.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "x")
	}), route))
	defer server.Close()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); string(text) != "x" || err != nil || resp.ContentLength != -1 {
		t.Errorf("%q, %v, length %d", text, err, resp.ContentLength)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]telemetry.Config{
		"no output":   {},
		"no scheme":   {Output: io.Discard, TraceURL: "127.0.0.1:4318"},
		"other":       {Output: io.Discard, TraceURL: "ftp://a.example"},
		"a name":      {Output: io.Discard, TraceURL: "https://me:secret@a.example/"},
		"share":       {Output: io.Discard, TraceShare: 2},
		"share below": {Output: io.Discard, TraceShare: -0.1},
	} {
		_, err := telemetry.New(t.Context(), c)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != telemetry.CodeSettingInvalid || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
