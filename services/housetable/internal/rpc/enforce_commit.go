package rpc

import (
	"context"
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// commit needs what each change needs. Records without a change, and jobs, are
// for who owns the warehouse: they may bind others.
func commit(ctx context.Context, a asking, r *htsv1.CommitRequest) error {
	c, err := fromCommit(r)
	if err != nil {
		return err
	}
	if len(c.Changes) == 0 || len(c.Jobs) > 0 {
		if err := a.need(ctx, authz.Own, authz.Warehouse(c.Warehouse)); err != nil {
			return err
		}
	}
	for _, change := range c.Changes {
		if err := a.change(ctx, c.Warehouse, change); err != nil {
			return err
		}
	}
	return nil
}

func (a asking) change(ctx context.Context, warehouse string, change housetable.Change) error {
	switch c := change.(type) {
	case housetable.CreateTable:
		return a.need(ctx, authz.Create, authz.Container(warehouse, c.Key.DatabaseID))
	case housetable.RestoreTable:
		return a.need(ctx, authz.Create, authz.Container(warehouse, c.Key.DatabaseID))
	case housetable.SwapTable:
		return a.needTable(ctx, authz.Write, warehouse, c.Key)
	case housetable.DropTable:
		return a.needTable(ctx, authz.Drop, warehouse, c.Key)
	case housetable.RenameTable:
		if err := a.needTable(ctx, authz.Drop, warehouse, c.Key); err != nil {
			return err
		}
		return a.need(ctx, authz.Create, authz.Container(warehouse, c.Destination.DatabaseID))
	case housetable.CreateNamespace:
		return a.need(ctx, authz.Create, authz.Container(warehouse, housetable.ParentID(c.DatabaseID)))
	case housetable.DropNamespace:
		return a.need(ctx, authz.Drop, authz.Namespace(warehouse, c.DatabaseID))
	case housetable.UpdateNamespace:
		return a.need(ctx, authz.Write, authz.Namespace(warehouse, c.DatabaseID))
	}
	return fmt.Errorf("no rule is for %T", change)
}

func createNamespace(ctx context.Context, a asking, r *htsv1.CreateNamespaceRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("namespace.database_id", r.GetNamespace().GetDatabaseId())); err != nil {
		return err
	}
	return a.change(ctx, warehouse, housetable.CreateNamespace{DatabaseID: r.GetNamespace().GetDatabaseId()})
}

// recordReports needs what engines need that scan a table.
func recordReports(ctx context.Context, a asking, r *htsv1.RecordReportsRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return err
	}
	for i, report := range r.GetReports() {
		if err := checkKey(fmt.Sprintf("reports[%d].key", i), report.GetKey()); err != nil {
			return err
		}
		if err := a.needTable(ctx, authz.Select, warehouse, fromKey(report.GetKey())); err != nil {
			return err
		}
	}
	return nil
}

func batchGet(ctx context.Context, a asking, r *htsv1.BatchGetTablesRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err != nil {
		return err
	}
	for i, key := range r.GetKeys()[:min(len(r.GetKeys()), maxBatchGet)] {
		if err := checkKey(fmt.Sprintf("keys[%d]", i), key); err != nil {
			return err
		}
		if err := a.needTable(ctx, authz.Describe, warehouse, fromKey(key)); err != nil {
			return err
		}
	}
	if !r.GetSites() {
		return nil
	}
	return a.needSites(ctx, warehouse, r.GetKeys())
}

// needSites needs what reads of a warehouse and of namespaces do.
func (a asking) needSites(ctx context.Context, warehouse string, keys []*htsv1.TableKey) error {
	if err := a.need(ctx, authz.Describe, authz.Warehouse(warehouse)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, key := range keys[:min(len(keys), maxBatchGet)] {
		if id := key.GetDatabaseId(); !seen[id] {
			seen[id] = true
			if err := getNamespace(ctx, a, &htsv1.GetNamespaceRequest{Warehouse: warehouse, DatabaseId: id}); err != nil {
				return err
			}
		}
	}
	return nil
}
