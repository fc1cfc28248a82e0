package rpc

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
	"github.com/igloo-catalog/igloo/services/housetable"
)

// fromGrants reads grants that are all of one warehouse, or of the server's part.
func fromGrants(grants []*htsv1.Grant) (warehouse string, found []housetable.Grant, err error) {
	if n := len(grants); n == 0 || n > housetable.MaxGrants {
		return "", nil, fault.Field("grants", "has %d entries, 1 to %d are allowed", n, housetable.MaxGrants)
	}
	for i, g := range grants {
		field := fmt.Sprintf("grants[%d]", i)
		in, grant, err := fromGrant(field, g)
		if err != nil {
			return "", nil, err
		}
		if i > 0 && in != warehouse {
			return "", nil, fault.Field(field+".object", "is of %s, and those before it of %s", partName(in), partName(warehouse))
		}
		warehouse, found = in, append(found, grant)
	}
	return warehouse, found, nil
}

func partName(warehouse string) string {
	if warehouse == housetable.ServersPart {
		return "the server"
	}
	return "warehouse " + warehouse
}

func fromGrant(field string, g *htsv1.Grant) (warehouse string, grant housetable.Grant, err error) {
	if warehouse, grant.Object, err = fromAccessObject(field+".object", g.GetObject()); err != nil {
		return "", grant, err
	}
	if grant.Grantee, err = authz.ParseGrantee(field+".grantee", g.GetGrantee()); err != nil {
		return "", grant, err
	}
	if grant.Privilege, err = authz.ParsePrivilege(field+".privilege", g.GetPrivilege()); err != nil {
		return "", grant, err
	}
	return warehouse, grant, grant.Privilege.CheckGrantable(field+".privilege", grant.Object.Kind)
}

// fromAccessObject reads an object, and the warehouse that it is of.
func fromAccessObject(field string, o *htsv1.AccessObject) (warehouse string, object housetable.Object, err error) {
	if object.Kind, err = authz.ParseKind(field+".kind", o.GetKind()); err != nil {
		return "", object, err
	}
	ofServer := object.Kind == authz.KindServer || object.Kind == authz.KindRole
	if !ofServer {
		if warehouse, err = warehouseOr(o.GetWarehouse()); err != nil {
			return "", object, err
		}
	}
	object.DatabaseID, object.TableID, object.Role = o.GetDatabaseId(), o.GetTableId(), o.GetRole()
	named := object.Kind == authz.KindNamespace || object.IsTable()
	return warehouse, object, firstError(
		part(field+".warehouse", o.GetWarehouse(), !ofServer, func(string, string) error { return nil }),
		part(field+".database_id", object.DatabaseID, named, checkDatabaseID),
		part(field+".table_id", object.TableID, object.IsTable(), func(field, id string) error { return checkID(field, id, maxTableIDBytes) }),
		part(field+".role", object.Role, object.Kind == authz.KindRole, authz.CheckRoleName))
}

// part checks one part of an object's name, which objects of its kind have or not.
func part(field, value string, has bool, check func(field, value string) error) error {
	switch {
	case has:
		return check(field, value)
	case value != "":
		return fault.Field(field, "must be empty for an object of this kind")
	}
	return nil
}

func toAccessObject(warehouse string, o housetable.Object) *htsv1.AccessObject {
	return &htsv1.AccessObject{Kind: o.Kind.String(), Warehouse: warehouse, DatabaseId: o.DatabaseID, TableId: o.TableID, Role: o.Role}
}

func toGrant(warehouse string, g housetable.Grant) *htsv1.Grant {
	grant := &htsv1.Grant{
		Object: toAccessObject(warehouse, g.Object), Grantee: string(g.Grantee), Privilege: g.Privilege.String(), GrantedBy: g.GrantedBy,
	}
	if !g.GrantedAt.IsZero() {
		grant.GrantedAt = toTime(g.GrantedAt)
	}
	return grant
}

func toRole(r housetable.Role) *htsv1.Role {
	return &htsv1.Role{Name: r.Name, Description: r.Description, CreatedAt: toTime(r.CreatedAt)}
}

func toChanges(c authz.Changes) (*htsv1.FollowAccessResponse, error) {
	r := &htsv1.FollowAccessResponse{
		Position: c.Position, More: c.More, Restart: c.Restart, CaseInsensitive: c.CaseInsensitive,
		Entries: make([]*htsv1.AccessEntry, len(c.Entries)),
	}
	for i, e := range c.Entries {
		entry := &htsv1.AccessEntry{Kind: e.Kind.String(), Grantee: string(e.Grantee), Revoked: e.Revoked}
		if e.Grantee != "" {
			entry.Privilege = e.Privilege.String()
		}
		switch e.Kind {
		case authz.KindNamespace:
			entry.DatabaseId = e.ID
		case authz.KindRole:
			entry.Role = e.ID
		case authz.KindTable, authz.KindView, authz.KindFunction:
			id, err := uuid.Parse(e.ID)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", i, err)
			}
			entry.Uuid = id[:]
		default: // the server and warehouses are told by their kind
		}
		r.Entries[i] = entry
	}
	return r, nil
}
