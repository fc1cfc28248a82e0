package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// python runs one of this folder's scripts and returns what it wrote.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, interpreter(t), append([]string{script}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// interpreter is a Python with the packages of requirements.txt.
func interpreter(t *testing.T) string {
	t.Helper()
	path := os.Getenv("IGLOO_PYTHON")
	if path == "" {
		proctest.Absent(t, errors.New("IGLOO_PYTHON names no Python with the packages of requirements.txt"), "test")
	}
	return path
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
	return sendBy(ctx, http.DefaultClient, method, url, body, header...)
}

// sendBy is send by a client of one's own.
func sendBy(ctx context.Context, client *http.Client, method, url, body string, header ...string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}
