package rest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

const tableU = nTables + "/u"

// pair are twins, of which one has just committed to n.t and n.u together.
type pair struct{ *twins }

func newPair(t *testing.T, change ...func(*choices)) *pair {
	t.Helper()
	measuring, read := measured(t)
	one := withTables(t, append(change, measuring)...)
	p := &pair{&twins{T: t, one: one, two: one.replica(t), read: read}}
	for i := range int64(2) {
		p.one.must(t, "POST", transactions, appendsToBoth(i+1))
	}
	return p
}

// appendsToBoth follows what was appended to both tables before it.
func appendsToBoth(id int64) string {
	body := appends(id, id-1, fmt.Sprint("file:///m", id))
	return toBoth(body, body)
}

func toBoth(inT, inU string) string { return transaction(change("t", inT), change("u", inU)) }

// reads are the readings of pointers by one, of one table or of several.
func (p *pair) reads() float64 {
	return p.pointerReads() +
		p.read().Sum("rpc_client_call_duration_seconds_count", "rpc_method", "igloo.housetable.v1.TableService/BatchGetTables")
}

// remains checks that each version has its file and no other file is there.
func (p *pair) remains() (inT, inU map[string]any) {
	p.Helper()
	versions := 0
	var found [2]map[string]any
	for i, path := range []string{table, tableU} {
		found[i] = at(p.one.replica(p.T).must(p.T, "GET", path, ""), "metadata").(map[string]any)
		log, _ := found[i]["metadata-log"].([]any)
		versions += 1 + len(log)
	}
	if files := p.one.metadataFiles(p.T); len(files) != versions {
		p.Errorf("%d versions, and %q", versions, files)
	}
	return found[0], found[1]
}

func TestRememberedTablesAreNotRead(t *testing.T) {
	p := newPair(t)
	before := p.reads()
	for i := range int64(5) {
		p.one.must(t, "POST", transactions, appendsToBoth(3+i))
	}
	if more := p.reads() - before; more != 0 {
		t.Errorf("they were read %v times", more)
	}
	if found := p.read().Sum("igloo_cache_lookups_total", "cache", "heads", "result", "hit"); found != 12 {
		t.Errorf("%v tables were found remembered", found)
	}
	if inT, inU := p.remains(); len(at(inT, "snapshots").([]any)) != 7 || len(at(inU, "snapshots").([]any)) != 7 {
		t.Errorf("%v\n%v", inT, inU)
	}
}

// What a transaction made a commit begins on, and the other way round; of tables that
// are not all remembered all are read.
func TestCommitsAndTransactionsInTurn(t *testing.T) {
	p := newPair(t)
	before := p.reads()
	p.one.must(t, "POST", table, setProperty("a", "1"))
	p.one.must(t, "POST", tableU, setProperty("a", "1"))
	reads := change("u", `{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":2}],"updates":[]}`)
	p.one.must(t, "POST", transactions, transaction(change("t", setProperty("a", "2")), reads))
	p.one.must(t, "POST", tableU, setProperty("a", "2"))
	p.one.must(t, "POST", transactions, toBoth(setProperty("a", "3"), setProperty("a", "3")))
	if more := p.reads() - before; more != 0 {
		t.Errorf("they were read %v times", more)
	}
	p.one.must(t, "POST", nTables, `{"name":"x","schema":`+schema+`}`)
	before = p.reads()
	p.one.must(t, "POST", transactions, transaction(change("t", setProperty("a", "4")), change("x", setProperty("a", "4"))))
	if more := p.reads() - before; more != 1 {
		t.Errorf("with one that is not remembered, they were read %v times", more)
	}
	if lost := p.read().Sum("igloo_catalog_commit_conflicts_total"); lost != 0 {
		t.Errorf("%v attempts were in vain", lost)
	}
}

// What replicas share is read, after a few attempts in vain.
func TestTransactionsOfReplicasInTurn(t *testing.T) {
	for name, elsewhere := range map[string]func(i int64) bool{
		"in turn":              func(i int64) bool { return i%2 == 0 },
		"after three in a row": func(i int64) bool { return i%4 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			for i := range int64(40) {
				replica := p.one
				if elsewhere(i) {
					replica = p.two
				}
				body := setProperty(fmt.Sprint("p", i), "1")
				replica.must(t, "POST", transactions, toBoth(body, body))
			}
			if inT, inU := p.remains(); len(at(inT, "properties").(map[string]any)) < 40 || len(at(inU, "properties").(map[string]any)) < 40 {
				t.Errorf("%v\n%v", inT, inU)
			}
			if vain := p.read().Sum("igloo_catalog_commit_conflicts_total"); vain > 5 {
				t.Errorf("%v attempts were in vain", vain)
			}
		})
	}
}

// Each answer is by what all of the tables are, though another replica made them so.
func TestTransactionsAreAnsweredByWhatIs(t *testing.T) {
	const expiry = `{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`
	const onlyReads = `{"requirements":[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":2}],"updates":[]}`
	const newer = `{"requirements":[],"updates":[{"action":"upgrade-format-version","format-version":3}]}`
	mine := setProperty("mine", "1")
	for name, c := range map[string]struct {
		elsewhere, body string // of both
		status          int
		says            string
		versions        int // that it makes
	}{
		"requirements that hold now":        {appendsToBoth(3), appendsToBoth(4), 204, "", 2},
		"requirements that held":            {appendsToBoth(3), toBoth(appends(4, 2, "file:///m4"), mine), 409, "expected 2, found 3); current is version 4, committed", 0},
		"the second's requirement":          {toBoth(mine, appends(3, 2, "file:///m3")), toBoth(mine, appends(4, 2, "file:///m4")), 409, "expected 2, found 3); current is version 4, committed", 0},
		"what is only read":                 {toBoth(mine, appends(3, 2, "file:///m3")), toBoth(setProperty("b", "1"), onlyReads), 409, "expected 2, found 3", 0},
		"what is only read, and so still":   {toBoth(mine, mine), toBoth(setProperty("b", "1"), onlyReads), 204, "", 1},
		"nothing to do":                     {toBoth(mine, mine), toBoth(unchanging, unchanging), 204, "", 0},
		"nothing to do any more":            {toBoth(newer, newer), toBoth(newer, newer), 204, "", 0},
		"nothing to do in one any more":     {toBoth(newer, mine), toBoth(newer, newer), 204, "", 1},
		"sent again":                        {appendsToBoth(3), appendsToBoth(3), 204, "", 0},
		"sent again, as it was before":      {toBoth(mine, mine), appendsToBoth(2), 204, "", 0},
		"half of it there":                  {toBoth(appends(3, 2, "file:///m3"), mine), appendsToBoth(3), 500, "CommitStateUnknown", 0},
		"an expiry by who knows of the tag": {toBoth(tagged("keep"), mine), toBoth(expiry, mine), 204, "", 2},
		"a tag of what is gone":             {toBoth(expiry, mine), toBoth(tagged("late"), setProperty("b", "1")), 400, "unknown snapshot: 1", 0},
		"a codec that is none":              {toBoth(mine, mine), toBoth(mine, setProperty("write.metadata.compression-codec", "zip")), 400, "allowed are none, gzip", 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.two.must(t, "POST", transactions, c.elsewhere)
			before := len(p.one.metadataFiles(t))
			if r := p.one.do(t, "POST", transactions, c.body); r.status != c.status || !strings.Contains(string(r.body), c.says) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if made := len(p.one.metadataFiles(t)) - before; made != c.versions {
				t.Errorf("it made %d versions", made)
			}
			p.remains()
		})
	}
}

// A key's answer is the first one, whatever the tables are by then.
func TestTransactionsWhoseKeyWasUsedElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"applied": {toBoth(setProperty("a", "1"), setProperty("a", "1")), 204},
		"refused": {toBoth(setProperty("a", "1"), appends(4, 3, "file:///m4")), 409},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			first := p.two.do(t, "POST", transactions, c.body, key(1)...)
			p.two.must(t, "POST", transactions, toBoth(setProperty("a", "2"), appends(3, 2, "file:///m3")))
			again := p.one.do(t, "POST", transactions, c.body, key(1)...)
			if first.status != c.status || again.status != c.status || string(again.body) != string(first.body) {
				t.Errorf("%d %s\nfirst: %d %s", again.status, again.body, first.status, first.body)
			}
			if inT, inU := p.remains(); text(inT, "properties", "a") != "2" || len(at(inU, "snapshots").([]any)) != 3 {
				t.Errorf("%v\n%v", inT, inU)
			}
		})
	}
}

// A name of several may stand for something else since: then none of them is changed,
// or what the name stands for now.
func TestWhatNamesStandForNow(t *testing.T) {
	const moves = "/v1/tables/rename"
	renamed := `{"source":{"namespace":["n"],"name":"u"},"destination":{"namespace":["n"],"name":"other"}}`
	made := `{"name":%q,"schema":` + schema + `}`
	for name, c := range map[string]struct {
		elsewhere func(w *world)
		status    int
	}{
		"dropped": {func(w *world) { w.must(t, "DELETE", tableU, "") }, 404},
		"renamed": {func(w *world) { w.must(t, "POST", moves, renamed) }, 404},
		"made anew": {func(w *world) {
			w.must(t, "DELETE", tableU, "")
			w.must(t, "POST", nTables, fmt.Sprintf(made, "u"))
		}, 204},
		"a view": {func(w *world) {
			w.must(t, "DELETE", tableU, "")
			w.must(t, "POST", "/v1/namespaces/n/views", createsView("u"))
		}, 404},
		"another table": {func(w *world) {
			w.must(t, "POST", moves, renamed)
			w.must(t, "POST", nTables, fmt.Sprintf(made, "u"))
		}, 204},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			c.elsewhere(p.two)
			before := len(p.one.metadataFiles(t))
			if r := p.one.do(t, "POST", transactions, toBoth(setProperty("mine", "1"), setProperty("mine", "1"))); r.status != c.status {
				t.Fatalf("%d %s", r.status, r.body)
			}
			want, files := "", 0
			if c.status == 204 {
				want, files = "1", 2
				if text(p.two.must(t, "GET", tableU, ""), "metadata", "properties", "mine") != want {
					t.Error("u is not changed")
				}
			}
			if got, _ := at(p.two.must(t, "GET", table, ""), "metadata", "properties", "mine").(string); got != want {
				t.Errorf("t has %q", got)
			}
			if more := len(p.one.metadataFiles(t)) - before; more != files {
				t.Errorf("%d more files", more)
			}
		})
	}
}

// What is lost over a memory is none of the tries that a transaction has, and only what
// had changed is doubted.
func TestMemoriesCostNoTry(t *testing.T) {
	p := newPair(t, func(c *choices) { c.settings.Tries = 1 })
	p.two.must(t, "POST", tableU, setProperty("theirs", "1"))
	sent := map[string]bool{}
	p.one.hts.SetIntercept(func(_ context.Context, r *htsv1.CommitRequest, next func() (*htsv1.CommitResponse, error)) (*htsv1.CommitResponse, error) {
		for _, c := range r.GetChanges() {
			sent[c.GetSwapTable().GetMetadataLocation()] = true
		}
		return next()
	})
	before := p.reads()
	p.one.must(t, "POST", transactions, toBoth(setProperty("mine", "1"), setProperty("mine", "1")))
	if more := p.reads() - before; more != 1 {
		t.Errorf("they were read %v times", more)
	}
	if len(sent) != 4 { // or a deletion that comes late takes what has the name now
		t.Errorf("both attempts' files are %v", sent)
	}
	p.one.hts.SetIntercept(nil)
	if _, inU := p.remains(); text(inU, "properties", "mine") != "1" || text(inU, "properties", "theirs") != "1" {
		t.Errorf("%v", inU)
	}
	before = p.reads()
	p.one.must(t, "POST", table, setProperty("mine", "2"))
	p.one.must(t, "POST", tableU, setProperty("mine", "2"))
	if more := p.reads() - before; more != 1 {
		t.Errorf("of t, which nobody else changed, and u, %v were read", more)
	}
}

// What a transaction was decided on that removes snapshots is what was read when it came.
func TestATagThatComesMeanwhile(t *testing.T) {
	p := newPair(t)
	p.one.hts.SetIntercept(meanwhile(func() { p.two.must(t, "POST", table, tagged("keep")) }))
	r := p.one.do(t, "POST", transactions, toBoth(`{"requirements":[],"updates":[{"action":"remove-snapshots","snapshot-ids":[1]}]}`, setProperty("a", "1")))
	if inT, _ := p.remains(); r.status != 409 || at(inT, "refs", "keep") == nil {
		t.Errorf("%d %s, and the table is %v", r.status, r.body, inT)
	}
}

// That there is nothing to do is read as well, and so is what is refused when it is stored.
func TestWhatWasDoneToAnotherTable(t *testing.T) {
	const newer = `{"requirements":[],"updates":[{"action":"upgrade-format-version","format-version":3}]}`
	p := newPair(t)
	p.one.must(t, "POST", transactions, toBoth(newer, newer))
	p.two.must(t, "DELETE", tableU, "")
	p.two.must(t, "POST", nTables, `{"name":"u","schema":`+schema+`}`)
	p.one.must(t, "POST", transactions, toBoth(newer, newer))
	if version := at(p.two.must(t, "GET", tableU, ""), "metadata", "format-version"); version != 3.0 {
		t.Errorf("the new one has version %v", version)
	}
	p = newPair(t)
	p.two.must(t, "DELETE", tableU, "")
	p.one.refused(t, 404, "NoSuchTableException", "POST", transactions, toBoth(setProperty("write.metadata.compression-codec", "zip"), newer))
}

func TestVersionsThatAreUndone(t *testing.T) {
	p := newPair(t)
	failOver := p.one.hts.Remember()
	p.one.must(t, "POST", transactions, toBoth(setProperty("undone", "1"), setProperty("undone", "1")))
	failOver()
	p.two.must(t, "POST", transactions, toBoth(setProperty("theirs", "1"), setProperty("theirs", "1")))
	p.one.must(t, "POST", transactions, toBoth(setProperty("mine", "1"), setProperty("mine", "1")))
	for _, path := range []string{table, tableU} {
		properties := at(p.two.must(t, "GET", path, ""), "metadata", "properties").(map[string]any)
		if properties["mine"] != "1" || properties["theirs"] != "1" || properties["undone"] != nil {
			t.Errorf("%v", properties)
		}
	}
}

// What became of a transaction is not known: it may be applied, so its files stay, and
// what the tables are is read.
func TestAnUnknownOutcomeIsRememberedByNobody(t *testing.T) {
	p := newPair(t, func(c *choices) { c.settings.CommitDeadline = 200 * time.Millisecond })
	p.one.hts.SetIntercept(losing(1 << 30))
	body := appendsToBoth(3)
	p.one.refused(t, 500, "CommitStateUnknownException", "POST", transactions, body)
	p.one.hts.SetIntercept(nil)
	p.remains()
	before := p.reads()
	p.one.must(t, "POST", transactions, body)
	p.one.must(t, "POST", transactions, appendsToBoth(4))
	if more := p.reads() - before; more != 2 {
		t.Errorf("they were read %v times", more)
	}
	if lost := p.read().Sum("igloo_catalog_commit_conflicts_total"); lost != 0 {
		t.Errorf("%v attempts were in vain", lost)
	}
	p.remains()
}

// Transactions and commits of two replicas to the same tables: each is there once, in
// all of its tables.
func TestConcurrentTransactions(t *testing.T) {
	p := newPair(t, func(c *choices) { c.settings.Tries = 1000 })
	const writers, rounds = 6, 6
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for n := range rounds {
				replica, body := []*world{p.one, p.two}[(i+n/2)%2], setProperty(fmt.Sprintf("p%d-%d", i, n), "1")
				if i%3 == 0 {
					replica.must(t, "POST", []string{table, tableU}[n%2], body)
				} else {
					replica.must(t, "POST", transactions, toBoth(body, body), key(i*rounds + n)[:2*(i%2)]...)
				}
			}
		})
	}
	group.Wait()
	inT, inU := p.remains()
	for i := range writers {
		for n := range rounds {
			name := fmt.Sprintf("p%d-%d", i, n)
			gotT, gotU := at(inT, "properties", name) != nil, at(inU, "properties", name) != nil
			if alone := i%3 == 0; gotT != (!alone || n%2 == 0) || gotU != (!alone || n%2 == 1) {
				t.Errorf("%s is in t: %v, in u: %v", name, gotT, gotU)
			}
		}
	}
}
