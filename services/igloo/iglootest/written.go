package iglootest

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Written is what all programs have written.
func (d *Deployment) Written() string {
	var all strings.Builder
	for _, p := range d.parts {
		all.WriteString(p.process.Output())
	}
	return all.String()
}

// PrintConfig is what all programs say of the settings that they run with.
func (d *Deployment) PrintConfig(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all strings.Builder
	for _, p := range d.parts {
		out, err := exec.CommandContext(ctx, p.path, append(p.args, "--print-config")...).CombinedOutput() //nolint:gosec // a program of ours
		if err != nil {
			t.Fatalf("%s --print-config: %v\n%s", p.path, err, out)
		}
		all.Write(out)
	}
	return all.String()
}
