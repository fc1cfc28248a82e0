package conformance_test

import (
	"path/filepath"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// runFuzzing sends every route of the protocol's OpenAPI document requests that
// schemathesis makes: python/test_every_route.py says what must hold.
func runFuzzing(t *testing.T, b *bench) []outcome {
	t.Helper()
	document, err := filepath.Abs(filepath.Join("openapi", "rest-catalog-open-api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return runScript(t, b, "test_every_route.py", "IGLOO_OPENAPI="+document)
}

// runSpark goes through what people do with Spark SQL: python/test_spark.py.
func runSpark(t *testing.T, b *bench) []outcome {
	t.Helper()
	return runScript(t, b, "test_spark.py", "IGLOO_SPARK_JAR="+b.installed(t, "java", "spark.jar"))
}

// runScript runs tests of our own that are in Python, as their engines are.
func runScript(t *testing.T, b *bench, script string, env ...string) []outcome {
	t.Helper()
	b.client(t, proctest.Command{
		Path: b.installed(t, "python", "bin", "python"),
		Args: []string{
			"-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--timeout", "300",
			"--junitxml", filepath.Join(b.reports, "tests.xml"), script,
		},
		Dir: "python",
		Env: append([]string{"PYTHONDONTWRITEBYTECODE=1", "IGLOO_URL=" + b.shape.Start(t).URL}, env...),
	})
	return readJUnit(t, b.reports)
}
