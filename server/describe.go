package server

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Handler answers what the HTTP server answers, without a connection; it is for
// what describes or tests the server in its own process.
func (s *Server) Handler() http.Handler { return s.http.Handler }

// Metric describes one of the program's own metrics.
type Metric struct {
	Name string
	// Type is counter, gauge or histogram.
	Type string
	// Labels are in the order of their declaration.
	Labels []string
	Help   string
}

// Metrics lists the program's own metrics in the order of their registration.
// Those of the Go runtime and of the process are not among them.
func (s *Server) Metrics() ([]Metric, error) {
	var list []Metric
	for _, c := range s.metrics.registry.collectors {
		for _, d := range descriptions(c) {
			m, err := readMetric(d.String())
			if err != nil {
				return nil, err
			}
			m.Type = typeOf(c)
			if strings.HasPrefix(m.Name, "patchbay_") {
				list = append(list, m)
			}
		}
	}
	return list, nil
}

// registeredMetrics is a registry that knows what was registered.
type registeredMetrics struct {
	*prometheus.Registry
	collectors []prometheus.Collector
}

// MustRegister implements prometheus.Registerer.
func (r *registeredMetrics) MustRegister(list ...prometheus.Collector) {
	r.Registry.MustRegister(list...)
	r.collectors = append(r.collectors, list...)
}

func descriptions(c prometheus.Collector) (list []*prometheus.Desc) {
	found := make(chan *prometheus.Desc)
	go func() { defer close(found); c.Describe(found) }()
	for d := range found {
		list = append(list, d)
	}
	return list
}

// description is the only form in which the library tells what a Desc holds.
var description = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), (?:unit: "[^"]*", )?constLabels: \{.*\}, variableLabels: \{(.*)\}\}$`)

func readMetric(text string) (Metric, error) {
	match := description.FindStringSubmatch(text)
	if match == nil {
		return Metric{}, fmt.Errorf("describe a metric: cannot read %q", text)
	}
	var m Metric
	if _, err := fmt.Sscanf(match[1]+" "+match[2], "%q %q", &m.Name, &m.Help); err != nil {
		return Metric{}, fmt.Errorf("describe a metric: read %q: %w", text, err)
	}
	if match[3] != "" {
		m.Labels = strings.Split(match[3], ",")
	}
	return m, nil
}

// typeOf tells a collector's type; what a collector of our own reads when it is
// asked is a gauge.
func typeOf(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.CounterVec:
		return "counter"
	case *prometheus.HistogramVec, prometheus.Histogram:
		return "histogram"
	case prometheus.Gauge: // before Counter, whose methods it has too
		return "gauge"
	case prometheus.Counter:
		return "counter"
	}
	return "gauge"
}
