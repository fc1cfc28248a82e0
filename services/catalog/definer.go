package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/igloo-catalog/igloo/pkg/authn"
	"github.com/igloo-catalog/igloo/pkg/authz"
	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/iceberg"
	"github.com/igloo-catalog/igloo/pkg/viewsql"
)

const (
	// securityProperty says of a view by whose rights it reads: definer or invoker.
	securityProperty = "view.security"
	// runAsOwnerProperty is what Trino says of views with SECURITY DEFINER, where
	// nothing else is said: the user whose rights they are to have.
	runAsOwnerProperty = "trino.run-as-owner"
	// catalogNamesProperty of a warehouse is what engines call it, beside its name.
	catalogNamesProperty = "view.catalog-names"
)

// lends tells who the owner is whose rights a view lends, if it lends any. It lends
// those of nobody but who made it what it is: if somebody else was the last to change
// it, by another query, name or property, its owner said nothing of that.
func (c *Catalog) lends(ctx context.Context, warehouse string, p Pointer, view document) (authn.Identity, bool, error) {
	owner, known := authn.Named(p.Owner)
	if !known || !definerOf(view, owner) {
		return owner, false, nil
	}
	last, err := c.pointers.LastChange(ctx, warehouse, p)
	if err != nil {
		return owner, false, err
	}
	if last.Version != p.Version {
		e := fault.New(fault.Unavailable, "view %s is being changed", p.Identifier)
		e.RetryAfter = time.Second
		return owner, false, e
	}
	return owner, last.Principal == p.Owner, nil
}

// definerOf reports whether a view says that it has its owner's rights.
func definerOf(view document, owner authn.Identity) bool {
	if security, set := view.Property(securityProperty); set {
		return strings.EqualFold(security, "definer")
	}
	user, set := view.Property(runAsOwnerProperty)
	return set && (user == owner.Subject || user == owner.Principal())
}

// keepsLending refuses a commit by another than the owner to a view that lends, or would:
// the owner would lend for a query that is not theirs, by whatever they change next.
// Where everybody may do everything there is nothing to lend.
func (c *Catalog) keepsLending(ctx context.Context, request Request, p Pointer, base, next document) error {
	owner, known := authn.Named(p.Owner)
	if p.Kind != ViewKind || !known || request.Principal == p.Owner || !definerOf(base, owner) && !definerOf(next, owner) {
		return nil
	}
	seen, err := c.settings.Authorization.Visible(ctx, authn.Identity{}, authz.Server())
	if err != nil || seen.All {
		return err
	}
	return denial{error: fault.New(fault.Forbidden, "%s may not write view %s in warehouse %s: it lends the rights of its owner, who alone may change it",
		request.Principal, p.Identifier, request.Warehouse)}
}

// catalogNames are what queries of views call a warehouse.
func (c *Catalog) catalogNames(ctx context.Context, warehouse string) ([]string, error) {
	w, err := c.pointers.Warehouse(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	names := []string{w.Name}
	for name := range strings.SplitSeq(w.Properties[catalogNamesProperty], ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

// readsFrom reports whether a query certainly reads from what has one of these names,
// in the catalog of these names.
func readsFrom(query iceberg.ViewQuery, catalogs []string, ids []TableIdentifier) bool {
	for dialect, sql := range query.SQL {
		for _, name := range viewsql.Names(dialect, sql) {
			if name.Catalog == "" {
				name.Catalog = query.DefaultCatalog
			}
			if name.Catalog != "" && !slices.Contains(catalogs, name.Catalog) {
				continue
			}
			if len(name.Namespace) == 0 {
				name.Namespace = query.DefaultNamespace
			}
			if slices.ContainsFunc(ids, TableIdentifier{Namespace: name.Namespace, Name: name.Name}.Equal) {
				return true
			}
		}
	}
	return false
}
