package icebergo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/view"
)

var columns = iceberg.NewSchema(0,
	iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64},
	iceberg.NestedField{ID: 2, Name: "name", Type: iceberg.PrimitiveTypes.String})

// open connects to the catalog, and makes a namespace for the test alone.
func open(t *testing.T) (*rest.Catalog, table.Identifier) {
	t.Helper()
	c, err := rest.NewCatalog(t.Context(), "igloo", os.Getenv("IGLOO_URL"))
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	namespace := table.Identifier{strings.ToLower(t.Name())}
	must(t, c.CreateNamespace(t.Context(), namespace, iceberg.Properties{"team": "snow"}))
	return c, namespace
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("error %v, want %v", err, wanted)
	}
}

func in(namespace table.Identifier, name string) table.Identifier {
	return append(slices.Clone(namespace), name)
}

func create(t *testing.T, c *rest.Catalog, id table.Identifier, options ...catalog.CreateTableOpt) *table.Table {
	t.Helper()
	created, err := c.CreateTable(t.Context(), id, columns, options...)
	must(t, err)
	return created
}

// rows makes a reader of rows with the ids from first up to the one before end.
func rows(first, end int64) (array.RecordReader, error) {
	schema, err := table.SchemaToArrowSchema(columns, nil, true, false)
	if err != nil {
		return nil, err
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for id := first; id < end; id++ {
		builder.Field(0).(*array.Int64Builder).Append(id)
		builder.Field(1).(*array.StringBuilder).Append(fmt.Sprint("row ", id))
	}
	return array.NewRecordReader(schema, []arrow.RecordBatch{builder.NewRecordBatch()})
}

func add(ctx context.Context, to *table.Table, first, end int64) (*table.Table, error) {
	reader, err := rows(first, end)
	if err != nil {
		return nil, err
	}
	return to.Append(ctx, reader, nil)
}

func count(t *testing.T, of *table.Table, options ...table.ScanOption) int64 {
	t.Helper()
	found, err := of.Scan(options...).ToArrowTable(t.Context())
	must(t, err)
	return found.NumRows()
}

func TestNamespaces(t *testing.T) {
	c, namespace := open(t)
	below := in(namespace, "be low")
	must(t, c.CreateNamespace(t.Context(), below, nil))
	wants(t, c.CreateNamespace(t.Context(), below, nil), catalog.ErrNamespaceAlreadyExists)
	listed, err := c.ListNamespaces(t.Context(), namespace)
	must(t, err)
	if len(listed) != 1 || !slices.Equal(listed[0], below) {
		t.Errorf("listed %v", listed)
	}
	changes, err := c.UpdateNamespaceProperties(t.Context(), namespace, []string{"team", "absent"}, iceberg.Properties{"k": "v"})
	must(t, err)
	if !slices.Equal(changes.Removed, []string{"team"}) || !slices.Equal(changes.Missing, []string{"absent"}) {
		t.Errorf("changed %+v", changes)
	}
	properties, err := c.LoadNamespaceProperties(t.Context(), namespace)
	must(t, err)
	if properties["k"] != "v" {
		t.Errorf("properties %v", properties)
	}
	must(t, c.DropNamespace(t.Context(), below))
	if there, err := c.CheckNamespaceExists(t.Context(), below); err != nil || there {
		t.Errorf("after the drop: %v %v", there, err)
	}
}

func TestTables(t *testing.T) {
	c, namespace := open(t)
	id := in(namespace, "t")
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: "b", Transform: iceberg.BucketTransform{NumBuckets: 4}})
	created := create(t, c, id, catalog.WithPartitionSpec(&spec), catalog.WithProperties(iceberg.Properties{"k": "v"}))
	_, err := c.CreateTable(t.Context(), id, columns)
	wants(t, err, catalog.ErrTableAlreadyExists)
	loaded, err := c.LoadTable(t.Context(), id)
	must(t, err)
	if partitioned := loaded.Spec(); !loaded.Equals(*created) || loaded.Properties()["k"] != "v" || !partitioned.Equals(spec) {
		t.Errorf("loaded %v", loaded.Metadata())
	}
	renamed := in(namespace, "u")
	_, err = c.RenameTable(t.Context(), id, renamed)
	must(t, err)
	_, err = c.LoadTable(t.Context(), id)
	wants(t, err, catalog.ErrNoSuchTable)
	for listed, err := range c.ListTables(t.Context(), namespace) {
		must(t, err)
		if !slices.Equal(listed, renamed) {
			t.Errorf("listed %v", listed)
		}
	}
	must(t, c.DropTable(t.Context(), renamed))
	if there, err := c.CheckTableExists(t.Context(), renamed); err != nil || there {
		t.Errorf("after the drop: %v %v", there, err)
	}
	_, err = c.RegisterTable(t.Context(), id, created.MetadataLocation())
	must(t, err)
}

func TestAppendScanDelete(t *testing.T) {
	c, namespace := open(t)
	created := create(t, c, in(namespace, "t"))
	first, err := add(t.Context(), created, 0, 10)
	must(t, err)
	second, err := add(t.Context(), first, 10, 15)
	must(t, err)
	loaded, err := c.LoadTable(t.Context(), in(namespace, "t"))
	must(t, err)
	if n := count(t, loaded); n != 15 {
		t.Errorf("%d rows, want 15", n)
	}
	if n := count(t, loaded, table.WithRowFilter(iceberg.GreaterThanEqual(iceberg.Reference("id"), int64(12)))); n != 3 {
		t.Errorf("%d rows pass the filter, want 3", n)
	}
	if n := count(t, loaded, table.WithSnapshotID(first.CurrentSnapshot().SnapshotID)); n != 10 {
		t.Errorf("%d rows at the first snapshot, want 10", n)
	}
	less, err := second.Delete(t.Context(), iceberg.LessThan(iceberg.Reference("id"), int64(5)), nil)
	must(t, err)
	if n := count(t, less); n != 10 {
		t.Errorf("%d rows are left, want 10", n)
	}
}

func TestEvolution(t *testing.T) {
	c, namespace := open(t)
	created := create(t, c, in(namespace, "t"))
	transaction := created.NewTransaction()
	must(t, transaction.SetProperties(iceberg.Properties{"k": "v"}))
	must(t, transaction.UpdateSchema(true, false).AddColumn([]string{"score"}, iceberg.PrimitiveTypes.Int32, "points", false, nil).Commit())
	changed, err := transaction.Commit(t.Context())
	must(t, err)
	if _, found := changed.Schema().FindFieldByName("score"); !found || changed.Properties()["k"] != "v" {
		t.Errorf("changed to %v", changed.Metadata())
	}
}

// TestConcurrentAppends has writers that all begin on the same version.
func TestConcurrentAppends(t *testing.T) {
	const writers = 6
	c, namespace := open(t)
	created := create(t, c, in(namespace, "t"), catalog.WithProperties(iceberg.Properties{
		table.CommitNumRetriesKey: "20", table.CommitMinRetryWaitMsKey: "5",
	}))
	var group sync.WaitGroup
	failures := make([]error, writers)
	for i := range writers {
		group.Go(func() { _, failures[i] = add(t.Context(), created, int64(i), int64(i)+1) })
	}
	group.Wait()
	must(t, errors.Join(failures...))
	loaded, err := c.LoadTable(t.Context(), in(namespace, "t"))
	must(t, err)
	if n := count(t, loaded); n != writers || len(loaded.Metadata().Snapshots()) != writers {
		t.Errorf("%d rows in %d snapshots, want %d", n, len(loaded.Metadata().Snapshots()), writers)
	}
}

// TestTransactionOverTables shows that of two commits in one transaction both
// are applied or neither.
func TestTransactionOverTables(t *testing.T) {
	c, namespace := open(t)
	one, two := create(t, c, in(namespace, "one")), create(t, c, in(namespace, "two"))
	commit := func(value string, unmet table.Requirement) error {
		change := []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{"k": value})}
		return c.CommitTransaction(t.Context(), []table.TableCommit{
			{Identifier: one.Identifier(), Requirements: []table.Requirement{table.AssertTableUUID(one.Metadata().TableUUID())}, Updates: change},
			{Identifier: two.Identifier(), Requirements: []table.Requirement{unmet}, Updates: change},
		})
	}
	must(t, commit("both", table.AssertTableUUID(two.Metadata().TableUUID())))
	wants(t, commit("neither", table.AssertTableUUID(one.Metadata().TableUUID())), rest.ErrCommitFailed)
	for _, id := range []table.Identifier{one.Identifier(), two.Identifier()} {
		loaded, err := c.LoadTable(t.Context(), id)
		must(t, err)
		if loaded.Properties()["k"] != "both" {
			t.Errorf("%v has %v", id, loaded.Properties())
		}
	}
}

func TestViews(t *testing.T) {
	c, namespace := open(t)
	id := in(namespace, "v")
	version, err := view.NewVersionFromSQL(1, 0, "SELECT 1 AS id, 'a' AS name", namespace)
	must(t, err)
	created, err := c.CreateView(t.Context(), id, version, columns, catalog.WithViewProperties(iceberg.Properties{"k": "v"}))
	must(t, err)
	_, err = c.CreateView(t.Context(), id, version, columns)
	wants(t, err, catalog.ErrViewAlreadyExists)
	_, err = c.CreateTable(t.Context(), id, columns)
	wants(t, err, catalog.ErrTableAlreadyExists)
	changed, err := c.UpdateView(t.Context(), id,
		[]view.Requirement{view.AssertViewUUID(created.Metadata().ViewUUID())},
		[]view.Update{view.NewSetPropertiesUpdate(iceberg.Properties{"k": "w"})})
	must(t, err)
	if changed.Metadata().Properties()["k"] != "w" {
		t.Errorf("changed to %v", changed.Metadata().Properties())
	}
	renamed := in(namespace, "w")
	_, err = c.RenameView(t.Context(), id, renamed)
	must(t, err)
	_, err = c.LoadView(t.Context(), id)
	wants(t, err, catalog.ErrNoSuchView)
	for listed, err := range c.ListViews(t.Context(), namespace) {
		must(t, err)
		if !slices.Equal(listed, renamed) {
			t.Errorf("listed %v", listed)
		}
	}
	must(t, c.DropView(t.Context(), renamed))
	_, err = c.RegisterView(t.Context(), id, changed.MetadataLocation())
	must(t, err)
}
