package rpc

import (
	"context"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// needTable needs a privilege on a house table: where it is tells without a look
// at it, as a rule. Who may not is not told whether it exists, and of which kind
// it is.
func (a asking) needTable(ctx context.Context, p authz.Privilege, warehouse string, key housetable.TableKey) error {
	o := authz.In(warehouse, key.DatabaseID, tableOrFunction(key), authz.TableRef{Name: key.TableID})
	if allowed, err := a.may(ctx, p, o); err != nil || allowed {
		return err
	}
	t, err := a.lookUp(ctx, warehouse, key)
	if err != nil {
		return err
	}
	if t != nil {
		o.Table.UUID, o.Table.Owner = uuid.UUID(t.UUID), t.Owner
	}
	return a.need(ctx, p, o)
}

// lookUp is a house table, nil where there is none.
func (a asking) lookUp(ctx context.Context, warehouse string, key housetable.TableKey) (*housetable.Table, error) {
	tables, err := a.store.Tables(ctx, warehouse, []housetable.TableKey{key})
	switch {
	case fault.Is(err, fault.NoSuchWarehouse):
		return nil, nil //nolint:nilnil // none is no error
	case err != nil:
		return nil, err
	}
	return tables[0], nil
}

func tableOrFunction(key housetable.TableKey) authz.Kind {
	if key.Function {
		return authz.KindFunction
	}
	return authz.KindTable
}

// inWarehouse is a request of a warehouse.
type inWarehouse interface{ GetWarehouse() string }

// keyed is a request of a house table.
type keyedRequest interface {
	inWarehouse
	GetKey() *htsv1.TableKey
}

// tableHere needs a privilege on the house table that a request names by its key.
func tableHere(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r keyedRequest) error {
		warehouse, err := warehouseOr(r.GetWarehouse())
		if err := firstError(err, checkKey("key", r.GetKey())); err != nil {
			return err
		}
		return a.needTable(ctx, p, warehouse, fromKey(r.GetKey()))
	})
}

// anyTable is tableHere for requests that may name a uuid instead, be it of one
// that was dropped.
func anyTable(p authz.Privilege) rule {
	byKey := tableHere(p)
	return as(func(ctx context.Context, a asking, r interface {
		inWarehouse
		GetUuid() []byte
	},
	) (context.Context, error) {
		if len(r.GetUuid()) == 0 {
			return byKey(ctx, a, r)
		}
		warehouse, err := warehouseOr(r.GetWarehouse())
		id, wrong := checkUUID("uuid", r.GetUuid())
		if err := firstError(err, wrong); err != nil {
			return nil, err
		}
		return ctx, a.need(ctx, p, authz.In(warehouse, "", authz.KindTable, authz.TableRef{UUID: uuid.UUID(id)}))
	})
}

// userTable needs a privilege on the user table that a request names.
func userTable(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r interface {
		inWarehouse
		userIdentity
	},
	) error {
		return a.needUserTable(ctx, p, r.GetWarehouse(), r)
	})
}

func (a asking) needUserTable(ctx context.Context, p authz.Privilege, in string, id userIdentity) error {
	warehouse, err := warehouseOr(in)
	if err := firstError(err, checkUserKey(id.GetDatabaseId(), id.GetTableId())); err != nil {
		return err
	}
	return a.needTable(ctx, p, warehouse, userKey(id))
}

// userDatabase needs a privilege on the database that a request names.
func userDatabase(p authz.Privilege) rule {
	return on(func(ctx context.Context, a asking, r interface {
		inWarehouse
		GetDatabaseId() string
	},
	) error {
		warehouse, err := warehouseOr(r.GetWarehouse())
		if err := firstError(err, checkDatabaseID("databaseId", r.GetDatabaseId())); err != nil {
			return err
		}
		return a.need(ctx, p, authz.Namespace(warehouse, r.GetDatabaseId()))
	})
}

// putUserTable needs to write a user table that is there, and else to create it.
func putUserTable(ctx context.Context, a asking, r *htsv1.PutUserTableRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserKey(r.GetEntity().GetDatabaseId(), r.GetEntity().GetTableId())); err != nil {
		return err
	}
	key := userKey(r.GetEntity())
	t, err := a.lookUp(ctx, warehouse, key)
	switch {
	case err != nil:
		return err
	case t == nil:
		return a.need(ctx, authz.Create, authz.Namespace(warehouse, key.DatabaseID))
	default:
		return a.needTable(ctx, authz.Write, warehouse, key)
	}
}

func renameUserTable(ctx context.Context, a asking, r *htsv1.RenameUserTableRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkUserKey(r.GetFromDatabaseId(), r.GetFromTableId()), checkUserKey(r.GetToDatabaseId(), r.GetToTableId())); err != nil {
		return err
	}
	from := housetable.TableKey{DatabaseID: r.GetFromDatabaseId(), TableID: r.GetFromTableId()}
	if err := a.needTable(ctx, authz.Drop, warehouse, from); err != nil {
		return err
	}
	return a.need(ctx, authz.Create, authz.Namespace(warehouse, r.GetToDatabaseId()))
}

// softDeleted shows what was soft-deleted to those who may see all of a database.
func softDeleted(ctx context.Context, a asking, r *htsv1.QuerySoftDeletedUserTablesRequest) error {
	warehouse, err := warehouseOr(r.GetWarehouse())
	if err := firstError(err, checkDatabaseID("databaseId", r.GetDatabaseId())); err != nil {
		return err
	}
	o := authz.Namespace(warehouse, r.GetDatabaseId())
	v, err := a.by.Visible(ctx, a.who, o)
	if err == nil && !v.All {
		return a.refuse(authz.Describe, o)
	}
	return err
}
