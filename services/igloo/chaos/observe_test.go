package chaos_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

// document is as much of a metadata file as tells a table's past.
type document struct {
	at         string            // where it lies, if that was asked for
	Current    *int64            `json:"current-snapshot-id"`
	Properties map[string]string `json:"properties"`
	Snapshots  []struct {
		ID     int64 `json:"snapshot-id"`
		Parent int64 `json:"parent-snapshot-id"`
	} `json:"snapshots"`
	Log []struct {
		File string `json:"metadata-file"`
	} `json:"metadata-log"`
}

func (d document) state() chaos.State {
	s := chaos.State{Value: d.Properties["n"]}
	if d.Current != nil && *d.Current > 0 {
		s.Main = *d.Current
	}
	return s
}

// ancestors are the snapshots of the main branch, the head first.
func (d document) ancestors() []int64 {
	parents := map[int64]int64{}
	for _, s := range d.Snapshots {
		parents[s.ID] = s.Parent
	}
	var line []int64
	for id := d.state().Main; id != 0 && len(line) <= len(parents); id = parents[id] {
		line = append(line, id)
	}
	return line
}

func (d document) values() []string {
	var values []string
	for name := range d.Properties {
		if value, ok := strings.CutPrefix(name, "v."); ok {
			values = append(values, value)
		}
	}
	return values
}

// locations are where the tables' metadata and the names are.
func (w *worker) locations(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for i := range tables {
		a := w.must(t, wire{method: http.MethodGet, path: tablePath + tableName(i) + "?snapshots=refs"})
		found[tableName(i)] = a.reply().Location
	}
	for _, path := range []string{namePath, viewPath, namespacePath} {
		found[path] = string(w.must(t, wire{method: http.MethodGet, path: path}).body)
	}
	for _, name := range names {
		for _, path := range []string{viewPath + "/" + name, namespacePath + "/" + name} {
			found[path] = string(w.client.insist(t.Context(), wire{method: http.MethodGet, path: path}).body)
		}
	}
	return found
}

// table reads a table's past from its files.
func table(t *testing.T, location string) chaos.Table {
	t.Helper()
	last, err := read(location)
	if err != nil {
		t.Fatal(err)
	}
	found := chaos.Table{Ancestors: last.ancestors(), Values: last.values()}
	for _, entry := range last.Log {
		d, err := read(entry.File)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found.Missing = append(found.Missing, entry.File)
		case err != nil:
			t.Fatal(err)
		default:
			found.States = append(found.States, d.state())
		}
	}
	found.States = append(found.States, last.state())
	return found
}

func read(location string) (document, error) {
	var d document
	u, err := url.Parse(location)
	if err != nil {
		return d, err
	}
	data, err := os.ReadFile(u.Path)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(data, &d)
}

// observe sends every settled request with a key once more, and tells what is there.
func (w *worker) observe(t *testing.T) chaos.Observed {
	t.Helper()
	before := w.locations(t)
	observed := chaos.Observed{Tables: map[string]chaos.Table{}, Values: w.values(t), Replays: w.replayAll(t)}
	after := w.locations(t)
	for name, location := range after {
		if steady(before[name]) != steady(location) {
			observed.Moved = append(observed.Moved, name)
		}
	}
	for i := range tables {
		observed.Tables[tableName(i)] = table(t, after[tableName(i)])
	}
	slices.Sort(observed.Moved)
	return observed
}

// steady is an answer without the id of its request.
func steady(said string) string {
	said, _, _ = strings.Cut(said, `,"stack":`)
	return said
}

// values looks at every view and namespace once more, and tells the values that
// each view ever had.
func (w *worker) values(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, name := range names {
		w.look(t.Context(), chaos.Namespaces, name)
		if view := w.look(t.Context(), chaos.Views, name); view.Location != "" {
			found[name] = view.history()
		}
	}
	return found
}

func (w *worker) replayAll(t *testing.T) map[int]chaos.Reply {
	t.Helper()
	replies := map[int]chaos.Reply{}
	var mu sync.Mutex
	var senders sync.WaitGroup
	requests := make(chan chaos.Request)
	for range workers {
		senders.Go(func() {
			for r := range requests {
				a := w.client.insist(t.Context(), w.record.wires[r.ID])
				mu.Lock()
				replies[r.ID] = a.reply()
				mu.Unlock()
			}
		})
	}
	for _, r := range w.record.requests {
		if r.Key != "" && len(r.Replies) > 0 {
			requests <- r
		}
	}
	close(requests)
	senders.Wait()
	return replies
}
