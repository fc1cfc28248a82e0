package command

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestFewestColumnsAreMoved: those that are told of, moved, make one order the other;
// and no fewer would, as every smaller choice shows.
func TestFewestColumnsAreMoved(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 1 + r.IntN(7)
		before, after := make([]flatColumn, n), make([]flatColumn, n)
		for i, id := range r.Perm(n) {
			before[i].ID = i + 1
			after[i].ID = id + 1
		}
		moved := movedColumns(before, after)
		if !rises(after, func(id int) bool { _, is := moved[id]; return !is }) {
			t.Fatalf("%v: the rest of %v is not in order", moved, ids(after))
		}
		for choice := range 1 << n {
			if kept := func(id int) bool { return choice>>(id-1)&1 == 1 }; rises(after, kept) && popcount(choice) > n-len(moved) {
				t.Fatalf("%v are moved in %v, and fewer would do", moved, ids(after))
			}
		}
	}
}

// rises reports whether the ids that are kept rise.
func rises(columns []flatColumn, kept func(int) bool) bool {
	var some []int
	for _, id := range ids(columns) {
		if kept(id) {
			some = append(some, id)
		}
	}
	return slices.IsSorted(some)
}

func ids(columns []flatColumn) []int {
	all := make([]int, len(columns))
	for i, c := range columns {
		all[i] = c.ID
	}
	return all
}

func popcount(n int) int { return strings.Count(fmt.Sprintf("%b", n), "1") }
