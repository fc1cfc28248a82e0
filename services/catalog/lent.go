package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/audit"
	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
)

// MaxReferences bounds how many views something may be loaded through.
const MaxReferences = 16

// References are the views through which something is loaded, outermost first: each
// reads from the next, and the last from what is loaded. They are what a client says.
type References []TableIdentifier

// Validate refuses, in the name of a parameter, what no query leads through.
func (r References) Validate(parameter string) error {
	if len(r) > MaxReferences {
		return fault.Field(parameter, "names %d views, at most %d are allowed", len(r), MaxReferences)
	}
	for i, id := range r {
		if err := id.Validate(); err != nil {
			return fault.Field(parameter, "names %.300q, which no view can be called: %s", id, fault.Shown(err))
		}
		if slices.ContainsFunc(r[:i], id.Equal) {
			return fault.Field(parameter, "names view %.300q twice, and no view reads from itself", id)
		}
	}
	return nil
}

// reached is the pointer of a name that the caller has a privilege on, or that views
// lend them to select. Of what a client says of views nothing is believed that is not
// so; and it never takes away what the caller has without them.
func (c *Catalog) reached(ctx context.Context, privilege authz.Privilege, warehouse string, id TableIdentifier, kind Kind, by References) (p Pointer, lent bool, err error) {
	p, err = c.sought(ctx, privilege, warehouse, id, kind)
	if len(by) == 0 || !fault.Is(err, fault.Forbidden) || !authz.Select.Includes(privilege) {
		return p, false, err
	}
	if p.UUID == uuid.Nil {
		return p, false, c.soughtThrough(ctx, warehouse, id, kind, by, err)
	}
	borrowed := c.lent(ctx, warehouse, by, id, p)
	if why, is := errors.AsType[unlent](borrowed); is {
		return p, false, denial{error: fault.New(fault.Forbidden, "%s, nor by referenced-by: %s", fault.Shown(err), why)}
	}
	return p, borrowed == nil, borrowed
}

// soughtThrough is what sought answers of what is not there, to who comes through views:
// that it is not there, where something that engines take the name for as well is lent.
func (c *Catalog) soughtThrough(ctx context.Context, warehouse string, id TableIdentifier, kind Kind, by References, refused error) error {
	for _, n := range neighbours(id, kind) {
		p, err := c.pointer(ctx, warehouse, n.id, n.kind)
		if err == nil {
			err = c.lent(ctx, warehouse, by, n.id, p)
		}
		_, no := errors.AsType[unlent](err)
		switch {
		case err == nil:
			return NoSuchPointer(kind, id)
		case !no && !notThere(err):
			return err
		}
	}
	return refused
}

// unlent is why views do not lend a right.
type unlent string

// Error implements error.
func (u unlent) Error() string { return string(u) }

// lent fails with unlent unless the views through which something is loaded lend the
// right to select it.
func (c *Catalog) lent(ctx context.Context, warehouse string, by References, id TableIdentifier, p Pointer) error {
	found, err := c.pointers.Pointers(ctx, warehouse, by)
	if err != nil {
		return err
	}
	catalogs, err := c.catalogNames(ctx, warehouse)
	if err != nil {
		return err
	}
	b := borrower{Catalog: c, warehouse: warehouse, catalogs: catalogs, as: caller(ctx)}
	for i, view := range by {
		at, next := link{view, named(found, view)}, link{id, &p}
		if i+1 < len(by) {
			next = link{by[i+1], named(found, by[i+1])}
		}
		if err := b.pass(ctx, at, next); err != nil {
			return err
		}
	}
	if b.lender == "" {
		return unlent("none of the views lends what its owner may select")
	}
	if err := b.selects(ctx, pointerObject(warehouse, id, p)); err != nil {
		return err
	}
	audit.From(ctx).Lent(b.lender)
	return nil
}

// link is a name that references lead to. The pointer is nil where there is none.
type link struct {
	id      TableIdentifier
	pointer *Pointer
}

// spellings are the name, and how it is spelled where it was made.
func (l link) spellings() []TableIdentifier {
	if l.pointer == nil {
		return []TableIdentifier{l.id}
	}
	return []TableIdentifier{l.id, l.pointer.Identifier}
}

// borrower goes from view to view.
type borrower struct {
	*Catalog

	warehouse string
	// catalogs are what queries call the warehouse.
	catalogs []string
	// as is whose rights it goes on with: the caller's own, until a view lends those of
	// its owner.
	as authn.Identity
	// lender is the last view that did.
	lender string
}

// pass goes through one view to what it reads from.
func (b *borrower) pass(ctx context.Context, at, next link) error {
	view := namedObject(b.warehouse, at.id, ViewKind)
	there := at.pointer != nil && at.pointer.Kind == ViewKind
	if there {
		view = pointerObject(b.warehouse, at.id, *at.pointer)
	}
	if err := b.selects(ctx, view); err != nil {
		return err
	}
	if !there {
		return unlent("there is no " + view.String())
	}
	d, err := b.metadata.load(ctx, b.warehouse, ViewKind, at.pointer.MetadataLocation)
	if fault.Is(err, fault.MissingFile) || fault.Is(err, fault.Invalid) {
		return unlent(view.String() + " cannot be read")
	}
	if err != nil {
		return err
	}
	definition := d.(viewDocument) //nolint:forcetypeassert // views have views' documents
	if !readsFrom(definition.CurrentQuery(), b.catalogs, next.spellings()) {
		return unlent(fmt.Sprintf("it cannot be told from the SQL of %s that it reads from %s", view, next.id))
	}
	owner, lends, err := b.lends(ctx, b.warehouse, *at.pointer, definition)
	if lends && err == nil {
		b.as, b.lender = owner, view.String()
	}
	return err
}

// selects fails with unlent unless whom it goes on as may select something.
func (b *borrower) selects(ctx context.Context, on authz.Object) error {
	asked := authz.Question{Privilege: authz.Select, Object: on}
	answers, err := b.settings.Authorization.Decide(ctx, b.as, asked)
	if err == nil && !answers[0].Allowed {
		return unlent(fault.Shown(authz.Refusal(b.as, asked)))
	}
	return err
}
