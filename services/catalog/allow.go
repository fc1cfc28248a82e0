package catalog

import (
	"context"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// caller is who asks. Nothing else of the use cases knows.
func caller(ctx context.Context) authn.Identity { return authn.From(ctx) }

// allow fails with fault.Forbidden unless the caller has a privilege on an object.
func (c *Catalog) allow(ctx context.Context, privilege authz.Privilege, on authz.Object) error {
	return c.require(ctx, authz.Question{Privilege: privilege, Object: on})
}

// require is allow for several questions: it names the first that is refused.
func (c *Catalog) require(ctx context.Context, questions ...authz.Question) error {
	answers, err := c.decide(ctx, questions...)
	if err != nil {
		return err
	}
	for i, q := range questions {
		if !answers[i].Allowed {
			return denial{error: authz.Refusal(caller(ctx), q)}
		}
	}
	return nil
}

// decide answers questions about one warehouse, or the server.
func (c *Catalog) decide(ctx context.Context, questions ...authz.Question) ([]authz.Decision, error) {
	answers, err := c.settings.Authorization.Decide(ctx, caller(ctx), questions...)
	if on := questions[0].Object; fault.Is(err, fault.NoSuchWarehouse) && on.Kind != authz.KindServer {
		return nil, c.hide(ctx, questions[0], authz.Server(), NoSuchWarehouse(on.Warehouse))
	}
	return answers, err
}

// may reports whether the caller has a privilege on an object.
func (c *Catalog) may(ctx context.Context, privilege authz.Privilege, on authz.Object) (bool, error) {
	err := c.allow(ctx, privilege, on)
	if fault.Is(err, fault.Forbidden) {
		return false, nil
	}
	return err == nil, err
}

// denial is a refusal for want of a right. It is never recorded: who is given the
// right may send the same request again.
type denial struct {
	error

	// gone says that there is nothing to have the right to.
	gone bool
}

// Unwrap is the refusal.
func (d denial) Unwrap() error { return d.error }

// hide is what is answered where something is not there: that, to who may describe
// what it would be in, or may make things there and so finds out anyway. To others
// it is the refusal that they would get if it were there.
func (c *Catalog) hide(ctx context.Context, asked authz.Question, in authz.Object, missing error) error {
	answers, err := c.decide(ctx, authz.Question{Privilege: authz.Describe, Object: in}, authz.Question{Privilege: authz.Create, Object: in})
	switch {
	case err != nil && !fault.Is(err, fault.Forbidden):
		return err
	case err == nil && (answers[0].Allowed || answers[1].Allowed):
		return denial{missing, true}
	}
	return denial{authz.Refusal(caller(ctx), asked), true}
}

// notThere reports whether err says that something does not exist.
func notThere(err error) bool {
	switch fault.KindOf(err) {
	case fault.NoSuchWarehouse, fault.NoSuchNamespace, fault.NoSuchTable, fault.NoSuchView, fault.NoSuchFunction:
		return true
	default:
		return false
	}
}

// container is what a namespace is in, or would be in.
func container(warehouse string, ns Namespace) authz.Object {
	return namespaceObject(warehouse, ns[:max(len(ns)-1, 0)])
}

// namespaceObject is a namespace, or without levels its warehouse.
func namespaceObject(warehouse string, ns Namespace) authz.Object {
	return authz.Container(warehouse, ns.DatabaseID())
}

// namedObject is a table, view or function that was not looked up.
func namedObject(warehouse string, id TableIdentifier, kind Kind) authz.Object {
	return authz.In(warehouse, id.Namespace.DatabaseID(), kind.object(), authz.TableRef{Name: id.Name})
}

// pointerObject is one that was. It has the name by which it was asked for: a
// refusal tells nobody how it is spelled, nor so that it is there.
func pointerObject(warehouse string, id TableIdentifier, p Pointer) authz.Object {
	return authz.In(warehouse, id.Namespace.DatabaseID(), p.Kind.object(), authz.TableRef{UUID: p.UUID, Owner: p.Owner, Name: id.Name})
}

// object is the kind in the words of rights.
func (k Kind) object() authz.Kind {
	switch k {
	case ViewKind:
		return authz.KindView
	case FunctionKind:
		return authz.KindFunction
	default:
		return authz.KindTable
	}
}
