package slack_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/igloo-catalog/igloo/pkg/slack"
)

func TestWhatServesHasSlackInAllThreads(t *testing.T) {
	woken := program(t)
	for _, c := range []struct {
		name string
		// from is the slack that the program is started with, in nanoseconds.
		from uint64
		args []string
		want string
	}{
		{"serves", 50000, []string{"serve"}, "1000000"},
		{"serves, after a flag", 50000, []string{"--log-level", "debug", "serve", "--x=y"}, "1000000"},
		{"does something else", 50000, []string{"served", "serv", "", "s", "-serve"}, "50000"},
		{"does nothing", 50000, nil, "50000"},
		{"has more already", 5000000, []string{"serve"}, "5000000"},
		{"is to be woken in time", 1000, []string{"serve"}, "1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, thread := range threads(t, run(t, woken, c.from, c.args...)) {
				if thread != c.want {
					t.Errorf("a thread has %s ns, not %s", thread, c.want)
				}
			}
		})
	}
}

func TestAProgramGetsWhatItWasStartedWith(t *testing.T) {
	t.Setenv("TOLD", "by the environment")
	told := run(t, program(t), 50000, "serve", "me", "")
	if want := "[serve me ] by the environment by a pipe <nil>"; told[len(told)-1] != want {
		t.Errorf("told %q, not %q", told[len(told)-1], want)
	}
}

// program is one that was linked as Igloo's are.
func program(t *testing.T) string {
	t.Helper()
	flag := slack.Linked(runtime.GOOS, runtime.GOARCH)
	if flag == "" {
		t.Skip("nothing is set here")
	}
	path := filepath.Join(t.TempDir(), "woken")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", flag, "-o", path, "./testdata/woken").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// run starts a program from a thread of that slack, and returns the lines it prints.
func run(t *testing.T, program string, nanoseconds uint64, args ...string) []string {
	t.Helper()
	inherited, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = write.WriteString("by a pipe")
	_ = write.Close()
	defer func() { _ = inherited.Close() }()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.ExtraFiles = []*os.File{inherited}
	var out []byte
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread ends with its slack
		err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(nanoseconds), 0, 0, 0)
		if err == nil {
			out, err = cmd.Output()
		}
		done <- err
	}()
	if exit := (*exec.ExitError)(nil); !errors.As(<-done, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("ended with %v, not 7: %s", exit, out)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// threads are the lines of a program's threads: of the first, the monitor, and more.
func threads(t *testing.T, told []string) []string {
	t.Helper()
	lines := told[:len(told)-1]
	if len(lines) < 2 || slices.Contains(lines, "") {
		t.Fatalf("told of threads %q", lines)
	}
	return lines
}
