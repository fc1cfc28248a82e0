package rpc

import (
	"context"
	"fmt"

	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// fromVisibility reads what may be shown; nil is everything.
func fromVisibility(v *htsv1.Visibility) (*housetable.Visibility, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // no bounds
	}
	visible := &housetable.Visibility{Owner: v.GetOwner(), DatabaseIDs: v.GetDatabaseIds()}
	if err := checkText("visibility.owner", v.GetOwner(), maxTextBytes); err != nil {
		return nil, err
	}
	for i, id := range v.GetDatabaseIds() {
		if err := checkDatabaseID(fmt.Sprintf("visibility.database_ids[%d]", i), id); err != nil {
			return nil, err
		}
	}
	visible.UUIDs = make([]housetable.UUID, len(v.GetUuids()))
	for i, b := range v.GetUuids() {
		var err error
		if visible.UUIDs[i], err = checkUUID(fmt.Sprintf("visibility.uuids[%d]", i), b); err != nil {
			return nil, err
		}
	}
	return visible, visible.Check()
}

// seen is nil for a namespace that may be shown; any other does not exist.
func seen(ctx context.Context, store housetable.Reader, warehouse, databaseID string, v *housetable.Visibility) error {
	if v == nil {
		return nil
	}
	visible, err := store.NamespaceVisible(ctx, warehouse, databaseID, *v)
	if err == nil && !visible {
		return housetable.NoSuchNamespace(databaseID)
	}
	return err
}
