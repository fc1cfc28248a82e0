package archtest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	// queried finds metrics in expressions of Prometheus: labels are in braces, or
	// behind by and on, and have no such beginnings.
	queried = regexp.MustCompile(`\b(?:igloo|rpc|db|process|go)_[a-z0-9_]+\b`)
	// ofProcesses are metrics that no part of Igloo makes.
	ofProcesses = regexp.MustCompile("(?m)^- `([a-z_]+)`: ")
	// grouped are the parts of an expression that name labels, and texts.
	grouped = regexp.MustCompile(`\{[^}]*\}|"[^"]*"|\b(?:by|on|without) *\([^)]*\)`)
)

// expressions of the rules, by their alerts, and of the dashboard, by their panels.
func expressions(t *testing.T) (alerts map[string]string, panels map[string]string) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read(t, "deploy/prometheus/igloo.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "deploy/grafana/igloo.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	alerts, panels = map[string]string{}, map[string]string{}
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			alerts[r.Alert] = r.Expr
			if !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/runbooks/"+r.Alert+".md") {
				t.Errorf("%s names the runbook %s", r.Alert, r.Annotations["runbook_url"])
			}
		}
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			panels[p.Title] += target.Expr + "\n"
		}
	}
	return alerts, panels
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWhatIsWatchedIsMeasured: alerts and the dashboard ask for metrics that
// docs/metrics.md has, which is compared with the sources.
func TestWhatIsWatchedIsMeasured(t *testing.T) {
	told := map[string]bool{}
	for _, row := range documented.FindAllSubmatch(read(t, "docs/metrics.md"), -1) {
		name := string(row[1])
		told[name] = true
		if string(row[2]) == "histogram" {
			told[name+"_bucket"], told[name+"_count"], told[name+"_sum"] = true, true, true
		}
	}
	for _, row := range ofProcesses.FindAllSubmatch(read(t, "docs/metrics.md"), -1) {
		told[string(row[1])] = true
	}
	alerts, panels := expressions(t)
	if len(alerts) == 0 || len(panels) == 0 {
		t.Fatal("nothing is watched")
	}
	for where, of := range map[string]map[string]string{"alert": alerts, "panel": panels} {
		for name, expression := range of {
			for _, metric := range queried.FindAllString(grouped.ReplaceAllString(expression, ""), -1) {
				if !told[metric] {
					t.Errorf("%s %s: there is no metric %s", where, name, metric)
				}
			}
		}
	}
}

// TestEachAlertHasARunbook, and each runbook an alert, with the same three parts.
func TestEachAlertHasARunbook(t *testing.T) {
	alerts, _ := expressions(t)
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	described := make([]string, 0, len(files))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		described = append(described, name)
		text := read(t, "docs/runbooks/"+name+".md")
		for _, part := range []string{"# " + name + "\n\n", "\n## How to look\n\n- ", "\n## What to do\n\n- "} {
			if !bytes.Contains(text, []byte(part)) {
				t.Errorf("the runbook %s lacks %q", name, part)
			}
		}
		if _, alerts := alerts[name]; !alerts {
			t.Errorf("there is no alert %s", name)
		}
	}
	for name := range alerts {
		if !slices.Contains(described, name) {
			t.Errorf("there is no runbook for %s", name)
		}
	}
}

// TestTheChartHasTheRules: what the operator is given is what is tested.
func TestTheChartHasTheRules(t *testing.T) {
	if !bytes.Equal(read(t, "deploy/prometheus/igloo.yaml"), read(t, "deploy/helm/igloo/rules/igloo.yaml")) {
		t.Error("deploy/helm/igloo/rules/igloo.yaml is not deploy/prometheus/igloo.yaml")
	}
}
