package check_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// TestCompose reads the file as `docker compose` would, and gives each program the
// variables that it gets there.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"../compose/compose.yaml"}, cli.WithName("igloo"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, service := range project.Services {
		if strings.HasSuffix(service.Image, ":latest") || !strings.Contains(service.Image, ":") {
			t.Errorf("%s runs %s, which is of no version", service.Name, service.Image)
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s listens for others: %+v", service.Name, port)
			}
		}
		if strings.HasPrefix(service.Image, "igloo-catalog/") {
			ours++
			composed(t, service)
		}
	}
	if ours != 3 {
		t.Errorf("%d services run programs of ours", ours)
	}
}

func composed(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	if !service.ReadOnly || !slices.Contains(service.CapDrop, "ALL") || service.StopGracePeriod == nil || time.Duration(*service.StopGracePeriod) < 50*time.Second {
		t.Errorf("%s is not confined, or ends in the middle of a commit", service.Name)
	}
	program, _, _ := strings.Cut(strings.TrimPrefix(service.Image, "igloo-catalog/"), ":")
	cmd := exec.Command(built(t, program), append(service.Command, "--print-config")...) //nolint:noctx // a program of ours, which ends by itself
	cmd.Env = os.Environ()
	for name, value := range service.Environment {
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", service.Name, err, out)
	}
	if service.Command[0] != "serve" {
		return
	}
	if from := strings.Count(string(out), "# from environment IGLOO_"); from != len(service.Environment) {
		t.Errorf("%s takes %d of %d variables:\n%s", service.Name, from, len(service.Environment), out)
	}
}
