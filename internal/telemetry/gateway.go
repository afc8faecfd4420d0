package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gateway are the metrics of calls of models.
type gateway struct {
	calls    *prometheus.CounterVec
	work     *prometheus.HistogramVec
	first    *prometheus.HistogramVec
	attempts *prometheus.CounterVec
}

func (t *Telemetry) registerGateway() {
	t.models = gateway{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "colophon_gateway_calls_total", Help: "Calls of models that are over, by how they ended."}, []string{"endpoint", "model", "outcome"}),
		work: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "colophon_gateway_work_seconds", Help: "Time that a call took here, without the waits for the model and for what had to be durable.",
			Buckets: []float64{.00001, .000025, .00005, .000075, .0001, .00015, .00025, .0005, .001, .0025, .005, .01, .05, .25, 1},
		}, []string{"endpoint", "stream"}),
		first: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "colophon_gateway_first_seconds", Help: "Time from a call until the first byte of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"endpoint", "stream"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "colophon_gateway_attempts_total", Help: "Tries to have a model answer; code is empty for good ones."}, []string{"model", "target", "code"}),
	}
	t.registry.MustRegister(t.models.calls, t.models.work, t.models.first, t.models.attempts)
	if t.config.Targets != nil {
		t.registry.MustRegister(targets{t.config.Targets})
	}
	if t.config.Streams != nil {
		t.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "colophon_gateway_streams_open", Help: "Answers that are being handed out piece by piece."},
			func() float64 { return float64(t.config.Streams()) }))
	}
}

// Call is what became of a call of a model.
type Call struct {
	Endpoint, Model, Outcome string
	Stream                   bool
	Work                     time.Duration // without the waits for the model and for what had to be durable
	First                    time.Duration // until the first byte; 0 where there was none
}

// Called takes what became of a call of a model. Names of models are those of the configuration.
func (t *Telemetry) Called(c Call) {
	stream := map[bool]string{true: "yes", false: "no"}[c.Stream]
	t.models.calls.WithLabelValues(c.Endpoint, c.Model, c.Outcome).Inc()
	t.models.work.WithLabelValues(c.Endpoint, stream).Observe(c.Work.Seconds())
	if c.First > 0 {
		t.models.first.WithLabelValues(c.Endpoint, stream).Observe(c.First.Seconds())
	}
}

// Tried takes what became of one try to have a model answer.
func (t *Telemetry) Tried(model, target, code string) {
	t.models.attempts.WithLabelValues(model, target, code).Inc()
}

// Target is how a place does at which a model is served.
type Target struct {
	Model, Name string
	Up          bool
	Running     int
}

// targets are read when they are asked for.
type targets struct{ ask func() []Target }

var (
	up      = prometheus.NewDesc("colophon_gateway_target_up", "1 where calls go to a place, 0 where it is left alone.", []string{"model", "target"}, nil)
	running = prometheus.NewDesc("colophon_gateway_target_running", "Calls that run at a place.", []string{"model", "target"}, nil)
)

// Describe names the metrics.
func (t targets) Describe(ch chan<- *prometheus.Desc) { ch <- up; ch <- running }

// Collect reads them.
func (t targets) Collect(ch chan<- prometheus.Metric) {
	for _, x := range t.ask() {
		is := 0.0
		if x.Up {
			is = 1
		}
		ch <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, is, x.Model, x.Name)
		ch <- prometheus.MustNewConstMetric(running, prometheus.GaugeValue, float64(x.Running), x.Model, x.Name)
	}
}
