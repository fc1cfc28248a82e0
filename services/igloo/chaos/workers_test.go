package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/services/igloo/chaos"
)

const (
	// workers ask at the same time, about tables and names that they all share.
	workers = 10
	tables  = 5
	// keyed is the share of mutations with an Idempotency-Key.
	keyed = 0.75

	tablePath = "/v1/namespaces/chaos/tables/"
	namePath  = "/v1/namespaces/names/tables"
	schema    = `{"type":"struct","fields":[{"id":1,"name":"id","type":"long","required":false}]}`
)

// names are what creates, drops and renames fight over.
var names = []string{"x", "y", "z"}

// record is the history, and how each request was spelled.
type record struct {
	mu       sync.Mutex
	requests []chaos.Request
	wires    []wire
	// purged are the folders of tables that were dropped with their files.
	purged []string
}

// open numbers a request.
func (r *record) open(request chaos.Request, mutation bool) chaos.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	request.ID = len(r.requests)
	if mutation && rand.Float64() < keyed {
		request.Key = uuid.Must(uuid.NewV7()).String()
	}
	r.requests, r.wires = append(r.requests, request), append(r.wires, wire{})
	return request
}

func (r *record) close(request chaos.Request, w wire) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.key = request.Key
	r.requests[request.ID], r.wires[request.ID] = request, w
}

// worker asks for one thing after another.
type worker struct {
	client *client
	record *record
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		ctx := context.WithoutCancel(ctx) // what is begun is brought to its end
		switch n := rand.IntN(100); {
		case n < 36:
			w.commit(ctx, 1, w.append)
		case n < 48:
			w.commit(ctx, 1, w.value)
		case n < 60:
			w.commit(ctx, 2+rand.IntN(2), w.either)
		case n < 70:
			w.load(ctx, tableName(rand.IntN(tables)))
		case n < 82:
			w.rename(ctx)
		case n < 92:
			w.view(ctx)
		case n < 95:
			w.namespace(ctx)
		case n < 98:
			w.burst(ctx)
		default:
			w.purge(ctx)
		}
	}
}

func tableName(i int) string { return fmt.Sprintf("t%d", i) }

// loaded is what a client knows of a table when it makes a commit.
type loaded struct {
	Metadata struct {
		LastSequence int64             `json:"last-sequence-number"`
		Current      *int64            `json:"current-snapshot-id"`
		Properties   map[string]string `json:"properties"`
	} `json:"metadata"`
}

func (l loaded) state() chaos.State {
	s := chaos.State{Value: l.Metadata.Properties["n"]}
	if l.Metadata.Current != nil && *l.Metadata.Current > 0 {
		s.Main = *l.Metadata.Current
	}
	return s
}

func (w *worker) load(ctx context.Context, table string) (loaded, bool) {
	r := w.record.open(chaos.Request{Kind: chaos.Load, From: table}, false)
	sent := wire{method: http.MethodGet, path: tablePath + table + "?snapshots=refs"}
	a := w.client.do(ctx, &r, sent)
	var l loaded
	ok := a.status == http.StatusOK && json.Unmarshal(a.body, &l) == nil
	r.Seen = l.state()
	w.record.close(r, sent)
	return l, ok
}

// edit is a commit to one table, and what it does.
type edit struct {
	effect                chaos.Effect
	requirements, updates string
}

func (w *worker) append(_ context.Context, table string, l loaded) edit {
	snapshot, parent := 1+rand.Int64N(1<<62), l.state().Main
	requirement, parentField := "null", ""
	if parent != 0 {
		requirement, parentField = fmt.Sprint(parent), fmt.Sprintf(`"parent-snapshot-id":%d,`, parent)
	}
	return edit{
		effect:       chaos.Effect{Table: table, Snapshot: snapshot, Parent: parent},
		requirements: fmt.Sprintf(`[{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":%s}]`, requirement),
		updates: fmt.Sprintf(`[{"action":"add-snapshot","snapshot":{"snapshot-id":%[1]d,%[2]s"sequence-number":%[3]d,"timestamp-ms":%[4]d,`+
			`"summary":{"operation":"append"},"manifest-list":"file:///nowhere/%[1]d.avro","schema-id":0}},`+
			`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%[1]d}]`,
			snapshot, parentField, l.Metadata.LastSequence+1, 4102444800000+w.client.clock()/1e6),
	}
}

func (w *worker) value(_ context.Context, table string, _ loaded) edit {
	value := uuid.NewString()
	return edit{
		effect:       chaos.Effect{Table: table, Value: value},
		requirements: `[]`,
		updates:      fmt.Sprintf(`[{"action":"set-properties","updates":{"n":%[1]q,"v.%[1]s":"1"}}]`, value),
	}
}

func (w *worker) either(ctx context.Context, table string, l loaded) edit {
	if rand.IntN(2) == 0 {
		return w.value(ctx, table, l)
	}
	return w.append(ctx, table, l)
}

// commit changes n tables: one by its own route, several in a transaction.
func (w *worker) commit(ctx context.Context, n int, edits func(context.Context, string, loaded) edit) {
	var changes []string
	var effects []chaos.Effect
	var path string
	for _, i := range rand.Perm(tables)[:n] {
		table := tableName(i)
		l, ok := w.load(ctx, table)
		if !ok {
			return
		}
		e := edits(ctx, table, l)
		effects, path = append(effects, e.effect), tablePath+table
		changes = append(changes, fmt.Sprintf(`{"identifier":{"namespace":["chaos"],"name":%q},"requirements":%s,"updates":%s}`,
			table, e.requirements, e.updates))
	}
	sent := wire{method: http.MethodPost, path: path, body: changes[0]}
	if n > 1 {
		sent.path, sent.body = "/v1/transactions/commit", `{"table-changes":[`+strings.Join(changes, ",")+`]}`
	}
	r := w.record.open(chaos.Request{Kind: chaos.Commit, Effects: effects}, true)
	w.client.do(ctx, &r, sent)
	w.record.close(r, sent)
}

// burst sends several commits to one table at once to one replica, where they
// wait for one another and go together.
func (w *worker) burst(ctx context.Context) {
	table, one := tableName(rand.IntN(tables)), *w.client
	i := rand.IntN(len(one.urls))
	one.urls = one.urls[i : i+1]
	var all sync.WaitGroup
	for range folded + 1 {
		e := w.value(ctx, table, loaded{})
		sent := wire{method: http.MethodPost, path: tablePath + table, body: fmt.Sprintf(`{"requirements":%s,"updates":%s}`, e.requirements, e.updates)}
		all.Go(func() {
			r := w.record.open(chaos.Request{Kind: chaos.Commit, Effects: []chaos.Effect{e.effect}}, true)
			one.do(ctx, &r, sent)
			w.record.close(r, sent)
		})
	}
	all.Wait()
}

// rename is any request about a name.
func (w *worker) rename(ctx context.Context) {
	from, to := twoNames()
	request := chaos.Request{Space: chaos.TableNames, From: from}
	var sent wire
	switch rand.IntN(4) {
	case 0:
		request.Kind = chaos.Create
		sent = wire{method: http.MethodPost, path: namePath, body: fmt.Sprintf(`{"name":%q,"schema":%s}`, from, schema)}
	case 1:
		request.Kind = chaos.Drop
		sent = wire{method: http.MethodDelete, path: namePath + "/" + from}
	case 2:
		request.Kind, request.To = chaos.Rename, to
		sent = wire{method: http.MethodPost, path: "/v1/tables/rename", body: fmt.Sprintf(
			`{"source":{"namespace":["names"],"name":%q},"destination":{"namespace":["names"],"name":%q}}`, from, to)}
	default:
		request.Kind = chaos.Exists
		sent = wire{method: http.MethodHead, path: namePath + "/" + from}
	}
	r := w.record.open(request, request.Kind != chaos.Exists)
	w.client.do(ctx, &r, sent)
	w.record.close(r, sent)
}

// prepare makes the namespaces and the tables that commits go to.
func (w *worker) prepare(t *testing.T) {
	t.Helper()
	for _, namespace := range []string{"chaos", "names", "views"} {
		w.must(t, wire{method: http.MethodPost, path: "/v1/namespaces", body: fmt.Sprintf(`{"namespace":[%q]}`, namespace)})
	}
	for i := range tables {
		w.must(t, wire{method: http.MethodPost, path: strings.TrimSuffix(tablePath, "/"), body: fmt.Sprintf(
			`{"name":%q,"schema":%s,"properties":{"write.metadata.previous-versions-max":"1000000"}}`, tableName(i), schema)})
	}
}

func (w *worker) must(t *testing.T, sent wire) answer {
	t.Helper()
	a := w.client.insist(t.Context(), sent)
	if a.status >= http.StatusMultipleChoices || a.status == 0 {
		t.Fatalf("%s %s: %d %s", sent.method, sent.path, a.status, a.body)
	}
	return a
}
