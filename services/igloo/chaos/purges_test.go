package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Purges are looked for all the time, and take seconds: a table's earlier
// metadata goes first, then its statistics, and last what all is found through.
const (
	purgeInterval = "20ms"
	purgeLease    = "1s"
	deleteRate    = "4"

	pastVersions = 4
	pastFigures  = 4
)

// purgeTime is how long after the last drop files of purged tables may be left: a
// purge that fails is begun again later and later.
const purgeTime = 3 * time.Minute

// purge makes a table that nobody else knows of, and drops it with its files.
func (w *worker) purge(ctx context.Context) {
	name := "p" + uuid.NewString()
	steps := []wire{
		{method: http.MethodPost, path: strings.TrimSuffix(tablePath, "/"), body: fmt.Sprintf(`{"name":%q,"schema":%s}`, name, schema)},
		{method: http.MethodPost, path: tablePath + name, body: `{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"1"}}]}`},
		{method: http.MethodDelete, path: tablePath + name + "?purgeRequested=true"},
	}
	var location string
	for _, sent := range steps {
		sent.key = uuid.Must(uuid.NewV7()).String()
		a := w.client.insist(ctx, sent)
		if a.status < http.StatusOK || a.status >= http.StatusMultipleChoices {
			return
		}
		if at := a.reply().Location; at != "" {
			location = at
		}
	}
	w.record.mu.Lock()
	defer w.record.mu.Unlock()
	w.record.purged = append(w.record.purged, filepath.Dir(filepath.Dir(strings.TrimPrefix(location, "file://"))))
}

// leftOfPurged waits for the purges, and returns the files that should be gone.
func (w *worker) leftOfPurged(t *testing.T) []string {
	t.Helper()
	for limit := time.Now().Add(purgeTime); ; <-time.After(100 * time.Millisecond) {
		left := make([]string, 0, len(w.record.purged))
		for _, folder := range w.record.purged {
			left = append(left, (purgeable{folder: folder}).files(t)...)
		}
		if len(left) == 0 || time.Now().After(limit) {
			return left
		}
	}
}

// unfinished are the states of jobs that have not succeeded.
func (c *cluster) unfinished(t *testing.T) string {
	t.Helper()
	hts := &client{urls: []string{strings.TrimSuffix(c.housetables[0].ready, "/readyz")}, http: http.DefaultClient}
	a := hts.insist(t.Context(), wire{method: http.MethodGet, path: "/hts/jobs/query?engineType=igloo-catalog"})
	jobs := strings.Split(string(a.body), `{"jobId":`)
	return strings.Join(slices.DeleteFunc(jobs, func(job string) bool { return strings.Contains(job, `"state":"SUCCEEDED"`) }), "; ")
}

// purgePoints are what becomes of a replica in the middle of a purge.
func purgePoints() map[string]func(*cluster) error {
	return map[string]func(*cluster) error{
		"while purging, killed": func(c *cluster) error { return c.catalogs[0].kill() },
		"while purging, silent": func(c *cluster) error { return c.catalogs[0].stop() },
	}
}

// diePurging lets a replica die, or fall silent, once some of a dropped table's
// files are gone and others are not. Another one goes on; a table that comes to
// lie at the same place by then keeps every file, whatever the silent one does
// when it wakes up.
func diePurging(t *testing.T, c *cluster, w *worker, die func(*cluster) error, name string) {
	t.Helper()
	neighbour := w.purgeable(t, name+"_neighbour", "")
	kept := neighbour.files(t)
	purged := w.halfPurged(t, c, die, name, neighbour)
	wake(t, c.catalogs[1])
	awaitGone(t, purged.folder)
	again := w.at(c, 1).purgeable(t, name+"_again", purged.folder)
	born := again.files(t)
	if !c.catalogs[0].died() {
		wake(t, c.catalogs[0])
		w.purgeAt(t, c, 0, name+"_next") // one purge at a time: that of before has ended
	}
	heal(t, c)
	for was, table := range map[*[]string]purgeable{&kept: neighbour, &born: again} {
		if now := table.files(t); !slices.Equal(now, *was) {
			t.Errorf("%s has %q, want %q", table.name, now, *was)
		}
		w.must(t, wire{method: http.MethodGet, path: tablePath + table.name})
	}
}

// purgeable is a table with a past, and the folder of its files.
type purgeable struct{ name, folder string }

// purgeable makes one, in the folder that is named, if one is.
func (w *worker) purgeable(t *testing.T, name, folder string) purgeable {
	t.Helper()
	var at string
	if folder != "" {
		at = fmt.Sprintf(`,"location":"file://%s"`, folder)
	}
	w.must(t, wire{
		method: http.MethodPost, path: strings.TrimSuffix(tablePath, "/"), key: uuid.Must(uuid.NewV7()).String(), // sent again while files are deleted there
		body: fmt.Sprintf(`{"name":%q,"schema":%s%s}`, name, schema, at),
	})
	for i := range pastVersions {
		w.must(t, wire{method: http.MethodPost, path: tablePath + name, body: fmt.Sprintf(
			`{"requirements":[],"updates":[{"action":"set-properties","updates":{"n":"%d"}}]}`, i)})
	}
	return purgeable{name, filepath.Dir(filepath.Dir(strings.TrimPrefix(w.document(t, name).at, "file://")))}
}

// figures gives a table statistics files, and names a foreign file among them.
func (w *worker) figures(t *testing.T, p purgeable, foreign string) {
	t.Helper()
	for i := range pastFigures {
		file := fmt.Sprintf("%s/metadata/%d.puffin", p.folder, i)
		if i == 0 {
			file = foreign
		} else if err := os.WriteFile(file, []byte("figures"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.must(t, wire{method: http.MethodPost, path: tablePath + p.name, body: fmt.Sprintf(
			`{"requirements":[],"updates":[{"action":"set-partition-statistics","partition-statistics":`+
				`{"snapshot-id":%d,"statistics-path":"file://%s","file-size-in-bytes":7}}]}`, i+1, file)})
	}
}

func (p purgeable) files(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(p.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted just now
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// halfPurged drops a table that the first catalog alone can purge, and lets it die
// once a part is gone. Should all be gone by then, another table is tried.
func (w *worker) halfPurged(t *testing.T, c *cluster, die func(*cluster) error, name string, neighbour purgeable) purgeable {
	t.Helper()
	for n := range 20 {
		p := w.purgeable(t, fmt.Sprintf("%s_%d", name, n), "")
		w.figures(t, p, neighbour.files(t)[0])
		all := len(p.files(t))
		if err := c.catalogs[1].stop(); err != nil {
			t.Fatal(err)
		}
		w.drop(t, c, 0, p.name)
		for limit := time.Now().Add(startTimeout); len(p.files(t)) == all; <-time.After(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("nothing is purged")
			}
		}
		if err := die(c); err != nil {
			t.Fatal(err)
		}
		if left := len(p.files(t)); left > 0 {
			t.Logf("%d of %d files are left", left, all)
			return p
		}
		wake(t, c.catalogs[1])
		heal(t, c)
	}
	t.Fatal("purges are over at once")
	return purgeable{}
}

// purgeAt has one catalog purge a table.
func (w *worker) purgeAt(t *testing.T, c *cluster, i int, name string) {
	t.Helper()
	p := w.purgeable(t, name, "")
	other := c.catalogs[1-i]
	if err := other.stop(); err != nil {
		t.Fatal(err)
	}
	w.drop(t, c, i, name)
	awaitGone(t, p.folder)
	wake(t, other)
}

// at asks one catalog alone.
func (w *worker) at(c *cluster, i int) *worker {
	return &worker{client: &client{urls: c.urls[i : i+1], http: w.client.http}}
}

func (w *worker) drop(t *testing.T, c *cluster, i int, name string) {
	t.Helper()
	w.at(c, i).must(t, wire{method: http.MethodDelete, path: tablePath + name + "?purgeRequested=true"})
}

// awaitGone waits until no file is left in a folder.
func awaitGone(t *testing.T, folder string) {
	t.Helper()
	for limit := time.Now().Add(startTimeout); len((purgeable{folder: folder}).files(t)) > 0; <-time.After(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("left: %q", (purgeable{folder: folder}).files(t))
		}
	}
}

func wake(t *testing.T, p *program) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}
