package conformance_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// runRCK runs Iceberg's REST Compatibility Kit: its tests of catalogs and of
// views, with its Java client. The six tests that it skips are about a namespace
// without a name, which a catalog need not have, and one that the kit disables.
func runRCK(t *testing.T, b *bench) []outcome {
	t.Helper()
	return b.junit(t,
		"--select-class", "igloo.conformance.CatalogTest",
		"--select-class", "org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests")
}

// runPlanning runs Iceberg's tests of scans that the server plans, but those that
// look into the server in their own process, or set it up.
func runPlanning(t *testing.T, b *bench) []outcome {
	t.Helper()
	return b.junit(t,
		"--select-class", "org.apache.iceberg.rest.PlanningTest",
		"--exclude-methodname", ".*[.#]("+strings.Join([]string{
			"scanPlanningWithMinRowsRequested", "selectWithNestedFieldsSendsFullyQualifiedNames",
			"useSnapshotSchemaSetCorrectly.*", "remoteScanPlanningWithFreshnessAwareLoading",
			"serverDoesNot.*", "serverSupports.*", "asyncPlanning.*", "planningFails.*",
		}, "|")+")")
}

// junit runs tests in Java that ask a server of the bench's shape.
func (b *bench) junit(t *testing.T, selection ...string) []outcome {
	t.Helper()
	url := b.shape.Start(t).URL
	classpath, err := os.ReadFile(b.installed(t, "java", "classpath"))
	if err != nil {
		t.Fatal(err)
	}
	b.client(t, proctest.Command{Path: "java", Args: slices.Concat([]string{
		"-Xmx1g", "-XX:TieredStopAtLevel=1", // it is over before more pays off
		"-cp", b.installed(t, "java", "test-classes") + ":" + strings.TrimSpace(string(classpath)),
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
		"-Drck.local=false", "-Drck.uri=" + url, "-Duri=" + url, "-Dwarehouse=default",
		"-Drck.requires-namespace-create=true", "-Drck.supports-serverside-retry=true",
		"-Drck.supports-names-with-dot=true", "-Drck.supports-variant=true",
		"org.junit.platform.console.ConsoleLauncher", "execute",
		"--reports-dir", b.reports, "--details", "none", "--disable-banner",
	}, selection)})
	return readJUnit(t, b.reports)
}
