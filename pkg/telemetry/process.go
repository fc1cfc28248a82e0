package telemetry

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/igloo-catalog/igloo/pkg/buildinfo"
)

// process tells of the process: what every program in Go tells Prometheus
// (process_…, go_…), and which build it is.
func process() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "igloo_build_info", Help: "1, with the version of the build.",
		ConstLabels: prometheus.Labels{"version": buildinfo.Version(), "go_version": runtime.Version()},
	})
	build.Set(1)
	//nolint:staticcheck // where they have moved to links database/sql, which the catalog may not
	registry.MustRegister(build, prometheus.NewGoCollector(), prometheus.NewProcessCollector(prometheus.ProcessCollectorOpts{}))
	return registry
}
