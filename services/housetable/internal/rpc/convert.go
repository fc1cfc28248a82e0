package rpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

func fromKind(k htsv1.TableKind) housetable.Kind {
	switch k {
	case htsv1.TableKind_TABLE_KIND_TABLE:
		return housetable.KindTable
	case htsv1.TableKind_TABLE_KIND_VIEW:
		return housetable.KindView
	case htsv1.TableKind_TABLE_KIND_FUNCTION:
		return housetable.KindFunction
	case htsv1.TableKind_TABLE_KIND_UNSPECIFIED:
	}
	return housetable.AnyKind
}

func toKind(k housetable.Kind) htsv1.TableKind {
	switch k {
	case housetable.KindTable:
		return htsv1.TableKind_TABLE_KIND_TABLE
	case housetable.KindView:
		return htsv1.TableKind_TABLE_KIND_VIEW
	case housetable.KindFunction:
		return htsv1.TableKind_TABLE_KIND_FUNCTION
	case housetable.AnyKind:
	}
	return htsv1.TableKind_TABLE_KIND_UNSPECIFIED
}

func fromKey(k *htsv1.TableKey) housetable.TableKey {
	return housetable.TableKey{DatabaseID: k.GetDatabaseId(), TableID: k.GetTableId(), Function: k.GetFunction()}
}

func toKey(k housetable.TableKey) *htsv1.TableKey {
	return &htsv1.TableKey{DatabaseId: k.DatabaseID, TableId: k.TableID, Function: k.Function}
}

func toTable(t *housetable.Table) *htsv1.HouseTable {
	if t == nil {
		return nil
	}
	return &htsv1.HouseTable{
		Key:              toKey(t.Key),
		Kind:             toKind(t.Kind),
		Uuid:             t.UUID[:],
		Version:          t.Version,
		MetadataLocation: t.MetadataLocation,
		StorageType:      t.StorageType,
		CreationTimeMs:   t.CreationTimeMS,
		CreatedAt:        toTime(t.CreatedAt),
		UpdatedAt:        toTime(t.UpdatedAt),
		DeletedAtMs:      t.DeletedAtMS,
		PurgeAfterMs:     t.PurgeAfterMS,
		Owner:            t.Owner,
	}
}

func toVersion(v *housetable.TableVersion) *htsv1.TableVersion {
	if v == nil {
		return nil
	}
	return &htsv1.TableVersion{
		Version:          v.Version,
		Action:           string(v.Action),
		Key:              toKey(v.Key),
		MetadataLocation: v.MetadataLocation,
		CommittedAt:      toTime(v.CommittedAt),
		OperationId:      v.OperationID[:],
		Principal:        v.Principal,
		RequestId:        v.RequestID,
	}
}

func toNamespace(n *housetable.Namespace) *htsv1.Namespace {
	if n == nil {
		return nil
	}
	return &htsv1.Namespace{
		DatabaseId: n.DatabaseID,
		Properties: n.Properties,
		Version:    n.Version,
		CreatedAt:  toTime(n.CreatedAt),
	}
}

func toWarehouse(w housetable.Warehouse) *htsv1.Warehouse {
	return &htsv1.Warehouse{
		Name:            w.Name,
		Location:        w.Location,
		Properties:      w.Properties,
		CaseInsensitive: w.CaseInsensitive,
		CreatedAt:       toTime(w.CreatedAt),
		Version:         w.Version,
		Storage:         toStorage(w.Storage),
	}
}

func toRecorded(o housetable.RecordedOperation) *htsv1.RecordedOperation {
	return &htsv1.RecordedOperation{
		Operation: &htsv1.Operation{
			Id:          o.ID[:],
			Fingerprint: o.Fingerprint,
			Kind:        o.Kind,
			Outcome: &htsv1.Outcome{
				Status:            o.Outcome.Status,
				MetadataLocations: o.Outcome.MetadataLocations,
				Body:              o.Outcome.Body,
			},
		},
		RecordedAt: toTime(o.RecordedAt),
	}
}

func toTime(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func toReason(r housetable.Reason) htsv1.ConflictReason {
	switch r {
	case housetable.TableNotFound:
		return htsv1.ConflictReason_CONFLICT_REASON_TABLE_NOT_FOUND
	case housetable.TableExists:
		return htsv1.ConflictReason_CONFLICT_REASON_TABLE_EXISTS
	case housetable.VersionMismatch:
		return htsv1.ConflictReason_CONFLICT_REASON_VERSION_MISMATCH
	case housetable.NamespaceNotFound:
		return htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_FOUND
	case housetable.NamespaceExists:
		return htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_EXISTS
	case housetable.NamespaceNotEmpty:
		return htsv1.ConflictReason_CONFLICT_REASON_NAMESPACE_NOT_EMPTY
	case housetable.LocationTaken:
		return htsv1.ConflictReason_CONFLICT_REASON_LOCATION_TAKEN
	case housetable.MetadataUUIDTaken:
		return htsv1.ConflictReason_CONFLICT_REASON_METADATA_UUID_TAKEN
	case housetable.Fits:
	}
	return htsv1.ConflictReason_CONFLICT_REASON_UNSPECIFIED
}
