package httpserver_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/httpserver"
)

// TestDrainDelay asks while the server is told to end, as a load balancer does that has
// not seen it yet: it is answered, on a connection that ends with the answer.
func TestDrainDelay(t *testing.T) {
	probes := httpserver.NewProbes(func(context.Context) error { return nil })
	mux := http.NewServeMux()
	probes.Register(mux)
	server, err := httpserver.Listen(t.Context(), "127.0.0.1:0", mux,
		httpserver.Options{Settings: httpserver.Settings{DrainDelay: 3 * time.Second}}, quiet(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	if status, closes := ask(t, server.URL()+"/readyz"); status != http.StatusOK || closes {
		t.Errorf("before: %d, connection ends %v", status, closes)
	}
	probes.Drain()
	end()
	for deadline := time.Now().Add(2 * time.Second); ; {
		status, closes := ask(t, server.URL()+"/readyz")
		if status == http.StatusServiceUnavailable && closes {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("meanwhile: %d, connection ends %v", status, closes)
		}
	}
	if status, _ := ask(t, server.URL()+"/livez"); status != http.StatusOK {
		t.Errorf("meanwhile nothing is served: %d", status)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func ask(t *testing.T, url string) (status int, closes bool) {
	t.Helper()
	response, _ := get(t, url, nil)
	return response.StatusCode, response.Close
}
