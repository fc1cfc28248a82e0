package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// Limits are what no catalog can be faster than: a server that sends the same bytes
// and does nothing else, and a folder in which files are created and synced.
const (
	sameBytes = "net/http, sending the same bytes"
	sameFiles = "files created and synced in a folder"
)

// The variables that make this program the server of the first of them.
const (
	sendFile = "IGLOO_BENCH_SEND"
	sendFrom = "IGLOO_BENCH_LISTEN"
)

// TestMain is that server where the variables are set.
func TestMain(m *testing.M) {
	if file := os.Getenv(sendFile); file != "" {
		fmt.Fprintln(os.Stderr, send(file, os.Getenv(sendFrom)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// send answers every request with the bytes of a file, as JSON of a known length.
func send(file, listen string) error {
	body, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return err
	}
	server := &http.Server{Addr: listen, ReadHeaderTimeout: startTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})}
	return server.ListenAndServe()
}

// limits of an operation, where it has one; like is a contestant to take the bytes from.
func limits(b *testing.B, operation string, like *entry, connections int) []*entry {
	b.Helper()
	var snapshots int
	if _, err := fmt.Sscanf(operation, "loadTable, %d", &snapshots); err == nil && operation == load.TableLoad(snapshots) {
		return []*entry{sending(b, operation, like.answer(b, snapshots), connections)}
	}
	if operation == load.DistinctCommits {
		return []*entry{syncing(b, operation)}
	}
	return nil
}

// sending is a server of some bytes.
func sending(b *testing.B, operation string, body []byte, connections int) *entry {
	b.Helper()
	file := filepath.Join(b.TempDir(), "answer")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		b.Fatal(err)
	}
	c, listen := &contestant{name: sameBytes}, iglootest.Address(b)
	c.target.URL = "http://" + listen
	c.run(b, proctest.Command{Path: os.Args[0], Env: []string{sendFile + "=" + file, sendFrom + "=" + listen}}, c.target.URL)
	return &entry{contestant: c, operation: operation, work: load.Get(c.target.URL, connections)}
}

// answer is what the contestant answers to a load of a table of so many snapshots.
func (e *entry) answer(b *testing.B, snapshots int) []byte {
	b.Helper()
	url, err := e.catalog.TableURL(b.Context(), snapshots)
	if err != nil {
		b.Fatal(err)
	}
	response, err := http.Get(url) //nolint:noctx // the benchmark's own; it has a limit
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return body
}

// syncing creates files of a small table's metadata and syncs each, and its folder.
func syncing(b *testing.B, operation string) *entry {
	b.Helper()
	folder := b.TempDir()
	content := make([]byte, 4096)
	work := func(_ context.Context, worker, turn int) (load.Step, error) {
		return load.Step{}, create(filepath.Join(folder, fmt.Sprintf("%d-%d-%d", time.Now().UnixNano(), worker, turn)), content)
	}
	return &entry{contestant: &contestant{name: sameFiles}, operation: operation, work: work}
}

func create(path string, content []byte) error {
	file, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
