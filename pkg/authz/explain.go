package authz

import (
	"context"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authn"
)

// Explain implements Decider. The reasons are in the order of how near they are
// to the object; passage is told only where nothing else allows.
func (g *Grants) Explain(ctx context.Context, who authn.Identity, q Question) (Decision, error) {
	c, err := g.caller(ctx, who, q.Object.part())
	if err != nil {
		return Decision{}, err
	}
	x := explainer{caller: c, question: q, all: expand(who, c.server)}
	if admin, is := g.admins.As(who); is && Own.Includes(q.Privilege) {
		x.reasons = append(x.reasons, Reason{Kind: ByAdministrator, Privilege: Own, On: Server(), Grantee: admin})
	}
	x.around(q.Object)
	if len(x.reasons) == 0 {
		x.passage()
	}
	return Decision{Allowed: c.may(q.Privilege, q.Object), Reasons: x.reasons}, nil
}

// explainer gathers reasons.
type explainer struct {
	caller

	question Question
	all      []as
	reasons  []Reason
}

// around goes from an object outwards.
func (x *explainer) around(o Object) {
	switch o.Kind {
	case KindServer:
	case KindRole:
		x.named(o.Role, o)
	case KindWarehouse:
		x.grants(x.there, x.there.self, o)
	case KindNamespace:
		x.namespaces(o)
	default:
		x.table(o)
		x.namespaces(Namespace(o.Warehouse, o.DatabaseID))
	}
	x.grants(x.server, x.server.self, Server())
}

func (x *explainer) namespaces(o Object) {
	for id := o.DatabaseID; id != "" && o.Warehouse != ""; id = parent(id) {
		x.named(x.there.Key(id), Namespace(o.Warehouse, id))
	}
	if o.Warehouse != "" {
		x.grants(x.there, x.there.self, Warehouse(o.Warehouse))
	}
}

func (x *explainer) named(key string, on Object) {
	g, _ := x.there.named.get(key)
	x.grants(x.there, g, on)
}

func (x *explainer) table(o Object) {
	if o.Table == nil || o.Table.UUID == uuid.Nil {
		return
	}
	if x.owns(o.Table) && Own.Includes(x.question.Privilege) {
		x.reasons = append(x.reasons, Reason{Kind: ByOwner, Privilege: Own, On: o, Grantee: User(o.Table.Owner)})
	}
	g, _ := x.there.tables.get(o.Table.UUID)
	x.grants(x.there, g, o)
}

// grants adds those on one object that include what was asked for.
func (x *explainer) grants(in *Snapshot, g grants, on Object) {
	for i, one := range x.all {
		h, known := in.grantees.get(one.grantee)
		if !known {
			continue
		}
		for p := range g.given(h.id).each() {
			if !p.Includes(x.question.Privilege) {
				continue
			}
			x.reasons = append(x.reasons, Reason{Kind: ByGrant, Privilege: p, On: on, Grantee: one.grantee, Via: via(x.all, i)})
		}
	}
}

// passage adds one thing inside of the object that may be described, or listed.
func (x *explainer) passage() {
	o := x.question.Object
	if !x.may(x.question.Privilege, o) {
		return
	}
	inside := below(x.passable(x.question.Privilege), x.there.Key(o.DatabaseID))
	tables := x.describedTables(1)
	switch {
	case len(inside) > 0:
		x.named(inside[0], Namespace(o.Warehouse, inside[0]))
	case len(tables) > 0:
		x.table(In(o.Warehouse, "", KindTable, TableRef{UUID: tables[0]}))
	}
	for i := range x.reasons {
		x.reasons[i].Kind = ByPassage
	}
}
