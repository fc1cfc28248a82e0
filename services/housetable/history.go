package housetable

import (
	"context"
	"time"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// VersionAt returns one version of a house table: NoSuchTable when there never
// was one of that number, PositionExpired when it is not kept any more.
func VersionAt(ctx context.Context, store Reader, warehouse string, uuid UUID, version int64) (TableVersion, error) {
	if version < 1 {
		return TableVersion{}, fault.Field("version", "must be positive")
	}
	found, err := below(ctx, store, warehouse, uuid, version+1)
	if err != nil {
		return TableVersion{}, err
	}
	if found != nil && found.Version == version {
		return *found, nil
	}
	newest, err := below(ctx, store, warehouse, uuid, 0)
	if err != nil {
		return TableVersion{}, err
	}
	if newest == nil || newest.Version < version {
		return TableVersion{}, fault.New(fault.NoSuchTable, "house table %s has no version %d", uuid, version)
	}
	return TableVersion{}, fault.New(fault.PositionExpired, "version %d of house table %s is not kept any longer", version, uuid)
}

// VersionAsOf returns the version that was the current one at a time: NoSuchTable
// when the house table did not exist then, PositionExpired when history does not go
// back so far. Versions are kept without gaps and their times rise, so
// it takes as many point reads as the number of the newest version has bits.
func VersionAsOf(ctx context.Context, store Reader, warehouse string, uuid UUID, at time.Time) (TableVersion, error) {
	newest, err := below(ctx, store, warehouse, uuid, 0)
	if err != nil {
		return TableVersion{}, err
	}
	if newest == nil {
		return TableVersion{}, fault.New(fault.NoSuchTable, "house table %s has no history", uuid)
	}
	if !newest.CommittedAt.After(at) {
		return standing(*newest, uuid, at)
	}
	best, oldest, err := search(ctx, store, warehouse, uuid, *newest, at)
	switch {
	case err != nil:
		return TableVersion{}, err
	case best != nil:
		return standing(*best, uuid, at)
	case oldest.Version > 1:
		return TableVersion{}, fault.New(fault.PositionExpired, "history of house table %s goes back to %s and no further",
			uuid, oldest.CommittedAt.Format(time.RFC3339Nano))
	}
	return TableVersion{}, notThen(uuid, at)
}

// search finds the newest version that was committed by a time, nil when there is
// none, and the oldest one it came upon that was committed later.
func search(ctx context.Context, store Reader, warehouse string, uuid UUID, newest TableVersion, at time.Time) (best *TableVersion, later TableVersion, _ error) {
	later = newest
	low, high := int64(0), newest.Version-1 // what is above high was committed later
	for low < high {
		middle := (low + high + 1) / 2
		found, err := below(ctx, store, warehouse, uuid, middle+1)
		switch {
		case err != nil:
			return nil, later, err
		case found == nil: // not kept
			low = middle
		case found.CommittedAt.After(at):
			later, high = *found, found.Version-1
		default:
			best, low = found, middle
		}
	}
	return best, later, nil
}

// standing is a version that was the current one, unless it ended the house table.
func standing(v TableVersion, uuid UUID, at time.Time) (TableVersion, error) {
	if v.Action == ActionDrop || v.Action == ActionPurge {
		return TableVersion{}, notThen(uuid, at)
	}
	return v, nil
}

func notThen(uuid UUID, at time.Time) error {
	return fault.New(fault.NoSuchTable, "house table %s did not exist at %s", uuid, at.UTC().Format(time.RFC3339Nano))
}

// below is the newest version below one, or of all when that is 0; nil when there is none.
func below(ctx context.Context, store Reader, warehouse string, uuid UUID, version int64) (*TableVersion, error) {
	found, _, err := store.History(ctx, HistoryQuery{Warehouse: warehouse, UUID: uuid, Before: version, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}
