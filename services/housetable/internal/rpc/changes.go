package rpc

import (
	"fmt"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func fromCommit(r *htsv1.CommitRequest) (housetable.Commit, error) {
	c := housetable.Commit{Principal: r.GetPrincipal(), RequestID: r.GetRequestId()}
	var err error
	if c.Warehouse, err = warehouseOr(r.GetWarehouse()); err != nil {
		return c, err
	}
	if err := firstError(checkText("principal", c.Principal, maxTextBytes), checkText("request_id", c.RequestID, maxTextBytes)); err != nil {
		return c, err
	}
	for i, o := range r.GetOperations() {
		operation, err := fromOperation(fmt.Sprintf("operations[%d]", i), o)
		if err != nil {
			return c, err
		}
		c.Operations = append(c.Operations, operation)
	}
	for i, change := range r.GetChanges() {
		converted, err := fromChange(fmt.Sprintf("changes[%d]", i), change)
		if err != nil {
			return c, err
		}
		c.Changes = append(c.Changes, converted)
	}
	for i, j := range r.GetJobs() {
		job, err := fromQueuedJob(fmt.Sprintf("jobs[%d].", i), j)
		if err != nil {
			return c, err
		}
		c.Jobs = append(c.Jobs, job)
	}
	return c, c.Check()
}

func fromQueuedJob(prefix string, j *htsv1.QueuedJob) (housetable.QueuedJob, error) {
	job := housetable.QueuedJob{
		JobName: j.GetJobName(), EngineType: j.GetEngineType(), JobConf: j.GetJobConf(), Attempts: max(j.GetAttempts(), 1),
		DelayMS: j.GetDelaySeconds() * 1000,
	}
	var err error
	if len(j.GetMetadataUuid()) > 0 {
		job.MetadataUUID = &housetable.UUID{}
		*job.MetadataUUID, err = checkUUID(prefix+"metadata_uuid", j.GetMetadataUuid())
	}
	if j.GetDelaySeconds() < 0 || j.GetDelaySeconds() > maxQueuedDelaySeconds {
		return job, fault.Field(prefix+"delay_seconds", "is %d, must be from 0 to %d", j.GetDelaySeconds(), maxQueuedDelaySeconds)
	}
	if j.GetAttempts() < 0 || j.GetAttempts() > maxAttempts {
		return job, fault.Field(prefix+"attempts", "is %d, must be from 0 to %d", j.GetAttempts(), maxAttempts)
	}
	if len(job.JobConf) > maxQueuedConfBytes {
		return job, fault.Field(prefix+"job_conf", "is %d bytes long, %d are allowed", len(job.JobConf), maxQueuedConfBytes)
	}
	return job, firstError(err, checkID(prefix+"job_name", job.JobName, maxJobTextBytes), checkID(prefix+"engine_type", job.EngineType, maxJobTextBytes),
		checkJobTexts(prefix, housetable.JobFields{JobConf: &job.JobConf}))
}

func fromOperation(field string, o *htsv1.Operation) (housetable.Operation, error) {
	outcome := o.GetOutcome()
	operation := housetable.Operation{
		Fingerprint: o.GetFingerprint(),
		Kind:        o.GetKind(),
		Outcome: housetable.Outcome{
			Status: outcome.GetStatus(), MetadataLocations: outcome.GetMetadataLocations(), Body: outcome.GetBody(),
		},
	}
	var err error
	if operation.ID, err = checkUUID(field+".id", o.GetId()); err != nil {
		return operation, err
	}
	switch status := outcome.GetStatus(); {
	case status < 200 || status > 499 || status >= 300 && status < 400:
		return operation, fault.Field(field+".outcome.status", "is %d, must be a success or a 4xx", status)
	case len(operation.Fingerprint) > maxFingerprint:
		return operation, fault.Field(field+".fingerprint", "is %d bytes long, %d are allowed", len(operation.Fingerprint), maxFingerprint)
	case len(outcome.GetBody()) > housetable.MaxBodyBytes:
		return operation, fault.Field(field+".outcome.body", "is %d bytes long, %d are allowed", len(outcome.GetBody()), housetable.MaxBodyBytes)
	case len(outcome.GetMetadataLocations()) > maxLocationsKept:
		return operation, fault.Field(field+".outcome.metadata_locations", "has %d entries, %d are allowed", len(outcome.GetMetadataLocations()), maxLocationsKept)
	}
	for i, location := range outcome.GetMetadataLocations() {
		if err := checkText(fmt.Sprintf("%s.outcome.metadata_locations[%d]", field, i), location, maxLocationBytes); err != nil {
			return operation, err
		}
	}
	return operation, checkText(field+".kind", operation.Kind, maxTextBytes)
}

func fromChange(field string, change *htsv1.Change) (housetable.Change, error) {
	switch c := change.GetChange().(type) {
	case *htsv1.Change_CreateTable:
		return fromCreateTable(field+".create_table", c.CreateTable)
	case *htsv1.Change_SwapTable:
		return fromSwapTable(field+".swap_table", c.SwapTable)
	case *htsv1.Change_DropTable:
		return fromDropTable(field+".drop_table", c.DropTable)
	case *htsv1.Change_RenameTable:
		return fromRenameTable(field+".rename_table", c.RenameTable)
	case *htsv1.Change_RestoreTable:
		return fromRestoreTable(field+".restore_table", c.RestoreTable)
	case *htsv1.Change_CreateNamespace:
		return housetable.CreateNamespace{DatabaseID: c.CreateNamespace.GetDatabaseId(), Properties: c.CreateNamespace.GetProperties()},
			firstError(checkDatabaseID(field+".create_namespace.database_id", c.CreateNamespace.GetDatabaseId()),
				checkProperties(field+".create_namespace.properties", c.CreateNamespace.GetProperties()))
	case *htsv1.Change_DropNamespace:
		return housetable.DropNamespace{DatabaseID: c.DropNamespace.GetDatabaseId(), ExpectedVersion: c.DropNamespace.GetExpectedVersion()},
			checkDatabaseID(field+".drop_namespace.database_id", c.DropNamespace.GetDatabaseId())
	case *htsv1.Change_UpdateNamespace:
		return fromUpdateNamespace(field+".update_namespace", c.UpdateNamespace)
	}
	return nil, fault.Field(field, "must name one change")
}

func fromCreateTable(field string, c *htsv1.CreateTable) (housetable.Change, error) {
	kind := fromKind(c.GetKind())
	if kind == housetable.AnyKind {
		kind = housetable.KindTable
		if c.GetKey().GetFunction() {
			kind = housetable.KindFunction
		}
	}
	if (kind == housetable.KindFunction) != c.GetKey().GetFunction() {
		return nil, fault.Field(field+".kind", "and key.function disagree")
	}
	change := housetable.CreateTable{
		Key: fromKey(c.GetKey()), Kind: kind, MetadataLocation: c.GetMetadataLocation(), StorageType: c.GetStorageType(),
		CreationTimeMS: c.CreationTimeMs, ImplicitNamespace: c.GetImplicitNamespace(), Location: c.GetLocation(),
	}
	var err error
	change.MetadataUUID, err = fromHolds(field, c.GetLocation(), c.GetMetadataUuid())
	return change, firstError(err, checkKey(field+".key", c.GetKey()), checkLocation(field+".metadata_location", c.GetMetadataLocation()),
		checkText(field+".storage_type", c.GetStorageType(), maxTextBytes))
}

func fromSwapTable(field string, c *htsv1.SwapTable) (housetable.Change, error) {
	expect, err := fromExpectation(field+".expect", c.GetExpect())
	change := housetable.SwapTable{
		Key: fromKey(c.GetKey()), Expect: expect, MetadataLocation: c.GetMetadataLocation(),
		StorageType: c.StorageType, CreationTimeMS: c.CreationTimeMs, Location: c.GetLocation(),
	}
	var unheld error
	change.MetadataUUID, unheld = fromHolds(field, c.GetLocation(), c.GetMetadataUuid())
	return change, firstError(err, unheld, checkKey(field+".key", c.GetKey()), checkLocation(field+".metadata_location", c.GetMetadataLocation()),
		checkText(field+".storage_type", c.GetStorageType(), maxTextBytes))
}

// fromHolds checks what a house table is to hold.
func fromHolds(field, location string, metadataUUID []byte) (*housetable.UUID, error) {
	if err := checkHeld(field+".location", location); err != nil || len(metadataUUID) == 0 {
		return nil, err
	}
	uuid, err := checkUUID(field+".metadata_uuid", metadataUUID)
	return &uuid, err
}

func fromDropTable(field string, c *htsv1.DropTable) (housetable.Change, error) {
	expect, err := fromExpectation(field+".expect", c.GetExpect())
	return housetable.DropTable{Key: fromKey(c.GetKey()), Expect: expect, Soft: c.GetSoft(), PurgeAfterMS: c.GetPurgeAfterMs()},
		firstError(err, checkKey(field+".key", c.GetKey()))
}

func fromRenameTable(field string, c *htsv1.RenameTable) (housetable.Change, error) {
	expect, err := fromExpectation(field+".expect", c.GetExpect())
	if c.GetKey().GetFunction() != c.GetDestination().GetFunction() {
		err = firstError(err, fault.Field(field+".destination.function", "must be that of key"))
	}
	if c.MetadataLocation != nil {
		err = firstError(err, checkLocation(field+".metadata_location", c.GetMetadataLocation()))
	}
	change := housetable.RenameTable{
		Key: fromKey(c.GetKey()), Expect: expect, Destination: fromKey(c.GetDestination()), MetadataLocation: c.MetadataLocation,
	}
	return change, firstError(err, checkKey(field+".key", c.GetKey()), checkKey(field+".destination", c.GetDestination()))
}

func fromRestoreTable(field string, c *htsv1.RestoreTable) (housetable.Change, error) {
	return housetable.RestoreTable{SoftDeletedKey: housetable.SoftDeletedKey{Key: fromKey(c.GetKey()), DeletedAtMS: c.GetDeletedAtMs()}},
		checkKey(field+".key", c.GetKey())
}

func fromUpdateNamespace(field string, c *htsv1.UpdateNamespace) (housetable.Change, error) {
	return housetable.UpdateNamespace{DatabaseID: c.GetDatabaseId(), Updates: c.GetUpdates(), Removals: c.GetRemovals(), ExpectedVersion: c.GetExpectedVersion()},
		firstError(checkDatabaseID(field+".database_id", c.GetDatabaseId()), checkUpdate(field+".", c.GetUpdates(), c.GetRemovals()))
}

func fromExpectation(field string, e *htsv1.Expectation) (housetable.Expectation, error) {
	expect := housetable.Expectation{Kind: fromKind(e.GetKind())}
	if e == nil {
		return expect, nil
	}
	expect.Version, expect.MetadataLocation = e.Version, e.MetadataLocation
	if e.Uuid != nil {
		uuid, err := checkUUID(field+".uuid", e.GetUuid())
		if err != nil {
			return expect, err
		}
		expect.UUID = &uuid
	}
	return expect, nil
}

func checkKey(field string, k *htsv1.TableKey) error {
	return firstError(checkDatabaseID(field+".database_id", k.GetDatabaseId()), checkID(field+".table_id", k.GetTableId(), maxTableIDBytes))
}
