package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"patchbay/engine"
	"patchbay/engine/inbound"
	"patchbay/engine/zeebe"
)

// metrics are what /metrics tells. Names begin with patchbay_.
type metrics struct {
	registry  *registeredMetrics
	activated *prometheus.CounterVec
	finished  *prometheus.CounterVec
	retried   *prometheus.CounterVec
	calls     *prometheus.HistogramVec
	actions   *prometheus.CounterVec
	events    *prometheus.HistogramVec
	webhooks  *prometheus.CounterVec
	letters   *prometheus.CounterVec
}

// callBuckets are seconds, from a call on this machine to one that waits.
var callBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func newMetrics() *metrics {
	m := &metrics{
		registry: &registeredMetrics{Registry: prometheus.NewRegistry()},
		activated: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_jobs_activated_total", Help: "Jobs that arrived, by job type."}, []string{"type"}),
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_jobs_finished_total", Help: "Jobs by type and what became of them: completed, failed, bpmn_error, no_command, given_back, undelivered."}, []string{"type", "result"}),
		retried: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_command_retries_total", Help: "Commands sent again, by job type and the gateway's code."}, []string{"type", "code"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "patchbay_call_duration_seconds", Help: "Attempts at a job by type, template, protocol and status class (2xx, ..., none).", Buckets: callBuckets},
			[]string{"type", "template", "protocol", "status"}),
		actions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_inbound_executables_total", Help: "Inbound connectors activated, deactivated and failed to activate, by type."}, []string{"type", "action"}),
		events: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "patchbay_inbound_event_duration_seconds", Help: "Events of inbound connectors by type and outcome: correlated, duplicate, ignored, not_met, rejected, failed.", Buckets: callBuckets},
			[]string{"type", "outcome"}),
		letters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_inbound_dead_letters_total", Help: "Messages that were put on the list of dead letters, by inbound type."}, []string{"type"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_webhook_requests_total", Help: "Requests to webhooks by the status of the answer, those too that became no event."}, []string{"status"}),
	}
	m.registry.MustRegister(m.activated, m.finished, m.retried, m.calls, m.actions, m.events, m.letters, m.webhooks, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds what is read when somebody asks: the workers' state.
func (m *metrics) watch(health func() []zeebe.Health) {
	m.registry.MustRegister(workerGauges(health))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// JobActivated counts; see zeebe.Observer.
func (m *metrics) JobActivated(jobType string) { m.activated.WithLabelValues(jobType).Inc() }

// JobFinished counts; see zeebe.Observer.
func (m *metrics) JobFinished(jobType string, result zeebe.Result, _ time.Duration) {
	m.finished.WithLabelValues(jobType, string(result)).Inc()
}

// CommandRetried counts; see zeebe.Observer.
func (m *metrics) CommandRetried(jobType, code string) {
	m.retried.WithLabelValues(jobType, code).Inc()
}

// Executable counts; see inbound.Observer.
func (m *metrics) Executable(inboundType string, a inbound.Action) {
	m.actions.WithLabelValues(inboundType, string(a)).Inc()
}

// Event measures; see inbound.Observer.
func (m *metrics) Event(inboundType string, o inbound.Outcome, took time.Duration) {
	m.events.WithLabelValues(inboundType, string(o)).Observe(took.Seconds())
}

// DeadLetter counts; see inbound.Observer.
func (m *metrics) DeadLetter(inboundType string) { m.letters.WithLabelValues(inboundType).Inc() }

// answered counts the answer to a webhook's caller.
func (m *metrics) answered(status int) { m.webhooks.WithLabelValues(strconv.Itoa(status)).Inc() }

// called measures an attempt; template is the id of its element's template,
// where the catalog knows it: what jobs bring must not make up labels.
func (m *metrics) called(r *engine.Record, template string) {
	m.calls.WithLabelValues(r.Job.Type, template, r.Protocol, statusClass(r.Status)).Observe(r.Duration.Seconds())
}

func statusClass(status int) string {
	if status < 100 {
		return "none"
	}
	return strconv.Itoa(status/100) + "xx"
}

// workerGauges reads the workers' state when it is asked for.
type workerGauges func() []zeebe.Health

var (
	inFlightDesc = prometheus.NewDesc("patchbay_jobs_in_flight", "Jobs that are handled now, by job type.", []string{"type"}, nil)
	workerDesc   = prometheus.NewDesc("patchbay_worker_up", "1 where a worker gets jobs, 0 where it backs off or has not connected yet.", []string{"type", "state"}, nil)
)

// Describe implements prometheus.Collector.
func (workerGauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- inFlightDesc
	ch <- workerDesc
}

// Collect implements prometheus.Collector.
func (w workerGauges) Collect(ch chan<- prometheus.Metric) {
	for _, h := range w() {
		up := 0.0
		if h.State == zeebe.Streaming || h.State == zeebe.Polling {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(inFlightDesc, prometheus.GaugeValue, float64(h.InFlight), h.JobType)
		ch <- prometheus.MustNewConstMetric(workerDesc, prometheus.GaugeValue, up, h.JobType, string(h.State))
	}
}
