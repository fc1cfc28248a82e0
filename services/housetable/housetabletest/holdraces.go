package housetabletest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// overlapRace: of two locations of which one is above the other, or that are the
// same, one is held afterwards, whoever came first.
func overlapRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range 5 * rounds {
		base := fmt.Sprintf("/w/%d/%d", round%7, round)
		first, second := base+"/t", []string{"/t", "/t/u", "/t/u/v/w", "", "/t"}[round%5]
		b.duel(t, createAt(fmt.Sprint("a", round), first), createAt(fmt.Sprint("b", round), base+second))
		b.duel(t, createOf(fmt.Sprint("c", round), housetable.UUID{byte(round), 1}), createOf(fmt.Sprint("d", round), housetable.UUID{byte(round), 1}))
	}
}

// moveRace: a move and a creation, or two moves, to overlapping locations.
func moveRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 2*rounds)
	for round := range rounds {
		base := fmt.Sprint("/w/", round)
		first, second := fmt.Sprint("t", 2*round), fmt.Sprint("t", 2*round+1)
		b.do(t, moveTo(first, base+"/first"))
		b.duel(t, moveTo(first, base+"/x/y"), createAt("c"+first, base+"/x"))
		b.duel(t, moveTo(first, base+"/z"), moveTo(second, base+"/z/y"))
	}
}

// besideRace: nobody stands in the way of those beside, in folders that are new
// to all of them.
func besideRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range rounds {
		verdicts := b.race(t, rivals, func(i int) housetable.Commit {
			return b.request(createAt(fmt.Sprintf("t%d_%d", round, i), fmt.Sprintf("/w/%d/%d/t%d", round, i/2, i)))
		})
		if won := count(verdicts, "committed"); won != rivals {
			t.Fatalf("%d of %d won", won, rivals)
		}
	}
}

// nestRace: many take, give up and take again locations above and below each
// other while empty folders are forgotten; whatever stands in the end overlaps
// nothing.
func nestRace(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	places := []string{"/w/a", "/w/a/b", "/w/a/b/c", "/w/a/b/d", "/w/a/e", "/w/f/g", "/w/f"}
	for round := range 2 * rounds {
		var sweeping sync.WaitGroup
		sweeping.Go(func() {
			for range 5 {
				if _, err := b.ForgetFolders(t.Context(), 3); err != nil {
					t.Errorf("forget folders: %v", err)
				}
			}
		})
		wanted := make([]string, rivals)
		verdicts := b.race(t, rivals, func(i int) housetable.Commit {
			wanted[i] = places[rand.N(len(places))] //nolint:gosec // no secret
			return b.request(createAt(fmt.Sprintf("t%d_%d", round, i), wanted[i]))
		})
		sweeping.Wait()
		b.checkNest(t, verdicts, wanted)
		b.race(t, rivals, func(i int) housetable.Commit {
			if verdictName(verdicts[i]) != "committed" {
				return b.request()
			}
			return b.request(housetable.DropTable{Key: key(fmt.Sprintf("t%d_%d", round, i))})
		})
	}
}

// checkNest wants those that won to overlap nothing, and those that lost to
// overlap one that won.
func (b *bench) checkNest(t testing.TB, verdicts []housetable.Verdict, wanted []string) {
	t.Helper()
	overlaps := func(i, j int) bool {
		return housetable.Hold("l:" + wanted[i]).Overlaps(housetable.Hold("l:" + wanted[j]))
	}
	for i, verdict := range verdicts {
		beaten := false
		for j, other := range verdicts {
			beaten = beaten || i != j && verdictName(other) == "committed" && overlaps(i, j)
		}
		if won := verdictName(verdict) == "committed"; won == beaten {
			t.Fatalf("%s: won %v, and overlaps a winner: %v (%v)", wanted[i], won, beaten, wanted)
		}
	}
}

// nestBatches: the same within one batch and against others.
func nestBatches(t *testing.T, b *bench) {
	t.Helper()
	b.seed(t, 0)
	for round := range rounds {
		var all sync.WaitGroup
		for lane := range 3 {
			all.Go(func() {
				commits := make([]housetable.Commit, 3)
				for i, tail := range []string{"", "/b", "/b/c"} {
					commits[i] = b.request(createAt(fmt.Sprintf("t%d_%d_%d", round, lane, i), fmt.Sprintf("/w/%d/a%s", round, tail)))
				}
				if _, err := b.Commit(t.Context(), commits); err != nil {
					t.Errorf("commit: %v", err)
				}
			})
		}
		all.Wait()
		there := 0
		for lane := range 3 {
			for i := range 3 {
				if b.table(t, key(fmt.Sprintf("t%d_%d_%d", round, lane, i))) != nil {
					there++
				}
			}
		}
		if there != 1 {
			t.Fatalf("%d tables are nested in each other", there)
		}
	}
}
