package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// table is a table as the one who commits to it knows it.
type table struct {
	namespace, name string
	uuid            string
	head            int64 // the current snapshot; -1 is none
	sequence        int64
}

func (t *table) path() string { return "/namespaces/" + t.namespace + "/tables/" + t.name }

// state is what of a table's metadata a commit needs.
type state struct {
	Metadata struct {
		UUID     string `json:"table-uuid"`
		Current  *int64 `json:"current-snapshot-id"`
		Sequence int64  `json:"last-sequence-number"`
	} `json:"metadata"`
}

func (t *table) learn(s state) {
	t.uuid, t.sequence, t.head = s.Metadata.UUID, s.Metadata.Sequence, -1
	if s.Metadata.Current != nil {
		t.head = *s.Metadata.Current
	}
}

// refresh loads the table as an engine does that is about to commit.
func (t *table) refresh(ctx context.Context, c *Catalog) error {
	var s state
	if _, err := c.call(ctx, call{method: http.MethodGet, path: t.path() + "?snapshots=refs", into: &s}); err != nil {
		return err
	}
	t.learn(s)
	return nil
}

// change is a commit, and how the table stands once it is applied.
type change struct {
	body           string
	head, sequence int64
}

// appends is a commit that appends so many snapshots to the main branch.
func (t *table) appends(snapshots int) change {
	now := time.Now()
	var updates strings.Builder
	parent, id := t.head, int64(0)
	for i := range snapshots {
		id = rand.Int64() //nolint:gosec // no secret
		fmt.Fprintf(&updates, `{"action":"add-snapshot","snapshot":{"snapshot-id":%d,%s"sequence-number":%d,"timestamp-ms":%d,`+
			`"manifest-list":"file:///nowhere/snap-%d.avro","schema-id":0,"summary":%s}},`,
			id, parentOf(parent), t.sequence+int64(i)+1, now.UnixMilli()+int64(i), id, summary)
		parent = id
	}
	body := fmt.Sprintf(`{"identifier":{"namespace":[%q],"name":%q},"requirements":[{"type":"assert-table-uuid","uuid":%q},`+
		`{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":%s}],"updates":[%s`+
		`{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":%d}]}`,
		t.namespace, t.name, t.uuid, orNull(t.head), updates.String(), id)
	return change{body: body, head: id, sequence: t.sequence + int64(snapshots)}
}

// summary is one as Spark writes it.
const summary = `{"operation":"append","spark.app.id":"local-1732190000000","added-data-files":"4","added-records":"120000",` +
	`"added-files-size":"4194304","changed-partition-count":"1","total-records":"120000","total-files-size":"4194304",` +
	`"total-data-files":"4","total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0"}`

func parentOf(snapshot int64) string {
	if snapshot == -1 {
		return ""
	}
	return fmt.Sprintf(`"parent-snapshot-id":%d,`, snapshot)
}

func orNull(snapshot int64) string {
	if snapshot == -1 {
		return "null"
	}
	return strconv.FormatInt(snapshot, 10)
}

// commit sends a change.
func (t *table) commit(ctx context.Context, c *Catalog, with change) (Step, error) {
	got, err := c.call(ctx, call{method: http.MethodPost, path: t.path(), body: with.body})
	if err == nil {
		t.head, t.sequence = with.head, with.sequence
	}
	return Step{Bytes: got.bytes}, err
}

// tablesEach is how many tables a worker commits to one after the other, so that none
// grows much in a turn.
const tablesEach = 4

func prepareCommits(ctx context.Context, c *Catalog, workers int) (Work, error) {
	tables, err := c.tables(ctx, fresh("commits"), workers*tablesEach)
	return func(ctx context.Context, worker, turn int) (Step, error) {
		t := tables[worker*tablesEach+turn%tablesEach]
		step, err := t.commit(ctx, c, t.appends(1))
		if err != nil {
			return step, errors.Join(err, t.refresh(ctx, c)) // it may be applied
		}
		return step, nil
	}, err
}

// prepareContended has all workers append to one table; who loses looks again.
func prepareContended(ctx context.Context, c *Catalog, workers int) (Work, error) {
	shared, err := c.tables(ctx, fresh("contended"), 1)
	if err != nil {
		return nil, err
	}
	views := make([]table, workers)
	for i := range views {
		views[i] = *shared[0]
	}
	return func(ctx context.Context, worker, _ int) (Step, error) {
		t := &views[worker]
		return insist(func() (Step, error) { return t.commit(ctx, c, t.appends(1)) }, func() error { return t.refresh(ctx, c) })
	}, nil
}

// maxTries is more than any writer needs that is ever to get through.
const maxTries = 10_000

// insist commits as often as it takes; whoever lost to a rival looks again first.
func insist(commit func() (Step, error), look func() error) (Step, error) {
	for try := 1; try <= maxTries; try++ {
		step, err := commit()
		if err == nil {
			step.Tries = try
			return step, nil
		}
		if !lost(err) {
			return Step{}, errors.Join(err, look())
		}
		if err := look(); err != nil {
			return Step{}, err
		}
	}
	return Step{}, fmt.Errorf("no commit in %d tries", maxTries)
}

// lost reports whether a rival won, or a server says that it knows no more.
func lost(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status == http.StatusConflict
}

// prepareBranches has each worker move a branch of its own between two snapshots.
func prepareBranches(ctx context.Context, c *Catalog, _ int) (Work, error) {
	made, err := c.tables(ctx, fresh("branches"), 1)
	if err != nil {
		return nil, err
	}
	t := made[0]
	var heads [2]int64
	for i := range heads {
		if _, err := t.commit(ctx, c, t.appends(1)); err != nil {
			return nil, err
		}
		heads[i] = t.head
	}
	return func(ctx context.Context, worker, turn int) (Step, error) {
		move := call{method: http.MethodPost, path: t.path(), body: fmt.Sprintf(`{"requirements":[{"type":"assert-table-uuid","uuid":%q}],`+
			`"updates":[{"action":"set-snapshot-ref","ref-name":"b%d","type":"branch","snapshot-id":%d}]}`, t.uuid, worker, heads[turn%2])}
		return insist(func() (Step, error) {
			got, err := c.call(ctx, move)
			return Step{Bytes: got.bytes}, err
		}, func() error { return nil }) // it depends on nothing that a rival changes
	}, nil
}

// transaction appends to so many tables at once.
func transaction(size int) Operation {
	prepare := func(ctx context.Context, c *Catalog, workers int) (Work, error) {
		tables, err := c.tables(ctx, fresh("transactions"), workers*size)
		return func(ctx context.Context, worker, _ int) (Step, error) {
			return c.commitAll(ctx, tables[worker*size:(worker+1)*size])
		}, err
	}
	return Operation{Name: Transaction(size), Prepare: prepare, Wears: true}
}

// commitAll appends to all tables or none.
func (c *Catalog) commitAll(ctx context.Context, tables []*table) (Step, error) {
	changes, bodies := make([]change, len(tables)), make([]string, len(tables))
	for i, t := range tables {
		changes[i] = t.appends(1)
		bodies[i] = changes[i].body
	}
	body := `{"table-changes":[` + strings.Join(bodies, ",") + `]}`
	got, err := c.call(ctx, call{method: http.MethodPost, path: transactionsPath, body: body, want: http.StatusNoContent})
	if err != nil {
		for _, t := range tables { // it may be applied
			err = errors.Join(err, t.refresh(ctx, c))
		}
		return Step{}, err
	}
	for i, t := range tables {
		t.head, t.sequence = changes[i].head, changes[i].sequence
	}
	return Step{Bytes: got.bytes}, nil
}
