package rpc

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// maxRenames bounds how often a rename is tried while others change the same table.
const maxRenames = 5

// RenameUserTable is one commit with one rename, at the version that was read.
// It is tried again while the table still points to the metadata it pointed to
// at first: a caller whose new metadata was made from that loses nobody's work.
func (s *userTableService) RenameUserTable(ctx context.Context, r *htsv1.RenameUserTableRequest) (*htsv1.RenameUserTableResponse, error) {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkRename(r)); err != nil {
		return nil, err
	}
	if err := s.checkOneDatabase(ctx, warehouse, r); err != nil {
		return nil, err
	}
	base := r.ExpectedMetadataLocation
	for range maxRenames {
		done, err := s.rename(ctx, warehouse, r, &base)
		if err != nil {
			return nil, err
		}
		if done {
			return &htsv1.RenameUserTableResponse{}, nil
		}
	}
	return nil, renameLost(r, housetable.ChangeConflict{Reason: housetable.VersionMismatch})
}

// rename tries once; it sets base, where it is not known, to what it read.
func (s *userTableService) rename(ctx context.Context, warehouse string, r *htsv1.RenameUserTableRequest, base **string) (done bool, err error) {
	key := housetable.TableKey{DatabaseID: r.GetFromDatabaseId(), TableID: r.GetFromTableId()}
	t, err := s.get(ctx, warehouse, key)
	if err != nil {
		return false, err
	}
	if *base == nil {
		*base = &t.MetadataLocation
	}
	if **base != t.MetadataLocation {
		return false, s.renameLostTo(ctx, warehouse, r, t)
	}
	verdict, err := commitOne(ctx, s.commits, warehouse, "renameUserTable", r, housetable.RenameTable{
		Key: key, Expect: housetable.Expectation{UUID: &t.UUID, Version: &t.Version},
		Destination: housetable.TableKey{DatabaseID: t.Key.DatabaseID, TableID: r.GetToTableId()}, MetadataLocation: &r.MetadataLocation,
	})
	if err != nil {
		return false, err
	}
	switch v := verdict.(type) {
	case housetable.Committed, housetable.Replay:
		return true, nil
	case housetable.Conflict:
		return false, renameConflict(key, r.GetToTableId(), v.Changes[0])
	case housetable.Refused:
		return false, v.Err
	}
	return false, expectNever(verdict)
}

// renameConflict is nil when the table changed since it was read.
func renameConflict(key housetable.TableKey, to string, c housetable.ChangeConflict) error {
	switch c.Reason {
	case housetable.VersionMismatch:
		return nil
	case housetable.TableExists:
		return lost(fault.AlreadyExists, c, "Table %s already exists", to)
	default: // the table is gone, with or without its database
		return noSuchUserTable(key)
	}
}

// renameLostTo names the change that made the house table what it is now, unless
// a later one hides it already.
func (s *userTableService) renameLostTo(ctx context.Context, warehouse string, r *htsv1.RenameUserTableRequest, t housetable.Table) error {
	c := housetable.ChangeConflict{Reason: housetable.VersionMismatch, Current: &t}
	if winner, err := housetable.VersionAt(ctx, s.store, warehouse, t.UUID, t.Version); err == nil {
		c.Winner = &winner
	}
	return renameLost(r, c)
}

func renameLost(r *htsv1.RenameUserTableRequest, c housetable.ChangeConflict) error {
	return lost(fault.CommitFailed, c, "user table %s.%s has been modified by other processes: it is not renamed", r.GetFromDatabaseId(), r.GetFromTableId())
}

func checkRename(r *htsv1.RenameUserTableRequest) error {
	err := together(checkPattern("fromDatabaseId", r.GetFromDatabaseId(), userID), checkPattern("fromTableId", r.GetFromTableId(), userID),
		checkPattern("toDatabaseId", r.GetToDatabaseId(), userID), checkPattern("toTableId", r.GetToTableId(), userID))
	sameDatabase := housetable.Fold(r.GetFromDatabaseId()) == housetable.Fold(r.GetToDatabaseId())
	switch {
	case err != nil:
		return err
	case sameDatabase && housetable.Fold(r.GetFromTableId()) == housetable.Fold(r.GetToTableId()):
		return fault.New(fault.Invalid, "Cannot rename a table to the same name: %s.%s", r.GetToDatabaseId(), r.GetToTableId())
	case !sameDatabase:
		return crossDatabase(r)
	}
	return firstError(checkLocation("metadataLocation", r.GetMetadataLocation()), checkExpectedLocation(r.ExpectedMetadataLocation != nil, r.GetExpectedMetadataLocation()))
}

// checkOneDatabase refuses two spellings of a database where they name two.
func (s *userTableService) checkOneDatabase(ctx context.Context, warehouse string, r *htsv1.RenameUserTableRequest) error {
	if r.GetFromDatabaseId() == r.GetToDatabaseId() {
		return nil
	}
	w, err := s.store.Warehouse(ctx, warehouse)
	if err == nil && !w.CaseInsensitive {
		return crossDatabase(r)
	}
	return err
}

func crossDatabase(r *htsv1.RenameUserTableRequest) error {
	return fault.New(fault.Invalid, "Cross database rename is not supported: from %s to %s", r.GetFromDatabaseId(), r.GetToDatabaseId())
}
