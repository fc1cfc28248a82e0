package conformance_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// separatorTest wants a catalog that joins namespaces by a dot.
const separatorTest = "tests/integration/test_catalog.py::test_rest_custom_namespace_separator"

// runPyIceberg runs PyIceberg's integration tests and those of how a catalog behaves, as far as they judge a REST
// catalog alone: python/igloo_selection.py says which those are.
func runPyIceberg(t *testing.T, b *bench) []outcome {
	t.Helper()
	runPytest(t, b, "most", b.shape.Start(t).URL, "tests/integration", "tests/catalog/test_catalog_behaviors.py", "--deselect", separatorTest)
	runPytest(t, b, "separator", b.shape.Start(t, "--namespace-separator", ".").URL, separatorTest)
	return readJUnit(t, b.reports)
}

func runPytest(t *testing.T, b *bench, name, url string, selection ...string) {
	t.Helper()
	const namespace = `{"namespace":["default"]}`
	response, err := http.Post(url+"/v1/namespaces", "application/json", strings.NewReader(namespace))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	ours, err := filepath.Abs("python")
	if err != nil {
		t.Fatal(err)
	}
	tests := pyicebergTests(t, b, url)
	b.client(t, proctest.Command{
		Path: b.installed(t, "python", "bin", "python"),
		Args: append([]string{
			"-m", "pytest", "-c", filepath.Join(ours, "pytest.ini"), "--rootdir", tests, "-p", "igloo_selection",
			"-q", "--tb=short", "-p", "no:cacheprovider", "--timeout", "120",
			"--junitxml", filepath.Join(b.reports, name+".xml"),
		}, selection...),
		Dir: tests,
		Env: []string{
			"PYTHONPATH=" + strings.Join([]string{ours, tests, filepath.Join(tests, "tests/integration/test_writes")}, ":"),
			"PYTHONDONTWRITEBYTECODE=1",
			// A catalog that names itself may say what it is able to do.
			"PYICEBERG_TEST_CATALOG=igloo",
			"PYICEBERG_CATALOG__IGLOO__TYPE=rest",
			"PYICEBERG_CATALOG__IGLOO__URI=" + url,
			"PYICEBERG_CATALOG__IGLOO__SUPPORTS_SLASH_IN_IDENTIFIER=true",
		},
	})
}

// pyicebergTests is a copy of the tests that look for their catalog at url; the
// address is written in them.
func pyicebergTests(t *testing.T, b *bench, url string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "tests"), os.DirFS(b.installed(t, "pyiceberg", "tests"))); err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join("python", "behaviours_conftest.py"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tests", "catalog", "conftest.py"), ours, 0o600); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".py" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(source, []byte("http://localhost:8181"), []byte(url)), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
