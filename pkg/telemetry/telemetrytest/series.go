// Package telemetrytest reads, for tests, what a service tells Prometheus.
//
// It promises that an answer which is not in Prometheus' text form fails the test.
package telemetrytest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrapeTimeout bounds one answer.
const scrapeTimeout = 20 * time.Second

var (
	line  = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$`)
	label = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"`)
)

// Sample is one series with its value.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
}

// Samples are those of one scrape.
type Samples []Sample

// Fetch scrapes a URL.
func Fetch(t testing.TB, url string) Samples {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), scrapeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("scrape %s: %d %s %v", url, response.StatusCode, text, err)
	}
	return parse(t, string(text))
}

// Read scrapes a handler.
func Read(t testing.TB, handler http.Handler) Samples {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if recorder.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", recorder.Code, recorder.Body)
	}
	return parse(t, recorder.Body.String())
}

func parse(t testing.TB, text string) Samples {
	t.Helper()
	var found Samples
	for row := range strings.Lines(text) {
		if row = strings.TrimSpace(row); row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		parts := line.FindStringSubmatch(row)
		if parts == nil {
			t.Fatalf("not a sample: %s", row)
		}
		value, err := strconv.ParseFloat(parts[3], 64)
		if err != nil {
			t.Fatalf("%s: %v", row, err)
		}
		s := Sample{Name: parts[1], Labels: map[string]string{}, Value: value}
		for _, pair := range label.FindAllStringSubmatch(parts[2], -1) {
			s.Labels[pair[1]] = pair[2]
		}
		found = append(found, s)
	}
	return found
}

// Sum adds up the series of a name that have all these labels: name, value, name,
// value. It is 0 where there is none.
func (s Samples) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for _, sample := range s {
		if sample.Name == name && sample.has(labels) {
			sum += sample.Value
		}
	}
	return sum
}

// Has reports whether there is a series of the name.
func (s Samples) Has(name string) bool {
	for _, sample := range s {
		if sample.Name == name {
			return true
		}
	}
	return false
}

func (s Sample) has(labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if s.Labels[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}
