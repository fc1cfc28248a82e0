package authz

import (
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// Kind is what an object is.
type Kind uint8

// The kinds. The zero Kind is none.
const (
	// KindServer is all of Igloo.
	KindServer Kind = iota + 1
	// KindWarehouse is a warehouse.
	KindWarehouse
	// KindNamespace is a namespace of a warehouse.
	KindNamespace
	// KindTable is a table.
	KindTable
	// KindView is a view.
	KindView
	// KindFunction is a function.
	KindFunction
	// KindRole is a role.
	KindRole
)

var kindNames = [...]string{
	KindServer: "server", KindWarehouse: "warehouse", KindNamespace: "namespace",
	KindTable: "table", KindView: "view", KindFunction: "function", KindRole: "role",
}

// String is the kind's name: "namespace".
func (k Kind) String() string {
	if k == 0 || int(k) >= len(kindNames) {
		return "nothing"
	}
	return kindNames[k]
}

// ParseKind reads a kind's name in a field of a request.
func ParseKind(field, name string) (Kind, error) {
	for k := KindServer; int(k) < len(kindNames); k++ {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, fault.Field(field, "is %.100q, allowed are %s", name, strings.Join(kindNames[1:], ", "))
}

// Object is what privileges are on. Everything has those of what it is in: a
// table of its namespace, that of the namespace above it or of its warehouse,
// that of the server; a role of the server.
type Object struct {
	Kind Kind
	// Warehouse is the name of the warehouse that it is, or is in.
	Warehouse string
	// DatabaseID is of the namespace that it is, or is in: levels joined by dots.
	DatabaseID string
	// Table is of tables, views and functions.
	Table *TableRef
	// Role is a role's name.
	Role string
}

// TableRef is a house table. One that was not looked up has its name alone, and is
// decided about by where it is.
type TableRef struct {
	UUID uuid.UUID
	// Owner is the principal who owns it, "" where nobody does.
	Owner string
	// Name is for people.
	Name string
}

// Server is all of Igloo.
func Server() Object { return Object{Kind: KindServer} }

// Warehouse is the warehouse of a name.
func Warehouse(name string) Object { return Object{Kind: KindWarehouse, Warehouse: name} }

// Namespace is a namespace of a warehouse.
func Namespace(warehouse, databaseID string) Object {
	return Object{Kind: KindNamespace, Warehouse: warehouse, DatabaseID: databaseID}
}

// Container is a namespace of a warehouse or, without a databaseID, the warehouse.
func Container(warehouse, databaseID string) Object {
	if databaseID == "" {
		return Warehouse(warehouse)
	}
	return Namespace(warehouse, databaseID)
}

// In is a table, view or function in a namespace of a warehouse.
func In(warehouse, databaseID string, kind Kind, table TableRef) Object {
	return Object{Kind: kind, Warehouse: warehouse, DatabaseID: databaseID, Table: &table}
}

// Role is the role of a name.
func Role(name string) Object { return Object{Kind: KindRole, Role: name} }

// part is the warehouse whose snapshot has its grants, "" of the server.
func (o Object) part() string {
	if o.Kind == KindServer || o.Kind == KindRole {
		return ""
	}
	return o.Warehouse
}

// String names it for people: "table sales.orders in warehouse default".
func (o Object) String() string {
	switch o.Kind {
	case KindServer:
		return "the server"
	case KindWarehouse:
		return "warehouse " + o.Warehouse
	case KindNamespace:
		return "namespace " + o.DatabaseID + " in warehouse " + o.Warehouse
	case KindTable, KindView, KindFunction:
		return o.Kind.String() + " " + strings.TrimPrefix(o.DatabaseID+"."+o.Table.name(), ".") + " in warehouse " + o.Warehouse
	case KindRole:
		return "role " + o.Role
	default:
		return "nothing"
	}
}

// name is the uuid where it is all that is known.
func (t *TableRef) name() string {
	switch {
	case t == nil:
		return "(unnamed)"
	case t.Name == "":
		return t.UUID.String()
	default:
		return t.Name
	}
}
