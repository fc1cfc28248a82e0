package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	insertOperation = `INSERT INTO operation (warehouse_id, op_id, fingerprint, kind, status, locations, body, recorded_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	insertTable = `INSERT INTO house_table (warehouse_id, database_key, family, table_key, database_id, table_id, kind, uuid,
		version, metadata_location, storage_type, creation_time_ms, created_at, updated_at, owner)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	updateTable = `UPDATE house_table SET version = ?, metadata_location = ?, storage_type = ?, creation_time_ms = ?, updated_at = ?
		WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ?`
	deleteTable = `DELETE FROM house_table WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ?`
	softDelete  = `INSERT INTO soft_deleted_table (warehouse_id, database_key, family, table_key, deleted_at_ms, purge_after_ms,
		database_id, table_id, kind, uuid, version, metadata_location, storage_type, creation_time_ms, created_at, updated_at, owner)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	lastDeletion = `SELECT coalesce(max(deleted_at_ms), 0) FROM soft_deleted_table
		WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ?`
	forgetSoftDeleted = `DELETE FROM soft_deleted_table
		WHERE warehouse_id = ? AND database_key = ? AND family = ? AND table_key = ? AND deleted_at_ms = ?`
	enqueueJob = `INSERT INTO job (warehouse_id, job_id, version, state, job_name, engine_type, job_conf, attempts_allowed,
		creation_time_ms, last_update_time_ms, changed_at_ms, not_before_ms, metadata_uuid)
		VALUES (?1, ?2, 1, 'QUEUED', ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?7 + ?8, ?9) ON CONFLICT DO NOTHING`
	insertEvent = `INSERT INTO change_event (warehouse_id, table_uuid, version, action, kind, database_id, table_id,
		previous_database_id, previous_table_id, metadata_location, previous_metadata_location, deleted_at_ms, committed_at, op_id, principal, request_id)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// application writes one commit whose changes are known to fit.
type application struct {
	writer *writer
	commit housetable.Commit
	facts  *housetable.Facts
	keys   spelling
	now    time.Time
}

func (a *application) apply(ctx context.Context) (housetable.Verdict, error) {
	for _, o := range a.commit.Operations {
		if err := a.writer.record(ctx, a.commit.Warehouse, o, a.now); err != nil {
			return nil, err
		}
	}
	results := make([]housetable.ChangeResult, len(a.commit.Changes))
	for i, change := range a.commit.Changes {
		var err error
		if results[i], err = a.change(ctx, i, change); err != nil {
			return nil, err
		}
	}
	return housetable.Committed{Results: results, CommittedAt: a.now}, a.queue(ctx)
}

func (a *application) queue(ctx context.Context) error {
	for i, job := range a.commit.Jobs {
		_, err := a.writer.exec(ctx, enqueueJob, a.commit.Warehouse, a.commit.JobID(i), job.JobName, job.EngineType, job.JobConf,
			job.Attempts, a.now.UnixMilli(), job.DelayMS, optional(job.MetadataUUID))
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *application) change(ctx context.Context, index int, change housetable.Change) (housetable.ChangeResult, error) {
	switch c := change.(type) {
	case housetable.CreateTable:
		return tableResult(a.createTable(ctx, index, c))
	case housetable.SwapTable:
		return tableResult(a.swapTable(ctx, c))
	case housetable.DropTable:
		return tableResult(a.dropTable(ctx, c))
	case housetable.RenameTable:
		return tableResult(a.renameTable(ctx, c))
	case housetable.RestoreTable:
		return tableResult(a.restoreTable(ctx, c))
	case housetable.CreateNamespace:
		return namespaceResult(a.createNamespace(ctx, c.DatabaseID, c.Properties))
	case housetable.DropNamespace:
		return namespaceResult(a.dropNamespace(ctx, c))
	case housetable.UpdateNamespace:
		return namespaceResult(a.updateNamespace(ctx, c))
	}
	return housetable.ChangeResult{}, nil
}

func tableResult(t housetable.Table, err error) (housetable.ChangeResult, error) {
	return housetable.ChangeResult{Table: &t}, err
}

func namespaceResult(n housetable.Namespace, err error) (housetable.ChangeResult, error) {
	return housetable.ChangeResult{Namespace: &n}, err
}

func (a *application) createTable(ctx context.Context, index int, c housetable.CreateTable) (housetable.Table, error) {
	if _, exists := a.facts.Namespace(c.Key.DatabaseID); !exists {
		n, err := a.createNamespace(ctx, c.Key.DatabaseID, nil)
		if err != nil {
			return housetable.Table{}, err
		}
		a.facts.AddNamespace(n) // a second table of this commit may want it too
	}
	t := housetable.Table{
		Key: c.Key, Kind: c.Kind, UUID: a.commit.TableUUID(index), Version: 1,
		MetadataLocation: c.MetadataLocation, StorageType: c.StorageType, CreationTimeMS: c.CreationTimeMS,
		CreatedAt: a.now, UpdatedAt: a.now, Owner: housetable.Owner(a.commit.Principal),
	}
	if err := a.insert(ctx, t); err != nil {
		return t, err
	}
	if err := a.take(ctx, c, t.UUID); err != nil {
		return t, err
	}
	return t, a.event(ctx, housetable.ActionCreate, t, nil)
}

func (a *application) swapTable(ctx context.Context, c housetable.SwapTable) (housetable.Table, error) {
	before, _ := a.facts.Table(c.Key)
	t := a.next(before)
	t.MetadataLocation = c.MetadataLocation
	if c.StorageType != nil {
		t.StorageType = *c.StorageType
	}
	if c.CreationTimeMS != nil {
		t.CreationTimeMS = c.CreationTimeMS
	}
	args := []any{t.Version, t.MetadataLocation, t.StorageType, t.CreationTimeMS, micros(a.now)}
	if _, err := a.writer.exec(ctx, updateTable, append(args, a.keys.table(a.commit.Warehouse, t.Key)...)...); err != nil {
		return t, err
	}
	if err := a.take(ctx, c, t.UUID); err != nil {
		return t, err
	}
	return t, a.event(ctx, housetable.ActionSwap, t, &before)
}

func (a *application) dropTable(ctx context.Context, c housetable.DropTable) (housetable.Table, error) {
	before, _ := a.facts.Table(c.Key)
	t := a.next(before)
	key := a.keys.table(a.commit.Warehouse, t.Key)
	if _, err := a.writer.exec(ctx, deleteTable, key...); err != nil {
		return t, err
	}
	var err error
	if c.Soft {
		err = a.keep(ctx, &t, key, c.PurgeAfterMS)
	} else {
		err = a.forget(ctx, t)
	}
	if err != nil {
		return t, err
	}
	return t, a.event(ctx, housetable.ActionDrop, t, &before)
}

// forget leaves nothing of a house table that is dropped for good: neither what
// it held nor what was granted on it.
func (a *application) forget(ctx context.Context, t housetable.Table) error {
	if err := a.free(ctx, t.UUID); err != nil {
		return err
	}
	return a.writer.leaveNoGrants(ctx, a.commit.Warehouse, t.Kind.Object(), t.UUID.String(), a.now)
}

// keep puts a dropped house table among the soft-deleted ones.
func (a *application) keep(ctx context.Context, t *housetable.Table, key []any, purgeAfterMS int64) error {
	last, err := find(ctx, a.writer, scanInt, lastDeletion, key...)
	if err != nil {
		return err
	}
	// Two drops of one name within a millisecond are two generations.
	at := max(a.now.UnixMilli(), *last+1)
	t.DeletedAtMS, t.PurgeAfterMS = &at, &purgeAfterMS
	_, err = a.writer.exec(ctx, softDelete, slices.Concat(key, []any{at, purgeAfterMS}, columns(*t))...)
	return err
}

func (a *application) renameTable(ctx context.Context, c housetable.RenameTable) (housetable.Table, error) {
	before, _ := a.facts.Table(c.Key)
	t := a.next(before)
	t.Key = c.Destination
	if c.MetadataLocation != nil {
		t.MetadataLocation = *c.MetadataLocation
	}
	if _, err := a.writer.exec(ctx, deleteTable, a.keys.table(a.commit.Warehouse, c.Key)...); err != nil {
		return t, err
	}
	if err := a.insert(ctx, t); err != nil {
		return t, err
	}
	return t, a.event(ctx, housetable.ActionRename, t, &before)
}

func (a *application) restoreTable(ctx context.Context, c housetable.RestoreTable) (housetable.Table, error) {
	before, _ := a.facts.SoftDeleted(c.SoftDeletedKey)
	t := a.next(before)
	t.DeletedAtMS, t.PurgeAfterMS = nil, nil
	if _, err := a.writer.exec(ctx, forgetSoftDeleted, append(a.keys.table(a.commit.Warehouse, t.Key), c.DeletedAtMS)...); err != nil {
		return t, err
	}
	if err := a.insert(ctx, t); err != nil {
		return t, err
	}
	return t, a.event(ctx, housetable.ActionRestore, t, &before)
}

// next is a house table one version on.
func (a *application) next(t housetable.Table) housetable.Table {
	t.Version++
	t.UpdatedAt = a.now
	return t
}

func (a *application) insert(ctx context.Context, t housetable.Table) error {
	_, err := a.writer.exec(ctx, insertTable, append(a.keys.table(a.commit.Warehouse, t.Key), columns(t)...)...)
	return err
}

// columns of a house table behind its key, as insertTable and softDelete have them.
func columns(t housetable.Table) []any {
	return []any{
		t.Key.DatabaseID, t.Key.TableID, t.Kind, t.UUID[:], t.Version, t.MetadataLocation, t.StorageType,
		t.CreationTimeMS, micros(t.CreatedAt), micros(t.UpdatedAt), t.Owner,
	}
}

func (a *application) event(ctx context.Context, action housetable.Action, t housetable.Table, before *housetable.Table) error {
	var database, table, location any
	if before != nil {
		location = before.MetadataLocation
	}
	if action == housetable.ActionRename {
		database, table = before.Key.DatabaseID, before.Key.TableID
	}
	_, err := a.writer.exec(ctx, insertEvent, a.commit.Warehouse, t.UUID[:], t.Version, action, t.Kind, t.Key.DatabaseID, t.Key.TableID,
		database, table, t.MetadataLocation, location, t.DeletedAtMS, micros(a.now), a.commit.Operations[0].ID[:], a.commit.Principal, a.commit.RequestID)
	return err
}
