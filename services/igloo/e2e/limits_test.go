package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
)

// TestHasteIsRefused: who asks too much gets 429 with a time to come again, in the
// words of each protocol, and probes and metrics are answered all the same.
func TestHasteIsRefused(t *testing.T) {
	rate := []string{"--request-rate", "0.001"}
	for name, d := range map[string]*iglootest.Deployment{
		"embedded": iglootest.Shapes()[0].Start(t, rate...), "split": iglootest.Split(t, rate, rate),
	} {
		for url, says := range map[string]string{
			d.URL + "/v1/namespaces": `"type":"TooManyRequestsException","code":429`,
			d.HTS + "/hts/databases": `"status":"TOO_MANY_REQUESTS"`,
		} {
			ask(t, http.MethodGet, url, "")
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			status, body := ask(t, http.MethodGet, url, "")
			if status != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" || !strings.Contains(body, says) {
				t.Errorf("%s: %s: %d %q %s", name, url, status, response.Header, body)
			}
		}
		if status, _ := ask(t, http.MethodGet, d.URL+"/readyz", ""); status != http.StatusOK {
			t.Errorf("%s: not ready: %d", name, status)
		}
		if refused := telemetrytest.Fetch(t, d.URL+"/metrics").Sum("igloo_limit_refusals_total", "limit", "rate"); refused < 2 {
			t.Errorf("%s: %v refusals are counted", name, refused)
		}
	}
}

// TestDeepBodiesAreRefused: JSON that is nested without end is a 400 on both sides.
func TestDeepBodiesAreRefused(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`
	for _, shape := range iglootest.Shapes() {
		d := shape.Start(t)
		for _, url := range []string{d.URL + "/v1/namespaces", d.HTS + "/hts/namespaces"} {
			if status, body := ask(t, http.MethodPost, url, deep); status != http.StatusBadRequest || !strings.Contains(body, "levels deep") {
				t.Errorf("%s: %s: %d %s", shape.Name, url, status, body)
			}
		}
	}
}
