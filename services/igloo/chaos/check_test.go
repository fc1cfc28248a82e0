package chaos_test

import (
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

// sound is a history that keeps every promise, and what it leaves behind.
func sound() ([]chaos.Request, chaos.Observed) {
	ok, refused, missing := []chaos.Reply{{Status: 200, Location: "f"}}, []chaos.Reply{{Status: 409}}, []chaos.Reply{{Status: 404}}
	history := []chaos.Request{
		{ID: 1, Kind: chaos.Commit, Key: "k1", Called: 0, Returned: 10, Replies: ok, Effects: []chaos.Effect{{Table: "a", Snapshot: 1}}},
		{ID: 2, Kind: chaos.Commit, Called: 5, Returned: 20, Replies: refused, Effects: []chaos.Effect{{Table: "a", Snapshot: 2}}},
		{ID: 3, Kind: chaos.Commit, Called: 12, Returned: chaos.Forever, Effects: []chaos.Effect{
			{Table: "a", Snapshot: 3, Parent: 1}, {Table: "b", Value: "three"},
		}},
		{ID: 4, Kind: chaos.Load, From: "a", Called: 30, Returned: 40, Replies: ok, Seen: chaos.State{Main: 3}},
		{ID: 5, Space: chaos.TableNames, Kind: chaos.Create, From: "x", Called: 0, Returned: 9, Replies: ok},
		{ID: 6, Space: chaos.TableNames, Kind: chaos.Rename, From: "x", To: "y", Called: 10, Returned: chaos.Forever},
		{ID: 7, Space: chaos.TableNames, Kind: chaos.Exists, From: "y", Called: 20, Returned: 25, Replies: ok},
		{ID: 8, Space: chaos.TableNames, Kind: chaos.Drop, From: "x", Called: 30, Returned: 35, Replies: missing},
		{ID: 9, Space: chaos.Views, Kind: chaos.Create, From: "v", Value: "1", Key: "k9", Called: 0, Returned: 5, Replies: ok},
		{ID: 10, Space: chaos.Views, Kind: chaos.Replace, From: "v", Value: "2", Called: 6, Returned: 9, Replies: ok},
		{ID: 11, Space: chaos.Views, Kind: chaos.Rename, From: "v", To: "w", Called: 10, Returned: 12, Replies: ok},
		{ID: 12, Space: chaos.Views, Kind: chaos.Replace, From: "v", Value: "3", Called: 13, Returned: 14, Replies: missing},
		{ID: 13, Space: chaos.Views, Kind: chaos.Look, From: "w", Value: "2", Called: 20, Returned: 25, Replies: ok},
		{ID: 14, Space: chaos.Namespaces, Kind: chaos.Create, From: "n", Value: "1", Called: 0, Returned: 5, Replies: ok},
		{ID: 15, Space: chaos.Namespaces, Kind: chaos.Create, From: "n", Value: "2", Called: 6, Returned: 7, Replies: refused},
		{ID: 16, Space: chaos.Namespaces, Kind: chaos.Replace, From: "n", Value: "3", Called: 8, Returned: 9, Replies: ok},
		{ID: 17, Space: chaos.Namespaces, Kind: chaos.Look, From: "n", Value: "3", Called: 10, Returned: 11, Replies: ok},
		{ID: 18, Space: chaos.Namespaces, Kind: chaos.Drop, From: "n", Called: 12, Returned: 13, Replies: ok},
		{ID: 19, Space: chaos.Namespaces, Kind: chaos.Look, From: "n", Called: 14, Returned: 15, Replies: missing},
	}
	return history, chaos.Observed{
		Tables: map[string]chaos.Table{
			"a": {States: []chaos.State{{}, {Main: 1}, {Main: 3}}, Ancestors: []int64{3, 1}},
			"b": {States: []chaos.State{{}, {Value: "three"}}, Values: []string{"three"}},
		},
		Values:  map[string][]string{"w": {"1", "2"}},
		Replays: map[int]chaos.Reply{1: {Status: 200, Location: "f"}, 9: {Status: 200, Location: "f"}},
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
		"an orphan": {chaos.Orphaned, func(_ []chaos.Request, o *chaos.Observed) {
			o.Orphans = []string{"f"}
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
			history[7] = chaos.Request{ID: 8, Space: chaos.TableNames, Kind: chaos.Create, From: "y", Called: 30, Returned: 35, Replies: history[4].Replies}
		}},
		"a name dropped that is still found": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[5] = chaos.Request{ID: 6, Space: chaos.TableNames, Kind: chaos.Drop, From: "x", Called: 10, Returned: 15, Replies: history[4].Replies}
		}},
		"another body later": {chaos.ReplayDiffers, func(_ []chaos.Request, o *chaos.Observed) {
			o.Replays[9] = chaos.Reply{Status: 200, Location: "f", Digest: "other"}
		}},
		"a view's value comes back": {chaos.AppliedTwice, func(_ []chaos.Request, o *chaos.Observed) {
			o.Values["w"] = []string{"1", "2", "1"}
		}},
		"a replacement that is lost": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[12].Value = "1"
		}},
		"a refused replacement that is there": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[11].From, history[12].Value = "w", "3"
		}},
		"a view that is renamed and still there": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[11].Replies = history[8].Replies
		}},
		"a view renamed to one that exists": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[11] = chaos.Request{ID: 12, Space: chaos.Views, Kind: chaos.Rename, From: "w", To: "w", Called: 13, Returned: 14, Replies: history[8].Replies}
		}},
		"a view dropped that is still found": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[11] = chaos.Request{ID: 12, Space: chaos.Views, Kind: chaos.Drop, From: "w", Called: 13, Returned: 14, Replies: history[8].Replies}
		}},
		"a namespace made twice": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[14].Replies = history[13].Replies
		}},
		"a namespace's property that is lost": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[16].Value = "1"
		}},
		"a refused namespace that is there": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[16].Value = "2"
		}},
		"a namespace dropped that is still found": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[18].Value, history[18].Replies = "3", history[13].Replies
		}},
		"a namespace that is gone and was not dropped": {chaos.NotLinearizable, func(history []chaos.Request, _ *chaos.Observed) {
			history[17].Replies = []chaos.Reply{{Status: 404}}
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
