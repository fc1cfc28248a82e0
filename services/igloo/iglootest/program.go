package iglootest

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/slack"
)

// startTimeout bounds the wait for a program's first answer.
const startTimeout = 30 * time.Second

// stopTimeout bounds the wait for a program's end: requests under way may take that long.
const stopTimeout = time.Minute

// part is one program that can be killed and started again on its addresses.
type part struct {
	path    string
	args    []string
	ready   string // URL that answers 200 once the program is ready
	client  *http.Client
	process *proctest.Process
}

func (p *part) start(t *testing.T) {
	t.Helper()
	process, err := proctest.Start(proctest.Command{Path: p.path, Args: p.args})
	if err != nil {
		t.Fatal(err)
	}
	p.process = process
	p.wait(t)
}

func (p *part) wait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	for !answers(ctx, cmp.Or(p.client, http.DefaultClient), p.ready) {
		select {
		case <-ctx.Done():
			t.Fatalf("%s is not ready at %s:\n%s", p.path, p.ready, p.process.Output())
		case <-p.process.Done():
			t.Fatalf("%s ended:\n%s", p.path, p.process.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Answers reports whether a GET of the URL is answered 200.
func Answers(ctx context.Context, url string) bool { return answers(ctx, http.DefaultClient, url) }

func answers(ctx context.Context, client *http.Client, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// built remembers the folder that programs were built into by this process.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "igloo-bin-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"igloo", "catalog", "housetable"} {
		source := "github.com/igloo-catalog/igloo/services/" + name + "/cmd/" + name
		if out, err := exec.Command("go", "build", "-tags", tags, "-ldflags", slack.Linked(runtime.GOOS, runtime.GOARCH), "-o", filepath.Join(dir, name), source).CombinedOutput(); err != nil { //nolint:gosec,noctx // a source of ours; the test has a limit
			return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return dir, nil
})

// tags are the Makefile's.
const tags = "grpcnotrace"

// Program is the path of one of Igloo's programs: in IGLOO_BIN, else built now.
func Program(t testing.TB, name string) string {
	t.Helper()
	if dir := os.Getenv("IGLOO_BIN"); dir != "" {
		return filepath.Join(dir, name)
	}
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// Address is a free address on this machine: "127.0.0.1:8181".
func Address(t testing.TB) string {
	t.Helper()
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
