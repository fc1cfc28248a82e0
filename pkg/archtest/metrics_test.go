package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// instruments are the ways to make one, and what Prometheus calls them.
var instruments = map[string]string{
	"Int64Counter": "counter", "Float64Counter": "counter",
	"Int64ObservableCounter": "counter", "Float64ObservableCounter": "counter",
	"Int64UpDownCounter": "gauge", "Int64ObservableUpDownCounter": "gauge",
	"Int64Gauge": "gauge", "Float64Gauge": "gauge", "Int64ObservableGauge": "gauge", "Float64ObservableGauge": "gauge",
	"Int64Histogram": "histogram", "Float64Histogram": "histogram",
}

var documented = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([a-z]+) \\|")

// TestMetricsAreDocumented compares the instruments that the sources make with
// the tables of docs/metrics.md.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, row := range documented.FindAllStringSubmatch(string(text), -1) {
		told[row[1]] = row[2]
	}
	made := map[string]string{}
	for _, p := range packages(t, module+"pkg/...", module+"services/...") {
		for _, name := range p.GoFiles {
			instrumentsOf(t, filepath.Join(p.Dir, name), made)
		}
	}
	if len(made) == 0 {
		t.Fatal("no instruments were found")
	}
	for name, kind := range made {
		if told[name] != kind {
			t.Errorf("docs/metrics.md calls %s a %q, it is a %s", name, told[name], kind)
		}
	}
	for name := range told {
		if made[name] == "" {
			t.Errorf("docs/metrics.md tells of %s, which nothing makes", name)
		}
	}
}

// instrumentsOf adds what a file makes, by the name that Prometheus sees.
func instrumentsOf(t *testing.T, path string, made map[string]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) <= 1 {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		name, literal := call.Args[0].(*ast.BasicLit)
		if !ok || !literal || instruments[selector.Sel.Name] == "" {
			return true
		}
		kind := instruments[selector.Sel.Name]
		made[seen(unquoted(t, name), unitOf(t, call), kind)] = kind
		return true
	})
}

// seen is the name of an instrument as Prometheus sees it.
func seen(name, unit, kind string) string {
	name = strings.ReplaceAll(name, ".", "_")
	if suffix := map[string]string{"s": "_seconds", "By": "_bytes"}[unit]; suffix != "" {
		name += suffix
	}
	if kind == "counter" {
		name += "_total"
	}
	return name
}

// unitOf stands behind the name, as telemetry.Instruments have it.
func unitOf(t *testing.T, call *ast.CallExpr) string {
	t.Helper()
	unit, literal := call.Args[1].(*ast.BasicLit)
	if !literal {
		t.Fatalf("the unit of an instrument is no literal: instruments are declared by telemetry.Instruments")
	}
	return unquoted(t, unit)
}

func unquoted(t *testing.T, literal *ast.BasicLit) string {
	t.Helper()
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
