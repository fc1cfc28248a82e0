package rest_test

import (
	"fmt"
	"sync"
	"testing"
)

// Many writers of one table, at two replicas: what was acknowledged is there, and
// each snapshot once, in one line.
func TestConcurrentCommits(t *testing.T) {
	w := withTable(t)
	replicas := []*world{w, w.replica(t)}
	w.must(t, "POST", table, appends(1, 0, "file:///m1"))
	const writers, rounds = 12, 8
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for n := range rounds {
				r, name := replicas[(i+n)%2], fmt.Sprintf("%d-%d", i, n)
				switch i % 3 {
				case 0:
					r.must(t, "POST", table, setProperty("p"+name, "1"))
				case 1:
					r.must(t, "POST", table, tagged("t"+name), key(n*writers+i)...)
				default:
					r.append(t, int64(1000+i*rounds+n))
				}
			}
		})
	}
	group.Wait()
	metadata := at(w.replica(t).must(t, "GET", table, ""), "metadata")
	for i := range writers {
		for n := range rounds {
			property, tag := text(metadata, "properties", fmt.Sprintf("p%d-%d", i, n)), at(metadata, "refs", fmt.Sprintf("t%d-%d", i, n))
			if i%3 == 0 && property != "1" || i%3 == 1 && tag == nil {
				t.Errorf("commit %d of writer %d is lost", n, i)
			}
		}
	}
	snapshots := at(metadata, "snapshots").([]any)
	for i, snapshot := range snapshots {
		if i > 0 && at(snapshot, "parent-snapshot-id") != at(snapshots[i-1], "snapshot-id") {
			t.Errorf("%v does not follow %v", snapshot, snapshots[i-1])
		}
	}
	files, versions := len(w.metadataFiles(t)), len(at(metadata, "metadata-log").([]any))+1
	if want := 1 + writers/3*rounds; len(snapshots) != want || files != versions || files > writers*rounds {
		t.Errorf("%d snapshots, want %d; %d files for %d versions", len(snapshots), want, files, versions)
	}
	t.Logf("%d commits were %d files", writers*rounds+2, files)
}

// append appends a snapshot as an engine does: on what is now, until it fits.
func (w *world) append(t *testing.T, id int64) {
	t.Helper()
	for {
		head := at(w.must(t, "GET", table+"?snapshots=refs", ""), "metadata")
		parent, sequence := int64(at(head, "current-snapshot-id").(float64)), int64(at(head, "last-sequence-number").(float64))
		body := appendsAt(id, parent, sequence+1, fmt.Sprintf("file:///m%d", id))
		switch r := w.do(t, "POST", table, body); r.status {
		case 200:
			return
		case 409:
		default:
			t.Errorf("%d %s", r.status, r.body)
			return
		}
	}
}
