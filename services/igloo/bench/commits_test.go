package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/benchtest"
)

const (
	// writers commit at the same time, each so many commits in a turn.
	writers = 16
	commits = 100
	schema  = `{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":false}]}`
)

// BenchmarkCommits runs all comparisons and prints their table.
func BenchmarkCommits(b *testing.B) {
	w := newWorld(b)
	w.prepare(b)
	for b.Loop() {
		benchtest.Report(b, "commits", w.compare(b))
	}
	b.ReportMetric(0, "ns/op")
}

// side is one way to commit.
type side struct {
	url            string
	writers, share int
	keyed          bool
	// shared has all writers commit to one table, each to its own branch.
	shared bool
}

// cost is what one turn of a side came to.
type cost struct{ rate, micros float64 }

// compare has all sides take their turns.
func (w *world) compare(b *testing.B) []benchtest.Finding {
	b.Helper()
	bare := side{url: w.whole, writers: writers, share: commits}
	keyed, bereaved := bare, bare
	keyed.keyed, bereaved.keyed, bereaved.url = true, true, w.bereaved
	single := side{url: w.whole, writers: 1, share: 4 * commits, shared: true}
	folded := bare
	folded.shared = true
	sides := map[string]side{"bare": bare, "keyed": keyed, "bereaved": bereaved, "single": single, "folded": folded}
	w.warm(b, sides)
	findings := findings()
	for range *turns {
		costs := map[string]cost{}
		for name, s := range sides { // in no order: nobody always comes first
			costs[name] = w.turn(b, s)
		}
		for _, f := range findings {
			f.rate.Add(costs[f.ours].rate, costs[f.theirs].rate)
			f.cpu.Add(costs[f.ours].micros, costs[f.theirs].micros)
		}
	}
	all := make([]benchtest.Finding, 0, 2*len(findings))
	for _, f := range findings {
		all = append(all, f.rate, f.cpu)
	}
	return all
}

// comparison is two sides beside one another.
type comparison struct {
	ours, theirs string
	rate, cpu    benchtest.Finding
}

func findings() []*comparison {
	compare := func(ours, theirs, what, against string, rate, cpu benchtest.Reach) *comparison {
		return &comparison{
			ours: ours, theirs: theirs,
			rate: benchtest.Finding{What: what, Against: against, Unit: "/s", Reach: rate},
			cpu:  benchtest.Finding{What: "the same: CPU a commit", Against: "of the other", Unit: "µs", Reach: cpu},
		}
	}
	const none = "without a key, 16 writers of 16 tables"
	return []*comparison{
		compare("keyed", "bare", "commits with an Idempotency-Key", none, benchtest.AtLeast(0.85), benchtest.AtMost(1.15)),
		compare("bereaved", "bare", "with a key, Redis stopped", none, benchtest.AtLeast(0.85), benchtest.AtMost(1.15)),
		compare("folded", "single", "16 writers of 16 branches of one table", "one writer of it", benchtest.AtLeast(1), benchtest.AtMost(1)),
		compare("folded", "bare", "16 writers of 16 branches of one table", none, benchtest.Reach{}, benchtest.Reach{}),
	}
}

// warm has every side commit, so that nothing is done for the first time in a turn.
func (w *world) warm(b *testing.B, sides map[string]side) {
	b.Helper()
	for _, s := range sides {
		w.turn(b, s)
	}
}

// turn has the writers of a side make their commits.
func (w *world) turn(b *testing.B, s side) cost {
	b.Helper()
	made := float64(s.writers * s.share)
	used, started := w.cpu(b), time.Now()
	var all sync.WaitGroup
	for i := range s.writers {
		all.Go(func() {
			for n := range s.share {
				if err := s.commit(i, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	took := time.Since(started)
	return cost{rate: made / took.Seconds(), micros: float64((w.cpu(b) - used).Microseconds()) / made}
}

// commit points a branch at the one of two snapshots that it is not at.
func (s side) commit(writer, n int) error {
	table := writer
	if s.shared {
		table = writers
	}
	body := fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-snapshot-ref","ref-name":"b%d","type":"branch","snapshot-id":%d}]}`, writer, 1+n%2)
	return post(fmt.Sprintf("%s/v1/namespaces/bench/tables/t%d", s.url, table), body, s.keyed)
}

// prepare makes a table for each writer, one for all, and their snapshots.
func (w *world) prepare(b *testing.B) {
	b.Helper()
	must := func(path, body string) {
		if err := post(w.whole+path, body, false); err != nil {
			b.Fatal(err)
		}
	}
	must("/v1/namespaces", `{"namespace":["bench"]}`)
	for table := range writers + 1 {
		must("/v1/namespaces/bench/tables", fmt.Sprintf(`{"name":"t%d","schema":%s}`, table, schema))
		for id := 1; id <= 2; id++ {
			must(fmt.Sprintf("/v1/namespaces/bench/tables/t%d", table), fmt.Sprintf(`{"requirements":[],"updates":[{"action":"add-snapshot","snapshot":{"snapshot-id":%[1]d,`+
				`"sequence-number":%[1]d,"timestamp-ms":%[2]d,"summary":{"operation":"append"},"manifest-list":"file:///nowhere/%[1]d.avro","schema-id":0}}]}`, id, time.Now().UnixMilli()))
		}
	}
}

var client = &http.Client{Timeout: startTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: writers}}

func post(url, body string, keyed bool) error {
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body)) //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if keyed {
		request.Header.Set("Idempotency-Key", uuid.Must(uuid.NewV7()).String())
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var said bytes.Buffer
	if _, err := io.Copy(&said, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s %.300s", url, response.Status, said.Bytes())
	}
	return nil
}
