package cedar

import (
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
)

// server is all of Igloo.
var server = cedar.NewEntityUID("Server", "igloo")

var types = map[authz.Kind]cedar.EntityType{
	authz.KindTable: "Table", authz.KindView: "View", authz.KindFunction: "Function",
}

// actions are the privileges, each in those that include it.
var actions = func() cedar.EntityMap {
	all := cedar.EntityMap{}
	for _, p := range authz.Privileges() {
		var in []cedar.EntityUID
		for _, other := range authz.Privileges() {
			if other != p && other.Includes(p) {
				in = append(in, action(other))
			}
		}
		put(all, action(p), nil, in...)
	}
	return all
}()

func action(p authz.Privilege) cedar.EntityUID {
	return cedar.NewEntityUID("Action", cedar.String(p.String()))
}

func put(all cedar.EntityMap, id cedar.EntityUID, attributes cedar.RecordMap, in ...cedar.EntityUID) {
	all[id] = cedar.Entity{UID: id, Parents: cedar.NewEntityUIDSet(in...), Attributes: cedar.NewRecord(attributes)}
}

func user(principal string) cedar.EntityUID {
	return cedar.NewEntityUID("User", cedar.String(principal))
}

// world is what one question is about.
type world struct {
	cedar.EntityMap

	principal, resource cedar.EntityUID
}

// Get implements cedar's EntityGetter.
func (w world) Get(id cedar.EntityUID) (cedar.Entity, bool) {
	if e, known := w.EntityMap[id]; known {
		return e, true
	}
	e, known := actions[id]
	return e, known
}

// worldOf has who asks and what is asked about, with all that these are in.
func worldOf(who authn.Identity, o authz.Object, own, there *authz.Snapshot) world {
	w := world{EntityMap: cedar.EntityMap{}, principal: user(who.Principal())}
	roles := own.Roles(who)
	in := make([]cedar.EntityUID, 0, len(who.Groups)+len(roles))
	for _, group := range who.Groups {
		in = append(in, cedar.NewEntityUID("Group", cedar.String(who.Issuer+":"+group)))
	}
	for _, role := range roles {
		in = append(in, w.role(role))
	}
	put(w.EntityMap, w.principal, cedar.RecordMap{"issuer": cedar.String(who.Issuer), "subject": cedar.String(who.Subject)}, in...)
	put(w.EntityMap, server, nil)
	switch o.Kind {
	case authz.KindServer:
		w.resource = server
	case authz.KindRole:
		w.resource = w.role(o.Role)
	case authz.KindWarehouse:
		w.resource = w.warehouse(o.Warehouse)
	case authz.KindNamespace:
		w.resource = w.namespace(o.Warehouse, there.Key(o.DatabaseID))
	default:
		w.resource = w.table(o, w.namespace(o.Warehouse, there.Key(o.DatabaseID)), there)
	}
	return w
}

func (w world) role(name string) cedar.EntityUID {
	id := cedar.NewEntityUID("Role", cedar.String(name))
	put(w.EntityMap, id, nil, server)
	return id
}

func (w world) warehouse(name string) cedar.EntityUID {
	id := cedar.NewEntityUID("Warehouse", cedar.String(name))
	put(w.EntityMap, id, cedar.RecordMap{"name": cedar.String(name)}, server)
	return id
}

// namespace is that of a key, with those that it is in.
func (w world) namespace(warehouse, key string) cedar.EntityUID {
	in := w.warehouse(warehouse)
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		in = w.namespace(warehouse, key[:dot])
	}
	id := cedar.NewEntityUID("Namespace", cedar.String(warehouse+"/"+key))
	put(w.EntityMap, id, cedar.RecordMap{"name": cedar.String(key), "warehouse": cedar.String(warehouse)}, in)
	return id
}

func (w world) table(o authz.Object, in cedar.EntityUID, there *authz.Snapshot) cedar.EntityUID {
	id := cedar.NewEntityUID(types[o.Kind], cedar.String(o.Table.UUID.String()))
	attributes := cedar.RecordMap{
		"name": cedar.String(o.Table.Name), "namespace": cedar.String(there.Key(o.DatabaseID)), "warehouse": cedar.String(o.Warehouse),
	}
	if authz.User(o.Table.Owner) != "" {
		attributes["owner"] = user(o.Table.Owner)
	}
	put(w.EntityMap, id, attributes, in)
	return id
}

// known reports whether enough is known of an object: a prohibition may be about
// what only a look at a house table tells.
func known(o authz.Object) bool {
	switch o.Kind {
	case authz.KindServer, authz.KindRole:
		return true
	case authz.KindWarehouse, authz.KindNamespace:
		return o.Warehouse != ""
	case authz.KindTable, authz.KindView, authz.KindFunction:
		return o.Warehouse != "" && o.Table != nil && o.Table.UUID != uuid.Nil
	default:
		return false
	}
}
