package command

import (
	"net/url"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/authz"
	htsv1 "github.com/igloo-catalog/igloo/proto/gen/igloo/housetable/v1"
)

// objectFlags say on what something is granted.
type objectFlags struct {
	Object    string `arg:"" help:"On what: server, warehouse:NAME, namespace:A.B, table:A.B.NAME, view:…, function:… or role:NAME. A dot within the name of a table is written '\\.'."`
	Warehouse string `short:"w" default:"default" help:"Warehouse of the namespace, table, view or function."`
}

// object reads the flags.
func (f objectFlags) object() (*htsv1.AccessObject, error) {
	word, id, _ := strings.Cut(f.Object, ":")
	kind, err := authz.ParseKind("object", word)
	if err != nil {
		return nil, usage("%w", err)
	}
	o := &htsv1.AccessObject{Kind: word}
	switch kind {
	case authz.KindServer:
		if id != "" {
			return nil, usage("object: there is one server, which has no name, and %q is given", id)
		}
		return o, nil
	case authz.KindWarehouse:
		o.Warehouse = id
	case authz.KindRole:
		o.Role = id
	case authz.KindNamespace:
		o.Warehouse, o.DatabaseId = f.Warehouse, id
	default:
		o.Warehouse = f.Warehouse
		database, table := splitTable(id)
		if database == "" || table == "" {
			return nil, usage("object: %q must be %s:, a namespace, a dot and a name", f.Object, word)
		}
		o.DatabaseId, o.TableId = database, table
	}
	if id == "" {
		return nil, usage("object: %q must be followed by ':' and a name", word)
	}
	return o, nil
}

// query reads the flags, as reads name an object.
func (f objectFlags) query() (url.Values, error) {
	object, err := f.object()
	if err != nil {
		return nil, err
	}
	return objectQuery(object), nil
}

// splitTable splits at the last dot that is not the name's own.
func splitTable(id string) (database, table string) {
	for at := len(id) - 1; at > 0; at-- {
		if id[at] == '.' && id[at-1] != '\\' {
			return id[:at], strings.ReplaceAll(id[at+1:], `\.`, ".")
		}
	}
	return "", id
}

// objectText is an object as flags say it, without its warehouse.
func objectText(o *htsv1.AccessObject) string {
	switch {
	case o.GetTableId() != "":
		return o.GetKind() + ":" + o.GetDatabaseId() + "." + strings.ReplaceAll(o.GetTableId(), ".", `\.`)
	case o.GetDatabaseId() != "":
		return o.GetKind() + ":" + o.GetDatabaseId()
	case o.GetRole() != "":
		return o.GetKind() + ":" + o.GetRole()
	case o.GetWarehouse() != "":
		return o.GetKind() + ":" + o.GetWarehouse()
	}
	return o.GetKind()
}

// objectQuery is an object as reads name it.
func objectQuery(o *htsv1.AccessObject) url.Values {
	query := url.Values{"object.kind": {o.GetKind()}}
	for name, value := range map[string]string{
		"warehouse": o.GetWarehouse(), "databaseId": o.GetDatabaseId(), "tableId": o.GetTableId(), "role": o.GetRole(),
	} {
		if value != "" {
			query.Set("object."+name, value)
		}
	}
	return query
}
