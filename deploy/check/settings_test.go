package check_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/igloo-catalog/igloo/deploy/check"
)

func valuesOf(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestProgramsAcceptTheirSettings gives each program what the chart made for it.
func TestProgramsAcceptTheirSettings(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		maps := check.Of[*corev1.ConfigMap](objects)
		if len(maps) != 2 {
			t.Fatalf("%d ConfigMaps", len(maps))
		}
		for _, m := range maps {
			for name, text := range m.Data {
				accepted(t, strings.TrimSuffix(name, ".yaml"), text)
			}
		}
	})
}

// accepted fails when a program refuses settings, or holds others than were given.
func accepted(t *testing.T, program, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), program+".yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(built(t, program), "serve", "--config", file, "--print-config") //nolint:noctx // a program of ours, which ends by itself
	cmd.Env = append(os.Environ(), "IGLOO_DATABASE_URL=postgres://db/igloo", "IGLOO_PLAN_KEY=0123456789abcdef")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", program, err, out, text)
	}
	settings := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &settings); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, text)
	}
	if from := strings.Count(string(out), "# from file "+file); from != len(settings) {
		t.Errorf("%s takes %d of %d settings from its file:\n%s", program, from, len(settings), out)
	}
}

// built is a program of ours: in IGLOO_BIN, which the Makefile sets.
func built(t *testing.T, program string) string {
	t.Helper()
	folder := os.Getenv("IGLOO_BIN")
	if folder == "" {
		t.Skip("IGLOO_BIN does not name the folder of the programs; 'make deploy-check' does")
	}
	return filepath.Join(folder, program)
}

// TestIngressKeepsItsHandsOff: no POST goes twice, nothing is given up that a catalog
// still works on, and what is not for engines is not let in.
func TestIngressKeepsItsHandsOff(t *testing.T) {
	text, err := check.Render(chart, filepath.Join(chart, "examples", "production.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := check.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	ingress := check.Of[*networkingv1.Ingress](objects)[0]
	const prefix = "nginx.ingress.kubernetes.io/"
	for name, want := range map[string]string{
		"proxy-next-upstream": "error", "proxy-read-timeout": "130", "proxy-send-timeout": "130",
		"proxy-body-size": "32m", "backend-protocol": "HTTPS",
	} {
		if got := ingress.Annotations[prefix+name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
		if path.Path != "/v1" {
			t.Errorf("%s is let in", path.Path)
		}
	}
}
