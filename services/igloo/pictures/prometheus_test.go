package pictures_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/pkg/proctest"
	"github.com/igloo-catalog/igloo/services/igloo/iglootest"
	"github.com/igloo-catalog/igloo/services/igloo/pictures"
)

const (
	// scraped is how often Prometheus asks, and rated what its rates are over: what
	// Grafana takes for $__rate_interval.
	scraped = time.Second
	rated   = 4 * scraped

	startTimeout = time.Minute
)

// prometheus is a server that scrapes Igloo.
type prometheus struct{ url string }

// newPrometheus starts one that scrapes jobs of instances at addresses.
func newPrometheus(t *testing.T, jobs map[string]map[string]string) *prometheus {
	t.Helper()
	folder, listen := t.TempDir(), iglootest.Address(t)
	config := fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %s}\nscrape_configs:\n", scraped, scraped)
	for job, instances := range jobs {
		config += fmt.Sprintf("- job_name: %s\n  static_configs:\n", job)
		for name, address := range instances {
			config += fmt.Sprintf("  - {targets: [%q], labels: {instance: %s}}\n", address, name)
		}
	}
	file := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	process, err := proctest.Start(proctest.Command{Path: proctest.Program(t, "prometheus", "pictures"), Args: []string{
		"--config.file", file, "--storage.tsdb.path", filepath.Join(folder, "data"), "--web.listen-address", listen, "--log.level", "warn",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	p := &prometheus{url: "http://" + listen}
	proctest.Await(t, process, startTimeout, func(ctx context.Context) error {
		if !iglootest.Answers(ctx, p.url+"/-/ready") {
			return fmt.Errorf("Prometheus is not ready at %s", p.url)
		}
		return nil
	})
	return p
}

// lines are what it answers to a target over a span of time.
func (p *prometheus) lines(ctx context.Context, of pictures.Target, from, to time.Time) ([]pictures.Line, error) {
	query := url.Values{
		"query": {of.Asked(rated)}, "step": {fmt.Sprint(scraped.Seconds())},
		"start": {from.Format(time.RFC3339Nano)}, "end": {to.Format(time.RFC3339Nano)},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v1/query_range?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer ranges
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", answer.Status, answer.Error)
	}
	return answer.lines(of)
}

// ranges are an answer of Prometheus.
type ranges struct {
	Status, Error string
	Data          struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any
		}
	}
}

func (r ranges) lines(of pictures.Target) ([]pictures.Line, error) {
	var all []pictures.Line
	for _, series := range r.Data.Result {
		l := pictures.Line{Name: of.Called(series.Metric)}
		for _, pair := range series.Values {
			at, _ := pair[0].(float64)
			text, _ := pair[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			l.Points = append(l.Points, pictures.Point{At: time.UnixMilli(int64(at * 1000)), Value: value})
		}
		all = append(all, l)
	}
	return all, nil
}
