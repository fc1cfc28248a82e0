package conformance_test

import (
	"os"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// runRCK runs Iceberg's REST Compatibility Kit: its tests of catalogs and of
// views, with its Java client. The six tests that it skips are about a namespace
// without a name, which a catalog need not have, and one that the kit disables.
func runRCK(t *testing.T, b *bench) []outcome {
	t.Helper()
	url := b.shape.Start(t).URL
	classpath, err := os.ReadFile(b.installed(t, "java", "classpath"))
	if err != nil {
		t.Fatal(err)
	}
	b.client(t, proctest.Command{Path: "java", Args: []string{
		"-Xmx1g", "-XX:TieredStopAtLevel=1", // it is over before more pays off
		"-cp", b.installed(t, "java", "test-classes") + ":" + strings.TrimSpace(string(classpath)),
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
		"-Drck.local=false", "-Drck.uri=" + url, "-Duri=" + url, "-Dwarehouse=default",
		"-Drck.requires-namespace-create=true", "-Drck.supports-serverside-retry=true",
		"-Drck.supports-names-with-dot=true", "-Drck.supports-variant=true",
		"org.junit.platform.console.ConsoleLauncher", "execute",
		"--select-class", "igloo.conformance.CatalogTest",
		"--select-class", "org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests",
		"--reports-dir", b.reports, "--details", "none", "--disable-banner",
	}})
	return readJUnit(t, b.reports)
}
