package e2e_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
			cmd := exec.Command(program(t, name), "serve", "--config", file, "--print-config")
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
