package chaos_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

// sound is a history that keeps every promise, and what it leaves behind.
func sound() ([]chaos.Request, chaos.Observed) {
	ok, refused := []chaos.Reply{{Status: 200, Location: "f"}}, []chaos.Reply{{Status: 409}}
	history := []chaos.Request{
		{ID: 1, Kind: chaos.Commit, Key: "k1", Called: 0, Returned: 10, Replies: ok, Effects: []chaos.Effect{{Table: "a", Snapshot: 1}}},
		{ID: 2, Kind: chaos.Commit, Called: 5, Returned: 20, Replies: refused, Effects: []chaos.Effect{{Table: "a", Snapshot: 2}}},
		{ID: 3, Kind: chaos.Commit, Called: 12, Returned: chaos.Forever, Effects: []chaos.Effect{
			{Table: "a", Snapshot: 3, Parent: 1}, {Table: "b", Value: "three"},
		}},
		{ID: 4, Kind: chaos.Load, From: "a", Called: 30, Returned: 40, Replies: ok, Seen: chaos.State{Main: 3}},
		{ID: 5, Kind: chaos.Create, From: "x", Called: 0, Returned: 9, Replies: ok},
		{ID: 6, Kind: chaos.Rename, From: "x", To: "y", Called: 10, Returned: chaos.Forever},
		{ID: 7, Kind: chaos.Exists, From: "y", Called: 20, Returned: 25, Replies: ok},
		{ID: 8, Kind: chaos.Drop, From: "x", Called: 30, Returned: 35, Replies: []chaos.Reply{{Status: 404}}},
	}
	return history, chaos.Observed{
		Tables: map[string]chaos.Table{
			"a": {States: []chaos.State{{}, {Main: 1}, {Main: 3}}, Ancestors: []int64{3, 1}},
			"b": {States: []chaos.State{{}, {Value: "three"}}, Values: []string{"three"}},
		},
		Replays: map[int]chaos.Reply{1: {Status: 200, Location: "f"}},
	}
}

func TestASoundHistoryPasses(t *testing.T) {
	if found := chaos.Check(sound()); len(found) > 0 {
		t.Error(found)
	}
}

// Each plants one broken promise in the sound history.
func TestEveryBrokenPromiseIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		rule  chaos.Rule
		spoil func(history []chaos.Request, observed *chaos.Observed)
	}{
		"a snapshot is gone": {chaos.Lost, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["a"] = chaos.Table{States: []chaos.State{{}}}
		}},
		"a snapshot is off the main branch": {chaos.Lost, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["a"] = chaos.Table{States: []chaos.State{{}, {Main: 1}, {Main: 3}}, Ancestors: []int64{3}}
		}},
		"a head comes back": {chaos.AppliedTwice, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["a"] = chaos.Table{States: []chaos.State{{}, {Main: 1}, {Main: 3}, {Main: 1}, {Main: 3}}, Ancestors: []int64{3, 1}}
		}},
		"a value comes back": {chaos.AppliedTwice, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["b"] = chaos.Table{States: []chaos.State{{}, {Value: "three"}, {Value: "four"}, {Value: "three"}}, Values: []string{"three"}}
		}},
		"a refused commit is there": {chaos.RefusedAndApplied, func(history []chaos.Request, _ *chaos.Observed) {
			history[2].Replies = []chaos.Reply{{Status: 409}}
		}},
		"half a transaction": {chaos.Torn, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["b"] = chaos.Table{}
		}},
		"two answers under one key": {chaos.RepliesDiffer, func(history []chaos.Request, _ *chaos.Observed) {
			history[0].Replies = append(history[0].Replies, chaos.Reply{Status: 200, Location: "g"})
		}},
		"another answer later": {chaos.ReplayDiffers, func(_ []chaos.Request, o *chaos.Observed) {
			o.Replays[1] = chaos.Reply{Status: 409}
		}},
		"a replay that changes a table": {chaos.ReplayMoved, func(_ []chaos.Request, o *chaos.Observed) {
			o.Moved = []string{"a"}
		}},
		"a file that is gone": {chaos.FileMissing, func(_ []chaos.Request, o *chaos.Observed) {
			o.Tables["b"] = chaos.Table{States: o.Tables["b"].States, Values: o.Tables["b"].Values, Missing: []string{"file:///b"}}
		}},
		"a stale load": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[3].Seen = chaos.State{}
		}},
		"an append to what was no head": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[2].Effects[0].Parent = 7
		}},
		"a name that nobody made": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[6].From = "z"
		}},
		"a name made twice": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[7] = chaos.Request{ID: 8, Kind: chaos.Create, From: "y", Called: 30, Returned: 35, Replies: history[4].Replies}
		}},
		"a name dropped that is still found": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[5] = chaos.Request{ID: 6, Kind: chaos.Drop, From: "x", Called: 10, Returned: 15, Replies: history[4].Replies}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			history, observed := sound()
			c.spoil(history, &observed)
			for _, v := range chaos.Check(history, observed) {
				if v.Rule == c.rule {
					return
				}
			}
			t.Errorf("not found: %s", c.rule)
		})
	}
}
