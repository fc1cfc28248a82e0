package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/igloo-catalog/igloo/pkg/telemetry/telemetrytest"
)

// twins are two replicas, of which one has just committed to n.t and so remembers it.
type twins struct {
	*testing.T

	one, two *world
	read     func() telemetrytest.Samples // of one
}

func newTwins(t *testing.T, change ...func(*choices)) *twins {
	t.Helper()
	measuring, read := measured(t)
	one := withTable(t, append(change, measuring)...)
	w := &twins{T: t, one: one, two: one.replica(t), read: read}
	one.must(t, "POST", table, appends(1, 0, "file:///m1"))
	one.must(t, "POST", table, appends(2, 1, "file:///m2"))
	return w
}

// pointerReads are the readings of pointers by one.
func (w *twins) pointerReads() float64 {
	return w.read().Sum("rpc_client_call_duration_seconds_count", "rpc_method", "igloo.housetable.v1.TableService/GetTable")
}

// remains checks that each version has its file and no other file is there.
func (w *twins) remains() map[string]any {
	w.Helper()
	now := at(w.one.replica(w.T).must(w.T, "GET", table, ""), "metadata")
	if files, versions := w.one.metadataFiles(w.T), len(at(now, "metadata-log").([]any))+1; len(files) != versions {
		w.Errorf("%d versions, and %q", versions, files)
	}
	return now.(map[string]any)
}

func TestARememberedTableIsNotRead(t *testing.T) {
	w := newTwins(t)
	before := w.pointerReads()
	for i := range 5 {
		w.one.must(t, "POST", table, appends(int64(3+i), int64(2+i), "file:///m"))
	}
	if more := w.pointerReads() - before; more != 0 {
		t.Errorf("it was read %v times", more)
	}
	if found := w.read().Sum("igloo_cache_lookups_total", "cache", "heads", "result", "hit"); found != 6 {
		t.Errorf("%v commits found it remembered", found)
	}
	if now := w.remains(); len(at(now, "snapshots").([]any)) != 7 {
		t.Errorf("%v", now)
	}
}

// What was committed elsewhere is there, and what fits it is applied: nothing that is
// remembered refuses it.
func TestReplicasThatCommitInTurn(t *testing.T) {
	w := newTwins(t)
	for i := range 20 {
		replica := []*world{w.two, w.one}[i%2]
		replica.must(t, "POST", table, appends(int64(3+i), int64(2+i), "file:///m"))
	}
	if now := w.remains(); len(at(now, "snapshots").([]any)) != 22 {
		t.Errorf("%v", now)
	}
}

// What others commit to as well, between some commits here, is read after a few
// attempts in vain.
func TestReplicasThatCommitAtTimes(t *testing.T) {
	w := newTwins(t)
	for i := range 40 {
		replica := w.one
		if i%4 == 0 {
			replica = w.two
		}
		replica.must(t, "POST", table, setProperty(fmt.Sprint("p", i), "1"))
	}
	if now := w.remains(); len(at(now, "properties").(map[string]any)) < 40 {
		t.Errorf("%v", now)
	}
	if vain := w.read().Sum("igloo_catalog_commit_conflicts_total"); vain == 0 || vain > 5 {
		t.Errorf("%v attempts were in vain", vain)
	}
}

// Each answer is by what is, though another replica made it what it is.
func TestAnswersAreByWhatIs(t *testing.T) {
	expiry := `{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`
	for name, c := range map[string]struct {
		elsewhere, body string
		status          int
		says            string
	}{
		"a requirement that holds now":      {appends(3, 2, "file:///m3"), appends(4, 3, "file:///m4"), 200, `"current-snapshot-id":4`},
		"a requirement that held":           {appends(3, 2, "file:///m3"), appends(4, 2, "file:///m4"), 409, "expected 2, found 3); current is version 4, committed"},
		"nothing to do":                     {setProperty("theirs", "1"), unchanging, 200, `"theirs":"1"`},
		"nothing to do any more":            {setProperty("mine", "1"), setProperty("mine", "1"), 200, `"mine":"1"`},
		"sent again":                        {appends(3, 2, "file:///m3"), appends(3, 2, "file:///m3"), 200, `"current-snapshot-id":3`},
		"sent again, as it was before":      {setProperty("theirs", "1"), appends(2, 1, "file:///m2"), 200, `"theirs":"1"`},
		"an expiry by who knows of the tag": {tagged("keep"), expiry, 200, `"metadata-location"`},
		"a tag of what is gone":             {expiry, tagged("late"), 400, "unknown snapshot: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwins(t)
			w.two.must(t, "POST", table, c.elsewhere)
			if r := w.one.do(t, "POST", table, c.body); r.status != c.status || !strings.Contains(string(r.body), c.says) {
				t.Errorf("%d %s", r.status, r.body)
			}
			w.remains()
		})
	}
}

func TestAKeyThatWasUsedElsewhere(t *testing.T) {
	w := newTwins(t)
	body := appends(3, 2, "file:///m3")
	first := w.two.do(t, "POST", table, body, key(1)...)
	w.two.must(t, "POST", table, setProperty("later", "1"))
	if again := w.one.do(t, "POST", table, body, key(1)...); again.status != 200 || string(again.body) != string(first.body) {
		t.Errorf("%d %s\nfirst: %s", again.status, again.body, first.body)
	}
	w.remains()
}

// A name may stand for something else since.
func TestWhatANameStandsForNow(t *testing.T) {
	rename := func(from, to string) string {
		return fmt.Sprintf(`{"source":{"namespace":["n"],"name":%q},"destination":{"namespace":["n"],"name":%q}}`, from, to)
	}
	const moves = "/v1/tables/rename"
	for name, c := range map[string]struct {
		elsewhere func(w *twins)
		status    int
		at        string // where the change is to be found
	}{
		"dropped": {func(w *twins) { w.two.must(w.T, "DELETE", table, "") }, 404, ""},
		"made anew": {func(w *twins) {
			w.two.must(w.T, "DELETE", table, "")
			w.two.must(w.T, "POST", "/v1/namespaces/n/tables", `{"name":"t","schema":`+schema+`}`)
		}, 200, "t"},
		"a view": {func(w *twins) {
			w.two.must(w.T, "DELETE", table, "")
			w.two.must(w.T, "POST", "/v1/namespaces/n/views", createsView("t"))
		}, 404, ""},
		"renamed": {func(w *twins) { w.two.must(w.T, "POST", moves, rename("t", "other")) }, 404, ""},
		"another table": {func(w *twins) {
			w.two.must(w.T, "POST", "/v1/namespaces/n/tables", `{"name":"u","schema":`+schema+`}`)
			w.two.must(w.T, "POST", moves, rename("t", "other"))
			w.two.must(w.T, "POST", moves, rename("u", "t"))
		}, 200, "t"},
		"itself again": {func(w *twins) {
			w.two.must(w.T, "POST", moves, rename("t", "other"))
			w.two.must(w.T, "POST", moves, rename("other", "t"))
		}, 200, "t"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwins(t)
			c.elsewhere(w)
			before := len(w.one.metadataFiles(t))
			if r := w.one.do(t, "POST", table, setProperty("mine", "1")); r.status != c.status {
				t.Fatalf("%d %s", r.status, r.body)
			}
			if files := len(w.one.metadataFiles(t)); files-before != len(c.at) {
				t.Errorf("%d files, %d before", files, before)
			}
			if c.at != "" && text(w.two.must(t, "GET", "/v1/namespaces/n/tables/"+c.at, ""), "metadata", "properties", "mine") != "1" {
				t.Error("it is not changed")
			}
		})
	}
}

// What is lost over a memory is none of the tries that a commit has.
func TestAMemoryCostsNoTry(t *testing.T) {
	w := newTwins(t, func(c *choices) { c.settings.Tries = 1 })
	w.two.must(t, "POST", table, setProperty("theirs", "1"))
	before := w.pointerReads()
	w.one.must(t, "POST", table, setProperty("mine", "1"))
	if more := w.pointerReads() - before; more != 0 {
		t.Errorf("the conflict told what is, and it was read %v times", more)
	}
	if properties := at(w.remains(), "properties").(map[string]any); properties["mine"] != "1" || properties["theirs"] != "1" {
		t.Errorf("%v", properties)
	}
}

// A version that a failover undid is not taken for the one that has its number now.
func TestAVersionThatIsUndone(t *testing.T) {
	w := newTwins(t)
	failOver := w.one.hts.Remember()
	w.one.must(t, "POST", table, setProperty("undone", "1"))
	failOver()
	w.two.must(t, "POST", table, setProperty("theirs", "1"))
	w.one.must(t, "POST", table, setProperty("mine", "1"))
	properties := at(w.two.must(t, "GET", table, ""), "metadata", "properties").(map[string]any)
	if properties["mine"] != "1" || properties["theirs"] != "1" || properties["undone"] != nil {
		t.Errorf("%v", properties)
	}
}
