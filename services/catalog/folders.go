package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/igloo-catalog/igloo/pkg/authz"
)

// OwnFolders are those of a table's folders that clients may be let into: its
// location, which comes first, what lies below that, and of the others those inside
// of the warehouse's roots where no other table is. Where data lies is a property,
// which any writer sets: access to whatever it names would be access to the files
// of others. So would be that to the location of a table in the making, which
// nobody holds yet: made says whether the table is. Only who may make it is let in then.
func (c *Catalog) OwnFolders(ctx context.Context, warehouse string, id TableIdentifier, folders []string, made bool) ([]string, error) {
	if !made {
		if err := c.allow(ctx, authz.Create, namespaceObject(warehouse, id.Namespace)); err != nil {
			return nil, err
		}
	}
	if made && !slices.ContainsFunc(folders, func(folder string) bool { return !within(folders[0], folder) }) {
		return folders, nil
	}
	w, err := c.pointers.Warehouse(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	var own []string
	for n, folder := range folders {
		mine := n == 0 && made || len(own) > 0 && within(own[0], folder)
		if !mine {
			if mine, err = c.free(ctx, w, id, folder); err != nil {
				return nil, fmt.Errorf("who is at %s: %w", folder, err)
			}
		}
		if mine {
			own = append(own, folder)
		}
	}
	return own, nil
}

// Remains are the folders of a table that is gone, as they were told when it was
// there. There are none as soon as anybody has its place or its metadata: who took it
// over, the table itself under another name or where it can be restored, a job
// that deletes what is there. Where places overlap nobody can tell.
func (c *Catalog) Remains(ctx context.Context, warehouse string, metadata uuid.UUID, folders []string) ([]string, error) {
	if c.settings.OverlappingLocations || len(folders) == 0 || metadata == uuid.Nil {
		return nil, nil
	}
	place, err := heldLocation(folders[0])
	if err != nil {
		return nil, nil //nolint:nilerr // a place that no table may have was none's
	}
	holders, err := c.pointers.Holders(ctx, warehouse, []string{place}, metadata)
	if err != nil || len(holders) > 0 {
		return nil, err
	}
	w, err := c.pointers.Warehouse(ctx, warehouse)
	if err != nil {
		return nil, err
	}
	left := folders[:1]
	for _, folder := range folders[1:] {
		free := within(folders[0], folder)
		if !free {
			if free, err = c.free(ctx, w, TableIdentifier{}, folder); err != nil {
				return nil, fmt.Errorf("who is at %s: %w", folder, err)
			}
		}
		if free {
			left = append(left, folder)
		}
	}
	return left, nil
}

// free reports whether a folder lies inside of the warehouse's roots, and no other
// table lies in it, above or below it.
func (c *Catalog) free(ctx context.Context, w Warehouse, id TableIdentifier, folder string) (bool, error) {
	place, err := heldLocation(folder)
	if err != nil || c.checkLocation(w, trimSlashes(folder)) != nil {
		return false, nil //nolint:nilerr // a place that no table may have is not this one's either
	}
	holders, err := c.pointers.Holders(ctx, w.Name, []string{place})
	if err != nil {
		return false, err
	}
	for _, h := range holders {
		if h.Pointer == nil || h.Pointer.Dropped || h.Pointer.Identifier.String() != id.String() {
			return false, nil
		}
	}
	return true, nil
}

// within reports whether a folder is another one, or lies below it.
func within(above, folder string) bool {
	a, err := canonicalLocation(trimSlashes(above))
	if err != nil {
		return false
	}
	f, err := canonicalLocation(trimSlashes(folder))
	return err == nil && (f == a || strings.HasPrefix(f, a+"/"))
}
