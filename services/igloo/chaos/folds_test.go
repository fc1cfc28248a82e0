package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/nettest"
	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

// folded is how many commits wait for another one, and then go together.
const folded = 3

// foldPoints are the moments of commits that become true by one file and one swap.
func foldPoints() []point {
	return []point{
		{"folded, before the commit is sent", houseTableWay, folding, killCatalog(nettest.CutBefore), nil, nil},
		{"folded, the catalog, after the commit and before its answers", houseTableWay, folding, stopCatalog, killStopped, nil},
		{"folded, the answer to the commit", houseTableWay, folding, loseAnswer, nil, nil},
		{"folded, the house table service, before the statement", postgresWay, folding, killHouseTable(nettest.CutBefore), nil, leadElsewhere},
		{"folded, the house table service, after the statement and before its answer", postgresWay, folding, stopHouseTable, killStoppedHouseTable, leadElsewhere},
		{"folded, the answer to the statement", postgresWay, folding, loseAnswer, nil, nil},
	}
}

// Every commit that is folded is sent with the kind of its own operation.
func folding(sent []byte, table string) bool {
	return about(sent, table) && bytes.Count(sent, []byte("updateTable")) == folded
}

func about(sent []byte, table string) bool { return bytes.Contains(sent, []byte("/"+table+"-")) }

// fold is commits to one table: the first is held under its statement until the
// others wait for it.
type fold struct {
	table   string
	first   wire
	members []wire
	// held is closed when the first is held, and release lets it go; together is
	// closed when the others come together, and reached once that let something die.
	held, release, together, reached chan struct{}
}

func newFold(table string) *fold {
	f := &fold{table: table, held: make(chan struct{}), release: make(chan struct{}), together: make(chan struct{}), reached: make(chan struct{})}
	f.first = setting(table, "first")
	for i := range folded {
		f.members = append(f.members, setting(table, member(i)))
	}
	return f
}

// member is the property that a commit sets.
func member(i int) string { return strings.Repeat("n", i+1) }

func setting(table, property string) wire {
	return wire{
		method: http.MethodPost, path: tablePath + table, key: uuid.Must(uuid.NewV7()).String(),
		body: fmt.Sprintf(`{"requirements":[],"updates":[{"action":"set-properties","updates":{%q:"1"}}]}`, property),
	}
}

// dieFolded is die for commits that are folded. That the first was held for long
// enough shows on the wire: until it does, other tables are tried.
func dieFolded(t *testing.T, c *cluster, w *worker, p point, name string) {
	t.Helper()
	for n := range 20 {
		f := newFold(fmt.Sprintf("%s_%d", name, n))
		w.must(t, wire{method: http.MethodPost, path: strings.TrimSuffix(tablePath, "/"), body: fmt.Sprintf(`{"name":%q,"schema":%s}`, f.table, schema)})
		before, together := f.send(t, c, w, p)
		if !together {
			continue
		}
		befall(t, c, w, p, f.table)
		f.check(t, c, w, p, before)
		return
	}
	t.Fatal("commits are never folded")
}

// send sends all commits to the first catalog, and tells whether those after the
// first went together. Its answers come later.
func (f *fold) send(t *testing.T, c *cluster, w *worker, p point) (answers []<-chan answer, together bool) {
	t.Helper()
	arrived := make(chan struct{}, folded+1)
	f.arm(c, p, arrived)
	letGo := sync.OnceFunc(func() { close(f.release) })
	defer letGo()
	victim := &client{urls: c.urls[:1], http: w.client.http}
	var all sync.WaitGroup
	ask := func(sent wire) {
		came := make(chan answer, 1)
		answers = append(answers, came)
		all.Go(func() { came <- victim.once(t.Context(), sent) })
		await(t, arrived)
	}
	ask(f.first)
	await(t, f.held)
	for _, sent := range f.members {
		ask(sent)
	}
	<-time.After(100 * time.Millisecond)
	letGo()
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-f.reached:
		return answers, true
	case <-done:
	}
	select {
	case <-f.together:
		await(t, f.reached)
		return answers, true
	default:
		return nil, false
	}
}

// arm holds the first commit, and lets something die at the sign of the others.
func (f *fold) arm(c *cluster, p point, arrived chan<- struct{}) {
	c.toCatalogs[0].Judge(func(sent []byte) nettest.Fate {
		if bytes.Contains(sent, []byte("set-properties")) && bytes.Contains(sent, []byte(f.table)) {
			select {
			case arrived <- struct{}{}:
			default: // sent again
			}
		}
		return nettest.Pass
	})
	var hold, die sync.Once
	judge := func(sent []byte) nettest.Fate {
		fate := nettest.Pass
		if p.sign(sent, f.table) {
			die.Do(func() {
				close(f.together)
				fate = p.die(c)
				close(f.reached)
			})
		}
		return fate
	}
	p.way(c).Judge(judge)
	postgresWay(c).Judge(func(sent []byte) nettest.Fate {
		if committing(sent, f.table) && about(sent, f.table) {
			hold.Do(func() {
				close(f.held)
				<-f.release
			})
		}
		if p.way(c) == postgresWay(c) {
			return judge(sent)
		}
		return nettest.Pass
	})
}

func await(t *testing.T, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(startTimeout):
		t.Fatal("the moment never came")
	}
}

// check finds one answer to each commit, and each change, which none of their
// keys makes again.
func (f *fold) check(t *testing.T, c *cluster, w *worker, p point, before []<-chan answer) {
	t.Helper()
	elsewhere := &client{urls: c.urls[1:], http: w.client.http}
	all := append([]wire{f.first}, f.members...)
	seconds := make([]answer, len(all))
	for i, sent := range all {
		seconds[i] = elsewhere.insist(t.Context(), sent)
	}
	heal(t, c)
	replies := map[chaos.Reply]bool{}
	for i, sent := range all {
		reply := oneAnswer(t, w, sent, []answer{<-before[i], seconds[i]})
		if i > 0 {
			replies[reply] = true
		}
	}
	if p.late != nil && len(replies) != 1 {
		t.Errorf("one commit has several answers: %v", replies)
	}
	f.checkTable(t, w)
}

// checkTable undoes what the commits did: their keys do not do it again.
func (f *fold) checkTable(t *testing.T, w *worker) {
	t.Helper()
	if d := w.document(t, f.table); len(d.Properties) < folded+1 {
		t.Errorf("changes are lost: %v", d.Properties)
	}
	removals := make([]string, folded)
	for i := range removals {
		removals[i] = member(i)
	}
	undo, err := json.Marshal(removals)
	if err != nil {
		t.Fatal(err)
	}
	w.must(t, wire{method: http.MethodPost, path: tablePath + f.table, body: fmt.Sprintf(
		`{"requirements":[],"updates":[{"action":"remove-properties","removals":%s}]}`, undo)})
	for _, sent := range f.members {
		w.must(t, sent)
	}
	d := w.document(t, f.table)
	for i := range folded {
		if d.Properties[member(i)] != "" {
			t.Errorf("%s was set again", member(i))
		}
	}
}
