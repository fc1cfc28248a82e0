package postgres

import (
	"time"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// resultRow is a row of the commit statement's answer. All but the first three
// are NULL for a commit without changes, or not applied.
type resultRow struct {
	request        int32
	applied        bool
	now            time.Time
	index          *int32
	databaseID     *string
	tableID        *string
	kind           *int16
	uuid           *[16]byte
	version        *int64
	location       *string
	storageType    *string
	creationTimeMS *int64
	createdAt      *time.Time
	updatedAt      *time.Time
	deletedAtMS    *int64
	purgeAfterMS   *int64
	properties     map[string]string
	owner          *string
}

// resultColumns are what targets reads, behind request, applied and now.
const resultColumns = `r.idx, r.database_id, r.table_id, r.kind, r.uuid, r.version, r.metadata_location, r.storage_type,
	r.creation_time_ms, r.created_at, r.updated_at, r.deleted_at_ms, r.purge_after_ms, r.properties, r.owner`

func (r *resultRow) targets() []any {
	return []any{
		&r.request, &r.applied, &r.now, &r.index, &r.databaseID, &r.tableID, &r.kind, &r.uuid, &r.version, &r.location,
		&r.storageType, &r.creationTimeMS, &r.createdAt, &r.updatedAt, &r.deletedAtMS, &r.purgeAfterMS, &r.properties, &r.owner,
	}
}

func (r *resultRow) result() housetable.ChangeResult {
	kind := housetable.Kind(*r.kind)
	if kind == housetable.AnyKind {
		return housetable.ChangeResult{Namespace: &housetable.Namespace{
			DatabaseID: *r.databaseID, Properties: r.properties, Version: *r.version, CreatedAt: r.createdAt.UTC(),
		}}
	}
	return housetable.ChangeResult{Table: &housetable.Table{
		Key:  housetable.TableKey{DatabaseID: *r.databaseID, TableID: *r.tableID, Function: kind == housetable.KindFunction},
		Kind: kind, UUID: *r.uuid, Version: *r.version, MetadataLocation: *r.location, StorageType: *r.storageType,
		CreationTimeMS: r.creationTimeMS, CreatedAt: r.createdAt.UTC(), UpdatedAt: r.updatedAt.UTC(),
		DeletedAtMS: r.deletedAtMS, PurgeAfterMS: r.purgeAfterMS, Owner: *r.owner,
	}}
}
