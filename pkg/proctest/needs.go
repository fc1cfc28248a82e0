package proctest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Absent ends a test that lacks what err names: a failure under CI, a skip
// elsewhere. target is what `make` has to make to install it.
func Absent(t testing.TB, err error, target string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%v; 'make %s' installs it", err, target)
	}
	t.Skipf("%v; 'make %s' installs it", err, target)
}

// Program is the path of a program that a test needs; see Absent.
func Program(t testing.TB, name, target string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Absent(t, err, target)
	}
	return path
}

// Port is FreePort for tests.
func Port(t testing.TB) int {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Await asks a program until it is ready, or the limit has passed.
func Await(t testing.TB, p *Process, limit time.Duration, ready func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not answer: %v\n%s", p.cmd.Path, err, p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
