package pictures_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/igloo/load"
)

// mix is how many turns of each operation are due a second, in quiet times.
var mix = map[string]float64{
	load.TableLoad(1): 20, load.TableLoad(100): 6, "tableExists": 8,
	load.DistinctCommits: 6, load.ContendedCommits: 6, load.BranchCommits: 3, load.CreateTable: 1, load.Transaction(2): 1,
}

// waves are how many times as much is due in each part of a run.
var waves = []float64{1, 3, 1, 2}

// workers is how many there are of each operation.
const workers = 8

// prepare makes what the mix needs, and returns what puts it on Igloo, a wave after
// the other, so long in all.
func (i *igloo) prepare(t *testing.T, owner string) func(long time.Duration) {
	t.Helper()
	c, err := load.Open(t.Context(), load.Target{URL: i.URL, Replicas: []string{i.second}, Token: owner}, len(mix)*workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	works := map[string]load.Work{}
	for _, operation := range load.Operations() {
		if mix[operation.Name] == 0 {
			continue
		}
		if works[operation.Name], err = operation.Prepare(t.Context(), c, workers); err != nil {
			t.Fatalf("%s: %v", operation.Name, err)
		}
	}
	return func(long time.Duration) {
		var all sync.WaitGroup
		for name, work := range works {
			all.Go(func() { waved(t, name, work, long) })
		}
		all.Wait()
	}
}

// waved does one operation. That some fail on a busy machine is in the picture.
func waved(t *testing.T, name string, work load.Work, long time.Duration) {
	t.Helper()
	for _, times := range waves {
		plan := load.Plan{Connections: workers, Duration: long / time.Duration(len(waves)), Rate: mix[name] * times}
		result, err := load.Run(t.Context(), work, plan)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %d done, %d failed, 99 of 100 within %s", name, result.Done, result.Errors, result.Latency.P99)
	}
}

// visit does what the mix has not, once: a table is made under a key, twice, read with
// keys to its files, refused a commit, and dropped with its files.
func (i *igloo) visit(ctx context.Context, owner, hasty string) error {
	name, key := "t"+strings.ReplaceAll(uuid.NewString(), "-", ""), uuid.Must(uuid.NewV7()).String()
	table := "/v1/namespaces/visited/tables/" + name
	make := request{i.URL, http.MethodPost, "/v1/namespaces/visited/tables", creation(name), []string{"Idempotency-Key", key}}
	elsewhere := make
	elsewhere.server = i.second
	for _, step := range []struct {
		request
		want int
	}{
		{make, http.StatusOK},
		{make, http.StatusOK},
		{elsewhere, http.StatusOK},
		{request{i.URL, http.MethodGet, table, "", []string{"X-Iceberg-Access-Delegation", "vended-credentials"}}, http.StatusOK},
		{request{i.URL, http.MethodPost, table, `{"requirements":[{"type":"assert-table-uuid","uuid":"` + uuid.NewString() + `"}],"updates":[]}`, nil}, http.StatusConflict},
		{request{i.URL, http.MethodGet, table + "s", "", nil}, http.StatusNotFound},
		{request{i.URL, http.MethodDelete, table + "?purgeRequested=true", "", nil}, http.StatusNoContent},
	} {
		if err := step.answered(ctx, owner, step.want); err != nil {
			return err
		}
	}
	return i.hurry(ctx, hasty)
}

func creation(table string) string {
	return `{"name":"` + table + `","schema":{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":false,"type":"long"}]}}`
}

// hurry asks for twice as much as one caller may, who is granted nothing.
func (i *igloo) hurry(ctx context.Context, who string) error {
	const hands = 4
	failures := make([]error, hands)
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() {
			for range 2 * haste * int(paused/time.Millisecond) / 1000 / hands {
				asked := request{i.URL, http.MethodGet, "/v1/namespaces/visited", "", nil}
				if err := asked.answered(ctx, who, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests); err != nil {
					failures[hand] = err
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

// request is one to a server.
type request struct {
	server, method, path, body string
	header                     []string
}

// post has a request done that has to be.
func (i *igloo) post(ctx context.Context, token, path, body string, header ...string) error {
	return request{i.URL, http.MethodPost, path, body, header}.answered(ctx, token, http.StatusOK)
}

// answered is nil when the answer has one of these statuses.
func (r request) answered(ctx context.Context, token string, wanted ...int) error {
	status, text, err := r.send(ctx, token)
	if err != nil {
		return err
	}
	if !slices.Contains(wanted, status) {
		return fmt.Errorf("%s %s: %d %s", r.method, r.path, status, text)
	}
	return nil
}

func (r request) send(ctx context.Context, token string) (int, string, error) {
	sent, err := http.NewRequestWithContext(ctx, r.method, r.server+r.path, strings.NewReader(r.body))
	if err != nil {
		return 0, "", err
	}
	sent.Header.Set("Authorization", "Bearer "+token)
	sent.Header.Set("Content-Type", "application/json")
	for h := 0; h+1 < len(r.header); h += 2 {
		sent.Header.Set(r.header[h], r.header[h+1])
	}
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}
