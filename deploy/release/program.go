package release

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Programs are what is released.
var Programs = []string{"catalog", "housetable", "igloo"}

// Tags are what the Makefile builds with as well. Without grpc's own traces, which
// nobody looks at, the linker leaves out what nobody calls: a third of a program.
const Tags = "grpcnotrace"

// Linked is what the Makefile links with as well, for linux on amd64 and arm64: there
// igloo/pkg/slack begins the programs.
const Linked = "-E=igloo_start"

// Target is one build of one program.
type Target struct {
	Program string
	// OS and Arch are Go's names: linux, arm64.
	OS, Arch string
	// Version is like v0.1.0; devel is none of a release.
	Version string
}

// Build builds a target from the repository at root into a folder of its own below
// out, and returns the program's path.
func (t Target) Build(ctx context.Context, root, out string) (string, error) {
	path, err := filepath.Abs(filepath.Join(out, t.OS+"-"+t.Arch, t.Program))
	if err != nil {
		return "", err
	}
	flags := "-s -w -buildid="
	if t.OS == "linux" && (t.Arch == "amd64" || t.Arch == "arm64") {
		flags += " " + Linked
	}
	if t.Version != "devel" {
		flags += " -X github.com/igloo-catalog/igloo/pkg/buildinfo.release=" + t.Version
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", Tags, "-trimpath", "-ldflags", flags, "-o", path, //nolint:gosec // programs of ours
		fmt.Sprintf("./services/%s/cmd/%s", t.Program, t.Program))
	cmd.Dir = root
	cmd.Env = append(without(os.Environ(), "GOFLAGS", "GOWORK"), "CGO_ENABLED=0", "GOOS="+t.OS, "GOARCH="+t.Arch, "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s for %s/%s: %w\n%s", t.Program, t.OS, t.Arch, err, said)
	}
	return path, nil
}

func without(env []string, names ...string) []string {
	kept := make([]string, 0, len(env))
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		drop := false
		for _, n := range names {
			drop = drop || n == name
		}
		if !drop {
			kept = append(kept, v)
		}
	}
	return kept
}
