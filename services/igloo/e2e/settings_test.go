package e2e_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestSettingsFilesAreUnderstood reads the files that deploy/ offers with the
// programs they are for, which refuse any key that they do not know.
func TestSettingsFilesAreUnderstood(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "deploy", "settings")
	for name, wanted := range map[string]string{
		"igloo":      "data-dir: ./igloo-data",
		"catalog":    `housetable: "housetable:8182"`,
		"housetable": `http-listen: "0.0.0.0:8183"`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, name+".yaml")
			cmd := exec.Command(iglootest.Program(t, name), "serve", "--config", file, "--print-config")
			cmd.Env = append(cmd.Environ(), "IGLOO_DATABASE_URL=postgres://me:hunter2@db/igloo")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(string(out), wanted) || !strings.Contains(string(out), "# from file "+file) {
				t.Errorf("want %q from %s:\n%s", wanted, file, out)
			}
			if strings.Contains(string(out), "hunter2") {
				t.Errorf("the password is shown:\n%s", out)
			}
		})
	}
}

// TestNamespaceSeparatorIsASetting joins and splits the levels of a namespace by
// what the operator chose, and says so to clients.
func TestNamespaceSeparatorIsASetting(t *testing.T) {
	for _, shape := range iglootest.Shapes() {
		t.Run(shape.Name, func(t *testing.T) {
			d := shape.Start(t, "--namespace-separator", "%2E")
			if _, body := ask(t, http.MethodGet, d.URL+"/v1/config", ""); !strings.Contains(body, `"namespace-separator":"%2E"`) {
				t.Errorf("config: %s", body)
			}
			for _, namespace := range []string{`["a"]`, `["a","b"]`} {
				if status, body := ask(t, http.MethodPost, d.URL+"/v1/namespaces", `{"namespace":`+namespace+`}`); status != http.StatusOK {
					t.Fatalf("create %s: %d %s", namespace, status, body)
				}
			}
			if status, body := ask(t, http.MethodGet, d.URL+"/v1/namespaces/a.b", ""); status != http.StatusOK || !strings.Contains(body, `["a","b"]`) {
				t.Errorf("load a.b: %d %s", status, body)
			}
		})
	}
}
