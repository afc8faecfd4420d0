package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// askTime is how long the sources of a reading have.
const askTime = 2 * time.Second

// metrics are those that events move.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	flying   prometheus.Gauge
	commits  prometheus.Histogram
	lost     prometheus.Counter
	admitted *prometheus.HistogramVec
	probes   *prometheus.CounterVec
	refuted  *prometheus.CounterVec
}

// register makes the metrics. Their names and what they mean are in docs/metrics.md.
func (t *Telemetry) register() {
	t.metrics = metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "colophon_http_requests_total", Help: "Requests that were answered."}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "colophon_http_request_duration_seconds", Help: "Time from the end of a request's header to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"route", "method"}),
		flying: prometheus.NewGauge(prometheus.GaugeOpts{Name: "colophon_http_requests_in_flight", Help: "Requests that are being answered."}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "colophon_store_commit_duration_seconds", Help: "Time that a change took from being handed to the store to being durable.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
		admitted: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "colophon_admission_duration_seconds", Help: "Time that a decision about an account took, without its record; verdict is failed for a refusal.",
			Buckets: []float64{.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .1, .5, 1},
		}, []string{"act", "verdict"}),
		probes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "colophon_probes_total", Help: "Attempts of the server at what must be refused; passed where it was."}, []string{"probe", "verdict"}),
		refuted: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "colophon_refuted_looks_total", Help: "Looks whether content was refuted, by what they came to."}, []string{"where", "outcome"}),
		lost:    prometheus.NewCounter(prometheus.CounterOpts{Name: "colophon_trace_export_failures_total", Help: "Batches of spans that the receiver did not take."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "colophon_build_info", Help: "Always 1; the version is in the label.", ConstLabels: prometheus.Labels{"version": t.config.Version}})
	build.Set(1)
	t.registry.MustRegister(t.metrics.requests, t.metrics.duration, t.metrics.flying, t.metrics.commits, t.metrics.lost, t.metrics.admitted, t.metrics.probes, t.metrics.refuted, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if t.config.LogLag != nil {
		t.registry.MustRegister(asked{t.readLag, []*prometheus.Desc{waiting, oldest}})
	}
	if t.config.QueueDepth != nil {
		t.registry.MustRegister(asked{t.readQueue, []*prometheus.Desc{jobs}})
	}
}

// The metrics that are asked for when they are read.
var (
	waiting = prometheus.NewDesc("colophon_log_waiting_records", "Committed records that the log does not hold yet.", nil, nil)
	oldest  = prometheus.NewDesc("colophon_log_lag_seconds", "Age of the oldest record that the log does not hold yet; 0 without one.", nil, nil)
	jobs    = prometheus.NewDesc("colophon_jobs", "Jobs, by state.", []string{"state"}, nil)
)

// asked is a collector whose values are asked for. A source that does not know makes the reading say so: a value from
// before would look as if all were well.
type asked struct {
	read  func(context.Context, chan<- prometheus.Metric) error
	descs []*prometheus.Desc
}

// Describe names the metrics.
func (a asked) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range a.descs {
		ch <- d
	}
}

// Collect reads them.
func (a asked) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if err := a.read(ctx, ch); err != nil {
		for _, d := range a.descs {
			ch <- prometheus.NewInvalidMetric(d, err)
		}
	}
}

func (t *Telemetry) readLag(ctx context.Context, ch chan<- prometheus.Metric) error {
	records, age, err := t.config.LogLag(ctx)
	if err != nil {
		return err
	}
	ch <- prometheus.MustNewConstMetric(waiting, prometheus.GaugeValue, float64(records))
	ch <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, age.Seconds())
	return nil
}

func (t *Telemetry) readQueue(ctx context.Context, ch chan<- prometheus.Metric) error {
	states, err := t.config.QueueDepth(ctx)
	if err != nil {
		return err
	}
	for state, n := range states {
		ch <- prometheus.MustNewConstMetric(jobs, prometheus.GaugeValue, float64(n), state)
	}
	return nil
}

// Committed takes the time that one change took in the store.
func (t *Telemetry) Committed(took time.Duration) { t.metrics.commits.Observe(took.Seconds()) }

// Admitted takes what a decision about an account was, and the time that it took.
func (t *Telemetry) Admitted(act, verdict string, took time.Duration) {
	t.metrics.admitted.WithLabelValues(act, verdict).Observe(took.Seconds())
}

// Probed takes what came of an attempt at what must be refused.
func (t *Telemetry) Probed(probe, verdict string) {
	t.metrics.probes.WithLabelValues(probe, verdict).Inc()
}

// Handler answers with all metrics in the text format. What a source could not tell is left out, logged and counted.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: fault{t.log}, Registry: t.registry, MaxRequestsInFlight: 4, Timeout: 2 * askTime,
	})
}

// fault logs what went wrong in a reading.
type fault struct{ log *slog.Logger }

// Println logs it. The text may be that of a database, so it goes the way of errors.
func (f fault) Println(v ...any) {
	for _, part := range v {
		if err, ok := part.(error); ok {
			f.log.Warn("a metric could not be read", slog.Any("error", err))
		}
	}
}
