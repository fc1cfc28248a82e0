package check_test

import (
	"os"
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/igloo-catalog/igloo/deploy/check"
)

const someRules = `groups:
  - name: igloo
    rules:
      - alert: CommitsOfUnknownOutcome
        expr: increase(igloo_catalog_commit_unknown_total[5m]) > 0
        labels: {severity: warning}
        annotations: {summary: "the word \"{{ $labels.resolved }}\" is Prometheus' to fill in"}
`

// TestRulesReachTheOperator: each file in the chart's rules/ is an object of its own, and
// what is Prometheus' to fill in is left alone.
func TestRulesReachTheOperator(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "rules"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "rules", "some.yaml"), []byte(someRules), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := check.RenderWith(folder, least+"prometheusRule: {enabled: true, labels: {release: prometheus}}")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := check.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range check.Of[*monitoringv1.PrometheusRule](objects) {
		if rule.Name == "igloo-some" && rule.Labels["release"] == "prometheus" && len(rule.Spec.Groups[0].Rules) == 1 {
			return
		}
	}
	t.Errorf("no rule:\n%s", text)
}
