package postgres

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/igloo-catalog/igloo/services/housetable"
)

// add spreads one commit over the sets.
func (b *batch) add(request int32, c housetable.Commit) error {
	set(b.requests, "req", "int", request)
	set(b.requests, "wh", "text", c.Warehouse)
	set(b.requests, "n", "bigint", fits(c.Changes))
	set(b.requests, "op", "uuid", pgUUID(c.Operations[0].ID))
	set(b.requests, "principal", "text", c.Principal)
	set(b.requests, "owner", "text", housetable.Owner(c.Principal))
	set(b.requests, "request_id", "text", c.RequestID)
	set(b.requests, "ambiguous", "boolean", c.Ambiguous())
	b.folded = b.folded || len(c.Operations) > 1
	for _, o := range c.Operations {
		locations, err := encodeJSON(o.Outcome.MetadataLocations)
		if err != nil {
			return err
		}
		set(b.operations, "req", "int", request)
		set(b.operations, "wh", "text", c.Warehouse)
		set(b.operations, "op", "uuid", pgUUID(o.ID))
		set(b.operations, "fingerprint", "bytea", blob(o.Fingerprint))
		set(b.operations, "kind", "text", o.Kind)
		set(b.operations, "status", "int", o.Outcome.Status)
		set(b.operations, "locations", "text", locations)
		set(b.operations, "body", "bytea", blob(o.Outcome.Body))
	}
	for index, change := range c.Changes {
		b.addChange(request, int32(index), c, change)
	}
	for index, job := range c.Jobs {
		b.addJob(request, index, c, job)
	}
	return nil
}

func (b *batch) addJob(request int32, index int, commit housetable.Commit, job housetable.QueuedJob) {
	set(b.jobs, "req", "int", request)
	set(b.jobs, "wh", "text", commit.Warehouse)
	set(b.jobs, "id", "text", commit.JobID(index))
	set(b.jobs, "name", "text", job.JobName)
	set(b.jobs, "engine", "text", job.EngineType)
	set(b.jobs, "conf", "text", job.JobConf)
	set(b.jobs, "attempts", "bigint", job.Attempts)
	set(b.jobs, "delay", "bigint", job.DelayMS)
	set(b.jobs, "metadata", "uuid", optionalUUID(job.MetadataUUID))
}

// fits is how much has to fit of the changes: each of them, and each hold they take.
func fits(changes []housetable.Change) int64 {
	n := len(changes)
	for _, change := range changes {
		n += len(housetable.HoldsOf(change))
	}
	return int64(n)
}

func start(r *rows, request, index int32, warehouse string) {
	set(r, "req", "int", request)
	set(r, "idx", "int", index)
	set(r, "wh", "text", warehouse)
}

func (b *batch) addChange(request, index int32, commit housetable.Commit, change housetable.Change) {
	switch c := change.(type) {
	case housetable.SwapTable:
		b.addExisting(request, index, commit.Warehouse, existing{
			action: swapAction, key: c.Key, expect: c.Expect, destination: c.Key, location: &c.MetadataLocation,
			storageType: c.StorageType, creationTimeMS: c.CreationTimeMS,
		})
		b.addHolds(request, index, commit.Warehouse, c, pgtype.UUID{})
		b.actions[housetable.ActionSwap] = true
	case housetable.DropTable:
		b.addExisting(request, index, commit.Warehouse, existing{
			action: dropAction, key: c.Key, expect: c.Expect, destination: c.Key, soft: c.Soft, purgeAfterMS: c.PurgeAfterMS,
		})
		b.actions[housetable.ActionDrop] = true
	case housetable.RenameTable:
		b.addExisting(request, index, commit.Warehouse, existing{
			action: renameAction, key: c.Key, expect: c.Expect, destination: c.Destination, location: c.MetadataLocation,
		})
		b.actions[housetable.ActionRename] = true
	case housetable.CreateTable:
		b.addCreate(request, index, commit, c)
	case housetable.RestoreTable:
		start(b.restores, request, index, commit.Warehouse)
		setKey(b.restores, "", c.Key)
		set(b.restores, "family", "smallint", c.Key.Family())
		set(b.restores, "at", "bigint", c.DeletedAtMS)
	case housetable.CreateNamespace:
		start(b.founded, request, index, commit.Warehouse)
		setDatabase(b.founded, c.DatabaseID)
		parent := housetable.ParentID(c.DatabaseID)
		set(b.founded, "parent", "text", parent)
		set(b.founded, "parentf", "text", housetable.Fold(parent))
		set(b.founded, "properties", "text", jsonMap(c.Properties))
	case housetable.DropNamespace:
		start(b.closed, request, index, commit.Warehouse)
		setDatabase(b.closed, c.DatabaseID)
		set(b.closed, "xversion", "bigint", c.ExpectedVersion)
	case housetable.UpdateNamespace:
		start(b.amended, request, index, commit.Warehouse)
		setDatabase(b.amended, c.DatabaseID)
		set(b.amended, "xversion", "bigint", c.ExpectedVersion)
		set(b.amended, "updates", "text", jsonMap(c.Updates))
		removals := map[string]string{}
		for _, key := range c.Removals {
			removals[key] = ""
		}
		set(b.amended, "removals", "text", jsonMap(removals))
	}
}

// existing is a change of a house table that is there.
type existing struct {
	action         int16
	key            housetable.TableKey
	expect         housetable.Expectation
	destination    housetable.TableKey
	location       *string
	storageType    *string
	creationTimeMS *int64
	soft           bool
	purgeAfterMS   int64
}

func (b *batch) addExisting(request, index int32, warehouse string, e existing) {
	r := b.existing
	start(r, request, index, warehouse)
	setKey(r, "", e.key)
	set(r, "family", "smallint", e.key.Family())
	set(r, "act", "smallint", e.action)
	set(r, "xuuid", "uuid", optionalUUID(e.expect.UUID))
	set(r, "xversion", "bigint", e.expect.Version)
	set(r, "xlocation", "text", e.expect.MetadataLocation)
	set(r, "xkind", "smallint", int16(e.expect.Kind))
	set(r, "location", "text", e.location)
	set(r, "storage", "text", e.storageType)
	set(r, "ctime", "bigint", e.creationTimeMS)
	set(r, "soft", "boolean", e.soft)
	set(r, "purge", "bigint", e.purgeAfterMS)
	setKey(r, "d", e.destination)
}

func (b *batch) addCreate(request, index int32, commit housetable.Commit, c housetable.CreateTable) {
	r := b.creates
	implicit := c.ImplicitNamespace && housetable.ParentID(c.Key.DatabaseID) == ""
	b.implicit = b.implicit || implicit
	start(r, request, index, commit.Warehouse)
	setKey(r, "", c.Key)
	set(r, "family", "smallint", c.Key.Family())
	set(r, "kind", "smallint", int16(c.Kind))
	uuid := pgUUID(commit.TableUUID(int(index)))
	set(r, "uuid", "uuid", uuid)
	b.addHolds(request, index, commit.Warehouse, c, uuid)
	set(r, "location", "text", c.MetadataLocation)
	set(r, "storage", "text", c.StorageType)
	set(r, "ctime", "bigint", c.CreationTimeMS)
	set(r, "implicit", "boolean", implicit)
}
