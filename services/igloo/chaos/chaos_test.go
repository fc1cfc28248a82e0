package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

var (
	duration = flag.Duration("chaos.duration", 20*time.Second, "how long parts die around the clients")
	seed     = flag.Uint64("chaos.seed", 0, "which harms come in which order; 0 takes a new one")
)

// TestChaos lets clients work while parts of Igloo die and come back, and then
// holds every answer that they were given against what is there.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	// Sweeps take files that are about as old as a commit is on its way when parts
	// are away, and so come in between.
	cluster := newCluster(t, "--orphan-interval", "1s", "--orphan-age", "3s", "--orphan-scope", "warehouses",
		"--purge-interval", "500ms", "--purge-lease", "10s")
	w := &worker{client: newClient(cluster.urls), record: &record{}}
	w.prepare(t)
	nemesis := newNemesis(cluster, *seed)
	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var working sync.WaitGroup
	for range workers {
		working.Go(func() { w.run(ctx) })
	}
	if err := nemesis.run(ctx); err != nil {
		t.Error(err)
	}
	working.Wait()
	cluster.waitReady(t)
	// Sweeps come before what they must leave is looked at.
	orphans := cluster.orphans(t)
	if left := w.leftOfPurged(t); len(left) > 0 {
		t.Errorf("files of purged tables are left: %q; jobs: %s", left, cluster.unfinished(t))
	}
	observed := w.observe(t)
	observed.Orphans = orphans
	for _, violation := range chaos.Check(w.record.requests, observed) {
		t.Error(violation)
	}
	report(t, w.record.requests, observed, nemesis)
	t.Logf("%d commits went together with others to their table; %d tables were purged", together(w.record.requests), len(w.record.purged))
}

// subjects counts what requests were about.
func subjects(history []chaos.Request) string {
	about := map[chaos.Space]int{}
	for _, r := range history {
		about[r.Space]++
	}
	return fmt.Sprintf("%d were about tables, %d about names of tables, %d about views, %d about namespaces",
		about[""], about[chaos.TableNames], about[chaos.Views], about[chaos.Namespaces])
}

// together counts the commits to one table whose file is others' as well.
func together(history []chaos.Request) (n int) {
	shared := map[string]int{}
	for _, r := range history {
		if r.Kind == chaos.Commit && len(r.Effects) == 1 && len(r.Replies) > 0 && r.Replies[0].Location != "" {
			shared[r.Replies[0].Location]++
		}
	}
	for _, commits := range shared {
		if commits > 1 {
			n += commits
		}
	}
	return n
}

// report counts, and fails a run that shows nothing.
func report(t *testing.T, history []chaos.Request, observed chaos.Observed, n *nemesis) {
	t.Helper()
	var acknowledged, refused, unknown, doubled int
	for _, r := range history {
		switch {
		case len(r.Replies) == 0:
			unknown++
		case r.Replies[0].Status < 300:
			acknowledged++
		default:
			refused++
		}
		if len(r.Replies) > 1 {
			doubled++
		}
	}
	t.Logf("seed %d, %s: %d requests: %d done, %d refused, %d without an answer, %d answered twice; %d sent once more",
		*seed, *duration, len(history), acknowledged, refused, unknown, doubled, len(observed.Replays))
	t.Logf("of these %s", subjects(history))
	t.Logf("harm: %s; %d orphans left", n, len(observed.Orphans))
	if acknowledged < 100 || refused == 0 || doubled == 0 || len(n.done) < 3 {
		t.Error("too little happened for the run to show anything")
	}
}
