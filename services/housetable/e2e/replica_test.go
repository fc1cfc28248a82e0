package e2e_test

import (
	"context"
	"crypto/rand"
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

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// startTimeout bounds the wait for a program's first answer.
const startTimeout = 60 * time.Second

// built remembers the program that was built by this process.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "igloo-bin-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "housetable")
	out, err := exec.Command("go", "build", "-o", path, "github.com/igloo-catalog/igloo/services/housetable/cmd/housetable").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// program is the path of housetable: in IGLOO_BIN, else built now.
func program(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("IGLOO_BIN"); dir != "" {
		return filepath.Join(dir, "housetable")
	}
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func migrate(t *testing.T, database string) {
	t.Helper()
	if out, err := exec.Command(program(t), "migrate", "--database-url", database).CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
}

// replica is one running process.
type replica struct {
	process *proctest.Process
	conn    *grpc.ClientConn
	rest    string
}

// serve starts replicas on one database and waits until each is ready.
func serve(t *testing.T, n int, database string, arguments ...string) []*replica {
	t.Helper()
	replicas := make([]*replica, n)
	for i := range replicas {
		rpc, rest := address(t), address(t)
		process, err := proctest.Start(proctest.Command{
			Path: program(t),
			Args: append([]string{"serve", "--grpc-listen", rpc, "--http-listen", rest, "--database-url", database}, arguments...),
		})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient(rpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		r := &replica{process: process, conn: conn, rest: "http://" + rest}
		replicas[i] = r
		t.Cleanup(func() {
			_ = conn.Close()
			_ = process.Kill()
			if t.Failed() {
				t.Logf("replica %d wrote:\n%s", i, process.Output())
			}
		})
	}
	for _, r := range replicas {
		until(t, "a replica is ready", func() bool {
			status, _, err := r.ask(t.Context(), http.MethodGet, "/readyz", "")
			return err == nil && status == http.StatusOK
		})
	}
	return replicas
}

func address(t *testing.T) string {
	t.Helper()
	port, err := proctest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// ask sends one request over REST.
func (r *replica) ask(ctx context.Context, method, target, body string) (status int, answer string, err error) {
	response, err := r.do(ctx, method, target, body)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func (r *replica) do(ctx context.Context, method, target, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.rest+target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}

// must sends one request over REST that has to succeed.
func (r *replica) must(t *testing.T, method, target, body string) string {
	t.Helper()
	status, answer, err := r.ask(t.Context(), method, target, body)
	if err != nil || status/100 != 2 {
		t.Fatalf("%s %s: %d %s %v", method, target, status, answer, err)
	}
	return answer
}

// request is a commit under an operation of its own.
func request(changes ...*htsv1.Change) *htsv1.CommitRequest {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return &htsv1.CommitRequest{
		Operations: []*htsv1.Operation{{Id: id, Fingerprint: id, Outcome: &htsv1.Outcome{Status: 200}}},
		Changes:    changes,
	}
}

func (r *replica) commit(t *testing.T, changes ...*htsv1.Change) {
	t.Helper()
	answer, err := htsv1.NewCommitServiceClient(r.conn).Commit(t.Context(), request(changes...))
	if err != nil || answer.GetCommitted() == nil {
		t.Fatalf("commit: %v, %v", answer, err)
	}
}

func newNamespace() *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_CreateNamespace{CreateNamespace: &htsv1.CreateNamespace{DatabaseId: "db"}}}
}

func newTable(name string) *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_CreateTable{CreateTable: &htsv1.CreateTable{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: name}, Kind: htsv1.TableKind_TABLE_KIND_TABLE, MetadataLocation: "/0",
	}}}
}

// swap has no expectation: it applies as often as it is let.
func swap(name, location string) *htsv1.Change {
	return &htsv1.Change{Change: &htsv1.Change_SwapTable{SwapTable: &htsv1.SwapTable{
		Key: &htsv1.TableKey{DatabaseId: "db", TableId: name}, MetadataLocation: location,
	}}}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
