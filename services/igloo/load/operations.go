package load

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// Operation is one sort of work.
type Operation struct {
	// Name says what is done, for people and for files: "loadTable, 1 snapshot".
	Name string
	// Prepare makes what the operation needs, whatever is there already, and returns
	// the work for that many workers.
	Prepare func(ctx context.Context, c *Catalog, workers int) (Work, error)
	// Large says that this can take minutes.
	Large bool
	// Wears says that the work changes what it is done on, so that a turn is like the
	// one before on what was prepared anew alone.
	Wears bool
}

// Turns readies one turn after the other for so many workers, and is not measured: on
// what is prepared anew where the operation wears it out, on the same otherwise.
func (o Operation) Turns(c *Catalog, workers int) func(context.Context) (Work, error) {
	var kept Work
	return func(ctx context.Context) (Work, error) {
		if kept != nil && !o.Wears {
			return kept, nil
		}
		work, err := o.Prepare(ctx, c, workers)
		if err != nil {
			return nil, err
		}
		kept = work
		return kept, nil
	}
}

// Names of operations.
const (
	CreateTable      = "createTable"
	DistinctCommits  = "commit, distinct tables"
	ContendedCommits = "commit, one contended table"
	BranchCommits    = "commit, branches of one table"

	// Unmodified, behind a load, is that of a table which the client has.
	Unmodified = ", 304"
)

// TableLoad names the load of a table with so many snapshots.
func TableLoad(snapshots int) string { return fmt.Sprintf("loadTable, %d snapshots", snapshots) }

// TableList names the list of a namespace of so many tables.
func TableList(tables int) string { return fmt.Sprintf("listTables, %d tables", tables) }

// Transaction names the commit to so many tables at once.
func Transaction(tables int) string { return fmt.Sprintf("transaction of %d tables", tables) }

// Operations are all of them, in the order of a report.
func Operations() []Operation {
	all := []Operation{{Name: "config", Prepare: prepareConfig}}
	for _, snapshots := range []int{1, 100, 1_000, 10_000} {
		all = append(all, load(snapshots, TableLoad(snapshots), nil, ""))
	}
	const thousand = 1_000
	return append(all,
		load(thousand, TableLoad(thousand)+", refs", nil, "?snapshots=refs"),
		load(thousand, TableLoad(thousand)+", gzip", http.Header{"Accept-Encoding": {"gzip"}}, ""),
		unmodified(thousand),
		Operation{Name: "tableExists", Prepare: prepareExists},
		list(1_000), list(100_000),
		Operation{Name: "createNamespace", Prepare: prepareCreateNamespace},
		Operation{Name: CreateTable, Prepare: prepareCreateTable, Wears: true},
		Operation{Name: DistinctCommits, Prepare: prepareCommits, Wears: true},
		Operation{Name: ContendedCommits, Prepare: prepareContended, Wears: true},
		Operation{Name: BranchCommits, Prepare: prepareBranches, Wears: true},
		transaction(2), transaction(10),
	)
}

func prepareConfig(_ context.Context, c *Catalog, _ int) (Work, error) {
	return c.repeat(call{method: http.MethodGet, path: configPath}), nil
}

// repeat sends the same request over and over.
func (c *Catalog) repeat(what call) Work {
	return func(ctx context.Context, _, _ int) (Step, error) {
		got, err := c.call(ctx, what)
		return Step{Bytes: got.bytes}, err
	}
}

// Get is the work of asking for one address over and over, of what is no catalog.
func Get(url string, connections int) Work {
	c := &Catalog{servers: []string{url}, http: client(connections, Target{})}
	return c.repeat(call{method: http.MethodGet})
}

// Post is the work of sending so many bytes to one address over and over.
func Post(url string, size, connections int) Work {
	c := &Catalog{servers: []string{url}, http: client(connections, Target{})}
	return c.repeat(call{method: http.MethodPost, body: strings.Repeat(" ", size)})
}

// TableURL is the address of a table with so many snapshots.
func (c *Catalog) TableURL(ctx context.Context, snapshots int) (string, error) {
	path, err := c.tableWithSnapshots(ctx, snapshots)
	return c.address(call{path: path}), err
}

// Load loads tables of a namespace, each worker one after the other.
func (c *Catalog) Load(namespace string, tables []string) Work {
	return func(ctx context.Context, worker, turn int) (Step, error) {
		name := tables[(worker*stride+turn)%len(tables)]
		got, err := c.call(ctx, call{method: http.MethodGet, path: "/namespaces/" + namespace + "/tables/" + name})
		return Step{Bytes: got.bytes}, err
	}
}

// stride keeps workers apart that go through the same tables.
const stride = 61

// large is how many tables or snapshots take minutes to make.
const large = 10_000

// load is one way to load a table with that many snapshots.
func load(snapshots int, name string, header http.Header, query string) Operation {
	return Operation{Name: name, Large: snapshots >= large, Prepare: func(ctx context.Context, c *Catalog, _ int) (Work, error) {
		path, err := c.tableWithSnapshots(ctx, snapshots)
		return c.repeat(call{method: http.MethodGet, path: path + query, header: header}), err
	}}
}

// unmodified asks for a table that the client has.
func unmodified(snapshots int) Operation {
	return Operation{Name: TableLoad(snapshots) + Unmodified, Prepare: func(ctx context.Context, c *Catalog, _ int) (Work, error) {
		path, err := c.tableWithSnapshots(ctx, snapshots)
		if err != nil {
			return nil, err
		}
		got, err := c.call(ctx, call{method: http.MethodGet, path: path})
		if err != nil {
			return nil, err
		}
		if got.etag == "" {
			return nil, ErrNotServed
		}
		return c.repeat(call{method: http.MethodGet, path: path, header: http.Header{"If-None-Match": {got.etag}}, want: http.StatusNotModified}), nil
	}}
}

func prepareExists(ctx context.Context, c *Catalog, _ int) (Work, error) {
	path, err := c.tableWithSnapshots(ctx, 1)
	return c.repeat(call{method: http.MethodHead, path: path, want: http.StatusNoContent}), err
}

// list lists a namespace of that many tables, whole.
func list(tables int) Operation {
	prepare := func(ctx context.Context, c *Catalog, _ int) (Work, error) {
		namespace, err := c.namespaceWithTables(ctx, tables)
		return c.repeat(call{method: http.MethodGet, path: "/namespaces/" + namespace + "/tables"}), err
	}
	return Operation{Name: TableList(tables), Prepare: prepare, Large: tables >= large}
}

func prepareCreateNamespace(_ context.Context, c *Catalog, _ int) (Work, error) {
	run := fresh("namespace")
	var made atomic.Int64
	return func(ctx context.Context, _, _ int) (Step, error) {
		name := fmt.Sprintf("%s_%d", run, made.Add(1))
		got, err := c.call(ctx, call{method: http.MethodPost, path: "/namespaces", body: fmt.Sprintf(`{"namespace":[%q]}`, name)})
		return Step{Bytes: got.bytes}, err
	}, nil
}

func prepareCreateTable(ctx context.Context, c *Catalog, _ int) (Work, error) {
	namespace := fresh("created")
	if err := c.createNamespace(ctx, namespace); err != nil {
		return nil, err
	}
	var made atomic.Int64
	return func(ctx context.Context, _, _ int) (Step, error) {
		got, err := c.call(ctx, creation(namespace, fmt.Sprintf("t%d", made.Add(1))))
		return Step{Bytes: got.bytes}, err
	}, nil
}
