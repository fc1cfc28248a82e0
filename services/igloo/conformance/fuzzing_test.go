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
	b.client(t, proctest.Command{
		Path: b.installed(t, "python", "bin", "python"),
		Args: []string{
			"-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "--timeout", "300",
			"--junitxml", filepath.Join(b.reports, "routes.xml"), "test_every_route.py",
		},
		Dir: "python",
		Env: []string{
			"PYTHONDONTWRITEBYTECODE=1", "IGLOO_URL=" + b.shape.Start(t).URL, "IGLOO_OPENAPI=" + document,
		},
	})
	return readJUnit(t, b.reports)
}
