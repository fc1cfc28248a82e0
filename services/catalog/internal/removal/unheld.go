package removal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/igloo-catalog/igloo/pkg/fault"
	"github.com/igloo-catalog/igloo/pkg/objectstore"
	"github.com/igloo-catalog/igloo/services/catalog"
)

// unheld are the places of live tables that hold none: tables from before places
// were held. Each is given its own when files are first to be deleted; those that
// lie in one another cannot be, and are looked for anew each time.
type unheld struct {
	mu      sync.Mutex
	settled bool
}

// lying is a live table with its place.
type lying struct {
	pointer catalog.Pointer
	place   string
	uuid    string
}

// settle gives every live table its place, and returns who holds none all the same.
func (r *Remover) settle(ctx context.Context) ([]catalog.Holder, error) {
	r.unheld.mu.Lock()
	defer r.unheld.mu.Unlock()
	if r.unheld.settled {
		return nil, nil
	}
	var crowded []catalog.Holder
	err := r.eachWarehouse(ctx, func(w catalog.Warehouse) error {
		var found []lying
		flush := func() error {
			left, err := r.settleAll(ctx, w.Name, found)
			crowded, found = append(crowded, left...), found[:0]
			return err
		}
		err := r.eachPointer(ctx, w.Name, func(p catalog.Pointer) error {
			if p.Kind == catalog.FunctionKind {
				return nil // it has no place
			}
			l, err := r.lying(ctx, w.Name, p)
			if err != nil || l.place == "" {
				return err
			}
			if found = append(found, l); len(found) < batchFiles {
				return nil
			}
			return flush()
		})
		return errors.Join(err, flush())
	})
	r.unheld.settled = err == nil && len(crowded) == 0
	if err != nil {
		return nil, fmt.Errorf("let tables hold where they lie: %w", err)
	}
	return crowded, nil
}

// lying finds out where a live table lies. Of one whose metadata cannot be read,
// it is the place that such a file has by default.
func (r *Remover) lying(ctx context.Context, warehouse string, p catalog.Pointer) (lying, error) {
	d, err := r.read(ctx, warehouse, p.MetadataLocation)
	switch {
	case errors.Is(err, objectstore.ErrNotFound), fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge), fault.Is(err, fault.Unsupported):
		d = &document{Location: parent(parent(p.MetadataLocation))}
	case err != nil:
		return lying{}, err
	}
	place, err := catalog.HeldLocation(d.Location)
	if err != nil {
		return lying{pointer: p}, nil //nolint:nilerr // where nothing can be held nobody deletes
	}
	return lying{pointer: p, place: place, uuid: d.UUID}, nil
}

// settleAll gives those their places who do not hold them.
func (r *Remover) settleAll(ctx context.Context, warehouse string, found []lying) ([]catalog.Holder, error) {
	if len(found) == 0 {
		return nil, nil
	}
	places := make([]string, len(found))
	for i, l := range found {
		places[i] = l.place
	}
	holders, err := r.pointers.Holders(ctx, warehouse, places)
	if err != nil {
		return nil, err
	}
	var crowded []catalog.Holder
	for _, l := range found {
		if slices.ContainsFunc(holders, func(h catalog.Holder) bool { return h.Pointer != nil && h.Pointer.UUID == l.pointer.UUID }) {
			continue
		}
		verdict, err := r.pointers.Commit(ctx, catalog.Settling(warehouse, l.pointer, catalog.Holds{Location: l.place, MetadataUUID: catalog.HeldUUID(l.uuid)}))
		if err != nil {
			return nil, err
		}
		if len(verdict.Conflicts) > 0 {
			r.log.WarnContext(ctx, "a table cannot hold where it lies, nothing around is deleted", "table", l.pointer.Identifier.String(), "place", l.place)
			crowded = append(crowded, catalog.Holder{Location: l.place, Pointer: &l.pointer})
		}
	}
	return crowded, nil
}

// around are those of the holders that lie at one of some places, above or below.
func around(places []string, holders []catalog.Holder) []catalog.Holder {
	return slices.DeleteFunc(slices.Clone(holders), func(h catalog.Holder) bool {
		return !within(h.Location, places) && !slices.ContainsFunc(places, func(place string) bool { return within(place, []string{h.Location}) })
	})
}
