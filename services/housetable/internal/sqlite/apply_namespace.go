package sqlite

import (
	"context"
	"maps"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/services/housetable"
)

const (
	insertNamespace = `INSERT INTO namespace (warehouse_id, database_key, parent_key, database_id, properties, version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`
	updateNamespace = `UPDATE namespace SET properties = ?, version = ? WHERE warehouse_id = ? AND database_key = ?`
	deleteNamespace = `DELETE FROM namespace WHERE warehouse_id = ? AND database_key = ?`
)

func (a *application) createNamespace(ctx context.Context, id string, properties map[string]string) (housetable.Namespace, error) {
	n := housetable.Namespace{DatabaseID: id, Properties: properties, Version: 1, CreatedAt: a.now}
	if n.Properties == nil {
		n.Properties = map[string]string{}
	}
	encoded, err := encodeJSON(n.Properties)
	if err != nil {
		return n, err
	}
	var parent any
	if p := housetable.ParentID(id); p != "" {
		parent = a.keys.id(p)
	}
	if _, err := a.writer.exec(ctx, insertNamespace, a.commit.Warehouse, a.keys.id(id), parent, id, encoded, n.Version, micros(a.now)); err != nil {
		return n, err
	}
	if err := a.ownNamespace(ctx, a.keys.id(id)); err != nil {
		return n, err
	}
	return n, a.namespaceEvent(ctx, housetable.ActionCreate, n)
}

func (a *application) updateNamespace(ctx context.Context, c housetable.UpdateNamespace) (housetable.Namespace, error) {
	n, _ := a.facts.Namespace(c.DatabaseID)
	n.Properties = changed(n.Properties, c.Updates, c.Removals)
	n.Version++
	encoded, err := encodeJSON(n.Properties)
	if err != nil {
		return n, err
	}
	if _, err := a.writer.exec(ctx, updateNamespace, encoded, n.Version, a.commit.Warehouse, a.keys.id(c.DatabaseID)); err != nil {
		return n, err
	}
	return n, a.namespaceEvent(ctx, housetable.ActionUpdate, n)
}

func (a *application) dropNamespace(ctx context.Context, c housetable.DropNamespace) (housetable.Namespace, error) {
	n, _ := a.facts.Namespace(c.DatabaseID)
	key := a.keys.id(c.DatabaseID)
	if err := a.writer.leaveNoGrants(ctx, a.commit.Warehouse, authz.KindNamespace, key, a.now); err != nil {
		return n, err
	}
	if _, err := a.writer.exec(ctx, deleteNamespace, a.commit.Warehouse, key); err != nil {
		return n, err
	}
	n.Version++
	return n, a.namespaceEvent(ctx, housetable.ActionDrop, n)
}

func (a *application) namespaceEvent(ctx context.Context, action housetable.Action, n housetable.Namespace) error {
	_, err := a.writer.exec(ctx, insertEvent, a.commit.Warehouse, nil, n.Version, action, housetable.AnyKind, n.DatabaseID, "",
		nil, nil, "", nil, nil, micros(a.now), a.commit.Operations[0].ID[:], a.commit.Principal, a.commit.RequestID)
	return err
}

// changed is a copy of properties with removals taken away and updates set.
func changed(properties, updates map[string]string, removals []string) map[string]string {
	after := make(map[string]string, len(properties)+len(updates))
	maps.Copy(after, properties)
	for _, key := range removals {
		delete(after, key)
	}
	maps.Copy(after, updates)
	return after
}
