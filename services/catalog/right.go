package catalog

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// right is what a mutation takes: nil if the caller has it. It is asked for before
// anything is written, and before anything is told of what was done under the
// request's key.
type right func(ctx context.Context) error

// to is a privilege on what names alone tell: a namespace, or a warehouse.
func (c *Catalog) to(privilege authz.Privilege, on authz.Object) right {
	return func(ctx context.Context) error { return c.allow(ctx, privilege, on) }
}

// target is a table, view or function that a request is to change, with the
// pointer that it is to be: no other one that gets its name meanwhile. Without a
// UUID it may be any, as the right is one to whatever has the name.
type target struct {
	id   TableIdentifier
	kind Kind
	uuid uuid.UUID
}

// toTarget is a privilege on a target. Most have it by the namespace or warehouse,
// at no look-up; else it is by the very pointer, which the target then names.
func (c *Catalog) toTarget(privilege authz.Privilege, warehouse string, t *target) right {
	return func(ctx context.Context) error {
		if !c.settings.AuthorizationByRow {
			byName, err := c.may(ctx, privilege, namedObject(warehouse, t.id, t.kind))
			if byName || err != nil {
				return err
			}
		}
		p, err := c.allowed(ctx, privilege, warehouse, t.id, t.kind)
		t.uuid = p.UUID
		return err
	}
}

// allowed is the pointer of a name, on which the caller has a privilege.
func (c *Catalog) allowed(ctx context.Context, privilege authz.Privilege, warehouse string, id TableIdentifier, kind Kind) (Pointer, error) {
	p, err := c.pointer(ctx, warehouse, id, kind)
	if err == nil {
		return p, c.allow(ctx, privilege, pointerObject(warehouse, id, p))
	}
	if !notThere(err) {
		return Pointer{}, err
	}
	asked := authz.Question{Privilege: privilege, Object: namedObject(warehouse, id, kind)}
	in := namespaceObject(warehouse, id.Namespace)
	if fault.Is(err, fault.NoSuchWarehouse) {
		in = authz.Server()
	}
	return Pointer{}, c.hide(ctx, asked, in, err)
}

// toCommit is the right to a transaction: to write what it changes, and to create what it
// makes. The pointers of those that it is not to by their names are read together.
func (c *Catalog) toCommit(warehouse string, members []*member) right {
	return func(ctx context.Context) error {
		if len(members) == 0 { // changes nothing, and yet is asked of a warehouse
			return c.allow(ctx, authz.List, authz.Warehouse(warehouse))
		}
		rows, err := c.beyondNames(ctx, warehouse, members)
		if err != nil || len(rows) == 0 {
			return err
		}
		return c.toRows(ctx, warehouse, rows)
	}
}

// beyondNames are the targets of those members that names alone do not let through.
func (c *Catalog) beyondNames(ctx context.Context, warehouse string, members []*member) ([]*target, error) {
	questions := make([]authz.Question, len(members))
	for i, m := range members {
		questions[i] = authz.Question{Privilege: authz.Write, Object: namedObject(warehouse, m.id, m.kind)}
		if m.revision.creates() {
			questions[i] = authz.Question{Privilege: authz.Create, Object: namespaceObject(warehouse, m.id.Namespace)}
		}
	}
	answers, err := c.decide(ctx, questions...)
	if err != nil {
		return nil, err
	}
	var rows []*target
	for i, m := range members {
		switch byRow := c.settings.AuthorizationByRow && !m.revision.creates(); {
		case answers[i].Allowed && !byRow:
		case m.revision.creates():
			return nil, denial{error: authz.Refusal(caller(ctx), questions[i])}
		default:
			rows = append(rows, &m.target)
		}
	}
	return rows, nil
}

// toRows is the right to write the pointers of targets, all of which are tables.
func (c *Catalog) toRows(ctx context.Context, warehouse string, rows []*target) error {
	ids := make([]TableIdentifier, len(rows))
	for i, t := range rows {
		ids[i] = t.id
	}
	found, err := c.pointers.Pointers(ctx, warehouse, ids)
	if err != nil {
		return err
	}
	questions := make([]authz.Question, len(rows))
	for i, t := range rows {
		questions[i] = authz.Question{Privilege: authz.Write, Object: namedObject(warehouse, t.id, t.kind)}
		p := named(found, t.id)
		if p == nil || p.Kind != t.kind {
			return c.hide(ctx, questions[i], namespaceObject(warehouse, t.id.Namespace), NoSuchPointer(t.kind, t.id))
		}
		t.uuid, questions[i].Object = p.UUID, pointerObject(warehouse, t.id, *p)
	}
	return c.require(ctx, questions...)
}

// all is several rights together.
func all(rights ...right) right {
	return func(ctx context.Context) error {
		for _, r := range rights {
			if err := r(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// expected is what the change of a target expects, whatever its version.
func (t *target) expected() Expectation { return Expectation{UUID: t.uuid, Kind: t.kind} }

// targeted is the pointer that a target is.
func (m *mutation) targeted(ctx context.Context, t *target) (Pointer, error) {
	p, err := m.pointer(ctx, m.request.Warehouse, t.id, t.kind)
	if err != nil {
		return Pointer{}, err
	}
	return p, t.fits(p)
}

// fits refuses a pointer that is not the one which the right is to.
func (t *target) fits(p Pointer) error {
	if t.uuid != uuid.Nil && t.uuid != p.UUID {
		return NoSuchPointer(t.kind, t.id)
	}
	return nil
}

// recall is the outcome of a request that is refused for want of a right, if it was
// carried out before under its key, and else the refusal. Rights to what a request
// took away went with it: whoever knows the key is told that it did. Of anything
// else nothing is told any more, but not that it was refused either: clients delete
// the files of commits that are.
func (m *mutation) recall(ctx context.Context, refused error) (*Outcome, error) {
	finished, err := m.pointers.Operation(ctx, m.request.Warehouse, m.op.ID)
	if err != nil {
		return nil, err
	}
	if finished == nil || !finished.Matches(m.op.Fingerprint) {
		return nil, refused
	}
	return &finished.Outcome, nil
}

// afterwards is what is said of the outcome of a request that is refused now.
func afterwards(outcome *Outcome, refused error) (Outcome, error) {
	var d denial
	switch gone := errors.As(refused, &d) && d.gone; {
	case outcome.Status >= 400:
		return Outcome{}, refused
	case gone && len(outcome.MetadataLocations) == 0:
		return *outcome, nil
	}
	return Outcome{}, fault.Wrap(fault.UnknownOutcome, refused, "the request was applied before, and its result may not be told now: %s", fault.Shown(refused))
}
