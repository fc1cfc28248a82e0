package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/pgtest"
	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/pkg/redistest"
)

// startTimeout bounds the wait for a program's first answer.
const startTimeout = 30 * time.Second

// shape is one way to run Igloo.
type shape struct {
	name  string
	start func(t *testing.T) *deployment
}

// shapes are all ways to run Igloo.
func shapes() []shape {
	return []shape{{"embedded", startEmbedded}, {"split", startSplit}}
}

// deployment is a running Igloo.
type deployment struct {
	// URL serves /v1; HTS serves /hts.
	URL, HTS string
	// parts are the programs, in the order they are started in.
	parts []*part
}

// part is one program that can be killed and started again on its addresses.
type part struct {
	path    string
	args    []string
	ready   string // URL that answers 200 once the program is ready
	process *proctest.Process
}

func (p *part) start(t *testing.T) {
	t.Helper()
	process, err := proctest.Start(proctest.Command{Path: p.path, Args: p.args})
	if err != nil {
		t.Fatal(err)
	}
	p.process = process
	waitFor(t, p)
}

// kill ends every program at once, as a power cut would.
func (d *deployment) kill(t *testing.T) {
	t.Helper()
	for _, p := range d.parts {
		if err := p.process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// restart starts every program anew on what it left behind.
func (d *deployment) restart(t *testing.T) {
	t.Helper()
	for _, p := range d.parts {
		p.start(t)
	}
}

func deploy(t *testing.T, d *deployment) *deployment {
	t.Helper()
	t.Cleanup(func() {
		for _, p := range d.parts {
			if p.process == nil {
				continue
			}
			_ = p.process.Kill()
			if t.Failed() {
				t.Logf("%s wrote:\n%s", filepath.Base(p.path), p.process.Output())
			}
		}
	})
	d.restart(t)
	return d
}

func startEmbedded(t *testing.T) *deployment {
	t.Helper()
	listen := address(t)
	url := "http://" + listen
	return deploy(t, &deployment{URL: url, HTS: url, parts: []*part{{
		path:  program(t, "igloo"),
		args:  []string{"serve", "--listen", listen, "--data-dir", filepath.Join(t.TempDir(), "data")},
		ready: url + "/readyz",
	}}})
}

func startSplit(t *testing.T) *deployment {
	t.Helper()
	database, redis := pgtest.New(t, nil), redistest.New(t).URL()
	housetable := program(t, "housetable")
	if out, err := exec.Command(housetable, "migrate", "--database-url", database).CombinedOutput(); err != nil {
		t.Fatalf("housetable migrate: %v\n%s", err, out)
	}
	grpc, rest, listen := address(t), address(t), address(t)
	return deploy(t, &deployment{URL: "http://" + listen, HTS: "http://" + rest, parts: []*part{
		{
			path:  housetable,
			args:  []string{"serve", "--grpc-listen", grpc, "--http-listen", rest, "--database-url", database},
			ready: "http://" + rest + "/readyz",
		},
		{
			path: program(t, "catalog"),
			args: []string{
				"serve", "--listen", listen, "--housetable", grpc, "--redis-url", redis,
				"--warehouse-root", "file://" + filepath.Join(t.TempDir(), "warehouse"),
			},
			ready: "http://" + listen + "/readyz",
		},
	}})
}

// built remembers the folder that programs were built into by this process.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "igloo-bin-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"igloo", "catalog", "housetable"} {
		source := "github.com/igloo-catalog/igloo/services/" + name + "/cmd/" + name
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), source).CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return dir, nil
})

// program is the path of one of Igloo's programs: in IGLOO_BIN, else built now.
func program(t testing.TB, name string) string {
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

func address(t testing.TB) string {
	t.Helper()
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func waitFor(t *testing.T, p *part) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	for {
		if answers(ctx, p.ready) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is not ready at %s:\n%s", p.path, p.ready, p.process.Output())
		case <-p.process.Done():
			t.Fatalf("%s ended:\n%s", p.path, p.process.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// python runs one of this folder's scripts and returns what it wrote.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	interpreter := os.Getenv("IGLOO_PYTHON")
	if interpreter == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("IGLOO_PYTHON names no Python with the packages of requirements.txt; 'make test' sets it")
		}
		t.Skip("IGLOO_PYTHON names no Python with the packages of requirements.txt; 'make test' sets it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, interpreter, append([]string{script}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// ask sends one request and returns the status and the body.
func ask(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	status, text, err := send(t.Context(), method, url, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return status, text
}

// send is ask for callers that expect the connection to break.
func send(ctx context.Context, method, url, body string, header ...string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}
